//! Plytix as its callers see it: each request goes through the router, as on the wire.

mod asset;
mod definition;
mod link;
mod product;
mod search;
mod transport;

use super::{PlytixSettings, Service};
use crate::clock::Clock;
use crate::journal::Journal;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::time::Duration;
use tower::ServiceExt;

/// Plytix, a token for it, and its journal.
struct Caller {
    service: Service,
    token: String,
    directory: tempfile::TempDir,
}

/// An answer off the wire.
#[derive(Debug)]
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Reply {
    /// A header's text, or an empty one.
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The only entity.
    fn entity(&self) -> &Value {
        let entities = self.body["data"].as_array().unwrap();
        assert_eq!(entities.len(), 1, "{self:?}");
        &entities[0]
    }

    /// Checks the status, and gives the reply on.
    #[track_caller]
    fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }
}

/// Sends a request as it is, without any time passing.
async fn send(router: axum::Router, request: Request<Body>) -> Reply {
    let (head, body) = router.oneshot(request).await.unwrap().into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
    Reply { status: head.status, headers: head.headers, body }
}

/// A request with a JSON body, or with none for `null`.
fn request(method: &str, path: &str, authorization: Option<&str>, body: &Value) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    request.body(body).unwrap()
}

impl Caller {
    /// Logs in to a new Plytix whose scaled time runs `speed` times as fast as the test's.
    async fn at(speed: f64) -> Self {
        Self::with(speed, &PlytixSettings::default()).await
    }

    /// Logs in to a new Plytix that is set up in its own way.
    async fn with(speed: f64, settings: &PlytixSettings) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::new(DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_500), speed);
        let journal = Journal::create(&directory.path().join("journal"), clock.clone()).unwrap();
        let service = Service::new(7, settings, &[], clock, journal).unwrap();
        let mut caller = Self { service, token: String::new(), directory };
        caller.token = caller.login().await;
        caller
    }

    /// Logs in to a new Plytix at normal speed.
    async fn new() -> Self {
        Self::at(1.0).await
    }

    /// A new token.
    async fn login(&self) -> String {
        let keys = json!({"api_key": "demo-key", "api_password": "demo-password"});
        let reply = self.log_in_with(&keys).await.is(200);
        reply.entity()["access_token"].as_str().unwrap().to_owned()
    }

    /// Asks for a token with this body.
    async fn log_in_with(&self, body: &Value) -> Reply {
        let request = request("POST", "/auth/api/get-token", None, body);
        send(self.service.auth_router(), request).await
    }

    /// Calls the API without any time passing.
    async fn at_once(&self, method: &str, path: &str, body: Value) -> Reply {
        let authorization = format!("Bearer {}", self.token);
        let request = request(method, path, Some(&authorization), &body);
        send(self.service.api_router(), request).await
    }

    /// Calls the API, half a second after whatever came before, which is within its quota.
    async fn call(&self, method: &str, path: &str, body: Value) -> Reply {
        tokio::time::advance(Duration::from_millis(500)).await;
        self.at_once(method, path, body).await
    }

    /// Makes a product and returns its id.
    async fn create(&self, body: Value) -> String {
        let reply = self.call("POST", "/api/v2/products", body).await.is(201);
        reply.entity()["id"].as_str().unwrap().to_owned()
    }

    /// Reads a product.
    async fn read(&self, id: &str) -> Value {
        let reply = self.call("GET", &format!("/api/v2/products/{id}"), Value::Null).await.is(200);
        reply.entity().clone()
    }

    /// Changes a product.
    async fn patch(&self, id: &str, body: Value) -> Reply {
        self.call("PATCH", &format!("/api/v2/products/{id}"), body).await
    }

    /// Searches products of v2.
    async fn search(&self, body: Value) -> Reply {
        self.call("POST", "/api/v2/products/search", body).await
    }

    /// The product with this SKU as a search shows it with `columns`.
    async fn row(&self, sku: &str, columns: &[&str]) -> Value {
        let filters = json!([[{"field": "sku", "operator": "in", "value": [sku]}]]);
        let reply = self.search(json!({"filters": filters, "attributes": columns})).await.is(200);
        reply.entity().clone()
    }

    /// Operation, status and detail of all requests so far.
    fn journal(&self) -> Vec<(String, u64, Value)> {
        let lines = std::fs::read_to_string(self.directory.path().join("journal")).unwrap();
        let entry = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            let operation = line["operation"].as_str().unwrap().to_owned();
            (operation, line["status"].as_u64().unwrap(), line["detail"].clone())
        };
        lines.lines().map(entry).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn the_table_shows_totals_and_the_first_products_by_sku() {
    let caller = Caller::new().await;
    caller.create(json!({"sku": "AMZN-US-B1", "label": "x".repeat(60)})).await;
    let table = caller.service.table();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "7 products, 6 with a family, 6 with a thumbnail, 0 links");
    assert_eq!(
        lines[1].split_whitespace().collect::<Vec<_>>(),
        ["SKU", "label", "family", "attributes", "modified"]
    );
    let cells = ["AMZN-US-B1", &"x".repeat(40), "0", "2026-02-16", "00:00:00"];
    assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>(), cells);
    assert!(lines[3].starts_with("MCA0032     Men's Chukka Driving Moc, Bomber"), "{table}");
    assert_eq!(lines.len(), 9);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_account() {
    let first =
        Caller::new().await.search(json!({"attributes": ["gtin", "created"]})).await.is(200);
    let second = Caller::new().await.search(json!({"attributes": ["gtin", "created"]})).await;
    assert_eq!(first.body["data"], second.body["data"]);
    assert_eq!(first.body["data"][0]["sku"], "MCA0032");
    assert_eq!(first.body["data"][0]["gtin"].as_str().unwrap().len(), 13);
}
