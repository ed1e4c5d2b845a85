//! What hotglue wants to know: what became of every record, in the shape of its Python SDK (1.0.51).
//!
//! ```text
//!  {"bookmarks": {"products": [{"success": true, "hash": "…", "id": "…", "externalId": "…"}, …]},
//!   "summary":   {"products": {"success": 1, "fail": 0, "existing": 0, "updated": 0}}}
//! ```
//!
//! Counting is exclusive: a record that failed is `fail`; one that came twice, or whose product was as it
//! should be, is `existing`; one whose product was changed is `updated`; the others are `success`. A record
//! is known by its hash ([`digest`](super::digest)).
//!
//! A SCHEMA message may say what of its records is to be told again ([`Wish`]), as `customData` of the
//! entries of what succeeded.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::value::to_raw_value;

use super::outcome::{later, status};
use super::{Line, RecordLine, Status};
use crate::path::{members, text};
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

/// What became of one record; members of earlier attempts pass through as they came.
type Entry = IndexMap<String, Box<RawValue>>;

/// What became of everything.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Results {
    #[serde(default)]
    bookmarks: IndexMap<String, Vec<Entry>>,
    #[serde(default)]
    summary: IndexMap<String, Summary>,
    /// By stream and hash, the place among the stream's entries of what succeeded first.
    #[serde(skip)]
    seen: HashMap<String, HashMap<String, usize>>,
}

/// What a job that streams has printed, together with the tap's own state.
#[derive(Deserialize)]
struct Streaming<'t> {
    #[serde(borrow)]
    target: Option<&'t RawValue>,
}

/// What hotglue wants to hear again of the records of a stream: the member `x-hotglue` of its SCHEMA message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Wish {
    /// Members of the record.
    #[serde(rename = "target_state_fields")]
    fields: Vec<String>,
    /// Whether its hash too.
    #[serde(rename = "target_state_include_hash")]
    hash: bool,
}

impl Wish {
    /// The name of the member of a SCHEMA message.
    pub const MEMBER: &str = "x-hotglue";

    /// What is to be told of a record with this hash, as a JSON object; members that are null are left out.
    #[must_use]
    pub fn of(&self, record: &RawValue, hash: &str) -> Option<String> {
        let members = members(record)?;
        let mut custom = Entry::new();
        for field in &self.fields {
            if let Some(value) = members.get(field).filter(|value| value.get() != "null") {
                custom.insert(field.clone(), (*value).to_owned());
            }
        }
        if self.hash {
            custom.insert("hash".to_owned(), to_raw_value(hash).ok()?);
        }
        let text = serde_json::to_string(&custom).ok()?;
        (!custom.is_empty()).then_some(text)
    }
}

/// Records that an earlier attempt has brought in; they are not written again.
#[derive(Debug, Default)]
pub struct Notes {
    done: HashMap<String, HashSet<String>>,
}

impl Notes {
    /// Whether an earlier attempt has brought in the record of this hash.
    #[must_use]
    pub fn is_done(&self, stream: &str, hash: &str) -> bool {
        self.done.get(stream).is_some_and(|done| done.contains(hash))
    }
}

