//! The stream of the tap's own reports: what was asked of Amazon, and how it ended.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use super::desk::{Desk, Errand};
use crate::api::Report;
use crate::document::Place;
use crate::plan::Window;

/// A time as records carry it.
fn text(time: Option<DateTime<Utc>>) -> Option<String> {
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

impl Desk {
    /// Writes how a report ended, if the stream is selected: with its rows, or why there are none.
    pub(super) async fn journal(
        &self,
        errand: &Errand,
        report: &Report,
        rows: Option<u64>,
        error: Option<&str>,
    ) -> anyhow::Result<()> {
        let (Some(stream), Some(lane)) = (self.context.journal, self.lanes.get(errand.lane)) else {
            return Ok(());
        };
        let marketplace_id = match lane.place {
            Place::Marketplace(marketplace) => Some(marketplace.id),
            Place::Region(_) => None,
        };
        let now = self.context.clock.now();
        let asked = report.created_time.unwrap_or(now);
        let (date, start, end) = match errand.window {
            Window::Present => (asked.date_naive(), None, None),
            Window::Day(day) => (day, None, None),
            Window::Times(start, end) => (start.date_naive(), text(Some(start)), text(Some(end))),
        };
        let record = json!({
            "report_id": report.report_id,
            "report_type": lane.source.report_type,
            "streams": lane.streams(),
            "region": self.area.region().code(),
            "marketplace_id": marketplace_id,
            "date": date.to_string(),
            "window_start": start,
            "window_end": end,
            "status": report.processing_status,
            "row_count": rows,
            "error_message": error,
            "started_at": text(Some(asked)),
            "completed_at": text(report.processing_end_time),
            "loaded_at": text(Some(now)),
        });
        self.context.write(stream, vec![serde_json::to_vec(&record)?]).await
    }
}
