//! The phases of products and families: create what is missing, change what differs.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::rounds::{Progress, Trouble, Verdict, judged, status};
use super::{LoadError, Loader, Phase, Plan, Step, Task, held};
use crate::account::Account;
use crate::api::{ApiError, Created, PAGE};
use crate::config::Touch;
use crate::product::{Change, Present, creation};
use crate::report::{Line, Status};
use crate::wanted::Wanted;

/// How old a look at a product may be when the product is changed.
const STALE: Duration = Duration::from_mins(5);

/// What came of writing one product.
enum Written {
    /// It is as its records want it.
    Done(Box<Line>),
    /// It cannot be written as it is: its data is wrong.
    Refused(ApiError),
    /// It was not written, and may be another time.
    Later(ApiError),
    /// Neither it nor any other can be written.
    Never(ApiError),
}

impl From<ApiError> for Written {
    fn from(error: ApiError) -> Self {
        match judged(error) {
            Verdict::Refused(error) => Self::Refused(error),
            Verdict::Later(error) => Self::Later(error),
            Verdict::Never(error) => Self::Never(error),
        }
    }
}

impl Loader {
    /// Writes products in rounds, those to create first. Gives back all that exist, for the phases that
    /// follow.
    pub(super) async fn write(
        &self,
        account: &Account,
        plan: Plan,
        looked: Instant,
    ) -> Result<Vec<Task>, LoadError> {
        self.complete_families(account, &plan.doubtful).await?;
        let all = plan.count(Step::Create) + plan.count(Step::Update);
        let (creates, others): (Vec<Task>, Vec<Task>) =
            plan.tasks.into_iter().partition(|task| task.step == Step::Create);
        let (mut updates, unchanged): (Vec<Task>, Vec<Task>) =
            others.into_iter().partition(|task| task.step == Step::Update);
        for task in &unchanged {
            self.say_unchanged(task);
        }
        let mut trouble = Trouble::default();
        let mut progress = Progress::new("products written", all);
        for round in creates.chunks(self.manner.parallel) {
            self.round(account, round, &mut trouble).await?;
            progress.add(round.len());
        }
        for page in updates.chunks_mut(PAGE) {
            if looked.elapsed() > STALE {
                self.look_again(account, page).await.map_err(LoadError::LookUp)?;
            }
            for round in page.chunks(self.manner.parallel) {
                self.round(account, round, &mut trouble).await?;
                progress.add(round.len());
            }
        }
        trouble.result()?;
        self.remember_families();
        let tasks = creates.into_iter().chain(updates).chain(unchanged);
        Ok(tasks.filter(|task| self.id_of(&task.wanted.sku).is_some()).collect())
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
    ) -> Result<(), LoadError> {
        let written = join_all(round.iter().map(|task| self.write_one(account, task))).await;
        let mut stopped = None;
        for (task, written) in round.iter().zip(written) {
            let Wanted { sku, records, notes, .. } = &task.wanted;
            match written {
                Written::Done(line) => {
                    if let Some(id) = &line.id {
                        self.know(sku, id);
                    }
                    self.report.product(&line.records(notes), *records);
                    trouble.ease();
                }
                Written::Refused(error) => {
                    self.report.failed(&task.wanted, &error);
                    trouble.ease();
                }
                Written::Later(error) => {
                    self.report.failed(&task.wanted, &error);
                    trouble.note(sku, error);
                }
                Written::Never(source) => {
                    stopped.get_or_insert(LoadError::Stopped { sku: sku.clone(), source });
                }
            }
        }
        stopped.map_or_else(|| trouble.check(), Err)
    }

    /// Writes one product.
    async fn write_one(&self, account: &Account, task: &Task) -> Written {
        match &task.present {
            None => {
                let sku = &task.wanted.sku;
                self.note_creation(account, sku);
                let written = self.create(account, task).await;
                // Else it may be there without a family, and the run that finds it looks.
                if matches!(written, Written::Done(_) | Written::Refused(_)) {
                    self.note_settled(sku);
                }
                written
            }
            Some(present) => self.update(task, present, Status::Updated).await,
        }
    }

    /// Changes a product, if that is necessary.
    async fn update(&self, task: &Task, present: &Present, status: Status) -> Written {
        let change = self.change(task, present);
        let line = |status| {
            let line = Line::new(&task.wanted.sku, Phase::Products, status).id(&present.id);
            Box::new(line.changes(&change, Some(present)))
        };
        if change.is_empty() {
            let unchanged = if status == Status::Created { status } else { Status::Unchanged };
            return Written::Done(line(unchanged));
        }
        match self.api.update(&present.id, &change).await {
            Ok(()) => Written::Done(line(status)),
            Err(error) => error.into(),
        }
    }

