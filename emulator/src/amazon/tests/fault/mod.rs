//! Faults of a script, as callers meet them.

mod call;
mod chance;
mod download;
mod report;

use super::{Caller, Heard, LISTINGS, TRAFFIC, US, noon, text};
use crate::amazon::Region;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::path::Path;

const REPORTS: &str = "/reports/2021-06-30/reports";
const PARTICIPATIONS: &str = "/sellers/v1/marketplaceParticipations";

/// A createReport body for the sales and traffic of one day in the United States.
fn day(days_ago: i64) -> Value {
    let date = text(noon() - TimeDelta::days(days_ago));
    json!({
        "reportType": TRAFFIC,
        "marketplaceIds": [US],
        "dataStartTime": date,
        "dataEndTime": date,
        "reportOptions": {"asinGranularity": "CHILD"},
    })
}

impl Caller {
    /// Sends a createReport body to North America.
    async fn ask(&self, body: Value) -> Heard {
        self.call(Region::Na, "POST", REPORTS, body).await
    }

    /// The document of one day, parsed.
    async fn read_day(&self, days_ago: i64) -> Value {
        let (_, document) = self.document(Region::Na, day(days_ago)).await;
        serde_json::from_slice(&super::unzipped(&document.body)).unwrap()
    }
}

/// Operation, status and fault of each line of a journal.
fn told(file: &Path) -> Vec<(String, u64, String)> {
    lines(file)
        .into_iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            (text("operation"), line["status"].as_u64().unwrap(), text("fault"))
        })
        .collect()
}

/// The lines of a journal.
fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
