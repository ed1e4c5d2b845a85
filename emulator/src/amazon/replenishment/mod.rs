//! Replenishment 2022-11-07: getSellingPartnerMetrics and listOfferMetrics, of Subscribe & Save.
//!
//! Figures exist for each day of the trailing two years, up to the day before yesterday, and for the
//! future. Of the frequencies that the model names, days are emulated.

mod figures;
mod request;

use super::Answer;
use super::call::Input;
use super::error::Refusal;
use super::marketplace::Marketplace;
use super::product::{Offer, Product, World};
use crate::random::Random;
use chrono::{Days, Months, NaiveDate};
use figures::{Expected, Figures};
use request::{Asked, Order, Period};
use serde_json::{Map, Value, json};

/// An enrolled offer.
type Enrolled = (Product, Offer);

/// The offers of `marketplace` that can be subscribed to: six in ten.
fn enrolled(world: World, marketplace: &'static Marketplace) -> impl Iterator<Item = Enrolled> {
    let products = world.products().filter(move |product| world.is_sold(product, marketplace));
    products.flat_map(move |product| {
        let offers = world.offers(&product).into_iter().map(|offer| (product.clone(), offer));
        let is_enrolled =
            |offer: &Enrolled| Random::new(world.seed, "subscribable", key(offer)).chance(60);
        offers.filter(is_enrolled).collect::<Vec<_>>()
    })
}

/// The number of an offer.
fn key((product, offer): &Enrolled) -> u64 {
    (product.index << 1) | offer.ordinal
}

/// A time interval, as answers have it.
fn interval(first: NaiveDate, last: NaiveDate) -> Value {
    let midnight = |day: NaiveDate| format!("{day}T00:00:00Z");
    json!({"startDate": midnight(first), "endDate": midnight(last)})
}

/// getSellingPartnerMetrics.
pub(crate) fn of_seller(input: &Input<'_>) -> Result<Answer, Refusal> {
    let asked = Asked::of_seller(input)?;
    let world = input.amazon.world();
    let offers: Vec<Enrolled> = enrolled(world, asked.marketplace).collect();
    let mut metrics = Vec::new();
    if asked.has_daily() {
        let days = asked.first.iter_days().take_while(|day| *day <= asked.last);
        for day in days {
            let mut sum = Figures::default();
            for offer in &offers {
                sum += Figures::of(world, asked.marketplace, offer, day);
            }
            let mut fields = sum.fields(asked.marketplace);
            fields.retain(|name, _| asked.wants(name));
            metrics.push(element(fields, asked.marketplace, day, day));
        }
    }
    for (fields, months) in figures::rolling(world, asked.marketplace, asked.last) {
        let fields: Map<_, _> = fields.into_iter().filter(|(name, _)| asked.wants(name)).collect();
        if !fields.is_empty() {
            let first = asked.last.checked_sub_months(Months::new(months)).unwrap_or(asked.last);
            metrics.push(element(fields, asked.marketplace, first, asked.last));
        }
    }
    let detail = asked.detail(metrics.len());
    Ok(Answer { detail: Some(detail), ..Answer::ok(json!({"metrics": metrics})) })
}

/// An element of an answer.
fn element(
    mut fields: Map<String, Value>,
    marketplace: &Marketplace,
    first: NaiveDate,
    last: NaiveDate,
) -> Value {
    fields.insert("currencyCode".to_owned(), marketplace.currency.into());
    fields.insert("timeInterval".to_owned(), interval(first, last));
    fields.into()
}

/// listOfferMetrics.
pub(crate) fn of_offers(input: &Input<'_>) -> Result<Answer, Refusal> {
    let asked = Asked::of_offers(input)?;
    let (world, marketplace) = (input.amazon.world(), asked.marketplace);
    let offers = enrolled(world, marketplace).filter(|offer| asked.has(offer));
    let mut found: Vec<(u64, Enrolled)> = offers
        .map(|offer| {
            let place = match asked.period {
                Period::Performance => {
                    Figures::of(world, marketplace, &offer, asked.first).rank(asked.key)
                }
                Period::Forecast => Expected::of(world, marketplace, &offer).rank(asked.key),
            };
            (place, offer)
        })
        .collect();
    // Among equals the order is that of the world, whichever way the list is turned.
    match asked.order {
        Order::Ascending => found.sort_by_key(|(place, _)| *place),
        Order::Descending => found.sort_by_key(|(place, _)| std::cmp::Reverse(*place)),
    }
    let page = found.iter().skip(asked.offset).take(asked.limit).map(|(_, offer)| {
        let mut fields = match asked.period {
            Period::Performance => {
                Figures::of(world, marketplace, offer, asked.first).fields(marketplace)
            }
            Period::Forecast => Expected::of(world, marketplace, offer).fields(marketplace),
        };
        let (product, own) = offer;
        fields.insert("asin".to_owned(), product.asin.as_str().into());
        fields.insert("sku".to_owned(), own.sku.as_str().into());
        fields.insert("fulfillmentChannelType".to_owned(), request::channel(own).into());
        element(fields, marketplace, asked.first, asked.last)
    });
    let page: Vec<Value> = page.collect();
    let detail = asked.detail(page.len());
    let json = json!({"offers": page, "pagination": {"totalResults": found.len()}});
    Ok(Answer { detail: Some(detail), ..Answer::ok(json) })
}

/// The last day whose figures are there on `today`.
fn newest(today: NaiveDate) -> NaiveDate {
    today.checked_sub_days(Days::new(2)).unwrap_or(today)
}

/// The oldest day of the trailing two years.
fn oldest(today: NaiveDate) -> NaiveDate {
    today.checked_sub_months(Months::new(24)).unwrap_or(today)
}
