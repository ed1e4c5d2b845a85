//! The phase of the hierarchy: parents are linked to their children.
//!
//! A child names its parents and a parent its children; either is enough. A parent that is neither in this
//! commit nor in Plytix may still come in a later one: its link is kept, made as soon as the parent is
//! there, and reported if it never is.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::links::{End, Group};
use super::{LoadError, Loader, Phase, Task, held};
use crate::account::Account;
use crate::api::{PAGE, Relationship};
use crate::product::Present;
use crate::report::{Line, Status};
use crate::wanted::Wanted;

/// SKUs of parents and of the children that belong to each.
pub type Edges = BTreeMap<String, BTreeSet<String>>;

/// The links that the products of a commit ask for. `is_known` tells whether a product that only its parent
/// names is there: a marketplace may have children that are not the seller's.
pub fn edges<'t>(tasks: impl Iterator<Item = &'t Task>, is_known: impl Fn(&str) -> bool) -> Edges {
    let mut edges = Edges::new();
    let mut add = |parent: &str, child: &str| {
        if parent != child {
            edges.entry(parent.to_owned()).or_default().insert(child.to_owned());
        }
    };
    for task in tasks {
        let sku = &task.wanted.sku;
        task.wanted.around.parents.iter().for_each(|parent| add(parent, sku));
        let children = task.wanted.around.children.iter().filter(|child| is_known(child));
        children.for_each(|child| add(sku, child));
    }
    edges
}

/// The links of one parent that are missing.
#[must_use]
pub fn missing(
    source: End,
    children: impl Iterator<Item = End>,
    existing: Option<&Vec<String>>,
) -> Option<Group> {
    let there: HashSet<&String> = existing.into_iter().flatten().collect();
    let targets: Vec<End> = children.filter(|child| !there.contains(&child.id)).collect();
    let own = HashSet::new();
    (!targets.is_empty()).then_some(Group { source, targets, existing: there.len(), own })
}

/// The links that the children's own records name.
#[must_use]
pub fn named(tasks: &[Task]) -> HashSet<(&str, &str)> {
    let parents = |task| {
        let Task { wanted: Wanted { sku, around, .. }, .. }: &Task = task;
        around.parents.iter().map(|parent| (parent.as_str(), sku.as_str()))
    };
    tasks.iter().flat_map(parents).collect()
}

impl Loader {
    /// Links the parents and children of a commit.
    pub(super) async fn link_hierarchy(
        &self,
        account: &Account,
        tasks: &[Task],
    ) -> Result<(), LoadError> {
        let Some(relationship) = &account.hierarchy else { return Ok(()) };
        let before = held(&self.orphans).clone();
        let (mut groups, orphans) = self.hierarchy(account, relationship, tasks).await?;
        self.mark_own(tasks, &before, &mut groups);
        for (parent, child) in orphans {
            held(&self.orphans).insert((parent, child));
        }
        self.link(Phase::Hierarchy, relationship, groups).await?;
        // Whoever is killed in between leaves a child with two parents, and never one without.
        self.part(relationship, tasks).await
    }

    /// What is missing, and the links whose parent is not in Plytix; reads only.
    pub(super) async fn hierarchy(
        &self,
        account: &Account,
        relationship: &Relationship,
        tasks: &[Task],
    ) -> Result<(Vec<Group>, Vec<(String, String)>), LoadError> {
        let mut edges = edges(tasks.iter(), |sku| self.id_of(sku).is_some());
        for (parent, child) in held(&self.orphans).iter() {
            if self.id_of(parent).is_some() {
                edges.entry(parent.clone()).or_default().insert(child.clone());
            }
        }
        let present: HashMap<&str, &Present> = tasks
            .iter()
            .filter_map(|task| Some((task.wanted.sku.as_str(), task.present.as_ref()?)))
            .collect();
        let (mut elsewhere, mut earlier) = (Vec::new(), Vec::new());
        let mut groups = Vec::new();
        for (parent, children) in &edges {
            match (self.id_of(parent), present.get(parent.as_str())) {
                (None, _) => elsewhere.push(parent.as_str()),
                // What was just read is worth more than what is remembered.
                (Some(id), Some(present)) => {
                    let existing = present.links.get(&relationship.id);
                    let source = End { sku: parent.clone(), id };
                    groups.extend(missing(source, self.ends(children), existing));
                }
                (Some(id), None) => {
                    let source = End { sku: parent.clone(), id };
                    let from = (parent.as_str(), Some(source.id.as_str()));
                    let news = |child: &End| !self.remembers_link(relationship, from, child);
                    let children: Vec<End> = self.ends(children).filter(news).collect();
                    let is_new = held(&self.created).contains(&source.id);
                    let group = missing(source, children.into_iter(), None);
                    if is_new { &mut groups } else { &mut earlier }.extend(group);
                }
            }
        }
        groups.extend(self.looked_up(account, relationship, earlier).await?);
        let (found, orphans) = self.distant(account, relationship, &edges, &elsewhere).await?;
        groups.extend(found);
        held(&self.orphans).retain(|(parent, _)| self.id_of(parent).is_none());
        Ok((groups, orphans))
    }

