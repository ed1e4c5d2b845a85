//! The seam to the Singer protocol: records come in, one commit of merged products goes out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::value::RawValue;
use singer::{Record, Schema, Sink};

use crate::mapping::{Mapped, Mapping};
use crate::path::{members, text};
use crate::phase::{LoadError, Loader};
use crate::report::Report;
use crate::report::digest::hash;
use crate::report::hotglue::{Notes, Wish};
use crate::run::{Checkpoint, Spool};
use crate::wanted::{Merge, Note, Wanted};

/// Collects products and writes them when it is asked to.
#[derive(Debug)]
pub struct PlytixSink {
    mapping: Arc<Mapping>,
    loader: Arc<Loader>,
    report: Arc<Report>,
    mode: Mode,
    options: Options,
    merge: Merge,
    streams: HashMap<String, Stream>,
    ignored: HashSet<String>,
    /// Number of the line that was taken last.
    line: u64,
    commits: u64,
}

/// What is special about a run.
#[derive(Debug, Default)]
pub struct Options {
    /// Records up to this line were committed by the run that this one takes up.
    pub after_line: u64,
    /// Only these products are this run's business, if it is set.
    pub only: Option<HashSet<String>>,
    /// Where the messages are kept.
    pub spool: Option<Spool>,
    /// What is noted of every record, where somebody wants it.
    pub notes: Option<Notes>,
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Products are written.
    Write,
    /// Only said what would be written.
    DryRun,
}

/// A stream whose records become products.
#[derive(Debug)]
struct Stream {
    name: Arc<str>,
    keys: Vec<String>,
    /// What is to be told again of its records.
    wish: Wish,
}

/// Why a record cannot be taken. Names members, never values.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum TakeError {
    #[error("not an object")]
    NotAnObject,
    #[error("{0}: missing, and a key of the stream")]
    NoKey(String),
}

impl PlytixSink {
    /// Collects products for `loader`.
    #[must_use]
    pub fn new(
        mapping: Arc<Mapping>,
        loader: Arc<Loader>,
        report: Arc<Report>,
        mode: Mode,
        options: Options,
    ) -> Self {
        Self {
            mapping,
            loader,
            report,
            mode,
            options,
            merge: Merge::default(),
            streams: HashMap::new(),
            ignored: HashSet::new(),
            line: 0,
            commits: 0,
        }
    }

    /// Commits so far, and the line that was taken last.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.commits, self.line)
    }

    /// How far the run will be when everything that was taken so far is committed. The last line may be a
    /// BATCH message whose records are not all taken yet, so it counts as to come.
    fn checkpoint(&mut self) -> impl FnOnce() -> Result<(), LoadError> + Send + 'static {
        self.commits += 1;
        let (report, commits, line) =
            (Arc::clone(&self.report), self.commits, self.line.saturating_sub(1));
        move || {
            let Some(run) = report.run() else { return Ok(()) };
            let totals = report.totals();
            Ok(run.check(&Checkpoint { complete: false, commits, line, totals })?)
        }
    }
}

impl Sink for PlytixSink {
    type Error = LoadError;

    fn schema(&mut self, schema: &Schema) -> Result<(), LoadError> {
        let name = &schema.stream;
        if !self.mapping.knows(name) {
            if self.ignored.insert(name.clone()) {
                tracing::warn!(
                    "{name}: the mapping does not name this stream; its records are ignored"
                );
            }
            return Ok(());
        }
        let undeclared: Vec<&str> = schema.undeclared_keys().collect();
        let keys = schema.key_properties.iter().filter(|key| !undeclared.contains(&key.as_str()));
        let wish = if self.options.notes.is_some() { wish(schema) } else { Wish::default() };
        let stream = Stream { name: name.as_str().into(), keys: keys.cloned().collect(), wish };
        self.streams.insert(name.clone(), stream);
        if !undeclared.is_empty() {
            let keys = undeclared.join(", ");
            tracing::warn!("{name}: the schema does not declare its key {keys}; taken as no key");
        }
        Ok(())
    }

    fn record(&mut self, record: &Record<'_>) -> Result<(), LoadError> {
        let name = record.stream.as_ref();
        let Some(stream) = self.streams.get(name) else { return Ok(()) };
        self.line = record.line;
        if record.line > 0 && record.line <= self.options.after_line {
            return Ok(());
        }
        let note = note(self.options.notes.as_ref(), stream, record);
        if let (Some(notes), Some(hash)) = (&self.options.notes, &note.hash)
            && notes.is_done(name, hash)
        {
            return Ok(());
        }
        match taken(&self.mapping, name, stream, record.record) {
            Ok(Some(Mapped::Contribution(contribution))) => {
                let only = self.options.only.as_ref();
                if only.is_none_or(|only| only.contains(&contribution.sku)) {
                    self.merge.add(contribution, note);
                }
            }
            Ok(Some(Mapped::Skipped)) => self.report.skipped(),
            Ok(None) => {}
            Err(error) => self.report.unmapped(&note, error.as_ref()),
        }
        Ok(())
    }

