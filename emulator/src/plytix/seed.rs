//! What the account holds when the emulator starts: definitions, and a few canonical products.
//!
//! The definitions are those that a seller needs who keeps Amazon's listings in Plytix, and others
//! so that there is an attribute of each type. The products are invented; the seed fixes them.

use super::account::Account;
use super::attribute::Kind;
use super::definition::Definitions;
use super::setup::Canonical;
use crate::random::Random;
use chrono::{DateTime, TimeDelta, Utc};
use indexmap::IndexMap;
use serde_json::{Value, json};

/// Attributes for Amazon's listings: name, type, options.
const AMAZON: &[(&str, Kind, &[&str])] = &[
    ("Amazon ASIN", Kind::Text, &[]),
    ("Amazon Parent ASIN", Kind::Text, &[]),
    ("Amazon SKU", Kind::Text, &[]),
    ("Amazon UPC", Kind::Text, &[]),
    ("Amazon EAN", Kind::Text, &[]),
    ("Amazon Title", Kind::Text, &[]),
    ("Amazon Size", Kind::Text, &[]),
    ("Amazon Color", Kind::Text, &[]),
    ("Amazon Variation Theme", Kind::Text, &[]),
    ("Amazon Listing Status", Kind::Dropdown, &["Active", "Inactive", "Incomplete", "Suppressed"]),
    ("Amazon Marketplace", Kind::Text, &[]),
    ("Amazon Canonical SKU", Kind::Text, &[]),
    ("Amazon Is Primary", Kind::Boolean, &[]),
    ("Amazon Last Synced", Kind::Date, &[]),
    ("Amazon Images", Kind::MediaGallery, &[]),
];

/// Attributes of the seller's own products: name, type, options.
const CANONICAL: &[(&str, Kind, &[&str])] = &[
    ("UPC", Kind::Text, &[]),
    ("EAN", Kind::Text, &[]),
    ("Model Number", Kind::Text, &[]),
    ("Model Size", Kind::Text, &[]),
    ("Model to SKU", Kind::Text, &[]),
    ("Description", Kind::Multiline, &[]),
    ("Marketing Copy", Kind::Html, &[]),
    ("Pairs per Case", Kind::Int, &[]),
    ("List Price", Kind::Decimal, &[]),
    ("Materials", Kind::MultiSelect, &["Leather", "Suede", "Canvas", "Rubber"]),
    ("Product Page", Kind::Url, &[]),
    ("Size Chart", Kind::Media, &[]),
];

/// Canonical products: SKU and label.
const PRODUCTS: &[(&str, &str)] = &[
    ("MCA0032", "Men's Chukka Driving Moc, Bomber"),
    ("MCA0033", "Men's Chukka Driving Moc, Oiled Saddle"),
    ("MDM0017", "Men's Slip-On Driving Moc, Dust"),
    ("MHC0021", "Men's Work Chukka with Nano Toe"),
    ("WCA0048", "Women's Chukka Driving Moc, Blue"),
    ("WDM0095", "Women's Boat Shoe Driving Moc, Multi"),
];

/// Fills an empty account.
pub(super) fn fill(account: &mut Account, seed: u64) -> DateTime<Utc> {
    let start = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
    define(&mut account.definitions, start);
    for (index, (sku, label)) in PRODUCTS.iter().enumerate() {
        let mut random = Random::new(seed, "plytix canonical product", index as u64);
        let upc = upc(&mut random);
        let created = start + TimeDelta::seconds(i64::try_from(random.below(86_400)).unwrap_or(0));
        let picture = format!("{}.jpg", sku.to_lowercase());
        let address = format!("https://shop.example.com/{picture}");
        let asset = account.assets.add(&picture, &address, created);
        let mut product = account.new_product((*sku).to_owned(), created);
        product.label = Some((*label).to_owned());
        product.gtin = Some(format!("0{upc}"));
        "Completed".clone_into(&mut product.status);
        product.family = account.definitions.families.get(1).map(|family| family.id.clone());
        product.thumbnail = Some(asset);
        product.attributes = values(sku, &upc, &mut random);
        account.products.put(product);
    }
    start
}

/// Adds products of the seller's own that Amazon's catalogue has too.
pub(super) fn add_canonicals(account: &mut Account, own: &[Canonical], created: DateTime<Utc>) {
    for Canonical { model, label, upc } in own {
        let mut product = account.new_product(model.clone(), created);
        product.label = Some(label.clone());
        "Completed".clone_into(&mut product.status);
        product.family = account.definitions.families.get(1).map(|family| family.id.clone());
        let codes = upc.iter().flat_map(|upc| [("upc", upc.clone()), ("ean", format!("0{upc}"))]);
        let values = codes.chain([("model_number", model.clone())]);
        product.attributes =
            values.map(|(label, value)| (label.to_owned(), json!(value))).collect();
        account.products.put(product);
    }
}

/// Defines attributes, families and relationships.
fn define(definitions: &mut Definitions, created: DateTime<Utc>) {
    for (name, kind, options) in AMAZON.iter().chain(CANONICAL) {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        definitions.add_attribute(name, *kind, options, Vec::new());
    }
    let counted = ["amazon_asin", "amazon_title", "amazon_images"].map(str::to_owned).to_vec();
    definitions.add_attribute("Amazon Completeness", Kind::Completeness, Vec::new(), counted);
    for (name, attributes) in [("8 - Amazon", 16), ("1 - Footwear", 12), ("2 - Apparel", 9)] {
        definitions.add_family(name, attributes, created);
    }
    for name in ["Amazon Hierarchy", "Amazon Listings"] {
        definitions.add_relationship(name, created);
    }
}

/// Values of a canonical product's attributes.
fn values(sku: &str, upc: &str, random: &mut Random) -> IndexMap<String, Value> {
    let size = random.between(7, 13);
    let cents = random.between(6_995, 18_995) / 100 * 100 + 95;
    let price = f64::from(u32::try_from(cents).unwrap_or(0)) / 100.0;
    let values = [
        ("upc", json!(upc)),
        ("ean", json!(format!("0{upc}"))),
        ("model_number", json!(sku)),
        ("model_size", json!(format!("{sku}-{size}"))),
        ("description", json!("Hand-sewn, with a molded rubber sole.\nTrue to size.")),
        ("pairs_per_case", json!(random.between(6, 12))),
        ("list_price", json!(price)),
        ("materials", json!(["Leather", "Rubber"])),
        ("product_page", json!(format!("https://shop.example.com/{}", sku.to_lowercase()))),
    ];
    values.map(|(label, value)| (label.to_owned(), value)).into_iter().collect()
}

/// A UPC: eleven digits and their check digit.
fn upc(random: &mut Random) -> String {
    let digits = random.text(b"0123456789", 11);
    let sum: u32 = digits
        .chars()
        .enumerate()
        .map(|(i, digit)| digit.to_digit(10).unwrap_or(0) * if i % 2 == 0 { 3 } else { 1 })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}
