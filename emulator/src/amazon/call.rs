//! The operations of the Selling Partner API that are emulated, as one table.
//!
//! An operation is data: Amazon's name and path, its published plan, and the function that answers
//! it. The bucket, the script of faults and the journal know it by its name.

use super::error::Refusal;
use super::marketplace::{Region, participations};
use super::query::Query;
use super::role::{self, Role};
use super::{
    Amazon, Answer, account, awd, catalog, finance, inventory, listing, orders, replenishment,
    reports, restriction, vendor,
};
use crate::bucket::Plan;
use crate::faults::Course;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use serde_json::json;

/// An operation of the Selling Partner API.
#[derive(Debug)]
pub(crate) struct Operation {
    /// Amazon's name.
    pub(crate) name: &'static str,
    /// Its published plan.
    pub(crate) plan: Plan,
    /// HTTP method.
    method: &'static str,
    /// Its path; a segment in braces stands for an argument.
    path: &'static str,
    /// One of these roles must be given; none is needed if there are none.
    roles: &'static [Role],
    perform: Perform,
}

/// What answers an operation.
type Perform = fn(&Input<'_>) -> Result<Answer, Refusal>;

/// What an operation sees of a request.
pub(crate) struct Input<'a> {
    /// Amazon.
    pub(crate) amazon: &'a Amazon,
    /// The region whose host was asked.
    pub(crate) region: Region,
    /// The segments of the path that stand for arguments, decoded.
    arguments: &'a [&'a str],
    head: &'a Parts,
    /// The body.
    pub(crate) body: &'a [u8],
    /// What becomes of a report that the call asks for.
    course: &'a Course,
}

impl<'a> Input<'a> {
    /// The first argument of the path.
    pub(crate) fn argument(&self) -> &'a str {
        self.arguments.first().copied().unwrap_or_default()
    }

    /// The argument of the path at `place`, counted from 0.
    pub(crate) fn argument_at(&self, place: usize) -> &'a str {
        self.arguments.get(place).copied().unwrap_or_default()
    }

    /// The address.
    pub(crate) fn uri(&self) -> &'a Uri {
        &self.head.uri
    }

    /// The access token.
    pub(crate) fn token(&self) -> &'a str {
        let token = self.head.headers.get("x-amz-access-token");
        token.and_then(|it| it.to_str().ok()).unwrap_or_default()
    }

    /// Refuses a query: the operation has none.
    fn no_query(&self) -> Result<(), Refusal> {
        Query::parse(self.uri(), &[]).map(drop)
    }

    /// Refuses a body that is not declared as JSON.
    pub(super) fn json_body(&self) -> Result<(), Refusal> {
        let content_type = self.head.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        match content_type {
            Some(declared) if declared.starts_with("application/json") => Ok(()),
            _ => Err(Refusal::unsupported_media()),
        }
    }
}

/// The columns of [`OPERATIONS`], so that an entry is a line or two.
const fn operation(
    name: &'static str,
    rate: f64,
    burst: u32,
    method: &'static str,
    path: &'static str,
    roles: &'static [Role],
    perform: Perform,
) -> Operation {
    Operation { name, plan: Plan { rate, burst }, method, path, roles, perform }
}

