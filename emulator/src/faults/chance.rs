//! Faults by chance, for tests that hold whatever goes wrong.
//!
//! Whether a call is struck, and by what, is a function of the seed, the region, the operation and
//! how many calls of it have come. A client that repeats what may be repeated always finishes:
//! faults end after a few in a row, and what a repetition must make good happens once.

use super::Asked;
use super::effect::{Content, Death, Effect, Ending, Loss, Reason, Refuse};
use crate::random::Random;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// What can happen by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// A call is refused with 429, with the header of the rate or without.
    #[serde(rename = "429")]
    Throttled,
    /// A request is refused with 500.
    #[serde(rename = "500")]
    Error,
    /// A request is refused with 503.
    #[serde(rename = "503")]
    Unavailable,
    /// A request is not answered.
    Drop,
    /// A download ends before its end.
    Cut,
    /// A presigned address dies.
    Expired,
    /// A report is made, and the answer to createReport is lost.
    LostCreate,
    /// An answer, a download or a report takes its time.
    Slow,
    /// A report of sales and traffic of the last days is cancelled, once.
    Cancelled,
    /// A report fails, once.
    FatalOnce,
    /// An access token dies.
    Token,
    /// A report of sales and traffic of the last days has no ASINs, once.
    LateDay,
}

/// All kinds.
const KINDS: &[Kind] = &[
    Kind::Throttled,
    Kind::Error,
    Kind::Unavailable,
    Kind::Drop,
    Kind::Cut,
    Kind::Expired,
    Kind::LostCreate,
    Kind::Slow,
    Kind::Cancelled,
    Kind::FatalOnce,
    Kind::Token,
    Kind::LateDay,
];

/// How long after a day its sales and traffic may still change (Amazon's own words for its
/// analytics reports: up to 72 hours).
const LATENESS: TimeDelta = TimeDelta::hours(72);

/// The setting of chance, as a script writes it.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    seed: u64,
    /// The share of calls that are struck, from 0 to 1.
    rate: f64,
    /// What may happen; everything by default.
    #[serde(default)]
    kinds: Option<Vec<Kind>>,
    /// After so many faults in a row on one operation, or on one subject of it, a call is spared.
    #[serde(default)]
    in_a_row: Option<u32>,
}

/// An operation on one host.
type Place = (Option<&'static str>, &'static str);

/// A chance, and what it has done so far.
#[derive(Debug)]
pub(super) struct Chance {
    seed: u64,
    rate: f64,
    kinds: Vec<Kind>,
    in_a_row: u32,
    calls: HashMap<Place, u64>,
    /// Faults since the last good call.
    row_of_place: HashMap<Place, u32>,
    row_of_subject: HashMap<(Place, String), u32>,
    /// What happens once to a subject, and has.
    done: HashSet<(Kind, String)>,
}

impl Chance {
    /// A chance as it is set; or what is wrong with it.
    pub(super) fn new(setting: Setting) -> Result<Self, (&'static str, &'static str)> {
        let Setting { seed, rate, kinds, in_a_row } = setting;
        if !(0.0..=1.0).contains(&rate) {
            return Err(("rate", "expected a share from 0 to 1"));
        }
        Ok(Self {
            seed,
            rate,
            kinds: kinds.unwrap_or_else(|| KINDS.to_vec()),
            in_a_row: in_a_row.unwrap_or(3),
            calls: HashMap::new(),
            row_of_place: HashMap::new(),
            row_of_subject: HashMap::new(),
            done: HashSet::new(),
        })
    }

