//! Which streams a run extracts, and which of their properties.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use singer::catalog::{Catalog, CatalogEntry, Selection};
use singer::cli::Usage;
use singer::config::ConfigError;
use singer::mask::Mask;

use crate::compat::Fit;
use crate::config::Config;
use crate::streams::{Roster, Source, Stream};
use crate::veil::Veil;

/// A stream that is to be extracted.
#[derive(Debug)]
pub struct Selected {
    /// The stream.
    pub stream: &'static Stream,
    /// What its records look like: the tap's own schema, or the one that a catalog puts in its place.
    pub schema: Value,
    /// The properties that go out.
    pub mask: Mask,
    /// Whether to begin anew, whatever the bookmark says.
    pub anew: bool,
    /// What the user wants nobody to see.
    pub veil: Option<Arc<Veil>>,
    /// How the records are dressed, if the stream stands for one of another tap.
    pub fit: Option<Arc<Fit>>,
}

impl Selected {
    /// Whether a property of this tap's own record is needed, be it for one that goes out.
    #[must_use]
    pub fn wants(&self, property: &str) -> bool {
        let is_selected = |name: &str| self.mask.keeps(&[name]);
        match &self.fit {
            None => is_selected(property),
            Some(fit) => fit.needs(property, is_selected),
        }
    }
}

/// Fails if a selected stream needs a setting that the configuration leaves out.
pub fn complete(config: &Config, selected: &[Selected]) -> Result<(), ConfigError> {
    let needs_seller = |it: &&Selected| matches!(it.stream.source, Source::ListingsItems { .. });
    match selected.iter().find(needs_seller) {
        Some(needing) if config.seller_ids.is_empty() => Err(ConfigError::setting(
            "seller_id",
            format!(
                "Amazon's id of the seller (Seller Central calls it merchant token), which {} is \
                 asked for with",
                needing.stream.name
            ),
        )),
        _ => Ok(()),
    }
}

/// What decides the rows of those of the selected streams that the configuration describes, by their names.
#[must_use]
pub fn fingerprints(config: &Config, selected: &[Selected]) -> BTreeMap<&'static str, String> {
    let fingerprint = |each: &Selected| {
        let fingerprint = config.roster.fingerprint(each.stream)?;
        Some((each.stream.name, fingerprint.to_owned()))
    };
    selected.iter().filter_map(fingerprint).collect()
}

/// What `--discover` prints: everything that this tap can extract, with nothing chosen; or, if streams are
/// named, these alone and selected.
pub fn catalog(roster: &Roster, named: &[String]) -> anyhow::Result<Catalog> {
    known(roster, named)?;
    let is_wanted = |stream: &&Stream| named.is_empty() || named.iter().any(|it| it == stream.name);
    let mut streams = Vec::new();
    for stream in roster.streams().filter(is_wanted) {
        let mut entry = entry(roster, stream)?;
        if !named.is_empty() {
            entry.select();
        }
        streams.push(entry);
    }
    Ok(Catalog { streams, ..Catalog::default() })
}

/// Fails if a stream is named that there is not.
fn known(roster: &Roster, named: &[String]) -> Result<(), Usage> {
    match named.iter().find(|name| roster.find(name).is_none()) {
        Some(unknown) => {
            Err(Usage(format!("--streams: there is no stream {unknown:?}; see --discover")))
        }
        None => Ok(()),
    }
}

/// Checks that none of these streams holds personal data that must not be extracted.
fn permitted(roster: &Roster, named: &[String]) -> Result<(), Usage> {
    let is_withheld = |name: &&String| roster.find(name).is_some_and(|it| roster.withholds(it));
    match named.iter().find(is_withheld) {
        Some(personal) => Err(Usage(format!(
            "--streams: {personal} holds personal data; set include_pii to extract it"
        ))),
        None => Ok(()),
    }
}

fn entry(roster: &Roster, stream: &Stream) -> serde_json::Result<CatalogEntry> {
    let selection =
        if stream.selected_by_default { Selection::ByDefault } else { Selection::OnRequest };
    let dress = roster.dress(stream);
    let (schema, keys) =
        dress.map_or((stream.schema, stream.keys), |dress| (dress.schema, dress.keys));
    Ok(CatalogEntry::discovered(
        stream.name,
        serde_json::from_str(schema)?,
        keys,
        stream.replication_key,
        selection,
    ))
}

/// Names the streams that a catalog selects and nobody knows.
fn say_unknown(roster: &Roster, catalog: Option<&Catalog>) {
    for entry in catalog.iter().flat_map(|catalog| &catalog.streams) {
        if entry.is_selected() && roster.find(&entry.tap_stream_id).is_none() {
            tracing::warn!("catalog: there is no stream {:?}; passed over", entry.tap_stream_id);
        }
    }
}

