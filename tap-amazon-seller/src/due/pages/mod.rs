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
mod tests;
