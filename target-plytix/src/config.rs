//! The settings, in types that cannot be wrong later.

use std::path::PathBuf;
use std::time::Duration;

use api_client::Window;
use chrono::NaiveDate;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use singer::about::About;
use singer::config::ConfigError;
use singer::target::Limits;

use crate::mapping::{self, Mapping};
use crate::phase::{Manner, Phase, Phases};
use crate::report::digest::hex;
use crate::run::Retention;

/// What this program says about itself.
pub static ABOUT: About = About {
    name: "target-plytix",
    description: env!("CARGO_PKG_DESCRIPTION"),
    version: env!("CARGO_PKG_VERSION"),
    capabilities: &["about", "structured-logging"],
    settings: include_str!("../settings.json"),
    streams: Vec::new,
    crates: &["api_client"],
};

/// The target's settings; `settings.json` describes them.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct Config {
    /// API key.
    pub api_key: SecretString,
    /// Password of the key.
    pub api_password: SecretString,
    /// Where access tokens come from.
    pub auth_url: String,
    /// Where the API is.
    pub api_url: String,
    /// Requests that the account's plan allows in ten seconds.
    pub requests_per_10_seconds: u32,
    /// Requests that the account's plan allows in an hour.
    pub requests_per_hour: u32,
    /// Share of both limits that this target uses, above 0 and at most 1.
    pub quota_share: f64,
    /// Longest wait that Plytix may ask for, in seconds.
    pub max_rate_limit_wait_seconds: u64,
    /// How long one request may take, in seconds.
    pub request_timeout_seconds: u64,
    /// Family of new products, by name or id; empty for none, and that of the mapping if it is not set.
    pub family: Option<String>,
    /// A mapping in place of the built-in one.
    pub mapping: Option<PathBuf>,
    /// What is done.
    pub phases: Vec<Phase>,
    /// Whether attributes, the family and relationships are made that the account lacks.
    pub create_missing_definitions: bool,
    /// How pictures are put on a product.
    pub image_link_mode: LinkMode,
    /// Where runs are kept.
    pub run_dir: PathBuf,
    /// How many of the newest runs are kept.
    pub keep_runs: usize,
    /// How long a run is kept at most, in days.
    pub keep_run_days: u32,
    /// How long something that was seen in Plytix is not looked at again, in days.
    pub remember_days: u64,
    /// What is printed.
    pub output: OutputMode,
    /// When the date of the last change is written.
    pub touch_last_synced: Touch,
    /// Products that are written at the same time.
    pub parallel_writes: usize,
    /// Whether to read only.
    pub dry_run: bool,
    /// Records that are worth a commit.
    pub batch_size_rows: usize,
    /// Seconds that are worth a commit.
    pub batch_wait_limit_seconds: u64,
}

/// How pictures are put on a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkMode {
    /// The whole gallery and the thumbnail with one write.
    #[default]
    Patch,
    /// Each with a request of its own; pictures that are there stay.
    Append,
}

/// What is printed on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputMode {
    /// As hotglue wants it where its environment is there, else as Singer does.
    #[default]
    Auto,
    /// The tap's states, as they become true.
    Singer,
    /// What became of every record, once, at the end.
    Hotglue,
}

/// When the date of the last change is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Touch {
    /// Together with a real change.
    #[default]
    Changed,
    /// Also once a day without one.
    Daily,
    /// Never.
    Never,
}

impl Default for Config {
    /// What `settings.json` names as defaults; the credentials have none there and are required.
    fn default() -> Self {
        Self {
            api_key: SecretString::default(),
            api_password: SecretString::default(),
            auth_url: "https://auth.plytix.com".to_owned(),
            api_url: "https://pim.plytix.com".to_owned(),
            requests_per_10_seconds: 20,
            requests_per_hour: 5000,
            quota_share: 1.0,
            max_rate_limit_wait_seconds: 3700,
            request_timeout_seconds: 60,
            family: None,
            mapping: None,
            phases: Phase::ALL.to_vec(),
            create_missing_definitions: false,
            image_link_mode: LinkMode::default(),
            run_dir: PathBuf::from("plytix-runs"),
            keep_runs: 30,
            keep_run_days: 90,
            remember_days: 30,
            output: OutputMode::default(),
            touch_last_synced: Touch::default(),
            parallel_writes: 3,
            dry_run: false,
            batch_size_rows: 50_000,
            batch_wait_limit_seconds: 900,
        }
    }
}

