//! From a finished report to a window that is out, or that is not complete yet.

use chrono::{DateTime, Utc};

use super::desk::{Desk, Errand};
use super::outcome::is_worn_out;
use crate::api::{self, Report};
use crate::bookmark::{Bookmarks, Brought, Reading};
use crate::document::{Loaded, Place, Places};
use crate::load::{self, LoadError, Outcome};
use crate::plan::Window;
use crate::report_types::ReportType;
use crate::settling;
use crate::streams::Edges;

impl Desk {
    /// Starts to load a document.
    pub(super) fn load(&mut self, errand: Errand, report: Report, document_id: String) {
        let Some(lane) = self.lanes.get(errand.lane) else { return };
        let source = load::Source {
            report_id: report.report_id.clone(),
            report_type: lane.source.report_type,
            document_id,
            place: lane.place,
            until: lane.place.bounds(errand.window).map(|[_, until]| until),
            day: match errand.window {
                Window::Day(day) => Some(day),
                Window::Times(from, _) if matches!(lane.source.edges, Edges::Periods(_)) => {
                    Some(from.date_naive())
                }
                Window::Times(..) | Window::Present => None,
            },
            asin_granularity: lane.asin_granularity,
            feeds: lane.feeds.clone(),
            settlements: Brought::settlements(&lane.brought),
        };
        let (api, context) = (self.area.api.clone(), std::sync::Arc::clone(&self.context));
        self.loading.spawn(async move {
            let (downloader, writer) = (&context.downloader, &context.writer);
            let outcome = load::load(&api, downloader, writer, &source, context.clock).await;
            (errand, report, outcome)
        });
    }

    /// Goes on when a document has been read to its end, or could not be.
    pub(super) async fn loaded(
        &mut self,
        errand: Errand,
        report: &Report,
        outcome: Result<Outcome, LoadError>,
    ) -> anyhow::Result<()> {
        match outcome {
            Ok(outcome) => {
                self.note_loaded(&errand, &outcome.loaded);
                self.journal(&errand, report, Some(outcome.loaded.rows), None).await?;
                let asked = report.created_time.unwrap_or_else(|| self.context.clock.now());
                match self.judge(&errand, asked, &outcome) {
                    _ if self.is_listed(errand.lane) => {
                        self.count(errand.lane, |tally| tally.done += 1);
                        self.brought(&errand, report, &outcome.loaded).await?;
                    }
                    Some((false, reading)) => self.late(&errand, reading).await?,
                    judged => {
                        self.count(errand.lane, |tally| tally.done += 1);
                        let reading = judged.and_then(|(_, reading)| reading);
                        self.out(&errand, asked, reading).await?;
                    }
                }
                self.follow(errand.lane, &outcome.gathered);
                Ok(())
            }
            Err(LoadError::Output(error)) => Err(error.into()),
            Err(error) => {
                // What cannot be read is asked for anew; what could not be fetched may be next time.
                let is_of_no_use = match &error {
                    LoadError::Document(error) => !error.is_cut_off(),
                    error => error.is_gone(),
                };
                if is_of_no_use {
                    self.forget(&errand).await?;
                }
                let is_last = matches!(&error, LoadError::Call(error) if is_worn_out(error));
                let hint = self.role_hint(errand.lane, &error);
                let error = anyhow::Error::from(error);
                self.journal(&errand, report, None, Some(&format!("{error:#}"))).await?;
                self.lose(&errand, &format!("{error:#}{}", hint.as_deref().unwrap_or_default()));
                if hint.is_some() {
                    self.give_up_documents(&errand);
                }
                if is_last {
                    self.close().await;
                }
                Ok(())
            }
        }
    }

    /// The roles that open documents of a lane, where Amazon gives out no token for one of them.
    fn role_hint(&self, lane: usize, error: &LoadError) -> Option<String> {
        let LoadError::Call(error) = error else { return None };
        let roles = self.lanes.get(lane)?.source.roles;
        let is_refused = error.refusal().is_some_and(api::is_refusal_of_token);
        is_refused.then(|| match ReportType::restricted_roles(roles) {
            roles if roles.is_empty() => String::new(),
            roles => format!("; the application needs one of these roles: {}", roles.join(", ")),
        })
    }

