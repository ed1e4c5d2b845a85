//! What is due: streams, marketplaces and bookmarks become requests.
//!
//! Streams that the same report or the same pages feed share requests. A *lane* is one such source for one
//! unit (a marketplace, or a region where Amazon answers for all of it), with its windows in order.

mod follow;
mod noted;
mod pages;
mod report;
#[cfg(test)]
pub(crate) mod scene;

pub use follow::{Follower, followers};
pub use pages::{At, Part, Withheld, included};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::account::Area;
use crate::bookmark::{Bookmarks, Brought, LISTED, Reading, Until};
use crate::config::Config;
use crate::document::{Feed, Place};
use crate::extent::Extent;
use crate::marketplace::Region;
use crate::plan::{self, Bounds, Due, Grid, Lengths, Window};
use crate::selection::Selected;
use crate::settling;
use crate::streams::{AsinGranularity, Edges, Extraction, Roster, Scope, Stream};

/// What is taken for the oldest of Amazon's data where it publishes no limit; older than any account.
const NO_LIMIT: TimeDelta = TimeDelta::days(36_500);

/// Something that can be asked for, window by window.
pub trait Windowed: fmt::Debug + PartialEq + 'static {
    /// The source behind a stream, if it is of this kind.
    fn of(stream: &'static Stream) -> Option<&'static Self>;

    /// What one request covers.
    fn scope(&self) -> Scope;

    /// Which windows there are.
    fn extraction(&self) -> Extraction;

    /// How far back what is out is read again, unless the user says otherwise.
    fn lookback(&self) -> TimeDelta;

    /// Whether Amazon keeps everything in a place, whatever the retention elsewhere.
    fn is_kept(&self, _: Place) -> bool {
        false
    }

    /// Where windows of time may begin and end.
    fn edges(&self) -> Edges {
        Edges::Moments
    }

    /// The regions in which it can be asked for.
    fn regions(&self) -> &'static [Region] {
        &Region::ALL
    }
}

/// One report, or one list of pages, for one unit.
#[derive(Debug)]
pub struct Lane<S: 'static> {
    /// What is asked for.
    pub source: &'static S,
    /// What one request covers.
    pub place: Place,
    /// The region's place in the list of areas.
    pub area: usize,
    /// The streams that it feeds.
    pub feeds: Vec<Feed>,
    /// What one record of sales and traffic is about.
    pub asin_granularity: AsinGranularity,
    /// Whether bookmarks count for it; not if everything is to be extracted anew.
    pub anew: bool,
    /// How long its days are read again.
    pub lookback: TimeDelta,
    /// What is out for all of its streams; nothing, if bookmarks do not count.
    pub extent: Extent,
    /// What all of its streams have seen of its days when the run began: a day counts as settled where it
    /// has settled for all of them.
    pub readings: BTreeMap<NaiveDate, Option<Reading>>,
    /// What is out of reports that Amazon makes by itself; nothing, if bookmarks do not count.
    pub brought: Vec<Brought>,
    /// Set if the lane begins later than it should.
    pub cut: Option<Cut>,
    /// What is due; the present has no origin.
    pub origin: Option<Until>,
    /// The windows that are due, in the order in which they are to be asked for.
    pub windows: Vec<Window>,
}

/// Why a lane begins later than the user or a bookmark says: Amazon keeps its data for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// What lies before the oldest data: a setting, or the bookmark.
    what: &'static str,
    retention_days: i64,
}

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, retention_days } = self;
        write!(formatter, "{what} is cut to the {retention_days} days that Amazon keeps")
    }
}

impl<S: Windowed> Lane<S> {
    /// The unit's name in a bookmark. Records about something else have other keys, so what is out by child
    /// ASIN is not out by SKU: a granularity that is not the usual one is part of the name.
    #[must_use]
    pub fn unit(&self) -> String {
        let unit = match self.place {
            Place::Region(region) => region.code(),
            Place::Marketplace(marketplace) => marketplace.id,
        };
        match self.asin_granularity {
            granularity if granularity == AsinGranularity::default() => unit.to_owned(),
            granularity => format!("{unit}/{}", granularity.code()),
        }
    }

    /// Whether the settings say what its records are about.
    #[must_use]
    pub fn has_granularity(&self) -> bool {
        self.feeds.iter().any(|feed| feed.stream.has_granularity())
    }

