//! The side of the loop that takes messages.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::printer::Printer;
use super::{Commit, Error, Limits};
use crate::batch::Records;
use crate::input::Line;
use crate::message::{Message, Record, Schema};
use crate::sink::{Sink, States, Versions};

/// What was taken since the last commit started.
#[derive(Default)]
pub(super) struct Held {
    pub(super) rows: usize,
    pub(super) bytes: usize,
    pub(super) since: Option<Instant>,
    /// The newest state; every record taken so far came before it or belongs to a later one.
    pub(super) state: Option<Box<RawValue>>,
    pub(super) records: IndexMap<String, u64>,
}

impl Held {
    pub(super) fn is_full(&self, limits: Limits) -> bool {
        self.rows >= limits.rows || self.bytes >= limits.bytes
    }

    /// Counts a record that the sink has taken.
    fn add(&mut self, stream: &str, bytes: usize) {
        self.rows += 1;
        self.bytes += bytes;
        self.since.get_or_insert_with(Instant::now);
        if let Some(count) = self.records.get_mut(stream) {
            *count += 1;
        } else {
            self.records.insert(stream.to_owned(), 1);
        }
    }

    /// When the oldest record has waited long enough.
    pub(super) fn due(&self, limits: Limits) -> Instant {
        self.since.unwrap_or_else(Instant::now) + limits.age
    }
}

/// The side of the loop that takes messages.
pub(super) struct Taking<'s, S> {
    pub(super) sink: &'s mut S,
    pub(super) held: Held,
    schemas: IndexMap<String, Schema>,
    warned: HashSet<String>,
    /// The files of the BATCH message that is being read, and the number of its line.
    pub(super) files: Option<(u64, Records)>,
    /// Whether the input has ended and nothing failed.
    pub(super) ended: bool,
    /// Whether the sink has something to do in the last commit, with or without records.
    pub(super) is_due: bool,
}

/// Records taken from files before other things get their turn.
const RECORDS_AT_A_TIME: usize = 1000;

impl<'s, S: Sink> Taking<'s, S> {
    pub(super) fn new(sink: &'s mut S) -> Self {
        Self {
            sink,
            held: Held::default(),
            schemas: IndexMap::new(),
            warned: HashSet::new(),
            files: None,
            ended: false,
            is_due: false,
        }
    }

    /// Takes one line.
    pub(super) fn take(&mut self, line: Line<'_>) -> Result<(), Error<S::Error>> {
        let number = line.number;
        let refused = |stream: &str, source| Error::Refused {
            line: number,
            stream: stream.to_owned(),
            source,
        };
        match Message::parse(line.text).map_err(|source| Error::Line { line: number, source })? {
            Message::Record(record) => {
                self.record(&Record { line: number, ..record }, line.text.len())?;
            }
            Message::Schema(schema) => {
                if self.schemas.get(&schema.stream) != Some(&schema) {
                    if schema.extensions.left_out() > 0 {
                        let stream = &schema.stream;
                        tracing::warn!(
                            "{stream}: the x- members of its SCHEMA are too long; not all are read"
                        );
                    }
                    self.sink.schema(&schema).map_err(|source| refused(&schema.stream, source))?;
                    self.schemas.insert(schema.stream.clone(), schema);
                }
            }
            // An orchestrator would put an empty state in the place of a good one.
            Message::State(value) if is_empty(value) => {}
            Message::State(value) => self.held.state = Some(value.to_owned()),
            Message::Batch(files) => {
                let stream = files.stream.as_ref();
                self.known(number, stream)?;
                let records = Records::of(&files).map_err(|source| Error::Batch {
                    line: number,
                    stream: stream.to_owned(),
                    source,
                })?;
                self.files = Some((number, records));
            }
            Message::ActivateVersion { stream, version } => {
                self.known(number, &stream)?;
                let versions = self.sink.activate_version(&stream, version);
                if versions.map_err(|source| refused(&stream, source))? == Versions::Ignored {
                    self.warn_once(
                        "ACTIVATE_VERSION",
                        "this target keeps no versions; message ignored",
                    );
                }
            }
            Message::Unknown(kind) => {
                self.warn_once(&kind, "unknown message type; messages ignored");
            }
        }
        Ok(())
    }

    /// Refuses a stream whose schema did not come yet.
    fn known(&self, line: u64, stream: &str) -> Result<(), Error<S::Error>> {
        if self.schemas.contains_key(stream) {
            return Ok(());
        }
        Err(Error::NoSchema { line, stream: stream.to_owned() })
    }

    /// Takes one record, whose text came in a line of so many bytes.
    fn record(&mut self, record: &Record<'_>, bytes: usize) -> Result<(), Error<S::Error>> {
        let stream = record.stream.as_ref();
        self.known(record.line, stream)?;
        self.sink.record(record).map_err(|source| Error::Refused {
            line: record.line,
            stream: stream.to_owned(),
            source,
        })?;
        self.held.add(stream, bytes);
        Ok(())
    }

    /// Takes some of the records that a BATCH message promised; they bear the number of its line.
    pub(super) fn take_from_files(&mut self, limits: Limits) -> Result<(), Error<S::Error>> {
        let Some((line, mut records)) = self.files.take() else { return Ok(()) };
        let (stream, version) = (records.stream.clone(), records.version);
        for _ in 0..RECORDS_AT_A_TIME {
            if self.held.is_full(limits) {
                break;
            }
            let next = records.next_record().map_err(|source| Error::Batch {
                line,
                stream: stream.clone(),
                source,
            })?;
            let Some((record, bytes)) = next else { return Ok(()) };
            let stream = stream.as_str().into();
            let record = Record { stream, record, time_extracted: None, version, line };
            self.record(&record, bytes)?;
        }
        self.files = Some((line, records));
        Ok(())
    }

    /// Whether something is left to commit once nothing more is taken.
    pub(super) fn needs_commit(&self, printer: &Printer<'_>) -> bool {
        let states = self.sink.states();
        let waits = states == States::Stored || (states == States::AtTheEnd && self.ended);
        let state = waits && printer.is_news(self.held.state.as_deref());
        self.held.rows > 0 || self.is_due || state
    }

    fn warn_once(&mut self, kind: &str, text: &str) {
        if self.warned.insert(kind.to_owned()) {
            tracing::warn!("{kind}: {text}");
        }
    }

    /// Starts to make durable what is held.
    pub(super) fn commit(&mut self) -> Commit<S::Error> {
        let mut held = std::mem::take(&mut self.held);
        if self.sink.states() == States::AtTheEnd && !self.ended {
            self.held.state = held.state.take();
        }
        let task = tokio::spawn(self.sink.commit(held.state.as_deref()));
        Commit { task, state: held.state, records: held.records }
    }
}

/// Whether a state says nothing: `null`, or an object without members.
fn is_empty(state: &RawValue) -> bool {
    let members = state.get().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    state.get() == "null" || members.is_some_and(|members| members.trim().is_empty())
}
