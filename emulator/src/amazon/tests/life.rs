//! The life of a report.

use super::{Caller, DE, FBA, JP, LISTINGS, ORDERS, TRAFFIC, US, noon, ranged, text, wish};
use crate::amazon::{Documents, Region};
use crate::clock::Clock;
use crate::journal::Journal;
use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::time::Duration;

const REPORTS: &str = "/reports/2021-06-30/reports";

#[tokio::test(start_paused = true)]
async fn a_report_is_queued_then_made_then_done() {
    let caller = Caller::new().await;
    let id = caller.create(Region::Eu, wish(LISTINGS, DE)).await;
    assert!(id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
    let queued = caller.report(Region::Eu, &id).await;
    assert_eq!(
        queued,
        json!({
            "reportId": id,
            "reportType": LISTINGS,
            "dataStartTime": "2026-11-20T12:00:00.000Z",
            "dataEndTime": "2026-11-20T12:00:00.000Z",
            "createdTime": "2026-11-20T12:00:00.000Z",
            "processingStatus": "IN_QUEUE",
            "marketplaceIds": [DE],
        })
    );
    let mut seen = vec!["IN_QUEUE".to_owned()];
    for _ in 0..91 {
        tokio::time::advance(Duration::from_secs(1)).await;
        let report = caller.report(Region::Eu, &id).await;
        let status = report["processingStatus"].as_str().unwrap().to_owned();
        assert_eq!(report["processingStartTime"].is_string(), status != "IN_QUEUE");
        assert_eq!(report["reportDocumentId"].is_string(), status == "DONE");
        assert_eq!(report["processingEndTime"].is_string(), status == "DONE");
        if seen.last() != Some(&status) {
            seen.push(status);
        }
    }
    assert_eq!(seen, ["IN_QUEUE", "IN_PROGRESS", "DONE"]);
    let document = caller.report(Region::Eu, &id).await["reportDocumentId"].clone();
    assert!(document.as_str().unwrap().starts_with("amzn1.spdoc.1.4.eu."), "{document}");
    let elsewhere = caller.get(Region::Na, &format!("{REPORTS}/{id}")).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND, "a report belongs to its region");
}

#[tokio::test(start_paused = true)]
async fn a_range_without_orders_is_cancelled_and_has_no_document() {
    let caller = Caller::new().await;
    let mut body = ranged(ORDERS, US, 300);
    body["dataEndTime"] = text(noon() - TimeDelta::days(290)).into();
    let report = caller.finished(Region::Na, body).await;
    assert_eq!(report["processingStatus"], "CANCELLED");
    assert_eq!(report.get("reportDocumentId"), None);
}

#[tokio::test(start_paused = true)]
async fn more_than_thirty_days_of_orders_are_fatal_and_the_document_says_why() {
    let caller = Caller::new().await;
    let within = caller.finished(Region::Na, ranged(ORDERS, US, 30)).await;
    assert_eq!(within["processingStatus"], "DONE");
    let report = caller.finished(Region::Na, ranged(ORDERS, US, 31)).await;
    assert_eq!(report["processingStatus"], "FATAL");
    let address = caller.address(Region::Na, &report).await;
    assert_eq!(address.get("compressionAlgorithm"), None);
    let document = caller.download(&address, ("accept", "*/*")).await;
    assert_eq!(
        document.body,
        "Date range exceeded. Report can be requested only upto 30 days".as_bytes()
    );
}

