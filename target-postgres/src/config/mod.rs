//! The settings, in types that cannot be wrong later.

mod tables;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use singer::about::About;
use singer::config::ConfigError;
use singer::target::Limits;

pub(crate) use self::tables::identifier;
pub use self::tables::{Extra, Lookup, TableSettings, key_properties, looked_up};
use crate::copy::{Treatment, TreatmentOfDates, TreatmentOfNul};
use crate::name::Case;

/// What this program says about itself.
pub static ABOUT: About = About {
    name: "target-postgres",
    description: env!("CARGO_PKG_DESCRIPTION"),
    version: env!("CARGO_PKG_VERSION"),
    capabilities: &[
        "about",
        "activate-version",
        "batch",
        "hard-delete",
        "schema-flattening",
        "soft-delete",
        "structured-logging",
        "target-schema",
        "validate-records",
    ],
    settings: include_str!("../../settings.json"),
    streams: Vec::new,
    crates: &[],
};

/// The settings that say where the database is; what they leave out libpq's variables say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ConnectionSettings {
    /// A connection URL.
    pub sqlalchemy_url: Option<SecretString>,
    /// Host name, address, or folder of a socket.
    pub host: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// User.
    pub user: Option<String>,
    /// Password.
    pub password: Option<SecretString>,
    /// Database.
    pub database: Option<String>,
    /// The connection's name in the server's lists.
    pub application_name: Option<String>,
    /// Seconds that one address may take to answer; 0 for ever.
    pub connect_timeout_seconds: Option<u64>,
    /// Rules over `ssl_mode`.
    pub ssl_enable: Option<bool>,
    /// How much the connection is protected.
    pub ssl_mode: Option<String>,
    /// Authorities to trust.
    pub ssl_certificate_authority: Option<String>,
    /// Whether a client's certificate is shown.
    pub ssl_client_certificate_enable: Option<bool>,
    /// The client's certificate.
    pub ssl_client_certificate: Option<String>,
    /// Its key.
    pub ssl_client_private_key: Option<SecretString>,
    /// Not supported.
    pub ssh_tunnel: SshTunnel,
}

/// A tunnel, which somebody else has to open.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SshTunnel {
    /// Whether one is asked for.
    pub enable: bool,
}

/// The target's settings; `settings.json` describes them.
#[derive(Debug, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that other targets have by these names"
)]
pub struct Config {
    /// Where the database is.
    #[serde(flatten)]
    pub connection: ConnectionSettings,
    /// PostgreSQL's schema in which the tables lie.
    pub default_target_schema: String,
    /// What becomes of the rows that are there.
    pub load_method: LoadMethod,
    /// Records that are worth a transaction.
    pub batch_size_rows: usize,
    /// Bytes that are worth a transaction.
    pub batch_size_bytes: usize,
    /// Seconds that are worth a transaction.
    pub batch_wait_limit_seconds: u64,
    /// The name under which states are stored; nothing where they are not.
    pub state_id: Option<String>,
    /// Whether tables get metadata columns.
    pub add_record_metadata: bool,
    /// Whether `ACTIVATE_VERSION` messages are acted on.
    pub activate_version: bool,
    /// Whether rows of earlier versions are deleted or marked.
    pub hard_delete: bool,
    /// Whether records are checked against their schema.
    pub validate_records: bool,
    /// What becomes of a record that cannot become a row.
    pub on_bad_record: OnBadRecord,
    /// Where such records are written.
    pub dead_letter_file: PathBuf,
    /// How names are written.
    pub column_case: CaseSetting,
    /// Type of date-times.
    pub timestamps: TimestampSetting,
    /// Whether encoded strings become `bytea`.
    pub interpret_content_encoding: bool,
    /// What becomes of NUL characters.
    pub nul_treatment: NulSetting,
    /// What becomes of impossible dates.
    pub datetime_error_treatment: DateSetting,
    /// Whether nested objects become columns.
    pub flattening_enabled: bool,
    /// How many levels of them.
    pub flattening_max_depth: usize,
    /// What stands between the names.
    pub flattening_separator: String,
    /// Columns that a table gets at most.
    pub max_columns: usize,
    /// SQL that runs first.
    pub before_run_sql: Option<String>,
    /// SQL that runs last.
    pub after_run_sql: Option<String>,
    /// What is special about single streams.
    pub tables: HashMap<String, TableSettings>,
}

/// What becomes of the rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadMethod {
    /// A record replaces the row with its key.
    #[default]
    Upsert,
    /// Every record becomes a row.
    AppendOnly,
    /// The rows of a run replace all others.
    Overwrite,
}

/// What becomes of a record that cannot become a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnBadRecord {
    /// It ends the run.
    #[default]
    Fail,
    /// It is left out.
    Skip,
    /// It is written to a file.
    DeadLetter,
}

/// How names are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseSetting {
    /// As they come.
    #[default]
    Preserve,
    /// In lower case.
    Lower,
    /// In `snake_case`.
    Snake,
}

