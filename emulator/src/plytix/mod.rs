//! Plytix: tokens, products and their definitions, within its rate limits.
//!
//! The evidence is what Plytix publishes, and what its callers have recorded. Where the two leave
//! an answer open, the request is answered 501 with what is missing, and the journal has it as
//! `notEvidenced`.
//!
//! ```text
//! request ─▶ windows ─▶ trailing slash ─▶ token ─▶ two writes to one product? ─▶ account ─▶ answer
//!            429        308               401      500, `race` in the journal
//! ```
//!
//! Categories and variants are not emulated. They fit in as fields of [`product::Product`], operations
//! of [`route::Operation`] and columns of [`search`].

mod account;
mod answer;
mod asset;
mod attribute;
mod auth;
mod change;
mod definition;
mod error;
mod filter;
mod link;
mod product;
mod query;
mod route;
mod search;
mod seed;
mod setup;
mod table;
#[cfg(test)]
mod tests;
mod window;
mod write;

use crate::clock::Clock;
use crate::journal::{Entry, Journal};
use crate::random::Random;
use account::Account;
use answer::Answer;
use auth::Tokens;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use chrono::TimeDelta;
use error::Refusal;
use route::Operation;
use serde_json::json;
pub(crate) use setup::Canonical;
use setup::products;
pub use setup::{PlytixSettings, RetryAfter};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use window::{Window, whole_seconds};
use write::{Write, Writes};

/// Most bytes of a request's body; far above what a product needs.
const LONGEST_BODY: usize = 16 * 1024 * 1024;
/// Logins that the token host admits a second, by its own headers.
const LOGINS_A_SECOND: u32 = 8;

/// Plytix, of which clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    plytix: Arc<Plytix>,
}

/// What the hosts share.
#[derive(Debug)]
struct Plytix {
    seed: u64,
    clock: Clock,
    journal: Journal,
    requests: AtomicU64,
    tokens: Mutex<Tokens>,
    logins: Mutex<Window>,
    windows: Mutex<[Window; 2]>,
    writes: Writes,
    account: Mutex<Account>,
    retry_after: RetryAfter,
}

impl Service {
    /// Plytix with its first definitions and products, which `seed` fixes.
    ///
    /// # Errors
    /// A file of products that cannot be read, or holds what Plytix would refuse.
    pub(crate) fn new(
        seed: u64,
        settings: &PlytixSettings,
        canonicals: &[Canonical],
        clock: Clock,
        journal: Journal,
    ) -> io::Result<Self> {
        let windows = [
            Window::new(settings.requests_per_10_seconds, Duration::from_secs(10)),
            Window::new(settings.requests_per_hour, Duration::from_hours(1)),
        ];
        let products = settings.products.as_deref().map_or_else(|| Ok(Vec::new()), products)?;
        let lag = Duration::try_from_secs_f64(settings.search_lag).unwrap_or_default();
        let lag = TimeDelta::from_std(lag).unwrap_or_default();
        let account = Account::new(seed, lag, canonicals, &products).map_err(io::Error::other)?;
        let plytix = Plytix {
            seed,
            clock,
            journal,
            requests: AtomicU64::new(0),
            tokens: Mutex::new(Tokens::new(seed)),
            logins: Mutex::new(Window::new(LOGINS_A_SECOND, Duration::from_secs(1))),
            windows: Mutex::new(windows),
            writes: Writes::default(),
            account: Mutex::new(account),
            retry_after: settings.retry_after,
        };
        Ok(Self { plytix: Arc::new(plytix) })
    }

    /// The host of the tokens.
    pub(crate) fn auth_router(&self) -> Router {
        let plytix = Arc::clone(&self.plytix);
        Router::new().fallback(async move |request: Request| plytix.login(request).await)
    }

    /// The host of the API.
    pub(crate) fn api_router(&self) -> Router {
        let plytix = Arc::clone(&self.plytix);
        Router::new().fallback(async move |request: Request| plytix.call(request).await)
    }

    /// What Plytix holds, as a table for people.
    pub(crate) fn table(&self) -> String {
        held(&self.plytix.account).table()
    }

    /// What Plytix holds, one line of JSON a product, for a test to compare.
    pub(crate) fn dump(&self) -> String {
        let lines = held(&self.plytix.account).dump();
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        lines.join("\n") + "\n"
    }
}

