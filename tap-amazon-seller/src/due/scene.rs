//! For tests: a run up to the point at which it is known what may be due.

use serde_json::{Value, json};

use crate::account::{self, Area};
use crate::config::Config;
use crate::plan::Bounds;
use crate::selection::{Selected, selected};

/// When all of these runs start.
const NOW: &str = "2026-11-21T12:00:00Z";

/// A configuration that works, with these further settings.
pub(crate) fn config(settings: Value) -> Config {
    let Value::Object(mut settings) = settings else { panic!("settings are an object") };
    for name in ["lwa_client_id", "lwa_client_secret", "refresh_token"] {
        settings.insert(name.to_owned(), json!("x"));
    }
    Config::parse(settings, NOW.parse().unwrap()).unwrap()
}

/// A run of some streams in marketplaces that are named.
pub(crate) struct Scene {
    pub(crate) config: Config,
    pub(crate) areas: Vec<Area>,
    pub(crate) selected: Vec<Selected>,
    pub(crate) bounds: Bounds,
}

impl Scene {
    /// The run with these settings.
    pub(crate) fn new(settings: Value, streams: &[&str]) -> Self {
        let config = config(settings);
        let policy = api_client::RetryPolicy::default();
        let areas = account::presumed(&config, policy).unwrap().expect("marketplaces are named");
        let names: Vec<_> = streams.iter().map(|name| (*name).to_owned()).collect();
        let selected = selected(&config.roster, None, &names).unwrap();
        let bounds = Bounds {
            start: config.start,
            earliest: config.earliest,
            end: config.end,
            now: NOW.parse().unwrap(),
        };
        Self { config, areas, selected, bounds }
    }
}
