//! What becomes of records: values of every kind, and what is refused.

use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use singer::Schema;

use super::*;
use crate::column::Metadata;
use crate::kind::{Encoding, Kind, Precision};
use crate::name::Identifier;
use crate::table::{Flattening, Rules, Table};

const NUMERIC: Kind = Kind::Numeric(None);

fn schema(properties: &Value, key: &[&str]) -> Schema {
    Schema {
        stream: "orders".to_owned(),
        schema: json!({ "properties": properties }),
        key_properties: key.iter().map(ToString::to_string).collect(),
        bookmark_properties: Vec::new(),
    }
}

fn rules() -> Rules {
    Rules::new(Identifier::exact("public").unwrap())
}

fn meta() -> Meta<'static> {
    let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    Meta {
        time_extracted: Some("2026-01-02T03:04:05.5Z"),
        received_at: at("2026-01-02T04:00:00Z"),
        batched_at: at("2026-01-02T05:00:00Z"),
        sequence: 7,
        version: Some(12),
        sync_started_at: at("2026-01-02T06:00:00.123Z"),
    }
}

/// A table with one column `v` of a kind.
fn table_of(kind: Kind) -> Table {
    let mut table = Table::of(&schema(&json!({ "v": {} }), &[]), &rules()).unwrap();
    table.columns[0].kind = kind;
    table
}

/// Encodes records; shows the rows and the keys.
type Loaded = (Vec<Vec<Option<String>>>, Vec<Vec<u8>>);

fn load(encoder: &mut Encoder, table: &Table, records: &[&str]) -> Result<Loaded, ValueError> {
    let kinds: Vec<Kind> = table.columns.iter().map(|column| column.kind).collect();
    let (mut rows, mut keys) = (Vec::new(), Vec::new());
    for record in records {
        let mut key = Vec::new();
        let record: &RawValue = serde_json::from_str(record).unwrap();
        encoder.encode(record, &meta(), &mut rows, &mut key)?;
        keys.push(key);
    }
    Ok((decode::rows(&rows, &kinds), keys))
}

/// The value of `v` in a column of a kind.
fn value_with(json: &str, kind: Kind, treatment: Treatment) -> Result<Option<String>, Reason> {
    let table = table_of(kind);
    let mut encoder = Encoder::new(&table, treatment);
    let record = format!("{{\"v\":{json}}}");
    let (mut rows, _) = load(&mut encoder, &table, &[&record]).map_err(|error| error.reason)?;
    Ok(rows.remove(0).remove(0))
}

fn value(json: &str, kind: Kind) -> Result<Option<String>, Reason> {
    value_with(json, kind, Treatment::default())
}

/// Asserts what becomes of values in columns of a kind.
fn assert_values(kind: Kind, cases: &[(&str, &str)]) {
    for (json, expected) in cases {
        assert_eq!(value(json, kind), Ok(Some((*expected).to_owned())), "{json} as {kind}");
    }
}

#[test]
fn null_is_null_in_every_column() {
    for kind in [Kind::Text, Kind::Jsonb, NUMERIC, Kind::Date, Kind::Boolean, Kind::Uuid] {
        assert_eq!(value("null", kind), Ok(None), "{kind}");
    }
}

#[test]
fn a_number_keeps_every_digit() {
    assert_values(
        NUMERIC,
        &[
            ("1.10", "1.10"),
            ("0", "0"),
            ("-0.0", "0.0"),
            ("0.00", "0.00"),
            ("-12345.678", "-12345.678"),
            ("10000", "10000"),
            ("100000000", "100000000"),
            ("0.00001", "0.00001"),
            ("1e3", "1000"),
            ("1.5E+3", "1500"),
            ("15e-4", "0.0015"),
            ("123456789012345678901234567890.12", "123456789012345678901234567890.12"),
            ("\"9.90\"", "9.90"),
        ],
    );
    assert_eq!(value("1e400", NUMERIC).unwrap().unwrap(), format!("1{}", "0".repeat(400)));
    assert_eq!(value("1e-16383", NUMERIC).unwrap().unwrap().len(), 16_385);
    assert_eq!(value("1e131071", NUMERIC).unwrap().unwrap().len(), 131_072);
    for far in ["1e131072", "1e-16384", "1e99999999999999999999", "\"NaN\"", "\"\"", "\"1,5\""] {
        assert_eq!(value(far, NUMERIC), Err(Reason::Number(NUMERIC)), "{far}");
    }
}

