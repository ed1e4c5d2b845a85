//! What a program says about itself, to people and to the tools that run it.
//!
//! One JSON Schema describes the settings; the three forms of `--about`, the environment's variables
//! and the check of a configuration are all made from it.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::ConfigError;

/// A program's description of itself, compiled into it.
#[derive(Debug)]
pub struct About {
    /// The program's name, with dashes, such as `tap-something`.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub description: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The protocol's words for what it can do, such as `catalog` or `structured-logging`.
    pub capabilities: &'static [&'static str],
    /// JSON Schema of its settings, as text.
    ///
    /// An object with `properties`, each with `description`, and `default`, `enum` where they apply.
    /// Secrets have `secret: true` and `writeOnly: true`. Older names that are still accepted stand in
    /// `x-aliases`, a list.
    pub settings: &'static str,
    /// The streams it can extract; none for a target.
    pub streams: fn() -> Vec<&'static str>,
    /// Crates beside the program's own whose log follows the level that is asked for; all others log
    /// warnings only.
    pub crates: &'static [&'static str],
}

/// The forms in which a program describes itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, at a terminal.
    #[default]
    Text,
    /// For tools; the members and their order are those that plugin registries read.
    Json,
    /// For a documentation page.
    Markdown,
}

/// The answer to `--about --format json`, in the order of its members.
#[derive(Serialize)]
struct Document<'a> {
    name: &'a str,
    description: &'a str,
    version: &'a str,
    sdk_version: &'a str,
    supported_python_versions: Option<&'a [&'a str]>,
    capabilities: &'a [&'a str],
    settings: Value,
    supported_streams: Vec<&'a str>,
}

/// One setting, as a row of a table.
struct Row<'a> {
    /// The name, with the names of the objects around it before dots.
    name: String,
    schema: &'a Value,
    is_required: bool,
}

impl About {
    /// The schema of the settings.
    ///
    /// Fails only if the program was built with a text that is not a JSON object.
    pub fn settings(&self) -> Result<Value, ConfigError> {
        serde_json::from_str::<Map<String, Value>>(self.settings)
            .map(Value::Object)
            .map_err(|_| ConfigError::Settings { name: self.name })
    }

    /// What the names of its environment variables begin with, without the underscore after it.
    #[must_use]
    pub fn prefix(&self) -> String {
        variable_name(self.name)
    }

    /// The description in one of its forms, without a line end after the last line.
    pub fn render(&self, format: Format) -> Result<String, ConfigError> {
        let settings = self.settings()?;
        Ok(match format {
            Format::Text => self.text(&settings),
            Format::Json => self.json(settings)?,
            Format::Markdown => self.markdown(&settings),
        })
    }

