//! From a page of a list to records.
//!
//! Pure: nothing here calls anybody or knows where a page came from. An element's members stay the bytes
//! that Amazon sent.

use std::borrow::Cow;
use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::document::{Emit, EmitError, Feed, Place};
use crate::streams::{PageShape, Pages, Source};

/// The members of an object, as they were sent.
pub type Members<'a> = IndexMap<Cow<'a, str>, &'a RawValue>;

/// A page of a list, taken apart.
#[derive(Debug)]
pub struct Page<'a> {
    /// The elements.
    pub elements: Vec<&'a RawValue>,
    /// Where the next page is; nothing on the last one.
    pub next: Option<String>,
}

/// Why a page did not become records. No text holds a value.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The answer is not the list that it should be.
    #[error("the answer is not a list as Amazon documents it: `{member}`: {problem}")]
    Shape {
        /// The member that is wrong, or `answer` for the whole.
        member: &'static str,
        /// What is wrong, without what was found.
        problem: &'static str,
    },
    /// An element cannot be a record.
    #[error("{stream}: element {element} of page {page}: {problem}")]
    Element {
        /// The stream.
        stream: &'static str,
        /// Number of the element, counted from 1.
        element: usize,
        /// Number of the page, counted from 1.
        page: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Records are no longer taken.
    #[error(transparent)]
    Emit(#[from] EmitError),
}

impl<'a> Page<'a> {
    /// Takes an answer apart. A list that is absent or null is empty: Amazon leaves out what it has
    /// nothing of, whatever its models require.
    pub fn of(pages: &Pages, body: &'a [u8]) -> Result<Self, PageError> {
        let whole = read::<&RawValue>(body, "answer")?;
        let elements = match (pages.list, member(whole, pages.list)?) {
            ([], _) => vec![whole],
            (_, None) => Vec::new(),
            (_, Some(one)) if one.get().starts_with('{') => vec![one],
            (path, Some(list)) => read(list.get().as_bytes(), last(path))?,
        };
        let next = match pages.token {
            None => None,
            Some(token) => match member(whole, token.member)? {
                None => None,
                Some(text) => {
                    let text: Option<String> = read(text.get().as_bytes(), last(token.member))?;
                    text.filter(|token| !token.is_empty())
                }
            },
        };
        Ok(Self { elements, next })
    }
}

/// The member that a path leads to, unless one on the way is absent or null.
fn member<'a>(
    whole: &'a RawValue,
    path: &[&'static str],
) -> Result<Option<&'a RawValue>, PageError> {
    let mut found = whole;
    for name in path {
        let members: Option<Members<'a>> = read(found.get().as_bytes(), name)?;
        match members.and_then(|members| members.get(*name).copied()) {
            Some(member) if member.get() != "null" => found = member,
            _ => return Ok(None),
        }
    }
    Ok(Some(found))
}

fn last(path: &[&'static str]) -> &'static str {
    path.last().copied().unwrap_or_default()
}

fn read<'a, T: Deserialize<'a>>(text: &'a [u8], member: &'static str) -> Result<T, PageError> {
    serde_json::from_slice(text).map_err(|error| PageError::Shape {
        member,
        problem: if error.is_data() { "another type was expected" } else { "it is not JSON" },
    })
}

/// Turns the elements of one list into records of one stream, page after page.
#[derive(Debug)]
pub struct Recorder {
    feed: Feed,
    shape: PageShape,
    /// The member that says where the records belong, and its value.
    place: (&'static str, Box<RawValue>),
    /// Properties that the stream's schema has, or that were announced since.
    known: BTreeSet<String>,
}

impl Recorder {
    /// Prepares for the pages of a stream; nothing if it is not fed by pages.
    #[must_use]
    pub fn new(feed: &Feed, place: Place) -> Option<Self> {
        let Source::Pages { shape, .. } = feed.stream.source else { return None };
        let schema: Value = serde_json::from_str(feed.stream.schema).ok()?;
        let properties = schema.get("properties").and_then(Value::as_object);
        let name = match place {
            Place::Region(_) => "region",
            Place::Marketplace(_) => "marketplace_id",
        };
        Some(Self {
            feed: feed.clone(),
            shape,
            place: (name, to_raw_value(place.code()).ok()?),
            known: properties.into_iter().flatten().map(|(name, _)| name.clone()).collect(),
        })
    }

    /// Emits the records of a page; how many.
    pub fn page(
        &mut self,
        number: u64,
        page: &Page<'_>,
        emit: &mut dyn Emit,
    ) -> Result<u64, PageError> {
        let mut records = 0;
        for (index, element) in page.elements.iter().enumerate() {
            let wrong = |problem| PageError::Element {
                stream: self.feed.stream.name,
                element: index + 1,
                page: number,
                problem,
            };
            match self.shape {
                PageShape::Elements => {
                    let members: Members<'_> = serde_json::from_str(element.get())
                        .map_err(|_| wrong("it is not an object"))?;
                    let record = self.element(&members).ok_or_else(|| wrong("a key is missing"))?;
                    self.announce(&members, emit)?;
                    emit.record(self.feed.stream.name, &record)?;
                    records += 1;
                }
            }
        }
        Ok(records)
    }

    /// The record of an element; nothing if it lacks a key.
    fn element(&self, members: &Members<'_>) -> Option<Vec<u8>> {
        let (name, value) = &self.place;
        let mut record: IndexMap<&str, &RawValue> = IndexMap::with_capacity(members.len() + 1);
        record.insert(name, value);
        let wanted = members.iter().filter(|(name, _)| self.feed.wants(name));
        record.extend(wanted.map(|(name, value)| (&**name, *value)));
        let is_there = |key: &&str| record.get(*key).is_some_and(|value| value.get() != "null");
        let is_whole = self.feed.stream.keys.iter().all(is_there);
        if is_whole { serde_json::to_vec(&record).ok() } else { None }
    }

    /// Announces members that Amazon has added since the schema was written, so that nothing is lost.
    fn announce(&mut self, members: &Members<'_>, emit: &mut dyn Emit) -> Result<(), EmitError> {
        for name in members.keys() {
            if !self.known.contains(&**name) {
                self.known.insert(name.to_string());
                emit.property(self.feed.stream.name, name, serde_json::json!({}))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
