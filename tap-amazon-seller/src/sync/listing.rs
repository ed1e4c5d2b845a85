//! Reports that Amazon makes by itself: those that it lists are loaded, each once.

use api_client::Error;

use super::desk::{Desk, Errand};
use super::outcome::is_worn_out;
use crate::api::Report;
use crate::bookmark::{Bookmarks, Brought};
use crate::document::{Loaded, Place};
use crate::plan::Window;
use crate::streams::Extraction;

/// A lane, and what Amazon lists for it.
pub(super) type Listing = (usize, Result<Vec<Report>, Error>);

impl Desk {
    /// Whether the reports of a lane are listed, and not asked for.
    pub(super) fn is_listed(&self, lane: usize) -> bool {
        self.lanes.get(lane).is_some_and(|lane| lane.source.extraction == Extraction::Listed)
    }

    /// Looks up what there is for every lane whose reports are listed.
    pub(super) fn list(&mut self) {
        for (number, lane) in self.lanes.iter().enumerate() {
            let Some(Window::Times(since, until)) = lane.windows.first().copied() else { continue };
            if lane.source.extraction != Extraction::Listed {
                continue;
            }
            let (api, report_type) = (self.area.api.clone(), lane.source.report_type);
            self.count(number, |tally| tally.due += 1);
            self.listing
                .spawn(async move { (number, api.listed(report_type, since, until).await) });
        }
    }

    /// Puts what Amazon lists and nobody has loaded in line for its documents, the newest first.
    pub(super) async fn listed(&mut self, (number, listed): Listing) -> anyhow::Result<()> {
        self.count(number, |tally| tally.due -= 1);
        let reports = match listed {
            Ok(reports) => reports,
            Err(error) => {
                self.not_listed(number, &error).await;
                return Ok(());
            }
        };
        let Some(lane) = self.lanes.get(number) else { return Ok(()) };
        let is_known = |report: &Report| {
            lane.brought.iter().any(|brought| brought.report_id == report.report_id)
        };
        let is_wanted = |report: &Report| {
            let is_here = |id: &String| match lane.place {
                Place::Marketplace(marketplace) => marketplace.id == id,
                Place::Region(_) => self.area.wants(id),
            };
            // What no report says of itself is not a reason to leave it.
            report.marketplace_ids.is_empty() || report.marketplace_ids.iter().any(is_here)
        };
        let count = reports.len();
        let mut new: Vec<_> = reports
            .into_iter()
            .filter(|report| is_wanted(report) && !is_known(report))
            .filter_map(|report| Some((report.report_document_id.clone()?, report)))
            .collect();
        new.sort_by_key(|(_, report)| std::cmp::Reverse(report.created_time));
        tracing::info!("{}: {count} reports are listed, {} are new", lane.name(), new.len());
        for (document_id, report) in new {
            let window = match (report.data_start_time, report.data_end_time) {
                (Some(from), Some(until)) if from < until => Window::Times(from, until),
                _ => Window::Present,
            };
            self.count(number, |tally| {
                (tally.due, tally.loading) = (tally.due + 1, tally.loading + 1);
            });
            self.backlog.push_back((Errand::new(number, window), report, document_id));
        }
        Ok(())
    }

    /// Goes on without knowing what there is.
    async fn not_listed(&mut self, number: usize, error: &Error) {
        let Some(lane) = self.lanes.get(number) else { return };
        let roles = lane.source.roles.join(", ");
        let hint = match error {
            Error::Forbidden(_) => format!("; the application needs one of these roles: {roles}"),
            _ => String::new(),
        };
        tracing::error!("{}: what there is cannot be listed: {error}{hint}", lane.name());
        self.count(number, |tally| (tally.due, tally.failed) = (tally.due + 1, tally.failed + 1));
        self.missing += 1;
        if is_worn_out(error) {
            self.close().await;
        }
    }

    /// Notes that a document is out, and what it brought.
    pub(super) async fn brought(
        &mut self,
        errand: &Errand,
        report: &Report,
        loaded: &Loaded,
    ) -> anyhow::Result<()> {
        let now = self.context.clock.now();
        let brought = Brought {
            report_id: report.report_id.clone(),
            created: report.created_time.unwrap_or(now),
            settlements: loaded.settlements.join(","),
        };
        let Some(lane) = self.lanes.get_mut(errand.lane) else { return Ok(()) };
        lane.brought.push(brought.clone());
        let unit = lane.unit();
        let streams: Vec<_> = lane.feeds.iter().map(|feed| feed.stream).collect();
        let change = move |bookmarks: &mut Bookmarks| {
            for stream in streams {
                bookmarks.bring(stream, &unit, &brought, now);
            }
        };
        Ok(self.context.ledger.change(change).await?)
    }
}
