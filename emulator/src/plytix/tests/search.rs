//! Searching products.

use super::{Caller, Reply};
use serde_json::{Value, json};

/// SKUs of the rows of a page.
fn skus(reply: &Reply) -> Vec<&str> {
    reply.body["data"].as_array().unwrap().iter().map(|row| row["sku"].as_str().unwrap()).collect()
}

/// A search with one condition.
#[expect(clippy::needless_pass_by_value, reason = "values are written where they are used")]
fn only(field: &str, operator: &str, value: Value) -> Value {
    json!({"filters": [[{"field": field, "operator": operator, "value": value}]]})
}

#[tokio::test(start_paused = true)]
async fn an_empty_search_gives_the_first_page_with_ids_and_skus_only() {
    let caller = Caller::new().await;
    for number in 0..20 {
        caller.create(json!({"sku": format!("S{number}"), "label": "x"})).await;
    }
    let reply = caller.search(json!({})).await.is(200);
    assert_eq!(reply.body["data"].as_array().unwrap().len(), 25);
    let row = &reply.body["data"][0];
    assert_eq!(row["sku"], "MCA0032");
    let bare = json!({"id": row["id"], "sku": "MCA0032", "num_variations": 0, "attributes": {}});
    assert_eq!(*row, bare);
    let pagination =
        json!({"count": 26, "order": null, "page": 1, "page_size": 25, "total_count": 26});
    assert_eq!(reply.body["pagination"], pagination);
    let second = caller.search(json!({"filters": [[]], "pagination": {"page": 2}})).await.is(200);
    assert_eq!(skus(&second), ["S19"]);
    let third = caller.search(json!({"filters": [], "pagination": {"page": 3}})).await.is(200);
    assert_eq!(third.body["data"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn counts_tell_matches_from_everything() {
    let caller = Caller::new().await;
    let reply = caller.search(only("status", "eq", json!("Archived"))).await.is(200);
    assert_eq!(reply.body["data"], json!([]));
    assert_eq!(reply.body["pagination"]["count"], 0);
    assert_eq!(reply.body["pagination"]["total_count"], 6);
}

#[tokio::test(start_paused = true)]
async fn equality_of_texts_ignores_case_and_lists_do_not() {
    let caller = Caller::new().await;
    caller.create(json!({"sku": "B0abc", "attributes": {"amazon_listing_status": "Active"}})).await;
    caller.create(json!({"sku": "B0ABC", "attributes": {"amazon_title": "Blue Moc"}})).await;
    let found = async |field, operator, value| {
        let reply = caller.search(only(field, operator, value)).await.is(200);
        skus(&reply).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("sku", "eq", json!("b0abc")).await, ["B0abc", "B0ABC"]);
    assert_eq!(found("sku", "like", json!("0Ab")).await, ["B0abc", "B0ABC"]);
    assert_eq!(found("sku", "in", json!(["B0ABC", "b0abc"])).await, ["B0ABC"]);
    assert_eq!(found("attributes.amazon_title", "eq", json!("BLUE MOC")).await, ["B0ABC"]);
    let status = "attributes.amazon_listing_status";
    assert_eq!(found(status, "in", json!(["Active", "Inactive"])).await, ["B0abc"]);
    assert_eq!(found(status, "in", json!(["active"])).await, [""; 0]);
    assert_eq!(found(status, "exists", Value::Null).await, ["B0abc"]);
    assert_eq!(found("attributes.amazon_title", "!exists", Value::Null).await.len(), 7);
}

#[tokio::test(start_paused = true)]
async fn alternatives_are_lists_of_conditions() {
    let caller = Caller::new().await;
    for (sku, price, cases, day) in
        [("A", 10.5, 6, "2026-01-01"), ("B", 20.0, 6, "2026-01-02"), ("C", 5.0, 12, "2026-01-03")]
    {
        let attributes =
            json!({"list_price": price, "pairs_per_case": cases, "amazon_last_synced": day});
        caller.create(json!({"sku": sku, "attributes": attributes})).await;
    }
    let condition = |field: &str, operator: &str, value: Value| json!({"field": format!("attributes.{field}"), "operator": operator, "value": value});
    let filters = json!([
        [
            condition("list_price", "lt", json!(20)),
            condition("pairs_per_case", "eq", json!(6)),
            condition("amazon_last_synced", "exists", Value::Null)
        ],
        [condition("amazon_last_synced", "gte", json!("2026-01-03"))],
    ]);
    let order = json!({"order": "-attributes.list_price"});
    let reply = caller.search(json!({"filters": filters, "pagination": order})).await.is(200);
    assert_eq!(skus(&reply), ["A", "C"]);
    assert_eq!(reply.body["pagination"]["order"], "-attributes.list_price");
    let late = only("modified", "gt", json!("2026-02-15"));
    assert_eq!(skus(&caller.search(late).await.is(200)), ["A", "B", "C"]);
    let early = only("created", "lt", json!("2026-02-16T00:00:01+00:00"));
    assert_eq!(skus(&caller.search(early).await.is(200)).len(), 7);
}

#[tokio::test(start_paused = true)]
async fn only_columns_that_were_asked_for_are_shown() {
    let caller = Caller::new().await;
    let asset = caller.row("MCA0032", &["thumbnail"]).await["thumbnail"].clone();
    let attributes = json!({"amazon_images": [asset], "amazon_last_synced": "2019-12-01",
        "amazon_size": "09", "amazon_color": "red", "list_price": 3.5});
    let body = json!({"sku": "S", "label": "x", "thumbnail": asset, "attributes": attributes});
    let id = caller.create(body).await;
    let columns = [
        "sku",
        "thumbnail",
        "modified",
        "attributes.amazon_images",
        "attributes.amazon_last_synced",
        "attributes.amazon_size",
        "attributes.list_price",
        "attributes.amazon_title",
        "relationships.amazon_hierarchy",
    ];
    let expected = json!({
        "thumbnail": asset,
        "modified": "2026-02-16T00:00:01.000000+00:00",
        "id": id,
        "sku": "S",
        "num_variations": 0,
        "attributes": {"amazon_images": [asset], "amazon_last_synced": "2019-12-01",
            "amazon_size": "09", "list_price": 3.5},
        "relationships": [],
    });
    assert_eq!(caller.row("S", &columns).await, expected);
}

#[tokio::test(start_paused = true)]
async fn v1_gives_days_a_time_and_tolerates_columns_without_prefix() {
    let caller = Caller::new().await;
    let attributes = json!({"amazon_last_synced": "2019-12-01", "upc": "1"});
    let id = caller.create(json!({"sku": "S", "attributes": attributes})).await;
    let mut search = only("sku", "eq", json!("s"));
    search["attributes"] = json!(["attributes.amazon_last_synced", "upc", "ean"]);
    let reply = caller.call("POST", "/api/v1/products/search", search).await.is(200);
    let attributes = json!({"amazon_last_synced": "2019-12-01T00:00:00"});
    let row = json!({"id": id, "sku": "S", "num_variations": 0, "attributes": attributes});
    assert_eq!(*reply.entity(), row);
}

#[tokio::test(start_paused = true)]
async fn columns_are_limited_to_fifty_in_v2_and_twenty_in_v1_without_id_and_sku() {
    let caller = Caller::new().await;
    for (version, limit) in [("v2", 50), ("v1", 20)] {
        let path = format!("/api/{version}/products/search");
        let columns = |count| {
            let mut columns = vec!["attributes.amazon_asin"; count];
            columns.extend(["id", "sku"]);
            json!({ "attributes": columns })
        };
        caller.call("POST", &path, columns(limit)).await.is(200);
        let reply = caller.call("POST", &path, columns(limit + 1)).await.is(422);
        let msg = format!("columns limit exceeded, current limit is {limit}");
        let errors = json!([{"field": "schema", "msg": msg}]);
        let body = json!({"error": {"errors": errors, "msg": "Schema validation error"}});
        assert_eq!(reply.body, body);
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_prefix_is_a_field_that_does_not_exist() {
    let caller = Caller::new().await;
    let reply = caller.search(only("amazon_parent_asin", "eq", json!("B0"))).await.is(422);
    let message = &reply.body["error"]["errors"][0]["msg"];
    assert_eq!(*message, "Field 'amazon_parent_asin' doesn't exist");
    caller.search(only("attributes.amazon_parent_asin", "eq", json!("B0"))).await.is(200);
    for columns in [["amazon_asin"], ["attributes.nope"], ["relationships.nope"]] {
        caller.search(json!({ "attributes": columns })).await.is(422);
    }
    caller.search(json!({"pagination": {"order": "amazon_asin"}})).await.is(422);
}

#[tokio::test(start_paused = true)]
async fn an_operator_that_does_not_exist_is_refused_with_those_that_do() {
    let caller = Caller::new().await;
    let reply = caller.search(only("sku", "contains", json!("AMZN"))).await.is(422);
    let message = reply.body["error"]["errors"][0]["msg"].as_str().unwrap();
    let start = "Invalid operator 'contains'. Valid operators: exists, !exists, text_search, like, \
        !like, in, !in, eq, !eq, gt, gte, lt, lte";
    assert!(message.starts_with(start), "{message}");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_in_a_condition_is_named() {
    let caller = Caller::new().await;
    let reply = caller.search(json!({"filters": [[{"field": "sku", "eq": "x"}]]})).await.is(422);
    let errors = json!([
        {"field": "eq", "msg": "unknown field"},
        {"field": "filters", "msg": "Unable to decode filters properly"},
    ]);
    let body = json!({"error": {"errors": errors, "msg": "Schema validation error"}});
    assert_eq!(reply.body, body);
}

#[tokio::test(start_paused = true)]
async fn a_page_has_at_most_a_hundred_rows() {
    let caller = Caller::new().await;
    caller.search(json!({"pagination": {"page": 1, "page_size": 100}})).await.is(200);
    caller.search(json!({"pagination": {"page": 1, "page_size": 101}})).await.is(422);
}

#[tokio::test(start_paused = true)]
async fn more_than_ten_thousand_matches_are_not_ordered() {
    let caller = Caller::new().await;
    {
        let mut account = super::super::held(&caller.service.plytix.account);
        for number in 0..9_995 {
            let now = chrono::DateTime::<chrono::Utc>::UNIX_EPOCH;
            let product = account.new_product(format!("S{number}"), now);
            account.products.put(product);
        }
    }
    let ordered = json!({"pagination": {"order": "-modified", "page_size": 1}});
    caller.search(ordered.clone()).await.is(428);
    caller.search(json!({"pagination": {"order": "", "page_size": 1}})).await.is(200);
    let mut narrower = only("sku", "like", json!("S"));
    narrower["pagination"] = ordered["pagination"].clone();
    let reply = caller.search(narrower).await.is(200);
    assert_eq!(reply.body["pagination"]["count"], 9_995);
    assert_eq!(reply.body["pagination"]["total_count"], 10_001);
}

#[tokio::test(start_paused = true)]
async fn what_a_search_means_is_not_guessed() {
    let caller = Caller::new().await;
    let relationship = json!([[{"relationship_id": "x", "operator": "exists"}]]);
    for search in [
        json!({"filters": [{"field": "sku", "operator": "eq", "value": "x"}]}),
        json!({"filters": {}}),
        json!({"relationship_filters": relationship}),
        json!({"attributes": ["product_family_id"]}),
        only("attributes.amazon_asin", "in", json!(["B0"])),
        only("attributes.pairs_per_case", "!eq", json!(1)),
        only("sku", "text_search", json!("x")),
        only("sku", "in", json!("x")),
        only("modified", "gt", json!("yesterday")),
    ] {
        caller.search(search).await.is(501);
    }
    let price = json!({"attributes": ["attributes.list_price"]});
    caller.call("POST", "/api/v1/products/search", price).await.is(501);
}
