//! Flushes of more rows than are kept in memory.
//!
//! Some tests use the library's own sink, with chunks of a few rows; the others fill the chunks of the
//! program.

use std::collections::{BTreeMap, HashMap};
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

use crate::support::{Case, finish, record, schema, state};

const ROWS: &str = r#"{"id":{"type":"integer"},"v":{"type":["null","string"]}}"#;

fn rows() -> String {
    schema("rows", ROWS, &["id"])
}

fn row(id: usize, v: &str) -> String {
    record("rows", &format!(r#"{{"id":{id},"v":"{v}"}}"#))
}

/// Bytes in a row of [`long`], just too few for the server to compress it or put it elsewhere. The
/// program spills when it has two thousand of them.
const LONG: usize = 1_900;

/// A row that is so long that a few thousand of them fill chunks.
fn long(id: usize, letter: &str) -> String {
    row(id, &letter.repeat(LONG))
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
        let mut wanted: HashMap<(usize, usize), u32> = HashMap::new();
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
        let wanted: BTreeMap<_, _> = wanted.into_iter().collect();
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

#[test]
fn a_table_that_has_to_change_is_not_locked_while_rows_wait() {
    let case = named();
    case.load(&[rows(), row(1, "a")]).succeeded();
    let wider = ROWS.replace("{\"id\"", "{\"more\":{\"type\":\"string\"},\"id\"");
    let mut target = case.target().spawn().unwrap();
    let mut stdin = target.stdin.take().unwrap();
    writeln!(stdin, "{}", schema("rows", &wider, &["id"])).unwrap();
    for id in 0..2_500 {
        writeln!(stdin, "{}", long(id, "b")).unwrap();
    }
    until_spilled(&case);
    assert_eq!(case.sql("set lock_timeout = '5s'; select v from rows"), "a");
    target.stdin = Some(stdin);
    finish(target, "").succeeded();
    assert_eq!(case.sql("select count(*), count(more), min(length(v)) from rows"), "2500|0|1900");
}

/// Waits until the target of a case has rows in a transaction that is open and idle.
fn until_spilled(case: &Case) {
    let waiting = format!(
        "do $$ begin for i in 1..600 loop perform pg_stat_clear_snapshot(); exit when exists (select from pg_stat_activity \
         where application_name = '{}' and state = 'idle in transaction' and backend_xid is not null); \
         perform pg_sleep(0.1); if i = 600 then raise 'no rows were spilled'; end if; end loop; end $$",
        case.schema
    );
    case.sql(&waiting);
}

/// A case whose connections are known by its schema's name.
fn named() -> Case {
    let case = Case::new().plain();
    let name = case.schema.clone();
    case.with(json!({ "application_name": name, "state_id": "x" }))
}

#[test]
fn a_run_that_is_killed_with_spilled_rows_leaves_none_and_can_be_repeated() {
    let case = named();
    let lines: Vec<String> = std::iter::once(rows())
        .chain((0..6_000).map(|id| long(id % 5_000, if id < 5_000 { "a" } else { "b" })))
        .chain([state(1)])
        .collect();
    for stage in ["new", "with rows"] {
        let before = case.sql("select to_regclass('rows') is null");
        let mut target = case.target().spawn().unwrap();
        let mut stdin = target.stdin.take().unwrap();
        for line in &lines[..4_400] {
            writeln!(stdin, "{line}").unwrap();
        }
        until_spilled(&case);
        target.kill().unwrap();
        let output = target.wait_with_output().unwrap();
        assert_eq!(output.stdout, b"", "{stage}");
        assert_eq!(case.sql("select to_regclass('rows') is null"), before, "{stage}");
        assert_eq!(case.load(&lines).succeeded(), [r#"{"n":1}"#]);
        assert_eq!(
            case.sql(
                "select count(*), count(*) filter (where v like 'b%'), sum(length(v)) from rows"
            ),
            format!("5000|1000|{}", 5_000 * LONG),
            "{stage}"
        );
        // For the second time, other rows that have to go.
        case.sql("update rows set v = 'c' where id > 1000");
    }
}

#[test]
fn a_connection_that_is_lost_with_spilled_rows_ends_the_run_and_the_next_one_has_them_all() {
    let case = named();
    case.load(&[rows(), row(1, "a"), state(1)]).succeeded();
    let mut target = case.target().spawn().unwrap();
    let mut stdin = target.stdin.take().unwrap();
    writeln!(stdin, "{}", rows()).unwrap();
    for id in 0..2_500 {
        writeln!(stdin, "{}", long(id, "b")).unwrap();
    }
    until_spilled(&case);
    case.sql(&format!(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{}'",
        case.schema
    ));
    target.stdin = Some(stdin);
    let rest = (0..2_500).map(|id| long(id, "c")).chain([state(2)]);
    let outcome = finish(target, &rest.collect::<Vec<_>>().join("\n"));
    let last = outcome.failed();
    assert!(last.contains("the connection was lost"), "{last}");
    assert!(last.ends_with("the next run goes on from the last state"), "{last}");
    assert_eq!(outcome.states, [""; 0]);
    assert_eq!(case.sql("select v from rows"), "a");
    let again: Vec<String> =
        [rows()].into_iter().chain((0..2_500).map(|id| long(id, "c"))).collect();
    case.load(&again).succeeded();
    assert_eq!(case.sql("select count(*) from rows where v like 'c%'"), "2500");
}

#[test]
fn a_server_that_ends_idle_transactions_does_not_end_this_one() {
    let case = named();
    let url =
        format!("{}?options=-c%20idle_in_transaction_session_timeout%3D100", case.server.url());
    let case = case.with(json!({ "database_url": url }));
    let mut target = case.target().spawn().unwrap();
    let mut stdin = target.stdin.take().unwrap();
    writeln!(stdin, "{}", rows()).unwrap();
    for id in 0..2_500 {
        writeln!(stdin, "{}", long(id, "b")).unwrap();
    }
    until_spilled(&case);
    case.sql("select pg_sleep(0.5)");
    target.stdin = Some(stdin);
    assert_eq!(finish(target, &state(1)).succeeded(), [r#"{"n":1}"#]);
    assert_eq!(case.sql("select count(*) from rows"), "2500");
}

#[test]
fn a_row_that_is_refused_in_a_spill_is_named_by_its_line() {
    let case = named();
    case.prepare("create table rows (id bigint primary key, v text constraint short check (length(v) < 1901))");
    let mut lines = vec![rows(), long(1, "a"), state(1)];
    lines.extend((0..5_000).map(|id| long(id, "b")));
    lines[500] = row(7_777, &"x".repeat(LONG + 1));
    let outcome = case.load(&lines);
    let last = outcome.failed();
    assert!(
        last.ends_with(
            "rows: line 501: a value is not allowed, table rows, constraint short (SQLSTATE 23514)"
        ),
        "{last}"
    );
    assert_eq!(outcome.states, [""; 0]);
    assert_eq!(case.sql("select count(*) from rows"), "0");
}

#[test]
fn a_full_disk_is_said_with_what_to_do_and_the_next_run_has_all_rows() {
    let case = named();
    // What the server says when it cannot extend a table's file.
    case.prepare("create table rows (id bigint primary key, v text); create function fill() returns trigger language plpgsql as $$ \
        begin if new.id = 2600 then raise 'could not extend file' using errcode = '53100'; end if; return new; end $$; \
        create trigger fill before insert on rows for each row execute function fill()");
    let lines: Vec<String> =
        [rows()].into_iter().chain((0..5_000).map(|id| long(id, "b"))).chain([state(1)]).collect();
    let outcome = case.load(&lines);
    assert_eq!(
        outcome.failed(),
        "FATAL not everything after the last printed state was written: rows: could not extend file \
         (SQLSTATE 53100); free space on the server's disk and run again"
    );
    assert_eq!((outcome.states.len(), case.sql("select count(*) from rows")), (0, "0".to_owned()));
    case.sql("drop trigger fill on rows");
    assert_eq!(case.load(&lines).succeeded(), [r#"{"n":1}"#]);
    assert_eq!(case.sql("select count(*) from rows"), "5000");
}

#[test]
fn no_state_is_printed_after_rows_that_a_new_schema_could_not_bring_in() {
    let case = named();
    case.prepare("create table rows (id bigint primary key, v text constraint short check (length(v) < 1901))");
    let changed = schema("rows", &ROWS.replace("integer", "number"), &["id"]);
    let bad = row(1, &"x".repeat(LONG + 1));
    let outcome = case.load(&[rows(), bad, state(1), changed, row(2, "a"), state(2)]);
    assert!(outcome.failed().contains("rows: line 2: a value is not allowed"), "{}", outcome.log);
    assert_eq!(outcome.states, [""; 0]);
    assert_eq!(case.sql("select count(*) from _singer_state"), "0");
}

/// Counts the rows that a statement tries to insert: `MERGE` only those that are new.
const COUNTING: &str = "
create table attempts (n bigint);
create function count_attempt() returns trigger language plpgsql set search_path from current as $$
begin insert into attempts values (1); return new; end $$;
create trigger count before insert on rows for each row execute function count_attempt();
";

#[test]
fn many_rows_are_compared_with_the_table_by_one_merge() {
    let case = named();
    let of = |letter| {
        let rows_of = (0..2_500).map(|id| long(id, if id < 100 { letter } else { "a" }));
        [rows()].into_iter().chain(rows_of).collect::<Vec<_>>()
    };
    case.load(&of("a")).succeeded();
    case.sql(COUNTING);
    let unchanged =
        || case.sql("select sum(xmin::text::bigint) from rows where id between 100 and 5000");
    let before = unchanged();
    let mut lines = of("b");
    lines.push(long(9_999, "n"));
    case.load(&lines).succeeded();
    assert_eq!(case.sql("select count(*) from attempts"), "1");
    assert_eq!(unchanged(), before);
    assert_eq!(
        case.sql("select left(v, 1), count(*) from rows group by 1 order by 1"),
        "a|2400\nb|100\nn|1"
    );
}

#[test]
fn a_merge_gives_way_to_a_writer_that_inserts_one_of_the_keys() {
    let case = named();
    case.load(&[rows(), row(9_000, "old")]).succeeded();
    let schema = &case.schema;
    // The other writer waits until the target waits for it.
    let other = format!(
        "set search_path to \"{schema}\"; begin; insert into rows values (2000, 'other'); \
         do $$ begin for i in 1..600 loop perform pg_stat_clear_snapshot(); exit when exists (select from pg_stat_activity \
         where application_name = '{schema}' and wait_event_type = 'Lock'); perform pg_sleep(0.1); \
         end loop; end $$; commit"
    );
    let mut other_writer = case.server.psql();
    let mut other_writer =
        other_writer.args(["-q", "-v", "ON_ERROR_STOP=1", "-c", &other]).spawn().unwrap();
    let inserted = "do $$ begin for i in 1..600 loop exit when exists (select from pg_locks where relation = 'rows'::regclass \
         and mode = 'RowExclusiveLock'); perform pg_sleep(0.1); end loop; end $$";
    case.sql(inserted);
    let lines: Vec<String> =
        [rows()].into_iter().chain((0..2_500).map(|id| long(id, "b"))).chain([state(1)]).collect();
    let outcome = case.load(&lines);
    assert!(other_writer.wait().unwrap().success());
    assert!(outcome.log.contains("rows: MERGE gave way to another writer"), "{}", outcome.log);
    assert_eq!(outcome.succeeded(), [r#"{"n":1}"#]);
    assert_eq!(case.sql("select count(*) from rows where v like 'b%'"), "2500");
}
