//! What became of every record, one line each, for another program to read.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use serde::Serialize;

use super::{Line, RecordLine, Status};
use crate::phase::Phase;
use crate::run::lines;

/// A line of the report.
#[derive(Debug, Serialize)]
struct Outcome<'a> {
    #[serde(flatten)]
    record: &'a RecordLine,
    sku: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    status: Status,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    errors: &'a [String],
}

/// What the phases after the products have added.
#[derive(Debug, Default)]
pub(super) struct Later {
    /// Something was written.
    pub(super) written: bool,
    /// What could not be done, with the phase in front.
    pub(super) errors: Vec<String>,
}

/// What the later phases did with every product, by SKU. Links are noted at their source, and belong to the
/// products at their ends too.
///
/// # Errors
/// The file cannot be read.
pub(super) fn later(results: &Path) -> io::Result<HashMap<String, Later>> {
    let mut later: HashMap<String, Later> = HashMap::new();
    for line in lines::<Line>(results)? {
        let Line { sku, phase, status, linked, parted, error, .. } = line?;
        let Some(phase) = phase.filter(|phase| *phase != Phase::Products) else { continue };
        let mut entry = |sku: &str, error: Option<&String>| {
            let entry = later.entry(sku.to_owned()).or_default();
            match (status, error) {
                (Status::Failed, Some(error)) => entry.errors.push(format!("{phase}: {error}")),
                (Status::Created | Status::Updated, _) => entry.written = true,
                _ => {}
            }
        };
        for target in linked.iter().chain(&parted) {
            entry(target, None);
        }
        entry(&sku, error.as_ref());
    }
    Ok(later)
}

/// Writes what became of every record of a run.
///
/// # Errors
/// The run's results cannot be read, or the file cannot be written.
pub fn write(results: &Path, file: &Path) -> io::Result<()> {
    let later = later(results)?;
    let mut out = BufWriter::new(File::create(file)?);
    for line in lines::<Line>(results)? {
        let line = line?;
        if line.phase.is_some_and(|phase| phase != Phase::Products) {
            continue;
        }
        let after = later.get(&line.sku);
        let own = line.error.iter().cloned();
        let errors: Vec<String> =
            own.chain(after.into_iter().flat_map(|it| it.errors.iter().cloned())).collect();
        let status = status(&line, after);
        for record in &line.records {
            let outcome =
                Outcome { record, sku: &line.sku, id: line.id.as_deref(), status, errors: &errors };
            serde_json::to_writer(&mut out, &outcome)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()
}

/// What became of a product in all phases together.
pub(super) fn status(line: &Line, later: Option<&Later>) -> Status {
    match (line.status, later) {
        (_, Some(later)) if !later.errors.is_empty() => Status::Failed,
        (Status::Unchanged, Some(later)) if later.written => Status::Updated,
        (status, _) => status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_has_one_line_with_everything_that_went_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let results = folder.path().join("results.jsonl");
        let report = folder.path().join("report.jsonl");
        std::fs::write(
            &results,
            r#"{"sku":"A","phase":"products","status":"created","id":"1","records":[{"stream":"s","line":2},{"stream":"t","line":9,"externalId":"x"}]}
{"sku":"B","phase":"products","status":"unchanged","id":"2","records":[{"stream":"s","line":3}]}
{"sku":"C","phase":"products","status":"unchanged","id":"3","records":[{"stream":"s","line":4}]}
{"sku":"","status":"failed","error":"asin: missing","records":[{"stream":"s","line":5}]}
{"sku":"P","phase":"hierarchy","status":"updated","linked":["B"]}
{"sku":"A","phase":"images","status":"failed","error":"create asset: refused"}
{"torn"#,
        )
        .unwrap();
        write(&results, &report).unwrap();
        let said = std::fs::read_to_string(&report).unwrap();
        assert_eq!(
            said.lines().collect::<Vec<_>>(),
            [
                r#"{"stream":"s","line":2,"sku":"A","id":"1","status":"failed","errors":["images: create asset: refused"]}"#,
                r#"{"stream":"t","line":9,"externalId":"x","sku":"A","id":"1","status":"failed","errors":["images: create asset: refused"]}"#,
                r#"{"stream":"s","line":3,"sku":"B","id":"2","status":"updated"}"#,
                r#"{"stream":"s","line":4,"sku":"C","id":"3","status":"unchanged"}"#,
                r#"{"stream":"s","line":5,"sku":"","status":"failed","errors":["asin: missing"]}"#,
            ]
        );
    }
}
