//! What the whole way costs.
//!
//! `ASINS` says how many there are (1,400); 10,000 take a minute or two.

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
