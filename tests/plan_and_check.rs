//! What the tap says before it extracts anything: `--plan` and `--check`.

use std::collections::BTreeMap;
use std::process::Output;

use serde_json::{Value, json};

use support::{Emulator, Folder, days_ago, program, said, tap};

/// Runs the tap in a mode that writes no messages.
fn asked(config: &str, arguments: &[&str]) -> Output {
    program("tap-amazon-seller").args(["--config", config]).args(arguments).output().unwrap()
}

/// The page that a mode prints, as its lines.
fn lines(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// The line that begins with these words, split at its gaps.
fn cells(lines: &[String], words: &str) -> Vec<String> {
    let line = lines.iter().find(|line| line.starts_with(words));
    let line = line.unwrap_or_else(|| panic!("no line begins with {words:?}: {lines:#?}"));
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
}

const SMALL: [&str; 4] = ["--asins", "10", "--orders", "10"];

#[test]
fn a_plan_for_named_marketplaces_calls_nothing_and_writes_no_message() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &SMALL);
    let planned = |start: &str| {
        // At noon by UTC it is the same day in all of them.
        let noon = |day: &str| format!("{day}T12:00:00Z");
        let settings = json!({"marketplaces": ["US", "CA", "DE"], "start_date": noon(start),
            "end_date": noon(&days_ago(20))});
        let config = folder.file("config.json", emulator.tap_config(settings));
        let streams = ["--plan", "--streams", "sales_traffic_report"];
        let plan = asked(config.to_str().unwrap(), &streams);
        assert_eq!(plan.status.code(), Some(0), "{}", said(&plan));
        lines(&plan)
    };
    let page = planned(&days_ago(120));
    assert_eq!(page[0], "What a run would ask of Amazon. Nothing was called.");
    // Both marketplaces of a region share its quota.
    let number = |region: &str| cells(&page, &format!("{region}      createReport"))[2].clone();
    assert_eq!((number("na"), number("eu")), ("200".to_owned(), "100".to_owned()));

    let page = planned("2001-01-01");
    let line = page.iter().find(|line| line.starts_with("sales_traffic_report")).unwrap();
    assert!(line.ends_with("start_date is cut to the 730 days that Amazon keeps"), "{line}");
    assert_eq!(emulator.journal(), Vec::<Value>::new());
}

#[test]
fn a_plan_without_marketplaces_asks_once_a_region_which_there_are() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &SMALL);
    let config = folder.file("config.json", emulator.tap_config(json!({})));
    let plan = asked(config.to_str().unwrap(), &["--plan"]);
    assert_eq!(plan.status.code(), Some(0), "{}", said(&plan));
    let expected = [("getMarketplaceParticipations".to_owned(), 3), ("token".to_owned(), 3)];
    assert_eq!(emulator.calls(), BTreeMap::from(expected));
}

/// What is planned is what is called: the same reports, and no more documents.
#[test]
fn a_plan_counts_the_calls_of_the_run_that_follows() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &SMALL);
    let settings = json!({"marketplaces": ["US", "JP"]});
    let config = folder.file("config.json", emulator.tap_config(settings));
    let config = config.to_str().unwrap();
    let streams = ["--streams", "orders,products_inventory,warehouse_inventory"];
    let page = lines(&asked(config, &[&["--plan"][..], &streams].concat()));
    tap(&[&["--config", config][..], &streams].concat()).succeeded();
    let calls = emulator.calls();
    for operation in ["createReport", "getReports", "getReportDocument"] {
        let planned = ["na", "fe"].map(|region| -> usize {
            cells(&page, &format!("{region}      {operation}"))[2].parse().unwrap()
        });
        let called = calls.get(operation).copied().unwrap_or_default();
        assert_eq!(planned.iter().sum::<usize>(), called, "{operation}: {page:#?}");
    }
}

