//! Every stream this tap can extract, as one table.
//!
//! A stream is data: a name, a schema, keys and a [`Source`]. To add a report, add a schema file and
//! an entry to [`STREAMS`]; nothing else in the tap names a stream. What cannot be said as data is
//! said once, as a variant of [`Source`], [`Extraction`] or [`Shape`], and never as a special case
//! for one stream.

use chrono::TimeDelta;

use crate::document::order;
use crate::record::{Column, Conversion};

/// One thing this tap can extract.
#[derive(Debug, PartialEq, Eq)]
pub struct Stream {
    /// Name in the catalog and in every message; also the name of the schema file.
    pub name: &'static str,
    /// JSON Schema of one record, as text.
    pub schema: &'static str,
    /// Properties that together identify a record; see [`Stream::keys_at`].
    pub keys: &'static [&'static str],
    /// The property that tells records of different windows apart; `None` for a full replication.
    pub replication_key: Option<&'static str>,
    /// Whether a catalog selects the stream unless its user says otherwise.
    pub selected_by_default: bool,
    /// Where the records come from.
    pub source: Source,
}

/// Where a stream's records come from. An entry never holds a closure.
#[derive(Debug, PartialEq, Eq)]
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
    /// A report; streams with equal reports are fed by one request.
    Report {
        /// What is asked of Amazon.
        report: &'static Report,
        /// What its document becomes in this stream.
        shape: Shape,
    },
}

impl Source {
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
            Self::CatalogItems { .. } => &["Product Listing"],
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
    /// Which reports are due.
    pub extraction: Extraction,
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
}

/// What a report's document becomes in one stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Shape {
    /// One record for each row of a flat file.
    Rows {
        /// Columns that are not simply a property of their own name.
        columns: &'static [Column],
        /// The languages of the header.
        headers: Headers,
    },
    /// One record for each order of an All Orders file, whose rows are order lines.
    Orders,
    /// One record for each line of an All Orders file.
    OrderItems,
    /// One record for each element of a sales and traffic document's list by ASIN.
    SalesByAsin,
    /// One record for each element of a sales and traffic document's list by date.
    SalesByDate,
}

impl Shape {
    /// Columns of the report that are not simply a property of their own name.
    #[must_use]
    pub fn columns(&self) -> &'static [Column] {
        match self {
            Self::Rows { columns, .. } => columns,
            Self::Orders => order::ORDER_COLUMNS,
            Self::OrderItems => order::ITEM_COLUMNS,
            Self::SalesByAsin | Self::SalesByDate => &[],
        }
    }
}

/// The languages in which a flat file's header may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Headers {
    /// English in every marketplace.
    English,
    /// The language of the seller's account or of the marketplace, as with listing reports.
    Localized,
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
    /// The entry of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        STREAMS.iter().find(|stream| stream.name == name)
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

/// All Orders by last update: every order line that changed in a window, of a whole region.
///
/// More than thirty days end in FATAL. The type is exempt from the regeneration window that Amazon
/// sets for FBA reports.
static ALL_ORDERS: Report = Report {
    report_type: "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
    options: &[],
    scope: Scope::Region,
    extraction: Extraction::Window {
        longest: TimeDelta::seconds(30 * 24 * 60 * 60 - 1),
        retention: None,
    },
    regeneration: TimeDelta::zero(),
    roles: &["Inventory and Order Tracking", "Amazon Fulfillment", "Pricing", "Product Listing"],
};

/// Active, inactive and incomplete listings of one marketplace.
///
/// The locale asks for English; Amazon may still answer from a cache in another language.
static MERCHANT_LISTINGS: Report = Report {
    report_type: "GET_MERCHANT_LISTINGS_ALL_DATA",
    options: &[("preferredReportDocumentLocale", "en_US")],
    scope: Scope::Marketplace,
    extraction: Extraction::Snapshot,
    regeneration: TimeDelta::zero(),
    roles: &["Product Listing", "Inventory and Order Tracking", "Pricing"],
};

/// Stock at Amazon by SKU, without suppressed listings. Made anew every half hour at most (Amazon's
/// FAQ on reports of near real time).
static FBA_INVENTORY: Report = Report {
    report_type: "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA",
    options: &[],
    scope: Scope::Marketplace,
    extraction: Extraction::Snapshot,
    regeneration: TimeDelta::minutes(30),
    roles: &["Amazon Fulfillment", "Pricing"],
};

/// Sales and traffic of one day.
///
/// The list by ASIN is one total for the whole range asked for, so daily figures need a report a
/// day. Traffic may come up to three days late, and a day is read again until it is a week old.
/// Amazon cancels a report that begins more than two years back.
static SALES_AND_TRAFFIC: Report = Report {
    report_type: "GET_SALES_AND_TRAFFIC_REPORT",
    options: &[("dateGranularity", "DAY"), ("asinGranularity", "CHILD")],
    scope: Scope::Marketplace,
    extraction: Extraction::Daily { lookback_days: 7, retention_days: 730 },
    regeneration: TimeDelta::zero(),
    roles: &["Brand Analytics"],
};

