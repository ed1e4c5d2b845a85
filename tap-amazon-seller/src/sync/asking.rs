//! Asking for one report, so that whatever happens it is asked for once.

use std::io;
use std::sync::Arc;

use api_client::Error;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::OnceCell;

use super::desk::{Desk, Errand};
use crate::api::{Report, ReportSpecification};
use crate::bookmark::{Bookmarks, Slot};
use crate::job::Job;
use crate::ledger::Ledger;
use crate::marketplace::Region;
use crate::report::{Reports, newest_done};

/// One window's way to a report, as a task of its own.
pub(super) struct Asking {
    pub(super) reports: Reports,
    pub(super) ledger: Ledger,
    pub(super) region: Region,
    pub(super) specification: ReportSpecification,
    pub(super) regeneration: TimeDelta,
    /// What others have asked for of late; nothing where their reports are of no use.
    pub(super) recent: Option<Arc<OnceCell<Vec<Report>>>>,
}

impl Asking {
    /// Finds a report or asks for one. The errand comes back with what the state says of it, whether
    /// there is a report now or not.
    pub(super) async fn ask(self, mut errand: Errand) -> Asked {
        let outcome = self.find_or_create(&mut errand).await;
        (errand, outcome)
    }

    async fn find_or_create(&self, errand: &mut Errand) -> Result<(), AskError> {
        let mut job = Job::new(&self.specification, errand.window, self.reports.clock.now());
        if let Some((_, noted)) = &errand.job {
            // An earlier run noted that it was about to ask, and died before it knew the answer.
            job.report_id = self.reports.find(&self.specification, noted.asked).await?;
        }
        if job.report_id.is_none()
            && let Some((report_id, asked)) = self.recent().await?
        {
            (job.report_id, job.asked) = (Some(report_id), asked);
        }
        let slot = self.note(errand.job.as_ref().map(|(slot, _)| *slot), &job).await?;
        errand.job = Some((slot, job.clone()));
        if job.report_id.is_some() {
            return Ok(());
        }
        match self.reports.create(&self.specification).await {
            Ok(report_id) => {
                job.report_id = Some(report_id);
                self.note(Some(slot), &job).await?;
                errand.job = Some((slot, job));
                Ok(())
            }
            // The next run looks whether it was made.
            Err(error @ Error::OutcomeUnknown { .. }) => Err(error.into()),
            Err(error) => {
                let region = self.region;
                self.ledger.change(move |it| it.set_job(region, slot, None)).await?;
                errand.job = None;
                Err(error.into())
            }
        }
    }

    /// A report that somebody has asked for so shortly before that Amazon would not make it anew.
    async fn recent(&self) -> Result<Option<(String, DateTime<Utc>)>, Error> {
        let Some(recent) = &self.recent else { return Ok(None) };
        let since = self.reports.clock.now() - self.regeneration;
        let all = ReportSpecification { marketplace_ids: Vec::new(), ..self.specification.clone() };
        let made = recent.get_or_try_init(|| self.reports.made(&all, since, None)).await?;
        let newest = newest_done(made, &self.specification);
        Ok(newest.and_then(|report| Some((report.report_id.clone(), report.created_time?))))
    }

    /// Notes a job in the state, at its place or at a new one.
    async fn note(&self, slot: Option<Slot>, job: &Job) -> io::Result<Slot> {
        let (region, job) = (self.region, job.clone());
        let noting = self.ledger.change(move |bookmarks| match slot {
            Some(slot) => {
                bookmarks.set_job(region, slot, Some(&job));
                slot
            }
            None => bookmarks.put_job(region, &job),
        });
        noting.await
    }
}

/// An errand that has been asked for, or why it has not.
pub(super) type Asked = (Errand, Result<(), AskError>);

/// Why there is no report to wait for.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] Error),
    /// The state cannot be written. This ends the run.
    #[error("cannot write messages")]
    Output(#[from] io::Error),
}

impl Desk {
    /// Gives the windows that an earlier run asked for their reports, and forgets those that nobody
    /// wants any more. What this run does not ask for, another one may: reports of other streams stay as
    /// long as they are of use.
    pub(super) async fn take_up(&self, errands: &mut [Errand]) -> io::Result<()> {
        let (region, now) = (self.area.region(), self.context.clock.start());
        let mut unwanted = Vec::new();
        let is_others = |job: &Job| {
            job.is_of_use(now) && !self.lanes.iter().any(|lane| lane.asks(&self.area, job))
        };
        for (slot, job) in self.context.ledger.look(|bookmarks| bookmarks.jobs(region)) {
            let is_it = |errand: &&mut Errand| {
                let lane = self.lanes.get(errand.lane);
                errand.job.is_none()
                    && lane.is_some_and(|lane| lane.wants(&self.area, errand.window, &job, now))
            };
            let errand = errands.iter_mut().find(is_it);
            match errand {
                Some(errand) => errand.job = Some((slot, job)),
                None if is_others(&job) => {}
                None => unwanted.push(slot),
            }
        }
        let taken_up = errands.iter().filter(|errand| errand.job.is_some()).count();
        if taken_up > 0 {
            tracing::info!("{region}: {taken_up} reports that were asked for before are taken up");
        }
        if unwanted.is_empty() {
            return Ok(());
        }
        let forget = move |bookmarks: &mut Bookmarks| {
            for slot in unwanted {
                bookmarks.set_job(region, slot, None);
            }
        };
        self.context.ledger.change(forget).await
    }
}
