//! What is read item by item after the listings: the catalogue with the parents of variations, and the
//! seller's own offers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use support::{Emulator, Extracted, Folder, tap};

/// Extracts streams of the emulator's seller in the United States.
fn extract(folder: &Folder, emulator: &Emulator, streams: &str) -> Extracted {
    let settings = json!({"marketplaces": "US", "seller_id": "A1DEMOSELLER00"});
    let config = folder.file("config.json", emulator.tap_config(settings));
    tap(&["--config", config.to_str().unwrap(), "--streams", streams])
}

/// Amazon with a few products and these faults.
fn amazon(folder: &Folder, faults: &Value) -> Emulator {
    let script = folder.file("faults.json", json!({"faults": faults}).to_string());
    let size = ["--asins", "21", "--orders", "10", "--faults", script.to_str().unwrap()];
    Emulator::start(folder, &size)
}

/// The texts of a member of records.
fn texts<'a>(records: &[&'a Value], member: &str) -> BTreeSet<&'a str> {
    records.iter().filter_map(|record| record[member].as_str()).collect()
}

#[test]
fn a_parent_that_no_listing_names_is_read_because_its_children_name_it() {
    let folder = Folder::new();
    let emulator = amazon(&folder, &json!([]));
    let run = extract(&folder, &emulator, "products_inventory,product_catalog").succeeded();
    let items = run.records("product_catalog");
    let by_asin: BTreeMap<_, _> =
        items.iter().map(|item| (item["asin"].as_str().unwrap(), *item)).collect();
    let listed = texts(&run.records("products_inventory"), "asin1");
    let unlisted: Vec<_> = by_asin.keys().filter(|asin| !listed.contains(**asin)).collect();
    assert_eq!(unlisted.len(), 3, "one parent in each family of seven");
    for asin in unlisted {
        let parent = by_asin[asin];
        let summary = &parent["summaries"][0];
        assert_eq!(summary["itemClassification"], "VARIATION_PARENT");
        assert_eq!(parent["identifiers"][0]["identifiers"], json!([]));
        let model = summary["modelNumber"].as_str().unwrap();
        assert_eq!(parent["attributes"]["model_number"][0]["value"], model);
        let relationship = &parent["relationships"][0]["relationships"][0];
        let theme = json!({"attributes": ["color", "size"], "theme": "SIZE_NAME/COLOR_NAME"});
        assert_eq!(relationship["variationTheme"], theme);
        let children = relationship["childAsins"].as_array().unwrap().iter();
        let children: BTreeSet<_> = children.map(|asin| asin.as_str().unwrap()).collect();
        assert_eq!(children.len(), 5);
        for child in children {
            let child = by_asin[child];
            let parents = &child["relationships"][0]["relationships"][0]["parentAsins"];
            assert_eq!(*parents, json!([asin]));
            assert_ne!(child["summaries"][0]["modelNumber"], model);
        }
    }
}

const OFFERS: &str = "products_inventory,product_details";

#[test]
fn offers_are_read_whatever_signs_are_in_their_sku() {
    let folder = Folder::new();
    let emulator = amazon(&folder, &json!([]));
    let run = extract(&folder, &emulator, OFFERS).succeeded();
    let (listings, offers) = (run.records("products_inventory"), run.records("product_details"));
    let skus = texts(&offers, "sku");
    assert_eq!(skus, texts(&listings, "seller-sku"));
    assert_eq!(offers.len(), listings.len());
    for sign in ['/', ' ', '+'] {
        assert!(skus.iter().any(|sku| sku.contains(sign)), "no SKU has {sign:?}: {skus:?}");
    }
    let by_sku: BTreeMap<_, _> =
        listings.iter().map(|it| (it["seller-sku"].as_str().unwrap(), &it["asin1"])).collect();
    for offer in offers {
        let own = &offer["summaries"][0];
        assert_eq!(own["asin"], *by_sku[offer["sku"].as_str().unwrap()], "{offer}");
        assert_eq!(offer["marketplace_id"], "ATVPDKIKX0DER");
    }
}

#[test]
fn an_offer_that_is_gone_is_no_failure_and_one_that_is_refused_keeps_no_other_from_being_read() {
    let folder = Folder::new();
    let fault = |status: u16| json!([{"operation": "getListingsItem", "status": status, "when": {"calls": [3]}}]);
    let emulator = amazon(&folder, &fault(404));
    let run = extract(&folder, &emulator, OFFERS).succeeded();
    let listed = run.records("products_inventory").len();
    assert_eq!(run.records("product_details").len(), listed - 1);
    let said = "product_details: US: 1 SKUs of the listings are gone";
    assert!(run.stderr().contains(said), "{}", run.stderr());

    let folder = Folder::new();
    let emulator = amazon(&folder, &fault(400));
    let run = extract(&folder, &emulator, OFFERS);
    assert_eq!(run.code(), Some(1));
    assert_eq!(run.records("product_details").len(), listed - 1);
    let said =
        format!("product_details: US: 1 of {listed} SKUs: getListingsItem: refused with 400");
    assert!(run.stderr().contains(&said), "{}", run.stderr());
}
