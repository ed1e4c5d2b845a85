//! Calls that are refused, lost or late, and tokens that die.

use super::{Caller, LISTINGS, PARTICIPATIONS, REPORTS, TRAFFIC, US, day, lines, told};
use crate::amazon::Region;
use crate::amazon::tests::{ORDERS, wish};
use axum::http::StatusCode;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_refusal_has_amazons_body_for_its_status() {
    let cases = [
        (
            json!({"status": 400, "message": "Report rejected for this client."}),
            "InvalidInput",
            true,
        ),
        (json!({"status": 400, "code": "BAD_REQUEST"}), "BAD_REQUEST", true),
        (json!({"status": 403}), "Unauthorized", false),
        (json!({"status": 404}), "NotFound", true),
        (json!({"status": 429}), "QuotaExceeded", false),
        (json!({"status": 429, "rate_header": true}), "QuotaExceeded", true),
        (json!({"status": 500}), "InternalFailure", false),
        (json!({"status": 503}), "InternalFailure", false),
    ];
    for (fault, code, has_rate) in cases {
        let caller = Caller::meeting(json!([fault]), None).await;
        let answer = caller.get(Region::Na, PARTICIPATIONS).await;
        assert_eq!(u64::from(answer.status.as_u16()), fault["status"].as_u64().unwrap());
        assert_eq!(answer.error().0, code, "{fault}");
        assert_eq!(answer.header("x-amzn-ratelimit-limit").is_some(), has_rate, "{fault}");
        assert_eq!(answer.header("retry-after"), None);
        if let Some(message) = fault.get("message") {
            assert_eq!(&answer.json()["errors"][0]["message"], message);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_503_may_be_the_page_of_the_gateway() {
    let caller = Caller::meeting(json!([{"status": 503, "html": true}]), None).await;
    let answer = caller.get(Region::Na, PARTICIPATIONS).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=iso-8859-1"));
    assert!(answer.body.starts_with(b"<!DOCTYPE html"));
}

#[tokio::test(start_paused = true)]
async fn a_fault_strikes_only_what_it_names() {
    let faults = json!([{
        "operation": "createReport", "region": "na", "report_type": TRAFFIC,
        "marketplace_id": US, "start": "2026-11-10", "end": "2026-11-10T12:00:00Z", "status": 500,
    }]);
    let caller = Caller::meeting(faults, None).await;
    let status = async |body| caller.ask(body).await.status.as_u16();
    assert_eq!(status(day(10)).await, 500);
    assert_eq!(status(day(9)).await, 202, "another day");
    let mut elsewhere = day(10);
    elsewhere["marketplaceIds"] = json!(["A2EUQ1WTGCTBG2"]);
    assert_eq!(status(elsewhere).await, 202, "another marketplace");
    let mut other = day(10);
    other["reportType"] = json!(ORDERS);
    other["reportOptions"] = json!({});
    assert_eq!(status(other).await, 202, "another type");
    let id = caller.create(Region::Na, day(9)).await;
    let report = caller.get(Region::Na, &format!("{REPORTS}/{id}")).await;
    assert_eq!(report.status, StatusCode::OK, "another operation");
}

#[tokio::test(start_paused = true)]
async fn calls_about_a_report_are_known_by_the_report() {
    let faults = json!([
        {"operation": "getReport", "report_type": TRAFFIC, "start": "2026-11-10", "status": 503},
        {"operation": "getReportDocument", "report_type": LISTINGS, "status": 500},
        {"operation": "getReports", "report_type": ORDERS, "status": 400},
    ]);
    let caller = Caller::meeting(faults, None).await;
    let (tenth, ninth) =
        (caller.create(Region::Na, day(10)).await, caller.create(Region::Na, day(9)).await);
    let status = async |target: String| caller.get(Region::Na, &target).await.status.as_u16();
    assert_eq!(status(format!("{REPORTS}/{tenth}")).await, 503);
    assert_eq!(status(format!("{REPORTS}/{ninth}")).await, 200);
    let report = caller.finished(Region::Na, wish(LISTINGS, US)).await;
    let id = report["reportDocumentId"].as_str().unwrap();
    assert_eq!(status(format!("/reports/2021-06-30/documents/{id}")).await, 500);
    assert_eq!(status(format!("{REPORTS}?reportTypes={TRAFFIC},{ORDERS}")).await, 400);
    assert_eq!(status(format!("{REPORTS}?reportTypes={TRAFFIC}")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_a_report_behind_and_a_dropped_call_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("journal");
    let faults = json!([
        {"accept_then": 500, "when": {"calls": [1]}},
        {"accept_then": "drop", "when": {"calls": [2]}},
        {"operation": "createReport", "drop": true, "when": {"calls": [3]}},
    ]);
    let caller = Caller::meeting(faults, Some(&file)).await;
    let failed = caller.ask(day(2)).await;
    assert_eq!((failed.status.as_u16(), failed.error().0.as_str()), (500, "InternalFailure"));
    for _ in 0..2 {
        let silent = caller.ask(day(2)).await;
        assert_eq!((silent.is_whole, silent.body.len()), (false, 0));
    }
    let list = caller.get(Region::Na, &format!("{REPORTS}?reportTypes={TRAFFIC}")).await.json();
    assert_eq!(list["reports"].as_array().unwrap().len(), 2);
    let creates: Vec<_> = told(&file).into_iter().filter(|it| it.0 == "createReport").collect();
    let creates: Vec<_> = creates.iter().map(|it| (it.1, it.2.as_str())).collect();
    assert_eq!(creates, [(500, "lost_create"), (0, "lost_create"), (0, "drop")]);
    let made = |line: usize| lines(&file)[line]["detail"]["reportId"].clone();
    assert_eq!(made(1), list["reports"][1]["reportId"]);
    assert_eq!(made(2), list["reports"][0]["reportId"]);
    assert_eq!(made(3), json!(null));
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_takes_its_time_and_may_be_a_refusal() {
    let faults = json!([
        {"operation": "getReports", "delay": "30s"},
        {"operation": "getReports", "status": 429, "when": {"calls": [2]}},
    ]);
    let caller = Caller::meeting(faults, None).await;
    for expected in [200, 429] {
        let asked = Instant::now();
        let answer = caller.get(Region::Na, &format!("{REPORTS}?reportTypes={TRAFFIC}")).await;
        assert_eq!((answer.status.as_u16(), asked.elapsed().as_secs()), (expected, 30));
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_died_stays_dead_and_a_new_one_lives() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("journal");
    for (death, details) in [
        ("expired", "The access token you provided has expired."),
        ("revoked", "The access token you provided is revoked, malformed or invalid."),
    ] {
        let faults = json!([{"operation": "getReports", "token": death, "when": {"calls": [2]}}]);
        let mut caller = Caller::meeting(faults, Some(&file)).await;
        let list = format!("{REPORTS}?reportTypes={TRAFFIC}");
        assert_eq!(caller.get(Region::Na, &list).await.status, StatusCode::OK);
        for target in [list.as_str(), PARTICIPATIONS] {
            let refused = caller.get(Region::Na, target).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN);
            assert_eq!(refused.error(), ("Unauthorized".to_owned(), details.to_owned()));
        }
        let login = caller.log_in("Atzr|demo").await;
        caller.token = login.json()["access_token"].as_str().unwrap().to_owned();
        assert_eq!(caller.get(Region::Na, &list).await.status, StatusCode::OK);
        let faults: Vec<String> = told(&file).into_iter().map(|it| it.2).collect();
        assert_eq!(faults, ["", "", "token", "token", "", ""], "what follows is explained");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_may_live_shorter_than_is_said() {
    let caller = Caller::meeting(json!([{"dies_after": "60s"}]), None).await;
    let login = caller.log_in("Atzr|demo").await;
    assert_eq!(login.json()["expires_in"], 3600);
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(caller.get(Region::Na, PARTICIPATIONS).await.status, StatusCode::OK);
    tokio::time::advance(Duration::from_secs(1)).await;
    let refused = caller.get(Region::Na, PARTICIPATIONS).await;
    assert_eq!(refused.error().1, "The access token you provided has expired.");
}

#[tokio::test(start_paused = true)]
async fn a_login_may_fail() {
    let faults = json!([
        {"invalid_grant": true, "when": {"calls": [2]}},
        {"operation": "token", "status": 500, "when": {"calls": [3]}},
        {"operation": "token", "status": 503, "when": {"calls": [4]}},
        {"operation": "token", "drop": true, "when": {"calls": [5]}},
    ]);
    let caller = Caller::meeting(faults, None).await;
    for (status, error) in [(400, "invalid_grant"), (500, "server_error"), (503, "server_error")] {
        let answer = caller.log_in("Atzr|demo").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (status, &json!(error)));
    }
    assert!(!caller.log_in("Atzr|demo").await.is_whole);
    assert_eq!(caller.log_in("Atzr|demo").await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_spell_of_a_region_leaves_the_others_alone() {
    let faults = json!([{"region": "fe", "status": 503, "when": {"between": ["10s", "2m"]}}]);
    let caller = Caller::meeting(faults, None).await;
    let status = async |region| caller.get(region, PARTICIPATIONS).await.status.as_u16();
    assert_eq!(status(Region::Fe).await, 200);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!((status(Region::Fe).await, status(Region::Eu).await), (503, 200));
    tokio::time::advance(Duration::from_secs(110)).await;
    assert_eq!(status(Region::Fe).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_used_up_quota_of_a_type_is_429_while_the_plan_has_calls_left() {
    let quota = json!([{"quota": {"report_type": TRAFFIC, "reports": 2, "per": "4h"}}]);
    let caller = Caller::meeting(quota, None).await;
    let mut statuses = Vec::new();
    for days in 2..5 {
        statuses.push(caller.ask(day(days)).await.status.as_u16());
    }
    assert_eq!(statuses, [202, 202, 429]);
    assert_eq!(caller.ask(wish(LISTINGS, US)).await.status, StatusCode::ACCEPTED);
    tokio::time::advance(Duration::from_hours(2)).await;
    let login = caller.log_in("Atzr|demo").await;
    let later = Caller {
        amazon: caller.amazon.clone(),
        token: login.json()["access_token"].as_str().unwrap().to_owned(),
    };
    assert_eq!(later.ask(day(4)).await.status, StatusCode::ACCEPTED);
}

#[tokio::test(start_paused = true)]
async fn the_journal_explains_calls_and_counts_scaled_time() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("journal");
    let faults = json!([{"operation": "createReport", "status": 429, "when": {"calls": [1]}}]);
    let caller = Caller::meeting(faults, Some(&file)).await;
    caller.ask(day(2)).await;
    tokio::time::advance(Duration::from_millis(1500)).await;
    let id = caller.create(Region::Na, day(2)).await;
    caller.report(Region::Na, &id).await;
    let lines = lines(&file);
    let asked = json!({
        "reportType": TRAFFIC, "marketplaceIds": [US],
        "dataStartTime": "2026-11-18T12:00:00Z", "dataEndTime": "2026-11-18T12:00:00Z",
        "reportOptions": {"asinGranularity": "CHILD"},
    });
    assert_eq!((&lines[1]["detail"], &lines[1]["fault"]), (&asked, &json!("429")));
    let mut made = asked;
    made["reportId"] = json!(id);
    assert_eq!((&lines[2]["detail"], lines[2].get("fault")), (&made, None));
    assert_eq!(lines[2]["scaled_seconds"], 1.5);
    assert_eq!(lines[3]["detail"]["reportId"], json!(id));
    assert_eq!(lines[3]["detail"]["processingStatus"], "IN_QUEUE");
}
