//! Settlements, which Amazon makes by itself: each is loaded once, and adds up to what is paid.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use support::database::Database;
use support::{Emulator, Extracted, Folder, fed, printed, program, root, tap};

const SETTLEMENT: &str = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2";

/// Amazon with the settlements of a seller in the United States, Germany and Japan.
fn emulator(folder: &Folder, arguments: &[&str]) -> (Emulator, String) {
    let size = ["--asins", "40", "--orders", "900"];
    let emulator = Emulator::at_speed(folder, "100000", &[&size, arguments].concat());
    let config = emulator.tap_config(json!({"marketplaces": ["US", "DE", "JP"]}));
    let config = folder.file("config.json", config).to_str().unwrap().to_owned();
    (emulator, config)
}

/// Extracts settlements after a state or none.
fn extract(folder: &Folder, config: &str, state: Option<&Value>) -> Extracted {
    let mut arguments = vec!["--config", config, "--streams", "settlements,reports"];
    let state = state.map(|state| folder.file("state.json", state.to_string()));
    if let Some(state) = &state {
        arguments.extend(["--state", state.to_str().unwrap()]);
    }
    tap(&arguments)
}

/// What tells rows apart.
fn key(record: &Value) -> (String, u64) {
    let id = record["settlement-id"].as_str().unwrap().to_owned();
    (id, record["_row_occurrence"].as_u64().unwrap())
}

/// An amount in hundredths; nothing where there is none.
fn cents(amount: &Value) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "amounts of a test are small")]
    amount.as_f64().map_or(0, |amount| (amount * 100.0).round() as i64)
}

#[test]
fn every_settlement_is_loaded_once_and_adds_up() {
    let folder = Folder::new();
    let (emulator, config) = emulator(&folder, &[]);
    let first = extract(&folder, &config, None).succeeded();
    let records = first.records("settlements");
    let mut settlements: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for record in &records {
        let id = record["settlement-id"].as_str().unwrap();
        let (total, sum) = settlements.entry(id).or_default();
        *total += cents(&record["total-amount"]);
        *sum += cents(&record["amount"]);
    }
    assert!(settlements.values().all(|(total, sum)| total == sum), "{settlements:?}");
    assert!(settlements.values().any(|(total, _)| *total > 0), "{settlements:?}");
    let keys: BTreeSet<_> = records.iter().map(|record| key(record)).collect();
    assert_eq!(keys.len(), records.len(), "a row came twice");
    // Ninety days hold six or seven fortnights. In Europe each document has the one before as well.
    let documents = first.records("reports").len();
    assert!((18..=21).contains(&documents), "{documents}");
    assert_eq!(settlements.len(), documents + 1);
    let calls = emulator.calls();
    assert_eq!((calls.get("createReport"), calls["getReportDocument"]), (None, documents));
    let of_us = |record: &&&Value| record["marketplace-name"] == "Amazon.com";
    assert!(records.iter().filter(of_us).all(|record| record["region"] == "na"));

    let second = extract(&folder, &config, Some(first.state())).succeeded();
    assert_eq!(second.records("settlements").len(), 0);
    assert_eq!(emulator.calls()["getReportDocument"], documents);
}

#[test]
fn whoever_is_killed_goes_on_where_the_last_state_was() {
    let folder = Folder::new();
    let (_emulator, config) = emulator(&folder, &[]);
    let whole = extract(&folder, &config, None).succeeded();
    let all: BTreeMap<_, _> =
        whole.records("settlements").into_iter().map(|it| (key(it), it)).collect();
    let states: Vec<_> = (0..whole.messages.len())
        .filter(|place| whole.messages[*place]["type"] == "STATE")
        .collect();
    // Killed just before a state was printed, and again two documents later.
    let killed = states[states.len() / 2];
    let is_row =
        |message: &&Value| message["type"] == "RECORD" && message["stream"] == "settlements";
    let mut rows: BTreeMap<_, _> = BTreeMap::new();
    for message in whole.messages[..killed].iter().filter(is_row) {
        rows.insert(key(&message["record"]), message["record"].clone());
    }
    let before = whole.messages[..killed].iter().rev().find(|it| it["type"] == "STATE").unwrap();
    let rest = extract(&folder, &config, Some(&before["value"])).succeeded();
    let brought = rest.records("settlements");
    assert!(!brought.is_empty() && brought.len() < all.len());
    rows.extend(brought.into_iter().map(|record| (key(record), record.clone())));
    assert_eq!(rows.len(), all.len());
    assert!(rows.iter().all(|(key, row)| all[key] == row));
}

/// When a fortnight began that Amazon lists no more.
#[expect(clippy::disallowed_methods, reason = "the emulator's settlements end before the run")]
fn long_ago() -> chrono::DateTime<chrono::Utc> {
    let fortnight = 14 * 86_400;
    let number = (chrono::Utc::now() - chrono::TimeDelta::days(150)).timestamp() / fortnight;
    chrono::DateTime::from_timestamp(number * fortnight, 0).unwrap()
}

