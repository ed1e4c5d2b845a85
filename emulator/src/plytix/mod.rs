//! Plytix.
