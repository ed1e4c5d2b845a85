//! FBA Inventory, Warehousing and Distribution, and the seller's account.

use super::model::assert_follows;
use super::{Caller, DE, FBA, Heard, US, encoded, noon, text, unzipped, wish};
use crate::amazon::Region;
use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

const SUMMARIES: &str = "/fba/inventory/v1/summaries";
const RESERVES: &str = "/awd/2024-05-09/inventory";

/// Calls `region` when the bucket has a call.
async fn ask(caller: &Caller, region: Region, target: &str) -> Heard {
    tokio::time::advance(Duration::from_secs(1)).await;
    caller.get(region, target).await
}

/// The parameters that every call for summaries of `marketplace` has.
fn all_of(marketplace: &str) -> String {
    format!("granularityType=Marketplace&granularityId={marketplace}&marketplaceIds={marketplace}")
}

/// The summaries of every page, and how many each page had.
async fn summaries(caller: &Caller, region: Region, query: &str) -> (Vec<Value>, Vec<usize>) {
    let model = include_str!("models/fba_inventory.json");
    let (mut summaries, mut sizes, mut next) = (Vec::new(), Vec::new(), String::new());
    loop {
        let answer = ask(caller, region, &format!("{SUMMARIES}?{query}{next}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        let json = answer.json();
        assert_follows(model, "GetInventorySummariesResponse", &json);
        let page = json["payload"]["inventorySummaries"].as_array().unwrap();
        sizes.push(page.len());
        summaries.extend(page.clone());
        // Beside the payload, not in it.
        match json.get("pagination") {
            Some(it) => next = format!("&nextToken={}", encoded(&it["nextToken"])),
            None => return (summaries, sizes),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_api_and_the_report_tell_the_same_stock() {
    for (region, marketplace) in [(Region::Na, US), (Region::Eu, DE)] {
        let caller = Caller::new().await;
        let (_, document) = caller.document(region, wish(FBA, marketplace)).await;
        let bytes =
            if region == Region::Eu { unzipped(&document.body) } else { document.body.into() };
        let text = match region {
            Region::Eu => encoding_rs::WINDOWS_1252.decode(&bytes).0.into_owned(),
            _ => String::from_utf8(bytes).unwrap(),
        };
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
        let place = |name: &str| header.iter().position(|it| *it == name).unwrap();
        let quantities = [
            "afn-total-quantity",
            "afn-fulfillable-quantity",
            "afn-unsellable-quantity",
            "afn-reserved-quantity",
            "afn-inbound-shipped-quantity",
        ];
        let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in lines {
            let row: Vec<&str> = line.split('\t').collect();
            let cell = |name: &str| row[place(name)].to_owned();
            let ids = [cell("asin"), cell("fnsku")];
            let cells = ids.into_iter().chain(quantities.map(cell)).collect();
            expected.insert(cell("sku"), cells);
        }
        let query = format!("{}&details=true", all_of(marketplace));
        let (told, sizes) = summaries(&caller, region, &query).await;
        let told: BTreeMap<String, Vec<String>> = told
            .iter()
            .map(|it| {
                let say = |name: &str| it[name].as_str().unwrap().to_owned();
                let details = &it["inventoryDetails"];
                let numbers = [
                    &it["totalQuantity"],
                    &details["fulfillableQuantity"],
                    &details["unfulfillableQuantity"]["totalUnfulfillableQuantity"],
                    &details["reservedQuantity"]["totalReservedQuantity"],
                    &details["inboundShippedQuantity"],
                ];
                let ids = [say("asin"), say("fnSku")];
                let cells = ids.into_iter().chain(numbers.map(Value::to_string)).collect();
                (say("sellerSku"), cells)
            })
            .collect();
        assert_eq!(told, expected);
        assert_eq!(sizes[..2], [50, 50]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_lives_for_thirty_seconds_and_belongs_to_its_query() {
    let caller = Caller::new().await;
    let query = all_of(US);
    let first = ask(&caller, Region::Na, &format!("{SUMMARIES}?{query}")).await.json();
    assert!(first["payload"]["inventorySummaries"][0].get("inventoryDetails").is_none());
    let token = encoded(&first["pagination"]["nextToken"]);
    let next = format!("{SUMMARIES}?{query}&nextToken={token}");
    let other = format!("{next}&startDateTime={}", text(noon() - TimeDelta::days(1)));
    assert_eq!(ask(&caller, Region::Na, &other).await.status, StatusCode::BAD_REQUEST);
    tokio::time::advance(Duration::from_secs(28)).await;
    assert_eq!(ask(&caller, Region::Na, &next).await.status, StatusCode::OK);
    let late = ask(&caller, Region::Na, &next).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
    assert_eq!(late.json()["errors"][0]["message"], "Next token is invalid or expired");
}

#[tokio::test(start_paused = true)]
async fn a_start_goes_before_a_list_of_skus_and_that_before_one_sku() {
    let caller = Caller::new().await;
    let (everything, _) = summaries(&caller, Region::Na, &all_of(US)).await;
    let sku = |place: usize| {
        let sku = everything[place]["sellerSku"].as_str().unwrap();
        sku.replace('/', "%2F").replace(' ', "%20").replace('&', "%26")
    };
    let listed = format!("{}&sellerSkus={},{},XX-1", all_of(US), sku(3), sku(60));
    let one = format!("{}&sellerSku={}", all_of(US), sku(7));
    let both = format!("{listed}&sellerSku={}", sku(7));
    let found = summaries(&caller, Region::Na, &listed).await.0;
    assert_eq!(found, [everything[3].clone(), everything[60].clone()]);
    assert_eq!(summaries(&caller, Region::Na, &both).await.0, found);
    assert_eq!(summaries(&caller, Region::Na, &one).await.0, everything[7..8]);
    // The stock changes at the full hour; it is noon.
    for (minutes, count) in [(1, everything.len()), (0, 0)] {
        let start = text(noon() - TimeDelta::minutes(minutes));
        let since = format!("{listed}&startDateTime={start}");
        assert_eq!(summaries(&caller, Region::Na, &since).await.0.len(), count);
    }
}

#[tokio::test(start_paused = true)]
async fn marketplaces_of_europe_show_the_same_pieces() {
    let caller = Caller::new().await;
    let total = |list: &[Value]| -> BTreeMap<String, Value> {
        list.iter().map(|it| (it["sellerSku"].to_string(), it["totalQuantity"].clone())).collect()
    };
    let german = total(&summaries(&caller, Region::Eu, &all_of(DE)).await.0);
    let french = total(&summaries(&caller, Region::Eu, &all_of("A13V1IB3VIYZZH")).await.0);
    assert!(french.len() > 50 && french.len() < german.len());
    assert!(french.iter().all(|(sku, quantity)| german[sku] == *quantity));
}

#[tokio::test(start_paused = true)]
async fn wrong_and_unknown_parameters_are_told_apart() {
    let caller = Caller::new().await;
    let skus = vec!["A-1"; 51].join(",");
    let cases = [
        (String::new(), 400),
        (format!("granularityType=Marketplace&marketplaceIds={US}"), 400),
        (format!("granularityId={US}&marketplaceIds={US}"), 400),
        (format!("granularityType=Marketplace&granularityId={DE}&marketplaceIds={US}"), 400),
        (all_of(&format!("{US},A2EUQ1WTGCTBG2")), 400),
        (all_of(DE), 403),
        (format!("{}&details=1", all_of(US)), 400),
        (format!("{}&sellerSkus={skus}", all_of(US)), 400),
        (format!("{}&startDateTime=2024-01-01T00:00:00Z", all_of(US)), 400),
        (format!("{}&asin=B000000000", all_of(US)), 501),
    ];
    for (query, status) in cases {
        let answer = ask(&caller, Region::Na, &format!("{SUMMARIES}?{query}")).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reserve_is_listed_by_sku_with_details_on_request() {
    let model = include_str!("models/awd.json");
    let caller = Caller::new().await;
    let (mut listed, mut sizes, mut next) = (Vec::new(), Vec::new(), String::new());
    loop {
        let target = format!("{RESERVES}?maxResults=10&details=SHOW{next}");
        let json = ask(&caller, Region::Na, &target).await.json();
        assert_follows(model, "InventoryListing", &json);
        let page = json["inventory"].as_array().unwrap();
        sizes.push(page.len());
        listed.extend(page.clone());
        let Some(token) = json.get("nextToken") else { break };
        next = format!("&nextToken={}", encoded(token));
    }
    assert_eq!(sizes[..3], [10, 0, 10], "an empty page with a token");
    let skus: Vec<&str> = listed.iter().map(|it| it["sku"].as_str().unwrap()).collect();
    assert!(skus.is_sorted() && skus.len() > 20);
    assert!(listed.iter().all(|it| it["inventoryDetails"].is_object()));
    let last = skus.last().unwrap().replace('/', "%2F").replace(' ', "%20").replace('&', "%26");
    let one = ask(&caller, Region::Na, &format!("{RESERVES}?sku={last}")).await.json();
    assert_eq!(one["inventory"].as_array().unwrap().len(), 1);
    assert!(one["inventory"][0].get("inventoryDetails").is_none(), "hidden unless asked for");
    let reversed = ask(&caller, Region::Na, &format!("{RESERVES}?sortOrder=DESCENDING")).await;
    assert_eq!(reversed.json()["inventory"][0]["sku"], *skus.last().unwrap());
    let wrong = ask(&caller, Region::Na, &format!("{RESERVES}?sortOrder=UNKNOWN")).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let message = "Invalid value: UNKNOWN passed for sort order. Possible values are: \
                   [ASCENDING, DESCENDING]";
    assert_eq!(wrong.json()["errors"][0]["message"], message);
    for (target, region, status) in [
        (format!("{RESERVES}?maxResults=201"), Region::Na, 400),
        (format!("{RESERVES}?nextToken=abc"), Region::Na, 400),
        (RESERVES.to_owned(), Region::Eu, 501),
    ] {
        assert_eq!(ask(&caller, region, &target).await.status.as_u16(), status, "{target}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_account_has_the_participations_of_its_region() {
    let caller = Caller::new().await;
    let account = caller.get(Region::Eu, "/sellers/v1/account").await;
    assert_follows(include_str!("models/sellers.json"), "GetAccountResponse", &account.json());
    let listed = caller.get(Region::Eu, "/sellers/v1/marketplaceParticipations").await.json();
    assert_eq!(account.json()["payload"]["marketplaceParticipationList"], listed["payload"]);
    assert_eq!(account.header("x-amzn-ratelimit-limit"), Some("0.016"));
}
