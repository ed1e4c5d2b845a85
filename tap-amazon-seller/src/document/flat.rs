//! Flat files: rows of cells with a header.

use std::io::Read;

use super::charset::Charset;
use super::header::{self, Cells, Header};
use super::line::{LONGEST, LineEnd, LineError, Lines};
use super::order::{Items, Orders};
use super::settlement::Settlements;
use super::{DocumentError, Emit, EmitError, Facts, Fault, Feed, Loaded, Place, Position, listing};
use crate::record::{Others, Outline, Plan, Refused, Row, Written};
use crate::streams::{Headers, Shape, Source};

/// Reads a flat file to its end and emits the records of all streams that want some.
pub(super) fn load(
    source: Box<dyn Read + '_>,
    facts: &Facts<'_>,
    feeds: &[Feed],
    emit: &mut dyn Emit,
) -> Result<Loaded, DocumentError> {
    let mut lines = Lines::new(source, Charset::of(facts.content_type, facts.country()));
    let mut loaded = Loaded::default();
    let header = first(&mut lines, facts, feeds, &mut loaded)?;
    let mut sinks = feeds
        .iter()
        .filter_map(|feed| Sink::new(feed, facts, &header).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    let mut cells = Cells::default();
    let mut context = Context { facts, header: &header, emit, loaded: &mut loaded };
    while let Some(line) = lines.next().map_err(|error| facts.line_error(error))? {
        if line.text.is_empty() || header::is_blank(line.text) {
            context.loaded.blank_lines += 1;
        } else if let Some(row) = header.row(line.text, &mut cells) {
            if header.is_repeated_by(line.text) {
                context.loaded.repeated_headers += 1;
                continue;
            }
            context.loaded.rows += 1;
            let mut written = Written::Members;
            for sink in &mut sinks {
                written = written.and(sink.row(row, line.number, &mut context)?);
            }
            if written == Written::Keyless {
                context.loaded.keyless.note(line.number);
            }
        } else if line.end == LineEnd::Missing && header.is_cut_off(line.text) {
            return Err(facts.fault(Fault::Truncated { line: line.number }));
        } else {
            context.loaded.rows += 1;
            context.loaded.ragged.note(line.number);
        }
    }
    for sink in sinks {
        sink.finish(&mut context)?;
    }
    loaded.replaced = lines.replaced();
    loaded.nuls = lines.nuls;
    Ok(loaded)
}

/// The header: the first line that is not blank, in English.
fn first(
    lines: &mut Lines<'_>,
    facts: &Facts<'_>,
    feeds: &[Feed],
    loaded: &mut Loaded,
) -> Result<Header, DocumentError> {
    while let Some(line) = lines.next().map_err(|error| facts.line_error(error))? {
        let text = line.text.trim_ascii();
        match text.first() {
            None => loaded.blank_lines += 1,
            Some(b'<') => return Err(facts.fault(Fault::Xml)),
            Some(b'{' | b'[') => return Err(facts.fault(Fault::Json)),
            Some(_) => {
                let mut header = Header::new(line.text);
                if feeds.iter().any(is_localized) {
                    header.names = listing::english(&header.names);
                }
                return Ok(header);
            }
        }
    }
    Err(facts.fault(Fault::Empty))
}

/// Whether the header of a stream's report may be in another language than English.
fn is_localized(feed: &Feed) -> bool {
    matches!(
        feed.stream.source,
        Source::Report { shape: Shape::Rows { headers: Headers::Localized, .. }, .. }
    )
}

/// What the rows of a document have in common.
pub(super) struct Context<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) header: &'a Header,
    pub(super) emit: &'a mut dyn Emit,
    pub(super) loaded: &'a mut Loaded,
}

impl Context<'_> {
    /// The error of a refused cell.
    pub(super) fn refusal(
        &self,
        stream: &'static str,
        line: u64,
        refused: &Refused,
    ) -> DocumentError {
        DocumentError::Cell {
            stream,
            place: Position::Line(line),
            report: self.facts.report_id.to_owned(),
            column: self.header.names.get(refused.index).cloned().unwrap_or_default(),
            expected: refused.expected,
        }
    }
}

/// A stream's plan, and the records it gave so far.
pub(super) struct Output {
    pub(super) stream: &'static str,
    plan: Plan,
    is_announced: bool,
    records: u64,
}

