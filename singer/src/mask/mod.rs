//! Takes deselected properties out of schemas and records.
//!
//! A record is filtered as bytes: numbers keep their digits and strings their escapes, because a tap
//! must not change what it passes on.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::catalog::CatalogEntry;

/// The properties of a stream that are wanted, at every level of its objects and arrays.
///
/// Only what is *not* wanted is kept in mind: a property that the catalog does not mention goes the
/// way of its parent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mask {
    root: Node,
}

/// What is dropped at one place and below it; nothing when empty.
#[derive(Debug, Clone, Default, PartialEq)]
struct Node {
    /// By name, where the place is an object.
    properties: HashMap<String, Choice>,
    /// For all elements, where the place is an array.
    items: Option<Box<Choice>>,
}

/// What becomes of a property of which not everything is wanted.
#[derive(Debug, Clone, PartialEq)]
enum Choice {
    /// It is left out.
    Dropped,
    /// Parts of it are left out.
    Within(Node),
}

/// One step from a place to a place inside it.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    /// To a property of an object.
    Property(&'a str),
    /// To the elements of an array.
    Items,
}

/// Why a record cannot be filtered. The text never holds a part of the record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: the record is not a JSON object")]
pub struct MaskError {
    /// Where reading stopped, counted in bytes from 1; inside a nested value, from its start.
    pub column: usize,
}

impl Mask {
    /// What a catalog wants of a stream's records, supposing that it wants the stream.
    #[must_use]
    pub fn of(entry: &CatalogEntry) -> Self {
        let mut root = Node::default();
        for metadata in &entry.metadata {
            if metadata.is_selected() == Some(false)
                && let Some(steps) = steps(&metadata.breadcrumb)
            {
                root.leave_out(&steps);
            }
        }
        Self { root }
    }

    /// Leaves out one more property at the top of a record.
    pub fn leave_out(&mut self, property: &str) {
        self.root.leave_out(&[Step::Property(property)]);
    }

    /// Whether nothing is left out, so that a record may pass as it is.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.root.is_empty()
    }

    /// Whether a property is wanted, by the names that lead to it; arrays on the way need no name.
    #[must_use]
    pub fn keeps(&self, path: &[&str]) -> bool {
        let mut node = &self.root;
        for name in path {
            match node.choice(name) {
                None => return true,
                Some(Choice::Dropped) => return false,
                Some(Choice::Within(inner)) => node = inner,
            }
        }
        true
    }

    /// The schema of the records that [`Mask::apply`] makes.
    #[must_use]
    pub fn schema(&self, schema: &Value) -> Value {
        self.root.schema(schema)
    }

    /// Appends `record`, one JSON object, to `out` without what is not wanted.
    ///
    /// What stays is copied: every number and string keeps its spelling, members keep their order.
    /// After an error `out` is as it was.
    pub fn apply(&self, record: &[u8], out: &mut Vec<u8>) -> Result<(), MaskError> {
        if self.is_all() {
            out.extend_from_slice(record);
            return Ok(());
        }
        let length = out.len();
        let mut deserializer = serde_json::Deserializer::from_slice(record);
        deserializer
            .deserialize_map(Filter { node: &self.root, out })
            .and_then(|()| deserializer.end())
            .map_err(|error| {
                out.truncate(length);
                MaskError { column: error.column() }
            })
    }
}

/// The steps of a breadcrumb; nothing if it leads through a form of schema that has no records, such
/// as `definitions`.
fn steps(breadcrumb: &[String]) -> Option<Vec<Step<'_>>> {
    let mut words = breadcrumb.iter();
    let mut steps = Vec::new();
    while let Some(word) = words.next() {
        steps.push(match word.as_str() {
            "properties" => Step::Property(words.next()?),
            "items" => Step::Items,
            _ => return None,
        });
    }
    Some(steps)
}

impl Node {
    /// Whether nothing is left out at this place.
    fn is_empty(&self) -> bool {
        self.properties.is_empty() && self.items.is_none()
    }

    /// What becomes of a property, of the object or of the objects in the array that this place is.
    fn choice(&self, name: &str) -> Option<&Choice> {
        self.properties.get(name).or_else(|| match self.items.as_deref()? {
            Choice::Dropped => Some(&Choice::Dropped),
            Choice::Within(node) => node.choice(name),
        })
    }

