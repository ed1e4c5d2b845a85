//! From a finished report to records: downloads its document and reads it at the same time.
//!
//! ```text
//!  getReportDocument ──▶ presigned URL ──▶ chunks ──▶ (a few of them) ──▶ document::load ──▶ Writer ──▶ pipe
//!  this task                                          blocking thread
//! ```
//!
//! The document is never whole in memory: the queue between download and reading holds a few chunks, so
//! a slow target slows the reading, and the reading slows the download.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use api_client::{DownloadError, Downloader};
use bytes::{Buf, Bytes};
use chrono::{DateTime, NaiveDate, Utc};
use tokio::sync::mpsc;

use crate::api::Api;
use crate::clock::Clock;
use crate::compat::Origin;
use crate::digest::Digesting;
use crate::document::{self, DocumentError, Facts, Feed, Loaded, Place};
use crate::streams::AsinGranularity;
use crate::writer::{Gathered, Writer};

/// Chunks that wait between the download and the reading.
const CHUNKS: usize = 8;

/// How often a document is downloaded that breaks off or whose address ends too early.
const ATTEMPTS: u32 = 3;

/// What is known of a report before its document is read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Amazon's identifier of the report, for messages.
    pub report_id: String,
    /// Amazon's name of the report's type.
    pub report_type: &'static str,
    /// Amazon's identifier of its document.
    pub document_id: String,
    /// What the report covers.
    pub place: Place,
    /// The end of the report's window, exclusive; nothing for a picture of the present.
    pub until: Option<DateTime<Utc>>,
    /// The day of a daily report, or the first day of the period that a report is about.
    pub day: Option<NaiveDate>,
    /// The granularity that a sales and traffic report was asked for with.
    pub asin_granularity: AsinGranularity,
    /// The streams that it feeds.
    pub feeds: Vec<Feed>,
    /// Settlements that other documents have brought.
    pub settlements: BTreeSet<String>,
}

/// What came of a document.
#[derive(Debug)]
pub struct Outcome {
    /// What was found in it.
    pub loaded: Loaded,
    /// A digest of its records; see [`Digesting`].
    pub digest: String,
    /// The values that the writer gathered of its marketplace; see [`Writer::gathered`].
    pub gathered: Gathered,
}

/// Why a document did not become records.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] api_client::Error),
    /// The document cannot be downloaded.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The document cannot be read.
    #[error(transparent)]
    Document(DocumentError),
    /// The messages have no reader any more. This ends the run.
    #[error("cannot write messages")]
    Output(#[source] io::Error),
}

impl LoadError {
    /// Whether Amazon no longer has the document, so that the report must be asked for anew.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Call(error) if error.refusal().is_some_and(|it| it.status == 404))
    }
}

/// Downloads a report's document and writes its records.
///
/// A document that breaks off is read again from its beginning, so records may go out twice: with keys
/// that is harmless, and a gap would not be.
pub async fn load(
    api: &Api,
    downloader: &Downloader,
    writer: &Arc<Mutex<Writer>>,
    source: &Source,
    clock: Clock,
) -> Result<Outcome, LoadError> {
    let mut attempt = 1;
    loop {
        let error = match once(api, downloader, writer, source, clock).await {
            Err(error) if attempt < ATTEMPTS && is_worth_another_download(&error) => error,
            outcome => return outcome,
        };
        tracing::warn!(report_id = source.report_id, "downloading again: {error}");
        attempt += 1;
    }
}

fn is_worth_another_download(error: &LoadError) -> bool {
    match error {
        LoadError::Download(DownloadError::Expired | DownloadError::Broken { .. }) => true,
        LoadError::Document(error) => error.is_cut_off(),
        _ => false,
    }
}

/// One download and one reading of a document.
async fn once(
    api: &Api,
    downloader: &Downloader,
    writer: &Arc<Mutex<Writer>>,
    source: &Source,
    clock: Clock,
) -> Result<Outcome, LoadError> {
    let url = api.report_document(source.report_type, &source.document_id).await?.url;
    let mut document = downloader.open(&url).await?;
    let content_type = document.content_type.clone();
    let (sender, chunks) = mpsc::channel(CHUNKS);
    let reading = tokio::task::spawn_blocking({
        let (source, writer) = (source.clone(), Arc::clone(writer));
        move || {
            read(
                Chunks { receiver: chunks, current: Bytes::new() },
                content_type.as_deref(),
                &source,
                &writer,
                clock,
            )
        }
    });
    let broken = loop {
        match document.chunk().await {
            Ok(Some(chunk)) => {
                if sender.send(Ok(chunk)).await.is_err() {
                    break None;
                }
            }
            Ok(None) => break None,
            Err(error) => {
                let _ = sender.send(Err(io::Error::other("the download broke off"))).await;
                break Some(error);
            }
        }
    };
    drop(sender);
    let outcome = match reading.await {
        Ok(outcome) => outcome,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => std::future::pending().await,
        },
    };
    match (outcome, broken) {
        (Err(LoadError::Document(_)), Some(broken)) => Err(LoadError::Download(broken)),
        (outcome, _) => outcome,
    }
}

/// Reads a document on a thread that may wait.
fn read(
    chunks: Chunks,
    content_type: Option<&str>,
    source: &Source,
    writer: &Mutex<Writer>,
    clock: Clock,
) -> Result<Outcome, LoadError> {
    let facts = Facts {
        report_id: &source.report_id,
        content_type,
        place: source.place,
        day: source.day,
        asin_granularity: source.asin_granularity,
        settlements: &source.settlements,
    };
    let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
    let (report_id, until) = (source.report_id.clone(), source.until);
    let origin = Origin { report_id, until, extracted_at: None };
    writer.extracted_at(clock.now(), origin);
    let mut digesting = Digesting::new(&mut *writer);
    let loaded = document::load(chunks, &facts, &source.feeds, &mut digesting);
    let digest = digesting.digest();
    let gathered = match source.place {
        Place::Marketplace(marketplace) => writer.gathered(marketplace.id),
        Place::Region(_) => Gathered::new(),
    };
    match loaded {
        Ok(loaded) => Ok(Outcome { loaded, digest, gathered }),
        Err(DocumentError::Emit(_)) => {
            let failure = writer.take_failure();
            Err(LoadError::Output(failure.unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())))
        }
        Err(error) => Err(LoadError::Document(error)),
    }
}

/// The chunks of a download, as something that a blocking reader can read.
struct Chunks {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.receiver.blocking_recv() {
                Some(chunk) => self.current = chunk?,
                None => return Ok(0),
            }
        }
        let length = self.current.len().min(buffer.len());
        let (target, _) = buffer.split_at_mut(length);
        self.current.copy_to_slice(target);
        Ok(length)
    }
}
