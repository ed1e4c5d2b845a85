//! All reports of a region, found by whatever they are asked for by.
//!
//! A backfill leaves thousands of reports behind; no look-up goes through all of them.

use super::report::Report;
use std::collections::HashMap;

/// The reports of one region, in the order in which they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    reports: Vec<Report>,
    by_id: HashMap<String, usize>,
    by_document: HashMap<String, usize>,
    by_type: HashMap<String, Vec<usize>>,
    by_wish: HashMap<(String, &'static str), Vec<usize>>,
}

impl Archive {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.reports.len()
    }

    /// Adds the newest.
    pub(crate) fn push(&mut self, report: Report) {
        let place = self.reports.len();
        let specification = report.specification();
        let report_type = specification.report_type.clone();
        let wish = (report_type.clone(), specification.marketplace.id);
        self.by_id.insert(report.id.clone(), place);
        self.by_document.insert(report.document_id.clone(), place);
        self.by_type.entry(report_type).or_default().push(place);
        self.by_wish.entry(wish).or_default().push(place);
        self.reports.push(report);
    }

    /// The report with the number `id`.
    pub(crate) fn get(&self, id: &str) -> Option<&Report> {
        self.reports.get(*self.by_id.get(id)?)
    }

    /// The report with the number `id`, to change it.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Report> {
        self.reports.get_mut(*self.by_id.get(id)?)
    }

    /// The report that has, or will have, the document `id`.
    pub(crate) fn by_document(&self, id: &str) -> Option<&Report> {
        self.reports.get(*self.by_document.get(id)?)
    }

    /// The reports of one type with this first marketplace, newest first.
    pub(crate) fn alike(
        &self,
        report_type: &str,
        marketplace_id: &'static str,
    ) -> impl Iterator<Item = &Report> {
        let places = self.by_wish.get(&(report_type.to_owned(), marketplace_id));
        places.into_iter().flatten().rev().filter_map(|place| self.reports.get(*place))
    }

    /// The reports of these types, each named once, newest first, with their places: only those
    /// whose places are below `before`.
    pub(crate) fn newest_first<'a>(
        &'a self,
        report_types: &[String],
        before: usize,
    ) -> impl Iterator<Item = (usize, &'a Report)> {
        let mut heaps: Vec<&'a [usize]> = report_types
            .iter()
            .filter_map(|report_type| self.by_type.get(report_type))
            .filter_map(|places| places.get(..places.partition_point(|place| *place < before)))
            .collect();
        std::iter::from_fn(move || {
            let heap = heaps.iter_mut().max_by_key(|heap| heap.last().copied())?;
            let (place, rest) = heap.split_last()?;
            *heap = rest;
            Some((*place, self.reports.get(*place)?))
        })
    }
}
