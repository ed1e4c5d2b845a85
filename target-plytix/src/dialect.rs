//! How Plytix answers when it does not do what it was asked.

use std::time::Duration;

use api_client::{Dialect, Explanation, Headers};
use serde::Deserialize;
use serde_json::Value;

/// The host of the API.
#[derive(Debug)]
pub struct Api;

/// The host that gives tokens.
#[derive(Debug)]
pub struct Auth;

impl Dialect for Api {
    fn explain(&self, body: &[u8]) -> Explanation {
        explanation(body)
    }

    fn retry_after(&self, body: &[u8]) -> Option<Duration> {
        let body: Body = serde_json::from_slice(body).ok()?;
        let seconds = body.error?.retry_after?;
        Duration::try_from_secs_f64(seconds.as_f64()?).ok()
    }

    fn request_id(&self, headers: &Headers) -> Option<String> {
        headers.get("x-request-id").map(str::to_owned)
    }
}

impl Dialect for Auth {
    fn explain(&self, body: &[u8]) -> Explanation {
        explanation(body)
    }

    fn retry_after(&self, body: &[u8]) -> Option<Duration> {
        Api.retry_after(body)
    }

    /// Wrong credentials are a 401; a key of another environment is one too, with other words (seen
    /// 2026). No new token can help: this is where tokens come from.
    fn unauthorized(&self, status: u16, body: &[u8]) -> Option<String> {
        if !matches!(status, 401 | 403) {
            return None;
        }
        let said = explanation(body).message.unwrap_or_default();
        Some(if said.contains("did not throw any results") {
            "api_key is unknown there; check api_key, and that auth_url is of the same environment"
                .to_owned()
        } else if status == 403 {
            format!("the API key is not allowed to log in; give it a role in Plytix ({said})")
        } else {
            "api_key or api_password is wrong; make a new pair in Plytix if in doubt".to_owned()
        })
    }

    fn request_id(&self, headers: &Headers) -> Option<String> {
        Api.request_id(headers)
    }
}

/// The shapes of an error, as they were seen: nested, nested without a list, flat, and with a `detail`.
#[derive(Deserialize)]
struct Body {
    error: Option<Nested>,
    msg: Option<Value>,
    message: Option<Value>,
    detail: Option<Value>,
}

#[derive(Deserialize)]
struct Nested {
    msg: Option<Value>,
    #[serde(default)]
    errors: Vec<FieldError>,
    retry_after: Option<Value>,
}

/// `msg` has been a text, a number, a list and an object.
#[derive(Deserialize)]
struct FieldError {
    field: Option<Value>,
    msg: Option<Value>,
}

/// Plytix's own words, with the fields that they are about.
fn explanation(body: &[u8]) -> Explanation {
    let Ok(body) = serde_json::from_slice::<Body>(body) else { return Explanation::default() };
    let (message, errors) = match body.error {
        Some(nested) => (nested.msg, nested.errors),
        None => (body.msg.or(body.message).or(body.detail), Vec::new()),
    };
    let mut words: Vec<String> = message.iter().map(text).collect();
    for FieldError { field, msg } in &errors {
        let msg = msg.as_ref().map(text).unwrap_or_default();
        match field.as_ref().map(text) {
            // The status once more, as a number.
            Some(field) if field == "http_status_code" => {}
            Some(field) => words.push(format!("{field}: {msg}")),
            None => words.push(msg),
        }
    }
    let message = words.join("; ");
    Explanation { code: None, message: Some(message).filter(|message| !message.is_empty()) }
}

/// A text without quotes, and anything else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(body: &str) -> String {
        explanation(body.as_bytes()).message.unwrap_or_default()
    }

    #[test]
    fn every_shape_of_an_error_is_understood() {
        for (body, expected) in [
            (
                r#"{"error": {"msg": "product data validation failed", "errors": [{"field": "sku", "msg": "exists"}]}}"#,
                "product data validation failed; sku: exists",
            ),
            (
                r#"{"error": {"msg": "failed", "errors": [{"field": "thumbnail", "msg": {"_schema": ["Invalid"]}}]}}"#,
                r#"failed; thumbnail: {"_schema":["Invalid"]}"#,
            ),
            (
                r#"{"error": {"msg": "Bad key", "errors": [{"field": "http_status_code", "msg": 401}]}}"#,
                "Bad key",
            ),
            (
                r#"{"error": {"msg": "Missing", "errors": [{"field": "attributes", "msg": ["a"]}]}}"#,
                r#"Missing; attributes: ["a"]"#,
            ),
            (r#"{"error": {"msg": " No results found for x"}}"#, "No results found for x"),
            (r#"{"msg": "flat"}"#, "flat"),
            (r#"{"detail": [{"type": "json_invalid"}]}"#, r#"[{"type":"json_invalid"}]"#),
            ("<html>", ""),
            ("", ""),
            ("[]", ""),
        ] {
            assert_eq!(explained(body), expected, "{body}");
        }
    }

    #[test]
    fn a_wait_in_the_body_is_read_with_decimals() {
        let wait = |body: &str| Api.retry_after(body.as_bytes());
        assert_eq!(
            wait(r#"{"error": {"msg": "Rate limit exceeded", "retry_after": 1800}}"#),
            Some(Duration::from_mins(30))
        );
        assert_eq!(
            wait(r#"{"error": {"retry_after": 1089.5}}"#),
            Some(Duration::from_millis(1_089_500))
        );
        assert_eq!(wait(r#"{"error": {"retry_after": -1}}"#), None);
        assert_eq!(wait(r#"{"error": {"retry_after": "soon"}}"#), None);
        assert_eq!(wait(""), None);
    }

    #[test]
    fn wrong_credentials_say_which_and_what_to_do() {
        let advice = |status, body: &str| Auth.unauthorized(status, body.as_bytes());
        let wrong = r#"{"error": {"msg": "Bad api_key or api_password: Credentials not valid"}}"#;
        assert_eq!(
            advice(401, wrong).unwrap(),
            "api_key or api_password is wrong; make a new pair in Plytix if in doubt"
        );
        let elsewhere =
            r#"{"error": {"msg": "Bad api_key or api_password: Query did not throw any results"}}"#;
        assert!(advice(401, elsewhere).unwrap().contains("auth_url"));
        assert_eq!(advice(500, wrong), None);
    }
}
