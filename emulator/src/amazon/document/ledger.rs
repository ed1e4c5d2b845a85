//! The two ledgers of stock: every movement, and the days that they make.
//!
//! Both wrap every cell in quotes and double none of those inside, as callers have shown
//! (amzn/selling-partner-api-models, issue 4367), and write days as `MM/DD/YYYY` in every marketplace.

use super::{Document, LastLine, Opening, Packing, Style, flat_file};
use crate::amazon::movement::{Movement, Movements, OPENING_BALANCE, What};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use encoding_rs::UTF_8;
use std::collections::BTreeMap;

#[rustfmt::skip]
const DETAIL_COLUMNS: &[&str] = &[
    "Date", "FNSKU", "ASIN", "MSKU", "Title", "Event Type", "Reference ID", "Quantity", "Fulfillment Center",
    "Disposition", "Reason", "Country", "Reconciled Quantity", "Unreconciled Quantity", "Date and Time", "Store",
];

#[rustfmt::skip]
const SUMMARY_COLUMNS: &[&str] = &[
    "Date", "FNSKU", "ASIN", "MSKU", "Title", "Disposition", "Starting Warehouse Balance",
    "In Transit Between Warehouses", "Receipts", "Customer Shipments", "Customer Returns", "Vendor Returns",
    "Warehouse Transfer In/Out", "Found", "Lost", "Damaged", "Disposed", "Other Events", "Ending Warehouse Balance",
    "Unknown Events", "Location",
];

/// After how long Amazon has found out what became of a lost piece.
const RECONCILED: TimeDelta = TimeDelta::days(20);

/// How both files are written.
pub(super) const STYLE: Style = Style {
    content_type: "text/plain; charset=UTF-8",
    encoding: UTF_8,
    opening: Opening::Header,
    line_end: "\n",
    last_line: LastLine::Terminated,
    packing: Packing::Gzip,
};

/// A file of rows of quoted cells.
fn quoted<const N: usize>(
    header: &[&str],
    rows: impl Iterator<Item = [String; N]> + Send + 'static,
) -> Document {
    let header = header.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let line = |cells: &[String]| format!("\"{}\"", cells.join("\"\t\""));
    let header = line(&header);
    flat_file(std::iter::once(header).chain(rows.map(move |cells| line(&cells))), STYLE)
}

/// A day as ledgers write it.
fn text(day: NaiveDate) -> String {
    day.format("%m/%d/%Y").to_string()
}

/// Every movement at or after `start` and before `end`.
pub(super) fn detail(movements: Movements, start: DateTime<Utc>, end: DateTime<Utc>) -> Document {
    let moved = movements.within(start, end).into_iter();
    let moved = moved.filter(|movement| movement.what != What::Reimbursed);
    quoted(DETAIL_COLUMNS, moved.map(move |movement| detail_row(movements, &movement)))
}

/// The row of a movement.
fn detail_row(movements: Movements, movement: &Movement) -> [String; 16] {
    let Movements { world, marketplace, now, .. } = movements;
    let (kind, reason) = match movement.what {
        What::Received => ("Receipts", ""),
        What::Shipped => ("Shipments", ""),
        What::Returned => ("CustomerReturns", ""),
        What::Lost | What::Reimbursed => ("Adjustments", "M"),
    };
    let is_open = movement.what == What::Lost && now - movement.at < RECONCILED;
    let is_closed = movement.what == What::Lost && !is_open;
    [
        text(marketplace.day(movement.at)),
        world.fnsku(&movement.product),
        movement.product.asin.clone(),
        movement.sku.clone(),
        world.title(&movement.product, marketplace),
        kind.to_owned(),
        movement.label.clone(),
        movement.units.to_string(),
        movement.warehouse.clone(),
        movement.disposition.to_owned(),
        reason.to_owned(),
        marketplace.country.to_owned(),
        u8::from(is_closed).to_string(),
        u8::from(is_open).to_string(),
        marketplace.local(movement.at).format("%Y-%m-%dT%H:%M:%S%z").to_string(),
        String::new(),
    ]
}

/// What happened to one SKU in one state on one day.
#[derive(Debug, Clone, Copy, Default)]
struct Day {
    received: i64,
    shipped: i64,
    returned: i64,
    lost: i64,
}

impl Day {
    fn add(&mut self, movement: &Movement) {
        let sum = match movement.what {
            What::Received => &mut self.received,
            What::Shipped => &mut self.shipped,
            What::Returned => &mut self.returned,
            What::Lost | What::Reimbursed => &mut self.lost,
        };
        *sum += movement.units;
    }

    fn total(self) -> i64 {
        self.received + self.shipped + self.returned + self.lost
    }
}

/// What a row is about: the product and the state of its goods.
type Goods = (u64, &'static str);

/// The stock of each SKU on each day that `start` to `end` touches.
pub(super) fn summary(movements: Movements, start: DateTime<Utc>, end: DateTime<Utc>) -> Document {
    let marketplace = movements.marketplace;
    let first = marketplace.day(start);
    let last = marketplace.day(end - TimeDelta::seconds(1));
    let mut before: BTreeMap<Goods, i64> = BTreeMap::new();
    let mut days: BTreeMap<(Goods, NaiveDate), Day> = BTreeMap::new();
    for movement in movements.within(movements.orders.begun(), end + TimeDelta::days(2)) {
        let goods = (movement.product.index, movement.disposition);
        match marketplace.day(movement.at) {
            day if day < first => *before.entry(goods).or_default() += movement.units,
            day if day <= last => days.entry((goods, day)).or_default().add(&movement),
            _ => {}
        }
    }
    let rows = movements.stocked().flat_map(move |(sku, product)| {
        let mut rows = Vec::new();
        for disposition in ["SELLABLE", "CUSTOMER_DAMAGED", "DEFECTIVE"] {
            let goods = (product.index, disposition);
            let opening = if disposition == "SELLABLE" { OPENING_BALANCE } else { 0 };
            let mut balance = opening + before.get(&goods).copied().unwrap_or(0);
            for date in first.iter_days().take_while(|date| *date <= last) {
                let day = days.get(&(goods, date)).copied().unwrap_or_default();
                let ending = balance + day.total();
                if disposition == "SELLABLE" || balance != 0 || ending != 0 {
                    let (world, number) = (movements.world, |count: i64| count.to_string());
                    rows.push([
                        text(date),
                        world.fnsku(&product),
                        product.asin.clone(),
                        sku.clone(),
                        world.title(&product, marketplace),
                        disposition.to_owned(),
                        number(balance),
                        number(0),
                        number(day.received),
                        number(day.shipped),
                        number(day.returned),
                        number(0),
                        number(0),
                        number(0),
                        number(day.lost),
                        number(0),
                        number(0),
                        number(0),
                        number(ending),
                        number(0),
                        marketplace.country.to_owned(),
                    ]);
                }
                balance = ending;
            }
        }
        rows
    });
    quoted(SUMMARY_COLUMNS, rows)
}
