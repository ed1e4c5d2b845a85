//! What an entry becomes, and what is said of one that cannot work.

use serde_json::{Map, Value, json};

use crate::config::roster;
use crate::record::Column;
use crate::streams::{
    Edges, Extraction, Headers, Period, Report, Roster, Scope, Shape, Source, Stream, Syntax,
};

const SETTLEMENT: &str = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2";

fn settings(entries: &[Value]) -> Map<String, Value> {
    json!({"marketplaces": "DE,FR", "custom_reports": entries}).as_object().unwrap().clone()
}

/// The stream of an entry.
fn stream(entry: Value) -> &'static Stream {
    let name = entry["name"].as_str().unwrap().to_owned();
    roster(&settings(&[entry])).unwrap().find(&name).unwrap()
}

fn parts(stream: &'static Stream) -> (&'static Report, &'static Shape) {
    match &stream.source {
        Source::Report { report, shape } => (report, shape),
        _ => unreachable!(),
    }
}

fn refusal(entry: Value) -> String {
    roster(&settings(&[entry])).unwrap_err().to_string()
}

/// The names and schemas of a stream's properties.
fn properties(stream: &Stream) -> Value {
    let schema: Value = serde_json::from_str(stream.schema).unwrap();
    schema["properties"].clone()
}

#[test]
fn a_name_and_a_type_are_enough() {
    let fees =
        stream(json!({"name": "fees", "report_type": "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA"}));
    assert_eq!(fees.keys, ["marketplace_id", "_row_hash", "_row_occurrence"]);
    assert_eq!((fees.replication_key, fees.selected_by_default), (None, true));
    assert_eq!(
        properties(fees),
        json!({"marketplace_id": {"type": "string"}, "_row_hash": {"type": "string"},
               "_row_occurrence": {"type": "integer"}})
    );
    let (report, shape) = parts(fees);
    assert_eq!((report.scope, report.extraction), (Scope::Marketplace, Extraction::Snapshot));
    assert_eq!(report.roles, ["Amazon Fulfillment", "Pricing"]);
    assert_eq!(*shape, Shape::Rows { columns: &[], headers: Headers::English });
}

#[test]
fn what_amazon_makes_by_itself_is_listed() {
    let entries = [
        json!({"name": "money", "report_type": SETTLEMENT}),
        json!({"name": "other", "report_type": "GET_MADE_BY_A_SCHEDULE", "extraction": "listed"}),
    ];
    for entry in entries {
        assert_eq!(parts(stream(entry)).0.extraction, Extraction::Listed);
    }
}

#[test]
fn columns_have_types_and_names_and_keys_are_never_null() {
    let stream = stream(json!({
        "name": "returns", "report_type": "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE",
        "keys": ["order_id", "sku"], "replication_key": "Return date", "lookback_days": 3,
        "longest_days": 7, "retention_days": 100, "marketplaces": ["FR"], "options": {"b": true, "a": "x"},
        "columns": {"Order ID": {"name": "order_id"}, "Quantity": "integer", "Return date": "date"},
    }));
    assert_eq!(stream.keys, ["marketplace_id", "order_id", "sku"]);
    assert_eq!(stream.replication_key, Some("Return date"));
    assert_eq!(
        properties(stream),
        json!({"marketplace_id": {"type": "string"}, "order_id": {"type": "string"},
               "Quantity": {"type": ["integer", "null"]},
               "Return date": {"type": ["string", "null"], "format": "date"}, "sku": {"type": "string"}})
    );
    let (report, shape) = parts(stream);
    assert_eq!(shape.columns(), [Column::renamed("Order ID", "order_id")]);
    assert_eq!(report.options, [("a", "x"), ("b", "true")]);
    assert_eq!(report.scope, Scope::Only(&["A13V1IB3VIYZZH"]));
    assert_eq!(report.lookback.num_days(), 3);
    let Extraction::Window { longest, retention } = report.extraction else { unreachable!() };
    assert_eq!((longest.num_seconds(), retention.unwrap().num_days()), (7 * 86_400 - 1, 100));
}

