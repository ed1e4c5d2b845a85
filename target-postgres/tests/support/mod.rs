//! A place of its own for each test, in a server that all tests share.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ::support::database::Database;
use serde_json::{Map, Value, json};

/// The server that the running tests share; it goes with the last of them.
fn server() -> Arc<Database> {
    static SHARED: Mutex<Weak<Database>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let server = Arc::new(Database::start());
    *shared = Arc::downgrade(&server);
    server
}

/// A schema in the server, a folder, and settings that lead to both.
pub(crate) struct Case {
    pub(crate) server: Arc<Database>,
    pub(crate) schema: String,
    pub(crate) folder: tempfile::TempDir,
    settings: Map<String, Value>,
}

/// What a run of the target came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) states: Vec<String>,
    pub(crate) log: String,
}

impl Outcome {
    /// The states of a run that went well.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Vec<String> {
        assert_eq!(self.code, Some(0), "{}", self.log);
        self.states
    }

    /// The last line of the log of a run that failed.
    #[track_caller]
    pub(crate) fn failed(&self) -> &str {
        assert_eq!(self.code, Some(1), "{}", self.log);
        self.log.lines().last().unwrap()
    }
}

impl Case {
    /// A place without tables.
    pub(crate) fn new() -> Self {
        Self::on(server())
    }

    /// A place in a server that nobody else uses, for tests that need to know how it is reached.
    pub(crate) fn alone() -> Self {
        Self::on(Arc::new(Database::ordinary()))
    }

    fn on(server: Arc<Database>) -> Self {
        let schema = server.schema_name();
        let settings = json!({ "database_url": server.url(), "default_target_schema": schema });
        let Value::Object(settings) = settings else { unreachable!() };
        Self { server, schema, folder: tempfile::tempdir().unwrap(), settings }
    }

    /// The same with further settings.
    pub(crate) fn with(mut self, settings: Value) -> Self {
        let Value::Object(more) = settings else { panic!("settings are an object") };
        self.settings.extend(more);
        self
    }

    /// The same without the metadata columns.
    pub(crate) fn plain(self) -> Self {
        self.with(json!({ "add_record_metadata": false }))
    }

    /// A command for the target with these settings, which reads what it is given.
    pub(crate) fn target(&self) -> Command {
        let config = self.folder.path().join("config.json");
        let settings = serde_json::to_vec(&self.settings).unwrap();
        // Not under the eyes of a target that is just reading it.
        if std::fs::read(&config).ok().as_ref() != Some(&settings) {
            std::fs::write(&config, settings).unwrap();
        }
        let mut target = Command::new(env!("CARGO_BIN_EXE_target-postgres"));
        target.arg("--config").arg(config).env_remove("LOG_FORMAT").env("LOGLEVEL", "info");
        target.current_dir(self.folder.path());
        target.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        target
    }

    /// Runs the target over lines.
    pub(crate) fn load<S: AsRef<str>>(&self, lines: &[S]) -> Outcome {
        let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
        finish(self.target().spawn().unwrap(), &lines.join("\n"))
    }

    /// The folder of the server's socket, which only a server of our own has.
    pub(crate) fn socket_folder(&self) -> String {
        self.server.url().split(['@', '/']).nth(3).unwrap().replace("%2F", "/")
    }

    /// Runs SQL in the schema; a line a row, `|` between columns.
    pub(crate) fn sql(&self, sql: &str) -> String {
        let mut psql = self.server.psql();
        let path = format!("set search_path to \"{}\"", self.schema);
        psql.args(["-qAt", "-v", "ON_ERROR_STOP=1", "-c", &path, "-c", sql]);
        let output = psql.output().expect("psql runs");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Runs a file of SQL in the schema.
    pub(crate) fn sql_file(&self, script: &Path) {
        let mut psql = self.server.psql();
        let path = format!("set search_path to \"{}\"", self.schema);
        psql.args(["-qAt", "-v", "ON_ERROR_STOP=1", "-c", &path, "-f"]).arg(script);
        let output = psql.output().expect("psql runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Makes the schema, for tests that need something in it before the first load.
    pub(crate) fn prepare(&self, sql: &str) {
        self.server.sql(&format!("create schema if not exists \"{}\"", self.schema));
        self.sql(sql);
    }

    /// A file in the folder.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        address(&path)
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        let mut psql = self.server.psql();
        let drop = format!("drop schema if exists \"{}\" cascade", self.schema);
        let _ = psql.args(["-q", "-c", &drop]).stderr(Stdio::null()).status();
    }
}

/// Gives a running target its input, and waits for its end.
pub(crate) fn finish(mut target: Child, input: &str) -> Outcome {
    let mut stdin = target.stdin.take().unwrap();
    let input = input.to_owned();
    // A target that ends early closes the pipe; its exit code says so better.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = target.wait_with_output().unwrap();
    writer.join().unwrap();
    Outcome {
        code: output.status.code(),
        states: String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect(),
        log: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A file as a URL.
pub(crate) fn address(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// A SCHEMA message; `properties` is the text of an object.
pub(crate) fn schema(stream: &str, properties: &str, keys: &[&str]) -> String {
    format!(
        r#"{{"type":"SCHEMA","stream":"{stream}","schema":{{"type":"object","properties":{properties}}},"key_properties":{}}}"#,
        json!(keys)
    )
}

/// A RECORD message; `record` is the text of an object.
pub(crate) fn record(stream: &str, record: &str) -> String {
    format!(r#"{{"type":"RECORD","stream":"{stream}","record":{record}}}"#)
}

/// A RECORD message of a version.
pub(crate) fn versioned(stream: &str, record: &str, version: i64) -> String {
    format!(r#"{{"type":"RECORD","stream":"{stream}","record":{record},"version":{version}}}"#)
}

/// An `ACTIVATE_VERSION` message.
pub(crate) fn activate(stream: &str, version: i64) -> String {
    format!(r#"{{"type":"ACTIVATE_VERSION","stream":"{stream}","version":{version}}}"#)
}

/// A STATE message whose value is `{"n":number}`.
pub(crate) fn state(number: usize) -> String {
    format!(r#"{{"type":"STATE","value":{{"n":{number}}}}}"#)
}
