//! Writing products: look up, compare, create or change, and tell what became of each.
//!
//! ```text
//!  fit every product to the account ─▶ look up 100 at a time ─▶ check the frontier ─▶ write in rounds
//!        does not fit: failed             as wanted: unchanged       (see below)       │ │ │  a few
//!                                                                                     products at once
//! ```
//!
//! # Families
//!
//! A family is assigned by a request of its own after the create, and neither a create nor a search
//! shows it. A run that dies between the two leaves a product without a family which looks like any
//! other. Marking products would cost every one of them a request; instead, the order of writing says
//! which they can be. Products are written in rounds of `parallel_writes`, a round begins when the one
//! before it is finished, and after a family that could not be assigned no product is created any more.
//! So such products are among the last `parallel_writes` that were created:
//!
//! ```text
//!  created ──────▶ time        ✓ has its family
//!  ✓✓✓ ✓✓✓ ✓✓✓ ✓·✓ ✗            · created and not assigned: the run died here
//!              └─┴ the frontier: the newest of the products that are there
//! ```
//!
//! Before a commit writes, it reads the families of those few among the products that it found, newest
//! first, and assigns what is missing: `parallel_writes` requests a commit, however many products there
//! are. This relies on the records of the interrupted run coming again, which they do, because their
//! state was not printed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api_client::Window;
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::join_all;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::account::{Account, AccountError};
use crate::api::{Api, ApiError, Created, PAGE};
use crate::config::{Touch, shortest_time};
use crate::mapping::Mapping;
use crate::product::{Change, Present, creation, difference, fitted};
use crate::report::{Report, Status};
use crate::value::Value;
use crate::wanted::Wanted;

/// How long a search may take to show a product that exists: waits before looking again (seconds of lag
/// are reported; the length is not documented).
const LAG: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// How old a look at a product may be when the product is changed.
const STALE: Duration = Duration::from_mins(5);

/// Failures in a row that say that Plytix is not well, rather than a product.
const PATIENCE: usize = 5;

/// How often a long commit says how far it is.
const INTERVAL: Duration = Duration::from_mins(1);

/// Why a commit did not write everything that can be written. Its state is not printed.
#[derive(Debug, thiserror::Error)]
pub enum UpsertError {
    /// The account does not go with the mapping.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Nothing more can be written in this run.
    #[error("{sku}")]
    Stopped {
        /// The product.
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
    /// The limits that requests are kept within, for telling how long they take.
    pub windows: Vec<Window>,
}

/// Writes products.
#[derive(Debug)]
pub struct Upsert {
    api: Api,
    mapping: Arc<Mapping>,
    manner: Manner,
    report: Arc<Report>,
    account: OnceCell<Account>,
    /// Products that were created up to here have families, or never will have.
    checked: Mutex<Option<DateTime<Utc>>>,
}

/// A product that has to be written.
#[derive(Debug)]
pub struct Task {
    /// What it should be.
    pub wanted: Wanted,
    /// What it is; nothing if it is not there.
    pub present: Option<Present>,
}

/// What a commit has to do.
#[derive(Debug, Default)]
pub struct Plan {
    /// Products to create and to change.
    pub tasks: Vec<Task>,
    /// How many need nothing.
    pub unchanged: usize,
    /// The newest products that were found, the newest first.
    frontier: Vec<Present>,
}

/// What came of writing one product.
enum Written {
    /// It is as its records want it.
    Done(Status),
    /// It cannot be written as it is: its data is wrong.
    Refused(ApiError),
    /// It was not written, and may be another time.
    Later(ApiError),
    /// Neither it nor any other can be written.
    Never(ApiError),
}

impl Upsert {
    /// Prepares to write; nothing is called.
    #[must_use]
    pub fn new(api: Api, mapping: Arc<Mapping>, manner: Manner, report: Arc<Report>) -> Self {
        Self { api, mapping, manner, report, account: OnceCell::new(), checked: Mutex::default() }
    }

    /// What is called.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Writes products and reports each.
    ///
    /// # Errors
    /// Whatever may be different another time. Products whose data is wrong are only reported.
    pub async fn commit(&self, products: Vec<Wanted>) -> Result<(), UpsertError> {
        let looked = Instant::now();
        let plan = self.plan(products).await?;
        let account = self.account().await?;
        self.complete_families(account, &plan.frontier).await?;
        let creates = plan.tasks.iter().filter(|task| task.present.is_none()).count();
        let updates = plan.tasks.len() - creates;
        tracing::info!(
            "{creates} products to create, {updates} to update, {} unchanged",
            plan.unchanged
        );
        self.write(account, plan.tasks, looked).await
    }

