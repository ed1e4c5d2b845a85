//! Finding two writes to one product that overlap.
//!
//! Plytix loses links when one product is written to twice at once, which its callers avoid by
//! writing one after another. A stand-in that answered both would hide the mistake.

use super::error::Refusal;
use crate::clock::Clock;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a write takes at full speed, which is not waited for.
const LENGTH: Duration = Duration::from_millis(20);
/// How often a write lets other requests go first, so that one that is there already is found.
const YIELDS: u32 = 4;

/// The products that are being written to.
#[derive(Debug, Default)]
pub(super) struct Writes {
    products: Mutex<HashSet<String>>,
}

/// A write that is under way until this is dropped.
#[derive(Debug)]
pub(super) struct Write<'a> {
    writes: &'a Writes,
    product: &'a str,
}

impl Writes {
    /// Begins a write, or refuses it because another to the same product is under way.
    pub(super) fn begin<'a>(&'a self, product: &'a str) -> Result<Write<'a>, Refusal> {
        let mut products = self.products.lock().unwrap_or_else(PoisonError::into_inner);
        if products.insert(product.to_owned()) {
            Ok(Write { writes: self, product })
        } else {
            Err(Refusal::race(product))
        }
    }
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        let mut products = self.writes.products.lock().unwrap_or_else(PoisonError::into_inner);
        products.remove(self.product);
    }
}

/// Lets a write take its time: none on a clock at full speed or above, more on a slower one.
pub(super) async fn take_time(clock: &Clock) {
    for _ in 0..YIELDS {
        tokio::task::yield_now().await;
    }
    let pause = clock.real(LENGTH).saturating_sub(LENGTH);
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
}
