//! A record of this tap becomes a record of another.
//!
//! A value is never lost for its type: what another schema does not allow goes out as text where it allows
//! text, and as it is where it does not.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::{Dress, From};
use crate::marketplace::Marketplace;

/// Where records come from, and when they were seen.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Amazon's id of it; empty for records that come from no report.
    pub report_id: String,
    /// The end of its window; nothing for a picture of the present.
    pub until: Option<DateTime<Utc>>,
    /// When the records were seen.
    pub extracted_at: Option<DateTime<Utc>>,
}

/// A record does not fit.
#[derive(Debug, thiserror::Error)]
#[error("a record of {stream} cannot take the shape of another tap: {kind} at column {column}")]
pub struct FitError {
    stream: &'static str,
    kind: &'static str,
    column: usize,
}

/// A dress, worked out once for all records of a stream.
#[derive(Debug)]
pub struct Fit {
    dress: &'static Dress,
    properties: Vec<Property>,
}

#[derive(Debug)]
struct Property {
    name: String,
    /// Nothing where it is this tap's member of the same name.
    from: Option<From>,
    schema: Value,
}

type Members<'a> = IndexMap<Cow<'a, str>, &'a RawValue>;

impl Fit {
    /// Works out a dress. Fails if its schema is not JSON.
    pub fn new(dress: &'static Dress) -> serde_json::Result<Self> {
        let schema: Value = serde_json::from_str(dress.schema)?;
        let properties = schema.get("properties").and_then(Value::as_object);
        let property = |(name, schema): (&String, &Value)| {
            let named = dress.members.iter().find(|(outer, _)| outer == name);
            Property {
                from: named.map(|(_, from)| *from),
                name: name.clone(),
                schema: schema.clone(),
            }
        };
        Ok(Self { dress, properties: properties.into_iter().flatten().map(property).collect() })
    }

    /// The key properties of the other tap.
    #[must_use]
    pub fn keys(&self) -> &'static [&'static str] {
        self.dress.keys
    }

    /// Whether a member at the top of this tap's record is needed, if some properties are selected.
    #[must_use]
    pub fn needs(&self, member: &str, is_selected: impl Fn(&str) -> bool) -> bool {
        let takes = |property: &&Property| match property.from {
            None => property.name == member,
            Some(from) => from.top() == Some(member),
        };
        self.properties.iter().filter(takes).any(|property| is_selected(&property.name))
    }

    /// Dresses a record; what it lacks is left out.
    pub fn dress(&self, record: &[u8], origin: &Origin) -> Result<Vec<u8>, FitError> {
        let misfit = |error: serde_json::Error| FitError {
            stream: self.dress.name,
            kind: if error.is_data() { "another type was expected" } else { "it is not JSON" },
            column: error.column(),
        };
        let members: Members<'_> = serde_json::from_slice(record).map_err(misfit)?;
        let mut dressed: IndexMap<&str, Box<RawValue>> = IndexMap::new();
        for property in &self.properties {
            let found = property.find(&members, origin).map_err(misfit)?;
            let Some(found) = found else { continue };
            dressed.insert(&property.name, fitted(&found, &property.schema).map_err(misfit)?);
        }
        serde_json::to_vec(&dressed).map_err(misfit)
    }
}

impl Property {
    /// The value in a record, as this tap has it.
    fn find<'a>(
        &self,
        members: &Members<'a>,
        origin: &Origin,
    ) -> serde_json::Result<Option<Cow<'a, RawValue>>> {
        let member = |name: &str| members.get(name).copied();
        let found = match self.from {
            None => member(&self.name).map(Cow::Borrowed),
            Some(From::Path(path)) => at(members, path)?.map(Cow::Borrowed),
            Some(From::Country(name)) => member(name).map(country).transpose()?.map(Cow::Owned),
            Some(From::Alone(name)) => match member(name) {
                Some(value) if value.get() != "null" => Some(Cow::Owned(to_raw_value(&[value])?)),
                other => other.map(Cow::Borrowed),
            },
            Some(From::ReportId) => Some(Cow::Owned(to_raw_value(&origin.report_id)?)),
            Some(From::Text(text)) => Some(Cow::Owned(to_raw_value(text)?)),
            Some(From::ReportEnd) => Some(Cow::Owned(time(origin.until)?)),
            Some(From::ExtractedAt) => Some(Cow::Owned(time(origin.extracted_at)?)),
        };
        Ok(found)
    }
}

/// A time in seconds, or null.
fn time(time: Option<DateTime<Utc>>) -> serde_json::Result<Box<RawValue>> {
    to_raw_value(&time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true)))
}

