//! Passwords from libpq's password file, for a connection that was given none.
//!
//! A line is `host:port:database:user:password`; each of the first four may be `*`, and a backslash
//! takes the meaning from a colon or a backslash behind it. The first line that fits counts (PostgreSQL's
//! manual, "The Password File").

use std::fs;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::slice::Iter;

use secrecy::SecretSlice;
use singer::config::Environment;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::{PORT, SOCKET_FOLDERS};

/// The password for a connection, if there is a file that has one.
///
/// Of several hosts the first that has a password decides for all of them: the driver takes only one.
pub(super) fn password(
    config: &Config,
    file: Option<&str>,
    environment: &Environment,
) -> Option<SecretSlice<u8>> {
    let home = || Some(Path::new(environment.variable("HOME")?).join(".pgpass"));
    let path = file.map(PathBuf::from).or_else(home)?;
    let text = read(&path)?;
    let ports = config.get_ports();
    let mut hosts = config.get_hosts().iter().enumerate();
    hosts.find_map(|(index, host)| {
        let host = match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => named(folder),
        };
        let port = ports.get(index).or_else(|| ports.first()).copied().unwrap_or(PORT).to_string();
        let wanted = [&host, &port, config.get_dbname()?, config.get_user()?];
        found(&text, wanted.map(str::as_bytes))
    })
}

/// What the file calls the host of a socket: the folder, or `localhost` for the one that libpq was
/// built with.
fn named(folder: &Path) -> String {
    if SOCKET_FOLDERS.iter().any(|default| folder == Path::new(default)) {
        return "localhost".to_owned();
    }
    folder.display().to_string()
}

/// The file, unless others could read it too, in which case libpq passes over it as well.
fn read(path: &Path) -> Option<Vec<u8>> {
    let about = fs::metadata(path).ok()?;
    if !about.is_file() {
        tracing::warn!("{}: not a file of passwords; ignored", path.display());
        return None;
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0 {
        tracing::warn!("{}: others may read it, so it is ignored; chmod 600", path.display());
        return None;
    }
    let text = fs::read(path);
    text.inspect_err(|error| tracing::warn!("{}: {error}; ignored", path.display())).ok()
}

/// The password of the first line that fits.
fn found(text: &[u8], wanted: [&[u8]; 4]) -> Option<SecretSlice<u8>> {
    let lines = text.split(|&byte| byte == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.filter(|line| !line.starts_with(b"#")).find_map(|line| {
        let mut bytes = line.iter().peekable();
        for wanted in wanted {
            let (field, is_escaped) = field(&mut bytes)?;
            if field != wanted && (field != b"*" || is_escaped) {
                return None;
            }
        }
        let (password, _) = field(&mut bytes)?;
        (!password.is_empty()).then(|| password.into())
    })
}

/// The bytes up to the next colon or the end, and whether a backslash was among them; nothing where
/// the line has ended.
fn field(bytes: &mut Peekable<Iter<'_, u8>>) -> Option<(Vec<u8>, bool)> {
    bytes.peek()?;
    let (mut field, mut is_escaped) = (Vec::new(), false);
    while let Some(&byte) = bytes.next() {
        match byte {
            b':' => break,
            b'\\' if bytes.peek().is_some() => {
                is_escaped = true;
                field.extend(bytes.next());
            }
            _ => field.push(byte),
        }
    }
    Some((field, is_escaped))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn of(text: &str) -> Option<String> {
        let wanted = ["db.example", "5432", "shop", "loader"].map(str::as_bytes);
        let password = found(text.as_bytes(), wanted)?;
        Some(String::from_utf8(password.expose_secret().to_vec()).unwrap())
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        let password = |text| of(text).unwrap_or_default();
        assert_eq!(password("db.example:5432:shop:loader:a\n*:*:*:*:b"), "a");
        assert_eq!(password("other:5432:shop:loader:a\r\n*:*:shop:*:b\r\n"), "b");
        assert_eq!(password("#db.example:5432:shop:loader:a\n\n*:*:*:loader:c"), "c");
        assert_eq!(password("db.example:5432:shop:loader:p\\:w\\\\d:rest"), "p:w\\d");
        assert_eq!(password("db\\.example:5432:shop:loader:d"), "d");
    }

    #[test]
    fn a_line_that_does_not_fit_has_no_password() {
        for line in [
            "db.example:5433:shop:loader:a",
            "db.example:5432:shop:loader",
            "db.example:5432:shop:loader:",
            "db.example:5432:shop",
            "\\*:5432:shop:loader:a",
            "db.example\\:5432:shop:loader:a",
            "",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }

    #[test]
    fn a_socket_in_its_usual_folder_goes_by_the_name_of_localhost() {
        assert_eq!(named(Path::new("/var/run/postgresql")), "localhost");
        assert_eq!(named(Path::new("/srv/db")), "/srv/db");
    }
}
