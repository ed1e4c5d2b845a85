//! A server that says what a test wants, and remembers what it was asked.

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use tokio::net::{TcpListener, TcpSocket};

/// One request, as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Path and query, not decoded.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A server on a free port of this machine, gone with its test's runtime.
pub(crate) struct Server {
    pub(crate) url: String,
    journal: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers each request with what the closure makes of it and of its number, from 1.
    pub(crate) async fn start(
        answer: impl Fn(usize, &Seen) -> Response + Send + Sync + 'static,
    ) -> Self {
        let journal = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let kept = Arc::clone(&journal);
        let app = Router::new().fallback(move |request: Request| {
            let (answer, journal) = (Arc::clone(&answer), Arc::clone(&kept));
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap();
                let seen = Seen { target: parts.uri.to_string(), headers: parts.headers, body };
                let number = {
                    let mut journal = journal.lock().unwrap();
                    journal.push(seen.clone());
                    journal.len()
                };
                answer(number, &seen)
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, journal }
    }

    /// Everything that was asked so far.
    pub(crate) fn journal(&self) -> Vec<Seen> {
        self.journal.lock().unwrap().clone()
    }

    /// How much was asked so far.
    pub(crate) fn requests(&self) -> usize {
        self.journal().len()
    }
}

/// The URL of a port of this machine where nobody listens.
pub(crate) fn dead_url() -> String {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    // Taken for good, so that no other test's server gets it.
    std::mem::forget(socket);
    format!("http://{address}")
}

/// An answer with this status, header and body.
pub(crate) fn reply(status: u16, header: (&str, &str), body: &str) -> Response {
    Response::builder()
        .status(status)
        .header(header.0, header.1)
        .body(Body::from(body.to_owned()))
        .unwrap()
}

/// An answer with this status and body.
pub(crate) fn plain(status: u16, body: &str) -> Response {
    reply(status, ("content-type", "text/plain"), body)
}

/// A success that announces a hundred bytes, sends these, and hangs up.
pub(crate) fn cut_off(body: &'static str) -> Response {
    let begin = stream::iter([Ok(Bytes::from(body))]);
    let end = stream::once(async {
        // Nothing more at once, so that what there is gets sent.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("hung up"))
    });
    let parts = begin.chain(end);
    Response::builder().header("content-length", "100").body(Body::from_stream(parts)).unwrap()
}

/// A success of so many bytes, each of which takes its time.
pub(crate) fn trickle(bytes: usize, each: Duration) -> Response {
    let parts = stream::iter(0..bytes).then(move |_| async move {
        tokio::time::sleep(each).await;
        Ok::<_, std::io::Error>(Bytes::from_static(b"x"))
    });
    Response::new(Body::from_stream(parts))
}

/// A success that goes on for as long as anybody listens.
pub(crate) fn endless() -> Response {
    let mebibyte = Bytes::from(vec![b' '; 1024 * 1024]);
    let parts = stream::repeat_with(move || Ok::<_, std::io::Error>(mebibyte.clone()));
    Response::new(Body::from_stream(parts))
}

/// Everything that an error tells: its text, its causes' texts, and its `Debug`.
pub(crate) fn everything(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error:?}");
    let mut next = Some(error);
    while let Some(error) = next {
        write!(text, " | {error} | {error:?}").unwrap();
        next = error.source();
    }
    text
}
