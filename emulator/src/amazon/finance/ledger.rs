//! The demo seller's money, as a sequence in the order of posting.
//!
//! Nothing is kept: whatever was posted in an hour can be made without the hours before it, because
//! each kind of event follows its order at a fixed distance.
//!
//! ```text
//! shipped ──▶ Shipment                     money at once, or deferred for seven days:
//!    │          DEFERRED … DEFERRED_RELEASED
//!    ├─ 7 days ─────────▶ Release          the deferred money
//!    └─ 9 days ─────────────▶ Refund       of a few
//! ```

use crate::amazon::marketplace::{Marketplace, Region};
use crate::amazon::order::{Order, Orders};
use crate::amazon::product::World;
use crate::random::Random;
use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

/// How long deferred money waits (Amazon's policy DD7 counts from the delivery).
pub(crate) const HOLD: TimeDelta = TimeDelta::days(7);

/// How long after the shipment goods come back.
pub(crate) const RETURN: TimeDelta = TimeDelta::days(9);

/// How much later than it was posted an event may be seen: what the last 48 hours brought is not
/// complete (Amazon's model of Finances 2024-06-19).
const LATENESS_MINUTES: u64 = 47 * 60;

/// How many days a group, and with it a settlement, lasts.
pub(crate) const PERIOD_DAYS: u64 = 14;

/// Letters of Amazon's numbers of transactions and groups.
const ID_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Something that moves money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// The order at this index was shipped.
    Shipment(u64),
    /// Its money was let go.
    Release(u64),
    /// Its goods came back.
    Refund(u64),
    /// The advertisements of a day.
    Advertising,
    /// The subscription of a month.
    Subscription,
}

impl Event {
    /// The order that it belongs to.
    pub(crate) fn order(self) -> Option<u64> {
        match self {
            Self::Shipment(index) | Self::Release(index) | Self::Refund(index) => Some(index),
            Self::Advertising | Self::Subscription => None,
        }
    }
}

/// An event, and when it was posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// When it was posted.
    pub(crate) posted: DateTime<Utc>,
    /// What happened.
    pub(crate) event: Event,
}

impl Entry {
    /// What Amazon takes of the money of `marketplace`, whatever is sold: the advertisements of a
    /// day or the subscription of a month; 0 for what belongs to an order.
    pub(crate) fn fee(self, marketplace: &Marketplace) -> i64 {
        let cents = match self.event {
            Event::Advertising => 1_200 + day(self.posted) % 31 * 137,
            Event::Subscription => 3_999,
            Event::Shipment(_) | Event::Release(_) | Event::Refund(_) => 0,
        };
        i64::try_from(marketplace.converted(cents)).unwrap_or(i64::MAX)
    }
}

/// The money of one region, at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ledger {
    orders: Orders,
    region: Region,
    now: DateTime<Utc>,
}

impl Ledger {
    /// The money of `orders`, which are those of `region`, as it is seen at `now`.
    pub(crate) fn new(orders: Orders, region: Region, now: DateTime<Utc>) -> Self {
        Self { orders, region, now }
    }

    /// The world that it belongs to.
    pub(crate) fn world(self) -> World {
        self.orders.world()
    }

    /// Numbers that belong to one kind of thing and one index in this region.
    pub(crate) fn random(self, kind: &str, index: u64) -> Random {
        Random::new(self.world().seed, &format!("{} {kind}", self.region.name()), index)
    }

    /// Index of the order with the number `id`.
    pub(crate) fn by_id(self, id: &str) -> Option<u64> {
        self.orders.by_id(id)
    }

    /// Amazon's number of the transaction that `entry` makes.
    pub(crate) fn transaction_id(self, entry: Entry) -> String {
        let (kind, index) = match entry.event {
            Event::Shipment(index) => ("shipment transaction", index),
            Event::Release(index) => ("release transaction", index),
            Event::Refund(index) => ("refund transaction", index),
            Event::Advertising => ("advertising transaction", day(entry.posted)),
            Event::Subscription => ("subscription transaction", day(entry.posted)),
        };
        self.random(kind, index).text(ID_LETTERS, 43)
    }

    /// Amazon's number of the group in which money of `marketplace` that is posted at `posted` is
    /// paid.
    pub(crate) fn group_id(self, marketplace: &Marketplace, posted: DateTime<Utc>) -> String {
        let period = day(posted) / PERIOD_DAYS;
        self.random(&format!("group {}", marketplace.id), period).text(ID_LETTERS, 43)
    }

    /// Whether `entry` is money that can be paid: deferred money is not, its release is.
    pub(crate) fn is_payable(self, entry: &Entry) -> bool {
        !matches!(entry.event, Event::Shipment(index) if self.is_deferred(index))
    }

