//! A token source as users write it: a client of its own, without tokens.

use std::time::Duration;

use api_client::{
    AccessToken, Call, Client, Dialect, Error, Explanation, Method, Operation, RetryPolicy,
    TokenCache, TokenSource,
};
use futures_util::future::join_all;
use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::server::{Server, everything, plain};

const GET_TOKEN: Operation = Operation {
    name: "getToken",
    method: Method::Post,
    path: "/token",
    plan: None,
    idempotent: true,
};
const GET_ITEM: Operation =
    Operation { name: "getItem", method: Method::Get, path: "/item", plan: None, idempotent: true };

/// The API and its token endpoint in one.
struct Both;

impl Dialect for Both {
    fn explain(&self, _: &[u8]) -> Explanation {
        Explanation::default()
    }

    fn unauthorized(&self, status: u16, _: &[u8]) -> Option<String> {
        (status == 400)
            .then(|| "the secret has changed; put the new one into the configuration".to_owned())
    }
}

/// Exchanges a secret for a token.
struct Exchange(Client);

impl TokenSource for Exchange {
    async fn fetch(&self) -> Result<AccessToken, Error> {
        let call = Call::to(&GET_TOKEN).form(&[("secret", "a b+c&hunter2")]);
        let answer = self.0.call(call).await?;
        let secret: String = answer.json()?;
        Ok(AccessToken {
            secret: secret.into(),
            expires_at: Instant::now() + Duration::from_hours(1),
        })
    }
}

fn client(url: &str) -> Client {
    let policy = RetryPolicy {
        attempts: 3,
        first_pause: Duration::ZERO,
        longest_pause: Duration::ZERO,
        ..RetryPolicy::default()
    };
    let source = Exchange(Client::builder(url, Both).policy(policy).build().unwrap());
    Client::builder(url, Both).policy(policy).tokens(TokenCache::new(source)).build().unwrap()
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_as_stubbornly_as_anything_else() {
    let server = Server::start(|number, seen| match (number, seen.target.as_str()) {
        (1 | 2, "/token") => plain(500, ""),
        (3, "/token") => plain(200, r#""t-1""#),
        (_, "/item") if seen.header("authorization") == "Bearer t-1" => plain(200, ""),
        _ => plain(418, ""),
    })
    .await;
    let client = client(&server.url);
    let calls = join_all((0..10).map(|_| client.call(Call::to(&GET_ITEM)))).await;
    assert!(calls.iter().all(Result::is_ok), "{calls:?}");

    let journal = server.journal();
    let [first, second, third, items @ ..] = &journal[..] else {
        panic!("at least three requests")
    };
    for seen in [first, second, third] {
        assert_eq!(seen.target, "/token");
        assert_eq!(seen.header("content-type"), "application/x-www-form-urlencoded");
        assert_eq!(&seen.body[..], b"secret=a+b%2Bc%26hunter2");
        assert_eq!(seen.header("authorization"), "");
    }
    assert_eq!(items.len(), 10);
}

#[tokio::test]
async fn a_wrong_secret_is_sent_once_however_many_wait() {
    let server = Server::start(|_, _| plain(400, "")).await;
    let client = client(&server.url);
    for outcome in join_all((0..10).map(|_| client.call(Call::to(&GET_ITEM)))).await {
        let error = outcome.unwrap_err();
        assert_eq!(
            error.to_string(),
            "getToken: not authorized: the secret has changed; put the new one into the configuration"
        );
        assert!(!everything(&error).contains("hunter2"));
    }
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_token_is_never_shown() {
    let server = Server::start(|_, _| plain(200, r#""hunter2""#)).await;
    let cache = TokenCache::new(Exchange(Client::builder(&server.url, Both).build().unwrap()));
    let token = cache.get().await.unwrap();
    assert_eq!(token.secret.expose_secret(), "hunter2");
    assert!(!format!("{token:?} {cache:?}").contains("hunter2"));
}
