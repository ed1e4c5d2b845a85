//! The catalogue of a marketplace, read when it is known what to look for.

use super::desk::Desk;
use crate::catalog_items::{CatalogReader, Items, Wanted, included_data};
use crate::document::Place;
use crate::marketplace::Marketplace;

impl Desk {
    /// Starts on a marketplace's catalogue, when its listings have just gone by.
    pub(super) fn read_catalog_of_listings(&mut self, lane: usize, asins: Vec<String>) {
        let Some(lane) = self.lanes.get(lane) else { return };
        let Place::Marketplace(marketplace) = lane.place else { return };
        if lane.feeds.iter().any(|feed| Some(feed.stream) == self.context.listings) {
            self.read_catalog(marketplace, Wanted::Asins(asins));
        }
    }

    /// Starts to read a marketplace's catalogue.
    pub(super) fn read_catalog(&mut self, marketplace: &'static Marketplace, wanted: Wanted) {
        let mut selected = self.context.selected.iter();
        let selected = selected.find(|selected| Some(selected.stream) == self.context.catalog);
        let Some(selected) = selected else { return };
        let reader = CatalogReader {
            api: self.area.api.clone(),
            marketplace,
            included_data: included_data(|set| selected.wants(set)),
            items: self.sender.clone(),
        };
        self.reading.spawn(async move { (marketplace, reader.read(&wanted).await) });
    }

    /// Writes the items that came with one answer.
    pub(super) async fn write_items(&self, items: Items) -> anyhow::Result<()> {
        let Some(stream) = self.context.catalog else { return Ok(()) };
        self.context.write(stream, items).await
    }

    /// Goes on when a marketplace's catalogue has been read.
    pub(super) async fn catalog_read(
        &mut self,
        marketplace: &'static Marketplace,
        found: anyhow::Result<u64>,
    ) -> anyhow::Result<()> {
        let Some(stream) = self.context.catalog else { return Ok(()) };
        match found {
            Ok(found) => {
                tracing::info!("{}: {}: {found} items", stream.name, marketplace.country);
                let now = self.context.clock.now();
                let taken = move |bookmarks: &mut crate::bookmark::Bookmarks| {
                    bookmarks.taken(stream, marketplace.id, now);
                };
                Ok(self.context.ledger.change(taken).await?)
            }
            Err(error) => {
                tracing::error!("{}: {}: {error:#}", stream.name, marketplace.country);
                self.missing += 1;
                Ok(())
            }
        }
    }
}
