//! Figures of intervals of days: what becomes of their ends.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::Deserialize;

use super::{Member, Members};
use crate::streams::{Ends, Figures, Length};

/// The interval of an element. Amazon's model requires both ends.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Interval {
    start_date: Option<String>,
    end_date: Option<String>,
}

impl Interval {
    /// The interval of an element's members; without ends, if there is none.
    fn of(members: &Members<'_>) -> Self {
        let interval = members.get("timeInterval");
        interval.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }

    /// Its first and last day; nothing for an end that is no time.
    fn days(&self) -> [Option<NaiveDate>; 2] {
        let day = |time: &Option<String>| time.as_deref()?.get(..10)?.parse().ok();
        [day(&self.start_date), day(&self.end_date)]
    }

    fn is_of(&self, length: Length) -> bool {
        let [first, last] = self.days();
        match length {
            Length::Any => true,
            Length::Day => first == last,
            Length::Days => first != last,
        }
    }
}

/// A record's members of the tap's own, from those of an element: what is added, or nothing for figures
/// that are not the stream's.
pub(super) fn own<'a>(
    figures: Figures,
    members: &mut Members<'a>,
) -> Option<Vec<(&'static str, Member<'a>)>> {
    let interval = Interval::of(members);
    if !interval.is_of(figures.length) {
        return None;
    }
    let mut own = Vec::new();
    let mut say = |name, text: Option<String>| {
        own.extend(text.map(|text| (name, Member::Text(Cow::Owned(text)))));
    };
    match figures.ends {
        Ends::Last => {
            let [_, last] = interval.days();
            say("report_end_date", last.map(|day| day.to_string()));
        }
        Ends::Both => {
            say("interval_start_date", interval.start_date);
            say("interval_end_date", interval.end_date);
        }
    }
    for name in figures.texts {
        if members.get(*name).is_none_or(|value| value.get() == "null") {
            members.shift_remove(*name);
            say(name, Some(String::new()));
        }
    }
    Some(own)
}
