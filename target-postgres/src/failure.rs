//! What can go wrong between this target and the database, without a record's values.
//!
//! PostgreSQL quotes values in the texts of many errors ("invalid input syntax for …: "…"", "Key
//! (email)=(…) already exists"). So the text of an error that is about data is never passed on: its
//! code, column and constraint are.

use std::sync::Arc;

use singer::config::ConfigError;
use tokio_postgres::error::{DbError, SqlState};

use crate::change::ChangeError;
use crate::copy::ValueError;
use crate::name::Identifier;
use crate::table::TableError;

/// Why a run ends. Everything before the last printed state is safe, and of what came after it nothing
/// is half-written.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There is no way into the database.
    #[error("cannot connect to {place}: {reason}; {hint}")]
    NoConnection {
        /// Host and port.
        place: String,
        /// What the server or the operating system says.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// The connection was lost while something was being written, which the server has undone.
    #[error(
        "the connection was lost ({0}); run again: nothing was half-written, and the next run goes on \
         from the last state"
    )]
    Lost(String),
    /// The connection was lost while the transaction was being committed, and the server could not be
    /// asked how it ended.
    #[error(
        "the connection was lost during COMMIT, and the server cannot say how that ended; run again"
    )]
    Unknown,
    /// The server refuses a statement.
    #[error("{subject}: {reason}{hint}")]
    Refused {
        /// The stream, or what else was being done.
        subject: String,
        /// What the server says, as far as it holds no values.
        reason: String,
        /// What to do, after a separator; may be empty.
        hint: &'static str,
    },
    /// The server refuses a row.
    #[error("{stream}: line {line}: {reason}")]
    Row {
        /// The stream.
        stream: String,
        /// The line of the input that the row came from.
        line: u64,
        /// What the server says, as far as it holds no values.
        reason: String,
    },
    /// A record cannot become a row.
    #[error("{}: {}", .0.property, .0.reason)]
    Value(ValueError),
    /// A record does not fit its schema.
    #[error("{property}: not what the schema says (`{keyword}`)")]
    Invalid {
        /// The property, with those around it before slashes.
        property: String,
        /// The keyword of JSON Schema that it fails.
        keyword: String,
    },
    /// A value that is looked up is not there.
    #[error("{property}: no row of {table} has this value; add one")]
    NotFound {
        /// The property.
        property: String,
        /// The table in which it was looked up.
        table: String,
    },
    /// Rows contradict each other about a value that is looked up.
    #[error("{property}: several rows of {table} have this value; leave one")]
    Ambiguous {
        /// The property.
        property: String,
        /// The table in which it was looked up.
        table: String,
    },
    /// A table for lookups is too large to be kept in memory.
    #[error("{subject}: {table} has more than {most} rows; name a smaller table")]
    TooMany {
        /// What is looked up.
        subject: String,
        /// The table.
        table: String,
        /// Rows that it may have.
        most: usize,
    },
    /// A stream can have no table.
    #[error("{}", without_stream(&.0.to_string()))]
    Table(TableError),
    /// The table that is there cannot take the stream.
    #[error("{}", without_stream(&.0.to_string()))]
    Change(ChangeError),
    /// What has the table's name is a view or the like.
    #[error("{0} is not a table; name another one under `tables`")]
    NotATable(String),
    /// A column has another type than when the stream's records began.
    #[error("{stream}: the type of column {column} was changed while this run went on; run again")]
    Changed {
        /// The stream.
        stream: String,
        /// The column.
        column: Identifier,
    },
    /// Each of two streams would put its rows in the place of all others of one table.
    #[error(
        "stream {other} overwrites the same table; give each a table of its own under `tables`"
    )]
    Shared {
        /// The stream that came first.
        other: String,
    },
    /// The settings cannot work.
    #[error("{0}")]
    Config(#[source] ConfigError),
    /// A schema is none.
    #[error("{stream}: the schema is not a JSON Schema; set validate_records to false")]
    Schema {
        /// The stream.
        stream: String,
    },
    /// A file for bad records cannot be written.
    #[error("{path}")]
    DeadLetter {
        /// The file.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// What was to be written before could not be, so nothing is written after it.
    #[error(transparent)]
    Earlier(Arc<Failure>),
    /// The thread that talks to the database is gone.
    #[error("internal: the database's thread ended early; report this")]
    NoThread,
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl Failure {
    /// What the server or the network said while something was done for `subject`.
    pub(crate) fn of(subject: &str, error: &tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            // The server is going down, or somebody ended this session (class 57P).
            Some(told) if told.code().code().starts_with("57P") => Self::Lost(reason(error)),
            Some(told) => Self::Refused {
                subject: subject.to_owned(),
                reason: reason(error),
                hint: hint(told.code()),
            },
            None => Self::Lost(reason(error)),
        }
    }

    /// Whether the record is at fault, and not the world around it.
    #[must_use]
    pub fn is_bad_record(&self) -> bool {
        matches!(
            self,
            Self::Value(_) | Self::Invalid { .. } | Self::NotFound { .. } | Self::Ambiguous { .. }
        )
    }
}

/// A text that begins with the stream's name without it: whoever reports it names the stream.
fn without_stream(text: &str) -> &str {
    text.split_once(": ").map_or(text, |(_, text)| text)
}

/// Whether an error means that another writer was faster, so that trying again helps.
pub(crate) fn is_lost_race(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::UNIQUE_VIOLATION,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
        ]
        .contains(code)
    })
}

