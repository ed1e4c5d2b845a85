//! Settings from environment variables and `.env` files.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::schema::{aliases, properties};
use super::{ConfigError, merge};
use crate::about::{kinds, variable_name};

/// The variables that a program was started with.
///
/// A loader also gets its extractor's variables, secrets included, so this never shows what it holds.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// Where the search for an `.env` file begins; nowhere when absent.
    directory: Option<PathBuf>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Environment")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

impl FromIterator<(String, String)> for Environment {
    /// Exactly these variables, and no `.env` file.
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self { variables: variables.into_iter().collect(), directory: None }
    }
}

impl Environment {
    /// The variables of this process, and its working directory. Variables that are not UTF-8 are
    /// nobody's settings and are passed over.
    #[must_use]
    pub fn of_process() -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self { directory: std::env::current_dir().ok(), ..variables.collect() }
    }

    /// The same variables, with an `.env` file searched from `directory` upwards when settings are
    /// read.
    #[must_use]
    pub fn in_directory(self, directory: impl Into<PathBuf>) -> Self {
        Self { directory: Some(directory.into()), ..self }
    }

    /// The value of a variable; an empty one is as good as none.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The settings that the variables hold, under the names that were used, old ones included.
    pub(super) fn settings(
        &self,
        schema: &Value,
        prefix: &str,
    ) -> Result<Map<String, Value>, ConfigError> {
        let found = self.with_file()?;
        found.object(schema, prefix)
    }

    /// These variables, and those of the `.env` file that they do not hold.
    fn with_file(&self) -> Result<Cow<'_, Self>, ConfigError> {
        let ancestors = self.directory.iter().flat_map(|directory| directory.ancestors());
        let Some(path) = ancestors.map(|place| place.join(".env")).find(|path| path.is_file())
        else {
            return Ok(Cow::Borrowed(self));
        };
        let mut all = self.clone();
        for (name, value) in assignments(&path)? {
            all.variables.entry(name).or_insert(value);
        }
        Ok(Cow::Owned(all))
    }

    /// The members of an object that variables beginning with `prefix` hold.
    ///
    /// An object may come whole, as JSON, and its members one by one; the members win.
    fn object(&self, schema: &Value, prefix: &str) -> Result<Map<String, Value>, ConfigError> {
        let mut object = Map::new();
        for (name, property) in properties(schema) {
            for name in std::iter::once(name.as_str()).chain(aliases(property)) {
                let variable = format!("{prefix}_{}", variable_name(name));
                if let Some(text) = self.variable(&variable) {
                    let value = parse(text, property).map_err(|expected| {
                        ConfigError::Variable { variable: variable.clone(), expected }
                    })?;
                    object.insert(name.to_owned(), value);
                }
                let inner = self.object(property, &variable)?;
                if !inner.is_empty() {
                    merge(&mut object, Map::from_iter([(name.to_owned(), Value::Object(inner))]));
                }
            }
        }
        Ok(object)
    }
}

/// A variable's text as a value of the type that its setting has, or what was expected.
///
/// Where several types fit, JSON that looks like an array or object comes first and plain text
/// second, because text that happens to be digits or `on` may well be an identifier.
fn parse(text: &str, schema: &Value) -> Result<Value, String> {
    let kinds = kinds(schema);
    let allows = |kind: &str| kinds.is_empty() || kinds.contains(&kind);
    let json = serde_json::from_str::<Value>(text).ok();
    match &json {
        Some(Value::Array(_)) if allows("array") => return Ok(json.unwrap_or_default()),
        Some(Value::Object(_)) if allows("object") => return Ok(json.unwrap_or_default()),
        _ => {}
    }
    if allows("string") {
        return Ok(Value::String(text.to_owned()));
    }
    match json {
        Some(Value::Number(number)) if allows("number") => return Ok(Value::Number(number)),
        Some(Value::Number(number))
            if allows("integer") && (number.is_i64() || number.is_u64()) =>
        {
            return Ok(Value::Number(number));
        }
        _ => {}
    }
    if allows("boolean")
        && let Some(flag) = flag(text)
    {
        return Ok(Value::Bool(flag));
    }
    if allows("array") && !text.starts_with('[') {
        return list(text, schema.get("items").unwrap_or(&Value::Null));
    }
    Err(kinds
        .iter()
        .filter(|&&kind| kind != "null")
        .map(|kind| form(kind))
        .collect::<Vec<_>>()
        .join(" or "))
}

/// How a type is written in a variable.
fn form(kind: &str) -> &str {
    match kind {
        "boolean" => "true or false",
        "array" => "a JSON array or a list with commas",
        "object" => "a JSON object",
        "integer" => "an integer",
        "number" => "a number",
        other => other,
    }
}

/// The values between commas.
fn list(text: &str, items: &Value) -> Result<Value, String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| parse(item, items))
        .collect()
}

/// A yes or no in the words that people use.
fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// The assignments in an `.env` file.
fn assignments(path: &Path) -> Result<Vec<(String, String)>, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    let text = text.trim_start_matches('\u{feff}');
    let lines =
        text.lines().enumerate().map(|(index, line)| (index.saturating_add(1), line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, text)| {
            assignment(text).ok_or_else(|| ConfigError::Assignment { path: path.to_owned(), line })
        })
        .collect()
}

