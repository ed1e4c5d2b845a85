//! What a commit has to do about its products: read, compared, and not yet written.

use std::collections::HashMap;
use std::time::Duration;

use super::family::Doubtful;
use super::{LoadError, Loader, Phase};
use crate::account::Account;
use crate::api::{ApiError, PAGE};
use crate::config::Touch;
use crate::phase::matching::Match;
use crate::product::{Change, Present, difference, fitted};
use crate::report::{Line, Status};
use crate::value::Value;
use crate::wanted::Wanted;

/// How long a search may take to show a product that exists: waits before looking again (seconds of lag
/// are reported; the length is not documented).
const LAG: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// A product and what has to be done about it.
#[derive(Debug)]
pub struct Task {
    /// What it should be.
    pub wanted: Wanted,
    /// What it is; nothing if it is not there.
    pub present: Option<Present>,
    /// Which of the seller's own products it is.
    pub matched: Match,
    /// What has to be written.
    pub step: Step,
}

/// What has to be written of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is not there.
    Create,
    /// Something of it differs.
    Update,
    /// Nothing, or products are not this run's business.
    Nothing,
}

/// What a commit has to do.
#[derive(Debug, Default)]
pub struct Plan {
    /// The products that can be written or linked.
    pub tasks: Vec<Task>,
    /// Those that were found and may be without their family.
    pub(super) doubtful: Doubtful,
}

impl Plan {
    /// How many products take this step.
    #[must_use]
    pub fn count(&self, step: Step) -> usize {
        self.tasks.iter().filter(|task| task.step == step).count()
    }

    /// What it comes to, for the log.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "{} products to create, {} to update, {} unchanged",
            self.count(Step::Create),
            self.count(Step::Update),
            self.count(Step::Nothing)
        )
    }
}

impl Loader {
    /// Finds out what has to be done; reads only. Reports what cannot be done.
    ///
    /// # Errors
    /// An account that does not go with the mapping, or a call that failed.
    pub async fn plan(&self, products: Vec<Wanted>) -> Result<Plan, LoadError> {
        let account = self.account().await?;
        let mut plan = Plan::default();
        let mut fit = Vec::with_capacity(products.len());
        for product in products {
            match fitted(product.clone(), self.mapping.fields(), &account.definition) {
                Ok(product) => fit.push(product),
                Err(error) => self.report.failed(&product, &error),
            }
        }
        let mut fit = fit.into_iter().peekable();
        while fit.peek().is_some() {
            let page: Vec<Wanted> = fit.by_ref().take(PAGE).collect();
            let mut present = self.look_up(account, &page).await.map_err(LoadError::LookUp)?;
            for wanted in page {
                let present = present.remove(&wanted.sku);
                if let Some(present) = &present {
                    self.keep_doubtful(&mut plan.doubtful, present);
                    self.know(&present.sku, &present.id);
                }
                let (matched, step) = (Match::None, Step::Nothing);
                plan.tasks.push(Task { wanted, present, matched, step });
            }
        }
        self.find_own(account, &mut plan.tasks).await?;
        for task in &mut plan.tasks {
            task.step = self.step(task);
        }
        Ok(plan)
    }

    /// What has to be written of a product.
    fn step(&self, task: &Task) -> Step {
        match &task.present {
            _ if !self.does(Phase::Products) => Step::Nothing,
            None => Step::Create,
            Some(present) if self.change(task, present).is_empty() => Step::Nothing,
            Some(_) => Step::Update,
        }
    }

    /// Reports a product that needs nothing.
    pub(super) fn say_unchanged(&self, task: &Task) {
        if let (Some(present), true) = (&task.present, self.does(Phase::Products)) {
            let line = Line::new(&task.wanted.sku, Phase::Products, Status::Unchanged);
            let line = line.id(&present.id).records(&task.wanted.notes);
            self.report.product(&line, task.wanted.records);
        }
    }

    /// What has to be written of a product that exists, with the day where it belongs.
    #[must_use]
    pub fn change(&self, task: &Task, present: &Present) -> Change {
        let mut change = difference(&task.wanted, present, self.mapping.fields());
        if let (Some(label), Some(own)) = (self.own_label(), task.matched.sku())
            && !present.attributes.contains_key(label)
        {
            change = change.with(label, own);
        }
        self.touched(change, present)
    }

    /// A change with the day of this run, where it belongs.
    pub(super) fn touched(&self, change: Change, present: &Present) -> Change {
        let Some(label) = self.mapping.last_synced() else { return change };
        let today = Value::Text(self.manner.today.to_string());
        let touch = match self.manner.touch {
            Touch::Never => false,
            Touch::Changed => !change.is_empty(),
            Touch::Daily => !change.is_empty() || present.attributes.get(label) != Some(&today),
        };
        if touch { change.dated(label, self.manner.today) } else { change }
    }

    /// Label of the attribute that holds the SKU of the seller's own product.
    pub(super) fn own_label(&self) -> Option<&str> {
        let listings = self.mapping.workflow().listings.as_ref();
        let listings = listings.filter(|_| self.does(Phase::Listings));
        listings.and_then(|listings| listings.canonical_sku.as_deref())
    }

    /// Those of a page of products that exist.
    pub(super) async fn look_up(
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
    pub(super) async fn find(
        &self,
        account: &Account,
        wanted: &Wanted,
    ) -> Result<Option<Present>, ApiError> {
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
