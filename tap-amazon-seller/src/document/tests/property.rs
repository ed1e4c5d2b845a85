//! Any table, written in any of Amazon's ways, is read back as it was.

use encoding_rs::{Encoding, SHIFT_JIS, UTF_8, WINDOWS_1252};
use proptest::prelude::*;

use super::*;

/// How a table is written.
#[derive(Debug, Clone)]
struct Style {
    charset: &'static Encoding,
    /// Whether the storage says which charset it is.
    is_declared: bool,
    is_compressed: bool,
    quote: &'static str,
    line_end: &'static str,
    /// What stands behind the last line: a line end or nothing.
    last: &'static str,
}

fn style() -> impl Strategy<Value = Style> {
    let charset = prop::sample::select(vec![UTF_8, WINDOWS_1252, SHIFT_JIS]);
    let quote = prop::sample::select(vec!["", "\""]);
    let ends = vec![("\n", "\n"), ("\r\n", "\r\n"), ("\n", ""), ("\r\n", "")];
    let ends = prop::sample::select(ends);
    (charset, any::<bool>(), any::<bool>(), quote, ends).prop_map(
        |(charset, is_declared, is_compressed, quote, (line_end, last))| Style {
            charset,
            is_declared,
            is_compressed,
            quote,
            line_end,
            last,
        },
    )
}

/// Rows of a SKU, a title and a column that nobody knows. Letters are such as all charsets have,
/// and some that only one of them has.
fn table() -> impl Strategy<Value = Vec<(String, String, String)>> {
    let text = "[ -~äßé€“商品①髙ソ表\u{1}\u{fffd}]{0,12}";
    prop::collection::vec(("[A-Za-z0-9#\" -]{0,6}[A-Z]", text, text), 0..12)
}

/// The letters of a text that a charset has.
fn writable(text: &str, charset: &'static Encoding) -> String {
    text.chars()
        .filter(|letter| {
            let letter = letter.to_string();
            let (bytes, _, lossy) = charset.encode(&letter);
            !lossy && charset.decode_without_bom_handling(&bytes).0 == letter
        })
        .collect()
}

fn written(rows: &[(String, String, String)], style: &Style) -> Vec<u8> {
    let cell = |text: &str| {
        let inside =
            if style.quote.is_empty() { text.to_owned() } else { text.replace('"', "\"\"") };
        [style.quote, &inside, style.quote].concat()
    };
    let line = |cells: [&str; 3]| cells.map(cell).join("\t");
    let mut lines = vec![line(["seller-sku", "item-name", "Something New"])];
    lines.extend(rows.iter().map(|(sku, title, other)| line([sku, title, other])));
    let mut text = lines.join(style.line_end);
    text.push_str(style.last);
    let bytes = style.charset.encode(&text).0.into_owned();
    if style.is_compressed { gzip(&bytes) } else { bytes }
}

proptest! {
    #[test]
    fn any_table_is_read_back_whatever_the_charset_and_the_pieces(
        rows in table(),
        style in style(),
        sizes in prop::collection::vec(1_usize..40, 1..5),
    ) {
        let rows: Vec<_> = rows
            .into_iter()
            .map(|(sku, title, other)| (sku, writable(&title, style.charset), writable(&other, style.charset)))
            .collect();
        let document = written(&rows, &style);
        let content_type = format!("text/plain; charset={}", style.charset.name());
        // Nobody can tell cp1252 from UTF-8 in general, so that is declared.
        let is_declared = style.is_declared || style.charset != UTF_8;
        let facts = Facts {
            content_type: is_declared.then_some(content_type.as_str()),
            ..facts("DE")
        };
        let mut emitted = Emitted::default();
        let source = Pieces { document: &document, sizes, next: 0, fails: false };
        let loaded = load(source, &facts, &feeds(&["products_inventory"]), &mut emitted).unwrap();

        let text = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
        let expected: Vec<Value> = rows
            .iter()
            .map(|(sku, title, other)| json!({
                "marketplace_id": "A1PA6795UKMFR9", "listing-id": sku, "seller-sku": sku,
                "item-name": text(title), "Something New": text(other),
            }))
            .collect();
        prop_assert_eq!(emitted.of("products_inventory"), expected.iter().collect::<Vec<_>>());
        prop_assert_eq!(loaded.rows, rows.len() as u64);
        prop_assert_eq!((loaded.replaced, loaded.ragged.count), (0, 0));
    }

    #[test]
    fn no_bytes_at_all_make_the_reader_fall_over(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        head in prop::sample::select(vec!["", "seller-sku\tprice\n", "\x1f\u{8b}", "\"seller-sku\"\t\"a\"\n", "{\"salesAndTrafficByAsin\":["]),
    ) {
        let document = [head.as_bytes(), &bytes].concat();
        for streams in [["products_inventory"], ["sales_traffic_report"]] {
            let whole = read(&document, &facts("JP"), &streams);
            let mut emitted = Emitted::default();
            let source = Pieces { document: &document, sizes: vec![1, 2, 3], next: 0, fails: false };
            let loaded = load(source, &facts("JP"), &feeds(&streams), &mut emitted);
            prop_assert_eq!(&whole.0, &emitted);
            prop_assert_eq!(whole.1.map_err(|error| error.to_string()), loaded.map_err(|error| error.to_string()));
        }
    }
}
