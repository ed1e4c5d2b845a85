//! A digest of a row, by which the server can tell whether it has that row already.
//!
//! It is the server's own hash of a row (`hash_record_extended`). But of some types that hash is the same
//! for different values, as for 1.1 and -1.1, or takes only half of their bits. These the server writes
//! down as it would send them (`record_send`), and hashes the bytes. A row of COPY has the same bytes, but
//! for what stands around them and for JSON:
//!
//! ```text
//!  COPY         | columns |      | length | value | …   of all columns; jsonb as the record has it
//!  record_send  | columns | type | length | value | …   of those that are written down; jsonb in its order
//! ```
//!
//! Where the digests of 64 bits are the same, so are the rows. Where they differ the rows can still be equal, such as
//! 1.0 and 1.00: digests only tell which rows need not be sent, and the server compares the others.

use crate::copy::{canonical, hash};
use crate::kind::Kind;
use crate::sql;
use crate::table::Table;

/// Reads the digests of the rows of a table.
pub(crate) struct Digester {
    columns: Vec<Use>,
    /// Tells this run's digests from those of others: two rows that happen to have the same one today
    /// will not have it tomorrow.
    seed: u64,
    /// What is written down, with nothing but the number of its columns in it; kept for its memory.
    image: Vec<u8>,
    /// Whether anything is.
    writes: bool,
}

/// What a column is for.
struct Use {
    is_key: bool,
    /// None if it only says when and how a record came.
    digested: Option<Digested>,
}

/// How a value comes into the digest.
#[derive(Clone, Copy)]
enum Digested {
    /// By its own hash.
    Hashed(Hashed),
    /// Written down, behind the number of its type.
    Written { type_number: [u8; 4], is_jsonb: bool },
}

/// What the hash of a value is the hash of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hashed {
    /// Its bytes.
    Bytes,
    /// Its bytes but for spaces at the end.
    Trimmed,
    /// The number that it is.
    Integer,
}

/// Bytes of the number of columns.
const HEAD: usize = 4;

/// Bytes of a field's length.
const LENGTH: usize = 4;

/// Whether the server's own hash of a value takes all of its bits.
pub(crate) fn has_hash(kind: Kind) -> bool {
    hashed(kind).is_some()
}

fn hashed(kind: Kind) -> Option<Hashed> {
    match kind {
        Kind::Text | Kind::Varchar(_) | Kind::Bytea(_) | Kind::Uuid => Some(Hashed::Bytes),
        Kind::Character(_) => Some(Hashed::Trimmed),
        Kind::Boolean | Kind::SmallInt | Kind::Integer | Kind::Date => Some(Hashed::Integer),
        Kind::BigInt
        | Kind::Numeric(_)
        | Kind::Real
        | Kind::Double
        | Kind::Timestamptz
        | Kind::Timestamp
        | Kind::Time
        | Kind::Jsonb
        | Kind::Json => None,
    }
}

impl Digester {
    /// For the rows of a table.
    pub(crate) fn new(table: &Table, seed: u64) -> Self {
        let columns = table.columns.iter().map(|column| {
            let kind = column.kind;
            let written = || Digested::Written {
                type_number: kind.types().0.oid().to_be_bytes(),
                is_jsonb: kind == Kind::Jsonb,
            };
            let is_key = table.is_key(column);
            let counts = is_key || column.is_compared();
            let digested = hashed(kind).map_or_else(written, Digested::Hashed);
            Use { is_key, digested: counts.then_some(digested) }
        });
        let columns = columns.collect();
        let written = sql::digested(table).filter(|column| !has_hash(column.kind)).count();
        let head = i32::try_from(written).unwrap_or(i32::MAX).to_be_bytes();
        Self { columns, seed, image: head.to_vec(), writes: written > 0 }
    }

    /// The digest of a row of COPY, and in `keys` the fields of its key, lengths included; none if the row
    /// holds JSON that only the server can put in order.
    pub(crate) fn digest<'r>(&mut self, row: &'r [u8], keys: &mut Vec<&'r [u8]>) -> Option<i64> {
        self.image.truncate(HEAD);
        keys.clear();
        let mut digest = 0;
        let mut rest = row.get(2..)?;
        for column in &self.columns {
            let field;
            (field, rest) = rest.split_at_checked(LENGTH + length(rest)?)?;
            if column.is_key {
                keys.push(field);
            }
            match column.digested {
                Some(Digested::Hashed(hashed)) => {
                    digest = hash::of_row(digest, hash_of(hashed, field, self.seed)?);
                }
                Some(Digested::Written { type_number, is_jsonb }) => {
                    self.image.extend_from_slice(&type_number);
                    if is_jsonb && !is_null(field) {
                        append_jsonb(field, &mut self.image)?;
                    } else {
                        self.image.extend_from_slice(field);
                    }
                }
                None => {}
            }
        }
        if self.writes {
            digest = hash::of_row(digest, hash::of_bytes(&self.image, self.seed));
        }
        Some(digest.cast_signed())
    }
}

/// The hash of a field; null has zero.
fn hash_of(hashed: Hashed, field: &[u8], seed: u64) -> Option<u64> {
    if is_null(field) {
        return Some(0);
    }
    let value = field.get(LENGTH..)?;
    Some(match (hashed, value) {
        (Hashed::Bytes, _) => hash::of_bytes(value, seed),
        (Hashed::Trimmed, _) => {
            let end = value.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
            hash::of_bytes(value.get(..end)?, seed)
        }
        (Hashed::Integer, [one]) => hash::of_integer((*one).into(), seed),
        (Hashed::Integer, [high, low]) => {
            hash::of_integer(i16::from_be_bytes([*high, *low]).into(), seed)
        }
        (Hashed::Integer, _) => hash::of_integer(i32::from_be_bytes(*value.first_chunk()?), seed),
    })
}

/// Whether a field has no value.
fn is_null(field: &[u8]) -> bool {
    field.first().is_some_and(|byte| byte & 0x80 != 0)
}

/// The length of the value whose field `fields` starts with; null has none.
fn length(fields: &[u8]) -> Option<usize> {
    let length = i32::from_be_bytes(*fields.first_chunk()?);
    Some(usize::try_from(length).unwrap_or(0))
}

/// Appends a field of `jsonb` in the form in which the server sends it.
fn append_jsonb(field: &[u8], image: &mut Vec<u8>) -> Option<()> {
    let (version, json) = field.get(LENGTH..)?.split_first()?;
    let start = image.len();
    image.extend([0, 0, 0, 0, *version]);
    canonical::append(json, image)?;
    let length = i32::try_from(image.len() - start - LENGTH).ok()?;
    image.get_mut(start..start + LENGTH)?.copy_from_slice(&length.to_be_bytes());
    Some(())
}
