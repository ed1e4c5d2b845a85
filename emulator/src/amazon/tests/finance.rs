//! Finances.

use super::model::assert_follows;
use super::{Caller, Heard, US, encoded, noon, text};
use crate::amazon::{Documents, Region};
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

const MODEL: &str = include_str!("models/finances_2024-06-19.json");
const TRANSACTIONS: &str = "/finances/2024-06-19/transactions";

/// A caller of a world with so many orders a region, within 180 days.
async fn caller(orders: u64) -> Caller {
    Caller::with(Documents::default(), orders).await
}

/// Asks for transactions of North America when the bucket has a call.
async fn ask(caller: &Caller, query: &str) -> Heard {
    tokio::time::advance(Duration::from_secs(2)).await;
    caller.get(Region::Na, &format!("{TRANSACTIONS}?{query}")).await
}

/// The end of the ranges that are asked for: what is younger than two minutes is refused.
pub(super) fn end() -> DateTime<Utc> {
    noon() - TimeDelta::minutes(10)
}

/// The parameters of the days from `first` to `last`, counted back from [`end`].
pub(super) fn days(first: i64, last: i64) -> String {
    let moment = |days| text(end() - TimeDelta::days(days));
    format!("postedAfter={}&postedBefore={}", moment(first), moment(last))
}

/// The transactions of every page, and how many each page had.
pub(super) async fn all(caller: &Caller, query: &str) -> (Vec<Value>, Vec<usize>) {
    let (mut transactions, mut sizes, mut token) = (Vec::new(), Vec::new(), None);
    loop {
        let next = token.map_or(String::new(), |token| format!("&nextToken={}", encoded(&token)));
        let answer = ask(caller, &format!("{query}{next}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        let mut json = answer.json();
        if sizes.is_empty() {
            assert_follows(MODEL, "ListTransactionsResponse", &json);
        }
        let page = json["payload"]["transactions"].as_array_mut().unwrap();
        sizes.push(page.len());
        transactions.append(page);
        token = json["payload"].get("nextToken").cloned();
        if token.is_none() {
            return (transactions, sizes);
        }
    }
}

fn posted(transaction: &Value) -> DateTime<Utc> {
    transaction["postedDate"].as_str().unwrap().parse().unwrap()
}

/// The value of an identifier.
pub(super) fn related<'a>(transaction: &'a Value, name: &str) -> Option<&'a str> {
    let identifiers = transaction["relatedIdentifiers"].as_array().unwrap();
    let found = identifiers.iter().find(|it| it["relatedIdentifierName"] == name)?;
    found["relatedIdentifierValue"].as_str()
}

#[tokio::test(start_paused = true)]
async fn pages_are_full_or_empty_and_together_have_every_transaction_once() {
    let caller = caller(8_000).await;
    let (transactions, sizes) = all(&caller, &days(26, 0)).await;
    assert!(sizes.len() > 4, "{sizes:?}");
    assert_eq!((sizes[0], sizes[1], sizes[2]), (500, 0, 500), "an empty page with a token");
    let range = end() - TimeDelta::days(26)..end();
    assert!(transactions.iter().all(|it| range.contains(&posted(it))));
    assert!(transactions.is_sorted_by_key(posted));
    let ids: HashMap<&str, &Value> =
        transactions.iter().map(|it| (it["transactionId"].as_str().unwrap(), it)).collect();
    assert_eq!(ids.len(), transactions.len());
    // Two halves have what the whole has.
    let halves = [all(&caller, &days(26, 13)).await.0, all(&caller, &days(13, 0)).await.0];
    assert_eq!(halves.concat(), transactions);
}

