//! Cells written as JSON values.
//!
//! A typed value is checked and keeps its own digits; what does not fit is refused with a word for
//! what was expected, never with the value.

use serde_json::Value;

/// Why a cell was refused: what it should have been, with its article.
pub(crate) type Expected = &'static str;

/// The type that a schema declares for a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// A decimal number.
    Number,
    /// Yes or no.
    Boolean,
    /// A day.
    Date,
    /// A moment, with its offset from UTC.
    DateTime,
    /// Anything else: objects and lists.
    Other,
}

impl Kind {
    /// The type of a property's schema: the first in its list that is not null.
    pub(crate) fn declared(schema: &Value) -> Self {
        let kind = match schema.get("type") {
            Some(Value::Array(types)) => {
                types.iter().filter_map(Value::as_str).find(|kind| *kind != "null")
            }
            Some(kind) => kind.as_str(),
            None => None,
        };
        match (kind, schema.get("format").and_then(Value::as_str)) {
            (Some("string"), Some("date-time")) => Self::DateTime,
            (Some("string"), Some("date")) => Self::Date,
            (Some("string"), _) => Self::Text,
            (Some("integer"), _) => Self::Integer,
            (Some("number"), _) => Self::Number,
            (Some("boolean"), _) => Self::Boolean,
            _ => Self::Other,
        }
    }
}

/// Writes a cell as a value of a type; an empty cell is null.
pub(crate) fn write(out: &mut Vec<u8>, cell: &[u8], kind: Kind) -> Result<(), Expected> {
    if cell.is_empty() {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    match kind {
        Kind::Text | Kind::Other => {
            string(out, cell);
            Ok(())
        }
        _ => typed(out, cell.trim_ascii(), kind),
    }
}

/// Writes a trimmed cell as a value of a type that not every text has.
fn typed(out: &mut Vec<u8>, cell: &[u8], kind: Kind) -> Result<(), Expected> {
    if cell.is_empty() {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    match kind {
        Kind::Integer => number(out, cell, Fraction::Refused).ok_or("an integer"),
        Kind::Number => number(out, cell, Fraction::Allowed).ok_or("a number"),
        Kind::Boolean => boolean(out, cell).ok_or("a yes or a no"),
        Kind::Date => quoted(out, cell, is_date(cell)).ok_or("a date as YYYY-MM-DD"),
        Kind::DateTime => {
            quoted(out, cell, is_date_time(cell)).ok_or("a date and time with an offset")
        }
        Kind::Text | Kind::Other => {
            string(out, cell);
            Ok(())
        }
    }
}

/// Writes text as a JSON string.
pub(crate) fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| needs_escape(*byte)) {
        let (plain, from) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, after)) = from.split_first() else { break };
        escape(out, *byte);
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Whether a byte of UTF-8 text cannot stand in a JSON string as it is.
fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Writes the escape of a byte that needs one.
fn escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        control => {
            let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
            out.extend_from_slice(b"\\u00");
            out.push(digit(control >> 4));
            out.push(digit(control & 0xf));
        }
    }
}

/// Whether a number may have digits behind its point.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fraction {
    /// It may.
    Allowed,
    /// It may not: the number is an integer.
    Refused,
}

