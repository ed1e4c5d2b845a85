//! The bodies of the searches, read as Amazon's model has them.

use super::super::call::Input;
use super::super::error::Refusal;
use super::super::marketplace::{Marketplace, open};
use super::super::product::{Channel, Offer};
use super::{Enrolled, newest, oldest};
use chrono::{DateTime, NaiveDate};
use serde_json::{Map, Value};

/// The marketplaces that have the programme for sellers, by the model.
const SUPPORTED: &[&str] = &["US", "CA", "ES", "GB", "FR", "IT", "IN", "DE", "JP"];

/// The metrics, and the beginnings of the names that their figures have in an answer.
#[rustfmt::skip]
const METRICS: &[(&str, &[&str])] = &[
    ("SHIPPED_SUBSCRIPTION_UNITS", &["shippedSubscriptionUnits"]),
    ("TOTAL_SUBSCRIPTIONS_REVENUE", &["totalSubscriptionsRevenue"]),
    ("ACTIVE_SUBSCRIPTIONS", &["activeSubscriptions"]),
    ("NOT_DELIVERED_DUE_TO_OOS", &["notDeliveredDueToOOS"]),
    ("LOST_REVENUE_DUE_TO_OOS", &["lostRevenueDueToOOS"]),
    ("COUPONS_REVENUE_PENETRATION", &["couponsRevenuePenetration"]),
    ("SHARE_OF_COUPON_SUBSCRIPTIONS", &["shareOfCouponSubscriptions"]),
    ("REVENUE_PENETRATION", &["revenuePenetration"]),
    ("SUBSCRIBER_NON_SUBSCRIBER_AVERAGE_REVENUE", &["subscriberAverageRevenue", "nonSubscriberAverageRevenue"]),
    ("SUBSCRIBER_NON_SUBSCRIBER_AVERAGE_REORDERS", &["subscriberAverageReorders", "nonSubscriberAverageReorders"]),
    ("REVENUE_BY_DELIVERIES", &["revenueFrom"]),
    ("SUBSCRIBER_RETENTION", &["subscriberRetentionFor"]),
    ("REVENUE_PENETRATION_BY_SELLER_FUNDING", &["revenuePenetrationFor"]),
    ("SUBSCRIBER_LIFETIME_VALUE_BY_CUSTOMER_SEGMENT", &["nonSubscriberLifeTime", "lostSubscriberLifeTime", "growingSubscriberLifeTime", "establishedSubscriberLifeTime"]),
    ("SIGNUP_CONVERSION_BY_SELLER_FUNDING", &["signupConversionFor"]),
];

/// As many of [`METRICS`] are of single days.
const DAILY: usize = 8;

/// By what offers may be sorted: what was, and what will be.
const PERFORMANCE_KEYS: &[&str] =
    &["SHIPPED_SUBSCRIPTION_UNITS", "TOTAL_SUBSCRIPTIONS_REVENUE", "ACTIVE_SUBSCRIPTIONS"];
const FORECAST_KEYS: &[&str] = &[
    "NEXT_30DAYS_SHIPPED_SUBSCRIPTION_UNITS",
    "NEXT_60DAYS_SHIPPED_SUBSCRIPTION_UNITS",
    "NEXT_90DAYS_SHIPPED_SUBSCRIPTION_UNITS",
    "NEXT_30DAYS_TOTAL_SUBSCRIPTIONS_REVENUE",
    "NEXT_60DAYS_TOTAL_SUBSCRIPTIONS_REVENUE",
    "NEXT_90DAYS_TOTAL_SUBSCRIPTIONS_REVENUE",
];

/// Whether figures are of the past or of the future.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Performance,
    Forecast,
}

/// How a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

/// What is asked.
pub(super) struct Asked {
    pub(super) marketplace: &'static Marketplace,
    pub(super) period: Period,
    /// The first and the last day.
    pub(super) first: NaiveDate,
    pub(super) last: NaiveDate,
    metrics: Vec<&'static str>,
    pub(super) key: &'static str,
    pub(super) order: Order,
    pub(super) limit: usize,
    pub(super) offset: usize,
    asins: Vec<String>,
    skus: Vec<String>,
    channels: Vec<String>,
    body: Map<String, Value>,
}

/// What Amazon calls the channel of an offer.
pub(super) fn channel(offer: &Offer) -> &'static str {
    match offer.channel {
        Channel::Amazon => "AMAZON",
        Channel::Merchant => "MERCHANT",
    }
}

