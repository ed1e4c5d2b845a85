//! The report's columns in the names of the Orders API.

use crate::record::{Column, Conversion};

/// The spellings of the Orders API for what the report spells otherwise.
const CHANNELS: Conversion = Conversion::Words(&[("Amazon", "AFN"), ("Merchant", "MFN")]);

/// The report has the British spelling of one status, the Orders API the American.
const STATUSES: Conversion = Conversion::Words(&[("Cancelled", "Canceled")]);

/// The spelling of the Orders API for what the report writes in two words.
const PRICES: Conversion = Conversion::Words(&[("Business Price", "BusinessPrice")]);

/// Amounts stand in one column and their currency in another.
const MONEY: Conversion = Conversion::Money { currency: "currency" };

/// The report's columns that become an order under another name or in another form.
pub(crate) const ORDER_COLUMNS: &[Column] = &[
    Column::renamed("merchant-order-id", "SellerOrderId"),
    Column::renamed("last-updated-date", "LastUpdateDate"),
    Column::new("order-status", "OrderStatus", STATUSES),
    Column::new("fulfillment-channel", "FulfillmentChannel", CHANNELS),
    Column::new("fulfilment-channel", "FulfillmentChannel", CHANNELS),
    Column::new("sales-channel", "MarketplaceId", Conversion::Marketplace),
    Column::renamed("ship-city", "ShippingAddress.City"),
    Column::renamed("ship-state", "ShippingAddress.StateOrRegion"),
    Column::renamed("ship-postal-code", "ShippingAddress.PostalCode"),
    Column::renamed("ship-country", "ShippingAddress.CountryCode"),
    Column::renamed("original-order-id", "ReplacedOrderId"),
];

/// The report's columns that become an order line under another name or in another form.
pub(crate) const ITEM_COLUMNS: &[Column] = &[
    Column::renamed("last-updated-date", "LastUpdateDate"),
    Column::new("sales-channel", "MarketplaceId", Conversion::Marketplace),
    Column::renamed("sku", "SellerSKU"),
    Column::renamed("product-name", "Title"),
    Column::renamed("quantity", "QuantityOrdered"),
    Column::new("item-price", "ItemPrice", MONEY),
    Column::new("item-tax", "ItemTax", MONEY),
    Column::new("shipping-price", "ShippingPrice", MONEY),
    Column::new("shipping-tax", "ShippingTax", MONEY),
    Column::new("gift-wrap-price", "GiftWrapPrice", MONEY),
    Column::new("gift-wrap-tax", "GiftWrapTax", MONEY),
    Column::new("item-promotion-discount", "PromotionDiscount", MONEY),
    Column::new("ship-promotion-discount", "ShippingDiscount", MONEY),
    Column::new("promotion-ids", "PromotionIds", Conversion::List),
    Column::new("price-designation", "PriceDesignation", PRICES),
    Column::renamed("tax-collection-model", "TaxCollection.Model"),
    Column::renamed("tax-collection-responsible-party", "TaxCollection.ResponsibleParty"),
];

/// Columns that belong to the order and are not repeated on its lines.
pub(super) const ORDER_ONLY: &[&str] = &[
    "merchant-order-id",
    "order-status",
    "fulfillment-channel",
    "fulfilment-channel",
    "sales-channel",
    "order-channel",
    "ship-service-level",
    "currency",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "is-business-order",
    "purchase-order-number",
    "is-replacement-order",
    "original-order-id",
    "is-iba",
    "is-sold-by-ab",
];
