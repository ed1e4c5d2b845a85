//! Sends rows, and finds the row that the server refuses.

use bytes::Bytes;
use futures_util::SinkExt as _;
use futures_util::future::join;
use tokio_postgres::{Client, Error, Statement};

use super::Attempt;
use crate::copy::{HEADER, TRAILER};
use crate::failure::{Failure, copied, is_about_data, is_lost_race};
use crate::rows::Batch;

/// Sends rows to a COPY statement, after `before`, if there is something to be done first: both go out
/// together, which over a long line takes half the time.
pub(super) async fn copy(
    client: &Client,
    before: &str,
    statement: &Statement,
    rows: &Batch,
) -> Result<(), Error> {
    let first =
        async { if before.is_empty() { Ok(()) } else { client.batch_execute(before).await } };
    let (first, sink) = join(first, client.copy_in::<_, Bytes>(statement)).await;
    first?;
    let mut sink = std::pin::pin!(sink?);
    let sent = async {
        sink.feed(Bytes::from_static(HEADER)).await?;
        for piece in rows.pieces() {
            sink.feed(piece).await?;
        }
        sink.send(Bytes::from_static(TRAILER)).await?;
        sink.as_mut().finish().await
    };
    match sent.await {
        Ok(_) => Ok(()),
        // When the server refuses a row in the middle of it, sending fails without saying why; the
        // reason comes with the end.
        Err(error) if error.as_db_error().is_none() && !client.is_closed() => {
            Err(sink.finish().await.err().unwrap_or(error))
        }
        Err(error) => Err(error),
    }
}

/// What the server refuses, with the line of the input if a row is at fault. A full disk is met at some
/// row too, and is no fault of it.
pub(super) fn refusal(stream: &str, error: &Error, rows: Option<&Batch>) -> Attempt {
    let failure = Failure::of(stream, error);
    let told = error.as_db_error().filter(|told| is_about_data(told.code().code()));
    let place = told.and_then(copied);
    let line = place.zip(rows).and_then(|(place, rows)| rows.line(place.row));
    let failure = match (failure, line) {
        (Failure::Refused { reason, .. }, Some(line)) => {
            Failure::Row { stream: stream.to_owned(), line, reason }
        }
        (failure, _) => failure,
    };
    if is_lost_race(error) { Attempt::LostRace(failure) } else { Attempt::Failed(failure) }
}
