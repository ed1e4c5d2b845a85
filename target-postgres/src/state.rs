//! States that are stored beside the rows that they speak of.
//!
//! A state that was printed can be lost on its way: the program that reads it may end first. A state in
//! the database is true whenever its rows are there, because one transaction writes both.

use chrono::{DateTime, Utc};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::actual::{self, Found};
use crate::failure::Failure;
use crate::name::Identifier;
use crate::sql;

/// What errors call this.
const SUBJECT: &str = "_singer_state";

/// The table's name.
fn table() -> Result<Identifier, Failure> {
    crate::config::identifier("state_id", SUBJECT).map_err(Failure::Config)
}

/// Makes the table, and its namespace, if they are not there.
pub(crate) async fn make(client: &Client, namespace: &Identifier) -> Result<(), Failure> {
    let table = table()?;
    let told = |error| Failure::of(SUBJECT, &error);
    let statements = match actual::find(client, namespace, &table).await.map_err(told)? {
        Found::Table(_) => return Ok(()),
        Found::Other => return Err(Failure::NotATable(format!("{namespace}.{table}"))),
        Found::NoTable => sql::create_state(namespace, &table),
        Found::NoNamespace => {
            format!("CREATE SCHEMA {namespace};\n{}", sql::create_state(namespace, &table))
        }
    };
    match client.batch_execute(&statements).await {
        // Another pipeline made it at this moment.
        Err(error)
            if [&SqlState::DUPLICATE_TABLE, &SqlState::UNIQUE_VIOLATION]
                .into_iter()
                .any(|code| error.code() == Some(code)) =>
        {
            Ok(())
        }
        done => done.map_err(told),
    }
}

/// Writes a state, in the transaction that the client is in.
pub(crate) async fn write(
    client: &Client,
    namespace: &Identifier,
    id: &str,
    value: &str,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let statement = sql::write_state(namespace, &table()?);
    let done = client
        .execute_typed(
            &statement,
            &[(&id, Type::TEXT), (&value, Type::TEXT), (&now, Type::TIMESTAMPTZ)],
        )
        .await;
    done.map(|_| ()).map_err(|error| Failure::of(SUBJECT, &error))
}

/// The state that was written last; nothing where none was, or where there is no table of states.
pub(crate) async fn read(
    client: &Client,
    namespace: &Identifier,
    id: &str,
) -> Result<Option<String>, Failure> {
    let table = table()?;
    let told = |error| Failure::of(SUBJECT, &error);
    if actual::find(client, namespace, &table).await.map_err(told)?.table().is_none() {
        return Ok(None);
    }
    let statement = sql::read_state(namespace, &table);
    let row = client.query_typed_opt(&statement, &[(&id, Type::TEXT)]).await.map_err(told)?;
    row.map(|row| row.try_get(0)).transpose().map_err(told)
}