#[test]
fn a_precision_rounds_nothing_away() {
    let kind = Kind::Numeric(Some(Precision { digits: 5, scale: 2 }));
    assert_values(kind, &[("999.99", "999.99"), ("1.500", "1.500"), ("0", "0")]);
    for json in ["1000", "0.001", "1e-3"] {
        assert_eq!(value(json, kind), Err(Reason::Number(kind)), "{json}");
    }
    let hundreds = Kind::Numeric(Some(Precision { digits: 2, scale: -2 }));
    assert_values(hundreds, &[("9900", "9900")]);
    assert_eq!(value("9950", hundreds), Err(Reason::Number(hundreds)));
}

#[test]
fn an_integer_may_be_written_as_a_decimal_and_nothing_is_rounded() {
    assert_values(
        Kind::BigInt,
        &[
            ("7", "7"),
            ("-0", "0"),
            ("1.0", "1"),
            ("1e3", "1000"),
            ("-25000e-3", "-25"),
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("0e99", "0"),
        ],
    );
    for json in ["9223372036854775808", "1.5", "1e19", "1e-1", "1e999999999999"] {
        assert_eq!(value(json, Kind::BigInt), Err(Reason::Number(Kind::BigInt)), "{json}");
    }
    assert_values(Kind::SmallInt, &[("-32768", "-32768")]);
    assert_eq!(value("32768", Kind::SmallInt), Err(Reason::Number(Kind::SmallInt)));
    assert_values(Kind::Integer, &[("2147483647", "2147483647")]);
    assert_eq!(value("2147483648", Kind::Integer), Err(Reason::Number(Kind::Integer)));
    assert_values(Kind::Double, &[("1.5", "1.5"), ("1e3", "1000")]);
    assert_eq!(value("1e400", Kind::Double), Err(Reason::Number(Kind::Double)));
    assert_eq!(value("1e39", Kind::Real), Err(Reason::Number(Kind::Real)));
}

#[test]
fn a_value_of_another_type_is_refused_with_both_types() {
    let cases = [
        ("\"1\"", Kind::BigInt, "an integer", "a string"),
        ("true", Kind::BigInt, "an integer", "a boolean"),
        ("\"true\"", Kind::Boolean, "a boolean", "a string"),
        ("1", Kind::Boolean, "a boolean", "a number"),
        ("{}", NUMERIC, "a number", "an object or array"),
        ("1767225600", Kind::Timestamptz, "a date or time as text", "a number"),
        ("[]", Kind::Uuid, "a UUID", "an object or array"),
    ];
    for (json, kind, expected, found) in cases {
        assert_eq!(value(json, kind), Err(Reason::Expected { expected, found }), "{json}");
    }
}

