//! Documents of JSON that are one record as a whole.
//!
//! Only for flows that were made for another tap. The document is in memory while it is one record, which
//! is what its reader asked for; larger ones are refused.

use std::borrow::Cow;
use std::io::Read;

use indexmap::IndexMap;
use serde_json::value::{RawValue, to_raw_value};

use super::{DocumentError, Emit, Facts, Fault, Feed, Loaded, Place};

/// The longest document, in bytes.
const LONGEST: usize = 64 << 20;

/// Reads a document and emits it as a record of each stream.
pub(super) fn load(
    source: Box<dyn Read + '_>,
    facts: &Facts<'_>,
    feeds: &[Feed],
    emit: &mut dyn Emit,
) -> Result<Loaded, DocumentError> {
    let mut document = Vec::new();
    let read = source.take(LONGEST as u64 + 1).read_to_end(&mut document);
    read.map_err(|cause| facts.source_error(cause))?;
    if document.len() > LONGEST {
        return Err(facts.fault(Fault::ElementTooLong { limit: LONGEST }));
    }
    let text = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&document);
    let record = record(text, facts.place).map_err(|error| facts.json_error(error))?;
    let mut loaded = Loaded { rows: 1, ..Loaded::default() };
    for feed in feeds {
        emit.record(feed.stream.name, &record)?;
        loaded.records.insert(feed.stream.name, 1);
    }
    Ok(loaded)
}

/// The members of a document behind the place that it is about.
fn record(text: &[u8], place: Place) -> serde_json::Result<Vec<u8>> {
    let members: IndexMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(text)?;
    let name = match place {
        Place::Region(_) => "region",
        Place::Marketplace(_) => "marketplace_id",
    };
    let place = to_raw_value(place.code())?;
    let mut record: IndexMap<&str, &RawValue> = IndexMap::with_capacity(members.len() + 1);
    record.insert(name, &place);
    record.extend(members.iter().map(|(name, value)| (&**name, *value)));
    serde_json::to_vec(&record)
}
