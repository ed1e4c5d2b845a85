//! The operations of the Reports API 2021-06-30.

use super::document::{listings, traffic};
use super::error::Refusal;
use super::marketplace::{Marketplace, Region, Standing, standing};
use super::query::{Query, moment};
use super::report::{Kind, Report, STATUSES, Source, Specification};
use super::{Amazon, Answer};
use crate::clock::Clock;
use axum::http::{StatusCode, Uri};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How long Amazon keeps reports, and how far back getReports looks.
const RETENTION: TimeDelta = TimeDelta::days(90);

/// Reports of a page unless the caller says otherwise.
const PAGE: usize = 10;

/// The parameters of getReports.
const LIST_PARAMETERS: &[&str] = &[
    "reportTypes",
    "processingStatuses",
    "marketplaceIds",
    "pageSize",
    "createdSince",
    "createdUntil",
    "nextToken",
];

/// What getReports was asked for: kept under its token, so that later pages continue the first.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    report_types: Vec<String>,
    statuses: Vec<String>,
    marketplace_ids: Vec<String>,
    page_size: usize,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    /// Reports that earlier pages have shown.
    seen: usize,
}

impl Filter {
    /// True of a report that the list shall have.
    fn wants(&self, report: &Report, clock: &Clock) -> bool {
        let specification = report.specification();
        let status = report.status(clock).name();
        let is_here = |id| self.marketplace_ids.contains(id);
        self.report_types.contains(&specification.report_type)
            && (self.statuses.is_empty() || self.statuses.iter().any(|it| it == status))
            && (self.marketplace_ids.is_empty()
                || specification.marketplace_ids.iter().any(is_here))
            && (self.since..=self.until).contains(&report.created_at)
    }
}

/// createReport.
pub(crate) fn create(amazon: &Amazon, region: Region, body: &[u8]) -> Result<Answer, Refusal> {
    let fields: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|_| Refusal::invalid("The body is not a JSON object."))?;
    let specification = specification(amazon, region, &fields)?;
    let detail = json!({
        "reportType": specification.report_type,
        "marketplaceIds": specification.marketplace_ids,
        "dataStartTime": fields.get("dataStartTime"),
        "dataEndTime": fields.get("dataEndTime"),
        "reportOptions": specification.options,
    });
    let mut reports = amazon.reports(region);
    let report = Report::new(amazon, specification, &reports);
    let answer = json!({"reportId": report.id});
    reports.push(report);
    Ok(Answer { status: StatusCode::ACCEPTED, body: Some(answer), detail: Some(detail) })
}

/// Reads and checks a createReport body.
fn specification(
    amazon: &Amazon,
    region: Region,
    fields: &Map<String, Value>,
) -> Result<Specification, Refusal> {
    let documented =
        ["reportType", "marketplaceIds", "reportOptions", "dataStartTime", "dataEndTime"];
    if let Some(name) = fields.keys().find(|name| !documented.contains(&name.as_str())) {
        return Err(Refusal::not_emulated(format!("field {name} of createReport")));
    }
    let report_type = fields
        .get("reportType")
        .and_then(Value::as_str)
        .ok_or_else(|| Refusal::invalid("reportType is required."))?;
    let marketplace_ids = texts(fields.get("marketplaceIds"))
        .filter(|ids| (1..=25).contains(&ids.len()))
        .ok_or_else(|| Refusal::invalid("marketplaceIds must have 1 to 25 values."))?;
    check_type(amazon, report_type)?;
    let marketplace = open_marketplace(region, &marketplace_ids)?;
    let options = options(fields.get("reportOptions"))?;
    let source = source(amazon, report_type, marketplace, &options)?;
    let (start, end) = range(fields, amazon.clock().now())?;
    let report_type = report_type.to_owned();
    Ok(Specification {
        report_type,
        source,
        region,
        marketplace_ids,
        marketplace,
        options,
        start,
        end,
    })
}

