//! The seam to the Singer protocol: records become rows at once, and a commit gives them up.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde_json::value::RawValue;
use singer::sink::{States, Versions};
use singer::{Record, Schema, Sink};
use tokio::time::Instant;

use crate::column::{Metadata, Source};
use crate::config::{Config, LoadMethod, OnBadRecord};
use crate::copy::{Encoder, Meta};
use crate::database::{Database, Handed};
use crate::dead_letter::DeadLetters;
use crate::ending::Ending;
use crate::failure::Failure;
use crate::flush::{Flush, Part, Spill};
use crate::lookup;
use crate::notes;
use crate::plan::{Plan, Planning};
use crate::rows::Rows;
use crate::validation::Validation;

/// Bad records of a stream that are named in the log; the others are counted.
const BAD_NAMED: u64 = 10;

/// Memory that collected rows take before they go to the server. Large enough that a chunk costs the
/// server next to nothing beside its rows; up to three chunks are held at a time.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// Which part of a chunk the first one of a flush is, so that the server has something to do soon; each
/// of the next ones is twice as large.
const FIRST_PART: usize = 4;

/// How many times as large a chunk grows where keys come again and again: of more rows that wait here
/// only the last of each key goes to the server, which can only update a row once a statement.
const PATIENCE: usize = 3;

/// Turns records into rows and gives them to the database's thread.
#[derive(Debug)]
pub struct PostgresSink {
    config: Arc<Config>,
    database: Database,
    clock: Clock,
    streams: IndexMap<String, Stream>,
    dead_letters: DeadLetters,
    /// Memory that collected rows usually take before they are spilled.
    chunk_bytes: usize,
    /// Memory that those which are being collected may take.
    spills_at: usize,
    /// Memory that they take now.
    collected_bytes: usize,
    /// The last spill of this flush, until its end was seen.
    spilling: Option<Handed<()>>,
    /// When the first record of the batch that is being taken came.
    batched_at: Option<DateTime<Utc>>,
    /// Records so far.
    taken: i64,
    /// Whether the next commit is the last.
    ends: bool,
}

/// A stream whose schema is known.
#[derive(Debug)]
struct Stream {
    plan: Arc<Plan>,
    /// Whether a flush has taken the steps of the plan, or is about to.
    is_prepared: bool,
    encoder: Encoder,
    validation: Option<Validation>,
    rows: Rows,
    /// Whether rows of this flush are at the server already.
    has_spilled: bool,
    /// The version that stays.
    version: Option<i64>,
    /// Records that could not become rows.
    bad: u64,
}

/// The time, from one look at the clock and what has passed since.
#[derive(Debug, Clone, Copy)]
struct Clock {
    started_at: DateTime<Utc>,
    started: Instant,
}

impl Clock {
    fn now(&self) -> DateTime<Utc> {
        let passed = chrono::TimeDelta::from_std(self.started.elapsed());
        passed.map_or(self.started_at, |passed| self.started_at + passed)
    }
}

impl PostgresSink {
    /// A sink that has no streams yet. `now` is the time at which the run started.
    #[must_use]
    pub fn new(config: Arc<Config>, database: Database, now: DateTime<Utc>) -> Self {
        Self {
            dead_letters: DeadLetters::at(&config.dead_letter_file),
            config,
            database,
            clock: Clock { started_at: now, started: Instant::now() },
            streams: IndexMap::new(),
            chunk_bytes: CHUNK_BYTES,
            spills_at: CHUNK_BYTES / FIRST_PART,
            collected_bytes: 0,
            spilling: None,
            batched_at: None,
            taken: 0,
            ends: false,
        }
    }

    /// The same, where rows go to the server when they take so much memory. Tests make it small.
    #[must_use]
    pub fn spilling_at(self, chunk_bytes: usize) -> Self {
        Self { chunk_bytes, spills_at: chunk_bytes / FIRST_PART, ..self }
    }

    /// Says what a user should know about the values that came.
    pub fn say(&self) {
        for (name, stream) in &self.streams {
            if stream.bad > 0 {
                tracing::warn!("{name}: {} records could not become rows", stream.bad);
            }
            notes::say_counts(name, stream.encoder.counts());
        }
    }

    /// What is decided for the records of a schema.
    fn plan(&self, schema: &Schema) -> Result<Plan, Failure> {
        self.database.wait(Planning {
            config: Arc::clone(&self.config),
            schema: schema.clone(),
            again: self.streams.contains_key(&schema.stream),
        })
    }

    /// The other streams whose records go into the table of a plan.
    fn sharing(&self, plan: &Plan) -> impl Iterator<Item = (&String, &Stream)> {
        let table = &plan.table;
        self.streams.iter().filter(move |(name, stream)| {
            let other = &stream.plan.table;
            **name != table.stream
                && (&other.namespace, &other.name) == (&table.namespace, &table.name)
        })
    }

