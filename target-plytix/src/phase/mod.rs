//! From what products should be to what Plytix has, in phases.
//!
//! ```text
//!  look up 100 at a time, find the seller's own products        reads only
//!        │
//!  products ─▶ family ─▶ hierarchy ─▶ listings ─▶ images        every phase only what is missing
//!  create,    of what    parent ─▶    own ─▶      upload once,
//!  change     was created children    products    one write
//! ```
//!
//! Every phase decides by what Plytix shows or what the memory knows, so a phase that was interrupted is
//! simply run again. What is decided is pure ([`hierarchy`], [`matching`], [`showing`]); what is called is in
//! one place a phase. A commit runs all phases over its products, so that a state that is printed after
//! it covers whole products and not their beginnings.

mod family;
pub mod former;
pub mod hierarchy;
pub mod images;
pub mod links;
mod listings;
pub mod matching;
mod outlook;
mod plan;
mod products;
mod rounds;
pub mod showing;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::account::{Account, AccountError, Needs};
use crate::api::{Api, ApiError};
use crate::config::{LinkMode, Touch};
use crate::mapping::Mapping;
use crate::report::Report;
use crate::run::memory::{About, Memory};
use crate::wanted::Wanted;
use matching::Canonicals;
pub use outlook::Outlook;
pub use plan::{Plan, Step, Task};

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Products are created and changed.
    #[serde(alias = "attributes")]
    Products,
    /// New products get their family.
    Family,
    /// Parents are linked to their children.
    Hierarchy,
    /// The seller's own products are found and linked.
    #[serde(alias = "canonical")]
    Listings,
    /// Pictures are uploaded and shown.
    Images,
}

impl Phase {
    /// All of them, in their order.
    pub const ALL: [Self; 5] =
        [Self::Products, Self::Family, Self::Hierarchy, Self::Listings, Self::Images];

    /// The name in settings and files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::Family => "family",
            Self::Hierarchy => "hierarchy",
            Self::Listings => "listings",
            Self::Images => "images",
        }
    }

    /// The phase that this word names, in the words of its users too.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word.trim() {
            "attributes" => Some(Self::Products),
            "canonical" => Some(Self::Listings),
            word => Self::ALL.into_iter().find(|phase| phase.name() == word),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The phases of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phases([bool; 5]);

impl Phases {
    /// Every phase.
    pub const ALL: Self = Self([true; 5]);

    /// These phases.
    #[must_use]
    pub fn of(phases: &[Phase]) -> Self {
        Self(Phase::ALL.map(|phase| phases.contains(&phase)))
    }

    /// Whether this phase is one of them.
    #[must_use]
    pub fn has(self, phase: Phase) -> bool {
        Phase::ALL.into_iter().zip(self.0).any(|(known, on)| on && known == phase)
    }

    /// Their names.
    #[must_use]
    pub fn names(self) -> Vec<String> {
        let on = Phase::ALL.into_iter().filter(|phase| self.has(*phase));
        on.map(|phase| phase.name().to_owned()).collect()
    }
}

