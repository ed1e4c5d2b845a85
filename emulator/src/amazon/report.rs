//! The life of a report: asked for, queued, made, and ended in one of three ways.

use super::Amazon;
use super::archive::Archive;
use super::document::{self, Document};
use super::marketplace::{Marketplace, Region};
use super::movement::{Movements, What};
use super::order::Orders;
use super::outcome::Outcome;
use super::recorded::Recorded;
use crate::clock::Clock;
use crate::faults::{Course, ForeignStatus};
use crate::random::Random;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
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
    /// `GET_AFN_INVENTORY_DATA_BY_COUNTRY`.
    StockByCountry,
    /// `GET_LEDGER_DETAIL_VIEW_DATA`.
    Ledger,
    /// `GET_LEDGER_SUMMARY_VIEW_DATA`.
    LedgerSummary,
    /// `GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_SALES_DATA`.
    Shipments,
    /// `GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA`.
    Returns,
    /// `GET_FBA_REIMBURSEMENTS_DATA`.
    Reimbursements,
    /// `GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2`, which Amazon makes by itself.
    Settlement,
}

/// Amazon's name of the settlement report.
pub(crate) const SETTLEMENT: &str = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2";

impl Kind {
    /// The kind with Amazon's name `report_type`.
    pub(crate) fn named(report_type: &str) -> Option<Self> {
        match report_type {
            "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL" => Some(Self::AllOrders),
            "GET_MERCHANT_LISTINGS_ALL_DATA" => Some(Self::Listings),
            "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA" => Some(Self::FbaInventory),
            "GET_SALES_AND_TRAFFIC_REPORT" => Some(Self::SalesAndTraffic),
            "GET_AFN_INVENTORY_DATA_BY_COUNTRY" => Some(Self::StockByCountry),
            "GET_LEDGER_DETAIL_VIEW_DATA" => Some(Self::Ledger),
            "GET_LEDGER_SUMMARY_VIEW_DATA" => Some(Self::LedgerSummary),
            "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_SALES_DATA" => Some(Self::Shipments),
            "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA" => Some(Self::Returns),
            "GET_FBA_REIMBURSEMENTS_DATA" => Some(Self::Reimbursements),
            SETTLEMENT => Some(Self::Settlement),
            _ => None,
        }
    }

    /// True of the movements of stock that a report of this kind lists.
    pub(crate) fn tells_of(self, what: What) -> bool {
        match self {
            Self::Shipments => what == What::Shipped,
            Self::Returns => what == What::Returned,
            Self::Reimbursements => what == What::Reimbursed,
            Self::Ledger => what != What::Reimbursed,
            _ => false,
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
    /// In which state the figures of its days were.
    pub(crate) figures: Figures,
}

/// In which state the figures of days are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Traffic has not arrived.
    pub(crate) is_late: bool,
    /// They have been corrected.
    pub(crate) is_restated: bool,
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
    /// Amazon's id of its document, whether there will be one or not.
    pub(super) document_id: String,
    specification: Arc<Specification>,
    /// Scaled time of the request.
    created: Duration,
    /// How long before the start it was asked for, if another client did that.
    age_at_start: Duration,
    /// Scaled time in the queue.
    queued: Duration,
    /// Scaled time of being made.
    made: Duration,
    outcome: Outcome,
    is_withdrawn: bool,
    figures: Figures,
}

impl Report {
    /// A report that was asked for now, after those of `archive`.
    pub(crate) fn new(
        amazon: &Amazon,
        specification: Specification,
        archive: &Archive,
        course: &Course,
    ) -> Self {
        let moment = amazon.clock().moment();
        let (region, seed) = (specification.region.name(), amazon.world().seed);
        let number = u64::try_from(archive.len()).unwrap_or(u64::MAX);
        let mut random = Random::new(seed, &format!("{region} report"), number);
        let code = random.text(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 13);
        let outcome = Outcome::of(amazon, &specification, archive, course);
        let usual = |seconds| {
            let usual = Duration::from_secs(seconds).as_secs_f64();
            Duration::try_from_secs_f64(usual * course.takes.unwrap_or(1.0))
                .unwrap_or(Duration::MAX)
        };
        Self {
            id: format!("{}{:05}{:06}", 5 + region.len(), random.below(100_000), number + 19_000),
            created_at: moment.time,
            document_id: format!(
                "amzn1.spdoc.1.4.{region}.{}.T{code}.{}",
                random.uuid(),
                random.between(300, 48_000)
            ),
            specification: Arc::new(specification),
            created: moment.scaled,
            age_at_start: Duration::ZERO,
            queued: usual(random.between(5, 25)),
            made: if course.is_stuck { Duration::MAX } else { usual(random.between(15, 65)) },
            outcome,
            is_withdrawn: false,
            figures: Figures { is_late: course.is_late, is_restated: course.is_restated },
        }
    }

