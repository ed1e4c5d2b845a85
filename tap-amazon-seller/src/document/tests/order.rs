//! All Orders: rows that are lines, as orders and order items.

use proptest::prelude::*;

use super::*;

/// The columns that every variant of the report begins with.
const COMMON: &str = "amazon-order-id\tmerchant-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\tsales-channel\torder-channel\tship-service-level\tproduct-name\tsku\tasin\titem-status\tquantity\tcurrency\titem-price\titem-tax\tshipping-price\tshipping-tax\tgift-wrap-price\tgift-wrap-tax\titem-promotion-discount\tship-promotion-discount\tship-city\tship-state\tship-postal-code\tship-country\tpromotion-ids";

/// The rest of the documented header, and of longer ones.
const TAILS: [&str; 3] = [
    "\tis-business-order\tpurchase-order-number\tprice-designation",
    "\tcpf\tis-business-order\tpurchase-order-number\tprice-designation\torder-item-id",
    "\tcpf\tis-business-order\tpurchase-order-number\tprice-designation\tsignature-confirmation-recommended\torder-item-id",
];

const BOTH: [&str; 2] = ["orders", "order_items"];

fn region(code: Region) -> Facts<'static> {
    Facts { place: Place::Region(code), ..facts("US") }
}

/// A row that names only what a test is about.
fn row(header: &str, cells: &[(&str, &str)]) -> String {
    let usual = [
        ("purchase-date", "2024-05-01T10:00:00+00:00"),
        ("last-updated-date", "2024-05-02T10:00:00+00:00"),
        ("order-status", "Shipped"),
        ("fulfillment-channel", "Amazon"),
        ("sales-channel", "Amazon.com"),
        ("item-status", "Shipped"),
        ("quantity", "1"),
    ];
    let cell = |name| {
        let mut all = cells.iter().chain(&usual);
        all.find(|(column, _)| *column == name).map_or("", |(_, cell)| *cell)
    };
    header.split('\t').map(cell).collect::<Vec<_>>().join("\t")
}

fn document(header: &str, rows: &[&[(&str, &str)]]) -> Vec<u8> {
    let rows = rows.iter().map(|cells| row(header, cells));
    let lines: Vec<String> = std::iter::once(header.to_owned()).chain(rows).collect();
    (lines.join("\n") + "\n").into_bytes()
}

#[test]
fn every_variant_of_the_report_gives_the_same_orders() {
    let cells: &[(&str, &str)] = &[
        ("amazon-order-id", "111-1111111-1111111"),
        ("merchant-order-id", "M1"),
        ("ship-city", "Oslo"),
        ("is-business-order", "true"),
        ("sku", "A"),
        ("asin", "B0"),
        ("product-name", "Pan"),
        ("currency", "USD"),
        ("item-price", "10.50"),
        ("item-tax", "0.84"),
        ("item-promotion-discount", "1.00"),
        ("promotion-ids", "One, Two"),
        ("order-item-id", "777"),
    ];
    for tail in TAILS {
        let header = format!("{COMMON}{tail}");
        let (emitted, loaded) = read(&document(&header, &[cells]), &region(Region::Na), &BOTH);
        loaded.unwrap();
        assert_eq!(
            emitted.of("orders"),
            [&json!({
                "AmazonOrderId": "111-1111111-1111111", "SellerOrderId": "M1", "region": "na",
                "MarketplaceId": "ATVPDKIKX0DER",
                "PurchaseDate": "2024-05-01T10:00:00+00:00",
                "LastUpdateDate": "2024-05-02T10:00:00+00:00",
                "OrderStatus": "Shipped", "FulfillmentChannel": "AFN",
                "SalesChannel": "Amazon.com", "OrderChannel": null, "ShipServiceLevel": null,
                "ShippingAddress": {
                    "City": "Oslo", "StateOrRegion": null, "PostalCode": null, "CountryCode": null
                },
                "IsBusinessOrder": true, "PurchaseOrderNumber": null,
                "NumberOfItemsShipped": 1, "NumberOfItemsUnshipped": 0,
                "OrderTotal": {"CurrencyCode": "USD", "Amount": "10.34"}
            })]
        );
        let item = emitted.of("order_items")[0];
        let has_id = header.contains("order-item-id");
        assert_eq!(item["OrderItemKey"], json!(if has_id { "777" } else { "A#1" }));
        assert_eq!(item["ItemPrice"], json!({"CurrencyCode": "USD", "Amount": "10.50"}));
        assert_eq!(item["ShippingPrice"], Value::Null);
        assert_eq!(item["PromotionIds"], json!(["One", "Two"]));
        assert_eq!(item["Title"], json!("Pan"));
        assert_eq!(item["QuantityOrdered"], json!(1));
        assert_eq!(item.get("OrderItemId").is_some(), has_id);
        assert_eq!(item.get("ship-city"), None);
        assert_eq!(emitted.properties, []);
    }
}

