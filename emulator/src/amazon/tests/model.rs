//! Amazon's models, as far as an answer can break them: names, types, required properties and
//! enumerations, condensed from Amazon's published models of 2026-08-05. A property that a model
//! does not name is refused: nobody would have evidenced it.

use jsonschema::Validator;
use serde_json::{Value, json};

/// Fails unless `answer` is a `definition` of `model`.
pub(super) fn assert_follows(model: &str, definition: &str, answer: &Value) {
    let mut schema: Value = serde_json::from_str(model).unwrap();
    schema["$ref"] = json!(format!("#/$defs/{definition}"));
    let validator: Validator =
        jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(answer)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .take(5)
        .collect();
    assert!(errors.is_empty(), "{definition}: {errors:#?}");
}

#[test]
fn a_property_that_the_model_lacks_or_a_wrong_type_is_refused() {
    let model = include_str!("models/finances_2024-06-19.json");
    let refused = |answer: Value| {
        std::panic::catch_unwind(|| assert_follows(model, "ListTransactionsResponse", &answer))
            .is_err()
    };
    assert!(!refused(json!({"payload": {"transactions": [{"transactionId": "1"}]}})));
    assert!(refused(json!({"payload": {"transactions": [{"id": "1"}]}})));
    assert!(refused(json!({"payload": {"transactions": [{"postedDate": "yesterday"}]}})));
    assert!(refused(json!({"payload": {"transactions": {}}})));
}
