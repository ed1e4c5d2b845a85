//! Orders from the Orders API: the same as the report's, within Amazon's quota, and without the roles that
//! few applications have.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::{Value, json};

use support::{Emulator, Extracted, Folder, days_ago, tap};

/// What the tap extracts of streams, with further settings and options. They say from when to when.
fn extract(
    folder: &Folder,
    emulator: &Emulator,
    settings: &Value,
    streams: &str,
    more: &[&str],
) -> Extracted {
    let mut all = json!({"marketplaces": "US,CA"});
    let own = settings.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(own);
    let config = folder.file("config.json", emulator.tap_config(all));
    let options = ["--config", config.to_str().unwrap(), "--streams", streams];
    tap(&[&options[..], more].concat())
}

/// The records of a stream by their keys.
fn by_key<'a>(extracted: &'a Extracted, stream: &str) -> BTreeMap<String, &'a Value> {
    let key = |record: &Value| format!("{} {}", record["AmazonOrderId"], record["OrderItemKey"]);
    extracted.records(stream).into_iter().map(|record| (key(record), record)).collect()
}

/// A value in a form that does not depend on where it comes from: a moment, an amount without zeros.
fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) => match DateTime::parse_from_rfc3339(text) {
            Ok(time) => json!(time.timestamp_millis()),
            Err(_) => value.clone(),
        },
        Value::Object(members) if members.contains_key("Amount") => {
            let amount = members["Amount"].as_str().unwrap().trim_end_matches('0');
            json!([members["CurrencyCode"], amount])
        }
        _ => value.clone(),
    }
}

/// Whether the sources may differ for a reason. A pending order has units that are not sent yet, and only
/// the report does not count them. Of an order that was sold elsewhere the report does not say whether its
/// prices hold the tax, so that the total which the tap works out has none.
fn may_differ(order: &Value, property: &str) -> bool {
    let is_elsewhere = || order["SalesChannel"].as_str().unwrap().starts_with("Non-Amazon");
    match property {
        "NumberOfItemsUnshipped" => true,
        "OrderTotal" => is_elsewhere(),
        _ => false,
    }
}

#[test]
fn orders_of_the_api_are_those_of_the_report_and_stay_within_the_quota() {
    let folder = Folder::new();
    let arguments = ["--asins", "100", "--orders", "3000", "--order-days", "400"];
    let emulator = Emulator::at_speed(&folder, "100000", &arguments);
    let streams = "orders,order_items";
    let mut settings = json!({"start_date": days_ago(399), "end_date": days_ago(1)});
    let report = extract(&folder, &emulator, &settings, streams, &[]).succeeded();
    settings["streams"] = json!({"orders": {"source": "api"}});
    let api = extract(&folder, &emulator, &settings, streams, &[]).succeeded();
    for (stream, least) in [("orders", 2900), ("order_items", 3500)] {
        let (report, api) = (by_key(&report, stream), by_key(&api, stream));
        assert!(report.len() > least, "{stream}: {}", report.len());
        assert!(report.keys().eq(api.keys()), "{stream}");
        let mut compared = 0;
        for (key, one) in report {
            let other = api[&key].as_object().unwrap();
            for (name, value) in one.as_object().unwrap() {
                let counterpart = other.get(name).filter(|_| !may_differ(one, name));
                if let (Some(counterpart), false) = (counterpart, value.is_null()) {
                    assert_eq!(plain(value), plain(counterpart), "{stream}: {key}: {name}");
                    compared += 1;
                }
            }
        }
        assert!(compared > least * 10, "{stream}: {compared} values");
    }
    // 14 windows, of which none has more than three pages.
    let journal = emulator.journal();
    let calls: Vec<_> = journal.iter().filter(|it| it["operation"] == "searchOrders").collect();
    assert!(calls.iter().all(|call| call["status"] == 200), "refused");
    assert!((30..=44).contains(&calls.len()), "{} calls", calls.len());
    for call in calls {
        let text = call.to_string();
        assert!(!text.contains("BUYER") && !text.contains("RECIPIENT"), "{text}");
    }
}

const PERSONAL: &str = "orders,order_items,order_buyer_info,order_address";

