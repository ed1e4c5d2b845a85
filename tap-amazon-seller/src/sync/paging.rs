//! Lists of Amazon's APIs: their pages, window after window.
//!
//! Pages are there at once, so there is nothing to wait for and nothing to note beforehand. The token of
//! the next page lives for minutes or for a day; when it dies, the window is read again from its first
//! page, and its records go out twice, with the same keys.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, PoisonError};

use api_client::Error;
use bytes::Bytes;

use super::{Context, joined};
use crate::account::Area;
use crate::compat::Origin;
use crate::document::EmitError;
use crate::due::Lane;
use crate::pages::{Page, PageError, Recorder};
use crate::plan::Window;
use crate::streams::{Pages, Stream};
use crate::sync::tally::Tally;

/// How often a window is read whose token dies on the way.
const READINGS: u32 = 3;

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
    /// The messages have no reader any more. This ends the run.
    #[error("cannot write messages")]
    Output(#[source] io::Error),
}

/// What a page held.
struct Held {
    records: u64,
    next: Option<String>,
}

impl Paging {
    /// Reads all windows; how many are missing.
    pub(super) async fn read(self) -> anyhow::Result<u64> {
        let windows = self.lane.windows.clone();
        self.count(|tally| tally.due += windows.len() as u64);
        for (done, window) in windows.iter().enumerate() {
            let name = format!("{}: {window}", self.lane.name());
            match self.window(*window).await {
                Ok(records) => {
                    tracing::info!("{name}: {records} records");
                    self.count(|tally| {
                        tally.done += 1;
                        tally.rows += records;
                    });
                    self.out(*window).await?;
                }
                Err(PagingError::Output(error)) => return Err(error.into()),
                Err(error) => {
                    tracing::error!("{name}: {error}{}", self.hint(&error));
                    let left = (windows.len() - done) as u64;
                    if left > 1 {
                        tracing::error!(
                            "{name}: given up for this run, with {} more windows",
                            left - 1
                        );
                    }
                    self.count(|tally| tally.failed += left);
                    return Ok(left);
                }
            }
        }
        Ok(0)
    }

    /// What to do about a failure.
    fn hint(&self, error: &PagingError) -> String {
        match error {
            PagingError::Call(Error::Forbidden(_)) => {
                let roles = self.lane.source.roles.join(", ");
                format!("; the application needs one of these roles: {roles}")
            }
            PagingError::Call(error) if error.is_throttled() => "; see max_wait_minutes".to_owned(),
            _ => String::new(),
        }
    }

    /// Reads a window to its end; how many records it gave.
    async fn window(&self, window: Window) -> Result<u64, PagingError> {
        let mut reading = 1;
        loop {
            match self.pages(window).await {
                Err((PagingError::Call(Error::Refused(refusal)), true)) if reading < READINGS => {
                    tracing::warn!("{}: {window}: read again: {refusal}", self.lane.name());
                    reading += 1;
                }
                Err((error, _)) => return Err(error),
                Ok(records) => return Ok(records),
            }
        }
    }

    /// Reads a window's pages. With an error comes whether a token was part of it: one that is refused has
    /// died, because the first page was answered with the same parameters.
    async fn pages(&self, window: Window) -> Result<u64, (PagingError, bool)> {
        let place = self.lane.place;
        let mut recorders: Vec<_> =
            self.lane.feeds.iter().filter_map(|feed| Recorder::new(feed, place)).collect();
        let parameters = self.lane.parameters(&self.area, window);
        let (mut seen, mut token) = (HashSet::new(), None::<String>);
        let (mut records, mut number) = (0, 0);
        loop {
            number += 1;
            let failed = |error: Error| (error.into(), token.is_some());
            let page = self.area.api.page(self.lane.source, &parameters, token.as_deref());
            let body = page.await.map_err(failed)?;
            let (held, back) =
                self.record(body, number, recorders).await.map_err(|error| (error, false))?;
            recorders = back;
            records += held.records;
            match held.next {
                None => return Ok(records),
                // Pages may be empty on the way; only the token says that there are more.
                Some(next) if seen.insert(next.clone()) => token = Some(next),
                Some(_) => return Err((PagingError::Circle { page: number }, false)),
            }
        }
    }

    /// Writes the records of a page, from a thread that may wait for the target. The recorders come back
    /// for the next one.
    async fn record(
        &self,
        body: Bytes,
        number: u64,
        mut recorders: Vec<Recorder>,
    ) -> Result<(Held, Vec<Recorder>), PagingError> {
        let (pages, now) = (self.lane.source, self.context.clock.now());
        let writer = Arc::clone(&self.context.writer);
        let recording = tokio::task::spawn_blocking(move || {
            let page = Page::of(pages, &body)?;
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            writer.extracted_at(now, Origin::default());
            let mut records = 0;
            for recorder in &mut recorders {
                match recorder.page(number, &page, &mut *writer) {
                    Ok(count) => records += count,
                    Err(PageError::Emit(EmitError)) => {
                        let failure = writer.take_failure();
                        let failure = failure.unwrap_or_else(|| io::ErrorKind::BrokenPipe.into());
                        return Err(PagingError::Output(failure));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Ok((Held { records, next: page.next }, recorders))
        });
        joined(recording.await)
    }

    /// Notes that a window is out.
    async fn out(&self, window: Window) -> io::Result<()> {
        let (unit, origin, now) = (self.lane.unit(), self.lane.origin, self.context.clock.now());
        let streams: Vec<&'static Stream> =
            self.lane.feeds.iter().map(|feed| feed.stream).collect();
        let taken = move |bookmarks: &mut crate::bookmark::Bookmarks| {
            for stream in streams {
                match (window.range(), origin) {
                    (Some(range), Some(origin)) => bookmarks.out(stream, unit, origin, range),
                    _ => bookmarks.taken(stream, unit, now),
                }
            }
        };
        self.context.ledger.change(taken).await
    }

    fn count(&self, change: impl FnOnce(&mut Tally)) {
        let (streams, unit) = (self.lane.streams(), self.lane.place_name());
        self.context.board.change(self.area.region(), &streams, unit, change);
    }
}
