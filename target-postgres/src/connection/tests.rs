//! Which source of a parameter wins, and what is refused before anything is connected to.

use super::*;

fn settings(json: serde_json::Value) -> ConnectionSettings {
    serde_json::from_value(json).unwrap()
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_url_wins_over_settings_and_settings_over_the_environment() {
    let settings = settings(serde_json::json!({
        "sqlalchemy_url": "postgresql://u@a.example/d", "host": "b.example", "port": 6543
    }));
    let variables =
        environment(&[("PGHOST", "c.example"), ("PGPORT", "1"), ("PGPASSWORD", "hunter2")]);
    let server = Server::of(&settings, &variables).unwrap();
    assert_eq!(server.place(), "a.example port 6543");
    assert_eq!(server.config.get_password(), Some(b"hunter2".as_slice()));
    assert!(!format!("{server:?}").contains("hunter2"));
}

#[test]
fn the_environment_alone_is_enough() {
    let variables = environment(&[
        ("PGHOST", "/tmp"),
        ("PGUSER", "loader"),
        ("PGAPPNAME", "nightly"),
        ("PGCONNECT_TIMEOUT", "7"),
    ]);
    let server = Server::of(&settings(serde_json::json!({})), &variables).unwrap();
    assert_eq!(server.place(), "/tmp port 5432");
    assert_eq!(server.config.get_dbname(), Some("loader"));
    assert_eq!(server.config.get_application_name(), Some("nightly"));
    assert_eq!(server.config.get_connect_timeout(), Some(&Duration::from_secs(7)));
    assert_eq!(server.config.get_ssl_mode(), SslMode::Disable);
}

#[test]
fn the_switch_rules_over_the_mode_of_encryption() {
    let mode = |json| {
        let server = Server::of(&settings(json), &environment(&[("PGUSER", "u")])).unwrap();
        server.config.get_ssl_mode()
    };
    let host = "db.example";
    assert_eq!(mode(serde_json::json!({"host": host})), SslMode::Prefer);
    assert_eq!(mode(serde_json::json!({"host": host, "ssl_mode": "require"})), SslMode::Require);
    assert_eq!(
        mode(serde_json::json!({"host": host, "ssl_enable": false, "ssl_mode": "verify-full"})),
        SslMode::Disable
    );
}

#[test]
fn several_hosts_may_have_a_port_each() {
    let server = |port| {
        let variables = environment(&[("PGHOST", "a,b"), ("PGPORT", port), ("PGUSER", "u")]);
        Server::of(&settings(serde_json::json!({})), &variables).map(|server| server.place())
    };
    assert_eq!(server("1,2").unwrap(), "a port 1, b port 2");
    assert_eq!(server("1").unwrap(), "a port 1, b port 1");
    assert!(server("1,2,3").is_err());
}

#[test]
fn a_tunnel_is_refused_rather_than_forgotten() {
    let settings = settings(serde_json::json!({"ssh_tunnel": {"enable": true}}));
    let error = Server::of(&settings, &environment(&[])).unwrap_err().to_string();
    assert!(error.contains("ssh -L"), "{error}");
}

#[test]
fn certificates_that_are_none_are_named() {
    let settings = settings(serde_json::json!({
        "host": "db.example", "user": "u", "ssl_mode": "verify-full",
        "ssl_certificate_authority": "/nowhere/ca.pem"
    }));
    let error = Server::of(&settings, &environment(&[])).unwrap_err().to_string();
    assert!(error.starts_with("config: `ssl_certificate_authority`: expected PEM"), "{error}");
}
