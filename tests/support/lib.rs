//! What whole-pipeline tests and benchmarks stand on: the binaries, the emulator, a folder for each
//! test, and a PostgreSQL of their own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::new_without_default,
    clippy::return_self_not_must_use,
    reason = "for tests: what cannot go on stops, and says where"
)]

pub mod database;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

/// The folder in which cargo put the binaries, after they were built.
///
/// `cargo test --workspace` builds no other member's binaries, and a stale one would be used in silence.
fn binaries() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked"])
            .args(["-p", "emulator", "-p", "tap-amazon-seller"])
            .args(["-p", "target-plytix", "-p", "target-postgres"])
            .current_dir(root())
            .status()
            .expect("cargo runs");
        assert!(built.success(), "the binaries do not build");
        // This test binary lies in <target>/debug/deps.
        let test = std::env::current_exe().unwrap();
        test.ancestors().nth(2).unwrap().to_owned()
    })
}

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A command for one of our binaries, with no setting of the surroundings reaching it.
pub fn program(name: &str) -> Command {
    let mut command = Command::new(binaries().join(name));
    command.env_remove("LOG_FORMAT").env("LOGLEVEL", "info").stdin(Stdio::null());
    // Of a job at hotglue's, where target-plytix prints something else.
    command.env_remove("JOB_ID").env_remove("FLOW").env_remove("STREAMING_JOB");
    command
}

/// A folder that goes away with the test.
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// A new, empty one.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Where a file of this name is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file; its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// The day by UTC. A test reads it once, lets its windows end before it, and works with what it read:
/// then no hour of the day changes what is asked for, and no midnight that passes.
#[expect(
    clippy::disallowed_methods,
    reason = "what the emulator invents ends on the day of the run"
)]
pub fn today() -> NaiveDate {
    chrono::Utc::now().date_naive()
}

/// The day so many days ago, as settings have it.
pub fn days_ago(days: i64) -> String {
    (today() - TimeDelta::days(days)).to_string()
}

/// What work comes to that has to begin and end on one day: it is done again if midnight passed.
pub fn on_one_day<T>(mut work: impl FnMut(NaiveDate) -> T) -> T {
    loop {
        let day = today();
        let done = work(day);
        if today() == day {
            return done;
        }
    }
}

/// Amazon and Plytix on loopback, for as long as the test lives.
pub struct Emulator {
    process: Child,
    /// Closed with this process, whatever becomes of it; the emulator ends with it.
    stdin: Option<ChildStdin>,
    /// Open, so that what it says at its end has somewhere to go.
    _stdout: BufReader<ChildStdout>,
    urls: Value,
    journal: PathBuf,
}

impl Emulator {
    /// Starts with a speed that makes an hour pass in seconds.
    pub fn start(folder: &Folder, arguments: &[&str]) -> Self {
        Self::at_speed(folder, "1000", arguments)
    }

    /// Starts at a speed of its own.
    pub fn at_speed(folder: &Folder, speed: &str, arguments: &[&str]) -> Self {
        let journal = folder.path("journal.jsonl");
        let mut process = program("emulator")
            .args(["serve", "--until-stdin-closes", "--speed", speed, "--journal"])
            .arg(&journal)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = process.stdin.take().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let urls = serde_json::from_str(&line).expect("the emulator prints its addresses");
        Self { process, stdin: Some(stdin), _stdout: stdout, urls, journal }
    }

    /// A configuration of the tap that works, with some settings replaced.
    pub fn tap_config(&self, settings: Value) -> String {
        let mut config = json!({
            "lwa_client_id": "amzn1.application-oa2-client.demo",
            "lwa_client_secret": "amzn1.oa2-cs.v1.demo",
            "refresh_token": "Atzr|demo",
            "poll_interval_seconds": 0.02,
            "endpoints": {"lwa": self.urls["lwa"], "na": self.urls["na"], "eu": self.urls["eu"], "fe": self.urls["fe"]},
        });
        overlay(&mut config, settings);
        config.to_string()
    }

