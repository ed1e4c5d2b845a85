//! What the tap writes: catalog, schemas, records and states.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use support::{Emulator, Folder, days_ago, fed, program, root, tap};

#[test]
fn discover_prints_the_committed_catalog_and_needs_nothing() {
    let arguments = ["--discover", "--state", "/nowhere.json"];
    let printed = program("tap-amazon-seller").args(arguments).output().unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let committed = std::fs::read_to_string(root().join("catalogs/amazon-seller.json")).unwrap();
    assert_eq!(
        String::from_utf8(printed.stdout).unwrap(),
        committed,
        "run: cargo run -p tap-amazon-seller -- --discover > catalogs/amazon-seller.json"
    );
}

#[test]
fn discover_does_not_pass_over_a_configuration_that_cannot_be_read() {
    // It may name reports of its own, which would be missing without a word.
    let arguments = ["--discover", "--config", "/nowhere/at/all.json"];
    let printed = program("tap-amazon-seller").args(arguments).output().unwrap();
    assert_eq!(printed.status.code(), Some(2));
    assert!(printed.stdout.is_empty());
    assert!(String::from_utf8_lossy(&printed.stderr).contains("/nowhere/at/all.json"));
}

#[test]
fn every_stream_has_records_that_fit_its_schema_and_another_program_agrees() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--asins", "60", "--orders", "800"]);
    let settings = json!({"marketplaces": ["US", "GB", "JP"], "include_pii": true,
        "seller_id": "A1DEMOSELLER00"});
    let config = folder.file("config.json", emulator.tap_config(settings));
    let catalog: Value = serde_json::from_str(
        &std::fs::read_to_string(root().join("catalogs/amazon-seller.json")).unwrap(),
    )
    .unwrap();
    let name = |entry: &Value| entry["stream"].as_str().unwrap().to_owned();
    // A seller has no access to what vendors have; their streams are seen elsewhere.
    let streams = catalog["streams"].as_array().unwrap().iter();
    let streams: Vec<_> = streams.filter(|entry| !name(entry).starts_with("vendor_")).collect();
    let names: Vec<_> = streams.iter().map(|entry| name(entry)).collect();
    let arguments = ["--config", config.to_str().unwrap(), "--streams", &names.join(",")];
    let extracted = tap(&arguments).succeeded();
    for entry in streams {
        let stream = entry["stream"].as_str().unwrap();
        let records = extracted.records(stream);
        assert!(!records.is_empty(), "{stream}: no records");
        let keys: Vec<&str> = entry["key_properties"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key.as_str().unwrap())
            .collect();
        for record in records {
            for key in &keys {
                assert!(!record[key].is_null(), "{stream}: {key} of a record is null");
            }
        }
    }

    let check = std::env::var("SINGER_CHECK_TAP")
        .expect("SINGER_CHECK_TAP names singer-check-tap of the package singer-tools; ./test.sh installs it");
    let mut check = std::process::Command::new(check);
    // It leaves a folder where it runs.
    check.current_dir(folder.path(""));
    let checked = fed(check, &extracted.output.stdout);
    let said = String::from_utf8_lossy(&checked.stderr).into_owned()
        + &String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{said}");
    assert!(said.contains("The output is valid"), "{said}");
}

#[test]
fn a_run_without_a_catalog_extracts_each_key_once() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--asins", "60", "--orders", "50"]);
    let config =
        folder.file("config.json", emulator.tap_config(json!({"marketplaces": ["US", "DE"]})));
    let streams = "products_inventory,warehouse_inventory,product_catalog,marketplaces";
    let extracted = tap(&["--config", config.to_str().unwrap(), "--streams", streams]).succeeded();
    for (stream, keys) in [
        ("products_inventory", ["marketplace_id", "listing-id"]),
        ("warehouse_inventory", ["marketplace_id", "sellerSku"]),
        ("product_catalog", ["marketplace_id", "asin"]),
        ("marketplaces", ["id", "id"]),
    ] {
        let records = extracted.records(stream);
        let distinct: BTreeSet<_> = records
            .iter()
            .map(|record| (record[keys[0]].to_string(), record[keys[1]].to_string()))
            .collect();
        assert_eq!(distinct.len(), records.len(), "{stream}");
    }
}

