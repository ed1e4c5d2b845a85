//! The one seam between the Singer protocol and a destination.

use serde_json::value::RawValue;

use crate::message::{Record, Schema};

/// A destination for Singer records.
///
/// This is all that a target has to say. Reading messages, deciding when to write, and deciding when
/// a state is true belong to [`crate::target`] and are the same for every destination.
///
/// ```text
///  schema, record, record, …      taken into memory, at once
///            │
///         commit ──▶ a future     everything taken so far, on its way to the destination,
///            │                    while the next records are already being taken
///            ▼
///   the state printed             when the future says that all of it is durable
/// ```
///
/// A destination that numbers the versions of its tables, stores states or has something to do at the
/// end says so through the methods that have a default.
pub trait Sink {
    /// What can go wrong at this destination.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Learns the shape of the records of a stream that follow.
    ///
    /// Called before the first record of a stream, and again whenever its schema changes; records
    /// that were taken under the earlier schema may still be waiting for a commit. Never called twice
    /// in a row with the same schema.
    fn schema(&mut self, schema: &Schema) -> Result<(), Self::Error>;

    /// Takes one record into memory, without waiting for anything but, at most, room in it: a
    /// destination may let records of a commit go ahead of it, as long as nobody sees them before.
    ///
    /// A record that this destination can never store is either an error, which ends the run, or kept
    /// as a failure to report: which of the two is the destination's promise to its users. After an
    /// error the record counts as not taken, and what was taken before it is still committed.
    fn record(&mut self, record: &Record<'_>) -> Result<(), Self::Error>;

    /// Gives up everything taken so far, as a future that makes it durable.
    ///
    /// The future owns what it writes, so that the next records can be taken while it runs; at most
    /// one runs at a time. When it succeeds, every record taken before this call would survive a crash
    /// of this process and of the destination, and `state` may be printed. A destination that can
    /// store `state` does so in the same transaction. The same records may come again after a crash,
    /// so writing is idempotent for streams that have keys; when a key occurs more than once, its last
    /// record wins.
    fn commit(
        &mut self,
        state: Option<&RawValue>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static;

    /// Learns that, once the input has ended, only rows of this version of a stream are to stay.
    ///
    /// Taps send this before or after the records of the version, so nothing may be deleted before the
    /// last commit, and nothing at all in a run that fails.
    fn activate_version(&mut self, stream: &str, version: i64) -> Result<Versions, Self::Error> {
        let _ = (stream, version);
        Ok(Versions::Ignored)
    }

    /// When a state is true here. The same for a whole run.
    fn states(&self) -> States {
        States::Printed
    }

    /// Learns that the input has ended and that nothing failed: the next commit is the last.
    ///
    /// Answers whether that commit has something to do even where no record waits for it.
    fn end(&mut self) -> bool {
        false
    }
}

/// What a destination makes of the versions of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// Rows of other versions will go.
    Kept,
    /// It keeps no versions; the message changes nothing.
    Ignored,
}

/// When a state is true at a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum States {
    /// With the commit of the records before it; at once where no record is before it.
    Printed,
    /// The same, but every state goes through a commit, because the destination stores it too.
    Stored,
    /// With the last commit, because only that makes the records of the run valid.
    AtTheEnd,
}
