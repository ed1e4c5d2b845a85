//! What a line of an order brings: parts of its proceeds, in the signs of the Orders API v0.
//!
//! Amazon lists what is not zero, by type: `ITEM`, `SHIPPING`, `TAX`, `DISCOUNT` and so on; only taxes
//! and discounts are divided further. So a type that is not in the list is zero, and a list that is not
//! there says nothing. Discounts are negative there and were positive in v0.

use serde_json::value::RawValue;

use super::path::{Scope, members, text};
use crate::record::sum::{added, decimal};
use crate::record::value::{self, Fraction};

/// A part of a line's proceeds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// The type of the breakdown.
    pub(crate) kind: &'static str,
    /// The part of it that is meant; nothing for the whole.
    pub(crate) subtype: Option<&'static str>,
    /// What the whole counts as where Amazon does not divide it.
    pub(crate) undivided: Undivided,
    /// Whether the sign changes.
    pub(crate) is_reversed: bool,
}

/// What a breakdown without parts says of one of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undivided {
    /// Nothing.
    Unknown,
    /// It is that part.
    Whole,
}

/// An amount, as Amazon sent it.
#[derive(Debug, Clone)]
struct Money<'a> {
    digits: String,
    currency: Option<&'a RawValue>,
}

impl<'a> Money<'a> {
    /// Reads an amount; its digits may be a text or a number.
    fn of(raw: &'a RawValue) -> Option<Self> {
        let own = members(raw)?;
        let amount = *own.get("amount")?;
        let digits = text(amount).unwrap_or_else(|| amount.get().to_owned());
        let mut checked = Vec::new();
        value::number(&mut checked, digits.trim().as_bytes(), Fraction::Allowed)?;
        let digits = String::from_utf8(checked).ok()?;
        Some(Self { digits, currency: own.get("currencyCode").copied() })
    }

    /// The same amount of nothing, with as many decimals.
    fn zero(&self) -> Self {
        let decimals = self.digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let digits =
            if decimals == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(decimals)) };
        Self { digits, currency: self.currency }
    }

    fn reversed(self) -> Self {
        let is_zero = self.digits.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'-'));
        let digits = match self.digits.strip_prefix('-') {
            Some(digits) => digits.to_owned(),
            None if is_zero => self.digits,
            None => format!("-{}", self.digits),
        };
        Self { digits, ..self }
    }

    /// The sum of two amounts of one currency.
    fn plus(self, other: &Self) -> Option<Self> {
        let same = self.currency.map(RawValue::get) == other.currency.map(RawValue::get);
        let sum = added(decimal(self.digits.as_bytes())?, decimal(other.digits.as_bytes())?)?;
        same.then(|| Self { digits: sum.to_string(), ..self })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"CurrencyCode\":");
        out.extend_from_slice(self.currency.map_or("null", RawValue::get).as_bytes());
        out.extend_from_slice(b",\"Amount\":");
        value::string(out, self.digits.as_bytes());
        out.push(b'}');
    }
}

impl Part {
    /// Writes the part of these breakdowns as an amount; `false` where it is not known.
    pub(super) fn write(self, breakdowns: &[&RawValue], out: &mut Vec<u8>) -> bool {
        let Some(found) = self.amount(breakdowns) else { return false };
        let found = if self.is_reversed { found.reversed() } else { found };
        found.write(out);
        true
    }

    fn amount<'a>(self, breakdowns: &[&'a RawValue]) -> Option<Money<'a>> {
        let objects: Vec<_> = breakdowns.iter().filter_map(|raw| members(raw)).collect();
        let at = |path: &str| -> Vec<&'a RawValue> {
            objects.iter().flat_map(|own| Scope { order: own, own }.all(path)).collect()
        };
        let zero = at("subtotal").into_iter().find_map(Money::of)?.zero();
        let is_own = |own: &&super::Members<'_>| {
            own.get("type").and_then(|kind| text(kind)).is_some_and(|kind| kind == self.kind)
        };
        let kinds: Vec<_> = objects.iter().filter(is_own).collect();
        let of = |path: &str| -> Vec<&'a RawValue> {
            kinds.iter().flat_map(|own| Scope { order: own, own }.all(path)).collect()
        };
        let Some(subtype) = self.subtype else { return total(&of("subtotal"), zero) };
        if kinds.is_empty() {
            return Some(zero);
        }
        if of("detailedBreakdowns[]").is_empty() {
            let is_whole = self.undivided == Undivided::Whole;
            return is_whole.then(|| total(&of("subtotal"), zero)).flatten();
        }
        total(&of(&format!("detailedBreakdowns[subtype={subtype}].value")), zero)
    }
}

