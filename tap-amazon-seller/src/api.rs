//! The operations of the Selling Partner API that this tap uses, as data, and their answers.
//!
//! Amazon publishes rate and burst of each operation in its models; a better rate that it grants to an
//! account arrives in a header and is adopted by the client. Every member of an answer is optional
//! unless nothing can be done without it: Amazon's own published examples lack members that its models
//! call required.

use api_client::{
    BuildError, Call, Client, Dialect, Error, Explanation, Headers, Method, Operation, RetryPolicy,
    SecretUrl, TokenCache, UsagePlan,
};
use chrono::{DateTime, SecondsFormat, Utc};
use indexmap::IndexMap;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use crate::marketplace::{Marketplace, Region};

/// An operation with a published plan.
const fn operation(
    name: &'static str,
    method: Method,
    path: &'static str,
    rate: f64,
    burst: u32,
) -> Operation {
    let idempotent = matches!(method, Method::Get);
    Operation { name, method, path, plan: Some(UsagePlan { rate, burst }), idempotent }
}

/// Which marketplaces the account takes part in.
const GET_MARKETPLACE_PARTICIPATIONS: Operation = operation(
    "getMarketplaceParticipations",
    Method::Get,
    "/sellers/v1/marketplaceParticipations",
    0.016,
    15,
);
/// Asks for a report. Asked twice, Amazon makes two.
const CREATE_REPORT: Operation =
    operation("createReport", Method::Post, "/reports/2021-06-30/reports", 0.0167, 15);
/// How far a report is.
const GET_REPORT: Operation =
    operation("getReport", Method::Get, "/reports/2021-06-30/reports/{reportId}", 2.0, 15);
/// Which reports there are, whoever asked for them.
const GET_REPORTS: Operation =
    operation("getReports", Method::Get, "/reports/2021-06-30/reports", 0.0222, 10);
/// Where a finished report lies, for five minutes.
const GET_REPORT_DOCUMENT: Operation = operation(
    "getReportDocument",
    Method::Get,
    "/reports/2021-06-30/documents/{reportDocumentId}",
    0.0167,
    15,
);
/// Items of Amazon's catalogue, twenty at a time.
const SEARCH_CATALOG_ITEMS: Operation =
    operation("searchCatalogItems", Method::Get, "/catalog/2022-04-01/items", 2.0, 2);

/// How many identifiers [`Api::catalog_items`] takes, and how many items a page of it holds.
pub const CATALOG_PAGE: usize = 20;

/// The API of one region, on behalf of one seller. Clones share limits and token.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    /// The region that the seller's consent opens.
    pub region: Region,
}

/// A report, as Amazon describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Amazon's identifier.
    pub report_id: String,
    /// How far it is.
    pub processing_status: String,
    /// Where its document is; for a failed report, the document that says why.
    pub report_document_id: Option<String>,
    /// Start of the window, as Amazon understood it.
    pub data_start_time: Option<DateTime<Utc>>,
    /// End of the window, as Amazon understood it.
    pub data_end_time: Option<DateTime<Utc>>,
    /// When it was asked for.
    pub created_time: Option<DateTime<Utc>>,
}

/// What to ask Amazon for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportSpecification {
    /// Amazon's name of the report.
    pub report_type: &'static str,
    /// The marketplaces that it is to cover.
    pub marketplace_ids: Vec<&'static str>,
    /// Start of the window.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "instant")]
    pub data_start_time: Option<DateTime<Utc>>,
    /// End of the window.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "instant")]
    pub data_end_time: Option<DateTime<Utc>>,
    /// Texts even where they mean a truth value or a number.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub report_options: BTreeMap<String, String>,
}

/// UTC with a `Z`: Amazon reads a plus sign in an offset as a space.
fn utc(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
fn instant<S: serde::Serializer>(
    time: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.map(utc).serialize(serializer)
}

/// A report that was asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreatedReport {
    report_id: String,
}

/// Reports that there are.
#[derive(Deserialize)]
struct ReportList {
    #[serde(default)]
    reports: Vec<Report>,
}

/// The marketplaces of a region.
#[derive(Deserialize)]
struct Participations {
    #[serde(default)]
    payload: Vec<Participation>,
}

/// Where a document lies.
#[derive(Debug, Deserialize)]
pub struct ReportDocument {
    /// Opens for five minutes, for anybody.
    pub url: SecretUrl,
}

/// The seller and one marketplace.
#[derive(Debug, Deserialize)]
pub struct Participation {
    /// The marketplace, as Amazon has it.
    pub marketplace: Box<RawValue>,
    /// Whether the account may sell there.
    pub participation: Option<Box<RawValue>>,
    /// The name of the seller's store there.
    #[serde(rename = "storeName")]
    pub store_name: Option<Box<RawValue>>,
}

