//! A Plytix account that grants less than target-plytix was told.

use std::ops::Range;
use std::path::PathBuf;

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

/// What a target remembers of the account, in the one file of its `run_dir` that is not a run's folder.
fn memory(plytix: &Case) -> PathBuf {
    let entries = std::fs::read_dir(plytix.folder.path("runs")).unwrap();
    entries.map(|entry| entry.unwrap().path()).find(|path| path.is_file()).unwrap()
}

/// An account that grants a half of what the target is told, and what the target is told.
fn halved(numbers: Range<u32>) -> (Case, Value) {
    let plan = ["--plytix-requests-per-10-seconds", "10"];
    let told =
        json!({"requests_per_10_seconds": 20, "requests_per_hour": 5000, "parallel_writes": 3});
    (Case::start(&(items(numbers), vec![]), "1", &plan), told)
}

#[test]
fn a_smaller_plan_is_learnt_from_a_few_refusals_and_remembered_by_the_next_run() {
    let (plytix, settings) = halved(0..15);
    let first = said(&plytix.load(settings, &[]));
    let journal = plytix.emulator.journal();
    // At most three are under way when a window turns out to be full: one that began before the run, one
    // that teaches, and perhaps one that is tried later.
    assert!((1..=9).contains(&refused(&journal)), "{} refused", refused(&journal));
    assert!(first.contains("refused earlier than configured"), "{first}");

    // The next run is another account's, so that what was used of the last window is not counted: it gets what
    // the first has learnt in place of what it remembers after a run that had nothing to do.
    let (next, settings) = halved(15..25);
    let nothing = next.folder.file("nothing.jsonl", "");
    let output = next.run(settings.clone(), &["--input", nothing.to_str().unwrap()]);
    assert!(output.status.success() && next.emulator.journal().is_empty(), "{}", said(&output));
    let learnt = std::fs::read_to_string(memory(&plytix)).unwrap();
    let windows: Vec<&str> = learnt.lines().filter(|line| line.contains("window")).collect();
    std::fs::write(memory(&next), windows.join("\n") + "\n").unwrap();
    next.load(settings.clone(), &[]);
    let journal = next.emulator.journal();
    assert!(journal.len() > 20, "{} requests fit into two windows", journal.len());
    assert_eq!(refused(&journal), 0);

    // What a run would take is said with what was learnt, too.
    let more = next.folder.file("more.jsonl", messages(&items(25..45)));
    let dry = said(&next.run(settings, &["--dry-run", "--input", more.to_str().unwrap()]));
    let (_, time) = dry.split_once(": 40 more requests, at least ").expect(&dry);
    let time: u64 = time.split(' ').next().unwrap().parse().unwrap();
    assert!((25..=120).contains(&time), "{time} s; as configured, it would be 20 at most");

    for (plytix, count) in [(plytix, 15), (next, 10)] {
        let (products, _) = plytix.end();
        let made = products.keys().filter(|sku| sku.starts_with("AMZN-US-")).count();
        assert_eq!(made, count);
    }
}
