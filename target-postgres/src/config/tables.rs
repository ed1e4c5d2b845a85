//! What is special about the tables of single streams.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use singer::config::ConfigError;

use super::{CaseSetting, Config, TimestampSetting};
use crate::column::Metadata;
use crate::name::{Case, Identifier};
use crate::shape::{ContentEncoding, Reading, Timestamps};
use crate::table::{Flattening, Rules};

/// What is special about the table of one stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TableSettings {
    /// PostgreSQL's schema in which the table lies.
    pub schema: Option<String>,
    /// The table's name.
    pub table: Option<String>,
    /// How names of columns are written.
    pub columns: Option<CaseSetting>,
    /// Names of columns, by property.
    pub rename: HashMap<String, String>,
    /// Properties that are not stored.
    pub leave_out: Vec<String>,
    /// Columns that identify a row.
    pub key: Option<Vec<String>>,
    /// Indexes to make, each a list of columns.
    pub indexes: Vec<Vec<String>>,
    /// What becomes of properties for which the table has no column.
    pub extra: Extra,
    /// Whether the table has metadata columns.
    pub metadata: Option<bool>,
    /// Columns that are looked up in another table, by name.
    pub lookup: BTreeMap<String, Lookup>,
}

/// What becomes of properties for which an existing table has no column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extra {
    /// They get one.
    #[default]
    Add,
    /// They are left out, and nothing about the table is changed.
    LeaveOut,
}

/// A column whose value is looked up.
#[derive(Debug, Clone, Deserialize)]
pub struct Lookup {
    /// PostgreSQL's schema of the other table.
    pub schema: Option<String>,
    /// The other table.
    pub table: String,
    /// Property of the record.
    pub from: String,
    /// Column of the other table that holds the property's values.
    #[serde(rename = "match")]
    pub matches: String,
    /// Column of the other table whose value is stored.
    #[serde(default = "id")]
    pub value: String,
}

/// The usual name of a table's own key.
fn id() -> String {
    "id".to_owned()
}

impl TableSettings {
    /// Refuses names that cannot be any.
    pub(super) fn check(&self, stream: &str) -> Result<(), ConfigError> {
        let lookups = self.lookup.iter().flat_map(|(column, lookup)| {
            [column, &lookup.table, &lookup.matches, &lookup.value]
                .into_iter()
                .chain(&lookup.schema)
        });
        let names = self.schema.iter().chain(&self.table).chain(self.rename.values());
        let columns = self.key.iter().flatten().chain(self.indexes.iter().flatten());
        for name in names.chain(columns).chain(lookups) {
            identifier(&format!("tables.{stream}"), name)?;
        }
        Ok(())
    }
}

impl Config {
    /// The name of the namespace in which tables lie, unless a stream's settings say otherwise.
    pub fn namespace(&self) -> Result<Identifier, ConfigError> {
        identifier("default_target_schema", &self.default_target_schema)
    }

    /// What decides the table of a stream beside its schema.
    pub fn rules(&self, stream: &str) -> Result<Rules, ConfigError> {
        let special = TableSettings::default();
        let special = self.tables.get(stream).unwrap_or(&special);
        let place = format!("tables.{stream}");
        let named = |name: &String| identifier(&place, name);
        let namespace = special.schema.as_ref().map_or_else(|| self.namespace(), named)?;
        let mut rename = HashMap::new();
        for (property, column) in &special.rename {
            rename.insert(property.clone(), named(column)?);
        }
        for column in special.lookup.keys() {
            rename.insert(looked_up(column), named(column)?);
        }
        Ok(Rules {
            table: special.table.as_ref().map(named).transpose()?,
            case: special.columns.unwrap_or(self.column_case).into(),
            metadata: self.metadata(special),
            reading: self.reading(),
            flattening: self.flattening_enabled.then(|| Flattening {
                max_depth: self.flattening_max_depth,
                separator: self.flattening_separator.clone(),
            }),
            leave_out: special.leave_out.iter().cloned().collect::<HashSet<_>>(),
            key: special.key.clone(),
            most_columns: self.max_columns,
            rename,
            ..Rules::new(namespace)
        })
    }

    /// The metadata of a table.
    fn metadata(&self, special: &TableSettings) -> Vec<Metadata> {
        let wanted = special.metadata.unwrap_or(self.add_record_metadata);
        if wanted { Metadata::ALL.to_vec() } else { Vec::new() }
    }

    /// What decides the types of columns.
    fn reading(&self) -> Reading {
        Reading {
            timestamps: match self.timestamps {
                TimestampSetting::Timestamptz => Timestamps::WithZone,
                TimestampSetting::Timestamp => Timestamps::WithoutZone,
            },
            content_encoding: if self.interpret_content_encoding {
                ContentEncoding::Interpret
            } else {
                ContentEncoding::Keep
            },
        }
    }
}

/// The name of the property that stands for a looked-up column. It can be no tap's, or the record
/// itself would already have the value.
#[must_use]
pub fn looked_up(column: &str) -> String {
    format!("{column} (looked up)")
}

/// A configured key, which is a list of columns, as the properties that become these columns.
#[must_use]
pub fn key_properties(
    columns: &[String],
    properties: &[String],
    settings: &TableSettings,
    case: Case,
) -> Vec<String> {
    let property = |column: &String| {
        if settings.lookup.contains_key(column) {
            return looked_up(column);
        }
        let renamed = settings.rename.iter().find(|(_, name)| *name == column);
        if let Some((property, _)) = renamed {
            return property.clone();
        }
        let fitted = |property: &&String| {
            let name = Identifier::fitted(property, case);
            name.is_ok_and(|name| name.as_str() == column)
                && !settings.rename.contains_key(property.as_str())
        };
        properties.iter().find(fitted).unwrap_or(column).clone()
    };
    columns.iter().map(property).collect()
}

/// A name from the settings.
pub(crate) fn identifier(setting: &str, name: &str) -> Result<Identifier, ConfigError> {
    Identifier::exact(name)
        .map_err(|_| ConfigError::setting(setting, "names of 1 to 63 bytes without NUL"))
}
