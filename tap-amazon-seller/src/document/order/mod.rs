//! All Orders: rows that are order lines, as the orders and order items of Amazon's Orders API.
//!
//! The file has a row for each line of an order and repeats the order on each. Lines of one order
//! mostly stand together, and nobody promises that they do: an order is emitted when its lines stop,
//! and once more with what came to it if they go on later. The last record of a key counts.
//!
//! What is kept of an order that is over are its sums, because its lines may go on; of a line
//! without an id, the count of its SKU in the order. Together that is about 150 bytes an order, so
//! the memory that is needed grows with the number of orders, and not with the document.

mod column;
mod item;
mod sum;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use self::column::ORDER_ONLY;
pub(crate) use self::column::{ITEM_COLUMNS, ORDER_COLUMNS};
pub(super) use self::item::Items;
use self::sum::{SUMMED, SumColumns, Sums};
use super::flat::{Context, Output};
use super::header::Header;
use super::{DocumentError, Facts, Feed};
use crate::record::{Others, Row, Written, fold, value};

/// Tells texts apart by 128 bits of two independent hashes, so that they need not be kept.
#[derive(Debug, Default)]
struct Fingerprint(RandomState, RandomState);

impl Fingerprint {
    /// The fingerprint of a text in two parts.
    fn of(&self, first: &[u8], second: &[u8]) -> (u64, u64) {
        let parts = (first, second);
        (self.0.hash_one(parts), self.1.hash_one(parts))
    }
}

/// The number of a column; `None` if the document lacks it.
fn position(header: &Header, name: &str) -> Option<usize> {
    let folded = fold(name);
    header.names.iter().position(|column| fold(column) == folded)
}

/// The orders of a document.
pub(in crate::document) struct Orders<'a> {
    feed: &'a Feed,
    output: Output,
    sums: SumColumns,
    order_id: Option<usize>,
    /// The order whose lines are being read.
    current: Option<Current>,
    /// Sums of the orders whose lines stopped.
    past: HashMap<(u64, u64), Sums>,
    fingerprint: Fingerprint,
    /// A buffer that the next order takes.
    spare: Vec<u8>,
}

/// The order whose lines are being read.
struct Current {
    id: Vec<u8>,
    /// The record's members without those that are worked out.
    members: Vec<u8>,
    sums: Sums,
}

impl<'a> Orders<'a> {
    /// Prepares for the rows of a document.
    pub(in crate::document) fn new(
        feed: &'a Feed,
        facts: &Facts<'_>,
        header: &Header,
    ) -> Result<Self, DocumentError> {
        Ok(Self {
            feed,
            output: Output::new(feed, facts, header, &SUMMED, Others::LeftOut)?,
            sums: SumColumns::new(header),
            order_id: position(header, "amazon-order-id"),
            current: None,
            past: HashMap::new(),
            fingerprint: Fingerprint::default(),
            spare: Vec::new(),
        })
    }

    /// Adds a line to its order, and emits the order before it if another one begins.
    ///
    /// Says whether the line had an order.
    pub(in crate::document) fn row(
        &mut self,
        row: Row<'_>,
        line: u64,
        context: &mut Context<'_>,
    ) -> Result<Written, DocumentError> {
        let id = self.order_id.map(|index| row.cell(index)).unwrap_or_default();
        if self.current.as_ref().is_none_or(|current| current.id != id) {
            self.emit(context)?;
            let mut members = std::mem::take(&mut self.spare);
            if self.output.members(row, line, &mut members, context)? == Written::Keyless {
                self.spare = members;
                return Ok(Written::Keyless);
            }
            let known = self.past.get(&self.fingerprint.of(id, b""));
            let sums = known.cloned().unwrap_or_default();
            self.current = Some(Current { id: id.to_vec(), members, sums });
        }
        if let Some(current) = &mut self.current {
            self.sums
                .add(row, &mut current.sums)
                .map_err(|refused| context.refusal(self.output.stream, line, &refused))?;
        }
        Ok(Written::Members)
    }

    /// Emits the order whose lines were read last.
    fn emit(&mut self, context: &mut Context<'_>) -> Result<(), DocumentError> {
        let Some(Current { id, mut members, sums }) = self.current.take() else { return Ok(()) };
        for name in SUMMED.into_iter().filter(|name| self.feed.wants(name)) {
            members.push(b',');
            value::string(&mut members, name.as_bytes());
            members.push(b':');
            sums.write(name, &mut members);
        }
        members.push(b'}');
        self.past.insert(self.fingerprint.of(&id, b""), sums);
        self.output.emit(&members, context.emit)?;
        self.spare = members;
        Ok(())
    }

    /// Emits the last order.
    pub(in crate::document) fn finish(
        mut self,
        context: &mut Context<'_>,
    ) -> Result<(), DocumentError> {
        self.emit(context)?;
        self.output.finish(context.loaded);
        Ok(())
    }
}
