//! Faults by chance, met by the simplest client that repeats what may be repeated.

use super::{Caller, day, told};
use crate::amazon::Region;
use crate::amazon::tests::{Heard, TRAFFIC, unzipped};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// A client that tries everything four times: once more than faults may come in a row.
struct Patient {
    caller: Caller,
}

impl Patient {
    async fn meeting(faults: Value, journal: &Path) -> Self {
        let mut caller = Caller::meeting(faults, Some(journal)).await;
        caller.token.clear();
        Self { caller }
    }

    /// The first good answer of four calls. A plan that is used up is waited for, and a token that
    /// is refused is replaced.
    async fn call(&mut self, method: &str, target: &str, body: &Value) -> Value {
        for _ in 0..4 {
            tokio::time::advance(Duration::from_mins(1)).await;
            if self.caller.token.is_empty() {
                self.log_in().await;
            }
            let heard = self.caller.call(Region::Na, method, target, body.clone()).await;
            if heard.is_whole && heard.status.is_success() {
                return heard.json();
            }
            if heard.status == StatusCode::FORBIDDEN {
                self.caller.token.clear();
            }
        }
        panic!("{target} failed four times");
    }

    async fn log_in(&mut self) {
        for _ in 0..4 {
            let heard = self.caller.log_in("Atzr|demo").await;
            if heard.is_whole && heard.status == StatusCode::OK {
                self.caller.token = heard.json()["access_token"].as_str().unwrap().to_owned();
                return;
            }
        }
        panic!("the login failed four times");
    }

    /// The last state of a report of one day.
    async fn finished(&mut self, days_ago: i64) -> Value {
        let created = self.call("POST", super::REPORTS, &day(days_ago)).await;
        let target = format!("{}/{}", super::REPORTS, created["reportId"].as_str().unwrap());
        loop {
            let report = self.call("GET", &target, &Value::Null).await;
            if !report["processingStatus"].as_str().unwrap().starts_with("IN_") {
                return report;
            }
        }
    }

    /// The bytes of a document: a new address for each attempt.
    async fn downloaded(&mut self, report: &Value) -> Heard {
        let id = report["reportDocumentId"].as_str().unwrap();
        for _ in 0..4 {
            let target = format!("/reports/2021-06-30/documents/{id}");
            let address = self.call("GET", &target, &Value::Null).await;
            let heard = self.caller.download(&address, ("accept", "*/*")).await;
            if heard.is_whole && heard.status == StatusCode::OK {
                return heard;
            }
        }
        panic!("the download failed four times");
    }

    /// The rows of one day, of the first report that has some. A day fails, is cancelled and is
    /// late at most once each.
    async fn rows(&mut self, days_ago: i64) -> Value {
        for _ in 0..4 {
            let report = self.finished(days_ago).await;
            if report["processingStatus"] == "DONE" {
                let document = self.downloaded(&report).await;
                let document: Value = serde_json::from_slice(&unzipped(&document.body)).unwrap();
                let rows = &document["salesAndTrafficByAsin"];
                if !rows.as_array().unwrap().is_empty() {
                    return rows.clone();
                }
            }
        }
        panic!("{TRAFFIC} of {days_ago} days ago has no rows");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_repeats_gets_every_row_whatever_chance_does() {
    let directory = tempfile::tempdir().unwrap();
    let days = [2, 3, 300];
    let mut calm = Patient::meeting(json!([]), &directory.path().join("calm")).await;
    let mut expected = Vec::new();
    for days_ago in days {
        expected.push(calm.rows(days_ago).await);
    }
    let mut struck = 0;
    for seed in 0..8 {
        let chance = json!([{"random": {"seed": seed, "rate": 0.4}}]);
        let mut journals = Vec::new();
        for run in 0..2 {
            let file = directory.path().join(format!("{seed} {run}"));
            let mut client = Patient::meeting(chance.clone(), &file).await;
            for (days_ago, expected) in days.iter().zip(&expected) {
                assert_eq!(&client.rows(*days_ago).await, expected, "seed {seed}, {days_ago} days");
            }
            journals.push(told(&file));
        }
        assert_eq!(journals[0], journals[1], "seed {seed} plays the same again");
        struck += journals[0].iter().filter(|(.., fault)| !fault.is_empty()).count();
        let unexplained = journals[0].iter().find(|(operation, status, fault)| {
            !(200..300).contains(status) && fault.is_empty() && operation != "token"
        });
        assert_eq!(unexplained, None);
    }
    assert!(struck > 60, "{struck}");
}
