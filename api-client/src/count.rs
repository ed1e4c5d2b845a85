//! Counting calls and those who wait, for a view of a run and a summary at its end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What was asked of one operation so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Requests sent, repeated ones included: what the API counts against its limits.
    pub calls: u64,
    /// Requests answered with 429.
    pub throttled: u64,
    /// Requests that repeated an earlier one, for whatever reason.
    pub retries: u64,
    /// Time spent waiting for a place, for the gate, and between attempts, added up over all
    /// callers; more than a clock on the wall shows when several wait at once.
    pub waited: Duration,
    /// Callers that are waiting in one of these ways right now.
    pub waiting: u64,
}

/// The counts of a client, by operation.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<BTreeMap<&'static str, Count>>);

impl Counts {
    /// Changes the count of one operation.
    pub(crate) fn change(&self, operation: &'static str, change: impl FnOnce(&mut Count)) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(counts.entry(operation).or_default());
    }

    /// Counts a caller as waiting until the guard is dropped, and then the time that it waited.
    pub(crate) fn waiting(&self, operation: &'static str) -> Waiting<'_> {
        self.change(operation, |count| count.waiting += 1);
        Waiting { counts: self, operation, since: Instant::now() }
    }

    /// All counts, in the order of the operations' names.
    pub(crate) fn all(&self) -> Vec<(&'static str, Count)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(name, count)| (*name, *count)).collect()
    }
}

/// A caller that waits, also one that goes away while it does.
#[must_use]
#[derive(Debug)]
pub(crate) struct Waiting<'c> {
    counts: &'c Counts,
    operation: &'static str,
    since: Instant,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.counts.change(self.operation, |count| {
            count.waiting = count.waiting.saturating_sub(1);
            count.waited += self.since.elapsed();
        });
    }
}
