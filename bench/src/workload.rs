//! The rows of the benchmark: as Singer messages for a target, and as CSV for psql.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Key,
    Text,
    Sparse,
    Price,
    Count,
    Flag,
    Time,
    Object,
    Array,
}

/// The columns of a record: an order, with much of what orders have. 35 of them, about 630 bytes.
const COLUMNS: [(&str, Kind); 35] = [
    ("AmazonOrderId", Kind::Key),
    ("SellerOrderId", Kind::Text),
    ("PurchaseDate", Kind::Time),
    ("LastUpdateDate", Kind::Time),
    ("OrderStatus", Kind::Text),
    ("FulfillmentChannel", Kind::Text),
    ("SalesChannel", Kind::Text),
    ("OrderChannel", Kind::Sparse),
    ("ShipServiceLevel", Kind::Text),
    ("OrderTotal", Kind::Object),
    ("NumberOfItemsShipped", Kind::Count),
    ("NumberOfItemsUnshipped", Kind::Count),
    ("PaymentMethod", Kind::Sparse),
    ("PaymentMethodDetails", Kind::Array),
    ("MarketplaceId", Kind::Text),
    ("ShipmentServiceLevelCategory", Kind::Sparse),
    ("OrderType", Kind::Text),
    ("EarliestShipDate", Kind::Time),
    ("LatestShipDate", Kind::Time),
    ("EarliestDeliveryDate", Kind::Time),
    ("LatestDeliveryDate", Kind::Time),
    ("IsBusinessOrder", Kind::Flag),
    ("IsPrime", Kind::Flag),
    ("IsPremiumOrder", Kind::Flag),
    ("IsGlobalExpressEnabled", Kind::Flag),
    ("IsReplacementOrder", Kind::Flag),
    ("IsSoldByAB", Kind::Flag),
    ("BuyerNote", Kind::Text),
    ("City", Kind::Text),
    ("PostalCode", Kind::Sparse),
    ("ItemPrice", Kind::Price),
    ("ItemTax", Kind::Price),
    ("ShippingPrice", Kind::Price),
    ("PromotionDiscount", Kind::Price),
    ("Quantity", Kind::Count),
];

/// Words with letters that ASCII lacks.
const WORDS: [&str; 12] = [
    "Shipped",
    "München",
    "Standard",
    "北京",
    "Łódź",
    "Expédié",
    "Pending",
    "Größe",
    "naïve",
    "東京都",
    "Amazon.de",
    "Zürich",
];

/// Which rows, and in which version: another version changes every row and no key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) count: u32,
    pub(crate) version: u64,
}

/// A number that looks random and depends on nothing but its arguments.
fn random(row: u64, column: u64, version: u64) -> u64 {
    let mut value = row.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (column << 32)
        ^ version.wrapping_mul(0xD1B5_4A32_D192_ED03);
    for _ in 0..2 {
        value ^= value >> 30;
        value = value.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value ^= value >> 27;
    }
    value
}

fn word(number: u64) -> &'static str {
    usize::try_from(number % 12).ok().and_then(|index| WORDS.get(index)).copied().unwrap_or("")
}

/// One cell as JSON text, and as the text of a CSV cell; nothing is null.
fn cell(kind: Kind, row: u64, column: u64, version: u64) -> Option<(String, String)> {
    let number = random(row, column, version);
    let quoted = |text: String| (format!("\"{text}\""), text);
    Some(match kind {
        Kind::Key => {
            quoted(format!("{:03}-{:07}-{:07}", row % 900 + 100, row / 900, row % 9_999_991))
        }
        Kind::Text => quoted(format!("{} {}", word(number), word(number / 12))),
        Kind::Sparse if number.is_multiple_of(2) => return None,
        Kind::Sparse => quoted(word(number).to_owned()),
        Kind::Price => {
            let text = format!("{}.{:02}", number % 500, number / 500 % 100);
            (text.clone(), text)
        }
        Kind::Count => {
            let text = (number % 20).to_string();
            (text.clone(), text)
        }
        Kind::Flag => {
            let text = number.is_multiple_of(3).to_string();
            (text.clone(), text)
        }
        Kind::Time => quoted(format!(
            "2026-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            number % 12 + 1,
            number / 12 % 28 + 1,
            number / 400 % 24,
            number / 9000 % 60,
            number / 600_000 % 60
        )),
        Kind::Object => {
            let text = format!(
                "{{\"CurrencyCode\":\"EUR\",\"Amount\":\"{}.{:02}\"}}",
                number % 900,
                number / 900 % 100
            );
            (text.clone(), text)
        }
        Kind::Array => {
            let text = format!("[\"{}\",\"Standard\"]", word(number));
            (text.clone(), text)
        }
    })
}

