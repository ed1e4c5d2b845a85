//! Documents that come compressed, and documents that only say so.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// The first two bytes of every gzip member.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The document behind a source, inflated if its first bytes say that it is gzip.
///
/// Nothing else is believed: Turkish listings were declared as gzip and were plain text, and an
/// intermediary may have inflated a document already. All members of a gzip file are read; a reader
/// of one member would return the first part of a document without an error.
pub(crate) fn inflated<'a>(source: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let (head, whole) = peeked(source, MAGIC.len())?;
    Ok(if head == MAGIC { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

/// The first bytes of a source, and the source with these bytes still in it.
///
/// There are fewer bytes than asked for only where the source has no more.
pub(crate) fn peeked<R: Read>(mut source: R, count: usize) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::with_capacity(count);
    source.by_ref().take(count as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(source)))
}