    /// The streams, as messages name them.
    #[must_use]
    pub fn streams(&self) -> String {
        let streams: Vec<_> = self.feeds.iter().map(|feed| feed.stream.name).collect();
        streams.join(", ")
    }

    /// The unit, as messages name it.
    #[must_use]
    pub fn place_name(&self) -> &'static str {
        match self.place {
            Place::Region(region) => region.code(),
            Place::Marketplace(marketplace) => marketplace.country,
        }
    }

    /// The streams and the unit, as messages name them.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}: {}", self.streams(), self.place_name())
    }
}

/// The sources of a kind, grouped: which streams each of them feeds.
fn groups<S: Windowed>(
    wanted: impl Iterator<Item = &'static Stream>,
) -> Vec<(&'static S, Vec<&'static Stream>)> {
    let mut groups: Vec<(&'static S, Vec<&'static Stream>)> = Vec::new();
    for stream in wanted {
        let Some(source) = S::of(stream) else { continue };
        let is_read_alike = |streams: &[&Stream]| {
            streams.iter().all(|other| other.source.reader() == stream.source.reader())
        };
        let known = groups.iter_mut();
        match known.into_iter().find(|(known, of)| *known == source && is_read_alike(of)) {
            Some((_, streams)) => streams.push(stream),
            None => groups.push((source, vec![stream])),
        }
    }
    groups
}

/// All lanes of a run over sources of one kind.
///
/// `followers` are streams for whose sake others are read, whether these are selected or not.
#[must_use]
pub fn lanes<S: Windowed>(
    config: &Config,
    areas: &[Area],
    selected: &[Selected],
    followers: &[Follower],
    bookmarks: &Bookmarks,
    bounds: Bounds,
) -> Vec<Lane<S>>
where
    Lane<S>: Pending,
{
    let is_selected = |stream: &&Stream| selected.iter().any(|each| each.stream == *stream);
    let mut silent: Vec<_> = followers.iter().map(|follower| follower.listings).collect();
    silent.retain(|stream| !is_selected(stream));
    silent.dedup();
    let anew: BTreeSet<&str> =
        selected.iter().filter(|each| each.anew).map(|each| each.stream.name).collect();
    let wanted = selected.iter().map(|each| each.stream).chain(silent);
    let mut lanes = Vec::new();
    for (source, streams) in groups::<S>(wanted) {
        for (area, of) in areas.iter().enumerate() {
            for place in places(source, of) {
                let mut lane = Lane {
                    source,
                    place,
                    area,
                    feeds: streams
                        .iter()
                        .map(|it| feed(it, selected, followers, &config.roster))
                        .collect(),
                    asin_granularity: if streams.iter().any(|it| it.has_granularity()) {
                        config.asin_granularity()
                    } else {
                        AsinGranularity::default()
                    },
                    anew: streams.iter().any(|stream| anew.contains(stream.name)),
                    lookback: lookback(config, source, &streams),
                    extent: Extent::default(),
                    readings: BTreeMap::new(),
                    brought: Vec::new(),
                    cut: None,
                    origin: None,
                    windows: Vec::new(),
                };
                lane.extent = lane.extent(bookmarks, bounds.start);
                lane.brought = lane.brought(bookmarks);
                lane.cut = lane.cut(bounds);
                let readings = lane.readings(bookmarks);
                if let Some(due) = due(&lane, of, readings.as_ref(), bookmarks, bounds) {
                    (lane.origin, lane.windows) = (Some(due.origin), due.windows);
                } else {
                    lane.windows = vec![Window::Present];
                }
                lane.readings = readings.unwrap_or_default();
                lanes.push(lane);
            }
        }
    }
    lanes
}

/// What single requests cover in a region.
fn places(source: &impl Windowed, area: &Area) -> Vec<Place> {
    match source.scope() {
        _ if !source.regions().contains(&area.region()) => Vec::new(),
        Scope::Region if area.marketplaces.is_empty() => Vec::new(),
        Scope::Region => vec![Place::Region(area.region())],
        Scope::Marketplace => area.marketplaces.iter().copied().map(Place::Marketplace).collect(),
        Scope::Only(ids) => {
            let wanted = area.marketplaces.iter().filter(|it| ids.contains(&it.id));
            wanted.copied().map(Place::Marketplace).collect()
        }
    }
}

/// How far back a lane's windows are read again: what the user says, or what the source asks for.
fn lookback(config: &Config, source: &impl Windowed, streams: &[&Stream]) -> TimeDelta {
    let named = streams.iter().filter_map(|stream| config.stream(stream.name).lookback_days).max();
    named.map_or_else(|| source.lookback(), |days| TimeDelta::days(days.into()))
}

