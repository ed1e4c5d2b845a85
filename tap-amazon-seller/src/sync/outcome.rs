//! What becomes of a window: records, nothing, another try, or a gap that is named.

use api_client::Error;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::desk::{Desk, Errand};
use super::tally::Tally;
use crate::api::Report;
use crate::bookmark::{Bookmarks, Reading};
use crate::document::{Loaded, Place, Places};
use crate::fatal::{Cause, cause};
use crate::load::{self, LoadError, Outcome};
use crate::plan::Window;
use crate::report::{Ended, Fate, ReportError};
use crate::settling;

/// A report that has been in the making for so long is taken for lost, and asked for anew.
const LOST: TimeDelta = TimeDelta::hours(24);

/// How many looks at a report go by before one that failed is asked for once more.
const LATER: u32 = 60;

impl Desk {
    /// Changes the tally of a lane.
    pub(super) fn count(&self, lane: usize, change: impl FnOnce(&mut Tally)) {
        if let Some(lane) = self.lanes.get(lane) {
            self.context.board.change(&lane.streams(), lane.place_name(), change);
        }
    }

    /// The streams, the unit and the window, as messages name them.
    fn name(&self, errand: &Errand) -> String {
        let lane = self.lanes.get(errand.lane).map(crate::due::Lane::name);
        format!("{}: {}", lane.unwrap_or_default(), errand.window)
    }

    /// Goes on without a report: nobody has one, and Amazon was not to be moved to make one.
    pub(super) async fn not_asked(
        &mut self,
        errand: Errand,
        error: ReportError,
    ) -> anyhow::Result<()> {
        let is_unknown = matches!(error, ReportError::Call(Error::OutcomeUnknown { .. }));
        if !is_unknown {
            self.forget(&errand).await?;
        }
        self.lose(&errand, &error.to_string());
        if let ReportError::Call(error) = &error {
            self.give_up(&errand, error).await?;
        }
        Ok(())
    }

    /// Gives up everything that would fail in the same way as an errand did: a whole report type that is
    /// forbidden, or refused for hours; a marketplace in which the request is wrong.
    async fn give_up(&mut self, errand: &Errand, error: &Error) -> anyhow::Result<()> {
        let Some(lane) = self.lanes.get(errand.lane) else { return Ok(()) };
        let report_type = lane.report.report_type;
        let Some(queue) = self.queues.get_mut(report_type) else { return Ok(()) };
        let (what, hint) = match error {
            Error::Refused(_) => (lane.name(), String::new()),
            Error::Forbidden(_) => {
                let roles = lane.report.roles.join(", ");
                (report_type.to_owned(), format!("; the application needs one of these roles: {roles}"))
            }
            Error::Unauthorized { .. } => (self.area.region().to_string(), String::new()),
            Error::Exhausted { .. } | Error::WaitTooLong { .. } => {
                (report_type.to_owned(), "; see max_wait_minutes".to_owned())
            }
            _ => return Ok(()),
        };
        let is_lane = matches!(error, Error::Refused(_));
        let (given_up, kept): (Vec<_>, _) = std::mem::take(&mut queue.errands)
            .into_iter()
            .partition(|other| !is_lane || other.lane == errand.lane);
        queue.errands = kept.into();
        let region = self.area.region();
        tracing::error!(
            "{region}: {what}: given up for this run, with {} more windows{hint}",
            given_up.len()
        );
        for errand in given_up {
            self.count(errand.lane, |tally| tally.failed += 1);
            self.missing += 1;
        }
        Ok(())
    }

    /// Goes on with a report that Amazon has ended.
    pub(super) async fn ended(
        &mut self,
        errand: Errand,
        ended: Result<Ended, ReportError>,
    ) -> anyhow::Result<()> {
        match ended {
            Ok(Ended { report, fate: Fate::Done { document_id } }) => {
                self.done.push_back((errand, report, document_id));
                Ok(())
            }
            Ok(Ended { report, fate: Fate::Cancelled }) => self.cancelled(errand, &report).await,
            Ok(Ended { report, fate: Fate::Fatal { reason } }) => {
                self.fatal(errand, &report, &reason).await
            }
            Err(error) if error.is_gone() => {
                tracing::info!("{}: Amazon has forgotten the report", self.name(&errand));
                self.anew(errand).await
            }
            Err(error) => self.not_ended(errand, &error).await,
        }
    }

