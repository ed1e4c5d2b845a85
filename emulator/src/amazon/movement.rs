//! What happens to the demo seller's stock in Amazon's warehouses: everything that ledgers, shipments,
//! returns and reimbursements agree on.
//!
//! Most of it follows from an order, within [`AFTERMATH`]: it is sent, some of it comes back, and now
//! and then a piece gets lost and is paid for. Goods are received once in [`REFILL`] days. No movement is
//! kept: those of a range of time are worked out from the orders around it.

use super::finance::{Ledger, RETURN};
use super::marketplace::Marketplace;
use super::order::{Line, Order, Orders};
use super::product::{Channel, Offer, Product, World};
use crate::random::Random;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use std::sync::Arc;

/// How long after it was sent an order may still cause movements.
const AFTERMATH: TimeDelta = TimeDelta::days(40);

/// A SKU is refilled once in so many days.
const REFILL: i64 = 30;

/// What was in a warehouse before the first movement.
pub(crate) const OPENING_BALANCE: i64 = 5_000;

/// Letters and digits of labels.
const LABEL: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ0123456789";

/// Warehouses: any marketplace has these, with its country in front.
const WAREHOUSES: &[&str] = &["1", "3", "7"];

/// What a movement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Goods came from the seller.
    Received,
    /// A customer was sent something.
    Shipped,
    /// A customer sent something back.
    Returned,
    /// Something cannot be found any more.
    Lost,
    /// Amazon paid for what was lost; no goods move.
    Reimbursed,
}

/// One movement.
#[derive(Debug, Clone)]
pub(crate) struct Movement {
    /// When it happened, to the second.
    pub(crate) at: DateTime<Utc>,
    /// What it is.
    pub(crate) what: What,
    /// The goods.
    pub(crate) product: Product,
    /// The offer whose goods they are.
    pub(crate) sku: String,
    /// The order that it follows from, and the place of its line; none for receipts.
    pub(crate) order: Option<(Arc<Order>, usize)>,
    /// How many pieces moved; negative for those that left.
    pub(crate) units: i64,
    /// The state of the goods.
    pub(crate) disposition: &'static str,
    /// Amazon's label of the piece, or number of the shipment or the reimbursement.
    pub(crate) label: String,
    /// The warehouse.
    pub(crate) warehouse: String,
}

/// The movements of one marketplace, as they are known at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Movements {
    pub(crate) world: World,
    pub(crate) orders: Orders,
    pub(crate) marketplace: &'static Marketplace,
    /// What happens later is not known yet.
    pub(crate) now: DateTime<Utc>,
}

impl Movements {
    /// What happened at or after `start` and before `end`, in the order of time.
    pub(crate) fn within(self, start: DateTime<Utc>, end: DateTime<Utc>) -> Vec<Movement> {
        let end = end.min(self.now);
        let mut movements: Vec<Movement> = self
            .orders
            .updated_within(start - AFTERMATH, end)
            .flat_map(|index| self.of_order(index))
            .chain(self.receipts(start, end))
            .filter(|movement| (start..end).contains(&movement.at))
            .collect();
        movements.sort_by_key(|movement| movement.at);
        movements
    }

    /// All that an order causes, whenever that is; nothing if the seller ships it, or nobody does.
    fn of_order(self, index: u64) -> Vec<Movement> {
        let Some(order) = self.orders.order(index) else { return Vec::new() };
        let is_sent = order.status == "Shipped" && order.channel == Channel::Amazon;
        if !is_sent || !order.is_amazon || order.marketplace != self.marketplace {
            return Vec::new();
        }
        let ledger = Ledger::new(self.orders, self.marketplace.region, self.now);
        let (order, is_returned) = (Arc::new(order), ledger.is_returned(index));
        let lines = order.lines.iter().enumerate();
        lines.flat_map(|(place, line)| self.of_line(&order, place, line, is_returned)).collect()
    }