#[test]
fn text_loses_its_escapes_and_takes_any_value() {
    assert_values(
        Kind::Text,
        &[
            (r#""""#, ""),
            (r#""plain ä""#, "plain ä"),
            (r#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{c}\n\r\tz"),
            (r#""\u00e9\ud83d\ude00""#, "é😀"),
            ("1.10", "1.10"),
            ("true", "true"),
            (r#"{"a": [1]}"#, r#"{"a": [1]}"#),
        ],
    );
    assert_values(Kind::Varchar(Some(3)), &[(r#""äöü""#, "äöü")]);
    assert_eq!(value(r#""ab  ""#, Kind::Varchar(Some(3))), Err(Reason::Characters(3)));
    assert_values(Kind::Character(3), &[(r#""EUR""#, "EUR")]);
}

#[test]
fn nul_is_replaced_removed_or_refused_at_every_depth() {
    let with = |nul| Treatment { nul, ..Treatment::default() };
    let cases = [
        (Kind::Text, r#""a\u0000b""#, "a\u{fffd}b", "ab"),
        (Kind::Jsonb, r#"{"x\u0000":["\u0000"]}"#, r#"{"x\ufffd":["\ufffd"]}"#, r#"{"x":[""]}"#),
        // A backslash before it makes it six characters like any others.
        (Kind::Jsonb, r#""\\u0000""#, r#""\\u0000""#, r#""\\u0000""#),
    ];
    for (kind, json, replaced, removed) in cases {
        let replace = value_with(json, kind, with(TreatmentOfNul::Replace));
        assert_eq!(replace, Ok(Some(replaced.to_owned())));
        let remove = value_with(json, kind, with(TreatmentOfNul::Remove));
        assert_eq!(remove, Ok(Some(removed.to_owned())));
        let error = value_with(json, kind, with(TreatmentOfNul::Error));
        assert_eq!(error.is_err(), json.contains("\"a") || json.contains('x'), "{json}");
    }
}

#[test]
fn half_a_surrogate_pair_is_replaced_and_counted() {
    let table = table_of(Kind::Jsonb);
    let mut encoder = Encoder::new(&table, Treatment::default());
    let record =
        r#"{"v":{"a":"\ud800","b":"\udc00x","c":"\ud800\ud83d\ude00","d":"\ud83dA\u0000"}}"#;
    let (rows, _) = load(&mut encoder, &table, &[record]).unwrap();
    let expected = r#"{"a":"\ufffd","b":"\ufffdx","c":"\ufffd\ud83d\ude00","d":"\ufffdA\ufffd"}"#;
    assert_eq!(rows[0][0].as_deref(), Some(expected));
    assert_eq!((encoder.counts().surrogates, encoder.counts().nul), (4, 1));
    assert_values(Kind::Text, &[(r#""\ud800""#, "\u{fffd}"), (r#""\ud800\u0041""#, "\u{fffd}A")]);
}

#[test]
fn json_is_passed_on_unless_the_server_could_not_read_it() {
    assert_values(
        Kind::Jsonb,
        &[("1.10", "1.10"), ("1e400", "1e400"), (r#" [1, {"a":true}] "#, r#"[1, {"a":true}]"#)],
    );
    for json in ["1e131072", r#"{"a":[1,1e-16384]}"#, r#"["\"e",1E200000]"#] {
        assert_eq!(value(json, Kind::Jsonb), Err(Reason::Number(Kind::Jsonb)), "{json}");
    }
    let long = format!("[{}]", "9".repeat(131_073));
    assert_eq!(value(&long, Kind::Jsonb), Err(Reason::Number(Kind::Jsonb)));
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(value(&nested(DEEPEST), Kind::Jsonb).is_ok());
    assert_eq!(value(&nested(DEEPEST + 1), Kind::Jsonb), Err(Reason::Deep));
}

#[test]
fn times_are_read_as_taps_write_them() {
    assert_values(
        Kind::Timestamptz,
        &[
            ("\"2026-01-02T03:04:05Z\"", "2026-01-02 03:04:05.000000+00"),
            ("\"2026-01-02 03:04:05\"", "2026-01-02 03:04:05.000000+00"),
            ("\"2026-01-02t03:04:05.123456789z\"", "2026-01-02 03:04:05.123457+00"),
            ("\"2026-01-02T03:04+02:00\"", "2026-01-02 01:04:00.000000+00"),
            ("\"2026-01-02T03:04:05.5-0330\"", "2026-01-02 06:34:05.500000+00"),
            ("\"2026-01-02 03:04:05 +00\"", "2026-01-02 03:04:05.000000+00"),
            ("\"2026-01-02\"", "2026-01-02 00:00:00.000000+00"),
            ("\"2026-12-31T23:59:59.9999999Z\"", "2027-01-01 00:00:00.000000+00"),
            ("\"2026-12-31T23:59:60Z\"", "2027-01-01 00:00:00.000000+00"),
            ("\"2026-12-31T24:00:00Z\"", "2027-01-01 00:00:00.000000+00"),
            ("\"0001-01-01T00:00:00Z\"", "0001-01-01 00:00:00.000000+00"),
            ("\"2024-02-29T00:00:00\\u005a\"", "2024-02-29 00:00:00.000000+00"),
            ("\"294276-12-31T23:59:59.999999Z\"", "9223371331199999999 microseconds"),
        ],
    );
    assert_values(
        Kind::Date,
        &[("\"2026-01-02\"", "2026-01-02"), ("\"2026-01-02T00:00:00Z\"", "2026-01-02")],
    );
    assert_eq!(value("\"2026-01-02T10:00:00Z\"", Kind::Date), Err(Reason::TimeOfDay));
    assert_values(
        Kind::Time,
        &[
            ("\"10:20\"", "10:20:00.000000"),
            ("\"01:00:00+02:00\"", "23:00:00.000000"),
            ("\"24:00:00\"", "24:00:00.000000"),
        ],
    );
}

#[test]
fn what_is_no_time_is_refused_or_treated_and_counted() {
    let times = ["", "0000-01-01T00:00:00Z", "2026-02-29", "2026-13-01", "294277-01-01", "soon"];
    for time in times {
        let json = format!("\"{time}\"");
        let of = |dates| {
            value_with(&json, Kind::Timestamptz, Treatment { dates, ..Treatment::default() })
        };
        assert_eq!(of(TreatmentOfDates::Error), Err(Reason::Moment(Kind::Timestamptz)), "{time}");
        assert_eq!(of(TreatmentOfDates::Null), Ok(None));
        let last = "9999-12-31 23:59:59.999999+00".to_owned();
        assert_eq!(of(TreatmentOfDates::Max), Ok(Some(last)));
    }
    let max = Treatment { dates: TreatmentOfDates::Max, ..Treatment::default() };
    let of = |kind| value_with("\"?\"", kind, max).unwrap().unwrap();
    assert_eq!(of(Kind::Date), "9999-12-31");
    assert_eq!(of(Kind::Time), "23:59:59.999999");
    let table = table_of(Kind::Date);
    let mut encoder = Encoder::new(&table, max);
    load(&mut encoder, &table, &[r#"{"v":"x"}"#, r#"{"v":"2026-01-01"}"#]).unwrap();
    assert_eq!(encoder.counts().dates, 1);
}

#[test]
fn identifiers_and_bytes_are_read_from_text() {
    let uuid = "5f2c1f0a-0b1c-4d2e-8f3a-0123456789ab";
    let upper = format!("\"{}\"", uuid.to_uppercase());
    let short = format!("\"{{{}}}\"", uuid.replace('-', ""));
    assert_values(Kind::Uuid, &[(&upper, uuid), (&short, uuid)]);
    for wrong in ["\"\"", "\"5f2c1f0a0b1c-4d2e-8f3a-0123456789ab-\"", "\"zz\""] {
        assert_eq!(value(wrong, Kind::Uuid), Err(Reason::Uuid), "{wrong}");
    }
    assert_values(Kind::Bytea(Encoding::Base16), &[("\"00fF\"", "\\x00ff"), ("\"\"", "\\x")]);
    assert_values(
        Kind::Bytea(Encoding::Base64),
        &[("\"AP8=\"", "\\x00ff"), ("\"AP8\"", "\\x00ff"), ("\"-_\\/+\"", "\\xfbfffe")],
    );
    for (wrong, encoding) in
        [("\"0\"", Encoding::Base16), ("\"A\"", Encoding::Base64), ("\"A*==\"", Encoding::Base64)]
    {
        assert_eq!(value(wrong, Kind::Bytea(encoding)), Err(Reason::Encoding), "{wrong}");
    }
}

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
    let table = Table::of(&schema(&json!({}), &[]), &rules).unwrap();
    let mut encoder = Encoder::new(&table, Treatment::default());
    let record = r#"{"_sdc_deleted_at":"2026-02-03T00:00:00Z"}"#;
    let (rows, _) = load(&mut encoder, &table, &[record, "{}"]).unwrap();
    let shown: Vec<_> = rows[0].iter().map(|value| value.as_deref().unwrap_or("-")).collect();
    assert_eq!(
        shown,
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
    assert_eq!(rows[1][3], None);
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

proptest! {
    /// The digits that went in come out, whatever the exponent does to the point.
    #[test]
    fn any_number_comes_back_digit_by_digit(
        negative in any::<bool>(), whole in "0|[1-9][0-9]{0,40}", fraction in "[0-9]{0,40}",
    ) {
        let sign = if negative { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        let number = format!("{sign}{whole}{point}{fraction}");
        let shown = value(&number, NUMERIC).unwrap().unwrap();
        let is_zero = number.bytes().all(|byte| !(b'1'..=b'9').contains(&byte));
        let expected = if is_zero { number.trim_start_matches('-') } else { &number };
        prop_assert_eq!(shown, expected);
    }

    #[test]
    fn an_exponent_moves_the_point(digits in "[1-9][0-9]{0,20}", exponent in -60..60_i32) {
        let shown = value(&format!("{digits}e{exponent}"), NUMERIC).unwrap().unwrap();
        let moved = if exponent >= 0 {
            format!("{digits}{}", "0".repeat(exponent.try_into().unwrap()))
        } else {
            let places = usize::try_from(-exponent).unwrap();
            let padded = format!("{digits:0>width$}", width = places + 1);
            let (whole, fraction) = padded.split_at(padded.len() - places);
            format!("{whole}.{fraction}")
        };
        prop_assert_eq!(shown, moved);
    }

    #[test]
    fn any_integer_comes_back(number in any::<i64>()) {
        let shown = value(&number.to_string(), Kind::BigInt).unwrap().unwrap();
        prop_assert_eq!(shown, number.to_string());
    }

    /// `chrono` is the oracle.
    #[test]
    fn any_instant_comes_back(
        seconds in -62_135_596_800..=253_402_300_799_i64, micros in 0..1_000_000_u32, hours in -12..=14_i32,
    ) {
        let time = DateTime::<Utc>::from_timestamp(seconds, micros * 1_000).unwrap();
        let offset = chrono::FixedOffset::east_opt(hours * 3_600).unwrap();
        let local = time.with_timezone(&offset);
        prop_assume!((1..=9_999).contains(&chrono::Datelike::year(&local)));
        let json = format!("\"{}\"", local.to_rfc3339());
        let shown = value(&json, Kind::Timestamptz).unwrap().unwrap();
        prop_assert_eq!(shown, time.format("%Y-%m-%d %H:%M:%S%.6f+00").to_string());
    }

    #[test]
    fn any_date_comes_back_and_no_other_is_read(
        year in 1..=9_999_i32, month in 1..=13_u32, day in 0..=32_u32,
    ) {
        let shown = value(&format!("\"{year:04}-{month:02}-{day:02}\""), Kind::Date);
        let expected = NaiveDate::from_ymd_opt(year, month, day)
            .map(|date| Some(date.to_string()))
            .ok_or(Reason::Moment(Kind::Date));
        prop_assert_eq!(shown, expected);
    }

    /// `serde_json` is the oracle.
    #[test]
    fn any_text_comes_back(text in "\\PC*|(\\\\|\"|[a-zé😀\n\t\u{1}])*", ascii in any::<bool>()) {
        let mut json = serde_json::to_string(&text).unwrap();
        if ascii {
            let escaped = |unit: u16| {
                let character = char::from_u32(u32::from(unit)).filter(char::is_ascii);
                character.map_or_else(|| format!("\\u{unit:04x}"), String::from)
            };
            json = json.encode_utf16().map(escaped).collect::<Vec<_>>().concat();
        }
        let of_text = value(&json, Kind::Text).unwrap().unwrap();
        prop_assert_eq!(&of_text, &text);
        let of_json = value(&json, Kind::Jsonb).unwrap().unwrap();
        prop_assert_eq!(of_json, json);
    }

    /// Whatever bytes a string has, no time is read that is not one, and nothing panics.
    #[test]
    fn any_text_is_a_time_or_refused(text in "[0-9T: .Z+-]{0,30}") {
        let json = serde_json::to_string(&text).unwrap();
        for kind in [Kind::Timestamptz, Kind::Date, Kind::Time] {
            let _ = value(&json, kind);
        }
    }

    /// Broken escapes cannot come through `RawValue`, but the code that reads them must not rely on it.
    #[test]
    fn any_bytes_between_quotes_are_read_without_a_panic(bytes in "[\\\\u0d8f\"]{0,20}") {
        let mut out = Vec::new();
        let _ = text::unescaped(bytes.as_bytes(), TreatmentOfNul::Replace, &mut Counts::default(), &mut out);
        let _ = text::cleaned(bytes.as_bytes(), TreatmentOfNul::Replace, &mut Counts::default(), &mut out);
    }
}
