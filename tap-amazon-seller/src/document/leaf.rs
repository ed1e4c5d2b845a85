//! The members of a nested JSON object as the columns of a flat record.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The currency of all amounts of a record.
const CURRENCY: &str = "currency_code";

/// One column of a flattened object: its name and its value as it stands in the text.
pub(crate) type Leaf<'a> = (String, &'a RawValue);

/// The columns of an object whose members are values, or groups of values.
///
/// A group's name is dropped. An amount takes the name of what it is an amount of, and its currency
/// becomes `currency_code`; members of any other object inside a group carry its name in front. A
/// name that is taken already carries the name of its group, so that nothing is lost.
pub(crate) fn leaves(object: &RawValue) -> serde_json::Result<Vec<Leaf<'_>>> {
    let mut leaves = Leaves::default();
    for (name, value) in members(object)? {
        if is_object(value) {
            let group = snake_case(&name);
            for (name, value) in members(value)? {
                leaves.add(&group, &snake_case(&name), value)?;
            }
        } else {
            leaves.push(&[], &snake_case(&name), value);
        }
    }
    Ok(leaves.all)
}

/// Columns in the making.
#[derive(Default)]
struct Leaves<'a> {
    all: Vec<Leaf<'a>>,
    values: BTreeMap<String, &'a str>,
}

impl<'a> Leaves<'a> {
    /// Adds a value of a group, or the values inside it.
    fn add(&mut self, group: &str, name: &str, value: &'a RawValue) -> serde_json::Result<()> {
        if !is_object(value) {
            self.push(&[group], name, value);
            return Ok(());
        }
        for (member, value) in members(value)? {
            match (member.as_ref(), is_object(value)) {
                ("amount", false) => self.push(&[group], name, value),
                ("currencyCode", false) => self.push(&[name, group], CURRENCY, value),
                (_, _) => {
                    let inner = format!("{name}_{}", snake_case(&member));
                    self.add(group, &inner, value)?;
                }
            }
        }
        Ok(())
    }

    /// Adds a column under its name, or with as many prefixes as make it the only one.
    ///
    /// A currency that was said before is not said again.
    fn push(&mut self, prefixes: &[&str], name: &str, value: &'a RawValue) {
        let mut name = name.to_owned();
        let mut prefixes = prefixes.iter();
        while let Some(known) = self.values.get(&name) {
            if name == CURRENCY && *known == value.get() {
                return;
            }
            name = format!("{}_{name}", prefixes.next().unwrap_or(&"other"));
        }
        self.values.insert(name.clone(), value.get());
        self.all.push((name, value));
    }
}

/// Whether a value is an object.
fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

/// The members of an object in their order.
pub(crate) fn members(object: &RawValue) -> serde_json::Result<Vec<(Cow<'_, str>, &RawValue)>> {
    struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

    /// A name borrowed from the text, unless it holds an escape.
    #[derive(Deserialize)]
    struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

    struct InOrder;

    impl<'de> Visitor<'de> for InOrder {
        type Value = Members<'de>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                members.push((name, value));
            }
            Ok(Members(members))
        }
    }

    impl<'de> Deserialize<'de> for Members<'de> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(InOrder)
        }
    }

    serde_json::from_str::<Members<'_>>(object.get()).map(|members| members.0)
}

/// A name of Amazon's JSON as the name of a column: `unitsOrderedB2B` as `units_ordered_b2b`.
pub(crate) fn snake_case(name: &str) -> String {
    let (name, suffix) = match name.strip_suffix("B2B") {
        Some(rest) if !rest.is_empty() => (rest, "_b2b"),
        _ => (name, ""),
    };
    let mut column = String::with_capacity(name.len() + 8);
    let mut letters = name.chars().peekable();
    let mut before: Option<char> = None;
    while let Some(letter) = letters.next() {
        let begins_word = before.is_some_and(|before| {
            letter.is_uppercase()
                && (!before.is_uppercase()
                    || letters.peek().is_some_and(|next| next.is_lowercase()))
        });
        if begins_word && before != Some('_') {
            column.push('_');
        }
        column.extend(letter.to_lowercase());
        before = Some(letter);
    }
    column + suffix
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(json: &str) -> Vec<(String, String)> {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        leaves(raw).unwrap().into_iter().map(|(name, value)| (name, value.get().into())).collect()
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn names_become_snake_case() {
        for (name, column) in [
            ("parentAsin", "parent_asin"),
            ("mobileAppPageViewsPercentageB2B", "mobile_app_page_views_percentage_b2b"),
            ("sku", "sku"),
            ("ASINTitle", "asin_title"),
            ("somethingURL", "something_url"),
            ("B2B", "b2_b"),
            ("last7Days", "last7_days"),
        ] {
            assert_eq!(snake_case(name), column);
        }
    }

    #[test]
    fn groups_are_dropped_and_amounts_named_for_what_they_are() {
        let json = r#"{"date":"2024-01-02","salesByDate":{"orderedProductSales":{"amount":238.440,"currencyCode":"USD"},"unitsOrdered":23},"new":[1]}"#;
        let columns = [
            ("date", "\"2024-01-02\""),
            ("ordered_product_sales", "238.440"),
            ("currency_code", "\"USD\""),
            ("units_ordered", "23"),
            ("new", "[1]"),
        ];
        assert_eq!(flat(json), owned(&columns));
    }

    #[test]
    fn nothing_is_lost_when_names_or_currencies_differ() {
        let json = r#"{"a":{"x":1,"m":{"amount":2,"currencyCode":"EUR"},"n":{"currencyCode":"USD","amount":3,"deep":{"er":4}}},"b":{"x":5,"m":{"currencyCode":"EUR"}}}"#;
        let columns = [
            ("x", "1"),
            ("m", "2"),
            ("currency_code", "\"EUR\""),
            ("n_currency_code", "\"USD\""),
            ("n", "3"),
            ("n_deep_er", "4"),
            ("b_x", "5"),
        ];
        assert_eq!(flat(json), owned(&columns));
    }
}
