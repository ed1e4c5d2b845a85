//! Searching products, and the metadata that says how.

use super::answer::{Answer, zoned};
use super::attribute::Attribute;
use super::definition::{Definitions, Relationship};
use super::error::{Fault, Refusal};
use super::filter::{Cell, Filter, Found, found};
use super::product::{Product, Products};
use super::query::{LinkCondition, Query, no_field};
use super::route::Version;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

/// A field that every product has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Sku,
    Label,
    Gtin,
    Categories,
    StaticLists,
    Assets,
    Images,
    Thumbnail,
    Modified,
    Created,
    Status,
    IsVariation,
    HasVariations,
}

/// The fields that every product has and that can be filtered, in the order of the metadata.
///
/// `product_level` is a field too, but with what operators has not been recorded.
const SYSTEM: &[(&str, System, Filter)] = &[
    ("sku", System::Sku, Filter::Sku),
    ("label", System::Label, Filter::Text),
    ("gtin", System::Gtin, Filter::Text),
    ("categories", System::Categories, Filter::MultiSelect),
    ("static_lists", System::StaticLists, Filter::StaticLists),
    ("assets", System::Assets, Filter::Media),
    ("images", System::Images, Filter::Media),
    ("thumbnail", System::Thumbnail, Filter::Media),
    ("modified", System::Modified, Filter::Time),
    ("created", System::Created, Filter::Time),
    ("status", System::Status, Filter::Status),
];

/// The properties that the metadata lists beside the fields.
const PROPERTIES: &[(&str, System)] =
    &[("_is_variation", System::IsVariation), ("_has_variations", System::HasVariations)];

/// What can be a filter or an order.
#[derive(Debug, Clone, Copy)]
enum Field<'a> {
    System(System),
    Attribute(&'a Attribute),
}

/// What can be a column.
#[derive(Debug, Clone, Copy)]
enum Column<'a> {
    /// Shown in any case, or tolerated and empty.
    Nothing,
    System(System, &'static str),
    Attribute(&'a Attribute),
    Relationship(&'a Relationship),
}

/// Answers a search for products.
pub(super) fn products(
    body: &Value,
    version: Version,
    products: &Products,
    definitions: &Definitions,
    newest: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    let query = Query::read(body)?;
    let columns = columns(&query, version, definitions)?;
    let known = |id: &String| definitions.relationships.iter().any(|it| it.id == *id);
    if query.links.iter().flatten().any(|condition| !known(&condition.relationship)) {
        return Err(Refusal::not_evidenced("a relationship filter of an unknown relationship"));
    }
    let shown = products.iter().filter(|product| product.created <= newest);
    let Found { rows, count } = found(
        &query,
        shown.filter(|product| has_links(product, &query.links)),
        |within, name| field(within, name, definitions),
        |product, field| cell(product, *field, definitions),
    )?;
    let rows: Result<Vec<Value>, Refusal> =
        rows.into_iter().map(|product| row(product, &columns, version, definitions)).collect();
    let rows = rows?;
    let detail = json!({"skus": query.listed_skus(), "rows": rows.len()});
    let answer = Answer::page(rows, query.pagination(count, products.len()));
    Ok(Answer { detail: Some(detail), ..answer })
}

/// Whether the links of a product pass.
fn has_links(product: &Product, alternatives: &[Vec<LinkCondition>]) -> bool {
    let passes = |condition: &LinkCondition| {
        let links = product.links.get(&condition.relationship);
        let has = match (links, condition.products.as_slice()) {
            (None, _) => false,
            (Some(links), []) => !links.is_empty(),
            (Some(links), ids) => ids.iter().all(|id| links.contains_key(id)),
        };
        has == condition.exists
    };
    alternatives.is_empty() || alternatives.iter().any(|all| all.iter().all(passes))
}

/// The field with this name; attributes have a prefix.
fn field<'a>(
    within: &str,
    name: &str,
    definitions: &'a Definitions,
) -> Result<(Field<'a>, Filter), Refusal> {
    if let Some(label) = name.strip_prefix("attributes.") {
        let attribute = definitions.attributes.get(label);
        let attribute = attribute.ok_or_else(|| no_field(within, name))?;
        return Ok((Field::Attribute(attribute), Filter::of(attribute.kind)));
    }
    if let Some((_, system, filter)) = SYSTEM.iter().find(|(key, ..)| *key == name) {
        return Ok((Field::System(*system), *filter));
    }
    if let Some((_, system)) = PROPERTIES.iter().find(|(key, _)| *key == name) {
        return Ok((Field::System(*system), Filter::Property));
    }
    if name == "id" || name == "product_level" || name.starts_with("relationships.") {
        return Err(Refusal::not_evidenced(format!("`{name}` in {within}")));
    }
    Err(no_field(within, name))
}

/// What a product has in a field.
fn cell(product: &Product, field: Field<'_>, definitions: &Definitions) -> Cell {
    let text = |text: &Option<String>| text.clone().map_or(Cell::Missing, Cell::Text);
    match field {
        Field::Attribute(attribute) => Cell::of(product.value(&attribute.label, definitions)),
        Field::System(System::Sku) => Cell::Text(product.sku.clone()),
        Field::System(System::Label) => text(&product.label),
        Field::System(System::Gtin) => text(&product.gtin),
        Field::System(System::Status) => Cell::Text(product.status.clone()),
        Field::System(System::Modified) => Cell::Time(product.modified),
        Field::System(System::Created) => Cell::Time(product.created),
        Field::System(System::Thumbnail) => text(&product.thumbnail),
        Field::System(System::Assets | System::Images) => Cell::of(Some(json!(product.assets()))),
        // Neither categories nor lists nor variants are emulated, so no product has any.
        Field::System(System::Categories | System::StaticLists) => Cell::Missing,
        Field::System(System::IsVariation | System::HasVariations) => Cell::Boolean(false),
    }
}

/// The columns that a query asks for.
///
/// `id` and `sku` are always shown and do not count towards the limit: 50 in v2, and 20 in v1 by
/// its saved refusal, although its text says 50.
fn columns<'a>(
    query: &Query,
    version: Version,
    definitions: &'a Definitions,
) -> Result<Vec<Column<'a>>, Refusal> {
    let asked = query.columns.as_deref().unwrap_or_default();
    let limit = match version {
        Version::V1 => 20,
        Version::V2 => 50,
    };
    if asked.iter().filter(|name| !["id", "sku"].contains(&name.as_str())).count() > limit {
        let msg = format!("columns limit exceeded, current limit is {limit}");
        return Err(Refusal::schema([Fault::new("schema", msg)]));
    }
    asked.iter().map(|name| column(name, version, definitions)).collect()
}

