//! Lists of Amazon's APIs: their pages, window after window.
//!
//! Pages are there at once, so there is nothing to wait for and nothing to note beforehand. A window is
//! read in parts, mostly in one: `part` knows how one is read to its end and what helps when that fails.
//! What is read twice goes out twice, with the same keys; what is held goes out when its window is whole.

mod course;
mod part;
mod withheld;

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::{Arc, PoisonError};

use api_client::Error;
use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::tally::Tally;
use super::{Context, joined};
use crate::account::Area;
use crate::compat::Origin;
use crate::document::EmitError;
use crate::due::{Lane, Part};
use crate::pages::{Page, PageError, Recorder};
use crate::plan::Window;
use crate::streams::{Next, Pages, Stream};

/// One list for one unit, window after window.
pub(super) struct Paging {
    pub(super) context: Arc<Context>,
    pub(super) area: Area,
    pub(super) lane: Lane<Pages>,
}

/// Why a window is not out.
#[derive(Debug, thiserror::Error)]
enum PagingError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] Error),
    /// An answer did not become records.
    #[error(transparent)]
    Page(#[from] PageError),
    /// Amazon leads back to a page that was there before.
    #[error(
        "page {page} names a page that was read before as its next; Amazon's list goes in a circle"
    )]
    Circle {
        /// Number of the page, counted from 1.
        page: u64,
    },
    /// A list is longer than its offsets reach.
    #[error("a list of {total} elements, of which Amazon gives out {reach}")]
    TooLong {
        /// How many elements there are.
        total: u64,
        /// How many can be had.
        reach: u64,
    },
    /// A list had fewer different elements than Amazon says that it has.
    #[error(
        "{seen} different elements in a list of {total}: it may have changed while it was read"
    )]
    Short {
        /// How many there were.
        seen: u64,
        /// How many there should have been.
        total: u64,
    },
    /// The messages have no reader any more. This ends the run.
    #[error("cannot write messages")]
    Output(#[source] io::Error),
}

/// A window on its way out.
struct Reading {
    window: Window,
    recorders: Vec<Recorder>,
    /// Pages that wait until the window is whole.
    held: Vec<Bytes>,
    records: u64,
    /// Where Amazon's list ends, if that is before the end that was asked for.
    reached: Option<DateTime<Utc>>,
    /// Digests of the elements of lists with offsets, of which parts may overlap.
    seen: HashSet<u64>,
    /// How many elements the lists have that had to be parted.
    parted: u64,
}

impl Reading {
    /// Notes where Amazon says that the list of a part ends.
    fn reach(&mut self, reached: Option<DateTime<Utc>>, part: &Part) {
        let short = reached.filter(|reached| part.until().is_some_and(|end| *reached < end));
        self.reached = [self.reached, short].into_iter().flatten().min();
    }

    /// The window, as far as Amazon's list has reached; nothing if that is nowhere.
    fn out(&self) -> Option<Window> {
        match (self.window, self.reached) {
            (Window::Times(from, until), Some(reached)) => {
                let until = until.min(reached);
                (until > from).then_some(Window::Times(from, until))
            }
            (window, _) => Some(window),
        }
    }
}

/// What there was on a page.
struct Turn {
    /// The token of the next page.
    next: Option<String>,
    /// The time at which the list ends.
    reached: Option<DateTime<Utc>>,
    /// How many elements the list has.
    total: Option<u64>,
    /// Digests of the elements; none of lists without offsets.
    digests: Vec<u64>,
}

impl Turn {
    fn of(source: &Pages, page: &Page<'_>) -> Self {
        let is_counted = matches!(source.next, Next::Offset(_));
        let digests = if is_counted { page.digests() } else { Vec::new() };
        let Page { reached, total, .. } = *page;
        Self { next: page.next.clone(), reached, total, digests }
    }
}

impl Paging {
    /// Reads all windows; how many are missing.
    pub(super) async fn read(mut self) -> anyhow::Result<u64> {
        let mut windows: VecDeque<_> = self.lane.windows.iter().copied().collect();
        self.count(|tally| tally.due += windows.len() as u64);
        let mut missing = 0;
        while let Some(window) = windows.pop_front() {
            let streams = self.lane.streams();
            let name = format!("{}: {window}", self.lane.name());
            match self.window(window).await {
                Ok(reading) => {
                    let records = reading.records;
                    tracing::info!("{name}: {records} records");
                    self.count(|tally| {
                        tally.done += 1;
                        tally.rows += records;
                    });
                    if let Some(window) = reading.out() {
                        self.out(window).await?;
                    }
                }
                Err(PagingError::Output(error)) => return Err(error.into()),
                Err(PagingError::Call(error @ Error::Forbidden(_)))
                    if let Some(withheld) = self.lane.withhold() =>
                {
                    windows.push_front(window);
                    missing += self.withhold(&error, &streams, &withheld, &mut windows);
                }
                Err(error) => {
                    tracing::error!("{name}: {error}{}", self.hint(&error));
                    let left = windows.len() as u64;
                    if left > 0 {
                        tracing::error!("{name}: given up for this run, with {left} more windows");
                    }
                    self.count(|tally| tally.failed += left + 1);
                    return Ok(missing + left + 1);
                }
            }
        }
        Ok(missing)
    }

