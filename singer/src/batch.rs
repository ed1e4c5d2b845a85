//! Reads the files that a BATCH message names: one bare record a line.
//!
//! A tap that has much to say may write it into files and name them. Only local files of JSON lines are
//! read, plain or compressed with gzip; anything else is refused by name, because a target that fetched
//! whatever a message names would be a way into the network around it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;
use serde_json::value::RawValue;
use url::Url;

use crate::message::BatchFiles;

/// Bytes of a file that are held at a time.
const READ_SIZE: usize = 256 * 1024;

/// The longest record that is accepted, as for lines of the stream itself.
const LONGEST_LINE: u64 = 256 * 1024 * 1024;

/// Why a file of a batch cannot be read. The text never holds a part of it.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The files are written in a way that nothing here reads.
    #[error(
        "BATCH files of format `{format}` and compression `{compression}` are not supported; let the tap write jsonl with gzip or none"
    )]
    Encoding {
        /// The format that the message names.
        format: String,
        /// The compression that the message names.
        compression: String,
    },
    /// A file is not on this machine.
    #[error("file {number} of the BATCH is not a file:// URL; only local files are read")]
    NotLocal {
        /// Its place in the manifest, counted from 1.
        number: usize,
    },
    /// A file cannot be read.
    #[error("{}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system or the decoder says.
        source: io::Error,
    },
    /// A line is not one JSON value.
    #[error("{}: line {line}, column {column}: not JSON", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// Where reading stopped, counted in bytes from 1.
        column: usize,
    },
}

/// The records of the files of one BATCH message, in the order of its manifest.
pub struct Records {
    /// The stream that the records belong to.
    pub stream: String,
    /// The version of the stream's table that they belong to.
    pub version: Option<i64>,
    compressed: Compressed,
    /// Files that were not opened yet, the next one last.
    rest: Vec<PathBuf>,
    open: Option<OpenFile>,
    /// The record that was given out last.
    line: Vec<u8>,
}

impl std::fmt::Debug for Records {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Records")
            .field("stream", &self.stream)
            .field("rest", &self.rest)
            .finish_non_exhaustive()
    }
}

/// Whether the files are compressed.
#[derive(Debug, Clone, Copy)]
enum Compressed {
    Gzip,
    No,
}

/// The file that is being read.
struct OpenFile {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    /// Lines read so far.
    line: u64,
}

impl Records {
    /// The records of `files`, none of which is opened yet.
    pub fn of(files: &BatchFiles<'_>) -> Result<Self, BatchError> {
        let compressed = match (files.format.as_ref(), files.compression.as_ref()) {
            ("jsonl", "none" | "") => Compressed::No,
            ("jsonl", "gzip") => Compressed::Gzip,
            (format, compression) => {
                let (format, compression) = (format.to_owned(), compression.to_owned());
                return Err(BatchError::Encoding { format, compression });
            }
        };
        let mut rest = Vec::new();
        for (index, address) in files.manifest.iter().enumerate() {
            let path = Url::parse(address)
                .ok()
                .filter(|url| url.scheme() == "file")
                .and_then(|url| url.to_file_path().ok())
                .ok_or(BatchError::NotLocal { number: index + 1 })?;
            rest.push(path);
        }
        rest.reverse();
        Ok(Self {
            stream: files.stream.to_string(),
            version: files.version,
            compressed,
            rest,
            open: None,
            line: Vec::new(),
        })
    }

