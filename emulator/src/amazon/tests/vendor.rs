//! Vendors' operations.

use super::model::assert_follows;
use super::{Caller, Heard, encoded, noon, text};
use crate::amazon::{Account, Authorization, Region};
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const RETAIL: &str = "/vendor/orders/v1/purchaseOrders";
const DIRECT: &str = "/vendor/directFulfillment/orders/2021-12-28/purchaseOrders";
const INVOICES: &str = "/vendor/directFulfillment/shipping/2021-12-28/customerInvoices";

/// A caller for a vendor; its token opens direct fulfillment, if `paths` name it, and nothing else.
async fn vendor(paths: &[&str]) -> Caller {
    let account = Account::Vendor;
    let mut caller =
        Caller::authorized(Authorization { account, ..Authorization::default() }).await;
    if !paths.is_empty() {
        let resources: Vec<Value> =
            paths.iter().map(|path| json!({"method": "GET", "path": path})).collect();
        let body = json!({"restrictedResources": resources});
        let target = "/tokens/2021-03-01/restrictedDataToken";
        let answer = caller.call(Region::Na, "POST", target, body).await.json();
        caller.token = answer["restrictedDataToken"].as_str().unwrap().to_owned();
    }
    caller
}

async fn ask(caller: &Caller, target: &str) -> Heard {
    tokio::time::advance(Duration::from_secs(1)).await;
    caller.get(Region::Na, target).await
}

/// A range of days, counted back from noon.
fn range(name: &str, first: i64, last: i64) -> String {
    let moment = |days| text(noon() - TimeDelta::days(days));
    format!("{name}After={}&{name}Before={}", moment(first), moment(last))
}

/// The purchase orders of every page; the token comes alone.
async fn purchases(caller: &Caller, query: &str) -> Vec<Value> {
    let model = include_str!("models/vendor_orders.json");
    let mut purchases = Vec::new();
    let mut target = format!("{RETAIL}?{query}");
    loop {
        let json = ask(caller, &target).await.json();
        assert_follows(model, "GetPurchaseOrdersResponse", &json);
        purchases.extend(json["payload"]["orders"].as_array().unwrap().clone());
        let Some(pagination) = json["payload"].get("pagination") else { return purchases };
        target = format!("{RETAIL}?nextToken={}", encoded(&pagination["nextToken"]));
    }
}

