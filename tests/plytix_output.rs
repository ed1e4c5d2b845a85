//! What target-plytix prints and writes about a run.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use support::{Folder, said};

use crate::plytix_case::{Case, Item, style};

/// The lines of a file as JSON.
fn lines(folder: &Folder, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.path(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Two items, the first of which has a title that no attribute can hold.
fn bad_and_good() -> (Vec<Item>, Vec<Value>) {
    (vec![Item::new("B0BAD"), Item::new("B0GOOD")], vec![])
}

/// Makes the first record one that Plytix cannot take.
fn spoil(case: &Case) {
    let text = std::fs::read_to_string(&case.input).unwrap();
    let text = text.replacen("\"Item B0BAD\"", "{\"en\":\"x\"}", 1);
    case.folder.file("input.jsonl", text);
}

#[test]
fn reports_have_a_line_for_every_record_and_a_page_for_people() {
    let case = style();
    let plytix = Case::start(&case, "100000", &[]);
    let (report, page) = (plytix.folder.path("report.jsonl"), plytix.folder.path("page.html"));
    plytix.load(
        json!({}),
        &["--report", report.to_str().unwrap(), "--report", page.to_str().unwrap()],
    );
    let lines = lines(&plytix.folder, "report.jsonl");
    assert_eq!(lines.len(), 20);
    assert_eq!(lines[0]["sku"], "AMZN-US-B09PARENT0");
    assert_eq!((&lines[0]["line"], &lines[0]["status"]), (&json!(2), &json!("created")));
    let page = std::fs::read_to_string(page).unwrap();
    for part in ["AMZN-US-B07CHILD01", "MCA0032", "https://m.media-amazon.com/images/I/61pic00.jpg"]
    {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn a_run_can_be_listed_shown_and_its_failures_tried_again() {
    let plytix = Case::start(&bad_and_good(), "100000", &[]);
    let good = std::fs::read_to_string(&plytix.input).unwrap();
    let mapping = json!({"streams": {"product_catalog": {"sku": "AMZN-US-{asin}", "attributes": {
        "amazon_listing_status": {"from": "status"}, "amazon_title": {"from": "summaries[].itemName"}}}}});
    let mapping = plytix.folder.file("mapping.json", mapping.to_string());
    let bad = good.replacen("\"asin\":\"B0BAD\"", "\"asin\":\"B0BAD\",\"status\":\"hunter2\"", 1);
    plytix.folder.file("input.jsonl", bad);
    let settings = || json!({"mapping": mapping});
    let input = plytix.input.to_str().unwrap();
    let output = plytix.run(settings(), &["--input", input]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let list = plytix.run(settings(), &["--list-runs"]);
    let list = String::from_utf8(list.stdout).unwrap();
    let run = list.lines().nth(1).unwrap();
    assert!(
        run.contains(" failures ") && run.contains("1 created") && run.contains("1 failed"),
        "{list}"
    );
    let id = run.split_whitespace().next().unwrap();
    let shown = plytix.run(settings(), &["--show-run", id]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("failed   AMZN-US-B0BAD: products: mapping: amazon_listing_status"),
        "{shown}"
    );
    assert!(!shown.contains("hunter2"));

    // A table of the mapping now knows the word.
    let better = json!({"tables": {"status": {"hunter2": "Active"}}, "streams": {"product_catalog": {
        "sku": "AMZN-US-{asin}", "attributes": {"amazon_listing_status": {"from": "status|status"},
        "amazon_title": {"from": "summaries[].itemName"}}}}});
    let better = plytix.folder.file("better.json", better.to_string());
    let output = plytix.run(json!({"mapping": better}), &["--retry-failures", id]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("products: 1 created, 0 updated, 0 unchanged, 0 failed"),
        "{}",
        said(&output)
    );
    let unknown = plytix.run(settings(), &["--resume", "nowhere"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", said(&unknown));
    let (products, _) = plytix.end();
    assert_eq!(products["AMZN-US-B0BAD"]["attributes"]["amazon_listing_status"], "Active");
}

#[test]
fn a_run_that_has_nothing_to_read_never_begins() {
    let plytix = Case::start(&bad_and_good(), "100000", &[]);
    for arguments in [["--input", "/nowhere"], ["--retry-failures", "nowhere"]] {
        let refused = plytix.run(json!({}), &arguments);
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    }
    let listed = plytix.run(json!({}), &["--list-runs"]);
    assert!(!String::from_utf8_lossy(&listed.stdout).contains("unfinished"), "{listed:?}");
}

#[test]
fn hotglue_gets_one_line_about_every_record() {
    let plytix = Case::start(&bad_and_good(), "100000", &[]);
    spoil(&plytix);
    let input = ["--input", plytix.input.to_str().unwrap()];
    let output = plytix.run(json!({"output": "hotglue"}), &input);
    // What failed is told, and is no crash.
    assert!(output.status.success(), "{}", said(&output));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let summary =
        json!({"product_catalog": {"success": 1, "fail": 1, "existing": 0, "updated": 0}});
    assert_eq!(printed["summary"], summary);
    let entries = printed["bookmarks"]["product_catalog"].as_array().unwrap();
    let bad = entries.iter().find(|entry| entry["success"] == false).unwrap();
    assert!(
        bad["error"].as_str().unwrap().starts_with("label: the record holds an object"),
        "{bad}"
    );
    let good = entries.iter().find(|entry| entry["success"] == true).unwrap();
    assert_eq!(
        (good["id"].as_str().unwrap().len(), good["hash"].as_str().unwrap().len()),
        (24, 64)
    );

    // With what it has printed, the next attempt skips what succeeded.
    let state = plytix.folder.file("state.json", &output.stdout);
    let before = plytix.emulator.journal().len();
    let again = [&input[..], &["--state", state.to_str().unwrap()]].concat();
    let output = plytix.run(json!({"output": "hotglue"}), &again);
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["summary"], summary);
    let asked = plytix.emulator.journal().len() - before;
    assert_eq!(asked, 0, "nothing was left to ask");
}

#[test]
fn hotglue_may_ask_for_the_end_before_the_input_ends() {
    let plytix = Case::start(&style(), "100000", &[]);
    let settings = json!({"output": "hotglue"});
    let config = plytix.folder.file("plytix.json", plytix.emulator.plytix_config(settings));
    let mut target = plytix
        .target()
        .args(["--config", config.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = target.stdin.take().unwrap();
    // So much that most of it was read when the last of it is written, and then half a line.
    let text = std::fs::read_to_string(&plytix.input).unwrap().repeat(20);
    let cut = text.len() - 40;
    let mut stderr = BufReader::new(target.stderr.take().unwrap());
    let mut said_of = |word: &str| {
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it never said {word}");
        }
    };
    said_of("run ");
    stdin.write_all(&text.as_bytes()[..cut]).unwrap();
    let id = target.id().to_string();
    assert!(Command::new("kill").args(["-USR1", &id]).status().unwrap().success());
    said_of("SIGUSR1");
    // The rest of the line is read, and nothing after it.
    let mut rest = text.as_bytes()[cut..].to_vec();
    rest.extend_from_slice(b"no message\n");
    stdin.write_all(&rest).unwrap();
    let output = target.wait_with_output().unwrap();
    assert!(output.status.success());
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let summary = &printed["summary"]["product_catalog"];
    assert_eq!((&summary["success"], &summary["fail"]), (&json!(20), &json!(0)));
    assert!(summary["existing"].as_u64().unwrap() >= 300, "{summary}");
}

#[test]
fn the_log_goes_to_a_file_too_and_says_as_much_as_asked() {
    let plytix = Case::start(&bad_and_good(), "100000", &[]);
    spoil(&plytix);
    let log = plytix.folder.path("log");
    let input = ["--input", plytix.input.to_str().unwrap()];
    let flags = ["--log-level", "warning", "--log-file", log.to_str().unwrap()];
    let output = plytix.run(json!({}), &[&input[..], &flags].concat());
    let written = std::fs::read_to_string(log).unwrap();
    assert_eq!(written, said(&output));
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines.len(), 2, "{written}");
    assert!(lines[0].contains("WARNING") && lines[1].starts_with("FATAL 1 records"), "{written}");
}

#[test]
fn old_runs_are_deleted_and_those_that_can_be_tried_again_stay_until_they_are_very_old() {
    let plytix = Case::start(&bad_and_good(), "100000", &[]);
    let good = std::fs::read_to_string(&plytix.input).unwrap();
    spoil(&plytix);
    let input = plytix.input.to_str().unwrap();
    let run = || plytix.run(json!({"keep_runs": 2}), &["--input", input]);
    assert_eq!(run().status.code(), Some(1));
    plytix.folder.file("input.jsonl", good);
    let runs = || {
        let list = support::printed(&plytix.run(json!({"keep_runs": 2}), &["--list-runs"]));
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        list.lines().skip(1).map(words).collect::<Vec<_>>()
    };
    for _ in 0..3 {
        assert!(run().status.success());
    }
    let listed = runs();
    let states: Vec<&str> = listed.iter().map(|run| run[1].as_str()).collect();
    assert_eq!(states, ["failures", "complete", "complete"]);
    // Of the two newest, the older one makes room for the next.
    assert_eq!(listed[1][2..4], ["next", "run"]);
    assert_eq!(std::fs::read_dir(plytix.folder.path("runs")).unwrap().count(), 3 + 1);

    let failed = &listed[0][0];
    let asked = plytix.folder.path("runs").join(failed).join("run.json");
    let mut old: Value = serde_json::from_slice(&std::fs::read(&asked).unwrap()).unwrap();
    old["started"] = json!("2020-01-01T00:00:00Z");
    std::fs::write(&asked, old.to_string()).unwrap();
    assert_eq!(runs()[0][2..4], ["next", "run"]);
    let output = run();
    assert!(said(&output).contains("2 old runs deleted"), "{}", said(&output));
    assert_eq!(runs().len(), 2);
    let unknown = plytix.run(json!({}), &["--retry-failures", failed]);
    assert_eq!(unknown.status.code(), Some(2), "{}", said(&unknown));
}

#[test]
fn a_run_is_no_other_process_business_while_it_is_in_progress() {
    let plytix = Case::start(&bad_and_good(), "100000", &[]);
    let config = plytix.folder.file("plytix.json", plytix.emulator.plytix_config(json!({})));
    let mut target = plytix
        .target()
        .args(["--config", config.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(target.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let list = || support::printed(&plytix.run(json!({}), &["--list-runs"]));
    let listed = list();
    assert!(listed.contains("in progress"), "{listed}");
    let id = listed.lines().nth(1).unwrap().split_whitespace().next().unwrap();
    let resumed = plytix.run(json!({}), &["--resume", id]);
    assert_eq!(resumed.status.code(), Some(2), "{}", said(&resumed));
    assert!(said(&resumed).contains("in progress"), "{}", said(&resumed));
    target.kill().unwrap();
    target.wait().unwrap();
    assert!(list().contains("unfinished"), "{}", list());
    let resumed = plytix.run(json!({}), &["--resume", id]);
    assert!(resumed.status.success(), "{}", said(&resumed));
}
