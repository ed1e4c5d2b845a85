//! How an answer reaches its client, if it does: late, slowly, in part or not at all.

use crate::clock::Clock;
use crate::faults::{Effect, Verdict};
use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::io;
use std::time::Duration;

/// How long, in real time, a part of a download takes at least: timers are no finer.
const TICK: Duration = Duration::from_millis(10);

/// How long, in real time, a download that will be cut waits for its last bytes to leave.
const LINGER: Duration = Duration::from_millis(20);

/// The status that a client hears; 0 if it hears nothing.
pub(super) fn status(verdict: &Verdict, response: &Response) -> u16 {
    if verdict.is_silent() { 0 } else { response.status().as_u16() }
}

/// Sends `response` as `verdict` wants it.
pub(super) async fn delivered(clock: &Clock, verdict: &Verdict, response: Response) -> Response {
    if let Some(delay) = verdict.delay() {
        tokio::time::sleep(clock.real(delay)).await;
    }
    if verdict.is_silent() {
        // hyper sends the head together with the first bytes of a body, and closes the connection
        // when there are none: the client hears nothing.
        return Response::new(Body::from_stream(stream::iter([Err::<Bytes, _>(broken())])));
    }
    verdict.effects().iter().fold(response, |response, effect| match effect {
        Effect::Cut(after) => cut(response, *after),
        Effect::Pace(bytes_per_second) => paced(response, bytes_per_second * clock.speed()),
        _ => response,
    })
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "a fault of the script")
}

/// Keeps what is said of the length of a body, before the body becomes a stream of unknown length.
fn keep_length(response: &mut Response) -> Option<u64> {
    let length = response.body().size_hint().exact();
    if let Some(length) = length {
        super::set_header(response, CONTENT_LENGTH.as_str(), &length.to_string());
    }
    let header = response.headers().get(CONTENT_LENGTH);
    header.and_then(|value| value.to_str().ok()?.parse().ok())
}

/// The response without what comes after `after` bytes of its body; the connection is closed. If
/// the length is known and not above that, its last byte is missing.
fn cut(mut response: Response, after: u64) -> Response {
    let length = keep_length(&mut response);
    let mut left = length.map_or(after, |length| after.min(length.saturating_sub(1)));
    response.map(|body| {
        let start = body.into_data_stream().map_err(io::Error::other).scan((), move |(), chunk| {
            let kept = chunk.map(|mut chunk| {
                chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                left = left.saturating_sub(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
                chunk
            });
            let is_over = kept.as_ref().is_ok_and(Bytes::is_empty);
            std::future::ready((!is_over).then_some(kept))
        });
        let end = stream::once(async {
            tokio::time::sleep(LINGER).await;
            Err(broken())
        });
        Body::from_stream(start.chain(end))
    })
}

/// The response with so many bytes of its body in a second of real time.
fn paced(mut response: Response, bytes_per_second: f64) -> Response {
    keep_length(&mut response);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from f64 saturates; a part has a byte at least"
    )]
    let part = ((bytes_per_second * TICK.as_secs_f64()) as usize).max(1);
    #[expect(clippy::cast_precision_loss, reason = "a part is far below 2^53 bytes, or instant")]
    let pause = Duration::try_from_secs_f64(part as f64 / bytes_per_second).unwrap_or(TICK);
    response.map(|body| {
        let parts = body.into_data_stream().flat_map(move |chunk| {
            let parts: Vec<_> = match chunk {
                Ok(chunk) => (0..chunk.len())
                    .step_by(part)
                    .map(|at| Ok(chunk.slice(at..chunk.len().min(at.saturating_add(part)))))
                    .collect(),
                Err(error) => vec![Err(error)],
            };
            stream::iter(parts)
        });
        Body::from_stream(parts.then(move |part| async move {
            tokio::time::sleep(pause).await;
            part
        }))
    })
}
