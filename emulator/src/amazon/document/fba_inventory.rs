//! The FBA inventory snapshot (unsuppressed listings): one row for each SKU in Amazon's warehouses.

use super::{Document, LastLine, Opening, Packing, Style, flat_file};
use crate::amazon::marketplace::{Marketplace, Region};
use crate::amazon::product::{Offer, Product, World};
use crate::amazon::report::Made;
use crate::amazon::stock::{Stock, stocked};
use encoding_rs::{SHIFT_JIS, UTF_8, WINDOWS_1252};

/// The 21 columns that Amazon documents, and that the Far East gets here.
#[rustfmt::skip]
const COLUMNS: &[&str] = &[
    "sku", "fnsku", "asin", "product-name", "condition", "your-price", "mfn-listing-exists",
    "mfn-fulfillable-quantity", "afn-listing-exists", "afn-warehouse-quantity", "afn-fulfillable-quantity",
    "afn-unsellable-quantity", "afn-reserved-quantity", "afn-total-quantity", "per-unit-volume",
    "afn-inbound-working-quantity", "afn-inbound-shipped-quantity", "afn-inbound-receiving-quantity",
    "afn-researching-quantity", "afn-reserved-future-supply", "afn-future-supply-buyable",
];

/// Further columns of Europe: the fulfillable quantity, divided.
const COLUMNS_LOCAL: &[&str] =
    &["afn-fulfillable-quantity-local", "afn-fulfillable-quantity-remote"];

/// Further columns since 2026, outside the Far East.
const COLUMNS_2026: &[&str] = &["afn-fc-transfer-quantity", "afn-onhand-buyable-quantity", "store"];

/// The columns of `region`: 24, 26 or 21.
fn columns(region: Region) -> Vec<&'static str> {
    match region {
        Region::Na => [COLUMNS, COLUMNS_2026].concat(),
        Region::Eu => [COLUMNS, COLUMNS_LOCAL, COLUMNS_2026].concat(),
        Region::Fe => COLUMNS.to_vec(),
    }
}

/// How the file of `marketplace` is written. That of Europe is as measured in August 2026.
pub(super) fn style(marketplace: &Marketplace) -> Style {
    let is_european = marketplace.region == Region::Eu;
    let (content_type, encoding) = match (marketplace.country, is_european) {
        (_, true) => ("text/plain; charset=Cp1252", WINDOWS_1252),
        ("JP", false) => ("text/plain; charset=Windows-31J", SHIFT_JIS),
        // Without a charset, and in UTF-8.
        _ => ("text/plain", UTF_8),
    };
    Style {
        content_type,
        encoding,
        opening: Opening::Header,
        line_end: if is_european { "\r\n" } else { "\n" },
        last_line: if is_european { LastLine::Open } else { LastLine::Terminated },
        packing: if is_european { Packing::Gzip } else { Packing::Plain },
    }
}

/// The stock that `marketplace` shows at the time of `made`. It changes once an hour.
pub(super) fn document(world: World, marketplace: &'static Marketplace, made: Made) -> Document {
    let columns = columns(marketplace.region);
    let header = columns.join("\t");
    let rows = stocked(world, marketplace, 0).map(move |(product, offer)| {
        let stock = Stock::of(world, marketplace, &product, made.at);
        row(&columns, world, marketplace, (&product, &offer), stock)
    });
    flat_file(std::iter::once(header).chain(rows), style(marketplace))
}

/// One row. Quantities add up: warehouse = fulfillable + unsellable + reserved.
fn row(
    columns: &[&str],
    world: World,
    marketplace: &'static Marketplace,
    (product, offer): (&Product, &Offer),
    stock: Stock,
) -> String {
    let Stock { fulfillable, local, unsellable, reserved, inbound } = stock;
    let cells = columns.iter().map(|column| match *column {
        "sku" => offer.sku.clone(),
        "fnsku" => world.fnsku(product),
        "asin" => product.asin.clone(),
        "product-name" => world.title(product, marketplace),
        "condition" => "New".to_owned(),
        "your-price" => marketplace.money(product.price(marketplace)),
        "mfn-listing-exists" => "No".to_owned(),
        "afn-listing-exists" => "Yes".to_owned(),
        "afn-warehouse-quantity" => stock.warehouse().to_string(),
        "afn-fulfillable-quantity" | "afn-onhand-buyable-quantity" => fulfillable.to_string(),
        "afn-unsellable-quantity" => unsellable.to_string(),
        "afn-reserved-quantity" => reserved.to_string(),
        "afn-total-quantity" => stock.total().to_string(),
        "per-unit-volume" => "0.04".to_owned(),
        "afn-inbound-shipped-quantity" => inbound.to_string(),
        "afn-fulfillable-quantity-local" => local.to_string(),
        "afn-fulfillable-quantity-remote" => (fulfillable - local).to_string(),
        // Often empty in real files.
        "mfn-fulfillable-quantity" | "afn-researching-quantity" | "store" => String::new(),
        _ => "0".to_owned(),
    });
    cells.collect::<Vec<_>>().join("\t")
}
