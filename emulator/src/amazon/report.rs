//! The life of a report: asked for, queued, made, and ended in one of three ways.

use super::Amazon;
use super::document::{self, Document};
use super::marketplace::{Marketplace, Region};
use super::order::Orders;
use super::recorded::{Ending, Recorded};
use crate::clock::Clock;
use crate::random::Random;
use chrono::{DateTime, Days, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The report types that the emulator makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL`.
    AllOrders,
    /// `GET_MERCHANT_LISTINGS_ALL_DATA`.
    Listings,
    /// `GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA`.
    FbaInventory,
    /// `GET_SALES_AND_TRAFFIC_REPORT`.
    SalesAndTraffic,
}

impl Kind {
    /// The kind with Amazon's name `report_type`.
    pub(crate) fn named(report_type: &str) -> Option<Self> {
        match report_type {
            "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL" => Some(Self::AllOrders),
            "GET_MERCHANT_LISTINGS_ALL_DATA" => Some(Self::Listings),
            "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA" => Some(Self::FbaInventory),
            "GET_SALES_AND_TRAFFIC_REPORT" => Some(Self::SalesAndTraffic),
            _ => None,
        }
    }
}

/// Where a report's document comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// It is made.
    Made(Kind),
    /// It is a file of the documents directory.
    Recorded(Arc<Recorded>),
}

/// What a report was asked for with; valid.
#[derive(Debug, Clone)]
pub(crate) struct Specification {
    /// Amazon's name of the type.
    pub(crate) report_type: String,
    /// Where its document comes from.
    pub(crate) source: Source,
    /// The region whose host was asked.
    pub(crate) region: Region,
    /// As they were given.
    pub(crate) marketplace_ids: Vec<String>,
    /// The first of them, which is the only one that most types honour.
    pub(crate) marketplace: &'static Marketplace,
    /// As they were given.
    pub(crate) options: BTreeMap<String, String>,
    /// Start of the data.
    pub(crate) start: DateTime<Utc>,
    /// End of the data.
    pub(crate) end: DateTime<Utc>,
}

/// The moment at which a report was made: its document is the same however late it is downloaded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    /// Real time.
    pub(crate) at: DateTime<Utc>,
}

/// How a report ends, decided when it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Nothing to report, or asked again too soon.
    Cancelled,
    /// With the reason as a document, or without one.
    Fatal(Option<&'static str>),
    /// With a given document as the reason.
    FatalAsGiven,
}

/// Amazon's states of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// `IN_QUEUE`.
    Queued,
    /// `IN_PROGRESS`.
    Progressing,
    /// `DONE`.
    Done,
    /// `CANCELLED`.
    Cancelled,
    /// `FATAL`.
    Fatal,
}

/// Amazon's names of the states.
pub(crate) const STATUSES: &[&str] = &["IN_QUEUE", "IN_PROGRESS", "DONE", "CANCELLED", "FATAL"];

impl Status {
    /// Amazon's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "IN_QUEUE",
            Self::Progressing => "IN_PROGRESS",
            Self::Done => "DONE",
            Self::Cancelled => "CANCELLED",
            Self::Fatal => "FATAL",
        }
    }
}

/// One report.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// Amazon's number.
    pub(crate) id: String,
    /// Real time of the request.
    pub(crate) created_at: DateTime<Utc>,
    document_id: String,
    specification: Arc<Specification>,
    /// Scaled time of the request.
    created: Duration,
    /// Scaled time in the queue.
    queued: Duration,
    /// Scaled time of being made.
    made: Duration,
    outcome: Outcome,
    is_withdrawn: bool,
}

/// The text that a report over too long a range has left instead of data.
const RANGE_EXCEEDED: &str = "Date range exceeded. Report can be requested only upto 30 days";

/// FBA snapshots are made anew after this long at the earliest.
const REGENERATION: Duration = Duration::from_mins(30);

impl Report {
    /// A report that was asked for now. `predecessors` are all earlier ones of the region.
    pub(crate) fn new(
        amazon: &Amazon,
        specification: Specification,
        predecessors: &[Report],
    ) -> Self {
        let clock = amazon.clock();
        let (region, seed) = (specification.region.name(), amazon.world().seed);
        let number = u64::try_from(predecessors.len()).unwrap_or(u64::MAX);
        let mut random = Random::new(seed, &format!("{region} report"), number);
        let code = random.text(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 13);
        let outcome = outcome(amazon, &specification, predecessors);
        Self {
            id: format!("{}{:05}{:06}", 5 + region.len(), random.below(100_000), number + 19_000),
            created_at: clock.now(),
            document_id: format!(
                "amzn1.spdoc.1.4.{region}.{}.T{code}.{}",
                random.uuid(),
                random.between(300, 48_000)
            ),
            specification: Arc::new(specification),
            created: clock.elapsed(),
            queued: Duration::from_secs(random.between(5, 25)),
            made: Duration::from_secs(random.between(15, 65)),
            outcome,
            is_withdrawn: false,
        }
    }

    /// What it was asked for with.
    pub(crate) fn specification(&self) -> &Specification {
        &self.specification
    }

    /// Its state at the time of `clock`.
    pub(crate) fn status(&self, clock: &Clock) -> Status {
        let age = clock.elapsed().saturating_sub(self.created);
        match self.outcome {
            _ if self.is_withdrawn => Status::Cancelled,
            _ if age < self.queued => Status::Queued,
            _ if age < self.queued + self.made => Status::Progressing,
            Outcome::Done => Status::Done,
            Outcome::Cancelled => Status::Cancelled,
            Outcome::Fatal(_) | Outcome::FatalAsGiven => Status::Fatal,
        }
    }

    /// Cancels it; false if it is no longer queued.
    pub(crate) fn withdraw(&mut self, clock: &Clock) -> bool {
        let is_queued = self.status(clock) == Status::Queued;
        self.is_withdrawn |= is_queued;
        is_queued
    }

    /// The id of its document, once there is one.
    pub(crate) fn document_id(&self, clock: &Clock) -> Option<&str> {
        let has_document = match self.status(clock) {
            Status::Done => true,
            Status::Fatal => self.outcome != Outcome::Fatal(None),
            Status::Queued | Status::Progressing | Status::Cancelled => false,
        };
        has_document.then_some(self.document_id.as_str())
    }

    /// What `compressionAlgorithm` says of its document.
    pub(crate) fn algorithm(&self) -> Option<String> {
        match (&self.outcome, &self.specification.source) {
            (Outcome::Done, Source::Made(kind)) => {
                document::packing(&self.specification, *kind).algorithm().map(str::to_owned)
            }
            (Outcome::Done | Outcome::FatalAsGiven, Source::Recorded(recorded)) => {
                recorded.compression_algorithm.clone()
            }
            (Outcome::Cancelled | Outcome::Fatal(_) | Outcome::FatalAsGiven, _) => None,
        }
    }

    /// The file that is its document, if it is a recorded one.
    pub(crate) fn recorded(&self) -> Option<&Recorded> {
        match (&self.outcome, &self.specification.source) {
            (Outcome::Done | Outcome::FatalAsGiven, Source::Recorded(recorded)) => Some(recorded),
            _ => None,
        }
    }

    /// Makes its document; none if it has none, or a recorded one.
    pub(crate) fn document(&self, amazon: &Amazon) -> Option<Document> {
        match (&self.outcome, &self.specification.source) {
            (Outcome::Done, Source::Made(kind)) => {
                let made = Made { at: self.created_at };
                let orders = orders(amazon, &self.specification, self.created_at);
                Some(document::open(amazon.world(), orders, &self.specification, *kind, made))
            }
            (Outcome::Fatal(Some(reason)), _) => Some(Document::text(reason)),
            _ => None,
        }
    }

    /// What getReport says.
    pub(crate) fn json(&self, clock: &Clock) -> Value {
        let status = self.status(clock);
        let time = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Millis, true);
        let after = |scaled: Duration| {
            let real = TimeDelta::from_std(clock.real(scaled)).unwrap_or_default();
            time(self.created_at + real)
        };
        let specification = &*self.specification;
        let mut json = json!({
            "reportId": self.id,
            "reportType": specification.report_type,
            "dataStartTime": time(specification.start),
            "dataEndTime": time(specification.end),
            "createdTime": time(self.created_at),
            "processingStatus": status.name(),
            "marketplaceIds": specification.marketplace_ids,
        });
        let mut put = |name: &str, value: String| {
            if let Some(fields) = json.as_object_mut() {
                fields.insert(name.to_owned(), value.into());
            }
        };
        if !self.is_withdrawn && status != Status::Queued {
            put("processingStartTime", after(self.queued));
            if status != Status::Progressing {
                put("processingEndTime", after(self.queued + self.made));
            }
        }
        if let Some(id) = self.document_id(clock) {
            put("reportDocumentId", id.to_owned());
        }
        json
    }
}

/// The orders of the region of `specification`, seen at `now`.
fn orders(amazon: &Amazon, specification: &Specification, now: DateTime<Utc>) -> Orders {
    Orders::new(amazon.world(), specification.region, amazon.clock().started_at(), now)
}

/// How a report with `specification`, asked for now, will end.
fn outcome(amazon: &Amazon, specification: &Specification, predecessors: &[Report]) -> Outcome {
    let clock = amazon.clock();
    let now = clock.now();
    let (start, end) = (specification.start, specification.end);
    let kind = match &specification.source {
        Source::Made(kind) => *kind,
        Source::Recorded(recorded) => {
            return match recorded.processing_status {
                Ending::Done => Outcome::Done,
                Ending::Fatal => Outcome::FatalAsGiven,
                Ending::Cancelled => Outcome::Cancelled,
            };
        }
    };
    match kind {
        Kind::Listings => Outcome::Done,
        Kind::AllOrders if end - start > TimeDelta::days(30) => {
            Outcome::Fatal(Some(RANGE_EXCEEDED))
        }
        Kind::AllOrders => {
            let found = orders(amazon, specification, now).updated_within(start, end);
            if found.is_empty() { Outcome::Cancelled } else { Outcome::Done }
        }
        Kind::FbaInventory => {
            let is_recent = predecessors.iter().rev().any(|it| {
                it.specification.report_type == specification.report_type
                    && it.specification.marketplace == specification.marketplace
                    && it.outcome == Outcome::Done
                    && !it.is_withdrawn
                    && clock.elapsed() < it.created + REGENERATION
            });
            if is_recent { Outcome::Cancelled } else { Outcome::Done }
        }
        // Amazon's schema: one marketplace a report, several fail it.
        Kind::SalesAndTraffic if specification.marketplace_ids.len() > 1 => Outcome::Fatal(None),
        Kind::SalesAndTraffic => {
            let today = now.date_naive();
            let oldest = today - Days::new(2 * 365);
            let is_outside = start.date_naive() < oldest || start.date_naive() >= today;
            if is_outside { Outcome::Cancelled } else { Outcome::Done }
        }
    }
}