fn numbers(list: &[Value]) -> Vec<&str> {
    list.iter().map(|it| it["purchaseOrderNumber"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_seller_has_no_business_with_vendors_operations_nor_a_vendor_with_sellers() {
    let seller = Caller::new().await;
    for path in [RETAIL, DIRECT, INVOICES] {
        let answer = ask(&seller, &format!("{path}?{}", range("created", 5, 1))).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    let vendor = vendor(&[]).await;
    let sellers =
        ["/orders/2026-01-01/orders", "/sellers/v1/account", "/fba/inventory/v1/summaries"];
    for path in sellers {
        assert_eq!(ask(&vendor, path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_have_every_purchase_order_once_in_the_order_that_is_asked_for() {
    let caller = vendor(&[]).await;
    let week = range("created", 9, 2);
    let whole = purchases(&caller, &week).await;
    assert!(whole.len() > 2, "{}", whole.len());
    assert_eq!(purchases(&caller, &format!("{week}&limit=1")).await, whole);
    let mut reversed = purchases(&caller, &format!("{week}&limit=2&sortOrder=DESC")).await;
    reversed.reverse();
    assert_eq!(reversed, whole);
    let date = |it: &Value| -> DateTime<Utc> {
        it["orderDetails"]["purchaseOrderDate"].as_str().unwrap().parse().unwrap()
    };
    assert!(whole.is_sorted_by_key(date));
    let window = whole[0]["orderDetails"]["shipWindow"].as_str().unwrap();
    let ends: Vec<DateTime<Utc>> =
        window.split("--").map(|it| it.parse::<DateTime<Utc>>().unwrap()).collect();
    assert_eq!(ends.len(), 2);
    let short = purchases(&caller, &format!("{week}&includeDetails=false")).await;
    assert!(short.iter().all(|it| it.get("orderDetails").is_none()));
    assert_eq!(numbers(&short), numbers(&whole));
}

#[tokio::test(start_paused = true)]
async fn changed_purchase_orders_are_found_by_their_change() {
    let caller = vendor(&[]).await;
    let (mut changed, mut flagged) = (BTreeSet::new(), BTreeSet::new());
    let owned =
        |list: &[Value]| -> Vec<String> { numbers(list).into_iter().map(str::to_owned).collect() };
    for week in 1..12 {
        let (first, last) = (week * 7, week * 7 - 7);
        let found = purchases(&caller, &range("changed", first, last)).await;
        for it in &found {
            let date = it["orderDetails"]["purchaseOrderChangedDate"].as_str().unwrap();
            let days = (noon() - date.parse::<DateTime<Utc>>().unwrap()).num_hours();
            assert!((last * 24..=first * 24).contains(&days), "{date}");
        }
        changed.extend(owned(&found));
        // Created a day before.
        let query = format!("{}&isPOChanged=true", range("created", first + 1, last + 1));
        flagged.extend(owned(&purchases(&caller, &query).await));
    }
    assert!(changed.len() > 3);
    assert_eq!(changed, flagged);
}

#[tokio::test(start_paused = true)]
async fn a_range_of_a_week_is_required() {
    let caller = vendor(&[]).await;
    let cases = [
        (String::new(), 400),
        (range("created", 8, 0), 400),
        (range("created", 1, 3), 400),
        (format!("{}&{}", range("created", 3, 1), range("changed", 3, 1)), 400),
        (format!("{}&limit=101", range("created", 3, 1)), 400),
        (format!("{}&purchaseOrderState=new", range("created", 3, 1)), 400),
        ("nextToken=abc".to_owned(), 400),
        (format!("{}&limit=100", range("created", 7, 0)), 200),
    ];
    for (query, status) in cases {
        let answer = ask(&caller, &format!("{RETAIL}?{query}")).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
    }
    let old = purchases(&caller, &range("created", 207, 200)).await;
    assert!(old.is_empty(), "of six months only");
}

#[tokio::test(start_paused = true)]
async fn direct_fulfillment_has_orders_and_the_invoices_of_those_that_were_shipped() {
    let caller = vendor(&[DIRECT, INVOICES]).await;
    let model = include_str!("models/vendor_direct_fulfillment_orders.json");
    let range = range("created", 110, 3);
    let whole = ask(&caller, &format!("{DIRECT}?{range}")).await.json();
    assert_follows(model, "OrderList", &whole);
    let orders = whole["orders"].as_array().unwrap();
    let first = ask(&caller, &format!("{DIRECT}?{range}&limit=5")).await.json();
    let token = encoded(&first["pagination"]["nextToken"]);
    let second = ask(&caller, &format!("{DIRECT}?{range}&limit=5&nextToken={token}")).await.json();
    let pages = [first, second].map(|it| it["orders"].as_array().unwrap().clone()).concat();
    assert_eq!(pages, orders[..10]);
    let shipped = ask(&caller, &format!("{DIRECT}?{range}&status=SHIPPED")).await.json();
    let shipped = shipped["orders"].as_array().unwrap();
    assert!(!shipped.is_empty() && shipped.len() < orders.len());
    let invoices = ask(&caller, &format!("{INVOICES}?{range}")).await.json();
    let model = include_str!("models/vendor_direct_fulfillment_shipping.json");
    assert_follows(model, "CustomerInvoiceList", &invoices);
    let invoices = invoices["customerInvoices"].as_array().unwrap();
    assert_eq!(numbers(invoices), numbers(shipped));
    let incomplete = ask(&caller, &format!("{DIRECT}?createdAfter=2026-11-10T00:00:00Z")).await;
    assert_eq!(incomplete.status, StatusCode::BAD_REQUEST);
}
