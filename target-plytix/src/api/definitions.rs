//! Making what an account lacks.

use serde_json::json;

use super::operation::{CREATE_ATTRIBUTE, CREATE_FAMILY, LINK_ATTRIBUTES};
use super::{Api, ApiError, first};
use crate::mapping::workflow::Definition;

impl Api {
    /// Defines an attribute; its id, if the answer tells it.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn create_attribute(
        &self,
        definition: &Definition,
    ) -> Result<Option<String>, ApiError> {
        let Definition { name, kind, options } = definition;
        // Options are refused for types that have none, even an empty list.
        let body = match options.as_slice() {
            [] => json!({"name": name, "type_class": kind}),
            options => json!({"name": name, "type_class": kind, "options": options}),
        };
        let answer = self.call(&CREATE_ATTRIBUTE, |call| call.json(&body)).await?;
        Ok(first(&answer)?.and_then(|entity| entity.id.or(entity.other_id)))
    }

    /// Defines a family without attributes; its id, if the answer tells it.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn create_family(&self, name: &str) -> Result<Option<String>, ApiError> {
        let body = json!({"name": name, "attributes": []});
        let answer = self.call(&CREATE_FAMILY, |call| call.json(&body)).await?;
        Ok(first(&answer)?.and_then(|entity| entity.id.or(entity.other_id)))
    }

    /// Gives a family attributes, by their ids. Plytix goes on with it after it has answered.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn link_attributes(
        &self,
        family: &str,
        attributes: &[String],
    ) -> Result<(), ApiError> {
        let body = json!({"attributes": attributes, "attributes_level": "no_level"});
        self.call(&LINK_ATTRIBUTES, |call| call.path("family_id", family).json(&body)).await?;
        Ok(())
    }
}
