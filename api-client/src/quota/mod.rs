//! What one operation still grants: its plan, and the classes of calls that it refuses beside it.
//!
//! Some APIs keep quotas that they do not publish, each for one class of an operation's calls (all
//! that ask for one kind of thing, say). They refuse such a class for hours with the very status
//! that means an empty bucket, while they accept every other class. So a refusal says little about
//! the operation and much about its class, and each is paused for itself:
//!
//! | refused | the class | the operation |
//! |---|---|---|
//! | a class, for the first time or again | pauses for `1 / rate`, doubling | next place after `1 / rate`; then one at a time until a call is accepted, which shows that the bucket was not empty |
//! | a second class since the last success, and every further one | the same | it is the operation's own limit: empty, and a pause that doubles |
//! | a call without a class | – | empty, and a pause that doubles |
//!
//! A class that is known to be refused tells nothing new about the operation by being refused
//! again, so only its first refusal counts towards the operation's own limit; otherwise two such
//! classes would close an operation that accepts all others.
//!
//! Pure arithmetic, as in [`plan`](crate::RateLimiter); [`queue`](crate::queue) does the waiting.

pub(crate) mod windows;

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Cause;
use crate::plan::{LONGEST_PAUSE, RateLimiter, later, rescaled};

/// A plan's limiter, and a pause for each class that is being refused.
#[derive(Debug)]
pub(crate) struct Quota {
    limiter: RateLimiter,
    /// Never more than were refused within the last half hour or so: see [`Quota::forget`].
    classes: HashMap<Box<str>, Class>,
    /// When a call with a class was refused last, as far as that was news about the operation.
    refused_at: Option<Instant>,
    /// Classes that began to be refused since the last success.
    newly_refused: u32,
}

/// A class that is being refused; one that is accepted is not kept.
#[derive(Debug)]
struct Class {
    refusals: u32,
    /// When the last refusal arrived; others of calls that were under way then are the same one.
    refused_at: Instant,
    until: Instant,
    /// Whether a call is on its way to find out whether the pause has helped.
    is_probed: bool,
    /// The last refusal, for those who give up without having been refused themselves.
    refusal: Cause,
}

/// What a call of a class may do now.
#[derive(Debug)]
pub(crate) enum Admission {
    /// Go on; the class is not being refused.
    Open,
    /// Go on alone and find out. Until [`Quota::probed`], all others of the class wait.
    Probe,
    /// Wait for the one that finds out.
    Probed,
    /// Wait until then, or give up with what the API said.
    Paused(Instant, Cause),
}

impl Quota {
    /// Starts with a whole burst and no class refused.
    pub(crate) fn new(limiter: RateLimiter) -> Self {
        Self { limiter, classes: HashMap::new(), refused_at: None, newly_refused: 0 }
    }

    /// The time of the operation's next free place. Takes nothing.
    pub(crate) fn next(&self, now: Instant) -> Instant {
        self.limiter.next(now)
    }

    /// The time of the place that the last of so many further calls gets. Takes nothing.
    pub(crate) fn last_of(&self, calls: u64, now: Instant) -> Instant {
        self.limiter.last_of(calls, now)
    }

    /// Takes the operation's next free place and returns its time.
    pub(crate) fn reserve(&mut self, now: Instant) -> Instant {
        self.limiter.reserve(now)
    }

    /// Adopts an announced rate; pauses are intervals, so they shrink and grow with it.
    pub(crate) fn adopt(&mut self, rate: f64, now: Instant) {
        let before = self.limiter.interval();
        self.limiter.adopt(rate, now);
        let after = self.limiter.interval();
        if before == after {
            return;
        }
        let ratio = after.as_secs_f64() / before.as_secs_f64();
        let latest = later(now, LONGEST_PAUSE.max(after));
        for class in self.classes.values_mut() {
            class.until = rescaled(class.until, now, ratio).min(latest);
        }
    }

    /// Whether the class is not being refused, so that its calls may stay in the line.
    pub(crate) fn accepts(&self, class: &str) -> bool {
        !self.classes.contains_key(class)
    }

    /// What a call of this class may do now. [`Admission::Probe`] is given to one call at a time.
    pub(crate) fn admit(&mut self, class: &str, now: Instant) -> Admission {
        let Some(class) = self.classes.get_mut(class) else { return Admission::Open };
        if class.is_probed {
            Admission::Probed
        } else if now < class.until {
            Admission::Paused(class.until, class.refusal.clone())
        } else {
            class.is_probed = true;
            Admission::Probe
        }
    }

    /// Learns that the call that was to find out has ended, whatever came of it.
    pub(crate) fn probed(&mut self, class: &str) {
        if let Some(class) = self.classes.get_mut(class) {
            class.is_probed = false;
        }
    }

    /// Learns that a call without a class was refused without being told how long to wait, and
    /// returns the operation's next place.
    pub(crate) fn refused(&mut self, now: Instant) -> Instant {
        self.limiter.refused(now)
    }

    /// Learns that a call of this class, sent at that time, was refused without being told how long
    /// to wait. Returns the pause of the class if it has grown by that.
    pub(crate) fn refused_class(
        &mut self,
        class: &str,
        sent: Instant,
        now: Instant,
        refusal: Cause,
    ) -> Option<Duration> {
        let known = self.classes.get(class);
        if known.is_some_and(|known| sent <= known.refused_at) {
            return None;
        }
        let refusals = known.map_or(0, |known| known.refusals);
        let is_probed = known.is_some_and(|known| known.is_probed);
        let place = self.doubt(known.is_none(), sent, now);
        let until = later(now, self.limiter.pause(refusals)).max(place);
        self.forget(now);
        let refusals = refusals.saturating_add(1);
        let refused = Class { refusals, refused_at: now, until, is_probed, refusal };
        self.classes.insert(class.into(), refused);
        Some(until.saturating_duration_since(now))
    }

    /// Learns that a call sent at that time was accepted: its class is no longer refused, and the
    /// bucket was not empty. A call that was under way during a refusal says nothing about it.
    pub(crate) fn succeeded(&mut self, class: Option<&str>, sent: Instant) {
        self.limiter.succeeded();
        if self.refused_at.is_none_or(|refused_at| sent > refused_at) {
            self.limiter.trust();
            self.newly_refused = 0;
        }
        if let Some(class) = class
            && self.classes.get(class).is_some_and(|refused| sent > refused.refused_at)
        {
            self.classes.remove(class);
        }
    }

    /// What a refused class means for the operation: its next place.
    fn doubt(&mut self, is_new: bool, sent: Instant, now: Instant) -> Instant {
        let under_way = self.refused_at.is_some_and(|refused_at| sent <= refused_at);
        if under_way {
            return self.limiter.next(now);
        }
        self.refused_at = Some(now);
        let is_own_limit = is_new && self.newly_refused > 0;
        self.newly_refused = self.newly_refused.saturating_add(u32::from(is_new));
        if is_own_limit { self.limiter.refused(now) } else { self.limiter.doubt(now) }
    }

    /// Forgets classes that nobody has asked for since a longest pause after their own, so that
    /// memory is bounded by the refusals of that time.
    fn forget(&mut self, now: Instant) {
        self.classes.retain(|_, class| class.is_probed || now < later(class.until, LONGEST_PAUSE));
    }
}

#[cfg(test)]
mod tests;
