//! The emulator as a process.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail like a test")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// A started emulator, and what it says.
fn started(flags: &[&str]) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_emulator"))
        .arg("serve")
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

#[test]
fn it_says_where_it_is_and_ends_with_its_standard_input() {
    let (mut child, mut output) = started(&["--until-stdin-closes", "--speed", "60"]);
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let addresses: Value = serde_json::from_str(&line).unwrap();
    let names: Vec<&String> = addresses.as_object().unwrap().keys().collect();
    assert_eq!(names, ["lwa", "na", "eu", "fe", "plytix_auth", "plytix_api"]);

    let host = addresses["na"].as_str().unwrap().strip_prefix("http://").unwrap();
    assert!(host.starts_with("127.0.0.1:"), "loopback only");
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /sellers/v1/marketplaceParticipations HTTP/1.1\r\nhost: {host}\r\n")
        .unwrap();
    write!(stream, "connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");

    drop(child.stdin.take());
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert!(!rest.is_empty(), "the table of what Plytix holds");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_speed_of_nothing_is_refused() {
    for speed in ["0", "-1", "nan", "fast"] {
        let flag = format!("--speed={speed}");
        let output =
            Command::new(env!("CARGO_BIN_EXE_emulator")).args(["serve", &flag]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{speed}");
    }
}

/// What the emulator answers to a request with these `lines`, up to the end of the connection: a
/// letter for each byte.
fn heard(base: &str, lines: &str, body: &str) -> String {
    let host = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    let head = format!("{lines}\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}");
    write!(stream, "{head}\r\n\r\n{body}").unwrap();
    let mut answer = Vec::new();
    // A connection that is reset has said all that it will.
    let _ = stream.read_to_end(&mut answer);
    answer.into_iter().map(char::from).collect()
}

/// The JSON body of an answer.
fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn a_script_of_faults_is_played_on_real_connections() {
    let directory = tempfile::tempdir().unwrap();
    let (script, journal) = (directory.path().join("faults"), directory.path().join("journal"));
    let faults = json!({"faults": [
        {"operation": "getMarketplaceParticipations", "when": {"calls": [1]}, "drop": true},
        {"cut_after": 300},
        {"report": {
            "report_type": "GET_MERCHANT_LISTINGS_ALL_DATA", "marketplace_ids": ["ATVPDKIKX0DER"],
            "created": "-1h", "status": "DONE",
        }},
    ]});
    std::fs::write(&script, faults.to_string()).unwrap();
    let (mut child, mut output) = started(&[
        "--until-stdin-closes",
        "--now=2024-02-29T10:00:00Z",
        &format!("--faults={}", script.display()),
        &format!("--journal={}", journal.display()),
    ]);
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let addresses: Value = serde_json::from_str(&line).unwrap();
    let at = |name: &str| addresses[name].as_str().unwrap();
    let form = "grant_type=refresh_token&client_id=amzn1.application-oa2-client.demo\
                &client_secret=amzn1.oa2-cs.v1.demo&refresh_token=Atzr%7Cdemo";
    let kind = "content-type: application/x-www-form-urlencoded";
    let login = heard(at("lwa"), &format!("POST /auth/o2/token HTTP/1.1\r\n{kind}"), form);
    let token = body(&login)["access_token"].as_str().unwrap().to_owned();
    let get = |target: &str| {
        heard(at("na"), &format!("GET {target} HTTP/1.1\r\nx-amz-access-token: {token}"), "")
    };

    assert_eq!(get("/sellers/v1/marketplaceParticipations"), "", "no answer at all");
    assert!(get("/sellers/v1/marketplaceParticipations").starts_with("HTTP/1.1 200 OK\r\n"));
    let list = get("/reports/2021-06-30/reports?reportTypes=GET_MERCHANT_LISTINGS_ALL_DATA");
    let report = &body(&list)["reports"][0];
    assert_eq!(report["createdTime"], "2024-02-29T09:00:00.000Z");
    let id = report["reportDocumentId"].as_str().unwrap();
    let address = body(&get(&format!("/reports/2021-06-30/documents/{id}")));
    let url = address["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    let (host, path) = url.split_once('/').unwrap();
    let cut = heard(&format!("http://{host}"), &format!("GET /{path} HTTP/1.1"), "");
    let (head, document) = cut.split_once("\r\n\r\n").unwrap();
    let promised = head.lines().find_map(|it| it.strip_prefix("content-length: ")).unwrap();
    assert_eq!(document.chars().count(), 300);
    assert!(promised.parse::<usize>().unwrap() > 300);

    // The emulator still runs: its journal is complete all the same.
    let text = std::fs::read_to_string(&journal).unwrap();
    let told: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| format!("{} {} {}", line["operation"], line["status"], line["fault"]))
        .collect();
    let expected = [
        "token 200 null",
        "getMarketplaceParticipations 0 drop",
        "getMarketplaceParticipations 200 null",
        "getReports 200 null",
        "getReportDocument 200 null",
        "download 200 cut",
    ];
    assert_eq!(told.join("\n").replace('"', ""), expected.join("\n"));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_script_with_a_typo_ends_the_program_with_the_path_of_the_member() {
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("faults");
    let foreign = |change: (&str, Value)| {
        let mut report = json!({
            "report_type": "GET_MERCHANT_LISTINGS_ALL_DATA", "marketplace_ids": ["ATVPDKIKX0DER"],
            "created": "-1h", "status": "DONE",
        });
        report[change.0] = change.1;
        json!({"faults": [{"report": report}]})
    };
    let cases = [
        (
            json!({"faults": [{"operation": "getReport", "staus": 500}]}),
            "faults[0].staus: unknown field",
        ),
        (foreign(("report_type", json!("GET_X"))), "faults[0].report: report type GET_X"),
        (
            foreign(("marketplace_ids", json!(["ATVPDKIKX0DER", "A1PA6795UKMFR9"]))),
            "faults[0].report.marketplace_ids: not of one region",
        ),
        (foreign(("end", json!("2999-01-01T00:00:00Z"))), "faults[0].report: dataEndTime must not"),
    ];
    for (faults, expected) in cases {
        std::fs::write(&script, faults.to_string()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_emulator"))
            .args(["serve", &format!("--faults={}", script.display())])
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
}