    /// The form for people.
    fn text(&self, settings: &Value) -> String {
        let mut text = format!("{} {}\n{}\n", self.name, self.version, self.description);
        let _ = write!(text, "\nCapabilities: {}\n", self.capabilities.join(", "));
        let streams = (self.streams)();
        if !streams.is_empty() {
            let _ = write!(text, "\nStreams: {}\n", streams.join(", "));
        }
        text.push_str("\nSettings:\n");
        for row in rows(settings) {
            let remarks: Vec<String> = [
                Some(row.kind()),
                row.is_required.then(|| "required".to_owned()),
                row.is_secret().then(|| "secret".to_owned()),
                row.default().map(|default| format!("default {default}")),
            ]
            .into_iter()
            .flatten()
            .collect();
            let _ = write!(
                text,
                "  {} ({})\n      {}\n",
                row.name,
                remarks.join(", "),
                row.description()
            );
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// The form for tools.
    fn json(&self, mut settings: Value) -> Result<String, ConfigError> {
        without_aliases(&mut settings);
        let document = Document {
            name: self.name,
            description: self.description,
            version: self.version,
            sdk_version: env!("CARGO_PKG_VERSION"),
            supported_python_versions: None,
            capabilities: self.capabilities,
            settings,
            supported_streams: (self.streams)(),
        };
        serde_json::to_string_pretty(&document)
            .map_err(|_| ConfigError::Settings { name: self.name })
    }

    /// The form for a documentation page.
    fn markdown(&self, settings: &Value) -> String {
        let mut text =
            format!("# `{}`\n\n{}\n\nVersion {}\n", self.name, self.description, self.version);
        text.push_str("\n## Capabilities\n\n");
        for capability in self.capabilities {
            let _ = writeln!(text, "* `{capability}`");
        }
        let streams = (self.streams)();
        if !streams.is_empty() {
            text.push_str("\n## Streams\n\n");
            for stream in streams {
                let _ = writeln!(text, "* `{stream}`");
            }
        }
        text.push_str("\n## Settings\n\n| Setting | Type | Required | Default | Description |\n");
        text.push_str("|:--------|:-----|:---------|:--------|:------------|\n");
        for row in rows(settings) {
            let default = row.default().map(|default| format!("`{default}`")).unwrap_or_default();
            let required = if row.is_required { "yes" } else { "" };
            let secret = if row.is_secret() { "(secret) " } else { "" };
            let cells =
                [&row.kind(), required, &default, &format!("{secret}{}", row.description())]
                    .map(cell)
                    .join(" | ");
            let _ = writeln!(text, "| `{}` | {cells} |", row.name);
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// A setting's part of the name of its environment variable.
pub(crate) fn variable_name(name: &str) -> String {
    name.chars()
        .map(
            |letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' },
        )
        .collect()
}

/// The JSON types that a schema allows, those of its alternatives included, each once.
pub(crate) fn kinds(schema: &Value) -> Vec<&str> {
    let mut kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind.as_str()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    for keyword in ["anyOf", "oneOf"] {
        for branch in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            for kind in self::kinds(branch) {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
        }
    }
    kinds
}

/// All settings of a schema, those inside objects after the object.
fn rows(settings: &Value) -> Vec<Row<'_>> {
    let required = settings.get("required").and_then(Value::as_array);
    let properties = settings.get("properties").and_then(Value::as_object);
    let mut rows = Vec::new();
    for (name, schema) in properties.into_iter().flatten() {
        let is_required =
            required.is_some_and(|names| names.iter().any(|required| required == name));
        rows.push(Row { name: name.clone(), schema, is_required });
        rows.extend(self::rows(schema).into_iter().map(|row| Row {
            name: format!("{name}.{}", row.name),
            is_required: row.is_required && is_required,
            ..row
        }));
    }
    rows
}

impl Row<'_> {
    /// The types that the setting can have, or its words.
    fn kind(&self) -> String {
        if let Some(Value::Array(words)) = self.schema.get("enum") {
            let words = words.iter().filter(|word| !word.is_null()).map(plain);
            return words.collect::<Vec<_>>().join(" / ");
        }
        let kinds = kinds(self.schema).into_iter().filter(|&kind| kind != "null");
        kinds.collect::<Vec<_>>().join(" or ")
    }

    /// What the setting means, on one line.
    fn description(&self) -> String {
        let text = self.schema.get("description").and_then(Value::as_str).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The value that holds when nobody sets one.
    fn default(&self) -> Option<String> {
        self.schema.get("default").filter(|default| !default.is_null()).map(plain)
    }

    /// Whether the value must not be shown.
    fn is_secret(&self) -> bool {
        self.schema.get("secret") == Some(&Value::Bool(true))
    }
}

/// A value as people write it: a string without quotes, anything else as JSON.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text that cannot end a table's cell early.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Takes the old names away, which are for old configurations and not for new readers.
fn without_aliases(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.shift_remove("x-aliases");
            members.values_mut().for_each(without_aliases);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_aliases),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static ABOUT: About = About {
        name: "tap-x",
        description: "Extracts x.",
        version: "1.2.3",
        capabilities: &["catalog", "discover"],
        settings: r#"{
            "type": "object",
            "required": ["key"],
            "properties": {
                "key": {"type": "string", "description": "Opens a | door.", "secret": true,
                    "writeOnly": true, "x-aliases": ["old_key"]},
                "mode": {"enum": ["fast", "slow", null], "default": "fast", "description": "How."},
                "limit": {"type": ["object", "null"], "description": "Limits.", "properties": {
                    "rows": {"type": ["integer", "null"], "default": 5, "description": "Rows.",
                        "x-aliases": ["max"]}}}
            }
        }"#,
        streams: || vec!["a", "b"],
        crates: &[],
    };

    #[test]
    fn tools_get_the_members_that_they_read_in_their_order() {
        let text = ABOUT.render(Format::Json).unwrap();
        let document: Map<String, Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(
            document.keys().collect::<Vec<_>>(),
            [
                "name",
                "description",
                "version",
                "sdk_version",
                "supported_python_versions",
                "capabilities",
                "settings",
                "supported_streams"
            ]
        );
        assert_eq!(document["supported_python_versions"], Value::Null);
        assert_eq!(document["supported_streams"], serde_json::json!(["a", "b"]));
        assert_eq!(
            document["settings"]["properties"]["key"],
            serde_json::json!({"type": "string", "description": "Opens a | door.", "secret": true,
                "writeOnly": true})
        );
        assert!(text.starts_with("{\n  \"name\": \"tap-x\""), "{text}");
        assert!(!text.contains("x-aliases"), "{text}");
    }

    #[test]
    fn a_page_has_a_row_for_every_setting() {
        let text = ABOUT.render(Format::Markdown).unwrap();
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(
            rows,
            [
                "| `key` | string | yes |  | (secret) Opens a \\| door. |",
                "| `mode` | fast / slow |  | `fast` | How. |",
                "| `limit` | object |  |  | Limits. |",
                "| `limit.rows` | integer |  | `5` | Rows. |",
            ]
        );
    }

    #[test]
    fn people_get_a_text() {
        assert_eq!(
            ABOUT.render(Format::Text).unwrap(),
            "tap-x 1.2.3\nExtracts x.\n\nCapabilities: catalog, discover\n\nStreams: a, b\n\nSettings:\n  \
             key (string, required, secret)\n      Opens a | door.\n  \
             mode (fast / slow, default fast)\n      How.\n  \
             limit (object)\n      Limits.\n  \
             limit.rows (integer, default 5)\n      Rows."
        );
    }

    #[test]
    fn variables_are_named_after_the_program() {
        assert_eq!(ABOUT.prefix(), "TAP_X");
    }
}
