//! Bookmarks of streams that the user describes, which hold for the settings that they were made with.
//!
//! Records that come of other settings are other records, so a window that is out with the old ones is
//! not out with the new ones. The cursors of such a stream are therefore named by the unit and the
//! fingerprint of what decides the rows. A cursor with another fingerprint becomes `null` and stays so,
//! also in a state that was merged deeply: whoever goes back to the old settings starts over once more,
//! because windows that were read in between hold the others' records.
//!
//! ```text
//! "fees": {"cursor": {"ATVPDKIKX0DER/9f86d081884c7d65": null, "ATVPDKIKX0DER/60303ae22b998861": {"until": …}}}
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{BEFORE, Bookmarks};
use crate::streams::Stream;

/// Stands between a unit and a fingerprint.
const BETWEEN: char = '/';

impl Bookmarks {
    /// The same for streams whose rows are decided by settings of these fingerprints, by their names. What
    /// was noted before there were fingerprints counts for the settings of today. Says which streams
    /// start over.
    #[must_use]
    pub fn described(mut self, fingerprints: BTreeMap<&'static str, String>) -> Self {
        for (stream, fingerprint) in &fingerprints {
            if self.fit(stream, fingerprint) {
                tracing::warn!(
                    "{stream}: its entry in custom_reports asks for other rows than before; starts over \
                     from start_date"
                );
            }
        }
        Self { fingerprints, ..self }
    }

    /// The name of a unit's cursor.
    pub(super) fn named<'a>(&self, stream: &Stream, unit: &'a str) -> Cow<'a, str> {
        match self.fingerprints.get(stream.name) {
            Some(fingerprint) => format!("{unit}{BETWEEN}{fingerprint}").into(),
            None => unit.into(),
        }
    }

    /// Gives a fingerprint to the cursors of a stream that have none, and ends those that have another one;
    /// whether anything counts no more that kept rows from being read.
    fn fit(&mut self, stream: &str, fingerprint: &str) -> bool {
        let Some(mut bookmark) = self.state.bookmark(stream).cloned() else { return false };
        // What another tap noted has no cursors.
        let Some(Value::Object(cursors)) = bookmark.remove("cursor") else { return false };
        let (mut fitted, mut ended) = (Map::new(), Vec::new());
        for (name, cursor) in cursors {
            match name.split_once(BETWEEN) {
                Some((_, of)) if of == fingerprint => {
                    fitted.insert(name, cursor);
                    continue;
                }
                _ if cursor.is_null() => {}
                Some(_) => ended.push(cursor),
                None => {
                    fitted.entry(format!("{name}{BETWEEN}{fingerprint}")).or_insert(cursor);
                }
            }
            fitted.insert(name, Value::Null);
        }
        let mut starts_over = ended.iter().any(is_out);
        bookmark.insert("cursor".to_owned(), Value::Object(fitted));
        if !ended.is_empty() {
            bookmark.remove("replication_key_value");
            // What another tap noted was for the settings that came first.
            if let Some(before) = bookmark.get_mut(BEFORE) {
                starts_over |= !before.take().is_null();
            }
        }
        self.state.set_bookmark(stream, bookmark);
        starts_over
    }
}

