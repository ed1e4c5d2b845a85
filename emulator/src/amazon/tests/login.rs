//! Tokens, regions and usage plans.

use super::{Caller, DE, LISTINGS, US, noon, wish};
use crate::amazon::{Documents, Region};
use crate::clock::Clock;
use crate::journal::Journal;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const PARTICIPATIONS: &str = "/sellers/v1/marketplaceParticipations";

#[tokio::test(start_paused = true)]
async fn a_refresh_token_gives_an_access_token_and_comes_back_unchanged() {
    let caller = Caller::new().await;
    let answer = caller.log_in("Atzr|demo").await;
    assert_eq!(answer.status, StatusCode::OK);
    let json = answer.json();
    assert_eq!(json["refresh_token"], "Atzr|demo");
    assert_eq!(json["token_type"], "bearer");
    assert_eq!(json["expires_in"], 3600);
    let token = json["access_token"].as_str().unwrap();
    assert!(token.starts_with("Atza|"), "{token}");
    assert!(["+", "/", "="].iter().all(|letter| token.contains(letter)), "{token}");
}

#[tokio::test(start_paused = true)]
async fn each_mistake_at_the_login_has_its_own_error() {
    let caller = Caller::new().await;
    let id = "client_id=amzn1.application-oa2-client.demo";
    let secret = "client_secret=amzn1.oa2-cs.v1.demo";
    let cases = [
        (format!("grant_type=refresh_token&{id}&{secret}&refresh_token=x"), 400, "invalid_grant"),
        (
            format!("grant_type=refresh_token&{id}&client_secret=x&refresh_token=Atzr%7Cdemo"),
            401,
            "invalid_client",
        ),
        (format!("grant_type=refresh_token&{id}&{secret}"), 400, "invalid_request"),
        (format!("grant_type=password&{id}&{secret}"), 400, "unsupported_grant_type"),
        (format!("grant_type=client_credentials&{id}&{secret}"), 501, "not_emulated"),
    ];
    for (form, status, error) in cases {
        let answer = caller.log_in_with(form).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (status, &json!(error)));
    }
    let answer = caller.log_in("Atzr|other").await;
    assert_eq!(
        answer.header("x-amzn-errortype").unwrap(),
        "OA2InvalidGrantException:http://internal.amazon.com/coral/com.amazon.panda/"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_of_one_region_is_refused_on_the_host_of_another() {
    let mut caller = Caller::new().await;
    let answer = caller.log_in("Atzr|demo-na").await;
    caller.token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(caller.get(Region::Na, PARTICIPATIONS).await.status, StatusCode::OK);
    let refused = caller.get(Region::Eu, PARTICIPATIONS).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.error().0, "Unauthorized");
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_refused_with_the_reason() {
    let caller = Caller::new().await;
    tokio::time::advance(Duration::from_secs(3599)).await;
    assert_eq!(caller.get(Region::Na, PARTICIPATIONS).await.status, StatusCode::OK);
    tokio::time::advance(Duration::from_secs(1)).await;
    let refused = caller.get(Region::Na, PARTICIPATIONS).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.error().1, "The access token you provided has expired.");
    assert_eq!(refused.header("x-amzn-ratelimit-limit"), None);
    assert!(refused.header("x-amzn-requestid").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_token_is_refused() {
    let caller = Caller::new().await;
    let request = Request::get(PARTICIPATIONS).body(Body::empty()).unwrap();
    let refused = super::heard(caller.amazon.region_router(Region::Fe), request).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.error().1, "Access token is missing in the request header.");
}

#[tokio::test(start_paused = true)]
async fn participations_name_the_marketplaces_that_are_dormant_or_pseudo_as_well() {
    let caller = Caller::new().await;
    let answer = caller.get(Region::Na, PARTICIPATIONS).await;
    assert_eq!(answer.header("x-amzn-ratelimit-limit"), Some("0.016"));
    let json = answer.json();
    assert_eq!(
        json["payload"][0],
        json!({
            "marketplace": {
                "id": US,
                "countryCode": "US",
                "name": "Amazon.com",
                "defaultCurrencyCode": "USD",
                "defaultLanguageCode": "en_US",
                "domainName": "www.amazon.com",
            },
            "storeName": "Northwind Outdoor",
            "participation": {"isParticipating": true, "hasSuspendedListings": false},
        })
    );
    let all: Vec<(&str, &str, bool)> = json["payload"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let marketplace = &it["marketplace"];
            let text = |name: &str| marketplace[name].as_str().unwrap();
            let is_in = it["participation"]["isParticipating"].as_bool().unwrap();
            (text("countryCode"), text("name"), is_in)
        })
        .collect();
    assert_eq!(
        all,
        [
            ("US", "Amazon.com", true),
            ("CA", "Amazon.ca", true),
            ("MX", "Amazon.com.mx", true),
            ("BR", "Amazon.com.br", false),
            ("US", "Non-Amazon", true),
        ]
    );
    let countries = async |region| {
        let json = caller.get(region, PARTICIPATIONS).await.json();
        let countries = json["payload"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["marketplace"]["countryCode"].as_str().unwrap().to_owned());
        countries.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(countries(Region::Eu).await, "GB DE FR IT ES NL TR");
    assert_eq!(countries(Region::Fe).await, "JP AU SG");
}

#[tokio::test(start_paused = true)]
async fn an_empty_bucket_refuses_without_a_hint_until_it_has_a_call_again() {
    let caller = Caller::new().await;
    for _ in 0..15 {
        assert_eq!(caller.get(Region::Na, PARTICIPATIONS).await.status, StatusCode::OK);
    }
    let refused = caller.get(Region::Na, PARTICIPATIONS).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        refused.json(),
        json!({"errors": [{
            "code": "QuotaExceeded",
            "message": "You exceeded your quota for the requested resource.",
            "details": "",
        }]})
    );
    assert_eq!(refused.header("retry-after"), None);
    assert_eq!(refused.header("x-amzn-ratelimit-limit"), None);
    assert_eq!(refused.header("x-amzn-errortype"), Some("TooManyRequestsException"));
    let elsewhere = caller.get(Region::Eu, PARTICIPATIONS).await;
    assert_eq!(elsewhere.status, StatusCode::OK, "a region has buckets of its own");
    tokio::time::advance(Duration::from_millis(62_501)).await;
    assert_eq!(caller.get(Region::Na, PARTICIPATIONS).await.status, StatusCode::OK);
    assert_eq!(caller.get(Region::Na, PARTICIPATIONS).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_evidenced_is_not_emulated() {
    let caller = Caller::new().await;
    let targets = [
        "/finances/2024-06-19/balances",
        "/orders/v0/orders?MarketplaceIds=ATVPDKIKX0DER",
        "/sellers/v1/marketplaceParticipations?locale=en_US",
        "/sellers/v1/marketplaceParticipations/",
        "/",
    ];
    for target in targets {
        let answer = caller.get(Region::Na, target).await;
        assert_eq!(answer.status, StatusCode::NOT_IMPLEMENTED, "{target}");
        assert_eq!(answer.error().0, "NotEmulated");
    }
}

#[tokio::test(start_paused = true)]
async fn a_faster_emulator_announces_and_keeps_faster_plans() {
    let clock = Clock::new(noon(), 600.0);
    let caller = Caller::set_up(Documents::default(), 500, clock, Journal::none()).await;
    for _ in 0..15 {
        let answer = caller.get(Region::Na, PARTICIPATIONS).await;
        assert_eq!(answer.header("x-amzn-ratelimit-limit"), Some("9.6"));
    }
    let refused = caller.get(Region::Na, PARTICIPATIONS).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    tokio::time::advance(Duration::from_millis(105)).await;
    assert_eq!(caller.get(Region::Na, PARTICIPATIONS).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn the_journal_has_a_line_for_each_request_and_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("journal");
    let clock = Clock::new(noon(), 1.0);
    let journal = Journal::create(&file, clock.clone()).unwrap();
    let caller = Caller::set_up(Documents::default(), 500, clock, journal).await;
    caller.document(Region::Eu, wish(LISTINGS, DE)).await;
    caller.get(Region::Na, "/unknown?a=b").await;
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<String> = lines
        .iter()
        .map(|line| format!("{} {} {}", line["service"], line["operation"], line["status"]))
        .collect();
    assert_eq!(
        told.join("\n").replace('"', ""),
        "lwa token 200\neu createReport 202\neu getReport 200\neu getReportDocument 200\n\
         storage download 200\nna unknown 501"
    );
    assert_eq!(lines[1]["time"], "2026-11-20T12:00:00.000Z");
    assert_eq!(lines[1]["path"], "/reports/2021-06-30/reports");
    assert_eq!(lines[1]["detail"]["marketplaceIds"], json!([DE]));
    for secret in ["Atz", "X-Amz", "a=b", "oa2-cs"] {
        assert!(!text.contains(secret), "{secret}");
    }
}
