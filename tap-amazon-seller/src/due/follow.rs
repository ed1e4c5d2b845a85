//! Streams that are asked for item by item, by what the records of another stream name.

use crate::config::{CatalogScope, Config};
use crate::selection::Selected;
use crate::streams::{Source, Stream};

/// A selected stream that follows another, which is read for its sake whether it is selected or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Follower {
    /// The stream.
    pub stream: &'static Stream,
    /// The stream that goes before.
    pub listings: &'static Stream,
    /// The property in which its records name the items.
    pub property: &'static str,
}

/// The followers of a run; nobody follows where the configuration names what to read.
#[must_use]
pub fn followers(config: &Config, selected: &[Selected]) -> Vec<Follower> {
    let follower = |each: &Selected| {
        let (listings, property) = match each.stream.source {
            Source::CatalogItems { listings, asin } if config.scope == CatalogScope::Listings => {
                (listings, asin)
            }
            Source::ListingsItems { listings, sku } => (listings, sku),
            _ => return None,
        };
        let listings = config.roster.find(listings)?;
        Some(Follower { stream: each.stream, listings, property })
    };
    selected.iter().filter_map(follower).collect()
}
