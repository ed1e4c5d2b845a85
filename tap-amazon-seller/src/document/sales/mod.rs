//! Sales and traffic documents: JSON with a list by date and a list by ASIN.
//!
//! The lists are read element by element, each of which becomes one record. The numbers keep the
//! digits that Amazon wrote.

mod sink;
mod walk;

use std::cell::Cell;
use std::io::{self, BufReader, Read};

use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::value::RawValue;

use self::sink::Sink;
use self::walk::Document;
use super::inflate::peeked;
use super::leaf::{Leaf, leaves};
use super::{DocumentError, Emit, Facts, Fault, Feed, Loaded, Place};
use crate::streams::{AsinGranularity, Shape, Source};

/// How many bytes are read at a time.
const CHUNK: usize = 64 * 1024;

/// The longest element that is read. Amazon's are a few thousand bytes long.
const LONGEST: usize = 16 * 1024 * 1024;

/// The list by date.
const BY_DATE: &str = "salesAndTrafficByDate";

/// The list by ASIN.
const BY_ASIN: &str = "salesAndTrafficByAsin";

/// The part that repeats what was asked for.
const SPECIFICATION: &str = "reportSpecification";

/// Reads a document to its end and emits the records of all streams that want some.
pub(super) fn load(
    source: Box<dyn Read + '_>,
    facts: &Facts<'_>,
    feeds: &[Feed],
    emit: &mut dyn Emit,
) -> Result<Loaded, DocumentError> {
    let (head, rest) = peeked(source, CHUNK).map_err(|cause| facts.source_error(cause))?;
    let json = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    match json.trim_ascii_start().first() {
        None => return Err(facts.fault(Fault::Empty)),
        Some(b'<') => return Err(facts.fault(Fault::Xml)),
        Some(_) => {}
    }
    let mark = (head.len() - json.len()) as u64;
    let mut rest = rest;
    io::copy(&mut rest.by_ref().take(mark), &mut io::sink())
        .map_err(|cause| facts.source_error(cause))?;
    let meter = Cell::new(0);
    let metered = Metered { source: rest, read: &meter };
    let mut loader = Loader::new(facts, feeds, &meter, emit);
    let mut text = serde_json::Deserializer::from_reader(BufReader::with_capacity(CHUNK, metered));
    let read = Document(&mut loader).deserialize(&mut text).and_then(|()| text.end());
    match (loader.error.take(), read) {
        (Some(error), _) => Err(error),
        (None, Err(_)) if meter.get() > LONGEST => {
            Err(facts.fault(Fault::ElementTooLong { limit: LONGEST }))
        }
        (None, Err(error)) => Err(facts.json_error(error)),
        (None, Ok(())) => loader.finish(),
    }
}

/// A source that ends in an error when too much was read since somebody set its meter back.
struct Metered<'m, R> {
    source: R,
    /// How many bytes were read since.
    read: &'m Cell<usize>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.read.set(self.read.get() + read);
        if self.read.get() > LONGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(read)
    }
}

impl Facts<'_> {
    /// The error of a text that is not the expected JSON, without serde's words, which may quote.
    pub(super) fn json_error(&self, error: serde_json::Error) -> DocumentError {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            serde_json::error::Category::Io => self.source_error(error.into()),
            serde_json::error::Category::Eof => self.fault(Fault::Truncated { line: line as u64 }),
            _ => self.fault(Fault::Syntax { line, column }),
        }
    }
}

/// What a document says of itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Specification {
    report_options: Option<Options>,
    data_start_time: Option<String>,
    data_end_time: Option<String>,
    marketplace_ids: Option<Vec<String>>,
}

/// The options that a document was made with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    asin_granularity: Option<String>,
}

/// What is known while a document is read.
struct Loader<'a> {
    facts: &'a Facts<'a>,
    emit: &'a mut dyn Emit,
    /// How many bytes were read since the last element.
    meter: &'a Cell<usize>,
    by_date: Option<Sink<'a>>,
    by_asin: Option<Sink<'a>>,
    /// The day of the list by ASIN, which does not say it on each element.
    day: Option<String>,
    elements_by_asin: Option<u64>,
    /// Whether the list by date has a figure that is not zero; `None` before the list was read.
    has_figures: Option<bool>,
    loaded: Loaded,
    /// An error that serde cannot carry.
    error: Option<DocumentError>,
}

