//! The ready-made SQL, against tables that target-postgres loaded.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use support::database::Database;
use support::{
    Emulator, Extracted, Folder, amazon_to_postgres, days_ago, fed, printed, program, root, tap,
};

/// A database with the tables of a run.
struct Shop {
    database: Database,
    namespace: String,
}

impl Shop {
    /// Loads messages.
    fn of(messages: &[Value]) -> Self {
        let database = Database::start();
        let (folder, namespace) = (Folder::new(), database.schema_name());
        let config = folder.file("config.json", database.config(&namespace, json!({})));
        let mut target = program("target-postgres");
        target.args(["--config", config.to_str().unwrap()]);
        let lines: Vec<_> = messages.iter().map(Value::to_string).collect();
        printed(&fed(target, lines.join("\n").as_bytes()));
        Self { database, namespace }
    }

    /// Loads what the emulator has, and says what the tap had to say.
    fn of_the_emulator() -> (Self, Extracted) {
        let folder = Folder::new();
        let emulator = Emulator::at_speed(&folder, "100000", &["--asins", "60", "--orders", "200"]);
        let database = Database::start();
        let (start, end) = (days_ago(40), days_ago(1));
        let settings = json!({
            "marketplaces": ["US", "DE", "FR", "JP"], "start_date": start, "end_date": end,
        });
        let amazon = folder.file("amazon.json", emulator.tap_config(settings));
        let arguments = ["--config", amazon.to_str().unwrap()];
        let hour = || database.sql("SELECT date_trunc('hour', now())");
        // Stock in the emulator changes with the hour.
        let (extracted, namespace) = loop {
            let (begun, namespace) = (hour(), database.schema_name());
            let postgres = folder.file("postgres.json", database.config(&namespace, json!({})));
            let extracted = tap(&arguments).succeeded();
            let target = ["--config", postgres.to_str().unwrap()];
            printed(&amazon_to_postgres(&arguments, &target).1);
            if hour() == begun {
                break (extracted, namespace);
            }
        };
        (Self { database, namespace }, extracted)
    }

    /// Runs files of `sql/`, twice: what is there already is no reason to fail.
    fn run(&self, files: &[&str]) {
        for file in files.iter().chain(files) {
            self.database.run_file(&self.namespace, &root().join("sql").join(file));
        }
    }

    fn sql(&self, sql: &str) -> String {
        self.database.sql_in(&self.namespace, sql)
    }

    /// The rows of a view, by the columns that tell them apart.
    fn rows(&self, view: &str, keys: [&str; 2]) -> BTreeMap<[String; 2], Value> {
        let sql = format!("SELECT coalesce(jsonb_agg(to_jsonb(v)), '[]') FROM {view} AS v");
        let rows: Vec<Value> = serde_json::from_str(&self.sql(&sql)).unwrap();
        let count = rows.len();
        let rows: BTreeMap<_, _> = rows.into_iter().map(|row| (place(&row, keys), row)).collect();
        assert_eq!(rows.len(), count, "{view}: {keys:?} do not tell all rows apart");
        rows
    }
}

/// Where something belongs.
fn place(row: &Value, keys: [&str; 2]) -> [String; 2] {
    keys.map(|key| row[key].to_string())
}

/// The number in `{"CurrencyCode": …, "Amount": "12.30"}`.
fn amount(sum: &Value) -> Value {
    sum["Amount"].as_str().map_or(Value::Null, |digits| serde_json::from_str(digits).unwrap())
}

/// A SCHEMA of the properties given.
fn schema(stream: &str, keys: &[&str], properties: &Value) -> Value {
    json!({"type": "SCHEMA", "stream": stream, "schema": {"properties": properties}, "key_properties": keys})
}

/// The SCHEMA that the tap has for a stream, with the records given.
fn stream(name: &str, keys: &[&str], records: &[Value]) -> Vec<Value> {
    let path = root().join(format!("schemas/{name}.json"));
    let of_file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let records = records.iter().map(|it| json!({"type": "RECORD", "stream": name, "record": it}));
    std::iter::once(schema(name, keys, &of_file["properties"])).chain(records).collect()
}

