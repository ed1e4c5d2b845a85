//! Where the database is, how to get in, and what to do when it does not let us.

mod environment;
mod parameters;
mod passfile;
mod tls;

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use singer::config::{ConfigError, Environment};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::parameters::Parameters;
use self::tls::{Certificates, Mode};
use crate::config::ConnectionSettings;
use crate::failure::{Failure, reason};

/// The port of a server that nobody says otherwise about.
const PORT: u16 = 5432;

/// Where servers on this machine put their sockets: Debian's place, and PostgreSQL's own.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// How long one address may take to answer, where nobody says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// A database and the way into it.
pub struct Server {
    config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Server").field(&self.place()).finish()
    }
}

/// An open connection.
pub struct Connection {
    /// What sends statements.
    pub client: Client,
    /// What moves the bytes; ends with the connection, and knows why.
    driver: JoinHandle<Result<(), tokio_postgres::Error>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Server {
    /// The server that the settings name; what they leave out the environment fills in, and what that
    /// leaves out too is as libpq has it.
    pub fn of(
        settings: &ConnectionSettings,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let url = settings.sqlalchemy_url.as_ref().map(Parameters::of_url).transpose()?;
        let parameters =
            url.unwrap_or_default().or(given(settings)?).or(environment::parameters(environment));
        Self::at(&parameters, environment)
    }

    fn at(parameters: &Parameters, environment: &Environment) -> Result<Self, ConfigError> {
        let mut config = tokio_postgres::Config::new();
        hosts(&mut config, parameters)?;
        let user = parameters.user.clone().or_else(|| environment::user(environment));
        let user = user.ok_or_else(|| ConfigError::setting("user", "a user of the database"))?;
        config.dbname(parameters.database.as_ref().unwrap_or(&user)).user(user);
        if let Some(password) = &parameters.password {
            config.password(password.expose_secret());
        } else if let Some(password) =
            passfile::password(&config, parameters.password_file.as_deref(), environment)
        {
            config.password(password.expose_secret());
        }
        config.application_name(
            parameters.application_name.as_deref().unwrap_or(env!("CARGO_PKG_NAME")),
        );
        if let Some(options) = &parameters.options {
            config.options(options);
        }
        match number("connect_timeout_seconds", parameters.connect_timeout.as_deref())? {
            None => config.connect_timeout(CONNECT_TIMEOUT),
            Some(0) => &mut config,
            Some(seconds) => config.connect_timeout(Duration::from_secs(seconds)),
        };
        let tls = encryption(&mut config, parameters)?;
        Ok(Self { config, tls })
    }

    /// Opens a connection, whose bytes are moved by a task of the runtime that this is called in.
    pub async fn connect(&self) -> Result<Connection, Failure> {
        let opened = match &self.tls {
            None => self.open(NoTls).await,
            Some(tls) => self.open(tls.clone()).await,
        };
        opened.map_err(|error| self.refusal(&error))
    }

    async fn open<T>(&self, tls: T) -> Result<Connection, tokio_postgres::Error>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
    {
        let (client, connection) = self.config.connect(tls).await?;
        Ok(Connection { client, driver: tokio::spawn(connection) })
    }

    /// Where the server is, without a secret.
    fn place(&self) -> String {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => folder.display().to_string(),
        });
        let ports = self.config.get_ports();
        let places: Vec<String> = hosts
            .enumerate()
            .map(|(index, host)| {
                let port = ports.get(index).or_else(|| ports.first()).copied().unwrap_or(PORT);
                format!("{host} port {port}")
            })
            .collect();
        places.join(", ")
    }

    /// A failed connection, with what to do about it.
    fn refusal(&self, error: &tokio_postgres::Error) -> Failure {
        let place = self.place();
        let hint = match error.code() {
            Some(code)
                if *code == SqlState::INVALID_PASSWORD
                    || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION =>
            {
                "check `user` and `password`, and what pg_hba.conf allows"
            }
            Some(code) if *code == SqlState::INVALID_CATALOG_NAME => {
                "create the database or change `database`"
            }
            Some(code) if *code == SqlState::TOO_MANY_CONNECTIONS => {
                "close other connections, or use a pooler"
            }
            Some(code) if *code == SqlState::CANNOT_CONNECT_NOW => "try again later",
            Some(_) => "see the server's log",
            None => hint(error),
        };
        Failure::NoConnection { place, reason: reason(error), hint }
    }
}

impl Connection {
    /// Whether the connection is lost.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Why the connection was lost, as far as the server or the operating system said so.
    pub async fn last_words(self) -> Option<String> {
        drop(self.client);
        self.driver.await.ok()?.err().as_ref().map(reason)
    }
}

