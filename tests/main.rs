//! Whole pipelines: the real binaries joined by a real pipe, against the emulator.

mod amazon_to_plytix;
mod bad_input;
mod documents;
mod into_plytix;
mod messages;
mod secrets;
mod support;