    /// All that a line of an order causes.
    fn of_line(
        self,
        order: &Arc<Order>,
        place: usize,
        line: &Line,
        is_returned: bool,
    ) -> Vec<Movement> {
        let found = self.world.by_sku(&line.sku).filter(|it| self.is_stocked(it, &line.sku));
        let Some(product) = found else { return Vec::new() };
        let mut random = Random::new(self.world.seed, &line.id, product.index);
        let movement = |what, delay: TimeDelta, units, disposition, label| Movement {
            at: order.updated + delay,
            what,
            product: product.clone(),
            sku: line.sku.clone(),
            order: Some((Arc::clone(order), place)),
            units,
            disposition,
            label,
            warehouse: self.warehouse(product.index),
        };
        let quantity = i64::try_from(line.quantity).unwrap_or(1);
        let shipment = format!("D{}", random.text(LABEL, 8));
        // An even number travels in two parcels: two rows that are alike to the last letter.
        let parcels = if quantity % 2 == 0 { vec![quantity / 2; 2] } else { vec![quantity] };
        let sent = parcels.into_iter().map(|pieces: i64| {
            movement(What::Shipped, TimeDelta::zero(), -pieces, "SELLABLE", shipment.clone())
        });
        let mut movements: Vec<_> = sent.collect();
        let mut days = |low, high| {
            TimeDelta::days(i64::try_from(random.between(low, high)).unwrap_or_default())
        };
        let (lost, paid) = (days(1, 20), days(2, 15));
        if is_returned {
            let disposition = random.pick(&["SELLABLE", "CUSTOMER_DAMAGED", "DEFECTIVE"]);
            let label = format!("LPNRR{}", random.text(LABEL, 9));
            movements.push(movement(What::Returned, RETURN, quantity, disposition, label));
        }
        if random.chance(5) {
            let number = random.between(10_000_000_000, 99_999_999_999).to_string();
            movements.push(movement(What::Lost, lost, -1, "SELLABLE", number.clone()));
            movements.push(movement(What::Reimbursed, lost + paid, 0, "SELLABLE", number));
        }
        movements
    }

    /// The goods that came from the seller.
    fn receipts(self, start: DateTime<Utc>, end: DateTime<Utc>) -> Vec<Movement> {
        let days = start.date_naive().iter_days().take_while(|day| *day <= end.date_naive());
        let mut received = Vec::new();
        for day in days {
            let at = day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(9);
            let number = at.timestamp() / 86_400;
            for (sku, product) in self.stocked() {
                let turn = i64::try_from(product.index).unwrap_or(0);
                if (number + turn) % REFILL == 0 {
                    received.push(Movement {
                        at,
                        what: What::Received,
                        label: format!("FBA15{:06}", (number + turn) % 1_000_000),
                        warehouse: self.warehouse(product.index),
                        product,
                        sku,
                        order: None,
                        units: 60,
                        disposition: "SELLABLE",
                    });
                }
            }
        }
        received
    }

    /// Whether a SKU is one of a product that Amazon ships in the marketplace.
    fn is_stocked(self, product: &Product, sku: &str) -> bool {
        let is_it = |offer: &Offer| offer.channel == Channel::Amazon && offer.sku == sku;
        self.world.is_sold(product, self.marketplace)
            && self.world.offers(product).iter().any(is_it)
    }

    /// Every SKU that Amazon ships in the marketplace.
    pub(crate) fn stocked(self) -> impl Iterator<Item = (String, Product)> + Send {
        let Self { world, marketplace, .. } = self;
        world.products().filter(move |product| world.is_sold(product, marketplace)).filter_map(
            move |product| {
                let offers = world.offers(&product);
                let offer = offers.into_iter().find(|offer| offer.channel == Channel::Amazon)?;
                Some((offer.sku, product))
            },
        )
    }

    /// The warehouse in which a product lies.
    fn warehouse(self, product: u64) -> String {
        let number = Random::new(self.world.seed, "warehouse", product).pick(WAREHOUSES);
        format!("{}X{number}", self.marketplace.country)
    }
}
