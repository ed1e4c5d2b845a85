//! What is already out, and what is under way: the only owner of the state.
//!
//! A unit is what one report covers: a marketplace, or a region where Amazon makes one report for all
//! marketplaces of it; where sales are not asked for by child ASIN, the unit's name ends in `/SKU` or
//! `/PARENT`, and where the user describes a stream, in a fingerprint (`described`). The bookmark of a
//! stream has the shape that Meltano's and hotglue's viewers know, with the tap's own cursor inside.
//!
//! ```text
//! {"bookmarks": {"orders": {"replication_key": "LastUpdateDate",
//!                           "replication_key_value": "2026-11-01T00:00:00Z",       the earliest of them all
//!                           "cursor": {"na": {"until": "2026-11-19T00:00:00Z"},
//!                                      "eu": {"until": "2026-11-01T00:00:00Z"}}},
//!                "sales_traffic_report": {…
//!                           "cursor": {"ATVPDKIKX0DER": {"until": "2024-11-22",
//!                                                        "beyond": {"2026-11-20": "2026-05-01"},
//!                                                        "readings": {"2026-11-19": {"at": …, "digest": …}}}}},
//!                "products_inventory": {"cursor": {"ATVPDKIKX0DER": {"taken": "2026-11-19T01:02:03Z"}}}},
//!  "reports": {"na": {"0": {"report_type": …, "window": …, "report_id": …}, "1": null}}}
//! ```
//!
//! | member | means |
//! |---|---|
//! | `until` | exclusive: everything wanted before it is out. The end of windows that Amazon finished, never the greatest value seen |
//! | `beyond` | further ranges that are out, each by its end; see [`Extent`] |
//! | `readings` | days that Amazon may still change: when each was read last, and the digest of what was read; `null` once it has settled |
//! | `taken` | when the last full picture was taken |
//! | `before` | of a bookmark: what another tap had noted in its place, for units that have no `until` yet |
//! | `loaded` | documents that Amazon made by itself and that are out; see [`Brought`] |
//! | `reports` | reports that were asked for and are not loaded yet; see [`Job`] |
//!
//! Some orchestrators merge states deeply: members are added and replaced, and never removed. So there
//! are no lists here, what has ended becomes `null`, and what is only left out may come back without
//! harm.

use std::collections::BTreeMap;
use std::mem::discriminant;
use std::ops::Range;

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use singer::State;

use crate::extent::Extent;
use crate::job::Job;
use crate::marketplace::{Marketplace, Region};
use crate::streams::Stream;

mod described;
mod listed;

pub use listed::{Brought, LISTED};

/// The member of the state that holds the reports under way.
const REPORTS: &str = "reports";

/// The member of a bookmark that holds what another tap had noted in its place.
const BEFORE: &str = "before";

/// How long it is remembered that a day has settled, so that a state which was merged deeply forgets
/// that it had not.
const REMEMBERED: TimeDelta = TimeDelta::days(14);

/// A point up to which a stream is out, exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Until {
    /// For streams that are extracted by windows of time.
    Time(DateTime<Utc>),
    /// For streams that are extracted by the marketplace's own days.
    Day(NaiveDate),
}

impl Until {
    /// Reads what [`Until::text`] wrote, and the times that other taps wrote.
    fn parse(text: &str) -> Option<Self> {
        if let Ok(day) = text.parse() {
            return Some(Self::Day(day));
        }
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        Some(Self::Time(time.with_timezone(&Utc)))
    }

    fn text(self) -> String {
        match self {
            Self::Time(time) => time.to_rfc3339_opts(SecondsFormat::Secs, true),
            Self::Day(day) => day.to_string(),
        }
    }

    /// The value that orchestrators show: for days the last one that is out, as the Singer SDK has it.
    fn replication_key_value(self) -> String {
        match self {
            Self::Day(day) => day.checked_sub_days(Days::new(1)).unwrap_or(day).to_string(),
            Self::Time(_) => self.text(),
        }
    }
}

/// What was seen of a day that Amazon may still change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// When the report was asked for.
    pub at: DateTime<Utc>,
    /// A digest of all its records.
    pub digest: String,
}

/// The state of the tap, read and moved by stream and unit.
#[derive(Debug)]
pub struct Bookmarks {
    state: State,
    /// What decides the rows of streams that the user describes, by their names.
    fingerprints: BTreeMap<&'static str, String>,
}

impl Bookmarks {
    /// Starts from the state that the last run left.
    #[must_use]
    pub fn new(mut state: State) -> Self {
        if let Some(mut reports) = state.notes(REPORTS).cloned() {
            // Places whose jobs ended in earlier runs.
            for jobs in reports.values_mut().filter_map(Value::as_object_mut) {
                jobs.retain(|_, job| !job.is_null());
            }
            state.set_notes(REPORTS, reports);
        }
        Self { state, fingerprints: BTreeMap::new() }
    }

