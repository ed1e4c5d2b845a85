//! Amazon's half: Login with Amazon, the Selling Partner API of three regions, and the storage of
//! report documents.
//!
//! Every request to a region passes one gate, in [`answer`]: token, usage plan, operation, headers,
//! journal. An operation itself sees only what it was asked.

mod call;
mod catalog;
mod document;
mod error;
mod item;
mod lwa;
mod marketplace;
mod order;
mod product;
mod query;
mod recorded;
mod report;
mod reports;
mod storage;
mod traffic;

pub(crate) use marketplace::Region;
pub(crate) use product::World;
pub(crate) use recorded::Documents;

use crate::bucket::Bucket;
use crate::clock::Clock;
use crate::journal::{Entry, Journal};
use crate::random::Random;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use call::{Call, Operation};
use catalog::Search;
use chrono::TimeDelta;
use error::Refusal;
use lwa::{Tokens, Worth};
use report::Report;
use reports::Filter;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use storage::Storage;

/// The largest body that a request may have.
const BODY_BYTES: usize = 1024 * 1024;

/// How Amazon's half is set up.
#[derive(Debug)]
pub(crate) struct Setup {
    /// Size and seed of the invented data.
    pub(crate) world: World,
    /// Life of an access token.
    pub(crate) token_life: TimeDelta,
    /// Base URL of the document storage.
    pub(crate) storage: String,
    /// Documents to serve instead of invented ones.
    pub(crate) documents: Documents,
}

/// Amazon, shared by all of its services.
#[derive(Debug, Clone)]
pub(crate) struct Amazon {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    journal: Journal,
    world: World,
    documents: Documents,
    storage: Storage,
    tokens: Mutex<Tokens>,
    buckets: Mutex<HashMap<(Region, &'static str), Bucket>>,
    reports: [Mutex<Vec<Report>>; 3],
    report_pages: Mutex<HashMap<(Region, String), Filter>>,
    search_pages: Mutex<HashMap<(Region, String), Search>>,
    requests: AtomicU64,
}

/// A good answer.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    /// None for an empty body.
    body: Option<Value>,
    /// What the journal says about it.
    detail: Option<Value>,
}

impl Answer {
    /// 200 with a JSON body.
    fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body), detail: None }
    }
}

/// A region's host.
#[derive(Debug, Clone)]
struct Host {
    amazon: Amazon,
    region: Region,
}

impl Amazon {
    /// Amazon, with nothing asked of it yet.
    pub(crate) fn new(setup: Setup, clock: Clock, journal: Journal) -> Self {
        let Setup { world, token_life, storage, documents } = setup;
        let shared = Shared {
            clock,
            journal,
            world,
            documents,
            storage: Storage::new(storage),
            tokens: Mutex::new(Tokens::new(world.seed, token_life)),
            buckets: Mutex::default(),
            reports: <[Mutex<Vec<Report>>; 3]>::default(),
            report_pages: Mutex::default(),
            search_pages: Mutex::default(),
            requests: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Login with Amazon.
    pub(crate) fn lwa_router(&self) -> Router {
        lwa::router(self.clone())
    }

    /// The Selling Partner API of `region`.
    pub(crate) fn region_router(&self, region: Region) -> Router {
        Router::new().fallback(answer).with_state(Host { amazon: self.clone(), region })
    }

    /// The document storage.
    pub(crate) fn storage_router(&self) -> Router {
        storage::router(self.clone())
    }

    fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    fn world(&self) -> World {
        self.shared.world
    }

    fn documents(&self) -> &Documents {
        &self.shared.documents
    }

    fn storage(&self) -> &Storage {
        &self.shared.storage
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        held(&self.shared.tokens)
    }

    /// All reports of `region`, in the order in which they were asked for.
    fn reports(&self, region: Region) -> MutexGuard<'_, Vec<Report>> {
        let [na, eu, fe] = &self.shared.reports;
        held(match region {
            Region::Na => na,
            Region::Eu => eu,
            Region::Fe => fe,
        })
    }

    /// What the page of getReports under `token` continues.
    fn report_page(&self, region: Region, token: &str) -> Option<Filter> {
        held(&self.shared.report_pages).get(&(region, token.to_owned())).cloned()
    }

    /// Keeps what a next page of getReports will continue; its token.
    fn keep_report_page(&self, region: Region, filter: Filter) -> String {
        let mut pages = held(&self.shared.report_pages);
        let number = u64::try_from(pages.len()).unwrap_or(u64::MAX);
        let token = Random::new(self.world().seed, "getReports token", number).opaque();
        pages.insert((region, token.clone()), filter);
        token
    }

    /// What the page of searchCatalogItems under `token` continues.
    fn search_page(&self, region: Region, token: &str) -> Option<Search> {
        held(&self.shared.search_pages).get(&(region, token.to_owned())).cloned()
    }

    /// Keeps what another page of searchCatalogItems will continue; its token.
    fn keep_search_page(&self, region: Region, page: Search) -> String {
        let mut pages = held(&self.shared.search_pages);
        let number = u64::try_from(pages.len()).unwrap_or(u64::MAX);
        let token = Random::new(self.world().seed, "search token", number).opaque();
        pages.insert((region, token.clone()), page);
        token
    }

    /// A new id of a request.
    fn request_id(&self) -> String {
        let number = self.shared.requests.fetch_add(1, Ordering::Relaxed);
        Random::new(self.world().seed, "request", number).uuid()
    }

    /// Takes one call of `operation` from its bucket.
    fn take(&self, region: Region, operation: &Operation) -> bool {
        let now = self.clock().elapsed();
        let mut buckets = held(&self.shared.buckets);
        let bucket = buckets
            .entry((region, operation.name))
            .or_insert_with(|| Bucket::new(operation.plan, now));
        bucket.take(now)
    }

    /// The rate of `operation` in real time, as `x-amzn-RateLimit-Limit` says it.
    fn announced(&self, operation: &Operation) -> String {
        let rate = operation.plan.rate * self.clock().speed();
        // Four digits, as Amazon has; at least one after the point.
        let text = format!("{rate:.4}");
        let short = text.trim_end_matches('0');
        if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
    }

    /// Checks the access token of a request to the host of `region`.
    fn admit(&self, region: Region, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(token) = headers.get("x-amz-access-token") else {
            return Err(Refusal::denied("Access token is missing in the request header."));
        };
        let token = token.to_str().unwrap_or_default();
        match self.tokens().worth(token, region, self.clock().now()) {
            Worth::Good => Ok(()),
            Worth::Expired => Err(Refusal::denied("The access token you provided has expired.")),
            Worth::Elsewhere => {
                Err(Refusal::denied("The seller has not authorised the application here."))
            }
            Worth::Unknown => Err(Refusal::denied(
                "The access token you provided is revoked, malformed or invalid.",
            )),
        }
    }
}

/// The content of `mutex`: a panic elsewhere does not spoil it.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets a header, unless `value` cannot be one.
fn set_header(response: &mut Response, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        response.headers_mut().insert(name, value);
    }
}

