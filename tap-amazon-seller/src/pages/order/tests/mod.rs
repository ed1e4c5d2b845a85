//! Whole orders, as Amazon's model has them, against the records of all four streams.

mod lossless;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::document::Place;
use crate::marketplace::Region;
use crate::pages::tests::Emitted;
use crate::pages::{Page, PageError, Recorder};
use crate::plan::Window;
use crate::record::fold;
use crate::streams::{Pages, Roster, Source, Stream};

/// An order that has every member of Amazon's model.
const EVERY_MEMBER: &str = include_str!("every_member.json");

/// All streams that orders feed.
const STREAMS: [&str; 4] = ["orders", "order_items", "order_buyer_info", "order_address"];

/// A stream that orders of the API feed.
fn stream(name: &str) -> &'static Stream {
    Roster::table().sourced(&[("orders", "api")]).unwrap().find(name).unwrap()
}

fn share(name: &str) -> Share {
    stream(name).source.share().unwrap()
}

/// Reads an order for a stream.
fn read_for(feed: &Feed, order: &str) -> Result<Emitted, PageError> {
    let Source::Pages { pages, .. } = feed.stream.source else { panic!("pages") };
    let answer = format!(r#"{{"orders":[{order}]}}"#);
    let page = Page::of(pages, answer.as_bytes())?;
    let mut emitted = Emitted::default();
    let mut recorder = Recorder::new(feed, Place::Region(Region::Na)).unwrap();
    recorder.pages(Window::Present, 1, &[page], &mut emitted)?;
    Ok(emitted)
}

/// The records of an order in a stream with all properties.
fn records(name: &str, order: &str) -> Vec<Value> {
    let emitted = read_for(&Feed::all(stream(name)), order).unwrap();
    emitted.records.iter().map(|record| serde_json::from_str(record).unwrap()).collect()
}

fn money(amount: &str) -> Value {
    json!({"CurrencyCode": "USD", "Amount": amount})
}

/// Asserts that members of a record have these values.
fn assert_has(record: &Value, expected: &Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&record[name], value, "{name}");
    }
}

#[test]
fn an_order_has_the_names_and_words_of_v0() {
    let orders = records("orders", EVERY_MEMBER);
    assert_eq!(orders.len(), 1);
    assert_has(
        &orders[0],
        &json!({
            "region": "na", "AmazonOrderId": "111-0000001-0000001", "SellerOrderId": "MY-1",
            "MarketplaceId": "ATVPDKIKX0DER", "SalesChannel": "Amazon.com",
            "PurchaseDate": "2026-10-01T10:00:00.001Z", "LastUpdateDate": "2026-10-02T11:00:00.002Z",
            "OrderStatus": "PartiallyShipped", "FulfillmentChannel": "MFN",
            "ShipmentServiceLevelCategory": "EXPEDITED", "LatestShipDate": "2026-10-04T00:00:00Z",
            "EarliestDeliveryDate": "2026-10-05T00:00:00Z", "OrderTotal": money("41.30"),
            "NumberOfItemsShipped": 1, "NumberOfItemsUnshipped": 2, "OrderType": "StandardOrder",
            "IsBusinessOrder": true, "IsPrime": true, "IsPremiumOrder": false, "IsISPU": false,
            "IsIBA": false, "IsReplacementOrder": true, "ReplacedOrderId": "111-0000001-0000009",
            "PurchaseOrderNumber": "PO 1", "IsAccessPointOrder": true,
            "ShippingAddress": {"City": "A city", "StateOrRegion": "A state", "PostalCode": "00001",
                "CountryCode": "BR"},
            "PaymentMethodDetails": ["CreditCard"],
            "PaymentExecutionDetail": [{"Payment": money("41.31"), "PaymentMethod": "CreditCard",
                "AcquirerId": "ACQUIRER", "CardBrand": "BRAND", "AuthorizationCode": "CODE"}],
            "ElectronicInvoiceStatus": "Processing", "BuyerInvoicePreference": "BUSINESS",
            "SellerDisplayName": "A shop",
            "MarketplaceTaxInfo": {"TaxClassifications": [
                {"Name": "CNPJ", "Value": "NUMBER 2", "entityType": "MARKETPLACE"}]},
            "BuyerTaxInformation": {"BuyerLegalCompanyName": "A legal name",
                "BuyerTaxRegistrationId": "NUMBER 1", "BuyerTaxOffice": "An office"},
        }),
    );
}