/// Writes a decimal number as JSON with all its digits, or nothing where it is none.
///
/// JSON allows neither a plus sign, nor a zero in front, nor a bare point: these are put right, as
/// no digit of worth is lost. A comma is never taken for a point.
pub(crate) fn number(out: &mut Vec<u8>, cell: &[u8], fraction: Fraction) -> Option<()> {
    let (negative, digits) = match cell.split_first()? {
        (b'-', digits) => (true, digits),
        (b'+', digits) => (false, digits),
        _ => (false, cell),
    };
    let point = digits.iter().position(|byte| *byte == b'.');
    let (whole, decimals) = match point {
        Some(at) => (digits.get(..at)?, digits.get(at + 1..)?),
        None => (digits, digits.get(..0)?),
    };
    let all_digits = whole.iter().chain(decimals).all(u8::is_ascii_digit);
    let refused = point.is_some() && fraction == Fraction::Refused;
    if !all_digits || refused || (whole.is_empty() && decimals.is_empty()) {
        return None;
    }
    if negative {
        out.push(b'-');
    }
    let zeros = whole.iter().take_while(|byte| **byte == b'0').count();
    match whole.get(zeros..) {
        Some(significant) if !significant.is_empty() => out.extend_from_slice(significant),
        _ => out.push(b'0'),
    }
    if !decimals.is_empty() {
        out.push(b'.');
        out.extend_from_slice(decimals);
    }
    Some(())
}

/// Writes a boolean in one of the spellings that Amazon's reports use.
fn boolean(out: &mut Vec<u8>, cell: &[u8]) -> Option<()> {
    let is = |words: [&str; 3]| words.iter().any(|word| cell.eq_ignore_ascii_case(word.as_bytes()));
    let text: &[u8] = if is(["true", "yes", "y"]) {
        b"true"
    } else if is(["false", "no", "n"]) {
        b"false"
    } else {
        return None;
    };
    out.extend_from_slice(text);
    Some(())
}

/// Writes a text that needs no escape, if it is what it should be.
fn quoted(out: &mut Vec<u8>, cell: &[u8], fits: bool) -> Option<()> {
    fits.then(|| {
        out.push(b'"');
        out.extend_from_slice(cell);
        out.push(b'"');
    })
}

