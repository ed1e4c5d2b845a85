use proptest::prelude::*;

use super::*;

const SHORT: Window = Window { requests: 20, per: Duration::from_secs(10) };
const HOUR: Window = Window { requests: 5000, per: Duration::from_hours(1) };

/// An API that counts in windows one after the other, and callers who send whenever they may.
struct World<F> {
    windows: Windows,
    /// Length of the API's window, and how many of our requests it admits in the window of this number.
    per: Duration,
    limit: F,
    /// The API's time zero, somewhere before ours.
    zero: Instant,
    latency: Duration,
    callers: usize,
    now: Instant,
    closed_until: Instant,
    /// Answers that are under way: when they arrive, when the request was sent, and the wait of a refusal.
    under_way: VecDeque<(Instant, Instant, Option<Duration>)>,
    /// Number of the API's window, and what it has admitted.
    count: (u128, u32),
    admitted: u32,
    refused: u32,
}

impl<F: Fn(u128) -> u32> World<F> {
    /// An API whose first window began so long before our first request.
    fn new(windows: &[Window], per: Duration, phase: Duration, limit: F) -> Self {
        let zero = Instant::now();
        let now = zero + phase;
        Self {
            windows: Windows::new(windows, now, |_| None),
            per,
            limit,
            zero,
            latency: Duration::from_millis(150),
            callers: 3,
            now,
            closed_until: now,
            under_way: VecDeque::new(),
            count: (0, 0),
            admitted: 0,
            refused: 0,
        }
    }

    fn allowed(&self, place: usize) -> u32 {
        self.windows.learned[place].allowance.requests
    }

    /// Goes on for so long.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step();
        }
    }

    /// Sends a request or hears an answer, whichever comes first; the refusal that was heard.
    fn step(&mut self) -> Option<Instant> {
        let place = self.windows.next(self.now.max(self.closed_until));
        let arrival = self.under_way.front().map(|answer| answer.0);
        let busy = self.under_way.len() >= self.callers;
        if arrival.is_some_and(|arrival| busy || arrival <= place) {
            return self.hear();
        }
        self.now = place;
        self.windows.reserve(place);
        let answer = self.answer(place + self.latency / 2);
        self.under_way.push_back((place + self.latency, place, answer));
        None
    }

    fn hear(&mut self) -> Option<Instant> {
        let (arrival, sent, refused_for) = self.under_way.pop_front()?;
        self.now = self.now.max(arrival);
        let Some(wait) = refused_for else {
            self.windows.admitted(sent);
            return None;
        };
        self.windows.refused(sent, wait, self.now);
        self.closed_until = self.closed_until.max(self.now + wait);
        Some(sent)
    }

    /// What the API says to a request that reaches it now: nothing, or a wait in whole seconds.
    fn answer(&mut self, now: Instant) -> Option<Duration> {
        let time = now - self.zero;
        let number = time.as_nanos() / self.per.as_nanos();
        if number != self.count.0 {
            self.count = (number, 0);
        }
        if self.count.1 < (self.limit)(number) {
            self.count.1 += 1;
            self.admitted += 1;
            return None;
        }
        self.refused += 1;
        let left = self.per.as_nanos() - time.as_nanos() % self.per.as_nanos();
        Some(Duration::from_secs(u64::try_from(left.div_ceil(1_000_000_000)).unwrap()))
    }
}

#[test]
fn a_plan_that_is_smaller_than_configured_costs_few_refusals_and_no_time() {
    let mut world = World::new(&[SHORT, HOUR], SHORT.per, Duration::from_secs(3), |_| 8);
    world.pass(Duration::from_mins(5));
    assert!(world.refused <= 15, "{} in five minutes", world.refused);
    let (before, admitted) = (world.refused, world.admitted);
    world.pass(Duration::from_hours(1));
    // Three are under way when a trial is refused.
    assert!(world.refused - before <= 3 * 8, "{} in an hour", world.refused - before);
    let admitted = world.admitted - admitted;
    assert!(admitted >= 360 * 8 * 95 / 100, "{admitted} of {}", 360 * 8);
    assert_eq!(world.allowed(1), HOUR.requests);
}