    /// What to do about a failure.
    fn hint(&self, error: &PagingError) -> String {
        match error {
            PagingError::Call(Error::Forbidden(_)) => {
                let feeds = self.lane.feeds.iter().map(|feed| feed.stream.source.roles());
                let roles = feeds.min_by_key(|roles| roles.len()).unwrap_or_default().join(", ");
                format!("; the application needs one of these roles: {roles}")
            }
            PagingError::Call(error) if error.is_throttled() => "; see max_wait_minutes".to_owned(),
            PagingError::TooLong { .. } => {
                "; nothing narrower can be asked for, so elements are missing".to_owned()
            }
            _ => String::new(),
        }
    }

    /// Reads a window to its end. Amazon may refuse days to come that midnight has made today: those are
    /// counted anew.
    async fn window(&self, window: Window) -> Result<Reading, PagingError> {
        let (source, place) = (self.lane.source, self.lane.place);
        let parts = || Part::of(source, place, window, self.context.clock.now());
        loop {
            let counted = parts();
            match self.parts(window, counted.clone()).await {
                Err(PagingError::Call(error)) if counted != parts() => {
                    let name = self.lane.name();
                    tracing::info!("{name}: {window}: read anew, on another day: {error}");
                }
                read => return read,
            }
        }
    }

    /// Reads a window that is made of parts, to its end.
    async fn parts(&self, window: Window, mut parts: Vec<Part>) -> Result<Reading, PagingError> {
        let (source, place) = (self.lane.source, self.lane.place);
        let feeds = self.lane.feeds.iter();
        let recorders = feeds.filter_map(|feed| Recorder::new(feed, place)).collect();
        let mut reading = Reading {
            window,
            recorders,
            held: Vec::new(),
            records: 0,
            reached: None,
            seen: HashSet::new(),
            parted: 0,
        };
        parts.reverse();
        while let Some(part) = parts.pop() {
            if let Err((error, is_too_long)) = self.part(&part, &mut reading).await {
                let divided = if is_too_long { part.divided(source) } else { Vec::new() };
                if divided.is_empty() {
                    return Err(error);
                }
                if let PagingError::TooLong { total, .. } = error
                    && part.is_whole()
                {
                    reading.parted += total;
                }
                tracing::warn!("{}: {window}: read in parts: {error}", self.lane.name());
                parts.extend(divided.into_iter().rev());
            }
        }
        // Whatever the parts were: together they must have what the whole has.
        let (seen, total) = (reading.seen.len() as u64, reading.parted);
        if seen < total {
            return Err(PagingError::Short { seen, total });
        }
        if !reading.held.is_empty() {
            let held = std::mem::take(&mut reading.held);
            reading.records += self.record(held, 1, &mut reading).await?.0;
        }
        Ok(reading)
    }

    /// Writes the records of pages, from a thread that may wait for the target; how many, and what
    /// there was on the last page. Elements that were out before are passed over. `number` is that of
    /// the first page.
    async fn record(
        &self,
        bodies: Vec<Bytes>,
        number: u64,
        reading: &mut Reading,
    ) -> Result<(u64, Option<Turn>), PagingError> {
        let (source, now) = (self.lane.source, self.context.clock.now());
        let writer = Arc::clone(&self.context.writer);
        let mut recorders = std::mem::take(&mut reading.recorders);
        let mut seen = std::mem::take(&mut reading.seen);
        let window = reading.window;
        let recording = tokio::task::spawn_blocking(move || {
            let pages = bodies.iter().map(|body| Page::of(source, body));
            let mut pages = pages.collect::<Result<Vec<_>, _>>()?;
            let turn = pages.last().map(|page| Turn::of(source, page));
            if matches!(source.next, Next::Offset(_)) {
                for page in &mut pages {
                    let mut digests = page.digests().into_iter();
                    page.elements.retain(|_| digests.next().is_none_or(|it| seen.insert(it)));
                }
            }
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            writer.extracted_at(now, Origin::default());
            let mut records = 0;
            for recorder in &mut recorders {
                match recorder.pages(window, number, &pages, &mut *writer) {
                    Ok(count) => records += count,
                    Err(PageError::Emit(EmitError)) => {
                        let failure = writer.take_failure();
                        let failure = failure.unwrap_or_else(|| io::ErrorKind::BrokenPipe.into());
                        return Err(PagingError::Output(failure));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Ok((records, turn, recorders, seen))
        });
        let (records, turn, recorders, seen) = joined(recording.await)?;
        (reading.recorders, reading.seen) = (recorders, seen);
        Ok((records, turn))
    }

    /// Notes that a window is out.
    async fn out(&self, window: Window) -> io::Result<()> {
        let (unit, origin, now) = (self.lane.unit(), self.lane.origin, self.context.clock.now());
        let streams: Vec<&'static Stream> =
            self.lane.feeds.iter().map(|feed| feed.stream).collect();
        let taken = move |bookmarks: &mut crate::bookmark::Bookmarks| {
            for stream in streams {
                match (window.range(), origin) {
                    (Some(range), Some(origin)) => bookmarks.out(stream, &unit, origin, range),
                    _ => bookmarks.taken(stream, &unit, now),
                }
            }
        };
        self.context.ledger.change(taken).await
    }

    fn count(&self, change: impl FnOnce(&mut Tally)) {
        self.count_for(&self.lane.streams(), change);
    }

    fn count_for(&self, streams: &str, change: impl FnOnce(&mut Tally)) {
        let unit = self.lane.place_name();
        self.context.board.change(self.area.region(), streams, unit, change);
    }
}
