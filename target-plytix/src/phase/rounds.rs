//! Writing in rounds, and what one failure means for the others.
//!
//! Plytix loses links when one product is written twice at the same time, so its other clients write one
//! after another. Here a round holds a few writes that touch different products, and the next begins when
//! the one before is finished.

use std::time::Duration;

use tokio::time::Instant;

use super::LoadError;
use crate::api::ApiError;

/// Failures in a row that say that Plytix is not well, rather than a product.
const PATIENCE: usize = 5;

/// How often a long phase says how far it is.
const INTERVAL: Duration = Duration::from_mins(1);

/// What a failed call means for what it was about, and for everything else.
pub(super) enum Verdict {
    /// Plytix has read the request and refused it: its data is wrong, and the others may go on.
    Refused(ApiError),
    /// It was not done, and may be another time.
    Later(ApiError),
    /// Neither it nor anything else can be done.
    Never(ApiError),
}

/// Judges a failed call.
pub(super) fn judged(error: ApiError) -> Verdict {
    use api_client::Error::{Exhausted, OutcomeUnknown, Undecodable};
    match &error {
        _ if is_refusal(&error) => Verdict::Refused(error),
        ApiError::NoAssetId => Verdict::Refused(error),
        ApiError::Call(Exhausted { .. } | OutcomeUnknown { .. } | Undecodable { .. }) => {
            Verdict::Later(error)
        }
        _ => Verdict::Never(error),
    }
}

/// Whether Plytix has read the request and refused what it says.
pub(super) fn is_refusal(error: &ApiError) -> bool {
    matches!(error, ApiError::Call(api_client::Error::Refused(_)))
}

/// The status with which Plytix has refused.
pub(super) fn status(error: &ApiError) -> Option<u16> {
    match error {
        ApiError::Call(api_client::Error::Refused(refusal)) => Some(refusal.status),
        _ => None,
    }
}

/// What was not done and may be another time.
#[derive(Default)]
pub(super) struct Trouble {
    products: usize,
    /// How many of them came one after the other.
    row: usize,
    first: Option<(String, ApiError)>,
}

impl Trouble {
    /// Notes a success, or a refusal: Plytix is well.
    pub(super) fn ease(&mut self) {
        self.row = 0;
    }

    /// Notes something that was not done.
    pub(super) fn note(&mut self, sku: &str, error: ApiError) {
        self.products += 1;
        self.row += 1;
        self.first.get_or_insert((sku.to_owned(), error));
    }

    /// Ends the phase if so many failed in a row that the rest would fail too.
    pub(super) fn check(&mut self) -> Result<(), LoadError> {
        if self.row >= PATIENCE { std::mem::take(self).result() } else { Ok(()) }
    }

    /// The end of the phase.
    pub(super) fn result(self) -> Result<(), LoadError> {
        match self.first {
            None => Ok(()),
            Some((sku, source)) => {
                Err(LoadError::Unwritten { products: self.products, sku, source })
            }
        }
    }
}

/// How far a phase is.
pub(super) struct Progress {
    what: &'static str,
    said: Instant,
    done: usize,
    all: usize,
}

impl Progress {
    /// Begins with so many things to do.
    pub(super) fn new(what: &'static str, all: usize) -> Self {
        Self { what, said: Instant::now(), done: 0, all }
    }

    /// Counts what was done, and says so now and then.
    pub(super) fn add(&mut self, done: usize) {
        self.done += done;
        if self.said.elapsed() >= INTERVAL {
            self.said = Instant::now();
            tracing::info!("{} of {} {}", self.done, self.all, self.what);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use api_client::{Error, Refusal};

    use super::*;

    fn refused(status: u16) -> ApiError {
        let refusal = Refusal {
            operation: "update product",
            status,
            code: None,
            message: None,
            request_id: None,
            body: Vec::new().into(),
        };
        ApiError::Call(Error::Refused(Box::new(refusal)))
    }

    fn exhausted() -> ApiError {
        let (operation, elapsed) = ("update product", Duration::from_mins(1));
        let source = Arc::new(std::io::Error::other("reset"));
        ApiError::Call(Error::Exhausted { operation, attempts: 8, elapsed, source })
    }

    fn stopping() -> ApiError {
        ApiError::Call(Error::Unauthorized { operation: "get token", advice: "x".to_owned() })
    }

    #[test]
    fn wrong_data_fails_its_product_and_wrong_credentials_the_run() {
        assert!(matches!(judged(refused(422)), Verdict::Refused(_)));
        assert!(matches!(judged(exhausted()), Verdict::Later(_)));
        assert!(matches!(judged(stopping()), Verdict::Never(_)));
        assert_eq!((status(&refused(409)), status(&exhausted())), (Some(409), None));
    }

    #[test]
    fn what_may_be_written_later_keeps_the_state_from_being_printed() {
        let mut trouble = Trouble::default();
        trouble.note("A", exhausted());
        trouble.note("B", exhausted());
        trouble.check().unwrap();
        assert_eq!(
            trouble.result().unwrap_err().to_string(),
            "2 products were not written and come again with the next run, first A"
        );
        Trouble::default().result().unwrap();
    }

    #[test]
    fn five_failures_in_a_row_end_the_phase() {
        let mut trouble = Trouble::default();
        for sku in ["A", "B", "C", "D"] {
            trouble.note(sku, exhausted());
        }
        trouble.ease();
        trouble.note("E", exhausted());
        trouble.check().unwrap();
        for sku in ["F", "G", "H", "I"] {
            trouble.note(sku, exhausted());
        }
        trouble.check().unwrap_err();
    }
}