    /// Finds out what has to be done; reads only. Reports what needs nothing and what cannot be done.
    ///
    /// # Errors
    /// An account that does not go with the mapping, or a call that failed.
    pub async fn plan(&self, products: Vec<Wanted>) -> Result<Plan, UpsertError> {
        let account = self.account().await?;
        let mut plan = Plan::default();
        let mut fit = Vec::with_capacity(products.len());
        for product in products {
            let (sku, records) = (product.sku.clone(), product.records);
            match fitted(product, self.mapping.fields(), &account.definition) {
                Ok(product) => fit.push(product),
                Err(error) => self.report.failed(&sku, records, &error),
            }
        }
        let mut fit = fit.into_iter().peekable();
        while fit.peek().is_some() {
            let page: Vec<Wanted> = fit.by_ref().take(PAGE).collect();
            let mut present = self.look_up(account, &page).await.map_err(UpsertError::LookUp)?;
            for wanted in page {
                let present = present.remove(&wanted.sku);
                if let Some(present) = &present {
                    self.keep_newest(&mut plan.frontier, present);
                    if self.change(&wanted, present).is_empty() {
                        self.report.product(Status::Unchanged, wanted.records);
                        plan.unchanged += 1;
                        continue;
                    }
                }
                plan.tasks.push(Task { wanted, present });
            }
        }
        Ok(plan)
    }

    /// What has to be written of a product that exists, with the day where it belongs.
    #[must_use]
    pub fn change(&self, wanted: &Wanted, present: &Present) -> Change {
        let change = difference(wanted, present, self.mapping.fields());
        let Some(label) = self.mapping.last_synced() else { return change };
        let today = Value::Text(self.manner.today.to_string());
        let touch = match self.manner.touch {
            Touch::Never => false,
            Touch::Changed => !change.is_empty(),
            Touch::Daily => !change.is_empty() || present.attributes.get(label) != Some(&today),
        };
        if touch { change.dated(label, self.manner.today) } else { change }
    }

    /// How many requests it takes to do what is planned.
    #[must_use]
    pub fn requests(&self, plan: &Plan) -> usize {
        let has_family = !self.manner.family.is_empty();
        let creates = plan.tasks.iter().filter(|task| task.present.is_none()).count();
        let families = if has_family { creates + plan.frontier.len() } else { 0 };
        plan.tasks.len() + families
    }

    /// The time that so many requests take at least.
    #[must_use]
    pub fn shortest_time(&self, requests: usize) -> Duration {
        shortest_time(requests, &self.manner.windows)
    }

    /// The account, read by whoever needs it first.
    async fn account(&self) -> Result<&Account, AccountError> {
        let Manner { family, touch, .. } = &self.manner;
        let read = || Account::read(&self.api, &self.mapping, family, *touch);
        self.account.get_or_try_init(read).await
    }

    /// Those of a page of products that exist.
    async fn look_up(
        &self,
        account: &Account,
        page: &[Wanted],
    ) -> Result<HashMap<String, Present>, ApiError> {
        let skus: Vec<&str> = page.iter().map(|wanted| wanted.sku.as_str()).collect();
        let found = self.api.products(&skus, &account.columns).await?;
        let settled =
            |(sku, present): (String, Present)| (sku, present.settled(&account.definition));
        Ok(found.into_iter().map(settled).collect())
    }

    /// A product that must exist, however long the search takes to show it.
    async fn find(&self, account: &Account, wanted: &Wanted) -> Result<Option<Present>, ApiError> {
        let page = std::slice::from_ref(wanted);
        for wait in LAG {
            if let Some(present) = self.look_up(account, page).await?.remove(&wanted.sku) {
                return Ok(Some(present));
            }
            tokio::time::sleep(wait).await;
        }
        Ok(self.look_up(account, page).await?.remove(&wanted.sku))
    }
}

/// Families.
impl Upsert {
    /// Keeps a product if it is one of the newest and its family is not known.
    fn keep_newest(&self, frontier: &mut Vec<Present>, present: &Present) {
        let checked = *self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if present.created.is_none() || present.created <= checked {
            return;
        }
        let place = frontier.partition_point(|known| known.created >= present.created);
        if place < self.manner.parallel {
            frontier.insert(place, present.clone());
            frontier.truncate(self.manner.parallel);
        }
    }

