//! The content of an element, as a hash that does not depend on how it is written.

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::document::leaf::members;
use crate::record::identity::{add, half};

/// How deep objects and lists inside each other are looked into; what is deeper counts as it is
/// written.
const DEEPEST: usize = 32;

/// Hashes the content of elements of one report.
#[derive(Debug)]
pub(super) struct Content {
    /// The hash of what all elements have in common.
    common: Sha256,
}

impl Content {
    /// Prepares for the elements of a report of a place.
    pub(super) fn new(place: &str) -> Self {
        let mut common = Sha256::new();
        add(&mut common, place.as_bytes());
        Self { common }
    }

    /// The hash of an element: of its members that are not null, in the order of their names.
    pub(super) fn of(&self, element: &RawValue) -> serde_json::Result<[u8; 16]> {
        let mut hash = self.common.clone();
        value(&mut hash, element, 0)?;
        Ok(half(hash))
    }
}

/// Adds a value to a hash.
fn value(hash: &mut Sha256, raw: &RawValue, depth: usize) -> serde_json::Result<()> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') if depth < DEEPEST => {
            let mut members = members(raw)?;
            members.retain(|(_, value)| value.get() != "null");
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            hash.update(b"{");
            for (name, inner) in members {
                add(hash, name.as_bytes());
                value(hash, inner, depth + 1)?;
            }
            hash.update(b"}");
        }
        Some(b'[') if depth < DEEPEST => {
            let elements: Vec<&RawValue> = serde_json::from_str(text)?;
            hash.update(b"[");
            for element in elements {
                value(hash, element, depth + 1)?;
            }
            hash.update(b"]");
        }
        Some(b'"') => {
            let plain: String = serde_json::from_str(text)?;
            hash.update(b"\"");
            add(hash, plain.as_bytes());
        }
        _ => add(hash, text.as_bytes()),
    }
    Ok(())
}
