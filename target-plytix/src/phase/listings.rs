//! The phase of the listings: the seller's own products are found and linked to the products here.
//!
//! There are two ways to find them, and each costs requests: reading all of them, a hundred at a time, or
//! asking for those that have one of the bar codes and model numbers. The first page of the one tells what
//! both cost, and the cheaper one is taken. A product that has the SKU of its own product already needs
//! neither. A product for which none was found is not asked for again for a while; of those, one request a
//! run looks whether the seller has made new products since.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::hierarchy::missing;
use super::links::End;
use super::matching::{Canonicals, Match};
use super::rounds::status;
use super::{LoadError, Loader, Phase, Task};
use crate::account::Account;
use crate::api::{ApiError, CandidatePage, PAGE, Relationship};
use crate::mapping::workflow::Listings;
use crate::product::Present;
use crate::report::MatchLine;
use crate::run::memory::About;
use crate::value;
use crate::wanted::Identifier;

/// Alternatives in one search. Plytix names no limit; one is taken that keeps requests small.
const ALTERNATIVES: usize = 50;

/// The seller's own product that the listings need and Plytix does not have.
#[derive(Debug, thiserror::Error)]
#[error("the seller's own product {sku}, which it names, is not in Plytix; correct its {label}")]
struct NoOwn {
    sku: String,
    label: String,
}

impl Loader {
    /// Finds out which of the seller's own products the products of a commit are; reads only.
    pub(super) async fn find_own(
        &self,
        account: &Account,
        tasks: &mut [Task],
    ) -> Result<(), LoadError> {
        let Some(listings) = self.listings() else { return Ok(()) };
        let (mut asking, mut hopeless) = (Vec::new(), Vec::new());
        for (place, task) in tasks.iter_mut().enumerate() {
            match self.already(task) {
                Some(sku) => task.matched = Match::One { sku, by: String::new() },
                None if task.wanted.around.identifiers.is_empty() => {}
                None if self.is_hopeless(task) => hopeless.push(place),
                None => asking.push(place),
            }
        }
        let asked = asking.iter().filter_map(|place| tasks.get(*place));
        let identifiers: Vec<Identifier> =
            asked.flat_map(|task| task.wanted.around.identifiers.clone()).collect();
        let mut canonicals = self.canonicals.lock().await;
        self.read_own(account, listings, &identifiers, &mut canonicals).await?;
        for place in asking {
            let Some(task) = tasks.get_mut(place) else { continue };
            task.matched = canonicals.find(&task.wanted.around.identifiers, listings);
            self.say_match(task);
        }
        let since = hopeless.iter().filter_map(|place| self.looked_for(tasks.get(*place)?)).min();
        if let Some(since) = since {
            self.read_new(account, listings, since, &mut canonicals).await?;
        }
        for place in hopeless {
            let Some(task) = tasks.get_mut(place) else { continue };
            task.matched = canonicals.find(&task.wanted.around.identifiers, listings);
            if task.matched != Match::None {
                self.say_match(task);
            }
        }
        Ok(())
    }

    /// The day on which nothing was found for a product.
    fn looked_for(&self, task: &Task) -> Option<NaiveDate> {
        self.memory.since(About::Unmatched(&task.wanted.sku))
    }

    /// Reads the own products that were made since products without one were looked for: hope for those
    /// that is worth a request. A day earlier, because days begin at different times.
    async fn read_new(
        &self,
        account: &Account,
        listings: &Listings,
        since: NaiveDate,
        canonicals: &mut Canonicals,
    ) -> Result<(), LoadError> {
        if canonicals.complete || canonicals.is_read_since(since) {
            return Ok(());
        }
        let first = since;
        let since = since.pred_opt().unwrap_or(since);
        let mut conditions = vec![json!({"field": "created", "operator": "gte", "value": since})];
        conditions.extend(listings.candidates.iter().map(|condition| json!(condition)));
        let filters = json!([conditions]);
        for number in 1.. {
            let columns = &account.candidate_columns;
            let page = match self.api.candidates(&filters, columns, number, false).await {
                Ok(page) => page,
                // In which form Plytix wants a day here is not known for certain. Without an answer
                // they are looked for again when the memory has grown old.
                Err(error) if status(&error).is_some() => {
                    tracing::info!("listings: {}", crate::report::chain(&error));
                    break;
                }
                Err(error) => return Err(LoadError::LookUp(error)),
            };
            for product in page.products {
                canonicals.add(product.settled(&account.definition), listings);
            }
            if page.last {
                break;
            }
        }
        canonicals.read_since(first);
        Ok(())
    }

