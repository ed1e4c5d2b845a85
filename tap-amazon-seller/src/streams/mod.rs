//! Every stream this tap can extract, as one table.
//!
//! A stream is data: a name, a schema, keys and a [`Source`]. This file holds the types; `table` holds
//! the entries, `alternatives` other sources for some of them, and a [`Roster`] is what a run sees of
//! them. To add a report, add a schema file and an entry; nothing else in the tap names a stream. What
//! cannot be said as data is said once, as a variant of [`Source`], [`Extraction`] or [`Shape`], and
//! never as a special case for one stream.

use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta};

use crate::marketplace::Region;
use crate::pages::order::Share;
use crate::report_types::ReportType;

mod alternatives;
mod fulfillment;
pub(crate) mod lists;
mod pages;
mod replenishment;
mod roster;
mod settlements;
mod shape;
mod table;

pub use alternatives::SourceError;
pub use pages::{Ends, Figures, Length, Next, PageOffset, PageShape, PageSize, PageToken, Pages};
pub use roster::Roster;
pub use shape::{Headers, Reader, Shape, Syntax};
use table::STREAMS;

/// One thing this tap can extract.
#[derive(Debug, PartialEq, Eq)]
pub struct Stream {
    /// Name in the catalog and in every message; also the name of the schema file.
    pub name: &'static str,
    /// JSON Schema of one record, as text.
    pub schema: &'static str,
    /// Properties that together identify a record; see [`Stream::keys_at`]. Rows of a flat file that
    /// have no id are identified by [`ROW_HASH`](crate::record::ROW_HASH) and
    /// [`ROW_OCCURRENCE`](crate::record::ROW_OCCURRENCE), which the schema then declares as well.
    pub keys: &'static [&'static str],
    /// The property that tells records of different windows apart; `None` for a full replication.
    pub replication_key: Option<&'static str>,
    /// Whether a catalog selects the stream unless its user says otherwise.
    pub selected_by_default: bool,
    /// Where the records come from.
    pub source: Source,
}

/// Where a stream's records come from. An entry never holds a closure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The Sellers API's `getMarketplaceParticipations`.
    Participations,
    /// The tap's own notes of the reports it has asked for.
    Reports,
    /// The Catalog Items API, asked by ASIN.
    CatalogItems {
        /// The stream whose records name the ASINs, unless the configuration does.
        listings: &'static str,
        /// The property in which they name them.
        asin: &'static str,
    },
    /// The Listings Items API, asked by SKU.
    ListingsItems {
        /// The stream whose records name the SKUs.
        listings: &'static str,
        /// The property in which they name them.
        sku: &'static str,
    },
    /// A list of an API; streams with the same list are fed by the same calls.
    Pages {
        /// What is asked of Amazon.
        pages: &'static Pages,
        /// What its elements become in this stream.
        shape: PageShape,
    },
    /// A report; streams with equal reports are fed by one request.
    Report {
        /// What is asked of Amazon.
        report: &'static Report,
        /// What its document becomes in this stream.
        shape: Shape,
    },
}

impl Source {
    /// What it takes of an order, if it is a list of orders.
    #[must_use]
    pub fn share(&self) -> Option<Share> {
        if let Self::Pages { shape, .. } = self { shape.share() } else { None }
    }

    /// What the setting `source` of a stream calls it: `report`, or `api` for everything else that Amazon
    /// is asked for.
    #[must_use]
    pub fn name(&self) -> &'static str {
        if matches!(self, Self::Report { .. }) { "report" } else { "api" }
    }

    /// Which part of the tap reads the documents, where there are any.
    #[must_use]
    pub fn reader(&self) -> Option<Reader> {
        if let Self::Report { shape, .. } = self { Some(shape.reader()) } else { None }
    }

    /// Whether it is about buyers all through: what the Orders API says of them alone, and what Amazon
    /// gives out only for a restricted data token.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        match self {
            Self::Report { report, .. } => {
                ReportType::find(report.report_type).is_some_and(|it| it.is_restricted)
            }
            Self::Pages { pages, shape } => {
                pages.is_restricted || shape.share().is_some_and(Share::is_personal)
            }
            _ => false,
        }
    }

    /// The roles of which an application needs one (Amazon's list of 2022; see [`Report::roles`]); none
    /// for what the tap knows by itself.
    #[must_use]
    pub fn roles(&self) -> &'static [&'static str] {
        match self {
            Self::Participations => &[
                "Product Listing",
                "Pricing",
                "Amazon Fulfillment",
                "Inventory and Order Tracking",
                "Finance and Accounting",
                "Buyer Communication",
                "Selling Partner Insights",
            ],
            Self::Reports => &[],
            Self::CatalogItems { .. } | Self::ListingsItems { .. } => &["Product Listing"],
            Self::Pages { pages, shape } => {
                shape.share().and_then(Share::roles).unwrap_or(pages.roles)
            }
            Self::Report { report, .. } => report.roles,
        }
    }
}

