//! Servers that are not there, go away, or do not let us.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::support::{Case, finish, record, schema, state};

fn rows() -> String {
    schema("rows", r#"{"id":{"type":"integer"}}"#, &["id"])
}

fn row(id: usize) -> String {
    record("rows", &format!(r#"{{"id":{id}}}"#))
}

#[test]
fn a_server_that_is_not_there_is_named_with_what_to_do() {
    let url = "postgresql://loader:hunter2@127.0.0.1:1/shop";
    let outcome = Case::new().with(json!({ "database_url": url })).load(&[rows()]);
    let last = outcome.failed();
    assert!(
        last.starts_with("FATAL cannot connect to 127.0.0.1 port 1: Connection refused"),
        "{last}"
    );
    assert!(last.ends_with("is the server running, and do `host` and `port` name it?"), "{last}");
    assert!(!outcome.log.contains("hunter2"));
}

#[test]
fn a_database_that_is_not_there_is_said_so() {
    let case = Case::alone();
    let url = case.server.url().replace("/postgres", "/nowhere");
    let outcome = case.with(json!({ "database_url": url })).load(&[rows()]);
    let last = outcome.failed();
    assert!(last.contains("database \"nowhere\" does not exist"), "{last}");
    assert!(last.ends_with("create the database or change `database`"), "{last}");
}

#[test]
fn a_connection_that_is_lost_between_two_batches_is_opened_again() {
    let name = format!("lost-{}", std::process::id());
    let case = Case::new().plain().with(json!({ "batch_size_rows": 1, "application_name": name }));
    let mut target = case.target().spawn().unwrap();
    let mut stdin = target.stdin.take().unwrap();
    let mut stdout = BufReader::new(target.stdout.take().unwrap());
    let mut printed = String::new();
    writeln!(stdin, "{}\n{}\n{}", rows(), row(1), state(1)).unwrap();
    stdout.read_line(&mut printed).unwrap();
    let ended = case.sql(&format!("select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = '{name}'"));
    assert_eq!(ended, "1");
    writeln!(stdin, "{}\n{}", row(2), state(2)).unwrap();
    drop(stdin);
    stdout.read_line(&mut printed).unwrap();
    assert_eq!(printed, "{\"n\":1}\n{\"n\":2}\n");
    assert!(target.wait().unwrap().success());
    assert_eq!(case.sql("select count(*) from rows"), "2");
}

/// A trigger that ends the session which inserts row 3.
const ENDING: &str = "
create table rows (id bigint primary key);
create function leave() returns trigger language plpgsql as $$
begin
  if new.id = 3 then perform pg_terminate_backend(pg_backend_pid()); end if;
  return new;
end $$;
";

#[test]
fn a_connection_that_is_lost_in_a_transaction_leaves_nothing_half_written() {
    let case = Case::new().plain().with(json!({ "batch_size_rows": 3 }));
    case.prepare(&format!(
        "{ENDING} create trigger leave before insert on rows for each row execute function leave()"
    ));
    let outcome = case.load(&[rows(), row(1), row(2), state(1), row(5), row(4), row(3), state(2)]);
    let last = outcome.failed();
    assert!(last.contains("the connection was lost") && last.contains("run again"), "{last}");
    assert_eq!(outcome.states, [r#"{"n":1}"#]);
    assert_eq!(case.sql("select string_agg(id::text, ',' order by id) from rows"), "1,2,5");
}

#[test]
fn a_commit_without_an_answer_is_asked_for() {
    let case = Case::new().plain().with(json!({ "batch_size_rows": 3 }));
    case.prepare(&format!("{ENDING} create constraint trigger leave after insert on rows deferrable initially deferred for each row execute function leave()"));
    let outcome = case.load(&[rows(), row(1), row(2), state(1), row(5), row(4), row(3), state(2)]);
    let last = outcome.failed();
    assert!(last.contains("the connection was lost (during COMMIT); run again"), "{last}");
    assert_eq!(outcome.states, [r#"{"n":1}"#]);
    assert_eq!(case.sql("select string_agg(id::text, ',' order by id) from rows"), "1,2,5");
}

#[test]
fn two_targets_that_write_the_same_keys_at_once_both_succeed() {
    let case = Case::new().plain().with(json!({ "batch_size_rows": 50 }));
    case.load(&[rows()]).succeeded();
    let lines: Vec<String> = std::iter::once(rows()).chain((0..2_000).map(row)).collect();
    let input = lines.join("\n");
    let targets: Vec<_> = (0..3).map(|_| case.target().spawn().unwrap()).collect();
    let runs: Vec<_> = targets
        .into_iter()
        .map(|target| {
            let input = input.clone();
            std::thread::spawn(move || finish(target, &input))
        })
        .collect();
    for run in runs {
        run.join().unwrap().succeeded();
    }
    assert_eq!(case.sql("select count(*) from rows"), "2000");
}

#[test]
fn a_right_that_is_missing_is_named() {
    let case = Case::alone().plain();
    case.prepare("");
    let user = case.schema.clone();
    case.server.sql(&format!("create role \"{user}\" login"));
    let url = case.server.url().replace("test@", &format!("{user}@"));
    let case = case.with(json!({ "database_url": url }));
    let outcome = case.load(&[rows(), row(1)]);
    let last = outcome.failed().to_owned();
    case.server.sql(&format!("drop role \"{user}\""));
    assert!(last.contains("permission denied for schema"), "{last}");
    assert!(last.ends_with("grant this right, or let a user who has it make the table"), "{last}");
}

#[test]
fn libpqs_variables_are_enough() {
    let case = Case::alone().plain().with(json!({ "database_url": null }));
    let socket = case.socket_folder();
    let mut target = case.target();
    target.env("PGHOST", socket).env("PGUSER", "test").env("PGDATABASE", "postgres");
    finish(target.spawn().unwrap(), &[rows(), row(1)].join("\n")).succeeded();
    assert_eq!(case.sql("select count(*) from rows"), "1");
}

#[test]
fn a_password_is_found_in_libpqs_file() {
    let case = Case::alone().plain();
    case.server.sql("create role loader superuser login password 'p:w\\d'");
    let rules = case.server.sql("show hba_file");
    std::fs::write(rules, "local all test trust\nlocal all all scram-sha-256\n").unwrap();
    case.server.sql("select pg_reload_conf()");
    let folder = case.socket_folder();
    let case = case.with(
        json!({ "database_url": null, "host": folder, "user": "loader", "database": "postgres" }),
    );
    let load = |password: &str, permissions: u32| {
        let path = case.folder.path().join("passwords");
        let _ = std::fs::remove_file(&path);
        let line = format!("elsewhere:*:*:*:hunter2\n{folder}:5432:postgres:loader:{password}\n");
        std::fs::write(&path, line).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(permissions)).unwrap();
        let mut target = case.target();
        target.env("PGPASSFILE", &path).env_remove("PGPASSWORD");
        finish(target.spawn().unwrap(), &[rows(), row(1)].join("\n"))
    };
    load("p\\:w\\\\d", 0o600).succeeded();
    assert_eq!(case.sql("select count(*) from rows"), "1");
    let outcome = load("hunter2", 0o600);
    assert!(outcome.failed().contains("password authentication failed"), "{}", outcome.log);
    assert!(!outcome.log.contains("hunter2"), "{}", outcome.log);
    // A file that others may read counts for nothing.
    let outcome = load("p\\:w\\\\d", 0o644);
    assert!(outcome.log.contains("others may read it"), "{}", outcome.log);
    outcome.failed();
}

#[test]
fn nothing_that_a_session_remembers_is_left_to_a_pooler() {
    let case = Case::new().plain().with(json!({ "batch_size_rows": 2, "state_id": "x" }));
    case.prepare("create table left_behind (statements bigint, tables bigint, changed text)");
    let after = format!(
        "insert into \"{}\".left_behind select (select count(*) from pg_prepared_statements), \
         (select count(*) from pg_class where relpersistence = 't' and relkind = 'r' and pg_table_is_visible(oid)), \
         (select string_agg(name, ',') from pg_settings where source = 'session' and name not in ('application_name', 'client_encoding', 'transaction_isolation', 'transaction_read_only', 'transaction_deferrable'))",
        case.schema
    );
    let case = case.with(json!({ "after_run_sql": after }));
    case.load(&[rows(), row(1), row(2), row(3), row(4), state(1)]).succeeded();
    assert_eq!(case.sql("select * from left_behind"), "0|0|");
}

/// A way to the server on which the answer to a COMMIT is lost, the first time there is one. Gives the
/// port at which it begins.
fn forgetful_way(socket: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let commits = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let server = UnixStream::connect(&socket).unwrap();
            forward(client.unwrap(), server, &commits);
        }
    });
    port
}

/// Passes bytes on in both directions, until the first COMMIT of all was answered.
fn forward(mut client: TcpStream, mut server: UnixStream, commits: &Arc<AtomicUsize>) {
    let (mut to_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (asked, seen) = (Arc::clone(commits), Arc::clone(commits));
    std::thread::spawn(move || {
        let mut bytes = [0; 8192];
        while let Ok(length @ 1..) = client.read(&mut bytes) {
            if bytes[..length].windows(7).any(|text| text == b"COMMIT\0") {
                asked.fetch_add(1, Ordering::SeqCst);
            }
            if to_server.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = to_server.shutdown(Shutdown::Both);
    });
    std::thread::spawn(move || {
        let mut bytes = [0; 8192];
        while let Ok(length @ 1..) = server.read(&mut bytes) {
            let committed = bytes[..length].windows(7).any(|text| text == b"COMMIT\0");
            if committed && seen.load(Ordering::SeqCst) == 1 {
                break;
            }
            if to_client.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
    });
}

#[test]
fn a_commit_whose_answer_was_lost_is_neither_repeated_nor_given_up() {
    let case = Case::alone().plain();
    let port = forgetful_way(format!("{}/.s.PGSQL.5432", case.socket_folder()));
    let url = format!("postgresql://test@127.0.0.1:{port}/postgres");
    let case = case.with(json!({ "database_url": url, "batch_size_rows": 2 }));
    // Without a key, so that a row that is written twice is there twice.
    let keyless = schema("rows", r#"{"id":{"type":"integer"}}"#, &[]);
    let outcome = case.load(&[keyless, row(1), row(2), row(3), state(1)]);
    assert!(outcome.log.contains("the connection was lost"), "{}", outcome.log);
    assert_eq!(outcome.succeeded(), [r#"{"n":1}"#]);
    assert_eq!(case.sql("select string_agg(id::text, ',' order by id) from rows"), "1,2,3");
}
