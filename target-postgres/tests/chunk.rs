//! Flushes of more rows than are kept in memory, by the library's own sink with chunks of a few rows.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use serde_json::{Value, json};
use singer::config::Environment;
use singer::target::Limits;
use singer::{Input, Output};
use target_postgres::config::Config;
use target_postgres::connection::Server;
use target_postgres::database::Database;
use target_postgres::session::{Opening, Session};
use target_postgres::sink::PostgresSink;

use crate::support::{Case, record, schema, state};

const ROWS: &str = r#"{"id":{"type":"integer"},"v":{"type":["null","string"]}}"#;

fn rows() -> String {
    schema("rows", ROWS, &["id"])
}

fn row(id: usize, v: &str) -> String {
    record("rows", &format!(r#"{{"id":{id},"v":"{v}"}}"#))
}

/// Where states are printed.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Loads lines into a case's schema with rows spilled at so many bytes and a commit after so many
/// records; the states that were printed, or the error with its causes.
fn load(case: &Case, lines: &[String], chunk: usize, rows: usize) -> Result<String, String> {
    let config = json!({ "sqlalchemy_url": case.server.url(), "state_id": "x",
        "default_target_schema": case.schema, "add_record_metadata": false });
    let Value::Object(config) = config else { unreachable!() };
    let config: Arc<Config> = Arc::new(singer::config::read(config).unwrap());
    let server = Server::of(&config.connection, &Environment::default()).unwrap();
    let database = Database::start(Session::new(server)).unwrap();
    database.wait(Opening { config: Arc::clone(&config) }).unwrap();
    let sink = PostgresSink::new(config, database, DateTime::UNIX_EPOCH);
    let page = Page::default();
    let limits = Limits { rows, bytes: usize::MAX, age: Duration::from_hours(1) };
    let text = lines.join("\n");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let ended = runtime.block_on(singer::target::run(
        Input::new(text.as_bytes()),
        &Output::to(page.clone()),
        &mut sink.spilling_at(chunk),
        limits,
    ));
    ended.map_err(|error| format!("{:#}", anyhow::Error::from(error)))?;
    Ok(String::from_utf8(page.0.lock().unwrap().clone()).unwrap())
}

#[test]
fn whatever_comes_the_last_record_of_each_key_is_what_a_table_holds() {
    let cases = Cases { cases: 16, failure_persistence: None, ..Cases::default() };
    let run = prop::collection::vec((0..3_usize, 0..9_usize, 0..1_000_u32), 0..60);
    let runs = prop::collection::vec((run, 1..600_usize, 1..70_usize), 1..4);
    let tested = TestRunner::new(cases).run(&runs, |runs| {
        let case = Case::new();
        let mut wanted: BTreeMap<(usize, usize), u32> = BTreeMap::new();
        for (records, chunk, rows) in runs {
            let mut lines: Vec<String> =
                (0..3).map(|stream| schema(&format!("s{stream}"), ROWS, &["id"])).collect();
            for (stream, id, value) in records {
                wanted.insert((stream, id), value);
                let text = format!(r#"{{"id":{id},"v":"{value}"}}"#);
                lines.push(record(&format!("s{stream}"), &text));
            }
            lines.push(state(1));
            prop_assert_eq!(load(&case, &lines, chunk, rows), Ok("{\"n\":1}\n".to_owned()));
        }
        let found = case.sql(
            "select 0, id, v from s0 union all select 1, id, v from s1 union all \
             select 2, id, v from s2 order by 1, 2",
        );
        let wanted: Vec<String> = wanted
            .into_iter()
            .map(|((stream, id), value)| format!("{stream}|{id}|{value}"))
            .collect();
        prop_assert_eq!(found, wanted.join("\n"));
        Ok(())
    });
    tested.unwrap();
}

#[test]
fn of_a_key_in_several_chunks_and_twice_in_one_the_last_record_stays() {
    let case = Case::new();
    let mut lines = vec![rows()];
    for round in 0..5 {
        lines.extend((0..4).map(|id| row(id, &format!("{round}"))));
        lines.push(row(1, &format!("again {round}")));
    }
    for stage in ["into a new table", "into one with rows"] {
        // A chunk of four rows or so begins at another key each time.
        load(&case, &lines, 400, 1000).unwrap();
        let found = case.sql("select string_agg(id || ' ' || v, ',' order by id) from rows");
        assert_eq!(found, "0 4,1 again 4,2 4,3 4", "{stage}");
    }
}

#[test]
fn ten_streams_that_spill_interleaved_are_committed_together() {
    let case = Case::new();
    let streams: Vec<String> = (0..10).map(|number| format!("s{number}")).collect();
    let mut lines: Vec<String> =
        streams.iter().map(|stream| schema(stream, ROWS, &["id"])).collect();
    for id in 0..50 {
        for stream in &streams {
            lines.push(record(stream, &format!(r#"{{"id":{id},"v":"{stream}"}}"#)));
        }
    }
    load(&case, &lines, 2_000, 10_000).unwrap();
    let mut written = Vec::new();
    for stream in &streams {
        let count = format!("select count(*), min(v), max(id) from {stream}");
        assert_eq!(case.sql(&count), format!("50|{stream}|49"));
        // Each chunk that goes straight into a new table is a subtransaction.
        written.push(case.sql(&format!("select count(distinct xmin::text) > 1 from {stream}")));
    }
    assert_eq!(written, ["t"; 10], "rows were spilled");
    // And with nothing that is not the same as before, nothing is written.
    let before = case.sql("select sum(xmin::text::bigint) from s3");
    load(&case, &lines, 2_000, 10_000).unwrap();
    assert_eq!(case.sql("select sum(xmin::text::bigint) from s3"), before);
}

#[test]
fn a_row_may_refer_to_one_that_was_spilled_before_it() {
    let case = Case::new();
    case.prepare(
        "create table parents (id bigint primary key, v text); insert into parents values (0, '')",
    );
    case.prepare(
        "create table children (id bigint primary key, v text, parent bigint references parents)",
    );
    let children = r#"{"id":{"type":"integer"},"v":{"type":"string"},"parent":{"type":"integer"}}"#;
    let mut lines = vec![schema("parents", ROWS, &["id"]), schema("children", children, &["id"])];
    for id in 1..20 {
        lines.push(record("parents", &format!(r#"{{"id":{id},"v":"p"}}"#)));
        lines.push(record("children", &format!(r#"{{"id":{id},"v":"c","parent":{id}}}"#)));
    }
    load(&case, &lines, 300, 1000).unwrap();
    assert_eq!(case.sql("select count(*) from children join parents on parent = parents.id"), "19");
}