#[test]
fn the_parents_of_the_listed_items_are_in_the_catalog_too() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--asins", "60"]);
    let config = folder.file("config.json", emulator.tap_config(json!({"marketplaces": "US"})));
    let arguments =
        ["--config", config.to_str().unwrap(), "--streams", "product_catalog,products_inventory"];
    let extracted = tap(&arguments).succeeded();
    let items: BTreeSet<_> = extracted
        .records("product_catalog")
        .iter()
        .map(|item| item["asin"].as_str().unwrap())
        .collect();
    let listed: BTreeSet<_> = extracted
        .records("products_inventory")
        .iter()
        .filter_map(|listing| listing["asin1"].as_str())
        .collect();
    assert!(items.is_superset(&listed), "{:?}", listed.difference(&items));
    for item in extracted.records("product_catalog") {
        for relationship in
            item["relationships"][0]["relationships"].as_array().into_iter().flatten()
        {
            for parent in relationship["parentAsins"].as_array().into_iter().flatten() {
                assert!(items.contains(parent.as_str().unwrap()), "{parent} is missing");
            }
        }
    }
    // One call for twenty items, and no more.
    let calls = emulator.calls()["searchCatalogItems"];
    assert!(calls <= items.len().div_ceil(20) + 2, "{calls} calls for {} items", items.len());
}

#[test]
fn what_is_not_selected_is_neither_asked_for_nor_written() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--asins", "30"]);
    let config = folder.file("config.json", emulator.tap_config(json!({"marketplaces": "US"})));
    let catalog = json!({"streams": [
        {"tap_stream_id": "product_catalog", "stream": "product_catalog", "schema": {}, "metadata": [
            {"breadcrumb": [], "metadata": {"selected": true}},
            {"breadcrumb": ["properties", "images"], "metadata": {"selected": false}},
            {"breadcrumb": ["properties", "salesRanks"], "metadata": {"selected": "false"}},
        ]},
        {"tap_stream_id": "no_such_stream", "stream": "no_such_stream", "schema": {},
            "metadata": [{"breadcrumb": [], "metadata": {"selected": true}}]},
    ]});
    let catalog = folder.file("catalog.json", catalog.to_string());
    let extracted =
        tap(&["--config", config.to_str().unwrap(), "--catalog", catalog.to_str().unwrap()])
            .succeeded();
    assert!(extracted.stderr().contains("no_such_stream"), "{}", extracted.stderr());
    assert_eq!(extracted.records("products_inventory").len(), 0);
    let items = extracted.records("product_catalog");
    assert!(!items.is_empty());
    for item in items {
        assert!(item.get("summaries").is_some());
        assert!(item.get("images").is_none() && item.get("salesRanks").is_none());
    }
    let schema = extracted.messages.iter().find(|message| message["type"] == "SCHEMA").unwrap();
    assert!(schema["schema"]["properties"].get("images").is_none());
    // The listings are read for their ASINs, and only they.
    assert_eq!(emulator.calls()["createReport"], 1);
}

#[test]
fn the_next_run_goes_on_where_the_state_says() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--asins", "30", "--orders", "100"]);
    let run = |settings: Value, state: &[&str]| {
        let config = folder.file("config.json", emulator.tap_config(settings));
        let arguments = ["--config", config.to_str().unwrap(), "--streams", "orders,order_items"];
        tap(&[&arguments[..], state].concat()).succeeded()
    };
    let first = run(json!({"marketplaces": "US", "end_date": days_ago(1)}), &[]);
    let bookmark = &first.state()["bookmarks"]["orders"];
    assert_eq!(bookmark["replication_key"], "LastUpdateDate");
    assert_eq!(bookmark["replication_key_value"], bookmark["cursor"]["na"]["until"]);
    assert_eq!(first.state()["bookmarks"]["order_items"]["cursor"], bookmark["cursor"]);

    let state = folder.file("state.json", first.state().to_string());
    let before = emulator.journal().len();
    run(json!({"marketplaces": "US"}), &["--state", state.to_str().unwrap()]);
    let windows: Vec<Value> = emulator.journal()[before..]
        .iter()
        .filter(|entry| entry["operation"] == "createReport")
        .map(|entry| entry["detail"].clone())
        .collect();
    let until = bookmark["cursor"]["na"]["until"].as_str().unwrap();
    let begins: Vec<_> = windows.iter().map(|window| &window["dataStartTime"]).collect();
    assert_eq!(begins, [until], "{windows:?}");
}

#[test]
fn a_program_describes_itself() {
    let about = program("tap-amazon-seller").args(["--about", "--format=json"]).output().unwrap();
    let about: Value = serde_json::from_slice(&about.stdout).unwrap();
    assert_eq!(about["name"], "tap-amazon-seller");
    assert_eq!(about["settings"]["properties"]["refresh_token"]["secret"], true);
    assert!(about["supported_streams"].as_array().unwrap().contains(&json!("orders")));
}
