//! The text of every statement.
//!
//! Names are always quoted and never taken from the session: each statement says its namespace, and
//! nothing is set that a later statement relies on, so that all of it works through a pooler that
//! gives every transaction another session (Supabase's, `PgBouncer`'s).
//!
//! One flush is one transaction:
//!
//! ```text
//!  SELECT … FROM digests                        which rows differ, once or more often
//!  CREATE TEMP TABLE staging … ON COMMIT DROP
//!  COPY staging FROM STDIN (FORMAT binary)      once or more often
//!  MERGE INTO table USING staging …             or INSERT … ON CONFLICT
//!  state, COMMIT
//! ```

mod definition;
mod load;
mod state;

pub use definition::{add_key, literal, statements};
pub(crate) use load::digested;
pub use load::{
    BEFORE_MERGE, ask, before_asking, copy, copy_into, empty_staging, measure, merge, staging,
    upsert,
};
pub use state::{create_state, read_state, write_state};

use crate::column::Column;
use crate::column::Metadata;
use crate::kind::Kind;
use crate::name::Identifier;
use crate::table::Table;

/// Deletes the rows that a newer version of the stream's table no longer has; `$1` is the version.
#[must_use]
pub fn delete_versions(table: &Table) -> String {
    format!("DELETE FROM {}\nWHERE {}", target(table), is_older())
}

/// Marks the rows that a newer version of the stream's table no longer has; `$1` is the version, `$2`
/// the time. A row that is marked keeps its time.
#[must_use]
pub fn mark_versions(table: &Table) -> String {
    let deleted_at = Identifier::ours(Metadata::DeletedAt.name());
    let column = table.columns.iter().find(|column| column.name == deleted_at);
    let now = match column.map(|column| column.kind) {
        // The session's zone would decide over both, and what a column of text takes is text.
        Some(Kind::Timestamp) => "$2::timestamptz AT TIME ZONE 'UTC'",
        Some(Kind::Text | Kind::Varchar(_) | Kind::Character(_)) => {
            "pg_catalog.to_char($2::timestamptz AT TIME ZONE 'UTC', \
             'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        }
        _ => "$2::timestamptz",
    };
    format!(
        "UPDATE {}\nSET {deleted_at} = {now}\nWHERE {deleted_at} IS NULL AND ({})",
        target(table),
        is_older()
    )
}

/// Deletes the rows that are marked as deleted.
#[must_use]
pub fn delete_marked(table: &Table) -> String {
    let deleted_at = Identifier::ours(Metadata::DeletedAt.name());
    format!("DELETE FROM {}\nWHERE {deleted_at} IS NOT NULL", target(table))
}

/// Puts the rows of `shadow` in the place of the table's own, in one transaction.
///
/// The rows move, not the table: views, grants, policies and indexes of a table belong to it and would
/// go with it. The lock lasts until the commit, so that nobody sees the table empty.
#[must_use]
pub fn replace(table: &Table, shadow: &Table) -> [String; 3] {
    let columns = list(&table.columns, "");
    [
        format!("TRUNCATE {}", target(table)),
        format!(
            "INSERT INTO {} ({columns})\nSELECT {columns}\nFROM {}",
            target(table),
            target(shadow)
        ),
        drop_table(shadow),
    ]
}

/// Removes a table of ours, such as a shadow that a run which ended early left behind.
#[must_use]
pub fn drop_table(table: &Table) -> String {
    format!("DROP TABLE IF EXISTS {}", target(table))
}

/// Which rows are of an older version than `$1`; rows from before there were versions are.
fn is_older() -> String {
    let version = Identifier::ours(Metadata::TableVersion.name());
    format!("{version} < $1::bigint OR {version} IS NULL")
}

/// The table with its namespace.
fn target(table: &Table) -> String {
    format!("{}.{}", table.namespace, table.name)
}

/// The names of columns, each with a prefix.
fn list<'a>(columns: impl IntoIterator<Item = &'a Column>, prefix: &str) -> String {
    joined(columns.into_iter().map(|column| format!("{prefix}{}", column.name)), ", ")
}

/// Parts of a statement with something between them.
fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests;
