//! The settlement report, and where it differs from its schema.

use chrono::TimeDelta;

use super::{Edges, Extraction, Report, Scope};
use crate::marketplace::Region;
use crate::record::{Column, Conversion, Order};

/// What Amazon pays for a fortnight, to the line of an order. Amazon makes it by itself.
pub(super) static SETTLEMENTS: Report = Report {
    report_type: "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2",
    options: &[],
    scope: Scope::Region,
    regions: &Region::ALL,
    extraction: Extraction::Listed,
    lookback: TimeDelta::zero(),
    edges: Edges::Moments,
    regeneration: TimeDelta::zero(),
    roles: &["Finance and Accounting"],
};

/// Days and times are in the spelling of the place, and amounts may be too.
pub(super) const COLUMNS: &[Column] = &[
    Column::new("settlement-start-date", "settlement-start-date", Conversion::Moment(Order::Local)),
    Column::new("settlement-end-date", "settlement-end-date", Conversion::Moment(Order::Local)),
    Column::new("deposit-date", "deposit-date", Conversion::Moment(Order::Local)),
    Column::new("posted-date", "posted-date", Conversion::Day(Order::Local)),
    Column::new("posted-date-time", "posted-date-time", Conversion::Moment(Order::Local)),
    Column::new("total-amount", "total-amount", Conversion::Amount),
    Column::new("amount", "amount", Conversion::Amount),
];
