//! How Amazon, and in its name the emulator, refuses a request.

use crate::faults::Refuse;
use axum::http::StatusCode;
use serde_json::json;

/// A refusal in the shape `{"errors": [{code, message, details}]}`.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// HTTP status.
    pub(crate) status: StatusCode,
    /// Value of `x-amzn-ErrorType`, where it has been recorded.
    pub(crate) error_type: Option<&'static str>,
    /// Whether `x-amzn-RateLimit-Limit` is there.
    pub(crate) has_rate: bool,
    code: String,
    message: String,
    details: String,
    /// Whether the gateway's page takes the place of Amazon's JSON.
    is_page: bool,
}

/// What the gateway in front of Amazon says when nothing is behind it
/// (selling-partner-api-models#4667).
const UNAVAILABLE_PAGE: &str = "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \
    \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n\
    <html><head><title>Website Temporarily Unavailable</title></head><body></body></html>\n";

impl Refusal {
    fn new(status: StatusCode, code: &str, message: &str) -> Self {
        Self {
            status,
            error_type: None,
            // Amazon's models have the header for these statuses only.
            has_rate: matches!(status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND),
            code: code.to_owned(),
            message: message.to_owned(),
            details: String::new(),
            is_page: false,
        }
    }

    /// 400: an argument is missing or wrong; `details` says which.
    pub(crate) fn invalid(details: impl Into<String>) -> Self {
        let refusal = Self::new(StatusCode::BAD_REQUEST, "InvalidInput", "Invalid Input");
        Self { details: details.into(), ..refusal }
    }

    /// 400: a token of a page that is unknown or too old; `message` as callers have recorded it.
    pub(crate) fn stale(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidInput", message)
    }

    /// 400 with the code that some younger APIs have.
    pub(crate) fn bad_request(message: &str, details: &str) -> Self {
        let refusal = Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message);
        Self { details: details.to_owned(), ..refusal }
    }

    /// 400 with the code that Tokens and the vendors' APIs have, in the words of Amazon's sandbox.
    pub(crate) fn invalid_request(details: &str) -> Self {
        let message = "Request is missing or has invalid parameters";
        let refusal = Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", message);
        Self { details: details.to_owned(), ..refusal }
    }

    /// 404 with the code that Listings Items has.
    pub(crate) fn no_item(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    /// 403: the caller may not have this.
    pub(crate) fn denied(details: &str) -> Self {
        let message = "Access to requested resource is denied.";
        Self {
            error_type: Some("AccessDeniedException"),
            details: details.to_owned(),
            ..Self::new(StatusCode::FORBIDDEN, "Unauthorized", message)
        }
    }

    /// 403 in the words of the Reports API: no role for a type of report.
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Unauthorized", "Access to the resource is forbidden")
    }

    /// 404: no such thing, or none of this seller and region.
    pub(crate) fn not_found(details: impl Into<String>) -> Self {
        let message = "The requested resource was not found.";
        let refusal = Self::new(StatusCode::NOT_FOUND, "NotFound", message);
        Self { details: details.into(), ..refusal }
    }

    /// 415: a body that is not declared as JSON.
    pub(crate) fn unsupported_media() -> Self {
        let message = "The content type of the request is not supported.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
    }

    /// 429: the bucket is empty. Recorded answers carry no hint when to come back.
    pub(crate) fn quota_exceeded() -> Self {
        let message = "You exceeded your quota for the requested resource.";
        Self {
            error_type: Some("TooManyRequestsException"),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "QuotaExceeded", message)
        }
    }

    /// 500 or 503: Amazon has failed (selling-partner-api-models#2684).
    pub(crate) fn internal(status: StatusCode) -> Self {
        let message = "We encountered an internal error. Please try again.";
        Self::new(status, "InternalFailure", message)
    }

    /// 501, which Amazon never says: nobody has shown what Amazon answers to this.
    pub(crate) fn not_emulated(what: impl Into<String>) -> Self {
        let message = "The emulator has no evidence of what Amazon answers to this.";
        let refusal = Self::new(StatusCode::NOT_IMPLEMENTED, "NotEmulated", message);
        Self { details: what.into(), ..refusal }
    }

    /// What the script wants said.
    pub(crate) fn scripted(refuse: &Refuse) -> Self {
        let plain = match refuse.status {
            403 => Self::denied(""),
            404 => Self::not_found(""),
            429 => Self::quota_exceeded(),
            500 => Self::internal(StatusCode::INTERNAL_SERVER_ERROR),
            503 => Self::internal(StatusCode::SERVICE_UNAVAILABLE),
            _ => Self::invalid(""),
        };
        Self {
            has_rate: plain.has_rate || refuse.has_rate,
            code: refuse.code.clone().unwrap_or(plain.code),
            message: refuse.message.clone().unwrap_or(plain.message),
            is_page: refuse.is_html,
            ..plain
        }
    }

    /// What Amazon calls `details`.
    pub(crate) fn details(&self) -> &str {
        &self.details
    }

    /// The body and its content type.
    pub(crate) fn body(&self) -> (&'static str, String) {
        if self.is_page {
            return ("text/html; charset=iso-8859-1", UNAVAILABLE_PAGE.to_owned());
        }
        let Self { code, message, details, .. } = self;
        let error = json!({"code": code, "message": message, "details": details});
        ("application/json", json!({"errors": [error]}).to_string())
    }
}
