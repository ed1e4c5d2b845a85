//! Programs that are killed at any moment, and run again from the state that is stored.
//!
//! `KILLS` says how often (12), `KILL_SEED` where (1): the same seed kills at the same places of the
//! input.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use support::database::Database;
use support::{Emulator, Folder, days_ago, fed, printed, program, stored_state, tap};

/// Amazon's ids of two marketplaces.
const US: &str = "ATVPDKIKX0DER";
const DE: &str = "A1PA6795UKMFR9";

/// Places to kill at.
pub(crate) struct Places(u64);

impl Places {
    pub(crate) fn new() -> Self {
        Self(number("KILL_SEED", 1))
    }

    /// A number below a limit (`SplitMix64`).
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// A number from the environment.
pub(crate) fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect(name))
}

/// A database, and the configuration of a target that loads into a namespace of it.
struct Store {
    database: Database,
    folder: Folder,
}

impl Store {
    fn new() -> Self {
        Self { database: Database::start(), folder: Folder::new() }
    }

    /// A configuration for the namespace of this name.
    fn config(&self, namespace: &str) -> PathBuf {
        // Small batches, so that much of the time a commit is on its way; and no columns that say when.
        let settings = json!({"batch_size_rows": 500, "add_record_metadata": false});
        self.folder.file(&format!("{namespace}.json"), self.database.config(namespace, settings))
    }

    /// Asserts that two namespaces have the same rows in a table, of those that a condition is true of; the
    /// number of them.
    fn compare(&self, table: &str, condition: &str, one: &str, other: &str) -> usize {
        let rows =
            |namespace: &str| format!("SELECT * FROM {namespace}.\"{table}\" WHERE {condition}");
        let differing = |one: &str, other: &str| {
            let rows = format!("{} EXCEPT ALL {}", rows(one), rows(other));
            self.database.sql(&format!("SELECT count(*) FROM ({rows}) AS differing"))
        };
        assert_eq!(differing(one, other), "0", "{table}: {other} lacks rows");
        assert_eq!(differing(other, one), "0", "{table}: {other} has rows of its own");
        let count = self.database.sql(&format!("SELECT count(*) FROM ({}) AS same", rows(one)));
        count.parse().unwrap()
    }
}

fn target(config: &Path) -> Command {
    let mut target = program("target-postgres");
    target.args(["--config", config.to_str().unwrap()]);
    target
}

/// Kills a process in the way that it cannot notice.
fn kill(process: &mut Child) {
    process.kill().unwrap();
    process.wait().unwrap();
}

/// Records of the stream of messages.
const RECORDS: usize = 12_000;
/// Keys that come again and again with a greater value, in every second record; the others have a key of
/// their own.
const KEYS: usize = 997;
/// Where the schemas get a column more and a wider one.
const WIDER: usize = 5_000;

/// The key of a record.
fn key(n: usize) -> usize {
    if n.is_multiple_of(2) { n % KEYS } else { KEYS + n }
}

/// The same in SQL.
const KEY: &str = "CASE WHEN n % 2 = 0 THEN n % 997 ELSE 997 + n END";

/// The stream of a record.
fn stream(n: usize) -> &'static str {
    if n.is_multiple_of(3) { "b" } else { "a" }
}

/// What a tap writes that goes on after `state` records: two streams, and a state every hundred records.
fn messages(state: usize) -> String {
    let mut text = String::new();
    let mut say = |message: serde_json::Value| {
        text.push_str(&message.to_string());
        text.push('\n');
    };
    let schema = |stream: &str, properties: serde_json::Value| json!({"type": "SCHEMA", "stream": stream, "schema": {"properties": properties}, "key_properties": ["id"]});
    let narrow = json!({"id": {"type": "integer"}, "value": {"type": "integer"}, "text": {"type": "string"}});
    let mut wide = narrow.clone();
    wide["value"] = json!({"type": "number"});
    wide["more"] = json!({"type": "boolean"});
    let first = if state < WIDER { narrow } else { wide.clone() };
    say(schema("a", first.clone()));
    say(schema("b", first));
    for n in state + 1..=RECORDS {
        if n == WIDER + 1 && state < WIDER {
            say(schema("a", wide.clone()));
            say(schema("b", wide.clone()));
        }
        let mut record = json!({"id": key(n), "value": n, "text": format!("{n} é ").repeat(20)});
        if n > WIDER {
            record["more"] = json!(n % 2 == 0);
        }
        say(json!({"type": "RECORD", "stream": stream(n), "record": record}));
        if n % 100 == 0 {
            say(json!({"type": "STATE", "value": {"n": n}}));
        }
    }
    text
}

