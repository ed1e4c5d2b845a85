//! Documents of listings and of stock: bytes, headers and rows.

use super::*;

const LISTINGS: &str = "item-name\tseller-sku\tlisting-id\tprice\tquantity\n";

fn listings(document: &[u8], country: &str) -> (Emitted, Loaded) {
    let (emitted, loaded) = read(document, &facts(country), &["products_inventory"]);
    (emitted, loaded.unwrap())
}

#[test]
fn a_listing_has_the_names_of_the_report_and_the_types_of_the_schema() {
    let document = format!("{LISTINGS}10\" pan\tA-1\tL1\t012.50\t\n\"x\tB\tL2\t\t5\n");
    let (emitted, loaded) = listings(document.as_bytes(), "GB");
    assert_eq!(
        emitted.texts,
        [
            r#"{"marketplace_id":"A1F83G8C2ARO7P","item-name":"10\" pan","listing-id":"L1","seller-sku":"A-1","price":12.50,"quantity":null}"#,
            r#"{"marketplace_id":"A1F83G8C2ARO7P","item-name":"\"x","listing-id":"L2","seller-sku":"B","price":null,"quantity":5}"#,
        ]
    );
    assert_eq!(emitted.properties, []);
    let records = BTreeMap::from([("products_inventory", 2)]);
    assert_eq!(loaded, Loaded { rows: 2, records, ..Loaded::default() });
}

#[test]
fn the_sku_stands_in_for_a_missing_listing_id() {
    let (emitted, _) = listings(b"seller-sku\tprice\nA\t1\n", "FR");
    assert_eq!(emitted.records[0].1["listing-id"], json!("A"));
    let (emitted, _) = listings(b"seller-sku\tlisting-id\nA\t \nB\tL\n", "FR");
    assert_eq!(emitted.records[0].1["listing-id"], json!("A"));
    assert_eq!(emitted.records[1].1["listing-id"], json!("L"));
}

#[test]
fn a_document_without_a_sku_is_refused() {
    let text = refusal(b"item-name\tprice\nA\t1\n", &facts("DE"), &["products_inventory"]);
    assert_eq!(
        text,
        "report 5012: the document has no column `seller-sku`, or has it in an unknown language"
    );
    let text = refusal(b"asin\tfnsku\n", &facts("DE"), &["warehouse_inventory"]);
    assert!(text.contains("no column `sku`"), "{text}");
}

#[test]
fn columns_that_the_schema_does_not_know_are_announced_and_kept() {
    let document = b"seller-sku\tBusiness Price \tStatus\tBusiness Price\nA\t9\tActive\t\n";
    let (emitted, _) = listings(document, "GB");
    let text = json!({"type": ["string", "null"]});
    assert_eq!(
        emitted.properties,
        [
            ("products_inventory", "Business Price".to_owned(), text.clone()),
            ("products_inventory", "Business Price_2".to_owned(), text),
        ]
    );
    assert_eq!(
        emitted.texts[0],
        r#"{"marketplace_id":"A1F83G8C2ARO7P","listing-id":"A","seller-sku":"A","status":"Active","Business Price":"9","Business Price_2":null}"#
    );
}

#[test]
fn nothing_is_announced_for_a_document_without_rows() {
    let (emitted, loaded) = listings(b"seller-sku\tnew\n", "GB");
    assert_eq!((emitted, loaded), (Emitted::default(), Loaded::default()));
    let (emitted, loaded) = listings(b"seller-sku\tnew", "GB");
    assert_eq!((emitted, loaded), (Emitted::default(), Loaded::default()));
}

