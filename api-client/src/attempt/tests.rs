//! Calls in a time that stands still: real waiting, and answers of an API that is a function.

use std::cell::RefCell;

use bytes::Bytes;
use futures_util::future::join_all;

use super::*;
use crate::answer::Headers;
use crate::client::Client;
use crate::dialect::{Dialect, Explanation};
use crate::operation::Method;
use crate::plan::UsagePlan;
use crate::retry::RetryPolicy;
use crate::window::Window;

const GET_ITEM: Operation =
    Operation { name: "getItem", method: Method::Get, path: "/", plan: None, idempotent: true };

/// One call a minute after a burst of 15.
const CREATE_ITEM: Operation = Operation {
    name: "createItem",
    method: Method::Post,
    path: "/",
    plan: Some(UsagePlan { rate: 1.0 / 60.0, burst: 15 }),
    idempotent: false,
};

struct Mute;

impl Dialect for Mute {
    fn explain(&self, _: &[u8]) -> Explanation {
        Explanation::default()
    }
}

/// A client that may send two requests in ten seconds; nothing is ever sent.
fn client() -> Client {
    let window = Window { requests: 2, per: Duration::from_secs(10) };
    Client::builder("http://127.0.0.1:1", Mute).windows(&[window]).build().unwrap()
}

/// The seconds at which six callers that come at once get their places.
async fn places(client: &Client) -> Vec<u64> {
    let begin = Instant::now();
    let mut seconds = join_all((0..6).map(|_| async {
        let call = Call::to(&GET_ITEM);
        Attempts::new(client.shared(), &call).unwrap().place().await.unwrap();
        begin.elapsed().as_secs()
    }))
    .await;
    seconds.sort_unstable();
    seconds
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_opens_lets_callers_through_at_the_windows_pace() {
    let client = client();
    client.shared().gate.close(Instant::now(), Duration::from_mins(1));
    assert_eq!(places(&client).await, [60, 60, 70, 70, 80, 80]);
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_closes_holds_those_who_wait_for_their_place_already() {
    let client = client();
    let closing = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        client.shared().gate.close(Instant::now(), Duration::from_mins(1));
    };
    let (places, ()) = tokio::join!(places(&client), closing);
    assert_eq!(places, [0, 0, 65, 65, 75, 75]);
}

/// An API that answers each request after a second with a status, by class and by the second at
/// which the request was sent; and a journal of the requests.
struct Api<F> {
    client: Client,
    began: Instant,
    status: F,
    journal: RefCell<Vec<(&'static str, u64)>>,
}

impl<F: Fn(&str, u64) -> u16> Api<F> {
    fn new(time: Duration, status: F) -> Self {
        let policy = RetryPolicy { attempts: 100, time, ..RetryPolicy::default() };
        let client = Client::builder("http://127.0.0.1:1", Mute).policy(policy).build().unwrap();
        Self { client, began: Instant::now(), status, journal: RefCell::default() }
    }

    /// Makes a call of the class; returns the second at which it was over.
    async fn call(&self, class: &'static str) -> Result<u64, Error> {
        let call = Call::to(&CREATE_ITEM).class(class);
        let mut attempts = Attempts::new(self.client.shared(), &call)?;
        loop {
            attempts.place().await?;
            let sent = Instant::now();
            let second = (sent - self.began).as_secs();
            self.journal.borrow_mut().push((class, second));
            tokio::time::sleep(Duration::from_secs(1)).await;
            let reply = Reply::Answer(Answer {
                status: (self.status)(class, second),
                headers: Headers::default(),
                body: Bytes::new(),
                operation: CREATE_ITEM.name,
            });
            if attempts.judge(reply, sent, &Token::None).await?.is_some() {
                return Ok(self.began.elapsed().as_secs());
            }
        }
    }

    async fn calls(&self, class: &'static str, number: usize) -> Vec<Result<u64, Error>> {
        join_all((0..number).map(|_| self.call(class))).await
    }

    /// The seconds at which calls of the class were sent.
    fn sent(&self, class: &str) -> Vec<u64> {
        self.journal.borrow().iter().filter(|sent| sent.0 == class).map(|sent| sent.1).collect()
    }
}

/// To the nearest second: timers are a millisecond coarse.
fn seconds(time: Duration) -> u128 {
    (time.as_millis() + 500) / 1000
}

const HALF_AN_HOUR: Duration = Duration::from_mins(30);

#[tokio::test(start_paused = true)]
async fn a_class_that_is_refused_for_hours_does_not_hold_up_another() {
    let api = Api::new(HALF_AN_HOUR, |class, _| if class == "refused" { 429 } else { 202 });
    let refused = api.call("refused");
    let others = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        api.calls("accepted", 20).await
    };
    let (refused, others) = tokio::join!(refused, others);
    assert!(refused.unwrap_err().is_throttled());
    assert!(others.iter().all(Result::is_ok));
    // The refusal at 1 costs them an interval; what is accepted at 61 gives back the burst, which
    // is whole again by then. The probe at 61 stands behind them in the line, at 421.
    let mut expected = vec![61];
    expected.extend([62; 14]);
    expected.extend([121, 181, 241, 301, 361]);
    assert_eq!(api.sent("accepted"), expected);
    assert_eq!(api.sent("refused"), [0, 421, 542, 783, 1264]);
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_refused_class_share_its_pause_and_one_of_them_probes() {
    let api = Api::new(Duration::from_mins(31), |_, _| 429);
    let ends = api.calls("refused", 12).await;
    for end in ends {
        let error = end.unwrap_err();
        assert!(error.is_throttled(), "{error}");
        assert!(matches!(error, Error::Exhausted { elapsed, .. } if seconds(elapsed) == 1806));
    }
    // Twelve were under way when the first refusal came: one refusal. The pauses after it are one,
    // two, four, eight and fifteen minutes; another fifteen is more than half an hour allows.
    let mut expected = vec![0; 12];
    expected.extend([61, 182, 423, 904, 1805]);
    assert_eq!(api.sent("refused"), expected);
}

#[tokio::test(start_paused = true)]
async fn those_who_come_to_a_class_that_is_refused_wait_without_asking_and_give_up_in_time() {
    let api = Api::new(Duration::from_mins(3), |_, _| 429);
    let late = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        api.call("refused").await
    };
    let (first, late) = tokio::join!(api.call("refused"), late);
    // Who came first has spent a minute and cannot afford two more; who came late has four seconds
    // to spare and finds out alone.
    let elapsed = |error: Error| match error {
        Error::Exhausted { elapsed, .. } => seconds(elapsed),
        error => panic!("{error}"),
    };
    assert_eq!(elapsed(first.unwrap_err()), 62);
    assert_eq!(elapsed(late.unwrap_err()), 178);
    assert_eq!(api.sent("refused"), [0, 61, 182]);
}

#[tokio::test(start_paused = true)]
async fn a_success_of_the_class_ends_its_pause_for_all_who_wait() {
    let api = Api::new(HALF_AN_HOUR, |_, second| if second < 100 { 429 } else { 202 });
    let ends = api.calls("item", 20).await;
    assert!(ends.iter().all(Result::is_ok));
    // Fifteen are under way together; five are still in the line and leave it. The probe at 61 is
    // refused, the one at 182 is accepted.
    let mut expected = vec![0; 15];
    expected.extend([61, 182]);
    // What has come back to the bucket by then is one place.
    expected.push(183);
    expected.extend((0..18).map(|place| 240 + 60 * place));
    assert_eq!(api.sent("item"), expected);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_goes_away_leaves_finding_out_to_another() {
    let api = Api::new(HALF_AN_HOUR, |_, second| if second < 100 { 429 } else { 202 });
    let gone = tokio::time::timeout(Duration::from_millis(61_500), api.call("item"));
    let other = async {
        tokio::time::sleep(Duration::from_millis(61_200)).await;
        api.call("item").await
    };
    let (gone, other) = tokio::join!(gone, other);
    assert!(gone.is_err());
    assert_eq!(other.unwrap(), 122);
    assert_eq!(api.sent("item"), [0, 61, 121]);
}

#[tokio::test(start_paused = true)]
async fn several_classes_that_begin_to_be_refused_in_a_row_close_the_operation() {
    let api = Api::new(HALF_AN_HOUR, |_, second| if second < 300 { 429 } else { 202 });
    let ends = join_all(["a", "b", "c", "d"].into_iter().enumerate().map(async |(nth, class)| {
        tokio::time::sleep(Duration::from_secs(2) * u32::try_from(nth).unwrap()).await;
        api.call(class).await
    }))
    .await;
    assert!(ends.iter().all(Result::is_ok));
    // After `b` a minute from its refusal, after `c` two, after `d` four; then at the plan's pace.
    let journal = api.journal.borrow();
    let expected = [
        ("a", 0),
        ("b", 61),
        ("c", 122),
        ("d", 243),
        ("a", 484),
        ("b", 544),
        ("c", 604),
        ("d", 664),
    ];
    assert_eq!(*journal, expected);
}

/// The seconds at which a call without a plan is sent that is refused without a hint until then, and how it ends.
async fn refused_without_a_hint(until: u64, policy: RetryPolicy) -> (Vec<u64>, Result<(), Error>) {
    let client = Client::builder("http://127.0.0.1:1", Mute).policy(policy).build().unwrap();
    let call = Call::to(&GET_ITEM);
    let mut attempts = Attempts::new(client.shared(), &call).unwrap();
    let (began, mut seconds) = (Instant::now(), Vec::new());
    loop {
        let sent = Instant::now();
        let second = (sent - began).as_secs();
        seconds.push(second);
        let status = if second < until { 429 } else { 200 };
        let (headers, body) = (Headers::default(), Bytes::new());
        let reply = Reply::Answer(Answer { status, headers, body, operation: GET_ITEM.name });
        match attempts.judge(reply, sent, &Token::None).await {
            Ok(None) => {}
            ended => return (seconds, ended.map(|_| ())),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_whose_end_is_not_stated_is_waited_out_if_there_is_time_for_it() {
    let patient =
        RetryPolicy { throttle_time: Duration::from_secs(3700), ..RetryPolicy::default() };
    let (seconds, end) = refused_without_a_hint(3600, patient).await;
    end.unwrap();
    assert!((3600..=3700).contains(seconds.last().unwrap()), "{seconds:?}");
    // It pauses at most a half hour at once, so it comes back often enough.
    assert!((7..=12).contains(&seconds.len()), "{seconds:?}");
    // Without that time, eight attempts are all.
    let (seconds, end) = refused_without_a_hint(3600, RetryPolicy::default()).await;
    assert!(end.unwrap_err().is_throttled());
    assert!(seconds.len() <= 8 && *seconds.last().unwrap() < 3600, "{seconds:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_for_good_without_a_hint_comes_to_an_end() {
    let patient =
        RetryPolicy { throttle_time: Duration::from_secs(3700), ..RetryPolicy::default() };
    let (seconds, end) = refused_without_a_hint(u64::MAX, patient).await;
    assert!(end.unwrap_err().is_throttled());
    assert!(*seconds.last().unwrap() <= 3700 + 1800, "{seconds:?}");
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_counted_and_the_next_place_is_told() {
    let api = Api::new(HALF_AN_HOUR, |class, _| if class == "refused" { 429 } else { 202 });
    assert_eq!(api.client.next_place(&CREATE_ITEM), Some(Duration::ZERO));
    assert_eq!(api.client.next_place(&GET_ITEM), None);
    let look = async {
        tokio::time::sleep(Duration::from_secs(11)).await;
        let [(_, count)] = api.client.counts()[..] else { panic!("one operation") };
        assert_eq!((count.calls, count.throttled, count.waiting), (0, 1, 4));
        assert_eq!(api.client.next_place(&CREATE_ITEM).map(seconds), Some(50));
    };
    let others = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        api.calls("accepted", 3).await
    };
    tokio::time::timeout(Duration::from_secs(66), async {
        tokio::join!(api.call("refused"), others, look)
    })
    .await
    .unwrap_err();
    let [(_, count)] = api.client.counts()[..] else { panic!("one operation") };
    // Three have waited from 2 to 61, two of them to 62; the one who was refused from 1 to 62, and
    // again from 63 until it went away.
    assert_eq!((count.throttled, count.waiting), (2, 0));
    assert_eq!(seconds(count.waited), 59 + 60 + 60 + 61 + 3);
}
