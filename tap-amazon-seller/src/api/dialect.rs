//! What the headers and errors of the Selling Partner API mean.

use api_client::{Dialect, Explanation, Headers};
use secrecy::SecretString;
use serde::Deserialize;

/// What the answers of the Selling Partner API mean.
pub(super) struct Answers;

/// The list of errors that most answers hold; some beside a payload.
#[derive(Default, Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<ApiError>,
}

/// One error. Codes are an open set, a message may be null, and details are often empty.
#[derive(Default, Deserialize)]
struct ApiError {
    code: Option<String>,
    message: Option<String>,
    details: Option<String>,
}

impl ApiError {
    /// The first error of a body, which says what the others repeat.
    fn first(body: &[u8]) -> Self {
        let errors: Errors = serde_json::from_slice(body).unwrap_or_default();
        errors.errors.into_iter().next().unwrap_or_default()
    }
}

impl Dialect for Answers {
    fn authorize(&self, token: &SecretString) -> (&'static str, SecretString) {
        ("x-amz-access-token", token.clone())
    }

    fn explain(&self, body: &[u8]) -> Explanation {
        let error = ApiError::first(body);
        let details = error.details.filter(|details| !details.is_empty());
        let message = match (error.message, details) {
            (Some(message), Some(details)) => Some(format!("{message} ({details})")),
            (message, details) => message.or(details),
        };
        Explanation { code: error.code, message }
    }

    fn announced_rate(&self, headers: &Headers) -> Option<f64> {
        headers.get("x-amzn-ratelimit-limit")?.trim().parse().ok()
    }

    /// An expired token is a 403 like a missing role; only the words tell them apart.
    fn token_refused(&self, status: u16, body: &[u8]) -> bool {
        let error = ApiError::first(body);
        let says = |text: Option<String>| {
            text.is_some_and(|text| text.to_lowercase().contains("access token"))
        };
        matches!(status, 401 | 403) && (says(error.message) || says(error.details))
    }

    fn request_id(&self, headers: &Headers) -> Option<String> {
        headers.get("x-amzn-requestid").map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_shapes_of_an_error_are_understood() {
        let cases: [(&[u8], Option<&str>, Option<&str>); 4] = [
            (
                br#"{"errors":[{"code":"QuotaExceeded","message":"slow down","details":""}]}"#,
                Some("QuotaExceeded"),
                Some("slow down"),
            ),
            (
                br#"{"payload":null,"errors":[{"code":"400","message":null,"details":"why"}]}"#,
                Some("400"),
                Some("why"),
            ),
            (br#"{"errors":[{"code":"A","message":"m","details":"d"}]}"#, Some("A"), Some("m (d)")),
            (b"<html>504</html>", None, None),
        ];
        for (body, code, message) in cases {
            let explanation = Answers.explain(body);
            assert_eq!(explanation.code.as_deref(), code);
            assert_eq!(explanation.message.as_deref(), message);
        }
    }

    #[test]
    fn only_a_refusal_that_speaks_of_the_token_is_about_the_token() {
        let expired = br#"{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied.","details":"The access token you provided has expired."}]}"#;
        let role = br#"{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied.","details":""}]}"#;
        assert!(Answers.token_refused(403, expired));
        assert!(!Answers.token_refused(400, expired));
        assert!(!Answers.token_refused(403, role));
    }
}
