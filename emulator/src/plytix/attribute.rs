//! The types of attributes, and which values they take.

use super::route::Version;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The type of an attribute, Plytix's `type_class`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Short text.
    Text,
    /// Paragraph.
    Multiline,
    /// Rich text.
    Html,
    /// Whole number.
    Int,
    /// Number with a decimal point.
    Decimal,
    /// True or false; absent when unset.
    Boolean,
    /// One of the options.
    Dropdown,
    /// Some of the options.
    MultiSelect,
    /// Day without time.
    Date,
    /// Address of a page.
    Url,
    /// One asset.
    Media,
    /// Assets in an order.
    MediaGallery,
    /// How many of its attributes are filled, in percent; Plytix computes it.
    Completeness,
}

impl Kind {
    /// All types with their vendor's names. There is no number type beside these two.
    const NAMES: &'static [(Self, &'static str)] = &[
        (Self::Text, "TextAttribute"),
        (Self::Multiline, "MultilineAttribute"),
        (Self::Html, "HtmlAttribute"),
        (Self::Int, "IntAttribute"),
        (Self::Decimal, "DecimalAttribute"),
        (Self::Boolean, "BooleanAttribute"),
        (Self::Dropdown, "DropdownAttribute"),
        (Self::MultiSelect, "MultiSelectAttribute"),
        (Self::Date, "DateAttribute"),
        (Self::Url, "UrlAttribute"),
        (Self::Media, "MediaAttribute"),
        (Self::MediaGallery, "MediaGalleryAttribute"),
        (Self::Completeness, "CompletenessAttribute"),
    ];

    /// Plytix's name of the type.
    pub(super) fn type_class(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The type with this name.
    pub(super) fn of(type_class: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, name)| *name == type_class).map(|(kind, _)| *kind)
    }

    /// Whether attributes of this type have options.
    pub(super) fn has_options(self) -> bool {
        matches!(self, Self::Dropdown | Self::MultiSelect)
    }
}

/// An attribute that products can have.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    /// Identifier.
    pub(super) id: String,
    /// Name for people.
    pub(super) name: String,
    /// Name in requests; made from the first name and never changed.
    pub(super) label: String,
    /// Type.
    pub(super) kind: Kind,
    /// What a dropdown or multiselect offers.
    pub(super) options: Vec<String>,
    /// Labels of the attributes that a completeness attribute counts.
    pub(super) counted: Vec<String>,
}

/// Why a value is not taken.
#[derive(Debug, PartialEq)]
pub(super) enum Objection {
    /// Plytix says this.
    Fault(Value),
    /// What Plytix says is not known; this is what it would be about.
    NotEvidenced(&'static str),
}

impl Attribute {
    /// `value` as it is kept, if the attribute takes it; `assets` are the ids of all assets.
    ///
    /// `null` is not a value. A completeness attribute takes nothing and is not asked.
    pub(super) fn accepted(
        &self,
        value: &Value,
        assets: &BTreeSet<String>,
    ) -> Result<Value, Objection> {
        let unknown = |what| Err(Objection::NotEvidenced(what));
        match (self.kind, value) {
            (Kind::Text | Kind::Multiline | Kind::Html | Kind::Url, _) => self.text(value),
            // Plytix publishes a limit of 16 characters for whole numbers.
            (Kind::Int, Value::Number(n)) if !n.is_f64() && n.to_string().len() <= 16 => {
                Ok(value.clone())
            }
            (Kind::Int, _) => unknown("something other than a whole number of up to 16 characters"),
            (Kind::Decimal, _) => decimal(value),
            (Kind::Boolean, Value::Bool(_)) => Ok(value.clone()),
            (Kind::Boolean, _) => unknown("something other than true or false as boolean"),
            (Kind::Dropdown, Value::String(option)) => {
                self.offered(&[option.as_str()]).map(|()| value.clone())
            }
            (Kind::Dropdown, _) => unknown("something other than a string as option"),
            (Kind::MultiSelect, Value::Array(options)) => {
                self.several(options).map(|()| value.clone())
            }
            (Kind::MultiSelect, _) => unknown("something other than a list of options"),
            (Kind::Date, _) => date(value),
            (Kind::Media, _) => asset(value, assets).map(|id| json!({ "id": id })),
            (Kind::MediaGallery, Value::Array(items)) if !items.is_empty() => {
                let ids =
                    items.iter().map(|item| asset(item, assets).map(|id| json!({ "id": id })));
                ids.collect()
            }
            (Kind::MediaGallery, _) => unknown("something other than a list of assets as gallery"),
            (Kind::Completeness, _) => unknown("a completeness attribute"),
        }
    }

