use proptest::prelude::*;

use super::*;

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> Window {
    Window::Day(text.parse().unwrap())
}

fn bounds(start: &str, now: &str) -> Bounds {
    Bounds { start: time(start), earliest: Some(time(start)), end: None, now: time(now) }
}

fn until_time(text: &str) -> Extent {
    Extent::new(Some(Until::Time(time(text))), [])
}

fn until_day(text: &str) -> Extent {
    Extent::new(Some(Until::Day(text.parse().unwrap())), [])
}

const TWO_YEARS: TimeDelta = TimeDelta::days(730);

/// Windows of thirty days at most, of the last two years.
const MONTHS: Lengths =
    Lengths { lookback: TimeDelta::zero(), longest: TimeDelta::days(30), retention: TWO_YEARS };

/// The same, some hours of which are read again.
fn read_again(hours: i64) -> Lengths {
    Lengths { lookback: TimeDelta::hours(hours), ..MONTHS }
}

#[test]
fn a_long_time_is_cut_and_the_last_two_minutes_are_left() {
    let bounds = bounds("2026-09-01T00:00:00Z", "2026-11-01T00:00:00.5Z");
    assert_eq!(
        windows(bounds, &Extent::default(), MONTHS, Grid::Moments, &[]),
        Due {
            origin: Until::Time(time("2026-09-01T00:00:00Z")),
            windows: vec![
                Window::Times(time("2026-09-01T00:00:00Z"), time("2026-10-01T00:00:00Z")),
                Window::Times(time("2026-10-01T00:00:00Z"), time("2026-10-31T00:00:00Z")),
                Window::Times(time("2026-10-31T00:00:00Z"), time("2026-10-31T23:58:00Z")),
            ],
        }
    );
}

#[test]
fn a_bookmark_goes_before_the_start_and_retention_before_both() {
    let bounds = bounds("2020-01-01T00:00:00Z", "2026-11-01T00:00:00Z");
    let bookmark = until_time("2026-10-31T00:00:00Z");
    let due = windows(bounds, &bookmark, read_again(1), Grid::Moments, &[]);
    assert_eq!(
        due.windows,
        [Window::Times(time("2026-10-30T23:00:00Z"), time("2026-10-31T23:58:00Z"))]
    );
    assert_eq!(due.origin, Until::Time(time("2026-10-31T00:00:00Z")));
    let first = windows(bounds, &Extent::default(), MONTHS, Grid::Moments, &[]).windows[0];
    assert_eq!(first, Window::Times(time("2024-11-01T00:00:00Z"), time("2024-12-01T00:00:00Z")));
}

#[test]
fn windows_of_whole_days_end_at_the_marketplaces_own_midnight() {
    let bounds = bounds("2026-09-20T12:00:00Z", "2026-11-10T06:30:00Z");
    let zone = Grid::Midnights(chrono_tz::America::Los_Angeles);
    let due = windows(bounds, &Extent::default(), MONTHS, zone, &[]);
    // Half past ten in the evening of the 9th, which is not over; the clocks went back in between.
    assert_eq!(
        due.windows,
        [
            Window::Times(time("2026-09-20T07:00:00Z"), time("2026-10-20T07:00:00Z")),
            Window::Times(time("2026-10-20T07:00:00Z"), time("2026-11-09T08:00:00Z")),
        ]
    );
    let bookmark = until_time("2026-11-09T08:00:00Z");
    let again = Lengths { lookback: TimeDelta::days(10), ..MONTHS };
    assert_eq!(
        windows(bounds, &bookmark, again, zone, &[]).windows,
        [Window::Times(time("2026-10-30T07:00:00Z"), time("2026-11-09T08:00:00Z"))]
    );
    assert_eq!(windows(bounds, &bookmark, MONTHS, zone, &[]).windows, []);
}

#[test]
fn what_is_out_beyond_a_hole_is_not_asked_for_again() {
    let bounds = bounds("2026-10-01T00:00:00Z", "2026-11-01T00:02:00Z");
    let range = |from: &str, to: &str| Until::Time(time(from))..Until::Time(time(to));
    let extent = Extent::new(
        Some(Until::Time(time("2026-10-05T00:00:00Z"))),
        [range("2026-10-10T00:00:00Z", "2026-10-20T00:00:00Z")],
    );
    assert_eq!(
        windows(bounds, &extent, MONTHS, Grid::Moments, &[]).windows,
        [
            Window::Times(time("2026-10-05T00:00:00Z"), time("2026-10-10T00:00:00Z")),
            Window::Times(time("2026-10-20T00:00:00Z"), time("2026-11-01T00:00:00Z")),
        ]
    );
}

