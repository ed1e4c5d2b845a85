//! Marketplaces that a run passes over, although somebody counts on them.
//!
//! A store is closed, a seller takes the consent back for a country, Amazon suspends an account: the
//! marketplace is no longer among those that the account takes part in. That must not stop the others,
//! and nobody who looks at a table of sales should have to find out by the days that are missing. Each
//! marketplace is named once a run, whatever streams it feeds.

use std::collections::BTreeSet;

use crate::account::Area;
use crate::bookmark::Bookmarks;
use crate::config::Config;
use crate::marketplace::{Marketplace, Region};
use crate::selection::Selected;
use crate::streams::{Scope, Source};

/// What to do if a marketplace should be there.
const OTHERWISE: &str = "otherwise see in Seller Central whether the store is open, and let the seller \
                         authorize the application again";

/// Names what is counted on and not there: by the configuration, or because a state says that it was read.
pub fn say(config: &Config, selected: &[Selected], bookmarks: &Bookmarks, areas: &[Area]) {
    let present: Vec<_> = areas.iter().flat_map(|area| area.marketplaces.iter().copied()).collect();
    let named = named(config, selected);
    // Who names marketplaces has left the others out on purpose.
    let noted: BTreeSet<_> = match config.marketplaces {
        Some(_) => BTreeSet::new(),
        None => selected.iter().flat_map(|each| bookmarks.units(each.stream)).collect(),
    };
    for line in lines(&named, &noted, &present) {
        tracing::warn!("{line}");
    }
}

/// The marketplaces that the configuration names: for all streams, or for a report that it describes.
fn named(config: &Config, selected: &[Selected]) -> Vec<&'static Marketplace> {
    let mut named = config.marketplaces.clone().unwrap_or_default();
    for stream in selected.iter().map(|each| each.stream) {
        if let Source::Report { report, .. } = stream.source
            && let Scope::Only(ids) = report.scope
            && config.roster.fingerprint(stream).is_some()
        {
            named.extend(ids.iter().filter_map(|id| Marketplace::find(id)));
        }
    }
    let mut seen = BTreeSet::new();
    named.retain(|marketplace| seen.insert(marketplace.id));
    named
}

/// What is said of marketplaces that are named, and of units that were read, by those that are there.
fn lines(
    named: &[&'static Marketplace],
    noted: &BTreeSet<&str>,
    present: &[&'static Marketplace],
) -> Vec<String> {
    let is_absent = |marketplace: &&Marketplace| !present.contains(marketplace);
    let mut lines = Vec::new();
    for marketplace in named.iter().copied().filter(is_absent) {
        lines.push(format!(
            "{}: the configuration names it, but the account does not take part in it; passed over. If \
             that is right, take it out of the configuration; {OTHERWISE}",
            marketplace.country
        ));
    }
    let ended = |unit: &str| {
        format!(
            "{unit}: it was read before, but the account takes part in it no more; passed over, and its \
             bookmarks stay. If that is right, name those that are to be read in `marketplaces`; {OTHERWISE}"
        )
    };
    for region in Region::ALL {
        let gone = region.marketplaces().filter(|it| noted.contains(it.id)).filter(is_absent);
        let gone: Vec<_> = gone.filter(|it| !named.contains(it)).collect();
        lines.extend(gone.iter().map(|marketplace| ended(marketplace.country)));
        // What is read by the region has no bookmarks of marketplaces.
        let is_served = present.iter().any(|marketplace| marketplace.region == region);
        if !is_served && gone.is_empty() && noted.contains(region.code()) {
            lines.push(ended(region.code()));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(countries: &[&str]) -> Vec<&'static Marketplace> {
        countries.iter().map(|country| Marketplace::find(country).unwrap()).collect()
    }

    /// The units that lines are about, and how they begin.
    fn said(named: &[&str], noted: &[&str], present: &[&str]) -> Vec<String> {
        let lines = lines(&find(named), &noted.iter().copied().collect(), &find(present));
        lines.iter().map(|line| line.split(',').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_is_there_is_not_spoken_of() {
        let none: [&str; 0] = [];
        assert_eq!(said(&["US"], &["ATVPDKIKX0DER", "na"], &["US", "CA"]), none);
        assert_eq!(said(&[], &[], &["US"]), none);
    }

    #[test]
    fn what_is_named_or_was_read_and_is_not_there_is_named_once() {
        let (named, read) = ("the configuration names it", "it was read before");
        // Mexico is both, Japan a region of which nothing is left.
        assert_eq!(
            said(&["MX", "US"], &["A1AM78C64UM0Y8", "A1F83G8C2ARO7P", "eu", "fe"], &["US", "DE"]),
            [format!("MX: {named}"), format!("GB: {read}"), format!("fe: {read}")]
        );
        assert_eq!(said(&[], &["A1VC38T7YXB528", "fe"], &["US"]), [format!("JP: {read}")]);
    }

    #[test]
    fn a_line_says_what_to_do() {
        let lines = lines(&find(&["GB"]), &BTreeSet::new(), &[]);
        assert!(
            lines[0].contains("take it out of the configuration; otherwise see in Seller Central")
        );
    }
}
