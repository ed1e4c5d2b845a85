//! The promises of a configuration, with values.

use std::collections::HashMap;
use std::fs;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;

pub(super) static ABOUT: About = About {
    name: "tap-x",
    description: "",
    version: "",
    capabilities: &[],
    settings: r#"{
        "type": "object",
        "required": ["token"],
        "properties": {
            "token": {"type": "string", "secret": true, "writeOnly": true, "minLength": 3,
                "x-aliases": ["old_token", "older_token"]},
            "tokens": {"type": "object", "additionalProperties": {"type": "string"}},
            "places": {"type": ["array", "string", "null"], "items": {"type": "string"}},
            "ports": {"type": "array", "items": {"type": "integer"}},
            "since": {"type": "string", "format": "date-time"},
            "rows": {"type": "integer", "minimum": 1},
            "share": {"type": "number"},
            "dry": {"type": "boolean"},
            "mode": {"enum": ["fast", "slow"]},
            "limit": {
                "type": "object",
                "properties": {
                    "rows": {"type": "integer", "x-aliases": ["max-rows"]},
                    "words": {"type": "array", "items": {"type": "string"}}
                }
            },
            "streams": {"type": "object", "additionalProperties": {
                "type": "object", "properties": {"days": {"type": "integer"}}}},
            "either": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}
        }
    }"#,
    streams: Vec::new,
    crates: &[],
};

/// Every setting of [`ABOUT`], as a program would take it.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Config {
    token: Token,
    tokens: Option<HashMap<String, Token>>,
    places: Option<Places>,
    #[serde(default)]
    ports: Vec<u16>,
    since: Option<DateTime<Utc>>,
    rows: Option<u32>,
    share: Option<f64>,
    #[serde(default)]
    dry: bool,
    mode: Option<Mode>,
    limit: Option<Limit>,
    streams: Option<HashMap<String, Stream>>,
    either: Option<Value>,
}

/// A text whose own check repeats it in its error, as careless types do.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(try_from = "String")]
struct Token(String);

impl TryFrom<String> for Token {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text.contains("hunter2") { Err(format!("{text} is no token")) } else { Ok(Self(text)) }
    }
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Places {
    Text(Token),
    List(Vec<Token>),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Fast,
    Slow,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Limit {
    rows: Option<i64>,
    words: Option<(String, char)>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Stream {
    days: u8,
}

pub(super) fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What files of these texts give, with `ENV` after them if there are variables.
pub(super) fn loaded(files: &[&str], variables: &[(&str, &str)]) -> Result<Value, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = Vec::new();
    for (index, text) in files.iter().enumerate() {
        let path = folder.path().join(format!("{index}.json"));
        fs::write(&path, text).unwrap();
        sources.push(path.to_str().unwrap().to_owned());
    }
    if !variables.is_empty() {
        sources.insert(0, "Env".to_owned());
    }
    load(&ABOUT, &sources, &environment(variables)).map(Value::Object)
}

#[test]
fn files_are_merged_member_by_member_and_the_later_wins() {
    let first = r#"{"token": "abc", "limit": {"rows": 1, "words": ["a"]}, "ports": [1]}"#;
    let second = r#"{"limit": {"rows": 2}, "ports": [2]}"#;
    assert_eq!(
        loaded(&[first, second], &[]).unwrap(),
        json!({"token": "abc", "limit": {"rows": 2, "words": ["a"]}, "ports": [2]})
    );
}

#[test]
fn the_environment_wins_over_files_wherever_it_stands() {
    let file = r#"{"token": "abc", "rows": 1}"#;
    let variables = [("TAP_X_ROWS", "2")];
    assert_eq!(loaded(&[file], &variables).unwrap(), json!({"token": "abc", "rows": 2}));
}

#[test]
fn a_variable_changes_nothing_unless_the_environment_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    fs::write(&path, "\u{feff}{\"token\": \"abc\"}").unwrap();
    let variables = environment(&[("TAP_X_TOKEN", "def")]);
    let config = load(&ABOUT, &[path.to_str().unwrap().to_owned()], &variables).unwrap();
    assert_eq!(Value::Object(config), json!({"token": "abc"}));
    let config = load(&ABOUT, &[], &variables).unwrap();
    assert_eq!(Value::Object(config), json!({"token": "def"}));
}

