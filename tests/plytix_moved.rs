//! Children that Amazon moves to another parent, and the links that are then taken away, or not.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::{Value, json};

use support::said;

use crate::plytix_case::{Case, Item, calls, messages};
use crate::plytix_changed::{sent, token};

/// The children of two parents P and Q, by their ASINs; whoever is named by none stands alone.
fn catalogue(p: &[&str], q: &[&str]) -> Vec<Item> {
    let mut items = vec![Item::new("P").children(p), Item::new("Q").children(q)];
    for child in ["C", "D", "E"] {
        let of = |parent, children: &[&str]| children.contains(&child).then_some(parent);
        let parents: Vec<&str> = [of("P", p), of("Q", q)].into_iter().flatten().collect();
        items.push(Item::new(child).parents(&parents));
    }
    items
}

/// Plytix without products of these tests.
fn empty() -> Case {
    Case::start(&(vec![], vec![]), "100000", &[])
}

/// Runs the target over these items with these settings, which must go well; how many links it made, and how many it took
/// away.
fn load(plytix: &Case, settings: Value, items: &[Item]) -> (usize, usize) {
    let made = calls_of(plytix, settings, items);
    let count = |operation: &str| made.get(operation).copied().unwrap_or(0);
    (count("linkProducts"), count("unlinkProducts"))
}

