//! What a record says beyond its product's own values: which products it belongs with, by what the
//! seller's own product is found, and which pictures show it.

use std::fmt::Write as _;

use serde_json::value::RawValue;

use super::{Origin, RecordError, Said, Stream};
use crate::number::Number;
use crate::path::{Members, Path, members, text};
use crate::template::Part;
use crate::value::Value;
use crate::wanted::{Around, Identifier, Image};

/// Products that a record names.
#[derive(Debug)]
pub(super) struct Others {
    /// Where the record names them.
    pub(super) each: Path,
    /// The SKU of each: text, what the record says elsewhere, and the place of the name itself.
    pub(super) sku: Vec<Part<Named>>,
}

/// A place in the SKU of another product.
#[derive(Debug)]
pub(super) enum Named {
    /// The name of the other product.
    Itself,
    /// Something else of the record.
    Origin(Origin),
}

/// Where the pictures are, and what they are called.
#[derive(Debug)]
pub(super) struct Pictures {
    /// The objects that describe them.
    pub(super) each: Path,
    /// Member with the address.
    pub(super) link: String,
    /// Member that says what a picture shows; of one slot only the largest is taken.
    pub(super) slot: Option<String>,
    /// Member by which the largest is told.
    pub(super) size: Option<String>,
    /// Slots in the order of the gallery; those that are not named come after them.
    pub(super) order: Vec<String>,
    /// Most pictures of a product.
    pub(super) most: usize,
    /// What Plytix calls them.
    pub(super) filename: Vec<Part<NamePart>>,
}

/// A place in a filename, filled from the picture's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamePart {
    /// The last segment of its path, up to the first dot.
    Stem,
    /// What follows the last dot.
    Extension,
}

/// All of it for the records of one stream.
#[derive(Debug, Default)]
pub(super) struct Beyond {
    pub(super) parents: Option<Others>,
    pub(super) children: Option<Others>,
    /// Places of identifiers, with the rule that they belong to.
    pub(super) identifiers: Vec<(usize, Path)>,
    pub(super) pictures: Option<Pictures>,
}

impl Stream {
    /// What a record says beyond its product's own values.
    pub(super) fn around(&self, record: &Members<'_>) -> Result<Around, RecordError> {
        let Beyond { parents, children, identifiers, pictures } = &self.beyond;
        let others = |others: &Option<Others>| {
            others.as_ref().map_or_else(|| Ok(Vec::new()), |others| others.skus(record))
        };
        let mut found = Vec::new();
        for (rule, path) in identifiers {
            for text in path.all(record).into_iter().filter_map(plain) {
                let identifier = Identifier { rule: *rule, text };
                if !found.contains(&identifier) {
                    found.push(identifier);
                }
            }
        }
        Ok(Around {
            parents: others(parents)?,
            tells_parents: parents.as_ref().is_some_and(|others| others.each.is_told(record)),
            children: others(children)?,
            identifiers: found,
            images: pictures.as_ref().map_or_else(Vec::new, |pictures| pictures.of(record)),
        })
    }
}

impl Others {
    /// The SKUs of the products that a record names, each once.
    fn skus(&self, record: &Members<'_>) -> Result<Vec<String>, RecordError> {
        let mut skus = Vec::new();
        for name in self.each.all(record).into_iter().filter_map(plain) {
            let mut sku = String::new();
            for part in &self.sku {
                match part {
                    Part::Text(text) => sku.push_str(text),
                    Part::Value(Named::Itself) => sku.push_str(&name),
                    Part::Value(Named::Origin(origin)) => sku.push_str(&said(origin, record)?),
                }
            }
            if !skus.contains(&sku) {
                skus.push(sku);
            }
        }
        Ok(skus)
    }
}

/// The text that a record has in a place that the SKU of another product needs.
fn said(origin: &Origin, record: &Members<'_>) -> Result<String, RecordError> {
    let member = origin.path.first().to_owned();
    match origin.value(record).map_err(|error| error.named(&member))? {
        Said::Value(Value::Text(text)) => Ok(text.trim().to_owned()),
        Said::Value(Value::Number(number)) => Ok(number.digits().to_owned()),
        Said::Value(_) => Err(RecordError::SkuPart { member }),
        Said::Null | Said::Nothing => Err(RecordError::NoSku { member }),
    }
}

/// A text or a number as text, without blanks around it.
fn plain(raw: &RawValue) -> Option<String> {
    let text = match text(raw) {
        Some(text) => text.trim().to_owned(),
        None => Number::parse(raw.get())?.digits().to_owned(),
    };
    Some(text).filter(|text| !text.is_empty())
}

/// A picture among those of one record.
struct Candidate {
    /// Place of its slot in the gallery.
    place: usize,
    slot: Option<String>,
    size: u64,
    image: Image,
}

impl Pictures {
    /// The pictures of a record: the largest of each slot, in the order of the slots, each file once.
    fn of(&self, record: &Members<'_>) -> Vec<Image> {
        let mut best: Vec<Candidate> = Vec::new();
        for raw in self.each.all(record) {
            let Some(candidate) = self.candidate(raw) else { continue };
            let same =
                |known: &&mut Candidate| known.slot.is_some() && known.slot == candidate.slot;
            match best.iter_mut().find(same) {
                Some(known) if known.size >= candidate.size => {}
                Some(known) => *known = candidate,
                None => best.push(candidate),
            }
        }
        best.sort_by_key(|candidate| candidate.place);
        let mut images: Vec<Image> = Vec::new();
        for Candidate { image, .. } in best {
            if images.len() < self.most && images.iter().all(|it| it.filename != image.filename) {
                images.push(image);
            }
        }
        images
    }

    /// A picture, unless it has no address.
    fn candidate(&self, raw: &RawValue) -> Option<Candidate> {
        let members = members(raw)?;
        let link = members.get(&self.link).and_then(|link| text(link))?;
        let slot =
            self.slot.as_ref().and_then(|slot| members.get(slot)).and_then(|slot| text(slot));
        let place = |slot: &String| self.order.iter().position(|known| known == slot);
        let place = slot.as_ref().and_then(place).unwrap_or(self.order.len());
        let size = self.size.as_ref().and_then(|size| members.get(size));
        let size = size.and_then(|size| size.get().parse().ok()).unwrap_or(0);
        let filename = self.filename(&link)?;
        Some(Candidate { place, slot, size, image: Image { link, filename } })
    }

    /// What Plytix calls the picture at an address. Plytix's help discourages anything but plain
    /// letters, so other bytes are written as a hyphen and two digits.
    fn filename(&self, link: &str) -> Option<String> {
        let path = link.split(['?', '#']).next()?;
        let last = path.rsplit('/').next().filter(|last| !last.is_empty())?;
        let stem = last.split('.').next().unwrap_or(last);
        let extension = last.rsplit_once('.').map_or("jpg", |(_, extension)| extension);
        let mut name = String::new();
        for part in &self.filename {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Value(NamePart::Stem) => push_plain(&mut name, stem),
                Part::Value(NamePart::Extension) => push_plain(&mut name, extension),
            }
        }
        Some(name)
    }
}

/// Appends a text in plain letters.
fn push_plain(name: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'+' => {
                name.push(char::from(byte));
            }
            other => {
                let _ = write!(name, "-{other:02X}");
            }
        }
    }
}