    /// How the mapping finds the seller's own products, if this run does.
    fn listings(&self) -> Option<&Listings> {
        let listings = self.mapping.workflow().listings.as_ref();
        listings.filter(|_| self.does(Phase::Listings))
    }

    /// The SKU of the own product that Plytix has for a product.
    fn already(&self, task: &Task) -> Option<String> {
        let label = self.own_label()?;
        match task.present.as_ref()?.attributes.get(label)? {
            value::Value::Text(sku) => Some(sku.clone()),
            _ => None,
        }
    }

    /// Whether the same was looked for not long ago, and not found.
    fn is_hopeless(&self, task: &Task) -> bool {
        let identifiers = &task.wanted.around.identifiers;
        let looked = self.memory.recall(About::Unmatched(&task.wanted.sku));
        !self.manner.again && looked.as_deref() == Some(trace(identifiers).as_str())
    }

    /// Notes which own product was found.
    fn say_match(&self, task: &Task) {
        let sku = &task.wanted.sku;
        let (own, by) = match &task.matched {
            Match::None => {
                self.report.count(|totals| totals.unmatched += 1);
                self.memory.keep(About::Unmatched(sku), &trace(&task.wanted.around.identifiers));
                (Vec::new(), "")
            }
            Match::One { sku, by } => (vec![sku.clone()], by.as_str()),
            Match::Ambiguous { skus, by } => {
                self.report.count(|totals| totals.ambiguous += 1);
                tracing::warn!(
                    "{sku}: {} of the seller's own products have its {by}: {}; give it the right one in Plytix",
                    skus.len(),
                    skus.join(", ")
                );
                (skus.clone(), by.as_str())
            }
        };
        self.report.matched(&MatchLine { sku, own: &own, by });
    }

    /// Reads the own products that may have these identifiers, the cheaper way.
    async fn read_own(
        &self,
        account: &Account,
        listings: &Listings,
        identifiers: &[Identifier],
        canonicals: &mut Canonicals,
    ) -> Result<(), LoadError> {
        let columns = &account.candidate_columns;
        let questions = canonicals.questions(identifiers.iter(), listings, columns);
        if canonicals.complete || questions.is_empty() {
            return Ok(());
        }
        let targeted = questions.len().div_ceil(ALTERNATIVES);
        if targeted == 1 {
            return self.ask(listings, columns, &questions, canonicals).await;
        }
        let filters = json!([listings.candidates]);
        let (page, ordered) = self.first_page(&filters, columns).await?;
        if page.count.div_ceil(PAGE).saturating_sub(1) > targeted {
            for chunk in questions.chunks(ALTERNATIVES) {
                self.ask(listings, columns, chunk, canonicals).await?;
            }
            return Ok(());
        }
        self.read_all(account, listings, page, ordered, canonicals).await
    }

    /// Reads all own products, of which this is the first page.
    async fn read_all(
        &self,
        account: &Account,
        listings: &Listings,
        mut page: CandidatePage,
        ordered: bool,
        canonicals: &mut Canonicals,
    ) -> Result<(), LoadError> {
        let filters = json!([listings.candidates]);
        let mut number = 1;
        loop {
            for product in page.products {
                canonicals.add(product.settled(&account.definition), listings);
            }
            if page.last {
                canonicals.complete = true;
                return Ok(());
            }
            number += 1;
            page = self
                .api
                .candidates(&filters, &account.candidate_columns, number, ordered)
                .await
                .map_err(LoadError::LookUp)?;
        }
    }

    /// The first page of the own products, in an order if Plytix allows one.
    async fn first_page(
        &self,
        filters: &Value,
        columns: &[String],
    ) -> Result<(CandidatePage, bool), LoadError> {
        match self.api.candidates(filters, columns, 1, true).await {
            Ok(page) => Ok((page, true)),
            Err(error) if status(&error) == Some(428) => {
                let page = self.api.candidates(filters, columns, 1, false).await;
                Ok((page.map_err(LoadError::LookUp)?, false))
            }
            Err(error) => Err(LoadError::LookUp(error)),
        }
    }

