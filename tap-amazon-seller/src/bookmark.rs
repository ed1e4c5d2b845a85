//! What is already out: how far each stream has come, unit by unit.
//!
//! A unit is what one report covers: a marketplace, or a region where Amazon makes one report for all
//! marketplaces of it. The bookmark of a stream has the shape that Meltano's and hotglue's viewers
//! know, with the tap's own cursor inside. Cursors are maps and never lists, because some orchestrators
//! merge states deeply and a merged list keeps what was removed.
//!
//! ```text
//! {"bookmarks": {"orders": {"replication_key": "LastUpdateDate",
//!                           "replication_key_value": "2026-11-01T00:00:00Z",       the earliest of them all
//!                           "cursor": {"na": {"until": "2026-11-19T00:00:00Z"},
//!                                      "eu": {"until": "2026-11-01T00:00:00Z"}}},
//!                "products_inventory": {"cursor": {"ATVPDKIKX0DER": {"taken": "2026-11-19T01:02:03Z"}}}}}
//! ```
//!
//! `until` is exclusive: everything before it is out. It is the end of a window that Amazon finished,
//! never the greatest value seen.

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};
use serde_json::{Map, Value};
use singer::State;

use crate::streams::Stream;

/// A point up to which a stream is out, exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Until {
    /// For streams that are extracted by windows of time.
    Time(DateTime<Utc>),
    /// For streams that are extracted by the marketplace's own days.
    Day(NaiveDate),
}

impl Until {
    /// Reads what [`Until::text`] wrote, and the times that other taps wrote.
    fn parse(text: &str) -> Option<Self> {
        if let Ok(day) = text.parse() {
            return Some(Self::Day(day));
        }
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        Some(Self::Time(time.with_timezone(&Utc)))
    }

    fn text(self) -> String {
        match self {
            Self::Time(time) => time.to_rfc3339_opts(SecondsFormat::Secs, true),
            Self::Day(day) => day.to_string(),
        }
    }

    /// The value that orchestrators show: for days the last one that is out, as the Singer SDK has it.
    fn replication_key_value(self) -> String {
        match self {
            Self::Day(day) => day.checked_sub_days(Days::new(1)).unwrap_or(day).to_string(),
            Self::Time(_) => self.text(),
        }
    }
}

/// The state of the tap, read and moved by stream and unit.
#[derive(Debug)]
pub struct Bookmarks {
    state: State,
}

