//! Reports that fail, stick, are late, are corrected, or belong to another client.

use super::{Caller, REPORTS, TRAFFIC, US, day};
use crate::amazon::Region;
use crate::amazon::tests::{FBA, LISTINGS, unzipped, wish};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_fatal_report_may_say_why_in_any_shape() {
    let cases = [
        (json!({"text": "Range too long"}), Some("text/plain"), None, "Range too long"),
        (
            json!({"json": {"errorDetails": "No"}, "gzip": true}),
            Some("application/json"),
            Some("GZIP"),
            r#"{"errorDetails":"No"}"#,
        ),
        (Value::Null, None, None, ""),
    ];
    for (document, content_type, algorithm, expected) in cases {
        let faults = json!([{"ends": "FATAL", "document": document, "when": {"calls": [1]}}]);
        let caller = Caller::meeting(faults, None).await;
        let report = caller.finished(Region::Na, day(2)).await;
        assert_eq!(report["processingStatus"], "FATAL");
        assert_eq!(report.get("reportDocumentId").is_some(), content_type.is_some());
        if content_type.is_some() {
            let address = caller.address(Region::Na, &report).await;
            assert_eq!(address["compressionAlgorithm"].as_str(), algorithm);
            let heard = caller.download(&address, ("accept", "*/*")).await;
            assert_eq!(heard.header("content-type"), content_type);
            let bytes =
                if algorithm.is_some() { unzipped(&heard.body) } else { heard.body.to_vec() };
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }
        let next = caller.finished(Region::Na, day(2)).await;
        assert_eq!(next["processingStatus"], "DONE");
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_may_be_cancelled_stick_or_be_slow() {
    let faults = json!([
        {"ends": "CANCELLED", "start": "2026-11-18"},
        {"stuck": true, "start": "2026-11-17"},
        {"slow": 10, "start": "2026-11-16"},
    ]);
    let caller = Caller::meeting(faults, None).await;
    let mut ids = Vec::new();
    for days in 2..6 {
        ids.push(caller.create(Region::Na, day(days)).await);
    }
    let statuses = async || {
        let mut statuses = Vec::new();
        for id in &ids {
            let report = caller.report(Region::Na, id).await;
            statuses.push(report["processingStatus"].as_str().unwrap().to_owned());
        }
        statuses
    };
    tokio::time::advance(Duration::from_secs(91)).await;
    let [cancelled, stuck, slow, usual] = statuses().await.try_into().unwrap();
    assert_eq!([cancelled, stuck, usual].join(" "), "CANCELLED IN_PROGRESS DONE");
    assert!(slow.starts_with("IN_"), "{slow}");
    tokio::time::advance(Duration::from_mins(15)).await;
    assert_eq!(statuses().await.join(" "), "CANCELLED IN_PROGRESS DONE DONE");
}

#[tokio::test(start_paused = true)]
async fn a_late_day_has_sales_by_date_and_no_asins_until_it_is_whole() {
    let faults = json!([{
        "start": "2026-11-17", "document": {"asin_list": "empty"}, "when": {"from": 1, "count": 2},
    }]);
    let caller = Caller::meeting(faults, None).await;
    let mut lengths = Vec::new();
    for _ in 0..3 {
        let document = caller.read_day(3).await;
        let by_date = &document["salesAndTrafficByDate"][0];
        assert!(by_date["salesByDate"]["unitsOrdered"].as_u64().unwrap() > 0);
        lengths.push(document["salesAndTrafficByAsin"].as_array().unwrap().len());
    }
    assert_eq!(lengths[..2], [0, 0]);
    assert!(lengths[2] > 0);
}

#[tokio::test(start_paused = true)]
async fn a_restated_day_has_other_figures_that_still_add_up() {
    let faults = json!([{"restated": true, "when": {"from": 2, "per": "subject"}}]);
    let caller = Caller::meeting(faults, None).await;
    let mut sums = Vec::new();
    for _ in 0..3 {
        let document = caller.read_day(5).await;
        let sum = |list: &str, object: &str, field: &str| -> u64 {
            let all = document[list].as_array().unwrap().iter();
            all.map(|it| it[object][field].as_u64().unwrap()).sum()
        };
        let by_date = |object: &str, field| sum("salesAndTrafficByDate", object, field);
        let by_asin = |object: &str, field| sum("salesAndTrafficByAsin", object, field);
        let units = by_date("salesByDate", "unitsOrdered");
        assert_eq!(by_asin("salesByAsin", "unitsOrdered"), units);
        let sessions = by_date("trafficByDate", "sessions");
        assert_eq!(by_asin("trafficByAsin", "sessions"), sessions);
        sums.push((units, sessions));
    }
    assert!(sums[1].0 < sums[0].0 && sums[1].1 > sums[0].1, "{sums:?}");
    assert_eq!(sums[1], sums[2], "restated once");
}

#[tokio::test(start_paused = true)]
async fn reports_of_another_client_are_there_at_the_start() {
    let faults = json!([
        {"report": {
            "report_type": TRAFFIC, "marketplace_ids": [US], "start": "2026-11-10T00:00:00Z",
            "end": "2026-11-10T00:00:00Z", "options": {"asinGranularity": "CHILD"},
            "created": "-20m", "status": "DONE",
        }},
        {"report": {"report_type": FBA, "marketplace_ids": [US], "created": "-10m", "status": "DONE"}},
        {"report": {"report_type": LISTINGS, "marketplace_ids": [US], "created": "-5s", "status": "IN_PROGRESS"}},
        {"report": {"report_type": LISTINGS, "marketplace_ids": [US], "created": "-2h", "status": "FATAL"}},
    ]);
    let caller = Caller::meeting(faults, None).await;
    let list = caller
        .get(Region::Na, &format!("{REPORTS}?reportTypes={TRAFFIC},{FBA},{LISTINGS}"))
        .await
        .json();
    let field = |name: &str| -> Vec<&str> {
        list["reports"].as_array().unwrap().iter().map(|it| it[name].as_str().unwrap()).collect()
    };
    assert_eq!(field("processingStatus"), ["IN_PROGRESS", "DONE", "DONE", "FATAL"]);
    assert_eq!(
        field("createdTime"),
        [
            "2026-11-20T11:59:55.000Z",
            "2026-11-20T11:50:00.000Z",
            "2026-11-20T11:40:00.000Z",
            "2026-11-20T10:00:00.000Z",
        ]
    );
    let address = caller.address(Region::Na, &list["reports"][2]).await;
    let document = caller.download(&address, ("accept", "*/*")).await;
    let foreign: Value = serde_json::from_slice(&unzipped(&document.body)).unwrap();
    let own = caller.read_day(10).await;
    assert_eq!(foreign["salesAndTrafficByAsin"], own["salesAndTrafficByAsin"]);
    let again = caller.finished(Region::Na, wish(FBA, US)).await;
    assert_eq!(again["processingStatus"], "CANCELLED", "the window counts for all clients");
    tokio::time::advance(Duration::from_mins(20)).await;
    let later = caller.finished(Region::Na, wish(FBA, US)).await;
    assert_eq!(later["processingStatus"], "DONE");
    let made = field("reportId")[0].to_owned();
    assert_eq!(caller.report(Region::Na, &made).await["processingStatus"], "DONE");
}

#[tokio::test(start_paused = true)]
async fn a_script_sets_the_window_in_which_a_report_is_not_made_anew() {
    let faults = json!([
        {"regeneration": {"report_type": FBA, "window": "0s"}},
        {"regeneration": {"report_type": LISTINGS, "window": "10m"}},
    ]);
    let caller = Caller::meeting(faults, None).await;
    let status = async |report_type| {
        let report = caller.finished(Region::Na, wish(report_type, US)).await;
        report["processingStatus"].as_str().unwrap().to_owned()
    };
    assert_eq!((status(FBA).await, status(FBA).await), ("DONE".into(), "DONE".into()));
    assert_eq!(
        (status(LISTINGS).await, status(LISTINGS).await),
        ("DONE".into(), "CANCELLED".into())
    );
    tokio::time::advance(Duration::from_mins(10)).await;
    assert_eq!(status(LISTINGS).await, "DONE");
}

#[tokio::test(start_paused = true)]
async fn a_day_has_the_same_rows_whenever_and_from_whichever_start_it_is_asked_for() {
    let first = Caller::meeting(json!([]), None).await;
    let early = first.read_day(700).await;
    tokio::time::advance(Duration::from_mins(30)).await;
    assert_eq!(first.read_day(700).await, early);
    assert!(!early["salesAndTrafficByAsin"].as_array().unwrap().is_empty());
    let second = Caller::meeting(json!([]), None).await;
    assert_eq!(second.read_day(700).await, early);
}
