//! Checks that what a member of `faults` says goes together, and makes a fault of it.

use super::effect::{Content, Effect, Ending, Reason, Refuse};
use super::entry::{DocumentEntry, EndsEntry, Entry, Region};
use super::rule::{Matcher, Rule, When};
use super::script::{Known, TRAFFIC};
use std::collections::HashMap;

/// What is wrong with an entry.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The member, or nothing for the entry as a whole.
    pub(super) member: &'static str,
    pub(super) message: String,
}

impl Wrong {
    pub(super) fn new(member: &'static str, message: impl Into<String>) -> Self {
        Self { member, message: message.into() }
    }
}

/// The operations that an effect can happen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Everything, the login and the storage included.
    Any,
    /// The operations of the regions' hosts.
    Api,
    /// One.
    Only(&'static str),
}

/// The scope of an effect.
fn scope(effect: &Effect) -> Scope {
    match effect {
        Effect::Refuse(_) | Effect::Drop | Effect::Delay(_) => Scope::Any,
        Effect::Token(_) | Effect::RepeatToken => Scope::Api,
        Effect::InvalidGrant | Effect::TokenLife(_) => Scope::Only("token"),
        Effect::Expired | Effect::Cut(_) | Effect::Pace(_) => Scope::Only("download"),
        Effect::Quota
        | Effect::Lose(_)
        | Effect::End(_)
        | Effect::Stuck
        | Effect::Takes(_)
        | Effect::LateDay
        | Effect::Restated => Scope::Only("createReport"),
    }
}

impl Entry {
    /// The fault, if its members go together.
    pub(super) fn rule(mut self, known: &Known) -> Result<Rule, Wrong> {
        let effect = self.effect()?;
        let operation = self.operation(&effect)?;
        self.check_status(operation.as_deref())?;
        if matches!(effect, Effect::LateDay | Effect::Restated)
            && self.report_type.get_or_insert_with(|| TRAFFIC.to_owned()) != TRAFFIC
        {
            return Err(Wrong::new("report_type", format!("this happens to {TRAFFIC} only")));
        }
        let (when, is_per_subject) = self.when()?;
        let matcher = self.matcher(operation, known)?;
        Ok(Rule { matcher, when, is_per_subject, effect, matched: HashMap::new() })
    }

    /// The operation to which `effect` happens; none is any of the regions' hosts.
    fn operation(&self, effect: &Effect) -> Result<Option<String>, Wrong> {
        match (scope(effect), &self.operation) {
            (Scope::Only(name), Some(given)) if given != name => {
                Err(Wrong::new("operation", format!("this happens to {name} only")))
            }
            (Scope::Only(name), _) => Ok(Some(name.to_owned())),
            (Scope::Api, Some(given)) if matches!(given.as_str(), "token" | "download") => {
                Err(Wrong::new("operation", "this happens on the regions' hosts only"))
            }
            (Scope::Api | Scope::Any, given) => Ok(given.clone()),
        }
    }

    /// The one thing that happens.
    fn effect(&self) -> Result<Effect, Wrong> {
        let mut effects: Vec<Effect> = Vec::new();
        effects.extend(self.status.map(|status| {
            Effect::Refuse(Refuse {
                status,
                has_rate: self.rate_header.is_some(),
                is_html: self.html.is_some(),
                code: self.code.clone(),
                message: self.message.clone(),
            })
        }));
        effects.extend(self.accept_then.map(Effect::Lose));
        effects.extend(self.drop.map(|_| Effect::Drop));
        effects.extend(self.delay.map(|delay| Effect::Delay(delay.0)));
        effects.extend(self.token.map(Effect::Token));
        effects.extend(self.invalid_grant.map(|_| Effect::InvalidGrant));
        effects.extend(self.dies_after.map(|life| Effect::TokenLife(life.0)));
        effects.extend(self.ending()?);
        effects.extend(self.stuck.map(|_| Effect::Stuck));
        effects.extend(positive("slow", self.slow)?.map(Effect::Takes));
        effects.extend(self.restated.map(|_| Effect::Restated));
        effects.extend(self.repeat_token.map(|_| Effect::RepeatToken));
        effects.extend(self.expired.map(|_| Effect::Expired));
        effects.extend(self.cut_after.map(Effect::Cut));
        effects.extend(positive("bytes_per_second", self.bytes_per_second)?.map(Effect::Pace));
        match <[Effect; 1]>::try_from(effects) {
            Ok([effect]) => Ok(effect),
            Err(effects) if effects.is_empty() => Err(Wrong::new("", "nothing happens")),
            Err(_) => Err(Wrong::new("", "more than one thing happens; write one entry for each")),
        }
    }

