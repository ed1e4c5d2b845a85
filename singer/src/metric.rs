//! Numbers about a run, as points in its log.
//!
//! The points have the form that the field's tools collect. They are logged as events with the one
//! field [`POINT`], which [`crate::log`] prints as `METRIC: {…}` or as a member of its own.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// The field of an event that holds a point, as JSON text.
pub(crate) const POINT: &str = "metric_info";

/// How often a counter says what it counted.
const INTERVAL: Duration = Duration::from_mins(1);

/// Logs how many of something there were, such as `record_count` or `http_request_count`.
pub fn counter(metric: &str, value: u64, tags: &[(&str, Value)]) {
    log(&point("counter", metric, json!(value), tags));
}

/// Logs how long something took, in seconds, such as `sync_duration` or `http_request_duration`.
pub fn timer(metric: &str, duration: Duration, tags: &[(&str, Value)]) {
    log(&point("timer", metric, json!(duration.as_secs_f64()), tags));
}

/// A point with its tags, to which the number of this process is added.
fn point(kind: &str, metric: &str, value: Value, tags: &[(&str, Value)]) -> String {
    let mut all: Map<String, Value> =
        tags.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    all.insert("pid".to_owned(), json!(std::process::id()));
    json!({ "type": kind, "metric": metric, "value": value, "tags": all }).to_string()
}

/// Hands a point to the log.
fn log(point: &str) {
    tracing::info!(target: "singer::metric", metric_info = point);
}

/// Counts the records of a stream and says every minute how many came since it last spoke.
#[derive(Debug)]
pub struct Progress {
    stream: String,
    /// Counted and not yet said.
    unsaid: u64,
    total: u64,
    started: Instant,
    spoke: Instant,
}

impl Progress {
    /// Starts counting.
    #[must_use]
    pub fn new(stream: impl Into<String>, now: Instant) -> Self {
        Self { stream: stream.into(), unsaid: 0, total: 0, started: now, spoke: now }
    }

    /// Counts records, and speaks when it is time.
    pub fn add(&mut self, records: u64, now: Instant) {
        self.unsaid = self.unsaid.saturating_add(records);
        self.total = self.total.saturating_add(records);
        if now.saturating_duration_since(self.spoke) >= INTERVAL {
            self.say(now);
        }
    }

    /// Everything counted so far.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Says what is left and how long it all took, and returns the total.
    pub fn finish(mut self, now: Instant) -> u64 {
        self.say(now);
        let duration = now.saturating_duration_since(self.started);
        timer("sync_duration", duration, &[("stream", self.stream.as_str().into())]);
        self.total
    }

    fn say(&mut self, now: Instant) {
        let records = std::mem::take(&mut self.unsaid);
        self.spoke = now;
        counter("record_count", records, &[("stream", self.stream.as_str().into())]);
    }
}
