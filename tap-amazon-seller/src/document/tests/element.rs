//! Lists of JSON and XML, wherever they are in a document.

use super::*;
use crate::record::{Column, ROW_HASH, ROW_OCCURRENCE};
use crate::streams::Shape;

const QUANTITY: &[Column] = &[Column::renamed("Qty", "quantity")];

/// A stream of elements with a schema and keys.
fn stream(
    syntax: Syntax,
    path: &'static [&'static str],
    properties: &'static str,
    keys: &'static [&'static str],
) -> &'static Stream {
    let Source::Report { report, .. } = &identity::SOURCE else { unreachable!() };
    Box::leak(Box::new(Stream {
        name: "things",
        schema: properties,
        keys,
        source: Source::Report {
            report,
            shape: Shape::Elements { syntax, path, columns: QUANTITY },
        },
        ..identity::NONE
    }))
}

/// A stream whose schema declares some types.
fn typed(syntax: Syntax, path: &'static [&'static str]) -> &'static Stream {
    let schema = r#"{"properties": {
        "marketplace_id": {"type": "string"}, "id": {"type": "string"},
        "quantity": {"type": ["integer", "null"]}, "tags": {"type": ["array", "null"]},
        "day": {"type": ["string", "null"], "format": "date"}
    }}"#;
    stream(syntax, path, schema, &["marketplace_id", "id"])
}

/// A stream without keys.
fn plain(syntax: Syntax, path: &'static [&'static str]) -> &'static Stream {
    let schema = r#"{"properties": {
        "_row_hash": {"type": "string"}, "_row_occurrence": {"type": "integer"}
    }}"#;
    stream(syntax, path, schema, &[ROW_HASH, ROW_OCCURRENCE])
}

fn load_as(stream: &'static Stream, document: &[u8]) -> (Emitted, Result<Loaded, DocumentError>) {
    let mut emitted = Emitted::default();
    let loaded = load(document, &facts("DE"), &[Feed::all(stream)], &mut emitted);
    (emitted, loaded)
}

fn refused(stream: &'static Stream, document: &str) -> String {
    load_as(stream, document.as_bytes()).1.expect_err("the document is refused").to_string()
}

const DEEP: &[&str] = &["a", "b"];
const ORDERS: &[&str] = &["Envelope", "Message", "Order"];

#[test]
fn elements_of_json_are_found_by_their_path_and_keep_their_digits() {
    let document = br#"{"b": [9], "a": {"c": {"b": [8]}, "b": [
        {"id": 12345678901234567890123, "Qty": "007", "price": 12.50, "tags": "x", "day": "2026-01-31"},
        {"id": "B", "Qty": 3.0, "price": null, "more": {"x": [1.10]}}
    ]}, "z": 1}"#;
    let (emitted, loaded) = load_as(typed(Syntax::Json, DEEP), document);
    assert_eq!(
        emitted.texts,
        [
            r#"{"marketplace_id":"A1PA6795UKMFR9","id":"12345678901234567890123","quantity":7,"price":12.50,"tags":["x"],"day":"2026-01-31"}"#,
            r#"{"marketplace_id":"A1PA6795UKMFR9","id":"B","quantity":3,"more":{"x": [1.10]}}"#,
        ]
    );
    let announced: Vec<_> = emitted
        .properties
        .iter()
        .map(|(_, name, schema)| (name.as_str(), schema.clone()))
        .collect();
    assert_eq!(
        announced,
        [
            ("price", json!({"type": ["number", "null"]})),
            ("more", json!({"type": ["object", "null"]})),
        ]
    );
    assert_eq!(loaded.unwrap().rows, 2);
}

#[test]
fn a_document_may_be_the_list_itself_and_elements_no_objects() {
    let (emitted, _) = load_as(plain(Syntax::Json, &[]), b"\xef\xbb\xbf[1.0, \"x\", 1.0]");
    let values: Vec<_> =
        emitted.records.iter().map(|(_, record)| record["value"].clone()).collect();
    assert_eq!(values, [json!(1.0), json!("x"), json!(1.0)]);
    assert_eq!(emitted.records[2].1[ROW_OCCURRENCE], 2);
    let types: Vec<_> =
        emitted.properties.iter().map(|(.., schema)| schema["type"].clone()).collect();
    assert_eq!(types, [json!(["number", "null"]), json!(["number", "string", "null"])]);
}

