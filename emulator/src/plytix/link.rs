//! Links between products, and from products to assets.

use super::account::Account;
use super::answer::{Answer, zoned};
use super::attribute::Kind;
use super::error::{Fault, Refusal};
use super::product::{Link, Product};
use super::route::Version;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Number, Value, json};

/// Most products that one product may be linked to by one relationship, and most assets of a product, as
/// Plytix publishes them. What it answers beyond is not known.
const MOST_LINKS: usize = 300;

/// What a request does with links between products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Linking {
    /// Adds links.
    Add(Version),
    /// Takes links away.
    Remove,
    /// Changes the quantities of links that there are.
    Quantity,
}

/// The identifiers of the products at the other end, as far as the body can be understood.
pub(super) fn targets(body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let entries = body.get("product_relationships").and_then(Value::as_array);
    let id = |entry: &Value| entry.get("product_id").unwrap_or(entry).as_str().map(str::to_owned);
    entries.into_iter().flatten().filter_map(id).collect()
}

impl Account {
    /// Links a product to others, or changes that.
    pub(super) fn relate(
        &mut self,
        product: &str,
        relationship: &str,
        linking: Linking,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let known = self.definitions.relationships.iter().find(|it| it.id == relationship);
        let label = known.map(|it| it.label.clone());
        let (Some(label), Some(mut source)) = (label, self.products.get(product).cloned()) else {
            // A label or anything else in the place of an identifier: the status alone was recorded.
            return Err(Refusal::bare(StatusCode::NOT_FOUND, " No results found"));
        };
        let Some(entries) = body.get("product_relationships").and_then(Value::as_array) else {
            return Err(Refusal::not_evidenced("links without a list `product_relationships`"));
        };
        let mut changed = Vec::new();
        for entry in entries {
            let (target, quantity) = target(entry, linking)?;
            if target == product {
                return Err(Refusal::not_evidenced("a link of a product to itself"));
            }
            if self.products.get(&target).is_none() {
                match linking {
                    Linking::Add(Version::V1) => return Err(unknown_target(&target)),
                    _ => continue,
                }
            }
            if change(&mut source, relationship, &target, quantity, linking, now) {
                changed.push(target);
            }
        }
        if source.links.get(relationship).is_some_and(|links| links.len() > MOST_LINKS) {
            return Err(Refusal::not_evidenced("more than 300 related products"));
        }
        if !changed.is_empty() {
            source.modified = now;
        }
        let answer = related(&source, relationship, &label, linking, !changed.is_empty());
        let detail = json!({"source": source.sku, "relationship": label, "changed": self.skus(&changed),
            "asked": entries.len()});
        self.products.put(source);
        Ok(Answer { detail: Some(detail), ..answer })
    }

    /// SKUs of these products.
    fn skus(&self, ids: &[String]) -> Vec<String> {
        let sku = |id: &String| self.products.get(id).map(|product| product.sku.clone());
        ids.iter().filter_map(sku).collect()
    }

    /// Lists the assets of a product.
    pub(super) fn product_assets(&self, product: &str) -> Result<Answer, Refusal> {
        let product = self.products.get(product).ok_or_else(|| no_product(product))?;
        let assets = product.assets();
        Ok(Answer::data(StatusCode::OK, assets.into_iter().filter_map(|id| self.assets.form(id))))
    }

    /// Shows an asset on a product: a gallery gets one more, everything else another.
    pub(super) fn link_asset(
        &mut self,
        product: &str,
        version: Version,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let mut product = self.products.get(product).cloned().ok_or_else(|| no_product(product))?;
        let text = |key: &str| body.get(key).and_then(Value::as_str);
        let Some(asset) = text("id") else { return Err(no_asset_given(version)) };
        let Some(label) = text("attribute_label") else {
            return Err(Refusal::not_evidenced("an asset without `attribute_label`"));
        };
        if !self.assets.ids().contains(asset) {
            return Err(Refusal::with(
                StatusCode::NOT_FOUND,
                format!("Asset id {asset} does not exist"),
                [Fault::new("asset.id", "asset does not exist")],
            ));
        }
        let kind = self.definitions.attributes.get(label).map(|attribute| attribute.kind);
        show(&mut product, label, kind, asset)?;
        if product.assets().len() > MOST_LINKS {
            return Err(Refusal::not_evidenced("more than 300 assets of a product"));
        }
        product.modified = now;
        self.products.put(product);
        Ok(Answer::data(StatusCode::CREATED, [json!({ "id": asset })]))
    }

