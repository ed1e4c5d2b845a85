//! Values of products, as Plytix keeps them for each type of attribute.
//!
//! Two values that Plytix would store as the same thing must be equal here, or every run would write
//! every product again: `1.50` and `1.5` of a decimal, a date with and without a time of midnight, the
//! options of a multi-select in any order. No number passes through a float.

use std::fmt;

use chrono::NaiveDate;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::number::Number;
use crate::path::{elements, text};

/// Longest text of an integer that Plytix accepts, in characters (its documentation).
const LONGEST_INTEGER: usize = 16;

/// The types of attributes that this target writes, by their `type_class`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `TextAttribute`, `MultilineAttribute`, `HtmlAttribute`, `UrlAttribute`: a string.
    Text,
    /// `IntAttribute`.
    Integer,
    /// `DecimalAttribute`.
    Decimal,
    /// `BooleanAttribute`.
    Boolean,
    /// `DateAttribute`: `YYYY-MM-DD` and nothing else; a time of day is refused (seen 2025).
    Date,
    /// `DropdownAttribute`: one option, in its exact spelling.
    Dropdown,
    /// `MultiSelectAttribute`: options, in their exact spelling.
    MultiSelect,
    /// `MediaGalleryAttribute`: assets in an order; written by the phase of the pictures alone.
    Gallery,
    /// Media, completeness, and types that came after this code: left alone.
    Other,
}

impl Kind {
    /// The kind of Plytix's `type_class`.
    #[must_use]
    pub fn of(type_class: &str) -> Self {
        match type_class {
            "TextAttribute" | "MultilineAttribute" | "HtmlAttribute" | "UrlAttribute" => Self::Text,
            "IntAttribute" => Self::Integer,
            "DecimalAttribute" => Self::Decimal,
            "BooleanAttribute" => Self::Boolean,
            "DateAttribute" => Self::Date,
            "DropdownAttribute" => Self::Dropdown,
            "MultiSelectAttribute" => Self::MultiSelect,
            "MediaGalleryAttribute" => Self::Gallery,
            _ => Self::Other,
        }
    }
}

/// A value that is not empty.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, an option, or a date.
    Text(String),
    /// A number, equal by its value.
    Number(Number),
    /// True or false.
    Boolean(bool),
    /// Texts; never empty.
    List(Vec<String>),
}

/// Why a value cannot be one of its attribute. Never holds the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// An object, or an array of anything but text.
    #[error("the record holds an object or a nested list; let the path go further inside")]
    Nested,
    /// A list for an attribute that has one value.
    #[error("the record holds a list, the attribute has one value; end the path with []")]
    List,
    /// Not a whole number that Plytix accepts.
    #[error("not an integer of at most 16 characters")]
    Integer,
    /// Not a number.
    #[error("not a number")]
    Decimal,
    /// Neither true nor false.
    #[error("neither true nor false")]
    Boolean,
    /// Not a date of the calendar.
    #[error("not a date that begins with YYYY-MM-DD")]
    Date,
    /// None of the options.
    #[error(
        "not one of the attribute's options; add the option in Plytix, translate it with a table of the mapping, or set \"unmatched\": \"skip\""
    )]
    Option,
    /// A type that this target does not write.
    #[error("an attribute of this type is not written by this target")]
    Kind,
}

impl Value {
    /// Reads a JSON value; nothing for null, blank text and an empty list.
    ///
    /// # Errors
    /// [`Unfit::Nested`] for what no attribute can hold.
    pub fn read(raw: &RawValue) -> Result<Option<Self>, Unfit> {
        let json = raw.get();
        match json.as_bytes().first() {
            Some(b'n') => Ok(None),
            Some(b't' | b'f') => Ok(Some(Self::Boolean(json == "true"))),
            Some(b'"') => Ok(text(raw).filter(|text| !text.trim().is_empty()).map(Self::Text)),
            Some(b'[') => {
                let texts: Option<Vec<String>> = elements(raw).into_iter().map(text).collect();
                let texts = texts.ok_or(Unfit::Nested)?;
                Ok(Some(Self::List(texts)).filter(|_| json.contains('"')))
            }
            Some(b'{') | None => Err(Unfit::Nested),
            Some(_) => Number::parse(json).map(Self::Number).map(Some).ok_or(Unfit::Nested),
        }
    }

