//! What the database has where a table should be, read from its catalog.

use futures_util::future::try_join;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use crate::change::{Actual, ActualColumn, Existing, Filling};
use crate::column::Nullability;
use crate::name::{Identifier, NameError};

/// What the database has under a name.
#[derive(Debug)]
pub enum Found {
    /// Not even the namespace.
    NoNamespace,
    /// The namespace without the table.
    NoTable,
    /// A table.
    Table(Actual),
    /// Something that is no table: a view, a sequence.
    Other,
}

impl Found {
    /// The same in the words of [`crate::change`]; nothing for what is no table.
    #[must_use]
    pub fn existing(&self) -> Option<Existing<'_>> {
        match self {
            Self::NoNamespace => Some(Existing::NoNamespace),
            Self::NoTable => Some(Existing::NoTable),
            Self::Table(actual) => Some(Existing::Table(actual)),
            Self::Other => None,
        }
    }

    /// The table, if there is one.
    #[must_use]
    pub fn table(&self) -> Option<&Actual> {
        match self {
            Self::Table(actual) => Some(actual),
            Self::NoNamespace | Self::NoTable | Self::Other => None,
        }
    }
}

/// The namespace, and in it the object of that name.
const OBJECT: &str = "\
SELECT c.oid, c.relkind::text
FROM pg_catalog.pg_namespace AS n
LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = $2
WHERE n.nspname = $1";

/// Columns, a domain under the name of the type that it narrows.
const COLUMNS: &str = "\
SELECT a.attname::text,
  CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod)
    ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END,
  a.attnotnull OR t.typnotnull,
  CASE WHEN a.attgenerated <> '' THEN 'generated'
    WHEN a.atthasdef OR a.attidentity <> '' THEN 'default' ELSE 'none' END,
  a.attisdropped
FROM pg_catalog.pg_attribute AS a
LEFT JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
WHERE a.attrelid = $1 AND a.attnum > 0
ORDER BY a.attnum";

/// Unique indexes that cover all rows, at once and without expressions.
const INDEXES: &str = "\
SELECT i.indisprimary, ARRAY(
    SELECT a.attname::text
    FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE k.place <= i.indnkeyatts ORDER BY k.place)
FROM pg_catalog.pg_index AS i
WHERE i.indrelid = $1 AND i.indisunique AND i.indimmediate AND i.indisvalid
  AND i.indpred IS NULL AND i.indexprs IS NULL";

/// Whether there is a namespace of this name.
pub async fn has_namespace(
    client: &Client,
    namespace: &Identifier,
) -> Result<bool, tokio_postgres::Error> {
    let statement = "SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1";
    let row = client.query_typed_opt(statement, &[(&namespace.as_str(), Type::NAME)]).await?;
    Ok(row.is_some())
}

/// Looks a table up.
pub async fn find(
    client: &Client,
    namespace: &Identifier,
    name: &Identifier,
) -> Result<Found, tokio_postgres::Error> {
    let names: [(&(dyn ToSql + Sync), Type); 2] =
        [(&namespace.as_str(), Type::NAME), (&name.as_str(), Type::NAME)];
    let Some(row) = client.query_typed_opt(OBJECT, &names).await? else {
        return Ok(Found::NoNamespace);
    };
    let (Some(oid), Some(kind)) =
        (row.try_get::<_, Option<u32>>(0)?, row.try_get::<_, Option<&str>>(1)?)
    else {
        return Ok(Found::NoTable);
    };
    // Ordinary and partitioned tables, and those that another server holds.
    if !matches!(kind, "r" | "p" | "f") {
        return Ok(Found::Other);
    }
    let table: [(&(dyn ToSql + Sync), Type); 1] = [(&oid, Type::OID)];
    let columns = client.query_typed(COLUMNS, &table);
    let indexes = client.query_typed(INDEXES, &table);
    let (columns, indexes) = try_join(columns, indexes).await?;
    actual(&columns, &indexes).map(Found::Table)
}

/// The table that rows of the catalog describe.
fn actual(columns: &[Row], indexes: &[Row]) -> Result<Actual, tokio_postgres::Error> {
    let mut actual = Actual { columns_ever: columns.len(), ..Actual::default() };
    for row in columns {
        if row.try_get(4)? {
            continue;
        }
        let Ok(name) = Identifier::exact(row.try_get(0)?) else { continue };
        actual.columns.push(ActualColumn {
            name,
            sql_type: row.try_get(1)?,
            nullability: if row.try_get::<_, Option<bool>>(2)? == Some(true) {
                Nullability::NotNull
            } else {
                Nullability::Nullable
            },
            filling: match row.try_get(3)? {
                "generated" => Filling::Generated,
                "default" => Filling::Default,
                _ => Filling::None,
            },
        });
    }
    for row in indexes {
        let names: Vec<String> = row.try_get(1)?;
        let names: Result<Vec<Identifier>, NameError> =
            names.iter().map(|name| Identifier::exact(name)).collect();
        let Ok(names) = names else { continue };
        if row.try_get(0)? {
            actual.primary_key.clone_from(&names);
        }
        actual.unique.push(names);
    }
    Ok(actual)
}
