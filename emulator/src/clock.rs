//! The emulator's time: the world's, and a faster one for everything that Amazon and Plytix make
//! their callers wait for.
//!
//! The program reads the system's clock once and hands it over; from then on time is counted with
//! [`tokio::time::Instant`], which a test can hold still and move.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;
use tokio::time::Instant;

/// A clock that shows real time, and counts scaled time beside it.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    started_at: DateTime<Utc>,
    anchored_at: DateTime<Utc>,
    started: Instant,
    speed: f64,
}

/// One reading of a [`Clock`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Real time of day.
    pub(crate) time: DateTime<Utc>,
    /// Scaled time since the start.
    pub(crate) scaled: Duration,
}

impl Clock {
    /// Starts at `started_at`, which is now; scaled time runs `speed` times as fast as real time.
    ///
    /// A speed that is not a positive number counts as 1.
    pub(crate) fn new(started_at: DateTime<Utc>, speed: f64) -> Self {
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        Self { started_at, anchored_at: started_at, started: Instant::now(), speed }
    }

    /// The same clock, with the generated data anchored to the day of `anchored_at`.
    pub(crate) fn anchored(self, anchored_at: DateTime<Utc>) -> Self {
        Self { anchored_at, ..self }
    }

    /// The moment to whose day the generated data is anchored: the start, unless it was set. Two
    /// emulators with one anchor are one world, seen at two moments.
    pub(crate) fn anchored_at(&self) -> DateTime<Utc> {
        self.anchored_at
    }

    /// The moment at which the emulator was started.
    pub(crate) fn started_at(&self) -> DateTime<Utc> {
        self.started_at
    }

    /// The real time of day: what timestamps, tokens and presigned URLs go by.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.moment().time
    }

    /// Scaled time since the start: what rates, queues and regeneration windows go by.
    pub(crate) fn elapsed(&self) -> Duration {
        self.moment().scaled
    }

    /// What the clock shows, both times of the same instant.
    pub(crate) fn moment(&self) -> Moment {
        let real = self.started.elapsed();
        let since = TimeDelta::from_std(real).unwrap_or(TimeDelta::MAX);
        let time = self.started_at.checked_add_signed(since).unwrap_or(DateTime::<Utc>::MAX_UTC);
        Moment { time, scaled: real.mul_f64(self.speed) }
    }

    /// How many times as fast as real time the scaled time runs.
    pub(crate) fn speed(&self) -> f64 {
        self.speed
    }

    /// The real time that `scaled` takes.
    pub(crate) fn real(&self, scaled: Duration) -> Duration {
        scaled.div_f64(self.speed)
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use chrono::{DateTime, TimeDelta, Utc};
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn scaled_time_runs_faster_than_real_time() {
        let clock = Clock::new(DateTime::<Utc>::UNIX_EPOCH, 60.0);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(clock.now(), DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(2));
        assert_eq!(clock.elapsed(), Duration::from_mins(2));
        assert_eq!(clock.real(Duration::from_mins(2)), Duration::from_secs(2));
    }
}
