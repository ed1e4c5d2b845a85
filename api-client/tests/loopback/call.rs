//! What a client does about every kind of answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use api_client::{
    AccessToken, Answer, Call, Client, ClientBuilder, Dialect, Error, Explanation, Headers, Method,
    Operation, RetryPolicy, TokenCache, TokenSource, UsagePlan, Window,
};
use futures_util::future::join_all;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::server::{Server, cut_off, dead_url, endless, everything, plain, reply};

pub(crate) const GET_ITEM: Operation = Operation {
    name: "getItem",
    method: Method::Get,
    path: "/items/{id}",
    plan: None,
    idempotent: true,
};
const CREATE_ITEM: Operation = Operation {
    name: "createItem",
    method: Method::Post,
    path: "/items",
    plan: None,
    idempotent: false,
};

/// An API whose errors read `code:message`, and whose headers are named for the test.
struct Plain;

impl Dialect for Plain {
    fn authorize(&self, token: &SecretString) -> (&'static str, SecretString) {
        ("x-token", token.clone())
    }

    fn explain(&self, body: &[u8]) -> Explanation {
        let text = String::from_utf8_lossy(body);
        let (code, message) = text.split_once(':').unwrap_or(("", &text));
        Explanation { code: Some(code.to_owned()), message: Some(message.to_owned()) }
    }

    fn retry_after(&self, body: &[u8]) -> Option<Duration> {
        std::str::from_utf8(body).ok()?.strip_prefix("wait ")?.parse().ok().map(Duration::from_secs)
    }

    fn announced_rate(&self, headers: &Headers) -> Option<f64> {
        headers.get("x-rate")?.parse().ok()
    }

    fn token_refused(&self, status: u16, body: &[u8]) -> bool {
        status == 403 && body == b"Token:stale"
    }

    fn unauthorized(&self, _: u16, body: &[u8]) -> Option<String> {
        (body == b"Key:wrong").then(|| "the key is wrong; make a new one".to_owned())
    }

    fn request_id(&self, headers: &Headers) -> Option<String> {
        headers.get("x-request").map(str::to_owned)
    }
}

/// Tokens `token 1`, `token 2`, …, each good for an hour.
struct Numbered(Arc<AtomicU32>);

impl TokenSource for Numbered {
    async fn fetch(&self) -> Result<AccessToken, Error> {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::task::yield_now().await;
        let secret = format!("token {number}").into();
        Ok(AccessToken { secret, expires_at: Instant::now() + Duration::from_hours(1) })
    }
}

fn tokens() -> (TokenCache, Arc<AtomicU32>) {
    let fetched = Arc::new(AtomicU32::new(0));
    (TokenCache::new(Numbered(Arc::clone(&fetched))), fetched)
}

/// Four attempts without a pause; waits of up to ten seconds.
const QUICK: RetryPolicy = RetryPolicy {
    attempts: 4,
    time: Duration::from_mins(1),
    longest_wait: Duration::from_secs(10),
    first_pause: Duration::ZERO,
    longest_pause: Duration::ZERO,
    throttle_pause: Duration::ZERO,
    throttle_time: Duration::ZERO,
};

pub(crate) fn builder(url: &str) -> ClientBuilder {
    Client::builder(url, Plain).policy(QUICK)
}

pub(crate) async fn get(client: &Client) -> Result<Answer, Error> {
    client.call(Call::to(&GET_ITEM).path("id", "7")).await
}

pub(crate) async fn create(client: &Client) -> Result<Answer, Error> {
    client.call(Call::to(&CREATE_ITEM).json(&["new"])).await
}

