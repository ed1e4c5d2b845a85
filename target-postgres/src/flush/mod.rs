//! One flush: everything that was taken since the last one, in one transaction.
//!
//! ```text
//!  rows fill a chunk      BEGIN, unless it has begun
//!                           per stream   which rows differ from those of the table
//!                                        COPY of these into staging
//!                                        COPY into the table itself, where no key should be there already
//!  …                        further chunks the same way
//!  a flush is due           what has to change about the tables
//!                           per stream   COPY the rest, then one statement for all that was staged
//!                           at the end   rows of old versions go, overwritten tables are filled, the
//!                                        user's last words
//!                           the state
//!                         COMMIT         an unknown outcome is asked for by the transaction's number
//! ```
//!
//! The rows wait at the server and not in memory, so that one statement can compare many thousands of
//! them with the table: PostgreSQL looks keys up one by one in small batches and joins large ones. The
//! first few chunks are kept, so that a small flush can be tried again. Of a larger one the rows that were
//! spilled are no longer here, so whatever undoes them ends the run, and the next one goes on from the
//! last state.

mod asking;
mod copying;
mod load;
mod open;
mod step;
mod way;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use tokio_postgres::Client;

pub(crate) use self::open::Open;
pub(crate) use self::step::{execute, index, take};
use crate::config::Config;
use crate::database::AsyncWork;
use crate::ending::Ending;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::rows::Batch;
use crate::session::{Outcome, Session};
use crate::state;

/// Attempts at one flush, where other writers are in the way.
const ATTEMPTS: usize = 3;

/// Everything that one transaction makes durable, but for the rows that were spilled before.
#[derive(Debug)]
pub struct Flush {
    /// The settings.
    pub config: Arc<Config>,
    /// Rows, by the plan that they were encoded for. Every stream that has spilled has a part.
    pub parts: Vec<Part>,
    /// The state that is stored with them.
    pub state: Option<String>,
    /// What is done once all rows are there, in the last flush of a run.
    pub ending: Option<Ending>,
    /// The time that is written into the state's row.
    pub now: DateTime<Utc>,
}

/// Rows that go to the server before their flush is due.
#[derive(Debug)]
pub struct Spill {
    /// Rows, by the plan that they were encoded for.
    pub parts: Vec<Part>,
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

impl From<Attempt> for Failure {
    fn from(attempt: Attempt) -> Self {
        match attempt {
            Attempt::LostRace(failure) | Attempt::Failed(failure) => failure,
            Attempt::Unknown(_) => Self::Unknown,
        }
    }
}

impl AsyncWork<()> for Spill {
    async fn run(self, session: &mut Session) -> Result<(), Failure> {
        session.check()?;
        let written = self.write(session).await;
        session.remember(written)
    }
}

impl Spill {
    /// Sends the rows, and leaves the transaction open.
    async fn write(self, session: &mut Session) -> Result<(), Failure> {
        let mut open = match session.take_open() {
            Some(open) => open,
            None => Open::waiting(session.client().await?).await?,
        };
        let (client, new_tables) = session.within()?;
        for part in &self.parts {
            if let Err(attempt) = open.add(client, new_tables, part, Manner::Fast).await {
                drop(open);
                open::roll_back(client).await;
                return Err(attempt.into());
            }
        }
        open.keep(self.parts);
        session.keep_open(open);
        Ok(())
    }
}

impl AsyncWork<()> for Flush {
    async fn run(self, session: &mut Session) -> Result<(), Failure> {
        session.check()?;
        let started = Instant::now();
        let written = self.write(session).await;
        tracing::debug!("{} streams written in {:?}", self.parts.len(), started.elapsed());
        session.remember(written)
    }
}

impl Flush {
    /// Makes everything durable; after a lost race again, where all rows are still here.
    async fn write(&self, session: &mut Session) -> Result<(), Failure> {
        let mut open = session.take_open();
        let spilled = open.as_mut().map_or(Some(Vec::new()), Open::take_kept);
        let mut manner = Manner::Fast;
        let mut lost = None;
        for _ in 0..ATTEMPTS {
            let (begun, again) = if let Some(open) = open.take() {
                (open, &[][..])
            } else {
                let begun = Open::begin(session.client().await?).await?;
                (begun, spilled.as_deref().unwrap_or_default())
            };
            match self.attempt(begun, again, session, manner).await {
                Ok(()) => return Ok(()),
                Err(Attempt::LostRace(failure)) if spilled.is_some() => {
                    tracing::info!("{failure}; trying again");
                    manner = Manner::Careful;
                    lost = Some(failure);
                }
                Err(Attempt::LostRace(failure) | Attempt::Failed(failure)) => return Err(failure),
                Err(Attempt::Unknown(transaction)) => {
                    return match session.outcome(transaction).await? {
                        Outcome::Committed => Ok(()),
                        Outcome::Undone => Err(Failure::Lost("during COMMIT".to_owned())),
                    };
                }
            }
        }
        Err(lost.unwrap_or(Failure::Unknown))
    }

    /// Makes everything durable, or nothing; `again` are rows that an attempt before this one lost.
    async fn attempt(
        &self,
        open: Open,
        again: &[Part],
        session: &mut Session,
        manner: Manner,
    ) -> Result<(), Attempt> {
        let (client, new_tables) = session.within()?;
        let written = async {
            self.load(open, again, client, new_tables, manner).await?;
            if let Some(ending) = &self.ending {
                ending.run(client, &self.config, self.now).await?;
            }
            self.store_state(client).await?;
            open::commit(client).await
        };
        let written = written.await;
        if written.is_err() {
            open::roll_back(client).await;
        }
        written
    }

    /// Brings all rows into their tables, after which nothing is kept of the transaction that the next
    /// one, which can have another session, might use.
    async fn load(
        &self,
        mut open: Open,
        again: &[Part],
        client: &Client,
        new_tables: &mut HashSet<String>,
        manner: Manner,
    ) -> Result<(), Attempt> {
        for part in again {
            open.add(client, new_tables, part, manner).await?;
        }
        for part in &self.parts {
            open.add(client, new_tables, part, manner).await?;
            open.settle(client, &part.plan).await?;
        }
        Ok(())
    }

    /// Stores the state, where states are stored.
    async fn store_state(&self, client: &Client) -> Result<(), Failure> {
        let (Some(value), Some(id)) = (&self.state, &self.config.state_id) else { return Ok(()) };
        state::write(client, &self.config.namespace()?, id, value, self.now).await
    }
}
