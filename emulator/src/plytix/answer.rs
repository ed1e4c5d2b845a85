//! How Plytix answers when it does what it was asked.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// A successful answer, or a redirect.
#[derive(Debug)]
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: StatusCode,
    /// JSON body; none for an empty one.
    pub(super) body: Option<Value>,
    /// Path for the `Location` header.
    pub(super) location: Option<String>,
    /// What the journal keeps beside the path.
    pub(super) detail: Option<Value>,
}

impl Answer {
    /// A status without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, body: None, location: None, detail: None }
    }

    /// 308 to a path.
    pub(super) fn moved(path: &str) -> Self {
        Self { location: Some(path.to_owned()), ..Self::empty(StatusCode::PERMANENT_REDIRECT) }
    }

    /// `{"data": [...]}`; a single entity is a list of one.
    pub(super) fn data(status: StatusCode, entities: impl IntoIterator<Item = Value>) -> Self {
        let entities: Value = entities.into_iter().collect();
        Self { body: Some(json!({ "data": entities })), ..Self::empty(status) }
    }

    /// A page of a search.
    pub(super) fn page(rows: Vec<Value>, pagination: Value) -> Self {
        let members = [("data", Value::Array(rows)), ("pagination", pagination)];
        let body = members.map(|(key, value)| (key.to_owned(), value)).into_iter().collect();
        Self { body: Some(Value::Object(body)), ..Self::empty(StatusCode::OK) }
    }
}

/// A time as searches and the answers to writes show it.
pub(super) fn zoned(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// A time as v2 shows it when a product is read: in UTC, but without saying so.
pub(super) fn unzoned(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}