    /// The same report, but asked for at `created_at`, `age` before the start, at which it had come
    /// as far as `status`.
    pub(crate) fn aged(
        mut self,
        created_at: DateTime<Utc>,
        age: Duration,
        status: ForeignStatus,
    ) -> Self {
        (self.created_at, self.created, self.age_at_start) = (created_at, Duration::ZERO, age);
        match status {
            ForeignStatus::InQueue => self.queued += age,
            ForeignStatus::InProgress => {
                self.queued = self.queued.min(age / 2);
                self.made += age;
            }
            ForeignStatus::Done | ForeignStatus::Cancelled | ForeignStatus::Fatal => {
                self.queued = self.queued.min(age / 4);
                self.made = self.made.min(age / 2);
            }
        }
        if !matches!(status, ForeignStatus::Cancelled | ForeignStatus::Fatal) {
            self.outcome = Outcome::Done;
        }
        self
    }

    /// Scaled time since it was asked for.
    pub(crate) fn age(&self, elapsed: Duration) -> Duration {
        elapsed.saturating_sub(self.created) + self.age_at_start
    }

    /// True if it has data, or will have.
    pub(crate) fn brings_data(&self) -> bool {
        self.outcome == Outcome::Done && !self.is_withdrawn
    }

    /// What it was asked for with.
    pub(crate) fn specification(&self) -> &Specification {
        &self.specification
    }

    /// Its state at the time of `clock`.
    pub(crate) fn status(&self, clock: &Clock) -> Status {
        self.status_at(clock.elapsed())
    }

    /// Its state at the scaled time `elapsed`.
    pub(crate) fn status_at(&self, elapsed: Duration) -> Status {
        let age = self.age(elapsed);
        match self.outcome {
            _ if self.is_withdrawn => Status::Cancelled,
            _ if age < self.queued => Status::Queued,
            _ if age < self.queued.saturating_add(self.made) => Status::Progressing,
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
            (Outcome::Fatal(Some(reason)), _) => reason.is_gzip.then(|| "GZIP".to_owned()),
            (Outcome::Cancelled | Outcome::Fatal(None) | Outcome::FatalAsGiven, _) => None,
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
                let made = Made { at: self.created_at, figures: self.figures };
                let orders = orders(amazon, &self.specification, self.created_at);
                Some(document::open(amazon.world(), orders, &self.specification, *kind, made))
            }
            (Outcome::Fatal(Some(reason)), _) => Some(Document::reason(reason)),
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

/// What happened to the stock of the marketplace of `specification`, seen at `now`.
pub(super) fn movements(orders: Orders, it: &Specification, now: DateTime<Utc>) -> Movements {
    Movements { world: orders.world(), orders, marketplace: it.marketplace, now }
}

/// The orders of the region of `specification`, seen at `now`.
pub(super) fn orders(amazon: &Amazon, specification: &Specification, now: DateTime<Utc>) -> Orders {
    Orders::new(amazon.world(), specification.region, amazon.clock().anchored_at(), now)
}
