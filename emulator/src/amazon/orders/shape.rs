//! One order in the shape of Orders 2026-01-01, with the parts that were asked for and that the
//! seller's roles open.

use super::buyer::Person;
use super::item::item;
use super::money::{grand_total, money, of_order};
use crate::amazon::Amazon;
use crate::amazon::order::Order;
use crate::amazon::product::{Channel, World};
use crate::amazon::role::{Authorization, Role};
use crate::random::Random;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};

/// Amazon's word for the state of `order`.
pub(super) fn status(order: &Order) -> &'static str {
    match order.status {
        "Pending" => "PENDING",
        "Unshipped" => "UNSHIPPED",
        "Cancelled" => "CANCELLED",
        _ => "SHIPPED",
    }
}

/// Who fulfils an order, in Amazon's words.
pub(super) fn party(order: &Order) -> &'static str {
    match order.channel {
        Channel::Amazon => "AMAZON",
        Channel::Merchant => "MERCHANT",
    }
}

/// `moment` as this version writes it: with milliseconds.
pub(super) fn text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Which parts of orders are shown.
pub(super) struct Shape<'a> {
    world: World,
    authorization: &'a Authorization,
    included: &'a [&'a str],
    now: DateTime<Utc>,
}

impl<'a> Shape<'a> {
    /// The parts `included`, as far as the seller of `amazon` has authorised them.
    pub(super) fn new(amazon: &'a Amazon, included: &'a [&'a str]) -> Self {
        let authorization = amazon.authorization();
        Self { world: amazon.world(), authorization, included, now: amazon.clock().now() }
    }

    /// Whether the part `name` was asked for.
    pub(super) fn has(&self, name: &str) -> bool {
        self.included.contains(&name)
    }

    fn may(&self, roles: &[Role]) -> bool {
        self.authorization.has_any(roles)
    }

    /// The order at `index`.
    pub(super) fn order(&self, index: u64, order: &Order) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        };
        let random = Random::new(self.world.seed, "buyer", index);
        let person = Person::new(random, order);
        // While an order is pending its amounts are hidden, as in the report.
        let is_open = order.status != "Pending";
        put("orderId", Some(order.id.clone().into()));
        let alias = json!([{"aliasId": order.id, "aliasType": "SELLER_ORDER_ID"}]);
        put("orderAliases", Some(alias));
        put("createdTime", Some(text(order.purchased).into()));
        put("lastUpdatedTime", Some(text(order.updated).into()));
        put("programs", order.is_business.then(|| json!(["AMAZON_BUSINESS"])));
        put("salesChannel", Some(channel(order)));
        put("buyer", self.has("BUYER").then(|| self.buyer(order, &person)));
        put("recipient", self.has("RECIPIENT").then(|| self.recipient(order, &person)));
        put("proceeds", (self.has("PROCEEDS") && is_open).then(|| of_order(order)));
        put("payment", (self.has("PAYMENT") && is_open).then(|| payment(order)));
        put("tax", (self.has("TAX") && order.is_business).then(|| self.tax(&person)));
        put("fulfillment", self.has("FULFILLMENT").then(|| fulfillment(order)));
        let items = order.lines.iter().enumerate();
        put("orderItems", Some(items.map(|(at, it)| item(self, order, at, it)).collect()));
        let is_packed = order.channel == Channel::Merchant && status(order) == "SHIPPED";
        put("packages", (self.has("PACKAGES") && is_packed).then(|| packages(index, order)));
        fields.into()
    }

    /// What may be told of the buyer.
    fn buyer(&self, order: &Order, person: &Person) -> Value {
        let is_merchants = order.channel == Channel::Merchant;
        let mut buyer = Map::new();
        let may_tax = self.may(&[Role::TaxInvoicing, Role::TaxRemittance]);
        let may_ship = self.may(&[Role::DirectToConsumerShipping]);
        if may_tax || is_merchants && may_ship {
            buyer.insert("buyerName".to_owned(), person.name.clone().into());
        }
        if is_merchants && may_ship && matches!(status(order), "UNSHIPPED" | "SHIPPED") {
            buyer.insert("buyerEmail".to_owned(), person.email.clone().into());
        }
        if let Some(company) = &person.company {
            buyer.insert("buyerCompanyName".to_owned(), company.clone().into());
        }
        if let Some(number) = order.purchase_order() {
            buyer.insert("buyerPurchaseOrderNumber".to_owned(), number.into());
        }
        buyer.into()
    }

    /// What may be told of where it goes.
    fn recipient(&self, order: &Order, person: &Person) -> Value {
        let mut address = Map::new();
        let mut put = |name: &str, value: &str| {
            if !value.is_empty() {
                address.insert(name.to_owned(), value.into());
            }
        };
        let may_ship = self.may(&[Role::DirectToConsumerShipping]);
        if may_ship {
            put("name", &person.name);
            put("companyName", person.company.as_deref().unwrap_or_default());
            put("addressLine1", &person.street);
        }
        put("city", order.place.0);
        put("stateOrRegion", order.place.1);
        if may_ship {
            put("postalCode", order.place.2);
        }
        put("countryCode", order.marketplace.country);
        // The telephone number is there for what a merchant has still to deliver.
        let is_due = order.channel == Channel::Merchant && self.now <= delivery(order).1;
        if may_ship && is_due {
            put("phone", &person.phone);
        }
        put("addressType", if order.is_business { "COMMERCIAL" } else { "RESIDENTIAL" });
        json!({"deliveryAddress": address})
    }

    /// Who is registered for the tax of a business order.
    fn tax(&self, person: &Person) -> Value {
        let mut registration = Map::new();
        registration.insert("entityType".to_owned(), "BUYER".into());
        if self.may(&[Role::TaxInvoicing, Role::TaxRemittance]) {
            registration.insert("legalName".to_owned(), person.company.clone().into());
        }
        json!({"taxRegistrations": [registration]})
    }
}