    /// The marketplace whose money `entry` is.
    pub(crate) fn marketplace(self, entry: &Entry) -> Option<&'static Marketplace> {
        match entry.event.order() {
            Some(index) => self.order(index).map(|order| order.marketplace),
            None => self.home(),
        }
    }

    /// The region's marketplaces.
    pub(crate) fn marketplaces(self) -> impl Iterator<Item = &'static Marketplace> + Clone {
        self.region.marketplaces()
    }

    /// When it is seen.
    pub(crate) fn now(self) -> DateTime<Utc> {
        self.now
    }

    /// Whether there may be money before `moment`.
    pub(crate) fn has_begun(self, moment: DateTime<Utc>) -> bool {
        self.orders.has_begun(moment)
    }

    /// The order of an event.
    pub(crate) fn order(self, index: u64) -> Option<Order> {
        self.orders.order(index)
    }

    /// Whether the money of the order at `index` waits.
    pub(crate) fn is_deferred(self, index: u64) -> bool {
        self.random("deferral", index).chance(40)
    }

    /// Whether the goods of the order at `index` come back, if they are sent.
    pub(crate) fn is_returned(self, index: u64) -> bool {
        self.random("return", index).chance(4)
    }

    /// Whether money that was deferred at `posted` has been let go.
    pub(crate) fn is_released(self, posted: DateTime<Utc>) -> bool {
        posted + HOLD < self.now
    }

    /// Where advertisements and subscriptions are paid.
    pub(crate) fn home(self) -> Option<&'static Marketplace> {
        self.region.marketplaces().next()
    }

    /// What was posted in the hour that begins at `hour`, as far as it is seen, in order.
    pub(crate) fn hour(self, hour: DateTime<Utc>) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (delay, event) in [
            (TimeDelta::zero(), Event::Shipment as fn(u64) -> Event),
            (HOLD, Event::Release),
            (RETURN, Event::Refund),
        ] {
            let start = hour - delay;
            let indexes = self.orders.updated_within(start, start + TimeDelta::hours(1));
            entries.extend(indexes.map(|index| Entry {
                posted: self.orders.updated(index) + delay,
                event: event(index),
            }));
        }
        entries.retain(|entry| self.happens(entry.event));
        entries.extend(self.fees(hour));
        entries.retain(|entry| self.is_seen(*entry));
        entries.sort_unstable();
        entries
    }

    /// Every event of the order at `index`, as far as it is seen, in order.
    pub(crate) fn of_order(self, index: u64) -> Vec<Entry> {
        let shipped = self.orders.updated(index);
        let events = [
            (TimeDelta::zero(), Event::Shipment(index)),
            (HOLD, Event::Release(index)),
            (RETURN, Event::Refund(index)),
        ];
        let entries = events.map(|(delay, event)| Entry { posted: shipped + delay, event });
        entries
            .into_iter()
            .filter(|entry| self.happens(entry.event) && self.is_seen(*entry))
            .collect()
    }

    /// Whether an event that an order may have takes place.
    fn happens(self, event: Event) -> bool {
        let is_sold = |index| {
            self.order(index).is_some_and(|order| order.is_amazon && order.status == "Shipped")
        };
        match event {
            Event::Shipment(index) => is_sold(index),
            Event::Release(index) => self.is_deferred(index) && is_sold(index),
            Event::Refund(index) => self.is_returned(index) && is_sold(index),
            Event::Advertising | Event::Subscription => true,
        }
    }

    /// Whether an event is in the past and, if it is a shipment, not one that arrives late.
    fn is_seen(self, entry: Entry) -> bool {
        let lateness = match entry.event {
            Event::Shipment(index) => {
                let mut random = self.random("lateness", index);
                if random.chance(10) { random.between(1, LATENESS_MINUTES) } else { 0 }
            }
            _ => 0,
        };
        entry.posted + TimeDelta::minutes(i64::try_from(lateness).unwrap_or(0)) < self.now
    }

    /// What Amazon takes at `hour`, whatever is sold.
    fn fees(self, hour: DateTime<Utc>) -> impl Iterator<Item = Entry> {
        let is_day = hour.hour() == 6 && self.orders.has_begun(hour);
        let advertising = is_day.then_some(Event::Advertising);
        let subscription = (is_day && hour.day() == 1).then_some(Event::Subscription);
        advertising
            .into_iter()
            .chain(subscription)
            .map(move |event| Entry { posted: hour + TimeDelta::minutes(7), event })
    }
}

/// The day of `moment`, counted from the epoch.
fn day(moment: DateTime<Utc>) -> u64 {
    u64::try_from(moment.timestamp() / 86_400).unwrap_or(0)
}
