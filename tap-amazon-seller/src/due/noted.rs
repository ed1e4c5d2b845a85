//! What lanes read of bookmarks: what is out for all streams of a lane is out for the lane.
//!
//! Streams of one lane may have different pasts, and another tap may have noted the past of some. Nothing
//! that one of them lacks is passed over for what another one has.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Lane, Windowed};
use crate::bookmark::{Bookmarks, Brought, Reading, Until};
use crate::document::Feed;
use crate::extent::Extent;
use crate::streams::Extraction;

impl<S: Windowed> Lane<S> {
    /// What is out for all streams of the lane, in days for days and in times for times.
    ///
    /// A stream that has had nothing begins at `start`. Where another one stopped before that, the lane
    /// goes on from there: what a window brings moves the bookmarks of all, over nothing that one lacks.
    pub(super) fn extent(&self, bookmarks: &Bookmarks, start: DateTime<Utc>) -> Extent {
        // Another tap noted nothing of streams that went along with one that it noted.
        let goes_along = |feed: &&Feed| feed.stream.replication_key.is_none();
        let unit = self.unit();
        let is_foreign = self.feeds.iter().any(|feed| bookmarks.is_foreign(feed.stream, &unit));
        let noted = self.feeds.iter().filter(|feed| !(is_foreign && goes_along(feed)));
        let extents = noted.map(|feed| {
            let extent = bookmarks.extent(feed.stream, &unit);
            let beyond = extent.beyond().iter();
            let beyond = beyond.map(|range| self.own(range.start)..self.own(range.end));
            Extent::new(extent.until().map(|until| self.own(until)), beyond)
        });
        let mut extents: Vec<_> = extents.collect();
        let start = self.own(Until::Time(start));
        let stopped = extents.iter().filter_map(Extent::until).min().filter(|it| *it < start);
        if self.anew {
            return Extent::new(stopped, []);
        }
        if stopped.is_some() {
            for extent in extents.iter_mut().filter(|it| it.until().is_none()) {
                extent.begin(start);
            }
        }
        extents.into_iter().reduce(|one, two| one.common(&two)).unwrap_or_default()
    }

    /// A point as the lane's own windows count: another tap may have noted a time for days.
    fn own(&self, point: Until) -> Until {
        match (self.source.extraction(), point) {
            (Extraction::Daily { .. }, Until::Time(time)) => {
                Until::Day(time.with_timezone(&self.place.time_zone()).date_naive())
            }
            (Extraction::Window { .. }, Until::Day(day)) => {
                Until::Time(day.and_time(chrono::NaiveTime::MIN).and_utc())
            }
            (_, point) => point,
        }
    }

    /// The documents that are out for all streams of the lane.
    pub(super) fn brought(&self, bookmarks: &Bookmarks) -> Vec<Brought> {
        if self.anew {
            return Vec::new();
        }
        let each = self.feeds.iter().map(|feed| bookmarks.brought(feed.stream, &self.unit()));
        let common = each.reduce(|mut one, two| {
            one.retain(|it| two.iter().any(|other| other.report_id == it.report_id));
            one
        });
        common.unwrap_or_default()
    }

    /// What all streams of the lane have seen of its days; nothing at all where nobody has noted any.
    pub(super) fn readings(
        &self,
        bookmarks: &Bookmarks,
    ) -> Option<BTreeMap<NaiveDate, Option<Reading>>> {
        let mut common: Option<BTreeMap<NaiveDate, Option<Reading>>> = None;
        for feed in &self.feeds {
            for (day, reading) in bookmarks.readings(feed.stream, &self.unit())? {
                let known = common.get_or_insert_default().entry(day).or_insert(None);
                if reading.is_some() {
                    *known = reading;
                }
            }
        }
        common
    }
}