    fn commit(
        &mut self,
        _state: Option<&RawValue>,
    ) -> impl Future<Output = Result<(), LoadError>> + Send + 'static {
        let products: Vec<Wanted> = std::mem::take(&mut self.merge).products().collect();
        let loader = Arc::clone(&self.loader);
        let mode = self.mode;
        // What is written must be in the run's folder first, so that the run can be taken up.
        let kept = self.options.spool.as_ref().map_or(Ok(()), Spool::flush);
        let checked = self.checkpoint();
        async move {
            kept.map_err(LoadError::Spool)?;
            match mode {
                _ if products.is_empty() => {}
                Mode::Write => loader.commit(products).await?,
                Mode::DryRun => drop(loader.foresee(products).await?),
            }
            checked()
        }
    }
}

/// What is noted of a record.
fn note(notes: Option<&Notes>, stream: &Stream, record: &Record<'_>) -> Note {
    let external_id = notes.and_then(|_| {
        let members = members(record.record)?;
        let id = members.get("externalId").or_else(|| members.get("externalid"))?;
        Some(text(id).unwrap_or_else(|| id.get().to_owned()))
    });
    let hash = notes.map(|_| hash(record.record));
    let custom = hash.as_ref().and_then(|hash| stream.wish.of(record.record, hash));
    Note { stream: Arc::clone(&stream.name), line: record.line, hash, external_id, custom }
}

/// What the message that describes a stream wants to hear again of its records.
fn wish(schema: &Schema) -> Wish {
    let name = Wish::MEMBER;
    let Some(wish) = schema.extensions.get(name) else { return Wish::default() };
    wish.unwrap_or_else(|_| {
        let stream = &schema.stream;
        tracing::warn!("{stream}: {name} has another shape than expected; it is ignored");
        Wish::default()
    })
}

/// What a record says, with the text of its keys.
fn taken(
    mapping: &Mapping,
    name: &str,
    stream: &Stream,
    record: &RawValue,
) -> Result<Option<Mapped>, Box<dyn std::error::Error>> {
    let members = members(record).ok_or(TakeError::NotAnObject)?;
    let mut keys = String::new();
    for key in &stream.keys {
        let value = members.get(key).filter(|value| value.get() != "null");
        keys.push_str(value.ok_or_else(|| TakeError::NoKey(key.clone()))?.get());
        keys.push('\n');
    }
    Ok(mapping.map(name, &members, keys)?)
}

#[cfg(test)]
mod tests {
    use singer::Message;

    use super::*;
    use crate::config::Config;
    use crate::report::Totals;

    fn sink() -> PlytixSink {
        let config: Config = singer::config::read(serde_json::Map::new()).unwrap();
        let report = Arc::new(Report::default());
        let loader = Arc::new(crate::phase::tests::loader("changed", Arc::clone(&report)));
        let mapping = Arc::new(config.mapping().unwrap());
        PlytixSink::new(mapping, loader, report, Mode::Write, Options::default())
    }

    fn take(sink: &mut PlytixSink, lines: &[&str]) {
        for line in lines {
            match Message::parse(line.as_bytes()).unwrap() {
                Message::Schema(schema) => sink.schema(&schema).unwrap(),
                Message::Record(record) => sink.record(&record).unwrap(),
                other => panic!("{other:?}"),
            }
        }
    }

    const CATALOG: &str = r#"{"type":"SCHEMA","stream":"product_catalog","key_properties":["marketplace_id","asin"],
        "schema":{"properties":{"marketplace_id":{},"asin":{}}}}"#;

    #[test]
    fn a_record_without_its_keys_fails_and_the_others_go_on() {
        let mut sink = sink();
        take(
            &mut sink,
            &[
                CATALOG,
                r#"{"type":"RECORD","stream":"product_catalog","record":{"asin":"B1"}}"#,
                r#"{"type":"RECORD","stream":"product_catalog","record":{"marketplace_id":null,"asin":"B1"}}"#,
                r#"{"type":"RECORD","stream":"product_catalog","record":[]}"#,
                r#"{"type":"RECORD","stream":"product_catalog","record":{"marketplace_id":"ATVPDKIKX0DER","asin":"B1"}}"#,
            ],
        );
        assert_eq!((sink.report.totals().unmapped, sink.merge.len()), (3, 1));
    }

    #[test]
    fn a_stream_that_the_mapping_does_not_name_is_ignored() {
        let mut sink = sink();
        let schema =
            r#"{"type":"SCHEMA","stream":"orders","schema":{"properties":{}},"key_properties":[]}"#;
        take(&mut sink, &[schema, r#"{"type":"RECORD","stream":"orders","record":{"a":1}}"#]);
        assert_eq!((sink.report.totals(), sink.merge.is_empty()), (Totals::default(), true));
    }

    #[test]
    fn a_key_that_the_schema_does_not_declare_is_no_key() {
        let mut sink = sink();
        let schema = r#"{"type":"SCHEMA","stream":"product_catalog","key_properties":["id","asin"],
            "schema":{"properties":{"asin":{}}}}"#;
        let record = r#"{"type":"RECORD","stream":"product_catalog","record":{"marketplace_id":"ATVPDKIKX0DER","asin":"B1"}}"#;
        take(&mut sink, &[schema, record]);
        assert_eq!((sink.report.totals().unmapped, sink.merge.len()), (0, 1));
    }

    #[tokio::test]
    async fn a_commit_without_products_calls_nobody() {
        let mut sink = sink();
        take(&mut sink, &[CATALOG]);
        sink.commit(None).await.unwrap();
        assert!(sink.loader.api().counts().is_empty());
    }
}
