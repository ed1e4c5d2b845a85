//! Login with Amazon: a refresh token becomes access tokens.
//!
//! One host serves all regions; the token that comes back opens the region in which the seller gave
//! the consent. The refresh token is not rotated by this exchange, so nothing has to be stored.

use std::time::Duration;

use api_client::{
    AccessToken, BuildError, Call, Client, Dialect, Error, Explanation, Method, Operation,
    RetryPolicy, TokenSource,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;

/// Exchanges a refresh token for an access token.
///
/// It may be repeated at will: every answer is a token that works. Amazon publishes no plan for it.
const GET_TOKEN: Operation = Operation {
    name: "LWA token",
    method: Method::Post,
    path: "/auth/o2/token",
    plan: None,
    idempotent: true,
};

/// The credentials of an application and one seller's consent to it.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Client identifier of the application.
    pub client_id: String,
    /// Client secret of the application.
    pub client_secret: SecretString,
    /// The seller's consent, for one region.
    pub refresh_token: SecretString,
}

/// Fetches access tokens for one seller and region.
#[derive(Debug)]
pub struct Login {
    client: Client,
    credentials: Credentials,
}

impl Login {
    /// Prepares to log in at `endpoint`; nothing is called.
    pub fn new(
        endpoint: &str,
        credentials: Credentials,
        policy: RetryPolicy,
    ) -> Result<Self, BuildError> {
        let client = Client::builder(endpoint, Answers).policy(policy).build()?;
        Ok(Self { client, credentials })
    }
}

/// The part of an answer that is used. The refresh token in it equals the one that was sent.
#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    /// Seconds; an hour, in every answer that was recorded.
    expires_in: u64,
}

impl TokenSource for Login {
    async fn fetch(&self) -> Result<AccessToken, Error> {
        let asked_at = Instant::now();
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", self.credentials.client_id.as_str()),
            ("client_secret", self.credentials.client_secret.expose_secret()),
            ("refresh_token", self.credentials.refresh_token.expose_secret()),
        ];
        let answer = self.client.call(Call::to(&GET_TOKEN).form(&form)).await?;
        let granted: Granted = answer.json()?;
        Ok(AccessToken {
            secret: granted.access_token,
            expires_at: asked_at + Duration::from_secs(granted.expires_in),
        })
    }
}

/// What LWA's answers mean. Its errors are flat: `{"error", "error_description", …}`.
struct Answers;

/// An error of LWA.
#[derive(Default, Deserialize)]
struct Denied {
    error: Option<String>,
    error_description: Option<String>,
}

impl Denied {
    fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}

impl Dialect for Answers {
    fn explain(&self, body: &[u8]) -> Explanation {
        let denied = Denied::read(body);
        Explanation { code: denied.error, message: denied.error_description }
    }

    fn token_refused(&self, _: u16, _: &[u8]) -> bool {
        false
    }

    /// Amazon documents 400 for `invalid_grant`; the status of the other two differs between its pages,
    /// so the code alone decides.
    fn unauthorized(&self, _: u16, body: &[u8]) -> Option<String> {
        let advice = match Denied::read(body).error?.as_str() {
            "invalid_grant" => {
                "the refresh token is unknown, revoked or expired (public applications: after 365 days); \
                 let the seller authorize the application again"
            }
            "invalid_client" => {
                "the client id or the client secret is wrong; check whether the secret was rotated"
            }
            "unauthorized_client" => {
                "the application may not use refresh tokens; check that it is published or self-authorized"
            }
            _ => return None,
        };
        Some(advice.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_which_credential_and_what_to_do() {
        for (code, word) in [
            ("invalid_grant", "refresh token"),
            ("invalid_client", "client secret"),
            ("unauthorized_client", "application"),
        ] {
            let body = format!(r#"{{"error":"{code}","error_description":"d"}}"#);
            let advice = Answers.unauthorized(400, body.as_bytes()).unwrap();
            assert!(advice.contains(word), "{code}: {advice}");
        }
        assert_eq!(Answers.unauthorized(400, br#"{"error":"invalid_request"}"#), None);
        assert_eq!(Answers.unauthorized(502, b"<html>"), None);
    }
}
