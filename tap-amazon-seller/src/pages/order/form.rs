//! How a value of Amazon's order becomes a value of a record.

use serde_json::value::RawValue;

use super::path::{Scope, members, text};
use super::proceeds;
use crate::record::value;

/// What happens to what stands at a place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// The value as Amazon sent it.
    Raw,
    /// A text in which some words are replaced; all other texts stay.
    Words(&'static [(&'static str, &'static str)]),
    /// An object, or each object of a list, whose members have other names.
    Renamed(&'static [Member]),
    /// All values at the place, as a list, each as [`Form::Renamed`]; null where there are none.
    List(&'static [Member]),
    /// Whether one of the values at the place is this word; not if there are none.
    Has(&'static str),
    /// The same, and null where there are none.
    Is(&'static str),
    /// One text if a value at the place is this word, and another one if none is.
    Either(&'static str, [&'static str; 2]),
    /// Whether there is anything at the place.
    Exists,
    /// The sum of whole numbers.
    Sum,
    /// A part of a line's proceeds; see [`proceeds`].
    Proceeds(proceeds::Part),
}

/// A member of an object under another name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    /// Amazon's name of today.
    pub(crate) from: &'static str,
    /// The name in the record.
    pub(crate) to: &'static str,
    /// What happens to its value.
    pub(crate) form: Form,
}

impl Member {
    /// A member of which only the name changes.
    pub(crate) const fn raw(from: &'static str, to: &'static str) -> Self {
        Self { from, to, form: Form::Raw }
    }

    /// A member whose value changes as well.
    pub(crate) const fn new(from: &'static str, to: &'static str, form: Form) -> Self {
        Self { from, to, form }
    }
}

impl Form {
    /// Writes the value for a place; `false`, and nothing written, where it is null.
    pub(super) fn write(self, scope: Scope<'_, '_>, path: &str, out: &mut Vec<u8>) -> bool {
        let truth = |out: &mut Vec<u8>, truth: bool| {
            out.extend_from_slice(if truth { b"true" } else { b"false" });
            true
        };
        match self {
            Self::Raw | Self::Words(_) | Self::Renamed(_) => match scope.first(path) {
                Some(value) => {
                    self.write_value(value, out);
                    true
                }
                None => false,
            },
            Self::List(to) => list(&scope.all(path), to, out),
            Self::Has(word) => truth(out, has(scope, path, word)),
            Self::Is(word) => scope.first(path).is_some() && truth(out, has(scope, path, word)),
            Self::Either(word, [yes, no]) => {
                let text = if has(scope, path, word) { yes } else { no };
                value::string(out, text.as_bytes());
                true
            }
            Self::Exists => truth(out, scope.first(path).is_some()),
            Self::Sum => sum(scope, path).is_some_and(|sum| {
                out.extend_from_slice(sum.to_string().as_bytes());
                true
            }),
            Self::Proceeds(part) => part.write(&scope.all(path), out),
        }
    }

    /// Writes one value. Forms that are about a place as a whole leave it as it is.
    fn write_value(self, raw: &RawValue, out: &mut Vec<u8>) {
        match self {
            Self::Words(words) => {
                let found = text(raw).and_then(|text| words.iter().find(|(from, _)| *from == text));
                match found {
                    Some((_, to)) => value::string(out, to.as_bytes()),
                    None => out.extend_from_slice(raw.get().as_bytes()),
                }
            }
            Self::Renamed(to) => rename(raw, to, out),
            _ => out.extend_from_slice(raw.get().as_bytes()),
        }
    }
}

fn has(scope: Scope<'_, '_>, path: &str, word: &str) -> bool {
    scope.all(path).into_iter().any(|value| text(value).is_some_and(|text| text == word))
}

fn sum(scope: Scope<'_, '_>, path: &str) -> Option<i64> {
    let numbers = scope.all(path).into_iter().map(|value| value.get().parse::<i64>().ok());
    numbers.reduce(|one, other| one?.checked_add(other?)).flatten()
}

/// Writes values as a list.
fn list(values: &[&RawValue], to: &[Member], out: &mut Vec<u8>) -> bool {
    for (index, value) in values.iter().enumerate() {
        out.push(if index == 0 { b'[' } else { b',' });
        rename(value, to, out);
    }
    if !values.is_empty() {
        out.push(b']');
    }
    !values.is_empty()
}

/// Writes an object, or each of a list, with other names. Members that have none keep Amazon's, so that
/// nothing is lost; what is no object stays as it is.
fn rename(raw: &RawValue, to: &[Member], out: &mut Vec<u8>) {
    if raw.get().starts_with('[')
        && let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(raw.get())
        && !elements.is_empty()
    {
        list(&elements, to, out);
        return;
    }
    let (Some(own), false) = (members(raw), to.is_empty()) else {
        out.extend_from_slice(raw.get().as_bytes());
        return;
    };
    let renamed = to.iter().filter_map(|it| Some((it.to, it.form, *own.get(it.from)?)));
    let others = own.iter().filter(|(name, _)| !to.iter().any(|it| it.from == **name));
    let others = others.map(|(name, value)| (&**name, Form::Raw, *value));
    out.push(b'{');
    for (index, (name, form, value)) in renamed.chain(others).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        value::string(out, name.as_bytes());
        out.push(b':');
        form.write_value(value, out);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(raw: &str, to: &[Member]) -> String {
        let mut out = Vec::new();
        rename(serde_json::from_str(raw).unwrap(), to, &mut out);
        String::from_utf8(out).unwrap()
    }

    const MONEY: &[Member] =
        &[Member::raw("currencyCode", "CurrencyCode"), Member::raw("amount", "Amount")];

    #[test]
    fn renaming_loses_nothing() {
        for (raw, record) in [
            (
                r#"{"amount":"1.10","currencyCode":"EUR"}"#,
                r#"{"CurrencyCode":"EUR","Amount":"1.10"}"#,
            ),
            (r#"{"amount": 1.10, "new": [1]}"#, r#"{"Amount":1.10,"new":[1]}"#),
            (r#"[{"amount":"1"},7]"#, r#"[{"Amount":"1"},7]"#),
            ("[]", "[]"),
            ("{}", "{}"),
            (r#""text""#, r#""text""#),
        ] {
            assert_eq!(renamed(raw, MONEY), record);
        }
    }

    #[test]
    fn words_that_nobody_knows_stay() {
        let to = &[Member::new("s", "S", Form::Words(&[("ON", "On")]))];
        assert_eq!(renamed(r#"{"s":"ON"}"#, to), r#"{"S":"On"}"#);
        assert_eq!(renamed(r#"{"s":"ON_OFF"}"#, to), r#"{"S":"ON_OFF"}"#);
        assert_eq!(renamed(r#"{"s":7}"#, to), r#"{"S":7}"#);
    }
}
