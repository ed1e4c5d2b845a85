//! The promise of the target loop, and the seven cases that the first careful target tested itself with.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::value::RawValue;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use super::*;
use crate::message::{Record, Schema};
use crate::output::tests::Page;
use crate::sink::Versions;

/// What a destination holds, and when it fails.
#[derive(Default)]
struct Shelf {
    taken: u64,
    durable: Arc<Mutex<u64>>,
    commits: usize,
    fails_at: Option<usize>,
    schemas: usize,
    /// How long a commit takes.
    slow: Duration,
    /// When a state is true here, if not with its commit.
    states: Option<States>,
    /// Versions that were announced.
    versions: Vec<i64>,
    /// States that came with the commits.
    stored: Vec<Option<String>>,
    ended: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the destination went away")]
struct Gone;

impl Sink for Shelf {
    type Error = Gone;

    fn schema(&mut self, _: &Schema) -> Result<(), Gone> {
        self.schemas += 1;
        Ok(())
    }

    fn record(&mut self, _: &Record<'_>) -> Result<(), Gone> {
        self.taken += 1;
        Ok(())
    }

    fn activate_version(&mut self, _: &str, version: i64) -> Result<Versions, Gone> {
        self.versions.push(version);
        Ok(Versions::Kept)
    }

    fn states(&self) -> States {
        self.states.unwrap_or(States::Printed)
    }

    fn end(&mut self) -> bool {
        self.ended = true;
        !self.versions.is_empty()
    }

    fn commit(
        &mut self,
        state: Option<&RawValue>,
    ) -> impl Future<Output = Result<(), Gone>> + Send + 'static {
        self.commits += 1;
        self.stored.push(state.map(|state| state.get().to_owned()));
        let (fails, taken, slow) = (self.fails_at == Some(self.commits), self.taken, self.slow);
        let durable = Arc::clone(&self.durable);
        async move {
            tokio::time::sleep(slow).await;
            if fails {
                return Err(Gone);
            }
            *durable.lock().unwrap() = taken;
            Ok(())
        }
    }
}

const NEVER: Duration = Duration::from_secs(1_000_000);
const SCHEMA: &str =
    r#"{"type":"SCHEMA","stream":"s","schema":{"properties":{}},"key_properties":[]}"#;
const RECORD: &str = r#"{"type":"RECORD","stream":"s","record":{}}"#;

fn limits(rows: usize) -> Limits {
    Limits { rows, bytes: usize::MAX, age: NEVER }
}

