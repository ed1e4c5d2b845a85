//! The tokens of next pages.
//!
//! A token is opaque, holds letters that a query must encode, belongs to one host, one operation
//! and one query, and some live for minutes only. Its life goes by real time, as everything does
//! that Amazon puts an end to by the clock.

use super::error::Refusal;
use super::marketplace::Region;
use super::query::Query;
use super::{Amazon, held};
use crate::random::Random;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::collections::HashMap;

/// Where a page begins. What the numbers count is the operation's own affair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The first thing that earlier pages have not shown, or the first heap of such things.
    pub(crate) place: u64,
    /// How many things of that heap earlier pages have shown.
    pub(crate) within: u64,
    /// Number of the page, counted from 1.
    pub(crate) page: u64,
    /// The end of the range, which the first page has fixed.
    pub(crate) until: DateTime<Utc>,
}

/// What is kept under a token.
#[derive(Debug, Clone)]
pub(super) struct Continuation {
    cursor: Cursor,
    operation: &'static str,
    /// The query without its token and page size.
    key: String,
    made_at: DateTime<Utc>,
}

/// All tokens that were given out.
pub(super) type Pages = HashMap<(Region, String), Continuation>;

/// How an operation gives out pages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paging {
    /// Amazon's name of the operation.
    pub(crate) operation: &'static str,
    /// The parameter of the token.
    pub(crate) token: &'static str,
    /// A parameter that may change from page to page, if there is one.
    pub(crate) free: Option<&'static str>,
    /// How long a token lives; for good if that is not known.
    pub(crate) life: Option<TimeDelta>,
    /// The words about a token that is unknown or too old.
    pub(crate) refusal: fn() -> Refusal,
}

impl Paging {
    /// What two pages of one list must have in common.
    fn key(&self, query: &Query) -> String {
        query.without_any(&[self.token, self.free.unwrap_or_default()])
    }

    /// Where the page of `query` begins: none if it is the first one.
    pub(crate) fn cursor(
        &self,
        amazon: &Amazon,
        region: Region,
        query: &Query,
    ) -> Result<Option<Cursor>, Refusal> {
        self.found(amazon, region, query, false)
    }

    /// Where the page of `query` begins; whether the query may be another is `is_free`.
    fn found(
        &self,
        amazon: &Amazon,
        region: Region,
        query: &Query,
        is_free: bool,
    ) -> Result<Option<Cursor>, Refusal> {
        let Some(token) = query.text(self.token) else { return Ok(None) };
        let pages = held(&amazon.shared.pages);
        let kept = pages.get(&(region, token.to_owned()));
        let kept = kept.filter(|it| it.operation == self.operation).ok_or_else(self.refusal)?;
        let age = amazon.clock().now() - kept.made_at;
        if self.life.is_some_and(|life| age > life) {
            return Err((self.refusal)());
        }
        if !is_free && kept.key != self.key(query) {
            let message = format!("{} does not belong to the other parameters.", self.token);
            return Err(Refusal::invalid(message));
        }
        Ok(Some(kept.cursor))
    }

    /// The same, for an operation whose token may come without the query that it belongs to.
    pub(crate) fn cursor_alone_or_not(
        &self,
        amazon: &Amazon,
        region: Region,
        query: &Query,
    ) -> Result<Option<Cursor>, Refusal> {
        let is_alone = self.key(query).is_empty();
        self.found(amazon, region, query, is_alone)
    }

    /// The query of the first page, if that of this page is a token alone.
    pub(crate) fn whole(&self, amazon: &Amazon, region: Region, query: Query) -> Query {
        let Some(token) = query.text(self.token) else { return query };
        let pages = held(&amazon.shared.pages);
        let kept = pages.get(&(region, token.to_owned())).filter(|_| self.key(&query).is_empty());
        match kept {
            Some(kept) => query.with(&kept.key),
            None => query,
        }
    }

    /// Keeps where the page after one of `query` begins; its token.
    pub(crate) fn next(
        &self,
        amazon: &Amazon,
        region: Region,
        query: &Query,
        cursor: Cursor,
    ) -> Value {
        let mut pages = held(&amazon.shared.pages);
        let number = u64::try_from(pages.len()).unwrap_or(u64::MAX);
        let token = Random::new(amazon.world().seed, "page token", number).opaque();
        // A token that came alone stands for the query of the first page.
        let before = query.text(self.token).and_then(|it| pages.get(&(region, it.to_owned())));
        let key = before.map_or_else(|| self.key(query), |it| it.key.clone());
        let continuation =
            Continuation { cursor, operation: self.operation, key, made_at: amazon.clock().now() };
        pages.insert((region, token.clone()), continuation);
        token.into()
    }
}
