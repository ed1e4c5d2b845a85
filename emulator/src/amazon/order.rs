//! The demo seller's orders, one after another in the order of their last update.

use super::marketplace::{Marketplace, Region};
use super::product::{Channel, Role, World};
use crate::random::Random;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use std::ops::Range;

/// How long after it was placed an order is updated last, at most.
pub(crate) const LONGEST_PREPARATION: TimeDelta = TimeDelta::minutes(12_000);

/// The promotions of a line with a discount.
pub(crate) const PROMOTIONS: &[&str] = &["Autumn Sale 10%", "PAWS-V2-10000000-1"];

/// One order.
#[derive(Debug)]
pub(crate) struct Order {
    /// Amazon's number, or that of a multi-channel order.
    pub(crate) id: String,
    /// When it was placed.
    pub(crate) purchased: DateTime<Utc>,
    /// When it changed last.
    pub(crate) updated: DateTime<Utc>,
    /// `Pending`, `Shipped`, `Cancelled` or `Unshipped`.
    pub(crate) status: &'static str,
    /// Who ships it.
    pub(crate) channel: Channel,
    /// The marketplace whose money and address it has.
    pub(crate) marketplace: &'static Marketplace,
    /// False for a multi-channel order, which was sold elsewhere.
    pub(crate) is_amazon: bool,
    /// True if a company bought it.
    pub(crate) is_business: bool,
    /// Town, region and postcode of the buyer.
    pub(crate) place: Place,
    /// Its lines.
    pub(crate) lines: Vec<Line>,
}

/// A town, its region and its postcode.
pub(crate) type Place = (&'static str, &'static str, &'static str);

/// One line of an order. Amounts are of the whole line, in the currency's smallest unit.
#[derive(Debug)]
pub(crate) struct Line {
    /// Amazon's number of the line.
    pub(crate) id: String,
    /// ASIN of the product.
    pub(crate) asin: String,
    /// SKU of the offer.
    pub(crate) sku: String,
    /// Title of the product.
    pub(crate) title: String,
    /// Pieces.
    pub(crate) quantity: u64,
    /// Price of all pieces.
    pub(crate) price: u64,
    /// Tax on it.
    pub(crate) tax: u64,
    /// Shipping.
    pub(crate) shipping: u64,
    /// Discount on the price.
    pub(crate) discount: u64,
}

impl Order {
    /// Where it was sold, in the words of the report and of Orders.
    pub(crate) fn sales_channel(&self) -> String {
        if self.is_amazon {
            self.marketplace.name.to_owned()
        } else {
            format!("Non-Amazon {}", self.marketplace.country)
        }
    }

    /// Pieces of `line` that are still ordered: none when the order is cancelled.
    pub(crate) fn ordered(&self, line: &Line) -> u64 {
        if self.status == "Cancelled" { 0 } else { line.quantity }
    }

    /// The number that a company has given its order.
    pub(crate) fn purchase_order(&self) -> Option<String> {
        let line = self.lines.first().filter(|_| self.is_business)?;
        Some(format!("PO {}", line.quantity + 4000))
    }
}

/// The orders of one region, at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Orders {
    world: World,
    region: Region,
    /// The last order was, or will be, updated just before this.
    end: DateTime<Utc>,
    /// What was updated later has not happened yet.
    now: DateTime<Utc>,
    /// What was pending then stays so: a status that changed would be an update.
    started_at: DateTime<Utc>,
}

impl Orders {
    /// The orders of `region` in an emulator that was started at `started_at`, seen at `now`.
    pub(crate) fn new(
        world: World,
        region: Region,
        started_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Self {
        let end = started_at.date_naive().and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1);
        Self { world, region, end, now, started_at }
    }

    /// How far back the orders reach.
    fn span(self) -> TimeDelta {
        TimeDelta::days(self.world.order_days.into())
    }

    /// When the order at `index` was updated last, to the second: orders are spread evenly, each
    /// somewhere in its own share of the span, so that a later index is never an earlier update.
    pub(crate) fn updated(self, index: u64) -> DateTime<Utc> {
        let count = i64::try_from(self.world.orders).unwrap_or(i64::MAX).max(1);
        let share = (self.span().num_milliseconds() / count).max(1);
        let within = Random::new(self.world.seed, self.kind("update"), index)
            .below(u64::try_from(share).unwrap_or(1));
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        let millis = share.saturating_mul(index).saturating_add(i64::try_from(within).unwrap_or(0));
        self.end - self.span() + TimeDelta::seconds(millis / 1000)
    }

