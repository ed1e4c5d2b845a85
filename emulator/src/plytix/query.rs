//! The grammar of a search: what a request asks for, before it is known of what.
//!
//! ```text
//! {"filters": [[a, b], [c]],            (a and b) or c
//!  "attributes": ["label", "attributes.amazon_asin"],
//!  "pagination": {"page": 1, "page_size": 25, "order": "-modified"}}
//! ```

use super::error::{Fault, Refusal};
use serde_json::{Map, Value, json};

/// All operators that the grammar knows, as the service itself has listed them.
const OPERATORS: &[&str] = &[
    "exists",
    "!exists",
    "text_search",
    "like",
    "!like",
    "in",
    "!in",
    "eq",
    "!eq",
    "gt",
    "gte",
    "lt",
    "lte",
    "by_in",
    "!by_in",
    "cat_in",
    "cat_!in",
    "len_eq",
    "last_days",
    "bte",
];

/// One comparison.
#[derive(Debug)]
pub(super) struct Condition {
    /// What is compared.
    pub(super) field: String,
    /// How; one of [`OPERATORS`].
    pub(super) operator: &'static str,
    /// With what.
    pub(super) value: Value,
}

/// A condition on the links that begin at a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LinkCondition {
    /// The relationship's identifier.
    pub(super) relationship: String,
    /// Whether there must be such a link, or must not.
    pub(super) exists: bool,
    /// The products at the other end; any, if none is named.
    pub(super) products: Vec<String>,
}

/// A search.
#[derive(Debug)]
pub(super) struct Query {
    /// An alternative passes if all of its conditions do; no alternatives pass everything.
    pub(super) filters: Vec<Vec<Condition>>,
    /// The columns that are asked for; none if the request has no list.
    pub(super) columns: Option<Vec<String>>,
    /// Page number, from 1.
    pub(super) page: usize,
    /// Rows on a page.
    pub(super) page_size: usize,
    /// Alternatives of conditions on links, like `filters`.
    pub(super) links: Vec<Vec<LinkCondition>>,
    /// A column, or a column behind a minus; as sent.
    pub(super) order: Option<String>,
}

impl Query {
    /// Reads the body of a request.
    pub(super) fn read(body: &Value) -> Result<Self, Refusal> {
        let Some(body) = body.as_object() else {
            return Err(Refusal::not_evidenced("a search that is not an object"));
        };
        let mut query = Self {
            filters: Vec::new(),
            columns: None,
            links: Vec::new(),
            page: 1,
            page_size: 25,
            order: None,
        };
        for (key, value) in body {
            match key.as_str() {
                "filters" => query.filters = filters(value)?,
                "attributes" => query.columns = Some(columns(value)?),
                "pagination" => query.paginate(value)?,
                "relationship_filters" => query.links = link_conditions(value)?,
                _ => return Err(Refusal::not_evidenced(format!("`{key}` in a search"))),
            }
        }
        Ok(query)
    }

    /// Reads `pagination`.
    fn paginate(&mut self, value: &Value) -> Result<(), Refusal> {
        let Some(pagination) = value.as_object() else {
            return Err(Refusal::not_evidenced("a pagination that is not an object"));
        };
        let number = |value: &Value| value.as_u64().and_then(|n| usize::try_from(n).ok());
        for (key, value) in pagination {
            match (key.as_str(), value) {
                ("page", _) => match number(value) {
                    Some(page) if page >= 1 => self.page = page,
                    _ => return Err(Refusal::not_evidenced("a page that is not 1 or more")),
                },
                ("page_size", _) => match number(value) {
                    Some(size @ 1..=100) => self.page_size = size,
                    // That 101 is refused with 422 is documented; the words are not.
                    Some(101..) => {
                        let fault = Fault::new("page_size", "Must be between 1 and 100.");
                        return Err(Refusal::schema([fault]));
                    }
                    _ => return Err(Refusal::not_evidenced("a page_size that is not 1 to 100")),
                },
                ("order", Value::Null) => self.order = None,
                ("order", Value::String(order)) => self.order = Some(order.clone()),
                _ => return Err(Refusal::not_evidenced(format!("`{key}` in a pagination"))),
            }
        }
        Ok(())
    }

    /// Number of SKUs in `sku in` conditions, for the journal.
    pub(super) fn listed_skus(&self) -> usize {
        let conditions = self.filters.iter().flatten();
        let lists = conditions.filter(|c| c.field == "sku" && c.operator == "in");
        lists.filter_map(|c| c.value.as_array()).map(Vec::len).sum()
    }

