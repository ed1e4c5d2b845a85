//! What tells one key from another, before the database does.
//!
//! A batch must hold each key once. Keys that the database takes for the same must be the same here, or
//! it refuses the batch; keys that it tells apart must differ here, or a row is lost.

use crate::copy::cursor::{Json, Raw};
use crate::copy::encoder::{Counts, TreatmentOfNul};
use crate::copy::number::numeric;
use crate::copy::text;
use crate::kind::Kind;

/// Appends the key bytes of a field to those of its record; `field` is what stands behind its length.
pub(super) fn append(field: &[u8], kind: Kind, key: &mut Vec<u8>) {
    let start = key.len();
    key.extend([0; 4]);
    match kind {
        Kind::Numeric(_) => without_scale(field, key),
        // Padded with spaces, which do not count.
        Kind::Character(_) => key.extend_from_slice(trimmed(field)),
        // Zero has two signs.
        Kind::Double if is_zero(field) => key.extend([0; 8]),
        Kind::Real if is_zero(field) => key.extend([0; 4]),
        Kind::Jsonb => json(field.get(1..).unwrap_or_default(), key),
        _ => key.extend_from_slice(field),
    }
    // The length keeps (`ab`, `c`) from being (`a`, `bc`).
    let length = u32::try_from(key.len() - start - 4).unwrap_or(u32::MAX);
    if let Some(place) = key.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

/// A `numeric` but for how many digits it shows: 1.0 is 1.
fn without_scale(numeric: &[u8], key: &mut Vec<u8>) {
    key.extend_from_slice(numeric.get(..6).unwrap_or_default());
    key.extend_from_slice(numeric.get(8..).unwrap_or_default());
}

/// Text without the spaces at its end.
fn trimmed(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}

/// Whether a number of floating point is zero.
fn is_zero(number: &[u8]) -> bool {
    number.split_first().is_some_and(|(first, rest)| {
        matches!(first, 0 | 0x80) && rest.iter().all(|byte| *byte == 0)
    })
}

/// A scalar of JSON by its value; an object or array by its text, so that one that is written in two
/// ways counts as two.
fn json(text: &[u8], key: &mut Vec<u8>) {
    let raw = Raw { text, escaped: true, exponent: false, deep: false };
    match raw.json() {
        Json::String(text) => {
            key.push(b'"');
            // Nothing is left to replace: the field was cleaned when it was written.
            let _ = text::unescaped(text, TreatmentOfNul::Replace, &mut Counts::default(), key);
        }
        Json::Number(text) => {
            key.push(b'0');
            let mut number = Vec::new();
            let _ = numeric(text, None, &mut number);
            without_scale(&number, key);
        }
        _ => key.extend_from_slice(text),
    }
}
