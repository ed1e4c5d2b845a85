//! Staying within an API's published rate, instead of finding its edge by being refused.
//!
//! Pure arithmetic: a limiter never sleeps and holds no lock. It says when, and its caller waits.

use std::time::Duration;

use tokio::time::Instant;

/// The longest time between two calls that a plan can ask for; keeps a senseless rate harmless.
const LONGEST_INTERVAL: Duration = Duration::from_hours(24);

/// The longest pause after repeated refusals, unless the plan's own pace is slower.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// How often an operation may be called: `burst` calls at once, then `rate` calls a second.
///
/// Such a plan is a token bucket: it holds `burst` calls and refills at `rate`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UsagePlan {
    /// Calls a second, once the burst is spent.
    pub rate: f64,
    /// Calls that may be made at once after a quiet time.
    pub burst: u32,
}

impl UsagePlan {
    /// How long so many calls take from a quiet time on, until the last one is sent: what lies beyond
    /// the burst, at the rate.
    #[must_use]
    pub fn time_for(&self, calls: u64) -> Duration {
        times(self.interval(), calls.saturating_sub(u64::from(self.burst.max(1))))
    }

    /// Time in which one call comes back.
    fn interval(&self) -> Duration {
        let seconds = 1.0 / self.rate;
        Duration::try_from_secs_f64(seconds)
            .unwrap_or(LONGEST_INTERVAL)
            .clamp(Duration::from_nanos(1), LONGEST_INTERVAL)
    }
}

