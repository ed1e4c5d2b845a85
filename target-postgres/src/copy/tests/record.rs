//! Members, keys, metadata, nested objects and the overflow.

use super::*;
use crate::column::Metadata;
use crate::table::Flattening;

#[test]
fn members_are_found_in_any_order_with_escapes_and_the_last_of_two_counts() {
    let properties = json!({ "a": { "type": "integer" }, "é": { "type": "string" } });
    let table = Table::of(&schema(&properties, &[]), &rules()).unwrap();
    let mut encoder = Encoder::new(&table, Treatment::default());
    let records = [
        r#"{"a":1,"é":"x"}"#,
        r#" { "\u00e9" : "y" , "a" : 2 } "#,
        r#"{"a":3,"a":4}"#,
        "{}",
        r#"{"b":{"a":"}"},"a":5,"c":[1,2]}"#,
        r#"{"b":1,"a":6}"#,
    ];
    let (rows, keys) = load(&mut encoder, &table, &records).unwrap();
    let shown: Vec<String> = rows
        .iter()
        .map(|row| row.iter().map(|v| v.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(","))
        .collect();
    assert_eq!(shown, ["1,x", "2,y", "4,-", "-,-", "5,-", "6,-"]);
    assert!(keys.iter().all(Vec::is_empty));
    let unknown: Vec<_> = encoder.counts().unknown.iter().collect();
    assert_eq!(unknown, [(&"b".to_owned(), &2), (&"c".to_owned(), &1)]);
}

#[test]
fn names_without_a_column_are_counted_within_bounds() {
    let table = table_of(Kind::Text);
    let mut encoder = Encoder::new(&table, Treatment::default());
    let records: Vec<String> = (0..1_500).map(|n| format!("{{\"n{n}\":0}}")).collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    load(&mut encoder, &table, &records).unwrap();
    assert_eq!(encoder.counts().unknown.len(), 1_000);
    assert_eq!(encoder.counts().unknown_beyond, 500);
}

#[test]
fn keys_are_the_same_exactly_when_the_database_takes_them_for_the_same() {
    let key_of = |kind: Kind, json: &str| {
        let mut table = Table::of(&schema(&json!({ "v": {} }), &["v"]), &rules()).unwrap();
        table.columns[0].kind = kind;
        let mut encoder = Encoder::new(&table, Treatment::default());
        load(&mut encoder, &table, &[&format!("{{\"v\":{json}}}")]).unwrap().1.remove(0)
    };
    let same = [
        (NUMERIC, "1", "1.00"),
        (NUMERIC, "0", "-0.0"),
        (NUMERIC, "1e2", "100"),
        (Kind::Text, r#""é""#, r#""\u00e9""#),
        (Kind::Jsonb, r#""é""#, r#""\u00e9""#),
        (Kind::Jsonb, "1", "1.0"),
        (Kind::Character(3), r#""a""#, r#""a ""#),
        (Kind::Double, "0", "-0.0"),
        (Kind::Timestamptz, r#""2026-01-01T00:00:00Z""#, r#""2026-01-01T01:00:00+01:00""#),
    ];
    for (kind, one, other) in same {
        assert_eq!(key_of(kind, one), key_of(kind, other), "{one} and {other} as {kind}");
    }
    let different = [
        (NUMERIC, "1", "-1"),
        (NUMERIC, "1", "10000"),
        (Kind::Text, r#""a""#, r#""a ""#),
        (Kind::Jsonb, "1", r#""1""#),
        (Kind::Jsonb, "true", r#""true""#),
    ];
    for (kind, one, other) in different {
        assert_ne!(key_of(kind, one), key_of(kind, other), "{one} and {other} as {kind}");
    }
}

#[test]
fn the_parts_of_a_key_do_not_run_into_each_other() {
    let text = json!({ "type": "string" });
    let table =
        Table::of(&schema(&json!({ "a": text, "b": text }), &["b", "a"]), &rules()).unwrap();
    let mut encoder = Encoder::new(&table, Treatment::default());
    let (_, keys) =
        load(&mut encoder, &table, &[r#"{"a":"ab","b":"c"}"#, r#"{"a":"a","b":"bc"}"#]).unwrap();
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_key_that_is_missing_null_or_changed_is_refused_and_leaves_nothing_behind() {
    let properties = json!({ "id": { "type": "string" }, "v": { "type": "integer" } });
    let table = Table::of(&schema(&properties, &["id"]), &rules()).unwrap();
    let mut encoder = Encoder::new(&table, Treatment::default());
    let cases = [
        ("{}", "orders: id: a key must not be null or missing"),
        (r#"{"id":null}"#, "orders: id: a key must not be null or missing"),
        (r#"{"id":"\u0000"}"#, "orders: id: a key with a NUL character or half a surrogate pair"),
        (r#"{"id":"a","v":"hunter2"}"#, "orders: v: expected an integer, found a string"),
        ("[1]", "orders: record: expected an object"),
    ];
    for (record, expected) in cases {
        let (mut row, mut key) = (vec![1], vec![2]);
        let record: &RawValue = serde_json::from_str(record).unwrap();
        let error = encoder.encode(record, &meta(), &mut row, &mut key).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!((row, key), (vec![1], vec![2]));
    }
}

#[test]
fn metadata_says_how_the_record_came_and_the_record_when_it_was_deleted() {
    let mut rules = rules();
    rules.metadata = Metadata::ALL.to_vec();
    let table = Table::of(&schema(&json!({ "a": {} }), &[]), &rules).unwrap();
    let mut encoder = Encoder::new(&table, Treatment::default());
    let record = r#"{"_sdc_deleted_at":"2026-02-03T00:00:00Z"}"#;
    let (rows, _) = load(&mut encoder, &table, &[record, "{}"]).unwrap();
    let shown: Vec<_> = rows[0].iter().map(|value| value.as_deref().unwrap_or("-")).collect();
    assert_eq!(
        shown[1..],
        [
            "2026-01-02 03:04:05.500000+00",
            "2026-01-02 04:00:00.000000+00",
            "2026-01-02 05:00:00.000000+00",
            "2026-02-03 00:00:00.000000+00",
            "7",
            "12",
            "1767333600123",
        ]
    );
    assert_eq!(rows[1][4], None);
    assert!(encoder.counts().unknown.is_empty());
}

#[test]
fn nested_objects_become_columns_where_flattening_is_wanted() {
    let price = json!({
        "type": ["object", "null"],
        "properties": { "Amount": { "type": "string" }, "deep": { "properties": { "x": {} } } },
    });
    let mut rules = rules();
    rules.flattening = Some(Flattening { max_depth: 1, separator: "__".to_owned() });
    let table = Table::of(&schema(&json!({ "p": price, "q": {} }), &[]), &rules).unwrap();
    let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["p__Amount", "p__deep", "q"]);
    let mut encoder = Encoder::new(&table, Treatment::default());
    let records = [
        r#"{"p":{"Amount":"1.10","deep":{"x":1},"more":0},"q":2}"#,
        r#"{"p":null}"#,
        r#"{"p":{"Amount":"1"},"p":{"deep":[]}}"#,
    ];
    let (rows, _) = load(&mut encoder, &table, &records).unwrap();
    let of = |index: usize| -> Vec<_> {
        rows[index].iter().map(|value| value.as_deref().unwrap_or("-").to_owned()).collect()
    };
    assert_eq!(of(0), ["1.10", r#"{"x":1}"#, "2"]);
    assert_eq!(of(1), ["-", "-", "-"]);
    assert_eq!(of(2), ["-", "[]", "-"]);
    assert_eq!(encoder.counts().unknown.get("p__more"), Some(&1));
    let error = load(&mut encoder, &table, &[r#"{"p":7}"#]).unwrap_err().to_string();
    assert_eq!(error, "orders: p: expected an object, found another value");
}

#[test]
fn properties_beyond_the_last_column_are_kept_in_one_object() {
    let mut rules = rules();
    rules.most_columns = 3;
    let properties = json!({ "a": {}, "b": {}, "say \"c\"": {}, "id": { "type": "integer" } });
    let table = Table::of(&schema(&properties, &["id"]), &rules).unwrap();
    let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["a", "id", "_sdc_overflow"]);
    let mut encoder = Encoder::new(&table, Treatment::default());
    let records = [
        r#"{"say \"c\"":"\u0000","a":1,"b":{"x":2},"id":3}"#,
        r#"{"id":4,"b":null}"#,
        r#"{"id":5}"#,
    ];
    let (rows, _) = load(&mut encoder, &table, &records).unwrap();
    assert_eq!(rows[0][2].as_deref(), Some(r#"{"b":{"x":2},"say \"c\"":"\ufffd"}"#));
    assert_eq!(rows[1][2].as_deref(), Some(r#"{"b":null}"#));
    assert_eq!(rows[2][2], None);
}