    /// What the answer repeats of the pagination, with the two counts: the rows that pass the
    /// filters, and everything that there is.
    pub(super) fn pagination(&self, count: usize, total_count: usize) -> Value {
        json!({
            "count": count,
            "order": self.order,
            "page": self.page,
            "page_size": self.page_size,
            "total_count": total_count,
        })
    }
}

/// 422 for a field or column that does not exist, most often because its prefix is missing.
///
/// The sentence was recorded, what it is wrapped in was not.
pub(super) fn no_field(within: &str, field: &str) -> Refusal {
    Refusal::schema([Fault::new(within, format!("Field '{field}' doesn't exist"))])
}

/// Reads `filters`: a list of lists of objects.
fn filters(value: &Value) -> Result<Vec<Vec<Condition>>, Refusal> {
    let lists = || Refusal::not_evidenced("filters that are not a list of lists of objects");
    let alternatives = value.as_array().ok_or_else(lists)?;
    let mut all = Vec::with_capacity(alternatives.len());
    for alternative in alternatives {
        let mut conditions = Vec::new();
        for item in alternative.as_array().ok_or_else(lists)? {
            conditions.push(condition(item.as_object().ok_or_else(lists)?)?);
        }
        all.push(conditions);
    }
    Ok(all)
}

/// Reads one comparison.
fn condition(item: &Map<String, Value>) -> Result<Condition, Refusal> {
    let known = ["field", "operator", "value"];
    let unknown = item.keys().filter(|key| !known.contains(&key.as_str()));
    let mut faults: Vec<Fault> = unknown.map(|key| Fault::new(key, "unknown field")).collect();
    let text = |key| item.get(key).and_then(Value::as_str);
    let (Some(field), Some(name), true) = (text("field"), text("operator"), faults.is_empty())
    else {
        faults.push(Fault::new("filters", "Unable to decode filters properly"));
        return Err(Refusal::schema(faults));
    };
    let Some(operator) = OPERATORS.iter().find(|operator| **operator == name) else {
        let valid = OPERATORS.join(", ");
        let msg = format!("Invalid operator '{name}'. Valid operators: {valid}");
        return Err(Refusal::schema([Fault::new("filters", msg)]));
    };
    let value = item.get("value").cloned().unwrap_or(Value::Null);
    Ok(Condition { field: field.to_owned(), operator, value })
}

/// Reads `attributes`, the columns.
fn columns(value: &Value) -> Result<Vec<String>, Refusal> {
    let columns = value.as_array().map(|columns| columns.iter().map(Value::as_str));
    let texts = columns.and_then(Iterator::collect::<Option<Vec<&str>>>);
    let texts = texts.ok_or_else(|| Refusal::not_evidenced("columns that are not texts"))?;
    Ok(texts.into_iter().map(str::to_owned).collect())
}

/// Reads `relationship_filters`. One relationship a search is what Plytix's description allows.
fn link_conditions(value: &Value) -> Result<Vec<Vec<LinkCondition>>, Refusal> {
    let unknown = || Refusal::not_evidenced("relationship filters of this form");
    let mut alternatives = Vec::new();
    for alternative in value.as_array().ok_or_else(unknown)? {
        let conditions = alternative.as_array().ok_or_else(unknown)?.iter().map(link_condition);
        alternatives.push(conditions.collect::<Option<Vec<_>>>().ok_or_else(unknown)?);
    }
    alternatives.retain(|conditions| !conditions.is_empty());
    let mut relationships = alternatives.iter().flatten().map(|it| &it.relationship);
    let first = relationships.next();
    if relationships.any(|other| Some(other) != first) {
        return Err(Refusal::not_evidenced("two relationships in one search"));
    }
    Ok(alternatives)
}

/// Reads one condition; of the ways to compare quantities only `exists` is known well enough.
fn link_condition(item: &Value) -> Option<LinkCondition> {
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    let exists = match text("operator")? {
        "exists" => true,
        "!exists" => false,
        _ => return None,
    };
    let product = |it: &Value| {
        let plain = it.get("qty_operator").is_none_or(|operator| operator == "exists");
        let plain = plain && it.get("value").is_none_or(Value::is_null);
        it.get("id").and_then(Value::as_str).filter(|_| plain).map(str::to_owned)
    };
    let products = match item.get("product_ids") {
        None => Vec::new(),
        Some(ids) => ids.as_array()?.iter().map(product).collect::<Option<_>>()?,
    };
    Some(LinkCondition { relationship: text("relationship_id")?.to_owned(), exists, products })
}
