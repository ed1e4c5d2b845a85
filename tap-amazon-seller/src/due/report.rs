//! What lanes of reports are asked with, and which reports serve them.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Lane, Pending, Windowed};
use crate::account::Area;
use crate::api::ReportSpecification;
use crate::bookmark::Bookmarks;
use crate::document::Place;
use crate::job::Job;
use crate::marketplace::Region;
use crate::plan::Window;
use crate::streams::{Edges, Extraction, Report, Scope, Source, Stream};

/// The report option that a stream setting of the same meaning replaces; custom reports have their own.
const ASIN_GRANULARITY: &str = "asinGranularity";

impl Windowed for Report {
    fn of(stream: &'static Stream) -> Option<&'static Self> {
        if let Source::Report { report, .. } = stream.source { Some(report) } else { None }
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
            Extraction::Window { .. } => self.lookback,
            Extraction::Snapshot | Extraction::Listed => TimeDelta::zero(),
        }
    }

    fn edges(&self) -> Edges {
        self.edges
    }

    fn regions(&self) -> &'static [Region] {
        self.regions
    }
}

impl Lane<Report> {
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
            // Of a period Amazon takes the last day for the end.
            Window::Times(from, until) if matches!(self.source.edges, Edges::Periods(_)) => {
                (Some(from), Some(until - TimeDelta::seconds(1)))
            }
            Window::Times(from, until) => (Some(from), Some(until)),
            // Amazon reads the dates only, and both are inclusive.
            Window::Day(day) => {
                let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc();
                (Some(midnight), Some(midnight))
            }
        };
        let mut report_options: BTreeMap<String, String> = self
            .source
            .options
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        if self.has_granularity()
            && let Some(granularity) = report_options.get_mut(ASIN_GRANULARITY)
        {
            self.asin_granularity.code().clone_into(granularity);
        }
        ReportSpecification {
            report_type: self.source.report_type,
            marketplace_ids,
            data_start_time,
            data_end_time,
            report_options,
        }
    }

    /// Whether a report that another program of the seller has asked for of late serves as well: where
    /// Amazon would not make another one, and nothing but the type and the marketplace is asked for.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        let is_snapshot = matches!(self.source.extraction, Extraction::Snapshot);
        is_snapshot && !self.source.regeneration.is_zero() && self.source.options.is_empty()
    }

    /// Whether a report that an earlier run asked for is one that this lane wants for a window.
    #[must_use]
    pub fn wants(&self, area: &Area, window: Window, job: &Job, now: DateTime<Utc>) -> bool {
        window == job.window && job.is_of_use(now) && self.asks(area, job)
    }

    /// Whether a report is one that this lane asks for, whatever its window.
    #[must_use]
    pub fn asks(&self, area: &Area, job: &Job) -> bool {
        let specification = self.specification(area, Window::Present);
        job.asks_the_same(&Job::new(&specification, Window::Present, DateTime::UNIX_EPOCH))
    }
}

impl Pending for Lane<Report> {
    /// The windows of time that were asked for and are not loaded yet.
    fn pending(&self, area: &Area, bookmarks: &Bookmarks) -> Vec<Range<DateTime<Utc>>> {
        let jobs = bookmarks.jobs(area.region()).into_iter();
        jobs.filter(|(_, job)| self.asks(area, job))
            .filter_map(|(_, job)| match job.window {
                Window::Times(from, until) => Some(from..until),
                Window::Present | Window::Day(_) => None,
            })
            .collect()
    }
}
