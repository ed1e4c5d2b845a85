//! Where callers wait: one after another for a place, all together at a closed gate.
//!
//! Only the first in a line looks at the clock. The others wait for their turn, so an announced
//! rate moves everybody at once, and a caller that goes away has not used up a place.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::plan::RateLimiter;
use crate::window::WindowLimiter;

/// Says when the next place is free.
pub(crate) trait Pace {
    /// The time of the next free place. Takes nothing.
    fn next(&self, now: Instant) -> Instant;
    /// Takes the next free place.
    fn reserve(&mut self, now: Instant) -> Instant;
}

impl Pace for RateLimiter {
    fn next(&self, now: Instant) -> Instant {
        Self::next(self, now)
    }

    fn reserve(&mut self, now: Instant) -> Instant {
        Self::reserve(self, now)
    }
}

impl Pace for WindowLimiter {
    fn next(&self, now: Instant) -> Instant {
        Self::next(self, now)
    }

    fn reserve(&mut self, now: Instant) -> Instant {
        Self::reserve(self, now)
    }
}

/// A line of callers, served in the order of their coming at a limiter's pace.
#[derive(Debug)]
pub(crate) struct Line<P> {
    /// Held by the first in the line while it waits. Tokio's mutex is fair.
    turn: tokio::sync::Mutex<()>,
    pace: Mutex<P>,
    changed: Notify,
}

impl<P: Pace> Line<P> {
    /// An empty line.
    pub(crate) fn new(pace: P) -> Self {
        Self { turn: tokio::sync::Mutex::new(()), pace: Mutex::new(pace), changed: Notify::new() }
    }

    /// Waits for a place and takes it.
    pub(crate) async fn pass(&self) {
        let _turn = self.turn.lock().await;
        loop {
            let now = Instant::now();
            let place = self.pace().next(now);
            if place <= now {
                self.pace().reserve(now);
                return;
            }
            // A change between the lines above and here leaves a permit, so it is not missed.
            tokio::select! {
                () = tokio::time::sleep_until(place) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Changes the pace, and lets the first in the line look again.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut P) -> T) -> T {
        let result = change(&mut self.pace());
        self.changed.notify_one();
        result
    }

    fn pace(&self) -> MutexGuard<'_, P> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closed for every caller while an API wants to be left alone.
#[derive(Debug, Default)]
pub(crate) struct Gate(Mutex<Option<Instant>>);

/// Whether closing a gate is news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// It was open.
    First,
    /// It was closed already; it may now stay closed for longer.
    Repeated,
}

impl Gate {
    /// How long the gate stays closed; nothing when it is open.
    pub(crate) fn closed_for(&self, now: Instant) -> Duration {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Closes the gate for so long. A shorter wait never opens it earlier.
    pub(crate) fn close(&self, now: Instant, wait: Duration) -> Closing {
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let closing =
            if until.is_some_and(|until| until > now) { Closing::Repeated } else { Closing::First };
        *until = (*until).max(now.checked_add(wait));
        closing
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::plan::UsagePlan;

    fn line(rate: f64, burst: u32) -> Arc<Line<RateLimiter>> {
        Arc::new(Line::new(RateLimiter::new(UsagePlan { rate, burst }, Instant::now())))
    }

    /// Lets tasks run up to their next wait without moving the clock.
    async fn settle() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn callers_pass_in_order_at_the_pace() {
        let line = line(0.5, 2);
        let start = Instant::now();
        let callers: Vec<_> = (0..5)
            .map(|_| {
                let line = Arc::clone(&line);
                tokio::spawn(async move {
                    line.pass().await;
                    start.elapsed().as_secs()
                })
            })
            .collect();
        let mut seconds = Vec::new();
        for caller in callers {
            seconds.push(caller.await.unwrap());
        }
        assert_eq!(seconds, [0, 0, 2, 4, 6]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_announced_rate_moves_those_who_wait_already() {
        let line = line(0.001, 1);
        line.pass().await;
        let start = Instant::now();
        let waiting = tokio::spawn({
            let line = Arc::clone(&line);
            async move { line.pass().await }
        });
        settle().await;
        line.change(|limiter| limiter.adopt(10.0, Instant::now()));
        waiting.await.unwrap();
        assert_eq!(start.elapsed().as_millis(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_takes_no_place() {
        let line = line(0.1, 1);
        line.pass().await;
        let start = Instant::now();
        let gone = tokio::time::timeout(Duration::from_secs(1), line.pass()).await;
        assert!(gone.is_err());
        line.pass().await;
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[test]
    fn a_gate_stays_closed_for_the_longest_wait_and_is_news_once() {
        let now = Instant::now();
        let gate = Gate::default();
        assert_eq!(gate.closed_for(now), Duration::ZERO);
        assert_eq!(gate.close(now, Duration::from_secs(148)), Closing::First);
        assert_eq!(gate.close(now, Duration::from_secs(20)), Closing::Repeated);
        assert_eq!(gate.closed_for(now), Duration::from_secs(148));
        let reopened = now + Duration::from_secs(148);
        assert_eq!(gate.closed_for(reopened), Duration::ZERO);
        assert_eq!(gate.close(reopened, Duration::from_secs(1)), Closing::First);
    }
}
