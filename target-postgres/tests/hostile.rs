//! What comes that should not come.

use serde_json::{Value, json};

use crate::support::{Case, record, schema, state};

const TYPED: &str = r#"{"id":{"type":"integer"},"n":{"type":["null","number"]},"d":{"type":["null","string"],"format":"date"},"s":{"type":["null","string"]},"o":{"type":["null","object"]}}"#;

fn typed() -> String {
    schema("t", TYPED, &["id"])
}

fn row(text: &str) -> String {
    record("t", text)
}

/// Records that cannot become rows, and the property that is at fault.
const BAD: [(&str, &str); 9] = [
    (r#"{"id":null,"s":"hunter2"}"#, "id"),
    (r#"{"s":"hunter2"}"#, "id"),
    (r#"{"id":"hunter2"}"#, "id"),
    (r#"{"id":99999999999999999999}"#, "id"),
    (r#"{"id":1.5}"#, "id"),
    (r#"{"id":1,"n":"hunter2"}"#, "n"),
    (r#"{"id":1,"d":"hunter2"}"#, "d"),
    (r#"{"id":1,"d":"2026-02-30"}"#, "d"),
    ("[\"hunter2\"]", "record"),
];

#[test]
fn a_bad_record_ends_the_run_by_line_and_property_and_what_came_before_is_safe() {
    let case = Case::new().plain();
    for (number, (bad, property)) in (100..).zip(BAD) {
        let good = row(&format!(r#"{{"id":{number}}}"#));
        let outcome = case.load(&[typed(), good, state(number), row(bad)]);
        let last = outcome.failed();
        assert!(last.starts_with(&format!("FATAL line 4: t: {property}: ")), "{bad}: {last}");
        assert!(
            !outcome.log.contains("hunter2") && !outcome.log.contains("99999"),
            "{}",
            outcome.log
        );
        assert_eq!(outcome.states, [format!("{{\"n\":{number}}}")]);
        assert_eq!(case.sql("select max(id) from t"), number.to_string());
    }
}

#[test]
fn bad_records_are_left_out_or_kept_in_a_file_where_that_is_asked_for() {
    let lines: Vec<String> = std::iter::once(typed())
        .chain(BAD.iter().map(|(bad, _)| row(bad)))
        .chain([row(r#"{"id":7}"#), state(1)])
        .collect();
    let case = Case::new().plain().with(json!({ "on_bad_record": "skip" }));
    let outcome = case.load(&lines);
    assert!(outcome.log.contains("t: 9 records could not become rows"), "{}", outcome.log);
    assert_eq!(outcome.succeeded(), [r#"{"n":1}"#]);
    assert_eq!(case.sql("select id from t"), "7");

    let case =
        case.with(json!({ "on_bad_record": "dead_letter", "dead_letter_file": "dead.jsonl" }));
    let outcome = case.load(&lines);
    assert!(!outcome.log.contains("hunter2"), "{}", outcome.log);
    outcome.succeeded();
    let dead = std::fs::read_to_string(case.folder.path().join("dead.jsonl")).unwrap();
    let dead: Vec<Value> = dead.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(dead.len(), BAD.len());
    for (index, (letter, (bad, property))) in dead.iter().zip(BAD).enumerate() {
        assert_eq!(letter["stream"], "t");
        assert_eq!(letter["line"], index + 2);
        assert_eq!(letter["record"], serde_json::from_str::<Value>(bad).unwrap());
        assert!(
            letter["reason"].as_str().unwrap().starts_with(&format!("{property}: ")),
            "{letter}"
        );
    }
}

#[test]
fn a_file_for_bad_records_that_cannot_be_written_ends_the_run_before_the_state() {
    let case = Case::new()
        .plain()
        .with(json!({ "on_bad_record": "dead_letter", "dead_letter_file": "/nowhere/x" }));
    let outcome = case.load(&[typed(), row(BAD[0].0), state(1)]);
    assert!(outcome.failed().contains("/nowhere/x"), "{}", outcome.log);
    assert_eq!(outcome.states, [""; 0]);
}

#[test]
fn what_postgresql_cannot_store_is_replaced_and_counted() {
    let case = Case::new().plain();
    let outcome = case.load(&[typed(), row(r#"{"id":1,"s":"a\u0000b","o":{"k\u0000":"\ud800"}}"#)]);
    assert!(outcome.log.contains("NUL characters were replaced"), "{}", outcome.log);
    outcome.succeeded();
    assert_eq!(case.sql("select s, o from t"), "a\u{fffd}b|{\"k\u{fffd}\": \"\u{fffd}\"}");
}

#[test]
fn blank_lines_unknown_messages_and_members_stop_nobody() {
    let case = Case::new().plain();
    let lines = [
        "\u{feff}".to_owned() + &typed(),
        String::new(),
        r#"{"type":"FOO","x":1}"#.to_owned(),
        r#"{"type":"record","stream":"t","record":{"id":1,"extra":true}}"#.to_owned() + "\r",
        state(1),
    ];
    let outcome = case.load(&lines);
    assert!(
        outcome.log.contains("t: `extra` is not in the schema; left out of 1 records"),
        "{}",
        outcome.log
    );
    assert_eq!(outcome.succeeded(), [r#"{"n":1}"#]);
}

#[test]
fn a_record_before_its_schema_ends_the_run() {
    let case = Case::new().plain();
    let outcome = case.load(&[row(r#"{"id":1}"#)]);
    assert_eq!(outcome.failed(), "FATAL line 1: t: a record came before its SCHEMA");
}

#[test]
fn a_member_that_is_missing_becomes_null() {
    let case = Case::new().plain();
    case.load(&[typed(), row(r#"{"id":1,"s":"a"}"#)]).succeeded();
    case.load(&[typed(), row(r#"{"id":1}"#)]).succeeded();
    assert_eq!(case.sql("select id, s is null from t"), "1|t");
}

#[test]
fn a_record_of_megabytes_and_a_key_of_many_digits_are_stored() {
    let case = Case::new().plain();
    let long = "ü".repeat(2_000_000);
    let big =
        schema("big", r#"{"id":{"type":"integer","maximum":1e40},"s":{"type":"string"}}"#, &["id"]);
    let lines =
        [big, record("big", &format!(r#"{{"id":123456789012345678901234567890,"s":"{long}"}}"#))];
    case.load(&lines).succeeded();
    assert_eq!(case.sql("select id, length(s) from big"), "123456789012345678901234567890|2000000");
}

#[test]
fn a_stream_with_more_properties_than_columns_keeps_them_all() {
    let case = Case::new();
    let names: Vec<String> = (0..1700).map(|number| format!("c{number}")).collect();
    let properties: Vec<String> =
        names.iter().map(|name| format!(r#""{name}":{{"type":"boolean"}}"#)).collect();
    let members: Vec<String> = names.iter().map(|name| format!(r#""{name}":true"#)).collect();
    let lines = [
        schema("wide", &format!("{{{}}}", properties.join(",")), &["c0"]),
        record("wide", &format!("{{{}}}", members.join(","))),
    ];
    case.load(&lines).succeeded();
    assert_eq!(case.sql("select c0, c1500, _sdc_overflow->'c1699' from wide"), "t|t|true");
}

#[test]
fn settings_that_cannot_work_end_the_program_before_anything_is_read() {
    for (settings, expected) in [
        (json!({ "load_method": "sideways" }), "`load_method`"),
        (json!({ "default_target_schema": "x".repeat(64) }), "`default_target_schema`"),
        (json!({ "ssh_tunnel": { "enable": true } }), "`ssh_tunnel.enable`"),
        (json!({ "tables": { "t": { "table": "a\u{0}b" } } }), "`tables.t`"),
    ] {
        let outcome = Case::new().with(settings).load(&[typed()]);
        assert_eq!(outcome.code, Some(2), "{}", outcome.log);
        assert!(outcome.log.lines().last().unwrap().contains(expected), "{}", outcome.log);
    }
}
