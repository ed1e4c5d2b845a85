//! What the whole way costs.
//!
//! `ASINS` says how many there are (1,400); 10,000 take a minute or two.

use std::collections::BTreeSet;

use serde_json::json;

use crate::plytix_case::{Case, calls, families};

/// A number from the environment.
fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect(name))
}

#[test]
fn a_first_load_and_an_unchanged_second_run_cost_what_they_must() {
    let asins = number("ASINS", 1_400);
    let case = families(asins);
    let plytix = Case::start(&case, "100000", &[]);
    plytix.load(json!({}), &[]);
    let first: usize = calls(&plytix.emulator.journal()).values().sum();
    let before = plytix.emulator.journal().len();
    plytix.load(json!({}), &[]);
    let second = calls(&plytix.emulator.journal()[before..]);
    println!("{asins} ASINs: {first} requests, then {second:?}");
    // 2.35 an ASIN.
    assert!(first * 100 <= asins * 235, "{first} requests for {asins} ASINs");
    // A look at a hundred products at a time, and four requests to begin with: 0.0104 an ASIN at 10,000.
    assert_eq!(second["searchProducts"], asins.div_ceil(100));
    assert_eq!(second.values().sum::<usize>(), asins.div_ceil(100) + 4, "{second:?}");
}

#[test]
fn pictures_cost_an_upload_each_and_the_products_that_show_them_a_write_each() {
    let asins = number("ASINS", 350);
    let (items, own) = families(asins);
    // The six children of a family share twelve pictures.
    let names = |n: usize| (0..6).map(move |k| format!("61pic{}of{}", (n + 2 * k) % 12, n / 7));
    let is_pictured = |n: &usize| !n.is_multiple_of(7);
    let pictures: BTreeSet<String> = (0..asins).filter(is_pictured).flat_map(names).collect();
    let items = items
        .into_iter()
        .enumerate()
        .map(|(n, item)| if is_pictured(&n) { item.images(names(n).collect()) } else { item });
    let plytix = Case::start(&(items.collect(), own), "100000", &[]);
    plytix.load(json!({}), &[]);
    let first = calls(&plytix.emulator.journal());
    let before = plytix.emulator.journal().len();
    plytix.load(json!({}), &[]);
    let second = calls(&plytix.emulator.journal()[before..]);
    println!("{asins} ASINs, {} pictures: {first:?}, then {second:?}", pictures.len());
    assert_eq!(first["createAsset"], pictures.len());
    assert_eq!(first["updateProduct"], (0..asins).filter(is_pictured).count());
    // A look at the list of assets, and one whether the first gallery was taken as meant.
    assert_eq!((first["searchAssets"], first["getProduct"]), (1, 1), "{first:?}");
    assert_eq!(first.get("linkAsset"), None);
    assert_eq!(second.values().sum::<usize>(), asins.div_ceil(100) + 4, "{second:?}");
}

#[test]
fn a_lost_memory_costs_a_few_reads_and_no_write() {
    let case = families(350);
    let plytix = Case::start(&case, "100000", &[]);
    plytix.load(json!({}), &[]);
    let before = plytix.emulator.journal().len();
    plytix.load(json!({"run_dir": plytix.folder.path("elsewhere")}), &[]);
    let second = calls(&plytix.emulator.journal()[before..]);
    for write in ["createProduct", "updateProduct", "linkProducts", "assignFamily", "createAsset"] {
        assert_eq!(second.get(write), None, "{second:?}");
    }
    // Four pages of products, one of the 50 own products, and the newest three products' families.
    assert_eq!((second["searchProducts"], second["getProduct"]), (5, 3), "{second:?}");
}