    /// This value as the attribute's type has it, with an option in the account's own spelling.
    ///
    /// # Errors
    /// What does not fit.
    pub fn fit(self, kind: Kind, options: &[String]) -> Result<Self, Unfit> {
        match kind {
            Kind::Text => self.into_text().map(Self::Text),
            Kind::Integer => {
                let number = self.into_number().ok_or(Unfit::Integer)?;
                let whole = number.whole(LONGEST_INTEGER).ok_or(Unfit::Integer)?;
                Ok(Self::Number(whole))
            }
            Kind::Decimal => self.into_number().map(Self::Number).ok_or(Unfit::Decimal),
            Kind::Boolean => self.into_boolean().map(Self::Boolean).ok_or(Unfit::Boolean),
            Kind::Date => {
                let text = self.into_text()?;
                date(&text).map(|date| Self::Text(date.to_string())).ok_or(Unfit::Date)
            }
            Kind::Dropdown => {
                let text = self.into_text()?;
                option(&text, options).map(Self::Text).ok_or(Unfit::Option)
            }
            Kind::MultiSelect => {
                let texts = match self {
                    Self::List(texts) => texts,
                    single => vec![single.into_text()?],
                };
                let fitted: Option<Vec<String>> =
                    texts.iter().map(|text| option(text, options)).collect();
                fitted.map(Self::set).ok_or(Unfit::Option)
            }
            Kind::Gallery | Kind::Other => Err(Unfit::Kind),
        }
    }

    /// This value of a product that exists, brought to the form in which wanted values are. What does
    /// not fit stays as it is, and is different from anything wanted.
    #[must_use]
    pub fn settled(self, kind: Kind) -> Self {
        match (kind, self) {
            (Kind::MultiSelect, Self::List(texts)) => Self::set(texts),
            (Kind::Dropdown | Kind::MultiSelect | Kind::Gallery | Kind::Other, value) => value,
            (kind, value) => value.clone().fit(kind, &[]).unwrap_or(value),
        }
    }

    /// Texts whose order and repetition mean nothing.
    fn set(mut texts: Vec<String>) -> Self {
        texts.sort_unstable();
        texts.dedup();
        Self::List(texts)
    }

    /// One text: a number keeps its digits.
    fn into_text(self) -> Result<String, Unfit> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Number(number) => Ok(number.digits().to_owned()),
            Self::Boolean(flag) => Ok(flag.to_string()),
            Self::List(_) => Err(Unfit::List),
        }
    }

    /// A number, also one written as text: reports are text throughout.
    fn into_number(self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(number),
            Self::Text(text) => Number::parse(text.trim()),
            Self::Boolean(_) | Self::List(_) => None,
        }
    }

    /// True or false, also written as text in any case.
    fn into_boolean(self) -> Option<bool> {
        match self {
            Self::Boolean(flag) => Some(flag),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }
}

/// The date at the start of a text, alone or before a time of day.
fn date(text: &str) -> Option<NaiveDate> {
    let (date, rest) = text.split_at_checked(10)?;
    let ended = rest.is_empty() || rest.starts_with(['T', ' ']);
    NaiveDate::parse_from_str(date, "%Y-%m-%d").ok().filter(|_| ended)
}

/// The option that a text names: itself, or the only one that differs from it in case alone. Options
/// are case-sensitive to Plytix, and accounts spell them in every way (seen 2025: `active`, `ACTIVE`).
fn option(text: &str, options: &[String]) -> Option<String> {
    if options.iter().any(|option| option == text) {
        return Some(text.to_owned());
    }
    let lower = text.to_lowercase();
    let mut alike = options.iter().filter(|option| option.to_lowercase() == lower);
    match (alike.next(), alike.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Boolean(flag) => serializer.serialize_bool(*flag),
            Self::List(texts) => texts.serialize(serializer),
            Self::Number(number) => RawValue::from_string(number.digits().to_owned())
                .map_err(S::Error::custom)?
                .serialize(serializer),
        }
    }
}

