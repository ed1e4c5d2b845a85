//! The operations of the Reports API 2021-06-30.

use super::archive::Archive;
use super::document::{listings, traffic};
use super::error::Refusal;
use super::marketplace::{Marketplace, Region, Standing, standing};
use super::query::{Query, moment};
use super::report::{Kind, Report, SETTLEMENT, STATUSES, Source, Specification};
use super::{Amazon, Answer, rights};
use crate::faults::Course;
use axum::http::{StatusCode, Uri};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

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
    /// The place of the last report that earlier pages have shown.
    before: usize,
}

impl Filter {
    /// True of a report that the list shall have at the scaled time `elapsed`, as far as its type
    /// and age do not say.
    fn wants(&self, report: &Report, elapsed: Duration) -> bool {
        let status = || report.status_at(elapsed).name();
        let is_here = |id| self.marketplace_ids.contains(id);
        report.created_at <= self.until
            && (self.marketplace_ids.is_empty()
                || report.specification().marketplace_ids.iter().any(is_here))
            && (self.statuses.is_empty() || self.statuses.iter().any(|it| it == status()))
    }

    /// The reports of a page, newest first, and one more if there is one.
    fn page<'a>(&self, archive: &'a Archive, elapsed: Duration) -> Vec<(usize, &'a Report)> {
        archive
            .newest_first(&self.report_types, self.before)
            .take_while(|(_, report)| report.created_at >= self.since)
            .filter(|(_, report)| self.wants(report, elapsed))
            .take(self.page_size + 1)
            .collect()
    }
}

/// createReport; `course` is what the script makes of the report.
pub(crate) fn create(
    amazon: &Amazon,
    region: Region,
    body: &[u8],
    course: &Course,
) -> Result<Answer, Refusal> {
    let fields: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|_| Refusal::invalid("The body is not a JSON object."))?;
    let specification = specification(amazon, region, &fields)?;
    rights::check(amazon, &specification.report_type)?;
    if specification.report_type == SETTLEMENT {
        return Err(Refusal::invalid("The report type cannot be requested."));
    }
    let mut reports = amazon.reports(region);
    let report = Report::new(amazon, specification, &reports, course);
    let answer = json!({"reportId": report.id});
    reports.push(report);
    let detail = Some(answer.clone());
    Ok(Answer { status: StatusCode::ACCEPTED, body: Some(answer), detail })
}

/// Reads and checks a createReport body.
pub(super) fn specification(
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
    if Kind::named(report_type).is_some() || amazon.documents().has(report_type) {
        return Ok(());
    }
    if !report_type.starts_with("GET_") {
        return Err(Refusal::invalid(format!("Invalid reportType: {report_type}")));
    }
    Err(Refusal::not_emulated(format!("report type {report_type}")))
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
    // Amazon documents it for Europe; what it does elsewhere differs from one account to the next.
    if kind == Kind::StockByCountry && marketplace.region != Region::Eu {
        return Err(Refusal::invalid("Report rejected for this client."));
    }
    // Without these two Amazon makes sums of months.
    if kind == Kind::LedgerSummary && options.len() < 2 {
        return Err(Refusal::not_emulated("a ledger of months"));
    }
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
            (Kind::LedgerSummary, "aggregateByLocation") => &["COUNTRY"],
            (Kind::LedgerSummary, "aggregatedByTimePeriod") => &["DAILY"],
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
    let json = found(&reports, id)?.json(amazon.clock());
    let detail = json!({"processingStatus": json.get("processingStatus")});
    Ok(Answer { detail: Some(detail), ..Answer::ok(json) })
}

/// cancelReport.
pub(crate) fn cancel(amazon: &Amazon, region: Region, id: &str) -> Result<Answer, Refusal> {
    let mut reports = amazon.reports(region);
    found(&reports, id)?;
    let is_withdrawn = reports.get_mut(id).is_some_and(|report| report.withdraw(amazon.clock()));
    if !is_withdrawn {
        return Err(Refusal::invalid("Only a report that is IN_QUEUE can be cancelled."));
    }
    Ok(Answer { status: StatusCode::OK, body: None, detail: None })
}

/// The report with the number `id`.
fn found<'a>(reports: &'a Archive, id: &str) -> Result<&'a Report, Refusal> {
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::invalid("Invalid reportId."));
    }
    reports.get(id).ok_or_else(|| Refusal::not_found("There is no such report."))
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
        .by_document(id)
        .filter(|report| report.document_id(amazon.clock()).is_some())
        .ok_or_else(|| Refusal::not_found("There is no such document."))?;
    let algorithm = report.algorithm();
    let encoding = algorithm.as_deref().filter(|_| says_encoding).map(str::to_lowercase);
    let url = amazon.storage().presign(amazon, report.clone(), encoding);
    let mut json = json!({"reportDocumentId": id, "url": url});
    if let (Some(algorithm), Some(fields)) = (algorithm, json.as_object_mut()) {
        fields.insert("compressionAlgorithm".to_owned(), algorithm.into());
    }
    Ok(Answer::ok(json))
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
    for report_type in &filter.report_types {
        rights::check(amazon, report_type)?;
    }
    let clock = amazon.clock();
    let reports = amazon.reports(region);
    let mut page = filter.page(&reports, clock.elapsed());
    let is_last = page.len() <= filter.page_size;
    page.truncate(filter.page_size);
    filter.before = page.last().map_or(0, |(place, _)| *place);
    let page: Vec<Value> = page.into_iter().map(|(_, report)| report.json(clock)).collect();
    let mut json = json!({"reports": page});
    if !is_last && let Some(fields) = json.as_object_mut() {
        fields.insert("nextToken".to_owned(), amazon.keep_report_page(region, filter).into());
    }
    Ok(Answer::ok(json))
}

/// The filters of a first page.
fn filter(query: &Query, now: DateTime<Utc>) -> Result<Filter, Refusal> {
    let owned = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let report_types = owned(query.list("reportTypes", 10)?);
    let report_types: Vec<String> =
        report_types.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
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
        before: usize::MAX,
    })
}