    /// Goes on without knowing how a report ended. The state keeps it, so that the next run looks again.
    async fn not_ended(&mut self, errand: Errand, error: &ReportError) -> anyhow::Result<()> {
        let asked = errand.job.as_ref().map(|(_, job)| job.asked);
        let is_lost = asked.is_some_and(|asked| self.context.clock.now() - asked > LOST);
        match error {
            ReportError::Late { .. } if is_lost => {
                tracing::warn!("{}: {error}; asked for a day ago, so anew", self.name(&errand));
                return self.anew(errand).await;
            }
            ReportError::NoDocument { .. } => self.forget(&errand).await?,
            ReportError::Late { .. } | ReportError::Call(_) => {}
        }
        self.lose(&errand, &error.to_string());
        Ok(())
    }

    /// Asks for a window once more, with a new report.
    async fn anew(&mut self, mut errand: Errand) -> anyhow::Result<()> {
        self.forget(&errand).await?;
        errand.job = None;
        self.enqueue(errand);
        Ok(())
    }

    /// Goes on with what there is instead of a cancelled report, or without data.
    async fn cancelled(&mut self, errand: Errand, report: &Report) -> anyhow::Result<()> {
        let Some(lane) = self.lanes.get(errand.lane) else { return Ok(()) };
        let specification = lane.specification(&self.area, errand.window);
        match self.reports.instead(&specification, lane.report.regeneration).await {
            Ok(Some(Ended { report, fate: Fate::Done { document_id } })) => {
                self.done.push_back((errand, report, document_id));
                return Ok(());
            }
            Ok(_) => {}
            Err(error) => tracing::warn!("{}: {error}", self.name(&errand)),
        }
        let name = self.name(&errand);
        let id = &report.report_id;
        self.journal(&errand, report, None, None).await?;
        if self.is_old(&errand) {
            tracing::info!("{name}: no data (report {id} was cancelled)");
            self.count(errand.lane, |tally| tally.empty += 1);
            return self.out(&errand, self.context.clock.now(), None).await;
        }
        tracing::info!("{name}: no data yet (report {id} was cancelled); asked for again next time");
        self.leave_open(&errand).await
    }

    /// Whether a window ended so long ago that Amazon adds nothing to it. While it is younger than that,
    /// no data may mean that there is none yet.
    fn is_old(&self, errand: &Errand) -> bool {
        let now = self.context.clock.start();
        match (errand.window, self.lanes.get(errand.lane).map(|lane| lane.place)) {
            (Window::Times(_, end), _) => now - end > settling::LATEST,
            (Window::Day(day), Some(Place::Marketplace(marketplace))) => {
                now - settling::end_of(day, marketplace.time_zone) > settling::LATEST
            }
            _ => false,
        }
    }

    /// Leaves a window as it is: the next run asks for it again.
    async fn leave_open(&mut self, errand: &Errand) -> anyhow::Result<()> {
        self.count(errand.lane, |tally| tally.open += 1);
        self.forget(errand).await
    }

    /// Goes on with a report that Amazon could not make, as its explanation says.
    async fn fatal(
        &mut self,
        mut errand: Errand,
        report: &Report,
        reason: &str,
    ) -> anyhow::Result<()> {
        let name = self.name(&errand);
        let said = format!("report {} ended FATAL: {reason}", report.report_id);
        self.journal(&errand, report, None, Some(reason)).await?;
        match (cause(reason), errand.window) {
            (Cause::NotYet, Window::Times(from, until)) if until - from > TimeDelta::days(1) => {
                tracing::info!("{name}: {said}; asked for without its last day");
                self.split(errand, &[Window::Times(from, until - TimeDelta::days(1))]).await
            }
            (Cause::NotYet, Window::Day(_) | Window::Times(..)) => {
                tracing::info!("{name}: {said}; asked for again next time");
                self.leave_open(&errand).await
            }
            (Cause::TooLong, Window::Times(from, until)) if until - from > TimeDelta::hours(1) => {
                let middle = from + TimeDelta::seconds((until - from).num_seconds() / 2);
                tracing::info!("{name}: {said}; asked for in two halves");
                let halves = [Window::Times(from, middle), Window::Times(middle, until)];
                self.split(errand, &halves).await
            }
            (Cause::Refused, _) => {
                self.forget(&errand).await?;
                self.lose(&errand, &said);
                self.refuse(&errand);
                Ok(())
            }
            _ if !errand.failed_before => {
                tracing::warn!("{name}: {said}; asked for once more, later");
                errand.failed_before = true;
                errand.not_before = Some(Instant::now() + self.context.patience.poll * LATER);
                self.anew(errand).await
            }
            _ => {
                self.forget(&errand).await?;
                self.lose(&errand, &format!("{said}, for the second time"));
                Ok(())
            }
        }
    }