impl Asked {
    /// A body of getSellingPartnerMetrics.
    pub(super) fn of_seller(input: &Input<'_>) -> Result<Self, Refusal> {
        let body = body(input)?;
        let known = [INTERVAL, &["metrics"]].concat();
        documented(&body, &known)?;
        let mut asked = Self::of(input, &body)?;
        if asked.period == Period::Forecast {
            return Err(Refusal::not_emulated("a forecast of getSellingPartnerMetrics"));
        }
        if (asked.last - asked.first).num_days() >= 31 {
            return Err(Refusal::invalid("The time interval cannot exceed 31 days."));
        }
        // The model says that the end may be adjusted to the data that are there.
        asked.last = asked.last.min(newest(today(input)));
        let all = METRICS.iter().map(|(name, _)| *name);
        asked.metrics = match texts(&body, "metrics", usize::MAX)? {
            Some(names) => {
                let known = |name: &String| all.clone().find(|it| it == name);
                let metric = |name| known(name).ok_or_else(|| invalid("metrics", name));
                names.iter().map(metric).collect::<Result<_, _>>()?
            }
            None => all.collect(),
        };
        Ok(Self { body, ..asked })
    }

    /// A body of listOfferMetrics.
    pub(super) fn of_offers(input: &Input<'_>) -> Result<Self, Refusal> {
        let body = body(input)?;
        documented(&body, &["filters", "pagination", "sort"])?;
        let filters = object(&body, "filters")?.ok_or_else(|| required("filters"))?;
        let own = ["asins", "skus", "fulfillmentChannelTypes"];
        documented(filters, &[INTERVAL, &own].concat())?;
        let mut asked = Self::of(input, filters)?;
        if asked.period == Period::Performance {
            if asked.first != asked.last {
                return Err(Refusal::invalid("The time interval must cover a single day."));
            }
            if asked.last > newest(today(input)) {
                return Err(Refusal::not_emulated("offer metrics of a day that is not there yet"));
            }
        }
        asked.asins = texts(filters, "asins", 20)?.unwrap_or_default();
        asked.skus = texts(filters, "skus", 20)?.unwrap_or_default();
        asked.channels = texts(filters, "fulfillmentChannelTypes", 2)?.unwrap_or_default();
        if let Some(wrong) = asked.channels.iter().find(|it| !CHANNELS.contains(&it.as_str())) {
            return Err(invalid("fulfillmentChannelTypes", wrong));
        }
        let pagination = object(&body, "pagination")?.ok_or_else(|| required("pagination"))?;
        documented(pagination, &["limit", "offset"])?;
        asked.limit = number(pagination, "limit", 1, 500)?;
        asked.offset = number(pagination, "offset", 0, 9000)?;
        if let Some(sort) = object(&body, "sort")? {
            documented(sort, &["order", "key"])?;
            asked.order = match word(sort, "order", &["ASC", "DESC"])? {
                "ASC" => Order::Ascending,
                _ => Order::Descending,
            };
            let key = word(sort, "key", &[PERFORMANCE_KEYS, FORECAST_KEYS].concat())?;
            if PERFORMANCE_KEYS.contains(&key) != (asked.period == Period::Performance) {
                return Err(Refusal::not_emulated("a sort key of the other time period"));
            }
            asked.key = key;
        }
        Ok(Self { body, ..asked })
    }

    /// What both searches have.
    fn of(input: &Input<'_>, fields: &Map<String, Value>) -> Result<Self, Refusal> {
        let id = fields.get("marketplaceId").and_then(Value::as_str);
        let marketplace = open(input.region, id.ok_or_else(|| required("marketplaceId"))?)?;
        if !SUPPORTED.contains(&marketplace.country) {
            return Err(Refusal::not_emulated("a marketplace without the programme for sellers"));
        }
        let programs = texts(fields, "programTypes", usize::MAX)?;
        match programs.ok_or_else(|| required("programTypes"))?.as_slice() {
            [one] if one == "SUBSCRIBE_AND_SAVE" => {}
            other => return Err(invalid("programTypes", &other.join(","))),
        }
        let period = match word(fields, "timePeriodType", &["PERFORMANCE", "FORECAST"])? {
            "PERFORMANCE" => Period::Performance,
            _ => Period::Forecast,
        };
        let frequencies = ["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"];
        let frequency = match fields.get("aggregationFrequency") {
            Some(_) => Some(word(fields, "aggregationFrequency", &frequencies)?),
            None => None,
        };
        if frequency.is_some_and(|it| it != "DAY")
            || frequency.is_some() != (period == Period::Performance)
        {
            return Err(Refusal::not_emulated("this aggregationFrequency"));
        }
        let interval = object(fields, "timeInterval")?.ok_or_else(|| required("timeInterval"))?;
        documented(interval, &["startDate", "endDate"])?;
        let (first, last) = (day(interval, "startDate")?, day(interval, "endDate")?);
        if first > last {
            return Err(Refusal::invalid("The startDate must not be after the endDate."));
        }
        let today = today(input);
        if period == Period::Performance && first < oldest(today) {
            return Err(Refusal::not_emulated("days before the trailing two years"));
        }
        if period == Period::Forecast && first <= today {
            return Err(Refusal::not_emulated("a forecast of what is past"));
        }
        Ok(Self {
            marketplace,
            period,
            first,
            last,
            metrics: Vec::new(),
            key: "",
            order: Order::Ascending,
            limit: 0,
            offset: 0,
            asins: Vec::new(),
            skus: Vec::new(),
            channels: Vec::new(),
            body: Map::new(),
        })
    }

