//! The seam to the Singer protocol: records come in, one commit of merged products goes out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::value::RawValue;
use singer::{Record, Schema, Sink};

use crate::mapping::{Mapped, Mapping};
use crate::path::members;
use crate::report::Report;
use crate::upsert::{Plan, Upsert, UpsertError};
use crate::wanted::{Merge, Wanted};

/// Collects products and writes them when it is asked to.
#[derive(Debug)]
pub struct PlytixSink {
    mapping: Arc<Mapping>,
    upsert: Arc<Upsert>,
    report: Arc<Report>,
    mode: Mode,
    merge: Merge,
    streams: HashMap<String, Stream>,
    ignored: HashSet<String>,
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
#[derive(Debug, Default)]
struct Stream {
    keys: Vec<String>,
    /// Records so far.
    records: u64,
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
    /// Collects products for `upsert`.
    #[must_use]
    pub fn new(
        mapping: Arc<Mapping>,
        upsert: Arc<Upsert>,
        report: Arc<Report>,
        mode: Mode,
    ) -> Self {
        Self {
            mapping,
            upsert,
            report,
            mode,
            merge: Merge::default(),
            streams: HashMap::new(),
            ignored: HashSet::new(),
        }
    }
}

impl Sink for PlytixSink {
    type Error = UpsertError;

    fn schema(&mut self, schema: &Schema) -> Result<(), UpsertError> {
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
        let stream = self.streams.entry(name.clone()).or_default();
        let keys = schema.key_properties.iter().filter(|key| !undeclared.contains(&key.as_str()));
        stream.keys = keys.cloned().collect();
        if !undeclared.is_empty() {
            let keys = undeclared.join(", ");
            tracing::warn!("{name}: the schema does not declare its key {keys}; taken as no key");
        }
        Ok(())
    }

    fn record(&mut self, record: &Record<'_>) -> Result<(), UpsertError> {
        let name = record.stream.as_ref();
        let Some(stream) = self.streams.get_mut(name) else { return Ok(()) };
        stream.records += 1;
        match taken(&self.mapping, name, stream, record.record) {
            Ok(Some(Mapped::Contribution(contribution))) => self.merge.add(contribution),
            Ok(Some(Mapped::Skipped)) => self.report.skipped(),
            Ok(None) => {}
            Err(error) => self.report.unmapped(name, stream.records, error.as_ref()),
        }
        Ok(())
    }

    fn commit(
        &mut self,
        _state: Option<&RawValue>,
    ) -> impl Future<Output = Result<(), UpsertError>> + Send + 'static {
        let products: Vec<Wanted> = std::mem::take(&mut self.merge).products().collect();
        let upsert = Arc::clone(&self.upsert);
        let mode = self.mode;
        async move {
            match mode {
                _ if products.is_empty() => Ok(()),
                Mode::Write => upsert.commit(products).await,
                Mode::DryRun => {
                    say(&upsert, &upsert.plan(products).await?);
                    Ok(())
                }
            }
        }
    }
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

/// Says what would be done with each product.
fn say(upsert: &Upsert, plan: &Plan) {
    for task in &plan.tasks {
        let sku = &task.wanted.sku;
        match &task.present {
            None => tracing::info!("dry run: {sku}: create"),
            Some(present) => {
                let change = upsert.change(&task.wanted, present);
                let names: Vec<&str> = change.names().collect();
                tracing::info!("dry run: {sku}: update {}", names.join(", "));
            }
        }
    }
    let requests = upsert.requests(plan);
    let time = upsert.shortest_time(requests);
    let creates = plan.tasks.iter().filter(|task| task.present.is_none()).count();
    tracing::info!(
        "dry run: {creates} products to create, {} to update, {} unchanged: {requests} more requests, at least {} s",
        plan.tasks.len() - creates,
        plan.unchanged,
        time.as_secs(),
    );
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
        let upsert = Arc::new(crate::upsert::tests::upsert("changed", Arc::clone(&report)));
        PlytixSink::new(Arc::new(config.mapping().unwrap()), upsert, report, Mode::Write)
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
        assert!(sink.upsert.api().counts().is_empty());
    }
}
