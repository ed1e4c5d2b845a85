//! What was sent is what PostgreSQL holds: the same values, once through the target and once as text
//! that PostgreSQL reads itself.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{Case, record, schema};

/// The columns, their schemas, and the types that PostgreSQL reads the same text as.
const COLUMNS: [(&str, &str, &str); 9] = [
    ("b", r#"{"type":["null","boolean"]}"#, "boolean"),
    ("i", r#"{"type":["null","integer"]}"#, "bigint"),
    ("n", r#"{"type":["null","number"]}"#, "numeric"),
    ("s", r#"{"type":["null","string"]}"#, "text"),
    ("at", r#"{"type":["null","string"],"format":"date-time"}"#, "timestamptz"),
    ("d", r#"{"type":["null","string"],"format":"date"}"#, "date"),
    ("t", r#"{"type":["null","string"],"format":"time"}"#, "time"),
    ("u", r#"{"type":["null","string"],"format":"uuid"}"#, "uuid"),
    ("j", "{}", "jsonb"),
];

/// One value of each column: JSON, or nothing.
fn row() -> impl Strategy<Value = Vec<Option<String>>> {
    let digits = "(0|[1-9][0-9]{0,30})";
    let quoted = |text: String| serde_json::to_string(&text).unwrap();
    let boolean = any::<bool>().prop_map(|flag| flag.to_string());
    let integer = any::<i64>().prop_map(|number| number.to_string());
    let number = prop::string::string_regex(&format!(
        "-?{digits}(\\.[0-9]{{1,30}})?([eE][+-]?[0-9]{{1,2}})?"
    ))
    .unwrap()
    .boxed();
    let text = "[^\u{0}]{0,20}".prop_map(quoted);
    let day = (1_i32..9999, 1..=12_u32, 1..=28_u32)
        .prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"));
    let hour = (0..24_u32, 0..60_u32, 0..60_u32, "(\\.[0-9]{1,6})?").prop_map(
        |(hour, minute, second, fraction)| format!("{hour:02}:{minute:02}:{second:02}{fraction}"),
    );
    let zone = prop_oneof![Just("Z".to_owned()), "[+-](0[0-9]|1[0-3]):[0-5][0-9]"];
    let moment = (day.clone(), prop_oneof![Just('T'), Just(' ')], hour.clone(), zone)
        .prop_map(move |(day, between, hour, zone)| quoted(format!("{day}{between}{hour}{zone}")));
    let uuid = "[0-9a-fA-F]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}".prop_map(quoted);
    let some = |values: BoxedStrategy<String>| prop::option::weighted(0.9, values);
    (
        some(boolean.boxed()),
        some(integer.boxed()),
        some(number.clone()),
        some(text.clone().boxed()),
        some(moment.boxed()),
        some(day.prop_map(quoted).boxed()),
        some(hour.prop_map(quoted).boxed()),
        some(uuid.boxed()),
        some(json(number, text.boxed())),
    )
        .prop_map(|(b, i, n, s, at, d, t, u, j)| vec![b, i, n, s, at, d, t, u, j])
}

/// Any JSON, but not null, which would be an SQL null.
fn json(number: BoxedStrategy<String>, text: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let leaf = prop_oneof![number, text.clone(), Just("true".to_owned())];
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let inner = prop_oneof![3 => inner, 1 => Just("null".to_owned())];
        let members = prop::collection::vec((text.clone(), inner.clone()), 0..3);
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(|list| format!("[ {}]", list.join(" ,"))),
            members.prop_map(|list| {
                let members: Vec<String> =
                    list.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
    .boxed()
}

/// A value as an SQL literal of its text.
fn literal(json: &str, sql_type: &str) -> String {
    let text = match serde_json::from_str::<serde_json::Value>(json) {
        Ok(serde_json::Value::String(text)) if sql_type != "jsonb" => text,
        _ => json.to_owned(),
    };
    let mut tag = "$v$".to_owned();
    while text.contains(&tag) || format!("{text}$").contains(&tag) {
        tag.insert(1, 'v');
    }
    format!("{tag}{text}{tag}::{sql_type}")
}

#[test]
fn values_of_every_type_come_back_equal() {
    let properties: Vec<String> = std::iter::once(r#""id":{"type":"integer"}"#.to_owned())
        .chain(COLUMNS.iter().map(|(name, schema, _)| format!(r#""{name}":{schema}"#)))
        .collect();
    let schema = schema("actual", &format!("{{{}}}", properties.join(",")), &["id"]);
    let columns: Vec<String> =
        COLUMNS.iter().map(|(name, _, kind)| format!("{name} {kind}")).collect();
    let case = Case::new().plain();
    case.prepare(&format!(
        "set timezone to 'UTC'; create table expected (id bigint, {})",
        columns.join(", ")
    ));
    let mut runner =
        TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let result = runner.run(&prop::collection::vec(row(), 1..40), |rows| {
        case.sql("drop table if exists actual; truncate expected");
        let mut lines = vec![schema.clone()];
        let mut inserts = Vec::new();
        for (id, row) in rows.iter().enumerate() {
            let named = COLUMNS.iter().zip(row);
            let members = named.clone().filter_map(|((name, ..), value)| Some(format!(",\"{name}\":{}", value.as_ref()?)));
            lines.push(record("actual", &format!("{{\"id\":{id}{}}}", members.collect::<String>())));
            let values = named.map(|((_, _, kind), value)| {
                value.as_ref().map_or_else(|| "null".to_owned(), |value| literal(value, kind))
            });
            inserts.push(format!("({id}, {})", values.collect::<Vec<_>>().join(", ")));
        }
        // Twice, so that rows go straight into the table and also through the staging table.
        let half = lines.len() / 2;
        case.load(&lines[..=half]).succeeded();
        case.load(&lines).succeeded();
        let script = case.folder.path().join("expected.sql");
        std::fs::write(&script, format!("set timezone to 'UTC';\ninsert into expected values {};", inserts.join(",\n"))).unwrap();
        case.sql_file(&script);
        let text = "select id, b, i, n::text, s, at, d, t, u, j::text from";
        let different = case.sql(&format!(
            "select * from (({text} actual except {text} expected) union all ({text} expected except {text} actual)) as d order by 1"
        ));
        prop_assert_eq!(different, "");
        Ok(())
    });
    result.unwrap();
}
