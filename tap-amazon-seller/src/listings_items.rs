//! Reads the seller's offers item by item: what was submitted for each SKU, and what is wrong with it.

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::mpsc;

use crate::api::{Api, Item};
use crate::catalog_items::{Items, data_sets};
use crate::marketplace::Marketplace;
use crate::streams::Stream;

/// The sets of data that a record can hold; each is a member of an item under the same name.
///
/// `procurement` is left out: Amazon keeps it for vendors.
const DATA_SETS: [&str; 7] = [
    "summaries",
    "attributes",
    "issues",
    "offers",
    "fulfillmentAvailability",
    "relationships",
    "productTypes",
];

/// Calls that are under way at once: enough for five a second where an answer takes two.
const IN_FLIGHT: usize = 10;

/// Reads items of one marketplace and hands them on as they come.
#[derive(Debug)]
pub struct ListingsReader {
    /// The region's API.
    pub api: Api,
    /// The stream of the records.
    pub stream: &'static Stream,
    /// Where the offers are.
    pub marketplace: &'static Marketplace,
    /// Amazon's id of the seller, which is not that of the application.
    pub seller_id: String,
    /// The data sets to ask for, comma text; see [`included_data`].
    pub included_data: String,
    /// Where the records go. A full channel holds the next calls back.
    pub items: mpsc::Sender<(&'static Stream, Items)>,
}

/// The data sets that the selected properties need.
#[must_use]
pub fn included_data(is_selected: impl Fn(&str) -> bool) -> String {
    data_sets(&DATA_SETS, is_selected)
}

/// What came of one SKU.
enum Found {
    Item(Item),
    /// The offer has gone since the listings were made.
    Gone,
    /// Amazon does not take the SKU.
    Refused(api_client::Error),
}

impl ListingsReader {
    /// Reads all SKUs; how many were found. A SKU that is gone is none of these and no failure; SKUs that
    /// Amazon refuses fail in the end, so that they do not keep the others from being read.
    pub async fn read(&self, skus: Vec<String>) -> anyhow::Result<u64> {
        let wanted = skus.len();
        let calls = stream::iter(skus).map(|sku| self.item(sku));
        let mut calls = std::pin::pin!(calls.buffer_unordered(IN_FLIGHT));
        let (mut found, mut gone, mut refused) = (0, 0, 0);
        let mut first = None;
        while let Some(item) = calls.next().await {
            match item? {
                Found::Item(item) => {
                    found += 1;
                    let record = item.record(self.marketplace)?;
                    if self.items.send((self.stream, vec![record])).await.is_err() {
                        // The run is ending; nobody writes records any more.
                        return Ok(found);
                    }
                }
                Found::Gone => gone += 1,
                Found::Refused(error) => {
                    refused += 1;
                    first.get_or_insert(error);
                }
            }
        }
        if gone > 0 {
            let (stream, country) = (self.stream.name, self.marketplace.country);
            tracing::info!("{stream}: {country}: {gone} SKUs of the listings are gone");
        }
        match first {
            None => Ok(found),
            Some(error) => anyhow::bail!("{refused} of {wanted} SKUs: {error}"),
        }
    }

    /// Asks for one SKU.
    async fn item(&self, sku: String) -> Result<Found, api_client::Error> {
        let asked = self
            .api
            .listings_item(&self.seller_id, &sku, self.marketplace, &self.included_data)
            .await;
        match asked {
            Ok(item) => Ok(Found::Item(item)),
            Err(error) if error.refusal().is_some_and(|it| it.status == 404) => Ok(Found::Gone),
            Err(error @ (api_client::Error::Refused(_) | api_client::Error::Unsendable { .. })) => {
                Ok(Found::Refused(error))
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::loopback;

    #[test]
    fn only_the_data_sets_of_selected_properties_are_asked_for() {
        let wanted = |set: &str| matches!(set, "offers" | "attributes");
        assert_eq!(included_data(wanted), "attributes,offers");
        assert_eq!(included_data(|_| false), "summaries");
    }

    /// What the answers for some SKUs led to, and the paths that were asked.
    async fn read(skus: &[&str]) -> (Vec<String>, Result<u64, String>, Vec<String>) {
        let (api, seen) = loopback::api(|request, _| {
            let sku = request.split(['/', '?']).nth(5).unwrap_or_default();
            match sku {
                "gone" => (404, r#"{"errors":[{"code":"NOT_FOUND","message":"m"}]}"#.to_owned()),
                "odd" => (400, r#"{"errors":[{"code":"InvalidInput","message":"m"}]}"#.to_owned()),
                "barred" => {
                    (403, r#"{"errors":[{"code":"Unauthorized","message":"m"}]}"#.to_owned())
                }
                sku => (200, format!(r#"{{"sku":"{sku}","offers":[{{"price":1.10}}]}}"#)),
            }
        })
        .await;
        let (items, mut records) = mpsc::channel(100);
        let reader = ListingsReader {
            api,
            stream: crate::streams::Roster::table().find("product_details").unwrap(),
            marketplace: Marketplace::find("US").unwrap(),
            seller_id: "A1B2".to_owned(),
            included_data: "offers".to_owned(),
            items,
        };
        let skus = skus.iter().map(|sku| (*sku).to_owned()).collect();
        let found = reader.read(skus).await.map_err(|error| error.to_string());
        drop(reader);
        let mut written = Vec::new();
        while let Some((_, items)) = records.recv().await {
            written.extend(items.into_iter().map(|item| String::from_utf8(item).unwrap()));
        }
        written.sort();
        (written, found, seen.all())
    }

    #[tokio::test]
    async fn every_sku_is_asked_for_whatever_it_holds_and_those_that_are_gone_are_passed_over() {
        let (written, found, asked) = read(&["gone", "A/B c+%"]).await;
        assert_eq!(found, Ok(1));
        assert_eq!(
            written,
            [
                r#"{"marketplace_id":"ATVPDKIKX0DER","sku":"A%2FB%20c%2B%25","offers":[{"price":1.10}]}"#
            ]
        );
        let path = "/listings/2021-08-01/items/A1B2/A%2FB%20c%2B%25\
                    ?marketplaceIds=ATVPDKIKX0DER&includedData=offers ";
        assert!(asked.iter().any(|asked| asked == path), "{asked:?}");
    }

    #[tokio::test]
    async fn a_sku_that_is_refused_keeps_no_other_from_being_read_and_fails_in_the_end() {
        let (written, found, asked) = read(&["odd", "1", "2", "."]).await;
        assert_eq!((written.len(), asked.len()), (2, 3));
        assert!(found.unwrap_err().starts_with("2 of 4 SKUs: getListingsItem: "));
    }

    #[tokio::test]
    async fn without_the_role_no_further_sku_is_asked_for() {
        let skus = [&["barred"; 10][..], &["1"; 50]].concat();
        let (_, found, asked) = read(&skus).await;
        assert!(found.unwrap_err().starts_with("getListingsItem: refused with 403"));
        assert!(asked.len() < 30, "{}", asked.len());
    }
}
