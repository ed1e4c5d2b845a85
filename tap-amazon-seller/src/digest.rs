//! Whether two reads of a day gave the same records.

use std::collections::BTreeMap;

use serde_json::Value;
use twox_hash::XxHash64;

use crate::document::{Emit, EmitError};

/// Hands records on, and makes a digest of them that does not depend on their order, because Amazon
/// promises none.
pub struct Digesting<'a> {
    emit: &'a mut dyn Emit,
    sums: BTreeMap<&'static str, u64>,
}

impl<'a> Digesting<'a> {
    /// Hands on to `emit`.
    pub fn new(emit: &'a mut dyn Emit) -> Self {
        Self { emit, sums: BTreeMap::new() }
    }

    /// The digest of everything so far, as text. Equal for equal records of the same streams, in all
    /// versions of this program that write these records alike.
    #[must_use]
    pub fn digest(&self) -> String {
        let sums: Vec<_> = self.sums.values().map(|sum| format!("{sum:016x}")).collect();
        sums.join("-")
    }
}

impl Emit for Digesting<'_> {
    fn property(
        &mut self,
        stream: &'static str,
        name: &str,
        schema: Value,
    ) -> Result<(), EmitError> {
        self.emit.property(stream, name, schema)
    }

    fn record(&mut self, stream: &'static str, record: &[u8]) -> Result<(), EmitError> {
        let sum = self.sums.entry(stream).or_default();
        *sum = sum.wrapping_add(XxHash64::oneshot(0, record));
        self.emit.record(stream, record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nowhere;

    impl Emit for Nowhere {
        fn property(&mut self, _: &'static str, _: &str, _: Value) -> Result<(), EmitError> {
            Ok(())
        }

        fn record(&mut self, _: &'static str, _: &[u8]) -> Result<(), EmitError> {
            Ok(())
        }
    }

    fn digest(records: &[(&'static str, &str)]) -> String {
        let mut nowhere = Nowhere;
        let mut digesting = Digesting::new(&mut nowhere);
        for (stream, record) in records {
            digesting.record(stream, record.as_bytes()).unwrap();
        }
        digesting.digest()
    }

    #[test]
    fn the_order_does_not_count_and_every_record_does() {
        let (one, two) = (("a", "{\"n\":1}"), ("a", "{\"n\":2}"));
        assert_eq!(digest(&[one, two]), digest(&[two, one]));
        assert_ne!(digest(&[one, two]), digest(&[one]));
        assert_ne!(digest(&[one, one]), digest(&[one]));
        assert_ne!(digest(&[one]), digest(&[("a", "{\"n\":1}"), ("b", "{}")]));
        assert_eq!(digest(&[]), "");
    }

    #[test]
    fn a_digest_is_the_same_in_the_next_run() {
        // XXH64 with seed 0 of the text, as its reference implementation gives it.
        assert_eq!(digest(&[("a", "abc")]), "44bc2cf5ad770999");
    }
}
