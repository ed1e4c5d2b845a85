//! What is in the documents.

use super::{
    Caller, DE, FBA, JP, LISTINGS, ORDERS, TRAFFIC, US, noon, ranged, text, unzipped, wish,
};
use crate::amazon::{Documents, Region};
use chrono::TimeDelta;
use encoding_rs::{SHIFT_JIS, WINDOWS_1252};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

/// The header and the rows of a flat file.
fn table(text: &str) -> (Vec<&str>, Vec<BTreeMap<&str, &str>>) {
    let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let rows = lines
        .map(|cells| {
            assert_eq!(cells.len(), header.len(), "{cells:?}");
            header.iter().copied().zip(cells).collect()
        })
        .collect();
    (header, rows)
}

#[tokio::test(start_paused = true)]
async fn german_listings_are_in_windows_1252_with_losses_and_german_headers() {
    let caller = Caller::new().await;
    let (address, document) = caller.document(Region::Eu, wish(LISTINGS, DE)).await;
    assert_eq!(address["compressionAlgorithm"], "GZIP");
    assert_eq!(document.header("content-type"), Some("text/plain; charset=Cp1252"));
    let bytes = unzipped(&document.body);
    let (text, has_errors) = WINDOWS_1252.decode_without_bom_handling(&bytes);
    assert!(!has_errors);
    let (header, rows) = table(&text);
    assert_eq!(
        header[..4],
        ["Artikelbezeichnung", "Artikelbeschreibung", "Angebotsnummer", "Händler-SKU"]
    );
    assert_eq!(header.len(), 29);
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|it| it == needle);
    assert!(holds(b"H\xe4ndler-SKU"), "ä");
    assert!(holds(b" \x80 a year"), "the euro sign");
    assert!(holds(b"\x99, no. 1"), "the trade mark");
    assert!(holds(b"\x93Comfort\x94"), "curly quotes");
    assert!(holds(b"(?\xf3d?), up to 40 ?"), "what windows-1252 lacks");
    assert!(text.contains(", 10\" Deluxe\t"), "a quote that is never closed");
    for row in rows {
        assert_eq!(row["Menge"].is_empty(), row["Versender"] == "AMAZON_EU");
    }
}

#[tokio::test(start_paused = true)]
async fn english_headers_come_when_they_are_asked_for() {
    let caller = Caller::new().await;
    let mut body = wish(LISTINGS, DE);
    body["reportOptions"] = json!({"preferredReportDocumentLocale": "en_US"});
    let (_, document) = caller.document(Region::Eu, body).await;
    let bytes = unzipped(&document.body);
    assert!(bytes.starts_with(b"item-name\titem-description\tlisting-id\tseller-sku\tprice\t"));
}

#[tokio::test(start_paused = true)]
async fn japanese_listings_need_the_extensions_of_cp932() {
    let caller = Caller::new().await;
    let (_, document) = caller.document(Region::Fe, wish(LISTINGS, JP)).await;
    assert_eq!(document.header("content-type"), Some("text/plain; charset=Windows-31J"));
    let bytes = unzipped(&document.body);
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|it| it == needle);
    assert!(holds(b"\x87\x40\x87\x41"), "NEC's circled numbers");
    assert!(holds(b"\x87\x8a\xfb\xfc"), "NEC's abbreviation and IBM's kanji");
    let (text, has_errors) = SHIFT_JIS.decode_without_bom_handling(&bytes);
    assert!(!has_errors);
    let (header, rows) = table(&text);
    assert_eq!((header[0], header[2]), ("商品名", "出品者SKU"));
    assert!(header.contains(&"ポイント"));
    assert!(rows.iter().any(|row| row["商品名"].contains("㈱髙橋製作所")));
    assert!(rows.iter().all(|row| !row["価格"].contains('.')), "yen have no cents");
}

