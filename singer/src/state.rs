//! The tap's own notes from its last run.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// What a tap knew when it was last stopped: a bookmark for each stream, and whatever else was there.
///
/// Read in every form in which orchestrators hand it back: bare, in Meltano's `singer_state`, in
/// hotglue's `tap`, as a whole STATE message, or as the collected lines that a target printed, of which
/// the last one counts. Members that this tap does not know are kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    value: Map<String, Value>,
}

/// Why a state cannot be used. The text never holds a part of the file.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be read.
    #[error("state {}", path.display())]
    Unreadable {
        /// The file that was named.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file holds no state.
    #[error("state {}: not a JSON object; give the last line that the target printed", path.display())]
    NotAnObject {
        /// The file that was named.
        path: PathBuf,
    },
}

impl State {
    /// Reads a state file. An empty file, `null` and `{}` mean that there is no state yet.
    pub fn read(path: &Path) -> Result<Self, StateError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| StateError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text).ok_or_else(|| StateError::NotAnObject { path: path.to_owned() })
    }

    /// Reads a state from text, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Some(Self::default());
        }
        // Every line that a target prints was true when it was printed, so a line that a crash cut
        // short may be passed over for the one before it.
        let value = serde_json::from_str(text).ok().or_else(|| {
            text.lines().rev().find_map(|line| serde_json::from_str::<Value>(line.trim()).ok())
        })?;
        match value {
            Value::Null => Some(Self::default()),
            Value::Object(object) => Some(Self { value: unwrapped(object) }),
            _ => None,
        }
    }

    /// The bookmark of a stream, if it has one.
    #[must_use]
    pub fn bookmark(&self, stream: &str) -> Option<&Map<String, Value>> {
        self.value.get("bookmarks")?.get(stream)?.as_object()
    }

    /// Puts a stream's bookmark in the place of the one before.
    pub fn set_bookmark(&mut self, stream: &str, bookmark: Map<String, Value>) {
        let bookmarks = self.value.entry("bookmarks").or_insert_with(|| Value::Object(Map::new()));
        if !bookmarks.is_object() {
            *bookmarks = Value::Object(Map::new());
        }
        if let Value::Object(bookmarks) = bookmarks {
            bookmarks.insert(stream.to_owned(), Value::Object(bookmark));
        }
    }

    /// What a tap keeps beside its bookmarks under a name of its own.
    #[must_use]
    pub fn notes(&self, name: &str) -> Option<&Map<String, Value>> {
        self.value.get(name)?.as_object()
    }

    /// Puts what a tap keeps beside its bookmarks in the place of what was there before. The name
    /// `bookmarks` is not for this.
    pub fn set_notes(&mut self, name: &str, notes: Map<String, Value>) {
        self.value.insert(name.to_owned(), Value::Object(notes));
    }

    /// Whether there is nothing to remember.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.value.is_empty()
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// The state inside what an orchestrator wrapped around it.
fn unwrapped(mut object: Map<String, Value>) -> Map<String, Value> {
    loop {
        let is_message = object
            .get("type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.eq_ignore_ascii_case("STATE"));
        let wrapper = if is_message {
            "value"
        } else if object.contains_key("singer_state") {
            "singer_state"
        } else if object.contains_key("tap") && !object.contains_key("bookmarks") {
            "tap"
        } else {
            return object;
        };
        match object.remove(wrapper) {
            Some(Value::Object(inner)) => object = inner,
            _ => return Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn until(text: &str) -> Option<String> {
        Some(State::parse(text)?.bookmark("orders")?.get("until")?.as_str()?.to_owned())
    }

    #[test]
    fn every_wrapper_is_taken_off() {
        let bare = r#"{"bookmarks":{"orders":{"until":"2026-01-01"}}}"#;
        for text in [
            bare.to_owned(),
            format!(r#"{{"singer_state":{bare}}}"#),
            format!(r#"{{"tap":{bare},"target":{{"bookmarks":{{}},"summary":{{}}}}}}"#),
            format!(r#"{{"type":"STATE","value":{bare}}}"#),
            format!("\u{feff}{bare}"),
        ] {
            assert_eq!(until(&text).as_deref(), Some("2026-01-01"), "{text}");
        }
    }

    #[test]
    fn notes_stand_beside_the_bookmarks() {
        let mut state = State::parse(r#"{"bookmarks":{"orders":{"until":"1"}}}"#).unwrap();
        assert_eq!(state.notes("reports"), None);
        state.set_notes("reports", json!({"na": {}}).as_object().unwrap().clone());
        assert_eq!(
            serde_json::to_value(&state).unwrap(),
            json!({"bookmarks": {"orders": {"until": "1"}}, "reports": {"na": {}}})
        );
        assert!(state.notes("reports").unwrap().contains_key("na"));
    }

    #[test]
    fn of_the_lines_that_a_target_printed_the_last_whole_one_counts() {
        let text = concat!(
            r#"{"bookmarks":{"orders":{"until":"1"}}}"#,
            "\n",
            r#"{"bookmarks":{"orders":{"until":"2"}}}"#,
            "\n",
            r#"{"bookmarks":{"orders":{"unt"#,
        );
        assert_eq!(until(text).as_deref(), Some("2"));
    }

    #[test]
    fn nothing_yet_is_said_in_four_ways() {
        for text in ["", "  \n", "null", "{}"] {
            assert!(State::parse(text).unwrap().is_empty(), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        for text in ["[]", "7", "not json"] {
            assert_eq!(State::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn unknown_members_survive_a_new_bookmark() {
        let mut state =
            State::parse(r#"{"currently_syncing":"x","bookmarks":{"old":{"a":1}}}"#).unwrap();
        state.set_bookmark("orders", Map::from_iter([("until".to_owned(), json!("2026"))]));
        assert_eq!(
            serde_json::to_value(&state).unwrap(),
            json!({"currently_syncing": "x", "bookmarks": {"old": {"a": 1}, "orders": {"until": "2026"}}})
        );
    }
}
