//! What a JSON Schema says of a value, as far as a column cares.
//!
//! Schemas say one thing in many ways: a list of types, `anyOf`, `oneOf`, `allOf`, references into
//! `definitions`. All of them become a list of plain schemas, of which a value meets at least one; the
//! kind of the column follows from that list. Constraints are not checked here: PostgreSQL's types and
//! the encoder are the check.

use serde_json::{Map, Value};

use crate::kind::{Encoding, Kind, Precision};

/// How deep references and combinations are followed. Deeper ones are schemas that refer to
/// themselves; such a value is any JSON.
const DEEPEST: usize = 24;

/// How many plain schemas one schema may become before it counts as any JSON.
const MOST: usize = 64;

/// What decides the kind of a column beside its schema.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The type of date-times.
    pub timestamps: Timestamps,
    /// What is done with `contentEncoding`.
    pub content_encoding: ContentEncoding,
}

/// The type of date-times.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Timestamps {
    /// `timestamptz`.
    #[default]
    WithZone,
    /// `timestamp`, in UTC.
    WithoutZone,
}

/// What is done with a string whose schema says `contentEncoding`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum ContentEncoding {
    /// It is stored as the text that it is.
    #[default]
    Keep,
    /// `base16` and `base64` are decoded into `bytea`.
    Interpret,
}

/// What a value can be.
#[derive(Debug, PartialEq)]
pub(crate) struct Shape {
    /// The kind of its column.
    pub(crate) kind: Kind,
    /// The properties that it declares, should it be an object.
    pub(crate) properties: Map<String, Value>,
    /// Whether it is always an object of declared properties, or null.
    pub(crate) is_object: bool,
}

/// The shape of the values of `schema`, whose references point into `root`.
pub(crate) fn shape(schema: &Value, root: &Value, reading: Reading) -> Shape {
    let Some(plain) = alternatives(schema, root, DEEPEST) else {
        let mut properties = Map::new();
        add_properties(&mut properties, schema.get("properties"));
        return Shape { kind: Kind::Jsonb, properties, is_object: false };
    };
    let mut kind = None;
    let mut properties = Map::new();
    let mut is_object = true;
    for schema in &plain {
        for kind_of_type in kinds(schema, reading) {
            kind = Some(kind.map_or(kind_of_type, |kind| common(kind, kind_of_type)));
        }
        is_object &= is_only(schema, &["object", "null"]);
        add_properties(&mut properties, schema.get("properties"));
    }
    Shape {
        // A value that is never anything but null can still be stored, should one come.
        kind: kind.unwrap_or(Kind::Jsonb),
        is_object: is_object && !properties.is_empty(),
        properties,
    }
}

/// Adds the properties of one more schema that a value may meet.
fn add_properties(properties: &mut Map<String, Value>, declared: Option<&Value>) {
    let Some(Value::Object(declared)) = declared else { return };
    for (property, schema) in declared {
        let schema = match properties.get(property) {
            Some(has) if has != schema => serde_json::json!({ "anyOf": [has, schema] }),
            _ => schema.clone(),
        };
        properties.insert(property.clone(), schema);
    }
}

/// Whether a plain schema allows no types but these.
fn is_only(schema: &Map<String, Value>, names: &[&str]) -> bool {
    types(schema).is_some_and(|types| types.iter().all(|name| names.contains(name)))
}

/// The kind for values of both kinds: one that tells them apart.
///
/// A string that is a date or not one is text; a string that is a number or not one cannot be told from
/// the number in text, so it is JSON.
fn common(one: Kind, other: Kind) -> Kind {
    match (one, other) {
        _ if one == other => one,
        (Kind::BigInt | Kind::Numeric(_), Kind::BigInt | Kind::Numeric(_)) => Kind::Numeric(None),
        (Kind::Date, Kind::Timestamptz | Kind::Timestamp) => other,
        (Kind::Timestamptz | Kind::Timestamp, Kind::Date) => one,
        _ if one.is_string() && other.is_string() => Kind::Text,
        _ => Kind::Jsonb,
    }
}

/// The kinds of the types of a plain schema, without null.
fn kinds(schema: &Map<String, Value>, reading: Reading) -> Vec<Kind> {
    let Some(types) = types(schema) else { return vec![Kind::Jsonb] };
    types
        .into_iter()
        .filter_map(|name| match name {
            "null" => None,
            "boolean" => Some(Kind::Boolean),
            "integer" => Some(integer(schema)),
            "number" => Some(Kind::Numeric(None)),
            "string" => Some(string(schema, reading)),
            _ => Some(Kind::Jsonb),
        })
        .collect()
}

/// The names of the types of a plain schema; nothing if anything meets it.
fn types(schema: &Map<String, Value>) -> Option<Vec<&str>> {
    match schema.get("type") {
        Some(Value::String(name)) => Some(vec![name]),
        Some(Value::Array(names)) => Some(names.iter().filter_map(Value::as_str).collect()),
        _ => {
            let values = schema.get("enum").and_then(Value::as_array).map(Vec::as_slice);
            let values = values.or_else(|| schema.get("const").map(std::slice::from_ref));
            match values {
                Some(values) => Some(values.iter().map(type_of).collect()),
                None if schema.contains_key("properties") => Some(vec!["object"]),
                None if schema.contains_key("items") => Some(vec!["array"]),
                None if schema.contains_key("format") => Some(vec!["string"]),
                None => None,
            }
        }
    }
}

