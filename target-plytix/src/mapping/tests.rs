use serde_json::value::RawValue;

use super::*;
use crate::path::members;
use crate::wanted::{Merge, Note};

fn default() -> Mapping {
    Mapping::read(DEFAULT).unwrap()
}

fn note() -> Note {
    Note { stream: "s".into(), line: 1, hash: None, external_id: None, custom: None }
}

fn map(mapping: &Mapping, stream: &str, record: &serde_json::Value) -> Result<Mapped, RecordError> {
    let raw = RawValue::from_string(record.to_string()).unwrap();
    let keys = record.get("listing-id").unwrap_or(&record["asin"]).to_string();
    mapping.map(stream, &members(&raw).unwrap(), keys).map(Option::unwrap)
}

fn contribution(mapping: &Mapping, stream: &str, record: &serde_json::Value) -> Contribution {
    match map(mapping, stream, record).unwrap() {
        Mapped::Contribution(contribution) => contribution,
        Mapped::Skipped => panic!("skipped"),
    }
}

/// `label=value` for each cell, in the order of the fields.
fn said(mapping: &Mapping, cells: &[Cell]) -> Vec<String> {
    let text = |value: &Option<Value>| serde_json::to_string(value).unwrap();
    cells.iter().map(|cell| format!("{}={}", mapping.name(cell.field), text(&cell.value))).collect()
}

fn catalog_item() -> serde_json::Value {
    serde_json::json!({
        "marketplace_id": "ATVPDKIKX0DER",
        "asin": "B000000001",
        "identifiers": [{"marketplaceId": "ATVPDKIKX0DER", "identifiers": [
            {"identifierType": "EAN", "identifier": "4006381333931"},
            {"identifierType": "UPC", "identifier": "012345678905"},
            {"identifierType": "UPC", "identifier": "999"}]}],
        "relationships": [{"marketplaceId": "ATVPDKIKX0DER", "relationships": [
            {"type": "PACKAGE_HIERARCHY", "parentAsins": ["B0PACKAGE0"]},
            {"type": "VARIATION", "parentAsins": ["B0PARENT00"],
             "variationTheme": {"attributes": ["size"], "theme": "SIZE"}}]}],
        "summaries": [{"marketplaceId": "ATVPDKIKX0DER", "itemName": "Mug", "size": "L"}],
    })
}

#[test]
fn a_catalog_item_becomes_a_product() {
    let mapping = default();
    let contribution = contribution(&mapping, "product_catalog", &catalog_item());
    assert_eq!(contribution.sku, "AMZN-US-B000000001");
    assert_eq!(
        said(&mapping, &contribution.cells),
        [
            r#"label="Mug""#,
            r#"amazon_asin="B000000001""#,
            r#"amazon_marketplace="US""#,
            r#"amazon_title="Mug""#,
            r#"amazon_size="L""#,
            r#"amazon_upc="012345678905""#,
            r#"amazon_ean="4006381333931""#,
            r#"amazon_parent_asin="B0PARENT00""#,
            r#"amazon_variation_theme="SIZE""#,
            "amazon_is_primary=false",
        ]
    );
}

#[test]
fn listings_and_the_catalog_become_one_product() {
    let mapping = default();
    let listing = |id: &str, sku: &str, status: &str| {
        serde_json::json!({
            "marketplace_id": "ATVPDKIKX0DER", "listing-id": id, "asin1": "B000000001",
            "seller-sku": sku, "item-name": "a seller's title", "status": status, "price": "9.99",
        })
    };
    let mut merge = Merge::default();
    for record in [listing("1", "SKU-1", "Inactive"), listing("2", "SKU-2", "Active")] {
        merge.add(contribution(&mapping, "products_inventory", &record), note());
    }
    merge.add(contribution(&mapping, "product_catalog", &catalog_item()), note());
    let products: Vec<_> = merge.products().collect();
    let [product] = products.as_slice() else { panic!("{products:?}") };
    assert_eq!((product.sku.as_str(), product.records), ("AMZN-US-B000000001", 3));
    let said = said(&mapping, &product.cells);
    for expected in [
        r#"label="Mug""#,
        r#"amazon_title="Mug""#,
        r#"amazon_sku="SKU-2""#,
        r#"amazon_listing_status="Active""#,
    ] {
        assert!(said.iter().any(|cell| cell == expected), "{expected} in {said:?}");
    }
}