#[test]
fn views_of_a_run_say_what_amazon_said() {
    let (shop, extracted) = Shop::of_the_emulator();
    shop.run(&["products.sql", "sell_orders.sql", "daily_sales_traffic.sql"]);
    products_stand_beside_their_listings(&shop, &extracted);
    pooled_stock_counts_once(&shop);
    orders_have_their_totals(&shop, &extracted);
    lines_have_their_products(&shop, &extracted);
    days_have_their_sums(&shop, &extracted);
}

fn products_stand_beside_their_listings(shop: &Shop, extracted: &Extracted) {
    let mut stock = BTreeMap::new();
    for row in extracted.records("warehouse_inventory") {
        let quantity = row["inventoryDetails"]["fulfillableQuantity"].clone();
        stock.insert(place(row, ["marketplace_id", "sellerSku"]), quantity);
    }
    let mut eans = BTreeMap::new();
    for item in extracted.records("product_catalog") {
        let identifiers = item["identifiers"][0]["identifiers"].as_array();
        let ean = identifiers.into_iter().flatten().find(|it| it["identifierType"] == "EAN");
        let ean = ean.map_or(Value::Null, |ean| ean["identifier"].clone());
        eans.insert(place(item, ["marketplace_id", "asin"]), ean);
    }
    let products = shop.rows("products", ["marketplace_id", "listing_id"]);
    let listings = extracted.records("products_inventory");
    assert_eq!(products.len(), listings.len());
    let mut amazons = 0;
    for listing in &listings {
        let product = &products[&place(listing, ["marketplace_id", "listing-id"])];
        let (asin, marketplace) = (&listing["asin1"], &listing["marketplace_id"]);
        let remote_id = [asin, marketplace].map(|part| part.as_str().unwrap()).join("_");
        assert_eq!(product["remote_id"], remote_id);
        for (column, header) in
            [("asin", "asin1"), ("sku", "seller-sku"), ("name", "item-name"), ("price", "price")]
        {
            assert_eq!(product[column], listing[header], "{column} of {remote_id}");
        }
        assert_eq!(product["ean"], eans[&place(listing, ["marketplace_id", "asin1"])]);
        let is_amazons = listing["fulfillment-channel"].as_str().unwrap().starts_with("AMAZON");
        amazons += usize::from(is_amazons);
        let at_amazon = stock.get(&place(listing, ["marketplace_id", "seller-sku"]));
        let wanted = if is_amazons { at_amazon.unwrap() } else { &listing["quantity"] };
        assert_eq!((&product["stock"], wanted.is_i64()), (wanted, true), "{remote_id}");
    }
    assert!(amazons > 50 && listings.len() - amazons > 20, "{amazons} of {}", listings.len());
}

fn pooled_stock_counts_once(shop: &Shop) {
    let sum = |marketplaces: &str| {
        let quantity = "(\"inventoryDetails\" ->> 'fulfillableQuantity')::int";
        shop.sql(&format!(
            "SELECT sum({quantity}) FROM warehouse_inventory WHERE marketplace_id IN ({marketplaces})"
        ))
    };
    // The United States, Japan, and Germany for France as well.
    let pools = sum("'ATVPDKIKX0DER', 'A1VC38T7YXB528', 'A1PA6795UKMFR9'");
    assert_eq!(shop.sql("SELECT sum(stock_at_amazon) FROM stock_by_sku"), pools);
    assert_ne!(pools, sum("SELECT marketplace_id FROM warehouse_inventory"));
}

fn orders_have_their_totals(shop: &Shop, extracted: &Extracted) {
    let sold = shop.rows("sell_orders", ["remote_id", "remote_id"]);
    let orders = extracted.records("orders");
    assert_eq!(sold.len(), orders.len());
    for order in orders {
        let row = &sold[&place(order, ["AmazonOrderId", "AmazonOrderId"])];
        assert_eq!(row["total_value"], amount(&order["OrderTotal"]));
        assert_eq!(row["currency_code"], order["OrderTotal"]["CurrencyCode"]);
        assert_eq!(row["status"], order["OrderStatus"]);
        let placed = order["PurchaseDate"].as_str().unwrap().replace('Z', "+00:00");
        assert_eq!(row["placed"], placed);
    }
    let placed = "SELECT count(*) FROM sell_orders WHERE placed > now() - interval '1 year' AND total_value > 0";
    assert_ne!(shop.sql(placed), "0");
}