#[tokio::test(start_paused = true)]
async fn an_fba_snapshot_asked_again_within_half_an_hour_is_cancelled() {
    let caller = Caller::new().await;
    let status = async |marketplace| {
        let report = caller.finished(Region::Eu, wish(FBA, marketplace)).await;
        report["processingStatus"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(DE).await, "DONE");
    assert_eq!(status(DE).await, "CANCELLED");
    assert_eq!(status("A1F83G8C2ARO7P").await, "DONE", "another marketplace");
    tokio::time::advance(Duration::from_mins(30)).await;
    assert_eq!(status(DE).await, "DONE");
}

#[tokio::test(start_paused = true)]
async fn sales_and_traffic_fail_or_are_cancelled_outside_their_limits() {
    let caller = Caller::new().await;
    let day = |days: i64| {
        let date = text(noon() - TimeDelta::days(days));
        json!({"reportType": TRAFFIC, "marketplaceIds": [US], "dataStartTime": date, "dataEndTime": date})
    };
    let status = async |body: Value| caller.finished(Region::Na, body).await;
    assert_eq!(status(day(2)).await["processingStatus"], "DONE");
    assert_eq!(status(day(800)).await["processingStatus"], "CANCELLED");
    assert_eq!(status(day(0)).await["processingStatus"], "CANCELLED", "the day is not over");
    let mut two = day(2);
    two["marketplaceIds"] = json!([US, "A2EUQ1WTGCTBG2"]);
    let fatal = status(two).await;
    assert_eq!(fatal["processingStatus"], "FATAL");
    assert_eq!(fatal.get("reportDocumentId"), None, "without a document");
}

#[tokio::test(start_paused = true)]
async fn a_day_is_over_when_it_is_over_in_the_marketplace() {
    // One in the morning of the next day in Tokyo, eight in the morning in Los Angeles.
    let clock = Clock::new(noon() + TimeDelta::hours(4), 1.0);
    let caller = Caller::set_up(Documents::default(), 0, clock, Journal::none()).await;
    let status = async |region, marketplace: &str| {
        let date = text(noon());
        let body = json!({
            "reportType": TRAFFIC, "marketplaceIds": [marketplace],
            "dataStartTime": date, "dataEndTime": date,
        });
        caller.finished(region, body).await["processingStatus"].clone()
    };
    assert_eq!(status(Region::Fe, JP).await, "DONE");
    assert_eq!(status(Region::Na, US).await, "CANCELLED");
}

#[tokio::test(start_paused = true)]
async fn only_a_queued_report_can_be_cancelled() {
    let caller = Caller::new().await;
    let id = caller.create(Region::Eu, wish(LISTINGS, DE)).await;
    let target = format!("{REPORTS}/{id}");
    let cancelled = caller.call(Region::Eu, "DELETE", &target, Value::Null).await;
    assert_eq!((cancelled.status, cancelled.body.len()), (StatusCode::OK, 0));
    assert_eq!(caller.report(Region::Eu, &id).await["processingStatus"], "CANCELLED");
    let again = caller.call(Region::Eu, "DELETE", &target, Value::Null).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    let done = caller.finished(Region::Eu, wish(LISTINGS, DE)).await;
    let target = format!("{REPORTS}/{}", done["reportId"].as_str().unwrap());
    let late = caller.call(Region::Eu, "DELETE", &target, Value::Null).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_wish_is_refused() {
    let caller = Caller::new().await;
    let tomorrow = text(noon() + TimeDelta::days(1));
    let cases = [
        (json!({"marketplaceIds": [US]}), 400),
        (json!({"reportType": LISTINGS}), 400),
        (json!({"reportType": LISTINGS, "marketplaceIds": []}), 400),
        (json!({"reportType": LISTINGS, "marketplaceIds": ["A0"]}), 400),
        (wish(LISTINGS, DE), 403),
        (wish(LISTINGS, "A2Q3Y263D00KWC"), 403),
        (wish(LISTINGS, "A2ZV50J4W1RKNI"), 403),
        (wish("BAD_FEE_DISCOUNTS_REPORT", US), 400),
        (wish("GET_SELLER_FEEDBACK_DATA", US), 501),
        (json!({"reportType": LISTINGS, "marketplaceIds": [US], "dataEndTime": tomorrow}), 400),
        (
            json!({"reportType": LISTINGS, "marketplaceIds": [US], "dataStartTime": "2026-11-01"}),
            400,
        ),
        (
            json!({"reportType": LISTINGS, "marketplaceIds": [US], "reportOptions": {"custom": true}}),
            400,
        ),
        (
            json!({"reportType": LISTINGS, "marketplaceIds": [US], "reportOptions": {"custom": "true"}}),
            501,
        ),
        (json!({"reportType": LISTINGS, "marketplaceIds": [US], "period": "P1D"}), 501),
    ];
    for (body, status) in cases {
        // Each refusal takes a call from the bucket as well.
        tokio::time::advance(Duration::from_mins(1)).await;
        let answer = caller.call(Region::Na, "POST", REPORTS, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}");
        assert_eq!(answer.header("x-amzn-ratelimit-limit").is_some(), status == 400);
    }
}

#[tokio::test(start_paused = true)]
async fn reports_are_listed_newest_first_and_a_token_stands_alone() {
    let caller = Caller::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(caller.create(Region::Eu, wish(LISTINGS, DE)).await);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    caller.create(Region::Eu, ranged(ORDERS, DE, 1)).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    let first = caller
        .get(Region::Eu, &format!("{REPORTS}?reportTypes={LISTINGS}&pageSize=2"))
        .await
        .json();
    let listed = |page: &Value| -> Vec<String> {
        let reports = page["reports"].as_array().unwrap();
        reports.iter().map(|it| it["reportId"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed(&first), [ids[2].clone(), ids[1].clone()]);
    let token = first["nextToken"].as_str().unwrap();
    let raw = caller.get(Region::Eu, &format!("{REPORTS}?nextToken={token}")).await;
    assert_eq!(raw.status, StatusCode::BAD_REQUEST, "a plus sign that was not encoded");
    let encoded = token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let mixed = format!("{REPORTS}?nextToken={encoded}&pageSize=2");
    assert_eq!(caller.get(Region::Eu, &mixed).await.status, StatusCode::BAD_REQUEST);
    let second = caller.get(Region::Eu, &format!("{REPORTS}?nextToken={encoded}")).await.json();
    assert_eq!(listed(&second), [ids[0].clone()]);
    assert_eq!(second.get("nextToken"), None);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_filter_is_refused() {
    let caller = Caller::new().await;
    let old = text(noon() - TimeDelta::days(91));
    let wrong = [
        "pageSize=10".to_owned(),
        format!("reportTypes={LISTINGS}&pageSize=101"),
        format!("reportTypes={LISTINGS}&processingStatuses=BAD_VALUE"),
        format!("reportTypes={LISTINGS}&createdSince={old}"),
        format!("reportTypes={LISTINGS}&createdSince=2026-11-20T00:00:00+09:00"),
    ];
    for query in wrong {
        let answer = caller.get(Region::Na, &format!("{REPORTS}?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.error().0, "InvalidInput");
    }
    let unknown =
        caller.get(Region::Na, &format!("{REPORTS}?reportTypes={LISTINGS}&sort=up")).await;
    assert_eq!(unknown.status, StatusCode::NOT_IMPLEMENTED);
}