/// What went wrong, on one line and without values.
pub(crate) fn reason(error: &tokio_postgres::Error) -> String {
    if let Some(told) = error.as_db_error() {
        return told_reason(told);
    }
    // The last cause is what the operating system or the TLS library says.
    let mut last: &dyn std::error::Error = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

/// The same, of an error that the server told.
fn told_reason(told: &DbError) -> String {
    let code = told.code().code();
    if !is_about_data(code) {
        return format!("{} (SQLSTATE {code})", told.message());
    }
    let mut reason = match told.code() {
        code if *code == SqlState::UNIQUE_VIOLATION => "a value is there already".to_owned(),
        code if *code == SqlState::NOT_NULL_VIOLATION => "a value is missing".to_owned(),
        code if *code == SqlState::FOREIGN_KEY_VIOLATION => {
            "a row that is referred to is not there, or is still referred to".to_owned()
        }
        code if *code == SqlState::CHECK_VIOLATION => "a value is not allowed".to_owned(),
        code if *code == SqlState::NUMERIC_VALUE_OUT_OF_RANGE => {
            "a number is out of the column's range".to_owned()
        }
        code if *code == SqlState::STRING_DATA_RIGHT_TRUNCATION => {
            "a text is longer than its column".to_owned()
        }
        _ => "the server refuses a value".to_owned(),
    };
    let places =
        [("table", told.table()), ("column", told.column()), ("constraint", told.constraint())];
    for (name, place) in places {
        if let Some(place) = place {
            reason = format!("{reason}, {name} {place}");
        }
    }
    if told.column().is_none()
        && let Some(column) = copied(told).and_then(|place| place.column)
    {
        reason = format!("{reason}, column {column}");
    }
    format!("{reason} (SQLSTATE {code})")
}

/// Whether the texts of errors of this code can hold values: classes 22 (data), 23 (constraints), 44
/// (views that check), and whatever a trigger of the user's says (P0).
pub(crate) fn is_about_data(code: &str) -> bool {
    ["22", "23", "44", "P0"].iter().any(|class| code.starts_with(class))
}

/// The place in a COPY that an error is about.
pub(crate) struct Copied<'a> {
    /// The row, counted from 1.
    pub(crate) row: usize,
    /// The column, if the error is about one.
    pub(crate) column: Option<&'a str>,
}

/// The place in a COPY that an error is about: the server says `COPY name, line 3, column name`,
/// perhaps with the value after it.
pub(crate) fn copied(told: &DbError) -> Option<Copied<'_>> {
    let place = told.where_()?.lines().find(|line| line.starts_with("COPY "))?;
    let (_, place) = place.split_once(", line ")?;
    let digits = place.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(place.len());
    let (row, rest) = place.split_at_checked(digits)?;
    let column = rest
        .strip_prefix(", column ")
        .map(|rest| rest.split_once(": ").map_or(rest, |(column, _)| column));
    Some(Copied { row: row.parse().ok()?, column })
}

/// What to do about an error of the server.
fn hint(code: &SqlState) -> &'static str {
    match code.code() {
        "42501" => "; grant this right, or let a user who has it make the table",
        "53100" => "; free space on the server's disk and run again",
        "53200" => "; the server is out of memory: lower batch_size_bytes and run again",
        "55P03" => "; another session holds the table: end it, or run again later",
        "57014" => "; raise statement_timeout for this user, or lower batch_size_bytes",
        "42P10" => "; add a unique index on the key's columns",
        "0A000" => {
            "; if a view uses a column that has to change, drop the view, load, and make it again"
        }
        "25006" => "; name a server that takes writes",
        "40P01" | "40001" => "; another session writes the same rows: run again",
        "42P07" | "42701" | "42P06" => "; another program made it at the same moment: run again",
        "54011" | "54000" => "; lower max_columns",
        _ => "",
    }
}
