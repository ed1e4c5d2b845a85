//! Keeping assets, and showing them on products.

use super::Caller;
use serde_json::{Value, json};

const ASSETS: &str = "/api/v1/assets";

/// Keeps the picture at an address under a name; its id.
async fn keep(caller: &Caller, address: &str, name: &str) -> String {
    let body = json!({"url": address, "filename": name});
    let reply = caller.call("POST", ASSETS, body).await.is(201);
    reply.entity()["id"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn an_asset_is_known_by_its_name_and_content_together() {
    let caller = Caller::new().await;
    let body = json!({"url": "https://example.com/a.jpg", "filename": "one.jpg"});
    let reply = caller.call("POST", ASSETS, body.clone()).await.is(201);
    let asset = reply.entity().clone();
    let id = asset["id"].as_str().unwrap();
    assert_eq!(reply.header("location"), format!("/api/v1/assets/{id}"));
    assert_eq!(
        [&asset["filename"], &asset["extension"], &asset["file_type"], &asset["status"]],
        ["one.jpg", "jpg", "IMAGES", "ACTIVE"]
    );
    let again = caller.call("POST", ASSETS, body).await.is(409);
    let errors = json!([{"field": "asset.id", "msg": id}]);
    assert_eq!(again.body, json!({"error": {"errors": errors, "msg": "Asset already exists"}}));
    assert_eq!(again.header("location"), format!("/api/v1/assets/{id}"));

    let other = json!({"url": "https://example.com/b.jpg", "filename": "one.jpg"});
    let other = caller.call("POST", ASSETS, other).await.is(201);
    assert_eq!(other.entity()["filename"], "one_1.jpg");
    let unnamed = json!({"url": "https://example.com/c.png?width=3"});
    let unnamed = caller.call("POST", ASSETS, unnamed).await.is(201);
    assert_eq!(unnamed.entity()["filename"], "c.png");

    let read = caller.call("GET", &format!("{ASSETS}/{id}"), Value::Null).await.is(200);
    assert_eq!(*read.entity(), asset);
    let unknown = format!("{ASSETS}/000000000000000000000000");
    let unknown = caller.call("GET", &unknown, Value::Null).await.is(404);
    assert_eq!(unknown.body["error"]["errors"][0]["field"], "asset_id");
}

#[tokio::test(start_paused = true)]
async fn a_search_finds_parts_of_filenames_and_no_addresses() {
    let caller = Caller::new().await;
    for name in ["amazon_1.jpg", "amazon_2.jpg", "other.jpg"] {
        keep(&caller, &format!("https://example.com/{name}"), name).await;
    }
    let search = |filters: Value| json!({"filters": filters, "pagination": {"page_size": 100}});
    let like = json!([[{"field": "filename", "operator": "like", "value": "amazon_"}]]);
    let reply = caller.call("POST", "/api/v1/assets/search", search(like)).await.is(200);
    let names: Vec<&str> = reply.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["filename"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["amazon_1.jpg", "amazon_2.jpg"]);
    assert_eq!(reply.body["pagination"]["total_count"], 9);
    let list = json!([[{"field": "filename", "operator": "in", "value": ["other.jpg"]}]]);
    caller.call("POST", "/api/v1/assets/search", search(list)).await.is(501);
    caller.call("POST", "/api/v1/assets/search", json!({})).await.is(501);
}

#[tokio::test(start_paused = true)]
async fn a_gallery_grows_and_a_thumbnail_is_replaced() {
    let caller = Caller::new().await;
    let product = caller.create(json!({"sku": "S"})).await;
    let one = keep(&caller, "https://example.com/1.jpg", "1.jpg").await;
    let two = keep(&caller, "https://example.com/2.jpg", "2.jpg").await;
    let path = format!("/api/v2/products/{product}/assets");
    let link = |id: &str, label: &str| json!({"id": id, "attribute_label": label});
    for id in [&one, &two] {
        caller.call("POST", &path, link(id, "amazon_images")).await.is(201);
        caller.call("POST", &path, link(id, "thumbnail")).await.is(201);
    }
    let again = caller.call("POST", &path, link(&one, "amazon_images")).await.is(409);
    assert_eq!(again.body["error"]["errors"][0]["msg"], "already linked");
    let read = caller.read(&product).await;
    assert_eq!(read["attributes"]["amazon_images"], json!([one, two]));
    assert_eq!((&read["thumbnail"], &read["assets"]), (&json!([two]), &json!([two, one])));

    // v1 shows whole assets where v2 shows ids.
    let v1 = format!("/api/v1/products/{product}");
    let v1 = caller.call("GET", &v1, Value::Null).await.is(200);
    assert_eq!(v1.entity()["attributes"]["amazon_images"][0]["filename"], "1.jpg");
    assert_eq!(v1.entity()["thumbnail"][0]["filename"], "2.jpg");
    let listed = caller.call("GET", &path, Value::Null).await.is(200);
    assert_eq!(listed.body["data"].as_array().unwrap().len(), 2);

    // A whole gallery in the body of a product takes the place of the one before.
    let gallery = json!({"attributes": {"amazon_images": [{"id": two}, {"id": one}]}, "thumbnail": {"id": one}});
    caller.patch(&product, gallery).await.is(200);
    let read = caller.read(&product).await;
    assert_eq!(read["attributes"]["amazon_images"], json!([two, one]));

    caller.call("DELETE", &format!("{path}/{one}"), Value::Null).await.is(204);
    let gone = caller.call("DELETE", &format!("{path}/{one}"), Value::Null).await.is(404);
    assert_eq!(gone.body["error"]["errors"][0]["field"], "asset_id");
    assert_eq!(caller.read(&product).await["thumbnail"], json!([]));
    caller.call("DELETE", &path, Value::Null).await.is(405);
}

#[tokio::test(start_paused = true)]
async fn links_to_nothing_are_refused_each_in_its_own_way() {
    let caller = Caller::new().await;
    let product = caller.create(json!({"sku": "S"})).await;
    let path = format!("/api/v2/products/{product}/assets");
    let none = "000000000000000000000000";
    let link = json!({"id": none, "attribute_label": "thumbnail"});
    let unknown = caller.call("POST", &path, link.clone()).await.is(404);
    assert_eq!(unknown.body["error"]["msg"], format!("Asset id {none} does not exist"));
    let missing = json!({"attribute_label": "thumbnail"});
    let v2 = caller.call("POST", &path, missing.clone()).await.is(422);
    assert_eq!(v2.body["error"]["msg"], "you must supply an id");
    let v1 = caller.call("POST", &path.replace("v2", "v1"), missing).await.is(422);
    assert_eq!(v1.body["error"]["errors"][0]["msg"], "Missing data for required field.");
    let nowhere = format!("/api/v2/products/{none}/assets");
    let nowhere = caller.call("GET", &nowhere, Value::Null).await.is(404);
    assert_eq!(nowhere.body, json!({"error": {"msg": format!("No product found for id {none}")}}));
    let content = caller.call("POST", ASSETS, json!({"content": "AAAA"})).await.is(422);
    assert_eq!(content.body["error"]["errors"][0]["field"], "filename");
    caller.call("POST", ASSETS, json!({"content": "AAAA", "filename": "a.png"})).await.is(501);
}
