//! Reports that only the configuration describes, from the discovery to the second run.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use support::{Emulator, Extracted, Folder, printed, program, tap};

/// What Amazon has: one document a report type.
fn documents(folder: &Folder) -> String {
    let path = folder.path("documents");
    std::fs::create_dir_all(&path).unwrap();
    let terms = r#"{"reportSpecification": {"reportType": "x"}, "dataByDepartmentAndSearchTerm": [
        {"departmentName": "A", "searchTerm": "pan", "searchFrequencyRank": 1, "clickShare": 0.10},
        {"departmentName": "A", "searchTerm": "pan", "searchFrequencyRank": 1, "clickShare": 0.10}]}"#;
    let orders = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><AmazonEnvelope><Message><Order>\
        <AmazonOrderID>1-1</AmazonOrderID><OrderItem><SKU>A</SKU></OrderItem><OrderItem><SKU>B</SKU></OrderItem>\
        <City>K\xf6ln</City></Order></Message></AmazonEnvelope>";
    let fees = "sku\tasin\tyour-price\testimated-fee-total\nA\tB01\t19.90\t3.10\nB\tB02\t\t--\n";
    let returns = "\"Order ID\",Reason,\"Label cost\"\n9-1,\"too \"\"big\"\", a bit\",1.50\n";
    let mut index = Vec::new();
    for (file, report_type, content_type, bytes) in [
        ("terms", "GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT", "application/json", terms.as_bytes()),
        ("orders", "GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", "text/xml", orders.as_slice()),
        (
            "fees",
            "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA",
            "text/plain; charset=UTF-8",
            fees.as_bytes(),
        ),
        (
            "returns",
            "GET_CSV_MFN_PRIME_RETURNS_REPORT",
            "text/csv; charset=UTF-8",
            returns.as_bytes(),
        ),
    ] {
        std::fs::write(path.join(file), bytes).unwrap();
        index.push(json!({"report_type": report_type, "marketplace": "*", "file": file,
            "content_type": content_type, "compression_algorithm": null}));
    }
    std::fs::write(path.join("documents.json"), json!(index).to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Four reports that the tap has no stream for.
fn settings() -> Value {
    json!({
        "marketplaces": "DE,FR",
        "start_date": "2026-10-28",
        "end_date": "2026-11-16",
        "custom_reports": [
            {"name": "search_terms", "report_type": "GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT",
             "options": {"reportPeriod": "WEEK"}, "marketplaces": ["DE"]},
            {"name": "xml_orders", "report_type": "GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
             "keys": ["AmazonOrderID"], "columns": {"OrderItem": "array"}},
            {"name": "fees", "report_type": "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA", "keys": ["sku"],
             "columns": {"your-price": {"name": "price", "type": "number"}}},
            {"name": "prime_returns", "report_type": "GET_CSV_MFN_PRIME_RETURNS_REPORT",
             "columns": {"Order ID": {"name": "order_id"}, "Label cost": "number"}, "keys": ["order_id"]},
        ],
        "mask": {"prime_returns.Reason": "hash", "fees.asin": "drop", "fees.colour": "drop"},
        "mask_salt": "a salt of the test",
    })
}

const STREAMS: &str = "search_terms,xml_orders,fees,prime_returns";

/// What the tap prints that is no message.
fn text(arguments: &[&str]) -> String {
    let output = program("tap-amazon-seller").args(arguments).output().unwrap();
    printed(&output)
}

/// The schema that was written last for a stream.
fn schema(extracted: &Extracted, stream: &str) -> Value {
    let text = String::from_utf8(extracted.output.stdout.clone()).unwrap();
    let messages = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut schemas = messages.filter(|it| it["type"] == "SCHEMA" && it["stream"] == stream);
    schemas.next_back().unwrap()
}

#[test]
fn reports_of_every_format_become_streams_by_configuration_alone() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--documents", &documents(&folder)]);
    let config = folder.file("config.json", emulator.tap_config(settings()));
    let config = config.to_str().unwrap();

    let catalog = folder.file("catalog.json", text(&["--config", config, "--discover"]));
    let catalog = catalog.to_str().unwrap();
    let first = tap(&["--config", config, "--streams", STREAMS, "--catalog", catalog]).succeeded();

    // Two rows that are alike are two rows; a week begins on Sunday and ends on Saturday.
    let terms = first.records("search_terms");
    assert_eq!(terms.len(), 3 * 2, "three whole weeks of one marketplace");
    let numbers: Vec<_> = terms.iter().map(|term| term["_row_occurrence"].clone()).collect();
    assert_eq!(numbers, [1, 2, 1, 2, 1, 2]);
    assert_eq!(terms[0]["_row_hash"], terms[1]["_row_hash"]);
    assert_eq!(terms[0]["marketplace_id"], "A1PA6795UKMFR9");
    let weeks: BTreeSet<_> =
        terms.iter().map(|term| term["report_date"].as_str().unwrap()).collect();
    assert_eq!(weeks.into_iter().collect::<Vec<_>>(), ["2026-10-25", "2026-11-01", "2026-11-08"]);
    let text = String::from_utf8(first.output.stdout.clone()).unwrap();
    assert!(text.contains(r#""clickShare":0.10"#), "the digits of a share changed");
    let journal = emulator.journal();
    let mut asked: Vec<_> = journal
        .iter()
        .filter(|call| call["detail"]["reportType"] == "GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT")
        .filter(|call| call["operation"] == "createReport")
        .map(|call| {
            (call["detail"]["dataStartTime"].clone(), call["detail"]["dataEndTime"].clone())
        })
        .collect();
    asked.sort_by_key(|(start, _)| start.to_string());
    assert_eq!(
        asked
            .iter()
            .map(|(start, end)| (start.as_str().unwrap(), end.as_str().unwrap()))
            .collect::<Vec<_>>(),
        [
            ("2026-10-25T00:00:00Z", "2026-10-31T23:59:59Z"),
            ("2026-11-01T00:00:00Z", "2026-11-07T23:59:59Z"),
            ("2026-11-08T00:00:00Z", "2026-11-14T23:59:59Z"),
        ]
    );

    let orders = first.records("xml_orders");
    assert_eq!(
        *orders[0],
        json!({"region": "eu", "AmazonOrderID": "1-1", "OrderItem": [{"SKU": "A"}, {"SKU": "B"}], "City": "Köln"})
    );
    assert_eq!(orders.len(), 1, "one report a region");

    let fees = first.records("fees");
    assert_eq!(fees.len(), 4, "two rows in each of two marketplaces");
    assert_eq!(
        *fees[1],
        json!({"marketplace_id": fees[1]["marketplace_id"], "price": null, "sku": "B", "estimated-fee-total": "--"})
    );
    assert_eq!(schema(&first, "fees")["schema"]["properties"].get("asin"), None);
    assert_eq!(schema(&first, "fees")["key_properties"], json!(["marketplace_id", "sku"]));
    assert!(first.stderr().contains("mask.fees.colour: there was no such column"));

    let returns = first.records("prime_returns");
    assert_eq!(returns[0]["Label cost"], json!(1.5));
    assert_eq!(returns[0]["Reason"].as_str().unwrap().len(), 64);
    assert!(!text.contains("too "), "a masked value went out");

    // The second run asks for the present and for nothing that is out.
    let state = folder.file("state.json", first.state().to_string());
    let again = tap(&[
        "--config",
        config,
        "--streams",
        STREAMS,
        "--catalog",
        catalog,
        "--state",
        state.to_str().unwrap(),
    ])
    .succeeded();
    assert_eq!(again.records("search_terms").len(), 0);
    assert_eq!(again.records("fees").len(), 4);
}

#[test]
fn other_settings_under_the_same_name_start_over_once_and_say_so() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--documents", &documents(&folder)]);
    let run = |settings: &Value, state: &Value| {
        let config = folder.file("config.json", emulator.tap_config(settings.clone()));
        let state = folder.file("state.json", state.to_string());
        let (config, state) = (config.to_str().unwrap(), state.to_str().unwrap());
        let run = tap(&["--config", config, "--streams", "search_terms", "--state", state]);
        run.succeeded()
    };
    let counts = |run: &Extracted| {
        let says = "search_terms: its entry in custom_reports asks for other rows than before";
        (run.records("search_terms").len(), run.stderr().matches(says).count())
    };
    let mut settings = settings();
    let first = run(&settings, &json!({}));
    assert_eq!(counts(&first), (6, 0));
    let state = first.state();
    // A state of a version without fingerprints.
    let mut old = state.clone();
    let cursor = &mut old["bookmarks"]["search_terms"]["cursor"];
    let (_, own) = cursor.as_object().unwrap().iter().next().unwrap();
    *cursor = json!({"A1PA6795UKMFR9": own});
    settings["mask"]["search_terms.searchTerm"] = json!("hash");
    for state in [state, &old] {
        assert_eq!(counts(&run(&settings, state)), (0, 0));
    }
    settings["custom_reports"][0]["columns"] = json!({"clickShare": "number"});
    let over = run(&settings, state);
    assert_eq!(counts(&over), (6, 1));
    assert_eq!(counts(&run(&settings, over.state())), (0, 0));
}

#[test]
fn plan_counts_them_and_an_error_names_the_entry() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--documents", &documents(&folder)]);
    let config = folder.file("config.json", emulator.tap_config(settings()));
    let plan = text(&["--config", config.to_str().unwrap(), "--streams", STREAMS, "--plan"]);
    let line = plan.lines().find(|line| line.starts_with("search_terms")).unwrap();
    assert!(line.contains("DE") && line.split_whitespace().any(|word| word == "3"), "{plan}");

    let mut wrong = settings();
    wrong["custom_reports"][2]["report_type"] = json!("GET_V2_SETTLEMENT_REPORT_DATA_XML");
    let config = folder.file("wrong.json", emulator.tap_config(wrong));
    let refused = tap(&["--config", config.to_str().unwrap()]);
    assert_ne!(refused.code(), Some(0));
    assert!(refused.stderr().contains("custom_reports.fees.report_type"), "{}", refused.stderr());
    assert!(refused.output.stdout.is_empty());
}

#[test]
fn a_document_of_another_shape_fails_its_stream_and_says_what_it_has() {
    let folder = Folder::new();
    let path = documents(&folder);
    std::fs::write(folder.path("documents").join("terms"), r#"{"errorDetails": "who knows"}"#)
        .unwrap();
    let emulator = Emulator::start(&folder, &["--documents", &path]);
    let config = folder.file("config.json", emulator.tap_config(settings()));
    let run = tap(&["--config", config.to_str().unwrap(), "--streams", STREAMS]);
    assert_eq!(run.code(), Some(1));
    assert_eq!(run.records("fees").len(), 4, "other streams go on");
    let told = run.stderr();
    assert!(
        told.contains("the document has no list at `dataByDepartmentAndSearchTerm`; at its top it has `errorDetails`"),
        "{told}"
    );
    assert!(!told.contains("who knows"));
    assert_eq!(run.state()["bookmarks"]["search_terms"].get("cursor"), None);
}
