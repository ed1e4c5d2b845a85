//! From the bytes of a report document to records.
//!
//! Amazon's documents come with or without gzip, in half a dozen charsets, as tab-separated text
//! without quoting, as CSV, JSON or XML. This module reads any of them as a stream, with a few buffers of a
//! fixed size, and hands on records as JSON text. It blocks, and knows nothing of where the bytes
//! come from, who reads the records, or what is done about a document that cannot be read.
//!
//! ```text
//! source ─▶ inflate ─┬▶ decoded ─┬▶ line ─▶ flat ─┬▶ record::Plan ─▶ Emit
//!                    │           │                └▶ order
//!                    │           ├▶ comma (CSV) ───▶ record::Plan ─▶ Emit
//!                    │           └▶ element (JSON, XML) ───────────▶ Emit
//!                    └▶ sales (JSON) ─▶ leaf ──────────────────────▶ Emit
//! ```

mod charset;
mod comma;
mod decoded;
mod element;
mod flat;
mod header;
mod inflate;
pub(crate) mod leaf;
mod line;
mod listing;
pub(crate) mod order;
mod sales;
mod settlement;
#[cfg(test)]
mod tests;
mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use crate::marketplace::{Marketplace, Region};
use crate::plan::Window;
use crate::streams::{AsinGranularity, Reader, Stream, Syntax};

/// What is known about a document before it is read.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Amazon's id of the report, for messages.
    pub report_id: &'a str,
    /// `Content-Type` of the storage's answer; its charset counts, whatever the type says.
    pub content_type: Option<&'a str>,
    /// What the report covers.
    pub place: Place,
    /// The day of a daily report, in the marketplace's own calendar; or the first day of the period
    /// that a report is about.
    pub day: Option<NaiveDate>,
    /// The granularity that a sales and traffic report was asked for with.
    pub asin_granularity: AsinGranularity,
    /// Settlements that other documents have brought, and that are left out of this one.
    pub settlements: &'a BTreeSet<String>,
}

/// What a report covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// All marketplaces of a region.
    Region(Region),
    /// One marketplace.
    Marketplace(&'static Marketplace),
}

impl Place {
    /// Amazon's id of the marketplace, or the code of the region.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Region(region) => region.code(),
            Self::Marketplace(marketplace) => marketplace.id,
        }
    }

    /// The start and the end of a window, exclusive; nothing for the present.
    #[must_use]
    pub fn bounds(self, window: Window) -> Option<[DateTime<Utc>; 2]> {
        let start = |day: NaiveDate| {
            let midnight = day.and_time(NaiveTime::MIN).and_local_timezone(self.time_zone());
            midnight.earliest().map(|start| start.to_utc())
        };
        match window {
            Window::Present => None,
            Window::Times(from, until) => Some([from, until]),
            Window::Day(day) => start(day).zip(day.succ_opt().and_then(start)).map(<[_; 2]>::from),
        }
    }

    /// The region that it is, or lies in.
    #[must_use]
    pub fn region(self) -> Region {
        match self {
            Self::Region(region) => region,
            Self::Marketplace(marketplace) => marketplace.region,
        }
    }

    /// Where its days begin and end: a region has several zones, and counts in UTC.
    #[must_use]
    pub fn time_zone(self) -> Tz {
        match self {
            Self::Region(_) => Tz::UTC,
            Self::Marketplace(marketplace) => marketplace.time_zone,
        }
    }
}

/// A stream that wants its share of a document.
#[derive(Debug, Clone)]
pub struct Feed {
    /// The stream; its source is the report that the document belongs to.
    pub stream: &'static Stream,
    /// Properties, by their names at the top of a record, that the catalog leaves out. A key is
    /// never left out.
    pub deselected: BTreeSet<String>,
}

impl Feed {
    /// The stream with all its properties.
    #[must_use]
    pub fn all(stream: &'static Stream) -> Self {
        Self { stream, deselected: BTreeSet::new() }
    }

    /// Whether a property at the top of a record is wanted.
    pub(crate) fn wants(&self, property: &str) -> bool {
        self.stream.keys.contains(&property) || !self.deselected.contains(property)
    }
}

/// The place where records go.
pub trait Emit {
    /// Announces a property that the stream's schema does not have, before the first record of
    /// this document that carries it. Each document announces its own.
    fn property(
        &mut self,
        stream: &'static str,
        name: &str,
        schema: Value,
    ) -> Result<(), EmitError>;

    /// Takes one record: a JSON object without a line end.
    fn record(&mut self, stream: &'static str, record: &[u8]) -> Result<(), EmitError>;
}

/// The other end no longer takes records; what happened there is told there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody takes the records any more")]
pub struct EmitError;

/// What was found in a document that was read to its end.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Rows of a flat file, or elements of a JSON document's lists.
    pub rows: u64,
    /// Records by stream; a stream without any is not in it.
    pub records: BTreeMap<&'static str, u64>,
    /// Rows with more or fewer cells than the header, which were left out.
    pub ragged: Places,
    /// Rows in which a key is empty, which were left out of the stream that has the key.
    pub keyless: Places,
    /// Header lines that stood between the rows.
    pub repeated_headers: u64,
    /// Settlements that are whole, and that no other document brought before.
    pub settlements: Vec<String>,
    /// Settlements whose amounts do not add up to their total, or that say none.
    pub unbalanced: Vec<String>,
    /// Rows of settlements that were there before.
    pub passed_over: u64,
    /// Empty lines.
    pub blank_lines: u64,
    /// Bytes that no character of the charset begins with, each read as U+FFFD.
    pub replaced: u64,
    /// NUL characters that were removed.
    pub nuls: u64,
    /// Whether a document of XML has elements, but none where the records should be: there are none, or
    /// the names that lead to them are wrong.
    pub is_elsewhere: bool,
    /// Whether the list by ASIN was empty although the list by date has figures: Amazon fills it
    /// later, and the day must be read again.
    pub late: bool,
}

