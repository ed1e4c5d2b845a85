//! Reads the lines of a Singer stream and counts them.

use std::io;
use std::path::PathBuf;

use tokio::fs::File;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt as _, BufReader};

/// The longest line that is accepted. Orchestrators stop at 50 MiB; beyond this, memory would be the
/// sender's to choose.
const LONGEST_LINE: usize = 256 * 1024 * 1024;

/// Bytes asked for at a time. A pipe holds 64 KiB, a file gives as much as it is asked for.
const READ_SIZE: usize = 256 * 1024;

/// What precedes the first line when a file was saved by certain editors.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes of a Singer stream, wherever they come from.
pub type Source = Box<dyn AsyncRead + Send + Unpin>;

/// A file of messages that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("{path}")]
pub struct Unopened {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// The files, one after the other, or the standard input where none is named.
///
/// # Errors
/// A file that cannot be opened; all are, before the first is read.
pub async fn source(files: &[PathBuf]) -> Result<Source, Unopened> {
    if files.is_empty() {
        return Ok(Box::new(tokio::io::stdin()));
    }
    let mut source: Source = Box::new(tokio::io::empty());
    for path in files {
        let file = File::open(path).await;
        let file = file.map_err(|source| Unopened { path: path.clone(), source })?;
        // A file may end without a line end.
        source = Box::new(source.chain(file).chain("\n".as_bytes()));
    }
    Ok(source)
}

/// Lines of a Singer stream, numbered from 1.
///
/// Blank lines are skipped, a byte-order mark before the first line is dropped, and a line may end in
/// LF, CRLF or with the stream.
#[derive(Debug)]
pub struct Input<R> {
    reader: R,
    /// The line being read. It survives a dropped [`Input::line`], which makes that method safe to
    /// wait for beside a timer.
    line: Vec<u8>,
    /// Whether `line` was given out and is to be forgotten by the next call.
    taken: bool,
    number: u64,
}

/// One line of a Singer stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its place in the stream, counted from 1, blank lines included.
    pub number: u64,
    /// Its bytes, without the line end.
    pub text: &'a [u8],
}

impl<R: AsyncRead + Unpin> Input<BufReader<R>> {
    /// Reads from anything that delivers bytes.
    pub fn new(source: R) -> Self {
        Self::buffered(BufReader::with_capacity(READ_SIZE, source))
    }
}

impl<R: AsyncBufRead + Unpin> Input<R> {
    /// Reads from a source that has a buffer of its own.
    pub fn buffered(reader: R) -> Self {
        Self { reader, line: Vec::new(), taken: false, number: 0 }
    }

    /// The next line that is not blank; nothing at the end of the stream.
    ///
    /// May be dropped while it waits: what was read by then is kept for the next call.
    pub async fn line(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            if std::mem::take(&mut self.taken) {
                self.line.clear();
            }
            let ended = self.fill().await?;
            if ended && self.line.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            self.taken = true;
            if self.number == 1 && self.line.starts_with(BYTE_ORDER_MARK) {
                self.line.drain(..BYTE_ORDER_MARK.len());
            }
            if !self.line.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(Line { number: self.number, text: self.line.trim_ascii_end() }));
            }
        }
    }

    /// Reads up to the end of a line, or of the stream, which is the answer.
    async fn fill(&mut self) -> io::Result<bool> {
        loop {
            let available = self.reader.fill_buf().await?;
            if available.is_empty() {
                return Ok(true);
            }
            let (part, used, complete) = match memchr::memchr(b'\n', available) {
                Some(end) => (available.get(..end).unwrap_or_default(), end + 1, true),
                None => (available, available.len(), false),
            };
            if self.line.len() + part.len() > LONGEST_LINE {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("line {} is longer than {LONGEST_LINE} bytes", self.number + 1),
                ));
            }
            self.line.extend_from_slice(part);
            self.reader.consume(used);
            if complete {
                return Ok(false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lines and their numbers, with the source delivering `step` bytes at a time.
    fn lines(source: &[u8], step: usize) -> Vec<(u64, String)> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut input = Input::buffered(BufReader::with_capacity(step, source));
            let mut found = Vec::new();
            while let Some(line) = input.line().await.unwrap() {
                found.push((line.number, String::from_utf8(line.text.to_vec()).unwrap()));
            }
            found
        })
    }

    #[test]
    fn a_mark_blank_lines_and_both_line_ends_are_tolerated() {
        let source = b"\xef\xbb\xbf{\"a\":1}\r\n\n   \n{\"b\":2}\n\r\n{\"c\":3}";
        assert_eq!(
            lines(source, 64),
            [
                (1, r#"{"a":1}"#.to_owned()),
                (4, r#"{"b":2}"#.to_owned()),
                (6, r#"{"c":3}"#.to_owned())
            ]
        );
    }

    #[test]
    fn an_empty_stream_has_no_lines() {
        assert_eq!(lines(b"", 8), []);
        assert_eq!(lines(b"\n\n", 8), []);
    }

    #[tokio::test]
    async fn files_are_read_one_after_the_other_also_without_a_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let files = [("a", "1\n2"), ("b", "3\n")].map(|(name, text)| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        });
        let mut input = Input::new(source(&files).await.unwrap());
        let mut read = Vec::new();
        while let Some(line) = input.line().await.unwrap() {
            read.push(String::from_utf8(line.text.to_vec()).unwrap());
        }
        assert_eq!(read, ["1", "2", "3"]);

        let nowhere = folder.path().join("nowhere");
        let error = source(std::slice::from_ref(&nowhere)).await.err().unwrap();
        assert_eq!((error.to_string(), error.path), (nowhere.display().to_string(), nowhere));
    }

    #[tokio::test]
    async fn a_line_that_was_waited_for_in_vain_is_not_lost() {
        use tokio::io::AsyncWriteExt;
        let (mut writer, reader) = tokio::io::duplex(64);
        let mut input = Input::new(reader);
        writer.write_all(b"first half, ").await.unwrap();
        tokio::select! {
            biased;
            _ = input.line() => panic!("the line is not complete"),
            () = tokio::task::yield_now() => {}
        }
        writer.write_all(b"second half\n").await.unwrap();
        let line = input.line().await.unwrap().unwrap();
        assert_eq!(line, Line { number: 1, text: b"first half, second half" });
    }

    proptest! {
        #[test]
        fn the_size_of_the_pieces_never_matters(
            texts in prop::collection::vec("[a-z{}\":]{1,40}", 0..20), step in 1..50_usize,
        ) {
            let source = texts.join("\n");
            let expected: Vec<_> = texts.iter().enumerate()
                .map(|(index, text)| (index as u64 + 1, text.clone())).collect();
            prop_assert_eq!(lines(source.as_bytes(), step), expected);
        }
    }
}
