//! A transaction that stays open from one piece of work to the next.

use std::collections::HashSet;

use indexmap::IndexMap;
use tokio_postgres::Client;

use super::load::{Load, Standing};
use super::{Attempt, Manner, Part};
use crate::failure::{Failure, is_lost_race};
use crate::plan::Plan;

/// Bytes of rows that are kept after they were sent, in case another writer undoes them.
const KEPT_BYTES: usize = 4 * 1024 * 1024;

/// A transaction that has begun, and how far each stream has come in it.
#[derive(Debug)]
pub(crate) struct Open {
    streams: IndexMap<String, Standing>,
    /// All that was spilled into it, as long as that is not much.
    kept: Option<Vec<Part>>,
}

impl Open {
    /// One in which nothing has been done.
    fn new() -> Self {
        Self { streams: IndexMap::new(), kept: Some(Vec::new()) }
    }

    /// Begins one that is committed at once.
    pub(super) async fn begin(client: &Client) -> Result<Self, Failure> {
        let begun = client.batch_execute("BEGIN").await;
        begun.map(|()| Self::new()).map_err(|error| Failure::of("BEGIN", &error))
    }

    /// Begins one that waits for more rows.
    ///
    /// A tap may pause, and the server may be set to end sessions that are idle in a transaction. How
    /// long it can take is limited by `batch_wait_limit_seconds`, so for this transaction it is not
    /// limited twice.
    pub(super) async fn waiting(client: &Client) -> Result<Self, Failure> {
        let statements = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0";
        let begun = client.batch_execute(statements).await;
        begun.map(|()| Self::new()).map_err(|error| Failure::of("BEGIN", &error))
    }

    /// Keeps rows that were sent, unless they are too many.
    pub(super) fn keep(&mut self, parts: Vec<Part>) {
        let mut kept = self.kept.take();
        if let Some(kept) = &mut kept {
            kept.extend(parts);
        }
        let bytes = |parts: &Vec<Part>| parts.iter().map(|part| part.rows.bytes()).sum::<usize>();
        self.kept = kept.filter(|kept| bytes(kept) <= KEPT_BYTES);
    }

    /// Gives up what was kept: all rows that were spilled, or none if they were too many.
    pub(super) fn take_kept(&mut self) -> Option<Vec<Part>> {
        self.kept.take()
    }

    /// Sends the rows of a part, to where [`Open::settle`] finds them.
    pub(super) async fn add(
        &mut self,
        client: &Client,
        new_tables: &mut HashSet<String>,
        part: &Part,
        manner: Manner,
    ) -> Result<(), Attempt> {
        let stream = &part.plan.table.stream;
        let others = self.streams.iter().filter(|(name, _)| *name != stream);
        let waiting = others.filter(|(_, standing)| standing.waits());
        let waiting: Vec<String> = waiting.map(|(_, standing)| standing.table.clone()).collect();
        let standing = self.streams.entry(stream.clone());
        let standing = standing.or_insert_with(|| Standing::of(&part.plan, part.is_first));
        let mut load = Load { client, plan: &part.plan, standing };
        load.add(part, new_tables, manner, &waiting).await
    }

    /// Makes a stream's table ready and brings all of its rows into it.
    pub(super) async fn settle(&mut self, client: &Client, plan: &Plan) -> Result<(), Attempt> {
        let Some(standing) = self.streams.get_mut(&plan.table.stream) else { return Ok(()) };
        Load { client, plan, standing }.settle().await
    }
}

/// Asks for the number of the transaction, and has its COMMIT wait for the disk where a role or a database
/// is set not to: a state that is printed must outlive a crash of the server.
const BEFORE_COMMIT: &str = "\
SELECT pg_catalog.txid_current(), CASE pg_catalog.current_setting('synchronous_commit')
  WHEN 'off' THEN pg_catalog.set_config('synchronous_commit', 'on', true) END";

/// Commits, after asking for the number by which the outcome can be found out later.
pub(super) async fn commit(client: &Client) -> Result<(), Attempt> {
    let row = client.query_typed_one(BEFORE_COMMIT, &[]).await;
    let number = row.and_then(|row| row.try_get::<_, i64>(0));
    let number = number.map_err(|error| Failure::of("COMMIT", &error))?;
    match client.batch_execute("COMMIT").await {
        Ok(()) => Ok(()),
        Err(error) if error.as_db_error().is_none() => Err(Attempt::Unknown(number)),
        // A deferred constraint can be violated here, and a standby can be out of reach.
        Err(error) if is_lost_race(&error) => Err(Attempt::LostRace(Failure::of("COMMIT", &error))),
        Err(error) => match Failure::of("COMMIT", &error) {
            Failure::Lost(_) => Err(Attempt::Unknown(number)),
            failure => Err(Attempt::Failed(failure)),
        },
    }
}

/// Ends a transaction that came to nothing. Where that fails the connection is lost, and the server
/// does the same.
pub(super) async fn roll_back(client: &Client) {
    let _ = client.batch_execute("ROLLBACK").await;
}
