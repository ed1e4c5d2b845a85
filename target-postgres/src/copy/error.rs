//! Why a record cannot become a row.

use crate::kind::Kind;

/// How deep JSON may be nested: a server with its default stack reads somewhat more (tried with
/// PostgreSQL 15: 8,000 levels go in, 20,000 end the statement and with it the batch).
pub const DEEPEST: usize = 4_000;

/// The longest value of a column (`MaxAllocSize`).
pub(super) const LONGEST_FIELD: usize = 0x3fff_ffff;

/// A record that cannot become a row. The text never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{stream}: {property}: {reason}")]
pub struct ValueError {
    /// The stream.
    pub stream: String,
    /// The property whose value it is, its path joined; `record` for the record itself.
    pub property: String,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The record is not an object.
    #[error("expected an object")]
    NotAnObject,
    /// The text is not JSON, which reading the message should have found.
    #[error("not JSON")]
    Syntax,
    /// The value is of another type than the column.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What the column takes.
        expected: &'static str,
        /// What came.
        found: &'static str,
    },
    /// The number is too great, too small, or has digits after the point that the column drops.
    #[error("a number that {0} cannot hold exactly; let the schema ask for a wider type")]
    Number(Kind),
    /// The text is too long.
    #[error("text of more than {0} characters; let this target widen the column, or alter it")]
    Characters(u32),
    /// The text is no date or time, or one beyond PostgreSQL's range.
    #[error("not a value of type {0}; `datetime_error_treatment` can make it null")]
    Moment(Kind),
    /// The text is a date and a time of day, of which the column would lose the latter.
    #[error("a time of day, which a date cannot hold; let the schema say date-time")]
    TimeOfDay,
    /// The text holds U+0000.
    #[error("text with a NUL character; the setting for NUL characters can replace it")]
    Nul,
    /// A key would change, and could meet another one.
    #[error("a key with a NUL character or half a surrogate pair")]
    KeyText,
    /// A key property is null or missing.
    #[error("a key must not be null or missing")]
    NullKey,
    /// The text is no UUID.
    #[error("not a UUID")]
    Uuid,
    /// The text is not in the encoding that its schema names.
    #[error("not in the encoding that the schema names")]
    Encoding,
    /// JSON is nested too deep.
    #[error("nested deeper than {DEEPEST} levels")]
    Deep,
    /// The value is too long.
    #[error("longer than 1 GiB, which no column can hold")]
    Long,
}
