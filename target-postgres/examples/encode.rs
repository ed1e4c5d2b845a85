//! How many rows a second one core makes of JSON: `cargo run --release --example encode`.
//!
//! The record is an order of 35 properties and about 630 bytes, as a shop's taps write them: text with
//! and without escapes, nulls, decimals, times, booleans, an object and an array.

use std::hint::black_box;
use std::time::Duration;

use chrono::DateTime;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use singer::Schema;
use target_postgres::column::Metadata;
use target_postgres::copy::{Encoder, Meta, Treatment};
use target_postgres::name::Identifier;
use target_postgres::table::{Rules, Table};

const ROWS: u32 = 1_000_000;

fn main() -> anyhow::Result<()> {
    let schema = Schema {
        stream: "orders".to_owned(),
        schema: schema(),
        key_properties: vec!["AmazonOrderId".to_owned()],
        ..Schema::default()
    };
    let mut rules = Rules::new(Identifier::exact("public")?);
    rules.metadata = Metadata::ALL.to_vec();
    let table = Table::of(&schema, &rules)?;
    let mut encoder = Encoder::new(&table, Treatment::default());
    let text = record();
    let record: &RawValue = serde_json::from_str(&text)?;
    let meta = meta();
    let (mut row, mut key) = (Vec::new(), Vec::new());
    let started = tokio::time::Instant::now();
    for _ in 0..ROWS {
        row.clear();
        key.clear();
        encoder.encode(black_box(record), &meta, &mut row, &mut key)?;
        black_box((&row, &key));
    }
    let elapsed = started.elapsed();
    report(text.len(), table.columns.len(), row.len(), elapsed);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example's result is for people")]
fn report(bytes: usize, columns: usize, row_bytes: usize, elapsed: Duration) {
    let rate = f64::from(ROWS) / elapsed.as_secs_f64();
    println!("{bytes} bytes to {columns} columns ({row_bytes} bytes): {rate:.0} rows/s");
}

fn meta() -> Meta<'static> {
    let now = DateTime::UNIX_EPOCH;
    Meta {
        time_extracted: Some("2026-01-02T03:04:05.123456Z"),
        received_at: now,
        batched_at: now,
        sequence: 1,
        version: None,
        sync_started_at: now,
    }
}

/// Names, kinds and values of the record's properties.
const PROPERTIES: [(&str, &str, &str); 35] = [
    ("AmazonOrderId", "string", r#""303-1234567-7654321""#),
    ("PurchaseDate", "date-time", r#""2026-01-02T03:04:05Z""#),
    ("LastUpdateDate", "date-time", r#""2026-01-03T03:04:05.678Z""#),
    ("OrderStatus", "string", r#""Shipped""#),
    ("Channel", "string", r#""AFN""#),
    ("SalesChannel", "string", r#""Amazon.de""#),
    ("OrderTotal", "object", r#"{"CurrencyCode":"EUR","Amount":"39.90"}"#),
    ("Shipped", "integer", "2"),
    ("Unshipped", "integer", "0"),
    ("Prime", "boolean", "true"),
    ("Business", "boolean", "false"),
    ("Replacement", "boolean", "false"),
    ("Buyer", "string", "null"),
    ("City", "string", r#""Mönchengladbach""#),
    ("Title", "string", r#""Größe \"XL\" für Hund""#),
    ("Price", "number", "19.95"),
    ("Tax", "number", "3.19"),
    ("Shipping", "number", "0.00"),
    ("Discount", "number", "null"),
    ("Weight", "number", "1.250"),
    ("ASIN", "string", r#""B0ABCDEFGH""#),
    ("SKU", "string", r#""SKU-000123""#),
    ("Tags", "array", r#"["a","b"]"#),
    ("Note", "string", "null"),
    ("Country", "string", r#""DE""#),
    ("Postal", "string", r#""41061""#),
    ("Level", "string", r#""Expedited""#),
    ("Terms", "string", r#""Standard""#),
    ("Earliest", "date-time", r#""2026-01-02T22:59:59Z""#),
    ("Latest", "date-time", "null"),
    ("Deliver", "date", r#""2026-01-05""#),
    ("Promo", "string", "null"),
    ("Line", "integer", "1"),
    ("Gift", "boolean", "null"),
    ("Carrier", "string", r#""DHL""#),
];

fn schema() -> Value {
    let mut properties = Map::new();
    for (name, kind, _) in PROPERTIES {
        let schema = match kind {
            "date" | "date-time" => json!({ "type": ["null", "string"], "format": kind }),
            kind => json!({ "type": ["null", kind] }),
        };
        properties.insert(name.to_owned(), schema);
    }
    json!({ "type": "object", "properties": properties })
}

fn record() -> String {
    let members = PROPERTIES.map(|(name, _, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", members.join(","))
}