/// How many records a state covers.
fn covered(state: Option<&str>) -> usize {
    let value = state.map(|text| serde_json::from_str::<serde_json::Value>(text).unwrap());
    value.map_or(0, |value| usize::try_from(value["n"].as_u64().unwrap()).unwrap())
}

/// Asserts that every record that a state covers is in its table, or a later one of the same key is.
fn assert_true(database: &Database, namespace: &str, state: usize) {
    if state == 0 {
        return;
    }
    for (table, which) in [("a", "<>"), ("b", "=")] {
        let missing = format!(
            "SELECT count(*) FROM (SELECT {KEY} AS id, max(n) AS value FROM generate_series(1, {state}) AS n \
             WHERE n % 3 {which} 0 GROUP BY 1) AS wanted LEFT JOIN {namespace}.{table} AS found USING (id) \
             WHERE found.value IS NULL OR found.value < wanted.value"
        );
        assert_eq!(database.sql(&missing), "0", "{table}: state {state} is ahead of the rows");
    }
}

/// Feeds a target the first bytes of an input and kills it there, whatever it is doing.
fn killed_after_bytes(config: &Path, input: &str, bytes: usize) {
    let mut target = target(config).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    target.stdin.take().unwrap().write_all(&input.as_bytes()[..bytes]).unwrap();
    kill(&mut target);
}

/// Feeds a target and kills it as soon as it has printed this many states.
fn killed_after_states(config: &Path, input: String, states: usize) {
    let mut target = target(config).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = target.stdin.take().unwrap();
    let feeding = std::thread::spawn(move || {
        // The reader goes away in the middle of it.
        let _ = stdin.write_all(input.as_bytes());
    });
    let mut stdout = BufReader::new(target.stdout.take().unwrap());
    for _ in 0..states {
        stdout.read_line(&mut String::new()).unwrap();
    }
    kill(&mut target);
    feeding.join().unwrap();
}

#[test]
fn a_target_that_is_killed_loses_nothing_and_claims_nothing() {
    let store = Store::new();
    let (undisturbed, disturbed) = ("undisturbed", "disturbed");
    let config = store.config(undisturbed);
    let states = printed(&fed(target(&config), messages(0).as_bytes()));
    assert_eq!(covered(states.lines().last()), RECORDS);

    let config = store.config(disturbed);
    let mut places = Places::new();
    let mut stops = Vec::new();
    for round in 0..number("KILLS", 12) {
        let input = messages(covered(stored_state(&config).as_deref()));
        match round % 4 {
            // While it connects, makes tables and takes the first records.
            0 => killed_after_bytes(&config, &input, places.below(input.len().min(4096))),
            2 => killed_after_states(&config, input, 1 + places.below(3)),
            _ => killed_after_bytes(&config, &input, places.below(input.len() / 3)),
        }
        let state = covered(stored_state(&config).as_deref());
        assert_true(&store.database, disturbed, state);
        stops.push(state);
    }
    // What was killed had got somewhere, and not to the end.
    let last = *stops.last().unwrap();
    assert!(last > 0 && stops.is_sorted(), "{stops:?}");

    let rest = messages(last);
    printed(&fed(target(&config), rest.as_bytes()));
    assert_eq!(covered(stored_state(&config).as_deref()), RECORDS);
    for table in ["a", "b"] {
        let of_table = (1..=RECORDS).filter(|n| stream(*n) == table);
        let keys: BTreeSet<_> = of_table.map(key).collect();
        assert_eq!(store.compare(table, "true", undisturbed, disturbed), keys.len());
    }
}