/// Locks; a panic elsewhere does not matter, because every change is made in one piece.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Plytix {
    /// Serves a request to the host of the tokens.
    async fn login(&self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let is_login = head.method == Method::POST && head.uri.path() == "/auth/api/get-token";
        let outcome = if is_login {
            self.token(body).await
        } else {
            Err(Refusal::not_evidenced("this path with this method on the token host"))
        };
        let operation = if is_login { "getToken" } else { "notEvidenced" };
        let mut response = self.finish("plytix_auth", operation, &head, outcome);
        for name in ["ratelimit-limit", "x-ratelimit-limit-second"] {
            response.headers_mut().insert(name, HeaderValue::from(LOGINS_A_SECOND));
        }
        response
    }

    /// Answers a login.
    async fn token(&self, body: Body) -> Result<Answer, Refusal> {
        let refused = held(&self.logins).refused_for(self.clock.elapsed());
        let body = read(body).await?;
        if let Some(left) = refused {
            // That there are refusals follows from the headers; their body was not recorded.
            return Err(self.rate_limited(left));
        }
        held(&self.tokens).answer(&body, self.clock.now())
    }

    /// Serves a request to the API.
    async fn call(&self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let operation = Operation::of(&head.method, &head.uri);
        let outcome = self.answer(&head, &operation, body).await;
        self.finish("plytix_api", operation.name(), &head, outcome)
    }

    /// Answers a request to the API. A write is under way as soon as its head is here.
    async fn answer(
        &self,
        head: &Parts,
        operation: &Operation,
        body: Body,
    ) -> Result<Answer, Refusal> {
        let entered = self.enter(head, operation);
        let body = read(body).await?;
        let write = entered?;
        // A link is written at both of its ends.
        let ends = match operation {
            Operation::Relate { .. } => link::targets(&body),
            _ => Vec::new(),
        };
        let begun = ends.iter().map(|end| self.writes.begin(end));
        let _ends = begun.collect::<Result<Vec<_>, _>>()?;
        if write.is_some() {
            write::take_time(&self.clock).await;
        }
        held(&self.account).answer(operation, &body, self.clock.now())
    }

    /// Decides by its head whether a request is answered at all; holds its product if it writes.
    fn enter<'a>(
        &'a self,
        head: &Parts,
        operation: &'a Operation,
    ) -> Result<Option<Write<'a>>, Refusal> {
        self.admit()?;
        if matches!(operation, Operation::Moved(_)) {
            return Ok(None);
        }
        held(&self.tokens).check(head.headers.get(AUTHORIZATION), self.clock.now())?;
        operation.written_product().map(|product| self.writes.begin(product)).transpose()
    }

    /// Counts a request in both windows, whatever becomes of it, or refuses it until the later end.
    fn admit(&self) -> Result<(), Refusal> {
        let now = self.clock.elapsed();
        let refused = held(&self.windows).each_mut().map(|window| window.refused_for(now));
        let Some(left) = refused.into_iter().flatten().max() else { return Ok(()) };
        Err(self.rate_limited(left))
    }

    /// The refusal of one request too many, with so much scaled time left.
    fn rate_limited(&self, left: Duration) -> Refusal {
        Refusal::rate_limited(whole_seconds(self.clock.real(left)), self.retry_after)
    }

    /// Notes what became of a request, and puts the answer on the wire.
    fn finish(
        &self,
        service: &'static str,
        operation: &'static str,
        head: &Parts,
        outcome: Result<Answer, Refusal>,
    ) -> Response {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let id = Random::new(self.seed, "plytix request", number).uuid();
        let (operation, detail) = match &outcome {
            Ok(answer) => (operation, answer.detail.clone()),
            Err(refusal) => refused_as(operation, refusal),
        };
        let response = response(outcome, &id);
        self.journal.note(Entry {
            service,
            operation,
            status: response.status().as_u16(),
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            detail,
            fault: None,
        });
        response
    }
}

/// An answer or a refusal as it goes on the wire.
fn response(outcome: Result<Answer, Refusal>, request_id: &str) -> Response {
    let (status, body, location, retry_after) = match outcome {
        Ok(answer) => (answer.status, answer.body, answer.location, None),
        Err(refusal) => {
            (refusal.status, Some(refusal.body()), refusal.location, refusal.retry_after)
        }
    };
    let mut response =
        Response::new(body.as_ref().map_or_else(Body::empty, |body| Body::from(body.to_string())));
    *response.status_mut() = status;
    let headers = [
        (HeaderName::from_static("x-request-id"), Some(request_id.to_owned())),
        (CONTENT_TYPE, body.map(|_| "application/json".to_owned())),
        (LOCATION, location),
        (RETRY_AFTER, retry_after.map(|seconds| seconds.to_string())),
    ];
    for (name, text) in headers {
        if let Some(Ok(value)) = text.map(|text| HeaderValue::from_str(&text)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// How the journal names a refused `operation`, and what it says about it.
fn refused_as(
    operation: &'static str,
    refusal: &Refusal,
) -> (&'static str, Option<serde_json::Value>) {
    let detail = Some(json!({"operation": operation, "reason": refusal.message}));
    match refusal.status {
        StatusCode::NOT_IMPLEMENTED => ("notEvidenced", detail),
        _ if refusal.is_race => ("race", detail),
        _ => (operation, None),
    }
}

/// The whole body of a request.
///
/// A request that is refused is read to its end too: a caller that is still sending would see a
/// broken connection in the place of the refusal.
async fn read(body: Body) -> Result<Bytes, Refusal> {
    let unreadable = |_| Refusal::not_evidenced("a body that ends early or has more than 16 MiB");
    to_bytes(body, LONGEST_BODY).await.map_err(unreadable)
}
