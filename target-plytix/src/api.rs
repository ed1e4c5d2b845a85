//! The part of Plytix' API that the upsert needs: what can be called, and what the answers mean.
//!
//! Products are v2 and definitions v1, because each exists only there or works only there (Plytix'
//! collection of 2026). Nothing here decides what to write, waits, or tries again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use api_client::{
    AccessToken, Answer, BuildError, Call, Client, Count, Error, Headers, Method, Operation,
    RetryPolicy, Timeouts, TokenCache, TokenSource,
};
use chrono::{DateTime, NaiveDateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use singer::config::ConfigError;
use tokio::time::Instant;

use crate::config::Config;
use crate::definition::{Definition, FiltersAnswer};
use crate::dialect::{Api as ApiDialect, Auth as AuthDialect};
use crate::product::{Change, Present};
use crate::value::Value;

/// Entities on one page of a search, at most (Plytix' documentation).
pub const PAGE: usize = 100;

/// How long an access token lives (`exp - iat` of tokens seen 2026). One that ends earlier is renewed
/// when it is refused.
const TOKEN_LIFETIME: Duration = Duration::from_mins(15);

const fn operation(
    name: &'static str,
    method: Method,
    path: &'static str,
    repeat: Repeat,
) -> Operation {
    Operation { name, method, path, plan: None, idempotent: matches!(repeat, Repeat::Safe) }
}

/// Whether an operation may be repeated when its outcome is unknown.
#[derive(Clone, Copy)]
enum Repeat {
    /// Twice is the same as once.
    Safe,
    /// Twice may not be the same as once.
    Unsafe,
}

/// The API's operations, by the names that they have in Plytix' collection.
pub mod operations {
    use super::{Method, Operation, Repeat, operation};

    /// Gives an access token for the credentials.
    pub const GET_TOKEN: Operation =
        operation("get token", Method::Post, "/auth/api/get-token", Repeat::Safe);
    /// Lists what can be searched: attributes, their types and options.
    pub const PRODUCT_FILTERS: Operation = operation(
        "get available product filters",
        Method::Get,
        "/api/v1/filters/product",
        Repeat::Safe,
    );
    /// Lists families.
    pub const SEARCH_FAMILIES: Operation = operation(
        "search product families",
        Method::Post,
        "/api/v1/product_families/search",
        Repeat::Safe,
    );
    /// Lists products.
    pub const SEARCH_PRODUCTS: Operation =
        operation("search products", Method::Post, "/api/v2/products/search", Repeat::Safe);
    /// Gives one product, with its family.
    pub const GET_PRODUCT: Operation =
        operation("get product", Method::Get, "/api/v2/products/{product_id}", Repeat::Safe);
    /// Creates a product. Twice is a conflict, which looks like somebody else's product.
    pub const CREATE_PRODUCT: Operation =
        operation("create product", Method::Post, "/api/v2/products", Repeat::Unsafe);
    /// Changes what is sent of a product; null clears.
    pub const UPDATE_PRODUCT: Operation =
        operation("update product", Method::Patch, "/api/v2/products/{product_id}", Repeat::Safe);
    /// Gives a product a family: the only way in v1 and v2, because the body of a product ignores it.
    pub const ASSIGN_FAMILY: Operation = operation(
        "assign product family",
        Method::Post,
        "/api/v2/products/{product_id}/family",
        Repeat::Safe,
    );
}

use operations::{
    ASSIGN_FAMILY, CREATE_PRODUCT, GET_PRODUCT, GET_TOKEN, PRODUCT_FILTERS, SEARCH_FAMILIES,
    SEARCH_PRODUCTS, UPDATE_PRODUCT,
};

/// An answer that a client of this API cannot work with.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] Error),
    /// A product was created and neither the answer nor a search says as what.
    #[error("create product: created, but neither the answer nor a search shows its id")]
    NoId,
    /// A product's value has a shape that its attribute cannot have.
    #[error(
        "search products: {field} holds what no attribute of its type holds; the API has changed"
    )]
    Shape {
        /// The column.
        field: String,
    },
}

/// A product that was just created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Plytix's id.
    pub id: String,
    /// When, by Plytix's clock.
    pub created: Option<DateTime<Utc>>,
}

/// Plytix, for one account.
#[derive(Debug)]
pub struct Api {
    client: Client,
    auth: Client,
    /// Operations whose deprecation was mentioned.
    deprecated: Mutex<HashSet<&'static str>>,
}

/// Asks for tokens with the account's credentials.
struct Credentials {
    client: Client,
    api_key: SecretString,
    api_password: SecretString,
}

impl TokenSource for Credentials {
    async fn fetch(&self) -> Result<AccessToken, Error> {
        let body = json!({
            "api_key": self.api_key.expose_secret(),
            "api_password": self.api_password.expose_secret(),
        });
        let asked = Instant::now();
        let answer = self.client.call(Call::to(&GET_TOKEN).json(&body)).await?;
        let answer: Data<Token> = answer.json()?;
        let token = answer.data.into_iter().next().ok_or_else(|| Error::Unauthorized {
            operation: GET_TOKEN.name,
            advice: "the answer holds no token; check auth_url".to_owned(),
        })?;
        Ok(AccessToken { secret: token.access_token, expires_at: asked + TOKEN_LIFETIME })
    }
}