impl Config {
    /// The mapping that the settings name, or the built-in one.
    ///
    /// # Errors
    /// A file that cannot be read, or a mapping that cannot work.
    pub fn mapping(&self) -> Result<Mapping, ConfigError> {
        let Some(path) = &self.mapping else { return Mapping::read(mapping::DEFAULT) };
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?;
        Mapping::read(&text)
    }

    /// How a run of this day writes.
    #[must_use]
    pub fn manner(&self, mapping: &Mapping, today: NaiveDate) -> Manner {
        let family = self.family.as_ref().unwrap_or(&mapping.workflow().family);
        Manner {
            family: family.clone(),
            touch: self.touch_last_synced,
            today,
            parallel: self.parallel_writes,
            phases: Phases::of(&self.phases),
            again: false,
            link_mode: self.image_link_mode,
            create_missing: self.create_missing_definitions,
        }
    }

    /// The file of what is remembered about this account; its name tells accounts apart and no key.
    #[must_use]
    pub fn memory(&self) -> PathBuf {
        let mut digest = Sha256::new();
        digest.update(&self.api_url);
        digest.update([0]);
        digest.update(self.api_key.expose_secret());
        let name = hex(digest.finalize().get(..6).unwrap_or_default());
        self.run_dir.join(format!("memory-{name}.jsonl"))
    }

    /// How long runs are kept.
    #[must_use]
    pub fn retention(&self) -> Retention {
        Retention { runs: self.keep_runs, days: self.keep_run_days }
    }

    /// The share of the account's limits that this target keeps within.
    #[must_use]
    pub fn windows(&self) -> [Window; 2] {
        let share = |requests| share(requests, self.quota_share);
        [
            Window { requests: share(self.requests_per_10_seconds), per: Duration::from_secs(10) },
            Window { requests: share(self.requests_per_hour), per: Duration::from_hours(1) },
        ]
    }

    /// When what was collected is worth a commit. Bytes do not count: what is kept of a record is small
    /// and of a known shape, and Plytix is so slow that fewer, larger commits save requests.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            rows: self.batch_size_rows,
            bytes: usize::MAX,
            age: Duration::from_secs(self.batch_wait_limit_seconds),
        }
    }
}

/// A share of a limit, rounded down, and at least one.
fn share(requests: u32, share: f64) -> u32 {
    let part = (f64::from(requests) * share).floor();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float becomes the nearest integer of the type, and the share is at most one"
    )]
    let part = part as u32;
    part.max(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(settings: serde_json::Value) -> Result<Config, ConfigError> {
        let serde_json::Value::Object(settings) = settings else { panic!("an object") };
        singer::config::read(settings)
    }

    #[test]
    fn the_defaults_are_those_that_the_program_describes() {
        let schema: serde_json::Value = serde_json::from_str(ABOUT.settings).unwrap();
        let mut described = serde_json::Map::new();
        for (name, property) in schema["properties"].as_object().unwrap() {
            if let Some(default) = property.get("default") {
                described.insert(name.clone(), default.clone());
            }
        }
        // The credentials, the mapping, and the family, which the mapping names.
        assert_eq!(described.len(), schema["properties"].as_object().unwrap().len() - 4);
        let described = format!("{:?}", config(described.into()).unwrap());
        assert_eq!(described, format!("{:?}", config(json!({})).unwrap()));
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let config = config(json!({"api_key": "hunter2", "api_password": "hunter2"})).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn a_share_of_the_quota_is_never_nothing() {
        let windows = |share| {
            let settings = json!({"quota_share": share, "requests_per_hour": 2000});
            config(settings).unwrap().windows().map(|window| window.requests)
        };
        assert_eq!(windows(1.0), [20, 2000]);
        assert_eq!(windows(0.5), [10, 1000]);
        assert_eq!(windows(0.001), [1, 2]);
    }

    #[test]
    fn a_mapping_file_that_is_not_there_is_named() {
        let config = config(json!({"mapping": "/nowhere/mapping.json"})).unwrap();
        assert_eq!(config.mapping().unwrap_err().to_string(), "config /nowhere/mapping.json");
    }
}
