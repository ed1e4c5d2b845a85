//! The seller's account: the regions that its tokens open and the marketplaces it takes part in.

use api_client::{BuildError, Error, RetryPolicy, TokenCache};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::api::{Api, Participation};
use crate::config::{Config, Regions};
use crate::login::{Credentials, Login};
use crate::marketplace::{Marketplace, Region};

/// One region, as this account sees it.
#[derive(Debug, Clone)]
pub struct Area {
    /// The region's API.
    pub api: Api,
    /// The marketplaces that this run reads.
    pub marketplaces: Vec<&'static Marketplace>,
    /// The marketplaces that the configuration names, of all regions; nothing if it leaves that to Amazon.
    named: Option<Vec<&'static Marketplace>>,
    /// Every marketplace that the account takes part in, as records of the stream `marketplaces`; nothing
    /// where Amazon was not asked or does not say.
    pub records: Option<Vec<Vec<u8>>>,
}

impl Area {
    /// The region.
    #[must_use]
    pub fn region(&self) -> Region {
        self.api.region
    }

    /// A region whose marketplaces only the configuration names.
    #[must_use]
    pub fn presumed(api: Api, named: &[&'static Marketplace]) -> Self {
        let own = named.iter().copied().filter(|marketplace| marketplace.region == api.region);
        let named = Some(named.to_vec());
        Self { marketplaces: own.collect(), named, records: None, api }
    }

    /// A region whose marketplaces Amazon has named: of these the ones in which the account takes part
    /// and that the configuration wants.
    #[must_use]
    pub fn of(api: Api, participations: &[Participation], config: &Config) -> Self {
        let mut marketplaces = Vec::new();
        let mut records = Vec::new();
        for participation in participations {
            records.extend(record(api.region, participation));
            let identity: Option<Identity> =
                serde_json::from_str(participation.marketplace.get()).ok();
            // Amazon also lists places that no other operation accepts, such as "Non-Amazon" ones.
            let Some(marketplace) = identity.and_then(|identity| Marketplace::find(&identity.id))
            else {
                continue;
            };
            let standing: Option<Standing> = participation
                .participation
                .as_ref()
                .and_then(|raw| serde_json::from_str(raw.get()).ok());
            let takes_part = standing.and_then(|standing| standing.is_participating) != Some(false);
            let wanted =
                config.marketplaces.as_ref().is_none_or(|named| named.contains(&marketplace));
            if takes_part && wanted {
                marketplaces.push(marketplace);
            }
        }
        Self { api, marketplaces, named: config.marketplaces.clone(), records: Some(records) }
    }

    /// Whether what Amazon has made of a marketplace is wanted, by its id. Money is settled for weeks after
    /// an account has ceased to take part, so that does not matter, unless the configuration names others.
    #[must_use]
    pub fn wants(&self, id: &str) -> bool {
        self.named.as_ref().is_none_or(|named| named.iter().any(|marketplace| marketplace.id == id))
    }
}

/// Why the account cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A client cannot be made from the configuration.
    #[error("config: endpoints")]
    Build(#[from] BuildError),
    /// A call failed.
    #[error("{region}")]
    Call {
        /// The region that was called.
        region: Region,
        /// How it failed.
        source: Error,
    },
    /// The one token that was given opens no region.
    #[error("the refresh token opens no region; let the seller authorize the application again")]
    NoRegion,
    /// Nothing is left to read.
    #[error("the account takes part in none of the marketplaces that the configuration names")]
    NoMarketplace,
}

/// Prepares to call the regions that the configuration has tokens for; nothing is called.
pub fn connect(config: &Config, policy: RetryPolicy) -> Result<Vec<Api>, AccountError> {
    let regions = config.refresh_tokens.iter();
    let connected = regions.map(|(&region, refresh_token)| {
        let credentials = Credentials {
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            refresh_token: refresh_token.clone(),
        };
        let login = Login::new(&config.login_endpoint, credentials, policy)?;
        let endpoint = config.endpoints.get(&region).map_or(region.endpoint(), String::as_str);
        Ok(Api::new(region, endpoint, TokenCache::new(login), policy)?)
    });
    connected.collect()
}

/// The account as the configuration describes it, without a call; nothing if it names no marketplaces,
/// since only Amazon knows them then.
pub fn presumed(config: &Config, policy: RetryPolicy) -> Result<Option<Vec<Area>>, AccountError> {
    let Some(named) = &config.marketplaces else { return Ok(None) };
    let apis = connect(config, policy)?.into_iter();
    Ok(Some(apis.map(|api| Area::presumed(api, named)).collect()))
}

/// Logs in everywhere and asks which marketplaces there are: one call a region. Where Amazon does not say,
/// as to vendors, those count that the configuration names.
pub async fn open(config: &Config, policy: RetryPolicy) -> Result<Vec<Area>, AccountError> {
    let mut areas = Vec::new();
    for api in connect(config, policy)? {
        match api.participations().await {
            Ok(found) => areas.push(Area::of(api, &found, config)),
            Err(error) if is_foreign(&error, config) => {
                tracing::info!("{}: not this seller's region; passed over", api.region);
            }
            Err(error)
                if let (Error::Forbidden(_), Some(named)) = (&error, &config.marketplaces) =>
            {
                tracing::warn!("{error}; the marketplaces that the configuration names are taken");
                areas.push(Area::presumed(api, named));
            }
            Err(source) => return Err(AccountError::Call { region: api.region, source }),
        }
    }
    if areas.is_empty() {
        return Err(AccountError::NoRegion);
    }
    if areas.iter().all(|area| area.marketplaces.is_empty()) {
        return Err(AccountError::NoMarketplace);
    }
    Ok(areas)
}

/// Whether a region refuses a token because it is not the seller's: a token opens one region and is
/// refused by the others with 403.
#[must_use]
pub fn is_foreign(error: &Error, config: &Config) -> bool {
    matches!(error, Error::Forbidden(_)) && config.regions == Regions::Tried
}

/// The members of a marketplace that decide whether it is read.
#[derive(Deserialize)]
struct Identity {
    id: String,
}

/// The member of a participation that decides whether it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    is_participating: Option<bool>,
}

