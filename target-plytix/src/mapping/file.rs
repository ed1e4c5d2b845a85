//! The mapping as it is written in its file, and its checks.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use serde::Deserialize;
use serde_json::value::RawValue;
use singer::config::ConfigError;

use super::beyond_file::{BeyondFile, FamilyFile, Paths, PicturesFile};
use super::workflow::{Definition, Gallery, HierarchyFile, Listings, Workflow};
use super::{Field, From, Mapping, Origin, Source, Stream, WithoutSku};
use crate::path::Path;
use crate::template::{Part, parts};
use crate::value::Value;
use crate::wanted::{Unmatched, WriteRule};

/// Columns that one product search returns, `id` and `sku` not counted (Plytix's documentation of v2).
const COLUMNS: usize = 50;

/// Columns that the upsert asks for beside the attributes: `label` and `created`.
const OWN_COLUMNS: usize = 2;

/// Reads a file's text.
///
/// # Errors
/// The member that cannot work, with `mapping` in front.
pub(super) fn read(text: &str) -> Result<Mapping, ConfigError> {
    let object = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        ConfigError::setting("mapping", format!("a JSON object; reading stopped at {place}"))
    })?;
    let file: File = singer::config::read(object).map_err(within)?;
    file.compile()
}

/// The file, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "$schema")]
    _schema: Option<String>,
    last_synced: Option<String>,
    #[serde(default)]
    family: String,
    hierarchy: Option<HierarchyFile>,
    listings: Option<Listings>,
    images: Option<Gallery>,
    #[serde(default)]
    definitions: IndexMap<String, Definition>,
    #[serde(default)]
    tables: IndexMap<String, HashMap<String, String>>,
    streams: IndexMap<String, StreamFile>,
}

/// A stream, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamFile {
    sku: String,
    #[serde(default)]
    without_sku: WithoutSku,
    prefer: Option<PreferFile>,
    label: Option<SourceFile>,
    attributes: IndexMap<String, SourceFile>,
    hierarchy: Option<FamilyFile>,
    #[serde(default)]
    listings: IndexMap<String, Paths>,
    images: Option<PicturesFile>,
}

/// An order of preference, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreferFile {
    from: String,
    values: Vec<String>,
}

/// A source, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceFile {
    from: Option<serde_json::Value>,
    constant: Option<serde_json::Value>,
    #[serde(default)]
    write: WriteRule,
    #[serde(default)]
    unmatched: Unmatched,
}

/// Tables by name.
pub(super) type Tables = HashMap<String, Arc<HashMap<String, String>>>;

impl File {
    /// Takes the texts apart and checks what they refer to.
    fn compile(self) -> Result<Mapping, ConfigError> {
        if self.streams.is_empty() {
            return Err(refuse("streams", "at least one stream"));
        }
        let workflow = Workflow {
            family: self.family,
            hierarchy: self.hierarchy.map(|hierarchy| hierarchy.relationship),
            listings: self.listings,
            images: self.images,
            definitions: self.definitions,
        };
        workflow.check()?;
        let tables: Tables =
            self.tables.into_iter().map(|(name, table)| (name, Arc::new(table))).collect();
        let mut fields = IndexSet::new();
        let mut streams = HashMap::new();
        for (place, (name, file)) in self.streams.into_iter().enumerate() {
            let path = format!("streams.{name}");
            streams.insert(name, file.compile(place, &path, &tables, &workflow, &mut fields)?);
        }
        if let Some(label) = &self.last_synced
            && fields.contains(&Field::Attribute(label.clone()))
        {
            return Err(refuse("last_synced", "an attribute that no stream writes"));
        }
        let columns = fields.len() + usize::from(self.last_synced.is_some()) + workflow.columns();
        if columns > COLUMNS - OWN_COLUMNS {
            let most = COLUMNS - OWN_COLUMNS;
            return Err(refuse(
                "streams",
                &format!("at most {most} attributes, what Plytix shows at once"),
            ));
        }
        let fields = fields.into_iter().collect();
        Ok(Mapping { fields, last_synced: self.last_synced, workflow, streams })
    }
}

