//! Sums of amounts, which keep their digits.

use rust_decimal::Decimal;

use super::value::{self, Fraction};

/// The sum of two amounts with the digits of the longer one, also where it is 0.00; `None` if it has more
/// digits than any amount has.
pub(crate) fn added(one: Decimal, other: Decimal) -> Option<Decimal> {
    let mut sum = one.checked_add(other)?;
    sum.rescale(one.scale().max(other.scale()));
    Some(sum)
}

/// The number in a text; `None` if there is none, or one with more digits than any amount has.
pub(crate) fn decimal(text: &[u8]) -> Option<Decimal> {
    let mut digits = Vec::with_capacity(text.len() + 1);
    value::number(&mut digits, text, Fraction::Allowed)?;
    Decimal::from_str_exact(std::str::from_utf8(&digits).ok()?).ok()
}
