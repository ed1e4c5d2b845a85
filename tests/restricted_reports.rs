//! Reports with personal data of buyers, which Amazon gives out for a token of their own: from the
//! permission that the configuration has to give to the role that the application has to have.

use std::collections::BTreeSet;
use std::process::Output;

use serde_json::{Value, json};

use support::{Emulator, Extracted, Folder, program, said};

const SHIPPING: &str = "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING";
/// Asked for with Finance and Accounting as well, which opens no document.
const TAXES: &str = "GET_VAT_TRANSACTION_DATA";
/// Made on a schedule of the seller's, and listed; in XML.
const SCHEDULED: &str = "GET_ORDER_REPORT_DATA_SHIPPING";
/// On a row of every document, and nowhere else.
const BUYER: &str = "Ada Quince";

/// Amazon, with a document of each type and a seller who has given some roles.
struct Scene {
    folder: Folder,
    emulator: Emulator,
}

impl Scene {
    /// Amazon with these further options.
    fn new(options: &[&str]) -> Self {
        Self::with(&json!([]), options)
    }

    /// Amazon with faults and further options.
    fn with(faults: &Value, options: &[&str]) -> Self {
        let folder = Folder::new();
        let documents = folder.path("documents");
        std::fs::create_dir_all(&documents).unwrap();
        let text = format!("order-id\tbuyer-name\tquantity-purchased\n1-1\t{BUYER}\t2\n");
        std::fs::write(documents.join("orders"), text).unwrap();
        let text = format!(
            "<AmazonEnvelope><Message><OrderReport><AmazonOrderID>1-1</AmazonOrderID>\
             <BuyerName>{BUYER}</BuyerName></OrderReport></Message></AmazonEnvelope>"
        );
        std::fs::write(documents.join("orders.xml"), text).unwrap();
        let entry = |report_type, file, content_type| json!({"report_type": report_type, "file": file, "content_type": content_type});
        let flat = |report_type| entry(report_type, "orders", "text/plain; charset=UTF-8");
        let index =
            json!([flat(SHIPPING), flat(TAXES), entry(SCHEDULED, "orders.xml", "text/xml")]);
        std::fs::write(documents.join("documents.json"), index.to_string()).unwrap();
        let script = folder.file("faults.json", json!({"faults": faults}).to_string());
        let mut arguments = vec!["--asins", "10", "--orders", "10"];
        arguments.extend(["--documents", documents.to_str().unwrap()]);
        arguments.extend(["--faults", script.to_str().unwrap()]);
        arguments.extend(options);
        let emulator = Emulator::start(&folder, &arguments);
        Self { folder, emulator }
    }

    /// Extracts with a log at its finest; `options` may name streams, a catalog or a state.
    fn extract(&self, report_type: &str, include_pii: bool, options: &[&str]) -> Extracted {
        Extracted::of(self.run(report_type, include_pii, options))
    }

    /// Runs the tap in any mode.
    fn run(&self, report_type: &str, include_pii: bool, options: &[&str]) -> Output {
        let mut report =
            json!({"name": "to_ship", "report_type": report_type, "keys": ["order-id"]});
        let mut config = json!({"marketplaces": "US", "include_pii": include_pii});
        if report_type == SCHEDULED {
            report["path"] = json!("AmazonEnvelope/Message/OrderReport");
            report["keys"] = json!(["AmazonOrderID"]);
        } else {
            // Two windows, or one.
            let start = if report_type == SHIPPING { "2026-09-01" } else { "2026-10-01" };
            config["start_date"] = json!(start);
            config["end_date"] = json!("2026-10-25");
        }
        config["custom_reports"] = json!([report]);
        let config = self.folder.file("config.json", self.emulator.tap_config(config));
        let mut tap = program("tap-amazon-seller");
        tap.args(["--config", config.to_str().unwrap()]).args(options).env("LOGLEVEL", "trace");
        tap.output().unwrap()
    }

    /// The calls of an operation.
    fn calls(&self, operation: &str) -> Vec<Value> {
        let journal = self.emulator.journal().into_iter();
        journal.filter(|entry| entry["operation"] == operation).collect()
    }
}

