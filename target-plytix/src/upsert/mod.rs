//! Writing products: look up, compare, create or change, and tell what became of each.
//!
//! ```text
//!  fit every product to the account ─▶ look up 100 at a time ─▶ check the frontier ─▶ write in rounds
//!        does not fit: failed             as wanted: unchanged                           │ │ │  a few
//!                                                                                     products at once
//! ```

mod family;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_client::Window;
use chrono::{DateTime, NaiveDate, Utc};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::account::{Account, AccountError};
use crate::api::{Api, ApiError, PAGE};
use crate::config::{Touch, shortest_time};
use crate::mapping::Mapping;
use crate::product::{Change, Present, difference, fitted};
use crate::report::{Report, Status};
use crate::value::Value;
use crate::wanted::Wanted;

/// How long a search may take to show a product that exists: waits before looking again (seconds of lag
/// are reported; the length is not documented).
const LAG: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Why a commit did not write everything that can be written. Its state is not printed.
#[derive(Debug, thiserror::Error)]
pub enum UpsertError {
    /// The account does not go with the mapping.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Nothing more should be written in this run.
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

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Config;
    use crate::value::tests::value;
    use crate::wanted::{Cell, Unmatched, WriteRule};

    /// An upsert that calls nobody, with the built-in mapping; the day is the 2nd of January.
    pub(crate) fn upsert(touch: &str, report: Arc<Report>) -> Upsert {
        let serde_json::Value::Object(settings) = json!({
            "api_url": "http://127.0.0.1:1", "auth_url": "http://127.0.0.1:1", "touch_last_synced": touch,
        }) else {
            panic!("an object")
        };
        let config: Config = singer::config::read(settings).unwrap();
        let manner = Manner {
            family: config.family.clone(),
            touch: config.touch_last_synced,
            today: NaiveDate::from_ymd_opt(2026, 1, 2).unwrap(),
            parallel: config.parallel_writes,
            windows: config.windows().to_vec(),
        };
        let mapping = Arc::new(config.mapping().unwrap());
        Upsert::new(Api::new(&config).unwrap(), mapping, manner, report)
    }

    /// A product that was created at this second and last synced on the 1st of January.
    pub(crate) fn present(second: i64) -> Present {
        let synced = ("amazon_last_synced".to_owned(), value(r#""2026-01-01""#));
        Present {
            id: "5c4ed8002f0985001e233275".to_owned(),
            sku: format!("AMZN-US-{second}"),
            created: DateTime::from_timestamp(second, 0),
            label: Some(value(r#""Mug""#)),
            attributes: [synced].into_iter().collect(),
        }
    }

    /// A product that should have this label.
    fn wanted(label: &str) -> Wanted {
        let value = Some(value(&json!(label).to_string()));
        let (write, unmatched) = (WriteRule::Always, Unmatched::Fail);
        let cells = vec![Cell { field: 0, value, write, unmatched }];
        Wanted { sku: "AMZN-US-1".to_owned(), cells, records: 1 }
    }

    #[test]
    fn the_day_is_written_with_a_change_or_daily_or_never() {
        let change = |touch, label, present: &Present| {
            let change = upsert(touch, Arc::default()).change(&wanted(label), present);
            serde_json::to_value(&change).unwrap()
        };
        let dated = json!({"label": "Cup", "attributes": {"amazon_last_synced": "2026-01-02"}});
        assert_eq!(change("changed", "Cup", &present(1)), dated);
        assert_eq!(change("changed", "Mug", &present(1)), json!({}));
        assert_eq!(change("daily", "Cup", &present(1)), dated);
        let day = json!({"attributes": {"amazon_last_synced": "2026-01-02"}});
        assert_eq!(change("daily", "Mug", &present(1)), day);
        let mut today = present(1);
        today.attributes.insert("amazon_last_synced".to_owned(), value(r#""2026-01-02""#));
        assert_eq!(change("daily", "Mug", &today), json!({}));
        assert_eq!(change("never", "Cup", &present(1)), json!({"label": "Cup"}));
    }

    #[test]
    fn a_plan_tells_its_requests() {
        let upsert = upsert("changed", Arc::default());
        let task = |present| Task { wanted: wanted("Mug"), present };
        let plan = Plan {
            tasks: vec![task(None), task(None), task(Some(present(1)))],
            unchanged: 40,
            frontier: vec![present(1)],
        };
        // Two creates with their families, one update, one look at a family.
        assert_eq!(upsert.requests(&plan), 6);
        assert_eq!(upsert.shortest_time(6), Duration::ZERO);
        assert_eq!(upsert.requests(&Plan::default()), 0);
    }
}