impl<'a> Loader<'a> {
    /// Prepares for a document.
    fn new(
        facts: &'a Facts<'a>,
        feeds: &'a [Feed],
        meter: &'a Cell<usize>,
        emit: &'a mut dyn Emit,
    ) -> Self {
        let sink = |wanted: &Shape| {
            feeds.iter().find_map(|feed| match &feed.stream.source {
                Source::Report { shape, .. } if shape == wanted => Some(Sink::new(feed, facts)),
                _ => None,
            })
        };
        Self {
            facts,
            by_date: sink(&Shape::SalesByDate),
            by_asin: sink(&Shape::SalesByAsin),
            emit,
            meter,
            day: facts.day.map(|day| day.to_string()),
            elements_by_asin: None,
            has_figures: None,
            loaded: Loaded::default(),
            error: None,
        }
    }

    /// Checks that the document answers what was asked.
    ///
    /// Amazon widens some ranges, and a client may be handed somebody else's report of the type.
    fn check(&mut self, document: &Specification) -> Result<(), Fault> {
        let day = |time: &Option<String>| time.as_deref()?.get(..10).map(str::to_owned);
        let range = (day(&document.data_start_time), day(&document.data_end_time));
        if let (Some(start), Some(end)) = range {
            let asked = self.day.as_ref().unwrap_or(&start);
            let is_asked = *asked == start && *asked == end;
            if !is_asked && (self.facts.day.is_some() || self.by_asin.is_some()) {
                return Err(Fault::Other("dataStartTime"));
            }
            self.day = Some(start);
        }
        if let (Place::Marketplace(place), Some(ids)) =
            (self.facts.place, &document.marketplace_ids)
            && !ids.iter().any(|id| id == place.id)
        {
            return Err(Fault::Other("marketplaceIds"));
        }
        let options = document.report_options.as_ref();
        let granularity = options.and_then(|options| options.asin_granularity.as_deref());
        match granularity {
            Some(code) if code != self.facts.asin_granularity.code() => {
                Err(Fault::Other("asinGranularity"))
            }
            _ => Ok(()),
        }
    }

    /// Takes an element of the list by date.
    fn date_element(&mut self, element: &RawValue, number: u64) -> Result<(), DocumentError> {
        let columns = self.leaves(element)?;
        let is_figure =
            |(_, value): &Leaf<'_>| value.get().parse::<f64>().is_ok_and(|figure| figure != 0.0);
        self.has_figures = Some(self.has_figures == Some(true) || columns.iter().any(is_figure));
        self.loaded.rows += 1;
        let Some(sink) = &mut self.by_date else { return Ok(()) };
        let day = self.facts.day.map(|day| day.to_string());
        sink.element(&columns, day.as_deref(), number, self.facts, self.emit, &mut self.loaded)
    }

    /// Takes an element of the list by ASIN.
    fn asin_element(&mut self, element: &RawValue, number: u64) -> Result<(), DocumentError> {
        self.elements_by_asin = Some(number);
        self.loaded.rows += 1;
        if self.by_asin.is_none() {
            return Ok(());
        }
        let mut columns = self.leaves(element)?;
        if self.facts.asin_granularity == AsinGranularity::Parent {
            let is_null = |name| {
                !columns.iter().any(|(column, value)| column == name && value.get() != "null")
            };
            let parent = columns.iter().find(|(name, _)| name == "parent_asin").map(|leaf| leaf.1);
            if let (true, Some(parent)) = (is_null("child_asin"), parent) {
                columns.retain(|(name, _)| name != "child_asin");
                columns.push(("child_asin".into(), parent));
            }
        }
        let (Some(sink), Some(day)) = (&mut self.by_asin, &self.day) else {
            return Err(self.facts.fault(Fault::NoMember(SPECIFICATION)));
        };
        sink.element(&columns, Some(day), number, self.facts, self.emit, &mut self.loaded)
    }

    /// The columns of an element.
    fn leaves<'e>(&self, element: &'e RawValue) -> Result<Vec<Leaf<'e>>, DocumentError> {
        leaves(element).map_err(|error| self.facts.json_error(error))
    }

    /// Says what was found.
    fn finish(mut self) -> Result<Loaded, DocumentError> {
        let missing = match (&self.by_date, self.has_figures, &self.by_asin, self.elements_by_asin)
        {
            (Some(_), None, ..) => Some(BY_DATE),
            (_, _, Some(_), None) => Some(BY_ASIN),
            _ => None,
        };
        if let Some(name) = missing {
            return Err(self.facts.fault(Fault::NoMember(name)));
        }
        self.loaded.late = self.elements_by_asin == Some(0) && self.has_figures == Some(true);
        for sink in [self.by_date, self.by_asin].into_iter().flatten() {
            if sink.records > 0 {
                self.loaded.records.insert(sink.feed.stream.name, sink.records);
            }
        }
        Ok(self.loaded)
    }
}
