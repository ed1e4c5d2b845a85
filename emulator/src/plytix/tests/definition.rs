//! Attributes, families, relationships and the metadata of filters.

use super::Caller;
use serde_json::{Value, json};

const ATTRIBUTES: &str = "/api/v1/attributes/product";
const SEARCH: &str = "/api/v1/attributes/product/search";

#[tokio::test(start_paused = true)]
async fn a_search_of_attributes_shows_what_was_asked_for() {
    let caller = Caller::new().await;
    let filters = json!([[{"field": "label", "operator": "eq", "value": "amazon_listing_status"}]]);
    let mut search = json!({"filters": filters, "attributes": ["name", "label", "options"]});
    let reply = caller.call("POST", SEARCH, search.clone()).await.is(200);
    let id = reply.entity()["id"].clone();
    let options = ["Active", "Inactive", "Incomplete", "Suppressed"];
    let row = json!({"id": id, "name": "Amazon Listing Status", "label": "amazon_listing_status",
        "options": options});
    assert_eq!(*reply.entity(), row);
    assert_eq!(reply.body["pagination"]["count"], 1);
    assert_eq!(reply.body["pagination"]["total_count"], 28);
    search["attributes"] = json!([]);
    assert_eq!(*caller.call("POST", SEARCH, search).await.is(200).entity(), json!({ "id": id }));
}

#[tokio::test(start_paused = true)]
async fn there_is_an_attribute_of_each_type() {
    let caller = Caller::new().await;
    let search = json!({"filters": [[]], "attributes": ["type_class"],
        "pagination": {"page": 1, "page_size": 100}});
    let reply = caller.call("POST", SEARCH, search).await.is(200);
    let rows = reply.body["data"].as_array().unwrap().iter();
    let mut types: Vec<&str> = rows.map(|row| row["type_class"].as_str().unwrap()).collect();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types.len(), 13, "{types:?}");
}

#[tokio::test(start_paused = true)]
async fn a_new_attribute_gets_its_label_from_its_name_and_can_be_written() {
    let caller = Caller::new().await;
    let body = json!({"name": "Amazon Sync Status", "label": "other", "type_class": "DropdownAttribute",
        "options": ["ok", "failed"]});
    let reply = caller.call("POST", ATTRIBUTES, body).await.is(201);
    let made = reply.entity();
    assert_eq!(made["label"], "amazon_sync_status");
    assert_eq!(made["groups"], json!([]));
    assert_eq!(made["options"], json!(["ok", "failed"]));
    let id = caller.create(json!({"sku": "S", "attributes": {"amazon_sync_status": "ok"}})).await;
    assert_eq!(caller.read(&id).await["attributes"]["amazon_sync_status"], "ok");
}

#[tokio::test(start_paused = true)]
async fn an_attribute_that_cannot_be_is_refused() {
    let caller = Caller::new().await;
    let create = async |body| caller.call("POST", ATTRIBUTES, body).await;
    let taken = create(json!({"name": "Amazon ASIN", "type_class": "TextAttribute"})).await.is(422);
    let msg = "a product attribute with same name already exists";
    assert_eq!(taken.body, json!({"error": {"msg": msg}}));
    let options = json!({"name": "X", "type_class": "TextAttribute", "options": ["a"]});
    let errors = json!([{"field": "options", "msg": "is not allowed for this product attribute"}]);
    assert_eq!(create(options).await.is(422).body["error"]["errors"], errors);
    let ids = json!(["000000000000000000000000"]);
    let missing = json!({"name": "X", "type_class": "CompletenessAttribute", "attributes": ids});
    let body = json!({"error": {"errors": [{"field": "attributes", "msg": ids}],
        "msg": "Missing attributes"}});
    assert_eq!(create(missing).await.is(422).body, body);
    create(json!({"name": "X", "type_class": "NumberAttribute"})).await.is(501);
    create(json!({"name": "amazon asin", "type_class": "TextAttribute"})).await.is(501);
}

#[tokio::test(start_paused = true)]
async fn families_count_their_products() {
    let caller = Caller::new().await;
    let path = "/api/v1/product_families/search";
    let search = json!({"attributes": ["name", "total_products"]});
    let reply = caller.call("POST", path, search).await.is(200);
    let rows = reply.body["data"].as_array().unwrap().iter();
    let rows: Vec<Value> = rows.map(|row| json!([row["name"], row["total_products"]])).collect();
    let expected =
        [json!(["8 - Amazon", 0]), json!(["1 - Footwear", 6]), json!(["2 - Apparel", 0])];
    assert_eq!(rows, expected);
    caller.call("POST", path, json!({"attributes": ["nope"]})).await.is(422);
}

#[tokio::test(start_paused = true)]
async fn relationships_show_their_label_unasked() {
    let caller = Caller::new().await;
    let path = "/api/v1/relationships/search";
    let reply = caller.call("POST", path, json!({})).await.is(200);
    let labels = [&reply.body["data"][0]["label"], &reply.body["data"][1]["label"]];
    assert_eq!(labels, ["amazon_hierarchy", "amazon_listings"]);
    let filters = json!([[{"field": "label", "operator": "like", "value": "HIER"}]]);
    let search = json!({"filters": filters, "attributes": ["id", "name", "label", "symmetrical"]});
    let reply = caller.call("POST", path, search).await.is(200);
    let row = json!({"id": reply.entity()["id"], "name": "Amazon Hierarchy",
        "label": "amazon_hierarchy", "symmetrical": false});
    assert_eq!(*reply.entity(), row);
}

#[tokio::test(start_paused = true)]
async fn filters_list_prefixed_attributes_system_fields_and_properties() {
    let caller = Caller::new().await;
    let reply = caller.call("GET", "/api/v1/filters/product", Value::Null).await.is(200);
    let attributes = reply.entity()["attributes"].as_array().unwrap();
    let entry = |key: &str| attributes.iter().find(|entry| entry["key"] == key).cloned().unwrap();
    let materials = json!({"filter_type": "MultiSelectAttribute", "key": "attributes.materials",
        "operators": ["exists", "!exists", "in", "!in"],
        "options": ["Leather", "Suede", "Canvas", "Rubber"]});
    assert_eq!(entry("attributes.materials"), materials);
    let sku = json!({"filter_type": "TextAttribute", "key": "sku",
        "operators": ["exists", "!exists", "like", "eq", "!eq"]});
    assert_eq!(entry("sku"), sku);
    assert_eq!(entry("status")["operators"], json!(["eq", "in", "!in"]));
    assert_eq!(attributes.len(), 28 + 11);
    assert_eq!(reply.entity()["properties"][0]["key"], "_is_variation");
}
