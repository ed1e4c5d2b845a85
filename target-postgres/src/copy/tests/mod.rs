//! What becomes of records: single values, whole records, and what holds for all of them.

mod property;
mod record;
mod value;

use chrono::DateTime;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use singer::Schema;

use super::*;
use crate::kind::Kind;
use crate::name::Identifier;
use crate::table::{Rules, Table};

const NUMERIC: Kind = Kind::Numeric(None);

fn schema(properties: &Value, key: &[&str]) -> Schema {
    Schema {
        stream: "orders".to_owned(),
        schema: json!({ "properties": properties }),
        key_properties: key.iter().map(ToString::to_string).collect(),
        ..Schema::default()
    }
}

fn rules() -> Rules {
    Rules::new(Identifier::exact("public").unwrap())
}

fn meta() -> Meta<'static> {
    let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    Meta {
        time_extracted: Some("2026-01-02T03:04:05.5Z"),
        received_at: at("2026-01-02T04:00:00Z"),
        batched_at: at("2026-01-02T05:00:00Z"),
        sequence: 7,
        version: Some(12),
        sync_started_at: at("2026-01-02T06:00:00.123Z"),
    }
}

/// A table with one column `v` of a kind.
fn table_of(kind: Kind) -> Table {
    let mut table = Table::of(&schema(&json!({ "v": {} }), &[]), &rules()).unwrap();
    table.columns[0].kind = kind;
    table
}

/// Encodes records; shows the rows and the keys.
type Loaded = (Vec<Vec<Option<String>>>, Vec<Vec<u8>>);

fn load(encoder: &mut Encoder, table: &Table, records: &[&str]) -> Result<Loaded, ValueError> {
    let kinds: Vec<Kind> = table.columns.iter().map(|column| column.kind).collect();
    let (mut rows, mut keys) = (Vec::new(), Vec::new());
    for record in records {
        let mut key = Vec::new();
        let record: &RawValue = serde_json::from_str(record).unwrap();
        encoder.encode(record, &meta(), &mut rows, &mut key)?;
        keys.push(key);
    }
    Ok((decode::rows(&rows, &kinds), keys))
}

/// The value of `v` in a column of a kind.
fn value_with(json: &str, kind: Kind, treatment: Treatment) -> Result<Option<String>, Reason> {
    let table = table_of(kind);
    let mut encoder = Encoder::new(&table, treatment);
    let record = format!("{{\"v\":{json}}}");
    let (mut rows, _) = load(&mut encoder, &table, &[&record]).map_err(|error| error.reason)?;
    Ok(rows.remove(0).remove(0))
}

fn value(json: &str, kind: Kind) -> Result<Option<String>, Reason> {
    value_with(json, kind, Treatment::default())
}

/// Asserts what becomes of values in columns of a kind.
fn assert_values(kind: Kind, cases: &[(&str, &str)]) {
    for (json, expected) in cases {
        assert_eq!(value(json, kind), Ok(Some((*expected).to_owned())), "{json} as {kind}");
    }
}
