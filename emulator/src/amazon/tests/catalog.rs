//! Catalog Items.

use super::{Caller, US};
use crate::amazon::Region;
use axum::http::StatusCode;
use serde_json::Value;
use std::collections::HashSet;
use std::time::Duration;

const ITEMS: &str = "/catalog/2022-04-01/items";

/// Sends a search when the bucket has a call.
async fn search(caller: &Caller, query: &str) -> super::Heard {
    tokio::time::advance(Duration::from_secs(1)).await;
    caller.get(Region::Na, &format!("{ITEMS}?marketplaceIds={US}&{query}")).await
}

/// The ASINs of a page, in its order.
fn asins(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["asin"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_batch_leaves_out_what_is_missing_and_keeps_no_order() {
    let caller = Caller::new().await;
    let world = caller.amazon.world();
    let mut asked: Vec<String> = (0..19).map(|index| world.asin(index)).collect();
    asked.push("B000000000".to_owned());
    let query = format!("identifiersType=ASIN&identifiers={}&pageSize=20", asked.join(","));
    let page = search(&caller, &query).await.json();
    assert_eq!(page["numberOfResults"], 19);
    let found = asins(&page);
    assert_ne!(found, asked[..19]);
    assert_eq!(
        found.into_iter().collect::<HashSet<_>>(),
        asked[..19].iter().cloned().collect::<HashSet<_>>()
    );
    assert_eq!(page["pagination"], serde_json::json!({}));
    let names: Vec<&String> = page["items"][0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["asin", "summaries"], "the summaries are the default");
}

#[tokio::test(start_paused = true)]
async fn a_page_is_ten_items_and_its_token_belongs_to_its_search() {
    let caller = Caller::new().await;
    let world = caller.amazon.world();
    let asked: Vec<String> = (0..15).map(|index| world.asin(index)).collect();
    let query = format!("identifiersType=ASIN&identifiers={}", asked.join(","));
    let first = search(&caller, &query).await.json();
    assert_eq!(asins(&first).len(), 10);
    let token = first["pagination"]["nextToken"].as_str().unwrap();
    let token = token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let second = search(&caller, &format!("{query}&pageToken={token}")).await.json();
    let mut all = asins(&first);
    all.extend(asins(&second));
    assert_eq!(all.into_iter().collect::<HashSet<_>>(), asked.into_iter().collect());
    assert!(second["pagination"].get("nextToken").is_none());
    let other = format!("identifiersType=ASIN&identifiers=B000000000&pageToken={token}");
    assert_eq!(search(&caller, &other).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn an_item_knows_its_family_and_its_bar_codes() {
    let caller = Caller::new().await;
    let world = caller.amazon.world();
    let (parent, child) = (world.asin(7), world.asin(8));
    let included =
        "includedData=summaries,relationships,identifiers,images,productTypes,salesRanks";
    let get = async |asin: &str| {
        tokio::time::advance(Duration::from_secs(1)).await;
        let target = format!("{ITEMS}/{asin}?marketplaceIds={US}&{included}");
        caller.get(Region::Na, &target).await.json()
    };
    let item = get(&child).await;
    assert_eq!(item["summaries"][0]["marketplaceId"], US);
    assert_eq!(item["summaries"][0]["itemClassification"], "BASE_PRODUCT");
    let relationship = &item["relationships"][0]["relationships"][0];
    assert_eq!(relationship["type"], "VARIATION");
    assert_eq!(relationship["parentAsins"], serde_json::json!([parent]));
    assert_eq!(
        relationship["variationTheme"],
        serde_json::json!({"attributes": ["color", "size"], "theme": "SIZE_NAME/COLOR_NAME"})
    );
    let codes = &item["identifiers"][0]["identifiers"];
    let upc = codes[2]["identifier"].as_str().unwrap();
    assert_eq!(
        codes[0],
        serde_json::json!({"identifier": format!("0{upc}"), "identifierType": "EAN"})
    );
    let images = item["images"][0]["images"].as_array().unwrap();
    assert!(images.iter().filter(|image| image["variant"] == "MAIN").count() >= 2);
    assert!(
        images[0]["link"].as_str().unwrap().starts_with("https://m.media-amazon.com/images/I/")
    );

    let family = get(&parent).await;
    assert_eq!(family["summaries"][0]["itemClassification"], "VARIATION_PARENT");
    assert!(
        family["summaries"][0]["modelNumber"].is_string()
            && family["summaries"][0]["color"].is_null()
    );
    assert_eq!(family["identifiers"][0]["identifiers"], serde_json::json!([]));
    let children = &family["relationships"][0]["relationships"][0]["childAsins"];
    assert_eq!(children[0], serde_json::json!(child));

    let by_code = search(&caller, &format!("identifiersType=EAN&identifiers=0{upc}")).await.json();
    assert_eq!(asins(&by_code), [child]);
}

#[tokio::test(start_paused = true)]
async fn keywords_search_titles_within_brands() {
    let caller = Caller::new().await;
    let world = caller.amazon.world();
    let product = world.product(1).unwrap();
    let brand = product.brand.replace(' ', "%20").replace('&', "%26");
    let first_word = product.brand.split(' ').next().unwrap();
    let query = format!("keywords={first_word}&brandNames={brand}&pageSize=20");
    let page = search(&caller, &query).await.json();
    let number = page["numberOfResults"].as_u64().unwrap();
    let expected = world.products().filter(|it| it.brand == product.brand).count() as u64;
    assert_eq!(number, expected);
    assert_eq!(page["refinements"]["brands"][0]["numberOfResults"], number);
    assert_eq!(page["refinements"]["brands"][0]["brandName"], product.brand);
}

#[tokio::test(start_paused = true)]
async fn wrong_and_unknown_parameters_are_told_apart() {
    let caller = Caller::new().await;
    let many = vec!["B000000000"; 21].join(",");
    let cases = [
        (String::new(), 400),
        ("identifiers=B000000000".to_owned(), 400),
        ("identifiers=B000000000&identifiersType=ASIN&keywords=tent".to_owned(), 400),
        (format!("identifiers={many}&identifiersType=ASIN"), 400),
        ("identifiers=B000000000&identifiersType=XYZ".to_owned(), 400),
        ("identifiers=A-1&identifiersType=SKU".to_owned(), 400),
        ("keywords=tent&pageSize=21".to_owned(), 400),
        ("keywords=tent&includedData=prices".to_owned(), 400),
        ("keywords=tent&includedData=vendorDetails".to_owned(), 501),
        ("keywords=tent&color=red".to_owned(), 501),
    ];
    for (query, status) in cases {
        assert_eq!(search(&caller, &query).await.status.as_u16(), status, "{query}");
    }
    let missing = caller.get(Region::Na, &format!("{ITEMS}/B000000000?marketplaceIds={US}")).await;
    assert_eq!((missing.status, missing.error().0.as_str()), (StatusCode::NOT_FOUND, "NotFound"));
}
