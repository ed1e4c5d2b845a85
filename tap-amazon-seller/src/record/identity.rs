//! What tells rows apart that have no id of their own.
//!
//! Some reports list events that nothing identifies, and two of them may be alike to the last
//! letter: two units sold in one hour, two corrections of one day. Taking such rows for one loses a
//! sale; giving each a number of its own makes two of it when the window is read again. What stays
//! the same however often a window is read is the content of a row, and how many rows of the
//! document are like it. The two properties below say just that. A stream has them by naming them
//! in its keys and in its schema; the second also counts the rows that share other keys.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};
use twox_hash::XxHash64;

use super::{Row, fold};

/// The property that holds the hash of a row: 32 hexadecimal digits.
pub const ROW_HASH: &str = "_row_hash";

/// The property that counts, from 1, the rows of a document whose other keys are equal: an integer.
///
/// Windows must not part rows that are equal, or each part begins at 1 again: where rows carry a
/// day, windows are of whole days.
pub const ROW_OCCURRENCE: &str = "_row_occurrence";

/// Hashes the content of rows.
///
/// What is hashed is what the report covers, and each cell that is not empty, behind the name of
/// its column, in the order of the names. So a hash stays what it is when Amazon moves its columns
/// around or adds one that old rows do not fill, and the rows of two marketplaces are never one.
#[derive(Debug)]
pub(crate) struct RowHash {
    /// The hash of what all rows have in common.
    common: Sha256,
    /// Number and name of each column, by name.
    columns: Vec<(String, usize)>,
}

impl RowHash {
    /// Prepares for the rows under a header, in a report of a place. Columns that are `revised` later
    /// are left out.
    pub(super) fn new(header: &[String], place: &str, revised: &[&str]) -> Self {
        let revised: Vec<_> = revised.iter().map(|name| fold(name)).collect();
        let columns = header.iter().enumerate().map(|(index, name)| (fold(name), index));
        let mut columns: Vec<_> = columns.filter(|(name, _)| !revised.contains(name)).collect();
        columns.sort();
        let mut common = Sha256::new();
        add(&mut common, place.as_bytes());
        Self { common, columns }
    }

    /// The hash of a row: the first half of a SHA-256.
    pub(super) fn of(&self, row: Row<'_>) -> [u8; 16] {
        let mut hash = self.common.clone();
        for (name, index) in &self.columns {
            let cell = row.cell(*index);
            if !cell.is_empty() {
                add(&mut hash, name.as_bytes());
                add(&mut hash, cell);
            }
        }
        half(hash)
    }
}

/// The first half of a hash.
pub(crate) fn half(hash: Sha256) -> [u8; 16] {
    let mut half = [0; 16];
    half.iter_mut().zip(hash.finalize()).for_each(|(byte, hashed)| *byte = hashed);
    half
}

/// Adds a text to a hash, with its length in front so that no two series of texts are alike.
pub(crate) fn add(hash: &mut Sha256, text: &[u8]) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}

/// Writes bytes as a JSON string of hexadecimal digits.
pub(crate) fn write_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    out.push(b'"');
    for byte in bytes {
        out.extend([digit(byte >> 4), digit(byte & 0xf)]);
    }
    out.push(b'"');
}

/// How often each key was seen in a document.
///
/// This is the one thing about a document that grows with its rows, by 10 to 20 bytes each. Keys
/// are told apart by 64 bits that are the same in every run: should two of millions ever share
/// them, a record has the number 2 in place of 1, and that again whenever the document is read.
#[derive(Debug)]
pub(crate) struct Occurrences {
    /// Keys seen once or more, in parts that grow one after the other, so that growing is cheap.
    seen: Vec<HashSet<u64>>,
    /// How often keys were seen that were seen twice or more.
    often: HashMap<u64, u32>,
}

impl Occurrences {
    /// How many parts there are.
    const PARTS: usize = 64;

    /// Nothing was seen.
    pub(crate) fn new() -> Self {
        Self { seen: vec![HashSet::new(); Self::PARTS], often: HashMap::new() }
    }

    /// Counts a key once more, and says how often it was seen by now.
    pub(crate) fn count(&mut self, key: &[u8]) -> u32 {
        let key = XxHash64::oneshot(0, key);
        let part = usize::try_from(key % Self::PARTS as u64).unwrap_or_default();
        if self.seen.get_mut(part).is_some_and(|seen| seen.insert(key)) {
            return 1;
        }
        let count = self.often.entry(key).or_insert(1);
        *count += 1;
        *count
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The hash of a row, as names and cells.
    fn hash(cells: &[(&str, &str)], place: &str) -> String {
        let header: Vec<String> = cells.iter().map(|(name, _)| (*name).to_owned()).collect();
        let mut text = Vec::new();
        let mut bounds = Vec::new();
        for (_, cell) in cells {
            let from = text.len();
            text.extend_from_slice(cell.as_bytes());
            bounds.push((from, text.len()));
        }
        let row = Row { text: &text, cells: &bounds };
        let mut out = Vec::new();
        write_hex(&mut out, &RowHash::new(&header, place, &["note"]).of(row));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_hash_is_the_same_in_every_run_and_version() {
        // sha256 of 2 "DE", 3 "sku", 1 "A", each behind its length as 8 bytes, little end first.
        assert_eq!(hash(&[("SKU", "A")], "DE"), "\"5d8d89c744f66793cb34eb6a3971a68f\"");
    }

    #[test]
    fn columns_may_move_come_empty_and_be_revised_without_changing_the_hash() {
        let before = hash(&[("sku", "A"), ("quantity", "1")], "DE");
        assert_eq!(hash(&[("Quantity", "1"), ("new", ""), ("SKU", "A")], "DE"), before);
        assert_ne!(hash(&[("sku", "1"), ("quantity", "A")], "DE"), before);
        assert_ne!(hash(&[("sku", "A"), ("quantity", "1"), ("new", "x")], "DE"), before);
        assert_ne!(hash(&[("sku", "A"), ("quantity", "1")], "FR"), before);
        assert_eq!(hash(&[("sku", "A"), ("Note", "x"), ("quantity", "1")], "DE"), before);
    }

    #[test]
    fn equal_keys_are_counted_from_one() {
        let mut occurrences = Occurrences::new();
        let counts: Vec<u32> = ["a", "b", "a", "a", "c", "b"]
            .iter()
            .map(|key| occurrences.count(key.as_bytes()))
            .collect();
        assert_eq!(counts, [1, 1, 2, 3, 1, 2]);
    }

    proptest! {
        #[test]
        fn rows_are_alike_only_if_all_their_cells_are(
            one in proptest::collection::vec("[ab]{0,2}", 3), two in proptest::collection::vec("[ab]{0,2}", 3)
        ) {
            let row = |cells: &[String]| {
                hash(&[("x", &cells[0]), ("xa", &cells[1]), ("b", &cells[2])], "")
            };
            prop_assert_eq!(row(&one) == row(&two), one == two);
        }
    }
}
