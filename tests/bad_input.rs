//! What a user sees when something is wrong.

use serde_json::json;

use support::{Emulator, Extracted, Folder, amazon_to_plytix, days_ago, fed, program, tap};

/// Runs the tap with a configuration given as text.
fn with_config(folder: &Folder, config: impl AsRef<[u8]>, arguments: &[&str]) -> Extracted {
    let config = folder.file("config.json", config);
    tap(&[&["--config", config.to_str().unwrap()], arguments].concat())
}

#[test]
fn a_configuration_that_cannot_work_is_refused_before_any_call() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &[]);
    for (settings, setting) in [
        (json!({"lwa_client_id": 7}), "lwa_client_id"),
        (json!({"refresh_token": null}), "refresh_token"),
        (json!({"marketplaces": ["ATLANTIS"]}), "marketplaces"),
        (json!({"start_date": "yesterday"}), "start_date"),
        (json!({"poll_interval_seconds": "often"}), "poll_interval_seconds"),
    ] {
        let refused = with_config(&folder, emulator.tap_config(settings), &[]);
        assert_eq!(refused.code(), Some(2), "{setting}: {}", refused.stderr());
        let line = refused.last_words();
        assert!(line.starts_with("FATAL config:") && line.contains(setting), "{line}");
        for value in ["ATLANTIS", "yesterday", "often"] {
            assert!(!line.contains(value), "{line}");
        }
    }
    let refused = with_config(&folder, "{\"lwa_client_id\": ", &[]);
    assert_eq!(refused.code(), Some(2));
    assert!(refused.last_words().contains("line 1"), "{}", refused.last_words());
    assert_eq!(emulator.journal().len(), 0, "something was called");
}

#[test]
fn an_unknown_setting_is_named_and_does_no_harm() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &[]);
    let config = emulator.tap_config(json!({"marketplaces": "US", "start_dtae": "2026-01-01"}));
    let extracted = with_config(&folder, config, &["--streams", "marketplaces"]).succeeded();
    assert!(extracted.stderr().contains("start_dtae"), "{}", extracted.stderr());
}

#[test]
fn wrong_credentials_say_which_and_what_to_do() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &[]);
    for (settings, words) in [
        (
            json!({"refresh_token": "Atzr|hunter2"}),
            ["refresh token", "authorize the application again"],
        ),
        (json!({"lwa_client_secret": "hunter2"}), ["client secret", "rotated"]),
    ] {
        let refused =
            with_config(&folder, emulator.tap_config(settings), &["--streams", "marketplaces"]);
        assert_eq!(refused.code(), Some(1));
        let line = refused.last_words();
        assert!(
            line.starts_with("FATAL") && words.iter().all(|word| line.contains(word)),
            "{line}"
        );
        assert!(!refused.stderr().contains("hunter2"));
    }
}

/// An emulator whose All Orders reports end as given, with this document.
fn with_orders(folder: &Folder, status: &str, document: &str) -> Emulator {
    let documents = folder.path("documents");
    std::fs::create_dir(&documents).unwrap();
    std::fs::write(documents.join("orders"), document).unwrap();
    let index = json!([{"report_type": "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL", "marketplace": "*",
        "file": "orders", "content_type": "text/plain", "compression_algorithm": null,
        "processing_status": status}]);
    std::fs::write(documents.join("documents.json"), index.to_string()).unwrap();
    Emulator::start(folder, &["--asins", "20", "--documents", documents.to_str().unwrap()])
}

#[test]
fn a_report_that_ends_fatal_says_why_and_leaves_its_bookmark_and_the_other_streams_alone() {
    let folder = Folder::new();
    let reason = r#"{"errorDetails": "Amazon's kitchen is on fire."}"#;
    let emulator = with_orders(&folder, "FATAL", reason);
    let config = emulator.tap_config(json!({"marketplaces": "US"}));
    let extracted =
        with_config(&folder, config, &["--streams", "orders,order_items,products_inventory"]);
    assert_eq!(extracted.code(), Some(1));
    let said = extracted.stderr();
    let line = said.lines().rfind(|line| line.contains("ended FATAL")).expect("a line about it");
    assert!(line.contains("orders, order_items: na: "), "{line}");
    assert!(line.contains("Amazon's kitchen is on fire., for the second time"), "{line}");
    assert!(!extracted.records("products_inventory").is_empty());
    assert!(extracted.state()["bookmarks"].get("orders").is_none());
    assert!(extracted.state()["bookmarks"]["products_inventory"].is_object());
    assert!(
        extracted.last_words().starts_with("FATAL 1 parts are missing"),
        "{}",
        extracted.last_words()
    );
}

