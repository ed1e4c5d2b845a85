//! Calls that are refused or get lost, and documents that cannot be had.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

#[test]
fn an_address_that_died_is_asked_for_again_and_a_download_that_breaks_off_is_repeated() {
    for fault in [json!({"expired": true}), json!({"cut_after": 400})] {
        let mut fault = fault;
        fault["report_type"] = json!(ORDERS);
        fault["when"] = json!({"calls": [1]});
        let scene = Scene::with(&json!([fault]));
        let run = scene.extract("orders", &json!({}), None).succeeded();
        let asked = scene.asked(ORDERS).len();
        assert_eq!(scene.calls("getReportDocument"), asked + 1);
        assert!(run.stderr().contains("downloading again"), "{}", run.stderr());
        assert!(run.records("orders").len() > 5);
    }
}

#[test]
fn a_token_that_dies_in_the_middle_is_renewed() {
    let scene = Scene::with(
        &json!([{"operation": "getReport", "token": "expired", "when": {"calls": [3]}}]),
    );
    scene.extract("sales_traffic_report", &json!({}), None).succeeded();
    assert_eq!(scene.calls("token"), 2);
}

#[test]
fn refusals_and_bad_spells_are_waited_out() {
    let scene = Scene::with(&json!([
        {"operation": "createReport", "status": 429, "when": {"calls": [2]}},
        {"operation": "createReport", "status": 429, "rate_header": true, "when": {"calls": [4]}},
        {"operation": "getReport", "status": 503, "when": {"from": 3, "count": 2}},
        {"operation": "getReportDocument", "status": 500, "when": {"calls": [2]}},
        {"operation": "download", "status": 503, "when": {"calls": [2]}},
        {"operation": "download", "bytes_per_second": 200_000, "when": {"calls": [3]}}]));
    let run = scene.extract("sales_traffic_report", &json!({}), None).succeeded();
    let good = scene.asked(TRAFFIC).len();
    assert_eq!(scene.requests(TRAFFIC).len(), good + 2);
    let dates: BTreeSet<_> =
        run.records("sales_traffic_report").iter().map(|it| it["date"].to_string()).collect();
    assert!(dates.len() >= good - 1, "{} of {good}", dates.len());
}

#[test]
fn an_answer_that_got_lost_is_looked_up_and_the_report_not_asked_for_twice() {
    for lost in [json!("drop"), json!(500)] {
        let scene = Scene::with(
            &json!([{"report_type": ORDERS, "accept_then": lost, "when": {"calls": [1]}}]),
        );
        let run = scene.extract("orders", &json!({}), None).succeeded();
        let windows = windows(&scene.asked(ORDERS));
        let distinct: BTreeSet<_> = windows.iter().collect();
        assert_eq!(windows.len(), distinct.len(), "{windows:?}");
        assert_eq!(scene.calls("getReports"), 1);
        assert!(run.records("orders").len() > 5);
    }
}

#[test]
fn a_report_that_is_stuck_ends_the_run_and_the_next_one_goes_on_with_it() {
    let scene =
        Scene::with(&json!([{"report_type": ORDERS, "stuck": true, "when": {"calls": [1]}}]));
    let settings = json!({"report_timeout_minutes": 0.02});
    let first = scene.extract("orders", &settings, None);
    assert_eq!(first.code(), Some(1));
    assert!(
        first
            .stderr()
            .contains("is still IN_PROGRESS after 0 minutes; the next run goes on with it")
    );
    let under_way_then = under_way(first.state());
    assert_eq!(under_way_then.len(), 1);
    let asked = scene.asked(ORDERS).len();
    let second = scene.extract("orders", &settings, Some(first.state()));
    assert!(second.stderr().contains("na: 1 reports that were asked for before are taken up"));
    assert_eq!(under_way(second.state()).len(), 1);
    // What is new since then is another window; the stuck one is not asked for again.
    let windows = windows(&scene.asked(ORDERS));
    assert!(
        windows[asked..].iter().all(|window| !windows[..asked].contains(window)),
        "{windows:?}"
    );
}

#[test]
fn a_report_under_way_outlasts_a_run_of_other_streams() {
    let scene =
        Scene::with(&json!([{"report_type": ORDERS, "stuck": true, "when": {"calls": [1]}}]));
    let settings = json!({"report_timeout_minutes": 0.02});
    let first = scene.extract("orders", &settings, None);
    let under_way_then = under_way(first.state());
    assert_eq!(under_way_then.len(), 1);
    let other = scene.extract("products_inventory", &json!({}), Some(first.state())).succeeded();
    assert_eq!(under_way(other.state()), under_way_then);
    let third = scene.extract("orders", &settings, Some(other.state()));
    assert!(third.stderr().contains("na: 1 reports that were asked for before are taken up"));
}

