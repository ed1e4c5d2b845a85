//! The reports that list what went to customers, came back and was paid for, and the stock by country.

use super::{Document, fba_inventory, flat_file};
use crate::amazon::movement::{Movement, Movements, What};
use crate::random::Random;
use chrono::{DateTime, SecondsFormat, Utc};

#[rustfmt::skip]
const SHIPMENT_COLUMNS: &[&str] = &[
    "shipment-date", "sku", "fnsku", "asin", "fulfillment-center-id", "quantity", "amazon-order-id", "currency",
    "item-price-per-unit", "shipping-price", "gift-wrap-price", "ship-city", "ship-state", "ship-postal-code",
];

#[rustfmt::skip]
const RETURN_COLUMNS: &[&str] = &[
    "return-date", "order-id", "sku", "asin", "fnsku", "product-name", "quantity", "fulfillment-center-id",
    "detailed-disposition", "reason", "status", "license-plate-number", "customer-comments",
];

#[rustfmt::skip]
const REIMBURSEMENT_COLUMNS: &[&str] = &[
    "approval-date", "reimbursement-id", "case-id", "amazon-order-id", "reason", "sku", "fnsku", "asin",
    "product-name", "condition", "currency-unit", "amount-per-unit", "amount-total", "quantity-reimbursed-cash",
    "quantity-reimbursed-inventory", "quantity-reimbursed-total", "original-reimbursement-id",
    "original-reimbursement-type",
];

#[rustfmt::skip]
const COUNTRY_COLUMNS: &[&str] = &[
    "seller-sku", "fulfillment-channel-sku", "asin", "condition-type", "country", "quantity-for-local-fulfillment",
];

/// Why customers send goods back.
const REASONS: &[&str] = &["DEFECTIVE", "UNWANTED_ITEM", "NOT_AS_DESCRIBED", "SWITCHEROO"];

/// What customers write then: free text, with quotes that mean nothing.
const COMMENTS: &[&str] = &["", "Zu klein", "box was 10\" too big", "", "ne marche pas"];

/// The movements of one kind that happened at or after `start` and before `end`, a row each.
pub(super) fn document(
    movements: Movements,
    what: What,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
) -> Document {
    let columns = match what {
        What::Shipped => SHIPMENT_COLUMNS,
        What::Returned => RETURN_COLUMNS,
        _ => REIMBURSEMENT_COLUMNS,
    };
    let rows = movements.within(start, end).into_iter();
    let rows = rows.filter(move |it| it.what == what).map(move |movement| {
        let cells = columns.iter().map(|column| cell(column, movements, &movement));
        cells.collect::<Vec<_>>().join("\t")
    });
    let header = columns.join("\t");
    flat_file(std::iter::once(header).chain(rows), fba_inventory::style(movements.marketplace))
}

/// The cell of `column`; none of the three reports means another thing by one name.
fn cell(column: &str, movements: Movements, movement: &Movement) -> String {
    let Movements { world, marketplace, .. } = movements;
    let product = &movement.product;
    let line = movement.order.as_ref().and_then(|(order, place)| order.lines.get(*place));
    let place = movement.order.as_ref().map(|(order, _)| order.place).unwrap_or_default();
    let price = line.map_or(0, |line| line.price / line.quantity.max(1));
    let mut random = Random::new(world.seed, &movement.label, product.index);
    match column {
        "shipment-date" | "return-date" | "approval-date" => {
            movement.at.to_rfc3339_opts(SecondsFormat::Secs, false)
        }
        "sku" => movement.sku.clone(),
        "fnsku" => world.fnsku(product),
        "asin" => product.asin.clone(),
        "product-name" => world.title(product, marketplace),
        "fulfillment-center-id" => movement.warehouse.clone(),
        "quantity" => movement.units.abs().to_string(),
        "amazon-order-id" | "order-id" => {
            movement.order.as_ref().map(|(order, _)| order.id.clone()).unwrap_or_default()
        }
        "currency" | "currency-unit" => marketplace.currency.to_owned(),
        "item-price-per-unit" => marketplace.money(price),
        "shipping-price" => line.map_or_else(String::new, |it| marketplace.money(it.shipping)),
        "gift-wrap-price" => marketplace.money(0),
        "ship-city" => place.0.to_owned(),
        "ship-state" => place.1.to_owned(),
        "ship-postal-code" => place.2.to_owned(),
        "detailed-disposition" => movement.disposition.to_owned(),
        "reason" if movement.what == What::Reimbursed => "Lost_Warehouse".to_owned(),
        "reason" => random.pick(REASONS).to_owned(),
        "status" => "Unit returned to inventory".to_owned(),
        "license-plate-number" | "reimbursement-id" => movement.label.clone(),
        "customer-comments" => random.pick(COMMENTS).to_owned(),
        "condition" => "NewItem".to_owned(),
        "amount-per-unit" | "amount-total" => marketplace.money(price * 4 / 5),
        "quantity-reimbursed-cash" | "quantity-reimbursed-total" => "1".to_owned(),
        "quantity-reimbursed-inventory" => "0".to_owned(),
        _ => String::new(),
    }
}

/// The stock of each SKU, in the countries in which some lies. It changes once an hour.
pub(super) fn by_country(movements: Movements) -> Document {
    let Movements { world, marketplace, now, .. } = movements;
    let hour = u64::try_from(now.timestamp() / 3600).unwrap_or(0);
    let rows = movements.stocked().flat_map(move |(sku, product)| {
        let countries = marketplace.region.marketplaces().filter(|it| it.country != "TR");
        let row = move |country: &str| {
            let mut random = Random::new(world.seed ^ hour, country, product.index);
            let units = random.below(120);
            let cells = [&sku, &world.fnsku(&product), &product.asin, "NewItem", country];
            (units > 20).then(|| format!("{}\t{units}", cells.join("\t")))
        };
        countries.filter_map(|it| row(it.country)).collect::<Vec<_>>()
    });
    let header = COUNTRY_COLUMNS.join("\t");
    flat_file(std::iter::once(header).chain(rows), fba_inventory::style(marketplace))
}
