//! From a page of a list to records.
//!
//! Pure: nothing here calls anybody or knows where a page came from. An element's members stay the bytes
//! that Amazon sent.

mod events;
mod figures;
pub mod order;
mod understanding;

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest, Sha256};

use crate::document::{Emit, EmitError, Feed, Place};
use crate::plan::Window;
use crate::record::identity::half;
use crate::streams::{Next, PageShape, Pages, Source};
use events::Events;
use order::Share;
use twox_hash::XxHash64;
pub use understanding::understands;

/// The members of an object, as they were sent.
pub type Members<'a> = IndexMap<Cow<'a, str>, &'a RawValue>;

/// A page of a list, taken apart.
#[derive(Debug)]
pub struct Page<'a> {
    /// The elements.
    pub elements: Vec<&'a RawValue>,
    /// The token of the next page; nothing on the last one, and where there are no tokens.
    pub next: Option<String>,
    /// The time at which the list ends, where Amazon says it.
    pub reached: Option<DateTime<Utc>>,
    /// How many elements the list has on all of its pages, where Amazon says that.
    pub total: Option<u64>,
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
        let (mut next, mut total) = (None, None);
        match pages.next {
            Next::Nowhere => {}
            Next::Token(token) => {
                let text: Option<String> = said(whole, token.member)?;
                next = text.filter(|token| !token.is_empty());
            }
            Next::Offset(offset) => total = said(whole, offset.total)?,
        }
        let reached = if pages.reached.is_empty() { None } else { said(whole, pages.reached)? };
        Ok(Self { elements, next, reached, total })
    }

    /// A digest of each element, by which the same one is known on another page.
    #[must_use]
    pub fn digests(&self) -> Vec<u64> {
        let digest = |element: &&RawValue| XxHash64::oneshot(0, element.get().as_bytes());
        self.elements.iter().map(digest).collect()
    }
}