/// JSON Schema's name for the type of a value.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The kind of integers within the schema's limits.
fn integer(schema: &Map<String, Value>) -> Kind {
    let beyond = |names: [&str; 2], is_beyond: fn(&Value) -> bool| {
        names.into_iter().filter_map(|name| schema.get(name)).any(is_beyond)
    };
    // `as_i64` is nothing for a number that does not fit 64 bits, but also for one with a fraction.
    let above =
        |limit: &Value| limit.as_i64().is_none() && limit.as_f64().is_some_and(|at| at > 9.2e18);
    let below =
        |limit: &Value| limit.as_i64().is_none() && limit.as_f64().is_some_and(|at| at < -9.2e18);
    if beyond(["maximum", "exclusiveMaximum"], above)
        || beyond(["minimum", "exclusiveMinimum"], below)
    {
        Kind::Numeric(None)
    } else {
        Kind::BigInt
    }
}

/// The kind of strings of the schema's format.
fn string(schema: &Map<String, Value>, reading: Reading) -> Kind {
    let text = |name: &str| schema.get(name).and_then(Value::as_str);
    if reading.content_encoding == ContentEncoding::Interpret {
        match text("contentEncoding") {
            Some("base16") => return Kind::Bytea(Encoding::Base16),
            Some("base64") => return Kind::Bytea(Encoding::Base64),
            _ => {}
        }
    }
    match text("format") {
        Some("date-time") if reading.timestamps == Timestamps::WithZone => Kind::Timestamptz,
        Some("date-time") => Kind::Timestamp,
        Some("date") => Kind::Date,
        Some("time") => Kind::Time,
        Some("uuid") => Kind::Uuid,
        // Written by the Meltano SDK's SQL taps for decimals that must keep their digits.
        Some("singer.decimal" | "x-singer.decimal") => Kind::Numeric(precision(schema)),
        _ => Kind::Text,
    }
}

/// The precision that a decimal's schema gives, if PostgreSQL has it.
fn precision(schema: &Map<String, Value>) -> Option<Precision> {
    let digits = schema.get("precision")?.as_u64()?;
    let scale = schema.get("scale").map_or(Some(0), Value::as_i64)?;
    let digits = u16::try_from(digits).ok().filter(|digits| (1..=1_000).contains(digits))?;
    let scale = i16::try_from(scale)
        .ok()
        .filter(|scale| (0..=i64::from(digits)).contains(&i64::from(*scale)))?;
    Some(Precision { digits, scale })
}

/// The plain schemas of which a value meets at least one; nothing if they are too many, too deep or
/// not here.
fn alternatives(schema: &Value, root: &Value, deep: usize) -> Option<Vec<Map<String, Value>>> {
    let deep = deep.checked_sub(1)?;
    let schema = match schema {
        Value::Bool(false) => return Some(Vec::new()),
        Value::Object(schema) => schema,
        _ => return Some(vec![Map::new()]),
    };
    let mut plain = schema.clone();
    let mut parts = Vec::new();
    if let Some(reference) = plain.remove("$ref") {
        let target = reference.as_str()?.strip_prefix('#')?;
        parts.push(alternatives(root.pointer(target)?, root, deep)?);
    }
    if let Some(Value::Array(all)) = plain.remove("allOf") {
        for schema in &all {
            parts.push(alternatives(schema, root, deep)?);
        }
    }
    for name in ["anyOf", "oneOf"] {
        if let Some(Value::Array(branches)) = plain.remove(name) {
            let mut any = Vec::new();
            for schema in &branches {
                any.extend(alternatives(schema, root, deep)?);
            }
            parts.push(any);
        }
    }
    let mut combined = vec![plain];
    for part in parts {
        combined = combined
            .iter()
            .flat_map(|one| part.iter().filter_map(|other| both(one, other)))
            .collect();
        if combined.len() > MOST {
            return None;
        }
    }
    Some(combined)
}

/// The schema that a value meets if it meets both; nothing if their types exclude each other.
fn both(one: &Map<String, Value>, other: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut both = one.clone();
    for (name, value) in other {
        let merged = match (name.as_str(), one.get(name), value) {
            (_, None, value) => value.clone(),
            ("type", Some(has), _) => shared_types(has, value)?,
            ("properties", Some(Value::Object(has)), Value::Object(more)) => {
                let mut properties = has.clone();
                for (property, schema) in more {
                    let schema = match has.get(property) {
                        Some(has) => serde_json::json!({ "allOf": [has, schema] }),
                        None => schema.clone(),
                    };
                    properties.insert(property.clone(), schema);
                }
                Value::Object(properties)
            }
            (_, Some(has), _) => has.clone(),
        };
        both.insert(name.clone(), merged);
    }
    Some(both)
}

/// The types that are in both; every integer is a number.
fn shared_types(one: &Value, other: &Value) -> Option<Value> {
    let names = |value: &Value| -> Vec<String> {
        match value {
            Value::String(name) => vec![name.clone()],
            Value::Array(names) => {
                names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    };
    let (one, other) = (names(one), names(other));
    let has = |names: &[String], name: &str| names.iter().any(|has| has == name);
    let shared: Vec<Value> = ["null", "boolean", "integer", "number", "string", "array", "object"]
        .into_iter()
        .filter(|name| {
            let is_in =
                |names: &[String]| has(names, name) || (*name == "integer" && has(names, "number"));
            is_in(&one) && is_in(&other)
        })
        .map(Value::from)
        .collect();
    // Where `number` meets `number`, `integer` adds nothing.
    let number = shared.iter().any(|name| name == "number");
    let shared: Vec<Value> =
        shared.into_iter().filter(|name| !(number && name == "integer")).collect();
    if shared.is_empty() { None } else { Some(Value::Array(shared)) }
}

#[cfg(test)]
mod tests;
