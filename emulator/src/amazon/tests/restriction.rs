//! Restricted data tokens.

use super::model::assert_follows;
use super::{Caller, Heard, Setup, US, noon, setup, wish};
use crate::amazon::{Account, Authorization, Documents, Region, Role};
use crate::clock::Clock;
use crate::journal::Journal;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

const TOKENS: &str = "/tokens/2021-03-01/restrictedDataToken";
const DIRECT: &str = "/vendor/directFulfillment/orders/2021-12-28/purchaseOrders";
const WEEK: &str = "createdAfter=2026-11-10T00:00:00Z&createdBefore=2026-11-17T00:00:00Z";

/// Asks North America for a token for `resources`.
async fn ask(caller: &Caller, resources: Value) -> Heard {
    let body = json!({"restrictedResources": resources});
    caller.call(Region::Na, "POST", TOKENS, body).await
}

/// Calls North America with another token.
async fn get_with(caller: &Caller, token: &str, target: &str) -> StatusCode {
    let other = Caller { amazon: caller.amazon.clone(), token: token.to_owned() };
    other.get(Region::Na, target).await.status
}

fn get(path: &str) -> Value {
    json!([{"method": "GET", "path": path}])
}

async fn vendor() -> Caller {
    let account = Account::Vendor;
    Caller::authorized(Authorization { account, ..Authorization::default() }).await
}

#[tokio::test(start_paused = true)]
async fn a_token_opens_what_it_was_made_for_until_it_dies() {
    let caller = vendor().await;
    let target = format!("{DIRECT}?{WEEK}");
    let refused = caller.get(Region::Na, &target).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "an access token does not open it");
    let answer = ask(&caller, get(DIRECT)).await;
    let model = include_str!("models/tokens.json");
    assert_follows(model, "CreateRestrictedDataTokenResponse", &answer.json());
    assert_eq!(answer.json()["expiresIn"], 3600);
    let token = answer.json()["restrictedDataToken"].as_str().unwrap().to_owned();
    assert!(token.starts_with("Atz.sprdt|"), "{token}");
    assert_eq!(get_with(&caller, &token, &target).await, StatusCode::OK);
    let invoices = format!("/vendor/directFulfillment/shipping/2021-12-28/customerInvoices?{WEEK}");
    assert_eq!(get_with(&caller, &token, &invoices).await, StatusCode::FORBIDDEN);
    let elsewhere = format!("/vendor/orders/v1/purchaseOrders?{WEEK}");
    assert_eq!(get_with(&caller, &token, &elsewhere).await, StatusCode::FORBIDDEN);
    assert_eq!(caller.get(Region::Na, &elsewhere).await.status, StatusCode::OK);
    tokio::time::advance(Duration::from_hours(1)).await;
    assert_eq!(get_with(&caller, &token, &target).await, StatusCode::FORBIDDEN);
}

