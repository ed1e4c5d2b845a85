//! All Orders: rows that are order lines, as the orders and order items of Amazon's Orders API.
//!
//! The file has a row for each line of an order and repeats the order on each. Lines of one order
//! mostly stand together, and nobody promises that they do: an order is emitted when its lines stop,
//! and once more with what came to it if they go on later. The last record of a key counts.
//!
//! What is kept of an order that is over are its sums, some eighty bytes, because its lines may go
//! on; of a line without an id, the count of its SKU in the order. So the memory that is needed
//! grows with the number of orders, and not with the document.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use rust_decimal::Decimal;

use super::flat::{Context, Output};
use super::header::Header;
use super::{DocumentError, Facts, Feed, Loaded};
use crate::marketplace::Marketplace;
use crate::record::value::{self, Fraction};
use crate::record::{Column, Conversion, Others, Refused, Row, Written, fold};

/// The spellings of the Orders API for what the report spells otherwise.
const CHANNELS: Conversion = Conversion::Words(&[("Amazon", "AFN"), ("Merchant", "MFN")]);

/// The report has the British spelling of one status, the Orders API the American.
const STATUSES: Conversion = Conversion::Words(&[("Cancelled", "Canceled")]);

/// Amounts stand in one column and their currency in another.
const MONEY: Conversion = Conversion::Money { currency: "currency" };

/// The report's columns that become an order under another name or in another form.
pub(crate) const ORDER_COLUMNS: &[Column] = &[
    Column::new("merchant-order-id", "SellerOrderId", Conversion::Declared),
    Column::new("last-updated-date", "LastUpdateDate", Conversion::Declared),
    Column::new("order-status", "OrderStatus", STATUSES),
    Column::new("fulfillment-channel", "FulfillmentChannel", CHANNELS),
    Column::new("fulfilment-channel", "FulfillmentChannel", CHANNELS),
    Column::new("sales-channel", "MarketplaceId", Conversion::Marketplace),
    Column::new("ship-city", "ShippingAddress.City", Conversion::Declared),
    Column::new("ship-state", "ShippingAddress.StateOrRegion", Conversion::Declared),
    Column::new("ship-postal-code", "ShippingAddress.PostalCode", Conversion::Declared),
    Column::new("ship-country", "ShippingAddress.CountryCode", Conversion::Declared),
    Column::new("original-order-id", "ReplacedOrderId", Conversion::Declared),
];

/// The report's columns that become an order line under another name or in another form.
pub(crate) const ITEM_COLUMNS: &[Column] = &[
    Column::new("last-updated-date", "LastUpdateDate", Conversion::Declared),
    Column::new("sales-channel", "MarketplaceId", Conversion::Marketplace),
    Column::new("sku", "SellerSKU", Conversion::Declared),
    Column::new("product-name", "Title", Conversion::Declared),
    Column::new("quantity", "QuantityOrdered", Conversion::Declared),
    Column::new("item-price", "ItemPrice", MONEY),
    Column::new("item-tax", "ItemTax", MONEY),
    Column::new("shipping-price", "ShippingPrice", MONEY),
    Column::new("shipping-tax", "ShippingTax", MONEY),
    Column::new("gift-wrap-price", "GiftWrapPrice", MONEY),
    Column::new("gift-wrap-tax", "GiftWrapTax", MONEY),
    Column::new("item-promotion-discount", "PromotionDiscount", MONEY),
    Column::new("ship-promotion-discount", "ShippingDiscount", MONEY),
    Column::new("promotion-ids", "PromotionIds", Conversion::List),
    Column::new("tax-collection-model", "TaxCollection.Model", Conversion::Declared),
    Column::new(
        "tax-collection-responsible-party",
        "TaxCollection.ResponsibleParty",
        Conversion::Declared,
    ),
];

/// Columns that belong to the order and are not repeated on its lines.
const ORDER_ONLY: &[&str] = &[
    "merchant-order-id",
    "order-status",
    "fulfillment-channel",
    "fulfilment-channel",
    "sales-channel",
    "order-channel",
    "ship-service-level",
    "currency",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "is-business-order",
    "purchase-order-number",
    "is-replacement-order",
    "original-order-id",
    "is-iba",
    "is-sold-by-ab",
];

