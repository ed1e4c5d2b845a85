//! What libpq's environment variables say about a connection.
//!
//! Every program that talks to PostgreSQL reads these, so people have them set. A setting or a
//! connection URL wins over them.

use secrecy::SecretString;
use singer::config::Environment;

use super::parameters::Parameters;

/// The parameters that the variables hold.
#[must_use]
pub(super) fn parameters(environment: &Environment) -> Parameters {
    let text = |name| environment.variable(name).map(str::to_owned);
    Parameters {
        host: text("PGHOST").or_else(|| text("PGHOSTADDR")),
        port: text("PGPORT"),
        user: text("PGUSER"),
        password: text("PGPASSWORD").map(SecretString::from),
        password_file: text("PGPASSFILE"),
        database: text("PGDATABASE"),
        application_name: text("PGAPPNAME"),
        connect_timeout: text("PGCONNECT_TIMEOUT"),
        options: text("PGOPTIONS"),
        ssl_mode: text("PGSSLMODE"),
        ssl_root_certificate: text("PGSSLROOTCERT"),
        ssl_certificate: text("PGSSLCERT"),
        ssl_key: text("PGSSLKEY").map(SecretString::from),
    }
}

/// The name under which the operating system knows who runs this, which is libpq's default user.
#[must_use]
pub(super) fn user(environment: &Environment) -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| environment.variable(name))
        .map(str::to_owned)
}
