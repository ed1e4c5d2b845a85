//! The side of the loop that says what is true.

use serde_json::value::RawValue;

use super::{Commit, Error, Totals};
use crate::output::Output;

/// The side of the loop that says what is true.
pub(super) struct Printer<'o> {
    pub(super) output: &'o Output,
    pub(super) printed: Option<Box<RawValue>>,
    pub(super) totals: Totals,
}

impl Printer<'_> {
    /// Prints the state that a commit has made true.
    pub(super) fn settle<E>(
        &mut self,
        commit: Option<Commit<E>>,
        result: Result<(), E>,
    ) -> Result<(), Error<E>> {
        result.map_err(Error::Commit)?;
        let Some(commit) = commit else { return Ok(()) };
        for (stream, count) in commit.records {
            *self.totals.records.entry(stream).or_default() += count;
        }
        self.print(commit.state)
    }

    /// Whether there is a state that is not the one printed last.
    pub(super) fn is_news(&self, state: Option<&RawValue>) -> bool {
        let printed = self.printed.as_deref().map(RawValue::get);
        state.is_some_and(|state| printed != Some(state.get()))
    }

    /// Prints a state, unless it was the last one printed.
    pub(super) fn print<E>(&mut self, state: Option<Box<RawValue>>) -> Result<(), Error<E>> {
        let Some(state) = state else { return Ok(()) };
        if !self.is_news(Some(&state)) {
            return Ok(());
        }
        self.output.bare_state(&state).map_err(Error::Output)?;
        self.totals.states += 1;
        self.printed = Some(state);
        Ok(())
    }
}