/// Whether a cursor keeps rows from being read.
fn is_out(cursor: &Value) -> bool {
    ["until", "beyond", "loaded"].iter().any(|member| cursor.get(member).is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use singer::State;

    use super::*;
    use crate::bookmark::Until;
    use crate::bookmark::tests::{bookmarks, merged, point, state};
    use crate::config::roster;
    use crate::streams::Roster;

    const DE: &str = "A1PA6795UKMFR9";

    /// A stream with an option of this value.
    fn described(value: &str) -> Roster {
        let entry = json!({"name": "seen", "report_type": "GET_X", "options": {"kind": value}});
        roster(json!({"custom_reports": [entry]}).as_object().unwrap()).unwrap()
    }

    /// What is out in Germany for an option of this value, after a state.
    fn run(value: &str, before: &Value) -> (Bookmarks, &'static Stream) {
        let roster = described(value);
        let stream = roster.find("seen").unwrap();
        let fingerprint = roster.fingerprint(stream).unwrap().to_owned();
        (bookmarks(before).described(BTreeMap::from([(stream.name, fingerprint)])), stream)
    }

    /// The state after a run that read everything from the first to this day of November.
    fn after(value: &str, before: &Value, until: &str) -> Value {
        let (mut bookmarks, stream) = run(value, before);
        let start = point("2026-11-01T00:00:00Z");
        bookmarks.out(stream, DE, start, start..point(until));
        merged(before.clone(), state(&bookmarks))
    }

    fn until(value: &str, before: &Value) -> Option<Until> {
        let (bookmarks, stream) = run(value, before);
        bookmarks.extent(stream, DE).until()
    }

    #[test]
    fn a_state_without_a_fingerprint_counts_for_the_settings_of_the_first_run() {
        let noted =
            json!({"bookmarks": {"seen": {"cursor": {DE: {"until": "2026-11-19T00:00:00Z"}}}}});
        assert_eq!(until("a", &noted), Some(point("2026-11-19T00:00:00Z")));
        let next = after("a", &noted, "2026-11-20T00:00:00Z");
        assert_eq!(next["bookmarks"]["seen"]["cursor"][DE], Value::Null);
        assert_eq!(until("a", &next), Some(point("2026-11-20T00:00:00Z")));
        assert_eq!(until("b", &next), None);
        // Nobody has noted anything: nothing is made up.
        assert_eq!(state(&run("a", &json!({})).0), json!({}));
    }

    #[test]
    fn other_settings_start_over_and_so_do_the_old_ones_after_them_in_a_state_that_is_merged() {
        let first = after("a", &json!({}), "2026-11-10T00:00:00Z");
        // Days that complete out of order are forgotten with the rest.
        let (mut bookmarks, stream) = run("a", &first);
        let beyond = point("2026-11-15T00:00:00Z")..point("2026-11-19T00:00:00Z");
        bookmarks.out(stream, DE, point("2026-11-01T00:00:00Z"), beyond);
        let first = merged(first, state(&bookmarks));

        let (bookmarks, stream) = run("b", &first);
        let extent = bookmarks.extent(stream, DE);
        assert_eq!((extent.until(), extent.beyond()), (None, &[][..]));
        let second = after("b", &first, "2026-11-05T00:00:00Z");
        assert_eq!(until("b", &second), Some(point("2026-11-05T00:00:00Z")));
        assert_eq!(until("a", &second), None);
        let third = after("a", &second, "2026-11-03T00:00:00Z");
        assert_eq!(until("a", &third), Some(point("2026-11-03T00:00:00Z")));
        assert_eq!(run("a", &third).0.extent(stream, DE).beyond(), []);
        assert_eq!(until("b", &third), None);
    }

    #[test]
    fn what_another_tap_noted_counts_for_the_settings_that_came_first() {
        let noted =
            json!({"bookmarks": {"seen": {"replication_key_value": "2026-11-19T00:00:00Z"}}});
        assert_eq!(until("a", &noted), Some(point("2026-11-19T00:00:00Z")));
        let (mut bookmarks, stream) = run("a", &noted);
        bookmarks.taken(stream, "A13V1IB3VIYZZH", "2026-11-20T00:00:00Z".parse().unwrap());
        let next = state(&bookmarks);
        assert_eq!(until("a", &next), Some(point("2026-11-19T00:00:00Z")));
        assert_eq!(until("b", &next), None);
        assert_eq!(until("a", &state(&run("b", &next).0)), None);
    }

    #[test]
    fn a_stream_starts_over_aloud_only_if_something_was_out() {
        let mut pictures = bookmarks(&json!({"bookmarks": {"seen": {"cursor": {
            format!("{DE}/b"): {"taken": "2026-11-19T00:00:00Z"}}}}}));
        assert!(!pictures.fit("seen", "a"));
        let mut windows = bookmarks(&json!({"bookmarks": {"seen": {"cursor": {
            format!("{DE}/b"): {"until": "2026-11-19T00:00:00Z"}}}}}));
        assert!(windows.fit("seen", "a"));
        assert!(!windows.fit("seen", "a"));
        assert!(!Bookmarks::new(State::default()).fit("seen", "a"));
    }
}
