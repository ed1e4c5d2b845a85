//! Events in the shape of Finances v0: one list for each kind, and amounts that are numbers.

use super::charge::Charges;
use super::ledger::{Entry, Event, Ledger};
use super::number;
use crate::amazon::marketplace::Marketplace;
use crate::amazon::order::{Line, Order, PROMOTIONS};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

/// `FinancialEvents` of `entries`: the lists of those kinds that occur.
pub(super) fn events(ledger: Ledger, entries: &[Entry]) -> Value {
    let mut lists: Map<String, Value> = Map::new();
    for (name, event) in entries.iter().filter_map(|entry| event(ledger, *entry)) {
        let list = lists.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Some(list) = list.as_array_mut() {
            list.push(event);
        }
    }
    lists.into()
}

/// What `entry` leaves for the seller, and where.
pub(super) fn total(ledger: Ledger, entry: Entry) -> Option<(&'static Marketplace, i64)> {
    let Some(index) = entry.event.order() else {
        let home = ledger.home()?;
        return Some((home, -entry.fee(home)));
    };
    let order = ledger.order(index)?;
    let is_refund = matches!(entry.event, Event::Refund(_));
    let charges = order.lines.iter().map(|line| {
        let charges = Charges::of(&order, line);
        if is_refund { charges.refunded() } else { charges }
    });
    Some((order.marketplace, charges.map(Charges::total).sum()))
}

/// An event, and the list in which it stands.
fn event(ledger: Ledger, entry: Entry) -> Option<(String, Value)> {
    let (name, event) = match entry.event {
        Event::Shipment(index) | Event::Release(index) => {
            ("ShipmentEventList", sale(&ledger.order(index)?, entry))
        }
        Event::Refund(index) => ("RefundEventList", sale(&ledger.order(index)?, entry)),
        Event::Advertising => ("ProductAdsPaymentEventList", advertising(ledger, entry)?),
        Event::Subscription => ("ServiceFeeEventList", subscription(ledger, entry)?),
    };
    Some((name.to_owned(), event))
}

/// `minor` units of the currency of `marketplace`.
pub(super) fn currency(marketplace: &Marketplace, minor: i64) -> Value {
    let amount = number(marketplace, minor);
    json!({"CurrencyCode": marketplace.currency, "CurrencyAmount": amount})
}

/// `moment` as this version writes it.
pub(super) fn text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The shipment of `order`, or its refund.
fn sale(order: &Order, entry: Entry) -> Value {
    let is_refund = matches!(entry.event, Event::Refund(_));
    let items: Vec<Value> = order.lines.iter().map(|line| item(order, line, is_refund)).collect();
    let list = if is_refund { "ShipmentItemAdjustmentList" } else { "ShipmentItemList" };
    json!({
        "AmazonOrderId": order.id,
        "SellerOrderId": order.id,
        "MarketplaceName": order.sales_channel(),
        "PostedDate": text(entry.posted),
        list: items,
    })
}

fn item(order: &Order, line: &Line, is_refund: bool) -> Value {
    let charges = Charges::of(order, line);
    let charges = if is_refund { charges.refunded() } else { charges };
    let amount = |minor| currency(order.marketplace, minor);
    let charge = |(kind, minor): (&str, i64)| {
        (minor != 0).then(|| json!({"ChargeType": kind, "ChargeAmount": amount(minor)}))
    };
    let fee = |(kind, minor): (&str, i64)| {
        (minor != 0).then(|| json!({"FeeType": kind, "FeeAmount": amount(minor)}))
    };
    let paid = [
        ("Principal", charges.principal),
        ("Tax", charges.tax),
        ("ShippingCharge", charges.shipping),
    ];
    let kept = [("MarketplaceFacilitatorTax-Principal", charges.withheld)];
    let fees =
        [("Commission", charges.commission), ("FBAPerUnitFulfillmentFee", charges.fulfillment)];
    let suffix = if is_refund { "Adjustment" } else { "" };
    let mut item = Map::new();
    let mut put = |name: String, value: Value| drop(item.insert(name, value));
    put("SellerSKU".to_owned(), line.sku.clone().into());
    put("OrderItemId".to_owned(), line.id.clone().into());
    if is_refund {
        put("OrderAdjustmentItemId".to_owned(), format!("9{}", line.id).into());
    }
    put("QuantityShipped".to_owned(), line.quantity.into());
    put(format!("ItemCharge{suffix}List"), paid.into_iter().filter_map(charge).collect());
    put(format!("ItemFee{suffix}List"), fees.into_iter().filter_map(fee).collect());
    let withheld: Vec<Value> = kept.into_iter().filter_map(charge).collect();
    if !withheld.is_empty() {
        let model = "MarketplaceFacilitator";
        let list = json!([{"TaxCollectionModel": model, "TaxesWithheld": withheld}]);
        put("ItemTaxWithheldList".to_owned(), list);
    }
    if charges.discount != 0 {
        let promotion = json!([{
            "PromotionType": "PromotionMetaDataDefinitionValue",
            "PromotionId": PROMOTIONS.first(),
            "PromotionAmount": amount(charges.discount),
        }]);
        put(format!("Promotion{suffix}List"), promotion);
    }
    item.into()
}

/// The advertisements of a day: one of the lists with small first letters.
fn advertising(ledger: Ledger, entry: Entry) -> Option<Value> {
    let home = ledger.home()?;
    let value = currency(home, -entry.fee(home));
    let invoice = ledger.transaction_id(entry).chars().take(12).collect::<String>();
    Some(json!({
        "postedDate": text(entry.posted),
        "transactionType": "Charge",
        "invoiceId": invoice,
        "baseValue": value,
        "taxValue": currency(home, 0),
        "transactionValue": value,
    }))
}

/// The subscription of a month, which has no date.
fn subscription(ledger: Ledger, entry: Entry) -> Option<Value> {
    let home = ledger.home()?;
    let fee = json!({"FeeType": "Subscription", "FeeAmount": currency(home, -entry.fee(home))});
    Some(json!({"FeeReason": "Subscription", "FeeList": [fee], "StoreName": home.name}))
}