impl From<CaseSetting> for Case {
    fn from(setting: CaseSetting) -> Self {
        match setting {
            CaseSetting::Preserve => Self::Preserve,
            CaseSetting::Lower => Self::Lower,
            CaseSetting::Snake => Self::Snake,
        }
    }
}

/// Type of date-times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestampSetting {
    /// With a zone.
    #[default]
    Timestamptz,
    /// Without one.
    Timestamp,
}

/// What becomes of NUL characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NulSetting {
    /// U+FFFD.
    #[default]
    Replace,
    /// Nothing.
    Remove,
    /// A bad record.
    Error,
}

/// What becomes of impossible dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateSetting {
    /// A bad record.
    #[default]
    Error,
    /// Null.
    Null,
    /// The end of the year 9999.
    Max,
}

impl Default for Config {
    /// What `settings.json` names as defaults.
    fn default() -> Self {
        Self {
            connection: ConnectionSettings::default(),
            default_target_schema: "public".to_owned(),
            load_method: LoadMethod::default(),
            batch_size_rows: 500_000,
            batch_size_bytes: 128 * 1024 * 1024,
            batch_wait_limit_seconds: 60,
            state_id: None,
            add_record_metadata: true,
            activate_version: true,
            hard_delete: false,
            validate_records: false,
            on_bad_record: OnBadRecord::default(),
            dead_letter_file: PathBuf::from("dead_letters.jsonl"),
            column_case: CaseSetting::default(),
            timestamps: TimestampSetting::default(),
            interpret_content_encoding: false,
            nul_treatment: NulSetting::default(),
            datetime_error_treatment: DateSetting::default(),
            flattening_enabled: false,
            flattening_max_depth: 10,
            flattening_separator: "__".to_owned(),
            max_columns: 1600,
            before_run_sql: None,
            after_run_sql: None,
            tables: HashMap::new(),
        }
    }
}

impl Config {
    /// When what was taken is worth a transaction.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            rows: self.batch_size_rows,
            bytes: self.batch_size_bytes,
            age: Duration::from_secs(self.batch_wait_limit_seconds),
        }
    }

    /// What is done with values that PostgreSQL cannot store.
    #[must_use]
    pub fn treatment(&self) -> Treatment {
        Treatment {
            nul: match self.nul_treatment {
                NulSetting::Replace => TreatmentOfNul::Replace,
                NulSetting::Remove => TreatmentOfNul::Remove,
                NulSetting::Error => TreatmentOfNul::Error,
            },
            dates: match self.datetime_error_treatment {
                DateSetting::Error => TreatmentOfDates::Error,
                DateSetting::Null => TreatmentOfDates::Null,
                DateSetting::Max => TreatmentOfDates::Max,
            },
        }
    }

    /// Whether versions of tables are kept, or why that cannot be.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.hard_delete && !self.add_record_metadata && self.activate_version {
            let expected = "true, because hard_delete needs to know the version of a row";
            return Err(ConfigError::setting("add_record_metadata", expected));
        }
        for (stream, settings) in &self.tables {
            settings.check(stream)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;

    pub(super) fn config(settings: Value) -> Result<Config, ConfigError> {
        let Value::Object(settings) = settings else { panic!("an object") };
        singer::config::read(settings)
    }

    #[test]
    fn the_defaults_are_those_that_the_program_describes() {
        let schema: Value = serde_json::from_str(ABOUT.settings).unwrap();
        let mut described = Map::new();
        for (name, property) in schema["properties"].as_object().unwrap() {
            if let Some(default) = property.get("default") {
                described.insert(name.clone(), default.clone());
            }
        }
        assert!(described.len() > 15);
        let described = format!("{:?}", config(described.into()).unwrap());
        assert_eq!(described, format!("{:?}", config(json!({})).unwrap()));
    }

    #[test]
    fn every_setting_is_read_and_no_other() {
        let schema: Value = serde_json::from_str(ABOUT.settings).unwrap();
        let all = format!("{:?}", Config::default());
        for name in schema["properties"].as_object().unwrap().keys() {
            let is_only_accepted =
                ["ssl_storage_directory", "sanitize_null_text_characters"].contains(&name.as_str());
            assert_eq!(all.contains(&format!("{name}: ")), !is_only_accepted, "{name}");
        }
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let secret = "hunter2";
        let config = config(json!({"password": secret, "sqlalchemy_url": secret,
            "ssl_client_private_key": secret}))
        .unwrap();
        assert!(!format!("{config:?}").contains(secret));
    }

    #[test]
    fn deleting_by_version_needs_the_version() {
        let config = config(json!({"hard_delete": true, "add_record_metadata": false})).unwrap();
        let error = config.check().unwrap_err().to_string();
        assert!(error.starts_with("config: `add_record_metadata`: expected true"), "{error}");
    }
}
