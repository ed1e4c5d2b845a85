//! One call, from its first attempt to its end: token, place, request, verdict, again or not.

mod place;
mod request;

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::answer::Answer;
use crate::client::Shared;
use crate::error::{Cause, Error, Refusal};
use crate::operation::{Call, Operation, Target};
use crate::queue::{Closing, Line, Probe};
use crate::quota::Quota;
use crate::quota::windows::Lesson;
use crate::retry::{Budget, Outcome, Pause, Verdict, verdict};

use self::request::{Reply, Token};

/// A pause from which on a person who looks at the log should know why nothing happens.
const WORTH_SAYING: Duration = Duration::from_secs(4);

/// The attempts of one call.
pub(crate) struct Attempts<'c> {
    client: &'c Shared,
    operation: &'c Operation,
    own_token: Option<&'c SecretString>,
    target: Target,
    url: Url,
    class: Option<&'c str>,
    line: Option<Arc<Line<Quota>>>,
    /// Held while this call finds out for its class whether a pause has helped.
    probe: Option<Probe>,
    budget: Budget,
    began: Instant,
    /// Whether the token was renewed for this call already.
    renewed: bool,
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
            class: call.of_class(),
            line: client.line(operation),
            probe: None,
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
            if let Some(answer) = self.judge(reply, sent, &token).await? {
                return Ok(answer);
            }
        }
    }

    /// Learns from the reply to a request sent at that time, and pauses if there is to be another
    /// request; the answer or an error if not.
    async fn judge(
        &mut self,
        reply: Reply,
        sent: Instant,
        token: &Token<'_>,
    ) -> Result<Option<Answer>, Error> {
        self.budget.sent(sent.elapsed());
        let outcome = self.outcome(&reply);
        self.learn(&reply, outcome, sent);
        self.probe = None;

        let operation = self.operation.name;
        match (verdict(outcome, self.operation), reply) {
            (Verdict::Done, Reply::Answer(answer)) => return Ok(Some(answer)),
            (Verdict::Again(pause), reply) => {
                let cause = self.cause(reply);
                self.pause(pause, cause).await?;
            }
            (Verdict::Renew, Reply::Answer(answer)) => self.renew(token, &answer).await?,
            (Verdict::Redirected, Reply::Answer(answer)) => {
                return Err(Error::Redirected { operation, status: answer.status });
            }
            (Verdict::Refused, Reply::Answer(answer)) => return Err(self.refused(answer)),
            // Of what was not answered, nothing else is known.
            (_, reply) => {
                return Err(Error::OutcomeUnknown { operation, source: self.cause(reply) });
            }
        }
        Ok(None)
    }

    /// Takes from a reply what the next calls should know, and notes what happened.
    fn learn(&self, reply: &Reply, outcome: Outcome, sent: Instant) {
        let operation = self.operation.name;
        let Reply::Answer(answer) = reply else {
            tracing::debug!(operation, ?outcome, "no answer");
            return;
        };
        let throttled = answer.status == 429;
        if throttled {
            self.client.counts.change(operation, |count| count.throttled += 1);
        }
        self.learn_windows(outcome, sent);
        if let Some(line) = &self.line {
            let rate = self.client.dialect.announced_rate(&answer.headers);
            line.change(|quota| {
                if let Some(rate) = rate {
                    quota.adopt(rate, Instant::now());
                }
                if answer.status < 400 {
                    quota.succeeded(self.class, sent);
                }
            });
            if let (Verdict::Again(Pause::Paced), Some(class)) =
                (verdict(outcome, self.operation), self.class)
            {
                self.refused_class(line, class, sent, answer);
            }
        }
        let request_id = self.client.dialect.request_id(&answer.headers);
        tracing::debug!(operation, status = answer.status, request_id, "answered");
    }

    /// Takes from an answer how much of the windows may be used. A refusal that states no wait does not tell
    /// which of them was full.
    fn learn_windows(&self, outcome: Outcome, sent: Instant) {
        let Shared { windows, window_memory, .. } = self.client;
        let lessons: Vec<Lesson> = match outcome {
            Outcome::Answered { status: 429, stated: Some(wait), .. } => {
                let now = Instant::now();
                windows.change(|windows| windows.refused(sent, wait, now)).into_iter().collect()
            }
            Outcome::Answered { status: 429, .. } => Vec::new(),
            _ => windows.look(|windows| windows.admitted(sent)),
        };
        for Lesson { window, allowance, before } in lessons {
            let (allowed, configured, per) = (allowance.requests, window.requests, window.per);
            match allowed.cmp(&before) {
                Ordering::Less => tracing::warn!(
                    allowed,
                    configured,
                    ?per,
                    "refused earlier than configured: the plan is smaller, or others use the account"
                ),
                Ordering::Equal => {}
                Ordering::Greater => {
                    tracing::info!(
                        allowed,
                        configured,
                        ?per,
                        "not refused for a while; trying more"
                    );
                }
            }
            if let Some(memory) = window_memory {
                memory.keep(window, allowance);
            }
        }
    }

    /// Lets the class pause, and says so once for each refusal that lengthens the pause.
    fn refused_class(&self, line: &Line<Quota>, class: &str, sent: Instant, answer: &Answer) {
        let cause: Cause = Arc::new(self.refusal(answer.clone()));
        let said = cause.to_string();
        let pause = line.change(|quota| quota.refused_class(class, sent, Instant::now(), cause));
        let operation = self.operation.name;
        match pause {
            Some(pause) if pause >= WORTH_SAYING => {
                tracing::warn!(operation, class, ?pause, "this class of calls is held: {said}");
            }
            _ => tracing::debug!(operation, class, ?pause, "refused: {said}"),
        }
    }

    /// Pauses before the next attempt, or says why there is none.
    async fn pause(&mut self, pause: Pause, cause: Cause) -> Result<(), Error> {
        let Some(pause) = self.affordable(pause)? else {
            return Err(self.exhausted(cause));
        };
        let operation = self.operation.name;
        if pause < WORTH_SAYING {
            tracing::debug!(operation, ?pause, "trying again: {cause}");
        } else {
            tracing::warn!(operation, ?pause, "no success yet, trying again: {cause}");
        }
        let _waiting = self.client.counts.waiting(operation);
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// The pause that this call has to make itself, nothing where the gate or the line makes it, or
    /// `None` when the budget is used up.
    fn affordable(&mut self, pause: Pause) -> Result<Option<Duration>, Error> {
        let now = Instant::now();
        match (pause, &self.line) {
            (Pause::Backoff { at_least }, _) => {
                self.accepted(503, at_least)?;
                Ok(self.budget.backoff(at_least))
            }
            (Pause::Stated(wait), _) => {
                if self.client.gate.close(now, wait) == Closing::First && !wait.is_zero() {
                    let operation = self.operation.name;
                    tracing::warn!(operation, reopens_in = ?wait, "the API asks to wait; all calls are held");
                }
                self.accepted(429, wait)?;
                // The gate makes the pause that was stated; what is beyond it is this call's.
                Ok(self.budget.stated(wait).map(|pause| pause.saturating_sub(wait)))
            }
            // The class is paused already, and its calls pay for the pause where they wait for it.
            (Pause::Paced, Some(_)) if self.class.is_some() => {
                Ok(self.budget.affordable(Duration::ZERO))
            }
            (Pause::Paced, Some(line)) => {
                let place = line.change(|quota| quota.refused(now));
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

    /// The error when the budget is used up.
    fn exhausted(&self, cause: Cause) -> Error {
        Error::Exhausted {
            operation: self.operation.name,
            attempts: self.budget.requests(),
            elapsed: self.began.elapsed(),
            source: cause,
        }
    }

    /// Whether the policy allows a wait of this length, asked for with this status.
    fn accepted(&self, status: u16, wait: Duration) -> Result<(), Error> {
        let allowed = self.client.policy.longest_wait;
        if wait > allowed {
            let operation = self.operation.name;
            return Err(Error::WaitTooLong { operation, status, wait, allowed });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
