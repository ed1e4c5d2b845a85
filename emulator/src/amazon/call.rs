//! The operations of the Selling Partner API that are emulated, and their usage plans.

use super::error::Refusal;
use super::marketplace::{Region, participations};
use super::query::Query;
use super::{Amazon, Answer, catalog, reports};
use crate::bucket::Plan;
use crate::faults::Course;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde_json::json;

/// An operation of the Selling Partner API, with Amazon's name and usage plan.
#[derive(Debug)]
pub(crate) struct Operation {
    /// Amazon's name.
    pub(crate) name: &'static str,
    /// Its published plan.
    pub(crate) plan: Plan,
}

/// The columns of an [`Operation`].
const fn operation(name: &'static str, rate: f64, burst: u32) -> Operation {
    Operation { name, plan: Plan { rate, burst } }
}

const PARTICIPATIONS: Operation = operation("getMarketplaceParticipations", 0.016, 15);
const CREATE_REPORT: Operation = operation("createReport", 0.0167, 15);
const LIST_REPORTS: Operation = operation("getReports", 0.0222, 10);
const REPORT: Operation = operation("getReport", 2.0, 15);
const CANCEL_REPORT: Operation = operation("cancelReport", 0.0222, 10);
const REPORT_DOCUMENT: Operation = operation("getReportDocument", 0.0167, 15);
const SEARCH_ITEMS: Operation = operation("searchCatalogItems", 2.0, 2);
const ITEM: Operation = operation("getCatalogItem", 2.0, 2);

/// The names of all of them.
pub(crate) const NAMES: &[&str] = &[
    PARTICIPATIONS.name,
    CREATE_REPORT.name,
    LIST_REPORTS.name,
    REPORT.name,
    CANCEL_REPORT.name,
    REPORT_DOCUMENT.name,
    SEARCH_ITEMS.name,
    ITEM.name,
];

/// What a request asks for.
#[derive(Debug)]
pub(crate) enum Call<'a> {
    Participations,
    CreateReport,
    ListReports,
    Report(&'a str),
    CancelReport(&'a str),
    ReportDocument(&'a str),
    SearchItems,
    Item(&'a str),
}

impl<'a> Call<'a> {
    /// The call that `method` on the path of `segments` is; none if it is not emulated.
    pub(crate) fn at(method: &Method, segments: &[&'a str]) -> Option<Self> {
        match (method.as_str(), segments) {
            ("GET", ["sellers", "v1", "marketplaceParticipations"]) => Some(Self::Participations),
            ("POST", ["reports", "2021-06-30", "reports"]) => Some(Self::CreateReport),
            ("GET", ["reports", "2021-06-30", "reports"]) => Some(Self::ListReports),
            ("GET", ["reports", "2021-06-30", "reports", id]) => Some(Self::Report(id)),
            ("DELETE", ["reports", "2021-06-30", "reports", id]) => Some(Self::CancelReport(id)),
            ("GET", ["reports", "2021-06-30", "documents", id]) => Some(Self::ReportDocument(id)),
            ("GET", ["catalog", "2022-04-01", "items"]) => Some(Self::SearchItems),
            ("GET", ["catalog", "2022-04-01", "items", asin]) => Some(Self::Item(asin)),
            _ => None,
        }
    }

    /// The operation that is called.
    pub(crate) fn operation(&self) -> Operation {
        match self {
            Self::Participations => PARTICIPATIONS,
            Self::CreateReport => CREATE_REPORT,
            Self::ListReports => LIST_REPORTS,
            Self::Report(_) => REPORT,
            Self::CancelReport(_) => CANCEL_REPORT,
            Self::ReportDocument(_) => REPORT_DOCUMENT,
            Self::SearchItems => SEARCH_ITEMS,
            Self::Item(_) => ITEM,
        }
    }

    /// Performs the call; `course` is what becomes of a report that it asks for.
    pub(crate) fn perform(
        &self,
        amazon: &Amazon,
        region: Region,
        head: &Parts,
        body: &[u8],
        course: &Course,
    ) -> Result<Answer, Refusal> {
        let (uri, headers) = (&head.uri, &head.headers);
        let no_query = || Query::parse(uri, &[]);
        match self {
            Self::Participations => {
                no_query()?;
                Ok(Answer::ok(json!({"payload": participations(region)})))
            }
            Self::CreateReport => {
                no_query()?;
                let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
                if !content_type.is_some_and(|it| it.starts_with("application/json")) {
                    return Err(Refusal::unsupported_media());
                }
                reports::create(amazon, region, body, course)
            }
            Self::ListReports => reports::list(amazon, region, uri),
            Self::Report(id) => {
                no_query()?;
                reports::report(amazon, region, id)
            }
            Self::CancelReport(id) => {
                no_query()?;
                reports::cancel(amazon, region, id)
            }
            Self::ReportDocument(id) => reports::document(amazon, region, id, uri),
            Self::SearchItems => catalog::search(amazon, region, uri),
            Self::Item(asin) => catalog::one(amazon, region, asin, uri),
        }
    }
}
