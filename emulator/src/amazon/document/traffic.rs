//! The sales and traffic report: JSON, by date and by ASIN.
//!
//! What is drawn is one day of one offer; days, ASINs and families are sums of that, so that the
//! same day asked for alone or within a month has the same numbers. The by-ASIN list is one total
//! for the whole range, as Amazon's is.

use super::{Document, Packing, packed};
use crate::amazon::marketplace::{Marketplace, Region};
use crate::amazon::product::{Product, Role, World};
use crate::amazon::report::{Made, Specification};
use crate::random::Random;
use chrono::{Datelike, Days, Months, NaiveDate};
use serde_json::{Map, Value, json};
use std::ops::AddAssign;

/// The option that says what a row of the by-date list covers: `DAY`, `WEEK` or `MONTH`.
pub(in crate::amazon) const DATE_GRANULARITY: &str = "dateGranularity";

/// The option that says what a row of the by-ASIN list covers: `PARENT`, `CHILD` or `SKU`.
pub(in crate::amazon) const ASIN_GRANULARITY: &str = "asinGranularity";

/// Sums of one group of buyers.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    units: u64,
    order_items: u64,
    /// In the currency's smallest unit.
    sales: u64,
    browser_sessions: u64,
    app_sessions: u64,
    browser_views: u64,
    app_views: u64,
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
    fn sessions(self) -> u64 {
        self.browser_sessions + self.app_sessions
    }

    fn views(self) -> u64 {
        self.browser_views + self.app_views
    }

    fn is_empty(self) -> bool {
        self.units == 0 && self.sessions() == 0
    }
}

/// Sums of all buyers, and of business buyers among them.
#[derive(Debug, Clone, Copy, Default)]
struct Day {
    all: Counts,
    business: Counts,
}

impl AddAssign for Day {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.business += other.business;
    }
}

/// One report's view of the world.
#[derive(Debug, Clone, Copy)]
struct View {
    world: World,
    marketplace: &'static Marketplace,
    /// Traffic of this day and later has not been counted yet.
    uncounted_from: NaiveDate,
}

/// The document of a report with `asked`, made at the time of `made`.
pub(super) fn document(world: World, asked: &Specification, made: Made) -> Document {
    let marketplace = asked.marketplace;
    // Traffic arrives up to 72 hours late; until then it is zero and the by-ASIN list is empty.
    let uncounted_from = made.at.date_naive() - Days::new(1);
    let view = View { world, marketplace, uncounted_from };
    let option = |name: &str, default: &'static str| {
        asked.options.get(name).cloned().unwrap_or_else(|| default.to_owned())
    };
    let (by_date, by_asin) = (option(DATE_GRANULARITY, "DAY"), option(ASIN_GRANULARITY, "PARENT"));
    let (start, end) = (asked.start.date_naive(), asked.end.date_naive());
    let periods = periods(start, end, &by_date);
    let first = periods.first().map_or(start, |period| period.0);
    let last = periods.last().map_or(end, |period| period.1);
    let specification = json!({
        "reportType": "GET_SALES_AND_TRAFFIC_REPORT",
        "reportOptions": asked.options,
        "dataStartTime": first,
        "dataEndTime": last,
        "marketplaceIds": [marketplace.id],
    });
    let dates = periods.into_iter().map(move |(start, end)| view.by_date(start, end));
    let asins = view.by_asin(first, last, &by_asin);
    let opening = format!("{{\"reportSpecification\":{specification},\"salesAndTrafficByDate\":[");
    let pieces = std::iter::once(opening.into_bytes())
        .chain(listed(dates))
        .chain(std::iter::once(b"],\"salesAndTrafficByAsin\":[".to_vec()))
        .chain(listed(asins))
        .chain(std::iter::once(b"]}".to_vec()));
    Document { content_type: "application/json", pieces: packed(Box::new(pieces), Packing::Gzip) }
}

/// The elements of a JSON list, with the commas between them.
fn listed(values: impl Iterator<Item = Value>) -> impl Iterator<Item = Vec<u8>> {
    values.enumerate().map(|(place, value)| {
        let comma = if place == 0 { "" } else { "," };
        format!("{comma}{value}").into_bytes()
    })
}

/// The periods of `granularity` that hold the days from `start` to `end`. Weeks begin on Sunday;
/// the range is widened to whole periods.
fn periods(start: NaiveDate, end: NaiveDate, granularity: &str) -> Vec<(NaiveDate, NaiveDate)> {
    let opening = match granularity {
        "WEEK" => start - Days::new(u64::from(start.weekday().num_days_from_sunday())),
        "MONTH" => start - Days::new(u64::from(start.day0())),
        _ => start,
    };
    let following = |day: NaiveDate| match granularity {
        "WEEK" => day + Days::new(7),
        "MONTH" => day + Months::new(1),
        _ => day + Days::new(1),
    };
    std::iter::successors(Some(opening), |day| Some(following(*day)))
        .take_while(|day| *day <= end)
        .map(|day| (day, following(day) - Days::new(1)))
        .collect()
}