/// A report as it is asked for.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Report {
    /// Amazon's report type.
    pub report_type: &'static str,
    /// Amazon's report options, by default.
    pub options: &'static [(&'static str, &'static str)],
    /// What one report covers.
    pub scope: Scope,
    /// The regions in which Amazon makes it.
    pub regions: &'static [Region],
    /// Which reports are due.
    pub extraction: Extraction,
    /// How far before the bookmark windows of time are read again, because Amazon adds to the past.
    pub lookback: TimeDelta,
    /// Where windows of time may begin and end.
    pub edges: Edges,
    /// Amazon makes the report anew at most this often, and cancels what is asked for in between; zero
    /// where that is not known.
    pub regeneration: TimeDelta,
    /// The roles of which an application needs one (Amazon's list of 2022, and for newer types what its
    /// documentation of analytics says).
    pub roles: &'static [&'static str],
}

/// What one report covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All marketplaces of a region, whatever the request names.
    Region,
    /// One marketplace.
    Marketplace,
    /// One marketplace, of those with these ids only.
    Only(&'static [&'static str]),
}

/// Which reports of a type are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extraction {
    /// The whole truth at one moment; Amazon ignores dates.
    Snapshot,
    /// What happened in a range of time.
    Window {
        /// The longest range that Amazon accepts in one request.
        longest: TimeDelta,
        /// How far back Amazon has data; `None` where it publishes no limit.
        retention: Option<TimeDelta>,
    },
    /// One report for each day of the marketplace's own calendar.
    Daily {
        /// How long a day is read again, unless it settles before, because Amazon still fills it.
        lookback_days: u32,
        /// How many days back Amazon has data.
        retention_days: u32,
    },
    /// What Amazon makes by itself, or on a schedule of the seller's: whatever it lists.
    Listed,
}

/// Where windows of time may begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Edges {
    /// At any moment.
    Moments,
    /// At midnight in the marketplace's own time zone, so that a row which is about a whole day comes
    /// from one report. A day that is not over is left for later.
    Midnights,
    /// At midnight UTC. A day is left for later until it has been over for so long: its figures come late.
    Days {
        /// How long.
        late: TimeDelta,
    },
    /// Where periods of the calendar do: a report is about one whole period, and its last day is the
    /// end that Amazon is asked for.
    Periods(Period),
}

/// A period of the calendar that Amazon's analytics are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// From Sunday to Saturday.
    Week,
    /// A month.
    Month,
    /// Three months, from January, April, July or October on.
    Quarter,
    /// A year.
    Year,
}

impl Period {
    /// The longest time that such a period lasts. As much after its first moment, the next one has
    /// begun and has not ended.
    #[must_use]
    pub fn longest(self) -> TimeDelta {
        TimeDelta::days(match self {
            Self::Week => 7,
            Self::Month => 31,
            Self::Quarter => 92,
            Self::Year => 366,
        })
    }

    /// The first day of the period that holds a day.
    #[must_use]
    pub fn first_day(self, day: NaiveDate) -> NaiveDate {
        let (days, months) = match self {
            Self::Week => (day.weekday().num_days_from_sunday(), 0),
            Self::Month => (day.day0(), 0),
            Self::Quarter => (day.day0(), day.month0() % 3),
            Self::Year => (day.day0(), day.month0()),
        };
        let first = day.checked_sub_days(Days::new(days.into()));
        first.and_then(|first| first.checked_sub_months(Months::new(months))).unwrap_or(day)
    }
}

/// What one element of a sales and traffic document's list by ASIN stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AsinGranularity {
    /// A product with all its variations.
    Parent,
    /// One variation.
    #[default]
    Child,
    /// One of the seller's offers of a variation.
    Sku,
}

impl AsinGranularity {
    /// The value of Amazon's report option `asinGranularity`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Parent => "PARENT",
            Self::Child => "CHILD",
            Self::Sku => "SKU",
        }
    }
}

impl Stream {
    /// Whether the setting of the granularity is about this stream: one of the table's own of sales and
    /// traffic, in whatever dress.
    #[must_use]
    pub fn has_granularity(&self) -> bool {
        matches!(
            self.source,
            Source::Report { shape: Shape::SalesByAsin | Shape::SalesByDate | Shape::Whole, .. }
        )
    }

    /// Properties that together identify a record, for reports asked for at a granularity.
    ///
    /// Only sales by ASIN depend on it: by SKU, one child ASIN may stand on several records of a
    /// day, so the SKU takes its place. By parent, `child_asin` holds the parent's ASIN and stays
    /// the key. No key column is ever null.
    #[must_use]
    pub fn keys_at(&self, granularity: AsinGranularity) -> &'static [&'static str] {
        match (&self.source, granularity) {
            (Source::Report { shape: Shape::SalesByAsin, .. }, AsinGranularity::Sku) => {
                &["marketplace_id", "date", "sku"]
            }
            _ => self.keys,
        }
    }
}

#[cfg(test)]
mod tests;
