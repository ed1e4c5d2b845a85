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

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::value::RawValue;
use tokio::io::AsyncBufRead;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::input::{Input, Line};
use crate::message::{Message, MessageError, Schema};
use crate::output::Output;
use crate::sink::Sink;

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
    /// A message asks for what no target here can do.
    #[error("line {line}: {stream}: BATCH messages are not supported; let the tap write records")]
    Batch {
        /// Its number, counted from 1.
        line: u64,
        /// The stream that the message names.
        stream: String,
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
                printer.print(taking.held.state.take())?;
            }
        }
        tokio::select! {
            biased;
            result = durable(&mut commit), if commit.is_some() => printer.settle(commit.take(), result)?,
            () = sleep_until(taking.held.due(limits)), if commit.is_none() && taking.held.rows > 0 => {
                commit = Some(taking.commit());
            }
            line = input.line(), if !taking.held.is_full(limits) => match line {
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
    if taking.held.rows > 0 {
        commit = Some(taking.commit());
        let result = durable(&mut commit).await;
        printer.settle(commit.take(), result)?;
    }
    printer.print(taking.held.state.take())?;
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

/// What was taken since the last commit started.
#[derive(Default)]
struct Held {
    rows: usize,
    bytes: usize,
    since: Option<Instant>,
    /// The newest state; every record taken so far came before it or belongs to a later one.
    state: Option<Box<RawValue>>,
    records: IndexMap<String, u64>,
}

impl Held {
    fn is_full(&self, limits: Limits) -> bool {
        self.rows >= limits.rows || self.bytes >= limits.bytes
    }

    /// When the oldest record has waited long enough.
    fn due(&self, limits: Limits) -> Instant {
        self.since.unwrap_or_else(Instant::now) + limits.age
    }
}

/// The side of the loop that takes messages.
struct Taking<'s, S> {
    sink: &'s mut S,
    held: Held,
    schemas: IndexMap<String, Schema>,
    warned: HashSet<String>,
}

impl<'s, S: Sink> Taking<'s, S> {
    fn new(sink: &'s mut S) -> Self {
        Self { sink, held: Held::default(), schemas: IndexMap::new(), warned: HashSet::new() }
    }

    /// Takes one line.
    fn take(&mut self, line: Line<'_>) -> Result<(), Error<S::Error>> {
        let number = line.number;
        let refused = |stream: &str, source| Error::Refused {
            line: number,
            stream: stream.to_owned(),
            source,
        };
        match Message::parse(line.text).map_err(|source| Error::Line { line: number, source })? {
            Message::Record(record) => {
                let stream = record.stream.as_ref();
                if !self.schemas.contains_key(stream) {
                    return Err(Error::NoSchema { line: number, stream: stream.to_owned() });
                }
                self.sink.record(&record).map_err(|source| refused(stream, source))?;
                self.held.rows += 1;
                self.held.bytes += line.text.len();
                self.held.since.get_or_insert_with(Instant::now);
                if let Some(count) = self.held.records.get_mut(stream) {
                    *count += 1;
                } else {
                    self.held.records.insert(stream.to_owned(), 1);
                }
            }
            Message::Schema(schema) => {
                if self.schemas.get(&schema.stream) != Some(&schema) {
                    self.sink.schema(&schema).map_err(|source| refused(&schema.stream, source))?;
                    self.schemas.insert(schema.stream.clone(), schema);
                }
            }
            Message::State(value) => self.held.state = Some(value.to_owned()),
            Message::Batch { stream } => {
                return Err(Error::Batch { line: number, stream: stream.into_owned() });
            }
            Message::ActivateVersion { .. } => {
                self.warn_once(
                    "ACTIVATE_VERSION",
                    "this target keeps no versions; message ignored",
                );
            }
            Message::Unknown(kind) => {
                self.warn_once(&kind, "unknown message type; messages ignored");
            }
        }
        Ok(())
    }

    fn warn_once(&mut self, kind: &str, text: &str) {
        if self.warned.insert(kind.to_owned()) {
            tracing::warn!("{kind}: {text}");
        }
    }

    /// Starts to make durable what is held.
    fn commit(&mut self) -> Commit<S::Error> {
        let held = std::mem::take(&mut self.held);
        let task = tokio::spawn(self.sink.commit(held.state.as_deref()));
        Commit { task, state: held.state, records: held.records }
    }
}

/// The side of the loop that says what is true.
struct Printer<'o> {
    output: &'o Output,
    printed: Option<Box<RawValue>>,
    totals: Totals,
}

impl Printer<'_> {
    /// Prints the state that a commit has made true.
    fn settle<E>(
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

    /// Prints a state, unless it was the last one printed or says nothing: an orchestrator would put an
    /// empty state in the place of a good one.
    fn print<E>(&mut self, state: Option<Box<RawValue>>) -> Result<(), Error<E>> {
        let Some(state) = state else { return Ok(()) };
        let empty = matches!(state.get(), "{}" | "null");
        if empty || self.printed.as_ref().is_some_and(|printed| printed.get() == state.get()) {
            return Ok(());
        }
        self.output.bare_state(&state).map_err(Error::Output)?;
        self.totals.states += 1;
        self.printed = Some(state);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