    /// Whether metrics of single days are asked for.
    pub(super) fn has_daily(&self) -> bool {
        METRICS.iter().take(DAILY).any(|(metric, _)| self.metrics.contains(metric))
    }

    /// Whether the figure `name` belongs to a metric that is asked for.
    pub(super) fn wants(&self, name: &str) -> bool {
        METRICS.iter().enumerate().any(|(place, (metric, beginnings))| {
            let is_named = |it: &&str| name == *it || place >= DAILY && name.starts_with(it);
            beginnings.iter().any(is_named) && self.metrics.contains(metric)
        })
    }

    /// Whether an offer passes the filters.
    pub(super) fn has(&self, (product, offer): &Enrolled) -> bool {
        let passes =
            |list: &[String], value: &str| list.is_empty() || list.iter().any(|it| it == value);
        passes(&self.asins, &product.asin)
            && passes(&self.skus, &offer.sku)
            && passes(&self.channels, channel(offer))
    }

    /// What the journal says: the body, and how many things the answer has.
    pub(super) fn detail(&self, items: usize) -> Value {
        let mut detail = self.body.clone();
        detail.insert("items".to_owned(), items.into());
        detail.into()
    }
}

/// The members that both searches have.
const INTERVAL: &[&str] =
    &["aggregationFrequency", "timeInterval", "timePeriodType", "marketplaceId", "programTypes"];

const CHANNELS: &[&str] = &["AMAZON", "MERCHANT"];

fn today(input: &Input<'_>) -> NaiveDate {
    input.amazon.clock().now().date_naive()
}

/// The body, which must be declared as JSON.
fn body(input: &Input<'_>) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(input.body)
        .map_err(|_| Refusal::invalid("The body is not a JSON object."))
}

fn required(name: &str) -> Refusal {
    Refusal::invalid(format!("{name} is required."))
}

fn invalid(name: &str, value: &str) -> Refusal {
    Refusal::invalid(format!("Unsupported {name} is provided: {value}"))
}

/// Refuses members that are not emulated.
fn documented(fields: &Map<String, Value>, names: &[&str]) -> Result<(), Refusal> {
    match fields.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(Refusal::not_emulated(format!("field {name}"))),
        None => Ok(()),
    }
}

fn object<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, Refusal> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::Object(inner)) => Ok(Some(inner)),
        Some(_) => Err(Refusal::invalid(format!("{name} must be an object."))),
    }
}

/// A list of at least one text and at most so many, none of them twice.
fn texts(
    fields: &Map<String, Value>,
    name: &str,
    most: usize,
) -> Result<Option<Vec<String>>, Refusal> {
    let Some(value) = fields.get(name) else { return Ok(None) };
    let list: Vec<String> = serde_json::from_value(value.clone())
        .map_err(|_| Refusal::invalid(format!("{name} must be a list of texts.")))?;
    let mut unique = list.clone();
    unique.sort_unstable();
    unique.dedup();
    if list.is_empty() || list.len() > most || unique.len() != list.len() {
        return Err(Refusal::invalid(format!("{name} has too few, too many or equal values.")));
    }
    Ok(Some(list))
}

fn word(
    fields: &Map<String, Value>,
    name: &str,
    words: &[&'static str],
) -> Result<&'static str, Refusal> {
    let given = fields.get(name).and_then(Value::as_str).ok_or_else(|| required(name))?;
    words.iter().copied().find(|word| *word == given).ok_or_else(|| invalid(name, given))
}

fn number(fields: &Map<String, Value>, name: &str, low: u64, high: u64) -> Result<usize, Refusal> {
    let given = fields.get(name).and_then(Value::as_u64).filter(|it| (low..=high).contains(it));
    let number = given.and_then(|it| usize::try_from(it).ok());
    number.ok_or_else(|| Refusal::invalid(format!("{name} must be from {low} to {high}.")))
}

/// The day of a time: only the date counts, but the whole time must be there.
fn day(fields: &Map<String, Value>, name: &str) -> Result<NaiveDate, Refusal> {
    let text = fields.get(name).and_then(Value::as_str).ok_or_else(|| required(name))?;
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| invalid(name, text))?;
    Ok(time.date_naive())
}