#[test]
fn a_fresh_report_of_another_client_is_used_instead_of_asking() {
    let scene = Scene::with(
        &json!([{"report": {"report_type": STOCK, "marketplace_ids": [US], "created": "-10s", "status": "DONE"}}]),
    );
    let run = scene.extract("warehouse_inventory", &json!({}), None).succeeded();
    assert_eq!(scene.asked(STOCK).len(), 0);
    assert_eq!(scene.calls("getReports"), 1);
    assert!(run.records("warehouse_inventory").len() > 3);
}

#[test]
fn a_hidden_quota_gives_up_its_type_and_lets_the_others_finish() {
    let scene =
        Scene::with(&json!([{"quota": {"report_type": TRAFFIC, "reports": 3, "per": "300d"}}]));
    let run =
        scene.extract("orders,sales_traffic_report", &json!({"max_wait_minutes": 0.05}), None);
    assert_eq!(run.code(), Some(1));
    assert!(run.records("orders").len() > 5);
    let dates: BTreeSet<_> =
        run.records("sales_traffic_report").iter().map(|it| it["date"].to_string()).collect();
    assert!((2..=3).contains(&dates.len()), "{dates:?}");
    assert!(
        run.stderr().contains(&format!("na: {TRAFFIC}: given up for this run, with ")),
        "{}",
        run.stderr()
    );
    assert!(run.stderr().contains("; see max_wait_minutes"), "{}", run.stderr());
    // The newest days came first.
    assert!(
        dates.iter().all(|date| date.trim_matches('"') >= days_before(&scene, 4).as_str()),
        "{dates:?}"
    );
}

#[test]
fn a_role_that_is_missing_is_named_and_asked_about_once() {
    let scene =
        Scene::with(&json!([{"operation": "createReport", "report_type": TRAFFIC, "status": 403}]));
    let run = scene.extract("orders,sales_traffic_report", &json!({}), None);
    assert_eq!(run.code(), Some(1));
    assert!(
        run.stderr().contains("the application needs one of these roles: Brand Analytics"),
        "{}",
        run.stderr()
    );
    assert!(scene.requests(TRAFFIC).len() <= 2);
    assert!(run.records("orders").len() > 5);
}

#[test]
fn the_stream_of_reports_says_how_each_of_them_ended() {
    let scene = Scene::with(&json!([
        {"report_type": TRAFFIC, "ends": "CANCELLED", "when": {"calls": [1]}},
        {"report_type": ORDERS, "ends": "FATAL", "document": {"text": "Bad hour"}, "when": {"calls": [1]}}]));
    let run = scene.extract("orders,sales_traffic_report,reports", &json!({}), None).succeeded();
    let reports = run.records("reports");
    let asked = scene.asked(TRAFFIC).len() + scene.asked(ORDERS).len();
    assert_eq!(reports.len(), asked);
    let of = |status: &str| reports.iter().filter(|it| it["status"] == status).collect::<Vec<_>>();
    assert_eq!((of("CANCELLED").len(), of("FATAL").len(), of("DONE").len()), (1, 1, asked - 2));
    assert_eq!(of("FATAL")[0]["error_message"], "Bad hour");
    assert_eq!(of("FATAL")[0]["marketplace_id"], Value::Null);
    assert_eq!(of("CANCELLED")[0]["marketplace_id"], US);
    let rows: u64 = of("DONE").iter().map(|it| it["row_count"].as_u64().unwrap()).sum();
    assert!(rows > 100, "{rows}");
}

#[test]
fn documents_that_amazon_does_not_give_out_give_up_the_region_and_stay_in_the_state() {
    let scene = Scene::with(&json!([{"operation": "getReportDocument", "status": 503}]));
    let run = scene.extract("sales_traffic_report", &json!({"max_wait_minutes": 0.05}), None);
    assert_eq!(run.code(), Some(1));
    assert!(run.stderr().contains("na: given up for this run, with "), "{}", run.stderr());
    // One document was tried until the patience was over, and no other.
    assert!((2..=12).contains(&scene.calls("getReportDocument")));
    // Some requests for more were cut short; what Amazon has accepted is noted.
    let asked = scene.asked(TRAFFIC).len();
    assert!(asked > 0);
    assert!(under_way(run.state()).len() >= asked);
}
