//! The lists of Amazon's APIs that feed streams, each with what its documentation says of it.

use chrono::TimeDelta;

use super::{Extraction, PageSize, PageToken, Pages};
use crate::api;

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
/// released: thirty days are read again.
pub(super) static TRANSACTIONS: Pages = Pages {
    extraction: Extraction::Window { longest: TimeDelta::days(30), retention: None },
    lookback: TimeDelta::days(30),
    windows: &[["postedAfter", "postedBefore"]],
    list: &["payload", "transactions"],
    token: Some(PageToken { parameter: "nextToken", member: &["payload", "nextToken"] }),
    roles: &["Finance and Accounting"],
    ..Pages::plain(&api::LIST_TRANSACTIONS)
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
    token: Some(PageToken { parameter: "NextToken", member: &["payload", "NextToken"] }),
    is_held: true,
    roles: &["Finance and Accounting", "Amazon Fulfillment"],
    ..Pages::plain(&api::LIST_FINANCIAL_EVENTS)
};
