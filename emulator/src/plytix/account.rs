//! The account: what it holds, and how each operation reads or changes it.

use super::answer::Answer;
use super::asset::Assets;
use super::change::{Change, Purpose};
use super::definition::{Definitions, attribute_row, family_row, id, relationship_row};
use super::error::Refusal;
use super::product::{Product, Products};
use super::route::{Operation, Version};
use super::search::{self, ATTRIBUTE_COLUMNS, FAMILY_COLUMNS, RELATIONSHIP_COLUMNS};
use super::setup::Canonical;
use super::{seed, table};
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

/// Everything that Plytix keeps for one customer.
#[derive(Debug)]
pub(super) struct Account {
    seed: u64,
    /// Its identifier, which is also that of the API user.
    id: String,
    /// Attributes, families and relationships.
    pub(super) definitions: Definitions,
    /// Products.
    pub(super) products: Products,
    /// Assets that products may refer to.
    pub(super) assets: Assets,
    /// How long a search does not show a new product.
    search_lag: TimeDelta,
    /// How many products were ever made, so that no identifier comes twice.
    made: usize,
}

impl Account {
    /// The account as it is when the emulator starts, with these products beside its own.
    ///
    /// # Errors
    /// What is wrong with one of the products, in the words of the answer to its creation.
    pub(super) fn new(
        seed: u64,
        search_lag: TimeDelta,
        canonicals: &[Canonical],
        products: &[Value],
    ) -> Result<Self, String> {
        let mut account = Self {
            seed,
            id: id(seed, "plytix account", 0),
            definitions: Definitions::new(seed),
            products: Products::default(),
            assets: Assets::new(seed),
            search_lag,
            made: 0,
        };
        let start = seed::fill(&mut account, seed);
        seed::add_canonicals(&mut account, canonicals, start);
        for (index, product) in products.iter().enumerate() {
            let made = account.create_product(product, start);
            made.map_err(|refusal| format!("product {}: {}", index + 1, refusal.body()))?;
        }
        Ok(account)
    }

    /// Everything that can be read of every product, for a test to compare.
    pub(super) fn dump(&self) -> Vec<Value> {
        let sku = |id: &String| self.products.get(id).map(|product| product.sku.as_str());
        let name = |id: &str| self.assets.filename(id).map(str::to_owned);
        let product = |product: &Product| {
            let links = self.definitions.relationships.iter().map(|relationship| {
                let links = product.links.get(&relationship.id);
                let skus = links.into_iter().flatten().filter_map(|(id, _)| sku(id));
                (relationship.label.clone(), skus.collect())
            });
            let attributes = product.attributes.iter().map(|(label, value)| {
                let ids = value.as_array().into_iter().flatten().filter_map(|item| item.get("id"));
                let names: Vec<Value> =
                    ids.filter_map(Value::as_str).filter_map(name).map(Value::from).collect();
                let value = if names.is_empty() { value.clone() } else { names.into() };
                (label.clone(), value)
            });
            let family = product.family.as_deref().and_then(|id| self.definitions.family(id));
            json!({
                "sku": product.sku,
                "label": product.label,
                "family": family.map(|family| family.name.as_str()),
                "thumbnail": product.thumbnail.as_deref().and_then(name),
                "attributes": attributes.collect::<Map<String, Value>>(),
                "links": links.collect::<Map<String, Value>>(),
            })
        };
        let assets = json!({"assets": self.assets.filenames().collect::<Vec<_>>()});
        self.products.iter().map(product).chain([assets]).collect()
    }

    /// Answers `operation`, whose request has this body, at real time `now`.
    pub(super) fn answer(
        &mut self,
        operation: &Operation,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let json = || serde_json::from_slice::<Value>(body).map_err(|e| Refusal::not_json(&e));
        match operation {
            Operation::CreateProduct => self.create_product(&json()?, now),
            Operation::GetProduct(id, version) => self.get_product(id, *version),
            Operation::UpdateProduct(id) => self.update_product(id, &json()?, now),
            Operation::DeleteProduct(id) => self.delete_product(id),
            Operation::AssignFamily(id) => self.assign_family(id, &json()?, now),
            Operation::SearchProducts(version) => self.search_products(&json()?, *version, now),
            Operation::SearchFamilies => self.search_families(&json()?),
            Operation::GetProductFilters => Ok(search::product_filters(&self.definitions)),
            Operation::SearchAttributes => self.search_attributes(&json()?),
            Operation::CreateAttribute => self.definitions.create_attribute(&json()?),
            Operation::CreateFamily => self.definitions.create_family(&json()?, now),
            Operation::LinkAttributes(family) => self.definitions.link_attributes(family, &json()?),
            Operation::SearchRelationships => self.search_relationships(&json()?),
            Operation::CreateRelationship => self.definitions.create_relationship(&json()?, now),
            Operation::Relate { product, relationship, linking } => {
                self.relate(product, relationship, *linking, &json()?, now)
            }
            Operation::GetProductAssets(id) => self.product_assets(id),
            Operation::LinkAsset(id, version) => self.link_asset(id, *version, &json()?, now),
            Operation::UnlinkAsset(id, asset) => self.unlink_asset(id, asset, now),
            Operation::CreateAsset => {
                // These words and no others were recorded for a body that is no JSON.
                let unreadable =
                    "The browser sent a request that this server could not understand.";
                let refusal = |_| Refusal::bare(StatusCode::BAD_REQUEST, unreadable);
                self.assets.create(&serde_json::from_slice(body).map_err(refusal)?, now)
            }
            Operation::GetAsset(id) => self.assets.get(id),
            Operation::SearchAssets => self.assets.search(&json()?),
            Operation::Moved(path) => Ok(Answer::moved(path)),
            Operation::NotOffered(status) => Ok(Answer::empty(*status)),
            Operation::NotEvidenced => Err(Refusal::not_evidenced("this path with this method")),
        }
    }