impl Output {
    /// Works out a stream's plan for a document.
    pub(super) fn new(
        feed: &Feed,
        facts: &Facts<'_>,
        header: &Header,
        computed: &[&'static str],
        others: Others,
    ) -> Result<Self, DocumentError> {
        let columns = match &feed.stream.source {
            Source::Report { shape, .. } => shape.columns(),
            _ => &[],
        };
        let outline = Outline {
            feed,
            header: &header.names,
            place: facts.place,
            day: facts.day,
            columns,
            computed,
            others,
        };
        let plan = outline.plan().map_err(|name| facts.fault(Fault::NoColumn(name)))?;
        Ok(Self { stream: feed.stream.name, plan, is_announced: false, records: 0 })
    }

    /// Writes the members of a row's record in place of what a buffer held.
    pub(super) fn members(
        &mut self,
        row: Row<'_>,
        line: u64,
        members: &mut Vec<u8>,
        context: &Context<'_>,
    ) -> Result<Written, DocumentError> {
        members.clear();
        self.plan
            .write(row, members)
            .map_err(|refused| context.refusal(self.stream, line, &refused))
    }

    /// Emits a whole record.
    pub(super) fn emit(&mut self, record: &[u8], emit: &mut dyn Emit) -> Result<(), EmitError> {
        if !self.is_announced {
            for name in &self.plan.unknown {
                emit.property(self.stream, name, serde_json::json!({"type": ["string", "null"]}))?;
            }
            self.is_announced = true;
        }
        self.records += 1;
        emit.record(self.stream, record)
    }

    /// Notes how many records there were.
    pub(super) fn finish(self, loaded: &mut Loaded) {
        if self.records > 0 {
            *loaded.records.entry(self.stream).or_default() += self.records;
        }
    }
}

/// Where the rows of a document go.
enum Sink<'a> {
    /// One record for each row.
    Rows { output: Output, record: Vec<u8> },
    /// Orders.
    Orders(Orders<'a>),
    /// Order lines.
    Items(Items),
    /// Rows of settlements.
    Settlements(Settlements),
}

impl<'a> Sink<'a> {
    /// The sink of a stream; `None` if flat files have nothing for it.
    fn new(
        feed: &'a Feed,
        facts: &Facts<'_>,
        header: &Header,
    ) -> Result<Option<Self>, DocumentError> {
        let Source::Report { shape, .. } = &feed.stream.source else { return Ok(None) };
        Ok(match shape {
            Shape::Rows { .. } => Some(Self::Rows {
                output: Output::new(feed, facts, header, &[], Others::KeptExcept(&[]))?,
                record: Vec::new(),
            }),
            Shape::Orders => Some(Self::Orders(Orders::new(feed, facts, header)?)),
            Shape::OrderItems => Some(Self::Items(Items::new(feed, facts, header)?)),
            Shape::Settlements => Some(Self::Settlements(Settlements::new(feed, facts, header)?)),
            Shape::CommaRows { .. }
            | Shape::Elements { .. }
            | Shape::SalesByAsin
            | Shape::SalesByDate
            | Shape::Whole => None,
        })
    }

    /// Takes a row; says whether it had all keys.
    fn row(
        &mut self,
        row: Row<'_>,
        line: u64,
        context: &mut Context<'_>,
    ) -> Result<Written, DocumentError> {
        match self {
            Self::Rows { output, record } => {
                let written = output.members(row, line, record, context)?;
                if written == Written::Members {
                    record.push(b'}');
                    output.emit(record, context.emit)?;
                }
                Ok(written)
            }
            Self::Orders(orders) => orders.row(row, line, context),
            Self::Items(items) => items.row(row, line, context),
            Self::Settlements(settlements) => settlements.row(row, line, context),
        }
    }

    /// Emits what is left.
    fn finish(self, context: &mut Context<'_>) -> Result<(), DocumentError> {
        match self {
            Self::Rows { output, .. } => output.finish(context.loaded),
            Self::Orders(orders) => orders.finish(context)?,
            Self::Items(items) => items.finish(context.loaded),
            Self::Settlements(settlements) => settlements.finish(context.loaded),
        }
        Ok(())
    }
}

impl Facts<'_> {
    /// The country of the report, where it has one.
    pub(super) fn country(&self) -> Option<&'static str> {
        match self.place {
            Place::Marketplace(marketplace) => Some(marketplace.country),
            Place::Region(_) => None,
        }
    }

    /// The error of a document as a whole.
    pub(super) fn fault(&self, fault: Fault) -> DocumentError {
        DocumentError::Document { report: self.report_id.to_owned(), fault }
    }

    /// The error of a line that could not be read.
    fn line_error(&self, error: LineError) -> DocumentError {
        match error {
            LineError::Source(cause) => self.source_error(cause),
            LineError::TooLong(line) => self.fault(Fault::LineTooLong { line, limit: LONGEST }),
        }
    }

    /// The error of a source.
    pub(super) fn source_error(&self, cause: std::io::Error) -> DocumentError {
        DocumentError::Source { report: self.report_id.to_owned(), cause }
    }
}