/// Answers and records one request to a region.
async fn answer(State(host): State<Host>, request: Request) -> Response {
    let Host { amazon, region } = host;
    let (parts, body) = request.into_parts();
    let segments = query::segments(parts.uri.path()).unwrap_or_default();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let call = Call::at(&parts.method, &segments);
    let operation = call.as_ref().map(Call::operation);
    let outcome = match call {
        Some(call) => outcome(&amazon, region, &call, &parts, body).await,
        None => Err(Refusal::not_emulated(format!("{} {}", parts.method, parts.uri.path()))),
    };
    let (mut response, detail) = match outcome {
        Ok(answer) => (written(answer.status, answer.body.as_ref()), answer.detail),
        Err(refusal) => (refused(&refusal), None),
    };
    let status = response.status();
    set_header(&mut response, "x-amzn-requestid", &amazon.request_id());
    let has_rate =
        status.is_success() || matches!(status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND);
    if let Some(operation) = operation.as_ref().filter(|_| has_rate) {
        set_header(&mut response, "x-amzn-ratelimit-limit", &amazon.announced(operation));
    }
    amazon.journal().note(Entry {
        service: region.name(),
        operation: operation.map_or("unknown", |operation| operation.name),
        status: status.as_u16(),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        detail,
    });
    response
}

/// What becomes of `call`: it needs a token, then a place in the bucket.
async fn outcome(
    amazon: &Amazon,
    region: Region,
    call: &Call<'_>,
    parts: &Parts,
    body: Body,
) -> Result<Answer, Refusal> {
    amazon.admit(region, &parts.headers)?;
    if !amazon.take(region, &call.operation()) {
        return Err(Refusal::quota_exceeded());
    }
    let body = to_bytes(body, BODY_BYTES).await;
    let body = body.map_err(|_| Refusal::invalid("The body cannot be read."))?;
    call.perform(amazon, region, &parts.uri, &parts.headers, &body)
}

/// The response to a call that is refused.
fn refused(refusal: &Refusal) -> Response {
    let mut response = written(refusal.status, Some(&refusal.body()));
    if let Some(error_type) = refusal.error_type {
        set_header(&mut response, "x-amzn-errortype", error_type);
    }
    response
}

/// A response with a JSON body, or with none.
fn written(status: StatusCode, body: Option<&Value>) -> Response {
    let bytes = body.map(Value::to_string).unwrap_or_default();
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    if body.is_some() {
        set_header(&mut response, CONTENT_TYPE.as_str(), "application/json");
    }
    response
}

#[cfg(test)]
mod tests;
