//! One run: asks for everything at once, writes what arrives, and moves a bookmark when a window is out.
//!
//! ```text
//!  lanes ──▶ reports asked for and waited for, all together ──▶ one document at a time ──▶ Writer
//!                                                                   │ listings
//!                                                                   ▼
//!                                                  catalogue items by ASIN, twenty at a time ──▶ Writer
//! ```
//!
//! What fails is said when it fails and counted; its bookmark stays, everything else goes on, and the
//! run ends with an error that says how much is missing.

mod catalog;
mod outcome;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api_client::{Downloader, RetryPolicy};
use chrono::SecondsFormat;
use serde_json::Value;
use singer::cli::Incomplete;
use singer::{Output, metric};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::account::{self, Area};
use crate::bookmark::Bookmarks;
use crate::catalog_items::{Items, Wanted};
use crate::clock::Clock;
use crate::config::{CatalogScope, Config};
use crate::due::{self, Lane};
use crate::marketplace::Marketplace;
use crate::plan::{Bounds, Window};
use crate::report::{Ended, Patience, ReportError, Reports};
use crate::selection::Selected;
use crate::streams::{Source, Stream};
use crate::writer::Writer;

/// Answers of the catalogue that wait to be written.
const WAITING_ITEMS: usize = 4;

/// What is to be done.
#[derive(Debug)]
pub struct Run {
    /// The configuration.
    pub config: Config,
    /// The streams to extract.
    pub selected: Vec<Selected>,
    /// Where the last run stopped.
    pub bookmarks: Bookmarks,
    /// The time.
    pub clock: Clock,
    /// Where messages go.
    pub output: Output,
}

/// How often and how long a call is tried in this run.
#[must_use]
pub fn policy(config: &Config) -> RetryPolicy {
    RetryPolicy {
        attempts: 12,
        time: config.max_wait,
        longest_wait: config.max_wait,
        ..RetryPolicy::default()
    }
}

/// Extracts everything that is due.
pub async fn run(run: Run) -> anyhow::Result<()> {
    let policy = policy(&run.config);
    let areas = account::open(&run.config, policy).await?;
    let mut writer = Writer::new(run.output);
    for selected in &run.selected {
        let keys = selected.stream.keys_at(run.config.asin_granularity(&[selected.stream]));
        writer.open(selected.stream, keys, selected.schema.clone(), selected.mask.clone())?;
    }
    let catalog = catalog_stream(&run.selected);
    let listings =
        catalog.filter(|_| run.config.scope == CatalogScope::Listings).and_then(|stream| {
            let Source::CatalogItems { listings, asin } = stream.source else { return None };
            writer.gather(listings, asin);
            Stream::find(listings)
        });
    let bounds = Bounds {
        start: run.config.start,
        earliest: run.config.earliest,
        end: run.config.end,
        now: run.clock.start(),
    };
    let lanes = due::lanes(&run.config, &areas, &run.selected, listings, &run.bookmarks, bounds);
    let (sender, items) = mpsc::channel(WAITING_ITEMS);
    let mut sync = Sync {
        areas,
        lanes,
        selected: run.selected,
        bookmarks: run.bookmarks,
        clock: run.clock,
        writer: Arc::new(Mutex::new(writer)),
        downloader: Downloader::with(policy, api_client::Timeouts::default())?,
        patience: Patience { poll: run.config.poll_interval, timeout: run.config.report_timeout },
        scope: run.config.scope,
        catalog,
        listings,
        waiting: JoinSet::new(),
        reading: JoinSet::new(),
        sender,
        items,
        missing: 0,
    };
    sync.write_participations()?;
    sync.ask();
    sync.work().await?;
    sync.finish()
}

/// The selected stream of catalogue items, if there is one.
fn catalog_stream(selected: &[Selected]) -> Option<&'static Stream> {
    selected
        .iter()
        .map(|selected| selected.stream)
        .find(|stream| matches!(stream.source, Source::CatalogItems { .. }))
}

