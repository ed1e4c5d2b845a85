//! The lists of Amazon's APIs that feed streams, each with what its documentation says of it.

use chrono::TimeDelta;

use super::{Extraction, PageToken, Pages, Scope};
use crate::api;

/// The seller's business, as Amazon knows it.
pub(super) static ACCOUNT: Pages = Pages {
    operation: &api::GET_ACCOUNT,
    scope: Scope::Region,
    extraction: Extraction::Snapshot,
    lookback: TimeDelta::zero(),
    query: &[],
    marketplaces: &[],
    window: None,
    list: &["payload"],
    token: None,
    roles: &["Selling Partner Insights"],
};

/// Every transaction of a region, by the time at which it was posted.
///
/// A range of more than 180 days gives nothing at all, and long ones have failed in the middle, so a
/// window holds thirty. The marketplace is left out because orders that sellers fulfil themselves are
/// missing otherwise. Orders come up to two days late, and a deferred transaction changes when it is
/// released: thirty days are read again.
pub(super) static TRANSACTIONS: Pages = Pages {
    operation: &api::LIST_TRANSACTIONS,
    scope: Scope::Region,
    extraction: Extraction::Window { longest: TimeDelta::days(30), retention: None },
    lookback: TimeDelta::days(30),
    query: &[],
    marketplaces: &[],
    window: Some(["postedAfter", "postedBefore"]),
    list: &["payload", "transactions"],
    token: Some(PageToken { parameter: "nextToken", member: &["payload", "nextToken"] }),
    roles: &["Finance and Accounting"],
};
