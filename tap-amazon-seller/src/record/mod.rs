//! A row and a schema make a record.
//!
//! The schema of a stream says what its records hold. A column of the report whose name is that of
//! a property, but for case and punctuation, becomes that property and has its type; a [`Column`]
//! says the rest. A plan works all of that out once for each document, so that a row costs a
//! walk over prepared steps. Nothing here reads, waits or knows a report.

pub(crate) mod amount;
pub(crate) mod identity;
mod plan;
mod planner;
pub(crate) mod sum;
mod time;
pub(crate) mod value;

pub use identity::{ROW_HASH, ROW_OCCURRENCE};
pub(crate) use plan::{Plan, Refused, Row, Written};
pub(crate) use planner::{Others, Outline, fold};
pub use time::Order;

/// The property that holds the day of a report that covers one, or the first day of the period that it
/// covers, where the schema has it: the rows of such a report need not say their time.
pub const REPORT_DATE: &str = "report_date";

/// A column of a report that is not simply the property of its own name.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// The column's name in the report; case, `-`, `_` and spaces do not matter.
    pub header: &'static str,
    /// Where its value goes: a property, or a path of properties with dots between them.
    pub property: &'static str,
    /// What happens on the way.
    pub conversion: Conversion,
}

impl Column {
    /// A column, the property it becomes, and what happens on the way.
    #[must_use]
    pub const fn new(header: &'static str, property: &'static str, conversion: Conversion) -> Self {
        Self { header, property, conversion }
    }

    /// A column that becomes a property of another name.
    #[must_use]
    pub const fn renamed(header: &'static str, property: &'static str) -> Self {
        Self::new(header, property, Conversion::Declared)
    }
}

/// What happens to a cell on its way into a property. An empty cell is null under each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// The cell is checked and written as the type that the schema declares.
    Declared,
    /// As [`Conversion::Declared`]; but Amazon changes it later, so it is not part of what tells a row
    /// apart that has no id.
    Revised,
    /// Text; where the cell is empty or its column missing, the cell of another column, which then
    /// must be there.
    OrElse(&'static str),
    /// An amount, as Amazon's `Money`: an object of `CurrencyCode` and `Amount`.
    Money {
        /// The column that holds the currency.
        currency: &'static str,
    },
    /// Text in which some words are replaced; all other text stays.
    Words(&'static [(&'static str, &'static str)]),
    /// A day in a spelling other than `YYYY-MM-DD`, which is how it is written.
    Day(Order),
    /// A moment in a spelling other than RFC 3339, which is how it is written.
    Moment(Order),
    /// A number that may have a comma before its decimals.
    Amount,
    /// A list of texts, separated by commas.
    List,
    /// The id of the marketplace that a sales channel names; null where it names none.
    Marketplace,
}