/// What all answers of Plytix are wrapped in.
#[derive(Deserialize)]
struct Data<T> {
    #[serde(default = "Vec::new")]
    data: Vec<T>,
    pagination: Option<Pagination>,
}

/// Where a search stands. `total_count` is left out: it ignores the filter.
#[derive(Deserialize)]
struct Pagination {
    count: Option<usize>,
}

#[derive(Deserialize)]
struct Token {
    access_token: SecretString,
}

/// Anything that has an id; v2 has called it `id`, `_id` and `id` again.
#[derive(Deserialize)]
struct Entity {
    id: Option<String>,
    #[serde(rename = "_id")]
    other_id: Option<String>,
    name: Option<String>,
    created: Option<String>,
    product_family_id: Option<String>,
}

/// A product as a search shows it.
#[derive(Deserialize)]
struct Row<'a> {
    id: Option<String>,
    #[serde(rename = "_id")]
    other_id: Option<String>,
    sku: String,
    created: Option<String>,
    #[serde(borrow)]
    label: Option<&'a RawValue>,
    #[serde(borrow)]
    attributes: Option<BTreeMap<String, &'a RawValue>>,
}

impl Api {
    /// A client with the account's credentials and limits; nothing is called.
    ///
    /// # Errors
    /// A URL that cannot be used, as an error of its setting.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let policy = RetryPolicy {
            longest_wait: Duration::from_secs(config.max_rate_limit_wait_seconds),
            ..RetryPolicy::default()
        };
        let request = Duration::from_secs(config.request_timeout_seconds);
        let timeouts = Timeouts { request, ..Timeouts::default() };
        let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        let auth = Client::builder(config.auth_url.as_str(), AuthDialect)
            .policy(policy)
            .timeouts(timeouts)
            .header("user-agent", agent)
            .build()
            .map_err(|error| of_setting("auth_url", error))?;
        let credentials = Credentials {
            client: auth.clone(),
            api_key: config.api_key.clone(),
            api_password: config.api_password.clone(),
        };
        let client = Client::builder(config.api_url.as_str(), ApiDialect)
            .tokens(TokenCache::new(credentials))
            .windows(&config.windows())
            .policy(policy)
            .timeouts(timeouts)
            .header("user-agent", agent)
            .build()
            .map_err(|error| of_setting("api_url", error))?;
        Ok(Self { client, auth, deprecated: Mutex::default() })
    }

    /// What was called so far, by operation.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, Count)> {
        let mut counts = self.auth.counts();
        counts.extend(self.client.counts());
        counts
    }

    /// The account's attributes.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn definition(&self) -> Result<Definition, ApiError> {
        let answer = self.call(&PRODUCT_FILTERS, |call| call).await?;
        Ok(answer.json::<FiltersAnswer>()?.into())
    }

    /// The id of the family with exactly this name or id.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn family(&self, name_or_id: &str) -> Result<Option<String>, ApiError> {
        let filters = if is_id(name_or_id) {
            // The id is none of the fields that families can be filtered by.
            json!([])
        } else {
            json!([[{"field": "name", "operator": "eq", "value": name_or_id}]])
        };
        for page in 1.. {
            let body = json!({
                "filters": filters,
                "attributes": ["name"],
                "pagination": {"page": page, "page_size": PAGE},
            });
            let answer = self.call(&SEARCH_FAMILIES, |call| call.json(&body)).await?;
            let answer: Data<Entity> = answer.json()?;
            let last = is_last(page, answer.data.len(), answer.pagination.as_ref());
            let found = answer.data.into_iter().find_map(|family| {
                let named = family.name.as_deref() == Some(name_or_id);
                family.id.or(family.other_id).filter(|id| named || id == name_or_id)
            });
            if found.is_some() || last {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Those of at most [`PAGE`] products that exist, by their exact SKU, with these columns.
    ///
    /// # Errors
    /// A call that failed, or a value that cannot be understood.
    pub async fn products(
        &self,
        skus: &[&str],
        columns: &[String],
    ) -> Result<HashMap<String, Present>, ApiError> {
        let mut present = HashMap::new();
        for page in 1.. {
            let body = json!({
                "filters": [[{"field": "sku", "operator": "in", "value": skus}]],
                "attributes": columns,
                "pagination": {"page": page, "page_size": PAGE},
            });
            let answer = self.call(&SEARCH_PRODUCTS, |call| call.json(&body)).await?;
            let rows: Data<Row<'_>> = answer.json()?;
            let last = is_last(page, rows.data.len(), rows.pagination.as_ref());
            for row in rows.data {
                // Some operators ignore case, and SKUs that differ in case are two products.
                if skus.contains(&row.sku.as_str())
                    && let Some(product) = row.product()?
                {
                    present.insert(product.sku.clone(), product);
                }
            }
            if last {
                break;
            }
        }
        Ok(present)
    }

    /// Creates a product; nothing if the answer does not say which.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn create(&self, product: &Change) -> Result<Option<Created>, ApiError> {
        let answer = self.call(&CREATE_PRODUCT, |call| call.json(product)).await?;
        let created = first(&answer)?.and_then(|entity| {
            let created = entity.created.as_deref().and_then(time);
            Some(Created { id: entity.id.or(entity.other_id)?, created })
        });
        Ok(created)
    }

    /// Changes a product.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn update(&self, id: &str, change: &Change) -> Result<(), ApiError> {
        self.call(&UPDATE_PRODUCT, |call| call.path("product_id", id).json(change)).await?;
        Ok(())
    }

    /// Gives a product this family.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn assign_family(&self, id: &str, family: &str) -> Result<(), ApiError> {
        let body = json!({"product_family_id": family});
        self.call(&ASSIGN_FAMILY, |call| call.path("product_id", id).json(&body)).await?;
        Ok(())
    }

    /// Whether a product has a family. A search does not show it (seen 2025).
    ///
    /// # Errors
    /// A call that failed.
    pub async fn has_family(&self, id: &str) -> Result<bool, ApiError> {
        let answer = self.call(&GET_PRODUCT, |call| call.path("product_id", id)).await?;
        let family = first(&answer)?.and_then(|entity| entity.product_family_id);
        Ok(family.is_some_and(|id| !id.is_empty()))
    }

    /// Calls, and mentions once for each operation that Plytix is going to remove it.
    async fn call<'c>(
        &self,
        operation: &'static Operation,
        with: impl FnOnce(Call<'c>) -> Call<'c>,
    ) -> Result<Answer, ApiError> {
        let answer = self.client.call(with(Call::to(operation))).await?;
        let operation = operation.name;
        if let Some(notice) = deprecation(&answer.headers) {
            let mut known = self.deprecated.lock().unwrap_or_else(PoisonError::into_inner);
            if known.insert(operation) {
                tracing::warn!("{operation}: Plytix announces its end: {notice}");
            }
        }
        Ok(answer)
    }
}