fn lines_have_their_products(shop: &Shop, extracted: &Extracted) {
    let sold = shop.rows("sell_order_lines", ["order_remote_id", "line_id"]);
    let lines = extracted.records("order_items");
    assert_eq!(sold.len(), lines.len());
    for line in lines {
        let row = &sold[&place(line, ["AmazonOrderId", "OrderItemKey"])];
        assert_eq!(row["subtotal"], amount(&line["ItemPrice"]));
        assert_eq!((&row["quantity"], &row["asin"]), (&line["QuantityOrdered"], &line["ASIN"]));
        let product = line["MarketplaceId"].as_str().map_or(Value::Null, |marketplace| {
            json!(format!("{}_{marketplace}", line["ASIN"].as_str().unwrap()))
        });
        assert_eq!(row["product_remote_id"], product);
    }
    let joined =
        "SELECT count(*) FROM sell_order_lines JOIN products ON remote_id = product_remote_id";
    assert_ne!(shop.sql(joined), "0");
}

fn days_have_their_sums(shop: &Shop, extracted: &Extracted) {
    let records = extracted.records("sales_traffic_report");
    let sum = |field: &str| -> i64 { records.iter().filter_map(|it| it[field].as_i64()).sum() };
    let days = "SELECT count(*), sum(units_ordered), sum(sessions) FROM daily_sales_traffic";
    let wanted = [i64::try_from(records.len()).unwrap(), sum("units_ordered"), sum("sessions")];
    assert!(wanted.iter().all(|sum| *sum > 100), "{wanted:?}");
    assert_eq!(shop.sql(days), wanted.map(|sum| sum.to_string()).join("|"));
}

#[test]
fn ratios_of_a_day_are_null_where_there_is_nothing_to_divide_by() {
    let day = |asin: &str, units: i64, sales: f64, sessions: i64| {
        json!({"date": "2026-03-01", "marketplace_id": "A1PA6795UKMFR9", "child_asin": asin, "units_ordered": units,
            "ordered_product_sales": sales, "sessions": sessions, "page_views": 9})
    };
    let days = [day("B000000001", 3, 59.85, 8), day("B000000002", 0, 0.0, 0)];
    let shop =
        Shop::of(&stream("sales_traffic_report", &["marketplace_id", "date", "child_asin"], &days));
    shop.run(&["daily_sales_traffic.sql"]);
    let ratios = "SELECT child_asin, average_unit_price, page_views_per_session, units_per_hundred_sessions \
                  FROM daily_sales_traffic ORDER BY child_asin";
    assert_eq!(shop.sql(ratios), "B000000001|19.95|1.13|37.50\nB000000002|||");
}

/// A listing of a SKU.
fn listing(marketplace: &str, sku: &str, channel: &str, quantity: Option<u32>) -> Value {
    json!({"marketplace_id": marketplace, "listing-id": sku, "seller-sku": sku, "quantity": quantity,
        "fulfillment-channel": channel, "product-id-type": "1", "product-id": "B000000001"})
}

/// Stock of a SKU at Amazon.
fn stock(marketplace: &str, sku: &str, quantity: Option<u32>) -> Value {
    json!({"marketplace_id": marketplace, "sellerSku": sku,
        "inventoryDetails": {"fulfillableQuantity": quantity}})
}

