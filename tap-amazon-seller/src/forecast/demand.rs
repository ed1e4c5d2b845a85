//! Counts the calls of a run, region by region, and the time that they take at the published plans.
//!
//! Pure arithmetic: nothing here calls or reads a clock.

use std::time::Duration;

use api_client::Operation;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::account::Area;
use crate::api::{
    CATALOG_PAGE, CREATE_REPORT, GET_LISTINGS_ITEM, GET_MARKETPLACE_PARTICIPATIONS, GET_REPORT,
    GET_REPORT_DOCUMENT, GET_REPORTS, SEARCH_CATALOG_ITEMS,
};
use crate::bookmark::{Bookmarks, Slot, Until};
use crate::config::{CatalogScope, Config};
use crate::due::{Cut, Lane, Windowed};
use crate::job::Job;
use crate::marketplace::Region;
use crate::plan::{Bounds, Window};
use crate::selection::Selected;
use crate::streams::{Extraction, Next, Pages, Report, Source};

/// What a run would do.
#[derive(Debug)]
pub struct Forecast {
    /// The share of each lane: one report for one unit.
    pub shares: Vec<Share>,
    /// The calls in each region, in the order in which a run makes them.
    pub regions: Vec<(Region, Vec<Demand>)>,
}

/// What is due of one report in one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The streams that the report feeds.
    pub streams: String,
    /// The marketplace's country, or the region.
    pub unit: &'static str,
    /// Windows that are due: reports to load.
    pub windows: u64,
    /// Lists to look through for reports that Amazon makes by itself; how many of them there are, only
    /// Amazon knows.
    pub lists: u64,
    /// Of these, the ones whose report an earlier run has asked for.
    pub taken_up: u64,
    /// Of these, the ones of which only Amazon knows whether an earlier run has asked for them.
    pub looked_for: u64,
    /// Of these, the ones that are out and are read again.
    pub again: u64,
    /// The first and the last day that is due, in the unit's own calendar; nothing for the present.
    pub span: Option<(NaiveDate, NaiveDate)>,
    /// Whole days since the start that are out; nothing for the present, which is never out.
    pub days_out: Option<u64>,
    /// Set if Amazon no longer has what is wanted.
    pub cut: Option<Cut>,
}

/// Calls of one operation.
#[derive(Debug, Clone)]
pub struct Demand {
    /// The operation, with its published plan.
    pub operation: &'static Operation,
    /// Calls that can be counted beforehand.
    pub calls: u64,
    /// What the others depend on, if there are any.
    pub more: Option<&'static str>,
}

impl Demand {
    fn exact(operation: &'static Operation, calls: u64) -> Self {
        Self { operation, calls, more: None }
    }

    /// How long these calls take at the published plan, if its burst is whole: until the last of them
    /// is sent.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.operation.plan.map_or(Duration::ZERO, |plan| plan.time_for(self.calls))
    }
}

/// What is read item by item.
#[derive(Debug, Clone, Copy)]
pub struct Items<'a> {
    /// What the catalogue is asked for, if it is read.
    catalog: Option<&'a CatalogScope>,
    /// Whether the seller's offers are read.
    has_offers: bool,
}

impl<'a> Items<'a> {
    /// What the selected streams read.
    #[must_use]
    pub fn of(config: &'a Config, selected: &[Selected]) -> Self {
        let reads = |is_it: fn(&Source) -> bool| selected.iter().any(|it| is_it(&it.stream.source));
        let reads_catalog = reads(|it| matches!(it, Source::CatalogItems { .. }));
        Self {
            catalog: reads_catalog.then_some(&config.scope),
            has_offers: reads(|it| matches!(it, Source::ListingsItems { .. })),
        }
    }
}

/// The calls for the seller's offers.
const OFFERS: Demand = Demand {
    operation: &GET_LISTINGS_ITEM,
    calls: 0,
    more: Some("a call for each SKU of the listings"),
};

