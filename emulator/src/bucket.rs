//! Amazon's token buckets: how often one seller may call one operation.

use std::time::Duration;

/// The usage plan that Amazon publishes for an operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    /// Calls that are granted again each second of scaled time.
    pub(crate) rate: f64,
    /// Calls that a full bucket holds.
    pub(crate) burst: u32,
}

/// What is left of a [`Plan`].
#[derive(Debug)]
pub(crate) struct Bucket {
    plan: Plan,
    left: f64,
    filled_at: Duration,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(plan: Plan, now: Duration) -> Self {
        Self { plan, left: f64::from(plan.burst), filled_at: now }
    }

    /// Takes one call at scaled time `now`; false, and nothing taken, if none is left.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        let gained = now.saturating_sub(self.filled_at).as_secs_f64() * self.plan.rate;
        self.left = (self.left + gained).min(f64::from(self.plan.burst));
        self.filled_at = self.filled_at.max(now);
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Plan};
    use std::time::Duration;

    #[test]
    fn a_burst_is_granted_at_once_and_the_rest_at_the_rate() {
        let mut bucket = Bucket::new(Plan { rate: 0.5, burst: 3 }, Duration::ZERO);
        let granted = [0, 0, 0, 0, 1, 2, 2, 4].map(|s| bucket.take(Duration::from_secs(s)));
        assert_eq!(granted, [true, true, true, false, false, true, false, true]);
    }

    #[test]
    fn a_quiet_time_fills_the_bucket_no_further_than_its_burst() {
        let mut bucket = Bucket::new(Plan { rate: 2.0, burst: 2 }, Duration::ZERO);
        let day = Duration::from_hours(24);
        assert_eq!([(); 3].map(|()| bucket.take(day)), [true, true, false]);
    }
}
