//! Writing products in rounds, and what a failure of one means for the others.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{Task, Upsert, UpsertError};
use crate::account::Account;
use crate::api::{ApiError, Created, PAGE};
use crate::config::Touch;
use crate::product::{Change, Present, creation};
use crate::report::Status;
use crate::wanted::Wanted;

/// How old a look at a product may be when the product is changed.
const STALE: Duration = Duration::from_mins(5);

/// Failures in a row that say that Plytix is not well, rather than a product.
const PATIENCE: usize = 5;

/// How often a long commit says how far it is.
const INTERVAL: Duration = Duration::from_mins(1);

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
    /// Writes products in rounds, those to create first.
    pub(super) async fn write(
        &self,
        account: &Account,
        tasks: Vec<Task>,
        looked: Instant,
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
            for round in page.chunks(self.manner.parallel) {
                self.round(account, round, &mut trouble).await?;
                progress.add(round.len());
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
                Written::Later(error) => {
                    self.report.failed(sku, *records, &error);
                    trouble.note(sku, error);
                }
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
            Ok(None) => self.adopt(account, wanted, Status::Created, NotThere::Unknown).await,
            Err(error) if is_conflict(&error) => {
                self.adopt(account, wanted, Status::Updated, NotThere::Refused(error)).await
            }
            Err(error) if is_unknown(&error) => {
                self.adopt(account, wanted, Status::Created, NotThere::CreateAgain(&body)).await
            }
            Err(error) => judged(error),
        }
    }

    /// Goes on with a product that exists, or may exist, although it was not found.
    ///
    /// Failures here are final: there may be a product without a family now, and the next run looks for
    /// it among the last ones that were created.
    async fn adopt(
        &self,
        account: &Account,
        wanted: &Wanted,
        status: Status,
        not_there: NotThere<'_>,
    ) -> Written {
        match (self.find(account, wanted).await, not_there) {
            (Ok(Some(present)), _) => self.go_on(account, wanted, &present, status).await,
            (Ok(None), NotThere::Unknown) => Written::Never(ApiError::NoId),
            (Ok(None), NotThere::Refused(error)) => Written::Refused(error),
            (Ok(None), NotThere::CreateAgain(body)) => {
                self.create_again(account, wanted, body).await
            }
            (Err(error), _) => Written::Never(error),
        }
    }

    /// Creates a product that a first request has not created, as far as anybody can see.
    ///
    /// If the outcome is unknown once more and a search shows nothing once more, it is taken as not
    /// created: a product that Plytix cannot digest must not keep all others from being written.
    async fn create_again(&self, account: &Account, wanted: &Wanted, body: &Change) -> Written {
        match self.api.create(body).await {
            Ok(Some(created)) => self.assign(account, created).await,
            Ok(None) => Written::Never(ApiError::NoId),
            // The first request was carried out after all, and the search does not show it yet.
            Err(error) if is_conflict(&error) => Written::Never(error),
            Err(error) if is_unknown(&error) => match self.find(account, wanted).await {
                Ok(Some(present)) => self.go_on(account, wanted, &present, Status::Created).await,
                Ok(None) => Written::Later(error),
                Err(error) => Written::Never(error),
            },
            Err(error) => judged(error),
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

/// What to do about a product that a search does not show.
enum NotThere<'b> {
    /// Nothing can be done: it was created, and nobody knows as what.
    Unknown,
    /// Plytix has refused to create it because it is there; so be it.
    Refused(ApiError),
    /// It was not created, so it is created now.
    CreateAgain(&'b Change),
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
pub(super) fn is_refusal(error: &ApiError) -> bool {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use api_client::{Error, Refusal};

    use super::*;

    fn refused(status: u16) -> ApiError {
        let refusal = Refusal {
            operation: "update product",
            status,
            code: None,
            message: None,
            request_id: None,
            body: Vec::new().into(),
        };
        ApiError::Call(Error::Refused(Box::new(refusal)))
    }

    fn exhausted() -> ApiError {
        let (operation, elapsed) = ("update product", Duration::from_mins(1));
        let source = Arc::new(std::io::Error::other("reset"));
        ApiError::Call(Error::Exhausted { operation, attempts: 8, elapsed, source })
    }

    fn stopping() -> ApiError {
        ApiError::Call(Error::Unauthorized { operation: "get token", advice: "x".to_owned() })
    }

    #[test]
    fn wrong_data_fails_its_product_and_wrong_credentials_the_run() {
        assert!(matches!(judged(refused(422)), Written::Refused(_)));
        assert!(matches!(judged(exhausted()), Written::Later(_)));
        assert!(matches!(judged(stopping()), Written::Never(_)));
        assert!(is_conflict(&refused(409)) && !is_conflict(&refused(422)));
    }

    #[test]
    fn a_product_that_may_be_written_later_keeps_the_state_from_being_printed() {
        let mut trouble = Trouble::default();
        trouble.note("A", exhausted());
        trouble.note("B", exhausted());
        assert_eq!(
            trouble.result().unwrap_err().to_string(),
            "2 products were not written and come again with the next run, first A"
        );
        Trouble::default().result().unwrap();
    }
}
