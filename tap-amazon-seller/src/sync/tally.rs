//! How a run is going, stream by stream: counted while it goes, said when it ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;

/// What became of the windows of one report in one unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Windows that this run found due.
    pub due: u64,
    /// Windows whose report Amazon has accepted.
    pub asked: u64,
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

    fn add(&mut self, other: &Self) {
        self.due += other.due;
        self.asked += other.asked;
        self.done += other.done;
        self.empty += other.empty;
        self.open += other.open;
        self.failed += other.failed;
        self.rows += other.rows;
    }
}

/// The tallies of all lanes by their names: the streams, and the marketplace or region.
#[derive(Debug, Clone, Default)]
pub struct Board {
    lanes: Arc<Mutex<IndexMap<(String, &'static str), Tally>>>,
}

impl Board {
    /// Changes a lane's tally.
    pub fn change(&self, streams: &str, unit: &'static str, change: impl FnOnce(&mut Tally)) {
        change(self.lock().entry((streams.to_owned(), unit)).or_default());
    }

    /// All tallies, in the order in which their lanes came.
    #[must_use]
    pub fn lanes(&self) -> Vec<(String, &'static str, Tally)> {
        let lanes = self.lock();
        lanes.iter().map(|((streams, unit), tally)| (streams.clone(), *unit, *tally)).collect()
    }

    /// The tallies of all units together, by streams.
    #[must_use]
    pub fn streams(&self) -> BTreeMap<String, Tally> {
        let mut streams: BTreeMap<String, Tally> = BTreeMap::new();
        for ((name, _), tally) in &*self.lock() {
            streams.entry(name.clone()).or_default().add(tally);
        }
        streams
    }

    fn lock(&self) -> MutexGuard<'_, IndexMap<(String, &'static str), Tally>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_a_stream_are_summed() {
        let board = Board::default();
        board.change("orders", "na", |tally| tally.due = 3);
        board.change("orders", "eu", |tally| (tally.due, tally.failed) = (2, 1));
        board.change("sales", "US", |tally| tally.done = 1);
        let orders = board.streams()["orders"];
        assert_eq!(orders, Tally { due: 5, failed: 1, ..Tally::default() });
        assert_eq!(board.lanes().len(), 3);
    }
}
