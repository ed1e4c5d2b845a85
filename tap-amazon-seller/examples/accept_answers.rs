//! Reads published answers of the Selling Partner API and says whether the tap understands them.
//!
//! Standard input holds one JSON object a line: `{"operation", "path", "status", "response"}`. Answers to
//! operations that the tap does not use are passed over. Fails if an answer is not understood.

use std::io::{BufRead, BufReader};
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::value::RawValue;
use tap_amazon_seller::{api, pages};

/// One published case; everything else in it is about the request.
#[derive(Deserialize)]
struct Case {
    operation: String,
    path: String,
    status: u16,
    response: Option<Box<RawValue>>,
}

fn main() -> ExitCode {
    let (mut understood, mut refused) = (0, 0);
    for line in BufReader::new(std::io::stdin()).lines() {
        let Ok(case) =
            line.map_err(drop).and_then(|line| serde_json::from_str::<Case>(&line).map_err(drop))
        else {
            refused += 1;
            continue;
        };
        let body = case.response.as_ref().map_or("", |response| response.get());
        let is_understood = pages::understands(&case.path, case.status, body.as_bytes())
            .or_else(|| api::understands(&case.operation, case.status, body.as_bytes()));
        match is_understood {
            None => {}
            Some(true) => understood += 1,
            Some(false) => {
                tell(&format!("{} {}: not understood", case.operation, case.status));
                refused += 1;
            }
        }
    }
    tell(&format!("{understood} passed, {refused} failed"));
    if refused == 0 && understood > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stderr, reason = "this program is for people")]
fn tell(text: &str) {
    eprintln!("{text}");
}
