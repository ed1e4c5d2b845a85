//! target-plytix as a job of hotglue's: attempts that go on where others ended, and jobs that stream.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use support::{fed, said};

use crate::plytix_case::{Case, Item, calls, messages, style};

/// The target as hotglue runs it.
fn target(plytix: &Case, settings: Value) -> Command {
    let Value::Object(settings) = settings else { panic!("settings are an object") };
    let mut hotglue = json!({"output": "hotglue"});
    hotglue.as_object_mut().unwrap().extend(settings);
    let config = plytix.folder.file("plytix.json", plytix.emulator.plytix_config(hotglue));
    let mut target = plytix.target();
    target.args(["--config", config.to_str().unwrap()]);
    target
}

/// Where an attempt leaves what it did to the next one.
fn retry_file(plytix: &Case) -> PathBuf {
    plytix.folder.path(".secrets/incremental_target_state.json")
}

fn read(file: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// The one line that was printed.
fn printed(output: &Output) -> Value {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}\n{}", said(output));
    serde_json::from_str(text).unwrap()
}

fn plain(number: u32) -> Vec<Item> {
    (0..number).map(|number| Item::new(format!("B{number:09}"))).collect()
}

#[test]
fn a_job_that_streams_prints_the_taps_state_beside_its_results_and_takes_both_back() {
    let plytix = Case::start(&(plain(3), vec![]), "100000", &[]);
    let input = std::fs::read(&plytix.input).unwrap();
    let attempt = |arguments: &[&str], input: &[u8]| {
        let mut target = target(&plytix, json!({}));
        target.env("STREAMING_JOB", "True").args(arguments);
        let output = fed(target, input);
        assert!(output.status.success(), "{}", said(&output));
        printed(&output)
    };
    let first = attempt(&[], &input);
    assert_eq!(first["tap"], json!({"items": 3}));
    let summary =
        json!({"product_catalog": {"success": 3, "fail": 0, "existing": 0, "updated": 0}});
    assert_eq!(first["target"]["summary"], summary);

    let state = plytix.folder.file("state.json", first.to_string());
    let before = plytix.emulator.journal().len();
    let again = attempt(&["--state", state.to_str().unwrap()], &input);
    assert_eq!(again, first);
    assert_eq!(plytix.emulator.journal().len(), before, "nothing was left to ask");
}

#[test]
fn a_state_without_records_comes_back() {
    let plytix = Case::start(&(vec![], vec![]), "100000", &[]);
    let output = fed(target(&plytix, json!({})), b"{\"type\":\"STATE\",\"value\":{\"n\": 1.50}}\n");
    assert_eq!(support::printed(&output), "{\"n\": 1.50}\n");
}

#[test]
fn what_an_attempt_has_not_finished_is_the_next_ones() {
    let case = style();
    let undisturbed = Case::start(&case, "100000", &[]);
    undisturbed.load(json!({}), &[]);
    // Forty requests in five seconds, of the 94 that it takes.
    let quota = ["--plytix-requests-per-10-seconds", "1000000", "--plytix-requests-per-hour", "40"];
    let plytix = Case::start(&case, "720", &quota);
    let input = ["--input", plytix.input.to_str().unwrap()];
    let impatient = json!({"max_rate_limit_wait_seconds": 0});
    let broken = target(&plytix, impatient).args(input).output().unwrap();
    assert_eq!(broken.status.code(), Some(1), "{}", said(&broken));
    let made = calls(&plytix.emulator.journal());
    assert!(made["createProduct"] > 0 && !made.contains_key("updateProduct"), "{made:?}");
    // Products were created, and none has its pictures: none may be passed over.
    let nothing = json!({"bookmarks": {}, "summary": {}});
    assert_eq!(read(retry_file(&plytix)), nothing);

    let output = target(&plytix, json!({})).args(input).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let summary = &printed(&output)["summary"]["product_catalog"];
    assert_eq!((&summary["fail"], &summary["existing"]), (&json!(0), &json!(0)), "{summary}");
    assert!(!retry_file(&plytix).exists(), "there is nothing left to try again");
    assert_eq!(plytix.end(), undisturbed.end());
}

