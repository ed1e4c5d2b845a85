//! Reports that end badly, late, or with nothing in them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::days_ago;

use super::*;

#[test]
fn a_window_that_is_too_long_for_amazon_is_asked_for_in_halves() {
    let text = "Date range exceeded. Report can be requested only upto 30 days";
    let scene = Scene::with(&json!([
        {"report_type": ORDERS, "when": {"calls": [1]}, "ends": "FATAL", "document": {"text": text}}]));
    let run = scene.extract("orders", &json!({}), None).succeeded();
    let mut windows = windows(&scene.asked(ORDERS));
    assert_eq!(windows.len(), 3, "{windows:?}");
    // Both halves stand in line at once; either may come first.
    windows[1..].sort_unstable();
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
    // The day before the last one that has figures, whichever that is at this hour of the seller's.
    let probe = Scene::with(&json!([])).extract("sales_traffic_report", &json!({}), None);
    let days = probe.succeeded();
    let days = days.records("sales_traffic_report").into_iter().map(|it| it["date"].as_str());
    let last: chrono::NaiveDate = days.max().flatten().unwrap().parse().unwrap();
    let day = last.pred_opt().unwrap();
    let before = day.pred_opt().unwrap().to_string();
    let day = day.to_string();
    let scene = Scene::with(&json!([
        {"report_type": TRAFFIC, "start": day, "document": {"asin_list": "empty"}, "when": {"calls": [1]}}]));
    let first = scene.extract("sales_traffic_report", &json!({}), None).succeeded();
    assert!(first.stderr().contains(&format!("US: {day}: not complete yet")), "{}", first.stderr());
    let state = cursor(first.state(), "sales_traffic_report", US);
    assert_eq!(state["until"], day);
    assert_eq!(state["beyond"].as_object().unwrap().len(), 1, "{state}");
    assert_eq!(first.state()["bookmarks"]["sales_traffic_report"]["replication_key_value"], before);
    let second = scene.extract("sales_traffic_report", &json!({}), Some(first.state())).succeeded();
    let of_day = |it: &&&Value| it["date"] == day;
    assert!(second.records("sales_traffic_report").iter().filter(of_day).count() > 3);
    assert!(
        cursor(second.state(), "sales_traffic_report", US)["until"].as_str().unwrap()
            > day.as_str()
    );
}

#[test]
fn a_day_whose_list_by_asin_stays_empty_ends_also_where_nothing_is_read_again() {
    let scene = Scene::with(
        &json!([{"report_type": TRAFFIC, "document": {"asin_list": "empty"}, "when": {"every": 1}}]),
    );
    let settings = json!({"start_date": days_ago(6), "end_date": days_ago(4),
        "streams": {"sales_traffic_report": {"lookback_days": 0}}});
    let stream = "sales_traffic_report";
    let first = scene.extract(stream, &settings, None).succeeded();
    let days = scene.asked(TRAFFIC).len();
    assert!(days > 0 && first.stderr().contains("not complete yet"), "{}", first.stderr());
    let second = scene.extract(stream, &settings, Some(first.state())).succeeded();
    assert_eq!(scene.asked(TRAFFIC).len(), 2 * days);
    // Empty twice, days after its end: that is the truth, and nobody asks a third time.
    scene.extract(stream, &settings, Some(second.state())).succeeded();
    assert_eq!(scene.asked(TRAFFIC).len(), 2 * days);
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
