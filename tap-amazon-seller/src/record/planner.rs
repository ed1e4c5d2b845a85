//! A header, a schema and columns, worked out into a plan.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::identity::{Occurrences, ROW_HASH, ROW_OCCURRENCE, RowHash};
use super::plan::{Plan, Step, Write};
use super::time::{Form, Order, Reader};
use super::value::{self, Kind};
use super::{Column, Conversion, REPORT_DATE};
use crate::document::{Feed, Place};

/// A name without what reports spell differently from one marketplace to the next.
///
/// `Seller_SKU`, `seller-sku` and `SELLER SKU ` are one column.
#[must_use]
pub(crate) fn fold(name: &str) -> String {
    name.trim()
        .chars()
        .filter(|letter| !matches!(letter, '-' | '_' | ' ' | '\u{a0}'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// What a plan is made from.
#[derive(Debug)]
pub(crate) struct Outline<'a> {
    /// The stream, and which of its properties are wanted.
    pub(crate) feed: &'a Feed,
    /// Names of the document's columns; a localized header is translated before.
    pub(crate) header: &'a [String],
    /// What the report covers.
    pub(crate) place: Place,
    /// The day that the report covers, if it covers one.
    pub(crate) day: Option<NaiveDate>,
    /// Columns that are not simply a property of their own name.
    pub(crate) columns: &'static [Column],
    /// Properties that somebody else writes behind the plan's.
    pub(crate) computed: &'a [&'static str],
    /// What becomes of the columns that the schema does not know.
    pub(crate) others: Others,
}

/// What becomes of columns that the schema does not know.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Others {
    /// They are kept as text under their own names, but for those named here.
    KeptExcept(&'static [&'static str]),
    /// They belong to another stream.
    LeftOut,
}

impl Outline<'_> {
    /// Works out a plan; the error names a column that records cannot do without.
    pub(crate) fn plan(&self) -> Result<Plan, &'static str> {
        let schema: Value = serde_json::from_str(self.feed.stream.schema).unwrap_or_default();
        let mut planner = Planner {
            outline: self,
            folded: self.header.iter().map(|name| fold(name)).collect(),
            used: vec![false; self.header.len()],
            missing: None,
        };
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let mut pieces = planner.members(properties, "");
        if let Some(column) = planner.missing {
            return Err(column);
        }
        let unknown = planner.unknown(properties, &mut pieces);
        self.identify(properties, &mut pieces);
        Ok(Plan { steps: pieces.steps, unknown, key: Vec::new() })
    }

    /// Adds what tells rows apart that have no id, where the stream has it: behind all other keys.
    fn identify(&self, properties: &Map<String, Value>, pieces: &mut Pieces) {
        let has = |name| properties.contains_key(name) && self.feed.wants(name);
        if has(ROW_HASH) {
            pieces.name(ROW_HASH);
            let revised = self.columns.iter().filter(|it| it.conversion == Conversion::Revised);
            let revised: Vec<_> = revised.map(|column| column.header).collect();
            let hash = RowHash::new(self.header, self.place.code(), &revised);
            pieces.steps.push(Step::Hash(hash));
        }
        if has(ROW_OCCURRENCE) {
            pieces.name(ROW_OCCURRENCE);
            pieces.steps.push(Step::Occurrence(Occurrences::new()));
        }
    }
}

/// Steps in the making, with neighbouring literals joined.
#[derive(Debug, Default)]
struct Pieces {
    steps: Vec<Step>,
    members: usize,
}

impl Pieces {
    /// Adds bytes.
    fn literal(&mut self, bytes: &[u8]) {
        if let Some(Step::Literal(last)) = self.steps.last_mut() {
            last.extend_from_slice(bytes);
        } else {
            self.steps.push(Step::Literal(bytes.to_vec()));
        }
    }

