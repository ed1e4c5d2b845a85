//! What is logged: no secret, even at the most talkative level, and a closed gate once.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use api_client::{
    Call, Client, Dialect, Downloader, Error, Explanation, Method, Operation, SecretUrl,
};
use futures_util::future::join_all;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::server::{Server, plain, reply};

const GET_ITEM: Operation = Operation {
    name: "getItem",
    method: Method::Get,
    path: "/items/{id}",
    plan: None,
    idempotent: true,
};

struct Mute;

impl Dialect for Mute {
    fn explain(&self, _: &[u8]) -> Explanation {
        Explanation::default()
    }
}

/// Keeps everything that is logged, by us and by the libraries beneath us.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

impl Visit for Everything {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn nothing_secret_is_logged_at_any_level() {
    let log = Everything::default();
    let _guard = tracing::subscriber::set_default(log.clone());

    let server =
        Server::start(|number, _| plain(if number == 1 { 500 } else { 200 }, "hunter2")).await;
    let client = Client::builder(&server.url, Mute).build().unwrap();
    let call = Call::to(&GET_ITEM)
        .path("id", "hunter2")
        .query("nextToken", "hunter2")
        .token("hunter2".into());
    client.call(call).await.unwrap();
    let url = SecretUrl::new(format!("{}/hunter2?signature=hunter2", server.url));
    let mut document = Downloader::new().unwrap().open(&url).await.unwrap();
    while document.chunk().await.unwrap().is_some() {}

    let log = log.0.lock().unwrap();
    assert!(log.contains("getItem"), "our own lines are there: {log}");
    assert!(!log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn a_gate_that_closes_is_told_once() {
    let log = Everything::default();
    let _guard = tracing::subscriber::set_default(log.clone());

    let server = Server::start(|_, _| reply(429, ("retry-after", "5000"), "")).await;
    let client = Client::builder(&server.url, Mute).build().unwrap();
    let calls = (0..5)
        .map(|_| async { client.call(Call::to(&GET_ITEM).path("id", "7")).await.unwrap_err() });
    for error in join_all(calls).await {
        assert!(matches!(error, Error::WaitTooLong { .. }), "{error}");
    }
    assert!(server.requests() > 1, "several were refused");

    let log = log.0.lock().unwrap();
    assert_eq!(log.matches("the API asks to wait").count(), 1, "{log}");
    assert!(log.contains("reopens_in=5000s"), "{log}");
}
