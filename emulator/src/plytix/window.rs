//! Plytix's rate limits: fixed windows of time, each with a number of requests.
//!
//! ```text
//!  window 0            window 1            window 2
//! ├───────────────────┼───────────────────┼──────────▶ scaled time
//!   20 granted  ✗ ✗ ✗  20 granted    ✗ ✗
//!               └──┬──┘ Retry-After counts down to the end, however often it is asked
//! ```
//!
//! Production records show values of `Retry-After` that fall with the wall clock to the end of the
//! window and are not prolonged by further requests. Nothing is carried over, so forty requests can
//! pass in one second around a boundary, and a client must not expect a moment of its choosing to
//! be one.

use std::time::Duration;

/// One window after the other, all of the same length.
#[derive(Debug)]
pub(super) struct Window {
    limit: u32,
    length: Duration,
    /// Which window the count belongs to.
    number: u128,
    count: u32,
}

impl Window {
    /// Windows that admit `limit` requests every `length`, from time zero on.
    pub(super) fn new(limit: u32, length: Duration) -> Self {
        Self { limit, length, number: 0, count: 0 }
    }

    /// Counts a request at scaled time `now`; the time left in the window if it is one too many.
    pub(super) fn refused_for(&mut self, now: Duration) -> Option<Duration> {
        let length = self.length.as_nanos().max(1);
        let number = now.as_nanos() / length;
        if number != self.number {
            self.number = number;
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        let left = u64::try_from(length - now.as_nanos() % length).unwrap_or(u64::MAX);
        (self.count > self.limit).then(|| Duration::from_nanos(left))
    }
}

/// Whole seconds for `Retry-After`: rounded up, and never 0.
pub(super) fn whole_seconds(real: Duration) -> u64 {
    let seconds = real.as_secs() + u64::from(real.subsec_nanos() > 0);
    seconds.max(1)
}

#[cfg(test)]
mod tests {
    use super::{Window, whole_seconds};
    use std::time::Duration;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_end_of_a_window_stays_where_it_is_however_often_it_is_hit() {
        let mut window = Window::new(2, seconds(10));
        let refused = [3, 3, 3, 4, 9, 10, 11, 12].map(|now| window.refused_for(seconds(now)));
        let left = |left| Some(seconds(left));
        assert_eq!(refused, [None, None, left(7), left(6), left(1), None, None, left(8)]);
    }

    #[test]
    fn a_wait_is_rounded_up_to_a_whole_second() {
        let waits = [0, 1, 999, 1000, 1001].map(|ms| whole_seconds(Duration::from_millis(ms)));
        assert_eq!(waits, [1, 1, 1, 1, 2]);
    }
}
