//! Documents as Amazon writes them, byte for byte, and the records that they must become.

use serde_json::{Value, json};

use support::{Emulator, Extracted, Folder, tap};

/// Serves documents and extracts a stream from one marketplace.
fn extract(
    folder: &Folder,
    marketplace: &str,
    stream: &str,
    report_type: &str,
    content_type: &str,
    bytes: &[u8],
) -> Extracted {
    let documents = folder.path("documents");
    std::fs::create_dir_all(&documents).unwrap();
    std::fs::write(documents.join("document"), bytes).unwrap();
    let index = json!([{"report_type": report_type, "marketplace": "*", "file": "document",
        "content_type": content_type, "compression_algorithm": null}]);
    std::fs::write(documents.join("documents.json"), index.to_string()).unwrap();
    let emulator = Emulator::start(folder, &["--documents", documents.to_str().unwrap()]);
    let config =
        folder.file("config.json", emulator.tap_config(json!({"marketplaces": marketplace})));
    tap(&["--config", config.to_str().unwrap(), "--streams", stream])
}

const LISTINGS: &str = "GET_MERCHANT_LISTINGS_ALL_DATA";

fn column<'a>(extracted: &'a Extracted, stream: &str, name: &str) -> Vec<&'a Value> {
    extracted.records(stream).iter().map(|record| &record[name]).collect()
}

