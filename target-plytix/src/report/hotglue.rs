//! What hotglue wants to know: what became of every record, in the shape of its Python SDK (1.0.51).
//!
//! ```text
//!  {"bookmarks": {"products": [{"success": true, "hash": "…", "id": "…", "externalId": "…"}, …]},
//!   "summary":   {"products": {"success": 1, "fail": 0, "existing": 0, "updated": 0}}}
//! ```
//!
//! Counting is exclusive: a record that failed is `fail`; one that came twice, or whose product was as it
//! should be, is `existing`; one whose product was changed is `updated`; the others are `success`. A record
//! is known by the SHA-256 of its text as Python's `json.dumps` writes it, so that a flow can move here in
//! the middle of its retries.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::outcome::{later, status};
use super::{Line, RecordLine, Status};
use crate::path::{elements, text};
use crate::phase::Phase;
use crate::run::lines;

/// What became of the records of one stream, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Summary {
    #[serde(default)]
    success: u64,
    #[serde(default)]
    fail: u64,
    #[serde(default)]
    existing: u64,
    #[serde(default)]
    updated: u64,
}

/// What became of everything.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Results {
    #[serde(default)]
    bookmarks: IndexMap<String, Vec<Map<String, Value>>>,
    #[serde(default)]
    summary: IndexMap<String, Summary>,
}

/// Records that an earlier attempt has brought in; they are not written again.
#[derive(Debug, Default)]
pub struct Notes {
    done: HashMap<String, Vec<String>>,
}

impl Notes {
    /// Whether an earlier attempt has brought in the record of this hash.
    #[must_use]
    pub fn is_done(&self, stream: &str, hash: &str) -> bool {
        self.done.get(stream).is_some_and(|done| done.iter().any(|known| known == hash))
    }
}

impl Results {
    /// What an earlier attempt has left: what succeeded stays, what failed is tried again.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn earlier(file: &Path) -> io::Result<Self> {
        let text = match std::fs::read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let mut results: Self = serde_json::from_slice(&text)?;
        for entries in results.bookmarks.values_mut() {
            entries.retain(|entry| entry.get("success") == Some(&Value::Bool(true)));
        }
        for summary in results.summary.values_mut() {
            summary.fail = 0;
        }
        Ok(results)
    }

    /// The records that it has.
    #[must_use]
    pub fn notes(&self) -> Notes {
        let hashes = |entries: &Vec<Map<String, Value>>| {
            let hash = |entry: &Map<String, Value>| entry.get("hash")?.as_str().map(str::to_owned);
            entries.iter().filter_map(hash).collect()
        };
        let done = self.bookmarks.iter().map(|(stream, them)| (stream.clone(), hashes(them)));
        Notes { done: done.collect() }
    }

    /// Adds what became of the records of a run.
    ///
    /// # Errors
    /// The run's results cannot be read.
    pub fn add(&mut self, results: &Path) -> io::Result<()> {
        let later = later(results)?;
        for line in lines::<Line>(results)? {
            let line = line?;
            if line.phase.is_some_and(|phase| phase != Phase::Products) {
                continue;
            }
            let after = later.get(&line.sku);
            let status = status(&line, after);
            let errors = line.error.iter().chain(after.into_iter().flat_map(|it| &it.errors));
            let error = errors.map(String::as_str).collect::<Vec<_>>().join("; ");
            for record in &line.records {
                self.record(&line, record, status, &error);
            }
        }
        Ok(())
    }

    /// Adds what became of one record.
    fn record(&mut self, line: &Line, record: &RecordLine, status: Status, error: &str) {
        let entries = self.bookmarks.entry(record.stream.clone()).or_default();
        let summary = self.summary.entry(record.stream.clone()).or_default();
        let same = |entry: &&Map<String, Value>| {
            let hash = record.hash.as_deref();
            let known = entry.get("hash").and_then(Value::as_str);
            hash.is_some() && known == hash && entry.get("success") == Some(&Value::Bool(true))
        };
        if let Some(entry) = entries.iter().find(same).cloned() {
            summary.existing += 1;
            entries.push(entry);
            return;
        }
        let failed = status == Status::Failed;
        let mut entry = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            value.and_then(|value| entry.insert(name.to_owned(), value));
        };
        put("success", Some(json!(!failed)));
        if failed {
            put("error", Some(json!(error)));
            put("hg_error_class", Some(json!("InvalidPayloadError")));
        }
        put("hash", record.hash.clone().map(Value::from));
        put("id", line.id.clone().map(Value::from));
        put("externalId", record.external_id.clone().map(Value::from));
        match status {
            Status::Failed => summary.fail += 1,
            Status::Unchanged => summary.existing += 1,
            Status::Updated => summary.updated += 1,
            Status::Created => summary.success += 1,
        }
        entries.push(entry);
    }

    /// The line that is printed; together with the tap's own state where the job streams.
    ///
    /// # Errors
    /// None of its values can fail to be written.
    pub fn line(&self, tap: Option<&RawValue>) -> serde_json::Result<String> {
        match tap {
            None => serde_json::to_string(self),
            // The state is the tap's, and passes through as it came.
            Some(tap) => {
                let own = serde_json::to_string(self)?;
                Ok(format!(r#"{{"tap":{},"target":{own}}}"#, tap.get()))
            }
        }
    }

    /// Writes the file from which the next attempt goes on.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, file: &Path) -> io::Result<()> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, serde_json::to_vec_pretty(self)?)
    }
}