#[tokio::test]
async fn a_call_sends_its_values_body_and_headers_and_nothing_twice_encoded() {
    let server = Server::start(|_, _| plain(200, r#"{"id":7}"#)).await;
    let (tokens, _) = tokens();
    let client = builder(&format!("{}/v2/", server.url))
        .tokens(tokens)
        .header("user-agent", "test/1")
        .build()
        .unwrap();
    client
        .call(
            Call::to(&GET_ITEM)
                .path("id", "a/b #ü")
                .query("nextToken", "A+b/c==")
                .query("q", "x y"),
        )
        .await
        .unwrap();
    let answer = create(&client).await.unwrap();
    assert_eq!(answer.json::<serde_json::Value>().unwrap()["id"], 7);

    let [read, written] = &server.journal()[..] else { panic!("two requests") };
    assert_eq!(read.target, "/v2/items/a%2Fb%20%23%C3%BC?nextToken=A%2Bb%2Fc%3D%3D&q=x%20y");
    assert_eq!((read.header("user-agent"), read.header("x-token")), ("test/1", "token 1"));
    assert_eq!((read.header("content-type"), read.header("accept-encoding")), ("", ""));
    assert_eq!(
        (written.header("content-type"), &written.body[..]),
        ("application/json", &br#"["new"]"#[..])
    );
}

#[tokio::test]
async fn a_stale_token_is_renewed_once_for_all_callers() {
    let server = Server::start(|_, seen| match seen.header("x-token") {
        "token 2" => plain(200, ""),
        _ => plain(403, "Token:stale"),
    })
    .await;
    let (tokens, fetched) = tokens();
    let client = builder(&server.url).tokens(tokens).build().unwrap();
    for answer in join_all((0..20).map(|_| get(&client))).await {
        assert_eq!(answer.unwrap().status, 200);
    }
    assert_eq!(fetched.load(Ordering::SeqCst), 2);
    assert!(server.requests() <= 40, "{} requests", server.requests());
}

#[tokio::test]
async fn a_token_that_is_refused_even_when_new_is_given_up() {
    let server = Server::start(|_, _| plain(403, "Token:stale")).await;
    let (tokens, fetched) = tokens();
    let client = builder(&server.url).tokens(tokens).build().unwrap();
    assert_eq!(
        create(&client).await.unwrap_err().to_string(),
        "createItem: not authorized: the access token is refused with 403 Token: stale; check the credentials"
    );
    assert_eq!((server.requests(), fetched.load(Ordering::SeqCst)), (2, 2));
}

#[tokio::test]
async fn a_token_of_the_calls_own_is_used_and_never_renewed() {
    let server = Server::start(|_, _| plain(403, "Token:stale")).await;
    let (tokens, fetched) = tokens();
    let client = builder(&server.url).tokens(tokens).build().unwrap();
    let call = Call::to(&GET_ITEM).path("id", "7").token("my own".into());
    let error = client.call(call).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { operation: "getItem", .. }), "{error}");
    assert_eq!(server.journal()[0].header("x-token"), "my own");
    assert_eq!((server.requests(), fetched.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test]
async fn a_wrong_credential_is_named_by_the_dialect() {
    let server = Server::start(|_, _| plain(400, "Key:wrong")).await;
    let client = builder(&server.url).build().unwrap();
    assert_eq!(
        get(&client).await.unwrap_err().to_string(),
        "getItem: not authorized: the key is wrong; make a new one"
    );
}

#[tokio::test]
async fn a_refusal_is_not_repeated_and_keeps_the_apis_words() {
    let server = Server::start(|number, _| {
        reply(if number == 1 { 409 } else { 403 }, ("x-request", "r-9"), "Duplicate:exists as 12")
    })
    .await;
    let client = builder(&server.url).build().unwrap();
    let error = get(&client).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "getItem: refused with 409 Duplicate: exists as 12 (request r-9)"
    );
    let refusal = error.refusal().unwrap();
    assert_eq!((refusal.status, &refusal.body[..]), (409, &b"Duplicate:exists as 12"[..]));
    assert!(matches!(get(&client).await, Err(Error::Forbidden(_))));
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn a_refusal_without_a_hint_is_paced_by_the_plan() {
    const PLANNED: Operation =
        Operation { plan: Some(UsagePlan { rate: 500.0, burst: 5 }), ..GET_ITEM };
    let server = Server::start(|number, _| plain(if number < 4 { 429 } else { 200 }, "")).await;
    let client = builder(&server.url).build().unwrap();
    let begun = Instant::now();
    client.call(Call::to(&PLANNED).path("id", "7")).await.unwrap();
    // 2, 4 and 8 milliseconds.
    assert!(begun.elapsed() >= Duration::from_millis(14), "{:?}", begun.elapsed());
    let [(_, count)] = client.counts()[..] else { panic!("one operation") };
    assert_eq!((count.calls, count.throttled), (4, 3));
}

#[tokio::test]
async fn a_server_error_is_tried_again_until_the_budget_is_used_up() {
    let server = Server::start(|_, _| plain(500, "Internal:try later")).await;
    let client = builder(&server.url).build().unwrap();
    let error = get(&client).await.unwrap_err();
    assert!(error.to_string().starts_with("getItem: gave up after 4 attempts over "), "{error}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "getItem: refused with 500 Internal: try later");
    assert!(!error.is_throttled());
    assert_eq!(server.requests(), 4);
}

#[tokio::test]
async fn an_unknown_outcome_is_not_repeated_unless_it_does_no_harm() {
    let broken: [fn() -> axum::response::Response; 2] = [|| plain(500, ""), || cut_off("half")];
    for failure in broken {
        let server =
            Server::start(move |number, _| if number < 3 { failure() } else { plain(200, "") })
                .await;
        let client = builder(&server.url).build().unwrap();
        let error = create(&client).await.unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown { operation: "createItem", .. }), "{error}");
        assert_eq!(server.requests(), 1);
        get(&client).await.unwrap();
        assert_eq!(server.requests(), 3);
    }
}

#[tokio::test]
async fn what_was_not_processed_is_repeated_even_when_it_may_do_harm() {
    let server = Server::start(|number, _| plain(if number < 3 { 503 } else { 200 }, "")).await;
    let client = builder(&server.url).build().unwrap();
    create(&client).await.unwrap();
    assert_eq!(server.requests(), 3);

    let client = builder(&dead_url()).build().unwrap();
    let error = create(&client).await.unwrap_err();
    assert!(matches!(error, Error::Exhausted { attempts: 4, .. }), "{error}");
}

#[tokio::test]
async fn an_announced_rate_is_adopted() {
    const SLOW: Operation =
        Operation { plan: Some(UsagePlan { rate: 0.0001, burst: 1 }), ..GET_ITEM };
    let server = Server::start(|_, _| reply(200, ("x-rate", "1000"), "")).await;
    let client = builder(&server.url).build().unwrap();
    let calls = join_all((0..5).map(|_| client.call(Call::to(&SLOW).path("id", "7"))));
    let answers =
        tokio::time::timeout(Duration::from_mins(1), calls).await.expect("a place within a minute");
    assert!(answers.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_full_window_holds_every_operation() {
    let server = Server::start(|_, _| plain(200, "")).await;
    let window = Window { requests: 2, per: Duration::from_hours(1) };
    let client = builder(&server.url).windows(&[window]).build().unwrap();
    get(&client).await.unwrap();
    create(&client).await.unwrap();
    let third = tokio::time::timeout(Duration::from_millis(50), get(&client)).await;
    assert!(third.is_err());
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn a_redirect_is_an_error_and_never_followed() {
    let elsewhere = Server::start(|_, _| plain(200, "")).await;
    let location = elsewhere.url.clone();
    let server = Server::start(move |_, _| reply(307, ("location", &location), "")).await;
    let client = builder(&server.url).build().unwrap();
    assert_eq!(
        get(&client).await.unwrap_err().to_string(),
        "getItem: redirected with 307; check the base URL, redirects are not followed"
    );
    assert_eq!((server.requests(), elsewhere.requests()), (1, 0));
}

#[tokio::test]
async fn a_body_is_never_unpacked() {
    let server =
        Server::start(|_, _| reply(200, ("content-encoding", "gzip"), "not gzip at all")).await;
    let client = builder(&server.url).build().unwrap();
    assert_eq!(get(&client).await.unwrap().body, "not gzip at all");
}

#[tokio::test]
async fn an_error_never_shows_a_query_a_token_or_a_body() {
    let answers: [fn() -> axum::response::Response; 4] = [
        || cut_off("hunter2"),
        || plain(200, "hunter2"),
        || plain(307, "hunter2"),
        || plain(500, "a:b"),
    ];
    let mut urls = vec![dead_url()];
    let mut servers = Vec::new();
    for answer in answers {
        let server = Server::start(move |_, _| answer()).await;
        urls.push(server.url.clone());
        servers.push(server);
    }
    for url in urls {
        let client = builder(&url).tokens(tokens().0).build().unwrap();
        let call = Call::to(&GET_ITEM)
            .path("id", "hunter2")
            .query("nextToken", "hunter2")
            .token("hunter2".into());
        let error = match client.call(call).await {
            Ok(answer) => answer.json::<u8>().unwrap_err(),
            Err(error) => error,
        };
        assert!(!everything(&error).contains("hunter2"), "{}", everything(&error));
    }
}

#[test]
fn a_client_is_not_built_from_a_base_url_that_leaks_or_leads_nowhere() {
    for url in [
        "nowhere",
        "http://example.com",
        "https://me:hunter2@example.com",
        "https://example.com/?x=hunter2",
    ] {
        let error = Client::builder(url, Plain).build().unwrap_err();
        assert!(!everything(&error).contains("hunter2"), "{error}");
    }
    let error =
        Client::builder("http://127.0.0.1:1", Plain).header("x-a", "a\nb").build().unwrap_err();
    assert_eq!(error.to_string(), "the header x-a has a name or value that HTTP does not allow");
}

#[tokio::test]
async fn an_answer_without_end_is_not_held() {
    let server = Server::start(|_, _| endless()).await;
    let client = builder(&server.url).build().unwrap();
    let error = create(&client).await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error}");
    assert!(everything(&error).contains("longer than 67108864 bytes"), "{error:?}");
}