fn state(number: usize) -> String {
    format!(r#"{{"type":"STATE","value":{{"n":{number}}}}}"#)
}

/// Runs `lines` through a target that commits every `rows` rows; the states it printed.
fn states(
    lines: &[String],
    rows: usize,
    shelf: &mut Shelf,
) -> (Vec<String>, Result<Totals, Error<Gone>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let page = Page::default();
    let text = lines.join("\n");
    let result = runtime.block_on(run(
        Input::new(text.as_bytes()),
        &Output::to(page.clone()),
        shelf,
        limits(rows),
    ));
    (page.text().lines().map(str::to_owned).collect(), result)
}

/// `SCHEMA`, then `count` records with a state after every fifth.
fn fives(count: usize) -> Vec<String> {
    let mut lines = vec![SCHEMA.to_owned()];
    for number in 1..=count {
        lines.push(RECORD.to_owned());
        if number % 5 == 0 {
            lines.push(state(number / 5));
        }
    }
    lines
}

#[test]
fn states_without_records_are_true_at_once() {
    let (printed, _) = states(&[state(1), state(2)], 20, &mut Shelf::default());
    assert_eq!(printed, [r#"{"n":1}"#, r#"{"n":2}"#]);
}

#[test]
fn of_the_states_that_a_commit_makes_true_the_newest_is_printed() {
    let (printed, totals) = states(&fives(25), 20, &mut Shelf::default());
    assert_eq!(printed, [r#"{"n":3}"#, r#"{"n":5}"#]);
    assert_eq!(totals.unwrap().records.get("s"), Some(&25));
}

#[test]
fn fewer_rows_than_a_commit_print_one_state_at_the_end() {
    let (printed, _) = states(&fives(10), 20, &mut Shelf::default());
    assert_eq!(printed, [r#"{"n":2}"#]);
}

#[test]
fn a_stream_without_records_holds_nothing_back() {
    let mut lines = vec![SCHEMA.replace("\"s\"", "\"idle\"")];
    lines.extend(fives(5));
    assert_eq!(states(&lines, 5, &mut Shelf::default()).0, [r#"{"n":1}"#]);
}

#[test]
fn the_same_state_is_not_printed_twice_and_an_empty_one_never() {
    let empty = ["{}", "{ }", "null"].map(|value| format!(r#"{{"type":"STATE","value":{value}}}"#));
    let lines = [vec![state(1), state(1)], empty.to_vec(), vec![state(1)]].concat();
    assert_eq!(states(&lines, 5, &mut Shelf::default()).0, [r#"{"n":1}"#]);
}

#[test]
fn an_identical_schema_is_not_news() {
    let mut shelf = Shelf::default();
    let changed = SCHEMA.replace("[]", "[\"id\"]");
    states(&[SCHEMA.to_owned(), SCHEMA.to_owned(), changed], 5, &mut shelf).1.unwrap();
    assert_eq!(shelf.schemas, 2);
}

#[test]
fn what_came_before_a_bad_line_is_committed_and_the_line_is_named() {
    let mut shelf = Shelf::default();
    let mut lines = fives(5);
    lines.push("{\"type\":".to_owned());
    let (printed, result) = states(&lines, 100, &mut shelf);
    assert_eq!(printed, [r#"{"n":1}"#]);
    assert_eq!(*shelf.durable.lock().unwrap(), 5);
    assert_eq!(result.unwrap_err().to_string(), "line 8");
}

#[test]
fn a_record_before_its_schema_ends_the_run() {
    let error = states(&[RECORD.to_owned()], 5, &mut Shelf::default()).1.unwrap_err();
    assert_eq!(error.to_string(), "line 1: s: a record came before its SCHEMA");
}

#[test]
fn a_message_of_an_unknown_type_is_passed_over() {
    let lines = [r#"{"type":"FOO"}"#.to_owned(), state(1)];
    assert_eq!(states(&lines, 5, &mut Shelf::default()).0, [r#"{"n":1}"#]);
}

#[test]
fn a_destination_that_stores_states_gets_each_with_a_commit() {
    let mut shelf = Shelf { states: Some(States::Stored), ..Shelf::default() };
    let mut lines = vec![state(1), state(1)];
    lines.extend(fives(5));
    lines.push(state(9));
    let (printed, _) = states(&lines, 20, &mut shelf);
    assert_eq!(printed.last().unwrap(), r#"{"n":9}"#);
    let stored: Vec<_> = shelf.stored.iter().flatten().collect();
    assert_eq!(stored, printed.iter().collect::<Vec<_>>());
}

#[test]
fn where_only_the_end_makes_records_valid_one_state_is_printed_and_none_after_a_failure() {
    let at_the_end = || Shelf { states: Some(States::AtTheEnd), ..Shelf::default() };
    let mut shelf = at_the_end();
    assert_eq!(states(&fives(25), 10, &mut shelf).0, [r#"{"n":5}"#]);
    assert_eq!(shelf.stored.iter().flatten().count(), 1);
    let mut broken = fives(25);
    broken.push("{".to_owned());
    let mut shelf = at_the_end();
    assert_eq!(states(&broken, 10, &mut shelf).0, [""; 0]);
    assert_eq!((shelf.stored.iter().flatten().count(), shelf.ended), (0, false));
}

#[test]
fn a_version_reaches_the_destination_and_the_end_gives_it_a_commit() {
    let version = r#"{"type":"ACTIVATE_VERSION","stream":"s","version":7}"#.to_owned();
    let mut shelf = Shelf::default();
    states(&[SCHEMA.to_owned(), version.clone()], 5, &mut shelf).1.unwrap();
    assert_eq!((shelf.versions, shelf.commits, shelf.ended), (vec![7], 1, true));
    let error = states(&[version], 5, &mut Shelf::default()).1.unwrap_err();
    assert_eq!(error.to_string(), "line 1: s: a record came before its SCHEMA");
}

#[test]
fn the_records_of_a_batch_file_are_committed_like_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.jsonl");
    std::fs::write(&path, "{}\n".repeat(2500)).unwrap();
    let batch = format!(
        r#"{{"type":"BATCH","stream":"s","encoding":{{"format":"jsonl"}},"manifest":["file://{}"]}}"#,
        path.display()
    );
    let mut shelf = Shelf::default();
    let lines = [SCHEMA.to_owned(), batch, RECORD.to_owned(), state(1)];
    let (printed, totals) = states(&lines, 1200, &mut shelf);
    assert_eq!(printed, [r#"{"n":1}"#]);
    assert_eq!(totals.unwrap().records.get("s"), Some(&2501));
    assert_eq!(shelf.commits, 3);
}

#[tokio::test(start_paused = true)]
async fn age_commits_without_new_input() {
    let (mut writer, reader) = tokio::io::duplex(4096);
    let page = Page::default();
    let (output, seen) = (Output::to(page.clone()), page.clone());
    let running = tokio::spawn(async move {
        let limits = Limits { rows: 100, bytes: usize::MAX, age: Duration::from_mins(1) };
        run(Input::new(reader), &output, &mut Shelf::default(), limits).await.unwrap()
    });
    writer.write_all(format!("{SCHEMA}\n{RECORD}\n{}\n", state(1)).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(seen.text(), "");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(seen.text(), "{\"n\":1}\n");
    drop(writer);
    assert_eq!(running.await.unwrap().states, 1);
}

#[tokio::test(start_paused = true)]
async fn records_are_taken_while_a_commit_is_on_its_way() {
    let mut shelf = Shelf { slow: Duration::from_secs(10), ..Shelf::default() };
    let text = fives(15).join("\n");
    let started = Instant::now();
    run(Input::new(text.as_bytes()), &Output::to(Page::default()), &mut shelf, limits(5))
        .await
        .unwrap();
    // Three commits of ten seconds one after the other, and no time in between.
    assert_eq!(started.elapsed().as_secs(), 30);
    assert_eq!(shelf.commits, 3);
}

#[derive(Debug, Clone)]
enum Step {
    Record(u8),
    State,
}

proptest! {
    /// Whatever comes in whatever order, and wherever the destination fails, a printed state counts no
    /// more records than are durable; and without a failure the last state is printed.
    #[test]
    fn no_state_is_printed_before_its_records_are_durable(
        steps in prop::collection::vec(
            prop_oneof![3 => (0..3_u8).prop_map(Step::Record), 1 => Just(Step::State)], 0..80),
        rows in 1..20_usize,
        fails_at in prop::option::of(1..10_usize),
        slow in 0..3_u64,
    ) {
        let mut lines: Vec<String> = (0..3).map(|n| SCHEMA.replace("\"s\"", &format!("\"{n}\""))).collect();
        let mut received = 0;
        let mut last = None;
        for step in &steps {
            match step {
                Step::Record(stream) => {
                    received += 1;
                    lines.push(RECORD.replace("\"s\"", &format!("\"{stream}\"")));
                }
                Step::State => {
                    lines.push(format!(r#"{{"type":"STATE","value":{received}}}"#));
                    last = Some(received);
                }
            }
        }
        let mut shelf = Shelf { fails_at, slow: Duration::from_secs(slow), ..Shelf::default() };
        let (printed, result) = states(&lines, rows, &mut shelf);
        let durable = *shelf.durable.lock().unwrap();
        let printed: Vec<u64> = printed.iter().map(|state| state.parse().unwrap()).collect();
        prop_assert!(printed.iter().all(|state| *state <= durable), "{printed:?} > {durable}");
        prop_assert!(printed.is_sorted());
        if result.is_ok() {
            prop_assert_eq!(printed.last().copied(), last);
            prop_assert_eq!(durable, received);
        }
    }
}
