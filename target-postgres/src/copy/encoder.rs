//! The encoder of the records of one stream.

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde_json::value::RawValue;

use crate::table::Table;

/// What the load says of a record.
#[derive(Debug, Clone, Copy)]
pub struct Meta<'a> {
    /// When the tap saw the record, as the tap wrote it.
    pub time_extracted: Option<&'a str>,
    /// When the target took it.
    pub received_at: DateTime<Utc>,
    /// When the batch with it was started.
    pub batched_at: DateTime<Utc>,
    /// A number that grows with the order of arrival.
    pub sequence: i64,
    /// The version of the stream's table that the record belongs to.
    pub version: Option<i64>,
    /// When the run started.
    pub sync_started_at: DateTime<Utc>,
}

/// What is done with values that PostgreSQL cannot store as they are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Treatment {
    /// NUL characters.
    pub nul: TreatmentOfNul,
    /// Dates and times that are none, or beyond PostgreSQL's range.
    pub dates: TreatmentOfDates,
}

/// What is done with a NUL character, which PostgreSQL has neither in text nor in JSON.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum TreatmentOfNul {
    /// It becomes U+FFFD, and is counted.
    #[default]
    Replace,
    /// It is taken out, and counted.
    Remove,
    /// The record is refused.
    Error,
}

/// What is done with a date or time that is none, or beyond PostgreSQL's range.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum TreatmentOfDates {
    /// The record is refused.
    #[default]
    Error,
    /// It becomes null, and is counted.
    Null,
    /// It becomes the last moment of the year 9999, and is counted.
    Max,
}

/// Why a record cannot become a row. The text never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{stream}: {property}: {reason}")]
pub struct ValueError {
    /// The stream.
    pub stream: String,
    /// The property whose value it is; `record` for the record itself.
    pub property: String,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The record is not an object.
    #[error("not an object")]
    NotAnObject,
}

/// What the encoder did that a user should know of, since it was made.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Members that the table has no column for, by name (in flattened tables: the joined path). At
    /// most 1,000 names are told apart; the others are counted in `unknown_beyond`.
    pub unknown: IndexMap<String, u64>,
    /// Members of names beyond those.
    pub unknown_beyond: u64,
    /// NUL characters that were replaced or removed.
    pub nul: u64,
    /// Halves of surrogate pairs that were replaced by U+FFFD.
    pub surrogates: u64,
    /// Dates and times that became null or the greatest.
    pub dates: u64,
}

/// Turns the records of a stream into rows of its table.
#[derive(Debug)]
pub struct Encoder {
    stream: String,
    counts: Counts,
}

impl Encoder {
    /// An encoder for the table as it is in the database: [`crate::change::Changes::table`].
    #[must_use]
    pub fn new(table: &Table, treatment: Treatment) -> Self {
        let _ = treatment;
        Self { stream: table.stream.clone(), counts: Counts::default() }
    }

    /// Appends the record's row to `row` and the bytes of its key to `key`.
    ///
    /// Two records of one stream have the same key in the database exactly when they have the same
    /// key bytes here; a table without a key adds none. A member that is missing is null. After an
    /// error both buffers are as they were.
    pub fn encode(
        &mut self,
        record: &RawValue,
        meta: &Meta<'_>,
        row: &mut Vec<u8>,
        key: &mut Vec<u8>,
    ) -> Result<(), ValueError> {
        let _ = (record, meta, row, key);
        Err(ValueError {
            stream: self.stream.clone(),
            property: "record".to_owned(),
            reason: Reason::NotAnObject,
        })
    }

    /// What was done to records so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}
