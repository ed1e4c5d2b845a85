//! Whole pages, as bytes, against the records that must come of them.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::marketplace::Region;
use crate::streams::{Roster, Stream};

/// What was emitted.
#[derive(Default)]
pub(super) struct Emitted {
    pub(super) properties: Vec<String>,
    pub(super) records: Vec<String>,
}

impl Emit for Emitted {
    fn property(&mut self, _: &'static str, name: &str, _: Value) -> Result<(), EmitError> {
        self.properties.push(name.to_owned());
        Ok(())
    }

    fn record(&mut self, _: &'static str, record: &[u8]) -> Result<(), EmitError> {
        self.records.push(String::from_utf8(record.to_vec()).unwrap());
        Ok(())
    }
}

fn stream_of(name: &str) -> &'static Stream {
    Roster::table().find(name).unwrap()
}

fn pages(stream: &str) -> &'static Pages {
    let Source::Pages { pages, .. } = stream_of(stream).source else { panic!("pages") };
    pages
}

/// Reads one page for a stream.
fn read(stream: &str, body: &str) -> (Emitted, Result<(u64, Option<String>), PageError>) {
    let feed = Feed::all(stream_of(stream));
    let mut recorder = Recorder::new(&feed, Place::Region(Region::Eu)).unwrap();
    let mut emitted = Emitted::default();
    let read = Page::of(pages(stream), body.as_bytes()).and_then(|page| {
        let next = page.next.clone();
        Ok((recorder.pages(Window::Present, 3, &[page], &mut emitted)?, next))
    });
    (emitted, read)
}

#[test]
fn an_element_keeps_every_digit_behind_the_region() {
    let (emitted, read) = read(
        "financial_events",
        r#"{"payload":{"nextToken":"a+/=","transactions":[{"transactionId":"T1","totalAmount":{"currencyAmount":1234567890.10,"currencyCode":"EUR"}}]}}"#,
    );
    assert_eq!(read.unwrap(), (1, Some("a+/=".to_owned())));
    assert_eq!(
        emitted.records,
        [
            r#"{"region":"eu","transactionId":"T1","totalAmount":{"currencyAmount":1234567890.10,"currencyCode":"EUR"}}"#
        ]
    );
}

