//! The listings report (all data): one file for each marketplace, and hardly two alike.

use super::{Document, LastLine, Opening, Packing, Style, flat_file};
use crate::amazon::listing::{Listing, channel_code};
use crate::amazon::marketplace::Marketplace;
use crate::amazon::product::{Channel, Offer, Product, World};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use encoding_rs::{SHIFT_JIS, UTF_8, WINDOWS_1252};

/// The option that asks for English headers.
pub(in crate::amazon) const LOCALE: &str = "preferredReportDocumentLocale";

/// In which language the header of a file is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// That of the marketplace.
    Local,
    /// English.
    English,
}

/// The 29 columns of most marketplaces.
#[rustfmt::skip]
const COLUMNS: &[&str] = &[
    "item-name", "item-description", "listing-id", "seller-sku", "price", "quantity", "open-date", "image-url",
    "item-is-marketplace", "product-id-type", "zshop-shipping-fee", "item-note", "item-condition",
    "zshop-category1", "zshop-browse-path", "zshop-storefront-feature", "asin1", "asin2", "asin3",
    "will-ship-internationally", "expedited-shipping", "zshop-boldface", "product-id",
    "bid-for-featured-placement", "add-delete", "pending-quantity", "fulfillment-channel",
    "merchant-shipping-group", "status",
];

/// Further columns of the United Kingdom since 2025.
const COLUMNS_GB: &[&str] = &["Minimum order quantity", "Sell remainder"];

/// The columns of Japan: fewer, with loyalty points.
#[rustfmt::skip]
const COLUMNS_JP: &[&str] = &[
    "item-name", "listing-id", "seller-sku", "price", "quantity", "open-date", "product-id-type", "item-note",
    "item-condition", "will-ship-internationally", "expedited-shipping", "product-id", "pending-quantity",
    "fulfillment-channel", "merchant-shipping-group", "status", "points", "asin1",
];

/// Japanese names of [`COLUMNS_JP`].
#[rustfmt::skip]
const NAMES_JA: &[(&str, &str)] = &[
    ("item-name", "商品名"), ("listing-id", "出品ID"), ("seller-sku", "出品者SKU"), ("price", "価格"),
    ("quantity", "数量"), ("open-date", "出品日"), ("product-id-type", "商品IDタイプ"),
    ("item-note", "コンディション説明"), ("item-condition", "コンディション"),
    ("will-ship-internationally", "国外へ配送可"), ("expedited-shipping", "迅速な配送"),
    ("product-id", "商品ID"), ("pending-quantity", "在庫数"),
    ("fulfillment-channel", "フルフィルメント・チャンネル"), ("status", "ステータス"),
    ("points", "ポイント"), ("asin1", "ASIN 1"),
];

/// German names; the columns without one keep Amazon's.
#[rustfmt::skip]
const NAMES_DE: &[(&str, &str)] = &[
    ("item-name", "Artikelbezeichnung"), ("item-description", "Artikelbeschreibung"),
    ("listing-id", "Angebotsnummer"), ("seller-sku", "Händler-SKU"), ("price", "Preis"), ("quantity", "Menge"),
    ("open-date", "Erstellungsdatum"), ("item-is-marketplace", "Artikel ist Marketplace-Angebot"),
    ("product-id-type", "Produkt-ID-Typ"), ("item-note", "Anmerkung zum Artikel"),
    ("item-condition", "Artikelzustand"), ("asin1", "ASIN 1"),
    ("will-ship-internationally", "Internationaler Versand"), ("expedited-shipping", "Expressversand"),
    ("product-id", "Produkt-ID"), ("pending-quantity", "Anzahl Bestellungen"),
    ("fulfillment-channel", "Versender"), ("merchant-shipping-group", "Händlerversandgruppe"),
    ("status", "Status"),
];