#[tokio::test(start_paused = true)]
async fn listings_differ_by_marketplace() {
    let caller = Caller::new().await;
    let file = async |region, marketplace| {
        let (address, document) = caller.document(region, wish(LISTINGS, marketplace)).await;
        match address.get("compressionAlgorithm") {
            Some(_) => unzipped(&document.body),
            None => document.body.to_vec(),
        }
    };
    let first = |bytes: &[u8]| {
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap();
        line.split(|byte| *byte == b'\t').map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let gb = first(&file(Region::Eu, "A1F83G8C2ARO7P").await);
    assert_eq!((gb.len(), gb[26].as_slice()), (31, &b"fulfilment-channel"[..]));
    let nl = first(&file(Region::Eu, "A1805IZSGTT6HS").await);
    assert_eq!((nl.len(), nl[29].as_slice()), (30, &b""[..]), "a trailing tab");
    let mx = first(&file(Region::Na, "A1AM78C64UM0Y8").await);
    assert_eq!(mx[28], b"status ");
    assert!(file(Region::Na, "A2EUQ1WTGCTBG2").await.starts_with(b"\xef\xbb\xbfitem-name\t"));
    let es = file(Region::Eu, "A1RKKUPIHCS9HS").await;
    let headers = es.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"item-name\t"));
    assert_eq!(headers.count(), 2, "the header row comes again");
}

#[tokio::test(start_paused = true)]
async fn orders_lie_inside_their_window_and_windows_join_without_a_gap() {
    let caller = Caller::new().await;
    let middle = text(noon() - TimeDelta::days(9));
    let (mut early, mut late) = (ranged(ORDERS, US, 20), ranged(ORDERS, US, 20));
    early["dataEndTime"] = middle.clone().into();
    late["dataStartTime"] = middle.clone().into();
    let mut joined = Vec::new();
    for (body, start, end) in [
        (early, text(noon() - TimeDelta::days(20)), middle.clone()),
        (late, middle.clone(), text(noon())),
    ] {
        let (_, document) = caller.document(Region::Na, body).await;
        let text = String::from_utf8(unzipped(&document.body)).unwrap();
        let (header, rows) = table(&text);
        assert_eq!(header.len(), 34);
        for row in &rows {
            let updated = row["last-updated-date"].replace("+00:00", "Z");
            assert!(start <= updated && updated < end, "{updated}");
            if row["order-status"] == "Pending" {
                assert_eq!((row["item-price"], row["currency"]), ("", ""));
            }
        }
        joined.extend(rows.iter().map(|row| row["order-item-id"].to_owned()));
    }
    let (_, whole) = caller.document(Region::Na, ranged(ORDERS, US, 20)).await;
    let whole = String::from_utf8(unzipped(&whole.body)).unwrap();
    let all: HashSet<String> =
        table(&whole).1.iter().map(|row| row["order-item-id"].to_owned()).collect();
    assert_eq!(joined.len(), all.len(), "no line twice");
    assert_eq!(joined.into_iter().collect::<HashSet<_>>(), all);
}

#[tokio::test(start_paused = true)]
async fn orders_have_the_oddities_of_their_region() {
    let caller = Caller::with(Documents::default(), 20_000).await;
    let (_, eu) = caller.document(Region::Eu, ranged(ORDERS, DE, 30)).await;
    let bytes = unzipped(&eu.body);
    assert!(!bytes.ends_with(b"\n"), "the last line is open");
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(&bytes);
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    let (header, rows) = table(&text);
    assert_eq!((header.len(), header[5]), (33, "order-item-id"));
    let channels: HashSet<&str> = rows.iter().map(|row| row["sales-channel"]).collect();
    assert!(channels.contains("Amazon.de") && channels.contains("Amazon.com.tr"));
    assert!(channels.contains("Non-Amazon DE") || channels.contains("Non-Amazon GB"));
    let mut last = BTreeMap::new();
    let mut is_scattered = false;
    for (place, row) in rows.iter().enumerate() {
        let before = last.insert(row["amazon-order-id"], place);
        is_scattered |= before.is_some_and(|before| place > before + 1);
    }
    assert!(is_scattered, "some lines of an order stand apart");

    let (_, fe) = caller.document(Region::Fe, ranged(ORDERS, JP, 30)).await;
    let (text, has_errors) = SHIFT_JIS.decode_without_bom_handling(&fe.body);
    assert!(!has_errors);
    let (header, rows) = table(&text);
    assert_eq!(header.len(), 31);
    assert!(header.contains(&"promotion-ids ") && !header.contains(&"order-item-id"));
    let mut seen = HashSet::new();
    let repeated = rows.iter().filter(|row| !seen.insert((row["amazon-order-id"], row["sku"])));
    assert!(repeated.count() > 0, "the same order and SKU in two rows");
}