/// Amazon's sandbox refuses a type that does not exist. A type that may exist, but is neither made
/// nor recorded here, is not emulated.
fn check_type(amazon: &Amazon, report_type: &str) -> Result<(), Refusal> {
    if !report_type.starts_with("GET_") {
        return Err(Refusal::invalid(format!("Invalid reportType: {report_type}")));
    }
    if Kind::named(report_type).is_none() && !amazon.documents().has(report_type) {
        return Err(Refusal::not_emulated(format!("report type {report_type}")));
    }
    Ok(())
}

/// Where the document of a report will come from: a recorded one goes before an invented one.
fn source(
    amazon: &Amazon,
    report_type: &str,
    marketplace: &Marketplace,
    options: &BTreeMap<String, String>,
) -> Result<Source, Refusal> {
    if let Some(recorded) = amazon.documents().find(report_type, marketplace) {
        return Ok(Source::Recorded(recorded));
    }
    let Some(kind) = Kind::named(report_type) else {
        return Err(Refusal::not_emulated(format!("report type {report_type} here")));
    };
    check_options(kind, options)?;
    Ok(Source::Made(kind))
}

/// The range of the data; `now` is the default of both ends.
fn range(
    fields: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<(DateTime<Utc>, DateTime<Utc>), Refusal> {
    let time = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(now),
        Some(Value::String(text)) => moment(name, text),
        Some(_) => Err(Refusal::invalid(format!("Invalid date/time field: {name}"))),
    };
    let (start, end) = (time("dataStartTime")?, time("dataEndTime")?);
    if end > now {
        return Err(Refusal::invalid("dataEndTime must not be in the future."));
    }
    if start > end {
        return Err(Refusal::invalid("dataStartTime must not be after dataEndTime."));
    }
    Ok((start, end))
}

/// The strings of a JSON list.
fn texts(list: Option<&Value>) -> Option<Vec<String>> {
    list?.as_array()?.iter().map(|it| it.as_str().map(str::to_owned)).collect()
}

/// The first of `ids`, all of which must be open to the seller on this host.
fn open_marketplace(region: Region, ids: &[String]) -> Result<&'static Marketplace, Refusal> {
    let mut first = None;
    for id in ids {
        match standing(region, id) {
            Standing::Open(marketplace) => first = first.or(Some(marketplace)),
            Standing::Denied => {
                return Err(Refusal::denied("The seller does not sell in this marketplace."));
            }
            Standing::Unknown => {
                return Err(Refusal::invalid(format!("Invalid marketplaceId: {id}")));
            }
        }
    }
    first.ok_or_else(|| Refusal::invalid("marketplaceIds is required."))
}

/// `reportOptions`: a map from strings to strings, even for booleans.
fn options(value: Option<&Value>) -> Result<BTreeMap<String, String>, Refusal> {
    let wrong = || Refusal::invalid("reportOptions must be a map of strings.");
    match value {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(fields)) => fields
            .iter()
            .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect::<Option<_>>()
            .ok_or_else(wrong),
        Some(_) => Err(wrong()),
    }
}

/// Options, and values of them, whose effect nobody has shown are not emulated.
fn check_options(kind: Kind, options: &BTreeMap<String, String>) -> Result<(), Refusal> {
    for (name, value) in options {
        let known: &[&str] = match (kind, name.as_str()) {
            (Kind::Listings, listings::LOCALE) => &["en_US"],
            (Kind::SalesAndTraffic, traffic::DATE_GRANULARITY) => &["DAY", "WEEK", "MONTH"],
            (Kind::SalesAndTraffic, traffic::ASIN_GRANULARITY) => &["PARENT", "CHILD", "SKU"],
            _ => &[],
        };
        if !known.contains(&value.as_str()) {
            return Err(Refusal::not_emulated(format!("report option {name}={value}")));
        }
    }
    Ok(())
}

/// getReport.
pub(crate) fn report(amazon: &Amazon, region: Region, id: &str) -> Result<Answer, Refusal> {
    let reports = amazon.reports(region);
    let report = found(&reports, id)?;
    Ok(Answer::ok(report.json(amazon.clock())))
}

/// cancelReport.
pub(crate) fn cancel(amazon: &Amazon, region: Region, id: &str) -> Result<Answer, Refusal> {
    let mut reports = amazon.reports(region);
    found(&reports, id)?;
    let is_withdrawn =
        reports.iter_mut().any(|report| report.id == id && report.withdraw(amazon.clock()));
    if !is_withdrawn {
        return Err(Refusal::invalid("Only a report that is IN_QUEUE can be cancelled."));
    }
    Ok(Answer { status: StatusCode::OK, body: None, detail: None })
}