#[test]
fn a_line_has_the_names_and_signs_of_v0() {
    let items = records("order_items", EVERY_MEMBER);
    assert_eq!(items.len(), 2);
    assert_has(
        &items[0],
        &json!({
            "AmazonOrderId": "111-0000001-0000001", "OrderItemKey": "00000000000001",
            "OrderItemId": "00000000000001", "LastUpdateDate": "2026-10-02T11:00:00.002Z",
            "ASIN": "B000000001", "SellerSKU": "SKU/1", "Title": "A \"thing\" of 5″",
            "QuantityOrdered": 3, "QuantityShipped": 1, "ItemPrice": money("30.00"),
            "ItemTax": money("2.40"), "ShippingPrice": money("4.99"), "ShippingTax": money("0.41"),
            "GiftWrapPrice": money("3.50"), "GiftWrapTax": money("0.32"),
            "PromotionDiscount": money("3.00"), "PromotionDiscountTax": money("-0.03"),
            "ShippingDiscount": money("4.68"), "CODFee": money("2.20"),
            "CODFeeDiscount": money("0.00"), "PromotionIds": ["PROMOTION 1", "PROMOTION 2"],
        }),
    );
    assert_has(
        &items[0],
        &json!({
            "PointsGranted": {"PointsNumber": 60, "PointsMonetaryValue": money("0.60")},
            "ConditionId": "Used", "ConditionSubtypeId": "Very Good", "ConditionNote": "A scratch",
            "PriceDesignation": "BusinessPrice", "SerialNumbers": ["SERIAL 1"],
            "Measurement": {"Unit": "KILOGRAMS", "Value": 2.5}, "IsTransparency": true,
            "SerialNumberRequired": true, "IossNumber": "IM0000000001",
            "BuyerRequestedCancel": {"IsBuyerRequestedCancel": true,
                "BuyerCancelReason": "NO_LONGER_NEEDED"},
            "TaxCollection": {"Model": "MarketplaceFacilitator",
                "ResponsibleParty": "Amazon Services, Inc."},
            "DeemedResellerCategory": "IOSS", "IsGift": true,
            "BuyerInfo": {"BuyerCustomizedInfo": {"CustomizedURL": "https://example.com/custom"},
                "GiftMessageText": "A message", "GiftWrapLevel": "A paper"},
            "AssociatedItems": [{"OrderId": "111-0000001-0000007",
                "OrderItemId": "00000000000007", "AssociationType": "VALUE_ADD_SERVICE"}],
        }),
    );
    // Nothing is known of a line's money until Amazon lists it.
    assert_has(
        &items[1],
        &json!({"OrderItemKey": "00000000000002", "QuantityOrdered": 5, "ItemPrice": null,
            "ItemTax": null, "PromotionIds": null, "BuyerInfo": null, "PointsGranted": null,
            "IsTransparency": false}),
    );
}

