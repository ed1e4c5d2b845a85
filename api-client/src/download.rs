//! The plain download of a presigned URL, with no token and never printed.
//!
//! A presigned URL is a secret that opens one document for some minutes. The server behind it is
//! not the API's: it refuses, or would learn, an access token. So downloads share no header and no
//! limit with a [`Client`](crate::Client).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;

use crate::answer::Headers;
use crate::error::{BuildError, Cause};
use crate::operation::{Method, Operation};
use crate::retry::{Budget, Outcome, Pause, RetryPolicy, Verdict, stated_wait, verdict};
use crate::transport::{Patience, Place, Timeouts, transport};

/// Any download, as far as the verdict on its outcome goes.
const DOWNLOAD: Operation =
    Operation { name: "download", method: Method::Get, path: "", plan: None, idempotent: true };

/// What a document must bring in the long run, in bytes a second. A server that sends a byte now and then
/// is never silent, and would hold whoever waits for it for days.
const SLOWEST: u32 = 1024;

/// A URL that is itself a credential. `Debug` does not show it, and it cannot be printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(SecretString);

impl SecretUrl {
    /// Takes the URL over as it is; whether it is one is told by [`Downloader::open`].
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into().into())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretUrl([REDACTED])")
    }
}

/// A download that did not succeed. No variant holds any part of the URL or of the document.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DownloadError {
    /// The URL no longer opens the document (403); ask for a new one.
    #[error("download: the presigned URL has expired; ask for a new one")]
    Expired,
    /// The document cannot be had this way, now or later.
    #[error("download: refused with {status}")]
    Refused {
        /// HTTP status.
        status: u16,
    },
    /// The server could not be reached or did not answer well; it has been tried again.
    #[error("download: gave up after {attempts} attempts over {elapsed:.1?}: {last}")]
    Exhausted {
        /// Requests sent, the first included.
        attempts: u32,
        /// Time from the first request to the last failure.
        elapsed: Duration,
        /// How the last attempt ended.
        last: LastAttempt,
        /// The transport's failure, if there was no answer.
        source: Option<Cause>,
    },
    /// The document is cut off. What was read of it is right but not whole; begin again.
    #[error("download: cut off after {received} bytes")]
    Broken {
        /// Bytes read.
        received: u64,
        /// Bytes that the server announced.
        announced: Option<u64>,
        /// The transport's failure, if it noticed.
        source: Option<Cause>,
    },
    /// There is no downloading from this URL; nothing was sent.
    #[error("download: the presigned URL cannot be used")]
    Unsendable(#[source] Arc<BuildError>),
}

/// How the last attempt at a download ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastAttempt {
    /// With this HTTP status.
    Status(u16),
    /// Without an answer.
    NoAnswer,
}

impl From<Outcome> for LastAttempt {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Answered { status, .. } => Self::Status(status),
            Outcome::NotConnected | Outcome::Interrupted => Self::NoAnswer,
        }
    }
}

impl fmt::Display for LastAttempt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(formatter, "the last answer was {status}"),
            Self::NoAnswer => formatter.write_str("the last attempt had no answer"),
        }
    }
}

/// Opens presigned URLs. Clones share connections.
#[derive(Clone)]
pub struct Downloader {
    /// For other machines, through the environment's proxy; or why there is no such transport,
    /// which does not matter before another machine is asked.
    network: Result<reqwest::Client, Arc<BuildError>>,
    /// For this machine.
    loopback: reqwest::Client,
    policy: RetryPolicy,
    /// The longest silence in a document.
    silence: Duration,
}

/// The server sends, and hardly anything.
#[derive(Debug, thiserror::Error)]
#[error("the server is slower than {SLOWEST} bytes a second")]
struct TooSlow;

impl Downloader {
    /// A downloader with the default policy and timeouts.
    ///
    /// # Errors
    /// As for [`Downloader::with`].
    pub fn new() -> Result<Self, BuildError> {
        Self::with(RetryPolicy::default(), Timeouts::default())
    }

    /// A downloader that tries again within the policy until the first byte.
    ///
    /// # Errors
    /// A transport that cannot be set up. A system without certificates is told by
    /// [`Downloader::open`], since a demo on one machine needs none.
    pub fn with(policy: RetryPolicy, timeouts: Timeouts) -> Result<Self, BuildError> {
        Ok(Self {
            network: transport(Place::Network, timeouts, Patience::Silence).map_err(Arc::new),
            loopback: transport(Place::Loopback, timeouts, Patience::Silence)?,
            policy,
            silence: timeouts.request,
        })
    }

