//! The catalogue of a marketplace, read when it is known what to look for.

use std::sync::{Arc, PoisonError};

use super::{Sync, joined};
use crate::catalog_items::{CatalogReader, Items, Wanted, included_data};
use crate::document::Place;
use crate::marketplace::Marketplace;

impl Sync {
    /// Starts on a marketplace's catalogue, when its listings have just gone by.
    pub(super) fn read_catalog_of_listings(&mut self, number: usize) {
        let Some(lane) = self.lanes.get(number) else { return };
        let Place::Marketplace(marketplace) = lane.place else { return };
        let is_listings = lane.feeds.iter().any(|feed| Some(feed.stream) == self.listings);
        if is_listings {
            let asins = self.writer().gathered(marketplace.id);
            self.read_catalog(marketplace, Wanted::Asins(asins));
        }
    }

    /// Starts to read a marketplace's catalogue.
    pub(super) fn read_catalog(&mut self, marketplace: &'static Marketplace, wanted: Wanted) {
        let area = self.areas.iter().find(|area| area.marketplaces.contains(&marketplace));
        let selected = self.selected.iter().find(|selected| Some(selected.stream) == self.catalog);
        let (Some(area), Some(selected)) = (area, selected) else { return };
        let reader = CatalogReader {
            api: area.api.clone(),
            marketplace,
            included_data: included_data(|set| selected.mask.keeps(&[set])),
            items: self.sender.clone(),
        };
        self.reading.spawn(async move { (marketplace, reader.read(&wanted).await) });
    }

    /// Writes the items that came with one answer, from a thread that may wait for the target.
    pub(super) async fn write_items(&mut self, items: Items) -> anyhow::Result<()> {
        let Some(stream) = self.catalog else { return Ok(()) };
        self.stamp();
        let writer = Arc::clone(&self.writer);
        let writing = tokio::task::spawn_blocking(move || {
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            items.iter().try_for_each(|item| writer.write(stream.name, item))
        });
        Ok(joined(writing.await)?)
    }

    /// Goes on when a marketplace's catalogue has been read.
    pub(super) fn catalog_read(
        &mut self,
        marketplace: &'static Marketplace,
        found: anyhow::Result<u64>,
    ) -> anyhow::Result<()> {
        let Some(stream) = self.catalog else { return Ok(()) };
        match found {
            Ok(found) => {
                tracing::info!("{}: {}: {found} items", stream.name, marketplace.country);
                self.bookmarks.taken(stream, marketplace.id, self.clock.now());
                self.write_state()
            }
            Err(error) => {
                tracing::error!("{}: {}: {error:#}", stream.name, marketplace.country);
                self.missing += 1;
                Ok(())
            }
        }
    }
}
