//! Nothing that is secret, and no value of a record, shows anywhere but in a message.

use serde_json::json;

use support::{Emulator, Extracted, Folder, program};

#[test]
fn at_the_finest_level_the_log_holds_no_secret_and_no_value() {
    let folder = Folder::new();
    let emulator = Emulator::start(&folder, &["--asins", "40", "--orders", "60"]);
    let config =
        folder.file("config.json", emulator.tap_config(json!({"marketplaces": ["US", "JP"]})));
    let output = program("tap-amazon-seller")
        .args(["--config", config.to_str().unwrap()])
        .env("LOGLEVEL", "trace")
        .output()
        .unwrap();
    let extracted = Extracted::of(output).succeeded();
    let log = extracted.stderr();
    for secret in ["oa2-cs", "Atzr|", "Atza|", "X-Amz-", "x-amz-access-token", "access_token"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    let order = extracted.records("orders")[0]["AmazonOrderId"].as_str().unwrap();
    let title = extracted.records("products_inventory")[0]["item-name"].as_str().unwrap();
    assert!(!log.contains(order) && !log.contains(title), "a value is in the log");
    // Nor is a token among the messages.
    let messages = String::from_utf8_lossy(&extracted.output.stdout).into_owned();
    assert!(!messages.contains("Atza|") && !messages.contains("X-Amz-Signature"));
}
