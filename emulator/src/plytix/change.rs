//! What a request wants to write to a product, checked as a whole before anything is written.

use super::attribute::{Kind, Objection};
use super::definition::Definitions;
use super::error::{Fault, Refusal};
use super::product::Product;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The statuses a product can have.
pub(super) const STATUSES: &[&str] = &["Draft", "Completed", "Archived"];

/// What a product is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be made; it needs a SKU.
    Create,
    /// To be changed; what is not named stays, and `null` clears.
    Update,
}

/// What happens to one field.
#[derive(Debug, Default)]
enum Write<T> {
    /// Nothing.
    #[default]
    Keep,
    /// It loses its value.
    Clear,
    /// It gets a value.
    Set(T),
}

impl<T> Write<T> {
    /// Writes to `field`.
    fn apply(self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value),
        }
    }
}

/// All that a request writes to a product.
#[derive(Debug, Default)]
pub(super) struct Change {
    sku: Option<String>,
    label: Write<String>,
    gtin: Write<String>,
    status: Option<String>,
    thumbnail: Write<String>,
    attributes: Vec<(String, Write<Value>)>,
}

/// What is wrong with a request.
#[derive(Debug, Default)]
struct Problems {
    faults: Vec<Fault>,
    not_evidenced: Vec<String>,
}

impl Problems {
    /// Notes that Plytix's answer to a form of `field` is not known.
    fn unknown(&mut self, field: &str, what: &str) {
        self.not_evidenced.push(format!("{field}: {what}"));
    }

    /// Refuses if there are any; one answer names all faults.
    fn check(self) -> Result<(), Refusal> {
        if !self.not_evidenced.is_empty() {
            return Err(Refusal::not_evidenced(self.not_evidenced.join("; ")));
        }
        if self.faults.is_empty() { Ok(()) } else { Err(Refusal::product(self.faults)) }
    }
}

impl Change {
    /// Reads the body of a request. `assets` are the ids of all assets that there are.
    ///
    /// Keys beside the ones it knows are ignored, as Plytix does with unknown and read-only ones,
    /// `product_family` and `product_family_id` among them.
    pub(super) fn read(
        body: &Value,
        purpose: Purpose,
        definitions: &Definitions,
        assets: &BTreeSet<String>,
    ) -> Result<Self, Refusal> {
        let Some(body) = body.as_object() else {
            return Err(Refusal::not_evidenced("a product that is not an object"));
        };
        let mut change = Self::default();
        let mut problems = Problems::default();
        for (key, value) in body {
            match (key.as_str(), value) {
                ("sku", _) => change.sku = sku(value, &mut problems),
                ("attributes", Value::Object(values)) => {
                    change.attributes(values, purpose, definitions, assets, &mut problems);
                }
                ("attributes", _) => problems.unknown(key, "something other than an object"),
                ("assets" | "categories", Value::Array(ids)) if ids.is_empty() => {}
                ("assets" | "categories", _) => {
                    problems.unknown(key, "links beside thumbnail and attributes are not emulated");
                }
                ("label" | "gtin" | "status" | "thumbnail", Value::Null)
                    if purpose == Purpose::Create =>
                {
                    problems.unknown(key, "null in a product that is to be made");
                }
                ("label", _) => change.label = label(value, &mut problems),
                ("gtin", _) => change.gtin = gtin(value, &mut problems),
                ("status", _) => change.status = status(value, &mut problems),
                ("thumbnail", _) => change.thumbnail = thumbnail(value, assets, &mut problems),
                _ => {}
            }
        }
        if purpose == Purpose::Create && !body.contains_key("sku") {
            // That a SKU is mandatory is documented; the words of the refusal are not.
            problems.faults.push(Fault::new("sku", "Missing data for required field."));
        }
        problems.check()?;
        Ok(change)
    }

    /// Reads the values of attributes.
    fn attributes(
        &mut self,
        values: &Map<String, Value>,
        purpose: Purpose,
        definitions: &Definitions,
        assets: &BTreeSet<String>,
        problems: &mut Problems,
    ) {
        for (label, value) in values {
            let Some(attribute) = definitions.attributes.get(label) else {
                problems.faults.push(Fault::new(label, "label does not exist"));
                continue;
            };
            let write = match (value, purpose) {
                _ if attribute.kind == Kind::Completeness => continue,
                (Value::Null, Purpose::Update) => Write::Clear,
                (Value::Null, Purpose::Create) => {
                    problems.unknown(label, "null in a product that is to be made");
                    continue;
                }
                (value, _) => match attribute.accepted(value, assets) {
                    Ok(value) => Write::Set(value),
                    Err(Objection::Fault(msg)) => {
                        problems.faults.push(Fault::new(label, msg));
                        continue;
                    }
                    Err(Objection::NotEvidenced(what)) => {
                        problems.unknown(label, what);
                        continue;
                    }
                },
            };
            self.attributes.push((label.clone(), write));
        }
    }

