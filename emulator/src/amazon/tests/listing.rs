//! Listings Items.

use super::model::assert_follows;
use super::{Caller, DE, Heard, LISTINGS, US, encoded, unzipped, wish};
use crate::amazon::Region;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const ITEMS: &str = "/listings/2021-08-01/items/A1DEMOSELLER00";
const MODEL: &str = include_str!("models/listings_items.json");
const ALL: &str = "summaries,attributes,issues,offers,fulfillmentAvailability,relationships,\
                   productTypes";

/// Calls North America when the bucket has a call.
async fn ask(caller: &Caller, target: &str) -> Heard {
    tokio::time::advance(Duration::from_secs(1)).await;
    caller.get(Region::Na, target).await
}

/// A SKU as a segment of a path, or in a query.
fn escaped(sku: &str) -> String {
    sku.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The rows of the listings report of the United States, as maps from columns to cells.
async fn report(caller: &Caller) -> Vec<BTreeMap<String, String>> {
    let (_, document) = caller.document(Region::Na, wish(LISTINGS, US)).await;
    let text = String::from_utf8(unzipped(&document.body)).unwrap();
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned));
    let header: Vec<String> = lines.next().unwrap().collect();
    lines.map(|row| header.iter().cloned().zip(row).collect()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_item_says_what_the_listings_report_says() {
    let caller = Caller::new().await;
    let rows = report(&caller).await;
    for row in rows.iter().take(60) {
        let sku = &row["seller-sku"];
        let target = format!("{ITEMS}/{}?marketplaceIds={US}&includedData={ALL}", escaped(sku));
        let answer = ask(&caller, &target).await;
        assert_eq!(answer.status, StatusCode::OK, "{sku}");
        let item = answer.json();
        assert_follows(MODEL, "Item", &item);
        assert_eq!(item["sku"], *sku);
        let summary = &item["summaries"][0];
        assert_eq!(summary["asin"], row["asin1"]);
        assert_eq!(summary["itemName"], row["item-name"]);
        let is_active = row["status"] == "Active";
        assert_eq!(summary["status"] != json!([]), is_active);
        assert_eq!(item["issues"] == json!([]), is_active);
        if is_active {
            assert_eq!(item["offers"][0]["price"]["amount"], row["price"]);
        }
        let availability = &item["fulfillmentAvailability"][0];
        assert_eq!(availability["fulfillmentChannelCode"], row["fulfillment-channel"]);
        let quantity = availability.get("quantity").map_or(String::new(), Value::to_string);
        assert_eq!(quantity, row["quantity"], "{sku}");
    }
    assert!(rows.iter().take(60).any(|row| row["status"] == "Inactive"));
    assert!(rows.iter().take(60).any(|row| row["seller-sku"].contains(" +MFN")));
}

#[tokio::test(start_paused = true)]
async fn an_item_has_only_its_summaries_unless_more_is_asked_for() {
    let caller = Caller::new().await;
    let rows = report(&caller).await;
    let sku = escaped(&rows[0]["seller-sku"]);
    let canada = "A2EUQ1WTGCTBG2";
    let item = ask(&caller, &format!("{ITEMS}/{sku}?marketplaceIds={US},{canada}")).await.json();
    assert_eq!(item.as_object().unwrap().keys().collect::<Vec<_>>(), ["sku", "summaries"]);
    let places: Vec<&Value> =
        item["summaries"].as_array().unwrap().iter().map(|it| &it["marketplaceId"]).collect();
    assert!(!places.is_empty() && places.iter().all(|it| **it == US || **it == canada));
}

#[tokio::test(start_paused = true)]
async fn wrong_and_unknown_things_are_told_apart() {
    let caller = Caller::new().await;
    let sku = escaped(&report(&caller).await[0]["seller-sku"]);
    let elsewhere = ITEMS.replace("A1DEMOSELLER00", "A1OTHER");
    let cases = [
        (format!("{ITEMS}/{sku}"), 400),
        (format!("{ITEMS}/{sku}?marketplaceIds={US}&includedData=prices"), 400),
        (format!("{ITEMS}/{sku}?marketplaceIds={DE}"), 403),
        (format!("{elsewhere}/{sku}?marketplaceIds={US}"), 403),
        (format!("{ITEMS}/XX-99999-Red?marketplaceIds={US}"), 404),
        (format!("{ITEMS}/{sku}?marketplaceIds={US}&color=red"), 501),
        (format!("{ITEMS}?marketplaceIds={US}&pageSize=21"), 400),
        (format!("{ITEMS}?marketplaceIds={US}&identifiers=A"), 400),
        (format!("{ITEMS}?marketplaceIds={US}&pageToken=abc"), 400),
        (format!("{ITEMS}?marketplaceIds={US}&withStatus=ACTIVE"), 400),
    ];
    for (target, status) in cases {
        assert_eq!(ask(&caller, &target).await.status.as_u16(), status, "{target}");
    }
    let missing = ask(&caller, &format!("{ITEMS}/XX-99999-Red?marketplaceIds={US}")).await;
    let error = &missing.json()["errors"][0];
    assert_eq!(error["code"], "NOT_FOUND");
    assert_eq!(error["message"], format!("SKU 'XX-99999-Red' not found in marketplace {US}"));
}

#[tokio::test(start_paused = true)]
async fn a_search_has_every_listing_once_newest_change_first() {
    let caller = Caller::new().await;
    let expected: BTreeSet<String> =
        report(&caller).await.into_iter().map(|row| row["seller-sku"].clone()).collect();
    let query = format!("{ITEMS}?marketplaceIds={US}&pageSize=20");
    let (mut items, mut next) = (Vec::new(), String::new());
    loop {
        let page = ask(&caller, &format!("{query}{next}")).await.json();
        assert_follows(MODEL, "ItemSearchResults", &page);
        assert_eq!(page["numberOfResults"], expected.len());
        items.extend(page["items"].as_array().unwrap().clone());
        let Some(token) = page["pagination"].get("nextToken") else { break };
        next = format!("&pageToken={}", encoded(token));
    }
    let skus: Vec<String> = items.iter().map(|it| it["sku"].as_str().unwrap().to_owned()).collect();
    assert_eq!(skus.len(), expected.len());
    assert_eq!(skus.iter().cloned().collect::<BTreeSet<_>>(), expected);
    let changes: Vec<&str> =
        items.iter().map(|it| it["summaries"][0]["lastUpdatedDate"].as_str().unwrap()).collect();
    assert!(changes.is_sorted_by(|one, other| one >= other));
}

#[tokio::test(start_paused = true)]
async fn filters_keep_what_they_name() {
    let caller = Caller::new().await;
    let rows = report(&caller).await;
    let count = |status: &str| rows.iter().filter(|row| row["status"] == status).count();
    let (sku, asin) = (escaped(&rows[4]["seller-sku"]), &rows[4]["asin1"]);
    let same = rows.iter().filter(|row| row["asin1"] == *asin).count();
    let cases = [
        ("withStatus=BUYABLE".to_owned(), count("Active")),
        ("withoutStatus=BUYABLE".to_owned(), count("Inactive")),
        ("withIssueSeverity=ERROR".to_owned(), count("Inactive")),
        ("withIssueSeverity=WARNING".to_owned(), 0),
        (format!("identifiersType=SKU&identifiers={sku},XX-1"), 1),
        (format!("identifiersType=ASIN&identifiers={asin}"), same),
        ("lastUpdatedAfter=2026-11-21T00:00:00Z".to_owned(), 0),
    ];
    for (filter, expected) in cases {
        let answer = ask(&caller, &format!("{ITEMS}?marketplaceIds={US}&{filter}")).await.json();
        assert_eq!(answer["numberOfResults"], expected, "{filter}");
    }
}