#[test]
fn a_list_that_is_absent_or_null_is_empty_and_an_empty_token_is_none() {
    for body in [
        "{}",
        r#"{"payload":null}"#,
        r#"{"payload":{"transactions":null,"nextToken":""}}"#,
        r#"{"payload":{"transactions":[],"nextToken":null}}"#,
    ] {
        assert_eq!(read("financial_events", body).1.unwrap(), (0, None), "{body}");
    }
    let (_, more) = read("financial_events", r#"{"payload":{"transactions":[],"nextToken":"t"}}"#);
    assert_eq!(more.unwrap(), (0, Some("t".to_owned())));
}

#[test]
fn an_object_in_the_place_of_a_list_is_its_one_element() {
    let (emitted, read) = read("account", r#"{"payload":{"sellingPlan":"PROFESSIONAL"}}"#);
    assert_eq!(read.unwrap(), (1, None));
    assert_eq!(emitted.records, [r#"{"region":"eu","sellingPlan":"PROFESSIONAL"}"#]);
}

#[test]
fn a_member_that_the_schema_does_not_have_is_announced_once_and_kept() {
    let (emitted, _) = read(
        "financial_events",
        r#"{"payload":{"transactions":[{"transactionId":"1","new":[1]},{"transactionId":"2","new":[2]}]}}"#,
    );
    assert_eq!(emitted.properties, ["new"]);
    assert_eq!(
        emitted.records,
        [
            json!({"region": "eu", "transactionId": "1", "new": [1]}).to_string(),
            json!({"region": "eu", "transactionId": "2", "new": [2]}).to_string(),
        ]
    );
}

#[test]
fn what_cannot_be_a_record_is_named_by_its_place_and_not_repeated() {
    let cases = [
        (
            r#"{"inventory":[{"sku":"x"},{"expirationDetails":"secret"}]}"#,
            "awd_inventory: element 2 of page 3: a key is missing",
        ),
        (r#"{"inventory":[{"sku":null}]}"#, "awd_inventory: element 1 of page 3: a key is missing"),
        (r#"{"inventory":["secret"]}"#, "awd_inventory: element 1 of page 3: it is not an object"),
        (
            r#"{"inventory":"secret"}"#,
            "the answer is not a list as Amazon documents it: `inventory`: another type was expected",
        ),
        (
            "<html>secret</html>",
            "the answer is not a list as Amazon documents it: `answer`: it is not JSON",
        ),
    ];
    for (body, message) in cases {
        assert_eq!(read("awd_inventory", body).1.unwrap_err().to_string(), message);
    }
}

#[test]
fn a_digest_stands_in_for_an_id_that_amazon_leaves_out() {
    let body = r#"{"payload":{"transactions":[{"a":1},{"transactionId":null,"a":1},{"a":2}]}}"#;
    let (emitted, read) = read("financial_events", body);
    assert_eq!(read.unwrap().0, 3);
    let id = |record: &String| -> String {
        let record: Value = serde_json::from_str(record).unwrap();
        record["transactionId"].as_str().unwrap().to_owned()
    };
    let ids: BTreeSet<_> = emitted.records.iter().map(id).collect();
    assert_eq!((ids.len(), ids.first().unwrap().len()), (3, 32));
}

#[test]
fn a_property_that_is_not_selected_is_not_written() {
    let mut feed = Feed::all(stream_of("financial_events"));
    feed.deselected = BTreeSet::from(["items".to_owned(), "transactionId".to_owned()]);
    let mut recorder = Recorder::new(&feed, Place::Region(Region::Na)).unwrap();
    let mut emitted = Emitted::default();
    let body = br#"{"payload":{"transactions":[{"transactionId":"1","items":[1]}]}}"#;
    let page = Page::of(pages("financial_events"), body).unwrap();
    recorder.pages(Window::Present, 1, &[page], &mut emitted).unwrap();
    assert_eq!(emitted.records, [r#"{"region":"na","transactionId":"1"}"#]);
}

#[test]
fn every_list_is_found_where_its_operation_has_it() {
    for (stream, body, next, record) in [
        (
            "awd_inventory",
            r#"{"inventory":[{"sku":"S","totalOnhandQuantity":12}],"nextToken":"n"}"#,
            Some("n"),
            r#"{"region":"eu","sku":"S","totalOnhandQuantity":12}"#,
        ),
        (
            "vendor_purchase_orders",
            r#"{"payload":{"pagination":{"nextToken":"n"},"orders":[{"purchaseOrderNumber":"4Z3","orderDetails":{"items":[]}}]}}"#,
            Some("n"),
            r#"{"region":"eu","purchaseOrderNumber":"4Z3","orderDetails":{"items":[]}}"#,
        ),
        (
            "vendor_fulfilment_orders",
            r#"{"pagination":{},"orders":[{"purchaseOrderNumber":"2J"}]}"#,
            None,
            r#"{"region":"eu","purchaseOrderNumber":"2J"}"#,
        ),
        (
            "vendor_customer_invoices",
            r#"{"pagination":{"nextToken":"n"},"customerInvoices":[{"purchaseOrderNumber":"2J","content":"YQ=="}]}"#,
            Some("n"),
            r#"{"region":"eu","purchaseOrderNumber":"2J","content":"YQ=="}"#,
        ),
    ] {
        let (emitted, read) = read(stream, body);
        assert_eq!(read.unwrap(), (1, next.map(str::to_owned)), "{stream}");
        assert_eq!(emitted.records, [record]);
        assert_eq!(emitted.properties, Vec::<String>::new(), "{stream}");
    }
}

#[test]
fn stock_from_the_api_is_the_record_that_the_report_gives_with_its_marketplace() {
    let choices = [("warehouse_inventory", "api")];
    let stream = Roster::table().sourced(&choices).unwrap().find("warehouse_inventory").unwrap();
    let Source::Pages { pages, .. } = &stream.source else { panic!("pages") };
    let place = Place::Marketplace(crate::marketplace::Marketplace::find("US").unwrap());
    let mut recorder = Recorder::new(&Feed::all(stream), place).unwrap();
    let body = br#"{"pagination":{"nextToken":"n"},"payload":{"granularity":{},"inventorySummaries":[
        {"asin":"B0","fnSku":"X0","sellerSku":"S/1","condition":"NewItem","totalQuantity":3,"stores":[],
         "lastUpdatedTime":"2026-11-01T00:00:00Z","inventoryDetails":{"fulfillableQuantity":2}}]}}"#;
    let page = Page::of(pages, body).unwrap();
    assert_eq!(page.next.as_deref(), Some("n"));
    let mut emitted = Emitted::default();
    assert_eq!(recorder.pages(Window::Present, 1, &[page], &mut emitted).unwrap(), 1);
    assert!(emitted.records[0].starts_with(
        r#"{"marketplace_id":"ATVPDKIKX0DER","asin":"B0","fnSku":"X0","sellerSku":"S/1","#
    ));
    assert_eq!(emitted.properties, Vec::<String>::new());
}

/// Reads one answer for a stream of a marketplace.
fn read_in_the_us(stream: &str, body: &str) -> (Emitted, Option<u64>) {
    let place = Place::Marketplace(crate::marketplace::Marketplace::find("US").unwrap());
    let mut recorder = Recorder::new(&Feed::all(stream_of(stream)), place).unwrap();
    let page = Page::of(pages(stream), body.as_bytes()).unwrap();
    let (mut emitted, total) = (Emitted::default(), page.total);
    recorder.pages(Window::Present, 1, &[page], &mut emitted).unwrap();
    (emitted, total)
}

/// Amazon's published example of an answer has intervals of a year and of two; one of a day is added.
const METRICS: &str = r#"{"metrics":[
    {"subscriberAverageRevenue":125.93,"couponsRevenuePenetration":0.0,"currencyCode":"USD","timeInterval":{"endDate":"2025-05-09T22:36:56Z","startDate":"2024-05-09T22:36:56Z"}},
    {"growingSubscriberLifeTimeValueFromOTP":113.31,"timeInterval":{"endDate":"2025-05-09T22:36:56Z","startDate":"2023-05-09T22:36:56Z"}},
    {"shippedSubscriptionUnits":5290,"totalSubscriptionsRevenue":131340.240,"timeInterval":{"startDate":"2025-05-09T00:00:00Z","endDate":"2025-05-09T00:00:00Z"}}]}"#;

#[test]
fn figures_of_days_and_of_years_part_by_their_intervals() {
    let (days, total) = read_in_the_us("replenishment_daily_metrics", METRICS);
    assert_eq!(total, None);
    assert_eq!(
        days.records,
        [
            r#"{"marketplace_id":"ATVPDKIKX0DER","report_end_date":"2025-05-09","shippedSubscriptionUnits":5290,"totalSubscriptionsRevenue":131340.240,"timeInterval":{"startDate":"2025-05-09T00:00:00Z","endDate":"2025-05-09T00:00:00Z"}}"#
        ]
    );
    let (years, _) = read_in_the_us("replenishment_rolling_metrics", METRICS);
    assert_eq!(years.records.len(), 2);
    assert!(years.records[0].starts_with(
        r#"{"marketplace_id":"ATVPDKIKX0DER","interval_start_date":"2024-05-09T22:36:56Z","interval_end_date":"2025-05-09T22:36:56Z","subscriberAverageRevenue":125.93,"#
    ));
    // A figure of days stands in this one, and is kept.
    assert_eq!(years.properties, ["couponsRevenuePenetration"]);
}

#[test]
fn an_offer_has_its_day_and_a_vendors_offer_has_empty_keys() {
    let body = r#"{"offers":[
        {"asin":"B0","sku":"S","fulfillmentChannelType":"AMAZON","revenuePenetration":23.60,"timeInterval":{"startDate":"2022-01-01T00:00:00Z","endDate":"2022-01-01T00:00:00Z"}},
        {"asin":"B1","sku":null,"productGroup":"gl_tent","timeInterval":{"startDate":"2022-01-01T00:00:00Z","endDate":"2022-01-01T00:00:00Z"}}],
        "pagination":{"totalResults":17}}"#;
    let (offers, total) = read_in_the_us("replenishment_offer_metrics", body);
    assert_eq!(total, Some(17));
    let day =
        r#""timeInterval":{"startDate":"2022-01-01T00:00:00Z","endDate":"2022-01-01T00:00:00Z"}}"#;
    let head = r#"{"marketplace_id":"ATVPDKIKX0DER","report_end_date":"2022-01-01","#;
    assert_eq!(
        offers.records,
        [
            format!(
                r#"{head}"asin":"B0","sku":"S","fulfillmentChannelType":"AMAZON","revenuePenetration":23.60,{day}"#
            ),
            format!(
                r#"{head}"sku":"","fulfillmentChannelType":"","asin":"B1","productGroup":"gl_tent",{day}"#
            ),
        ]
    );
    let (expected, _) = read_in_the_us("replenishment_offer_forecast", body);
    assert!(expected.records[0].starts_with(
        r#"{"marketplace_id":"ATVPDKIKX0DER","interval_start_date":"2022-01-01T00:00:00Z","interval_end_date":"2022-01-01T00:00:00Z","asin":"B0""#
    ));
}

#[test]
fn figures_without_an_interval_lack_a_key() {
    let place = Place::Marketplace(crate::marketplace::Marketplace::find("US").unwrap());
    let feed = Feed::all(stream_of("replenishment_offer_metrics"));
    let mut recorder = Recorder::new(&feed, place).unwrap();
    let body = br#"{"offers":[{"asin":"secret","sku":"S","fulfillmentChannelType":"AMAZON"}]}"#;
    let page = Page::of(pages("replenishment_offer_metrics"), body).unwrap();
    let error = recorder.pages(Window::Present, 2, &[page], &mut Emitted::default()).unwrap_err();
    let message = "replenishment_offer_metrics: element 1 of page 2: a key is missing";
    assert_eq!(error.to_string(), message);
}

/// Reads pages of events that were posted on a day.
fn events(stream: &str, bodies: &[&str]) -> Emitted {
    let mut recorder =
        Recorder::new(&Feed::all(stream_of(stream)), Place::Region(Region::Na)).unwrap();
    let mut emitted = Emitted::default();
    let page = |body: &&'static str| Page::of(pages(stream), body.as_bytes()).unwrap();
    let bodies: Vec<&'static str> = bodies.iter().map(|body| &*body.to_string().leak()).collect();
    let pages: Vec<_> = bodies.iter().map(page).collect();
    let day = Window::Day("2026-11-01".parse().unwrap());
    let records = recorder.pages(day, 1, &pages, &mut emitted).unwrap();
    assert_eq!(records, emitted.records.len() as u64);
    emitted
}

const EVENTS: [&str; 3] = [
    r#"{"payload":{"NextToken":"t","FinancialEvents":{
        "ShipmentEventList":[{"AmazonOrderId":"1","ItemFee":-1.10},{"AmazonOrderId":"2"}],
        "ProductAdsPaymentEventList":[{"invoiceId":"A"}],
        "ServiceFeeEventList":[{"AmazonOrderId":"2","FeeReason":"x"},{"FeeReason":"y"}]}}}"#,
    r#"{"payload":{"FinancialEvents":{"ServiceFeeEventList":null},"NextToken":"u"}}"#,
    r#"{"payload":{"FinancialEvents":{
        "ShipmentEventList":[{"AmazonOrderId":"1","SellerOrderId":"S"}],
        "RefundEventList":[{"AmazonOrderId":"1"}],
        "PayWithAmazonEventList":[{"SellerOrderId":"S1"}],
        "RemovalShipmentEventList":[{"OrderId":"R1","MerchantOrderId":"M"}],
        "ServiceFeeEventList":[{"AmazonOrderId":"","FeeReason":"z"}],
        "NewEventList":[{"AmazonOrderId":"2"},{"AmazonOrderId":3}]}}}"#,
];

