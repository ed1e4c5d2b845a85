//! The operations of Catalog Items 2022-04-01.

use super::error::Refusal;
use super::item::{DATA_SETS, item};
use super::marketplace::{Marketplace, Region, SELLER, Standing, standing};
use super::product::{Product, World};
use super::query::Query;
use super::{Amazon, Answer};
use crate::random::Random;
use axum::http::Uri;
use serde_json::{Value, json};

/// Items of a page unless the caller says otherwise, and at most.
const PAGE: (usize, usize) = (10, 20);

/// Results of a search that can be reached.
const REACHABLE: usize = 1000;

/// The kinds of identifiers that Amazon's model names.
const IDENTIFIERS: &[&str] = &["ASIN", "EAN", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC"];

/// The parameters of searchCatalogItems. `keywordsLocale` is missing: texts exist in each
/// marketplace's own language only.
const SEARCH_PARAMETERS: &[&str] = &[
    "identifiers",
    "identifiersType",
    "marketplaceIds",
    "includedData",
    "locale",
    "sellerId",
    "keywords",
    "brandNames",
    "classificationIds",
    "pageSize",
    "pageToken",
];

/// What a page of searchCatalogItems continues: kept under its token.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    /// The query without its token: a token belongs to one search.
    key: String,
    /// Number of the page's first result.
    start: usize,
}

/// getCatalogItem.
pub(crate) fn one(
    amazon: &Amazon,
    region: Region,
    asin: &str,
    uri: &Uri,
) -> Result<Answer, Refusal> {
    let query = Query::parse(uri, &["marketplaceIds", "includedData", "locale"])?;
    let marketplaces = marketplaces(region, &query, usize::MAX)?;
    let included = included(&query)?;
    check_locale(&query, &marketplaces)?;
    let world = amazon.world();
    let found = world.by_asin(asin).map(|product| {
        let has = |marketplace: &&'static Marketplace| world.is_sold(&product, marketplace);
        let marketplaces: Vec<_> = marketplaces.into_iter().filter(has).collect();
        (product, marketplaces)
    });
    match found {
        Some((product, marketplaces)) if !marketplaces.is_empty() => {
            Ok(Answer::ok(item(world, &product, &marketplaces, &included)))
        }
        _ => Err(Refusal::not_found(format!("Requested item '{asin}' not found"))),
    }
}

/// searchCatalogItems: by identifiers, or by keywords.
pub(crate) fn search(amazon: &Amazon, region: Region, uri: &Uri) -> Result<Answer, Refusal> {
    let query = Query::parse(uri, SEARCH_PARAMETERS)?;
    let marketplaces = marketplaces(region, &query, 1)?;
    let Some(marketplace) = marketplaces.first().copied() else {
        return Err(Refusal::invalid("marketplaceIds is required."));
    };
    let included = included(&query)?;
    check_locale(&query, &marketplaces)?;
    let size = query.number("pageSize", 1, PAGE.1)?.unwrap_or(PAGE.0);
    let world = amazon.world();
    let identifiers = query.list("identifiers", 20)?;
    let keywords = query.list("keywords", 20)?;
    let products = match (identifiers.is_empty(), keywords.is_empty()) {
        (false, true) => identified(world, marketplace, &query, &identifiers)?,
        (true, false) => matching(world, marketplace, &query, &keywords)?,
        (true, true) => return Err(Refusal::invalid("identifiers or keywords is required.")),
        (false, false) => {
            return Err(Refusal::invalid("identifiers and keywords exclude each other."));
        }
    };
    let start = page_start(amazon, region, &query)?;
    let reachable = products.len().min(REACHABLE);
    let items: Vec<Value> = products
        .iter()
        .take(reachable)
        .skip(start)
        .take(size)
        .map(|product| item(world, product, &[marketplace], &included))
        .collect();
    let detail = json!({
        "marketplaceId": marketplace.id,
        "identifiers": identifiers.len(),
        "items": items.len(),
    });
    let mut json = json!({
        "numberOfResults": products.len(),
        "pagination": pagination(amazon, region, &query, start, size, reachable),
        "items": items,
    });
    if identifiers.is_empty()
        && let Some(fields) = json.as_object_mut()
    {
        fields.insert("refinements".to_owned(), refinements(&products));
    }
    Ok(Answer { detail: Some(detail), ..Answer::ok(json) })
}

/// Number of the first result of the page that `query` asks for.
fn page_start(amazon: &Amazon, region: Region, query: &Query) -> Result<usize, Refusal> {
    let Some(token) = query.text("pageToken") else { return Ok(0) };
    amazon
        .search_page(region, token)
        .filter(|page| page.key == query.without("pageToken"))
        .map(|page| page.start)
        .ok_or_else(|| Refusal::invalid("Invalid pageToken."))
}

/// The tokens of the pages beside the one that begins at `start`.
fn pagination(
    amazon: &Amazon,
    region: Region,
    query: &Query,
    start: usize,
    size: usize,
    reachable: usize,
) -> Value {
    let mut pagination = json!({});
    let mut put = |name: &str, start: usize| {
        let key = query.without("pageToken");
        let token = amazon.keep_search_page(region, Search { key, start });
        if let Some(fields) = pagination.as_object_mut() {
            fields.insert(name.to_owned(), token.into());
        }
    };
    if start + size < reachable {
        put("nextToken", start + size);
    }
    if start > 0 {
        put("previousToken", start.saturating_sub(size));
    }
    pagination
}

