use serde_json::{Value, json};

use super::*;
use crate::name::LONGEST;

fn schema(properties: &Value, key: &[&str]) -> Schema {
    Schema {
        stream: "orders".to_owned(),
        schema: json!({ "type": "object", "properties": properties }),
        key_properties: key.iter().map(ToString::to_string).collect(),
        ..Schema::default()
    }
}

fn rules() -> Rules {
    Rules::new(Identifier::exact("public").unwrap())
}

fn name(name: &str) -> Identifier {
    Identifier::exact(name).unwrap()
}

/// Every column as `name kind`, keys with an asterisk.
fn columns(table: &Table) -> Vec<String> {
    table
        .columns
        .iter()
        .map(|column| {
            let key = if column.nullability == Nullability::NotNull { "*" } else { "" };
            format!("{}{key} {}", column.name.as_str(), column.kind)
        })
        .collect()
}

#[test]
fn a_table_has_a_column_a_property_and_then_the_metadata() {
    let properties = json!({
        "AmazonOrderId": { "type": "string" },
        "OrderTotal": { "type": ["null", "object"], "properties": { "Amount": { "type": "string" } } },
        "PurchaseDate": { "type": ["null", "string"], "format": "date-time" },
    });
    let mut rules = rules();
    rules.metadata = vec![Metadata::ExtractedAt, Metadata::Sequence];
    let table = Table::of(&schema(&properties, &["AmazonOrderId"]), &rules).unwrap();
    assert_eq!(
        columns(&table),
        [
            "AmazonOrderId* text",
            "OrderTotal jsonb",
            "PurchaseDate timestamptz",
            "_sdc_extracted_at timestamptz",
            "_sdc_sequence bigint",
        ]
    );
    assert_eq!(table.key, [name("AmazonOrderId")]);
    assert_eq!((table.name.as_str(), table.notes.len()), ("orders", 0));
}

#[test]
fn a_key_that_no_record_has_makes_the_stream_keyless() {
    let table = Table::of(&schema(&json!({ "a": {} }), &["id"]), &rules()).unwrap();
    assert_eq!(columns(&table), ["a jsonb"]);
    assert_eq!(table.key, []);
    assert_eq!(table.notes, [Note::Keyless { missing: vec!["id".to_owned()] }]);
}

#[test]
fn the_configuration_decides_over_names_keys_and_what_is_left_out() {
    let mut rules = rules();
    rules.case = Case::Snake;
    rules.table = Some(name("sp_orders"));
    rules.key = Some(vec!["SellerSKU".to_owned(), "date".to_owned()]);
    rules.rename.insert("date".to_owned(), name("Day"));
    rules.leave_out.insert("secret".to_owned());
    let properties = json!({ "date": {}, "SellerSKU": {}, "secret": {} });
    let table = Table::of(&schema(&properties, &["date"]), &rules).unwrap();
    assert_eq!(columns(&table), ["Day* jsonb", "seller_sku* jsonb"]);
    assert_eq!(table.key, [name("seller_sku"), name("Day")]);
    assert_eq!(table.left_out, [["secret".to_owned()]]);
    assert_eq!((table.name.as_str(), table.notes.len()), ("sp_orders", 0));
}

