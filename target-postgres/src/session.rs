//! The one connection of a run, and what must hold before it is used.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::config::Config;
use crate::connection::{Connection, Server};
use crate::database::AsyncWork;
use crate::failure::Failure;
use crate::flush::Open;
use crate::name::Identifier;
use crate::state;

/// Waits before a lost connection is tried again. A server that restarts is back within a minute.
const WAITS: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// The server, and a connection to it once there is one.
#[derive(Debug)]
pub struct Session {
    server: Server,
    connection: Option<Connection>,
    /// Whether there was a connection before.
    was_open: bool,
    /// Tables that this run found without rows and has filled since, as statements name them.
    new_tables: HashSet<String>,
    /// The transaction that has begun and waits for more rows.
    open: Option<Open>,
    /// Why something was not written, after which nothing is.
    failed: Option<Arc<Failure>>,
}

impl Session {
    /// A session that has no connection yet.
    #[must_use]
    pub fn new(server: Server) -> Self {
        Self {
            server,
            connection: None,
            was_open: false,
            new_tables: HashSet::new(),
            open: None,
            failed: None,
        }
    }

    /// The connection, which is opened again if it was lost. Only to be called where nothing has begun
    /// that the loss would have undone.
    ///
    /// The first connection is tried once: whoever starts a run wants to know at once that the settings
    /// are wrong. A connection that was lost is tried for a minute.
    async fn connection(&mut self) -> Result<&mut Connection, Failure> {
        if self.connection.as_ref().is_none_or(Connection::is_closed) {
            let connection =
                if self.was_open { self.again().await? } else { self.server.connect().await? };
            self.was_open = true;
            return Ok(self.connection.insert(connection));
        }
        self.connection.as_mut().ok_or(Failure::NoThread)
    }

    /// What sends statements, after the server has answered: between two batches minutes can pass, and
    /// whoever ended the session in the meantime did not always say so. Not to be called while a
    /// transaction is open.
    pub async fn client(&mut self) -> Result<&Client, Failure> {
        let connection = self.connection().await?;
        if let Err(error) = connection.client.simple_query("").await {
            match Failure::of("connection", &error) {
                // What the server says last comes before the end of the connection.
                Failure::Lost(_) => self.connection = Some(self.again().await?),
                failure => return Err(failure),
            }
        }
        Ok(&self.connection.as_ref().ok_or(Failure::NoThread)?.client)
    }

    /// What sends statements within a transaction that has begun, and the tables that are new. A
    /// connection that is lost stays lost: the transaction went with it.
    pub(crate) fn within(&mut self) -> Result<(&Client, &mut HashSet<String>), Failure> {
        let connection = self.connection.as_ref().ok_or(Failure::NoThread)?;
        Ok((&connection.client, &mut self.new_tables))
    }

    /// Gives up the open transaction to whoever goes on with it, and puts it back if it stays open.
    pub(crate) fn take_open(&mut self) -> Option<Open> {
        self.open.take()
    }

    /// Keeps a transaction open for the rows that follow.
    pub(crate) fn keep_open(&mut self, open: Open) {
        self.open = Some(open);
    }

    /// Refuses to go on where something before was not written: a later state must not be true of it.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let failed = self.failed.as_ref();
        failed.map_or(Ok(()), |failure| Err(Failure::Earlier(Arc::clone(failure))))
    }

    /// Remembers that something was not written.
    pub(crate) fn remember(&mut self, written: Result<(), Failure>) -> Result<(), Failure> {
        if let Err(failure) = written {
            self.failed = Some(Arc::new(failure));
        }
        self.check()
    }

    /// A new connection in the place of one that was lost.
    async fn again(&mut self) -> Result<Connection, Failure> {
        if let Some(lost) = self.connection.take() {
            let reason = lost.last_words().await.unwrap_or_else(|| "closed".to_owned());
            tracing::warn!("the connection was lost ({reason}); connecting again");
        }
        let mut refused = None;
        for wait in WAITS {
            tokio::time::sleep(wait).await;
            match self.server.connect().await {
                Ok(connection) => return Ok(connection),
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or(Failure::Unknown))
    }

    /// How a transaction ended whose COMMIT got no answer.
    ///
    /// The server remembers that for recent transactions; a transaction that it calls in progress is
    /// one whose session has not noticed yet that we are gone.
    pub async fn outcome(&mut self, transaction: i64) -> Result<Outcome, Failure> {
        for wait in WAITS {
            tokio::time::sleep(wait).await;
            let Ok(client) = self.client().await else { continue };
            let statement = "SELECT pg_catalog.txid_status($1)";
            let row = client.query_typed_opt(statement, &[(&transaction, Type::INT8)]).await;
            let Ok(Some(row)) = row else { continue };
            match row.try_get::<_, Option<&str>>(0) {
                Ok(Some("committed")) => return Ok(Outcome::Committed),
                Ok(Some("aborted")) => return Ok(Outcome::Undone),
                _ => {}
            }
        }
        Err(Failure::Unknown)
    }
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything in it is durable.
    Committed,
    /// Nothing of it is.
    Undone,
}

/// Opens the connection, makes the table of states where one is asked for, and runs what is to run
/// first.
#[derive(Debug)]
pub struct Opening {
    /// The settings.
    pub config: Arc<Config>,
}

impl AsyncWork<()> for Opening {
    async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let client = session.client().await?;
        if self.config.state_id.is_some() {
            state::make(client, &self.config.namespace()?).await?;
        }
        if let Some(statements) = &self.config.before_run_sql {
            let all = format!("BEGIN;\n{statements}\n;COMMIT");
            let done = client.batch_execute(&all).await;
            done.map_err(|error| Failure::of("before_run_sql", &error))?;
        }
        Ok(())
    }
}

/// Reads the state that was stored last.
#[derive(Debug)]
pub struct ReadingState {
    /// The pipeline.
    pub id: String,
    /// Where its states are.
    pub namespace: Identifier,
}

impl AsyncWork<Option<String>> for ReadingState {
    async fn run(self, session: &mut Session) -> Result<Option<String>, Failure> {
        state::read(session.client().await?, &self.namespace, &self.id).await
    }
}
