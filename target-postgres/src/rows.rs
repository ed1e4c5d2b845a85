//! Rows of one stream that wait for their transaction.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::ops::Range;

use bytes::Bytes;
use foldhash::quality::RandomState;

/// Bytes of rows that are kept and sent together. Large enough that nobody counts messages, small
/// enough that what the driver copies of it does not count either.
const CHUNK: usize = 256 * 1024;

/// Rows that are being collected, of which the last one of each key counts.
#[derive(Debug, Default)]
pub struct Rows {
    /// Chunks that are full.
    full: Vec<Vec<u8>>,
    /// The chunk that is being filled.
    open: Vec<u8>,
    places: Vec<Place>,
    /// The row that has a key.
    keys: HashMap<Box<[u8]>, usize, RandomState>,
    /// The key that was read last; kept for its memory.
    key: Vec<u8>,
    /// Memory that the rows take, about.
    bytes: usize,
    spilled: Spilled,
}

/// The keys of rows that were given up before their transaction ends.
///
/// Hashes are enough, and take a tenth of the keys' own memory: two keys of one hash only make the
/// database do in two steps what one would do.
#[derive(Debug, Default)]
struct Spilled {
    hashes: HashSet<u64>,
    hasher: RandomState,
}

/// Where a row lies, and where it came from.
#[derive(Debug, Clone)]
struct Place {
    chunk: usize,
    bytes: Range<usize>,
    /// The line of the input.
    line: u64,
    /// Whether no later row has its key.
    counts: bool,
}

/// Rows that are complete and can be sent, more than once if need be.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    chunks: Vec<Bytes>,
    places: Vec<Place>,
    repeats: bool,
}

impl Spilled {
    /// Whether one of these keys, or one of its hash, is there.
    fn has_any<'a>(&self, mut keys: impl Iterator<Item = &'a [u8]>) -> bool {
        !self.hashes.is_empty() && keys.any(|key| self.hashes.contains(&self.hasher.hash_one(key)))
    }

    /// Adds keys.
    fn add<'a>(&mut self, keys: impl Iterator<Item = &'a [u8]>) {
        self.hashes.extend(keys.map(|key| self.hasher.hash_one(key)));
    }
}

impl Rows {
    /// Adds a row that `encode` writes, with the bytes of its key, to two buffers. Where it fails it
    /// must leave them as they were.
    pub fn add<E>(
        &mut self,
        line: u64,
        encode: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.open.len() >= CHUNK {
            let next = Vec::with_capacity(self.open.capacity());
            self.full.push(std::mem::replace(&mut self.open, next));
        } else if self.open.capacity() == 0 {
            self.open.reserve(CHUNK + CHUNK / 8);
        }
        self.key.clear();
        let start = self.open.len();
        encode(&mut self.open, &mut self.key)?;
        let index = self.places.len();
        let bytes = start..self.open.len();
        self.bytes += bytes.len() + size_of::<Place>();
        self.places.push(Place { chunk: self.full.len(), bytes, line, counts: true });
        if !self.key.is_empty() {
            self.supersede(index);
        }
        Ok(())
    }

    /// Gives the key that was read last to a row; the row that had it does not count any more.
    fn supersede(&mut self, index: usize) {
        if let Some(holder) = self.keys.get_mut(self.key.as_slice()) {
            let earlier = std::mem::replace(holder, index);
            if let Some(place) = self.places.get_mut(earlier) {
                place.counts = false;
            }
        } else {
            self.bytes += self.key.len() + size_of::<(Box<[u8]>, usize)>();
            self.keys.insert(self.key.as_slice().into(), index);
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The memory that they take, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a row has a key that rows given up in the same transaction have too.
    #[must_use]
    pub fn repeats(&self) -> bool {
        self.spilled.has_any(self.keys())
    }

    /// Gives up all rows while their transaction goes on.
    pub fn spill(&mut self) -> Batch {
        let repeats = self.repeats();
        let mut spilled = std::mem::take(&mut self.spilled);
        if repeats {
            // What was given up before is in the table when these rows are staged.
            spilled.hashes.clear();
        }
        spilled.add(self.keys());
        let mut rows = std::mem::replace(self, Self { spilled, ..Self::default() });
        rows.full.push(rows.open);
        let chunks = rows.full.into_iter().map(Bytes::from).collect();
        Batch { chunks, places: rows.places, repeats }
    }

    /// Gives up all rows, the last ones of their transaction.
    pub fn take(&mut self) -> Batch {
        let batch = self.spill();
        self.spilled = Spilled::default();
        batch
    }

    /// The keys of the rows.
    fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.keys().map(AsRef::as_ref)
    }
}

impl Batch {
    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether one of the rows has a key that rows given up earlier in the transaction have too.
    #[must_use]
    pub fn repeats(&self) -> bool {
        self.repeats
    }

    /// The bytes of the rows that count, in order and in pieces of about a chunk.
    pub fn pieces(&self) -> impl Iterator<Item = Bytes> {
        let mut places = self.places.iter().filter(|place| place.counts).peekable();
        std::iter::from_fn(move || {
            let first = places.next()?;
            let mut end = first.bytes.end;
            while let Some(next) =
                places.next_if(|next| next.chunk == first.chunk && next.bytes.start == end)
            {
                end = next.bytes.end;
            }
            let chunk = self.chunks.get(first.chunk)?;
            Some(chunk.slice(first.bytes.start..end))
        })
    }

