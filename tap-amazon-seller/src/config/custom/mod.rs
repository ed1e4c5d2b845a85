//! Streams that the user describes: reports without a line of code.
//!
//! What an entry does not say is taken from what is known of its type of report. What comes out is a
//! [`Stream`] like those of the table, with a schema of its own.

mod column;
mod fingerprint;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;
use singer::config::ConfigError;

use self::column::{Columns, WrittenColumn};
use super::List;
use crate::marketplace::{Marketplace, Region};
use crate::record::{Column, REPORT_DATE};
use crate::report_types::{Format, Origin, ReportType, Rhythm};
use crate::streams::{
    Edges, Extraction, Headers, Period, Report, Roster, Scope, Shape, Source, Stream, Syntax,
};

/// One entry of `custom_reports`; its schema has been checked.
#[derive(Debug, Deserialize)]
pub(super) struct CustomReport {
    name: String,
    report_type: String,
    options: Option<IndexMap<String, Value>>,
    marketplaces: Option<List>,
    scope: Option<String>,
    extraction: Option<String>,
    longest_days: Option<u16>,
    lookback_days: Option<u32>,
    retention_days: Option<u16>,
    keys: Option<Vec<String>>,
    replication_key: Option<String>,
    columns: Option<IndexMap<String, WrittenColumn>>,
    path: Option<String>,
    format: Option<String>,
}

/// The longest name of a stream: what PostgreSQL takes for the name of a table.
const LONGEST_NAME: usize = 63;

/// The option that asks for documents in English.
const LOCALE: (&str, &str) = ("preferredReportDocumentLocale", "en_US");

/// How long a day is read again, because Amazon may still fill it. What happened at a time may be in a
/// report a day later, as with shipments (Amazon's reference of report types).
const LOOKBACK_DAYS: u32 = 7;

/// How far back days go where Amazon publishes no limit.
const NO_LIMIT_DAYS: u32 = 3650;

/// The longest range that is asked for where nothing is known.
const LONGEST_DAYS: u16 = 30;

/// The option that says how long the periods are that a report is about.
const PERIOD: &str = "reportPeriod";

/// The roster with the streams of all entries; `named` are the marketplaces that a run is to read.
pub(super) fn roster(
    entries: Vec<CustomReport>,
    named: Option<&[&'static Marketplace]>,
) -> Result<Roster, ConfigError> {
    let table = Roster::table();
    let mut streams: Vec<Stream> = Vec::new();
    let mut fingerprints = BTreeMap::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let place = format!("custom_reports.{index}.name");
        if !is_name(&entry.name) {
            return Err(ConfigError::setting(
                place,
                format!(
                    "a name of small letters, digits and `_` that begins with a letter, of at most \
                     {LONGEST_NAME} characters"
                ),
            ));
        }
        let is_taken = streams.iter().any(|stream| stream.name == entry.name);
        if is_taken || table.find(&entry.name).is_some() {
            let expected = format!("a name of its own; there is a stream {} already", entry.name);
            return Err(ConfigError::setting(place, expected));
        }
        let description = Description::new(entry);
        let stream = description.stream(named)?;
        fingerprints.extend(description.fingerprint(&stream).map(|it| (stream.name, it)));
        streams.push(stream);
    }
    Ok(Roster::with(streams, fingerprints))
}

/// Whether a text can be the name of a stream, and of a table without quotes around it.
fn is_name(text: &str) -> bool {
    text.len() <= LONGEST_NAME
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '_'))
}

/// A text that lives as long as the program, as all of a stream does; see [`Roster::with`].
pub(super) fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// Values that live as long as the program.
pub(super) fn leaked_list<T>(values: Vec<T>) -> &'static [T] {
    Vec::leak(values)
}

/// The word for reports that Amazon makes by itself.
const LISTED: &str = "listed";

/// An entry with what is known of its type.
struct Description {
    entry: CustomReport,
    known: ReportType,
}

impl Description {
    fn new(entry: CustomReport) -> Self {
        let known = ReportType::find(&entry.report_type).copied().unwrap_or_else(|| {
            tracing::warn!(
                "config: custom_reports.{}: {} is not among the report types that this tap knows; it \
                 is asked for as a flat file, for ranges of at most 30 days, unless the entry says \
                 otherwise",
                entry.name,
                entry.report_type,
            );
            ReportType::unknown(leaked(&entry.report_type))
        });
        Self { entry, known }
    }

    /// An error that names the entry, and what is expected of one of its settings.
    fn wrong<T>(&self, setting: &str, expected: impl Into<String>) -> Result<T, ConfigError> {
        let name = &self.entry.name;
        Err(ConfigError::setting(format!("custom_reports.{name}.{setting}"), expected))
    }