/// The members of a participation side by side: those of the marketplace, those of the standing, the
/// store's name and the region.
fn record(region: Region, participation: &Participation) -> Option<Vec<u8>> {
    let mut members: IndexMap<String, Box<RawValue>> = IndexMap::new();
    for object in [Some(&participation.marketplace), participation.participation.as_ref()] {
        let Some(object) = object else { continue };
        members.extend(serde_json::from_str::<IndexMap<String, Box<RawValue>>>(object.get()).ok()?);
    }
    if let Some(name) = &participation.store_name {
        members.insert("storeName".to_owned(), name.clone());
    }
    members.insert("region".to_owned(), to_raw_value(region.code()).ok()?);
    serde_json::to_vec(&members).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_participation_becomes_one_flat_record() {
        let participation: Participation = serde_json::from_str(
            r#"{"marketplace": {"id": "ATVPDKIKX0DER", "name": "Amazon.com"}, "storeName": "Bést",
                "participation": {"isParticipating": true, "hasSuspendedListings": false}}"#,
        )
        .unwrap();
        let record = record(Region::Na, &participation).unwrap();
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&record).unwrap(),
            serde_json::json!({"id": "ATVPDKIKX0DER", "name": "Amazon.com", "isParticipating": true,
                "hasSuspendedListings": false, "storeName": "Bést", "region": "na"})
        );
    }
    #[test]
    fn what_was_made_of_a_marketplace_that_ended_is_wanted_unless_others_are_named() {
        let participation = |id: &str, is_participating: bool| {
            let standing = serde_json::json!({"isParticipating": is_participating});
            let both = serde_json::json!({"marketplace": {"id": id}, "participation": standing});
            serde_json::from_str::<Participation>(&both.to_string()).unwrap()
        };
        let (us, brazil) = ("ATVPDKIKX0DER", "A2Q3Y263D00KWC");
        let found = [participation(us, true), participation(brazil, false)];
        for (settings, wants_brazil) in [
            (serde_json::json!({}), true),
            (serde_json::json!({"marketplaces": "US"}), false),
            (serde_json::json!({"marketplaces": "US,BR"}), true),
        ] {
            let config = crate::due::scene::config(settings);
            let api = connect(&config, RetryPolicy::default()).unwrap().remove(0);
            let area = Area::of(api, &found, &config);
            let read: Vec<_> = area.marketplaces.iter().map(|it| it.id).collect();
            assert_eq!((read, area.wants(us), area.wants(brazil)), (vec![us], true, wants_brazil));
        }
    }
}