const NAMED: [&str; 2] = ["--streams", "to_ship"];

#[test]
fn each_document_is_fetched_with_a_token_for_itself_that_shows_nowhere() {
    let scene = Scene::new(&[]);
    let run = scene.extract(SHIPPING, true, &NAMED).succeeded();
    let records = run.records("to_ship");
    assert_eq!(records.len(), 2, "two windows");
    assert_eq!(
        *records[0],
        json!({"marketplace_id": "ATVPDKIKX0DER", "order-id": "1-1", "buyer-name": BUYER, "quantity-purchased": "2"})
    );
    // The emulator gives a document to no other token.
    let (asked, given) =
        (scene.calls("createRestrictedDataToken"), scene.calls("getReportDocument"));
    let opened = |token: &Value| {
        let resources = &token["detail"]["restrictedResources"];
        assert_eq!(resources.as_array().unwrap().len(), 1);
        assert_eq!(resources[0]["method"], "GET");
        resources[0]["path"].clone()
    };
    let opened: Vec<_> = asked.iter().map(opened).collect();
    let fetched: Vec<_> = given.iter().map(|call| call["path"].clone()).collect();
    assert_eq!(opened, fetched);
    assert_eq!(fetched.iter().map(Value::to_string).collect::<BTreeSet<_>>().len(), 2);
    assert!(given.iter().all(|call| call["status"] == 200));
    let log = run.stderr();
    assert!(log.contains("createRestrictedDataToken"), "the log is not at its finest: {log}");
    for secret in ["sprdt", "Atza|", "X-Amz-", BUYER] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    assert!(!String::from_utf8_lossy(&run.output.stdout).contains("sprdt"));
}

#[test]
fn without_permission_nothing_is_called_for_it() {
    let scene = Scene::new(&[]);
    let refused = scene.extract(SHIPPING, false, &NAMED);
    assert_eq!(refused.code(), Some(2), "{}", refused.stderr());
    assert_eq!(
        refused.last_words(),
        "FATAL --streams: to_ship holds personal data; set include_pii to extract it"
    );
    assert_eq!(scene.emulator.journal(), Vec::<Value>::new());

    // A catalog selects it beside another stream, which is extracted.
    let select = |stream: &str| json!({"tap_stream_id": stream, "stream": stream, "schema": {}, "metadata": [{"breadcrumb": [], "metadata": {"selected": true}}]});
    let catalog = json!({"streams": [select("marketplaces"), select("to_ship")]});
    let catalog = scene.folder.file("catalog.json", catalog.to_string());
    let passed =
        scene.extract(SHIPPING, false, &["--catalog", catalog.to_str().unwrap()]).succeeded();
    assert!(!passed.records("marketplaces").is_empty() && passed.records("to_ship").is_empty());
    let warning = "to_ship: holds personal data; passed over, because include_pii is not set";
    assert!(passed.stderr().contains(warning), "{}", passed.stderr());
    assert_eq!(scene.calls("createReport").len(), 0);
}

#[test]
fn a_report_that_no_role_opens_names_the_role_and_wants_no_token() {
    let scene = Scene::new(&["--missing-role", "direct-to-consumer-shipping"]);
    let run = scene.extract(SHIPPING, true, &NAMED);
    assert_eq!(run.code(), Some(1));
    let role = "needs one of these roles: Direct-to-Consumer Shipping (Restricted)";
    assert!(run.stderr().contains(role), "{}", run.stderr());
    assert_eq!(scene.calls("createReport").len(), 2, "two windows stood in line");
    assert_eq!(scene.calls("createRestrictedDataToken").len(), 0);
    assert!(run.records("to_ship").is_empty());
}

