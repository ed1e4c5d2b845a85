//! The streams of this tap, and the reports that feed them.

use chrono::TimeDelta;

use super::fulfillment;
use super::lists::{
    ACCOUNT, CUSTOMER_INVOICES, DISTRIBUTION, EVENTS, FULFILMENT_ORDERS, ORDERS, PURCHASE_ORDERS,
    TRANSACTIONS,
};
use super::replenishment;
use super::settlements::SETTLEMENTS;
use super::{Edges, Extraction, Headers, PageShape, Report, Scope, Shape, Source, Stream};
use crate::marketplace::Region;
use crate::pages::order::Share;
use crate::record::{Column, Conversion};

/// All Orders by last update: every order line that changed in a window, of a whole region.
///
/// More than thirty days end in FATAL. The type is exempt from the regeneration window that Amazon
/// sets for FBA reports.
static ALL_ORDERS: Report = Report {
    report_type: "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
    options: &[],
    scope: Scope::Region,
    regions: &Region::ALL,
    extraction: Extraction::Window {
        longest: TimeDelta::seconds(30 * 24 * 60 * 60 - 1),
        retention: None,
    },
    lookback: TimeDelta::zero(),
    edges: Edges::Moments,
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
    regions: &Region::ALL,
    extraction: Extraction::Snapshot,
    lookback: TimeDelta::zero(),
    edges: Edges::Moments,
    regeneration: TimeDelta::zero(),
    roles: &["Product Listing", "Inventory and Order Tracking", "Pricing"],
};

