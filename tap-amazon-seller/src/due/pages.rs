//! What lanes of pages are asked with.

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Lane, Pending, Windowed};
use crate::account::Area;
use crate::api::utc;
use crate::bookmark::Bookmarks;
use crate::document::{Feed, Place};
use crate::marketplace::Region;
use crate::pages::order::Share;
use crate::plan::Window;
use crate::streams::{Extraction, Pages, Scope, Source, Stream};

/// Shorter parts of a window are not halved any more.
const SHORTEST: TimeDelta = TimeDelta::hours(1);

impl Windowed for Pages {
    fn of(stream: &'static Stream) -> Option<&'static Self> {
        if let Source::Pages { pages, .. } = stream.source { Some(pages) } else { None }
    }

    fn scope(&self) -> Scope {
        self.scope
    }

    fn extraction(&self) -> Extraction {
        self.extraction
    }

    fn lookback(&self) -> TimeDelta {
        match self.extraction {
            Extraction::Daily { lookback_days, .. } => TimeDelta::days(lookback_days.into()),
            Extraction::Window { .. } | Extraction::Snapshot | Extraction::Listed => self.lookback,
        }
    }

    fn is_kept(&self, place: Place) -> bool {
        self.kept_in.contains(&place.region())
    }

    fn regions(&self) -> &'static [Region] {
        self.regions
    }
}

impl Pending for Lane<Pages> {
    /// Pages are there at once.
    fn pending(&self, _: &Area, _: &Bookmarks) -> Vec<Range<DateTime<Utc>>> {
        Vec::new()
    }
}

impl Lane<Pages> {
    /// The parameter for the parts of elements that are wanted; see [`included`].
    #[must_use]
    pub fn included(&self) -> Option<(&'static str, String)> {
        included(self.source, &self.feeds)
    }

    /// Gives up everything that only restricted parts have: streams that are about nothing else, which come
    /// back, and properties of the others. Nothing if none of it was asked for, or nothing else is.
    pub fn withhold(&mut self) -> Option<Withheld> {
        let parts: Vec<_> = self.feeds.iter().flat_map(parts).collect();
        let parts: BTreeSet<_> =
            parts.into_iter().filter(|part| Share::is_restricted(part)).collect();
        let is_personal = |feed: &Feed| feed.stream.source.share().is_some_and(Share::is_personal);
        if parts.is_empty() || self.feeds.iter().all(is_personal) {
            return None;
        }
        let feeds: Vec<_> = self.feeds.extract_if(.., |feed| is_personal(feed)).collect();
        for feed in &mut self.feeds {
            let restricted = feed.stream.source.share().into_iter().flat_map(Share::restricted);
            feed.deselected.extend(restricted.map(str::to_owned));
        }
        Some(Withheld { parts, streams: feeds.iter().map(|feed| feed.stream).collect() })
    }
}

/// What was given up for the sake of the rest.
#[derive(Debug)]
pub struct Withheld {
    /// Amazon's names of the parts.
    pub parts: BTreeSet<&'static str>,
    /// The streams that are about nothing else.
    pub streams: Vec<&'static Stream>,
}

/// The parts of an element that a feed needs.
fn parts(feed: &Feed) -> Vec<&'static str> {
    let share = feed.stream.source.share();
    share.map(|share| share.parts(|property| feed.wants(property))).unwrap_or_default()
}

/// The parameter for the parts of elements that these feeds need; nothing where Amazon sends everything
/// in any case.
#[must_use]
pub fn included(pages: &Pages, feeds: &[Feed]) -> Option<(&'static str, String)> {
    let parts: Vec<_> = feeds.iter().flat_map(parts).collect::<BTreeSet<_>>().into_iter().collect();
    pages.included.filter(|_| !parts.is_empty()).map(|parameter| (parameter, parts.join(",")))
}