    /// Asks for the own products that have one of these texts.
    async fn ask(
        &self,
        listings: &Listings,
        columns: &[String],
        questions: &[(String, String)],
        canonicals: &mut Canonicals,
    ) -> Result<(), LoadError> {
        let alternative = |(column, text): &(String, String)| {
            let mut conditions = vec![json!({"field": column, "operator": "eq", "value": text})];
            conditions.extend(listings.candidates.iter().map(|condition| json!(condition)));
            Value::Array(conditions)
        };
        let filters: Value = questions.iter().map(alternative).collect();
        for number in 1.. {
            let page = self.api.candidates(&filters, columns, number, false).await;
            let page = page.map_err(LoadError::LookUp)?;
            page.products.into_iter().for_each(|product| canonicals.add(product, listings));
            if page.last {
                break;
            }
        }
        canonicals.asked(questions);
        Ok(())
    }

    /// Links the seller's own products to the products of a commit.
    pub(super) async fn link_listings(
        &self,
        account: &Account,
        tasks: &[Task],
    ) -> Result<(), LoadError> {
        let Some(relationship) = &account.listings else { return Ok(()) };
        let groups = self.own_groups(account, relationship, tasks, true).await?;
        let made = self.link(Phase::Listings, relationship, groups).await?;
        let mut canonicals = self.canonicals.lock().await;
        for group in made {
            let ids = group.targets.into_iter().map(|end| end.id);
            canonicals.linked(&group.source.sku, &relationship.id, ids);
        }
        Ok(())
    }

    /// The links that are missing; reads only. Products that do not exist yet count with an empty id where
    /// `exist` is false.
    pub(super) async fn own_groups(
        &self,
        account: &Account,
        relationship: &Relationship,
        tasks: &[Task],
        exist: bool,
    ) -> Result<Vec<super::links::Group>, LoadError> {
        let mut wanted: BTreeMap<&str, Vec<End>> = BTreeMap::new();
        for task in tasks {
            let sku = &task.wanted.sku;
            let Some(own) = task.matched.sku() else { continue };
            let Some(id) = self.id_of(sku).or_else(|| (!exist).then(String::new)) else { continue };
            let end = End { sku: sku.clone(), id };
            if !self.remembers_link(relationship, (own, None), &end) {
                wanted.entry(own).or_default().push(end);
            }
        }
        let own: Vec<&str> = wanted.keys().copied().collect();
        let present = self.own_products(account, &own).await.map_err(LoadError::LookUp)?;
        let mut groups = Vec::new();
        for (own, ends) in wanted {
            let Some(present) = present.get(own) else {
                let label = self.own_label().unwrap_or_default().to_owned();
                for end in ends {
                    let error = NoOwn { sku: own.to_owned(), label: label.clone() };
                    self.report.undone(&end.sku, Phase::Listings, &error);
                }
                continue;
            };
            let existing = present.links.get(&relationship.id);
            let source = End { sku: own.to_owned(), id: present.id.clone() };
            for end in &ends {
                if existing.is_some_and(|existing| existing.contains(&end.id)) {
                    self.remember_link(relationship, &source, end);
                }
            }
            groups.extend(missing(source, ends.into_iter(), existing));
        }
        Ok(groups)
    }

    /// The own products with these SKUs and their links, read where they were not yet.
    async fn own_products(
        &self,
        account: &Account,
        skus: &[&str],
    ) -> Result<HashMap<String, Present>, ApiError> {
        let canonicals = self.canonicals.lock().await;
        let mut known: HashMap<String, Present> = skus
            .iter()
            .filter_map(|sku| Some(((*sku).to_owned(), canonicals.get(sku)?.clone())))
            .collect();
        let unknown: Vec<&str> =
            skus.iter().filter(|sku| !known.contains_key(**sku)).copied().collect();
        for page in unknown.chunks(PAGE) {
            known.extend(self.api.products(page, &account.candidate_columns).await?);
        }
        Ok(known)
    }
}

/// What stands for identifiers in the memory: the same for the same ones.
fn trace(identifiers: &[Identifier]) -> String {
    let mut texts: Vec<String> =
        identifiers.iter().map(|it| format!("{}:{}", it.rule, it.text)).collect();
    texts.sort_unstable();
    texts.join(" ")
}
