//! Whole pages, as bytes, against the records that must come of them.

use serde_json::json;

use super::*;
use crate::marketplace::Region;
use crate::streams::{Roster, Stream};

/// What was emitted.
#[derive(Default)]
struct Emitted {
    properties: Vec<String>,
    records: Vec<String>,
}

impl Emit for Emitted {
    fn property(&mut self, _: &'static str, name: &str, _: Value) -> Result<(), EmitError> {
        self.properties.push(name.to_owned());
        Ok(())
    }

    fn record(&mut self, _: &'static str, record: &[u8]) -> Result<(), EmitError> {
        self.records.push(String::from_utf8(record.to_vec()).unwrap());
        Ok(())
    }
}

fn stream_of(name: &str) -> &'static Stream {
    Roster::table().find(name).unwrap()
}

fn pages(stream: &str) -> &'static Pages {
    let Source::Pages { pages, .. } = stream_of(stream).source else { panic!("pages") };
    pages
}

/// Reads one page for a stream.
fn read(stream: &str, body: &str) -> (Emitted, Result<(u64, Option<String>), PageError>) {
    let feed = Feed::all(stream_of(stream));
    let mut recorder = Recorder::new(&feed, Place::Region(Region::Eu)).unwrap();
    let mut emitted = Emitted::default();
    let read = Page::of(pages(stream), body.as_bytes()).and_then(|page| {
        let records = recorder.page(3, &page, &mut emitted)?;
        Ok((records, page.next))
    });
    (emitted, read)
}

#[test]
fn an_element_keeps_every_digit_behind_the_region() {
    let (emitted, read) = read(
        "financial_events",
        r#"{"payload":{"nextToken":"a+/=","transactions":[{"transactionId":"T1","totalAmount":{"currencyAmount":1234567890.10,"currencyCode":"EUR"}}]}}"#,
    );
    assert_eq!(read.unwrap(), (1, Some("a+/=".to_owned())));
    assert_eq!(
        emitted.records,
        [
            r#"{"region":"eu","transactionId":"T1","totalAmount":{"currencyAmount":1234567890.10,"currencyCode":"EUR"}}"#
        ]
    );
}

#[test]
fn a_list_that_is_absent_or_null_is_empty_and_an_empty_token_is_none() {
    for body in [
        "{}",
        r#"{"payload":null}"#,
        r#"{"payload":{"transactions":null,"nextToken":""}}"#,
        r#"{"payload":{"transactions":[],"nextToken":null}}"#,
    ] {
        assert_eq!(read("financial_events", body).1.unwrap(), (0, None), "{body}");
    }
    let (_, more) = read("financial_events", r#"{"payload":{"transactions":[],"nextToken":"t"}}"#);
    assert_eq!(more.unwrap(), (0, Some("t".to_owned())));
}

#[test]
fn an_object_in_the_place_of_a_list_is_its_one_element() {
    let (emitted, read) = read("account", r#"{"payload":{"sellingPlan":"PROFESSIONAL"}}"#);
    assert_eq!(read.unwrap(), (1, None));
    assert_eq!(emitted.records, [r#"{"region":"eu","sellingPlan":"PROFESSIONAL"}"#]);
}

#[test]
fn a_member_that_the_schema_does_not_have_is_announced_once_and_kept() {
    let (emitted, _) = read(
        "financial_events",
        r#"{"payload":{"transactions":[{"transactionId":"1","new":[1]},{"transactionId":"2","new":[2]}]}}"#,
    );
    assert_eq!(emitted.properties, ["new"]);
    assert_eq!(
        emitted.records,
        [
            json!({"region": "eu", "transactionId": "1", "new": [1]}).to_string(),
            json!({"region": "eu", "transactionId": "2", "new": [2]}).to_string(),
        ]
    );
}

#[test]
fn what_cannot_be_a_record_is_named_by_its_place_and_not_repeated() {
    let cases = [
        (
            r#"{"payload":{"transactions":[{"transactionId":"x"},{"description":"secret"}]}}"#,
            "financial_events: element 2 of page 3: a key is missing",
        ),
        (
            r#"{"payload":{"transactions":[{"transactionId":null}]}}"#,
            "financial_events: element 1 of page 3: a key is missing",
        ),
        (
            r#"{"payload":{"transactions":["secret"]}}"#,
            "financial_events: element 1 of page 3: it is not an object",
        ),
        (
            r#"{"payload":"secret"}"#,
            "the answer is not a list as Amazon documents it: `transactions`: another type was expected",
        ),
        (
            "<html>secret</html>",
            "the answer is not a list as Amazon documents it: `answer`: it is not JSON",
        ),
    ];
    for (body, message) in cases {
        assert_eq!(read("financial_events", body).1.unwrap_err().to_string(), message);
    }
}

#[test]
fn a_property_that_is_not_selected_is_not_written() {
    let mut feed = Feed::all(stream_of("financial_events"));
    feed.deselected = BTreeSet::from(["items".to_owned(), "transactionId".to_owned()]);
    let mut recorder = Recorder::new(&feed, Place::Region(Region::Na)).unwrap();
    let mut emitted = Emitted::default();
    let body = br#"{"payload":{"transactions":[{"transactionId":"1","items":[1]}]}}"#;
    let page = Page::of(pages("financial_events"), body).unwrap();
    recorder.page(1, &page, &mut emitted).unwrap();
    assert_eq!(emitted.records, [r#"{"region":"na","transactionId":"1"}"#]);
}