/// Properties that are worked out from all lines of an order.
const SUMMED: [&str; 3] = ["NumberOfItemsShipped", "NumberOfItemsUnshipped", "OrderTotal"];

/// The property that tells the lines of an order apart.
const ITEM_KEY: &str = "OrderItemKey";

/// Tells texts apart by 128 bits of two independent hashes, so that they need not be kept.
#[derive(Debug, Default)]
struct Fingerprint(RandomState, RandomState);

impl Fingerprint {
    /// The fingerprint of a text in two parts.
    fn of(&self, first: &[u8], second: &[u8]) -> (u64, u64) {
        let parts = (first, second);
        (self.0.hash_one(parts), self.1.hash_one(parts))
    }
}

/// The number of a column; `None` if the document lacks it.
fn position(header: &Header, name: &str) -> Option<usize> {
    let folded = fold(name);
    header.names.iter().position(|column| fold(column) == folded)
}

/// The orders of a document.
pub(super) struct Orders<'a> {
    feed: &'a Feed,
    output: Output,
    sums: SumColumns,
    order_id: Option<usize>,
    /// The order whose lines are being read.
    current: Option<Current>,
    /// Sums of the orders whose lines stopped.
    past: HashMap<(u64, u64), Sums>,
    fingerprint: Fingerprint,
    /// A buffer that the next order takes.
    spare: Vec<u8>,
}

/// The order whose lines are being read.
struct Current {
    id: Vec<u8>,
    /// The record's members without those that are worked out.
    members: Vec<u8>,
    sums: Sums,
}

impl<'a> Orders<'a> {
    /// Prepares for the rows of a document.
    pub(super) fn new(
        feed: &'a Feed,
        facts: &Facts<'_>,
        header: &Header,
    ) -> Result<Self, DocumentError> {
        Ok(Self {
            feed,
            output: Output::new(feed, facts, header, &SUMMED, Others::LeftOut)?,
            sums: SumColumns::new(header),
            order_id: position(header, "amazon-order-id"),
            current: None,
            past: HashMap::new(),
            fingerprint: Fingerprint::default(),
            spare: Vec::new(),
        })
    }

    /// Adds a line to its order, and emits the order before it if another one begins.
    pub(super) fn row(
        &mut self,
        row: Row<'_>,
        line: u64,
        context: &mut Context<'_>,
    ) -> Result<(), DocumentError> {
        let id = self.order_id.map(|index| row.cell(index)).unwrap_or_default();
        if self.current.as_ref().is_none_or(|current| current.id != id) {
            self.emit(context)?;
            let mut members = std::mem::take(&mut self.spare);
            if self.output.members(row, line, &mut members, context)? == Written::Keyless {
                self.spare = members;
                return Ok(());
            }
            let known = self.past.get(&self.fingerprint.of(id, b""));
            let sums = known.cloned().unwrap_or_default();
            self.current = Some(Current { id: id.to_vec(), members, sums });
        }
        if let Some(current) = &mut self.current {
            self.sums
                .add(row, &mut current.sums)
                .map_err(|refused| context.refusal(self.output.stream, line, &refused))?;
        }
        Ok(())
    }

    /// Emits the order whose lines were read last.
    fn emit(&mut self, context: &mut Context<'_>) -> Result<(), DocumentError> {
        let Some(Current { id, mut members, sums }) = self.current.take() else { return Ok(()) };
        for name in SUMMED.into_iter().filter(|name| self.feed.wants(name)) {
            members.push(b',');
            value::string(&mut members, name.as_bytes());
            members.push(b':');
            sums.write(name, &mut members);
        }
        members.push(b'}');
        self.past.insert(self.fingerprint.of(&id, b""), sums);
        self.output.emit(&members, context.emit)?;
        self.spare = members;
        Ok(())
    }

    /// Emits the last order.
    pub(super) fn finish(mut self, context: &mut Context<'_>) -> Result<(), DocumentError> {
        self.emit(context)?;
        self.output.finish(context.loaded);
        Ok(())
    }
}

/// What is added up over the lines of an order.
#[derive(Debug, Clone, Default)]
struct Sums {
    /// The order's total; `None` while no line has a price.
    amount: Option<Decimal>,
    currency: Currency,
    /// Units by status; `None` where no line says its status and quantity.
    shipped: Option<u32>,
    unshipped: Option<u32>,
}

