//! Which property of a record is where in an order of the Orders API 2026-01-01.
//!
//! After Amazon's own table for those who leave the Orders API v0 (selling-partner-api-samples). Left
//! out are names of v0 that nothing stands for any more, and `EasyShipShipmentStatus`: the states of
//! packages are in `packages`, of all carriers.

use super::form::Form;
use super::proceeds::{Part, Undivided};
use super::words::{
    ADDRESS, ASSOCIATIONS, CHANNELS, CLASSIFICATIONS, COLLECTIONS, CONDITIONS, CONSTRAINTS,
    INVOICES, MEASUREMENT, MONEY, PAYMENTS, PREFERENCES, PRICES, REPLACED, STATUSES, SUBSTITUTIONS,
};

/// A property of a record.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its name; with dots between, the names that lead to it.
    pub(crate) property: &'static str,
    /// Where it is; see [`path`](super::path).
    pub(crate) from: &'static str,
    /// What happens to it.
    pub(crate) form: Form,
    /// Whether it says something of the buyer, so that it is asked for only by those who may have it.
    pub(crate) is_personal: bool,
}

/// How the records of one stream come of an order.
#[derive(Debug)]
pub(crate) struct Table {
    /// Properties in other names or forms; those of one object stand together.
    pub(crate) fields: &'static [Field],
    /// The object whose other members are kept under Amazon's names; the order or the line itself where
    /// it is empty. Without that object there is no record.
    pub(crate) rest: &'static str,
    /// Members of that object that are kept, as far as Amazon's model has them.
    pub(crate) members: &'static [&'static str],
    /// Members of that object that are not kept: the fields, or other streams, have all of them.
    pub(crate) taken: &'static [&'static str],
    /// Those of the members that say something of the buyer.
    pub(crate) personal: &'static [&'static str],
}

const fn field(property: &'static str, from: &'static str, form: Form) -> Field {
    Field { property, from, form, is_personal: false }
}

const fn raw(property: &'static str, from: &'static str) -> Field {
    field(property, from, Form::Raw)
}

const fn personal(property: &'static str, from: &'static str, form: Form) -> Field {
    Field { property, from, form, is_personal: true }
}

const fn proceeds(property: &'static str, kind: &'static str) -> Field {
    let part = Part { kind, subtype: None, undivided: Undivided::Whole, is_reversed: false };
    field(property, "proceeds.breakdowns[]", Form::Proceeds(part))
}

const fn tax(property: &'static str, subtype: &'static str) -> Field {
    let (subtype, undivided) = (Some(subtype), Undivided::Unknown);
    let part = Part { kind: "TAX", subtype, undivided, is_reversed: false };
    field(property, "proceeds.breakdowns[]", Form::Proceeds(part))
}

const fn discount(property: &'static str, subtype: &'static str, undivided: Undivided) -> Field {
    let part = Part { kind: "DISCOUNT", subtype: Some(subtype), undivided, is_reversed: true };
    field(property, "proceeds.breakdowns[]", Form::Proceeds(part))
}

