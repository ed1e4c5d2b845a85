//! Tokens, windows, redirects, races and the journal.

use super::{Caller, PlytixSettings, request, send};
use crate::plytix::RetryAfter;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::advance;

const PRODUCT: &str = "/api/v2/products/5c4ec5afb3bfd10001e45603";

#[tokio::test(start_paused = true)]
async fn a_token_looks_like_a_jwt_that_lives_fifteen_minutes() {
    let caller = Caller::new().await;
    let keys = json!({"api_key": "demo-key", "api_password": "demo-password"});
    let reply = caller.log_in_with(&keys).await.is(200);
    assert_eq!(reply.header("ratelimit-limit"), "8");
    assert_eq!(reply.header("x-ratelimit-limit-second"), "8");
    assert!(!reply.header("x-request-id").is_empty());
    let token = reply.entity()["access_token"].as_str().unwrap();
    assert_ne!(token, caller.token);
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    // {"iat":1771200000,"exp":1771200900}
    assert_eq!(parts[1], "eyJpYXQiOjE3NzEyMDAwMDAsImV4cCI6MTc3MTIwMDkwMH0");
    assert!(reply.entity()["refresh_token"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_bad_password_is_refused_with_the_status_as_a_number_in_the_body() {
    let caller = Caller::new().await;
    for (key, password, why) in [
        ("demo-key", "wrong", "Credentials not valid"),
        ("other", "demo-password", "Query did not throw any results"),
    ] {
        let keys = json!({"api_key": key, "api_password": password});
        let reply = caller.log_in_with(&keys).await.is(401);
        let errors = json!([{"field": "http_status_code", "msg": 401}]);
        let msg = format!("Bad api_key or api_password: {why}");
        assert_eq!(reply.body, json!({"error": {"errors": errors, "msg": msg}}));
    }
}

#[tokio::test(start_paused = true)]
async fn a_ninth_login_in_a_second_is_refused() {
    let caller = Caller::new().await;
    for _ in 0..7 {
        caller.login().await;
    }
    let reply = caller.log_in_with(&json!({})).await.is(429);
    assert_eq!(reply.header("retry-after"), "1");
    advance(Duration::from_secs(1)).await;
    caller.login().await;
}

#[tokio::test(start_paused = true)]
async fn a_token_is_needed_in_exactly_this_form_and_for_fifteen_minutes_only() {
    let caller = Caller::new().await;
    let status = async |authorization: Option<&str>| {
        let request = request("GET", PRODUCT, authorization, &Value::Null);
        send(caller.service.api_router(), request).await.status.as_u16()
    };
    let token = &caller.token;
    assert_eq!(status(None).await, 401);
    assert_eq!(status(Some(&format!("bearer {token}"))).await, 401);
    assert_eq!(status(Some(&format!("Bearer  {token}"))).await, 401);
    assert_eq!(status(Some(&format!("Bearer {token}x"))).await, 401);
    advance(Duration::from_secs(899)).await;
    assert_eq!(status(Some(&format!("Bearer {token}"))).await, 404);
    advance(Duration::from_secs(1)).await;
    assert_eq!(status(Some(&format!("Bearer {token}"))).await, 401);
}

#[tokio::test(start_paused = true)]
async fn a_missing_header_has_its_own_message() {
    let caller = Caller::new().await;
    let request = request("GET", PRODUCT, None, &Value::Null);
    let reply = send(caller.service.api_router(), request).await.is(401);
    assert_eq!(reply.body, json!({"error": {"msg": "Missing Authorization Header"}}));
    assert!(!reply.header("x-request-id").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_is_read_to_its_end_so_that_its_sender_sees_the_refusal() {
    let caller = Caller::new().await;
    let read = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&read);
    let last = futures_util::stream::once(async move {
        flag.store(true, Ordering::Relaxed);
        Ok::<&str, std::io::Error>("{}")
    });
    let request = Request::patch(PRODUCT).body(Body::from_stream(last)).unwrap();
    send(caller.service.api_router(), request).await.is(401);
    assert!(read.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn a_trailing_slash_is_redirected_before_anybody_asks_for_a_token() {
    let caller = Caller::new().await;
    let request = request("POST", "/api/v2/products/?a=b", None, &json!({"sku": "S"}));
    let reply = send(caller.service.api_router(), request).await.is(308);
    assert_eq!(reply.header("location"), "/api/v2/products?a=b");
    assert_eq!(
        caller.service.table().lines().next(),
        Some("6 products, 6 with a family, 6 with a thumbnail, 0 links")
    );
}

#[tokio::test(start_paused = true)]
async fn the_twenty_first_request_waits_for_the_end_of_its_ten_seconds() {
    let caller = Caller::new().await;
    advance(Duration::from_millis(4_200)).await;
    for _ in 0..19 {
        caller.at_once("GET", PRODUCT, Value::Null).await.is(404);
    }
    let refused = send(caller.service.api_router(), request("GET", PRODUCT, None, &Value::Null));
    refused.await.is(401);
    let reply = caller.at_once("GET", PRODUCT, Value::Null).await.is(429);
    assert_eq!(reply.header("retry-after"), "6");
    assert_eq!(reply.body, json!({"error": {"msg": "Rate limit exceeded", "retry_after": 6}}));
    assert!(!reply.header("x-request-id").is_empty());
    advance(Duration::from_secs(5)).await;
    let reply = caller.at_once("GET", PRODUCT, Value::Null).await.is(429);
    assert_eq!(reply.header("retry-after"), "1");
    advance(Duration::from_millis(800)).await;
    caller.at_once("GET", PRODUCT, Value::Null).await.is(404);
}

#[tokio::test(start_paused = true)]
async fn the_hour_ends_for_all_together_and_in_real_time() {
    let mut caller = Caller::at(10.0).await;
    // A second of real time is a short window of scaled time here.
    for second in 0..250_u32 {
        for _ in 0..20 {
            caller.at_once("GET", PRODUCT, Value::Null).await.is(404);
        }
        advance(Duration::from_secs(1)).await;
        if second == 200 {
            caller.token = caller.login().await;
        }
    }
    let reply = caller.at_once("GET", PRODUCT, Value::Null).await.is(429);
    assert_eq!(reply.header("retry-after"), "110");
    advance(Duration::from_secs(110)).await;
    caller.at_once("GET", PRODUCT, Value::Null).await.is(404);
}

#[tokio::test(start_paused = true)]
async fn two_writes_to_one_product_at_once_are_a_race_and_to_two_are_not() {
    let caller = Caller::new().await;
    let one = caller.create(json!({"sku": "A"})).await;
    let two = caller.create(json!({"sku": "B"})).await;
    let patch = async |id: &str, label: &str| {
        let path = format!("/api/v2/products/{id}");
        caller.at_once("PATCH", &path, json!({ "label": label })).await.status.as_u16()
    };
    let (first, second) = tokio::join!(patch(&one, "a"), patch(&two, "a"));
    assert_eq!([first, second], [200, 200]);
    let family = format!("/api/v1/products/{one}/family");
    let assign = async || {
        let reply = caller.at_once("POST", &family, json!({"product_family_id": ""})).await;
        reply.status.as_u16()
    };
    let (first, second) = tokio::join!(patch(&one, "b"), assign());
    // Which of them comes first is up to the runtime.
    assert_eq!([first.min(second), first.max(second)], [200, 500]);
    assert_eq!(patch(&one, "c").await, 200);
    assert_eq!(caller.read(&one).await["label"], "c");
    let races = caller.journal().into_iter().filter(|(operation, ..)| operation == "race");
    assert_eq!(races.map(|(_, status, _)| status).collect::<Vec<_>>(), [500]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_clock_stretches_writes() {
    let caller = Caller::at(0.01).await;
    let id = caller.create(json!({"sku": "A"})).await;
    let start = tokio::time::Instant::now();
    caller.at_once("PATCH", &format!("/api/v2/products/{id}"), json!({})).await.is(200);
    assert_eq!(start.elapsed().as_millis() / 10, 198);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_recorded_is_answered_501_and_noted() {
    let caller = Caller::new().await;
    for (method, path) in [
        ("GET", "/api/v2/products"),
        ("POST", "/api/v1/products"),
        ("PUT", "/api/v2/products/search"),
        ("POST", "/api/v2/products/5c4ec5afb3bfd10001e45603/categories"),
        ("POST", "/api/v1/assets"),
        ("GET", "/api/v3/products"),
        ("GET", "/"),
    ] {
        let reply = caller.call(method, path, json!({})).await.is(501);
        let message = reply.body["error"]["msg"].as_str().unwrap();
        assert!(message.starts_with("emulator: not evidenced: "), "{message}");
    }
    let request = request("GET", "/auth/api/get-token", None, &Value::Null);
    send(caller.service.auth_router(), request).await.is(501);
    let noted = caller.journal().into_iter().filter(|(operation, ..)| operation == "notEvidenced");
    assert_eq!(noted.count(), 8);
}

#[tokio::test(start_paused = true)]
async fn paths_that_callers_guessed_at_are_refused_as_recorded() {
    let caller = Caller::new().await;
    for (method, path, status) in [
        ("GET", "/api/v1/products", 405),
        ("GET", "/api/v1/filters/products", 404),
        ("GET", "/api/v1/filters/relationship", 404),
        ("GET", "/api/v1/attributes/product/groups", 500),
        ("POST", "/api/v1/jobs/search", 403),
        ("GET", "/api/v1/tasks", 404),
        ("GET", "/api/v2/products/bulk", 404),
    ] {
        caller.call(method, path, Value::Null).await.is(status);
    }
}

#[tokio::test(start_paused = true)]
async fn the_journal_names_each_operation_and_counts_the_skus_of_a_search() {
    let caller = Caller::new().await;
    let id = caller.create(json!({"sku": "A"})).await;
    caller.patch(&id, json!({"label": "a"})).await.is(200);
    let skus = json!([[{"field": "sku", "operator": "in", "value": ["A", "B", "C"]}]]);
    caller.search(json!({"filters": skus})).await.is(200);
    caller.search(json!({"page": 1})).await.is(501);
    let expected = [
        ("getToken", 200, Value::Null),
        ("createProduct", 201, json!({"sku": "A", "id": id})),
        ("updateProduct", 200, json!({"sku": "A", "changed": true})),
        ("searchProducts", 200, json!({"skus": 3, "rows": 1})),
        (
            "notEvidenced",
            501,
            json!({"operation": "searchProducts",
                "reason": "emulator: not evidenced: `page` in a search"}),
        ),
    ];
    let expected =
        expected.map(|(operation, status, detail)| (operation.to_owned(), status, detail));
    assert_eq!(caller.journal(), expected);
}

#[tokio::test(start_paused = true)]
async fn limits_and_the_place_of_the_wait_can_be_chosen() {
    for (retry_after, header, body) in [
        (RetryAfter::Both, "10", json!(10)),
        (RetryAfter::Header, "10", Value::Null),
        (RetryAfter::Body, "", json!(10)),
    ] {
        let settings =
            PlytixSettings { requests_per_10_seconds: 1, retry_after, ..PlytixSettings::default() };
        let caller = Caller::with(1.0, &settings).await;
        caller.at_once("GET", PRODUCT, Value::Null).await.is(404);
        let reply = caller.at_once("GET", PRODUCT, Value::Null).await.is(429);
        assert_eq!(
            (reply.header("retry-after"), &reply.body["error"]["retry_after"]),
            (header, &body)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_search_may_be_late_and_a_read_is_not() {
    let settings = PlytixSettings { search_lag: 3.0, ..PlytixSettings::default() };
    let caller = Caller::with(1.0, &settings).await;
    let id = caller.create(json!({"sku": "S"})).await;
    let found = async || {
        let filters = json!([[{"field": "sku", "operator": "in", "value": ["S"]}]]);
        let reply = caller.search(json!({"filters": filters})).await.is(200);
        reply.body["data"].as_array().unwrap().len()
    };
    assert_eq!(found().await, 0);
    assert_eq!(caller.read(&id).await["sku"], "S");
    advance(Duration::from_secs(3)).await;
    assert_eq!(found().await, 1);
}
