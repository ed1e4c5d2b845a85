//! From a record's JSON to a row of PostgreSQL's binary COPY format, in one pass.
//!
//! The text of the record is walked once to find its members; every value is then written in the form
//! in which the server keeps it. There is no tree in between and no allocation for a record: numbers
//! keep their digits, and the cost of a row is that of looking at its bytes.
//!
//! ```text
//!  {"id":7,"price":1.10,…}  ──▶  | fields | length | 7 | length | 1.10 | …
//!                                  2 bytes  4 bytes      -1 for null
//! ```
//!
//! This module knows no connection: it fills buffers. Whatever it lets through, the server takes: a
//! value that the server refuses would end a whole batch without saying which record it was.

mod binary;
mod canonical;
mod cursor;
#[cfg(test)]
pub(crate) mod decode;
mod digest;
mod encoder;
mod error;
mod field;
mod hash;
mod key;
mod member;
mod moment;
mod number;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use digest::{Digester, has_hash};
pub use encoder::{Counts, Encoder, Meta, Treatment, TreatmentOfDates, TreatmentOfNul};
pub use error::{DEEPEST, Reason, ValueError};

/// What comes before the first row: the signature, no flags, no extension.
pub const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What comes after the last row.
pub const TRAILER: &[u8] = &[0xff, 0xff];