/// An order.
pub(super) static ORDERS: Table = Table {
    fields: &[
        raw("AmazonOrderId", "orderId"),
        raw("SellerOrderId", "orderAliases[aliasType=SELLER_ORDER_ID].aliasId"),
        raw("MarketplaceId", "salesChannel.marketplaceId"),
        raw("PurchaseDate", "createdTime"),
        raw("LastUpdateDate", "lastUpdatedTime"),
        field("OrderStatus", "fulfillment.fulfillmentStatus", STATUSES),
        field("FulfillmentChannel", "fulfillment.fulfilledBy", CHANNELS),
        raw("SalesChannel", "salesChannel.marketplaceName"),
        // Whole, under a name that differs from the one above in more than its case.
        raw("channel", "salesChannel"),
        raw("ShipmentServiceLevelCategory", "fulfillment.fulfillmentServiceLevel"),
        raw("EarliestShipDate", "fulfillment.shipByWindow.earliestDateTime"),
        raw("LatestShipDate", "fulfillment.shipByWindow.latestDateTime"),
        raw("EarliestDeliveryDate", "fulfillment.deliverByWindow.earliestDateTime"),
        raw("LatestDeliveryDate", "fulfillment.deliverByWindow.latestDateTime"),
        personal("ShippingAddress.City", "recipient.deliveryAddress.city", Form::Raw),
        personal(
            "ShippingAddress.StateOrRegion",
            "recipient.deliveryAddress.stateOrRegion",
            Form::Raw,
        ),
        personal("ShippingAddress.PostalCode", "recipient.deliveryAddress.postalCode", Form::Raw),
        personal("ShippingAddress.CountryCode", "recipient.deliveryAddress.countryCode", Form::Raw),
        personal(
            "IsAccessPointOrder",
            "recipient.deliveryAddress.addressType",
            Form::Is("PICKUP_POINT"),
        ),
        field("OrderTotal", "proceeds.grandTotal", MONEY),
        field("NumberOfItemsShipped", "orderItems[].fulfillment.quantityFulfilled", Form::Sum),
        field("NumberOfItemsUnshipped", "orderItems[].fulfillment.quantityUnfulfilled", Form::Sum),
        field("OrderType", "programs[]", Form::Either("PREORDER", ["Preorder", "StandardOrder"])),
        field("IsBusinessOrder", "programs[]", Form::Has("AMAZON_BUSINESS")),
        field("IsPrime", "programs[]", Form::Has("PRIME")),
        field("IsPremiumOrder", "programs[]", Form::Has("PREMIUM")),
        field("IsISPU", "programs[]", Form::Has("IN_STORE_PICK_UP")),
        field("IsIBA", "programs[]", Form::Has("INVOICE_BY_AMAZON")),
        field("IsReplacementOrder", REPLACED, Form::Exists),
        raw(
            "ReplacedOrderId",
            "associatedOrders[associationType=REPLACEMENT_ORIGINAL_ID|EXCHANGE_ORIGINAL_ID].orderId",
        ),
        personal("PurchaseOrderNumber", "buyer.buyerPurchaseOrderNumber", Form::Raw),
        field("PaymentMethodDetails", "payment.paymentExecutions[].paymentMethod", Form::List(&[])),
        field("PaymentExecutionDetail", "payment.paymentExecutions[]", Form::List(PAYMENTS)),
        field("ElectronicInvoiceStatus", "tax.taxInvoicing.invoiceStatus", INVOICES),
        raw("BuyerInvoicePreference", "tax.taxInvoicing.buyerInvoicePreference"),
        raw("SellerDisplayName", "tax.taxRegistrations[entityType=MERCHANT].legalName"),
        field(
            "MarketplaceTaxInfo.TaxClassifications",
            "tax.taxRegistrations[entityType=MARKETPLACE]",
            Form::List(CLASSIFICATIONS),
        ),
        personal(
            "BuyerTaxInformation.BuyerLegalCompanyName",
            "tax.taxRegistrations[entityType=BUYER].legalName",
            Form::Raw,
        ),
        personal(
            "BuyerTaxInformation.BuyerTaxRegistrationId",
            "tax.taxRegistrations[entityType=BUYER].taxRegistrationNumber",
            Form::Raw,
        ),
        personal(
            "BuyerTaxInformation.BuyerTaxOffice",
            "tax.taxRegistrations[entityType=BUYER].taxRegistrationAttributes[key=TAX_OFFICE].value",
            Form::Raw,
        ),
    ],
    rest: "",
    members: &[
        "orderAliases",
        "programs",
        "associatedOrders",
        "proceeds",
        "payment",
        "tax",
        "fulfillment",
        "packages",
        "fulfillmentOrders",
    ],
    taken: &[
        "orderId",
        "createdTime",
        "lastUpdatedTime",
        "salesChannel",
        "buyer",
        "recipient",
        "orderItems",
    ],
    personal: &["tax"],
};