#[test]
fn an_attempt_that_is_stopped_ends_well_and_the_next_one_does_the_rest() {
    let plytix = Case::start(&(plain(10), vec![]), "100000", &[]);
    let mut stopped = target(&plytix, json!({"batch_wait_limit_seconds": 1}))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = stopped.stdin.take().unwrap();
    let all = messages(&plain(10));
    let four: Vec<&str> = all.split_inclusive('\n').take(1 + 4).collect();
    stdin.write_all(four.concat().as_bytes()).unwrap();
    let families = || calls(&plytix.emulator.journal()).get("assignFamily").copied();
    while families() != Some(4) {
        std::thread::yield_now();
    }
    let id = stopped.id().to_string();
    assert!(Command::new("kill").args(["-USR1", &id]).status().unwrap().success());
    // The tap has not ended.
    let output = stopped.wait_with_output().unwrap();
    drop(stdin);
    assert!(output.status.success(), "{}", said(&output));
    let summary = |success| json!({"product_catalog": {"success": success, "fail": 0, "existing": 0, "updated": 0}});
    assert_eq!(printed(&output)["summary"], summary(4));
    let kept = std::fs::read_to_string(retry_file(&plytix)).unwrap();
    assert!(kept.starts_with("{\n  \"bookmarks\""), "{kept}");
    assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), printed(&output));
    let list = support::printed(&target(&plytix, json!({})).arg("--list-runs").output().unwrap());
    assert!(list.lines().nth(1).unwrap().contains("unfinished"), "{list}");

    let before = plytix.emulator.journal().len();
    let output = fed(target(&plytix, json!({})), all.as_bytes());
    assert_eq!(printed(&output)["summary"], summary(10));
    assert_eq!(calls(&plytix.emulator.journal()[before..])["createProduct"], 6);
    assert!(!retry_file(&plytix).exists());
}

#[test]
fn a_job_is_told_that_it_may_stop_the_target() {
    let plytix = Case::start(&(plain(1), vec![]), "100000", &[]);
    let config = plytix.folder.file("plytix.json", plytix.emulator.plytix_config(json!({})));
    let target = plytix
        .target()
        .args(["--config", config.to_str().unwrap(), "--input", plytix.input.to_str().unwrap()])
        .env("JOB_ID", "no-such-job")
        .env("TMPDIR", plytix.folder.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = target.id().to_string();
    let output = target.wait_with_output().unwrap();
    // That it is a job is enough to know what is wanted.
    assert_eq!(printed(&output)["summary"]["product_catalog"]["success"], 1);
    let said = std::fs::read_to_string(plytix.folder.path("user_signal.listener")).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!((lines.len(), lines[2]), (3, id.as_str()), "{said}");
}

#[test]
fn members_of_a_record_are_told_again_where_its_schema_asks_for_them() {
    let plytix = Case::start(&(plain(2), vec![]), "100000", &[]);
    let wish =
        r#""x-hotglue":{"target_state_fields":["asin","gone"],"target_state_include_hash":true},"#;
    let text = std::fs::read_to_string(&plytix.input).unwrap();
    let text = text.replacen('{', &format!("{{{wish}"), 1).replacen("\"Item B000000001\"", "{}", 1);
    let entries = |target| {
        let output = fed(target, text.as_bytes());
        printed(&output)["bookmarks"]["product_catalog"].as_array().unwrap().clone()
    };
    let entries = entries(target(&plytix, json!({})));
    let told = |entry: &&Value| entry.get("customData").is_some();
    assert_eq!((entries.len(), entries.iter().filter(told).count()), (2, 1), "{entries:?}");
    let good = entries.iter().find(|entry| entry["success"] == true).unwrap();
    assert_eq!(good["customData"], json!({"asin": "B000000000", "hash": good["hash"]}));
}