impl Results {
    /// What an earlier attempt has left: what succeeded stays, what failed is tried again. A file of somebody
    /// else's, such as a state of the tap's, is passed over with a warning: the records all come again.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn earlier(file: &Path) -> io::Result<Self> {
        let text = match std::fs::read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        if matches!(text.trim_ascii(), b"" | b"{}" | b"null") {
            return Ok(Self::default());
        }
        let mut results = Self::printed(&text).unwrap_or_else(|_| {
            let file = file.display();
            tracing::warn!("{file}: holds no results of an earlier attempt; this one begins anew");
            Self::default()
        });
        for (stream, entries) in &mut results.bookmarks {
            entries.retain(is_success);
            let seen = results.seen.entry(stream.clone()).or_default();
            for (place, entry) in entries.iter().enumerate() {
                if let Some(hash) = hash_of(entry) {
                    seen.entry(hash).or_insert(place);
                }
            }
        }
        for summary in results.summary.values_mut() {
            summary.fail = 0;
        }
        Ok(results)
    }

    /// Reads what an earlier attempt has printed.
    fn printed(text: &[u8]) -> serde_json::Result<Self> {
        match serde_json::from_slice::<Streaming<'_>>(text)?.target {
            Some(target) => serde_json::from_str(target.get()),
            None => serde_json::from_slice(text),
        }
    }

    /// The records that it has.
    #[must_use]
    pub fn notes(&self) -> Notes {
        let hashes = |seen: &HashMap<String, usize>| seen.keys().cloned().collect();
        let done = self.seen.iter().map(|(stream, seen)| (stream.clone(), hashes(seen)));
        Notes { done: done.collect() }
    }

    /// Adds what became of the records of a run, or of those up to this line of its messages: of later ones a
    /// part may be done, and it is not known which.
    ///
    /// # Errors
    /// The run's results cannot be read.
    pub fn add(&mut self, results: &Path, up_to: Option<u64>) -> io::Result<()> {
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
            let is_done = |record: &&RecordLine| up_to.is_none_or(|last| record.line <= last);
            for record in line.records.iter().filter(is_done) {
                self.record(&line, record, status, &error);
            }
        }
        Ok(())
    }

    /// Adds what became of one record.
    fn record(&mut self, line: &Line, record: &RecordLine, status: Status, error: &str) {
        let entries = self.bookmarks.entry(record.stream.clone()).or_default();
        let summary = self.summary.entry(record.stream.clone()).or_default();
        let seen = self.seen.entry(record.stream.clone()).or_default();
        let known = record.hash.as_ref().and_then(|hash| entries.get(*seen.get(hash)?));
        if let Some(entry) = known.cloned() {
            summary.existing += 1;
            entries.push(entry);
            return;
        }
        let failed = status == Status::Failed;
        let mut entry = Entry::new();
        put(&mut entry, "success", Some(!failed));
        put(&mut entry, "error", failed.then_some(error));
        put(&mut entry, "hg_error_class", failed.then_some("InvalidPayloadError"));
        put(&mut entry, "hash", record.hash.as_deref());
        put(&mut entry, "id", line.id.as_deref());
        put(&mut entry, "externalId", record.external_id.as_deref());
        put(&mut entry, "customData", record.custom.as_ref().filter(|_| !failed));
        match status {
            Status::Failed => summary.fail += 1,
            Status::Unchanged => summary.existing += 1,
            Status::Updated => summary.updated += 1,
            Status::Created => summary.success += 1,
        }
        if let Some(hash) = record.hash.clone().filter(|_| !failed) {
            seen.insert(hash, entries.len());
        }
        entries.push(entry);
    }

    /// The line that is printed: in a job that streams together with the tap's own state, which passes through
    /// as it came, and stands alone where there was nothing else.
    ///
    /// # Errors
    /// None of its values can fail to be written.
    pub fn line(&self, tap: Option<&RawValue>, streams: bool) -> serde_json::Result<String> {
        match tap {
            Some(tap) if streams => {
                let own = serde_json::to_string(self)?;
                Ok(format!(r#"{{"tap":{},"target":{own}}}"#, tap.get()))
            }
            Some(tap) if self.bookmarks.is_empty() => Ok(tap.get().to_owned()),
            _ => serde_json::to_string(self),
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

/// Adds a member that is there.
fn put(entry: &mut Entry, name: &str, value: Option<impl Serialize>) {
    if let Some(value) = value.and_then(|value| to_raw_value(&value).ok()) {
        entry.insert(name.to_owned(), value);
    }
}

/// Whether a record was brought in.
fn is_success(entry: &Entry) -> bool {
    entry.get("success").is_some_and(|success| success.get() == "true")
}

/// The hash of a record.
fn hash_of(entry: &Entry) -> Option<String> {
    text(entry.get("hash")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(text: &str) -> Results {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.jsonl");
        std::fs::write(&file, text).unwrap();
        let mut results = Results::default();
        results.add(&file, None).unwrap();
        results
    }

    const LINES: &str = r#"{"sku":"A","phase":"products","status":"created","id":"1","records":[{"stream":"s","line":2,"hash":"h1","externalId":"x"}]}
{"sku":"B","phase":"products","status":"updated","id":"2","records":[{"stream":"s","line":3,"hash":"h2"}]}
{"sku":"C","phase":"products","status":"unchanged","id":"3","records":[{"stream":"s","line":4,"hash":"h3"},{"stream":"s","line":5,"hash":"h1"}]}
{"sku":"D","phase":"products","status":"failed","error":"no","records":[{"stream":"s","line":6,"hash":"h4"}]}
"#;

    #[test]
    fn every_record_is_counted_in_one_place() {
        let line = results(LINES).line(None, false).unwrap();
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
    fn what_hotglue_wants_to_hear_again_is_told_of_what_succeeded() {
        let wish =
            r#"{"target_state_fields":["sku","price","gone"],"target_state_include_hash":true}"#;
        let wish: Wish = serde_json::from_str(wish).unwrap();
        let record: &RawValue =
            serde_json::from_str(r#"{"price":1.50,"sku":"A\u00e9","gone":null,"more":1}"#).unwrap();
        let custom = wish.of(record, "h").unwrap();
        assert_eq!(custom, r#"{"sku":"A\u00e9","price":1.50,"hash":"h"}"#);
        assert_eq!(Wish::default().of(record, "h"), None);

        let line = |status: &str, hash| {
            format!(
                r#"{{"sku":"A","phase":"products","status":"{status}","records":[{{"stream":"s","line":2,"hash":"{hash}","customData":{custom}}}]}}"#
            )
        };
        let lines = [line("created", "h"), line("failed", "other")].join("\n");
        let line = results(&lines).line(None, false).unwrap();
        assert!(line.contains(&format!(r#""hash":"h","customData":{custom}}}"#)), "{line}");
        assert_eq!(line.matches("customData").count(), 1, "{line}");
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
    fn a_run_that_broke_off_tells_of_the_records_before_its_last_commit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.jsonl");
        std::fs::write(&file, LINES).unwrap();
        let mut results = Results::default();
        results.add(&file, Some(3)).unwrap();
        assert_eq!(results.bookmarks["s"].len(), 2);
        assert!(!results.notes().is_done("s", "h3"));
    }

    #[test]
    fn an_earlier_attempt_is_found_in_what_a_streaming_job_printed_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.json");
        let earlier = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Results::earlier(&file).unwrap()
        };
        let tap: &RawValue = serde_json::from_str(r#"{"bookmarks":{"a":{"n":1}}}"#).unwrap();
        let streaming = results(LINES).line(Some(tap), true).unwrap();
        assert!(earlier(&streaming).notes().is_done("s", "h1"));
        for nothing in ["", "{}\n", "null", tap.get(), "{\"torn", r#"{"bookmarks":{"s":[1]}}"#] {
            assert!(earlier(nothing).bookmarks.is_empty(), "{nothing}");
        }
    }

    #[test]
    fn a_state_alone_is_given_back() {
        let tap: &RawValue = serde_json::from_str(r#"{"n": 1.50}"#).unwrap();
        assert_eq!(Results::default().line(Some(tap), false).unwrap(), tap.get());
        assert!(results(LINES).line(Some(tap), false).unwrap().starts_with(r#"{"bookmarks""#));
    }

    #[test]
    fn a_streaming_job_gets_the_state_of_the_tap_too() {
        let tap: &RawValue = serde_json::from_str(r#"{"bookmarks": {"a": 1.50}}"#).unwrap();
        let line = Results::default().line(Some(tap), true).unwrap();
        assert_eq!(
            line,
            r#"{"tap":{"bookmarks": {"a": 1.50}},"target":{"bookmarks":{},"summary":{}}}"#
        );
    }
}
