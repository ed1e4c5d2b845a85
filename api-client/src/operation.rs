//! What can be called, as data, and one call of it.

use std::fmt;

use bytes::Bytes;
use secrecy::SecretString;
use serde::Serialize;

use crate::error::Error;
use crate::percent::encoded;
use crate::plan::UsagePlan;

/// An HTTP method, so that users of this crate need no HTTP library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or asks.
    Post,
    /// Changes some properties.
    Patch,
    /// Replaces.
    Put,
    /// Removes.
    Delete,
}

/// One operation of an API: a constant beside its siblings, never built by a caller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operation {
    /// The API's own name for it, in its own spelling. Messages begin with it, and calls share a
    /// place in the plan by it.
    pub name: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path below the base URL, beginning with a slash, with `{placeholders}` that each stand for
    /// a value inside one segment.
    pub path: &'static str,
    /// How often it may be called; `None` when only the limits of the whole client apply.
    pub plan: Option<UsagePlan>,
    /// Whether doing it twice is the same as doing it once. Decides whether a call whose outcome is
    /// unknown may be repeated.
    pub idempotent: bool,
}

/// One call of an [`Operation`]: its path values, query and body.
///
/// Building a call never fails; whatever is wrong with it is told by
/// [`Client::call`](crate::Client::call). `Debug` shows the operation only, because values can be
/// tokens, and bodies can be secrets.
#[derive(Clone)]
pub struct Call<'a> {
    pub(crate) operation: &'a Operation,
    path: Vec<(&'a str, String)>,
    query: Vec<(&'a str, String)>,
    body: Body,
    token: Option<SecretString>,
    class: Option<&'a str>,
}

/// What a call sends.
#[derive(Clone)]
enum Body {
    /// Nothing, and no content type.
    None,
    /// Bytes of the content type.
    Of(&'static str, Bytes),
    /// A value that could not be written as JSON.
    Unwritable,
}

/// Everything of a request that stays the same however often it is sent.
pub(crate) struct Target {
    /// Path and query, encoded.
    pub(crate) path: String,
    /// Content type and bytes.
    pub(crate) body: Option<(&'static str, Bytes)>,
}

impl<'a> Call<'a> {
    /// Begins a call without values, query or body.
    #[must_use]
    pub fn to(operation: &'a Operation) -> Self {
        let (path, query) = (Vec::new(), Vec::new());
        Self { operation, path, query, body: Body::None, token: None, class: None }
    }

    /// Puts a value in the place of `{placeholder}`. It is percent-encoded and stays one segment,
    /// whatever it holds.
    #[must_use]
    pub fn path(mut self, placeholder: &'a str, value: impl AsRef<str>) -> Self {
        self.path.push((placeholder, value.as_ref().to_owned()));
        self
    }

    /// Adds `name=value` to the query. The value is percent-encoded once: give it as it is.
    #[must_use]
    pub fn query(mut self, name: &'a str, value: impl fmt::Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// Adds `name=value` to the query if there is a value.
    #[must_use]
    pub fn query_opt(self, name: &'a str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Sends the value as JSON.
    #[must_use]
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        self.body = serde_json::to_vec(value)
            .map_or(Body::Unwritable, |json| Body::Of("application/json", json.into()));
        self
    }

    /// Sends the fields as an HTML form, as token endpoints want them.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body = Body::Of("application/x-www-form-urlencoded", form.into());
        self
    }

    /// Authorizes this call with a token of its own instead of the client's. Such a token is
    /// never renewed here: whoever made it makes the next.
    #[must_use]
    pub fn token(mut self, token: SecretString) -> Self {
        self.token = Some(token);
        self
    }

    /// Names the class of this call: whatever the API may refuse by a quota that it does not
    /// publish, while it accepts other calls of the operation. It is written to the log, and names
    /// should be few, since a pause is kept for each that is refused.
    ///
    /// When a call of a class is refused (429 without a stated wait), its class pauses for `1 /
    /// rate`, doubling with each further refusal up to 15 minutes, until one of its calls succeeds;
    /// one call at a time finds out. The operation goes on for others after `1 / rate`, unless
    /// several classes begin to be refused without a success between them. Without a plan there
    /// is no such pause, and the class has no effect.
    #[must_use]
    pub fn class(mut self, class: &'a str) -> Self {
        self.class = Some(class);
        self
    }

    /// The class of this call.
    pub(crate) fn of_class(&self) -> Option<&'a str> {
        self.class
    }

    /// The token that this call brings along.
    pub(crate) fn own_token(&self) -> Option<&SecretString> {
        self.token.as_ref()
    }

    /// The encoded path and the body, or what is wrong with the call.
    ///
    /// # Errors
    /// [`Error::Unsendable`] for a placeholder without a value, a value without a placeholder, a
    /// value that a URL cannot hold as a segment (empty, `.` and `..`, which every URL parser
    /// resolves even when encoded), and a body that is not JSON.
    pub(crate) fn target(&self) -> Result<Target, Error> {
        let operation = self.operation.name;
        let unsendable = |reason: String| Error::Unsendable { operation, reason };

        let mut path = self.operation.path.to_owned();
        for (placeholder, value) in &self.path {
            let pattern = format!("{{{placeholder}}}");
            if !self.operation.path.contains(&pattern) {
                return Err(unsendable(format!("its path has no {pattern}")));
            }
            if matches!(value.as_str(), "" | "." | "..") {
                return Err(unsendable(format!("the value of {pattern} cannot be part of a URL")));
            }
            path = path.replace(&pattern, &encoded(value));
        }
        // Encoded values hold no braces, so one that is left belongs to the template.
        if path.contains('{') {
            return Err(unsendable("a value of its path is missing".to_owned()));
        }

        let mut separator = '?';
        for (name, value) in &self.query {
            path.push(separator);
            path.push_str(&encoded(name));
            path.push('=');
            path.push_str(&encoded(value));
            separator = '&';
        }

        let body = match &self.body {
            Body::None => None,
            Body::Of(content_type, bytes) => Some((*content_type, bytes.clone())),
            Body::Unwritable => {
                return Err(unsendable("its body cannot be written as JSON".to_owned()));
            }
        };
        Ok(Target { path, body })
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Call")
            .field("operation", &self.operation.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET_ITEM: Operation = Operation {
        name: "getItem",
        method: Method::Get,
        path: "/sellers/{seller}/items/{sku}",
        plan: None,
        idempotent: true,
    };

    fn path(call: &Call<'_>) -> Result<String, String> {
        call.target().map(|target| target.path).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_encoded_as_one_segment_and_one_query_value() {
        let call = Call::to(&GET_ITEM)
            .path("seller", "A1")
            .path("sku", "a/b #1+ü")
            .query("nextToken", "x+/=")
            .query("pageSize", 20)
            .query_opt("absent", None::<&str>);
        assert_eq!(
            path(&call).unwrap(),
            "/sellers/A1/items/a%2Fb%20%231%2B%C3%BC?nextToken=x%2B%2F%3D&pageSize=20"
        );
    }

    #[test]
    fn a_value_that_looks_like_a_placeholder_is_only_a_value() {
        let call = Call::to(&GET_ITEM).path("seller", "{sku}").path("sku", "1");
        assert_eq!(path(&call).unwrap(), "/sellers/%7Bsku%7D/items/1");
    }

    #[test]
    fn a_call_that_does_not_fit_its_operation_says_so() {
        let call = Call::to(&GET_ITEM).path("seller", "A1");
        assert_eq!(
            path(&call).unwrap_err(),
            "getItem: cannot be sent: a value of its path is missing"
        );
        let call = Call::to(&GET_ITEM).path("asin", "B0");
        assert_eq!(path(&call).unwrap_err(), "getItem: cannot be sent: its path has no {asin}");
        for dots in ["", ".", ".."] {
            let call = Call::to(&GET_ITEM).path("seller", "A1").path("sku", dots);
            assert_eq!(
                path(&call).unwrap_err(),
                "getItem: cannot be sent: the value of {sku} cannot be part of a URL"
            );
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let call = Call::to(&GET_ITEM)
            .path("seller", "hunter2")
            .query("token", "hunter2")
            .form(&[("client_secret", "hunter2")])
            .token("hunter2".into());
        assert_eq!(format!("{call:?}"), r#"Call { operation: "getItem", .. }"#);
    }
}