#[test]
fn a_check_names_the_role_that_is_missing_and_where() {
    let folder = Folder::new();
    let faults = json!({"faults": [
        {"operation": "getReports", "report_type": "GET_SALES_AND_TRAFFIC_REPORT", "region": "eu", "status": 403},
        {"operation": "searchCatalogItems", "region": "fe", "status": 403},
    ]});
    let faults = folder.file("faults.json", faults.to_string());
    let arguments = [&SMALL[..], &["--faults", faults.to_str().unwrap()]].concat();
    let emulator = Emulator::start(&folder, &arguments);
    let config = folder.file("config.json", emulator.tap_config(json!({})));
    let check = asked(config.to_str().unwrap(), &["--check"]);
    assert_eq!(check.status.code(), Some(1), "{}", said(&check));
    let page = lines(&check);
    assert_eq!(
        cells(&page, "sales_traffic_report"),
        ["sales_traffic_report", "yes", "NO", "yes", "Brand Analytics"]
    );
    assert_eq!(cells(&page, "product_catalog")[1..4], ["yes", "yes", "NO"]);
    assert_eq!(cells(&page, "orders")[1..4], ["yes", "yes", "yes"]);
    let last = said(&check).lines().last().unwrap().to_owned();
    assert_eq!(
        last,
        "FATAL not known to be readable everywhere: sales_traffic_report, sales_traffic_by_date, \
         product_catalog; see the table"
    );
    // One call for each set of roles in each region, and none that costs a report.
    let expected = [
        ("getMarketplaceParticipations", 3),
        ("getReports", 12),
        ("searchCatalogItems", 3),
        ("token", 3),
    ];
    let expected = expected.map(|(operation, calls)| (operation.to_owned(), calls));
    assert_eq!(emulator.calls(), BTreeMap::from(expected));
}

#[test]
fn a_check_of_what_may_be_read_succeeds() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &SMALL);
    let config = folder.file("config.json", emulator.tap_config(json!({"marketplaces": "JP"})));
    let streams = ["--check", "--streams", "orders,order_items,reports"];
    let check = asked(config.to_str().unwrap(), &streams);
    assert_eq!(check.status.code(), Some(0), "{}", said(&check));
    assert_eq!(lines(&check)[0], "stream       fe   one of these roles is needed");
    assert_eq!(emulator.calls().get("getReports"), Some(&1));
}

#[test]
fn a_region_that_cannot_be_entered_leaves_the_question_open_and_hides_no_other() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &SMALL);
    let mut config: Value = serde_json::from_str(&emulator.tap_config(json!({}))).unwrap();
    config["refresh_tokens"] = json!({"na": "Atzr|demo", "eu": "Atzr|unknown"});
    let config = folder.file("config.json", config.to_string());
    let check = asked(config.to_str().unwrap(), &["--check", "--streams", "orders"]);
    assert_eq!(check.status.code(), Some(1), "{}", said(&check));
    assert_eq!(cells(&lines(&check), "orders")[1..3], ["yes", "?"]);
    assert!(said(&check).contains("the refresh token is unknown, revoked or expired"));
}

#[test]
fn who_may_not_list_marketplaces_may_still_read_those_that_are_named() {
    let folder = Folder::new();
    let faults = json!({"faults": [
        {"operation": "getMarketplaceParticipations", "region": "eu", "status": 403}]});
    let faults = folder.file("faults.json", faults.to_string());
    let arguments = [&SMALL[..], &["--faults", faults.to_str().unwrap()]].concat();
    let emulator = Emulator::start(&folder, &arguments);
    let config = emulator.tap_config(json!({"marketplaces": "US,DE"}));
    let config = folder.file("config.json", config);
    let check = asked(config.to_str().unwrap(), &["--check"]);
    assert_eq!(check.status.code(), Some(1), "{}", said(&check));
    let page = lines(&check);
    assert_eq!(cells(&page, "marketplaces")[1..3], ["yes", "NO"]);
    for stream in ["orders", "sales_traffic_by_date", "product_catalog"] {
        assert_eq!(cells(&page, stream)[1..3], ["yes", "yes"], "{stream}");
    }
}

#[test]
fn an_account_without_the_wanted_marketplaces_is_not_asked_for_anything_else() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &SMALL);
    let config = folder.file("config.json", emulator.tap_config(json!({"marketplaces": "ZA"})));
    let check = asked(config.to_str().unwrap(), &["--check"]);
    assert_eq!(check.status.code(), Some(1), "{}", said(&check));
    assert!(said(&check).contains("takes part in none of the marketplaces"), "{}", said(&check));
    let expected = [("getMarketplaceParticipations".to_owned(), 1), ("token".to_owned(), 1)];
    assert_eq!(emulator.calls(), BTreeMap::from(expected));
}

#[test]
fn modes_exclude_each_other() {
    for modes in [["--plan", "--check"], ["--plan", "--discover"], ["--check", "--test"]] {
        let output = program("tap-amazon-seller").args(modes).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{modes:?}: {}", said(&output));
    }
}
