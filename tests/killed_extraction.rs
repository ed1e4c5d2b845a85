//! The tap, killed at any moment while everything goes wrong at Amazon: after enough runs every row is
//! there, no report was asked for twice without a reason, and no state was ever ahead of its rows.
//!
//! `TAP_KILLS` says how many runs (60; the script of continuous integration takes 200), `TAP_SEED` with
//! which faults and where they are killed (1).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use chrono::NaiveDate;
use serde_json::{Value, json};

use support::{Emulator, Extracted, Folder, program, tap, today};

/// What is extracted. Stock is of the present and different in every run; it is here for its reports.
const STREAMS: &str =
    "orders,order_items,sales_traffic_report,sales_traffic_by_date,warehouse_inventory";

/// Streams whose rows are compared, with their keys.
const KEYS: [(&str, &[&str]); 4] = [
    ("orders", &["AmazonOrderId"]),
    ("order_items", &["AmazonOrderId", "OrderItemKey"]),
    ("sales_traffic_report", &["marketplace_id", "date", "child_asin"]),
    ("sales_traffic_by_date", &["marketplace_id", "date"]),
];

/// The most runs that a set of faults may need until everything is there.
const ENOUGH: usize = 60;

/// The rows of all compared streams: the last record of each key.
type Rows = BTreeMap<(&'static str, String), Value>;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect(name))
}

/// Lets another process run for a time.
#[expect(clippy::disallowed_methods, reason = "a moment to kill at; no outcome depends on it")]
fn wait(time: Duration) {
    std::thread::sleep(time);
}

/// Takes the messages of a run into the rows, up to its last whole line; its last state, if it wrote one.
fn load(text: &str, rows: &mut Rows) -> Option<Value> {
    let mut state = None;
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let message: Value = serde_json::from_str(line).expect("a message");
        if message["type"] == "STATE" {
            state = Some(message["value"].clone());
        }
        let known = KEYS.iter().find(|(stream, _)| message["stream"] == *stream);
        if let (Some((stream, keys)), true) = (known, message["type"] == "RECORD") {
            let record = &message["record"];
            let key: Vec<_> = keys.iter().map(|key| record[key].to_string()).collect();
            rows.insert((stream, key.join(" ")), record.clone());
        }
    }
    state
}

/// Whether a state says that a day is out.
fn says_out(state: &Value, stream: &str, unit: &str, day: &str) -> bool {
    let cursor = &state["bookmarks"][stream]["cursor"][unit];
    let before = cursor["until"].as_str().is_some_and(|until| day < until);
    let beyond = cursor["beyond"].as_object().into_iter().flatten();
    before
        || beyond.into_iter().any(|(end, from)| from.as_str().unwrap() <= day && day < end.as_str())
}

/// Asserts that every row of a day or time that a state calls out is there, as it is in the truth.
fn assert_not_ahead(state: &Value, rows: &Rows, truth: &Rows) {
    for ((stream, key), record) in truth {
        let is_out = if let Some(date) = record["date"].as_str() {
            says_out(state, stream, record["marketplace_id"].as_str().unwrap(), date)
        } else {
            let regions = ["na", "eu", "fe"].into_iter();
            let updated = record["LastUpdateDate"].as_str().unwrap();
            // Which region an order is of does not stand in it; all must be beyond it.
            regions
                .filter(|region| !state["bookmarks"][*stream]["cursor"][*region].is_null())
                .count()
                == 2
                && ["na", "eu"].iter().all(|region| says_out(state, stream, region, updated))
        };
        if is_out {
            assert_eq!(
                rows.get(&(*stream, key.clone())),
                Some(record),
                "{stream} {key}: the state is ahead"
            );
        }
    }
}

/// A seller whose orders end on a day.
fn world(folder: &Folder, today: NaiveDate, more: &[&str]) -> Emulator {
    let anchor = format!("{today}T00:00:00Z");
    let size = ["--asins", "6", "--orders", "30", "--anchor", &anchor];
    Emulator::at_speed(folder, "5000", &[&size, more].concat())
}

