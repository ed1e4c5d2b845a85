//! What the schema of the settings says about a configuration.

use serde_json::{Map, Value};

use super::{ConfigError, Problem};
use crate::about::{About, kinds, plain};

/// Gives settings under old names (`x-aliases`) their names, also inside objects.
pub(super) fn rename(
    schema: &Value,
    config: &mut Map<String, Value>,
    path: &str,
) -> Result<(), ConfigError> {
    for (name, property) in properties(schema) {
        for alias in aliases(property) {
            let Some(value) = config.shift_remove(alias) else { continue };
            match config.get(name) {
                Some(known) if !known.is_null() && !value.is_null() && *known != value => {
                    return Err(ConfigError::Ambiguous {
                        setting: join(path, name),
                        alias: join(path, alias),
                    });
                }
                Some(known) if !known.is_null() => {}
                _ => {
                    config.insert(name.clone(), value);
                }
            }
        }
        if let Some(Value::Object(inner)) = config.get_mut(name) {
            rename(property, inner, &join(path, name))?;
        }
    }
    Ok(())
}

/// Takes out what the schema does not describe, and what is `null` and so not set; returns the names
/// of the former.
///
/// An object without `properties`, or with a schema for additional ones, may have any member.
pub(super) fn take_unknown(
    schema: &Value,
    config: &mut Map<String, Value>,
    path: &str,
) -> Vec<String> {
    let mut unknown = Vec::new();
    let additional = schema.get("additionalProperties").filter(|schema| !schema.is_boolean());
    let is_closed = schema.get("properties").is_some()
        && additional.is_none()
        && schema.get("additionalProperties") != Some(&Value::Bool(true))
        && schema.get("patternProperties").is_none();
    config.retain(|name, value| {
        let property = schema.get("properties").and_then(|known| known.get(name));
        if property.is_none() && is_closed {
            unknown.push(join(path, name));
            return false;
        }
        if let Some(schema) = property.or(additional) {
            unknown.extend(take_unknown_inside(schema, value, &join(path, name)));
        }
        !(property.is_some() && value.is_null())
    });
    unknown
}

/// The same for a value of any kind.
fn take_unknown_inside(schema: &Value, value: &mut Value, path: &str) -> Vec<String> {
    match (value, schema.get("items")) {
        (Value::Object(inner), _) => take_unknown(schema, inner, path),
        (Value::Array(elements), Some(items)) => elements
            .iter_mut()
            .enumerate()
            .flat_map(|(index, element)| {
                take_unknown_inside(items, element, &join(path, &index.to_string()))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Checks a configuration against the schema of its settings.
pub(super) fn check(
    about: &About,
    schema: &Value,
    config: &Map<String, Value>,
) -> Result<(), ConfigError> {
    let validator = jsonschema::validator_for(schema)
        .map_err(|_| ConfigError::Settings { name: about.name })?;
    let config = Value::Object(config.clone());
    let problems: Vec<Problem> =
        validator.iter_errors(&config).map(|error| problem(schema, &error)).collect();
    if problems.is_empty() { Ok(()) } else { Err(ConfigError::Invalid { problems }) }
}

/// What a failed check means, said from the schema alone; the error itself holds the value.
fn problem(schema: &Value, error: &jsonschema::ValidationError<'_>) -> Problem {
    let path = error.instance_path().to_string();
    let setting = path
        .split('/')
        .skip(1)
        .map(|name| name.replace("~1", "/").replace("~0", "~"))
        .fold(String::new(), |path, name| join(&path, &name));
    if let jsonschema::error::ValidationErrorKind::Required { property } = error.kind() {
        let expected = "a value; it is required and not set".to_owned();
        return Problem { setting: join(&setting, &plain(property)), expected };
    }
    let keyword = error.kind().keyword();
    let rule = schema.pointer(&error.schema_path().to_string());
    Problem { setting, expected: expectation(keyword, rule) }
}

/// A keyword of a schema and its value, as the end of a sentence.
fn expectation(keyword: &str, rule: Option<&Value>) -> String {
    match (keyword, rule) {
        ("type", Some(Value::Array(kinds))) => {
            let kinds = kinds.iter().map(plain).filter(|kind| kind != "null");
            kinds.collect::<Vec<_>>().join(" or ")
        }
        ("type", Some(kind)) => plain(kind),
        ("enum", Some(Value::Array(words))) => {
            let words = words.iter().filter(|word| !word.is_null()).map(plain);
            format!("one of {}", words.collect::<Vec<_>>().join(", "))
        }
        ("anyOf" | "oneOf", Some(Value::Array(branches))) => alternatives(branches),
        ("minLength", Some(length)) => format!("at least {length} characters"),
        ("minimum", Some(bound)) => format!("at least {bound}"),
        ("exclusiveMinimum", Some(bound)) => format!("more than {bound}"),
        ("maximum", Some(bound)) => format!("at most {bound}"),
        (keyword, Some(rule @ (Value::Number(_) | Value::String(_)))) => {
            format!("`{keyword}` {}", plain(rule))
        }
        (keyword, _) => format!("what `{keyword}` of its schema asks for"),
    }
}

/// Alternatives of a schema: the settings of which one is required, or the types.
fn alternatives(branches: &[Value]) -> String {
    let required: Vec<String> = branches
        .iter()
        .filter_map(|branch| branch.get("required")?.as_array())
        .map(|names| names.iter().map(|name| format!("`{}`", plain(name))).collect::<Vec<_>>())
        .map(|names| names.join(" with "))
        .collect();
    if required.is_empty() {
        let mut kinds: Vec<&str> = branches.iter().flat_map(kinds).collect();
        kinds.retain(|&kind| kind != "null");
        kinds.dedup();
        return kinds.join(" or ");
    }
    required.join(" or ")
}

/// The properties that a schema describes, in their order.
pub(super) fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// The old names of a property.
pub(super) fn aliases(property: &Value) -> impl Iterator<Item = &str> {
    let list = property.get("x-aliases").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// The name of a setting inside another.
fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