impl Row<'_> {
    /// The product, unless it has no id.
    fn product(self) -> Result<Option<Present>, ApiError> {
        let Some(id) = self.id.or(self.other_id) else { return Ok(None) };
        let read = |field: &str, raw: &RawValue| {
            Value::read(raw).map_err(|_| ApiError::Shape { field: field.to_owned() })
        };
        let label = self.label.map(|raw| read("label", raw)).transpose()?.flatten();
        let mut attributes = BTreeMap::new();
        for (name, raw) in self.attributes.unwrap_or_default() {
            if let Some(value) = read(&name, raw)? {
                attributes.insert(name, value);
            }
        }
        let created = self.created.as_deref().and_then(time);
        Ok(Some(Present { id, sku: self.sku, created, label, attributes }))
    }
}

/// Why there is no client, as an error of the setting if that is what is wrong.
fn of_setting(setting: &str, error: BuildError) -> anyhow::Error {
    let expected = match error {
        BuildError::NotAUrl => "an http or https URL",
        BuildError::NotSecure => "an https URL; http is for this machine itself",
        other => return other.into(),
    };
    ConfigError::setting(setting, expected).into()
}

/// What a search may still have after this page of so many entities.
fn is_last(page: usize, entities: usize, pagination: Option<&Pagination>) -> bool {
    let count = pagination.and_then(|pagination| pagination.count);
    entities < PAGE || count.is_some_and(|count| page.saturating_mul(PAGE) >= count)
}

/// The first entity of an answer. Plytix sends empty bodies with some successes.
fn first(answer: &Answer) -> Result<Option<Entity>, ApiError> {
    if answer.body.is_empty() {
        return Ok(None);
    }
    let answer: Data<Entity> = answer.json()?;
    Ok(answer.data.into_iter().next())
}

/// Whether this is an id and not a name: 24 lower-case hexadecimal digits.
fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A time as Plytix writes it: with an offset in searches, without one and in UTC elsewhere.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let with_offset = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    let without = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
    with_offset.or_else(|_| without().map(|time| time.and_utc())).ok()
}

/// What Plytix says about an operation that it is going to remove.
fn deprecation(headers: &Headers) -> Option<&str> {
    headers.get("x-plytix-deprecation")
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

    #[test]
    fn an_id_is_told_from_a_name() {
        assert!(is_id("6422dd98d732cac61a58431e"));
        assert!(!is_id("6422DD98D732CAC61A58431E"));
        assert!(!is_id("8 - Amazon"));
    }

    #[test]
    fn no_path_ends_with_a_slash() {
        // Plytix redirects such a path, and the token gets lost on the way.
        for operation in [
            GET_TOKEN,
            PRODUCT_FILTERS,
            SEARCH_FAMILIES,
            SEARCH_PRODUCTS,
            GET_PRODUCT,
            CREATE_PRODUCT,
            UPDATE_PRODUCT,
            ASSIGN_FAMILY,
        ] {
            assert!(!operation.path.ends_with('/'), "{}", operation.name);
            assert_eq!(operation.idempotent, operation.name != "create product");
        }
    }
}