#[test]
fn periods_follow_from_the_option_that_names_them() {
    let of = |period| {
        stream(json!({
            "name": "terms", "report_type": "GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT",
            "options": {"reportPeriod": period},
        }))
    };
    let weekly = of("WEEK");
    assert_eq!(weekly.keys, ["marketplace_id", "report_date", "_row_hash", "_row_occurrence"]);
    let (weekly, _) = parts(weekly);
    assert_eq!(weekly.edges, Edges::Periods(Period::Week));
    let daily = of("DAY");
    assert_eq!(daily.replication_key, Some("report_date"));
    assert_eq!(daily.keys, ["marketplace_id", "report_date", "_row_hash", "_row_occurrence"]);
    let (report, shape) = parts(daily);
    assert_eq!(report.extraction, Extraction::Daily { lookback_days: 7, retention_days: 3650 });
    let path: &'static [&'static str] = &["dataByDepartmentAndSearchTerm"];
    assert_eq!(*shape, Shape::Elements { syntax: Syntax::Json, path, columns: &[] });
}

#[test]
fn what_may_come_late_is_read_again_where_keys_tell_a_correction_from_another_row() {
    let lookback = |further: Value| {
        let mut entry = json!({"name": "x", "report_type": "GET_X"});
        entry.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        parts(stream(entry)).0.lookback.num_days()
    };
    assert_eq!(lookback(json!({"keys": ["id"]})), 7);
    assert_eq!(lookback(json!({"keys": ["id"], "lookback_days": 0})), 0);
    assert_eq!(lookback(json!({})), 0);
    assert_eq!(lookback(json!({"lookback_days": 2})), 2);
    let weeks = json!({"keys": ["id"], "report_type": "GET_VENDOR_SALES_REPORT",
        "options": {"reportPeriod": "WEEK"}});
    assert_eq!(lookback(weeks), 0);
}

#[test]
fn a_type_that_nobody_knows_is_a_flat_file_by_windows() {
    let (report, shape) = parts(stream(json!({"name": "new", "report_type": "GET_SOMETHING_NEW"})));
    assert!(matches!(report.extraction, Extraction::Window { .. }));
    assert_eq!((report.scope, report.roles.len()), (Scope::Marketplace, 0));
    assert!(matches!(shape, Shape::Rows { .. }));
    let entry = json!({"name": "new", "report_type": "GET_SOMETHING_NEW", "format": "xml",
                       "path": "$.A/B", "scope": "region", "extraction": "snapshot"});
    let (report, shape) = parts(stream(entry));
    assert_eq!((report.scope, report.extraction), (Scope::Region, Extraction::Snapshot));
    let path: &'static [&'static str] = &["A", "B"];
    assert_eq!(*shape, Shape::Elements { syntax: Syntax::Xml, path, columns: &[] });
}