    /// What is missing at parents that came in an earlier commit and were there before: a link that is asked for
    /// again loses the quantity that somebody has given it.
    async fn looked_up(
        &self,
        account: &Account,
        relationship: &Relationship,
        groups: Vec<Group>,
    ) -> Result<Vec<Group>, LoadError> {
        let mut rest = Vec::with_capacity(groups.len());
        for page in groups.chunks(PAGE) {
            let skus: Vec<&str> = page.iter().map(|group| group.source.sku.as_str()).collect();
            let found = self.api.products(&skus, &account.columns).await;
            let found = found.map_err(LoadError::LookUp)?;
            for Group { source, targets, .. } in page {
                // One that a search does not show yet was made a moment ago.
                let links = found.get(&source.sku).filter(|present| present.id == source.id);
                let existing = links.and_then(|present| present.links.get(&relationship.id));
                for child in
                    targets.iter().filter(|it| existing.is_some_and(|ids| ids.contains(&it.id)))
                {
                    self.remember_link(relationship, source, child);
                }
                rest.extend(missing(source.clone(), targets.iter().cloned(), existing));
            }
        }
        Ok(rest)
    }

    /// What is missing at parents that are not in this run, and the links of those that are nowhere.
    async fn distant(
        &self,
        account: &Account,
        relationship: &Relationship,
        edges: &Edges,
        parents: &[&str],
    ) -> Result<(Vec<Group>, Vec<(String, String)>), LoadError> {
        let news = |parent: &&&str| {
            let children = edges.get(**parent).into_iter().flat_map(|skus| self.ends(skus));
            let from = (**parent, None);
            children.into_iter().any(|child| !self.remembers_link(relationship, from, &child))
        };
        let parents: Vec<&str> = parents.iter().filter(news).copied().collect();
        let (mut groups, mut orphans) = (Vec::new(), Vec::new());
        for page in parents.chunks(PAGE) {
            let found =
                self.api.products(page, &account.columns).await.map_err(LoadError::LookUp)?;
            for parent in page {
                let Some(children) = edges.get(*parent) else { continue };
                let Some(present) = found.get(*parent) else {
                    orphans.extend(children.iter().map(|it| ((*parent).to_owned(), it.clone())));
                    continue;
                };
                let existing = present.links.get(&relationship.id);
                let source = End { sku: (*parent).to_owned(), id: present.id.clone() };
                for child in self.ends(children) {
                    if existing.is_some_and(|existing| existing.contains(&child.id)) {
                        self.remember_link(relationship, &source, &child);
                    }
                }
                groups.extend(missing(source, self.ends(children), existing));
            }
        }
        Ok((groups, orphans))
    }

    /// Those of the products that exist.
    fn ends<'c>(&'c self, skus: &'c BTreeSet<String>) -> impl Iterator<Item = End> + 'c {
        skus.iter().filter_map(|sku| Some(End { sku: sku.clone(), id: self.id_of(sku)? }))
    }

    /// Reports the links whose parents never came.
    pub fn say_orphans(&self) {
        let mut orphans: Vec<(String, String)> = held(&self.orphans).drain().collect();
        orphans.sort_unstable();
        let count = u64::try_from(orphans.len()).unwrap_or(0);
        self.report.count(|totals| totals.orphans += count);
        for (parent, child) in orphans {
            let error = format!("its parent {parent} is neither among the records nor in Plytix");
            tracing::info!("{child}: {error}");
            let line = Line::new(&child, Phase::Hierarchy, Status::Unchanged);
            self.report.done(&Line { error: Some(error), ..line });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::{Step, matching::Match};
    use crate::wanted::{Around, Wanted};

    fn task(sku: &str, parents: &[&str], children: &[&str]) -> Task {
        let owned = |skus: &[&str]| skus.iter().map(|sku| (*sku).to_owned()).collect();
        let around =
            Around { parents: owned(parents), children: owned(children), ..Around::default() };
        let wanted = Wanted { sku: sku.to_owned(), around, ..Wanted::default() };
        Task { wanted, present: None, matched: Match::None, step: Step::Nothing }
    }

    fn said(edges: &Edges) -> Vec<String> {
        edges.iter().map(|(parent, children)| format!("{parent}: {children:?}")).collect()
    }

    #[test]
    fn parents_and_children_name_the_same_link_once() {
        let tasks = [task("P", &[], &["A", "B", "X"]), task("A", &["P"], &[]), task("B", &[], &[])];
        let known = |sku: &str| ["P", "A", "B"].contains(&sku);
        assert_eq!(said(&edges(tasks.iter(), known)), [r#"P: {"A", "B"}"#]);
        let loops = [task("A", &["A"], &["A"])];
        assert!(edges(loops.iter(), |_| true).is_empty());
    }

    #[test]
    fn a_parent_elsewhere_is_asked_for_and_a_child_elsewhere_is_not() {
        let tasks = [task("A", &["Q"], &["Z"])];
        assert_eq!(said(&edges(tasks.iter(), |_| false)), [r#"Q: {"A"}"#]);
    }

    #[test]
    fn only_what_is_missing_is_linked() {
        let end = |id: &str| End { sku: id.to_lowercase(), id: id.to_owned() };
        let existing = vec!["A".to_owned(), "X".to_owned()];
        let group = missing(end("P"), [end("A"), end("B")].into_iter(), Some(&existing)).unwrap();
        assert_eq!((group.targets, group.existing), (vec![end("B")], 2));
        assert_eq!(missing(end("P"), [end("A")].into_iter(), Some(&existing)), None);
    }
}
