//! What is told of the runs in a folder.

use std::fmt::Write as _;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::directory::{Asked, Checkpoint, RunDir, RunError, get};
use super::lines;
use super::retention::{Retention, runs, standings};

/// All runs in a folder, the oldest first, one line each.
///
/// # Errors
/// The folder is there and cannot be read.
pub fn list(folder: &Path, retention: Retention, now: DateTime<Utc>) -> Result<String, RunError> {
    let runs = runs(folder).map_err(|source| RunError::File { path: folder.to_owned(), source })?;
    // What the run does that begins next.
    let over = retention.over(&runs, 1, now);
    let mut text = format!("{:<20} {:<12} {:<12} {}\n", "run", "state", "kept until", "products");
    for (run, standing) in runs.iter().zip(standings(&runs)) {
        let until = if over.contains(&run.id.as_str()) {
            "next run".to_owned()
        } else {
            retention.end(run).format("%Y-%m-%d").to_string()
        };
        let totals = run.checkpoint.as_ref().map(|checkpoint| checkpoint.totals.to_string());
        let totals = totals.unwrap_or_else(|| "nothing was finished".to_owned());
        let _ = writeln!(text, "{:<20} {:<12} {until:<12} {totals}", run.id, standing.word());
    }
    Ok(text)
}

/// Everything that a run has noted about itself, for people.
///
/// # Errors
/// There is no such run, or it cannot be read.
pub fn show(folder: &Path, id: &str) -> Result<String, RunError> {
    let run = RunDir::find(folder, id)?;
    let path = run.join("run.json");
    let asked: Asked = get(&path).map_err(|source| RunError::File { path, source })?;
    let mut text = String::new();
    let _ = writeln!(text, "run      {id}");
    let _ = writeln!(text, "started  {}", asked.started.format("%Y-%m-%d %H:%M:%S UTC"));
    let _ = writeln!(text, "account  {}", asked.api_url);
    let _ = writeln!(text, "phases   {}", asked.phases.join(", "));
    if let Some(of) = &asked.of {
        let _ = writeln!(text, "of run   {of}");
    }
    match get::<Checkpoint>(&run.join("checkpoint.json")) {
        Ok(checkpoint) => {
            let state = if checkpoint.complete { "complete" } else { "unfinished" };
            let _ = writeln!(text, "state    {state}, {} commits", checkpoint.commits);
            text.push_str(&checkpoint.totals.lines());
        }
        Err(_) => text.push_str("state    unfinished, no commit\n"),
    }
    let failures = lines::<serde_json::Value>(&run.join("failures.jsonl"));
    for failure in failures.into_iter().flatten().flatten() {
        let said = |name: &str| failure.get(name).and_then(|it| it.as_str()).unwrap_or("");
        let _ = writeln!(text, "failed   {}: {}: {}", said("sku"), said("phase"), said("error"));
    }
    Ok(text)
}
