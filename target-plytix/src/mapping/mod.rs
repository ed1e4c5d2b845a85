//! Which products the records of a stream become: data, read from a file.
//!
//! The mapping is the only place in this target that knows names of streams, members of records and
//! labels of attributes. `mapping.json` is compiled in as the default, and the setting `mapping` puts
//! a file of the same form in its place; `mapping.schema.json` describes that form.
//!
//! Reading a mapping checks everything that can be known without an account, so that a mistake is a
//! mistake in the configuration and not a failure of every record.

mod beyond;
mod beyond_file;
mod file;
pub mod workflow;

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use singer::config::ConfigError;

use crate::path::{Found, Members, Path};
use crate::template::Part;
use crate::value::{Unfit, Value};
use crate::wanted::{Cell, Contribution, Rank, Unmatched, WriteRule};
use beyond::Beyond;
use workflow::Workflow;

/// The mapping for the streams of tap-amazon-seller.
pub const DEFAULT: &str = include_str!("../../mapping.json");

/// Longest SKU that Plytix accepts, in characters (its documentation).
const LONGEST_SKU: usize = 100;

/// Something that a product has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Field {
    /// The label, which every product has.
    Label,
    /// A user-defined attribute, by its label without a prefix.
    Attribute(String),
}

impl Field {
    /// The name in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Label => "label",
            Self::Attribute(label) => label,
        }
    }
}

/// A mapping that can work.
#[derive(Debug)]
pub struct Mapping {
    fields: Vec<Field>,
    last_synced: Option<String>,
    workflow: Workflow,
    streams: HashMap<String, Stream>,
}

/// What becomes of the records of one stream.
#[derive(Debug)]
struct Stream {
    place: usize,
    sku: Vec<Part<Origin>>,
    without_sku: WithoutSku,
    prefer: Option<(Origin, Vec<String>)>,
    sources: Vec<Source>,
    beyond: Beyond,
}

/// Where the value of one field comes from.
#[derive(Debug)]
struct Source {
    field: usize,
    from: From,
    write: WriteRule,
    unmatched: Unmatched,
}

/// A value's origin.
#[derive(Debug)]
enum From {
    /// The first of these that says something.
    Record(Vec<Origin>),
    /// No record: always the same.
    Constant(Value),
}

/// A place in a record, and the table in which its value is looked up.
#[derive(Debug)]
struct Origin {
    path: Path,
    table: Option<(String, Arc<HashMap<String, String>>)>,
}

/// What a record is that lacks a part of its SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WithoutSku {
    /// A failure.
    #[default]
    Fail,
    /// Nothing of interest.
    Skip,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Mapped {
    /// What it says about a product.
    Contribution(Contribution),
    /// It has no SKU, and the mapping says that this is nothing to worry about.
    Skipped,
}

/// Why a record becomes nothing. Names members and fields, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A part of the SKU is missing.
    #[error("{member}: missing or empty, and part of the SKU")]
    NoSku {
        /// The member of the record at which the part's path begins.
        member: String,
    },
    /// A part of the SKU is not text or a number.
    #[error("{member}: part of the SKU, but not text or a number")]
    SkuPart {
        /// The member of the record at which the part's path begins.
        member: String,
    },
    /// The SKU is longer than Plytix accepts.
    #[error("the SKU is longer than {LONGEST_SKU} characters")]
    LongSku,
    /// A value is not in its table.
    #[error("{name}: the record's value is not in the mapping's table `{table}`; add it there")]
    NotInTable {
        /// The field, or the member for a part of the SKU.
        name: String,
        /// The table.
        table: String,
    },
    /// A value that no attribute can hold.
    #[error("{name}: {reason}")]
    Unfit {
        /// The field.
        name: String,
        /// Why not.
        reason: Unfit,
    },
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] that names the member of the mapping which cannot work.
    pub fn read(text: &str) -> Result<Self, ConfigError> {
        let mapping = file::read(text)?;
        mapping.check_owners()?;
        Ok(mapping)
    }

    /// Everything that this mapping may write, except the date of the last change.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Label of the attribute that holds the date of the last change.
    #[must_use]
    pub fn last_synced(&self) -> Option<&str> {
        self.last_synced.as_deref()
    }

    /// What it wants beside the values of products.
    #[must_use]
    pub fn workflow(&self) -> &Workflow {
        &self.workflow
    }

    /// Whether records of this stream become products.
    #[must_use]
    pub fn knows(&self, stream: &str) -> bool {
        self.streams.contains_key(stream)
    }

    /// What a record becomes; nothing for a stream that is not mapped. `keys` are the record's keys as
    /// text, alike for the same record only.
    ///
    /// # Errors
    /// A record without a SKU, or with a value that cannot be written.
    pub fn map(
        &self,
        stream: &str,
        record: &Members<'_>,
        keys: String,
    ) -> Result<Option<Mapped>, RecordError> {
        let Some(stream) = self.streams.get(stream) else { return Ok(None) };
        let sku = match stream.sku(record) {
            Ok(sku) => sku,
            Err(RecordError::NoSku { .. }) if stream.without_sku == WithoutSku::Skip => {
                return Ok(Some(Mapped::Skipped));
            }
            Err(error) => return Err(error),
        };
        let mut cells = Vec::with_capacity(stream.sources.len());
        for source in &stream.sources {
            let value =
                source.value(record).map_err(|error| error.named(&self.name(source.field)))?;
            let value = match value {
                Said::Nothing => continue,
                Said::Null => None,
                Said::Value(value) => Some(value),
            };
            let Source { field, write, unmatched, .. } = *source;
            cells.push(Cell { field, value, write, unmatched });
        }
        let rank = Rank { stream: stream.place, preference: stream.preference(record), keys };
        let around = stream.around(record)?;
        Ok(Some(Mapped::Contribution(Contribution { sku, rank, cells, around })))
    }

    /// The name of a field.
    fn name(&self, field: usize) -> String {
        self.fields.get(field).map_or_else(String::new, |field| field.name().to_owned())
    }

    /// Refuses two streams that would overwrite each other's values for ever: where streams make the
    /// same SKUs, only one may own a field.
    fn check_owners(&self) -> Result<(), ConfigError> {
        let mut streams: Vec<_> = self.streams.iter().collect();
        streams.sort_by_key(|(_, stream)| stream.place);
        let mut owners: HashMap<(String, usize), &str> = HashMap::new();
        for (name, stream) in streams {
            for source in stream.sources.iter().filter(|source| source.write == WriteRule::Always) {
                let owner = owners.entry((stream.shape(), source.field)).or_insert(name);
                if owner != name {
                    let field = self.name(source.field);
                    return Err(file::refuse(
                        &format!("streams.{name}.{field}"),
                        &format!(
                            "`write` fill_empty or never, because stream {owner} always writes {field} of the same products"
                        ),
                    ));
                }
            }
        }
        Ok(())
    }
}

