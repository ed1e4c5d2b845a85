//! Which reports are due: streams, marketplaces and bookmarks become requests.
//!
//! Streams that the same report feeds share one request. A *lane* is one report for one unit (a
//! marketplace, or a region where Amazon makes one report for all of it), with its windows in order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::account::Area;
use crate::api::ReportSpecification;
use crate::bookmark::{Bookmarks, Reading, Until};
use crate::config::{CatalogScope, Config};
use crate::document::{Feed, Place};
use crate::extent::Extent;
use crate::job::Job;
use crate::plan::{self, Bounds, Due, Window};
use crate::selection::Selected;
use crate::settling;
use crate::streams::{AsinGranularity, Extraction, Report, Scope, Source, Stream};

/// What is taken for the oldest of Amazon's data where it publishes no limit; older than any account.
const NO_LIMIT: TimeDelta = TimeDelta::days(36_500);

/// One report for one unit.
#[derive(Debug)]
pub struct Lane {
    /// The report.
    pub report: &'static Report,
    /// What one report of it covers.
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

impl Lane {
    /// The unit's name in a bookmark.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self.place {
            Place::Region(region) => region.code(),
            Place::Marketplace(marketplace) => marketplace.id,
        }
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

    /// What to ask Amazon for.
    #[must_use]
    pub fn specification(&self, area: &Area, window: Window) -> ReportSpecification {
        let marketplace_ids = match self.place {
            Place::Region(_) => {
                area.marketplaces.iter().map(|marketplace| marketplace.id).collect()
            }
            Place::Marketplace(marketplace) => vec![marketplace.id],
        };
        let (data_start_time, data_end_time) = match window {
            Window::Present => (None, None),
            Window::Times(from, until) => (Some(from), Some(until)),
            // Amazon reads the dates only, and both are inclusive.
            Window::Day(day) => {
                let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc();
                (Some(midnight), Some(midnight))
            }
        };
        let mut report_options: BTreeMap<String, String> = self
            .report
            .options
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        if let Some(granularity) = report_options.get_mut(ASIN_GRANULARITY) {
            self.asin_granularity.code().clone_into(granularity);
        }
        ReportSpecification {
            report_type: self.report.report_type,
            marketplace_ids,
            data_start_time,
            data_end_time,
            report_options,
        }
    }
}

/// The report option that a stream setting of the same meaning replaces.
const ASIN_GRANULARITY: &str = "asinGranularity";

/// The reports of a run, grouped: which streams each of them feeds.
fn groups(
    wanted: impl Iterator<Item = &'static Stream>,
) -> Vec<(&'static Report, Vec<&'static Stream>)> {
    let mut groups: Vec<(&'static Report, Vec<&'static Stream>)> = Vec::new();
    for stream in wanted {
        let Source::Report { report, .. } = &stream.source else { continue };
        match groups.iter_mut().find(|(known, _)| known == report) {
            Some((_, streams)) => streams.push(stream),
            None => groups.push((report, vec![stream])),
        }
    }
    groups
}

/// Whether the catalogue is read.
#[must_use]
pub fn reads_catalog(selected: &[Selected]) -> bool {
    selected.iter().any(|each| matches!(each.stream.source, Source::CatalogItems { .. }))
}

/// The stream whose records name the ASINs that the catalogue is asked for, and the property in which
/// they do; nothing if the catalogue is not read, or the configuration names what to read.
#[must_use]
pub fn listings(config: &Config, selected: &[Selected]) -> Option<(&'static Stream, &'static str)> {
    if config.scope != CatalogScope::Listings {
        return None;
    }
    selected.iter().find_map(|each| match each.stream.source {
        Source::CatalogItems { listings, asin } => Some((config.roster.find(listings)?, asin)),
        Source::Participations | Source::Reports | Source::Report { .. } => None,
    })
}

