//! How Plytix, and in its name the emulator, refuses a request.
//!
//! Plytix nests its refusals as `{"error": {"msg", "errors": [{"field", "msg"}]}}`. The inner `msg`
//! has been recorded as a text, a number, a list and an object, so it is a JSON value here.

use super::setup::RetryAfter;
use axum::http::StatusCode;
use serde_json::{Value, json};

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    /// The field, in the words of the request; sometimes the name of a rule instead.
    pub(super) field: String,
    /// What is wrong with it.
    pub(super) msg: Value,
    /// The value that it is about, where Plytix repeats it.
    pub(super) value: Option<Value>,
}

impl Fault {
    /// A fault of `field`.
    pub(super) fn new(field: impl Into<String>, msg: impl Into<Value>) -> Self {
        Self { field: field.into(), msg: msg.into(), value: None }
    }

    /// As it stands in the body.
    fn body(&self) -> Value {
        match &self.value {
            None => json!({"field": self.field, "msg": self.msg}),
            Some(value) => json!({"field": self.field, "msg": self.msg, "value": value}),
        }
    }
}

/// An answer other than success.
#[derive(Debug)]
pub(super) struct Refusal {
    /// HTTP status.
    pub(super) status: StatusCode,
    /// Whole seconds for the `Retry-After` header.
    pub(super) retry_after: Option<u64>,
    /// The same for the body.
    pub(super) wait: Option<u64>,
    /// Path for the `Location` header.
    pub(super) location: Option<String>,
    /// True if two writes to one product met, which a test wants to find in the journal.
    pub(super) is_race: bool,
    /// `error.msg`.
    pub(super) message: String,
    /// `error.errors`, which is absent when there are none.
    pub(super) faults: Vec<Fault>,
}

impl Refusal {
    /// A refusal that names no fields; its body has no `errors`.
    pub(super) fn bare(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            retry_after: None,
            wait: None,
            location: None,
            is_race: false,
            message: message.into(),
            faults: Vec::new(),
        }
    }

    /// A refusal that names fields.
    pub(super) fn with(
        status: StatusCode,
        message: impl Into<String>,
        faults: impl IntoIterator<Item = Fault>,
    ) -> Self {
        Self { faults: faults.into_iter().collect(), ..Self::bare(status, message) }
    }

    /// 422 for what a product may not hold. Nothing of the request has been written.
    pub(super) fn product(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self::with(StatusCode::UNPROCESSABLE_ENTITY, "product data validation failed", faults)
    }

    /// 422 for a request whose form is wrong.
    pub(super) fn schema(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self::with(StatusCode::UNPROCESSABLE_ENTITY, "Schema validation error", faults)
    }

    /// 400: the body is not JSON. Plytix gives the status again, as a number, inside the body.
    pub(super) fn not_json(reason: &serde_json::Error) -> Self {
        Self::with(
            StatusCode::BAD_REQUEST,
            format!("Failed to decode JSON object: {reason}"),
            [Fault::new("http_status_code", 400)],
        )
    }

    /// 404 for a product, with the space that Plytix puts in front of the message.
    pub(super) fn no_product(id: &str) -> Self {
        Self::with(
            StatusCode::NOT_FOUND,
            format!(" No results found for {id}"),
            [Fault::new("id", "product does not exist")],
        )
    }

    /// 409: another product has this SKU. The answer does not say which.
    pub(super) fn duplicate_sku() -> Self {
        Self::with(
            StatusCode::CONFLICT,
            "product data validation failed",
            [Fault::new("sku", "A product with the same SKU already exists")],
        )
    }

    /// 429 until a window ends.
    pub(super) fn rate_limited(seconds: u64, place: RetryAfter) -> Self {
        Self {
            retry_after: (place != RetryAfter::Body).then_some(seconds),
            wait: (place != RetryAfter::Header).then_some(seconds),
            ..Self::bare(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded")
        }
    }

    /// 500: a write came while another write to the same product was under way.
    ///
    /// Plytix then corrupts what it links, in silence, which is why its callers write one after
    /// another (TheTelematic/plytix-pim-client). The emulator says so aloud instead.
    pub(super) fn race(product: &str) -> Self {
        let message = format!("emulator: two writes to product {product} overlapped");
        Self { is_race: true, ..Self::bare(StatusCode::INTERNAL_SERVER_ERROR, message) }
    }

    /// 501, which Plytix never says: nobody has shown what Plytix answers to this, or the emulator
    /// does not do it.
    pub(super) fn not_evidenced(what: impl AsRef<str>) -> Self {
        let what = what.as_ref();
        Self::bare(StatusCode::NOT_IMPLEMENTED, format!("emulator: not evidenced: {what}"))
    }

    /// The JSON body.
    pub(super) fn body(&self) -> Value {
        let mut error = serde_json::Map::new();
        if !self.faults.is_empty() {
            error.insert("errors".to_owned(), self.faults.iter().map(Fault::body).collect());
        }
        error.insert("msg".to_owned(), json!(self.message));
        if let Some(seconds) = self.wait {
            error.insert("retry_after".to_owned(), json!(seconds));
        }
        json!({ "error": error })
    }
}