/// SHA-256 of a record, in hexadecimal, over the text that Python's `json.dumps` makes of it.
#[must_use]
pub fn hash(record: &RawValue) -> String {
    let mut text = String::new();
    dump(record, &mut text);
    hex(&Sha256::digest(text))
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Appends a value as Python writes it: a blank after commas and colons, members in their order, letters
/// beyond ASCII as escapes, numbers as they came.
fn dump(value: &RawValue, out: &mut String) {
    let json = value.get();
    match json.as_bytes().first() {
        Some(b'{') => {
            let members: IndexMap<String, &RawValue> =
                serde_json::from_str(json).unwrap_or_default();
            let mut separator = "{";
            for (name, value) in &members {
                out.push_str(separator);
                dump_text(name, out);
                out.push_str(": ");
                dump(value, out);
                separator = ", ";
            }
            out.push_str(if members.is_empty() { "{}" } else { "}" });
        }
        Some(b'[') => {
            let elements = elements(value);
            let mut separator = "[";
            for value in &elements {
                out.push_str(separator);
                dump(value, out);
                separator = ", ";
            }
            out.push_str(if elements.is_empty() { "[]" } else { "]" });
        }
        Some(b'"') => dump_text(&text(value).unwrap_or_default(), out),
        _ => out.push_str(json),
    }
}

/// Appends a string as Python writes it.
fn dump_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(letter),
            _ => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dumped(json: &str) -> String {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        let mut text = String::new();
        dump(raw, &mut text);
        text
    }

    #[test]
    fn a_record_is_written_as_python_writes_it() {
        // json.dumps(json.loads(…)) of Python 3.11 for each.
        for (json, expected) in [
            (
                r#"{"b":1,"a":[1,2.50,null,true],"c":{}}"#,
                r#"{"b": 1, "a": [1, 2.50, null, true], "c": {}}"#,
            ),
            (
                r#"{"t":"é €\u001f😀\/\"\n","e":[]}"#,
                r#"{"t": "\u00e9 \u20ac\u001f\ud83d\ude00/\"\n", "e": []}"#,
            ),
        ] {
            assert_eq!(dumped(json), expected);
        }
        let raw: &RawValue = serde_json::from_str("{}").unwrap();
        assert_eq!(hash(raw), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    }

    fn results(text: &str) -> Results {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.jsonl");
        std::fs::write(&file, text).unwrap();
        let mut results = Results::default();
        results.add(&file).unwrap();
        results
    }

    const LINES: &str = r#"{"sku":"A","phase":"products","status":"created","id":"1","records":[{"stream":"s","line":2,"hash":"h1","externalId":"x"}]}
{"sku":"B","phase":"products","status":"updated","id":"2","records":[{"stream":"s","line":3,"hash":"h2"}]}
{"sku":"C","phase":"products","status":"unchanged","id":"3","records":[{"stream":"s","line":4,"hash":"h3"},{"stream":"s","line":5,"hash":"h1"}]}
{"sku":"D","phase":"products","status":"failed","error":"no","records":[{"stream":"s","line":6,"hash":"h4"}]}
"#;

    #[test]
    fn every_record_is_counted_in_one_place() {
        let line = results(LINES).line(None).unwrap();
        assert_eq!(
            line,
            concat!(
                r#"{"bookmarks":{"s":[{"success":true,"hash":"h1","id":"1","externalId":"x"},"#,
                r#"{"success":true,"hash":"h2","id":"2"},{"success":true,"hash":"h3","id":"3"},"#,
                r#"{"success":true,"hash":"h1","id":"1","externalId":"x"},"#,
                r#"{"success":false,"error":"no","hg_error_class":"InvalidPayloadError","hash":"h4"}]},"#,
                r#""summary":{"s":{"success":1,"fail":1,"existing":2,"updated":1}}}"#,
            )
        );
    }

    #[test]
    fn a_second_attempt_forgets_failures_and_skips_what_succeeded() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets/incremental_target_state.json");
        results(LINES).save(&file).unwrap();
        let earlier = Results::earlier(&file).unwrap();
        let notes = earlier.notes();
        assert!(notes.is_done("s", "h2") && !notes.is_done("s", "h4") && !notes.is_done("t", "h2"));
        assert_eq!(earlier.summary["s"].fail, 0);
        assert_eq!(earlier.bookmarks["s"].len(), 4);
        let none = Results::earlier(&folder.path().join("none")).unwrap();
        assert!(none.bookmarks.is_empty());
    }

    #[test]
    fn a_streaming_job_gets_the_state_of_the_tap_too() {
        let tap: &RawValue = serde_json::from_str(r#"{"bookmarks": {"a": 1.50}}"#).unwrap();
        let line = Results::default().line(Some(tap)).unwrap();
        assert_eq!(
            line,
            r#"{"tap":{"bookmarks": {"a": 1.50}},"target":{"bookmarks":{},"summary":{}}}"#
        );
    }
}
