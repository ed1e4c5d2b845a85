//! Reads items of Amazon's catalogue, twenty at a time.
//!
//! A seller's listings name the children of a variation and seldom the parent, which nobody can buy.
//! The parents that items name are therefore read as well, once all items of a marketplace are known.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use crate::api::{Api, CATALOG_PAGE, CatalogQuery};
use crate::marketplace::Marketplace;
use crate::streams::Stream;

/// The sets of data that a record can hold; each is a member of an item under the same name.
///
/// `vendorDetails` is left out: Amazon keeps it for vendors.
const DATA_SETS: [&str; 9] = [
    "attributes",
    "classifications",
    "dimensions",
    "identifiers",
    "images",
    "productTypes",
    "relationships",
    "salesRanks",
    "summaries",
];

/// A search by brand reaches no further than this (Amazon's documentation of the operation).
const REACHABLE: u64 = 1000;

/// Why a search did not give all that there is.
#[derive(Debug, thiserror::Error)]
enum Short {
    /// There is more than a search reaches.
    #[error("{total} items, of which a search by brand gives out {REACHABLE}; see `asins`")]
    TooLong {
        /// How many items there are.
        total: u64,
    },
    /// Amazon leads back to a page that was there before.
    #[error("Amazon's list goes in a circle after {found} items")]
    Circle {
        /// How many items came until then.
        found: u64,
    },
}

/// What is to be read in one marketplace.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Items with these ASINs, and their parents.
    Asins(Vec<String>),
    /// What a search finds for these brands.
    Brands(Vec<String>),
}

/// Records of items that came with one answer.
pub type Items = Vec<Vec<u8>>;

