//! How a run is going, while it goes: for a person a live view on the terminal, for everybody else a
//! line in the log now and then, and points of metrics.
//!
//! It only looks: at the board, at the records written and at the limits of the regions' clients. It
//! never waits for the writer, which a slow target holds up for as long as it likes.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use serde_json::Value;
use singer::metric;

use super::tally::{Board, Entry, Tally};
use crate::api::{Api, CREATE_REPORT, GET_REPORT_DOCUMENT};
use crate::forecast::spelled;
use crate::marketplace::Region;
use crate::writer::Counts;

/// How often the log gets a line.
pub(super) const LINE: Duration = Duration::from_mins(1);

/// How often a live view is drawn anew.
pub(super) const FRAME: Duration = Duration::from_millis(500);

/// Who waits longest for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Left {
    /// How long it takes at least.
    pub(super) time: Duration,
    /// The operation whose calls take so long.
    pub(super) operation: &'static str,
    /// Where.
    pub(super) region: Region,
}

/// A moment of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// How far each report is in each unit.
    pub(super) entries: Vec<Entry>,
    /// By the arithmetic of the quotas; nothing once everything is asked for and loaded.
    pub(super) left: Option<Left>,
}

impl Moment {
    /// All tallies together.
    fn sum(&self) -> Tally {
        let mut sum = Tally::default();
        for entry in &self.entries {
            sum.add(&entry.tally);
        }
        sum
    }

    /// Everything on one line, without details by unit.
    pub(super) fn line(&self) -> String {
        let sum = self.sum();
        format!("reports: {} of {}{}{}", sum.ended(), sum.due, details(&sum), self.time())
    }

    /// One line for all reports, and one for each report and unit that has anything due.
    pub(super) fn lines(&self) -> Vec<String> {
        let shown: Vec<_> = self.entries.iter().filter(|entry| entry.tally.due > 0).collect();
        let names: Vec<_> =
            shown.iter().map(|entry| format!("{} {}", entry.unit, entry.streams)).collect();
        let width = names.iter().map(String::len).max().unwrap_or_default();
        let line = |(entry, name): (&&Entry, &String)| {
            let tally = &entry.tally;
            format!("{name:<width$}  {:>4} of {:>4}{}", tally.ended(), tally.due, details(tally))
        };
        let all = std::iter::once(self.line());
        all.chain(shown.iter().zip(&names).map(line)).collect()
    }

    /// The time that is left, if that can be told.
    fn time(&self) -> String {
        self.left.map_or_else(String::new, |left| {
            let Left { time, operation, region } = left;
            format!("; at least {} left ({operation} in {region})", spelled(time))
        })
    }
}

/// What is to be said of a tally beside its total; nothing of what there is none of.
fn details(tally: &Tally) -> String {
    let counts = [
        (tally.empty, "empty"),
        (tally.open, "open"),
        (tally.failed, "failed"),
        (tally.loading, "loading"),
        (tally.waiting, "waiting"),
        (tally.unasked(), "to ask for"),
        (tally.rows, "rows"),
    ];
    let some = counts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<_> = some.map(|(count, what)| format!(", {count} {what}")).collect();
    said.concat()
}

/// Looks at a run.
pub(super) struct Progress {
    pub(super) board: Board,
    pub(super) apis: Vec<Api>,
}

impl Progress {
    /// How far everything is now.
    pub(super) fn moment(&self) -> Moment {
        let entries = self.board.entries();
        let left = self.apis.iter().filter_map(|api| left(api, &entries)).max();
        Moment { entries, left }
    }

    /// Hands on how far everything is, every interval from now on.
    pub(super) async fn watch(
        &self,
        interval: Duration,
        mut say: impl FnMut(Moment),
    ) -> Infallible {
        loop {
            tokio::time::sleep(interval).await;
            say(self.moment());
        }
    }
}

/// How long a region still takes, as far as its scarce operations go.
fn left(api: &Api, entries: &[Entry]) -> Option<Left> {
    let own = || entries.iter().filter(|entry| entry.region == api.region).map(|it| &it.tally);
    let demands = [
        (&CREATE_REPORT, own().map(Tally::unasked).sum::<u64>()),
        (&GET_REPORT_DOCUMENT, own().map(Tally::unloaded).sum()),
    ];
    let some = demands.into_iter().filter(|(_, calls)| *calls > 0);
    let left = some.map(|(operation, calls)| Left {
        time: api.time_for(operation, calls),
        operation: operation.name,
        region: api.region,
    });
    left.max()
}

/// Says in points how many records came since it last did.
pub(super) struct RecordPoints {
    counts: Counts,
    said: HashMap<&'static str, u64>,
}

impl RecordPoints {
    /// Starts with nothing said.
    pub(super) fn new(counts: Counts) -> Self {
        Self { counts, said: HashMap::new() }
    }

    /// Says it, of the streams of which any came.
    pub(super) fn say(&mut self) {
        for (stream, total) in self.counts.all() {
            let said = self.said.entry(stream).or_default();
            let more = total.saturating_sub(std::mem::replace(said, total));
            if more > 0 {
                metric::counter("record_count", more, &[("stream", Value::from(stream))]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