    /// The next record and the length of its line; nothing after the last one.
    pub fn next_record(&mut self) -> Result<Option<(&RawValue, usize)>, BatchError> {
        loop {
            if self.open.is_none() {
                let Some(path) = self.rest.pop() else { return Ok(None) };
                self.open = Some(OpenFile::open(path, self.compressed)?);
            }
            let Some(file) = &mut self.open else { continue };
            if !file.read(&mut self.line)? {
                self.open = None;
            } else if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        let length = self.line.len();
        match serde_json::from_slice(&self.line) {
            Ok(record) => Ok(Some((record, length))),
            Err(error) => {
                let (path, line) = self
                    .open
                    .as_ref()
                    .map(|file| (file.path.clone(), file.line))
                    .unwrap_or_default();
                Err(BatchError::Syntax { path, line, column: error.column() })
            }
        }
    }
}

impl OpenFile {
    fn open(path: PathBuf, compressed: Compressed) -> Result<Self, BatchError> {
        let file = File::open(&path)
            .map_err(|source| BatchError::Unreadable { path: path.clone(), source })?;
        let reader: Box<dyn BufRead + Send> = match compressed {
            Compressed::No => Box::new(BufReader::with_capacity(READ_SIZE, file)),
            Compressed::Gzip => {
                Box::new(BufReader::with_capacity(READ_SIZE, MultiGzDecoder::new(file)))
            }
        };
        Ok(Self { path, reader, line: 0 })
    }

    /// Reads the next line into `line`, unless the file has ended.
    fn read(&mut self, line: &mut Vec<u8>) -> Result<bool, BatchError> {
        line.clear();
        let length = (&mut self.reader)
            .take(LONGEST_LINE)
            .read_until(b'\n', line)
            .map_err(|source| BatchError::Unreadable { path: self.path.clone(), source })?;
        self.line += 1;
        Ok(length > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn files(
        format: &'static str,
        compression: &'static str,
        manifest: Vec<String>,
    ) -> BatchFiles<'static> {
        BatchFiles {
            stream: "s".into(),
            format: format.into(),
            compression: compression.into(),
            manifest,
            version: None,
        }
    }

    fn all(mut records: Records) -> Result<Vec<String>, BatchError> {
        let mut all = Vec::new();
        while let Some((record, _)) = records.next_record()? {
            all.push(record.get().to_owned());
        }
        Ok(all)
    }

    fn address(path: &std::path::Path) -> String {
        Url::from_file_path(path).unwrap().to_string()
    }

    #[test]
    fn files_are_read_in_the_order_of_the_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("b 1"), folder.path().join("a"));
        std::fs::write(&one, "{\"a\":1.10}\n\n{\"a\":2}").unwrap();
        std::fs::write(&two, "{\"a\":3}\r\n").unwrap();
        let records = Records::of(&files("jsonl", "none", vec![address(&one), address(&two)]));
        assert_eq!(all(records.unwrap()).unwrap(), [r#"{"a":1.10}"#, r#"{"a":2}"#, r#"{"a":3}"#]);
    }

    #[test]
    fn every_member_of_a_compressed_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gz");
        let mut bytes = Vec::new();
        for text in ["{\"a\":1}\n", "{\"a\":2}\n"] {
            let mut encoder = GzEncoder::new(&mut bytes, Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap();
        }
        std::fs::write(&path, bytes).unwrap();
        let records = Records::of(&files("jsonl", "gzip", vec![address(&path)])).unwrap();
        assert_eq!(all(records).unwrap(), [r#"{"a":1}"#, r#"{"a":2}"#]);
    }

    #[test]
    fn what_is_not_a_local_file_of_json_lines_is_refused_by_name() {
        let refusal = |format, compression, address: &str| {
            Records::of(&files(format, compression, vec![address.to_owned()]))
                .unwrap_err()
                .to_string()
        };
        assert!(refusal("parquet", "none", "file:///a").contains("`parquet`"));
        assert!(refusal("jsonl", "zstd", "file:///a").contains("`zstd`"));
        assert_eq!(
            refusal("jsonl", "none", "s3://bucket/a?signature=hunter2"),
            "file 1 of the BATCH is not a file:// URL; only local files are read"
        );
    }

    #[test]
    fn a_line_that_is_not_json_is_named_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "{\"a\":1}\n{\"hunter2\":x}\n").unwrap();
        let records = Records::of(&files("jsonl", "none", vec![address(&path)])).unwrap();
        let error = all(records).unwrap_err().to_string();
        assert!(error.ends_with("a: line 2, column 12: not JSON"), "{error}");
    }
}
