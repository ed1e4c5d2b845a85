//! Rows without an id: what tells them apart, and what stays the same when they are read again.

use proptest::prelude::*;

use super::*;
use crate::streams::{Headers, Report, Scope, Shape};

/// Movements of stock, which nothing identifies.
static MOVEMENTS: Stream = Stream {
    name: "movements",
    schema: r#"{"properties": {
        "_row_occurrence": {"type": "integer"}, "_row_hash": {"type": "string"},
        "sku": {"type": ["string", "null"]}, "quantity": {"type": ["integer", "null"]}
    }}"#,
    keys: &["_row_hash", "_row_occurrence"],
    source: SOURCE,
    ..NONE
};

/// Shipments, of which one order and SKU may have several in a second.
static SHIPMENTS: Stream = Stream {
    name: "shipments",
    schema: r#"{"properties": {
        "_row_occurrence": {"type": "integer"},
        "order": {"type": "string"}, "sku": {"type": "string"}
    }}"#,
    keys: &["order", "sku", "_row_occurrence"],
    source: SOURCE,
    ..NONE
};

pub(super) const NONE: Stream = Stream {
    name: "",
    schema: "{}",
    keys: &[],
    replication_key: None,
    selected_by_default: false,
    source: SOURCE,
};

pub(super) const SOURCE: Source = Source::Report {
    report: &Report {
        report_type: "GET_SOMETHING",
        options: &[],
        scope: Scope::Marketplace,
        regions: &crate::marketplace::Region::ALL,
        extraction: crate::streams::Extraction::Snapshot,
        lookback: chrono::TimeDelta::zero(),
        edges: crate::streams::Edges::Moments,
        regeneration: chrono::TimeDelta::zero(),
        roles: &[],
    },
    shape: Shape::Rows { columns: &[], headers: Headers::English },
};

fn records(stream: &'static Stream, document: &str) -> Vec<Value> {
    let mut emitted = Emitted::default();
    let loaded =
        load(document.as_bytes(), &facts("DE"), &[Feed::all(stream)], &mut emitted).unwrap();
    assert_eq!(loaded.records.get(stream.name).copied().unwrap_or(0), loaded.rows);
    emitted.records.into_iter().map(|(_, record)| record).collect()
}

/// The keys of records, in an order of their own.
fn keys(records: &[Value]) -> Vec<(String, u64)> {
    let key = |record: &Value| {
        let hash = record["_row_hash"].as_str().unwrap().to_owned();
        (hash, record["_row_occurrence"].as_u64().unwrap())
    };
    let mut keys: Vec<_> = records.iter().map(key).collect();
    keys.sort();
    keys
}

#[test]
fn equal_rows_are_numbered_and_none_is_lost() {
    let records = records(&MOVEMENTS, "sku\tquantity\nA\t1\nA\t2\nA\t1\nB\t1\nA\t1\n");
    let numbers: Vec<_> = records.iter().map(|record| &record["_row_occurrence"]).collect();
    assert_eq!(numbers, [&json!(1), &json!(1), &json!(2), &json!(1), &json!(3)]);
    assert_eq!(records[0]["_row_hash"], records[4]["_row_hash"]);
    assert_eq!(records[0]["_row_hash"].as_str().unwrap().len(), 32);
    assert_eq!((&records[3]["sku"], &records[3]["quantity"]), (&json!("B"), &json!(1)));
}

#[test]
fn without_a_hash_the_rows_of_the_other_keys_are_numbered() {
    let records = records(&SHIPMENTS, "order\tsku\tprice\n1\tA\t5\n1\tA\t6\n1\tB\t5\n1\tA\t5\n");
    let numbers: Vec<_> = records.iter().map(|record| record["_row_occurrence"].clone()).collect();
    assert_eq!(numbers, [json!(1), json!(2), json!(1), json!(3)]);
    assert_eq!(records[0].get("_row_hash"), None);
}

proptest! {
    #[test]
    fn a_window_that_is_read_again_in_another_order_has_the_same_keys(
        rows in proptest::collection::vec(("[AB]{0,1}", 0..3_u8), 0..30).prop_flat_map(|rows| {
            (Just(rows.clone()), Just(rows).prop_shuffle())
        })
    ) {
        let document = |rows: &[(String, u8)], ends: &str| {
            let rows = rows.iter().map(|(sku, count)| format!("{sku}\t{count}{ends}\n"));
            rows.collect::<String>()
        };
        let first = records(&MOVEMENTS, &format!("sku\tquantity\n{}", document(&rows.0, "")));
        // Amazon has got a new column since, which these rows do not fill.
        let again = format!("SKU\tquantity\tnew\n{}", document(&rows.1, "\t"));
        let again = records(&MOVEMENTS, &again);
        let keys = (keys(&first), keys(&again));
        prop_assert_eq!(&keys.0, &keys.1);
        let distinct: BTreeSet<_> = keys.0.iter().collect();
        prop_assert_eq!(distinct.len(), rows.0.len());
    }
}
