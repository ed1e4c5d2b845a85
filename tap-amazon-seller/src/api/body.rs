//! What is sent to the Selling Partner API and what it answers.
//!
//! Every member of an answer is optional unless nothing can be done without it: Amazon's own published
//! examples lack members that its models call required.

use std::collections::BTreeMap;
use std::fmt;

use api_client::SecretUrl;
use chrono::{DateTime, SecondsFormat, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::marketplace::Marketplace;

/// A report, as Amazon describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Amazon's identifier.
    pub report_id: String,
    /// Amazon's name of its type.
    #[serde(default)]
    pub report_type: String,
    /// How far it is.
    pub processing_status: String,
    /// The marketplaces that it covers.
    #[serde(default)]
    pub marketplace_ids: Vec<String>,
    /// Where its document is; for a failed report, the document that says why.
    pub report_document_id: Option<String>,
    /// Start of the window, as Amazon understood it.
    pub data_start_time: Option<DateTime<Utc>>,
    /// End of the window, as Amazon understood it.
    pub data_end_time: Option<DateTime<Utc>>,
    /// When it was asked for.
    pub created_time: Option<DateTime<Utc>>,
    /// When Amazon began to make it.
    pub processing_start_time: Option<DateTime<Utc>>,
    /// When Amazon had ended it.
    pub processing_end_time: Option<DateTime<Utc>>,
}

/// What to ask Amazon for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportSpecification {
    /// Amazon's name of the report.
    pub report_type: &'static str,
    /// The marketplaces that it is to cover.
    pub marketplace_ids: Vec<&'static str>,
    /// Start of the window.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "instant")]
    pub data_start_time: Option<DateTime<Utc>>,
    /// End of the window.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "instant")]
    pub data_end_time: Option<DateTime<Utc>>,
    /// Texts even where they mean a truth value or a number.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub report_options: BTreeMap<String, String>,
}

/// UTC with a `Z`: Amazon reads a plus sign in an offset as a space.
pub(crate) fn utc(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
fn instant<S: serde::Serializer>(
    time: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.map(utc).serialize(serializer)
}

/// A report that was asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedReport {
    pub(super) report_id: String,
}

/// Reports that there are.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReportList {
    #[serde(default)]
    pub(super) reports: Vec<Report>,
    pub(super) next_token: Option<String>,
}

/// The marketplaces of a region.
#[derive(Deserialize)]
pub(super) struct Participations {
    #[serde(default)]
    pub(super) payload: Vec<Participation>,
}

/// Where a document lies.
#[derive(Debug, Deserialize)]
pub struct ReportDocument {
    /// Opens for five minutes, for anybody.
    pub url: SecretUrl,
}

/// The seller and one marketplace.
#[derive(Debug, Deserialize)]
pub struct Participation {
    /// The marketplace, as Amazon has it.
    pub marketplace: Box<RawValue>,
    /// Whether the account may sell there.
    pub participation: Option<Box<RawValue>>,
    /// The name of the seller's store there.
    #[serde(rename = "storeName")]
    pub store_name: Option<Box<RawValue>>,
}

/// One item of the catalogue, or one offer of the seller: its members, as they were sent.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Item(IndexMap<String, Box<RawValue>>);

impl Item {
    /// A member, if there is one of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.get(name).map(|raw| &**raw)
    }

    /// Its record: the marketplace, and the members under Amazon's names.
    pub fn record(&self, marketplace: &Marketplace) -> serde_json::Result<Vec<u8>> {
        let id = to_raw_value(marketplace.id)?;
        let mut members: IndexMap<&str, &RawValue> = IndexMap::with_capacity(self.0.len() + 1);
        members.insert("marketplace_id", &id);
        members.extend(self.0.iter().map(|(name, value)| (name.as_str(), &**value)));
        serde_json::to_vec(&members)
    }
}

/// One page of the catalogue.
#[derive(Debug, Deserialize)]
pub struct CatalogPage {
    /// The items that were found; those that were not are silently absent.
    #[serde(default)]
    pub items: Vec<Item>,
    /// Where the next page is.
    pagination: Option<Pagination>,
    /// How many items there are in all pages.
    #[serde(rename = "numberOfResults")]
    pub number_of_results: Option<u64>,
}

impl CatalogPage {
    /// The token of the next page, if there is one.
    #[must_use]
    pub fn next_token(&self) -> Option<&str> {
        self.pagination.as_ref()?.next_token.as_deref().filter(|token| !token.is_empty())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    next_token: Option<String>,
}

/// What to look for in the catalogue.
#[derive(Debug, Clone)]
pub enum CatalogQuery<'a> {
    /// Items with these ASINs, at most [`CATALOG_PAGE`](super::CATALOG_PAGE).
    Asins(&'a [String]),
    /// Items of a brand, as far as Amazon's search finds them.
    Brand(&'a str),
}

/// The value of a parameter of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Parameter {
    /// One value.
    Text(String),
    /// A number.
    Number(u64),
    /// Several values.
    Texts(Vec<&'static str>),
}

/// As a query has it.
impl fmt::Display for Parameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => formatter.write_str(text),
            Self::Number(number) => number.fmt(formatter),
            Self::Texts(texts) => formatter.write_str(&texts.join(",")),
        }
    }
}

/// A body whose parameters have names with dots in them, which lead into its objects.
pub(crate) fn nested(parameters: &[(&'static str, Parameter)]) -> Value {
    let mut body = Map::new();
    for (path, parameter) in parameters {
        let (objects, name) = path.rsplit_once('.').unwrap_or(("", path));
        let mut at = &mut body;
        for object in objects.split('.').filter(|object| !object.is_empty()) {
            let inner = at.entry(object).or_insert_with(|| Value::Object(Map::new()));
            // A name that leads into a value is wrong in the table, and a test would see it.
            let Value::Object(inner) = inner else { return Value::Null };
            at = inner;
        }
        at.insert(name.to_owned(), serde_json::json!(parameter));
    }
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_dots_lead_into_the_objects_of_a_body() {
        let text = |text: &str| Parameter::Text(text.to_owned());
        let body = nested(&[
            ("filters.kind", text("X")),
            ("filters.time.start", text("a")),
            ("filters.time.end", text("b")),
            ("filters.programs", Parameter::Texts(vec!["P", "Q"])),
            ("limit", Parameter::Number(500)),
        ]);
        let expected = serde_json::json!({
            "filters": {"kind": "X", "time": {"start": "a", "end": "b"}, "programs": ["P", "Q"]},
            "limit": 500,
        });
        assert_eq!(body, expected);
        assert_eq!(Parameter::Texts(vec!["P", "Q"]).to_string(), "P,Q");
    }

    #[test]
    fn a_specification_has_the_members_of_the_model_and_times_in_utc() {
        let specification = ReportSpecification {
            report_type: "GET_X",
            marketplace_ids: vec!["A1"],
            data_start_time: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            data_end_time: None,
            report_options: BTreeMap::from([("custom".to_owned(), "true".to_owned())]),
        };
        assert_eq!(
            serde_json::to_string(&specification).unwrap(),
            r#"{"reportType":"GET_X","marketplaceIds":["A1"],"dataStartTime":"2026-01-01T00:00:00Z","reportOptions":{"custom":"true"}}"#
        );
    }
}
