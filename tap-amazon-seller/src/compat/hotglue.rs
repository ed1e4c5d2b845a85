//! The streams of hotglue's `tap-amazon-seller`: names, schemas and keys as flows that read it expect them.
//!
//! What differs in the contents, because the original cannot be had any more or was never right:
//! `product_details` has the contents of today's catalogue under the names of the catalogue that Amazon has
//! switched off; `sales_traffic_report` is a document a day, not one a fortnight, so that its figures by ASIN
//! are those of a day; `orderfinancialevents` has what an order earned and cost on a day, one record for each
//! day; `marketplace_id` is the country code, as there.

use serde::Deserialize;

use super::{Dress, From, Made};
use crate::pages::order::Share;
use crate::streams::lists::ORDERS;
use crate::streams::{PageShape, Shape};

/// Includes `schemas/hotglue/<name>.json`, so that a missing file is a compile error.
macro_rules! schema {
    ($name:literal) => {
        include_str!(concat!("../../../schemas/hotglue/", $name, ".json"))
    };
}

/// How the columns of listings are spelt: it changed from version to version of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListingColumns {
    /// `listing_id`, as in its last versions.
    #[default]
    Underscores,
    /// `listing-id`, as in the report, in older versions and in branches for single customers.
    Dashes,
}

/// Where the original has streams from, and this tap by default does not: streams and names of sources.
pub const HOTGLUE_SOURCES: &[(&str, &str)] = &[("orders", "api"), ("warehouse_inventory", "api")];

/// The marketplace as its country code.
const MARKETPLACE: (&str, From) = ("marketplace_id", From::Country("marketplace_id"));

/// A stream whose records have no key.
const KEYLESS: &[&str] = &[];

/// All streams, in the order in which they are extracted.
#[must_use]
pub fn hotglue(columns: ListingColumns) -> Vec<&'static Dress> {
    let listings = match columns {
        ListingColumns::Underscores => &LISTINGS,
        ListingColumns::Dashes => &LISTINGS_WITH_DASHES,
    };
    let mut streams: Vec<_> = STREAMS.iter().collect();
    streams.push(listings);
    streams
}

static LISTINGS: Dress = Dress {
    name: "products_inventory",
    schema: schema!("products_inventory"),
    keys: &["listing_id"],
    replication_key: None,
    selected_by_default: true,
    of: Made::Of("products_inventory"),
    members: &[
        MARKETPLACE,
        ("item_name", From::Path(&["item-name"])),
        ("item_description", From::Path(&["item-description"])),
        ("listing_id", From::Path(&["listing-id"])),
        ("seller_sku", From::Path(&["seller-sku"])),
        ("open_date", From::Path(&["open-date"])),
        ("image_url", From::Path(&["image-url"])),
        ("item_is_marketplace", From::Path(&["item-is-marketplace"])),
        ("product_id_type", From::Path(&["product-id-type"])),
        ("zshop_shipping_fee", From::Path(&["zshop-shipping-fee"])),
        ("item_note", From::Path(&["item-note"])),
        ("item_condition", From::Path(&["item-condition"])),
        ("zshop_category1", From::Path(&["zshop-category1"])),
        ("zshop_browse_path", From::Path(&["zshop-browse-path"])),
        ("will_ship_internationally", From::Path(&["will-ship-internationally"])),
        ("zshop_boldface", From::Path(&["zshop-boldface"])),
        ("product_id", From::Path(&["product-id"])),
        ("bid_for_featured_placement", From::Path(&["bid-for-featured-placement"])),
        ("add_delete", From::Path(&["add-delete"])),
        ("pending_quantity", From::Path(&["pending-quantity"])),
        ("fulfilment_channel", From::Path(&["fulfillment-channel"])),
        ("merchant_shipping_group", From::Path(&["merchant-shipping-group"])),
    ],
};

static LISTINGS_WITH_DASHES: Dress = Dress {
    name: "products_inventory",
    schema: schema!("products_inventory_dashed"),
    keys: &["listing-id"],
    replication_key: None,
    selected_by_default: true,
    of: Made::Of("products_inventory"),
    members: &[MARKETPLACE, ("fulfilment-channel", From::Path(&["fulfillment-channel"]))],
};

