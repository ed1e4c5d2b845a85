//! The shapes of Plytix's answers, read leniently: unknown members do not matter, and an id may have
//! either of the names that v2 has given it.

use std::collections::BTreeMap;

use api_client::Answer;
use chrono::{DateTime, NaiveDateTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ApiError, PAGE};
use crate::product::Present;
use crate::value::Value;

/// What all answers of Plytix are wrapped in.
#[derive(Deserialize)]
pub(super) struct Data<T> {
    #[serde(default = "Vec::new")]
    pub(super) data: Vec<T>,
    pub(super) pagination: Option<Pagination>,
}

/// Where a search stands. `total_count` is left out: it ignores the filter.
#[derive(Deserialize)]
pub(super) struct Pagination {
    pub(super) count: Option<usize>,
}

#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) access_token: SecretString,
}

/// Anything that has an id; v2 has called it `id`, `_id` and `id` again.
#[derive(Deserialize)]
pub(super) struct Entity {
    pub(super) id: Option<String>,
    #[serde(rename = "_id")]
    pub(super) other_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) label: Option<String>,
    pub(super) created: Option<String>,
    pub(super) product_family_id: Option<String>,
    pub(super) relationships: Option<Vec<Related>>,
}

/// A product as a search shows it.
#[derive(Deserialize)]
pub(super) struct Row<'a> {
    pub(super) id: Option<String>,
    #[serde(rename = "_id")]
    pub(super) other_id: Option<String>,
    pub(super) sku: String,
    pub(super) created: Option<String>,
    #[serde(borrow)]
    pub(super) label: Option<&'a RawValue>,
    pub(super) gtin: Option<String>,
    #[serde(borrow)]
    pub(super) thumbnail: Option<&'a RawValue>,
    pub(super) relationships: Option<Vec<Related>>,
    #[serde(borrow)]
    pub(super) attributes: Option<BTreeMap<String, &'a RawValue>>,
}

/// The links of a product by one relationship. The name of the label differs between answers, and
/// nobody needs it.
#[derive(Deserialize)]
pub(super) struct Related {
    pub(super) relationship_id: Option<String>,
    related_products: Option<Vec<RelatedProduct>>,
}

#[derive(Deserialize)]
struct RelatedProduct {
    product_id: Option<String>,
}

impl Related {
    /// Ids of the products at the other end.
    pub(super) fn ids(self) -> Vec<String> {
        let products = self.related_products.into_iter().flatten();
        products.filter_map(|product| product.product_id).collect()
    }
}

/// An asset where a product refers to one: an object in searches, a plain id elsewhere.
#[derive(Deserialize)]
#[serde(untagged)]
enum Asset {
    Object { id: String },
    Id(String),
}

impl Asset {
    fn id(self) -> String {
        match self {
            Self::Object { id } | Self::Id(id) => id,
        }
    }
}

/// One asset or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Assets {
    Several(Vec<Asset>),
    One(Asset),
}

/// Ids of the assets in a value, if it holds assets.
fn assets(raw: &RawValue) -> Option<Vec<String>> {
    Some(match serde_json::from_str(raw.get()).ok()? {
        Assets::Several(assets) => assets.into_iter().map(Asset::id).collect(),
        Assets::One(asset) => vec![asset.id()],
    })
}

impl Row<'_> {
    /// The product, unless it has no id.
    pub(super) fn product(self) -> Result<Option<Present>, ApiError> {
        let Some(id) = self.id.or(self.other_id) else { return Ok(None) };
        let read = |field: &str, raw: &RawValue| {
            Value::read(raw).map_err(|_| ApiError::Shape { field: field.to_owned() })
        };
        let label = self.label.map(|raw| read("label", raw)).transpose()?.flatten();
        let mut attributes = BTreeMap::new();
        let mut media = BTreeMap::new();
        for (name, raw) in self.attributes.unwrap_or_default() {
            match read(&name, raw) {
                Ok(Some(value)) => drop(attributes.insert(name, value)),
                Ok(None) => {}
                Err(error) => drop(media.insert(name, assets(raw).ok_or(error)?)),
            }
        }
        let thumbnail = self.thumbnail.and_then(assets).and_then(|ids| ids.into_iter().next());
        let links = self.relationships.into_iter().flatten().filter_map(|mut related| {
            let relationship = related.relationship_id.take()?;
            Some((relationship, related.ids()))
        });
        Ok(Some(Present {
            id,
            sku: self.sku,
            created: self.created.as_deref().and_then(time),
            gtin: self.gtin,
            label,
            attributes,
            media,
            thumbnail,
            links: links.collect(),
        }))
    }
}

/// What a search may still have after this page of so many entities.
pub(super) fn is_last(page: usize, entities: usize, pagination: Option<&Pagination>) -> bool {
    let count = pagination.and_then(|pagination| pagination.count);
    entities < PAGE || count.is_some_and(|count| page.saturating_mul(PAGE) >= count)
}

/// The first entity of an answer. Plytix sends empty bodies with some successes.
pub(super) fn first(answer: &Answer) -> Result<Option<Entity>, ApiError> {
    if answer.body.is_empty() {
        return Ok(None);
    }
    let answer: Data<Entity> = answer.json()?;
    Ok(answer.data.into_iter().next())
}

/// A time as Plytix writes it: with an offset in searches, without one and in UTC elsewhere.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    let with_offset = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    let without = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
    with_offset.or_else(|_| without().map(|time| time.and_utc())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_under_either_name_of_its_id() {
        let read = |json: &str| {
            let row: Row<'_> = serde_json::from_str(json).unwrap();
            row.product()
        };
        let product = read(
            r#"{"_id": "5c4ed8002f0985001e233275", "sku": "S", "num_variations": 0, "label": "Mug",
                "created": "2026-01-02T03:04:05.678000+00:00",
                "attributes": {"size": "", "price": 1.50, "none": null, "options": ["a"]}}"#,
        )
        .unwrap()
        .unwrap();
        assert_eq!(product.id, "5c4ed8002f0985001e233275");
        assert_eq!(product.created, time("2026-01-02T03:04:05.678000"));
        assert!(product.created.is_some());
        assert_eq!(product.attributes.keys().collect::<Vec<_>>(), ["options", "price"]);
        assert_eq!(read(r#"{"sku": "S"}"#).unwrap(), None);
        let empty = r#"{"id": "x", "sku": "S", "attributes": null, "relationships": null, "thumbnail": null}"#;
        assert_eq!(read(empty).unwrap().unwrap().links.len(), 0);
        assert_eq!(
            read(r#"{"id": "x", "sku": "S", "attributes": {"size": {"a": 1}}}"#)
                .unwrap_err()
                .to_string(),
            "search products: size holds what no attribute of its type holds; the API has changed"
        );
    }

    #[test]
    fn the_number_of_matches_ends_a_search_and_not_the_size_of_the_account() {
        let pagination = |count| Some(Pagination { count });
        assert!(is_last(1, 3, pagination(Some(3)).as_ref()));
        assert!(is_last(1, 100, pagination(Some(100)).as_ref()));
        assert!(!is_last(1, 100, pagination(Some(101)).as_ref()));
        assert!(!is_last(2, 100, pagination(None).as_ref()));
        assert!(is_last(3, 0, None));
    }
}
