//! What is, what should be, and the difference that has to be written.
//!
//! Pure: everything that decides whether a request is sent is here, and nothing that sends one.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use indexmap::IndexMap;
use serde::Serialize;

use crate::definition::Definition;
use crate::mapping::Field;
use crate::report::FieldChange;
use crate::value::{Kind, Unfit, Value};
use crate::wanted::{Cell, Unmatched, Wanted, WriteRule};

/// A product that Plytix has, as far as the mapping speaks about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Present {
    /// Plytix's id, 24 hexadecimal digits.
    pub id: String,
    /// Its SKU.
    pub sku: String,
    /// When it was created.
    pub created: Option<DateTime<Utc>>,
    /// Its label.
    pub label: Option<Value>,
    /// Its GTIN.
    pub gtin: Option<String>,
    /// Its attributes that are not empty and hold no assets, by label.
    pub attributes: BTreeMap<String, Value>,
    /// Ids of the assets of its attributes that hold some, by label.
    pub media: BTreeMap<String, Vec<String>>,
    /// Id of the asset that stands for it.
    pub thumbnail: Option<String>,
    /// Ids of the products that it is linked to, by the id of the relationship.
    pub links: BTreeMap<String, Vec<String>>,
}

/// Why a product cannot be written as its records want it. Names the field, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mapping: {field}: {reason}")]
pub struct UnfitField {
    /// The label of the attribute.
    pub field: String,
    /// Why its value does not fit.
    pub reason: Unfit,
}

/// The body of a request that creates or changes a product. A null clears.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Change {
    /// What every product has: `sku` and `label`.
    #[serde(flatten)]
    properties: IndexMap<&'static str, Option<Value>>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    attributes: IndexMap<String, Option<Value>>,
}

impl Change {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.properties.is_empty() && self.attributes.is_empty()
    }

    /// The names of what is written.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let properties = self.properties.keys().copied();
        properties.chain(self.attributes.keys().map(String::as_str))
    }

    /// What is written over what was there, for people. A new product's SKU is no news.
    #[must_use]
    pub fn entries(&self, present: Option<&Present>) -> Vec<FieldChange> {
        let raw = |value: &Value| serde_json::value::to_raw_value(value).ok();
        let entry = |name: &str, new: &Option<Value>, old: Option<&Value>| FieldChange {
            field: name.to_owned(),
            old: old.and_then(raw),
            new: new.as_ref().and_then(raw),
        };
        let properties = self.properties.iter().filter(|(name, _)| **name != "sku");
        let label = present.and_then(|present| present.label.as_ref());
        let properties = properties.map(|(name, new)| entry(name, new, label));
        let attributes = self.attributes.iter().map(|(label, new)| {
            entry(label, new, present.and_then(|present| present.attributes.get(label)))
        });
        properties.chain(attributes).collect()
    }

    /// Writes this text to an attribute, too.
    #[must_use]
    pub fn with(mut self, attribute: &str, text: &str) -> Self {
        self.attributes.insert(attribute.to_owned(), Some(Value::Text(text.to_owned())));
        self
    }

    /// Writes this day, too.
    #[must_use]
    pub fn dated(mut self, attribute: &str, day: NaiveDate) -> Self {
        self.attributes.insert(attribute.to_owned(), Some(Value::Text(day.to_string())));
        self
    }

    /// Adds the value of a field.
    fn set(&mut self, field: &Field, value: Option<Value>) {
        match field {
            Field::Label => {
                self.properties.insert("label", value);
            }
            Field::Attribute(label) => {
                self.attributes.insert(label.clone(), value);
            }
        }
    }
}

/// The kind of a field's values, and what the account offers for it.
fn kind<'d>(field: &Field, definition: &'d Definition) -> (Kind, &'d [String]) {
    match field {
        Field::Label => (Kind::Text, &[]),
        Field::Attribute(label) => definition
            .attribute(label)
            .map_or((Kind::Other, &[]), |attribute| (attribute.kind, attribute.options.as_slice())),
    }
}

/// The product with every value in the form of its attribute; what no dropdown offers and the mapping
/// does not insist on is left out.
///
/// # Errors
/// The first value that does not fit: Plytix would refuse the whole product for it.
pub fn fitted(
    wanted: Wanted,
    fields: &[Field],
    definition: &Definition,
) -> Result<Wanted, UnfitField> {
    let mut cells = Vec::with_capacity(wanted.cells.len());
    for cell in wanted.cells {
        let Some(field) = fields.get(cell.field) else { continue };
        let (kind, options) = kind(field, definition);
        let value = match cell.value.map(|value| value.fit(kind, options)).transpose() {
            Ok(value) => value,
            Err(Unfit::Option) if cell.unmatched == Unmatched::Skip => continue,
            Err(reason) => return Err(UnfitField { field: field.name().to_owned(), reason }),
        };
        cells.push(Cell { value, ..cell });
    }
    Ok(Wanted { cells, ..wanted })
}

/// The body that creates the product. Empty values are left out: a new product has none to clear.
#[must_use]
pub fn creation(wanted: &Wanted, fields: &[Field]) -> Change {
    let mut change = Change::default();
    change.properties.insert("sku", Some(Value::Text(wanted.sku.clone())));
    for cell in &wanted.cells {
        if let (Some(field), Some(value)) = (fields.get(cell.field), &cell.value) {
            change.set(field, Some(value.clone()));
        }
    }
    change
}

/// What has to be written so that the product is as its records want it; empty if nothing has to.
///
/// `wanted` is [`fitted`], and `present` [`settled`](Present::settled).
#[must_use]
pub fn difference(wanted: &Wanted, present: &Present, fields: &[Field]) -> Change {
    let mut change = Change::default();
    for cell in &wanted.cells {
        let Some(field) = fields.get(cell.field) else { continue };
        let value = present.value(field);
        let write = match cell.write {
            WriteRule::Always => cell.value.as_ref() != value,
            WriteRule::FillEmpty => value.is_none() && cell.value.is_some(),
            WriteRule::Never => false,
        };
        if write {
            change.set(field, cell.value.clone());
        }
    }
    change
}

impl Present {
    /// The value of a field, if it has one.
    #[must_use]
    pub fn value(&self, field: &Field) -> Option<&Value> {
        match field {
            Field::Label => self.label.as_ref(),
            Field::Attribute(label) => self.attributes.get(label),
        }
    }

    /// The same product with its values in the form in which wanted ones are.
    #[must_use]
    pub fn settled(mut self, definition: &Definition) -> Self {
        self.label = self.label.map(|label| label.settled(Kind::Text));
        self.attributes = std::mem::take(&mut self.attributes)
            .into_iter()
            .map(|(label, value)| {
                let kind =
                    definition.attribute(&label).map_or(Kind::Other, |attribute| attribute.kind);
                (label, value.settled(kind))
            })
            .collect();
        self
    }
}

#[cfg(test)]
mod tests;
