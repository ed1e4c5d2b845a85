//! target-plytix, killed at any moment and run again.
//!
//! `KILLS` says how often (20), `KILL_SEED` where (1).

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use serde_json::{Value, json};

use support::program;

use crate::kill_and_resume::{Places, number};
use crate::plytix_case::{Case, Item, calls, messages, style};

/// Runs the target until Plytix has been asked so much more, and kills it there. False if it came to its end.
fn killed(case: &Case, arguments: &[&str], requests: usize) -> bool {
    let settings = json!({"run_dir": case.folder.path("runs")});
    let config = case.folder.file("plytix.json", case.emulator.plytix_config(settings));
    let asked = || case.emulator.journal().len();
    let end = asked() + requests;
    let mut target = program("target-plytix")
        .args(["--config", config.to_str().unwrap()])
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    loop {
        if let Some(status) = target.try_wait().unwrap() {
            assert!(status.success());
            return false;
        }
        if asked() >= end {
            target.kill().unwrap();
            target.wait().unwrap();
            return true;
        }
        std::thread::yield_now();
    }
}

/// The run that was begun last.
fn last_run(case: &Case) -> Option<String> {
    let runs = std::fs::read_dir(case.folder.path("runs")).ok()?;
    let runs =
        runs.map(|entry| entry.unwrap()).filter(|entry| entry.path().join("run.json").is_file());
    let newest = runs.max_by_key(|entry| entry.metadata().unwrap().modified().unwrap())?;
    Some(newest.file_name().into_string().unwrap())
}

/// Asserts that nothing was made twice.
fn assert_made_once(journal: &[Value]) {
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for entry in journal.iter().filter(|entry| matches!(entry["status"].as_u64(), Some(200 | 201)))
    {
        let detail = &entry["detail"];
        match entry["operation"].as_str().unwrap() {
            "createProduct" => *made.entry(format!("product {}", detail["sku"])).or_default() += 1,
            "createAsset" => *made.entry(format!("asset {}", detail["filename"])).or_default() += 1,
            "linkProducts" => {
                for target in detail["changed"].as_array().unwrap() {
                    let link = format!("{} {} {target}", detail["relationship"], detail["source"]);
                    *made.entry(link).or_default() += 1;
                }
            }
            _ => {}
        }
    }
    let twice: BTreeSet<&String> = made.iter().filter(|(_, n)| **n > 1).map(|(it, _)| it).collect();
    assert!(twice.is_empty(), "made twice: {twice:?}");
    assert_eq!(made.len(), 20 + 12 + 17 + 16, "{made:?}");
}

#[test]
fn a_run_that_is_killed_anywhere_ends_as_if_it_had_not_been() {
    let case = style();
    let undisturbed = Case::start(&case, "100000", &[]);
    undisturbed.load(json!({}), &[]);
    let undisturbed = undisturbed.end();
    let mut places = Places::new();
    let mut kills = 0;
    let mut round = 0;
    while kills < number("KILLS", 20) {
        let plytix = Case::start(&case, "100000", &[]);
        let input = plytix.input.to_str().unwrap();
        // Every other time the interrupted run is taken up, else the same messages come again.
        loop {
            let requests = 1 + places.below(14);
            let resumed = last_run(&plytix).filter(|_| round % 2 == 0);
            let arguments = match &resumed {
                Some(run) => ["--resume", run.as_str()],
                None => ["--input", input],
            };
            if !killed(&plytix, &arguments, requests) {
                break;
            }
            kills += 1;
            round += usize::from(places.below(3) == 0);
        }
        plytix.load(json!({}), &[]);
        assert_made_once(&plytix.emulator.journal());
        assert_eq!(plytix.end(), undisturbed);
        round += 1;
    }
    println!("killed {kills} times");
}

#[test]
fn a_product_whose_run_was_killed_before_its_family_gets_it_although_another_job_was_faster() {
    let plytix = Case::start(&(vec![], vec![]), "100000", &[]);
    let input = |asin: &str| plytix.folder.file(asin, messages(&[Item::new(asin)]));
    let run = |asin: &str| {
        let output = plytix.run(json!({}), &["--input", input(asin).to_str().unwrap()]);
        assert!(output.status.success(), "{}", support::said(&output));
    };
    run("B0EARLIER");
    // Four requests to begin with, and the one that creates it; the next one has to wait.
    let settings = json!({"requests_per_10_seconds": 5, "parallel_writes": 1});
    let config = plytix.folder.file("slow.json", plytix.emulator.plytix_config(settings));
    let created = || calls(&plytix.emulator.journal())["createProduct"];
    let mut target = plytix
        .target()
        .args([
            "--config",
            config.to_str().unwrap(),
            "--input",
            input("B0KILLED").to_str().unwrap(),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while created() < 2 {
        assert!(target.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    target.kill().unwrap();
    target.wait().unwrap();
    assert_eq!(calls(&plytix.emulator.journal())["assignFamily"], 1);
    // Another job of the same account, with newer products.
    run("B0OTHER");
    run("B0KILLED");
    let before = plytix.emulator.journal().len();
    run("B0KILLED");
    assert_eq!(calls(&plytix.emulator.journal()[before..]).get("getProduct"), None);
    let (products, _) = plytix.end();
    for asin in ["B0EARLIER", "B0KILLED", "B0OTHER"] {
        assert_eq!(products[&format!("AMZN-US-{asin}")]["family"], "8 - Amazon", "{asin}");
    }
}
