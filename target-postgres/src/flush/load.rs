//! The way of one stream's rows into its table, within a transaction.

use std::collections::HashSet;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, Statement};

use super::asking::{Asking, different};
use super::copying::{copy, refusal};
use super::step::{execute, prepare};
use super::way::{self, Way};
use super::{Attempt, Manner, Part};
use crate::actual;
use crate::change::Change;
use crate::column::Column;
use crate::failure::{Failure, is_lost_race};
use crate::kind::Kind;
use crate::plan::Plan;
use crate::rows::Batch;
use crate::sql;

/// How far a stream has come in a transaction.
#[derive(Debug)]
pub(super) struct Standing {
    /// The table's name, by which streams are known that go into the same one.
    pub(super) table: String,
    is_prepared: bool,
    /// Copies rows into the table itself.
    into_table: Option<Statement>,
    /// Copies rows into the staging table, which is there.
    into_staging: Option<Statement>,
    /// Whether staged rows are not in the table yet.
    waits: bool,
    asking: Asking,
    /// Whether the columns of the table were found to have the types that rows are encoded for.
    has_types: bool,
}

impl Standing {
    /// At the beginning.
    pub(super) fn of(plan: &Plan, is_first: bool) -> Self {
        Self {
            table: name(plan),
            is_prepared: !is_first,
            into_table: None,
            into_staging: None,
            waits: false,
            asking: Asking::Untried,
            has_types: false,
        }
    }

    /// Whether staged rows are not in the table yet.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }
}

/// The load of one stream.
pub(super) struct Load<'a> {
    pub(super) client: &'a Client,
    pub(super) plan: &'a Plan,
    pub(super) standing: &'a mut Standing,
}

