//! Relationships between products, as Plytix offers them.

use serde_json::json;

use super::answer::{Data, Entity, Related, first};
use super::operation::{
    CREATE_RELATIONSHIP, GET_PRODUCT, LINK_PRODUCTS, SEARCH_RELATIONSHIPS, UNLINK_PRODUCTS,
};
use super::{Api, ApiError, PAGE};

/// A relationship of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationship {
    /// Plytix's id, which paths ask for.
    pub id: String,
    /// The name in columns.
    pub label: String,
}

/// What a request for links has come to.
#[derive(Debug)]
pub struct Linked {
    /// Whether Plytix says that something is new.
    pub new: bool,
    /// Ids of the products that are linked now, if Plytix names them.
    pub there: Option<Vec<String>>,
}

impl Api {
    /// The relationships with these names or labels, in one request. What is not there is missing.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn relationships(
        &self,
        names: &[&str],
    ) -> Result<Vec<(String, Relationship)>, ApiError> {
        let condition =
            |field: &str, name: &str| json!([{"field": field, "operator": "eq", "value": name}]);
        let filters: Vec<_> = names
            .iter()
            .flat_map(|name| [condition("name", name), condition("label", name)])
            .collect();
        let body = json!({
            "filters": filters,
            "attributes": ["name", "label"],
            "pagination": {"page": 1, "page_size": PAGE},
        });
        let answer = self.call(&SEARCH_RELATIONSHIPS, |call| call.json(&body)).await?;
        let answer: Data<Entity> = answer.json()?;
        // The search ignores case, and `Listings` and `listings` may both be there.
        let mut found = Vec::new();
        for Entity { id, other_id, name, label, .. } in answer.data {
            let (Some(id), Some(label)) = (id.or(other_id), label) else { continue };
            let asked =
                names.iter().find(|asked| Some(**asked) == name.as_deref() || **asked == label);
            if let Some(asked) = asked {
                found.push(((*asked).to_owned(), Relationship { id, label }));
            }
        }
        Ok(found)
    }

    /// Defines a relationship.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn create_relationship(&self, name: &str) -> Result<(), ApiError> {
        let body = json!({"name": name});
        self.call(&CREATE_RELATIONSHIP, |call| call.json(&body)).await?;
        Ok(())
    }

    /// Links a product to others, and tells to which it is linked then. v1, because v2 says nothing
    /// about what it has left out.
    ///
    /// # Errors
    /// A call that failed; a product that does not exist fails the whole request.
    pub async fn link(
        &self,
        product: &str,
        relationship: &str,
        others: &[&str],
    ) -> Result<Linked, ApiError> {
        let entry = |id: &&str| json!({"product_id": id, "quantity": 1});
        let body = json!({"product_relationships": others.iter().map(entry).collect::<Vec<_>>()});
        let answer = self
            .call(&LINK_PRODUCTS, |call| {
                call.path("product_id", product).path("relationship_id", relationship).json(&body)
            })
            .await?;
        // 201 if something changed, 200 if not (seen 2026).
        let new = answer.status == 201;
        if answer.body.is_empty() {
            return Ok(Linked { new, there: None });
        }
        let answer: Data<Related> = answer.json()?;
        let there = answer.data.into_iter().next().map(Related::ids);
        Ok(Linked { new, there })
    }

    /// Takes the links of a product to these others away; one that is not there is passed over.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn unlink(
        &self,
        product: &str,
        relationship: &str,
        others: &[&str],
    ) -> Result<(), ApiError> {
        let body = json!({"product_relationships": others});
        self.call(&UNLINK_PRODUCTS, |call| {
            call.path("product_id", product).path("relationship_id", relationship).json(&body)
        })
        .await?;
        Ok(())
    }

    /// Ids of the products to which a product is linked.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn links(&self, product: &str, relationship: &str) -> Result<Vec<String>, ApiError> {
        let answer = self.call(&GET_PRODUCT, |call| call.path("product_id", product)).await?;
        let entity = first(&answer)?;
        let all = entity.and_then(|entity| entity.relationships).into_iter().flatten();
        let these = all.filter(|it| it.relationship_id.as_deref() == Some(relationship));
        Ok(these.flat_map(Related::ids).collect())
    }
}
