//! What becomes of a window: records, nothing, another try, or a gap that is named.

use std::collections::VecDeque;

use api_client::Error;
use chrono::TimeDelta;
use tokio::time::Instant;

use super::desk::{Desk, Errand};
use super::tally::Tally;
use crate::api::Report;
use crate::document::Place;
use crate::due::Lane;
use crate::fatal::{Cause, cause};
use crate::plan::Window;
use crate::report::{Ended, Fate, ReportError};
use crate::settling;
use crate::streams::Edges;

/// A report that has been in the making for so long is taken for lost, and asked for anew.
const LOST: TimeDelta = TimeDelta::hours(24);

/// How many days are taken off the end of a window. Amazon publishes what takes longest, the analytics of
/// vendors, 72 hours after the end of a period.
const HELD_BACK: u32 = 4;

/// How many looks at a report go by before one that failed is asked for once more.
const LATER: u32 = 60;

/// Whether a call failed so long that the same call fails for whatever comes next.
pub(super) fn is_worn_out(error: &Error) -> bool {
    matches!(
        error,
        Error::Unauthorized { .. } | Error::Exhausted { .. } | Error::WaitTooLong { .. }
    )
}

impl Desk {
    /// Changes the tally of a lane.
    pub(super) fn count(&self, lane: usize, change: impl FnOnce(&mut Tally)) {
        if let Some(lane) = self.lanes.get(lane) {
            let region = self.area.region();
            self.context.board.change(region, &lane.streams(), lane.place_name(), change);
        }
    }

    /// Whether Amazon makes the report also for a part of its window; not if it is about a whole period.
    fn may_be_cut(&self, errand: &Errand) -> bool {
        let lane = self.lanes.get(errand.lane);
        lane.is_some_and(|lane| !matches!(lane.source.edges, Edges::Periods(_)))
    }

    /// The streams, the unit and the window, as messages name them.
    pub(super) fn name(&self, errand: &Errand) -> String {
        let lane = self.lanes.get(errand.lane).map(Lane::name);
        format!("{}: {}", lane.unwrap_or_default(), errand.window)
    }

    /// Goes on without a report: nobody has one, and Amazon was not to be moved to make one. Whatever would
    /// fail in the same way is given up with it: a whole report type that is forbidden, or refused for
    /// hours; a marketplace in which the request is wrong.
    pub(super) fn not_asked(&mut self, errand: &Errand, error: &Error) {
        let Some(lane) = self.lanes.get(errand.lane) else { return };
        let lane_name = lane.name();
        let hint = match (error, lane.source.roles) {
            (Error::Forbidden(_), []) => "; the application has no role for it".to_owned(),
            (Error::Forbidden(_), roles) => {
                format!("; the application needs one of these roles: {}", roles.join(", "))
            }
            (error, _) if error.is_throttled() => "; see max_wait_minutes".to_owned(),
            _ => String::new(),
        };
        self.lose(errand, &format!("{error}{hint}"));
        match error {
            Error::Refused(_) => self.give_up(errand, &lane_name, |it| it.lane == errand.lane),
            Error::Forbidden(_) => self.give_up_type(errand),
            error if is_worn_out(error) => self.give_up_type(errand),
            _ => {}
        }
    }

    /// Gives up everything else of an errand's report type: it would fail in the same way.
    pub(super) fn give_up_type(&mut self, errand: &Errand) {
        let Some(lane) = self.lanes.get(errand.lane) else { return };
        let name = format!("{}: {}", self.area.region(), lane.source.report_type);
        self.give_up(errand, &name, |_| true);
    }

    /// Gives up everything else of an errand's report type when its documents are not given out, those that
    /// wait for their turn too. What was asked for stays in the state, and what is listed is listed again.
    pub(super) fn give_up_documents(&mut self, errand: &Errand) {
        self.give_up_type(errand);
        let Some(report_type) = self.lanes.get(errand.lane).map(|it| it.source.report_type) else {
            return;
        };
        let is_of_type = |number: usize| {
            self.lanes.get(number).is_some_and(|lane| lane.source.report_type == report_type)
        };
        let waiting = [&mut self.done, &mut self.backlog].into_iter();
        let given_up: Vec<_> = waiting
            .flat_map(|queue| {
                let all = std::mem::take(queue);
                let (given_up, kept): (VecDeque<_>, _) =
                    all.into_iter().partition(|(errand, ..)| is_of_type(errand.lane));
                *queue = kept;
                given_up
            })
            .map(|(errand, ..)| errand.lane)
            .collect();
        if !given_up.is_empty() {
            let (region, reports) = (self.area.region(), given_up.len());
            tracing::error!(
                "{region}: {report_type}: given up for this run, with {reports} more documents"
            );
        }
        for lane in given_up {
            self.count(lane, |tally| {
                (tally.loading, tally.failed) = (tally.loading - 1, tally.failed + 1);
            });
            self.missing += 1;
        }
    }

