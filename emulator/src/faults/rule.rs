//! Which calls a fault is for, and on which of them it is played.

use super::Asked;
use super::effect::Effect;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::HashMap;
use std::time::Duration;

/// A fault of the script.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) matcher: Matcher,
    pub(super) when: When,
    /// Whether calls are counted for each subject apart.
    pub(super) is_per_subject: bool,
    pub(super) effect: Effect,
    /// How many calls have matched, by subject if those are apart.
    pub(super) matched: HashMap<String, u64>,
}

impl Rule {
    /// Counts a call if it is one of the fault's; true if the fault is played on it.
    pub(super) fn strikes(&mut self, asked: &Asked, elapsed: Duration) -> bool {
        if !self.matcher.matches(asked) {
            return false;
        }
        let key = if self.is_per_subject { asked.subject.clone() } else { String::new() };
        let matched = self.matched.entry(key).or_default();
        *matched += 1;
        self.when.holds(*matched, elapsed)
    }
}

/// What a call must be. A part that is not given fits every call, but `token` and `download` only
/// fit if they are named.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    pub(super) operation: Option<String>,
    pub(super) region: Option<&'static str>,
    pub(super) report_type: Option<String>,
    pub(super) marketplace_id: Option<String>,
    pub(super) start: Option<Time>,
    pub(super) end: Option<Time>,
}

/// A day of UTC, or a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    Day(NaiveDate),
    Moment(DateTime<Utc>),
}

impl Time {
    fn is(self, moment: Option<DateTime<Utc>>) -> bool {
        moment.is_some_and(|it| match self {
            Self::Day(day) => it.date_naive() == day,
            Self::Moment(moment) => it == moment,
        })
    }
}

impl Matcher {
    pub(super) fn matches(&self, asked: &Asked) -> bool {
        let has = |list: &[String], wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|it| list.contains(it))
        };
        let is_operation = match &self.operation {
            Some(name) => name == asked.operation,
            None => !matches!(asked.operation, "token" | "download"),
        };
        is_operation
            && self.region.is_none_or(|it| asked.region == Some(it))
            && has(&asked.report_types, &self.report_type)
            && has(&asked.marketplace_ids, &self.marketplace_id)
            && self.start.is_none_or(|it| it.is(asked.start))
            && self.end.is_none_or(|it| it.is(asked.end))
    }
}

/// On which of the calls that match.
#[derive(Debug, PartialEq)]
pub(super) enum When {
    Always,
    /// The calls with these numbers, counted from 1.
    Calls(Vec<u64>),
    /// The call with this number and those after it, so many in all, or without end.
    From(u64, Option<u64>),
    /// Every so many calls.
    Every(u64),
    /// From one scaled time since the start up to another.
    Between(Duration, Duration),
}

impl When {
    fn holds(&self, number: u64, elapsed: Duration) -> bool {
        match self {
            Self::Always => true,
            Self::Calls(numbers) => numbers.contains(&number),
            Self::From(first, count) => {
                number >= *first && count.is_none_or(|count| number - first < count)
            }
            Self::Every(step) => number.is_multiple_of(*step),
            Self::Between(from, until) => (*from..*until).contains(&elapsed),
        }
    }
}
