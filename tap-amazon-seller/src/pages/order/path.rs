//! Places in an order of the Orders API, as texts.
//!
//! A place is a chain of members with dots between them, such as `proceeds.grandTotal`. Behind a list
//! stands in brackets which of its elements are meant: `programs[]` all of them,
//! `associatedOrders[associationType=A|B]` those whose member is one of these words. A place that begins
//! with `^` is in the order, also where a line of it is looked at.
//!
//! What is absent, null or of another type than the place says is not there.

use serde_json::value::RawValue;

use crate::pages::Members;

/// Where places begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a, 'b> {
    /// The order.
    pub(super) order: &'b Members<'a>,
    /// The line that is looked at; the order itself where it is none.
    pub(super) own: &'b Members<'a>,
}

impl<'a> Scope<'a, '_> {
    /// The values at a place, in Amazon's order.
    pub(super) fn all(&self, path: &str) -> Vec<&'a RawValue> {
        let mut found = Vec::new();
        match path.strip_prefix('^') {
            Some(path) => step(self.order, path, &mut found),
            None => step(self.own, path, &mut found),
        }
        found
    }

    /// The first value at a place.
    pub(super) fn first(&self, path: &str) -> Option<&'a RawValue> {
        self.all(path).first().copied()
    }
}

/// Goes on from an object.
fn step<'a>(members: &Members<'a>, path: &str, found: &mut Vec<&'a RawValue>) {
    let (segment, rest) = path.split_once('.').unwrap_or((path, ""));
    let (name, condition) = match segment.strip_suffix(']').and_then(|it| it.split_once('[')) {
        Some((name, condition)) => (name, Some(condition)),
        None => (segment, None),
    };
    let Some(value) = members.get(name).copied().filter(|value| value.get() != "null") else {
        return;
    };
    match condition {
        None => onward(value, rest, found),
        Some(condition) => {
            let elements: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
            for element in elements.into_iter().filter(|element| meets(element, condition)) {
                onward(element, rest, found);
            }
        }
    }
}

/// Goes on from a value.
fn onward<'a>(value: &'a RawValue, rest: &str, found: &mut Vec<&'a RawValue>) {
    if rest.is_empty() {
        found.push(value);
    } else if let Some(members) = members(value) {
        step(&members, rest, found);
    }
}

/// Whether an element is one of those that are meant.
fn meets(element: &RawValue, condition: &str) -> bool {
    let Some((name, words)) = condition.split_once('=') else { return true };
    let word = members(element).and_then(|members| text(members.get(name)?));
    word.is_some_and(|word| words.split('|').any(|wanted| wanted == word))
}

/// The members of an object.
pub(super) fn members(value: &RawValue) -> Option<Members<'_>> {
    serde_json::from_str(value.get()).ok()
}

/// The text of a string.
pub(super) fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> Vec<&'static str> {
        const ORDER: &str = r#"{"id":"1","none":null,"programs":["A","B"],
            "aliases":[{"type":"X","id":"x"},{"type":"Y","id":"y"},{"type":"Z"},7]}"#;
        let order: Members<'static> = serde_json::from_str(ORDER).unwrap();
        let line: Members<'static> = serde_json::from_str(r#"{"id":"2"}"#).unwrap();
        let own = if path.starts_with("line ") { &line } else { &order };
        let scope = Scope { order: &order, own };
        let path = path.trim_start_matches("line ");
        scope.all(path).into_iter().map(RawValue::get).collect()
    }

    #[test]
    fn a_place_leads_through_objects_and_to_those_elements_that_are_meant() {
        assert_eq!(found("id"), [r#""1""#]);
        assert_eq!(found("programs[]"), [r#""A""#, r#""B""#]);
        assert_eq!(found("aliases[type=Y].id"), [r#""y""#]);
        assert_eq!(found("aliases[type=Y|X|Z].id"), [r#""x""#, r#""y""#]);
        assert_eq!(found("line id"), [r#""2""#]);
        assert_eq!(found("line ^id"), [r#""1""#]);
    }

    #[test]
    fn what_is_absent_or_of_another_type_is_not_there() {
        for path in ["none", "missing", "id.more", "id[]", "aliases.id", "programs[type=A]"] {
            assert!(found(path).is_empty(), "{path}");
        }
    }
}