/// A line of an order.
pub(super) static ITEMS: Table = Table {
    fields: &[
        raw("AmazonOrderId", "^orderId"),
        raw("OrderItemKey", "orderItemId"),
        raw("OrderItemId", "orderItemId"),
        raw("MarketplaceId", "^salesChannel.marketplaceId"),
        raw("PurchaseDate", "^createdTime"),
        raw("LastUpdateDate", "^lastUpdatedTime"),
        raw("ASIN", "product.asin"),
        raw("SellerSKU", "product.sellerSku"),
        raw("Title", "product.title"),
        raw("QuantityOrdered", "quantityOrdered"),
        raw("QuantityShipped", "fulfillment.quantityFulfilled"),
        field("Measurement", "measurement", MEASUREMENT),
        proceeds("ItemPrice", "ITEM"),
        tax("ItemTax", "ITEM"),
        proceeds("ShippingPrice", "SHIPPING"),
        tax("ShippingTax", "SHIPPING"),
        proceeds("GiftWrapPrice", "GIFT_WRAP"),
        tax("GiftWrapTax", "GIFT_WRAP"),
        discount("PromotionDiscount", "ITEM", Undivided::Whole),
        tax("PromotionDiscountTax", "DISCOUNT"),
        discount("ShippingDiscount", "SHIPPING", Undivided::Unknown),
        proceeds("CODFee", "COD_FEE"),
        discount("CODFeeDiscount", "COD_FEE", Undivided::Unknown),
        field("PromotionIds", "promotion.breakdowns[].promotionId", Form::List(&[])),
        raw("PointsGranted.PointsNumber", "expense.pointsCost.pointsGranted.pointsNumber"),
        field(
            "PointsGranted.PointsMonetaryValue",
            "expense.pointsCost.pointsGranted.pointsMonetaryValue",
            MONEY,
        ),
        raw("ConditionNote", "product.condition.conditionNote"),
        field("ConditionId", "product.condition.conditionType", CONDITIONS),
        field("ConditionSubtypeId", "product.condition.conditionSubtype", CONDITIONS),
        field("PriceDesignation", "product.price.priceDesignation", PRICES),
        raw("SerialNumbers", "product.serialNumbers"),
        raw(
            "ScheduledDeliveryStartDate",
            "fulfillment.shipping.scheduledDeliveryWindow.earliestDateTime",
        ),
        raw(
            "ScheduledDeliveryEndDate",
            "fulfillment.shipping.scheduledDeliveryWindow.latestDateTime",
        ),
        field("ShippingConstraints", "fulfillment.shipping.shippingConstraints", CONSTRAINTS),
        raw("IossNumber", "fulfillment.shipping.internationalShipping.iossNumber"),
        field(
            "SubstitutionPreferences",
            "fulfillment.picking.substitutionPreference",
            SUBSTITUTIONS,
        ),
        field("SerialNumberRequired", "fulfillment.packing.serialNumberRequirement", Form::Exists),
        field("IsTransparency", "programs[]", Form::Has("TRANSPARENCY")),
        raw("AmazonPrograms.Programs", "programs"),
        field(
            "BuyerRequestedCancel.IsBuyerRequestedCancel",
            "cancellation.cancellationRequest.requester",
            Form::Has("BUYER"),
        ),
        raw(
            "BuyerRequestedCancel.BuyerCancelReason",
            "cancellation.cancellationRequest.cancelReason",
        ),
        field("TaxCollection.Model", "tax.taxCollections[].model", COLLECTIONS),
        raw("TaxCollection.ResponsibleParty", "tax.taxCollections[].responsibleParty"),
        raw("DeemedResellerCategory", "tax.taxCalculationBreakdowns[].reportingScheme"),
        field("AssociatedItems", "associatedOrderItems", ASSOCIATIONS),
        personal("IsGift", "fulfillment.packing.giftOption", Form::Exists),
        personal(
            "BuyerInfo.BuyerCustomizedInfo.CustomizedURL",
            "product.customization.customizedUrl",
            Form::Raw,
        ),
        personal(
            "BuyerInfo.GiftMessageText",
            "fulfillment.packing.giftOption.giftMessage",
            Form::Raw,
        ),
        personal(
            "BuyerInfo.GiftWrapLevel",
            "fulfillment.packing.giftOption.giftWrapLevel",
            Form::Raw,
        ),
    ],
    rest: "",
    members: &["product", "proceeds", "expense", "promotion", "cancellation", "fulfillment", "tax"],
    taken: &["orderItemId", "quantityOrdered", "measurement", "programs", "associatedOrderItems"],
    personal: &[],
};

/// The buyer of an order.
pub(super) static BUYERS: Table = Table {
    fields: &[
        raw("AmazonOrderId", "orderId"),
        raw("MarketplaceId", "salesChannel.marketplaceId"),
        raw("PurchaseDate", "createdTime"),
        raw("LastUpdateDate", "lastUpdatedTime"),
        personal("BuyerEmail", "buyer.buyerEmail", Form::Raw),
        personal("BuyerName", "buyer.buyerName", Form::Raw),
        personal("BuyerCompanyName", "buyer.buyerCompanyName", Form::Raw),
        personal("PurchaseOrderNumber", "buyer.buyerPurchaseOrderNumber", Form::Raw),
    ],
    rest: "buyer",
    members: &[],
    taken: &["buyerEmail", "buyerName", "buyerCompanyName", "buyerPurchaseOrderNumber"],
    personal: &[],
};

/// Where an order goes.
pub(super) static ADDRESSES: Table = Table {
    fields: &[
        raw("AmazonOrderId", "orderId"),
        raw("MarketplaceId", "salesChannel.marketplaceId"),
        raw("PurchaseDate", "createdTime"),
        raw("LastUpdateDate", "lastUpdatedTime"),
        personal("ShippingAddress", "recipient.deliveryAddress", ADDRESS),
        personal("DeliveryPreferences", "recipient.deliveryPreference", PREFERENCES),
    ],
    rest: "recipient",
    members: &[],
    taken: &["deliveryAddress", "deliveryPreference"],
    personal: &[],
};