    /// Asks for other windows in the place of one.
    async fn split(&mut self, errand: Errand, windows: &[Window]) -> anyhow::Result<()> {
        self.forget(&errand).await?;
        for window in windows {
            self.enqueue(Errand::new(errand.lane, *window));
        }
        let more = windows.len() as u64 - 1;
        self.count(errand.lane, |tally| tally.due += more);
        Ok(())
    }

    /// Gives up a lane whose request is wrong.
    fn refuse(&mut self, errand: &Errand) {
        let Some(lane) = self.lanes.get(errand.lane) else { return };
        let Some(queue) = self.queues.get_mut(lane.report.report_type) else { return };
        let before = queue.errands.len();
        queue.errands.retain(|other| other.lane != errand.lane);
        let given_up = (before - queue.errands.len()) as u64;
        if given_up > 0 {
            tracing::error!("{}: given up for this run, with {given_up} more windows", lane.name());
            self.missing += given_up;
            self.count(errand.lane, |tally| tally.failed += given_up);
        }
    }

    /// Starts to load a document.
    pub(super) fn load(&mut self, errand: Errand, report: Report, document_id: String) {
        let Some(lane) = self.lanes.get(errand.lane) else { return };
        let source = load::Source {
            report_id: report.report_id.clone(),
            document_id,
            place: lane.place,
            day: if let Window::Day(day) = errand.window { Some(day) } else { None },
            asin_granularity: lane.asin_granularity,
            feeds: lane.feeds.clone(),
        };
        let (api, context) = (self.area.api.clone(), std::sync::Arc::clone(&self.context));
        self.loading.spawn(async move {
            let (downloader, writer) = (&context.downloader, &context.writer);
            let outcome = load::load(&api, downloader, writer, &source, context.clock).await;
            (errand, report, outcome)
        });
    }

    /// Goes on when a document has been read to its end, or could not be.
    pub(super) async fn loaded(
        &mut self,
        errand: Errand,
        report: &Report,
        outcome: Result<Outcome, LoadError>,
    ) -> anyhow::Result<()> {
        match outcome {
            Ok(outcome) => {
                self.note_loaded(&errand, &outcome.loaded);
                self.journal(&errand, report, Some(outcome.loaded.rows), None).await?;
                let asked = report.created_time.unwrap_or_else(|| self.context.clock.now());
                match self.judge(&errand, asked, &outcome) {
                    Some((false, reading)) => self.late(&errand, reading).await?,
                    judged => {
                        self.count(errand.lane, |tally| tally.done += 1);
                        let reading = judged.and_then(|(_, reading)| reading);
                        self.out(&errand, asked, reading).await?;
                    }
                }
                self.read_catalog_of_listings(errand.lane, outcome.gathered);
                Ok(())
            }
            Err(LoadError::Output(error)) => Err(error.into()),
            Err(error) => {
                // What cannot be read is asked for anew; what could not be fetched may be next time.
                let is_of_no_use = matches!(error, LoadError::Document(_)) || error.is_gone();
                if is_of_no_use {
                    self.forget(&errand).await?;
                }
                let error = anyhow::Error::from(error);
                self.journal(&errand, report, None, Some(&format!("{error:#}"))).await?;
                self.lose(&errand, &format!("{error:#}"));
                Ok(())
            }
        }
    }

    /// For a day: whether it is out, and what is noted of it while it has not settled.
    fn judge(
        &self,
        errand: &Errand,
        asked: DateTime<Utc>,
        outcome: &Outcome,
    ) -> Option<(bool, Option<Reading>)> {
        let lane = self.lanes.get(errand.lane)?;
        let (Window::Day(day), Place::Marketplace(marketplace)) = (errand.window, lane.place) else {
            return None;
        };
        let reading = Reading { at: asked, digest: outcome.digest.clone() };
        let readings = self.context.ledger.look(|bookmarks| lane.readings(bookmarks));
        let earlier = readings.and_then(|mut readings| readings.remove(&day).flatten());
        let end = settling::end_of(day, marketplace.time_zone);
        let late = outcome.loaded.late;
        let standing = settling::judge(end, lane.lookback, late, earlier.as_ref(), &reading);
        if late && standing.is_out {
            tracing::warn!("{}: still without figures by ASIN; taken as it is", self.name(errand));
        }
        Some((standing.is_out, (!standing.is_settled).then_some(reading)))
    }

