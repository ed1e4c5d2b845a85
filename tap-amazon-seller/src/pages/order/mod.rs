//! Orders of the Orders API 2026-01-01, as records in the names of the Orders API v0.
//!
//! Downstream mappings read v0's names, and the report has records of the same streams, so v0's names
//! are what records have. An order of today holds more than those names say: its members, and those of
//! its lines, are kept beside them as Amazon sent them, but for the few that the properties say
//! in full. One order feeds four streams, of which two are about the buyer.
//!
//! Which parts of an order Amazon sends depends on what is asked for, so the `Table` of a stream also
//! says what has to be asked for the properties that are wanted. A property whose part was not asked for
//! is absent; one of which Amazon sent nothing is null.

mod form;
mod path;
mod proceeds;
mod table;
mod words;

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::Members;
use crate::document::{Emit, EmitError, Feed};
use crate::record::value;
use path::{Scope, members};
use table::{ADDRESSES, BUYERS, Field, ITEMS, ORDERS, Table};

/// What a stream takes of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// The order itself.
    Order,
    /// Its lines, a record each.
    Items,
    /// Its lines, all in one record: `AmazonOrderId`, and the lines as the list `OrderItems`.
    Lines,
    /// The buyer.
    Buyer,
    /// Where it goes.
    Address,
}

/// The list of an order's lines where they are one record; see [`Share::Lines`].
const LINES: &str = "OrderItems";

/// Parts of an order that are sent if they are asked for, each with the member that it fills in an order,
/// in a line, or in both.
const PARTS: &[(&str, &str)] = &[
    ("BUYER", "buyer"),
    ("RECIPIENT", "recipient"),
    ("PROCEEDS", "proceeds"),
    ("EXPENSE", "expense"),
    ("PROMOTION", "promotion"),
    ("CANCELLATION", "cancellation"),
    ("FULFILLMENT", "fulfillment"),
    ("PACKAGES", "packages"),
    ("TAX", "tax"),
    ("PAYMENT", "payment"),
    ("FULFILLMENT_ORDERS", "fulfillmentOrders"),
];

/// Parts for which some sellers got 403 for the whole call, without the roles that Amazon keeps for few
/// (amzn/selling-partner-api-models, issue 5319).
const RESTRICTED: &[&str] = &["BUYER", "RECIPIENT", "TAX", "PAYMENT"];

/// Roles that open what is about the buyer. Of them only the first opens addresses.
pub const ROLES: &[&str] = &[
    "Direct-to-Consumer Shipping (Restricted)",
    "Tax Invoicing (Restricted)",
    "Tax Remittance (Restricted)",
];

/// Parts about the buyer. A gift's message and the like come only with one of them.
const PERSONAL: &[&str] = &["BUYER", "RECIPIENT", "TAX"];

/// The part that a chain of members goes through.
fn part_of(path: &str) -> Option<&'static str> {
    let mut names = path.split('.').map(|segment| segment.split('[').next().unwrap_or_default());
    names.find_map(|name| PARTS.iter().find(|(_, member)| *member == name)).map(|(part, _)| *part)
}

impl Field {
    /// The property at the top of a record.
    fn top(&self) -> &'static str {
        self.property.split('.').next().unwrap_or_default()
    }

    /// The parts that it needs.
    fn parts(&self) -> impl Iterator<Item = &'static str> {
        let own = part_of(self.from);
        let is_apart = self.is_personal && !own.is_some_and(|part| PERSONAL.contains(&part));
        own.into_iter().chain(is_apart.then_some("BUYER"))
    }
}

