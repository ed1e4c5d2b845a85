//! Which reports are due: streams, marketplaces and bookmarks become requests.
//!
//! Streams that the same report feeds share one request. A *lane* is one report for one unit (a
//! marketplace, or a region where Amazon makes one report for all of it), with its windows in order.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::account::Area;
use crate::api::ReportSpecification;
use crate::bookmark::{Bookmarks, Until};
use crate::config::Config;
use crate::document::{Feed, Place};
use crate::plan::{self, Bounds, Course, Window};
use crate::selection::Selected;
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
    /// The windows that are due, oldest first.
    pub windows: Vec<Window>,
    /// How far they have come.
    pub course: Course,
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

    /// The streams and the unit, as messages name them.
    #[must_use]
    pub fn name(&self) -> String {
        let streams: Vec<_> = self.feeds.iter().map(|feed| feed.stream.name).collect();
        let unit = match self.place {
            Place::Region(region) => region.code(),
            Place::Marketplace(marketplace) => marketplace.country,
        };
        format!("{}: {unit}", streams.join(", "))
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
            let places = match report.scope {
                Scope::Region if of.marketplaces.is_empty() => Vec::new(),
                Scope::Region => vec![Place::Region(of.region())],
                Scope::Marketplace => {
                    of.marketplaces.iter().copied().map(Place::Marketplace).collect()
                }
            };
            for place in places {
                let feeds = streams.iter().map(|stream| feed(stream, selected)).collect();
                let mut lane = Lane {
                    report,
                    place,
                    area,
                    feeds,
                    asin_granularity: config.asin_granularity(&streams),
                    windows: Vec::new(),
                    course: Course::new([]),
                };
                // Streams of one report go together from where the last of them stands.
                let stands = |stream: &&Stream| -> Option<Until> {
                    let bookmark = bookmarks.until(stream, lane.unit());
                    bookmark.filter(|_| !anew.contains(stream.name))
                };
                let bookmark = streams.iter().map(stands).min().flatten();
                lane.windows = windows(config, &lane, &streams, bookmark, bounds);
                lane.course = Course::new(lane.windows.iter().copied());
                lanes.push(lane);
            }
        }
    }
    lanes
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

/// The windows of a lane that are due.
fn windows(
    config: &Config,
    lane: &Lane,
    streams: &[&Stream],
    bookmark: Option<Until>,
    bounds: Bounds,
) -> Vec<Window> {
    let lookback =
        streams.iter().filter_map(|stream| config.stream(stream.name).lookback_days).max();
    match (lane.report.extraction, lane.place) {
        (Extraction::Snapshot, _) => vec![Window::Present],
        (Extraction::Window { longest, retention }, _) => {
            let retention = retention.unwrap_or(NO_LIMIT);
            cut(lane, bookmark, retention, bounds);
            let lookback = TimeDelta::days(lookback.unwrap_or_default().into());
            plan::windows(bounds, bookmark, lookback, longest, retention)
        }
        (Extraction::Daily { reread_days, retention_days }, Place::Marketplace(marketplace)) => {
            let retention = TimeDelta::days(retention_days.into());
            cut(lane, bookmark, retention, bounds);
            plan::days(
                bounds,
                bookmark,
                lookback.unwrap_or(reread_days),
                retention,
                marketplace.time_zone,
            )
        }
        // A day needs a time zone, and a region has several.
        (Extraction::Daily { .. }, Place::Region(_)) => Vec::new(),
    }
}

/// Says that a start lies before what Amazon still has.
fn cut(lane: &Lane, bookmark: Option<Until>, retention: TimeDelta, bounds: Bounds) {
    if bookmark.is_none() && bounds.start < bounds.now - retention {
        tracing::warn!(
            "{}: start_date is cut to the {} days that Amazon keeps",
            lane.name(),
            retention.num_days()
        );
    }
}