    /// How a report ends, or what its document lacks.
    fn ending(&self) -> Result<Option<Effect>, Wrong> {
        let late = |document: &DocumentEntry| document.asin_list.is_some();
        match (self.ends, &self.document) {
            (None, None) => Ok(None),
            (None, Some(document)) if late(document) => {
                let is_more =
                    document.text.is_some() || document.json.is_some() || document.gzip.is_some();
                if is_more {
                    return Err(Wrong::new("document", "asin_list stands alone"));
                }
                Ok(Some(Effect::LateDay))
            }
            (None | Some(EndsEntry::Cancelled), Some(_)) => {
                Err(Wrong::new("document", "goes with \"ends\": \"FATAL\""))
            }
            (Some(EndsEntry::Cancelled), None) => Ok(Some(Effect::End(Ending::Cancelled))),
            (Some(EndsEntry::Fatal), None) => Ok(Some(Effect::End(Ending::Fatal(None)))),
            (Some(EndsEntry::Fatal), Some(document)) => {
                let content = match (&document.text, &document.json, late(document)) {
                    (Some(text), None, false) => Content::Text(text.clone()),
                    (None, Some(json), false) => Content::Json(json.clone()),
                    _ => return Err(Wrong::new("document", "expected either text or json")),
                };
                let reason = Reason { content, is_gzip: document.gzip.is_some() };
                Ok(Some(Effect::End(Ending::Fatal(Some(reason)))))
            }
        }
    }

    /// Refuses a status that nobody has evidenced of an operation, and members that go with
    /// another status.
    fn check_status(&self, operation: Option<&str>) -> Result<(), Wrong> {
        let is_api = !matches!(operation, Some("token" | "download"));
        let evidenced: &[u16] = if is_api { &[400, 403, 404, 429, 500, 503] } else { &[500, 503] };
        if let Some(status) = self.status
            && !evidenced.contains(&status)
        {
            return Err(Wrong::new("status", format!("expected one of {evidenced:?}")));
        }
        let goes_with = |member, is_given: bool, status: u16| {
            if is_given && !(is_api && self.status == Some(status)) {
                let message = format!("goes with status {status} of the regions' hosts");
                return Err(Wrong::new(member, message));
            }
            Ok(())
        };
        goes_with("rate_header", self.rate_header.is_some(), 429)?;
        goes_with("html", self.html.is_some(), 503)?;
        goes_with("code", self.code.is_some(), 400)?;
        goes_with("message", self.message.is_some(), 400)
    }

    fn when(&self) -> Result<(When, bool), Wrong> {
        let Some(when) = &self.when else { return Ok((When::Always, false)) };
        let mut all = Vec::new();
        if let Some(calls) = &when.calls {
            if calls.contains(&0) {
                return Err(Wrong::new("when.calls", "calls are counted from 1"));
            }
            all.push(When::Calls(calls.clone()));
        }
        if let Some(from) = when.from {
            all.push(When::From(from.max(1), when.count));
        } else if when.count.is_some() {
            return Err(Wrong::new("when.count", "goes with from"));
        }
        if when.every == Some(0) {
            return Err(Wrong::new("when.every", "calls are counted from 1"));
        }
        all.extend(when.every.map(When::Every));
        all.extend(when.between.map(|(from, until)| When::Between(from.0, until.0)));
        let is_per_subject = when.per.is_some();
        match <[When; 1]>::try_from(all) {
            Ok([When::Between(..)]) if is_per_subject => {
                Err(Wrong::new("when.per", "does not go with between"))
            }
            Ok([when]) => Ok((when, is_per_subject)),
            Err(_) => Err(Wrong::new("when", "expected one of calls, from, every and between")),
        }
    }

    /// Which calls: of `operation`, and with what else is given.
    fn matcher(&self, operation: Option<String>, known: &Known) -> Result<Matcher, Wrong> {
        self.check_fit(operation.as_deref(), known)?;
        if let Some(id) = &self.marketplace_id
            && !known.marketplace_ids.contains(&id.as_str())
        {
            return Err(Wrong::new("marketplace_id", "the seller does not sell there"));
        }
        Ok(Matcher {
            operation,
            region: self.region.map(Region::name),
            report_type: self.report_type.clone(),
            marketplace_id: self.marketplace_id.clone(),
            start: self.start,
            end: self.end,
        })
    }

    /// Refuses an operation that does not exist, and what no call of the operation has: a fault
    /// that can never be played is a mistake.
    fn check_fit(&self, operation: Option<&str>, known: &Known) -> Result<(), Wrong> {
        let is_beside = |name: &str| matches!(name, "token" | "download");
        if operation.is_some_and(|it| !is_beside(it) && !known.operations.contains(&it)) {
            let names = known.operations.join(", ");
            return Err(Wrong::new("operation", format!("expected token, download, {names}")));
        }
        let is_of_reports = operation.is_none_or(|it| it.contains("Report") || it == "download");
        let is_among = |names: &[&str]| operation.is_some_and(|it| names.contains(&it));
        let has_range = is_of_reports && operation != Some("getReports") || is_among(known.ranged);
        let has_marketplace = is_of_reports || is_among(known.placed);
        let fits = [
            ("region", self.region.is_some(), operation != Some("token")),
            ("report_type", self.report_type.is_some(), is_of_reports),
            ("marketplace_id", self.marketplace_id.is_some(), has_marketplace),
            ("start", self.start.is_some(), has_range),
            ("end", self.end.is_some(), has_range),
        ];
        match fits.iter().find(|(_, is_given, fits)| *is_given && !fits) {
            Some((member, ..)) => Err(Wrong::new(member, "calls of this operation have none")),
            None => Ok(()),
        }
    }
}

/// `value` if it is above zero.
fn positive(member: &'static str, value: Option<f64>) -> Result<Option<f64>, Wrong> {
    match value {
        Some(value) if !(value.is_finite() && value > 0.0) => {
            Err(Wrong::new(member, "expected a number above zero"))
        }
        _ => Ok(value),
    }
}
