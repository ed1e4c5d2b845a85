//! Direct fulfillment 2021-12-28: getOrders, and getCustomerInvoices. Both tell of people and want
//! a restricted data token.

use super::{orders_of, page, paging, text};
use crate::amazon::Answer;
use crate::amazon::call::Input;
use crate::amazon::error::Refusal;
use crate::amazon::order::Order;
use crate::amazon::orders::Person;
use crate::amazon::page::Paging;
use crate::amazon::product::Channel;
use crate::amazon::query::Query;
use crate::random::Random;
use chrono::{DateTime, Months, TimeDelta, Utc};
use serde_json::{Value, json};
use std::ops::Range;

/// The warehouse of the demo vendor.
const WAREHOUSE: &str = "NWO1";

const ORDERS: Paging = paging("getOrders");
const INVOICES: Paging = paging("getCustomerInvoices");

/// getOrders.
pub(crate) fn list(input: &Input<'_>) -> Result<Answer, Refusal> {
    let parameters = [
        "shipFromPartyId",
        "status",
        "limit",
        "createdAfter",
        "createdBefore",
        "sortOrder",
        "nextToken",
        "includeDetails",
    ];
    let (query, indexes) = asked(input, &parameters, &ORDERS)?;
    let statuses = query.words("status", &["NEW", "SHIPPED", "ACCEPTED", "CANCELLED"])?;
    let has_details = query.boolean("includeDetails")?.unwrap_or(true);
    let orders = orders_of(input);
    let (shown, next) = page(input, &query, &ORDERS, indexes, |index| {
        let order = orders.order(index).filter(is_direct)?;
        let is_wanted = statuses.is_empty() || statuses.contains(&status(&order));
        (is_here(&query) && is_wanted).then(|| purchase(input, index, &order, has_details))
    })?;
    Ok(answer(&query, "orders", &shown, next))
}

/// getCustomerInvoices, of what was shipped.
pub(crate) fn invoices(input: &Input<'_>) -> Result<Answer, Refusal> {
    let parameters =
        ["shipFromPartyId", "limit", "createdAfter", "createdBefore", "sortOrder", "nextToken"];
    let (query, indexes) = asked(input, &parameters, &INVOICES)?;
    let orders = orders_of(input);
    let (shown, next) = page(input, &query, &INVOICES, indexes, |index| {
        let order = orders.order(index).filter(is_direct)?;
        (is_here(&query) && status(&order) == "SHIPPED").then(|| {
            let content = base64(format!("Invoice of {}\n", number(&order)).as_bytes());
            json!({"purchaseOrderNumber": number(&order), "content": content})
        })
    })?;
    Ok(answer(&query, "customerInvoices", &shown, next))
}

/// The whole query, and the indexes of the orders of its range.
fn asked(
    input: &Input<'_>,
    parameters: &[&str],
    paging: &Paging,
) -> Result<(Query, Range<u64>), Refusal> {
    let query = Query::parse(input.uri(), parameters)?;
    let query = paging.whole(input.amazon, input.region, query);
    let now = input.amazon.clock().now();
    let (start, end) = (query.moment("createdAfter")?, query.moment("createdBefore")?);
    let (Some(start), Some(end)) = (start, end) else {
        let details = "createdAfter and createdBefore are required.";
        return Err(Refusal::invalid_request(details));
    };
    if start >= end {
        return Err(Refusal::invalid_request("createdBefore must be later than createdAfter."));
    }
    // Older orders are not kept.
    let start: DateTime<Utc> = start.max(now - Months::new(6));
    Ok((query, orders_of(input).updated_within(start, end)))
}

/// A page in the shape of this version, which has no `payload`.
fn answer(query: &Query, list: &str, shown: &[Value], next: Option<Value>) -> Answer {
    let detail = Some(query.detail("nextToken", shown.len()));
    let mut json = json!({list: shown});
    if let (Some(token), Some(fields)) = (next, json.as_object_mut()) {
        fields.insert("pagination".to_owned(), json!({"nextToken": token}));
    }
    Answer { detail, ..Answer::ok(json) }
}

/// Whether the warehouse that is asked for is the vendor's.
fn is_here(query: &Query) -> bool {
    query.text("shipFromPartyId").is_none_or(|party| party == WAREHOUSE)
}

/// Whether an order is one that a vendor sends to the customer.
fn is_direct(order: &Order) -> bool {
    order.is_amazon && order.channel == Channel::Merchant
}

fn status(order: &Order) -> &'static str {
    match order.status {
        "Pending" => "NEW",
        "Unshipped" => "ACCEPTED",
        "Cancelled" => "CANCELLED",
        _ => "SHIPPED",
    }
}

/// The number of the purchase order: letters and digits only.
fn number(order: &Order) -> String {
    format!("D{}", order.id.replace('-', ""))
}

fn purchase(input: &Input<'_>, index: u64, order: &Order, has_details: bool) -> Value {
    let mut json = json!({"purchaseOrderNumber": number(order)});
    if let (true, Some(fields)) = (has_details, json.as_object_mut()) {
        let person = Person::new(Random::new(input.amazon.world().seed, "buyer", index), order);
        fields.insert("orderDetails".to_owned(), details(order, &person));
    }
    json
}

fn details(order: &Order, person: &Person) -> Value {
    let marketplace = order.marketplace;
    let money = |minor: u64| json!({"currencyCode": marketplace.currency, "amount": marketplace.money(minor)});
    let taxes: u64 = order.lines.iter().map(|line| line.tax).sum();
    let tax = |minor| json!({"taxLineItem": [{"taxAmount": money(minor), "type": "TOTAL"}]});
    let items = order.lines.iter().enumerate().map(|(place, line)| {
        json!({
            "itemSequenceNumber": (place + 1).to_string(),
            "buyerProductIdentifier": line.asin,
            "vendorProductIdentifier": line.sku,
            "title": line.title,
            "orderedQuantity": {"amount": line.quantity, "unitOfMeasure": "Each"},
            "netPrice": money(line.price.checked_div(line.quantity).unwrap_or(line.price)),
            "taxDetails": tax(line.tax),
            "totalPrice": money(line.price + line.tax),
        })
    });
    json!({
        "customerOrderNumber": order.id,
        "orderDate": text(order.purchased),
        "orderStatus": status(order),
        "shipmentDetails": {
            "isPriorityShipment": false,
            "isPslipRequired": true,
            "isGift": false,
            "shipMethod": "UPS_GR_COM",
            "shipmentDates": {"requiredShipDate": text(order.purchased + TimeDelta::days(2))},
            "messageToCustomer": "",
        },
        "taxTotal": tax(taxes),
        "sellingParty": {"partyId": "NWOUS"},
        "shipFromParty": {"partyId": WAREHOUSE},
        "shipToParty": {
            "name": person.name,
            "addressLine1": person.street,
            "city": order.place.0,
            "stateOrRegion": order.place.1,
            "postalCode": order.place.2,
            "countryCode": marketplace.country,
            "phone": person.phone,
        },
        "billToParty": {"partyId": "AMZ1"},
        "items": items.collect::<Vec<_>>(),
    })
}

/// `bytes` in the letters of RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let group =
            (0..3).fold(0_u32, |sum, at| sum << 8 | three.get(at).copied().map_or(0, u32::from));
        for at in 0..4 {
            let value = usize::try_from(group >> (18 - 6 * at) & 63).unwrap_or(0);
            let letter = LETTERS.get(value).copied().map_or('=', char::from);
            text.push(if at > three.len() { '=' } else { letter });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("fooba", "Zm9vYmE=")];
        for (plain, encoded) in cases {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
