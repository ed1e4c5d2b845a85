//! Statements for the table that keeps states beside the rows that they speak of.

use crate::name::Identifier;

/// Makes the table of states, one row a pipeline.
///
/// The value is `json` and not `jsonb`: a state is the tap's own text, given back as it was.
#[must_use]
pub fn create_state(namespace: &Identifier, table: &Identifier) -> String {
    format!(
        "CREATE TABLE {namespace}.{table} (\n  \"id\" text PRIMARY KEY,\n  \"value\" json NOT \
         NULL,\n  \"written_at\" timestamptz NOT NULL\n)"
    )
}

/// Writes a state: `$1` the pipeline's id, `$2` the state as text, `$3` the time.
#[must_use]
pub fn write_state(namespace: &Identifier, table: &Identifier) -> String {
    format!(
        "INSERT INTO {namespace}.{table} (\"id\", \"value\", \"written_at\")\nVALUES ($1::text, \
         $2::text::json, $3::timestamptz)\nON CONFLICT (\"id\") DO UPDATE SET \"value\" = \
         excluded.\"value\", \"written_at\" = excluded.\"written_at\""
    )
}

/// Reads a state: `$1` the pipeline's id. The answer is the text that was written.
#[must_use]
pub fn read_state(namespace: &Identifier, table: &Identifier) -> String {
    format!("SELECT \"value\"::text FROM {namespace}.{table} WHERE \"id\" = $1::text")
}