#[test]
fn old_names_are_accepted() {
    let file = r#"{"older_token": "abc", "limit": {"max-rows": 3}}"#;
    assert_eq!(loaded(&[file], &[]).unwrap(), json!({"token": "abc", "limit": {"rows": 3}}));
    let file = r#"{"older_token": "abc", "token": "abc"}"#;
    assert_eq!(loaded(&[file], &[]).unwrap(), json!({"token": "abc"}));
    let file = r#"{"old_token": "abc", "token": null}"#;
    let lines = crate::log::tests::logged(crate::log::Layout::Text, || {
        assert_eq!(loaded(&[file], &[]).unwrap(), json!({"token": "abc"}));
    });
    assert!(lines.is_empty(), "{lines:?}");
}

#[test]
fn an_old_name_in_one_source_gives_way_to_a_later_source() {
    let files = [r#"{"old_token": "abc"}"#, r#"{"token": "def"}"#];
    assert_eq!(loaded(&files, &[]).unwrap(), json!({"token": "def"}));
    let variables = [("TAP_X_OLD_TOKEN", "env")];
    assert_eq!(loaded(&files, &variables).unwrap(), json!({"token": "env"}));
}

#[test]
fn two_names_with_two_values_are_refused_and_both_are_named() {
    let error = loaded(&[r#"{"token": "hunter2", "old_token": "hunter3"}"#], &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "config: `token` and `old_token` are the same setting and differ; give only `token`"
    );
}

#[test]
fn unknown_settings_are_left_out_and_named_once() {
    let file = r#"{"token": "abc", "colour": 1, "tokens": {"any": "x"}, "limit": {"rows": 1, "sky": 2},
        "streams": {"orders": {"days": 1, "dayz": 2}}}"#;
    let lines = crate::log::tests::logged(crate::log::Layout::Text, || {
        assert_eq!(
            loaded(&[file], &[]).unwrap(),
            json!({"token": "abc", "tokens": {"any": "x"}, "limit": {"rows": 1},
                "streams": {"orders": {"days": 1}}})
        );
    });
    let names: Vec<&str> = lines.iter().map(|line| line.split('`').nth(1).unwrap()).collect();
    assert_eq!(names, ["colour", "limit.sky", "streams.orders.dayz"]);
    assert!(lines.iter().all(|line| line.contains("| WARNING ")), "{lines:?}");
}

#[test]
fn every_wrong_setting_is_named_with_what_is_expected() {
    let file = r#"{"token": "ab", "rows": 0, "share": "x", "mode": "hunter2", "ports": [1, "x"],
        "limit": {"rows": "x"}, "streams": {"orders": {"days": 1.5}}, "either": "x", "places": 1}"#;
    let ConfigError::Invalid { mut problems } = loaded(&[file], &[]).unwrap_err() else { panic!() };
    problems.sort_by(|a, b| a.setting.cmp(&b.setting));
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "`either`: expected integer or boolean",
            "`limit.rows`: expected integer",
            "`mode`: expected one of fast, slow",
            "`places`: expected array or string",
            "`ports.1`: expected integer",
            "`rows`: expected at least 1",
            "`share`: expected number",
            "`streams.orders.days`: expected integer",
            "`token`: expected at least 3 characters",
        ]
    );
}

