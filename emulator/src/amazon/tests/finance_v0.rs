//! Finances v0: the same money as Finances 2024-06-19 tells.

use super::finance::{all as transactions, days, end, related};
use super::model::assert_follows;
use super::{Caller, Heard, encoded, noon, text};
use crate::amazon::{Documents, Region};
use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const MODEL: &str = include_str!("models/finances_v0.json");
const EVENTS: &str = "/finances/v0/financialEvents";
const GROUPS: &str = "/finances/v0/financialEventGroups";

/// Calls North America when the bucket has a call.
async fn ask(caller: &Caller, target: &str) -> Heard {
    tokio::time::advance(Duration::from_secs(2)).await;
    caller.get(Region::Na, target).await
}

/// The parameters of the days from `first` to `last`.
fn posted(first: i64, last: i64) -> String {
    days(first, last).replace("posted", "Posted")
}

/// The events of all pages by the names of their lists, and how many each page had.
async fn all(
    caller: &Caller,
    path: &str,
    query: &str,
) -> (BTreeMap<String, Vec<Value>>, Vec<usize>) {
    let (mut lists, mut sizes) = (BTreeMap::<String, Vec<Value>>::new(), Vec::new());
    let mut target = format!("{path}?{query}");
    loop {
        let answer = ask(caller, &target).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        let json = answer.json();
        assert_follows(MODEL, "ListFinancialEventsResponse", &json);
        let events = json["payload"]["FinancialEvents"].as_object().unwrap();
        sizes.push(events.values().map(|list| list.as_array().unwrap().len()).sum());
        for (name, list) in events {
            let list = list.as_array().unwrap().iter().cloned();
            lists.entry(name.clone()).or_default().extend(list);
        }
        let Some(token) = json["payload"].get("NextToken") else { return (lists, sizes) };
        target = format!("{path}?{query}&NextToken={}", encoded(token));
    }
}

/// Every amount of `event`, in cents, added up.
fn sum(event: &Value) -> i64 {
    match event {
        Value::Object(fields) => match fields.get("CurrencyAmount") {
            Some(amount) => {
                let text = amount.to_string();
                let (whole, part) = text.split_once('.').unwrap();
                format!("{whole}{part:0<2}").parse().unwrap()
            }
            None => fields.values().map(sum).sum(),
        },
        Value::Array(list) => list.iter().map(sum).sum(),
        _ => 0,
    }
}

#[tokio::test(start_paused = true)]
async fn both_versions_tell_the_same_money_and_deferred_money_only_when_it_is_released() {
    let caller = Caller::with(Documents::default(), 1_500).await;
    let (lists, sizes) = all(&caller, EVENTS, &posted(20, 0)).await;
    let (newer, _) = transactions(&caller, &days(20, 0)).await;
    assert_eq!((sizes[0], sizes[1]), (100, 0), "{sizes:?}");
    let mut expected: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for it in newer.iter().filter(|it| it["transactionStatus"] == "RELEASED") {
        if let Some(id) = related(it, "ORDER_ID") {
            let kind = it["transactionType"].as_str().unwrap().to_owned();
            *expected.entry((kind, id)).or_default() += 1;
        }
    }
    let mut told: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for (kind, list) in [("Shipment", "ShipmentEventList"), ("Refund", "RefundEventList")] {
        for event in &lists[list] {
            let id = event["AmazonOrderId"].as_str().unwrap();
            *told.entry((kind.to_owned(), id)).or_default() += 1;
        }
    }
    assert_eq!(told, expected);
    assert_eq!(lists["ProductAdsPaymentEventList"].len(), 20);
    assert!(lists["ProductAdsPaymentEventList"][0]["transactionValue"].is_object());
}

