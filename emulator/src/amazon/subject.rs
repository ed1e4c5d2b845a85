//! What a call is about: what its faults may depend on, and what the journal says of it.

use super::Amazon;
use super::call::Call;
use super::marketplace::Region;
use super::report::Report;
use crate::faults::Asked;
use axum::http::Uri;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

/// The parameters with which ranges begin.
const STARTS: &[&str] = &[
    "changedAfter",
    "startDateTime",
    "postedAfter",
    "PostedAfter",
    "FinancialEventGroupStartedAfter",
    "createdAfter",
    "lastUpdatedAfter",
];

/// The parameters with which ranges end.
const ENDS: &[&str] = &[
    "changedBefore",
    "postedBefore",
    "PostedBefore",
    "FinancialEventGroupStartedBefore",
    "createdBefore",
    "lastUpdatedBefore",
];

/// The operations, beside those of reports, of which a range of time can be asked.
pub(super) const RANGED: &[&str] = &[
    "listTransactions",
    "listFinancialEvents",
    "listFinancialEventGroups",
    "listFinancialEventsByGroupId",
    "searchOrders",
    "getInventorySummaries",
    "searchListingsItems",
    "getPurchaseOrders",
    "getOrders",
    "getCustomerInvoices",
    "getSellingPartnerMetrics",
    "listOfferMetrics",
];

/// The operations, beside those of reports, of which a marketplace can be asked.
pub(super) const PLACED: &[&str] = &[
    "searchCatalogItems",
    "getCatalogItem",
    "listTransactions",
    "searchOrders",
    "getInventorySummaries",
    "searchListingsItems",
    "getListingsItem",
    "getSellingPartnerMetrics",
    "listOfferMetrics",
];

/// What one call is about.
#[derive(Debug, Default)]
pub(super) struct Subject {
    /// For the faults.
    pub(super) asked: Asked,
    /// For the journal.
    pub(super) detail: Option<Value>,
}

impl Subject {
    /// What `call` on the host of `region` is about, as far as it can be read: whether the call is
    /// right is not asked here.
    pub(super) fn of(
        amazon: &Amazon,
        region: Region,
        call: &Call<'_>,
        uri: &Uri,
        body: &[u8],
    ) -> Self {
        let mut subject = match call.operation.name {
            "createReport" => Self::of_wish(body),
            "getReport" | "cancelReport" => {
                let report = amazon.reports(region).get(call.argument()).map(Self::of_report);
                report.unwrap_or_default()
            }
            "getReportDocument" => {
                let reports = amazon.reports(region);
                reports.by_document(call.argument()).map(Self::of_report).unwrap_or_default()
            }
            "getReports" => Self::of_list(uri),
            "getSellingPartnerMetrics" | "listOfferMetrics" => Self::of_search(body),
            _ => Self::of_query(uri),
        };
        subject.asked.operation = call.operation.name;
        subject.asked.region = Some(region.name());
        if subject.asked.subject.is_empty() {
            subject.asked.subject = uri.to_string();
        }
        subject
    }

    /// A report that exists.
    pub(super) fn of_report(report: &Report) -> Self {
        let specification = report.specification();
        let asked = Asked {
            report_types: vec![specification.report_type.clone()],
            marketplace_ids: specification.marketplace_ids.clone(),
            start: Some(specification.start),
            end: Some(specification.end),
            subject: report.id.clone(),
            ..Asked::default()
        };
        let detail = json!({
            "reportId": report.id,
            "reportType": specification.report_type,
            "marketplaceIds": specification.marketplace_ids,
        });
        Self { asked, detail: Some(detail) }
    }

    /// A body of createReport.
    fn of_wish(body: &[u8]) -> Self {
        let fields: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let detail = json!({
            "reportType": fields.get("reportType"),
            "marketplaceIds": fields.get("marketplaceIds"),
            "dataStartTime": fields.get("dataStartTime"),
            "dataEndTime": fields.get("dataEndTime"),
            "reportOptions": fields.get("reportOptions").unwrap_or(&json!({})),
        });
        let texts = |value: Option<&Value>| -> Vec<String> {
            let list = value.and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let asked = Asked {
            report_types: fields
                .get("reportType")
                .and_then(Value::as_str)
                .map(str::to_owned)
                .into_iter()
                .collect(),
            marketplace_ids: texts(fields.get("marketplaceIds")),
            start: time(fields.get("dataStartTime")),
            end: time(fields.get("dataEndTime")),
            subject: detail.to_string(),
            ..Asked::default()
        };
        Self { asked, detail: Some(detail) }
    }

    /// A body of a search for replenishment metrics. What it says is put into the journal by the
    /// operation.
    fn of_search(body: &[u8]) -> Self {
        let fields: Value = serde_json::from_slice(body).unwrap_or_default();
        let filters = fields.get("filters").unwrap_or(&fields);
        let interval = filters.get("timeInterval");
        let end = |name: &str| time(interval.and_then(|interval| interval.get(name)));
        let marketplace = filters.get("marketplaceId").and_then(Value::as_str);
        let asked = Asked {
            marketplace_ids: marketplace.map(str::to_owned).into_iter().collect(),
            start: end("startDate"),
            end: end("endDate"),
            subject: fields.to_string(),
            ..Asked::default()
        };
        Self { asked, detail: None }
    }

    /// A query of getReports.
    fn of_list(uri: &Uri) -> Self {
        let report_types = listed(uri, "reportTypes");
        let marketplace_ids = listed(uri, "marketplaceIds");
        let detail = json!({"reportTypes": report_types, "marketplaceIds": marketplace_ids});
        let asked = Asked { report_types, marketplace_ids, ..Asked::default() };
        Self { asked, detail: Some(detail) }
    }

    /// Any other query. What it says is put into the journal by the operation.
    fn of_query(uri: &Uri) -> Self {
        let marketplace_ids =
            ["marketplaceIds", "marketplaceId"].iter().flat_map(|name| listed(uri, name));
        let asked = Asked {
            marketplace_ids: marketplace_ids.collect(),
            start: moment(uri, STARTS),
            end: moment(uri, ENDS),
            ..Asked::default()
        };
        Self { asked, detail: None }
    }
}

/// The first value of the first of `names` that a query has, as a moment.
fn moment(uri: &Uri, names: &[&str]) -> Option<DateTime<Utc>> {
    let value = names.iter().find_map(|name| listed(uri, name).into_iter().next())?;
    time(Some(&value.into()))
}

/// The values of the list `name` in a query.
fn listed(uri: &Uri, name: &str) -> Vec<String> {
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
    let pairs = pairs.map(|it| it.0).unwrap_or_default();
    let values = pairs.iter().filter(|(key, _)| key == name);
    values.flat_map(|(_, list)| list.split(',')).map(str::to_owned).collect()
}

/// The moment that a field says.
fn time(field: Option<&Value>) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(field?.as_str()?).ok().map(|moment| moment.to_utc())
}