#[tokio::test(start_paused = true)]
async fn stock_adds_up_in_every_region() {
    let caller = Caller::new().await;
    for (region, marketplace, columns) in
        [(Region::Na, US, 24), (Region::Eu, DE, 26), (Region::Fe, JP, 21)]
    {
        let (address, document) = caller.document(region, wish(FBA, marketplace)).await;
        let bytes = match address.get("compressionAlgorithm") {
            Some(_) => unzipped(&document.body),
            None => document.body.to_vec(),
        };
        // Numbers and SKUs are ASCII in every charset.
        let text = String::from_utf8_lossy(&bytes);
        let (header, rows) = table(&text);
        assert_eq!(header.len(), columns);
        assert!(rows.len() > 80);
        for row in &rows {
            let number = |name: &str| row[name].parse::<u64>().unwrap();
            let warehouse = number("afn-fulfillable-quantity")
                + number("afn-unsellable-quantity")
                + number("afn-reserved-quantity");
            assert_eq!(number("afn-warehouse-quantity"), warehouse);
            if columns == 26 {
                assert_eq!(
                    number("afn-fulfillable-quantity-local")
                        + number("afn-fulfillable-quantity-remote"),
                    number("afn-fulfillable-quantity")
                );
            }
        }
        let skus: HashSet<&str> = rows.iter().map(|row| row["sku"]).collect();
        assert_eq!(skus.len(), rows.len(), "a SKU has one row");
    }
}

/// A sales and traffic document.
async fn traffic(
    caller: &Caller,
    region: Region,
    id: &str,
    days: [i64; 2],
    by: [&str; 2],
) -> Value {
    let [start, end] = days.map(|days| text(noon() - TimeDelta::days(days)));
    let body = json!({
        "reportType": TRAFFIC,
        "marketplaceIds": [id],
        "dataStartTime": start,
        "dataEndTime": end,
        "reportOptions": {"dateGranularity": by[0], "asinGranularity": by[1]},
    });
    let (address, document) = caller.document(region, body).await;
    assert_eq!(address["compressionAlgorithm"], "GZIP");
    assert_eq!(document.header("content-type"), Some("application/json"));
    serde_json::from_slice(&unzipped(&document.body)).unwrap()
}

/// The sum of a number over the elements of a list.
fn sum(list: &Value, group: &str, name: &str) -> u64 {
    let elements = list.as_array().unwrap();
    elements.iter().map(|it| it[group][name].as_u64().unwrap()).sum()
}

#[tokio::test(start_paused = true)]
async fn traffic_by_date_and_by_asin_have_the_same_sums() {
    let caller = Caller::new().await;
    let mut units = HashSet::new();
    for granularity in ["PARENT", "CHILD", "SKU"] {
        let json = traffic(&caller, Region::Na, US, [8, 5], ["DAY", granularity]).await;
        let dates = &json["salesAndTrafficByDate"];
        let asins = &json["salesAndTrafficByAsin"];
        assert_eq!(dates.as_array().unwrap().len(), 4);
        assert_eq!(
            (&dates[0]["date"], &dates[3]["date"]),
            (&json!("2026-11-12"), &json!("2026-11-15"))
        );
        let ordered = sum(dates, "salesByDate", "unitsOrdered");
        assert_eq!(ordered, sum(asins, "salesByAsin", "unitsOrdered"));
        assert_eq!(
            sum(dates, "trafficByDate", "pageViewsB2B"),
            sum(asins, "trafficByAsin", "pageViewsB2B")
        );
        assert_eq!(
            sum(dates, "trafficByDate", "sessions"),
            sum(asins, "trafficByAsin", "sessions")
        );
        let first = &asins[0];
        assert!(first["parentAsin"].is_string());
        assert_eq!(first.get("childAsin").is_some(), granularity != "PARENT");
        assert_eq!(first.get("sku").is_some(), granularity == "SKU");
        units.insert(ordered);
    }
    assert_eq!(units.len(), 1, "the same days have the same sales");
}

