//! What stands for a record: the SHA-256 of its text as Python's `json.dumps` writes it, so that a flow of
//! hotglue's can move here in the middle of its retries.

use std::fmt::Write as _;

use indexmap::IndexMap;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::path::{elements, text};

/// SHA-256 of a record, in hexadecimal, over the text that Python's `json.dumps` makes of it.
#[must_use]
pub fn hash(record: &RawValue) -> String {
    let mut text = String::new();
    dump(record, &mut text);
    hex(&Sha256::digest(text))
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Appends a value as Python writes it: a blank after commas and colons, members in their order, letters
/// beyond ASCII as escapes, numbers as they came.
fn dump(value: &RawValue, out: &mut String) {
    let json = value.get();
    match json.as_bytes().first() {
        Some(b'{') => {
            let members: IndexMap<String, &RawValue> =
                serde_json::from_str(json).unwrap_or_default();
            let mut separator = "{";
            for (name, value) in &members {
                out.push_str(separator);
                dump_text(name, out);
                out.push_str(": ");
                dump(value, out);
                separator = ", ";
            }
            out.push_str(if members.is_empty() { "{}" } else { "}" });
        }
        Some(b'[') => {
            let elements = elements(value);
            let mut separator = "[";
            for value in &elements {
                out.push_str(separator);
                dump(value, out);
                separator = ", ";
            }
            out.push_str(if elements.is_empty() { "[]" } else { "]" });
        }
        Some(b'"') => dump_text(&text(value).unwrap_or_default(), out),
        _ => out.push_str(json),
    }
}

/// Appends a string as Python writes it.
fn dump_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(letter),
            _ => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dumped(json: &str) -> String {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        let mut text = String::new();
        dump(raw, &mut text);
        text
    }

    #[test]
    fn a_record_is_written_as_python_writes_it() {
        // json.dumps(json.loads(…)) of Python 3.11 for each.
        for (json, expected) in [
            (
                r#"{"b":1,"a":[1,2.50,null,true],"c":{}}"#,
                r#"{"b": 1, "a": [1, 2.50, null, true], "c": {}}"#,
            ),
            (
                r#"{"t":"é €\u001f😀\/\"\n","e":[]}"#,
                r#"{"t": "\u00e9 \u20ac\u001f\ud83d\ude00/\"\n", "e": []}"#,
            ),
        ] {
            assert_eq!(dumped(json), expected);
        }
        let raw: &RawValue = serde_json::from_str("{}").unwrap();
        assert_eq!(hash(raw), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    }
}
