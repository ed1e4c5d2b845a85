//! What an order and its lines bring, as Orders 2026-01-01 says it: decimal texts, and nothing of
//! what is zero.

use crate::amazon::marketplace::Marketplace;
use crate::amazon::order::{Line, Order};
use serde_json::{Value, json};

/// `minor` units of the currency of `marketplace`.
pub(super) fn money(marketplace: &Marketplace, minor: u64) -> Value {
    json!({"amount": marketplace.money(minor), "currencyCode": marketplace.currency})
}

/// What the seller loses: a discount is negative here, and was not in Orders v0.
fn discount(marketplace: &Marketplace, minor: u64) -> Value {
    let amount = format!("-{}", marketplace.money(minor));
    json!({"amount": amount, "currencyCode": marketplace.currency})
}

/// What the buyer pays for `line`. Of Amazon's published examples that of the United States adds the tax
/// to the price; those of Brazil, Japan, Turkey and the United Kingdom have a total that is the price.
fn total(marketplace: &Marketplace, line: &Line) -> u64 {
    let tax = if marketplace.adds_tax() { line.tax } else { 0 };
    (line.price + tax + line.shipping).saturating_sub(line.discount)
}

/// `proceeds` of an order.
pub(super) fn of_order(order: &Order) -> Value {
    json!({"grandTotal": money(order.marketplace, grand_total(order))})
}

/// What the buyer pays for all lines.
pub(super) fn grand_total(order: &Order) -> u64 {
    order.lines.iter().map(|line| total(order.marketplace, line)).sum()
}

/// `proceeds` of a line.
pub(super) fn of_line(order: &Order, line: &Line) -> Value {
    let marketplace = order.marketplace;
    let mut breakdowns = vec![json!({"type": "ITEM", "subtotal": money(marketplace, line.price)})];
    if line.shipping > 0 {
        let subtotal = money(marketplace, line.shipping);
        breakdowns.push(json!({"type": "SHIPPING", "subtotal": subtotal}));
    }
    let detailed = |kind: &str, subtotal: Value| {
        let details = json!([{"subtype": "ITEM", "value": subtotal}]);
        json!({"type": kind, "subtotal": subtotal, "detailedBreakdowns": details})
    };
    if line.tax > 0 {
        breakdowns.push(detailed("TAX", money(marketplace, line.tax)));
    }
    if line.discount > 0 {
        breakdowns.push(detailed("DISCOUNT", discount(marketplace, line.discount)));
    }
    json!({"proceedsTotal": money(marketplace, total(marketplace, line)), "breakdowns": breakdowns})
}