/// How many lines of a document are concerned, and where the first ones are.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// How many there are.
    pub count: u64,
    /// Numbers of the first few lines, counted from 1.
    pub first: Vec<u64>,
}

impl Places {
    /// How many line numbers are kept.
    const KEPT: usize = 5;

    /// Notes one more line.
    pub(crate) fn note(&mut self, line: u64) {
        self.count += 1;
        if self.first.len() < Self::KEPT {
            self.first.push(line);
        }
    }
}

/// Why a document could not be read to its end. Records before the place have been emitted.
///
/// No text holds a value of a cell.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The source failed or ended in the middle: the document is to be downloaded again.
    #[error("report {report}: the document was cut off; download it again")]
    Source {
        /// Amazon's id of the report.
        report: String,
        /// What the source said.
        #[source]
        cause: io::Error,
    },
    /// Records are no longer taken.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// A cell is not what its column always is.
    #[error("{stream}: {place} of report {report}: {column}: expected {expected}")]
    Cell {
        /// The stream that needs the cell.
        stream: &'static str,
        /// Line of a flat file, or element of a list.
        place: Position,
        /// Amazon's id of the report.
        report: String,
        /// The column's name in the document.
        column: String,
        /// What it should have been, with its article.
        expected: &'static str,
    },
    /// The document as a whole is not what it should be.
    #[error("report {report}: {fault}")]
    Document {
        /// Amazon's id of the report.
        report: String,
        /// What is wrong with it.
        fault: Fault,
    },
}

impl DocumentError {
    /// Whether the document is incomplete, so that downloading it again may help.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        matches!(self, Self::Source { .. } | Self::Document { fault: Fault::Truncated { .. }, .. })
    }
}

/// A place in a document, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// A line of a flat file.
    Line(u64),
    /// An element of a JSON list.
    Element(u64),
}

impl std::fmt::Display for Position {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(number) => write!(formatter, "line {number}"),
            Self::Element(number) => write!(formatter, "element {number}"),
        }
    }
}

/// What is wrong with a document as a whole.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The storage's own answer was read in place of a document.
    #[error("the storage sent XML in place of the document; ask for its address again")]
    Xml,
    /// JSON stands where rows belong: Amazon's way of saying why there is no report.
    #[error("the document holds JSON in place of rows")]
    Json,
    /// There is not even a header.
    #[error("the document is empty and has no header")]
    Empty,
    /// A column that records cannot do without is missing.
    #[error("the document has no column `{0}`, or has it in an unknown language")]
    NoColumn(&'static str),
    /// A line is longer than any line should be.
    #[error("line {line} is longer than {limit} bytes")]
    LineTooLong {
        /// Number of the line, counted from 1.
        line: u64,
        /// The limit.
        limit: usize,
    },
    /// An element of a JSON list is longer than any element should be.
    #[error("an element of a list is longer than {limit} bytes")]
    ElementTooLong {
        /// The limit.
        limit: usize,
    },
    /// The last line breaks off.
    #[error("the document ends in the middle of line {line}; download it again")]
    Truncated {
        /// Number of the line, counted from 1.
        line: u64,
    },
    /// The text is not JSON of the expected form.
    #[error("line {line}, column {column}: not the JSON that this report is")]
    Syntax {
        /// Line of the text, counted from 1.
        line: usize,
        /// Column of the line, counted from 1.
        column: usize,
    },
    /// The text is not XML.
    #[error("line {line}: not well-formed XML")]
    Markup {
        /// Line of the text, counted from 1.
        line: u64,
    },
    /// There is nothing where the elements should be.
    #[error("the document has no list at `{path}`; at its top it has {found}")]
    NoList {
        /// The names that lead to the elements.
        path: String,
        /// The names that there are instead.
        found: String,
    },
    /// A member of the document that must be there is not.
    #[error("the document has no `{0}`")]
    NoMember(&'static str),
    /// The document says that it answers another question.
    #[error("the document was made for another `{0}` than was asked for")]
    Other(&'static str),
}

/// Reads a document to its end and emits the records of all streams that want some.
///
/// Blocks while it reads and while records are taken. The feeds are streams of the report that the
/// document belongs to, and of one [`Reader`]. Records are emitted as they are read, so those before an error are out: they
/// are right as far as they go, and come again, with the same keys, when the document is read again.
pub fn load(
    source: impl Read,
    facts: &Facts<'_>,
    feeds: &[Feed],
    emit: &mut dyn Emit,
) -> Result<Loaded, DocumentError> {
    let source = inflate::inflated(source).map_err(|cause| facts.source_error(cause))?;
    match feeds.first().and_then(|feed| feed.stream.source.reader()) {
        Some(Reader::Sales) => sales::load(source, facts, feeds, emit),
        Some(Reader::CommaRows) => comma::load(source, facts, feeds, emit),
        Some(Reader::Elements(Syntax::Json)) => element::load_json(source, facts, feeds, emit),
        Some(Reader::Elements(Syntax::Xml)) => element::load_xml(source, facts, feeds, emit),
        Some(Reader::Whole) => whole::load(source, facts, feeds, emit),
        Some(Reader::Rows) | None => flat::load(source, facts, feeds, emit),
    }
}
