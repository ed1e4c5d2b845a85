//! In the place of hotglue's tap: its names, schemas and keys, from its configuration and its state.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use support::{Emulator, Folder, days_ago, fed, program, root, tap};

/// The streams that every version of that tap has.
const STREAMS: [&str; 24] = [
    "account",
    "afn_inventory_country",
    "awd_inventory",
    "fba_customer_shipment_sales",
    "fba_inventory_ledger_detailed",
    "marketplaces",
    "orderaddress",
    "orderbuyerinfo",
    "orderfinancialevents",
    "orderitems",
    "orders",
    "product_catalog_details",
    "product_details",
    "products_inventory",
    "replenishment_daily_metrics",
    "replenishment_offer_forecast",
    "replenishment_offer_metrics",
    "replenishment_rolling_metrics",
    "reports",
    "sales_traffic_report",
    "vendor_fulfilment_customer_invoices",
    "vendor_fulfilment_purchase_orders",
    "vendor_purchase_orders",
    "warehouse_inventory",
];

/// What `--discover` prints under a configuration.
fn discovered(settings: &Value) -> (String, Value) {
    let folder = Folder::new();
    let mut config = json!({"lwa_client_id": "x", "client_secret": "x", "refresh_token": "x"});
    config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let config = folder.file("config.json", config.to_string());
    let mut tap = program("tap-amazon-seller");
    let printed = tap.args(["--discover", "--config", config.to_str().unwrap()]).output().unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let text = String::from_utf8(printed.stdout).unwrap();
    let catalog = serde_json::from_str(&text).unwrap();
    (text, catalog)
}

#[test]
fn discover_prints_the_committed_catalog_with_all_of_its_streams() {
    let (text, catalog) = discovered(&json!({"compat": "hotglue"}));
    let committed = std::fs::read_to_string(root().join("catalogs/hotglue.json")).unwrap();
    assert!(text == committed, "run --discover with compat: hotglue > catalogs/hotglue.json");
    let streams = catalog["streams"].as_array().unwrap();
    let names: BTreeSet<_> = streams.iter().map(|it| it["stream"].as_str().unwrap()).collect();
    for stream in STREAMS {
        assert!(names.contains(stream), "{stream}");
    }
    for stream in streams {
        let name = stream["stream"].as_str().unwrap();
        let schema = root().join("schemas/hotglue").join(format!("{name}.json"));
        let schema: Value =
            serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
        assert_eq!(stream["schema"], schema, "{name}");
    }
}

#[test]
fn listings_have_dashes_where_the_flow_expects_them() {
    let (_, catalog) = discovered(&json!({"compat": "hotglue", "listing_columns": "dashes"}));
    let mut streams = catalog["streams"].as_array().unwrap().iter();
    let listings = streams.find(|it| it["stream"] == "products_inventory").unwrap();
    assert_eq!(listings["key_properties"], json!(["listing-id"]));
    assert!(listings["schema"]["properties"]["item-name"].is_object());
}

#[test]
fn records_fit_the_schemas_and_the_old_state_goes_on() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--asins", "20", "--orders", "60"]);
    let settings = json!({"compat": "hotglue", "marketplaces": "US, DE", "report_types": []});
    let config = folder.file("config.json", emulator.tap_config(settings));
    let noted = days_ago(300) + "T03:04:05Z";
    let state = json!({"bookmarks": {"orderitems": {"partitions": []}, "orders": {"partitions": [
        {"context": {"marketplace_id": "US"}, "replication_key": "LastUpdateDate",
         "replication_key_value": noted}]}}});
    let state = folder.file("state.json", state.to_string());
    let arguments = ["--config", config.to_str().unwrap(), "--state", state.to_str().unwrap()];
    let run = tap(&arguments).succeeded();

    let (_, catalog) = discovered(&json!({"compat": "hotglue"}));
    for stream in catalog["streams"].as_array().unwrap() {
        let name = stream["stream"].as_str().unwrap();
        let metadata = stream["metadata"].as_array().unwrap();
        if metadata.iter().any(|it| it["metadata"]["selected-by-default"] == true) {
            let records = run.records(name);
            assert!(!records.is_empty(), "{name}: no records");
            let known = stream["schema"]["properties"].as_object().unwrap();
            for (property, _) in records[0].as_object().unwrap() {
                assert!(known.contains_key(property), "{name}: {property}");
            }
        }
    }
    let orders = run.records("orders");
    assert!(orders.iter().any(|it| it["OrderTotal"]["Amount"].is_string()));
    let lines = run.records("orderitems");
    assert_eq!(lines.len(), orders.len());
    assert!(lines.iter().all(|it| it["OrderItems"][0]["SellerSKU"].is_string()));
    assert!(run.records("products_inventory").iter().any(|it| it["marketplace_id"] == "DE"));

    let journal = emulator.journal();
    let mut searches = journal.iter().filter(|it| it["operation"] == "searchOrders");
    assert!(searches.any(|it| it.to_string().contains(&noted)), "{journal:?}");

    let check = std::env::var("SINGER_CHECK_TAP")
        .expect("SINGER_CHECK_TAP names singer-check-tap of the package singer-tools; ./test.sh installs it");
    let mut check = std::process::Command::new(check);
    check.current_dir(folder.path(""));
    let checked = fed(check, &run.output.stdout);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
