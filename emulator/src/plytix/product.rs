//! Products, and how they show when they are read.

use super::answer::{unzoned, zoned};
use super::asset::Assets;
use super::attribute::Kind;
use super::definition::Definitions;
use super::route::Version;
use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde_json::{Map, Number, Value, json};
use std::collections::HashMap;

/// What a product is until it is given a status. That v2 does so too is assumed from its examples.
const FIRST_STATUS: &str = "Draft";

/// A link to another product.
#[derive(Debug, Clone)]
pub(super) struct Link {
    /// How many of the other product.
    pub(super) quantity: Number,
    /// When it last changed.
    pub(super) modified: DateTime<Utc>,
}

/// A product.
#[derive(Debug, Clone)]
pub(super) struct Product {
    /// Identifier.
    pub(super) id: String,
    /// The seller's identifier; no two products have the same, and case matters.
    pub(super) sku: String,
    /// Name for people.
    pub(super) label: Option<String>,
    /// Global trade item number.
    pub(super) gtin: Option<String>,
    /// One of [`super::change::STATUSES`].
    pub(super) status: String,
    /// Identifier of its family.
    pub(super) family: Option<String>,
    /// Identifier of the asset that stands for it.
    pub(super) thumbnail: Option<String>,
    /// Values by label, in the form in which they are written, in the order of first writing.
    pub(super) attributes: IndexMap<String, Value>,
    /// Links to other products by their identifiers, by the identifier of the relationship.
    pub(super) links: IndexMap<String, IndexMap<String, Link>>,
    /// When it was made.
    pub(super) created: DateTime<Utc>,
    /// When it last changed.
    pub(super) modified: DateTime<Utc>,
}

impl Product {
    /// A product with nothing but a SKU.
    pub(super) fn new(id: String, sku: String, now: DateTime<Utc>) -> Self {
        Self {
            id,
            sku,
            label: None,
            gtin: None,
            status: FIRST_STATUS.to_owned(),
            family: None,
            thumbnail: None,
            attributes: IndexMap::new(),
            links: IndexMap::new(),
            created: now,
            modified: now,
        }
    }

    /// The value of an attribute in the form in which it is written; completeness is computed.
    pub(super) fn value(&self, label: &str, definitions: &Definitions) -> Option<Value> {
        let attribute = definitions.attributes.get(label)?;
        if attribute.kind == Kind::Completeness {
            return Some(json!(self.completeness(&attribute.counted)));
        }
        self.attributes.get(label).cloned()
    }

    /// How many of the `counted` attributes have a value, in percent with two decimals.
    fn completeness(&self, counted: &[String]) -> f64 {
        let filled = counted.iter().filter(|label| self.attributes.contains_key(*label)).count();
        let [filled, all] = [filled, counted.len()].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        if all == 0 {
            return 0.0;
        }
        (f64::from(filled) * 10_000.0 / f64::from(all)).round() / 100.0
    }

    /// Identifiers of all assets that the product uses, each once.
    pub(super) fn assets(&self) -> Vec<&str> {
        let galleries = self.attributes.values().flat_map(|value| match value {
            Value::Array(items) => items.iter().collect(),
            value => vec![value],
        });
        let ids = galleries.filter_map(|value| value.get("id").and_then(Value::as_str));
        let mut all: Vec<&str> = Vec::new();
        for id in self.thumbnail.as_deref().into_iter().chain(ids) {
            if !all.contains(&id) {
                all.push(id);
            }
        }
        all
    }

    /// Its links by one relationship, without what only some answers show of them.
    pub(super) fn related(&self, relationship: &str) -> Option<Value> {
        let links = self.links.get(relationship).filter(|links| !links.is_empty())?;
        let form =
            |(id, link): (&String, &Link)| json!({"product_id": id, "quantity": link.quantity});
        Some(links.iter().map(form).collect())
    }

