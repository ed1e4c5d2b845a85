//! What a user sees of each thing that goes wrong at Amazon, and what it costs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use support::{Emulator, Extracted, Folder, tap};

const ORDERS: &str = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL";
const TRAFFIC: &str = "GET_SALES_AND_TRAFFIC_REPORT";
const STOCK: &str = "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA";
const US: &str = "ATVPDKIKX0DER";

/// Amazon on a bad day, and one seller in the United States.
struct Scene {
    folder: Folder,
    emulator: Emulator,
}

impl Scene {
    /// Amazon with these faults.
    fn with(faults: &Value) -> Self {
        let folder = Folder::new();
        let script = folder.file("faults.json", json!({"faults": faults}).to_string());
        let faults = ["--asins", "10", "--orders", "40", "--faults", script.to_str().unwrap()];
        let emulator = Emulator::start(&folder, &faults);
        Self { folder, emulator }
    }

    /// Extracts streams, after a state or none.
    fn extract(&self, streams: &str, settings: &Value, state: Option<&Value>) -> Extracted {
        let mut config = json!({"marketplaces": "US"});
        for (name, value) in settings.as_object().unwrap() {
            config[name] = value.clone();
        }
        let config = self.folder.file("config.json", self.emulator.tap_config(config));
        let state = state.map(|state| self.folder.file("state.json", state.to_string()));
        let mut arguments = vec!["--config", config.to_str().unwrap(), "--streams", streams];
        if let Some(state) = &state {
            arguments.extend(["--state", state.to_str().unwrap()]);
        }
        tap(&arguments)
    }

    /// The requests for reports of a type that Amazon has accepted, whether it said so or not.
    fn asked(&self, report_type: &str) -> Vec<Value> {
        let accepted = |entry: &Value| !entry["detail"]["reportId"].is_null();
        self.requests(report_type).into_iter().filter(accepted).collect()
    }

    /// All requests for reports of a type.
    fn requests(&self, report_type: &str) -> Vec<Value> {
        let journal = self.emulator.journal().into_iter();
        let creates = journal.filter(|entry| entry["operation"] == "createReport");
        creates.filter(|entry| entry["detail"]["reportType"] == report_type).collect()
    }

    /// How often an operation was called. Calls that were refused for being too many do not count: runs that
    /// follow each other within a second begin with a burst each, which Amazon does not grant.
    fn calls(&self, operation: &str) -> usize {
        let journal = self.emulator.journal().into_iter();
        journal.filter(|it| it["operation"] == operation && it["status"] != 429).count()
    }
}

/// The windows of requests, as they were written.
fn windows(asked: &[Value]) -> Vec<(String, String)> {
    let time = |entry: &Value, member: &str| entry["detail"][member].as_str().unwrap().to_owned();
    asked.iter().map(|it| (time(it, "dataStartTime"), time(it, "dataEndTime"))).collect()
}

/// The cursor of a unit in a state.
fn cursor<'a>(state: &'a Value, stream: &str, unit: &str) -> &'a Value {
    &state["bookmarks"][stream]["cursor"][unit]
}

/// The reports that a state says are under way.
fn under_way(state: &Value) -> Vec<&Value> {
    let jobs = state["reports"]["na"].as_object().into_iter().flat_map(|jobs| jobs.values());
    jobs.filter(|job| !job.is_null()).collect()
}

/// The day on which an emulator was called first.
fn started(emulator: &Emulator) -> chrono::NaiveDate {
    let journal = emulator.journal();
    let time: chrono::DateTime<chrono::Utc> = journal[0]["time"].as_str().unwrap().parse().unwrap();
    time.date_naive()
}

/// So many days before the day on which the emulator was called first.
fn days_before(scene: &Scene, days: u64) -> String {
    (started(&scene.emulator) - chrono::Days::new(days)).to_string()
}

