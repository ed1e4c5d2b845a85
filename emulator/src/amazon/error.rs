//! How Amazon, and in its name the emulator, refuses a request.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// A refusal in the shape `{"errors": [{code, message, details}]}`.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// HTTP status.
    pub(crate) status: StatusCode,
    /// Value of `x-amzn-ErrorType`, where it has been recorded.
    pub(crate) error_type: Option<&'static str>,
    code: &'static str,
    message: String,
    details: String,
}

impl Refusal {
    /// 400: an argument is missing or wrong; `details` says which.
    pub(crate) fn invalid(details: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error_type: None,
            code: "InvalidInput",
            message: "Invalid Input".to_owned(),
            details: details.into(),
        }
    }

    /// 403: the caller may not have this.
    pub(crate) fn denied(details: &str) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            error_type: Some("AccessDeniedException"),
            code: "Unauthorized",
            message: "Access to requested resource is denied.".to_owned(),
            details: details.to_owned(),
        }
    }

    /// 404: no such thing, or none of this seller and region.
    pub(crate) fn not_found(details: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            error_type: None,
            code: "NotFound",
            message: "The requested resource was not found.".to_owned(),
            details: details.into(),
        }
    }

    /// 415: a body that is not declared as JSON.
    pub(crate) fn unsupported_media() -> Self {
        Self {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            error_type: None,
            code: "UnsupportedMediaType",
            message: "The content type of the request is not supported.".to_owned(),
            details: String::new(),
        }
    }

    /// 429: the bucket is empty. Recorded answers carry no hint when to come back.
    pub(crate) fn quota_exceeded() -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            error_type: Some("TooManyRequestsException"),
            code: "QuotaExceeded",
            message: "You exceeded your quota for the requested resource.".to_owned(),
            details: String::new(),
        }
    }

    /// 501, which Amazon never says: nobody has shown what Amazon answers to this.
    pub(crate) fn not_emulated(what: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_IMPLEMENTED,
            error_type: None,
            code: "NotEmulated",
            message: "The emulator has no evidence of what Amazon answers to this.".to_owned(),
            details: what.into(),
        }
    }

    /// The JSON body.
    pub(crate) fn body(&self) -> Value {
        json!({"errors": [{"code": self.code, "message": self.message, "details": self.details}]})
    }
}
