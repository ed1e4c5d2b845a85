//! One run: asks for what is due, writes what arrives, and moves a bookmark when a window is out.
//!
//! ```text
//!            one desk a region, all at once
//!  lanes ──▶ queue by report type ──▶ asking ──▶ waiting ──▶ loading, one at a time ──▶ Writer
//!                  ▲                  createReport  getReport  getReportDocument          │ listings
//!                  └── split, shrunk, once more ◀── FATAL                                 ▼
//!                                                     catalogue items by ASIN, offers by SKU ──▶ Writer
//!  lanes of lists ──▶ paging, each by itself, window after window ─────────────────────────────▶ Writer
//! ```
//!
//! What fails is said when it fails and counted; its bookmark stays, everything else goes on, and the
//! run ends with an error that says how much is missing.

mod asking;
mod desk;
mod following;
mod journal;
mod listing;
mod loading;
mod outcome;
mod paging;
mod progress;
mod tally;
mod view;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api_client::{Downloader, RetryPolicy};
use futures_util::future::try_join_all;
use serde_json::Value;
use singer::cli::Incomplete;
use singer::{Output, metric};

use crate::absence;
use crate::account::{self, Area};
use crate::bookmark::Bookmarks;
use crate::clock::Clock;
use crate::compat::Origin;
use crate::config::{CatalogScope, Config};
use crate::due::{self, Follower, Lane};
use crate::forecast::spelled;
use crate::ledger::Ledger;
use crate::marketplace::Region;
use crate::plan::Bounds;
use crate::report::Patience;
use crate::selection::Selected;
use crate::streams::{Pages, Report, Source, Stream};
use crate::writer::Writer;
use desk::Desk;
use progress::{Moment, Progress, RecordPoints};
pub use tally::{Board, Entry, Tally};
use view::View;

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
    /// Who follows the run.
    pub audience: Audience,
}

/// Who follows a run while it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A person at a terminal, who gets a live view.
    Person,
    /// Whoever reads the log later, or a program that collects its points.
    Log,
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

/// The bounds of a run.
#[must_use]
pub fn bounds(config: &Config, clock: Clock) -> Bounds {
    Bounds { start: config.start, earliest: config.earliest, end: config.end, now: clock.start() }
}

/// What all desks of a run share.
struct Context {
    selected: Vec<Selected>,
    ledger: Ledger,
    writer: Arc<Mutex<Writer>>,
    downloader: Downloader,
    patience: Patience,
    clock: Clock,
    scope: CatalogScope,
    /// The streams that are asked for by what others name.
    followers: Vec<Follower>,
    /// Amazon's id of the seller in each region, as far as it is known.
    seller_ids: BTreeMap<Region, String>,
    /// The stream of the tap's own reports, if it is selected.
    journal: Option<&'static Stream>,
    board: Board,
}

/// Extracts everything that is due.
pub async fn run(run: Run) -> anyhow::Result<()> {
    let policy = policy(&run.config);
    let areas = account::open(&run.config, policy).await?;
    absence::say(&run.config, &run.selected, &run.bookmarks, &areas);
    let mut writer = opened(&run)?;
    let followers = due::followers(&run.config, &run.selected);
    for follower in &followers {
        writer.gather(follower.listings.name, follower.property);
    }
    let bounds = bounds(&run.config, run.clock);
    let due = Due {
        reports: due::lanes(&run.config, &areas, &run.selected, &followers, &run.bookmarks, bounds),
        pages: due::lanes(&run.config, &areas, &run.selected, &[], &run.bookmarks, bounds),
    };
    due.say_cuts();
    let context = Arc::new(Context {
        followers,
        seller_ids: run.config.seller_ids,
        journal: selected_by(&run.selected, |it| matches!(it, Source::Reports)),
        selected: run.selected,
        ledger: Ledger::new(run.bookmarks, run.output),
        writer: Arc::new(Mutex::new(writer)),
        downloader: Downloader::with(policy, api_client::Timeouts::default())?,
        patience: Patience {
            poll: run.config.poll_interval,
            timeout: run.config.report_timeout,
            in_line: run.config.max_wait * 2,
        },
        clock: run.clock,
        scope: run.config.scope,
        board: Board::default(),
    });
    let unknown = context.write_participations(&areas).await?;
    let desks = desks(&context, &areas, due).await?;
    let apis = areas.iter().map(|area| area.api.clone()).collect();
    let progress = Progress { board: context.board.clone(), apis };
    let mut points = RecordPoints::new(context.writer().counts());
    let missing = tokio::select! {
        missing = try_join_all(desks.into_iter().map(Desk::work)) => missing?,
        never = show(&progress, run.audience, &mut points) => match never {},
    };
    points.say();
    context.finish(&areas, unknown + missing.iter().sum::<u64>())
}

/// A writer with the schemas of all streams written.
fn opened(run: &Run) -> std::io::Result<Writer> {
    let mut writer = Writer::new(run.output.clone());
    for selected in &run.selected {
        let keys = selected.stream.keys_at(run.config.asin_granularity());
        writer.open(selected, keys)?;
    }
    Ok(writer)
}

/// What is due of a run.
struct Due {
    reports: Vec<Lane<Report>>,
    pages: Vec<Lane<Pages>>,
}

