//! searchOrders.

use super::shape::{Shape, party, status, text};
use super::{included, orders};
use crate::amazon::Answer;
use crate::amazon::call::Input;
use crate::amazon::error::Refusal;
use crate::amazon::marketplace::{Marketplace, open};
use crate::amazon::order::{LONGEST_PREPARATION, Order, Orders};
use crate::amazon::page::{Cursor, Paging};
use crate::amazon::query::Query;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// Orders of a page unless the caller says otherwise, and at most.
const PAGE: usize = 100;

/// What is younger cannot be asked for.
const YOUNGEST: TimeDelta = TimeDelta::minutes(2);

/// Orders that are older are not found, except where history reaches back to 2016.
const OLDEST: TimeDelta = TimeDelta::days(2 * 365);
const LONG_HISTORY: &[&str] = &["SG", "AU", "JP"];

/// A token lives for 24 hours. The model lets `includedData` change between pages too; the text of
/// the error that callers got does not (selling-partner-api-sdk#717).
const PAGING: Paging = Paging {
    operation: "searchOrders",
    token: "paginationToken",
    free: Some("maxResultsPerPage"),
    life: Some(TimeDelta::hours(24)),
    refusal: || Refusal::invalid("Invalid paginationToken."),
};

const PARAMETERS: &[&str] = &[
    "createdAfter",
    "createdBefore",
    "lastUpdatedAfter",
    "lastUpdatedBefore",
    "fulfillmentStatuses",
    "marketplaceIds",
    "fulfilledBy",
    "maxResultsPerPage",
    "paginationToken",
    "includedData",
];

const STATUSES: &[&str] = &[
    "PENDING_AVAILABILITY",
    "PENDING",
    "UNSHIPPED",
    "PARTIALLY_SHIPPED",
    "SHIPPED",
    "CANCELLED",
    "UNFULFILLABLE",
];

/// The time of an order by which it is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Created,
    Updated,
}

/// What a search wants.
struct Search<'a> {
    axis: Axis,
    start: DateTime<Utc>,
    /// Included, as the start is.
    end: DateTime<Utc>,
    marketplaces: Vec<&'static Marketplace>,
    statuses: Vec<&'a str>,
    channels: Vec<&'a str>,
    now: DateTime<Utc>,
}

/// searchOrders.
pub(crate) fn search(input: &Input<'_>) -> Result<Answer, Refusal> {
    let query = Query::parse(input.uri(), PARAMETERS)?;
    let included = included(input.amazon, &query)?;
    let size = query.number("maxResultsPerPage", 1, PAGE)?.unwrap_or(PAGE);
    let cursor = PAGING.cursor(input.amazon, input.region, &query)?;
    let mut search = Search::of(input, &query)?;
    // The first page has fixed the end.
    search.end = cursor.map_or(search.end, |it| it.until);
    let orders = orders(input);
    let first = cursor.map_or(0, |it| it.place);
    let mut found = search.found(orders, first);
    let page: Vec<(u64, Order)> = found.by_ref().take(size).collect();
    let next = found.next().map(|(place, _)| place);
    let shape = Shape::new(input.amazon, &included);
    let shown: Vec<Value> = page.iter().map(|(index, it)| shape.order(*index, it)).collect();
    let echoed = match search.axis {
        Axis::Created => "createdBefore",
        Axis::Updated => "lastUpdatedBefore",
    };
    let detail = query.detail("paginationToken", shown.len());
    let mut json = json!({"orders": shown, echoed: text(search.end)});
    if let (Some(place), Some(fields)) = (next, json.as_object_mut()) {
        let page = cursor.map_or(1, |it| it.page) + 1;
        let next = Cursor { place, within: 0, page, until: search.end };
        let token = PAGING.next(input.amazon, input.region, &query, next);
        fields.insert("pagination".to_owned(), json!({"nextToken": token}));
    }
    Ok(Answer { detail: Some(detail), ..Answer::ok(json) })
}

impl<'a> Search<'a> {
    fn of(input: &Input<'_>, query: &'a Query) -> Result<Self, Refusal> {
        let now = input.amazon.clock().now();
        let (axis, start, end) = range(query, now)?;
        let ids = query.list("marketplaceIds", 50)?;
        Ok(Self {
            axis,
            start,
            end,
            marketplaces: ids
                .into_iter()
                .map(|id| open(input.region, id))
                .collect::<Result<_, _>>()?,
            statuses: query.words("fulfillmentStatuses", STATUSES)?,
            channels: query.words("fulfilledBy", &["MERCHANT", "AMAZON"])?,
            now,
        })
    }

    /// The orders that are wanted, from the one at `first` on, with their indexes.
    fn found(&self, orders: Orders, first: u64) -> impl Iterator<Item = (u64, Order)> {
        // An order is updated after it was created, but not much later.
        let latest = match self.axis {
            Axis::Updated => self.end,
            Axis::Created => self.end + LONGEST_PREPARATION,
        };
        let indexes = orders.updated_within(self.start, latest + TimeDelta::nanoseconds(1));
        (indexes.start.max(first)..indexes.end)
            .filter_map(move |index| Some((index, orders.order(index)?)))
            .filter(|(_, order)| self.wants(order))
    }

    fn wants(&self, order: &Order) -> bool {
        let time = match self.axis {
            Axis::Created => order.purchased,
            Axis::Updated => order.updated,
        };
        let is_kept = LONG_HISTORY.contains(&order.marketplace.country)
            || self.now - order.purchased <= OLDEST;
        // What was sold elsewhere has no marketplace of Amazon's.
        let is_here = self.marketplaces.is_empty()
            || order.is_amazon && self.marketplaces.contains(&order.marketplace);
        (self.start..=self.end).contains(&time)
            && is_kept
            && is_here
            && (self.statuses.is_empty() || self.statuses.contains(&status(order)))
            && (self.channels.is_empty() || self.channels.contains(&party(order)))
    }
}

/// The one range that `query` gives: by creation or by update, not both.
fn range(
    query: &Query,
    now: DateTime<Utc>,
) -> Result<(Axis, DateTime<Utc>, DateTime<Utc>), Refusal> {
    let created = (query.moment("createdAfter")?, query.moment("createdBefore")?);
    let updated = (query.moment("lastUpdatedAfter")?, query.moment("lastUpdatedBefore")?);
    let (axis, start, end, before) = match (created, updated) {
        ((Some(start), end), (None, None)) => (Axis::Created, start, end, "createdBefore"),
        ((None, None), (Some(start), end)) => (Axis::Updated, start, end, "lastUpdatedBefore"),
        _ => {
            let details = "Exactly one of createdAfter and lastUpdatedAfter is required, and only \
                           its own end goes with it.";
            return Err(Refusal::invalid(details));
        }
    };
    let newest = now - YOUNGEST;
    if end.is_some_and(|it| it > newest) {
        let details = format!("{before} must be at least two minutes in the past.");
        return Err(Refusal::invalid(details));
    }
    let end = end.unwrap_or(newest);
    if end < start {
        return Err(Refusal::invalid(format!("{before} must not be before the start.")));
    }
    Ok((axis, start, end))
}
