//! Documents far larger than the memory that the tap may take.
//!
//! Each is 64 MiB long, or a gigabyte with `GIGABYTE=1` in the environment; the peak of the tap's memory
//! is printed.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use support::{Emulator, Folder, program};

/// What the tap may take, in KiB, however long a document is.
const LIMIT: u64 = 64 * 1024;

/// How a document is written: what stands before its rows, a row of about 200 bytes, what stands between
/// rows, and what behind them all.
struct Layout {
    report_type: &'static str,
    content_type: &'static str,
    opening: &'static str,
    row: fn(u64) -> String,
    between: &'static str,
    closing: &'static str,
    /// What an entry of `custom_reports` says besides.
    entry: serde_json::Value,
}

const FILLER: &str = "a description of the goods that is as long as such texts are, with \u{fc}mlauts and 10 inches; \
                      and some more of it";

fn tsv(keys: &serde_json::Value) -> Layout {
    Layout {
        report_type: "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA",
        content_type: "text/plain; charset=UTF-8",
        opening: "sku\tasin\tproduct-name\tyour-price\n",
        row: |row| format!("SKU-{row}\tB{row:09}\t{FILLER}\t19.90"),
        between: "\n",
        closing: "\n",
        entry: json!({"keys": keys, "columns": {"your-price": "number"}}),
    }
}

fn json_list() -> Layout {
    Layout {
        report_type: "GET_BRAND_ANALYTICS_MARKET_BASKET_REPORT",
        content_type: "application/json",
        opening: "{\"reportSpecification\": {}, \"dataByAsin\": [",
        row: |row| {
            format!("{{\"asin\": \"B{row:09}\", \"title\": \"{FILLER}\", \"percentage\": 0.10}}")
        },
        between: ",\n",
        closing: "]}",
        entry: json!({"keys": ["asin"], "options": {"reportPeriod": "DAY"}}),
    }
}

fn xml() -> Layout {
    Layout {
        report_type: "GET_XML_BROWSE_TREE_DATA",
        content_type: "text/xml",
        opening: "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Result>",
        row: |row| {
            format!(
                "<Node><id>{row}</id><name>{FILLER}</name><child>1</child><child>2</child></Node>"
            )
        },
        between: "\n",
        closing: "</Result>",
        entry: json!({"keys": ["id"]}),
    }
}

/// Writes a document of at least `size` bytes; says how many rows it has.
fn write(layout: &Layout, size: u64, path: &Path) -> u64 {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let mut written = layout.opening.len() as u64;
    file.write_all(layout.opening.as_bytes()).unwrap();
    let mut rows = 0;
    while written < size {
        let between = if rows == 0 { "" } else { layout.between };
        let row = (layout.row)(rows);
        file.write_all(between.as_bytes()).unwrap();
        file.write_all(row.as_bytes()).unwrap();
        written += (between.len() + row.len()) as u64;
        rows += 1;
    }
    file.write_all(layout.closing.as_bytes()).unwrap();
    file.flush().unwrap();
    rows
}

/// The greatest memory that a process has taken so far, in KiB; 0 once it has ended.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// Extracts a document; says how many rows it has, how many records came and how much memory it took.
fn extract(layout: &Layout) -> (u64, u64, u64) {
    let is_gigabyte = std::env::var("GIGABYTE").is_ok_and(|value| value == "1");
    let size = if is_gigabyte { 1 << 30 } else { 64 << 20 };
    let folder = Folder::new();
    let documents = folder.path("documents");
    std::fs::create_dir_all(&documents).unwrap();
    let rows = write(layout, size, &documents.join("document"));
    let index = json!([{"report_type": layout.report_type, "marketplace": "*", "file": "document",
        "content_type": layout.content_type, "compression_algorithm": null}]);
    std::fs::write(documents.join("documents.json"), index.to_string()).unwrap();
    let emulator = Emulator::start(&folder, &["--documents", documents.to_str().unwrap()]);
    let mut entry = layout.entry.clone();
    entry["name"] = json!("large");
    entry["report_type"] = json!(layout.report_type);
    let settings = json!({"marketplaces": "DE", "start_date": "2026-11-10", "end_date": "2026-11-11T12:00:00Z",
        "streams": {"large": {"lookback_days": 0}}, "custom_reports": [entry]});
    let config = folder.file("config.json", emulator.tap_config(settings));
    let mut tap = program("tap-amazon-seller")
        .args(["--config", config.to_str().unwrap(), "--streams", "large"])
        .stdout(Stdio::piped())
        .stderr(File::create(folder.path("log")).unwrap())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(tap.stdout.take().unwrap());
    let (mut line, mut records, mut most) = (Vec::new(), 0, 0);
    while output.read_until(b'\n', &mut line).unwrap() > 0 {
        if line.starts_with(b"{\"type\":\"RECORD\"") {
            records += 1;
        }
        if records % 4096 == 0 {
            most = most.max(peak(tap.id()));
        }
        line.clear();
    }
    let log = || std::fs::read_to_string(folder.path("log")).unwrap();
    assert!(tap.wait().unwrap().success(), "{}", log());
    (rows, records, most)
}

#[expect(clippy::print_stdout, reason = "a figure for whoever asks for it with --nocapture")]
fn check(name: &str, layout: &Layout) {
    let (rows, records, most) = extract(layout);
    println!("{name}: {records} records, at most {} MiB", most / 1024);
    assert_eq!(records, rows);
    assert!(most > 0 && most < LIMIT, "{name} took {most} KiB");
}

#[test]
fn a_flat_file_of_any_size_needs_little_memory() {
    check("flat file", &tsv(&json!(["sku"])));
}

#[test]
fn json_of_any_size_needs_little_memory() {
    check("JSON", &json_list());
}

#[test]
fn xml_of_any_size_needs_little_memory() {
    check("XML", &xml());
}

/// Rows without keys are counted, which takes some bytes a row: the only thing that grows with a document.
#[test]
fn rows_without_keys_need_some_bytes_each() {
    let (rows, records, most) = extract(&tsv(&json!([])));
    println!("flat file without keys: {records} records, at most {} MiB", most / 1024);
    assert_eq!(records, rows);
    assert!(most < LIMIT + rows * 24 / 1024, "{most} KiB");
}
