//! Numbers with all their digits.

use crate::copy::error::Reason;
use crate::kind::{Kind, Precision};

/// The most digits before the point of a `numeric`, in a table or in `jsonb`.
const MOST_WHOLE: i64 = 131_072;

/// The most digits after the point of a `numeric`, in a table or in `jsonb`.
const MOST_SCALE: i64 = 16_383;

/// A number that fits neither way, for exponents that fit no integer.
const FAR: i64 = 1_000_000_000;

/// A decimal number, still as the digits of its text.
#[derive(Debug)]
pub(super) struct Decimal<'a> {
    negative: bool,
    /// Digits before the point.
    whole: &'a [u8],
    /// Digits after the point.
    fraction: &'a [u8],
    /// Digits from the first that is not zero to the last, as indexes into both; none for zero.
    significant: Option<(usize, usize)>,
    /// The power of ten of the digit with index 0.
    first_power: i64,
    /// Digits after the point once the exponent is applied, zeros at the end included.
    scale: i64,
}

impl<'a> Decimal<'a> {
    /// Reads a number of JSON; nothing if it is none.
    pub(super) fn of(text: &'a [u8]) -> Option<Self> {
        let (negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (whole, rest) = text.split_at(digits(text));
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => rest.split_at(digits(rest)),
            rest => (&[][..], rest),
        };
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', rest @ ..] => exponent(rest)?,
            _ => return None,
        };
        if whole.is_empty() {
            return None;
        }
        let is_significant = |digit: &u8| *digit != b'0';
        let mut all = whole.iter().chain(fraction);
        let significant = all.position(is_significant).map(|first| {
            let after = whole.iter().chain(fraction).rev().position(is_significant).unwrap_or(0);
            (first, whole.len() + fraction.len() - 1 - after)
        });
        Some(Self {
            negative,
            whole,
            fraction,
            significant,
            first_power: length(whole) - 1 + exponent,
            scale: (length(fraction) - exponent).max(0),
        })
    }

    /// The digits that count, with the power of ten of each, from the greatest.
    fn digits(&self) -> impl Iterator<Item = (i64, u8)> {
        let (first, count) =
            self.significant.map_or((0, 0), |(first, last)| (first, last - first + 1));
        let first_power = self.power(first);
        self.whole
            .iter()
            .chain(self.fraction)
            .skip(first)
            .take(count)
            .zip(0_i64..)
            .map(move |(digit, index)| (first_power - index, digit - b'0'))
    }

    /// The power of ten of the digit with an index.
    fn power(&self, index: usize) -> i64 {
        self.first_power - i64::try_from(index).unwrap_or(FAR)
    }

    /// The powers of ten of the first and the last digit that count; none for zero.
    fn powers(&self) -> Option<(i64, i64)> {
        self.significant.map(|(first, last)| (self.power(first), self.power(last)))
    }

    /// Whether PostgreSQL's `numeric`, and with it `jsonb`, has this number.
    pub(super) fn is_numeric(&self) -> bool {
        self.scale <= MOST_SCALE && self.powers().is_none_or(|(greatest, _)| greatest < MOST_WHOLE)
    }

    /// Whether a precision keeps every digit.
    fn fits(&self, precision: Precision) -> bool {
        let scale = i64::from(precision.scale);
        self.powers().is_none_or(|(greatest, least)| {
            least >= -scale && greatest < i64::from(precision.digits) - scale
        })
    }

    /// The integer that the number is, if it is one of 64 bits.
    fn integer(&self) -> Option<i64> {
        let Some((greatest, least)) = self.powers() else { return Some(0) };
        if least < 0 || greatest > 18 {
            return None;
        }
        let mut value = 0_i128;
        for (_, digit) in self.digits() {
            value = value * 10 + i128::from(digit);
        }
        value *= 10_i128.pow(u32::try_from(least).ok()?);
        i64::try_from(if self.negative { -value } else { value }).ok()
    }

    /// Appends the number in the form of `numeric`: how many digits to the base 10,000, the power of the
    /// first, the sign, how many decimal digits are shown after the point, and the digits.
    fn write(&self, out: &mut Vec<u8>) {
        let (weight, lowest) = self
            .powers()
            .map_or((0, 1), |(greatest, least)| (greatest.div_euclid(4), least.div_euclid(4)));
        let negative = self.negative && self.significant.is_some();
        let short = |value: i64| i16::try_from(value).unwrap_or(i16::MAX);
        out.extend(short(weight - lowest + 1).to_be_bytes());
        out.extend(short(weight).to_be_bytes());
        out.extend(if negative { 0x4000_u16 } else { 0 }.to_be_bytes());
        out.extend(short(self.scale).to_be_bytes());
        let mut group = weight;
        let mut sum = 0_u16;
        for (power, digit) in self.digits() {
            let group_of_digit = power.div_euclid(4);
            while group > group_of_digit {
                out.extend(sum.to_be_bytes());
                sum = 0;
                group -= 1;
            }
            let unit = match power.rem_euclid(4) {
                0 => 1,
                1 => 10,
                2 => 100,
                _ => 1_000,
            };
            sum += u16::from(digit) * unit;
        }
        if self.significant.is_some() {
            out.extend(sum.to_be_bytes());
        }
    }
}

/// The length of digits; a record is far shorter than an `i64`.
fn length(digits: &[u8]) -> i64 {
    i64::try_from(digits.len()).unwrap_or(FAR)
}

/// The digits behind the `e`, with their sign.
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0_i64;
    for digit in digits {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        value = (value * 10 + digit).min(FAR);
    }
    Some(if negative { -value } else { value })
}

/// The integer that a number of JSON is: `7`, but also `7.0` and `7e0`.
pub(super) fn integer(text: &[u8], kind: Kind) -> Result<i64, Reason> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    if (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) {
        let value = digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        return Ok(if negative { -value } else { value });
    }
    Decimal::of(text).and_then(|decimal| decimal.integer()).ok_or(Reason::Number(kind))
}

/// Appends a number in the form of `numeric`, or of `numeric` with a precision.
pub(super) fn numeric(
    text: &[u8],
    precision: Option<Precision>,
    out: &mut Vec<u8>,
) -> Result<(), Reason> {
    let decimal = Decimal::of(text)
        .filter(Decimal::is_numeric)
        .filter(|decimal| precision.is_none_or(|precision| decimal.fits(precision)))
        .ok_or(Reason::Number(Kind::Numeric(precision)))?;
    decimal.write(out);
    Ok(())
}

/// The nearest number of floating point. A column of such a type keeps 15 digits (`real`: 6) of any
/// number; whoever made it chose that. What it cannot hold at all is refused.
pub(super) fn float(text: &[u8], kind: Kind) -> Result<f64, Reason> {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<f64>().ok())
        .filter(|value| value.is_finite())
        .ok_or(Reason::Number(kind))
}
