//! Nothing of an order is lost: every value in it is in one of the records.
//!
//! What may change on the way is the spelling of a few words, and where they change the value is kept in
//! the member that it comes from, but for the kind of an address.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;

/// Adds the texts and numbers in a value.
fn leaves(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Array(list) => list.iter().for_each(|it| leaves(it, found)),
        Value::Object(object) => object.values().for_each(|it| leaves(it, found)),
        leaf => {
            found.insert(leaf.to_string());
        }
    }
}

/// What of an order is in no record.
fn lost(order: &Value) -> Vec<String> {
    let (mut own, mut kept) = (BTreeSet::new(), BTreeSet::new());
    leaves(order, &mut own);
    for name in STREAMS {
        for record in records(name, &order.to_string()) {
            leaves(&record, &mut kept);
        }
    }
    own.difference(&kept).cloned().collect()
}

#[test]
fn every_member_of_amazons_model_is_in_a_record() {
    let order = serde_json::from_str(EVERY_MEMBER).unwrap();
    assert_eq!(lost(&order), [""; 0]);
}

#[test]
fn members_that_amazon_adds_are_announced_and_kept() {
    let order = r#"{"orderId":"1","newOfOrder":{"a":[1]},"buyer":{"newOfBuyer":2},
        "recipient":{"newOfRecipient":3},"orderItems":[{"orderItemId":"9","newOfItem":4}]}"#;
    for (name, property) in
        STREAMS.into_iter().zip(["newOfOrder", "newOfItem", "newOfBuyer", "newOfRecipient"])
    {
        let emitted = read_for(&Feed::all(stream(name)), order).unwrap();
        assert_eq!(emitted.properties, [property], "{name}");
        assert!(emitted.records[0].contains(&format!("\"{property}\":")), "{name}");
    }
    assert_eq!(lost(&serde_json::from_str(order).unwrap()), [""; 0]);
}

/// A change to the node at a place, counted as a walk meets them.
#[derive(Debug, Clone)]
enum Change {
    Removed,
    Nulled,
    Given(String),
}

/// Walks to a node and changes its members; what is left to count.
fn change(value: &mut Value, count: usize, how: &Change, number: usize) -> Result<(), usize> {
    let mut count = count;
    let children: Vec<&mut Value> = match value {
        Value::Object(object) => {
            if count == 0 {
                alter(object, how, number);
                return Ok(());
            }
            count -= 1;
            object.values_mut().collect()
        }
        Value::Array(list) => list.iter_mut().collect(),
        _ => return Err(count),
    };
    for child in children {
        match change(child, count, how, number) {
            Ok(()) => return Ok(()),
            Err(left) => count = left,
        }
    }
    Err(count)
}

fn alter(object: &mut Map<String, Value>, how: &Change, number: usize) {
    let names: Vec<_> = object.keys().cloned().collect();
    // Without its id nothing is a record.
    let name = names.get(number % names.len().max(1)).filter(|name| !name.ends_with("Id"));
    match (how, name) {
        (Change::Given(text), _) => {
            object.insert(format!("new{number}"), json!({"x": [text, number + 1000]}));
        }
        (Change::Removed, Some(name)) => drop(object.remove(name)),
        (Change::Nulled, Some(name)) => drop(object.insert(name.clone(), Value::Null)),
        (Change::Removed | Change::Nulled, None) => {}
    }
}

fn changes() -> impl Strategy<Value = Vec<(usize, usize, Change)>> {
    let how = prop_oneof![
        Just(Change::Removed),
        Just(Change::Nulled),
        "[a-z\"\\\\é\u{2028}]{1,8}".prop_map(Change::Given),
    ];
    prop::collection::vec((0..90_usize, 0..40_usize, how), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_amazon_leaves_out_or_adds_nothing_is_lost(changes in changes()) {
        let mut order: Value = serde_json::from_str(EVERY_MEMBER).unwrap();
        for (place, number, how) in &changes {
            let _ = change(&mut order, *place, how, *number);
        }
        prop_assert_eq!(lost(&order), [""; 0], "{}", order);
    }
}