    /// Opens the document: asks for it and reads its headers. What follows is
    /// [`Document::chunk`]'s.
    ///
    /// # Errors
    /// [`DownloadError::Expired`] at once; connect errors, timeouts, 429 and 5xx after the budget of
    /// the policy; a wait longer than its `longest_wait` counts as the end of the budget.
    pub async fn open(&self, url: &SecretUrl) -> Result<Document, DownloadError> {
        let url = Url::parse(url.0.expose_secret()).map_err(|_| unsendable(BuildError::NotAUrl))?;
        let http = match Place::of(&url).map_err(unsendable)? {
            Place::Network => self
                .network
                .as_ref()
                .map_err(|error| DownloadError::Unsendable(Arc::clone(error)))?,
            Place::Loopback => &self.loopback,
        };
        let mut budget = Budget::new(self.policy);
        let begin = Instant::now();
        loop {
            let sent = Instant::now();
            let reply = http.get(url.clone()).send().await.map_err(reqwest::Error::without_url);
            budget.sent(sent.elapsed());
            let outcome = outcome(&reply);
            tracing::debug!(?outcome, "download");

            let (pause, error) = match (verdict(outcome, &DOWNLOAD), reply) {
                (Verdict::Done, Ok(response)) => return Ok(Document::new(response, self.silence)),
                (Verdict::Again(pause), reply) => {
                    (self.affordable(&mut budget, pause), reply.err())
                }
                (_, Ok(response)) => return Err(refused(response.status().as_u16())),
                (_, Err(error)) => (None, Some(error)),
            };
            let Some(pause) = pause else {
                return Err(DownloadError::Exhausted {
                    attempts: budget.requests(),
                    elapsed: begin.elapsed(),
                    last: LastAttempt::from(outcome),
                    source: error.map(|error| Arc::new(error) as Cause),
                });
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// The pause before the next attempt, or `None` when there is none.
    fn affordable(&self, budget: &mut Budget, pause: Pause) -> Option<Duration> {
        match pause {
            Pause::Backoff { at_least: wait } | Pause::Stated(wait)
                if wait > self.policy.longest_wait =>
            {
                None
            }
            Pause::Backoff { at_least } => budget.backoff(at_least),
            Pause::Stated(wait) => budget.stated(wait),
            Pause::Paced => budget.throttled(),
        }
    }
}

impl fmt::Debug for Downloader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Downloader").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// What the verdict needs to know of a reply.
fn outcome(reply: &Result<reqwest::Response, reqwest::Error>) -> Outcome {
    match reply {
        Ok(response) => Outcome::Answered {
            status: response.status().as_u16(),
            stated: stated_wait(&Headers::new(response.headers().clone())),
            token_refused: false,
        },
        Err(error) if error.is_connect() => Outcome::NotConnected,
        Err(_) => Outcome::Interrupted,
    }
}

fn unsendable(error: BuildError) -> DownloadError {
    DownloadError::Unsendable(Arc::new(error))
}

/// The error for a status that stays. A presigned URL whose time is over is refused with 403.
fn refused(status: u16) -> DownloadError {
    if status == 403 { DownloadError::Expired } else { DownloadError::Refused { status } }
}

/// A document that is being read, as the bytes that were sent: never decompressed.
pub struct Document {
    /// The media type with its charset, as the server gave it.
    pub content_type: Option<String>,
    /// Length in bytes, if the server announced one.
    pub content_length: Option<u64>,
    response: reqwest::Response,
    received: u64,
    silence: Duration,
    /// How long the next bytes may be waited for: as long as a silence, less what was waited for the
    /// bytes before, as far as they did not make up for it.
    patience: Duration,
}

impl Document {
    /// Takes over an answer whose headers are here and whose body is not.
    fn new(response: reqwest::Response, silence: Duration) -> Self {
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        Self {
            content_type: header(CONTENT_TYPE).map(str::to_owned),
            content_length: header(CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            response,
            received: 0,
            silence,
            patience: silence,
        }
    }

    /// The next bytes, or `None` at the end of a whole document.
    ///
    /// # Errors
    /// [`DownloadError::Broken`] when the document is cut off, silent for too long or too slow. It is
    /// not tried again here, because only the caller knows what to do with the part it has read.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, DownloadError> {
        let asked = Instant::now();
        let Ok(chunk) = tokio::time::timeout(self.patience, self.response.chunk()).await else {
            return Err(self.broken(Some(Arc::new(TooSlow))));
        };
        match chunk {
            Ok(Some(bytes)) => {
                self.received += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                let worth = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                let worth = Duration::from_secs(1) * worth / SLOWEST;
                let left = self.patience.saturating_sub(asked.elapsed());
                self.patience = left.saturating_add(worth).min(self.silence);
                Ok(Some(bytes))
            }
            Ok(None) if self.content_length.is_none_or(|announced| announced == self.received) => {
                Ok(None)
            }
            Ok(None) => Err(self.broken(None)),
            Err(error) => Err(self.broken(Some(Arc::new(error.without_url())))),
        }
    }

    fn broken(&self, source: Option<Cause>) -> DownloadError {
        DownloadError::Broken { received: self.received, announced: self.content_length, source }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Document")
            .field("content_type", &self.content_type)
            .field("content_length", &self.content_length)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}
