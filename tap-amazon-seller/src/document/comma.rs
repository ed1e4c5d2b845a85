//! Files with commas between their cells, quoted as RFC 4180 has it.

use std::io::Read;

use super::charset::Charset;
use super::decoded::{CHUNK, Gauge, Text};
use super::flat::{Context, Output};
use super::header::Header;
use super::inflate::peeked;
use super::line::LONGEST;
use super::{DocumentError, Emit, Facts, Fault, Feed, Loaded};
use crate::record::{Others, Row, Written};

/// Reads a file to its end and emits the records of all streams that want some.
pub(super) fn load(
    source: Box<dyn Read + '_>,
    facts: &Facts<'_>,
    feeds: &[Feed],
    emit: &mut dyn Emit,
) -> Result<Loaded, DocumentError> {
    let (head, source) = peeked(source, CHUNK).map_err(|cause| facts.source_error(cause))?;
    match head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start().first() {
        None => return Err(facts.fault(Fault::Empty)),
        Some(b'<') => return Err(facts.fault(Fault::Xml)),
        Some(b'{' | b'[') => return Err(facts.fault(Fault::Json)),
        Some(_) => {}
    }
    let gauge = Gauge::default();
    let charset = Charset::of(facts.content_type, facts.country());
    let mut rows = Rows {
        reader: csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(CHUNK)
            .from_reader(Text::new(Box::new(source), charset, LONGEST, &gauge)),
        gauge: &gauge,
        row: csv::ByteRecord::new(),
        bounds: Vec::new(),
    };
    let header = match rows.next(facts)? {
        Some((row, _)) => {
            let names = (0..row.cells.len()).map(|index| row.cell(index));
            let names = names.map(|name| String::from_utf8_lossy(name).trim().to_owned());
            Header::named(names.collect())
        }
        None => return Err(facts.fault(Fault::Empty)),
    };
    let mut loaded = Loaded::default();
    let output = |feed| Output::new(feed, facts, &header, &[], Others::KeptExcept(&[]));
    let mut outputs = feeds.iter().map(output).collect::<Result<Vec<_>, _>>()?;
    let mut record = Vec::new();
    let context = Context { facts, header: &header, emit, loaded: &mut loaded };
    while let Some((row, line)) = rows.next(facts)? {
        context.loaded.rows += 1;
        if row.cells.len() != header.names.len() {
            let is_short = row.cells.len() < header.names.len();
            context.loaded.ragged.note(line);
            if is_short && gauge.is_over.get() && gauge.is_open.get() {
                return Err(facts.fault(Fault::Truncated { line }));
            }
            continue;
        }
        let mut written = Written::Members;
        for output in &mut outputs {
            let members = output.members(row, line, &mut record, &context)?;
            written = written.and(members);
            if members == Written::Members {
                record.push(b'}');
                output.emit(&record, context.emit)?;
            }
        }
        if written == Written::Keyless {
            context.loaded.keyless.note(line);
        }
    }
    for output in outputs {
        output.finish(context.loaded);
    }
    loaded.replaced = gauge.replaced.get();
    Ok(loaded)
}

/// The rows of a file, one at a time.
struct Rows<'a> {
    reader: csv::Reader<Text<'a>>,
    gauge: &'a Gauge,
    row: csv::ByteRecord,
    bounds: Vec<(usize, usize)>,
}

impl Rows<'_> {
    /// The next row, and the number of its first line; nothing at the end of the file.
    fn next(&mut self, facts: &Facts<'_>) -> Result<Option<(Row<'_>, u64)>, DocumentError> {
        self.gauge.since.set(0);
        if !self.read(facts)? {
            return Ok(None);
        }
        let line = self.row.position().map_or(0, csv::Position::line);
        self.bounds.clear();
        let ranges = (0..self.row.len()).filter_map(|index| self.row.range(index));
        self.bounds.extend(ranges.map(|range| (range.start, range.end)));
        Ok(Some((Row { text: self.row.as_slice(), cells: &self.bounds }, line)))
    }

    /// Reads a row; says whether there was one.
    fn read(&mut self, facts: &Facts<'_>) -> Result<bool, DocumentError> {
        let line = self.reader.position().line();
        self.reader.read_byte_record(&mut self.row).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(cause) if cause.kind() == std::io::ErrorKind::FileTooLarge => {
                facts.fault(Fault::LineTooLong { line, limit: LONGEST })
            }
            csv::ErrorKind::Io(cause) => facts.source_error(cause),
            // Nothing else can happen where rows may have any length and no text is asked for.
            _ => facts.fault(Fault::Truncated { line }),
        })
    }
}