/// Where the listing report differs from its schema: an id stands in for a missing one.
const LISTING_COLUMNS: &[Column] = &[
    Column::new("listing-id", "listing-id", Conversion::OrElse("seller-sku")),
    Column::renamed("fulfilment-channel", "fulfillment-channel"),
];

/// The stock report's columns in the names of the FBA Inventory API, where that has them.
const INVENTORY_COLUMNS: &[Column] = &[
    Column::renamed("sku", "sellerSku"),
    Column::renamed("product-name", "productName"),
    Column::renamed("afn-total-quantity", "totalQuantity"),
    Column::renamed("afn-fulfillable-quantity", "inventoryDetails.fulfillableQuantity"),
    Column::renamed("afn-inbound-working-quantity", "inventoryDetails.inboundWorkingQuantity"),
    Column::renamed("afn-inbound-shipped-quantity", "inventoryDetails.inboundShippedQuantity"),
    Column::renamed("afn-inbound-receiving-quantity", "inventoryDetails.inboundReceivingQuantity"),
    Column::renamed(
        "afn-reserved-quantity",
        "inventoryDetails.reservedQuantity.totalReservedQuantity",
    ),
    Column::renamed(
        "afn-researching-quantity",
        "inventoryDetails.researchingQuantity.totalResearchingQuantity",
    ),
    Column::renamed(
        "afn-unsellable-quantity",
        "inventoryDetails.unfulfillableQuantity.totalUnfulfillableQuantity",
    ),
];

/// Includes `schemas/<name>.json`, so that a missing file is a compile error.
macro_rules! schema {
    ($name:literal) => {
        include_str!(concat!("../../../schemas/", $name, ".json"))
    };
}

/// All streams, in the order in which they are extracted.
pub static STREAMS: &[Stream] = &[
    Stream {
        name: "marketplaces",
        schema: schema!("marketplaces"),
        keys: &["id"],
        replication_key: None,
        selected_by_default: true,
        source: Source::Participations,
    },
    Stream {
        name: "orders",
        schema: schema!("orders"),
        keys: &["AmazonOrderId"],
        replication_key: Some("LastUpdateDate"),
        selected_by_default: true,
        source: Source::Report { report: &ALL_ORDERS, shape: Shape::Orders },
    },
    Stream {
        name: "order_items",
        schema: schema!("order_items"),
        keys: &["AmazonOrderId", "OrderItemKey"],
        replication_key: Some("LastUpdateDate"),
        selected_by_default: true,
        source: Source::Report { report: &ALL_ORDERS, shape: Shape::OrderItems },
    },
    Stream {
        name: "products_inventory",
        schema: schema!("products_inventory"),
        keys: &["marketplace_id", "listing-id"],
        replication_key: None,
        selected_by_default: true,
        source: Source::Report {
            report: &MERCHANT_LISTINGS,
            shape: Shape::Rows { columns: LISTING_COLUMNS, headers: Headers::Localized },
        },
    },
    Stream {
        name: "warehouse_inventory",
        schema: schema!("warehouse_inventory"),
        keys: &["marketplace_id", "sellerSku"],
        replication_key: None,
        selected_by_default: true,
        source: Source::Report {
            report: &FBA_INVENTORY,
            shape: Shape::Rows { columns: INVENTORY_COLUMNS, headers: Headers::English },
        },
    },
    Stream {
        name: "sales_traffic_report",
        schema: schema!("sales_traffic_report"),
        keys: &["marketplace_id", "date", "child_asin"],
        replication_key: Some("date"),
        selected_by_default: true,
        source: Source::Report { report: &SALES_AND_TRAFFIC, shape: Shape::SalesByAsin },
    },
    Stream {
        name: "sales_traffic_by_date",
        schema: schema!("sales_traffic_by_date"),
        keys: &["marketplace_id", "date"],
        replication_key: Some("date"),
        selected_by_default: true,
        source: Source::Report { report: &SALES_AND_TRAFFIC, shape: Shape::SalesByDate },
    },
    Stream {
        name: "product_catalog",
        schema: schema!("product_catalog"),
        keys: &["marketplace_id", "asin"],
        replication_key: None,
        selected_by_default: true,
        source: Source::CatalogItems { listings: "products_inventory", asin: "asin1" },
    },
    Stream {
        name: "reports",
        schema: schema!("reports"),
        keys: &["report_id"],
        replication_key: None,
        selected_by_default: true,
        source: Source::Reports,
    },
];

#[cfg(test)]
mod tests;
