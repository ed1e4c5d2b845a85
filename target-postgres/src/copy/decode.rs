//! Rows of binary COPY as text, for tests: a second reading of the format that shares nothing with the
//! encoder, and shows values as `psql` would.

use std::fmt::Write;

use chrono::{DateTime, Days, NaiveDate, TimeDelta};

use crate::kind::Kind;

/// The fields of every row in `rows`, which hold neither header nor trailer; nothing is null.
pub(crate) fn rows(mut rows: &[u8], kinds: &[Kind]) -> Vec<Vec<Option<String>>> {
    let mut decoded = Vec::new();
    while !rows.is_empty() {
        let count = take(&mut rows, 2);
        assert_eq!(usize::from(u16::from_be_bytes(count.try_into().unwrap())), kinds.len());
        let fields = kinds.iter().map(|kind| {
            let length = i32::from_be_bytes(take(&mut rows, 4).try_into().unwrap());
            (length >= 0).then(|| field(take(&mut rows, length.try_into().unwrap()), *kind))
        });
        decoded.push(fields.collect());
    }
    decoded
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

/// One value as text.
fn field(bytes: &[u8], kind: Kind) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let long = || i64::from_be_bytes(bytes.try_into().unwrap());
    let epoch = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
    match kind {
        Kind::Boolean => ["f", "t"][usize::from(bytes[0])].to_owned(),
        Kind::SmallInt => i16::from_be_bytes(bytes.try_into().unwrap()).to_string(),
        Kind::Integer => i32::from_be_bytes(bytes.try_into().unwrap()).to_string(),
        Kind::BigInt => long().to_string(),
        Kind::Numeric(_) => numeric(bytes),
        Kind::Real => f32::from_be_bytes(bytes.try_into().unwrap()).to_string(),
        Kind::Double => f64::from_be_bytes(bytes.try_into().unwrap()).to_string(),
        Kind::Text | Kind::Varchar(_) | Kind::Character(_) | Kind::Json => text(bytes),
        Kind::Timestamptz | Kind::Timestamp => {
            match epoch.checked_add_signed(TimeDelta::microseconds(long())) {
                Some(time) if kind == Kind::Timestamp => {
                    time.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
                }
                Some(time) => DateTime::<chrono::Utc>::from_naive_utc_and_offset(time, chrono::Utc)
                    .format("%Y-%m-%d %H:%M:%S%.6f+00")
                    .to_string(),
                None => format!("{} microseconds", long()),
            }
        }
        Kind::Date => {
            let days = i32::from_be_bytes(bytes.try_into().unwrap());
            let date = epoch.date();
            let moved = if days < 0 {
                date.checked_sub_days(Days::new(u64::from(days.unsigned_abs())))
            } else {
                date.checked_add_days(Days::new(u64::from(days.unsigned_abs())))
            };
            moved.map_or_else(|| format!("{days} days"), |date| date.to_string())
        }
        Kind::Time => {
            let micros = long();
            let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
            format!(
                "{:02}:{:02}:{:02}.{micros:06}",
                seconds / 3600,
                seconds / 60 % 60,
                seconds % 60
            )
        }
        Kind::Uuid => {
            let digits = hexadecimal(bytes);
            let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part).unwrap());
            parts.join("-")
        }
        Kind::Jsonb => {
            assert_eq!(bytes[0], 1, "the version of jsonb");
            text(&bytes[1..])
        }
        Kind::Bytea(_) => format!("\\x{}", hexadecimal(bytes)),
    }
}

/// Two digits a byte.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// A `numeric` in full, with as many digits after the point as it says.
pub(crate) fn numeric(bytes: &[u8]) -> String {
    let word = |index: usize| i16::from_be_bytes([bytes[index * 2], bytes[index * 2 + 1]]);
    let (count, weight, scale) = (word(0), i64::from(word(1)), usize::try_from(word(3)).unwrap());
    assert_eq!(bytes.len(), 8 + 2 * usize::try_from(count).unwrap());
    // The digits to the base 10,000 from 10,000^max(weight, 0) down, as four decimal digits each.
    let mut digits = String::new();
    let lowest = -i64::try_from(scale.div_ceil(4)).unwrap();
    for power in (lowest..=weight.max(0)).rev() {
        let index = weight - power;
        let group = if (0..i64::from(count)).contains(&index) {
            word(4 + usize::try_from(index).unwrap())
        } else {
            0
        };
        assert!((0..10_000).contains(&group));
        write!(digits, "{group:04}").unwrap();
    }
    let last_power = weight - i64::from(count) + 1;
    assert!(count == 0 || last_power >= lowest, "digits that the scale does not show");
    let whole = usize::try_from((weight.max(0) + 1) * 4).unwrap();
    let (whole, fraction) = digits.split_at(whole);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = match word(2) {
        0 => "",
        0x4000 => "-",
        other => panic!("sign {other}"),
    };
    if scale == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{}", fraction.get(..scale).unwrap())
    }
}
