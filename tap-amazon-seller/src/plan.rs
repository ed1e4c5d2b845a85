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
//! Windows have no gaps between them. A bookmark moves to the end of the longest run of windows, from
//! the first on, that Amazon has finished: what finished beyond a hole is noted when the hole is filled.

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::bookmark::Until;

/// What happened in the last moments may not be in a report yet. Amazon's own order search refuses to
/// look closer than this.
const SETTLING: TimeDelta = TimeDelta::minutes(2);

/// The time that one report covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The present, as it is when Amazon looks.
    Present,
    /// From the first time, inclusive, to the second, exclusive.
    Times(DateTime<Utc>, DateTime<Utc>),
    /// One day of the marketplace, in its own time zone.
    Day(NaiveDate),
}

impl Window {
    /// Everything before this is out when the window is.
    #[must_use]
    pub fn end(&self) -> Option<Until> {
        match self {
            Self::Present => None,
            Self::Times(_, end) => Some(Until::Time(*end)),
            Self::Day(day) => day.checked_add_days(Days::new(1)).map(Until::Day),
        }
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Present => formatter.write_str("now"),
            Self::Times(from, until) => {
                let text = |time: &DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
                write!(formatter, "{} to {}", text(from), text(until))
            }
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
    fn oldest(&self, retention: TimeDelta) -> DateTime<Utc> {
        let kept = self.now - retention;
        self.earliest.map_or(kept, |earliest| earliest.max(kept))
    }

    /// The end of what can be extracted by time.
    fn settled(&self) -> DateTime<Utc> {
        let settled = (self.now - SETTLING).trunc_subsecs(0);
        self.end.map_or(settled, |end| end.min(settled))
    }

    /// The last day of a marketplace that is over, exclusive.
    fn today(&self, zone: Tz) -> NaiveDate {
        let end = self.end.map_or(self.now, |end| end.min(self.now));
        end.with_timezone(&zone).date_naive()
    }
}

/// The windows of at most `longest` that are due, oldest first.
///
/// A start that the user named and that is later than the bookmark wins, as everywhere in Singer, and
/// so it does over the lookback. What Amazon no longer has, because it is older than `retention`, is not asked for.
#[must_use]
pub fn windows(
    bounds: Bounds,
    bookmark: Option<Until>,
    lookback: TimeDelta,
    longest: TimeDelta,
    retention: TimeDelta,
) -> Vec<Window> {
    let from = match bookmark {
        Some(Until::Time(time)) => time - lookback,
        Some(Until::Day(day)) => day.and_time(chrono::NaiveTime::MIN).and_utc() - lookback,
        None => bounds.start,
    };
    let mut from = from.max(bounds.oldest(retention));
    let end = bounds.settled();
    let mut windows = Vec::new();
    while from < end {
        let until = (from + longest).min(end);
        windows.push(Window::Times(from, until));
        from = until;
    }
    windows
}

/// The days of a marketplace that are due, oldest first.
#[must_use]
pub fn days(
    bounds: Bounds,
    bookmark: Option<Until>,
    lookback_days: u32,
    retention: TimeDelta,
    zone: Tz,
) -> Vec<Window> {
    let today = bounds.today(zone);
    let from = match bookmark {
        Some(Until::Day(day)) => day.min(today) - Days::new(lookback_days.into()),
        Some(Until::Time(time)) => {
            time.with_timezone(&zone).date_naive() - Days::new(lookback_days.into())
        }
        None => bounds.start.with_timezone(&zone).date_naive(),
    };
    let oldest = bounds.oldest(retention).with_timezone(&zone).date_naive();
    from.max(oldest).iter_days().take_while(|day| *day < today).map(Window::Day).collect()
}

/// How far the windows of one unit have come.
#[derive(Debug)]
pub struct Course {
    windows: Vec<(Window, bool)>,
}

impl Course {
    /// Begins with nothing done; `windows` are in order and without gaps.
    #[must_use]
    pub fn new(windows: impl IntoIterator<Item = Window>) -> Self {
        Self { windows: windows.into_iter().map(|window| (window, false)).collect() }
    }

