//! Invented values that a seed fixes for good.
//!
//! Every value belongs to a seed, a kind and an index, and can be had without those before it:
//! the ten millionth order costs as much to make as the first. That is what allows data of any
//! size, and the same data in every run.

/// A sequence of numbers that belongs to one (seed, kind, index).
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

/// Letters of opaque tokens: Amazon's contain `+`, `/` and `=`, which break a query unless encoded.
const OPAQUE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Scatters the bits of `value` (the finalizer of `SplitMix64`).
const fn scattered(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Random {
    /// Starts the sequence of `(seed, kind, index)`.
    pub(crate) fn new(seed: u64, kind: &str, index: u64) -> Self {
        let kind = kind.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { state: scattered(seed ^ scattered(kind ^ scattered(index))) }
    }

    /// The next number of the sequence.
    pub(crate) fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scattered(self.state)
    }

    /// A number from 0 up to, but without, `limit`; 0 if the limit is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.number().checked_rem(limit).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low.saturating_add(self.below(high.saturating_sub(low).saturating_add(1)))
    }

    /// A number from 0 up to, but without, 1.
    pub(crate) fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.number() >> 32).unwrap_or(u32::MAX)) / 4_294_967_296.0
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`, or the default if there is none.
    pub(crate) fn pick<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        let count = u64::try_from(choices.len()).unwrap_or(0);
        usize::try_from(self.below(count))
            .ok()
            .and_then(|index| choices.get(index))
            .copied()
            .unwrap_or_default()
    }

    /// `length` letters of `alphabet`, which is ASCII.
    pub(crate) fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(self.pick(alphabet))).collect()
    }

    /// A token that means nothing to whoever holds it, with every letter that needs encoding.
    pub(crate) fn opaque(&mut self) -> String {
        format!("{}+{}/{}=", self.text(OPAQUE, 24), self.text(OPAQUE, 24), self.text(OPAQUE, 13))
    }

    /// An identifier in the form of a UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = b"0123456789abcdef";
        let mut part = |length| self.text(hex, length);
        format!("{}-{}-4{}-a{}-{}", part(8), part(4), part(3), part(3), part(12))
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_seed_kind_and_index_give_the_same_values() {
        let numbers = |kind, index| {
            let mut random = Random::new(7, kind, index);
            [random.number(), random.number()]
        };
        assert_eq!(numbers("order", 3), numbers("order", 3));
        assert_ne!(numbers("order", 3), numbers("order", 4));
        assert_ne!(numbers("order", 3), numbers("product", 3));
    }

    #[test]
    fn an_opaque_token_holds_every_letter_that_needs_encoding() {
        let token = Random::new(1, "token", 0).opaque();
        assert!(["+", "/", "="].iter().all(|letter| token.contains(letter)), "{token}");
    }
}
