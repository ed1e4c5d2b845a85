//! A number that keeps its digits and is compared by its value.

/// A JSON number as it was written.
#[derive(Debug, Clone)]
pub struct Number {
    digits: String,
    /// Its value, for comparing; computed once.
    value: Decimal,
}

/// A value as `± significant × 10^exponent`, in the one way in which the significant digits neither
/// begin nor end with a zero; zero has none.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    significant: String,
    exponent: i64,
}

impl Number {
    /// Reads a number in JSON's notation; nothing for any other text, and for an exponent of more
    /// than 64 bits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let shaped = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if !shaped || serde_json::from_str::<&serde_json::value::RawValue>(text).is_err() {
            return None;
        }
        Some(Self { digits: text.trim_end().to_owned(), value: Decimal::of(text.trim_end())? })
    }

    /// The number as it was written.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The same value written as an integer of at most so many characters; nothing if it is none.
    #[must_use]
    pub fn whole(&self, longest: usize) -> Option<Self> {
        let Decimal { negative, significant, exponent } = &self.value;
        let zeros = usize::try_from(*exponent).ok().filter(|zeros| *zeros <= longest)?;
        let mut digits = if *negative { "-".to_owned() } else { String::new() };
        digits.push_str(if significant.is_empty() { "0" } else { significant });
        digits.extend(std::iter::repeat_n('0', zeros));
        (digits.len() <= longest).then(|| Self { digits, value: self.value.clone() })
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Number {}

impl Decimal {
    /// The value of a number in JSON's notation.
    fn of(text: &str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0').trim_end_matches('0');
        if significant.is_empty() {
            return Some(Self { negative: false, significant: String::new(), exponent: 0 });
        }
        let zeros = all.len() - all.trim_end_matches('0').len();
        let exponent = power
            .parse::<i64>()
            .ok()?
            .checked_sub(i64::try_from(fraction.len()).ok()?)?
            .checked_add(i64::try_from(zeros).ok()?)?;
        Some(Self { negative, significant: significant.to_owned(), exponent })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn numbers_are_equal_by_value_and_keep_their_digits() {
        for (one, other) in
            [("1.50", "1.5"), ("100", "1e2"), ("0.0", "-0"), ("12E-1", "1.20"), ("-7", "-7.0")]
        {
            assert_eq!(number(one), number(other));
            assert_eq!(number(one).digits(), one);
        }
        for (one, other) in [
            ("1", "-1"),
            ("1", "10"),
            ("9007199254740993", "9007199254740992"),
            ("0.1", "0.10000000000000001"),
        ] {
            assert_ne!(number(one), number(other));
        }
    }

    #[test]
    fn what_is_not_a_json_number_is_no_number() {
        for text in [
            "",
            "x",
            "1,5",
            "01",
            "+1",
            "1.",
            ".5",
            "1 2",
            "NaN",
            "true",
            "\"1\"",
            "[1]",
            "1e99999999999999999999",
        ] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_integer_is_whole_however_it_is_written(value in -999_999_999_i64..999_999_999, zeros in 0_usize..4) {
            let written = format!("{value}.{}0", "0".repeat(zeros));
            let whole = number(&written).whole(16).unwrap();
            prop_assert_eq!(whole.digits(), value.to_string());
            prop_assert_eq!(number(&format!("{value}e0")), whole);
        }
    }
}
