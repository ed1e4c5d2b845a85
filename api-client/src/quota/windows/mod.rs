//! What the windows of an API still grant: what is configured, corrected by its refusals.
//!
//! A plan may be smaller than configured, and others may use the same account. An API that counts in
//! windows says how long a refused caller has to wait, which is until its window ends; so its window
//! began one length before that, and what it admitted of us in between is what it had left for us:
//!
//! ```text
//!        began = refused + wait - length                  ends = refused + wait
//!  ────────┼──●──●──●──●──●──●──●──●──✗──────────────────────┼───▶ time
//!          └───── 8 admitted, configured 20 ─────┘ refused: 8 from now on, but at least 10
//! ```
//!
//! | what | does |
//! |---|---|
//! | a refusal | lowers the window to what was admitted, to a half at most and never below a tenth |
//! | others of requests that were under way then | belong to the same refusal |
//! | the allowance, filled so many times over without a refusal | raises it by a tenth of what is configured |
//!
//! How many times is what a window has to show before it is trusted again: once at first, twice as
//! often after each refusal, and once again when two raises in a row were borne out. So a plan that is
//! smaller for good costs a few refusals and then one in a long while, and a neighbour who has gone is
//! noticed soon.
//!
//! Pure arithmetic, as in [`window`](crate::WindowLimiter); [`queue`](crate::queue) does the waiting.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::window::{Window, WindowLimiter};

/// Part of what is configured that a raise adds, and below which no refusal lowers: a window that somebody
/// else has emptied says little about the next one.
const STEP: u32 = 10;

/// A stated wait may be rounded up to whole seconds, so its window may have begun so much earlier.
const ROUNDING: Duration = Duration::from_secs(1);

/// The longest time without a refusal that is asked for before a raise, unless four windows are longer.
const LONGEST_TRIAL: Duration = Duration::from_mins(10);

/// What is known of a window: how much of it may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests that are sent in any stretch of the window's length; at most what is configured.
    pub requests: u32,
    /// How many times over that must be used without a refusal before more is tried.
    pub trials: u32,
}

/// Keeps what is learnt of windows for the next client of the same account. Losing it costs refusals
/// and nothing else.
pub trait WindowMemory: Send + Sync + 'static {
    /// What was kept about a window that was configured like this one.
    fn recall(&self, window: Window) -> Option<Allowance>;

    /// Keeps what is known now. Called while requests wait, so it does not take long.
    fn keep(&self, window: Window, allowance: Allowance);
}

/// A window whose allowance has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lesson {
    pub(crate) window: Window,
    pub(crate) allowance: Allowance,
    /// How many requests were allowed before; as many as now where only the trials have grown.
    pub(crate) before: u32,
}

/// The limiter of all windows, and what was learnt of each.
#[derive(Debug, Clone)]
pub(crate) struct Windows {
    limiter: WindowLimiter,
    learned: Vec<Learned>,
    /// When refused requests were sent, oldest first, as far back as the limiter remembers.
    refused: VecDeque<Instant>,
    /// What was used before this is not known.
    began: Instant,
}

/// What was learnt of one window.
#[derive(Debug, Clone)]
struct Learned {
    configured: Window,
    allowance: Allowance,
    /// The allowance before the last refusal, of which at least a half stays.
    before: u32,
    /// When the last refusal arrived.
    refused_at: Option<Instant>,
    /// Since when `admitted` counts: the last change or refusal.
    since: Instant,
    /// Requests sent since then and not refused.
    admitted: u32,
    /// Whether there was a raise after the last refusal.
    is_raised: bool,
}

impl Windows {
    /// Starts with nothing used, and with what is remembered of each window.
    pub(crate) fn new(
        windows: &[Window],
        now: Instant,
        recall: impl Fn(Window) -> Option<Allowance>,
    ) -> Self {
        let mut limiter = WindowLimiter::new(windows);
        let learned: Vec<Learned> =
            windows.iter().map(|window| Learned::new(*window, recall(*window), now)).collect();
        for (place, learned) in learned.iter().enumerate() {
            limiter.allow(place, learned.allowance.requests);
        }
        Self { limiter, learned, refused: VecDeque::new(), began: now }
    }

    /// The time of the next free place. Takes nothing.
    pub(crate) fn next(&self, now: Instant) -> Instant {
        self.limiter.next(now)
    }

    /// Takes the next free place and returns its time.
    pub(crate) fn reserve(&mut self, now: Instant) -> Instant {
        self.limiter.reserve(now)
    }

    /// The time of the place that the last of so many further requests gets if none is refused, so that
    /// more is tried on the way; `now` if there are none. Takes nothing.
    pub(crate) fn last_of(&self, requests: u64, now: Instant) -> Instant {
        let mut foreseen = self.clone();
        (0..requests).fold(now, |_, _| {
            let place = foreseen.reserve(now);
            foreseen.admitted(place);
            place
        })
    }

