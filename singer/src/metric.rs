//! Numbers about a run, as points in its log.
//!
//! The points have the form that the field's tools collect. They are logged as events with the one
//! field `metric_info`, which [`crate::log`] prints as `METRIC: {…}` or as a member of its own.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// The field of an event that holds a point, as JSON text.
pub(crate) const POINT: &str = "metric_info";

/// How often a counter says what it counted.
const INTERVAL: Duration = Duration::from_mins(1);

/// Logs how many of something there were, such as `record_count` or `http_request_count`.
pub fn counter(metric: &str, value: u64, tags: &[(&str, Value)]) {
    log(&point("counter", metric, &json!(value), tags));
}

/// Logs how long something took, in seconds, such as `sync_duration` or `http_request_duration`.
pub fn timer(metric: &str, duration: Duration, tags: &[(&str, Value)]) {
    log(&point("timer", metric, &json!(duration.as_secs_f64()), tags));
}

/// A point with its tags, to which the number of this process is added.
fn point(kind: &str, metric: &str, value: &Value, tags: &[(&str, Value)]) -> String {
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

    /// Says what is left and how long it all took.
    pub fn finish(mut self, now: Instant) {
        self.say(now);
        let duration = now.saturating_duration_since(self.started);
        timer("sync_duration", duration, &[("stream", self.stream.as_str().into())]);
    }

    /// Says how many came since the last time.
    fn say(&mut self, now: Instant) {
        let records = std::mem::take(&mut self.unsaid);
        self.spoke = now;
        counter("record_count", records, &[("stream", self.stream.as_str().into())]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Layout, tests::logged};

    /// The points in lines for people.
    fn points(lines: &[String]) -> Vec<(String, Value)> {
        let point = |line: &String| {
            let (_, point) = line.split_once("| METRIC: ").unwrap();
            let point: Value = serde_json::from_str(point).unwrap();
            (point["metric"].as_str().unwrap().to_owned(), point["value"].clone())
        };
        lines.iter().map(point).collect()
    }

    #[test]
    fn a_point_is_written_as_collectors_read_it() {
        let lines = logged(Layout::Text, || {
            counter("record_count", 100_000, &[("stream", "orders".into())]);
        });
        let (head, point) = lines[0].split_once("METRIC: ").unwrap();
        assert!(head.ends_with("| INFO     | singer.metric                  | "), "{head}");
        let pid = std::process::id();
        assert_eq!(
            point,
            format!(
                r#"{{"type":"counter","metric":"record_count","value":100000,"tags":{{"stream":"orders","pid":{pid}}}}}"#
            )
        );
    }

    #[test]
    fn a_structured_line_has_the_point_as_a_member() {
        let tags = [("endpoint", "getReport".into()), ("http_status_code", 200.into())];
        let lines = logged(Layout::Json, || {
            timer("http_request_duration", Duration::from_millis(250), &tags);
        });
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["message"], "METRIC");
        assert_eq!(
            line["metric_info"],
            json!({"type": "timer", "metric": "http_request_duration", "value": 0.25,
                "tags": {"endpoint": "getReport", "http_status_code": 200, "pid": std::process::id()}})
        );
    }

    #[test]
    fn progress_speaks_every_minute_and_at_the_end() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let lines = logged(Layout::Text, || {
            let mut progress = Progress::new("orders", start);
            for second in [1, 30, 59, 60, 61, 119, 121] {
                progress.add(10, at(second));
            }
            progress.add(5, at(130));
            assert_eq!(progress.total(), 75);
            progress.finish(at(150));
        });
        let expected = [
            ("record_count", json!(40)),
            ("record_count", json!(30)),
            ("record_count", json!(5)),
            ("sync_duration", json!(150.0)),
        ];
        assert_eq!(points(&lines), expected.map(|(metric, value)| (metric.to_owned(), value)));
    }
}
