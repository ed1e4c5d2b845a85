//! Links between products.

use super::Caller;
use serde_json::{Value, json};

/// The id of a relationship by its label.
async fn relationship(caller: &Caller, label: &str) -> String {
    let filters = json!([[{"field": "label", "operator": "eq", "value": label}]]);
    let search = json!({"filters": filters});
    let reply = caller.call("POST", "/api/v1/relationships/search", search).await.is(200);
    reply.entity()["id"].as_str().unwrap().to_owned()
}

/// A body that names these products.
fn to(products: &[&str]) -> Value {
    let entry = |id: &&str| json!({"product_id": id, "quantity": 1});
    json!({"product_relationships": products.iter().map(entry).collect::<Value>()})
}

/// A parent, two children, and the path of the hierarchy's links from the parent in v2.
async fn family(caller: &Caller) -> (String, String, String, String) {
    let parent = caller.create(json!({"sku": "P"})).await;
    let one = caller.create(json!({"sku": "C1"})).await;
    let two = caller.create(json!({"sku": "C2"})).await;
    let hierarchy = relationship(caller, "amazon_hierarchy").await;
    let path = format!("/api/v2/products/{parent}/relationships/{hierarchy}");
    (parent, one, two, path)
}

#[tokio::test(start_paused = true)]
async fn v2_says_nothing_and_skips_what_it_does_not_know() {
    let caller = Caller::new().await;
    let (parent, one, two, path) = family(&caller).await;
    let none = "000000000000000000000000";
    let reply = caller.call("POST", &path, to(&[&one, none])).await.is(200);
    assert_eq!(reply.body, Value::Null);
    caller.call("POST", &path, to(&[&two, &one])).await.is(200);
    let related = &caller.read(&parent).await["relationships"][0];
    assert_eq!(related["relationship_label"], "amazon_hierarchy");
    assert_eq!(
        related["related_products"],
        json!([{"product_id": one, "quantity": 1}, {"product_id": two, "quantity": 1}])
    );
    // Only the source shows the link.
    assert_eq!(caller.read(&one).await["relationships"], json!([]));
    let row =
        caller.row("P", &["relationships.amazon_hierarchy", "relationships.amazon_listings"]).await;
    assert_eq!(row["relationships"].as_array().unwrap().len(), 1);
    assert_eq!(row["relationships"][0]["label"], "amazon_hierarchy");

    let plain = json!({"product_relationships": [one, none]});
    caller.call("DELETE", &path, plain).await.is(204);
    let changed = json!({"product_relationships": [{"product_id": two, "quantity": 9}]});
    caller.call("PATCH", &path, changed).await.is(200);
    let related = caller.read(&parent).await["relationships"][0]["related_products"].clone();
    assert_eq!(related, json!([{"product_id": two, "quantity": 9}]));
    let details = caller.journal();
    let (_, _, first) = details.iter().find(|(name, ..)| name == "linkProducts").unwrap();
    assert_eq!(
        (&first["source"], &first["changed"], &first["asked"]),
        (&json!("P"), &json!(["C1"]), &json!(2))
    );
}

#[tokio::test(start_paused = true)]
async fn v1_tells_what_it_did_and_refuses_a_target_that_is_not_there() {
    let caller = Caller::new().await;
    let (_, one, two, path) = family(&caller).await;
    let path = path.replace("v2", "v1");
    let reply = caller.call("POST", &path, to(&[&one])).await.is(201);
    assert_eq!(reply.entity()["relationship_label"], "amazon_hierarchy");
    assert_eq!(reply.entity()["related_products"][0]["product_id"], one);
    caller.call("POST", &path, to(&[&one])).await.is(200);
    let none = "000000000000000000000000";
    let refused = caller.call("POST", &path, to(&[&two, none])).await.is(409);
    let error = json!({"field": "product_id", "msg": "product does not exists", "value": none});
    assert_eq!(refused.body["error"]["errors"], json!([error]));
    // Nothing of a refused request is done.
    let after = caller.call("POST", &path, to(&[&one])).await.is(200);
    assert_eq!(after.entity()["related_products"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_label_in_the_place_of_an_id_is_not_found() {
    let caller = Caller::new().await;
    let (parent, one, ..) = family(&caller).await;
    for path in
        ["not-found/relationships/not-found", &format!("{parent}/relationships/amazon_hierarchy")]
    {
        caller.call("POST", &format!("/api/v1/products/{path}"), to(&[&one])).await.is(404);
    }
}

#[tokio::test(start_paused = true)]
async fn a_relationship_filter_finds_the_sources_that_point_at_a_product() {
    let caller = Caller::new().await;
    let (_, one, two, path) = family(&caller).await;
    caller.call("POST", &path, to(&[&one])).await.is(200);
    let hierarchy = path.rsplit('/').next().unwrap();
    let search = |operator: &str, id: &str| {
        let products = json!([{"id": id, "qty_operator": "exists", "value": null}]);
        let condition =
            json!({"relationship_id": hierarchy, "operator": operator, "product_ids": products});
        json!({"relationship_filters": [[condition]]})
    };
    let sources = caller.search(search("exists", &one)).await.is(200);
    assert_eq!(sources.entity()["sku"], "P");
    assert_eq!(caller.search(search("exists", &two)).await.is(200).body["data"], json!([]));
    assert_eq!(caller.search(search("!exists", &one)).await.is(200).body["pagination"]["count"], 8);
}

#[tokio::test(start_paused = true)]
async fn definitions_can_be_made() {
    let caller = Caller::new().await;
    let made =
        caller.call("POST", "/api/v1/relationships", json!({"name": "Amazon Bundles"})).await;
    let made = made.is(201);
    assert_eq!(made.entity()["label"], "amazon_bundles");
    assert_eq!(
        relationship(&caller, "amazon_bundles").await,
        made.entity()["id"].as_str().unwrap()
    );
    let family = json!({"name": "9 - Other", "attributes": []});
    let family = caller.call("POST", "/api/v1/product_families", family).await.is(201);
    let id = family.entity()["id"].as_str().unwrap();
    let attribute = json!({"name": "Amazon Bundle Size", "type_class": "IntAttribute"});
    let attribute = caller.call("POST", "/api/v1/attributes/product", attribute).await.is(201);
    let path = format!("/api/v1/product_families/{id}/attributes/link");
    let link = json!({"attributes": [attribute.entity()["id"]], "attributes_level": "no_level"});
    caller.call("POST", &path, link).await.is(202);
    let filters = json!([[{"field": "name", "operator": "eq", "value": "9 - Other"}]]);
    let search = json!({"filters": filters, "attributes": ["total_attributes"]});
    let found = caller.call("POST", "/api/v1/product_families/search", search).await.is(200);
    assert_eq!(found.entity()["total_attributes"], 1);
}