#[test]
fn a_window_that_is_too_long_for_amazon_is_asked_for_in_halves() {
    let text = "Date range exceeded. Report can be requested only upto 30 days";
    let scene = Scene::with(&json!([
        {"report_type": ORDERS, "when": {"calls": [1]}, "ends": "FATAL", "document": {"text": text}}]));
    let run = scene.extract("orders", &json!({}), None).succeeded();
    let windows = windows(&scene.asked(ORDERS));
    assert_eq!(windows.len(), 3, "{windows:?}");
    assert_eq!(windows[1].0, windows[0].0);
    assert_eq!((&windows[2].0, &windows[2].1), (&windows[1].1, &windows[0].1));
    let until = cursor(run.state(), "orders", "na")["until"].as_str().unwrap();
    assert_eq!(until, windows[0].1);
    assert!(
        run.stderr().contains("only upto 30 days; asked for in two halves"),
        "{}",
        run.stderr()
    );
    assert!(run.records("orders").len() > 5);
}

#[test]
fn a_window_whose_end_is_not_available_yet_is_asked_for_without_its_last_day() {
    let error = json!({"errorDetails": "The report data for the requested date range is not yet available."});
    let scene = Scene::with(&json!([
        {"report_type": ORDERS, "when": {"calls": [1]}, "ends": "FATAL", "document": {"json": error, "gzip": true}}]));
    let run = scene.extract("orders", &json!({}), None).succeeded();
    let windows = windows(&scene.asked(ORDERS));
    assert_eq!(windows.len(), 2);
    let time = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(time(&windows[0].1) - time(&windows[1].1), chrono::TimeDelta::days(1));
    assert_eq!(cursor(run.state(), "orders", "na")["until"], windows[1].1);
}

#[test]
fn a_report_that_is_refused_fails_its_stream_and_no_other() {
    let scene = Scene::with(&json!([
        {"report_type": TRAFFIC, "ends": "FATAL", "document": {"text": "Invalid report option: asinGranularity"}}]));
    let run = scene.extract("orders,sales_traffic_report", &json!({}), None);
    assert_eq!(run.code(), Some(1));
    assert!(run.records("orders").len() > 5);
    assert_eq!(run.records("sales_traffic_report").len(), 0);
    assert!(run.stderr().contains("ended FATAL: Invalid report option: asinGranularity"));
    assert!(run.stderr().contains("sales_traffic_report: US: given up for this run, with"));
    // A few were under way when the first was refused; the rest of thirty days was not asked for.
    assert!(scene.asked(TRAFFIC).len() < 30, "{}", scene.asked(TRAFFIC).len());
    assert!(run.last_words().contains("the next run asks for them again"), "{}", run.last_words());
}

#[test]
fn a_report_that_fails_without_a_reason_is_asked_for_once_more_and_never_passed_over() {
    let scene = Scene::with(
        &json!([{"report_type": ORDERS, "when": {"from": 1, "count": 2}, "ends": "FATAL"}]),
    );
    let first = scene.extract("orders", &json!({}), None);
    assert_eq!(first.code(), Some(1));
    assert!(first.stderr().contains("FATAL: Amazon gave no reason; asked for once more, later"));
    assert!(first.stderr().contains("FATAL: Amazon gave no reason, for the second time"));
    assert_eq!(scene.asked(ORDERS).len(), 2);
    assert_eq!(cursor(first.state(), "orders", "na"), &Value::Null);
    let second = scene.extract("orders", &json!({}), Some(first.state())).succeeded();
    assert_eq!(scene.asked(ORDERS).len(), 3);
    assert!(second.records("orders").len() > 5);
}

#[test]
fn a_young_day_that_is_cancelled_stays_open_and_an_old_one_is_empty() {
    let scene = Scene::with(
        &json!([{"report_type": TRAFFIC, "ends": "CANCELLED", "when": {"per": "subject", "calls": [1]}}]),
    );
    let run = scene.extract("sales_traffic_report", &json!({}), None).succeeded();
    let state = cursor(run.state(), "sales_traffic_report", US);
    let beyond = state["beyond"].as_object().cloned().unwrap_or_default();
    let (until, three_days_ago) = (state["until"].as_str().unwrap(), days_before(&scene, 3));
    assert!(beyond.is_empty() && until <= three_days_ago.as_str(), "{state}");
    assert!(until >= days_before(&scene, 5).as_str(), "{state}");
    assert!(run.stderr().contains("no data yet (report"), "{}", run.stderr());
    assert!(run.stderr().contains(" open, 0 failed"), "{}", run.stderr());
    let again = scene.extract("sales_traffic_report", &json!({}), Some(run.state())).succeeded();
    let dates: BTreeSet<_> =
        again.records("sales_traffic_report").iter().map(|it| it["date"].to_string()).collect();
    assert!((1..=4).contains(&dates.len()), "{dates:?}");
}