    /// A configuration of the target that works, with some settings replaced.
    pub fn plytix_config(&self, settings: Value) -> String {
        let mut config = json!({
            "api_key": "demo-key",
            "api_password": "demo-password",
            "auth_url": self.urls["plytix_auth"],
            "api_url": self.urls["plytix_api"],
            "requests_per_10_seconds": 20000,
            "requests_per_hour": 5_000_000,
            "run_dir": self.journal.with_file_name("runs"),
        });
        overlay(&mut config, settings);
        config.to_string()
    }

    /// Where one of the services is.
    pub fn url(&self, service: &str) -> &str {
        self.urls[service].as_str().unwrap()
    }

    /// Ends it in order, and waits for what it writes at its end.
    pub fn end(mut self) {
        drop(self.stdin.take());
        self.process.wait().unwrap();
    }

    /// Everything that was asked so far.
    pub fn journal(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.journal).unwrap();
        // A line may just be on its way.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How often each operation was called, whatever the answer.
    pub fn calls(&self) -> BTreeMap<String, usize> {
        let mut calls = BTreeMap::new();
        for entry in self.journal() {
            *calls.entry(entry["operation"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        calls
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Puts members in the place of others of the same name.
pub(crate) fn overlay(config: &mut Value, settings: Value) {
    let Value::Object(settings) = settings else { panic!("settings are an object") };
    for (name, value) in settings {
        config[name] = value;
    }
}

/// What a run of a tap came to.
pub struct Extracted {
    /// Exit code and what it wrote.
    pub output: Output,
    /// Its messages, in order.
    pub messages: Vec<Value>,
}

impl Extracted {
    /// Reads the messages.
    pub fn of(output: Output) -> Self {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let messages =
            text.lines().map(|line| serde_json::from_str(line).expect("a message")).collect();
        Self { output, messages }
    }

    /// The records of a stream, in order.
    pub fn records(&self, stream: &str) -> Vec<&Value> {
        let of_stream =
            |message: &&Value| message["type"] == "RECORD" && message["stream"] == stream;
        self.messages.iter().filter(of_stream).map(|message| &message["record"]).collect()
    }

    /// The last state.
    pub fn state(&self) -> &Value {
        let is_state = |message: &&Value| message["type"] == "STATE";
        &self.messages.iter().rev().find(is_state).expect("a state")["value"]
    }

    /// Everything that it said.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// The last line of what it said, which tells how it ended.
    pub fn last_words(&self) -> String {
        self.stderr().lines().last().unwrap_or_default().to_owned()
    }

    /// Its exit code.
    pub fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// The same, if everything went well.
    pub fn succeeded(self) -> Self {
        assert!(self.output.status.success(), "{}", self.stderr());
        self
    }
}

/// Runs the tap to its end.
pub fn tap(arguments: &[&str]) -> Extracted {
    Extracted::of(program("tap-amazon-seller").args(arguments).output().unwrap())
}

/// Runs a program with a text on its standard input.
pub fn fed(mut command: Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program that ends early closes its side; that is for its exit code to tell.
    let feeding = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    output
}

/// Runs the tap into target-plytix; what both wrote, and their exit codes.
pub fn amazon_to_plytix(tap: &[&str], target: &[&str]) -> (Output, Output) {
    piped(tap, "target-plytix", target)
}

/// Runs the tap into target-postgres; what both wrote, and their exit codes.
pub fn amazon_to_postgres(tap: &[&str], target: &[&str]) -> (Output, Output) {
    piped(tap, "target-postgres", target)
}

/// Runs the tap into a target, joined by a pipe of the operating system.
fn piped(tap: &[&str], target: &str, arguments: &[&str]) -> (Output, Output) {
    let mut tap = program("tap-amazon-seller")
        .args(tap)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pipe = tap.stdout.take().unwrap();
    let target = program(target)
        .args(arguments)
        .stdin(pipe)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let target = std::thread::spawn(move || target.wait_with_output().unwrap());
    let tap = tap.wait_with_output().unwrap();
    (tap, target.join().unwrap())
}

/// The state that target-postgres has stored, as it prints it; nothing before there is one.
pub fn stored_state(config: &Path) -> Option<String> {
    let mut target = program("target-postgres");
    target.arg("--config").arg(config).arg("--print-state");
    let state = printed(&target.output().unwrap());
    (!state.is_empty()).then(|| state.trim_end().to_owned())
}

/// What a program printed, if everything went well.
pub fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", said(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a program said on stderr.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
