//! From records to messages: the schema first, only what is selected, and a count of it all.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};
use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::RawValue;
use singer::Output;
use singer::mask::Mask;

use crate::compat::{Fit, Origin};
use crate::document::{Emit, EmitError};
use crate::selection::Selected;
use crate::streams::Stream;
use crate::veil::Veil;

/// A stream that this run writes.
#[derive(Debug)]
struct Channel {
    stream: &'static Stream,
    keys: &'static [&'static str],
    /// What the stream's records look like, as far as this run knows.
    schema: Value,
    mask: Mask,
    veil: Option<Arc<Veil>>,
    /// How records are dressed before they are masked.
    fit: Option<Arc<Fit>>,
    records: Arc<AtomicU64>,
}

/// The records written so far, for who must not wait until the writer is free.
#[derive(Debug, Clone, Default)]
pub struct Counts(Vec<(&'static str, Arc<AtomicU64>)>);

impl Counts {
    /// All counts, in the order of the streams.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, u64)> {
        self.0.iter().map(|(stream, count)| (*stream, count.load(Ordering::Relaxed))).collect()
    }
}

/// Values of one property, collected while a stream goes by, for the stream that is asked for by them.
#[derive(Debug)]
struct Gathering {
    stream: &'static str,
    property: &'static str,
    found: BTreeMap<String, BTreeSet<String>>,
}

/// What was collected of a marketplace, by property.
pub type Gathered = BTreeMap<&'static str, Vec<String>>;

/// Writes the messages of all streams of a run.
#[derive(Debug)]
pub struct Writer {
    output: Output,
    channels: IndexMap<&'static str, Channel>,
    gathering: Vec<Gathering>,
    /// When the records that are being written were seen, RFC 3339.
    extracted_at: String,
    /// The report that they come from.
    origin: Origin,
    filtered: Vec<u8>,
    veiled: Vec<u8>,
    /// What stopped the writing, for whoever asks.
    failure: Option<io::Error>,
}

impl Writer {
    /// Starts without streams.
    #[must_use]
    pub fn new(output: Output) -> Self {
        Self {
            output,
            channels: IndexMap::new(),
            gathering: Vec::new(),
            extracted_at: String::new(),
            origin: Origin::default(),
            filtered: Vec::new(),
            veiled: Vec::new(),
            failure: None,
        }
    }

    /// Adds a stream whose selected properties go out, and announces its schema and keys.
    pub fn open(&mut self, selected: &Selected, keys: &'static [&'static str]) -> io::Result<()> {
        let Selected { stream, schema, mask, veil, fit, .. } = selected;
        let channel = Channel {
            stream,
            keys: fit.as_ref().map_or(keys, |fit| fit.keys()),
            schema: schema.clone(),
            mask: mask.clone(),
            veil: veil.clone(),
            fit: fit.clone(),
            records: Arc::default(),
        };
        announce(&self.output, &channel)?;
        self.channels.insert(stream.name, channel);
        Ok(())
    }

    /// Collects the values of a property of a stream, by marketplace, whether the stream goes out or not.
    pub fn gather(&mut self, stream: &'static str, property: &'static str) {
        self.gathering.push(Gathering { stream, property, found: BTreeMap::new() });
    }

    /// The values that were collected for a marketplace, in order and each once; they are given away.
    pub fn gathered(&mut self, marketplace_id: &str) -> Gathered {
        let found = |gathering: &mut Gathering| {
            let values = gathering.found.remove(marketplace_id)?;
            Some((gathering.property, values.into_iter().collect()))
        };
        self.gathering.iter_mut().filter_map(found).collect()
    }

    /// Sets the time at which the records that follow were seen, and the report that they come from.
    pub fn extracted_at(&mut self, time: DateTime<Utc>, origin: Origin) {
        self.extracted_at = time.to_rfc3339_opts(SecondsFormat::Millis, true);
        self.origin = Origin { extracted_at: Some(time), ..origin };
    }

    /// The records written so far, by stream, of the streams that are open by now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let count = |channel: &Channel| (channel.stream.name, Arc::clone(&channel.records));
        Counts(self.channels.values().map(count).collect())
    }

    /// Columns that are not to be seen and were never there, as `stream.column`.
    #[must_use]
    pub fn absent(&self) -> Vec<String> {
        let absent = self.channels.values().filter_map(|channel| {
            let veil = channel.veil.as_ref()?;
            let columns = veil.absent(&channel.schema).into_iter();
            Some(columns.map(|column| format!("{}.{column}", channel.stream.name)))
        });
        absent.flatten().collect()
    }

    /// Hands on everything that was written so far.
    pub fn flush(&self) -> io::Result<()> {
        self.output.flush()
    }
}

