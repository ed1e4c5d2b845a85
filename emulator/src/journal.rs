//! What was asked of the emulator, one JSON line a request, so that a test can count calls.
//!
//! A line never holds a token, a header or a query: an operation's own `detail` says what mattered.

use crate::clock::{Clock, Moment};
use chrono::SecondsFormat;
use serde::Serialize;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// One request and how it was answered.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    /// Who answered: `lwa`, `na`, `eu`, `fe`, `storage`, `plytix_auth` or `plytix_api`.
    pub(crate) service: &'static str,
    /// The vendor's name of the operation, or `unknown`.
    pub(crate) operation: &'static str,
    /// HTTP status of the answer.
    pub(crate) status: u16,
    /// HTTP method of the request.
    pub(crate) method: String,
    /// Path of the request, without its query.
    pub(crate) path: String,
    /// What the request was about, where its path does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<serde_json::Value>,
    /// The faults that were played on it, by their names in the script's documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<String>,
}

/// A file of [`Entry`] lines; every line is written before its request is answered.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    destination: Option<Arc<Destination>>,
}

/// The open file and the clock that dates its lines.
#[derive(Debug)]
struct Destination {
    file: Mutex<File>,
    clock: Clock,
}

/// An entry with its date, as it is written.
#[derive(Serialize)]
struct Line {
    time: String,
    /// Scaled time since the start, in seconds: what rates and windows go by.
    scaled_seconds: f64,
    #[serde(flatten)]
    entry: Entry,
}

impl Journal {
    /// A journal that keeps nothing.
    pub(crate) fn none() -> Self {
        Self { destination: None }
    }

    /// Starts the file at `path` anew.
    pub(crate) fn create(path: &Path, clock: Clock) -> io::Result<Self> {
        let file = Mutex::new(File::create(path)?);
        Ok(Self { destination: Some(Arc::new(Destination { file, clock })) })
    }

    /// Writes one line about a request that came just now.
    pub(crate) fn note(&self, entry: Entry) {
        if let Some(destination) = &self.destination {
            self.note_at(destination.clock.moment(), entry);
        }
    }

    /// Writes one line about a request that came at the time of `arrival`. The line is in the
    /// file, for every reader, when this returns.
    ///
    /// A line that cannot be written is given up: the emulator answers on, and a test that counts
    /// calls sees the line missing.
    pub(crate) fn note_at(&self, arrival: Moment, entry: Entry) {
        let Some(destination) = &self.destination else { return };
        let time = arrival.time.to_rfc3339_opts(SecondsFormat::Millis, true);
        let scaled_seconds = (arrival.scaled.as_secs_f64() * 1000.0).round() / 1000.0;
        let Ok(mut line) = serde_json::to_vec(&Line { time, scaled_seconds, entry }) else {
            return;
        };
        line.push(b'\n');
        let mut file = destination.file.lock().unwrap_or_else(PoisonError::into_inner);
        drop(file.write_all(&line));
    }
}
