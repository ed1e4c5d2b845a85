//! How a run is going, stream by stream: counted while it goes, said when it ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;

use crate::marketplace::Region;

/// What became of the windows of one report in one unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Windows that this run found due.
    pub due: u64,
    /// Windows whose report Amazon has accepted.
    pub asked: u64,
    /// Windows whose report Amazon is making at this moment.
    pub waiting: u64,
    /// Windows whose report is made, and whose document is being loaded or stands in line for it.
    pub loading: u64,
    /// Windows whose document is out.
    pub done: u64,
    /// Windows for which Amazon has no data.
    pub empty: u64,
    /// Windows that are asked for again in the next run, because Amazon has no whole data yet.
    pub open: u64,
    /// Windows that failed; the next run asks for them again, too.
    pub failed: u64,
    /// Rows of documents.
    pub rows: u64,
}

impl Tally {
    /// Windows that have come to an end in this run.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.done + self.empty + self.open + self.failed
    }

    /// Windows for which nobody has a report yet.
    #[must_use]
    pub fn unasked(&self) -> u64 {
        self.due.saturating_sub(self.ended() + self.waiting + self.loading)
    }

    /// Windows whose documents are still to be loaded.
    #[must_use]
    pub fn unloaded(&self) -> u64 {
        self.due.saturating_sub(self.ended())
    }

    /// Adds another tally to this one.
    pub fn add(&mut self, other: &Self) {
        self.due += other.due;
        self.asked += other.asked;
        self.waiting += other.waiting;
        self.loading += other.loading;
        self.done += other.done;
        self.empty += other.empty;
        self.open += other.open;
        self.failed += other.failed;
        self.rows += other.rows;
    }
}

/// The tally of one report in one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The region to which the unit belongs.
    pub region: Region,
    /// The streams that the report feeds.
    pub streams: String,
    /// The marketplace's country, or the region.
    pub unit: &'static str,
    /// What became of its windows.
    pub tally: Tally,
}

/// What tells entries apart: the region, the streams and the unit.
type Key = (Region, String, &'static str);

/// The tallies of a run.
#[derive(Debug, Clone, Default)]
pub struct Board {
    lanes: Arc<Mutex<IndexMap<Key, Tally>>>,
}

impl Board {
    /// Changes a lane's tally.
    pub fn change(
        &self,
        region: Region,
        streams: &str,
        unit: &'static str,
        change: impl FnOnce(&mut Tally),
    ) {
        change(self.lock().entry((region, streams.to_owned(), unit)).or_default());
    }

    /// All tallies, in the order in which their lanes came.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let lanes = self.lock();
        let entry = |((region, streams, unit), tally): (&Key, &Tally)| Entry {
            region: *region,
            streams: streams.clone(),
            unit,
            tally: *tally,
        };
        lanes.iter().map(entry).collect()
    }

    /// The tallies of all units together, by streams.
    #[must_use]
    pub fn streams(&self) -> BTreeMap<String, Tally> {
        let mut streams: BTreeMap<String, Tally> = BTreeMap::new();
        for ((_, name, _), tally) in &*self.lock() {
            streams.entry(name.clone()).or_default().add(tally);
        }
        streams
    }

    fn lock(&self) -> MutexGuard<'_, IndexMap<Key, Tally>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_a_stream_are_summed() {
        let board = Board::default();
        board.change(Region::Na, "orders", "na", |tally| tally.due = 3);
        board.change(Region::Eu, "orders", "eu", |tally| (tally.due, tally.failed) = (2, 1));
        board.change(Region::Na, "sales", "US", |tally| tally.done = 1);
        let orders = board.streams()["orders"];
        assert_eq!(orders, Tally { due: 5, failed: 1, ..Tally::default() });
        assert_eq!(board.entries().len(), 3);
    }
}
