//! Orders 2026-01-01.

use super::model::assert_follows;
use super::{Caller, DE, Heard, JP, ORDERS, US, encoded, noon, ranged, text, unzipped};
use crate::amazon::{Documents, Region};
use crate::clock::Clock;
use crate::journal::Journal;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

const MODEL: &str = include_str!("models/orders_2026-01-01.json");
const SEARCH: &str = "/orders/2026-01-01/orders";
const ALL: &str = "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,\
                   TAX,PAYMENT,FULFILLMENT_ORDERS";

/// Searches `region` when the bucket has a call.
pub(super) async fn search(caller: &Caller, region: Region, query: &str) -> Heard {
    tokio::time::advance(Duration::from_mins(3)).await;
    caller.get(region, &format!("{SEARCH}?{query}")).await
}

/// The orders of every page, and how many each page had.
pub(super) async fn all(caller: &Caller, region: Region, query: &str) -> (Vec<Value>, Vec<usize>) {
    let (mut orders, mut sizes, mut next) = (Vec::new(), Vec::new(), String::new());
    loop {
        let answer = search(caller, region, &format!("{query}{next}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        let mut json = answer.json();
        assert_follows(MODEL, "SearchOrdersResponse", &json);
        let page = json["orders"].as_array_mut().unwrap();
        sizes.push(page.len());
        orders.append(page);
        match json.get("pagination") {
            Some(pagination) => {
                next = format!("&paginationToken={}", encoded(&pagination["nextToken"]));
            }
            None => return (orders, sizes),
        }
    }
}

fn ids(orders: &[Value]) -> Vec<&str> {
    orders.iter().map(|order| order["orderId"].as_str().unwrap()).collect()
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

pub(super) fn days_ago(days: i64) -> String {
    text(noon() - TimeDelta::days(days))
}

/// The rows of the All Orders report of the last `days` days, as maps from columns to cells.
async fn report(caller: &Caller, marketplace: &str, days: i64) -> Vec<HashMap<String, String>> {
    let region = if marketplace == US { Region::Na } else { Region::Fe };
    let (_, document) = caller.document(region, ranged(ORDERS, marketplace, days)).await;
    let bytes = if region == Region::Na { unzipped(&document.body) } else { document.body.into() };
    let (text, ..) = match region {
        Region::Fe => encoding_rs::SHIFT_JIS.decode(&bytes),
        _ => encoding_rs::UTF_8.decode(&bytes),
    };
    let mut lines = text.lines().map(|line| line.split('\t').map(|it| it.trim_end().to_owned()));
    let header: Vec<String> = lines.next().unwrap().collect();
    lines.map(|row| header.iter().cloned().zip(row).collect()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_api_and_the_report_tell_the_same_orders() {
    for (region, marketplace) in [(Region::Na, US), (Region::Fe, JP)] {
        let caller = Caller::with(Documents::default(), 2_000).await;
        let rows = report(&caller, marketplace, 30).await;
        let query = format!(
            "lastUpdatedAfter={}&lastUpdatedBefore={}&includedData={ALL}",
            days_ago(30),
            text(noon() - TimeDelta::seconds(1)),
        );
        let (orders, _) = all(&caller, region, &query).await;
        let told: BTreeSet<&str> = rows.iter().map(|it| it["amazon-order-id"].as_str()).collect();
        assert_eq!(ids(&orders).into_iter().collect::<BTreeSet<_>>(), told);
        assert!(told.len() > 300);
        let mut lines: HashMap<&str, Vec<&HashMap<String, String>>> = HashMap::new();
        for row in &rows {
            lines.entry(row["amazon-order-id"].as_str()).or_default().push(row);
        }
        for order in &orders {
            assert_same(order, &lines[order["orderId"].as_str().unwrap()]);
        }
    }
}

/// Fails unless `order` says what its `rows` in the report say.
fn assert_same(order: &Value, rows: &[&HashMap<String, String>]) {
    let row = rows[0];
    let say = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = order["orderItems"].as_array().unwrap();
    assert_eq!(items.len(), rows.len());
    assert_eq!(time(&order["createdTime"]), row["purchase-date"].parse::<DateTime<Utc>>().unwrap());
    let updated = row["last-updated-date"].parse::<DateTime<Utc>>().unwrap();
    assert_eq!(time(&order["lastUpdatedTime"]), updated);
    let status = say(&order["fulfillment"]["fulfillmentStatus"]);
    assert_eq!(status, row["order-status"].to_uppercase());
    let party = if row["fulfillment-channel"] == "Amazon" { "AMAZON" } else { "MERCHANT" };
    assert_eq!(order["fulfillment"]["fulfilledBy"], party);
    assert_eq!(say(&order["salesChannel"]["marketplaceName"]), row["sales-channel"]);
    let address = &order["recipient"]["deliveryAddress"];
    assert_eq!(say(&address["postalCode"]), row["ship-postal-code"]);
    for (item, row) in items.iter().zip(rows) {
        assert_eq!(say(&item["product"]["sellerSku"]), row["sku"]);
        assert_eq!(item["quantityOrdered"].to_string(), row["quantity"]);
        let breakdowns = item["proceeds"]["breakdowns"].as_array().cloned().unwrap_or_default();
        let amount = |kind: &str| {
            let found = breakdowns.iter().find(|it| it["type"] == kind);
            found.map_or(String::new(), |it| say(&it["subtotal"]["amount"]))
        };
        assert_eq!(amount("ITEM"), row["item-price"]);
        assert_eq!(amount("TAX"), row["item-tax"]);
        assert_eq!(amount("SHIPPING"), row["shipping-price"]);
        assert_eq!(amount("DISCOUNT").trim_start_matches('-'), row["item-promotion-discount"]);
        let promotions = item["promotion"]["breakdowns"].as_array().cloned().unwrap_or_default();
        let promotions: Vec<String> = promotions.iter().map(|it| say(&it["promotionId"])).collect();
        assert_eq!(promotions.join(","), row["promotion-ids"]);
    }
}

#[tokio::test(start_paused = true)]
async fn pages_hold_each_order_once_and_the_last_one_has_no_pagination() {
    let caller = Caller::with(Documents::default(), 2_000).await;
    let query = format!("lastUpdatedAfter={}&lastUpdatedBefore={}", days_ago(30), days_ago(1));
    let (orders, sizes) = all(&caller, Region::Na, &query).await;
    let (full, last) = sizes.split_at(sizes.len() - 1);
    assert!(full.len() > 1 && full.iter().all(|size| *size == 100) && last[0] <= 100, "{sizes:?}");
    assert_eq!(ids(&orders).into_iter().collect::<BTreeSet<_>>().len(), orders.len());
    let few = format!("{query}&maxResultsPerPage=40");
    assert_eq!(all(&caller, Region::Na, &few).await.0, orders);
    let keys: Vec<&String> = orders[0].as_object().unwrap().keys().collect();
    let basic =
        ["orderId", "orderAliases", "createdTime", "lastUpdatedTime", "salesChannel", "orderItems"];
    let keys: Vec<&str> = keys.into_iter().map(String::as_str).collect();
    assert_eq!(keys, basic);
}

#[tokio::test(start_paused = true)]
async fn both_ends_of_a_range_belong_to_it() {
    let caller = Caller::new().await;
    let query = format!("lastUpdatedAfter={}&lastUpdatedBefore={}", days_ago(30), days_ago(1));
    let (orders, _) = all(&caller, Region::Na, &query).await;
    for (axis, field) in [("lastUpdated", "lastUpdatedTime"), ("created", "createdTime")] {
        let moment = orders[3][field].as_str().unwrap();
        let query = format!("{axis}After={moment}&{axis}Before={moment}");
        assert_eq!(ids(&all(&caller, Region::Na, &query).await.0), [ids(&orders)[3]]);
    }
    let created = format!("createdAfter={}&createdBefore={}", days_ago(20), days_ago(15));
    let (found, _) = all(&caller, Region::Na, &created).await;
    let range = noon() - TimeDelta::days(20)..=noon() - TimeDelta::days(15);
    let expected = orders.iter().filter(|it| range.contains(&time(&it["createdTime"]))).count();
    assert_eq!(found.len(), expected);
    assert!(expected > 5);
}

#[tokio::test(start_paused = true)]
async fn the_end_that_amazon_picks_is_echoed_and_stays_on_every_page() {
    let caller = Caller::with(Documents::default(), 2_000).await;
    let query = format!("lastUpdatedAfter={}", days_ago(30));
    let first = search(&caller, Region::Na, &query).await.json();
    let end = time(&first["lastUpdatedBefore"]);
    assert_eq!(end, noon() + TimeDelta::seconds(180) - TimeDelta::minutes(2));
    assert!(first.get("createdBefore").is_none());
    let token = encoded(&first["pagination"]["nextToken"]);
    let second =
        search(&caller, Region::Na, &format!("{query}&paginationToken={token}")).await.json();
    assert_eq!(second["lastUpdatedBefore"], first["lastUpdatedBefore"]);
    let created = search(&caller, Region::Na, &format!("createdAfter={}", days_ago(3))).await;
    assert!(created.json().get("createdBefore").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_token_belongs_to_its_search_and_dies_after_a_day() {
    let mut caller = Caller::with(Documents::default(), 2_000).await;
    let query = format!("lastUpdatedAfter={}", days_ago(30));
    let first = search(&caller, Region::Na, &query).await.json();
    let next = format!("paginationToken={}", encoded(&first["pagination"]["nextToken"]));
    let moved = format!("lastUpdatedAfter={}&{next}", text(noon() - TimeDelta::days(29)));
    for other in [moved, format!("{query}&includedData=PROCEEDS&{next}"), next.clone()] {
        let answer = search(&caller, Region::Na, &other).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{other}");
        assert_eq!(answer.error().0, "InvalidInput");
    }
    let smaller = format!("{query}&maxResultsPerPage=5&{next}");
    let page = search(&caller, Region::Na, &smaller).await.json();
    assert_eq!(page["orders"].as_array().unwrap().len(), 5, "the size may change");
    let elsewhere = search(&caller, Region::Eu, &format!("{query}&{next}")).await;
    assert_eq!(elsewhere.status, StatusCode::BAD_REQUEST);
    tokio::time::advance(Duration::from_hours(24)).await;
    let login = caller.log_in("Atzr|demo").await.json();
    caller.token = login["access_token"].as_str().unwrap().to_owned();
    let late = search(&caller, Region::Na, &format!("{query}&{next}")).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn wrong_and_unknown_parameters_are_told_apart() {
    let caller = Caller::new().await;
    let after = format!("lastUpdatedAfter={}", days_ago(3));
    let young = text(noon() + TimeDelta::minutes(30));
    let cases = [
        (String::new(), 400),
        (format!("lastUpdatedBefore={}", days_ago(1)), 400),
        (format!("{after}&createdAfter={}", days_ago(3)), 400),
        (format!("{after}&createdBefore={}", days_ago(1)), 400),
        (format!("{after}&lastUpdatedBefore={young}"), 400),
        (format!("{after}&lastUpdatedBefore={}", days_ago(4)), 400),
        (format!("lastUpdatedAfter={young}"), 400),
        ("createdAfter=TEST_CASE_400".to_owned(), 400),
        ("createdAfter=2026-11-01T00:00:00+09:00".to_owned(), 400),
        ("createdAfter=2026-11-01T00:00:00%2B09:00".to_owned(), 200),
        (format!("{after}&maxResultsPerPage=101"), 400),
        (format!("{after}&maxResultsPerPage=0"), 400),
        (format!("{after}&fulfillmentStatuses=Shipped"), 400),
        (format!("{after}&fulfilledBy=AFN"), 400),
        (format!("{after}&includedData=buyer"), 400),
        (format!("{after}&marketplaceIds={DE}"), 403),
        // A "Non-Amazon" marketplace, which Sellers lists.
        (format!("{after}&marketplaceIds={US},A2ZV50J4W1RKNI"), 403),
        (format!("{after}&buyerEmail=a"), 501),
    ];
    for (query, status) in cases {
        let answer = search(&caller, Region::Na, &query).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn filters_keep_what_they_name() {
    let caller = Caller::with(Documents::default(), 2_000).await;
    let range = format!(
        "lastUpdatedAfter={}&lastUpdatedBefore={}&includedData=FULFILLMENT",
        days_ago(60),
        days_ago(0),
    );
    let range = range.replace(&days_ago(0), &text(noon() - TimeDelta::minutes(5)));
    let (everything, _) = all(&caller, Region::Na, &range).await;
    let count = |wanted: &dyn Fn(&Value) -> bool| everything.iter().filter(|it| wanted(it)).count();
    let status = |it: &Value, name: &str| it["fulfillment"]["fulfillmentStatus"] == name;
    let cases: [(&str, usize); 4] = [
        (
            "fulfillmentStatuses=PENDING,UNSHIPPED",
            count(&|it| status(it, "PENDING") || status(it, "UNSHIPPED")),
        ),
        ("fulfillmentStatuses=CANCELLED", count(&|it| status(it, "CANCELLED"))),
        ("fulfilledBy=MERCHANT", count(&|it| it["fulfillment"]["fulfilledBy"] == "MERCHANT")),
        ("marketplaceIds=ATVPDKIKX0DER", count(&|it| it["salesChannel"]["marketplaceId"] == US)),
    ];
    for (filter, expected) in cases {
        let (found, _) = all(&caller, Region::Na, &format!("{range}&{filter}")).await;
        assert_eq!(found.len(), expected, "{filter}");
        assert!(expected > 1 && expected < everything.len(), "{filter}");
    }
    let elsewhere: Vec<&Value> =
        everything.iter().filter(|it| it["salesChannel"]["channelName"] == "NON_AMAZON").collect();
    assert!(!elsewhere.is_empty());
    assert!(elsewhere.iter().all(|it| it["salesChannel"].get("marketplaceId").is_none()));
}

#[tokio::test(start_paused = true)]
async fn amounts_of_a_pending_order_are_hidden_and_zeros_are_left_out() {
    let caller = Caller::with(Documents::default(), 4_000).await;
    let query = format!("lastUpdatedAfter={}&includedData={ALL}", days_ago(3));
    let (orders, _) = all(&caller, Region::Na, &query).await;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for order in &orders {
        let is_pending = order["fulfillment"]["fulfillmentStatus"] == "PENDING";
        assert_eq!(order.get("proceeds").is_none(), is_pending);
        assert_eq!(order.get("payment").is_none(), is_pending);
        for item in order["orderItems"].as_array().unwrap() {
            assert_eq!(item["product"].get("price").is_none(), is_pending);
            for part in item["proceeds"]["breakdowns"].as_array().into_iter().flatten() {
                let amount = part["subtotal"]["amount"].as_str().unwrap();
                assert_ne!(amount.trim_start_matches('-').trim_matches(['0', '.']), "", "{item}");
                let kind = part["type"].as_str().unwrap();
                assert_eq!(amount.starts_with('-'), kind == "DISCOUNT");
                *seen.entry(kind.to_owned()).or_default() += 1;
            }
        }
    }
    let [items, shipping] = ["ITEM", "SHIPPING"].map(|it| seen[it]);
    assert!(seen["DISCOUNT"] > 0 && shipping > 0 && shipping < items / 2, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn one_anchor_is_one_world_at_several_nights() {
    let night = async |hours| {
        let clock = Clock::new(noon() - TimeDelta::hours(hours), 1.0).anchored(noon());
        let caller = Caller::set_up(Documents::default(), 4_000, clock, Journal::none()).await;
        let after =
            format!("lastUpdatedAfter={}&includedData=BUYER,PROCEEDS,FULFILLMENT", days_ago(9));
        all(&caller, Region::Na, &after).await.0
    };
    let (first, second) = (night(48).await, night(24).await);
    assert!(first.len() > 100 && second.len() > first.len() + 10);
    assert_eq!(second[..first.len()], first, "what was seen stays as it was");
}

#[tokio::test(start_paused = true)]
async fn one_order_is_what_the_search_has_of_it() {
    let caller = Caller::new().await;
    for region in [Region::Na, Region::Eu, Region::Fe] {
        let query = format!("createdAfter={}&includedData={ALL}", days_ago(60));
        let (orders, _) = all(&caller, region, &query).await;
        for order in orders.iter().take(20) {
            tokio::time::advance(Duration::from_secs(2)).await;
            let id = order["orderId"].as_str().unwrap();
            let answer = caller.get(region, &format!("{SEARCH}/{id}?includedData={ALL}")).await;
            assert_follows(MODEL, "GetOrderResponse", &answer.json());
            assert_eq!(answer.json()["order"], *order);
        }
    }
    for (id, status) in
        [("114-0000000-0000000", 404), ("TEST_CASE_400", 400), ("114-00000000-000000", 400)]
    {
        let answer = caller.get(Region::Na, &format!("{SEARCH}/{id}")).await;
        assert_eq!(answer.status.as_u16(), status, "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn twenty_searches_are_granted_at_once_and_then_one_in_three_minutes() {
    let caller = Caller::new().await;
    let target = format!("{SEARCH}?createdAfter={}", days_ago(1));
    for _ in 0..20 {
        let answer = caller.get(Region::Na, &target).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("x-amzn-ratelimit-limit"), Some("0.0056"));
    }
    tokio::time::advance(Duration::from_secs(178)).await;
    let refused = caller.get(Region::Na, &target).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("x-amzn-ratelimit-limit"), None);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(caller.get(Region::Na, &target).await.status, StatusCode::OK);
}

/// An amount of money without its point.
fn minor(money: &Value) -> i64 {
    money["amount"].as_str().unwrap().replace('.', "").parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_total_has_the_tax_where_prices_do_not_hold_it() {
    let caller = Caller::new().await;
    let mut seen = BTreeSet::new();
    for region in [Region::Na, Region::Eu, Region::Fe] {
        let query = format!("createdAfter={}&includedData=PROCEEDS", days_ago(60));
        for order in all(&caller, region, &query).await.0 {
            let Some(marketplace) = order["salesChannel"]["marketplaceId"].as_str() else {
                continue;
            };
            for item in order["orderItems"].as_array().unwrap() {
                let Some(parts) = item["proceeds"]["breakdowns"].as_array() else { continue };
                let of = |tax: bool| parts.iter().filter(move |it| (it["type"] == "TAX") == tax);
                let sum = |tax: bool| of(tax).map(|it| minor(&it["subtotal"])).sum::<i64>();
                let added = minor(&item["proceeds"]["proceedsTotal"]) - sum(false);
                assert!(sum(true) > 0 && [0, sum(true)].contains(&added), "{item}");
                seen.insert((marketplace.to_owned(), added > 0));
            }
        }
    }
    let adding: Vec<_> = seen.iter().filter(|(_, adds)| *adds).map(|(id, _)| id.as_str()).collect();
    assert_eq!(adding, ["A2EUQ1WTGCTBG2", US], "Canada and the United States");
    assert!(seen.len() > 8, "a marketplace is one or the other: {seen:?}");
    let places: BTreeSet<_> = seen.iter().map(|(id, _)| id).collect();
    assert_eq!(places.len(), seen.len());
}
