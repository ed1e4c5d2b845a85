//! What records say a product should be, and one product out of several records.
//!
//! Both streams, and several records of one of them, speak about the same product. They are merged before
//! anything is written, so that a commit writes each product once and what it writes does not depend on
//! the order in which records came:
//!
//! * a later record with the same keys of the same stream takes the place of the earlier one;
//! * of different records, the one of the stream that stands first in the mapping wins; within a
//!   stream the one that the mapping prefers; among equals the one with the smallest keys;
//! * what the winner does not say comes from the next, so values of one listing stay together.
//!
//! Merging ends with the commit. Records of one product that come in different commits are written one
//! after the other.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::value::Value;

/// When a value may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteRule {
    /// The record decides; an explicit null of the record clears.
    #[default]
    Always,
    /// Only where the product has no value.
    FillEmpty,
    /// When the product is created, and never again.
    Never,
}

/// What a value is that a dropdown does not offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// A failure of its product.
    #[default]
    Fail,
    /// As good as no value.
    Skip,
}

/// What one record says about one field of its product.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Place of the field in [`Mapping::fields`](crate::mapping::Mapping::fields).
    pub field: usize,
    /// The value; nothing if the record says that there is none.
    pub value: Option<Value>,
    /// When it may be written.
    pub write: WriteRule,
    /// What happens if it is no option.
    pub unmatched: Unmatched,
}

/// Which record is heard first; the smallest wins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// Place of the stream in the mapping.
    pub stream: usize,
    /// Place in the mapping's order of preference.
    pub preference: usize,
    /// The record's keys, as text.
    pub keys: String,
}

/// What a record says about its product beyond the product's own values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// SKUs of the products that it belongs to.
    pub parents: Vec<String>,
    /// Whether it says to which products it belongs, if only that there is none.
    pub tells_parents: bool,
    /// SKUs of the products that belong to it.
    pub children: Vec<String>,
    /// What the seller's own product may be found by.
    pub identifiers: Vec<Identifier>,
    /// Its pictures, in order, the one for the thumbnail first.
    pub images: Vec<Image>,
}

/// Something that the seller's own product may be found by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier {
    /// Place of the rule in the mapping's `listings.match`.
    pub rule: usize,
    /// The bar code, or model number, as the record has it, without blanks around it.
    pub text: String,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Image {
    /// Where it is.
    pub link: String,
    /// What Plytix shall call it: the same for the same picture, whatever product shows it.
    pub filename: String,
}

impl Around {
    /// Adds what another record says of the same product; its pictures only where there are none yet.
    fn add(&mut self, other: Self) {
        let Self { parents, tells_parents, children, identifiers, images } = other;
        append(&mut self.parents, parents);
        self.tells_parents |= tells_parents;
        append(&mut self.children, children);
        append(&mut self.identifiers, identifiers);
        if self.images.is_empty() {
            self.images = images;
        }
    }
}

/// Adds what is not there yet.
fn append<T: PartialEq>(known: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !known.contains(&one) {
            known.push(one);
        }
    }
}

/// A record, for telling what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its stream.
    pub stream: Arc<str>,
    /// Number of its line in the input, from 1; that of the BATCH message if it came in a file.
    pub line: u64,
    /// SHA-256 of the record, in hexadecimal, if somebody wants it.
    pub hash: Option<String>,
    /// What another system calls the record.
    pub external_id: Option<String>,
    /// What another system wants to hear of the record again, as a JSON object.
    pub custom: Option<String>,
}

/// What one record says about its product.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// The product.
    pub sku: String,
    /// When this record is heard.
    pub rank: Rank,
    /// What it says.
    pub cells: Vec<Cell>,
    /// What it says about other things.
    pub around: Around,
}

/// What a product should be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    /// The product's SKU.
    pub sku: String,
    /// Its values, at most one for a field, in the order of the fields.
    pub cells: Vec<Cell>,
    /// How many records say so.
    pub records: usize,
    /// What the records say about other things.
    pub around: Around,
    /// The records, those that a later one replaced included.
    pub notes: Vec<Note>,
}

/// Products that are waiting to be written.
#[derive(Debug, Default)]
pub struct Merge {
    products: IndexMap<String, Waiting>,
}

/// The records of one product.
#[derive(Debug, Default)]
struct Waiting {
    /// By rank.
    records: Vec<(Rank, Vec<Cell>, Around)>,
    notes: Vec<Note>,
}

impl Merge {
    /// Adds what a record says; `note` tells the record again when it is known what became of it.
    pub fn add(&mut self, contribution: Contribution, note: Note) {
        let Contribution { sku, rank, cells, around } = contribution;
        let Waiting { records, notes } = self.products.entry(sku).or_default();
        records.retain(|(known, ..)| known.stream != rank.stream || known.keys != rank.keys);
        let place = records.partition_point(|(known, ..)| *known < rank);
        records.insert(place, (rank, cells, around));
        notes.push(note);
    }

    /// How many products are waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.products.len()
    }

    /// Whether none is waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }

    /// One wanted product for each SKU, in the order in which the SKUs first came.
    pub fn products(self) -> impl Iterator<Item = Wanted> {
        self.products.into_iter().map(|(sku, Waiting { records, notes })| {
            let count = records.len();
            let mut all = Around::default();
            let cells = records.into_iter().flat_map(|(_, cells, around)| {
                all.add(around);
                cells
            });
            let cells = winners(cells);
            Wanted { sku, cells, records: count, around: all, notes }
        })
    }
}

