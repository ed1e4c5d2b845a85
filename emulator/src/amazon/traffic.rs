//! What the demo seller's products sell and how often they are looked at.
//!
//! What is drawn is one day of one offer; days, ASINs and families are sums of that, so that the
//! same day asked for alone or within a month has the same numbers.

use super::marketplace::Marketplace;
use super::product::{Product, Role, World};
use super::report::Figures;
use crate::random::Random;
use chrono::{Datelike, Days, NaiveDate};
use std::ops::AddAssign;

/// Sums of one group of buyers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Pieces ordered.
    pub(crate) units: u64,
    /// Lines of orders.
    pub(crate) order_items: u64,
    /// In the currency's smallest unit.
    pub(crate) sales: u64,
    /// Visits with a browser.
    pub(crate) browser_sessions: u64,
    /// Visits with the app.
    pub(crate) app_sessions: u64,
    /// Pages seen with a browser.
    pub(crate) browser_views: u64,
    /// Pages seen with the app.
    pub(crate) app_views: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.units += other.units;
        self.order_items += other.order_items;
        self.sales += other.sales;
        self.browser_sessions += other.browser_sessions;
        self.app_sessions += other.app_sessions;
        self.browser_views += other.browser_views;
        self.app_views += other.app_views;
    }
}

impl Counts {
    /// Visits.
    pub(crate) fn sessions(self) -> u64 {
        self.browser_sessions + self.app_sessions
    }

    /// Pages seen.
    pub(crate) fn views(self) -> u64 {
        self.browser_views + self.app_views
    }

    /// True of what neither sold nor was looked at.
    pub(crate) fn is_empty(self) -> bool {
        self.units == 0 && self.sessions() == 0
    }
}

/// Sums of all buyers, and of business buyers among them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Day {
    /// All buyers.
    pub(crate) all: Counts,
    /// Business buyers.
    pub(crate) business: Counts,
}

impl AddAssign for Day {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.business += other.business;
    }
}

impl Day {
    /// Corrects what was known of an offer at `price`: visits were counted late, and an order was
    /// cancelled.
    fn correct(&mut self, random: &mut Random, price: u64) {
        self.all.browser_sessions += random.between(1, 3);
        self.all.browser_views += random.between(3, 6);
        let cancelled = u64::from(self.all.order_items > self.business.order_items);
        self.all.order_items -= cancelled;
        self.all.units -= cancelled;
        self.all.sales = self.all.units * price;
    }
}

/// The traffic of one marketplace, as it is known at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traffic {
    /// The world that the products are from.
    pub(crate) world: World,
    /// Where they are sold.
    pub(crate) marketplace: &'static Marketplace,
    /// What is of this day or later has not happened yet.
    today: NaiveDate,
    figures: Figures,
}

impl Traffic {
    /// The traffic of `marketplace`, known on `today`.
    pub(crate) fn new(
        world: World,
        marketplace: &'static Marketplace,
        today: NaiveDate,
        figures: Figures,
    ) -> Self {
        Self { world, marketplace, today, figures }
    }

    /// True if sessions and views of `date` are known: they arrive up to 72 hours late, sales do
    /// not. Here those of yesterday are missing.
    pub(crate) fn is_counted(self, date: NaiveDate) -> bool {
        !self.figures.is_late && date + Days::new(1) < self.today
    }

    /// One day of one offer; nothing if it is not over.
    fn day(self, product: &Product, ordinal: u64, date: NaiveDate) -> Day {
        if date >= self.today {
            return Day::default();
        }
        let days = u64::try_from(date.num_days_from_ce()).unwrap_or(0);
        let key = product.index.wrapping_mul(1 << 22) ^ (days << 1) ^ ordinal;
        let mut random = Random::new(self.world.seed, self.marketplace.id, key);
        let popularity = Random::new(self.world.seed, "popularity", product.index).below(60);
        let mut all = Counts {
            browser_sessions: random.below(popularity + 1),
            app_sessions: random.below(popularity / 2 + 1),
            ..Counts::default()
        };
        all.browser_views = all.browser_sessions * random.between(10, 21) / 10;
        all.app_views = all.app_sessions * random.between(10, 25) / 10;
        all.order_items = (0..all.sessions()).filter(|_| random.chance(6)).count() as u64;
        all.units = all.order_items + random.below(all.order_items + 1) / 4;
        all.sales = all.units * product.price(self.marketplace);
        let order_items = (0..all.order_items).filter(|_| random.chance(15)).count() as u64;
        let browser_sessions = order_items.max(all.browser_sessions / 9);
        let mut business = Counts {
            order_items,
            units: order_items,
            browser_sessions,
            browser_views: browser_sessions,
            ..Counts::default()
        };
        business.sales = business.units * product.price(self.marketplace);
        let mut day = Day { all, business };
        if self.figures.is_restated {
            day.correct(&mut random, product.price(self.marketplace));
        }
        if !self.is_counted(date) {
            for counts in [&mut day.all, &mut day.business] {
                let (units, order_items, sales) = (counts.units, counts.order_items, counts.sales);
                *counts = Counts { units, order_items, sales, ..Counts::default() };
            }
        }
        day
    }

    /// The days from `start` to `end` of one offer, or of all offers of `product`.
    pub(crate) fn sum(
        self,
        product: &Product,
        only: Option<u64>,
        start: NaiveDate,
        end: NaiveDate,
    ) -> Day {
        let mut sum = Day::default();
        for offer in self.world.offers(product) {
            if only.is_none_or(|ordinal| ordinal == offer.ordinal) {
                for date in start.iter_days().take_while(|date| *date <= end) {
                    sum += self.day(product, offer.ordinal, date);
                }
            }
        }
        sum
    }

    /// The products that the marketplace has and that are sold as such.
    pub(crate) fn products(self) -> impl Iterator<Item = Product> + Send {
        self.world
            .products()
            .filter(move |it| it.role != Role::Parent && self.world.is_sold(it, self.marketplace))
    }

    /// Each parent's ASIN with its children, and each single product with itself.
    pub(crate) fn families(self) -> impl Iterator<Item = (String, Vec<Product>)> + Send {
        let world = self.world;
        world.products().filter(|product| !matches!(product.role, Role::Child { .. })).map(
            move |head| {
                let members: Vec<Product> = match head.role {
                    Role::Parent => {
                        world.children(head.index).filter_map(|it| world.product(it)).collect()
                    }
                    Role::Child { .. } | Role::Single => vec![head.clone()],
                };
                let sold = members.into_iter().filter(|it| world.is_sold(it, self.marketplace));
                (head.asin, sold.collect())
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Figures, Traffic, World};
    use crate::amazon::marketplace::Region;
    use chrono::{Days, NaiveDate};

    #[test]
    fn every_known_day_of_two_years_has_rows_in_every_marketplace_of_a_small_world() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let world = World { seed: 1, asins: 12, orders: 0, order_days: 180 };
        for marketplace in Region::ALL.into_iter().flat_map(Region::marketplaces) {
            let traffic = Traffic::new(world, marketplace, today, Figures::default());
            let has_rows = |date: &NaiveDate| {
                let mut products = traffic.products();
                products.any(|it| !traffic.sum(&it, None, *date, *date).all.is_empty())
            };
            let oldest = today - Days::new(730);
            let empty = oldest.iter_days().take(729).find(|date| !has_rows(date));
            assert_eq!(empty, None, "{}", marketplace.country);
            assert!(!has_rows(&today), "today is not over");
        }
    }
}