#[test]
fn an_hour_that_holds_less_than_configured_is_learnt_beside_a_short_window_that_does_not() {
    let mut world = World::new(&[SHORT, HOUR], HOUR.per, Duration::from_mins(40), |_| 2000);
    world.pass(Duration::from_hours(24));
    assert_eq!(world.allowed(0), SHORT.requests);
    assert!((2000..=2500).contains(&world.allowed(1)), "{}", world.allowed(1));
    assert!(world.refused <= 30, "{} in a day", world.refused);
    assert!(world.admitted >= 23 * 2000, "{} in a day", world.admitted);
}

#[test]
fn what_a_neighbour_used_comes_back_when_he_has_gone() {
    let neighbour = |number| if number < 60 { 12 } else { 20 };
    let mut world = World::new(&[SHORT], SHORT.per, Duration::ZERO, neighbour);
    world.pass(Duration::from_mins(9));
    assert!((12..=14).contains(&world.allowed(0)), "{}", world.allowed(0));
    world.pass(Duration::from_mins(11));
    assert_eq!(world.allowed(0), 20);
    let refused = world.refused;
    world.pass(Duration::from_hours(1));
    assert_eq!(world.refused, refused);
}

#[test]
fn a_neighbour_who_uses_everything_for_a_while_leaves_a_tenth_at_least() {
    let mut world = World::new(&[SHORT], SHORT.per, Duration::ZERO, |number| {
        if (1..40).contains(&number) { 0 } else { 20 }
    });
    world.pass(Duration::from_mins(7));
    assert_eq!(world.allowed(0), 2);
    world.pass(Duration::from_hours(2));
    assert_eq!(world.allowed(0), 20);
}

#[test]
fn calls_that_were_under_way_together_are_one_refusal() {
    let start = Instant::now();
    let mut windows = Windows::new(&[SHORT], start, |_| None);
    let sent = start + Duration::from_secs(20);
    for _ in 0..14 {
        windows.reserve(sent);
    }
    let wait = Duration::from_secs(7);
    let lessons = [1, 2, 3, 4]
        .map(|tenths| windows.refused(sent, wait, sent + Duration::from_millis(100 * tenths)));
    let allowed = lessons.map(|lesson| lesson.map(|lesson| lesson.allowance));
    let allowance = |requests| Some(Allowance { requests, trials: 2 });
    assert_eq!(allowed, [allowance(13), allowance(12), allowance(11), allowance(10)]);
}

#[test]
fn a_window_that_began_before_this_client_teaches_nothing() {
    let start = Instant::now();
    let mut windows = Windows::new(&[SHORT, HOUR], start, |_| None);
    let sent = start + Duration::from_mins(20);
    assert_eq!(windows.refused(sent, Duration::from_mins(30), sent), None);
    let later = start + Duration::from_mins(80);
    let lesson = windows.refused(later, Duration::from_mins(30), later).unwrap();
    assert_eq!((lesson.window, lesson.allowance.requests), (HOUR, 2500));
}

#[test]
fn what_is_remembered_is_where_a_client_begins_as_far_as_it_makes_sense() {
    let begun = |requests, trials| {
        let recall = |_| Some(Allowance { requests, trials });
        Windows::new(&[SHORT], Instant::now(), recall).learned[0].allowance
    };
    assert_eq!(begun(8, 4), Allowance { requests: 8, trials: 4 });
    assert_eq!(begun(0, 0), Allowance { requests: 2, trials: 1 });
    assert_eq!(begun(u32::MAX, u32::MAX), Allowance { requests: 20, trials: 60 });

    let now = Instant::now();
    let mut windows = Windows::new(&[SHORT], now, |_| Some(Allowance { requests: 8, trials: 4 }));
    let at_once = (0..20).filter(|_| windows.reserve(now) == now).count();
    assert_eq!(at_once, 8);
}

