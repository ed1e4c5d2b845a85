//! Where callers wait: one after another for a place, all together at a closed gate, and beside
//! the line while their class is paused.
//!
//! Only the first in a line looks at the clock. The others wait for their turn, so an announced
//! rate moves everybody at once, and a caller that goes away has not used up a place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use crate::quota::Quota;
use crate::quota::windows::Windows;

/// Says when the next place is free.
pub(crate) trait Pace {
    /// The time of the next free place. Takes nothing.
    fn next(&self, now: Instant) -> Instant;
    /// Takes the next free place.
    fn reserve(&mut self, now: Instant) -> Instant;
}

impl Pace for Quota {
    fn next(&self, now: Instant) -> Instant {
        Self::next(self, now)
    }

    fn reserve(&mut self, now: Instant) -> Instant {
        Self::reserve(self, now)
    }
}

impl Pace for Windows {
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
        self.pass_while(|_| true).await;
    }

    /// Waits for a place and takes it as long as the caller wants one; returns whether it did. The
    /// first in the line is asked again after every change, the others when their turn comes.
    pub(crate) async fn pass_while(&self, is_wanted: impl Fn(&P) -> bool) -> bool {
        let _turn = self.turn.lock().await;
        loop {
            let changed = self.changed();
            let now = Instant::now();
            let free = {
                let mut pace = self.pace();
                if !is_wanted(&pace) {
                    return false;
                }
                let free = pace.next(now);
                if free <= now {
                    pace.reserve(now);
                    return true;
                }
                free
            };
            tokio::select! {
                () = tokio::time::sleep_until(free) => {}
                () = changed => {}
            }
        }
    }

    /// Looks at the pace, and may note there what concerns nobody who waits.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&mut P) -> T) -> T {
        look(&mut self.pace())
    }

    /// Changes the pace, and lets all who wait because of it look again.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut P) -> T) -> T {
        let result = change(&mut self.pace());
        self.changed.notify_waiters();
        result
    }

    /// The next change. One that comes between this call and the first poll is not missed.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    fn pace(&self) -> MutexGuard<'_, P> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held by the one call that finds out whether a paused class is accepted again. When it ends,
/// however it ends, the others of the class look again.
#[derive(Debug)]
pub(crate) struct Probe {
    line: Arc<Line<Quota>>,
    class: Box<str>,
}

impl Probe {
    /// For the call that was given [`Admission::Probe`](crate::quota::Admission::Probe).
    pub(crate) fn new(line: &Arc<Line<Quota>>, class: &str) -> Self {
        Self { line: Arc::clone(line), class: class.into() }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.line.change(|quota| quota.probed(&self.class));
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
    use crate::plan::{RateLimiter, UsagePlan};

    fn line(rate: f64, burst: u32) -> Arc<Line<Quota>> {
        let limiter = RateLimiter::new(UsagePlan { rate, burst }, Instant::now());
        Arc::new(Line::new(Quota::new(limiter)))
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
        line.change(|quota| quota.adopt(10.0, Instant::now()));
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

    /// When each of so many callers passes, if the first answer announces the rate.
    async fn passes(callers: u32, published: UsagePlan, announced: f64) -> Vec<Duration> {
        let line = line(published.rate, published.burst);
        let start = Instant::now();
        let waiting: Vec<_> = (0..callers)
            .map(|_| {
                let line = Arc::clone(&line);
                tokio::spawn(async move {
                    line.pass().await;
                    start.elapsed()
                })
            })
            .collect();
        settle().await;
        line.change(|quota| quota.adopt(announced, Instant::now()));
        let mut passes = Vec::new();
        for caller in waiting {
            passes.push(caller.await.unwrap());
        }
        passes
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_a_thousand_times_higher_in_the_first_answer_loses_no_place_of_a_long_line() {
        let published = UsagePlan { rate: 0.0167, burst: 15 };
        let passes = passes(200, published, 16.7).await;
        assert_eq!(passes.iter().filter(|pass| pass.is_zero()).count(), 15);
        let last = passes.last().unwrap().as_secs_f64();
        let ideal = (200.0 - 15.0) / 16.7;
        assert!((ideal..ideal * 1.01).contains(&last), "{last} instead of {ideal}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pace_finer_than_the_timer_is_kept() {
        // Ten places in a millisecond, which is as fine as a timer goes.
        let published = UsagePlan { rate: 10.0, burst: 50 };
        let last = *passes(5_050, published, 10_000.0).await.last().unwrap();
        assert!((500..=501).contains(&last.as_millis()), "{last:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_no_longer_wants_a_place_leaves_it_to_the_next() {
        let line = line(0.1, 1);
        line.pass().await;
        let start = Instant::now();
        let wants = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let leaving = tokio::spawn({
            let (line, wants) = (Arc::clone(&line), Arc::clone(&wants));
            async move { line.pass_while(|_| wants.load(std::sync::atomic::Ordering::SeqCst)).await }
        });
        settle().await;
        wants.store(false, std::sync::atomic::Ordering::SeqCst);
        line.change(|_| {});
        assert!(!leaving.await.unwrap());
        assert!(start.elapsed().is_zero());
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