    /// The body that creates a product.
    pub(super) fn body(&self, task: &Task) -> Change {
        let mut body = creation(&task.wanted, self.mapping.fields());
        if let (Some(label), Some(own)) = (self.own_label(), task.matched.sku()) {
            body = body.with(label, own);
        }
        match self.mapping.last_synced() {
            Some(label) if self.manner.touch != Touch::Never => {
                body.dated(label, self.manner.today)
            }
            _ => body,
        }
    }

    /// Creates a product and assigns its family.
    async fn create(&self, account: &Account, task: &Task) -> Written {
        let body = self.body(task);
        match self.api.create(&body).await {
            Ok(Some(created)) => self.assign(account, task, &body, created).await,
            // Created, and not told as what.
            Ok(None) => self.adopt(account, task, Status::Created, NotThere::Unknown).await,
            Err(error) if is_conflict(&error) => {
                self.adopt(account, task, Status::Updated, NotThere::Refused(error)).await
            }
            Err(error) if is_unknown(&error) => {
                self.adopt(account, task, Status::Created, NotThere::CreateAgain(&body)).await
            }
            Err(error) => error.into(),
        }
    }

    /// Goes on with a product that exists, or may exist, although it was not found.
    ///
    /// Failures here are final: there may be a product without a family now, and the next run looks for
    /// it among the last ones that were created.
    async fn adopt(
        &self,
        account: &Account,
        task: &Task,
        status: Status,
        not_there: NotThere<'_>,
    ) -> Written {
        match (self.find(account, &task.wanted).await, not_there) {
            (Ok(Some(present)), _) => self.go_on(account, task, &present, status).await,
            (Ok(None), NotThere::Unknown) => Written::Never(ApiError::NoId),
            (Ok(None), NotThere::Refused(error)) => Written::Refused(error),
            (Ok(None), NotThere::CreateAgain(body)) => self.create_again(account, task, body).await,
            (Err(error), _) => Written::Never(error),
        }
    }

    /// Creates a product that a first request has not created, as far as anybody can see.
    ///
    /// If the outcome is unknown once more and a search shows nothing once more, it is taken as not
    /// created: a product that Plytix cannot digest must not keep all others from being written.
    async fn create_again(&self, account: &Account, task: &Task, body: &Change) -> Written {
        match self.api.create(body).await {
            Ok(Some(created)) => self.assign(account, task, body, created).await,
            Ok(None) => Written::Never(ApiError::NoId),
            // The first request was carried out after all, and the search does not show it yet.
            Err(error) if is_conflict(&error) => Written::Never(error),
            Err(error) if is_unknown(&error) => match self.find(account, &task.wanted).await {
                Ok(Some(present)) => self.go_on(account, task, &present, Status::Created).await,
                Ok(None) => Written::Later(error),
                Err(error) => Written::Never(error),
            },
            Err(error) => error.into(),
        }
    }

    /// Completes a product whose beginning was not seen.
    async fn go_on(
        &self,
        account: &Account,
        task: &Task,
        present: &Present,
        status: Status,
    ) -> Written {
        if let Err(error) = self.complete_family(account, &present.id).await {
            return Written::Never(error);
        }
        self.check_until(present.created);
        self.update(task, present, status).await
    }

    /// Assigns the family of a product that was just created.
    async fn assign(
        &self,
        account: &Account,
        task: &Task,
        body: &Change,
        Created { id, created }: Created,
    ) -> Written {
        held(&self.created).insert(id.clone());
        if let Some(family) = &account.family
            && let Err(error) = self.api.assign_family(&id, family).await
        {
            return Written::Never(error);
        }
        self.check_until(created);
        let line = Line::new(&task.wanted.sku, Phase::Products, Status::Created).id(&id);
        Written::Done(Box::new(line.changes(body, None)))
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

/// Whether a product with this SKU exists.
fn is_conflict(error: &ApiError) -> bool {
    status(error) == Some(409)
}

/// Whether nobody knows what happened.
fn is_unknown(error: &ApiError) -> bool {
    matches!(error, ApiError::Call(api_client::Error::OutcomeUnknown { .. }))
}
