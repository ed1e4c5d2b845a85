//! Through a pooler that gives out sessions for a transaction at a time, as Supabase does on port 6543.
//!
//! The pooler is PgBouncer with a single session, which it does not clean up: whatever a transaction leaves
//! behind meets the next one, of whichever run.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use ::support::database::{as_user, give_away, installation};
use serde_json::json;

use crate::support::{Case, finish, record, schema, state};

/// A pooler in front of a case's own server, gone when dropped.
struct Pooler {
    process: Child,
    folder: tempfile::TempDir,
}

impl Pooler {
    fn before(case: &Case) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={} user=test\n[pgbouncer]\nlisten_port = 6543\nunix_socket_dir = {}\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = 1\nlog_connections = 0\n\
             log_disconnections = 0\nstats_period = 86400\n",
            case.socket_folder(),
            folder.path().display()
        );
        std::fs::write(&settings, text).unwrap();
        give_away(folder.path());
        let mut process = as_user(&program()).arg(settings).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(said.any(|line| line.contains("process up")), "the pooler does not start");
        // What it says later must not fill the pipe.
        std::thread::spawn(move || said.for_each(drop));
        Self { process, folder }
    }

    /// How many prepared statements its session has.
    fn left(&self) -> String {
        let mut psql = Command::new(installation().unwrap().join("psql"));
        let counted = "select count(*) from pg_prepared_statements";
        let output = psql.arg(self.url()).args(["-XqAt", "-c", counted]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn url(&self) -> String {
        let socket = self.folder.path().to_str().unwrap().replace('/', "%2F");
        format!("postgresql://test@{socket}:6543/postgres")
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// PgBouncer, which Debian keeps where only root looks.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let programs = folders.map(|folder| folder.join("pgbouncer")).find(|program| program.is_file());
    programs.expect("no pooler was found; install one (Debian: apt-get install pgbouncer)")
}

fn of(stream: &str, word: &str) -> Vec<String> {
    let properties = r#"{"id":{"type":"integer"},"v":{"type":"string"}}"#;
    let row = |id| record(stream, &format!(r#"{{"id":{id},"v":"{word}{}"}}"#, "x".repeat(id)));
    let first = schema(stream, properties, &["id"]);
    std::iter::once(first).chain((0..600).map(row)).chain([state(1)]).collect()
}

#[test]
fn runs_that_take_turns_on_one_session_of_a_pooler_do_not_meet() {
    let case = Case::alone();
    let pooler = Pooler::before(&case);
    let case = case.plain().with(json!({ "database_url": pooler.url(), "batch_size_rows": 40 }));
    case.prepare("");
    // New tables, rows that are there, and rows that differ.
    for word in ["a", "a", "b"] {
        let streams = ["one", "two", "three"];
        let runs: Vec<_> = streams
            .iter()
            .map(|stream| (case.target().spawn().unwrap(), of(stream, word)))
            .collect();
        let ended = runs
            .into_iter()
            .map(|(target, lines)| std::thread::spawn(move || finish(target, &lines.join("\n"))));
        for run in ended.collect::<Vec<_>>() {
            assert_eq!(run.join().unwrap().succeeded(), [r#"{"n":1}"#]);
        }
        for stream in streams {
            let counts = case
                .sql(&format!("select count(*), sum(length(v)), max(left(v, 1)) from {stream}"));
            assert_eq!(counts, format!("600|{}|{word}", 600 + 599 * 300), "{stream}");
        }
    }
    assert_eq!(pooler.left(), "0");
}

#[test]
fn a_transaction_that_is_rolled_back_leaves_nothing_in_the_session_of_a_pooler() {
    let case = Case::alone();
    let pooler = Pooler::before(&case);
    let case = case.plain().with(json!({ "database_url": pooler.url() }));
    case.prepare(
        "create table one (id bigint primary key, v text constraint short check (length(v) < 600))",
    );
    let refused = case.load(&of("one", "a"));
    assert!(refused.failed().contains("line 601: a value is not allowed"), "{}", refused.log);
    assert_eq!(pooler.left(), "0");
    case.sql("alter table one drop constraint short");
    assert_eq!(case.load(&of("one", "a")).succeeded(), [r#"{"n":1}"#]);
    assert_eq!(case.sql("select count(*) from one"), "600");
}