/// Writes a stream's schema, without what is not selected.
fn announce(output: &Output, channel: &Channel) -> io::Result<()> {
    let stream = channel.stream;
    let bookmarks: &[&str] = stream.replication_key.as_slice();
    let schema = channel.mask.schema(&channel.schema);
    let schema = match &channel.veil {
        Some(veil) => veil.schema(schema),
        None => schema,
    };
    output.schema(stream.name, &schema, channel.keys, bookmarks)
}

/// A schema that also takes what another one took: nothing that was announced is taken back, because
/// records of it are out.
fn widened(known: &Value, mut schema: Value) -> Value {
    let before = known.get("type").and_then(Value::as_array);
    let types = schema.get_mut("type").and_then(Value::as_array_mut);
    if let (Some(before), Some(types)) = (before, types) {
        let mut all = before.clone();
        all.extend(types.drain(..).filter(|kind| !before.contains(kind)));
        *types = all;
    }
    schema
}

impl Gathering {
    /// Looks at a record that goes by.
    fn see(&mut self, record: &[u8]) -> io::Result<()> {
        let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(record)?;
        let text =
            |name: &str| -> Option<String> { serde_json::from_str(members.get(name)?.get()).ok() };
        if let (Some(marketplace), Some(value)) = (text("marketplace_id"), text(self.property)) {
            self.found.entry(marketplace).or_default().insert(value);
        }
        Ok(())
    }
}

impl Writer {
    /// Adds a property to a stream's schema and announces it.
    fn extend(&mut self, stream: &str, name: &str, schema: Value) -> io::Result<()> {
        let Some(channel) = self.channels.get_mut(stream) else { return Ok(()) };
        if channel.fit.is_some() {
            // Another tap's stream has the properties that it has.
            return Ok(());
        }
        let Some(properties) = channel.schema.get_mut("properties").and_then(Value::as_object_mut)
        else {
            return Ok(());
        };
        let schema = match properties.get(name) {
            Some(known) => widened(known, schema),
            None => schema,
        };
        if properties.get(name) == Some(&schema) {
            return Ok(());
        }
        properties.insert(name.to_owned(), schema);
        announce(&self.output, channel)
    }

    /// Writes one record, as far as it is selected.
    pub fn write(&mut self, stream: &str, record: &[u8]) -> io::Result<()> {
        for gathering in self.gathering.iter_mut().filter(|it| it.stream == stream) {
            gathering.see(record)?;
        }
        let Some(channel) = self.channels.get_mut(stream) else { return Ok(()) };
        let dressed = channel.fit.as_ref().map(|fit| fit.dress(record, &self.origin));
        let dressed = dressed.transpose().map_err(io::Error::other)?;
        let record = dressed.as_deref().unwrap_or(record);
        let record = if channel.mask.is_all() {
            record
        } else {
            self.filtered.clear();
            channel.mask.apply(record, &mut self.filtered).map_err(io::Error::other)?;
            &self.filtered
        };
        let record = match channel.veil.as_ref().filter(|veil| veil.changes()) {
            None => record,
            Some(veil) => {
                self.veiled.clear();
                veil.apply(record, &mut self.veiled).map_err(io::Error::other)?;
                &self.veiled
            }
        };
        self.output.record(stream, record, &self.extracted_at)?;
        channel.records.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// What stopped the writing, if anything did.
    pub fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// Keeps a failure for [`Writer::take_failure`].
    fn kept(&mut self, result: io::Result<()>) -> Result<(), EmitError> {
        result.map_err(|error| {
            self.failure = Some(error);
            EmitError
        })
    }
}

impl Emit for Writer {
    fn property(
        &mut self,
        stream: &'static str,
        name: &str,
        schema: Value,
    ) -> Result<(), EmitError> {
        let result = self.extend(stream, name, schema);
        self.kept(result)
    }

    fn record(&mut self, stream: &'static str, record: &[u8]) -> Result<(), EmitError> {
        let result = self.write(stream, record);
        self.kept(result)
    }
}
