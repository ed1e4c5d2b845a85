use proptest::prelude::*;

use super::*;
use crate::definition::tests::definition;
use crate::value::tests::value;

fn fields() -> Vec<Field> {
    let attribute = |label: &str| Field::Attribute(label.to_owned());
    vec![
        Field::Label,
        attribute("title"),
        attribute("price"),
        attribute("status"),
        attribute("day"),
    ]
}

fn account() -> Definition {
    definition(&[
        ("title", Kind::Text, &[]),
        ("price", Kind::Decimal, &[]),
        ("status", Kind::Dropdown, &["Active", "Inactive"]),
        ("day", Kind::Date, &[]),
    ])
}

fn cell(field: usize, json: Option<&str>, write: WriteRule) -> Cell {
    Cell { field, value: json.map(value), write, unmatched: Unmatched::Fail }
}

fn wanted(cells: Vec<Cell>) -> Wanted {
    let wanted = Wanted { sku: "S".into(), cells, records: 1, ..Wanted::default() };
    fitted(wanted, &fields(), &account()).unwrap()
}

fn present(label: Option<&str>, attributes: &[(&str, &str)]) -> Present {
    Present {
        id: "5c4ed8002f0985001e233275".into(),
        sku: "S".into(),
        created: None,
        gtin: None,
        media: BTreeMap::new(),
        thumbnail: None,
        links: BTreeMap::new(),
        label: label.map(value),
        attributes: attributes
            .iter()
            .map(|(label, json)| ((*label).to_owned(), value(json)))
            .collect(),
    }
    .settled(&account())
}

fn json(change: &Change) -> serde_json::Value {
    serde_json::to_value(change).unwrap()
}

