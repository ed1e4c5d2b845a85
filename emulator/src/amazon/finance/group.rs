//! The groups in which money is paid: one for each marketplace and fortnight.

use super::event::{currency, text, total};
use super::ledger;
use super::ledger::{Entry, Ledger, PERIOD_DAYS};
use super::range::Range;
use crate::amazon::Answer;
use crate::amazon::call::Input;
use crate::amazon::error::Refusal;
use crate::amazon::marketplace::Marketplace;
use crate::amazon::page::{Cursor, Paging};
use crate::amazon::query::Query;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Groups of a page unless the caller says otherwise, and at most.
const PAGE: (usize, usize) = (10, 100);

/// How long after its end a group's money is transferred.
const TRANSFER: TimeDelta = TimeDelta::days(1);

const PAGING: Paging = Paging {
    operation: "listFinancialEventGroups",
    token: "NextToken",
    free: Some("MaxResultsPerPage"),
    life: Some(TimeDelta::minutes(3)),
    refusal: || Refusal::stale("Token is not valid, token duration is 3 minutes."),
};

/// The money of a marketplace and fortnight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    marketplace: &'static Marketplace,
    start: DateTime<Utc>,
}

impl Group {
    /// The groups of the last two years, newest first.
    pub(super) fn all(ledger: Ledger) -> impl Iterator<Item = Self> {
        let days = i64::try_from(PERIOD_DAYS).unwrap_or(14);
        let period = days * 86_400;
        let newest = ledger.now().timestamp().div_euclid(period);
        (0..2 * 365 / days)
            .filter_map(move |age| DateTime::from_timestamp((newest - age) * period, 0))
            .take_while(move |start| ledger.has_begun(*start + TimeDelta::days(days)))
            .flat_map(move |start| {
                ledger.marketplaces().map(move |marketplace| Self { marketplace, start })
            })
    }

    /// Amazon's number of it.
    pub(super) fn id(self, ledger: Ledger) -> String {
        ledger.group_id(self.marketplace, self.start)
    }

    /// The time that it covers.
    pub(super) fn range(self) -> Range {
        let days = i64::try_from(PERIOD_DAYS).unwrap_or(14);
        Range { start: self.start, end: self.start + TimeDelta::days(days) }
    }

    /// Whether it holds the money of `entry`, which was posted in its time.
    pub(super) fn has(self, ledger: Ledger, entry: &Entry) -> bool {
        ledger.is_payable(entry) && ledger.marketplace(entry) == Some(self.marketplace)
    }

    /// What Finances v0 says of it; `sum` is its money in the currency's smallest unit.
    fn json(self, ledger: Ledger, sum: i64) -> Value {
        let end = self.range().end;
        let mut json = json!({
            "FinancialEventGroupId": self.id(ledger),
            "ProcessingStatus": "Open",
            "OriginalTotal": currency(self.marketplace, sum),
            "BeginningBalance": currency(self.marketplace, 0),
            "FinancialEventGroupStart": text(self.start),
        });
        if let (true, Some(fields)) = (end < ledger.now(), json.as_object_mut()) {
            let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
            put("ProcessingStatus", "Closed".into());
            put("FinancialEventGroupEnd", text(end).into());
            if end + TRANSFER < ledger.now() {
                let trace = self.id(ledger).chars().take(15).collect::<String>();
                put("FundTransferStatus", "Succeeded".into());
                put("FundTransferDate", text(end + TRANSFER).into());
                put("TraceId", trace.into());
                put("AccountTail", "123".into());
            } else {
                put("FundTransferStatus", "Processing".into());
            }
        }
        json
    }
}

/// The money that was posted from `start` on for a fortnight, by marketplace.
fn sums(ledger: Ledger, range: Range) -> HashMap<&'static str, i64> {
    let mut sums = HashMap::new();
    let hours = (range.end - range.start).num_hours();
    for hour in (0..hours).map(|hour| range.start + TimeDelta::hours(hour)) {
        let entries = ledger.hour(hour).into_iter().filter(|entry| ledger.is_payable(entry));
        for (marketplace, minor) in entries.filter_map(|entry| total(ledger, entry)) {
            *sums.entry(marketplace.id).or_default() += minor;
        }
    }
    sums
}

/// listFinancialEventGroups: newest first.
pub(crate) fn list(input: &Input<'_>) -> Result<Answer, Refusal> {
    let (after, before) = ("FinancialEventGroupStartedAfter", "FinancialEventGroupStartedBefore");
    let query = Query::parse(input.uri(), &["MaxResultsPerPage", after, before, "NextToken"])?;
    let ledger = ledger(input.amazon, input.region);
    let most = query.number("MaxResultsPerPage", 1, PAGE.1)?.unwrap_or(PAGE.0);
    let cursor = PAGING.cursor(input.amazon, input.region, &query)?;
    let Some(mut range) = Range::of(&query, (after, before), ledger.now())? else {
        // The words of Amazon's sandbox.
        return Err(Refusal::stale("Date range is invalid."));
    };
    range.end = cursor.map_or(range.end, |it| it.until);
    let shown = cursor.map_or(0, |it| it.place);
    let skipped = usize::try_from(shown).unwrap_or(usize::MAX);
    let mut wanted = Group::all(ledger)
        .filter(|group| (range.start..range.end).contains(&group.start) && !range.is_too_long())
        .skip(skipped);
    let mut known: HashMap<DateTime<Utc>, HashMap<&str, i64>> = HashMap::new();
    let page: Vec<Value> = wanted
        .by_ref()
        .take(most)
        .map(|group| {
            let sums = known.entry(group.start).or_insert_with(|| sums(ledger, group.range()));
            group.json(ledger, sums.get(group.marketplace.id).copied().unwrap_or(0))
        })
        .collect();
    let detail = query.detail(PAGING.token, page.len());
    let place = shown + u64::try_from(page.len()).unwrap_or(0);
    let mut payload = json!({"FinancialEventGroupList": page});
    if let (Some(_), Some(fields)) = (wanted.next(), payload.as_object_mut()) {
        let number = cursor.map_or(1, |it| it.page) + 1;
        let next = Cursor { place, within: 0, page: number, until: range.end };
        let token = PAGING.next(input.amazon, input.region, &query, next);
        fields.insert("NextToken".to_owned(), token);
    }
    Ok(Answer { detail: Some(detail), ..Answer::ok(json!({"payload": payload})) })
}
