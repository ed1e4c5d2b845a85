//! What happens in Amazon's warehouses: the ledgers, shipments, returns and reimbursements of one seller.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use support::{Emulator, Extracted, Folder, days_ago, tap};

const STREAMS: &str = "fba_inventory_ledger,fba_inventory_ledger_summary,fba_customer_shipment_sales,\
                       fba_customer_returns,fba_reimbursements,afn_inventory_country,order_items";

/// The columns of a day's events, with the kind of movement that each sums up.
const EVENTS: [(&str, &str); 4] = [
    ("Receipts", "Receipts"),
    ("Customer Shipments", "Shipments"),
    ("Customer Returns", "CustomerReturns"),
    ("Lost", "Adjustments"),
];

fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record[name].as_str().unwrap_or_else(|| panic!("{name} of {record}"))
}

fn number(record: &Value, name: &str) -> i64 {
    record[name].as_i64().unwrap_or_else(|| panic!("{name} of {record}"))
}

/// How many units each stream has, by order.
fn units(extracted: &Extracted, stream: &str, order: &str) -> BTreeMap<String, i64> {
    let mut units = BTreeMap::new();
    for record in extracted.records(stream) {
        *units.entry(text(record, order).to_owned()).or_default() += number(record, "quantity");
    }
    units
}

/// Rows that have the same keys.
fn doubles(extracted: &Extracted, stream: &str) -> usize {
    let is_it = |message: &&Value| message["type"] == "SCHEMA" && message["stream"] == stream;
    let schema = extracted.messages.iter().find(is_it).unwrap();
    let keys: Vec<_> = schema["key_properties"].as_array().unwrap().iter().collect();
    let records = extracted.records(stream);
    let key = |record: &&Value| {
        keys.iter().map(|key| record[key.as_str().unwrap()].to_string()).collect()
    };
    let distinct: BTreeSet<Vec<String>> = records.iter().map(key).collect();
    records.len() - distinct.len()
}

#[test]
fn ledgers_shipments_returns_and_reimbursements_agree() {
    let folder = Folder::new();
    let emulator = Emulator::at_speed(&folder, "100000", &["--asins", "40", "--orders", "3000"]);
    let (start, end) = (days_ago(71), days_ago(1));
    let settings = json!({"marketplaces": "UK", "start_date": start, "end_date": end});
    let config = folder.file("config.json", emulator.tap_config(settings));
    let arguments = ["--config", config.to_str().unwrap(), "--streams", STREAMS];
    let extracted = tap(&arguments).succeeded();
    for stream in STREAMS.split(',') {
        assert!(!extracted.records(stream).is_empty(), "{stream}: nothing");
        assert_eq!(doubles(&extracted, stream), 0, "{stream}");
    }
    days_follow_from_movements(&extracted);
    orders_are_shipped_before_they_come_back(&extracted);
    let title = |record: &&Value| text(record, "Title").contains("10\" Deluxe");
    assert!(extracted.records("fba_inventory_ledger").iter().any(title));
    let countries = extracted.records("afn_inventory_country").into_iter();
    let countries: BTreeSet<_> =
        countries.map(|record| text(record, "country").to_owned()).collect();
    assert!(countries.len() > 3, "{countries:?}");

    // The second run reads again what Amazon may have changed, and finds it the same.
    let state = folder.file("state.json", extracted.state().to_string());
    let again = tap(&[&arguments[..], &["--state", state.to_str().unwrap()]].concat()).succeeded();
    let key =
        |record: &Value| (text(record, "_row_hash").to_owned(), number(record, "_row_occurrence"));
    let known: BTreeSet<_> =
        extracted.records("fba_inventory_ledger").into_iter().map(key).collect();
    let read: BTreeSet<_> = again.records("fba_inventory_ledger").into_iter().map(key).collect();
    assert!(read.is_subset(&known) && read.len() < known.len() && read.len() > known.len() / 3);
}

fn days_follow_from_movements(extracted: &Extracted) {
    let mut moved: BTreeMap<(String, String, String, String), i64> = BTreeMap::new();
    for record in extracted.records("fba_inventory_ledger") {
        let place = ["Date", "FNSKU", "Disposition", "Event Type"]
            .map(|name| text(record, name).to_owned());
        let [date, fnsku, disposition, event] = place;
        *moved.entry((date, fnsku, disposition, event)).or_default() += number(record, "Quantity");
    }
    let mut endings: BTreeMap<[&str; 3], i64> = BTreeMap::new();
    let mut days = extracted.records("fba_inventory_ledger_summary");
    days.sort_by_key(|record| text(record, "Date"));
    for day in days {
        let place = ["FNSKU", "Disposition", "Location"].map(|name| text(day, name));
        let mut balance = number(day, "Starting Warehouse Balance");
        if let Some(ending) = endings.get(&place) {
            assert_eq!(balance, *ending, "{day}");
        }
        for (column, event) in EVENTS {
            let key = [text(day, "Date"), place[0], place[1], event].map(str::to_owned);
            let [date, fnsku, disposition, event] = key;
            let sum = moved.remove(&(date, fnsku, disposition, event)).unwrap_or(0);
            assert_eq!(number(day, column), sum, "{column} of {day}");
            balance += sum;
        }
        assert_eq!(number(day, "Ending Warehouse Balance"), balance, "{day}");
        endings.insert(place, balance);
    }
    assert!(moved.is_empty(), "movements on no day: {moved:?}");
}

fn orders_are_shipped_before_they_come_back(extracted: &Extracted) {
    let shipped = units(extracted, "fba_customer_shipment_sales", "amazon-order-id");
    let mut ordered: BTreeMap<&str, i64> = BTreeMap::new();
    for item in extracted.records("order_items") {
        *ordered.entry(text(item, "AmazonOrderId")).or_default() += number(item, "QuantityOrdered");
    }
    // Amazon may not have sent every line of an order.
    assert!(shipped.iter().all(|(order, units)| *units <= ordered[order.as_str()]));
    let whole = shipped.iter().filter(|(order, units)| ordered[order.as_str()] == **units);
    assert!(whole.count() * 2 > shipped.len());
    let returned = units(extracted, "fba_customer_returns", "order-id");
    let of_window = returned.iter().filter(|(order, _)| shipped.contains_key(*order));
    assert!(of_window.clone().count() > 3);
    assert!(of_window.clone().all(|(order, units)| *units <= shipped[order]));
    let paid = extracted.records("fba_reimbursements");
    assert!(paid.iter().all(|record| number(record, "quantity-reimbursed-total") == 1));
}