    /// A text that is not empty.
    fn text(&self, value: &Value) -> Result<Value, Objection> {
        match value {
            Value::String(text) if self.kind == Kind::Html && text.contains("<script") => {
                Err(Objection::NotEvidenced("scripts in rich text"))
            }
            Value::String(text) if !text.is_empty() => Ok(value.clone()),
            Value::String(_) => Err(Objection::NotEvidenced("an empty text")),
            _ => Err(Objection::NotEvidenced("something other than a string as text")),
        }
    }

    /// Objects to a list of options that is empty or holds something else.
    fn several(&self, options: &[Value]) -> Result<(), Objection> {
        let texts: Option<Vec<&str>> = options.iter().map(Value::as_str).collect();
        match texts {
            Some(texts) if !texts.is_empty() => self.offered(&texts),
            _ => Err(Objection::NotEvidenced("an empty list, or not strings, as options")),
        }
    }

    /// Objects to options that the attribute does not have; case matters.
    ///
    /// The text was recorded for a multiselect, with its Python list. A dropdown's is assumed to be
    /// the same.
    fn offered(&self, chosen: &[&str]) -> Result<(), Objection> {
        let wrong: Vec<String> = chosen
            .iter()
            .filter(|option| !self.options.iter().any(|offered| offered == *option))
            .map(|option| python_text(option))
            .collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let list = wrong.join(", ");
        let name = &self.name;
        Err(Objection::Fault(json!(format!(
            "[{list}] are not a valid values for {name} attribute."
        ))))
    }

    /// `kept` as a product shows it when it is read: assets as plain ids, also a single one.
    pub(super) fn read_form(&self, kept: &Value) -> Value {
        match self.kind {
            Kind::Media => json!([kept.get("id")]),
            Kind::MediaGallery => kept
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|item| item.get("id").cloned())
                .collect(),
            _ => kept.clone(),
        }
    }

    /// `kept` as a search shows it: assets as objects, and v1 gives days a time.
    ///
    /// None where the form that v1 gives to a type has not been recorded.
    pub(super) fn search_form(&self, kept: &Value, version: Version) -> Option<Value> {
        match (version, self.kind) {
            (Version::V1, Kind::Date) => kept.as_str().map(|day| json!(format!("{day}T00:00:00"))),
            (Version::V1, Kind::Int | Kind::Decimal | Kind::Media | Kind::MediaGallery) => None,
            _ => Some(kept.clone()),
        }
    }
}

/// A number, or the objection that was recorded for a text with a comma.
fn decimal(value: &Value) -> Result<Value, Objection> {
    match value {
        Value::Number(_) => Ok(value.clone()),
        Value::String(text) if text.parse::<f64>().is_ok() => {
            Err(Objection::NotEvidenced("a number written as a text"))
        }
        _ => Err(Objection::Fault(json!("Not a valid decimal value. Format must be: ."))),
    }
}

/// A day as `YYYY-MM-DD`; a timestamp is refused.
fn date(value: &Value) -> Result<Value, Objection> {
    let day = value.as_str().filter(|text| is_day(text));
    day.map(|day| json!(day)).ok_or_else(|| Objection::Fault(json!("Invalid date format")))
}

