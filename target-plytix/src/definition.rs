//! What the account has: its attributes with their types and options, and its families.
//!
//! Read once at the start of a run, so that a missing attribute is one clear message and not a refusal
//! of every product.

use std::collections::HashMap;

use serde::Deserialize;

use crate::value::Kind;

/// What the filters of Plytix put before the label of a user-defined attribute.
const PREFIX: &str = "attributes.";

/// One attribute of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// How its values look.
    pub kind: Kind,
    /// The values that it may have, if it is a dropdown or a multi-select.
    pub options: Vec<String>,
}

/// The account's user-defined attributes by their labels.
#[derive(Debug, Default)]
pub struct Definition(HashMap<String, Attribute>);

/// One filter that Plytix offers; each attribute of the account is one.
#[derive(Deserialize)]
struct Filter {
    /// The attribute's `type_class`.
    #[serde(rename = "filter_type")]
    kind: Option<String>,
    key: Option<String>,
    #[serde(default)]
    options: Vec<serde_json::Value>,
}

/// The two forms of the answer: one object that holds the filters (seen 2026), and the filters
/// themselves (older accounts).
#[derive(Deserialize)]
#[serde(untagged)]
enum Filters {
    Grouped { attributes: Vec<Filter> },
    Single(Filter),
}

/// The answer to `GET /api/v1/filters/product`.
#[derive(Deserialize)]
pub(crate) struct FiltersAnswer {
    data: Vec<Filters>,
}

impl From<FiltersAnswer> for Definition {
    fn from(answer: FiltersAnswer) -> Self {
        let filters = answer.data.into_iter().flat_map(|filters| match filters {
            Filters::Grouped { attributes } => attributes,
            Filters::Single(filter) => vec![filter],
        });
        let attributes = filters.filter_map(|filter| {
            let label = filter.key?.strip_prefix(PREFIX)?.to_owned();
            let kind = Kind::of(&filter.kind?);
            let options =
                filter.options.iter().filter_map(|option| option.as_str().map(str::to_owned));
            Some((label, Attribute { kind, options: options.collect() }))
        });
        Self(attributes.collect())
    }
}

impl Definition {
    /// The attribute with this label.
    #[must_use]
    pub fn attribute(&self, label: &str) -> Option<&Attribute> {
        self.0.get(label)
    }

    /// Those of the labels that the account does not have.
    #[must_use]
    pub fn missing<'l>(&self, labels: impl Iterator<Item = &'l str>) -> Vec<&'l str> {
        labels.filter(|label| !self.0.contains_key(*label)).collect()
    }

    /// Those of the labels whose attributes this target does not write.
    #[must_use]
    pub fn unwritable<'l>(&self, labels: impl Iterator<Item = &'l str>) -> Vec<&'l str> {
        labels
            .filter(|label| {
                let kind = self.attribute(label).map(|it| it.kind);
                matches!(kind, Some(Kind::Gallery | Kind::Other))
            })
            .collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A definition of attributes with these types and options.
    pub(crate) fn definition(attributes: &[(&str, Kind, &[&str])]) -> Definition {
        let attribute = |kind, options: &[&str]| Attribute {
            kind,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
        };
        Definition(
            attributes
                .iter()
                .map(|(label, kind, options)| ((*label).to_owned(), attribute(*kind, options)))
                .collect(),
        )
    }

    fn read(json: &str) -> Definition {
        serde_json::from_str::<FiltersAnswer>(json).unwrap().into()
    }

    #[test]
    fn both_forms_of_the_answer_say_the_same() {
        let filters = r#"
            {"filter_type": "TextAttribute", "key": "attributes.amazon_asin", "operators": ["eq"]},
            {"filter_type": "DropdownAttribute", "key": "attributes.status", "operators": [], "options": ["Active"]},
            {"filter_type": "TextAttribute", "key": "sku", "operators": []}"#;
        let grouped = format!(
            r#"{{"data": [{{"attributes": [{filters}], "properties": [{{"key": "x"}}]}}]}}"#
        );
        let flat = format!(r#"{{"data": [{filters}]}}"#);
        for definition in [read(&grouped), read(&flat)] {
            assert_eq!(definition.0.len(), 2);
            assert_eq!(definition.attribute("amazon_asin").unwrap().kind, Kind::Text);
            let status = definition.attribute("status").unwrap();
            assert_eq!(
                (status.kind, status.options.as_slice()),
                (Kind::Dropdown, ["Active".to_owned()].as_slice())
            );
        }
    }

    #[test]
    fn every_label_that_is_missing_or_not_written_is_named() {
        let definition = definition(&[("a", Kind::Text, &[]), ("images", Kind::Other, &[])]);
        let labels = ["a", "b", "images", "c"];
        assert_eq!(definition.missing(labels.into_iter()), ["b", "c"]);
        assert_eq!(definition.unwritable(labels.into_iter()), ["images"]);
    }
}