/// The currency of an order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Currency {
    /// No line says.
    #[default]
    Unknown,
    /// All lines that say it say this.
    Code([u8; 3]),
    /// Lines differ, and their amounts cannot be added.
    Mixed,
}

impl Sums {
    /// Writes one of the properties that are worked out.
    fn write(&self, property: &str, out: &mut Vec<u8>) {
        let number =
            |units: Option<u32>| units.map_or_else(|| "null".to_owned(), |units| units.to_string());
        match (property, self.amount, self.currency) {
            ("NumberOfItemsShipped", ..) => out.extend(number(self.shipped).bytes()),
            ("NumberOfItemsUnshipped", ..) => out.extend(number(self.unshipped).bytes()),
            (_, Some(amount), Currency::Code(code)) => {
                out.extend_from_slice(b"{\"CurrencyCode\":");
                value::string(out, &code);
                out.extend(format!(",\"Amount\":\"{amount}\"}}").bytes());
            }
            _ => out.extend_from_slice(b"null"),
        }
    }
}

/// Where the columns are that are added up.
#[derive(Debug)]
struct SumColumns {
    sales_channel: Option<usize>,
    currency: Option<usize>,
    status: Option<usize>,
    quantity: Option<usize>,
    prices: Vec<usize>,
    taxes: Vec<usize>,
    discounts: Vec<usize>,
}

impl SumColumns {
    /// Finds the columns of a document.
    fn new(header: &Header) -> Self {
        let all = |names: &[&str]| names.iter().filter_map(|name| position(header, name)).collect();
        Self {
            sales_channel: position(header, "sales-channel"),
            currency: position(header, "currency"),
            status: position(header, "item-status"),
            quantity: position(header, "quantity"),
            prices: all(&["item-price", "shipping-price", "gift-wrap-price"]),
            taxes: all(&["item-tax", "shipping-tax", "gift-wrap-tax"]),
            discounts: all(&["item-promotion-discount", "ship-promotion-discount"]),
        }
    }

    /// Adds a line.
    ///
    /// The total is what the buyer pays: prices less discounts, and taxes only where the site adds
    /// them to its prices. Amounts are of whole lines.
    fn add(&self, row: Row<'_>, sums: &mut Sums) -> Result<(), Refused> {
        self.add_units(row, sums)?;
        let channel = self.sales_channel.map(|index| row.cell(index)).unwrap_or_default();
        let site = std::str::from_utf8(channel).ok().and_then(Marketplace::by_sales_channel);
        let taxes = if site.is_some_and(Marketplace::prices_exclude_tax) {
            self.taxes.as_slice()
        } else {
            &[]
        };
        let mut line = Sum::default();
        line.add(row, &self.prices, |price| price)?;
        if line.0.is_some() {
            line.add(row, taxes, |tax| tax)?;
            // Other reports of Amazon print discounts as negative numbers, this one as positive.
            line.add(row, &self.discounts, |discount| -discount.abs())?;
            sums.amount = line.0.map(|line| line.saturating_add(sums.amount.unwrap_or_default()));
            self.add_currency(row, sums)?;
        }
        Ok(())
    }

    /// Adds a line's units to those of its status.
    fn add_units(&self, row: Row<'_>, sums: &mut Sums) -> Result<(), Refused> {
        let (Some(status), Some(quantity)) = (self.status, self.quantity) else { return Ok(()) };
        let cell = row.cell(quantity).trim_ascii();
        if cell.is_empty() || row.cell(status).is_empty() {
            return Ok(());
        }
        let refused = Refused { index: quantity, expected: "an integer" };
        let units = std::str::from_utf8(cell).ok().and_then(|cell| cell.parse::<u32>().ok());
        let units = units.ok_or(refused)?;
        let status = row.cell(status);
        let shipped = if status.eq_ignore_ascii_case(b"Shipped") { units } else { 0 };
        let unshipped = if status.eq_ignore_ascii_case(b"Unshipped") { units } else { 0 };
        sums.shipped = Some(sums.shipped.unwrap_or_default().saturating_add(shipped));
        sums.unshipped = Some(sums.unshipped.unwrap_or_default().saturating_add(unshipped));
        Ok(())
    }

