//! Plytix as its callers see it.
