//! Tokens for what holds personal data of buyers.
//!
//! Amazon gives such data out only for a restricted data token, which names the paths that it opens and
//! lives for an hour. A path with its placeholders in braces stands for all values of them, but a report's
//! document is opened by a token for that very document. An application without the restricted role is
//! refused a token with 403.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use api_client::{Call, Client, Error, Method, Operation};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::operation;

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
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;
    use crate::api::dialect::Answers;

    /// A client of a server that answers every request with the next body, and tells what came.
    async fn client_of(answers: &'static [&'static str]) -> (Client, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            for answer in answers {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                let (mut line, mut length) = (String::new(), 0);
                while stream.read_line(&mut line).await.unwrap() > 2 {
                    let lower = line.to_lowercase();
                    if let Some(value) = lower.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).await.unwrap();
                log.lock().await.push(String::from_utf8(body).unwrap());
                let size = answer.len();
                let reply = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n{answer}"
                );
                stream.write_all(reply.as_bytes()).await.unwrap();
            }
        });
        (Client::builder(&base, Answers).build().unwrap(), seen)
    }

    const ORDERS: Operation =
        operation("getOrders", Method::Get, "/orders/{orderId}/address", 1.0, 1);

    #[tokio::test]
    async fn a_token_is_made_once_in_its_life_and_names_the_path_with_its_braces() {
        let answers = &[
            r#"{"restrictedDataToken":"Atz.sprdt|1","expiresIn":3600}"#,
            r#"{"restrictedDataToken":"Atz.sprdt|2","expiresIn":3600}"#,
        ];
        let (client, seen) = client_of(answers).await;
        let tokens = RestrictedTokens::default();
        for _ in 0..2 {
            let token = tokens.clone().of(&client, &ORDERS).await.unwrap();
            assert_eq!(secrecy::ExposeSecret::expose_secret(&token), "Atz.sprdt|1");
        }
        assert_eq!(
            *seen.lock().await,
            [r#"{"restrictedResources":[{"method":"GET","path":"/orders/{orderId}/address"}]}"#]
        );
        assert_eq!(format!("{tokens:?}"), "RestrictedTokens");
    }

    #[tokio::test]
    async fn a_token_at_the_end_of_its_life_is_not_used() {
        let answers = &[
            r#"{"restrictedDataToken":"1","expiresIn":100}"#,
            r#"{"restrictedDataToken":"2","expiresIn":3600}"#,
        ];
        let (client, _) = client_of(answers).await;
        let tokens = RestrictedTokens::default();
        let mut made = Vec::new();
        for _ in 0..2 {
            let token = tokens.of(&client, &ORDERS).await.unwrap();
            made.push(secrecy::ExposeSecret::expose_secret(&token).to_owned());
        }
        assert_eq!(made, ["1", "2"]);
    }
}