    /// Notes the currency of a line that has a price.
    fn add_currency(&self, row: Row<'_>, sums: &mut Sums) -> Result<(), Refused> {
        let Some(index) = self.currency else { return Ok(()) };
        let cell = row.cell(index).trim_ascii();
        if cell.is_empty() {
            return Ok(());
        }
        let code = <[u8; 3]>::try_from(cell);
        let code = code.map_err(|_| Refused { index, expected: "a currency code" })?;
        sums.currency = match sums.currency {
            Currency::Unknown => Currency::Code(code),
            Currency::Code(known) if known == code => Currency::Code(code),
            Currency::Code(_) | Currency::Mixed => Currency::Mixed,
        };
        Ok(())
    }
}

/// A sum of amounts; `None` while nothing was added.
#[derive(Debug, Default)]
struct Sum(Option<Decimal>);

impl Sum {
    /// Adds some cells of a row, each with its sign put right; an empty cell adds nothing.
    fn add(
        &mut self,
        row: Row<'_>,
        columns: &[usize],
        signed: fn(Decimal) -> Decimal,
    ) -> Result<(), Refused> {
        for index in columns.iter().copied() {
            let cell = row.cell(index).trim_ascii();
            if !cell.is_empty() {
                let sum = decimal(cell)
                    .and_then(|amount| signed(amount).checked_add(self.0.unwrap_or_default()));
                self.0 = Some(sum.ok_or(Refused { index, expected: "a number" })?);
            }
        }
        Ok(())
    }
}

/// The number in a cell; `None` if there is none, or one with more digits than any amount has.
fn decimal(cell: &[u8]) -> Option<Decimal> {
    let mut digits = Vec::with_capacity(cell.len() + 1);
    value::number(&mut digits, cell, Fraction::Allowed)?;
    Decimal::from_str_exact(std::str::from_utf8(&digits).ok()?).ok()
}

/// The order lines of a document.
pub(super) struct Items {
    output: Output,
    order_id: Option<usize>,
    item_id: Option<usize>,
    sku: Option<usize>,
    /// How many lines without an id there were, by order and SKU.
    seen: HashMap<(u64, u64), u32>,
    fingerprint: Fingerprint,
    record: Vec<u8>,
}

impl Items {
    /// Prepares for the rows of a document.
    pub(super) fn new(
        feed: &Feed,
        facts: &Facts<'_>,
        header: &Header,
    ) -> Result<Self, DocumentError> {
        let others = Others::KeptExcept(ORDER_ONLY);
        Ok(Self {
            output: Output::new(feed, facts, header, &[ITEM_KEY], others)?,
            order_id: position(header, "amazon-order-id"),
            item_id: position(header, "order-item-id"),
            sku: position(header, "sku"),
            seen: HashMap::new(),
            fingerprint: Fingerprint::default(),
            record: Vec::new(),
        })
    }

    /// Emits a line.
    pub(super) fn row(
        &mut self,
        row: Row<'_>,
        line: u64,
        context: &mut Context<'_>,
    ) -> Result<(), DocumentError> {
        let mut record = std::mem::take(&mut self.record);
        if self.output.members(row, line, &mut record, context)? == Written::Members {
            record.extend_from_slice(b",\"OrderItemKey\":");
            self.write_key(row, &mut record);
            record.push(b'}');
            self.output.emit(&record, context.emit)?;
        }
        self.record = record;
        Ok(())
    }

    /// Writes what tells a line from the others of its order.
    ///
    /// Two lines of one order may be alike to the last letter and are still two lines. Where the
    /// report has no id of the line they are numbered, over the whole document.
    fn write_key(&mut self, row: Row<'_>, out: &mut Vec<u8>) {
        let cell = |index: Option<usize>| index.map(|index| row.cell(index)).unwrap_or_default();
        let id = cell(self.item_id).trim_ascii();
        if !id.is_empty() {
            value::string(out, id);
            return;
        }
        let sku = cell(self.sku);
        let place = self.fingerprint.of(cell(self.order_id), sku);
        let seen = self.seen.entry(place).or_default();
        *seen += 1;
        let number = seen.to_string();
        value::string(out, &[sku, b"#", number.as_bytes()].concat());
    }

    /// Notes how many lines there were.
    pub(super) fn finish(self, loaded: &mut Loaded) {
        self.output.finish(loaded);
    }
}