/// French names.
#[rustfmt::skip]
const NAMES_FR: &[(&str, &str)] = &[
    ("item-name", "nom-produit"), ("item-description", "description-article"), ("listing-id", "id-offre"),
    ("seller-sku", "sku-vendeur"), ("price", "prix"), ("quantity", "quantité"), ("open-date", "date-ouverture"),
    ("product-id-type", "type-id-produit"), ("item-note", "note-état-article"),
    ("item-condition", "état-produit"), ("will-ship-internationally", "expédition-international"),
    ("expedited-shipping", "livraison-express"), ("product-id", "id-produit"),
    ("fulfillment-channel", "canal-traitement"), ("merchant-shipping-group", "groupe-expédition-vendeur"),
    ("status", "état"),
];

/// Turkish names, which repeat Amazon's.
#[rustfmt::skip]
const NAMES_TR: &[(&str, &str)] = &[
    ("item-name", "item-name (ürün adı)"), ("listing-id", "listing-id (liste kaydı numarası)"),
    ("seller-sku", "seller-sku (satıcı sku)"), ("price", "price (fiyat)"), ("quantity", "quantity (adet)"),
    ("open-date", "open-date (yayınlanma tarihi)"), ("item-note", "item-note (ürün notu)"),
    ("product-id-type", "product-id-type (ürün numarası türü)"),
    ("item-condition", "item-condition (ürün durumu)"), ("product-id", "product-id (ürün numarası)"),
    ("will-ship-internationally", "will-ship-internationally (uluslararası gönderilir)"),
    ("expedited-shipping", "expedited-shipping (ekspres kargo)"),
    ("pending-quantity", "pending-quantity (bekleyen adet)"),
    ("fulfillment-channel", "fulfillment-channel (dağıtım kanalı)"),
    ("merchant-shipping-group", "merchant-shipping-group (satıcı kargo grubu)"), ("status", "durum"),
];

/// How the file of `marketplace` is written.
pub(super) fn style(marketplace: &Marketplace) -> Style {
    let (content_type, encoding) = match marketplace.country {
        "US" | "MX" | "SG" => ("text/plain; charset=utf8", UTF_8),
        "CA" | "TR" => ("text/plain; charset=UTF-8", UTF_8),
        "JP" => ("text/plain; charset=Windows-31J", SHIFT_JIS),
        // No charset at all occurs too; the bytes are windows-1252.
        "AU" => ("text/plain", WINDOWS_1252),
        _ => ("text/plain; charset=Cp1252", WINDOWS_1252),
    };
    let packing = match marketplace.country {
        "TR" => Packing::Claimed,
        "CA" | "MX" | "FR" | "AU" => Packing::Plain,
        _ => Packing::Gzip,
    };
    let is_marked = marketplace.country == "CA";
    Style {
        content_type,
        encoding,
        opening: if is_marked { Opening::ByteOrderMark } else { Opening::Header },
        line_end: if marketplace.country == "IT" { "\r\n" } else { "\n" },
        last_line: LastLine::Terminated,
        packing,
    }
}

/// All listings of `marketplace`.
pub(super) fn document(
    world: World,
    marketplace: &'static Marketplace,
    language: Language,
) -> Document {
    let columns: Vec<&'static str> = match marketplace.country {
        "GB" => [COLUMNS, COLUMNS_GB].concat(),
        "JP" => COLUMNS_JP.to_vec(),
        _ => COLUMNS.to_vec(),
    };
    let header = header(&columns, marketplace, language);
    let repeated = header.clone();
    let tail = if marketplace.country == "NL" { "\t" } else { "" };
    let rows = world
        .products()
        .filter(move |product| world.is_sold(product, marketplace))
        .flat_map(move |product| {
            let columns = columns.clone();
            world.offers(&product).into_iter().map(move |offer| {
                let cells = columns.iter().map(|it| cell(it, world, marketplace, &product, &offer));
                cells.collect::<Vec<_>>().join("\t") + tail
            })
        })
        .enumerate()
        .flat_map(move |(place, row)| {
            // The header row comes again between the rows of some files.
            let again = (marketplace.country == "ES" && place == 20).then(|| repeated.clone());
            again.into_iter().chain(std::iter::once(row))
        });
    flat_file(std::iter::once(header).chain(rows), style(marketplace))
}

