//! Where in a record a value is: the small language of the mapping file.
//!
//! ```text
//!  asin                                                    a member of the record
//!  summaries[].itemName                                    of the first summary that has one
//!  identifiers[].identifiers[identifierType=UPC].identifier
//!                                                          of the first entry whose member says so
//!  relationships[].relationships[].parentAsins[]           the first element
//!  'odd.name'.x                                            quotes, where a name holds . [ ] | { } = '
//! ```
//!
//! A path gives the *first* value that it meets, in the order of the record, or all of them, and passes
//! over null and blank text. It never joins or counts: whoever needs that computes it before this target.
//! It knows JSON and nothing about streams or products.
//!
//! Values stay raw text until the last step, so numbers keep their digits, and members that no path
//! names are never taken apart.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The members of an object, still raw.
pub type Members<'r> = BTreeMap<String, &'r RawValue>;

/// A way from a record to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    first: String,
    rest: Vec<Step>,
}

/// One step further inside.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// To the member of an object.
    Member(String),
    /// To the elements of an array, one after another.
    Each,
    /// To the elements of an array that are objects in which this member is this text.
    Where { member: String, text: String },
}

/// What a path leads to.
#[derive(Debug, Clone, Copy)]
pub enum Found<'r> {
    /// The record does not say.
    Absent,
    /// The record says that there is nothing: null, or blank text, which is how reports say it.
    Null,
    /// A value that is neither null nor blank.
    Value(&'r RawValue),
}

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not a path: {problem}")]
pub struct PathError {
    path: String,
    problem: &'static str,
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// An empty name, a bracket or quote that is not closed, or anything between two steps.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let refuse = |problem| PathError { path: text.to_owned(), problem };
        let mut reader = Reader { rest: text };
        let first = reader.name().map_err(refuse)?;
        let mut rest = Vec::new();
        while !reader.rest.is_empty() {
            rest.push(reader.step().map_err(refuse)?);
        }
        Ok(Self { first, rest })
    }

    /// The member of the record at which this path begins.
    #[must_use]
    pub fn first(&self) -> &str {
        &self.first
    }

    /// The value in the record with these members.
    #[must_use]
    pub fn find<'r>(&self, record: &Members<'r>) -> Found<'r> {
        record.get(&self.first).map_or(Found::Absent, |value| follow(&self.rest, value))
    }

    /// All values in the record with these members, in the record's order.
    #[must_use]
    pub fn all<'r>(&self, record: &Members<'r>) -> Vec<&'r RawValue> {
        let mut all = Vec::new();
        if let Some(value) = record.get(&self.first) {
            collect(&self.rest, value, &mut all);
        }
        all
    }

    /// Whether the record with these members speaks of what is here, if only to say that there is nothing:
    /// the list is there in which it would be, and be chosen if this path chooses.
    #[must_use]
    pub fn is_told(&self, record: &Members<'_>) -> bool {
        let last = |is: fn(&Step) -> bool| self.rest.iter().rposition(is);
        let chosen = last(|step| matches!(step, Step::Where { .. }));
        let place = chosen.or_else(|| last(|step| matches!(step, Step::Each)));
        let Some(way) = place.and_then(|place| self.rest.get(..place)) else {
            return !matches!(self.find(record), Found::Absent);
        };
        let mut lists = Vec::new();
        if let Some(value) = record.get(&self.first) {
            collect(way, value, &mut lists);
        }
        lists.iter().any(|list| list.get().starts_with('['))
    }
}

/// Takes the remaining steps from a value on, wherever they lead.
fn collect<'r>(steps: &[Step], value: &'r RawValue, all: &mut Vec<&'r RawValue>) {
    match steps.split_first() {
        None => {
            if let Found::Value(value) = ended(value) {
                all.push(value);
            }
        }
        Some((Step::Member(name), rest)) => {
            if let Some(value) = members(value).and_then(|members| members.get(name).copied()) {
                collect(rest, value, all);
            }
        }
        Some((Step::Each, rest)) => {
            for element in elements(value) {
                collect(rest, element, all);
            }
        }
        Some((Step::Where { member, text }, rest)) => {
            let chosen = elements(value).into_iter();
            for element in chosen.filter(|element| holds(element, member, text)) {
                collect(rest, element, all);
            }
        }
    }
}