impl View {
    /// One day of one offer.
    fn day(self, product: &Product, ordinal: u64, date: NaiveDate) -> Day {
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
        if date >= self.uncounted_from {
            for counts in [&mut day.all, &mut day.business] {
                let (units, order_items, sales) = (counts.units, counts.order_items, counts.sales);
                *counts = Counts { units, order_items, sales, ..Counts::default() };
            }
        }
        day
    }

    /// The days from `start` to `end` of one offer, or of all offers of `product`.
    fn sum(self, product: &Product, only: Option<u64>, start: NaiveDate, end: NaiveDate) -> Day {
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
    fn products(self) -> impl Iterator<Item = Product> + Send {
        self.world
            .products()
            .filter(move |it| it.role != Role::Parent && self.world.is_sold(it, self.marketplace))
    }

    /// An element of the by-date list.
    fn by_date(self, start: NaiveDate, end: NaiveDate) -> Value {
        let mut sum = Day::default();
        let mut offered = 0_u64;
        for product in self.products() {
            sum += self.sum(&product, None, start, end);
            offered += 1;
        }
        let days = u64::try_from(start.num_days_from_ce()).unwrap_or(0);
        let mut random = Random::new(self.world.seed, "after sale", days);
        let Counts { units, order_items, sales, .. } = sum.all;
        let refunded = random.below(units / 20 + 1);
        let feedback = random.below(4);
        let negative = random.below(feedback + 1) / 2;
        let mut traffic = Fields::default();
        self.put_traffic(&mut traffic, sum);
        traffic.put_twin("buyBoxPercentage", buy_box(sum.all), buy_box(sum.business), self.twins());
        traffic.put_twin(
            "orderItemSessionPercentage",
            percent(order_items, sum.all.sessions()),
            percent(sum.business.order_items, sum.business.sessions()),
            self.twins(),
        );
        self.put_unit_sessions(&mut traffic, sum);
        traffic.put("averageOfferCount", offered);
        traffic.put("averageParentItems", offered.div_ceil(6));
        traffic.put("feedbackReceived", feedback);
        traffic.put("negativeFeedbackReceived", negative);
        traffic.put("receivedNegativeFeedbackRate", percent(negative, feedback));
        let mut by_date = Fields::default();
        self.put_sales(&mut by_date, sum);
        self.put_averages(&mut by_date, sum);
        by_date.put("unitsRefunded", refunded);
        by_date.put("refundRate", percent(refunded, units));
        by_date.put("claimsGranted", 0_u64);
        by_date.put("claimsAmount", self.money(0));
        by_date.put("shippedProductSales", self.money(sales - sales / 10));
        by_date.put("unitsShipped", units - units / 10);
        by_date.put("ordersShipped", order_items - order_items / 10);
        json!({"date": start, "salesByDate": by_date.0, "trafficByDate": traffic.0})
    }

    /// The elements of the by-ASIN list: those that sold or were looked at.
    fn by_asin(
        self,
        start: NaiveDate,
        end: NaiveDate,
        granularity: &str,
    ) -> Box<dyn Iterator<Item = Value> + Send> {
        let is_counted = end < self.uncounted_from;
        let total = if is_counted {
            self.products().fold(Day::default(), |mut total, product| {
                total += self.sum(&product, None, start, end);
                total
            })
        } else {
            Day::default()
        };
        let world = self.world;
        let parent = move |product: &Product| match product.role {
            Role::Child { parent } => world.asin(parent),
            Role::Parent | Role::Single => product.asin.clone(),
        };
        let elements: Box<dyn Iterator<Item = (Map<String, Value>, Day)> + Send> = match granularity
        {
            "SKU" => Box::new(self.products().flat_map(move |product| {
                world.offers(&product).into_iter().map(move |offer| {
                    let sum = self.sum(&product, Some(offer.ordinal), start, end);
                    let mut names = Fields::default();
                    names.put("parentAsin", parent(&product));
                    names.put("childAsin", product.asin.clone());
                    names.put("sku", offer.sku);
                    (names.0, sum)
                })
            })),
            "CHILD" => Box::new(self.products().map(move |product| {
                let mut names = Fields::default();
                names.put("parentAsin", parent(&product));
                names.put("childAsin", product.asin.clone());
                (names.0, self.sum(&product, None, start, end))
            })),
            _ => Box::new(self.families().map(move |(asin, members)| {
                let mut sum = Day::default();
                for member in members {
                    sum += self.sum(&member, None, start, end);
                }
                let mut names = Fields::default();
                names.put("parentAsin", asin);
                (names.0, sum)
            })),
        };
        Box::new(
            elements
                .take_while(move |_| is_counted)
                .filter(|(_, sum)| !sum.all.is_empty())
                .map(move |(names, sum)| self.element(names, sum, total)),
        )
    }

    /// Each parent's ASIN with its children, and each single product with itself.
    fn families(self) -> impl Iterator<Item = (String, Vec<Product>)> + Send {
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

    /// An element of the by-ASIN list, named by `names`, within a `total`.
    fn element(self, mut names: Map<String, Value>, sum: Day, total: Day) -> Value {
        let mut sales = Fields::default();
        self.put_sales(&mut sales, sum);
        let mut traffic = Fields::default();
        self.put_traffic(&mut traffic, sum);
        let mut share = |name: &str, count: fn(Counts) -> u64| {
            let all = percent(count(sum.all), count(total.all));
            let business = percent(count(sum.business), count(total.business));
            traffic.put_twin(name, all, business, self.twins());
        };
        share("browserSessionPercentage", |it| it.browser_sessions);
        share("mobileAppSessionPercentage", |it| it.app_sessions);
        share("sessionPercentage", Counts::sessions);
        share("browserPageViewsPercentage", |it| it.browser_views);
        share("mobileAppPageViewsPercentage", |it| it.app_views);
        share("pageViewsPercentage", Counts::views);
        traffic.put_twin("buyBoxPercentage", buy_box(sum.all), buy_box(sum.business), self.twins());
        self.put_unit_sessions(&mut traffic, sum);
        names.insert("salesByAsin".to_owned(), Value::Object(sales.0));
        names.insert("trafficByAsin".to_owned(), Value::Object(traffic.0));
        Value::Object(names)
    }

    /// Whether the business twins of the fields are there: only for sellers who sell to companies,
    /// which the demo seller does in North America.
    fn twins(self) -> Twins {
        if self.marketplace.region == Region::Na { Twins::Present } else { Twins::Absent }
    }

    fn money(self, minor: u64) -> Value {
        let scale = 10_u64.pow(self.marketplace.decimals());
        json!({"amount": quotient(minor, scale), "currencyCode": self.marketplace.currency})
    }

    fn put_sales(self, fields: &mut Fields, sum: Day) {
        let (all, business) = (sum.all, sum.business);
        let twins = self.twins();
        let (sales, business_sales) = (self.money(all.sales), self.money(business.sales));
        fields.put_twin("unitsOrdered", all.units, business.units, twins);
        fields.put_twin("orderedProductSales", sales, business_sales, twins);
        fields.put_twin("totalOrderItems", all.order_items, business.order_items, twins);
    }

    fn put_averages(self, fields: &mut Fields, sum: Day) {
        let mut average = |name: &str, of: &dyn Fn(Counts) -> Value| {
            fields.put_twin(name, of(sum.all), of(sum.business), self.twins());
        };
        let each = |whole: u64, count: u64| whole.checked_div(count).unwrap_or(0);
        average("averageSalesPerOrderItem", &|it| self.money(each(it.sales, it.order_items)));
        average("averageUnitsPerOrderItem", &|it| {
            quotient(each(it.units * 100, it.order_items), 100).into()
        });
        average("averageSellingPrice", &|it| self.money(each(it.sales, it.units)));
    }

    fn put_traffic(self, fields: &mut Fields, sum: Day) {
        let mut count = |name: &str, of: fn(Counts) -> u64| {
            fields.put_twin(name, of(sum.all), of(sum.business), self.twins());
        };
        count("browserPageViews", |it| it.browser_views);
        count("mobileAppPageViews", |it| it.app_views);
        count("pageViews", Counts::views);
        count("browserSessions", |it| it.browser_sessions);
        count("mobileAppSessions", |it| it.app_sessions);
        count("sessions", Counts::sessions);
    }

    fn put_unit_sessions(self, fields: &mut Fields, sum: Day) {
        let of = |counts: Counts| percent(counts.units, counts.sessions());
        fields.put_twin("unitSessionPercentage", of(sum.all), of(sum.business), self.twins());
    }
}

/// Whether a field's `…B2B` twin is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Twins {
    Present,
    Absent,
}

/// A JSON object in the making.
#[derive(Debug, Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn put_twin(
        &mut self,
        name: &str,
        all: impl Into<Value>,
        business: impl Into<Value>,
        twins: Twins,
    ) {
        self.put(name, all);
        if twins == Twins::Present {
            self.put(&format!("{name}B2B"), business);
        }
    }
}

/// `part` of `whole` in percent, with two digits; 0 of nothing.
fn percent(part: u64, whole: u64) -> f64 {
    quotient((part * 10_000).checked_div(whole).unwrap_or(0), 100)
}

/// How often the seller's offer was the one in the box.
fn buy_box(counts: Counts) -> f64 {
    if counts.views() == 0 { 0.0 } else { quotient(7_000 + counts.views() % 3_000, 100) }
}

/// `number / scale`.
#[expect(clippy::cast_precision_loss, reason = "invented figures stay far below 2^53")]
fn quotient(number: u64, scale: u64) -> f64 {
    number as f64 / scale as f64
}