#[test]
fn what_cannot_work_is_told_with_the_entry_and_what_to_do() {
    let fees = "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA";
    for (entry, expected) in [
        (
            json!({"name": "Fees", "report_type": fees}),
            "`custom_reports.0.name`: expected a name of small letters",
        ),
        (
            json!({"name": "orders", "report_type": fees}),
            "`custom_reports.0.name`: expected a name of its own; there is a stream orders already",
        ),
        (
            json!({"name": "x", "report_type": fees, "extraction": "hourly"}),
            "`custom_reports.x.extraction`: expected snapshot, window, daily or listed",
        ),
        (
            json!({"name": "x", "report_type": fees, "scope": "world"}),
            "`custom_reports.x.scope`: expected region or marketplace",
        ),
        (
            json!({"name": "x", "report_type": fees, "marketplaces": "US"}),
            "`custom_reports.x.marketplaces`: expected marketplaces that `marketplaces` names too",
        ),
        (
            json!({"name": "x", "report_type": fees, "scope": "region", "marketplaces": "DE"}),
            "`custom_reports.x.marketplaces`: expected nothing",
        ),
        (
            json!({"name": "x", "report_type": fees, "keys": ["SKU"], "columns": {"SKU": {"name": "sku"}}}),
            "`custom_reports.x.keys`: expected names of properties; no property is \"SKU\", which `columns` renames to \"sku\"",
        ),
        (
            json!({"name": "x", "report_type": fees, "keys": ["n"], "columns": {"n": "integer"}}),
            "`custom_reports.x.keys`: expected keys that are texts",
        ),
        (
            json!({"name": "x", "report_type": fees, "columns": {"n": "money"}}),
            "`custom_reports.x.columns.n`: expected string, integer, number, boolean, date or date-time",
        ),
        (
            json!({"name": "x", "report_type": fees, "columns": {"a": {"name": "c"}, "b": {"name": "C"}}}),
            "`custom_reports.x.columns.b`: expected a name that no other property has",
        ),
        (
            json!({"name": "x", "report_type": fees, "format": "xlsx"}),
            "`custom_reports.x.format`: expected tsv, csv, json or xml",
        ),
        (
            json!({"name": "x", "report_type": fees, "format": "json"}),
            "`custom_reports.x.path`: expected where the list of records is",
        ),
        (
            json!({"name": "x", "report_type": "GET_FBA_SNS_FORECAST_DATA"}),
            "`custom_reports.x.report_type`: expected a type that Amazon still has",
        ),
        (
            json!({"name": "x", "report_type": SETTLEMENT, "extraction": "window"}),
            "`custom_reports.x.extraction`: expected listed, because Amazon makes this report by itself",
        ),
        (
            json!({"name": "x", "report_type": "GET_VENDOR_SALES_REPORT"}),
            "`custom_reports.x.options.reportPeriod`: expected DAY, WEEK",
        ),
    ] {
        let found = refusal(entry);
        assert!(found.contains(expected), "{found}");
    }
    let twice =
        [json!({"name": "x", "report_type": fees}), json!({"name": "x", "report_type": fees})];
    let found = roster(&settings(&twice)).unwrap_err().to_string();
    assert!(found.contains("`custom_reports.1.name`: expected a name of its own"), "{found}");
}

/// The fingerprint of an entry with these further settings.
fn fingerprint(further: &Value) -> String {
    let mut entry = json!({"name": "x", "report_type": "GET_X", "keys": ["a", "b"],
        "options": {"k": "v", "n": 1}, "columns": {"c": "integer", "d": {"name": "e"}}});
    entry.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    let roster = roster(&settings(&[entry])).unwrap();
    roster.fingerprint(roster.find("x").unwrap()).unwrap().to_owned()
}

#[test]
fn a_fingerprint_changes_with_what_decides_the_rows_and_with_nothing_else() {
    let plain = fingerprint(&json!({}));
    // Bookmarks of earlier versions hold it: whoever changes it makes everybody start over.
    assert_eq!(plain, "a56caa05ba0bdcdb");
    for same in [
        json!({"name": "x", "keys": ["b", "a"], "options": {"n": "1", "k": "v"}}),
        json!({"columns": {"d": {"type": "string", "name": "e"}, "c": {"type": "integer"}}}),
        json!({"marketplaces": "DE", "replication_key": "c"}),
        json!({"lookback_days": 3, "longest_days": 7, "extraction": "window", "format": "tsv"}),
    ] {
        assert_eq!(fingerprint(&same), plain, "{same}");
    }
    let mut seen = std::collections::BTreeSet::from([plain]);
    for other in [
        json!({"report_type": "GET_Y"}),
        json!({"options": {"k": "w", "n": 1}}),
        json!({"options": {"k": "v"}}),
        json!({"keys": ["a"]}),
        json!({"keys": []}),
        json!({"columns": {"c": "number", "d": {"name": "e"}}}),
        json!({"columns": {"c": "integer", "d": {"name": "f"}}}),
        json!({"extraction": "daily"}),
        json!({"extraction": "listed"}),
        json!({"extraction": "snapshot"}),
        json!({"scope": "region"}),
        json!({"format": "csv"}),
        json!({"format": "json", "path": "$.a"}),
        json!({"format": "json", "path": "$.b"}),
        json!({"format": "xml", "path": "a"}),
        json!({"retention_days": 90}),
    ] {
        assert!(seen.insert(fingerprint(&other)), "{other}");
    }
    let table = Roster::table();
    assert_eq!(table.fingerprint(table.find("orders").unwrap()), None);
}