#[tokio::test(start_paused = true)]
async fn traffic_has_the_fields_of_amazons_example() {
    let caller = Caller::new().await;
    let json = traffic(&caller, Region::Eu, DE, [3, 3], ["DAY", "CHILD"]).await;
    let names =
        |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        json["reportSpecification"],
        json!({
            "reportType": TRAFFIC,
            "reportOptions": {"asinGranularity": "CHILD", "dateGranularity": "DAY"},
            "dataStartTime": "2026-11-17",
            "dataEndTime": "2026-11-17",
            "marketplaceIds": [DE],
        })
    );
    let date = &json["salesAndTrafficByDate"][0];
    assert_eq!(
        names(&date["salesByDate"]),
        "unitsOrdered orderedProductSales totalOrderItems averageSalesPerOrderItem \
         averageUnitsPerOrderItem averageSellingPrice unitsRefunded refundRate claimsGranted \
         claimsAmount shippedProductSales unitsShipped ordersShipped"
    );
    assert_eq!(
        names(&date["trafficByDate"]),
        "browserPageViews mobileAppPageViews pageViews browserSessions mobileAppSessions sessions \
         buyBoxPercentage orderItemSessionPercentage unitSessionPercentage averageOfferCount \
         averageParentItems feedbackReceived negativeFeedbackReceived receivedNegativeFeedbackRate"
    );
    let asin = &json["salesAndTrafficByAsin"][0];
    assert_eq!(names(asin), "parentAsin childAsin salesByAsin trafficByAsin");
    assert_eq!(names(&asin["salesByAsin"]), "unitsOrdered orderedProductSales totalOrderItems");
    assert_eq!(
        names(&asin["trafficByAsin"]),
        "browserPageViews mobileAppPageViews pageViews browserSessions mobileAppSessions sessions \
         browserSessionPercentage mobileAppSessionPercentage sessionPercentage \
         browserPageViewsPercentage mobileAppPageViewsPercentage pageViewsPercentage \
         buyBoxPercentage unitSessionPercentage"
    );
    assert_eq!(names(&asin["salesByAsin"]["orderedProductSales"]), "amount currencyCode");
}

#[tokio::test(start_paused = true)]
async fn weeks_begin_on_sunday_and_yesterdays_traffic_is_not_known_yet() {
    let caller = Caller::new().await;
    // 8 days before the 20th is Thursday the 12th.
    let week = traffic(&caller, Region::Na, US, [8, 8], ["WEEK", "PARENT"]).await;
    assert_eq!(week["reportSpecification"]["dataStartTime"], "2026-11-08");
    assert_eq!(week["reportSpecification"]["dataEndTime"], "2026-11-14");
    assert_eq!(week["salesAndTrafficByDate"].as_array().unwrap().len(), 1);
    let yesterday = traffic(&caller, Region::Na, US, [1, 1], ["DAY", "CHILD"]).await;
    let day = &yesterday["salesAndTrafficByDate"][0];
    assert_eq!(day["trafficByDate"]["sessions"], 0);
    assert!(day["salesByDate"]["unitsOrdered"].as_u64().unwrap() > 0);
    assert_eq!(yesterday["salesAndTrafficByAsin"], json!([]));
}
