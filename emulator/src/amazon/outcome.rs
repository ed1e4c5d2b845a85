//! How a report will end: decided when it is asked for.

use super::Amazon;
use super::archive::Archive;
use super::movement::Movement;
use super::recorded;
use super::report::{Kind, Report, Source, Specification, movements, orders};
use crate::faults::{Content, Course, Ending, Reason};
use chrono::{Days, TimeDelta};
use std::sync::Arc;
use std::time::Duration;

/// How a report ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// With data.
    Done,
    /// Nothing to report, or asked again too soon.
    Cancelled,
    /// With the reason as a document, or without one.
    Fatal(Option<Arc<Reason>>),
    /// With a given document as the reason.
    FatalAsGiven,
}

/// The text that a report over too long a range has left instead of data.
const RANGE_EXCEEDED: &str = "Date range exceeded. Report can be requested only upto 30 days";

/// How long a report is not made anew for the same seller and marketplace: asked for again, it is
/// cancelled. Amazon's page "Fulfillment by Amazon (FBA) reports" has 30 minutes for reports that
/// are near real-time, and four hours for daily ones; its Reports FAQ has the cancellation. All
/// Orders are exempt. Two hours of removal shipments are callers' experience
/// (selling-partner-api-docs#2803).
const REGENERATION: &[(&str, Duration)] = &[
    ("GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA", Duration::from_mins(30)),
    ("GET_FBA_MYI_ALL_INVENTORY_DATA", Duration::from_mins(30)),
    ("GET_AFN_INVENTORY_DATA", Duration::from_mins(30)),
    ("GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA", Duration::from_hours(2)),
    ("GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", Duration::from_hours(4)),
    ("GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA", Duration::from_hours(4)),
    ("GET_FBA_REIMBURSEMENTS_DATA", Duration::from_hours(4)),
];

impl Outcome {
    /// How a report with `specification`, asked for now after those of `archive`, will end.
    pub(super) fn of(
        amazon: &Amazon,
        specification: &Specification,
        archive: &Archive,
        course: &Course,
    ) -> Self {
        match &course.ending {
            Some(Ending::Cancelled) => return Self::Cancelled,
            Some(Ending::Fatal(reason)) => return Self::Fatal(reason.clone().map(Arc::new)),
            None => {}
        }
        let outcome = match &specification.source {
            Source::Made(kind) => Self::of_made(*kind, amazon, specification),
            Source::Recorded(recorded) => match recorded.processing_status {
                recorded::Ending::Done => Self::Done,
                recorded::Ending::Fatal => Self::FatalAsGiven,
                recorded::Ending::Cancelled => Self::Cancelled,
            },
        };
        if outcome == Self::Done && is_too_soon(amazon, specification, archive) {
            return Self::Cancelled;
        }
        outcome
    }

    /// How a report that the emulator makes will end, if it has not been asked for too soon.
    fn of_made(kind: Kind, amazon: &Amazon, specification: &Specification) -> Self {
        let now = amazon.clock().now();
        let (start, end) = (specification.start, specification.end);
        match kind {
            Kind::Listings | Kind::FbaInventory | Kind::StockByCountry | Kind::Settlement => {
                Self::Done
            }
            Kind::LedgerSummary if start < end => Self::Done,
            Kind::LedgerSummary => Self::Cancelled,
            Kind::Ledger | Kind::Shipments | Kind::Returns | Kind::Reimbursements => {
                let orders = orders(amazon, specification, now);
                let found = movements(orders, specification, now).within(start, end);
                let is_told = |movement: &Movement| kind.tells_of(movement.what);
                if found.iter().any(is_told) { Self::Done } else { Self::Cancelled }
            }
            Kind::AllOrders if end - start > TimeDelta::days(30) => {
                let content = Content::Text(RANGE_EXCEEDED.to_owned());
                Self::Fatal(Some(Arc::new(Reason { content, is_gzip: false })))
            }
            Kind::AllOrders => {
                let found = orders(amazon, specification, now).updated_within(start, end);
                if found.is_empty() { Self::Cancelled } else { Self::Done }
            }
            // Amazon's schema: one marketplace a report, several fail it.
            Kind::SalesAndTraffic if specification.marketplace_ids.len() > 1 => Self::Fatal(None),
            Kind::SalesAndTraffic => {
                let today = specification.marketplace.day(now);
                let oldest = today - Days::new(2 * 365);
                let is_outside = start.date_naive() < oldest || start.date_naive() >= today;
                if is_outside { Self::Cancelled } else { Self::Done }
            }
        }
    }
}

/// True if a report like this one was asked for, and not in vain, within its window.
fn is_too_soon(amazon: &Amazon, specification: &Specification, archive: &Archive) -> bool {
    let report_type = specification.report_type.as_str();
    let published = || REGENERATION.iter().find(|it| it.0 == report_type).map(|it| it.1);
    let Some(window) = amazon.faults().regeneration(report_type).or_else(published) else {
        return false;
    };
    let elapsed = amazon.clock().elapsed();
    archive
        .alike(report_type, specification.marketplace.id)
        .take_while(|report| report.age(elapsed) < window)
        .any(Report::brings_data)
}
