//! The configuration, parsed into values that cannot be wrong later.

mod custom;
mod roster;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Utc};
use indexmap::IndexMap;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use singer::about::About;
use singer::config::ConfigError;
use url::Url;

use crate::compat::ListingColumns;
use crate::marketplace::{Marketplace, Region};
use crate::streams::{AsinGranularity, Roster};
use crate::veil::Veils;
use custom::CustomReport;
pub use roster::roster;
use roster::{Compat, StreamSettings};
use tokens::refresh_tokens;

/// What `--about` says, and what a configuration is checked against.
pub static ABOUT: About = About {
    name: "tap-amazon-seller",
    description: env!("CARGO_PKG_DESCRIPTION"),
    version: env!("CARGO_PKG_VERSION"),
    capabilities: &[
        "about",
        "catalog",
        "discover",
        "properties",
        "state",
        "structured-logging",
        "test",
    ],
    settings: include_str!("../../settings.json"),
    streams: || Roster::table().streams().map(|stream| stream.name).collect(),
    crates: &["api_client", "singer"],
};

/// Where incremental streams begin when nobody says so: far enough back to be useful, near enough to
/// finish within minutes.
const DEFAULT_HISTORY: TimeDelta = TimeDelta::days(30);

/// What this run is to do. Secrets print as `[REDACTED]`, and it cannot be written back.
#[derive(Debug)]
pub struct Config {
    /// Client identifier of the application.
    pub client_id: String,
    /// Client secret of the application.
    pub client_secret: SecretString,
    /// The seller's consent for each region that is to be read.
    pub refresh_tokens: BTreeMap<Region, SecretString>,
    /// Whether a region that the token does not open is passed over, because the user named none.
    pub regions: Regions,
    /// Marketplaces to read; nothing means all that the account takes part in.
    pub marketplaces: Option<Vec<&'static Marketplace>>,
    /// Where incremental streams begin without a bookmark.
    pub start: DateTime<Utc>,
    /// The start, if the user named it: nothing before it is extracted, whatever a bookmark says.
    pub earliest: Option<DateTime<Utc>>,
    /// Where incremental streams stop, exclusive.
    pub end: Option<DateTime<Utc>>,
    /// Every stream that there is.
    pub roster: Roster,
    /// What nobody is to see.
    pub veils: Veils,
    /// Settings of single streams.
    pub streams: BTreeMap<String, StreamConfig>,
    /// Amazon's id of the seller in each region, as far as the user names it.
    pub seller_ids: BTreeMap<Region, String>,
    /// What `product_catalog` reads.
    pub scope: CatalogScope,
    /// First pause between two looks at a report.
    pub poll_interval: Duration,
    /// How long a report may take.
    pub report_timeout: Duration,
    /// How long one call may be refused or fail.
    pub max_wait: Duration,
    /// Where to log in.
    pub login_endpoint: String,
    /// Where to call each region.
    pub endpoints: BTreeMap<Region, String>,
}

/// Settings of older taps that mean nothing to this one.
const IGNORED: &[(&str, &str)] = &[
    ("aws_access_key", "Amazon no longer asks for signed requests"),
    ("aws_secret_key", "Amazon no longer asks for signed requests"),
    ("role_arn", "Amazon no longer asks for signed requests"),
    ("report_types", "every report is a stream of its own; see custom_reports"),
    ("processing_status", "reports that are under way are taken up by what they were asked for"),
    ("products_include_data", "data sets are asked for as properties are selected"),
];

/// How the regions of a run came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regions {
    /// The user named tokens by region, or marketplaces: a region that refuses is an error.
    Named,
    /// The user gave one token and no marketplaces: regions that refuse it are not the seller's.
    Tried,
}

/// Settings of one stream.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct StreamConfig {
    /// Days before the bookmark that are read again.
    pub lookback_days: Option<u32>,
    /// What one record of sales and traffic is about.
    pub asin_granularity: Option<String>,
    /// The name of the source that feeds the stream, if not the table's.
    pub source: Option<String>,
}

/// What `product_catalog` reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogScope {
    /// The ASINs of the seller's listings.
    Listings,
    /// These ASINs, in every marketplace.
    Asins(Vec<String>),
    /// What a search finds for these brands.
    Brands(Vec<String>),
}

/// A shorthand for what is wrong with a setting; `expected` never holds the value.
fn wrong<T>(setting: &str, expected: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError::setting(setting, expected))
}