/// The member that a path leads to.
fn at<'a>(members: &Members<'a>, path: &[&str]) -> serde_json::Result<Option<&'a RawValue>> {
    let Some((first, rest)) = path.split_first() else { return Ok(None) };
    let Some(mut found) = members.get(*first).copied() else { return Ok(None) };
    for name in rest {
        let inner: Option<Members<'a>> = serde_json::from_str(found.get())?;
        match inner.and_then(|inner| inner.get(*name).copied()) {
            Some(member) => found = member,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// The country code of a marketplace's id; what is no such id stays.
fn country(id: &RawValue) -> serde_json::Result<Box<RawValue>> {
    let text: Option<String> = serde_json::from_str(id.get())?;
    match text.as_deref().and_then(Marketplace::find) {
        Some(marketplace) => to_raw_value(marketplace.country),
        None => Ok(id.to_owned()),
    }
}

/// A value in the types that a schema allows.
fn fitted(value: &RawValue, schema: &Value) -> serde_json::Result<Box<RawValue>> {
    let text = value.get();
    let allows = |name: &str| match schema.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(all)) => all.iter().any(|one| one == name),
        _ => true,
    };
    match text.as_bytes().first() {
        Some(b'{') if allows("object") => object(value, schema),
        Some(b'[') if allows("array") => array(value, schema),
        Some(b'"') if allows("string") => moment(value, schema),
        Some(b'"') => from_text(value, &allows),
        Some(b'n') => Ok(value.to_owned()),
        Some(b't' | b'f') if allows("boolean") => Ok(value.to_owned()),
        Some(b'-' | b'0'..=b'9') if allows("number") || allows("integer") => Ok(value.to_owned()),
        _ if allows("string") => to_raw_value(text),
        _ => Ok(value.to_owned()),
    }
}

/// An object with those members that the schema names, fitted; with all of them, if it names none.
fn object(value: &RawValue, schema: &Value) -> serde_json::Result<Box<RawValue>> {
    let members: Members<'_> = serde_json::from_str(value.get())?;
    let Some(properties) = schema.get("properties") else { return money(value, &members) };
    let fit = |(name, value): (Cow<'_, str>, &RawValue)| {
        let schema = properties.get(&*name)?;
        Some(fitted(value, schema).map(|value| (name.into_owned(), value)))
    };
    let fitted: IndexMap<String, Box<RawValue>> =
        members.into_iter().filter_map(fit).collect::<serde_json::Result<_>>()?;
    to_raw_value(&fitted)
}

/// An amount with its currency has it as text, as in Amazon's older APIs; any other object stays.
fn money(value: &RawValue, members: &Members<'_>) -> serde_json::Result<Box<RawValue>> {
    match (members.get("CurrencyCode"), members.get("Amount")) {
        (Some(currency), Some(amount)) if members.len() == 2 && is_number(amount) => {
            let amount = to_raw_value(amount.get())?;
            to_raw_value(&IndexMap::from([("CurrencyCode", *currency), ("Amount", &*amount)]))
        }
        _ => Ok(value.to_owned()),
    }
}

fn is_number(value: &RawValue) -> bool {
    value.get().starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// A list, with its elements fitted.
fn array(value: &RawValue, schema: &Value) -> serde_json::Result<Box<RawValue>> {
    let Some(items) = schema.get("items") else { return Ok(value.to_owned()) };
    let elements: Vec<&RawValue> = serde_json::from_str(value.get())?;
    let elements: Vec<_> =
        elements.into_iter().map(|it| fitted(it, items)).collect::<serde_json::Result<_>>()?;
    to_raw_value(&elements)
}

/// A text; a day becomes its first moment where a moment is wanted.
fn moment(value: &RawValue, schema: &Value) -> serde_json::Result<Box<RawValue>> {
    let is_moment = schema.get("format").is_some_and(|format| format == "date-time");
    let day: Option<chrono::NaiveDate> =
        if is_moment { serde_json::from_str(value.get()).ok() } else { None };
    match day {
        Some(day) => to_raw_value(&format!("{day}T00:00:00Z")),
        None => Ok(value.to_owned()),
    }
}

/// A text where a number or a truth value is wanted: what it says, if it says one.
fn from_text(
    value: &RawValue,
    allows: &impl Fn(&str) -> bool,
) -> serde_json::Result<Box<RawValue>> {
    let text: String = serde_json::from_str(value.get())?;
    let is_number = (allows("number") || allows("integer"))
        && serde_json::from_str::<serde_json::Number>(&text).is_ok();
    let is_truth = allows("boolean") && matches!(text.as_str(), "true" | "false");
    if is_number || is_truth { RawValue::from_string(text) } else { Ok(value.to_owned()) }
}