/// Every operation.
#[rustfmt::skip]
pub(crate) static OPERATIONS: &[Operation] = &[
    operation("getMarketplaceParticipations", 0.016, 15, "GET", "/sellers/v1/marketplaceParticipations", role::SELLERS, |it| {
        it.no_query()?;
        Ok(Answer::ok(json!({"payload": participations(it.region)})))
    }),
    operation("createReport", 0.0167, 15, "POST", "/reports/2021-06-30/reports", &[], |it| {
        it.no_query()?;
        it.json_body()?;
        reports::create(it.amazon, it.region, it.body, it.course)
    }),
    operation("getReports", 0.0222, 10, "GET", "/reports/2021-06-30/reports", &[], |it| {
        reports::list(it.amazon, it.region, it.uri())
    }),
    operation("getReport", 2.0, 15, "GET", "/reports/2021-06-30/reports/{reportId}", &[], |it| {
        it.no_query()?;
        reports::report(it.amazon, it.region, it.argument())
    }),
    operation("cancelReport", 0.0222, 10, "DELETE", "/reports/2021-06-30/reports/{reportId}", &[], |it| {
        it.no_query()?;
        reports::cancel(it.amazon, it.region, it.argument())
    }),
    operation("getReportDocument", 0.0167, 15, "GET", "/reports/2021-06-30/documents/{reportDocumentId}", &[], |it| {
        reports::document(it.amazon, it.region, it.argument(), it.uri())
    }),
    operation("searchCatalogItems", 2.0, 2, "GET", "/catalog/2022-04-01/items", &[], |it| {
        catalog::search(it.amazon, it.region, it.uri())
    }),
    operation("getCatalogItem", 2.0, 2, "GET", "/catalog/2022-04-01/items/{asin}", &[], |it| {
        catalog::one(it.amazon, it.region, it.argument(), it.uri())
    }),
    operation("listTransactions", 0.5, 10, "GET", "/finances/2024-06-19/transactions", role::FINANCES, finance::transactions),
    operation("listFinancialEventGroups", 0.5, 30, "GET", "/finances/v0/financialEventGroups", role::FINANCES, finance::groups),
    operation("listFinancialEvents", 0.5, 30, "GET", "/finances/v0/financialEvents", role::FINANCES_V0, finance::events),
    operation("listFinancialEventsByGroupId", 0.5, 30, "GET", "/finances/v0/financialEventGroups/{eventGroupId}/financialEvents", role::FINANCES, finance::events_of_group),
    operation("listFinancialEventsByOrderId", 0.5, 30, "GET", "/finances/v0/orders/{orderId}/financialEvents", role::FINANCES, finance::events_of_order),
    operation("searchOrders", 0.0056, 20, "GET", "/orders/2026-01-01/orders", role::ORDERS, orders::search),
    operation("getOrder", 0.5, 30, "GET", "/orders/2026-01-01/orders/{orderId}", role::ORDERS, orders::one),
    operation("getAccount", 0.016, 15, "GET", "/sellers/v1/account", role::SELLERS, account::account),
    operation("getInventorySummaries", 2.0, 2, "GET", "/fba/inventory/v1/summaries", role::INVENTORY, inventory::summaries),
    operation("listInventory", 2.0, 2, "GET", "/awd/2024-05-09/inventory", role::AWD, awd::list),
    operation("searchListingsItems", 5.0, 5, "GET", "/listings/2021-08-01/items/{sellerId}", role::LISTINGS, listing::search),
    operation("getListingsItem", 5.0, 10, "GET", "/listings/2021-08-01/items/{sellerId}/{sku}", role::LISTINGS, listing::one),
    operation("createRestrictedDataToken", 1.0, 10, "POST", "/tokens/2021-03-01/restrictedDataToken", &[], restriction::create),
    operation("getPurchaseOrders", 10.0, 10, "GET", "/vendor/orders/v1/purchaseOrders", role::PURCHASE_ORDERS, vendor::purchase_orders),
    operation("getOrders", 10.0, 10, "GET", "/vendor/directFulfillment/orders/2021-12-28/purchaseOrders", role::DIRECT_FULFILLMENT, vendor::orders),
    operation("getCustomerInvoices", 10.0, 10, "GET", "/vendor/directFulfillment/shipping/2021-12-28/customerInvoices", role::DIRECT_FULFILLMENT, vendor::invoices),
    operation("getSellingPartnerMetrics", 1.0, 1, "POST", "/replenishment/2022-11-07/sellingPartners/metrics/search", role::REPLENISHMENT, |it| {
        it.no_query()?;
        it.json_body()?;
        replenishment::of_seller(it)
    }),
    operation("listOfferMetrics", 1.0, 1, "POST", "/replenishment/2022-11-07/offers/metrics/search", role::REPLENISHMENT, |it| {
        it.no_query()?;
        it.json_body()?;
        replenishment::of_offers(it)
    }),
];

/// What a request asks for.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// The operation that is called.
    pub(crate) operation: &'static Operation,
    arguments: Vec<&'a str>,
}

impl<'a> Call<'a> {
    /// The call that `method` on the path of `segments` is; none if it is not emulated.
    pub(crate) fn at(method: &Method, segments: &[&'a str]) -> Option<Self> {
        OPERATIONS.iter().filter(|it| it.method == method.as_str()).find_map(|operation| {
            let arguments = arguments(operation.path, segments)?;
            Some(Self { operation, arguments })
        })
    }

    /// The first argument of its path.
    pub(crate) fn argument(&self) -> &'a str {
        self.arguments.first().copied().unwrap_or_default()
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
        amazon.authorization().admit(self.operation.path)?;
        amazon.authorization().check(self.operation.roles)?;
        let arguments = &self.arguments;
        (self.operation.perform)(&Input { amazon, region, arguments, head, body, course })
    }
}

/// The segments that stand where `path` has braces; none if the others differ.
pub(super) fn arguments<'a>(path: &str, segments: &[&'a str]) -> Option<Vec<&'a str>> {
    let pattern = path.split('/').skip(1);
    if pattern.clone().count() != segments.len() {
        return None;
    }
    let mut arguments = Vec::new();
    for (expected, given) in pattern.zip(segments) {
        if expected.starts_with('{') {
            arguments.push(*given);
        } else if expected != *given {
            return None;
        }
    }
    Some(arguments)
}