    /// The stream.
    fn stream(&self, named: Option<&[&'static Marketplace]>) -> Result<Stream, ConfigError> {
        if let Some(refusal) = self.known.refusal() {
            return self.wrong("report_type", refusal);
        }
        let scope = self.scope(named)?;
        let (extraction, edges) = self.extraction()?;
        let shape_of = self.format()?;
        let mut columns = Columns::new(self.entry.columns.as_ref(), shape_of)
            .or_else(|(column, expected)| self.wrong(&format!("columns.{column}"), expected))?;
        columns.place(if scope == Scope::Region { "region" } else { "marketplace_id" });
        // What is about a day or a period often says on no row which one it is.
        let is_dated =
            matches!(extraction, Extraction::Daily { .. }) || matches!(edges, Edges::Periods(_));
        if is_dated {
            columns.place(REPORT_DATE);
        }
        columns
            .keys(self.entry.keys.as_deref().unwrap_or_default())
            .or_else(|expected| self.wrong("keys", expected))?;
        let replication_key = match self.entry.replication_key.as_deref() {
            Some(key) => Some(leaked(key)),
            None => is_dated.then_some(REPORT_DATE),
        };
        if let Some(key) = replication_key {
            columns.require(key).or_else(|expected| self.wrong("replication_key", expected))?;
        }
        let report = Report {
            report_type: self.known.name,
            options: leaked_list(self.options()?),
            scope,
            regions: &Region::ALL,
            extraction,
            lookback: TimeDelta::days(self.lookback_days(extraction, edges).into()),
            edges,
            regeneration: TimeDelta::minutes(self.known.remade_minutes.into()),
            roles: self.known.roles,
        };
        Ok(Stream {
            name: leaked(&self.entry.name),
            schema: leaked(&columns.schema().to_string()),
            keys: leaked_list(columns.key_names()),
            replication_key,
            // Personal data of buyers is extracted only if somebody selects it.
            selected_by_default: !self.known.is_restricted,
            source: Source::Report {
                report: Box::leak(Box::new(report)),
                shape: self.shape(shape_of, leaked_list(columns.into_columns()))?,
            },
        })
    }

    /// What one report covers.
    fn scope(&self, named: Option<&[&'static Marketplace]>) -> Result<Scope, ConfigError> {
        let scope = match self.entry.scope.as_deref() {
            None => self.known.scope,
            Some("region") => Scope::Region,
            Some("marketplace") => Scope::Marketplace,
            Some(_) => return self.wrong("scope", "region or marketplace"),
        };
        let Some(list) = &self.entry.marketplaces else { return Ok(scope) };
        if scope == Scope::Region {
            return self.wrong(
                "marketplaces",
                "nothing, because one report covers a region, whatever marketplaces it is asked for",
            );
        }
        let mut wanted = Vec::new();
        for name in list.clone().items() {
            match Marketplace::find(&name) {
                Some(found) if named.is_none_or(|named| named.contains(&found)) => {
                    wanted.push(found.id);
                }
                Some(_) => {
                    return self
                        .wrong("marketplaces", "marketplaces that `marketplaces` names too");
                }
                None => {
                    let expected = "country codes (such as US, UK or DE) or Amazon's ids";
                    return self.wrong("marketplaces", expected);
                }
            }
        }
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return self.wrong("marketplaces", "at least one, or no such setting");
        }
        Ok(Scope::Only(leaked_list(wanted)))
    }

    /// Which reports are due, and where windows may begin and end.
    fn extraction(&self) -> Result<(Extraction, Edges), ConfigError> {
        let retention_days = self.entry.retention_days.unwrap_or(self.known.retention_days);
        let retention = (retention_days > 0).then(|| TimeDelta::days(retention_days.into()));
        let longest = |days: u16| TimeDelta::days(self.entry.longest_days.unwrap_or(days).into());
        // A second less, because some types refuse a range of just that length.
        let window =
            |days| Extraction::Window { longest: longest(days) - TimeDelta::seconds(1), retention };
        let daily = Extraction::Daily {
            lookback_days: self.entry.lookback_days.unwrap_or(LOOKBACK_DAYS),
            retention_days: if retention_days == 0 { NO_LIMIT_DAYS } else { retention_days.into() },
        };
        let named = self.entry.extraction.as_deref();
        let is_listed = matches!(self.known.origin, Origin::Listed | Origin::Scheduled);
        if is_listed && named.is_some_and(|named| named != LISTED) {
            return self.wrong("extraction", "listed, because Amazon makes this report by itself");
        }
        if is_listed || named == Some(LISTED) {
            return Ok((Extraction::Listed, Edges::Moments));
        }
        Ok(match (named, self.known.rhythm) {
            (Some("snapshot"), _) | (None, Rhythm::Snapshot) => {
                (Extraction::Snapshot, Edges::Moments)
            }
            (Some("daily"), _) | (None, Rhythm::Days) => (daily, Edges::Moments),
            (None | Some("window"), Rhythm::Periods) => match self.period()? {
                None => (daily, Edges::Moments),
                Some(period) => {
                    let longest = period.longest();
                    (Extraction::Window { longest, retention }, Edges::Periods(period))
                }
            },
            (None | Some("window"), Rhythm::Range(days)) => (window(days), Edges::Moments),
            (Some("window"), _) => (window(LONGEST_DAYS), Edges::Moments),
            (Some(_), _) => return self.wrong("extraction", "snapshot, window, daily or listed"),
        })
    }

    /// How many days are read again. Without keys a row that Amazon corrects would stay beside its
    /// correction, so what is not a day's report is read once then; and so is a period, which has ended.
    fn lookback_days(&self, extraction: Extraction, edges: Edges) -> u32 {
        let has_keys = self.entry.keys.as_ref().is_some_and(|keys| !keys.is_empty());
        let days = match (extraction, edges) {
            (Extraction::Daily { lookback_days, .. }, _) => lookback_days,
            (Extraction::Window { .. }, Edges::Moments) if has_keys => {
                self.entry.lookback_days.unwrap_or(LOOKBACK_DAYS)
            }
            (Extraction::Window { .. }, _) => self.entry.lookback_days.unwrap_or_default(),
            (Extraction::Snapshot | Extraction::Listed, _) => 0,
        };
        if days > 0 && !has_keys {
            tracing::warn!(
                "config: custom_reports.{}: {days} days are read again and rows have no keys, so that what \
                 Amazon corrects stays beside its correction; name keys, or set lookback_days to 0",
                self.entry.name
            );
        }
        days
    }

    /// How long the periods are that the report is about; nothing for days.
    fn period(&self) -> Result<Option<Period>, ConfigError> {
        let options = self.entry.options.iter().flatten();
        let mut named = options.filter(|(name, _)| *name == PERIOD).map(|(_, value)| value);
        match named.next().and_then(Value::as_str) {
            Some("DAY") => Ok(None),
            Some("WEEK") => Ok(Some(Period::Week)),
            Some("MONTH") => Ok(Some(Period::Month)),
            Some("QUARTER") => Ok(Some(Period::Quarter)),
            Some("YEAR") => Ok(Some(Period::Year)),
            _ => self.wrong(
                &format!("options.{PERIOD}"),
                "DAY, WEEK, MONTH, QUARTER or YEAR; Amazon makes this report only for whole periods",
            ),
        }
    }

    /// Amazon's report options, in the order of their names.
    fn options(&self) -> Result<Vec<(&'static str, &'static str)>, ConfigError> {
        let mut options = Vec::new();
        for (name, value) in self.entry.options.iter().flatten() {
            let value = match value {
                Value::String(text) => leaked(text),
                Value::Bool(_) | Value::Number(_) => leaked(&value.to_string()),
                _ => {
                    return self.wrong(&format!("options.{name}"), "a text, a number or a boolean");
                }
            };
            options.push((leaked(name), value));
        }
        if self.known.is_localized && !options.iter().any(|(name, _)| *name == LOCALE.0) {
            options.push(LOCALE);
        }
        options.sort_unstable();
        Ok(options)
    }

    /// What the documents are.
    fn format(&self) -> Result<Format, ConfigError> {
        match self.entry.format.as_deref() {
            None => Ok(self.known.format),
            Some("tsv") => Ok(Format::Tsv),
            Some("csv") => Ok(Format::Csv),
            Some("json") => Ok(Format::Json),
            Some("xml") => Ok(Format::Xml),
            Some(_) => self.wrong("format", "tsv, csv, json or xml"),
        }
    }

    /// What a document becomes.
    fn shape(&self, format: Format, columns: &'static [Column]) -> Result<Shape, ConfigError> {
        let syntax = match format {
            Format::Json => Syntax::Json,
            Format::Xml => Syntax::Xml,
            Format::Csv => return Ok(Shape::CommaRows { columns }),
            Format::Tsv | Format::Unreadable(_) => {
                let is_localized = self.known.is_localized;
                let headers = if is_localized { Headers::Localized } else { Headers::English };
                return Ok(Shape::Rows { columns, headers });
            }
        };
        let path = self.entry.path.as_deref().unwrap_or(self.known.path);
        let names = path.strip_prefix('$').unwrap_or(path).split(['.', '/']);
        let names: Vec<_> = names.filter(|name| !name.is_empty()).map(leaked).collect();
        let is_whole = syntax == Syntax::Json && path == "$";
        if names.is_empty() && !is_whole {
            let expected = match syntax {
                Syntax::Json => {
                    "where the list of records is, such as $.dataByAsin; $ for a list itself"
                }
                Syntax::Xml => "where the records are, such as AmazonEnvelope/Message/Order",
            };
            return self.wrong("path", expected);
        }
        Ok(Shape::Elements { syntax, path: leaked_list(names), columns })
    }
}
