//! Lengths of time as a script writes them.

use serde::{Deserialize, Deserializer, de};
use std::time::Duration;

/// A length of time such as `500ms`, `10s`, `2m`, `4h` or `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span(pub(super) Duration);

/// A length of time before the start, such as `-20m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ago(pub(super) Duration);

/// Reads `text` as a [`Span`].
fn span(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, unit) = text.split_at_checked(digits)?;
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || de::Error::custom(format!("expected a time such as \"10s\", got {text:?}"));
        span(&text).map(Self).ok_or_else(wrong)
    }
}

impl<'de> Deserialize<'de> for Ago {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong =
            || de::Error::custom(format!("expected a time ago such as \"-20m\", got {text:?}"));
        text.strip_prefix('-').and_then(span).map(Self).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::span;
    use std::time::Duration;

    #[test]
    fn a_length_of_time_is_a_number_and_its_unit() {
        let cases = [
            ("500ms", Some(Duration::from_millis(500))),
            ("1.5s", Some(Duration::from_millis(1500))),
            ("2m", Some(Duration::from_mins(2))),
            ("4h", Some(Duration::from_hours(4))),
            ("1d", Some(Duration::from_hours(24))),
            ("10", None),
            ("s", None),
            ("-1s", None),
            ("1 s", None),
            ("1e3s", None),
            ("99999999999999999999d", None),
        ];
        for (text, expected) in cases {
            assert_eq!(span(text), expected, "{text}");
        }
    }
}