impl StreamFile {
    /// The stream at this place of the mapping; `path` names it in errors.
    fn compile(
        self,
        place: usize,
        path: &str,
        tables: &Tables,
        workflow: &Workflow,
        fields: &mut IndexSet<Field>,
    ) -> Result<Stream, ConfigError> {
        let beyond =
            BeyondFile { hierarchy: self.hierarchy, listings: self.listings, images: self.images };
        let beyond = beyond.compile(path, tables, workflow)?;
        let sku =
            sku(&self.sku, tables).map_err(|problem| refuse(&format!("{path}.sku"), &problem))?;
        let prefer = self.prefer.map(|prefer| prefer.compile(path, tables)).transpose()?;
        let label = self.label.map(|source| (Field::Label, source));
        let attributes =
            self.attributes.into_iter().map(|(label, source)| (Field::Attribute(label), source));
        let mut sources = Vec::new();
        for (field, file) in label.into_iter().chain(attributes) {
            let name = match &field {
                Field::Label => format!("{path}.label"),
                Field::Attribute(label) => format!("{path}.attributes.{label}"),
            };
            if field.name().starts_with("attributes.") || field.name().trim().is_empty() {
                return Err(refuse(&name, "the attribute's label alone, without a prefix"));
            }
            let (field, _) = fields.insert_full(field);
            sources.push(file.compile(field, &name, tables)?);
        }
        if sources.is_empty() {
            let expected = "at least one attribute, or a label beside them";
            return Err(refuse(&format!("{path}.attributes"), expected));
        }
        Ok(Stream { place, sku, without_sku: self.without_sku, prefer, sources, beyond })
    }
}

impl PreferFile {
    /// Where the value is, and the preferred values in lower case.
    fn compile(self, path: &str, tables: &Tables) -> Result<(Origin, Vec<String>), ConfigError> {
        let origin = origin(&self.from, tables)
            .map_err(|problem| refuse(&format!("{path}.prefer.from"), &problem))?;
        Ok((origin, self.values.iter().map(|value| value.to_lowercase()).collect()))
    }
}

/// The parts of an SKU, or what is expected instead.
fn sku(template: &str, tables: &Tables) -> Result<Vec<Part<Origin>>, String> {
    let parts = parts(template)?.into_iter();
    let parts = parts.map(|part| part.try_map(|text| origin(text, tables)));
    let parts: Vec<Part<Origin>> = parts.collect::<Result<_, String>>()?;
    if parts.iter().any(|part| matches!(part, Part::Value(_))) {
        Ok(parts)
    } else {
        Err("a path in braces, or all records are one product".to_owned())
    }
}

impl SourceFile {
    fn compile(self, field: usize, path: &str, tables: &Tables) -> Result<Source, ConfigError> {
        let from = match (self.from, self.constant) {
            (Some(from), None) => {
                let texts: Vec<String> = match from {
                    serde_json::Value::String(text) => vec![text],
                    other => serde_json::from_value(other).map_err(|_| {
                        refuse(&format!("{path}.from"), "a path or a list of paths")
                    })?,
                };
                let origins: Result<Vec<Origin>, String> =
                    texts.iter().map(|text| origin(text, tables)).collect();
                let origins =
                    origins.map_err(|problem| refuse(&format!("{path}.from"), &problem))?;
                if origins.is_empty() {
                    return Err(refuse(&format!("{path}.from"), "at least one path"));
                }
                From::Record(origins)
            }
            (None, Some(constant)) => {
                From::Constant(constant_value(&constant).ok_or_else(|| {
                    refuse(
                        &format!("{path}.constant"),
                        "text, a number, true, false or a list of texts",
                    )
                })?)
            }
            _ => return Err(refuse(path, "either `from` or `constant`")),
        };
        Ok(Source { field, from, write: self.write, unmatched: self.unmatched })
    }
}

/// A constant of the file as a value.
fn constant_value(constant: &serde_json::Value) -> Option<Value> {
    let raw = RawValue::from_string(constant.to_string()).ok()?;
    Value::read(&raw).ok().flatten()
}

/// Reads `path` or `path|table`.
pub(super) fn origin(text: &str, tables: &Tables) -> Result<Origin, String> {
    let (path, table) = match text.rsplit_once('|') {
        // A quoted name may hold the bar.
        Some((path, table)) if !table.contains('\'') => (path, Some(table.trim())),
        _ => (text, None),
    };
    let path = Path::parse(path.trim()).map_err(|error| format!("a path; {error}"))?;
    let table = match table {
        None => None,
        Some(name) => {
            let table = tables
                .get(name)
                .ok_or_else(|| format!("a table of `tables`; there is no `{name}`"))?;
            Some((name.to_owned(), Arc::clone(table)))
        }
    };
    Ok(Origin { path, table })
}

/// An error about a member of the mapping.
pub(super) fn refuse(member: &str, expected: &str) -> ConfigError {
    ConfigError::setting(format!("mapping.{member}"), expected)
}

/// An error about the mapping as one about the configuration that names it.
fn within(error: ConfigError) -> ConfigError {
    match error {
        ConfigError::Invalid { mut problems } => {
            for problem in &mut problems {
                let dot = if problem.setting.is_empty() { "" } else { "." };
                problem.setting = format!("mapping{dot}{}", problem.setting);
            }
            ConfigError::Invalid { problems }
        }
        other => other,
    }
}
