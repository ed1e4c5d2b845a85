//! What a client does when one class of calls is refused and others are not.

use api_client::{Call, Error, Operation, UsagePlan};
use futures_util::future::join_all;

use crate::call::{GET_ITEM, builder};
use crate::server::{Server, plain, reply};

const PLANNED: Operation =
    Operation { plan: Some(UsagePlan { rate: 500.0, burst: 5 }), ..GET_ITEM };

#[tokio::test]
async fn a_class_that_is_refused_is_given_up_as_throttled_and_the_others_are_answered() {
    let server = Server::start(|_, seen| match seen.target.as_str() {
        "/items/full" => plain(429, "Quota:exceeded"),
        _ => plain(200, ""),
    })
    .await;
    let client = builder(&server.url).build().unwrap();
    let call = |class| client.call(Call::to(&PLANNED).path("id", class).class(class));
    let ends = join_all(["full", "a", "b", "full", "c", "a", "full", "b"].map(call)).await;

    let (throttled, answered): (Vec<_>, Vec<_>) = ends.into_iter().partition(Result::is_err);
    assert_eq!((throttled.len(), answered.len()), (3, 5));
    for error in throttled.into_iter().filter_map(Result::err) {
        assert!(error.is_throttled());
        assert!(matches!(error, Error::Exhausted { attempts: 4, .. }), "{error}");
    }
    assert_eq!(server.requests(), 3 * 4 + 5);
    let [("getItem", count)] = client.counts()[..] else { panic!("one operation") };
    assert_eq!((count.calls, count.throttled, count.waiting), (17, 12, 0));
}

#[tokio::test]
async fn a_server_that_is_away_for_too_long_is_not_taken_for_a_limit() {
    let server = Server::start(|_, _| reply(503, ("retry-after", "1800"), "")).await;
    let client = builder(&server.url).build().unwrap();
    let error = client.call(Call::to(&GET_ITEM).path("id", "7")).await.unwrap_err();
    assert!(matches!(error, Error::WaitTooLong { status: 503, .. }), "{error}");
    assert!(!error.is_throttled());
}
