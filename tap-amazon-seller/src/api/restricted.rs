//! Tokens for what holds personal data of buyers.
//!
//! Amazon gives such data out only for a restricted data token, which names the paths that it opens and
//! lives for an hour. A path with its placeholders in braces stands for all values of them, but a report's
//! document is opened by a token for that very document. An application without the restricted role is
//! refused a token.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use api_client::{Call, Client, Error, Method, Operation, Refusal};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::operations::operation;

/// A token for data of buyers. Asked twice, Amazon makes two, and both are good.
pub const CREATE_RESTRICTED_DATA_TOKEN: Operation = Operation {
    idempotent: true,
    ..operation(
        "createRestrictedDataToken",
        Method::Post,
        "/tokens/2021-03-01/restrictedDataToken",
        1.0,
        10,
    )
};

/// A token is not used in the last part of its life, so that a call has time to arrive.
const MARGIN: Duration = Duration::from_mins(2);

/// What a token is asked for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    restricted_resources: [Resource<'a>; 1],
}

/// Calls that a token opens. Everything restricted that the tap reads, it reads with GET.
#[derive(Serialize)]
struct Resource<'a> {
    method: &'static str,
    path: &'a str,
}

/// A token, and for how many seconds it is good.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestrictedToken {
    restricted_data_token: SecretString,
    #[serde(default)]
    expires_in: u64,
}

/// Tokens by the path that they open, each with the end of its use.
type Known = HashMap<&'static str, (SecretString, Instant)>;

/// The tokens of one client. Clones share them.
#[derive(Clone, Default)]
pub(super) struct RestrictedTokens(Arc<Mutex<Known>>);

impl RestrictedTokens {
    /// A token for an operation, whatever the values of its placeholders: the one that there is, while it
    /// is good. Whoever comes while one is being made waits for it.
    pub(super) async fn of(
        &self,
        client: &Client,
        operation: &Operation,
    ) -> Result<SecretString, Error> {
        let mut known = self.0.lock().await;
        if let Some((token, end)) = known.get(operation.path)
            && Instant::now() < *end
        {
            return Ok(token.clone());
        }
        let made = make(client, operation.path).await?;
        let life = Duration::from_secs(made.expires_in).saturating_sub(MARGIN);
        let token = made.restricted_data_token;
        known.insert(operation.path, (token.clone(), Instant::now() + life));
        Ok(token)
    }
}

impl fmt::Debug for RestrictedTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RestrictedTokens")
    }
}

/// Whether a refusal means that the application may not have a token. Amazon documents 403; what it says
/// of a document, of an order's lines and of vendors' orders was 400, that the application has no access
/// (amzn/selling-partner-api-models, issues 1405 and 2877; amzn/selling-partner-api-docs, issue 702).
#[must_use]
pub fn is_refusal_of_token(refusal: &Refusal) -> bool {
    refusal.operation == CREATE_RESTRICTED_DATA_TOKEN.name && matches!(refusal.status, 400 | 403)
}

/// A token for one path that nobody asks for twice.
pub(super) async fn once(client: &Client, path: &str) -> Result<SecretString, Error> {
    Ok(make(client, path).await?.restricted_data_token)
}

async fn make(client: &Client, path: &str) -> Result<RestrictedToken, Error> {
    let request = Request { restricted_resources: [Resource { method: "GET", path }] };
    client.call(Call::to(&CREATE_RESTRICTED_DATA_TOKEN).json(&request)).await?.json()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::api::loopback;

    const ADDRESS: Operation =
        operation("getAddress", Method::Get, "/orders/{orderId}/address", 1.0, 1);

    /// A token with a number that lives as long as this.
    fn token(number: usize, life: u64) -> (u16, String) {
        (200, format!(r#"{{"restrictedDataToken":"Atz.sprdt|{number}","expiresIn":{life}}}"#))
    }

    #[tokio::test]
    async fn a_token_is_made_once_in_its_life_and_names_the_path_with_its_braces() {
        let (api, seen) = loopback::api(|_, number| token(number, 3600)).await;
        for _ in 0..2 {
            let token = api.restricted.clone().of(&api.client, &ADDRESS).await.unwrap();
            assert_eq!(token.expose_secret(), "Atz.sprdt|1");
        }
        let request =
            r#"{"restrictedResources":[{"method":"GET","path":"/orders/{orderId}/address"}]}"#;
        assert_eq!(seen.all(), [format!("/tokens/2021-03-01/restrictedDataToken {request}")]);
        assert!(!format!("{api:?}").contains("sprdt"));
    }

    #[tokio::test]
    async fn a_token_at_the_end_of_its_life_is_not_used() {
        let (api, _) = loopback::api(|_, number| token(number, 100)).await;
        for number in 1..=2 {
            let token = api.restricted.of(&api.client, &ADDRESS).await.unwrap();
            assert_eq!(token.expose_secret(), format!("Atz.sprdt|{number}"));
        }
    }

    #[tokio::test]
    async fn a_document_with_data_of_buyers_has_a_token_of_its_own_and_others_have_none() {
        let (api, seen) = loopback::api(|request, number| match request {
            request if request.starts_with("/tokens") => token(number, 3600),
            _ => (200, r#"{"url":"https://example.com/d"}"#.to_owned()),
        })
        .await;
        for report_type in ["GET_VAT_TRANSACTION_DATA", "GET_MERCHANT_LISTINGS_ALL_DATA"] {
            api.report_document(report_type, "amzn1.d/1").await.unwrap();
        }
        let resource = r#"{"method":"GET","path":"/reports/2021-06-30/documents/amzn1.d/1"}"#;
        assert_eq!(
            seen.all(),
            [
                format!(
                    r#"/tokens/2021-03-01/restrictedDataToken {{"restrictedResources":[{resource}]}}"#
                ),
                "/reports/2021-06-30/documents/amzn1.d%2F1 ".to_owned(),
                "/reports/2021-06-30/documents/amzn1.d%2F1 ".to_owned(),
            ]
        );
    }

    #[tokio::test]
    async fn a_missing_role_is_a_refusal_of_the_token_and_nothing_else_is_called() {
        let (api, seen) = loopback::api(|_, _| (403, r#"{"errors":[]}"#.to_owned())).await;
        let error = api.report_document("SC_VAT_TAX_REPORT", "d").await.unwrap_err();
        assert!(matches!(error, Error::Forbidden(_)), "{error}");
        assert_eq!(seen.all().len(), 1);
    }
}