/// Reads items of one marketplace and hands them on, an answer at a time.
#[derive(Debug)]
pub struct CatalogReader {
    /// The region's API.
    pub api: Api,
    /// The stream of the records.
    pub stream: &'static Stream,
    /// Whose view of the catalogue it is.
    pub marketplace: &'static Marketplace,
    /// The data sets to ask for, comma text; see [`included_data`].
    pub included_data: String,
    /// Where the records go. A full channel holds the next call back.
    pub items: mpsc::Sender<(&'static Stream, Items)>,
}

/// The data sets that the selected properties need.
#[must_use]
pub fn included_data(is_selected: impl Fn(&str) -> bool) -> String {
    data_sets(&DATA_SETS, is_selected)
}

/// Those sets of data that are selected, as comma text.
pub(crate) fn data_sets(all: &[&'static str], is_selected: impl Fn(&str) -> bool) -> String {
    let mut sets: Vec<_> = all.iter().copied().filter(|set| is_selected(set)).collect();
    if sets.is_empty() {
        // Asking for nothing means Amazon's default, and is a bad request when it is spelt out.
        sets.push("summaries");
    }
    sets.join(",")
}

impl CatalogReader {
    /// Reads everything that is wanted; how many items were found. A search that does not give all that
    /// there is fails in the end, so that it does not keep the others from being read.
    pub async fn read(&self, wanted: &Wanted) -> anyhow::Result<u64> {
        let mut short = Vec::new();
        let found = match wanted {
            Wanted::Asins(asins) => self.read_asins(asins, &mut short).await?,
            Wanted::Brands(brands) => {
                let mut found = 0;
                for brand in brands {
                    let query = CatalogQuery::Brand(brand);
                    found += self.search(&query, &mut BTreeSet::new(), &mut short).await?;
                }
                found
            }
        };
        match short.first() {
            None => Ok(found),
            Some(first) => anyhow::bail!(
                "{found} items, and {} searches did not give all that there is: {first}",
                short.len()
            ),
        }
    }

    /// Reads items by ASIN, then the parents that they name and that were not among them.
    async fn read_asins(&self, asins: &[String], short: &mut Vec<Short>) -> anyhow::Result<u64> {
        let mut parents = BTreeSet::new();
        let mut found = 0;
        for batch in asins.chunks(CATALOG_PAGE) {
            found += self.search(&CatalogQuery::Asins(batch), &mut parents, short).await?;
        }
        let known: BTreeSet<_> = asins.iter().collect();
        let parents: Vec<String> =
            parents.into_iter().filter(|parent| !known.contains(parent)).collect();
        for batch in parents.chunks(CATALOG_PAGE) {
            let query = CatalogQuery::Asins(batch);
            found += self.search(&query, &mut BTreeSet::new(), short).await?;
        }
        Ok(found)
    }

    /// Follows one search through its pages, and notes if it did not give all that there is. A token that
    /// comes twice ends it: Amazon has been seen to hand out circles.
    async fn search(
        &self,
        query: &CatalogQuery<'_>,
        parents: &mut BTreeSet<String>,
        short: &mut Vec<Short>,
    ) -> anyhow::Result<u64> {
        let mut token: Option<String> = None;
        let mut seen = BTreeSet::new();
        let mut found = 0;
        loop {
            let page = self
                .api
                .catalog_items(self.marketplace, query, &self.included_data, token.as_deref())
                .await?;
            if let Some(total) = page.number_of_results
                && token.is_none()
                && total > REACHABLE
            {
                short.push(Short::TooLong { total });
            }
            found += page.items.len() as u64;
            let mut records = Items::with_capacity(page.items.len());
            for item in &page.items {
                parents.extend(item.get("relationships").into_iter().flat_map(parents_in));
                records.push(item.record(self.marketplace)?);
            }
            if self.items.send((self.stream, records)).await.is_err() {
                // The run is ending; nobody writes records any more.
                return Ok(found);
            }
            match page.next_token() {
                Some(next) if seen.insert(next.to_owned()) => token = Some(next.to_owned()),
                Some(_) if page.number_of_results.is_none_or(|total| found < total) => {
                    short.push(Short::Circle { found });
                    return Ok(found);
                }
                _ => return Ok(found),
            }
        }
    }
}

/// The parents that an item's relationships name.
fn parents_in(relationships: &RawValue) -> Vec<String> {
    #[derive(Deserialize)]
    struct ByMarketplace {
        #[serde(default)]
        relationships: Vec<Relationship>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Relationship {
        #[serde(default)]
        parent_asins: Vec<String>,
        #[serde(rename = "type")]
        kind: Option<String>,
    }
    let by_marketplace: Vec<ByMarketplace> =
        serde_json::from_str(relationships.get()).unwrap_or_default();
    by_marketplace
        .into_iter()
        .flat_map(|each| each.relationships)
        .filter(|relationship| relationship.kind.as_deref().is_none_or(|kind| kind == "VARIATION"))
        .flat_map(|relationship| relationship.parent_asins)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::loopback;

    #[test]
    fn only_the_data_sets_of_selected_properties_are_asked_for() {
        assert_eq!(included_data(|set| matches!(set, "images" | "summaries")), "images,summaries");
        assert_eq!(included_data(|_| false), "summaries");
    }

    /// What brands led to: how many items went out, and how the reading ended.
    async fn read(brands: &[&str]) -> (usize, Result<u64, String>) {
        let (api, _) = loopback::api(|request, _| {
            let page = |total: &str, next: &str| {
                let body = format!(
                    r#"{{"numberOfResults":{total},"pagination":{{"nextToken":"{next}"}},"items":[{{"asin":"B01"}}]}}"#
                );
                (200, body)
            };
            let is_first = !request.contains("pageToken=");
            match request {
                it if it.contains("brandNames=circle") => page("3", "again"),
                it if it.contains("brandNames=large") => page("1001", ""),
                // All has been there when the token comes back.
                it if it.contains("brandNames=whole") => page("2", "again"),
                _ => page("2", if is_first { "second" } else { "" }),
            }
        })
        .await;
        let (items, mut records) = mpsc::channel(100);
        let reader = CatalogReader {
            api,
            stream: crate::streams::Roster::table().find("product_catalog").unwrap(),
            marketplace: Marketplace::find("US").unwrap(),
            included_data: "summaries".to_owned(),
            items,
        };
        let wanted = Wanted::Brands(brands.iter().map(|brand| (*brand).to_owned()).collect());
        let found = reader.read(&wanted).await.map_err(|error| error.to_string());
        drop(reader);
        let mut written = 0;
        while let Some((_, items)) = records.recv().await {
            written += items.len();
        }
        (written, found)
    }

    #[tokio::test]
    async fn a_search_that_does_not_give_all_fails_when_the_others_have_been_read() {
        let (written, found) = read(&["circle", "large", "plain"]).await;
        assert_eq!(written, 2 + 1 + 2);
        assert_eq!(
            found.unwrap_err(),
            "5 items, and 2 searches did not give all that there is: Amazon's list goes in a circle \
             after 2 items"
        );
        let (_, found) = read(&["large"]).await;
        assert!(found.unwrap_err().ends_with("gives out 1000; see `asins`"));
        assert_eq!(read(&["plain", "whole"]).await, (4, Ok(4)));
    }

    #[test]
    fn parents_are_those_of_variations() {
        let relationships = RawValue::from_string(
            r#"[{"marketplaceId":"A","relationships":[
                {"type":"VARIATION","parentAsins":["B01"],"variationTheme":{"attributes":["size"]}},
                {"type":"PACKAGE_HIERARCHY","parentAsins":["B02"]}]}]"#
                .to_owned(),
        )
        .unwrap();
        assert_eq!(parents_in(&relationships), ["B01"]);
    }
}
