//! Settlements: each once, and only whole if its amounts add up.
//!
//! A document holds one settlement or several, and the same settlement comes in several documents. The
//! first row of each says its total, which is the sum of the amounts of all others: whatever is lost or
//! doubled on the way, or read in the wrong language, shows there.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::flat::{Context, Output};
use super::header::Header;
use super::{DocumentError, Facts, Fault, Feed, Loaded};
use crate::record::{Others, Refused, Row, Written, amount, fold};

/// The settlements of a document.
pub(super) struct Settlements {
    output: Output,
    record: Vec<u8>,
    id: usize,
    total: usize,
    amount: usize,
    found: BTreeMap<String, Found>,
}

/// What is known of one settlement.
#[derive(Debug, Default)]
struct Found {
    /// Whether its rows go out: it is in no other document, and not for the second time in this one.
    is_out: bool,
    /// Whether another document brought it.
    is_known: bool,
    total: Option<Decimal>,
    sum: Decimal,
}

impl Settlements {
    /// Finds the columns of a document.
    pub(super) fn new(
        feed: &Feed,
        facts: &Facts<'_>,
        header: &Header,
    ) -> Result<Self, DocumentError> {
        let position = |name: &'static str| {
            let found = header.names.iter().position(|column| fold(column) == fold(name));
            found.ok_or_else(|| facts.fault(Fault::NoColumn(name)))
        };
        Ok(Self {
            id: position("settlement-id")?,
            total: position("total-amount")?,
            amount: position("amount")?,
            output: Output::new(feed, facts, header, &[], Others::KeptExcept(&[]))?,
            record: Vec::new(),
            found: BTreeMap::new(),
        })
    }

    /// Takes a row; says whether it had all keys.
    pub(super) fn row(
        &mut self,
        row: Row<'_>,
        line: u64,
        context: &mut Context<'_>,
    ) -> Result<Written, DocumentError> {
        let stream = self.output.stream;
        let refused = |refused: Refused| context.refusal(stream, line, &refused);
        let (total, amount) = (
            decimal(row, self.total).map_err(refused)?,
            decimal(row, self.amount).map_err(refused)?,
        );
        let id = String::from_utf8_lossy(row.cell(self.id).trim_ascii()).into_owned();
        if id.is_empty() {
            return Ok(Written::Keyless);
        }
        let is_known = context.facts.settlements.contains(&id);
        let new = || Found { is_out: !is_known, is_known, ..Found::default() };
        let found = self.found.entry(id).or_insert_with(new);
        if total.is_some() && found.total.is_some() {
            found.is_out = false;
        }
        if !found.is_out {
            context.loaded.passed_over += 1;
            return Ok(Written::Members);
        }
        found.total = found.total.or(total);
        let sum = found.sum.checked_add(amount.unwrap_or_default());
        found.sum = sum.ok_or(()).map_err(|()| {
            context.refusal(stream, line, &Refused { index: self.amount, expected: EXPECTED })
        })?;
        let written = self.output.members(row, line, &mut self.record, context)?;
        if written == Written::Members {
            self.record.push(b'}');
            self.output.emit(&self.record, context.emit)?;
        }
        Ok(written)
    }

    /// Notes which settlements are whole.
    pub(super) fn finish(self, loaded: &mut Loaded) {
        for (id, found) in self.found.into_iter().filter(|(_, found)| !found.is_known) {
            if found.total == Some(found.sum) {
                loaded.settlements.push(id);
            } else {
                loaded.unbalanced.push(id);
            }
        }
        self.output.finish(loaded);
    }
}

/// What a cell that holds an amount should be.
const EXPECTED: &str = "an amount";

/// The amount of a cell, if it has one.
fn decimal(row: Row<'_>, index: usize) -> Result<Option<Decimal>, Refused> {
    let cell = row.cell(index).trim_ascii();
    if cell.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(cell).ok().and_then(amount::plain);
    let amount = text.and_then(|text| Decimal::from_str_exact(&text).ok());
    amount.map(Some).ok_or(Refused { index, expected: EXPECTED })
}
