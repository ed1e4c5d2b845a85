//! One item in the shape of Listings Items 2021-08-01.

use super::Listing;
use crate::amazon::item::{attributes, main_image};
use crate::amazon::marketplace::{Marketplace, Region};
use crate::amazon::product::{Channel, Offer, Product, Role, World};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

/// What Amazon calls the way in which `offer` is shipped in `region`.
pub(crate) fn channel_code(offer: &Offer, region: Region) -> &'static str {
    match (offer.channel, region) {
        (Channel::Merchant, _) => "DEFAULT",
        (Channel::Amazon, Region::Na) => "AMAZON_NA",
        (Channel::Amazon, Region::Eu) => "AMAZON_EU",
        (Channel::Amazon, Region::Fe) => "AMAZON_JP",
    }
}

/// The item of an offer with the parts `included`, for each of `marketplaces` that has it.
pub(super) fn item(
    world: World,
    (product, offer): (&Product, &Offer),
    marketplaces: &[&'static Marketplace],
    included: &[&str],
    started_at: DateTime<Utc>,
) -> Value {
    let mut fields = Map::new();
    fields.insert("sku".to_owned(), offer.sku.clone().into());
    let sold: Vec<&Marketplace> =
        marketplaces.iter().copied().filter(|it| world.is_sold(product, it)).collect();
    let listing = |marketplace: &Marketplace| Listing::of(world, marketplace, product, offer);
    for part in super::DATA_SETS.iter().filter(|it| included.contains(it)) {
        let value: Value = match *part {
            "summaries" => sold
                .iter()
                .map(|it| summary(world, (product, offer), it, (listing(it), started_at)))
                .collect(),
            "attributes" => {
                sold.first().map_or(json!({}), |it| own_attributes(world, product, offer, it))
            }
            "issues" => {
                sold.iter().filter(|it| !listing(it).is_active).map(|it| issue(it)).collect()
            }
            "offers" => sold
                .iter()
                .filter(|it| listing(it).is_active)
                .map(|it| price(product, it))
                .collect(),
            "fulfillmentAvailability" => {
                sold.first().map(|it| availability(offer, it, listing(it))).into_iter().collect()
            }
            "relationships" => sold.iter().map(|it| relationships(product, it)).collect(),
            "productTypes" => sold
                .iter()
                .map(|it| json!({"marketplaceId": it.id, "productType": product.kind.product_type}))
                .collect(),
            // Procurement is the vendors'.
            _ => continue,
        };
        fields.insert((*part).to_owned(), value);
    }
    fields.into()
}

fn text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn summary(
    world: World,
    (product, offer): (&Product, &Offer),
    marketplace: &Marketplace,
    (listing, started_at): (Listing, DateTime<Utc>),
) -> Value {
    let status = if listing.is_active { json!(["BUYABLE", "DISCOVERABLE"]) } else { json!([]) };
    let mut summary = json!({
        "marketplaceId": marketplace.id,
        "asin": product.asin,
        "productType": product.kind.product_type,
        "conditionType": "new_new",
        "status": status,
        "itemName": world.title(product, marketplace),
        "createdDate": text(listing.opened()),
        "lastUpdatedDate": text(listing.updated(started_at)),
        "mainImage": main_image(world, product),
    });
    if let (Channel::Amazon, Some(fields)) = (offer.channel, summary.as_object_mut()) {
        fields.insert("fnSku".to_owned(), world.fnsku(product).into());
    }
    summary
}

/// What the seller has written: the attributes of the catalogue, and those of the offer.
fn own_attributes(
    world: World,
    product: &Product,
    offer: &Offer,
    marketplace: &Marketplace,
) -> Value {
    let mut attributes = attributes(world, product, marketplace);
    let listing = Listing::of(world, marketplace, product, offer);
    let price = marketplace.money(product.price(marketplace));
    let number = price.parse::<serde_json::Number>().ok();
    let purchasable = json!([{
        "marketplace_id": marketplace.id,
        "currency": marketplace.currency,
        "audience": "ALL",
        "our_price": [{"schedule": [{"value_with_tax": number}]}],
    }]);
    let mut availability = json!([{
        "fulfillment_channel_code": channel_code(offer, marketplace.region),
        "marketplace_id": marketplace.id,
    }]);
    if let (Channel::Merchant, Some(first)) = (offer.channel, availability.get_mut(0)) {
        first["quantity"] = listing.stock.into();
    }
    let asin = json!([{"value": product.asin, "marketplace_id": marketplace.id}]);
    let condition = json!([{"value": "new_new", "marketplace_id": marketplace.id}]);
    if let Some(fields) = attributes.as_object_mut() {
        fields.insert("condition_type".to_owned(), condition);
        fields.insert("merchant_suggested_asin".to_owned(), asin);
        fields.insert("purchasable_offer".to_owned(), purchasable);
        fields.insert("fulfillment_availability".to_owned(), availability);
    }
    attributes
}

/// Why a listing is not active.
fn issue(marketplace: &Marketplace) -> Value {
    json!({
        "code": "90220",
        "message": "'size' is required but not supplied.",
        "severity": "ERROR",
        "attributeNames": ["size"],
        "categories": ["MISSING_ATTRIBUTE"],
        "marketplaceIds": [marketplace.id],
    })
}

fn price(product: &Product, marketplace: &Marketplace) -> Value {
    json!({
        "marketplaceId": marketplace.id,
        "offerType": "B2C",
        "price": {
            "currencyCode": marketplace.currency,
            "amount": marketplace.money(product.price(marketplace)),
        },
        "audience": {"value": "ALL", "displayName": "Sell on Amazon"},
    })
}

/// Where it lies: what lies with Amazon has no quantity here.
fn availability(offer: &Offer, marketplace: &Marketplace, listing: Listing) -> Value {
    let code = channel_code(offer, marketplace.region);
    match (offer.channel, listing.is_active) {
        (Channel::Amazon, _) => json!({"fulfillmentChannelCode": code}),
        (Channel::Merchant, true) => {
            json!({"fulfillmentChannelCode": code, "quantity": listing.stock})
        }
        (Channel::Merchant, false) => json!({"fulfillmentChannelCode": code, "quantity": 0}),
    }
}

/// Its family. The demo seller lists no parents, so that only the theme can be told.
fn relationships(product: &Product, marketplace: &Marketplace) -> Value {
    let relationships = match product.role {
        Role::Child { .. } => json!([{
            "variationTheme": {"attributes": ["color", "size"], "theme": "SIZE_NAME/COLOR_NAME"},
            "type": "VARIATION",
        }]),
        Role::Parent | Role::Single => json!([]),
    };
    json!({"marketplaceId": marketplace.id, "relationships": relationships})
}
