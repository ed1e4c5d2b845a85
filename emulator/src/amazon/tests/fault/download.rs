//! Downloads that expire, break off or trickle.

use super::{Caller, told};
use crate::amazon::Region;
use crate::amazon::tests::{DE, LISTINGS, wish};
use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

/// A caller that meets `faults`, and the finished report of German listings.
async fn meeting(faults: Value) -> (Caller, Value) {
    let caller = Caller::meeting(faults, None).await;
    let report = caller.finished(Region::Eu, wish(LISTINGS, DE)).await;
    (caller, report)
}

#[tokio::test(start_paused = true)]
async fn an_address_may_die_before_its_time_and_a_new_one_lives() {
    let (caller, report) = meeting(json!([{"expired": true, "when": {"calls": [1]}}])).await;
    let address = caller.address(Region::Eu, &report).await;
    for _ in 0..2 {
        let dead = caller.download(&address, ("accept", "*/*")).await;
        assert_eq!(dead.status, StatusCode::FORBIDDEN);
        let xml = String::from_utf8(dead.body.to_vec()).unwrap();
        assert!(xml.contains("<Code>AccessDenied</Code><Message>Request has expired</Message>"));
        assert!(xml.contains("<X-Amz-Expires>300</X-Amz-Expires>"), "{xml}");
    }
    let fresh = caller.address(Region::Eu, &report).await;
    assert_eq!(caller.download(&fresh, ("accept", "*/*")).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn the_storage_may_be_out_of_order() {
    let faults = json!([
        {"operation": "download", "status": 503, "when": {"calls": [1]}},
        {"operation": "download", "status": 500, "when": {"calls": [2]}},
        {"operation": "download", "drop": true, "when": {"calls": [3]}},
    ]);
    let (caller, report) = meeting(faults).await;
    let address = caller.address(Region::Eu, &report).await;
    for (status, code) in [(503, "SlowDown"), (500, "InternalError")] {
        let answer = caller.download(&address, ("accept", "*/*")).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.header("content-type"), Some("application/xml"));
        let xml = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(xml.contains(&format!("<Code>{code}</Code>")), "{xml}");
    }
    assert!(!caller.download(&address, ("accept", "*/*")).await.is_whole);
    let whole = caller.download(&address, ("accept", "*/*")).await;
    assert_eq!((whole.status, whole.is_whole), (StatusCode::OK, true), "the same address");
}

#[tokio::test(start_paused = true)]
async fn a_download_that_is_cut_promises_more_than_it_brings() {
    let faults = json!([
        {"cut_after": 1000, "when": {"calls": [1]}},
        {"cut_after": 0, "when": {"calls": [2]}},
        {"cut_after": 1_000_000_000, "when": {"calls": [3]}},
    ]);
    let (caller, report) = meeting(faults).await;
    let address = caller.address(Region::Eu, &report).await;
    let mut parts = Vec::new();
    for _ in 0..4 {
        parts.push(caller.download(&address, ("accept", "*/*")).await);
    }
    let whole = parts.pop().unwrap();
    let length = whole.body.len();
    assert!(whole.is_whole && length > 1000);
    for (part, expected) in parts.iter().zip([1000, 0, length - 1]) {
        assert_eq!((part.status, part.is_whole), (StatusCode::OK, false));
        assert_eq!(part.body, whole.body[..expected]);
        assert_eq!(part.header("content-length"), Some(length.to_string().as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_download_takes_as_long_as_its_rate_says() {
    let (caller, report) =
        meeting(json!([{"bytes_per_second": 500, "when": {"calls": [2]}}])).await;
    let address = caller.address(Region::Eu, &report).await;
    let fast = caller.download(&address, ("accept", "*/*")).await;
    let asked = Instant::now();
    let slow = caller.download(&address, ("accept", "*/*")).await;
    let seconds = asked.elapsed().as_secs_f64();
    assert_eq!(slow.body, fast.body);
    #[expect(clippy::cast_precision_loss, reason = "a few thousand bytes")]
    let expected = fast.body.len() as f64 / 500.0;
    assert!((expected..expected * 1.25).contains(&seconds), "{seconds} for {expected}");
}

#[tokio::test(start_paused = true)]
async fn the_journal_names_the_report_of_a_download() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("journal");
    let caller = Caller::meeting(json!([{"cut_after": 9}]), Some(&file)).await;
    let report = caller.finished(Region::Eu, wish(LISTINGS, DE)).await;
    let address = caller.address(Region::Eu, &report).await;
    caller.download(&address, ("accept", "*/*")).await;
    let last = super::lines(&file).pop().unwrap();
    let detail =
        json!({"reportId": report["reportId"], "reportType": LISTINGS, "marketplaceIds": [DE]});
    assert_eq!(last["detail"], detail);
    assert_eq!(told(&file).pop().unwrap(), ("download".to_owned(), 200, "cut".to_owned()));
}
