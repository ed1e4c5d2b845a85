//! The lines of orders.

use std::collections::HashMap;

use super::{Fingerprint, ORDER_ONLY, position};
use crate::document::flat::{Context, Output};
use crate::document::header::Header;
use crate::document::{DocumentError, Facts, Feed, Loaded};
use crate::record::{Others, Row, Written, value};

/// The property that tells the lines of an order apart.
const ITEM_KEY: &str = "OrderItemKey";

/// The order lines of a document.
pub(in crate::document) struct Items {
    output: Output,
    order_id: Option<usize>,
    item_id: Option<usize>,
    sku: Option<usize>,
    /// How many lines without an id there were, by order and SKU.
    seen: HashMap<(u64, u64), u32>,
    fingerprint: Fingerprint,
    record: Vec<u8>,
}

impl Items {
    /// Prepares for the rows of a document.
    pub(in crate::document) fn new(
        feed: &Feed,
        facts: &Facts<'_>,
        header: &Header,
    ) -> Result<Self, DocumentError> {
        let others = Others::KeptExcept(ORDER_ONLY);
        Ok(Self {
            output: Output::new(feed, facts, header, &[ITEM_KEY], others)?,
            order_id: position(header, "amazon-order-id"),
            item_id: position(header, "order-item-id"),
            sku: position(header, "sku"),
            seen: HashMap::new(),
            fingerprint: Fingerprint::default(),
            record: Vec::new(),
        })
    }

    /// Emits a line; says whether it had its order.
    pub(in crate::document) fn row(
        &mut self,
        row: Row<'_>,
        line: u64,
        context: &mut Context<'_>,
    ) -> Result<Written, DocumentError> {
        let mut record = std::mem::take(&mut self.record);
        let written = self.output.members(row, line, &mut record, context)?;
        if written == Written::Members {
            record.extend_from_slice(b",\"OrderItemKey\":");
            self.write_key(row, &mut record);
            record.push(b'}');
            self.output.emit(&record, context.emit)?;
        }
        self.record = record;
        Ok(written)
    }

    /// Writes what tells a line from the others of its order.
    ///
    /// Two lines of one order may be alike to the last letter and are still two lines. Where the
    /// report has no id of the line they are numbered, over the whole document.
    fn write_key(&mut self, row: Row<'_>, out: &mut Vec<u8>) {
        let cell = |index: Option<usize>| index.map(|index| row.cell(index)).unwrap_or_default();
        let id = cell(self.item_id).trim_ascii();
        if !id.is_empty() {
            value::string(out, id);
            return;
        }
        let sku = cell(self.sku);
        let place = self.fingerprint.of(cell(self.order_id), sku);
        let seen = self.seen.entry(place).or_default();
        *seen += 1;
        let number = seen.to_string();
        value::string(out, &[sku, b"#", number.as_bytes()].concat());
    }

    /// Notes how many lines there were.
    pub(in crate::document) fn finish(self, loaded: &mut Loaded) {
        self.output.finish(loaded);
    }
}
