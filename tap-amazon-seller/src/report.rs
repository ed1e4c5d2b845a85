//! The life of one report at Amazon: asked for once, waited for, and how it ended.
//!
//! ```text
//!  createReport ──▶ IN_QUEUE ──▶ IN_PROGRESS ──▶ DONE       a document
//!                                     ├────────▶ CANCELLED  no data, or asked again too soon
//!                                     └────────▶ FATAL      perhaps a document that says why
//! ```
//!
//! This module knows nothing of streams, records and bookmarks; what an end means for them is its
//! caller's matter.

use std::time::Duration;

use api_client::{Downloader, Error};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::{Instant, sleep};

use crate::api::{Api, Report, ReportSpecification};
use crate::clock::Clock;
use crate::explanation::explanation;

/// How often a report is looked at, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The first pause between two looks; it grows to twelve times this.
    pub poll: Duration,
    /// When to give a report up for this run.
    pub timeout: Duration,
    /// How long it may take from the decision to ask until Amazon has been asked.
    pub in_line: Duration,
}

/// How much the pause between two looks grows.
const SLOWEST_POLL: u32 = 12;

/// How often a report is asked for whose outcome stays unknown.
const CREATE_ATTEMPTS: u32 = 3;

/// How far Amazon's clock and ours may be apart, and how long a request may be under way.
const CLOCK_DIFFERENCE: TimeDelta = TimeDelta::minutes(5);

/// Where Amazon cancels a snapshot because it made one just before, that one is used; counted
/// generously, for queues and clocks.
const FRESH: TimeDelta = TimeDelta::minutes(45);

/// The longest explanation of a failure that is passed on, in bytes.
const LONGEST_EXPLANATION: usize = 16 * 1024;

/// How a report ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// There is a document.
    Done {
        /// Amazon's identifier of the document.
        document_id: String,
    },
    /// Amazon cancelled it: it had no data for the window, or somebody cancelled it.
    Cancelled,
    /// Amazon cancelled it, and had made one of another window so shortly before that it may have refused
    /// a second one: whether there is data, only asking again can tell.
    TooSoon,
    /// Amazon could not make it.
    Fatal {
        /// What the error document says, or that there is none.
        reason: String,
    },
}

/// A report that Amazon has ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Amazon's description of it.
    pub report: Report,
    /// How it ended.
    pub fate: Fate,
}

/// Why nothing is known of a report's end.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] Error),
    /// It took too long.
    #[error(
        "report {report_id} is still {status} after {minutes} minutes; the next run goes on with it (report_timeout_minutes)"
    )]
    Late {
        /// Amazon's identifier of the report.
        report_id: String,
        /// How far it was when it was last looked at.
        status: String,
        /// How long it was waited for.
        minutes: u64,
    },
    /// Amazon says it is done and names no document.
    #[error("report {report_id} is DONE without a document")]
    NoDocument {
        /// Amazon's identifier of the report.
        report_id: String,
    },
}

impl ReportError {
    /// Whether Amazon does not know the report, so that it must be asked for anew.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Call(error) if error.refusal().is_some_and(|it| it.status == 404))
    }
}

/// Whether a report covers what was asked for. Where no window was asked for, Amazon fills in its own;
/// where a day was, it may fill in the hours.
fn covers(report: &Report, specification: &ReportSpecification) -> bool {
    let is_day = specification.data_start_time == specification.data_end_time;
    let is_same = |asked: Option<DateTime<Utc>>, made: Option<DateTime<Utc>>| match (asked, made) {
        (None, _) => true,
        (Some(asked), Some(made)) if is_day => asked.date_naive() == made.date_naive(),
        (Some(asked), Some(made)) => asked.timestamp() == made.timestamp(),
        (Some(_), None) => false,
    };
    let mut marketplaces: Vec<_> = report.marketplace_ids.iter().map(String::as_str).collect();
    let mut asked = specification.marketplace_ids.clone();
    marketplaces.sort_unstable();
    asked.sort_unstable();
    (marketplaces.is_empty() || marketplaces == asked)
        && is_same(specification.data_start_time, report.data_start_time)
        && is_same(specification.data_end_time, report.data_end_time)
}