#[test]
fn stock_that_several_marketplaces_sell_is_counted_once() {
    let (us, de, fr, gb) = ("ATVPDKIKX0DER", "A1PA6795UKMFR9", "A13V1IB3VIYZZH", "A1F83G8C2ARO7P");
    let listings = [
        listing(us, "FBA", "AMAZON_NA", None),
        listing(de, "FBA", "AMAZON_EU", None),
        listing(de, "OWN", "DEFAULT", Some(7)),
        listing(fr, "OWN", "DEFAULT", Some(6)),
        // Amazon's report of its stock names what the seller sends as well.
        listing(us, "BOTH", "DEFAULT", Some(4)),
        listing(us, "NEW", "AMAZON_NA", None),
    ];
    let stocks = [
        stock(us, "FBA", Some(5)),
        stock(de, "FBA", Some(10)),
        stock(fr, "FBA", Some(11)),
        stock(gb, "FBA", Some(3)),
        stock(us, "BOTH", Some(0)),
        stock(us, "NEW", None),
    ];
    let shop = Shop::of(
        &[
            stream("products_inventory", &["marketplace_id", "listing-id"], &listings),
            stream("warehouse_inventory", &["marketplace_id", "sellerSku"], &stocks),
            stream("product_catalog", &["marketplace_id", "asin"], &[]),
        ]
        .concat(),
    );
    shop.run(&["products.sql"]);
    let by_sku =
        "SELECT sku, stock_at_amazon, stock_at_seller, stock FROM stock_by_sku ORDER BY sku";
    assert_eq!(shop.sql(by_sku), "BOTH|0|4|4\nFBA|19||19\nNEW|||\nOWN||7|7");
    let by_listing = "SELECT sku, marketplace_id, stock FROM products ORDER BY sku, marketplace_id";
    assert_eq!(
        shop.sql(by_listing),
        format!("BOTH|{us}|4\nFBA|{de}|10\nFBA|{us}|5\nNEW|{us}|\nOWN|{fr}|6\nOWN|{de}|7")
    );
    let remote = format!("SELECT DISTINCT remote_id FROM products WHERE marketplace_id = '{us}'");
    assert_eq!(shop.sql(&remote), format!("B000000001_{us}"));
}

#[test]
fn an_ean_comes_from_the_listing_or_the_catalogue() {
    let us = "ATVPDKIKX0DER";
    let with = |id: &str, asin: &str| {
        json!({"marketplace_id": us, "listing-id": asin, "seller-sku": asin, "asin1": asin,
            "product-id": id, "product-id-type": "4"})
    };
    let item = |asin: &str, kind: &str, identifier: &str| {
        json!({"marketplace_id": us, "asin": asin, "identifiers": [{"marketplaceId": us, "identifiers":
            [{"identifierType": "GTIN", "identifier": "x"}, {"identifierType": kind, "identifier": identifier}]}]})
    };
    let listings =
        [with("4006381333931", "B1"), with("B2", "B2"), with("B3", "B3"), with("B4", "B4")];
    let items = [
        item("B2", "EAN", "4006381333948"),
        item("B3", "UPC", "036000291452"),
        json!({"marketplace_id": us, "asin": "B4", "identifiers": null}),
    ];
    let shop = Shop::of(
        &[
            stream("products_inventory", &["marketplace_id", "listing-id"], &listings),
            stream("warehouse_inventory", &["marketplace_id", "sellerSku"], &[]),
            stream("product_catalog", &["marketplace_id", "asin"], &items),
        ]
        .concat(),
    );
    shop.run(&["products.sql"]);
    assert_eq!(
        shop.sql("SELECT asin, ean FROM products ORDER BY asin"),
        "B1|4006381333931\nB2|4006381333948\nB3|0036000291452\nB4|"
    );
}

/// A fee as the Finances API v0 tells it.
fn fee(kind: &str, amount: f64) -> Value {
    json!({"FeeType": kind, "FeeAmount": {"CurrencyCode": "EUR", "CurrencyAmount": amount}})
}

