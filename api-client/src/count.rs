//! Counting calls, for a summary at the end of a run.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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

    /// All counts, in the order of the operations' names.
    pub(crate) fn all(&self) -> Vec<(&'static str, Count)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(name, count)| (*name, *count)).collect()
    }
}
