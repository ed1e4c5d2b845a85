//! What can be compared, how, and whether it passes.

use super::attribute::{Kind, is_day};
use super::error::Refusal;
use super::query::{Condition, Query};
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::HashSet;

/// Ordered searches are refused above this number of matches.
const MOST_ORDERED: usize = 10_000;

/// How fields of one sort can be filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    /// Texts of any length; comparisons ignore case.
    Text,
    /// A SKU: as a text, and `in`, which works although the metadata does not list it.
    Sku,
    /// One option.
    Dropdown,
    /// Several options, and categories.
    MultiSelect,
    /// Lists of products that somebody keeps by hand.
    StaticLists,
    /// The status of a product.
    Status,
    /// Decimal numbers.
    Decimal,
    /// Whole numbers. `!eq` is listed for decimals only.
    Int,
    /// Days without a time.
    Day,
    /// Moments.
    Time,
    /// True or false.
    Boolean,
    /// A property that is always there, true or false.
    Property,
    /// Assets.
    Media,
}

impl Filter {
    /// How attributes of this type can be filtered.
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Text | Kind::Multiline | Kind::Html | Kind::Url => Self::Text,
            Kind::Int => Self::Int,
            Kind::Decimal | Kind::Completeness => Self::Decimal,
            Kind::Boolean => Self::Boolean,
            Kind::Dropdown => Self::Dropdown,
            Kind::MultiSelect => Self::MultiSelect,
            Kind::Date => Self::Day,
            Kind::Media | Kind::MediaGallery => Self::Media,
        }
    }

    /// The operators that the filter metadata lists.
    pub(super) fn operators(self) -> &'static [&'static str] {
        match self {
            Self::Text | Self::Sku => &["exists", "!exists", "like", "eq", "!eq"],
            Self::Dropdown => &["exists", "!exists", "eq", "!eq", "in", "!in"],
            Self::MultiSelect => &["exists", "!exists", "in", "!in"],
            Self::StaticLists => &["in"],
            Self::Status => &["eq", "in", "!in"],
            Self::Decimal => &["exists", "!exists", "eq", "!eq", "gt", "gte", "lt", "lte"],
            Self::Int | Self::Day | Self::Time => {
                &["exists", "!exists", "eq", "gt", "gte", "lt", "lte"]
            }
            Self::Boolean => &["exists", "!exists", "eq"],
            Self::Property => &["eq"],
            Self::Media => &["exists", "!exists"],
        }
    }

    /// Whether equality of such texts ignores case. It does for texts; for options this is assumed
    /// not to be so, as with `in`.
    fn ignores_case(self) -> bool {
        matches!(self, Self::Text | Self::Sku)
    }
}

/// The value of a field in a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// None.
    Missing,
    /// A text, or a day as a text.
    Text(String),
    /// Some options, or identifiers.
    Texts(Vec<String>),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A moment.
    Time(DateTime<Utc>),
}

impl Cell {
    /// The cell of a JSON value.
    pub(super) fn of(value: Option<Value>) -> Self {
        match value {
            Some(Value::String(text)) => Self::Text(text),
            Some(Value::Bool(truth)) => Self::Boolean(truth),
            Some(Value::Number(number)) => number.as_f64().map_or(Self::Missing, Self::Number),
            Some(Value::Array(items)) if items.is_empty() => Self::Missing,
            Some(Value::Array(items)) => {
                let text = |item: &Value| {
                    let id = item.get("id").unwrap_or(item);
                    id.as_str().map(str::to_owned)
                };
                Self::Texts(items.iter().filter_map(text).collect())
            }
            Some(Value::Object(asset)) => {
                let id = asset.get("id").and_then(Value::as_str);
                id.map_or(Self::Missing, |id| Self::Texts(vec![id.to_owned()]))
            }
            Some(Value::Null) | None => Self::Missing,
        }
    }

    /// Compares two values of one field. The missing come first; nobody recorded where they come.
    fn order(&self, other: &Self) -> Ordering {
        let rank = |cell: &Self| u8::from(*cell != Self::Missing);
        self.compare(other).unwrap_or_else(|| rank(self).cmp(&rank(other)))
    }

