//! What lies in Amazon's warehouses: the FBA report, the FBA inventory and the listings of
//! Warehousing and Distribution agree on it.

use super::marketplace::Marketplace;
use super::product::{Channel, Offer, Product, World};
use crate::random::Random;
use chrono::{DateTime, TimeDelta, Utc};

/// The stock of one product in a region: the marketplaces of a region show the same pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stock {
    /// Pieces that can be sold.
    pub(crate) fulfillable: u64,
    /// As many of them are in the marketplace's own country.
    pub(crate) local: u64,
    /// Damaged pieces.
    pub(crate) unsellable: u64,
    /// Pieces that are on their way to buyers or between warehouses.
    pub(crate) reserved: u64,
    /// Pieces on their way to Amazon.
    pub(crate) inbound: u64,
}

impl Stock {
    /// The stock of `product` as `marketplace` shows it at `moment`. It changes once an hour.
    pub(crate) fn of(
        world: World,
        marketplace: &Marketplace,
        product: &Product,
        moment: DateTime<Utc>,
    ) -> Self {
        let hour = u64::try_from(moment.timestamp() / 3600).unwrap_or(0);
        let mut random = Random::new(world.seed ^ hour, marketplace.region.name(), product.index);
        let fulfillable = if random.chance(10) { 0 } else { random.below(400) };
        Self {
            fulfillable,
            local: random.below(fulfillable + 1),
            unsellable: random.below(4),
            reserved: random.below(20),
            inbound: random.below(60),
        }
    }

    /// What is in the warehouses.
    pub(crate) fn warehouse(self) -> u64 {
        self.fulfillable + self.unsellable + self.reserved
    }

    /// All of it, wherever it is.
    pub(crate) fn total(self) -> u64 {
        self.warehouse() + self.inbound
    }
}

/// When the stock that is seen at `moment` came about.
pub(crate) fn changed(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment
        - TimeDelta::seconds(moment.timestamp().rem_euclid(3600))
        - TimeDelta::nanoseconds(moment.timestamp_subsec_nanos().into())
}

/// The products of `marketplace` that Amazon ships, from the one at `first` on, with their offers:
/// a product has one of these at most.
pub(crate) fn stocked(
    world: World,
    marketplace: &'static Marketplace,
    first: u64,
) -> impl Iterator<Item = (Product, Offer)> + Send {
    (first..world.asins)
        .filter_map(move |index| world.product(index))
        .filter(move |product| world.is_sold(product, marketplace))
        .filter_map(move |product| {
            let offers = world.offers(&product);
            let offer = offers.into_iter().find(|offer| offer.channel == Channel::Amazon)?;
            Some((product, offer))
        })
}
