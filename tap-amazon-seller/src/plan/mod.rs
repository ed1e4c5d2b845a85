//! Which windows of a stream are due.
//!
//! Pure arithmetic: nothing here calls, waits or reads a clock.
//!
//! ```text
//!            bookmark     bookmark + longest                      run's clock
//!  ────────────┼──────────────────┼──────────────────┼────────────────┼──▶ time
//!  windows     [══════════════════)[═════════════════)[═══════════)   │
//!  by time                                                        └ settled: two minutes before it
//!
//!  days      [══)[══)[══)[══)[══)[══)[══)[══)[══)[══)                 yesterday is the last whole day
//!            └ lookback ─┘└ bookmark                                   in the marketplace's own time zone
//! ```
//!
//! Windows have no gaps between them but what is out already. Reports that were asked for and not loaded
//! keep the windows that they were asked with.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::bookmark::{Reading, Until};
use crate::extent::Extent;
use crate::settling::LATEST;
use crate::streams::Period;

/// What happened in the last moments may not be in a report yet. Amazon's own order search refuses to
/// look closer than this.
const SETTLING: TimeDelta = TimeDelta::minutes(2);

/// The time that one report covers. As text: `present`, a day, or two times with a slash between them, as
/// ISO 8601 writes an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Window {
    /// The present, as it is when Amazon looks.
    Present,
    /// From the first time, inclusive, to the second, exclusive.
    Times(DateTime<Utc>, DateTime<Utc>),
    /// One day of the marketplace, in its own time zone.
    Day(NaiveDate),
}

impl Window {
    /// What is out when the window is; nothing for the present, which is never out.
    #[must_use]
    pub fn range(&self) -> Option<Range<Until>> {
        match self {
            Self::Present => None,
            Self::Times(from, until) => Some(Until::Time(*from)..Until::Time(*until)),
            Self::Day(day) => {
                day.checked_add_days(Days::new(1)).map(|next| Until::Day(*day)..Until::Day(next))
            }
        }
    }
}

/// A time in seconds, as it stands in requests.
fn text(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        match window {
            Window::Present => "present".to_owned(),
            Window::Times(from, until) => format!("{}/{}", text(&from), text(&until)),
            Window::Day(day) => day.to_string(),
        }
    }
}

impl TryFrom<String> for Window {
    type Error = chrono::ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.split_once('/') {
            Some((from, until)) => Ok(Self::Times(from.parse()?, until.parse()?)),
            None if text == "present" => Ok(Self::Present),
            None => Ok(Self::Day(text.parse()?)),
        }
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Present => formatter.write_str("now"),
            Self::Times(from, until) => write!(formatter, "{} to {}", text(from), text(until)),
            Self::Day(day) => write!(formatter, "{day}"),
        }
    }
}

/// The bounds of a run.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Where a stream without a bookmark begins.
    pub start: DateTime<Utc>,
    /// Before this nothing is extracted, whatever a bookmark says: the start, if the user named it.
    pub earliest: Option<DateTime<Utc>>,
    /// Where every stream stops, exclusive.
    pub end: Option<DateTime<Utc>>,
    /// When the run started.
    pub now: DateTime<Utc>,
}

impl Bounds {
    /// Where the oldest window may begin: Amazon keeps its data for a time, and the user may want less.
    pub(crate) fn oldest(&self, retention: TimeDelta) -> DateTime<Utc> {
        let kept = self.now - retention;
        self.earliest.map_or(kept, |earliest| earliest.max(kept))
    }

    /// The end of what can be extracted by time.
    pub(crate) fn settled(&self) -> DateTime<Utc> {
        let settled = (self.now - SETTLING).trunc_subsecs(0);
        self.end.map_or(settled, |end| end.min(settled))
    }

    /// The last day of a marketplace that is over, exclusive.
    pub(crate) fn today(&self, zone: Tz) -> NaiveDate {
        self.settled().with_timezone(&zone).date_naive()
    }
}