impl Share {
    fn table(self) -> &'static Table {
        match self {
            Self::Order => &ORDERS,
            Self::Items | Self::Lines => &ITEMS,
            Self::Buyer => &BUYERS,
            Self::Address => &ADDRESSES,
        }
    }

    /// Every property, with the part that it needs; several times, if it needs several.
    fn needs(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let table = self.table();
        let fields = table.fields.iter();
        let fields = fields.flat_map(|field| field.parts().map(|part| (field.top(), part)));
        let members = table.members.iter().filter_map(|name| Some((*name, part_of(name)?)));
        fields.chain(members)
    }

    /// The parts that have to be asked for, for those properties that are wanted.
    #[must_use]
    pub fn parts(self, wants: impl Fn(&str) -> bool) -> Vec<&'static str> {
        // Nothing about the buyer stands in lines that are one record.
        let needs = |(property, part): &(&str, &str)| match self {
            Self::Lines => wants(LINES) && !RESTRICTED.contains(part),
            _ => wants(property),
        };
        let needed: BTreeSet<_> = self.needs().filter(needs).map(|(_, part)| part).collect();
        let essential = part_of(self.table().rest);
        let is_needed = |part: &&str| needed.contains(part) || essential == Some(*part);
        PARTS.iter().map(|(part, _)| *part).filter(is_needed).collect()
    }

    /// Whether the stream is about the buyer and nothing else.
    #[must_use]
    pub fn is_personal(self) -> bool {
        !self.table().rest.is_empty()
    }

    /// The properties that say something of the buyer.
    pub fn personal(self) -> impl Iterator<Item = &'static str> {
        let table = self.table();
        let fields = table.fields.iter().filter(|field| field.is_personal).map(Field::top);
        fields.chain(table.personal.iter().copied())
    }

    /// The properties of which a part is restricted.
    pub fn restricted(self) -> impl Iterator<Item = &'static str> {
        self.needs().filter(|(_, part)| RESTRICTED.contains(part)).map(|(property, _)| property)
    }

    /// The roles of which an application needs one, where they are others than for orders.
    #[must_use]
    pub fn roles(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Order | Self::Items | Self::Lines => None,
            Self::Buyer => Some(ROLES),
            Self::Address => ROLES.get(..1),
        }
    }

    /// Whether a part is restricted.
    #[must_use]
    pub fn is_restricted(part: &str) -> bool {
        RESTRICTED.contains(&part)
    }

    /// Emits the records of an order. What cannot be a record is said as a problem; `known` are the
    /// properties that the schema has or that were announced.
    pub(super) fn records(
        self,
        element: &RawValue,
        writer: &mut Writer<'_>,
    ) -> Result<Result<u64, &'static str>, EmitError> {
        let Some(order) = members(element) else { return Ok(Err("it is not an object")) };
        let own = match (self, self.table().rest) {
            (Self::Items | Self::Lines, _) => return self.items(&order, writer),
            (_, "") => None,
            (_, name) => match order.get(name).and_then(|it| members(it)) {
                None => return Ok(Ok(0)),
                own => own,
            },
        };
        let rest = own.as_ref().unwrap_or(&order);
        writer.record(self.table(), Scope { order: &order, own: &order }, rest)
    }

    /// Emits the records of an order's lines.
    fn items(
        self,
        order: &Members<'_>,
        writer: &mut Writer<'_>,
    ) -> Result<Result<u64, &'static str>, EmitError> {
        let items = order.get("orderItems").map_or("null", |items| items.get());
        let Ok(items) = serde_json::from_str::<Option<Vec<&RawValue>>>(items) else {
            return Ok(Err("its lines are not a list"));
        };
        let mut records = Vec::new();
        for item in items.unwrap_or_default() {
            let Some(own) = members(item) else { return Ok(Err("a line is not an object")) };
            match writer.build(self.table(), Scope { order, own: &own }, &own)? {
                Ok(record) => records.push(record),
                Err(problem) => return Ok(Err(problem)),
            }
        }
        if self == Self::Lines {
            let Some(id) = order.get("orderId") else { return Ok(Err("a key is missing")) };
            records = vec![lines(id, &records)];
        }
        let stream = writer.feed.stream.name;
        records.iter().try_for_each(|record| writer.emit.record(stream, record))?;
        Ok(Ok(records.len() as u64))
    }
}

