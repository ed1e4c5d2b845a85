//! How Plytix is set up: its limits, and what the account holds at the start.

use serde_json::Value;
use std::fs::read_to_string;
use std::io;
use std::path::{Path, PathBuf};

/// What can be chosen about Plytix.
#[derive(Debug, Clone, clap::Args)]
pub struct PlytixSettings {
    /// Requests that Plytix admits in ten seconds, as recorded tokens say.
    #[arg(long = "plytix-requests-per-10-seconds", value_name = "N", default_value_t = 20)]
    pub requests_per_10_seconds: u32,
    /// Requests that Plytix admits in an hour, as recorded tokens say.
    #[arg(long = "plytix-requests-per-hour", value_name = "N", default_value_t = 5_000)]
    pub requests_per_hour: u32,
    /// Where Plytix says how long to wait after too many requests.
    #[arg(long = "plytix-retry-after", value_enum, default_value_t)]
    pub retry_after: RetryAfter,
    /// Seconds, in real time, that a search of Plytix does not show a new product yet.
    #[arg(long = "plytix-search-lag", value_name = "SECONDS", default_value_t = 0.0)]
    pub search_lag: f64,
    /// Products of Amazon's catalogue that Plytix holds as the seller's own too.
    #[arg(long = "plytix-canonicals", value_name = "N", default_value_t = 0)]
    pub canonicals: u64,
    /// Products that Plytix holds at the start: bodies of product creations, one JSON object a line.
    #[arg(long = "plytix-products", value_name = "FILE")]
    pub products: Option<PathBuf>,
    /// Write what Plytix holds to FILE at the end, one product a line.
    #[arg(long = "plytix-dump", value_name = "FILE")]
    pub dump: Option<PathBuf>,
}

impl Default for PlytixSettings {
    fn default() -> Self {
        Self {
            requests_per_10_seconds: 20,
            requests_per_hour: 5_000,
            retry_after: RetryAfter::default(),
            search_lag: 0.0,
            canonicals: 0,
            products: None,
            dump: None,
        }
    }
}

/// Where a 429 says how long to wait. Production showed it in the header; callers report the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum RetryAfter {
    /// In the header and in the body.
    #[default]
    Both,
    /// In the header only.
    Header,
    /// In the body only.
    Body,
}

/// A product of the seller's own, made after one of Amazon's catalogue.
#[derive(Debug, Clone)]
pub(crate) struct Canonical {
    /// The manufacturer's number, which is its SKU.
    pub(crate) model: String,
    /// Name for people.
    pub(crate) label: String,
    /// Its bar code, 12 digits.
    pub(crate) upc: Option<String>,
}

/// Reads the bodies of product creations, one a line.
pub(super) fn products(path: &Path) -> io::Result<Vec<Value>> {
    let text = read_to_string(path)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str(line).map_err(io::Error::from)).collect()
}