#[test]
fn the_last_of_many_requests_is_foreseen_from_what_is_configured_and_from_what_was_learnt() {
    let now = Instant::now();
    let seconds = |recalled: Option<Allowance>, used: u32| {
        let recall = |window| recalled.filter(|_| window == SHORT);
        let mut windows = Windows::new(&[SHORT, HOUR], now, recall);
        for _ in 0..used {
            windows.reserve(now);
        }
        let requests = [0, 1, 10, 20, 21, 100, 5000, 5001, 23_100];
        requests.map(|requests| (windows.last_of(requests, now) - now).as_secs())
    };
    let hours = |hours: u64, seconds: u64| hours * 3600 + seconds;
    let fresh = [0, 0, 0, 0, 10, 40, 2490, 3600, hours(4, 1540)];
    assert_eq!(seconds(None, 0), fresh);
    // Half of a window was used already.
    let late = [0, 0, 0, 10, 10, 50, 3600, 3600, hours(4, 1550)];
    assert_eq!(seconds(None, 10), late);
    // Half, and more is tried after ten minutes, and again after ten.
    let halved = Some(Allowance { requests: 10, trials: 60 });
    assert_eq!(seconds(halved, 0), [0, 0, 0, 10, 20, 90, 3040, 3600, hours(4, 2090)]);
}

#[test]
fn a_refusal_before_the_window_takes_nothing_from_what_the_window_admitted() {
    // One window admits nothing and the next one four: the limiter remembers five requests, the refusals six.
    let window = Window { requests: 5, ..SHORT };
    let limit = |number: u128| if number.is_multiple_of(2) { 0 } else { 4 };
    let mut world = World::new(&[window], window.per, Duration::from_millis(8908), limit);
    world.latency = Duration::from_millis(184);
    world.callers = 1;
    for _ in 0..200 {
        let before = world.allowed(0);
        if world.step().is_some() {
            assert!(world.allowed(0) >= before.min(world.count.1), "{}", world.allowed(0));
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_learnt_where_the_plan_is_what_is_configured(
        requests in 1_u32..40,
        more in 0_u32..10,
        phase in 0_u64..10_000,
        latency in 0_u64..3_000,
    ) {
        let window = Window { requests, ..SHORT };
        let phase = Duration::from_millis(phase);
        let mut world = World::new(&[window], window.per, phase, |_| requests + more);
        world.latency = Duration::from_millis(latency);
        // A request that is long under way reaches a window that others were sent for.
        world.callers = if latency == 0 { 3 } else { 1 };
        world.pass(Duration::from_mins(5));
        prop_assert_eq!(world.allowed(0), requests);
    }

    /// Whatever others use: never more than configured, never less than a tenth, and after a refusal not less
    /// than a half or than what the API has admitted in that window.
    #[test]
    fn an_allowance_stays_within_reason(
        requests in 1_u32..60,
        limits in prop::collection::vec(0_u32..60, 1..30),
        phase in 0_u64..10_000,
        latency in 1_u64..500,
        callers in 1_usize..5,
    ) {
        let window = Window { requests, ..SHORT };
        let limit = |number: u128| limits[usize::try_from(number).unwrap() % limits.len()];
        let mut world = World::new(&[window], window.per, Duration::from_millis(phase), limit);
        world.latency = Duration::from_millis(latency);
        world.callers = callers;
        let end = world.now + Duration::from_mins(10);
        while world.now < end {
            let before = world.allowed(0);
            let refused = world.step();
            let after = world.allowed(0);
            prop_assert!((step(window)..=requests).contains(&after));
            if refused.is_some() {
                prop_assert!(after >= before.div_ceil(2).min(before));
                // Those under way may still be refused, so what the API admitted is all there is.
                prop_assert!(after >= before.min(world.count.1), "{after} of {before}");
            } else {
                prop_assert!(after >= before && after - before <= step(window));
            }
        }
    }
}
