//! Links to former parents: what this target has linked it takes away again when Amazon moves the child.
//!
//! A link is this target's own if it was looked for and not there, the child's own record named the parent, and
//! the request that made it has said that something is new. That is noted in the memory and does not grow old.
//! Everything else is somebody else's and stays: what people have linked, what only a parent's record named,
//! what was made before a memory was lost or a run was killed between a link and its note.
//!
//! ```text
//!  linked and noted ─▶ the child's record names ─▶ linked to ─▶ former link ─▶ note
//!                      another parent, or none     the new one   taken away     forgotten
//!                                                             ✗ killed: still noted, and done by the next run
//! ```
//!
//! A record that does not speak of parents takes nothing away, and neither does one whose former parent still
//! names it in the same commit.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::future::join_all;

use super::hierarchy::{edges, named};
use super::links::{End, Group, next_round};
use super::rounds::{Trouble, Verdict, judged, status};
use super::{LoadError, Loader, Phase, Task, held};
use crate::api::{ApiError, Relationship};
use crate::product::Present;
use crate::report::{Line, Status};
use crate::run::memory::About;

/// The links to one product that this target has made itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// Plytix's id of the product. One that was made again has none of these links.
    pub child: String,
    /// Where the links begin.
    pub parents: Vec<End>,
}

impl Made {
    /// Reads what [`Made::text`] has written.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut lines = text.lines();
        let child = lines.next().unwrap_or_default().to_owned();
        let end = |line: &str| {
            let (id, sku) = line.split_once(' ')?;
            Some(End { sku: sku.to_owned(), id: id.to_owned() })
        };
        Self { child, parents: lines.filter_map(end).collect() }
    }

    /// The id of the product, and a line with id and SKU for each parent.
    #[must_use]
    pub fn text(&self) -> String {
        let parents = self.parents.iter().map(|End { sku, id }| format!("\n{id} {sku}"));
        std::iter::once(self.child.clone()).chain(parents).collect()
    }
}

impl Loader {
    /// Tells of the links that are going to be made which of them will be this target's own.
    pub(super) fn mark_own(&self, tasks: &[Task], orphans: &Orphans, groups: &mut [Group]) {
        let named = named(tasks);
        let is_named = |source: &End, child: &End| {
            named.contains(&(source.sku.as_str(), child.sku.as_str()))
                || orphans.contains(&(source.sku.clone(), child.sku.clone()))
        };
        let read = present(tasks);
        for group in groups {
            let Group { source, targets, own, .. } = group;
            // Whoever is neither in this commit nor new was asked for, if this run does not know it.
            let is_read = read.contains_key(source.sku.as_str())
                || held(&self.created).contains(&source.id)
                || self.id_of(&source.sku).is_none();
            let these = targets.iter().filter(|child| is_read && is_named(source, child));
            own.extend(these.map(|child| child.id.clone()));
        }
    }

    /// Notes that this target has made a link.
    pub(super) fn remember_made(&self, relationship: &Relationship, source: &End, target: &End) {
        let mut made = self.made(relationship, &target.sku);
        if made.child != target.id {
            made = Made { child: target.id.clone(), parents: Vec::new() };
        }
        if !made.parents.contains(source) {
            made.parents.push(source.clone());
        }
        self.memory.keep(about(relationship, &target.sku), &made.text());
    }

    /// Takes the links to former parents away.
    pub(super) async fn part(
        &self,
        relationship: &Relationship,
        tasks: &[Task],
    ) -> Result<(), LoadError> {
        let mut groups = self.partings(relationship, tasks);
        if groups.is_empty() {
            return Ok(());
        }
        self.announce(
            Phase::Hierarchy,
            groups.len(),
            groups.iter().map(|it| it.targets.len()).sum(),
        );
        let mut trouble = Trouble::default();
        while !groups.is_empty() {
            // The first of an account goes alone, and is looked at.
            let is_first = self.memory.recall(About::LinksRemoved).is_none();
            let most = if is_first { 1 } else { self.manner.parallel };
            let round = next_round(&mut groups, most);
            if let ([group], true) = (round.as_slice(), is_first) {
                let parted = self.part_and_look(relationship, group).await;
                self.note_parted(relationship, group, parted, &mut trouble)?;
            } else {
                let calls = round.iter().map(|group| self.take_away(relationship, group));
                for (group, parted) in round.iter().zip(join_all(calls).await) {
                    self.note_parted(relationship, group, parted.map(|()| true), &mut trouble)?;
                }
            }
            trouble.check()?;
        }
        trouble.result()
    }

    /// The links that are to be taken away, by the parent at which they begin; reads nothing but the memory.
    /// Forgets those that somebody else has taken away.
    pub(super) fn partings(&self, relationship: &Relationship, tasks: &[Task]) -> Vec<Group> {
        let edges = edges(tasks.iter(), |_| true);
        let read = present(tasks);
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for task in tasks.iter().filter(|task| task.wanted.around.tells_parents) {
            let sku = &task.wanted.sku;
            let Some(child) = self.id_of(sku).map(|id| End { sku: sku.clone(), id }) else {
                continue;
            };
            let made = self.made(relationship, sku);
            if made.child != child.id {
                continue;
            }
            let is_former =
                |parent: &&End| !edges.get(&parent.sku).is_some_and(|skus| skus.contains(sku));
            for parent in made.parents.iter().filter(is_former) {
                let links = read.get(parent.sku.as_str()).filter(|it| it.id == parent.id);
                let links = links.map(|present| present.links.get(&relationship.id));
                if links.is_some_and(|links| links.is_none_or(|links| !links.contains(&child.id))) {
                    self.forget_made(relationship, parent, &child);
                    continue;
                }
                let group = groups.entry(parent.id.clone()).or_insert_with(|| Group {
                    source: parent.clone(),
                    targets: Vec::new(),
                    existing: 0,
                    own: HashSet::new(),
                });
                group.targets.push(child.clone());
            }
        }
        groups.into_values().collect()
    }

