//! States are true when they are printed, and can be had from the database.

use serde_json::json;

use crate::support::{Case, finish, record, schema, state};

fn rows() -> String {
    schema("rows", r#"{"id":{"type":"integer"}}"#, &["id"])
}

fn row(id: usize) -> String {
    record("rows", &format!(r#"{{"id":{id}}}"#))
}

fn stored(case: &Case) -> String {
    let target = case.target().arg("--print-state").spawn().unwrap();
    finish(target, "").succeeded().join("\n")
}

#[test]
fn a_state_is_stored_with_the_rows_before_it_and_printed_on_demand() {
    let case = Case::new().with(json!({ "state_id": "amazon", "batch_size_rows": 2 }));
    assert_eq!(stored(&case), "");
    let lines = [rows(), row(1), row(2), state(1), row(3), state(2), state(3)];
    assert_eq!(case.load(&lines).succeeded().last().unwrap(), r#"{"n":3}"#);
    assert_eq!(stored(&case), r#"{"n":3}"#);
    case.load(&[state(4)]).succeeded();
    assert_eq!(stored(&case), r#"{"n":4}"#);
}

#[test]
fn a_stored_state_keeps_the_text_of_the_tap() {
    let case = Case::new().with(json!({ "state_id": "amazon" }));
    let value = r#"{"z":1.10,"a":"\u0000 ü","a":[]}"#;
    case.load(&[format!(r#"{{"type":"STATE","value":{value}}}"#)]).succeeded();
    assert_eq!(stored(&case), value);
}

#[test]
fn pipelines_do_not_see_the_states_of_others() {
    let case = Case::new().with(json!({ "state_id": "one" }));
    case.load(&[rows(), row(1), state(1)]).succeeded();
    let case = case.with(json!({ "state_id": "two" }));
    assert_eq!(stored(&case), "");
    case.load(&[state(2)]).succeeded();
    let case = case.with(json!({ "state_id": "one" }));
    assert_eq!(stored(&case), r#"{"n":1}"#);
}

#[test]
fn no_state_is_stored_beyond_a_failure() {
    let case = Case::new().with(json!({ "state_id": "amazon", "batch_size_rows": 1 }));
    let bad = record("rows", r#"{"id":"hunter2"}"#);
    let outcome = case.load(&[rows(), row(1), state(1), bad, row(2), state(2)]);
    assert!(outcome.failed().starts_with("FATAL line 4: rows: id: "), "{}", outcome.log);
    assert!(!outcome.log.contains("hunter2"));
    assert_eq!(outcome.states, [r#"{"n":1}"#]);
    assert_eq!(
        (stored(&case), case.sql("select count(*) from rows")),
        (r#"{"n":1}"#.to_owned(), "1".to_owned())
    );
}

#[test]
fn without_a_name_for_the_pipeline_no_table_is_made_and_none_can_be_read() {
    let case = Case::new();
    assert_eq!(case.load(&[rows(), row(1), state(1)]).succeeded(), [r#"{"n":1}"#]);
    assert_eq!(case.sql("select to_regclass('_singer_state') is null"), "t");
    let outcome = finish(case.target().arg("--print-state").spawn().unwrap(), "");
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.log.contains("set `state_id`"), "{}", outcome.log);
}

#[test]
fn an_empty_state_replaces_nothing() {
    let case = Case::new().with(json!({ "state_id": "amazon" }));
    let empty = r#"{"type":"STATE","value":{}}"#.to_owned();
    assert_eq!(case.load(&[state(1), empty]).succeeded(), [r#"{"n":1}"#]);
    assert_eq!(stored(&case), r#"{"n":1}"#);
}

#[test]
fn a_commit_waits_for_the_disk_though_the_session_is_set_not_to() {
    for (set, expected) in [("off", "on"), ("local", "local")] {
        let case = Case::new().plain();
        let seen = format!("\"{}\".seen", case.schema);
        // What is in force at COMMIT, where a deferred trigger runs.
        case.prepare(&format!(
            "create table rows (id bigint primary key, v text); create table {seen} (value text); \
             create function note() returns trigger language plpgsql as $$ begin \
             insert into {seen} values (current_setting('synchronous_commit')); return null; end $$; \
             create constraint trigger at_commit after insert on rows deferrable initially deferred \
             for each row execute function note()"
        ));
        let case =
            case.with(json!({ "before_run_sql": format!("set synchronous_commit = {set}") }));
        case.load(&[rows(), row(1), state(1)]).succeeded();
        assert_eq!(case.sql("select value from seen"), expected);
    }
}
