//! From messages to a destination, and from a destination's word to a state.
//!
//! A state may be printed once every record that came before it, of every stream, is durable. The loop
//! keeps that promise without counting records: all streams are committed together and in order, and a
//! state travels with the commit that holds the last record before it. A state that no record precedes
//! is true at once.
//!
//! ```text
//!  input      r r r S r r │ r S r r r S │ r …        │ = a commit starts (rows, bytes or age)
//!  committed  └────1────┘ └─────2─────┘              while 1 is on its way, 2 is being taken
//!  printed               S(1)          S(2)          the newest state of each commit, when it is durable
//! ```

mod printer;
mod taking;

use std::io;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::value::RawValue;
use tokio::io::AsyncBufRead;
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use self::printer::Printer;
use self::taking::Taking;
use crate::batch::BatchError;
use crate::input::Input;
use crate::message::MessageError;
use crate::output::Output;
use crate::sink::{Sink, States};

/// When what was taken is worth a commit. Whichever comes first decides.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Records taken.
    pub rows: usize,
    /// Bytes of their lines.
    pub bytes: usize,
    /// Time since the first of them was taken. It passes without new input too: a tap may wait for
    /// hours, and a state must not wait with it.
    pub age: Duration,
}

/// What a run did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Records that were made durable, by stream, in the order in which streams first appeared.
    pub records: IndexMap<String, u64>,
    /// States that were printed.
    pub states: u64,
}

/// Why a run ended early. What the last printed state covers is safe in every case.
#[derive(Debug, thiserror::Error)]
pub enum Error<E> {
    /// A line is not a message.
    #[error("line {line}")]
    Line {
        /// Its number, counted from 1.
        line: u64,
        /// What is wrong with it.
        source: MessageError,
    },
    /// A record came before the schema of its stream.
    #[error("line {line}: {stream}: a record came before its SCHEMA")]
    NoSchema {
        /// Its number, counted from 1.
        line: u64,
        /// The stream that the record names.
        stream: String,
    },
    /// A file of records cannot be read.
    #[error("line {line}: {stream}")]
    Batch {
        /// The number of the BATCH message's line, counted from 1.
        line: u64,
        /// The stream that the message names.
        stream: String,
        /// What is wrong with the file.
        source: BatchError,
    },
    /// The destination refuses a message.
    #[error("line {line}: {stream}")]
    Refused {
        /// Its number, counted from 1.
        line: u64,
        /// The stream that the message names.
        stream: String,
        /// What the destination says.
        source: E,
    },
    /// The destination failed.
    #[error("not everything after the last printed state was written")]
    Commit(#[source] E),
    /// The input broke off.
    #[error("cannot read the messages")]
    Input(#[source] io::Error),
    /// Nobody reads the states any more.
    #[error("cannot print a state")]
    Output(#[source] io::Error),
}

/// Reads messages until the input ends and brings their records to `sink`.
///
/// Prints each state on `output` once it is true, at most once in a row, and never an empty one. A line
/// that is refused ends the run, after what came before it has been committed.
pub async fn run<R, S>(
    mut input: Input<R>,
    output: &Output,
    sink: &mut S,
    limits: Limits,
) -> Result<Totals, Error<S::Error>>
where
    R: AsyncBufRead + Unpin,
    S: Sink,
{
    let mut taking = Taking::new(sink);
    let mut printer = Printer { output, printed: None, totals: Totals::default() };
    let mut commit: Option<Commit<S::Error>> = None;
    let ended = loop {
        if commit.is_none() {
            if taking.held.is_full(limits) {
                commit = Some(taking.commit());
            } else if taking.held.rows == 0 {
                match taking.sink.states() {
                    States::Printed => printer.print(taking.held.state.take())?,
                    States::Stored if printer.is_news(taking.held.state.as_deref()) => {
                        commit = Some(taking.commit());
                    }
                    States::Stored | States::AtTheEnd => {}
                }
            }
        }
        tokio::select! {
            biased;
            result = durable(&mut commit), if commit.is_some() => printer.settle(commit.take(), result)?,
            () = sleep_until(taking.held.due(limits)), if commit.is_none() && taking.held.rows > 0 => {
                commit = Some(taking.commit());
            }
            () = tokio::task::yield_now(), if taking.files.is_some() && !taking.held.is_full(limits) => {
                if let Err(error) = taking.take_from_files(limits) { break Err(error) }
            }
            line = input.line(), if taking.files.is_none() && !taking.held.is_full(limits) => match line {
                Ok(None) => break Ok(()),
                Ok(Some(line)) => if let Err(error) = taking.take(line) { break Err(error) },
                Err(error) => break Err(Error::Input(error)),
            },
        }
    };
    if commit.is_some() {
        let result = durable(&mut commit).await;
        printer.settle(commit.take(), result)?;
    }
    if ended.is_ok() {
        taking.ended = true;
        taking.is_due = taking.sink.end();
    }
    if taking.needs_commit(&printer) {
        commit = Some(taking.commit());
        let result = durable(&mut commit).await;
        printer.settle(commit.take(), result)?;
    }
    if taking.sink.states() == States::Printed {
        printer.print(taking.held.state.take())?;
    }
    ended.map(|()| printer.totals)
}

/// Records given up by the sink, on their way to the destination.
struct Commit<E> {
    /// A task, so that looking whether it is done costs the reading loop next to nothing.
    task: JoinHandle<Result<(), E>>,
    state: Option<Box<RawValue>>,
    records: IndexMap<String, u64>,
}

/// Waits for a commit; for ever, where there is none.
async fn durable<E>(commit: &mut Option<Commit<E>>) -> Result<(), E> {
    let Some(commit) = commit else { return std::future::pending().await };
    match (&mut commit.task).await {
        Ok(result) => result,
        Err(panicked) => match panicked.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // A task is only cancelled with the runtime, which ends this one too.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests;
