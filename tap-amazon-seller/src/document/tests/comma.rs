//! Files with commas between their cells.

use super::*;
use crate::streams::Shape;

fn stream() -> &'static Stream {
    let Source::Report { report, .. } = &identity::SOURCE else { unreachable!() };
    Box::leak(Box::new(Stream {
        name: "things",
        schema: r#"{"properties": {"order": {"type": "string"}, "price": {"type": ["number", "null"]}}}"#,
        keys: &["order"],
        source: Source::Report { report, shape: Shape::CommaRows { columns: &[] } },
        ..identity::NONE
    }))
}

fn rows(document: &[u8]) -> (Emitted, Result<Loaded, DocumentError>) {
    let mut emitted = Emitted::default();
    let loaded = load(document, &facts("DE"), &[Feed::all(stream())], &mut emitted);
    (emitted, loaded)
}

#[test]
fn quoted_cells_may_hold_commas_quotes_and_line_ends() {
    let document = "Order, Price ,Title\r\n1,012.50,\"a \"\"b\"\", c\nd\"\r\n\n2,,\"\"\r\n";
    let (emitted, loaded) = rows(document.as_bytes());
    assert_eq!(
        emitted.texts,
        [
            r#"{"order":"1","price":12.50,"Title":"a \"b\", c\nd"}"#,
            r#"{"order":"2","price":null,"Title":null}"#,
        ]
    );
    assert_eq!(loaded.unwrap().rows, 2);
    let (cp1252, ..) = encoding_rs::WINDOWS_1252.encode("Order,Title\n1,Größe\n");
    assert_eq!(rows(&cp1252).0.records[0].1["Title"], "Größe");
}

#[test]
fn rows_that_do_not_fit_are_told_by_their_lines() {
    let (emitted, loaded) = rows(b"Order,Price\n1,2,3\n,5\n7,8\n9\n");
    assert_eq!(emitted.records.len(), 1);
    let loaded = loaded.unwrap();
    assert_eq!(loaded.ragged, Places { count: 2, first: vec![2, 5] });
    assert_eq!(loaded.keyless, Places { count: 1, first: vec![3] });
    let (_, loaded) = rows(b"Order,Price\n1,x\n");
    assert_eq!(
        loaded.unwrap_err().to_string(),
        "things: line 2 of report 5012: Price: expected a number"
    );
}

#[test]
fn what_is_no_such_file_is_refused() {
    for (document, text) in [
        ("{\"errors\": 1}", "JSON in place of rows"),
        ("<Error/>", "the storage sent XML"),
        ("", "the document is empty"),
        ("a,b\n1,2\n", "no column `order`"),
        ("order,price\n1,2\n3", "ends in the middle of line 3"),
    ] {
        let found = rows(document.as_bytes()).1.unwrap_err().to_string();
        assert!(found.contains(text), "{document}: {found}");
    }
    let endless = b"order,price\n1,\"".chain(io::repeat(b'x').take(64 << 20));
    let mut emitted = Emitted::default();
    let loaded = load(endless, &facts("DE"), &[Feed::all(stream())], &mut emitted);
    assert!(loaded.unwrap_err().to_string().contains("line 2 is longer than"));
}
