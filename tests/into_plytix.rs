//! What target-plytix does about records that somebody else's tap might send.

use std::process::Output;

use serde_json::{Value, json};

use support::{Emulator, Folder, fed, program};

const US: &str = "ATVPDKIKX0DER";

/// A stream of catalogue items with these members beside the key.
fn items(items: &[(&str, Value)]) -> String {
    let mut lines = vec![
        json!({"type": "SCHEMA", "stream": "product_catalog", "key_properties": ["marketplace_id", "asin"],
        "schema": {"type": "object", "properties": {"marketplace_id": {"type": "string"}, "asin": {"type": "string"}}}}),
    ];
    for (asin, members) in items {
        let mut record = json!({"marketplace_id": US, "asin": asin});
        record.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        lines.push(json!({"type": "RECORD", "stream": "product_catalog", "record": record}));
    }
    lines.push(json!({"type": "STATE", "value": {"n": items.len()}}));
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    lines.join("\n")
}

fn titled(title: &str) -> Value {
    json!({"summaries": [{"marketplaceId": US, "itemName": title}]})
}

fn load(folder: &Folder, emulator: &Emulator, messages: &str) -> Output {
    let config = folder.file("plytix.json", emulator.plytix_config(json!({})));
    let mut target = program("target-plytix");
    target.args(["--config", config.to_str().unwrap()]);
    fed(target, messages.as_bytes())
}

/// The statuses of one operation, in order.
fn statuses(emulator: &Emulator, operation: &str) -> Vec<u64> {
    let journal = emulator.journal();
    let of_operation = journal.iter().filter(|entry| entry["operation"] == operation);
    of_operation.map(|entry| entry["status"].as_u64().unwrap()).collect()
}

#[test]
fn a_record_that_plytix_refuses_is_named_and_the_others_arrive() {
    let folder = Folder::new();
    let emulator = Emulator::at_speed(&folder, "100000", &[]);
    let mapping = folder.file(
        "mapping.json",
        json!({"streams": {"product_catalog": {
            "sku": "AMZN-US-{asin}",
            "attributes": {
                "amazon_title": {"from": "summaries[].itemName", "write": "always"},
                "amazon_listing_status": {"from": "status", "write": "always"},
            },
        }}})
        .to_string(),
    );
    let settings = json!({"mapping": mapping.to_str().unwrap()});
    let config = folder.file("plytix.json", emulator.plytix_config(settings));
    let mut target = program("target-plytix");
    target.args(["--config", config.to_str().unwrap()]);
    let messages = items(&[
        ("B000000001", titled("One")),
        ("B000000002", json!({"status": "hunter2"})),
        ("B000000003", titled("Three")),
    ]);
    let output = fed(target, messages.as_bytes());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line =
        said.lines().find(|line| line.contains("AMZN-US-B000000002")).expect("a line about it");
    assert!(line.contains("WARNING") && line.contains("amazon_listing_status"), "{line}");
    assert!(!said.contains("hunter2"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(statuses(&emulator, "createProduct"), [201, 201]);
    // The record is bad for good; nothing is gained by sending it every night.
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"n\":3}\n");
}

#[test]
fn only_what_differs_is_written() {
    let folder = Folder::new();
    let emulator = Emulator::at_speed(&folder, "100000", &[]);
    let first = items(&[("B000000001", titled("One")), ("B000000002", titled("Two"))]);
    assert!(load(&folder, &emulator, &first).status.success());
    let second = items(&[("B000000001", titled("One")), ("B000000002", titled("Two, but better"))]);
    assert!(load(&folder, &emulator, &second).status.success());
    assert_eq!(statuses(&emulator, "createProduct"), [201, 201]);
    assert_eq!(statuses(&emulator, "assignFamily"), [200, 200]);
    assert_eq!(statuses(&emulator, "updateProduct"), [200]);
}

#[test]
fn the_last_record_of_a_key_wins_and_is_written_once() {
    let folder = Folder::new();
    let emulator = Emulator::at_speed(&folder, "100000", &[]);
    let twice = items(&[("B000000001", titled("Old")), ("B000000001", titled("New"))]);
    assert!(load(&folder, &emulator, &twice).status.success());
    assert_eq!(statuses(&emulator, "createProduct"), [201]);
    let once = items(&[("B000000001", titled("New"))]);
    assert!(load(&folder, &emulator, &once).status.success());
    assert_eq!(
        statuses(&emulator, "updateProduct"),
        [0_u64; 0],
        "what is there is not the last record"
    );
}

#[test]
fn plytix_own_pace_is_kept_and_its_refusals_lose_nothing() {
    let folder = Folder::new();
    // Twenty requests in half a second: the limits bind on a slow machine too, and the target is told a
    // plan far larger.
    let emulator = Emulator::at_speed(&folder, "20", &[]);
    let settings = json!({"requests_per_10_seconds": 400_000, "requests_per_hour": 100_000_000});
    let config = folder.file("plytix.json", emulator.plytix_config(settings));
    let mut target = program("target-plytix");
    target.args(["--config", config.to_str().unwrap()]);
    let asins: Vec<String> = (0..40).map(|number| format!("B{number:09}")).collect();
    let messages =
        items(&asins.iter().map(|asin| (asin.as_str(), titled(asin))).collect::<Vec<_>>());
    let output = fed(target, messages.as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let created = statuses(&emulator, "createProduct");
    assert_eq!(created.iter().filter(|status| **status == 201).count(), 40);
    assert!(
        emulator.journal().iter().any(|entry| entry["status"] == 429),
        "the limit was never reached, so this test shows nothing"
    );
}
