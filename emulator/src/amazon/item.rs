//! One item of the catalogue, in the shape of Catalog Items 2022-04-01.

use super::marketplace::Marketplace;
use super::product::{Product, Role, World};
use crate::random::Random;
use serde_json::{Map, Value, json};

/// The data sets of an item that are emulated.
///
/// `vendorDetails` is missing: what a seller gets for it is not known.
pub(crate) const DATA_SETS: &[&str] = &[
    "attributes",
    "classifications",
    "dimensions",
    "identifiers",
    "images",
    "productTypes",
    "relationships",
    "salesRanks",
    "summaries",
];

/// Name and browse node above all kinds of the demo seller's products.
const DEPARTMENT: (&str, &str) = ("Camping & Hiking", "3400351");

/// The variants of an item's pictures, the main one first.
const VARIANTS: &[&str] = &["MAIN", "PT01", "PT02", "PT03", "PT04", "PT05"];

/// Letters of a picture's name.
const IMAGE_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The item `product` with the data sets `included`, for each of `marketplaces` that has it.
pub(crate) fn item(
    world: World,
    product: &Product,
    marketplaces: &[&'static Marketplace],
    included: &[&str],
) -> Value {
    let mut fields = Map::new();
    fields.insert("asin".to_owned(), product.asin.clone().into());
    for data_set in DATA_SETS.iter().filter(|name| included.contains(name)) {
        let value = if *data_set == "attributes" {
            // The attributes are the only data set that is not a list by marketplace.
            marketplaces.first().map_or(Value::Null, |first| attributes(world, product, first))
        } else {
            marketplaces.iter().map(|it| by_marketplace(world, product, it, data_set)).collect()
        };
        fields.insert((*data_set).to_owned(), value);
    }
    Value::Object(fields)
}

/// The element of `data_set` for `marketplace`.
fn by_marketplace(
    world: World,
    product: &Product,
    marketplace: &Marketplace,
    data_set: &str,
) -> Value {
    let mut element = match data_set {
        "summaries" => summary(world, product, marketplace),
        "classifications" => json!({"classifications": [{
            "displayName": product.kind.node_name,
            "classificationId": product.kind.node,
            "parent": {"displayName": DEPARTMENT.0, "classificationId": DEPARTMENT.1},
        }]}),
        "dimensions" => dimensions(world, product),
        "identifiers" => json!({"identifiers": identifiers(world, product)}),
        "images" => json!({"images": images(world, product)}),
        "productTypes" => json!({"productType": product.kind.product_type}),
        "relationships" => json!({"relationships": relationships(world, product, marketplace)}),
        _ => sales_ranks(world, product, marketplace),
    };
    if let Some(fields) = element.as_object_mut() {
        fields.shift_insert(0, "marketplaceId".to_owned(), marketplace.id.into());
    }
    element
}

/// The summary of an item. A parent has neither colour nor size; all that it is known by is its model
/// number.
fn summary(world: World, product: &Product, marketplace: &Marketplace) -> Value {
    let is_parent = product.role == Role::Parent;
    let mut summary = json!({
        "adultProduct": false,
        "autographed": false,
        "brand": product.brand,
        "browseClassification": {
            "displayName": product.kind.node_name,
            "classificationId": product.kind.node,
        },
        "itemClassification": if is_parent { "VARIATION_PARENT" } else { "BASE_PRODUCT" },
        "itemName": world.title(product, marketplace),
        "manufacturer": product.brand,
        "memorabilia": false,
        "tradeInEligible": false,
        "websiteDisplayGroup": "sports_display_on_website",
        "websiteDisplayGroupName": "Sports",
    });
    let Some(fields) = summary.as_object_mut() else { return summary };
    fields.insert("modelNumber".to_owned(), product.model.clone().into());
    if !is_parent {
        fields.insert("color".to_owned(), product.color.into());
        fields.insert("size".to_owned(), product.size.into());
        fields.insert("partNumber".to_owned(), product.model.clone().into());
        fields.insert("packageQuantity".to_owned(), 1.into());
    }
    summary
}

/// Bar codes, in the three spellings of one number.
fn identifiers(world: World, product: &Product) -> Value {
    let Some(upc) = world.upc(product) else { return json!([]) };
    json!([
        {"identifier": format!("0{upc}"), "identifierType": "EAN"},
        {"identifier": format!("00{upc}"), "identifierType": "GTIN"},
        {"identifier": upc, "identifierType": "UPC"},
    ])
}

/// Pictures: some variants, each in two or three sizes, large ones first.
fn images(world: World, product: &Product) -> Value {
    let mut random = Random::new(world.seed, "images", product.index);
    let variants = usize::try_from(random.between(1, 6)).unwrap_or(1);
    let mut images = Vec::new();
    for variant in VARIANTS.iter().take(variants) {
        let large = random.between(1000, 2560);
        let sizes = [(large, large * 2 / 3), (500, 333), (75, 50)];
        let count = usize::try_from(random.between(2, 3)).unwrap_or(2);
        for (width, height) in sizes.into_iter().take(count) {
            // Amazon's picture names contain plus signs and hyphens now and then.
            let separator = if random.chance(20) { "+" } else { "a" };
            let name = random.text(IMAGE_LETTERS, 5);
            let link = format!(
                "https://m.media-amazon.com/images/I/{}1{name}{separator}{}L.jpg",
                random.between(3, 9),
                random.text(IMAGE_LETTERS, 2),
            );
            images
                .push(json!({"variant": variant, "link": link, "height": height, "width": width}));
        }
    }
    images.into()
}

/// The first picture, as Listings Items has it.
pub(super) fn main_image(world: World, product: &Product) -> Value {
    let mut image = images(world, product).get(0).cloned().unwrap_or_default();
    if let Some(fields) = image.as_object_mut() {
        fields.remove("variant");
    }
    image
}

/// Parent or children, as far as the marketplace has them.
fn relationships(world: World, product: &Product, marketplace: &Marketplace) -> Value {
    let theme = json!({"attributes": ["color", "size"], "theme": "SIZE_NAME/COLOR_NAME"});
    match product.role {
        Role::Single => json!([]),
        Role::Parent => {
            let children: Vec<String> = world
                .children(product.index)
                .filter_map(|index| world.product(index))
                .filter(|child| world.is_sold(child, marketplace))
                .map(|child| child.asin)
                .collect();
            json!([{"childAsins": children, "variationTheme": theme, "type": "VARIATION"}])
        }
        Role::Child { parent } => {
            let parents = [world.asin(parent)];
            json!([{"parentAsins": parents, "variationTheme": theme, "type": "VARIATION"}])
        }
    }
}

/// Ranks in the item's own class and in its display group. Parents and slow items have none.
fn sales_ranks(world: World, product: &Product, marketplace: &Marketplace) -> Value {
    let mut random = Random::new(world.seed, marketplace.id, product.index);
    if product.role == Role::Parent || random.chance(15) {
        return json!({});
    }
    let rank = random.between(20, 90_000);
    let link = format!("http://{}/gp/bestsellers/sporting-goods", marketplace.domain);
    json!({
        "classificationRanks": [{
            "classificationId": product.kind.node,
            "title": product.kind.node_name,
            "link": format!("{link}/{}", product.kind.node),
            "rank": rank / 17 + 1,
        }],
        "displayGroupRanks": [{
            "websiteDisplayGroup": "sports_display_on_website",
            "title": "Sports & Outdoors",
            "link": link,
            "rank": rank,
        }],
    })
}

/// Sizes and weights of the item and of its package.
fn dimensions(world: World, product: &Product) -> Value {
    let mut random = Random::new(world.seed, "dimensions", product.index);
    let mut measures = |unit: &str, weight: &str| {
        let mut tenths = || {
            let tenths = u32::try_from(random.between(10, 400)).unwrap_or(10);
            f64::from(tenths) / 10.0
        };
        json!({
            "height": {"unit": unit, "value": tenths()},
            "length": {"unit": unit, "value": tenths()},
            "weight": {"unit": weight, "value": tenths()},
            "width": {"unit": unit, "value": tenths()},
        })
    };
    json!({"item": measures("inches", "pounds"), "package": measures("inches", "kilograms")})
}

/// Attributes of the product type: every value is a list of objects with their selectors.
pub(super) fn attributes(world: World, product: &Product, marketplace: &Marketplace) -> Value {
    let text = |value: &str| {
        json!([{
            "value": value,
            "language_tag": marketplace.language,
            "marketplace_id": marketplace.id,
        }])
    };
    let mut attributes = json!({
        "item_name": text(&world.title(product, marketplace)),
        "brand": text(product.brand),
    });
    let Some(fields) = attributes.as_object_mut() else { return attributes };
    let model = json!([{"value": product.model, "marketplace_id": marketplace.id}]);
    fields.insert("model_number".to_owned(), model);
    if product.role != Role::Parent {
        fields.insert("color".to_owned(), text(product.color));
        fields.insert("size".to_owned(), text(product.size));
    }
    attributes
}