#[test]
fn the_content_of_an_element_counts_and_not_how_it_is_written() {
    let stream = plain(Syntax::Json, &[]);
    let hash = |document: &str| {
        let (emitted, _) = load_as(stream, document.as_bytes());
        emitted.records[0].1[ROW_HASH].as_str().unwrap().to_owned()
    };
    let one = hash(r#"[{"a": 1, "b": {"c": "é", "d": [1, 2]}}]"#);
    assert_eq!(hash("[{\"b\":{\"new\":null,\"d\":[1,2],\"c\":\"\\u00e9\"},\"a\":1}]"), one);
    assert_ne!(hash(r#"[{"a": 1, "b": {"c": "é", "d": [2, 1]}}]"#), one);
    assert_ne!(hash(r#"[{"a": "1", "b": {"c": "é", "d": [1, 2]}}]"#), one);
}

#[test]
fn one_document_feeds_streams_with_lists_of_their_own() {
    let feeds: Vec<_> =
        [plain(Syntax::Json, DEEP), typed(Syntax::Json, &["a", "c"])].map(Feed::all).into();
    let mut emitted = Emitted::default();
    let document = br#"{"a": {"b": [{"x": 1}], "c": [{"id": "1"}]}}"#.as_slice();
    load(document, &facts("DE"), &feeds, &mut emitted).unwrap();
    assert_eq!(emitted.texts.len(), 2);
    assert!(emitted.texts[1].contains(r#""id":"1""#));
}

#[test]
fn json_that_is_not_the_report_is_refused_with_the_names_that_it_has() {
    let stream = typed(Syntax::Json, DEEP);
    for (document, text) in [
        (
            r#"{"errorDetails": "secret", "x": 1}"#,
            "report 5012: the document has no list at `a/b`; at its top it has `errorDetails`, `x`",
        ),
        ("[1, 2]", "report 5012: the document has no list at `a/b`; at its top it has nothing"),
        (
            r#"{"a": {"b": {"id": "secret"}}}"#,
            "report 5012: the document has no list at `a/b`; at its top it has `a`",
        ),
        ("{\"a\":\n 5}", "report 5012: line 2, column 3: not the JSON that this report is"),
        (
            r#"{"a": {"b": [{"id": "1""#,
            "report 5012: the document ends in the middle of line 1; download it again",
        ),
        (
            "<Error><Code>AccessDenied</Code></Error>",
            "report 5012: the storage sent XML in place of the document; ask for its address again",
        ),
        (" ", "report 5012: the document is empty and has no header"),
        (
            r#"{"a": {"b": [{"id": "1"}, {"id": "2", "Qty": "secret"}]}}"#,
            "things: element 2 of report 5012: Qty: expected an integer",
        ),
        (
            r#"{"a": {"b": [{"id": {"x": "secret"}}]}}"#,
            "things: element 1 of report 5012: id: expected a text or a number",
        ),
    ] {
        let found = refused(stream, document);
        assert!(found.starts_with(text), "{document}: {found}");
        assert!(!found.contains("secret"));
    }
    let (emitted, loaded) = load_as(stream, br#"{"a": {"b": null}}"#);
    assert_eq!((emitted, loaded.unwrap()), (Emitted::default(), Loaded::default()));
}

#[test]
fn elements_without_a_key_are_counted_and_left_out() {
    let document = br#"{"a": {"b": [{"id": null}, {"Qty": 1}, {"id": " "}, {"id": "1"}]}}"#;
    let (emitted, loaded) = load_as(typed(Syntax::Json, DEEP), document);
    assert_eq!(emitted.records.len(), 1);
    assert_eq!(loaded.unwrap().keyless, Places { count: 3, first: vec![1, 2, 3] });
}

#[test]
fn xml_becomes_members_lists_and_texts() {
    let document = r#"<?xml version="1.0"?>
<!-- note --><Envelope xmlns:x="y"><Header><id>no</id></Header><Message>
  <Order kind="a&amp;b" xmlns="z"><id>1</id><Qty>2</Qty>
    <Item><sku>A</sku></Item><Item><sku><![CDATA[<B>]]></sku></Item><Empty/>
    <Price currency="EUR">12.50</Price><note>x &lt; &#233; &other;</note><tags>t</tags>
  </Order></Message><Message><Order><id>2</id></Order><x:Order><id>3</id></x:Order></Message></Envelope>"#;
    let (emitted, loaded) = load_as(typed(Syntax::Xml, ORDERS), document.as_bytes());
    assert_eq!(
        emitted.records[0].1,
        json!({
            "marketplace_id": "A1PA6795UKMFR9", "kind": "a&b", "id": "1", "quantity": 2,
            "Item": [{"sku": "A"}, {"sku": "<B>"}], "Price": {"currency": "EUR", "text": "12.50"},
            "note": "x < é &other;", "tags": ["t"],
        })
    );
    assert_eq!((emitted.records.len(), loaded.unwrap().rows), (3, 3));
}

#[test]
fn xml_is_read_in_the_charset_that_it_declares() {
    let document = "<?xml version='1.0' encoding='ISO-8859-1'?><Envelope><Message><Order><id>Größe €</id></Order></Message></Envelope>";
    let (bytes, ..) = encoding_rs::WINDOWS_1252.encode(document);
    let (emitted, loaded) = load_as(typed(Syntax::Xml, ORDERS), &gzip(&bytes));
    assert_eq!(emitted.records[0].1["id"], "Größe €");
    assert_eq!(loaded.unwrap().replaced, 0);
    let undeclared = document.replace(" encoding='ISO-8859-1'", "");
    let mut facts = facts("DE");
    facts.content_type = Some("text/xml; charset=Windows-31J");
    let (bytes, ..) = encoding_rs::SHIFT_JIS
        .encode("<Envelope><Message><Order><id>商品</id></Order></Message></Envelope>");
    let mut emitted = Emitted::default();
    let feeds = [Feed::all(typed(Syntax::Xml, ORDERS))];
    load(&*bytes, &facts, &feeds, &mut emitted).unwrap();
    assert_eq!(emitted.records[0].1["id"], "商品");
    let (emitted, _) = load_as(typed(Syntax::Xml, ORDERS), undeclared.as_bytes());
    assert_eq!(emitted.records[0].1["id"], "Größe €");
}

#[test]
fn xml_that_breaks_off_anywhere_is_cut_off_and_never_a_shorter_document() {
    let document = "<Envelope><Message><Order a='1'><id>1</id></Order></Message></Envelope>";
    for length in 1..document.len() {
        let (_, loaded) = load_as(typed(Syntax::Xml, ORDERS), &document.as_bytes()[..length]);
        let error = loaded.expect_err("cut off");
        assert!(error.is_cut_off(), "{length}: {error}");
    }
}

#[test]
fn json_that_breaks_off_anywhere_is_cut_off_and_never_a_shorter_document() {
    let document = r#"{"a": {"b": [{"id": "1", "Qty": 12}, {"id": "2"}]}}"#;
    for length in 1..document.len() {
        let (_, loaded) = load_as(typed(Syntax::Json, DEEP), &document.as_bytes()[..length]);
        let error = loaded.expect_err("cut off");
        assert!(error.is_cut_off(), "{length}: {error}");
    }
}

#[test]
fn xml_that_is_not_the_report_is_refused() {
    let stream = typed(Syntax::Xml, ORDERS);
    for (document, text) in [
        ("<Error><Code>AccessDenied</Code></Error>", "the storage sent XML"),
        ("<Other/>", "no list at `Envelope/Message/Order`; at its top it has `Other`"),
        ("{\"errors\": []}", "the document holds JSON in place of rows"),
        ("sku\tprice\n", "line 1: not well-formed XML"),
        ("<Envelope>\n</Other>", "line 2: not well-formed XML"),
        ("\n", "the document is empty"),
    ] {
        let found = refused(stream, document);
        assert!(found.contains(text), "{document}: {found}");
    }
    let (_, loaded) = load_as(stream, b"<Envelope><Header/></Envelope>");
    assert_eq!(loaded.unwrap(), Loaded { is_elsewhere: true, ..Loaded::default() });
    let (_, loaded) = load_as(stream, b"<Envelope></Envelope>");
    assert_eq!(loaded.unwrap(), Loaded::default());
}

#[test]
fn an_element_without_an_end_in_sight_is_refused_and_not_held() {
    let endless = || io::repeat(b'x').take(64 << 20);
    let json = br#"{"a": {"b": [{"id": ""#.chain(endless());
    let xml = b"<Envelope><Message><Order><id>".chain(endless());
    for (stream, document) in [
        (typed(Syntax::Json, DEEP), Box::new(json) as Box<dyn Read>),
        (typed(Syntax::Xml, ORDERS), Box::new(xml)),
    ] {
        let mut emitted = Emitted::default();
        let loaded = load(document, &facts("DE"), &[Feed::all(stream)], &mut emitted);
        assert!(loaded.unwrap_err().to_string().contains("is longer than 16777216 bytes"));
    }
}
