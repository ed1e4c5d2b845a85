//! One member of `faults`, as the script writes it.

use super::chance;
use super::effect::{Death, Loss};
use super::rule::Time;
use super::script::{QuotaEntry, RegenerationEntry, ReportEntry};
use super::span::Span;
use chrono::{DateTime, NaiveDate};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// All that a member may say. What goes with what is checked by `Entry::rule`.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Entry {
    // Which calls.
    pub(super) operation: Option<String>,
    pub(super) region: Option<Region>,
    pub(super) report_type: Option<String>,
    pub(super) marketplace_id: Option<String>,
    pub(super) start: Option<Time>,
    pub(super) end: Option<Time>,
    pub(super) when: Option<WhenEntry>,
    // What happens to a call.
    pub(super) status: Option<u16>,
    pub(super) rate_header: Option<Yes>,
    pub(super) html: Option<Yes>,
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) accept_then: Option<Loss>,
    pub(super) drop: Option<Yes>,
    pub(super) delay: Option<Span>,
    // To a token.
    pub(super) token: Option<Death>,
    pub(super) invalid_grant: Option<Yes>,
    pub(super) dies_after: Option<Span>,
    // To a report.
    pub(super) ends: Option<EndsEntry>,
    pub(super) document: Option<DocumentEntry>,
    pub(super) stuck: Option<Yes>,
    pub(super) slow: Option<f64>,
    pub(super) restated: Option<Yes>,
    // To a page of a list.
    pub(super) repeat_token: Option<Yes>,
    // To a download.
    pub(super) expired: Option<Yes>,
    pub(super) cut_after: Option<u64>,
    pub(super) bytes_per_second: Option<f64>,
    // To everything.
    pub(super) quota: Option<QuotaEntry>,
    pub(super) regeneration: Option<RegenerationEntry>,
    pub(super) report: Option<ReportEntry>,
    pub(super) random: Option<chance::Setting>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Region {
    Na,
    Eu,
    Fe,
}

impl Region {
    /// Its name in calls.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Na => "na",
            Self::Eu => "eu",
            Self::Fe => "fe",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum EndsEntry {
    Fatal,
    Cancelled,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentEntry {
    pub(super) text: Option<String>,
    pub(super) json: Option<Value>,
    pub(super) gzip: Option<Yes>,
    pub(super) asin_list: Option<Empty>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Empty {
    Empty,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhenEntry {
    pub(super) calls: Option<Vec<u64>>,
    pub(super) from: Option<u64>,
    pub(super) count: Option<u64>,
    pub(super) every: Option<u64>,
    pub(super) between: Option<(Span, Span)>,
    pub(super) per: Option<Per>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Per {
    Subject,
}

/// `true`; whoever means `false` leaves the member out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Yes;

impl<'de> Deserialize<'de> for Yes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if bool::deserialize(deserializer)? {
            Ok(Self)
        } else {
            Err(de::Error::custom("expected true; leave the member out otherwise"))
        }
    }
}

impl<'de> Deserialize<'de> for Loss {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Number(number) if number.as_u64() == Some(500) => Ok(Self::Error),
            Value::String(text) if text == "drop" => Ok(Self::Drop),
            _ => Err(de::Error::custom("expected 500 or \"drop\"")),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment = || DateTime::parse_from_rfc3339(&text).map(|it| Self::Moment(it.to_utc()));
        let day = text.parse::<NaiveDate>().map(Self::Day);
        day.or_else(|_| moment()).map_err(|_| {
            de::Error::custom(format!("expected a date or a time with an offset, got {text:?}"))
        })
    }
}

impl Entry {
    /// True if nothing is said but what [`super::script`] has taken out.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