/// Where an order was placed: the report's sales channel.
fn channel(order: &Order) -> Value {
    if order.is_amazon {
        let marketplace = order.marketplace;
        json!({
            "channelName": "AMAZON",
            "marketplaceId": marketplace.id,
            "marketplaceName": order.sales_channel(),
        })
    } else {
        json!({"channelName": "NON_AMAZON", "marketplaceName": order.sales_channel()})
    }
}

fn payment(order: &Order) -> Value {
    let amount = money(order.marketplace, grand_total(order));
    json!({"paymentExecutions": [{"paymentMethod": "CreditCard", "paymentAmount": amount}]})
}

/// The times between which an order shall be delivered.
fn delivery(order: &Order) -> (DateTime<Utc>, DateTime<Utc>) {
    (order.purchased + TimeDelta::days(3), order.purchased + TimeDelta::days(7))
}

fn window((earliest, latest): (DateTime<Utc>, DateTime<Utc>)) -> Value {
    json!({"earliestDateTime": text(earliest), "latestDateTime": text(latest)})
}

fn fulfillment(order: &Order) -> Value {
    let shipping = (order.purchased, order.purchased + TimeDelta::days(2));
    json!({
        "fulfillmentStatus": status(order),
        "fulfilledBy": party(order),
        "fulfillmentServiceLevel": "EXPEDITED",
        "shipByWindow": window(shipping),
        "deliverByWindow": window(delivery(order)),
    })
}

/// The one package in which a merchant has sent an order.
fn packages(index: u64, order: &Order) -> Value {
    let mut random = Random::new(index, "package", 0);
    let items = order
        .lines
        .iter()
        .map(|line| json!({"orderItemId": line.id, "quantity": line.quantity}))
        .collect::<Vec<_>>();
    json!([{
        "packageReferenceId": random.between(1, 9_999_999).to_string(),
        "createdTime": text(order.updated),
        "packageStatus": {"status": "SHIPPED"},
        "carrier": "DHL",
        "shipTime": text(order.updated),
        "shippingService": "Standard",
        "trackingNumber": format!("1Z{}", random.text(b"0123456789", 16)),
        "packageItems": items,
    }])
}
