//! What became of everything, in numbers.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use super::line::Status;
use crate::phase::Phase;

/// Products and the records that they were made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Products.
    pub products: u64,
    /// Records.
    pub records: u64,
}

/// What became of everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Products that were created.
    pub created: Tally,
    /// Products that were changed.
    pub updated: Tally,
    /// Products that needed nothing.
    pub unchanged: Tally,
    /// Products that could not be written.
    pub failed: Tally,
    /// Products that exist, counted above, whose family could not be assigned.
    pub without_family: u64,
    /// Links that were made from parents to children.
    pub hierarchy: u64,
    /// Links to former parents that were taken away. None in the notes of older versions.
    #[serde(default)]
    pub parted: u64,
    /// Links that were made from the seller's own products.
    pub listings: u64,
    /// Links that could not be made.
    pub unlinked: u64,
    /// Products for which more than one of the seller's own was found.
    pub ambiguous: u64,
    /// Products for which none of the seller's own was found.
    pub unmatched: u64,
    /// Products whose parent is not in Plytix.
    pub orphans: u64,
    /// Pictures that were uploaded.
    pub uploaded: u64,
    /// Products whose pictures were written.
    pub pictured: u64,
    /// Products whose pictures could not be written.
    pub unpictured: u64,
    /// Records that could not become products.
    pub unmapped: u64,
    /// Records that the mapping passes over.
    pub skipped: u64,
}

impl Totals {
    /// Counts a product that was written or needed nothing, or could not be written.
    pub(super) fn product(&mut self, status: Status, records: usize) {
        let tally = match status {
            Status::Created => &mut self.created,
            Status::Updated => &mut self.updated,
            Status::Unchanged => &mut self.unchanged,
            Status::Failed => &mut self.failed,
        };
        tally.products += 1;
        tally.records += u64::try_from(records).unwrap_or(u64::MAX);
    }

    /// Counts something that could not be done in a later phase.
    pub(super) fn failure(&mut self, phase: Phase) {
        match phase {
            Phase::Products => self.failed.products += 1,
            Phase::Family => self.without_family += 1,
            Phase::Hierarchy | Phase::Listings => self.unlinked += 1,
            Phase::Images => self.unpictured += 1,
        }
    }

    /// What is not as it should be, on one line; nothing if all is well.
    #[must_use]
    pub fn failures(&self) -> Option<String> {
        let failures = [
            (self.failed.products, "products could not be written"),
            (self.without_family, "products are without their family"),
            (self.unlinked, "products could not be linked"),
            (self.unpictured, "products are without their pictures"),
            (self.unmapped, "records could not become products"),
        ];
        let said = failures.iter().filter(|(count, _)| *count > 0);
        let said: Vec<String> = said.map(|(count, what)| format!("{count} {what}")).collect();
        Some(said.join(", ")).filter(|text| !text.is_empty())
    }

    /// Logs the counts.
    pub fn say(&self) {
        tracing::info!("{self}");
        for (status, records) in self.by_status().into_iter().filter(|(_, records)| *records > 0) {
            singer::metric::counter("record_count", records, &[("status", status.into())]);
        }
    }

    /// Records by what became of them.
    pub(super) fn by_status(&self) -> [(&'static str, u64); 5] {
        [
            ("created", self.created.records),
            ("updated", self.updated.records),
            ("unchanged", self.unchanged.records),
            ("failed", self.failed.records + self.unmapped),
            ("skipped", self.skipped),
        ]
    }

    /// Every number with its name, those that say something.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, u64)> {
        let all = [
            ("created", self.created.products),
            ("updated", self.updated.products),
            ("unchanged", self.unchanged.products),
            ("failed", self.failed.products),
            ("without family", self.without_family),
            ("linked to parents", self.hierarchy),
            ("taken from former parents", self.parted),
            ("linked to own products", self.listings),
            ("links failed", self.unlinked),
            ("ambiguous", self.ambiguous),
            ("without own product", self.unmatched),
            ("parent not in Plytix", self.orphans),
            ("pictures uploaded", self.uploaded),
            ("galleries written", self.pictured),
            ("galleries failed", self.unpictured),
            ("records without product", self.unmapped),
            ("records passed over", self.skipped),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// Every number on a line of its own.
    #[must_use]
    pub fn lines(&self) -> String {
        self.named().into_iter().fold(String::new(), |mut text, (name, count)| {
            let _ = writeln!(text, "{count:>8} {name}");
            text
        })
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { created, updated, unchanged, failed, unmapped, skipped, .. } = self;
        let records = created.records + updated.records + unchanged.records + failed.records;
        write!(
            formatter,
            "products: {} created, {} updated, {} unchanged, {} failed; made of {records} records; {unmapped} records without a product, {skipped} passed over",
            created.products, updated.products, unchanged.products, failed.products,
        )?;
        let links = self.hierarchy + self.listings;
        if links + self.uploaded + self.pictured > 0 {
            write!(
                formatter,
                "; {links} links made, {} pictures uploaded, {} galleries written",
                self.uploaded, self.pictured
            )?;
        }
        Ok(())
    }
}