    /// For a day: whether it is out, and what is noted of it while it has not settled.
    fn judge(
        &self,
        errand: &Errand,
        asked: DateTime<Utc>,
        outcome: &Outcome,
    ) -> Option<(bool, Option<Reading>)> {
        let lane = self.lanes.get(errand.lane)?;
        let (Window::Day(day), Place::Marketplace(marketplace)) = (errand.window, lane.place)
        else {
            return None;
        };
        let reading = Reading { at: asked, digest: outcome.digest.clone() };
        let earlier = lane.readings.get(&day).and_then(Option::as_ref);
        let end = settling::end_of(day, marketplace.time_zone);
        let is_late = outcome.loaded.late;
        let standing = settling::judge(end, lane.lookback, is_late, earlier, &reading);
        if is_late && standing.is_out {
            tracing::warn!("{}: still without figures by ASIN; taken as it is", self.name(errand));
        }
        Some((standing.is_out, (!standing.is_settled).then_some(reading)))
    }

    /// Goes on with a day that Amazon has not completed.
    async fn late(&mut self, errand: &Errand, reading: Option<Reading>) -> anyhow::Result<()> {
        tracing::info!("{}: not complete yet; asked for again next time", self.name(errand));
        self.count(errand.lane, |tally| tally.open += 1);
        let change = self.noting(errand, None, reading);
        Ok(self.context.ledger.change(change).await?)
    }

    /// Notes that a window is out.
    pub(super) async fn out(
        &mut self,
        errand: &Errand,
        taken: DateTime<Utc>,
        reading: Option<Reading>,
    ) -> anyhow::Result<()> {
        let change = self.noting(errand, Some(taken), reading);
        Ok(self.context.ledger.change(change).await?)
    }

    /// The change of the state when a window has ended: out if it was taken, its job gone.
    fn noting(
        &self,
        errand: &Errand,
        taken: Option<DateTime<Utc>>,
        reading: Option<Reading>,
    ) -> impl FnOnce(&mut Bookmarks) + Send + 'static {
        let lane = self.lanes.get(errand.lane);
        let (unit, origin) = lane.map_or_else(Default::default, |lane| (lane.unit(), lane.origin));
        // A stream that is only read for another has no bookmark of its own.
        let streams: Vec<_> = lane
            .into_iter()
            .flat_map(|lane| &lane.feeds)
            .map(|feed| feed.stream)
            .filter(|stream| self.context.selected.iter().any(|it| it.stream == *stream))
            .collect();
        let (window, region) = (errand.window, self.area.region());
        let slot = errand.job.as_ref().map(|(slot, _)| *slot);
        // A day that is not complete is read again in any case, and compared with what was seen of it.
        let is_read_again = taken.is_none() || lane.is_some_and(|lane| !lane.lookback.is_zero());
        move |bookmarks| {
            for stream in streams {
                match (taken, window.range(), origin) {
                    (Some(_), Some(range), Some(origin)) => {
                        bookmarks.out(stream, &unit, origin, range);
                    }
                    (Some(taken), _, _) => bookmarks.taken(stream, &unit, taken),
                    (None, _, _) => {}
                }
                let Window::Day(day) = window else { continue };
                let noted = bookmarks.readings(stream, &unit);
                if is_read_again || noted.is_some_and(|noted| noted.contains_key(&day)) {
                    bookmarks.read(stream, &unit, day, reading.as_ref());
                }
            }
            if let Some(slot) = slot {
                bookmarks.set_job(region, slot, None);
            }
        }
    }

    /// Says what a document held, and what of it was left out.
    fn note_loaded(&mut self, errand: &Errand, loaded: &Loaded) {
        let name = self.name(errand);
        let records: u64 = loaded.records.values().sum();
        tracing::info!("{name}: {} rows, {records} records", loaded.rows);
        self.count(errand.lane, |tally| tally.rows += loaded.rows);
        let left_out = [
            (&loaded.ragged, "rows with more or fewer cells than the header"),
            (&loaded.keyless, "rows without a key"),
        ];
        for (places, what) in left_out.iter().filter(|(places, _)| places.count > 0) {
            tracing::error!("{name}: {what}, left out: {}", lines(places));
            self.missing += 1;
        }
        if loaded.is_elsewhere {
            tracing::warn!(
                "{name}: no element where the records should be; if that is wrong, see `path`"
            );
        }
        for id in &loaded.unbalanced {
            tracing::error!("{name}: settlement {id}: its amounts do not add up to its total");
            self.missing += 1;
        }
        if loaded.passed_over > 0 {
            let rows = loaded.passed_over;
            tracing::info!("{name}: {rows} rows are of settlements that were there before");
        }
        if loaded.replaced > 0 {
            tracing::warn!("{name}: {} bytes are not of the document's charset", loaded.replaced);
        }
        if loaded.nuls > 0 {
            tracing::warn!("{name}: {} NUL characters removed", loaded.nuls);
        }
    }
}

/// How many lines are concerned, and which are the first.
fn lines(places: &Places) -> String {
    let first: Vec<_> = places.first.iter().map(u64::to_string).collect();
    format!("{} (lines {}…)", places.count, first.join(", "))
}
