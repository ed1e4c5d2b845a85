//! What lines look like, and which are written.

use super::*;
use crate::output::tests::Page;
use chrono::TimeZone;
use tracing::Dispatch;

/// Half past four on an afternoon that never changes.
fn then() -> DateTime<Utc> {
    Utc.timestamp_micros(1_795_192_346_730_250).unwrap()
}

/// What `act` logs, line by line.
pub(crate) fn logged(layout: Layout, act: impl FnOnce()) -> Vec<String> {
    printed(layout, Points::Printed, act)
}

fn printed(layout: Layout, points: Points, act: impl FnOnce()) -> Vec<String> {
    let page = Page::default();
    let writer = Mutex::new(page.clone());
    let printer = Printer { app_name: "tap-x", layout, writer, points, now: then };
    let subscriber = tracing_subscriber::registry().with(printer);
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), act);
    page.text().lines().map(str::to_owned).collect()
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_line_for_people_has_the_layout_of_the_field() {
    let lines = logged(Layout::Text, || {
        tracing::warn!(target: "tap_x::sync", stream = "orders", rows = 7, note = "two words", "window\ndone");
    });
    assert_eq!(
        lines,
        [concat!(
            "2026-11-20 16:32:26,730 | WARNING  | tap_x.sync                     | ",
            "window done stream=orders rows=7 note=\"two words\""
        )]
    );
}

#[test]
fn a_line_for_an_orchestrator_has_every_member_that_its_parser_wants() {
    let lines = logged(Layout::Json, || {
        tracing::info!(target: "tap_x::sync", stream = "orders", rows = 7, "window done");
        tracing::info!(target: "tap_x::sync", "start");
    });
    let first: Value = serde_json::from_str(&lines[0]).unwrap();
    let thread = std::thread::current().name().unwrap().to_owned();
    assert_eq!(
        first,
        json!({
            "level": "info", "pid": std::process::id(), "logger_name": "tap_x.sync",
            "ts": 1_795_192_346.730_25, "thread_name": thread, "app_name": "tap-x",
            "stream_name": "orders", "message": "window done", "extra": {"rows": 7}
        })
    );
    let second: Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!(second.get("stream_name"), Some(&Value::Null));
    assert_eq!(second.get("extra"), Some(&json!({})));
}

#[test]
fn a_person_gets_the_lines_without_the_points() {
    let act = || {
        crate::metric::counter("record_count", 7, &[]);
        tracing::info!("seven records");
    };
    let count = |points| printed(Layout::Text, points, act).len();
    assert_eq!((count(Points::Printed), count(Points::LeftOut)), (2, 1));
}

#[test]
fn json_is_written_when_the_orchestrator_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.yaml");
    std::fs::write(&path, "formatters: {x: {(): singer_sdk.logging.StructuredFormatter}}").unwrap();
    let structured = ("SINGER_SDK_LOG_CONFIG", path.to_str().unwrap());
    for (variables, layout) in [
        (vec![], Layout::Text),
        (vec![("LOG_FORMAT", "JSON")], Layout::Json),
        (vec![structured], Layout::Json),
        (vec![structured, ("LOG_FORMAT", "text")], Layout::Text),
        (vec![("SINGER_SDK_LOG_CONFIG", "/nowhere")], Layout::Text),
    ] {
        assert_eq!(Layout::of(&environment(&variables)), layout, "{variables:?}");
    }
}

#[test]
fn the_level_is_for_our_crates_and_the_rest_warn() {
    static ABOUT: About = About {
        name: "tap-x",
        description: "",
        version: "",
        capabilities: &[],
        settings: "{}",
        streams: Vec::new,
        crates: &["api_client"],
    };
    let asked = [("TAP_X_LOGLEVEL", "debug"), ("LOGLEVEL", "error")];
    let targets = targets(&ABOUT, &environment(&asked), None);
    for (target, level, enabled) in [
        ("tap_x::sync", Level::DEBUG, true),
        ("tap_x::sync", Level::TRACE, false),
        ("singer::target", Level::DEBUG, true),
        ("api_client", Level::DEBUG, true),
        ("hyper::client", Level::INFO, false),
        ("hyper::client", Level::WARN, true),
    ] {
        assert_eq!(targets.would_enable(target, &level), enabled, "{target} {level}");
    }
    let quiet = super::targets(&ABOUT, &environment(&[("LOGLEVEL", "critical")]), None);
    assert!(!quiet.would_enable("hyper", &Level::WARN));
    let silent = super::targets(&ABOUT, &environment(&[]), None);
    assert!(
        silent.would_enable("tap_x", &Level::INFO) && !silent.would_enable("tap_x", &Level::DEBUG)
    );
}
