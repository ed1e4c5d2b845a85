//! Statements that bring rows into a table.
//!
//! Three ways lead from the staging table on. `INSERT … ON CONFLICT` works whoever else writes, and needs
//! a unique index. `MERGE` needs none; two writers that insert the same key at once make one of them
//! fail. A plain `INSERT` is for tables without a key.

use crate::column::Column;
use crate::copy::has_hash;
use crate::kind::Kind;
use crate::name::Identifier;
use crate::sql::{joined, list, literal, target};
use crate::table::Table;

/// Makes the staging table: the columns of the table with their types and nothing else.
///
/// It lives until the transaction ends, in a namespace that only this session sees.
#[must_use]
pub fn staging(table: &Table) -> String {
    let columns = table.columns.iter().map(|column| format!("{} {}", column.name, column.kind));
    format!(
        "CREATE TEMP TABLE {} (\n  {}\n) ON COMMIT DROP",
        staging_name(table),
        joined(columns, ",\n  ")
    )
}

/// Empties the staging table, for rows that follow in the same transaction.
#[must_use]
pub fn empty_staging(table: &Table) -> String {
    format!("TRUNCATE pg_temp.{}", staging_name(table))
}

/// Asks for the bytes of the staged rows and of the table, and for the server's version, by which
/// [`merge`] or [`upsert`] is chosen. Of a partitioned table the partitions count.
#[must_use]
pub fn measure(table: &Table) -> String {
    let bytes = "pg_catalog.pg_relation_size";
    let target = literal(&target(table));
    format!(
        "SELECT {bytes}({}), {bytes}({target}) + (SELECT coalesce(sum({bytes}(relid)), 0)::bigint FROM \
         pg_catalog.pg_partition_tree({target}) WHERE isleaf AND level > 0), \
         pg_catalog.current_setting('server_version_num')::int",
        literal(&format!("pg_temp.{}", staging_name(table)))
    )
}

/// Copies rows into the staging table; the rows are those of [`crate::copy`].
#[must_use]
pub fn copy(table: &Table) -> String {
    format!(
        "COPY pg_temp.{} ({}) FROM STDIN (FORMAT binary)",
        staging_name(table),
        list(&table.columns, "")
    )
}

/// Copies rows straight into the table: for tables without a key, and for one that is still empty.
#[must_use]
pub fn copy_into(table: &Table) -> String {
    format!("COPY {} ({}) FROM STDIN (FORMAT binary)", target(table), list(&table.columns, ""))
}

/// Asks for what decides how [`ask`] asks: the server's version, and the bytes of the table.
#[must_use]
pub fn before_asking(table: &Table) -> String {
    format!(
        "SELECT pg_catalog.current_setting('server_version_num')::int, pg_catalog.pg_relation_size({})",
        literal(&target(table))
    )
}

/// Asks for the digests of the rows that have certain keys. The parameters are the seed of the digests,
/// which are those of [`crate::copy`], and an array for each key column, in the order of the table.
///
/// Each key is looked up by itself, however the planner would like to join: it does not know how few
/// keys there are beside the rows of the table. One scan of an index for all of them takes two thirds of
/// the time; the planner must not see how many they are, or it would rather read the table, and in a
/// small table it does so anyway and compares every row with every key: `at_once` is for large ones.
/// It is only heeded for keys of one column.
#[must_use]
pub fn ask(table: &Table, at_once: bool) -> String {
    let (hashed, written): (Vec<_>, Vec<_>) =
        digested(table).partition(|column| has_hash(column.kind));
    let written = (!written.is_empty())
        .then(|| format!("pg_catalog.record_send(ROW({}))", list(written, "t.")));
    let values = hashed.iter().map(|column| format!("t.{}", column.name)).chain(written);
    let digest = format!("pg_catalog.hash_record_extended(ROW({}), $1)", joined(values, ", "));
    let from = format!("FROM {} AS t WHERE", target(table));

    let key: Vec<&Column> = table.columns.iter().filter(|column| table.is_key(column)).collect();
    if let (true, [column]) = (at_once, key.as_slice()) {
        return format!(
            "SELECT coalesce(pg_catalog.array_agg({digest}), '{{}}')\n\
             {from} t.{} = ANY ((SELECT $2)::pg_catalog.{})",
            column.name,
            column.kind.types().1
        );
    }
    let numbers = || 2..key.len() + 2;
    let keys = joined(numbers().map(|number| format!("pg_catalog.unnest(${number})")), ", ");
    let names = joined(numbers().map(|number| format!("k{number}")), ", ");
    let same =
        numbers().zip(&key).map(|(number, column)| format!("t.{} = s.k{number}", column.name));
    format!(
        "SELECT coalesce(pg_catalog.array_agg(d.digest), '{{}}')\n\
         FROM ROWS FROM ({keys}) AS s({names}),\n\
         LATERAL (SELECT {digest}\n  {from} {} LIMIT 1) AS d(digest)",
        joined(same, " AND ")
    )
}