#[test]
fn a_hole_that_stays_open_does_not_keep_what_is_younger_from_being_read_again() {
    // Every night since the fifth of October one window fails, and the others are out.
    let now = bounds("2026-09-01T00:00:00Z", "2026-11-01T00:02:00Z");
    let range = |from: &str, to: &str| Until::Time(time(from))..Until::Time(time(to));
    let extent = Extent::new(
        Some(Until::Time(time("2026-10-05T00:00:00Z"))),
        [range("2026-10-10T00:00:00Z", "2026-10-31T00:00:00Z")],
    );
    assert_eq!(
        windows(now, &extent, read_again(48), Grid::Moments, &[]).windows,
        [
            Window::Times(time("2026-10-03T00:00:00Z"), time("2026-10-10T00:00:00Z")),
            Window::Times(time("2026-10-29T00:00:00Z"), time("2026-11-01T00:00:00Z")),
        ]
    );
    let extent = Extent::new(
        Some(Until::Day("2026-10-05".parse().unwrap())),
        [Until::Day("2026-10-06".parse().unwrap())..Until::Day("2026-10-31".parse().unwrap())],
    );
    assert_eq!(
        days(now, &extent, None, 2, TWO_YEARS, chrono_tz::UTC).windows,
        ["2026-10-31", "2026-10-30", "2026-10-29", "2026-10-05", "2026-10-04", "2026-10-03"]
            .map(day)
    );
}

#[test]
fn a_window_that_was_asked_for_stays_as_it_is() {
    let bounds = bounds("2026-10-01T00:00:00Z", "2026-10-31T00:02:00Z");
    let pending = [time("2026-10-01T00:00:00Z")..time("2026-10-30T11:58:00Z")];
    assert_eq!(
        windows(bounds, &Extent::default(), MONTHS, Grid::Moments, &pending).windows,
        [
            Window::Times(time("2026-10-01T00:00:00Z"), time("2026-10-30T11:58:00Z")),
            Window::Times(time("2026-10-30T11:58:00Z"), time("2026-10-31T00:00:00Z")),
        ]
    );
}

#[test]
fn days_are_the_marketplaces_own_and_today_is_not_over() {
    // Half past midnight UTC: in Tokyo the 2nd has begun long ago, in Los Angeles it is still the 1st.
    let bounds = bounds("2026-10-30T12:00:00Z", "2026-11-02T00:30:00Z");
    let due = |zone| days(bounds, &Extent::default(), None, 7, TWO_YEARS, zone);
    assert_eq!(
        due(chrono_tz::Asia::Tokyo).windows,
        [day("2026-11-01"), day("2026-10-31"), day("2026-10-30")]
    );
    assert_eq!(
        due(chrono_tz::America::Los_Angeles).windows,
        [day("2026-10-31"), day("2026-10-30")]
    );
}

#[test]
fn days_that_have_not_settled_are_read_again_and_the_others_are_not() {
    let bounds = bounds("2026-01-01T00:00:00Z", "2026-11-10T12:00:00Z");
    let reading = || Some(Reading { at: bounds.now, digest: String::new() });
    let readings = BTreeMap::from([
        // A run that came late: the day was young when it was read, and is old by now.
        ("2026-10-01".parse().unwrap(), reading()),
        ("2026-11-06".parse().unwrap(), None),
        ("2026-11-08".parse().unwrap(), reading()),
    ]);
    let extent = until_day("2026-11-09");
    let due = days(bounds, &extent, Some(&readings), 7, TWO_YEARS, chrono_tz::UTC);
    assert_eq!(due.windows, [day("2026-11-09"), day("2026-11-08"), day("2026-10-01")]);
    let never = days(bounds, &extent, Some(&readings), 0, TWO_YEARS, chrono_tz::UTC);
    assert_eq!(never.windows, [day("2026-11-09")]);
}

