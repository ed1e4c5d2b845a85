//! searchListingsItems.

use super::shape::item;
use super::{Listing, checked, included, invalid};
use crate::amazon::Answer;
use crate::amazon::call::Input;
use crate::amazon::error::Refusal;
use crate::amazon::marketplace::Marketplace;
use crate::amazon::page::{Cursor, Paging};
use crate::amazon::product::{Offer, Product, World};
use crate::amazon::query::Query;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Items of a page unless the caller says otherwise, and at most.
const PAGE: (usize, usize) = (10, 20);

/// Results that can be reached.
const REACHABLE: usize = 1000;

const PAGING: Paging = Paging {
    operation: "searchListingsItems",
    token: "pageToken",
    free: None,
    life: None,
    refusal: invalid,
};

/// `variationParentSku` and `packageHierarchySku` are missing: the demo seller lists neither.
const PARAMETERS: &[&str] = &[
    "marketplaceIds",
    "issueLocale",
    "includedData",
    "identifiers",
    "identifiersType",
    "createdAfter",
    "createdBefore",
    "lastUpdatedAfter",
    "lastUpdatedBefore",
    "withIssueSeverity",
    "withStatus",
    "withoutStatus",
    "sortBy",
    "sortOrder",
    "pageSize",
    "pageToken",
];

const IDENTIFIERS: &[&str] =
    &["ASIN", "EAN", "FNSKU", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC"];

/// An offer that was found, with its times in the first marketplace that was asked for.
struct Found {
    product: Product,
    offer: Offer,
    listing: Listing,
    updated: DateTime<Utc>,
}

/// searchListingsItems.
pub(crate) fn search(input: &Input<'_>) -> Result<Answer, Refusal> {
    let query = Query::parse(input.uri(), PARAMETERS)?;
    let marketplaces = checked(input, &query)?;
    let included = included(&query)?;
    let size = query.number("pageSize", 1, PAGE.1)?.unwrap_or(PAGE.0);
    let cursor = PAGING.cursor(input.amazon, input.region, &query)?;
    let started_at = input.amazon.clock().anchored_at();
    let world = input.amazon.world();
    let mut found = found(world, &marketplaces, &query, started_at)?;
    sort(&mut found, &query)?;
    let place = cursor.map_or(0, |it| it.place);
    let start = usize::try_from(place).unwrap_or(usize::MAX);
    let reachable = found.len().min(REACHABLE);
    let items: Vec<Value> = found
        .iter()
        .take(reachable)
        .skip(start)
        .take(size)
        .map(|it| item(world, (&it.product, &it.offer), &marketplaces, &included, started_at))
        .collect();
    let token = |place: usize| {
        let place = u64::try_from(place).unwrap_or(0);
        let next = Cursor { place, within: 0, page: 1, until: started_at };
        PAGING.next(input.amazon, input.region, &query, next)
    };
    let mut pagination = json!({});
    if let Some(fields) = pagination.as_object_mut() {
        if start + items.len() < reachable {
            fields.insert("nextToken".to_owned(), token(start + items.len()));
        }
        if start > 0 {
            fields.insert("previousToken".to_owned(), token(start.saturating_sub(size)));
        }
    }
    let detail = query.detail(PAGING.token, items.len());
    let json = json!({"numberOfResults": found.len(), "pagination": pagination, "items": items});
    Ok(Answer { detail: Some(detail), ..Answer::ok(json) })
}

/// The offers that `query` wants.
fn found(
    world: World,
    marketplaces: &[&'static Marketplace],
    query: &Query,
    started_at: DateTime<Utc>,
) -> Result<Vec<Found>, Refusal> {
    let identifiers = query.list("identifiers", 20)?;
    let kind = query.words("identifiersType", IDENTIFIERS)?.first().copied();
    if identifiers.is_empty() != kind.is_none() {
        return Err(invalid());
    }
    let wants = filter(query)?;
    let offers = world.products().flat_map(|product| {
        let offers = world.offers(&product);
        offers.into_iter().map(move |offer| (product.clone(), offer))
    });
    let found = offers.filter_map(|(product, offer)| {
        let marketplace = marketplaces.iter().find(|it| world.is_sold(&product, it))?;
        let listing = Listing::of(world, marketplace, &product, &offer);
        let updated = listing.updated(started_at);
        Some(Found { product, offer, listing, updated })
    });
    let is_named = |it: &Found| {
        let code = |prefix: &str| world.upc(&it.product).map(|upc| format!("{prefix}{upc}"));
        let own = match kind {
            None => return true,
            Some("ASIN") => Some(it.product.asin.clone()),
            Some("SKU") => Some(it.offer.sku.clone()),
            Some("FNSKU") => Some(world.fnsku(&it.product)),
            Some("UPC") => code(""),
            Some("EAN" | "JAN") => code("0"),
            Some("GTIN") => code("00"),
            // Books and medicines: the demo seller has none.
            Some(_) => None,
        };
        own.is_some_and(|own| identifiers.contains(&own.as_str()))
    };
    Ok(found.filter(is_named).filter(wants).collect())
}

/// The filters of `query` by time, status and issue.
fn filter(query: &Query) -> Result<impl Fn(&Found) -> bool, Refusal> {
    let created = (query.moment("createdAfter")?, query.moment("createdBefore")?);
    let updated = (query.moment("lastUpdatedAfter")?, query.moment("lastUpdatedBefore")?);
    let statuses = ["BUYABLE", "DISCOVERABLE"];
    let with = !query.words("withStatus", &statuses)?.is_empty();
    let without = !query.words("withoutStatus", &statuses)?.is_empty();
    let severities = query.words("withIssueSeverity", &["WARNING", "ERROR"])?;
    let (has_severity, is_error) = (!severities.is_empty(), severities.contains(&"ERROR"));
    let within = |(start, end): (Option<DateTime<Utc>>, Option<DateTime<Utc>>), moment| {
        start.is_none_or(|it| it <= moment) && end.is_none_or(|it| moment <= it)
    };
    Ok(move |it: &Found| {
        within(created, it.listing.opened())
            && within(updated, it.updated)
            && (!with || it.listing.is_active)
            && (!without || !it.listing.is_active)
            // What is not active has an error; there are no warnings.
            && (!has_severity || is_error && !it.listing.is_active)
    })
}

/// Sorts as `query` wants it: by the last change, newest first, unless it says otherwise.
fn sort(found: &mut [Found], query: &Query) -> Result<(), Refusal> {
    let by = query.words("sortBy", &["sku", "createdDate", "lastUpdatedDate"])?;
    let order = query.words("sortOrder", &["ASC", "DESC"])?;
    match by.first() {
        Some(&"sku") => found.sort_by(|one, other| one.offer.sku.cmp(&other.offer.sku)),
        Some(&"createdDate") => found.sort_by_key(|it| it.listing.opened()),
        _ => found.sort_by_key(|it| it.updated),
    }
    if order.first() != Some(&"ASC") {
        found.reverse();
    }
    Ok(())
}
