//! A document's bytes as text, a piece at a time.

use std::cell::Cell;
use std::io::{self, Read};

use super::charset::{Charset, Decoder, More};

/// How many bytes are read at a time.
pub(crate) const CHUNK: usize = 64 * 1024;

/// Decodes a source, with a buffer of a fixed size.
pub(crate) struct Decoded<'a> {
    source: Box<dyn Read + 'a>,
    decoder: Decoder,
    /// Bytes that were read and not decoded: at most the beginning of a character after a decode.
    raw: Vec<u8>,
    held: usize,
}

impl<'a> Decoded<'a> {
    /// The text of a source.
    pub(crate) fn new(source: Box<dyn Read + 'a>, charset: Charset) -> Self {
        Self { source, decoder: Decoder::new(charset), raw: vec![0; CHUNK], held: 0 }
    }

    /// How many characters were replaced so far, because their bytes have no meaning.
    pub(crate) fn replaced(&self) -> u64 {
        self.decoder.replaced
    }

    /// Reads and decodes some more, behind what `text` holds.
    pub(crate) fn read_more(&mut self, text: &mut String) -> io::Result<More> {
        let room = self.raw.get_mut(self.held..).unwrap_or_default();
        let read = loop {
            match self.source.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.held += read;
        let more = if read == 0 { More::None } else { More::Expected };
        let bytes = self.raw.get(..self.held).unwrap_or_default();
        let taken = self.decoder.decode(bytes, more, text);
        self.raw.copy_within(taken..self.held, 0);
        self.held -= taken;
        Ok(more)
    }
}

/// What a reader of a whole document shares with whoever reads it.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    /// How many bytes of text were read since somebody set this back.
    pub(crate) since: Cell<usize>,
    /// How many lines have begun.
    pub(crate) line: Cell<u64>,
    /// Whether the last line has no end, as far as the text was read.
    pub(crate) is_open: Cell<bool>,
    /// Whether the end was seen.
    pub(crate) is_over: Cell<bool>,
    /// How many characters were replaced, because their bytes have no meaning.
    pub(crate) replaced: Cell<u64>,
}

/// Decoded text, for parsers that read bytes. It ends in an error where one piece of the document is
/// longer than it may be: when too much was read since somebody set the gauge back.
pub(crate) struct Text<'a> {
    decoded: Decoded<'a>,
    held: String,
    start: usize,
    is_over: bool,
    gauge: &'a Gauge,
    longest: usize,
}

impl<'a> Text<'a> {
    /// The text of a source, of which no piece may be longer than `longest`.
    pub(crate) fn new(
        source: Box<dyn Read + 'a>,
        charset: Charset,
        longest: usize,
        gauge: &'a Gauge,
    ) -> Self {
        gauge.line.set(1);
        let decoded = Decoded::new(source, charset);
        Self { decoded, held: String::new(), start: 0, is_over: false, gauge, longest }
    }
}

impl Read for Text<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.start == self.held.len() && !self.is_over {
            self.held.clear();
            self.start = 0;
            self.is_over = self.decoded.read_more(&mut self.held)? == More::None;
            self.gauge.replaced.set(self.decoded.replaced());
        }
        let rest = self.held.as_bytes().get(self.start..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        let (Some(given), Some(taken)) = (rest.get(..length), buffer.get_mut(..length)) else {
            return Ok(0);
        };
        taken.copy_from_slice(given);
        let gauge = self.gauge;
        gauge.line.set(gauge.line.get() + memchr::memchr_iter(b'\n', given).count() as u64);
        if let Some(last) = given.last() {
            gauge.is_open.set(*last != b'\n');
        }
        gauge.is_over.set(length == 0);
        gauge.since.set(gauge.since.get() + length);
        if gauge.since.get() > self.longest {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.start += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::WINDOWS_1252;

    use super::*;

    #[test]
    fn text_is_decoded_counted_and_limited() {
        let gauge = Gauge::default();
        let source = Box::new(b"Gr\xf6\xdfe\n10 \x80".as_slice());
        let mut text = Text::new(source, Charset::Declared(WINDOWS_1252), 100, &gauge);
        let mut read = String::new();
        text.read_to_string(&mut read).unwrap();
        assert_eq!(read, "Größe\n10 €");
        assert_eq!((gauge.line.get(), gauge.is_open.get()), (2, true));

        let gauge = Gauge::default();
        let endless = Box::new(io::repeat(b'x'));
        let mut text = Text::new(endless, Charset::Declared(WINDOWS_1252), 100, &gauge);
        let error = text.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