#[test]
fn digits_are_kept_as_amazon_sent_them() {
    let emitted = read_for(&Feed::all(stream("order_items")), EVERY_MEMBER).unwrap();
    assert!(emitted.records[0].contains(r#""Value":2.50}"#), "{}", emitted.records[0]);
}

#[test]
fn the_buyer_and_the_address_are_records_of_their_own() {
    assert_eq!(
        records("order_buyer_info", EVERY_MEMBER),
        [json!({"region": "na", "AmazonOrderId": "111-0000001-0000001",
            "MarketplaceId": "ATVPDKIKX0DER", "PurchaseDate": "2026-10-01T10:00:00.001Z",
            "LastUpdateDate": "2026-10-02T11:00:00.002Z", "BuyerName": "A buyer",
            "BuyerEmail": "somebody@marketplace.example", "BuyerCompanyName": "A company",
            "PurchaseOrderNumber": "PO 1"})]
    );
    let addresses = records("order_address", EVERY_MEMBER);
    let address = &addresses[0]["ShippingAddress"];
    assert_has(
        address,
        &json!({"Name": "A recipient", "AddressLine3": "3rd door", "County": "A county",
            "AddressType": "PICKUP_POINT", "ExtendedFields": {"StreetName": "Street",
                "StreetNumber": "1a", "Complement": "Rear", "Neighborhood": "A neighbourhood"}}),
    );
    assert_eq!(
        addresses[0]["DeliveryPreferences"]["PreferredDeliveryTime"]["BusinessHours"],
        json!([{"DayOfWeek": "MON", "OpenIntervals": [{"StartTime": {"Hour": 8, "Minute": 15},
            "EndTime": {"Hour": 17, "Minute": 45}}]}])
    );
}

#[test]
fn an_order_without_its_buyer_gives_no_record_of_one_and_no_line_no_item() {
    let bare = r#"{"orderId":"1","orderItems":null}"#;
    for name in ["order_items", "order_buyer_info", "order_address"] {
        assert!(records(name, bare).is_empty(), "{name}");
    }
    assert_has(
        &records("orders", bare)[0],
        &json!({"AmazonOrderId": "1", "NumberOfItemsShipped": null, "OrderTotal": null,
            "ShippingAddress": null, "IsAccessPointOrder": null, "IsPrime": false}),
    );
}

#[test]
fn what_cannot_be_a_record_is_named_by_its_place_and_not_repeated() {
    for (name, order, problem) in [
        ("orders", r#"["secret"]"#, "it is not an object"),
        ("orders", r#"{"orderId":null}"#, "a key is missing"),
        ("order_items", r#"{"orderId":"1","orderItems":"secret"}"#, "its lines are not a list"),
        ("order_items", r#"{"orderId":"1","orderItems":["secret"]}"#, "a line is not an object"),
        ("order_items", r#"{"orderId":"1","orderItems":[{}]}"#, "a key is missing"),
    ] {
        let error = read_for(&Feed::all(stream(name)), order).err().unwrap().to_string();
        assert_eq!(error, format!("{name}: element 1 of page 1: {problem}"));
    }
}

/// The parts that a stream needs for these properties.
fn parts(name: &str, properties: &[&str]) -> Vec<&'static str> {
    share(name).parts(|property| properties.contains(&property))
}

#[test]
fn only_those_parts_are_asked_for_that_a_wanted_property_needs() {
    assert_eq!(parts("orders", &["AmazonOrderId", "IsPrime", "SalesChannel"]), [""; 0]);
    assert_eq!(parts("orders", &["OrderTotal", "packages"]), ["PROCEEDS", "PACKAGES"]);
    assert_eq!(parts("orders", &["NumberOfItemsShipped"]), ["FULFILLMENT"]);
    assert_eq!(parts("orders", &["ShippingAddress"]), ["RECIPIENT"]);
    assert_eq!(parts("order_items", &["ItemTax", "TaxCollection"]), ["PROCEEDS", "TAX"]);
    // A gift's message is sent only with the buyer.
    assert_eq!(parts("order_items", &["BuyerInfo"]), ["BUYER", "FULFILLMENT"]);
    assert_eq!(parts("order_buyer_info", &[]), ["BUYER"]);
    assert_eq!(parts("order_address", &[]), ["RECIPIENT"]);
}

#[test]
fn without_personal_data_neither_buyers_nor_recipients_are_asked_for() {
    for name in ["orders", "order_items"] {
        let share = share(name);
        let personal: BTreeSet<_> = share.personal().collect();
        let parts = share.parts(|property| !personal.contains(property));
        assert!(!parts.contains(&"BUYER") && !parts.contains(&"RECIPIENT"), "{name}: {parts:?}");
        assert!(parts.contains(&"PROCEEDS") && parts.contains(&"TAX"), "{name}: {parts:?}");
        let restricted: BTreeSet<_> = share.restricted().collect();
        let parts = share.parts(|property| !restricted.contains(property));
        assert!(!parts.iter().any(|part| Share::is_restricted(part)), "{name}: {parts:?}");
    }
    let mut feed = Feed::all(stream("orders"));
    feed.deselected = share("orders").personal().map(str::to_owned).collect();
    let record = read_for(&feed, EVERY_MEMBER).unwrap().records.remove(0);
    for leak in ["A city", "A legal name", "A buyer", "PO 1", "00001"] {
        assert!(!record.contains(&format!("\"{leak}\"")), "{leak}");
    }
}

#[test]
fn the_table_and_the_schemas_agree() {
    for name in STREAMS {
        let schema: Value = serde_json::from_str(stream(name).schema).unwrap();
        let properties = schema["properties"].as_object().unwrap();
        let table = share(name).table();
        for field in table.fields {
            let declared = field.property.split('.').try_fold(&schema, |node, step| {
                node["properties"].get(step).or_else(|| {
                    // Objects that are renamed as they come are not declared in detail.
                    node.get("properties").is_none().then_some(node)
                })
            });
            assert!(declared.is_some(), "{name}: {}", field.property);
        }
        for member in table.members {
            assert!(properties.contains_key(*member), "{name}: {member}");
            assert!(!table.taken.contains(member), "{name}: {member}");
        }
        let tops = table.fields.chunk_by(|one, other| one.top() == other.top());
        let tops: Vec<_> = tops.map(|group| group[0].top()).collect();
        assert_eq!(tops.iter().collect::<BTreeSet<_>>().len(), tops.len(), "{name}: {tops:?}");
        // A database does not tell names apart by case.
        let folded: BTreeSet<_> = properties.keys().map(|property| fold(property)).collect();
        assert_eq!(folded.len(), properties.len(), "{name}");
    }
}

#[test]
fn a_list_says_how_far_it_reaches_and_where_it_goes_on() {
    let Source::Pages { pages, .. } = stream("orders").source else { panic!("pages") };
    let page = |body: &str| {
        Page::of(pages, body.as_bytes()).map(|page: Page<'_>| (page.next, page.reached))
    };
    let reached = Some("2026-11-20T11:58:00.500Z".parse().unwrap());
    assert_eq!(
        page(r#"{"orders":[],"lastUpdatedBefore":"2026-11-20T11:58:00.500Z"}"#).unwrap(),
        (None, reached)
    );
    let (next, reached) = page(r#"{"orders":[],"pagination":{"nextToken":"a+/="}}"#).unwrap();
    assert_eq!((next.as_deref(), reached), (Some("a+/="), None));
    let error = page(r#"{"orders":[],"lastUpdatedBefore":"secret"}"#).unwrap_err().to_string();
    assert!(error.contains("`lastUpdatedBefore`") && !error.contains("secret"), "{error}");
    let _: &Pages = pages;
}
