//! What documents of reports are, and what they become.
//!
//! Data alone: how a document is read is the matter of `document`, which finds here by which of its parts.

use super::settlements;
use crate::document::order;
use crate::record::Column;

/// What a report's document becomes in one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// One record for each row of a flat file.
    Rows {
        /// Columns that are not simply a property of their own name.
        columns: &'static [Column],
        /// The languages of the header.
        headers: Headers,
    },
    /// One record for each row of a file with commas between its cells.
    CommaRows {
        /// Columns that are not simply a property of their own name.
        columns: &'static [Column],
    },
    /// One record for each element of a list.
    Elements {
        /// How the document is written.
        syntax: Syntax,
        /// Where the elements are, by the names that lead there; nothing for a document of JSON that is
        /// the list itself.
        path: &'static [&'static str],
        /// Members that are not simply a property of their own name.
        columns: &'static [Column],
    },
    /// One record for each order of an All Orders file, whose rows are order lines.
    Orders,
    /// One record for each line of an All Orders file.
    OrderItems,
    /// One record for each row of a settlement file, whose amounts must add up.
    Settlements,
    /// One record for each element of a sales and traffic document's list by ASIN.
    SalesByAsin,
    /// One record for each element of a sales and traffic document's list by date.
    SalesByDate,
    /// One record for the whole of a document of JSON: its members.
    Whole,
}

/// Which part of the tap reads a document. What is read by different parts does not share a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The one for flat files.
    Rows,
    /// The one for files with commas.
    CommaRows,
    /// The one for sales and traffic.
    Sales,
    /// The one for lists of elements.
    Elements(Syntax),
    /// The one for documents that are one record.
    Whole,
}

impl Shape {
    /// Which part of the tap reads such a document.
    #[must_use]
    pub fn reader(&self) -> Reader {
        match self {
            Self::Rows { .. } | Self::Orders | Self::OrderItems | Self::Settlements => Reader::Rows,
            Self::CommaRows { .. } => Reader::CommaRows,
            Self::SalesByAsin | Self::SalesByDate => Reader::Sales,
            Self::Elements { syntax, .. } => Reader::Elements(*syntax),
            Self::Whole => Reader::Whole,
        }
    }

    /// Columns of the report that are not simply a property of their own name.
    #[must_use]
    pub fn columns(&self) -> &'static [Column] {
        match self {
            Self::Rows { columns, .. }
            | Self::CommaRows { columns }
            | Self::Elements { columns, .. } => columns,
            Self::Orders => order::ORDER_COLUMNS,
            Self::OrderItems => order::ITEM_COLUMNS,
            Self::Settlements => settlements::COLUMNS,
            Self::SalesByAsin | Self::SalesByDate | Self::Whole => &[],
        }
    }
}

/// How a document is written that is no flat file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// JSON.
    Json,
    /// XML.
    Xml,
}

/// The languages in which a flat file's header may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Headers {
    /// English in every marketplace.
    English,
    /// The language of the seller's account or of the marketplace, as with listing reports.
    Localized,
}
