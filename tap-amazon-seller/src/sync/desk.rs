//! The work of one region: what is asked for next, what is waited for, what is loaded.
//!
//! createReport and getReportDocument are the scarce operations, at one call a minute after a burst. A
//! desk keeps both busy: while there is anything left to ask for, somebody stands in line for
//! createReport, and while a report is done, its document is being fetched. Report types stand in line
//! side by side, so that a type which Amazon refuses for hours holds up no other.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;
use tokio::sync::{OnceCell, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::asking::{AskError, Asked, Asking};
use super::following::ReadItems;
use super::listing::Listing;
use super::paging::Paging;
use super::{Context, Due, joined};
use crate::account::Area;
use crate::api::Report;
use crate::bookmark::Slot;
use crate::catalog_items::Items;
use crate::due::Lane;
use crate::job::Job;
use crate::load::{LoadError, Outcome};
use crate::plan::Window;
use crate::report::{Ended, ReportError, Reports};
use crate::streams::{self, Extraction, Stream};

/// Answers with items that wait to be written.
const WAITING_ITEMS: usize = 4;

/// Reports that are under way at once. At a report a minute this lets Amazon take an hour and a half for
/// each before asking stops.
const UNDER_WAY: usize = 100;

/// Windows of one report type that stand in line for createReport at once: one that calls and one
/// behind it.
const IN_LINE: usize = 2;

/// One window on its way.
#[derive(Debug, Clone)]
pub(super) struct Errand {
    /// The lane's number at this desk.
    pub(super) lane: usize,
    pub(super) window: Window,
    /// What the state says of it, from when it is asked for until it has ended.
    pub(super) job: Option<(Slot, Job)>,
    /// Whether Amazon has failed to make it once, without a reason that can be acted on.
    pub(super) failed_before: bool,
    /// How many days were taken off its end, because Amazon had no data for them yet.
    pub(super) shortened: u32,
    /// Not to be asked for before this time.
    pub(super) not_before: Option<Instant>,
}

impl Errand {
    /// A window that nobody has asked for.
    pub(super) fn new(lane: usize, window: Window) -> Self {
        Self { lane, window, job: None, failed_before: false, shortened: 0, not_before: None }
    }

    /// Amazon's identifier of its report, if it has one.
    pub(super) fn report_id(&self) -> Option<&str> {
        self.job.as_ref()?.1.report_id.as_deref()
    }
}

/// The windows of one report type that are still to be asked for.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) errands: VecDeque<Errand>,
    /// Windows that stand in line for createReport.
    asking: usize,
}

impl Queue {
    /// Takes the first errand whose time has come.
    fn next(&mut self, now: Instant) -> Option<Errand> {
        let is_ready = |errand: &Errand| errand.not_before.is_none_or(|time| time <= now);
        let place = self.errands.iter().position(is_ready)?;
        self.errands.remove(place)
    }
}

