//! The records of one list's elements.

use std::collections::{BTreeSet, HashMap};

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::document::leaf::Leaf;
use crate::document::{DocumentError, Emit, EmitError, Facts, Feed, Loaded, Place, Position};
use crate::record::value::{self, Fraction, Kind};

/// One stream's share of the elements.
pub(super) struct Sink<'a> {
    pub(super) feed: &'a Feed,
    keys: &'static [&'static str],
    declared: HashMap<String, Kind>,
    announced: BTreeSet<String>,
    record: Vec<u8>,
    pub(super) records: u64,
}

impl<'a> Sink<'a> {
    /// Prepares for the elements of a list.
    pub(super) fn new(feed: &'a Feed, facts: &Facts<'_>) -> Self {
        let schema: Value = serde_json::from_str(feed.stream.schema).unwrap_or_default();
        let properties = schema.get("properties").and_then(Value::as_object);
        let declared = properties.into_iter().flatten();
        Self {
            feed,
            keys: feed.stream.keys_at(facts.asin_granularity),
            declared: declared
                .map(|(name, schema)| (name.clone(), Kind::declared(schema)))
                .collect(),
            announced: BTreeSet::new(),
            record: Vec::new(),
            records: 0,
        }
    }

    /// Emits an element's record.
    pub(super) fn element(
        &mut self,
        columns: &[Leaf<'_>],
        day: Option<&str>,
        number: u64,
        facts: &Facts<'_>,
        emit: &mut dyn Emit,
        loaded: &mut Loaded,
    ) -> Result<(), DocumentError> {
        let column = |name: &str| columns.iter().find(|(column, _)| column == name);
        let has = |key: &&&str| match **key {
            "marketplace_id" => true,
            "date" => day.is_some() || column("date").is_some(),
            key => column(key).is_some_and(|(_, value)| !matches!(value.get(), "null" | "\"\"")),
        };
        if self.keys.iter().filter(has).count() < self.keys.len() {
            loaded.keyless.note(number);
            return Ok(());
        }
        self.record.clear();
        if let Place::Marketplace(marketplace) = facts.place {
            self.record.extend_from_slice(b"{\"marketplace_id\":");
            value::string(&mut self.record, marketplace.id.as_bytes());
        }
        if let (Some(day), None) = (day, column("date")) {
            self.name("date");
            value::string(&mut self.record, day.as_bytes());
        }
        for (name, value) in columns {
            self.column(name, value, emit).map_err(|problem| match problem {
                Problem::Emit(error) => error.into(),
                Problem::Expected(expected) => DocumentError::Cell {
                    stream: self.feed.stream.name,
                    place: Position::Element(number),
                    report: facts.report_id.to_owned(),
                    column: name.clone(),
                    expected,
                },
            })?;
        }
        self.record.push(b'}');
        emit.record(self.feed.stream.name, &self.record)?;
        self.records += 1;
        Ok(())
    }

    /// Writes what stands before a value.
    fn name(&mut self, name: &str) {
        self.record.push(if self.record.is_empty() { b'{' } else { b',' });
        value::string(&mut self.record, name.as_bytes());
        self.record.push(b':');
    }

    /// Writes a column, and announces it if the schema does not know it.
    fn column(&mut self, name: &str, value: &RawValue, emit: &mut dyn Emit) -> Result<(), Problem> {
        if !self.feed.wants(name) && !self.keys.contains(&name) {
            return Ok(());
        }
        let kind = self.declared.get(name).copied();
        if kind.is_none() && !self.announced.contains(name) {
            // The type of a null is not known; what has no value yet is not announced either.
            let Some(schema) = type_of(value) else { return Ok(()) };
            emit.property(self.feed.stream.name, name, schema).map_err(Problem::Emit)?;
            self.announced.insert(name.to_owned());
        }
        self.name(name);
        typed(&mut self.record, value, kind.unwrap_or(Kind::Other)).map_err(Problem::Expected)
    }
}

/// Why a column could not be written.
enum Problem {
    /// Nobody takes records.
    Emit(EmitError),
    /// The value is of another type.
    Expected(&'static str),
}

/// The schema of a value that no schema knows; `None` for null.
fn type_of(value: &RawValue) -> Option<Value> {
    let kind = match value.get().bytes().next()? {
        b'n' => return None,
        b'"' => "string",
        b't' | b'f' => "boolean",
        b'[' => "array",
        b'{' => "object",
        _ => "number",
    };
    Some(json!({"type": [kind, "null"]}))
}

/// Writes a value with the digits that it has, if it is of the declared type.
fn typed(out: &mut Vec<u8>, value: &RawValue, kind: Kind) -> Result<(), &'static str> {
    let text = value.get();
    let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let fits = match kind {
        _ if text == "null" => true,
        Kind::Integer => {
            // Some writers of JSON print whole numbers with a point and zeros behind it.
            let whole = text.trim_end_matches('0').strip_suffix('.').unwrap_or(text);
            let written = value::number(out, whole.as_bytes(), Fraction::Refused);
            return written.ok_or("an integer");
        }
        Kind::Number => is_number,
        Kind::Boolean => matches!(text, "true" | "false"),
        Kind::Text | Kind::Date | Kind::DateTime => text.starts_with('"'),
        Kind::Other => true,
    };
    if !fits {
        return Err(match kind {
            Kind::Number => "a number",
            Kind::Boolean => "a yes or a no",
            _ => "a text",
        });
    }
    out.extend_from_slice(text.as_bytes());
    Ok(())
}