    /// Assigns the families that an interrupted run has left out.
    async fn complete_families(
        &self,
        account: &Account,
        frontier: &[Present],
    ) -> Result<(), UpsertError> {
        for present in frontier {
            let stopped = |source| UpsertError::Stopped { sku: present.sku.clone(), source };
            match self.complete_family(account, &present.id).await {
                Ok(()) => {}
                Err(error) if is_refusal(&error) => {
                    // Counted where the product itself is written; this is about its family only.
                    tracing::warn!("{}: {error}", present.sku);
                }
                Err(error) => return Err(stopped(error)),
            }
        }
        self.check_until(frontier.first().and_then(|newest| newest.created));
        Ok(())
    }

    /// Assigns the family of a product that may be without one.
    async fn complete_family(&self, account: &Account, id: &str) -> Result<(), ApiError> {
        match &account.family {
            Some(family) if !self.api.has_family(id).await? => {
                self.api.assign_family(id, family).await
            }
            _ => Ok(()),
        }
    }

    /// Notes that the families of all products that were created until then are settled.
    fn check_until(&self, created: Option<DateTime<Utc>>) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        *checked = (*checked).max(created);
    }
}

/// Writing.
impl Upsert {
    /// Writes products in rounds, those to create first.
    async fn write(
        &self,
        account: &Account,
        tasks: Vec<Task>,
        mut looked: Instant,
    ) -> Result<(), UpsertError> {
        let all = tasks.len();
        let (mut updates, creates): (Vec<Task>, Vec<Task>) =
            tasks.into_iter().partition(|task| task.present.is_some());
        let mut trouble = Trouble::default();
        let mut progress = Progress { said: Instant::now(), done: 0, all };
        for round in creates.chunks(self.manner.parallel) {
            self.round(account, round, &mut trouble).await?;
            progress.add(round.len());
        }
        for page in updates.chunks_mut(PAGE) {
            if looked.elapsed() > STALE {
                self.look_again(account, page).await.map_err(UpsertError::LookUp)?;
            }
            let began = Instant::now();
            for round in page.chunks(self.manner.parallel) {
                self.round(account, round, &mut trouble).await?;
                progress.add(round.len());
            }
            if looked.elapsed() > STALE {
                looked = began.checked_sub(STALE).unwrap_or(began);
            }
        }
        trouble.result()
    }

    /// Looks at products again that were looked up long ago; somebody may have worked on them.
    async fn look_again(&self, account: &Account, page: &mut [Task]) -> Result<(), ApiError> {
        let wanted: Vec<Wanted> = page.iter().map(|task| task.wanted.clone()).collect();
        let mut present = self.look_up(account, &wanted).await?;
        for task in page {
            task.present = present.remove(&task.wanted.sku);
        }
        Ok(())
    }

    /// Writes a few products at the same time, and waits for all of them.
    async fn round(
        &self,
        account: &Account,
        round: &[Task],
        trouble: &mut Trouble,
    ) -> Result<(), UpsertError> {
        let written = join_all(round.iter().map(|task| self.write_one(account, task))).await;
        let mut stopped = None;
        for (task, written) in round.iter().zip(written) {
            let Wanted { sku, records, .. } = &task.wanted;
            match written {
                Written::Done(status) => {
                    self.report.product(status, *records);
                    trouble.row = 0;
                }
                Written::Refused(error) => {
                    self.report.failed(sku, *records, &error);
                    trouble.row = 0;
                }
                Written::Later(error) => trouble.note(sku, error),
                Written::Never(source) => {
                    stopped.get_or_insert(UpsertError::Stopped { sku: sku.clone(), source });
                }
            }
        }
        match stopped {
            Some(error) => Err(error),
            None if trouble.row >= PATIENCE => std::mem::take(trouble).result(),
            None => Ok(()),
        }
    }

    /// Writes one product.
    async fn write_one(&self, account: &Account, task: &Task) -> Written {
        match &task.present {
            None => self.create(account, &task.wanted).await,
            Some(present) => self.update(&task.wanted, present, Status::Updated).await,
        }
    }

    /// Changes a product, if that is necessary.
    async fn update(&self, wanted: &Wanted, present: &Present, status: Status) -> Written {
        let change = self.change(wanted, present);
        if change.is_empty() {
            let unchanged = if status == Status::Created { status } else { Status::Unchanged };
            return Written::Done(unchanged);
        }
        match self.api.update(&present.id, &change).await {
            Ok(()) => Written::Done(status),
            Err(error) => judged(error),
        }
    }