    /// Takes an asset off a product, wherever the product shows it.
    pub(super) fn unlink_asset(
        &mut self,
        product: &str,
        asset: &str,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let mut changed = self.products.get(product).cloned().ok_or_else(|| no_product(product))?;
        if !changed.assets().contains(&asset) {
            return Err(Refusal::with(
                StatusCode::NOT_FOUND,
                " No results found",
                [Fault::new(
                    "asset_id",
                    format!("asset id {asset} is not related to product id {product}"),
                )],
            ));
        }
        let is_it = |value: &Value| value.get("id").and_then(Value::as_str) == Some(asset);
        for value in changed.attributes.values_mut() {
            if let Some(items) = value.as_array_mut() {
                items.retain(|item| !is_it(item));
            }
        }
        let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
        changed.attributes.retain(|_, value| !is_it(value) && !is_empty(value));
        changed.thumbnail = changed.thumbnail.filter(|thumbnail| thumbnail != asset);
        changed.modified = now;
        self.products.put(changed);
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }
}

/// Shows an asset in one place of a product, or refuses what it shows there already.
fn show(
    product: &mut Product,
    label: &str,
    kind: Option<Kind>,
    asset: &str,
) -> Result<(), Refusal> {
    let value = json!({ "id": asset });
    let is_new = match (label, kind) {
        ("thumbnail", _) => product.thumbnail.replace(asset.to_owned()).as_deref() != Some(asset),
        (_, Some(Kind::Media)) => {
            product.attributes.insert(label.to_owned(), value.clone()) != Some(value)
        }
        (_, Some(Kind::MediaGallery)) => {
            let gallery = product.attributes.entry(label.to_owned()).or_insert(json!([]));
            let items = gallery.as_array_mut().filter(|items| !items.contains(&value));
            items.map(|items| items.push(value)).is_some()
        }
        _ => return Err(Refusal::not_evidenced("an attribute that holds no assets")),
    };
    if is_new {
        return Ok(());
    }
    Err(Refusal::with(
        StatusCode::CONFLICT,
        format!("Asset id {asset} is already linked to product attribute"),
        [Fault::new("asset.id", "already linked")],
    ))
}

/// The product and the quantity that an entry names; plain identifiers where links are taken away.
fn target(entry: &Value, linking: Linking) -> Result<(String, Number), Refusal> {
    let one = || Number::from(1);
    let named = match linking {
        Linking::Remove => entry.as_str().map(|id| (id, one())),
        _ => entry.get("product_id").and_then(Value::as_str).and_then(|id| {
            match entry.get("quantity") {
                None => Some((id, one())),
                Some(Value::Number(quantity)) => Some((id, quantity.clone())),
                Some(_) => None,
            }
        }),
    };
    let (id, quantity) = named.ok_or_else(|| Refusal::not_evidenced("a link of this form"))?;
    Ok((id.to_owned(), quantity))
}

/// Changes one link; true if that made a difference. v2 leaves the quantity of a link that is there.
fn change(
    source: &mut Product,
    relationship: &str,
    target: &str,
    quantity: Number,
    linking: Linking,
    now: DateTime<Utc>,
) -> bool {
    let links = source.links.entry(relationship.to_owned()).or_default();
    match (linking, links.get_mut(target)) {
        (Linking::Remove, _) => links.shift_remove(target).is_some(),
        (Linking::Add(_), None) => {
            links.insert(target.to_owned(), Link { quantity, modified: now });
            true
        }
        (Linking::Add(Version::V1) | Linking::Quantity, Some(link))
            if link.quantity != quantity =>
        {
            *link = Link { quantity, modified: now };
            true
        }
        _ => false,
    }
}

/// The answer: v2 says nothing at all, v1 what there is now.
fn related(
    source: &Product,
    relationship: &str,
    label: &str,
    linking: Linking,
    changed: bool,
) -> Answer {
    match linking {
        Linking::Remove => return Answer::empty(StatusCode::NO_CONTENT),
        Linking::Add(Version::V2) | Linking::Quantity => return Answer::empty(StatusCode::OK),
        Linking::Add(Version::V1) => {}
    }
    let links = source.links.get(relationship).into_iter().flatten();
    let links = links.map(|(id, link)| {
        json!({"product_id": id, "quantity": link.quantity, "last_modified": zoned(link.modified)})
    });
    let form = json!({
        "relationship_id": relationship,
        "relationship_label": label,
        "related_products": links.collect::<Value>(),
    });
    Answer::data(if changed { StatusCode::CREATED } else { StatusCode::OK }, [form])
}

/// 409, where one would look for 404, with the identifier beside the message.
fn unknown_target(id: &str) -> Refusal {
    let fault =
        Fault { value: Some(json!(id)), ..Fault::new("product_id", "product does not exists") };
    Refusal::with(StatusCode::CONFLICT, "relationship data validation failed", [fault])
}

/// 404 for the assets of a product that is not there, without a list of faults.
fn no_product(id: &str) -> Refusal {
    Refusal::bare(StatusCode::NOT_FOUND, format!("No product found for id {id}"))
}

/// 422 for a link that names no asset; each version has its own words.
fn no_asset_given(version: Version) -> Refusal {
    match version {
        Version::V1 => Refusal::schema([Fault::new("id", "Missing data for required field.")]),
        Version::V2 => Refusal::with(
            StatusCode::UNPROCESSABLE_ENTITY,
            "you must supply an id",
            [Fault::new("asset.id", "asset id not found in request")],
        ),
    }
}
