//! The hash by which the server tells byte strings apart (`hash_bytes_extended`): lookup3 of Bob
//! Jenkins, which is in the public domain, with a seed of 64 bits.
//!
//! The server puts rows into hash partitions by it, so it will stay as it is. A server of big-endian
//! words has other values, and one that keeps text in another encoding has other bytes: there no row seems
//! to be in the table, and all are sent.

/// The hash of `boolean`, `smallint`, `integer` and `date`: that of four bytes.
pub(super) fn of_integer(value: i32, seed: u64) -> u64 {
    of_bytes(&value.to_le_bytes(), seed)
}

/// The hash of a row (`hash_record_extended`) with the hash of one more value; null has zero.
pub(super) fn of_row(before: u64, value: u64) -> u64 {
    before.wrapping_mul(31).wrapping_add(value)
}

/// The hash of bytes, text and `uuid`.
pub(super) fn of_bytes(bytes: &[u8], seed: u64) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<12>();
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut state = State([0x9e37_79b9_u32.wrapping_add(length).wrapping_add(3_923_095); 3]);
    if seed != 0 {
        let [s0, s1, s2, s3, s4, s5, s6, s7] = seed.to_be_bytes();
        state.add([s3, s2, s1, s0, s7, s6, s5, s4, 0, 0, 0, 0]);
        state.mix();
    }
    for block in blocks {
        state.add(*block);
        state.mix();
    }
    // The ninth byte of the last block stands for the length.
    let mut last = [0; 12];
    let places = (0..8).chain(9..12);
    for (byte, place) in rest.iter().zip(places) {
        if let Some(at) = last.get_mut::<usize>(place) {
            *at = *byte;
        }
    }
    state.add(last);
    state.finish()
}

/// Three words, called a, b and c by the inventor.
struct State([u32; 3]);

impl State {
    /// Adds twelve bytes.
    fn add(&mut self, block: [u8; 12]) {
        let (words, _) = block.as_chunks::<4>();
        for (word, bytes) in self.0.iter_mut().zip(words) {
            *word = word.wrapping_add(u32::from_le_bytes(*bytes));
        }
    }

    /// Spreads every bit over all words.
    fn mix(&mut self) {
        let [mut a, mut b, mut c] = self.0;
        for (x, y, z) in [(4, 6, 8), (16, 19, 4)] {
            a = a.wrapping_sub(c) ^ c.rotate_left(x);
            c = c.wrapping_add(b);
            b = b.wrapping_sub(a) ^ a.rotate_left(y);
            a = a.wrapping_add(c);
            c = c.wrapping_sub(b) ^ b.rotate_left(z);
            b = b.wrapping_add(a);
        }
        self.0 = [a, b, c];
    }

    /// Spreads every bit over the last two words, and gives them.
    fn finish(self) -> u64 {
        let [mut a, mut b, mut c] = self.0;
        c = (c ^ b).wrapping_sub(b.rotate_left(14));
        a = (a ^ c).wrapping_sub(c.rotate_left(11));
        b = (b ^ a).wrapping_sub(a.rotate_left(25));
        c = (c ^ b).wrapping_sub(b.rotate_left(16));
        a = (a ^ c).wrapping_sub(c.rotate_left(4));
        b = (b ^ a).wrapping_sub(a.rotate_left(14));
        c = (c ^ b).wrapping_sub(b.rotate_left(24));
        u64::from(b) << 32 | u64::from(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The right sides are what PostgreSQL 15 answers for `hashtextextended('…', …)`.
    #[test]
    fn the_hash_is_that_of_the_server() {
        let text = b"Where the digests are the same, so are the rows.";
        let cases = [
            (0, 0, -6_939_563_903_564_495_251),
            (1, 7, 171_767_173_440_953_869),
            (4, 7, 6_964_403_974_329_216_129),
            (7, 1, -1_272_279_131_760_597_252),
            (8, 7, -5_675_866_391_027_053_935),
            (9, 7, 72_979_276_701_833_098),
            (11, 0, -5_417_036_581_632_156_537),
            (12, 7, 1_056_766_729_950_303_131),
            (13, 0x0123_4567_89ab_cdef, -6_823_064_460_989_310_254),
            (47, 7, -1_690_509_198_548_819_076),
            (48, u64::MAX >> 1, 2_300_050_741_494_499_242),
        ];
        for (length, seed, expected) in cases {
            let hash = of_bytes(text.get(..length).unwrap(), seed);
            assert_eq!(hash.cast_signed(), expected, "{length} {seed}");
        }
        assert_eq!(of_integer(-5, 7).cast_signed(), -1_153_735_631_166_043_584);
        assert_eq!(of_integer(1, 7).cast_signed(), -6_563_890_024_097_284_161);
    }
}
