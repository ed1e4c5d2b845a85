//! Replenishment: metrics of Subscribe & Save.

use super::model::assert_follows;
use super::{Caller, DE, Heard, JP, US};
use crate::amazon::{Authorization, Region, Role};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const MODEL: &str = include_str!("models/replenishment.json");
const SELLER: &str = "/replenishment/2022-11-07/sellingPartners/metrics/search";
const OFFERS: &str = "/replenishment/2022-11-07/offers/metrics/search";

async fn search(caller: &Caller, region: Region, target: &str, body: Value) -> Heard {
    tokio::time::advance(Duration::from_secs(1)).await;
    caller.call(region, "POST", target, body).await
}

fn interval(first: &str, last: &str) -> Value {
    json!({"startDate": format!("{first}T00:00:00Z"), "endDate": format!("{last}T00:00:00Z")})
}

fn seller(first: &str, last: &str, metrics: &[&str]) -> Value {
    json!({"timeInterval": interval(first, last), "timePeriodType": "PERFORMANCE", "aggregationFrequency": "DAY",
        "programTypes": ["SUBSCRIBE_AND_SAVE"], "marketplaceId": US, "metrics": metrics})
}

fn offers(day: &str, limit: u64, offset: u64) -> Value {
    json!({"filters": {"timeInterval": interval(day, day), "timePeriodType": "PERFORMANCE",
            "aggregationFrequency": "DAY", "programTypes": ["SUBSCRIBE_AND_SAVE"], "marketplaceId": US},
        "pagination": {"limit": limit, "offset": offset}})
}

/// A body with one more member at a place.
fn with(mut body: Value, pointer: &str, name: &str, value: Value) -> Value {
    body.pointer_mut(pointer).unwrap()[name] = value;
    body
}

#[tokio::test(start_paused = true)]
async fn the_sellers_day_is_the_sum_of_the_offers() {
    let caller = Caller::new().await;
    let metrics = ["SHIPPED_SUBSCRIPTION_UNITS", "REVENUE_PENETRATION"];
    let body = seller("2026-11-16", "2026-11-19", &metrics);
    let answer = search(&caller, Region::Na, SELLER, body).await.json();
    assert_follows(MODEL, "GetSellingPartnerMetricsResponse", &answer);
    let days = answer["metrics"].as_array().unwrap();
    // The day before yesterday is the last one that is there.
    let found: Vec<&Value> = days.iter().map(|day| &day["timeInterval"]["endDate"]).collect();
    let day = |number: u32| json!(format!("2026-11-{number}T00:00:00Z"));
    assert_eq!(found, [&day(16), &day(17), &day(18)]);
    let names: Vec<&String> = days[0].as_object().unwrap().keys().collect();
    let expected =
        ["currencyCode", "revenuePenetration", "shippedSubscriptionUnits", "timeInterval"];
    assert_eq!(
        names.into_iter().collect::<BTreeSet<_>>(),
        expected.map(str::to_owned).iter().collect()
    );

    let answer = search(&caller, Region::Na, OFFERS, offers("2026-11-17", 500, 0)).await.json();
    assert_follows(MODEL, "ListOfferMetricsResponse", &answer);
    let listed = answer["offers"].as_array().unwrap();
    assert_eq!(json!(listed.len()), answer["pagination"]["totalResults"]);
    let units: u64 = listed.iter().map(|it| it["shippedSubscriptionUnits"].as_u64().unwrap()).sum();
    assert!(units > 100);
    assert_eq!(json!(units), days[1]["shippedSubscriptionUnits"]);
}

#[tokio::test(start_paused = true)]
async fn long_intervals_come_in_elements_of_their_own() {
    let caller = Caller::new().await;
    let metrics = ["SUBSCRIBER_RETENTION", "SUBSCRIBER_LIFETIME_VALUE_BY_CUSTOMER_SEGMENT"];
    let body = seller("2026-11-18", "2026-11-18", &metrics);
    let answer = search(&caller, Region::Na, SELLER, body).await.json();
    assert_follows(MODEL, "GetSellingPartnerMetricsResponse", &answer);
    let found = answer["metrics"].as_array().unwrap();
    let intervals: Vec<&Value> = found.iter().map(|it| &it["timeInterval"]).collect();
    assert_eq!(
        intervals,
        [&interval("2025-11-18", "2026-11-18"), &interval("2024-11-18", "2026-11-18")]
    );
    assert_eq!((found[0].as_object().unwrap().len(), found[1].as_object().unwrap().len()), (4, 9));
}

