//! The parameters of a request, read as Amazon reads them.

use super::error::Refusal;
use axum::http::Uri;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// The parameters of one query, each given once.
#[derive(Debug)]
pub(crate) struct Query {
    parameters: Vec<(String, String)>,
}

impl Query {
    /// Decodes the query of `uri`, which may carry the `documented` parameters.
    ///
    /// A parameter that Amazon's model does not name, or that is given twice (lists are separated
    /// by commas within one), is not emulated.
    pub(crate) fn parse(uri: &Uri, documented: &[&str]) -> Result<Self, Refusal> {
        let axum::extract::Query(parameters) =
            axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
                .map_err(|_| Refusal::invalid("The query string cannot be decoded."))?;
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in &parameters {
            if !documented.contains(&name.as_str()) {
                return Err(Refusal::not_emulated(format!("parameter {name}")));
            }
            if seen.contains(&name.as_str()) {
                return Err(Refusal::not_emulated(format!("parameter {name} given twice")));
            }
            seen.push(name);
        }
        Ok(Self { parameters })
    }

    /// The value of `name`; an empty one counts as given.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The values of the list `name`, at most `most`; empty if it is not given.
    pub(crate) fn list(&self, name: &str, most: usize) -> Result<Vec<&str>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(Vec::new()) };
        let values: Vec<&str> = text.split(',').collect();
        if values.iter().any(|value| value.is_empty()) {
            return Err(Refusal::invalid(format!("{name} has an empty value.")));
        }
        if values.len() > most {
            return Err(Refusal::invalid(format!("{name} may have at most {most} values.")));
        }
        Ok(values)
    }

    /// The list `name`, every value of which is one of `words`.
    pub(crate) fn words(&self, name: &str, words: &[&str]) -> Result<Vec<&str>, Refusal> {
        let values = self.list(name, usize::MAX)?;
        if let Some(unknown) = values.iter().find(|value| !words.contains(value)) {
            return Err(Refusal::invalid(format!("Invalid input in {name}: {unknown}")));
        }
        Ok(values)
    }

    /// The whole number `name`, from `low` to `high`.
    pub(crate) fn number(
        &self,
        name: &str,
        low: usize,
        high: usize,
    ) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if (low..=high).contains(&number) => Ok(Some(number)),
            _ => Err(Refusal::invalid(format!("{name} must be from {low} to {high}."))),
        }
    }

    /// The moment `name`.
    ///
    /// `+09:00` whose plus sign was not encoded arrives with a space and is refused, as callers
    /// have reported.
    pub(crate) fn moment(&self, name: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
        self.text(name).map(|text| moment(name, text)).transpose()
    }

    /// The boolean `name`, spelled `true` or `false`.
    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Refusal::invalid(format!("{name} must be true or false."))),
        }
    }

    /// The parameters other than `name`, as one text that is the same for the same parameters.
    pub(crate) fn without(&self, name: &str) -> String {
        self.without_any(&[name])
    }

    /// The parameters other than `names`, as one text that is the same for the same parameters.
    pub(crate) fn without_any(&self, names: &[&str]) -> String {
        let mut others: Vec<String> = self
            .parameters
            .iter()
            .filter(|(key, _)| !names.contains(&key.as_str()))
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        others.sort_unstable();
        others.join("\n")
    }

    /// The same query with further parameters, as [`Query::without_any`] has written them.
    pub(crate) fn with(mut self, others: &str) -> Self {
        let others = others.lines().filter_map(|line| line.split_once('='));
        self.parameters.extend(others.map(|(key, value)| (key.to_owned(), value.to_owned())));
        self
    }

    /// The parameters as the journal has them: without the value of `token`, and with `items`, the
    /// number of things in the answer.
    pub(crate) fn detail(&self, token: &str, items: usize) -> Value {
        let said = |(key, value): &(String, String)| {
            let value = if key == token { true.into() } else { value.as_str().into() };
            (key.clone(), value)
        };
        let known = self.parameters.iter().map(said);
        known.chain([("items".to_owned(), items.into())]).collect::<Map<_, _>>().into()
    }

    /// True if a parameter other than `name` is given.
    pub(crate) fn has_others(&self, name: &str) -> bool {
        self.parameters.iter().any(|(key, _)| key != name)
    }
}

/// The moment that `text`, the value of `name`, says in ISO 8601 with an offset.
pub(crate) fn moment(name: &str, text: &str) -> Result<DateTime<Utc>, Refusal> {
    DateTime::parse_from_rfc3339(text)
        .map(|moment| moment.to_utc())
        .map_err(|_| Refusal::invalid(format!("Invalid date/time field: {name}")))
}

/// The segments of `path`, decoded; none if one of them cannot be.
pub(crate) fn segments(path: &str) -> Option<Vec<String>> {
    path.strip_prefix('/')?.split('/').map(decoded).collect()
}

/// A path segment without its percent signs. In a path a plus sign is a plus sign.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = segment.bytes();
    let mut plain = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            let value = digit()? * 16 + digit()?;
            plain.push(u8::try_from(value).ok()?);
        } else {
            plain.push(byte);
        }
    }
    String::from_utf8(plain).ok()
}