/// Days that the tap reads.
const DAYS: i64 = 60;

/// Runs a tap into a target until some bytes have gone through the pipe, and kills the tap; on request the
/// target as well.
fn broken_off(tap: &mut Command, config: &Path, bytes: usize, both: bool) {
    let mut tap = tap.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut target = target(config)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut from, mut to) = (tap.stdout.take().unwrap(), target.stdin.take().unwrap());
    std::io::copy(&mut (&mut from).take(u64::try_from(bytes).unwrap()), &mut to).unwrap();
    kill(&mut tap);
    if both {
        kill(&mut target);
    } else {
        // What the pipe still holds arrives; often it ends in the middle of a line.
        std::io::copy(&mut from, &mut to).unwrap();
        drop(to);
        target.wait().unwrap();
    }
}

#[test]
fn a_tap_that_is_killed_goes_on_where_the_stored_state_says() {
    let store = Store::new();
    let folder = Folder::new();
    let emulator = Emulator::at_speed(&folder, "100000", &["--asins", "60", "--orders", "4000"]);
    let (start, end) = (days_ago(DAYS), days_ago(1));
    let settings = json!({"marketplaces": ["US", "DE"], "start_date": start, "end_date": end});
    let amazon = folder.file("amazon.json", emulator.tap_config(settings));
    let streams = ["orders", "order_items", "sales_traffic_report", "sales_traffic_by_date"];
    let selection = streams.join(",");
    let arguments = ["--config", amazon.to_str().unwrap(), "--streams", &selection];
    let whole = tap(&arguments).succeeded().output.stdout;
    let (undisturbed, disturbed) = ("undisturbed", "disturbed");
    printed(&fed(target(&store.config(undisturbed)), &whole));

    let config = store.config(disturbed);
    let mut places = Places::new();
    // A tap that goes on where the stored state says.
    let resumed = || {
        let mut tap = program("tap-amazon-seller");
        tap.args(arguments);
        if let Some(state) = stored_state(&config) {
            tap.arg("--state").arg(folder.file("state.json", state));
        }
        tap
    };
    let mut stops = 0;
    for round in 0..number("KILLS", 12).div_ceil(3) {
        broken_off(&mut resumed(), &config, places.below(whole.len() / 2), round % 2 == 1);
        stops += usize::from(stored_state(&config).is_some());
    }
    assert!(stops > 0, "no round got as far as a state");
    let last = resumed().output().unwrap();
    printed(&fed(target(&config), printed(&last).as_bytes()));
    // A run that goes on after the first days reads the days before them again, back beyond the start.
    let since = format!("date >= '{start}'");
    for (stream, condition) in
        streams.into_iter().zip(["true", "true", since.as_str(), since.as_str()])
    {
        let rows = store.compare(stream, condition, undisturbed, disturbed);
        assert!(rows > 100, "{stream}: {rows}");
    }
    // When days were read, and which reports were asked for on the way, differ and may.
    let out = |config: &Path| -> Vec<serde_json::Value> {
        let state = stored_state(config).expect("a state");
        let state: serde_json::Value = serde_json::from_str(&state).unwrap();
        let cursor = |stream: &str, unit: &str| {
            let bookmark = &state["bookmarks"][stream];
            let beyond = bookmark["cursor"][unit]["beyond"].as_object();
            assert!(beyond.is_none_or(serde_json::Map::is_empty), "{state}");
            json!([bookmark["replication_key_value"], bookmark["cursor"][unit]["until"]])
        };
        let units = [("na", "eu"), ("na", "eu"), (US, DE), (US, DE)];
        let units = streams.into_iter().zip(units);
        units.flat_map(|(stream, (one, two))| [cursor(stream, one), cursor(stream, two)]).collect()
    };
    let all_out = out(&config);
    assert_eq!(out(&store.config(undisturbed)), all_out);
    assert!(all_out.iter().all(|cursor| cursor[1].is_string()), "{all_out:?}");
}