    /// Takes links of one product away.
    async fn take_away(&self, relationship: &Relationship, group: &Group) -> Result<(), ApiError> {
        let ids: Vec<&str> = group.targets.iter().map(|end| end.id.as_str()).collect();
        gone(self.api.unlink(&group.source.id, &relationship.id, &ids).await)
    }

    /// Takes links of one product away and looks whether it is those and no others: so Plytix's collection has
    /// it, and nobody has recorded it. False if it is not so.
    async fn part_and_look(
        &self,
        relationship: &Relationship,
        group: &Group,
    ) -> Result<bool, ApiError> {
        let links = async || match self.api.links(&group.source.id, &relationship.id).await {
            Err(error) if status(&error) == Some(404) => Ok(Vec::new()),
            links => links,
        };
        let before = links().await?;
        self.take_away(relationship, group).await?;
        let after = links().await?;
        Ok(is_as_asked(&before, &after, &group.targets))
    }

    /// Notes what became of links that were to be taken away from one product.
    fn note_parted(
        &self,
        relationship: &Relationship,
        group: &Group,
        result: Result<bool, ApiError>,
        trouble: &mut Trouble,
    ) -> Result<(), LoadError> {
        let Group { source: End { sku, id }, targets, .. } = group;
        match result.map_err(judged) {
            Ok(false) => return Err(LoadError::Links { sku: sku.clone(), parted: targets.len() }),
            Ok(true) => {
                trouble.ease();
                self.memory.keep(About::LinksRemoved, "");
                for child in targets {
                    self.forget_made(relationship, &group.source, child);
                }
                let count = u64::try_from(targets.len()).unwrap_or(0);
                self.report.count(|totals| totals.parted += count);
                let line = Line::new(sku, Phase::Hierarchy, Status::Updated).id(id);
                self.report.done(&line.parted(targets.iter().map(|end| end.sku.as_str())));
            }
            Err(Verdict::Refused(error)) => {
                trouble.ease();
                for child in targets {
                    self.report.undone(&child.sku, Phase::Hierarchy, &error);
                }
            }
            Err(Verdict::Later(error)) => trouble.note(sku, error),
            Err(Verdict::Never(source)) => {
                return Err(LoadError::Stopped { sku: sku.clone(), source });
            }
        }
        Ok(())
    }

    /// The links to a product that this target has made.
    fn made(&self, relationship: &Relationship, sku: &str) -> Made {
        let text = self.memory.recall(about(relationship, sku));
        text.map(|text| Made::read(&text)).unwrap_or_default()
    }

    /// Forgets a link that is no longer there.
    fn forget_made(&self, relationship: &Relationship, parent: &End, child: &End) {
        let mut made = self.made(relationship, &child.sku);
        made.parents.retain(|it| it != parent);
        if made.parents.is_empty() {
            self.memory.forget(about(relationship, &child.sku));
        } else {
            self.memory.keep(about(relationship, &child.sku), &made.text());
        }
        let (relationship, source) = (relationship.label.as_str(), parent.sku.as_str());
        self.memory.forget(About::Link { relationship, source, target: &child.sku });
    }
}

/// Pairs of a parent and a child whose record names it.
pub(super) type Orphans = HashSet<(String, String)>;

/// What is known about the links to a product.
fn about<'a>(relationship: &'a Relationship, target: &'a str) -> About<'a> {
    About::Made { relationship: &relationship.label, target }
}

/// The products of a commit that were there before it, by SKU.
fn present(tasks: &[Task]) -> HashMap<&str, &Present> {
    tasks
        .iter()
        .filter_map(|task| Some((task.wanted.sku.as_str(), task.present.as_ref()?)))
        .collect()
}

/// Whether of the links that were there those to these products are gone, and no others.
fn is_as_asked(before: &[String], after: &[String], asked: &[End]) -> bool {
    let is_asked = |id: &String| asked.iter().any(|end| end.id == *id);
    before.iter().all(|id| after.contains(id) != is_asked(id))
}

/// The same, where a product that is not there any more has no links either.
fn gone(result: Result<(), ApiError>) -> Result<(), ApiError> {
    result.or_else(|error| if status(&error) == Some(404) { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_read_as_it_was_written() {
        let end = |sku: &str, id: &str| End { sku: sku.to_owned(), id: id.to_owned() };
        let parents = vec![end("AMZN-US-P", "1"), end("two words", "2")];
        let made = Made { child: "c".to_owned(), parents };
        assert_eq!(Made::read(&made.text()), made);
        assert_eq!(Made::read(""), Made::default());
    }

    #[test]
    fn a_removal_that_takes_more_than_it_is_told_or_less_is_seen() {
        let ids = |ids: &str| ids.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let asked = [End { sku: "A".to_owned(), id: "a".to_owned() }];
        let look = |before, after| is_as_asked(&ids(before), &ids(after), &asked);
        assert!(look("a b c", "b c") && look("b", "b") && look("", ""));
        // What somebody has linked meanwhile is nothing to be afraid of.
        assert!(look("a b", "b d"));
        assert!(!look("a b c", "") && !look("a b c", "b") && !look("a b c", "a b c"));
    }
}
