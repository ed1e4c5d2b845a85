//! Sales and traffic documents.

use super::*;

const BOTH: [&str; 2] = ["sales_traffic_report", "sales_traffic_by_date"];

fn day(granularity: AsinGranularity) -> Facts<'static> {
    let day = NaiveDate::from_ymd_opt(2024, 5, 1);
    Facts { day, asin_granularity: granularity, ..facts("US") }
}

fn document(specification: &str, by_date: &str, by_asin: &str) -> String {
    format!(
        r#"{{"reportSpecification":{specification},"salesAndTrafficByDate":[{by_date}],"salesAndTrafficByAsin":[{by_asin}]}}"#
    )
}

fn specification(granularity: &str) -> String {
    format!(
        r#"{{"reportType":"GET_SALES_AND_TRAFFIC_REPORT","reportOptions":{{"dateGranularity":"DAY","asinGranularity":"{granularity}"}},"dataStartTime":"2024-05-01","dataEndTime":"2024-05-01","marketplaceIds":["ATVPDKIKX0DER"]}}"#
    )
}

const BY_DATE: &str = r#"{"date":"2024-05-01","salesByDate":{"orderedProductSales":{"amount":238.440,"currencyCode":"USD"},"orderedProductSalesB2B":{"amount":1.0,"currencyCode":"USD"},"unitsOrdered":23.0},"trafficByDate":{"sessions":1000,"browerPageViews":7}}"#;

const BY_ASIN: &str = r#"{"parentAsin":"P1","childAsin":"C1","salesByAsin":{"unitsOrdered":1,"orderedProductSales":{"amount":16.79,"currencyCode":"USD"}},"trafficByAsin":{"sessions":18,"unitSessionPercentage":7.690}}"#;

#[test]
fn both_lists_become_flat_records_with_their_own_digits() {
    let document = document(&specification("CHILD"), BY_DATE, BY_ASIN);
    let (emitted, loaded) = read(document.as_bytes(), &day(AsinGranularity::Child), &BOTH);
    assert_eq!(
        emitted.texts,
        [
            r#"{"marketplace_id":"ATVPDKIKX0DER","date":"2024-05-01","ordered_product_sales":238.440,"currency_code":"USD","ordered_product_sales_b2b":1.0,"units_ordered":23,"sessions":1000,"brower_page_views":7}"#,
            r#"{"marketplace_id":"ATVPDKIKX0DER","date":"2024-05-01","parent_asin":"P1","child_asin":"C1","units_ordered":1,"ordered_product_sales":16.79,"currency_code":"USD","sessions":18,"unit_session_percentage":7.690}"#,
        ]
    );
    assert_eq!(
        emitted.properties,
        [(
            "sales_traffic_by_date",
            "brower_page_views".to_owned(),
            json!({"type": ["number", "null"]})
        )]
    );
    let records = BTreeMap::from([("sales_traffic_by_date", 1), ("sales_traffic_report", 1)]);
    assert_eq!(loaded.unwrap(), Loaded { rows: 2, records, ..Loaded::default() });
}

#[test]
fn the_key_of_each_granularity_is_never_null() {
    let parent = r#"{"parentAsin":"P1","salesByAsin":{}},{"parentAsin":"P2","childAsin":null}"#;
    let whole = document(&specification("PARENT"), "", parent);
    let (emitted, _) = read(whole.as_bytes(), &day(AsinGranularity::Parent), &BOTH);
    let keys: Vec<_> =
        emitted.of(BOTH[0]).iter().map(|record| record["child_asin"].clone()).collect();
    assert_eq!(keys, [json!("P1"), json!("P2")]);

    let whole = document(&specification("CHILD"), "", parent);
    let (emitted, loaded) = read(whole.as_bytes(), &day(AsinGranularity::Child), &BOTH);
    assert_eq!(emitted.records, []);
    assert_eq!(loaded.unwrap().keyless, Places { count: 2, first: vec![1, 2] });

    let sku = r#"{"parentAsin":"P","childAsin":"C","sku":"S"},{"parentAsin":"P","childAsin":"C"}"#;
    let whole = document(&specification("SKU"), "", sku);
    let (emitted, loaded) = read(whole.as_bytes(), &day(AsinGranularity::Sku), &BOTH);
    assert_eq!(emitted.of(BOTH[0]).len(), 1);
    assert_eq!(emitted.of(BOTH[0])[0]["sku"], json!("S"));
    assert_eq!(loaded.unwrap().keyless.count, 1);
}

#[test]
fn an_empty_list_by_asin_beside_figures_is_late() {
    let late = |by_date: &str, by_asin: &str| {
        let document = document(&specification("CHILD"), by_date, by_asin);
        read(document.as_bytes(), &day(AsinGranularity::Child), &BOTH[..1]).1.unwrap().late
    };
    let quiet = r#"{"date":"2024-05-01","salesByDate":{"unitsOrdered":0},"trafficByDate":{"sessions":0.0}}"#;
    assert!(late(BY_DATE, ""));
    assert!(!late(BY_DATE, BY_ASIN));
    assert!(!late(quiet, ""));
    assert!(!late("", ""));
}

