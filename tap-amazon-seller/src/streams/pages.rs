//! Lists that Amazon gives out page by page, as data.

use api_client::Operation;
use chrono::TimeDelta;

use super::{Extraction, Scope};

/// A list, and how it is asked for. Streams with the same one are fed by the same calls.
#[derive(Debug)]
pub struct Pages {
    /// The operation that lists.
    pub operation: &'static Operation,
    /// What one list covers.
    pub scope: Scope,
    /// Which parts of the list are due.
    pub extraction: Extraction,
    /// How far back what is out is read again, because Amazon adds to it.
    pub lookback: TimeDelta,
    /// Parameters that never change.
    pub query: &'static [(&'static str, &'static str)],
    /// Parameters that name the marketplaces; with a region all of them, as comma text.
    pub marketplaces: &'static [&'static str],
    /// Parameters for the start and the end of a window.
    pub window: Option<[&'static str; 2]>,
    /// The members of an answer that lead to the list, or to its one element. Without any, the whole
    /// answer is that element.
    pub list: &'static [&'static str],
    /// How the next page is asked for; nothing where there is only one.
    pub token: Option<PageToken>,
    /// The roles of which an application needs one; see [`Report::roles`](super::Report::roles).
    pub roles: &'static [&'static str],
}

/// A list is asked for by one entry of the table only.
impl PartialEq for Pages {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Pages {}

/// How the next page of a list is asked for. All other parameters are repeated as they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageToken {
    /// The parameter that takes it.
    pub parameter: &'static str,
    /// The members of an answer that lead to it.
    pub member: &'static [&'static str],
}

/// What the elements of a list become in one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageShape {
    /// One record for each element: its members under Amazon's names, behind the marketplace or the
    /// region.
    Elements,
}
