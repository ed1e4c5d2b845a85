//! A mask on bytes does what the rules of selection say, and nothing else.

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

/// The mask of a catalog that says this about these places, written with dots.
fn mask(places: &[(&str, Value)]) -> Mask {
    Mask::of(&entry(places))
}

fn entry(places: &[(&str, Value)]) -> CatalogEntry {
    let metadata: Vec<Value> = places
        .iter()
        .map(|(place, metadata)| {
            let breadcrumb: Vec<&str> = place.split('.').filter(|word| !word.is_empty()).collect();
            json!({"breadcrumb": breadcrumb, "metadata": metadata})
        })
        .collect();
    serde_json::from_value(json!({"stream": "s", "metadata": metadata})).unwrap()
}

fn no() -> Value {
    json!({"selected": false})
}

fn filtered(mask: &Mask, record: &str) -> String {
    let mut out = b"before ".to_vec();
    mask.apply(record.as_bytes(), &mut out).unwrap();
    String::from_utf8(out).unwrap().split_off("before ".len())
}

#[test]
fn what_stays_keeps_its_spelling_and_its_order() {
    let mask = mask(&[("properties.b", no()), ("properties.o.properties.y", no())]);
    let record = r#"{ "z": 1.10, "b": {"x": [1]}, "\u0061": "\u00e9\/", "n": 123456789012345678901234567890,
        "o": {"y": 1, "x": 1e400 , "w": [ 1, 2 ]} }"#;
    assert_eq!(
        filtered(&mask, record),
        r#"{"z":1.10,"\u0061":"\u00e9\/","n":123456789012345678901234567890,"o":{"x":1e400,"w":[ 1, 2 ]}}"#
    );
}

