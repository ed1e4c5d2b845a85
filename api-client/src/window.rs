//! Staying within limits that an API counts in windows of time.
//!
//! An API that allows 20 requests in ten seconds often counts them in windows whose edges nobody
//! else knows. A bucket of 20 that refills at two a second may put 40 requests into one such
//! window. Counting *every* stretch of ten seconds is right wherever the edges are.
//!
//! Pure arithmetic, as in [`plan`](crate::RateLimiter): it says when, and its caller waits.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// So many requests in any stretch of time of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Requests allowed; zero counts as one.
    pub requests: u32,
    /// Length of the window.
    pub per: Duration,
}

/// Spaces requests so that no stretch of any window's length holds more than the window allows.
///
/// It remembers the times of the last requests, as many as the largest window allows, and no more:
/// that is 16 bytes for each, so 80 kB for five thousand.
#[derive(Debug, Clone)]
pub struct WindowLimiter {
    windows: Vec<Window>,
    /// How much of each window may be used, in the same order.
    allowed: Vec<u32>,
    /// Places taken, oldest first, never more than `kept`.
    places: VecDeque<Instant>,
    kept: usize,
}

impl WindowLimiter {
    /// Starts with nothing used. Without windows, every place is free.
    #[must_use]
    pub fn new(windows: &[Window]) -> Self {
        let kept = windows.iter().map(|window| count(window.requests)).max().unwrap_or(0);
        let allowed = windows.iter().map(|window| window.requests).collect();
        Self { windows: windows.to_vec(), allowed, places: VecDeque::new(), kept }
    }

    /// Lets so many requests of a window be used, at most what it was made with.
    pub(crate) fn allow(&mut self, window: usize, requests: u32) {
        if let (Some(allowed), Some(window)) =
            (self.allowed.get_mut(window), self.windows.get(window))
        {
            *allowed = requests.min(window.requests);
        }
    }

    /// How many places it remembers at most.
    pub(crate) fn kept(&self) -> usize {
        self.kept
    }

    /// How many places were taken since then, as far as it remembers.
    pub(crate) fn since(&self, since: Instant) -> u32 {
        let places = self.places.len() - self.places.partition_point(|place| *place < since);
        u32::try_from(places).unwrap_or(u32::MAX)
    }

    /// The oldest place that it remembers.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.places.front().copied()
    }

    /// The time of the next free place. Takes nothing.
    ///
    /// Places never go back in time: a place is not before the one taken last.
    #[must_use]
    pub fn next(&self, now: Instant) -> Instant {
        let mut place = self.places.back().map_or(now, |last| now.max(*last));
        for (window, allowed) in self.windows.iter().zip(&self.allowed) {
            // The place as many requests ago as the window allows must have left the window.
            let leaving =
                self.places.len().checked_sub(count(*allowed)).and_then(|at| self.places.get(at));
            if let Some(free) = leaving.and_then(|left| left.checked_add(window.per)) {
                place = place.max(free);
            }
        }
        place
    }

    /// Takes the next free place and returns its time.
    pub fn reserve(&mut self, now: Instant) -> Instant {
        let place = self.next(now);
        if self.kept > 0 {
            if self.places.len() == self.kept {
                self.places.pop_front();
            }
            self.places.push_back(place);
        }
        place
    }
}

/// How many requests are allowed, at least one.
fn count(requests: u32) -> usize {
    usize::try_from(requests.max(1)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHORT: Window = Window { requests: 3, per: Duration::from_secs(10) };
    const LONG: Window = Window { requests: 5, per: Duration::from_mins(1) };

    #[test]
    fn the_narrowest_window_decides() {
        let start = Instant::now();
        let mut limiter = WindowLimiter::new(&[SHORT, LONG]);
        let seconds = [(); 7].map(|()| (limiter.reserve(start) - start).as_secs());
        assert_eq!(seconds, [0, 0, 0, 10, 10, 60, 60]);
    }

    #[test]
    fn a_quiet_time_frees_the_whole_window() {
        let start = Instant::now();
        let mut limiter = WindowLimiter::new(&[SHORT]);
        for _ in 0..3 {
            limiter.reserve(start);
        }
        let later = start + SHORT.per;
        let places = [(); 3].map(|()| limiter.reserve(later) - later);
        assert_eq!(places, [Duration::ZERO; 3]);
        assert_eq!(limiter.reserve(later) - later, SHORT.per);
    }

    #[test]
    fn without_windows_every_place_is_free_and_nothing_is_remembered() {
        let now = Instant::now();
        let mut limiter = WindowLimiter::new(&[]);
        for _ in 0..1000 {
            assert_eq!(limiter.reserve(now), now);
        }
        assert!(limiter.places.is_empty());
    }

    proptest! {
        #[test]
        fn no_stretch_of_a_windows_length_holds_more_than_its_requests(
            windows in prop::collection::vec((1_u32..12, 1_u64..30_000), 1..4),
            idle in prop::collection::vec(0_u64..8_000, 1..150),
        ) {
            let windows: Vec<Window> = windows
                .into_iter()
                .map(|(requests, millis)| Window { requests, per: Duration::from_millis(millis) })
                .collect();
            let mut now = Instant::now();
            let mut limiter = WindowLimiter::new(&windows);
            let mut places = Vec::new();
            for millis in idle {
                now += Duration::from_millis(millis);
                let place = limiter.reserve(now);
                prop_assert!(place >= now);
                places.push(place);
            }
            for window in &windows {
                for from in &places {
                    let within = places.iter().filter(|at| *at >= from && **at - *from < window.per);
                    prop_assert!(within.count() <= usize::try_from(window.requests).unwrap());
                }
                prop_assert!(limiter.places.len() <= 12);
            }
        }

        #[test]
        fn nobody_waits_while_every_window_has_room(requests in 1_u32..50, calls in 1_u32..50) {
            let now = Instant::now();
            let mut limiter = WindowLimiter::new(&[Window { requests, per: Duration::from_secs(10) }]);
            let places = (0..calls).filter(|_| limiter.reserve(now) == now).count();
            prop_assert_eq!(places, usize::try_from(calls.min(requests)).unwrap());
        }
    }
}
