//! Streams that are asked for item by item, marketplace by marketplace, when it is known what to look
//! for: at once where the configuration says it, else when the listings have gone by.

use std::sync::Arc;

use super::desk::Desk;
use crate::bookmark::Bookmarks;
use crate::catalog_items::{CatalogReader, Items, Wanted, included_data};
use crate::config::CatalogScope;
use crate::document::Place;
use crate::listings_items::{self, ListingsReader};
use crate::marketplace::Marketplace;
use crate::selection::Selected;
use crate::streams::{Source, Stream};
use crate::writer::Gathered;

/// A stream of items that was read in a marketplace, and how many items there were.
pub(super) type ReadItems = (&'static Stream, &'static Marketplace, anyhow::Result<u64>);

impl Desk {
    /// Starts on the catalogues that need no listings.
    pub(super) fn read_named_catalogs(&mut self) {
        let wanted = match &self.context.scope {
            CatalogScope::Listings => return,
            CatalogScope::Asins(asins) => Wanted::Asins(asins.clone()),
            CatalogScope::Brands(brands) => Wanted::Brands(brands.clone()),
        };
        let streams = self.context.selected.iter().map(|selected| selected.stream);
        let is_catalog = |it: &&Stream| matches!(it.source, Source::CatalogItems { .. });
        let catalogs: Vec<&'static Stream> = streams.filter(is_catalog).collect();
        for catalog in catalogs {
            for marketplace in self.area.marketplaces.clone() {
                self.read_catalog(catalog, marketplace, wanted.clone());
            }
        }
    }

    /// Starts on the streams that follow a marketplace's listings, when these have just gone by.
    pub(super) fn follow(&mut self, lane: usize, gathered: &Gathered) {
        let Some(lane) = self.lanes.get(lane) else { return };
        let Place::Marketplace(marketplace) = lane.place else { return };
        let goes_before = |stream: &Stream| lane.feeds.iter().any(|feed| feed.stream == stream);
        let followers = self.context.followers.iter();
        let followers: Vec<_> = followers.filter(|it| goes_before(it.listings)).copied().collect();
        for follower in followers {
            let values = gathered.get(follower.property).cloned().unwrap_or_default();
            if matches!(follower.stream.source, Source::CatalogItems { .. }) {
                self.read_catalog(follower.stream, marketplace, Wanted::Asins(values));
            } else {
                self.read_listings(follower.stream, marketplace, values);
            }
        }
    }

    /// Starts to read a marketplace's catalogue.
    fn read_catalog(
        &mut self,
        stream: &'static Stream,
        marketplace: &'static Marketplace,
        wanted: Wanted,
    ) {
        let Some(selected) = self.selected(stream) else { return };
        let reader = CatalogReader {
            api: self.area.api.clone(),
            stream,
            marketplace,
            included_data: included_data(|set| selected.wants(set)),
            items: self.sender.clone(),
        };
        self.reading.spawn(async move { (stream, marketplace, reader.read(&wanted).await) });
    }

    /// Starts to read a marketplace's offers.
    fn read_listings(
        &mut self,
        stream: &'static Stream,
        marketplace: &'static Marketplace,
        skus: Vec<String>,
    ) {
        let Some(selected) = self.selected(stream) else { return };
        let region = self.area.region();
        let Some(seller_id) = self.context.seller_ids.get(&region).cloned() else {
            let missing = anyhow::anyhow!("seller_ids in the configuration has none for {region}");
            self.reading.spawn(async move { (stream, marketplace, Err(missing)) });
            return;
        };
        let reader = ListingsReader {
            api: self.area.api.clone(),
            stream,
            marketplace,
            seller_id,
            included_data: listings_items::included_data(|set| selected.wants(set)),
            items: self.sender.clone(),
        };
        self.reading.spawn(async move { (stream, marketplace, reader.read(skus).await) });
    }

    fn selected(&self, stream: &Stream) -> Option<&Selected> {
        self.context.selected.iter().find(|selected| selected.stream == stream)
    }

    /// Writes the items that came with one answer.
    pub(super) async fn write_items(
        &self,
        (stream, items): (&'static Stream, Items),
    ) -> anyhow::Result<()> {
        self.context.write(stream, items).await
    }

    /// Goes on when a marketplace's items have been read.
    pub(super) async fn items_read(
        &mut self,
        (stream, marketplace, found): ReadItems,
    ) -> anyhow::Result<()> {
        let context = Arc::clone(&self.context);
        match found {
            Ok(found) => {
                tracing::info!("{}: {}: {found} items", stream.name, marketplace.country);
                let now = context.clock.now();
                let taken =
                    move |bookmarks: &mut Bookmarks| bookmarks.taken(stream, marketplace.id, now);
                Ok(context.ledger.change(taken).await?)
            }
            Err(error) => {
                let hint = match error.downcast_ref::<api_client::Error>() {
                    Some(api_client::Error::Forbidden(_)) => {
                        let roles = stream.source.roles().join(", ");
                        format!("; the application needs one of these roles: {roles}")
                    }
                    _ => String::new(),
                };
                tracing::error!("{}: {}: {error:#}{hint}", stream.name, marketplace.country);
                self.missing += 1;
                Ok(())
            }
        }
    }
}