#[test]
fn the_lines_of_an_order_are_added_up_even_when_they_stand_apart() {
    let header = format!("{COMMON}{}", TAILS[0]);
    let line = |order, sku, price| {
        vec![
            ("amazon-order-id", order),
            ("sku", sku),
            ("currency", "EUR"),
            ("item-price", price),
            ("item-tax", "9"),
            ("sales-channel", "Amazon.de"),
        ]
    };
    let rows = [
        line("1", "A", "0.10"),
        line("1", "A", "0.20"),
        line("2", "A", "5"),
        line("1", "B", "1.00"),
        line("1", "A", ""),
    ];
    let rows: Vec<&[_]> = rows.iter().map(Vec::as_slice).collect();
    let (emitted, loaded) = read(&document(&header, &rows), &region(Region::Eu), &BOTH);
    let total = |record: &Value| {
        let number = record["NumberOfItemsShipped"].as_u64();
        (record["AmazonOrderId"].clone(), record["OrderTotal"]["Amount"].clone(), number)
    };
    let totals: Vec<_> = emitted.of("orders").into_iter().map(total).collect();
    assert_eq!(
        totals,
        [
            (json!("1"), json!("0.30"), Some(2)),
            (json!("2"), json!("5"), Some(1)),
            (json!("1"), json!("1.30"), Some(4)),
        ]
    );
    let keys: Vec<_> = emitted
        .of("order_items")
        .into_iter()
        .map(|item| (item["AmazonOrderId"].clone(), item["OrderItemKey"].clone()))
        .collect();
    let expected = [("1", "A#1"), ("1", "A#2"), ("2", "A#1"), ("1", "B#1"), ("1", "A#3")];
    assert_eq!(keys, expected.map(|(order, key)| (json!(order), json!(key))));
    assert_eq!(loaded.unwrap().records, BTreeMap::from([("orders", 3), ("order_items", 5)]));
}

#[test]
fn the_total_has_taxes_only_where_prices_lack_them() {
    let header = format!("{COMMON}{}", TAILS[0]);
    let total = |channel: &str| {
        let cells: &[(&str, &str)] = &[
            ("amazon-order-id", "1"),
            ("sales-channel", channel),
            ("currency", "XXX"),
            ("item-price", "10.00"),
            ("item-tax", "1.00"),
            ("shipping-price", "4.00"),
            ("shipping-tax", "0.40"),
            ("gift-wrap-price", "2.00"),
            ("gift-wrap-tax", "0.20"),
            ("item-promotion-discount", "3.00"),
            ("ship-promotion-discount", "-4.00"),
        ];
        let (emitted, _) = read(&document(&header, &[cells]), &region(Region::Na), &["orders"]);
        let order = emitted.of("orders")[0].clone();
        (order["MarketplaceId"].clone(), order["OrderTotal"]["Amount"].clone())
    };
    assert_eq!(total("Amazon.ca"), (json!("A2EUQ1WTGCTBG2"), json!("10.60")));
    assert_eq!(total("Amazon.com.mx"), (json!("A1AM78C64UM0Y8"), json!("9.00")));
    assert_eq!(total("Non-Amazon"), (Value::Null, json!("9.00")));
}

