//! The log: one line an event on stderr, for people or for an orchestrator that parses it.
//!
//! Lines have the layout of the field's Python SDK, in text and in JSON, so that the same eyes and the
//! same parsers read them. Our crates log at the level that is asked for; every other crate only from
//! warnings up, because what a library says at debug may hold headers and bodies.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::about::About;
use crate::config::Environment;
use crate::metric::POINT;

/// The layouts of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `2026-11-20 16:32:26,730 | INFO     | tap_something.sync             | message key=value`
    Text,
    /// One JSON object, as Meltano's parser for structured logs wants it.
    Json,
}

impl Layout {
    /// JSON when `LOG_FORMAT` says so, or when the orchestrator points `SINGER_SDK_LOG_CONFIG` at a
    /// logging configuration that uses the SDK's `StructuredFormatter`; else text.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        let is_json = match environment.variable("LOG_FORMAT") {
            Some(word) => word.eq_ignore_ascii_case("json"),
            None => environment
                .variable("SINGER_SDK_LOG_CONFIG")
                .and_then(|path| std::fs::read_to_string(path).ok())
                .is_some_and(|text| text.contains("StructuredFormatter")),
        };
        if is_json { Self::Json } else { Self::Text }
    }
}

/// Whether somebody looks at the log while it is written: text, on a terminal. To a person a live view
/// says more than the points of metrics, which are left out then.
#[must_use]
pub fn is_watched(environment: &Environment) -> bool {
    Layout::of(environment) == Layout::Text && io::stderr().is_terminal()
}

/// Calls a function that writes a line, while nothing else is on the terminal.
type Screen = Box<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

/// What draws on the terminal beside the log.
static SCREEN: OnceLock<Screen> = OnceLock::new();

/// Has lines of the log written by `screen`, which gets the writing as a function and calls it once:
/// for what draws on the same terminal, so that neither tears the other. A second call changes
/// nothing.
pub fn share_terminal(screen: impl Fn(&mut dyn FnMut()) + Send + Sync + 'static) {
    let _ = SCREEN.set(Box::new(screen));
}

/// The file that gets a copy of the log.
static COPY: OnceLock<Mutex<File>> = OnceLock::new();

/// Where the log goes: stderr, and the file if there is one. Neither waits for the other to work.
pub(crate) struct Destination;

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(Ok(mut file)) = COPY.get().map(Mutex::lock) {
            let _ = file.write_all(bytes);
        }
        let mut written = Ok(());
        let mut write = || written = io::stderr().write_all(bytes);
        match SCREEN.get() {
            Some(screen) => screen(&mut write),
            None => write(),
        }
        written.map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Starts the log of this process, at this level if one is given and not at that of the environment, with
/// a copy in this file if one is given. A second call changes nothing.
///
/// # Errors
/// The file cannot be opened.
pub fn start(
    about: &'static About,
    environment: &Environment,
    level: Option<&str>,
    copy: Option<&Path>,
) -> io::Result<()> {
    if let Some(path) = copy {
        let _ = COPY.set(Mutex::new(File::options().create(true).append(true).open(path)?));
    }
    let printer = Printer {
        app_name: about.name,
        layout: Layout::of(environment),
        writer: Mutex::new(Destination),
        points: match copy {
            None if is_watched(environment) => Points::LeftOut,
            None | Some(_) => Points::Printed,
        },
        now,
    };
    let subscriber = tracing_subscriber::registry().with(printer.with_filter(targets(
        about,
        environment,
        level,
    )));
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

/// The line of an event that ends the program, for an orchestrator.
pub(crate) fn fatal(app_name: &str, message: &str) -> String {
    let line = Line { message: format!("FATAL {message}"), ..Line::default() };
    line.json("CRITICAL", "singer::cli", now(), app_name) + "\n"
}

/// The time of a line.
#[expect(
    clippy::disallowed_methods,
    reason = "a log line says when it was written; nothing is decided by it"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Which crates log from which level on.
fn targets(about: &About, environment: &Environment, asked: Option<&str>) -> Targets {
    let own = format!("{}_LOGLEVEL", about.prefix());
    let asked =
        asked.or_else(|| environment.variable(&own)).or_else(|| environment.variable("LOGLEVEL"));
    let level = asked.map_or(LevelFilter::INFO, level);
    let own = about.name.replace('-', "_");
    let crates = about.crates.iter().copied().chain(["singer", own.as_str()]);
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets(crates.map(|name| (name, level)))
}

/// The words that name a level, Python's and ours.
pub(crate) const LEVELS: [&str; 8] =
    ["trace", "debug", "info", "warning", "warn", "error", "critical", "fatal"];

/// The level that a word names, in Python's words or ours; `info` for a word that names none.
fn level(word: &str) -> LevelFilter {
    match word.to_ascii_lowercase().as_str() {
        "trace" => LevelFilter::TRACE,
        "debug" => LevelFilter::DEBUG,
        "warn" | "warning" => LevelFilter::WARN,
        "error" | "critical" | "fatal" => LevelFilter::ERROR,
        _ => LevelFilter::INFO,
    }
}

/// Python's word for a level.
fn word(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        _ => "DEBUG",
    }
}

