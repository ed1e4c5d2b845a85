//! The All Orders report: one file for a whole region, one row for each line of an order.

use super::{Document, LastLine, Opening, Packing, Style, flat_file};
use crate::amazon::marketplace::Region;
use crate::amazon::order::{Line, Order, Orders, PROMOTIONS};
use crate::amazon::product::Channel;
use chrono::{DateTime, SecondsFormat, Utc};
use encoding_rs::{SHIFT_JIS, UTF_8, WINDOWS_1252};
use std::collections::VecDeque;

/// The columns of North America, as a parser of 2026 knows them from production.
#[rustfmt::skip]
const COLUMNS_NA: &[&str] = &[
    "amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status",
    "fulfillment-channel", "sales-channel", "order-channel", "ship-service-level", "product-name", "sku", "asin",
    "item-status", "quantity", "currency", "item-price", "item-tax", "shipping-price", "shipping-tax",
    "gift-wrap-price", "gift-wrap-tax", "item-promotion-discount", "ship-promotion-discount", "ship-city",
    "ship-state", "ship-postal-code", "ship-country", "promotion-ids", "cpf", "is-business-order",
    "purchase-order-number", "price-designation", "signature-confirmation-recommended", "order-item-id",
];

/// The columns of Europe: `order-item-id` stands after `order-status`.
#[rustfmt::skip]
const COLUMNS_EU: &[&str] = &[
    "amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status", "order-item-id",
    "fulfillment-channel", "sales-channel", "order-channel", "ship-service-level", "product-name", "sku", "asin",
    "item-status", "quantity", "currency", "item-price", "item-tax", "shipping-price", "shipping-tax",
    "gift-wrap-price", "gift-wrap-tax", "item-promotion-discount", "ship-promotion-discount", "ship-city",
    "ship-state", "ship-postal-code", "ship-country", "promotion-ids", "cpf", "is-business-order",
    "purchase-order-number", "price-designation",
];

/// The columns of the Far East, as Amazon documents them: lines have no number. The space after
/// `promotion-ids` occurs in real files.
#[rustfmt::skip]
const COLUMNS_FE: &[&str] = &[
    "amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status",
    "fulfillment-channel", "sales-channel", "order-channel", "ship-service-level", "product-name", "sku", "asin",
    "item-status", "quantity", "currency", "item-price", "item-tax", "shipping-price", "shipping-tax",
    "gift-wrap-price", "gift-wrap-tax", "item-promotion-discount", "ship-promotion-discount", "ship-city",
    "ship-state", "ship-postal-code", "ship-country", "promotion-ids ", "is-business-order",
    "purchase-order-number", "price-designation",
];

/// One order in this many has its last line further down in the file.
const SCATTERED: u64 = 20;

/// After how many other orders that line comes.
const DISTANCE: usize = 3;

/// The columns of `region`.
fn columns(region: Region) -> &'static [&'static str] {
    match region {
        Region::Na => COLUMNS_NA,
        Region::Eu => COLUMNS_EU,
        Region::Fe => COLUMNS_FE,
    }
}

/// How the file of `region` is written.
pub(super) fn style(region: Region) -> Style {
    let (content_type, encoding) = match region {
        Region::Na => ("text/plain; charset=UTF-8", UTF_8),
        Region::Eu => ("text/plain; charset=Cp1252", WINDOWS_1252),
        Region::Fe => ("text/plain; charset=Windows-31J", SHIFT_JIS),
    };
    let (line_end, last_line) = match region {
        Region::Eu => ("\r\n", LastLine::Open),
        Region::Na | Region::Fe => ("\n", LastLine::Terminated),
    };
    let packing = if region == Region::Fe { Packing::Plain } else { Packing::Gzip };
    Style { content_type, encoding, opening: Opening::Header, line_end, last_line, packing }
}

