//! Lines of a text that is decoded while it is read.

use std::io::{self, Read};

use memchr::memchr;

use super::charset::{Charset, More};
use super::decoded::Decoded;

/// The longest line that is read. Amazon's longest cells are descriptions of a few thousand bytes.
pub(crate) const LONGEST: usize = 16 * 1024 * 1024;

/// Reads a document line by line, with two buffers of a fixed size.
pub(crate) struct Lines<'a> {
    decoded: Decoded<'a>,
    /// Decoded text; what stands before `start` was given out already.
    text: String,
    start: usize,
    /// Where the search for the next line end goes on.
    searched: usize,
    is_over: bool,
    number: u64,
    /// How many NUL characters were removed.
    pub(crate) nuls: u64,
}

/// One line without its line end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Its number, counted from 1.
    pub(crate) number: u64,
    /// Its text; UTF-8.
    pub(crate) text: &'a [u8],
    /// Whether a line end followed.
    pub(crate) end: LineEnd,
}

/// Whether a line end followed a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineEnd {
    /// It did.
    Present,
    /// The document ended instead.
    Missing,
}

/// Why there is no next line.
#[derive(Debug)]
pub(crate) enum LineError {
    /// The source failed.
    Source(io::Error),
    /// The line of this number is longer than [`LONGEST`].
    TooLong(u64),
}

impl<'a> Lines<'a> {
    /// The lines of a source.
    pub(crate) fn new(source: Box<dyn Read + 'a>, charset: Charset) -> Self {
        Self {
            decoded: Decoded::new(source, charset),
            text: String::new(),
            start: 0,
            searched: 0,
            is_over: false,
            number: 0,
            nuls: 0,
        }
    }

    /// How many characters were replaced so far, because their bytes have no meaning.
    pub(crate) fn replaced(&self) -> u64 {
        self.decoded.replaced()
    }

    /// The next line; `None` at the end of the document.
    pub(crate) fn next(&mut self) -> Result<Option<Line<'_>>, LineError> {
        let (end, next) = loop {
            let unseen = self.text.as_bytes().get(self.searched..).unwrap_or_default();
            if let Some(at) = memchr(b'\n', unseen) {
                break (LineEnd::Present, self.searched + at);
            }
            self.searched = self.text.len();
            if self.is_over {
                if self.start == self.text.len() {
                    return Ok(None);
                }
                break (LineEnd::Missing, self.text.len());
            }
            if self.text.len() - self.start > LONGEST {
                return Err(LineError::TooLong(self.number + 1));
            }
            self.refill().map_err(LineError::Source)?;
        };
        let text = self.text.as_bytes().get(self.start..next).unwrap_or_default();
        self.start = self.text.len().min(next + 1);
        self.searched = self.start;
        self.number += 1;
        Ok(Some(Line { number: self.number, text: text.strip_suffix(b"\r").unwrap_or(text), end }))
    }

    /// Reads and decodes some more.
    fn refill(&mut self) -> io::Result<()> {
        self.text.drain(..self.start);
        self.start = 0;
        let before = self.text.len();
        self.is_over = self.decoded.read_more(&mut self.text)? == More::None;
        self.remove_nuls(before);
        self.searched = before;
        Ok(())
    }

    /// Removes the NUL characters behind a place in the text.
    ///
    /// Amazon's databases let them through now and then; no database that loads records does.
    fn remove_nuls(&mut self, from: usize) {
        if memchr(0, self.text.as_bytes().get(from..).unwrap_or_default()).is_some() {
            let added = self.text.split_off(from);
            self.text.extend(added.chars().filter(|letter| *letter != '\0'));
            self.nuls += (from + added.len() - self.text.len()) as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::UTF_8;

    use super::*;
    use crate::document::decoded::CHUNK;

    fn lines(bytes: &[u8]) -> Lines<'_> {
        Lines::new(Box::new(bytes), Charset::Declared(UTF_8))
    }

    fn all(bytes: &[u8]) -> Vec<(String, LineEnd)> {
        let mut lines = lines(bytes);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            assert_eq!(line.number, all.len() as u64 + 1);
            all.push((String::from_utf8(line.text.to_vec()).unwrap(), line.end));
        }
        all
    }

    #[test]
    fn lines_end_with_or_without_a_carriage_return_or_with_the_document() {
        let (present, missing) = (LineEnd::Present, LineEnd::Missing);
        assert_eq!(all(b""), []);
        assert_eq!(all(b"a\r\nb\n"), [("a".into(), present), ("b".into(), present)]);
        assert_eq!(
            all(b"a\n\nb"),
            [("a".into(), present), (String::new(), present), ("b".into(), missing)]
        );
    }

    #[test]
    fn nul_characters_are_removed_and_counted() {
        let mut lines = lines(b"a\0b\0\n\0");
        assert_eq!(lines.next().unwrap().unwrap().text, b"ab");
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!(lines.nuls, 3);
    }

    #[test]
    fn a_line_without_an_end_in_sight_is_refused_and_not_held() {
        let endless = io::repeat(b'x').take(3 * LONGEST as u64);
        let mut lines = Lines::new(Box::new(endless), Charset::Declared(UTF_8));
        assert!(matches!(lines.next(), Err(LineError::TooLong(1))));
        assert!(lines.text.len() <= LONGEST + 2 * CHUNK);
    }

    #[test]
    fn a_line_may_be_longer_than_a_chunk() {
        let long = "é".repeat(CHUNK);
        let text = format!("{long}\nshort\n");
        assert_eq!(all(text.as_bytes())[0].0, long);
        assert_eq!(all(text.as_bytes())[1].0, "short");
    }
}
