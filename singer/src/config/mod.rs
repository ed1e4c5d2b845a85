//! From configuration files and the environment to settings that are known to be good.
//!
//! ```text
//!  file, file, …  ─ merged, the later wins ─┐
//!                                           ├─▶ old names renamed ─▶ checked ─▶ read::<T>
//!  PREFIX_SETTING, .env ─── wins over files ┘
//! ```
//!
//! A secret may have been written into any setting by mistake. So no error of this module holds a
//! value: it names the setting and says what is expected there. Names are shown, also those of members
//! that a user may choose.

mod environment;
mod schema;
mod value;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use environment::Environment;

use crate::about::About;

/// Why a configuration cannot be used. The text never holds a value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("config {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file is not one JSON value.
    #[error("config {}: line {line}, column {column}: not JSON", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line where reading stopped, counted from 1.
        line: usize,
        /// The column where reading stopped, counted from 1.
        column: usize,
    },
    /// A file holds JSON that is not an object.
    #[error("config {}: expected a JSON object of settings", path.display())]
    NotAnObject {
        /// The file.
        path: PathBuf,
    },
    /// Settings stand where the name of a file belongs.
    #[error("--config: expected the name of a file that holds the settings, not the settings")]
    Inline,
    /// A line of an `.env` file is not an assignment.
    #[error("{}: line {line}: expected NAME=value", path.display())]
    Assignment {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// An environment variable does not hold what its setting needs.
    #[error("environment variable {variable}: expected {expected}")]
    Variable {
        /// The variable's name.
        variable: String,
        /// What it should hold.
        expected: String,
    },
    /// A setting is given under its name and under an old one, with different values.
    #[error(
        "config: `{setting}` and `{alias}` are the same setting and differ; give only `{setting}`"
    )]
    Ambiguous {
        /// The setting's name.
        setting: String,
        /// The old name.
        alias: String,
    },
    /// Settings are missing or are not what they should be.
    #[error("config: {}", Listed(problems))]
    Invalid {
        /// One for each setting; never empty.
        problems: Vec<Problem>,
    },
    /// The program was built with settings that are not a JSON Schema.
    #[error("{name}: the settings compiled into this program are not a JSON Schema; report this")]
    Settings {
        /// The program.
        name: &'static str,
    },
}

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting, with the names of the objects around it before dots; empty for the whole.
    pub setting: String,
    /// What is expected of it, as the end of a sentence. Never holds what was found.
    pub expected: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.setting.is_empty() {
            write!(formatter, "`{}`: ", self.setting)?;
        }
        write!(formatter, "expected {}", self.expected)
    }
}

/// Problems on one line.
struct Listed<'a>(&'a [Problem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl ConfigError {
    /// A setting that a program finds wrong by rules of its own. `expected` ends a sentence and must
    /// not hold the value.
    #[must_use]
    pub fn setting(setting: impl Into<String>, expected: impl Into<String>) -> Self {
        let problem = Problem { setting: setting.into(), expected: expected.into() };
        Self::Invalid { problems: vec![problem] }
    }
}

/// The settings from `sources`: paths of files, and the word `ENV` for the environment.
///
/// Files are merged in their order, the later wins, objects member by member; the environment wins
/// over all of them. It is read only where `ENV` says so, so that a surprising variable cannot change
/// a run, or where there are no sources at all. A setting that is `null` is not set. Settings that the
/// program does not know are left out with a warning each.
pub fn load(
    about: &About,
    sources: &[String],
    environment: &Environment,
) -> Result<Map<String, Value>, ConfigError> {
    let settings = about.settings()?;
    let mut config = Map::new();
    for source in sources.iter().filter(|source| !is_environment(source)) {
        if source.trim_start().starts_with('{') {
            return Err(ConfigError::Inline);
        }
        let mut file = read_file(Path::new(source))?;
        schema::rename(&settings, &mut file, "")?;
        merge(&mut config, file);
    }
    if sources.is_empty() || sources.iter().any(|source| is_environment(source)) {
        let mut variables = environment.settings(&settings, &about.prefix())?;
        schema::rename(&settings, &mut variables, "")?;
        merge(&mut config, variables);
    }
    for setting in schema::take_unknown(&settings, &mut config, "") {
        tracing::warn!("config: `{setting}` is not a setting of {} and is ignored", about.name);
    }
    schema::check(about, &settings, &config)?;
    Ok(config)
}

/// Settings as a program's own type.
///
/// The error names the setting and what is expected there, in the words of the type that refused it.
/// It repeats no value: what serde would say of a refused value is never written down.
pub fn read<T: DeserializeOwned>(config: Map<String, Value>) -> Result<T, ConfigError> {
    value::read(config).map_err(|problem| ConfigError::Invalid { problems: vec![problem] })
}

/// Whether a source is the word for the environment.
fn is_environment(source: &str) -> bool {
    source.eq_ignore_ascii_case("ENV")
}

/// The settings in one file.
fn read_file(path: &Path) -> Result<Map<String, Value>, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(config)) => Ok(config),
        Ok(_) => Err(ConfigError::NotAnObject { path: path.to_owned() }),
        Err(error) => Err(ConfigError::Syntax {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
        }),
    }
}

/// Lays `above` over `below`: objects member by member, anything else whole.
fn merge(below: &mut Map<String, Value>, above: Map<String, Value>) {
    for (name, value) in above {
        match (below.get_mut(&name), value) {
            (Some(Value::Object(below)), Value::Object(above)) => merge(below, above),
            (_, value) => {
                below.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