    /// The state as it is to be written.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// A unit's cursor in a stream's bookmark.
    fn cursor(&self, stream: &Stream, unit: &str) -> Option<&Map<String, Value>> {
        let cursors = self.state.bookmark(stream.name)?.get("cursor")?;
        cursors.get(&*self.named(stream, unit))?.as_object()
    }

    /// The marketplaces' ids and the regions' codes of which a stream has cursors.
    pub fn units(&self, stream: &Stream) -> impl Iterator<Item = &str> {
        let cursors = self.state.bookmark(stream.name).and_then(|it| it.get("cursor")?.as_object());
        let kept = cursors.into_iter().flatten().filter(|(_, cursor)| !cursor.is_null());
        kept.map(|(name, _)| name.split('/').next().unwrap_or(name))
    }

    /// What of a stream is out for a unit.
    ///
    /// A bookmark without a cursor was written by another tap. It is kept beside the cursors, and counts for
    /// a unit until something of the unit is out. Where the other tap kept a partition for each
    /// marketplace, the unit's own counts, and for a region the earliest of its marketplaces. Otherwise its
    /// one value holds for every unit, whether it is kept under `replication_key_value` or under the
    /// replication key's own name.
    #[must_use]
    pub fn extent(&self, stream: &Stream, unit: &str) -> Extent {
        let cursor = self.cursor(stream, unit);
        let point = |value: &Value| value.as_str().and_then(Until::parse);
        let until = cursor.and_then(|cursor| cursor.get("until")).and_then(point);
        let foreign = || {
            let bookmark = self.foreign(stream)?;
            let named = stream.replication_key.and_then(|key| bookmark.get(key));
            let all = bookmark.get("replication_key_value").or(named).and_then(point);
            all.or_else(|| partition(bookmark, unit))
        };
        let beyond = cursor.and_then(|cursor| cursor.get("beyond")?.as_object());
        let beyond = beyond.into_iter().flatten();
        Extent::new(
            until.or_else(foreign),
            beyond.filter_map(|(end, start)| Some(point(start)?..Until::parse(end)?)),
        )
    }

    /// What another tap noted of a stream: a bookmark without a cursor, or what is kept of one.
    fn foreign(&self, stream: &Stream) -> Option<&Map<String, Value>> {
        let bookmark = self.state.bookmark(stream.name)?;
        if bookmark.contains_key("cursor") {
            bookmark.get(BEFORE)?.as_object()
        } else {
            Some(bookmark)
        }
    }

    /// Whether only another tap has noted how far a unit of a stream is out.
    #[must_use]
    pub fn is_foreign(&self, stream: &Stream, unit: &str) -> bool {
        let is_ours = self.cursor(stream, unit).is_some_and(|cursor| cursor.contains_key("until"));
        !is_ours
            && self.foreign(stream).is_some_and(|bookmark| {
                ["replication_key_value", "partitions"].iter().any(|it| bookmark.contains_key(*it))
            })
    }

    /// Notes that a range is out for a unit, and that nothing before `origin` is wanted.
    ///
    /// Where days were noted of what is times by now, or the other way round, `origin` stands for them.
    pub fn out(&mut self, stream: &Stream, unit: &str, origin: Until, range: Range<Until>) {
        let noted = self.extent(stream, unit);
        let is_alike = |it: &Until| discriminant(it) == discriminant(&origin);
        let beyond = noted.beyond().iter().filter(|it| is_alike(&it.start) && is_alike(&it.end));
        let mut extent = Extent::new(noted.until().filter(is_alike), beyond.cloned());
        extent.begin(origin);
        extent.add(range);
        let beyond: Map<String, Value> = extent
            .beyond()
            .iter()
            .map(|range| (range.end.text(), range.start.text().into()))
            .collect();
        self.note(stream, unit, |cursor| {
            cursor.extend(extent.until().map(|until| ("until".to_owned(), until.text().into())));
            if !beyond.is_empty() || cursor.contains_key("beyond") {
                cursor.insert("beyond".to_owned(), Value::Object(beyond));
            }
        });
    }

    /// Notes when a full picture of a unit was taken.
    pub fn taken(&mut self, stream: &Stream, unit: &str, at: DateTime<Utc>) {
        let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        self.note(stream, unit, |cursor| {
            cursor.insert("taken".to_owned(), at.into());
        });
    }

    /// What was seen of the days of a unit that Amazon may still change; a day that has settled has
    /// none. Nothing at all if nobody has noted such days.
    #[must_use]
    pub fn readings(
        &self,
        stream: &Stream,
        unit: &str,
    ) -> Option<BTreeMap<NaiveDate, Option<Reading>>> {
        let readings = self.cursor(stream, unit)?.get("readings")?.as_object()?;
        let reading = |(day, value): (&String, &Value)| {
            Some((day.parse().ok()?, Reading::deserialize(value).ok()))
        };
        Some(readings.iter().filter_map(reading).collect())
    }

