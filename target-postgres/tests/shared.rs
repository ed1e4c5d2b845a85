//! Several streams that go into one table.

use serde_json::json;

use crate::support::{Case, activate, record, schema, versioned};

const PROPERTIES: &str = r#"{"id":{"type":"integer"},"v":{"type":"string"}}"#;

/// Two streams of one table.
fn case() -> Case {
    let table = json!({ "table": "shared" });
    Case::new().with(json!({ "tables": { "one": table, "two": table } }))
}

fn of(stream: &str) -> String {
    schema(stream, PROPERTIES, &["id"])
}

fn row(stream: &str, id: usize) -> String {
    record(stream, &format!(r#"{{"id":{id},"v":"{stream}"}}"#))
}

#[test]
fn the_first_of_several_streams_makes_the_table_and_the_others_change_it() {
    let case = case().plain();
    let wider = PROPERTIES.replace("{\"id\"", "{\"w\":{\"type\":\"integer\"},\"id\"");
    let lines = [
        of("one"),
        row("one", 1),
        schema("two", &wider, &["id"]),
        record("two", r#"{"id":2,"w":7}"#),
        row("one", 3),
    ];
    case.load(&lines).succeeded();
    assert_eq!(case.sql("select id, v, w from shared order by id"), "1|one|\n2||7\n3|one|");
}

#[test]
fn a_version_of_one_of_several_streams_takes_no_rows_of_the_others() {
    let case = case().with(json!({ "hard_delete": true }));
    let both = |first: i64, second: i64| {
        [
            of("one"),
            versioned("one", r#"{"id":1}"#, first),
            activate("one", first),
            of("two"),
            versioned("two", r#"{"id":2}"#, second),
            activate("two", second),
        ]
    };
    let outcome = case.load(&both(100, 200));
    assert_eq!(case.sql("select id from shared order by id"), "1\n2");
    let said = "one: other streams go into its table, so rows of older versions stay there";
    assert!(outcome.log.contains(said), "{}", outcome.log);
    outcome.succeeded();
}

#[test]
fn several_streams_that_would_overwrite_one_table_are_refused_before_anything_is_lost() {
    let case = case().plain();
    case.load(&[of("one"), row("one", 1)]).succeeded();
    let case = case.with(json!({ "load_method": "overwrite" }));
    let outcome = case.load(&[of("one"), row("one", 2), of("two"), row("two", 3)]);
    assert_eq!(
        outcome.failed(),
        "FATAL line 3: two: stream one overwrites the same table; give each a table of its own under `tables`"
    );
    assert_eq!(case.sql("select id from shared"), "1");
}

#[test]
fn rows_are_not_written_in_types_that_their_table_no_longer_has() {
    let case = case().plain().with(json!({ "batch_size_rows": 1 }));
    let number = PROPERTIES.replace("string", "number");
    let integer = PROPERTIES.replace("string", "integer");
    for key in [&["id"][..], &[]] {
        let lines = [
            schema("one", &integer, key),
            record("one", r#"{"id":1,"v":5}"#),
            schema("two", &number, key),
            record("two", r#"{"id":2,"v":1.5}"#),
            record("one", r#"{"id":3,"v":7}"#),
        ];
        let last = case.load(&lines).failed().to_owned();
        assert!(
            last.ends_with(
                "one: the type of column \"v\" was changed while this run went on; run again"
            ),
            "{last}"
        );
        assert_eq!(case.sql("select id, v from shared order by id"), "1|5\n2|1.5");
        case.load(&lines).succeeded();
        assert_eq!(case.sql("select distinct id, v from shared order by id"), "1|5\n2|1.5\n3|7");
        case.sql("drop table shared");
    }
}
