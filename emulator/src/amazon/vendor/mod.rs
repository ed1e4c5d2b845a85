//! The operations of vendors: purchase orders of Amazon's shops, and direct fulfillment of what
//! their customers buy.

mod direct;
mod retail;

pub(crate) use direct::{invoices, list as orders};
pub(crate) use retail::list as purchase_orders;

use super::call::Input;
use super::error::Refusal;
use super::order::Orders;
use super::page::{Cursor, Paging};
use super::query::Query;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use std::ops::Range;

/// Orders of a page unless the caller says otherwise, and at most.
const PAGE: usize = 100;

/// How the pages of a vendor's operation are given out: a token may come alone.
const fn paging(operation: &'static str) -> Paging {
    Paging {
        operation,
        token: "nextToken",
        free: Some("limit"),
        life: None,
        refusal: || Refusal::invalid_request("Invalid nextToken."),
    }
}

/// The customers' orders from which all that vendors see is made.
fn orders_of(input: &Input<'_>) -> Orders {
    let clock = input.amazon.clock();
    Orders::new(input.amazon.world(), input.region, clock.anchored_at(), clock.now())
}

/// `moment` as vendors read it.
fn text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A page of what `made` makes of the indexes of a range, in the order that is asked for, and the
/// token of the next page.
fn page(
    input: &Input<'_>,
    query: &Query,
    paging: &Paging,
    indexes: Range<u64>,
    made: impl Fn(u64) -> Option<Value>,
) -> Result<(Vec<Value>, Option<Value>), Refusal> {
    let most = query.number("limit", 1, PAGE)?.unwrap_or(PAGE);
    let is_descending = query.words("sortOrder", &["ASC", "DESC"])?.first() == Some(&"DESC");
    let cursor = paging.cursor(input.amazon, input.region, query)?;
    let count = indexes.end - indexes.start;
    let at = |place: u64| {
        if is_descending { indexes.end - 1 - place } else { indexes.start + place }
    };
    let (first, number) = cursor.map_or((0, 1), |it| (it.place, it.page));
    let mut found = (first..count).filter_map(|place| Some((place, made(at(place))?)));
    let shown: Vec<Value> = found.by_ref().take(most).map(|(_, it)| it).collect();
    let next = found.next().map(|(place, _)| {
        let until = input.amazon.clock().now();
        let next = Cursor { place, within: 0, page: number + 1, until };
        paging.next(input.amazon, input.region, query, next)
    });
    Ok((shown, next))
}