impl Due {
    /// Says where Amazon no longer has what is wanted.
    fn say_cuts(&self) {
        let reports = self.reports.iter().map(|lane| (lane.name(), lane.cut));
        let pages = self.pages.iter().map(|lane| (lane.name(), lane.cut));
        for (name, cut) in reports.chain(pages).filter_map(|(name, cut)| Some((name, cut?))) {
            tracing::warn!("{name}: {cut}");
        }
    }

    /// Takes what is due in one region.
    fn of(&mut self, area: usize) -> Self {
        Self {
            reports: self.reports.extract_if(.., |lane| lane.area == area).collect(),
            pages: self.pages.extract_if(.., |lane| lane.area == area).collect(),
        }
    }
}

/// A desk for each region, with what is due there.
async fn desks(context: &Arc<Context>, areas: &[Area], mut due: Due) -> anyhow::Result<Vec<Desk>> {
    let mut desks = Vec::new();
    for (number, area) in areas.iter().enumerate() {
        desks.push(Desk::open(Arc::clone(context), area.clone(), due.of(number)).await?);
    }
    Ok(desks)
}

/// Shows how the run is going, until nobody wants to know any more.
async fn show(progress: &Progress, audience: Audience, points: &mut RecordPoints) -> Infallible {
    match audience {
        Audience::Person => {
            let mut view = View::open();
            progress.watch(progress::FRAME, |moment| view.draw(moment.lines())).await
        }
        Audience::Log => {
            let say = |moment: Moment| {
                tracing::info!("{}", moment.line());
                points.say();
            };
            progress.watch(progress::LINE, say).await
        }
    }
}

/// The selected stream with a source of a kind, if there is one.
fn selected_by(
    selected: &[Selected],
    is_wanted: impl Fn(&Source) -> bool,
) -> Option<&'static Stream> {
    selected.iter().map(|selected| selected.stream).find(|stream| is_wanted(&stream.source))
}

impl Context {
    /// Writes the marketplaces, which are known by now; in how many regions they are not.
    async fn write_participations(&self, areas: &[Area]) -> anyhow::Result<u64> {
        let stream = selected_by(&self.selected, |it| matches!(it, Source::Participations));
        let Some(stream) = stream else { return Ok(0) };
        let (known, unknown): (Vec<_>, Vec<_>) =
            areas.iter().partition(|area| area.records.is_some());
        for area in &unknown {
            tracing::error!("{}: {}: Amazon does not say", stream.name, area.region());
        }
        let records =
            known.iter().flat_map(|area| area.records.iter().flatten()).cloned().collect();
        self.write(stream, records).await?;
        let regions: Vec<_> = known.iter().map(|area| area.region().code()).collect();
        let now = self.clock.now();
        let taken = move |bookmarks: &mut Bookmarks| {
            for region in regions {
                bookmarks.taken(stream, region, now);
            }
        };
        self.ledger.change(taken).await?;
        Ok(unknown.len() as u64)
    }

    /// Says how it went, and whether anything is missing.
    fn finish(&self, areas: &[Area], missing: u64) -> anyhow::Result<()> {
        self.writer().flush()?;
        for place in self.writer().absent() {
            tracing::warn!("config: mask.{place}: there was no such column");
        }
        for (streams, tally) in self.board.streams() {
            let Tally { done, empty, open, failed, rows, .. } = tally;
            tracing::info!(
                "{streams}: windows: {done} done, {empty} empty, {open} open, {failed} failed; {rows} rows"
            );
        }
        for (stream, records) in self.writer().counts().all() {
            tracing::info!("{stream}: {records} records");
        }
        for area in areas {
            say_calls(area);
        }
        match missing {
            0 => Ok(()),
            missing => Err(Incomplete(format!(
                "{missing} parts are missing, as said above; their bookmarks stay, so the next run asks for them again"
            ))
            .into()),
        }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes records of one stream, from a thread that may wait for the target.
    async fn write(&self, stream: &'static Stream, records: Vec<Vec<u8>>) -> anyhow::Result<()> {
        let (writer, now) = (Arc::clone(&self.writer), self.clock.now());
        let writing = tokio::task::spawn_blocking(move || {
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            writer.extracted_at(now, Origin::default());
            records.iter().try_for_each(|record| writer.write(stream.name, record))
        });
        Ok(joined(writing.await)?)
    }
}

/// Says what was called in a region, and how long calls had to wait for their places.
fn say_calls(area: &Area) {
    let region = area.region();
    let mut calls = Vec::new();
    for (operation, count) in area.api.counts() {
        let waited = spelled(count.waited);
        let remark = match (count.throttled, count.waited.as_secs()) {
            (0, 0) => String::new(),
            (0, _) => format!(" (waited {waited})"),
            (refused, _) => format!(" ({refused} refused for their number, waited {waited})"),
        };
        calls.push(format!("{} {operation}{remark}", count.calls));
        let tags = [("endpoint", Value::from(operation)), ("region", Value::from(region.code()))];
        metric::counter("http_request_count", count.calls, &tags);
    }
    tracing::info!("{region}: calls: {}", calls.join(", "));
}

/// What a task came to; its panic, if it panicked. Tasks are only cancelled with the whole run.
fn joined<T>(result: Result<T, tokio::task::JoinError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