/// For each field the first value; a null only where there is no value at all.
fn winners(cells: impl Iterator<Item = Cell>) -> Vec<Cell> {
    let mut winners: Vec<Cell> = Vec::new();
    for cell in cells {
        match winners.binary_search_by_key(&cell.field, |winner| winner.field) {
            Err(place) => winners.insert(place, cell),
            Ok(place) => {
                if let Some(winner) = winners.get_mut(place).filter(|winner| winner.value.is_none())
                {
                    // A second null changes nothing, except that it may clear where the first may not.
                    if cell.value.is_some() || winner.write != WriteRule::Always {
                        *winner = cell;
                    }
                }
            }
        }
    }
    winners
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::tests::value;

    fn cell(field: usize, json: Option<&str>) -> Cell {
        let write = if field.is_multiple_of(2) { WriteRule::Always } else { WriteRule::FillEmpty };
        Cell { field, value: json.map(value), write, unmatched: Unmatched::Fail }
    }

    fn record(stream: usize, preference: usize, keys: &str, cells: Vec<Cell>) -> Contribution {
        Contribution {
            sku: "S".into(),
            rank: Rank { stream, preference, keys: keys.into() },
            cells,
            around: Around::default(),
        }
    }

    fn note() -> Note {
        Note { stream: "s".into(), line: 1, hash: None, external_id: None, custom: None }
    }

    fn merged(records: impl IntoIterator<Item = Contribution>) -> Vec<Wanted> {
        let mut merge = Merge::default();
        records.into_iter().for_each(|record| merge.add(record, note()));
        merge.products().map(|product| Wanted { notes: Vec::new(), ..product }).collect()
    }

    #[test]
    fn the_preferred_listing_is_heard_first_and_stays_together() {
        let inactive = record(
            1,
            1,
            "a",
            vec![cell(0, Some(r#""sku-a""#)), cell(2, Some(r#""Inactive""#)), cell(3, Some("1"))],
        );
        let active =
            record(1, 0, "b", vec![cell(0, Some(r#""sku-b""#)), cell(2, Some(r#""Active""#))]);
        let wanted = merged([inactive, active]);
        let [product] = wanted.as_slice() else { panic!("{wanted:?}") };
        assert_eq!(product.records, 2);
        assert_eq!(
            product.cells,
            [cell(0, Some(r#""sku-b""#)), cell(2, Some(r#""Active""#)), cell(3, Some("1"))]
        );
    }

    #[test]
    fn a_value_is_heard_before_a_null() {
        let wanted = merged([
            record(0, 0, "a", vec![cell(0, None), cell(1, None)]),
            record(1, 0, "b", vec![cell(0, Some("1"))]),
        ]);
        assert_eq!(wanted[0].cells, [cell(0, Some("1")), cell(1, None)]);
    }

    #[test]
    fn a_later_record_with_the_same_keys_takes_the_place_of_the_earlier() {
        let wanted = merged([
            record(1, 0, "k", vec![cell(0, Some("1")), cell(1, Some("1"))]),
            record(1, 1, "k", vec![cell(0, Some("2"))]),
        ]);
        assert_eq!((wanted[0].records, &wanted[0].cells), (1, &vec![cell(0, Some("2"))]));
    }

    #[test]
    fn what_is_around_a_product_is_the_sum_of_its_records() {
        let with = |keys: &str, parents: &[&str], images: &[&str]| {
            let image = |name: &&str| Image { link: "x".into(), filename: (*name).to_owned() };
            let parents = parents.iter().map(|sku| (*sku).to_owned()).collect();
            let images = images.iter().map(image).collect();
            let around = Around { parents, images, ..Around::default() };
            Contribution { around, ..record(0, 0, keys, vec![]) }
        };
        let wanted = merged([with("b", &["P", "Q"], &["2"]), with("a", &["P"], &[])]);
        assert_eq!(wanted[0].around.parents, ["P", "Q"]);
        assert_eq!(wanted[0].around.images[0].filename, "2");
    }

    fn any_record() -> impl Strategy<Value = Contribution> {
        let cells = prop::collection::btree_map(0_usize..4, prop::option::of(0_u8..3), 0..4);
        (0_usize..2, 0_usize..2, 0_u8..4, cells).prop_map(|(stream, preference, keys, cells)| {
            let cells = cells
                .into_iter()
                .map(|(field, digit)| cell(field, digit.map(|digit| digit.to_string()).as_deref()))
                .collect();
            record(stream, preference, &keys.to_string(), cells)
        })
    }

    proptest! {
        #[test]
        fn the_order_of_different_records_does_not_matter(
            (records, shuffled) in prop::collection::vec(any_record(), 1..8).prop_flat_map(|mut records| {
                let mut seen = std::collections::HashSet::new();
                records.retain(|record| seen.insert((record.rank.stream, record.rank.keys.clone())));
                (Just(records.clone()), Just(records).prop_shuffle())
            })
        ) {
            prop_assert_eq!(merged(records), merged(shuffled));
        }

        #[test]
        fn merging_a_record_again_changes_nothing(records in prop::collection::vec(any_record(), 1..8)) {
            let last = records.last().cloned();
            prop_assert_eq!(merged(records.clone()), merged(records.into_iter().chain(last)));
        }
    }
}