#[tokio::test(start_paused = true)]
async fn a_token_dies_after_five_minutes_and_belongs_to_its_query() {
    let caller = caller(6_000).await;
    let query = days(60, 0);
    let first = ask(&caller, &query).await.json();
    let token = encoded(&first["payload"]["nextToken"]);
    let other = format!("{query}&marketplaceId={US}&nextToken={token}");
    assert_eq!(ask(&caller, &other).await.status, StatusCode::BAD_REQUEST);
    let next = format!("{query}&nextToken={token}");
    tokio::time::advance(Duration::from_secs(290)).await;
    assert_eq!(ask(&caller, &next).await.status, StatusCode::OK);
    tokio::time::advance(Duration::from_secs(10)).await;
    let late = ask(&caller, &next).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
    let error = &late.json()["errors"][0];
    assert_eq!(error["code"], "InvalidInput");
    assert_eq!(error["message"], "Token is not valid, token duration is 5 minutes.");
    assert_eq!(error["details"], "");
    assert_follows(MODEL, "ErrorList", &late.json());
    let invented = ask(&caller, &format!("{query}&nextToken=abc")).await;
    assert_eq!(invented.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn a_range_is_in_the_past_and_not_longer_than_180_days() {
    let caller = caller(500).await;
    let at = |seconds| text(noon() - TimeDelta::seconds(seconds));
    let hour = at(3600);
    let cases = [
        (String::new(), 400),
        (format!("postedBefore={hour}"), 400),
        (format!("postedAfter={}", at(60)), 400),
        (format!("postedAfter={hour}&postedBefore={}", at(60)), 400),
        (format!("postedAfter={hour}&postedBefore={hour}"), 400),
        ("postedAfter=yesterday".to_owned(), 400),
        (format!("postedAfter={hour}&transactionStatus=OPEN"), 400),
        (format!("postedAfter={hour}&relatedIdentifierName=ORDER_ID"), 400),
        (format!("postedAfter={hour}&marketplaceId=XYZ"), 400),
        (format!("postedAfter={hour}&marketplaceId=A1PA6795UKMFR9"), 403),
        (format!("postedAfter={hour}&pageSize=5"), 501),
        (format!("postedAfter={hour}"), 200),
    ];
    for (query, status) in cases {
        assert_eq!(ask(&caller, &query).await.status.as_u16(), status, "{query}");
    }
    let words = ask(&caller, &format!("postedBefore={hour}")).await.error();
    assert_eq!(words, ("InvalidInput".to_owned(), "Start date cannot be null".to_owned()));
    assert!(!all(&caller, &days(179, 0)).await.0.is_empty());
    assert_eq!(all(&caller, &days(181, 0)).await, (Vec::new(), vec![0]), "no error: no data");
}

#[tokio::test(start_paused = true)]
async fn deferred_money_is_released_after_seven_days_under_a_number_of_its_own() {
    let caller = caller(2_000).await;
    let (transactions, _) = all(&caller, &days(30, 0)).await;
    let by_id: HashMap<&str, &Value> =
        transactions.iter().map(|it| (it["transactionId"].as_str().unwrap(), it)).collect();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for transaction in &transactions {
        let status = transaction["transactionStatus"].as_str().unwrap();
        *counts.entry(status).or_default() += 1;
        let age = noon() - posted(transaction);
        match status {
            "DEFERRED" => {
                assert!(age <= TimeDelta::days(7));
                assert_eq!(related(transaction, "FINANCIAL_EVENT_GROUP_ID"), None);
                assert_eq!(transaction["contexts"][0]["contextType"], "DeferredContext");
            }
            "DEFERRED_RELEASED" => {
                assert!(age >= TimeDelta::days(7));
                let release = by_id[related(transaction, "RELEASE_TRANSACTION_ID").unwrap()];
                assert_eq!(release["transactionStatus"], "RELEASED");
                assert_eq!(posted(release) - posted(transaction), TimeDelta::days(7));
                let back = related(release, "DEFERRED_TRANSACTION_ID").unwrap();
                assert_eq!(back, transaction["transactionId"]);
                assert_eq!(release["totalAmount"], transaction["totalAmount"]);
            }
            _ => assert!(related(transaction, "FINANCIAL_EVENT_GROUP_ID").is_some()),
        }
    }
    assert!(["DEFERRED", "DEFERRED_RELEASED", "RELEASED"].iter().all(|it| counts[it] > 10));
    let (deferred, _) = all(&caller, &format!("{}&transactionStatus=DEFERRED", days(30, 0))).await;
    assert_eq!(u64::try_from(deferred.len()).unwrap(), counts["DEFERRED"]);
}

#[tokio::test(start_paused = true)]
async fn a_deferred_transaction_changes_its_status_and_keeps_its_number() {
    let caller = caller(8_000).await;
    let query = format!("postedAfter={}", text(noon() - TimeDelta::days(7)));
    let (before, _) = all(&caller, &query).await;
    let waiting = before.iter().find(|it| it["transactionStatus"] == "DEFERRED").unwrap();
    tokio::time::advance(Duration::from_hours(24)).await;
    let mut caller = caller;
    let login = caller.log_in("Atzr|demo").await.json();
    caller.token = login["access_token"].as_str().unwrap().to_owned();
    let (after, _) = all(&caller, &query).await;
    let same = after.iter().find(|it| it["transactionId"] == waiting["transactionId"]).unwrap();
    assert_eq!(same["transactionStatus"], "DEFERRED_RELEASED");
    assert_eq!(same["postedDate"], waiting["postedDate"]);
    // What was posted before the first look, and came late.
    let known: Vec<&Value> = before.iter().map(|it| &it["transactionId"]).collect();
    let is_late = |it: &&Value| posted(it) < end() && !known.contains(&&it["transactionId"]);
    assert!(after.iter().filter(is_late).count() > 0);
}

#[tokio::test(start_paused = true)]
async fn breakdowns_and_items_add_up_to_the_total() {
    let caller = caller(800).await;
    let (transactions, _) = all(&caller, &days(90, 0)).await;
    let cents = |amount: &Value| -> i64 {
        let text = amount["currencyAmount"].to_string();
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        format!("{whole}{part:0<2}").parse().unwrap()
    };
    let sum = |list: &Value, field: &str| -> i64 {
        list.as_array().unwrap().iter().map(|it| cents(&it[field])).sum()
    };
    for transaction in &transactions {
        let total = cents(&transaction["totalAmount"]);
        assert_eq!(sum(&transaction["breakdowns"], "breakdownAmount"), total, "{transaction}");
        for node in transaction["breakdowns"].as_array().unwrap() {
            if node["breakdowns"] != serde_json::json!([]) {
                let parts = sum(&node["breakdowns"], "breakdownAmount");
                assert_eq!(parts, cents(&node["breakdownAmount"]), "{node}");
            }
        }
        if transaction.get("items").is_some() {
            assert_eq!(sum(&transaction["items"], "totalAmount"), total, "{transaction}");
        }
    }
    let kinds: std::collections::BTreeSet<&str> =
        transactions.iter().map(|it| it["transactionType"].as_str().unwrap()).collect();
    let expected = ["ProductAdsPayment", "Refund", "ServiceFee", "Shipment"];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_marketplace_hides_what_merchants_shipped_in_the_united_states() {
    let caller = caller(2_000).await;
    let (everything, _) = all(&caller, &days(30, 0)).await;
    let (listed, _) = all(&caller, &format!("{}&marketplaceId={US}", days(30, 0))).await;
    let is_of = |it: &&Value| it["marketplaceDetails"]["marketplaceId"] == US;
    let network = |it: &Value| it["items"][0]["contexts"][0]["fulfillmentNetwork"].clone();
    let (hidden, shown): (Vec<&Value>, Vec<&Value>) =
        everything.iter().filter(is_of).partition(|it| network(it) == "MFN");
    assert!(hidden.len() > 10);
    assert_eq!(listed.iter().collect::<Vec<_>>(), shown);
}

#[tokio::test(start_paused = true)]
async fn an_order_has_its_transactions_without_a_range() {
    let caller = caller(800).await;
    let (everything, _) = all(&caller, &days(90, 0)).await;
    let refund = everything.iter().rfind(|it| it["transactionType"] == "Refund").unwrap();
    let id = related(refund, "ORDER_ID").unwrap();
    let query = format!("relatedIdentifierName=ORDER_ID&relatedIdentifierValue={id}");
    let (listed, sizes) = all(&caller, &query).await;
    let of_order: Vec<&Value> =
        everything.iter().filter(|it| related(it, "ORDER_ID") == Some(id)).collect();
    assert_eq!(listed.iter().collect::<Vec<_>>(), of_order);
    assert!(listed.len() >= 2 && sizes.len() == 1);
    let unknown = "relatedIdentifierName=ORDER_ID&relatedIdentifierValue=111-0000000-0000000";
    assert_eq!(all(&caller, unknown).await, (Vec::new(), vec![0]));
}

#[tokio::test(start_paused = true)]
async fn ten_calls_are_granted_at_once_and_then_one_in_two_seconds() {
    let caller = caller(10).await;
    let target = format!("{TRANSACTIONS}?{}", days(3, 1));
    for _ in 0..10 {
        let answer = caller.get(Region::Na, &target).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("x-amzn-ratelimit-limit"), Some("0.5"));
    }
    let refused = caller.get(Region::Na, &target).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(caller.get(Region::Na, &target).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_repeats_leads_to_the_same_page_for_ever() {
    let fault = serde_json::json!([{"operation": "listTransactions", "repeat_token": true}]);
    let caller = Caller::meeting(fault, None).await;
    let query = days(179, 0);
    let first = ask(&caller, &query).await.json();
    let token = &first["payload"]["nextToken"];
    let next = format!("{query}&nextToken={}", encoded(token));
    let second = ask(&caller, &next).await.json();
    assert_eq!(second["payload"]["nextToken"], *token);
    assert_eq!(ask(&caller, &next).await.json(), second);
}