/// Why a commit did not write everything that can be written. Its state is not printed.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The account does not go with the mapping.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Nothing more should be written in this run.
    #[error("{sku}")]
    Stopped {
        /// The product, or the picture.
        sku: String,
        /// Why not.
        source: ApiError,
    },
    /// Products could not be looked up.
    #[error("cannot look up products")]
    LookUp(#[source] ApiError),
    /// Some products could not be written, for reasons that may pass.
    #[error("{products} products were not written and come again with the next run, first {sku}")]
    Unwritten {
        /// How many.
        products: usize,
        /// The first of them.
        sku: String,
        /// Why not.
        source: ApiError,
    },
    /// Plytix has made something else of a gallery than what was written.
    #[error(
        "{sku}: the gallery is not what was written to it; set image_link_mode to append, which links pictures one by one"
    )]
    Gallery {
        /// The product.
        sku: String,
    },
    /// Plytix has taken away other links than those that it was told, or not those.
    #[error(
        "{sku}: its links are not those that should be left after {parted} were taken away; compare them in Plytix with products.jsonl, and leave out the phase hierarchy until it is known why"
    )]
    Links {
        /// The product.
        sku: String,
        /// How many links were to be taken away.
        parted: usize,
    },
    /// The run's own folder cannot be written.
    #[error(transparent)]
    Run(#[from] crate::run::RunError),
    /// What came in cannot be kept.
    #[error("run_dir: the messages cannot be kept; make room, or name another folder")]
    Spool(#[source] std::io::Error),
}

/// How writing is done.
#[derive(Debug, Clone)]
pub struct Manner {
    /// Family of new products, by name or id; empty for none.
    pub family: String,
    /// When the date of the last change is written.
    pub touch: Touch,
    /// The day of this run.
    pub today: NaiveDate,
    /// Products that are written at the same time, at least one.
    pub parallel: usize,
    /// What is done.
    pub phases: Phases,
    /// Whether these phases are done again whatever is known of them.
    pub again: bool,
    /// How pictures are put on a product.
    pub link_mode: LinkMode,
    /// Whether what the account lacks is made.
    pub create_missing: bool,
}

/// Writes products.
#[derive(Debug)]
pub struct Loader {
    api: Api,
    mapping: Arc<Mapping>,
    manner: Manner,
    report: Arc<Report>,
    memory: Arc<Memory>,
    account: OnceCell<Account>,
    /// Whether everything that was created without a family is noted in the memory.
    has_notes: bool,
    /// Products that were created up to here have families, or never will have; where there are no notes.
    checked: Mutex<Option<DateTime<Utc>>>,
    /// Ids of the products of this run that exist, by SKU.
    known: Mutex<HashMap<String, String>>,
    /// Ids of the products that this run has created itself, and that had no links then.
    created: Mutex<HashSet<String>>,
    /// The seller's own products, as far as they were read.
    canonicals: tokio::sync::Mutex<Canonicals>,
    /// Links from parents that were not in Plytix when their children came.
    orphans: Mutex<HashSet<(String, String)>>,
}

impl Loader {
    /// Prepares to write; nothing is called.
    #[must_use]
    pub fn new(
        api: Api,
        mapping: Arc<Mapping>,
        manner: Manner,
        report: Arc<Report>,
        memory: Arc<Memory>,
    ) -> Self {
        let has_notes = !manner.again && memory.recall(About::Families).is_some();
        Self {
            api,
            mapping,
            manner,
            report,
            memory,
            account: OnceCell::new(),
            has_notes,
            checked: Mutex::default(),
            known: Mutex::default(),
            created: Mutex::default(),
            canonicals: tokio::sync::Mutex::default(),
            orphans: Mutex::default(),
        }
    }

    /// What is called.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Writes products, links and pictures, and reports each.
    ///
    /// # Errors
    /// Whatever may be different another time. Products whose data is wrong are only reported.
    pub async fn commit(&self, products: Vec<Wanted>) -> Result<(), LoadError> {
        let looked = Instant::now();
        let plan = self.plan(products).await?;
        let account = self.account().await?;
        tracing::info!("{}", plan.summary());
        let tasks = self.write(account, plan, looked).await?;
        self.link_hierarchy(account, &tasks).await?;
        self.link_listings(account, &tasks).await?;
        self.show_images(&tasks).await
    }

    /// The account, read by whoever needs it first.
    ///
    /// # Errors
    /// A call that failed, or what the account lacks.
    pub async fn account(&self) -> Result<&Account, AccountError> {
        let needs = Needs {
            mapping: &self.mapping,
            family: &self.manner.family,
            dated: self.manner.touch != Touch::Never,
            phases: self.manner.phases,
            create_missing: self.manner.create_missing,
        };
        self.account.get_or_try_init(|| Account::read(&self.api, needs)).await
    }

    /// Begins with products that the run knows from before it was interrupted.
    pub fn remember_products(&self, products: Vec<(String, String)>) {
        held(&self.known).extend(products);
    }

    /// Whether a phase is done.
    fn does(&self, phase: Phase) -> bool {
        self.manner.phases.has(phase)
    }

    /// The id of a product that is known to exist.
    fn id_of(&self, sku: &str) -> Option<String> {
        held(&self.known).get(sku).cloned()
    }

    /// Notes that a product exists.
    fn know(&self, sku: &str, id: &str) {
        held(&self.known).insert(sku.to_owned(), id.to_owned());
    }
}

/// Locks; a panic elsewhere does not matter, because every change is made in one piece.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod tests;
