//! Values of the Orders API 2026-01-01 in the words and the shapes of the Orders API v0.

use super::form::{Form, Member};

pub(super) const MONEY: Form =
    Form::Renamed(&[Member::raw("currencyCode", "CurrencyCode"), Member::raw("amount", "Amount")]);

pub(super) const STATUSES: Form = Form::Words(&[
    ("PENDING_AVAILABILITY", "PendingAvailability"),
    ("PENDING", "Pending"),
    ("UNSHIPPED", "Unshipped"),
    ("PARTIALLY_SHIPPED", "PartiallyShipped"),
    ("SHIPPED", "Shipped"),
    ("CANCELLED", "Canceled"),
    ("UNFULFILLABLE", "Unfulfillable"),
    ("INVOICE_UNCONFIRMED", "InvoiceUnconfirmed"),
]);

pub(super) const CHANNELS: Form = Form::Words(&[("AMAZON", "AFN"), ("MERCHANT", "MFN")]);

pub(super) const INVOICES: Form = Form::Words(&[
    ("NOT_REQUIRED", "NotRequired"),
    ("NOT_FOUND", "NotFound"),
    ("PROCESSING", "Processing"),
    ("ERRORED", "Errored"),
    ("ACCEPTED", "Accepted"),
]);

pub(super) const CONDITIONS: Form = Form::Words(&[
    ("NEW", "New"),
    ("USED", "Used"),
    ("COLLECTIBLE", "Collectible"),
    ("REFURBISHED", "Refurbished"),
    ("PREORDER", "Preorder"),
    ("CLUB", "Club"),
    ("MINT", "Mint"),
    ("VERY_GOOD", "Very Good"),
    ("GOOD", "Good"),
    ("ACCEPTABLE", "Acceptable"),
    ("POOR", "Poor"),
    ("OEM", "OEM"),
    ("WARRANTY", "Warranty"),
    ("REFURBISHED_WARRANTY", "Refurbished Warranty"),
    ("OPEN_BOX", "Open Box"),
    ("ANY", "Any"),
    ("OTHER", "Other"),
]);

pub(super) const PRICES: Form = Form::Words(&[("BUSINESS_PRICE", "BusinessPrice")]);

pub(super) const COLLECTIONS: Form =
    Form::Words(&[("MARKETPLACE_FACILITATOR", "MarketplaceFacilitator")]);

pub(super) const ADDRESS_TYPES: Form =
    Form::Words(&[("RESIDENTIAL", "Residential"), ("COMMERCIAL", "Commercial")]);

pub(super) const PAYMENTS: &[Member] = &[
    Member::new("paymentAmount", "Payment", MONEY),
    Member::raw("paymentMethod", "PaymentMethod"),
    Member::raw("acquirerId", "AcquirerId"),
    Member::raw("cardBrand", "CardBrand"),
    Member::raw("authorizationCode", "AuthorizationCode"),
];

pub(super) const CLASSIFICATIONS: &[Member] =
    &[Member::raw("taxRegistrationType", "Name"), Member::raw("taxRegistrationNumber", "Value")];

pub(super) const MEASUREMENT: Form =
    Form::Renamed(&[Member::raw("unit", "Unit"), Member::raw("value", "Value")]);

pub(super) const SUBSTITUTIONS: Form = Form::Renamed(&[
    Member::raw("substitutionType", "SubstitutionType"),
    Member::new(
        "substitutionOptions",
        "SubstitutionOptions",
        Form::Renamed(&[
            Member::raw("asin", "ASIN"),
            Member::raw("quantityOrdered", "QuantityOrdered"),
            Member::raw("sellerSku", "SellerSKU"),
            Member::raw("title", "Title"),
            Member::new("measurement", "Measurement", MEASUREMENT),
        ]),
    ),
]);

pub(super) const CONSTRAINTS: Form = Form::Renamed(&[
    Member::raw("palletDelivery", "PalletDelivery"),
    Member::raw("cashOnDelivery", "CashOnDelivery"),
    Member::raw("signatureConfirmation", "SignatureConfirmation"),
    Member::raw("recipientIdentityVerification", "RecipientIdentityVerification"),
    Member::raw("recipientAgeVerification", "RecipientAgeVerification"),
]);

pub(super) const ASSOCIATIONS: Form = Form::Renamed(&[
    Member::raw("orderId", "OrderId"),
    Member::raw("orderItemId", "OrderItemId"),
    Member::raw("associationType", "AssociationType"),
]);

pub(super) const ADDRESS: Form = Form::Renamed(&[
    Member::raw("name", "Name"),
    Member::raw("companyName", "CompanyName"),
    Member::raw("addressLine1", "AddressLine1"),
    Member::raw("addressLine2", "AddressLine2"),
    Member::raw("addressLine3", "AddressLine3"),
    Member::raw("city", "City"),
    Member::raw("districtOrCounty", "County"),
    Member::raw("stateOrRegion", "StateOrRegion"),
    Member::raw("municipality", "Municipality"),
    Member::raw("postalCode", "PostalCode"),
    Member::raw("countryCode", "CountryCode"),
    Member::raw("phone", "Phone"),
    Member::new(
        "extendedFields",
        "ExtendedFields",
        Form::Renamed(&[
            Member::raw("streetName", "StreetName"),
            Member::raw("streetNumber", "StreetNumber"),
            Member::raw("complement", "Complement"),
            Member::raw("neighborhood", "Neighborhood"),
        ]),
    ),
    Member::new("addressType", "AddressType", ADDRESS_TYPES),
]);

pub(super) const TIME: Form =
    Form::Renamed(&[Member::raw("hour", "Hour"), Member::raw("minute", "Minute")]);

pub(super) const INTERVALS: Form = Form::Renamed(&[
    Member::new("startTime", "StartTime", TIME),
    Member::new("endTime", "EndTime", TIME),
]);

pub(super) const PREFERENCES: Form = Form::Renamed(&[
    Member::raw("dropOffLocation", "DropOffLocation"),
    Member::raw("addressInstruction", "AddressInstructions"),
    Member::new(
        "deliveryTime",
        "PreferredDeliveryTime",
        Form::Renamed(&[
            Member::new(
                "businessHours",
                "BusinessHours",
                Form::Renamed(&[
                    Member::raw("dayOfWeek", "DayOfWeek"),
                    Member::new("timeWindows", "OpenIntervals", INTERVALS),
                ]),
            ),
            Member::new(
                "exceptionDates",
                "ExceptionDates",
                Form::Renamed(&[
                    Member::raw("exceptionDate", "ExceptionDate"),
                    Member::raw("exceptionDateType", "ExceptionDateType"),
                    Member::new("timeWindows", "OpenIntervals", INTERVALS),
                ]),
            ),
        ]),
    ),
    Member::raw("deliveryCapabilities", "OtherAttributes"),
]);

/// What was ordered before, where an order stands for another one.
pub(super) const REPLACED: &str =
    "associatedOrders[associationType=REPLACEMENT_ORIGINAL_ID|EXCHANGE_ORIGINAL_ID]";
