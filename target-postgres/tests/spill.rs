//! Flushes of more rows than are kept in memory, by the program.

use std::io::Write as _;

use serde_json::json;

use crate::support::{Case, Outcome, finish, record, schema, state};

const ROWS: &str = r#"{"id":{"type":"integer"},"v":{"type":["null","string"]}}"#;

fn rows() -> String {
    schema("rows", ROWS, &["id"])
}

fn row(id: usize, v: &str) -> String {
    record("rows", &format!(r#"{{"id":{id},"v":"{v}"}}"#))
}

/// Bytes in a row of [`long`], just too few for the server to compress it or put it elsewhere. The
/// program spills when it has five hundred of them, then a thousand, and then always two thousand.
const LONG: usize = 1_900;

/// A row that is so long that a few thousand of them fill chunks.
fn long(id: usize, letter: &str) -> String {
    row(id, &letter.repeat(LONG))
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
        let rows_of = (0..2_500).map(|id| long(id, if id % 3 == 0 { "a" } else { letter }));
        [rows()].into_iter().chain(rows_of).collect::<Vec<_>>()
    };
    case.load(&of("a")).succeeded();
    case.sql(COUNTING);
    let unchanged =
        || case.sql("select sum(xmin::text::bigint) from rows where id % 3 = 0 and id < 2500");
    let before = unchanged();
    let mut lines = of("b");
    lines.push(long(9_999, "n"));
    case.load(&lines).succeeded();
    assert_eq!(case.sql("select count(*) from attempts"), "1");
    assert_eq!(unchanged(), before);
    assert_eq!(
        case.sql("select left(v, 1), count(*) from rows group by 1 order by 1"),
        "a|834\nb|1666\nn|1"
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

/// Loads rows into a table that has one, and in which the first two attempts to write (by `MERGE`, and by
/// the upsert that comes after it) fail as those do that another writer makes fail.
fn load_into_a_contested_table(case: &Case, count: usize) -> Outcome {
    case.prepare(
        "create table rows (id bigint primary key, v text); insert into rows values (0, 'old'); create sequence tries; \
         create function lose() returns trigger language plpgsql set search_path from current as $$ begin \
         if nextval('tries') <= 2 then raise 'a race is lost' using errcode = '40001'; end if; return new; end $$; \
         create trigger lose before update on rows for each row execute function lose()",
    );
    let rows_of = (0..count).map(|id| long(id, "b"));
    let lines: Vec<String> = [rows()].into_iter().chain(rows_of).chain([state(1)]).collect();
    case.load(&lines)
}

#[test]
fn a_race_that_is_lost_after_few_rows_were_spilled_is_run_again() {
    let case = named();
    let outcome = load_into_a_contested_table(&case, 1_500);
    assert!(outcome.log.contains("trying again"), "{}", outcome.log);
    assert_eq!(outcome.succeeded(), [r#"{"n":1}"#]);
    let all = "select count(*), min(v) = max(v), sum(length(v)) from rows";
    assert_eq!(case.sql(all), format!("1500|t|{}", 1_500 * LONG));
}

#[test]
fn a_race_that_is_lost_after_many_rows_were_spilled_ends_the_run() {
    let case = named();
    let outcome = load_into_a_contested_table(&case, 4_000);
    let last = outcome.failed();
    assert!(last.contains("SQLSTATE 40001"), "{last}");
    assert_eq!(outcome.states, [""; 0]);
    assert_eq!(case.sql("select v from rows"), "old");
}
