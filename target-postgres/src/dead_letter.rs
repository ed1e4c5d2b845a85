//! Records that could not become rows, kept where a person can look at them.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::failure::Failure;

/// A file of records, one JSON object a line; made when the first one comes.
#[derive(Debug)]
pub struct DeadLetters {
    path: PathBuf,
    file: Option<File>,
    /// What was not written yet.
    lines: Vec<u8>,
}

/// One line of the file.
#[derive(Debug, Serialize)]
struct Letter<'a> {
    stream: &'a str,
    /// The line of the input, counted from 1.
    line: u64,
    reason: String,
    record: &'a RawValue,
}

impl DeadLetters {
    /// A file that is not opened yet.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, lines: Vec::new() }
    }

    /// Adds a record. It is safe once [`DeadLetters::sync`] has returned.
    pub fn add(
        &mut self,
        stream: &str,
        line: u64,
        reason: &Failure,
        record: &RawValue,
    ) -> Result<(), Failure> {
        let letter = Letter { stream, line, reason: reason.to_string(), record };
        serde_json::to_writer(&mut self.lines, &letter)
            .map_err(|error| self.refusal(error.into()))?;
        self.lines.push(b'\n');
        // Bad input must not fill the memory.
        if self.lines.len() > 1024 * 1024 { self.write() } else { Ok(()) }
    }

    /// Makes everything that was added safe against a crash.
    pub fn sync(&mut self) -> Result<(), Failure> {
        if self.lines.is_empty() && self.file.is_none() {
            return Ok(());
        }
        self.write()?;
        let synced = self.file.as_ref().map_or(Ok(()), File::sync_data);
        synced.map_err(|source| self.refusal(source))
    }

    /// Writes what was not written yet behind what the file holds.
    fn write(&mut self) -> Result<(), Failure> {
        let file = match self.file.take() {
            Some(file) => Ok(file),
            None => OpenOptions::new().create(true).append(true).open(&self.path),
        };
        let written = file.and_then(|mut file| {
            file.write_all(&self.lines)?;
            Ok(file)
        });
        self.file = Some(written.map_err(|source| self.refusal(source))?);
        self.lines.clear();
        Ok(())
    }

    fn refusal(&self, source: std::io::Error) -> Failure {
        Failure::DeadLetter { path: self.path.display().to_string(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_kept_with_its_reason_behind_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead.jsonl");
        std::fs::write(&path, "earlier\n").unwrap();
        let mut letters = DeadLetters::at(&path);
        letters.sync().unwrap();
        let record = RawValue::from_string(r#"{"price":1.10}"#.to_owned()).unwrap();
        let reason = Failure::NotFound { property: "price".to_owned(), table: "t".to_owned() };
        letters.add("orders", 7, &reason, &record).unwrap();
        letters.sync().unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            concat!(
                "earlier\n",
                r#"{"stream":"orders","line":7,"reason":"price: no row of t has this value; add one","record":{"price":1.10}}"#,
                "\n"
            )
        );
    }
}
