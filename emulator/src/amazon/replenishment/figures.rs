//! What subscriptions bring. What is drawn is one day of one offer; the seller's day is the sum.

use super::super::marketplace::Marketplace;
use super::super::product::World;
use super::{Enrolled, key};
use crate::random::Random;
use chrono::{Datelike, NaiveDate};
use serde_json::{Map, Value, json};
use std::ops::AddAssign;

/// The figures of one day, amounts in the currency's smallest unit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    units: u64,
    revenue: u64,
    active: u64,
    unsent: u64,
    lost: u64,
    all_revenue: u64,
    coupon_revenue: u64,
    joined: u64,
    joined_by_coupon: u64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.units += other.units;
        self.revenue += other.revenue;
        self.active += other.active;
        self.unsent += other.unsent;
        self.lost += other.lost;
        self.all_revenue += other.all_revenue;
        self.coupon_revenue += other.coupon_revenue;
        self.joined += other.joined;
        self.joined_by_coupon += other.joined_by_coupon;
    }
}

/// `minor` units of the currency of `marketplace`, as JSON has them.
fn amount(marketplace: &Marketplace, minor: u64) -> Value {
    serde_json::from_str(&marketplace.money(minor)).unwrap_or(Value::Null)
}

/// The share of `part` in `whole` in percent, with two digits.
fn share(part: u64, whole: u64) -> Value {
    let hundredths = (part * 10_000).checked_div(whole).unwrap_or(0);
    serde_json::from_str(&format!("{}.{:02}", hundredths / 100, hundredths % 100))
        .unwrap_or(Value::Null)
}

impl Figures {
    /// One day of one offer.
    pub(super) fn of(
        world: World,
        marketplace: &Marketplace,
        offer: &Enrolled,
        day: NaiveDate,
    ) -> Self {
        let days = u64::try_from(day.num_days_from_ce()).unwrap_or(0);
        let kind = format!("subscriptions {}", marketplace.id);
        let mut random = Random::new(world.seed, &kind, (key(offer) << 22) ^ days);
        let price = offer.0.price(marketplace);
        let units = random.below(9);
        let unsent = random.below(2);
        let joined = random.below(4);
        let revenue = units * price;
        Self {
            units,
            revenue,
            active: Random::new(world.seed, &kind, key(offer)).below(300) + joined,
            unsent,
            lost: unsent * price,
            all_revenue: revenue + random.below(20) * price,
            coupon_revenue: revenue / random.between(2, 9),
            joined,
            joined_by_coupon: random.below(joined + 1),
        }
    }

    /// The place in a list that is sorted by `key`.
    pub(super) fn rank(self, key: &str) -> u64 {
        match key {
            "TOTAL_SUBSCRIPTIONS_REVENUE" => self.revenue,
            "ACTIVE_SUBSCRIPTIONS" => self.active,
            "SHIPPED_SUBSCRIPTION_UNITS" => self.units,
            _ => 0,
        }
    }

