//! Report documents: made row by row while they are downloaded, never whole in memory.

mod fba_inventory;
mod ledger;
pub(super) mod listings;
mod movements;
mod orders;
pub(super) mod settlement;
pub(super) mod traffic;

use super::finance::Ledger;
use super::movement::What;
use super::order::Orders;
use super::product::World;
use super::report::{self, Kind, Made, Specification};
use crate::faults::{Content, Reason};
use bytes::Bytes;
use encoding_rs::Encoding;
use flate2::Compression;
use flate2::write::GzEncoder;
use listings::Language;
use std::io::Write;

/// Bytes that are handed to the network at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Rows or other parts of a document, in order.
type Pieces = Box<dyn Iterator<Item = Vec<u8>> + Send>;

/// A document that is ready to be downloaded.
pub(crate) struct Document {
    /// `Content-Type` of the download: the only place where Amazon says the charset.
    pub(crate) content_type: &'static str,
    /// Its bytes.
    pub(crate) pieces: Pieces,
}

/// How the rows of a flat file become bytes.
#[derive(Debug, Clone, Copy)]
struct Style {
    /// `Content-Type`, with Amazon's name of the charset.
    content_type: &'static str,
    encoding: &'static Encoding,
    opening: Opening,
    line_end: &'static str,
    last_line: LastLine,
    packing: Packing,
}

/// What comes before the header row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// Nothing.
    Header,
    /// The byte order mark of UTF-8.
    ByteOrderMark,
}

/// How the last line of a flat file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastLine {
    /// As all others.
    Terminated,
    /// Without a line end, as measured in a file from Europe in August 2026.
    Open,
}

/// Whether a document is compressed, and whether Amazon says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Plain, and said to be.
    Plain,
    /// gzip, and said to be.
    Gzip,
    /// Plain, but said to be gzip: seen in Turkish reports.
    Claimed,
}

impl Packing {
    /// Value of `compressionAlgorithm`.
    pub(crate) fn algorithm(self) -> Option<&'static str> {
        (self != Self::Plain).then_some("GZIP")
    }
}

/// How the document of a report with `specification` is packed, without making it.
pub(crate) fn packing(specification: &Specification, kind: Kind) -> Packing {
    match kind {
        Kind::AllOrders => orders::style(specification.region).packing,
        Kind::Listings => listings::style(specification.marketplace).packing,
        Kind::FbaInventory
        | Kind::StockByCountry
        | Kind::Shipments
        | Kind::Returns
        | Kind::Reimbursements
        | Kind::Settlement => fba_inventory::style(specification.marketplace).packing,
        Kind::Ledger | Kind::LedgerSummary => ledger::STYLE.packing,
        Kind::SalesAndTraffic => Packing::Gzip,
    }
}

/// The document of a report that is DONE.
pub(crate) fn open(
    world: World,
    orders: Orders,
    specification: &Specification,
    kind: Kind,
    made: Made,
) -> Document {
    let Specification { region, marketplace, ref options, start, end, .. } = *specification;
    let moved = report::movements(orders, specification, made.at);
    match kind {
        Kind::AllOrders => orders::document(orders, region, start, end),
        Kind::Listings => {
            let is_asked = options.contains_key(listings::LOCALE);
            let language = if is_asked { Language::English } else { Language::Local };
            listings::document(world, marketplace, language)
        }
        Kind::FbaInventory => fba_inventory::document(world, marketplace, made),
        Kind::SalesAndTraffic => traffic::document(world, specification, made),
        Kind::StockByCountry => movements::by_country(moved),
        Kind::Ledger => ledger::detail(moved, start, end),
        Kind::LedgerSummary => ledger::summary(moved, start, end),
        Kind::Shipments => movements::document(moved, What::Shipped, start, end),
        Kind::Returns => movements::document(moved, What::Returned, start, end),
        Kind::Reimbursements => movements::document(moved, What::Reimbursed, start, end),
        Kind::Settlement => {
            settlement::document(Ledger::new(orders, region, made.at), specification)
        }
    }
}

impl Document {
    /// The document of a report that failed.
    pub(crate) fn reason(reason: &Reason) -> Self {
        let (content_type, bytes) = match &reason.content {
            Content::Text(text) => ("text/plain", text.clone().into_bytes()),
            Content::Json(json) => ("application/json", json.to_string().into_bytes()),
        };
        let packing = if reason.is_gzip { Packing::Gzip } else { Packing::Plain };
        Self { content_type, pieces: packed(Box::new(std::iter::once(bytes)), packing) }
    }
}

/// A flat file of `lines`, the first of which is the header.
fn flat_file(lines: impl Iterator<Item = String> + Send + 'static, style: Style) -> Document {
    let opening: &[u8] = match style.opening {
        Opening::Header => b"",
        Opening::ByteOrderMark => b"\xef\xbb\xbf",
    };
    let mut is_first = true;
    let rows = lines.map(move |line| {
        let ended = if is_first { line } else { format!("{}{line}", style.line_end) };
        is_first = false;
        encoded(&ended, style.encoding)
    });
    let end: &[u8] = match style.last_line {
        LastLine::Terminated => style.line_end.as_bytes(),
        LastLine::Open => b"",
    };
    let pieces = std::iter::once(opening.to_vec()).chain(rows).chain(std::iter::once(end.to_vec()));
    Document { content_type: style.content_type, pieces: packed(Box::new(pieces), style.packing) }
}

/// `pieces` as they are stored.
fn packed(pieces: Pieces, packing: Packing) -> Pieces {
    match packing {
        Packing::Gzip => Box::new(Gzip {
            pieces,
            encoder: Some(GzEncoder::new(Vec::new(), Compression::fast())),
        }),
        Packing::Plain | Packing::Claimed => pieces,
    }
}

/// `text` in `encoding`; what the encoding lacks is a question mark, as in Amazon's files.
fn encoded(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    let (bytes, _, has_losses) = encoding.encode(text);
    if !has_losses {
        return bytes.into_owned();
    }
    let mut buffer = [0; 4];
    text.chars()
        .flat_map(|letter| {
            let (bytes, _, is_lost) = encoding.encode(letter.encode_utf8(&mut buffer));
            if is_lost { b"?".to_vec() } else { bytes.into_owned() }
        })
        .collect()
}

/// Pieces compressed as one gzip member, as they come.
struct Gzip {
    pieces: Pieces,
    /// None once the end of the member has been written.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl Iterator for Gzip {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let encoder = self.encoder.as_mut()?;
            let Some(piece) = self.pieces.next() else {
                return self.encoder.take()?.finish().ok();
            };
            encoder.write_all(&piece).ok()?;
            if encoder.get_ref().len() >= CHUNK_BYTES {
                return Some(std::mem::take(encoder.get_mut()));
            }
        }
    }
}

/// Pieces put together until they are worth a write.
pub(crate) struct Chunks {
    pieces: Pieces,
}

impl Chunks {
    /// Chunks of the document's bytes.
    pub(crate) fn new(document: Document) -> Self {
        Self { pieces: document.pieces }
    }
}

impl Iterator for Chunks {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        for piece in self.pieces.by_ref() {
            chunk.extend_from_slice(&piece);
            if chunk.len() >= CHUNK_BYTES {
                break;
            }
        }
        (!chunk.is_empty()).then(|| Bytes::from(chunk))
    }
}