/// The streams to extract, in the order of the roster: those that a catalog selects, or all that are
/// selected by default; of these only the ones that the command line names, if it names any.
pub fn selected(
    roster: &Roster,
    catalog: Option<&Catalog>,
    named: &[String],
) -> anyhow::Result<Vec<Selected>> {
    known(roster, named)?;
    permitted(roster, named)?;
    say_unknown(roster, catalog);
    let mut chosen = Vec::new();
    for stream in roster.streams() {
        let is_named = named.iter().any(|name| name == stream.name);
        if !named.is_empty() && !is_named {
            continue;
        }
        let own = entry(roster, stream)?;
        // A stream that is named without a catalog is wanted even if it is not selected by default.
        let (entry, wanted) = match catalog {
            Some(catalog) => match catalog.entry(stream.name) {
                Some(entry) => (entry.clone(), entry.is_selected()),
                None => continue,
            },
            None => (own.clone(), is_named || stream.selected_by_default),
        };
        if wanted && roster.withholds(stream) {
            tracing::warn!(
                "{}: holds personal data; passed over, because include_pii is not set",
                stream.name
            );
        } else if wanted {
            let mask = Mask::of(&entry);
            let anew = stream.replication_key.is_some() && entry.is_full_table();
            let replaced = entry.schema.get("properties").is_some_and(Value::is_object);
            let schema = if replaced { entry.schema } else { own.schema };
            let fit = roster.dress(stream).map(Fit::new).transpose()?.map(Arc::new);
            chosen.push(Selected { stream, schema, mask, anew, veil: None, fit });
        }
    }
    if chosen.is_empty() {
        tracing::warn!("no stream is selected, so this run extracts nothing");
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(selected: &[Selected]) -> Vec<&str> {
        selected.iter().map(|selected| selected.stream.name).collect()
    }

    #[test]
    fn without_a_catalog_the_defaults_are_extracted() {
        let selected = selected(&Roster::table(), None, &[]).unwrap();
        let defaults: Vec<_> =
            Roster::table().streams().filter(|s| s.selected_by_default).map(|s| s.name).collect();
        assert_eq!(names(&selected), defaults);
        assert!(selected.iter().all(|selected| selected.mask.is_all()));
    }

    #[test]
    fn streams_can_be_named_and_a_wrong_name_is_told() {
        let chosen = selected(&Roster::table(), None, &["product_catalog".to_owned()]).unwrap();
        assert_eq!(names(&chosen), ["product_catalog"]);
        let error = selected(&Roster::table(), None, &["producks".to_owned()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"--streams: there is no stream "producks"; see --discover"#
        );
        assert!(error.is::<Usage>());
    }

    #[test]
    fn a_catalog_of_named_streams_selects_them_and_no_other() {
        let roster = Roster::table();
        let catalog = catalog(&roster, &["account".to_owned(), "orders".to_owned()]).unwrap();
        assert_eq!(catalog.streams.len(), 2);
        let chosen = selected(&roster, Some(&catalog), &[]).unwrap();
        assert_eq!(names(&chosen), ["account", "orders"]);
        assert!(super::catalog(&roster, &["accounts".to_owned()]).is_err());
    }

    #[test]
    fn a_stream_that_a_catalog_leaves_out_is_not_extracted() {
        let roster = Roster::table();
        let mut catalog = catalog(&roster, &[]).unwrap();
        catalog.streams.retain(|entry| entry.stream == "orders");
        assert_eq!(names(&selected(&roster, Some(&catalog), &[]).unwrap()), ["orders"]);
    }

    #[test]
    fn a_setting_that_a_stream_needs_is_named() {
        let settings = |more: serde_json::Value| {
            let mut settings = serde_json::json!({"lwa_client_id": "x", "lwa_client_secret": "x", "refresh_token": "x"});
            settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let now = "2026-11-21T12:00:00Z".parse().unwrap();
            Config::parse(settings.as_object().unwrap().clone(), now).unwrap()
        };
        let details = selected(&Roster::table(), None, &["product_details".to_owned()]).unwrap();
        let without = settings(serde_json::json!({}));
        let error = complete(&without, &details).unwrap_err().to_string();
        assert!(error.starts_with("config: `seller_id`: expected "), "{error}");
        let defaults = selected(&Roster::table(), None, &[]).unwrap();
        complete(&without, &defaults).unwrap();
        for named in [
            serde_json::json!({"seller_id": "A1"}),
            serde_json::json!({"seller_ids": {"eu": "A1"}}),
        ] {
            complete(&settings(named), &details).unwrap();
        }
    }
}
