//! The seller's listings: the listings report and the operations of Listings Items 2021-08-01 agree
//! on them.

mod search;
mod shape;

pub(crate) use search::search;
pub(crate) use shape::channel_code;

use super::Answer;
use super::call::Input;
use super::error::Refusal;
use super::marketplace::{Marketplace, SELLER, open};
use super::product::{Offer, Product, World};
use super::query::Query;
use crate::random::Random;
use chrono::{DateTime, Days, Utc};
use shape::item;

/// The parts of an item that can be asked for.
const DATA_SETS: &[&str] = &[
    "summaries",
    "attributes",
    "issues",
    "offers",
    "fulfillmentAvailability",
    "procurement",
    "relationships",
    "productTypes",
];

/// How an offer is listed in a marketplace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listing {
    /// Whether it can be bought.
    pub(crate) is_active: bool,
    /// Pieces, if the merchant ships them.
    pub(crate) stock: u64,
    /// A number from which the time of its opening and its own number are made.
    pub(crate) mark: u64,
}

impl Listing {
    /// The listing of `offer` in `marketplace`.
    pub(crate) fn of(
        world: World,
        marketplace: &Marketplace,
        product: &Product,
        offer: &Offer,
    ) -> Self {
        let mut random = Random::new(world.seed ^ offer.ordinal, marketplace.id, product.index);
        Self { is_active: !random.chance(9), stock: random.below(250), mark: random.number() }
    }

    /// When it was opened: some time from 2015 to 2024.
    pub(crate) fn opened(self) -> DateTime<Utc> {
        let seconds = 1_420_070_400 + self.mark % (9 * 365 * 86_400);
        i64::try_from(seconds)
            .ok()
            .and_then(|it| DateTime::from_timestamp(it, 0))
            .unwrap_or_default()
    }

    /// When it was changed last, up to the day on which the emulator was started.
    fn updated(self, started_at: DateTime<Utc>) -> DateTime<Utc> {
        let age = Days::new(1 + self.mark % 300);
        started_at
            .date_naive()
            .and_time(self.opened().time())
            .and_utc()
            .checked_sub_days(age)
            .unwrap_or(started_at)
    }
}

/// 400 in the words of Amazon's sandbox.
fn invalid() -> Refusal {
    Refusal::bad_request("Invalid input", "Invalid input")
}

/// getListingsItem.
pub(crate) fn one(input: &Input<'_>) -> Result<Answer, Refusal> {
    let query = Query::parse(input.uri(), &["marketplaceIds", "issueLocale", "includedData"])?;
    let marketplaces = checked(input, &query)?;
    let included = included(&query)?;
    let (world, sku) = (input.amazon.world(), input.argument_at(1));
    let found = world.by_sku(sku).and_then(|product| {
        let offer = world.offers(&product).into_iter().find(|offer| offer.sku == sku)?;
        Some((product, offer))
    });
    let has = |product: &Product| marketplaces.iter().any(|it| world.is_sold(product, it));
    let Some((product, offer)) = found.filter(|(product, _)| has(product)) else {
        let places: Vec<&str> = marketplaces.iter().map(|it| it.id).collect();
        let message = format!("SKU '{sku}' not found in marketplace {}", places.join(", "));
        return Err(Refusal::no_item(&message));
    };
    let started_at = input.amazon.clock().anchored_at();
    let item = item(world, (&product, &offer), &marketplaces, &included, started_at);
    Ok(Answer { detail: Some(query.detail("", 1)), ..Answer::ok(item) })
}

/// The marketplaces that are asked for, of the seller who is asked for.
fn checked(input: &Input<'_>, query: &Query) -> Result<Vec<&'static Marketplace>, Refusal> {
    if input.argument() != SELLER {
        return Err(Refusal::denied(""));
    }
    // Issues are told in English here.
    if query.text("issueLocale").is_some_and(|locale| locale != "en_US") {
        return Err(Refusal::not_emulated("issueLocale"));
    }
    let ids = query.list("marketplaceIds", usize::MAX)?;
    if ids.is_empty() {
        return Err(invalid());
    }
    ids.into_iter().map(|id| open(input.region, id)).collect()
}

/// The parts that are asked for: only the summaries by default.
fn included(query: &Query) -> Result<Vec<&str>, Refusal> {
    let included = query.words("includedData", DATA_SETS)?;
    Ok(if included.is_empty() { vec!["summaries"] } else { included })
}