/// Whether `text` is a day of the calendar, written `YYYY-MM-DD`.
pub(super) fn is_day(text: &str) -> bool {
    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

/// The id in `{"id": ...}`, if there is such an asset.
fn asset(value: &Value, assets: &BTreeSet<String>) -> Result<String, Objection> {
    let Some(id) = value.get("id").and_then(Value::as_str) else {
        return Err(Objection::NotEvidenced("something other than {\"id\"} as asset"));
    };
    if assets.contains(id) {
        Ok(id.to_owned())
    } else {
        Err(Objection::NotEvidenced("an asset that does not exist, in the body of a product"))
    }
}

/// `text` as Python 2 prints it within a list, which Plytix's messages show.
fn python_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut printed = format!("u{quote}");
    for letter in text.chars() {
        match u32::from(letter) {
            _ if letter == quote || letter == '\\' => printed.extend(['\\', letter]),
            0x20..0x7f => printed.push(letter),
            code @ ..0x100 => printed.extend(format!("\\x{code:02x}").chars()),
            code @ ..0x1_0000 => printed.extend(format!("\\u{code:04x}").chars()),
            code => printed.extend(format!("\\U{code:08x}").chars()),
        }
    }
    printed.push(quote);
    printed
}

#[cfg(test)]
mod tests {
    use super::{Attribute, Kind, Objection, python_text};
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    fn accepted(kind: Kind, value: &Value) -> Result<Value, Objection> {
        let attribute = Attribute {
            id: String::new(),
            name: "Colour".to_owned(),
            label: "colour".to_owned(),
            kind,
            options: vec!["Blue".to_owned(), "Green".to_owned()],
            counted: Vec::new(),
        };
        attribute.accepted(value, &BTreeSet::from(["a1".to_owned(), "a2".to_owned()]))
    }

    #[test]
    fn every_type_takes_its_own_form() {
        for (kind, value) in [
            (Kind::Text, json!("0123")),
            (Kind::Multiline, json!("a\nb")),
            (Kind::Html, json!("<b>a</b>")),
            (Kind::Int, json!(1_234_567_890_123_456_i64)),
            (Kind::Decimal, json!(1.5)),
            (Kind::Boolean, json!(false)),
            (Kind::Dropdown, json!("Blue")),
            (Kind::MultiSelect, json!(["Green", "Blue"])),
            (Kind::Date, json!("2028-02-29")),
            (Kind::Url, json!("https://example.com")),
            (Kind::Media, json!({"id": "a1"})),
            (Kind::MediaGallery, json!([{"id": "a2"}, {"id": "a1"}])),
        ] {
            assert_eq!(accepted(kind, &value), Ok(value), "{kind:?}");
        }
    }

    #[test]
    fn recorded_objections_have_their_odd_texts() {
        let fault = |kind, value: Value| match accepted(kind, &value) {
            Err(Objection::Fault(message)) => message.as_str().unwrap().to_owned(),
            other => panic!("{other:?}"),
        };
        let options = "[u'Red', u'blue'] are not a valid values for Colour attribute.";
        assert_eq!(fault(Kind::MultiSelect, json!(["Red", "Green", "blue"])), options);
        assert_eq!(
            fault(Kind::Dropdown, json!("BLUE")),
            "[u'BLUE'] are not a valid values for Colour attribute."
        );
        assert_eq!(
            fault(Kind::Decimal, json!("1,5")),
            "Not a valid decimal value. Format must be: ."
        );
        for day in ["2025-12-23T05:59:15", "2025-02-29", "23.12.2025", "2025-1-1"] {
            assert_eq!(fault(Kind::Date, json!(day)), "Invalid date format", "{day}");
        }
    }

    #[test]
    fn what_nobody_recorded_is_neither_taken_nor_refused() {
        for (kind, value) in [
            (Kind::Text, json!("")),
            (Kind::Text, json!(5)),
            (Kind::Int, json!("5")),
            (Kind::Int, json!(12_345_678_901_234_567_i64)),
            (Kind::Decimal, json!("1.5")),
            (Kind::MultiSelect, json!([])),
            (Kind::Media, json!("a1")),
            (Kind::MediaGallery, json!([{"id": "a3"}])),
        ] {
            let objection = accepted(kind, &value);
            assert!(matches!(objection, Err(Objection::NotEvidenced(_))), "{kind:?} {value}");
        }
    }

    #[test]
    fn python_prints_texts_with_escapes() {
        let printed = ["Red", "O'Neil", "\u{e9}\u{20ac}"].map(python_text);
        assert_eq!(printed, ["u'Red'", "u\"O'Neil\"", "u'\\xe9\\u20ac'"]);
    }
}
