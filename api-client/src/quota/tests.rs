use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::plan::UsagePlan;

const MINUTE: Duration = Duration::from_mins(1);

fn quota(rate: f64, burst: u32, now: Instant) -> Quota {
    Quota::new(RateLimiter::new(UsagePlan { rate, burst }, now))
}

fn no() -> Cause {
    Arc::new(std::io::Error::other("no"))
}

/// A call of the class that is sent and refused at this moment; its pause in seconds.
fn refused(quota: &mut Quota, class: &str, now: Instant) -> Option<u64> {
    quota.refused_class(class, now, now, no()).map(|pause| pause.as_secs())
}

/// The seconds until the operation's next place, and until the class's next call.
fn next(quota: &mut Quota, class: &str, now: Instant) -> (u64, Option<u64>) {
    let class = match quota.admit(class, now) {
        Admission::Paused(until, _) => Some((until - now).as_secs()),
        Admission::Open => None,
        other => panic!("{other:?}"),
    };
    ((quota.next(now) - now).as_secs(), class)
}

#[test]
fn a_class_pauses_twice_as_long_each_time_and_the_operation_for_one_interval() {
    let mut now = Instant::now();
    let mut quota = quota(1.0 / 60.0, 15, now);
    for pause in [60, 120, 240, 480, 900, 900] {
        assert_eq!(refused(&mut quota, "a", now), Some(pause));
        assert_eq!(next(&mut quota, "a", now), (60, Some(pause)));
        assert_eq!(next(&mut quota, "b", now), (60, None));
        now += Duration::from_secs(pause);
    }
    quota.succeeded(Some("a"), now);
    assert_eq!(next(&mut quota, "a", now), (0, None));
    assert_eq!(refused(&mut quota, "a", now), Some(60));
}

#[test]
fn calls_of_a_class_that_were_under_way_together_are_refused_once() {
    let sent = Instant::now();
    let mut quota = quota(1.0, 15, sent);
    let now = sent + Duration::from_millis(200);
    assert_eq!(quota.refused_class("a", sent, now, no()), Some(Duration::from_secs(1)));
    let later = now + MINUTE;
    assert_eq!(quota.refused_class("a", sent, later, no()), None);
    assert_eq!(quota.refused_class("a", later, later, no()), Some(Duration::from_secs(2)));
}

#[test]
fn classes_that_were_under_way_together_are_one_refusal_of_the_operation() {
    let sent = Instant::now();
    let mut quota = quota(1.0 / 60.0, 15, sent);
    for (class, millis) in [("a", 100), ("b", 200), ("c", 300)] {
        let now = sent + Duration::from_millis(millis);
        assert_eq!(quota.refused_class(class, sent, now, no()), Some(MINUTE));
    }
    assert_eq!((quota.next(sent) - sent).as_millis(), 60_100);
}

#[test]
fn an_accepted_call_gives_the_burst_back_unless_it_was_under_way_during_the_refusal() {
    let start = Instant::now();
    let mut quota = quota(1.0 / 60.0, 3, start);
    quota.reserve(start);
    refused(&mut quota, "a", start + Duration::from_secs(1));
    quota.succeeded(Some("b"), start);
    assert_eq!(quota.next(start) - start, Duration::from_secs(61));

    let now = start + Duration::from_secs(61);
    assert_eq!(quota.reserve(now), now);
    // Until the answer, places come one interval apart.
    assert_eq!(quota.next(now) - now, MINUTE);
    quota.succeeded(Some("b"), now);
    assert_eq!([quota.reserve(now), quota.reserve(now)], [now, now]);
    assert_eq!((quota.next(now) - now).as_secs(), 60);
}

#[test]
fn a_second_class_refused_without_a_success_between_empties_the_bucket_and_a_third_doubles() {
    let start = Instant::now();
    let mut quota = quota(1.0 / 60.0, 15, start);
    let mut now = start;
    for (class, pause) in [("a", 60), ("b", 60), ("a", 60), ("c", 120), ("b", 60), ("d", 240)] {
        refused(&mut quota, class, now);
        assert_eq!((quota.next(now) - now).as_secs(), pause, "{class}");
        now += Duration::from_secs(pause);
    }
    quota.succeeded(Some("e"), now);
    refused(&mut quota, "f", now);
    assert_eq!((quota.next(now) - now).as_secs(), 60);
}