#[test]
fn where_nobody_noted_what_was_read_the_last_days_are_read_again() {
    let bounds = bounds("2026-01-01T00:00:00Z", "2026-11-10T12:00:00Z");
    let due = days(bounds, &until_day("2026-11-09"), None, 2, TWO_YEARS, chrono_tz::UTC);
    assert_eq!(due.windows, [day("2026-11-09"), day("2026-11-08"), day("2026-11-07")]);
}

#[test]
fn reading_again_never_goes_back_before_the_start() {
    let bounds = bounds("2026-11-08T00:00:00Z", "2026-11-10T12:00:00Z");
    let due = days(bounds, &until_day("2026-11-09"), None, 7, TWO_YEARS, chrono_tz::UTC);
    assert_eq!(due.windows.last(), Some(&day("2026-11-08")));
    let bookmark = until_time("2026-11-08T01:00:00Z");
    let due = windows(bounds, &bookmark, read_again(2), Grid::Moments, &[]);
    assert_eq!(
        due.windows,
        [Window::Times(time("2026-11-08T00:00:00Z"), time("2026-11-10T11:58:00Z"))]
    );
}

#[test]
fn a_start_that_nobody_named_never_moves_a_bookmark() {
    let bounds =
        Bounds { earliest: None, ..bounds("2026-10-11T00:00:00Z", "2026-11-10T00:00:00Z") };
    let due = windows(bounds, &until_time("2026-09-01T00:00:00Z"), MONTHS, Grid::Moments, &[]);
    assert_eq!(
        due.windows.first(),
        Some(&Window::Times(time("2026-09-01T00:00:00Z"), time("2026-10-01T00:00:00Z")))
    );
    let due = days(bounds, &until_day("2026-09-01"), None, 0, TWO_YEARS, chrono_tz::UTC);
    assert_eq!(due.windows.last(), Some(&day("2026-09-01")));
    assert_eq!(due.origin, Until::Day("2026-09-01".parse().unwrap()));
}

#[test]
fn nothing_is_due_twice_in_a_minute() {
    let bounds = bounds("2026-01-01T00:00:00Z", "2026-11-10T12:00:30Z");
    let bookmark = until_time("2026-11-10T11:58:30Z");
    assert_eq!(windows(bounds, &bookmark, MONTHS, Grid::Moments, &[]).windows, []);
}

#[test]
fn a_window_is_read_back_as_it_was_written() {
    for window in [
        Window::Present,
        day("2026-11-09"),
        Window::Times(time("2026-10-01T00:00:00Z"), time("2026-10-30T11:58:00Z")),
    ] {
        assert_eq!(Window::try_from(String::from(window)), Ok(window));
    }
    assert!(Window::try_from("yesterday".to_owned()).is_err());
}

proptest! {
    /// Whatever the bounds, what is out and what was asked for: no moment is missed, none that is out
    /// is asked for, and no window that was not asked for already is longer than allowed.
    #[test]
    fn windows_and_what_is_out_have_no_gaps(
        length in 1..4_000_i64,
        longest in 100..1_000_i64,
        out in prop::collection::vec((0..4_000_i64, 1..500_i64), 0..4),
        asked in prop::option::of((0..4_000_i64, 1..500_i64)),
    ) {
        let at = |second: i64| DateTime::from_timestamp(1_600_000_000 + second, 0).unwrap();
        let bounds = Bounds { start: at(0), earliest: None, end: None, now: at(length) + SETTLING };
        let ranges = out.iter().map(|(from, size)| Until::Time(at(*from))..Until::Time(at(from + size)));
        let extent = Extent::new(None, ranges);
        let pending: Vec<_> = asked.iter().map(|(from, size)| at(*from)..at(from + size)).collect();
        let longest = TimeDelta::seconds(longest);
        let lengths = Lengths { longest, retention: TimeDelta::days(9000), ..MONTHS };
        let due = windows(bounds, &extent, lengths, Grid::Moments, &pending);
        let mut covered = extent.clone();
        for window in &due.windows {
            let Window::Times(from, until) = *window else { panic!("not a window of time") };
            let is_pending = pending.contains(&(from..until));
            prop_assert!(from < until && (is_pending || until - from <= longest));
            let range = window.range().unwrap();
            prop_assert!(is_pending || extent.gaps(range.clone()) == [range.clone()]);
            covered.add(range);
        }
        prop_assert!(covered.holds(&(Until::Time(at(0))..Until::Time(at(length)))));
    }
}