/// The sum of amounts, `zero` where there are none; one alone keeps its digits. Nothing if one of them
/// cannot be read or added.
fn total<'a>(amounts: &[&'a RawValue], zero: Money<'a>) -> Option<Money<'a>> {
    let sum = amounts.iter().map(|raw| Money::of(raw)).reduce(|one, other| one?.plus(&other?));
    sum.unwrap_or(Some(zero))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM_TAX: Part = Part {
        kind: "TAX",
        subtype: Some("ITEM"),
        undivided: Undivided::Unknown,
        is_reversed: false,
    };
    const DISCOUNT: Part = Part {
        kind: "DISCOUNT",
        subtype: Some("ITEM"),
        undivided: Undivided::Whole,
        is_reversed: true,
    };
    const SHIPPING: Part =
        Part { kind: "SHIPPING", subtype: None, undivided: Undivided::Whole, is_reversed: false };

    /// What a part of breakdowns comes to, as its digits.
    fn amount(part: Part, breakdowns: &str) -> Option<String> {
        let breakdowns: Vec<&RawValue> = serde_json::from_str(breakdowns).unwrap();
        let mut out = Vec::new();
        let is_known = part.write(&breakdowns, &mut out);
        is_known.then(|| {
            let amount: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(amount["CurrencyCode"], "EUR");
            amount["Amount"].as_str().unwrap().to_owned()
        })
    }

    fn of(kind: &str, amount: &str) -> String {
        format!(r#"{{"type":"{kind}","subtotal":{{"amount":"{amount}","currencyCode":"EUR"}}}}"#)
    }

    fn divided(kind: &str, parts: &[(&str, &str)]) -> String {
        let part = |(subtype, amount): &(&str, &str)| {
            format!(
                r#"{{"subtype":"{subtype}","value":{{"amount":"{amount}","currencyCode":"EUR"}}}}"#
            )
        };
        let parts: Vec<_> = parts.iter().map(part).collect();
        format!(
            r#"{{"type":"{kind}","subtotal":{{"amount":"9.99","currencyCode":"EUR"}},"detailedBreakdowns":[{}]}}"#,
            parts.join(",")
        )
    }

    #[test]
    fn what_is_not_listed_is_zero_and_without_a_list_nothing_is_known() {
        let item = format!("[{}]", of("ITEM", "19.99"));
        assert_eq!(amount(ITEM_TAX, &item).as_deref(), Some("0.00"));
        assert_eq!(amount(DISCOUNT, &item).as_deref(), Some("0.00"));
        assert_eq!(amount(SHIPPING, &format!("[{}]", of("ITEM", "1200"))).as_deref(), Some("0"));
        assert_eq!(amount(SHIPPING, "[]"), None);
    }

    #[test]
    fn a_tax_that_is_not_divided_is_not_taken_for_that_of_the_item() {
        let tax = format!("[{},{}]", of("ITEM", "39.99"), of("TAX", "10.00"));
        assert_eq!(amount(ITEM_TAX, &tax), None);
        let tax = format!("[{}]", divided("TAX", &[("SHIPPING", "1.00"), ("ITEM", "2.50")]));
        assert_eq!(amount(ITEM_TAX, &tax).as_deref(), Some("2.50"));
        let tax = format!("[{}]", divided("TAX", &[("SHIPPING", "1.00")]));
        assert_eq!(amount(ITEM_TAX, &tax).as_deref(), Some("0.00"));
    }

    #[test]
    fn a_discount_becomes_positive_and_counts_for_the_item_where_it_is_not_divided() {
        assert_eq!(amount(DISCOUNT, &format!("[{}]", of("DISCOUNT", "-2.50"))).unwrap(), "2.50");
        assert_eq!(amount(DISCOUNT, &format!("[{}]", of("DISCOUNT", "2.50"))).unwrap(), "-2.50");
        assert_eq!(amount(DISCOUNT, &format!("[{}]", of("DISCOUNT", "0.00"))).unwrap(), "0.00");
        let divided = divided("DISCOUNT", &[("ITEM", "-1.00"), ("SHIPPING", "-4.99")]);
        assert_eq!(amount(DISCOUNT, &format!("[{divided}]")).unwrap(), "1.00");
    }

    #[test]
    fn parts_of_one_type_are_added_without_losing_a_digit() {
        let twice =
            format!("[{},{}]", of("SHIPPING", "12345678901234567.10"), of("SHIPPING", "0.905"));
        assert_eq!(amount(SHIPPING, &twice).unwrap(), "12345678901234568.005");
        let other = of("SHIPPING", "1.00").replace("EUR", "USD");
        assert_eq!(amount(SHIPPING, &format!("[{},{other}]", of("SHIPPING", "1.00"))), None);
    }
}