/// The shape only: a value never reaches a log.
impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text(_) => "Text",
            Self::Number(_) => "Number",
            Self::Boolean(_) => "Boolean",
            Self::List(_) => "List",
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn value(json: &str) -> Value {
        Value::read(serde_json::from_str(json).unwrap()).unwrap().unwrap()
    }

    fn fitted(json: &str, kind: Kind) -> Result<String, Unfit> {
        let options = ["Active", "INACTIVE", "Red", "RED"].map(str::to_owned);
        value(json).fit(kind, &options).map(|value| serde_json::to_string(&value).unwrap())
    }

    #[test]
    fn a_value_takes_the_form_of_its_attribute() {
        for (json, kind, expected) in [
            (r#""a\u00e9""#, Kind::Text, Ok(r#""aé""#)),
            ("12345678901234567890.10", Kind::Text, Ok(r#""12345678901234567890.10""#)),
            ("true", Kind::Text, Ok(r#""true""#)),
            (r#"["a"]"#, Kind::Text, Err(Unfit::List)),
            ("12.0", Kind::Integer, Ok("12")),
            (r#"" 7 ""#, Kind::Integer, Ok("7")),
            ("12.5", Kind::Integer, Err(Unfit::Integer)),
            ("12345678901234567", Kind::Integer, Err(Unfit::Integer)),
            ("1e400", Kind::Integer, Err(Unfit::Integer)),
            ("1.10", Kind::Decimal, Ok("1.10")),
            (r#""1,10""#, Kind::Decimal, Err(Unfit::Decimal)),
            (r#""TRUE""#, Kind::Boolean, Ok("true")),
            (r#""yes""#, Kind::Boolean, Err(Unfit::Boolean)),
            (r#""2026-02-28T23:00:00Z""#, Kind::Date, Ok(r#""2026-02-28""#)),
            (r#""2026-02-30""#, Kind::Date, Err(Unfit::Date)),
            (r#""28/02/2026""#, Kind::Date, Err(Unfit::Date)),
            (r#""2026-02-281""#, Kind::Date, Err(Unfit::Date)),
            (r#""ACTIVE""#, Kind::Dropdown, Ok(r#""Active""#)),
            (r#""Inactive""#, Kind::Dropdown, Ok(r#""INACTIVE""#)),
            (r#""Red""#, Kind::Dropdown, Ok(r#""Red""#)),
            (r#""red""#, Kind::Dropdown, Err(Unfit::Option)),
            (r#""Incomplete""#, Kind::Dropdown, Err(Unfit::Option)),
            (r#"["Red","active","Active"]"#, Kind::MultiSelect, Ok(r#"["Active","Red"]"#)),
            (r#""active""#, Kind::MultiSelect, Ok(r#"["Active"]"#)),
            (r#""x""#, Kind::Other, Err(Unfit::Kind)),
        ] {
            assert_eq!(fitted(json, kind), expected.map(str::to_owned), "{json} as {kind:?}");
        }
    }

    #[test]
    fn what_says_nothing_is_no_value_and_what_is_nested_is_refused() {
        let read = |json: &str| Value::read(serde_json::from_str(json).unwrap());
        for json in ["null", r#""""#, r#""  ""#, "[]"] {
            assert_eq!(read(json), Ok(None), "{json}");
        }
        assert_eq!(read(r#"{"a":1}"#), Err(Unfit::Nested));
        assert_eq!(read("[1]"), Err(Unfit::Nested));
    }

    #[test]
    fn a_stored_value_settles_to_the_form_of_a_wanted_one() {
        for (stored, wanted, kind) in [
            ("1.5", "1.50", Kind::Decimal),
            (r#""12""#, "12", Kind::Integer),
            (r#""2019-12-01T00:00:00""#, r#""2019-12-01""#, Kind::Date),
            (r#"["b","a"]"#, r#"["a","b"]"#, Kind::MultiSelect),
            ("7", r#""7""#, Kind::Text),
        ] {
            let options = ["a", "b"].map(str::to_owned);
            let wanted = value(wanted).fit(kind, &options).unwrap();
            assert_eq!(value(stored).settled(kind), wanted, "{stored}");
        }
        assert_ne!(value(r#""x""#).settled(Kind::Integer), value("1"));
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?} {:?}", value(r#""hunter2""#), value("12")), "Text Number");
    }

    proptest! {
        #[test]
        fn fitting_twice_is_fitting_once(json in r#""[a-zA-Z0-9 -]{1,12}"|-?[1-9][0-9]{0,9}(\.[0-9]{1,5})?|true|false"#) {
            let options = ["active".to_owned(), "Passive".to_owned()];
            let kinds = [Kind::Text, Kind::Integer, Kind::Decimal, Kind::Boolean, Kind::Date, Kind::Dropdown];
            let Ok(Some(read)) = Value::read(serde_json::from_str(&json).unwrap()) else { return Ok(()) };
            for kind in kinds {
                if let Ok(once) = read.clone().fit(kind, &options) {
                    prop_assert_eq!(once.clone().fit(kind, &options), Ok(once.clone()));
                    prop_assert_eq!(once.clone().settled(kind), once);
                }
            }
        }
    }
}