    /// Whether all rows of a stream's table are its own: each stream numbers its versions by itself, so
    /// that to one of them the rows of all others would seem old.
    fn is_alone(&self, stream: &Stream) -> bool {
        self.sharing(&stream.plan).next().is_none()
    }

    /// Gives the rows that were collected to the database, which keeps them in an open transaction.
    /// Waits for those of the time before, so that no more than two chunks are on their way, of which
    /// one waits at the database's door.
    fn spill(&mut self) -> Result<(), Failure> {
        let mut parts = Vec::new();
        for stream in self.streams.values_mut().filter(|stream| !stream.rows.is_empty()) {
            let is_first = !std::mem::replace(&mut stream.is_prepared, true);
            stream.has_spilled = true;
            let rows = stream.rows.spill();
            parts.push(Part { plan: Arc::clone(&stream.plan), is_first, rows });
        }
        self.collected_bytes = 0;
        self.spills_at = (self.spills_at * 2).min(self.chunk_bytes);
        let handed = self.database.hand(Spill { parts });
        match self.spilling.replace(handed) {
            Some(earlier) => earlier.wait(),
            None => Ok(()),
        }
    }

    /// Everything that was taken and is still here, to be given to the database.
    fn flush(&mut self, state: Option<String>) -> Flush {
        let mut parts = Vec::new();
        for stream in self.streams.values_mut() {
            let is_first = !std::mem::replace(&mut stream.is_prepared, true);
            let has_spilled = std::mem::take(&mut stream.has_spilled);
            if is_first || has_spilled || !stream.rows.is_empty() {
                let rows = stream.rows.take();
                parts.push(Part { plan: Arc::clone(&stream.plan), is_first, rows });
            }
        }
        self.batched_at = None;
        self.collected_bytes = 0;
        self.spills_at = self.chunk_bytes / FIRST_PART;
        // How the last spill ended, the flush will say.
        self.spilling = None;
        Flush {
            config: Arc::clone(&self.config),
            parts,
            state,
            ending: self.ends.then(|| self.ending()),
            now: self.clock.now(),
        }
    }

    /// What the last flush does.
    fn ending(&self) -> Ending {
        let plans = |wanted: &dyn Fn(&Stream) -> bool| {
            let streams = self.streams.values().filter(|stream| wanted(stream));
            streams.map(|stream| Arc::clone(&stream.plan)).collect()
        };
        let overwrites = self.config.load_method == LoadMethod::Overwrite;
        let versions = self.streams.values().filter(|stream| !overwrites && self.is_alone(stream));
        Ending {
            versions: versions
                .filter_map(|stream| Some((Arc::clone(&stream.plan), stream.version?)))
                .collect(),
            deletions: plans(&|stream| {
                self.config.hard_delete && stream.plan.says_deleted && !overwrites
            }),
            overwritten: plans(&|_| overwrites),
        }
    }

    /// Takes a record that turned out to be bad the way the settings say.
    fn bad(&mut self, record: &Record<'_>, failure: Failure) -> Result<(), Failure> {
        let stream = record.stream.as_ref();
        match self.config.on_bad_record {
            OnBadRecord::Fail => return Err(failure),
            OnBadRecord::Skip => {}
            OnBadRecord::DeadLetter => {
                self.dead_letters.add(stream, record.line, &failure, record.record)?;
            }
        }
        if let Some(known) = self.streams.get_mut(stream) {
            known.bad += 1;
            if known.bad <= BAD_NAMED {
                tracing::warn!("{stream}: line {}: {failure}; left out", record.line);
            }
        }
        Ok(())
    }
}

impl Stream {
    /// Makes a row of a record; the memory that it takes.
    fn take(&mut self, record: &Record<'_>, meta: &Meta<'_>) -> Result<usize, Failure> {
        if let Some(validation) = &self.validation {
            validation.check(record.record)?;
        }
        let looked_up = lookup::completed(record.record, &self.plan.lookups)?;
        let value = looked_up.as_deref().unwrap_or(record.record);
        let meta = Meta { version: record.version.or(self.version), ..*meta };
        let encoder = &mut self.encoder;
        let before = self.rows.bytes();
        let added = self.rows.add(record.line, |row, key| encoder.encode(value, &meta, row, key));
        added.map_err(Failure::Value)?;
        Ok(self.rows.bytes() - before)
    }
}

impl Sink for PostgresSink {
    type Error = Failure;