#[tokio::test(start_paused = true)]
async fn pages_have_as_many_events_as_they_may() {
    let caller = Caller::new().await;
    let (whole, _) = all(&caller, EVENTS, &posted(30, 1)).await;
    let (small, sizes) =
        all(&caller, EVENTS, &format!("{}&MaxResultsPerPage=9", posted(30, 1))).await;
    assert_eq!(small, whole);
    assert!(sizes.iter().all(|size| *size <= 9) && sizes.len() > 5, "{sizes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_token_may_come_alone_and_dies_after_three_minutes() {
    let caller = Caller::with(Documents::default(), 4_000).await;
    let first = ask(&caller, &format!("{EVENTS}?{}", posted(20, 0))).await.json();
    let token = encoded(&first["payload"]["NextToken"]);
    let alone = format!("{EVENTS}?NextToken={token}");
    let second = ask(&caller, &alone).await;
    assert_eq!(second.status, StatusCode::OK);
    // The token of a page that was asked for alone goes with the whole query too.
    let third = encoded(&second.json()["payload"]["NextToken"]);
    let third = format!("{EVENTS}?{}&NextToken={third}", posted(20, 0));
    assert_eq!(ask(&caller, &third).await.status, StatusCode::OK);
    let other = format!("{EVENTS}?{}&NextToken={token}", posted(19, 0));
    assert_eq!(ask(&caller, &other).await.status, StatusCode::BAD_REQUEST);
    tokio::time::advance(Duration::from_mins(3)).await;
    let late = ask(&caller, &alone).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
    let error = json!({
        "code": "InvalidInput",
        "message": "Token is not valid, token duration is 3 minutes.",
        "details": "",
    });
    assert_eq!(late.json(), json!({"errors": [error]}));
}

#[tokio::test(start_paused = true)]
async fn a_range_is_in_the_past_and_not_longer_than_180_days() {
    let caller = Caller::new().await;
    let young = text(noon() + TimeDelta::minutes(30));
    let cases = [
        ("MaxResultsPerPage=2".to_owned(), 400),
        (format!("PostedBefore={}", text(end())), 400),
        (format!("PostedAfter={young}"), 400),
        (format!("{}&MaxResultsPerPage=101", posted(3, 1)), 400),
        (format!("{}&postedAfter={young}", posted(3, 1)), 501),
        (posted(3, 1), 200),
    ];
    for (query, status) in cases {
        let answer = ask(&caller, &format!("{EVENTS}?{query}")).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
    }
    assert_eq!(all(&caller, EVENTS, &posted(181, 0)).await, (BTreeMap::new(), vec![0]));
}

#[tokio::test(start_paused = true)]
async fn an_order_has_its_events() {
    let caller = Caller::with(Documents::default(), 800).await;
    let (lists, _) = all(&caller, EVENTS, &posted(90, 0)).await;
    let refund = lists["RefundEventList"].last().unwrap();
    let id = refund["AmazonOrderId"].as_str().unwrap();
    let path = format!("/finances/v0/orders/{id}/financialEvents");
    let (of_order, _) = all(&caller, &path, "MaxResultsPerPage=10").await;
    assert_eq!(of_order["RefundEventList"].iter().collect::<Vec<_>>(), [refund]);
    assert_eq!(of_order["ShipmentEventList"].len(), 1);
    let bad = ask(&caller, "/finances/v0/orders/BAD-ORDER/financialEvents").await;
    assert_eq!(bad.json()["errors"][0]["message"], "Bad order ID provided.");
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn groups_are_fortnights_whose_events_add_up_to_their_total() {
    let caller = Caller::new().await;
    let after = text(noon() - TimeDelta::days(60));
    let target = format!("{GROUPS}?FinancialEventGroupStartedAfter={after}");
    let first = ask(&caller, &target).await.json();
    assert_follows(MODEL, "ListFinancialEventGroupsResponse", &first);
    let mut groups = first["payload"]["FinancialEventGroupList"].as_array().unwrap().clone();
    assert_eq!(groups.len(), 10);
    let token = encoded(&first["payload"]["NextToken"]);
    let second = ask(&caller, &format!("{target}&NextToken={token}")).await.json();
    groups.extend(second["payload"]["FinancialEventGroupList"].as_array().unwrap().clone());
    assert_eq!((groups.len(), second["payload"].get("NextToken")), (15, None));
    let statuses: Vec<&str> =
        groups.iter().map(|it| it["ProcessingStatus"].as_str().unwrap()).collect();
    assert_eq!((statuses[..3].to_vec(), statuses[3]), (vec!["Open"; 3], "Closed"));
    for group in &groups[3..8] {
        let id = group["FinancialEventGroupId"].as_str().unwrap();
        let (lists, _) = all(&caller, &format!("{GROUPS}/{id}/financialEvents"), "").await;
        // The base of an advertisement is in its total already.
        let base: i64 = lists
            .get("ProductAdsPaymentEventList")
            .map_or(0, |ads| ads.iter().map(|it| sum(&it["baseValue"])).sum());
        let total: i64 = lists.values().flatten().map(sum).sum();
        assert_eq!(total - base, sum(&group["OriginalTotal"]), "{group}");
        let query =
            format!("relatedIdentifierName=FINANCIAL_EVENT_GROUP_ID&relatedIdentifierValue={id}");
        let (listed, _) = transactions(&caller, &query).await;
        assert_eq!(listed.len(), lists.values().map(Vec::len).sum::<usize>());
    }
    let bad = ask(&caller, &format!("{GROUPS}/BADID/financialEvents")).await;
    assert_eq!(bad.json()["errors"][0]["message"], "Bad event group ID provided.");
    let missing = ask(&caller, &format!("{GROUPS}?MaxResultsPerPage=10")).await;
    assert_eq!(missing.json()["errors"][0]["message"], "Date range is invalid.");
}
