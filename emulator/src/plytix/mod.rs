//! Plytix: nothing is emulated yet, and therefore everything answers 501.

use crate::clock::Clock;
use crate::journal::Journal;
use axum::Router;
use axum::http::StatusCode;

/// Plytix.
#[derive(Debug, Clone)]
pub(crate) struct Service;

impl Service {
    /// Plytix without content.
    pub(crate) fn new(_seed: u64, _clock: Clock, _journal: Journal) -> Self {
        Self
    }

    /// The host of the tokens.
    pub(crate) fn auth_router(&self) -> Router {
        Router::new().fallback(async || StatusCode::NOT_IMPLEMENTED)
    }

    /// The host of the API.
    pub(crate) fn api_router(&self) -> Router {
        self.auth_router()
    }

    /// What it holds.
    pub(crate) fn table(&self) -> String {
        "Plytix holds nothing".to_owned()
    }
}