/// The newest of these reports that is done and covers what was asked for.
#[must_use]
pub fn newest_done<'a>(
    reports: impl IntoIterator<Item = &'a Report>,
    specification: &ReportSpecification,
) -> Option<&'a Report> {
    reports
        .into_iter()
        .filter(|report| report.processing_status == "DONE" && covers(report, specification))
        .filter(|report| report.report_document_id.is_some())
        .max_by_key(|report| report.created_time)
}

/// Asks for reports and waits for them.
#[derive(Debug, Clone)]
pub struct Reports {
    /// The region's API.
    pub api: Api,
    /// For the documents that explain a failure.
    pub downloader: Downloader,
    /// How long to wait.
    pub patience: Patience,
    /// The time.
    pub clock: Clock,
}

impl Reports {
    /// Creates a report once, even when an answer gets lost: an outcome that is unknown is looked up
    /// before the report is asked for again. [`Error::OutcomeUnknown`] says that it stays unknown.
    pub async fn create(&self, specification: &ReportSpecification) -> Result<String, Error> {
        let since = self.clock.now() - CLOCK_DIFFERENCE;
        let mut attempt = 1;
        loop {
            let error = match self.api.create_report(specification).await {
                Err(error @ Error::OutcomeUnknown { .. }) => error,
                outcome => return outcome,
            };
            match self.made(specification, since, None).await {
                Ok(made) => match made.into_iter().find(|report| covers(report, specification)) {
                    Some(report) => return Ok(report.report_id),
                    None if attempt == CREATE_ATTEMPTS => return Err(error),
                    None => attempt += 1,
                },
                Err(failed) => {
                    tracing::warn!("{failed}");
                    return Err(error);
                }
            }
        }
    }

    /// The report that an earlier run was about to ask for, if Amazon has it.
    pub async fn find(
        &self,
        specification: &ReportSpecification,
        noted: DateTime<Utc>,
    ) -> Result<Option<String>, Error> {
        let until = noted + self.patience.in_line + CLOCK_DIFFERENCE;
        // Amazon takes no time that is still to come.
        let until = Some(until).filter(|until| *until < self.clock.now() - CLOCK_DIFFERENCE);
        let made = self.made(specification, noted - CLOCK_DIFFERENCE, until).await?;
        let ours = made.into_iter().find(|report| covers(report, specification));
        Ok(ours.map(|report| report.report_id))
    }