#[test]
fn fees_of_an_order_are_summed_over_its_lines_refunds_and_days() {
    let list = json!({"type": ["array", "null"]});
    let properties = json!({"AmazonOrderId": {"type": "string"}, "PostedDate": {"type": "string"},
        "ShipmentEventList": list, "RefundEventList": list});
    let nameless = json!({"FeeAmount": {"CurrencyCode": "EUR", "CurrencyAmount": -0.25}});
    let shipment = json!({"PostedDate": "2026-03-01T10:00:00Z", "ShipmentFeeList": [fee("ShippingHB", -0.5)],
        "OrderFeeList": [nameless], "ShipmentItemList": [
            {"SellerSKU": "A", "ItemFeeList": [fee("Commission", -3.15), fee("FBAPerUnitFulfillmentFee", -2.9),
                fee("FixedClosingFee", 0.0)], "ItemChargeList": [{"ChargeType": "Principal"}]},
            {"SellerSKU": "B", "ItemFeeList": [fee("Commission", -1.05)]},
            {"SellerSKU": "C"}]});
    let refund = json!({"PostedDate": "2026-03-09T10:00:00Z", "ShipmentItemAdjustmentList": [
        {"SellerSKU": "A", "ItemFeeAdjustmentList": [fee("Commission", 3.15), fee("RefundCommission", -0.63)]}]});
    let record =
        |it: Value| json!({"type": "RECORD", "stream": "order_financial_events", "record": it});
    let shop = Shop::of(&[
        schema("order_financial_events", &["AmazonOrderId", "PostedDate"], &properties),
        record(
            json!({"AmazonOrderId": "1", "PostedDate": "2026-03-01", "ShipmentEventList": [shipment]}),
        ),
        record(
            json!({"AmazonOrderId": "1", "PostedDate": "2026-03-09", "RefundEventList": [refund]}),
        ),
        record(json!({"AmazonOrderId": "2", "PostedDate": "2026-03-09", "ShipmentEventList": []})),
    ]);
    shop.run(&["order_fees.sql"]);
    assert_eq!(shop.sql("SELECT * FROM order_fees"), "1|EUR|-1.68|-2.9|-0.75|-5.33|2.52");
    let lines = "SELECT kind, sku, fee_type, amount, posted AT TIME ZONE 'UTC' FROM order_fee_lines \
                 ORDER BY posted, sku, fee_type";
    assert_eq!(
        shop.sql(lines),
        "shipment|A|Commission|-3.15|2026-03-01 10:00:00\n\
         shipment|A|FBAPerUnitFulfillmentFee|-2.9|2026-03-01 10:00:00\n\
         shipment|B|Commission|-1.05|2026-03-01 10:00:00\n\
         shipment||ShippingHB|-0.5|2026-03-01 10:00:00\n\
         shipment|||-0.25|2026-03-01 10:00:00\n\
         refund|A|Commission|3.15|2026-03-09 10:00:00\n\
         refund|A|RefundCommission|-0.63|2026-03-09 10:00:00"
    );
}

/// Whether the database refuses a statement.
fn is_refused(shop: &Shop, sql: &str) -> bool {
    let mut psql = shop.database.psql();
    psql.args(["-q", "-v", "ON_ERROR_STOP=1", "-c"]);
    psql.arg(format!("SET search_path TO {}; {sql}", shop.namespace));
    !psql.output().unwrap().status.success()
}

#[test]
fn tables_of_daily_data_and_of_report_jobs_keep_their_promises() {
    let shop = Shop::of(&[]);
    shop.database.sql(&format!("CREATE SCHEMA IF NOT EXISTS {}", shop.namespace));
    shop.run(&["daily_asin.sql", "report_jobs.sql"]);
    assert_eq!(
        shop.sql("SELECT count(*), count(DISTINCT country_code) FROM marketplaces"),
        "23|23"
    );
    let day = "INSERT INTO sp_daily_asin_data (date, marketplace_id, amazon_marketplace_id, child_asin) \
               SELECT '2026-03-01', id, amazon_marketplace_id, 'B000000001' FROM marketplaces \
               WHERE country_code = 'DE'";
    assert!(!is_refused(&shop, day));
    assert!(is_refused(&shop, day), "a day of an ASIN is there twice");
    let job = |id: &str, status: &str| {
        let sql =
            "INSERT INTO report_jobs (date, amazon_marketplace_id, report_type, report_id, status)";
        format!("{sql} VALUES ('2026-03-01', 'A1PA6795UKMFR9', 'GET_X', {id}, '{status}')")
    };
    for (id, status, refused) in [
        ("'1'", "DONE", false),
        ("'1'", "DONE", true),
        ("'2'", "RUNNING", true),
        ("NULL", "IN_QUEUE", false),
        ("NULL", "IN_QUEUE", false),
    ] {
        assert_eq!(is_refused(&shop, &job(id, status)), refused, "{id} {status}");
    }
    let indexes =
        "SELECT count(*) FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ";
    assert_eq!(shop.sql(&format!("{indexes}'sp_daily_asin_data'")), "5");
    assert_eq!(shop.sql(&format!("{indexes}'report_jobs'")), "5");
}
