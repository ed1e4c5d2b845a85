//! What the answers of one API mean: the part that its user writes.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::answer::Headers;

/// Reads the headers and error bodies of one API, and says how it wants to be authorized.
///
/// The methods with a default follow the web's standards; an API that departs from them overrides
/// them. All are pure: the same input gives the same output, and none may fail on any body, because
/// gateways answer with pages of their own.
pub trait Dialect: Send + Sync + 'static {
    /// The name (in lower case) and the value of the header that carries the access token.
    ///
    /// By default `authorization: Bearer …` (RFC 6750).
    fn authorize(&self, token: &SecretString) -> (&'static str, SecretString) {
        ("authorization", format!("Bearer {}", token.expose_secret()).into())
    }

    /// The error code and the explanation in the body of an answer that is no success.
    fn explain(&self, body: &[u8]) -> Explanation;

    /// The wait that the body of a 429 asks for. The `Retry-After` header is read without it and
    /// goes first.
    fn retry_after(&self, body: &[u8]) -> Option<Duration> {
        let _ = body;
        None
    }

    /// The rate, in calls a second, that an answer announces for the operation called.
    fn announced_rate(&self, headers: &Headers) -> Option<f64> {
        let _ = headers;
        None
    }

    /// Whether an answer refuses the access token, so that a new one may help.
    ///
    /// By default, whether the status is 401.
    fn token_refused(&self, status: u16, body: &[u8]) -> bool {
        let _ = body;
        status == 401
    }

    /// Which credential is wrong and what to do about it, if that is what the answer says and no
    /// new token can help. One line in lower case: it ends the message of
    /// [`Error::Unauthorized`](crate::Error::Unauthorized).
    fn unauthorized(&self, status: u16, body: &[u8]) -> Option<String> {
        let _ = (status, body);
        None
    }

    /// The identifier of a request that the API's support asks for.
    fn request_id(&self, headers: &Headers) -> Option<String> {
        let _ = headers;
        None
    }
}

/// What an API says about a failure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The API's own code.
    pub code: Option<String>,
    /// The API's own words.
    pub message: Option<String>,
}