/// JSON Schema of a record.
fn schema() -> String {
    let mut properties = String::new();
    for (name, kind) in COLUMNS {
        let schema = match kind {
            Kind::Key => r#"{"type":"string"}"#,
            Kind::Text | Kind::Sparse => r#"{"type":["string","null"]}"#,
            Kind::Price => r#"{"type":["number","null"]}"#,
            Kind::Count => r#"{"type":["integer","null"]}"#,
            Kind::Flag => r#"{"type":["boolean","null"]}"#,
            Kind::Time => r#"{"type":["string","null"],"format":"date-time"}"#,
            Kind::Object => r#"{"type":["object","null"]}"#,
            Kind::Array => r#"{"type":["array","null"]}"#,
        };
        let comma = if properties.is_empty() { "" } else { "," };
        let _ = write!(properties, "{comma}\"{name}\":{schema}");
    }
    format!("{{\"type\":\"object\",\"properties\":{{{properties}}}}}")
}

/// The columns of a table, as psql's user would declare them.
pub(crate) fn columns() -> String {
    let columns = COLUMNS.map(|(name, kind)| {
        let sql = match kind {
            Kind::Key => "text primary key",
            Kind::Text | Kind::Sparse => "text",
            Kind::Price => "numeric",
            Kind::Count => "bigint",
            Kind::Flag => "boolean",
            Kind::Time => "timestamptz",
            Kind::Object | Kind::Array => "jsonb",
        };
        format!("\"{name}\" {sql}")
    });
    columns.join(", ")
}

/// The assignments of an upsert that takes every column from the new row.
pub(crate) fn assignments() -> String {
    let columns = COLUMNS.iter().filter(|(_, kind)| *kind != Kind::Key);
    columns
        .map(|(name, _)| format!("\"{name}\" = excluded.\"{name}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The key's column.
pub(crate) const KEY: &str = "\"AmazonOrderId\"";

/// Writes the rows as messages: the streams take turns, a state follows every 10,000 records.
pub(crate) fn write_messages(path: &Path, streams: &[String], rows: Rows) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    for stream in streams {
        writeln!(
            file,
            r#"{{"type":"SCHEMA","stream":"{stream}","schema":{},"key_properties":["AmazonOrderId"]}}"#,
            schema()
        )?;
    }
    let mut record = String::new();
    let mut written = 0_u64;
    for row in 0..u64::from(rows.count) {
        record.clear();
        for (index, (name, kind)) in (0..).zip(COLUMNS) {
            let comma = if index == 0 { '{' } else { ',' };
            let json =
                cell(kind, row, index, rows.version).map_or("null".to_owned(), |(json, _)| json);
            let _ = write!(record, "{comma}\"{name}\":{json}");
        }
        record.push('}');
        for stream in streams {
            writeln!(
                file,
                r#"{{"type":"RECORD","stream":"{stream}","record":{record},"time_extracted":"2026-11-20T12:00:00.000000Z"}}"#
            )?;
            written += 1;
            if written.is_multiple_of(10_000) {
                writeln!(
                    file,
                    r#"{{"type":"STATE","value":{{"bookmarks":{{"written":{written}}}}}}}"#
                )?;
            }
        }
    }
    writeln!(file, r#"{{"type":"STATE","value":{{"bookmarks":{{"written":{written}}}}}}}"#)?;
    file.flush()
}

/// Writes the same rows as CSV.
pub(crate) fn write_csv(path: &Path, rows: Rows) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    for row in 0..u64::from(rows.count) {
        for (index, (_, kind)) in (0..).zip(COLUMNS) {
            let comma = if index == 0 { "" } else { "," };
            match cell(kind, row, index, rows.version) {
                None => write!(file, "{comma}")?,
                Some((_, text)) if text.contains(['"', ',']) => {
                    write!(file, "{comma}\"{}\"", text.replace('"', "\"\""))?;
                }
                Some((_, text)) => write!(file, "{comma}{text}")?,
            }
        }
        writeln!(file)?;
    }
    file.flush()
}