impl Forecast {
    /// Counts.
    #[must_use]
    pub fn new(
        (reports, pages): (&[Lane<Report>], &[Lane<Pages>]),
        areas: &[Area],
        items: Items<'_>,
        bookmarks: &Bookmarks,
        bounds: Bounds,
    ) -> Self {
        let mut shares = Vec::new();
        let mut regions = Vec::new();
        for (number, area) in areas.iter().enumerate() {
            let jobs = bookmarks.jobs(area.region());
            let own: Vec<_> = reports.iter().filter(|lane| lane.area == number).collect();
            let parts: Vec<_> =
                own.iter().map(|lane| report_share(lane, area, &jobs, bounds)).collect();
            let marketplaces = area.marketplaces.len() as u64;
            let mut demands = demands(&own, &parts);
            demands.extend(items.catalog.map(|scope| catalog_demand(scope, marketplaces)));
            demands.extend(items.has_offers.then_some(OFFERS));
            shares.extend(parts);
            for lane in pages.iter().filter(|lane| lane.area == number) {
                demands.push(pages_demand(lane));
                shares.push(share(lane, bounds));
            }
            regions.push((area.region(), demands));
        }
        Self { shares, regions }
    }

    /// The calls that take longest, and where: what a run takes at least.
    #[must_use]
    pub fn slowest(&self) -> Option<(Region, &Demand)> {
        let demands = self.regions.iter();
        let demands = demands.flat_map(|(region, demands)| demands.iter().map(|it| (*region, it)));
        demands.max_by_key(|(_, demand)| demand.time())
    }
}

/// What is due of a lane of reports.
fn report_share(lane: &Lane<Report>, area: &Area, jobs: &[(Slot, Job)], bounds: Bounds) -> Share {
    let job = |window: &Window| {
        jobs.iter().map(|(_, job)| job).find(|job| lane.wants(area, *window, job, bounds.now))
    };
    let jobs: Vec<_> = lane.windows.iter().filter_map(job).collect();
    let count = |is_known: bool| {
        jobs.iter().filter(|job| job.report_id.is_some() == is_known).count() as u64
    };
    Share { taken_up: count(true), looked_for: count(false), ..share(lane, bounds) }
}

/// What is due of a lane.
fn share<S: Windowed>(lane: &Lane<S>, bounds: Bounds) -> Share {
    let is_out = |window: &&Window| window.range().is_some_and(|range| lane.extent.holds(&range));
    let count = lane.windows.len() as u64;
    let is_listed = lane.source.extraction() == Extraction::Listed;
    Share {
        streams: lane.streams(),
        unit: lane.place_name(),
        windows: if is_listed { 0 } else { count },
        lists: if is_listed { count } else { 0 },
        taken_up: 0,
        looked_for: 0,
        again: lane.windows.iter().filter(is_out).count() as u64,
        span: span(&lane.windows),
        days_out: days_out(lane, bounds),
        cut: lane.cut,
    }
}

/// The first and the last day of windows, in whatever order they are.
fn span(windows: &[Window]) -> Option<(NaiveDate, NaiveDate)> {
    let last_moment = |end: &DateTime<Utc>| *end - TimeDelta::seconds(1);
    let days = windows.iter().filter_map(|window| match window {
        Window::Present => None,
        Window::Day(day) => Some((*day, *day)),
        Window::Times(from, until) => Some((from.date_naive(), last_moment(until).date_naive())),
    });
    days.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
}