/// The header row: in `language`, and odd in the ways that callers have met.
fn header(columns: &[&str], marketplace: &Marketplace, language: Language) -> String {
    let names = match marketplace.country {
        // Amazon caches the file, and a cached one may come in another language than asked for.
        "JP" => NAMES_JA,
        "DE" if language == Language::Local => NAMES_DE,
        "FR" if language == Language::Local => NAMES_FR,
        "TR" if language == Language::Local => NAMES_TR,
        _ => &[],
    };
    let cells = columns.iter().map(|column| {
        let localised = names.iter().find(|(name, _)| name == column).map(|(_, local)| *local);
        match (*column, marketplace.country) {
            ("fulfillment-channel", "GB") => "fulfilment-channel",
            ("status", "MX") => "status ",
            _ => localised.unwrap_or(column),
        }
    });
    let row = cells.collect::<Vec<_>>().join("\t");
    // A line that ends with a tab has one empty column more.
    if marketplace.country == "NL" { row + "\t" } else { row }
}

/// The cell of `column`.
fn cell(
    column: &str,
    world: World,
    marketplace: &Marketplace,
    product: &Product,
    offer: &Offer,
) -> String {
    let listing = Listing::of(world, marketplace, product, offer);
    let Listing { is_active, stock, mark } = listing;
    match column {
        "item-name" => world.title(product, marketplace),
        "item-description" => format!("{} {}", product.brand, product.model),
        "listing-id" => {
            format!("{:04}R{:05}{}", mark % 9000 + 1000, product.index, offer.ordinal)
        }
        "seller-sku" => offer.sku.clone(),
        "price" => marketplace.money(product.price(marketplace)),
        // Amazon's own stock is not said here: empty, which is not zero.
        "quantity" if offer.channel == Channel::Amazon => String::new(),
        "quantity" if !is_active => "0".to_owned(),
        "quantity" => stock.to_string(),
        "open-date" => open_date(marketplace, listing.opened()),
        "item-is-marketplace" => "y".to_owned(),
        "product-id-type" | "Minimum order quantity" => "1".to_owned(),
        "item-condition" => "11".to_owned(),
        "asin1" | "product-id" => product.asin.clone(),
        "pending-quantity" => (stock % 3).to_string(),
        "fulfillment-channel" => channel_code(offer, marketplace.region).to_owned(),
        "merchant-shipping-group" if offer.channel == Channel::Merchant => {
            "Migrated Template".to_owned()
        }
        "status" if is_active => "Active".to_owned(),
        "status" => "Inactive".to_owned(),
        "points" => (product.price(marketplace) / 100).to_string(),
        "Sell remainder" => "false".to_owned(),
        _ => String::new(),
    }
}

/// When a listing was opened, in the style and the time of the marketplace.
fn open_date(marketplace: &Marketplace, moment: DateTime<Utc>) -> String {
    let is_summer = (4..=10).contains(&moment.month());
    let (hours, zone, format) = match (marketplace.country, is_summer) {
        ("US" | "CA" | "MX", true) => (-7, "PDT", "%Y-%m-%d %H:%M:%S"),
        ("US" | "CA" | "MX", false) => (-8, "PST", "%Y-%m-%d %H:%M:%S"),
        ("GB", true) => (1, "BST", "%d/%m/%Y %H:%M:%S"),
        ("GB", false) => (0, "GMT", "%d/%m/%Y %H:%M:%S"),
        ("JP", _) => (9, "JST", "%Y/%m/%d %H:%M:%S"),
        ("AU" | "SG", _) => (0, "UTC", "%Y-%m-%d %H:%M:%S"),
        (_, true) => (2, "MEST", "%d/%m/%Y %H:%M:%S"),
        (_, false) => (1, "MET", "%d/%m/%Y %H:%M:%S"),
    };
    let local = moment.naive_utc() + TimeDelta::hours(hours);
    format!("{} {zone}", local.format(format))
}