    /// Notes that a window is out, and says up to where everything is.
    pub fn finish(&mut self, window: Window) -> Option<Until> {
        for (candidate, done) in &mut self.windows {
            if *candidate == window {
                *done = true;
            }
        }
        self.windows
            .iter()
            .take_while(|(_, done)| *done)
            .last()
            .and_then(|(window, _)| window.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn bounds(start: &str, now: &str) -> Bounds {
        Bounds { start: time(start), earliest: Some(time(start)), end: None, now: time(now) }
    }

    const MONTH: TimeDelta = TimeDelta::days(30);
    const TWO_YEARS: TimeDelta = TimeDelta::days(730);

    #[test]
    fn a_long_time_is_cut_and_the_last_two_minutes_are_left() {
        let bounds = bounds("2026-09-01T00:00:00Z", "2026-11-01T00:00:00.5Z");
        assert_eq!(
            windows(bounds, None, TimeDelta::zero(), MONTH, TWO_YEARS),
            [
                Window::Times(time("2026-09-01T00:00:00Z"), time("2026-10-01T00:00:00Z")),
                Window::Times(time("2026-10-01T00:00:00Z"), time("2026-10-31T00:00:00Z")),
                Window::Times(time("2026-10-31T00:00:00Z"), time("2026-10-31T23:58:00Z")),
            ]
        );
    }

    #[test]
    fn a_bookmark_goes_before_the_start_and_retention_before_both() {
        let bounds = bounds("2020-01-01T00:00:00Z", "2026-11-01T00:00:00Z");
        let bookmark = Some(Until::Time(time("2026-10-31T00:00:00Z")));
        let due = windows(bounds, bookmark, TimeDelta::hours(1), MONTH, TWO_YEARS);
        assert_eq!(
            due,
            [Window::Times(time("2026-10-30T23:00:00Z"), time("2026-10-31T23:58:00Z"))]
        );
        let first = windows(bounds, None, TimeDelta::zero(), MONTH, TWO_YEARS)[0];
        assert_eq!(
            first,
            Window::Times(time("2024-11-01T00:00:00Z"), time("2024-12-01T00:00:00Z"))
        );
    }

    #[test]
    fn days_are_the_marketplaces_own_and_today_is_not_over() {
        // Half past midnight UTC: in Tokyo the 2nd has begun long ago, in Los Angeles it is still the 1st.
        let bounds = bounds("2026-10-30T12:00:00Z", "2026-11-02T00:30:00Z");
        let day = |text: &str| Window::Day(text.parse().unwrap());
        assert_eq!(
            days(bounds, None, 7, TWO_YEARS, chrono_tz::Asia::Tokyo),
            [day("2026-10-30"), day("2026-10-31"), day("2026-11-01")]
        );
        assert_eq!(
            days(bounds, None, 7, TWO_YEARS, chrono_tz::America::Los_Angeles),
            [day("2026-10-30"), day("2026-10-31")]
        );
    }

    #[test]
    fn the_last_days_are_read_again() {
        let bounds = bounds("2026-01-01T00:00:00Z", "2026-11-10T12:00:00Z");
        let bookmark = Some(Until::Day("2026-11-09".parse().unwrap()));
        let due = days(bounds, bookmark, 2, TWO_YEARS, chrono_tz::UTC);
        assert_eq!(due.len(), 3);
        assert_eq!(due[0], Window::Day("2026-11-07".parse().unwrap()));
    }

    #[test]
    fn reading_again_never_goes_back_before_the_start() {
        let bounds = bounds("2026-11-08T00:00:00Z", "2026-11-10T12:00:00Z");
        let bookmark = Some(Until::Day("2026-11-09".parse().unwrap()));
        let due = days(bounds, bookmark, 7, TWO_YEARS, chrono_tz::UTC);
        assert_eq!(due.first(), Some(&Window::Day("2026-11-08".parse().unwrap())));
        let bookmark = Some(Until::Time(time("2026-11-08T01:00:00Z")));
        let due = windows(bounds, bookmark, TimeDelta::hours(2), MONTH, TWO_YEARS);
        assert_eq!(
            due.first(),
            Some(&Window::Times(time("2026-11-08T00:00:00Z"), time("2026-11-10T11:58:00Z")))
        );
    }

    #[test]
    fn a_start_that_nobody_named_never_moves_a_bookmark() {
        let bounds =
            Bounds { earliest: None, ..bounds("2026-10-11T00:00:00Z", "2026-11-10T00:00:00Z") };
        let bookmark = Some(Until::Time(time("2026-09-01T00:00:00Z")));
        let due = windows(bounds, bookmark, TimeDelta::zero(), MONTH, TWO_YEARS);
        assert_eq!(
            due.first(),
            Some(&Window::Times(time("2026-09-01T00:00:00Z"), time("2026-10-01T00:00:00Z")))
        );
        let bookmark = Some(Until::Day("2026-09-01".parse().unwrap()));
        let due = days(bounds, bookmark, 0, TWO_YEARS, chrono_tz::UTC);
        assert_eq!(due.first(), Some(&Window::Day("2026-09-01".parse().unwrap())));
    }

    #[test]
    fn nothing_is_due_twice_in_a_minute() {
        let bounds = bounds("2026-01-01T00:00:00Z", "2026-11-10T12:00:30Z");
        let bookmark = Some(Until::Time(time("2026-11-10T11:58:30Z")));
        assert_eq!(windows(bounds, bookmark, TimeDelta::zero(), MONTH, TWO_YEARS), []);
    }

    #[test]
    fn what_is_beyond_a_hole_moves_nothing_until_the_hole_is_filled() {
        let day = |n: u32| Window::Day(NaiveDate::from_ymd_opt(2026, 1, n).unwrap());
        let until = |n: u32| Some(Until::Day(NaiveDate::from_ymd_opt(2026, 1, n).unwrap()));
        let mut course = Course::new((1..=4).map(day));
        assert_eq!(course.finish(day(1)), until(2));
        assert_eq!(course.finish(day(3)), until(2));
        assert_eq!(course.finish(day(4)), until(2));
        assert_eq!(course.finish(day(2)), until(5));
    }

    #[test]
    fn a_course_whose_first_window_fails_moves_nothing() {
        let day = |n: u32| Window::Day(NaiveDate::from_ymd_opt(2026, 1, n).unwrap());
        let mut course = Course::new((1..=2).map(day));
        assert_eq!(course.finish(day(2)), None);
    }

    proptest! {
        /// Whatever the bounds: windows follow each other without a gap or an overlap, none is longer
        /// than allowed, and together they reach from the start to the settled end.
        #[test]
        fn windows_have_no_gaps(start in 0..100_000_000_i64, length in 1..40_000_000_i64, longest in 3600..3_000_000_i64) {
            let from = DateTime::from_timestamp(1_600_000_000 + start, 0).unwrap();
            let now = from + TimeDelta::seconds(length) + SETTLING;
            let bounds = Bounds { start: from, earliest: None, end: None, now };
            let longest = TimeDelta::seconds(longest);
            let due = windows(bounds, None, TimeDelta::zero(), longest, TimeDelta::days(4000));
            let mut at = from;
            for window in due {
                let Window::Times(begin, end) = window else { panic!("not a window of time") };
                prop_assert_eq!(begin, at);
                prop_assert!(end > begin && end - begin <= longest);
                at = end;
            }
            prop_assert_eq!(at, from + TimeDelta::seconds(length));
        }
    }
}
