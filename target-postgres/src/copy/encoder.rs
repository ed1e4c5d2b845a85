//! The encoder of the records of one stream.

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde_json::value::RawValue;

use crate::column::{Column, Metadata, Source};
use crate::copy::cursor::Raw;
use crate::copy::error::{Reason, ValueError};
use crate::copy::field::Fields;
use crate::copy::key;
use crate::copy::member::Members;
use crate::copy::moment::{EPOCH, instant};
use crate::kind::Kind;
use crate::table::Table;

/// What the load says of a record.
#[derive(Debug, Clone, Copy)]
pub struct Meta<'a> {
    /// When the tap saw the record, as the tap wrote it. What is no time is stored as null.
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

impl Counts {
    /// Characters that are not what the record says.
    fn replaced(&self) -> u64 {
        self.nul + self.surrogates
    }
}

/// Turns the records of a stream into rows of its table.
#[derive(Debug)]
pub struct Encoder {
    stream: String,
    treatment: Treatment,
    members: Members,
    columns: Vec<Feed>,
    counts: Counts,
    scratch: Vec<u8>,
}

/// Where the values of a column come from, and what they become.
#[derive(Debug)]
struct Feed {
    property: String,
    kind: Kind,
    is_key: bool,
    from: Origin,
}

/// Where the values of a column come from.
#[derive(Debug)]
enum Origin {
    /// A member of the record, by its slot.
    Member(usize),
    /// The load.
    Metadata(Metadata),
    /// Many members: the text that comes before each in the object, and its slot.
    Members(Vec<(String, usize)>),
}

/// What is wrong with a record, and where.
struct Fault {
    property: String,
    reason: Reason,
}

impl Encoder {
    /// An encoder for the table as it is in the database: [`crate::change::Changes::table`].
    #[must_use]
    pub fn new(table: &Table, treatment: Treatment) -> Self {
        let mut members = Members::new(table.separator.clone());
        let columns =
            table.columns.iter().map(|column| feed(column, table, &mut members)).collect();
        for path in &table.left_out {
            members.leave_out(path);
        }
        Self {
            stream: table.stream.clone(),
            treatment,
            members,
            columns,
            counts: Counts::default(),
            scratch: Vec::new(),
        }
    }

    /// Appends the record's row to `row` and the bytes of its key to `key`.
    ///
    /// Two records of one stream have the same key in the database exactly when they have the same
    /// key bytes here (objects and arrays as keys apart: those count by their text); a table without
    /// a key adds none. A member that is missing is null, as it is for other targets: taps send whole
    /// records. Of a name that comes twice the last value counts. After an error both buffers are as
    /// they were.
    pub fn encode(
        &mut self,
        record: &RawValue,
        meta: &Meta<'_>,
        row: &mut Vec<u8>,
        key: &mut Vec<u8>,
    ) -> Result<(), ValueError> {
        let before = (row.len(), key.len());
        self.append(record.get().as_bytes(), meta, row, key).map_err(|fault| {
            row.truncate(before.0);
            key.truncate(before.1);
            ValueError {
                stream: self.stream.clone(),
                property: fault.property,
                reason: fault.reason,
            }
        })
    }

    /// What was done to records so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Appends the row and the key, or a part of them and a fault.
    fn append(
        &mut self,
        record: &[u8],
        meta: &Meta<'_>,
        row: &mut Vec<u8>,
        key: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        self.members.find(record, &mut self.counts).map_err(|misfit| {
            let is_record = misfit.path.is_empty();
            let property = if is_record { "record".to_owned() } else { misfit.path };
            Fault { property, reason: misfit.reason }
        })?;
        let count = i16::try_from(self.columns.len()).unwrap_or(i16::MAX);
        row.extend(count.to_be_bytes());
        let mut fields = Fields {
            treatment: self.treatment,
            counts: &mut self.counts,
            scratch: &mut self.scratch,
            row,
        };
        for feed in &self.columns {
            feed.append(record, meta, &self.members, &mut fields, key)
                .map_err(|reason| Fault { property: feed.property.clone(), reason })?;
        }
        Ok(())
    }
}

impl Feed {
    /// Appends the field of this column and, if it is a key, its key bytes.
    fn append(
        &self,
        record: &[u8],
        meta: &Meta<'_>,
        members: &Members,
        fields: &mut Fields<'_>,
        key: &mut Vec<u8>,
    ) -> Result<(), Reason> {
        if self.is_key {
            return self.append_key(record, members, fields, key);
        }
        match &self.from {
            Origin::Member(slot) => match members.span(*slot) {
                Some(span) => fields.value(span.of(record), self.kind)?,
                None => fields.null(),
            },
            Origin::Metadata(metadata) => append_metadata(*metadata, meta, self.kind, fields)?,
            Origin::Members(spilled) => {
                append_members(spilled, record, members, self.kind, fields)?;
            }
        }
        Ok(())
    }

