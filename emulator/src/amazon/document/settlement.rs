//! The settlement report, flat file V2: what Amazon pays for a fortnight, to the line of an order.
//!
//! It says of the same events what Finances says of them. In Europe a document holds the settlement
//! before as well: callers have met settlements in several documents, the same to the byte.

use super::{Document, fba_inventory, flat_file};
use crate::amazon::finance::{Charges, Entry, Event, Ledger, PERIOD_DAYS};
use crate::amazon::marketplace::{Marketplace, Region};
use crate::amazon::order::{Line, Order};
use crate::amazon::product::Channel;
use crate::amazon::report::Specification;
use chrono::{DateTime, TimeDelta, Utc};

/// How long a settlement is.
#[expect(clippy::cast_possible_wrap, reason = "a fortnight is short")]
pub(crate) const PERIOD: TimeDelta = TimeDelta::days(PERIOD_DAYS as i64);

/// Columns that every file has.
#[rustfmt::skip]
const COLUMNS: &[&str] = &[
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency",
    "transaction-type", "order-id", "merchant-order-id", "adjustment-id", "shipment-id", "marketplace-name",
    "amount-type", "amount-description", "amount", "fulfillment-id", "posted-date", "posted-date-time",
    "order-item-code", "merchant-order-item-id", "merchant-adjustment-item-id", "sku", "quantity-purchased",
];

/// The columns of `region`, as three public samples have them.
fn columns(region: Region) -> Vec<&'static str> {
    let is_left_out = |name: &&str| matches!(*name, "posted-date-time" | "order-item-code");
    match region {
        Region::Na => [COLUMNS, &["promotion-id"]].concat(),
        Region::Eu => COLUMNS.to_vec(),
        Region::Fe => {
            let some = COLUMNS.iter().copied().filter(|name| !is_left_out(name));
            some.chain(["promotion-id"]).collect()
        }
    }
}

/// A row that holds an amount.
struct Row<'a> {
    transaction: &'static str,
    posted: DateTime<Utc>,
    amount_type: &'static str,
    description: &'static str,
    minor: i64,
    sale: Option<(&'a Order, &'a Line)>,
}

/// The settlement of the period in which the report's data begins, and in Europe the one before.
pub(super) fn document(ledger: Ledger, specification: &Specification) -> Document {
    let Specification { region, marketplace, start, end, .. } = *specification;
    let columns = columns(region);
    let mut lines = vec![columns.join("\t")];
    if region == Region::Eu {
        lines.extend(settlement(ledger, marketplace, &columns, start - PERIOD, start));
    }
    lines.extend(settlement(ledger, marketplace, &columns, start, end));
    flat_file(lines.into_iter(), fba_inventory::style(marketplace))
}

/// The rows of one settlement: first its total.
fn settlement(
    ledger: Ledger,
    marketplace: &'static Marketplace,
    columns: &[&str],
    start: DateTime<Utc>,
    end: DateTime<Utc>,
) -> Vec<String> {
    let number = u64::try_from(start.timestamp() / 86_400).unwrap_or(0);
    let kind = format!("settlement {}", marketplace.id);
    let id = ledger.random(&kind, number).between(10_000_000_000, 29_999_999_999).to_string();
    let mut rows = Vec::new();
    let mut total = 0;
    let mut hour = start;
    while hour < end {
        for entry in ledger.hour(hour) {
            if ledger.marketplace(&entry) == Some(marketplace) && ledger.is_payable(&entry) {
                let order = entry.event.order().and_then(|index| ledger.order(index));
                for row in rows_of(entry, marketplace, order.as_ref()) {
                    total += row.minor;
                    let cells = columns.iter().map(|name| cell(name, &id, marketplace, &row));
                    rows.push(cells.collect::<Vec<_>>().join("\t"));
                }
            }
        }
        hour += TimeDelta::hours(1);
    }
    let time = |moment: DateTime<Utc>| moment.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let first = columns.iter().map(|name| match *name {
        "settlement-id" => id.clone(),
        "settlement-start-date" => time(start),
        "settlement-end-date" => time(end),
        "deposit-date" => time(end + TimeDelta::days(2)),
        "total-amount" => money(marketplace, total),
        "currency" => marketplace.currency.to_owned(),
        _ => String::new(),
    });
    std::iter::once(first.collect::<Vec<_>>().join("\t")).chain(rows).collect()
}

