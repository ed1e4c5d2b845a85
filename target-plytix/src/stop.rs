//! Ending a run early and in order: the input ends at the next line end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A reader that comes to its end, after a whole line, when the process gets SIGUSR1: how hotglue asks a
/// target to finish what it has and stop.
#[derive(Debug)]
pub struct Stoppable<R> {
    reader: R,
    signal: Signal,
    stopping: bool,
    /// Whether the last byte that was read ended a line.
    at_line_end: bool,
}

impl<R> Stoppable<R> {
    /// Reads until the signal comes.
    ///
    /// # Errors
    /// The system takes no handler for the signal.
    pub fn new(reader: R) -> io::Result<Self> {
        let signal = signal(SignalKind::user_defined1())?;
        Ok(Self { reader, signal, stopping: false, at_line_end: true })
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Stoppable<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.stopping && self.signal.poll_recv(context).is_ready() {
            tracing::info!("SIGUSR1: finishing what was read");
            self.stopping = true;
        }
        if self.stopping && self.at_line_end {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = if self.stopping {
            // The rest of a line, and not one byte more.
            let mut one = [0];
            let mut byte = ReadBuf::new(&mut one);
            let read = Pin::new(&mut self.reader).poll_read(context, &mut byte);
            buffer.put_slice(byte.filled());
            read
        } else {
            Pin::new(&mut self.reader).poll_read(context, buffer)
        };
        if let Some(last) = buffer.filled().get(before..).and_then(<[u8]>::last) {
            self.at_line_end = *last == b'\n';
        }
        read
    }
}
