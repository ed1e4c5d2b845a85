//! What is done without parts of elements that the application may not have.
//!
//! Amazon documents that it leaves out what an application has no role for; some got 403 for the whole
//! call instead. So the rest is read without those parts, and the streams that consist of them are
//! missing.

use std::collections::VecDeque;

use api_client::Error;

use super::Paging;
use crate::due::Withheld;
use crate::pages::order::ROLES;
use crate::plan::Window;

impl Paging {
    /// Goes on without what the lane has given up: says so, and leaves those windows that are out for
    /// all streams that remain. How many windows are missing in the others. `streams` are all of
    /// them, as they are counted together.
    pub(super) fn withhold(
        &self,
        error: &Error,
        streams: &str,
        withheld: &Withheld,
        windows: &mut VecDeque<Window>,
    ) -> u64 {
        let name = format!("{streams}: {}", self.lane.place_name());
        let parts: Vec<_> = withheld.parts.iter().copied().collect();
        tracing::warn!(
            "{name}: {error}; read without {}: the application may lack these roles: {}",
            parts.join(", "),
            ROLES.join(", ")
        );
        if withheld.streams.is_empty() {
            return 0;
        }
        let left = windows.len() as u64;
        for stream in &withheld.streams {
            let roles = stream.source.roles().join(", ");
            tracing::error!(
                "{}: {}: given up for this run, with {left} windows; the application needs one of these roles: {roles}",
                stream.name,
                self.lane.place_name()
            );
        }
        self.count_for(streams, |tally| tally.failed += left);
        windows.retain(|window| !self.is_out(*window));
        self.count(|tally| tally.due += windows.len() as u64);
        left * withheld.streams.len() as u64
    }

    /// Whether a window is out for all streams of the lane, and need not be read again.
    fn is_out(&self, window: Window) -> bool {
        let (lane, unit) = (&self.lane, self.lane.unit());
        let Some(range) = window.range().filter(|_| !lane.anew && lane.lookback.is_zero()) else {
            return false;
        };
        let is_out = |stream| {
            self.context.ledger.look(|bookmarks| bookmarks.extent(stream, &unit).holds(&range))
        };
        lane.feeds.iter().all(|feed| is_out(feed.stream))
    }
}