    /// Gives up those windows of an errand's report type that are meant, and says so.
    fn give_up(&mut self, errand: &Errand, name: &str, meant: impl Fn(&Errand) -> bool) {
        let report_type = self.lanes.get(errand.lane).map(|lane| lane.source.report_type);
        let Some(queue) = report_type.and_then(|name| self.queues.get_mut(name)) else { return };
        let all = std::mem::take(&mut queue.errands);
        let (given_up, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|errand| meant(errand));
        queue.errands = kept.into();
        if !given_up.is_empty() {
            let windows = given_up.len();
            tracing::error!("{name}: given up for this run, with {windows} more windows");
        }
        for errand in given_up {
            self.count(errand.lane, |tally| tally.failed += 1);
            self.missing += 1;
        }
    }

    /// Goes on with a report that Amazon has ended.
    pub(super) async fn ended(
        &mut self,
        errand: Errand,
        ended: Result<Ended, ReportError>,
    ) -> anyhow::Result<()> {
        match ended {
            Ok(Ended { report, fate: Fate::Done { document_id } }) => {
                self.count(errand.lane, |tally| tally.loading += 1);
                self.done.push_back((errand, report, document_id));
                Ok(())
            }
            Ok(Ended { report, fate: fate @ (Fate::Cancelled | Fate::TooSoon) }) => {
                self.cancelled(errand, &report, fate == Fate::Cancelled).await
            }
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
        if let ReportError::Call(error) = error
            && is_worn_out(error)
        {
            self.close().await;
        }
        Ok(())
    }

    /// Asks for a window once more, with a new report.
    async fn anew(&mut self, mut errand: Errand) -> anyhow::Result<()> {
        self.forget(&errand).await?;
        errand.job = None;
        self.enqueue(errand);
        Ok(())
    }

    /// Goes on without data. `is_plain` says that nothing but a lack of data explains it.
    async fn cancelled(
        &mut self,
        errand: Errand,
        report: &Report,
        is_plain: bool,
    ) -> anyhow::Result<()> {
        let name = self.name(&errand);
        let id = &report.report_id;
        self.journal(&errand, report, None, None).await?;
        if is_plain && self.is_old(&errand) {
            tracing::info!("{name}: no data (report {id} was cancelled)");
            self.count(errand.lane, |tally| tally.empty += 1);
            return self.out(&errand, self.context.clock.now(), None).await;
        }
        tracing::info!(
            "{name}: no data yet (report {id} was cancelled); asked for again next time"
        );
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
            (Cause::NotYet, Window::Times(from, until))
                if self.may_be_cut(&errand)
                    && until - from > TimeDelta::days(1)
                    && errand.shortened < HELD_BACK =>
            {
                tracing::info!("{name}: {said}; asked for without its last day");
                let window = Window::Times(from, until - TimeDelta::days(1));
                let shortened = errand.shortened + 1;
                self.forget(&errand).await?;
                self.enqueue(Errand { shortened, ..Errand::new(errand.lane, window) });
                Ok(())
            }
            (Cause::NotYet, Window::Day(_) | Window::Times(..)) => {
                tracing::info!("{name}: {said}; asked for again next time");
                self.leave_open(&errand).await
            }
            (Cause::TooLong, Window::Times(from, until))
                if self.may_be_cut(&errand) && until - from > TimeDelta::hours(1) =>
            {
                let middle = from + TimeDelta::seconds((until - from).num_seconds() / 2);
                tracing::info!("{name}: {said}; asked for in two halves");
                self.forget(&errand).await?;
                for half in [Window::Times(from, middle), Window::Times(middle, until)] {
                    self.enqueue(Errand::new(errand.lane, half));
                }
                self.count(errand.lane, |tally| tally.due += 1);
                Ok(())
            }
            (Cause::Refused, _) => {
                self.forget(&errand).await?;
                self.lose(&errand, &said);
                let lane = self.lanes.get(errand.lane).map(Lane::name).unwrap_or_default();
                self.give_up(&errand, &lane, |other| other.lane == errand.lane);
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

    /// Takes a report out of the state: nobody needs to take it up again.
    pub(super) async fn forget(&self, errand: &Errand) -> anyhow::Result<()> {
        let Some((slot, _)) = errand.job else { return Ok(()) };
        let region = self.area.region();
        Ok(self.context.ledger.change(move |it| it.set_job(region, slot, None)).await?)
    }

    /// Says what is missing.
    pub(super) fn lose(&mut self, errand: &Errand, reason: &str) {
        tracing::error!("{}: {reason}", self.name(errand));
        self.count(errand.lane, |tally| tally.failed += 1);
        self.missing += 1;
    }
}
