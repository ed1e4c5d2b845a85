//! Making, reading, changing and removing products.

use super::Caller;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

/// The id of a family by its name.
async fn family(caller: &Caller, name: &str) -> String {
    let filters = json!([[{"field": "name", "operator": "eq", "value": name}]]);
    let search = json!({"filters": filters});
    let reply = caller.call("POST", "/api/v1/product_families/search", search).await.is(200);
    reply.entity()["id"].as_str().unwrap().to_owned()
}

/// The keys of an object.
fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test(start_paused = true)]
async fn a_created_product_is_answered_with_id_and_audit_only() {
    let caller = Caller::new().await;
    let body = json!({"sku": "AMZN-US-B000000001"});
    let reply = caller.call("POST", "/api/v2/products", body).await.is(201);
    let made = reply.entity();
    let id = made["id"].as_str().unwrap();
    assert_eq!(id.len(), 24);
    assert!(id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    let audits = ["id", "created", "modified", "created_user_audit", "modified_user_audit"];
    assert_eq!(keys(made), audits);
    assert_eq!(made["created"], "2026-02-16T00:00:00.500000+00:00");
    assert_eq!(made["created_user_audit"]["type"], "API");
    assert_eq!(reply.header("location"), format!("/api/v1/products/{id}"));
}

#[tokio::test(start_paused = true)]
async fn unknown_and_read_only_keys_are_ignored_and_do_not_set_a_family() {
    let caller = Caller::new().await;
    let family = family(&caller, "8 - Amazon").await;
    let body = json!({"sku": "S", "foo": 1, "id": "x", "created": "x", "lable": "typo",
        "product_family": family, "product_family_id": family});
    let id = caller.create(body).await;
    caller.patch(&id, json!({"product_family": family})).await.is(200);
    let product = caller.read(&id).await;
    assert_eq!(product["id"], id);
    assert_eq!(product["label"], Value::Null);
    assert_eq!(product.get("product_family_id"), None);
}

#[tokio::test(start_paused = true)]
async fn a_read_product_shows_ids_and_no_empty_attributes_and_no_zone() {
    let caller = Caller::new().await;
    let asset = caller.row("MCA0032", &["thumbnail"]).await["thumbnail"]["id"].clone();
    let other = caller.row("MCA0033", &["thumbnail"]).await["thumbnail"]["id"].clone();
    let body = json!({"sku": "S", "label": "x", "thumbnail": {"id": asset}, "attributes": {
        "amazon_images": [{"id": other}, {"id": asset}], "size_chart": {"id": other},
        "amazon_last_synced": "2025-12-23", "list_price": 12.3, "pairs_per_case": 123,
        "amazon_is_primary": false, "amazon_title": "0123"}});
    let id = caller.create(body).await;
    let product = caller.read(&id).await;
    assert_eq!(product["created"], "2026-02-16T00:00:01.500000");
    assert_eq!(product["thumbnail"], json!([asset]));
    assert_eq!(product["assets"], json!([asset, other]));
    let attributes = json!({"amazon_title": "0123", "amazon_is_primary": false,
        "amazon_last_synced": "2025-12-23", "amazon_images": [other, asset], "pairs_per_case": 123,
        "list_price": 12.3, "size_chart": [other], "amazon_completeness": 66.67});
    assert_eq!(product["attributes"], attributes);
    assert_eq!(product["status"], "Draft");
    assert_eq!(product["product_type"], "SINGLE");
    assert_eq!((&product["product_level"], &product["relationships"]), (&json!(0), &json!([])));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_product_is_refused_with_a_leading_space_except_by_delete() {
    let caller = Caller::new().await;
    let id = "5c4ec5afb3bfd10001e45603";
    let path = format!("/api/v2/products/{id}");
    let body = |space| {
        let errors = json!([{"field": "id", "msg": "product does not exist"}]);
        json!({"error": {"errors": errors, "msg": format!("{space}No results found for {id}")}})
    };
    assert_eq!(caller.call("GET", &path, Value::Null).await.is(404).body, body(" "));
    assert_eq!(caller.call("PATCH", &path, json!({"label": "x"})).await.is(404).body, body(" "));
    assert_eq!(caller.call("DELETE", &path, Value::Null).await.is(404).body, body(""));
}

#[tokio::test(start_paused = true)]
async fn a_second_product_with_a_sku_is_refused_unless_its_case_differs() {
    let caller = Caller::new().await;
    let id = caller.create(json!({"sku": "AMZN-US-B0abc"})).await;
    caller.create(json!({"sku": "AMZN-US-B0ABC"})).await;
    let again = json!({"sku": "AMZN-US-B0ABC"});
    let errors = json!([{"field": "sku", "msg": "A product with the same SKU already exists"}]);
    let body = json!({"error": {"errors": errors, "msg": "product data validation failed"}});
    let created = caller.call("POST", "/api/v2/products", again.clone()).await.is(409);
    assert_eq!(created.body, body);
    assert_eq!(caller.patch(&id, again).await.is(409).body, body);
    caller.patch(&id, json!({"sku": "AMZN-US-B0abc"})).await.is(200);
    caller.patch(&id, json!({"sku": "renamed"})).await.is(200);
    caller.create(json!({"sku": "AMZN-US-B0abc"})).await;
}

#[tokio::test(start_paused = true)]
async fn a_patch_merges_and_null_clears() {
    let caller = Caller::new().await;
    let attributes = json!({"amazon_title": "t", "amazon_size": "9", "amazon_color": "red"});
    let id = caller.create(json!({"sku": "S", "label": "x", "attributes": attributes})).await;
    let change = json!({"label": null, "status": "Completed",
        "attributes": {"amazon_size": null, "amazon_color": "blue"}});
    let reply = caller.patch(&id, change).await.is(200);
    assert_eq!(keys(reply.entity()).len(), 5, "nothing of what was written is repeated");
    let product = caller.read(&id).await;
    assert_eq!(product["label"], Value::Null);
    assert_eq!(product["status"], "Completed");
    let attributes =
        json!({"amazon_title": "t", "amazon_color": "blue", "amazon_completeness": 33.33});
    assert_eq!(product["attributes"], attributes);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_there_already_leaves_modified_alone() {
    let caller = Caller::new().await;
    let id = caller.create(json!({"sku": "S", "attributes": {"list_price": 10}})).await;
    let modified = caller.read(&id).await["modified"].clone();
    let same = json!({"sku": "S", "status": "Draft", "label": null, "attributes": {
        "list_price": 10.0, "amazon_size": null, "amazon_completeness": 1}});
    caller.patch(&id, same).await.is(200);
    assert_eq!(caller.read(&id).await["modified"], modified);
    caller.patch(&id, json!({"attributes": {"list_price": 10.5}})).await.is(200);
    assert_ne!(caller.read(&id).await["modified"], modified);
}

#[tokio::test(start_paused = true)]
async fn one_wrong_value_rejects_the_whole_write_and_all_faults_are_named() {
    let caller = Caller::new().await;
    let id = caller.create(json!({"sku": "S", "label": "before"})).await;
    let change = json!({"label": "after", "status": "Complete", "thumbnail": "5ebe", "attributes": {
        "amazon_title": "fine", "nope": "x", "materials": ["Red", "Suede"], "list_price": "1,5",
        "amazon_listing_status": "active", "amazon_last_synced": "2025-12-23T05:59:15"}});
    let reply = caller.patch(&id, change).await.is(422);
    assert_eq!(reply.body["error"]["msg"], "product data validation failed");
    let errors = json!([
        {"field": "status", "msg": "Value is not valid, valid values are [Draft, Completed, Archived]"},
        {"field": "thumbnail", "msg": {"_schema": ["Invalid input type."]}},
        {"field": "nope", "msg": "label does not exist"},
        {"field": "materials", "msg": "[u'Red'] are not a valid values for Materials attribute."},
        {"field": "list_price", "msg": "Not a valid decimal value. Format must be: ."},
        {"field": "amazon_listing_status",
            "msg": "[u'active'] are not a valid values for Amazon Listing Status attribute."},
        {"field": "amazon_last_synced", "msg": "Invalid date format"},
    ]);
    assert_eq!(reply.body["error"]["errors"], errors);
    let product = caller.read(&id).await;
    assert_eq!(product["label"], "before");
    assert_eq!(product["attributes"], json!({"amazon_completeness": 0.0}));
}

#[tokio::test(start_paused = true)]
async fn a_product_without_sku_or_with_lower_case_status_is_refused_by_v2() {
    let caller = Caller::new().await;
    let create = async |body| caller.call("POST", "/api/v2/products", body).await;
    assert_eq!(
        create(json!({"label": "x"})).await.is(422).body["error"]["errors"][0]["field"],
        "sku"
    );
    create(json!({"sku": "S", "status": "draft"})).await.is(422);
    assert_eq!(
        caller.service.table().lines().next(),
        Some("6 products, 6 with a family, 6 with a thumbnail, 0 links")
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_json_is_refused_with_the_status_as_a_number() {
    let caller = Caller::new().await;
    let request = Request::post("/api/v2/products")
        .header("Authorization", format!("Bearer {}", caller.token))
        .body(Body::from("{ sku: 1 }"))
        .unwrap();
    let reply = super::send(caller.service.api_router(), request).await.is(400);
    let errors = json!([{"field": "http_status_code", "msg": 400}]);
    assert_eq!(reply.body["error"]["errors"], errors);
    let message = reply.body["error"]["msg"].as_str().unwrap();
    assert!(message.starts_with("Failed to decode JSON object: "), "{message}");
}

#[tokio::test(start_paused = true)]
async fn what_a_write_means_is_not_guessed() {
    let caller = Caller::new().await;
    let gtin = caller.row("MCA0032", &["gtin"]).await["gtin"].clone();
    for body in [
        json!({"sku": "x".repeat(101)}),
        json!({"sku": "S", "gtin": gtin}),
        json!({"sku": "S", "gtin": "123"}),
        json!({"sku": "S", "label": null}),
        json!({"sku": "S", "attributes": {"amazon_title": null}}),
        json!({"sku": "S", "attributes": {"amazon_title": ""}}),
        json!({"sku": "S", "thumbnail": {"id": "000000000000000000000000"}}),
        json!({"sku": "S", "categories": [{"id": "000000000000000000000000"}]}),
        json!([{"sku": "S"}]),
    ] {
        caller.call("POST", "/api/v2/products", body).await.is(501);
    }
    assert_eq!(
        caller.service.table().lines().next(),
        Some("6 products, 6 with a family, 6 with a thumbnail, 0 links")
    );
}

#[tokio::test(start_paused = true)]
async fn only_its_own_endpoint_sets_and_takes_a_family() {
    let caller = Caller::new().await;
    let id = caller.create(json!({"sku": "S"})).await;
    let family = family(&caller, "8 - Amazon").await;
    for version in ["v1", "v2"] {
        let path = format!("/api/{version}/products/{id}/family");
        let assign = json!({"product_family_id": family});
        let reply = caller.call("POST", &path, assign.clone()).await.is(200);
        assert_eq!(reply.entity()["id"], id);
        let product = caller.read(&id).await;
        assert_eq!(product["product_family_id"], family);
        caller.call("POST", &path, assign).await.is(200);
        assert_eq!(caller.read(&id).await["modified"], product["modified"]);
        let row = caller.row("S", &["label"]).await;
        assert_eq!(keys(&row), ["id", "sku", "num_variations", "attributes"]);
        caller.call("POST", &path, json!({"product_family_id": ""})).await.is(200);
        assert_eq!(caller.read(&id).await.get("product_family_id"), None);
    }
    let unknown = "/api/v1/products/non-existing-id/family";
    caller.call("POST", unknown, json!({"product_family_id": family})).await.is(404);
}

#[tokio::test(start_paused = true)]
async fn a_removed_product_is_gone_and_its_sku_is_free() {
    let caller = Caller::new().await;
    let id = caller.create(json!({"sku": "S"})).await;
    let path = format!("/api/v2/products/{id}");
    let reply = caller.call("DELETE", &path, Value::Null).await.is(204);
    assert_eq!(reply.body, Value::Null);
    caller.call("GET", &path, Value::Null).await.is(404);
    assert_ne!(caller.create(json!({"sku": "S"})).await, id);
}