#[test]
fn properties_that_are_not_wanted_stay_out_but_keys_do_not() {
    let mut feed = feeds(&["products_inventory"]).remove(0);
    feed.deselected = ["price", "listing-id", "new"].map(str::to_owned).into();
    let mut emitted = Emitted::default();
    let document = b"seller-sku\tprice\tnew\nA\tnot a number\tx\n".as_slice();
    load(document, &facts("DE"), &[feed], &mut emitted).unwrap();
    assert_eq!(
        emitted.texts,
        [r#"{"marketplace_id":"A1PA6795UKMFR9","listing-id":"A","seller-sku":"A"}"#]
    );
    assert_eq!(emitted.properties, []);
}

#[test]
fn headers_are_understood_in_german_japanese_and_chinese() {
    let german = "Artikelbezeichnung\tHändler-SKU\tPreis\tMenge\tStatus\nTür\tA\t1.5\t2\tAktiv\n";
    let (bytes, ..) = encoding_rs::WINDOWS_1252.encode(german);
    let (emitted, loaded) = listings(&bytes, "DE");
    assert_eq!(
        emitted.texts,
        [
            r#"{"marketplace_id":"A1PA6795UKMFR9","item-name":"Tür","listing-id":"A","seller-sku":"A","price":1.5,"quantity":2,"status":"Aktiv"}"#
        ]
    );
    assert_eq!(loaded.replaced, 0);

    let japanese = "商品名\t出品ID\t出品者SKU\t価格\t数量\tポイント\n①ソー髙\tL\tA\t100\t3\t1\n";
    let (bytes, _, lossy) = encoding_rs::SHIFT_JIS.encode(japanese);
    assert!(!lossy);
    let (emitted, loaded) = listings(&bytes, "JP");
    assert_eq!(
        emitted.texts,
        [
            r#"{"marketplace_id":"A1VC38T7YXB528","item-name":"①ソー髙","listing-id":"L","seller-sku":"A","price":100,"quantity":3,"points":"1"}"#
        ]
    );
    assert_eq!(loaded.replaced, 0);

    let mut names = vec!["不适用项目"; 29];
    for (index, name) in [(0, "商品名称"), (2, "商品编码"), (3, "卖家 SKU"), (22, "商品编码")]
    {
        names[index] = name;
    }
    let cells: Vec<String> = (0..29)
        .map(|cell| {
            if cell == 4 || cell == 5 || cell == 25 { cell.to_string() } else { format!("c{cell}") }
        })
        .collect();
    let chinese = format!("{}\n{}\n", names.join("\t"), cells.join("\t"));
    let (emitted, _) = listings(chinese.as_bytes(), "US");
    let record = &emitted.records[0].1;
    assert_eq!(record["listing-id"], json!("c2"));
    assert_eq!(record["product-id"], json!("c22"));
    assert_eq!(record["zshop-storefront-feature"], json!("c15"));
    assert_eq!(record.as_object().unwrap().len(), 30);
    assert_eq!(emitted.properties, []);
}

#[test]
fn the_charset_that_the_storage_names_counts() {
    let row = |charset: &'static str, bytes: &[u8]| {
        let document = [b"seller-sku\titem-name\nA\t", bytes, b"\n"].concat();
        let facts = Facts { content_type: Some(charset), ..facts("JP") };
        let (emitted, loaded) = read(&document, &facts, &["products_inventory"]);
        (emitted.records[0].1["item-name"].clone(), loaded.unwrap().replaced)
    };
    assert_eq!(row("text/plain; charset=Cp1252", b"\x80\x96"), (json!("€–"), 0));
    assert_eq!(row("text/plain;charset=utf8", "€".as_bytes()), (json!("€"), 0));
    assert_eq!(row("text/plain; charset=Windows-31J", b"\x87\x40"), (json!("①"), 0));
    assert_eq!(row("text/plain; charset=UTF-8", b"\xe9t\xe9"), (json!("\u{fffd}t\u{fffd}"), 2));
}

