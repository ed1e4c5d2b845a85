//! One flush: everything that was taken since the last one, in one transaction.
//!
//! ```text
//!  BEGIN
//!    what has to change about the tables
//!    per stream   COPY into staging, then INSERT … ON CONFLICT
//!                 COPY into the table itself, where no key should be there already
//!    at the end   rows of old versions go, overwritten tables are filled, the user's last words
//!    the state
//!  COMMIT         an unknown outcome is asked for by the transaction's number
//! ```
//!
//! `MERGE` would do what `INSERT … ON CONFLICT` does, and in batches of 100,000 rows does it faster. In
//! batches of the size that bounded memory allows, PostgreSQL 15 joins each of them with the whole
//! table: loading 300,000 unchanged rows again took twice as long, and more the larger the table.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::SinkExt as _;
use tokio::time::Instant;
use tokio_postgres::{Client, Transaction};

use crate::actual;
use crate::change::Change;
use crate::config::Config;
use crate::copy::{HEADER, TRAILER};
use crate::database::AsyncWork;
use crate::ending::Ending;
use crate::failure::{Failure, copied, is_lost_race};
use crate::name::Identifier;
use crate::plan::Plan;
use crate::rows::Batch;
use crate::session::{Outcome, Session};
use crate::table::Table;
use crate::{sql, state};

/// Attempts at one flush, where other writers are in the way.
const ATTEMPTS: usize = 3;

/// Everything that one transaction makes durable.
#[derive(Debug)]
pub struct Flush {
    /// The settings.
    pub config: Arc<Config>,
    /// Rows, by the plan that they were encoded for, in the order in which they came.
    pub parts: Vec<Part>,
    /// The state that is stored with them.
    pub state: Option<String>,
    /// What is done once all rows are there, in the last flush of a run.
    pub ending: Option<Ending>,
    /// The time that is written into the state's row.
    pub now: DateTime<Utc>,
}

/// Rows of one stream.
#[derive(Debug)]
pub struct Part {
    /// How they are loaded.
    pub plan: Arc<Plan>,
    /// Whether the steps of the plan still have to be taken.
    pub is_first: bool,
    /// The rows; may be none.
    pub rows: Batch,
}

/// How much is risked for speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// A new table is filled without staging, which fails where another writer is faster.
    Fast,
    /// Every row is staged.
    Careful,
}

/// Why an attempt came to nothing.
enum Attempt {
    /// Another writer was in the way.
    LostRace(Failure),
    /// The outcome of the transaction of this number is not known.
    Unknown(i64),
    /// For good.
    Failed(Failure),
}

impl From<Failure> for Attempt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl AsyncWork<()> for Flush {
    async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let started = Instant::now();
        let mut manner = Manner::Fast;
        let mut lost = None;
        for _ in 0..ATTEMPTS {
            match self.attempt(session, manner).await {
                Ok(()) => {
                    tracing::debug!(
                        "{} streams written in {:?}",
                        self.parts.len(),
                        started.elapsed()
                    );
                    return Ok(());
                }
                Err(Attempt::Failed(failure)) => return Err(failure),
                Err(Attempt::Unknown(transaction)) => {
                    return match session.outcome(transaction).await? {
                        Outcome::Committed => Ok(()),
                        Outcome::Undone => Err(Failure::Lost("during COMMIT".to_owned())),
                    };
                }
                Err(Attempt::LostRace(failure)) => {
                    tracing::info!("{failure}; trying again");
                    manner = Manner::Careful;
                    lost = Some(failure);
                }
            }
        }
        Err(lost.unwrap_or(Failure::Unknown))
    }
}

impl Flush {
    /// Makes everything durable, or nothing.
    async fn attempt(&self, session: &mut Session, manner: Manner) -> Result<(), Attempt> {
        let (connection, new_tables) = session.usable().await?;
        let begin = connection.client.transaction().await;
        let transaction = begin.map_err(|error| Failure::of("BEGIN", &error))?;
        for part in &self.parts {
            let client = transaction.client();
            let mut load = Load { client, part, manner, new_tables: &mut *new_tables };
            if part.is_first {
                load.prepare().await?;
            }
            if !part.rows.is_empty() {
                load.rows().await?;
            }
        }
        if let Some(ending) = &self.ending {
            ending.run(transaction.client(), &self.config, self.now).await?;
        }
        self.store_state(transaction.client()).await?;
        commit(transaction).await
    }

    /// Stores the state, where states are stored.
    async fn store_state(&self, client: &Client) -> Result<(), Failure> {
        let (Some(value), Some(id)) = (&self.state, &self.config.state_id) else { return Ok(()) };
        state::write(client, &self.config.namespace()?, id, value, self.now).await
    }
}