/// The name and value of one line, as shells would read it.
fn assignment(line: &str) -> Option<(String, String)> {
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    let value = if let Some(rest) = value.strip_prefix('\'') {
        rest.split_once('\'')?.0.to_owned()
    } else if let Some(rest) = value.strip_prefix('"') {
        quoted(rest)?
    } else {
        value.split(" #").next().unwrap_or_default().trim_end().to_owned()
    };
    Some((name.to_owned(), value))
}

/// The text up to a closing double quote, with backslash escapes.
fn quoted(text: &str) -> Option<String> {
    let mut value = String::new();
    let mut letters = text.chars();
    loop {
        match letters.next()? {
            '"' => return Some(value),
            '\\' => match letters.next()? {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                letter @ ('"' | '\\' | '$') => value.push(letter),
                letter => value.extend(['\\', letter]),
            },
            letter => value.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::super::load;
    use super::super::tests::{ABOUT, environment, loaded};
    use super::*;

    #[test]
    fn a_variable_is_read_as_the_type_of_its_setting() {
        for (variable, text, name, expected) in [
            ("TAP_X_TOKEN", "007", "token", json!("007")),
            ("TAP_X_ROWS", "12", "rows", json!(12)),
            ("TAP_X_SHARE", "0.5", "share", json!(0.5)),
            ("TAP_X_SHARE", "2", "share", json!(2)),
            ("TAP_X_DRY", "Yes", "dry", json!(true)),
            ("TAP_X_DRY", "off", "dry", json!(false)),
            ("TAP_X_DRY", "1", "dry", json!(true)),
            ("TAP_X_EITHER", "on", "either", json!(true)),
            ("TAP_X_EITHER", "7", "either", json!(7)),
            ("TAP_X_PLACES", "DE, US", "places", json!("DE, US")),
            ("TAP_X_PLACES", r#"["DE"]"#, "places", json!(["DE"])),
            ("TAP_X_PORTS", "1, 2,", "ports", json!([1, 2])),
            ("TAP_X_PORTS", "[3]", "ports", json!([3])),
            ("TAP_X_TOKENS", r#"{"na":"x"}"#, "tokens", json!({"na": "x"})),
            ("TAP_X_LIMIT_ROWS", "4", "limit", json!({"rows": 4})),
            ("TAP_X_LIMIT_MAX_ROWS", "5", "limit", json!({"rows": 5})),
        ] {
            let variables = [("TAP_X_TOKEN", "abc"), (variable, text)];
            let config = loaded(&[], &variables).unwrap();
            assert_eq!(config[name], expected, "{variable}={text}");
        }
    }

    #[test]
    fn members_of_an_object_win_over_the_object() {
        let variables = [
            ("TAP_X_TOKEN", "abc"),
            ("TAP_X_LIMIT", r#"{"rows":1,"words":["a"]}"#),
            ("TAP_X_LIMIT_ROWS", "9"),
        ];
        assert_eq!(loaded(&[], &variables).unwrap()["limit"], json!({"rows": 9, "words": ["a"]}));
    }

    #[test]
    fn a_variable_of_the_wrong_type_is_named_and_not_shown() {
        for (variable, expected) in [
            ("TAP_X_ROWS", "an integer"),
            ("TAP_X_SHARE", "a number"),
            ("TAP_X_DRY", "true or false"),
            ("TAP_X_PORTS", "an integer"),
            ("TAP_X_TOKENS", "a JSON object"),
            ("TAP_X_EITHER", "an integer or true or false"),
            ("TAP_X_LIMIT_ROWS", "an integer"),
        ] {
            let error = loaded(&[], &[(variable, "hunter2")]).unwrap_err().to_string();
            assert_eq!(error, format!("environment variable {variable}: expected {expected}"));
        }
    }

    #[test]
    fn the_nearest_env_file_fills_in_what_the_environment_lacks() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        let text = "# settings\nexport TAP_X_TOKEN='from file'\n\nTAP_X_ROWS = 3 # three\nTAP_X_MODE=\"fa\\x\\n\"\n";
        fs::write(folder.path().join(".env"), text).unwrap();
        let variables =
            environment(&[("TAP_X_TOKEN", "set"), ("TAP_X_MODE", "slow")]).in_directory(&inner);
        let config = load(&ABOUT, &[], &variables).unwrap();
        assert_eq!(Value::Object(config), json!({"token": "set", "rows": 3, "mode": "slow"}));
        let variables = environment(&[("TAP_X_MODE", "slow")]).in_directory(&inner);
        let config = load(&ABOUT, &["ENV".to_owned()], &variables).unwrap();
        assert_eq!(Value::Object(config), json!({"token": "from file", "rows": 3, "mode": "slow"}));
    }

    #[test]
    fn a_broken_env_file_is_named_with_its_line() {
        for text in ["A=1\nhunter2", "A=1\nB=\"hunter2", "A=1\nhunter 2=x"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(".env");
            fs::write(&path, text).unwrap();
            let variables = environment(&[]).in_directory(folder.path());
            let error = load(&ABOUT, &[], &variables).unwrap_err().to_string();
            assert_eq!(error, format!("{}: line 2: expected NAME=value", path.display()));
        }
    }
}
