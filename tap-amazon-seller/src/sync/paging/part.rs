//! One part of a window: page after page to its end, and what helps when that fails.
//!
//! The token of the next page lives for seconds, minutes or a day. When it dies, the part is read again
//! from its first page. Parts that never come to their end within the life of a token, or that Amazon
//! fails to give out to the end, are read in halves by the caller. Repeating single calls is not done
//! here: that is what `api-client` is for.

use api_client::Error;

use super::course::Course;
use super::{Paging, PagingError, Reading, Turn};
use crate::due::{At, Part};
use crate::pages::Page;
use crate::streams::Next;

/// How often a part is read whose token dies on the way.
const READINGS: u32 = 3;

/// What helps against a failure.
#[derive(Debug, PartialEq, Eq)]
enum Cure {
    /// Reading from the first page.
    Again,
    /// The same, with smaller pages.
    Smaller(u32),
    /// Reading parts of it.
    Halves,
    /// Nothing.
    None,
}

/// A series of pages that came to no end.
struct Stopped {
    error: PagingError,
    /// Whether a page was asked for that is not the first: its token is what was new in the request.
    has_token: bool,
}

impl Paging {
    /// Reads a part to its end. With an error comes whether it may fare better in halves.
    pub(super) async fn part(
        &self,
        part: &Part,
        reading: &mut Reading,
    ) -> Result<(), (PagingError, bool)> {
        let mut size = self.lane.source.page_size.map(|size| size.most);
        let mut readings = 1;
        loop {
            let held = reading.held.len();
            let stopped = match self.series(part, size, reading).await {
                Ok(()) => return Ok(()),
                Err(stopped) => stopped,
            };
            reading.held.truncate(held);
            // Only pages behind tokens have been refused for their size.
            let shrinking = size.filter(|_| !matches!(self.lane.source.next, Next::Offset(_)));
            match cure(&stopped, shrinking, readings) {
                Cure::Again => readings += 1,
                Cure::Smaller(smaller) => size = Some(smaller),
                Cure::Halves => return Err((stopped.error, true)),
                Cure::None => return Err((stopped.error, false)),
            }
            let (name, window) = (self.lane.name(), reading.window);
            tracing::warn!("{name}: {window}: read again: {}", stopped.error);
        }
    }

    /// Reads the pages of a part, with so many elements each.
    async fn series(
        &self,
        part: &Part,
        size: Option<u32>,
        reading: &mut Reading,
    ) -> Result<(), Stopped> {
        let (source, place) = (self.lane.source, self.lane.place);
        let marketplaces = &self.area.marketplaces;
        let mut course = Course::new(source.next, size, part.is_end());
        let mut at = At::Start;
        let (mut records, mut number) = (0, 0);
        loop {
            number += 1;
            let has_token = at != At::Start;
            let stopped = |error: PagingError| Stopped { error, has_token };
            let mut parameters = part.parameters(source, place, marketplaces, size, &at);
            parameters.extend(self.lane.included());
            let page = self.area.api.page(source, &parameters).await;
            let body = page.map_err(|error| stopped(error.into()))?;
            let turn = if source.is_held {
                let page = Page::of(source, &body).map_err(|error| stopped(error.into()))?;
                let turn = Turn::of(source, &page);
                reading.held.push(body);
                Some(turn)
            } else {
                let recorded = self.record(vec![body], number, reading).await;
                let (count, turn) = recorded.map_err(stopped)?;
                records += count;
                reading.reach(turn.as_ref().and_then(|turn| turn.reached), part);
                turn
            };
            let next = turn.map_or(Ok(None), |turn| course.next(turn, number));
            match next.map_err(stopped)? {
                None => {
                    reading.records += records;
                    return Ok(());
                }
                Some(next) => at = next,
            }
        }
    }
}

/// What helps when a part of pages of a size was read so often and came to no end.
fn cure(stopped: &Stopped, size: Option<u32>, readings: u32) -> Cure {
    let Stopped { error, has_token } = stopped;
    match error {
        PagingError::Call(Error::Refused(refusal)) => {
            let words = refusal.message.as_deref().unwrap_or_default().to_lowercase();
            // The first page was answered with the same parameters, so it is the token, which has died,
            // unless the page is too great for Amazon.
            let is_token = *has_token && (size.is_none() || words.contains("token"));
            match size {
                Some(size) if size > 1 && refusal.status == 400 && !is_token => {
                    Cure::Smaller(size / 2)
                }
                _ if *has_token && readings < READINGS => Cure::Again,
                _ if *has_token => Cure::Halves,
                _ => Cure::None,
            }
        }
        PagingError::TooLong { .. } => Cure::Halves,
        PagingError::Short { .. } if readings < READINGS => Cure::Again,
        // Amazon has failed late in long lists, and not in shorter ones.
        PagingError::Call(error @ Error::Exhausted { .. })
            if *has_token && !error.is_throttled() =>
        {
            Cure::Halves
        }
        _ => Cure::None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use api_client::Refusal;
    use bytes::Bytes;

    use super::*;

    fn refusal(status: u16, message: &str) -> Refusal {
        Refusal {
            operation: "list",
            status,
            code: Some("InvalidInput".to_owned()),
            message: Some(message.to_owned()),
            request_id: None,
            body: Bytes::new(),
        }
    }

    fn refused(message: &str, has_token: bool) -> Stopped {
        Stopped { error: Error::Refused(Box::new(refusal(400, message))).into(), has_token }
    }

    const DEAD: &str = "Token is not valid, token duration is 3 minutes.";

    #[test]
    fn a_token_that_dies_is_followed_by_another_reading_and_then_by_halves() {
        for size in [None, Some(100)] {
            assert_eq!(cure(&refused(DEAD, true), size, 1), Cure::Again);
            assert_eq!(cure(&refused(DEAD, true), size, READINGS), Cure::Halves);
        }
        assert_eq!(cure(&refused("anything", true), None, 1), Cure::Again);
    }

    #[test]
    fn pages_that_are_refused_are_asked_for_smaller_where_they_can_be() {
        assert_eq!(cure(&refused("too large", false), Some(100), 1), Cure::Smaller(50));
        assert_eq!(cure(&refused("too large", true), Some(3), 1), Cure::Smaller(1));
        assert_eq!(cure(&refused("too large", false), Some(1), 1), Cure::None);
        assert_eq!(cure(&refused("wrong", false), None, 1), Cure::None);
    }

    #[test]
    fn only_what_fails_behind_the_first_page_is_read_in_halves() {
        let worn_out = |status, has_token| {
            let source = Arc::new(refusal(status, "no"));
            let elapsed = Duration::from_mins(1);
            let error = Error::Exhausted { operation: "list", attempts: 12, elapsed, source };
            Stopped { error: error.into(), has_token }
        };
        assert_eq!(cure(&worn_out(500, true), None, 1), Cure::Halves);
        assert_eq!(cure(&worn_out(500, false), None, 1), Cure::None);
        assert_eq!(cure(&worn_out(429, true), None, 1), Cure::None);
        let circle = Stopped { error: PagingError::Circle { page: 2 }, has_token: true };
        assert_eq!(cure(&circle, None, 1), Cure::None);
    }
}