/// Takes the remaining steps from a value on.
fn follow<'r>(steps: &[Step], value: &'r RawValue) -> Found<'r> {
    let Some((step, rest)) = steps.split_first() else { return ended(value) };
    match step {
        Step::Member(name) => members(value)
            .and_then(|members| members.get(name).copied())
            .map_or(Found::Absent, |value| follow(rest, value)),
        Step::Each => first(elements(value).into_iter().map(|element| follow(rest, element))),
        Step::Where { member, text } => first(
            elements(value)
                .into_iter()
                .filter(|element| holds(element, member, text))
                .map(|element| follow(rest, element)),
        ),
    }
}

/// What a path that ends at this value has found.
fn ended(value: &RawValue) -> Found<'_> {
    let blank = value.get().starts_with('"')
        && text(value).is_some_and(|text| text.chars().all(char::is_whitespace));
    if blank || value.get() == "null" { Found::Null } else { Found::Value(value) }
}

/// The first value; null if there was only that.
fn first<'r>(found: impl Iterator<Item = Found<'r>>) -> Found<'r> {
    let mut best = Found::Absent;
    for one in found {
        match one {
            Found::Value(_) => return one,
            Found::Null => best = Found::Null,
            Found::Absent => {}
        }
    }
    best
}

/// Whether the value is an object with this text as this member.
fn holds(value: &RawValue, member: &str, wanted: &str) -> bool {
    members(value)
        .and_then(|members| members.get(member).and_then(|value| text(value)))
        .is_some_and(|text| text == wanted)
}

/// The members of an object; nothing for any other value.
#[must_use]
pub fn members(value: &RawValue) -> Option<Members<'_>> {
    serde_json::from_str(value.get()).ok()
}

/// The elements of an array; none for any other value.
#[must_use]
pub fn elements(value: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(value.get()).unwrap_or_default()
}

