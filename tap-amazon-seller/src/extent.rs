//! What of a stream is out: everything before a point, and ranges beyond it.
//!
//! Windows complete in any order, the newest day first in a backfill and whatever Amazon makes first
//! otherwise, and a run may be killed between any two of them. An extent says at every moment exactly
//! what is out, so that nothing is asked for twice and no gap is passed over.
//!
//! ```text
//!       origin            until                beyond
//!  ───────┼═════════════════┼─ ─ ─ ─ ─[═══════════)─ ─ ─[══════)──▶
//!          everything is out   open      out      open     out
//! ```
//!
//! An extent only grows. A union of two extents of the same stream, such as a store makes that merges
//! states deeply, is therefore as true as each of them.

use std::ops::Range;

use crate::bookmark::Until;

/// A set of points in time, or of days; ranges are exclusive at their ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extent {
    until: Option<Until>,
    /// In order, apart from each other and from `until`, none of them empty.
    beyond: Vec<Range<Until>>,
}

impl Extent {
    /// Everything before `until`, and these ranges.
    #[must_use]
    pub fn new(until: Option<Until>, ranges: impl IntoIterator<Item = Range<Until>>) -> Self {
        let mut extent = Self { until, beyond: Vec::new() };
        for range in ranges {
            extent.add(range);
        }
        extent
    }

    /// The point before which everything is out.
    #[must_use]
    pub fn until(&self) -> Option<Until> {
        self.until
    }

    /// What is out beyond that point, in order.
    #[must_use]
    pub fn beyond(&self) -> &[Range<Until>] {
        &self.beyond
    }

    /// Moves the point on to `origin`, because what lies before it is not wanted.
    pub fn begin(&mut self, origin: Until) {
        self.until = self.until.max(Some(origin));
        self.settle();
    }

    /// Adds a range.
    pub fn add(&mut self, range: Range<Until>) {
        if range.start < range.end {
            let place = self.beyond.partition_point(|known| known.start < range.start);
            self.beyond.insert(place, range);
            self.settle();
        }
    }

    /// Whether all of a range is out.
    #[must_use]
    pub fn holds(&self, range: &Range<Until>) -> bool {
        self.until.is_some_and(|until| range.end <= until)
            || self.beyond.iter().any(|out| out.start <= range.start && range.end <= out.end)
    }

    /// What of `range` is not out, in order.
    #[must_use]
    pub fn gaps(&self, range: Range<Until>) -> Vec<Range<Until>> {
        let mut at = self.until.map_or(range.start, |until| until.max(range.start));
        let mut gaps = Vec::new();
        for out in &self.beyond {
            let end = out.start.min(range.end);
            if at < end {
                gaps.push(at..end);
            }
            at = at.max(out.end);
        }
        if at < range.end {
            gaps.push(at..range.end);
        }
        gaps
    }

