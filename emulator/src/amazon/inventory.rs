//! FBA Inventory v1: getInventorySummaries.

use super::Answer;
use super::call::Input;
use super::error::Refusal;
use super::marketplace::{Marketplace, open};
use super::page::{Cursor, Paging};
use super::product::{Offer, Product, World};
use super::query::Query;
use super::stock::{Stock, changed, stocked};
use chrono::{DateTime, Months, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

/// Summaries of a page.
const PAGE: usize = 50;

/// A token lives for 30 seconds, and belongs to its `startDateTime`.
const PAGING: Paging = Paging {
    operation: "getInventorySummaries",
    token: "nextToken",
    free: None,
    life: Some(TimeDelta::seconds(30)),
    refusal: || Refusal::stale("Next token is invalid or expired"),
};

const PARAMETERS: &[&str] = &[
    "details",
    "granularityType",
    "granularityId",
    "startDateTime",
    "sellerSkus",
    "sellerSku",
    "nextToken",
    "marketplaceIds",
];

/// Which summaries are asked for. A start goes before a list of SKUs, and that before one SKU.
enum Choice<'a> {
    All,
    ChangedSince(DateTime<Utc>),
    Skus(Vec<&'a str>),
}

impl<'a> Choice<'a> {
    fn of(query: &'a Query, now: DateTime<Utc>) -> Result<Self, Refusal> {
        if let Some(start) = query.moment("startDateTime")? {
            if start < now - Months::new(18) {
                return Err(Refusal::invalid("startDateTime must be within the last 18 months."));
            }
            return Ok(Self::ChangedSince(start));
        }
        let skus = query.list("sellerSkus", 50)?;
        Ok(match (skus.is_empty(), query.text("sellerSku")) {
            (false, _) => Self::Skus(skus),
            (true, Some(sku)) => Self::Skus(vec![sku]),
            (true, None) => Self::All,
        })
    }

    /// Whether it has an offer whose stock changed at `changed`.
    fn has(&self, offer: &Offer, changed: DateTime<Utc>) -> bool {
        match self {
            Self::All => true,
            Self::ChangedSince(start) => changed > *start,
            Self::Skus(skus) => skus.contains(&offer.sku.as_str()),
        }
    }
}

/// getInventorySummaries.
pub(crate) fn summaries(input: &Input<'_>) -> Result<Answer, Refusal> {
    let query = Query::parse(input.uri(), PARAMETERS)?;
    let marketplace = marketplace(input, &query)?;
    let now = input.amazon.clock().now();
    let has_details = query.boolean("details")?.unwrap_or(false);
    let choice = Choice::of(&query, now)?;
    let cursor = PAGING.cursor(input.amazon, input.region, &query)?;
    let world = input.amazon.world();
    let first = cursor.map_or(0, |it| it.place);
    let mut found =
        stocked(world, marketplace, first).filter(|(_, offer)| choice.has(offer, changed(now)));
    let page: Vec<Value> = found
        .by_ref()
        .take(PAGE)
        .map(|(product, offer)| summary(world, marketplace, &product, &offer, (now, has_details)))
        .collect();
    let detail = query.detail(PAGING.token, page.len());
    let mut json = json!({
        "payload": {
            "granularity": {"granularityType": "Marketplace", "granularityId": marketplace.id},
            "inventorySummaries": page,
        },
    });
    // The token stands beside the payload, not in it.
    if let (Some((next, _)), Some(fields)) = (found.next(), json.as_object_mut()) {
        let page = cursor.map_or(1, |it| it.page) + 1;
        let next = Cursor { place: next.index, within: 0, page, until: now };
        let token = PAGING.next(input.amazon, input.region, &query, next);
        fields.insert("pagination".to_owned(), json!({"nextToken": token}));
    }
    Ok(Answer { detail: Some(detail), ..Answer::ok(json) })
}

/// The one marketplace, which is named twice.
fn marketplace(input: &Input<'_>, query: &Query) -> Result<&'static Marketplace, Refusal> {
    if query.words("granularityType", &["Marketplace"])?.len() != 1 {
        return Err(Refusal::invalid("granularityType is required."));
    }
    let (ids, granularity) = (query.list("marketplaceIds", 1)?, query.text("granularityId"));
    match (ids.first(), granularity) {
        (Some(id), Some(same)) if *id == same => open(input.region, id),
        (Some(_), Some(_)) => Err(Refusal::invalid("granularityId must be the marketplaceId.")),
        _ => Err(Refusal::invalid("marketplaceIds and granularityId are required.")),
    }
}

/// The summary of an offer, with or without what its total is made of.
fn summary(
    world: World,
    marketplace: &Marketplace,
    product: &Product,
    offer: &Offer,
    (now, has_details): (DateTime<Utc>, bool),
) -> Value {
    let stock = Stock::of(world, marketplace, product, now);
    let mut json = json!({
        "asin": product.asin,
        "fnSku": world.fnsku(product),
        "sellerSku": offer.sku,
        "condition": "NewItem",
        "lastUpdatedTime": changed(now).to_rfc3339_opts(SecondsFormat::Secs, true),
        "productName": world.title(product, marketplace),
        "totalQuantity": stock.total(),
        "stores": [],
    });
    if let (true, Some(fields)) = (has_details, json.as_object_mut()) {
        fields.insert("inventoryDetails".to_owned(), details(stock));
    }
    json
}

fn details(stock: Stock) -> Value {
    let ordered = stock.reserved / 2;
    json!({
        "fulfillableQuantity": stock.fulfillable,
        "inboundWorkingQuantity": 0,
        "inboundShippedQuantity": stock.inbound,
        "inboundReceivingQuantity": 0,
        "reservedQuantity": {
            "totalReservedQuantity": stock.reserved,
            "pendingCustomerOrderQuantity": ordered,
            "pendingTransshipmentQuantity": stock.reserved - ordered,
            "fcProcessingQuantity": 0,
        },
        "researchingQuantity": {
            "totalResearchingQuantity": 0,
            "researchingQuantityBreakdown": [
                {"name": "researchingQuantityInShortTerm", "quantity": 0},
                {"name": "researchingQuantityInMidTerm", "quantity": 0},
                {"name": "researchingQuantityInLongTerm", "quantity": 0},
            ],
        },
        "unfulfillableQuantity": {
            "totalUnfulfillableQuantity": stock.unsellable,
            "customerDamagedQuantity": stock.unsellable,
            "warehouseDamagedQuantity": 0,
            "distributorDamagedQuantity": 0,
            "carrierDamagedQuantity": 0,
            "defectiveQuantity": 0,
            "expiredQuantity": 0,
        },
    })
}