/// The text of a JSON string; nothing for any other value.
#[must_use]
pub fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// What is left of a path's text.
struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    /// Reads one step.
    fn step(&mut self) -> Result<Step, &'static str> {
        if let Some(rest) = self.rest.strip_prefix('.') {
            self.rest = rest;
            return self.name().map(Step::Member);
        }
        self.rest = self.rest.strip_prefix('[').ok_or("a `.` or `[` must follow a name")?;
        if let Some(rest) = self.rest.strip_prefix(']') {
            self.rest = rest;
            return Ok(Step::Each);
        }
        let member = self.name()?;
        self.rest = self.rest.strip_prefix('=').ok_or("`[` wants `]` or `member=text]`")?;
        let text = self.name()?;
        self.rest = self.rest.strip_prefix(']').ok_or("a `[` is not closed")?;
        Ok(Step::Where { member, text })
    }

    /// Reads one name, quoted or bare.
    fn name(&mut self) -> Result<String, &'static str> {
        if let Some(quoted) = self.rest.strip_prefix('\'') {
            let (name, rest) = quoted.split_once('\'').ok_or("a quote is not closed")?;
            self.rest = rest;
            return if name.is_empty() { Err("a name is empty") } else { Ok(name.to_owned()) };
        }
        let end = self.rest.find(['.', '[', ']', '|', '{', '}', '=', '\'']);
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let name = name.trim();
        if name.is_empty() {
            return Err("a name is empty");
        }
        self.rest = rest;
        Ok(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RECORD: &str = r#"{
        "asin": "B01", "price": 1.10, "empty": "  ", "none": null, "odd.name": {"x": "y"},
        "summaries": [{"size": null}, {"itemName": "Mug", "size": "L"}, {"itemName": "Cup"}],
        "identifiers": [{"marketplaceId": "M", "identifiers": [
            {"identifierType": "EAN", "identifier": "400"},
            {"identifierType": "UPC", "identifier": ""},
            {"identifierType": "UPC", "identifier": "012"}]}],
        "relationships": [{"relationships": []}, {"relationships": [{"parentAsins": ["P1", "P2"]}]}]
    }"#;

    fn find(path: &str, record: &str) -> String {
        let raw: &RawValue = serde_json::from_str(record).unwrap();
        match Path::parse(path).unwrap().find(&members(raw).unwrap()) {
            Found::Absent => "absent".to_owned(),
            Found::Null => "null".to_owned(),
            Found::Value(value) => value.get().to_owned(),
        }
    }

    #[test]
    fn a_path_gives_the_first_value_that_says_something() {
        for (path, expected) in [
            ("asin", r#""B01""#),
            ("price", "1.10"),
            ("'odd.name'.x", r#""y""#),
            ("summaries[].itemName", r#""Mug""#),
            ("summaries[].size", r#""L""#),
            ("summaries[itemName=Cup].itemName", r#""Cup""#),
            ("identifiers[].identifiers[identifierType=UPC].identifier", r#""012""#),
            ("relationships[].relationships[].parentAsins[]", r#""P1""#),
            ("relationships[].relationships[].parentAsins", r#"["P1", "P2"]"#),
        ] {
            assert_eq!(find(path, RECORD), expected, "{path}");
        }
    }

    #[test]
    fn a_path_gives_all_values_in_their_order() {
        let raw: &RawValue = serde_json::from_str(RECORD).unwrap();
        let all = |path: &str| -> Vec<&str> {
            let path = Path::parse(path).unwrap();
            path.all(&members(raw).unwrap()).into_iter().map(RawValue::get).collect()
        };
        assert_eq!(all("summaries[].itemName"), [r#""Mug""#, r#""Cup""#]);
        assert_eq!(all("relationships[].relationships[].parentAsins[]"), [r#""P1""#, r#""P2""#]);
        let upcs = all("identifiers[].identifiers[identifierType=UPC].identifier");
        assert_eq!(upcs, [r#""012""#]);
        assert!(all("nowhere[].x").is_empty() && all("empty").is_empty());
    }

    #[test]
    fn nothing_said_is_not_the_same_as_said_to_be_nothing() {
        for (path, expected) in [
            ("none", "null"),
            ("empty", "null"),
            ("missing", "absent"),
            ("asin.deeper", "absent"),
            ("asin[]", "absent"),
            ("summaries[].color", "absent"),
            ("summaries[size=XL].itemName", "absent"),
            ("identifiers[].identifiers[identifierType=GTIN].identifier", "absent"),
        ] {
            assert_eq!(find(path, RECORD), expected, "{path}");
        }
        assert_eq!(find("a[].b", r#"{"a": [{"b": null}, {}]}"#), "null");
    }

    #[test]
    fn a_record_speaks_of_what_it_has_a_list_for_though_the_list_be_empty() {
        let is_told = |path: &str, record: &str| {
            let raw: &RawValue = serde_json::from_str(record).unwrap();
            Path::parse(path).unwrap().is_told(&members(raw).unwrap())
        };
        let chosen = "r[].r[type=V].parents[]";
        for (record, expected) in [
            (r#"{"r": [{"r": [{"type": "V", "parents": ["P"]}]}]}"#, true),
            (r#"{"r": [{"r": [{"type": "V", "children": ["C"]}]}]}"#, true),
            (r#"{"r": [{"r": [{"type": "X"}]}]}"#, true),
            (r#"{"r": [{"r": []}]}"#, true),
            (r#"{"r": [{"r": null}]}"#, false),
            (r#"{"r": [{"s": []}]}"#, false),
            (r#"{"r": []}"#, false),
            (r#"{"r": null}"#, false),
            ("{}", false),
        ] {
            assert_eq!(is_told(chosen, record), expected, "{record}");
        }
        assert!(is_told("parents[]", r#"{"parents": []}"#) && !is_told("parents[]", "{}"));
        assert!(is_told("parent", r#"{"parent": null}"#) && !is_told("parent", "{}"));
        assert!(!is_told("r[].r[].parents[]", r#"{"r": [{"r": []}]}"#));
    }

    #[test]
    fn a_text_that_is_no_path_is_refused_with_the_reason() {
        for (path, problem) in [
            ("", "a name is empty"),
            ("a.", "a name is empty"),
            ("a..b", "a name is empty"),
            ("a[", "a name is empty"),
            ("a[b", "`[` wants `]` or `member=text]`"),
            ("a[b=c", "a `[` is not closed"),
            ("a]", "a `.` or `[` must follow a name"),
            ("'a", "a quote is not closed"),
            ("a'b", "a `.` or `[` must follow a name"),
        ] {
            let error = Path::parse(path).unwrap_err();
            assert_eq!(error.to_string(), format!("`{path}` is not a path: {problem}"));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_as_a_path_never_fails_on_a_record(text in "[a-z.\\[\\]=']{0,12}") {
            if let Ok(path) = Path::parse(&text) {
                let raw: &RawValue = serde_json::from_str(RECORD).unwrap();
                let _ = path.find(&members(raw).unwrap());
            }
        }

        #[test]
        fn every_member_can_be_named(name in "[^']{1,12}", value in any::<u32>()) {
            let record = serde_json::json!({ name.clone(): value }).to_string();
            prop_assert_eq!(find(&format!("'{name}'"), &record), value.to_string());
        }
    }
}