    /// Appends the field of a key, which is never null and never other than the record says.
    fn append_key(
        &self,
        record: &[u8],
        members: &Members,
        fields: &mut Fields<'_>,
        key: &mut Vec<u8>,
    ) -> Result<(), Reason> {
        let Origin::Member(slot) = self.from else { return Err(Reason::NullKey) };
        let value = members.span(slot).map(|span| span.of(record));
        let value = value.filter(|value| !value.is_null()).ok_or(Reason::NullKey)?;
        let replaced = fields.counts.replaced();
        let dates = fields.counts.dates;
        let start = fields.row.len() + 4;
        fields.value(value, self.kind)?;
        if fields.counts.replaced() != replaced {
            return Err(Reason::KeyText);
        }
        if fields.counts.dates != dates {
            return Err(Reason::Moment(self.kind));
        }
        key::append(fields.row.get(start..).unwrap_or_default(), self.kind, key);
        Ok(())
    }
}

/// Where a column's values come from.
fn feed(column: &Column, table: &Table, members: &mut Members) -> Feed {
    let (property, from) = match &column.source {
        Source::Property(path) => (path.join(&table.separator), Origin::Member(members.add(path))),
        // Taps that read a database's log say themselves what was deleted, and when.
        Source::Metadata(metadata @ Metadata::DeletedAt) => {
            let name = metadata.name().to_owned();
            let slot = members.add(std::slice::from_ref(&name));
            (name, Origin::Member(slot))
        }
        Source::Metadata(metadata) => (metadata.name().to_owned(), Origin::Metadata(*metadata)),
        Source::Overflow(spilled) => {
            let spilled = spilled
                .iter()
                .map(|spilled| {
                    let name = serde_json::Value::from(spilled.name.as_str());
                    (format!("{name}:"), members.add(&spilled.path))
                })
                .collect();
            (column.name.as_str().to_owned(), Origin::Members(spilled))
        }
    };
    Feed { property, kind: column.kind, is_key: table.is_key(column), from }
}

/// Appends what the load says of a record, in the form of the column's kind: a table that others made
/// may keep a time as text, or a number as a decimal.
fn append_metadata(
    metadata: Metadata,
    meta: &Meta<'_>,
    kind: Kind,
    fields: &mut Fields<'_>,
) -> Result<(), Reason> {
    let micros = |time: DateTime<Utc>| time.timestamp_micros() - EPOCH;
    let value = match metadata {
        Metadata::ExtractedAt => meta.time_extracted.and_then(|time| instant(time.as_bytes())),
        Metadata::ReceivedAt => Some(micros(meta.received_at)),
        Metadata::BatchedAt => Some(micros(meta.batched_at)),
        // It comes from the record.
        Metadata::DeletedAt => None,
        Metadata::Sequence => Some(meta.sequence),
        Metadata::TableVersion => meta.version,
        Metadata::SyncStartedAt => Some(meta.sync_started_at.timestamp_millis()),
    };
    let own = metadata.kind();
    let text = match value {
        None => None,
        Some(value) if kind == own || (kind, own) == (Kind::Timestamp, Kind::Timestamptz) => {
            fields.long(value);
            return Ok(());
        }
        Some(micros) if own == Kind::Timestamptz => DateTime::from_timestamp_micros(micros + EPOCH)
            .map(|time| time.format("\"%Y-%m-%dT%H:%M:%S%.6fZ\"").to_string()),
        Some(number) => Some(number.to_string()),
    };
    match &text {
        None => fields.null(),
        Some(text) => fields.value(Raw::plain(text.as_bytes()), kind)?,
    }
    Ok(())
}

/// Appends one object of all members that are there; null if none is.
fn append_members(
    spilled: &[(String, usize)],
    record: &[u8],
    members: &Members,
    kind: Kind,
    fields: &mut Fields<'_>,
) -> Result<(), Reason> {
    let mut present = spilled
        .iter()
        .filter_map(|(name, slot)| Some((name, members.span(*slot)?.of(record))))
        .peekable();
    if present.peek().is_none() {
        fields.null();
        return Ok(());
    }
    fields.object(kind, |fields| {
        let mut before = b'{';
        for (name, value) in present {
            fields.row.push(before);
            fields.row.extend_from_slice(name.as_bytes());
            fields.json(value)?;
            before = b',';
        }
        fields.row.push(b'}');
        Ok(())
    })
}
