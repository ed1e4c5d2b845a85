//! The emulator as a process.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail like a test")]

use serde_json::Value;
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
