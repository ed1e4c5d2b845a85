//! The reports of what happens in Amazon's warehouses, and where they differ from their schemas.

use chrono::TimeDelta;

use super::{Edges, Extraction, Report, Scope};
use crate::marketplace::Region;
use crate::record::{Column, Conversion, Order};

/// How far back Amazon keeps the movements of its warehouses: eighteen months.
const KEPT: TimeDelta = TimeDelta::days(548);

/// The longest range of movements that is asked for at once.
const MONTH: TimeDelta = TimeDelta::days(30);

/// Stock by the country of the warehouse. Amazon documents it for Europe only, and has refused it
/// elsewhere (amzn/selling-partner-api-models, issue 1503).
pub(super) static STOCK_BY_COUNTRY: Report = Report {
    report_type: "GET_AFN_INVENTORY_DATA_BY_COUNTRY",
    options: &[],
    scope: Scope::Marketplace,
    regions: &[Region::Eu],
    extraction: Extraction::Snapshot,
    lookback: TimeDelta::zero(),
    edges: Edges::Moments,
    regeneration: TimeDelta::minutes(30),
    roles: &["Amazon Fulfillment", "Pricing"],
};

/// Every movement of stock. Adjustments arrive late, and old days change for weeks.
pub(super) static LEDGER: Report = Report {
    report_type: "GET_LEDGER_DETAIL_VIEW_DATA",
    options: &[],
    scope: Scope::Marketplace,
    regions: &Region::ALL,
    extraction: Extraction::Window { longest: MONTH, retention: Some(KEPT) },
    lookback: TimeDelta::days(45),
    edges: Edges::Midnights,
    regeneration: TimeDelta::zero(),
    roles: &["Amazon Fulfillment"],
};

/// Stock and the sums of its movements, day by day and country by country. Amazon spells the two
/// options differently.
pub(super) static LEDGER_SUMMARY: Report = Report {
    report_type: "GET_LEDGER_SUMMARY_VIEW_DATA",
    options: &[("aggregateByLocation", "COUNTRY"), ("aggregatedByTimePeriod", "DAILY")],
    scope: Scope::Marketplace,
    regions: &Region::ALL,
    extraction: LEDGER.extraction,
    lookback: TimeDelta::days(45),
    edges: Edges::Midnights,
    regeneration: TimeDelta::zero(),
    roles: &["Amazon Fulfillment"],
};

/// What was sent to customers. Amazon has it within a day.
pub(super) static SHIPMENT_SALES: Report = Report {
    report_type: "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_SALES_DATA",
    options: &[],
    scope: Scope::Marketplace,
    regions: &Region::ALL,
    extraction: Extraction::Window { longest: MONTH, retention: Some(KEPT) },
    lookback: TimeDelta::days(7),
    edges: Edges::Moments,
    regeneration: TimeDelta::zero(),
    roles: &["Amazon Fulfillment"],
};

/// What customers sent back. Amazon makes it anew every four hours at most, so few and long windows
/// are asked for; how long they may be is not published.
pub(super) static RETURNS: Report = Report {
    report_type: "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
    options: &[],
    scope: Scope::Marketplace,
    regions: &Region::ALL,
    extraction: Extraction::Window { longest: TimeDelta::days(90), retention: None },
    lookback: TimeDelta::days(14),
    edges: Edges::Moments,
    regeneration: TimeDelta::hours(4),
    roles: &["Amazon Fulfillment", "Pricing"],
};

/// What Amazon pays for stock that it lost or damaged; made anew as [`RETURNS`] are.
pub(super) static REIMBURSEMENTS: Report = Report {
    report_type: "GET_FBA_REIMBURSEMENTS_DATA",
    options: &[],
    scope: Scope::Marketplace,
    regions: &Region::ALL,
    extraction: RETURNS.extraction,
    lookback: TimeDelta::days(14),
    edges: Edges::Moments,
    regeneration: TimeDelta::hours(4),
    roles: &["Amazon Fulfillment", "Pricing"],
};

/// Ledgers write days as `MM/DD/YYYY` in every marketplace, and offsets without a colon. What Amazon
/// changes later does not tell a movement apart.
pub(super) const LEDGER_COLUMNS: &[Column] = &[
    Column::new("Date", "Date", Conversion::Day(Order::MonthFirst)),
    Column::new("Date and Time", "Date and Time", Conversion::Moment(Order::MonthFirst)),
    Column::new("Title", "Title", Conversion::Revised),
    Column::new("Reconciled Quantity", "Reconciled Quantity", Conversion::Revised),
    Column::new("Unreconciled Quantity", "Unreconciled Quantity", Conversion::Revised),
];

/// The same days, and a stand-in for a SKU that is missing.
pub(super) const SUMMARY_COLUMNS: &[Column] = &[
    Column::new("Date", "Date", Conversion::Day(Order::MonthFirst)),
    Column::new("MSKU", "MSKU", Conversion::OrElse("FNSKU")),
];

/// When something was sent.
pub(super) const SHIPMENT_COLUMNS: &[Column] =
    &[Column::new("shipment-date", "shipment-date", Conversion::Moment(Order::Local))];

/// When something came back, and a stand-in for a label that is missing.
pub(super) const RETURN_COLUMNS: &[Column] = &[
    Column::new("return-date", "return-date", Conversion::Moment(Order::Local)),
    Column::new("license-plate-number", "license-plate-number", Conversion::OrElse("fnsku")),
];

/// When a reimbursement was approved, and what stands in for one of its two names of the goods.
pub(super) const REIMBURSEMENT_COLUMNS: &[Column] = &[
    Column::new("approval-date", "approval-date", Conversion::Moment(Order::Local)),
    Column::new("sku", "sku", Conversion::OrElse("fnsku")),
    Column::new("fnsku", "fnsku", Conversion::OrElse("sku")),
];
