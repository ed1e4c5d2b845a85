//! Asking for one report, so that whatever happens it is asked for once.

use std::io;
use std::sync::Arc;

use api_client::Error;
use chrono::TimeDelta;
use tokio::sync::OnceCell;

use super::desk::{Desk, Errand};
use crate::api::{Report, ReportSpecification};
use crate::bookmark::Slot;
use crate::job::Job;
use crate::ledger::Ledger;
use crate::marketplace::Region;
use crate::plan::Window;
use crate::report::{ReportError, Reports, newest_done};

/// How old a picture of the present may be that an earlier run asked for and did not load. Older ones
/// are left to Amazon: what is wanted is the present.
const PRESENT: TimeDelta = TimeDelta::hours(12);

/// How long Amazon keeps a report; orders are kept the shortest.
const KEPT: TimeDelta = TimeDelta::days(30);

/// One window's way to a report, as a task of its own.
pub(super) struct Asking {
    pub(super) reports: Reports,
    pub(super) ledger: Ledger,
    pub(super) region: Region,
    pub(super) specification: ReportSpecification,
    pub(super) regeneration: TimeDelta,
    /// What others have asked for of late; nothing where the report is made whenever it is asked for.
    pub(super) recent: Option<Arc<OnceCell<Vec<Report>>>>,
}

impl Asking {
    /// Finds a report or asks for one. The errand comes back twice: as it was, and with its report.
    pub(super) async fn ask(
        self,
        mut errand: Errand,
    ) -> (Errand, Result<Errand, ReportError>, io::Result<()>) {
        let mut written = Ok(());
        let found = self.find_or_create(&mut errand, &mut written).await;
        let asked = found.map(|()| errand.clone()).map_err(ReportError::from);
        (errand, asked, written)
    }

    /// A state that cannot be written ends the run; it is kept in `written`.
    async fn find_or_create(
        &self,
        errand: &mut Errand,
        written: &mut io::Result<()>,
    ) -> Result<(), Error> {
        let mut found = None;
        if let Some((_, job)) = &errand.job {
            // An earlier run noted that it was about to ask, and died before it knew the answer.
            found = self.reports.find(&self.specification, job.asked).await?;
        }
        let mut job = Job::new(&self.specification, errand.window, self.reports.clock.now());
        if found.is_none() {
            if let Some((report_id, asked)) = self.recent().await? {
                (found, job.asked) = (Some(report_id), asked);
            }
        }
        job.report_id = found;
        let slot = self.note(errand.job.as_ref().map(|(slot, _)| *slot), &job, written).await;
        let Some(slot) = slot else { return Ok(()) };
        errand.job = Some((slot, job.clone()));
        if job.report_id.is_none() {
            job.report_id = Some(self.reports.create(&self.specification).await?);
            self.note(Some(slot), &job, written).await;
            errand.job = Some((slot, job));
        }
        Ok(())
    }

    /// A report that somebody has asked for so shortly before that Amazon would not make it anew.
    async fn recent(&self) -> Result<Option<(String, chrono::DateTime<chrono::Utc>)>, Error> {
        let Some(recent) = &self.recent else { return Ok(None) };
        // With options there is no telling whether it is the same report.
        if self.specification.data_start_time.is_some()
            || !self.specification.report_options.is_empty()
        {
            return Ok(None);
        }
        let since = self.reports.clock.now() - self.regeneration;
        let all = ReportSpecification { marketplace_ids: Vec::new(), ..self.specification.clone() };
        let made = recent.get_or_try_init(|| self.reports.made(&all, since, None)).await?;
        let newest = newest_done(made, &self.specification);
        Ok(newest.and_then(|report| Some((report.report_id.clone(), report.created_time?))))
    }

    /// Notes a job in the state, at its place or at a new one; nothing if the state cannot be written.
    async fn note(
        &self,
        slot: Option<Slot>,
        job: &Job,
        written: &mut io::Result<()>,
    ) -> Option<Slot> {
        let (region, job) = (self.region, job.clone());
        let noted = self.ledger.change(move |bookmarks| match slot {
            Some(slot) => {
                bookmarks.set_job(region, slot, Some(&job));
                slot
            }
            None => bookmarks.put_job(region, &job),
        });
        match noted.await {
            Ok(slot) => Some(slot),
            Err(error) => {
                *written = Err(error);
                None
            }
        }
    }
}

impl Desk {
    /// Gives the windows that an earlier run asked for their reports, and forgets those that nobody
    /// wants any more.
    pub(super) async fn take_up(&self, errands: &mut [Errand]) -> io::Result<()> {
        let (region, now) = (self.area.region(), self.context.clock.start());
        let mut unwanted = Vec::new();
        for (slot, job) in self.context.ledger.look(|bookmarks| bookmarks.jobs(region)) {
            let longest = if job.window == Window::Present { PRESENT } else { KEPT };
            let is_it = |errand: &&mut Errand| {
                errand.job.is_none()
                    && errand.window == job.window
                    && self.lanes.get(errand.lane).is_some_and(|lane| {
                        let specification = lane.specification(&self.area, errand.window);
                        Job::new(&specification, errand.window, now).asks_the_same(&job)
                    })
            };
            let errand = errands.iter_mut().find(is_it).filter(|_| now - job.asked < longest);
            match errand {
                Some(errand) => errand.job = Some((slot, job)),
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
        let forget = move |bookmarks: &mut crate::bookmark::Bookmarks| {
            for slot in unwanted {
                bookmarks.set_job(region, slot, None);
            }
        };
        self.context.ledger.change(forget).await
    }
}
