//! Whole pipelines: the real binaries joined by a real pipe, against the emulator.