    /// What is out in both.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        let mut common = Self { until: self.until.min(other.until), beyond: Vec::new() };
        for (one, two) in [(self, other), (other, self)] {
            // What one has beyond its point, the other may have before its own.
            if let Some(until) = two.until {
                for range in &one.beyond {
                    common.add(range.start..range.end.min(until));
                }
            }
        }
        for one in &self.beyond {
            for two in &other.beyond {
                common.add(one.start.max(two.start)..one.end.min(two.end));
            }
        }
        common
    }

    /// Joins ranges that touch, and moves the point over those that touch it.
    fn settle(&mut self) {
        let mut joined: Vec<Range<Until>> = Vec::with_capacity(self.beyond.len());
        for range in self.beyond.drain(..) {
            if self.until.is_some_and(|until| range.start <= until) {
                self.until = self.until.max(Some(range.end));
                continue;
            }
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        self.beyond = joined;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::{Days, NaiveDate};
    use proptest::prelude::*;

    use super::*;

    fn day(number: u8) -> Until {
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        Until::Day(first + Days::new(number.into()))
    }

    fn days(from: u8, to: u8) -> Range<Until> {
        day(from)..day(to)
    }

    #[test]
    fn a_backfill_from_the_newest_day_on_is_one_range_until_it_meets_the_start() {
        let mut extent = Extent::default();
        extent.begin(day(1));
        for newest in (2..=9).rev() {
            extent.add(days(newest, newest + 1));
            assert_eq!((extent.until(), extent.beyond()), (Some(day(1)), &[days(newest, 10)][..]));
        }
        extent.add(days(1, 2));
        assert_eq!((extent.until(), extent.beyond()), (Some(day(10)), &[][..]));
    }

    #[test]
    fn a_hole_stays_open_until_it_is_filled() {
        let mut extent = Extent::new(Some(day(2)), [days(3, 5), days(6, 8)]);
        assert_eq!(extent.gaps(days(0, 10)), [days(2, 3), days(5, 6), days(8, 10)]);
        extent.add(days(5, 6));
        assert_eq!(extent.beyond(), [days(3, 8)]);
        extent.add(days(2, 3));
        assert_eq!((extent.until(), extent.beyond().len()), (Some(day(8)), 0));
    }

    /// The days that an extent holds, one by one, within the days that the tests use.
    fn set(extent: &Extent) -> BTreeSet<u8> {
        (0..40).filter(|number| extent.holds(&days(*number, number + 1))).collect()
    }

    fn ranges() -> impl Strategy<Value = Vec<(u8, u8)>> {
        prop::collection::vec((0_u8..40, 0_u8..40), 0..8)
    }

    fn extent(until: Option<u8>, ranges: &[(u8, u8)]) -> Extent {
        Extent::new(until.map(day), ranges.iter().map(|(from, to)| days(*from, *to)))
    }

    fn oracle(until: Option<u8>, ranges: &[(u8, u8)]) -> BTreeSet<u8> {
        (0..40)
            .filter(|day| {
                until.is_some_and(|until| *day < until)
                    || ranges.iter().any(|(from, to)| from <= day && day < to)
            })
            .collect()
    }

    proptest! {
        /// An extent is the set of its days, and its gaps are the others.
        #[test]
        fn it_is_a_set(until in prop::option::of(0_u8..40), ranges in ranges()) {
            let extent = extent(until, &ranges);
            let expected = oracle(until, &ranges);
            prop_assert_eq!(set(&extent), expected.clone());
            let open: BTreeSet<u8> = (0..40)
                .filter(|number| extent.gaps(days(0, 40)).iter().any(|gap| gap.contains(&day(*number))))
                .collect();
            prop_assert_eq!(open, (0..40).filter(|day| !expected.contains(day)).collect());
        }

        /// What two streams have in common is the intersection of their sets, in either order.
        #[test]
        fn what_is_common_is_the_intersection(
            one in (prop::option::of(0_u8..40), ranges()),
            two in (prop::option::of(0_u8..40), ranges()),
        ) {
            let (first, second) = (extent(one.0, &one.1), extent(two.0, &two.1));
            let both: BTreeSet<u8> =
                oracle(one.0, &one.1).intersection(&oracle(two.0, &two.1)).copied().collect();
            prop_assert_eq!(set(&first.common(&second)), both.clone());
            prop_assert_eq!(set(&second.common(&first)), both);
        }

        /// Whoever joins two states of a stream, one range at a time, gets what both say.
        #[test]
        fn a_union_of_two_states_is_true(ranges in ranges(), further in ranges()) {
            let (mut joined, other) = (extent(Some(3), &ranges), extent(Some(5), &further));
            joined.begin(other.until().unwrap());
            for range in other.beyond() {
                joined.add(range.clone());
            }
            let all: Vec<_> = ranges.iter().chain(&further).copied().collect();
            prop_assert_eq!(set(&joined), oracle(Some(5), &all));
        }
    }
}