#[test]
fn a_european_file_is_read_in_its_charset_and_quotes_are_only_quotes() {
    let folder = Folder::new();
    let bytes = [
        b"item-name\tlisting-id\tseller-sku\tprice\tquantity\tasin1\tstatus\r\n".as_slice(),
        b"Bohrer 10\" Deluxe \x80 5,00 \x99\t0101A\tDE-1\t19.90\t7\tB000000001\tActive\r\n",
        b"\"Schl\xfcssel\tL-2\tDE-2\t5.00\t\tB000000002\tInactive",
    ]
    .concat();
    let extracted = extract(
        &folder,
        "DE",
        "products_inventory",
        LISTINGS,
        "text/plain; charset=Cp1252",
        &bytes,
    )
    .succeeded();
    assert_eq!(
        column(&extracted, "products_inventory", "item-name"),
        [&json!("Bohrer 10\" Deluxe € 5,00 ™"), &json!("\"Schlüssel")]
    );
    assert_eq!(column(&extracted, "products_inventory", "quantity"), [&json!(7), &Value::Null]);
    let text = String::from_utf8(extracted.output.stdout.clone()).unwrap();
    assert!(text.contains(r#""price":19.90"#), "the digits of a price changed");
    assert_eq!(
        column(&extracted, "products_inventory", "marketplace_id"),
        [&json!("A1PA6795UKMFR9"); 2]
    );
}

#[test]
fn a_japanese_file_is_read_in_its_charset_and_its_headers_are_translated() {
    let folder = Folder::new();
    // 商品名, 出品ID, 出品者SKU, 価格, 数量, ASIN 1, and a row with the circled one that only
    // Microsoft's variant of Shift_JIS has.
    let header = b"\x8f\xa4\x95i\x96\xbc\t\x8fo\x95iID\t\x8fo\x95i\x8e\xd2SKU\t\x89\xbf\x8ai\t\x90\x94\x97\xca\tASIN 1\n";
    let row = b"\x87@\x83\x52\x83\x62\x83\x76\tL1\tJP-1\t1980\t3\tB000000003\n";
    let bytes = [header.as_slice(), row].concat();
    let extracted = extract(
        &folder,
        "JP",
        "products_inventory",
        LISTINGS,
        "text/plain; charset=Windows-31J",
        &bytes,
    )
    .succeeded();
    let records = extracted.records("products_inventory");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["item-name"], "①コップ");
    assert_eq!(records[0]["seller-sku"], "JP-1");
    assert_eq!(records[0]["price"], 1980);
    assert_eq!(records[0]["asin1"], "B000000003");
}

#[test]
fn a_row_that_cannot_be_placed_is_named_and_makes_the_run_incomplete() {
    let folder = Folder::new();
    let bytes = b"item-name\tlisting-id\tseller-sku\na\tL1\tS1\nb\tL2\nc\tL3\tS3\n";
    let extracted =
        extract(&folder, "US", "products_inventory", LISTINGS, "text/plain;charset=UTF-8", bytes);
    assert_eq!(
        column(&extracted, "products_inventory", "seller-sku"),
        [&json!("S1"), &json!("S3")]
    );
    assert!(extracted.stderr().contains("left out: 1 (lines 3"), "{}", extracted.stderr());
    assert_eq!(extracted.code(), Some(1));
}

#[test]
fn a_column_that_nobody_knows_arrives_under_its_own_name() {
    let folder = Folder::new();
    let bytes = b"\xef\xbb\xbfseller-sku\tlisting-id\tBrand New Column \n\nS1\tL1\t007\n";
    let extracted =
        extract(&folder, "US", "products_inventory", LISTINGS, "text/plain;charset=utf8", bytes)
            .succeeded();
    assert_eq!(column(&extracted, "products_inventory", "Brand New Column"), [&json!("007")]);
    let schemas: Vec<_> =
        extracted.messages.iter().filter(|message| message["type"] == "SCHEMA").collect();
    assert_eq!(
        schemas.last().unwrap()["schema"]["properties"]["Brand New Column"]["type"],
        json!(["string", "null"])
    );
}

#[test]
fn a_cell_that_is_not_what_its_column_always_is_fails_the_stream_and_names_the_place() {
    let folder = Folder::new();
    let bytes = b"seller-sku\tlisting-id\tquantity\nS1\tL1\t3\nS2\tL2\thunter2\n";
    let extracted = extract(&folder, "US", "products_inventory", LISTINGS, "text/plain", bytes);
    assert_eq!(extracted.code(), Some(1));
    let said = extracted.stderr();
    assert!(said.contains("line 3") && said.contains("quantity: expected an integer"), "{said}");
    assert!(!said.contains("hunter2"), "the value is in the log: {said}");
    // A picture that is not whole is not marked as taken.
    assert!(!String::from_utf8_lossy(&extracted.output.stdout).contains("\"taken\""));
}

#[test]
fn sales_and_traffic_become_a_record_an_asin_and_a_record_a_day() {
    let folder = Folder::new();
    let document = json!({
        "reportSpecification": {"reportType": "GET_SALES_AND_TRAFFIC_REPORT"},
        "salesAndTrafficByDate": [{"date": "2026-11-18",
            "salesByDate": {"orderedProductSales": {"amount": 238.40, "currencyCode": "USD"}, "unitsOrdered": 23},
            "trafficByDate": {"sessions": 1000, "brandNewPercentage": 1.50}}],
        "salesAndTrafficByAsin": [
            {"parentAsin": "B0PARENT01", "childAsin": "B0CHILD001",
             "salesByAsin": {"unitsOrdered": 23, "unitsOrderedB2B": 2,
                "orderedProductSales": {"amount": 238.40, "currencyCode": "USD"}},
             "trafficByAsin": {"sessions": 1000, "browserPageViews": 7}}],
    });
    // Written by hand, so that the last zero of the amount is there.
    let bytes = document.to_string().replace("238.4", "238.40");
    let extracted = extract(
        &folder,
        "US",
        "sales_traffic_report,sales_traffic_by_date",
        "GET_SALES_AND_TRAFFIC_REPORT",
        "application/json",
        bytes.as_bytes(),
    )
    .succeeded();
    let by_asin = extracted.records("sales_traffic_report");
    assert_eq!(by_asin[0]["child_asin"], "B0CHILD001");
    assert_eq!(by_asin[0]["units_ordered_b2b"], 2);
    assert_eq!(by_asin[0]["currency_code"], "USD");
    assert_eq!(by_asin[0]["browser_page_views"], 7);
    let by_date = extracted.records("sales_traffic_by_date");
    assert_eq!(by_date[0]["date"], "2026-11-18");
    assert_eq!(by_date[0]["brand_new_percentage"], 1.5);
    let text = String::from_utf8(extracted.output.stdout.clone()).unwrap();
    assert!(text.contains(r#""ordered_product_sales":238.40"#), "the digits of an amount changed");
}
