//! Marketplaces that somebody counts on and that the account does not take part in.

use serde_json::{Value, json};

use support::{Emulator, Folder, tap};

/// Registered, and not taken part in.
const BRAZIL: &str = "A2Q3Y263D00KWC";

#[test]
fn a_marketplace_that_ended_is_named_once_and_the_run_goes_on() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--asins", "10", "--orders", "10"]);
    let streams = ["products_inventory", "warehouse_inventory"];
    let cursor = json!({"cursor": {BRAZIL: {"taken": "2026-11-01T00:00:00Z"}}});
    let state = json!({"bookmarks": {streams[0]: cursor, streams[1]: cursor}});
    let state = folder.file("state.json", state.to_string());
    for (marketplaces, expected) in [
        (
            json!(null),
            "BR: it was read before, but the account takes part in it no more; passed over",
        ),
        (
            json!("US,BR"),
            "BR: the configuration names it, but the account does not take part in it",
        ),
    ] {
        let mut config: Value = serde_json::from_str(&emulator.tap_config(json!({}))).unwrap();
        config["refresh_tokens"] = json!({"na": config["refresh_token"].take()});
        config["marketplaces"] = marketplaces;
        let config = folder.file("config.json", config.to_string());
        let (config, state) = (config.to_str().unwrap(), state.to_str().unwrap());
        let run = tap(&["--config", config, "--state", state, "--streams", &streams.join(",")]);
        let run = run.succeeded();
        let log = run.stderr();
        let lines: Vec<_> = log.lines().filter(|line| line.contains("BR: ")).collect();
        assert_eq!(lines.len(), 1, "{log}");
        assert!(lines[0].contains(expected), "{}", lines[0]);
        assert!(!run.records(streams[0]).is_empty());
        let cursors = &run.state()["bookmarks"][streams[0]]["cursor"];
        assert_eq!(cursors[BRAZIL], json!({"taken": "2026-11-01T00:00:00Z"}));
    }
}
