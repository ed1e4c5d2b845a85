//! What is known of each type of report.
//!
//! A type that nothing else is said of is asked for, for one marketplace, by ranges of at most thirty
//! days. The sources are Amazon's reference of report types and its models of JSON documents, its list
//! of roles of January 2022, and what public clients of the API carry.

use super::ReportType as T;

/// Amazon's roles. Restricted ones are marked by Amazon with an (R).
const F: &str = "Amazon Fulfillment";
const B: &str = "Brand Analytics";
const D: &str = "Direct-to-Consumer Shipping (Restricted)";
const O: &str = "Inventory and Order Tracking";
const P: &str = "Pricing";
const L: &str = "Product Listing";
const M: &str = "Finance and Accounting";
const S: &str = "Selling Partner Insights";
const TI: &str = "Tax Invoicing (Restricted)";
const TR: &str = "Tax Remittance (Restricted)";

/// What took the place of reports that are gone.
const REPLENISHMENT: &str = "the Replenishment API";
const SETTLEMENT: &str = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2";
const LEDGER: &str = "GET_LEDGER_SUMMARY_VIEW_DATA and GET_LEDGER_DETAIL_VIEW_DATA";

/// All types that are known, by their subjects.
pub(super) static TYPES: &[T] = &[
    // Orders.
    T::tsv("GET_CONVERGED_FLAT_FILE_PENDING_ORDERS_DATA").roles(&[L]),
    T::unreadable("GET_EASYSHIP_DOCUMENTS", "PDF").listed().restricted().roles(&[D, TI]),
    T::tsv("GET_EASYSHIP_PICKEDUP").listed().roles(&[D]),
    T::tsv("GET_EASYSHIP_WAITING_FOR_PICKUP").listed().roles(&[D]),
    T::tsv("GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING").restricted().roles(&[D]),
    T::tsv("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL")
        .of_region()
        .roles(&[D, F, L, O, P]),
    T::tsv("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL").of_region().roles(&[D, F, O, P]),
    T::tsv("GET_FLAT_FILE_ARCHIVED_ORDERS_DATA_BY_ORDER_DATE").roles(&[D, F, O, P]),
    T::tsv("GET_FLAT_FILE_ORDER_REPORT_DATA_INVOICING").restricted().roles(&[TI]),
    T::tsv("GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING").restricted().roles(&[D]),
    T::tsv("GET_FLAT_FILE_ORDER_REPORT_DATA_TAX").restricted().roles(&[TR]),
    T::tsv("GET_FLAT_FILE_PENDING_ORDERS_DATA").roles(&[O]),
    T::xml("GET_ORDER_REPORT_DATA_INVOICING", "").scheduled().restricted().roles(&[TI]),
    T::xml("GET_ORDER_REPORT_DATA_SHIPPING", "").scheduled().restricted().roles(&[D]),
    T::xml("GET_ORDER_REPORT_DATA_TAX", "").scheduled().restricted().roles(&[TR]),
    T::xml("GET_PENDING_ORDERS_DATA", "").roles(&[O]),
    T::xml("GET_XML_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL", "AmazonEnvelope/Message/Order")
        .of_region()
        .roles(&[D, F, O, P]),
    T::xml("GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", "AmazonEnvelope/Message/Order")
        .of_region()
        .roles(&[D, F, O, P]),
    // Listings and the catalogue.
    T::tsv("GET_FLAT_FILE_GEO_OPPORTUNITIES").listed().snapshot().roles(&[D, L, O, P]),
    T::tsv("GET_FLAT_FILE_OPEN_LISTINGS_DATA").localized().snapshot().roles(&[D, L, O, P]),
    T::tsv("GET_MERCHANTS_LISTINGS_FYP_REPORT").snapshot().roles(&[L]),
    T::tsv("GET_MERCHANT_CANCELLED_LISTINGS_DATA").localized().snapshot().roles(&[D, L, O, P]),
    T::tsv("GET_MERCHANT_LISTINGS_ALL_DATA").localized().snapshot().roles(&[D, L, O, P]),
    T::tsv("GET_MERCHANT_LISTINGS_DATA").localized().snapshot().roles(&[D, L, O, P]),
    T::tsv("GET_MERCHANT_LISTINGS_DATA_BACK_COMPAT").localized().snapshot().roles(&[D, L, O, P]),
    T::tsv("GET_MERCHANT_LISTINGS_DATA_LITE").localized().snapshot().roles(&[D, L, O, P]),
    T::tsv("GET_MERCHANT_LISTINGS_DATA_LITER").localized().snapshot().roles(&[D, L, O, P]),
    T::tsv("GET_MERCHANT_LISTINGS_DEFECT_DATA").localized().listed().snapshot().roles(&[L, O, P]),
    T::tsv("GET_MERCHANT_LISTINGS_INACTIVE_DATA").localized().snapshot().roles(&[L, O, P]),
    T::tsv("GET_MFN_PAN_EU_OFFER_STATUS").snapshot(),
    T::tsv("GET_PAN_EU_OFFER_STATUS").snapshot().roles(&[D, F, L, O, P]),
    T::tsv("GET_REFERRAL_FEE_PREVIEW_REPORT").snapshot().roles(&[M]),
    T::xml("GET_XML_BROWSE_TREE_DATA", "Result/Node").snapshot().roles(&[D, L, O, P]),
    // Analytics.
    T::json("GET_B2B_PRODUCT_OPPORTUNITIES_NOT_YET_ON_AMAZON", "recommendations")
        .snapshot()
        .roles(&[L]),
    T::json("GET_B2B_PRODUCT_OPPORTUNITIES_RECOMMENDED_FOR_YOU", "recommendations")
        .snapshot()
        .roles(&[L]),
    T::json("GET_BRAND_ANALYTICS_ALTERNATE_PURCHASE_REPORT", "dataByAsin")
        .removed("")
        .periods()
        .roles(&[B]),
    T::json("GET_BRAND_ANALYTICS_ITEM_COMPARISON_REPORT", "dataByAsin")
        .removed("")
        .periods()
        .roles(&[B]),
    T::json("GET_BRAND_ANALYTICS_MARKET_BASKET_REPORT", "dataByAsin").periods().roles(&[B]),
    T::json("GET_BRAND_ANALYTICS_REPEAT_PURCHASE_REPORT", "dataByAsin").periods().roles(&[B]),
    T::json("GET_BRAND_ANALYTICS_SEARCH_CATALOG_PERFORMANCE_REPORT", "dataByAsin")
        .periods()
        .roles(&[B]),
    T::json("GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT", "dataByAsin")
        .periods()
        .roles(&[B]),
    T::json("GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT", "dataByDepartmentAndSearchTerm")
        .periods()
        .roles(&[B]),
    T::json("GET_COUPON_PERFORMANCE_REPORT", "coupons"),
    T::tsv("GET_FBA_SNS_PERFORMANCE_DATA").removed(REPLENISHMENT).roles(&[F]),
    T::json("GET_PROMOTION_PERFORMANCE_REPORT", "promotions").roles(&[B, S]),
    T::json("GET_SALES_AND_TRAFFIC_REPORT", "salesAndTrafficByAsin").days().kept(730).roles(&[B]),
    T::tsv("GET_SELLER_FEEDBACK_DATA").roles(&[F, S]),
    T::xml("GET_V1_SELLER_PERFORMANCE_REPORT", "").snapshot().roles(&[S]),
    T::json("GET_V2_SELLER_PERFORMANCE_REPORT", "performanceMetrics").snapshot().roles(&[S]),
    T::json("GET_VENDOR_DEMAND_FORECAST_REPORT", "")
        .removed("GET_VENDOR_FORECASTING_REPORT")
        .roles(&[B]),
    T::json("GET_VENDOR_FORECASTING_REPORT", "forecastByAsin").snapshot().roles(&[B]),
    T::json("GET_VENDOR_INVENTORY_HEALTH_AND_PLANNING_REPORT", "").roles(&[B]),
    T::json("GET_VENDOR_INVENTORY_REPORT", "inventoryByAsin").periods().roles(&[B]),
    T::json("GET_VENDOR_NET_PURE_PRODUCT_MARGIN_REPORT", "netPureProductMarginByAsin")
        .periods()
        .roles(&[B]),
    T::json("GET_VENDOR_REAL_TIME_INVENTORY_REPORT", "reportData").roles(&[B]),
    T::json("GET_VENDOR_REAL_TIME_SALES_REPORT", "reportData").roles(&[B]),
    T::json("GET_VENDOR_REAL_TIME_TRAFFIC_REPORT", "reportData").roles(&[B]),
    T::json("GET_VENDOR_SALES_DIAGNOSTIC_REPORT", "")
        .removed("GET_VENDOR_SALES_REPORT")
        .roles(&[B]),
    T::json("GET_VENDOR_SALES_REPORT", "salesByAsin").periods().roles(&[B]),
    T::json("GET_VENDOR_TRAFFIC_REPORT", "trafficByAsin").periods().roles(&[B]),
    // Money and taxes.
    T::unreadable("FEE_DISCOUNTS_REPORT", "XLSX").roles(&[L]),
    T::tsv("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX").restricted().roles(&[TR]),
    T::csv("GET_DATE_RANGE_FINANCIAL_HOLDS_DATA"),
    T::csv("GET_DATE_RANGE_FINANCIAL_TRANSACTION_DATA"),
    T::csv("GET_EPR_ANNUAL_REPORTS"),
    T::csv("GET_EPR_MONTHLY_REPORTS"),
    T::csv("GET_EPR_QUARTERLY_REPORTS"),
    T::tsv("GET_FBA_FULFILLMENT_CUSTOMER_TAXES_DATA").roles(&[F, TR]),
    T::csv("GET_FLAT_FILE_OFFAMAZONPAYMENTS_SANDBOX_SETTLEMENT_DATA").listed(),
    T::tsv("GET_FLAT_FILE_SALES_TAX_DATA").listed().roles(&[TR]),
    T::tsv("GET_FLAT_FILE_VAT_INVOICE_DATA_REPORT").roles(&[TI]),
    T::tsv("GET_GST_MTR_B2B_CUSTOM").restricted().roles(&[TI, TR]),
    T::tsv("GET_GST_MTR_B2C_CUSTOM").roles(&[TI, TR]),
    T::csv("GET_GST_STR_ADHOC"),
    T::tsv("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE")
        .removed(SETTLEMENT)
        .of_region()
        .roles(&[F, M]),
    T::tsv("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2").listed().of_region().roles(&[M]),
    T::xml("GET_V2_SETTLEMENT_REPORT_DATA_XML", "").removed(SETTLEMENT).of_region().roles(&[M]),
    T::tsv("GET_VAT_TRANSACTION_DATA").restricted().roles(&[M, TI]),
    T::xml("GET_XML_VAT_INVOICE_DATA_REPORT", "").roles(&[TI]),
    T::unreadable("RFQD_BULK_DOWNLOAD", "XLSX").roles(&[O]),
    T::csv("SC_VAT_TAX_REPORT").restricted().roles(&[TI]),
    // Fulfillment by Amazon.
    T::tsv("GET_AFN_INVENTORY_DATA").snapshot().remade(30).roles(&[F]),
    T::tsv("GET_AFN_INVENTORY_DATA_BY_COUNTRY").snapshot().remade(30).roles(&[F, P]),
    T::tsv("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL").kept(548).roles(&[F, O, P]),
    T::tsv("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING").restricted().roles(&[TI]),
    T::tsv("GET_EXCESS_INVENTORY_DATA").snapshot().roles(&[F, P]),
    T::tsv("GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA").snapshot().roles(&[F, P]),
    T::tsv("GET_FBA_FULFILLMENT_CURRENT_INVENTORY_DATA").removed(LEDGER).roles(&[F, P]),
    T::tsv("GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA").remade(240).roles(&[F, P]),
    T::tsv("GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_PROMOTION_DATA").roles(&[F, P]),
    T::tsv("GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA").remade(240).roles(&[F]),
    T::tsv("GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_SALES_DATA").kept(548).roles(&[F]),
    T::tsv("GET_FBA_FULFILLMENT_INBOUND_NONCOMPLIANCE_DATA").roles(&[F, P]),
    T::tsv("GET_FBA_FULFILLMENT_INVENTORY_ADJUSTMENTS_DATA").removed(LEDGER).roles(&[F, P]),
    T::tsv("GET_FBA_FULFILLMENT_INVENTORY_HEALTH_DATA").snapshot().roles(&[F, P]),
    T::tsv("GET_FBA_FULFILLMENT_INVENTORY_RECEIPTS_DATA").removed(LEDGER).roles(&[F, P]),
    T::tsv("GET_FBA_FULFILLMENT_INVENTORY_SUMMARY_DATA").removed(LEDGER).roles(&[F, P]),
    T::tsv("GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA").roles(&[F, P]),
    T::tsv("GET_FBA_FULFILLMENT_MONTHLY_INVENTORY_DATA").removed(LEDGER).roles(&[F, P]),
    T::tsv("GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA").roles(&[F, P]),
    T::tsv("GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA").remade(120).roles(&[F, P]),
    T::tsv("GET_FBA_INVENTORY_AGED_DATA").removed("GET_FBA_INVENTORY_PLANNING_DATA").roles(&[F, P]),
    T::tsv("GET_FBA_INVENTORY_PLANNING_DATA").snapshot().roles(&[F]),
    T::tsv("GET_FBA_MYI_ALL_INVENTORY_DATA").snapshot().remade(30).roles(&[F, P]),
    T::tsv("GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA").snapshot().remade(30).roles(&[F, P]),
    T::tsv("GET_FBA_OVERAGE_FEE_CHARGES_DATA").roles(&[F]),
    T::tsv("GET_FBA_RECOMMENDED_REMOVAL_DATA").snapshot().roles(&[F, P]),
    T::tsv("GET_FBA_REIMBURSEMENTS_DATA").remade(240).roles(&[F, P]),
    T::tsv("GET_FBA_SNS_FORECAST_DATA").removed(REPLENISHMENT).roles(&[F]),
    T::tsv("GET_FBA_STORAGE_FEE_CHARGES_DATA").roles(&[F, P]),
    T::tsv("GET_FBA_UNO_INVENTORY_DATA").snapshot().roles(&[F, P]),
    T::tsv("GET_LEDGER_DETAIL_VIEW_DATA").kept(548).roles(&[F]),
    T::tsv("GET_LEDGER_SUMMARY_VIEW_DATA").kept(548).roles(&[F]),
    T::tsv("GET_REMOTE_FULFILLMENT_ELIGIBILITY").snapshot().roles(&[D]),
    T::tsv("GET_RESERVED_INVENTORY_DATA").snapshot().roles(&[F, P]),
    T::tsv("GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT").snapshot().roles(&[F, P]),
    T::tsv("GET_STRANDED_INVENTORY_LOADER_DATA").snapshot().roles(&[F, P]),
    T::tsv("GET_STRANDED_INVENTORY_UI_DATA").snapshot().roles(&[F, P]),
    // Returns and others.
    T::csv("GET_CSV_MFN_PRIME_RETURNS_REPORT").roles(&[D, O, P]),
    T::tsv("GET_FLAT_FILE_MFN_SKU_RETURN_ATTRIBUTES_REPORT").roles(&[D, O, P]),
    T::tsv("GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE").longest(60).roles(&[D, O]),
    T::tsv("GET_PRODUCT_EXCHANGE_DATA").roles(&[F]),
    T::xml("GET_XML_MFN_PRIME_RETURNS_REPORT", "").roles(&[D, O, P]),
    T::xml("GET_XML_MFN_SKU_RETURN_ATTRIBUTES_REPORT", "").roles(&[D, O]),
    T::xml("GET_XML_RETURNS_DATA_BY_RETURN_DATE", "").longest(60).roles(&[D, O]),
];