/// One page of the catalogue.
#[derive(Debug, Deserialize)]
pub struct CatalogPage {
    /// The items that were found; those that were not are silently absent.
    #[serde(default)]
    pub items: Vec<IndexMap<String, Box<RawValue>>>,
    /// Where the next page is.
    pagination: Option<Pagination>,
    /// How many items there are in all pages.
    #[serde(rename = "numberOfResults")]
    pub number_of_results: Option<u64>,
}

impl CatalogPage {
    /// The token of the next page, if there is one.
    #[must_use]
    pub fn next_token(&self) -> Option<&str> {
        self.pagination.as_ref()?.next_token.as_deref().filter(|token| !token.is_empty())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    next_token: Option<String>,
}

/// What to look for in the catalogue.
#[derive(Debug, Clone)]
pub enum CatalogQuery<'a> {
    /// Items with these ASINs, at most [`CATALOG_PAGE`].
    Asins(&'a [String]),
    /// Items of a brand, as far as Amazon's search finds them.
    Brand(&'a str),
}

impl Api {
    /// Prepares to call a region; nothing is called.
    pub fn new(
        region: Region,
        endpoint: &str,
        tokens: TokenCache,
        policy: RetryPolicy,
    ) -> Result<Self, BuildError> {
        let user_agent =
            concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"), " (Language=Rust)");
        let client = Client::builder(endpoint, Answers)
            .tokens(tokens)
            .policy(policy)
            .header("user-agent", user_agent)
            .header("accept", "application/json")
            .build()?;
        Ok(Self { client, region })
    }

    /// The calls made so far, by operation.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, api_client::Count)> {
        self.client.counts()
    }

    /// Every marketplace of the region that the account takes part in.
    pub async fn participations(&self) -> Result<Vec<Participation>, Error> {
        let answer = self.client.call(Call::to(&GET_MARKETPLACE_PARTICIPATIONS)).await?;
        Ok(answer.json::<Participations>()?.payload)
    }

    /// Asks for a report; its identifier.
    pub async fn create_report(
        &self,
        specification: &ReportSpecification,
    ) -> Result<String, Error> {
        let answer = self.client.call(Call::to(&CREATE_REPORT).json(specification)).await?;
        Ok(answer.json::<CreatedReport>()?.report_id)
    }

    /// How far a report is.
    pub async fn report(&self, report_id: &str) -> Result<Report, Error> {
        self.client.call(Call::to(&GET_REPORT).path("reportId", report_id)).await?.json()
    }

    /// The reports of one type and marketplaces that were asked for since a time; the hundred that
    /// Amazon puts first.
    pub async fn reports(
        &self,
        report_type: &str,
        marketplaces: &[&str],
        created_since: DateTime<Utc>,
    ) -> Result<Vec<Report>, Error> {
        // At most ten marketplaces fit; a report that covers more is found by its first ten.
        let marketplaces: Vec<_> = marketplaces.iter().take(10).copied().collect();
        let call = Call::to(&GET_REPORTS)
            .query("reportTypes", report_type)
            .query("marketplaceIds", marketplaces.join(","))
            .query("createdSince", utc(created_since))
            .query("pageSize", 100);
        Ok(self.client.call(call).await?.json::<ReportList>()?.reports)
    }

    /// Where a report's document lies. The address lives for five minutes: ask when it is needed.
    pub async fn report_document(&self, document_id: &str) -> Result<ReportDocument, Error> {
        self.client
            .call(Call::to(&GET_REPORT_DOCUMENT).path("reportDocumentId", document_id))
            .await?
            .json()
    }

    /// One page of a search in a marketplace's catalogue.
    pub async fn catalog_items(
        &self,
        marketplace: &Marketplace,
        query: &CatalogQuery<'_>,
        included_data: &str,
        page_token: Option<&str>,
    ) -> Result<CatalogPage, Error> {
        let call = Call::to(&SEARCH_CATALOG_ITEMS)
            .query("marketplaceIds", marketplace.id)
            .query("includedData", included_data)
            .query("pageSize", CATALOG_PAGE)
            .query_opt("pageToken", page_token);
        let call = match query {
            CatalogQuery::Asins(asins) => {
                call.query("identifiersType", "ASIN").query("identifiers", asins.join(","))
            }
            // Brand names narrow a search by keywords and cannot stand alone.
            CatalogQuery::Brand(brand) => call.query("keywords", brand).query("brandNames", brand),
        };
        self.client.call(call).await?.json()
    }
}

/// What the answers of the Selling Partner API mean.
struct Answers;

/// The list of errors that most answers hold; some beside a payload.
#[derive(Default, Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<ApiError>,
}

/// One error. Codes are an open set, a message may be null, and details are often empty.
#[derive(Default, Deserialize)]
struct ApiError {
    code: Option<String>,
    message: Option<String>,
    details: Option<String>,
}

