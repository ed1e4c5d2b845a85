//! What a client makes of an answer that says how long to wait.

use std::time::Duration;

use api_client::{Error, RetryPolicy};
use tokio::time::Instant;

use crate::call::{builder, create, get};
use crate::server::{Server, plain, reply};

#[tokio::test]
async fn a_stated_wait_closes_the_gate_for_every_caller() {
    for stated in [reply(429, ("retry-after", "1800.5"), ""), plain(429, "wait 1800")] {
        let stated = std::sync::Mutex::new(Some(stated));
        let server = Server::start(move |_, _| stated.lock().unwrap().take().unwrap()).await;
        let client = builder(&server.url).build().unwrap();
        let error = get(&client).await.unwrap_err();
        assert!(
            matches!(error, Error::WaitTooLong { operation: "getItem", wait, .. } if wait.as_secs() == 1800)
        );
        assert!(error.is_throttled());
        for error in [get(&client).await.unwrap_err(), create(&client.clone()).await.unwrap_err()] {
            assert!(
                matches!(error, Error::WaitTooLong { status: 429, wait, .. } if wait.as_secs() >= 1790),
                "{error}"
            );
        }
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn a_stated_wait_is_kept_and_the_call_then_succeeds() {
    let server = Server::start(|number, _| match number {
        1 => reply(429, ("retry-after", "0.05"), ""),
        _ => plain(200, ""),
    })
    .await;
    let client = builder(&server.url).build().unwrap();
    let begun = Instant::now();
    create(&client).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(50), "{:?}", begun.elapsed());
    let [("createItem", count)] = client.counts()[..] else { panic!("one operation") };
    assert_eq!((count.calls, count.throttled, count.retries), (2, 1, 1));
}

#[tokio::test]
async fn a_wait_that_was_rounded_down_to_nothing_is_no_reason_to_hurry() {
    let server = Server::start(|number, _| match number {
        1 | 2 => reply(429, ("retry-after", "0"), ""),
        _ => plain(200, ""),
    })
    .await;
    let pause = Duration::from_millis(100);
    let policy = RetryPolicy { first_pause: pause, longest_pause: pause, ..RetryPolicy::default() };
    let client = builder(&server.url).policy(policy).build().unwrap();
    let begun = Instant::now();
    get(&client).await.unwrap();
    assert!(begun.elapsed() >= 2 * pause, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_api_that_always_says_at_once_is_not_asked_forever() {
    let server = Server::start(|_, _| reply(429, ("retry-after", "0"), "Slow:down")).await;
    let client = builder(&server.url).build().unwrap();
    let error = get(&client).await.unwrap_err();
    assert!(matches!(error, Error::Exhausted { attempts: 4, .. }), "{error}");
    assert!(error.is_throttled());
    assert_eq!(server.requests(), 4);
}
