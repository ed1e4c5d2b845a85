//! One request of a call and what came of it.

use std::sync::Arc;

use bytes::BytesMut;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::Attempts;
use crate::answer::{Answer, Headers};
use crate::error::{Cause, Error};
use crate::operation::Method;
use crate::retry::{Outcome, stated_wait};
use crate::token::AccessToken;

/// The longest answer to a call that is read. The longest pages of lists have some MiB; documents of any
/// length are downloaded.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// An answer that would have to be held whole, and is longer than any that is expected.
#[derive(Debug, thiserror::Error)]
#[error("the answer is longer than {LONGEST_ANSWER} bytes")]
struct TooLong;

/// What came of one request.
pub(super) enum Reply {
    Answer(Answer),
    NotConnected(Cause),
    Interrupted(Cause),
}

/// The token that authorizes one request.
pub(super) enum Token<'c> {
    None,
    Own(&'c SecretString),
    Shared(Arc<AccessToken>),
}

impl<'c> Attempts<'c> {
    /// The token for the next request.
    pub(super) async fn token(&self) -> Result<Token<'c>, Error> {
        match (self.own_token, &self.client.tokens) {
            (Some(token), _) => Ok(Token::Own(token)),
            (None, Some(tokens)) => Ok(Token::Shared(tokens.get().await?)),
            (None, None) => Ok(Token::None),
        }
    }

    /// The request with everything that may change between attempts.
    pub(super) fn request(&self, token: &Token<'_>) -> Result<reqwest::Request, Error> {
        let method = match self.operation.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut request = reqwest::Request::new(method, self.url.clone());
        *request.headers_mut() = self.client.headers.clone();
        if let Some((content_type, body)) = &self.target.body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            *request.body_mut() = Some(body.clone().into());
        }
        match token {
            Token::None => {}
            Token::Own(secret) => self.authorize(request.headers_mut(), secret)?,
            Token::Shared(token) => self.authorize(request.headers_mut(), &token.secret)?,
        }
        Ok(request)
    }

    /// Adds the token the way the API wants it, marked so that no transport prints it.
    fn authorize(&self, headers: &mut HeaderMap, secret: &SecretString) -> Result<(), Error> {
        let (name, value) = self.client.dialect.authorize(secret);
        let header =
            HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value.expose_secret()).ok());
        let (name, mut value) = header.ok_or_else(|| Error::Unsendable {
            operation: self.operation.name,
            reason: "the access token cannot be sent in a header".to_owned(),
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    }

    /// Sends the request and reads the whole answer.
    pub(super) async fn send(&self, request: reqwest::Request) -> Reply {
        let again = self.budget.requests() > 0;
        self.client.counts.change(self.operation.name, |count| {
            count.calls += 1;
            count.retries += u64::from(again);
        });
        match self.exchange(request).await {
            Ok(Some(answer)) => Reply::Answer(answer),
            Ok(None) => Reply::Interrupted(Arc::new(TooLong)),
            Err(error) => {
                let connected = !error.is_connect();
                let cause: Cause = Arc::new(error.without_url());
                if connected { Reply::Interrupted(cause) } else { Reply::NotConnected(cause) }
            }
        }
    }

    /// One request and its whole answer, nothing if it is too long, or the transport's failure.
    async fn exchange(&self, request: reqwest::Request) -> Result<Option<Answer>, reqwest::Error> {
        let mut response = self.client.http.execute(request).await?;
        let status = response.status().as_u16();
        let headers = Headers::new(std::mem::take(response.headers_mut()));
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Ok(None);
            }
            body.extend_from_slice(&chunk);
        }
        let body = body.freeze();
        Ok(Some(Answer { status, headers, body, operation: self.operation.name }))
    }

    /// What the verdict needs to know of a reply.
    pub(super) fn outcome(&self, reply: &Reply) -> Outcome {
        match reply {
            Reply::NotConnected(_) => Outcome::NotConnected,
            Reply::Interrupted(_) => Outcome::Interrupted,
            Reply::Answer(answer) => {
                let dialect = &self.client.dialect;
                let refusal = answer.status >= 400;
                let hint =
                    || (answer.status == 429).then(|| dialect.retry_after(&answer.body)).flatten();
                Outcome::Answered {
                    status: answer.status,
                    stated: stated_wait(&answer.headers).or_else(hint),
                    token_refused: refusal && dialect.token_refused(answer.status, &answer.body),
                }
            }
        }
    }
}
