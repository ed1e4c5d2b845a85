//! What a run would do and what it would cost, without doing it.

use std::collections::HashMap;
use std::time::Duration;

use super::hierarchy::edges;
use super::{LoadError, Loader, Phase, Plan, Step, Task};
use crate::account::Account;
use crate::api::PAGE;
use crate::product::Present;
use crate::report::{Line, Status};
use crate::run::memory::About;
use crate::wanted::Wanted;

/// Requests that each phase would take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// By phase, in order.
    pub requests: Vec<(Phase, usize)>,
}

impl Outlook {
    /// All of them together.
    #[must_use]
    pub fn total(&self) -> usize {
        self.requests.iter().map(|(_, requests)| requests).sum()
    }
}

impl Loader {
    /// Says what would be done with each product and in each phase; reads only.
    ///
    /// # Errors
    /// An account that does not go with the mapping, or a call that failed.
    pub async fn foresee(&self, products: Vec<Wanted>) -> Result<Outlook, LoadError> {
        let plan = self.plan(products).await?;
        for task in &plan.tasks {
            self.say(task);
        }
        let mut requests = self.write_requests(&plan);
        requests.extend(self.link_requests(&plan.tasks).await?);
        requests.extend(self.image_requests(&plan.tasks).await?);
        let outlook = Outlook { requests };
        for (phase, requests) in &outlook.requests {
            let time = self.shortest_time(*requests).as_secs();
            tracing::info!("dry run: {phase}: {requests} requests, at least {time} s");
        }
        let time = self.shortest_time(outlook.total()).as_secs();
        tracing::info!(
            "dry run: {}: {} more requests, at least {time} s",
            plan.summary(),
            outlook.total()
        );
        Ok(outlook)
    }

    /// Says what would be done with one product.
    fn say(&self, task: &Task) {
        let sku = &task.wanted.sku;
        let line = |status| Line::new(sku, Phase::Products, status).records(&task.wanted.notes);
        let line = match (&task.present, task.step) {
            (None, Step::Create) => {
                tracing::info!("dry run: {sku}: create");
                line(Status::Created).changes(&self.body(task), None)
            }
            (Some(present), Step::Update) => {
                let change = self.change(task, present);
                let names: Vec<&str> = change.names().collect();
                tracing::info!("dry run: {sku}: update {}", names.join(", "));
                line(Status::Updated).id(&present.id).changes(&change, Some(present))
            }
            _ => return self.say_unchanged(task),
        };
        self.report.product(&line, task.wanted.records);
    }

    /// Requests for products and families.
    fn write_requests(&self, plan: &Plan) -> Vec<(Phase, usize)> {
        let creates = plan.count(Step::Create);
        let writes = (Phase::Products, creates + plan.count(Step::Update));
        let has_family = self.does(Phase::Family) && !self.manner.family.is_empty();
        let families = creates + plan.doubtful.len();
        std::iter::once(writes).chain(has_family.then_some((Phase::Family, families))).collect()
    }

    /// Requests for links. What is not there yet has no links.
    async fn link_requests(&self, tasks: &[Task]) -> Result<Vec<(Phase, usize)>, LoadError> {
        let account = self.account().await?;
        let mut requests = Vec::new();
        if let Some(relationship) = &account.hierarchy {
            let ids: HashMap<&str, Option<&Present>> = tasks
                .iter()
                .map(|task| (task.wanted.sku.as_str(), task.present.as_ref()))
                .collect();
            let edges = edges(tasks.iter(), |sku| ids.contains_key(sku));
            let elsewhere: Vec<&str> =
                edges.keys().map(String::as_str).filter(|sku| !ids.contains_key(sku)).collect();
            let elsewhere = self.parents(account, &elsewhere).await?;
            let mut count = 0;
            for (parent, children) in &edges {
                let present = match ids.get(parent.as_str()) {
                    Some(present) => *present,
                    // A parent that is nowhere cannot be linked.
                    None if !elsewhere.contains_key(parent) => continue,
                    None => elsewhere.get(parent),
                };
                let links = present.and_then(|parent| parent.links.get(&relationship.id));
                let linked = |child: &String| {
                    let child = ids.get(child.as_str()).copied().flatten();
                    child.is_some_and(|it| links.is_some_and(|links| links.contains(&it.id)))
                };
                let missing: Vec<&str> =
                    children.iter().filter(|it| !linked(it)).map(String::as_str).collect();
                if !missing.is_empty() {
                    count += 1;
                    let line = Line::new(parent, Phase::Hierarchy, Status::Updated);
                    self.report.done(&line.linked(missing));
                }
            }
            for group in self.partings(relationship, tasks) {
                count += 1;
                let line = Line::new(&group.source.sku, Phase::Hierarchy, Status::Updated);
                let parted = group.targets.iter().map(|end| end.sku.as_str());
                self.report.done(&line.parted(parted));
            }
            requests.push((Phase::Hierarchy, count));
        }
        if let Some(relationship) = &account.listings {
            let groups = self.own_groups(account, relationship, tasks, false).await?;
            for group in &groups {
                let line = Line::new(&group.source.sku, Phase::Listings, Status::Updated);
                self.report.done(&line.linked(group.targets.iter().map(|end| end.sku.as_str())));
            }
            requests.push((Phase::Listings, groups.len()));
        }
        Ok(requests)
    }

    /// Those of the parents that are in Plytix.
    async fn parents(
        &self,
        account: &Account,
        skus: &[&str],
    ) -> Result<HashMap<String, Present>, LoadError> {
        let mut found = HashMap::new();
        for page in skus.chunks(PAGE) {
            let page = self.api.products(page, &account.columns).await;
            found.extend(page.map_err(LoadError::LookUp)?);
        }
        Ok(found)
    }

    /// Requests for pictures and for the products that show them.
    async fn image_requests(&self, tasks: &[Task]) -> Result<Vec<(Phase, usize)>, LoadError> {
        let Some(settings) = self.gallery() else { return Ok(Vec::new()) };
        let pictured: Vec<&Task> =
            tasks.iter().filter(|task| !task.wanted.around.images.is_empty()).collect();
        self.read_assets(settings, &pictured).await?;
        let uploads = self.unknown(&pictured).len();
        let mut writes = 0;
        for task in pictured {
            let images = &task.wanted.around.images;
            let known = |name: &str| self.memory.recall(About::Asset(name));
            let showing = super::showing::Showing::wanted(images, settings, known);
            if !showing.is_ok_and(|showing| showing.is_shown(task.present.as_ref(), settings)) {
                writes += 1;
                let line = Line::new(&task.wanted.sku, Phase::Images, Status::Updated);
                self.report.done(&line.pictures(images));
            }
        }
        Ok(vec![(Phase::Images, uploads + writes)])
    }

    /// The time that so many requests take at least, by the limits as they are configured and as they were
    /// learnt.
    #[must_use]
    pub fn shortest_time(&self, requests: usize) -> Duration {
        self.api.shortest_time(requests)
    }
}