#[test]
fn null_is_not_set() {
    let error = loaded(&[r#"{"token": null, "rows": null}"#], &[]).unwrap_err();
    assert_eq!(error.to_string(), "config: `token`: expected a value; it is required and not set");
}

#[test]
fn a_file_that_is_no_configuration_is_named_and_not_shown() {
    for (text, end) in [
        ("{\n  \"token\": hunter2}", ".json: line 2, column 12: not JSON"),
        ("\"hunter2\"", ".json: expected a JSON object of settings"),
        ("", ".json: line 1, column 0: not JSON"),
    ] {
        let error = loaded(&[text], &[]).unwrap_err().to_string();
        assert!(error.ends_with(end) && !error.contains("hunter2"), "{error}");
    }
    let error =
        load(&ABOUT, &[r#"{"token": "hunter2"}"#.to_owned()], &environment(&[])).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn settings_become_a_program_s_own_type() {
    let file = r#"{"token": "abc", "tokens": {"na": "x"}, "places": ["DE"], "ports": [80],
        "since": "2026-01-01T00:00:00Z", "rows": 5, "share": 1, "dry": true, "mode": "slow",
        "limit": {"rows": -1}, "streams": {"orders": {"days": 7}}, "either": true}"#;
    let Value::Object(config) = loaded(&[file], &[]).unwrap() else { panic!() };
    let config: Config = read(config).unwrap();
    assert_eq!(
        config,
        Config {
            token: Token("abc".to_owned()),
            tokens: Some(HashMap::from([("na".to_owned(), Token("x".to_owned()))])),
            places: Some(Places::List(vec![Token("DE".to_owned())])),
            ports: vec![80],
            since: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            rows: Some(5),
            share: Some(1.0),
            dry: true,
            mode: Some(Mode::Slow),
            limit: Some(Limit { rows: Some(-1), words: None }),
            streams: Some(HashMap::from([("orders".to_owned(), Stream { days: 7 })])),
            either: Some(json!(true)),
        }
    );
}

#[test]
fn a_type_that_refuses_a_setting_says_where_and_what_it_wants() {
    for (config, expected) in [
        (json!({"token": 7}), "`token`: expected a string"),
        (
            json!({"token": "hunter2"}),
            "`token`: expected another value; see the description of the setting",
        ),
        (json!({}), "`token`: expected a value; it is required and not set"),
        (
            json!({"token": "a", "since": "hunter2"}),
            "`since`: expected an RFC 3339 formatted date and time string",
        ),
        (json!({"token": "a", "rows": -7}), "`rows`: expected u32"),
        (json!({"token": "a", "ports": [1, 70000]}), "`ports.1`: expected u16"),
        (json!({"token": "a", "mode": "hunter2"}), "`mode`: expected one of fast, slow"),
        (json!({"token": "a", "mode": ["hunter2"]}), "`mode`: expected one of fast, slow"),
        (json!({"token": "a", "streams": {"o": {"days": "x"}}}), "`streams.o.days`: expected u8"),
        (
            json!({"token": "a", "limit": {"words": ["x"]}}),
            "`limit.words`: expected a tuple of size 2",
        ),
    ] {
        let Value::Object(object) = config.clone() else { panic!() };
        let error = read::<Config>(object).unwrap_err().to_string();
        assert_eq!(error, format!("config: {expected}"), "{config}");
    }
}

/// A value of any type that holds a secret, as a text or as a number.
fn secret() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!("hunter2")),
        Just(json!("x hunter2 x")),
        Just(json!(8_675_309)),
        Just(json!(-8_675_309)),
        Just(json!(8_675_309.25)),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Value::Array),
            inner.prop_map(|value| json!({ "days": value })),
        ]
    })
}

const NAMES: &[&str] = &[
    "token",
    "tokens",
    "places",
    "ports",
    "since",
    "rows",
    "share",
    "dry",
    "mode",
    "limit",
    "streams",
    "either",
    "old_token",
    "unknown",
];

proptest! {
    /// Whatever is written into whichever setting, no error and no line of the log repeats it.
    #[test]
    fn no_value_shows_in_an_error(
        settings in prop::collection::btree_map(prop::sample::select(NAMES), secret(), 1..5),
    ) {
        let config: Map<String, Value> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let text = serde_json::to_string(&config).unwrap();
        let variables: Vec<(String, String)> = settings
            .iter()
            .map(|(name, value)| (format!("TAP_X_{}", name.to_uppercase()), crate::about::plain(value)))
            .collect();
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut said = crate::log::tests::logged(crate::log::Layout::Text, || {
            let _ = loaded(&[&text], &[]);
        });
        let errors = [
            loaded(&[&text], &[]).err(),
            loaded(&[text.trim_end_matches('}')], &[]).err(),
            loaded(&[], &variables).err(),
            read::<Config>(config).err(),
        ];
        for error in errors.into_iter().flatten() {
            said.push(format!("{error} {error:?}"));
        }
        prop_assert!(!said.is_empty());
        for line in said {
            prop_assert!(!line.contains("hunter2") && !line.contains("8675309"), "{}", line);
        }
    }
}
