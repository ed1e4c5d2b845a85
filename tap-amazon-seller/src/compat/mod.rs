//! The dialect of another tap, so that a flow which reads that tap can read this one without a change.
//!
//! Only names, types and shapes differ: which windows are due, what is asked of Amazon and what is noted is
//! the same in every dialect. So a dialect is a table of dresses that records put on at the very end, on
//! their way out; nobody but the roster, the catalog and the writer sees one.

use crate::streams::{PageShape, Pages, Shape};

mod fit;
mod hotglue;

pub use fit::{Fit, FitError, Origin};
pub use hotglue::{HOTGLUE_SOURCES, ListingColumns, hotglue};

/// How one stream of another tap looks.
#[derive(Debug, PartialEq, Eq)]
pub struct Dress {
    /// The stream's name there.
    pub name: &'static str,
    /// JSON Schema of a record there, as text. What it does not have is left out.
    pub schema: &'static str,
    /// Key properties there.
    pub keys: &'static [&'static str],
    /// The replication key there.
    pub replication_key: Option<&'static str>,
    /// Whether a catalog selects it unless its user says otherwise.
    pub selected_by_default: bool,
    /// What it is made of.
    pub of: Made,
    /// Properties that are not simply this tap's property of the same name.
    pub members: &'static [(&'static str, From)],
}

/// What a stream of another tap is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// The records of a stream of this tap.
    Of(&'static str),
    /// Records of its own, from the same places as those of a stream of this tap, which are written in
    /// another shape.
    From(&'static str, Shape),
    /// Records of its own, from an API.
    Pages(&'static Pages, PageShape),
}

/// Where a property of another tap comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// A member of this tap's record, by the members that lead to it.
    Path(&'static [&'static str]),
    /// The country code of the marketplace whose id a member holds.
    Country(&'static str),
    /// A member, as the one element of a list.
    Alone(&'static str),
    /// Amazon's id of the report that the record comes from.
    ReportId,
    /// The end of the window of that report.
    ReportEnd,
    /// When the record was seen.
    ExtractedAt,
    /// The same text on all records.
    Text(&'static str),
}

impl From {
    /// The member at the top of this tap's record, if it takes one.
    fn top(self) -> Option<&'static str> {
        match self {
            Self::Path(path) => path.first().copied(),
            Self::Country(member) | Self::Alone(member) => Some(member),
            Self::ReportId | Self::ReportEnd | Self::ExtractedAt | Self::Text(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