#[test]
fn one_call_at_a_time_probes_once_the_pause_is_over() {
    let start = Instant::now();
    let mut quota = quota(1.0, 15, start);
    refused(&mut quota, "a", start);
    let now = start + Duration::from_secs(1);
    assert!(matches!(quota.admit("a", now), Admission::Probe));
    assert!(matches!(quota.admit("a", now), Admission::Probed));
    quota.probed("a");
    assert!(matches!(quota.admit("a", now), Admission::Probe));
}

#[test]
fn an_announced_rate_shortens_the_pauses_too() {
    let now = Instant::now();
    let mut quota = quota(0.01, 15, now);
    refused(&mut quota, "a", now);
    assert_eq!(next(&mut quota, "a", now), (100, Some(100)));
    quota.adopt(0.1, now);
    assert_eq!(next(&mut quota, "a", now), (10, Some(10)));
    quota.adopt(0.000_1, now);
    assert_eq!(next(&mut quota, "a", now), (10_000, Some(10_000)));
}

#[test]
fn a_class_that_nobody_asks_for_is_forgotten() {
    let mut now = Instant::now();
    let mut quota = quota(1.0, 15, now);
    for class in 0..10_000 {
        refused(&mut quota, &class.to_string(), now);
        quota.succeeded(None, now + Duration::from_millis(1));
        now += Duration::from_secs(1);
    }
    // A second of pause and fifteen minutes of memory.
    assert_eq!(quota.classes.len(), 901);
}

/// A call that came so long after the one before, of a class that is refused or of one that never
/// is.
fn call() -> impl Strategy<Value = (Duration, Option<&'static str>)> {
    let class = prop_oneof![
        3 => Just(None),
        2 => prop::sample::select(&["a", "b", "c"][..]).prop_map(Some),
    ];
    ((0_u64..90_000).prop_map(Duration::from_millis), class)
}

proptest! {
    /// Against the same line without refusals. That the second of two classes that begin to be
    /// refused in a row is taken for the operation's own limit is another matter, so there is a
    /// success between.
    #[test]
    fn a_class_that_is_never_refused_waits_one_interval_more_for_each_refusal_of_others(
        rate in 0.01_f64..2.0,
        burst in 1_u32..20,
        calls in prop::collection::vec(call(), 1..150),
    ) {
        let mut now = Instant::now();
        let mut quota = quota(rate, burst, now);
        let mut plan = RateLimiter::new(UsagePlan { rate, burst }, now);
        let interval = Duration::from_secs_f64(1.0 / rate);
        let (mut before, mut planned_before) = (now, now);
        let mut refusals = 0_u32;
        for (idle, class) in calls {
            now += idle;
            let class = class.filter(|class| !quota.accepts(class) || quota.newly_refused == 0);
            let planned = plan.reserve(now.max(planned_before));
            let place = quota.reserve(now.max(before));
            (before, planned_before) = (place, planned);
            if let Some(class) = class {
                quota.refused_class(class, place, place, no());
                refusals += 1;
            } else {
                let late = place.saturating_duration_since(planned);
                let allowed = interval * refusals + Duration::from_micros(1);
                prop_assert!(late <= allowed, "{late:?} after {refusals} of {interval:?}");
                quota.succeeded(None, place);
            }
        }
    }

    /// However refusals of a class come, its pauses are intervals doubled, or the longest pause.
    #[test]
    fn a_pause_is_never_longer_than_fifteen_minutes_or_the_interval(
        rate in 0.000_5_f64..2.0,
        refusals in prop::collection::vec(("[abc]", 0_u64..2_000), 1..60),
    ) {
        let mut now = Instant::now();
        let mut quota = quota(rate, 15, now);
        let longest = LONGEST_PAUSE.as_secs_f64().max(1.0 / rate);
        for (class, seconds) in refusals {
            now += Duration::from_secs(seconds);
            if let Some(pause) = quota.refused_class(&class, now, now, no()) {
                prop_assert!(pause.as_secs_f64() <= longest + 1e-6, "{pause:?}");
            }
        }
    }
}
