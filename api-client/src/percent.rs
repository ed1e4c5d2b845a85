//! Percent-encoding of one value, for a path segment or a query alike.
//!
//! Encoding everything but RFC 3986's unreserved characters is right in both places, so there is
//! one rule and no table: a `+` that stays a plus sign, a `/` inside a value that is no separator,
//! a space as `%20` (the `+` of HTML forms means a space only to servers that expect forms).

use std::fmt::Write;

/// The value with every byte outside `A-Z a-z 0-9 - . _ ~` written as `%XX`.
pub(crate) fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::encoded;

    #[test]
    fn reserved_and_foreign_characters_are_encoded_once() {
        assert_eq!(encoded("a b/c#d+e=f"), "a%20b%2Fc%23d%2Be%3Df");
        assert_eq!(encoded("Größe 5%"), "Gr%C3%B6%C3%9Fe%205%25");
        assert_eq!(encoded("A-z0._~"), "A-z0._~");
    }

    proptest! {
        #[test]
        fn an_encoded_segment_stays_one_segment_and_decodes_to_the_value(value in "\\PC{1,20}") {
            prop_assume!(value != "." && value != "..");
            let url = url::Url::parse(&format!("http://h/x/{}/y?q={}", encoded(&value), encoded(&value))).unwrap();
            prop_assert_eq!(url.path_segments().unwrap().count(), 3);
            prop_assert_eq!(url.fragment(), None);
            let (_, query) = url.query_pairs().next().unwrap();
            prop_assert_eq!(query.as_ref(), value.as_str());
        }
    }
}
