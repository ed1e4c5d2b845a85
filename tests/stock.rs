//! Stock from Amazon's lists: FBA inventory by its API, and the distribution centres.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use support::{Emulator, Extracted, Folder, printed, program, tap};

/// Extracts one stream, without some of its properties.
fn extract(
    folder: &Folder,
    emulator: &Emulator,
    settings: Value,
    stream: &str,
    deselected: &[&str],
) -> Extracted {
    let config = folder.file("config.json", emulator.tap_config(settings));
    let config = config.to_str().unwrap();
    let mut discover = program("tap-amazon-seller");
    discover.args(["--config", config, "--discover", "--streams", stream]);
    let mut catalog: Value = serde_json::from_str(&printed(&discover.output().unwrap())).unwrap();
    let metadata = catalog["streams"][0]["metadata"].as_array_mut().unwrap();
    for property in deselected {
        let breadcrumb = json!(["properties", property]);
        metadata.retain(|entry| entry["breadcrumb"] != breadcrumb);
        metadata.push(json!({"breadcrumb": breadcrumb, "metadata": {"selected": false}}));
    }
    let catalog = folder.file("catalog.json", catalog.to_string());
    tap(&["--config", config, "--catalog", catalog.to_str().unwrap()])
}

/// How many things each answer of an operation held, in the order of the calls.
fn pages(emulator: &Emulator, operation: &str) -> Vec<u64> {
    let journal = emulator.journal().into_iter();
    let good = journal.filter(|call| call["operation"] == operation && call["status"] == 200);
    good.map(|call| call["detail"]["items"].as_u64().unwrap()).collect()
}

/// The properties that a stream's schema declares.
fn declared(extracted: &Extracted, stream: &str) -> BTreeSet<String> {
    let is_schema = |message: &&Value| message["type"] == "SCHEMA" && message["stream"] == stream;
    let schema = extracted.messages.iter().find(is_schema).unwrap();
    schema["schema"]["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn fba_inventory_of_the_api_is_all_of_its_pages_and_agrees_with_the_report() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--asins", "140", "--orders", "10"]);
    let stream = "warehouse_inventory";
    let source =
        json!({"marketplaces": "US", "streams": {"warehouse_inventory": {"source": "api"}}});
    let api = extract(&folder, &emulator, source, stream, &["productName"]).succeeded();
    let records = api.records(stream);
    let pages = pages(&emulator, "getInventorySummaries");
    assert_eq!(pages.len(), 2, "{pages:?}");
    assert_eq!((pages[0], pages.iter().sum::<u64>()), (50, records.len() as u64));
    assert!(!declared(&api, stream).contains("productName"));
    assert!(records.iter().all(|record| record.get("productName").is_none()));
    assert!(
        records.iter().all(|record| record["inventoryDetails"]["fulfillableQuantity"].is_u64())
    );

    // Stock changes at the full hour, so only what is stocked is compared.
    let report =
        extract(&folder, &emulator, json!({"marketplaces": "US"}), stream, &[]).succeeded();
    let by_sku = |extracted: &Extracted| -> BTreeMap<String, String> {
        let of = |record: &&Value| (record["sellerSku"].to_string(), record["asin"].to_string());
        extracted.records(stream).iter().map(of).collect()
    };
    let api = by_sku(&api);
    assert_eq!(api.len(), records.len(), "a SKU came twice");
    assert_eq!(api, by_sku(&report));
}

#[test]
fn stock_of_distribution_centres_goes_on_after_an_empty_page_and_is_asked_of_north_america_alone() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--asins", "1500", "--orders", "10"]);
    let stream = "awd_inventory";
    let settings = json!({"marketplaces": "US,DE"});
    let run = extract(&folder, &emulator, settings, stream, &["expirationDetails"]).succeeded();
    let records = run.records(stream);
    let pages = pages(&emulator, "listInventory");
    assert_eq!(pages.len(), 3, "{pages:?}");
    assert_eq!((pages[0], pages[1], pages.iter().sum::<u64>()), (200, 0, records.len() as u64));
    let skus: BTreeSet<_> = records.iter().map(|record| record["sku"].as_str().unwrap()).collect();
    assert_eq!(skus.len(), records.len(), "a SKU came twice");
    assert!(!declared(&run, stream).contains("expirationDetails"));
    for record in records {
        let details = &record["inventoryDetails"];
        let quantity = |member: &str| details[member].as_u64().unwrap();
        let both =
            quantity("availableDistributableQuantity") + quantity("reservedDistributableQuantity");
        assert_eq!(record["totalOnhandQuantity"], both, "{record}");
        assert_eq!(record.get("expirationDetails"), None);
    }
    let journal = emulator.journal();
    let asked = journal.iter().filter(|call| call["operation"] == "listInventory");
    assert!(asked.clone().all(|call| call["service"] == "na"));
}
