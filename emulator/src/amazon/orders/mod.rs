//! The operations of Orders 2026-01-01. They tell the orders that the All Orders report tells.

mod buyer;
mod item;
mod money;
mod search;
mod shape;

pub(crate) use buyer::Person;
pub(crate) use search::search;

use super::call::Input;
use super::error::Refusal;
use super::order::Orders;
use super::query::Query;
use super::role::{RESTRICTED, Unauthorized};
use super::{Amazon, Answer};
use serde_json::json;
use shape::Shape;

/// The parts of an order that are left out unless they are asked for.
const DATA_SETS: &[&str] = &[
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
];

/// The parts that hold data of buyers.
const RESTRICTED_SETS: &[&str] = &["BUYER", "RECIPIENT", "TAX", "PAYMENT"];

/// getOrder.
pub(crate) fn one(input: &Input<'_>) -> Result<Answer, Refusal> {
    let query = Query::parse(input.uri(), &["includedData"])?;
    let included = included(input.amazon, &query)?;
    let id = input.argument();
    if !is_order_id(id) {
        // The words of Amazon's sandbox.
        return Err(Refusal::invalid("Invalid Input"));
    }
    let orders = orders(input);
    let order = orders.by_id(id).and_then(|index| Some((index, orders.order(index)?)));
    let Some((index, order)) = order else {
        return Err(Refusal::not_found("There is no such order."));
    };
    let shape = Shape::new(input.amazon, &included);
    let detail = Some(query.detail("", 1));
    Ok(Answer { detail, ..Answer::ok(json!({"order": shape.order(index, &order)})) })
}

/// The orders of the host that was asked, as they are seen now.
fn orders(input: &Input<'_>) -> Orders {
    let clock = input.amazon.clock();
    Orders::new(input.amazon.world(), input.region, clock.anchored_at(), clock.now())
}

/// The parts that are asked for.
fn included<'a>(amazon: &Amazon, query: &'a Query) -> Result<Vec<&'a str>, Refusal> {
    let included = query.words("includedData", DATA_SETS)?;
    let authorization = amazon.authorization();
    if authorization.unauthorized_data == Unauthorized::Refuse
        && !authorization.has_any(RESTRICTED)
        && included.iter().any(|it| RESTRICTED_SETS.contains(it))
    {
        return Err(Refusal::denied(""));
    }
    Ok(included)
}

/// Whether `id` has the form 3-7-7 of an order's number.
fn is_order_id(id: &str) -> bool {
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    lengths == [3, 7, 7] && id.bytes().skip(1).all(|it| it == b'-' || it.is_ascii_digit())
}