    /// Learns that a request sent at that time was refused, and for how long. Returns the window that was
    /// full, if that is news.
    pub(crate) fn refused(
        &mut self,
        sent: Instant,
        wait: Duration,
        now: Instant,
    ) -> Option<Lesson> {
        self.refused.push_back(sent);
        if self.refused.len() > self.limiter.kept() {
            self.refused.pop_front();
        }
        let (place, admitted) = self.full(sent, wait)?;
        let learned = self.learned.get_mut(place)?;
        let before = learned.allowance.requests;
        let is_another = learned.refused(admitted, sent, now);
        let (window, allowance) = (learned.configured, learned.allowance);
        self.limiter.allow(place, allowance.requests);
        (is_another || allowance.requests < before).then_some(Lesson { window, allowance, before })
    }

    /// Learns that a request sent at that time was not refused. Returns the windows of which more may be
    /// used from now on. Nobody who waits already has to wait longer for that, so nobody is woken.
    pub(crate) fn admitted(&mut self, sent: Instant) -> Vec<Lesson> {
        let mut raised = Vec::new();
        for (place, learned) in self.learned.iter_mut().enumerate() {
            let before = learned.allowance.requests;
            if learned.admitted(sent) {
                let (window, allowance) = (learned.configured, learned.allowance);
                self.limiter.allow(place, allowance.requests);
                raised.push(Lesson { window, allowance, before });
            }
        }
        raised
    }

    /// The window that was full when this request was refused, and how many it had admitted of ours: of
    /// those that last as long as the wait, the one of which most was used. Nothing if it began before this
    /// client, because then what else was used of it is not known.
    fn full(&self, sent: Instant, wait: Duration) -> Option<(usize, u32)> {
        let candidates = self.learned.iter().enumerate().filter_map(|(place, learned)| {
            let earlier = (learned.configured.per + ROUNDING).checked_sub(wait)?;
            let since = sent.checked_sub(earlier)?;
            // Of requests that the limiter has forgotten, those that were refused do not count, either.
            let known = self.limiter.oldest().map_or(since, |oldest| since.max(oldest));
            let admitted = self.limiter.since(since).saturating_sub(self.refused_since(known));
            let used = f64::from(admitted) / f64::from(learned.allowance.requests.max(1));
            Some((place, admitted, used, since))
        });
        let (place, admitted, _, since) =
            candidates.max_by(|(_, _, one, _), (_, _, other, _)| one.total_cmp(other))?;
        (since >= self.began).then_some((place, admitted))
    }

    /// How many requests that were sent since then were refused.
    fn refused_since(&self, since: Instant) -> u32 {
        let refused = self.refused.iter().filter(|sent| **sent >= since).count();
        u32::try_from(refused).unwrap_or(u32::MAX)
    }
}

impl Learned {
    fn new(configured: Window, remembered: Option<Allowance>, now: Instant) -> Self {
        let all = Allowance { requests: configured.requests, trials: 1 };
        let allowance = remembered.map_or(all, |it| Allowance {
            requests: it.requests.clamp(step(configured), configured.requests.max(1)),
            trials: it.trials.clamp(1, longest_trial(configured)),
        });
        Self {
            configured,
            allowance,
            before: allowance.requests,
            refused_at: None,
            since: now,
            admitted: 0,
            is_raised: false,
        }
    }

    /// Lowers the allowance to what was admitted, within reason; whether this is another refusal than the last.
    fn refused(&mut self, admitted: u32, sent: Instant, now: Instant) -> bool {
        let is_another = self.refused_at.is_none_or(|refused_at| sent > refused_at);
        if is_another {
            self.before = self.allowance.requests;
            let trials = self.allowance.trials.saturating_mul(2);
            self.allowance.trials = trials.min(longest_trial(self.configured));
            self.refused_at = Some(now);
            self.is_raised = false;
        }
        (self.since, self.admitted) = (now, 0);
        let least = self.before.div_ceil(2).max(step(self.configured));
        self.allowance.requests = self.allowance.requests.min(admitted.max(least));
        is_another
    }

    /// Counts a request that was not refused; whether that raises the allowance.
    fn admitted(&mut self, sent: Instant) -> bool {
        if self.allowance.requests >= self.configured.requests || sent < self.since {
            return false;
        }
        self.admitted = self.admitted.saturating_add(1);
        let Allowance { requests, trials } = self.allowance;
        let trial = self.configured.per.saturating_mul(trials);
        if self.admitted < requests.saturating_mul(trials) || sent - self.since < trial {
            return false;
        }
        let more = requests.saturating_add(step(self.configured)).min(self.configured.requests);
        let trials = if self.is_raised { 1 } else { trials };
        self.allowance = Allowance { requests: more, trials };
        (self.since, self.admitted, self.is_raised) = (sent, 0, true);
        true
    }
}

/// The part of a window that a raise adds.
fn step(window: Window) -> u32 {
    window.requests.max(1).div_ceil(STEP)
}

/// How many windows a trial lasts at most.
fn longest_trial(window: Window) -> u32 {
    let windows = LONGEST_TRIAL.as_nanos() / window.per.as_nanos().max(1);
    u32::try_from(windows).unwrap_or(u32::MAX).max(4)
}

#[cfg(test)]
mod tests;
