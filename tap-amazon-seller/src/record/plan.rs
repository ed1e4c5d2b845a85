//! The steps that write the record of a row.

use super::amount;
use super::identity::{Occurrences, RowHash, write_hex};
use super::time::Reader;
use super::value::{self, Expected, Fraction, Kind};
use crate::marketplace::Marketplace;

/// One row of a flat file: a text and where its cells are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// The text; UTF-8.
    pub(crate) text: &'a [u8],
    /// Beginning and end of each cell.
    pub(crate) cells: &'a [(usize, usize)],
}

impl<'a> Row<'a> {
    /// The bytes of a cell; empty where there is none.
    pub(crate) fn cell(&self, index: usize) -> &'a [u8] {
        self.cells.get(index).and_then(|(from, to)| self.text.get(*from..*to)).unwrap_or_default()
    }
}

/// How to write one stream's record of a row.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Names of the properties that the schema does not have.
    pub(crate) unknown: Vec<String>,
    /// The keys of the row that is being written, as JSON.
    pub(super) key: Vec<u8>,
}

/// A piece of a record.
#[derive(Debug)]
pub(super) enum Step {
    /// Bytes that are the same in every record.
    Literal(Vec<u8>),
    /// A value that depends on a cell.
    Cell {
        /// Number of the cell.
        index: usize,
        /// How it is written.
        write: Write,
        /// Whether it is a key of its stream.
        is_key: bool,
    },
    /// The hash of all cells.
    Hash(RowHash),
    /// How many rows with the same keys there were; behind all keys.
    Occurrence(Occurrences),
}

/// How a cell is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Write {
    /// As a type of JSON Schema.
    Value(Kind),
    /// As a text that is never null: a key, with another cell for where it is empty.
    Key { or_else: Option<usize> },
    /// As a text, with another cell for where it is empty.
    OrElse(usize),
    /// As an amount with its currency.
    Money { currency: Option<usize> },
    /// As a text with some words replaced.
    Words(&'static [(&'static str, &'static str)]),
    /// As a day or a moment.
    Time { reader: Reader, is_key: bool },
    /// As a number, whichever sign stands before its decimals.
    Amount,
    /// As a list of texts.
    List,
    /// As a marketplace's id.
    Marketplace,
}

/// What came of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// The record's members, without the closing brace.
    Members,
    /// Nothing of use: a key is empty.
    Keyless,
}

impl Written {
    /// What came of a row in two streams together: nothing of use if either lacks a key.
    pub(crate) fn and(self, other: Self) -> Self {
        if self == Self::Keyless { self } else { other }
    }
}

/// A cell that was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Number of the cell.
    pub(crate) index: usize,
    /// What it should have been.
    pub(crate) expected: Expected,
}

impl Plan {
    /// Writes a record's members for a row, from the opening brace on.
    pub(crate) fn write(&mut self, row: Row<'_>, out: &mut Vec<u8>) -> Result<Written, Refused> {
        self.key.clear();
        for step in &mut self.steps {
            let from = out.len();
            let is_key = match step {
                Step::Literal(bytes) => {
                    out.extend_from_slice(bytes);
                    false
                }
                Step::Cell { index, write, is_key } => match cell(row, *index, *write, out) {
                    Ok(Written::Members) => *is_key,
                    Ok(Written::Keyless) => return Ok(Written::Keyless),
                    Err(expected) => return Err(Refused { index: *index, expected }),
                },
                Step::Hash(hash) => {
                    write_hex(out, &hash.of(row));
                    true
                }
                Step::Occurrence(occurrences) => {
                    let number = occurrences.count(&self.key);
                    out.extend_from_slice(number.to_string().as_bytes());
                    false
                }
            };
            if is_key {
                self.key.extend_from_slice(out.get(from..).unwrap_or_default());
            }
        }
        Ok(Written::Members)
    }
}

/// Writes one value.
fn cell(row: Row<'_>, index: usize, write: Write, out: &mut Vec<u8>) -> Result<Written, Expected> {
    let cell = row.cell(index);
    match write {
        Write::Value(kind) => value::write(out, cell, kind)?,
        Write::Key { or_else } => {
            let stand_in = or_else.map(|other| row.cell(other)).unwrap_or_default();
            let key = if cell.trim_ascii().is_empty() { stand_in } else { cell };
            if key.trim_ascii().is_empty() {
                return Ok(Written::Keyless);
            }
            value::string(out, key);
        }
        Write::OrElse(other) => {
            let text = if cell.is_empty() { row.cell(other) } else { cell };
            value::write(out, text, Kind::Text)?;
        }
        Write::Money { currency } => {
            money(out, cell, currency.map(|index| row.cell(index)).unwrap_or_default())?;
        }
        Write::Words(words) => {
            let word = words.iter().find(|(from, _)| cell.eq_ignore_ascii_case(from.as_bytes()));
            value::write(out, word.map_or(cell, |(_, to)| to.as_bytes()), Kind::Text)?;
        }
        Write::Time { reader, is_key } => match (cell.trim_ascii(), is_key) {
            (b"", true) => return Ok(Written::Keyless),
            (b"", false) => out.extend_from_slice(b"null"),
            (cell, _) => reader.write(out, cell)?,
        },
        Write::Amount => match cell.trim_ascii() {
            b"" => out.extend_from_slice(b"null"),
            cell => {
                let digits = std::str::from_utf8(cell).ok().and_then(amount::plain);
                let digits = digits.ok_or("an amount")?;
                value::number(out, digits.as_bytes(), Fraction::Allowed).ok_or("an amount")?;
            }
        },
        Write::List => list(out, cell),
        Write::Marketplace => {
            let found = std::str::from_utf8(cell).ok().and_then(Marketplace::by_sales_channel);
            value::write(out, found.map_or("", |found| found.id).as_bytes(), Kind::Text)?;
        }
    }
    Ok(Written::Members)
}

/// Writes an amount and its currency as an object, with the amount's own digits as text.
fn money(out: &mut Vec<u8>, amount: &[u8], currency: &[u8]) -> Result<(), Expected> {
    let amount = amount.trim_ascii();
    if amount.is_empty() {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    out.extend_from_slice(b"{\"CurrencyCode\":");
    value::write(out, currency.trim_ascii(), Kind::Text)?;
    out.extend_from_slice(b",\"Amount\":\"");
    value::number(out, amount, Fraction::Allowed).ok_or("a number")?;
    out.extend_from_slice(b"\"}");
    Ok(())
}

/// Writes the parts of a text between its commas as a list; null where there are none.
fn list(out: &mut Vec<u8>, cell: &[u8]) {
    let mut opening = b'[';
    for part in cell.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
        if !part.is_empty() {
            out.push(opening);
            value::string(out, part);
            opening = b',';
        }
    }
    out.extend_from_slice(if opening == b'[' { b"null" } else { b"]" });
}
