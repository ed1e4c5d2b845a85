//! One call, from its first attempt to its end: token, place, request, verdict, again or not.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::answer::{Answer, Headers};
use crate::client::Shared;
use crate::error::{Cause, Error, Refusal};
use crate::operation::{Call, Method, Operation, Target};
use crate::plan::RateLimiter;
use crate::queue::{Closing, Line};
use crate::retry::{Budget, Outcome, Pause, Verdict, stated_wait, verdict};
use crate::token::AccessToken;

/// A pause from which on a person who looks at the log should know why nothing happens.
const WORTH_SAYING: Duration = Duration::from_secs(4);

/// The attempts of one call.
pub(crate) struct Attempts<'c> {
    client: &'c Shared,
    operation: &'c Operation,
    own_token: Option<&'c SecretString>,
    target: Target,
    url: Url,
    line: Option<Arc<Line<RateLimiter>>>,
    budget: Budget,
    began: Instant,
    /// Whether the token was renewed for this call already.
    renewed: bool,
}

/// What came of one request.
enum Reply {
    Answer(Answer),
    NotConnected(Cause),
    Interrupted(Cause),
}

/// The token that authorizes one request.
enum Token<'c> {
    None,
    Own(&'c SecretString),
    Shared(Arc<AccessToken>),
}

impl<'c> Attempts<'c> {
    /// Prepares everything that stays the same in all attempts.
    pub(crate) fn new(client: &'c Shared, call: &'c Call<'c>) -> Result<Self, Error> {
        let operation = call.operation;
        let target = call.target()?;
        let url = Url::parse(&format!("{}{}", client.base, target.path)).map_err(|_| {
            Error::Unsendable {
                operation: operation.name,
                reason: "its path is not part of a URL".to_owned(),
            }
        })?;
        Ok(Self {
            client,
            operation,
            own_token: call.own_token(),
            target,
            url,
            line: client.line(operation),
            budget: Budget::new(client.policy),
            began: Instant::now(),
            renewed: false,
        })
    }

    /// Sends the request until the verdict is final or the budget is used up.
    pub(crate) async fn run(mut self) -> Result<Answer, Error> {
        loop {
            // A place must not be taken and then kept waiting for a token, or requests would bunch
            // up behind it; so there is a token first, and a look whether it is still good after.
            self.token().await?;
            self.place().await?;
            let token = self.token().await?;
            let request = self.request(&token)?;

            let sent = Instant::now();
            let reply = self.send(request).await;
            self.budget.sent(sent.elapsed());
            let outcome = self.outcome(&reply);
            self.learn(&reply, outcome);

            match (verdict(outcome, self.operation), reply) {
                (Verdict::Done, Reply::Answer(answer)) => return Ok(answer),
                (Verdict::Again(pause), reply) => {
                    let cause = self.cause(reply);
                    self.pause(pause, cause).await?;
                }
                (Verdict::Renew, Reply::Answer(answer)) => self.renew(&token, &answer).await?,
                (Verdict::Redirected, Reply::Answer(answer)) => {
                    return Err(Error::Redirected {
                        operation: self.operation.name,
                        status: answer.status,
                    });
                }
                (Verdict::Refused, Reply::Answer(answer)) => return Err(self.refused(answer)),
                // Of what was not answered, nothing else is known.
                (_, reply) => {
                    let operation = self.operation.name;
                    return Err(Error::OutcomeUnknown { operation, source: self.cause(reply) });
                }
            }
        }
    }

