//! What is done at the end of a run, in the transaction of its last rows and never after a failure.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use crate::actual;
use crate::change::{Widening, changes};
use crate::config::Config;
use crate::failure::Failure;
use crate::flush::{execute, index, take};
use crate::plan::Plan;
use crate::sql;
use crate::table::Table;

/// What the last flush does beside loading rows.
#[derive(Debug, Default)]
pub struct Ending {
    /// Streams whose older versions go, and the version that stays.
    pub versions: Vec<(Arc<Plan>, i64)>,
    /// Streams whose records said that they are deleted, and are to be.
    pub deletions: Vec<Arc<Plan>>,
    /// Streams that are overwritten.
    pub overwritten: Vec<Arc<Plan>>,
}

impl Ending {
    /// Does it, in the transaction that the client is in and after its rows.
    pub(crate) async fn run(
        &self,
        client: &Client,
        config: &Config,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        for plan in &self.overwritten {
            overwrite(client, plan).await?;
        }
        for (plan, version) in &self.versions {
            let table = &plan.table;
            let told = |error| Failure::of(&table.stream, &error);
            let version: (&(dyn ToSql + Sync), Type) = (version, Type::INT8);
            if config.hard_delete {
                client
                    .execute_typed(&sql::delete_versions(table), &[version])
                    .await
                    .map_err(told)?;
            } else {
                let statement = sql::mark_versions(table);
                let now = (&now as &(dyn ToSql + Sync), Type::TIMESTAMPTZ);
                client.execute_typed(&statement, &[version, now]).await.map_err(told)?;
            }
        }
        for plan in &self.deletions {
            execute(client, &plan.table.stream, &sql::delete_marked(&plan.table)).await?;
        }
        if let Some(statements) = &config.after_run_sql {
            execute(client, "after_run_sql", statements).await?;
        }
        Ok(())
    }
}

/// Fills the table that a run overwrites from the one beside it, which has all rows by now.
async fn overwrite(client: &Client, plan: &Plan) -> Result<(), Failure> {
    let Some(replaced) = &plan.replaces else { return Ok(()) };
    let stream = &replaced.stream;
    let found = actual::find(client, &replaced.namespace, &replaced.name).await;
    let found = found.map_err(|error| Failure::of(stream, &error))?;
    let existing = found
        .existing()
        .ok_or_else(|| Failure::NotATable(format!("{}.{}", replaced.namespace, replaced.name)))?;
    // The types that all records of the run needed, which may be wider than those of the last schema.
    let wanted = Table { name: replaced.name.clone(), ..plan.table.clone() };
    let changes = changes(existing, &wanted, plan.widening).map_err(Failure::Change)?;
    if plan.widening == Widening::Alter {
        take(client, &changes.table, &changes.steps).await?;
    }
    index(client, plan, &changes.table).await?;
    for statement in sql::replace(&changes.table, &plan.table) {
        execute(client, stream, &statement).await?;
    }
    Ok(())
}