/// Commits, after asking for the number by which the outcome can be found out later.
async fn commit(transaction: Transaction<'_>) -> Result<(), Attempt> {
    let number = "SELECT pg_catalog.txid_current()";
    let row = transaction.query_typed_one(number, &[]).await;
    let number = row.and_then(|row| row.try_get::<_, i64>(0));
    let number = number.map_err(|error| Failure::of("COMMIT", &error))?;
    match transaction.commit().await {
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

/// Takes the steps that change a table.
pub(crate) async fn take(client: &Client, table: &Table, steps: &[Change]) -> Result<(), Failure> {
    for step in steps {
        // Another stream of this run may have needed the namespace first.
        if let Change::CreateNamespace(namespace) = step
            && actual::has_namespace(client, namespace)
                .await
                .map_err(|error| Failure::of(&table.stream, &error))?
        {
            continue;
        }
        for statement in sql::statements(step, table) {
            execute(client, &table.stream, &statement).await?;
        }
    }
    Ok(())
}

/// Makes the indexes that are asked for.
pub(crate) async fn index(client: &Client, plan: &Plan, table: &Table) -> Result<(), Failure> {
    for columns in &plan.indexes {
        let names: Vec<String> = columns.iter().map(ToString::to_string).collect();
        let words: Vec<&str> = columns.iter().map(Identifier::as_str).collect();
        let statement = format!(
            "CREATE INDEX IF NOT EXISTS {} ON {}.{} ({})",
            table.name.beside(&format!("_{}_idx", words.join("_"))),
            table.namespace,
            table.name,
            names.join(", ")
        );
        execute(client, &table.stream, &statement).await?;
    }
    Ok(())
}

/// Runs statements that give no rows.
pub(crate) async fn execute(
    client: &Client,
    subject: &str,
    statements: &str,
) -> Result<(), Failure> {
    client.batch_execute(statements).await.map_err(|error| Failure::of(subject, &error))
}

/// The load of one part.
struct Load<'a> {
    client: &'a Client,
    part: &'a Part,
    manner: Manner,
    new_tables: &'a mut HashSet<String>,
}

impl Load<'_> {
    /// Makes the table ready.
    async fn prepare(&self) -> Result<(), Failure> {
        let plan = &self.part.plan;
        if plan.drops_first {
            execute(self.client, &plan.table.stream, &sql::drop_table(&plan.table)).await?;
        }
        take(self.client, &plan.table, &plan.steps).await?;
        if plan.replaces.is_none() {
            index(self.client, plan, &plan.table).await?;
        }
        Ok(())
    }

    /// Brings the rows into the table.
    async fn rows(&mut self) -> Result<(), Attempt> {
        let table = &self.part.plan.table;
        if table.key.is_empty() {
            return self.copy(&sql::copy_into(table)).await;
        }
        if self.manner == Manner::Fast && self.is_new().await? && self.straight().await? {
            return Ok(());
        }
        execute(self.client, &table.stream, &sql::staging(table)).await?;
        self.copy(&sql::copy(table)).await?;
        let is_unique = self.part.plan.is_unique;
        let statement = if is_unique { sql::upsert(table) } else { sql::merge(table) };
        let done = self.client.batch_execute(&statement).await;
        done.map_err(|error| self.refusal(&error))?;
        // Another part of this transaction may be of the same table.
        Ok(execute(self.client, &table.stream, &sql::drop_staging(table)).await?)
    }

    /// Whether the table had no rows when this run first looked, so that most keys must be new.
    async fn is_new(&mut self) -> Result<bool, Failure> {
        let table = &self.part.plan.table;
        if !self.part.is_first {
            return Ok(self.new_tables.contains(&self.name()));
        }
        let statement =
            format!("SELECT NOT EXISTS (SELECT FROM {}.{})", table.namespace, table.name);
        let row = self.client.query_typed_one(&statement, &[]).await;
        let empty = row.and_then(|row| row.try_get(0));
        let empty = empty.map_err(|error| Failure::of(&table.stream, &error))?;
        if empty {
            self.new_tables.insert(self.name());
        }
        Ok(empty)
    }

    /// Copies rows into a table that is new, without staging them; says whether that went well.
    ///
    /// Takes about half the time of the way through a staging table. The first key that is there already undoes the
    /// copy, and the table is no longer taken for new.
    async fn straight(&mut self) -> Result<bool, Attempt> {
        let table = &self.part.plan.table;
        execute(self.client, &table.stream, "SAVEPOINT straight").await?;
        match self.copy(&sql::copy_into(table)).await {
            Ok(()) => {
                execute(self.client, &table.stream, "RELEASE SAVEPOINT straight").await?;
                Ok(true)
            }
            Err(Attempt::LostRace(_)) => {
                execute(self.client, &table.stream, "ROLLBACK TO SAVEPOINT straight").await?;
                self.new_tables.remove(&self.name());
                Ok(false)
            }
            Err(attempt) => Err(attempt),
        }
    }

    /// The table's name among others.
    fn name(&self) -> String {
        let table = &self.part.plan.table;
        format!("{}.{}", table.namespace, table.name)
    }

    /// Sends the rows.
    async fn copy(&self, statement: &str) -> Result<(), Attempt> {
        let told = |error| self.refusal(&error);
        let sink = self.client.copy_in::<_, Bytes>(statement).await.map_err(told)?;
        let mut sink = std::pin::pin!(sink);
        let sent = async {
            sink.feed(Bytes::from_static(HEADER)).await?;
            for piece in self.part.rows.pieces() {
                sink.send(piece).await?;
            }
            sink.send(Bytes::from_static(TRAILER)).await?;
            sink.as_mut().finish().await
        };
        match sent.await {
            Ok(_) => Ok(()),
            // When the server refuses a row in the middle of it, sending fails without saying why; the
            // reason comes with the end.
            Err(error) if error.as_db_error().is_none() && !self.client.is_closed() => {
                let reason = sink.finish().await.err().unwrap_or(error);
                Err(self.refusal(&reason))
            }
            Err(error) => Err(self.refusal(&error)),
        }
    }

    /// What the server refuses, with the line of the input if it is about a row.
    fn refusal(&self, error: &tokio_postgres::Error) -> Attempt {
        let stream = &self.part.plan.table.stream;
        let failure = Failure::of(stream, error);
        let place = error.as_db_error().and_then(copied);
        let line = place.and_then(|place| self.part.rows.line(place.row));
        let failure = match (failure, line) {
            (Failure::Refused { reason, .. }, Some(line)) => {
                Failure::Row { stream: stream.clone(), line, reason }
            }
            (failure, _) => failure,
        };
        if is_lost_race(error) { Attempt::LostRace(failure) } else { Attempt::Failed(failure) }
    }
}
