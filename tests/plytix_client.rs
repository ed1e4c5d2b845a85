//! What target-plytix has written, read back by a client of Plytix that others have made.
//!
//! `PLYTIX_CLIENT_PYTHON` names a Python that has the package plytix-pim-client, which `./test.sh` installs.

use std::process::Command;

use serde_json::{Value, json};

use crate::plytix_case::{Case, style};

#[test]
fn another_client_reads_back_what_was_written() {
    let python = std::env::var("PLYTIX_CLIENT_PYTHON").expect(
        "PLYTIX_CLIENT_PYTHON names a Python with plytix-pim-client; ./test.sh installs it",
    );
    let plytix = Case::start(&style(), "100000", &[]);
    plytix.load(json!({}), &[]);
    let output = Command::new(python)
        .arg(support::root().join("tests/plytix_client.py"))
        .env("PLYTIX_API_KEY", "demo-key")
        .env("PLYTIX_API_PASSWORD", "demo-password")
        .env("PLYTIX_AUTH_BASE_URL", plytix.emulator.url("plytix_auth"))
        .env("PLYTIX_PIM_BASE_URL", plytix.emulator.url("plytix_api"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read["products"], 20);
    assert_eq!(read["child"]["sku"], "AMZN-US-B07CHILD01");
    assert_eq!(read["child"]["attributes"]["amazon_asin"], "B07CHILD01");
    assert_eq!(read["child"]["attributes"]["amazon_canonical_sku"], "MCA0032-00");
    assert_eq!(read["child"]["family"], "8 - Amazon");
    let gallery = [0, 2, 4, 6, 8, 10].map(|picture| format!("amazon_61pic{picture:02}.jpg"));
    assert_eq!(read["child"]["gallery"], json!(gallery));
    assert_eq!(read["child"]["assets"], json!(gallery));
    assert_eq!(read["children"], 6);
    let parents = ["AMZN-US-B09PARENT0", "AMZN-US-B09PARENT1", "AMZN-US-B09PARENT2"];
    assert_eq!(read["listings"], json!(parents));
    assert_eq!(read["assets"], 12);
}