/// All lanes of a run.
///
/// `listings` is a stream that is read for the sake of another, whether it is selected or not.
#[must_use]
pub fn lanes(
    config: &Config,
    areas: &[Area],
    selected: &[Selected],
    listings: Option<&'static Stream>,
    bookmarks: &Bookmarks,
    bounds: Bounds,
) -> Vec<Lane> {
    let silent = listings.filter(|listings| !selected.iter().any(|each| each.stream == *listings));
    let anew: BTreeSet<&str> =
        selected.iter().filter(|each| each.anew).map(|each| each.stream.name).collect();
    let wanted = selected.iter().map(|each| each.stream).chain(silent);
    let mut lanes = Vec::new();
    for (report, streams) in groups(wanted) {
        for (area, of) in areas.iter().enumerate() {
            for place in places(report, of) {
                let mut lane = Lane {
                    report,
                    place,
                    area,
                    feeds: streams.iter().map(|stream| feed(stream, selected)).collect(),
                    asin_granularity: config.asin_granularity(&streams),
                    anew: streams.iter().any(|stream| anew.contains(stream.name)),
                    lookback: lookback(config, report, &streams),
                    extent: Extent::default(),
                    readings: BTreeMap::new(),
                    cut: None,
                    origin: None,
                    windows: Vec::new(),
                };
                lane.extent = lane.extent(bookmarks);
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

/// What single reports cover in a region.
fn places(report: &Report, area: &Area) -> Vec<Place> {
    match report.scope {
        Scope::Region if area.marketplaces.is_empty() => Vec::new(),
        Scope::Region => vec![Place::Region(area.region())],
        Scope::Marketplace => area.marketplaces.iter().copied().map(Place::Marketplace).collect(),
    }
}

/// How far back a report's windows are read again: what the user says, or what the report asks for.
fn lookback(config: &Config, report: &Report, streams: &[&Stream]) -> TimeDelta {
    let named = streams.iter().filter_map(|stream| config.stream(stream.name).lookback_days).max();
    let own = match report.extraction {
        Extraction::Daily { lookback_days, .. } => lookback_days,
        Extraction::Snapshot | Extraction::Window { .. } => 0,
    };
    TimeDelta::days(named.unwrap_or(own).into())
}

/// A stream's share of a document. What is not selected at the top of a record is not even built.
fn feed(stream: &'static Stream, selected: &[Selected]) -> Feed {
    let mut feed = Feed::all(stream);
    if let Some(selected) = selected.iter().find(|each| each.stream == stream) {
        let properties = selected.schema.get("properties").and_then(serde_json::Value::as_object);
        let names = properties.into_iter().flatten().map(|(name, _)| name);
        feed.deselected = names.filter(|name| !selected.mask.keeps(&[name])).cloned().collect();
    }
    feed
}

/// The windows of a lane that are due; nothing for a picture of the present, which always is.
fn due(
    lane: &Lane,
    area: &Area,
    readings: Option<&BTreeMap<NaiveDate, Option<Reading>>>,
    bookmarks: &Bookmarks,
    bounds: Bounds,
) -> Option<Due> {
    let extent = &lane.extent;
    let retention = lane.retention().unwrap_or(NO_LIMIT);
    match (lane.report.extraction, lane.place) {
        // A day needs a time zone, and a region has several.
        (Extraction::Snapshot, _) | (Extraction::Daily { .. }, Place::Region(_)) => None,
        (Extraction::Window { longest, .. }, _) => {
            let pending = lane.pending(area, bookmarks);
            Some(plan::windows(bounds, extent, lane.lookback, longest, retention, &pending))
        }
        (Extraction::Daily { .. }, Place::Marketplace(marketplace)) => {
            let lookback_days = u32::try_from(lane.lookback.num_days()).unwrap_or_default();
            let zone = marketplace.time_zone;
            Some(plan::days(bounds, extent, readings, lookback_days, retention, zone))
        }
    }
}

impl Lane {
    /// What is out for all streams of the lane, in days for days and in times for times.
    fn extent(&self, bookmarks: &Bookmarks) -> Extent {
        if self.anew {
            return Extent::default();
        }
        let extents = self.feeds.iter().map(|feed| {
            let extent = bookmarks.extent(feed.stream, self.unit());
            let beyond = extent.beyond().iter();
            let beyond = beyond.map(|range| self.own(range.start)..self.own(range.end));
            Extent::new(extent.until().map(|until| self.own(until)), beyond)
        });
        extents.reduce(|one, two| one.common(&two)).unwrap_or_default()
    }

    /// A point as the lane's own windows count: another tap may have noted a time for days.
    fn own(&self, point: Until) -> Until {
        match (self.report.extraction, self.place, point) {
            (Extraction::Daily { .. }, Place::Marketplace(marketplace), Until::Time(time)) => {
                Until::Day(time.with_timezone(&marketplace.time_zone).date_naive())
            }
            (Extraction::Window { .. }, _, Until::Day(day)) => {
                Until::Time(day.and_time(chrono::NaiveTime::MIN).and_utc())
            }
            (_, _, point) => point,
        }
    }

    /// What all streams of the lane have seen of its days; nothing at all where nobody has noted any.
    fn readings(&self, bookmarks: &Bookmarks) -> Option<BTreeMap<NaiveDate, Option<Reading>>> {
        let mut common: Option<BTreeMap<NaiveDate, Option<Reading>>> = None;
        for feed in &self.feeds {
            for (day, reading) in bookmarks.readings(feed.stream, self.unit())? {
                let known = common.get_or_insert_default().entry(day).or_insert(None);
                if reading.is_some() {
                    *known = reading;
                }
            }
        }
        common
    }

    /// The windows of time that were asked for and are not loaded yet.
    fn pending(&self, area: &Area, bookmarks: &Bookmarks) -> Vec<Range<DateTime<Utc>>> {
        let own = Job::new(
            &self.specification(area, Window::Present),
            Window::Present,
            DateTime::UNIX_EPOCH,
        );
        let jobs = bookmarks.jobs(area.region()).into_iter();
        jobs.filter(|(_, job)| job.asks_the_same(&own))
            .filter_map(|(_, job)| match job.window {
                Window::Times(from, until) => Some(from..until),
                Window::Present | Window::Day(_) => None,
            })
            .collect()
    }

    /// Whether a report that another program of the seller has asked for of late serves as well: where
    /// Amazon would not make another one, and nothing but the type and the marketplace is asked for.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        let is_snapshot = matches!(self.report.extraction, Extraction::Snapshot);
        is_snapshot && !self.report.regeneration.is_zero() && self.report.options.is_empty()
    }

    /// How far back Amazon has data for the lane; nothing where it publishes no limit.
    #[must_use]
    pub fn retention(&self) -> Option<TimeDelta> {
        match self.report.extraction {
            Extraction::Snapshot => None,
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
        let (what, from) = match self.extent.until() {
            None => ("start_date", bounds.start),
            Some(Until::Time(until)) => ("the bookmark", until),
            Some(Until::Day(day)) => ("the bookmark", settling::end_of(day, chrono_tz::UTC)),
        };
        let is_cut = from < kept && bounds.earliest.is_none_or(|earliest| earliest < kept);
        is_cut.then_some(Cut { what, retention_days: retention.num_days() })
    }

    /// Whether a report that an earlier run asked for is one that this lane wants for a window.
    #[must_use]
    pub fn wants(&self, area: &Area, window: Window, job: &Job, now: DateTime<Utc>) -> bool {
        let own = || Job::new(&self.specification(area, window), window, now);
        window == job.window && job.is_of_use(now) && job.asks_the_same(&own())
    }
}
