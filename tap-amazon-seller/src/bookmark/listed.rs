//! Which of the documents that Amazon makes by itself are out.
//!
//! Amazon lists what it made in the last [`LISTED`], in no order that it promises, and a report may be
//! listed later than it was made. So each document that is out is remembered for as long as Amazon can
//! list it, and a little longer: none is loaded twice, and none is missed that turns up late. A place is
//! used again when what stands there is too old, so that a state which is merged deeply does not grow.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Bookmarks, object};
use crate::streams::Stream;

/// How far back Amazon lists reports.
pub const LISTED: TimeDelta = TimeDelta::days(90);

/// How much longer than that a document is remembered: clocks differ, and runs last.
const LONGER: TimeDelta = TimeDelta::days(5);

/// The member of a cursor that holds documents.
const LOADED: &str = "loaded";

/// A document that is out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brought {
    /// Amazon's identifier of the report.
    pub report_id: String,
    /// When Amazon made it.
    pub created: DateTime<Utc>,
    /// The settlements that it brought and no document before, separated by commas.
    #[serde(default)]
    pub settlements: String,
}

impl Brought {
    /// The settlements that some documents brought.
    #[must_use]
    pub fn settlements(all: &[Self]) -> BTreeSet<String> {
        let ids = all.iter().flat_map(|brought| brought.settlements.split(','));
        ids.filter(|id| !id.is_empty()).map(str::to_owned).collect()
    }
}

impl Bookmarks {
    /// The documents of a unit that are out.
    #[must_use]
    pub fn brought(&self, stream: &Stream, unit: &str) -> Vec<Brought> {
        let loaded = self.cursor(stream, unit).and_then(|cursor| cursor.get(LOADED)?.as_object());
        loaded.into_iter().flatten().filter_map(|(_, it)| Brought::deserialize(it).ok()).collect()
    }

    /// Notes a document that is out.
    pub fn bring(&mut self, stream: &Stream, unit: &str, brought: &Brought, now: DateTime<Utc>) {
        self.note(stream, unit, |cursor| {
            let mut loaded = object(cursor.remove(LOADED));
            let place = place(&loaded, &brought.report_id, now);
            loaded.insert(place, serde_json::json!(brought));
            cursor.insert(LOADED.to_owned(), Value::Object(loaded));
        });
    }
}

/// Where a report stands or can stand.
fn place(loaded: &Map<String, Value>, report_id: &str, now: DateTime<Utc>) -> String {
    let is_free = |value: &Value| {
        Brought::deserialize(value)
            .map_or(true, |it| it.report_id == report_id || it.created < now - LISTED - LONGER)
    };
    let free = loaded.iter().find(|(_, value)| is_free(value)).map(|(place, _)| place.clone());
    // Of one place more than there are, one is free.
    let new = || (0..=loaded.len()).map(|it| it.to_string()).find(|it| !loaded.contains_key(it));
    free.or_else(new).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use singer::State;

    use super::*;
    use crate::bookmark::tests::merged;
    use crate::streams::Roster;

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
    }

    fn stream() -> &'static Stream {
        Roster::table().find("settlements").unwrap()
    }

    proptest! {
        /// Runs on some days, each of which may be killed after any document: every document that is
        /// made is loaded once, however late it is listed, and the state stays small.
        #[test]
        fn a_listed_document_is_loaded_once_over_many_runs(
            made in prop::collection::vec((0..400_i64, 0..40_i64), 1..60),
            runs in prop::collection::vec((1..30_i64, 0..8_usize), 20..40),
        ) {
            let mut state = Value::Null;
            let mut loaded: Vec<usize> = Vec::new();
            let mut day = 0;
            for (pause, killed_after) in runs {
                day += pause;
                let mut bookmarks = Bookmarks::new(State::parse(&state.to_string()).unwrap_or_default());
                let known = bookmarks.brought(stream(), "eu");
                let is_listed = |(number, (created, late)): (usize, &(i64, i64))| {
                    let is_there = created + late <= day && at(*created) > at(day) - LISTED;
                    (is_there && known.iter().all(|it| it.report_id != number.to_string())).then_some(number)
                };
                let listed: Vec<_> = made.iter().enumerate().filter_map(is_listed).collect();
                for number in listed.into_iter().take(killed_after) {
                    let (report_id, created) = (number.to_string(), at(made[number].0));
                    let brought = Brought { report_id, created, settlements: number.to_string() };
                    bookmarks.bring(stream(), "eu", &brought, at(day));
                    state = merged(state, serde_json::to_value(bookmarks.state()).unwrap());
                    loaded.push(number);
                }
            }
            let distinct: BTreeSet<_> = loaded.iter().collect();
            prop_assert_eq!(distinct.len(), loaded.len());
            if let Some(places) = state["bookmarks"]["settlements"]["cursor"]["eu"][LOADED].as_object() {
                let most = (0..=day).map(|now| {
                    made.iter().filter(|(it, _)| (now - 130..=now).contains(it)).count()
                });
                prop_assert!(places.len() <= most.max().unwrap_or(0));
            }
        }
    }

    #[test]
    fn the_settlements_of_documents_are_known() {
        let mut bookmarks = Bookmarks::new(State::default());
        for (report_id, settlements) in [("1", "11,12"), ("2", ""), ("1", "11,12,13")] {
            let brought = Brought {
                report_id: report_id.to_owned(),
                created: at(0),
                settlements: settlements.to_owned(),
            };
            bookmarks.bring(stream(), "na", &brought, at(1));
        }
        let brought = bookmarks.brought(stream(), "na");
        assert_eq!(brought.len(), 2);
        let known = Brought::settlements(&brought);
        assert_eq!(known.into_iter().collect::<Vec<_>>(), ["11", "12", "13"]);
        assert_eq!(bookmarks.brought(stream(), "eu"), []);
    }
}
