//! The roles that report types need: Amazon's list of January 2022, as far as the types are made here or
//! are restricted, and for the younger sales and traffic what Amazon's page of the type says.
//!
//! Without any of its roles a type is 403 where it is asked for (selling-partner-api-docs#375, #769,
//! selling-partner-api-models#4508) and where it is listed (selling-partner-api-docs#2319).

use super::Amazon;
use super::error::Refusal;
use super::role::{RESTRICTED, Role};
use Role::{
    AmazonFulfillment, BrandAnalytics, DirectToConsumerShipping, FinanceAndAccounting,
    InventoryAndOrderTracking, Pricing, ProductListing, TaxInvoicing, TaxRemittance,
};

/// Of each type any one of its roles is enough.
const RIGHTS: &[(&str, &[Role])] = &[
    ("GET_AFN_INVENTORY_DATA_BY_COUNTRY", &[AmazonFulfillment, Pricing]),
    ("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING", &[TaxInvoicing]),
    ("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX", &[TaxRemittance]),
    ("GET_EASYSHIP_DOCUMENTS", &[DirectToConsumerShipping, TaxInvoicing]),
    ("GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", &[AmazonFulfillment, Pricing]),
    ("GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_SALES_DATA", &[AmazonFulfillment]),
    ("GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA", &[AmazonFulfillment, Pricing]),
    ("GET_FBA_REIMBURSEMENTS_DATA", &[AmazonFulfillment, Pricing]),
    ("GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING", &[DirectToConsumerShipping]),
    (
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
        &[
            AmazonFulfillment,
            DirectToConsumerShipping,
            InventoryAndOrderTracking,
            Pricing,
            ProductListing,
        ],
    ),
    ("GET_FLAT_FILE_ORDER_REPORT_DATA_INVOICING", &[TaxInvoicing]),
    ("GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING", &[DirectToConsumerShipping]),
    ("GET_FLAT_FILE_ORDER_REPORT_DATA_TAX", &[TaxRemittance]),
    ("GET_GST_MTR_B2B_CUSTOM", &[TaxInvoicing, TaxRemittance]),
    ("GET_LEDGER_DETAIL_VIEW_DATA", &[AmazonFulfillment]),
    ("GET_LEDGER_SUMMARY_VIEW_DATA", &[AmazonFulfillment]),
    (
        "GET_MERCHANT_LISTINGS_ALL_DATA",
        &[DirectToConsumerShipping, InventoryAndOrderTracking, Pricing, ProductListing],
    ),
    ("GET_ORDER_REPORT_DATA_INVOICING", &[TaxInvoicing]),
    ("GET_ORDER_REPORT_DATA_SHIPPING", &[DirectToConsumerShipping]),
    ("GET_ORDER_REPORT_DATA_TAX", &[TaxRemittance]),
    ("GET_SALES_AND_TRAFFIC_REPORT", &[BrandAnalytics]),
    ("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2", &[FinanceAndAccounting]),
    ("GET_VAT_TRANSACTION_DATA", &[FinanceAndAccounting, TaxInvoicing]),
    ("SC_VAT_TAX_REPORT", &[TaxInvoicing]),
];

/// The roles of `report_type`; none where nobody has shown which.
fn roles(report_type: &str) -> &'static [Role] {
    RIGHTS.iter().find(|(name, _)| *name == report_type).map_or(&[], |(_, roles)| roles)
}

/// Lets pass who may have reports of `report_type`.
pub(super) fn check(amazon: &Amazon, report_type: &str) -> Result<(), Refusal> {
    let may = amazon.authorization().has_any(roles(report_type));
    if may { Ok(()) } else { Err(Refusal::forbidden()) }
}

/// The roles of which one opens the documents of a restricted type: the restricted ones of its own.
pub(super) fn of_document(report_type: &str) -> Vec<Role> {
    let own = roles(report_type).iter().copied();
    own.filter(|role| RESTRICTED.contains(role)).collect()
}