/// The state of a run.
struct Sync {
    areas: Vec<Area>,
    lanes: Vec<Lane>,
    selected: Vec<Selected>,
    bookmarks: Bookmarks,
    clock: Clock,
    writer: Arc<Mutex<Writer>>,
    downloader: Downloader,
    patience: Patience,
    scope: CatalogScope,
    /// The stream of catalogue items, if it is selected.
    catalog: Option<&'static Stream>,
    /// The stream whose documents name the ASINs for it, if they come from there.
    listings: Option<&'static Stream>,
    /// Reports that Amazon is making, with their lane and window.
    waiting: JoinSet<(usize, Window, Result<Ended, ReportError>)>,
    /// Catalogues that are being read.
    reading: JoinSet<(&'static Marketplace, anyhow::Result<u64>)>,
    sender: mpsc::Sender<Items>,
    items: mpsc::Receiver<Items>,
    /// Windows and catalogues that failed, and documents with rows that were left out.
    missing: u64,
}

impl Sync {
    /// Writes the marketplaces, which are known by now.
    fn write_participations(&mut self) -> anyhow::Result<()> {
        let is_participations =
            |selected: &&Selected| matches!(selected.stream.source, Source::Participations);
        let Some(selected) = self.selected.iter().find(is_participations) else { return Ok(()) };
        let mut writer = self.writer();
        for record in self.areas.iter().flat_map(|area| &area.records) {
            writer.write(selected.stream.name, record)?;
        }
        drop(writer);
        for area in &self.areas {
            self.bookmarks.taken(selected.stream, area.region().code(), self.clock.now());
        }
        self.write_state()
    }

    /// Asks for every report that is due, and starts on the catalogues that need none.
    fn ask(&mut self) {
        for (number, lane) in self.lanes.iter().enumerate() {
            let Some(area) = self.areas.get(lane.area) else { continue };
            let reports = Reports {
                api: area.api.clone(),
                downloader: self.downloader.clone(),
                patience: self.patience,
                clock: self.clock,
            };
            for window in lane.windows.iter().copied() {
                let (reports, specification) = (reports.clone(), lane.specification(area, window));
                self.waiting
                    .spawn(async move { (number, window, reports.obtain(&specification).await) });
            }
        }
        if self.catalog.is_some() {
            let wanted = match &self.scope {
                CatalogScope::Listings => return,
                CatalogScope::Asins(asins) => Wanted::Asins(asins.clone()),
                CatalogScope::Brands(brands) => Wanted::Brands(brands.clone()),
            };
            let marketplaces: Vec<_> =
                self.areas.iter().flat_map(|area| area.marketplaces.clone()).collect();
            for marketplace in marketplaces {
                self.read_catalog(marketplace, wanted.clone());
            }
        }
    }

    /// Takes what arrives, until there is nothing left to arrive.
    async fn work(&mut self) -> anyhow::Result<()> {
        while !self.waiting.is_empty() || !self.reading.is_empty() {
            tokio::select! {
                Some(items) = self.items.recv() => self.write_items(items).await?,
                Some(ended) = self.waiting.join_next() => {
                    let (lane, window, ended) = joined(ended);
                    self.report_ended(lane, window, ended).await?;
                }
                Some(read) = self.reading.join_next() => {
                    let (marketplace, found) = joined(read);
                    // What the reader sent before it ended is still in the channel.
                    while let Ok(items) = self.items.try_recv() {
                        self.write_items(items).await?;
                    }
                    self.catalog_read(marketplace, found)?;
                }
            }
        }
        Ok(())
    }

    /// Says how it went, and whether anything is missing.
    fn finish(self) -> anyhow::Result<()> {
        self.write_state()?;
        for (stream, records) in self.writer().counts() {
            tracing::info!("{stream}: {records} records");
            metric::counter("record_count", records, &[("stream", Value::from(stream))]);
        }
        for area in &self.areas {
            for (operation, count) in area.api.counts() {
                let region = area.region();
                tracing::info!(
                    "{region}: {operation}: {} calls, {} refused for being too many, {:.0?} waited",
                    count.calls,
                    count.throttled,
                    count.waited
                );
                let tags =
                    [("endpoint", Value::from(operation)), ("region", Value::from(region.code()))];
                metric::counter("http_request_count", count.calls, &tags);
            }
        }
        match self.missing {
            0 => Ok(()),
            missing => Err(Incomplete(format!(
                "{missing} parts are missing, as said above; their bookmarks stay, so the next run asks for them again"
            ))
            .into()),
        }
    }

    /// Writes the state, and everything before it.
    fn write_state(&self) -> anyhow::Result<()> {
        Ok(self.writer().state(self.bookmarks.state())?)
    }

    /// Sets the time at which the records that follow were seen.
    fn stamp(&self) {
        let now = self.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        self.writer().extracted_at(now);
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a task came to; its panic, if it panicked. Tasks are only cancelled with the whole run.
fn joined<T>(result: Result<T, tokio::task::JoinError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