/// The column with this name.
fn column<'a>(
    name: &str,
    version: Version,
    definitions: &'a Definitions,
) -> Result<Column<'a>, Refusal> {
    if let Some(label) = name.strip_prefix("attributes.") {
        let attribute = definitions.attributes.get(label);
        return attribute.map(Column::Attribute).ok_or_else(|| no_field("attributes", name));
    }
    if let Some(label) = name.strip_prefix("relationships.") {
        let relationship = definitions.relationships.iter().find(|it| it.label == label);
        return relationship.map(Column::Relationship).ok_or_else(|| no_field("attributes", name));
    }
    let system = SYSTEM.iter().find(|(key, ..)| *key == name);
    match (name, system) {
        ("id" | "sku", _) => Ok(Column::Nothing),
        ("thumbnail" | "assets" | "categories", _) if version == Version::V1 => {
            Err(Refusal::not_evidenced(format!("the form of `{name}` in a search of v1")))
        }
        ("static_lists" | "images", _)
        | ("num_variations" | "product_level" | "product_type" | "product_family_id", None) => {
            Err(Refusal::not_evidenced(format!("column `{name}`")))
        }
        (_, Some((key, system, _))) => Ok(Column::System(*system, key)),
        // The predecessor of our kind of caller listed 68,204 products of v1 with labels that had
        // no prefix: no refusal, and no values.
        (_, None) if version == Version::V1 => Ok(Column::Nothing),
        (_, None) => Err(no_field("attributes", name)),
    }
}