impl ApiError {
    /// The first error of a body, which says what the others repeat.
    fn first(body: &[u8]) -> Self {
        let errors: Errors = serde_json::from_slice(body).unwrap_or_default();
        errors.errors.into_iter().next().unwrap_or_default()
    }
}

impl Dialect for Answers {
    fn authorize(&self, token: &SecretString) -> (&'static str, SecretString) {
        ("x-amz-access-token", token.clone())
    }

    fn explain(&self, body: &[u8]) -> Explanation {
        let error = ApiError::first(body);
        let details = error.details.filter(|details| !details.is_empty());
        let message = match (error.message, details) {
            (Some(message), Some(details)) => Some(format!("{message} ({details})")),
            (message, details) => message.or(details),
        };
        Explanation { code: error.code, message }
    }

    fn announced_rate(&self, headers: &Headers) -> Option<f64> {
        headers.get("x-amzn-ratelimit-limit")?.trim().parse().ok()
    }

    /// An expired token is a 403 like a missing role; only the words tell them apart.
    fn token_refused(&self, status: u16, body: &[u8]) -> bool {
        let error = ApiError::first(body);
        let says = |text: Option<String>| {
            text.is_some_and(|text| text.to_lowercase().contains("access token"))
        };
        matches!(status, 401 | 403) && (says(error.message) || says(error.details))
    }

    fn request_id(&self, headers: &Headers) -> Option<String> {
        headers.get("x-amzn-requestid").map(str::to_owned)
    }
}

/// Whether an answer to one of these operations can be read; nothing for operations that this tap does
/// not use.
///
/// For checks against answers that Amazon has published: a success must be read into the type that the
/// tap uses, and an error must say what is wrong.
#[must_use]
pub fn understands(operation: &str, status: u16, body: &[u8]) -> Option<bool> {
    fn reads<'a, T: Deserialize<'a>>(body: &'a [u8]) -> bool {
        serde_json::from_slice::<T>(body).is_ok()
    }
    let reader = match operation {
        "getMarketplaceParticipations" => reads::<Participations>,
        "createReport" => reads::<CreatedReport>,
        "getReport" => reads::<Report>,
        "getReports" => reads::<ReportList>,
        "getReportDocument" => reads::<ReportDocument>,
        "searchCatalogItems" => reads::<CatalogPage>,
        _ => return None,
    };
    Some(match status {
        200..=299 => reader(body),
        _ => Answers.explain(body).message.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_shapes_of_an_error_are_understood() {
        let cases: [(&[u8], Option<&str>, Option<&str>); 4] = [
            (
                br#"{"errors":[{"code":"QuotaExceeded","message":"slow down","details":""}]}"#,
                Some("QuotaExceeded"),
                Some("slow down"),
            ),
            (
                br#"{"payload":null,"errors":[{"code":"400","message":null,"details":"why"}]}"#,
                Some("400"),
                Some("why"),
            ),
            (br#"{"errors":[{"code":"A","message":"m","details":"d"}]}"#, Some("A"), Some("m (d)")),
            (b"<html>504</html>", None, None),
        ];
        for (body, code, message) in cases {
            let explanation = Answers.explain(body);
            assert_eq!(explanation.code.as_deref(), code);
            assert_eq!(explanation.message.as_deref(), message);
        }
    }

    #[test]
    fn only_a_refusal_that_speaks_of_the_token_is_about_the_token() {
        let expired = br#"{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied.","details":"The access token you provided has expired."}]}"#;
        let role = br#"{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied.","details":""}]}"#;
        assert!(Answers.token_refused(403, expired));
        assert!(!Answers.token_refused(400, expired));
        assert!(!Answers.token_refused(403, role));
    }

    #[test]
    fn a_specification_has_the_members_of_the_model_and_times_in_utc() {
        let specification = ReportSpecification {
            report_type: "GET_X",
            marketplace_ids: vec!["A1"],
            data_start_time: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            data_end_time: None,
            report_options: BTreeMap::from([("custom".to_owned(), "true".to_owned())]),
        };
        assert_eq!(
            serde_json::to_string(&specification).unwrap(),
            r#"{"reportType":"GET_X","marketplaceIds":["A1"],"dataStartTime":"2026-01-01T00:00:00Z","reportOptions":{"custom":"true"}}"#
        );
    }

    #[test]
    fn only_asking_for_a_report_must_not_be_repeated_blindly() {
        let all = [
            GET_MARKETPLACE_PARTICIPATIONS,
            CREATE_REPORT,
            GET_REPORT,
            GET_REPORTS,
            GET_REPORT_DOCUMENT,
            SEARCH_CATALOG_ITEMS,
        ];
        let once: Vec<_> =
            all.iter().filter(|operation| !operation.idempotent).map(|o| o.name).collect();
        assert_eq!(once, ["createReport"]);
    }
}