/// Nine days that end two days before the seller's last; no day is read again.
fn settings(emulator: &Emulator, today: NaiveDate) -> String {
    let never = json!({"lookback_days": 0});
    emulator.tap_config(json!({
        "marketplaces": "US,DE",
        "start_date": (today - chrono::Days::new(10)).to_string(),
        // Yesterday's traffic has not arrived, so that day stays open in every run.
        "end_date": (today - chrono::Days::new(1)).to_string(),
        "poll_interval_seconds": 0.005,
        "streams": {"sales_traffic_report": never, "sales_traffic_by_date": never},
    }))
}

/// One seller in two regions, Amazon with faults, and the tap.
struct Scene {
    folder: Folder,
    emulator: Emulator,
    config: PathBuf,
    /// The day on which the orders end.
    today: NaiveDate,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let folder = Folder::new();
        // Late answers leave time to be killed between Amazon's making a report and our hearing of it.
        let late = json!({"operation": "createReport", "delay": "300s", "when": {"every": 2}});
        let faults = json!({"faults": [late, {"random": {"seed": seed, "rate": 0.08, "kinds": ["429", "500", "503",
            "drop", "cut", "expired", "lost_create", "slow", "cancelled", "fatal_once", "token", "late_day"]}}]});
        let script = folder.file("faults.json", faults.to_string());
        let today = today();
        let emulator = world(&folder, today, &["--faults", script.to_str().unwrap()]);
        let config = folder.file("config.json", settings(&emulator, today));
        Self { folder, emulator, config, today }
    }

    /// The rows as they are without any fault, in the same world.
    fn truth(&self) -> Rows {
        let folder = Folder::new();
        let emulator = world(&folder, self.today, &[]);
        let config = folder.file("config.json", settings(&emulator, self.today));
        let run = tap(&["--config", config.to_str().unwrap(), "--streams", STREAMS]).succeeded();
        let mut rows = Rows::new();
        load(&String::from_utf8(run.output.stdout).unwrap(), &mut rows);
        assert!(rows.len() > 100, "{} rows are too few to tell anything", rows.len());
        rows
    }

    /// One run, killed after a time or left to end; whether it did everything, and what it wrote.
    fn run(&self, state: Option<&Value>, killed_after: Option<Duration>) -> (bool, String, String) {
        let (out, log) = (self.folder.path("out.jsonl"), self.folder.path("log.txt"));
        let mut command = program("tap-amazon-seller");
        command.args(["--config", self.config.to_str().unwrap(), "--streams", STREAMS]);
        if let Some(state) = state {
            command.arg("--state").arg(self.folder.file("state.json", state.to_string()));
        }
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&log).unwrap());
        let mut child = command.stdin(Stdio::null()).spawn().unwrap();
        if let Some(after) = killed_after {
            wait(after);
            child.kill().unwrap();
        }
        let status = child.wait().unwrap();
        let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
        (status.success(), read(&out), read(&log))
    }

    /// Asserts that every report beyond the first of a window has a fault that explains it.
    fn assert_asked_once(&self, runs: usize) {
        let mut wishes: HashMap<String, Vec<Value>> = HashMap::new();
        for entry in self.emulator.journal() {
            let detail = &entry["detail"];
            if entry["operation"] == "createReport" && !detail["reportId"].is_null() {
                let window = [&detail["dataStartTime"], &detail["dataEndTime"]];
                let wish =
                    format!("{} {} {window:?}", detail["reportType"], detail["marketplaceIds"]);
                wishes.entry(wish).or_default().push(entry);
            }
        }
        assert!(wishes.len() > 20, "{} windows are too few to tell anything", wishes.len());
        for (wish, reports) in wishes {
            let came_to_nothing = |entry: &&Value| {
                let fault = entry["fault"].as_str().unwrap_or_default();
                ["cancelled", "fatal", "late_day"].iter().any(|kind| fault.contains(kind))
            };
            let explained = reports.iter().filter(came_to_nothing).count();
            if wish.contains("INVENTORY") {
                assert!(reports.len() <= runs, "{wish}: {} reports in {runs} runs", reports.len());
            } else {
                assert!(reports.len() <= explained + 1, "{wish}: {reports:#?}");
            }
        }
    }
}

