//! What a tap can extract, and what of it somebody wants.
//!
//! A catalog travels from the tap's `--discover` through an orchestrator, which writes selections into
//! its metadata, back into the tap's `--catalog`. So it is read tolerantly, and members that this
//! crate does not know are printed again as they came.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

/// The streams of a tap, in the order in which they were discovered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// One entry a stream.
    pub streams: Vec<CatalogEntry>,
    /// Members that the protocol does not name.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// One stream of a catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Entry")]
pub struct CatalogEntry {
    /// The tap's own name of the stream.
    pub tap_stream_id: String,
    /// The name that messages carry.
    pub stream: String,
    /// Properties that identify a record; empty when records have no identity.
    pub key_properties: Vec<String>,
    /// The property that bookmarks compare, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replication_key: Option<String>,
    /// `INCREMENTAL`, `FULL_TABLE` or `LOG_BASED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replication_method: Option<String>,
    /// JSON Schema of one record.
    pub schema: Value,
    /// What is known and wanted of the stream and of each property.
    pub metadata: Vec<Metadata>,
    /// Members that this crate does not know, `selected` of older catalogs among them.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What is known and wanted of one place of a schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// The place: empty for the stream, else `properties` and a name, or `items`, for each step down.
    pub breadcrumb: Vec<String>,
    /// `inclusion`, `selected` and others, under their dashed names.
    #[serde(default, deserialize_with = "null_as_default")]
    pub metadata: Map<String, Value>,
}

/// A catalog entry as it may be written: most members can be missing or null.
#[derive(Deserialize)]
struct Entry {
    tap_stream_id: Option<String>,
    stream: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    key_properties: Vec<String>,
    replication_key: Option<String>,
    replication_method: Option<String>,
    #[serde(default)]
    schema: Value,
    #[serde(default, deserialize_with = "null_as_default")]
    metadata: Vec<Metadata>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl From<Entry> for CatalogEntry {
    fn from(entry: Entry) -> Self {
        let stream = entry.stream.or_else(|| entry.tap_stream_id.clone()).unwrap_or_default();
        Self {
            tap_stream_id: entry.tap_stream_id.unwrap_or_else(|| stream.clone()),
            stream,
            key_properties: entry.key_properties,
            replication_key: entry.replication_key,
            replication_method: entry.replication_method,
            schema: entry.schema,
            metadata: entry.metadata,
            other: entry.other,
        }
    }
}

/// Reads `null` as if the member were missing; some orchestrators print every member.
fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Why a catalog cannot be used. The text never holds a part of the file.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file cannot be read.
    #[error("catalog {}", path.display())]
    Unreadable {
        /// The file that was named.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file is not one JSON value.
    #[error("catalog {}: line {line}, column {column}: not JSON", path.display())]
    Syntax {
        /// The file that was named.
        path: PathBuf,
        /// The line where reading stopped, counted from 1.
        line: usize,
        /// The column where reading stopped, counted from 1.
        column: usize,
    },
    /// The file is JSON and no catalog.
    #[error(
        "catalog {}: line {line}, column {column}: not a catalog; take what --discover prints",
        path.display()
    )]
    Shape {
        /// The file that was named.
        path: PathBuf,
        /// The line where reading stopped, counted from 1; 0 when only the whole shows it.
        line: usize,
        /// The column where reading stopped, counted from 1; 0 when only the whole shows it.
        column: usize,
    },
}

impl Catalog {
    /// Reads a catalog file.
    pub fn read(path: &Path) -> Result<Self, CatalogError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| CatalogError::Unreadable { path: path.to_owned(), source })?;
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            let (path, line, column) = (path.to_owned(), error.line(), error.column());
            if error.is_data() {
                CatalogError::Shape { path, line, column }
            } else {
                CatalogError::Syntax { path, line, column }
            }
        })
    }

    /// The entry of a stream, by the tap's own name. A stream without an entry is not wanted.
    #[must_use]
    pub fn entry(&self, tap_stream_id: &str) -> Option<&CatalogEntry> {
        self.streams.iter().find(|entry| entry.tap_stream_id == tap_stream_id)
    }
}

/// Whether a stream is extracted when nobody says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// It is.
    ByDefault,
    /// It is extracted only when somebody selects it.
    OnRequest,
}