    /// Goes on with a day that Amazon has not completed.
    async fn late(&mut self, errand: &Errand, reading: Option<Reading>) -> anyhow::Result<()> {
        tracing::info!("{}: not complete yet; asked for again next time", self.name(errand));
        self.count(errand.lane, |tally| tally.open += 1);
        let change = self.noting(errand, None, reading);
        Ok(self.context.ledger.change(change).await?)
    }

    /// Notes that a window is out.
    async fn out(
        &mut self,
        errand: &Errand,
        taken: DateTime<Utc>,
        reading: Option<Reading>,
    ) -> anyhow::Result<()> {
        let change = self.noting(errand, Some(taken), reading);
        Ok(self.context.ledger.change(change).await?)
    }

    /// The change of the state when a window has ended: out if it was taken, its job gone.
    fn noting(
        &self,
        errand: &Errand,
        taken: Option<DateTime<Utc>>,
        reading: Option<Reading>,
    ) -> impl FnOnce(&mut Bookmarks) + Send + 'static {
        let lane = self.lanes.get(errand.lane);
        let (unit, origin) = lane.map_or(("", None), |lane| (lane.unit(), lane.origin));
        // A stream that is only read for another has no bookmark of its own.
        let streams: Vec<_> = lane
            .into_iter()
            .flat_map(|lane| &lane.feeds)
            .map(|feed| feed.stream)
            .filter(|stream| self.context.selected.iter().any(|it| it.stream == *stream))
            .collect();
        let (window, region) = (errand.window, self.area.region());
        let slot = errand.job.as_ref().map(|(slot, _)| *slot);
        move |bookmarks| {
            for stream in streams {
                match (taken, window.range(), origin) {
                    (Some(_), Some(range), Some(origin)) => {
                        bookmarks.out(stream, unit, origin, range);
                    }
                    (Some(taken), _, _) => bookmarks.taken(stream, unit, taken),
                    (None, _, _) => {}
                }
                if let Window::Day(day) = window {
                    let known = bookmarks.readings(stream, unit);
                    if reading.is_some() || known.is_some_and(|known| known.contains_key(&day)) {
                        bookmarks.read(stream, unit, day, reading.as_ref());
                    }
                }
            }
            if let Some(slot) = slot {
                bookmarks.set_job(region, slot, None);
            }
        }
    }

    /// Takes a report out of the state: nobody needs to take it up again.
    async fn forget(&self, errand: &Errand) -> anyhow::Result<()> {
        let Some((slot, _)) = errand.job else { return Ok(()) };
        let region = self.area.region();
        Ok(self.context.ledger.change(move |it| it.set_job(region, slot, None)).await?)
    }

    /// Says what a document held, and what of it was left out.
    fn note_loaded(&mut self, errand: &Errand, loaded: &Loaded) {
        let name = self.name(errand);
        let records: u64 = loaded.records.values().sum();
        tracing::info!("{name}: {} rows, {records} records", loaded.rows);
        self.count(errand.lane, |tally| tally.rows += loaded.rows);
        let left_out = [
            (&loaded.ragged, "rows with more or fewer cells than the header"),
            (&loaded.keyless, "rows without a key"),
        ];
        for (places, what) in left_out.iter().filter(|(places, _)| places.count > 0) {
            tracing::error!("{name}: {what}, left out: {}", lines(places));
            self.missing += 1;
        }
        if loaded.replaced > 0 {
            tracing::warn!("{name}: {} bytes are not of the document's charset", loaded.replaced);
        }
        if loaded.nuls > 0 {
            tracing::warn!("{name}: {} NUL characters removed", loaded.nuls);
        }
    }

    /// Says what is missing.
    fn lose(&mut self, errand: &Errand, reason: &str) {
        tracing::error!("{}: {reason}", self.name(errand));
        self.count(errand.lane, |tally| tally.failed += 1);
        self.missing += 1;
    }
}

/// How many lines are concerned, and which are the first.
fn lines(places: &Places) -> String {
    let first: Vec<_> = places.first.iter().map(u64::to_string).collect();
    format!("{} (lines {}…)", places.count, first.join(", "))
}
