//! A copy of the messages as they are read.

use std::io::{self, BufWriter, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

/// Bytes collected before the file is bothered.
const WRITE_SIZE: usize = 64 * 1024;

/// The file that gets the copy. Clones are the same file.
#[derive(Debug, Clone)]
pub struct Spool(Arc<Mutex<BufWriter<std::fs::File>>>);

impl Spool {
    /// Copies to this file.
    #[must_use]
    pub fn to(file: std::fs::File) -> Self {
        Self(Arc::new(Mutex::new(BufWriter::with_capacity(WRITE_SIZE, file))))
    }

    /// Hands everything that was read so far to the operating system.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn flush(&self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }

    /// A reader that copies what it reads.
    pub fn copying<R>(&self, reader: R) -> Copying<R> {
        Copying { reader, spool: self.clone() }
    }
}

/// A reader whose bytes go to a [`Spool`] too.
#[derive(Debug)]
pub struct Copying<R> {
    reader: R,
    spool: Spool,
}

impl<R: AsyncRead + Unpin> AsyncRead for Copying<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.reader).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = read {
            let new = buffer.filled().get(before..).unwrap_or_default();
            self.spool.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(new)?;
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn what_was_read_is_in_the_file_after_a_flush() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        let spool = Spool::to(std::fs::File::create(&path).unwrap());
        let mut text = String::new();
        spool.copying("a\nb".as_bytes()).read_to_string(&mut text).await.unwrap();
        spool.flush().unwrap();
        assert_eq!(
            (text.as_str(), std::fs::read_to_string(&path).unwrap().as_str()),
            ("a\nb", "a\nb")
        );
    }
}
