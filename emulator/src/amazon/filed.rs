//! The reports that are there before the first call: what other clients of the seller have asked for, and
//! what Amazon makes by itself.

use super::Amazon;
use super::document::settlement::PERIOD;
use super::error::Refusal;
use super::marketplace::{self, Marketplace, Region};
use super::report::{Report, SETTLEMENT};
use super::reports::specification;
use crate::faults::{Course, Ending, Foreign, ForeignStatus};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::time::Duration;

/// How long after its end a settlement is told.
const TOLD_AFTER: TimeDelta = TimeDelta::hours(6);

/// How far back there are settlements: further than getReports looks.
const REACH: TimeDelta = TimeDelta::days(120);

/// A report to be filed.
struct Filing {
    region: Region,
    fields: Value,
    created_at: DateTime<Utc>,
    status: ForeignStatus,
    /// What a refusal of it is about.
    path: String,
}

/// Files them in the order in which they were asked for; or says which of the `foreign` ones cannot be
/// one, and why.
pub(super) fn file(amazon: &Amazon, foreign: &[Foreign]) -> Result<(), String> {
    let started_at = amazon.clock().started_at();
    let mut filings = settlements(started_at);
    for entry in foreign {
        filings.push(of_another_client(entry, started_at)?);
    }
    filings.sort_by_key(|filing| filing.created_at);
    for filing in filings {
        let wrong = |refusal: Refusal| format!("{}: {}", filing.path, refusal.details());
        let fields = filing.fields.as_object().cloned().unwrap_or_default();
        let specification = specification(amazon, filing.region, &fields).map_err(wrong)?;
        let ending = match filing.status {
            ForeignStatus::Cancelled => Some(Ending::Cancelled),
            ForeignStatus::Fatal => Some(Ending::Fatal(None)),
            ForeignStatus::InQueue | ForeignStatus::InProgress | ForeignStatus::Done => None,
        };
        let age = (started_at - filing.created_at).to_std().unwrap_or(Duration::ZERO);
        let mut reports = amazon.reports(filing.region);
        let course = Course { ending, ..Course::default() };
        let report = Report::new(amazon, specification, &reports, &course);
        reports.push(report.aged(filing.created_at, age, filing.status));
    }
    Ok(())
}

/// A report that another client has asked for.
fn of_another_client(entry: &Foreign, started_at: DateTime<Utc>) -> Result<Filing, String> {
    let ids = &entry.marketplace_ids;
    let is_of = |region: &Region| ids.iter().all(|id| marketplace::open(*region, id).is_ok());
    let region = Region::ALL.into_iter().find(|region| !ids.is_empty() && is_of(region));
    let region =
        region.ok_or_else(|| format!("{}.marketplace_ids: not of one region", entry.path))?;
    let created_at = started_at - TimeDelta::from_std(entry.age).unwrap_or(TimeDelta::zero());
    let fields = json!({
        "reportType": entry.report_type,
        "marketplaceIds": ids,
        "reportOptions": entry.options,
        "dataStartTime": entry.start.unwrap_or(created_at),
        "dataEndTime": entry.end.unwrap_or(created_at),
    });
    Ok(Filing { region, fields, created_at, status: entry.status, path: entry.path.clone() })
}

/// The settlements of each marketplace up to `started_at`: one a fortnight, all on the same days.
fn settlements(started_at: DateTime<Utc>) -> Vec<Filing> {
    let mut filings = Vec::new();
    let length = PERIOD.num_seconds();
    let mut number = (started_at - REACH).timestamp() / length;
    while let Some(start) = DateTime::from_timestamp(number * length, 0) {
        let end = start + PERIOD;
        let created_at = end + TOLD_AFTER;
        if created_at >= started_at {
            break;
        }
        for region in Region::ALL {
            filings.extend(region.marketplaces().map(|it| settlement(it, start, end, created_at)));
        }
        number += 1;
    }
    filings
}

/// The report of one settlement.
fn settlement(
    marketplace: &Marketplace,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    created_at: DateTime<Utc>,
) -> Filing {
    let fields = json!({
        "reportType": SETTLEMENT,
        "marketplaceIds": [marketplace.id],
        "dataStartTime": start,
        "dataEndTime": end,
    });
    let path = SETTLEMENT.to_owned();
    let status = ForeignStatus::Done;
    Filing { region: marketplace.region, fields, created_at, status, path }
}
