//! Rows come in, once each, and only when they differ.

use serde_json::json;

use crate::support::{Case, record, schema, state};

const ORDERS: &str = r#"{"id":{"type":"integer"},"status":{"type":["null","string"]}}"#;

fn orders() -> String {
    schema("orders", ORDERS, &["id"])
}

fn order(id: u32, status: &str) -> String {
    record("orders", &format!(r#"{{"id":{id},"status":"{status}"}}"#))
}

#[test]
fn records_become_rows_and_their_state_is_printed() {
    let case = Case::new().plain();
    let lines = [orders(), order(1, "new"), order(2, "ünï ☃ 😀"), state(1)];
    assert_eq!(case.load(&lines).succeeded(), [r#"{"n":1}"#]);
    assert_eq!(case.sql("select * from orders order by id"), "1|new\n2|ünï ☃ 😀");
}

#[test]
fn of_the_records_of_a_key_the_last_one_stays_in_one_batch_and_over_many() {
    for rows in [100, 1, 2] {
        let case = Case::new().plain().with(json!({ "batch_size_rows": rows }));
        let lines =
            [orders(), order(1, "a"), order(2, "b"), order(1, "c"), order(2, "d"), order(1, "e")];
        case.load(&lines).succeeded();
        assert_eq!(case.sql("select * from orders order by id"), "1|e\n2|d", "{rows}");
    }
}

#[test]
fn rows_that_did_not_change_are_not_written_again() {
    let case = Case::new();
    case.load(&[orders(), order(1, "same"), order(2, "old")]).succeeded();
    let rows = || case.sql("select id, xmin, status, _sdc_received_at from orders order by id");
    let before = rows();
    case.load(&[orders(), order(1, "same"), order(2, "new"), order(3, "more")]).succeeded();
    let after = rows();
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1], before[1]);
    assert_eq!(after.len(), 3);
}

#[test]
fn records_without_a_key_are_added() {
    let case = Case::new().plain();
    let lines = [schema("orders", ORDERS, &[]), order(1, "a"), order(1, "a")];
    case.load(&lines).succeeded();
    case.load(&lines).succeeded();
    assert_eq!(case.sql("select count(*) from orders"), "4");
}

#[test]
fn a_key_that_no_record_has_makes_a_stream_keyless_and_says_so() {
    let case = Case::new().plain();
    let outcome =
        case.load(&[schema("orders", ORDERS, &["nowhere"]), order(1, "a"), order(1, "a")]);
    assert!(
        outcome.log.contains("key properties are not in the schema (nowhere)"),
        "{}",
        outcome.log
    );
    outcome.succeeded();
    assert_eq!(case.sql("select count(*) from orders"), "2");
}

#[test]
fn a_stream_without_records_still_gets_its_table() {
    let case = Case::new();
    case.load(&[orders(), state(3)]).succeeded();
    assert_eq!(case.sql("select count(*) from orders"), "0");
}

#[test]
fn a_schema_that_changes_on_the_way_changes_the_table_and_loses_nothing() {
    let case = Case::new().plain();
    let wider = r#"{"id":{"type":"integer"},"status":{"type":["string","object"]},"price":{"type":"number"}}"#;
    let lines = [
        orders(),
        order(1, "a"),
        schema("orders", wider, &["id"]),
        record("orders", r#"{"id":2,"status":{"code":7},"price":1.10}"#),
        orders(),
        order(3, "c"),
        state(1),
    ];
    assert_eq!(case.load(&lines).succeeded(), [r#"{"n":1}"#]);
    assert_eq!(
        case.sql("select id, status, price from orders order by id"),
        "1|\"a\"|\n2|{\"code\": 7}|1.10\n3|\"c\"|"
    );
}

#[test]
fn a_column_that_is_too_narrow_is_made_wider_in_the_next_run() {
    let case = Case::new().plain();
    let number = schema("t", r#"{"id":{"type":"integer"},"n":{"type":"integer"}}"#, &["id"]);
    case.load(&[number, record("t", r#"{"id":1,"n":9007199254740993}"#)]).succeeded();
    let decimal = schema("t", r#"{"id":{"type":"integer"},"n":{"type":"number"}}"#, &["id"]);
    case.load(&[decimal, record("t", r#"{"id":2,"n":0.10}"#)]).succeeded();
    assert_eq!(case.sql("select * from t order by id"), "1|9007199254740993\n2|0.10");
}

#[test]
fn many_streams_interleaved_land_each_in_its_table() {
    let case = Case::new().plain().with(json!({ "batch_size_rows": 7 }));
    let streams: Vec<String> = (0..10).map(|number| format!("s{number}")).collect();
    let mut lines: Vec<String> =
        streams.iter().map(|stream| schema(stream, ORDERS, &["id"])).collect();
    for id in 0..20 {
        for stream in &streams {
            lines.push(record(stream, &format!(r#"{{"id":{id},"status":"{stream}"}}"#)));
        }
    }
    case.load(&lines).succeeded();
    for stream in &streams {
        assert_eq!(
            case.sql(&format!("select count(*), min(status), max(id) from {stream}")),
            format!("20|{stream}|19")
        );
    }
}

#[test]
fn names_of_every_sort_are_kept() {
    let case = Case::new().plain();
    let stream = "select * from \\\"x\\\"; --";
    let properties = r#"{"Select":{"type":"integer"},"select":{"type":"integer"},"a\"b":{"type":"integer"},"ü":{"type":"integer"}}"#;
    case.load(&[
        schema(stream, properties, &["Select"]),
        record(stream, r#"{"Select":1,"select":2,"a\"b":3,"ü":4}"#),
    ])
    .succeeded();
    assert_eq!(
        case.sql(r#"select "Select", "select", "a""b", "ü" from "select * from ""x""; --""#),
        "1|2|3|4"
    );
}

#[test]
fn metadata_says_when_and_in_which_order_records_came() {
    let case = Case::new();
    let extracted = r#"{"type":"RECORD","stream":"orders","record":{"id":1},"time_extracted":"2026-01-02T03:04:05.5Z"}"#;
    case.load(&[orders(), extracted.to_owned(), order(2, "b")]).succeeded();
    assert_eq!(
        case.sql("select _sdc_extracted_at at time zone 'UTC', _sdc_batched_at <= _sdc_received_at, _sdc_received_at <= now(), _sdc_deleted_at is null, _sdc_table_version is null from orders where id = 1"),
        "2026-01-02 03:04:05.5|t|t|t|t"
    );
    assert_eq!(case.sql("select id from orders order by _sdc_sequence"), "1\n2");
}

#[test]
fn files_are_read_one_after_the_other_in_place_of_standard_input() {
    let case = Case::new().plain();
    case.file("1.singer", &[orders(), order(1, "a")].join("\n"));
    case.file("2.singer", &[order(2, "b"), state(2)].join("\n"));
    let target =
        case.target().args(["--input", "1.singer", "--input", "2.singer"]).spawn().unwrap();
    assert_eq!(crate::support::finish(target, "").succeeded(), [r#"{"n":2}"#]);
    assert_eq!(case.sql("select count(*) from orders"), "2");
}
