//! What becomes of a report that Amazon has ended: records, nothing, or a gap that is named.

use anyhow::Error;
use chrono::{DateTime, TimeDelta, Utc};

use super::Sync;
use crate::bookmark::Until;
use crate::document::{Loaded, Place, Places};
use crate::load::{self, LoadError};
use crate::plan::Window;
use crate::report::{Ended, ReportError};

/// A cancelled report means that there is no data. While a window is younger than this, it may yet get
/// some (Amazon speaks of 72 hours for analytics), so it stays open and is asked for again.
const FILLING_UP: TimeDelta = TimeDelta::hours(72);

impl Sync {
    /// Goes on with a report that Amazon has ended.
    pub(super) async fn report_ended(
        &mut self,
        number: usize,
        window: Window,
        ended: Result<Ended, ReportError>,
    ) -> anyhow::Result<()> {
        let Some(lane) = self.lanes.get(number) else { return Ok(()) };
        let name = lane.name();
        match ended {
            Ok(Ended::Done { report_id, document_id, created }) => {
                let source = load::Source {
                    report_id,
                    document_id,
                    place: lane.place,
                    day: if let Window::Day(day) = window { Some(day) } else { None },
                    asin_granularity: lane.asin_granularity,
                    feeds: lane.feeds.clone(),
                };
                let Some(area) = self.areas.get(lane.area) else { return Ok(()) };
                self.stamp();
                match load::load(&area.api, &self.downloader, &self.writer, &source).await {
                    Ok(loaded) => {
                        self.note_loaded(&name, window, &loaded);
                        if loaded.late {
                            tracing::info!("{name}: {window}: not complete yet; stays open");
                        } else {
                            self.out(number, window, created)?;
                        }
                        self.read_catalog_of_listings(number);
                    }
                    Err(LoadError::Output(error)) => return Err(error.into()),
                    Err(error) => self.lose(&name, window, &Error::from(error)),
                }
            }
            Ok(Ended::Cancelled { report_id }) => self.cancelled(number, window, &report_id)?,
            Err(error) => self.lose(&name, window, &Error::from(error)),
        }
        Ok(())
    }

    /// Goes on without data.
    fn cancelled(&mut self, number: usize, window: Window, report_id: &str) -> anyhow::Result<()> {
        let Some(lane) = self.lanes.get(number) else { return Ok(()) };
        let name = lane.name();
        let settled = match (window, lane.place) {
            (Window::Times(_, end), _) => end < self.clock.start() - FILLING_UP,
            (Window::Day(day), Place::Marketplace(marketplace)) => {
                let today = self.clock.start().with_timezone(&marketplace.time_zone).date_naive();
                today - day > FILLING_UP
            }
            (Window::Present, _) | (Window::Day(_), Place::Region(_)) => false,
        };
        if settled {
            tracing::info!("{name}: {window}: no data (report {report_id} was cancelled)");
            return self.out(number, window, self.clock.now());
        }
        tracing::info!(
            "{name}: {window}: no data yet (report {report_id} was cancelled); asked for again next time"
        );
        Ok(())
    }

    /// Notes that a window is out, and writes the state if that moved a bookmark.
    fn out(&mut self, number: usize, window: Window, taken: DateTime<Utc>) -> anyhow::Result<()> {
        let Some(lane) = self.lanes.get_mut(number) else { return Ok(()) };
        let unit = lane.unit();
        let until: Option<Until> = lane.course.finish(window);
        for feed in &lane.feeds {
            // A stream that is only read for another has no bookmark of its own.
            if !self.selected.iter().any(|selected| selected.stream == feed.stream) {
                continue;
            }
            match (window, until) {
                (Window::Present, _) => self.bookmarks.taken(feed.stream, unit, taken),
                (_, Some(until)) => self.bookmarks.advance(feed.stream, unit, until),
                (_, None) => {}
            }
        }
        self.write_state()
    }

    /// Says what a document held, and what of it was left out.
    fn note_loaded(&mut self, name: &str, window: Window, loaded: &Loaded) {
        let records: u64 = loaded.records.values().sum();
        tracing::info!("{name}: {window}: {} rows, {records} records", loaded.rows);
        let lines = |places: &Places| {
            let first: Vec<_> = places.first.iter().map(u64::to_string).collect();
            format!("{} (lines {}…)", places.count, first.join(", "))
        };
        if loaded.ragged.count > 0 {
            let lines = lines(&loaded.ragged);
            tracing::error!(
                "{name}: {window}: rows with more or fewer cells than the header, left out: {lines}"
            );
            self.missing += 1;
        }
        if loaded.keyless.count > 0 {
            let lines = lines(&loaded.keyless);
            tracing::error!("{name}: {window}: rows without a key, left out: {lines}");
            self.missing += 1;
        }
        if loaded.replaced > 0 {
            tracing::warn!(
                "{name}: {window}: {} bytes are not of the document's charset",
                loaded.replaced
            );
        }
        if loaded.nuls > 0 {
            tracing::warn!("{name}: {window}: {} NUL characters removed", loaded.nuls);
        }
    }

    /// Says what is missing.
    fn lose(&mut self, name: &str, window: Window, error: &Error) {
        tracing::error!("{name}: {window}: {error:#}");
        self.missing += 1;
    }
}