/// Comes before [`merge`]: a place to come back to, and memory for the join.
///
/// With the 4 MB of a fresh installation the server writes both sides of the join to files first, which
/// takes twice the time where few rows change. Lasts until the transaction ends; more than this stays.
pub const BEFORE_MERGE: &str = "\
SELECT pg_catalog.set_config('work_mem', '32MB', true)
WHERE pg_catalog.pg_size_bytes(pg_catalog.current_setting('work_mem')) < 32 * 1024 * 1024;
SAVEPOINT merge";

/// Adds staged rows with a new key and updates those that differ, in a table that nobody else writes.
///
/// Every key must be staged once at most.
#[must_use]
pub fn merge(table: &Table) -> String {
    let key = table.columns.iter().filter(|column| table.is_key(column));
    let same = joined(key.map(|column| format!("t.{0} = s.{0}", column.name)), " AND ");
    let update = update(table, "s.").map_or_else(String::new, |update| {
        format!("WHEN MATCHED AND {} THEN UPDATE SET {}\n", update.differs, update.assignments)
    });
    format!(
        "MERGE INTO {} AS t\nUSING pg_temp.{} AS s\nON {same}\n{update}WHEN NOT MATCHED THEN INSERT \
         ({}) VALUES ({})",
        target(table),
        staging_name(table),
        list(&table.columns, ""),
        list(&table.columns, "s.")
    )
}

/// Adds staged rows with a new key and updates those that differ, whoever else writes.
///
/// Every key must be staged once at most, and the key must have a unique index.
#[must_use]
pub fn upsert(table: &Table) -> String {
    let key = table.columns.iter().filter(|column| table.is_key(column));
    let update = update(table, "excluded.").map_or_else(
        || "NOTHING".to_owned(),
        |update| format!("UPDATE SET {}\nWHERE {}", update.assignments, update.differs),
    );
    format!(
        "INSERT INTO {} AS t ({})\nSELECT {}\nFROM pg_temp.{} AS s\nON CONFLICT ({}) DO {update}",
        target(table),
        list(&table.columns, ""),
        list(&table.columns, "s."),
        staging_name(table),
        list(key, "")
    )
}

/// What is done to a row that is there already.
struct Update {
    /// Whether it differs in a column that counts ([`Column::is_compared`]).
    differs: String,
    /// All columns but the key.
    assignments: String,
}

/// The update that brings a row up to date; none if rows cannot differ but by their key.
fn update(table: &Table, new: &str) -> Option<Update> {
    let others = || table.columns.iter().filter(|column| !table.is_key(column));
    let compared: Vec<&Column> = compared(table).collect();
    if compared.is_empty() {
        return None;
    }
    let row = |prefix: &str| joined(compared.iter().map(|column| comparable(column, prefix)), ", ");
    Some(Update {
        differs: format!("({}) IS DISTINCT FROM ({})", row("t."), row(new)),
        assignments: joined(others().map(|column| format!("{0} = {new}{0}", column.name)), ", "),
    })
}

/// The columns that a row's digest is about: its key, and those in which it can differ.
pub(crate) fn digested(table: &Table) -> impl Iterator<Item = &Column> {
    table.columns.iter().filter(|column| table.is_key(column) || column.is_compared())
}

/// The columns in which a row that is there already can differ.
fn compared(table: &Table) -> impl Iterator<Item = &Column> {
    table.columns.iter().filter(|column| !table.is_key(column) && column.is_compared())
}

/// A column as something whose equality leaves no change out: `json` has none, and that of text in a
/// table that others made may be of a collation that takes no notice of case.
fn comparable(column: &Column, prefix: &str) -> String {
    match column.kind {
        Kind::Json => format!("{prefix}{}::text", column.name),
        Kind::Text | Kind::Varchar(_) | Kind::Character(_) => {
            format!("{prefix}{} COLLATE pg_catalog.\"C\"", column.name)
        }
        _ => format!("{prefix}{}", column.name),
    }
}

/// The staging table's name, which tells it from those of other streams in the same transaction, also
/// of those that go into the same table.
fn staging_name(table: &Table) -> Identifier {
    Identifier::of_hash("_sdc_staging", &format!("{} {}", target(table), table.stream))
}