    /// Amazon's names for them.
    pub(super) fn fields(self, marketplace: &Marketplace) -> Map<String, Value> {
        let fields = [
            ("shippedSubscriptionUnits", json!(self.units)),
            ("totalSubscriptionsRevenue", amount(marketplace, self.revenue)),
            ("activeSubscriptions", json!(self.active)),
            ("notDeliveredDueToOOS", share(self.unsent, self.units + self.unsent)),
            ("lostRevenueDueToOOS", amount(marketplace, self.lost)),
            ("revenuePenetration", share(self.revenue, self.all_revenue)),
            ("couponsRevenuePenetration", share(self.coupon_revenue, self.revenue)),
            ("shareOfCouponSubscriptions", share(self.joined_by_coupon, self.joined)),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// What is expected of an offer in the next 30, 60 and 90 days.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    units: [u64; 3],
    price: u64,
}

impl Expected {
    pub(super) fn of(world: World, marketplace: &Marketplace, offer: &Enrolled) -> Self {
        let kind = format!("expected {}", marketplace.id);
        let mut random = Random::new(world.seed, &kind, key(offer));
        let first = random.below(40);
        let second = first + random.below(40);
        let units = [first, second, second + random.below(40)];
        Self { units, price: offer.0.price(marketplace) }
    }

    pub(super) fn rank(self, key: &str) -> u64 {
        let [first, second, third] = self.units;
        match key {
            "NEXT_30DAYS_SHIPPED_SUBSCRIPTION_UNITS" => first,
            "NEXT_60DAYS_SHIPPED_SUBSCRIPTION_UNITS" => second,
            "NEXT_90DAYS_SHIPPED_SUBSCRIPTION_UNITS" => third,
            "NEXT_30DAYS_TOTAL_SUBSCRIPTIONS_REVENUE" => first * self.price,
            "NEXT_60DAYS_TOTAL_SUBSCRIPTIONS_REVENUE" => second * self.price,
            "NEXT_90DAYS_TOTAL_SUBSCRIPTIONS_REVENUE" => third * self.price,
            _ => 0,
        }
    }

    pub(super) fn fields(self, marketplace: &Marketplace) -> Map<String, Value> {
        let mut fields = Map::new();
        for (days, units) in [30, 60, 90].into_iter().zip(self.units) {
            let revenue = amount(marketplace, units * self.price);
            fields.insert(format!("next{days}DayShippedSubscriptionUnits"), units.into());
            fields.insert(format!("next{days}DayTotalSubscriptionsRevenue"), revenue);
        }
        fields
    }
}

/// The figures of long intervals that end with `last`, and how many months each reaches back: the year
/// and the two years of Amazon's example.
pub(super) fn rolling(
    world: World,
    marketplace: &Marketplace,
    last: NaiveDate,
) -> [(Map<String, Value>, u32); 2] {
    let days = u64::try_from(last.num_days_from_ce()).unwrap_or(0);
    let mut random = Random::new(world.seed, &format!("rolling {}", marketplace.id), days);
    let mut drawn = |names: &[&str], is_share: bool| -> Map<String, Value> {
        let value = |name: &&str| {
            let number = random.between(100, if is_share { 9_900 } else { 900_000 });
            let value = if is_share { share(number, 10_000) } else { amount(marketplace, number) };
            ((*name).to_owned(), value)
        };
        names.iter().map(value).collect()
    };
    let mut year = drawn(YEAR_AMOUNTS, false);
    year.extend(drawn(YEAR_SHARES, true));
    [(year, 12), (drawn(TWO_YEARS, false), 24)]
}

const YEAR_AMOUNTS: &[&str] = &[
    "subscriberAverageRevenue",
    "nonSubscriberAverageRevenue",
    "revenueFromSubscriptionsWithMultipleDeliveries",
    "revenueFromActiveSubscriptionsWithSingleDelivery",
    "revenueFromCancelledSubscriptionsAfterSingleDelivery",
];

const YEAR_SHARES: &[&str] = &[
    "subscriberAverageReorders",
    "nonSubscriberAverageReorders",
    "subscriberRetentionFor30Days",
    "subscriberRetentionFor90Days",
    "revenuePenetrationFor0PercentSellerFunding",
    "revenuePenetrationFor5PercentSellerFunding",
    "revenuePenetrationFor10PercentSellerFunding",
    "signupConversionFor0PercentSellerFunding",
    "signupConversionFor5PercentSellerFunding",
    "signupConversionFor10PercentSellerFunding",
];

const TWO_YEARS: &[&str] = &[
    "nonSubscriberLifeTimeValueFromOTP",
    "lostSubscriberLifeTimeValueFromOTP",
    "lostSubscriberLifeTimeValueFromSNS",
    "growingSubscriberLifeTimeValueFromOTP",
    "growingSubscriberLifeTimeValueFromSNS",
    "establishedSubscriberLifeTimeValueFromOTP",
    "establishedSubscriberLifeTimeValueFromSNS",
];
