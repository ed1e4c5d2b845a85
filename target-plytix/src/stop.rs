//! Ending a run early and in order: the input ends at the next line end.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use chrono::{DateTime, Utc};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Name of the file by which hotglue's SDK (1.0.51) announces that the signal is listened for.
const ANNOUNCEMENT: &str = "user_signal.listener";

/// Announces in this folder that the signal is listened for: three lines with the time, the thread and the
/// process.
///
/// # Errors
/// The file cannot be written.
pub fn announce(folder: &Path, now: DateTime<Utc>) -> io::Result<()> {
    let thread = std::thread::current();
    let (now, thread, process) =
        (now.to_rfc3339(), thread.name().unwrap_or("main"), std::process::id());
    std::fs::write(folder.join(ANNOUNCEMENT), format!("{now}\n{thread}\n{process}\n"))
}

/// A reader that comes to its end, after a whole line, when the process gets SIGUSR1: how hotglue asks a
/// target to finish what it has and stop.
#[derive(Debug)]
pub struct Stoppable<R> {
    reader: R,
    signal: Signal,
    stopping: bool,
    stopped: Stopped,
    /// Whether the last byte that was read ended a line.
    at_line_end: bool,
}

/// Whether a [`Stoppable`] came to its end because it was told to.
#[derive(Debug, Clone, Default)]
pub struct Stopped(Arc<AtomicBool>);

impl Stopped {
    /// Whether it did, so far.
    #[must_use]
    pub fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<R> Stoppable<R> {
    /// Reads until the signal comes.
    ///
    /// # Errors
    /// The system takes no handler for the signal.
    pub fn new(reader: R) -> io::Result<Self> {
        let signal = signal(SignalKind::user_defined1())?;
        let stopped = Stopped::default();
        Ok(Self { reader, signal, stopping: false, stopped, at_line_end: true })
    }

    /// Tells whether the input ended early.
    #[must_use]
    pub fn stopped(&self) -> Stopped {
        self.stopped.clone()
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
            self.stopped.0.store(true, Ordering::Relaxed);
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