/// The same; all calls that it took.
fn calls_of(plytix: &Case, settings: Value, items: &[Item]) -> BTreeMap<String, usize> {
    let input = plytix.folder.file("input.jsonl", messages(items));
    let before = plytix.emulator.journal().len();
    let output = plytix.run(settings, &["--input", input.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    calls(&plytix.emulator.journal()[before..])
}

/// Ends Plytix; the children of P and those of Q.
fn children(plytix: Case) -> [Vec<String>; 2] {
    let (products, _) = plytix.end();
    ["AMZN-US-P", "AMZN-US-Q"].map(|parent| {
        let links = products[parent]["links"]["amazon_hierarchy"].as_array().into_iter().flatten();
        links.map(|sku| sku.as_str().unwrap().replace("AMZN-US-", "")).collect()
    })
}

#[test]
fn a_child_that_moves_to_another_parent_is_linked_to_that_one_alone() {
    let plytix = empty();
    load(&plytix, json!({}), &catalogue(&["C", "D", "E"], &[]));
    let moved = calls_of(&plytix, json!({}), &catalogue(&["D", "E"], &["C"]));
    // The first time, a look before and after.
    let made = ["linkProducts", "unlinkProducts", "getProduct"].map(|it| moved[it]);
    assert_eq!(made, [1, 1, 2]);
    let moved = calls_of(&plytix, json!({}), &catalogue(&["E"], &["C", "D"]));
    assert_eq!((moved["linkProducts"], moved["unlinkProducts"]), (1, 1));
    assert_eq!(moved.get("getProduct"), None);
    // Where nobody moves, four requests to begin with and a look at the products.
    let again = calls_of(&plytix, json!({}), &catalogue(&["E"], &["C", "D"]));
    assert_eq!(again.values().sum::<usize>(), 5, "{again:?}");
    // And back again.
    assert_eq!(load(&plytix, json!({}), &catalogue(&["D", "E"], &["C"])), (1, 1));
    assert_eq!(children(plytix), [vec!["D", "E"], vec!["C"]]);
}

#[test]
fn a_child_that_becomes_a_product_of_its_own_is_linked_to_no_parent() {
    let plytix = empty();
    load(&plytix, json!({}), &catalogue(&["C", "D"], &["E"]));
    // Both at once, and both of their parents no longer among the records.
    let alone = load(&plytix, json!({}), &catalogue(&[], &[])[2..]);
    assert_eq!(alone, (0, 2));
    assert_eq!(children(plytix), [vec![], Vec::<String>::new()]);
}

#[test]
fn what_would_be_taken_away_is_said_beforehand() {
    let plytix = empty();
    load(&plytix, json!({}), &catalogue(&["C"], &[]));
    let input = plytix.folder.file("input.jsonl", messages(&catalogue(&[], &["C"])));
    let output = plytix.run(json!({}), &["--dry-run", "--input", input.to_str().unwrap()]);
    let said = said(&output);
    assert!(said.contains("hierarchy: 2 requests"), "{said}");
    assert_eq!(children(plytix), [vec!["C"], vec![]]);
}

#[test]
fn a_record_that_does_not_speak_of_parents_takes_no_link_away() {
    let plytix = empty();
    load(&plytix, json!({}), &catalogue(&["C"], &[]));
    assert_eq!(load(&plytix, json!({}), &[Item::new("C").silent()]), (0, 0));
    // Nor one that is at odds with its former parent's.
    let items = [Item::new("P").children(&["C"]), Item::new("Q"), Item::new("C").parents(&["Q"])];
    assert_eq!(load(&plytix, json!({}), &items), (1, 0));
    assert_eq!(children(plytix), [["C"], ["C"]]);
}

/// Links C to P as another program would.
fn link_by_hand(plytix: &Case) {
    let journal = plytix.emulator.journal();
    let id = |asin: &str| {
        let sku = format!("AMZN-US-{asin}");
        let made = journal.iter().find(|entry| entry["detail"]["sku"] == sku.as_str()).unwrap();
        made["detail"]["id"].as_str().unwrap().to_owned()
    };
    let (base, token) = (plytix.emulator.url("plytix_api"), token(plytix));
    let filters = json!([[{"field": "label", "operator": "eq", "value": "amazon_hierarchy"}]]);
    let search = json!({"filters": filters}).to_string();
    let found = sent(base, "POST", "/api/v1/relationships/search", &token, &search);
    let found: Value = serde_json::from_str(&found).unwrap();
    let hierarchy = found["data"][0]["id"].as_str().unwrap();
    let path = format!("/api/v2/products/{}/relationships/{hierarchy}", id("P"));
    let body = json!({"product_relationships": [{"product_id": id("C"), "quantity": 3}]});
    sent(base, "POST", &path, &token, &body.to_string());
}

#[test]
fn a_link_that_somebody_else_has_made_stays() {
    let plytix = empty();
    load(&plytix, json!({}), &catalogue(&[], &[]));
    link_by_hand(&plytix);
    // What is there already is not made, so it is nobody's but theirs.
    assert_eq!(load(&plytix, json!({}), &catalogue(&["C", "D"], &[])), (1, 0));
    assert_eq!(load(&plytix, json!({}), &catalogue(&[], &["C", "D"])), (1, 1));
    assert_eq!(children(plytix), [vec!["C"], vec!["C", "D"]]);
}

#[test]
fn a_link_that_was_not_looked_for_when_it_was_asked_for_stays() {
    let plytix = empty();
    load(&plytix, json!({}), &catalogue(&[], &[]));
    link_by_hand(&plytix);
    // The parents come in a commit of their own, and what they are linked to is not read again for the children.
    let in_two = || json!({"batch_size_rows": 2});
    let mut items = catalogue(&["C", "D"], &[]);
    items.splice(..2, [Item::new("P"), Item::new("Q")]);
    assert_eq!(load(&plytix, in_two(), &items), (1, 0));
    // What somebody has linked keeps the quantity that they gave it.
    let journal = plytix.emulator.journal();
    let linked = journal.iter().rfind(|entry| entry["operation"] == "linkProducts").unwrap();
    assert_eq!(linked["detail"]["changed"], json!(["AMZN-US-D"]));
    assert_eq!(load(&plytix, json!({}), &catalogue(&[], &["C", "D"])), (1, 0));
    assert_eq!(children(plytix), [["C", "D"], ["C", "D"]]);
}

#[test]
fn a_link_that_the_child_has_never_named_stays() {
    let plytix = empty();
    let silent = [Item::new("P").children(&["C"]), Item::new("Q"), Item::new("C").silent()];
    assert_eq!(load(&plytix, json!({}), &silent), (1, 0));
    assert_eq!(load(&plytix, json!({}), &catalogue(&[], &["C"])), (1, 0));
    assert_eq!(children(plytix), [["C"], ["C"]]);
}

#[test]
fn a_link_of_which_nobody_knows_any_more_who_has_made_it_stays() {
    let plytix = empty();
    load(&plytix, json!({}), &catalogue(&["C"], &[]));
    let elsewhere = || json!({"run_dir": plytix.folder.path("elsewhere")});
    load(&plytix, elsewhere(), &catalogue(&["C"], &[]));
    assert_eq!(load(&plytix, elsewhere(), &catalogue(&[], &["C"])), (1, 0));
    assert_eq!(children(plytix), [["C"], ["C"]]);
}

#[test]
fn a_run_that_is_killed_before_a_former_link_is_gone_leaves_it_to_the_next() {
    let plytix = empty();
    load(&plytix, json!({}), &catalogue(&["C", "D"], &[]));
    let items = catalogue(&["D"], &["C"]);
    let input = plytix.folder.file("moved.jsonl", messages(&items));
    // Three requests to begin with, a look at the products and the new link; the next one has to wait.
    let settings = json!({"requests_per_10_seconds": 5, "parallel_writes": 1});
    let config = plytix.folder.file("slow.json", plytix.emulator.plytix_config(settings));
    let arguments = ["--config", config.to_str().unwrap(), "--input", input.to_str().unwrap()];
    let mut target = plytix.target();
    let target = target.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    let mut target = target.spawn().unwrap();
    while calls(&plytix.emulator.journal())["linkProducts"] < 2 {
        assert!(target.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    target.kill().unwrap();
    target.wait().unwrap();
    assert_eq!(calls(&plytix.emulator.journal()).get("unlinkProducts"), None);
    assert_eq!(load(&plytix, json!({}), &items), (0, 1));
    assert_eq!(children(plytix), [["D"], ["C"]]);
}