#[test]
fn a_document_that_no_role_opens_names_the_restricted_one_and_is_there_when_it_is_given() {
    let scene = Scene::new(&["--missing-role", "tax-invoicing"]);
    let run = scene.extract(TAXES, true, &NAMED);
    assert_eq!(run.code(), Some(1));
    let lost = "createRestrictedDataToken: refused with 403";
    let role = "; the application needs one of these roles: Tax Invoicing (Restricted)";
    let log = run.stderr();
    let line = log.lines().find(|line| line.contains(lost)).unwrap_or_else(|| panic!("{log}"));
    assert!(line.ends_with(role), "{line}");
    assert_eq!(scene.calls("getReportDocument").len(), 0);

    // What Amazon says in other places, once: the report is taken up by the next run.
    let fault = json!([{"operation": "createRestrictedDataToken", "status": 400, "when": {"calls": [1]},
        "message": "Application do not have access to some or all requested resource"}]);
    let scene = Scene::with(&fault, &[]);
    let run = scene.extract(TAXES, true, &NAMED);
    assert_eq!(run.code(), Some(1));
    assert!(run.stderr().contains(role), "{}", run.stderr());
    assert!(run.records("to_ship").is_empty());
    let state = scene.folder.file("state.json", run.state().to_string());
    let options = [&NAMED[..], &["--state", state.to_str().unwrap()]].concat();
    let next = scene.extract(TAXES, true, &options).succeeded();
    assert_eq!(next.records("to_ship").len(), 1);
    assert_eq!(scene.calls("createReport").len(), 1);
}

#[test]
fn a_check_tells_the_role_that_lists_a_report_from_the_one_that_opens_it() {
    let listed = json!([{"report": {"report_type": TAXES, "marketplace_ids": ["ATVPDKIKX0DER"], "created": "-3d", "status": "DONE"}}]);
    let missing = ["--missing-role", "tax-invoicing"];
    for (faults, options, answer) in [
        (&listed, &missing[..], "NO"),
        (&listed, &[], "yes"),
        // Nothing is there yet by which it would show.
        (&json!([]), &missing, "?"),
    ] {
        let scene = Scene::with(faults, options);
        let check = scene.run(TAXES, true, &["--check", "--streams", "to_ship"]);
        let page = String::from_utf8_lossy(&check.stdout).into_owned();
        let line = page.lines().find(|line| line.starts_with("to_ship")).unwrap();
        let cells: Vec<_> = line.splitn(3, "  ").map(str::trim).collect();
        assert_eq!(cells, ["to_ship", answer, "Tax Invoicing (Restricted)"], "{page}");
        assert_eq!(check.status.code(), Some(i32::from(answer != "yes")), "{}", said(&check));
        assert_eq!(scene.calls("createReport").len() + scene.calls("getReportDocument").len(), 0);
    }
}

#[test]
fn scheduled_reports_are_opened_in_the_same_way_and_given_up_together() {
    let listed = |age: &str| json!({"report": {"report_type": SCHEDULED, "marketplace_ids": ["ATVPDKIKX0DER"], "created": age, "status": "DONE"}});
    let faults: Vec<_> = ["-3d", "-2d", "-1d"].map(listed).into();
    let refused =
        json!({"operation": "createRestrictedDataToken", "status": 403, "when": {"calls": [1]}});
    let scene = Scene::with(&json!([&faults[..], &[refused]].concat()), &[]);
    let run = scene.extract(SCHEDULED, true, &NAMED);
    assert_eq!(run.code(), Some(1), "{}", run.stderr());
    let log = run.stderr();
    let role = "needs one of these roles: Direct-to-Consumer Shipping (Restricted)";
    assert_eq!(log.matches(role).count(), 1, "{log}");
    let given_up = format!("na: {SCHEDULED}: given up for this run, with 2 more documents");
    assert!(log.contains(&given_up), "{log}");
    assert_eq!(scene.calls("createRestrictedDataToken").len(), 1);

    let next = scene.extract(SCHEDULED, true, &NAMED).succeeded();
    let records = next.records("to_ship");
    assert_eq!(records.len(), 3);
    assert_eq!(
        (&records[0]["AmazonOrderID"], &records[0]["BuyerName"]),
        (&json!("1-1"), &json!(BUYER))
    );
    assert_eq!(scene.calls("createRestrictedDataToken").len(), 4);
    let fetched = scene.calls("getReportDocument");
    assert!(fetched.len() == 3 && fetched.iter().all(|call| call["status"] == 200));
}
