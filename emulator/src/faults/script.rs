//! The script: what its file may say, and how it becomes faults.

use super::chance::{self, Chance};
use super::check::Wrong;
use super::entry::Entry;
use super::quota::Quota;
use super::span::{Ago, Span};
use super::{Faults, State};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// The report whose days arrive late and are corrected.
pub(super) const TRAFFIC: &str = "GET_SALES_AND_TRAFFIC_REPORT";

/// The names that a script may use.
#[derive(Debug)]
pub(crate) struct Known {
    /// Operations that have a usage plan; `token` and `download` go without saying.
    pub(crate) operations: Vec<&'static str>,
    /// Operations, beside those of reports, of which a range of time can be asked.
    pub(crate) ranged: &'static [&'static str],
    /// Operations, beside those of reports, of which a marketplace can be asked.
    pub(crate) placed: &'static [&'static str],
    /// Ids of the marketplaces in which the seller sells.
    pub(crate) marketplace_ids: Vec<&'static str>,
}

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    faults: Vec<Entry>,
}

/// A quota of one report type.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuotaEntry {
    report_type: String,
    reports: u32,
    per: Span,
}

/// How long a report of one type is not made anew.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegenerationEntry {
    report_type: String,
    window: Span,
}

/// A report that another client of the seller has asked for.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportEntry {
    report_type: String,
    marketplace_ids: Vec<String>,
    #[serde(default)]
    options: BTreeMap<String, String>,
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    created: Ago,
    status: Status,
}

/// Amazon's states of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    /// It will be made, and is `DONE` a little after the start.
    InQueue,
    /// It is being made, and is `DONE` a little after the start.
    InProgress,
    /// It has been made.
    Done,
    /// There was nothing to report.
    Cancelled,
    /// It failed, without a document.
    Fatal,
}

/// A report that another client of the seller has asked for.
#[derive(Debug, Clone)]
pub(crate) struct Foreign {
    /// Path of its member in the script.
    pub(crate) path: String,
    /// Amazon's name of its type.
    pub(crate) report_type: String,
    /// Its marketplaces.
    pub(crate) marketplace_ids: Vec<String>,
    /// Its options.
    pub(crate) options: BTreeMap<String, String>,
    /// Start of its data; the time of its creation if none is given.
    pub(crate) start: Option<DateTime<Utc>>,
    /// End of its data; the time of its creation if none is given.
    pub(crate) end: Option<DateTime<Utc>>,
    /// How long before the start it was asked for, in real and in scaled time.
    pub(crate) age: Duration,
    /// Its state at the start.
    pub(crate) status: Status,
}

/// Reads a script; an error begins with the path of the member.
pub(super) fn parse(text: &[u8], known: &Known) -> Result<Faults, String> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let script: Script = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| format!("{}: {}", error.path(), error.inner()))?;
    json.end().map_err(|error| format!("after the script: {error}"))?;
    let mut faults = Faults::default();
    let mut state = State::default();
    for (place, entry) in script.faults.into_iter().enumerate() {
        let path = format!("faults[{place}]");
        add(entry, &path, known, &mut faults, &mut state).map_err(|wrong| match wrong.member {
            "" => format!("{path}: {}", wrong.message),
            member => format!("{path}.{member}: {}", wrong.message),
        })?;
    }
    faults.state = Some(Mutex::new(state));
    Ok(faults)
}

/// Adds one entry: something that is set for the whole run, or a fault of calls.
fn add(
    mut entry: Entry,
    path: &str,
    known: &Known,
    faults: &mut Faults,
    state: &mut State,
) -> Result<(), Wrong> {
    let mut is_setting = false;
    if let Some(QuotaEntry { report_type, reports, per }) = entry.quota.take() {
        if reports == 0 || per.0.is_zero() {
            return Err(Wrong::new("quota", "reports and per must be above zero"));
        }
        state.quotas.push(Quota::new(report_type, reports, per.0));
        is_setting = true;
    }
    if let Some(RegenerationEntry { report_type, window }) = entry.regeneration.take() {
        faults.regeneration.insert(report_type, window.0);
        is_setting = true;
    }
    if let Some(report) = entry.report.take() {
        faults.foreign.push(foreign(report, path, known)?);
        is_setting = true;
    }
    if let Some(setting) = entry.random.take() {
        if state.chance.is_some() {
            return Err(Wrong::new("random", "there is another one"));
        }
        state.chance = Some(chance_of(setting)?);
        is_setting = true;
    }
    if is_setting && entry.is_empty() {
        return Ok(());
    }
    if is_setting {
        return Err(Wrong::new("", "quota, regeneration, report and random each stand alone"));
    }
    state.rules.push(entry.rule(known)?);
    Ok(())
}

fn chance_of(setting: chance::Setting) -> Result<Chance, Wrong> {
    Chance::new(setting).map_err(|(member, message)| match member {
        "rate" => Wrong::new("random.rate", message),
        _ => Wrong::new("random", message),
    })
}

fn foreign(entry: ReportEntry, path: &str, known: &Known) -> Result<Foreign, Wrong> {
    let is_known = |id: &String| known.marketplace_ids.contains(&id.as_str());
    if entry.marketplace_ids.is_empty() || !entry.marketplace_ids.iter().all(is_known) {
        return Err(Wrong::new(
            "report.marketplace_ids",
            "expected ids of marketplaces in which the seller sells",
        ));
    }
    Ok(Foreign {
        path: format!("{path}.report"),
        report_type: entry.report_type,
        marketplace_ids: entry.marketplace_ids,
        options: entry.options,
        start: entry.start,
        end: entry.end,
        age: entry.created.0,
        status: entry.status,
    })
}
