//! What is added up over the lines of an order.

use rust_decimal::Decimal;

use super::position;
use crate::document::header::Header;
use crate::marketplace::Marketplace;
use crate::record::sum::{added, decimal};
use crate::record::value;
use crate::record::{Refused, Row};

/// Properties that are worked out from all lines of an order.
pub(super) const SUMMED: [&str; 3] =
    ["NumberOfItemsShipped", "NumberOfItemsUnshipped", "OrderTotal"];

/// What is added up over the lines of an order.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
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
    pub(super) fn write(&self, property: &str, out: &mut Vec<u8>) {
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
pub(super) struct SumColumns {
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
    pub(super) fn new(header: &Header) -> Self {
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
    pub(super) fn add(&self, row: Row<'_>, sums: &mut Sums) -> Result<(), Refused> {
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
            let amount = line.0.and_then(|line| added(line, sums.amount.unwrap_or_default()));
            let index = self.prices.first().copied().unwrap_or_default();
            sums.amount = Some(amount.ok_or(Refused { index, expected: "a number" })?);
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
                    .and_then(|amount| added(signed(amount), self.0.unwrap_or_default()));
                self.0 = Some(sum.ok_or(Refused { index, expected: "a number" })?);
            }
        }
        Ok(())
    }
}