#[test]
fn a_record_without_a_part_of_its_sku_fails_and_names_the_member() {
    let mapping = default();
    for (record, expected) in [
        (
            serde_json::json!({"marketplace_id": "ATVPDKIKX0DER"}),
            "asin: missing or empty, and part of the SKU",
        ),
        (
            serde_json::json!({"marketplace_id": "ATVPDKIKX0DER", "asin": ""}),
            "asin: missing or empty, and part of the SKU",
        ),
        (
            serde_json::json!({"marketplace_id": "ATVPDKIKX0DER", "asin": ["B"]}),
            "asin: part of the SKU, but not text or a number",
        ),
        (
            serde_json::json!({"marketplace_id": "A0MOON", "asin": "B"}),
            "marketplace_id: the record's value is not in the mapping's table `marketplaces`; add it there",
        ),
        (
            serde_json::json!({"marketplace_id": "ATVPDKIKX0DER", "asin": "B".repeat(93)}),
            "the SKU is longer than 100 characters",
        ),
        (
            serde_json::json!({"marketplace_id": "ATVPDKIKX0DER", "asin": "B", "summaries": [{"itemName": {"en": "x"}}]}),
            "label: the record holds an object or a nested list; let the path go further inside",
        ),
    ] {
        assert_eq!(map(&mapping, "product_catalog", &record).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_mapping_may_skip_records_without_a_sku() {
    let mapping = Mapping::read(
        r#"{"streams": {"s": {"sku": "{a}", "without_sku": "skip", "attributes": {"x": {"from": "b"}}}}}"#,
    )
    .unwrap();
    assert_eq!(map(&mapping, "s", &serde_json::json!({"b": 1})), Ok(Mapped::Skipped));
    let raw: &RawValue = serde_json::from_str("{}").unwrap();
    assert_eq!(mapping.map("other", &members(raw).unwrap(), String::new()), Ok(None));
}

#[test]
fn a_source_may_be_a_constant_or_the_first_of_several_paths() {
    let mapping = Mapping::read(
        r#"{"streams": {"s": {"sku": "{a}", "attributes": {
            "first": {"from": ["b", "c"]}, "fixed": {"constant": false, "write": "never"}, "absent": {"from": "d"}}}}}"#,
    )
    .unwrap();
    let contribution =
        contribution(&mapping, "s", &serde_json::json!({"a": 7, "b": null, "c": 1.5}));
    assert_eq!(contribution.sku, "7");
    assert_eq!(said(&mapping, &contribution.cells), ["first=1.5", "fixed=false"]);
    assert_eq!(contribution.cells[1].write, WriteRule::Never);
}