/// The number that ASCII digits stand for; `None` for anything else, and for too many digits.
fn digits(text: &[u8], count: usize) -> Option<u32> {
    if text.len() != count || count > 9 {
        return None;
    }
    text.iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

/// Whether a text is a day of the calendar as `YYYY-MM-DD`.
fn is_date(text: &[u8]) -> bool {
    let Some((year, rest)) = text.split_at_checked(4) else { return false };
    let (Some((b'-', rest)), Some(year)) = (rest.split_first(), digits(year, 4)) else {
        return false;
    };
    let Some((month, rest)) = rest.split_at_checked(2) else { return false };
    let (Some((b'-', day)), Some(month)) = (rest.split_first(), digits(month, 2)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    digits(day, 2).is_some_and(|day| (1..=longest).contains(&day))
}

/// Whether a text is a moment as RFC 3339 writes it, with a `T` and an offset.
fn is_date_time(text: &[u8]) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else { return false };
    let Some((b'T', rest)) = rest.split_first() else { return false };
    let Some((time, rest)) = rest.split_at_checked(8) else { return false };
    let [h1, h2, b':', m1, m2, b':', s1, s2] = time else { return false };
    let below =
        |tens: &u8, ones: &u8, limit| digits(&[*tens, *ones], 2).is_some_and(|value| value < limit);
    let fraction = match rest.split_first() {
        Some((b'.', decimals)) => {
            let count = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if count == 0 {
                return false;
            }
            count + 1
        }
        _ => 0,
    };
    let offset = match rest.get(fraction..) {
        Some(b"Z") => true,
        Some([b'+' | b'-', a, b, b':', c, d]) => below(a, b, 24) && below(c, d, 60),
        _ => false,
    };
    is_date(date) && below(h1, h2, 24) && below(m1, m2, 60) && below(s1, s2, 60) && offset
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate};
    use proptest::prelude::*;

    use super::*;

    fn written(cell: &str, kind: Kind) -> Result<String, Expected> {
        let mut out = Vec::new();
        write(&mut out, cell.as_bytes(), kind)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn an_empty_cell_is_null_whatever_its_type() {
        for kind in [Kind::Text, Kind::Integer, Kind::Number, Kind::Boolean, Kind::DateTime] {
            assert_eq!(written("", kind), Ok("null".into()));
        }
        assert_eq!(written("  ", Kind::Integer), Ok("null".into()));
        assert_eq!(written("  ", Kind::Text), Ok("\"  \"".into()));
    }

    #[test]
    fn a_number_keeps_its_digits_and_loses_only_what_json_forbids() {
        for (cell, json) in [
            ("12345678901234567890.1200", "12345678901234567890.1200"),
            (" +007.50 ", "7.50"),
            (".5", "0.5"),
            ("-.5", "-0.5"),
            ("5.", "5"),
            ("000", "0"),
            ("-0.00", "-0.00"),
        ] {
            assert_eq!(written(cell, Kind::Number), Ok(json.into()), "{cell}");
            assert!(serde_json::from_str::<serde_json::Value>(json).is_ok());
        }
        for cell in ["1,5", "1.2.3", ".", "-", "+", "1e5", "NaN", "--1", "1 000", "٣"] {
            assert_eq!(written(cell, Kind::Number), Err("a number"), "{cell}");
        }
        assert_eq!(written("007", Kind::Integer), Ok("7".into()));
        for cell in ["1.0", "1.", "x"] {
            assert_eq!(written(cell, Kind::Integer), Err("an integer"), "{cell}");
        }
    }

    #[test]
    fn booleans_are_read_in_amazons_spellings() {
        assert_eq!(written("True", Kind::Boolean), Ok("true".into()));
        assert_eq!(written("n", Kind::Boolean), Ok("false".into()));
        assert_eq!(written("1", Kind::Boolean), Err("a yes or a no"));
    }

    #[test]
    fn moments_are_kept_as_written() {
        for cell in ["2017-06-17T08:04:21+00:00", "2024-02-29T23:59:59.123Z"] {
            assert_eq!(written(cell, Kind::DateTime), Ok(format!("\"{cell}\"")));
        }
        for cell in ["2017-06-17", "2017-06-17 08:04:21", "2023-02-29T00:00:00Z", "17/06/2017"] {
            assert!(written(cell, Kind::DateTime).is_err(), "{cell}");
        }
        assert_eq!(written("2024-02-29", Kind::Date), Ok("\"2024-02-29\"".into()));
        assert!(written("2000-02-29", Kind::Date).is_ok());
        for cell in ["2023-02-29", "1900-02-29", "2024-00-01", "2024-1-01"] {
            assert_eq!(written(cell, Kind::Date), Err("a date as YYYY-MM-DD"), "{cell}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_from_its_json(text in "\\PC*|[\\x00-\\x7f]*") {
            let mut out = Vec::new();
            string(&mut out, text.as_bytes());
            let read: String = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(read, text);
        }

        #[test]
        fn a_number_that_is_accepted_is_json_of_the_same_value(text in "[-+]?[0-9]{0,6}(\\.[0-9]{0,4})?") {
            let mut out = Vec::new();
            if number(&mut out, text.as_bytes(), Fraction::Allowed).is_some() {
                let read: f64 = serde_json::from_slice(&out).unwrap();
                let meant: f64 = text.parse().unwrap();
                prop_assert!((read - meant).abs() < f64::EPSILON);
            } else {
                prop_assert!(text.parse::<f64>().is_err());
            }
        }

        #[test]
        fn chrono_agrees_on_what_is_a_day(text in "[0-9]{4}-[0-3][0-9]-[0-3][0-9]") {
            let oracle = NaiveDate::parse_from_str(&text, "%Y-%m-%d").is_ok();
            prop_assert_eq!(is_date(text.as_bytes()), oracle);
        }

        #[test]
        fn chrono_agrees_on_what_is_a_moment(
            text in "2024-0[1-9]-[0-2][0-9]T[0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{1,3})?(Z|[+-][0-2][0-9]:[0-6][0-9])"
        ) {
            let oracle = DateTime::parse_from_rfc3339(&text).is_ok();
            prop_assert_eq!(is_date_time(text.as_bytes()), oracle);
        }
    }
}
