//! Amazon's operations, each with its published plan.

use api_client::{Method, Operation, UsagePlan};

/// An operation with a published plan.
pub(super) const fn operation(
    name: &'static str,
    method: Method,
    path: &'static str,
    rate: f64,
    burst: u32,
) -> Operation {
    let idempotent = matches!(method, Method::Get);
    Operation { name, method, path, plan: Some(UsagePlan { rate, burst }), idempotent }
}

/// A search: a POST that asks and changes nothing, with a published plan.
const fn search(name: &'static str, path: &'static str, rate: f64, burst: u32) -> Operation {
    Operation { idempotent: true, ..operation(name, Method::Post, path, rate, burst) }
}

/// Which marketplaces the account takes part in.
pub const GET_MARKETPLACE_PARTICIPATIONS: Operation = operation(
    "getMarketplaceParticipations",
    Method::Get,
    "/sellers/v1/marketplaceParticipations",
    0.016,
    15,
);
/// Asks for a report. Asked twice, Amazon makes two.
pub const CREATE_REPORT: Operation =
    operation("createReport", Method::Post, "/reports/2021-06-30/reports", 0.0167, 15);
/// How far a report is.
pub const GET_REPORT: Operation =
    operation("getReport", Method::Get, "/reports/2021-06-30/reports/{reportId}", 2.0, 15);
/// Which reports there are, whoever asked for them.
pub const GET_REPORTS: Operation =
    operation("getReports", Method::Get, "/reports/2021-06-30/reports", 0.0222, 10);
/// Where a finished report lies, for five minutes.
pub const GET_REPORT_DOCUMENT: Operation = operation(
    "getReportDocument",
    Method::Get,
    "/reports/2021-06-30/documents/{reportDocumentId}",
    0.0167,
    15,
);
/// Items of Amazon's catalogue, twenty at a time.
pub const SEARCH_CATALOG_ITEMS: Operation =
    operation("searchCatalogItems", Method::Get, "/catalog/2022-04-01/items", 2.0, 2);

/// Who the seller is.
pub const GET_ACCOUNT: Operation =
    operation("getAccount", Method::Get, "/sellers/v1/account", 0.016, 15);
/// One offer of the seller, as it was submitted and as it stands.
pub const GET_LISTINGS_ITEM: Operation = operation(
    "getListingsItem",
    Method::Get,
    "/listings/2021-08-01/items/{sellerId}/{sku}",
    5.0,
    10,
);
/// What was earned, charged and refunded.
pub const LIST_TRANSACTIONS: Operation =
    operation("listTransactions", Method::Get, "/finances/2024-06-19/transactions", 0.5, 10);
/// Orders that changed, with their lines.
pub const SEARCH_ORDERS: Operation =
    operation("searchOrders", Method::Get, "/orders/2026-01-01/orders", 0.0056, 20);
/// What was earned, charged and refunded, in the lists of the former version, which go by kind.
pub const LIST_FINANCIAL_EVENTS: Operation =
    operation("listFinancialEvents", Method::Get, "/finances/v0/financialEvents", 0.5, 30);
/// Stock at Amazon by SKU, of one marketplace.
pub const GET_INVENTORY_SUMMARIES: Operation =
    operation("getInventorySummaries", Method::Get, "/fba/inventory/v1/summaries", 2.0, 2);
/// Stock in Amazon's distribution centres, where it waits for the warehouses.
pub const LIST_INVENTORY: Operation =
    operation("listInventory", Method::Get, "/awd/2024-05-09/inventory", 2.0, 2);
/// What Amazon has ordered from a vendor.
pub const GET_PURCHASE_ORDERS: Operation =
    operation("getPurchaseOrders", Method::Get, "/vendor/orders/v1/purchaseOrders", 10.0, 10);
/// What buyers have ordered, for a vendor to send it to them.
pub const GET_ORDERS: Operation = operation(
    "getOrders",
    Method::Get,
    "/vendor/directFulfillment/orders/2021-12-28/purchaseOrders",
    10.0,
    10,
);
/// The invoices that go to buyers with what a vendor sends them.
pub const GET_CUSTOMER_INVOICES: Operation = operation(
    "getCustomerInvoices",
    Method::Get,
    "/vendor/directFulfillment/shipping/2021-12-28/customerInvoices",
    10.0,
    10,
);

/// What Subscribe & Save brings in a marketplace.
pub const GET_SELLING_PARTNER_METRICS: Operation = search(
    "getSellingPartnerMetrics",
    "/replenishment/2022-11-07/sellingPartners/metrics/search",
    1.0,
    1,
);
/// The same of each offer.
pub const LIST_OFFER_METRICS: Operation =
    search("listOfferMetrics", "/replenishment/2022-11-07/offers/metrics/search", 1.0, 1);