#[tokio::test(start_paused = true)]
async fn a_generic_path_covers_every_number() {
    let caller = vendor().await;
    for path in [format!("{DIRECT}/{{purchaseOrderNumber}}"), format!("{DIRECT}/D1")] {
        assert_eq!(ask(&caller, get(&path)).await.status, StatusCode::OK, "{path}");
    }
    let many = json!([
        {"method": "GET", "path": DIRECT},
        {"method": "GET", "path": "/orders/v0/orders", "dataElements": ["buyerInfo"]},
    ]);
    let answer = ask(&caller, many).await.json();
    let token = answer["restrictedDataToken"].as_str().unwrap();
    let status = get_with(&caller, token, &format!("{DIRECT}?{WEEK}")).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn wrong_resources_are_refused() {
    let caller = vendor().await;
    let document = "/reports/2021-06-30/documents/amzn1.spdoc.1.4.na.x";
    let elements =
        |path: &str| json!([{"method": "GET", "path": path, "dataElements": ["buyerInfo"]}]);
    let many: Vec<Value> = (0..51).map(|_| json!({"method": "GET", "path": DIRECT})).collect();
    let cases = [
        (json!([]), 400),
        (json!(many), 400),
        (json!([{"method": "", "path": DIRECT}]), 400),
        (json!([{"method": "GET"}]), 400),
        (json!([{"method": "POST", "path": DIRECT}]), 400),
        (get("/orders/2026-01-01/orders"), 400),
        (get("/reports/2021-06-30/documents/{reportDocumentId}"), 400),
        (elements(document), 400),
        (elements("/orders/v0/orders"), 200),
        (get(document), 200),
    ];
    for (resources, status) in cases {
        tokio::time::advance(Duration::from_secs(1)).await;
        let answer = ask(&caller, resources.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{resources}");
    }
    let wrong = ask(&caller, json!([{"method": "", "path": DIRECT}])).await;
    let error = &wrong.json()["errors"][0];
    assert_eq!(error["code"], "InvalidRequest");
    assert_eq!(error["details"], "Resource not provided.");
    tokio::time::advance(Duration::from_secs(1)).await;
    let delegated = json!({"restrictedResources": get(DIRECT), "targetApplication": "a"});
    let answer = caller.call(Region::Na, "POST", TOKENS, delegated).await;
    assert_eq!(answer.status, StatusCode::NOT_IMPLEMENTED);
}

#[tokio::test(start_paused = true)]
async fn without_its_role_a_token_is_not_made() {
    let missing_roles = vec![Role::DirectToConsumerShipping];
    let authorization =
        Authorization { account: Account::Vendor, missing_roles, ..Authorization::default() };
    let caller = Caller::authorized(authorization).await;
    assert_eq!(ask(&caller, get(DIRECT)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(ask(&caller, get("/orders/v0/orders")).await.status, StatusCode::OK);
}

/// Documents of a restricted report type, kept in a folder.
fn documents(folder: &tempfile::TempDir, kind: &str) -> Documents {
    let listing = json!([{
        "report_type": kind,
        "file": "orders.tsv",
        "content_type": "text/plain; charset=UTF-8",
    }]);
    std::fs::write(folder.path().join("documents.json"), listing.to_string()).unwrap();
    std::fs::write(folder.path().join("orders.tsv"), "order-id\n1\n").unwrap();
    Documents::read(folder.path()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_document_of_a_restricted_report_wants_a_token_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let kind = "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING";
    let caller = Caller::with(documents(&folder, kind), 10).await;
    let report = caller.finished(Region::Na, wish(kind, US)).await;
    let id = report["reportDocumentId"].as_str().unwrap();
    let target = format!("/reports/2021-06-30/documents/{id}");
    assert_eq!(caller.get(Region::Na, &target).await.status, StatusCode::FORBIDDEN);
    let answer = ask(&caller, get(&target)).await.json();
    let token = answer["restrictedDataToken"].as_str().unwrap();
    assert_eq!(get_with(&caller, token, &target).await, StatusCode::OK);
    let other = ask(&caller, get(&format!("{target}0"))).await.json();
    let other = other["restrictedDataToken"].as_str().unwrap();
    assert_eq!(get_with(&caller, other, &target).await, StatusCode::FORBIDDEN);
}

#[tokio::test(start_paused = true)]
async fn a_token_for_a_document_wants_a_restricted_role_of_its_report_type() {
    // Finance and Accounting is enough to ask for the report, and is not restricted.
    let kind = "GET_VAT_TRANSACTION_DATA";
    for (missing, status) in [(Role::TaxInvoicing, 403), (Role::TaxRemittance, 200)] {
        let folder = tempfile::tempdir().unwrap();
        let authorization =
            Authorization { missing_roles: vec![missing], ..Authorization::default() };
        let setup = Setup { documents: documents(&folder, kind), authorization, ..setup(10) };
        let caller = Caller::of(setup, Clock::new(noon(), 1.0), Journal::none()).await;
        let report = caller.finished(Region::Na, wish(kind, US)).await;
        let id = report["reportDocumentId"].as_str().unwrap();
        let answer = ask(&caller, get(&format!("/reports/2021-06-30/documents/{id}"))).await;
        assert_eq!(answer.status.as_u16(), status, "{missing:?}");
    }
}