#[test]
fn byte_order_marks_line_ends_blank_lines_and_nuls_leave_no_trace_in_records() {
    let document = "\u{feff}\r\nseller-sku \titem-name\t\r\nA\tTi\0tle\t\r\n\t\t\r\nB\t=1+1\r\n\r\nseller-sku \titem-name\t\r\nC\tlast";
    let (emitted, loaded) = listings(document.as_bytes(), "US");
    let names: Vec<_> = emitted.records.iter().map(|(_, record)| &record["item-name"]).collect();
    assert_eq!(names, ["Title", "=1+1", "last"]);
    assert_eq!((loaded.rows, loaded.repeated_headers), (3, 1));
    assert_eq!((loaded.blank_lines, loaded.nuls), (3, 1));
    assert_eq!(loaded.ragged, Places::default());
}

#[test]
fn a_row_with_too_many_or_too_few_cells_is_left_out_and_told() {
    let document = format!("{LISTINGS}a\tA\tL\t1\t1\nb\tB\tL\t1\nc\tC\tL\t1\t1\t1\nd\tD\tL\t\t\n");
    let (emitted, loaded) = listings(document.as_bytes(), "US");
    assert_eq!(emitted.records.len(), 2);
    assert_eq!(loaded.ragged, Places { count: 2, first: vec![3, 4] });
    assert_eq!(loaded.rows, 4);
}

#[test]
fn a_row_without_its_key_is_left_out_and_told() {
    let (emitted, loaded) = listings(b"seller-sku\tprice\n\t1\n \t1\nA\t1\n", "US");
    assert_eq!(emitted.records.len(), 1);
    assert_eq!(loaded.keyless, Places { count: 2, first: vec![2, 3] });
}

#[test]
fn a_short_last_row_without_a_line_end_is_a_document_that_was_cut_off() {
    let document = format!("{LISTINGS}a\tA\tL\t1\t1\nb\tB");
    let (emitted, loaded) = read(document.as_bytes(), &facts("US"), &["products_inventory"]);
    let error = loaded.unwrap_err();
    assert_eq!(emitted.records.len(), 1);
    assert!(error.is_cut_off());
    assert_eq!(
        error.to_string(),
        "report 5012: the document ends in the middle of line 3; download it again"
    );
}

#[test]
fn a_refused_cell_is_named_and_its_value_is_not() {
    let document = format!("{LISTINGS}a\tA\tL\t1,50\t1\n");
    assert_eq!(
        refusal(document.as_bytes(), &facts("US"), &["products_inventory"]),
        "products_inventory: line 2 of report 5012: price: expected a number"
    );
}

#[test]
fn what_is_no_flat_file_is_never_read_as_rows() {
    let refused = |document: &[u8]| refusal(document, &facts("US"), &["products_inventory"]);
    let xml = b"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>";
    assert!(refused(xml).contains("XML"));
    assert!(refused(b"{\"errorDetails\": \"no\"}").contains("JSON"));
    assert!(refused(b"").contains("empty"));
    assert!(refused(b"\xef\xbb\xbf\r\n").contains("empty"));
}

#[test]
fn gzip_is_believed_by_its_bytes_and_read_to_its_last_member() {
    let parts = ["seller-sku\tpri", "ce\nA\t1\nB", "\t2\n"].map(|part| gzip(part.as_bytes()));
    let (emitted, _) = listings(&parts.concat(), "TR");
    assert_eq!(emitted.records.len(), 2);
    let (plain, _) = listings(b"seller-sku\tprice\nA\t1\nB\t2\n", "TR");
    assert_eq!(emitted, plain);
}

#[test]
fn a_source_that_ends_too_early_asks_for_another_download() {
    let whole = gzip(format!("{LISTINGS}a\tA\tL\t1\t1\n").as_bytes());
    let cut = &whole[..whole.len() - 9];
    let error = read(cut, &facts("US"), &["products_inventory"]).1.unwrap_err();
    assert!(matches!(error, DocumentError::Source { .. }) && error.is_cut_off(), "{error}");
    for document in [&whole[..1], &whole[..whole.len() - 1], b"seller-sku\nA\nB", b"seller-sku"] {
        let source = Pieces { document, sizes: vec![3], next: 0, fails: true };
        let feeds = feeds(&["products_inventory"]);
        let error = load(source, &facts("US"), &feeds, &mut Emitted::default()).unwrap_err();
        let DocumentError::Source { cause, .. } = error else { panic!("{error}") };
        assert_eq!(cause.kind(), io::ErrorKind::ConnectionReset);
    }
}