    fn schema(&mut self, schema: &Schema) -> Result<(), Failure> {
        let name = &schema.stream;
        let known = self.streams.contains_key(name);
        if known || self.streams.values().any(|stream| stream.has_spilled) {
            // Rows were encoded for the table of the earlier schema, and it is there that the way to
            // the new one begins. And what is looked up for a plan is not looked up in the middle of
            // a transaction, which a refusal would undo.
            let flush = self.flush(None);
            self.database.wait(flush)?;
        }
        let mut plan = self.plan(schema)?;
        let others: Vec<(&String, &Stream)> = self.sharing(&plan).collect();
        if plan.replaces.is_some()
            && let Some((other, _)) = others.first()
        {
            return Err(Failure::Shared { other: (*other).clone() });
        }
        if others.iter().any(|(_, other)| !other.is_prepared) {
            // The way to the table that this stream needs begins at the one that the other makes.
            let flush = self.flush(None);
            self.database.wait(flush)?;
            plan = self.plan(schema)?;
        }
        let plan = Arc::new(plan);
        let earlier = self.streams.get(name);
        if let Some(earlier) = earlier {
            notes::say_counts(name, earlier.encoder.counts());
        }
        notes::say_of_table(&plan, earlier.map(|stream| stream.plan.as_ref()));
        let validation =
            self.config.validate_records.then(|| Validation::of(schema)).transpose()?;
        let stream = Stream {
            encoder: Encoder::new(&plan.table, self.config.treatment()),
            is_prepared: false,
            validation,
            rows: Rows::default(),
            has_spilled: false,
            version: earlier.and_then(|stream| stream.version),
            bad: earlier.map_or(0, |stream| stream.bad),
            plan,
        };
        self.streams.insert(name.clone(), stream);
        Ok(())
    }

    fn record(&mut self, record: &Record<'_>) -> Result<(), Failure> {
        if let Some(ended) = self.spilling.as_ref().and_then(Handed::ended) {
            self.spilling = None;
            ended?;
        }
        let received_at = self.clock.now();
        let batched_at = *self.batched_at.get_or_insert(received_at);
        self.taken += 1;
        let Some(stream) = self.streams.get_mut(record.stream.as_ref()) else { return Ok(()) };
        let meta = Meta {
            time_extracted: record.time_extracted.as_deref(),
            received_at,
            batched_at,
            // Later records of a run have greater numbers, and later runs have greater ones still.
            sequence: self.clock.started_at.timestamp_millis() * 1_000_000 + self.taken,
            version: record.version,
            sync_started_at: self.clock.started_at,
        };
        match stream.take(record, &meta) {
            Err(failure) if failure.is_bad_record() => return self.bad(record, failure),
            taken => self.collected_bytes += taken?,
        }
        if self.collected_bytes >= self.spills_at {
            let repeats = self.streams.values().any(|stream| stream.rows.repeats());
            let patient = self.chunk_bytes.saturating_mul(PATIENCE);
            if repeats && self.spills_at < patient {
                self.spills_at = patient;
            } else {
                self.spill()?;
            }
        }
        Ok(())
    }

    fn commit(
        &mut self,
        state: Option<&RawValue>,
    ) -> impl Future<Output = Result<(), Failure>> + Send + 'static {
        let synced = self.dead_letters.sync();
        let flush = self.flush(state.map(|state| state.get().to_owned()));
        let work = synced.is_ok().then(|| self.database.run(flush));
        async move {
            match (synced, work) {
                (Ok(()), Some(work)) => work.await,
                (synced, _) => synced,
            }
        }
    }

    fn activate_version(&mut self, stream: &str, version: i64) -> Result<Versions, Failure> {
        let Some(stream) = self.streams.get_mut(stream) else { return Ok(Versions::Ignored) };
        let has_versions = stream
            .plan
            .table
            .columns
            .iter()
            .any(|column| column.source == Source::Metadata(Metadata::TableVersion));
        if !self.config.activate_version || !has_versions {
            return Ok(Versions::Ignored);
        }
        stream.version = Some(stream.version.map_or(version, |known| known.max(version)));
        Ok(Versions::Kept)
    }

    fn states(&self) -> States {
        match (self.config.load_method, &self.config.state_id) {
            (LoadMethod::Overwrite, _) => States::AtTheEnd,
            (_, Some(_)) => States::Stored,
            (_, None) => States::Printed,
        }
    }

    fn end(&mut self) -> bool {
        self.ends = true;
        for (name, stream) in &self.streams {
            if stream.version.is_some() && !self.is_alone(stream) {
                tracing::warn!(
                    "{name}: other streams go into its table, so rows of older versions stay there"
                );
            }
        }
        let ending = self.ending();
        let unprepared = self.streams.values().any(|stream| !stream.is_prepared);
        unprepared
            || !ending.versions.is_empty()
            || !ending.deletions.is_empty()
            || !ending.overwritten.is_empty()
            || self.config.after_run_sql.is_some()
    }
}
