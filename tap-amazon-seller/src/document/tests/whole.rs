//! Documents that are one record as a whole.

use super::*;
use crate::compat::{ListingColumns, hotglue};
use crate::streams::Roster;

/// The share of another tap's stream of sales and traffic.
fn feed() -> Vec<Feed> {
    let roster = Roster::table().dressed(hotglue(ListingColumns::Dashes));
    vec![Feed::all(roster.find("sales_traffic_report").expect("a stream"))]
}

/// Takes records as they are.
#[derive(Default)]
struct Texts(Vec<String>);

impl Emit for Texts {
    fn property(&mut self, _: &'static str, _: &str, _: Value) -> Result<(), EmitError> {
        Ok(())
    }

    fn record(&mut self, _: &'static str, record: &[u8]) -> Result<(), EmitError> {
        self.0.push(String::from_utf8(record.to_vec()).expect("a record is UTF-8"));
        Ok(())
    }
}

#[test]
fn a_document_keeps_its_members_and_every_digit_of_them() {
    let mut texts = Texts::default();
    let document =
        gzip(b"\xef\xbb\xbf{\"salesAndTrafficByDate\": [{\"a\": 1.50}], \"more\": null}");
    let loaded = load(document.as_slice(), &facts("US"), &feed(), &mut texts).expect("it is read");
    assert_eq!((loaded.rows, loaded.records["sales_traffic_report"]), (1, 1));
    assert_eq!(
        texts.0,
        [r#"{"marketplace_id":"ATVPDKIKX0DER","salesAndTrafficByDate":[{"a": 1.50}],"more":null}"#]
    );
}

#[test]
fn a_document_that_is_cut_short_or_no_object_is_no_record() {
    for document in [&b"{\"salesAndTrafficByDate\": ["[..], b"[1]", b""] {
        let mut texts = Texts::default();
        assert!(load(document, &facts("US"), &feed(), &mut texts).is_err());
        assert!(texts.0.is_empty());
    }
}
