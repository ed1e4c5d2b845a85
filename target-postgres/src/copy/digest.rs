//! A digest of a row, by which the server can tell whether it has that row already.
//!
//! The server can write a row down as it would send it (`record_send`), and hash that. A row of COPY has
//! the same bytes, but for what stands around them and for JSON:
//!
//! ```text
//!  COPY         | columns |      | length | value | …   of all columns; jsonb as the record has it
//!  record_send  | columns | type | length | value | …   of the key and those that are compared; jsonb in its order
//! ```
//!
//! Where the digests of 64 bits are the same, so are the rows. Where they differ the rows can still be equal, such as
//! 1.0 and 1.00: digests only tell which rows need not be sent, and the server compares the others.

use crate::copy::{canonical, hash, text};
use crate::kind::Kind;
use crate::sql;
use crate::table::Table;

/// Reads the digests of the rows of a table.
pub(crate) struct Digester {
    columns: Vec<Use>,
    /// Tells this run's digests from those of others: two rows that happen to have the same one today
    /// will not have it tomorrow.
    seed: u64,
    /// What is hashed, with nothing but the number of columns in it; kept for its memory.
    image: Vec<u8>,
}

/// What a column is for.
struct Use {
    is_key: bool,
    /// The number of its type; none if it only says when and how a record came.
    type_number: Option<[u8; 4]>,
    form: Form,
}

/// How the server writes a value down.
#[derive(Clone, Copy)]
enum Form {
    /// As it came.
    Same,
    /// JSON in an order of its own.
    Jsonb,
    /// Text, filled up with spaces to so many characters.
    Filled(u32),
}

/// Bytes of the number of columns.
const HEAD: usize = 4;

/// Bytes of a field's length.
const LENGTH: usize = 4;

impl Digester {
    /// For the rows of a table.
    pub(crate) fn new(table: &Table, seed: u64) -> Self {
        let columns = table.columns.iter().map(|column| {
            let is_key = table.is_key(column);
            let type_number = column.kind.types().0.oid().to_be_bytes();
            Use {
                is_key,
                type_number: (is_key || column.is_compared()).then_some(type_number),
                form: match column.kind {
                    Kind::Jsonb => Form::Jsonb,
                    Kind::Character(characters) => Form::Filled(characters),
                    _ => Form::Same,
                },
            }
        });
        let columns = columns.collect();
        let digested = i32::try_from(sql::digested(table).count()).unwrap_or(i32::MAX);
        Self { columns, seed, image: digested.to_be_bytes().to_vec() }
    }

    /// The digest of a row of COPY, and in `keys` the fields of its key, lengths included; none if the row
    /// holds JSON that only the server can put in order.
    pub(crate) fn digest<'r>(&mut self, row: &'r [u8], keys: &mut Vec<&'r [u8]>) -> Option<i64> {
        self.image.truncate(HEAD);
        keys.clear();
        let mut rest = row.get(2..)?;
        for column in &self.columns {
            let field;
            (field, rest) = rest.split_at_checked(LENGTH + length(rest)?)?;
            if column.is_key {
                keys.push(field);
            }
            let Some(type_number) = &column.type_number else { continue };
            self.image.extend_from_slice(type_number);
            match column.form {
                Form::Jsonb if field.len() > LENGTH => append_jsonb(field, &mut self.image)?,
                Form::Filled(characters) if field.len() > LENGTH => {
                    append_filled(field, characters, &mut self.image)?;
                }
                _ => self.image.extend_from_slice(field),
            }
        }
        Some(hash::of_array(&self.image, self.seed))
    }
}

/// The length of the value whose field `fields` starts with; null has none.
fn length(fields: &[u8]) -> Option<usize> {
    let length = i32::from_be_bytes(*fields.first_chunk()?);
    Some(usize::try_from(length).unwrap_or(0))
}

/// Appends a field of text with spaces up to a number of characters.
fn append_filled(field: &[u8], characters: u32, image: &mut Vec<u8>) -> Option<()> {
    let text = field.get(LENGTH..)?;
    let spaces = usize::try_from(characters).ok()?.saturating_sub(text::characters(text));
    image.extend(i32::try_from(text.len() + spaces).ok()?.to_be_bytes());
    image.extend_from_slice(text);
    image.extend(std::iter::repeat_n(b' ', spaces));
    Some(())
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
