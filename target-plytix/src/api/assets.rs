//! Pictures, as Plytix keeps them.

use std::collections::HashMap;

use api_client::Error;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Data, is_last};
use super::operation::{CREATE_ASSET, SEARCH_ASSETS};
use super::{Api, ApiError, PAGE};

/// What became of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Plytix's id.
    pub id: String,
    /// Whether it was there already.
    pub existed: bool,
}

/// An asset as far as it matters here.
#[derive(Deserialize)]
struct Asset {
    id: Option<String>,
    #[serde(rename = "_id")]
    other_id: Option<String>,
    filename: Option<String>,
}

/// The refusal of an asset that is there: its id stands where others have a message (seen 2025).
#[derive(Deserialize)]
struct Duplicate {
    error: Faults,
}

#[derive(Deserialize)]
struct Faults {
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    field: Option<serde_json::Value>,
    msg: Option<serde_json::Value>,
}

/// Part of a list of assets.
#[derive(Debug, Default)]
pub struct AssetPage {
    /// Ids by filename.
    pub ids: HashMap<String, String>,
    /// How many assets the search matches.
    pub count: Option<usize>,
    /// Whether there are no more pages.
    pub last: bool,
}

impl Api {
    /// Has Plytix fetch and keep the picture at an address. The same name and content again is the same
    /// asset, so a repetition is harmless.
    ///
    /// # Errors
    /// A call that failed, or an answer without an id.
    pub async fn keep(&self, link: &str, filename: &str) -> Result<Kept, ApiError> {
        let body = json!({"url": link, "filename": filename});
        match self.call(&CREATE_ASSET, |call| call.json(&body)).await {
            Ok(answer) => {
                let answer: Data<Asset> = answer.json()?;
                let id =
                    answer.data.into_iter().next().and_then(|asset| asset.id.or(asset.other_id));
                Ok(Kept { id: id.ok_or(ApiError::NoAssetId)?, existed: false })
            }
            Err(ApiError::Call(Error::Refused(refusal))) if refusal.status == 409 => {
                let id = existing(&refusal.body);
                let refused = ApiError::Call(Error::Refused(refusal));
                Ok(Kept { id: id.ok_or(refused)?, existed: true })
            }
            Err(error) => Err(error),
        }
    }

    /// A page of the assets whose names contain a text, from 1.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn assets(&self, text: &str, page: usize) -> Result<AssetPage, ApiError> {
        self.asset_page(&json!([[{"field": "filename", "operator": "like", "value": text}]]), page)
            .await
    }

    /// A page of the assets that have one of these names, in any case of letters, from 1.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn assets_named(&self, names: &[&str], page: usize) -> Result<AssetPage, ApiError> {
        let condition =
            |name: &&str| json!([{"field": "filename", "operator": "eq", "value": name}]);
        self.asset_page(&names.iter().map(condition).collect(), page).await
    }

    /// A page of the assets that match these filters.
    async fn asset_page(&self, filters: &Value, page: usize) -> Result<AssetPage, ApiError> {
        let body = json!({
            "filters": filters,
            "attributes": ["filename"],
            "pagination": {"page": page, "page_size": PAGE},
        });
        let answer = self.call(&SEARCH_ASSETS, |call| call.json(&body)).await?;
        let answer: Data<Asset> = answer.json()?;
        let last = is_last(page, answer.data.len(), answer.pagination.as_ref());
        let count = answer.pagination.and_then(|pagination| pagination.count);
        let named = answer
            .data
            .into_iter()
            .filter_map(|asset| Some((asset.filename?, asset.id.or(asset.other_id)?)));
        Ok(AssetPage { ids: named.collect(), count, last })
    }
}

/// The id of the asset that is there, from the refusal's body.
fn existing(body: &[u8]) -> Option<String> {
    let duplicate: Duplicate = serde_json::from_slice(body).ok()?;
    duplicate.error.errors.into_iter().find_map(|fault| {
        let is_id = fault.field.as_ref().and_then(|field| field.as_str()) == Some("asset.id");
        fault.msg.filter(|_| is_id)?.as_str().map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::existing;

    #[test]
    fn a_duplicate_says_which_asset_it_is() {
        let body = |field: &str, msg: &str| {
            format!(
                r#"{{"error": {{"errors": [{{"field": "{field}", "msg": {msg}}}], "msg": "Asset already exists"}}}}"#
            )
        };
        assert_eq!(existing(body("asset.id", "\"5c4e\"").as_bytes()).as_deref(), Some("5c4e"));
        assert_eq!(existing(body("filename", "\"5c4e\"").as_bytes()), None);
        assert_eq!(existing(body("asset.id", "409").as_bytes()), None);
        assert_eq!(existing(b"<html>"), None);
    }
}
