//! What was earned and charged: transactions, and the events of the former version by order and day.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use support::{Emulator, Extracted, Folder, tap};

/// The seller whose money is read, anchored to a day.
const SELLER: [&str; 8] =
    ["--asins", "10", "--orders", "2000", "--order-days", "60", "--now", "2026-11-20T12:00:00Z"];

const EVENTS: &str = "order_financial_events,other_financial_events";

/// Runs the tap over some days of the seller's American money.
fn extracted(folder: &Folder, emulator: &Emulator, streams: &str) -> Extracted {
    let settings =
        json!({"marketplaces": ["US"], "start_date": "2026-10-01", "end_date": "2026-10-31"});
    let config = folder.file("config.json", emulator.tap_config(settings));
    tap(&["--config", config.to_str().unwrap(), "--streams", streams])
}

/// Starts an emulator with faults.
fn faulty(folder: &Folder, faults: &Value) -> Emulator {
    let faults = folder.file("faults.json", json!({"faults": faults}).to_string());
    Emulator::start(folder, &[&SELLER[..], &["--faults", faults.to_str().unwrap()]].concat())
}

/// The parameters of the calls of an operation that were answered, in order.
fn asked(emulator: &Emulator, operation: &str) -> Vec<Value> {
    let journal = emulator.journal().into_iter();
    let calls = journal.filter(|entry| entry["operation"] == operation && entry["status"] == 200);
    calls.map(|entry| entry["detail"].clone()).collect()
}

/// The events of a record: what stands in its lists.
fn events(record: &Value) -> Vec<&Value> {
    record.as_object().unwrap().values().filter_map(Value::as_array).flatten().collect()
}

fn order_of(event: &Value) -> Option<&str> {
    let names = ["AmazonOrderId", "OrderId", "SellerOrderId"];
    names.into_iter().find_map(|name| event[name].as_str())
}

#[test]
fn every_financial_event_is_in_one_record_of_its_order_and_day() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &SELLER);
    let run = extracted(&folder, &emulator, EVENTS).succeeded();
    let (orders, others) =
        (run.records("order_financial_events"), run.records("other_financial_events"));
    let key = |record: &&Value| {
        let text = |name: &str| record[name].as_str().unwrap().to_owned();
        (text("AmazonOrderId"), text("PostedDate"))
    };
    assert!(orders.len() > 500, "{}", orders.len());
    assert_eq!(orders.iter().map(key).collect::<BTreeSet<_>>().len(), orders.len());
    for record in &orders {
        for event in events(record) {
            assert_eq!(order_of(event), record["AmazonOrderId"].as_str());
            let day = event["PostedDate"].as_str().and_then(|posted| posted.get(..10));
            assert!(day.is_none() || day == record["PostedDate"].as_str(), "{event}");
        }
    }
    assert!(!others.is_empty());
    assert!(others.iter().flat_map(|it| events(it)).all(|event| order_of(event).is_none()));
    let calls = asked(&emulator, "listFinancialEvents");
    let served: u64 = calls.iter().map(|call| call["items"].as_u64().unwrap()).sum();
    let written = orders.iter().chain(&others).flat_map(|record| events(record)).count() as u64;
    assert_eq!(written, served);
    let days: BTreeSet<_> = calls.iter().map(|call| call["PostedAfter"].to_string()).collect();
    assert_eq!(days.len(), 30);
    let bookmark = &run.state()["bookmarks"]["order_financial_events"];
    assert_eq!(bookmark["replication_key_value"], "2026-10-30");
}

#[test]
fn tokens_that_die_and_pages_that_are_too_great_change_no_record_of_a_day() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &SELLER);
    let whole = extracted(&folder, &emulator, EVENTS).succeeded();
    let folder = Folder::new();
    let emulator = faulty(
        &folder,
        &json!([
            {"operation": "listFinancialEvents", "status": 400, "code": "InvalidInput",
             "message": "The response is too large.", "when": {"calls": [1]}},
            {"operation": "listFinancialEvents", "status": 400, "code": "InvalidInput",
             "message": "Token is not valid, token duration is 3 minutes.", "when": {"calls": [4]}},
        ]),
    );
    let mended = extracted(&folder, &emulator, EVENTS).succeeded();
    for stream in EVENTS.split(',') {
        let by_key = |run: &Extracted| -> BTreeMap<String, Value> {
            let key = |it: &Value| format!("{} {}", it["AmazonOrderId"], it["PostedDate"]);
            run.records(stream).into_iter().map(|it| (key(it), it.clone())).collect()
        };
        assert_eq!(mended.records(stream).len(), whole.records(stream).len(), "{stream}");
        assert_eq!(by_key(&mended), by_key(&whole), "{stream}");
    }
    let calls = asked(&emulator, "listFinancialEvents");
    // The first day was refused with a hundred, and further ones begin with them again. The other refusal
    // falls on a page with a token or without one; without one it asks for a smaller page, too.
    let smaller = calls.iter().filter(|call| call["MaxResultsPerPage"] == "50");
    let days: BTreeSet<_> = smaller.map(|call| call["PostedAfter"].to_string()).collect();
    assert!(days.contains(r#""2026-10-30T00:00:00Z""#) && days.len() <= 2, "{days:?}");
}

/// Transactions by their ids: what a target has in the end.
fn transactions(run: &Extracted) -> BTreeMap<String, Value> {
    let records = run.records("financial_events").into_iter();
    records.map(|it| (it["transactionId"].as_str().unwrap().to_owned(), it.clone())).collect()
}

#[test]
fn a_window_whose_tokens_always_die_is_read_in_halves() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &SELLER);
    let whole = transactions(&extracted(&folder, &emulator, "financial_events").succeeded());
    assert!(whole.len() > 500, "{}", whole.len());
    let folder = Folder::new();
    let emulator = faulty(
        &folder,
        &json!([{"operation": "listTransactions", "status": 400, "code": "InvalidInput",
             "message": "Invalid nextToken", "when": {"calls": [2, 4, 6]}}]),
    );
    let run = extracted(&folder, &emulator, "financial_events").succeeded();
    assert_eq!(transactions(&run), whole);
    let windows: BTreeSet<_> = asked(&emulator, "listTransactions")
        .iter()
        .map(|call| [call["postedAfter"].clone(), call["postedBefore"].clone()])
        .map(|times| times.map(|time| time.as_str().unwrap().to_owned()))
        .collect();
    let window = |from: &str, until: &str| [from, until].map(|day| format!("{day}T00:00:00Z"));
    assert_eq!(
        windows,
        BTreeSet::from([
            window("2026-10-01", "2026-10-31"),
            window("2026-10-01", "2026-10-16"),
            window("2026-10-16", "2026-10-31"),
        ])
    );
}

#[test]
fn without_the_role_the_role_is_named_and_the_bookmark_stays() {
    let folder = Folder::new();
    let missing = ["--missing-role", "finance-and-accounting"];
    let emulator = Emulator::start(&folder, &[&SELLER[..], &missing].concat());
    let run = extracted(&folder, &emulator, "financial_events");
    assert_eq!(run.code(), Some(1));
    let hint = "; the application needs one of these roles: Finance and Accounting";
    assert!(run.stderr().contains(hint), "{}", run.stderr());
    assert!(!run.messages.iter().any(|message| {
        message["type"] == "STATE" && !message["value"]["bookmarks"]["financial_events"].is_null()
    }));
}
