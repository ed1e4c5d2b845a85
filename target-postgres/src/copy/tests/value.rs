//! Values of every kind, and what is refused.

use super::*;
use crate::kind::{Encoding, Precision};

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
            ("\"2026-01-02T03:04:05.1234565Z\"", "2026-01-02 03:04:05.123457+00"),
            ("\"2026-01-02T03:04:05.12345649Z\"", "2026-01-02 03:04:05.123456+00"),
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
