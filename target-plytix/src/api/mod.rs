//! The part of Plytix' API that the upsert needs: what can be called, and what the answers mean.
//!
//! Products are v2 and definitions v1, because each exists only there or works only there (Plytix'
//! collection of 2026). Nothing here decides what to write, waits, or tries again.

mod answer;
mod assets;
mod candidates;
mod definitions;
mod links;
pub mod operation;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api_client::{
    AccessToken, Answer, BuildError, Call, Client, Count, Error, Headers, Operation, RetryPolicy,
    Timeouts, TokenCache, TokenSource,
};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use singer::config::ConfigError;
use tokio::time::Instant;

pub use assets::{AssetPage, Kept};
pub use candidates::CandidatePage;
pub use links::{Linked, Relationship};

use answer::{Data, Entity, Row, Token, first, is_last, time};

use crate::config::Config;
use crate::definition::{Definition, FiltersAnswer};
use crate::dialect::{Api as ApiDialect, Auth as AuthDialect};
use crate::product::{Change, Present};
use crate::run::memory::{KnownWindows, Memory};

/// Entities on one page of a search, at most (Plytix' documentation).
pub const PAGE: usize = 100;

/// How long an access token lives (`exp - iat` of tokens seen 2026). One that ends earlier is renewed
/// when it is refused.
const TOKEN_LIFETIME: Duration = Duration::from_mins(15);

use operation::{
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
    /// An asset was kept and the answer does not say as what.
    #[error("create asset: the answer holds no id; the API has changed")]
    NoAssetId,
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

impl Api {
    /// A client with the account's credentials, and its limits as configured and as known from earlier runs;
    /// nothing is called.
    ///
    /// # Errors
    /// A URL that cannot be used, as an error of its setting.
    pub fn new(config: &Config, memory: &Arc<Memory>) -> anyhow::Result<Self> {
        let policy = policy(config);
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
            .window_memory(KnownWindows(Arc::clone(memory)))
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

    /// The time from now on that so many requests take at least: by the limits as they are configured, and as
    /// refusals have shown them in this run and earlier ones.
    #[must_use]
    pub fn shortest_time(&self, requests: usize) -> Duration {
        self.client.time_in_windows(u64::try_from(requests).unwrap_or(u64::MAX))
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

    /// Creates a product; nothing if the answer does not say as what.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn create(&self, product: &Change) -> Result<Option<Created>, ApiError> {
        let answer = self.call(&CREATE_PRODUCT, |call| call.json(product)).await?;
        // An answer that cannot be read must not hide that the product is there now.
        let entity = first(&answer).ok().flatten();
        Ok(entity.and_then(|entity| {
            let created = entity.created.as_deref().and_then(time);
            Some(Created { id: entity.id.or(entity.other_id)?, created })
        }))
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
    pub(crate) async fn call<'c>(
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

/// How much trying again is worth. A refusal that does not say for how long may be of the window of an hour,
/// so it is waited out for as long as one that does.
fn policy(config: &Config) -> RetryPolicy {
    let longest_wait = Duration::from_secs(config.max_rate_limit_wait_seconds);
    RetryPolicy { longest_wait, throttle_time: longest_wait, ..RetryPolicy::default() }
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

/// Whether this is an id and not a name: 24 lower-case hexadecimal digits.
fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What Plytix says about an operation that it is going to remove.
fn deprecation(headers: &Headers) -> Option<&str> {
    headers.get("x-plytix-deprecation")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_without_a_hint_is_waited_out_beyond_the_window_of_an_hour() {
        let config =
            |seconds: u64| Config { max_rate_limit_wait_seconds: seconds, ..Config::default() };
        let window = Duration::from_hours(1);
        assert!(policy(&Config::default()).throttle_time > window);
        assert_eq!(policy(&config(60)).throttle_time, Duration::from_mins(1));
    }

    #[test]
    fn an_id_is_told_from_a_name() {
        assert!(is_id("6422dd98d732cac61a58431e"));
        assert!(!is_id("6422DD98D732CAC61A58431E"));
        assert!(!is_id("8 - Amazon"));
    }
}