    /// The token for the next request.
    async fn token(&self) -> Result<Token<'c>, Error> {
        match (self.own_token, &self.client.tokens) {
            (Some(token), _) => Ok(Token::Own(token)),
            (None, Some(tokens)) => Ok(Token::Shared(tokens.get().await?)),
            (None, None) => Ok(Token::None),
        }
    }

    /// Waits for a place in the plan, for the gate, and for a place in the windows.
    async fn place(&self) -> Result<(), Error> {
        let came = Instant::now();
        if let Some(line) = &self.line {
            line.pass().await;
        }
        loop {
            let closed_for = self.client.gate.closed_for(Instant::now());
            self.accepted(closed_for)?;
            tokio::time::sleep(closed_for).await;
            self.client.windows.pass().await;
            // The gate may have closed meanwhile. Then the place has passed unused, and another is
            // taken, or all who waited would start together when the gate opens.
            if self.client.gate.closed_for(Instant::now()).is_zero() {
                break;
            }
        }
        self.waited(came.elapsed());
        Ok(())
    }

    /// The request with everything that may change between attempts.
    fn request(&self, token: &Token<'_>) -> Result<reqwest::Request, Error> {
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
    async fn send(&self, request: reqwest::Request) -> Reply {
        let again = self.budget.requests() > 0;
        self.client.counts.change(self.operation.name, |count| {
            count.calls += 1;
            count.retries += u64::from(again);
        });
        match self.exchange(request).await {
            Ok(answer) => Reply::Answer(answer),
            Err(error) => {
                let connected = !error.is_connect();
                let cause: Cause = Arc::new(error.without_url());
                if connected { Reply::Interrupted(cause) } else { Reply::NotConnected(cause) }
            }
        }
    }

    /// One request and its whole answer, or the transport's failure.
    async fn exchange(&self, request: reqwest::Request) -> Result<Answer, reqwest::Error> {
        let mut response = self.client.http.execute(request).await?;
        let status = response.status().as_u16();
        let headers = Headers::new(std::mem::take(response.headers_mut()));
        let body = response.bytes().await?;
        Ok(Answer { status, headers, body, operation: self.operation.name })
    }

    /// What the verdict needs to know of a reply.
    fn outcome(&self, reply: &Reply) -> Outcome {
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

    /// Takes from a reply what the next calls should know, and notes what happened.
    fn learn(&self, reply: &Reply, outcome: Outcome) {
        let operation = self.operation.name;
        let Reply::Answer(answer) = reply else {
            tracing::debug!(operation, ?outcome, "no answer");
            return;
        };
        let throttled = answer.status == 429;
        if throttled {
            self.client.counts.change(operation, |count| count.throttled += 1);
        }
        if let Some(line) = &self.line {
            let rate = self.client.dialect.announced_rate(&answer.headers);
            line.change(|limiter| {
                if let Some(rate) = rate {
                    limiter.adopt(rate, Instant::now());
                }
                if answer.status < 400 {
                    limiter.succeeded();
                }
            });
        }
        let request_id = self.client.dialect.request_id(&answer.headers);
        tracing::debug!(operation, status = answer.status, request_id, "answered");
    }

    /// Pauses before the next attempt, or says why there is none.
    async fn pause(&mut self, pause: Pause, cause: Cause) -> Result<(), Error> {
        let Some(pause) = self.affordable(pause)? else {
            return Err(Error::Exhausted {
                operation: self.operation.name,
                attempts: self.budget.requests(),
                elapsed: self.began.elapsed(),
                source: cause,
            });
        };
        let operation = self.operation.name;
        if pause < WORTH_SAYING {
            tracing::debug!(operation, ?pause, "trying again: {cause}");
        } else {
            tracing::warn!(operation, ?pause, "no success yet, trying again: {cause}");
        }
        tokio::time::sleep(pause).await;
        self.waited(pause);
        Ok(())
    }

    /// The pause that this call has to make itself, nothing where the gate or the line makes it, or
    /// `None` when the budget is used up.
    fn affordable(&mut self, pause: Pause) -> Result<Option<Duration>, Error> {
        let now = Instant::now();
        match (pause, &self.line) {
            (Pause::Backoff { at_least }, _) => {
                self.accepted(at_least)?;
                Ok(self.budget.backoff(at_least))
            }
            (Pause::Stated(wait), _) => {
                if self.client.gate.close(now, wait) == Closing::First && !wait.is_zero() {
                    let operation = self.operation.name;
                    tracing::warn!(operation, reopens_in = ?wait, "the API asks to wait; all calls are held");
                }
                self.accepted(wait)?;
                Ok(self.budget.stated(wait).map(|_| Duration::ZERO))
            }
            (Pause::Paced, Some(line)) => {
                let place = line.change(|limiter| limiter.refused(now));
                let pause = place.saturating_duration_since(now);
                Ok(self.budget.affordable(pause).map(|_| Duration::ZERO))
            }
            (Pause::Paced, None) => Ok(self.budget.throttled()),
        }
    }

    /// Gives up the refused token for a new one, the first time.
    async fn renew(&mut self, token: &Token<'_>, answer: &Answer) -> Result<(), Error> {
        if let (Token::Shared(token), Some(tokens), false) =
            (token, &self.client.tokens, self.renewed)
        {
            self.renewed = true;
            tokens.invalidate(token).await;
            return Ok(());
        }
        let advice =
            self.client.dialect.unauthorized(answer.status, &answer.body).unwrap_or_else(|| {
                let refusal = self.refusal(answer.clone());
                let said = [refusal.code, refusal.message]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(": ");
                format!(
                    "the access token is refused with {} {said}; check the credentials",
                    answer.status
                )
            });
        Err(Error::Unauthorized { operation: self.operation.name, advice })
    }

    /// The error for a no that stays a no.
    fn refused(&self, answer: Answer) -> Error {
        if let Some(advice) = self.client.dialect.unauthorized(answer.status, &answer.body) {
            return Error::Unauthorized { operation: self.operation.name, advice };
        }
        let refusal = self.refusal(answer);
        if refusal.status == 403 {
            Error::Forbidden(Box::new(refusal))
        } else {
            Error::Refused(Box::new(refusal))
        }
    }

    /// An answer that is no success, in the API's own words.
    fn refusal(&self, answer: Answer) -> Refusal {
        let dialect = &self.client.dialect;
        let explanation = dialect.explain(&answer.body);
        let request_id = dialect.request_id(&answer.headers);
        Refusal::new(self.operation.name, answer.status, explanation, request_id, answer.body)
    }

    /// Whatever came instead of a success, as the source of an error.
    fn cause(&self, reply: Reply) -> Cause {
        match reply {
            Reply::Answer(answer) => Arc::new(self.refusal(answer)),
            Reply::NotConnected(cause) | Reply::Interrupted(cause) => cause,
        }
    }

    /// Whether the policy allows a wait of this length.
    fn accepted(&self, wait: Duration) -> Result<(), Error> {
        let allowed = self.client.policy.longest_wait;
        if wait > allowed {
            return Err(Error::WaitTooLong { operation: self.operation.name, wait, allowed });
        }
        Ok(())
    }

    fn waited(&self, time: Duration) {
        self.client.counts.change(self.operation.name, |count| count.waited += time);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;
    use crate::client::Client;
    use crate::dialect::{Dialect, Explanation};
    use crate::window::Window;

    const GET_ITEM: Operation =
        Operation { name: "getItem", method: Method::Get, path: "/", plan: None, idempotent: true };

    struct Mute;

    impl Dialect for Mute {
        fn explain(&self, _: &[u8]) -> Explanation {
            Explanation::default()
        }
    }

    /// A client that may send two requests in ten seconds; nothing is ever sent.
    fn client() -> Client {
        let window = Window { requests: 2, per: Duration::from_secs(10) };
        Client::builder("http://127.0.0.1:1", Mute).windows(&[window]).build().unwrap()
    }

    /// The seconds at which six callers that come at once get their places.
    async fn places(client: &Client) -> Vec<u64> {
        let begin = Instant::now();
        let mut seconds = join_all((0..6).map(|_| async {
            let call = Call::to(&GET_ITEM);
            Attempts::new(client.shared(), &call).unwrap().place().await.unwrap();
            begin.elapsed().as_secs()
        }))
        .await;
        seconds.sort_unstable();
        seconds
    }

    #[tokio::test(start_paused = true)]
    async fn a_gate_that_opens_lets_callers_through_at_the_windows_pace() {
        let client = client();
        client.shared().gate.close(Instant::now(), Duration::from_mins(1));
        assert_eq!(places(&client).await, [60, 60, 70, 70, 80, 80]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_gate_that_closes_holds_those_who_wait_for_their_place_already() {
        let client = client();
        let closing = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            client.shared().gate.close(Instant::now(), Duration::from_mins(1));
        };
        let (places, ()) = tokio::join!(places(&client), closing);
        assert_eq!(places, [0, 0, 65, 65, 75, 75]);
    }
}