#[test]
fn a_settlement_that_is_done_late_is_loaded_by_the_run_that_finds_it_done() {
    let start = long_ago();
    // So slowly that what is not done at the start is not done at the end.
    let amazon = |folder: &Folder, status: &str| {
        let report = json!({"report_type": SETTLEMENT, "marketplace_ids": ["ATVPDKIKX0DER"], "created": "-1d",
            "start": start, "end": start + chrono::TimeDelta::days(14), "status": status});
        let script =
            folder.file("faults.json", json!({"faults": [{"report": report}]}).to_string());
        let size = ["--asins", "40", "--orders", "900", "--faults", script.to_str().unwrap()];
        let emulator = Emulator::at_speed(folder, "0.01", &size);
        let settings = json!({"marketplaces": "US", "max_wait_minutes": 0.05});
        let config = folder.file("config.json", emulator.tap_config(settings));
        (emulator, config.to_str().unwrap().to_owned())
    };
    let late = |extracted: &Extracted| {
        let records = extracted.records("settlements").into_iter();
        let begun = start.format("%Y-%m-%d").to_string();
        let is_it = |it: &&Value| it["settlement-start-date"].to_string().contains(&begun);
        records.filter(is_it).count()
    };
    let folder = Folder::new();
    let (_emulator, config) = amazon(&folder, "IN_PROGRESS");
    let first = extract(&folder, &config, None).succeeded();
    let documents = first.records("reports").len();
    assert!((6..=7).contains(&documents) && late(&first) == 0, "{documents} documents");

    let folder = Folder::new();
    let (emulator, config) = amazon(&folder, "DONE");
    let second = extract(&folder, &config, Some(first.state())).succeeded();
    assert_eq!(late(&second), 1, "the row that says what the settlement is");
    assert_eq!(second.records("reports").len(), 1);
    let ids: BTreeSet<_> =
        second.records("settlements").iter().map(|it| it["settlement-id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "others came again: {ids:?}");
    assert_eq!(emulator.calls()["getReportDocument"], 1);
    let third = extract(&folder, &config, Some(second.state())).succeeded();
    assert_eq!(third.records("settlements").len(), 0);
}

#[test]
fn a_settlement_that_does_not_add_up_goes_out_and_the_run_says_so() {
    let folder = Folder::new();
    let documents = folder.path("documents");
    std::fs::create_dir_all(&documents).unwrap();
    let text = "settlement-id\ttotal-amount\tcurrency\tamount-type\tamount\tposted-date\n\
                26000000001\t10.00\tUSD\t\t\t\n26000000001\t\t\tItemPrice\t9876.54\t2026-03-01\n";
    std::fs::write(documents.join("document"), text).unwrap();
    let index =
        json!([{"report_type": SETTLEMENT, "file": "document", "content_type": "text/plain"}]);
    std::fs::write(documents.join("documents.json"), index.to_string()).unwrap();
    let (_emulator, config) = emulator(&folder, &["--documents", documents.to_str().unwrap()]);
    let extracted = extract(&folder, &config, None);
    assert_eq!(extracted.code(), Some(1));
    let said = extracted.stderr();
    let line = "settlement 26000000001: its amounts do not add up to its total";
    assert!(said.contains(line), "{said}");
    assert!(!said.contains("9876.5"), "a value was said: {said}");
    let rows: BTreeSet<_> = extracted.records("settlements").into_iter().map(key).collect();
    assert_eq!(rows.len(), 2);
}

#[test]
fn fees_of_orders_reconcile_with_what_was_paid() {
    let folder = Folder::new();
    let (_emulator, config) = emulator(&folder, &[]);
    let extracted = extract(&folder, &config, None).succeeded();
    let (database, target) = (Database::start(), folder.path("postgres.json"));
    let namespace = database.schema_name();
    std::fs::write(&target, database.config(&namespace, json!({}))).unwrap();
    let mut loading = program("target-postgres");
    loading.args(["--config", target.to_str().unwrap()]);
    printed(&fed(loading, &extracted.output.stdout));
    for _ in 0..2 {
        database.run_file(&namespace, &root().join("sql/settlements.sql"));
    }
    let sql = |sql: &str| database.sql_in(&namespace, sql);

    let ids = extracted.records("settlements");
    let ids: BTreeSet<_> = ids.iter().map(|it| it["settlement-id"].as_str().unwrap()).collect();
    let parts = "sales + promotions + taxes + fees + other";
    let balanced = format!(
        "SELECT count(*), count(*) FILTER (WHERE difference = 0 AND {parts} = total AND paid > ended) FROM settlement_balances"
    );
    assert_eq!(sql(&balanced), format!("{0}|{0}", ids.len()));
    let fees = "SELECT currency_code, sum(fees) FROM settlement_balances GROUP BY 1 ORDER BY 1";
    let of_orders =
        "SELECT currency_code, sum(total) FROM settlement_order_fees GROUP BY 1 ORDER BY 1";
    assert_eq!(sql(of_orders), sql(fees));
    assert_eq!(sql(fees).lines().count(), 3);
    let split = "SELECT count(*) FROM settlement_order_fees WHERE commission + fulfillment + other <> total";
    assert_eq!(sql(split), "0");
    let refunds = "SELECT count(*) FROM settlement_order_fees WHERE total_of_refunds > 0";
    assert_ne!(sql(refunds), "0");

    // A row that is lost shows.
    sql(
        "DELETE FROM settlements WHERE ctid IN (SELECT ctid FROM settlements WHERE amount > 0 LIMIT 1)",
    );
    assert_eq!(sql("SELECT count(*) FROM settlement_balances WHERE difference <> 0"), "1");
}