/// What the member that a path leads to says, if it is there.
fn said<'a, T: Deserialize<'a>>(
    whole: &'a RawValue,
    path: &[&'static str],
) -> Result<Option<T>, PageError> {
    member(whole, path)?.map(|text| read(text.get().as_bytes(), last(path))).transpose()
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
    /// See [`Pages::id`].
    id: Option<&'static str>,
    /// The member that says where the records belong, and its value.
    place: (&'static str, Box<RawValue>),
    /// Properties that the stream's schema has, or that were announced since.
    known: BTreeSet<String>,
}

/// A member of a record.
#[derive(Serialize)]
#[serde(untagged)]
enum Member<'a> {
    Raw(&'a RawValue),
    Text(Cow<'a, str>),
    List(Vec<&'a RawValue>),
}

impl Recorder {
    /// Prepares for the pages of a stream; nothing if it is not fed by pages.
    #[must_use]
    pub fn new(feed: &Feed, place: Place) -> Option<Self> {
        let Source::Pages { pages, shape } = feed.stream.source else { return None };
        let schema: Value = serde_json::from_str(feed.stream.schema).ok()?;
        let properties = schema.get("properties").and_then(Value::as_object);
        let name = match place {
            Place::Region(_) => "region",
            Place::Marketplace(_) => "marketplace_id",
        };
        Some(Self {
            feed: feed.clone(),
            shape,
            id: pages.id,
            place: (name, to_raw_value(place.code()).ok()?),
            known: properties.into_iter().flatten().map(|(name, _)| name.clone()).collect(),
        })
    }

    /// Emits the records of pages of a window; how many. `number` is that of the first page. Shapes that
    /// put records together from several pages want all pages of the window at once.
    pub fn pages(
        &mut self,
        window: Window,
        number: u64,
        pages: &[Page<'_>],
        emit: &mut dyn Emit,
    ) -> Result<u64, PageError> {
        match self.shape {
            PageShape::Elements | PageShape::Figures(_) => self.elements(number, pages, emit),
            PageShape::EventsOfOrders | PageShape::EventsWithoutOrder => {
                self.events(window, pages, emit)
            }
            PageShape::Order(share) => self.orders(share, number, pages, emit),
        }
    }

    /// A record for each element.
    fn elements(
        &mut self,
        number: u64,
        pages: &[Page<'_>],
        emit: &mut dyn Emit,
    ) -> Result<u64, PageError> {
        let mut records = 0;
        for (page, number) in pages.iter().zip(number..) {
            for (index, element) in page.elements.iter().enumerate() {
                let wrong = |problem| PageError::Element {
                    stream: self.feed.stream.name,
                    element: index + 1,
                    page: number,
                    problem,
                };
                let mut members: Members<'_> = serde_json::from_str(element.get())
                    .map_err(|_| wrong("it is not an object"))?;
                let own = match self.shape {
                    PageShape::Figures(figures) => figures::own(figures, &mut members),
                    _ => Some(Vec::new()),
                };
                let Some(mut own) = own else { continue };
                let is_absent =
                    |id: &&str| members.get(*id).is_none_or(|value| value.get() == "null");
                let id = self.id.filter(is_absent);
                members.retain(|name, _| id.is_none_or(|id| id != &**name));
                own.extend(id.map(|id| (id, Member::Text(Cow::Owned(digest(element))))));
                let members = members.into_iter().map(|(name, raw)| (name, Member::Raw(raw)));
                records += self
                    .record(own, members.collect(), emit)?
                    .ok_or_else(|| wrong("a key is missing"))?;
            }
        }
        Ok(records)
    }

    /// What a stream takes of each order.
    fn orders(
        &mut self,
        share: Share,
        number: u64,
        pages: &[Page<'_>],
        emit: &mut dyn Emit,
    ) -> Result<u64, PageError> {
        let stream = self.feed.stream.name;
        let (name, code) = &self.place;
        let place = (*name, &**code);
        let mut writer = order::Writer { feed: &self.feed, place, known: &mut self.known, emit };
        let mut records = 0;
        for (page, number) in pages.iter().zip(number..) {
            for (element, index) in page.elements.iter().zip(1..) {
                records += share.records(element, &mut writer)?.map_err(|problem| {
                    PageError::Element { stream, element: index, page: number, problem }
                })?;
            }
        }
        Ok(records)
    }

    /// A record for each order with financial events, or one for those that name none.
    fn events(
        &mut self,
        window: Window,
        pages: &[Page<'_>],
        emit: &mut dyn Emit,
    ) -> Result<u64, PageError> {
        let day = String::from(window);
        let mut records = 0;
        for (order, lists) in Events::of(pages)?.orders {
            let mut own = Vec::new();
            match (self.shape, &order) {
                (PageShape::EventsOfOrders, Some(order)) => {
                    own.push(("AmazonOrderId", Member::Text(Cow::Borrowed(order))));
                }
                (PageShape::EventsWithoutOrder, None) => {}
                _ => continue,
            }
            own.push(("PostedDate", Member::Text(Cow::Borrowed(&day))));
            let lists = lists.into_iter().map(|(name, list)| (name, Member::List(list)));
            records += self.record(own, lists.collect(), emit)?.unwrap_or_default();
        }
        Ok(records)
    }

    /// Emits one record: the place, the tap's own members, and the members that Amazon sent as far as
    /// they are wanted. Nothing if it lacks a key.
    fn record(
        &mut self,
        own: Vec<(&str, Member<'_>)>,
        members: Vec<(Cow<'_, str>, Member<'_>)>,
        emit: &mut dyn Emit,
    ) -> Result<Option<u64>, EmitError> {
        let stream = self.feed.stream;
        for (name, _) in &members {
            // Amazon adds members, and nothing is to be lost.
            if !self.known.contains(&**name) {
                self.known.insert(name.to_string());
                emit.property(stream.name, name, serde_json::json!({}))?;
            }
        }
        let (place, code) = &self.place;
        let mut record: IndexMap<Cow<'_, str>, Member<'_>> = IndexMap::new();
        record.insert(Cow::Borrowed(place), Member::Raw(code));
        record.extend(own.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)));
        record.extend(members.into_iter().filter(|(name, _)| self.feed.wants(name)));
        let is_there = |key: &&str| match record.get(*key) {
            None => false,
            Some(Member::Raw(value)) => value.get() != "null",
            Some(Member::Text(_) | Member::List(_)) => true,
        };
        if !stream.keys.iter().all(is_there) {
            return Ok(None);
        }
        let record = serde_json::to_vec(&record).map_err(|_| EmitError)?;
        emit.record(stream.name, &record)?;
        Ok(Some(1))
    }
}

/// What stands in for an id: the first half of a SHA-256 of the element, in hexadecimal digits.
fn digest(element: &RawValue) -> String {
    let mut hash = Sha256::new();
    hash.update(element.get());
    format!("{:032x}", u128::from_be_bytes(half(hash)))
}

#[cfg(test)]
mod tests;
