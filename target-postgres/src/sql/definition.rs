//! Statements that make and change tables.

use crate::change::Change;
use crate::column::{Column, Nullability, Source};
use crate::kind::Kind;
use crate::name::Identifier;
use crate::sql::{joined, target};
use crate::table::Table;

/// The statements of one change, in order. `table` is the table that is changed.
#[must_use]
pub fn statements(change: &Change, table: &Table) -> Vec<String> {
    let alter = format!("ALTER TABLE {}", target(table));
    match change {
        // Not IF NOT EXISTS: PostgreSQL checks the right to create before it looks whether there is
        // anything to do, and most loaders have no such right.
        Change::CreateNamespace(namespace) => vec![format!("CREATE SCHEMA {namespace}")],
        Change::CreateTable(table) => create_table(table),
        Change::AddColumn(column) => {
            let mut statements = vec![format!("{alter} ADD COLUMN {}", definition(column))];
            statements.extend(comment(table, column));
            statements
        }
        Change::Widen { column, from, to } => {
            let converted = converted(column, *from, *to);
            let alter = format!("{alter} ALTER COLUMN {column} TYPE {to} USING {converted}");
            // What these become goes through text, and a session may be set to show fewer digits than
            // there are. Until the transaction ends.
            let shows_all = matches!(from, Kind::Real | Kind::Double)
                .then(|| "SET LOCAL extra_float_digits = 3".to_owned());
            shows_all.into_iter().chain([alter]).collect()
        }
        Change::DropNotNull(column) => vec![format!("{alter} ALTER COLUMN {column} DROP NOT NULL")],
        Change::AddKey(key) => vec![add_key(table, key)],
    }
}

/// Gives a table its primary key; also what a first load does after its rows, which is faster than
/// keeping the index while they come.
#[must_use]
pub fn add_key(table: &Table, key: &[Identifier]) -> String {
    format!("ALTER TABLE {} ADD PRIMARY KEY ({})", target(table), names(key))
}

/// The table, with its key, and comments where a column's name is not its property's.
fn create_table(table: &Table) -> Vec<String> {
    let mut lines: Vec<String> = table.columns.iter().map(definition).collect();
    if !table.key.is_empty() {
        lines.push(format!("PRIMARY KEY ({})", names(&table.key)));
    }
    let body =
        if lines.is_empty() { String::new() } else { format!("\n  {}\n", lines.join(",\n  ")) };
    let mut statements = vec![format!("CREATE TABLE {} ({body})", target(table))];
    statements.extend(table.columns.iter().filter_map(|column| comment(table, column)));
    statements
}

/// A column as CREATE TABLE says it.
fn definition(column: &Column) -> String {
    let not_null = match column.nullability {
        Nullability::Nullable => "",
        Nullability::NotNull => " NOT NULL",
    };
    format!("{} {}{not_null}", column.name, column.kind)
}

/// Says which property a column holds, where its name does not.
fn comment(table: &Table, column: &Column) -> Option<String> {
    let Source::Property(path) = &column.source else { return None };
    let property = path.join(".");
    (property != column.name.as_str()).then(|| {
        format!("COMMENT ON COLUMN {}.{} IS {}", target(table), column.name, literal(&property))
    })
}

/// The expression that brings a column's values to a wider type without loss.
fn converted(column: &Identifier, from: Kind, to: Kind) -> String {
    match (from, to) {
        (_, Kind::Jsonb) => format!("to_jsonb({column})"),
        // As JSON has it (ISO 8601), whatever DateStyle the session has.
        (Kind::Timestamptz | Kind::Timestamp | Kind::Date | Kind::Time, Kind::Text) => {
            format!("to_jsonb({column}) #>> '{{}}'")
        }
        (Kind::Date, Kind::Timestamptz) => format!("{column}::timestamp AT TIME ZONE 'UTC'"),
        // The direct cast keeps 6 or 15 digits; the text has as many as tell the value from others.
        (Kind::Real | Kind::Double, Kind::Numeric(_)) => format!("{column}::text::numeric"),
        _ => format!("{column}::{to}"),
    }
}

/// Names in a list.
fn names(names: &[Identifier]) -> String {
    joined(names.iter().map(ToString::to_string), ", ")
}

/// Text as a literal that means the same whatever `standard_conforming_strings` says.
#[must_use]
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}
