//! The records of a list's elements.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::content::Content;
use crate::document::leaf::members;
use crate::document::{DocumentError, Emit, EmitError, Facts, Feed, Loaded, Place, Position};
use crate::record::identity::{Occurrences, write_hex};
use crate::record::value::{self, Expected, Fraction, Kind};
use crate::record::{Column, REPORT_DATE, ROW_HASH, ROW_OCCURRENCE};

/// The property of an element that is no object.
const VALUE: &str = "value";

/// What becomes of a member.
#[derive(Debug, Clone)]
struct Target {
    /// The property's name.
    property: String,
    kind: Kind,
    is_key: bool,
    /// Whether the schema wants a list: a single value then is a list of one.
    is_list: bool,
}

/// One stream's share of the elements.
pub(super) struct Sink<'a> {
    feed: &'a Feed,
    /// Members that the schema knows, by their names in the document.
    targets: HashMap<String, Target>,
    /// The types of members that it does not know, as far as they were announced.
    announced: HashMap<String, Vec<&'static str>>,
    /// Names that a member cannot have, because something else has them.
    taken: Vec<&'static str>,
    /// What the schema does not know and the report says: what it covers.
    front: Vec<u8>,
    /// Keys that the members have to bring.
    keys: Vec<&'static str>,
    content: Option<Content>,
    occurrences: Option<Occurrences>,
    record: Vec<u8>,
    /// The keys of the record that is being written.
    key: Vec<u8>,
    records: u64,
}

/// Why a member could not be written.
enum Problem {
    /// Nobody takes records.
    Emit(EmitError),
    /// The value is of another type.
    Expected(Expected),
}

impl<'a> Sink<'a> {
    /// Prepares for the elements of a list.
    pub(super) fn new(feed: &'a Feed, columns: &[Column], facts: &Facts<'_>) -> Self {
        let schema: Value = serde_json::from_str(feed.stream.schema).unwrap_or_default();
        let properties = schema.get("properties").and_then(Value::as_object);
        let has = |name: &str| properties.is_some_and(|properties| properties.contains_key(name));
        let mut front = Vec::new();
        let mut covered = Vec::new();
        for (name, value) in facts.covered() {
            if has(name) {
                member(&mut front, name);
                value::string(&mut front, value.as_bytes());
                covered.push(name);
            }
        }
        covered.extend([ROW_HASH, ROW_OCCURRENCE]);
        let target = |(property, schema): (&String, &Value)| {
            let column = columns.iter().find(|column| column.property == property);
            let member = column.map_or(property.as_str(), |column| column.header);
            let types = schema.get("type").and_then(|types| types.get(0)).and_then(Value::as_str);
            let target = Target {
                property: property.clone(),
                kind: Kind::declared(schema),
                is_key: feed.stream.keys.contains(&property.as_str()),
                is_list: types == Some("array"),
            };
            (member.to_owned(), target)
        };
        let keys = feed.stream.keys.iter().filter(|key| !covered.contains(key)).copied();
        let properties = properties.into_iter().flatten();
        let own = properties.filter(|(name, _)| !covered.contains(&name.as_str()));
        Self {
            feed,
            targets: own.map(target).collect(),
            announced: HashMap::new(),
            front,
            keys: keys.collect(),
            taken: covered,
            content: has(ROW_HASH).then(|| Content::new(facts.place.code())),
            occurrences: has(ROW_OCCURRENCE).then(Occurrences::new),
            record: Vec::new(),
            key: Vec::new(),
            records: 0,
        }
    }

    /// Emits an element's record.
    pub(super) fn element(
        &mut self,
        element: &RawValue,
        number: u64,
        facts: &Facts<'_>,
        emit: &mut dyn Emit,
        loaded: &mut Loaded,
    ) -> Result<(), DocumentError> {
        let is_object = element.get().starts_with('{');
        let members = if is_object {
            members(element).map_err(|error| facts.json_error(error))?
        } else {
            vec![(Cow::Borrowed(VALUE), element)]
        };
        self.record.clear();
        self.key.clear();
        self.record.extend_from_slice(&self.front);
        let mut keys = 0;
        for (name, value) in &members {
            let is_key = self.member(name, value, emit).map_err(|problem| match problem {
                Problem::Emit(error) => error.into(),
                Problem::Expected(expected) => DocumentError::Cell {
                    stream: self.feed.stream.name,
                    place: Position::Element(number),
                    report: facts.report_id.to_owned(),
                    column: name.clone().into_owned(),
                    expected,
                },
            })?;
            keys += usize::from(is_key);
        }
        if keys < self.keys.len() {
            loaded.keyless.note(number);
            return Ok(());
        }
        self.identify(element).map_err(|error| facts.json_error(error))?;
        if self.record.is_empty() {
            self.record.push(b'{');
        }
        self.record.push(b'}');
        emit.record(self.feed.stream.name, &self.record)?;
        self.records += 1;
        Ok(())
    }

