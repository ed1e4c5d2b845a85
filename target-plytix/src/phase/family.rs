//! The families of new products.
//!
//! A family is assigned by a request of its own after the create, and neither a create nor a search
//! shows it. A run that dies between the two leaves a product without a family which looks like any
//! other. So the memory notes every product before it is created, until it has its family:
//!
//! ```text
//!  noted ──▶ create ──▶ family ──▶ forgotten
//!                  ✗ the run died here: still noted, and whichever run finds the product looks
//! ```
//!
//! A memory that is new, or was lost, has no notes of what was before it. Then the order of writing says
//! which products they can be. Products are written in rounds of `parallel_writes`, a round begins when the
//! one before it is finished, and nothing is written any more once a family could not be assigned or nobody
//! knows whether a product was created. So such products are among the last `parallel_writes` that were created:
//!
//! ```text
//!  created ──────▶ time        ✓ has its family
//!  ✓✓✓ ✓✓✓ ✓✓✓ ✓·✓ ✗            · created and not assigned: the run died here
//!              └─┴ the frontier: the newest of the products that are there
//! ```
//!
//! Before a commit writes, it reads the families of those among the products that it found and assigns what
//! is missing. This relies on the records of the interrupted run coming again, which they do, because their
//! state was not printed.

use std::sync::PoisonError;

use chrono::{DateTime, Utc};

use super::rounds::is_refusal;
use super::{LoadError, Loader, Phase};
use crate::account::Account;
use crate::api::ApiError;
use crate::product::Present;
use crate::run::memory::About;

/// Products that were found, and whose families are not certain.
#[derive(Debug, Default)]
pub(super) struct Doubtful {
    /// Those of which it was noted that they are being created.
    noted: Vec<Present>,
    /// The newest ones, the newest first, where there are no notes.
    frontier: Vec<Present>,
}

impl Doubtful {
    /// How many they are.
    pub(super) fn len(&self) -> usize {
        self.noted.len() + self.frontier.len()
    }
}

impl Loader {
    /// Notes a product that is about to be created.
    pub(super) fn note_creation(&self, account: &Account, sku: &str) {
        if account.family.is_some() {
            self.memory.keep(About::Creating(sku), "");
        }
    }

    /// Notes that a product has its family, or is not there.
    pub(super) fn note_settled(&self, sku: &str) {
        self.memory.forget(About::Creating(sku));
    }

    /// Keeps a product if its family is not certain: it is noted, or it is one of the newest and there were no
    /// notes when it was created.
    pub(super) fn keep_doubtful(&self, doubtful: &mut Doubtful, present: &Present) {
        if !self.does(Phase::Family) {
            return;
        }
        if self.memory.recall(About::Creating(&present.sku)).is_some() {
            doubtful.noted.push(present.clone());
        } else if !self.has_notes {
            self.keep_newest(&mut doubtful.frontier, present);
        }
    }

    /// Keeps a product if it is one of the newest.
    fn keep_newest(&self, frontier: &mut Vec<Present>, present: &Present) {
        let checked = *self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if present.created.is_none() || present.created <= checked {
            return;
        }
        let place = frontier.partition_point(|known| known.created >= present.created);
        let most = if self.manner.again { usize::MAX } else { self.manner.parallel };
        if place < most {
            frontier.insert(place, present.clone());
            frontier.truncate(most);
        }
    }

    /// Assigns the families that an interrupted run has left out.
    pub(super) async fn complete_families(
        &self,
        account: &Account,
        doubtful: &Doubtful,
    ) -> Result<(), LoadError> {
        for present in doubtful.noted.iter().chain(&doubtful.frontier) {
            let stopped = |source| LoadError::Stopped { sku: present.sku.clone(), source };
            match self.complete_family(account, &present.id).await {
                Ok(()) => self.note_settled(&present.sku),
                Err(error) if is_refusal(&error) => {
                    self.report.undone(&present.sku, Phase::Family, &error);
                }
                Err(error) => return Err(stopped(error)),
            }
        }
        self.check_until(doubtful.frontier.first().and_then(|newest| newest.created));
        Ok(())
    }

    /// Assigns the family of a product that may be without one.
    pub(super) async fn complete_family(
        &self,
        account: &Account,
        id: &str,
    ) -> Result<(), ApiError> {
        match &account.family {
            Some(family) if !self.api.has_family(id).await? => {
                self.api.assign_family(id, family).await
            }
            _ => Ok(()),
        }
    }

    /// Notes that the families of all products that were created until then are settled.
    pub(super) fn check_until(&self, created: Option<DateTime<Utc>>) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        *checked = (*checked).max(created);
    }

    /// Keeps in mind that there are notes of everything that was created and has no family yet. With the day,
    /// so that this never grows old before they do.
    pub(super) fn remember_families(&self) {
        if self.does(Phase::Family) {
            self.memory.keep(About::Families, &self.manner.today.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::phase::tests::{loader, present, remembering, today};
    use crate::run::memory::Memory;

    fn seconds(frontier: &[Present]) -> Vec<i64> {
        frontier.iter().filter_map(|product| Some(product.created?.timestamp())).collect()
    }

    #[test]
    fn the_frontier_is_the_newest_products_whatever_their_order() {
        let loader = loader("changed", Arc::default());
        let mut doubtful = Doubtful::default();
        for second in [5, 1, 9, 3, 7, 8] {
            loader.keep_doubtful(&mut doubtful, &present(second));
        }
        assert_eq!((seconds(&doubtful.frontier), doubtful.len()), (vec![9, 8, 7], 3));
    }

    #[test]
    fn with_notes_only_those_that_are_noted_are_doubtful_however_old() {
        let memory = Memory::forgetful(today());
        memory.keep(About::Families, "2026-01-01");
        memory.keep(About::Creating(&present(1).sku), "");
        let loader = remembering("changed", Arc::default(), memory);
        let doubtful_of = |seconds: [i64; 3]| {
            let mut doubtful = Doubtful::default();
            for second in seconds {
                loader.keep_doubtful(&mut doubtful, &present(second));
            }
            doubtful
        };
        let doubtful = doubtful_of([5, 1, 9]);
        assert_eq!((seconds(&doubtful.noted), doubtful.len()), (vec![1], 1));
        loader.note_settled(&present(1).sku);
        assert_eq!(doubtful_of([5, 1, 9]).len(), 0);
    }

    #[test]
    fn products_that_were_checked_or_created_in_this_run_are_not_checked_again() {
        let loader = loader("changed", Arc::default());
        loader.check_until(present(8).created);
        loader.check_until(present(2).created);
        loader.check_until(None);
        let mut doubtful = Doubtful::default();
        for second in [5, 9, 8] {
            loader.keep_doubtful(&mut doubtful, &present(second));
        }
        loader.keep_doubtful(&mut doubtful, &Present { created: None, ..present(0) });
        assert_eq!(seconds(&doubtful.frontier), [9]);
    }
}
