//! The statements around the rows: what makes a table ready for them.

use tokio_postgres::Client;

use crate::actual;
use crate::change::Change;
use crate::failure::Failure;
use crate::name::Identifier;
use crate::plan::Plan;
use crate::sql;
use crate::table::Table;

/// Makes the table of a plan ready for rows.
pub(super) async fn prepare(client: &Client, plan: &Plan) -> Result<(), Failure> {
    if plan.drops_first {
        execute(client, &plan.table.stream, &sql::drop_table(&plan.table)).await?;
    }
    take(client, &plan.table, &plan.steps).await?;
    if plan.replaces.is_none() {
        index(client, plan, &plan.table).await?;
    }
    Ok(())
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
