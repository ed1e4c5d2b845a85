//! What became of every record, said once.
//!
//! A failure is logged when it happens, with the product, the phase, the field and Plytix's own words,
//! and never with a value. The rest is counted, and the counts are said at the end. Where a run has a
//! folder, everything is written there as it happens, and the files that people or other programs want
//! are made of that ([`outcome`], [`page`], [`hotglue`]).

pub mod digest;
pub mod hotglue;
mod line;
pub mod outcome;
pub mod page;
mod totals;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api_client::Count;
use serde::Serialize;

pub use line::{FieldChange, Line, RecordLine, Status};
pub use totals::{Tally, Totals};

use crate::phase::Phase;
use crate::run::{Lines, RunDir};
use crate::wanted::{Note, Wanted};

/// The report of one run.
#[derive(Debug, Default)]
pub struct Report {
    totals: Mutex<Totals>,
    run: Option<RunDir>,
}

/// A line of `products.jsonl`.
#[derive(Serialize)]
struct Known<'a> {
    sku: &'a str,
    id: &'a str,
}

/// A line of `matches.jsonl`: which of the seller's own products was found.
#[derive(Debug, Serialize)]
pub struct MatchLine<'a> {
    /// The product.
    pub sku: &'a str,
    /// SKUs of the seller's own products that were found: none, one, or those that it may be.
    pub own: &'a [String],
    /// The rule that found them.
    pub by: &'a str,
}

impl Report {
    /// A report that is written to the folder of a run too.
    #[must_use]
    pub fn to(run: RunDir) -> Self {
        Self { totals: Mutex::default(), run: Some(run) }
    }

    /// The folder of the run, if it has one.
    #[must_use]
    pub fn run(&self) -> Option<&RunDir> {
        self.run.as_ref()
    }

    /// What became of everything so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        *self.lock()
    }

    /// Counts something.
    pub fn count(&self, count: impl FnOnce(&mut Totals)) {
        count(&mut self.lock());
    }

    /// Notes a product that was written or needed nothing.
    pub fn product(&self, line: &Line, records: usize) {
        self.lock().product(line.status, records);
        self.write(line);
        if let (Some(id), Some(run)) = (&line.id, &self.run) {
            append(&run.products, &Known { sku: &line.sku, id });
        }
    }

    /// Notes something that was done in a later phase.
    pub fn done(&self, line: &Line) {
        self.write(line);
    }

    /// Notes which of the seller's own products were found.
    pub fn matched(&self, line: &MatchLine<'_>) {
        if let Some(run) = &self.run {
            append(&run.matches, line);
        }
    }

    /// Notes and logs a product that could not be written. The reason says in which phase.
    pub fn failed(&self, wanted: &Wanted, reason: &dyn std::error::Error) {
        self.lock().product(Status::Failed, wanted.records);
        let line = Line::new(&wanted.sku, Phase::Products, Status::Failed).records(&wanted.notes);
        self.failure(&Line { error: Some(chain(reason)), ..line });
    }

    /// Notes and logs what could not be done for a product that exists.
    pub fn undone(&self, sku: &str, phase: Phase, reason: &dyn std::error::Error) {
        self.lock().failure(phase);
        let line = Line::new(sku, phase, Status::Failed);
        self.failure(&Line { error: Some(chain(reason)), ..line });
    }

    /// Notes and logs a record that could not become a product.
    pub fn unmapped(&self, note: &Note, reason: &dyn std::error::Error) {
        self.lock().unmapped += 1;
        let error = chain(reason);
        tracing::warn!("{}: line {}: {error}", note.stream, note.line);
        let line = Line {
            phase: None,
            error: Some(error),
            ..Line::new("", Phase::Products, Status::Failed)
        };
        self.write(&line.records(std::slice::from_ref(note)));
    }

    /// Notes a record that the mapping passes over.
    pub fn skipped(&self) {
        self.lock().skipped += 1;
    }

    /// Logs a failure and writes it where failures are looked for.
    fn failure(&self, line: &Line) {
        let error = line.error.as_deref().unwrap_or_default();
        tracing::warn!("{}: {error}", line.sku);
        self.write(line);
        if let Some(run) = &self.run {
            append(&run.failures, line);
        }
    }

    fn write(&self, line: &Line) {
        if let Some(run) = &self.run {
            append(&run.results, line);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Totals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Appends a line to a file of the run. The work goes on without it: the file is for reading afterwards,
/// and what it spares is a look at Plytix.
fn append(lines: &Lines, line: &impl Serialize) {
    if let Err(error) = lines.write(line) {
        tracing::warn!("run_dir: cannot be written: {error}; the report of this run has a gap");
    }
}

/// Logs how many requests a run took.
pub fn say_requests(requests: &[(&'static str, Count)]) {
    let calls: u64 = requests.iter().map(|(_, count)| count.calls).sum();
    let throttled: u64 = requests.iter().map(|(_, count)| count.throttled).sum();
    let waited: Duration = requests.iter().map(|(_, count)| count.waited).sum();
    let each = requests.iter().map(|(name, count)| format!("{} {name}", count.calls));
    let each: Vec<String> = each.collect();
    tracing::info!(
        "requests: {calls} ({}); {throttled} came too early, {:.1} s of waiting",
        each.join(", "),
        waited.as_secs_f64(),
    );
    for (operation, count) in requests {
        let tags = [("endpoint", (*operation).into())];
        singer::metric::counter("http_request_count", count.calls, &tags);
    }
}

/// A failure with its causes, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_counted_once() {
        let report = Report::default();
        let note =
            Note { stream: "s".into(), line: 7, hash: None, external_id: None, custom: None };
        let line = |status| Line::new("S", Phase::Products, status);
        report.product(&line(Status::Created), 3);
        report.product(&line(Status::Unchanged), 1);
        let wanted = Wanted { sku: "S".into(), records: 2, ..Wanted::default() };
        report.failed(&wanted, &std::io::Error::other("x"));
        report.unmapped(&note, &std::io::Error::other("x"));
        report.skipped();
        let totals = report.totals();
        assert_eq!(
            totals.failures().unwrap(),
            "1 products could not be written, 1 records could not become products"
        );
        assert_eq!(Totals::default().failures(), None);
        assert_eq!(totals.by_status().map(|(_, records)| records), [3, 0, 1, 3, 1]);
        assert_eq!(
            totals.to_string(),
            "products: 1 created, 0 updated, 1 unchanged, 1 failed; made of 6 records; 1 records without a product, 1 passed over"
        );
    }
}