impl Bookmarks {
    /// Starts from the state that the last run left.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self { state }
    }

    /// The state as it is to be written.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// How far a stream has come for a unit.
    ///
    /// A bookmark without a cursor was written by another tap. Then its one value holds for every unit,
    /// whether it is kept under `replication_key_value` or under the replication key's own name.
    #[must_use]
    pub fn until(&self, stream: &Stream, unit: &str) -> Option<Until> {
        let bookmark = self.state.bookmark(stream.name)?;
        if let Some(cursor) = bookmark.get("cursor") {
            return Until::parse(cursor.get(unit)?.get("until")?.as_str()?);
        }
        let foreign = bookmark
            .get("replication_key_value")
            .or_else(|| bookmark.get(stream.replication_key?))
            .and_then(Value::as_str)?;
        Until::parse(foreign)
    }

    /// Notes that everything before `until` is out, unless more than that was noted before.
    pub fn advance(&mut self, stream: &Stream, unit: &str, until: Until) {
        let before = self.until(stream, unit);
        if before.is_some_and(|before| before >= until) {
            return;
        }
        let mut bookmark = self.note(stream, unit, "until", until.text());
        if let Some(key) = stream.replication_key {
            let earliest = bookmark
                .get("cursor")
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(Map::values)
                .filter_map(|cursor| Until::parse(cursor.get("until")?.as_str()?))
                .min();
            bookmark.insert("replication_key".to_owned(), key.into());
            if let Some(earliest) = earliest {
                let value = earliest.replication_key_value().into();
                bookmark.insert("replication_key_value".to_owned(), value);
            }
        }
        self.state.set_bookmark(stream.name, bookmark);
    }

    /// Notes when a full picture of a unit was taken.
    pub fn taken(&mut self, stream: &Stream, unit: &str, at: DateTime<Utc>) {
        let bookmark =
            self.note(stream, unit, "taken", at.to_rfc3339_opts(SecondsFormat::Secs, true));
        self.state.set_bookmark(stream.name, bookmark);
    }

    /// The stream's bookmark with one member of one unit's cursor replaced.
    fn note(&self, stream: &Stream, unit: &str, member: &str, text: String) -> Map<String, Value> {
        let mut bookmark = self.state.bookmark(stream.name).cloned().unwrap_or_default();
        let mut cursor = match bookmark.remove("cursor") {
            Some(Value::Object(cursor)) => cursor,
            _ => Map::new(),
        };
        let mut of_unit = match cursor.remove(unit) {
            Some(Value::Object(of_unit)) => of_unit,
            _ => Map::new(),
        };
        of_unit.insert(member.to_owned(), Value::String(text));
        cursor.insert(unit.to_owned(), Value::Object(of_unit));
        bookmark.insert("cursor".to_owned(), Value::Object(cursor));
        bookmark
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bookmarks(state: &Value) -> Bookmarks {
        Bookmarks::new(State::parse(&state.to_string()).unwrap())
    }

    fn time(text: &str) -> Until {
        Until::parse(text).unwrap()
    }

    #[test]
    fn the_value_shown_is_the_earliest_of_all_units() {
        let orders = Stream::find("orders").unwrap();
        let mut bookmarks = bookmarks(&json!({}));
        bookmarks.advance(orders, "na", time("2026-11-19T00:00:00Z"));
        bookmarks.advance(orders, "eu", time("2026-11-01T00:00:00Z"));
        assert_eq!(
            serde_json::to_value(bookmarks.state()).unwrap(),
            json!({"bookmarks": {"orders": {
                "replication_key": "LastUpdateDate",
                "replication_key_value": "2026-11-01T00:00:00Z",
                "cursor": {"na": {"until": "2026-11-19T00:00:00Z"}, "eu": {"until": "2026-11-01T00:00:00Z"}},
            }}})
        );
    }

    #[test]
    fn a_bookmark_never_goes_back() {
        let orders = Stream::find("orders").unwrap();
        let mut bookmarks = bookmarks(&json!({}));
        bookmarks.advance(orders, "na", time("2026-11-19T00:00:00Z"));
        bookmarks.advance(orders, "na", time("2026-11-18T00:00:00Z"));
        assert_eq!(bookmarks.until(orders, "na"), Some(time("2026-11-19T00:00:00Z")));
    }

    #[test]
    fn for_days_the_value_shown_is_the_last_day_that_is_out() {
        let traffic = Stream::find("sales_traffic_report").unwrap();
        let mut bookmarks = bookmarks(&json!({}));
        bookmarks.advance(traffic, "A1PA6795UKMFR9", time("2026-11-19"));
        let bookmark = bookmarks.state().bookmark("sales_traffic_report").unwrap();
        assert_eq!(bookmark["replication_key_value"], "2026-11-18");
        assert_eq!(bookmark["cursor"]["A1PA6795UKMFR9"]["until"], "2026-11-19");
    }

    #[test]
    fn the_bookmarks_of_other_taps_hold_for_every_unit() {
        let orders = Stream::find("orders").unwrap();
        for foreign in [
            json!({"replication_key": "LastUpdateDate", "replication_key_value": "2026-01-02T03:04:05+00:00"}),
            json!({"LastUpdateDate": "2026-01-02T03:04:05.000000Z"}),
        ] {
            let bookmarks = bookmarks(&json!({"bookmarks": {"orders": foreign}}));
            assert_eq!(bookmarks.until(orders, "fe"), Some(time("2026-01-02T03:04:05Z")));
        }
    }

    #[test]
    fn a_unit_without_a_cursor_beside_others_starts_anew() {
        let bookmarks = bookmarks(&json!({"bookmarks": {"orders": {
            "replication_key_value": "2026-01-02T03:04:05Z",
            "cursor": {"na": {"until": "2026-01-02T03:04:05Z"}}}}}));
        assert_eq!(bookmarks.until(Stream::find("orders").unwrap(), "eu"), None);
    }

    #[test]
    fn a_picture_of_the_present_notes_when_it_was_taken() {
        let mut bookmarks = bookmarks(&json!({}));
        let at = "2026-11-19T01:02:03Z".parse().unwrap();
        bookmarks.taken(Stream::find("products_inventory").unwrap(), "ATVPDKIKX0DER", at);
        assert_eq!(
            serde_json::to_value(bookmarks.state()).unwrap(),
            json!({"bookmarks": {"products_inventory": {
                "cursor": {"ATVPDKIKX0DER": {"taken": "2026-11-19T01:02:03Z"}}}}})
        );
    }
}
