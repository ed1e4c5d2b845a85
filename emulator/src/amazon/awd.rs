//! Amazon Warehousing and Distribution 2024-05-09: listInventory. A third of what Amazon ships has
//! a reserve there.

use super::Answer;
use super::call::Input;
use super::error::Refusal;
use super::marketplace::Region;
use super::page::{Cursor, Paging};
use super::product::Product;
use super::query::Query;
use super::stock::stocked;
use crate::random::Random;
use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};

/// Items of a page unless the caller says otherwise, and at most.
const PAGE: (usize, usize) = (25, 200);

/// The life of a token is not known.
const PAGING: Paging = Paging {
    operation: "listInventory",
    token: "nextToken",
    free: None,
    life: None,
    refusal: || invalid("Invalid nextToken"),
};

/// 400 in the words of Amazon's sandbox.
fn invalid(message: &str) -> Refusal {
    Refusal::bad_request(message, "This exception is thrown when client inputs are invalid")
}

/// listInventory. The programme is known from the United States only.
pub(crate) fn list(input: &Input<'_>) -> Result<Answer, Refusal> {
    if input.region != Region::Na {
        return Err(Refusal::not_emulated("Warehousing and Distribution outside North America"));
    }
    let parameters = ["sku", "sortOrder", "details", "nextToken", "maxResults"];
    let query = Query::parse(input.uri(), &parameters)?;
    let choice = |name: &str, label: &str, words: [&'static str; 2]| match query.text(name) {
        Some(given) if !words.contains(&given) => Err(invalid(&format!(
            "Invalid value: {given} passed for {label}. Possible values are: [{}]",
            words.join(", ")
        ))),
        given => Ok(given == Some(words[1])),
    };
    let is_descending = choice("sortOrder", "sort order", ["ASCENDING", "DESCENDING"])?;
    let has_details = choice("details", "details", ["HIDE", "SHOW"])?;
    let most = query.number("maxResults", 1, PAGE.1)?.unwrap_or(PAGE.0);
    let cursor = PAGING.cursor(input.amazon, input.region, &query)?;
    let mut found = reserves(input);
    found.retain(|(sku, _)| query.text("sku").is_none_or(|it| it == sku));
    found.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    if is_descending {
        found.reverse();
    }
    let (place, page) = cursor.map_or((0, 1), |it| (it.place, it.page));
    let skipped = usize::try_from(place).unwrap_or(usize::MAX);
    // The second page of a list, and every fifth after it, is empty: Amazon's model says that this
    // can happen, not when.
    let most = if page % 5 == 2 { 0 } else { most };
    let shown: Vec<Value> = found
        .iter()
        .skip(skipped)
        .take(most)
        .map(|(sku, product)| reserve(input, sku, product, has_details))
        .collect();
    let detail = query.detail(PAGING.token, shown.len());
    let is_last = skipped + shown.len() >= found.len();
    let place = place + u64::try_from(shown.len()).unwrap_or(0);
    let mut json = json!({"inventory": shown});
    if let (false, Some(fields)) = (is_last, json.as_object_mut()) {
        let until = input.amazon.clock().now();
        let next = Cursor { place, within: 0, page: page + 1, until };
        let token = PAGING.next(input.amazon, input.region, &query, next);
        fields.insert("nextToken".to_owned(), token);
    }
    Ok(Answer { detail: Some(detail), ..Answer::ok(json) })
}

/// The SKUs that have a reserve.
fn reserves(input: &Input<'_>) -> Vec<(String, Product)> {
    let world = input.amazon.world();
    let home = input.region.marketplaces().next().into_iter();
    home.flat_map(|marketplace| stocked(world, marketplace, 0))
        .filter(|(product, _)| Random::new(world.seed, "reserve", product.index).chance(33))
        .map(|(product, offer)| (offer.sku, product))
        .collect()
}

/// The reserve of one SKU. It changes once a day.
fn reserve(input: &Input<'_>, sku: &str, product: &Product, has_details: bool) -> Value {
    let now = input.amazon.clock().now();
    let day = u64::try_from(now.timestamp() / 86_400).unwrap_or(0);
    let mut random = Random::new(input.amazon.world().seed ^ day, "awd", product.index);
    let (available, reserved) = (random.below(2_000), random.below(50));
    let mut json = json!({
        "sku": sku,
        "totalInboundQuantity": random.below(500),
        "totalOnhandQuantity": available + reserved,
    });
    if let (true, Some(fields)) = (has_details, json.as_object_mut()) {
        let details = json!({
            "availableDistributableQuantity": available,
            "replenishmentQuantity": random.below(100),
            "reservedDistributableQuantity": reserved,
        });
        let expiration = now + TimeDelta::days(400);
        let expirations = json!([{
            "expiration": expiration.to_rfc3339_opts(SecondsFormat::Millis, true),
            "onhandQuantity": available + reserved,
        }]);
        fields.insert("inventoryDetails".to_owned(), details);
        fields.insert("expirationDetails".to_owned(), expirations);
    }
    json
}