#[test]
fn data_of_buyers_are_extracted_on_two_conditions() {
    let folder = Folder::new();
    let arguments = ["--asins", "60", "--orders", "300", "--order-days", "30"];
    let emulator = Emulator::start(&folder, &arguments);
    let without = extract(&folder, &emulator, &json!({}), PERSONAL, &[]);
    assert_eq!(without.code(), Some(2));
    assert!(without.last_words().contains("set include_pii"), "{}", without.last_words());

    let settings = json!({"include_pii": true, "start_date": days_ago(29), "end_date": days_ago(1),
        "streams": {"orders": {"source": "api"}}});
    let with = extract(&folder, &emulator, &settings, PERSONAL, &[]).succeeded();
    let orders = with.records("orders");
    assert!(!orders.is_empty() && orders[0]["ShippingAddress"]["City"].is_string());
    assert_eq!(with.records("order_buyer_info").len(), orders.len());
    let addresses = with.records("order_address");
    assert_eq!(addresses.len(), orders.len());
    assert!(addresses.iter().any(|record| record["ShippingAddress"]["Name"].is_string()));
    // One call feeds all four.
    assert_eq!(emulator.calls()["searchOrders"], 3);
}

#[test]
fn without_the_roles_for_buyers_orders_go_on_and_the_rest_is_missing() {
    let folder = Folder::new();
    let mut arguments = vec!["--asins", "60", "--orders", "300", "--order-days", "400"];
    arguments.extend(["--unauthorized-data", "refuse"]);
    for role in ["direct-to-consumer-shipping", "tax-invoicing", "tax-remittance"] {
        arguments.extend(["--missing-role", role]);
    }
    let emulator = Emulator::at_speed(&folder, "100000", &arguments);
    let mut settings = json!({"include_pii": true, "streams": {"orders": {"source": "api"}},
        "start_date": days_ago(399), "end_date": days_ago(1)});
    let first = extract(&folder, &emulator, &settings, PERSONAL, &[]);
    assert_eq!(first.code(), Some(1), "{}", first.stderr());
    let log = first.stderr();
    assert_eq!(log.matches("read without BUYER, PAYMENT, RECIPIENT, TAX").count(), 1, "{log}");
    assert!(log.contains("order_address: na: given up for this run, with 14 windows"), "{log}");
    assert!(first.records("orders").len() > 290);
    assert!(first.records("order_address").is_empty());
    let bookmarks = &first.state()["bookmarks"];
    assert!(bookmarks["orders"].is_object() && bookmarks["order_address"].is_null());
    assert_eq!(emulator.calls()["searchOrders"], 15);

    // The next run, a day later, tries again, and reads of the orders only what is due.
    settings["end_date"] = Value::Null;
    let state = folder.file("state.json", first.state().to_string());
    let options = ["--state", state.to_str().unwrap()];
    let second = extract(&folder, &emulator, &settings, PERSONAL, &options);
    assert_eq!(second.code(), Some(1), "{}", second.stderr());
    assert_eq!(emulator.calls()["searchOrders"], 17);
}

/// For twelve hours one region answered so to all who asked for FULFILLMENT, and healed by itself
/// (amzn/selling-partner-api-models, issue 5365). An order without that part has no status, so a window is
/// not taken for read without it.
#[test]
fn while_a_region_refuses_a_part_of_orders_the_others_are_read_and_nothing_of_it_is_lost() {
    let folder = Folder::new();
    let refusal = json!({"operation": "searchOrders", "region": "fe", "status": 400, "when": {"calls": [1]},
        "message": "The input you have submitted is not valid. Please check your input and try again."});
    let script = folder.file("faults.json", json!({"faults": [refusal]}).to_string());
    let arguments = ["--asins", "60", "--orders", "300", "--faults", script.to_str().unwrap()];
    let emulator = Emulator::at_speed(&folder, "100000", &arguments);
    let settings = json!({"marketplaces": "US,JP", "start_date": days_ago(100), "end_date": days_ago(1),
        "streams": {"orders": {"source": "api"}}});
    let first = extract(&folder, &emulator, &settings, "orders", &[]);
    assert_eq!(first.code(), Some(1));
    let log = first.stderr();
    assert!(log.contains("searchOrders: refused with 400 InvalidInput: The input"), "{log}");
    assert!(log.contains("(request "), "nothing to quote to Amazon's support: {log}");
    assert!(log.contains("given up for this run, with 3 more windows"), "{log}");
    let of = |run: &Extracted, region: &str| {
        run.records("orders").iter().filter(|order| order["region"] == region).count()
    };
    assert!(of(&first, "na") > 50 && of(&first, "fe") == 0);
    let cursor = &first.state()["bookmarks"]["orders"]["cursor"];
    assert!(!cursor["na"].is_null() && cursor["fe"].is_null(), "{cursor}");

    let state = folder.file("state.json", first.state().to_string());
    let options = ["--state", state.to_str().unwrap()];
    let second = extract(&folder, &emulator, &settings, "orders", &options).succeeded();
    assert_eq!(of(&second, "na"), 0);
    assert!(of(&second, "fe") > 50);
    assert!(second.records("orders").iter().all(|order| order["OrderStatus"].is_string()));
}
