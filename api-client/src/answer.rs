//! What an API answered.

use std::fmt;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::error::Category;

use crate::error::Error;

/// The headers of an answer, read only. `Debug` shows their names and no value.
#[derive(Clone, Default)]
pub struct Headers(HeaderMap);

impl Headers {
    /// Takes over the transport's headers.
    pub(crate) fn new(headers: HeaderMap) -> Self {
        Self(headers)
    }

    /// The first value of a header whose name is given in any case; `None` also for a value that is
    /// not visible ASCII.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|value| value.to_str().ok())
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Headers {
    /// Headers by hand, to try a [`Dialect`](crate::Dialect) out; what HTTP does not allow is left
    /// out.
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        let header = |(name, value): (&str, &str)| {
            HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok())
        };
        Self(pairs.into_iter().filter_map(header).collect())
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.0.keys().map(HeaderName::as_str)).finish()
    }
}

/// A successful answer (2xx). `Debug` shows neither header values nor the body.
#[derive(Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Headers,
    /// The whole body, as it was sent: never decompressed, possibly empty.
    pub body: Bytes,
    /// The API's own name for what was called, for messages.
    pub(crate) operation: &'static str,
}

impl Answer {
    /// The body, read as JSON; it may borrow from the answer (`&str`, `&RawValue`).
    ///
    /// # Errors
    /// [`Error::Undecodable`] with the place in the body, never with what is there: serde's own
    /// text repeats the value that it did not expect.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Undecodable {
            operation: self.operation,
            problem: match error.classify() {
                Category::Syntax => "it is not JSON",
                Category::Eof => "it ends too early",
                Category::Data => "a value of another type was expected",
                Category::Io => "it could not be read",
            },
            line: error.line(),
            column: error.column(),
        })
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Answer")
            .field("operation", &self.operation)
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &'static str) -> Answer {
        Answer { status: 200, headers: Headers::default(), body: body.into(), operation: "getItem" }
    }

    #[test]
    fn json_may_borrow_from_the_answer() {
        let answer = answer(r#"["a","b"]"#);
        assert_eq!(answer.json::<Vec<&str>>().unwrap(), ["a", "b"]);
    }

    #[test]
    fn an_unexpected_value_is_placed_and_not_repeated() {
        let error = answer("[1,\n\"hunter2\"]").json::<Vec<u8>>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "getItem: the answer cannot be read: a value of another type was expected at line 2 column 9"
        );
        assert!(!format!("{error:?}").contains("hunter2"));
        let error = answer("<html>").json::<u8>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "getItem: the answer cannot be read: it is not JSON at line 1 column 1"
        );
    }

    #[test]
    fn debug_shows_neither_values_nor_the_body() {
        let headers = Headers::from_iter([("Set-Cookie", "hunter2")]);
        assert_eq!(headers.get("set-COOKIE"), Some("hunter2"));
        let answer = Answer { headers, ..answer("hunter2") };
        let text = format!("{answer:?}");
        assert!(text.contains("set-cookie") && !text.contains("hunter2"), "{text}");
    }
}