    /// Notes what was seen of a day; nothing, once it has settled. Of days that settled long ago
    /// nothing is kept.
    pub fn read(&mut self, stream: &Stream, unit: &str, day: NaiveDate, reading: Option<&Reading>) {
        let mut readings = self.readings(stream, unit).unwrap_or_default();
        let newest = readings.keys().next_back().copied().unwrap_or(day).max(day);
        readings.insert(day, reading.cloned());
        readings.retain(|day, reading| reading.is_some() || newest - *day < REMEMBERED);
        let readings: Map<String, Value> = readings
            .into_iter()
            .map(|(day, reading)| (day.to_string(), serde_json::json!(reading)))
            .collect();
        self.note(stream, unit, |cursor| {
            cursor.insert("readings".to_owned(), Value::Object(readings));
        });
    }

    /// Changes the cursor of a unit, and what the bookmark shows with it.
    fn note(&mut self, stream: &Stream, unit: &str, change: impl FnOnce(&mut Map<String, Value>)) {
        let mut bookmark = self.state.bookmark(stream.name).cloned().unwrap_or_default();
        if !bookmark.is_empty() && !bookmark.contains_key("cursor") {
            bookmark = Map::from_iter([(BEFORE.to_owned(), Value::Object(bookmark))]);
        }
        let mut cursors = object(bookmark.remove("cursor"));
        let name = self.named(stream, unit).into_owned();
        let mut cursor = object(cursors.remove(&name));
        change(&mut cursor);
        cursors.insert(name, Value::Object(cursor));
        let until = |cursor: &Value| Until::parse(cursor.get("until")?.as_str()?);
        let earliest = cursors.values().filter_map(until).min();
        if let (Some(key), Some(earliest)) = (stream.replication_key, earliest) {
            bookmark.insert("replication_key".to_owned(), key.into());
            let value = earliest.replication_key_value().into();
            bookmark.insert("replication_key_value".to_owned(), value);
        }
        bookmark.insert("cursor".to_owned(), Value::Object(cursors));
        self.state.set_bookmark(stream.name, bookmark);
    }
}

/// What the partitions of a bookmark say of a unit, as the Singer SDK writes them:
/// `{"partitions": [{"context": {"marketplace_id": "US"}, "replication_key_value": …}]}`.
fn partition(bookmark: &Map<String, Value>, unit: &str) -> Option<Until> {
    let partitions = bookmark.get("partitions")?.as_array()?.iter();
    let unit = unit.split('/').next().unwrap_or(unit);
    let own = partitions.filter(|partition| {
        let name = partition.pointer("/context/marketplace_id").and_then(Value::as_str);
        let marketplace = name.and_then(Marketplace::find);
        marketplace.is_some_and(|it| it.id == unit || it.region.code() == unit)
    });
    let value =
        |partition: &Value| partition.get("replication_key_value")?.as_str().map(str::to_owned);
    own.filter_map(value).filter_map(|text| Until::parse(&text)).min()
}

/// The object that a member was, if it was one.
fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// Where a [`Job`] stands in the state. A place is used again when its job has ended, so that a state
/// which is merged deeply does not grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot(usize);

impl Bookmarks {
    /// The reports of a region that were asked for and are not loaded yet.
    #[must_use]
    pub fn jobs(&self, region: Region) -> Vec<(Slot, Job)> {
        let jobs = self.state.notes(REPORTS).and_then(|reports| reports.get(region.code()));
        let job = |(slot, job): (&String, &Value)| {
            Some((Slot(slot.parse().ok()?), Job::deserialize(job).ok()?))
        };
        jobs.and_then(Value::as_object).into_iter().flatten().filter_map(job).collect()
    }

    /// Notes a report; where it stands.
    pub fn put_job(&mut self, region: Region, job: &Job) -> Slot {
        let jobs = self.state.notes(REPORTS).and_then(|reports| reports.get(region.code()));
        let is_free = |slot: &usize| {
            jobs.and_then(|jobs| jobs.get(slot.to_string())).is_none_or(Value::is_null)
        };
        let taken = jobs.and_then(Value::as_object).map_or(0, Map::len);
        // Of one place more than there are, one is free.
        let slot = Slot((0..=taken).find(is_free).unwrap_or(taken));
        self.set_job(region, slot, Some(job));
        slot
    }

    /// Puts a report in the place of what stands there; nothing, once it has ended.
    pub fn set_job(&mut self, region: Region, slot: Slot, job: Option<&Job>) {
        let mut reports = self.state.notes(REPORTS).cloned().unwrap_or_default();
        let mut jobs = object(reports.remove(region.code()));
        jobs.insert(slot.0.to_string(), serde_json::json!(job));
        reports.insert(region.code().to_owned(), Value::Object(jobs));
        self.state.set_notes(REPORTS, reports);
    }
}

#[cfg(test)]
mod tests;
