//! The ways of loading that a user can ask for.

use std::io::Write as _;

use serde_json::json;

use crate::support::{Case, activate, address, record, schema, state, versioned};

const ROWS: &str = r#"{"id":{"type":"integer"},"v":{"type":["null","string"]}}"#;

fn rows() -> String {
    schema("rows", ROWS, &["id"])
}

fn row(id: u32, v: &str) -> String {
    record("rows", &format!(r#"{{"id":{id},"v":"{v}"}}"#))
}

#[test]
fn append_only_keeps_every_record() {
    let case = Case::new().plain().with(json!({ "load_method": "append-only" }));
    case.load(&[rows(), row(1, "a"), row(1, "b")]).succeeded();
    case.load(&[rows(), row(1, "b")]).succeeded();
    assert_eq!(case.sql("select id, v from rows order by v"), "1|a\n1|b\n1|b");
}

#[test]
fn overwrite_replaces_all_rows_at_the_end_and_keeps_what_hangs_on_the_table() {
    let case = Case::new().plain();
    case.load(&[rows(), row(1, "old"), row(9, "old")]).succeeded();
    case.sql("create view seen as select id from rows; grant select on rows to public; alter table rows enable row level security");
    let case = case.with(json!({ "load_method": "overwrite", "batch_size_rows": 2 }));
    let lines = [rows(), row(1, "a"), state(1), row(2, "b"), row(3, "c"), row(1, "d"), state(2)];
    assert_eq!(case.load(&lines).succeeded(), [r#"{"n":2}"#]);
    assert_eq!(case.sql("select id, v from rows order by id"), "1|d\n2|b\n3|c");
    assert_eq!(case.sql("select count(*) from seen"), "3");
    assert_eq!(
        case.sql(
            "select relrowsecurity, relacl is not null from pg_class where oid = 'rows'::regclass"
        ),
        "t|t"
    );
    assert_eq!(case.sql(TABLES), "rows");
}

/// The names of the tables of a case.
const TABLES: &str = "select relname from pg_class where relkind = 'r' and relnamespace = current_schema()::regnamespace order by 1";

#[test]
fn a_run_that_overwrites_and_fails_changes_nothing_and_prints_nothing() {
    let case = Case::new().plain();
    case.load(&[rows(), row(1, "old")]).succeeded();
    let case = case.with(json!({ "load_method": "overwrite", "batch_size_rows": 1 }));
    let outcome = case.load(&[rows(), row(2, "a"), state(1), row(3, "b"), "{".to_owned()]);
    assert_eq!(outcome.failed(), "FATAL line 5: the line is cut off after 1 bytes");
    assert_eq!(outcome.states, [""; 0]);
    assert_eq!(case.sql("select id, v from rows"), "1|old");
    // What the failed run left behind is in nobody's way.
    case.load(&[rows(), row(4, "b"), state(2)]).succeeded();
    assert_eq!(case.sql("select id, v from rows"), "4|b");
    assert_eq!(case.sql(TABLES), "rows");
}

#[test]
fn overwriting_with_nothing_leaves_nothing() {
    let case = Case::new().plain();
    case.load(&[rows(), row(1, "old")]).succeeded();
    let case = case.with(json!({ "load_method": "overwrite" }));
    case.load(&[rows()]).succeeded();
    assert_eq!(case.sql("select count(*) from rows"), "0");
}

#[test]
fn a_schema_that_changes_while_overwriting_loses_no_digits() {
    let case = Case::new().plain().with(json!({ "load_method": "overwrite" }));
    let of = |kind: &str| {
        schema("t", &format!(r#"{{"id":{{"type":"integer"}},"n":{{"type":"{kind}"}}}}"#), &["id"])
    };
    case.load(&[of("integer"), record("t", r#"{"id":1,"n":1}"#)]).succeeded();
    let lines = [
        of("number"),
        record("t", r#"{"id":1,"n":1.25}"#),
        of("integer"),
        record("t", r#"{"id":2,"n":2}"#),
    ];
    case.load(&lines).succeeded();
    assert_eq!(case.sql("select * from t order by id"), "1|1.25\n2|2");
}

#[test]
fn rows_of_older_versions_are_marked_once_the_input_has_ended_well() {
    let case = Case::new();
    case.load(&[
        rows(),
        activate("rows", 1),
        versioned("rows", r#"{"id":1}"#, 1),
        versioned("rows", r#"{"id":2}"#, 1),
    ])
    .succeeded();
    let marked =
        || case.sql("select id, _sdc_deleted_at from rows where _sdc_deleted_at is not null");
    assert_eq!(marked(), "");
    // The message comes before the records, as some taps send it; the first run ends badly.
    let failing =
        [rows(), activate("rows", 2), versioned("rows", r#"{"id":1}"#, 2), "{".to_owned()];
    case.load(&failing).failed();
    assert_eq!(marked(), "");
    case.load(&failing[..3]).succeeded();
    let first = marked();
    assert!(first.starts_with("2|20"), "{first}");
    // A row that is marked keeps its time, and one that comes back is no longer marked.
    case.load(&[rows(), versioned("rows", r#"{"id":1}"#, 3), activate("rows", 3)]).succeeded();
    assert_eq!(marked(), first);
    case.load(&[
        rows(),
        versioned("rows", r#"{"id":1}"#, 3),
        versioned("rows", r#"{"id":2}"#, 3),
        activate("rows", 3),
    ])
    .succeeded();
    assert_eq!(marked(), "");
}

#[test]
fn rows_of_older_versions_are_deleted_where_that_is_asked_for() {
    let case = Case::new().with(json!({ "hard_delete": true, "batch_size_rows": 1 }));
    case.load(&[rows(), row(1, "without version"), versioned("rows", r#"{"id":2}"#, 1)])
        .succeeded();
    case.load(&[
        rows(),
        activate("rows", 2),
        versioned("rows", r#"{"id":3}"#, 2),
        row(4, "of this run"),
    ])
    .succeeded();
    assert_eq!(case.sql("select id from rows order by id"), "3\n4");
}

#[test]
fn a_version_changes_nothing_where_that_is_switched_off() {
    let case = Case::new().with(json!({ "activate_version": false, "hard_delete": true }));
    let outcome = case.load(&[rows(), versioned("rows", r#"{"id":1}"#, 1), activate("rows", 2)]);
    assert!(outcome.log.contains("ACTIVATE_VERSION"), "{}", outcome.log);
    outcome.succeeded();
    assert_eq!(case.sql("select count(*) from rows"), "1");
}

#[test]
fn records_that_say_they_are_deleted_go_where_that_is_asked_for() {
    let case = Case::new().with(json!({ "hard_delete": true }));
    let properties = r#"{"id":{"type":"integer"},"_sdc_deleted_at":{"type":["null","string"],"format":"date-time"}}"#;
    let logged = schema("rows", properties, &["id"]);
    let lines = [
        logged,
        record("rows", r#"{"id":1}"#),
        record("rows", r#"{"id":2,"_sdc_deleted_at":"2026-01-01T00:00:00Z"}"#),
    ];
    case.load(&lines).succeeded();
    assert_eq!(case.sql("select id from rows"), "1");
}

#[test]
fn files_that_a_batch_names_are_loaded_plain_and_compressed() {
    let case = Case::new().plain().with(json!({ "batch_size_rows": 2 }));
    let plain = case.file(
        "a.jsonl",
        "{\"id\":1,\"v\":\"a\"}\n{\"id\":2,\"v\":\"b\"}\n{\"id\":1,\"v\":\"c\"}\n",
    );
    let path = case.folder.path().join("b.jsonl.gz");
    let mut gzip = flate2::write::GzEncoder::new(
        std::fs::File::create(&path).unwrap(),
        flate2::Compression::fast(),
    );
    gzip.write_all(b"{\"id\":3,\"v\":\"d\"}\n").unwrap();
    gzip.finish().unwrap();
    let batch = |compression: &str, address: &str| {
        format!(
            r#"{{"type":"BATCH","stream":"rows","encoding":{{"format":"jsonl","compression":"{compression}"}},"manifest":["{address}"]}}"#
        )
    };
    let lines = [rows(), batch("none", &plain), batch("gzip", &address(&path)), state(1)];
    assert_eq!(case.load(&lines).succeeded(), [r#"{"n":1}"#]);
    assert_eq!(case.sql("select id, v from rows order by id"), "1|c\n2|b\n3|d");
    let outcome = case.load(&[rows(), batch("none", "s3://bucket/key?secret=hunter2")]);
    assert_eq!(
        outcome.failed(),
        "FATAL line 2: rows: file 1 of the BATCH is not a file:// URL; only local files are read"
    );
}

#[test]
fn records_in_files_are_of_the_version_that_their_message_says() {
    let case = Case::new().with(json!({ "hard_delete": true }));
    let file = case.file("a.jsonl", "{\"id\":1,\"v\":\"a\"}\n");
    let batch = format!(
        r#"{{"type":"BATCH","stream":"rows","version":5,"encoding":{{"format":"jsonl","compression":"none"}},"manifest":["{file}"]}}"#
    );
    case.load(&[rows(), row(2, "without version"), batch, activate("rows", 5)]).succeeded();
    assert_eq!(case.sql("select id, _sdc_table_version from rows"), "1|5");
}

#[test]
fn sql_of_the_user_runs_before_and_after_and_not_after_a_failure() {
    let case = Case::new().plain();
    case.prepare("create table log (at text)");
    let said = |what: &str| format!("insert into \"{}\".log values ('{what}')", case.schema);
    let (before, after) = (said("before"), said("after"));
    let case = case.with(json!({ "before_run_sql": before, "after_run_sql": after }));
    case.load(&[rows(), row(1, "a")]).succeeded();
    assert_eq!(case.sql("select string_agg(at, ',') from log"), "before,after");
    case.load(&[rows(), "{".to_owned()]).failed();
    assert_eq!(case.sql("select string_agg(at, ',') from log"), "before,after,before");
}

#[test]
fn records_are_checked_against_their_schema_where_that_is_asked_for() {
    let case = Case::new().plain().with(json!({ "validate_records": true }));
    let strict =
        schema("rows", r#"{"id":{"type":"integer"},"v":{"type":"string","maxLength":3}}"#, &["id"]);
    let outcome = case.load(&[strict, row(1, "abc"), row(2, "hunter2")]);
    assert_eq!(outcome.failed(), "FATAL line 3: rows: v: not what the schema says (`maxLength`)");
    assert_eq!(case.sql("select id from rows"), "1");
}

#[test]
fn nested_objects_become_columns_where_that_is_asked_for() {
    let case =
        Case::new().plain().with(json!({ "flattening_enabled": true, "column_case": "snake" }));
    let properties = r#"{"OrderId":{"type":"string"},"OrderTotal":{"type":["null","object"],"properties":{"CurrencyCode":{"type":"string"},"Amount":{"type":"number"}}}}"#;
    let lines = [
        schema("orders", properties, &["OrderId"]),
        record("orders", r#"{"OrderId":"1","OrderTotal":{"CurrencyCode":"EUR","Amount":9.90}}"#),
    ];
    case.load(&lines).succeeded();
    assert_eq!(
        case.sql("select order_id, order_total__currency_code, order_total__amount from orders"),
        "1|EUR|9.90"
    );
}
