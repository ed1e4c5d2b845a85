//! What decides the rows of a described stream, in sixteen digits.
//!
//! A bookmark says what was read with the settings of its day. Where these digits are others than they were,
//! it says nothing of what is to be read now; see [`Bookmarks::described`](crate::bookmark::Bookmarks::described).
//!
//! | decides | does not |
//! |---|---|
//! | the type, its options, how it is extracted | which marketplaces are read: each has a cursor of its own |
//! | format, path, columns, keys (with them whether a report is about a region) | the replication key, which only names a bookmark |
//! | how far back Amazon has data: what was cut may be had | `start_date`, `lookback_days`, `longest_days`: which windows, and not what is in them |
//!
//! Neither does `mask`, nor what a catalog selects: they say what is shown of a row, of every stream, and
//! what a target has of the past may be more than Amazon still has.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::Description;
use crate::streams::{Extraction, Shape, Source, Stream, Syntax};

impl Description {
    /// The fingerprint of the stream that was made of the entry. The order in which its settings are
    /// written does not count. Equal in all versions of this program that understand them alike.
    pub(super) fn fingerprint(&self, stream: &Stream) -> Option<String> {
        let Source::Report { report, shape } = &stream.source else { return None };
        let extraction = match report.extraction {
            Extraction::Snapshot => "snapshot",
            Extraction::Window { .. } => "window",
            Extraction::Daily { .. } => "daily",
            Extraction::Listed => "listed",
        };
        let written = self.entry.columns.iter().flatten();
        let columns: BTreeMap<_, _> =
            written.map(|(name, column)| (name, (column.kind(), column.property()))).collect();
        let decides = (
            report.report_type,
            report.options.iter().copied().collect::<BTreeMap<_, _>>(),
            extraction,
            self.entry.retention_days,
            reading(shape),
            stream.keys.iter().collect::<BTreeSet<_>>(),
            columns,
        );
        let hash = Sha256::digest(serde_json::to_vec(&decides).ok()?);
        let digits =
            hash.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        Some(format!("{digits:016x}"))
    }
}

/// How documents are read, and where their records are.
fn reading(shape: &Shape) -> (&'static str, &'static [&'static str]) {
    match shape {
        Shape::Elements { syntax: Syntax::Json, path, .. } => ("json", path),
        Shape::Elements { syntax: Syntax::Xml, path, .. } => ("xml", path),
        Shape::CommaRows { .. } => ("csv", &[]),
        _ => ("tsv", &[]),
    }
}
