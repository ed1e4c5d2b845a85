//! One line of `results.jsonl`: what became of a product in one phase.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::phase::Phase;
use crate::product::{Change, Present};
use crate::wanted::{Image, Note};

/// What became of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was not there, and is now.
    Created,
    /// It was there and something of it was written.
    Updated,
    /// It was there as its records want it.
    Unchanged,
    /// It could not be written.
    Failed,
}

/// A value that is written over another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// What was there; nothing for an empty field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Box<RawValue>>,
    /// What is there now; nothing if it was cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Box<RawValue>>,
}

/// A record that had a part in the product.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordLine {
    /// Its stream.
    pub stream: String,
    /// Number of its line in the input, from 1.
    pub line: u64,
    /// SHA-256 of the record, if somebody wanted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// What another system calls the record.
    #[serde(rename = "externalId", skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// What another system wants to hear of the record again.
    #[serde(rename = "customData", skip_serializing_if = "Option::is_none")]
    pub custom: Option<Box<RawValue>>,
}

/// What became of a product in one phase.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// The product; empty for a record that could not become one.
    #[serde(default)]
    pub sku: String,
    /// The phase; nothing for a record that could not become a product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// What became of it.
    pub status: Status,
    /// Plytix's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
    /// SKUs of the products to which it was linked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub linked: Vec<String>,
    /// SKUs of the products to which it is no longer linked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parted: Vec<String>,
    /// Addresses of its pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// Why not, on one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<RecordLine>,
}

impl Line {
    /// A line about a product.
    #[must_use]
    pub fn new(sku: &str, phase: Phase, status: Status) -> Self {
        Self {
            sku: sku.to_owned(),
            phase: Some(phase),
            status,
            id: None,
            changes: Vec::new(),
            linked: Vec::new(),
            parted: Vec::new(),
            images: Vec::new(),
            error: None,
            records: Vec::new(),
        }
    }

    /// The same with the product's id.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// The same with the records of the product.
    #[must_use]
    pub fn records(mut self, notes: &[Note]) -> Self {
        self.records.extend(notes.iter().map(RecordLine::from));
        self
    }

    /// The same with what was written over what was there.
    #[must_use]
    pub fn changes(mut self, change: &Change, present: Option<&Present>) -> Self {
        self.changes = change.entries(present);
        self
    }

    /// The same with the product's pictures.
    #[must_use]
    pub fn pictures(mut self, images: &[Image]) -> Self {
        self.images = images.iter().map(|image| image.link.clone()).collect();
        self
    }

    /// The same with the products that it was linked to.
    #[must_use]
    pub fn linked<'s>(mut self, skus: impl IntoIterator<Item = &'s str>) -> Self {
        self.linked = skus.into_iter().map(str::to_owned).collect();
        self
    }

    /// The same with the products to which it is no longer linked.
    #[must_use]
    pub fn parted<'s>(mut self, skus: impl IntoIterator<Item = &'s str>) -> Self {
        self.parted = skus.into_iter().map(str::to_owned).collect();
        self
    }
}

impl From<&Note> for RecordLine {
    fn from(note: &Note) -> Self {
        Self {
            stream: note.stream.to_string(),
            line: note.line,
            hash: note.hash.clone(),
            external_id: note.external_id.clone(),
            custom: note.custom.clone().and_then(|text| RawValue::from_string(text).ok()),
        }
    }
}
