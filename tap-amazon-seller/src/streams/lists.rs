//! The lists of Amazon's APIs that feed streams, each with what its documentation says of it.

use chrono::TimeDelta;

use super::{Extraction, Next, PageSize, PageToken, Pages, Scope};
use crate::api;
use crate::marketplace::Region;

/// The seller's business, as Amazon knows it.
pub(super) static ACCOUNT: Pages = Pages {
    list: &["payload"],
    roles: &["Selling Partner Insights"],
    ..Pages::plain(&api::GET_ACCOUNT)
};

/// Every transaction of a region, by the time at which it was posted.
///
/// A range of more than 180 days gives nothing at all, and long ones have failed in the middle, so a
/// window holds thirty. The marketplace is left out because orders that sellers fulfil themselves are
/// missing otherwise. Orders come up to two days late, and a deferred transaction changes when it is
/// released: thirty days are read again. The model requires no id, and Amazon's own example has none.
pub(super) static TRANSACTIONS: Pages = Pages {
    extraction: Extraction::Window { longest: TimeDelta::days(30), retention: None },
    lookback: TimeDelta::days(30),
    windows: &[["postedAfter", "postedBefore"]],
    list: &["payload", "transactions"],
    id: Some("transactionId"),
    next: Next::Token(PageToken { parameter: "nextToken", member: &["payload", "nextToken"] }),
    roles: &["Finance and Accounting"],
    ..Pages::plain(&api::LIST_TRANSACTIONS)
};

/// Orders of a region, by the time of their last change.
///
/// The marketplaces are left out, so that orders from outside Amazon come too, as in the report, and
/// because one that is not the account's ends the call in 403. A page, of a hundred orders, costs three
/// minutes once the burst of twenty is spent, and a window a page at least: with thirty days, four hundred
/// of them stay within the burst, if they hold few orders, and a window that is broken off is no great
/// loss. Both ends of a window are part of it, so that an order may come twice. Orders are kept for two
/// years, and since 2016 in Australia, Japan and Singapore.
pub(crate) static ORDERS: Pages = Pages {
    extraction: Extraction::Window {
        longest: TimeDelta::days(30),
        retention: Some(TimeDelta::days(730)),
    },
    kept_in: &[Region::Fe],
    query: &[("maxResultsPerPage", "100")],
    windows: &[["lastUpdatedAfter", "lastUpdatedBefore"]],
    included: Some("includedData"),
    reached: &["lastUpdatedBefore"],
    list: &["orders"],
    next: Next::Token(PageToken {
        parameter: "paginationToken",
        member: &["pagination", "nextToken"],
    }),
    roles: &[
        "Inventory and Order Tracking",
        "Amazon Fulfillment",
        "Pricing",
        "Product Listing",
        "Finance and Accounting",
        "Buyer Communication",
        "Buyer Solicitation",
        "Selling Partner Insights",
        "Professional Services (Restricted)",
        "Direct-to-Consumer Shipping (Restricted)",
        "Tax Invoicing (Restricted)",
        "Tax Remittance (Restricted)",
    ],
    ..Pages::plain(&api::SEARCH_ORDERS)
};

/// The financial events of a region, a day at a time, counted in UTC.
///
/// An order has events on many days and a target replaces whole records, so a record is an order on one
/// day, and all events of a day are needed for it: the memory that this takes is what Amazon sends for
/// the busiest day, some kilobytes an order. A call an order would take weeks where this takes minutes.
/// A deferred event is not shown before it is released, and sellers have seen a day grow for a month
/// (amzn/selling-partner-api-docs, issue 3601): thirty days are read again. Amazon publishes no limit to
/// the past; ten years are more than anybody was given.
pub(super) static EVENTS: Pages = Pages {
    extraction: Extraction::Daily { lookback_days: 30, retention_days: 3650 },
    windows: &[["PostedAfter", "PostedBefore"]],
    page_size: Some(PageSize { parameter: "MaxResultsPerPage", most: 100 }),
    list: &["payload", "FinancialEvents"],
    next: Next::Token(PageToken { parameter: "NextToken", member: &["payload", "NextToken"] }),
    is_held: true,
    roles: &["Finance and Accounting", "Amazon Fulfillment"],
    ..Pages::plain(&api::LIST_FINANCIAL_EVENTS)
};

