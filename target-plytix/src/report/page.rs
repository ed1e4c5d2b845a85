//! What became of everything, as one page for people: no other file, and no network but for the pictures,
//! which are shown from where Plytix got them.
//!
//! The page is text that is the same for every run, with the run's results as JSON inside. Its script only
//! ever sets text, so nothing that a record holds can become a part of the page.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use indexmap::IndexMap;
use serde::Serialize;

use super::{FieldChange, Line, Status, Totals};
use crate::phase::Phase;
use crate::run::{RunDir, RunError, lines};

/// The page around the results.
const PAGE: &str = include_str!("page.html");

/// Where the results belong.
const PLACE: &str = "\"RESULTS\"";

/// A product on the page.
#[derive(Debug, Default, Serialize)]
struct Row {
    sku: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<FieldChange>,
    /// Relationship of a phase, with the SKUs at the other end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<(Phase, Vec<String>)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// Everything that the page shows.
#[derive(Serialize)]
struct Results<'a> {
    run: &'a str,
    started: String,
    account: &'a str,
    phases: &'a [String],
    dry_run: bool,
    totals: Vec<(&'static str, u64)>,
    rows: Vec<Row>,
}

impl Row {
    /// Adds what one phase did. A run that was taken up again tells of a product more than once; what it
    /// did counts more than that nothing was left to do.
    fn add(&mut self, line: Line) {
        let Line { phase, status, id, changes, linked, parted, images, error, .. } = line;
        self.id = id.or(self.id.take());
        match (phase, error) {
            (_, Some(error)) if status == Status::Failed => {
                let phase = phase.map(|phase| format!("{phase}: ")).unwrap_or_default();
                let error = format!("{phase}{error}");
                if !self.errors.contains(&error) {
                    self.errors.push(error);
                }
                self.status = Some(Status::Failed);
            }
            (_, Some(note)) => self.notes.push(note),
            (Some(phase @ (Phase::Hierarchy | Phase::Listings)), None) => {
                if parted.is_empty() {
                    self.links.push((phase, linked));
                } else {
                    self.notes.push(format!("no longer linked to {}", parted.join(", ")));
                }
                self.wrote();
            }
            (Some(Phase::Images), None) => {
                self.images = images;
                if status != Status::Unchanged {
                    self.wrote();
                }
            }
            (_, None) => {
                let weight = |status: Option<Status>| match status {
                    None => 0,
                    Some(Status::Unchanged) => 1,
                    Some(Status::Updated) => 2,
                    Some(Status::Created) => 3,
                    Some(Status::Failed) => 4,
                };
                if weight(Some(status)) > weight(self.status) {
                    self.status = Some(status);
                }
                self.changes.extend(changes);
            }
        }
    }

    /// Notes that something beside its values was written.
    fn wrote(&mut self) {
        if matches!(self.status, None | Some(Status::Unchanged)) {
            self.status = Some(Status::Updated);
        }
    }
}

/// What became of every product, what needs attention first.
fn rows(results: &Path) -> io::Result<Vec<Row>> {
    let mut rows: IndexMap<String, Row> = IndexMap::new();
    for line in lines::<Line>(results)? {
        let line = line?;
        let sku = match (&line.sku, line.records.first()) {
            (sku, Some(record)) if sku.is_empty() => {
                format!("{}, line {}", record.stream, record.line)
            }
            (sku, _) => sku.clone(),
        };
        rows.entry(sku.clone()).or_insert_with(|| Row { sku, ..Row::default() }).add(line);
    }
    let mut rows: Vec<Row> = rows.into_values().collect();
    rows.sort_by_key(|row| match row.status {
        Some(Status::Failed) => 0,
        Some(Status::Updated) => 1,
        Some(Status::Created) => 2,
        _ => 3,
    });
    Ok(rows)
}

/// Writes the page of a run.
///
/// # Errors
/// The run's files cannot be read, or the page cannot be written.
pub fn write(run: &RunDir, totals: &Totals, file: &Path) -> io::Result<()> {
    let asked = run.asked().map_err(|error| match error {
        RunError::File { source, .. } => source,
        error => io::Error::other(error),
    })?;
    let results = Results {
        run: run.id(),
        started: asked.started.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        account: &asked.api_url,
        phases: &asked.phases,
        dry_run: asked.dry_run,
        totals: totals.named(),
        rows: rows(&run.file("results.jsonl"))?,
    };
    let (before, after) = PAGE.split_once(PLACE).unwrap_or((PAGE, ""));
    let mut out = BufWriter::new(File::create(file)?);
    out.write_all(before.as_bytes())?;
    // Inside a script element only `<` could end the element or begin a comment.
    let json = serde_json::to_string(&results)?.replace('<', "\\u003c");
    out.write_all(json.as_bytes())?;
    out.write_all(after.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};

    use super::*;
    use crate::run::Asked;

    #[test]
    fn a_page_is_one_file_and_no_value_can_break_out_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let started = Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap();
        let api_url = "https://pim.example".to_owned();
        let asked = Asked { started, api_url, phases: vec![], dry_run: true, of: None };
        let run = RunDir::create(folder.path(), &asked).unwrap();
        let line = r#"{"sku":"A","phase":"products","status":"updated","changes":[{"field":"label","old":"x","new":"</script><b>1.50"}]}"#;
        std::fs::write(run.file("results.jsonl"), line).unwrap();
        let file = folder.path().join("page.html");
        write(&run, &Totals::default(), &file).unwrap();
        let page = std::fs::read_to_string(&file).unwrap();
        assert_eq!(page.matches("</script>").count(), PAGE.matches("</script>").count());
        assert!(page.contains(r#""new":"\u003c/script>\u003cb>1.50""#), "{page}");
        assert!(page.contains("2026-01-02 03:04:05 UTC") && page.contains(r#""dry_run":true"#));
        assert!(!page.contains(PLACE));
        for outside in ["src=\"http", "href=\"http", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn what_was_done_counts_more_than_that_nothing_was_left() {
        let folder = tempfile::tempdir().unwrap();
        let results = folder.path().join("results.jsonl");
        std::fs::write(
            &results,
            r#"{"sku":"A","phase":"products","status":"created","id":"1"}
{"sku":"A","phase":"products","status":"unchanged","id":"1"}
{"sku":"B","phase":"products","status":"unchanged","id":"2"}
{"sku":"B","phase":"images","status":"updated","images":["x"]}
{"sku":"C","phase":"products","status":"unchanged","id":"3"}
{"sku":"C","phase":"images","status":"unchanged","images":["x"]}
{"sku":"","status":"failed","error":"asin: missing","records":[{"stream":"s","line":5}]}
"#,
        )
        .unwrap();
        let rows = rows(&results).unwrap();
        let said: Vec<(&str, Status)> =
            rows.iter().map(|row| (row.sku.as_str(), row.status.unwrap())).collect();
        assert_eq!(
            said,
            [
                ("s, line 5", Status::Failed),
                ("B", Status::Updated),
                ("A", Status::Created),
                ("C", Status::Unchanged)
            ]
        );
    }
}
