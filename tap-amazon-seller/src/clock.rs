//! The time of day, read once and carried on.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// Tells the time from a clock on the wall that was looked at once, when the program started, and from
/// how long it has been running since. A test that holds tokio's time still holds this one too.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    read: DateTime<Utc>,
    at: Instant,
}

impl Clock {
    /// Goes on from `now`.
    #[must_use]
    pub fn starting(now: DateTime<Utc>) -> Self {
        Self { read: now, at: Instant::now() }
    }

    /// The time when the program started: the edge of what a run extracts.
    #[must_use]
    pub fn start(&self) -> DateTime<Utc> {
        self.read
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let running = TimeDelta::from_std(self.at.elapsed()).unwrap_or(TimeDelta::MAX);
        self.read.checked_add_signed(running).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}