/// A stream's share of a document. What is not selected at the top of a record is not even built.
fn feed(
    stream: &'static Stream,
    selected: &[Selected],
    followers: &[Follower],
    roster: &Roster,
) -> Feed {
    let mut feed = Feed::all(stream);
    if let Some(selected) = selected.iter().find(|each| each.stream == stream) {
        // What goes out in the shape of another tap is built of this tap's own properties.
        let own = selected.fit.as_ref().and_then(|_| serde_json::from_str(stream.schema).ok());
        let schema = own.as_ref().unwrap_or(&selected.schema);
        let properties = schema.get("properties").and_then(serde_json::Value::as_object);
        let names = properties.into_iter().flatten().map(|(name, _)| name);
        // What another stream is asked for by is built, whoever else wants it.
        let names_items =
            |name: &str| followers.iter().any(|it| it.listings == stream && it.property == name);
        let deselected = names.filter(|name| !selected.wants(name) && !names_items(name));
        feed.deselected = deselected.cloned().collect();
    }
    if let Some(share) = stream.source.share().filter(|_| !roster.is_personal()) {
        feed.deselected.extend(share.personal().map(str::to_owned));
    }
    feed
}

/// The windows of a lane that are due; nothing for a picture of the present, which always is.
fn due<S: Windowed>(
    lane: &Lane<S>,
    area: &Area,
    readings: Option<&BTreeMap<NaiveDate, Option<Reading>>>,
    bookmarks: &Bookmarks,
    bounds: Bounds,
) -> Option<Due>
where
    Lane<S>: Pending,
{
    let extent = &lane.extent;
    let retention = lane.retention().unwrap_or(NO_LIMIT);
    match lane.source.extraction() {
        Extraction::Snapshot => None,
        Extraction::Listed => Some(plan::listed(bounds, retention)),
        Extraction::Window { longest, .. } => {
            let pending = lane.pending(area, bookmarks);
            let grid = match lane.source.edges() {
                Edges::Moments => Grid::Moments,
                Edges::Midnights => Grid::Midnights(lane.place.time_zone()),
                Edges::Days { late } => Grid::Days { late },
                Edges::Periods(period) => Grid::Periods(period),
            };
            let lengths = Lengths { lookback: lane.lookback, longest, retention };
            Some(plan::windows(bounds, extent, lengths, grid, &pending))
        }
        Extraction::Daily { .. } => {
            let lookback_days = u32::try_from(lane.lookback.num_days()).unwrap_or_default();
            let zone = lane.place.time_zone();
            Some(plan::days(bounds, extent, readings, lookback_days, retention, zone))
        }
    }
}

/// What was asked for in earlier runs and is not loaded yet.
pub trait Pending {
    /// The windows of time of this lane.
    fn pending(&self, area: &Area, bookmarks: &Bookmarks) -> Vec<Range<DateTime<Utc>>>;
}

impl<S: Windowed> Lane<S> {
    /// How far back Amazon has data for the lane; nothing where it publishes no limit.
    #[must_use]
    pub fn retention(&self) -> Option<TimeDelta> {
        match self.source.extraction() {
            _ if self.source.is_kept(self.place) => None,
            Extraction::Snapshot => None,
            Extraction::Listed => Some(LISTED),
            Extraction::Window { retention, .. } => retention,
            Extraction::Daily { retention_days, .. } => {
                Some(TimeDelta::days(retention_days.into()))
            }
        }
    }

    /// Whether a start, or the bookmark, lies before what Amazon still has.
    fn cut(&self, bounds: Bounds) -> Option<Cut> {
        let retention = self.retention()?;
        let kept = bounds.now - retention;
        // Whoever has loaded some of what is listed has the earlier ones, too.
        if !self.brought.is_empty() {
            return None;
        }
        let (what, from) = match self.extent.until() {
            None => ("start_date", bounds.start),
            Some(Until::Time(until)) => ("the bookmark", until),
            Some(Until::Day(day)) => ("the bookmark", settling::end_of(day, chrono_tz::UTC)),
        };
        let is_cut = from < kept && bounds.earliest.is_none_or(|earliest| earliest < kept);
        is_cut.then_some(Cut { what, retention_days: retention.num_days() })
    }
}

#[cfg(test)]
mod tests;