    /// Compares two values of the same sort.
    fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            (Self::Boolean(a), Self::Boolean(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// The texts in it.
    fn texts(&self) -> &[String] {
        match self {
            Self::Text(text) => std::slice::from_ref(text),
            Self::Texts(texts) => texts,
            _ => &[],
        }
    }
}

/// A condition that is ready to be put to rows.
#[derive(Debug)]
enum Test {
    /// There is a value.
    Exists,
    /// A text contains this, which is in lower case.
    Contains(String),
    /// A text is this, which is in lower case, whatever its own case.
    IsText(String),
    /// One of its texts is among these.
    IsAmong(HashSet<String>),
    /// It compares with this in one of these ways.
    Compares(Cell, &'static [Ordering]),
    /// The other test fails.
    Not(Box<Test>),
}

impl Test {
    /// Prepares `condition` for a field of sort `filter`.
    fn new(filter: Filter, condition: &Condition) -> Result<Self, Refusal> {
        let Condition { field, operator, value } = condition;
        let unlisted_but_live = filter == Filter::Sku && *operator == "in";
        if !filter.operators().contains(operator) && !unlisted_but_live {
            return Err(Refusal::not_evidenced(format!("operator `{operator}` on `{field}`")));
        }
        if let Some(opposite) = operator.strip_prefix('!') {
            return Ok(Self::Not(Box::new(Self::plain(filter, field, opposite, value)?)));
        }
        Self::plain(filter, field, operator, value)
    }

    /// Prepares an operator without its `!`.
    fn plain(filter: Filter, field: &str, operator: &str, value: &Value) -> Result<Self, Refusal> {
        let unknown = || {
            Refusal::not_evidenced(format!("operator `{operator}` on `{field}` with this value"))
        };
        let text = || value.as_str().ok_or_else(unknown);
        Ok(match operator {
            "exists" if value.is_null() => Self::Exists,
            "like" => Self::Contains(text()?.to_lowercase()),
            "in" => {
                let items = value.as_array().ok_or_else(unknown)?.iter();
                let texts = items.map(|item| item.as_str().map(str::to_owned));
                Self::IsAmong(texts.collect::<Option<_>>().ok_or_else(unknown)?)
            }
            "eq" if filter.ignores_case() => Self::IsText(text()?.to_lowercase()),
            "eq" => Self::Compares(operand(filter, value).ok_or_else(unknown)?, &[Ordering::Equal]),
            "gt" => {
                Self::Compares(operand(filter, value).ok_or_else(unknown)?, &[Ordering::Greater])
            }
            "gte" => Self::Compares(
                operand(filter, value).ok_or_else(unknown)?,
                &[Ordering::Greater, Ordering::Equal],
            ),
            "lt" => Self::Compares(operand(filter, value).ok_or_else(unknown)?, &[Ordering::Less]),
            "lte" => Self::Compares(
                operand(filter, value).ok_or_else(unknown)?,
                &[Ordering::Less, Ordering::Equal],
            ),
            _ => return Err(unknown()),
        })
    }

    /// Whether a value passes.
    fn passes(&self, cell: &Cell) -> bool {
        let texts = cell.texts();
        match self {
            Self::Exists => *cell != Cell::Missing,
            Self::Contains(part) => texts.iter().any(|text| text.to_lowercase().contains(part)),
            Self::IsText(whole) => texts.iter().any(|text| text.to_lowercase() == *whole),
            Self::IsAmong(set) => texts.iter().any(|text| set.contains(text)),
            Self::Compares(operand, wanted) => {
                cell.compare(operand).is_some_and(|ordering| wanted.contains(&ordering))
            }
            Self::Not(test) => !test.passes(cell),
        }
    }
}

/// What a value in a condition stands for, for a field of sort `filter`.
fn operand(filter: Filter, value: &Value) -> Option<Cell> {
    match filter {
        Filter::Decimal | Filter::Int => value.is_number().then(|| Cell::of(Some(value.clone()))),
        Filter::Boolean | Filter::Property => value.as_bool().map(Cell::Boolean),
        Filter::Day => {
            value.as_str().filter(|day| is_day(day)).map(|day| Cell::Text(day.to_owned()))
        }
        Filter::Time => value.as_str().and_then(moment).map(Cell::Time),
        _ => value.as_str().map(|text| Cell::Text(text.to_owned())),
    }
}

/// A moment in ISO 8601: a day is its midnight, and a time without a zone is in UTC.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    let naive = || text.parse::<NaiveDateTime>().ok().map(|time| time.and_utc());
    let day = || {
        let day = text.parse::<NaiveDate>().ok()?;
        Some(day.and_time(NaiveTime::MIN).and_utc())
    };
    zoned.or_else(naive).or_else(day)
}

/// The rows that a search shows, and how many pass its filters.
#[derive(Debug)]
pub(super) struct Found<T> {
    /// The rows of the page.
    pub(super) rows: Vec<T>,
    /// All that pass.
    pub(super) count: usize,
}

/// Filters, orders and pages `rows`.
///
/// `field` finds a field by its name and says how it is filtered; `cell` reads it from a row.
pub(super) fn found<T: Copy, F>(
    query: &Query,
    rows: impl Iterator<Item = T>,
    field: impl Fn(&str, &str) -> Result<(F, Filter), Refusal>,
    cell: impl Fn(T, &F) -> Cell,
) -> Result<Found<T>, Refusal> {
    let mut alternatives = Vec::with_capacity(query.filters.len());
    for conditions in &query.filters {
        let mut tests = Vec::with_capacity(conditions.len());
        for condition in conditions {
            let (field, filter) = field("filters", &condition.field)?;
            tests.push((field, Test::new(filter, condition)?));
        }
        alternatives.push(tests);
    }
    let passes = |row: T| {
        let all = |tests: &Vec<(F, Test)>| tests.iter().all(|(f, test)| test.passes(&cell(row, f)));
        alternatives.is_empty() || alternatives.iter().any(all)
    };
    let mut passing: Vec<T> = rows.filter(|row| passes(*row)).collect();
    let count = passing.len();
    if let Some(order) = query.order.as_deref().filter(|order| !order.is_empty()) {
        let name = order.strip_prefix('-').unwrap_or(order);
        let (field, filter) = field("order", name)?;
        if matches!(filter, Filter::Media | Filter::MultiSelect | Filter::StaticLists) {
            return Err(Refusal::not_evidenced(format!("an order by `{name}`")));
        }
        if count > MOST_ORDERED {
            // The status is documented, the message is not.
            let message = format!("cannot order more than {MOST_ORDERED} results");
            return Err(Refusal::bare(StatusCode::PRECONDITION_REQUIRED, message));
        }
        passing.sort_by(|a, b| cell(*a, &field).order(&cell(*b, &field)));
        if order.starts_with('-') {
            passing.reverse();
        }
    }
    let before = query.page.saturating_sub(1).saturating_mul(query.page_size);
    let rows = passing.into_iter().skip(before).take(query.page_size).collect();
    Ok(Found { rows, count })
}
