//! A private PostgreSQL that lives as long as a test.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::overlay;

/// A database server of its own in a temporary folder, reached through a socket in that folder, gone
/// when dropped. With `TEST_DATABASE_URL`, a schema of its own in that database instead.
pub struct Database {
    kind: Kind,
}

enum Kind {
    /// Our own server; the folder holds its data and its socket.
    Own { folder: tempfile::TempDir, bin: PathBuf },
    /// Somebody else's server.
    Given { url: String },
}

/// Settings for a server whose data need not survive the machine.
const CAREFREE: [&str; 4] =
    ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses="];

/// Settings as a fresh installation has them, for benchmarks.
const ORDINARY: [&str; 1] = ["listen_addresses="];

impl Database {
    /// A server that is quick to start and careless of its data.
    pub fn start() -> Self {
        match std::env::var("TEST_DATABASE_URL") {
            Ok(url) => Self { kind: Kind::Given { url } },
            Err(_) => Self::own(&CAREFREE),
        }
    }

    /// A server with a fresh installation's settings.
    pub fn ordinary() -> Self {
        Self::own(&ORDINARY)
    }

    fn own(settings: &[&str]) -> Self {
        let bin = installation().expect(
            "no PostgreSQL server was found; install one (Debian: apt-get install postgresql) or set TEST_DATABASE_URL",
        );
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        give_away(folder.path());
        succeed(
            as_user(&bin.join("initdb"))
                .args(["-A", "trust", "-U", "test", "--no-sync", "-E", "UTF8", "--locale=C", "-D"])
                .arg(&data),
        );
        let options = format!("-k {} -c {}", folder.path().display(), settings.join(" -c "));
        succeed(
            as_user(&bin.join("pg_ctl"))
                .args(["-s", "-w", "-t", "60", "-D"])
                .arg(&data)
                .arg("-l")
                .arg(folder.path().join("log"))
                .args(["-o", &options, "start"]),
        );
        Self { kind: Kind::Own { folder, bin } }
    }

    /// Where it is, as a connection URL.
    pub fn url(&self) -> String {
        match &self.kind {
            Kind::Own { folder, .. } => {
                let socket = folder.path().to_str().unwrap().replace('/', "%2F");
                format!("postgresql://test@{socket}/postgres")
            }
            Kind::Given { url } => url.clone(),
        }
    }

    /// A name that no other test uses, for a schema.
    pub fn schema_name(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Runs SQL through psql; what it prints, without headers, columns separated by `|`.
    pub fn sql(&self, sql: &str) -> String {
        let mut psql = self.psql();
        psql.args(["-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        let output = psql.output().expect("psql runs");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Runs SQL as [`Self::sql`] does, where names without a namespace are those of this one.
    pub fn sql_in(&self, namespace: &str, sql: &str) -> String {
        self.sql(&format!("SET search_path TO {namespace}; {sql}"))
    }

    /// Runs a file of SQL with this namespace first on the search path, as a user would with psql.
    pub fn run_file(&self, namespace: &str, path: &Path) {
        let mut psql = self.psql();
        psql.args(["-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(path);
        psql.env("PGOPTIONS", format!("-c search_path={namespace} -c client_min_messages=warning"));
        let output = psql.output().expect("psql runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", path.display());
    }

    /// A configuration of target-postgres that works and loads into this namespace, with some settings
    /// replaced.
    pub fn config(&self, namespace: &str, settings: Value) -> String {
        let mut config = json!({
            "sqlalchemy_url": self.url(),
            "default_target_schema": namespace,
            "state_id": "tests",
        });
        overlay(&mut config, settings);
        config.to_string()
    }

    /// psql, connected.
    pub fn psql(&self) -> Command {
        let mut psql = match &self.kind {
            Kind::Own { bin, .. } => Command::new(bin.join("psql")),
            Kind::Given { .. } => Command::new("psql"),
        };
        psql.arg("--no-psqlrc").arg(self.url());
        psql
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Kind::Own { folder, bin } = &self.kind {
            let data = folder.path().join("data");
            let mut stop = as_user(&bin.join("pg_ctl"));
            let _ = stop.args(["-s", "-m", "immediate", "-D"]).arg(data).arg("stop").status();
        }
    }
}

/// The folder of the newest server's programs.
pub fn installation() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    folders.sort_by_key(|folder| {
        let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|version| version.parse::<u32>().ok())
    });
    folders.reverse();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
}

/// Whether this process may do everything, which PostgreSQL refuses to run under.
fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id runs");
    output.stdout.starts_with(b"0\n")
}

/// A command as a user that PostgreSQL accepts.
pub fn as_user(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Gives a folder to the user that the server runs as.
pub fn give_away(folder: &Path) {
    if is_root() {
        succeed(Command::new("chown").arg("nobody:nogroup").arg(folder));
    }
}

/// Runs a command that has to go well.
pub fn succeed(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_ones_own_answers_and_goes_away() {
        let database = Database::start();
        assert_eq!(database.sql("select 1 + 1, 'ü'"), "2|ü");
    }
}
