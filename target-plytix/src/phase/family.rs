//! The families of new products.
//!
//! A family is assigned by a request of its own after the create, and neither a create nor a search
//! shows it. A run that dies between the two leaves a product without a family which looks like any
//! other. Marking products would cost every one of them a request; instead, the order of writing says
//! which they can be. Products are written in rounds of `parallel_writes`, a round begins when the one
//! before it is finished, and nothing is written any more once a family could not be assigned or nobody
//! knows whether a product was created. So such products are among the last `parallel_writes` that were created:
//!
//! ```text
//!  created ──────▶ time        ✓ has its family
//!  ✓✓✓ ✓✓✓ ✓✓✓ ✓·✓ ✗            · created and not assigned: the run died here
//!              └─┴ the frontier: the newest of the products that are there
//! ```
//!
//! Before a commit writes, it reads the families of those few among the products that it found, newest
//! first, and assigns what is missing: `parallel_writes` requests a commit, however many products there
//! are; after a run that ended well the memory spares even those. This relies on the records of the interrupted run coming again, which they do, because their
//! state was not printed.

use std::sync::PoisonError;

use chrono::{DateTime, Utc};

use super::rounds::is_refusal;
use super::{LoadError, Loader, Phase};
use crate::account::Account;
use crate::api::ApiError;
use crate::product::Present;
use crate::run::memory::About;

impl Loader {
    /// Keeps a product if it is one of the newest and its family is not known.
    pub(super) fn keep_newest(&self, frontier: &mut Vec<Present>, present: &Present) {
        let checked = *self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_settled = present.created.is_none() || present.created <= checked;
        if is_settled || !self.does(Phase::Family) {
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
        frontier: &[Present],
    ) -> Result<(), LoadError> {
        for present in frontier {
            let stopped = |source| LoadError::Stopped { sku: present.sku.clone(), source };
            match self.complete_family(account, &present.id).await {
                Ok(()) => {}
                Err(error) if is_refusal(&error) => {
                    self.report.undone(&present.sku, Phase::Family, &error);
                }
                Err(error) => return Err(stopped(error)),
            }
        }
        self.check_until(frontier.first().and_then(|newest| newest.created));
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

    /// Keeps in mind until when families are settled; the next run begins there.
    pub(super) fn remember_families(&self) {
        let checked = *self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(checked) = checked.filter(|_| self.does(Phase::Family)) {
            self.memory.keep(About::Families, &checked.to_rfc3339());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::phase::tests::{loader, present};
    use crate::product::Present;

    fn seconds(frontier: &[Present]) -> Vec<i64> {
        frontier.iter().filter_map(|product| Some(product.created?.timestamp())).collect()
    }

    #[test]
    fn the_frontier_is_the_newest_products_whatever_their_order() {
        let loader = loader("changed", Arc::default());
        let mut frontier = Vec::new();
        for second in [5, 1, 9, 3, 7, 8] {
            loader.keep_newest(&mut frontier, &present(second));
        }
        assert_eq!(seconds(&frontier), [9, 8, 7]);
    }

    #[test]
    fn products_that_were_checked_or_created_in_this_run_are_not_checked_again() {
        let loader = loader("changed", Arc::default());
        loader.check_until(present(8).created);
        loader.check_until(present(2).created);
        loader.check_until(None);
        let mut frontier = Vec::new();
        for second in [5, 9, 8] {
            loader.keep_newest(&mut frontier, &present(second));
        }
        loader.keep_newest(&mut frontier, &Present { created: None, ..present(0) });
        assert_eq!(seconds(&frontier), [9]);
    }
}