#[test]
fn a_document_that_answers_another_question_is_refused() {
    let facts = day(AsinGranularity::Child);
    let refused = |specification: String| {
        refusal(document(&specification, BY_DATE, BY_ASIN).as_bytes(), &facts, &BOTH)
    };
    assert!(refused(specification("PARENT")).contains("another `asinGranularity`"));
    let other_start = specification("CHILD").replacen("2024-05-01", "2024-04-30", 1);
    assert!(refused(other_start).contains("another `dataStartTime`"));
    let other_end =
        specification("CHILD").replace("EndTime\":\"2024-05-01", "EndTime\":\"2024-05-07");
    assert!(refused(other_end).contains("another `dataStartTime`"));
    let other_day = specification("CHILD").replace("2024-05-01", "2024-04-30");
    assert!(refused(other_day).contains("another `dataStartTime`"));
    let other_place = specification("CHILD").replace("ATVPDKIKX0DER", "A1PA6795UKMFR9");
    assert!(refused(other_place).contains("another `marketplaceIds`"));
}

#[test]
fn what_is_no_such_document_is_refused_and_what_is_cut_off_is_known() {
    let facts = day(AsinGranularity::Child);
    let refused = |document: &str| refusal(document.as_bytes(), &facts, &BOTH);
    assert!(refused("<Error/>").contains("XML"));
    assert!(refused(" ").contains("empty"));
    assert!(refused(r#"{"errorDetails":"no"}"#).contains("no `salesAndTrafficByDate`"));
    assert_eq!(
        refused(r#"{"salesAndTrafficByDate":"secret"}"#),
        "report 5012: line 1, column 33: not the JSON that this report is"
    );
    let wrong = BY_ASIN.replace("\"unitsOrdered\":1", "\"unitsOrdered\":\"secret\"");
    assert_eq!(
        refused(&document(&specification("CHILD"), BY_DATE, &wrong)),
        "sales_traffic_report: element 1 of report 5012: units_ordered: expected an integer"
    );
    let whole = document(&specification("CHILD"), BY_DATE, BY_ASIN);
    for end in [1, 40, whole.len() / 2, whole.len() - 1] {
        let cut = &whole.as_bytes()[..end];
        let error = read(cut, &facts, &BOTH).1.unwrap_err();
        assert!(error.is_cut_off(), "{end}: {error}");
    }
    let source =
        Pieces { document: &whole.as_bytes()[..300], sizes: vec![7], next: 0, fails: true };
    let error = load(source, &facts, &feeds(&BOTH), &mut Emitted::default()).unwrap_err();
    assert!(matches!(error, DocumentError::Source { .. }), "{error}");
}

#[test]
fn pieces_compression_and_marks_do_not_matter() {
    let whole = document(&specification("CHILD"), BY_DATE, BY_ASIN);
    let facts = day(AsinGranularity::Child);
    let (expected, _) = read(whole.as_bytes(), &facts, &BOTH);
    let marked = ["\u{feff}", &whole].concat();
    for document in [marked.into_bytes(), gzip(whole.as_bytes())] {
        for size in [1, 2, 3, 1000] {
            let mut emitted = Emitted::default();
            let source = Pieces { document: &document, sizes: vec![size], next: 0, fails: false };
            load(source, &facts, &feeds(&BOTH), &mut emitted).unwrap();
            assert_eq!(emitted, expected);
        }
    }
}

#[test]
fn columns_that_are_not_wanted_stay_out() {
    let mut feeds = feeds(&BOTH[..1]);
    feeds[0].deselected = ["sessions", "child_asin"].map(str::to_owned).into();
    let whole = document(&specification("CHILD"), BY_DATE, BY_ASIN);
    let mut emitted = Emitted::default();
    load(whole.as_bytes(), &day(AsinGranularity::Child), &feeds, &mut emitted).unwrap();
    let record = emitted.of(BOTH[0])[0];
    assert_eq!((record.get("sessions"), &record["child_asin"]), (None, &json!("C1")));
}

#[test]
fn an_element_without_an_end_in_sight_is_refused_and_not_held() {
    let endless = io::repeat(b'x').take(100_000_000);
    let source = br#"{"salesAndTrafficByDate":[{"date":""#.chain(endless);
    let facts = day(AsinGranularity::Child);
    let error = load(source, &facts, &feeds(&BOTH), &mut Emitted::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "report 5012: an element of a list is longer than 16777216 bytes"
    );
}

#[test]
fn a_document_of_any_length_is_read_if_its_elements_are_not_too_long() {
    let far = format!("{BY_DATE}{}", " ".repeat(6_000_000));
    let by_date = [far.as_str(); 3].join(",");
    let whole = document(&specification("CHILD"), &by_date, BY_ASIN);
    let (emitted, loaded) = read(whole.as_bytes(), &day(AsinGranularity::Child), &BOTH);
    assert_eq!((emitted.records.len(), loaded.unwrap().rows), (4, 4));
}