    /// The SKU that the product is to have, if one is given.
    pub(super) fn sku(&self) -> Option<&str> {
        self.sku.as_deref()
    }

    /// The GTIN that the product is to have, if one is given.
    pub(super) fn gtin(&self) -> Option<&str> {
        if let Write::Set(gtin) = &self.gtin { Some(gtin) } else { None }
    }

    /// Writes everything to `product`; true if that made a difference.
    pub(super) fn apply(self, product: &mut Product) -> bool {
        let before = product.clone();
        if let Some(sku) = self.sku {
            product.sku = sku;
        }
        if let Some(status) = self.status {
            product.status = status;
        }
        self.label.apply(&mut product.label);
        self.gtin.apply(&mut product.gtin);
        self.thumbnail.apply(&mut product.thumbnail);
        for (label, write) in self.attributes {
            match write {
                Write::Keep => {}
                Write::Clear => drop(product.attributes.shift_remove(&label)),
                Write::Set(value) => drop(product.attributes.insert(label, value)),
            }
        }
        differ(&before, product)
    }
}

/// Whether two versions of a product differ in what can be written.
fn differ(before: &Product, after: &Product) -> bool {
    let number = |value: &Value| value.as_f64();
    let same = |a: &Value, b: &Value| a == b || (a.is_number() && number(a) == number(b));
    let same_attributes = before.attributes.len() == after.attributes.len()
        && before.attributes.iter().all(|(label, value)| {
            after.attributes.get(label).is_some_and(|other| same(value, other))
        });
    !same_attributes
        || before.sku != after.sku
        || before.label != after.label
        || before.gtin != after.gtin
        || before.status != after.status
        || before.thumbnail != after.thumbnail
}

/// Reads a SKU: a text of up to 100 characters.
fn sku(value: &Value, problems: &mut Problems) -> Option<String> {
    match value {
        Value::String(sku) if !sku.is_empty() && sku.chars().count() <= 100 => Some(sku.clone()),
        _ => {
            problems.unknown("sku", "something other than a text of 1 to 100 characters");
            None
        }
    }
}

/// Reads a label.
fn label(value: &Value, problems: &mut Problems) -> Write<String> {
    match value {
        Value::Null => Write::Clear,
        Value::String(label) if !label.is_empty() => Write::Set(label.clone()),
        _ => {
            problems.unknown("label", "something other than a text");
            Write::Keep
        }
    }
}

/// Reads a GTIN. Plytix's help asks for 8 to 14 digits; how the API refuses others is not known.
fn gtin(value: &Value, problems: &mut Problems) -> Write<String> {
    match value {
        Value::Null => Write::Clear,
        Value::String(gtin)
            if (8..=14).contains(&gtin.len()) && gtin.bytes().all(|b| b.is_ascii_digit()) =>
        {
            Write::Set(gtin.clone())
        }
        _ => {
            problems.unknown("gtin", "something other than 8 to 14 digits");
            Write::Keep
        }
    }
}

/// Reads a status.
fn status(value: &Value, problems: &mut Problems) -> Option<String> {
    match value {
        Value::String(status) if STATUSES.contains(&status.as_str()) => Some(status.clone()),
        Value::String(_) => {
            let valid = STATUSES.join(", ");
            let msg = format!("Value is not valid, valid values are [{valid}]");
            problems.faults.push(Fault::new("status", msg));
            None
        }
        _ => {
            problems.unknown("status", "something other than a text");
            None
        }
    }
}

/// Reads a thumbnail: `{"id"}`. A plain text is refused with an object where others have a text.
fn thumbnail(value: &Value, assets: &BTreeSet<String>, problems: &mut Problems) -> Write<String> {
    match (value, value.get("id").and_then(Value::as_str)) {
        (Value::Null, _) => return Write::Clear,
        (_, Some(id)) if assets.contains(id) => return Write::Set(id.to_owned()),
        (_, Some(_)) => problems.unknown("thumbnail", "an asset that does not exist"),
        (Value::String(_), None) => {
            let msg = json!({"_schema": ["Invalid input type."]});
            problems.faults.push(Fault::new("thumbnail", msg));
        }
        (_, None) => problems.unknown("thumbnail", "something other than {\"id\"}"),
    }
    Write::Keep
}