#[test]
fn an_order_without_prices_or_with_two_currencies_has_no_total() {
    let header = format!("{COMMON}{}", TAILS[0]);
    let rows: [&[(&str, &str)]; 4] = [
        &[
            ("amazon-order-id", "1"),
            ("order-status", "Cancelled"),
            ("item-status", "Cancelled"),
            ("quantity", "0"),
            ("fulfillment-channel", "Merchant"),
        ],
        &[("amazon-order-id", "2"), ("currency", "EUR"), ("item-price", "1")],
        &[("amazon-order-id", "2"), ("currency", "USD"), ("item-price", "1")],
        &[("amazon-order-id", "3"), ("item-status", ""), ("quantity", "")],
    ];
    let (emitted, _) = read(&document(&header, &rows), &region(Region::Na), &["orders"]);
    let orders = emitted.of("orders");
    assert_eq!(orders.len(), 3);
    for order in &orders {
        assert_eq!(order["OrderTotal"], Value::Null);
    }
    assert_eq!(orders[0]["OrderStatus"], json!("Canceled"));
    assert_eq!(orders[0]["FulfillmentChannel"], json!("MFN"));
    assert_eq!(orders[0]["NumberOfItemsShipped"], json!(0));
    assert_eq!(orders[2]["NumberOfItemsShipped"], Value::Null);
}

#[test]
fn unknown_columns_go_to_the_lines_and_orders_stay_as_they_are() {
    let header = format!("{COMMON}\turl\tis-replacement-order\toriginal-order-id");
    let cells: &[(&str, &str)] = &[
        ("amazon-order-id", "1"),
        ("url", "x"),
        ("is-replacement-order", "true"),
        ("original-order-id", "0"),
    ];
    let (emitted, _) = read(&document(&header, &[cells]), &region(Region::Na), &BOTH);
    assert_eq!(emitted.of("order_items")[0]["url"], json!("x"));
    assert_eq!(emitted.of("order_items")[0].get("is-replacement-order"), None);
    assert_eq!(emitted.of("orders")[0]["IsReplacementOrder"], json!(true));
    assert_eq!(emitted.of("orders")[0]["ReplacedOrderId"], json!("0"));
    assert_eq!(emitted.of("orders")[0].get("url"), None);
    let announced: Vec<_> =
        emitted.properties.iter().map(|(of, name, _)| (*of, name.as_str())).collect();
    assert_eq!(announced, [("order_items", "url")]);
}

#[test]
fn a_wrong_cell_names_the_stream_the_line_and_the_column() {
    let header = format!("{COMMON}{}", TAILS[0]);
    let refused = |cells: &[(&str, &str)], stream: &str| {
        let first: &[(&str, &str)] = &[("amazon-order-id", "1")];
        refusal(&document(&header, &[first, cells]), &region(Region::Na), &[stream])
    };
    let one = ("amazon-order-id", "1");
    assert_eq!(
        refused(&[one, ("quantity", "1.5")], "order_items"),
        "order_items: line 3 of report 5012: quantity: expected an integer"
    );
    assert_eq!(
        refused(&[one, ("quantity", "two")], "orders"),
        "orders: line 3 of report 5012: quantity: expected an integer"
    );
    assert_eq!(
        refused(&[one, ("item-price", "1,5")], "orders"),
        "orders: line 3 of report 5012: item-price: expected a number"
    );
    assert_eq!(
        refused(&[("amazon-order-id", "2"), ("purchase-date", "yesterday")], "orders"),
        "orders: line 3 of report 5012: purchase-date: expected a date and time with an offset"
    );
}