/// Whether nothing is left to be done after a state.
fn is_complete(state: &Value) -> bool {
    KEYS.iter().all(|(stream, _)| {
        let cursors = state["bookmarks"][stream]["cursor"].as_object();
        let is_out = |cursor: &Value| {
            let beyond = cursor["beyond"].as_object();
            cursor["until"].is_string() && beyond.is_none_or(serde_json::Map::is_empty)
        };
        cursors.is_some_and(|cursors| cursors.len() == 2 && cursors.values().all(is_out))
    })
}

/// Runs the tap, killed and killed again, until everything is there; how many runs it took.
fn until_everything_is_there(seed: u64) -> usize {
    let scene = Scene::new(seed);
    let truth = scene.truth();
    let (mut rows, mut state, mut log) = (Rows::new(), None, String::new());
    let mut chance = seed;
    for run in 1..=ENOUGH {
        chance =
            chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Three of four runs are killed, within the time that such a run takes.
        let killed_after =
            (!run.is_multiple_of(4)).then(|| Duration::from_millis(20 + (chance >> 33) % 700));
        let (done, text, said) = scene.run(state.as_ref(), killed_after);
        log = said;
        if let Some(written) = load(&text, &mut rows) {
            assert_not_ahead(&written, &rows, &truth);
            state = Some(written);
        }
        let settled =
            done && state.as_ref().is_some_and(is_complete) && !log.contains("asked for again");
        if settled {
            let missing: BTreeSet<_> =
                truth.keys().filter(|key| !rows.contains_key(*key)).collect();
            assert!(missing.is_empty(), "seed {seed}: missing {missing:?}");
            assert_eq!(rows, truth, "seed {seed}");
            scene.assert_asked_once(run);
            return run;
        }
    }
    panic!("seed {seed}: not everything is there after {ENOUGH} runs\n{log}\n{state:?}");
}

#[test]
fn whatever_goes_wrong_every_row_comes_and_no_report_is_asked_for_twice() {
    let (wanted, first) = (number("TAP_KILLS", 60), number("TAP_SEED", 1));
    let (mut runs, mut seed) = (0, first);
    while runs < wanted {
        runs += until_everything_is_there(seed) as u64;
        seed += 1;
    }
}

#[test]
fn a_run_that_is_killed_between_asking_and_loading_asks_for_nothing_again() {
    let folder = Folder::new();
    // Twenty seconds in which no report is done are time enough to be killed in, on any machine.
    let late = json!({"operation": "getReport", "delay": "20000s", "when": {"calls": [1, 2]}});
    let script = folder.file("faults.json", json!({"faults": [late]}).to_string());
    let world = ["--asins", "6", "--orders", "30", "--faults", script.to_str().unwrap()];
    let emulator = Emulator::start(&folder, &world);
    let settings = json!({"marketplaces": "US"});
    let config = folder.file("config.json", emulator.tap_config(settings));
    let out = folder.path("out.jsonl");
    let mut child = program("tap-amazon-seller")
        .args(["--config", config.to_str().unwrap(), "--streams", "orders"])
        .stdout(File::create(&out).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let has_id = || {
        let text = std::fs::read_to_string(&out).unwrap();
        text.lines().any(|line| line.contains("\"report_id\":\"")).then_some(text)
    };
    let text = std::iter::repeat_with(has_id).flatten().next().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let mut rows = Rows::new();
    let state = load(&text, &mut rows).unwrap();
    assert!(rows.is_empty(), "the test came too late");
    let asked = |emulator: &Emulator| emulator.calls()["createReport"];
    let before = asked(&emulator);
    let state = folder.file("state.json", state.to_string());
    let arguments = [
        "--config",
        config.to_str().unwrap(),
        "--streams",
        "orders",
        "--state",
        state.to_str().unwrap(),
    ];
    let run: Extracted = tap(&arguments).succeeded();
    assert!(
        run.stderr().contains("na: 2 reports that were asked for before are taken up")
            || run.stderr().contains("na: 1 reports that were asked for before are taken up"),
        "{}",
        run.stderr()
    );
    assert!(!run.records("orders").is_empty());
    // What happened in the meantime is a window of its own.
    assert!(asked(&emulator) <= before + 1, "{} {before}", asked(&emulator));
}
