//! When a day's figures are final.
//!
//! Amazon publishes a day's sales within about a day and its traffic up to 72 hours late, and corrects
//! both for a while. So a day is read again in every run until two reads agree, of which the last came
//! after those 72 hours, or until it is as old as the lookback. Meanwhile the list by ASIN may be empty
//! although the list by date has figures: such a day is late, and not out at all.
//!
//! Pure: it is told when a report was asked for, and reads no clock.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::bookmark::Reading;

/// How late Amazon's traffic figures may come.
pub const LATEST: TimeDelta = TimeDelta::hours(72);

/// What one more read of a day means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether what was read counts as the day's figures.
    pub is_out: bool,
    /// Whether the day need not be read again.
    pub is_settled: bool,
}

/// The end of a day of a marketplace.
///
/// Where the clocks skip midnight, UTC's is taken for it, which is hours off at most.
#[must_use]
pub fn end_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.checked_add_days(Days::new(1)).unwrap_or(day).and_time(NaiveTime::MIN);
    let local = midnight.and_local_timezone(zone);
    local.latest().map_or(midnight.and_utc(), |end| end.with_timezone(&Utc))
}

/// Judges a read of a day that ended at `end`, after an earlier one or none.
#[must_use]
pub fn judge(
    end: DateTime<Utc>,
    lookback: TimeDelta,
    is_late: bool,
    earlier: Option<&Reading>,
    reading: &Reading,
) -> Standing {
    let age = reading.at - end;
    let agrees =
        earlier.is_some_and(|earlier| earlier.digest == reading.digest && earlier.at < reading.at);
    let is_final = agrees && age >= LATEST;
    // A list by ASIN that stays empty is the truth when it was seen twice.
    let is_out = !is_late || is_final;
    Standing { is_out, is_settled: is_out && (is_final || age >= lookback) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: TimeDelta = TimeDelta::days(7);

    fn end() -> DateTime<Utc> {
        "2026-11-10T08:00:00Z".parse().unwrap()
    }

    fn reading(hours: i64, digest: &str) -> Reading {
        Reading { at: end() + TimeDelta::hours(hours), digest: digest.to_owned() }
    }

    fn judged(late: bool, earlier: Option<&Reading>, reading: &Reading) -> (bool, bool) {
        let standing = judge(end(), WEEK, late, earlier, reading);
        (standing.is_out, standing.is_settled)
    }

    #[test]
    fn a_day_settles_when_two_reads_agree_after_three_days() {
        assert_eq!(judged(false, None, &reading(10, "a")), (true, false));
        assert_eq!(judged(false, Some(&reading(10, "a")), &reading(34, "a")), (true, false));
        assert_eq!(judged(false, Some(&reading(58, "a")), &reading(82, "b")), (true, false));
        assert_eq!(judged(false, Some(&reading(58, "a")), &reading(82, "a")), (true, true));
        // The same report, read twice, says nothing new.
        assert_eq!(judged(false, Some(&reading(82, "a")), &reading(82, "a")), (true, false));
    }

    #[test]
    fn a_day_settles_when_it_is_as_old_as_the_lookback() {
        assert_eq!(judged(false, None, &reading(7 * 24, "a")), (true, true));
        let never = judge(end(), TimeDelta::zero(), false, None, &reading(1, "a"));
        assert_eq!(never, Standing { is_out: true, is_settled: true });
    }

    #[test]
    fn a_late_day_is_not_out_until_it_was_seen_late_twice_after_three_days() {
        assert_eq!(judged(true, None, &reading(10, "a")), (false, false));
        assert_eq!(judged(true, None, &reading(1000, "a")), (false, false));
        assert_eq!(judged(true, Some(&reading(10, "a")), &reading(34, "a")), (false, false));
        assert_eq!(judged(true, Some(&reading(58, "a")), &reading(82, "a")), (true, true));
        assert_eq!(judged(false, Some(&reading(58, "a")), &reading(82, "b")), (true, false));
    }

    #[test]
    fn a_day_ends_at_the_marketplaces_own_midnight() {
        let day = "2026-11-09".parse().unwrap();
        assert_eq!(end_of(day, chrono_tz::America::Los_Angeles), end());
        assert_eq!(
            end_of(day, chrono_tz::Asia::Tokyo),
            "2026-11-09T15:00:00Z".parse::<DateTime<Utc>>().unwrap()
        );
        // In Cairo the clocks skip the hour after midnight on 2026-04-24.
        let skipped = end_of("2026-04-23".parse().unwrap(), chrono_tz::Africa::Cairo);
        assert!(
            (skipped - "2026-04-23T22:00:00Z".parse::<DateTime<Utc>>().unwrap()).abs()
                <= TimeDelta::hours(3)
        );
    }
}
