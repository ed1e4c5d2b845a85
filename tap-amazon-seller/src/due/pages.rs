//! What lanes of pages are asked with.

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::{Lane, Pending, Windowed};
use crate::account::Area;
use crate::api::{Parameter, utc};
use crate::bookmark::Bookmarks;
use crate::document::{Feed, Place};
use crate::marketplace::{Marketplace, Region};
use crate::pages::order::Share;
use crate::plan::Window;
use crate::streams::{Edges, Extraction, Next, PageOffset, Pages, Scope, Source, Stream};

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

    fn edges(&self) -> Edges {
        self.edges
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
    pub fn included(&self) -> Option<(&'static str, Parameter)> {
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
pub fn included(pages: &Pages, feeds: &[Feed]) -> Option<(&'static str, Parameter)> {
    let parts: Vec<_> = feeds.iter().flat_map(parts).collect::<BTreeSet<_>>().into_iter().collect();
    pages.included.filter(|_| !parts.is_empty()).map(|name| (name, Parameter::Texts(parts)))
}

/// How windows of time are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Division {
    /// Not at all: what is asked for is one picture.
    None,
    /// Anywhere, down to [`SHORTEST`].
    Anywhere,
    /// Between days.
    Days,
}

/// What one series of pages covers: a window, or a piece of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The parameters for start and end, and these; nothing for a list without windows.
    times: Option<([&'static str; 2], [DateTime<Utc>; 2])>,
    division: Division,
    /// The one kind of elements that is asked for, where a list is too long.
    kind: Option<&'static str>,
    /// The end of the list from which it is read, where it is still too long.
    end: Option<&'static str>,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// With the first element.
    Start,
    /// Where a token leads.
    Token(String),
    /// Behind so many elements.
    Offset(u64),
}

impl Part {
    /// The parts of a window: one for each pair of parameters that asks for it. Days that are counted
    /// from today are counted from `now`.
    #[must_use]
    pub fn of(pages: &Pages, place: Place, window: Window, now: DateTime<Utc>) -> Vec<Self> {
        let whole = Self { times: None, division: Division::None, kind: None, end: None };
        let (bounds, division) = match (place.bounds(window), pages.present) {
            (Some(bounds), _) if matches!(pages.edges, Edges::Days { .. }) => {
                (Some(bounds), Division::Days)
            }
            (Some(bounds), _) => (Some(bounds), Division::Anywhere),
            (None, Some([first, last])) => {
                let today = now.date_naive().and_time(NaiveTime::MIN).and_utc();
                let bounds = [first, last + 1].map(|days| today + TimeDelta::days(days));
                (Some(bounds), Division::None)
            }
            (None, None) => (None, Division::None),
        };
        match bounds {
            Some(bounds) if !pages.windows.is_empty() => {
                let part = |names: &[&'static str; 2]| Self {
                    times: Some((*names, bounds)),
                    division,
                    ..whole
                };
                pages.windows.iter().map(part).collect()
            }
            _ => vec![whole],
        }
    }

    /// Parts that together cover this one, in order: halves of its time; where there is no half worth
    /// asking for, its kinds of elements; for one kind, either end of the list. Empty if nothing is left.
    #[must_use]
    pub fn divided(&self, pages: &Pages) -> Vec<Self> {
        if let Some(halves) = self.halves() {
            return halves.into();
        }
        match pages.next {
            Next::Offset(PageOffset { kinds: (_, kinds), .. }) if self.kind.is_none() => {
                kinds.iter().map(|kind| Self { kind: Some(kind), ..*self }).collect()
            }
            Next::Offset(PageOffset { order: (_, ends), .. }) if self.end.is_none() => {
                ends.into_iter().map(|end| Self { end: Some(end), ..*self }).collect()
            }
            _ => Vec::new(),
        }
    }

    /// When it ends.
    #[must_use]
    pub fn until(&self) -> Option<DateTime<Utc>> {
        self.times.map(|(_, [_, until])| until)
    }

    /// Whether it is one end of a list, which is read as far as Amazon lets it be read.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.end.is_some()
    }

    /// Whether it is the whole of a list, of all kinds of elements.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.kind.is_none()
    }

    /// The two halves of its time, the earlier first.
    fn halves(&self) -> Option<[Self; 2]> {
        let (names, [from, until]) = self.times?;
        let length = until - from;
        let (half, shortest) = match self.division {
            Division::None => return None,
            Division::Anywhere => (TimeDelta::seconds((length / 2).num_seconds()), SHORTEST),
            Division::Days => (TimeDelta::days(length.num_days() / 2), TimeDelta::days(1)),
        };
        let part = |times| Self { times: Some((names, times)), ..*self };
        (half >= shortest).then(|| [part([from, from + half]), part([from + half, until])])
    }

    /// The parameters of one of its pages, with so many elements on it: but for the place at which the
    /// page begins the same, to the letter, on all of its pages. A region is asked for with the
    /// `marketplaces` of it that are wanted.
    #[must_use]
    pub fn parameters(
        &self,
        pages: &Pages,
        place: Place,
        marketplaces: &[&Marketplace],
        size: Option<u32>,
        at: &At,
    ) -> Vec<(&'static str, Parameter)> {
        let text = |text: &str| Parameter::Text(text.to_owned());
        let fixed = pages.query.iter().map(|(name, value)| (*name, text(value)));
        let lists = pages.lists.iter().map(|(name, all)| (*name, Parameter::Texts(all.to_vec())));
        let ids = match place {
            Place::Marketplace(marketplace) => marketplace.id.to_owned(),
            Place::Region(_) => {
                let ids: Vec<_> = marketplaces.iter().map(|it| it.id).collect();
                ids.join(",")
            }
        };
        let marketplaces = pages.marketplaces.iter().map(|name| (*name, text(&ids)));
        let times = self.named(pages).into_iter().flatten();
        let times = times.map(|(name, time)| (name, Parameter::Text(utc(time))));
        let size = pages.page_size.zip(size);
        let size = size.map(|(it, size)| (it.parameter, Parameter::Number(size.into())));
        let own = fixed.chain(lists).chain(marketplaces).chain(times).chain(size);
        own.chain(self.turned(pages.next, at)).collect()
    }

    /// Its times under their names. A window of days is named by its first and its last day.
    fn named(&self, pages: &Pages) -> Option<[(&'static str, DateTime<Utc>); 2]> {
        let ([start, end], [from, until]) = self.times?;
        let is_days = pages.present.is_some() || matches!(pages.edges, Edges::Days { .. });
        let last = if is_days { until - TimeDelta::days(1) } else { until };
        Some([(start, from), (end, last)])
    }

    /// The parameters that say which page of which part of a list it is.
    fn turned(&self, next: Next, at: &At) -> Vec<(&'static str, Parameter)> {
        match (next, at) {
            (Next::Token(token), At::Token(text)) => {
                vec![(token.parameter, Parameter::Text(text.clone()))]
            }
            (Next::Offset(offset), at) => {
                let before = if let At::Offset(before) = at { *before } else { 0 };
                let (order, [first, _]) = offset.order;
                let end = self.end.unwrap_or(first);
                let kind = self.kind.map(|kind| (offset.kinds.0, Parameter::Texts(vec![kind])));
                let turned = [
                    (offset.parameter, Parameter::Number(before)),
                    (order, Parameter::Text(end.to_owned())),
                ];
                turned.into_iter().chain(kind).collect()
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::streams::Roster;

    const NOW: &str = "2026-11-20T12:00:00Z";

    fn pages(stream: &str) -> &'static Pages {
        Pages::of(Roster::table().find(stream).unwrap()).unwrap()
    }

    #[test]
    fn a_day_is_halved_down_to_an_hour_without_a_gap() {
        let day = Window::Day("2026-11-01".parse().unwrap());
        let whole = Part::of(
            pages("order_financial_events"),
            Place::Region(Region::Na),
            day,
            NOW.parse().unwrap(),
        );
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
        let account = pages("account");
        let place = Place::Region(Region::Na);
        let parts = Part::of(account, place, Window::Present, NOW.parse().unwrap());
        assert_eq!(parts.len(), 1);
        assert_eq!((parts[0].times, parts[0].divided(account)), (None, Vec::new()));
    }

    #[test]
    fn purchase_orders_are_asked_for_by_their_making_and_by_their_changes() {
        let week = Window::Times(
            "2026-11-01T00:00:00Z".parse().unwrap(),
            "2026-11-08T00:00:00Z".parse().unwrap(),
        );
        let parts = Part::of(
            pages("vendor_purchase_orders"),
            Place::Region(Region::Na),
            week,
            NOW.parse().unwrap(),
        );
        let names: Vec<_> = parts.iter().map(|part| part.times.unwrap().0).collect();
        assert_eq!(names, [["createdAfter", "createdBefore"], ["changedAfter", "changedBefore"]]);
        let bounds: Vec<_> = parts.iter().map(|part| part.times.unwrap().1.map(utc)).collect();
        assert_eq!(bounds, [["2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z"]; 2]);
    }

    /// The body with which a page of a part in the United States is asked for.
    fn asked(stream: &str, part: &Part, at: &At) -> serde_json::Value {
        let pages = pages(stream);
        let size = pages.page_size.map(|size| size.most);
        crate::api::nested(&part.parameters(pages, us(), &[], size, at))
    }

    fn us() -> Place {
        Place::Marketplace(crate::marketplace::Marketplace::find("US").unwrap())
    }

    fn days(from: &str, until: &str) -> Window {
        let midnight = |day: &str| format!("{day}T00:00:00Z").parse().unwrap();
        Window::Times(midnight(from), midnight(until))
    }

    #[test]
    fn a_search_for_days_names_the_first_and_the_last_of_them() {
        let parts = |stream, window| Part::of(pages(stream), us(), window, NOW.parse().unwrap());
        let daily = parts("replenishment_daily_metrics", days("2026-10-01", "2026-11-01"));
        let body = asked("replenishment_daily_metrics", &daily[0], &At::Start);
        let interval =
            json!({"startDate": "2026-10-01T00:00:00Z", "endDate": "2026-10-31T00:00:00Z"});
        assert_eq!(body["timeInterval"], interval);
        assert_eq!(body["marketplaceId"], "ATVPDKIKX0DER");
        assert_eq!(body["programTypes"], json!(["SUBSCRIBE_AND_SAVE"]));
        let rolling = parts("replenishment_rolling_metrics", Window::Present);
        let body = asked("replenishment_rolling_metrics", &rolling[0], &At::Start);
        let interval =
            json!({"startDate": "2026-11-18T00:00:00Z", "endDate": "2026-11-18T00:00:00Z"});
        assert_eq!(body["timeInterval"], interval);
        let forecast = parts("replenishment_offer_forecast", Window::Present);
        assert_eq!(
            asked("replenishment_offer_forecast", &forecast[0], &At::Offset(500)),
            json!({
                "filters": {
                    "timePeriodType": "FORECAST",
                    "programTypes": ["SUBSCRIBE_AND_SAVE"],
                    "marketplaceId": "ATVPDKIKX0DER",
                    "timeInterval": {
                        "startDate": "2026-11-21T00:00:00Z", "endDate": "2026-11-27T00:00:00Z"},
                },
                "pagination": {"limit": 500, "offset": 500},
                "sort": {"key": "NEXT_30DAYS_SHIPPED_SUBSCRIPTION_UNITS", "order": "ASC"},
            })
        );
    }

    #[test]
    fn a_list_that_is_too_long_is_asked_for_by_days_then_by_kinds_then_from_either_end() {
        let (name, offers) = ("replenishment_offer_metrics", pages("replenishment_offer_metrics"));
        let now = NOW.parse().unwrap();
        let three = Part::of(offers, us(), days("2026-11-01", "2026-11-04"), now);
        let halves = three[0].divided(offers);
        let interval = |part: &Part| {
            let body = asked(name, part, &At::Start);
            let end =
                |name: &str| body["filters"]["timeInterval"][name].as_str().unwrap().to_owned();
            [end("startDate"), end("endDate")].map(|time| time[..10].to_owned())
        };
        let found: Vec<_> = halves.iter().map(interval).collect();
        assert_eq!(found, [["2026-11-01", "2026-11-01"], ["2026-11-02", "2026-11-03"]]);
        let kinds = halves[0].divided(offers);
        let kind = |part: &Part| {
            asked(name, part, &At::Start)["filters"]["fulfillmentChannelTypes"].take()
        };
        let found: Vec<_> = kinds.iter().map(kind).collect();
        assert_eq!(found, [json!(["AMAZON"]), json!(["MERCHANT"])]);
        assert_eq!(kind(&halves[0]), serde_json::Value::Null);
        let ends = kinds[1].divided(offers);
        let order = |part: &Part| asked(name, part, &At::Offset(9000))["sort"]["order"].take();
        let found: Vec<_> = ends.iter().map(order).collect();
        assert_eq!(found, [json!("ASC"), json!("DESC")]);
        assert!(ends.iter().all(|end| end.is_end() && kind(end) == json!(["MERCHANT"])));
        assert_eq!(ends[0].divided(offers), []);
        // A picture of the coming days is one picture.
        let forecast = pages("replenishment_offer_forecast");
        let present = Part::of(forecast, us(), Window::Present, now);
        assert_eq!(present[0].divided(forecast).len(), 2);
    }
}