#[test]
fn a_new_product_has_everything_that_is_known() {
    use WriteRule::{Always, FillEmpty, Never};
    let wanted = wanted(vec![
        cell(0, Some(r#""Mug""#), Always),
        cell(1, None, Always),
        cell(2, Some("9.990"), FillEmpty),
        cell(3, Some(r#""active""#), Never),
    ]);
    let day = NaiveDate::from_ymd_opt(2026, 1, 2).unwrap();
    assert_eq!(
        json(&creation(&wanted, &fields()).dated("synced", day)),
        serde_json::json!({"sku": "S", "label": "Mug",
            "attributes": {"price": 9.99, "status": "Active", "synced": "2026-01-02"}})
    );
}

#[test]
fn only_what_differs_is_written() {
    let present = present(
        Some(r#""Mug""#),
        &[("price", "9.99"), ("status", r#""Active""#), ("day", r#""2026-01-02T00:00:00""#)],
    );
    let same = wanted(vec![
        cell(0, Some(r#""Mug""#), WriteRule::Always),
        cell(1, None, WriteRule::Always),
        cell(2, Some(r#""9.990""#), WriteRule::Always),
        cell(3, Some(r#""ACTIVE""#), WriteRule::Always),
        cell(4, Some(r#""2026-01-02 10:00""#), WriteRule::Always),
    ]);
    assert!(difference(&same, &present, &fields()).is_empty());
    let other = wanted(vec![
        cell(0, Some(r#""Cup""#), WriteRule::Always),
        cell(2, Some("10"), WriteRule::FillEmpty),
        cell(3, None, WriteRule::Always),
        cell(4, None, WriteRule::FillEmpty),
    ]);
    let change = difference(&other, &present, &fields());
    assert_eq!(json(&change), serde_json::json!({"label": "Cup", "attributes": {"status": null}}));
    assert_eq!(change.names().collect::<Vec<_>>(), ["label", "status"]);
}

#[test]
fn a_status_without_an_option_fails_its_product_unless_the_mapping_skips_it() {
    let mut odd = cell(3, Some(r#""Incomplete""#), WriteRule::Always);
    let product = |cell: &Cell| Wanted {
        sku: "S".into(),
        cells: vec![cell.clone()],
        records: 1,
        ..Wanted::default()
    };
    let error = fitted(product(&odd), &fields(), &account()).unwrap_err().to_string();
    assert!(error.starts_with("mapping: status: not one of the attribute's options"), "{error}");
    assert!(!error.contains("Incomplete"), "{error}");
    odd.unmatched = Unmatched::Skip;
    assert_eq!(fitted(product(&odd), &fields(), &account()).unwrap().cells, []);
}

/// What Plytix would have after the change, by its documented rules: keys that are sent replace,
/// null clears, keys that are not sent stay.
fn applied(present: &Present, change: &Change) -> Present {
    let mut after = present.clone();
    if let Some(label) = change.properties.get("label") {
        after.label.clone_from(label);
    }
    for (label, value) in &change.attributes {
        match value {
            Some(value) => after.attributes.insert(label.clone(), value.clone()),
            None => after.attributes.remove(label),
        };
    }
    after
}

fn any_json(field: usize) -> BoxedStrategy<String> {
    match field {
        2 => "[0-9]{1,2}\\.[0-9]{1,3}"
            .prop_filter("JSON", |text| !text.starts_with('0') || text.starts_with("0."))
            .boxed(),
        3 => prop_oneof![Just(r#""active""#), Just(r#""Active""#), Just(r#""INACTIVE""#)]
            .prop_map(str::to_owned)
            .boxed(),
        4 => "\"2026-0[1-9]-1[0-9](T00:00:00)?\"".boxed(),
        _ => "\"[a-c]{1,2}\"".boxed(),
    }
}

fn any_rule() -> impl Strategy<Value = WriteRule> {
    prop_oneof![Just(WriteRule::Always), Just(WriteRule::FillEmpty), Just(WriteRule::Never)]
}

fn any_wanted() -> impl Strategy<Value = Wanted> {
    let cell_of = |field: usize| {
        prop::option::of((prop::option::of(any_json(field)), any_rule()))
            .prop_map(move |said| said.map(|(json, write)| cell(field, json.as_deref(), write)))
    };
    (cell_of(0), cell_of(1), cell_of(2), cell_of(3), cell_of(4))
        .prop_map(|(a, b, c, d, e)| wanted([a, b, c, d, e].into_iter().flatten().collect()))
}

fn any_present() -> impl Strategy<Value = Present> {
    let one = |field: usize| prop::option::of(any_json(field));
    (one(0), one(1), one(2), one(3), one(4)).prop_map(|(label, title, price, status, day)| {
        let status = status.map(|_| r#""Active""#.to_owned());
        let attributes = [("title", title), ("price", price), ("status", status), ("day", day)];
        let attributes: Vec<(&str, &str)> = attributes
            .iter()
            .filter_map(|(label, json)| Some((*label, json.as_deref()?)))
            .collect();
        present(label.as_deref(), &attributes)
    })
}

proptest! {
    #[test]
    fn after_the_difference_there_is_no_difference(wanted in any_wanted(), present in any_present()) {
        let change = difference(&wanted, &present, &fields());
        let after = applied(&present, &change);
        prop_assert!(difference(&wanted, &after, &fields()).is_empty());
        for cell in wanted.cells.iter().filter(|cell| cell.write == WriteRule::Always) {
            prop_assert_eq!(after.value(&fields()[cell.field]), cell.value.as_ref());
        }
    }

    #[test]
    fn fill_empty_and_never_overwrite_nothing(wanted in any_wanted(), present in any_present()) {
        let after = applied(&present, &difference(&wanted, &present, &fields()));
        for cell in wanted.cells.iter().filter(|cell| cell.write != WriteRule::Always) {
            let field = &fields()[cell.field];
            if let Some(before) = present.value(field) {
                prop_assert_eq!(after.value(field), Some(before));
            } else if cell.write == WriteRule::Never {
                prop_assert_eq!(after.value(field), None);
            }
        }
    }

    #[test]
    fn what_no_record_speaks_about_stays(wanted in any_wanted(), present in any_present()) {
        let after = applied(&present, &difference(&wanted, &present, &fields()));
        for (index, field) in fields().iter().enumerate() {
            if !wanted.cells.iter().any(|cell| cell.field == index) {
                prop_assert_eq!(after.value(field), present.value(field));
            }
        }
    }

    #[test]
    fn a_product_that_was_just_created_needs_nothing(wanted in any_wanted()) {
        let empty = present(None, &[]);
        let after = applied(&empty, &creation(&wanted, &fields()));
        prop_assert!(difference(&wanted, &after, &fields()).is_empty());
    }
}
