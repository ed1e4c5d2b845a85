//! Making links, grouped by the product at which they begin: one request for all that is missing there.

use std::collections::HashSet;

use futures_util::future::join_all;

use super::rounds::{Progress, Trouble, Verdict, judged, status};
use super::{LoadError, Loader, Phase};
use crate::api::{ApiError, Linked, Relationship};
use crate::report::{Line, Status};
use crate::run::memory::About;

/// Most products that one product may be linked to by one relationship (Plytix's documentation).
pub const MOST_LINKS: usize = 300;

/// A product at an end of a link.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct End {
    /// Its SKU.
    pub sku: String,
    /// Plytix's id.
    pub id: String,
}

/// The links that are missing at one product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Where they begin.
    pub source: End,
    /// Where they end.
    pub targets: Vec<End>,
    /// How many links there are already.
    pub existing: usize,
    /// Ids of those targets whose links, once made, are this target's own: see [`former`](super::former).
    pub own: HashSet<String>,
}

/// More links than Plytix can hold. They are not cut short: somebody has to decide.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{source_sku}: {existing} links and {missing} to make are more than the {MOST_LINKS} that Plytix holds for one product; split it in Plytix"
)]
pub struct TooManyLinks {
    source_sku: String,
    existing: usize,
    missing: usize,
}

impl Group {
    /// Refuses what Plytix cannot hold; what it answers then is not known.
    fn check(&self) -> Result<(), TooManyLinks> {
        let (existing, missing) = (self.existing, self.targets.len());
        if existing + missing > MOST_LINKS {
            Err(TooManyLinks { source_sku: self.source.sku.clone(), existing, missing })
        } else {
            Ok(())
        }
    }
}

/// Takes the next groups that may be written together: no product is in two of them.
pub fn next_round(groups: &mut Vec<Group>, most: usize) -> Vec<Group> {
    let mut taken: HashSet<String> = HashSet::new();
    let mut round = Vec::new();
    let mut rest = Vec::with_capacity(groups.len());
    for group in groups.drain(..) {
        let ids = || std::iter::once(&group.source).chain(&group.targets).map(|end| &end.id);
        if round.len() < most && ids().all(|id| !taken.contains(id)) {
            taken.extend(ids().cloned());
            round.push(group);
        } else {
            rest.push(group);
        }
    }
    *groups = rest;
    round
}

impl Loader {
    /// Makes the links of all groups. Gives back those that are there now.
    pub(super) async fn link(
        &self,
        phase: Phase,
        relationship: &Relationship,
        groups: Vec<Group>,
    ) -> Result<Vec<Group>, LoadError> {
        let (mut groups, too_large): (Vec<Group>, Vec<Group>) =
            groups.into_iter().partition(|group| group.check().is_ok());
        for group in too_large {
            if let Err(error) = group.check() {
                for end in &group.targets {
                    self.report.undone(&end.sku, phase, &error);
                }
            }
        }
        let mut made = Vec::with_capacity(groups.len());
        if groups.is_empty() {
            return Ok(made);
        }
        self.announce(phase, groups.len(), groups.iter().map(|it| it.targets.len()).sum());
        let mut trouble = Trouble::default();
        let mut progress = Progress::new("products linked", groups.len());
        while !groups.is_empty() {
            let round = next_round(&mut groups, self.manner.parallel);
            let calls = round.iter().map(|group| self.link_group(relationship, group));
            let results = join_all(calls).await;
            for (group, result) in round.iter().zip(results) {
                let targets = self.note(phase, relationship, group, result, &mut trouble)?;
                made.push(Group { targets, ..group.clone() });
            }
            trouble.check()?;
            progress.add(round.len());
        }
        trouble.result()?;
        Ok(made)
    }