impl Stream {
    /// The SKU of a record's product.
    fn sku(&self, record: &Members<'_>) -> Result<String, RecordError> {
        let mut sku = String::new();
        for part in &self.sku {
            match part {
                Part::Text(text) => sku.push_str(text),
                Part::Value(origin) => {
                    let member = origin.path.first().to_owned();
                    let value = origin.value(record).map_err(|error| error.named(&member))?;
                    match value {
                        Said::Value(Value::Text(text)) => sku.push_str(text.trim()),
                        Said::Value(Value::Number(number)) => sku.push_str(number.digits()),
                        Said::Value(_) => return Err(RecordError::SkuPart { member }),
                        Said::Null | Said::Nothing => return Err(RecordError::NoSku { member }),
                    }
                }
            }
        }
        if sku.chars().count() > LONGEST_SKU { Err(RecordError::LongSku) } else { Ok(sku) }
    }

    /// How much the mapping prefers this record: the less, the more.
    fn preference(&self, record: &Members<'_>) -> usize {
        let Some((origin, values)) = &self.prefer else { return 0 };
        let text = match origin.value(record) {
            Ok(Said::Value(Value::Text(text))) => text.to_lowercase(),
            _ => return values.len(),
        };
        values.iter().position(|value| *value == text).unwrap_or(values.len())
    }

    /// What two streams have in common that make the same SKUs.
    fn shape(&self) -> String {
        let texts = self.sku.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Value(_) => "{}",
        });
        texts.collect()
    }
}

impl Source {
    /// What a record says.
    fn value(&self, record: &Members<'_>) -> Result<Said, ValueError> {
        let origins = match &self.from {
            From::Constant(value) => return Ok(Said::Value(value.clone())),
            From::Record(origins) => origins,
        };
        let mut best = Said::Nothing;
        for origin in origins {
            match origin.value(record)? {
                Said::Value(value) => return Ok(Said::Value(value)),
                Said::Null => best = Said::Null,
                Said::Nothing => {}
            }
        }
        Ok(best)
    }
}

impl Origin {
    /// What a record says here.
    fn value(&self, record: &Members<'_>) -> Result<Said, ValueError> {
        let raw = match self.path.find(record) {
            Found::Absent => return Ok(Said::Nothing),
            Found::Null => return Ok(Said::Null),
            Found::Value(raw) => raw,
        };
        let Some(value) = Value::read(raw).map_err(ValueError::Unfit)? else {
            return Ok(Said::Null);
        };
        let Some((name, table)) = &self.table else { return Ok(Said::Value(value)) };
        let translated = match &value {
            Value::Text(text) => table.get(text.trim()),
            Value::Number(number) => table.get(number.digits()),
            Value::Boolean(_) | Value::List(_) => None,
        };
        let text = translated.ok_or_else(|| ValueError::NotInTable(name.clone()))?;
        Ok(Said::Value(Value::Text(text.clone())))
    }
}

/// What a record says about something.
enum Said {
    /// It does not speak about it.
    Nothing,
    /// That there is none.
    Null,
    /// What it is.
    Value(Value),
}

/// Why there is no value; for whom is known further out.
#[derive(Debug)]
enum ValueError {
    Unfit(Unfit),
    NotInTable(String),
}

impl ValueError {
    /// The same as an error of a record.
    fn named(self, name: &str) -> RecordError {
        let name = name.to_owned();
        match self {
            Self::Unfit(reason) => RecordError::Unfit { name, reason },
            Self::NotInTable(table) => RecordError::NotInTable { name, table },
        }
    }
}

#[cfg(test)]
mod tests;