    /// The kind of values that belongs to this region only.
    fn kind(self, what: &'static str) -> &'static str {
        match (what, self.region) {
            ("update", Region::Na) => "na update",
            ("update", Region::Eu) => "eu update",
            ("update", Region::Fe) => "fe update",
            (_, Region::Na) => "na order",
            (_, Region::Eu) => "eu order",
            (_, Region::Fe) => "fe order",
        }
    }

    /// Indexes of the orders whose last update is at or after `start`, before `end`, and past.
    pub(crate) fn updated_within(self, start: DateTime<Utc>, end: DateTime<Utc>) -> Range<u64> {
        if self.world.asins == 0 {
            return 0..0;
        }
        let first = self.first_updated_at(start);
        first..self.first_updated_at(end.min(self.now)).max(first)
    }

    /// Index of the first order that was not updated before `moment`.
    fn first_updated_at(self, moment: DateTime<Utc>) -> u64 {
        let (mut low, mut high) = (0, self.world.orders);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.updated(middle) < moment { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Index of the order with the number `id`, if it was updated in the past.
    pub(crate) fn by_id(self, id: &str) -> Option<u64> {
        let mut groups = id.split('-').skip(1);
        let mut group = || groups.next().filter(|it| it.len() == 7)?.parse::<u64>().ok();
        let (middle, last) = (group()?, group()?);
        // The inverse of 7919 modulo ten million: the last group holds the index, scrambled.
        let salt = self.world.seed.wrapping_mul(13) % 10_000_000;
        let low = (last + 10_000_000 - salt) % 10_000_000 * 17679 % 10_000_000;
        let index = middle % 1_000 * 10_000_000 + low;
        let is_past = index < self.world.orders && self.updated(index) < self.now;
        (is_past && self.order(index)?.id == id).then_some(index)
    }

    /// When the first order may have been updated.
    pub(crate) fn begun(self) -> DateTime<Utc> {
        self.end - self.span()
    }

    /// Whether the first order may have been updated before `moment`.
    pub(crate) fn has_begun(self, moment: DateTime<Utc>) -> bool {
        moment >= self.begun()
    }

    /// The world that it belongs to.
    pub(crate) fn world(self) -> World {
        self.world
    }

    /// The order at `index`.
    pub(crate) fn order(self, index: u64) -> Option<Order> {
        let mut random = Random::new(self.world.seed, self.kind("order"), index);
        let marketplaces: Vec<&'static Marketplace> = self.region.marketplaces().collect();
        let weighted = if random.chance(60) { 1 } else { marketplaces.len() };
        let place = usize::try_from(random.below(u64::try_from(weighted).ok()?)).ok()?;
        let marketplace = *marketplaces.get(place)?;
        let updated = self.updated(index);
        let longest = u64::try_from(LONGEST_PREPARATION.num_minutes()).ok()?;
        let purchased =
            updated - TimeDelta::minutes(i64::try_from(random.between(1, longest)).ok()?);
        let is_amazon = !random.chance(3);
        let status = match random.below(100) {
            // What is still pending has changed lately.
            0..25 if self.started_at - updated < TimeDelta::days(2) => "Pending",
            25..35 if self.started_at - updated < TimeDelta::days(2) => "Unshipped",
            94.. => "Cancelled",
            _ => "Shipped",
        };
        let channel = if random.chance(75) { Channel::Amazon } else { Channel::Merchant };
        let is_business = self.region == Region::Na && random.chance(8);
        let id = self.number(index, is_amazon, &mut random);
        let place = random.pick(places(marketplace.country));
        let mut order = Order {
            id,
            purchased,
            updated,
            status,
            channel,
            marketplace,
            is_amazon,
            is_business,
            place,
            lines: Vec::new(),
        };
        order.lines = self.lines(index, &order, &mut random);
        Some(order)
    }

    /// An order number such as `304-1234567-0007919`. The last group is the index, scrambled.
    fn number(self, index: u64, is_amazon: bool, random: &mut Random) -> String {
        let last =
            index.wrapping_mul(7919).wrapping_add(self.world.seed.wrapping_mul(13)) % 10_000_000;
        let middle = (random.below(9_000) * 1_000 + index / 10_000_000) % 10_000_000;
        let first = match (is_amazon, self.region) {
            (false, _) => "S02".to_owned(),
            (true, Region::Na) => format!("11{}", random.between(1, 4)),
            (true, Region::Eu) => format!("30{}", random.between(2, 8)),
            (true, Region::Fe) => format!("25{}", random.between(0, 3)),
        };
        format!("{first}-{middle:07}-{last:07}")
    }

    /// The lines of the order at `index`, at least one.
    fn lines(self, index: u64, order: &Order, random: &mut Random) -> Vec<Line> {
        let count = match random.below(100) {
            0..78 => 1,
            78..93 => 2,
            93..98 => 3,
            _ => 5,
        };
        // In the Far East a line is sometimes split in two: same order, same SKU (callers have
        // confirmed that such rows are legitimate).
        let is_split = self.region == Region::Fe && index % 16 == 3;
        let mut lines: Vec<Line> =
            (0..count).filter_map(|_| self.line(index, order, random)).collect();
        if is_split && let Some(first) = lines.first() {
            let twin = Line {
                id: first.id.clone(),
                asin: first.asin.clone(),
                sku: first.sku.clone(),
                title: first.title.clone(),
                ..*first
            };
            lines.push(twin);
        }
        for (place, line) in lines.iter_mut().enumerate() {
            let low = index * 8 + u64::try_from(place).unwrap_or(0);
            line.id = format!("{:04}{low:010}", random.between(1000, 9999));
        }
        lines
    }

    /// One line: an offer of a product that the marketplace has, if one is found soon.
    fn line(self, index: u64, order: &Order, random: &mut Random) -> Option<Line> {
        let (world, marketplace) = (self.world, order.marketplace);
        let mut candidates = (0..8).filter_map(|_| {
            let product = world.product(random.below(world.asins))?;
            match product.role {
                Role::Parent => world.product(product.index + 1),
                Role::Child { .. } | Role::Single => Some(product),
            }
        });
        let first = candidates.next()?;
        let product = std::iter::once(first.clone())
            .chain(candidates)
            .find(|product| world.is_sold(product, marketplace))
            .unwrap_or(first);
        let offers = world.offers(&product);
        let offer = offers.iter().find(|it| it.channel == order.channel).or(offers.first())?;
        let mut own = Random::new(world.seed ^ index, "line", product.index);
        let quantity = if own.chance(88) { 1 } else { own.between(2, 6) };
        let price = product.price(marketplace) * quantity;
        Some(Line {
            id: String::new(),
            asin: product.asin.clone(),
            sku: offer.sku.clone(),
            title: world.title(&product, marketplace),
            quantity,
            price,
            tax: price * 8 / 100,
            shipping: if own.chance(20) { marketplace.converted(499) } else { 0 },
            discount: if own.chance(10) { price / 10 } else { 0 },
        })
    }
}

/// Towns of a country.
fn places(country: &str) -> &'static [Place] {
    match country {
        "US" => &[("Seattle", "WA", "98109"), ("AUSTIN", "TX", "78701-1234")],
        "CA" => &[("Montréal", "Québec", "H2X 1Y4"), ("Toronto", "ON", "M5V 2T6")],
        "MX" => &[("Ciudad de México", "CDMX", "06600"), ("Mérida", "Yucatán", "97000")],
        "GB" => &[("LONDON", "", "SW1A 1AA"), ("Leeds", "West Yorkshire", "LS1 4AP")],
        "DE" => &[("München", "", "80331"), ("Köln", "NRW", "50667")],
        "FR" => &[("Orléans", "", "45000"), ("Nîmes", "", "30000")],
        "IT" => &[("Forlì", "FC", "47121"), ("Milano", "MI", "20121")],
        "ES" => &[("A Coruña", "A Coruña", "15001"), ("Cádiz", "Cádiz", "11001")],
        "NL" => &[("Utrecht", "", "3511 AB")],
        "TR" => &[("İstanbul", "Beşiktaş", "34353"), ("Ankara", "Çankaya", "06420")],
        "JP" => &[("横浜市", "神奈川県", "220-0011"), ("髙松市", "香川県", "760-0017")],
        "AU" => &[("MELBOURNE", "VIC", "3000")],
        _ => &[("Singapore", "", "049483")],
    }
}

#[cfg(test)]
mod tests {
    use super::{Orders, Region, World};
    use chrono::{TimeDelta, TimeZone, Utc};

    /// Noon of the day on which these tests play, and the orders of a region.
    fn orders(count: u64) -> Orders {
        let noon = Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).unwrap();
        let world = World { seed: 3, asins: 50, orders: count, order_days: 180 };
        Orders::new(world, Region::Na, noon, noon)
    }

    #[test]
    fn a_window_holds_its_start_and_not_its_end() {
        let orders = orders(500);
        for index in [0, 7, 300] {
            let (this, next) = (orders.updated(index), orders.updated(index + 1));
            assert_eq!(orders.updated_within(this, next), index..index + 1);
            assert_eq!(orders.updated_within(this + TimeDelta::seconds(1), next).count(), 0);
        }
    }

    #[test]
    fn what_is_updated_later_today_has_not_happened_yet() {
        let orders = orders(18_000);
        let all = orders.updated_within(orders.now - TimeDelta::days(200), orders.end);
        // A hundred orders a day, and half of the last day is over.
        assert!((17_949..=17_951).contains(&all.end), "{all:?}");
        assert!(orders.updated(all.end - 1) < orders.now);
        assert!(orders.updated(all.end) >= orders.now);
    }

    #[test]
    fn order_numbers_and_line_numbers_are_unique() {
        let orders = orders(5_000);
        let mut seen = std::collections::HashSet::new();
        for index in 0..5_000 {
            let order = orders.order(index).unwrap();
            assert!(!order.lines.is_empty());
            assert!(order.purchased < order.updated);
            assert!(order.lines.into_iter().all(|line| seen.insert(line.id)));
            assert!(seen.insert(order.id));
        }
    }
}
