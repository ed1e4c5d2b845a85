//! The way of serde through JSON, along the names that lead to lists.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{LONGEST, Loader, opened};
use crate::document::charset::Charset;
use crate::document::decoded::Gauge;
use crate::document::{DocumentError, Emit, Facts, Fault, Feed, Loaded};

/// Reads a document to its end and emits the records of all streams that want some.
pub(in crate::document) fn load(
    source: Box<dyn Read + '_>,
    facts: &Facts<'_>,
    feeds: &[Feed],
    emit: &mut dyn Emit,
) -> Result<Loaded, DocumentError> {
    let gauge = Gauge::default();
    let charset = Charset::of(facts.content_type, facts.country());
    let (head, text) = opened(source, facts, &gauge, |_| charset)?;
    if head.first() == Some(&b'<') {
        return Err(facts.fault(Fault::Xml));
    }
    let mut loader = Loader::new(facts, feeds, &gauge, emit);
    let all = (0..loader.lists.len()).collect();
    let mut json = serde_json::Deserializer::from_reader(text);
    let read = Value { loader: &mut loader, depth: 0, lists: all }
        .deserialize(&mut json)
        .and_then(|()| json.end());
    match (loader.error.take(), read) {
        (Some(error), _) => Err(error),
        (None, Err(_)) if gauge.since.get() > LONGEST => {
            Err(facts.fault(Fault::ElementTooLong { limit: LONGEST }))
        }
        (None, Err(error)) => Err(facts.json_error(error)),
        (None, Ok(())) => match loader.lists.iter().find(|list| list.elements.is_none()) {
            Some(list) => Err(loader.no_list(list.path)),
            None => Ok(loader.finish()),
        },
    }
}

/// A value on the way to some lists.
struct Value<'s, 'a> {
    loader: &'s mut Loader<'a>,
    /// How many names have led here.
    depth: usize,
    /// The lists whose paths begin with these names.
    lists: Vec<usize>,
}

impl Value<'_, '_> {
    /// Those of the lists whose path has a name next, or has none, because this is the list.
    fn next(&self, name: Option<&str>) -> Vec<usize> {
        let leads = |list: &&usize| {
            let list = self.loader.lists.get(**list);
            list.is_some_and(|list| list.path.get(self.depth).copied() == name)
        };
        self.lists.iter().filter(leads).copied().collect()
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if self.depth == 0 {
                self.loader.note(&name);
            }
            let lists = self.next(Some(&name));
            if lists.is_empty() {
                map.next_value::<IgnoredAny>()?;
            } else {
                let depth = self.depth + 1;
                map.next_value_seed(Value { loader: self.loader, depth, lists })?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let lists = self.next(None);
        for list in &lists {
            self.loader.found(*list);
        }
        if lists.is_empty() {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        while let Some(element) = list.next_element::<Box<RawValue>>()? {
            if let Err(error) = self.loader.element(&lists, &element) {
                self.loader.error = Some(error);
                return Err(A::Error::custom("not to be taken"));
            }
        }
        Ok(())
    }

    /// A null where a list should be is a list without elements.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        for list in self.next(None) {
            self.loader.found(list);
        }
        Ok(())
    }
}
