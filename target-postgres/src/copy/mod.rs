//! From a record's JSON to a row of PostgreSQL's binary COPY format, in one pass.
//!
//! The text of the record is walked once; every value is written in the form in which the server keeps
//! it. There is no tree in between and no allocation for a record: numbers keep their digits, and the
//! cost of a row is that of looking at its bytes.
//!
//! ```text
//!  {"id":7,"price":1.10,…}  ──▶  | fields | length | 7 | length | 1.10 | …
//!                                  2 bytes  4 bytes      -1 for null
//! ```
//!
//! This module knows no connection: it fills buffers.

mod encoder;

pub use encoder::{
    Counts, Encoder, Meta, Reason, Treatment, TreatmentOfDates, TreatmentOfNul, ValueError,
};

/// What comes before the first row: the signature, no flags, no extension.
pub const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What comes after the last row.
pub const TRAILER: &[u8] = &[0xff, 0xff];
