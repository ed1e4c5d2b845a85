//! Lists that Amazon gives out page by page, as data.

use api_client::Operation;
use chrono::TimeDelta;

use super::{Edges, Extraction, Scope};
use crate::marketplace::Region;
use crate::pages::order::Share;

/// A list, and how it is asked for. Streams with the same one are fed by the same calls.
///
/// A GET has its parameters in the query, and several values of one are comma text. A POST has them in a
/// body of JSON: dots in a name lead into objects, several values are a list.
#[derive(Debug)]
pub struct Pages {
    /// The operation that lists.
    pub operation: &'static Operation,
    /// What one list covers.
    pub scope: Scope,
    /// The regions that have it.
    pub regions: &'static [Region],
    /// Which parts of the list are due.
    pub extraction: Extraction,
    /// Regions in which the retention does not count, because Amazon keeps everything there.
    pub kept_in: &'static [Region],
    /// How far before the bookmark windows of time are read again, because Amazon adds to the past.
    pub lookback: TimeDelta,
    /// Where windows of time may begin and end. A window of days is named by its first and its last day.
    pub edges: Edges,
    /// The days that a list of the present is about, if it wants any: the first and the last, counted
    /// from the day of the call, in UTC. They are given as a window is.
    pub present: Option<[i64; 2]>,
    /// Parameters that never change.
    pub query: &'static [(&'static str, &'static str)],
    /// Parameters that never change and have several values.
    pub lists: &'static [(&'static str, &'static [&'static str])],
    /// Parameters that name the marketplaces; with a region all of them, as comma text.
    pub marketplaces: &'static [&'static str],
    /// Parameters for the start and the end of a window. With several pairs a window is asked for with
    /// each of them: what began in it, say, and what changed in it.
    pub windows: &'static [[&'static str; 2]],
    /// The parameter that takes the parts of an element that are wanted, as comma text; which ones there
    /// are and what they are for, the shapes say.
    pub included: Option<&'static str>,
    /// The members of an answer that lead to the time at which the list ends, where that may be earlier
    /// than the end that was asked for.
    pub reached: &'static [&'static str],
    /// How many elements a page may have, where answers can be too great for Amazon.
    pub page_size: Option<PageSize>,
    /// The members of an answer that lead to the list, or to its one element. Without any, the whole
    /// answer is that element.
    pub list: &'static [&'static str],
    /// The member that identifies an element, where Amazon may leave it out: a digest of the element
    /// stands in for it then.
    pub id: Option<&'static str>,
    /// How the next page is asked for.
    pub next: Next,
    /// Whether the pages of a window are kept in memory until the last one is there: because records are
    /// put together from several of them, or because a token dies within seconds, and a slow target
    /// would outlive it.
    pub is_held: bool,
    /// Whether it holds personal data of buyers, which Amazon gives out for a token of its own.
    pub is_restricted: bool,
    /// The roles of which an application needs one; see [`Report::roles`](super::Report::roles).
    pub roles: &'static [&'static str],
}

impl Pages {
    /// A list of the present, whole, on one page, of a region: what an entry changes of it is what the
    /// list is like.
    pub(super) const fn plain(operation: &'static Operation) -> Self {
        Self {
            operation,
            scope: Scope::Region,
            regions: &Region::ALL,
            extraction: Extraction::Snapshot,
            kept_in: &[],
            lookback: TimeDelta::zero(),
            edges: Edges::Moments,
            present: None,
            query: &[],
            lists: &[],
            marketplaces: &[],
            windows: &[],
            included: None,
            reached: &[],
            page_size: None,
            list: &[],
            id: None,
            next: Next::Nowhere,
            is_held: false,
            is_restricted: false,
            roles: &[],
        }
    }
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
pub enum Next {
    /// There is only one page.
    Nowhere,
    /// By what the page before says.
    Token(PageToken),
    /// By the number of elements that lie before it.
    Offset(PageOffset),
}

/// A token that leads to the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageToken {
    /// The parameter that takes it.
    pub parameter: &'static str,
    /// The members of an answer that lead to it.
    pub member: &'static [&'static str],
}

/// An offset that leads to the next page, in a list of which Amazon says how long it is.
///
/// Offsets end somewhere, and a list that is longer must be asked for in parts. Between two calls a list
/// may change its order, so it counts as whole only when as many different elements were seen as it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageOffset {
    /// The parameter that takes it.
    pub parameter: &'static str,
    /// The greatest that Amazon accepts.
    pub most: u64,
    /// The members of an answer that lead to the number of all elements.
    pub total: &'static [&'static str],
    /// What narrows a list that is too long: a parameter with several values, and the values by which
    /// each element is in one part.
    pub kinds: (&'static str, &'static [&'static str]),
    /// What turns a list round, so that it can be read from both ends: a parameter and its two values.
    pub order: (&'static str, [&'static str; 2]),
}

/// How many elements a page may have. Where Amazon refuses a page because it is too great, half as many
/// are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize {
    /// The parameter that takes it.
    pub parameter: &'static str,
    /// What is asked for first.
    pub most: u32,
}

/// What the elements of a list become in one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageShape {
    /// One record for each element: its members under Amazon's names, behind the marketplace or the
    /// region.
    Elements,
    /// The same for figures of an interval of days, `timeInterval`, whose ends become members.
    Figures(Figures),
    /// One record for each order and day with all financial events of the order, in lists under Amazon's
    /// names. Elements are objects of such lists, and windows are days.
    EventsOfOrders,
    /// One record for each day with the financial events that name no order.
    EventsWithoutOrder,
    /// What a stream takes of an order of the Orders API 2026-01-01.
    Order(Share),
}

impl PageShape {
    /// The share of an order, if elements are orders.
    #[must_use]
    pub fn share(self) -> Option<Share> {
        if let Self::Order(share) = self { Some(share) } else { None }
    }
}

/// Figures of intervals of days in one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// The intervals that the stream is about. An answer may hold figures of others beside them, which
    /// are left out.
    pub length: Length,
    /// What the interval becomes.
    pub ends: Ends,
    /// Texts that an element may lack and that are keys: they are empty then.
    pub texts: &'static [&'static str],
}

/// The intervals that a stream is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// One day.
    Day,
    /// More than a day.
    Days,
    /// Whatever Amazon says.
    Any,
}

/// What the ends of an interval become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// `report_end_date`: its last day.
    Last,
    /// `interval_start_date` and `interval_end_date`, as Amazon has them.
    Both,
}