/// The orders that were updated at or after `start` and before `end`.
pub(super) fn document(
    orders: Orders,
    region: Region,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
) -> Document {
    let columns = columns(region);
    let rows = Rows {
        orders,
        columns,
        indexes: orders.updated_within(start, end),
        ready: VecDeque::new(),
        late: VecDeque::new(),
    };
    flat_file(std::iter::once(columns.join("\t")).chain(rows), style(region))
}

/// The rows of the file. Lines of one order mostly follow each other, but not always.
struct Rows {
    orders: Orders,
    columns: &'static [&'static str],
    indexes: std::ops::Range<u64>,
    ready: VecDeque<String>,
    /// Rows that come later, each with the number of orders before it.
    late: VecDeque<(usize, String)>,
}

impl Rows {
    /// Makes the rows of the next order, and of those lines whose turn has come.
    fn advance(&mut self) -> Option<()> {
        let Some(index) = self.indexes.next() else {
            let (_, row) = self.late.pop_front()?;
            self.ready.push_back(row);
            return Some(());
        };
        let order = self.orders.order(index)?;
        let mut rows: Vec<String> =
            order.lines.iter().map(|line| row(self.columns, &order, line)).collect();
        let scattered = if index % SCATTERED == 7 && rows.len() > 1 { rows.pop() } else { None };
        self.ready.extend(rows);
        for (left, _) in &mut self.late {
            *left -= 1;
        }
        while self.late.front().is_some_and(|(left, _)| *left == 0) {
            self.ready.extend(self.late.pop_front().map(|(_, row)| row));
        }
        self.late.extend(scattered.map(|row| (DISTANCE, row)));
        Some(())
    }
}

impl Iterator for Rows {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        while self.ready.is_empty() {
            self.advance()?;
        }
        self.ready.pop_front()
    }
}

/// One row: the cells of `columns`, separated by tabs.
fn row(columns: &[&str], order: &Order, line: &Line) -> String {
    let mut row = String::with_capacity(400);
    for (place, column) in columns.iter().enumerate() {
        if place > 0 {
            row.push('\t');
        }
        row.push_str(&cell(column.trim_end(), order, line));
    }
    row
}

/// The cell of `column`. Columns that are empty for nearly every seller are empty here.
fn cell(column: &str, order: &Order, line: &Line) -> String {
    let date = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Secs, false);
    // While an order is pending its amounts are hidden.
    let money = |minor: u64| match order.status {
        "Pending" => String::new(),
        _ => order.marketplace.money(minor),
    };
    match column {
        "amazon-order-id" | "merchant-order-id" => order.id.clone(),
        "purchase-date" => date(order.purchased),
        "last-updated-date" => date(order.updated),
        "order-status" | "item-status" => order.status.to_owned(),
        "order-item-id" => line.id.clone(),
        "fulfillment-channel" => match order.channel {
            Channel::Amazon => "Amazon".to_owned(),
            Channel::Merchant => "Merchant".to_owned(),
        },
        "sales-channel" => order.sales_channel(),
        "ship-service-level" => "Expedited".to_owned(),
        "product-name" => line.title.clone(),
        "sku" => line.sku.clone(),
        "asin" => line.asin.clone(),
        "quantity" => order.ordered(line).to_string(),
        "currency" if order.status == "Pending" => String::new(),
        "currency" => order.marketplace.currency.to_owned(),
        "item-price" => money(line.price),
        "item-tax" => money(line.tax),
        "shipping-price" if line.shipping > 0 => money(line.shipping),
        "item-promotion-discount" if line.discount > 0 => money(line.discount),
        "promotion-ids" if line.discount > 0 => PROMOTIONS.join(","),
        "ship-city" => order.place.0.to_owned(),
        "ship-state" => order.place.1.to_owned(),
        "ship-postal-code" => order.place.2.to_owned(),
        "ship-country" => order.marketplace.country.to_owned(),
        "is-business-order" => order.is_business.to_string(),
        "purchase-order-number" => order.purchase_order().unwrap_or_default(),
        "price-designation" if order.is_business => "Business Price".to_owned(),
        "signature-confirmation-recommended" => "false".to_owned(),
        _ => String::new(),
    }
}