    /// Makes the links of one product. A target that is gone fails the whole request; the others are
    /// linked without it. Tells also whether any of them is new.
    async fn link_group(
        &self,
        relationship: &Relationship,
        group: &Group,
    ) -> Result<(Vec<End>, bool), ApiError> {
        let mut targets = group.targets.clone();
        loop {
            let ids: Vec<&str> = targets.iter().map(|end| end.id.as_str()).collect();
            match self.api.link(&group.source.id, &relationship.id, &ids).await {
                Ok(Linked { new, there }) => {
                    if let Some(there) = there {
                        targets.retain(|end| there.contains(&end.id));
                    }
                    return Ok((targets, new));
                }
                Err(error) if status(&error) == Some(409) => {
                    let Some(gone) = unknown_target(&error) else { return Err(error) };
                    let before = targets.len();
                    targets.retain(|end| end.id != gone);
                    if targets.is_empty() || targets.len() == before {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Notes what became of one product's links. Gives back the ends of those that are there now.
    fn note(
        &self,
        phase: Phase,
        relationship: &Relationship,
        group: &Group,
        result: Result<(Vec<End>, bool), ApiError>,
        trouble: &mut Trouble,
    ) -> Result<Vec<End>, LoadError> {
        let sku = &group.source.sku;
        match result.map_err(judged) {
            Ok((linked, new)) => {
                trouble.ease();
                for end in &group.targets {
                    if linked.contains(end) {
                        self.remember_link(relationship, &group.source, end);
                        if new && group.own.contains(&end.id) {
                            self.remember_made(relationship, &group.source, end);
                        }
                    } else {
                        self.report.undone(&end.sku, phase, &NotLinked { source_sku: sku.clone() });
                    }
                }
                let count = u64::try_from(linked.len()).unwrap_or(0);
                self.report.count(|totals| match phase {
                    Phase::Hierarchy => totals.hierarchy += count,
                    _ => totals.listings += count,
                });
                let line = Line::new(sku, phase, Status::Updated).id(&group.source.id);
                self.report.done(&line.linked(linked.iter().map(|end| end.sku.as_str())));
                return Ok(linked);
            }
            Err(Verdict::Refused(error)) => {
                trouble.ease();
                for end in &group.targets {
                    self.report.undone(&end.sku, phase, &error);
                }
            }
            Err(Verdict::Later(error)) => trouble.note(sku, error),
            Err(Verdict::Never(source)) => {
                return Err(LoadError::Stopped { sku: sku.clone(), source });
            }
        }
        Ok(Vec::new())
    }

    /// Keeps in mind that a link is there.
    pub(super) fn remember_link(&self, relationship: &Relationship, source: &End, target: &End) {
        let (relationship, ids) =
            (relationship.label.as_str(), format!("{} {}", source.id, target.id));
        self.memory
            .keep(About::Link { relationship, source: &source.sku, target: &target.sku }, &ids);
    }

    /// Whether a link is known to be there, and need not be looked at. The id of the product at which it
    /// begins need not be known.
    pub(super) fn remembers_link(
        &self,
        relationship: &Relationship,
        (source, id): (&str, Option<&str>),
        target: &End,
    ) -> bool {
        if self.manner.again {
            return false;
        }
        let relationship = relationship.label.as_str();
        let ids = self.memory.recall(About::Link { relationship, source, target: &target.sku });
        ids.as_deref()
            .and_then(|ids| ids.split_once(' '))
            .is_some_and(|(from, to)| to == target.id && id.is_none_or(|id| id == from))
    }

    /// Says what a phase is going to do.
    pub(super) fn announce(&self, phase: Phase, requests: usize, things: usize) {
        let time = self.shortest_time(requests).as_secs();
        let what = if phase == Phase::Images { "products" } else { "links" };
        tracing::info!("{phase}: {requests} requests for {things} {what}, at least {time} s");
    }
}

/// A link that Plytix has left out without a word.
#[derive(Debug, thiserror::Error)]
#[error("link products: Plytix has not linked it to {source_sku}")]
struct NotLinked {
    source_sku: String,
}

/// The id of a product that does not exist, from the refusal of links to it.
fn unknown_target(error: &ApiError) -> Option<String> {
    let ApiError::Call(api_client::Error::Refused(refusal)) = error else { return None };
    let body: serde_json::Value = serde_json::from_slice(&refusal.body).ok()?;
    let errors = body.get("error")?.get("errors")?.as_array()?;
    errors.iter().find_map(|fault| fault.get("value")?.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn end(id: usize) -> End {
        End { sku: format!("S{id}"), id: id.to_string() }
    }

    fn group(source: usize, targets: &[usize]) -> Group {
        let targets = targets.iter().map(|id| end(*id)).collect();
        Group { source: end(source), targets, existing: 0, own: HashSet::new() }
    }

    #[test]
    fn more_links_than_plytix_holds_are_refused_and_not_cut_short() {
        let many: Vec<usize> = (1..=MOST_LINKS).collect();
        group(0, &many).check().unwrap();
        let error = Group { existing: 1, ..group(0, &many) }.check().unwrap_err();
        assert!(error.to_string().starts_with("S0: 1 links and 300 to make are more than the 300"));
    }

    proptest! {
        #[test]
        fn no_product_is_in_two_groups_of_a_round_and_every_group_has_its_turn(
            groups in prop::collection::vec((0_usize..20, prop::collection::vec(20_usize..40, 1..5)), 0..20),
            most in 1_usize..5,
        ) {
            let mut rest: Vec<Group> =
                groups.iter().map(|(source, targets)| group(*source, targets)).collect();
            let mut all = 0;
            while !rest.is_empty() {
                let round = next_round(&mut rest, most);
                prop_assert!(!round.is_empty() && round.len() <= most);
                for (index, one) in round.iter().enumerate() {
                    let ids = |group: &Group| -> HashSet<String> {
                        group.targets.iter().chain([&group.source]).map(|end| end.id.clone()).collect()
                    };
                    for other in &round[index + 1..] {
                        prop_assert!(ids(one).is_disjoint(&ids(other)));
                    }
                }
                all += round.len();
            }
            prop_assert_eq!(all, groups.len());
        }
    }
}
