//! The sales and traffic report: JSON, by date and by ASIN.
//!
//! The by-ASIN list is one total for the whole range, as Amazon's is.

use super::{Document, Packing, packed};
use crate::amazon::marketplace::{Marketplace, Region};
use crate::amazon::product::{Product, Role, World};
use crate::amazon::report::{Made, Specification};
use crate::amazon::traffic::{Counts, Day, Traffic};
use crate::random::Random;
use chrono::{Datelike, Days, Months, NaiveDate};
use serde_json::{Map, Value, json};

/// The option that says what a row of the by-date list covers: `DAY`, `WEEK` or `MONTH`.
pub(in crate::amazon) const DATE_GRANULARITY: &str = "dateGranularity";

/// The option that says what a row of the by-ASIN list covers: `PARENT`, `CHILD` or `SKU`.
pub(in crate::amazon) const ASIN_GRANULARITY: &str = "asinGranularity";

/// The document of a report with `asked`, made at the time of `made`.
pub(super) fn document(world: World, asked: &Specification, made: Made) -> Document {
    let marketplace = asked.marketplace;
    let traffic = Traffic::new(world, marketplace, marketplace.day(made.at), made.figures);
    let view = View { traffic, marketplace };
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

/// The names of an element of the by-ASIN list, and its figures.
type Row = (Fields, Day);

/// Elements of the by-ASIN list in the making.
type Rows = Box<dyn Iterator<Item = Row> + Send>;

/// The figures of one document.
#[derive(Debug, Clone, Copy)]
struct View {
    traffic: Traffic,
    marketplace: &'static Marketplace,
}

impl View {
    /// An element of the by-date list.
    fn by_date(self, start: NaiveDate, end: NaiveDate) -> Value {
        let mut sum = Day::default();
        let mut offered = 0_u64;
        for product in self.traffic.products() {
            sum += self.traffic.sum(&product, None, start, end);
            offered += 1;
        }
        let days = u64::try_from(start.num_days_from_ce()).unwrap_or(0);
        let mut random = Random::new(self.traffic.world.seed, "after sale", days);
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
    ) -> impl Iterator<Item = Value> + Send + use<> {
        // The list is empty until some of its traffic is known (callers have reported).
        let is_counted = self.traffic.is_counted(start);
        let mut total = Day::default();
        if is_counted {
            for product in self.traffic.products() {
                total += self.traffic.sum(&product, None, start, end);
            }
        }
        let rows: Rows = match granularity {
            "SKU" => Box::new(self.by_sku(start, end)),
            "CHILD" => Box::new(self.by_child(start, end)),
            _ => Box::new(self.by_parent(start, end)),
        };
        rows.take_while(move |_| is_counted)
            .filter(|(_, sum)| !sum.all.is_empty())
            .map(move |(names, sum)| self.element(names, sum, total))
    }

    /// Each SKU, with its ASIN and its parent's.
    fn by_sku(self, start: NaiveDate, end: NaiveDate) -> impl Iterator<Item = Row> + Send {
        let world = self.traffic.world;
        self.traffic.products().flat_map(move |product| {
            world.offers(&product).into_iter().map(move |offer| {
                let sum = self.traffic.sum(&product, Some(offer.ordinal), start, end);
                let mut names = self.names(&product);
                names.put("sku", offer.sku);
                (names, sum)
            })
        })
    }

    /// Each ASIN that is sold, with its parent's.
    fn by_child(self, start: NaiveDate, end: NaiveDate) -> impl Iterator<Item = Row> + Send {
        self.traffic.products().map(move |product| {
            (self.names(&product), self.traffic.sum(&product, None, start, end))
        })
    }

    /// Each parent, and each product that has none.
    fn by_parent(self, start: NaiveDate, end: NaiveDate) -> impl Iterator<Item = Row> + Send {
        self.traffic.families().map(move |(asin, members)| {
            let mut sum = Day::default();
            for member in members {
                sum += self.traffic.sum(&member, None, start, end);
            }
            let mut names = Fields::default();
            names.put("parentAsin", asin);
            (names, sum)
        })
    }

    /// The ASIN of a product and of its parent: its own if it has none.
    fn names(self, product: &Product) -> Fields {
        let parent = match product.role {
            Role::Child { parent } => self.traffic.world.asin(parent),
            Role::Parent | Role::Single => product.asin.clone(),
        };
        let mut names = Fields::default();
        names.put("parentAsin", parent);
        names.put("childAsin", product.asin.clone());
        names
    }

    /// An element of the by-ASIN list, named by `names`, within a `total`.
    fn element(self, mut names: Fields, sum: Day, total: Day) -> Value {
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
        names.put("salesByAsin", sales.0);
        names.put("trafficByAsin", traffic.0);
        Value::Object(names.0)
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
