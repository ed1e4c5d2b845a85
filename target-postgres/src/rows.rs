//! Rows of one stream that wait for their transaction.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::ops::Range;

use bytes::Bytes;
use foldhash::quality::RandomState;

/// Bytes of rows that are kept and sent together. Large enough that nobody counts messages, small
/// enough that the copy that is sent does not count beside the rows that are kept.
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
}

/// Rows that are complete and can be sent, more than once if need be: one of each key, in the order of
/// their keys, or all of those that have none, as they came.
///
/// The server finds the places of neighbours in an index close together, which takes a sixth off
/// writing a million rows whose keys come in no order. Only that makes the order matter, so it is the
/// one of the keys' bytes, which for numbers and other languages is not quite the server's.
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
        self.places.push(Place { chunk: self.full.len(), bytes, line });
        if self.key.is_empty() {
            return Ok(());
        }
        if let Some(holder) = self.keys.get_mut(self.key.as_slice()) {
            *holder = index;
        } else {
            self.bytes += self.key.len() + size_of::<(Box<[u8]>, usize)>();
            self.keys.insert(self.key.as_slice().into(), index);
        }
        Ok(())
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
        let places =
            if rows.keys.is_empty() { rows.places } else { in_order(&rows.keys, &rows.places) };
        Batch { chunks: rows.full.into_iter().map(Bytes::from).collect(), places, repeats }
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

    /// How many bytes are sent.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.places.iter().map(|place| place.bytes.len()).sum()
    }

    /// The bytes of the rows, in pieces of about a chunk; a row that is larger is not copied.
    pub fn pieces(&self) -> impl Iterator<Item = Bytes> {
        let rows = self.places.iter().filter_map(|place| {
            let chunk = self.chunks.get(place.chunk)?;
            Some(chunk.slice(place.bytes.clone()))
        });
        let mut rows = rows.peekable();
        std::iter::from_fn(move || {
            let first = rows.next()?;
            if first.len() >= CHUNK {
                return Some(first);
            }
            let mut piece = Vec::with_capacity(CHUNK);
            piece.extend_from_slice(&first);
            while let Some(row) = rows.next_if(|row| piece.len() + row.len() <= CHUNK) {
                piece.extend_from_slice(&row);
            }
            Some(Bytes::from(piece))
        })
    }

    /// The bytes of each row.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|place| {
            let chunk = self.chunks.get(place.chunk);
            chunk.and_then(|chunk| chunk.get(place.bytes.clone())).unwrap_or_default()
        })
    }

    /// Those of the rows for which `wanted` says so. The bytes are shared.
    #[must_use]
    pub fn only(&self, wanted: &[bool]) -> Self {
        let places = self.places.iter().zip(wanted).filter(|(_, wanted)| **wanted);
        let places = places.map(|(place, _)| place.clone()).collect();
        Self { chunks: self.chunks.clone(), places, repeats: self.repeats }
    }

    /// The line of the input from which the row came that is sent as number `row`, counted from 1.
    #[must_use]
    pub fn line(&self, row: usize) -> Option<u64> {
        self.places.get(row.checked_sub(1)?).map(|place| place.line)
    }
}

/// The places of the rows that hold the keys, in the order of the keys.
fn in_order(keys: &HashMap<Box<[u8]>, usize, RandomState>, places: &[Place]) -> Vec<Place> {
    let mut keys: Vec<_> = keys.iter().map(|(key, index)| (head(key), key, *index)).collect();
    keys.sort_unstable();
    let places = keys.into_iter().filter_map(|(_, _, index)| places.get(index));
    places.cloned().collect()
}

/// What decides most comparisons of keys without looking at their text elsewhere: the bytes behind the
/// length of the first field.
fn head(key: &[u8]) -> u64 {
    let mut head = [0; 8];
    let bytes = key.get(4..).unwrap_or_default();
    head.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
    u64::from_be_bytes(head)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
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
        assert_eq!(batch.pieces().collect::<Vec<_>>(), ["a2b1c1"]);
        assert_eq!([1, 2, 3, 4].map(|row| batch.line(row)), [Some(3), Some(2), Some(5), None]);
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
        /// key, in the order of the keys, and in pieces that are not larger than they need be.
        #[test]
        fn what_is_sent_is_the_last_of_each_key(
            steps in prop::collection::vec(((0..3_u8, 0..3_u8), 1..CHUNK * 5 / 4), 0..30),
        ) {
            let mut rows = Rows::default();
            let mut last = BTreeMap::new();
            for (index, ((first, second), length)) in steps.into_iter().enumerate() {
                let row = vec![u8::try_from(index).unwrap(); length];
                // Keys that differ before the part that is compared first, in it, and behind it.
                let key = [0, 0, 0, first, 1, 2, 3, 4, 5, 6, 7, 8, second];
                add(&mut rows, index as u64, &row, &key);
                last.insert((first, second), row);
            }
            let pieces: Vec<_> = rows.take().pieces().collect();
            let longest = last.values().map(Vec::len).max().unwrap_or_default();
            prop_assert!(pieces.iter().all(|piece| piece.len() <= CHUNK.max(longest)));
            prop_assert_eq!(pieces.concat(), last.into_values().collect::<Vec<_>>().concat());
        }
    }
}
