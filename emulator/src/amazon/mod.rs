//! Amazon's half: Login with Amazon, the Selling Partner API of three regions, and the storage of
//! report documents.
//!
//! Every request to a region passes one gate, in [`gate`]: an operation itself sees only what it was
//! asked. The login and the storage have gates of their own; all three ask the script of faults.

mod account;
mod archive;
mod awd;
mod call;
mod catalog;
mod delivery;
mod document;
mod error;
mod filed;
mod finance;
mod gate;
mod inventory;
mod item;
mod listing;
mod lwa;
mod marketplace;
mod movement;
mod order;
mod orders;
mod outcome;
mod page;
mod product;
mod query;
mod recorded;
mod repeat;
mod replenishment;
mod report;
mod reports;
mod restriction;
mod rights;
mod role;
mod stock;
mod storage;
mod subject;
mod traffic;
mod vendor;

pub(crate) use marketplace::Region;
pub(crate) use product::World;
pub(crate) use recorded::Documents;
pub use role::{Account, Authorization, Role, Unauthorized};

use crate::bucket::Bucket;
use crate::clock::Clock;
use crate::faults::{Faults, Known, ScriptError};
use crate::journal::Journal;
use crate::random::Random;
use archive::Archive;
use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use catalog::Search;
use chrono::TimeDelta;
use lwa::Tokens;
use page::Pages;
use reports::Filter;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use storage::Storage;

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
    /// What shall go wrong.
    pub(crate) faults: Faults,
    /// What the seller has authorised.
    pub(crate) authorization: Authorization,
}

/// The names that a script of faults may use.
pub(crate) fn known() -> Known {
    let marketplaces = Region::ALL.into_iter().flat_map(Region::marketplaces);
    Known {
        operations: call::OPERATIONS.iter().map(|it| it.name).collect(),
        ranged: subject::RANGED,
        placed: subject::PLACED,
        marketplace_ids: marketplaces.map(|it| it.id).collect(),
    }
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
    faults: Faults,
    authorization: Authorization,
    storage: Storage,
    tokens: Mutex<Tokens>,
    buckets: Mutex<HashMap<(Region, &'static str), Bucket>>,
    reports: [Mutex<Archive>; 3],
    report_pages: Mutex<HashMap<(Region, String), Filter>>,
    search_pages: Mutex<HashMap<(Region, String), Search>>,
    pages: Mutex<Pages>,
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

impl Amazon {
    /// Amazon, with nothing asked of it yet, but for the reports of the script.
    pub(crate) fn new(setup: Setup, clock: Clock, journal: Journal) -> Result<Self, ScriptError> {
        let Setup { world, token_life, storage, documents, faults, authorization } = setup;
        let shared = Shared {
            clock,
            journal,
            world,
            documents,
            faults,
            authorization,
            storage: Storage::new(storage),
            tokens: Mutex::new(Tokens::new(world.seed, token_life)),
            buckets: Mutex::default(),
            reports: <[Mutex<Archive>; 3]>::default(),
            report_pages: Mutex::default(),
            search_pages: Mutex::default(),
            pages: Mutex::default(),
            requests: AtomicU64::new(0),
        };
        let amazon = Self { shared: Arc::new(shared) };
        filed::file(&amazon, amazon.faults().foreign()).map_err(ScriptError::new)?;
        Ok(amazon)
    }

    /// Login with Amazon.
    pub(crate) fn lwa_router(&self) -> Router {
        lwa::router(self.clone())
    }

    /// The Selling Partner API of `region`.
    pub(crate) fn region_router(&self, region: Region) -> Router {
        gate::router(self.clone(), region)
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

    fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    fn authorization(&self) -> &Authorization {
        &self.shared.authorization
    }

    fn storage(&self) -> &Storage {
        &self.shared.storage
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        held(&self.shared.tokens)
    }

    /// All reports of `region`.
    fn reports(&self, region: Region) -> MutexGuard<'_, Archive> {
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

#[cfg(test)]
mod tests;