/// The marketplaces of `query`, from 1 to `most`.
fn marketplaces(
    region: Region,
    query: &Query,
    most: usize,
) -> Result<Vec<&'static Marketplace>, Refusal> {
    let ids = query.list("marketplaceIds", most)?;
    if ids.is_empty() {
        return Err(Refusal::invalid("marketplaceIds is required."));
    }
    ids.into_iter()
        .map(|id| match standing(region, id) {
            Standing::Open(marketplace) => Ok(marketplace),
            Standing::Denied => {
                Err(Refusal::denied("The seller does not sell in this marketplace."))
            }
            Standing::Unknown => Err(Refusal::invalid(format!("Invalid marketplaceId: {id}"))),
        })
        .collect()
}

/// The data sets that are asked for: only the summaries by default.
fn included(query: &Query) -> Result<Vec<&str>, Refusal> {
    let known = [DATA_SETS, &["vendorDetails"]].concat();
    let included = query.words("includedData", &known)?;
    if included.contains(&"vendorDetails") {
        return Err(Refusal::not_emulated("includedData vendorDetails"));
    }
    Ok(if included.is_empty() { vec!["summaries"] } else { included })
}

/// Texts exist in each marketplace's own language only.
fn check_locale(query: &Query, marketplaces: &[&Marketplace]) -> Result<(), Refusal> {
    match query.text("locale") {
        Some(locale) if marketplaces.iter().any(|it| it.language != locale) => {
            Err(Refusal::not_emulated(format!("locale {locale}")))
        }
        _ => Ok(()),
    }
}

/// The products that `identifiers` name, in an order of the catalogue's own. What is not found is
/// left out without a word.
fn identified(
    world: World,
    marketplace: &Marketplace,
    query: &Query,
    identifiers: &[&str],
) -> Result<Vec<Product>, Refusal> {
    let [kind] = query.words("identifiersType", IDENTIFIERS)?[..] else {
        return Err(Refusal::invalid("identifiersType is required."));
    };
    for name in ["brandNames", "classificationIds"] {
        if query.text(name).is_some() {
            return Err(Refusal::invalid(format!("{name} goes with keywords only.")));
        }
    }
    if kind == "SKU" {
        match query.text("sellerId") {
            None => return Err(Refusal::invalid("sellerId is required for SKU.")),
            Some(SELLER) => {}
            Some(_) => return Ok(Vec::new()),
        }
    }
    let products = |identifier: &&str| match kind {
        "ASIN" => world.by_asin(identifier).into_iter().collect(),
        "SKU" => world.by_sku(identifier).into_iter().collect(),
        "UPC" => world.by_upc(identifier),
        "EAN" | "JAN" => identifier.strip_prefix('0').map_or(Vec::new(), |upc| world.by_upc(upc)),
        "GTIN" => identifier.strip_prefix("00").map_or(Vec::new(), |upc| world.by_upc(upc)),
        // Books and medicines: the demo seller has none.
        _ => Vec::new(),
    };
    let mut found: Vec<Product> = identifiers
        .iter()
        .flat_map(products)
        .filter(|product| world.is_sold(product, marketplace))
        .collect();
    found
        .sort_by_cached_key(|it| (Random::new(world.seed, "shuffle", it.index).number(), it.index));
    found.dedup_by_key(|product| product.index);
    Ok(found)
}

/// The products whose title has all of `keywords`, within the brands and classes of `query`.
fn matching(
    world: World,
    marketplace: &Marketplace,
    query: &Query,
    keywords: &[&str],
) -> Result<Vec<Product>, Refusal> {
    for name in ["identifiersType", "sellerId"] {
        if query.text(name).is_some() {
            return Err(Refusal::invalid(format!("{name} goes with identifiers only.")));
        }
    }
    let brands = query.list("brandNames", usize::MAX)?;
    let classes = query.list("classificationIds", usize::MAX)?;
    let keywords: Vec<String> = keywords.iter().map(|word| word.to_lowercase()).collect();
    let found = world.products().filter(|product| {
        let title = world.title(product, marketplace).to_lowercase();
        (brands.is_empty() || brands.contains(&product.brand))
            && (classes.is_empty() || classes.contains(&product.kind.node))
            && keywords.iter().all(|word| title.contains(word.as_str()))
            && world.is_sold(product, marketplace)
    });
    Ok(found.collect())
}

/// Brands and classes of `products`, with the number of results in each.
fn refinements(products: &[Product]) -> Value {
    let mut brands: Vec<(&str, usize)> = Vec::new();
    let mut classes: Vec<((&str, &str), usize)> = Vec::new();
    for product in products {
        count(&mut brands, product.brand);
        count(&mut classes, (product.kind.node_name, product.kind.node));
    }
    let brands: Vec<Value> = brands
        .into_iter()
        .map(|(name, number)| json!({"numberOfResults": number, "brandName": name}))
        .collect();
    let classes: Vec<Value> = classes
        .into_iter()
        .map(|((name, id), number)| {
            json!({"numberOfResults": number, "displayName": name, "classificationId": id})
        })
        .collect();
    json!({"brands": brands, "classifications": classes})
}

/// Adds one to the count of `key`.
fn count<K: PartialEq>(counts: &mut Vec<(K, usize)>, key: K) {
    match counts.iter_mut().find(|(known, _)| *known == key) {
        Some((_, number)) => *number += 1,
        None => counts.push((key, 1)),
    }
}