/// What one series of pages covers: a window, or a piece of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The parameters for start and end, and these; nothing for a list without windows.
    times: Option<([&'static str; 2], [DateTime<Utc>; 2])>,
}

impl Part {
    /// The parts of a window: one for each pair of parameters that asks for it.
    #[must_use]
    pub fn of(pages: &Pages, place: Place, window: Window) -> Vec<Self> {
        match place.bounds(window) {
            Some(bounds) if !pages.windows.is_empty() => {
                let part = |names: &[&'static str; 2]| Self { times: Some((*names, bounds)) };
                pages.windows.iter().map(part).collect()
            }
            _ => vec![Self { times: None }],
        }
    }

    /// The two halves of a part, the earlier first; nothing if there is no half worth asking for.
    #[must_use]
    pub fn halves(&self) -> Option<[Self; 2]> {
        let (names, [from, until]) = self.times?;
        let length = until - from;
        let middle = from + TimeDelta::seconds((length / 2).num_seconds());
        let half = |times| Self { times: Some((names, times)) };
        (length >= SHORTEST * 2).then(|| [half([from, middle]), half([middle, until])])
    }

    /// When it ends.
    #[must_use]
    pub fn end(&self) -> Option<DateTime<Utc>> {
        self.times.map(|(_, [_, until])| until)
    }

    /// The parameters of the part: the same, to the letter, on all of its pages.
    #[must_use]
    pub fn parameters(
        &self,
        pages: &Pages,
        place: Place,
        area: &Area,
    ) -> Vec<(&'static str, String)> {
        let fixed = pages.query.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let ids = match place {
            Place::Marketplace(marketplace) => marketplace.id.to_owned(),
            Place::Region(_) => {
                let ids: Vec<_> = area.marketplaces.iter().map(|it| it.id).collect();
                ids.join(",")
            }
        };
        let marketplaces = pages.marketplaces.iter().map(|name| (*name, ids.clone()));
        let times = self.times.into_iter();
        let times = times.flat_map(|(names, bounds)| names.into_iter().zip(bounds.map(utc)));
        fixed.chain(marketplaces).chain(times).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Roster;

    fn pages(stream: &str) -> &'static Pages {
        Pages::of(Roster::table().find(stream).unwrap()).unwrap()
    }

    #[test]
    fn a_day_is_halved_down_to_an_hour_without_a_gap() {
        let day = Window::Day("2026-11-01".parse().unwrap());
        let whole = Part::of(pages("order_financial_events"), Place::Region(Region::Na), day);
        assert_eq!(whole.len(), 1);
        let [first, second] = whole[0].halves().unwrap();
        let times = |part: &Part| part.times.unwrap().1.map(utc);
        assert_eq!(times(&whole[0]), ["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"]);
        assert_eq!(times(&first), ["2026-11-01T00:00:00Z", "2026-11-01T12:00:00Z"]);
        assert_eq!(times(&second), ["2026-11-01T12:00:00Z", "2026-11-02T00:00:00Z"]);
        let mut shortest = whole[0];
        while let Some([half, _]) = shortest.halves() {
            shortest = half;
        }
        assert_eq!(times(&shortest), ["2026-11-01T00:00:00Z", "2026-11-01T01:30:00Z"]);
    }

    #[test]
    fn the_present_is_one_part_without_halves() {
        let parts = Part::of(pages("account"), Place::Region(Region::Na), Window::Present);
        assert_eq!(parts, [Part { times: None }]);
        assert_eq!(parts[0].halves(), None);
    }

    #[test]
    fn purchase_orders_are_asked_for_by_their_making_and_by_their_changes() {
        let week = Window::Times(
            "2026-11-01T00:00:00Z".parse().unwrap(),
            "2026-11-08T00:00:00Z".parse().unwrap(),
        );
        let parts = Part::of(pages("vendor_purchase_orders"), Place::Region(Region::Na), week);
        let names: Vec<_> = parts.iter().map(|part| part.times.unwrap().0).collect();
        assert_eq!(names, [["createdAfter", "createdBefore"], ["changedAfter", "changedBefore"]]);
        let bounds: Vec<_> = parts.iter().map(|part| part.times.unwrap().1.map(utc)).collect();
        assert_eq!(bounds, [["2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z"]; 2]);
    }
}