/// Windows that are due, in the order in which they are to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What lies before this is out or not wanted.
    pub origin: Until,
    /// The windows.
    pub windows: Vec<Window>,
}

/// How long times are that matter to windows.
#[derive(Debug, Clone, Copy)]
pub struct Lengths {
    /// How far before the bookmark windows are read again.
    pub lookback: TimeDelta,
    /// The longest window that Amazon accepts; at least two days where windows end at midnight.
    pub longest: TimeDelta,
    /// How far back Amazon has data.
    pub retention: TimeDelta,
}

/// Where windows may begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// At any moment.
    Moments,
    /// At the midnights of a time zone.
    Midnights(Tz),
    /// At the midnights of UTC. A day is due when it has been over for so long.
    Days {
        /// How long.
        late: TimeDelta,
    },
    /// At the midnights of UTC at which periods begin. A period is due when its figures have had their
    /// time to come in; see [`LATEST`].
    Periods(Period),
}

impl Grid {
    /// The last point of the grid that is not after a time.
    fn floor(self, time: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Moments => time,
            Self::Midnights(zone) => midnight(time, zone),
            Self::Days { .. } => midnight(time, Tz::UTC),
            Self::Periods(period) => {
                period.first_day(time.date_naive()).and_time(NaiveTime::MIN).and_utc()
            }
        }
    }

    /// The end of what can be extracted.
    fn settled(self, bounds: Bounds) -> DateTime<Utc> {
        match self {
            Self::Moments | Self::Midnights(_) => self.floor(bounds.settled()),
            Self::Days { late } => self.floor(bounds.settled().min(bounds.now - late)),
            Self::Periods(_) => self.floor(bounds.settled().min(bounds.now - LATEST)),
        }
    }
}

/// The windows that are due, oldest first.
///
/// `extent` is what is out, in times. A start that the user named and that is later than the bookmark
/// wins, as everywhere in Singer, and so it does over the lookback. What Amazon no longer has is not
/// asked for. Windows begin and end on the points of a `grid`. `pending` are windows that
/// were asked for already; they are taken as they are, and the others fill the time between them.
#[must_use]
pub fn windows(
    bounds: Bounds,
    extent: &Extent,
    lengths: Lengths,
    grid: Grid,
    pending: &[Range<DateTime<Utc>>],
) -> Due {
    let floor = |time| grid.floor(time);
    let oldest = floor(bounds.oldest(lengths.retention));
    let until = if let Some(Until::Time(until)) = extent.until() { Some(until) } else { None };
    let origin = floor(until.unwrap_or(bounds.start)).max(oldest);
    let from = until.map_or(origin, |_| floor(origin - lengths.lookback)).max(oldest);
    let settled = grid.settled(bounds);
    // Only what lies beyond the bookmark is out for good, but for the last of it: the lookback is read
    // again before the bookmark, and before the end of what is out, should a hole stay open for long.
    let last = if let Some(Until::Time(last)) = last(extent) { last } else { settled };
    let again = floor(last - lengths.lookback);
    let kept = |range: &Range<Until>| range.start..range.end.min(Until::Time(again));
    let again = Extent::new(None, extent.beyond().iter().map(kept));
    let mut pending = pending.to_vec();
    pending.sort_unstable_by_key(|window| window.start);
    let mut windows = Vec::new();
    for gap in again.gaps(Until::Time(from)..Until::Time(settled)) {
        let (Until::Time(mut at), Until::Time(end)) = (gap.start, gap.end) else { continue };
        for known in pending.iter().filter(|known| known.start < end) {
            if known.end > at {
                cut(&mut windows, at..known.start, lengths.longest, floor);
                windows.push(Window::Times(known.start, known.end));
                at = known.end;
            }
        }
        cut(&mut windows, at..end, lengths.longest, floor);
    }
    Due { origin: Until::Time(origin), windows }
}

