//! The verdict on an outcome: which failures deserve another attempt, and when.
//!
//! This is the only place that retries. A second layer around it would multiply the attempts.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::answer::Headers;
use crate::operation::Operation;

/// How long to pause, at most, between attempts after being refused without a hint by an operation
/// that has no plan.
const LONGEST_THROTTLE_PAUSE: Duration = Duration::from_mins(15);

/// A stated wait below this uses up an attempt, so that an API which always answers "at once" is
/// not asked forever.
const SHORTEST_FREE_WAIT: Duration = Duration::from_secs(1);

/// How much trying again is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Requests that one call may send, the first included. A 429 that states a wait of a second
    /// or more does not count: the API has promised that the wait will help.
    pub attempts: u32,
    /// Time that one call may spend in requests and in the pauses between them, those of its class
    /// included, even while another call of the class was the one refused. Waiting for a place in
    /// the plan, for the gate, and for as long as the API has stated does not count.
    pub time: Duration,
    /// The longest wait that is accepted when the API states one.
    pub longest_wait: Duration,
    /// The pause after the first failure; it doubles with each further one, up to `longest_pause`,
    /// and up to as much again is added at random, so that callers do not return all at once.
    pub first_pause: Duration,
    /// The longest pause between failures, before the random part.
    pub longest_pause: Duration,
    /// The pause after a first 429 without a hint, for an operation without a plan (one with a plan
    /// is paused by its pace); it doubles up to 15 minutes.
    pub throttle_pause: Duration,
    /// Time that one call may spend in such pauses before they count as attempts and as its time: as long
    /// as a window lasts whose end the API may fail to state.
    pub throttle_time: Duration,
}

impl Default for RetryPolicy {
    /// Eight attempts within half an hour of trying; waits of up to 3,700 seconds, which outlast
    /// any limit that is counted by the hour.
    fn default() -> Self {
        Self {
            attempts: 8,
            time: Duration::from_mins(30),
            longest_wait: Duration::from_secs(3700),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_mins(1),
            throttle_pause: Duration::from_secs(10),
            throttle_time: Duration::ZERO,
        }
    }
}

/// How one request ended, as far as the verdict depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There was no connection, so nothing was sent.
    NotConnected,
    /// No whole answer came: the time was up, or the connection broke. What the API did is unknown.
    Interrupted,
    /// An answer came.
    Answered {
        /// HTTP status.
        status: u16,
        /// How long the API wants to be left alone.
        stated: Option<Duration>,
        /// Whether the answer refuses the access token.
        token_refused: bool,
    },
}

/// What to do about an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A success.
    Done,
    /// Try again after the pause, if the budget allows.
    Again(Pause),
    /// Try again with a new token, once.
    Renew,
    /// A no that will stay a no.
    Refused,
    /// Somewhere else; never followed.
    Redirected,
    /// It may have happened; only the caller can look.
    OutcomeUnknown,
}

/// How long to pause before trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Growing and partly random, but not shorter than the API has asked for.
    Backoff {
        /// What the API has asked for, or nothing.
        at_least: Duration,
    },
    /// As long as the API has stated; all callers wait.
    Stated(Duration),
    /// As the operation's pace after a refusal says.
    Paced,
}

/// Judges an outcome.
///
/// | outcome | idempotent | otherwise |
/// |---|---|---|
/// | not connected | again | again: nothing was sent |
/// | interrupted | again | outcome unknown |
/// | 429 | again, when the API or the pace says | the same: a throttled request is not processed |
/// | 503 | again | again: by its definition (RFC 9110, 15.6.4) the request was not handled |
/// | 501, 505 | refused: it will never be implemented by waiting | the same |
/// | other 5xx | again | outcome unknown |
/// | 4xx that refuses the token | once more with a new token | the same |
/// | other 4xx | refused | refused |
pub(crate) fn verdict(outcome: Outcome, operation: &Operation) -> Verdict {
    let backoff = |at_least| Verdict::Again(Pause::Backoff { at_least });
    let repeated =
        if operation.idempotent { backoff(Duration::ZERO) } else { Verdict::OutcomeUnknown };
    match outcome {
        Outcome::NotConnected => backoff(Duration::ZERO),
        Outcome::Interrupted => repeated,
        Outcome::Answered { status, stated, token_refused } => match (status, stated) {
            (200..=299, _) => Verdict::Done,
            (300..=399, _) => Verdict::Redirected,
            (429, Some(wait)) => Verdict::Again(Pause::Stated(wait)),
            (429, None) => Verdict::Again(Pause::Paced),
            (400..=499, _) if token_refused => Verdict::Renew,
            (503, wait) => backoff(wait.unwrap_or_default()),
            (501 | 505, _) => Verdict::Refused,
            (500..=599, _) => repeated,
            _ => Verdict::Refused,
        },
    }
}

