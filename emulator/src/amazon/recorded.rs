//! Documents that are given to the emulator, and served exactly as they are.

use super::marketplace::Marketplace;
use serde::Deserialize;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One entry of `documents.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recorded {
    report_type: String,
    /// Country code or id; none or `*` is any.
    #[serde(default)]
    marketplace: Option<String>,
    /// Path of the bytes; in the listing, relative to its directory.
    pub(crate) file: PathBuf,
    /// `Content-Type` of the download.
    pub(crate) content_type: String,
    /// What getReportDocument says, whatever the bytes are.
    #[serde(default)]
    pub(crate) compression_algorithm: Option<String>,
    /// How the report ends.
    #[serde(default)]
    pub(crate) processing_status: Ending,
}

/// How a report with a given document ends, in Amazon's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Ending {
    /// The document holds the data.
    #[default]
    Done,
    /// The document says why there is none.
    Fatal,
    /// The document is not used.
    Cancelled,
}

/// All documents of a directory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Documents {
    entries: Vec<Arc<Recorded>>,
}

impl Documents {
    /// Reads `documents.json` in `directory`; every file that it names must exist.
    pub(crate) fn read(directory: &Path) -> io::Result<Self> {
        let listing = std::fs::read(directory.join("documents.json"))?;
        let mut entries: Vec<Recorded> = serde_json::from_slice(&listing)?;
        for entry in &mut entries {
            entry.file = directory.join(&entry.file);
            if !entry.file.is_file() {
                let message = format!("documents.json: {}: no such file", entry.file.display());
                return Err(io::Error::new(io::ErrorKind::NotFound, message));
            }
        }
        Ok(Self { entries: entries.into_iter().map(Arc::new).collect() })
    }

    /// The first document of `report_type` for `marketplace`.
    pub(crate) fn find(
        &self,
        report_type: &str,
        marketplace: &Marketplace,
    ) -> Option<Arc<Recorded>> {
        let is_meant = |entry: &Recorded| match entry.marketplace.as_deref() {
            None | Some("*") => true,
            Some(name) => name == marketplace.id || name == marketplace.country,
        };
        self.entries
            .iter()
            .find(|entry| entry.report_type == report_type && is_meant(entry))
            .cloned()
    }

    /// True if a document of `report_type` exists, for whichever marketplace.
    pub(crate) fn has(&self, report_type: &str) -> bool {
        self.entries.iter().any(|entry| entry.report_type == report_type)
    }
}
