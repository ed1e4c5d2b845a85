//! What became of every record, said once.
//!
//! A failure is logged when it happens, with the product, the phase, the field and Plytix's own words,
//! and never with a value. The rest is counted, and the counts are said at the end.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api_client::Count;

/// What became of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was not there, and is now.
    Created,
    /// It was there and something of it was written.
    Updated,
    /// It was there as its records want it.
    Unchanged,
    /// It could not be written.
    Failed,
}

/// Products and the records that they were made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Products.
    pub products: u64,
    /// Records.
    pub records: u64,
}

/// What became of everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Products that were created.
    pub created: Tally,
    /// Products that were changed.
    pub updated: Tally,
    /// Products that needed nothing.
    pub unchanged: Tally,
    /// Products that could not be written.
    pub failed: Tally,
    /// Products that exist, counted above, whose family could not be assigned.
    pub without_family: u64,
    /// Records that could not become products.
    pub unmapped: u64,
    /// Records that the mapping passes over.
    pub skipped: u64,
}

/// The report of one run.
#[derive(Debug, Default)]
pub struct Report(Mutex<Totals>);

impl Report {
    /// What became of everything so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        *self.lock()
    }

    /// Notes a product that was written or needed nothing.
    pub fn product(&self, status: Status, records: usize) {
        let mut totals = self.lock();
        let tally = match status {
            Status::Created => &mut totals.created,
            Status::Updated => &mut totals.updated,
            Status::Unchanged => &mut totals.unchanged,
            Status::Failed => &mut totals.failed,
        };
        tally.products += 1;
        tally.records += u64::try_from(records).unwrap_or(u64::MAX);
    }

    /// Notes and logs a product that could not be written. The reason says in which phase.
    pub fn failed(&self, sku: &str, records: usize, reason: &dyn std::error::Error) {
        self.product(Status::Failed, records);
        tracing::warn!("{sku}: {}", chain(reason));
    }

    /// Notes and logs a product that exists and whose family could not be assigned.
    pub fn without_family(&self, sku: &str, reason: &dyn std::error::Error) {
        self.lock().without_family += 1;
        tracing::warn!("{sku}: {}", chain(reason));
    }

    /// Notes and logs a record that could not become a product: the one with this number of its stream,
    /// counted from 1.
    pub fn unmapped(&self, stream: &str, number: u64, reason: &dyn std::error::Error) {
        self.lock().unmapped += 1;
        tracing::warn!("{stream}: record {number}: {}", chain(reason));
    }

    /// Notes a record that the mapping passes over.
    pub fn skipped(&self) {
        self.lock().skipped += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Totals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Totals {
    /// What is not as it should be, on one line; nothing if all is well.
    #[must_use]
    pub fn failures(&self) -> Option<String> {
        let Self { failed, without_family, unmapped, .. } = self;
        let failures = [
            (failed.products, "products could not be written"),
            (*without_family, "products are without their family"),
            (*unmapped, "records could not become products"),
        ];
        let said = failures.iter().filter(|(count, _)| *count > 0);
        let said: Vec<String> = said.map(|(count, what)| format!("{count} {what}")).collect();
        Some(said.join(", ")).filter(|text| !text.is_empty())
    }

    /// Logs the counts.
    pub fn say(&self) {
        tracing::info!("{self}");
        for (status, records) in self.by_status().into_iter().filter(|(_, records)| *records > 0) {
            singer::metric::counter("record_count", records, &[("status", status.into())]);
        }
    }

    /// Records by what became of them.
    fn by_status(&self) -> [(&'static str, u64); 5] {
        [
            ("created", self.created.records),
            ("updated", self.updated.records),
            ("unchanged", self.unchanged.records),
            ("failed", self.failed.records + self.unmapped),
            ("skipped", self.skipped),
        ]
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { created, updated, unchanged, failed, unmapped, skipped, .. } = self;
        let records = created.records + updated.records + unchanged.records + failed.records;
        write!(
            formatter,
            "products: {} created, {} updated, {} unchanged, {} failed; made of {records} records; {unmapped} records without a product, {skipped} passed over",
            created.products, updated.products, unchanged.products, failed.products,
        )
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
fn chain(error: &dyn std::error::Error) -> String {
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
        report.product(Status::Created, 3);
        report.product(Status::Unchanged, 1);
        report.failed("S", 2, &std::io::Error::other("x"));
        report.unmapped("s", 7, &std::io::Error::other("x"));
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