/// So many intervals.
fn times(interval: Duration, count: u64) -> Duration {
    interval.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Spaces calls to the pace of a [`UsagePlan`].
///
/// The limiter keeps one instant, the time at which its burst will be whole again, and no count of
/// calls. The next place is one burst before that instant:
///
/// ```text
///        next place                  whole again
///  ──────────┼────────┼────────┼──────────┼──────▶ time
///            └── burst - 1 intervals of ──┘
///                1 / rate
/// ```
///
/// Places follow from that instant and not from the time at which a caller woke up: whoever is
/// late by less than the burst makes nobody else late. A burst of one leaves no such room, since a
/// server whose bucket holds one call refuses two that are closer than an interval.
#[derive(Debug)]
pub struct RateLimiter {
    plan: UsagePlan,
    whole_at: Instant,
    refusals: u32,
    /// While the bucket may be emptier than we know: the next place, whatever the bucket holds.
    doubt: Option<Instant>,
    /// Refusals before this time answer calls that were under way when the last one arrived.
    held_until: Option<Instant>,
}

impl RateLimiter {
    /// Starts with a whole burst.
    #[must_use]
    pub fn new(plan: UsagePlan, now: Instant) -> Self {
        Self { plan, whole_at: now, refusals: 0, doubt: None, held_until: None }
    }

    /// The time of the next free place, which is `now` while the burst lasts. Takes nothing.
    #[must_use]
    pub fn next(&self, now: Instant) -> Instant {
        let free = self.whole_at.checked_sub(self.head_start()).map_or(now, |free| free.max(now));
        self.doubt.map_or(free, |doubt| doubt.max(free))
    }

    /// The time of the place that the last of so many further calls gets when nobody else calls;
    /// `now` if there are none. Takes nothing.
    #[must_use]
    pub fn last_of(&self, calls: u64, now: Instant) -> Instant {
        let Some(others) = calls.checked_sub(1) else { return now };
        let others = times(self.interval(), others);
        if self.doubt.is_some() {
            return later(self.next(now), others);
        }
        let whole_at = later(self.whole_at.max(now), others);
        whole_at.checked_sub(self.head_start()).map_or(now, |free| free.max(now))
    }

    /// Takes the next free place and returns its time.
    pub fn reserve(&mut self, now: Instant) -> Instant {
        let place = self.next(now);
        self.whole_at = later(self.whole_at.max(place), self.interval());
        if self.doubt.is_some() {
            self.doubt = Some(later(place, self.interval()));
        }
        place
    }

    /// Adopts the rate that an answer announced, and keeps what is spent of the burst: missing
    /// calls come back at the new rate. A rate that is not a positive number is ignored.
    pub fn adopt(&mut self, rate: f64, now: Instant) {
        if !(rate.is_finite() && rate > 0.0) || (rate - self.plan.rate).abs() < f64::EPSILON {
            return;
        }
        let before = self.interval();
        self.plan.rate = rate;
        let ratio = self.interval().as_secs_f64() / before.as_secs_f64();
        self.whole_at = rescaled(self.whole_at, now, ratio);
        self.doubt = self.doubt.map(|place| rescaled(place, now, ratio));
        self.held_until = None;
    }

    /// Learns that a call was refused without being told how long to wait, and returns the next
    /// place. The bucket was emptier than we knew, so it counts as empty: the next place comes
    /// after `1 / rate`, and each further refusal doubles that, to at most 15 minutes (or the
    /// plan's own interval, if that is longer).
    ///
    /// Calls that were under way together are refused together; that counts as one refusal.
    pub fn refused(&mut self, now: Instant) -> Instant {
        if let Some(until) = self.held_until.filter(|until| now < *until) {
            return self.next(now).max(until);
        }
        let place = later(now, self.pause(self.refusals));
        self.refusals = self.refusals.saturating_add(1);
        self.held_until = Some(place);
        self.whole_at = self.whole_at.max(later(place, self.head_start()));
        place
    }

    /// Learns that a call was answered: the next refusal starts from a single interval again.
    pub fn succeeded(&mut self) {
        self.refusals = 0;
    }

    /// Learns that a call was refused for a reason that may be its own: until
    /// [`RateLimiter::trust`], the bucket counts as empty, and places come one interval apart,
    /// the next one an interval from now. What it holds is not lost. Returns the next place.
    pub(crate) fn doubt(&mut self, now: Instant) -> Instant {
        let place = later(now, self.interval());
        self.doubt = self.doubt.max(Some(place));
        self.next(now)
    }

    /// Learns that the bucket was not empty: what it holds may be used again.
    pub(crate) fn trust(&mut self) {
        self.doubt = None;
    }

    /// The pause after a refusal that follows so many others: an interval, doubled for each, but
    /// at most 15 minutes (or the interval itself, if that is longer).
    pub(crate) fn pause(&self, earlier_refusals: u32) -> Duration {
        let interval = self.interval();
        let doubled = interval.saturating_mul(2_u32.saturating_pow(earlier_refusals));
        doubled.min(LONGEST_PAUSE.max(interval))
    }

    /// Time in which one call comes back.
    pub(crate) fn interval(&self) -> Duration {
        self.plan.interval()
    }

    /// How long before the burst is whole again one call of it is free.
    fn head_start(&self) -> Duration {
        self.interval().saturating_mul(self.plan.burst.saturating_sub(1))
    }
}

/// The instant, with the time that is left until then stretched by the ratio.
pub(crate) fn rescaled(until: Instant, now: Instant, ratio: f64) -> Instant {
    let left = until.saturating_duration_since(now).as_secs_f64() * ratio;
    later(now, Duration::try_from_secs_f64(left).unwrap_or(LONGEST_INTERVAL))
}

/// The instant after the duration, or the instant itself where the clock cannot tell that time.
pub(crate) fn later(instant: Instant, by: Duration) -> Instant {
    instant.checked_add(by).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds_of(limiter: &mut RateLimiter, start: Instant, now: Instant) -> u64 {
        (limiter.reserve(now) - start).as_secs()
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let start = Instant::now();
        let mut limiter = RateLimiter::new(UsagePlan { rate: 0.5, burst: 3 }, start);
        let seconds = [(); 5].map(|()| seconds_of(&mut limiter, start, start));
        assert_eq!(seconds, [0, 0, 0, 2, 4]);
    }

    #[test]
    fn idle_time_restores_the_burst_and_no_more() {
        let start = Instant::now();
        let mut limiter = RateLimiter::new(UsagePlan { rate: 1.0, burst: 3 }, start);
        for _ in 0..3 {
            limiter.reserve(start);
        }
        let later = start + Duration::from_mins(1);
        let seconds = [(); 5].map(|()| seconds_of(&mut limiter, later, later));
        assert_eq!(seconds, [0, 0, 0, 1, 2]);
    }

    #[test]
    fn an_announced_rate_moves_the_places_that_are_still_to_come() {
        let start = Instant::now();
        let mut limiter = RateLimiter::new(UsagePlan { rate: 0.01, burst: 2 }, start);
        limiter.reserve(start);
        limiter.reserve(start);
        assert_eq!(limiter.next(start) - start, Duration::from_secs(100));
        limiter.adopt(10.0, start);
        assert_eq!(limiter.next(start) - start, Duration::from_millis(100));
        for senseless in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            limiter.adopt(senseless, start);
            assert_eq!(limiter.next(start) - start, Duration::from_millis(100));
        }
    }

    #[test]
    fn a_rate_a_thousand_times_higher_keeps_the_burst_and_what_is_spent_of_it() {
        let start = Instant::now();
        let mut limiter = RateLimiter::new(UsagePlan { rate: 0.0167, burst: 15 }, start);
        for _ in 0..5 {
            limiter.reserve(start);
        }
        limiter.adopt(16.7, start);
        let free_at = |limiter: &mut RateLimiter, now| {
            (0..20).take_while(|_| limiter.next(now) == now && limiter.reserve(now) == now).count()
        };
        assert_eq!(free_at(&mut limiter, start), 10);
        assert_eq!((limiter.next(start) - start).as_millis(), 59);
        // Fifteen intervals of 59.9 milliseconds.
        let rested = start + Duration::from_millis(899);
        assert_eq!(free_at(&mut limiter, rested), 15);
    }

    #[test]
    fn who_wakes_late_makes_nobody_later_as_long_as_there_is_a_burst() {
        let start = Instant::now();
        let mut limiter = RateLimiter::new(UsagePlan { rate: 1000.0, burst: 3 }, start);
        let mut now = start;
        for _ in 0..1_000 {
            let place = limiter.next(now);
            if place > now {
                // Woken late by a millisecond, which is a whole interval.
                now = place + Duration::from_millis(1);
            }
            limiter.reserve(now);
        }
        assert_eq!((now - start).as_millis(), 998);
    }

    #[test]
    fn refusals_in_a_row_double_the_pause_and_a_success_ends_the_row() {
        let mut now = Instant::now();
        let mut limiter = RateLimiter::new(UsagePlan { rate: 1.0 / 60.0, burst: 15 }, now);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            let place = limiter.refused(now);
            pauses.push((place - now).as_secs());
            assert_eq!(limiter.next(now), place);
            now = place;
            limiter.reserve(now);
        }
        assert_eq!(pauses, [60, 120, 240, 480, 900, 900]);
        limiter.succeeded();
        assert_eq!((limiter.refused(now) - now).as_secs(), 60);
    }

    #[test]
    fn calls_that_were_refused_together_count_as_one_refusal() {
        let now = Instant::now();
        let mut limiter = RateLimiter::new(UsagePlan { rate: 1.0, burst: 10 }, now);
        let places = [(); 4].map(|()| (limiter.refused(now) - now).as_secs());
        assert_eq!(places, [1, 1, 1, 1]);
    }

    #[test]
    fn a_senseless_plan_is_slow_and_does_not_panic() {
        let now = Instant::now();
        for rate in [0.0, -1.0, f64::NAN, f64::MIN_POSITIVE] {
            let mut limiter = RateLimiter::new(UsagePlan { rate, burst: 0 }, now);
            limiter.reserve(now);
            assert_eq!(limiter.next(now) - now, LONGEST_INTERVAL);
        }
    }

    #[test]
    fn what_lies_beyond_the_burst_takes_its_time_at_the_rate() {
        let plan = UsagePlan { rate: 0.5, burst: 3 };
        let seconds = [0, 1, 3, 4, 103].map(|calls| plan.time_for(calls).as_secs());
        assert_eq!(seconds, [0, 0, 0, 2, 200]);
    }

    proptest! {
        /// Taking the places one by one comes to the same time.
        #[test]
        fn the_last_of_many_calls_is_foreseen(
            burst in 1_u32..30,
            spent in 0_u32..40,
            idle in 0_u64..60,
            is_doubted in any::<bool>(),
            calls in 1_u64..60,
        ) {
            let start = Instant::now();
            let plan = UsagePlan { rate: 0.5, burst };
            let mut limiter = RateLimiter::new(plan, start);
            let fresh = limiter.last_of(calls, start);
            prop_assert_eq!(fresh - start, plan.time_for(calls));
            for _ in 0..spent {
                limiter.reserve(start);
            }
            let now = start + Duration::from_secs(idle);
            if is_doubted {
                limiter.doubt(now);
            }
            let foreseen = limiter.last_of(calls, now);
            let last = (0..calls).map(|_| limiter.reserve(now)).last();
            prop_assert_eq!(Some(foreseen), last);
        }

        #[test]
        fn no_stretch_holds_more_than_the_burst_and_the_rate(
            rate in 0.001_f64..100.0,
            burst in 1_u32..30,
            idle in prop::collection::vec(0_u64..20_000, 1..120),
        ) {
            let start = Instant::now();
            let mut now = start;
            let mut limiter = RateLimiter::new(UsagePlan { rate, burst }, start);
            let mut places = Vec::new();
            for millis in idle {
                now += Duration::from_millis(millis);
                places.push(limiter.reserve(now));
            }
            prop_assert!(places.is_sorted());
            for (first, from) in places.iter().enumerate() {
                for (last, to) in places.iter().enumerate().skip(first) {
                    let calls = f64::from(u32::try_from(last - first + 1).unwrap());
                    let allowed = f64::from(burst) + rate * (*to - *from).as_secs_f64();
                    prop_assert!(calls <= allowed + 1e-3, "{calls} calls, {allowed} allowed");
                }
            }
        }

        #[test]
        fn a_whole_burst_is_free_after_enough_idle_time(
            rate in 0.01_f64..10.0,
            burst in 1_u32..30,
            spent in 0_u32..60,
        ) {
            let start = Instant::now();
            let mut limiter = RateLimiter::new(UsagePlan { rate, burst }, start);
            for _ in 0..spent {
                limiter.reserve(start);
            }
            let rested = start + Duration::from_secs_f64(f64::from(spent + 1) / rate);
            for _ in 0..burst {
                prop_assert_eq!(limiter.reserve(rested), rested);
            }
            prop_assert!(limiter.reserve(rested) > rested);
        }
    }
}
