//! The operations of the Selling Partner API that this tap uses, as data, and their answers.
//!
//! Amazon publishes rate and burst of each operation in its models; a better rate that it grants to an
//! account arrives in a header and is adopted by the client.

mod body;
mod dialect;
#[cfg(test)]
pub(crate) mod loopback;
mod operations;
mod restricted;

use std::time::Duration;

use api_client::{
    BuildError, Call, Client, Dialect, Error, Method, Operation, RetryPolicy, TokenCache,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;

#[cfg(test)]
pub(crate) use body::nested;
pub(crate) use body::utc;
pub use body::{
    CatalogPage, CatalogQuery, Item, Parameter, Participation, Report, ReportDocument,
    ReportSpecification,
};
use body::{CreatedReport, Participations, ReportList};
use dialect::Answers;
pub use operations::*;
pub use restricted::{CREATE_RESTRICTED_DATA_TOKEN, is_refusal_of_token};
use restricted::{RestrictedToken, RestrictedTokens};

use crate::marketplace::{Marketplace, Region};
use crate::report_types::ReportType;
use crate::streams::Pages;

/// How many identifiers [`Api::catalog_items`] takes, and how many items a page of it holds.
pub const CATALOG_PAGE: usize = 20;

/// The API of one region, on behalf of one seller. Clones share limits and token.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    restricted: RestrictedTokens,
    /// The region that the seller's consent opens.
    pub region: Region,
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
        Ok(Self { client, restricted: RestrictedTokens::default(), region })
    }

    /// The calls made so far, by operation.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, api_client::Count)> {
        self.client.counts()
    }

    /// How long it takes from now until the last of so many further calls is sent, by the operation's
    /// plan and by what was learnt of it and spent so far.
    #[must_use]
    pub fn time_for(&self, operation: &Operation, calls: u64) -> Duration {
        self.client.time_for(operation, calls).unwrap_or_default()
    }

    /// Every marketplace of the region that the account takes part in.
    pub async fn participations(&self) -> Result<Vec<Participation>, Error> {
        let answer = self.client.call(Call::to(&GET_MARKETPLACE_PARTICIPATIONS)).await?;
        Ok(answer.json::<Participations>()?.payload)
    }

    /// Asks for a report; its identifier.
    ///
    /// Beside the operation's own plan Amazon keeps quotas for report types, which it does not publish and
    /// which can last for hours.
    pub async fn create_report(
        &self,
        specification: &ReportSpecification,
    ) -> Result<String, Error> {
        let call = Call::to(&CREATE_REPORT).class(specification.report_type).json(specification);
        let answer = self.client.call(call).await?;
        Ok(answer.json::<CreatedReport>()?.report_id)
    }

    /// How far a report is.
    pub async fn report(&self, report_id: &str) -> Result<Report, Error> {
        self.client.call(Call::to(&GET_REPORT).path("reportId", report_id)).await?.json()
    }

    /// The reports of one type and of marketplaces, or of all of them if none is named, that were asked
    /// for between two times, `until` or now; the hundred that Amazon puts first.
    pub async fn reports(
        &self,
        report_type: &str,
        marketplaces: &[&str],
        since: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Vec<Report>, Error> {
        // At most ten marketplaces fit; a report that covers more is found by its first ten.
        let marketplaces: Vec<_> = marketplaces.iter().take(10).copied().collect();
        let marketplaces = Some(marketplaces.join(",")).filter(|ids| !ids.is_empty());
        let call = Call::to(&GET_REPORTS)
            .query("reportTypes", report_type)
            .query_opt("marketplaceIds", marketplaces)
            .query("createdSince", utc(since))
            .query_opt("createdUntil", until.map(utc))
            .query("pageSize", 100);
        Ok(self.client.call(call).await?.json::<ReportList>()?.reports)
    }

    /// The reports of one type that are done and were made between two times, whatever marketplaces
    /// they are about: all pages.
    pub async fn listed(
        &self,
        report_type: &str,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<Report>, Error> {
        let mut call = Call::to(&GET_REPORTS)
            .query("reportTypes", report_type)
            .query("processingStatuses", "DONE")
            .query("createdSince", utc(since))
            .query("createdUntil", utc(until))
            .query("pageSize", 100);
        let mut reports: Vec<Report> = Vec::new();
        loop {
            let page = self.client.call(call).await?.json::<ReportList>()?;
            let known = reports.len();
            for report in page.reports {
                if reports.iter().all(|it| it.report_id != report.report_id) {
                    reports.push(report);
                }
            }
            let is_new = reports.len() > known;
            // A token that leads to nothing new would do so for ever.
            let Some(token) = page.next_token.filter(|_| is_new) else { return Ok(reports) };
            // A token stands alone, for all that was asked with the first page.
            call = Call::to(&GET_REPORTS).query("nextToken", token);
        }
    }

    /// Whether reports of a type may be listed at all; what there is of them does not matter.
    pub async fn lists_reports(&self, report_type: &str) -> Result<(), Error> {
        let call = Call::to(&GET_REPORTS).query("reportTypes", report_type).query("pageSize", 1);
        self.client.call(call).await?.json::<ReportList>().map(drop)
    }

    /// Whether a token is given out for a document of a type with personal data, which is not fetched; false
    /// if Amazon lists none that could be asked for.
    pub async fn opens_documents(&self, report_type: &str) -> Result<bool, Error> {
        let call = Call::to(&GET_REPORTS)
            .query("reportTypes", report_type)
            .query("processingStatuses", "DONE")
            .query("pageSize", 1);
        let reports = self.client.call(call).await?.json::<ReportList>()?.reports;
        let Some(id) = reports.into_iter().find_map(|report| report.report_document_id) else {
            return Ok(false);
        };
        restricted::once(&self.client, &document_path(&id)).await.map(|_| true)
    }

    /// Where a document of a report of this type lies. The address lives for five minutes: ask when it is
    /// needed. With personal data of buyers in it, it is given out for a token of its own.
    pub async fn report_document(
        &self,
        report_type: &str,
        document_id: &str,
    ) -> Result<ReportDocument, Error> {
        let mut call = Call::to(&GET_REPORT_DOCUMENT).path("reportDocumentId", document_id);
        if ReportType::find(report_type).is_some_and(|it| it.is_restricted) {
            call = call.token(restricted::once(&self.client, &document_path(document_id)).await?);
        }
        self.client.call(call).await?.json()
    }

    /// One page of a list, as Amazon sends it; see [`Page::of`](crate::pages::Page::of).
    pub async fn page(
        &self,
        pages: &Pages,
        parameters: &[(&'static str, Parameter)],
    ) -> Result<Bytes, Error> {
        let call = Call::to(pages.operation);
        let call = match pages.operation.method {
            Method::Post => call.json(&body::nested(parameters)),
            _ => parameters.iter().fold(call, |call, (name, value)| call.query(name, value)),
        };
        let call = if pages.is_restricted {
            call.token(self.restricted.of(&self.client, pages.operation).await?)
        } else {
            call
        };
        Ok(self.client.call(call).await?.body)
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

/// Where a document is asked for, as a token for it names the place.
fn document_path(document_id: &str) -> String {
    GET_REPORT_DOCUMENT.path.replace("{reportDocumentId}", document_id)
}

impl Api {
    /// One offer of a seller in a marketplace. A SKU may hold any characters.
    pub async fn listings_item(
        &self,
        seller_id: &str,
        sku: &str,
        marketplace: &Marketplace,
        included_data: &str,
    ) -> Result<Item, Error> {
        let call = Call::to(&GET_LISTINGS_ITEM)
            .path("sellerId", seller_id)
            .path("sku", sku)
            .query("marketplaceIds", marketplace.id)
            .query("includedData", included_data);
        self.client.call(call).await?.json()
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
        "getListingsItem" => reads::<Item>,
        "createRestrictedDataToken" => reads::<RestrictedToken>,
        _ => return None,
    };
    Some(match status {
        200..=299 => reader(body),
        _ => explains(body),
    })
}

/// Whether an error says what is wrong.
#[must_use]
pub fn explains(body: &[u8]) -> bool {
    Answers.explain(body).message.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_asking_for_a_report_must_not_be_repeated_blindly() {
        let all = [
            CREATE_RESTRICTED_DATA_TOKEN,
            GET_MARKETPLACE_PARTICIPATIONS,
            CREATE_REPORT,
            GET_REPORT,
            GET_REPORTS,
            GET_REPORT_DOCUMENT,
            SEARCH_CATALOG_ITEMS,
            GET_LISTINGS_ITEM,
            GET_ACCOUNT,
            LIST_TRANSACTIONS,
            LIST_FINANCIAL_EVENTS,
            GET_INVENTORY_SUMMARIES,
            LIST_INVENTORY,
            GET_PURCHASE_ORDERS,
            GET_ORDERS,
            GET_CUSTOMER_INVOICES,
            SEARCH_ORDERS,
            GET_SELLING_PARTNER_METRICS,
            LIST_OFFER_METRICS,
        ];
        let once: Vec<_> =
            all.iter().filter(|operation| !operation.idempotent).map(|o| o.name).collect();
        assert_eq!(once, ["createReport"]);
    }
}