    /// Marks the place at the end of `steps` as not wanted. The stream itself cannot be.
    fn leave_out(&mut self, steps: &[Step<'_>]) {
        let Some((step, rest)) = steps.split_first() else { return };
        let whole = || Choice::Within(Self::default());
        let choice = match step {
            Step::Property(name) => self.properties.entry((*name).to_owned()).or_insert_with(whole),
            Step::Items => self.items.get_or_insert_with(|| Box::new(whole())).as_mut(),
        };
        match choice {
            _ if rest.is_empty() => *choice = Choice::Dropped,
            Choice::Within(node) => node.leave_out(rest),
            Choice::Dropped => {}
        }
    }

    /// The schema of what is left.
    fn schema(&self, schema: &Value) -> Value {
        let Value::Object(members) = schema else { return schema.clone() };
        members
            .iter()
            .map(|(keyword, value)| (keyword.clone(), self.keyword(keyword, value)))
            .collect()
    }

    /// The value of one keyword of a schema without what is left out.
    fn keyword(&self, keyword: &str, value: &Value) -> Value {
        match (keyword, value) {
            ("properties", Value::Object(properties)) => properties
                .iter()
                .filter_map(|(name, property)| match self.properties.get(name) {
                    None => Some((name.clone(), property.clone())),
                    Some(Choice::Dropped) => None,
                    Some(Choice::Within(node)) => Some((name.clone(), node.schema(property))),
                })
                .collect(),
            ("required", Value::Array(names)) => {
                let is_dropped = |name: &Value| {
                    name.as_str().and_then(|name| self.properties.get(name))
                        == Some(&Choice::Dropped)
                };
                names.iter().filter(|name| !is_dropped(name)).cloned().collect()
            }
            ("items", _) => match (self.items.as_deref(), value) {
                (Some(Choice::Within(node)), Value::Array(places)) => {
                    places.iter().map(|place| node.schema(place)).collect()
                }
                (Some(Choice::Within(node)), _) => node.schema(value),
                _ => value.clone(),
            },
            ("anyOf" | "oneOf" | "allOf", Value::Array(branches)) => {
                branches.iter().map(|branch| self.schema(branch)).collect()
            }
            _ => value.clone(),
        }
    }

    /// Appends what is left of a value. A value that is neither object nor array has no parts.
    fn write(&self, value: &RawValue, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let text = value.get();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        match text.as_bytes().first() {
            Some(b'{') if !self.properties.is_empty() => {
                deserializer.deserialize_map(Filter { node: self, out })
            }
            Some(b'[') if self.items.is_some() => {
                deserializer.deserialize_seq(Filter { node: self, out })
            }
            _ => {
                out.extend_from_slice(text.as_bytes());
                Ok(())
            }
        }
    }
}

/// Copies what is wanted of the object or array that it visits.
struct Filter<'a> {
    node: &'a Node,
    out: &'a mut Vec<u8>,
}

impl<'de> Visitor<'de> for Filter<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut separator = b'{';
        while let Some(key) = members.next_key::<&RawValue>()? {
            let choice = self.node.properties.get(name(key).map_err(de::Error::custom)?.as_ref());
            if choice == Some(&Choice::Dropped) {
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            let value: &RawValue = members.next_value()?;
            self.out.push(separator);
            self.out.extend_from_slice(key.get().as_bytes());
            self.out.push(b':');
            write(choice, value, self.out).map_err(de::Error::custom)?;
            separator = b',';
        }
        if separator == b'{' {
            self.out.push(b'{');
        }
        self.out.push(b'}');
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let choice = self.node.items.as_deref();
        self.out.push(b'[');
        let mut is_first = true;
        while let Some(element) = elements.next_element::<&RawValue>()? {
            if choice == Some(&Choice::Dropped) {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                self.out.push(b',');
            }
            write(choice, element, self.out).map_err(de::Error::custom)?;
        }
        self.out.push(b']');
        Ok(())
    }
}

/// Appends a value of which everything is wanted, or a part.
fn write(
    choice: Option<&Choice>,
    value: &RawValue,
    out: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    if let Some(Choice::Within(node)) = choice {
        return node.write(value, out);
    }
    out.extend_from_slice(value.get().as_bytes());
    Ok(())
}

/// The name that a member's key spells, escapes resolved.
fn name(key: &RawValue) -> Result<Cow<'_, str>, serde_json::Error> {
    let quoted = key.get();
    match quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        _ => serde_json::from_str(quoted).map(Cow::Owned),
    }
}

#[cfg(test)]
mod tests;