#[test]
fn a_young_window_that_is_cancelled_stays_open_and_is_no_failure() {
    let folder = Folder::new();
    let emulator = with_orders(&folder, "CANCELLED", "");
    let config = emulator.tap_config(json!({"marketplaces": "US", "start_date": days_ago(300)}));
    let extracted = with_config(&folder, config, &["--streams", "orders"]).succeeded();
    // All windows but the last are older than 72 hours: there was nothing in them.
    let until = extracted.state()["bookmarks"]["orders"]["cursor"]["na"]["until"]
        .as_str()
        .unwrap()
        .to_owned();
    let windows: Vec<_> = emulator
        .journal()
        .into_iter()
        .filter(|entry| entry["operation"] == "createReport")
        .map(|entry| entry["detail"].to_string())
        .collect();
    assert!(windows.len() > 1);
    let open: Vec<_> = windows.iter().filter(|window| window.contains(&until)).collect();
    assert_eq!(open.len(), 2, "the last window begins where the one before it ended: {until}");
    assert!(extracted.stderr().contains("no data yet"), "{}", extracted.stderr());
}

#[test]
fn a_document_without_its_key_column_is_no_empty_document() {
    let folder = Folder::new();
    let emulator = with_orders(&folder, "DONE", "purchase-date\n2026-01-01T00:00:00+00:00\n");
    let config = emulator.tap_config(json!({"marketplaces": "US"}));
    let extracted = with_config(&folder, config, &["--streams", "orders"]);
    assert_eq!(extracted.code(), Some(1));
    assert!(extracted.stderr().contains("no column `AmazonOrderId`"), "{}", extracted.stderr());
}

#[test]
fn a_run_that_can_extract_nothing_says_so() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &[]);
    let catalog = folder.file("catalog.json", json!({"streams": []}).to_string());
    let arguments = ["--catalog", catalog.to_str().unwrap()];
    let empty = with_config(&folder, emulator.tap_config(json!({})), &arguments);
    assert_eq!(empty.code(), Some(0), "{}", empty.stderr());
    assert!(empty.stderr().contains("| no stream is selected"), "{}", empty.stderr());
}

#[test]
fn a_closed_pipe_ends_the_tap_with_one_line() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--asins", "400"]);
    let config = folder.file("config.json", emulator.tap_config(json!({"marketplaces": "US"})));
    let mut child = program("tap-amazon-seller")
        .args([
            "--config",
            config.to_str().unwrap(),
            "--streams",
            "products_inventory,product_catalog",
        ])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = Extracted::of(child.wait_with_output().unwrap());
    assert_eq!(ended.code(), Some(1));
    let fatal: Vec<_> = ended
        .stderr()
        .lines()
        .filter(|line| line.starts_with("FATAL"))
        .map(str::to_owned)
        .collect();
    assert_eq!(fatal.len(), 1, "{}", ended.stderr());
    assert!(
        !ended.stderr().contains("backtrace") && !ended.stderr().contains("panicked"),
        "{}",
        ended.stderr()
    );
}

#[test]
fn a_file_of_the_arguments_that_is_not_there_is_found_out_about_before_any_call() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &[]);
    for argument in ["--state", "--catalog"] {
        let refused = with_config(&folder, emulator.tap_config(json!({})), &[argument, "/nowhere"]);
        assert_eq!(refused.code(), Some(2), "{argument}: {}", refused.stderr());
        assert!(refused.last_words().contains("/nowhere: "), "{}", refused.last_words());
    }
    assert_eq!(emulator.journal().len(), 0, "something was called");
}

#[test]
fn a_bad_line_ends_the_target_and_names_the_line() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &[]);
    let config = folder.file("plytix.json", emulator.plytix_config(json!({})));
    let mut target = program("target-plytix");
    target.args(["--config", config.to_str().unwrap()]);
    let output =
        fed(target, b"{\"type\":\"STATE\",\"value\":{\"n\":1}}\n\n{\"type\":\"RECORD\",\"hunter2");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"n\":1}\n");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.lines().last().unwrap().starts_with("FATAL line 3: "), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_target_that_fails_does_not_wait_for_its_tap() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &[]);
    let config = folder.file("plytix.json", emulator.plytix_config(json!({})));
    let mut target = program("target-plytix")
        .args(["--config", config.to_str().unwrap()])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // The tap's end of the pipe stays open, as it does while a tap waits for Amazon.
    let mut pipe = target.stdin.take().unwrap();
    std::io::Write::write_all(&mut pipe, b"not a message\n").unwrap();
    assert_eq!(target.wait().unwrap().code(), Some(1));
    drop(pipe);
}

#[test]
fn a_wrong_plytix_password_says_so() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--asins", "20"]);
    let amazon = folder.file("amazon.json", emulator.tap_config(json!({"marketplaces": "US"})));
    let plytix =
        folder.file("plytix.json", emulator.plytix_config(json!({"api_password": "hunter2"})));
    let (_, target) = amazon_to_plytix(
        &["--config", amazon.to_str().unwrap(), "--streams", "products_inventory"],
        &["--config", plytix.to_str().unwrap()],
    );
    assert_eq!(target.status.code(), Some(1));
    let states = String::from_utf8_lossy(&target.stdout).into_owned();
    assert!(!states.contains("bookmarks"), "a state is ahead of its records: {states}");
    let said = String::from_utf8_lossy(&target.stderr).into_owned();
    let line = said.lines().last().unwrap();
    assert!(line.starts_with("FATAL") && line.contains("api_password"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}
