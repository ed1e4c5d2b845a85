//! Which consent opens which region.

use std::collections::BTreeMap;

use secrecy::SecretString;
use singer::config::ConfigError;

use super::{Regions, wrong};
use crate::marketplace::{Marketplace, Region};

/// The token of each region that is to be read.
pub(super) fn refresh_tokens(
    by_region: Option<BTreeMap<String, SecretString>>,
    one: Option<SecretString>,
    marketplaces: Option<&[&'static Marketplace]>,
) -> Result<(BTreeMap<Region, SecretString>, Regions), ConfigError> {
    let wanted: Vec<Region> = match marketplaces {
        Some(marketplaces) => marketplaces.iter().map(|marketplace| marketplace.region).collect(),
        None => Region::ALL.to_vec(),
    };
    let mut by_region = by_region.unwrap_or_default();
    let by_region = Region::ALL.map(|region| Some((region, by_region.remove(region.code())?)));
    let mut tokens: BTreeMap<_, _> = by_region.into_iter().flatten().collect();
    let tried = tokens.is_empty() && marketplaces.is_none();
    if let Some(one) = one {
        // A token by region goes before the one for all.
        let all = tokens.is_empty() || marketplaces.is_some();
        for region in wanted.iter().copied().filter(|_| all) {
            tokens.entry(region).or_insert_with(|| one.clone());
        }
    }
    if tokens.is_empty() {
        return wrong(
            "refresh_token",
            "a refresh token here, or one for each region in refresh_tokens",
        );
    }
    if marketplaces.is_some() {
        if let Some(region) = wanted.iter().find(|region| !tokens.contains_key(region)) {
            let name = region.code();
            return wrong(
                "refresh_tokens",
                format!("a token for {name}, because marketplaces names some of that region"),
            );
        }
        tokens.retain(|region, _| wanted.contains(region));
    }
    Ok((tokens, if tried { Regions::Tried } else { Regions::Named }))
}