/// A product in a search: what was asked for, and of that what has a value.
fn row(
    product: &Product,
    columns: &[Column<'_>],
    version: Version,
    definitions: &Definitions,
) -> Result<Value, Refusal> {
    let mut row = Map::new();
    let mut attributes = Map::new();
    let mut relationships = None;
    for column in columns {
        match column {
            Column::Nothing => {}
            Column::System(system, name) => {
                if let Some(value) = system_value(product, *system) {
                    row.insert((*name).to_owned(), value);
                }
            }
            Column::Attribute(attribute) => {
                let Some(value) = product.value(&attribute.label, definitions) else { continue };
                let Some(shown) = attribute.search_form(&value, version) else {
                    let kind = attribute.kind.type_class();
                    let what = format!("the form of a {kind} in a search of v1");
                    return Err(Refusal::not_evidenced(what));
                };
                attributes.insert(attribute.label.clone(), shown);
            }
            Column::Relationship(Relationship { id, label, .. }) => {
                let all = relationships.get_or_insert_with(Vec::new);
                if let Some(related) = product.related(id) {
                    // The key is `label` here, and `relationship_label` elsewhere.
                    all.push(json!({"relationship_id": id, "label": label,
                        "related_products": related}));
                }
            }
        }
    }
    row.insert("id".to_owned(), json!(product.id));
    row.insert("sku".to_owned(), json!(product.sku));
    row.insert("num_variations".to_owned(), json!(0));
    row.insert("attributes".to_owned(), Value::Object(attributes));
    if let Some(relationships) = relationships {
        row.insert("relationships".to_owned(), Value::Array(relationships));
    }
    Ok(Value::Object(row))
}

/// A field that every product has, as a search shows it.
fn system_value(product: &Product, system: System) -> Option<Value> {
    let asset = |id: &str| json!({ "id": id });
    match system {
        System::Label => product.label.as_deref().map(Value::from),
        System::Gtin => product.gtin.as_deref().map(Value::from),
        System::Status => Some(json!(product.status)),
        System::Modified => Some(json!(zoned(product.modified))),
        System::Created => Some(json!(zoned(product.created))),
        System::Thumbnail => product.thumbnail.as_deref().map(asset),
        System::Assets => Some(product.assets().into_iter().map(asset).collect()),
        System::Categories => Some(json!([])),
        System::Sku
        | System::StaticLists
        | System::Images
        | System::IsVariation
        | System::HasVariations => None,
    }
}

/// Answers what can be filtered and how, in the shape seen since August 2026: attributes and
/// properties apart.
pub(super) fn product_filters(definitions: &Definitions) -> Answer {
    let attributes = definitions.attributes.values().map(|attribute| {
        let mut entry = json!({
            "filter_type": attribute.kind.type_class(),
            "key": format!("attributes.{}", attribute.label),
            "operators": Filter::of(attribute.kind).operators(),
        });
        if let (true, Some(entry)) = (attribute.kind.has_options(), entry.as_object_mut()) {
            entry.insert("options".to_owned(), json!(attribute.options));
        }
        entry
    });
    let system = SYSTEM.iter().map(|(key, _, filter)| {
        let mut entry = entry(key, *filter);
        let lists = matches!(filter, Filter::MultiSelect | Filter::StaticLists);
        if let (true, Some(entry)) = (lists, entry.as_object_mut()) {
            entry.insert("options".to_owned(), json!([]));
        }
        entry
    });
    let properties = PROPERTIES.iter().map(|(key, _)| entry(key, Filter::Property));
    let data = json!({
        "attributes": attributes.chain(system).collect::<Value>(),
        "properties": properties.collect::<Value>(),
    });
    Answer::data(StatusCode::OK, [data])
}

/// The metadata of a field that every product has.
fn entry(key: &str, filter: Filter) -> Value {
    let filter_type = match filter {
        Filter::Text | Filter::Sku => "TextAttribute",
        Filter::Dropdown | Filter::Status => "DropdownAttribute",
        Filter::MultiSelect | Filter::StaticLists => "MultiSelectAttribute",
        Filter::Decimal => "DecimalAttribute",
        Filter::Int => "IntAttribute",
        Filter::Day | Filter::Time => "DateAttribute",
        Filter::Boolean | Filter::Property => "BooleanAttribute",
        Filter::Media => "MediaAttribute",
    };
    json!({"filter_type": filter_type, "key": key, "operators": filter.operators()})
}

/// A column of a search for definitions, and how it is filtered, if that is known.
pub(super) type DefinitionColumn = (&'static str, Option<Filter>);

/// The columns of attributes.
pub(super) const ATTRIBUTE_COLUMNS: &[DefinitionColumn] = &[
    ("id", None),
    ("name", Some(Filter::Text)),
    ("label", Some(Filter::Text)),
    ("type_class", Some(Filter::Text)),
    ("options", None),
    ("groups", None),
];
/// The columns of families.
pub(super) const FAMILY_COLUMNS: &[DefinitionColumn] = &[
    ("id", None),
    ("name", Some(Filter::Text)),
    ("created", None),
    ("created_at", None),
    ("modified", None),
    ("total_attributes", None),
    ("total_models", None),
    ("total_products", None),
];
/// The columns of relationships.
pub(super) const RELATIONSHIP_COLUMNS: &[DefinitionColumn] = &[
    ("id", Some(Filter::Text)),
    ("name", Some(Filter::Text)),
    ("label", Some(Filter::Text)),
    ("symmetrical", Some(Filter::Boolean)),
    ("created", None),
    ("modified", None),
];

/// Answers a search for definitions; `shown` are the columns that rows have in any case.
pub(super) fn definitions(
    body: &Value,
    all: &[Map<String, Value>],
    columns: &[DefinitionColumn],
    shown: &[&str],
) -> Result<Answer, Refusal> {
    let query = Query::read(body)?;
    let asked = query.columns.as_deref().unwrap_or_default();
    let exists = |name: &String| columns.iter().any(|(column, _)| column == name);
    if let Some(unknown) = asked.iter().find(|name| !exists(name)) {
        return Err(no_field("attributes", unknown));
    }
    let field = |within: &str, name: &str| match columns.iter().find(|(c, _)| *c == name) {
        Some((column, Some(filter))) => Ok((*column, *filter)),
        Some((_, None)) => Err(Refusal::not_evidenced(format!("`{name}` in {within}"))),
        None => Err(no_field(within, name)),
    };
    let cell = |row: &Map<String, Value>, column: &&str| Cell::of(row.get(*column).cloned());
    let Found { rows, count } = found(&query, all.iter(), field, cell)?;
    let is_shown = |name: &String| shown.contains(&name.as_str()) || asked.contains(name);
    let rows = rows.into_iter().map(|row| {
        row.iter().filter(|(name, _)| is_shown(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
    });
    let rows = rows.map(Value::Object).collect();
    Ok(Answer::page(rows, query.pagination(count, all.len())))
}
