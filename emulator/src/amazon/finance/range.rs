//! The range of time that a list of money covers, and its pages.

use super::ledger::{Entry, Ledger};
use crate::amazon::error::Refusal;
use crate::amazon::page::Cursor;
use crate::amazon::query::Query;
use chrono::{DateTime, TimeDelta, Utc};

/// What is younger cannot be asked for.
const YOUNGEST: TimeDelta = TimeDelta::minutes(2);

/// A longer range has an empty answer.
const LONGEST: TimeDelta = TimeDelta::days(180);

/// Seconds of an hour.
const HOUR: i64 = 3600;

/// The second page of a list, and every fifth after it, is empty: Amazon's models say that this can
/// happen, not when.
const EMPTY: u64 = 2;

/// What was posted at or after `start` and before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
}

impl Range {
    /// The range that the parameters `after` and `before` of `query` give, at `now`; none without
    /// `after`.
    pub(super) fn of(
        query: &Query,
        (after, before): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, Refusal> {
        let newest = now - YOUNGEST;
        let end = query.moment(before)?;
        let Some(start) = query.moment(after)? else { return Ok(None) };
        for (name, moment) in [(after, Some(start)), (before, end)] {
            if moment.is_some_and(|it| it > newest) {
                let details = format!("{name} must be more than two minutes in the past.");
                return Err(Refusal::invalid(details));
            }
        }
        let end = end.unwrap_or(newest);
        if end <= start {
            return Err(Refusal::invalid(format!("{before} must be later than {after}.")));
        }
        Ok(Some(Self { start, end }))
    }

    /// Whether it is too long for an answer.
    pub(super) fn is_too_long(self) -> bool {
        self.end - self.start > LONGEST
    }

    /// Where its first page begins.
    pub(super) fn first(self) -> Cursor {
        let place = u64::try_from(self.start.timestamp().div_euclid(HOUR)).unwrap_or(0);
        Cursor { place, within: 0, page: 1, until: self.end }
    }

    /// The events of the page at `cursor` that `wants` keeps, at most `most`, and where the next
    /// page begins.
    ///
    /// A page that is full has a next one, even if nothing is left for it.
    pub(super) fn page(
        self,
        ledger: Ledger,
        cursor: Cursor,
        most: usize,
        wants: impl Fn(&Entry) -> bool,
    ) -> (Vec<Entry>, Option<Cursor>) {
        if cursor.page % 5 == EMPTY {
            return (Vec::new(), Some(Cursor { page: cursor.page + 1, ..cursor }));
        }
        let mut entries: Vec<Entry> = Vec::new();
        let (mut place, mut within) = (cursor.place, cursor.within);
        while let Some(hour) = hour(place).filter(|hour| *hour < cursor.until) {
            let posted = ledger.hour(hour);
            let skipped = usize::try_from(within).unwrap_or(usize::MAX);
            for entry in posted.into_iter().skip(skipped) {
                if entries.len() == most {
                    let next = Cursor { place, within, page: cursor.page + 1, ..cursor };
                    return (entries, Some(next));
                }
                within += 1;
                if (self.start..cursor.until).contains(&entry.posted) && wants(&entry) {
                    entries.push(entry);
                }
            }
            (place, within) = (place + 1, 0);
        }
        (entries, None)
    }
}

/// The beginning of the hour with the number `place`.
fn hour(place: u64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(i64::try_from(place).ok()?.checked_mul(HOUR)?, 0)
}