impl Load<'_> {
    /// Sends rows into the table, if nothing stands in their way, or else those that differ into
    /// staging. `waiting` are the tables of other streams whose rows are still in theirs.
    ///
    /// A table with rows is not altered before [`Load::settle`]: an open transaction can wait for more
    /// rows, and would keep everybody else from the table.
    pub(super) async fn add(
        &mut self,
        part: &Part,
        new_tables: &mut HashSet<String>,
        manner: Manner,
        waiting: &[String],
    ) -> Result<(), Attempt> {
        let table = &self.plan.table;
        if table.key.is_empty() {
            return self.append(&part.rows).await;
        }
        // Without a unique index nothing would tell that a later batch brings a key again.
        if part.is_first && self.plan.is_unique && self.is_new().await? {
            new_tables.insert(self.standing.table.clone());
        }
        if part.rows.is_empty() {
            return Ok(());
        }
        if part.rows.repeats() {
            // The rows that have the keys already are older, so they go first.
            self.settle().await?;
        }
        let is_clear =
            manner == Manner::Fast && !part.rows.repeats() && self.standing.into_staging.is_none();
        if is_clear && new_tables.contains(&self.standing.table) {
            if self.straight(part, !waiting.is_empty()).await? {
                return Ok(());
            }
            new_tables.remove(&self.standing.table);
        }
        // What waits for the same table under another stream's name would come in after the answer.
        if waiting.contains(&self.standing.table) || !self.can_ask() {
            return self.stage(&part.rows).await;
        }
        let asking = &mut self.standing.asking;
        let rows = different(self.client, table, &part.rows, asking).await;
        let rows = rows.map_err(|error| refusal(&table.stream, &error, None))?;
        if rows.is_empty() { Ok(()) } else { self.stage(&rows).await }
    }

    /// Copies rows into a table without a key.
    async fn append(&mut self, rows: &Batch) -> Result<(), Attempt> {
        if rows.is_empty() {
            return Ok(());
        }
        self.prepare().await?;
        let stream = &self.plan.table.stream;
        let statement = self.copy_into_table().await?;
        let copied = copy(self.client, "", &statement, rows).await;
        copied.map_err(|error| refusal(stream, &error, Some(rows)))?;
        Ok(self.check_types().await?)
    }

    /// What copies rows into the table itself.
    async fn copy_into_table(&mut self) -> Result<Statement, Failure> {
        if let Some(statement) = &self.standing.into_table {
            return Ok(statement.clone());
        }
        let table = &self.plan.table;
        let statement = self.client.prepare(&sql::copy_into(table)).await;
        let statement = statement.map_err(|error| Failure::of(&table.stream, &error))?;
        Ok(self.standing.into_table.insert(statement).clone())
    }

    /// What copies rows into the staging table, which is made if there is none.
    async fn copy_into_staging(&mut self) -> Result<Statement, Failure> {
        if let Some(statement) = &self.standing.into_staging {
            return Ok(statement.clone());
        }
        let table = &self.plan.table;
        execute(self.client, &table.stream, &sql::staging(table)).await?;
        let statement = self.client.prepare(&sql::copy(table)).await;
        let statement = statement.map_err(|error| Failure::of(&table.stream, &error))?;
        Ok(self.standing.into_staging.insert(statement).clone())
    }

    /// Refuses what was copied into the table itself if a column has another type by now than the rows
    /// were encoded for.
    ///
    /// Binary COPY says nothing about types, and the eight bytes of a `bigint` are a `numeric` as well. The
    /// lock of the COPY keeps the table as it is until the transaction ends, so one look is enough.
    async fn check_types(&mut self) -> Result<(), Failure> {
        if self.standing.has_types {
            return Ok(());
        }
        let table = &self.plan.table;
        let found = actual::find(self.client, &table.namespace, &table.name).await;
        let found = found.map_err(|error| Failure::of(&table.stream, &error))?;
        let columns = found.table().map(|actual| actual.columns.as_slice()).unwrap_or_default();
        let is_as_planned = |column: &&Column| {
            let has = columns.iter().find(|has| has.name == column.name);
            let kind = has.and_then(|has| Kind::of_sql(&has.sql_type));
            kind.is_some_and(|kind| kind.is_type_of(column.kind))
        };
        match table.columns.iter().find(|column| !is_as_planned(column)) {
            None => {
                self.standing.has_types = true;
                Ok(())
            }
            Some(column) => {
                Err(Failure::Changed { stream: table.stream.clone(), column: column.name.clone() })
            }
        }
    }

    /// Makes the table ready and brings all staged rows into it.
    pub(super) async fn settle(&mut self) -> Result<(), Attempt> {
        self.prepare().await?;
        if !self.standing.waits {
            return Ok(());
        }
        let table = &self.plan.table;
        let told = |error: Error| refusal(&table.stream, &error, None);
        if !self.plan.is_unique {
            self.client.batch_execute(&sql::merge(table)).await.map_err(told)?;
        } else if way::choose(self.client, table).await.map_err(told)? == Way::Upsert
            || !self.merge().await?
        {
            self.client.batch_execute(&sql::upsert(table)).await.map_err(told)?;
        }
        execute(self.client, &table.stream, &sql::empty_staging(table)).await?;
        self.standing.waits = false;
        Ok(())
    }

    /// Makes the table ready, once.
    async fn prepare(&mut self) -> Result<(), Failure> {
        if !std::mem::replace(&mut self.standing.is_prepared, true) {
            prepare(self.client, self.plan).await?;
        }
        Ok(())
    }

    /// Whether the table has no rows, so that most keys must be new.
    async fn is_new(&self) -> Result<bool, Failure> {
        let plan = self.plan;
        if plan.steps.iter().any(|step| matches!(step, Change::CreateTable(_))) {
            return Ok(true);
        }
        let statement = format!("SELECT NOT EXISTS (SELECT FROM {})", self.standing.table);
        let row = self.client.query_typed_one(&statement, &[]).await;
        let is_empty = row.and_then(|row| row.try_get(0));
        is_empty.map_err(|error| Failure::of(&plan.table.stream, &error))
    }

    /// Copies rows into a table that is new, without staging them; says whether that went well.
    ///
    /// Takes about half the time of the way through a staging table. The first key that is there
    /// already undoes the copy, and so does a row of another table that is referred to and still waits.
    async fn straight(&mut self, part: &Part, others_wait: bool) -> Result<bool, Attempt> {
        self.prepare().await?;
        let statement = self.copy_into_table().await?;
        let (client, table) = (self.client, &self.plan.table);
        match copy(client, "SAVEPOINT straight", &statement, &part.rows).await {
            Ok(()) => {
                execute(client, &table.stream, "RELEASE SAVEPOINT straight").await?;
                self.check_types().await?;
                Ok(true)
            }
            Err(error)
                if is_lost_race(&error)
                    || others_wait && error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) =>
            {
                execute(client, &table.stream, "ROLLBACK TO SAVEPOINT straight").await?;
                Ok(false)
            }
            Err(error) => Err(refusal(&table.stream, &error, Some(&part.rows))),
        }
    }

    /// Whether the table is such that rows can be compared with it: with all its columns, and one row of
    /// a key.
    fn can_ask(&self) -> bool {
        let plan = self.plan;
        let is_ready = self.standing.is_prepared || plan.steps.is_empty() && !plan.drops_first;
        is_ready && plan.is_unique && !matches!(self.standing.asking, Asking::InVain)
    }

    /// Copies rows into the staging table.
    async fn stage(&mut self, rows: &Batch) -> Result<(), Attempt> {
        let stream = &self.plan.table.stream;
        let statement = self.copy_into_staging().await?;
        let copied = copy(self.client, "", &statement, rows).await;
        copied.map_err(|error| refusal(stream, &error, Some(rows)))?;
        self.standing.waits = true;
        Ok(())
    }

    /// Brings staged rows into the table with `MERGE`; says whether that went well.
    ///
    /// It fails where another writer inserts one of the keys at the same time, and for some kinds of
    /// tables, such as those with rules. The staged rows are still there then.
    async fn merge(&self) -> Result<bool, Attempt> {
        let (client, table) = (self.client, &self.plan.table);
        execute(client, &table.stream, sql::BEFORE_MERGE).await?;
        match client.batch_execute(&sql::merge(table)).await {
            Ok(()) => Ok(true),
            Err(error)
                if is_lost_race(&error)
                    || error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) =>
            {
                tracing::info!("{}: MERGE gave way to another writer", table.stream);
                execute(client, &table.stream, "ROLLBACK TO SAVEPOINT merge").await?;
                Ok(false)
            }
            Err(error) => Err(refusal(&table.stream, &error, None)),
        }
    }
}

/// The table's name among others.
fn name(plan: &Plan) -> String {
    format!("{}.{}", plan.table.namespace, plan.table.name)
}