#[test]
fn a_line_without_an_order_is_left_out() {
    let header = format!("{COMMON}{}", TAILS[0]);
    let rows: [&[(&str, &str)]; 3] =
        [&[("amazon-order-id", "1")], &[("sku", "A")], &[("amazon-order-id", "1")]];
    let (emitted, loaded) = read(&document(&header, &rows), &region(Region::Na), &["orders"]);
    let shipped: Vec<_> =
        emitted.of("orders").iter().map(|order| order["NumberOfItemsShipped"].clone()).collect();
    assert_eq!(shipped, [json!(1), json!(2)]);
    assert_eq!(loaded.unwrap().keyless, Places { count: 1, first: vec![3] });
}

#[test]
fn a_total_of_nothing_keeps_its_digits() {
    let header = format!("{COMMON}{}", TAILS[0]);
    let line = [
        ("amazon-order-id", "1"),
        ("sku", "S"),
        ("item-price", "0.00"),
        ("currency", "JPY"),
        ("sales-channel", "Amazon.co.jp"),
    ];
    let (emitted, _) = read(&document(&header, &[&line]), &region(Region::Fe), &BOTH);
    assert_eq!(emitted.of("orders")[0]["OrderTotal"]["Amount"], "0.00");
}

/// A line of the property below: order, SKU, and the price in cents.
type Line = (u8, u8, Option<u32>);

proptest! {
    #[test]
    fn however_lines_are_mixed_the_last_order_is_whole_and_every_line_has_its_own_key(
        lines in prop::collection::vec((0_u8..4, 0_u8..2, prop::option::of(0_u32..9999)), 0..30)
    ) {
        let header = format!("{COMMON}{}", TAILS[0]);
        let text = |(order, sku, cents): &Line| {
            let price = cents.map(|cents| format!("{}.{:02}", cents / 100, cents % 100));
            (order.to_string(), sku.to_string(), price.unwrap_or_default())
        };
        let texts: Vec<_> = lines.iter().map(text).collect();
        let cells: Vec<Vec<_>> = texts
            .iter()
            .map(|(order, sku, price)| vec![
                ("amazon-order-id", order.as_str()), ("sku", sku), ("item-price", price),
                ("currency", "JPY"), ("sales-channel", "Amazon.co.jp"),
            ])
            .collect();
        let rows: Vec<&[_]> = cells.iter().map(Vec::as_slice).collect();
        let document = document(&header, &rows);
        let (emitted, loaded) = read(&document, &region(Region::Fe), &BOTH);
        loaded.unwrap();

        let mut last = BTreeMap::new();
        for order in emitted.of("orders") {
            last.insert(order["AmazonOrderId"].as_str().unwrap(), order);
        }
        for (id, order) in &last {
            let of_order = || lines.iter().filter(|line| line.0.to_string() == **id);
            let cents: Vec<u32> = of_order().filter_map(|line| line.2).collect();
            let sum: u32 = cents.iter().sum();
            let total = (!cents.is_empty()).then(|| format!("{}.{:02}", sum / 100, sum % 100));
            prop_assert_eq!(order["OrderTotal"]["Amount"].as_str(), total.as_deref());
            prop_assert_eq!(&order["NumberOfItemsShipped"], &json!(of_order().count()));
        }
        let orders: BTreeSet<u8> = lines.iter().map(|line| line.0).collect();
        prop_assert_eq!(last.len(), orders.len());
        let items = emitted.of("order_items");
        let key = |item: &&Value| {
            (item["AmazonOrderId"].as_str().unwrap().to_owned(), item["OrderItemKey"].as_str().unwrap().to_owned())
        };
        prop_assert_eq!(items.len(), lines.len());
        prop_assert_eq!(items.iter().map(key).collect::<BTreeSet<_>>().len(), lines.len());
    }
}
