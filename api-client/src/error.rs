//! What can go wrong between us and an API, sorted by what to do about it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::dialect::Explanation;

/// Longest part of an API's own words in a message, in characters.
const LONGEST_MESSAGE: usize = 400;

/// The failure behind an error: shared, so that everybody who waited for one token can have it.
pub(crate) type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// A call that did not succeed.
///
/// A variant says what the caller can do, not where in the code the failure arose. A message names
/// the operation and gives the API's own code and explanation; it never holds a header, another
/// part of a body, or a URL, because those can carry tokens and buyers' data.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The credentials are missing, ended or wrong; nothing works until somebody changes them.
    #[error("{operation}: not authorized: {advice}")]
    Unauthorized {
        /// The API's own name for what was called.
        operation: &'static str,
        /// Which credential it is and what to do, as the dialect or the token source put it.
        advice: String,
    },

    /// The credentials are good but not allowed to do this (403); other operations may work.
    #[error("{0}")]
    Forbidden(Box<Refusal>),

    /// The request is wrong and will stay wrong; other requests may work.
    #[error("{0}")]
    Refused(Box<Refusal>),

    /// Trying again later can help; by the time a caller sees this, it has been tried, if not by
    /// this call then by another of its class.
    #[error("{operation}: gave up after {attempts} attempts over {elapsed:.1?}")]
    Exhausted {
        /// The API's own name for what was called.
        operation: &'static str,
        /// Requests sent, the first included; none if the call's class was refused all the time.
        attempts: u32,
        /// Time from the call to the last answer, waits included.
        elapsed: Duration,
        /// The last failure.
        source: Cause,
    },

    /// The API asks for a longer wait than the policy allows; nothing is wrong, it is only late.
    #[error(
        "{operation}: must wait {wait:.0?} before the next call, longer than the {allowed:.0?} allowed"
    )]
    WaitTooLong {
        /// The API's own name for what was called.
        operation: &'static str,
        /// HTTP status of the answer that asked for it: 429, or 503 with a wait.
        status: u16,
        /// How long from now on the API wants to be left alone.
        wait: Duration,
        /// The longest wait that the policy allows.
        allowed: Duration,
    },

    /// The request may have been carried out or not, and repeating it could do it twice. Look
    /// before asking again.
    #[error("{operation}: the outcome is unknown; look whether it was done before repeating it")]
    OutcomeUnknown {
        /// The API's own name for what was called.
        operation: &'static str,
        /// What came instead of an answer.
        source: Cause,
    },

    /// The answer is not what the caller expects: the API has changed, or something between us and
    /// it has answered.
    #[error("{operation}: the answer cannot be read: {problem} at line {line} column {column}")]
    Undecodable {
        /// The API's own name for what was called.
        operation: &'static str,
        /// What kind of problem it is; never the text found.
        problem: &'static str,
        /// Line of the body, from 1.
        line: usize,
        /// Column of the line, from 1.
        column: usize,
    },

    /// The API sent us elsewhere, which is never followed: a token must not go to another host, and
    /// a changed method would not be the call that was meant.
    #[error(
        "{operation}: redirected with {status}; check the base URL, redirects are not followed"
    )]
    Redirected {
        /// The API's own name for what was called.
        operation: &'static str,
        /// HTTP status.
        status: u16,
    },

    /// The call cannot be made as it is; nothing was sent.
    #[error("{operation}: cannot be sent: {reason}")]
    Unsendable {
        /// The API's own name for what was called.
        operation: &'static str,
        /// What does not fit.
        reason: String,
    },
}

impl Error {
    /// The refusal, if the API answered with a no that stays a no: [`Error::Forbidden`] and
    /// [`Error::Refused`].
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Forbidden(refusal) | Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the API's limits ended the call (its last failure was a 429), so that others like it
    /// will hardly fare better for a while.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        match self {
            Self::Exhausted { source, .. } => {
                source.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.status == 429)
            }
            Self::WaitTooLong { status, .. } => *status == 429,
            _ => false,
        }
    }
}

/// An API's answer that is no success.
///
/// Its text holds the status, the API's code and explanation and the request's identifier. The body
/// is kept for callers who must read it (the identifier of a duplicate, say), and is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The API's own name for what was called.
    pub operation: &'static str,
    /// HTTP status.
    pub status: u16,
    /// The API's error code.
    pub code: Option<String>,
    /// The API's explanation, on one line of at most 400 characters.
    pub message: Option<String>,
    /// What the API's support asks for.
    pub request_id: Option<String>,
    /// The whole body.
    pub body: Bytes,
}

impl Refusal {
    /// Puts together what the dialect found, made fit for one line.
    pub(crate) fn new(
        operation: &'static str,
        status: u16,
        explanation: Explanation,
        request_id: Option<String>,
        body: Bytes,
    ) -> Self {
        let tidy =
            |text: Option<String>| text.map(|text| line(&text)).filter(|text| !text.is_empty());
        Self {
            operation,
            status,
            code: tidy(explanation.code),
            message: tidy(explanation.message),
            request_id: tidy(request_id),
            body,
        }
    }
}

/// The text on one line, without control characters, and cut where it becomes tedious.
fn line(text: &str) -> String {
    let mut words = String::new();
    for word in
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty())
    {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    match words.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => {
            words.truncate(end);
            words + "…"
        }
        None => words,
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: refused with {}", self.operation, self.status)?;
        if let Some(code) = &self.code {
            write!(formatter, " {code}")?;
        }
        if let Some(message) = &self.message {
            write!(formatter, ": {message}")?;
        }
        if let Some(request_id) = &self.request_id {
            write!(formatter, " (request {request_id})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Refusal")
            .field("operation", &self.operation)
            .field("status", &self.status)
            .field("code", &self.code)
            .field("message", &self.message)
            .field("request_id", &self.request_id)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

impl std::error::Error for Refusal {}

/// A client that cannot be built from what it was given.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// It is no URL, not one of this web, or has parts that a base URL must not have (a user, a
    /// query); the text is not repeated, since it may hold a password.
    #[error("the URL is not an http or https URL")]
    NotAUrl,
    /// A token would cross a network in the clear.
    #[error("the URL uses http; only https is accepted, except for this machine itself")]
    NotSecure,
    /// A fixed header has a name or a value that HTTP does not allow.
    #[error("the header {0} has a name or value that HTTP does not allow")]
    Header(&'static str),
    /// There is nothing to check a server's certificate against.
    #[error("TLS cannot be set up; install the system's certificates (package ca-certificates)")]
    Tls(#[source] rustls::Error),
    /// The transport could not be set up.
    #[error("the HTTP transport cannot be set up")]
    Transport(#[source] Cause),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(message: &str) -> Refusal {
        let explanation = Explanation { code: Some("Wrong".into()), message: Some(message.into()) };
        Refusal::new(
            "getItem",
            400,
            explanation,
            Some("r-1".into()),
            Bytes::from_static(b"hunter2"),
        )
    }

    #[test]
    fn a_refusal_is_one_line_and_never_its_body() {
        let refusal = refusal("no\r\n  such\u{0} item");
        assert_eq!(
            refusal.to_string(),
            "getItem: refused with 400 Wrong: no such item (request r-1)"
        );
        assert!(!format!("{refusal:?}").contains("hunter2"));
    }

    #[test]
    fn a_long_explanation_is_cut_between_characters() {
        let message = refusal(&"ü".repeat(1000)).message.unwrap();
        assert_eq!(message.chars().count(), LONGEST_MESSAGE + 1);
    }
}
