//! Which streams there are, by the settings that say so.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};
use singer::config::ConfigError;

use super::custom::{self, CustomReport};
use super::{List, StreamConfig, marketplaces, wrong};
use crate::compat::{self, ListingColumns, hotglue};
use crate::marketplace::Marketplace;
use crate::streams::Roster;

/// The streams that there are under a configuration whose schema has been checked.
pub fn roster(settings: &Map<String, Value>) -> Result<Roster, ConfigError> {
    #[derive(Deserialize)]
    struct Written {
        marketplaces: Option<List>,
        custom_reports: Option<Vec<CustomReport>>,
        compat: Option<Compat>,
        listing_columns: Option<ListingColumns>,
        streams: Option<BTreeMap<String, StreamConfig>>,
    }
    let written: Written = singer::config::read(settings.clone())?;
    StreamSettings {
        marketplaces: marketplaces(written.marketplaces)?.as_deref(),
        custom_reports: written.custom_reports,
        compat: written.compat,
        listing_columns: written.listing_columns,
        streams: written.streams.as_ref(),
    }
    .roster()
}

/// The settings that say which streams there are.
pub(super) struct StreamSettings<'a> {
    pub(super) marketplaces: Option<&'a [&'static Marketplace]>,
    pub(super) custom_reports: Option<Vec<CustomReport>>,
    pub(super) compat: Option<Compat>,
    pub(super) listing_columns: Option<ListingColumns>,
    pub(super) streams: Option<&'a BTreeMap<String, StreamConfig>>,
}

impl StreamSettings<'_> {
    pub(super) fn roster(self) -> Result<Roster, ConfigError> {
        let custom = self.custom_reports.unwrap_or_default();
        let roster = custom::roster(custom, self.marketplaces)?;
        let roster = sourced(roster, self.streams, self.compat)?;
        let roster = match self.compat {
            None => roster,
            Some(Compat::Hotglue) => {
                roster.dressed(hotglue(self.listing_columns.unwrap_or_default()))
            }
        };
        let mut names = BTreeSet::new();
        if let Some(twice) = roster.streams().find(|stream| !names.insert(stream.name)) {
            let expected = format!("names of their own; there is a stream {} already", twice.name);
            return wrong("custom_reports", expected);
        }
        for name in self.streams.into_iter().flat_map(BTreeMap::keys) {
            if roster.find(name).is_none() {
                tracing::warn!("config: streams: there is no stream {name:?}");
            }
        }
        Ok(roster)
    }
}

/// Another tap whose streams are written in the place of this tap's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Compat {
    Hotglue,
}

/// The streams with the sources that their settings name, or that the other tap has where they say nothing.
fn sourced(
    roster: Roster,
    settings: Option<&BTreeMap<String, StreamConfig>>,
    compat: Option<Compat>,
) -> Result<Roster, ConfigError> {
    let settings = settings.into_iter().flatten();
    let choices = settings.filter_map(|(name, it)| Some((name.as_str(), it.source.as_deref()?)));
    let mut choices: Vec<_> = choices.collect();
    let others = compat.map_or(&[][..], |Compat::Hotglue| compat::HOTGLUE_SOURCES);
    let named: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    choices.extend(others.iter().filter(|(name, _)| !named.contains(name)));
    roster.sourced(&choices).or_else(|error| wrong("streams", error.to_string()))
}
