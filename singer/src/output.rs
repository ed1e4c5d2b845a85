//! Writes to stdout: the only code that does.

use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Bytes collected before the pipe is bothered.
const WRITE_SIZE: usize = 64 * 1024;

/// The one writer of a program's messages.
///
/// Clones write to the same place; a message is never torn by another. Records collect in a buffer, a
/// state is handed on at once. A write to a slow reader blocks its caller: that is the back-pressure
/// which keeps a tap from running ahead of its target. So records are written from a thread that may
/// wait, not from a task that others depend on.
#[derive(Clone)]
pub struct Output {
    writer: Arc<Mutex<BufWriter<Box<dyn Write + Send>>>>,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Output")
    }
}

impl Output {
    /// Writes to the program's standard output.
    #[must_use]
    pub fn stdout() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one writer to stdout")]
        let stdout = io::stdout();
        Self::to(stdout)
    }

    /// Writes to anything; for tests, and for programs that save a stream.
    pub fn to(writer: impl Write + Send + 'static) -> Self {
        Self {
            writer: Arc::new(Mutex::new(BufWriter::with_capacity(WRITE_SIZE, Box::new(writer)))),
        }
    }

    /// Writes a SCHEMA message.
    pub fn schema(
        &self,
        stream: &str,
        schema: &Value,
        key_properties: &[&str],
        bookmark_properties: &[&str],
    ) -> io::Result<()> {
        let mut writer = self.lock();
        writer.write_all(b"{\"type\":\"SCHEMA\",\"stream\":")?;
        json(&mut *writer, stream)?;
        writer.write_all(b",\"schema\":")?;
        json(&mut *writer, schema)?;
        writer.write_all(b",\"key_properties\":")?;
        json(&mut *writer, key_properties)?;
        if !bookmark_properties.is_empty() {
            writer.write_all(b",\"bookmark_properties\":")?;
            json(&mut *writer, bookmark_properties)?;
        }
        writer.write_all(b"}\n")
    }

    /// Writes a RECORD message around `record`, which is one JSON object without a line end.
    pub fn record(&self, stream: &str, record: &[u8], time_extracted: &str) -> io::Result<()> {
        let mut writer = self.lock();
        writer.write_all(b"{\"type\":\"RECORD\",\"stream\":")?;
        json(&mut *writer, stream)?;
        writer.write_all(b",\"record\":")?;
        writer.write_all(record)?;
        writer.write_all(b",\"time_extracted\":")?;
        json(&mut *writer, time_extracted)?;
        writer.write_all(b"}\n")
    }

    /// Writes a STATE message and everything before it.
    pub fn state(&self, value: &impl Serialize) -> io::Result<()> {
        let mut writer = self.lock();
        writer.write_all(b"{\"type\":\"STATE\",\"value\":")?;
        json(&mut *writer, value)?;
        writer.write_all(b"}\n")?;
        writer.flush()
    }

    /// Writes a state as a target does: the bare value, one line, at once.
    pub fn bare_state(&self, value: &RawValue) -> io::Result<()> {
        self.text(value.get())
    }

    /// Writes a text and a line end, at once: a catalog, or what a target has been told to print.
    pub fn text(&self, text: &str) -> io::Result<()> {
        let mut writer = self.lock();
        writer.write_all(text.as_bytes())?;
        writer.write_all(b"\n")?;
        writer.flush()
    }

    /// Hands everything on that was written so far.
    pub fn flush(&self) -> io::Result<()> {
        self.lock().flush()
    }

    /// The writer. A thread that panicked while writing left a torn line behind, and the program is
    /// ending; there is nothing to protect from it.
    fn lock(&self) -> MutexGuard<'_, BufWriter<Box<dyn Write + Send>>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes `value` as compact JSON.
fn json(writer: &mut impl Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    serde_json::to_writer(writer, value).map_err(io::Error::from)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    /// A writer whose text can be looked at.
    #[derive(Clone, Default)]
    pub(crate) struct Page(Arc<Mutex<Vec<u8>>>);

    impl Page {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn members_come_in_the_order_of_the_field() {
        let page = Page::default();
        let output = Output::to(page.clone());
        output.schema("s", &json!({"type": "object"}), &["id"], &[]).unwrap();
        output.record("s", br#"{"id":1.10}"#, "2026-01-01T00:00:00Z").unwrap();
        output.state(&json!({"bookmarks": {}})).unwrap();
        assert_eq!(
            page.text(),
            concat!(
                r#"{"type":"SCHEMA","stream":"s","schema":{"type":"object"},"key_properties":["id"]}"#,
                "\n",
                r#"{"type":"RECORD","stream":"s","record":{"id":1.10},"time_extracted":"2026-01-01T00:00:00Z"}"#,
                "\n",
                r#"{"type":"STATE","value":{"bookmarks":{}}}"#,
                "\n"
            )
        );
    }

    #[test]
    fn a_record_waits_in_the_buffer_and_a_state_does_not() {
        let page = Page::default();
        let output = Output::to(page.clone());
        output.record("s", b"{}", "t").unwrap();
        assert_eq!(page.text(), "");
        output.state(&json!(1)).unwrap();
        assert_eq!(page.text().lines().count(), 2);
    }
}
