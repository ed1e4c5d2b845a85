//! What a table holds already is not sent again.

use serde_json::{Value, json};

use crate::support::{Case, finish, record, schema};

/// Properties and their schemas; the columns are those of [`TABLE`].
const PROPERTIES: [(&str, &str); 19] = [
    ("id", r#"{"type":"integer"}"#),
    ("code", r#"{"type":"string"}"#),
    ("small", r#"{"type":["null","integer"]}"#),
    ("medium", r#"{"type":["null","integer"]}"#),
    ("long", r#"{"type":["null","integer"]}"#),
    ("short_float", r#"{"type":["null","number"]}"#),
    ("float", r#"{"type":["null","number"]}"#),
    ("number", r#"{"type":["null","number"]}"#),
    ("words", r#"{"type":["null","string"]}"#),
    ("few_words", r#"{"type":["null","string"]}"#),
    ("filled", r#"{"type":["null","string"]}"#),
    ("flag", r#"{"type":["null","boolean"]}"#),
    ("at", r#"{"type":["null","string"],"format":"date-time"}"#),
    ("local", r#"{"type":["null","string"],"format":"date-time"}"#),
    ("day", r#"{"type":["null","string"],"format":"date"}"#),
    ("clock", r#"{"type":["null","string"],"format":"time"}"#),
    ("uuid", r#"{"type":["null","string"],"format":"uuid"}"#),
    ("document", r#"{"type":["null","object"]}"#),
    ("text_document", r#"{"type":["null","object"]}"#),
];

/// Every type that can be sent, and as many that a key can have as it takes to have two.
const TABLE: &str = "create table rows (id integer, code varchar(20), small smallint, medium integer, \
    long bigint, short_float real, float double precision, number numeric, words text, few_words varchar(20), \
    filled character(5), flag boolean, at timestamptz, local timestamp, day date, clock time, uuid uuid, document jsonb, \
    text_document json, primary key (id, code))";

/// A case with that table, which is to stay as it is.
fn case() -> Case {
    let case = Case::new().with(json!({ "tables": { "rows": { "extra": "leave_out" } } }));
    case.prepare(TABLE);
    case
}

/// A record in which every fifth value is null.
fn row(id: usize) -> Value {
    let values = [
        json!(id),
        json!(format!("Größe {id}")),
        json!(id),
        json!(id * 1_000),
        json!(i64::MIN + i64::try_from(id).unwrap()),
        json!(0.5),
        json!(-1.25e-7),
        json!(-1_000.005),
        json!("a \"quoted\"\nline, 北京"),
        json!(""),
        json!("né"),
        json!(id.is_multiple_of(2)),
        json!(format!("2026-02-03T04:05:06.7{id:02}+01:00")),
        json!("1999-12-31T23:59:59Z"),
        json!("2024-02-29"),
        json!("12:30:00.5"),
        json!(format!("00000000-0000-4000-8000-0000000000{id:02}")),
        json!({ "CurrencyCode": "EUR", "Amount": "1.10", "n": [1, 2.50, {}, [], null, true], "Größe": { "b": 1, "a": 2 } }),
        json!({ "b": [1, { "a": 2 }] }),
    ];
    let members = PROPERTIES.iter().zip(values).enumerate();
    let members = members.map(|(column, ((name, _), value))| {
        let is_null = column > 1 && (id + column).is_multiple_of(5);
        ((*name).to_owned(), if is_null { Value::Null } else { value })
    });
    Value::Object(members.collect())
}

fn lines(rows: impl Iterator<Item = String>) -> String {
    let properties = PROPERTIES.map(|(name, schema)| format!(r#""{name}":{schema}"#)).join(",");
    let schema = schema("rows", &format!("{{{properties}}}"), &["id", "code"]);
    let records = rows.map(|row| record("rows", &row));
    [schema].into_iter().chain(records).collect::<Vec<_>>().join("\n")
}

/// Loads rows; what the log says of how many were sent.
fn load(case: &Case, rows: impl Iterator<Item = String>) -> String {
    let target = case.target().env("LOGLEVEL", "debug").spawn().unwrap();
    let outcome = finish(target, &lines(rows));
    let said = outcome.log.lines().find_map(|line| Some(line.split_once("rows: ")?.1));
    let said = said.filter(|said| said.ends_with("are sent")).unwrap_or("not asked").to_owned();
    outcome.succeeded();
    said
}

#[test]
fn values_of_every_type_are_known_to_be_there_and_any_that_differs_is_sent() {
    let case = case();
    assert_eq!(load(&case, (0..40).map(|id| row(id).to_string())), "not asked");
    assert_eq!(load(&case, (0..40).map(|id| row(id).to_string())), "0 of 40 rows are sent");
    // In each row another value, by turns to and from null.
    let columns = PROPERTIES.len() - 2;
    let changed = |id: usize| {
        let mut changed = row(id);
        let name = PROPERTIES[2 + id % columns].0;
        changed[name] = row(id + 1)[name].clone();
        if changed[name] == row(id)[name] {
            changed[name] = Value::Null;
        }
        changed
    };
    let differ = |id: usize| usize::from(changed(id) != row(id));
    let count: usize = (0..columns).map(differ).sum();
    assert!(count > columns - 3, "{count}");
    let mixed = || {
        (0..40)
            .map(|id| if id < columns { changed(id) } else { row(id) })
            .map(|row| row.to_string())
    };
    assert_eq!(load(&case, mixed()), format!("{count} of 40 rows are sent"));
    assert_eq!(load(&case, mixed()), "0 of 40 rows are sent");
    case.sql("create table seen as select * from rows; truncate rows");
    load(&case, mixed());
    let text = "select rows::text from rows except select seen::text from seen";
    assert_eq!(case.sql(text), "");
}

#[test]
fn rows_that_are_equal_in_other_words_are_sent_and_not_written() {
    let case = case();
    let of = |number: &str, document: &str| {
        let text = format!(r#"{{"id":1,"code":"c","number":{number},"document":{document}}}"#);
        [text].into_iter()
    };
    load(&case, of("1.0", r#"{"a":100}"#));
    let written = case.sql("select xmin from rows");
    assert_eq!(load(&case, of("1.00", r#"{"a":100}"#)), "1 of 1 rows are sent");
    assert_eq!(load(&case, of("1.0", r#"{"a":1e2}"#)), "1 of 1 rows are sent");
    assert_eq!(case.sql("select xmin from rows"), written);
    assert_eq!(load(&case, of("1.0", r#"{"a":1e3}"#)), "1 of 1 rows are sent");
    assert_eq!(case.sql("select document from rows"), r#"{"a": 1000}"#);
}

#[test]
fn of_two_streams_of_one_table_the_later_row_stays_though_it_was_there_before() {
    let table = json!({ "table": "shared" });
    let case = Case::new().plain().with(json!({ "tables": { "one": table, "two": table } }));
    let properties = r#"{"id":{"type":"integer"},"v":{"type":"string"}}"#;
    let row = |stream: &str, v: &str| record(stream, &format!(r#"{{"id":1,"v":"{v}"}}"#));
    let schemas = [schema("one", properties, &["id"]), schema("two", properties, &["id"])];
    case.load(&[schemas[0].clone(), row("one", "old")]).succeeded();
    // Two chunks of the first stream, of which the first one waits when the second stream's row comes.
    let filling =
        |id: usize| record("one", &format!(r#"{{"id":{id},"v":"{}"}}"#, "x".repeat(1_900)));
    let mut lines = schemas.to_vec();
    lines.push(row("one", "new"));
    lines.extend((2..2_500).map(filling));
    lines.push(row("two", "old"));
    lines.extend((2_500..5_000).map(filling));
    case.load(&lines).succeeded();
    assert_eq!(case.sql("select v from shared where id = 1"), "old");
}

#[test]
fn a_load_whose_rows_mostly_differ_stops_asking() {
    let case = case();
    let with = |words: &'static str| {
        (0..1_200).map(move |id| json!({ "id": id, "code": "c", "words": words }).to_string())
    };
    load(&case, with("a"));
    assert_eq!(load(&case, with("b")), "1200 of 1200 rows are sent");
    let some = with("b")
        .enumerate()
        .map(|(id, row)| if id.is_multiple_of(3) { row.replace("\"b\"", "\"c\"") } else { row });
    assert_eq!(load(&case, some), "400 of 1200 rows are sent");
    let counts = "select words, count(*) from rows group by 1 order by 1";
    assert_eq!(case.sql(counts), "b|800\nc|400");
}

/// Keys of one column, of which a large table has thousands: its type, the expression of a number's key,
/// the schema, and the keys of the numbers 1 and 2 as JSON.
const KEYS: [(&str, &str, &str, [&str; 2]); 8] = [
    ("integer", "i", r#"{"type":"integer"}"#, ["1", "2"]),
    ("bigint", "i", r#"{"type":"integer"}"#, ["1", "2"]),
    ("numeric", "i", r#"{"type":"number"}"#, ["1", "2"]),
    ("text", "'é' || i", r#"{"type":"string"}"#, [r#""é1""#, r#""é2""#]),
    ("varchar(20)", "'é' || i", r#"{"type":"string"}"#, [r#""é1""#, r#""é2""#]),
    ("character(7)", "'é' || i", r#"{"type":"string"}"#, [r#""é1""#, r#""é2""#]),
    (
        "timestamptz",
        "timestamptz '2026-01-01 00:00Z' + i * interval '1 minute'",
        r#"{"type":"string","format":"date-time"}"#,
        [r#""2026-01-01T00:01:00Z""#, r#""2026-01-01T00:02:00Z""#],
    ),
    (
        "uuid",
        "lpad(i::text, 32, '0')::uuid",
        r#"{"type":"string","format":"uuid"}"#,
        [r#""00000000-0000-0000-0000-000000000001""#, r#""00000000-0000-0000-0000-000000000002""#],
    ),
];

#[test]
fn in_a_large_table_all_keys_are_looked_up_at_once() {
    for (own_type, expression, key_schema, [one, two]) in KEYS {
        let case = Case::new().with(json!({ "tables": { "rows": { "extra": "leave_out" } } }));
        case.prepare(&format!(
            "create table rows (id {own_type} primary key, words text, price numeric)"
        ));
        let fill = "repeat(md5(i::text), 50), 1.10 from generate_series(1, 12000) i";
        case.sql(&format!("insert into rows select {expression}, {fill}"));
        let words = case.sql(&format!(
            "select words from rows where id = (select {expression} from (values (2)) v(i))"
        ));
        let properties = format!(
            r#"{{"id":{key_schema},"words":{{"type":"string"}},"price":{{"type":"number"}}}}"#
        );
        let row = |id: &str, price: &str| {
            record("rows", &format!(r#"{{"id":{id},"words":"{words}","price":{price}}}"#))
        };
        let lines = [schema("rows", &properties, &["id"]), row(one, "1.10"), row(two, "1.10")];
        let target = case.target().env("LOGLEVEL", "debug").spawn().unwrap();
        let outcome = finish(target, &lines.join("\n"));
        assert!(outcome.log.contains("rows: 1 of 2 rows are sent"), "{own_type}: {}", outcome.log);
        outcome.succeeded();
        // The first has the words of the second now.
        let count = case.sql(&format!("select count(*) from rows where words = '{words}'"));
        assert_eq!(count, "2", "{own_type}");
    }
}