    /// Creates a product and assigns its family.
    async fn create(&self, account: &Account, wanted: &Wanted) -> Written {
        let mut body = creation(wanted, self.mapping.fields());
        if let Some(label) = self.mapping.last_synced()
            && self.manner.touch != Touch::Never
        {
            body = body.dated(label, self.manner.today);
        }
        match self.api.create(&body).await {
            Ok(Some(created)) => self.assign(account, created).await,
            // Created, and not told as what.
            Ok(None) => self.adopt(account, wanted, Status::Created, None).await,
            Err(error) if is_conflict(&error) => {
                self.adopt(account, wanted, Status::Updated, Some(error)).await
            }
            Err(error) if is_unknown(&error) => self.create_after_all(account, wanted, &body).await,
            Err(error) => judged(error),
        }
    }

    /// Goes on after a create of which nobody knows whether it happened: looks, and creates again only
    /// if the product is not there.
    async fn create_after_all(&self, account: &Account, wanted: &Wanted, body: &Change) -> Written {
        match self.find(account, wanted).await {
            Ok(Some(present)) => {
                return self.go_on(account, wanted, &present, Status::Created).await;
            }
            Ok(None) => {}
            Err(error) => return judged(error),
        }
        match self.api.create(body).await {
            Ok(Some(created)) => self.assign(account, created).await,
            Ok(None) => self.adopt(account, wanted, Status::Created, None).await,
            Err(error) if is_conflict(&error) => {
                self.adopt(account, wanted, Status::Created, Some(error)).await
            }
            Err(error) => judged(error),
        }
    }

    /// Goes on with a product that exists although it was not found.
    async fn adopt(
        &self,
        account: &Account,
        wanted: &Wanted,
        status: Status,
        conflict: Option<ApiError>,
    ) -> Written {
        match (self.find(account, wanted).await, conflict) {
            (Ok(Some(present)), _) => self.go_on(account, wanted, &present, status).await,
            (Ok(None), Some(conflict)) => Written::Refused(conflict),
            (Ok(None), None) => Written::Never(ApiError::NoId),
            (Err(error), _) => judged(error),
        }
    }

    /// Completes a product whose beginning was not seen.
    async fn go_on(
        &self,
        account: &Account,
        wanted: &Wanted,
        present: &Present,
        status: Status,
    ) -> Written {
        if let Err(error) = self.complete_family(account, &present.id).await {
            return Written::Never(error);
        }
        self.check_until(present.created);
        self.update(wanted, present, status).await
    }

    /// Assigns the family of a product that was just created.
    async fn assign(&self, account: &Account, Created { id, created }: Created) -> Written {
        if let Some(family) = &account.family
            && let Err(error) = self.api.assign_family(&id, family).await
        {
            return Written::Never(error);
        }
        self.check_until(created);
        Written::Done(Status::Created)
    }
}

/// Products that were not written and may be another time.
#[derive(Default)]
struct Trouble {
    products: usize,
    /// How many of them came one after the other.
    row: usize,
    first: Option<(String, ApiError)>,
}

impl Trouble {
    fn note(&mut self, sku: &str, error: ApiError) {
        self.products += 1;
        self.row += 1;
        self.first.get_or_insert((sku.to_owned(), error));
    }

    fn result(self) -> Result<(), UpsertError> {
        match self.first {
            None => Ok(()),
            Some((sku, source)) => {
                Err(UpsertError::Unwritten { products: self.products, sku, source })
            }
        }
    }
}

/// How far a commit is.
struct Progress {
    said: Instant,
    done: usize,
    all: usize,
}

impl Progress {
    fn add(&mut self, products: usize) {
        self.done += products;
        if self.said.elapsed() >= INTERVAL {
            self.said = Instant::now();
            tracing::info!("{} of {} products written", self.done, self.all);
        }
    }
}

/// What a failed call means for its product and for the others.
fn judged(error: ApiError) -> Written {
    use api_client::Error::{Exhausted, OutcomeUnknown, Undecodable};
    match &error {
        _ if is_refusal(&error) => Written::Refused(error),
        ApiError::Call(Exhausted { .. } | OutcomeUnknown { .. } | Undecodable { .. }) => {
            Written::Later(error)
        }
        _ => Written::Never(error),
    }
}

/// Whether Plytix has read the request and refused what it says.
fn is_refusal(error: &ApiError) -> bool {
    matches!(error, ApiError::Call(api_client::Error::Refused(_)))
}

/// Whether a product with this SKU exists.
fn is_conflict(error: &ApiError) -> bool {
    matches!(error, ApiError::Call(api_client::Error::Refused(refusal)) if refusal.status == 409)
}

/// Whether nobody knows what happened.
fn is_unknown(error: &ApiError) -> bool {
    matches!(error, ApiError::Call(api_client::Error::OutcomeUnknown { .. }))
}