impl CatalogEntry {
    /// The entry that `--discover` prints for a stream, with metadata for every property of `schema`,
    /// also inside objects and arrays.
    ///
    /// Keys and the replication key are `automatic`: no selection can take them away.
    #[must_use]
    pub fn discovered(
        stream: &str,
        schema: Value,
        keys: &[&str],
        replication_key: Option<&str>,
        selection: Selection,
    ) -> Self {
        let method = if replication_key.is_some() { "INCREMENTAL" } else { "FULL_TABLE" };
        let mut metadata = Vec::new();
        describe(&schema, &[], &mut metadata, &|breadcrumb| match breadcrumb {
            [_, name] => keys.contains(&name.as_str()) || replication_key == Some(name),
            _ => false,
        });
        let mut stream_metadata = json!({
            "inclusion": "available",
            "selected-by-default": selection == Selection::ByDefault,
            "table-key-properties": keys,
            "forced-replication-method": method,
        });
        if let (Some(key), Some(object)) = (replication_key, stream_metadata.as_object_mut()) {
            object.insert("valid-replication-keys".to_owned(), json!([key]));
        }
        metadata.push(entry_of(Vec::new(), stream_metadata));
        Self {
            tap_stream_id: stream.to_owned(),
            stream: stream.to_owned(),
            key_properties: keys.iter().map(|&key| key.to_owned()).collect(),
            replication_key: replication_key.map(str::to_owned),
            replication_method: Some(method.to_owned()),
            schema,
            metadata,
            other: Map::new(),
        }
    }

    /// Selects the stream in its own metadata.
    pub fn select(&mut self) {
        for entry in &mut self.metadata {
            if entry.breadcrumb.is_empty() {
                entry.metadata.insert("selected".to_owned(), Value::Bool(true));
            }
        }
    }

    /// Whether the stream is to be extracted.
    ///
    /// Its own metadata decides, then `selected` beside the metadata, as older catalogs have it. A
    /// catalog that says nothing about the stream beyond naming it wants it.
    #[must_use]
    pub fn is_selected(&self) -> bool {
        let outer = self.other.get("selected").and_then(flag);
        match self.stream_metadata() {
            None => outer.unwrap_or(true),
            Some(metadata) => {
                let inner = metadata.get("selected").and_then(flag);
                match inclusion(metadata) {
                    Some("unsupported") => false,
                    Some("automatic") => true,
                    _ => inner
                        .or(outer)
                        .or_else(|| metadata.get("selected-by-default").and_then(flag))
                        .unwrap_or(false),
                }
            }
        }
    }

    /// Whether the catalog asks for the whole stream, whatever was extracted before.
    #[must_use]
    pub fn is_full_table(&self) -> bool {
        self.stream_metadata()
            .and_then(|metadata| metadata.get("replication-method")?.as_str())
            .or(self.replication_method.as_deref())
            == Some("FULL_TABLE")
    }

    /// The metadata of the stream itself.
    fn stream_metadata(&self) -> Option<&Map<String, Value>> {
        let entry = self.metadata.iter().find(|entry| entry.breadcrumb.is_empty())?;
        Some(&entry.metadata)
    }
}

impl Metadata {
    /// What the metadata of a property says about selecting it; nothing if the parent decides.
    pub(crate) fn is_selected(&self) -> Option<bool> {
        match inclusion(&self.metadata) {
            Some("unsupported") => Some(false),
            Some("automatic") => Some(true),
            _ => ["selected", "selected-by-default"]
                .iter()
                .find_map(|name| self.metadata.get(*name).and_then(flag)),
        }
    }
}

/// The word under `inclusion`.
fn inclusion(metadata: &Map<String, Value>) -> Option<&str> {
    metadata.get("inclusion")?.as_str()
}

/// A yes or no, which older catalogs write as a string.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Adds metadata for every property at and below `schema`, parents before their children.
fn describe(
    schema: &Value,
    breadcrumb: &[String],
    metadata: &mut Vec<Metadata>,
    is_automatic: &impl Fn(&[String]) -> bool,
) {
    let step = |names: &[&str]| -> Vec<String> {
        breadcrumb.iter().cloned().chain(names.iter().map(|&name| name.to_owned())).collect()
    };
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (name, property) in properties {
            let place = step(&["properties", name]);
            let inclusion = if is_automatic(&place) { "automatic" } else { "available" };
            metadata.push(entry_of(place.clone(), json!({ "inclusion": inclusion })));
            describe(property, &place, metadata, is_automatic);
        }
    }
    if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
        describe(items, &step(&["items"]), metadata, is_automatic);
    }
}

/// Metadata from a JSON object.
fn entry_of(breadcrumb: Vec<String>, metadata: Value) -> Metadata {
    let metadata = match metadata {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    Metadata { breadcrumb, metadata }
}

#[cfg(test)]
mod tests;
