//! JSON the way `jsonb` writes it.
//!
//! `jsonb` keeps no white space and no order of members: it writes one space behind each colon and
//! comma, and the shorter of two names first. What needs more thought than that (an escape, an exponent,
//! a name that comes twice) is left to the server.

use memchr::memchr;

use crate::copy::cursor::Cursor;

/// How deep JSON may be nested to be thought about.
const DEEPEST: usize = 16;

/// Appends `json` as `jsonb` would write it; nothing, or a part, where that is not known for certain.
pub(super) fn append(json: &[u8], out: &mut Vec<u8>) -> Option<()> {
    match memchr(b'\\', json) {
        None => append_value(json, 0, out),
        Some(_) => None,
    }
}

fn append_value(json: &[u8], depth: usize, out: &mut Vec<u8>) -> Option<()> {
    match json.first()? {
        b'{' if depth < DEEPEST => append_object(json, depth + 1, out),
        b'[' if depth < DEEPEST => append_array(json, depth + 1, out),
        b'-' | b'0'..=b'9' => append_number(json, out),
        b'"' | b't' | b'f' | b'n' => {
            out.extend_from_slice(json);
            Some(())
        }
        _ => None,
    }
}

/// Numbers keep their digits, also zeros at the end; but there is no zero less than zero.
fn append_number(json: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let is_plain = json.iter().all(|byte| matches!(byte, b'-' | b'.' | b'0'..=b'9'));
    let is_zero = !json.iter().any(|byte| matches!(byte, b'1'..=b'9'));
    (is_plain && !(is_zero && json.starts_with(b"-"))).then(|| out.extend_from_slice(json))
}

fn append_array(json: &[u8], depth: usize, out: &mut Vec<u8>) -> Option<()> {
    let mut cursor = Cursor::new(json);
    cursor.take(b'[')?;
    out.push(b'[');
    if cursor.take(b']').is_none() {
        loop {
            append_value(cursor.value()?.of(json).text, depth, out)?;
            if cursor.take_either(b',', b']')? == b']' {
                break;
            }
            out.extend_from_slice(b", ");
        }
    }
    out.push(b']');
    Some(())
}

fn append_object(json: &[u8], depth: usize, out: &mut Vec<u8>) -> Option<()> {
    let mut cursor = Cursor::new(json);
    cursor.take(b'{')?;
    // Names with their closing quotes, and values.
    let mut members: Vec<(&[u8], &[u8])> = Vec::new();
    if cursor.take(b'}').is_none() {
        loop {
            cursor.take(b'"')?;
            let (name, _) = cursor.rest_of_string()?;
            cursor.take(b':')?;
            members.push((name, cursor.value()?.of(json).text));
            if cursor.take_either(b',', b'}')? == b'}' {
                break;
            }
        }
    }
    members.sort_unstable_by_key(|(name, _)| (name.len(), *name));
    if members.windows(2).any(|two| matches!(two, [(one, _), (other, _)] if one == other)) {
        return None;
    }
    let mut before: &[u8] = b"{\"";
    for (name, value) in &members {
        out.extend_from_slice(before);
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        append_value(value, depth, out)?;
        before = b", \"";
    }
    out.extend_from_slice(if members.is_empty() { b"{}" } else { b"}" });
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(json: &str) -> Option<String> {
        let mut out = Vec::new();
        append(json.as_bytes(), &mut out)?;
        Some(String::from_utf8(out).unwrap())
    }

    /// The right sides are what PostgreSQL 15 answers to `SELECT '…'::jsonb`.
    #[test]
    fn json_is_written_as_jsonb_writes_it() {
        let cases = [
            ("{}", "{}"),
            ("[ ]", "[]"),
            ("null", "null"),
            ("\"a b\"", "\"a b\""),
            ("-0.50", "-0.50"),
            ("[1,[2 ,3.10],{}]", "[1, [2, 3.10], {}]"),
            (
                r#"{"CurrencyCode":"EUR","Amount":"1.10"}"#,
                r#"{"Amount": "1.10", "CurrencyCode": "EUR"}"#,
            ),
            (r#"{"b":{"zz":1,"é":true},"a":[]}"#, r#"{"a": [], "b": {"zz": 1, "é": true}}"#),
            (r#"{"bb":1,"c":2,"":3}"#, r#"{"": 3, "c": 2, "bb": 1}"#),
        ];
        for (json, expected) in cases {
            assert_eq!(canonical(json).as_deref(), Some(expected), "{json}");
        }
    }

    #[test]
    fn what_jsonb_would_write_in_other_words_is_left_alone() {
        let deep = format!("{}{}", "[".repeat(DEEPEST + 1), "]".repeat(DEEPEST + 1));
        for json in [r#""\u00e9""#, r#"{"a":1,"a":1}"#, "1e2", "-0", "[-0.00]", &deep] {
            assert_eq!(canonical(json), None, "{json}");
        }
    }
}
