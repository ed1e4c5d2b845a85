//! A Plytix account that grants less than target-plytix was told.

use std::ops::Range;
use std::time::Duration;

use serde_json::{Value, json};

use support::said;

use crate::plytix_case::{Case, Item, messages};

/// Requests of a part of the journal that were answered with 429.
fn refused(journal: &[Value]) -> usize {
    journal.iter().filter(|entry| entry["status"] == 429).count()
}

fn items(numbers: Range<u32>) -> Vec<Item> {
    numbers.map(|number| Item::new(format!("B{number:09}"))).collect()
}

/// In real time, because the target counts real seconds.
#[test]
#[expect(clippy::disallowed_methods, reason = "the programs count real seconds")]
fn a_smaller_plan_is_learnt_from_a_few_refusals_and_remembered_by_the_next_run() {
    let case = (items(0..15), vec![]);
    let plytix = Case::start(&case, "1", &["--plytix-requests-per-10-seconds", "10"]);
    let settings =
        || json!({"requests_per_10_seconds": 20, "requests_per_hour": 5000, "parallel_writes": 3});
    let first = said(&plytix.load(settings(), &[]));
    let journal = plytix.emulator.journal();
    // At most three are under way when a window turns out to be full: one that began before the run, one
    // that teaches, and perhaps one that is tried later.
    assert!((1..=9).contains(&refused(&journal)), "{} refused", refused(&journal));
    assert!(first.contains("refused earlier than configured"), "{first}");

    // What was used of the last window is not the next run's.
    std::thread::sleep(Duration::from_secs(10));
    let more = plytix.folder.file("more.jsonl", messages(&items(15..25)));
    let output = plytix.run(settings(), &["--input", more.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    let second = &plytix.emulator.journal()[journal.len()..];
    assert!(second.len() > 20, "{} requests fit into two windows", second.len());
    assert_eq!(refused(second), 0);

    // What a run would take is said with what was learnt, too.
    let more = plytix.folder.file("more.jsonl", messages(&items(25..45)));
    let arguments = ["--dry-run", "--input", more.to_str().unwrap()];
    let dry = said(&plytix.run(settings(), &arguments));
    let (_, time) = dry.split_once(": 40 more requests, at least ").expect(&dry);
    let time: u64 = time.split(' ').next().unwrap().parse().unwrap();
    assert!((25..=120).contains(&time), "{time} s; as configured, it would be 20 at most");

    let (products, _) = plytix.end();
    assert_eq!(products.keys().filter(|sku| sku.starts_with("AMZN-US-")).count(), 25);
}