static STREAMS: &[Dress] = &[
    Dress {
        name: "marketplaces",
        schema: schema!("marketplaces"),
        keys: &["id"],
        replication_key: None,
        selected_by_default: true,
        of: Made::Of("marketplaces"),
        members: &[("id", From::Country("id"))],
    },
    Dress {
        name: "account",
        schema: schema!("account"),
        keys: KEYLESS,
        replication_key: None,
        selected_by_default: false,
        of: Made::Of("account"),
        members: &[],
    },
    Dress {
        name: "orders",
        schema: schema!("orders"),
        keys: &["AmazonOrderId"],
        replication_key: Some("LastUpdateDate"),
        selected_by_default: true,
        of: Made::Of("orders"),
        members: &[],
    },
    Dress {
        name: "orderitems",
        schema: schema!("orderitems"),
        keys: &["AmazonOrderId"],
        replication_key: None,
        selected_by_default: true,
        of: Made::Pages(&ORDERS, PageShape::Order(Share::Lines)),
        members: &[],
    },
    Dress {
        name: "orderbuyerinfo",
        schema: schema!("orderbuyerinfo"),
        keys: &["AmazonOrderId"],
        replication_key: None,
        selected_by_default: false,
        of: Made::Of("order_buyer_info"),
        members: &[],
    },
    Dress {
        name: "orderaddress",
        schema: schema!("orderaddress"),
        keys: &["AmazonOrderId"],
        replication_key: None,
        selected_by_default: false,
        of: Made::Of("order_address"),
        members: &[],
    },
    Dress {
        name: "afn_inventory_country",
        schema: schema!("afn_inventory_country"),
        keys: KEYLESS,
        replication_key: None,
        selected_by_default: true,
        of: Made::Of("afn_inventory_country"),
        members: &[],
    },
    Dress {
        name: "fba_inventory_ledger_detailed",
        schema: schema!("fba_inventory_ledger_detailed"),
        keys: KEYLESS,
        replication_key: Some("Date"),
        selected_by_default: true,
        of: Made::Of("fba_inventory_ledger"),
        members: &[("report_end_date", From::ReportEnd)],
    },
    Dress {
        name: "fba_inventory_ledger_summary",
        schema: schema!("fba_inventory_ledger_summary"),
        keys: KEYLESS,
        replication_key: Some("report_end_date"),
        selected_by_default: false,
        of: Made::Of("fba_inventory_ledger_summary"),
        members: &[
            ("reportId", From::ReportId),
            ("MarketplaceName", From::Country("marketplace_id")),
            ("report_end_date", From::ReportEnd),
        ],
    },
    Dress {
        name: "fba_customer_shipment_sales",
        schema: schema!("fba_customer_shipment_sales"),
        keys: KEYLESS,
        replication_key: Some("shipment-date"),
        selected_by_default: true,
        of: Made::Of("fba_customer_shipment_sales"),
        members: &[],
    },
    Dress {
        name: "reports",
        schema: schema!("reports"),
        keys: &["reportId"],
        replication_key: None,
        selected_by_default: false,
        of: Made::Of("fba_inventory_ledger"),
        members: &[("reportId", From::ReportId), ("marketplaceIds", From::Alone("marketplace_id"))],
    },
    Dress {
        name: "product_details",
        schema: schema!("product_details"),
        keys: &["ASIN"],
        replication_key: None,
        selected_by_default: false,
        of: Made::Of("product_catalog"),
        members: &[
            MARKETPLACE,
            ("ASIN", From::Path(&["asin"])),
            ("Identifiers", From::Path(&["identifiers"])),
            ("AttributeSets", From::Alone("attributes")),
            ("Relationships", From::Path(&["relationships"])),
            ("SalesRankings", From::Path(&["salesRanks"])),
        ],
    },
    Dress {
        name: "product_catalog_details",
        schema: schema!("product_catalog_details"),
        keys: &["ASIN"],
        replication_key: None,
        selected_by_default: true,
        of: Made::Of("product_catalog"),
        members: &[MARKETPLACE, ("ASIN", From::Path(&["asin"]))],
    },
    Dress {
        name: "warehouse_inventory",
        schema: schema!("warehouse_inventory"),
        keys: &["asin", "fnSku", "sellerSku"],
        replication_key: None,
        selected_by_default: true,
        of: Made::Of("warehouse_inventory"),
        members: &[
            MARKETPLACE,
            ("granularityType", From::Text("Marketplace")),
            ("granularityId", From::Path(&["marketplace_id"])),
        ],
    },
    Dress {
        name: "awd_inventory",
        schema: schema!("awd_inventory"),
        keys: &["sku"],
        replication_key: None,
        selected_by_default: false,
        of: Made::Of("awd_inventory"),
        members: &[],
    },
    Dress {
        name: "sales_traffic_report",
        schema: schema!("sales_traffic_report"),
        keys: &["reportId"],
        replication_key: Some("report_end_date"),
        selected_by_default: true,
        of: Made::From("sales_traffic_report", Shape::Whole),
        members: &[("reportId", From::ReportId), ("report_end_date", From::ReportEnd)],
    },
    Dress {
        name: "orderfinancialevents",
        schema: schema!("orderfinancialevents"),
        keys: &["AmazonOrderId"],
        replication_key: None,
        selected_by_default: false,
        of: Made::Of("order_financial_events"),
        members: &[],
    },
    Dress {
        name: "list_order_financial_events",
        schema: schema!("list_order_financial_events"),
        keys: &["AmazonOrderId", "RequestPK"],
        replication_key: Some("LastUpdateDate"),
        selected_by_default: false,
        of: Made::Of("order_financial_events"),
        members: &[
            ("RequestPK", From::Path(&["PostedDate"])),
            ("LastUpdateDate", From::Path(&["PostedDate"])),
        ],
    },
    Dress {
        name: "replenishment_daily_metrics",
        schema: schema!("replenishment_daily_metrics"),
        keys: &["marketplace_id", "report_end_date"],
        replication_key: Some("report_end_date"),
        selected_by_default: false,
        of: Made::Of("replenishment_daily_metrics"),
        members: &[MARKETPLACE],
    },
    Dress {
        name: "replenishment_rolling_metrics",
        schema: schema!("replenishment_rolling_metrics"),
        keys: &["marketplace_id", "interval_start_date", "interval_end_date"],
        replication_key: None,
        selected_by_default: false,
        of: Made::Of("replenishment_rolling_metrics"),
        members: &[MARKETPLACE],
    },
    Dress {
        name: "replenishment_offer_metrics",
        schema: schema!("replenishment_offer_metrics"),
        keys: &["marketplace_id", "asin", "sku", "fulfillmentChannelType", "report_end_date"],
        replication_key: Some("report_end_date"),
        selected_by_default: false,
        of: Made::Of("replenishment_offer_metrics"),
        members: &[MARKETPLACE],
    },
    Dress {
        name: "replenishment_offer_forecast",
        schema: schema!("replenishment_offer_forecast"),
        keys: &["marketplace_id", "asin", "sku", "fulfillmentChannelType"],
        replication_key: None,
        selected_by_default: false,
        of: Made::Of("replenishment_offer_forecast"),
        members: &[MARKETPLACE, ("synced_at", From::ExtractedAt)],
    },
    Dress {
        name: "vendor_purchase_orders",
        schema: schema!("vendor_purchase_orders"),
        keys: &["purchaseOrderNumber"],
        replication_key: None,
        selected_by_default: false,
        of: Made::Of("vendor_purchase_orders"),
        members: &[
            ("deliveryWindow", From::Path(&["orderDetails", "deliveryWindow"])),
            ("items", From::Path(&["orderDetails", "items"])),
        ],
    },
    Dress {
        name: "vendor_fulfilment_purchase_orders",
        schema: schema!("vendor_fulfilment_purchase_orders"),
        keys: &["purchaseOrderNumber"],
        replication_key: None,
        selected_by_default: false,
        of: Made::Of("vendor_fulfilment_orders"),
        members: &[],
    },
    Dress {
        name: "vendor_fulfilment_customer_invoices",
        schema: schema!("vendor_fulfilment_customer_invoices"),
        keys: &["purchaseOrderNumber"],
        replication_key: None,
        selected_by_default: false,
        of: Made::Of("vendor_customer_invoices"),
        members: &[],
    },
];
