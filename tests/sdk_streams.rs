//! The streams with which Meltano's Singer SDK tests targets, loaded by ours.
//!
//! `SDK_TEST_STREAMS` names the folder `singer_sdk/testing/target_test_streams` of the Python package
//! singer-sdk, which `./test.sh` installs. No Python runs here: the SDK's tests need a target that is a
//! Python class, its streams need only a program.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};

use support::database::Database;
use support::{Folder, fed, program, said};

/// What becomes of a stream of the SDK.
enum Outcome {
    /// It is loaded: what a query over the tables says, and the last state that is printed.
    Loads { query: &'static str, says: &'static str, state: &'static str },
    /// The program ends with exit 1, its last line has these words in it, and no state is printed.
    Fails(&'static str),
}

use Outcome::{Fails, Loads};

/// Every stream of the SDK, in the order in which they are loaded: two stand on the rows of another.
#[rustfmt::skip]
const STREAMS: &[(&str, Outcome)] = &[
    ("array_data", Loads {
        query: "SELECT count(*), sum(jsonb_array_length(fruits)), max(fruits ->> 0) FILTER (WHERE id = 4) FROM test_array_data",
        says: "4|10|orange", state: r#"{"test_array_data":4}"# }),
    ("camelcase", Loads {
        query: r#"SELECT count(*), max("clientName") FILTER (WHERE "Id" = '2') FROM "TestCamelcase""#,
        says: "2|Gitter iOS App", state: "" }),
    // A schema twice and no record: a table that waits for rows.
    ("camelcase_complex_schema", Loads {
        query: r#"SELECT count(*), (SELECT data_type FROM information_schema.columns WHERE table_schema = current_schema()
                  AND table_name = 'ForecastingTypeToCategory' AND column_name = 'IsDeleted') FROM "ForecastingTypeToCategory""#,
        says: "0|boolean", state: "" }),
    // Of one key the last record stays.
    ("duplicate_records", Loads {
        query: "SELECT string_agg(id || '=' || metric, ' ' ORDER BY id) FROM test_duplicate_records",
        says: "1=100 2=20", state: r#"{"test_duplicate_records":2}"# }),
    // NUL, which PostgreSQL cannot store, becomes U+FFFD; a backslash that is followed by u0000 stays.
    ("encoded_string_data", Loads {
        query: r"SELECT (SELECT string_agg(info, '/' ORDER BY id) FROM test_strings WHERE id IN (2, 6, 7, 10, 11)),
                 (SELECT string_agg(info ->> 'value', '/' ORDER BY id) FROM test_strings_in_objects WHERE id IN (3, 11)),
                 (SELECT count(*) FROM test_strings_in_arrays)",
        says: "απλή συμβολοσειρά/various \" \\ / \n escape sequences/m/Double quoting: \\u0000 \\u0041 \\u0001\
               /Control Characters in string: \u{fffd} A \u{1}|简单的字串/\u{fffd} A \u{1}|6",
        state: r#"{"test_strings":11,"test_strings_in_objects":11,"test_strings_in_arrays":6}"# }),
    ("invalid_schema", Fails("line 1: test_invalid_schema: the SCHEMA has no `properties`")),
    // The SDK's own target does not pass this one: its test is switched off.
    ("multiple_state_messages", Loads {
        query: "SELECT (SELECT sum(metric) FROM test_multiple_state_messages_a), (SELECT sum(metric) FROM test_multiple_state_messages_b)",
        says: "2100|2310", state: r#"{"test_multiple_state_messages_a":5,"test_multiple_state_messages_b":6}"# }),
    ("no_primary_keys", Loads {
        query: "SELECT count(*), sum(metric) FROM test_no_pk",
        says: "3|66", state: r#"{"test_no_pk":3}"# }),
    // Without a key, rows are added to those of the stream before.
    ("no_primary_keys_append", Loads {
        query: "SELECT count(*), sum(metric) FROM test_no_pk",
        says: "8|1581", state: r#"{"test_no_pk":5}"# }),
    ("optional_attributes", Loads {
        query: "SELECT count(*), string_agg(coalesce(optional, '-'), '/' ORDER BY id) FROM test_optional_attributes",
        says: "4|This is optional/-/Also optional/-", state: r#"{"test_optional_attributes":4}"# }),
    // The key properties are in the wrong place: there is no key, and a changed one changes nothing.
    ("pk_updates", Loads {
        query: "SELECT string_agg(id || ' ' || name || ' ' || email, '/' ORDER BY id) FROM example_stream",
        says: "1 Alice alice@example.com/2 Bob bob@example.com", state: "" }),
    ("record_before_schema", Fails("line 1: test_record_before_schema: a record came before its SCHEMA")),
    // An empty state says nothing and is not printed.
    ("record_missing_fields", Loads {
        query: "SELECT string_agg(coalesce(optional, '-'), '/' ORDER BY id) FROM record_missing_fields",
        says: "now you see me/-", state: "" }),
    ("record_missing_key_property", Fails("line 2: test_record_missing_key_property: id: ")),
    // What a schema requires is a matter for validate_records.
    ("record_missing_required_property", Loads {
        query: "SELECT count(*), sum(metric), count(id) FROM test_record_missing_required_property",
        says: "1|3215|0", state: "" }),
    ("schema_no_properties", Loads {
        query: "SELECT (SELECT sum((object_store ->> 'metric')::int) FROM test_object_schema_with_properties),
                (SELECT sum((object_store ->> 'metric')::int) FROM test_object_schema_no_properties)",
        says: "390|3", state: "" }),
    // Four columns are added while rows come.
    ("schema_updates", Loads {
        query: "SELECT count(*), count(a3), sum((a4 ->> 'value')::int), count(a5), sum(a6), sum(a1) FROM test_schema_updates",
        says: "6|5|500|4|1326|621", state: r#"{"test_schema_updates":6}"# }),
    ("special_chars_in_attributes", Loads {
        query: r#"SELECT _id, d ->> 'agent:os:version' FROM "test:SpecialChars!in?attributes""#,
        says: "a2e98886|10.13.1", state: "" }),
    ("user_location_data", Loads {
        query: "SELECT (SELECT count(*) FROM test_users), (SELECT count(*) FROM test_locations), (SELECT count(*) FROM test_user_in_location)",
        says: "5|3|3", state: r#"{"test_users":5,"test_locations":3,"test_user_in_location":3}"# }),
    // The same tables: some rows change, some are new, the others stay.
    ("user_location_upsert_data", Loads {
        query: "SELECT (SELECT string_agg(id || name, ' ' ORDER BY id) FROM test_users),
                (SELECT string_agg(id || name, ' ' ORDER BY id) FROM test_locations),
                (SELECT string_agg(id || ':' || user_id || '-' || location_id || (info ->> 'mood'), ' ' ORDER BY id) FROM test_user_in_location)",
        says: "1Johny 2George 3Jacob 4Josh 5Jim 8Thomas 12Paul 13Mary|1Philly 2NY 3San Francisco 6Colorado 8Boston\
               |1:1-4sad 2:2-3satisfied 3:1-3happy 6:3-2happy 14:4-1ok",
        state: r#"{"test_users":13,"test_locations":8,"test_user_in_location":14}"# }),
];

/// Where the streams are.
fn folder() -> PathBuf {
    let folder = std::env::var("SDK_TEST_STREAMS").expect(
        "SDK_TEST_STREAMS names singer_sdk/testing/target_test_streams of the package singer-sdk; \
         ./test.sh installs it, or: pip install --no-deps --target DIR singer-sdk",
    );
    PathBuf::from(folder)
}

/// The messages of a stream of the SDK.
fn stream(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.singer"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Loads a stream of the SDK.
fn load(database: &Database, namespace: &str, name: &str, settings: Value) -> Output {
    let folder = Folder::new();
    let config = folder.file("config.json", database.config(namespace, settings));
    let mut target = program("target-postgres");
    target.args(["--config", config.to_str().unwrap()]);
    fed(target, &stream(name))
}

/// The states that were printed, in the words of their text without spaces.
fn states(output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| line.replace(' ', "")).collect()
}

#[test]
fn every_stream_of_the_sdk_is_in_the_table() {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let files: BTreeSet<String> = files
        .filter_map(|name| name.to_str()?.strip_suffix(".singer").map(str::to_owned))
        .collect();
    let table: BTreeSet<String> = STREAMS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, table);
}

#[test]
fn streams_of_the_sdk_load_or_say_why_not() {
    let database = Database::start();
    let namespace = database.schema_name();
    for (name, outcome) in STREAMS {
        // No states are stored: like this the target makes no table of its own.
        let output = load(&database, &namespace, name, json!({"state_id": null}));
        let said = said(&output);
        match outcome {
            Loads { query, says, state } => {
                assert!(output.status.success(), "{name}: {said}");
                assert_eq!(database.sql_in(&namespace, query), *says, "{name}");
                assert_eq!(states(&output).last().map_or("", String::as_str), *state, "{name}");
            }
            Fails(words) => {
                assert_eq!(output.status.code(), Some(1), "{name}: {said}");
                let line = said.lines().last().unwrap();
                assert!(line.starts_with("FATAL ") && line.contains(words), "{name}: {said}");
                assert_eq!(states(&output), [""; 0], "{name}");
            }
        }
    }
}

#[test]
fn a_required_property_that_is_missing_fails_where_records_are_validated() {
    let database = Database::start();
    let namespace = database.schema_name();
    let name = "record_missing_required_property";
    let output = load(&database, &namespace, name, json!({"validate_records": true}));
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(!said(&output).contains("3215"), "a value of the record was said");
}

#[test]
fn every_state_of_the_sdk_is_printed_once_its_records_are_in() {
    let database = Database::start();
    let a = |a: u32, b: u32| {
        format!(r#"{{"test_multiple_state_messages_a":{a},"test_multiple_state_messages_b":{b}}}"#)
    };
    let all = [a(1, 0), a(2, 1), a(3, 2), a(5, 3), a(5, 6)];
    // By the batch: of the states that one makes true the last; and after all of them the last.
    for (rows, wanted) in [(1, &all[..]), (4, &[a(2, 1), a(3, 2), a(5, 6)]), (100, &[a(5, 6)])] {
        let settings = json!({"batch_size_rows": rows});
        let output = load(&database, &database.schema_name(), "multiple_state_messages", settings);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(states(&output), wanted, "{rows}");
    }
}
