//! Documents that hold a list of elements, somewhere: JSON and XML of any type of report.
//!
//! The names that lead to the list are known; each of its elements becomes one record, and whatever
//! stands beside the list is passed over. Nothing but one element is in memory at a time.
//!
//! ```text
//! Text ─▶ json ─────────────────────────▶ Sink ─▶ Emit
//!     └─▶ xml ─▶ tree (an element as JSON) ─┘
//! ```

mod content;
mod json;
mod sink;
mod tree;
mod xml;

use std::io::{BufReader, Read};

use serde_json::value::RawValue;

pub(super) use json::load as load_json;
pub(super) use xml::load as load_xml;

use self::sink::Sink;
use super::charset::Charset;
use super::decoded::{CHUNK, Gauge, Text};
use super::inflate::peeked;
use super::{DocumentError, Emit, Facts, Fault, Feed, Loaded};
use crate::streams::{Shape, Source};

/// The longest element that is read. Amazon's are a few thousand bytes long.
const LONGEST: usize = 16 * 1024 * 1024;

/// How many names are told of a document that has no list where one should be.
const NAMES_TOLD: usize = 5;

/// A list that somebody wants, and what becomes of its elements.
struct List<'a> {
    path: &'static [&'static str],
    sink: Sink<'a>,
    /// How many elements there were; nothing before the list was found.
    elements: Option<u64>,
}

/// What is known while a document is read.
struct Loader<'a> {
    facts: &'a Facts<'a>,
    emit: &'a mut dyn Emit,
    gauge: &'a Gauge,
    lists: Vec<List<'a>>,
    /// The first names at the top of the document.
    names: Vec<String>,
    loaded: Loaded,
    /// An error that a parser cannot carry.
    error: Option<DocumentError>,
}

impl<'a> Loader<'a> {
    /// Prepares for a document.
    fn new(
        facts: &'a Facts<'a>,
        feeds: &'a [Feed],
        gauge: &'a Gauge,
        emit: &'a mut dyn Emit,
    ) -> Self {
        let list = |feed: &'a Feed| match &feed.stream.source {
            Source::Report { shape: Shape::Elements { path, columns, .. }, .. } => {
                Some(List { path, sink: Sink::new(feed, columns, facts), elements: None })
            }
            _ => None,
        };
        Self {
            facts,
            emit,
            gauge,
            lists: feeds.iter().filter_map(list).collect(),
            names: Vec::new(),
            loaded: Loaded::default(),
            error: None,
        }
    }

    /// Notes a name at the top of the document.
    fn note(&mut self, name: &str) {
        if self.names.len() < NAMES_TOLD {
            self.names.push(format!("`{name}`"));
        }
    }

    /// Notes that a list was found.
    fn found(&mut self, list: usize) {
        if let Some(list) = self.lists.get_mut(list) {
            list.elements.get_or_insert(0);
        }
    }

    /// Takes an element of some lists.
    fn element(&mut self, lists: &[usize], element: &RawValue) -> Result<(), DocumentError> {
        self.gauge.since.set(0);
        self.loaded.rows += 1;
        for list in lists {
            let Some(list) = self.lists.get_mut(*list) else { continue };
            let number = list.elements.get_or_insert(0);
            *number += 1;
            list.sink.element(element, *number, self.facts, self.emit, &mut self.loaded)?;
        }
        Ok(())
    }

    /// The error of a list that is not where it should be.
    fn no_list(&self, path: &[&str]) -> DocumentError {
        let found =
            if self.names.is_empty() { "nothing".to_owned() } else { self.names.join(", ") };
        self.facts.fault(Fault::NoList { path: path.join("/"), found })
    }

    /// Says what was found.
    fn finish(mut self) -> Loaded {
        for List { sink, .. } in self.lists {
            sink.finish(&mut self.loaded);
        }
        self.loaded.replaced = self.gauge.replaced.get();
        self.loaded
    }
}

/// The first bytes of a document, and its text.
fn opened<'a>(
    source: Box<dyn Read + 'a>,
    facts: &Facts<'_>,
    gauge: &'a Gauge,
    charset: impl FnOnce(&[u8]) -> Charset,
) -> Result<(Vec<u8>, BufReader<Text<'a>>), DocumentError> {
    let (head, source) = peeked(source, CHUNK).map_err(|cause| facts.source_error(cause))?;
    let text = Text::new(Box::new(source), charset(&head), LONGEST, gauge);
    let plain = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
    if plain.is_empty() {
        return Err(facts.fault(Fault::Empty));
    }
    Ok((plain.to_vec(), BufReader::with_capacity(CHUNK, text)))
}