/// The amounts of an event; what is nothing is left out.
fn rows_of<'a>(entry: Entry, marketplace: &Marketplace, order: Option<&'a Order>) -> Vec<Row<'a>> {
    let Entry { posted, event } = entry;
    let Some(order) = order else {
        // The subscription has no transaction type, as rows of real files have none.
        let (transaction, amount_type, description) = match event {
            Event::Advertising => ("ServiceFee", "Cost of Advertising", "TransactionTotalAmount"),
            _ => ("", "other-transaction", "Subscription Fee"),
        };
        let minor = -entry.fee(marketplace);
        return vec![Row { transaction, posted, amount_type, description, minor, sale: None }];
    };
    let is_refund = matches!(event, Event::Refund(_));
    let transaction = if is_refund { "Refund" } else { "Order" };
    let mut rows = Vec::new();
    for line in &order.lines {
        let sale = Charges::of(order, line);
        let charges = if is_refund { sale.refunded() } else { sale };
        // What Amazon keeps of the commission of a refund has a name of its own.
        let kept = if is_refund { charges.commission + sale.commission } else { 0 };
        let amounts = [
            ("ItemPrice", "Principal", charges.principal),
            ("ItemPrice", "Shipping", charges.shipping),
            ("ItemPrice", "Tax", charges.tax),
            ("ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", charges.withheld),
            ("ItemFees", "Commission", charges.commission - kept),
            ("ItemFees", "RefundCommission", kept),
            ("ItemFees", "FBAPerUnitFulfillmentFee", charges.fulfillment),
            ("Promotion", "Principal", charges.discount),
        ];
        let amounts = amounts.into_iter().filter(|(_, _, minor)| *minor != 0);
        rows.extend(amounts.map(|(amount_type, description, minor)| Row {
            transaction,
            posted,
            amount_type,
            description,
            minor,
            sale: Some((order, line)),
        }));
    }
    rows
}

/// The cell of `column`.
fn cell(column: &str, id: &str, marketplace: &Marketplace, row: &Row<'_>) -> String {
    let is_refund = row.transaction == "Refund";
    let text = match (column, row.sale) {
        ("settlement-id", _) => id,
        ("transaction-type", _) => row.transaction,
        ("amount-type", _) => row.amount_type,
        ("amount-description", _) => row.description,
        ("amount", _) => return money(marketplace, row.minor),
        ("posted-date", _) if marketplace.region == Region::Eu => {
            return row.posted.format("%d/%m/%y").to_string();
        }
        ("posted-date", _) => return row.posted.format("%Y-%m-%d").to_string(),
        ("posted-date-time", _) => return row.posted.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        ("order-id" | "merchant-order-id", Some((order, _))) => &order.id,
        ("marketplace-name", Some((order, _))) => order.marketplace.name,
        ("shipment-id", Some((_, line))) if !is_refund => return format!("D{}", line.id),
        ("adjustment-id", Some((_, line))) if is_refund => return format!("R{}", line.id),
        ("order-item-code", Some((_, line))) => &line.id,
        ("sku", Some((_, line))) => &line.sku,
        ("quantity-purchased", Some((_, line))) if row.description == "Principal" => {
            return line.quantity.to_string();
        }
        ("promotion-id", Some(_)) if row.amount_type == "Promotion" => "PAWS-V2-10000000-1",
        ("fulfillment-id", Some((order, _))) => match order.channel {
            Channel::Amazon => "AFN",
            Channel::Merchant => "MFN",
        },
        _ => "",
    };
    text.to_owned()
}

/// `minor` units of money, which may be less than nothing.
fn money(marketplace: &Marketplace, minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}", marketplace.money(minor.unsigned_abs()))
}