    /// What it holds, as a table for people.
    pub(super) fn table(&self) -> String {
        table::table(&self.products, &self.definitions)
    }

    /// A new product that nobody has seen yet.
    pub(super) fn new_product(&mut self, sku: String, now: DateTime<Utc>) -> Product {
        self.made += 1;
        Product::new(id(self.seed, "plytix product", self.made), sku, now)
    }

    /// Makes a product. Its SKU is given: a change to create one is refused without.
    fn create_product(&mut self, body: &Value, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        let change = Change::read(body, Purpose::Create, &self.definitions, self.assets.ids())?;
        self.check_unique(&change, None)?;
        let mut product = self.new_product(change.sku().unwrap_or_default().to_owned(), now);
        change.apply(&mut product);
        let answer = Answer::data(StatusCode::CREATED, [product.written_form(&self.id)]);
        // The header leads to v1 although the request went to v2.
        let location = Some(format!("/api/v1/products/{}", product.id));
        let detail = Some(json!({"sku": product.sku, "id": product.id}));
        self.products.put(product);
        Ok(Answer { location, detail, ..answer })
    }

    /// Reads a product.
    fn get_product(&self, id: &str, version: Version) -> Result<Answer, Refusal> {
        let product = self.products.get(id).ok_or_else(|| Refusal::no_product(id))?;
        let form = product.read_form(&self.id, &self.definitions, &self.assets, version);
        Ok(Answer::data(StatusCode::OK, [form]))
    }

    /// Changes a product, wholly or not at all.
    fn update_product(
        &mut self,
        id: &str,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let mut product = self.products.get(id).cloned().ok_or_else(|| Refusal::no_product(id))?;
        let change = Change::read(body, Purpose::Update, &self.definitions, self.assets.ids())?;
        self.check_unique(&change, Some(id))?;
        let changed = change.apply(&mut product);
        if changed {
            product.modified = now;
        }
        let answer = Answer::data(StatusCode::OK, [product.written_form(&self.id)]);
        let detail = Some(json!({"sku": product.sku, "changed": changed}));
        self.products.put(product);
        Ok(Answer { detail, ..answer })
    }

    /// Refuses a SKU that another product has. A GTIN must be unique too, but how the API refuses
    /// the second one is not known.
    fn check_unique(&self, change: &Change, id: Option<&str>) -> Result<(), Refusal> {
        if change.sku().is_some_and(|sku| self.products.sku_is_taken(sku, id)) {
            return Err(Refusal::duplicate_sku());
        }
        if change.gtin().is_some_and(|gtin| self.products.gtin_is_taken(gtin, id)) {
            return Err(Refusal::not_evidenced("gtin: one that another product has"));
        }
        Ok(())
    }

    /// Removes a product. The refusal's message lacks the space that it has elsewhere.
    fn delete_product(&mut self, id: &str) -> Result<Answer, Refusal> {
        if self.products.remove(id) {
            return Ok(Answer::empty(StatusCode::NO_CONTENT));
        }
        let refusal = Refusal::no_product(id);
        Err(Refusal { message: refusal.message.trim_start().to_owned(), ..refusal })
    }

    /// Gives a product a family, or takes it away for an empty text. That the family it has already
    /// leaves `modified` alone is assumed from what was recorded of other values.
    fn assign_family(
        &mut self,
        id: &str,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let mut product = self.products.get(id).cloned().ok_or_else(|| Refusal::no_product(id))?;
        let Some(family) = body.get("product_family_id").and_then(Value::as_str) else {
            return Err(Refusal::not_evidenced("a family that is not a text"));
        };
        if !family.is_empty() && self.definitions.family(family).is_none() {
            return Err(Refusal::not_evidenced("a family that does not exist"));
        }
        let family = Some(family.to_owned()).filter(|family| !family.is_empty());
        let changed = product.family != family;
        if changed {
            product.family = family;
            product.modified = now;
        }
        let answer = Answer::data(StatusCode::OK, [product.written_form(&self.id)]);
        let detail = Some(json!({"sku": product.sku, "changed": changed}));
        self.products.put(product);
        Ok(Answer { detail, ..answer })
    }

    /// Searches products; those that were made within the lag do not show yet.
    fn search_products(
        &self,
        body: &Value,
        version: Version,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let newest = now - self.search_lag;
        search::products(body, version, &self.products, &self.definitions, newest)
    }

    /// Searches families.
    fn search_families(&self, body: &Value) -> Result<Answer, Refusal> {
        let rows = self.definitions.families.iter().map(|family| {
            let has = |product: &&Product| product.family.as_ref() == Some(&family.id);
            family_row(family, self.products.iter().filter(has).count())
        });
        let rows: Vec<Map<String, Value>> = rows.collect();
        search::definitions(body, &rows, FAMILY_COLUMNS, &["id"])
    }

    /// Searches attributes.
    fn search_attributes(&self, body: &Value) -> Result<Answer, Refusal> {
        let rows: Vec<Map<String, Value>> =
            self.definitions.attributes.values().map(attribute_row).collect();
        search::definitions(body, &rows, ATTRIBUTE_COLUMNS, &["id"])
    }

    /// Searches relationships, whose rows were seen with their label although nobody asked for it.
    fn search_relationships(&self, body: &Value) -> Result<Answer, Refusal> {
        let rows: Vec<Map<String, Value>> =
            self.definitions.relationships.iter().map(relationship_row).collect();
        search::definitions(body, &rows, RELATIONSHIP_COLUMNS, &["id", "label"])
    }
}
