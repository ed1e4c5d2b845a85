//! The roles that the seller's authorisation carries: what they open, and what is missing without
//! them.

use super::error::Refusal;
use clap::{Args, ValueEnum};

/// A role, by Amazon's name of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Amazon Fulfillment.
    AmazonFulfillment,
    /// Amazon Warehousing and Distribution.
    AmazonWarehousingAndDistribution,
    /// Brand Analytics.
    BrandAnalytics,
    /// Buyer Communication.
    BuyerCommunication,
    /// Direct-to-Consumer Shipping, which is restricted.
    DirectToConsumerShipping,
    /// Finance and Accounting.
    FinanceAndAccounting,
    /// Inventory and Order Tracking.
    InventoryAndOrderTracking,
    /// Pricing.
    Pricing,
    /// Product Listing.
    ProductListing,
    /// Selling Partner Insights.
    SellingPartnerInsights,
    /// Tax Invoicing, which is restricted.
    TaxInvoicing,
    /// Tax Remittance, which is restricted.
    TaxRemittance,
}

use Role::{
    AmazonFulfillment, AmazonWarehousingAndDistribution, BrandAnalytics, BuyerCommunication,
    DirectToConsumerShipping, FinanceAndAccounting, InventoryAndOrderTracking, Pricing,
    ProductListing, SellingPartnerInsights, TaxInvoicing, TaxRemittance,
};

/// Any of these opens Sellers (Amazon's table of roles).
pub(super) const SELLERS: &[Role] = &[
    AmazonFulfillment,
    BuyerCommunication,
    DirectToConsumerShipping,
    FinanceAndAccounting,
    InventoryAndOrderTracking,
    Pricing,
    ProductListing,
    SellingPartnerInsights,
];

/// Any of these opens Orders 2026-01-01.
pub(super) const ORDERS: &[Role] = &[
    AmazonFulfillment,
    BuyerCommunication,
    DirectToConsumerShipping,
    FinanceAndAccounting,
    InventoryAndOrderTracking,
    Pricing,
    ProductListing,
    SellingPartnerInsights,
    TaxInvoicing,
    TaxRemittance,
];

/// This opens Finances.
pub(super) const FINANCES: &[Role] = &[FinanceAndAccounting];

/// Any of these opens listFinancialEvents of Finances v0.
pub(super) const FINANCES_V0: &[Role] = &[FinanceAndAccounting, AmazonFulfillment];

/// Any of these opens FBA Inventory.
pub(super) const INVENTORY: &[Role] = &[ProductListing, AmazonFulfillment];

/// This opens Warehousing and Distribution.
pub(super) const AWD: &[Role] = &[AmazonWarehousingAndDistribution];

/// This opens Replenishment.
pub(super) const REPLENISHMENT: &[Role] = &[BrandAnalytics];

/// This opens Listings Items.
pub(super) const LISTINGS: &[Role] = &[ProductListing];

/// Any of these opens a vendor's purchase orders.
pub(super) const PURCHASE_ORDERS: &[Role] = &[AmazonFulfillment, InventoryAndOrderTracking];

/// This opens a vendor's direct fulfillment.
pub(super) const DIRECT_FULFILLMENT: &[Role] = &[DirectToConsumerShipping];

/// The roles that are restricted: without one of them orders have no buyers' data.
pub(super) const RESTRICTED: &[Role] = &[DirectToConsumerShipping, TaxInvoicing, TaxRemittance];

/// What Amazon does when buyers' data are asked for and no role opens them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Unauthorized {
    /// They are left out, as Amazon documents.
    #[default]
    Omit,
    /// The call is 403, as some sellers have reported (selling-partner-api-models#5319).
    Refuse,
}

/// Who has authorised the application.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Account {
    /// A seller, who has no business with vendors' operations.
    #[default]
    Seller,
    /// A vendor, who has none with sellers'.
    Vendor,
}

/// What the seller has authorised.
#[derive(Debug, Clone, Default, Args)]
pub struct Authorization {
    /// Whose account it is.
    #[arg(long, value_name = "WHOSE", default_value = "seller")]
    pub account: Account,
    /// A role that the seller has not given; may be repeated. Without it all are given.
    #[arg(long = "missing-role", value_name = "ROLE")]
    pub missing_roles: Vec<Role>,
    /// What becomes of buyers' data in Orders that no role opens.
    #[arg(long, value_name = "HOW", default_value = "omit")]
    pub unauthorized_data: Unauthorized,
}

impl Authorization {
    /// Whether one of `roles` is given; of an empty list none is needed.
    pub(super) fn has_any(&self, roles: &[Role]) -> bool {
        roles.is_empty() || roles.iter().any(|role| !self.missing_roles.contains(role))
    }

    /// Lets pass whom the operations at `path` are for: sellers', vendors', or both's.
    pub(super) fn admit(&self, path: &str) -> Result<(), Refusal> {
        let is_open = match self.account {
            Account::Seller => !path.starts_with("/vendor/"),
            Account::Vendor => {
                let sellers = ["/sellers/", "/orders/", "/finances/", "/fba/"];
                !sellers.iter().any(|prefix| path.starts_with(prefix))
            }
        };
        if is_open { Ok(()) } else { Err(Refusal::denied("")) }
    }

    /// Lets pass who has one of `roles`.
    pub(super) fn check(&self, roles: &[Role]) -> Result<(), Refusal> {
        if self.has_any(roles) { Ok(()) } else { Err(Refusal::denied("")) }
    }
}