    /// What happens to the next call, which comes at `now`.
    pub(super) fn draw(&mut self, asked: &Asked, now: DateTime<Utc>) -> Option<Effect> {
        let place = (asked.region, asked.operation);
        let number = self.calls.entry(place).or_default();
        *number += 1;
        let name = format!("{} {}", asked.region.unwrap_or("lwa"), asked.operation);
        let mut random = Random::new(self.seed, &name, *number);
        let struck = random.share() < self.rate;
        let kind = struck.then(|| self.kind(asked, now, &mut random)).flatten();
        let subject = (place, asked.subject.clone());
        let row = |count: Option<&u32>| count.copied().unwrap_or(0);
        let rows = (row(self.row_of_place.get(&place)), row(self.row_of_subject.get(&subject)));
        let Some(kind) = kind.filter(|_| rows.0.max(rows.1) < self.in_a_row) else {
            self.row_of_place.remove(&place);
            self.row_of_subject.remove(&subject);
            return None;
        };
        self.row_of_place.insert(place, rows.0 + 1);
        self.row_of_subject.insert(subject, rows.1 + 1);
        if is_once(kind) {
            self.done.insert((kind, asked.subject.clone()));
        }
        Some(effect(kind, asked.operation, &mut random))
    }

    /// One of the kinds that can happen to the call.
    fn kind(&self, asked: &Asked, now: DateTime<Utc>, random: &mut Random) -> Option<Kind> {
        let is_possible = |kind: &Kind| {
            suits(*kind, asked, now)
                && !(is_once(*kind) && self.done.contains(&(*kind, asked.subject.clone())))
        };
        let possible: Vec<Kind> = self.kinds.iter().copied().filter(is_possible).collect();
        let place = random.below(u64::try_from(possible.len()).ok()?);
        possible.get(usize::try_from(place).ok()?).copied()
    }
}

/// True of what a client makes good by asking for the report once more.
fn is_once(kind: Kind) -> bool {
    matches!(kind, Kind::Cancelled | Kind::FatalOnce | Kind::LateDay)
}

/// True if `kind` can happen to the call.
fn suits(kind: Kind, asked: &Asked, now: DateTime<Utc>) -> bool {
    let is_create = asked.operation == "createReport";
    let is_download = asked.operation == "download";
    let is_token = asked.operation == "token";
    let may_fill_up = || {
        asked.report_types.iter().any(|it| it == super::script::TRAFFIC)
            && asked.end.is_some_and(|end| end + TimeDelta::days(1) > now - LATENESS)
    };
    match kind {
        Kind::Error | Kind::Unavailable | Kind::Drop | Kind::Slow => true,
        Kind::Throttled | Kind::Token => !is_download && !is_token,
        Kind::Cut | Kind::Expired => is_download,
        Kind::LostCreate | Kind::FatalOnce => is_create,
        Kind::Cancelled | Kind::LateDay => is_create && may_fill_up(),
    }
}

/// What `kind` does to a call of `operation`.
fn effect(kind: Kind, operation: &str, random: &mut Random) -> Effect {
    let refuse = |status| Effect::Refuse(Refuse::with(status));
    match kind {
        Kind::Throttled => {
            Effect::Refuse(Refuse { has_rate: random.chance(50), ..Refuse::with(429) })
        }
        Kind::Error => refuse(500),
        Kind::Unavailable if matches!(operation, "token" | "download") => refuse(503),
        Kind::Unavailable => {
            Effect::Refuse(Refuse { is_html: random.chance(50), ..Refuse::with(503) })
        }
        Kind::Drop => Effect::Drop,
        Kind::Cut => Effect::Cut(random.below(20_000)),
        Kind::Expired => Effect::Expired,
        Kind::LostCreate => Effect::Lose(if random.chance(50) { Loss::Error } else { Loss::Drop }),
        Kind::Slow => match operation {
            "createReport" => Effect::Takes(if random.chance(50) { 3.0 } else { 6.0 }),
            "download" => Effect::Pace(2048.0),
            _ => Effect::Delay(Duration::from_secs(random.between(1, 20))),
        },
        Kind::Cancelled => Effect::End(Ending::Cancelled),
        Kind::FatalOnce => {
            let why = json!({"errorDetails": "The report could not be generated."});
            let reason = Reason { content: Content::Json(why), is_gzip: random.chance(50) };
            Effect::End(Ending::Fatal(random.chance(50).then_some(reason)))
        }
        Kind::Token => {
            Effect::Token(if random.chance(50) { Death::Expired } else { Death::Revoked })
        }
        Kind::LateDay => Effect::LateDay,
    }
}
