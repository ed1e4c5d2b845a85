//! What target-plytix does about an account that is no longer what it has seen.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use support::said;

use crate::plytix_case::{Case, Item, calls, messages, style};

/// Sends a request as another program would; the body of the answer.
pub(crate) fn sent(base: &str, method: &str, path: &str, token: &str, body: &str) -> String {
    let host = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 20"), "{answer}");
    body.to_owned()
}

/// An access token of Plytix.
pub(crate) fn token(plytix: &Case) -> String {
    let credentials = json!({"api_key": "demo-key", "api_password": "demo-password"}).to_string();
    let token =
        sent(plytix.emulator.url("plytix_auth"), "POST", "/auth/api/get-token", "", &credentials);
    let token: Value = serde_json::from_str(&token).unwrap();
    token["data"][0]["access_token"].as_str().unwrap().to_owned()
}

/// Deletes all products that the target has created so far.
fn delete_all(plytix: &Case) {
    let token = token(plytix);
    let journal = plytix.emulator.journal();
    for entry in journal.iter().filter(|entry| entry["operation"] == "createProduct") {
        let path = format!("/api/v2/products/{}", entry["detail"]["id"].as_str().unwrap());
        sent(plytix.emulator.url("plytix_api"), "DELETE", &path, &token, "");
    }
}

/// The style in Plytix; and in another one, from which somebody has deleted every product again.
fn loaded_and_deleted() -> (Case, Case) {
    let case = style();
    let [undisturbed, plytix] = [(); 2].map(|()| {
        let plytix = Case::start(&case, "100000", &[]);
        plytix.load(json!({}), &[]);
        plytix
    });
    delete_all(&plytix);
    (undisturbed, plytix)
}

#[test]
fn products_that_somebody_has_deleted_come_back_with_their_links_and_pictures() {
    let (undisturbed, plytix) = loaded_and_deleted();
    let before = plytix.emulator.journal().len();
    plytix.load(json!({}), &[]);
    let made = calls(&plytix.emulator.journal()[before..]);
    let links = (made["createProduct"], made["assignFamily"], made["linkProducts"]);
    assert_eq!(links, (20, 20, 17), "{made:?}");
    // Deleting products deletes no pictures.
    assert_eq!((made.get("createAsset"), made["updateProduct"]), (None, 18), "{made:?}");
    assert_eq!(plytix.end(), undisturbed.end());
}

#[test]
fn pictures_that_are_no_longer_there_are_reported_and_found_again_by_the_next_run() {
    let (undisturbed, plytix) = loaded_and_deleted();
    // What is remembered of every picture is the id of none.
    let runs = std::fs::read_dir(plytix.folder.path("runs")).unwrap();
    let memory = runs.map(|it| it.unwrap().path()).find(|it| it.is_file()).unwrap();
    let facts = std::fs::read_to_string(&memory).unwrap();
    let wrong = facts.lines().map(|line| {
        let mut fact: Value = serde_json::from_str(line).unwrap();
        if fact["key"].as_str().unwrap().starts_with("asset\n") {
            fact["value"] = json!("0".repeat(24));
        }
        format!("{fact}\n")
    });
    std::fs::write(&memory, wrong.collect::<String>()).unwrap();

    let input = ["--input", plytix.input.to_str().unwrap()];
    let output = plytix.run(json!({}), &input);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let last = said(&output).lines().last().unwrap().to_owned();
    assert!(last.contains("18 products are without their pictures"), "{last}");
    plytix.load(json!({}), &[]);
    assert_eq!(plytix.end(), undisturbed.end());
}

#[test]
fn a_picture_that_is_kept_is_shown_though_amazon_offers_another_size_and_nobody_remembers_it() {
    let items = [Item::new("B000000001").images(vec!["61one".to_owned()])];
    let plytix = Case::start(&(items.into(), vec![]), "100000", &[]);
    plytix.load(json!({}), &[]);
    let resized = std::fs::read_to_string(&plytix.input).unwrap();
    let resized = resized.replace("/61one.jpg", "/61one._SL1000_.jpg");
    plytix.folder.file("input.jsonl", resized);
    let before = plytix.emulator.journal().len();
    plytix.load(json!({"run_dir": plytix.folder.path("elsewhere")}), &[]);
    let made = calls(&plytix.emulator.journal()[before..]);
    let count = |operation: &str| made.get(operation).copied().unwrap_or(0);
    assert_eq!(["searchAssets", "createAsset", "updateProduct"].map(count), [1, 0, 0], "{made:?}");
    let (_, assets) = plytix.end();
    assert_eq!(assets.iter().filter(|name| name.contains("61one")).count(), 1, "{assets:?}");
}

#[test]
fn a_link_that_could_not_be_made_is_reported_every_time() {
    let own = json!({"sku": "STYLE"});
    let items: Vec<Item> =
        (0..301).map(|number| Item::new(format!("B{number:09}")).model("STYLE")).collect();
    let plytix = Case::start(&(items, vec![own]), "100000", &[]);
    // Every product comes in two commits.
    let once = std::fs::read_to_string(&plytix.input).unwrap();
    plytix.folder.file("input.jsonl", format!("{once}{once}"));
    let input = ["--input", plytix.input.to_str().unwrap()];
    for round in 0..2 {
        let output = plytix.run(json!({"batch_size_rows": 301}), &input);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        let last = said(&output).lines().last().unwrap().to_owned();
        assert!(last.contains("602 products could not be linked"), "round {round}: {last}");
    }
    let journal = plytix.emulator.journal();
    assert_eq!(calls(&journal).get("linkProducts"), None);
    // Each of them can be tried again by itself, once there is room.
    let list = support::printed(&plytix.run(json!({}), &["--list-runs"]));
    let run = list.lines().last().unwrap().split_whitespace().next().unwrap();
    let output = plytix.run(json!({}), &["--retry-failures", run]);
    assert!(said(&output).contains("301 products of run"), "{}", said(&output));
}

#[test]
fn the_first_gallery_and_the_first_that_takes_the_place_of_another_are_read_back() {
    let pictured = |number: u32, picture: &str| {
        Item::new(format!("B{number:09}")).images(vec![picture.to_owned()])
    };
    let plytix = Case::start(&(vec![], vec![]), "100000", &[]);
    let read_back = |items: &[Item]| {
        let input = plytix.folder.file("input.jsonl", messages(items));
        let before = plytix.emulator.journal().len();
        let output = plytix.run(json!({}), &["--input", input.to_str().unwrap()]);
        assert!(output.status.success(), "{}", said(&output));
        let made = calls(&plytix.emulator.journal()[before..]);
        (made["updateProduct"], made.get("getProduct").copied().unwrap_or(0))
    };
    let both = |picture: &str| [pictured(1, picture), pictured(2, picture)];
    assert_eq!(read_back(&both("61one")), (2, 1));
    // Nothing was shown there before, so that says nothing about what becomes of it.
    assert_eq!(read_back(&both("61two")), (2, 1));
    assert_eq!(read_back(&both("61three")), (2, 0));
    let (products, _) = plytix.end();
    let gallery = &products["AMZN-US-B000000001"]["attributes"]["amazon_images"];
    assert_eq!(gallery, &json!(["amazon_61three.jpg"]));
}
