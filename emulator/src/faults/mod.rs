//! Faults on request: a script of what shall go wrong, and on which calls.
//!
//! A script is read once, before the first request. For every call the services ask it once, with
//! what is [`Asked`], and play the [`Verdict`] themselves: this module knows neither HTTP nor how a
//! report is made. `README.md` beside the manifest documents the script, member by member.

mod chance;
mod check;
mod effect;
mod entry;
mod quota;
mod rule;
mod script;
mod span;

pub(crate) use effect::{Content, Course, Death, Effect, Ending, Loss, Reason, Refuse, Verdict};
pub(crate) use script::{Foreign, Known, Status as ForeignStatus};

use crate::clock::Moment;
use chance::Chance;
use chrono::{DateTime, Utc};
use effect::Stage;
use quota::Quota;
use rule::Rule;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What is asked, as far as a fault can depend on it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Asked {
    /// The vendor's name of the operation; `token` for Login with Amazon, `download` for the
    /// document storage.
    pub(crate) operation: &'static str,
    /// `na`, `eu` or `fe`; none at the login.
    pub(crate) region: Option<&'static str>,
    /// The report types that the call is about.
    pub(crate) report_types: Vec<String>,
    /// The marketplaces that the call is about.
    pub(crate) marketplace_ids: Vec<String>,
    /// Start of the report's data.
    pub(crate) start: Option<DateTime<Utc>>,
    /// End of the report's data.
    pub(crate) end: Option<DateTime<Utc>>,
    /// The same text for calls of an operation that ask for the same thing.
    pub(crate) subject: String,
}

/// The faults of a script, and how often each call has come.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// None without a script: then nothing is counted.
    state: Option<Mutex<State>>,
    foreign: Vec<Foreign>,
    regeneration: HashMap<String, Duration>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    quotas: Vec<Quota>,
    chance: Option<Chance>,
}

/// Why a script was refused: one line, which begins with the path of the member.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ScriptError(String);

impl ScriptError {
    /// An error about one member; `message` begins with its path.
    pub(crate) fn new(message: String) -> Self {
        Self(message)
    }
}

impl Faults {
    /// Reads the script in `file`, or none if that is an empty path; `known` are the names that it
    /// may use.
    pub(crate) fn read(file: &Path, known: &Known) -> Result<Self, ScriptError> {
        if file.as_os_str().is_empty() {
            return Ok(Self::default());
        }
        let text = std::fs::read(file).map_err(|error| ScriptError(error.to_string()))?;
        Self::parse(&text, known)
    }

    /// Reads the script `text`.
    pub(crate) fn parse(text: &[u8], known: &Known) -> Result<Self, ScriptError> {
        script::parse(text, known).map_err(ScriptError)
    }

    /// What becomes of a call that came at the time of `arrival`.
    pub(crate) fn decide(&self, asked: &Asked, arrival: Moment) -> Verdict {
        self.state.as_ref().map_or_else(Verdict::default, |state| {
            state.lock().unwrap_or_else(PoisonError::into_inner).decide(asked, arrival)
        })
    }

    /// The reports that other clients of the seller have asked for before the start.
    pub(crate) fn foreign(&self) -> &[Foreign] {
        &self.foreign
    }

    /// How long a report of this type is not made anew, if the script says so.
    pub(crate) fn regeneration(&self, report_type: &str) -> Option<Duration> {
        self.regeneration.get(report_type).copied()
    }
}

impl State {
    /// The script goes before chance. What happens to a report or a download is decided, and
    /// counted, only for calls that are performed.
    fn decide(&mut self, asked: &Asked, arrival: Moment) -> Verdict {
        let mut verdict = Verdict::default();
        let drawn = self.chance.as_mut().and_then(|chance| chance.draw(asked, arrival.time));
        let of_chance = |stage| drawn.clone().filter(|effect: &Effect| effect.stage() == stage);
        self.strike(Stage::Call, asked, arrival.scaled, &mut verdict);
        if !verdict.has_answer() && self.is_over_quota(asked, arrival.scaled) {
            verdict.add(Effect::Quota);
        }
        verdict.extend(of_chance(Stage::Call));
        if !verdict.prevents() {
            self.strike(Stage::Performance, asked, arrival.scaled, &mut verdict);
            verdict.extend(of_chance(Stage::Performance));
        }
        verdict
    }

    /// Adds what the rules of one `stage` say.
    fn strike(&mut self, stage: Stage, asked: &Asked, elapsed: Duration, verdict: &mut Verdict) {
        for rule in self.rules.iter_mut().filter(|rule| rule.effect.stage() == stage) {
            if rule.strikes(asked, elapsed) {
                verdict.add(rule.effect.clone());
            }
        }
    }

    /// Takes a report from the quotas of its type; true if one of them has none left.
    fn is_over_quota(&mut self, asked: &Asked, elapsed: Duration) -> bool {
        asked.operation == "createReport"
            && self.quotas.iter_mut().any(|quota| !quota.take(asked, elapsed))
    }
}

#[cfg(test)]
mod tests;
