//! The ready-made selections under `catalogs/` are what `--discover` prints.

use support::{program, root};

/// Each file, and the streams that it selects; nothing means every stream there is.
const SELECTIONS: [(&str, &str); 6] = [
    ("orders.json", "orders,order_items"),
    ("plytix-sync.json", "products_inventory,product_catalog"),
    (
        "sales-dashboard.json",
        "marketplaces,orders,order_items,products_inventory,sales_traffic_report,sales_traffic_by_date",
    ),
    (
        "inventory.json",
        "products_inventory,warehouse_inventory,afn_inventory_country,fba_inventory_ledger,fba_inventory_ledger_summary",
    ),
    ("money.json", "financial_events,order_financial_events,fba_reimbursements"),
    ("everything.json", ""),
];

/// What `--discover` prints for some streams.
fn discovered(streams: &str) -> String {
    let mut tap = program("tap-amazon-seller");
    let tap = tap.args(["--discover", "--streams", streams]);
    let printed = tap.output().unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    String::from_utf8(printed.stdout).unwrap()
}

/// The names of all streams, as comma text.
fn every_stream() -> String {
    let printed = program("tap-amazon-seller").arg("--discover").output().unwrap();
    let catalog: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    let streams = catalog["streams"].as_array().unwrap().iter();
    streams.map(|it| it["stream"].as_str().unwrap()).collect::<Vec<_>>().join(",")
}

#[test]
fn every_ready_made_selection_is_what_discover_says() {
    let every = every_stream();
    for (file, streams) in SELECTIONS {
        let streams = if streams.is_empty() { every.as_str() } else { streams };
        let committed = std::fs::read_to_string(root().join("catalogs").join(file));
        assert!(
            committed.is_ok_and(|committed| committed == discovered(streams)),
            "run: cargo run -p tap-amazon-seller -- --discover --streams {streams} > catalogs/{file}"
        );
    }
}