#[test]
fn the_events_of_an_order_are_one_record_from_whatever_pages_they_come() {
    let emitted = events("order_financial_events", &EVENTS);
    let head = |order: &str| {
        format!(r#"{{"region":"na","AmazonOrderId":"{order}","PostedDate":"2026-11-01","#)
    };
    assert_eq!(
        emitted.records,
        [
            head("1")
                + r#""ShipmentEventList":[{"AmazonOrderId":"1","ItemFee":-1.10},{"AmazonOrderId":"1","SellerOrderId":"S"}],"RefundEventList":[{"AmazonOrderId":"1"}]}"#,
            head("2")
                + r#""ShipmentEventList":[{"AmazonOrderId":"2"}],"ServiceFeeEventList":[{"AmazonOrderId":"2","FeeReason":"x"}],"NewEventList":[{"AmazonOrderId":"2"}]}"#,
            head("S1") + r#""PayWithAmazonEventList":[{"SellerOrderId":"S1"}]}"#,
            head("R1") + r#""RemovalShipmentEventList":[{"OrderId":"R1","MerchantOrderId":"M"}]}"#,
        ]
    );
    assert_eq!(emitted.properties, ["NewEventList"]);
}

#[test]
fn events_that_name_no_order_are_one_record_a_day() {
    let emitted = events("other_financial_events", &EVENTS);
    assert_eq!(
        emitted.records,
        [concat!(
            r#"{"region":"na","PostedDate":"2026-11-01","ProductAdsPaymentEventList":[{"invoiceId":"A"}],"#,
            r#""ServiceFeeEventList":[{"FeeReason":"y"},{"AmazonOrderId":"","FeeReason":"z"}],"#,
            r#""NewEventList":[{"AmazonOrderId":3}]}"#
        )]
    );
}

proptest::proptest! {
    /// Whatever a day holds, each of its events is in one record of one of the two streams.
    #[test]
    fn no_event_is_lost_or_doubled(
        days in proptest::collection::vec(proptest::collection::vec((0..3_u8, 0..4_u8), 0..6), 0..4)
    ) {
        let (mut number, mut bodies) = (0, Vec::new());
        for page in &days {
            let mut lists: BTreeMap<String, Vec<Value>> = BTreeMap::new();
            for (list, order) in page {
                let event = match order {
                    0 => json!({"number": number}),
                    1 => json!({"number": number, "SellerOrderId": "1"}),
                    order => json!({"number": number, "AmazonOrderId": order.to_string()}),
                };
                lists.entry(format!("List{list}")).or_default().push(event);
                number += 1;
            }
            bodies.push(json!({"payload": {"FinancialEvents": lists}}).to_string());
        }
        let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
        let mut found: Vec<i64> = Vec::new();
        for stream in ["order_financial_events", "other_financial_events"] {
            for record in events(stream, &bodies).records {
                let record: Value = serde_json::from_str(&record).unwrap();
                let lists = record.as_object().unwrap().values().filter_map(Value::as_array);
                found.extend(lists.flatten().map(|event| event["number"].as_i64().unwrap()));
            }
        }
        found.sort_unstable();
        proptest::prop_assert_eq!(found, (0..number).collect::<Vec<_>>());
    }
}
