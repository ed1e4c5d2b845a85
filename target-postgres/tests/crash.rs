//! Killed at any moment and run again: the same rows, and no state ahead of them.

use std::io::Write as _;

use serde_json::json;

use crate::support::{Case, record, schema, state};

/// Records of the input.
const RECORDS: usize = 4_000;

/// Different keys among them.
const KEYS: usize = 3_000;

/// Records between two states.
const BETWEEN: usize = 100;

fn input() -> Vec<String> {
    let mut lines =
        vec![schema("rows", r#"{"id":{"type":"integer"},"v":{"type":"integer"}}"#, &["id"])];
    for number in 1..=RECORDS {
        lines.push(record("rows", &format!(r#"{{"id":{},"v":{number}}}"#, number % KEYS)));
        if number % BETWEEN == 0 {
            lines.push(state(number));
        }
    }
    lines
}

/// The number in the last of some states; 0 without one.
fn reached(states: &str) -> usize {
    let last = states.lines().rfind(|line| line.ends_with('}'));
    last.map_or(0, |state| {
        state.trim_start_matches("{\"n\":").trim_end_matches('}').parse().unwrap()
    })
}

/// The number in the state that is stored; 0 without one.
fn stored(case: &Case) -> usize {
    if case.sql("select to_regclass('_singer_state') is null") == "t" {
        return 0;
    }
    let number = case.sql("select coalesce(max((value->>'n')::int), 0) from _singer_state");
    number.parse().unwrap()
}

/// The newest record that became a row; 0 without one.
fn newest(case: &Case) -> usize {
    if case.sql("select to_regclass('rows') is null") == "t" {
        return 0;
    }
    case.sql("select coalesce(max(v), 0) from rows").parse().unwrap()
}

#[test]
fn a_run_that_is_killed_at_any_moment_and_repeated_gives_the_same_rows() {
    let lines = input();
    let case = Case::new().with(json!({ "batch_size_rows": 250, "state_id": "amazon" }));
    for kill_after in [3, 240, 255, 700, 1_300, 1_999, 2_600, 3_300, lines.len()] {
        let mut target = case.target().spawn().unwrap();
        let mut stdin = target.stdin.take().unwrap();
        for line in &lines[..kill_after] {
            writeln!(stdin, "{line}").unwrap();
        }
        target.kill().unwrap();
        let output = target.wait_with_output().unwrap();
        drop(stdin);
        let printed = reached(&String::from_utf8(output.stdout).unwrap());
        // A session whose client is gone may still commit, so the rows are looked at last.
        let (stored, newest) = (stored(&case), newest(&case));
        assert!(printed <= stored && stored <= newest, "{printed}, {stored}, {newest}");
    }
    assert_eq!(reached(&case.load(&lines).succeeded().join("\n")), RECORDS);
    assert_eq!(
        case.sql("select count(*), min(v), max(v) from rows"),
        format!("{KEYS}|{}|{RECORDS}", RECORDS - KEYS + 1)
    );
}

#[test]
fn a_killed_run_that_is_resumed_where_its_state_says_gives_the_same_rows() {
    let lines = input();
    let case = Case::new().with(json!({ "batch_size_rows": 250, "state_id": "amazon" }));
    let mut from = 1;
    for step in 1..=4 {
        let mut target = case.target().spawn().unwrap();
        let mut stdin = target.stdin.take().unwrap();
        let until = (lines.len() * step / 5).max(from);
        for line in std::iter::once(&lines[0]).chain(&lines[from..until]) {
            writeln!(stdin, "{line}").unwrap();
        }
        target.kill().unwrap();
        target.wait().unwrap();
        from = 1 + stored(&case) / BETWEEN * (BETWEEN + 1);
    }
    let rest: Vec<&String> = std::iter::once(&lines[0]).chain(&lines[from..]).collect();
    case.load(&rest).succeeded();
    assert_eq!(
        case.sql("select count(*), min(v), max(v) from rows"),
        format!("{KEYS}|{}|{RECORDS}", RECORDS - KEYS + 1)
    );
}
