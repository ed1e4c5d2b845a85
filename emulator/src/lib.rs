//! Amazon's Selling Partner API and Plytix on loopback, for demonstrations and tests.
//!
//! The emulator stands in for a stranger. It follows what the vendors publish and what their
//! callers have recorded, shares no type with the programs that call it, and answers 501 to
//! whatever nobody has evidenced: a client that only works here should fail here.
//!
//! ```text
//! lwa ─▶ access token ─▶ na, eu, fe ─▶ presigned URL ─▶ storage
//! plytix_auth ─▶ access token ─▶ plytix_api
//! ```
//!
//! Each service listens on a port of its own. Rates, queues and windows run in scaled time
//! (`speed`); tokens and presigned URLs live in real time.

mod amazon;
mod bucket;
mod clock;
mod faults;
mod journal;
mod plytix;
mod random;

pub use amazon::{Account, Authorization, Role, Unauthorized};
use amazon::{Amazon, Documents, Region, Setup, World};
use chrono::{DateTime, TimeDelta, Utc};
use clock::Clock;
use faults::Faults;
pub use faults::ScriptError;
use journal::Journal;
pub use plytix::{PlytixSettings, RetryAfter};
use serde::Serialize;
use std::collections::HashSet;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How an emulator is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Fixes all invented data.
    pub seed: u64,
    /// Number of ASINs in the catalogue, variation parents included.
    pub asins: u64,
    /// Number of orders in each region.
    pub orders: u64,
    /// How many days back the orders reach.
    pub order_days: u32,
    /// Published rates are multiplied by this, and waiting times divided.
    pub speed: f64,
    /// Life of an access token of Amazon's, in seconds.
    pub token_life_seconds: u32,
    /// A directory with `documents.json`, whose files are served instead of invented documents.
    pub documents: Option<PathBuf>,
    /// The file that gets a line for each request.
    pub journal: Option<PathBuf>,
    /// A script of what shall go wrong; `README.md` says what it may hold.
    pub faults: Option<PathBuf>,
    /// The day to which the invented data is anchored; that of the start if it is not given.
    pub anchor: Option<DateTime<Utc>>,
    /// What the seller has authorised.
    pub authorization: Authorization,
    /// How Plytix is set up.
    pub plytix: PlytixSettings,
}

/// Base URLs of the services, without trailing slashes.
#[derive(Debug, Clone, Serialize)]
pub struct Addresses {
    /// Login with Amazon; its token URL is `{lwa}/auth/o2/token`.
    pub lwa: String,
    /// The Selling Partner API of North America.
    pub na: String,
    /// The Selling Partner API of Europe.
    pub eu: String,
    /// The Selling Partner API of the Far East.
    pub fe: String,
    /// Plytix's tokens.
    pub plytix_auth: String,
    /// Plytix's API.
    pub plytix_api: String,
}

/// Why an emulator could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port of loopback could not be had.
    #[error("cannot listen on loopback")]
    Listen(#[source] io::Error),
    /// The documents directory could not be read.
    #[error("cannot read documents in {directory}")]
    Documents {
        /// The directory.
        directory: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Plytix cannot hold the products that it was given.
    #[error("cannot read the products for Plytix")]
    Plytix(#[source] io::Error),
    /// The script of faults cannot be played.
    #[error("cannot play the faults in {file}")]
    Faults {
        /// The file.
        file: PathBuf,
        /// The member that is wrong, and why.
        #[source]
        source: ScriptError,
    },
    /// The journal could not be created.
    #[error("cannot create journal {file}")]
    Journal {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A running emulator. Its services end when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    addresses: Addresses,
    plytix: plytix::Service,
    /// One task for each service; dropping the set ends them.
    _services: JoinSet<()>,
}

impl Emulator {
    /// Starts all services on free ports of loopback. `now` is the time of day.
    ///
    /// Must be called within a tokio runtime, which then serves the requests.
    pub async fn start(settings: Settings, now: DateTime<Utc>) -> Result<Self, StartError> {
        let clock = Clock::new(now, settings.speed).anchored(settings.anchor.unwrap_or(now));
        let journal = match settings.journal {
            None => Journal::none(),
            Some(file) => Journal::create(&file, clock.clone())
                .map_err(|source| StartError::Journal { file, source })?,
        };
        let documents = match settings.documents {
            None => Documents::default(),
            Some(directory) => Documents::read(&directory)
                .map_err(|source| StartError::Documents { directory, source })?,
        };
        let script = settings.faults.unwrap_or_default();
        let refused = |source| StartError::Faults { file: script.clone(), source };
        let faults = Faults::read(&script, &amazon::known()).map_err(refused)?;
        let storage = listener().await?;
        let setup = Setup {
            world: World {
                seed: settings.seed,
                asins: settings.asins,
                orders: settings.orders,
                order_days: settings.order_days,
            },
            token_life: TimeDelta::seconds(settings.token_life_seconds.into()),
            storage: storage.1,
            documents,
            faults,
            authorization: settings.authorization,
        };
        let canonicals = canonicals(setup.world, settings.plytix.canonicals);
        let amazon = Amazon::new(setup, clock.clone(), journal.clone()).map_err(refused)?;
        let plytix =
            plytix::Service::new(settings.seed, &settings.plytix, &canonicals, clock, journal)
                .map_err(StartError::Plytix)?;
        let mut services = JoinSet::new();
        let mut serve = |listener: TcpListener, router: axum::Router| {
            // `serve` ends only with its task: it tries again when a connection is not accepted.
            services.spawn(async move { drop(axum::serve(listener, router).await) });
        };
        serve(storage.0, amazon.storage_router());
        let mut started = async |router: axum::Router| {
            let (listener, url) = listener().await?;
            serve(listener, router);
            Ok::<String, StartError>(url)
        };
        let addresses = Addresses {
            lwa: started(amazon.lwa_router()).await?,
            na: started(amazon.region_router(Region::Na)).await?,
            eu: started(amazon.region_router(Region::Eu)).await?,
            fe: started(amazon.region_router(Region::Fe)).await?,
            plytix_auth: started(plytix.auth_router()).await?,
            plytix_api: started(plytix.api_router()).await?,
        };
        Ok(Self { addresses, plytix, _services: services })
    }

    /// Where its services are.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// What Plytix holds, as a table for people.
    #[must_use]
    pub fn table(&self) -> String {
        self.plytix.table()
    }

    /// What Plytix holds, one line of JSON a product, for a test to compare.
    #[must_use]
    pub fn plytix_dump(&self) -> String {
        self.plytix.dump()
    }
}

/// The first products of the catalogue, parents left out, as products of the seller's own.
fn canonicals(world: World, count: u64) -> Vec<plytix::Canonical> {
    let Some(marketplace) = Region::Na.marketplaces().next() else { return Vec::new() };
    // One bar code may belong to several ASINs, but to one article.
    let mut articles = HashSet::new();
    let sold = world.products().filter(|it| world.upc(it).is_some_and(|upc| articles.insert(upc)));
    let own =
        sold.take(usize::try_from(count).unwrap_or(usize::MAX)).map(|product| plytix::Canonical {
            label: world.title(&product, marketplace),
            upc: world.upc(&product),
            model: product.model,
        });
    own.collect()
}

/// A listener on a free port of loopback, and its base URL.
async fn listener() -> Result<(TcpListener, String), StartError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(StartError::Listen)?;
    let address = listener.local_addr().map_err(StartError::Listen)?;
    Ok((listener, format!("http://{address}")))
}
