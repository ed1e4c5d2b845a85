//! What the sale of a line brings and costs.

use crate::amazon::order::{Line, Order};
use crate::amazon::product::Channel;
use std::ops::Add;

/// Amounts in the currency's smallest unit; what the seller pays is negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Charges {
    /// Price of the goods.
    pub(crate) principal: i64,
    /// Shipping that the buyer paid.
    pub(crate) shipping: i64,
    /// Discount.
    pub(crate) discount: i64,
    /// Tax that the buyer paid.
    pub(crate) tax: i64,
    /// Tax that Amazon keeps, to pay it itself.
    pub(crate) withheld: i64,
    /// Amazon's commission.
    pub(crate) commission: i64,
    /// What Amazon takes for shipping from its own warehouse.
    pub(crate) fulfillment: i64,
}

impl Charges {
    /// What `line` of `order` brings and costs when it is shipped: the amounts of the order itself,
    /// a commission of 15 %, and a fee for each piece that Amazon ships.
    pub(crate) fn of(order: &Order, line: &Line) -> Self {
        let amount = |minor: u64| i64::try_from(minor).unwrap_or(i64::MAX);
        let (price, shipping) = (amount(line.price), amount(line.shipping));
        let (discount, tax) = (amount(line.discount), amount(line.tax));
        let fee = match order.channel {
            Channel::Amazon => amount(order.marketplace.converted(354) * line.quantity),
            Channel::Merchant => 0,
        };
        Self {
            principal: price,
            shipping,
            discount: -discount,
            tax,
            withheld: -tax,
            commission: -((price + shipping - discount) * 15 / 100),
            fulfillment: -fee,
        }
    }

    /// What is given back when the goods come back: everything but what Amazon took for shipping,
    /// and a fifth of the commission.
    pub(crate) fn refunded(self) -> Self {
        Self {
            principal: -self.principal,
            shipping: -self.shipping,
            discount: -self.discount,
            tax: -self.tax,
            withheld: -self.withheld,
            commission: -self.commission * 4 / 5,
            fulfillment: 0,
        }
    }

    /// What is left for the seller.
    pub(crate) fn total(self) -> i64 {
        self.principal
            + self.shipping
            + self.discount
            + self.tax
            + self.withheld
            + self.commission
            + self.fulfillment
    }
}

impl Add for Charges {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            principal: self.principal + other.principal,
            shipping: self.shipping + other.shipping,
            discount: self.discount + other.discount,
            tax: self.tax + other.tax,
            withheld: self.withheld + other.withheld,
            commission: self.commission + other.commission,
            fulfillment: self.fulfillment + other.fulfillment,
        }
    }
}