/// What to do about an error that did not come from the server.
fn hint(error: &tokio_postgres::Error) -> &'static str {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return match error {
                rustls::Error::InvalidCertificate(_) => {
                    "check `ssl_certificate_authority`, or choose an `ssl_mode` that asks for less"
                }
                _ => "check `ssl_mode` and the client's certificate",
            };
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
                return match inner {
                    rustls::Error::InvalidCertificate(_) => {
                        "check `ssl_certificate_authority`, or choose an `ssl_mode` that asks for less"
                    }
                    _ => "check `ssl_mode` and the client's certificate",
                };
            }
            return match error.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                    "is the server running, and do `host` and `port` name it?"
                }
                io::ErrorKind::TimedOut => "does a firewall stand between?",
                _ => "check `host` and `port`",
            };
        }
        cause = error.source();
    }
    if error.to_string().contains("TLS") {
        return "the server offers no encryption; an `ssl_mode` of prefer or disable does without";
    }
    "check `host`, `port`, `user` and `password`"
}

/// The parameters that stand in settings of their own.
fn given(settings: &ConnectionSettings) -> Result<Parameters, ConfigError> {
    // As elsewhere, the switch rules over everything about encryption; where nobody touches it, naming
    // a mode is enough.
    let ssl_mode = match settings.ssl_enable {
        Some(false) => Some("disable".to_owned()),
        Some(true) => Some(settings.ssl_mode.clone().unwrap_or_else(|| "verify-full".to_owned())),
        None => settings.ssl_mode.clone(),
    };
    let with_certificate = settings.ssl_client_certificate_enable.unwrap_or(true);
    let certificate = |text: &Option<String>| text.clone().filter(|_| with_certificate);
    if settings.ssh_tunnel.enable {
        return Err(ConfigError::setting(
            "ssh_tunnel.enable",
            "false; open the tunnel with `ssh -L` and name its end in `host` and `port`",
        ));
    }
    Ok(Parameters {
        host: settings.host.clone(),
        port: settings.port.map(|port| port.to_string()),
        user: settings.user.clone(),
        password: settings.password.clone(),
        password_file: None,
        database: settings.database.clone(),
        application_name: settings.application_name.clone(),
        connect_timeout: settings.connect_timeout_seconds.map(|seconds| seconds.to_string()),
        options: None,
        ssl_mode,
        ssl_root_certificate: settings.ssl_certificate_authority.clone(),
        ssl_certificate: certificate(&settings.ssl_client_certificate),
        ssl_key: settings.ssl_client_private_key.clone().filter(|_| with_certificate),
    })
}

/// Tells `config` the hosts and ports.
fn hosts(config: &mut tokio_postgres::Config, parameters: &Parameters) -> Result<(), ConfigError> {
    let hosts = match parameters.host.as_deref() {
        Some(hosts) => hosts.split(',').collect::<Vec<_>>(),
        None => vec![default_host()],
    };
    for host in &hosts {
        config.host(if host.is_empty() { default_host() } else { host });
    }
    let mut ports = Vec::new();
    for port in parameters.port.iter().flat_map(|ports| ports.split(',')) {
        let port = number::<u16>("port", Some(port).filter(|port| !port.is_empty()))?;
        ports.push(port.unwrap_or(PORT));
    }
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err(ConfigError::setting("port", "one port, or one for each host"));
    }
    for port in ports {
        config.port(port);
    }
    Ok(())
}

/// The folder of the sockets, if there is a server's, or this machine.
fn default_host() -> &'static str {
    let socket = |folder: &&str| std::path::Path::new(folder).join(".s.PGSQL.5432").exists();
    SOCKET_FOLDERS.into_iter().find(socket).unwrap_or("localhost")
}

/// Tells `config` about encryption; what encrypts, if anything does.
fn encryption(
    config: &mut tokio_postgres::Config,
    parameters: &Parameters,
) -> Result<Option<MakeRustlsConnect>, ConfigError> {
    let mut mode = match parameters.ssl_mode.as_deref() {
        None => Mode::Prefer,
        Some(name) => Mode::named(name).ok_or_else(|| {
            let modes = "one of disable, prefer, require, verify-ca, verify-full";
            ConfigError::setting("ssl_mode", modes)
        })?,
    };
    // Nobody listens on a socket of this machine; libpq does not encrypt it either.
    if config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_))) {
        mode = Mode::Disable;
    }
    config.ssl_mode(match mode {
        Mode::Disable => SslMode::Disable,
        Mode::Prefer => SslMode::Prefer,
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
    });
    let certificates = Certificates {
        root: parameters.ssl_root_certificate.as_deref(),
        client: parameters.ssl_certificate.as_deref(),
        key: parameters.ssl_key.as_ref(),
    };
    tls::connector(mode, &certificates)
}

/// A number, if there is one.
fn number<T: FromStr>(setting: &str, text: Option<&str>) -> Result<Option<T>, ConfigError> {
    let Some(text) = text else { return Ok(None) };
    let number = text.trim().parse();
    number.map(Some).map_err(|_| ConfigError::setting(setting, "a whole number"))
}

/// A password never shows, whatever is printed.
#[cfg(test)]
mod tests;