#[test]
fn a_mapping_that_cannot_work_names_its_member() {
    let stream = |inside: &str| {
        format!(r#"{{"streams": {{"s": {{"sku": "{{a}}", "attributes": {{{inside}}}}}}}}}"#)
    };
    for (text, expected) in [
        ("{", "config: `mapping`: expected a JSON object; reading stopped at line 1, column 1".to_owned()),
        (r#"{"streams": {}}"#, "config: `mapping.streams`: expected at least one stream".to_owned()),
        (
            r#"{"streams": {"s": {"sku": "A", "attributes": {"x": {"from": "a"}}}}}"#,
            "config: `mapping.streams.s.sku`: expected a path in braces, or all records are one product".to_owned(),
        ),
        (
            r#"{"streams": {"s": {"sku": "{a|t}", "attributes": {"x": {"from": "a"}}}}}"#,
            "config: `mapping.streams.s.sku`: expected a table of `tables`; there is no `t`".to_owned(),
        ),
        (
            &stream(""),
            "config: `mapping.streams.s.attributes`: expected at least one attribute, or a label beside them".to_owned(),
        ),
        (
            &stream(r#""x": {"from": "a[b"}"#),
            "config: `mapping.streams.s.attributes.x.from`: expected a path; `a[b` is not a path: `[` wants `]` or `member=text]`".to_owned(),
        ),
        (
            &stream(r#""x": {"from": "a", "constant": 1}"#),
            "config: `mapping.streams.s.attributes.x`: expected either `from` or `constant`".to_owned(),
        ),
        (
            &stream(r#""attributes.x": {"from": "a"}"#),
            "config: `mapping.streams.s.attributes.attributes.x`: expected the attribute's label alone, without a prefix".to_owned(),
        ),
        (
            &stream(r#""x": {"from": "a", "write": "sometimes"}"#),
            "config: `mapping.streams.s.attributes.x.write`: expected one of always, fill_empty, never".to_owned(),
        ),
        (
            r#"{"last_synced": "x", "streams": {"s": {"sku": "{a}", "attributes": {"x": {"from": "a"}}}}}"#,
            "config: `mapping.last_synced`: expected an attribute that no stream writes".to_owned(),
        ),
        (
            r#"{"streams": {"s": {"sku": "{a}", "attributes": {"x": {"from": "a"}}},
                            "t": {"sku": "{b}", "attributes": {"x": {"from": "a"}}}}}"#,
            "config: `mapping.streams.t.x`: expected `write` fill_empty or never, because stream s always writes x of the same products".to_owned(),
        ),
    ] {
        assert_eq!(Mapping::read(text).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_search_shows_no_more_attributes_than_a_mapping_may_have() {
    let with = |count: usize| {
        let attributes: Vec<String> =
            (0..count).map(|n| format!(r#""a{n}": {{"from": "x"}}"#)).collect();
        Mapping::read(&format!(
            r#"{{"last_synced": "d", "streams": {{"s": {{"sku": "{{x}}", "attributes": {{{}}}}}}}}}"#,
            attributes.join(",")
        ))
    };
    assert_eq!(with(47).unwrap().fields().len(), 47);
    assert_eq!(
        with(48).unwrap_err().to_string(),
        "config: `mapping.streams`: expected at most 48 attributes, what Plytix shows at once"
    );
}

#[test]
fn the_default_mapping_is_what_its_schema_describes() {
    let schema = serde_json::from_str(include_str!("../../mapping.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut file: serde_json::Value = serde_json::from_str(DEFAULT).unwrap();
    assert_eq!(validator.validate(&file).map_err(|error| error.to_string()), Ok(()));
    let country = |code: &serde_json::Value| {
        let code = code.as_str().unwrap();
        code.len() == 2 && code.chars().all(|letter| letter.is_ascii_uppercase())
    };
    assert!(file["tables"]["marketplaces"].as_object().unwrap().values().all(country));
    file["streams"]["product_catalog"]["label"]["wirte"] = "always".into();
    assert!(!validator.is_valid(&file));
}

#[test]
fn a_catalog_item_tells_its_family_its_codes_and_its_pictures() {
    let mapping = default();
    let mut item = catalog_item();
    let image = |variant: &str, name: &str, width: u32| {
        let link = format!("https://m.media-amazon.com/images/I/{name}.jpg");
        serde_json::json!({"variant": variant, "link": link, "width": width})
    };
    item["images"] = serde_json::json!([{"images": [
        image("PT01", "61b", 500), image("MAIN", "71a._SL75_", 75), image("MAIN", "71a", 1500),
        image("PT02", "61b", 500), image("TOPP", "81é", 500)]}]);
    item["relationships"][0]["relationships"][1]["childAsins"] =
        serde_json::json!(["B1", "B2", "B1"]);
    item["summaries"][0]["modelNumber"] = serde_json::json!("MCA0032");
    item["attributes"] =
        serde_json::json!({"model_number": [{"value": "MCA0032 "}], "part_number": [{"value": 7}]});
    let around = contribution(&mapping, "product_catalog", &item).around;
    assert_eq!(around.parents, ["AMZN-US-B0PARENT00"]);
    assert_eq!(around.children, ["AMZN-US-B1", "AMZN-US-B2"]);
    let codes: Vec<String> =
        around.identifiers.iter().map(|it| format!("{}:{}", it.rule, it.text)).collect();
    assert_eq!(codes, ["0:012345678905", "0:999", "0:4006381333931", "1:MCA0032", "1:7"]);
    let files: Vec<&str> = around.images.iter().map(|image| image.filename.as_str()).collect();
    assert_eq!(files, ["amazon_71a.jpg", "amazon_61b.jpg", "amazon_81-C3-A9.jpg"]);
    assert_eq!(around.images[0].link, "https://m.media-amazon.com/images/I/71a.jpg");
}

#[test]
fn what_goes_beyond_values_is_checked_too() {
    let with = |top: &str, inside: &str| {
        let text = format!(
            r#"{{{top} "streams": {{"s": {{"sku": "{{a}}", "attributes": {{"x": {{"from": "a"}}}}, {inside}}}}}}}"#
        );
        Mapping::read(&text).unwrap_err().to_string()
    };
    let hierarchy = r#""hierarchy": {"relationship": "H"},"#;
    let listings =
        r#""listings": {"relationship": "L", "match": [{"name": "code", "with": ["sku"]}]},"#;
    let images = r#""images": {"gallery": "g"},"#;
    for (top, inside, expected) in [
        (
            "",
            r#""hierarchy": {"parents": {"each": "p", "sku": "{}"}}"#,
            "config: `mapping.streams.s.hierarchy`: expected `hierarchy.relationship` beside the streams, or nothing here",
        ),
        (
            hierarchy,
            r#""hierarchy": {"parents": {"each": "p", "sku": "{p}"}}"#,
            "config: `mapping.streams.s.hierarchy.parents.sku`: expected `{}` where the name of the other product belongs",
        ),
        (
            listings,
            r#""listings": {"model": "m"}"#,
            "config: `mapping.streams.s.listings.model`: expected the name of a rule of `listings.match`",
        ),
        (
            "",
            r#""images": {"each": "i[]", "link": "l", "filename": "{stem}"}"#,
            "config: `mapping.streams.s.images`: expected `images.gallery` beside the streams, or nothing here",
        ),
        (
            images,
            r#""images": {"each": "i[]", "link": "l", "filename": "a.{extension}"}"#,
            "config: `mapping.streams.s.images.filename`: expected {stem}, or all pictures have one name",
        ),
        (
            r#""definitions": {"a_b": {"name": "A C", "type": "TextAttribute"}},"#,
            r#""listings": {}"#,
            "config: `mapping.definitions.a_b.name`: expected a name of which Plytix makes this label: lower case, underscores between words",
        ),
    ] {
        assert_eq!(with(top, inside), expected);
    }
}