    /// Writes a member, and announces it if the schema does not know it. Says whether it is a key and
    /// has a value.
    fn member(&mut self, name: &str, raw: &RawValue, emit: &mut dyn Emit) -> Result<bool, Problem> {
        let Some(target) = self.targets.get(name) else {
            let is_taken = self.taken.contains(&name);
            let name = if is_taken { Cow::Owned(format!("{name}_2")) } else { Cow::Borrowed(name) };
            self.unknown(&name, raw, emit).map_err(Problem::Emit)?;
            return Ok(false);
        };
        if !self.feed.wants(&target.property) {
            return Ok(false);
        }
        let from = self.record.len();
        member(&mut self.record, &target.property);
        let value = self.record.len();
        if target.is_key {
            let text = key(raw).ok_or(Problem::Expected("a text or a number"))?;
            if text.trim().is_empty() {
                self.record.truncate(from);
                return Ok(false);
            }
            value::string(&mut self.record, text.as_bytes());
            self.key.extend_from_slice(self.record.get(from..).unwrap_or_default());
            return Ok(true);
        }
        if target.is_list && !matches!(raw.get().as_bytes().first(), Some(b'[' | b'n')) {
            self.record.push(b'[');
            self.record.extend_from_slice(raw.get().as_bytes());
            self.record.push(b']');
        } else if let Err(expected) = typed(&mut self.record, raw, target.kind) {
            self.record.truncate(value);
            return Err(Problem::Expected(expected));
        }
        Ok(false)
    }

    /// Writes a member that the schema does not know, as it is. A null has no type yet: nothing is
    /// said of it.
    fn unknown(
        &mut self,
        name: &str,
        raw: &RawValue,
        emit: &mut dyn Emit,
    ) -> Result<(), EmitError> {
        let Some(kind) = type_of(raw).filter(|_| self.feed.wants(name)) else { return Ok(()) };
        if !self.announced.get(name).is_some_and(|kinds| kinds.contains(&kind)) {
            let kinds = self.announced.entry(name.to_owned()).or_default();
            kinds.push(kind);
            let types: Vec<_> = kinds.iter().chain(&["null"]).collect();
            emit.property(self.feed.stream.name, name, json!({"type": types}))?;
        }
        member(&mut self.record, name);
        self.record.extend_from_slice(raw.get().as_bytes());
        Ok(())
    }

    /// Writes what tells the record apart, where its members do not.
    fn identify(&mut self, element: &RawValue) -> serde_json::Result<()> {
        if let Some(content) = &self.content {
            let hash = content.of(element)?;
            self.key.extend_from_slice(&hash);
            member(&mut self.record, ROW_HASH);
            write_hex(&mut self.record, &hash);
        }
        if let Some(occurrences) = &mut self.occurrences {
            let number = occurrences.count(&self.key);
            member(&mut self.record, ROW_OCCURRENCE);
            self.record.extend_from_slice(number.to_string().as_bytes());
        }
        Ok(())
    }

    /// Notes how many records there were.
    pub(super) fn finish(self, loaded: &mut Loaded) {
        if self.records > 0 {
            *loaded.records.entry(self.feed.stream.name).or_default() += self.records;
        }
    }
}

impl Facts<'_> {
    /// What the report covers, as properties of every record.
    fn covered(&self) -> Vec<(&'static str, String)> {
        let mut covered = Vec::new();
        match self.place {
            Place::Marketplace(marketplace) => {
                covered.push(("marketplace_id", marketplace.id.to_owned()));
                covered.push(("region", marketplace.region.code().to_owned()));
            }
            Place::Region(region) => covered.push(("region", region.code().to_owned())),
        }
        covered.extend(self.day.map(|day| (REPORT_DATE, day.to_string())));
        covered
    }
}

/// Writes what stands before a member's value.
fn member(out: &mut Vec<u8>, name: &str) {
    out.push(if out.is_empty() { b'{' } else { b',' });
    value::string(out, name.as_bytes());
    out.push(b':');
}

/// The text of a key: of a string, or of a number or boolean as it is written; empty for null, and
/// nothing for a list or an object.
fn key(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    match text.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(text).ok().map(Cow::Owned),
        b'n' => Some(Cow::Borrowed("")),
        b'[' | b'{' => None,
        _ => Some(Cow::Borrowed(text)),
    }
}

/// The type of a value that no schema knows; nothing for null.
fn type_of(value: &RawValue) -> Option<&'static str> {
    Some(match value.get().bytes().next()? {
        b'n' => return None,
        b'"' => "string",
        b't' | b'f' => "boolean",
        b'[' => "array",
        b'{' => "object",
        _ => "number",
    })
}

/// Writes a value with the digits that it has, as the declared type: texts are read as the cells of a
/// flat file are, because XML has nothing but texts.
fn typed(out: &mut Vec<u8>, raw: &RawValue, kind: Kind) -> Result<(), Expected> {
    let text = raw.get();
    let first = text.as_bytes().first().copied().unwrap_or(b'n');
    match (kind, first) {
        (_, b'n') => out.extend_from_slice(b"null"),
        (Kind::Other, _) | (Kind::Text, b'"') | (Kind::Boolean, b't' | b'f') => {
            out.extend_from_slice(text.as_bytes());
        }
        (_, b'"') => {
            let plain: String = serde_json::from_str(text).map_err(|_| "a text")?;
            value::write(out, plain.as_bytes(), kind)?;
        }
        (Kind::Text, b't' | b'f' | b'-' | b'0'..=b'9') => value::string(out, text.as_bytes()),
        (Kind::Number, b'-' | b'0'..=b'9') => out.extend_from_slice(text.as_bytes()),
        (Kind::Integer, b'-' | b'0'..=b'9') => {
            // Some writers of JSON print whole numbers with a point and zeros behind it.
            let whole = text.trim_end_matches('0').strip_suffix('.').unwrap_or(text);
            value::number(out, whole.as_bytes(), Fraction::Refused).ok_or("an integer")?;
        }
        (Kind::Integer, _) => return Err("an integer"),
        (Kind::Number, _) => return Err("a number"),
        (Kind::Boolean, _) => return Err("a yes or a no"),
        (Kind::Text | Kind::Date | Kind::DateTime, _) => return Err("a text"),
    }
    Ok(())
}
