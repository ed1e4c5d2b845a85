//! The operations of Finances 2024-06-19 and Finances v0.

mod charge;
mod event;
mod group;
mod ledger;
mod range;
mod transaction;
mod v0;

pub(crate) use charge::Charges;
pub(crate) use group::list as groups;
pub(crate) use ledger::{Entry, Event, Ledger, PERIOD_DAYS, RETURN};
pub(crate) use transaction::list as transactions;
pub(crate) use v0::{list as events, of_group as events_of_group, of_order as events_of_order};

use super::Amazon;
use super::marketplace::{Marketplace, Region};
use super::order::Orders;
use serde_json::Value;

/// The money of `region` as it is seen now.
fn ledger(amazon: &Amazon, region: Region) -> Ledger {
    let now = amazon.clock().now();
    Ledger::new(Orders::new(amazon.world(), region, amazon.clock().anchored_at(), now), region, now)
}

/// `minor` units of the money of `marketplace` as a number: what Finances writes, unlike Orders.
fn number(marketplace: &Marketplace, minor: i64) -> Value {
    let decimals = i32::try_from(marketplace.decimals()).unwrap_or(2);
    // Exact: Rust writes the shortest decimal that is this float.
    #[expect(clippy::cast_precision_loss, reason = "amounts of one sale have few digits")]
    let amount = minor as f64 / 10_f64.powi(decimals);
    amount.into()
}