/// The work of one region.
pub(super) struct Desk {
    pub(super) context: Arc<Context>,
    pub(super) area: Area,
    pub(super) lanes: Vec<Lane<streams::Report>>,
    pub(super) reports: Reports,
    /// By report type.
    pub(super) queues: IndexMap<&'static str, Queue>,
    /// What others have asked for of late, by report type; looked up once, where it can help.
    pub(super) recent: HashMap<&'static str, Arc<OnceCell<Vec<Report>>>>,
    pub(super) asking: JoinSet<Asked>,
    pub(super) waiting: JoinSet<(Errand, Result<Ended, ReportError>)>,
    /// Reports that are done, with their document's identifier.
    pub(super) done: VecDeque<(Errand, Report, String)>,
    /// Lists of what Amazon has made by itself, on their way.
    pub(super) listing: JoinSet<Listing>,
    /// Reports that it has made by itself, with their document's identifier. They take turns with those that
    /// were asked for.
    pub(super) backlog: VecDeque<(Errand, Report, String)>,
    /// Whether the next document is one of the backlog.
    is_backlogs_turn: bool,
    /// At most one.
    pub(super) loading: JoinSet<(Errand, Report, Result<Outcome, LoadError>)>,
    /// Catalogues and offers that are being read.
    pub(super) reading: JoinSet<ReadItems>,
    /// Lists that are being read, each with how many of its windows are missing in the end.
    paging: JoinSet<anyhow::Result<u64>>,
    pub(super) sender: mpsc::Sender<(&'static Stream, Items)>,
    items: mpsc::Receiver<(&'static Stream, Items)>,
    /// Windows and catalogues that failed, and documents with rows that were left out.
    pub(super) missing: u64,
}

impl Desk {
    /// Puts everything that is due in order, and takes up what an earlier run asked for.
    pub(super) async fn open(context: Arc<Context>, area: Area, due: Due) -> anyhow::Result<Self> {
        let reports = Reports {
            api: area.api.clone(),
            downloader: context.downloader.clone(),
            patience: context.patience,
            clock: context.clock,
        };
        let (sender, items) = mpsc::channel(WAITING_ITEMS);
        let mut desk = Self {
            context,
            area,
            reports,
            queues: IndexMap::new(),
            recent: HashMap::new(),
            asking: JoinSet::new(),
            waiting: JoinSet::new(),
            done: VecDeque::new(),
            listing: JoinSet::new(),
            backlog: VecDeque::new(),
            is_backlogs_turn: false,
            loading: JoinSet::new(),
            reading: JoinSet::new(),
            paging: JoinSet::new(),
            sender,
            items,
            missing: 0,
            lanes: due.reports,
        };
        for lane in due.pages {
            let (context, area) = (Arc::clone(&desk.context), desk.area.clone());
            desk.paging.spawn(Paging { context, area, lane }.read());
        }
        desk.list();
        let mut errands = desk.errands();
        desk.take_up(&mut errands).await?;
        for errand in errands {
            desk.count(errand.lane, |tally| tally.due += 1);
            desk.enqueue(errand);
        }
        Ok(desk)
    }

    /// All windows in the order in which they are wanted: pictures of the present and windows of time
    /// lane by lane, then days, the newest of every marketplace first.
    fn errands(&self) -> Vec<Errand> {
        let mut errands = Vec::new();
        for (number, lane) in self.lanes.iter().enumerate() {
            if lane.source.extraction == Extraction::Listed {
                continue;
            }
            errands.extend(lane.windows.iter().map(|window| Errand::new(number, *window)));
        }
        errands.sort_by_key(|errand| match errand.window {
            Window::Day(day) => std::cmp::Reverse(Some(day)),
            Window::Present | Window::Times(..) => std::cmp::Reverse(None),
        });
        let days = errands.partition_point(|errand| matches!(errand.window, Window::Day(_)));
        errands.rotate_left(days);
        errands
    }

    /// Puts a window in its queue.
    pub(super) fn enqueue(&mut self, errand: Errand) {
        let Some(lane) = self.lanes.get(errand.lane) else { return };
        self.queues.entry(lane.source.report_type).or_default().errands.push_back(errand);
    }

    /// Works until nothing is left; how much is missing.
    pub(super) async fn work(mut self) -> anyhow::Result<u64> {
        self.read_named_catalogs();
        loop {
            self.admit();
            let alarm = self.alarm();
            if self.is_idle() && alarm.is_none() {
                return Ok(self.missing);
            }
            tokio::select! {
                Some(items) = self.items.recv() => self.write_items(items).await?,
                Some(asked) = self.asking.join_next() => self.asked(joined(asked))?,
                Some(listed) = self.listing.join_next() => self.listed(joined(listed)).await?,
                Some(ended) = self.waiting.join_next() => {
                    let (errand, ended) = joined(ended);
                    self.count(errand.lane, |tally| tally.waiting -= 1);
                    self.ended(errand, ended).await?;
                }
                Some(loaded) = self.loading.join_next() => {
                    let (errand, report, outcome) = joined(loaded);
                    self.count(errand.lane, |tally| tally.loading -= 1);
                    self.loaded(errand, &report, outcome).await?;
                }
                Some(read) = self.reading.join_next() => {
                    // What the reader sent before it ended is still in the channel.
                    while let Ok(items) = self.items.try_recv() {
                        self.write_items(items).await?;
                    }
                    self.items_read(joined(read)).await?;
                }
                Some(read) = self.paging.join_next() => self.missing += joined(read)?,
                () = sleep_until(alarm.unwrap_or_else(Instant::now)), if alarm.is_some() => {}
            }
        }
    }

    /// Whether nothing is under way.
    fn is_idle(&self) -> bool {
        self.asking.is_empty()
            && self.waiting.is_empty()
            && self.loading.is_empty()
            && self.reading.is_empty()
            && self.paging.is_empty()
            && self.listing.is_empty()
    }

    /// When the next window that has to wait may be asked for.
    fn alarm(&self) -> Option<Instant> {
        let errands = self.queues.values().flat_map(|queue| &queue.errands);
        errands.filter_map(|errand| errand.not_before).min().filter(|time| *time > Instant::now())
    }

    /// Starts what there is room for.
    fn admit(&mut self) {
        if self.loading.is_empty()
            && let Some((errand, report, document_id)) = self.next_document()
        {
            self.load(errand, report, document_id);
        }
        let now = Instant::now();
        let types: Vec<_> = self.queues.keys().copied().collect();
        for report_type in types {
            while self.asking.len() + self.waiting.len() + self.done.len() < UNDER_WAY {
                let Some(queue) = self.queues.get_mut(report_type) else { break };
                if queue.asking >= IN_LINE {
                    break;
                }
                let Some(errand) = queue.next(now) else { break };
                if errand.report_id().is_some() {
                    self.wait(errand, false);
                } else {
                    queue.asking += 1;
                    self.ask(errand);
                }
            }
        }
    }

    /// The report whose document is fetched next.
    fn next_document(&mut self) -> Option<(Errand, Report, String)> {
        self.is_backlogs_turn = !self.is_backlogs_turn;
        let (first, second) = if self.is_backlogs_turn {
            (&mut self.backlog, &mut self.done)
        } else {
            (&mut self.done, &mut self.backlog)
        };
        first.pop_front().or_else(|| second.pop_front())
    }

    /// Stands in line for createReport.
    fn ask(&mut self, errand: Errand) {
        let Some(lane) = self.lanes.get(errand.lane) else { return };
        let report_type = lane.source.report_type;
        let recent =
            lane.is_shared().then(|| Arc::clone(self.recent.entry(report_type).or_default()));
        let asking = Asking {
            reports: self.reports.clone(),
            ledger: self.context.ledger.clone(),
            region: self.area.region(),
            specification: lane.specification(&self.area, errand.window),
            regeneration: lane.source.regeneration,
            recent,
        };
        self.asking.spawn(asking.ask(errand));
    }

    /// Goes on when createReport has answered, or somebody's report was found.
    fn asked(&mut self, (errand, asked): Asked) -> anyhow::Result<()> {
        let report_type = self.lanes.get(errand.lane).map(|lane| lane.source.report_type);
        if let Some(queue) = report_type.and_then(|name| self.queues.get_mut(name)) {
            queue.asking = queue.asking.saturating_sub(1);
        }
        match asked {
            Ok(()) => {
                self.count(errand.lane, |tally| tally.asked += 1);
                self.wait(errand, true);
                Ok(())
            }
            Err(AskError::Call(error)) => {
                self.not_asked(&errand, &error);
                Ok(())
            }
            Err(error @ AskError::Output(_)) => Err(error.into()),
        }
    }

    /// Waits until Amazon has ended a report.
    fn wait(&mut self, errand: Errand, is_new: bool) {
        let Some(lane) = self.lanes.get(errand.lane) else { return };
        let specification = lane.specification(&self.area, errand.window);
        let regeneration = lane.source.regeneration;
        self.count(errand.lane, |tally| tally.waiting += 1);
        let reports = self.reports.clone();
        self.waiting.spawn(async move {
            let report_id = errand.report_id().unwrap_or_default();
            let waiting = reports.wait_or_instead(report_id, is_new, &specification, regeneration);
            let ended = waiting.await;
            (errand, ended)
        });
    }

    /// Gives up the whole region, when a call fails that every window needs: trying it for each of them would
    /// take days. What was asked for stays in the state.
    pub(super) async fn close(&mut self) {
        let under_way = self.asking.len() + self.waiting.len();
        self.asking.shutdown().await;
        self.waiting.shutdown().await;
        let done = self.done.drain(..).chain(self.backlog.drain(..)).map(|(errand, ..)| errand);
        let queued = self.queues.values_mut().flat_map(|queue| queue.errands.drain(..));
        let left: Vec<_> = done.chain(queued).collect();
        for errand in &left {
            self.count(errand.lane, |tally| tally.failed += 1);
        }
        let windows = (under_way + left.len()) as u64;
        self.missing += windows;
        if windows > 0 {
            tracing::error!(
                "{}: given up for this run, with {windows} more windows; see max_wait_minutes",
                self.area.region()
            );
        }
    }
}