/// Stock at Amazon, in place of the report of the same.
///
/// A token lives for thirty seconds, which a target may need for a page: the pages of a marketplace are
/// held, at fifty SKUs and about as many kilobytes each. What has changed since a time can be asked for
/// as well, but goods on their way to Amazon are not noticed then, and SKUs have been missing: all of it
/// is asked for.
pub(super) static INVENTORY: Pages = Pages {
    scope: Scope::Marketplace,
    query: &[("details", "true"), ("granularityType", "Marketplace")],
    marketplaces: &["granularityId", "marketplaceIds"],
    list: &["payload", "inventorySummaries"],
    next: Next::Token(PageToken { parameter: "nextToken", member: &["pagination", "nextToken"] }),
    is_held: true,
    roles: &["Product Listing", "Amazon Fulfillment"],
    ..Pages::plain(&api::GET_INVENTORY_SUMMARIES)
};

/// Stock in Amazon's distribution centres. Amazon offers these in the United States only.
pub(super) static DISTRIBUTION: Pages = Pages {
    regions: &[Region::Na],
    query: &[("details", "SHOW"), ("maxResults", "200")],
    list: &["inventory"],
    next: Next::Token(PageToken { parameter: "nextToken", member: &["nextToken"] }),
    roles: &["Amazon Warehousing and Distribution"],
    ..Pages::plain(&api::LIST_INVENTORY)
};

/// How far back vendors' operations reach: six months.
const VENDORS_PAST: Option<TimeDelta> = Some(TimeDelta::days(180));

/// The longest window of vendors' operations.
const VENDORS_WINDOW: Extraction =
    Extraction::Window { longest: TimeDelta::days(7), retention: VENDORS_PAST };

/// What Amazon orders from a vendor. An order that was never changed is not among the changed ones, so
/// each window is asked for what was ordered in it and for what was changed in it.
pub(super) static PURCHASE_ORDERS: Pages = Pages {
    extraction: VENDORS_WINDOW,
    lookback: TimeDelta::days(1),
    query: &[("limit", "100"), ("sortOrder", "ASC"), ("includeDetails", "true")],
    windows: &[["createdAfter", "createdBefore"], ["changedAfter", "changedBefore"]],
    list: &["payload", "orders"],
    next: Next::Token(PageToken {
        parameter: "nextToken",
        member: &["payload", "pagination", "nextToken"],
    }),
    roles: &["Amazon Fulfillment", "Inventory and Order Tracking"],
    ..Pages::plain(&api::GET_PURCHASE_ORDERS)
};

/// What buyers order from a vendor by way of Amazon. Only the time of the order can be asked for, and its
/// status changes for some weeks.
pub(super) static FULFILMENT_ORDERS: Pages = Pages {
    extraction: VENDORS_WINDOW,
    lookback: TimeDelta::days(30),
    query: &[("limit", "100"), ("sortOrder", "ASC"), ("includeDetails", "true")],
    windows: &[["createdAfter", "createdBefore"]],
    list: &["orders"],
    next: Next::Token(PageToken { parameter: "nextToken", member: &["pagination", "nextToken"] }),
    is_restricted: true,
    roles: &["Direct-to-Consumer Shipping (Restricted)"],
    ..Pages::plain(&api::GET_ORDERS)
};

/// The invoices to these orders. They may come later than the order by which they are found.
pub(super) static CUSTOMER_INVOICES: Pages = Pages {
    extraction: VENDORS_WINDOW,
    lookback: TimeDelta::days(14),
    query: &[("limit", "100"), ("sortOrder", "ASC")],
    windows: &[["createdAfter", "createdBefore"]],
    list: &["customerInvoices"],
    next: Next::Token(PageToken { parameter: "nextToken", member: &["pagination", "nextToken"] }),
    is_restricted: true,
    roles: &["Direct-to-Consumer Shipping (Restricted)"],
    ..Pages::plain(&api::GET_CUSTOMER_INVOICES)
};