/// Whole days since the start of a lane that are out.
fn days_out<S: Windowed>(lane: &Lane<S>, bounds: Bounds) -> Option<u64> {
    let retention = lane.retention();
    let oldest = retention.map_or(bounds.start, |retention| bounds.oldest(retention));
    let start = bounds.start.max(oldest);
    let days = match lane.source.extraction() {
        Extraction::Daily { .. } => {
            let zone = lane.place.time_zone();
            let today = bounds.today(zone);
            let days = start.with_timezone(&zone).date_naive().iter_days();
            let range = |day: &NaiveDate| {
                Some(Until::Day(*day)..Until::Day(day.checked_add_days(Days::new(1))?))
            };
            days.take_while(|day| *day < today)
                .filter(|day| range(day).is_some_and(|range| lane.extent.holds(&range)))
                .count()
        }
        Extraction::Window { .. } => {
            let end = bounds.settled().max(start);
            let gaps = lane.extent.gaps(Until::Time(start)..Until::Time(end));
            let open: TimeDelta = gaps.iter().map(|gap| length(gap.start, gap.end)).sum();
            usize::try_from((end - start - open).num_days()).unwrap_or_default()
        }
        Extraction::Snapshot | Extraction::Listed => return None,
    };
    Some(days as u64)
}

/// The time between two points, if they are times.
fn length(from: Until, until: Until) -> TimeDelta {
    match (from, until) {
        (Until::Time(from), Until::Time(until)) => until - from,
        _ => TimeDelta::zero(),
    }
}

/// The calls for the reports of a region.
fn demands(lanes: &[&Lane<Report>], shares: &[Share]) -> Vec<Demand> {
    let sum = |count: fn(&Share) -> u64| shares.iter().map(count).sum::<u64>();
    let (windows, taken_up) = (sum(|it| it.windows), sum(|it| it.taken_up));
    let (lists, document) = (sum(|it| it.lists), GET_REPORT_DOCUMENT.name);
    // What others have asked for of late is looked up once a report type.
    let mut looked_up: Vec<_> = lanes
        .iter()
        .zip(shares)
        .filter(|(lane, share)| lane.is_shared() && share.windows > share.taken_up)
        .map(|(lane, _)| lane.source.report_type)
        .collect();
    looked_up.sort_unstable();
    looked_up.dedup();
    let all = [
        Demand::exact(&GET_MARKETPLACE_PARTICIPATIONS, 1),
        Demand {
            operation: &GET_REPORTS,
            calls: sum(|it| it.looked_for) + looked_up.len() as u64 + lists,
            more: (lists > 0).then_some("a call for each further hundred of reports"),
        },
        Demand::exact(&CREATE_REPORT, windows - taken_up),
        Demand {
            operation: &GET_REPORT,
            calls: windows,
            more: Some("each report is looked at until Amazon has made it"),
        },
        Demand {
            operation: &GET_REPORT_DOCUMENT,
            calls: windows,
            more: (lists > 0)
                .then_some("a call for each report that Amazon lists and that is not out"),
        },
    ];
    all.into_iter()
        .filter(|it| it.calls > 0 || it.operation.name == document && lists > 0)
        .collect()
}

/// The calls for a list: a page for each window, and nobody knows how many more.
fn pages_demand(lane: &Lane<Pages>) -> Demand {
    let has_more = lane.source.next != Next::Nowhere;
    let more = has_more.then_some("a call for each further page of a list");
    let lists = lane.source.windows.len().max(1);
    Demand { operation: lane.source.operation, calls: (lane.windows.len() * lists) as u64, more }
}

/// The calls for the catalogue of a region.
fn catalog_demand(scope: &CatalogScope, marketplaces: u64) -> Demand {
    let (calls, more) = match scope {
        CatalogScope::Listings => (0, "a call for twenty ASINs of the listings and their parents"),
        CatalogScope::Asins(asins) => {
            (asins.len().div_ceil(CATALOG_PAGE) as u64, "a call for twenty parents of the items")
        }
        CatalogScope::Brands(brands) => {
            (brands.len() as u64, "a call for twenty items of a brand, and at most fifty a brand")
        }
    };
    Demand { operation: &SEARCH_CATALOG_ITEMS, calls: calls * marketplaces, more: Some(more) }
}