/// The configuration as it is written; its schema has been checked.
#[derive(Deserialize)]
struct Written {
    lwa_client_id: String,
    lwa_client_secret: SecretString,
    refresh_token: Option<SecretString>,
    refresh_tokens: Option<BTreeMap<String, SecretString>>,
    marketplaces: Option<List>,
    start_date: Option<String>,
    end_date: Option<String>,
    streams: Option<BTreeMap<String, StreamConfig>>,
    custom_reports: Option<Vec<CustomReport>>,
    seller_id: Option<String>,
    seller_ids: Option<BTreeMap<String, String>>,
    asins: Option<List>,
    asin_file: Option<PathBuf>,
    brands: Option<List>,
    poll_interval_seconds: Option<f64>,
    report_timeout_minutes: Option<f64>,
    max_wait_minutes: Option<f64>,
    sandbox: Option<bool>,
    endpoints: Option<IndexMap<String, String>>,
    include_pii: Option<bool>,
    compat: Option<Compat>,
    listing_columns: Option<ListingColumns>,
    mask: Option<BTreeMap<String, String>>,
    mask_salt: Option<SecretString>,
}

/// A list, or comma text.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum List {
    Items(Vec<String>),
    Text(String),
}

impl List {
    fn items(self) -> Vec<String> {
        let items = match self {
            Self::Items(items) => items,
            Self::Text(text) => text.split(',').map(str::to_owned).collect(),
        };
        items.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    }
}

impl Config {
    /// Reads a configuration whose schema has been checked. `now` is where a run ends and from where
    /// the default start is counted.
    pub fn parse(settings: Map<String, Value>, now: DateTime<Utc>) -> Result<Self, ConfigError> {
        for (ignored, reason) in IGNORED {
            if settings.get(*ignored).is_some_and(|value| !value.is_null()) {
                tracing::warn!("config: {ignored}: ignored; {reason}");
            }
        }
        let written: Written = singer::config::read(settings)?;
        Self::understood(written, now)
    }

    fn understood(written: Written, now: DateTime<Utc>) -> Result<Self, ConfigError> {
        let marketplaces = marketplaces(written.marketplaces)?;
        let (refresh_tokens, regions) =
            refresh_tokens(written.refresh_tokens, written.refresh_token, marketplaces.as_deref())?;
        let earliest = moment("start_date", written.start_date)?;
        let start = earliest.unwrap_or((now - DEFAULT_HISTORY).trunc_subsecs(0));
        let end = moment("end_date", written.end_date)?;
        if end.is_some_and(|end| end <= start) {
            return wrong("end_date", "a time after start_date");
        }
        let (login_endpoint, endpoints) =
            endpoints(written.endpoints, written.sandbox.unwrap_or_default())?;
        let granularities = written.streams.iter().flat_map(BTreeMap::values);
        let granularities = granularities.filter_map(|it| it.asin_granularity.as_deref());
        if granularities.collect::<BTreeSet<_>>().len() > 1 {
            return wrong(
                "streams",
                "the same asin_granularity for all streams of sales and traffic",
            );
        }
        let roster = StreamSettings {
            marketplaces: marketplaces.as_deref(),
            custom_reports: written.custom_reports,
            compat: written.compat,
            listing_columns: written.listing_columns,
            streams: written.streams.as_ref(),
        }
        .roster()?;
        let roster = if written.include_pii.unwrap_or_default() {
            roster
        } else {
            roster.without_personal_data()
        };
        Ok(Self {
            client_id: written.lwa_client_id,
            client_secret: written.lwa_client_secret,
            refresh_tokens,
            regions,
            marketplaces,
            start,
            earliest,
            end,
            veils: Veils::new(&written.mask.unwrap_or_default(), written.mask_salt, &roster)?,
            roster,
            streams: written.streams.unwrap_or_default(),
            seller_ids: seller_ids(written.seller_id.as_deref(), written.seller_ids),
            scope: scope(written.asins, written.asin_file.as_deref(), written.brands)?,
            poll_interval: seconds("poll_interval_seconds", written.poll_interval_seconds, 5.0)?,
            report_timeout: minutes(
                "report_timeout_minutes",
                written.report_timeout_minutes,
                60.0,
            )?,
            max_wait: minutes("max_wait_minutes", written.max_wait_minutes, 60.0)?,
            login_endpoint,
            endpoints,
        })
    }

    /// What one record of sales and traffic is about. The same documents feed all streams of them, so it
    /// does not matter in the settings of which one it stands, nor which of them are selected.
    #[must_use]
    pub fn asin_granularity(&self) -> AsinGranularity {
        let mut named = self.streams.values().filter_map(|it| it.asin_granularity.as_deref());
        match named.next() {
            Some("PARENT") => AsinGranularity::Parent,
            Some("SKU") => AsinGranularity::Sku,
            _ => AsinGranularity::Child,
        }
    }

