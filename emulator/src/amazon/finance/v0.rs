//! The operations of Finances v0: events, by time, by order and by group.

use super::event::events;
use super::group::Group;
use super::ledger;
use super::ledger::{Entry, Ledger};
use super::range::Range;
use crate::amazon::Answer;
use crate::amazon::call::Input;
use crate::amazon::error::Refusal;
use crate::amazon::page::{Cursor, Paging};
use crate::amazon::query::Query;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// Events of a page unless the caller says otherwise, and at most.
const PAGE: usize = 100;

/// A larger reply is refused.
const REPLY_BYTES: usize = 10 * 1024 * 1024;

/// A token lives for three minutes (selling-partner-api-docs#981).
const fn paging(operation: &'static str) -> Paging {
    Paging {
        operation,
        token: "NextToken",
        free: Some("MaxResultsPerPage"),
        life: Some(TimeDelta::minutes(3)),
        refusal: || Refusal::stale("Token is not valid, token duration is 3 minutes."),
    }
}

const EVENTS: Paging = paging("listFinancialEvents");
const EVENTS_OF_GROUP: Paging = paging("listFinancialEventsByGroupId");

/// listFinancialEvents.
pub(crate) fn list(input: &Input<'_>) -> Result<Answer, Refusal> {
    let parameters = ["MaxResultsPerPage", "PostedAfter", "PostedBefore", "NextToken"];
    let query = Query::parse(input.uri(), &parameters)?;
    let ledger = ledger(input.amazon, input.region);
    let now = input.amazon.clock().now();
    let range = Range::of(&query, ("PostedAfter", "PostedBefore"), now)?;
    let cursor = EVENTS.cursor_alone_or_not(input.amazon, input.region, &query)?;
    let range = match (cursor, range) {
        (Some(cursor), _) => Range { start: DateTime::<Utc>::MIN_UTC, end: cursor.until },
        (None, Some(range)) => range,
        // The words of Amazon's sandbox.
        (None, None) => return Err(Refusal::stale("Input not valid.")),
    };
    let wants = |entry: &Entry| ledger.is_payable(entry);
    if cursor.is_none() && range.is_too_long() {
        return answer(input, &query, &EVENTS, ledger, (Vec::new(), None));
    }
    let most = query.number("MaxResultsPerPage", 1, PAGE)?.unwrap_or(PAGE);
    let page = range.page(ledger, cursor.unwrap_or(range.first()), most, wants);
    answer(input, &query, &EVENTS, ledger, page)
}

/// listFinancialEventsByOrderId. All of an order's events are one page.
pub(crate) fn of_order(input: &Input<'_>) -> Result<Answer, Refusal> {
    let query = Query::parse(input.uri(), &["MaxResultsPerPage", "NextToken"])?;
    query.number("MaxResultsPerPage", 1, PAGE)?;
    let paging = paging("listFinancialEventsByOrderId");
    paging.cursor(input.amazon, input.region, &query)?;
    let id = input.argument();
    if id.split('-').map(str::len).ne([3, 7, 7]) {
        return Err(Refusal::stale("Bad order ID provided."));
    }
    let ledger = ledger(input.amazon, input.region);
    let mut entries = ledger.by_id(id).map_or_else(Vec::new, |index| ledger.of_order(index));
    entries.retain(|entry| ledger.is_payable(entry));
    answer(input, &query, &paging, ledger, (entries, None))
}

/// listFinancialEventsByGroupId.
pub(crate) fn of_group(input: &Input<'_>) -> Result<Answer, Refusal> {
    let parameters = ["MaxResultsPerPage", "PostedAfter", "PostedBefore", "NextToken"];
    let query = Query::parse(input.uri(), &parameters)?;
    let ledger = ledger(input.amazon, input.region);
    let group = Group::all(ledger)
        .find(|group| group.id(ledger) == input.argument())
        .ok_or_else(|| Refusal::stale("Bad event group ID provided."))?;
    let now = input.amazon.clock().now();
    let asked = Range::of(&query, ("PostedAfter", "PostedBefore"), now)?;
    let whole = group.range();
    let range = asked.map_or(whole, |asked| Range {
        start: asked.start.max(whole.start),
        end: asked.end.min(whole.end),
    });
    let most = query.number("MaxResultsPerPage", 1, PAGE)?.unwrap_or(PAGE);
    let cursor = EVENTS_OF_GROUP.cursor_alone_or_not(input.amazon, input.region, &query)?;
    let cursor = cursor.unwrap_or(range.first());
    let page = range.page(ledger, cursor, most, |entry| group.has(ledger, entry));
    answer(input, &query, &EVENTS_OF_GROUP, ledger, page)
}

/// A page of events.
fn answer(
    input: &Input<'_>,
    query: &Query,
    paging: &Paging,
    ledger: Ledger,
    (entries, next): (Vec<Entry>, Option<Cursor>),
) -> Result<Answer, Refusal> {
    let detail = query.detail(paging.token, entries.len());
    let mut payload = json!({"FinancialEvents": events(ledger, &entries)});
    if let (Some(next), Some(fields)) = (next, payload.as_object_mut()) {
        let token = paging.next(input.amazon, input.region, query, next);
        fields.insert("NextToken".to_owned(), token);
    }
    let body: Value = json!({"payload": payload});
    if body.to_string().len() > REPLY_BYTES {
        return Err(Refusal::invalid("The response exceeds 10 MB; lower MaxResultsPerPage."));
    }
    Ok(Answer { detail: Some(detail), ..Answer::ok(body) })
}