/// The report with the number `id`.
fn found<'a>(reports: &'a [Report], id: &str) -> Result<&'a Report, Refusal> {
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::invalid("Invalid reportId."));
    }
    let report = reports.iter().find(|report| report.id == id);
    report.ok_or_else(|| Refusal::not_found("There is no such report."))
}

/// getReportDocument: an address of the document, good for five minutes.
pub(crate) fn document(
    amazon: &Amazon,
    region: Region,
    id: &str,
    uri: &Uri,
) -> Result<Answer, Refusal> {
    let query = Query::parse(uri, &["enableContentEncodingUrlHeader"])?;
    let says_encoding = query.boolean("enableContentEncodingUrlHeader")?.unwrap_or(false);
    if !id.starts_with("amzn1.spdoc.") {
        return Err(Refusal::invalid("Invalid reportDocumentId."));
    }
    let reports = amazon.reports(region);
    let report = reports
        .iter()
        .find(|report| report.document_id(amazon.clock()) == Some(id))
        .ok_or_else(|| Refusal::not_found("There is no such document."))?;
    let algorithm = report.algorithm();
    let encoding = algorithm.as_deref().filter(|_| says_encoding).map(str::to_lowercase);
    let url = amazon.storage().presign(amazon, report.clone(), encoding);
    let mut json = json!({"reportDocumentId": id, "url": url});
    if let (Some(algorithm), Some(fields)) = (algorithm, json.as_object_mut()) {
        fields.insert("compressionAlgorithm".to_owned(), algorithm.into());
    }
    let detail = json!({"reportType": report.specification().report_type});
    Ok(Answer { detail: Some(detail), ..Answer::ok(json) })
}

/// getReports: newest first, by filters or by the token of the page before.
pub(crate) fn list(amazon: &Amazon, region: Region, uri: &Uri) -> Result<Answer, Refusal> {
    let query = Query::parse(uri, LIST_PARAMETERS)?;
    let mut filter = match query.text("nextToken") {
        Some(_) if query.has_others("nextToken") => {
            return Err(Refusal::invalid("nextToken must be the only parameter."));
        }
        Some(token) => amazon
            .report_page(region, token)
            .ok_or_else(|| Refusal::invalid("Invalid nextToken."))?,
        None => filter(&query, amazon.clock().now())?,
    };
    let clock = amazon.clock();
    let reports = amazon.reports(region);
    let wanted: Vec<&Report> = reports.iter().rev().filter(|it| filter.wants(it, clock)).collect();
    let page: Vec<Value> = wanted
        .iter()
        .skip(filter.seen)
        .take(filter.page_size)
        .map(|report| report.json(clock))
        .collect();
    let total = wanted.len();
    filter.seen += page.len();
    let mut json = json!({"reports": page});
    if filter.seen < total
        && let Some(fields) = json.as_object_mut()
    {
        fields.insert("nextToken".to_owned(), amazon.keep_report_page(region, filter).into());
    }
    Ok(Answer::ok(json))
}

/// The filters of a first page.
fn filter(query: &Query, now: DateTime<Utc>) -> Result<Filter, Refusal> {
    let owned = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let report_types = owned(query.list("reportTypes", 10)?);
    if report_types.is_empty() {
        return Err(Refusal::invalid("reportTypes or nextToken is required."));
    }
    let since = query.moment("createdSince")?.unwrap_or(now - RETENTION);
    if since < now - RETENTION {
        return Err(Refusal::invalid("createdSince must be within the last 90 days."));
    }
    Ok(Filter {
        report_types,
        statuses: owned(query.words("processingStatuses", STATUSES)?),
        marketplace_ids: owned(query.list("marketplaceIds", 10)?),
        page_size: query.number("pageSize", 1, 100)?.unwrap_or(PAGE),
        since,
        until: query.moment("createdUntil")?.unwrap_or(now),
        seen: 0,
    })
}