#[test]
fn a_late_day_is_not_out_and_comes_whole_in_the_next_run() {
    let folder = Folder::new();
    let probe = Emulator::start(&folder, &["--asins", "10"]);
    let config = folder.file("c.json", probe.tap_config(json!({"marketplaces": "US"})));
    tap(&["--config", config.to_str().unwrap(), "--test=connection"]).succeeded();
    let started = started(&probe);
    let day = (started - chrono::Days::new(3)).to_string();
    let scene = Scene::with(&json!([
        {"report_type": TRAFFIC, "start": day, "document": {"asin_list": "empty"}, "when": {"calls": [1]}}]));
    let first = scene.extract("sales_traffic_report", &json!({}), None).succeeded();
    assert!(first.stderr().contains(&format!("US: {day}: not complete yet")), "{}", first.stderr());
    let state = cursor(first.state(), "sales_traffic_report", US);
    assert_eq!(state["until"], day);
    assert_eq!(state["beyond"].as_object().unwrap().len(), 1, "{state}");
    assert_eq!(
        first.state()["bookmarks"]["sales_traffic_report"]["replication_key_value"],
        (started - chrono::Days::new(4)).to_string()
    );
    let second = scene.extract("sales_traffic_report", &json!({}), Some(first.state())).succeeded();
    let of_day = |it: &&&Value| it["date"] == day;
    assert!(second.records("sales_traffic_report").iter().filter(of_day).count() > 3);
    assert!(
        cursor(second.state(), "sales_traffic_report", US)["until"].as_str().unwrap()
            > day.as_str()
    );
}

#[test]
fn days_settle_when_two_reads_agree_and_are_then_left_alone() {
    let scene = Scene::with(&json!([]));
    let streams = "sales_traffic_report";
    let first = scene.extract(streams, &json!({}), None).succeeded();
    let all = scene.asked(TRAFFIC).len();
    let second = scene.extract(streams, &json!({}), Some(first.state())).succeeded();
    let young = scene.asked(TRAFFIC).len() - all;
    assert!((6..=7).contains(&young), "{young}");
    let third = scene.extract(streams, &json!({}), Some(second.state())).succeeded();
    // Those that ended three days ago or more have been read twice alike.
    let open = scene.asked(TRAFFIC).len() - all - young;
    assert!((2..=3).contains(&open), "{open}");
    let readings =
        cursor(third.state(), "sales_traffic_report", US)["readings"].as_object().unwrap();
    assert_eq!(readings.values().filter(|reading| !reading.is_null()).count(), open);
    // Nothing else was called: one login, one look at the marketplaces and nothing but those reports a run.
    assert_eq!(scene.calls("getReports"), 0);
    assert_eq!(scene.calls("getMarketplaceParticipations"), 3);
    assert_eq!(scene.calls("getReportDocument"), all + young + open);
}

#[test]
fn a_day_that_is_restated_is_read_until_it_stands_still() {
    let scene = Scene::with(
        &json!([{"report_type": TRAFFIC, "restated": true, "when": {"per": "subject", "calls": [1]}}]),
    );
    let first = scene.extract("sales_traffic_report", &json!({}), None).succeeded();
    let second = scene.extract("sales_traffic_report", &json!({}), Some(first.state())).succeeded();
    let before = scene.asked(TRAFFIC).len();
    // The first reads differ from the second, so no day has settled, however old.
    let third = scene.extract("sales_traffic_report", &json!({}), Some(second.state())).succeeded();
    let read = scene.asked(TRAFFIC).len() - before;
    assert!((6..=7).contains(&read), "{read}");
    let sum = |run: &Extracted, date: &str| -> i64 {
        let records = run.records("sales_traffic_report").into_iter();
        records
            .filter(|it| it["date"] == date)
            .map(|it| it["sessions"].as_i64().unwrap_or_default())
            .sum()
    };
    let day = days_before(&scene, 5);
    assert!(sum(&first, &day) > sum(&second, &day), "{} {}", sum(&first, &day), sum(&second, &day));
    assert_eq!(sum(&second, &day), sum(&third, &day));
}

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