    /// The bytes of each row that counts, in order.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().filter(|place| place.counts).map(|place| {
            let chunk = self.chunks.get(place.chunk);
            chunk.and_then(|chunk| chunk.get(place.bytes.clone())).unwrap_or_default()
        })
    }

    /// Those of the rows that count for which `wanted` says so, in order. The bytes are shared.
    #[must_use]
    pub fn only(&self, wanted: &[bool]) -> Self {
        let counting = self.places.iter().filter(|place| place.counts);
        let places = counting.zip(wanted).filter(|(_, wanted)| **wanted);
        let places = places.map(|(place, _)| place.clone()).collect();
        Self { chunks: self.chunks.clone(), places, repeats: self.repeats }
    }

    /// The line of the input from which the row came that is sent as number `row`, counted from 1.
    #[must_use]
    pub fn line(&self, row: usize) -> Option<u64> {
        let mut places = self.places.iter().filter(|place| place.counts);
        places.nth(row.checked_sub(1)?).map(|place| place.line)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn add(rows: &mut Rows, line: u64, row: &[u8], key: &[u8]) {
        rows.add(line, |bytes, of_key| {
            bytes.extend_from_slice(row);
            of_key.extend_from_slice(key);
            Ok::<(), Infallible>(())
        })
        .unwrap();
    }

    #[test]
    fn the_last_row_of_a_key_counts_and_keeps_its_line() {
        let mut rows = Rows::default();
        for (line, row, key) in [(1, "a1", "a"), (2, "b1", "b"), (3, "a2", "a"), (5, "c1", "c")] {
            add(&mut rows, line, row.as_bytes(), key.as_bytes());
        }
        let batch = rows.take();
        assert_eq!(batch.pieces().collect::<Vec<_>>(), ["b1a2c1"]);
        assert_eq!([1, 2, 3, 4].map(|row| batch.line(row)), [Some(2), Some(3), Some(5), None]);
        assert!(rows.is_empty());
    }

    #[test]
    fn rows_without_a_key_all_count() {
        let mut rows = Rows::default();
        add(&mut rows, 1, b"x", b"");
        add(&mut rows, 2, b"x", b"");
        assert_eq!(rows.take().pieces().collect::<Vec<_>>(), ["xx"]);
    }

    #[test]
    fn a_row_that_fails_leaves_nothing_behind() {
        let mut rows = Rows::default();
        add(&mut rows, 1, b"x", b"k");
        assert_eq!(rows.add(2, |_, _| Err("no")), Err("no"));
        assert_eq!(rows.take().pieces().collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn a_key_that_comes_again_after_a_spill_is_noticed_until_the_transaction_ends() {
        let mut rows = Rows::default();
        let mut given_up = |keys: &[&str], last: bool| {
            for key in keys {
                add(&mut rows, 1, key.as_bytes(), key.as_bytes());
            }
            if last { rows.take().repeats() } else { rows.spill().repeats() }
        };
        assert!(!given_up(&["a", "b", "a"], false));
        assert!(!given_up(&["c"], false));
        // What was given up is in the table before this `a` goes to staging, so `b` is no repetition.
        assert!(given_up(&["d", "a"], false));
        assert!(!given_up(&["b"], false));
        assert!(given_up(&["d"], true));
        assert!(!given_up(&["a", "b", "c", "d"], true));
        assert!(!given_up(&["a"], true));
    }

    #[test]
    fn memory_counts_rows_and_keys_and_is_free_after_a_spill() {
        let mut rows = Rows::default();
        add(&mut rows, 1, &[0; 1000], &[1; 50]);
        let one = rows.bytes();
        assert!((1050..1300).contains(&one), "{one}");
        add(&mut rows, 2, &[0; 1000], &[1; 50]);
        assert!((one + 1000..one + 1100).contains(&rows.bytes()), "{}", rows.bytes());
        rows.spill();
        assert_eq!(rows.bytes(), 0);
    }

    proptest! {
        /// However long rows are and however often keys return, what is sent is the last row of each
        /// key, in the order in which these last rows came.
        #[test]
        fn what_is_sent_is_the_last_of_each_key(
            steps in prop::collection::vec((0..8_u8, 1..CHUNK), 0..30),
        ) {
            let mut rows = Rows::default();
            for (index, (key, length)) in steps.iter().enumerate() {
                let byte = u8::try_from(index).unwrap();
                add(&mut rows, index as u64, &vec![byte; *length], &[*key]);
            }
            let expected: Vec<u8> = steps.iter().enumerate()
                .filter(|(index, (key, _))| steps.iter().skip(index + 1).all(|(other, _)| other != key))
                .flat_map(|(index, (_, length))| vec![u8::try_from(index).unwrap(); *length])
                .collect();
            let sent: Vec<u8> = rows.take().pieces().flatten().collect();
            prop_assert_eq!(sent, expected);
        }
    }
}
