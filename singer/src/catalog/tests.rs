//! Catalogs as orchestrators hand them back, and the rules of selection.

use super::*;

/// A catalog as a tap prints it and an orchestrator gives it back, with members of its own.
fn catalog() -> Value {
    json!({"streams": [{
        "tap_stream_id": "orders", "stream": "orders", "key_properties": ["id"],
        "replication_key": "changed", "replication_method": "INCREMENTAL",
        "schema": {"type": "object", "properties": {
            "id": {"type": "string"},
            "total": {"type": "object", "properties": {"amount": {"type": "string"}}}}},
        "metadata": [
            {"breadcrumb": ["properties", "id"], "metadata": {"inclusion": "automatic"}},
            {"breadcrumb": [], "metadata": {"inclusion": "available", "selected": true}}
        ],
        "selected": true, "stream_alias": null
    }], "version": 1})
}

#[test]
fn a_catalog_is_printed_as_it_was_read() {
    let text = serde_json::to_string(&catalog()).unwrap();
    let read: Catalog = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
}

#[test]
fn missing_and_null_members_are_no_fault() {
    let read: Catalog = serde_json::from_value(json!({"streams": [
        {"tap_stream_id": "a", "key_properties": null, "metadata": null, "replication_key": null},
        {"stream": "b", "metadata": [{"breadcrumb": [], "metadata": null}]}
    ]}))
    .unwrap();
    let names = |entry: &CatalogEntry| (entry.tap_stream_id.clone(), entry.stream.clone());
    let expected = ["a", "b"].map(|name| (name.to_owned(), name.to_owned()));
    assert_eq!(read.streams.iter().map(names).collect::<Vec<_>>(), expected);
    assert!(read.entry("a").unwrap().key_properties.is_empty());
    assert_eq!(read.entry("c"), None);
}

#[test]
fn discovery_describes_every_property() {
    let schema = json!({"type": "object", "properties": {
        "id": {"type": "string"},
        "changed": {"type": "string"},
        "total": {"type": ["object", "null"], "properties": {"id": {"type": "string"}}},
        "items": {"type": "array", "items": {"type": "object", "properties": {
            "sku": {"type": "string"}}}}}});
    let entry =
        CatalogEntry::discovered("orders", schema, &["id"], Some("changed"), Selection::ByDefault);
    let inclusions: Vec<(String, &str)> = entry
        .metadata
        .iter()
        .map(|entry| (entry.breadcrumb.join("."), entry.metadata["inclusion"].as_str().unwrap()))
        .collect();
    let expected = [
        ("properties.id", "automatic"),
        ("properties.changed", "automatic"),
        ("properties.total", "available"),
        ("properties.total.properties.id", "available"),
        ("properties.items", "available"),
        ("properties.items.items.properties.sku", "available"),
        ("", "available"),
    ];
    assert_eq!(inclusions, expected.map(|(place, word)| (place.to_owned(), word)));
    assert_eq!(
        Value::Object(entry.stream_metadata().unwrap().clone()),
        json!({"inclusion": "available", "selected-by-default": true,
            "table-key-properties": ["id"], "forced-replication-method": "INCREMENTAL",
            "valid-replication-keys": ["changed"]})
    );
    assert!(entry.is_selected() && !entry.is_full_table());
    let entry = CatalogEntry::discovered("orders", json!({}), &[], None, Selection::OnRequest);
    assert_eq!(entry.replication_method.as_deref(), Some("FULL_TABLE"));
    assert!(!entry.is_selected() && entry.is_full_table());
}

fn selected(metadata: &Value, outer: &Value) -> bool {
    let metadata = match metadata {
        Value::Null => json!([]),
        metadata => json!([{"breadcrumb": [], "metadata": metadata}]),
    };
    let mut entry = json!({"stream": "s", "metadata": metadata});
    if !outer.is_null() {
        entry["selected"] = outer.clone();
    }
    serde_json::from_value::<CatalogEntry>(entry).unwrap().is_selected()
}

#[test]
fn a_stream_is_selected_by_the_first_rule_that_speaks() {
    for (metadata, outer, expected) in [
        (json!(null), json!(null), true),
        (json!(null), json!(false), false),
        (json!({}), json!(null), false),
        (json!({}), json!("true"), true),
        (json!({"selected": "false"}), json!(true), false),
        (json!({"selected": "true"}), json!(null), true),
        (json!({"selected": null, "selected-by-default": true}), json!(null), true),
        (json!({"selected": false, "selected-by-default": true}), json!(null), false),
        (json!({"inclusion": "unsupported", "selected": true}), json!(true), false),
        (json!({"inclusion": "automatic", "selected": false}), json!(null), true),
    ] {
        assert_eq!(selected(&metadata, &outer), expected, "{metadata} {outer}");
    }
}

#[test]
fn a_file_that_is_no_catalog_is_named_with_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.json");
    for (text, end) in [
        ("{\n \"streams\": [hunter2]}", "line 2, column 14: not JSON"),
        (
            "{\"streams\": \"hunter2\"}",
            "line 1, column 21: not a catalog; take what --discover prints",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = Catalog::read(&path).unwrap_err().to_string();
        assert_eq!(error, format!("catalog {}: {end}", path.display()));
    }
    let missing = Catalog::read(&folder.path().join("none.json")).unwrap_err();
    assert!(missing.to_string().ends_with("none.json"), "{missing}");
}