/// The wait that a `Retry-After` header states: seconds, also with decimals (against RFC 9110, but
/// seen), or a date, which is measured against the answer's own `Date`, so that our clock does not
/// matter. A date that is over is no wait.
pub(crate) fn stated_wait(headers: &Headers) -> Option<Duration> {
    let text = headers.get("retry-after")?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = |text| chrono::DateTime::parse_from_rfc2822(text).ok();
    let wait = date(text)? - date(headers.get("date")?)?;
    Some(wait.to_std().unwrap_or_default())
}

/// What is left of a [`RetryPolicy`] for one call.
pub(crate) struct Budget {
    policy: RetryPolicy,
    pauses: ExponentialBackoff,
    throttle_pauses: ExponentialBackoff,
    /// Requests sent.
    sent: u32,
    /// Requests sent that count.
    attempts: u32,
    spent: Duration,
    /// Spent of the policy's `throttle_time`.
    throttled: Duration,
}

impl Budget {
    /// Starts with the whole policy.
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        let exponential = |first: Duration, longest: Duration| {
            ExponentialBuilder::new()
                .with_min_delay(first)
                .with_max_delay(longest.max(first))
                .without_max_times()
                .with_jitter()
                .build()
        };
        Self {
            policy,
            pauses: exponential(policy.first_pause, policy.longest_pause),
            throttle_pauses: exponential(policy.throttle_pause, LONGEST_THROTTLE_PAUSE),
            sent: 0,
            attempts: 0,
            spent: Duration::ZERO,
            throttled: Duration::ZERO,
        }
    }

    /// Counts a request and the time that it took.
    pub(crate) fn sent(&mut self, took: Duration) {
        self.sent += 1;
        self.attempts += 1;
        self.spend(took);
    }

    /// How many requests were sent.
    pub(crate) fn requests(&self) -> u32 {
        self.sent
    }

    /// The growing pause after a failure, or `None` when the budget is used up.
    pub(crate) fn backoff(&mut self, at_least: Duration) -> Option<Duration> {
        let pause = self.pauses.next()?.max(at_least);
        self.affordable(pause)
    }

    /// The pause after a 429 without a hint and without a plan, or `None` as for
    /// [`Budget::backoff`]. It is free while the policy has time for such pauses.
    pub(crate) fn throttled(&mut self) -> Option<Duration> {
        let pause = self.throttle_pauses.next()?;
        let left = self.policy.throttle_time.saturating_sub(self.throttled);
        if left < SHORTEST_FREE_WAIT || pause < SHORTEST_FREE_WAIT {
            return self.affordable(pause);
        }
        let pause = pause.min(left);
        self.throttled = self.throttled.saturating_add(pause);
        self.attempts = self.attempts.saturating_sub(1);
        Some(pause)
    }

    /// Takes a pause out of the budget, or returns `None` when it is used up.
    pub(crate) fn affordable(&mut self, pause: Duration) -> Option<Duration> {
        if self.attempts >= self.policy.attempts || !self.allows(pause) {
            return None;
        }
        self.spend(pause);
        Some(pause)
    }

    /// Whether there is time left for a wait of this length.
    pub(crate) fn allows(&self, wait: Duration) -> bool {
        self.spent.saturating_add(wait) <= self.policy.time
    }

    /// Counts time that was waited.
    pub(crate) fn spend(&mut self, time: Duration) {
        self.spent = self.spent.saturating_add(time);
    }

    /// Accepts a stated wait, which gives the attempt back. One that is too short for that may have
    /// been rounded down, so the pause is that of a failure and no shorter than stated; `None` when
    /// there is no other attempt left.
    pub(crate) fn stated(&mut self, wait: Duration) -> Option<Duration> {
        if wait >= SHORTEST_FREE_WAIT {
            self.attempts = self.attempts.saturating_sub(1);
            return Some(wait);
        }
        self.backoff(wait)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::operation::Method;

    fn operation(idempotent: bool) -> Operation {
        Operation { name: "doIt", method: Method::Post, path: "/", plan: None, idempotent }
    }

    fn answered(status: u16) -> Outcome {
        Outcome::Answered { status, stated: None, token_refused: false }
    }

    const BACKOFF: Verdict = Verdict::Again(Pause::Backoff { at_least: Duration::ZERO });

    #[test]
    fn the_table_of_verdicts_holds() {
        let both = [
            (Outcome::NotConnected, BACKOFF, BACKOFF),
            (Outcome::Interrupted, BACKOFF, Verdict::OutcomeUnknown),
            (answered(200), Verdict::Done, Verdict::Done),
            (answered(204), Verdict::Done, Verdict::Done),
            (answered(301), Verdict::Redirected, Verdict::Redirected),
            (answered(400), Verdict::Refused, Verdict::Refused),
            (answered(403), Verdict::Refused, Verdict::Refused),
            (answered(408), Verdict::Refused, Verdict::Refused),
            (answered(409), Verdict::Refused, Verdict::Refused),
            (answered(429), Verdict::Again(Pause::Paced), Verdict::Again(Pause::Paced)),
            (answered(500), BACKOFF, Verdict::OutcomeUnknown),
            (answered(501), Verdict::Refused, Verdict::Refused),
            (answered(502), BACKOFF, Verdict::OutcomeUnknown),
            (answered(503), BACKOFF, BACKOFF),
            (answered(504), BACKOFF, Verdict::OutcomeUnknown),
            (answered(505), Verdict::Refused, Verdict::Refused),
        ];
        for (outcome, idempotent, otherwise) in both {
            assert_eq!(verdict(outcome, &operation(true)), idempotent, "{outcome:?}");
            assert_eq!(verdict(outcome, &operation(false)), otherwise, "{outcome:?}");
        }
    }

    #[test]
    fn a_stated_wait_goes_before_the_pace_and_lengthens_a_backoff() {
        let stated = Some(Duration::from_secs(148));
        let of = |status| {
            verdict(Outcome::Answered { status, stated, token_refused: true }, &operation(false))
        };
        assert_eq!(of(429), Verdict::Again(Pause::Stated(Duration::from_secs(148))));
        assert_eq!(of(503), Verdict::Again(Pause::Backoff { at_least: Duration::from_secs(148) }));
        assert_eq!(of(403), Verdict::Renew);
    }

    #[test]
    fn a_wait_is_read_from_seconds_decimals_and_dates() {
        let wait = |retry_after: &str, date: &str| {
            stated_wait(&Headers::from_iter([("retry-after", retry_after), ("date", date)]))
        };
        let date = "Fri, 20 Nov 2026 10:00:00 GMT";
        assert_eq!(wait("148", date), Some(Duration::from_secs(148)));
        assert_eq!(wait(" 1089.492 ", date), Some(Duration::from_millis(1_089_492)));
        assert_eq!(wait("Fri, 20 Nov 2026 10:30:06 GMT", date), Some(Duration::from_secs(1806)));
        assert_eq!(wait("Fri, 20 Nov 2026 09:00:00 GMT", date), Some(Duration::ZERO));
        for senseless in ["-1", "NaN", "inf", "soon", ""] {
            assert_eq!(wait(senseless, date), None, "{senseless}");
        }
        assert_eq!(wait("Fri, 20 Nov 2026 10:30:06 GMT", "yesterday"), None);
    }

    #[test]
    fn a_stated_wait_uses_up_no_attempt_unless_it_is_next_to_nothing() {
        let mut budget = Budget::new(RetryPolicy { attempts: 2, ..RetryPolicy::default() });
        for _ in 0..100 {
            budget.sent(Duration::ZERO);
            assert!(budget.stated(Duration::from_mins(30)).is_some());
        }
        budget.sent(Duration::ZERO);
        assert!(budget.stated(Duration::ZERO).is_some());
        budget.sent(Duration::ZERO);
        assert!(budget.stated(Duration::ZERO).is_none());
        assert_eq!(budget.requests(), 102);
    }

    #[test]
    fn the_time_of_requests_counts_like_the_time_of_pauses() {
        let policy =
            RetryPolicy { attempts: 9, time: Duration::from_mins(2), ..RetryPolicy::default() };
        let mut budget = Budget::new(policy);
        budget.sent(Duration::from_mins(1));
        assert!(budget.backoff(Duration::ZERO).is_some());
        budget.sent(Duration::from_mins(1));
        assert!(budget.backoff(Duration::ZERO).is_none());
    }

    proptest! {
        #[test]
        fn a_budget_ends_in_attempts_and_in_time(attempts in 1_u32..20, seconds in 0_u64..2000) {
            let policy = RetryPolicy { attempts, time: Duration::from_secs(seconds), ..RetryPolicy::default() };
            let mut budget = Budget::new(policy);
            let mut paused = Duration::ZERO;
            let mut sent = 0;
            loop {
                budget.sent(Duration::ZERO);
                sent += 1;
                let Some(pause) = budget.backoff(Duration::ZERO) else { break };
                paused += pause;
            }
            prop_assert!(sent <= attempts);
            prop_assert!(paused <= policy.time);
        }
    }
}