/// Stock at Amazon by SKU, without suppressed listings. Made anew every half hour at most (Amazon's
/// FAQ on reports of near real time).
static FBA_INVENTORY: Report = Report {
    report_type: "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA",
    options: &[],
    scope: Scope::Marketplace,
    regions: &Region::ALL,
    extraction: Extraction::Snapshot,
    lookback: TimeDelta::zero(),
    edges: Edges::Moments,
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
    regions: &Region::ALL,
    extraction: Extraction::Daily { lookback_days: 7, retention_days: 730 },
    lookback: TimeDelta::zero(),
    edges: Edges::Moments,
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
pub(super) static STREAMS: &[Stream] = &[
    Stream {
        name: "marketplaces",
        schema: schema!("marketplaces"),
        keys: &["id"],
        replication_key: None,
        selected_by_default: true,
        source: Source::Participations,
    },
    Stream {
        name: "account",
        schema: schema!("account"),
        keys: &["region"],
        replication_key: None,
        selected_by_default: false,
        source: Source::Pages { pages: &ACCOUNT, shape: PageShape::Elements },
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
        name: "order_buyer_info",
        schema: schema!("order_buyer_info"),
        keys: &["AmazonOrderId"],
        replication_key: Some("LastUpdateDate"),
        selected_by_default: false,
        source: Source::Pages { pages: &ORDERS, shape: PageShape::Order(Share::Buyer) },
    },
    Stream {
        name: "order_address",
        schema: schema!("order_address"),
        keys: &["AmazonOrderId"],
        replication_key: Some("LastUpdateDate"),
        selected_by_default: false,
        source: Source::Pages { pages: &ORDERS, shape: PageShape::Order(Share::Address) },
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
        name: "afn_inventory_country",
        schema: schema!("afn_inventory_country"),
        keys: &["marketplace_id", "seller-sku", "condition-type", "country"],
        replication_key: None,
        selected_by_default: false,
        source: Source::Report {
            report: &fulfillment::STOCK_BY_COUNTRY,
            shape: Shape::Rows { columns: &[], headers: Headers::English },
        },
    },
    Stream {
        name: "fba_inventory_ledger",
        schema: schema!("fba_inventory_ledger"),
        keys: &["_row_hash", "_row_occurrence"],
        replication_key: Some("Date"),
        selected_by_default: false,
        source: Source::Report {
            report: &fulfillment::LEDGER,
            shape: Shape::Rows { columns: fulfillment::LEDGER_COLUMNS, headers: Headers::English },
        },
    },
    Stream {
        name: "fba_inventory_ledger_summary",
        schema: schema!("fba_inventory_ledger_summary"),
        keys: &["Date", "FNSKU", "MSKU", "Disposition", "Location"],
        replication_key: Some("Date"),
        selected_by_default: false,
        source: Source::Report {
            report: &fulfillment::LEDGER_SUMMARY,
            shape: Shape::Rows { columns: fulfillment::SUMMARY_COLUMNS, headers: Headers::English },
        },
    },
    Stream {
        name: "fba_customer_shipment_sales",
        schema: schema!("fba_customer_shipment_sales"),
        keys: &["amazon-order-id", "sku", "shipment-date", "_row_occurrence"],
        replication_key: Some("shipment-date"),
        selected_by_default: false,
        source: Source::Report {
            report: &fulfillment::SHIPMENT_SALES,
            shape: Shape::Rows {
                columns: fulfillment::SHIPMENT_COLUMNS,
                headers: Headers::English,
            },
        },
    },
    Stream {
        name: "fba_customer_returns",
        schema: schema!("fba_customer_returns"),
        keys: &["order-id", "sku", "license-plate-number", "return-date"],
        replication_key: Some("return-date"),
        selected_by_default: false,
        source: Source::Report {
            report: &fulfillment::RETURNS,
            shape: Shape::Rows { columns: fulfillment::RETURN_COLUMNS, headers: Headers::English },
        },
    },
    Stream {
        name: "fba_reimbursements",
        schema: schema!("fba_reimbursements"),
        keys: &["reimbursement-id", "sku", "fnsku"],
        replication_key: Some("approval-date"),
        selected_by_default: false,
        source: Source::Report {
            report: &fulfillment::REIMBURSEMENTS,
            shape: Shape::Rows {
                columns: fulfillment::REIMBURSEMENT_COLUMNS,
                headers: Headers::English,
            },
        },
    },
    Stream {
        name: "settlements",
        schema: schema!("settlements"),
        keys: &["settlement-id", "_row_occurrence"],
        replication_key: None,
        selected_by_default: false,
        source: Source::Report { report: &SETTLEMENTS, shape: Shape::Settlements },
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
        name: "product_details",
        schema: schema!("product_details"),
        keys: &["marketplace_id", "sku"],
        replication_key: None,
        selected_by_default: false,
        source: Source::ListingsItems { listings: "products_inventory", sku: "seller-sku" },
    },
    Stream {
        name: "financial_events",
        schema: schema!("financial_events"),
        keys: &["transactionId"],
        replication_key: Some("postedDate"),
        selected_by_default: false,
        source: Source::Pages { pages: &TRANSACTIONS, shape: PageShape::Elements },
    },
    Stream {
        name: "order_financial_events",
        schema: schema!("order_financial_events"),
        keys: &["AmazonOrderId", "PostedDate"],
        replication_key: Some("PostedDate"),
        selected_by_default: false,
        source: Source::Pages { pages: &EVENTS, shape: PageShape::EventsOfOrders },
    },
    Stream {
        name: "other_financial_events",
        schema: schema!("other_financial_events"),
        keys: &["region", "PostedDate"],
        replication_key: Some("PostedDate"),
        selected_by_default: false,
        source: Source::Pages { pages: &EVENTS, shape: PageShape::EventsWithoutOrder },
    },
    Stream {
        name: "awd_inventory",
        schema: schema!("awd_inventory"),
        keys: &["sku"],
        replication_key: None,
        selected_by_default: false,
        source: Source::Pages { pages: &DISTRIBUTION, shape: PageShape::Elements },
    },
    Stream {
        name: "replenishment_daily_metrics",
        schema: schema!("replenishment_daily_metrics"),
        keys: &["marketplace_id", "report_end_date"],
        replication_key: Some("report_end_date"),
        selected_by_default: false,
        source: Source::Pages { pages: &replenishment::DAILY, shape: replenishment::OF_A_DAY },
    },
    Stream {
        name: "replenishment_rolling_metrics",
        schema: schema!("replenishment_rolling_metrics"),
        keys: &["marketplace_id", "interval_start_date", "interval_end_date"],
        replication_key: None,
        selected_by_default: false,
        source: Source::Pages { pages: &replenishment::ROLLING, shape: replenishment::OF_YEARS },
    },
    Stream {
        name: "replenishment_offer_metrics",
        schema: schema!("replenishment_offer_metrics"),
        keys: &["marketplace_id", "asin", "sku", "fulfillmentChannelType", "report_end_date"],
        replication_key: Some("report_end_date"),
        selected_by_default: false,
        source: Source::Pages { pages: &replenishment::OFFERS, shape: replenishment::OF_OFFERS },
    },
    Stream {
        name: "replenishment_offer_forecast",
        schema: schema!("replenishment_offer_forecast"),
        keys: &["marketplace_id", "asin", "sku", "fulfillmentChannelType"],
        replication_key: None,
        selected_by_default: false,
        source: Source::Pages { pages: &replenishment::FORECAST, shape: replenishment::EXPECTED },
    },
    Stream {
        name: "vendor_purchase_orders",
        schema: schema!("vendor_purchase_orders"),
        keys: &["purchaseOrderNumber"],
        replication_key: None,
        selected_by_default: false,
        source: Source::Pages { pages: &PURCHASE_ORDERS, shape: PageShape::Elements },
    },
    Stream {
        name: "vendor_fulfilment_orders",
        schema: schema!("vendor_fulfilment_orders"),
        keys: &["purchaseOrderNumber"],
        replication_key: None,
        selected_by_default: false,
        source: Source::Pages { pages: &FULFILMENT_ORDERS, shape: PageShape::Elements },
    },
    Stream {
        name: "vendor_customer_invoices",
        schema: schema!("vendor_customer_invoices"),
        keys: &["purchaseOrderNumber"],
        replication_key: None,
        selected_by_default: false,
        source: Source::Pages { pages: &CUSTOMER_INVOICES, shape: PageShape::Elements },
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
