//! Dresses against the tables that they are made of, and records against both.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::streams::Roster;

fn all() -> Vec<&'static Dress> {
    let mut all = hotglue(ListingColumns::Underscores);
    all.extend(hotglue(ListingColumns::Dashes));
    all
}

fn dress(name: &str) -> &'static Dress {
    all().into_iter().find(|dress| dress.name == name).unwrap()
}

fn made_of(dress: &Dress) -> Option<&'static str> {
    match dress.of {
        Made::Of(name) | Made::From(name, _) => Some(name),
        Made::Pages(..) => None,
    }
}

fn properties(schema: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(schema).unwrap();
    schema["properties"].as_object().unwrap().keys().cloned().collect()
}

fn worn(name: &str, record: &Value) -> Value {
    let origin = Origin {
        report_id: "R1".to_owned(),
        until: Some("2026-11-02T00:00:00Z".parse().unwrap()),
        extracted_at: Some("2026-11-03T04:05:06.789Z".parse().unwrap()),
    };
    let fit = Fit::new(dress(name)).unwrap();
    serde_json::from_slice(&fit.dress(record.to_string().as_bytes(), &origin).unwrap()).unwrap()
}

#[test]
fn every_dress_is_made_of_a_stream_of_the_table_and_names_its_own_properties() {
    let table = Roster::table();
    for dress in all() {
        assert!(made_of(dress).is_none_or(|of| table.find(of).is_some()), "{}", dress.name);
        let own: BTreeSet<_> = properties(dress.schema).into_iter().collect();
        for name in dress.keys.iter().chain(dress.members.iter().map(|(name, _)| name)) {
            assert!(own.contains(*name), "{}: {name}", dress.name);
        }
    }
    let names: BTreeSet<_> = hotglue(ListingColumns::Dashes).iter().map(|it| it.name).collect();
    assert_eq!(names.len(), hotglue(ListingColumns::Dashes).len());
}

#[test]
fn every_property_that_a_dress_takes_from_a_flat_stream_is_one_of_it() {
    let table = Roster::table();
    for dress in all() {
        let Made::Of(of) = dress.of else { continue };
        let own = properties(table.find(of).unwrap().schema);
        for (name, from) in dress.members {
            let top = from.top();
            assert!(top.is_none_or(|top| own.iter().any(|it| it == top)), "{}: {name}", dress.name);
        }
    }
}

#[test]
fn listings_have_the_columns_that_are_configured() {
    let record = json!({"marketplace_id": "ATVPDKIKX0DER", "listing-id": "L1", "price": 19.90,
        "fulfillment-channel": "DEFAULT", "something-new": "x"});
    let expected = json!({"marketplace_id": "US", "listing_id": "L1", "price": "19.9",
        "fulfilment_channel": "DEFAULT"});
    assert_eq!(worn("products_inventory", &record), expected);
    let dashes = hotglue(ListingColumns::Dashes);
    let dashes = dashes.into_iter().find(|dress| dress.name == "products_inventory").unwrap();
    assert_eq!(dashes.keys, ["listing-id"]);
    let text = Fit::new(dashes).unwrap();
    let text = text.dress(br#"{"listing-id":"L1","price":19.90}"#, &Origin::default()).unwrap();
    // Every digit stays, as text.
    assert_eq!(text, br#"{"listing-id":"L1","price":"19.90"}"#);
}

#[test]
fn a_ledger_row_carries_the_end_of_its_window_and_a_moment_for_its_day() {
    let record = json!({"marketplace_id": "A1PA6795UKMFR9", "Date": "2026-11-01", "Quantity": -3,
        "Date and Time": null, "_row_hash": "h"});
    assert_eq!(
        worn("fba_inventory_ledger_detailed", &record),
        json!({"Date": "2026-11-01T00:00:00Z", "Quantity": "-3", "Date and Time": null,
            "report_end_date": "2026-11-02T00:00:00Z"})
    );
    assert_eq!(
        worn("reports", &record),
        json!({"Date": "2026-11-01T00:00:00Z", "Quantity": "-3", "reportId": "R1",
            "marketplaceIds": ["A1PA6795UKMFR9"]})
    );
}

#[test]
fn what_a_type_does_not_allow_goes_out_as_text() {
    let record = json!({"marketplace_id": "ATVPDKIKX0DER", "asin": "B01",
        "identifiers": [{"marketplaceId": "ATVPDKIKX0DER"}], "attributes": {"size": ["L"]}});
    assert_eq!(
        worn("product_details", &record),
        json!({"marketplace_id": "US", "ASIN": "B01",
            "Identifiers": r#"[{"marketplaceId":"ATVPDKIKX0DER"}]"#,
            "AttributeSets": [{"size": ["L"]}]})
    );
}

#[test]
fn only_what_a_selected_property_is_made_of_is_needed() {
    let fit = Fit::new(dress("product_catalog_details")).unwrap();
    assert!(fit.needs("asin", |_| true) && fit.needs("attributes", |_| true));
    assert!(!fit.needs("images", |_| true));
    assert!(!fit.needs("attributes", |name| name != "attributes"));
}

#[test]
fn what_is_no_record_is_named_by_its_place_and_not_repeated() {
    let fit = Fit::new(dress("marketplaces")).unwrap();
    let error = fit.dress(br#"["secret"]"#, &Origin::default()).unwrap_err().to_string();
    assert_eq!(
        error,
        "a record of marketplaces cannot take the shape of another tap: another type was expected at column 0"
    );
}

#[test]
fn money_is_text_and_lines_have_only_the_members_that_they_have_there() {
    let record = json!({"AmazonOrderId": "111", "region": "na", "OrderItems": [
        {"ASIN": "B01", "OrderItemKey": "1", "IsGift": false, "QuantityOrdered": 2,
         "ItemPrice": {"CurrencyCode": "USD", "Amount": 39.8}, "product": {"asin": "B01"}}]});
    assert_eq!(
        worn("orderitems", &record),
        json!({"AmazonOrderId": "111", "OrderItems": [
            {"ASIN": "B01", "IsGift": "false", "QuantityOrdered": 2,
             "ItemPrice": {"CurrencyCode": "USD", "Amount": "39.8"}}]})
    );
    let record =
        json!({"AmazonOrderId": "111", "OrderTotal": {"CurrencyCode": "USD", "Amount": 1}});
    let total = &worn("orders", &record)["OrderTotal"];
    assert_eq!(total, &json!({"CurrencyCode": "USD", "Amount": "1"}));
}