#[test]
fn an_emitter_that_takes_no_more_ends_the_reading() {
    struct Gone;
    impl Emit for Gone {
        fn property(&mut self, _: &'static str, _: &str, _: Value) -> Result<(), EmitError> {
            Ok(())
        }
        fn record(&mut self, _: &'static str, _: &[u8]) -> Result<(), EmitError> {
            Err(EmitError)
        }
    }
    let feeds = feeds(&["products_inventory"]);
    let error = load(b"seller-sku\nA\nB\n".as_slice(), &facts("US"), &feeds, &mut Gone);
    assert!(matches!(error, Err(DocumentError::Emit(EmitError))));
}

#[test]
fn every_cell_of_a_quoted_document_loses_its_quotes() {
    let document = b"\"seller-sku\"\t\"item-name\"\n\"A\"\t\"Cam, 1/2\" lens\"\n\"B\"\t\"\"\n";
    let (emitted, _) = listings(document, "US");
    assert_eq!(emitted.records[0].1["item-name"], json!("Cam, 1/2\" lens"));
    assert_eq!(emitted.records[1].1["item-name"], Value::Null);
}

#[test]
fn stock_has_the_names_of_the_inventory_api_and_keeps_its_other_columns() {
    let document = b"sku\tfnsku\tasin\tproduct-name\tcondition\tyour-price\tmfn-listing-exists\tmfn-fulfillable-quantity\tafn-listing-exists\tafn-warehouse-quantity\tafn-fulfillable-quantity\tafn-unsellable-quantity\tafn-reserved-quantity\tafn-total-quantity\tper-unit-volume\tafn-inbound-working-quantity\tafn-inbound-shipped-quantity\tafn-inbound-receiving-quantity\tafn-researching-quantity\tafn-reserved-future-supply\tafn-future-supply-buyable\tafn-brand-new\nA\tX1\tB0\tPan\tNew\t9.90\tNo\t\tYes\t12\t10\t1\t1\t15\t0.02\t1\t2\t0\t\t0\t0\t7\n";
    let (emitted, loaded) = read(document, &facts("DE"), &["warehouse_inventory"]);
    assert_eq!(
        emitted.texts,
        [
            r#"{"marketplace_id":"A1PA6795UKMFR9","sellerSku":"A","fnSku":"X1","asin":"B0","condition":"New","productName":"Pan","totalQuantity":15,"inventoryDetails":{"fulfillableQuantity":10,"inboundWorkingQuantity":1,"inboundShippedQuantity":2,"inboundReceivingQuantity":0,"reservedQuantity":{"totalReservedQuantity":1},"researchingQuantity":{"totalResearchingQuantity":null},"unfulfillableQuantity":{"totalUnfulfillableQuantity":1}},"your-price":9.90,"mfn-listing-exists":"No","mfn-fulfillable-quantity":null,"afn-listing-exists":"Yes","afn-warehouse-quantity":12,"per-unit-volume":0.02,"afn-reserved-future-supply":0,"afn-future-supply-buyable":0,"afn-brand-new":"7"}"#
        ]
    );
    assert_eq!(loaded.unwrap().records["warehouse_inventory"], 1);
    let (emitted, _) = read(b"sku\nA\n", &facts("DE"), &["warehouse_inventory"]);
    assert_eq!(emitted.texts, [r#"{"marketplace_id":"A1PA6795UKMFR9","sellerSku":"A"}"#]);
}
