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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::definition::tests::definition;
    use crate::value::tests::value;

    fn fields() -> Vec<Field> {
        let attribute = |label: &str| Field::Attribute(label.to_owned());
        vec![
            Field::Label,
            attribute("title"),
            attribute("price"),
            attribute("status"),
            attribute("day"),
        ]
    }

    fn account() -> Definition {
        definition(&[
            ("title", Kind::Text, &[]),
            ("price", Kind::Decimal, &[]),
            ("status", Kind::Dropdown, &["Active", "Inactive"]),
            ("day", Kind::Date, &[]),
        ])
    }

    fn cell(field: usize, json: Option<&str>, write: WriteRule) -> Cell {
        Cell { field, value: json.map(value), write, unmatched: Unmatched::Fail }
    }

    fn wanted(cells: Vec<Cell>) -> Wanted {
        let wanted = Wanted { sku: "S".into(), cells, records: 1, ..Wanted::default() };
        fitted(wanted, &fields(), &account()).unwrap()
    }

    fn present(label: Option<&str>, attributes: &[(&str, &str)]) -> Present {
        Present {
            id: "5c4ed8002f0985001e233275".into(),
            sku: "S".into(),
            created: None,
            gtin: None,
            media: BTreeMap::new(),
            thumbnail: None,
            links: BTreeMap::new(),
            label: label.map(value),
            attributes: attributes
                .iter()
                .map(|(label, json)| ((*label).to_owned(), value(json)))
                .collect(),
        }
        .settled(&account())
    }

    fn json(change: &Change) -> serde_json::Value {
        serde_json::to_value(change).unwrap()
    }

    #[test]
    fn a_new_product_has_everything_that_is_known() {
        use WriteRule::{Always, FillEmpty, Never};
        let wanted = wanted(vec![
            cell(0, Some(r#""Mug""#), Always),
            cell(1, None, Always),
            cell(2, Some("9.990"), FillEmpty),
            cell(3, Some(r#""active""#), Never),
        ]);
        let day = NaiveDate::from_ymd_opt(2026, 1, 2).unwrap();
        assert_eq!(
            json(&creation(&wanted, &fields()).dated("synced", day)),
            serde_json::json!({"sku": "S", "label": "Mug",
                "attributes": {"price": 9.99, "status": "Active", "synced": "2026-01-02"}})
        );
    }

    #[test]
    fn only_what_differs_is_written() {
        let present = present(
            Some(r#""Mug""#),
            &[("price", "9.99"), ("status", r#""Active""#), ("day", r#""2026-01-02T00:00:00""#)],
        );
        let same = wanted(vec![
            cell(0, Some(r#""Mug""#), WriteRule::Always),
            cell(1, None, WriteRule::Always),
            cell(2, Some(r#""9.990""#), WriteRule::Always),
            cell(3, Some(r#""ACTIVE""#), WriteRule::Always),
            cell(4, Some(r#""2026-01-02 10:00""#), WriteRule::Always),
        ]);
        assert!(difference(&same, &present, &fields()).is_empty());
        let other = wanted(vec![
            cell(0, Some(r#""Cup""#), WriteRule::Always),
            cell(2, Some("10"), WriteRule::FillEmpty),
            cell(3, None, WriteRule::Always),
            cell(4, None, WriteRule::FillEmpty),
        ]);
        let change = difference(&other, &present, &fields());
        assert_eq!(
            json(&change),
            serde_json::json!({"label": "Cup", "attributes": {"status": null}})
        );
        assert_eq!(change.names().collect::<Vec<_>>(), ["label", "status"]);
    }

    #[test]
    fn a_status_without_an_option_fails_its_product_unless_the_mapping_skips_it() {
        let mut odd = cell(3, Some(r#""Incomplete""#), WriteRule::Always);
        let product = |cell: &Cell| Wanted {
            sku: "S".into(),
            cells: vec![cell.clone()],
            records: 1,
            ..Wanted::default()
        };
        let error = fitted(product(&odd), &fields(), &account()).unwrap_err().to_string();
        assert!(
            error.starts_with("mapping: status: not one of the attribute's options"),
            "{error}"
        );
        assert!(!error.contains("Incomplete"), "{error}");
        odd.unmatched = Unmatched::Skip;
        assert_eq!(fitted(product(&odd), &fields(), &account()).unwrap().cells, []);
    }

    /// What Plytix would have after the change, by its documented rules: keys that are sent replace,
    /// null clears, keys that are not sent stay.
    fn applied(present: &Present, change: &Change) -> Present {
        let mut after = present.clone();
        if let Some(label) = change.properties.get("label") {
            after.label.clone_from(label);
        }
        for (label, value) in &change.attributes {
            match value {
                Some(value) => after.attributes.insert(label.clone(), value.clone()),
                None => after.attributes.remove(label),
            };
        }
        after
    }

    fn any_json(field: usize) -> BoxedStrategy<String> {
        match field {
            2 => "[0-9]{1,2}\\.[0-9]{1,3}"
                .prop_filter("JSON", |text| !text.starts_with('0') || text.starts_with("0."))
                .boxed(),
            3 => prop_oneof![Just(r#""active""#), Just(r#""Active""#), Just(r#""INACTIVE""#)]
                .prop_map(str::to_owned)
                .boxed(),
            4 => "\"2026-0[1-9]-1[0-9](T00:00:00)?\"".boxed(),
            _ => "\"[a-c]{1,2}\"".boxed(),
        }
    }

    fn any_rule() -> impl Strategy<Value = WriteRule> {
        prop_oneof![Just(WriteRule::Always), Just(WriteRule::FillEmpty), Just(WriteRule::Never)]
    }

    fn any_wanted() -> impl Strategy<Value = Wanted> {
        let cell_of = |field: usize| {
            prop::option::of((prop::option::of(any_json(field)), any_rule()))
                .prop_map(move |said| said.map(|(json, write)| cell(field, json.as_deref(), write)))
        };
        (cell_of(0), cell_of(1), cell_of(2), cell_of(3), cell_of(4))
            .prop_map(|(a, b, c, d, e)| wanted([a, b, c, d, e].into_iter().flatten().collect()))
    }

    fn any_present() -> impl Strategy<Value = Present> {
        let one = |field: usize| prop::option::of(any_json(field));
        (one(0), one(1), one(2), one(3), one(4)).prop_map(|(label, title, price, status, day)| {
            let status = status.map(|_| r#""Active""#.to_owned());
            let attributes = [("title", title), ("price", price), ("status", status), ("day", day)];
            let attributes: Vec<(&str, &str)> = attributes
                .iter()
                .filter_map(|(label, json)| Some((*label, json.as_deref()?)))
                .collect();
            present(label.as_deref(), &attributes)
        })
    }

    proptest! {
        #[test]
        fn after_the_difference_there_is_no_difference(wanted in any_wanted(), present in any_present()) {
            let change = difference(&wanted, &present, &fields());
            let after = applied(&present, &change);
            prop_assert!(difference(&wanted, &after, &fields()).is_empty());
            for cell in wanted.cells.iter().filter(|cell| cell.write == WriteRule::Always) {
                prop_assert_eq!(after.value(&fields()[cell.field]), cell.value.as_ref());
            }
        }

        #[test]
        fn fill_empty_and_never_overwrite_nothing(wanted in any_wanted(), present in any_present()) {
            let after = applied(&present, &difference(&wanted, &present, &fields()));
            for cell in wanted.cells.iter().filter(|cell| cell.write != WriteRule::Always) {
                let field = &fields()[cell.field];
                if let Some(before) = present.value(field) {
                    prop_assert_eq!(after.value(field), Some(before));
                } else if cell.write == WriteRule::Never {
                    prop_assert_eq!(after.value(field), None);
                }
            }
        }

        #[test]
        fn what_no_record_speaks_about_stays(wanted in any_wanted(), present in any_present()) {
            let after = applied(&present, &difference(&wanted, &present, &fields()));
            for (index, field) in fields().iter().enumerate() {
                if !wanted.cells.iter().any(|cell| cell.field == index) {
                    prop_assert_eq!(after.value(field), present.value(field));
                }
            }
        }

        #[test]
        fn a_product_that_was_just_created_needs_nothing(wanted in any_wanted()) {
            let empty = present(None, &[]);
            let after = applied(&empty, &creation(&wanted, &fields()));
            prop_assert!(difference(&wanted, &after, &fields()).is_empty());
        }
    }
}