#[test]
fn an_escaped_name_is_the_name_that_it_spells() {
    assert_eq!(filtered(&mask(&[("properties.a", no())]), r#"{"\u0061":1,"b":2}"#), r#"{"b":2}"#);
}

#[test]
fn the_elements_of_arrays_are_filtered() {
    let mask =
        mask(&[("properties.items.items.properties.price", no()), ("properties.tags.items", no())]);
    assert_eq!(
        filtered(
            &mask,
            r#"{"items":[{"sku":"a","price":1},null,7,{"price":2},[{"price":3}]],"tags":[1,2]}"#
        ),
        r#"{"items":[{"sku":"a"},null,7,{},[{"price":3}]],"tags":[]}"#
    );
}

#[test]
fn a_value_that_is_not_what_the_catalog_thought_passes() {
    let mask = mask(&[("properties.o.properties.y", no())]);
    for record in [r#"{"o":null}"#, r#"{"o":"y"}"#, r#"{"o":[{"y":1}]}"#, r#"{"o":{}}"#, "{}"] {
        assert_eq!(filtered(&mask, record), record);
    }
}

#[test]
fn a_property_is_wanted_by_the_first_rule_that_speaks() {
    let mask = mask(&[
        ("", json!({"selected": true})),
        ("properties.key", json!({"inclusion": "automatic", "selected": false})),
        ("properties.odd", json!({"inclusion": "unsupported", "selected": true})),
        ("properties.old", json!({"selected": "false"})),
        ("properties.quiet", json!({"inclusion": "available", "selected-by-default": false})),
        ("properties.asked", json!({"selected": true, "selected-by-default": false})),
        ("properties.plain", json!({"inclusion": "available"})),
        ("properties.gone", no()),
        ("properties.gone.properties.key", json!({"inclusion": "automatic"})),
        ("properties.list.items.properties.x", no()),
        ("definitions.x", no()),
    ]);
    for (path, kept) in [
        (&["key"][..], true),
        (&["odd"], false),
        (&["old"], false),
        (&["quiet"], false),
        (&["asked"], true),
        (&["plain"], true),
        (&["unheard"], true),
        (&["gone"], false),
        (&["gone", "key"], false),
        (&["list"], true),
        (&["list", "x"], false),
        (&["list", "y"], true),
        (&["definitions"], true),
        (&[], true),
    ] {
        assert_eq!(mask.keeps(path), kept, "{path:?}");
    }
}

#[test]
fn a_mask_of_everything_passes_a_record_untouched() {
    let mask = mask(&[("", no()), ("properties.a", json!({"selected": true}))]);
    assert!(mask.is_all());
    assert_eq!(filtered(&mask, r#"{ "a" : 1 }"#), r#"{ "a" : 1 }"#);
}

#[test]
fn the_schema_loses_what_the_records_lose() {
    let mask = mask(&[
        ("properties.a", no()),
        ("properties.o.properties.y", no()),
        ("properties.l.items.properties.y", no()),
    ]);
    let inner = |names: &[&str]| {
        let properties: Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
        json!({"type": "object", "properties": properties, "required": names})
    };
    let schema = |a: &[&str], names: &[&str]| {
        let mut schema = inner(a);
        schema["properties"]["o"] = json!({"anyOf": [inner(names), {"type": "null"}]});
        schema["properties"]["l"] = json!({"type": "array", "items": inner(names)});
        schema["additionalProperties"] = json!(false);
        schema
    };
    assert_eq!(mask.schema(&schema(&["a", "b"], &["x", "y"])), schema(&["b"], &["x"]));
}

#[test]
fn what_is_no_object_is_refused_and_leaves_nothing_behind() {
    let mask = mask(&[("properties.a", no()), ("properties.o.properties.y", no())]);
    for (record, column) in
        [("[1]", 0), (r#"{"b":1,"c""#, 10), (r#"{"b":1} x"#, 9), (r#"{"b":hunter2}"#, 6), ("", 0)]
    {
        let mut out = b"before".to_vec();
        let error = mask.apply(record.as_bytes(), &mut out).unwrap_err();
        assert_eq!((error, out.as_slice()), (MaskError { column }, &b"before"[..]), "{record}");
    }
}

/// Any JSON with few names, so that masks often meet it.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            object(inner).prop_map(Value::Object),
        ]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((name(), inner), 0..5).prop_map(Map::from_iter)
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "items", "properties", "\"\\é\n"]).prop_map(str::to_owned)
}

/// Metadata at places three steps deep at most.
fn metadata() -> impl Strategy<Value = Vec<(Vec<String>, Value)>> {
    let step = prop_oneof![
        3 => name().prop_map(|name| vec!["properties".to_owned(), name]),
        1 => Just(vec!["items".to_owned()]),
    ];
    let place = prop::collection::vec(step, 1..4).prop_map(|steps| steps.concat());
    let said = prop::sample::select(vec![
        json!({"selected": false}),
        json!({"selected": true}),
        json!({"selected": "false", "selected-by-default": true}),
        json!({"inclusion": "unsupported"}),
        json!({"inclusion": "automatic", "selected": false}),
        json!({"selected-by-default": false}),
        json!({}),
    ]);
    prop::collection::btree_map(place, said, 0..8).prop_map(|map| map.into_iter().collect())
}

fn entry_of(metadata: &[(Vec<String>, Value)]) -> CatalogEntry {
    let metadata: Vec<Value> = metadata
        .iter()
        .map(|(breadcrumb, metadata)| json!({"breadcrumb": breadcrumb, "metadata": metadata}))
        .collect();
    serde_json::from_value(json!({"stream": "s", "metadata": metadata})).unwrap()
}

/// The oracle: walks a value and asks the six rules about every place, one by one.
fn pruned(value: &Value, place: &mut Vec<String>, metadata: &[(Vec<String>, Value)]) -> Value {
    let is_wanted = |place: &[String]| {
        let Some((_, said)) = metadata.iter().find(|(breadcrumb, _)| breadcrumb == place) else {
            return true;
        };
        match (&said["inclusion"], &said["selected"], &said["selected-by-default"]) {
            (Value::String(word), ..) if word == "unsupported" => false,
            (Value::String(word), ..) if word == "automatic" => true,
            (_, Value::Null, default) => default != false,
            (_, selected, _) => selected != false && selected != "false",
        }
    };
    let mut at = |steps: &[&str], inner: &Value| {
        let length = place.len();
        place.extend(steps.iter().map(|&step| step.to_owned()));
        let kept = is_wanted(place).then(|| pruned(inner, place, metadata));
        place.truncate(length);
        kept
    };
    match value {
        Value::Object(members) => members
            .iter()
            .filter_map(|(name, inner)| Some((name.clone(), at(&["properties", name], inner)?)))
            .collect(),
        Value::Array(elements) => {
            elements.iter().filter_map(|element| at(&["items"], element)).collect()
        }
        leaf => leaf.clone(),
    }
}

proptest! {
    #[test]
    fn masking_bytes_is_pruning_values(record in object(value()), metadata in metadata()) {
        let mask = Mask::of(&entry_of(&metadata));
        let record = Value::Object(record);
        let mut out = Vec::new();
        let text = if metadata.len() % 2 == 0 {
            serde_json::to_vec(&record)
        } else {
            serde_json::to_vec_pretty(&record)
        };
        mask.apply(&text.unwrap(), &mut out).unwrap();
        let masked: Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(masked, pruned(&record, &mut Vec::new(), &metadata));
    }

    #[test]
    fn a_catalog_that_deselects_nothing_changes_nothing(record in object(value())) {
        let mask = Mask::of(&entry_of(&[(vec!["properties".into(), "a".into()], json!({"selected": true}))]));
        let text = serde_json::to_vec_pretty(&record).unwrap();
        let mut out = Vec::new();
        mask.apply(&text, &mut out).unwrap();
        prop_assert_eq!(out, text);
    }

    /// A name that no record has takes the long way and still changes nothing.
    #[test]
    fn a_mask_that_meets_nothing_changes_nothing(record in object(value())) {
        let mask = mask(&[("properties.elsewhere", no()), ("properties.a.properties.elsewhere", no())]);
        let text = serde_json::to_vec(&record).unwrap();
        let mut out = Vec::new();
        mask.apply(&text, &mut out).unwrap();
        prop_assert_eq!(out, text);
    }
}