/// Writes records of one stream.
pub(super) struct Writer<'a> {
    pub(super) feed: &'a Feed,
    /// The member that says where the records belong, and its value.
    pub(super) place: (&'static str, &'a RawValue),
    /// Properties that the stream's schema has, or that were announced since.
    pub(super) known: &'a mut BTreeSet<String>,
    pub(super) emit: &'a mut dyn Emit,
}

impl Writer<'_> {
    /// Emits one record.
    fn record(
        &mut self,
        table: &Table,
        scope: Scope<'_, '_>,
        rest: &Members<'_>,
    ) -> Result<Result<u64, &'static str>, EmitError> {
        let record = match self.build(table, scope, rest)? {
            Ok(record) => record,
            Err(problem) => return Ok(Err(problem)),
        };
        self.emit.record(self.feed.stream.name, &record)?;
        Ok(Ok(1))
    }

    /// Builds one record, and announces what of it is new.
    fn build(
        &mut self,
        table: &Table,
        scope: Scope<'_, '_>,
        rest: &Members<'_>,
    ) -> Result<Result<Vec<u8>, &'static str>, EmitError> {
        let is_there = |key: &&str| {
            let field = table.fields.iter().find(|field| field.property == *key);
            field.is_none_or(|field| scope.first(field.from).is_some())
        };
        if !self.feed.stream.keys.iter().all(is_there) {
            return Ok(Err("a key is missing"));
        }
        let mut out = Vec::with_capacity(4096);
        out.push(b'{');
        name(self.place.0, &mut out);
        out.extend_from_slice(self.place.1.get().as_bytes());
        for group in table.fields.chunk_by(|one, other| one.top() == other.top()) {
            let Some(top) = group.first().map(Field::top) else { continue };
            if self.feed.wants(top) {
                out.push(b',');
                property(group, top, "", scope, &mut out);
            }
        }
        for (member, raw) in rest {
            if table.taken.contains(&&**member) || !self.feed.wants(member) {
                continue;
            }
            if !self.known.contains(&**member) {
                self.known.insert(member.to_string());
                self.emit.property(self.feed.stream.name, member, serde_json::json!({}))?;
            }
            out.push(b',');
            name(member, &mut out);
            out.extend_from_slice(raw.get().as_bytes());
        }
        out.push(b'}');
        Ok(Ok(out))
    }
}

/// The record of an order's lines.
fn lines(id: &RawValue, lines: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    out.push(b'{');
    name("AmazonOrderId", &mut out);
    out.extend_from_slice(id.get().as_bytes());
    out.push(b',');
    name(LINES, &mut out);
    out.push(b'[');
    out.extend_from_slice(&lines.join(&b','));
    out.extend_from_slice(b"]}");
    out
}

/// Writes what stands before a member's value.
fn name(name: &str, out: &mut Vec<u8>) {
    value::string(out, name.as_bytes());
    out.push(b':');
}

/// Writes a property: a value, or an object of those fields whose names go on; `before` is what their
/// names have in front of it, with its dot. Null, if there is nothing in it; says whether there is.
fn property(
    fields: &[Field],
    top: &str,
    before: &str,
    scope: Scope<'_, '_>,
    out: &mut Vec<u8>,
) -> bool {
    name(top, out);
    let (from, before) = (out.len(), format!("{before}{top}"));
    let is_there = match fields {
        [field] if field.property == before => field.form.write(scope, field.from, out),
        fields => {
            let before = format!("{before}.");
            let next = |field: &Field| {
                let rest = field.property.strip_prefix(&before).unwrap_or_default();
                rest.split('.').next().unwrap_or_default()
            };
            let mut is_there = false;
            for group in fields.chunk_by(|one, other| next(one) == next(other)) {
                let Some(top) = group.first().map(next) else { continue };
                out.push(if out.len() == from { b'{' } else { b',' });
                is_there |= property(group, top, &before, scope, out);
            }
            out.push(b'}');
            is_there
        }
    };
    if !is_there {
        out.truncate(from);
        out.extend_from_slice(b"null");
    }
    is_there
}

#[cfg(test)]
mod tests;