#[test]
fn a_configured_name_wins_over_one_that_a_property_has() {
    let mut rules = rules();
    rules.rename.insert("a".to_owned(), name("b"));
    let table = Table::of(&schema(&json!({ "a": {}, "b": {} }), &[]), &rules).unwrap();
    assert_eq!(table.columns[0].name, name("b"));
    assert!(table.columns[1].name.as_str().starts_with("b_"), "{:?}", table.columns[1]);
    assert_eq!(table.notes.len(), 1);
    rules.rename.insert("b".to_owned(), name("b"));
    let error = Table::of(&schema(&json!({ "a": {}, "b": {} }), &[]), &rules).unwrap_err();
    assert_eq!(error.to_string(), r#"orders: two columns would be called "b"; change `rename`"#);
}

#[test]
fn a_key_without_a_column_is_refused() {
    let mut rules = rules();
    rules.leave_out.insert("id".to_owned());
    let error = Table::of(&schema(&json!({ "id": {} }), &["id"]), &rules).unwrap_err();
    let expected =
        TableError::KeyWithoutColumn { stream: "orders".to_owned(), property: "id".to_owned() };
    assert_eq!(error, expected);
}

#[test]
fn a_property_called_like_metadata_gives_way_with_a_note() {
    let mut rules = rules();
    rules.metadata = vec![Metadata::Sequence, Metadata::DeletedAt];
    let properties = json!({ "_sdc_sequence": {}, "_sdc_deleted_at": {}, "_sdc_batched_at": {} });
    let table = Table::of(&schema(&properties, &[]), &rules).unwrap();
    let expected = ["_sdc_batched_at jsonb", "_sdc_sequence bigint", "_sdc_deleted_at timestamptz"];
    assert_eq!(columns(&table), expected);
    assert_eq!(table.notes, [Note::Shadowed { property: "_sdc_sequence".to_owned() }]);
}

#[test]
fn a_table_wider_than_postgresql_allows_keeps_its_key_and_spills_the_rest() {
    let mut properties = serde_json::Map::new();
    for n in 0..2_000 {
        properties.insert(format!("p{n}"), json!({ "type": "integer" }));
    }
    let mut rules = rules();
    rules.metadata = Metadata::ALL.to_vec();
    let table = Table::of(&schema(&Value::Object(properties), &["p1999"]), &rules).unwrap();
    assert_eq!(table.columns.len(), MOST_COLUMNS);
    assert_eq!(table.key, [name("p1999")]);
    let spilled = 2_000 - (MOST_COLUMNS - 7 - 1);
    assert_eq!(table.notes, [Note::Spilled { properties: spilled }]);
    rules.most_columns = 8;
    let error = Table::of(&schema(&json!({ "a": {}, "b": {} }), &["a"]), &rules).unwrap_err();
    assert_eq!(error, TableError::TooNarrow { stream: "orders".to_owned(), most: 8 });
}

#[test]
fn paths_that_join_to_the_same_name_stay_two_columns() {
    let mut rules = rules();
    rules.flattening = Some(Flattening { max_depth: 3, separator: "__".to_owned() });
    let nested = json!({ "type": "object", "properties": { "b": { "type": "integer" } } });
    let table = Table::of(&schema(&json!({ "a": nested, "a__b": {} }), &["a__b"]), &rules).unwrap();
    assert_eq!(table.columns[1].name, name("a__b"));
    assert!(table.columns[0].name.as_str().starts_with("a__b_"), "{:?}", table.columns[0]);
    assert_eq!(table.columns[0].nullability, Nullability::Nullable);
}

#[test]
fn long_names_are_cut_with_a_note_and_empty_ones_are_refused() {
    let long = "x".repeat(70);
    let table = Table::of(&schema(&json!({ long.clone(): {} }), &[]), &rules()).unwrap();
    let column = table.columns[0].name.clone();
    assert_eq!(column.as_str().len(), LONGEST);
    assert_eq!(table.notes, [Note::Renamed { property: long, column }]);
    let error = Table::of(&schema(&json!({ "": {} }), &[]), &rules()).unwrap_err();
    assert_eq!(error, TableError::Name { stream: "orders".to_owned(), source: NameError::Empty });
}

#[test]
fn a_schema_without_properties_is_refused_because_its_records_would_be_lost() {
    for text in ["{}", r#"{"type":"object"}"#, r#"{"type":"object","properties":{}}"#] {
        let schema =
            Schema { schema: serde_json::from_str(text).unwrap(), ..schema(&json!({}), &[]) };
        let error = Table::of(&schema, &rules()).unwrap_err();
        assert_eq!(error, TableError::NoProperties { stream: "orders".to_owned() });
    }
}
