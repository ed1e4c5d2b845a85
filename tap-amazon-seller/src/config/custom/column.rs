//! The columns that an entry of `custom_reports` declares, and the schema that they make.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::leaked;
use crate::record::{Column, Conversion, ROW_HASH, ROW_OCCURRENCE, fold};
use crate::report_types::Format;

/// A column as it is written: its type alone, or its type and the property that it becomes.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum WrittenColumn {
    /// A type.
    Type(String),
    /// Both, either of which may be left out.
    Property {
        /// The property's name.
        name: Option<String>,
        /// The property's type.
        #[serde(rename = "type")]
        kind: Option<String>,
    },
}

impl WrittenColumn {
    /// The type, as it is called.
    pub(super) fn kind(&self) -> &str {
        match self {
            Self::Type(kind) => kind,
            Self::Property { kind, .. } => kind.as_deref().unwrap_or("string"),
        }
    }

    /// The property's name, if it has one of its own.
    pub(super) fn property(&self) -> Option<&str> {
        match self {
            Self::Type(_) => None,
            Self::Property { name, .. } => name.as_deref(),
        }
    }
}

/// What is expected where something else is declared, as the end of a sentence.
type Expected = String;

/// The properties of a stream in the making.
#[derive(Debug)]
pub(super) struct Columns {
    /// The properties that say what a report covers, which come first in the keys.
    places: Vec<&'static str>,
    keys: Vec<&'static str>,
    properties: Map<String, Value>,
    /// Columns whose property has another name.
    renamed: Vec<(&'static str, &'static str)>,
}

impl Columns {
    /// Starts from the columns that are declared; the error names one of them.
    pub(super) fn new(
        written: Option<&IndexMap<String, WrittenColumn>>,
        format: Format,
    ) -> Result<Self, (String, Expected)> {
        let mut columns = Self {
            places: Vec::new(),
            keys: Vec::new(),
            properties: Map::new(),
            renamed: Vec::new(),
        };
        for (name, column) in written.into_iter().flatten() {
            columns.add(name, column, format).map_err(|expected| (name.clone(), expected))?;
        }
        Ok(columns)
    }

    /// Adds a column.
    fn add(&mut self, name: &str, column: &WrittenColumn, format: Format) -> Result<(), Expected> {
        let property = column.property().unwrap_or(name);
        if property.is_empty() || property.chars().any(char::is_control) {
            return Err("a name without control characters".to_owned());
        }
        if property.starts_with("_row_")
            || self.properties.keys().any(|it| fold(it) == fold(property))
        {
            return Err("a name that no other property has".to_owned());
        }
        let is_flat = matches!(format, Format::Tsv | Format::Csv);
        let schema = match column.kind() {
            kind @ ("string" | "integer" | "number" | "boolean") => json!({"type": [kind, "null"]}),
            kind @ ("array" | "object") if !is_flat => json!({"type": [kind, "null"]}),
            kind @ ("date" | "date-time") => json!({"type": ["string", "null"], "format": kind}),
            _ if is_flat => {
                return Err("string, integer, number, boolean, date or date-time".to_owned());
            }
            _ => {
                return Err(
                    "string, integer, number, boolean, date, date-time, array or object".to_owned()
                );
            }
        };
        self.properties.insert(property.to_owned(), schema);
        if property != name {
            self.renamed.push((leaked(name), leaked(property)));
        }
        Ok(())
    }

    /// Adds a property that says what a report covers.
    pub(super) fn place(&mut self, name: &'static str) {
        self.places.push(name);
    }

    /// Adds the keys that tell records of one report apart; without any, the content of a row does.
    pub(super) fn keys(&mut self, keys: &[String]) -> Result<(), Expected> {
        if keys.is_empty() {
            self.keys = vec![ROW_HASH, ROW_OCCURRENCE];
            return Ok(());
        }
        for key in keys {
            if self.places.contains(&key.as_str()) {
                continue;
            }
            self.require(key)?;
            let Some(Value::Object(schema)) = self.properties.get_mut(key.as_str()) else {
                continue;
            };
            if schema.get("type").and_then(|types| types.get(0)) != Some(&json!("string")) {
                return Err(format!(
                    "keys that are texts; `columns` declares {key} as another type"
                ));
            }
            schema.insert("type".to_owned(), json!("string"));
            if !self.keys.iter().any(|known| known == key) {
                self.keys.push(leaked(key));
            }
        }
        Ok(())
    }

    /// Makes sure that there is a property, which must not be the old name of a renamed column.
    pub(super) fn require(&mut self, name: &str) -> Result<(), Expected> {
        if self.places.contains(&name) {
            return Ok(());
        }
        if let Some((_, property)) = self.renamed.iter().find(|(column, _)| *column == name) {
            return Err(format!(
                "names of properties; no property is {name:?}, which `columns` renames to {property:?}"
            ));
        }
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err("names of columns".to_owned());
        }
        self.properties.entry(name).or_insert_with(|| json!({"type": ["string", "null"]}));
        Ok(())
    }

    /// The names of all keys, with what a report covers in front. The hash of a row holds that already.
    pub(super) fn key_names(&self) -> Vec<&'static str> {
        self.places.iter().chain(&self.keys).copied().collect()
    }

    /// The schema of a record.
    pub(super) fn schema(&self) -> Value {
        let mut properties = Map::new();
        for place in &self.places {
            properties.insert((*place).to_owned(), json!({"type": "string"}));
        }
        properties.extend(self.properties.clone());
        for key in &self.keys {
            let kind = match *key {
                ROW_HASH => "string",
                ROW_OCCURRENCE => "integer",
                _ => continue,
            };
            properties.insert((*key).to_owned(), json!({"type": kind}));
        }
        json!({"type": "object", "properties": properties})
    }

    /// The columns whose property has another name.
    pub(super) fn into_columns(self) -> Vec<Column> {
        let column = |(header, property)| Column::new(header, property, Conversion::Declared);
        self.renamed.into_iter().map(column).collect()
    }
}
