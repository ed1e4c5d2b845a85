//! The account: what it holds, and how each operation reads or changes it.

use super::answer::Answer;
use super::change::{Change, Purpose};
use super::definition::{Definitions, attribute_row, family_row, id, relationship_row};
use super::error::Refusal;
use super::product::{Product, Products};
use super::route::{Operation, Version};
use super::search::{self, ATTRIBUTE_COLUMNS, FAMILY_COLUMNS, RELATIONSHIP_COLUMNS};
use super::{seed, table};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

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
    /// Identifiers of the assets that products may refer to.
    pub(super) assets: BTreeSet<String>,
    /// How many products were ever made, so that no identifier comes twice.
    made: usize,
}

impl Account {
    /// The account as it is when the emulator starts.
    pub(super) fn new(seed: u64) -> Self {
        let mut account = Self {
            seed,
            id: id(seed, "plytix account", 0),
            definitions: Definitions::new(seed),
            products: Products::default(),
            assets: BTreeSet::new(),
            made: 0,
        };
        seed::fill(&mut account, seed);
        account
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
            Operation::GetProduct(id) => self.get_product(id),
            Operation::UpdateProduct(id) => self.update_product(id, &json()?, now),
            Operation::DeleteProduct(id) => self.delete_product(id),
            Operation::AssignFamily(id) => self.assign_family(id, &json()?, now),
            Operation::SearchProducts(version) => self.search_products(&json()?, *version),
            Operation::SearchFamilies => self.search_families(&json()?),
            Operation::GetProductFilters => Ok(search::product_filters(&self.definitions)),
            Operation::SearchAttributes => self.search_attributes(&json()?),
            Operation::CreateAttribute => self.definitions.create_attribute(&json()?),
            Operation::SearchRelationships => self.search_relationships(&json()?),
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
        let change = Change::read(body, Purpose::Create, &self.definitions, &self.assets)?;
        self.check_unique(&change, None)?;
        let mut product = self.new_product(change.sku().unwrap_or_default().to_owned(), now);
        change.apply(&mut product);
        let answer = Answer::data(StatusCode::CREATED, [product.written_form(&self.id)]);
        // The header leads to v1 although the request went to v2.
        let location = Some(format!("/api/v1/products/{}", product.id));
        self.products.put(product);
        Ok(Answer { location, ..answer })
    }

    /// Reads a product.
    fn get_product(&self, id: &str) -> Result<Answer, Refusal> {
        let product = self.products.get(id).ok_or_else(|| Refusal::no_product(id))?;
        Ok(Answer::data(StatusCode::OK, [product.read_form(&self.id, &self.definitions)]))
    }

    /// Changes a product, wholly or not at all.
    fn update_product(
        &mut self,
        id: &str,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let mut product = self.products.get(id).cloned().ok_or_else(|| Refusal::no_product(id))?;
        let change = Change::read(body, Purpose::Update, &self.definitions, &self.assets)?;
        self.check_unique(&change, Some(id))?;
        if change.apply(&mut product) {
            product.modified = now;
        }
        let answer = Answer::data(StatusCode::OK, [product.written_form(&self.id)]);
        self.products.put(product);
        Ok(answer)
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
        if product.family != family {
            product.family = family;
            product.modified = now;
        }
        let answer = Answer::data(StatusCode::OK, [product.written_form(&self.id)]);
        self.products.put(product);
        Ok(answer)
    }

    /// Searches products.
    fn search_products(&self, body: &Value, version: Version) -> Result<Answer, Refusal> {
        search::products(body, version, &self.products, &self.definitions)
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