/// What becomes of the points of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Points {
    Printed,
    LeftOut,
}

/// Prints events as lines.
struct Printer<W> {
    app_name: &'static str,
    layout: Layout,
    writer: Mutex<W>,
    points: Points,
    now: fn() -> DateTime<Utc>,
}

impl<S: Subscriber, W: Write + 'static> Layer<S> for Printer<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        if line.metric.is_some() && self.points == Points::LeftOut {
            return;
        }
        let (level, target) = (word(*event.metadata().level()), event.metadata().target());
        let mut text = match self.layout {
            Layout::Text => line.text(level, target, (self.now)()),
            Layout::Json => line.json(level, target, (self.now)(), self.app_name),
        };
        text.push('\n');
        if let Ok(mut writer) = self.writer.lock() {
            // There is nowhere left to complain when stderr is closed.
            let _ = writer.write_all(text.as_bytes());
        }
    }
}

/// What an event holds.
#[derive(Debug, Default)]
struct Line {
    message: String,
    /// The point of a metric.
    metric: Option<Value>,
    fields: Map<String, Value>,
}

impl Line {
    /// The line for people.
    fn text(&self, level: &str, target: &str, now: DateTime<Utc>) -> String {
        let message = match &self.metric {
            Some(point) => format!("METRIC: {point}"),
            None => self.message.clone(),
        };
        let fields = self.fields.iter().map(|(name, value)| format!(" {name}={}", bare(value)));
        let text = format!(
            "{} | {level:8} | {:30} | {message}{}",
            now.format("%Y-%m-%d %H:%M:%S,%3f"),
            logger(target),
            fields.collect::<String>()
        );
        one_line(&text)
    }

    /// The line for an orchestrator. Meltano's parser insists on `stream_name`, null or not.
    fn json(mut self, level: &str, target: &str, now: DateTime<Utc>, app_name: &str) -> String {
        let tagged = self.metric.as_ref().and_then(|point| point.pointer("/tags/stream").cloned());
        let stream = self.fields.shift_remove("stream").or(tagged);
        let message = if self.metric.is_some() { "METRIC" } else { &self.message };
        let mut object = json!({
            "level": level.to_ascii_lowercase(),
            "pid": std::process::id(),
            "logger_name": logger(target),
            "ts": seconds(now),
            "thread_name": std::thread::current().name().unwrap_or("unnamed"),
            "app_name": app_name,
            "stream_name": stream,
            "message": message,
            "extra": self.fields,
        });
        if let (Some(point), Some(object)) = (self.metric, object.as_object_mut()) {
            object.insert("metric_info".to_owned(), point);
        }
        object.to_string()
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            POINT => self.metric = serde_json::from_str(value).ok(),
            name => {
                self.fields.insert(name.to_owned(), value.into());
            }
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.insert(field.name().to_owned(), value.into());
    }
}

/// The name of the module that logs, with Python's dots.
fn logger(target: &str) -> String {
    target.replace("::", ".")
}

/// A field's value; quoted where its end would not be seen otherwise.
fn bare(value: &Value) -> String {
    match value {
        Value::String(text)
            if !text.is_empty()
                && !text.contains(|letter: char| letter.is_whitespace() || letter == '"') =>
        {
            text.clone()
        }
        _ => value.to_string(),
    }
}

/// A text that stays on one line.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// A time as Python's loggers count it: seconds since 1970, with a fraction.
#[expect(
    clippy::cast_precision_loss,
    reason = "a log's time needs microseconds, which f64 holds until 2255"
)]
fn seconds(time: DateTime<Utc>) -> f64 {
    time.timestamp_micros() as f64 / 1e6
}

#[cfg(test)]
pub(crate) mod tests;