/// The end of everything that is out, whatever holes there are before it.
fn last(extent: &Extent) -> Option<Until> {
    extent.beyond().last().map(|range| range.end).or(extent.until())
}

/// How much less far than Amazon allows a list is looked through: it refuses what is too old by a second,
/// and the call may have to wait.
const MARGIN: TimeDelta = TimeDelta::hours(1);

/// The time in which reports were made that Amazon has made by itself, as one window: as far back as it
/// lists them, unless the user named a start. Which of them are out is not a matter of time.
#[must_use]
pub fn listed(bounds: Bounds, retention: TimeDelta) -> Due {
    let since = bounds.oldest(retention - MARGIN).trunc_subsecs(0);
    let until = bounds.settled();
    let windows = if since < until { vec![Window::Times(since, until)] } else { Vec::new() };
    Due { origin: Until::Time(since), windows }
}

/// The last midnight of a time zone that is not after a time. Where the clocks skip midnight, UTC's
/// is taken for it, which is hours off at most.
fn midnight(time: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let day = time.with_timezone(&zone).date_naive().and_time(NaiveTime::MIN);
    let local = day.and_local_timezone(zone).earliest();
    local.map_or(day.and_utc(), |midnight| midnight.with_timezone(&Utc)).min(time)
}

/// Cuts a range into windows of at most `longest`, which end where `floor` puts them.
fn cut(
    windows: &mut Vec<Window>,
    range: Range<DateTime<Utc>>,
    longest: TimeDelta,
    floor: impl Fn(DateTime<Utc>) -> DateTime<Utc>,
) {
    let mut from = range.start;
    while from < range.end {
        let longest = from + longest;
        let until = Some(floor(longest)).filter(|until| *until > from).unwrap_or(longest);
        let until = until.min(range.end);
        windows.push(Window::Times(from, until));
        from = until;
    }
}

/// The days of a marketplace that are due, newest first.
///
/// `extent` is what is out, in days. Days that are out and not settled are due again: those among
/// `readings` that have one, and where nobody has noted any, the last `lookback_days` before the
/// bookmark and before the end of what is out.
#[must_use]
pub fn days(
    bounds: Bounds,
    extent: &Extent,
    readings: Option<&BTreeMap<NaiveDate, Option<Reading>>>,
    lookback_days: u32,
    retention: TimeDelta,
    zone: Tz,
) -> Due {
    let today = bounds.today(zone);
    let oldest = bounds.oldest(retention).with_timezone(&zone).date_naive();
    let until = if let Some(Until::Day(until)) = extent.until() { Some(until) } else { None };
    let start = || bounds.start.with_timezone(&zone).date_naive();
    let origin = until.unwrap_or_else(start).max(oldest);
    let range = |day: &NaiveDate| Window::Day(*day).range();
    let mut due: BTreeSet<NaiveDate> = origin
        .iter_days()
        .take_while(|day| *day < today)
        .filter(|day| range(day).is_some_and(|range| !extent.holds(&range)))
        .collect();
    if lookback_days > 0 {
        let unsettled =
            |(day, reading): (&NaiveDate, &Option<Reading>)| reading.is_some().then_some(*day);
        match (readings, until) {
            (Some(readings), _) => due.extend(readings.iter().filter_map(unsettled)),
            (None, Some(until)) => {
                let last = if let Some(Until::Day(last)) = last(extent) { last } else { until };
                for until in [until.min(today), last.min(today)] {
                    let from = until.checked_sub_days(Days::new(lookback_days.into()));
                    due.extend(from.unwrap_or(until).iter_days().take_while(|day| *day < until));
                }
            }
            (None, None) => {}
        }
    }
    due.retain(|day| (oldest..today).contains(day));
    Due { origin: Until::Day(origin), windows: due.into_iter().rev().map(Window::Day).collect() }
}

#[cfg(test)]
mod tests;