    /// What is shown when the product is read: times without a zone, and of the attributes those that
    /// have a value. Assets are plain ids in v2 and whole in v1.
    pub(super) fn read_form(
        &self,
        account: &str,
        definitions: &Definitions,
        assets: &Assets,
        version: Version,
    ) -> Value {
        let whole = |ids: Value| match (version, ids) {
            (Version::V1, Value::Array(ids)) => {
                ids.iter().filter_map(Value::as_str).filter_map(|id| assets.form(id)).collect()
            }
            (_, ids) => ids,
        };
        let mut form = json!({
            "id": self.id,
            "created": unzoned(self.created),
            "account_id": account,
            "assets": whole(json!(self.assets())),
            "attributes": self.read_attributes(definitions, whole),
            "categories": [],
            "created_user_audit": audit(account),
            "label": self.label,
            "mark_as_deleted": false,
            "modified": unzoned(self.modified),
            "modified_user_audit": audit(account),
            "num_variations": 0,
            "overwritten_attributes": [],
            "product_level": 0,
            "relationships": self.read_links(definitions),
            "sku": self.sku,
            "static_list_ids": [],
            "status": self.status,
            "thumbnail": whole(self.thumbnail.iter().map(|id| json!(id)).collect()),
            "product_type": "SINGLE",
        });
        if let Some(form) = form.as_object_mut() {
            let absent = [("gtin", &self.gtin), ("product_family_id", &self.family)];
            for (key, value) in absent {
                if let Some(value) = value {
                    form.insert(key.to_owned(), json!(value));
                }
            }
        }
        form
    }

    /// Its attributes that have a value; `whole` makes assets of their identifiers, or leaves those.
    fn read_attributes(
        &self,
        definitions: &Definitions,
        whole: impl Fn(Value) -> Value,
    ) -> Map<String, Value> {
        let mut attributes = Map::new();
        for (label, attribute) in &definitions.attributes {
            if let Some(value) = self.value(label, definitions) {
                let form = attribute.read_form(&value);
                let is_media = matches!(attribute.kind, Kind::Media | Kind::MediaGallery);
                attributes.insert(label.clone(), if is_media { whole(form) } else { form });
            }
        }
        attributes
    }

    /// Its links by every relationship that it has any of.
    fn read_links(&self, definitions: &Definitions) -> Value {
        let links = definitions.relationships.iter().filter_map(|relationship| {
            let related = self.related(&relationship.id)?;
            Some(
                json!({"relationship_label": relationship.label, "relationship_id": relationship.id,
                "related_products": related}),
            )
        });
        links.collect()
    }

    /// What v2 answers to a write: who and when, and nothing of what was written.
    pub(super) fn written_form(&self, account: &str) -> Value {
        json!({
            "id": self.id,
            "created": zoned(self.created),
            "modified": zoned(self.modified),
            "created_user_audit": audit(account),
            "modified_user_audit": audit(account),
        })
    }
}

/// Who wrote: always the API.
fn audit(account: &str) -> Value {
    json!({"type": "API", "user_email": "api", "user_id": account, "user_name": "api"})
}

/// All products, in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Products {
    by_id: IndexMap<String, Product>,
    /// Identifiers by SKU.
    ids: HashMap<String, String>,
}

impl Products {
    /// The product with this identifier.
    pub(super) fn get(&self, id: &str) -> Option<&Product> {
        self.by_id.get(id)
    }

    /// Whether a product other than `id` has this SKU.
    pub(super) fn sku_is_taken(&self, sku: &str, id: Option<&str>) -> bool {
        self.ids.get(sku).is_some_and(|holder| Some(holder.as_str()) != id)
    }

    /// Whether a product other than `id` has this GTIN.
    pub(super) fn gtin_is_taken(&self, gtin: &str, id: Option<&str>) -> bool {
        let mut holders = self.by_id.values().filter(|p| p.gtin.as_deref() == Some(gtin));
        holders.any(|holder| Some(holder.id.as_str()) != id)
    }

    /// Adds a product, or puts it in the place of the one with its identifier.
    pub(super) fn put(&mut self, product: Product) {
        if let Some(former) = self.by_id.get(&product.id) {
            self.ids.remove(&former.sku);
        }
        self.ids.insert(product.sku.clone(), product.id.clone());
        self.by_id.insert(product.id.clone(), product);
    }

    /// Removes a product; false if there is none with this identifier.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        let removed = self.by_id.shift_remove(id);
        removed.is_some_and(|product| self.ids.remove(&product.sku).is_some())
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Product> {
        self.by_id.values()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }
}