#[tokio::test(start_paused = true)]
async fn pages_of_a_sorted_and_filtered_list_are_the_list() {
    let caller = Caller::new().await;
    let sorted = |limit, offset, order: &str| {
        let sort = json!({"key": "TOTAL_SUBSCRIPTIONS_REVENUE", "order": order});
        with(offers("2026-11-17", limit, offset), "", "sort", sort)
    };
    let page = async |body| search(&caller, Region::Na, OFFERS, body).await.json();
    let all = page(sorted(500, 0, "ASC")).await;
    let all = all["offers"].as_array().unwrap();
    let (first, second) = (page(sorted(60, 0, "ASC")).await, page(sorted(500, 60, "ASC")).await);
    let (first, second) =
        (first["offers"].as_array().unwrap(), second["offers"].as_array().unwrap());
    assert_eq!([first.as_slice(), second].concat(), *all);
    let revenue = |offer: &Value| offer["totalSubscriptionsRevenue"].as_f64().unwrap();
    assert!(all.is_sorted_by_key(revenue));
    let last = page(sorted(1, 0, "DESC")).await;
    assert!((revenue(&last["offers"][0]) - revenue(all.last().unwrap())).abs() < f64::EPSILON);
    let mut found = 0;
    for channel in ["AMAZON", "MERCHANT"] {
        let body = offers("2026-11-17", 500, 0);
        let body = with(body, "/filters", "fulfillmentChannelTypes", json!([channel]));
        let listed = page(body).await;
        let listed = listed["offers"].as_array().unwrap();
        assert!(listed.iter().all(|offer| offer["fulfillmentChannelType"] == channel));
        found += listed.len();
    }
    assert_eq!(found, all.len());
}

#[tokio::test(start_paused = true)]
async fn a_forecast_is_of_the_days_to_come() {
    let caller = Caller::new().await;
    let body = json!({"filters": {"timeInterval": interval("2026-11-21", "2026-11-27"), "timePeriodType": "FORECAST",
            "programTypes": ["SUBSCRIBE_AND_SAVE"], "marketplaceId": JP},
        "pagination": {"limit": 10, "offset": 0}});
    let answer = search(&caller, Region::Fe, OFFERS, body).await.json();
    assert_follows(MODEL, "ListOfferMetricsResponse", &answer);
    let offer = &answer["offers"][0];
    assert_eq!(offer["timeInterval"], interval("2026-11-21", "2026-11-27"));
    assert!(offer["next90DayShippedSubscriptionUnits"].is_u64());
    assert!(offer.get("activeSubscriptions").is_none());
}

#[tokio::test(start_paused = true)]
async fn wrong_and_unknown_members_are_told_apart() {
    let caller = Caller::new().await;
    let units = ["SHIPPED_SUBSCRIPTION_UNITS"];
    let right = seller("2026-10-01", "2026-10-31", &units);
    let listed = || offers("2026-11-17", 500, 9000);
    let cases = [
        (SELLER, right.clone(), 200),
        (SELLER, seller("2026-10-01", "2026-11-01", &units), 400),
        (SELLER, seller("2024-11-19", "2024-12-01", &units), 501),
        (SELLER, with(right.clone(), "", "metrics", json!(["UNITS"])), 400),
        (SELLER, with(right.clone(), "", "metrics", json!([])), 400),
        (SELLER, with(right.clone(), "", "marketplaceId", json!(DE)), 403),
        (SELLER, with(right.clone(), "", "marketplaceId", json!("A1AM78C64UM0Y8")), 501),
        (SELLER, with(right.clone(), "", "programTypes", json!(["X"])), 400),
        (SELLER, with(right.clone(), "", "aggregationFrequency", json!("HOUR")), 400),
        (SELLER, with(right.clone(), "", "aggregationFrequency", json!("WEEK")), 501),
        (SELLER, with(right, "", "pagination", json!({})), 501),
        (OFFERS, listed(), 200),
        (OFFERS, offers("2026-11-17", 501, 0), 400),
        (OFFERS, offers("2026-11-17", 500, 9001), 400),
        (OFFERS, offers("2026-11-19", 500, 0), 501),
        (OFFERS, with(listed(), "", "sort", json!({"order": "ASC", "key": "ASIN"})), 400),
        (OFFERS, with(listed(), "/filters", "fulfillmentChannelTypes", json!(["FBA"])), 400),
        (OFFERS, with(listed(), "/filters", "brandNames", json!(["Tern Outdoor"])), 501),
        (
            OFFERS,
            with(listed(), "/filters", "timeInterval", interval("2026-11-16", "2026-11-17")),
            400,
        ),
        (OFFERS, json!({"filters": {}}), 400),
    ];
    for (target, body, status) in cases {
        let answer = search(&caller, Region::Na, target, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {:?}", answer.body);
    }
}

#[tokio::test(start_paused = true)]
async fn one_call_a_second_and_only_with_the_role() {
    let caller = Caller::new().await;
    let body = || seller("2026-11-18", "2026-11-18", &["SUBSCRIBER_RETENTION"]);
    assert_eq!(search(&caller, Region::Na, SELLER, body()).await.status, StatusCode::OK);
    let soon = caller.call(Region::Na, "POST", SELLER, body()).await;
    assert_eq!(soon.status, StatusCode::TOO_MANY_REQUESTS);
    let missing_roles = vec![Role::BrandAnalytics];
    let caller =
        Caller::authorized(Authorization { missing_roles, ..Authorization::default() }).await;
    assert_eq!(search(&caller, Region::Na, SELLER, body()).await.status, StatusCode::FORBIDDEN);
}
