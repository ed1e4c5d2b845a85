//! Whole documents, as bytes, against the records that must come of them.

mod comma;
mod element;
mod flat;
mod identity;
mod order;
mod property;
mod sales;
mod settlement;
mod whole;

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::*;
use crate::streams::{Roster, Source};

/// Everything that a document emitted.
#[derive(Debug, Default, PartialEq)]
struct Emitted {
    properties: Vec<(&'static str, String, Value)>,
    records: Vec<(&'static str, Value)>,
    /// The records as they were written.
    texts: Vec<String>,
}

impl Emit for Emitted {
    fn property(
        &mut self,
        stream: &'static str,
        name: &str,
        schema: Value,
    ) -> Result<(), EmitError> {
        self.properties.push((stream, name.to_owned(), schema));
        Ok(())
    }

    fn record(&mut self, stream: &'static str, record: &[u8]) -> Result<(), EmitError> {
        let value: Value = serde_json::from_slice(record).expect("a record is JSON");
        if let Some(stream) = Roster::table().find(stream) {
            self.check(stream, &value);
        }
        self.records.push((stream, value));
        self.texts.push(String::from_utf8(record.to_vec()).expect("a record is UTF-8"));
        Ok(())
    }
}

impl Emitted {
    /// Every property of a record was declared or announced before.
    fn check(&self, stream: &Stream, record: &Value) {
        let declared: Value = serde_json::from_str(stream.schema).expect("a schema is JSON");
        for (name, _) in record.as_object().expect("a record is an object") {
            let is_announced =
                self.properties.iter().any(|(of, known, _)| (*of, known) == (stream.name, name));
            let is_declared = declared["properties"].get(name).is_some();
            assert!(is_declared || is_announced, "{}: {name}", stream.name);
        }
    }

    /// The records of a stream.
    fn of(&self, stream: &str) -> Vec<&Value> {
        self.records.iter().filter(|(name, _)| *name == stream).map(|(_, record)| record).collect()
    }
}

/// The feeds of some streams.
fn feeds(streams: &[&str]) -> Vec<Feed> {
    let roster = Roster::table();
    streams.iter().map(|name| Feed::all(roster.find(name).expect("a stream"))).collect()
}

/// No other document brought a settlement.
static NO_SETTLEMENTS: BTreeSet<String> = BTreeSet::new();

/// The facts of a marketplace's document without a charset.
fn facts(country: &str) -> Facts<'static> {
    Facts {
        report_id: "5012",
        content_type: None,
        place: Place::Marketplace(Marketplace::find(country).expect("a marketplace")),
        day: None,
        asin_granularity: AsinGranularity::Child,
        settlements: &NO_SETTLEMENTS,
    }
}

/// Reads a document for some streams of a marketplace.
fn read(
    document: &[u8],
    facts: &Facts<'_>,
    streams: &[&str],
) -> (Emitted, Result<Loaded, DocumentError>) {
    let mut emitted = Emitted::default();
    let loaded = load(document, facts, &feeds(streams), &mut emitted);
    (emitted, loaded)
}

/// The text of the error that a document ends in.
fn refusal(document: &[u8], facts: &Facts<'_>, streams: &[&str]) -> String {
    read(document, facts, streams).1.expect_err("the document is not refused").to_string()
}

/// A document as one gzip member.
fn gzip(document: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(document).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything")
}

/// Gives a document out in pieces of certain sizes, over and over, and then an error or the end.
struct Pieces<'a> {
    document: &'a [u8],
    sizes: Vec<usize>,
    next: usize,
    fails: bool,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.document.is_empty() && self.fails {
            return Err(io::Error::from(io::ErrorKind::ConnectionReset));
        }
        let size = self.sizes[self.next % self.sizes.len()];
        self.next += 1;
        let size = size.max(1).min(buffer.len()).min(self.document.len());
        let (piece, rest) = self.document.split_at(size);
        buffer[..size].copy_from_slice(piece);
        self.document = rest;
        Ok(size)
    }
}
