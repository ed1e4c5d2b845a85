use std::collections::BTreeMap;

use super::*;
use crate::mapping::Mapping;
use crate::value::tests::value;

const RULES: &str = r#"{
    "listings": {"relationship": "r", "match": [
        {"name": "code", "with": ["attributes.upc", "gtin"], "compare": "bar_code"},
        {"name": "model", "with": ["sku", "attributes.model"]}]},
    "streams": {"s": {"sku": "{a}", "attributes": {"x": {"from": "a"}},
        "listings": {"code": "u", "model": ["m", "n"]}}}}"#;

fn listings() -> Listings {
    Mapping::read(RULES).unwrap().workflow().listings.clone().unwrap()
}

fn own(sku: &str, gtin: Option<&str>, attributes: &[(&str, &str)]) -> Present {
    let text = |text: &str| value(&serde_json::json!(text).to_string());
    Present {
        id: format!("id of {sku}"),
        sku: sku.to_owned(),
        created: None,
        gtin: gtin.map(str::to_owned),
        label: None,
        attributes: attributes.iter().map(|(label, it)| ((*label).to_owned(), text(it))).collect(),
        media: BTreeMap::new(),
        thumbnail: None,
        links: BTreeMap::new(),
    }
}

fn canonicals() -> Canonicals {
    let mut canonicals = Canonicals::default();
    for product in [
        own("STYLE", None, &[("model", "M0")]),
        own("STYLE-9", Some("00012345678905"), &[("upc", "012345678905"), ("model", "STYLE")]),
        own("STYLE-10", None, &[("upc", "0999"), ("model", "STYLE")]),
        own("TWIN-A", None, &[("upc", "555")]),
        own("TWIN-B", Some("0555"), &[("model", "M1")]),
        own("TWIN-C", None, &[("upc", "00555"), ("model", "M1")]),
    ] {
        canonicals.add(product, &listings());
    }
    canonicals
}

fn find(identifiers: &[(usize, &str)]) -> Match {
    let identifier =
        |(rule, text): &(usize, &str)| Identifier { rule: *rule, text: (*text).to_owned() };
    let identifiers: Vec<Identifier> = identifiers.iter().map(identifier).collect();
    canonicals().find(&identifiers, &listings())
}

fn one(sku: &str, by: &str) -> Match {
    Match::One { sku: sku.to_owned(), by: by.to_owned() }
}

#[test]
fn a_bar_code_is_one_number_however_it_is_written() {
    for text in ["12345678905", "012345678905", "0012345678905", "00012345678905"] {
        assert_eq!(find(&[(0, text)]), one("STYLE-9", "code"), "{text}");
    }
    assert_eq!(find(&[(0, "12345678906")]), Match::None);
}

#[test]
fn the_first_rule_and_column_that_finds_any_decides() {
    assert_eq!(find(&[(0, "999"), (1, "STYLE")]), one("STYLE-10", "code"));
    // The SKU is tried before the model number, which two products have.
    assert_eq!(find(&[(0, "nothing"), (1, "STYLE")]), one("STYLE", "model"));
    assert_eq!(find(&[(1, "M0")]), one("STYLE", "model"));
    assert_eq!(find(&[]), Match::None);
}

#[test]
fn several_are_an_ambiguity_and_no_match() {
    let found = find(&[(0, "0555"), (1, "STYLE")]);
    let skus = vec!["TWIN-A".to_owned(), "TWIN-C".to_owned()];
    assert_eq!(found, Match::Ambiguous { skus, by: "code".to_owned() });
    assert_eq!(found.sku(), None);
    assert!(matches!(find(&[(1, "M1")]), Match::Ambiguous { .. }));
    // Letters of another case are another model.
    assert_eq!(find(&[(1, "style")]), Match::None);
}

#[test]
fn every_spelling_is_asked_for_once_and_only_in_columns_that_exist() {
    let mut canonicals = Canonicals::default();
    let identifiers = [
        Identifier { rule: 0, text: "012345678905".to_owned() },
        Identifier { rule: 0, text: "00012345678905".to_owned() },
        Identifier { rule: 1, text: "M1".to_owned() },
    ];
    let columns = ["gtin".to_owned(), "attributes.model".to_owned()];
    let questions = canonicals.questions(identifiers.iter(), &listings(), &columns);
    let said: Vec<String> =
        questions.iter().map(|(column, text)| format!("{column}={text}")).collect();
    assert_eq!(
        said,
        [
            "gtin=012345678905",
            "gtin=0012345678905",
            "gtin=00012345678905",
            "sku=M1",
            "attributes.model=M1"
        ]
    );
    canonicals.asked(&questions);
    assert!(canonicals.questions(identifiers.iter(), &listings(), &columns).is_empty());
}

#[test]
fn products_made_since_a_day_are_read_again_for_an_earlier_day_and_not_for_a_later_one() {
    let day = |day| NaiveDate::from_ymd_opt(2026, 1, day).unwrap();
    let mut canonicals = Canonicals::default();
    assert!(!canonicals.is_read_since(day(20)));
    canonicals.read_since(day(20));
    assert!(canonicals.is_read_since(day(20)) && canonicals.is_read_since(day(25)));
    // Of a later commit, whose products were looked for longer ago.
    assert!(!canonicals.is_read_since(day(5)));
}
