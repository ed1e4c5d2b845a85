//! Encrypted connections, to a server of its own whose certificate is for `localhost`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ::support::database::{as_user, give_away, installation, succeed};
use serde_json::{Value, json};

use crate::support::{finish, record, schema};

/// A server that talks to nobody without encryption. `guest` is let in by name, `owner` by certificate.
struct SecureServer {
    bin: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

/// Who is let in, and how.
const RULES: &str = "\
hostssl all guest all trust
hostssl all owner all cert
local all all trust
";

impl SecureServer {
    fn start() -> Self {
        let bin = installation().expect("install PostgreSQL (Debian: apt-get install postgresql)");
        let folder = tempfile::tempdir().unwrap();
        give_away(folder.path());
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let data = folder.path().join("data");
        let mut initdb = as_user(&bin.join("initdb"));
        succeed(
            initdb
                .args(["-A", "trust", "-U", "owner", "--no-sync", "-E", "UTF8", "--locale=C", "-D"])
                .arg(&data),
        );
        let server = Self { bin, folder, port };
        server.certificates();
        std::fs::write(data.join("pg_hba.conf"), RULES).unwrap();
        let options = format!(
            "-k {0} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c ssl=on -c ssl_ca_file={0}/ca.pem \
             -c ssl_cert_file={0}/server.pem -c ssl_key_file={0}/server.key",
            server.folder.path().display()
        );
        let mut start = server.pg_ctl();
        succeed(start.arg("-l").arg(server.path("log")).args(["-w", "-o", &options, "start"]));
        let mut psql = Command::new(server.bin.join("psql"));
        psql.args(["-q", "-U", "owner", "-d", "postgres", "-p", &port.to_string(), "-h"])
            .arg(server.folder.path());
        succeed(
            psql.args([
                "-c",
                "create role guest login; grant create on database postgres to guest",
            ]),
        );
        server
    }

    /// An authority, and certificates that it signed for the server and for `owner`.
    fn certificates(&self) {
        self.openssl(&["-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"]);
        for (name, subject, more) in [
            ("server", "/CN=localhost", "subjectAltName=DNS:localhost"),
            ("client", "/CN=owner", "extendedKeyUsage=clientAuth"),
        ] {
            let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
            self.openssl(&[
                "-subj",
                subject,
                "-addext",
                more,
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-keyout",
                &key,
                "-out",
                &pem,
            ]);
        }
        give_away(&self.path("server.key"));
    }

    fn openssl(&self, arguments: &[&str]) {
        let mut openssl = Command::new("openssl");
        openssl.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ]);
        succeed(openssl.args(arguments).current_dir(self.folder.path()).stderr(Stdio::null()));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn pg_ctl(&self) -> Command {
        let mut command = as_user(&self.bin.join("pg_ctl"));
        command.args(["-s", "-D"]).arg(self.path("data"));
        command
    }

    /// Loads a record as `user`; the last line of the log, or nothing if it went well.
    fn load(&self, user: &str, settings: &Value) -> Option<String> {
        let mut all = json!({ "host": "localhost", "port": self.port, "user": user, "database": "postgres",
            "default_target_schema": user });
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let outcome = finish(
            target(&self.path("config.json"), &all).spawn().unwrap(),
            &[schema("t", r#"{"id":{"type":"integer"}}"#, &["id"]), record("t", r#"{"id":1}"#)]
                .join("\n"),
        );
        (outcome.code != Some(0)).then(|| outcome.log.lines().last().unwrap().to_owned())
    }
}

/// A command for the target.
fn target(config: &Path, settings: &Value) -> Command {
    std::fs::write(config, settings.to_string()).unwrap();
    let mut target = Command::new(env!("CARGO_BIN_EXE_target-postgres"));
    target.arg("--config").arg(config).env("LOGLEVEL", "warning");
    target.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    target
}

impl Drop for SecureServer {
    fn drop(&mut self) {
        let _ = self.pg_ctl().args(["-m", "immediate", "stop"]).status();
    }
}

#[test]
fn every_mode_protects_as_much_as_it_says() {
    let server = SecureServer::start();
    let (ca, file) = (server.text("ca.pem"), server.path("ca.pem"));
    let guest = |settings: Value| server.load("guest", &settings);
    let refused = |settings: Value, expected: &str| {
        let last = server.load("guest", &settings).expect("this cannot go well");
        assert!(last.contains("cannot connect to") && last.contains(expected), "{last}");
    };

    assert_eq!(guest(json!({})), None);
    assert_eq!(guest(json!({ "ssl_mode": "require" })), None);
    assert_eq!(guest(json!({ "ssl_mode": "verify-full", "ssl_certificate_authority": ca })), None);
    assert_eq!(guest(json!({ "ssl_enable": true, "ssl_certificate_authority": file })), None);
    refused(json!({ "ssl_mode": "disable" }), "no encryption");
    refused(json!({ "ssl_mode": "verify-full" }), "check `ssl_certificate_authority`");
    refused(json!({ "ssl_mode": "verify-ca" }), "check `ssl_certificate_authority`");

    let by_address = |mode: &str| json!({ "host": "127.0.0.1", "ssl_mode": mode, "ssl_certificate_authority": ca });
    assert_eq!(guest(by_address("verify-ca")), None);
    assert_eq!(guest(by_address("require")), None);
    refused(by_address("verify-full"), "check `ssl_certificate_authority`");

    // Another authority than the one that signed the server's certificate.
    server.openssl(&["-subj", "/CN=stranger", "-keyout", "x.key", "-out", "x.pem"]);
    for mode in ["require", "verify-ca", "verify-full"] {
        refused(
            json!({ "ssl_mode": mode, "ssl_certificate_authority": server.text("x.pem") }),
            "certificate",
        );
    }

    let (certificate, key) = (server.text("client.pem"), server.text("client.key"));
    let owner = |more: Value| {
        let mut settings = json!({ "ssl_mode": "verify-full", "ssl_certificate_authority": ca });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.load("owner", &settings)
    };
    assert_eq!(
        owner(json!({ "ssl_client_certificate": certificate, "ssl_client_private_key": key })),
        None
    );
    let files = json!({ "ssl_client_certificate": server.path("client.pem"), "ssl_client_private_key": server.path("client.key") });
    assert_eq!(owner(files), None);
    let last = owner(json!({})).expect("a certificate is asked for");
    assert!(last.contains("cannot connect to"), "{last}");
    let half = owner(json!({ "ssl_client_certificate": certificate })).expect("half is nothing");
    assert!(half.contains("both ssl_client_certificate and ssl_client_private_key"), "{half}");
}
