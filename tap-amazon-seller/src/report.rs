//! The life of one report: asked for, waited for, and found or lost.
//!
//! ```text
//!  createReport ──▶ IN_QUEUE ──▶ IN_PROGRESS ──▶ DONE       a document
//!                                     ├────────▶ CANCELLED  no data, or asked again too soon
//!                                     └────────▶ FATAL      perhaps a document that says why
//! ```
//!
//! This module knows nothing of streams and records; where the document goes is its caller's matter.

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
}

/// How much the pause between two looks grows.
const SLOWEST_POLL: u32 = 12;

/// How often a report is asked for whose outcome stays unknown.
const CREATE_ATTEMPTS: u32 = 3;

/// How far back a report may have been asked for by this very call, by Amazon's clock and ours.
const CLOCK_DIFFERENCE: TimeDelta = TimeDelta::minutes(5);

/// Amazon makes some snapshots at most every half hour and cancels what is asked for in between; the
/// last one that is done is then as fresh as one can be. Counted generously, for queues and clocks.
const FRESH: TimeDelta = TimeDelta::minutes(45);

/// The longest explanation of a failure that is passed on, in bytes.
const LONGEST_EXPLANATION: usize = 16 * 1024;

/// How a report ended, if it did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// There is a document.
    Done {
        /// Amazon's identifier of the report.
        report_id: String,
        /// Amazon's identifier of the document.
        document_id: String,
        /// When the report was asked for, by us or by somebody else.
        created: DateTime<Utc>,
    },
    /// Amazon cancelled it: it had no data for the window, or somebody cancelled it.
    Cancelled {
        /// Amazon's identifier of the report.
        report_id: String,
    },
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] Error),
    /// Amazon could not make it.
    #[error("report {report_id} ended FATAL: {reason}")]
    Fatal {
        /// Amazon's identifier of the report.
        report_id: String,
        /// What the error document says, or that there is none.
        reason: String,
    },
    /// It took too long.
    #[error(
        "report {report_id} is still {status} after {minutes} minutes; see report_timeout_minutes"
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

/// Whether a report covers what was asked for. Where no window was asked for, Amazon fills in its own.
fn covers(report: &Report, specification: &ReportSpecification) -> bool {
    let is_same = |asked: Option<DateTime<Utc>>, made| asked.is_none() || asked == made;
    is_same(specification.data_start_time, report.data_start_time)
        && is_same(specification.data_end_time, report.data_end_time)
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
    /// Asks for a report and waits until Amazon has ended it.
    pub async fn obtain(&self, specification: &ReportSpecification) -> Result<Ended, ReportError> {
        let report_id = self.create(specification).await?;
        tracing::debug!(report_id, report_type = specification.report_type, "asked for a report");
        let report = self.wait(&report_id).await?;
        match report.processing_status.as_str() {
            "DONE" => {
                let created = report.created_time.unwrap_or_else(|| self.clock.now());
                let document_id = report.report_document_id;
                let document_id =
                    document_id.ok_or(ReportError::NoDocument { report_id: report_id.clone() })?;
                Ok(Ended::Done { report_id, document_id, created })
            }
            "CANCELLED" => self.instead(specification, report_id).await,
            _ => Err(self.failure(report).await),
        }
    }

    /// Creates a report once, even when an answer gets lost: an outcome that is unknown is looked up
    /// before the report is asked for again.
    async fn create(&self, specification: &ReportSpecification) -> Result<String, Error> {
        let since = self.clock.now() - CLOCK_DIFFERENCE;
        let mut attempt = 1;
        loop {
            let error = match self.api.create_report(specification).await {
                Err(error @ Error::OutcomeUnknown { .. }) => error,
                outcome => return outcome,
            };
            let made = self
                .api
                .reports(specification.report_type, &specification.marketplace_ids, since)
                .await?;
            let ours = made.into_iter().find(|report| covers(report, specification));
            match ours {
                Some(report) => return Ok(report.report_id),
                None if attempt == CREATE_ATTEMPTS => return Err(error),
                None => attempt += 1,
            }
        }
    }

    /// Looks at a report until it has ended.
    async fn wait(&self, report_id: &str) -> Result<Report, ReportError> {
        let started = Instant::now();
        let mut pause = self.patience.poll;
        loop {
            sleep(pause).await;
            let report = self.api.report(report_id).await?;
            if !matches!(report.processing_status.as_str(), "IN_QUEUE" | "IN_PROGRESS") {
                return Ok(report);
            }
            if started.elapsed() >= self.patience.timeout {
                return Err(ReportError::Late {
                    report_id: report_id.to_owned(),
                    status: report.processing_status,
                    minutes: started.elapsed().as_secs() / 60,
                });
            }
            pause = (pause * 3 / 2).min(self.patience.poll * SLOWEST_POLL);
        }
    }

    /// What to use in the place of a cancelled report: for a snapshot, one that was made just before,
    /// perhaps for another client of the seller.
    async fn instead(
        &self,
        specification: &ReportSpecification,
        report_id: String,
    ) -> Result<Ended, ReportError> {
        if specification.data_start_time.is_some() {
            return Ok(Ended::Cancelled { report_id });
        }
        let since = self.clock.now() - FRESH;
        let made = self
            .api
            .reports(specification.report_type, &specification.marketplace_ids, since)
            .await?;
        let newest = made
            .into_iter()
            .filter(|report| report.processing_status == "DONE")
            .filter_map(|report| {
                Some((report.created_time?, report.report_id, report.report_document_id?))
            })
            .max();
        Ok(match newest {
            Some((created, report_id, document_id)) => {
                Ended::Done { report_id, document_id, created }
            }
            None => Ended::Cancelled { report_id },
        })
    }

    /// The error that a failed report stands for, with Amazon's explanation if it wrote one.
    async fn failure(&self, report: Report) -> ReportError {
        let reason = match &report.report_document_id {
            None => "Amazon gave no reason".to_owned(),
            Some(document_id) => self.explanation(document_id).await.unwrap_or_else(|error| {
                tracing::debug!(report_id = report.report_id, "no explanation: {error}");
                "the document with the reason cannot be read".to_owned()
            }),
        };
        ReportError::Fatal { report_id: report.report_id, reason }
    }

    /// The text of an error document.
    async fn explanation(&self, document_id: &str) -> anyhow::Result<String> {
        let url = self.api.report_document(document_id).await?.url;
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