    /// Adds what stands before a member's value.
    fn name(&mut self, name: &str) {
        self.literal(if self.members == 0 { b"{" } else { b"," });
        self.members += 1;
        let mut quoted = Vec::new();
        value::string(&mut quoted, name.as_bytes());
        self.literal(&quoted);
        self.literal(b":");
    }

    /// Adds the steps of an object inside.
    fn object(&mut self, name: &str, inner: Self) {
        self.name(name);
        for step in inner.steps {
            match step {
                Step::Literal(bytes) => self.literal(&bytes),
                step => self.steps.push(step),
            }
        }
        self.literal(b"}");
    }
}

/// What is known while a plan is worked out.
struct Planner<'a> {
    outline: &'a Outline<'a>,
    folded: Vec<String>,
    used: Vec<bool>,
    missing: Option<&'static str>,
}

impl Planner<'_> {
    /// The pieces of an object, member by member in the order of the schema.
    fn members(&mut self, properties: &Map<String, Value>, path: &str) -> Pieces {
        let mut pieces = Pieces::default();
        // What is not wanted is worked out all the same: its columns are not unknown ones.
        let mut unwanted = Pieces::default();
        for (name, schema) in properties {
            let top = path.is_empty();
            if top && matches!(name.as_str(), ROW_HASH | ROW_OCCURRENCE) {
                continue;
            }
            let is_wanted = !top || (self.outline.feed.wants(name) && !self.is_computed(name));
            let pieces = if is_wanted { &mut pieces } else { &mut unwanted };
            let full = if top { name.clone() } else { format!("{path}.{name}") };
            if let Some(text) = top.then(|| self.constant(name)).flatten() {
                pieces.name(name);
                let mut quoted = Vec::new();
                value::string(&mut quoted, text.as_bytes());
                pieces.literal(&quoted);
            } else if let Some(step) = self.step(&full, schema) {
                pieces.name(name);
                pieces.steps.push(step);
            } else if let Some(inside) = schema.get("properties").and_then(Value::as_object) {
                let inner = self.members(inside, &full);
                if inner.members > 0 {
                    pieces.object(name, inner);
                }
            } else if top && is_wanted {
                self.require(name);
            }
        }
        pieces
    }

    /// Whether somebody else writes a property.
    fn is_computed(&self, name: &str) -> bool {
        self.outline.computed.contains(&name)
    }

    /// A property that is the same in every record, because of what the report covers.
    fn constant(&self, name: &str) -> Option<Cow<'static, str>> {
        match (name, self.outline.place) {
            (REPORT_DATE, _) => self.outline.day.map(|day| day.to_string().into()),
            ("marketplace_id", Place::Marketplace(marketplace)) => Some(marketplace.id.into()),
            ("region", Place::Marketplace(marketplace)) => Some(marketplace.region.code().into()),
            ("region", Place::Region(region)) => Some(region.code().into()),
            _ => None,
        }
    }

    /// Notes that a column is missing if the property without it is a key.
    fn require(&mut self, property: &str) {
        let key = self.outline.feed.stream.keys.iter().find(|key| **key == property);
        let Some(key) = key else { return };
        let column = self.outline.columns.iter().find(|column| column.property == *key);
        self.missing.get_or_insert(column.map_or(*key, |column| column.header));
    }

    /// The step that fills a property, if the document has a column for it.
    fn step(&mut self, property: &str, schema: &Value) -> Option<Step> {
        let outline = self.outline;
        for column in outline.columns.iter().filter(|column| column.property == property) {
            if let Some(step) = self.column_step(column, schema) {
                return Some(step);
            }
        }
        let index = self.take(property)?;
        Some(self.cell(property, index, self.plain(property, schema, None)))
    }

    /// The step of a column, if the document has it.
    fn column_step(&mut self, column: &Column, schema: &Value) -> Option<Step> {
        let taken = self.take(column.header);
        let write = match column.conversion {
            Conversion::Declared | Conversion::Revised => self.plain(column.property, schema, None),
            Conversion::OrElse(other) => {
                let Some(stand_in) = self.position(other) else {
                    self.missing.get_or_insert(other);
                    return None;
                };
                let index = taken.unwrap_or(stand_in);
                let write = self.plain(column.property, schema, Some(stand_in));
                return Some(self.cell(column.property, index, write));
            }
            Conversion::Money { currency } => {
                let currency = self.position(currency);
                self.mark(currency);
                Write::Money { currency }
            }
            Conversion::Words(words) => Write::Words(words),
            Conversion::Day(order) => self.time(column, Form::Day, order),
            Conversion::Moment(order) => self.time(column, Form::Moment, order),
            Conversion::Amount => Write::Amount,
            Conversion::List => Write::List,
            Conversion::Marketplace => Write::Marketplace,
        };
        Some(self.cell(column.property, taken?, write))
    }

    /// The step that fills a property from a cell.
    fn cell(&self, property: &str, index: usize, write: Write) -> Step {
        Step::Cell { index, write, is_key: self.is_key(property) }
    }

    /// Whether a property is one of the stream's keys.
    fn is_key(&self, property: &str) -> bool {
        self.outline.feed.stream.keys.contains(&property)
    }

    /// How a cell is written that needs no conversion.
    fn plain(&self, property: &str, schema: &Value, or_else: Option<usize>) -> Write {
        match (self.is_key(property), or_else) {
            (true, or_else) => Write::Key { or_else },
            (false, Some(other)) => Write::OrElse(other),
            (false, None) => Write::Value(Kind::declared(schema)),
        }
    }

    /// How a day or a moment is written.
    fn time(&self, column: &Column, form: Form, order: Order) -> Write {
        let is_key = self.outline.feed.stream.keys.contains(&column.property);
        Write::Time { reader: Reader::new(form, order, self.outline.place), is_key }
    }

    /// Number of the first column of a name.
    fn position(&self, name: &str) -> Option<usize> {
        let folded = fold(name);
        self.folded.iter().position(|column| *column == folded)
    }

    /// Number of the first column of a name, which is thereby accounted for.
    fn take(&mut self, name: &str) -> Option<usize> {
        let index = self.position(name);
        self.mark(index);
        index
    }

    /// Notes that a column is accounted for.
    fn mark(&mut self, index: Option<usize>) {
        if let Some(used) = index.and_then(|index| self.used.get_mut(index)) {
            *used = true;
        }
    }

    /// Adds the columns that the schema does not know, and returns the names they were given.
    fn unknown(&self, properties: &Map<String, Value>, pieces: &mut Pieces) -> Vec<String> {
        let Others::KeptExcept(elsewhere) = self.outline.others else { return Vec::new() };
        let elsewhere: Vec<String> = elsewhere.iter().map(|name| fold(name)).collect();
        let mut taken: Vec<String> = properties.keys().map(|name| fold(name)).collect();
        let mut names = Vec::new();
        let columns = self.outline.header.iter().zip(&self.folded).zip(&self.used).enumerate();
        for (index, ((name, folded), used)) in columns {
            if *used || elsewhere.contains(folded) {
                continue;
            }
            let name = distinct(name.trim(), index, &mut taken);
            if self.outline.feed.wants(&name) {
                pieces.name(&name);
                pieces.steps.push(self.cell(&name, index, Write::Value(Kind::Text)));
                names.push(name);
            }
        }
        names
    }
}

/// A column's own name, or that name with a number where it is taken already.
fn distinct(name: &str, index: usize, taken: &mut Vec<String>) -> String {
    let name = if name.is_empty() { format!("column_{}", index + 1) } else { name.to_owned() };
    let mut candidate = name.clone();
    let mut number = 2;
    while taken.contains(&fold(&candidate)) {
        candidate = format!("{name}_{number}");
        number += 1;
    }
    taken.push(fold(&candidate));
    candidate
}
