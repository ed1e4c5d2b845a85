//! Checks records against their JSON Schema, where the user asks for it.

use jsonschema::Validator;
use serde_json::Value;
use serde_json::value::RawValue;
use singer::Schema;

use crate::failure::Failure;

/// The schema of a stream, ready to check records.
pub(crate) struct Validation {
    validator: Validator,
}

impl std::fmt::Debug for Validation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Validation")
    }
}

impl Validation {
    /// Reads a schema. Formats are checked too; references are not followed out of it.
    pub(crate) fn of(schema: &Schema) -> Result<Self, Failure> {
        let built = jsonschema::options().should_validate_formats(true).build(&schema.schema);
        let validator = built.map_err(|_| Failure::Schema { stream: schema.stream.clone() })?;
        Ok(Self { validator })
    }

    /// Checks a record; the error names the property and the rule, not the value.
    pub(crate) fn check(&self, record: &RawValue) -> Result<(), Failure> {
        // The text was read as JSON before; what it says is another matter.
        let value: Value = serde_json::from_str(record.get()).unwrap_or_default();
        let Err(error) = self.validator.validate(&value) else { return Ok(()) };
        let property = error.instance_path().to_string();
        let property = property.strip_prefix('/').unwrap_or(&property);
        let property = if property.is_empty() { "record" } else { property };
        Err(Failure::Invalid {
            property: property.to_owned(),
            keyword: error.kind().keyword().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_that_does_not_fit_is_refused_by_property_and_rule() {
        let schema = Schema {
            stream: "s".to_owned(),
            schema: json!({"type": "object", "required": ["id"], "properties": {
                "id": {"type": "integer"}, "at": {"type": "string", "format": "date-time"},
                "price": {"type": "object", "properties": {"amount": {"type": "number"}}}}}),
            key_properties: Vec::new(),
            ..Schema::default()
        };
        let validation = Validation::of(&schema).unwrap();
        let check = |record: &str| {
            let record = RawValue::from_string(record.to_owned()).unwrap();
            validation.check(&record).map_err(|error| error.to_string())
        };
        assert_eq!(check(r#"{"id":1.0}"#), Ok(()));
        let refusal = |record| check(record).unwrap_err();
        assert_eq!(refusal(r#"{"id":"hunter2"}"#), "id: not what the schema says (`type`)");
        assert_eq!(refusal("{}"), "record: not what the schema says (`required`)");
        assert_eq!(refusal(r#"{"id":1,"at":"no"}"#), "at: not what the schema says (`format`)");
        assert_eq!(
            refusal(r#"{"id":1,"price":{"amount":"x"}}"#),
            "price/amount: not what the schema says (`type`)"
        );
    }
}
