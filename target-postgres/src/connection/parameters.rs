//! The parameters of a connection, whichever way they were given.

use secrecy::{ExposeSecret as _, SecretString};
use singer::config::ConfigError;
use url::Url;

/// What is known about a connection; anything may be missing.
///
/// The texts are as they were written. Whether they make sense is asked once, where the parameters of
/// all sources have come together.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters {
    /// Host names or addresses with commas between them, or the folder of a Unix socket.
    pub(super) host: Option<String>,
    /// One port, or one for each host.
    pub(super) port: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
    /// The name of a file of passwords.
    pub(super) password_file: Option<String>,
    pub(super) database: Option<String>,
    pub(super) application_name: Option<String>,
    /// Seconds; 0 waits for ever.
    pub(super) connect_timeout: Option<String>,
    /// Command-line options for the server, such as `-c search_path=x`.
    pub(super) options: Option<String>,
    pub(super) ssl_mode: Option<String>,
    /// PEM, the name of a file of PEM, or the word `system`.
    pub(super) ssl_root_certificate: Option<String>,
    /// PEM, or the name of a file of PEM.
    pub(super) ssl_certificate: Option<String>,
    /// PEM, or the name of a file of PEM.
    pub(super) ssl_key: Option<SecretString>,
}

impl Parameters {
    /// These, and those of `other` that are missing here.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            host: self.host.or(other.host),
            port: self.port.or(other.port),
            user: self.user.or(other.user),
            password: self.password.or(other.password),
            password_file: self.password_file.or(other.password_file),
            database: self.database.or(other.database),
            application_name: self.application_name.or(other.application_name),
            connect_timeout: self.connect_timeout.or(other.connect_timeout),
            options: self.options.or(other.options),
            ssl_mode: self.ssl_mode.or(other.ssl_mode),
            ssl_root_certificate: self.ssl_root_certificate.or(other.ssl_root_certificate),
            ssl_certificate: self.ssl_certificate.or(other.ssl_certificate),
            ssl_key: self.ssl_key.or(other.ssl_key),
        }
    }

    /// What a connection URL says.
    ///
    /// Reads `postgresql://` and `postgres://`, also with a driver's name as Python programs write it
    /// (`postgresql+psycopg://`). Parameters after `?` that are not libpq's are passed over with a
    /// warning: other programs add their own.
    pub(super) fn of_url(url: &SecretString) -> Result<Self, ConfigError> {
        let wrong = || {
            ConfigError::setting(
                "sqlalchemy_url",
                "postgresql://user:password@host:port/database; write special characters of a user \
                 or password as %XX",
            )
        };
        let text = url.expose_secret().trim();
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let dialect = scheme.split('+').next().unwrap_or_default();
        if !matches!(dialect, "postgresql" | "postgres") {
            return Err(wrong());
        }
        let url = Url::parse(&format!("postgresql://{rest}")).map_err(|_| wrong())?;
        let decoded = |text: &str| decoded(text).ok_or_else(wrong);
        let given = |text: &str| if text.is_empty() { Ok(None) } else { decoded(text).map(Some) };
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let mut parameters = Self {
            host: given(host)?,
            port: url.port().map(|port| port.to_string()),
            user: given(url.username())?,
            password: url.password().map(decoded).transpose()?.map(SecretString::from),
            database: given(url.path().trim_start_matches('/'))?,
            ..Self::default()
        };
        for (name, value) in url.query_pairs() {
            if !parameters.set(&name, value.into_owned()) {
                tracing::warn!(
                    "config: `sqlalchemy_url`: parameter `{name}` is not known and is ignored"
                );
            }
        }
        Ok(parameters)
    }

    /// Sets a parameter by libpq's name for it, if it has one that is known here.
    fn set(&mut self, name: &str, value: String) -> bool {
        let place = match name {
            "host" | "hostaddr" => &mut self.host,
            "port" => &mut self.port,
            "user" => &mut self.user,
            "dbname" => &mut self.database,
            "application_name" => &mut self.application_name,
            "connect_timeout" => &mut self.connect_timeout,
            "options" => &mut self.options,
            "passfile" => &mut self.password_file,
            "sslmode" => &mut self.ssl_mode,
            "sslrootcert" => &mut self.ssl_root_certificate,
            "sslcert" => &mut self.ssl_certificate,
            "password" => {
                self.password = Some(value.into());
                return true;
            }
            "sslkey" => {
                self.ssl_key = Some(value.into());
                return true;
            }
            _ => return false,
        };
        *place = Some(value);
        true
    }
}

/// A part of a URL without its `%XX`; nothing if that is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = (byte == b'%').then(|| after.get(..2)).flatten();
        let code = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Parameters, ConfigError> {
        Parameters::of_url(&SecretString::from(url))
    }

    #[test]
    fn a_url_of_a_python_program_is_read() {
        let parameters = of(
            "postgresql+psycopg://a%40b:p%3Aw%2F@db.example.com:6543/shop?sslmode=require&supa=1",
        )
        .unwrap();
        assert_eq!(parameters.host.as_deref(), Some("db.example.com"));
        assert_eq!(parameters.port.as_deref(), Some("6543"));
        assert_eq!(parameters.user.as_deref(), Some("a@b"));
        assert_eq!(parameters.password.unwrap().expose_secret(), "p:w/");
        assert_eq!(parameters.database.as_deref(), Some("shop"));
        assert_eq!(parameters.ssl_mode.as_deref(), Some("require"));
    }

    #[test]
    fn a_socket_folder_and_an_ipv6_address_are_hosts() {
        let host = |url| of(url).unwrap().host.unwrap();
        assert_eq!(host("postgresql:///shop?host=/var/run/postgresql"), "/var/run/postgresql");
        assert_eq!(host("postgres://%2Ftmp/shop"), "/tmp");
        assert_eq!(host("postgres://[::1]:5433/shop"), "::1");
    }

    #[test]
    fn what_is_missing_in_a_url_is_missing() {
        let parameters = of("postgresql://localhost").unwrap();
        assert!(parameters.user.is_none() && parameters.password.is_none());
        assert!(parameters.database.is_none() && parameters.port.is_none());
    }

    #[test]
    fn a_url_of_another_database_is_refused_without_being_shown() {
        for url in ["mysql://u:hunter2@h/d", "hunter2", "postgresql://u:hunter2@h:port/d"] {
            let error = of(url).unwrap_err().to_string();
            assert!(
                error.starts_with("config: `sqlalchemy_url`: expected postgresql://"),
                "{error}"
            );
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
