//! What holds for any value, with another reader as the oracle.

use chrono::{NaiveDate, Utc};
use proptest::prelude::*;

use super::*;

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