    /// The reports of this type and these marketplaces that were asked for since a time.
    pub async fn made(
        &self,
        specification: &ReportSpecification,
        since: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Vec<Report>, Error> {
        let marketplaces = &specification.marketplace_ids;
        self.api.reports(specification.report_type, marketplaces, since, until).await
    }

    /// Looks at a report until it has ended; at once, if it was not asked for just now.
    async fn wait(&self, report_id: &str, is_new: bool) -> Result<Ended, ReportError> {
        let started = Instant::now();
        let mut pause = if is_new { self.patience.poll } else { Duration::ZERO };
        let report = loop {
            sleep(pause).await;
            let report = self.api.report(report_id).await?;
            if !matches!(report.processing_status.as_str(), "IN_QUEUE" | "IN_PROGRESS") {
                break report;
            }
            if started.elapsed() >= self.patience.timeout {
                return Err(ReportError::Late {
                    report_id: report_id.to_owned(),
                    status: report.processing_status,
                    minutes: started.elapsed().as_secs() / 60,
                });
            }
            pause = (pause.max(self.patience.poll) * 3 / 2).min(self.patience.poll * SLOWEST_POLL);
        };
        let fate = match (report.processing_status.as_str(), &report.report_document_id) {
            ("DONE", Some(document_id)) => Fate::Done { document_id: document_id.clone() },
            ("DONE", None) => {
                return Err(ReportError::NoDocument { report_id: report_id.to_owned() });
            }
            ("CANCELLED", _) => Fate::Cancelled,
            _ => Fate::Fatal { reason: self.reason(&report).await },
        };
        Ok(Ended { report, fate })
    }

    /// Looks at a report until it has ended; if Amazon cancelled it, gives what there is in its place: one of
    /// the same that was made just before.
    pub async fn wait_or_instead(
        &self,
        report_id: &str,
        is_new: bool,
        specification: &ReportSpecification,
        regeneration: TimeDelta,
    ) -> Result<Ended, ReportError> {
        let ended = self.wait(report_id, is_new).await?;
        if ended.fate != Fate::Cancelled {
            return Ok(ended);
        }
        match self.instead(ended.clone(), specification, regeneration).await {
            Ok(instead) => Ok(instead),
            Err(error) => {
                tracing::warn!("report {report_id} was cancelled: {error}");
                Ok(Ended { fate: Fate::TooSoon, ..ended })
            }
        }
    }

    /// What to use in the place of a cancelled report: one that was made just before of the same,
    /// perhaps for another client of the seller. Where the report has options none is used, because
    /// Amazon does not tell with which options a report was made; a language is no such option.
    async fn instead(
        &self,
        cancelled: Ended,
        specification: &ReportSpecification,
        regeneration: TimeDelta,
    ) -> Result<Ended, Error> {
        let is_snapshot = specification.data_start_time.is_none();
        if !is_snapshot && (regeneration.is_zero() || !specification.report_options.is_empty()) {
            return Ok(cancelled);
        }
        let since = self.clock.now() - regeneration.max(FRESH);
        let made = self.made(specification, since, None).await?;
        let newest = newest_done(&made, specification).cloned();
        if let Some(report) = newest
            && let Some(document_id) = report.report_document_id.clone()
        {
            return Ok(Ended { report, fate: Fate::Done { document_id } });
        }
        let is_done = |report: &Report| report.processing_status == "DONE";
        let fate =
            if !is_snapshot && made.iter().any(is_done) { Fate::TooSoon } else { Fate::Cancelled };
        Ok(Ended { fate, ..cancelled })
    }

    /// Amazon's explanation of a failure, if it wrote one.
    async fn reason(&self, report: &Report) -> String {
        let Some(document_id) = &report.report_document_id else {
            return "Amazon gave no reason".to_owned();
        };
        let explanation = self.explanation(&report.report_type, document_id).await;
        explanation.unwrap_or_else(|error| {
            tracing::debug!(report_id = report.report_id, "no explanation: {error}");
            "the document with the reason cannot be read".to_owned()
        })
    }

    /// The text of an error document.
    async fn explanation(&self, report_type: &str, document_id: &str) -> anyhow::Result<String> {
        let url = self.api.report_document(report_type, document_id).await?.url;
        let mut document = self.downloader.open(&url).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = document.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LONGEST_EXPLANATION {
                break;
            }
        }
        Ok(explanation(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn asked(window: Option<(&str, &str)>) -> ReportSpecification {
        ReportSpecification {
            report_type: "GET_X",
            marketplace_ids: vec!["A2", "A1"],
            data_start_time: window.map(|(start, _)| time(start)),
            data_end_time: window.map(|(_, end)| time(end)),
            report_options: BTreeMap::new(),
        }
    }

    fn made(start: &str, end: &str) -> Report {
        serde_json::from_value(serde_json::json!({
            "reportId": "1", "processingStatus": "DONE", "marketplaceIds": ["A1", "A2"],
            "dataStartTime": start, "dataEndTime": end}))
        .unwrap()
    }

    #[test]
    fn a_report_is_recognised_by_its_window() {
        let window = asked(Some(("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")));
        assert!(covers(&made("2026-11-01T00:00:00+00:00", "2026-11-02T00:00:00Z"), &window));
        assert!(!covers(&made("2026-11-01T00:00:00Z", "2026-11-02T00:00:01Z"), &window));
        let day = asked(Some(("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z")));
        assert!(covers(&made("2026-11-01T00:00:00Z", "2026-11-01T23:59:59Z"), &day));
        assert!(!covers(&made("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"), &day));
        assert!(covers(&made("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"), &asked(None)));
    }

    #[test]
    fn a_report_of_other_marketplaces_is_another_report() {
        let mut report = made("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z");
        report.marketplace_ids.pop();
        assert!(!covers(&report, &asked(None)));
        report.marketplace_ids.clear();
        assert!(covers(&report, &asked(None)));
    }
}
