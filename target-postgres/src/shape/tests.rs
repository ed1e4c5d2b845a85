//! Every way in which a schema says what a value is.

use super::*;
use serde_json::json;

fn kind_of(schema: &Value) -> Kind {
    let root = json!({
        "definitions": { "money": { "type": "number" }, "loop": { "anyOf": [{ "$ref": "#/definitions/loop" }] } },
        "$defs": { "a/b": { "type": ["null", "string"], "format": "date" } },
    });
    shape(schema, &root, Reading::default()).kind
}

#[test]
fn every_way_of_saying_a_type_is_understood() {
    let numeric = Kind::Numeric(None);
    let cases = [
        (json!({ "type": "boolean" }), Kind::Boolean),
        (json!({ "type": ["null", "integer"] }), Kind::BigInt),
        (json!({ "type": "integer", "maximum": 9_223_372_036_854_775_807_i64 }), Kind::BigInt),
        (json!({ "type": "integer", "maximum": 9_223_372_036_854_775_808_u64 }), numeric),
        (json!({ "type": "integer", "minimum": -1e30 }), numeric),
        (json!({ "type": "number", "multipleOf": 0.01 }), numeric),
        (json!({ "type": ["integer", "number"] }), numeric),
        (json!({ "type": "string" }), Kind::Text),
        (json!({ "type": "string", "format": "date-time" }), Kind::Timestamptz),
        (json!({ "format": "date-time" }), Kind::Timestamptz),
        (json!({ "type": "string", "format": "date" }), Kind::Date),
        (json!({ "type": "string", "format": "time" }), Kind::Time),
        (json!({ "type": "string", "format": "uuid" }), Kind::Uuid),
        (json!({ "type": "string", "format": "email" }), Kind::Text),
        (json!({ "type": "string", "format": "singer.decimal" }), numeric),
        (
            json!({ "type": "string", "format": "x-singer.decimal", "precision": 12, "scale": 2 }),
            Kind::Numeric(Some(Precision { digits: 12, scale: 2 })),
        ),
        (json!({ "type": "object" }), Kind::Jsonb),
        (json!({ "type": "array", "items": { "type": "string" } }), Kind::Jsonb),
        (json!({ "type": ["string", "integer"] }), Kind::Jsonb),
        (json!({ "type": ["string", "object", "null"] }), Kind::Jsonb),
        (json!({}), Kind::Jsonb),
        (json!(true), Kind::Jsonb),
        (json!(false), Kind::Jsonb),
        (json!({ "type": "null" }), Kind::Jsonb),
        (json!({ "enum": ["a", "b", null] }), Kind::Text),
        (json!({ "const": 1 }), Kind::BigInt),
        (json!({ "type": "string", "contentEncoding": "base64" }), Kind::Text),
        (json!({ "$ref": "#/definitions/money" }), numeric),
        (json!({ "$ref": "#/$defs/a~1b" }), Kind::Date),
        (json!({ "$ref": "https://example.com/schema.json" }), Kind::Jsonb),
        (json!({ "$ref": "#/definitions/loop" }), Kind::Jsonb),
        (json!({ "anyOf": [{ "type": "integer" }, { "type": "null" }] }), Kind::BigInt),
        (
            json!({ "type": ["null", "string"], "oneOf": [{ "format": "date-time" }] }),
            Kind::Timestamptz,
        ),
        (
            json!({ "anyOf": [{ "type": "string", "format": "date-time" }, { "type": ["string", "null"] }] }),
            Kind::Text,
        ),
        (
            json!({ "anyOf": [{ "type": "string", "format": "date" }, { "type": "string", "format": "date-time" }] }),
            Kind::Timestamptz,
        ),
        (json!({ "oneOf": [{ "type": "boolean" }, { "type": "string" }] }), Kind::Jsonb),
        (json!({ "allOf": [{ "type": ["string", "null"] }, { "format": "uuid" }] }), Kind::Uuid),
        (json!({ "allOf": [{ "type": "number" }, { "type": "integer" }] }), Kind::BigInt),
    ];
    for (schema, expected) in cases {
        assert_eq!(kind_of(&schema), expected, "{schema}");
    }
}

#[test]
fn settings_decide_over_times_and_encodings() {
    let reading = Reading {
        timestamps: Timestamps::WithoutZone,
        content_encoding: ContentEncoding::Interpret,
    };
    let kind = |schema: Value| shape(&schema, &Value::Null, reading).kind;
    assert_eq!(kind(json!({ "type": "string", "format": "date-time" })), Kind::Timestamp);
    assert_eq!(
        kind(json!({ "type": "string", "contentEncoding": "base16" })),
        Kind::Bytea(Encoding::Base16)
    );
}

#[test]
fn the_properties_of_an_object_are_found_through_references_and_null() {
    let root =
        json!({ "definitions": { "price": { "type": "object", "properties": { "Amount": {} } } } });
    let schema = json!({ "anyOf": [{ "$ref": "#/definitions/price" }, { "type": "null" }] });
    let of = |schema: &Value| shape(schema, &root, Reading::default());
    assert_eq!(of(&schema).properties.keys().collect::<Vec<_>>(), ["Amount"]);
    assert!(of(&schema).is_object);
    let mixed = json!({ "anyOf": [{ "$ref": "#/definitions/price" }, { "type": "string" }] });
    assert!(!of(&mixed).is_object);
    assert!(!of(&json!({ "type": "object" })).is_object);
}

#[test]
fn a_property_that_differs_between_branches_is_what_both_are() {
    let branch = |kind: &str| json!({ "properties": { "a": { "type": kind } } });
    let schema = json!({ "anyOf": [branch("integer"), branch("number"), branch("null")] });
    let properties = shape(&schema, &Value::Null, Reading::default()).properties;
    assert_eq!(kind_of(&properties["a"]), Kind::Numeric(None));
}

#[test]
fn a_schema_of_very_many_combinations_is_any_json() {
    let branches: Vec<Value> = (0..9).map(|n| json!({ "enum": [n], "x": n })).collect();
    let schema = json!({ "allOf": [{ "anyOf": branches }, { "anyOf": branches }] });
    assert_eq!(kind_of(&schema), Kind::Jsonb);
}
