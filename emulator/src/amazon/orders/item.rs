//! One line of an order in the shape of Orders 2026-01-01.

use super::money::{money, of_line};
use super::shape::{Shape, status};
use crate::amazon::order::{Line, Order, PROMOTIONS};
use serde_json::{Map, Value, json};

/// The `line` at the place `at` of `order`.
pub(super) fn item(shape: &Shape<'_>, order: &Order, at: usize, line: &Line) -> Value {
    let is_open = order.status != "Pending";
    let is_cancelled = status(order) == "CANCELLED";
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    put("orderItemId", Some(line.id.clone().into()));
    put("quantityOrdered", Some(order.ordered(line).into()));
    put("product", Some(product(order, line)));
    put("proceeds", (shape.has("PROCEEDS") && is_open).then(|| of_line(order, line)));
    let has_points = shape.has("EXPENSE") && is_open && order.marketplace.country == "JP";
    put("expense", has_points.then(|| points(order, line)));
    put("promotion", (shape.has("PROMOTION") && line.discount > 0).then(promotion));
    put("cancellation", (shape.has("CANCELLATION") && is_cancelled).then(|| cancellation(at)));
    put("fulfillment", shape.has("FULFILLMENT").then(|| fulfillment(order, line)));
    let is_withheld = order.marketplace.country == "US" && line.tax > 0;
    put("tax", (shape.has("TAX") && is_open && is_withheld).then(tax));
    fields.into()
}

fn product(order: &Order, line: &Line) -> Value {
    let mut product = json!({
        "asin": line.asin,
        "title": line.title,
        "sellerSku": line.sku,
        "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
    });
    let price = line.price.checked_div(line.quantity).unwrap_or(line.price);
    let mut unit = json!({"unitPrice": money(order.marketplace, price)});
    if let (true, Some(fields)) = (order.is_business, unit.as_object_mut()) {
        fields.insert("priceDesignation".to_owned(), "BUSINESS_PRICE".into());
    }
    if let (true, Some(fields)) = (order.status != "Pending", product.as_object_mut()) {
        fields.insert("price".to_owned(), unit);
    }
    product
}

/// Loyalty points that the seller pays for.
fn points(order: &Order, line: &Line) -> Value {
    let number = line.price / 100;
    let value = money(order.marketplace, number);
    json!({"pointsCost": {"pointsGranted": {"pointsNumber": number, "pointsMonetaryValue": value}}})
}

fn promotion() -> Value {
    let ids: Vec<Value> = PROMOTIONS.iter().map(|id| json!({"promotionId": id})).collect();
    json!({"breakdowns": ids})
}

/// Who cancelled: the buyer of the first line, who had asked for it, and Amazon of the others.
fn cancellation(at: usize) -> Value {
    if at == 0 {
        json!({
            "cancellationRequest": {"requester": "BUYER", "cancelReason": "NO_LONGER_NEEDED"},
            "cancellationExecution": {"cancelledBy": "BUYER"},
        })
    } else {
        json!({"cancellationExecution": {"cancelledBy": "AMAZON"}})
    }
}

fn fulfillment(order: &Order, line: &Line) -> Value {
    let ordered = order.ordered(line);
    let shipped = if status(order) == "SHIPPED" { ordered } else { 0 };
    json!({"quantityFulfilled": shipped, "quantityUnfulfilled": ordered - shipped})
}

fn tax() -> Value {
    let collection =
        json!({"model": "MARKETPLACE_FACILITATOR", "responsibleParty": "Amazon Services, Inc."});
    json!({"taxCollections": [collection]})
}
