//! The main job: catalogue data from Amazon arrives in Plytix, once, and for few requests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use support::{Emulator, Folder, amazon_to_plytix, root, tap};

/// Calls of each Plytix operation in a part of the journal, as far as Plytix let them pass: what came
/// too early did nothing.
fn plytix_calls(journal: &[Value]) -> BTreeMap<&str, usize> {
    let mut calls = BTreeMap::new();
    for entry in journal {
        if entry["service"].as_str().unwrap().starts_with("plytix") && entry["status"] != 429 {
            *calls.entry(entry["operation"].as_str().unwrap()).or_default() += 1;
        }
    }
    calls
}

#[test]
fn products_arrive_once_and_a_second_run_writes_nothing() {
    let folder = Folder::new();
    // So fast that no limit is reached, unless this machine holds the emulator still for a moment.
    let emulator = Emulator::at_speed(&folder, "100000", &["--asins", "120"]);
    let amazon = folder
        .file("amazon.json", emulator.tap_config(json!({"marketplaces": ["US", "DE", "JP"]})));
    let phases = json!({"phases": ["products", "family"]});
    let plytix = folder.file("plytix.json", emulator.plytix_config(phases));
    let selection = root().join("catalogs/plytix-sync.json");
    let tap_arguments =
        ["--config", amazon.to_str().unwrap(), "--catalog", selection.to_str().unwrap()];
    let target_arguments = ["--config", plytix.to_str().unwrap()];

    // What the tap has to say, to know what should arrive.
    let items = tap(&tap_arguments).succeeded();
    let products: BTreeSet<_> = items
        .records("product_catalog")
        .iter()
        .map(|item| (item["marketplace_id"].to_string(), item["asin"].to_string()))
        .collect();
    let before = emulator.journal().len();

    let (tap, target) = amazon_to_plytix(&tap_arguments, &target_arguments);
    assert!(tap.status.success(), "{}", String::from_utf8_lossy(&tap.stderr));
    assert!(target.status.success(), "{}", String::from_utf8_lossy(&target.stderr));
    let journal = emulator.journal();
    let refused: Vec<_> = journal[before..]
        .iter()
        .filter(|entry| !matches!(entry["status"].as_u64(), Some(200..=299 | 429)))
        .collect();
    assert!(refused.is_empty(), "some requests were refused: {refused:?}");
    let calls = plytix_calls(&journal[before..]);
    assert_eq!(calls["createProduct"], products.len(), "{calls:?}");
    assert_eq!(calls["assignFamily"], products.len(), "{calls:?}");
    assert_eq!(calls.get("updateProduct"), None, "{calls:?}");
    assert_eq!(calls["searchProducts"], products.len().div_ceil(100), "{calls:?}");
    assert_eq!(calls["getToken"], 1, "{calls:?}");

    let states = String::from_utf8(target.stdout).unwrap();
    let state = folder.file("state.json", states.lines().last().unwrap());
    let before = journal.len();
    let again = [&tap_arguments[..], &["--state", state.to_str().unwrap()]].concat();
    let (tap, target) = amazon_to_plytix(&again, &target_arguments);
    assert!(tap.status.success(), "{}", String::from_utf8_lossy(&tap.stderr));
    assert!(target.status.success(), "{}", String::from_utf8_lossy(&target.stderr));
    let journal = emulator.journal();
    let calls = plytix_calls(&journal[before..]);
    for write in ["createProduct", "updateProduct", "assignFamily"] {
        assert_eq!(calls.get(write), None, "{calls:?}");
    }
    assert_eq!(calls["searchProducts"], products.len().div_ceil(100), "{calls:?}");
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_it_would_cost() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--asins", "40"]);
    let amazon = folder.file("amazon.json", emulator.tap_config(json!({"marketplaces": "US"})));
    let plytix = folder.file("plytix.json", emulator.plytix_config(json!({})));
    let (_, target) = amazon_to_plytix(
        &["--config", amazon.to_str().unwrap(), "--streams", "product_catalog,products_inventory"],
        &["--config", plytix.to_str().unwrap(), "--dry-run"],
    );
    let said = String::from_utf8_lossy(&target.stderr).into_owned();
    assert!(target.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&target.stdout), "", "a dry run makes no state true");
    let journal = emulator.journal();
    let calls = plytix_calls(&journal);
    for write in ["createProduct", "updateProduct", "assignFamily"] {
        assert_eq!(calls.get(write), None, "{calls:?}");
    }
    assert!(said.contains("create") && said.contains("requests"), "{said}");
}