    /// The settings of a stream; the defaults where there are none.
    #[must_use]
    pub fn stream(&self, name: &str) -> StreamConfig {
        self.streams.get(name).cloned().unwrap_or_default()
    }
}

/// The marketplaces that were named, each once.
fn marketplaces(written: Option<List>) -> Result<Option<Vec<&'static Marketplace>>, ConfigError> {
    let names = written.map(List::items).unwrap_or_default();
    let mut found: Vec<&'static Marketplace> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let Some(marketplace) = Marketplace::find(name) else {
            let place = index + 1;
            return wrong(
                "marketplaces",
                format!(
                    "country codes (such as US, UK or DE) or Amazon's ids; entry {place} is neither"
                ),
            );
        };
        if !found.iter().any(|known| known.id == marketplace.id) {
            found.push(marketplace);
        }
    }
    Ok(Some(found).filter(|found| !found.is_empty()))
}

/// Amazon's id of the seller in each region: the one that is named for it, or the one for all.
fn seller_ids(
    one: Option<&str>,
    by_region: Option<BTreeMap<String, String>>,
) -> BTreeMap<Region, String> {
    let mut by_region = by_region.unwrap_or_default();
    let id = |region: Region| {
        let id = by_region.remove(region.code()).or_else(|| one.map(str::to_owned));
        id.filter(|id| !id.is_empty()).map(|id| (region, id))
    };
    Region::ALL.map(id).into_iter().flatten().collect()
}

/// A date, which means its first moment in UTC, or a time with a zone.
fn moment(
    setting: &'static str,
    written: Option<String>,
) -> Result<Option<DateTime<Utc>>, ConfigError> {
    let Some(text) = written.filter(|text| !text.is_empty()) else { return Ok(None) };
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(Some(date.and_time(NaiveTime::MIN).and_utc()));
    }
    match DateTime::parse_from_rfc3339(&text) {
        Ok(time) => Ok(Some(time.with_timezone(&Utc))),
        Err(_) => {
            wrong(setting, "a date (2026-01-31) or a time with a zone (2026-01-31T00:00:00Z)")
        }
    }
}

fn seconds(
    setting: &'static str,
    written: Option<f64>,
    default: f64,
) -> Result<Duration, ConfigError> {
    match Duration::try_from_secs_f64(written.unwrap_or(default)) {
        Ok(duration) => Ok(duration),
        Err(_) => wrong(setting, "a length of time"),
    }
}

fn minutes(
    setting: &'static str,
    written: Option<f64>,
    default: f64,
) -> Result<Duration, ConfigError> {
    seconds(setting, Some(written.unwrap_or(default) * 60.0), default)
}

/// What `product_catalog` is to read: at most one of the three settings.
fn scope(
    asins: Option<List>,
    file: Option<&Path>,
    brands: Option<List>,
) -> Result<CatalogScope, ConfigError> {
    let asins = asins.map(List::items).filter(|asins| !asins.is_empty());
    let brands = brands.map(List::items).filter(|brands| !brands.is_empty());
    match (asins, file, brands) {
        (None, None, None) => Ok(CatalogScope::Listings),
        (Some(asins), None, None) => Ok(CatalogScope::Asins(each_once(asins))),
        (None, None, Some(brands)) => Ok(CatalogScope::Brands(each_once(brands))),
        (None, Some(file), None) => match std::fs::read_to_string(file) {
            Ok(text) => Ok(CatalogScope::Asins(each_once(
                List::Text(text.replace(['\n', '\r'], ",")).items(),
            ))),
            Err(error) => {
                wrong("asin_file", format!("a file that can be read; {}: {error}", file.display()))
            }
        },
        _ => wrong("asins", "only one of asins, asin_file and brands"),
    }
}

fn each_once(items: Vec<String>) -> Vec<String> {
    items.into_iter().collect::<indexmap::IndexSet<_>>().into_iter().collect()
}

/// Where to log in, and where to call each region.
fn endpoints(
    written: Option<IndexMap<String, String>>,
    sandbox: bool,
) -> Result<(String, BTreeMap<Region, String>), ConfigError> {
    let written = written.unwrap_or_default();
    for address in written.values() {
        let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none() {
            return wrong("endpoints", "http or https addresses");
        }
    }
    let login = written.get("lwa").cloned().unwrap_or_else(|| "https://api.amazon.com".to_owned());
    let endpoint = |region: Region| {
        let amazon = if sandbox { region.sandbox_endpoint() } else { region.endpoint() };
        (region, written.get(region.code()).cloned().unwrap_or_else(|| amazon.to_owned()))
    };
    Ok((login, Region::ALL.map(endpoint).into()))
}

#[cfg(test)]
mod tests;
