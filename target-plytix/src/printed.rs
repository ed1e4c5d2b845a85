//! What is printed on standard output: the tap's states as they become true, or once, at the end, what
//! became of every record.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use serde_json::value::RawValue;
use singer::Output;

use crate::config::OutputMode;
use crate::report::hotglue::{Notes, Results};

/// Name of the file from which a next attempt goes on, as hotglue's SDK has it.
const RETRY_FILE: &str = "incremental_target_state.json";

/// What a run prints.
#[derive(Debug)]
pub enum Printed {
    /// The tap's states, or nothing in a run that only reads.
    States(Output),
    /// What became of every record.
    Records(Box<Records>),
}

/// What became of every record, and where it is kept between attempts.
#[derive(Debug)]
pub struct Records {
    results: Results,
    retry_file: PathBuf,
    /// The tap's last state.
    tap: LastLine,
    /// Whether the job streams, and wants that state beside ours.
    streams: bool,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The input came to its end, and so did everything that was to be done.
    Complete,
    /// What was read was done; somebody wanted no more to be read.
    Stopped,
    /// Records up to this line of the messages were done.
    BrokenOff(u64),
}

/// Keeps the last line that was written to it.
#[derive(Debug, Clone, Default)]
struct LastLine(Arc<Mutex<Vec<u8>>>);

impl Write for LastLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if line.last() == Some(&b'\n') {
            line.clear();
        }
        line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl LastLine {
    /// The line, if it is JSON.
    fn value(&self) -> Option<Box<RawValue>> {
        let line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = line.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty())?;
        serde_json::from_slice(last).ok()
    }
}

/// A variable of the environment that says something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether this is a job of hotglue's.
pub(crate) fn is_job() -> bool {
    variable("JOB_ID").is_some()
}

impl Printed {
    /// What a run prints by these settings. `state` is what an earlier attempt has printed.
    ///
    /// # Errors
    /// A file of an earlier attempt that is there and cannot be read.
    pub fn of(mode: OutputMode, state: Option<&Path>, dry_run: bool) -> anyhow::Result<Self> {
        let of_hotglue = variable("JOB_ID").or_else(|| variable("FLOW")).is_some();
        match mode {
            OutputMode::Auto if of_hotglue => {}
            OutputMode::Hotglue => {}
            // A state says that records were written, so a run that only reads has none to print.
            _ if dry_run => return Ok(Self::States(Output::to(io::sink()))),
            _ => return Ok(Self::States(Output::stdout())),
        }
        let retry_file = match variable("JOB_ID") {
            Some(job) => Path::new("/home/hotglue").join(job).join(RETRY_FILE),
            None => Path::new("../.secrets").join(RETRY_FILE),
        };
        let earlier = if retry_file.is_file() { Some(retry_file.as_path()) } else { state };
        let results = match earlier {
            None => Results::default(),
            Some(file) => Results::earlier(file).with_context(|| file.display().to_string())?,
        };
        let streams = variable("STREAMING_JOB").is_some_and(|it| it.eq_ignore_ascii_case("true"));
        let tap = LastLine::default();
        Ok(Self::Records(Box::new(Records { results, retry_file, tap, streams })))
    }

    /// Where the tap's states go as they become true.
    #[must_use]
    pub fn states(&self) -> Output {
        match self {
            Self::States(output) => output.clone(),
            Self::Records(records) => Output::to(records.tap.clone()),
        }
    }

    /// What is noted of every record; nothing where nobody wants it.
    #[must_use]
    pub fn notes(&self) -> Option<Notes> {
        match self {
            Self::States(_) => None,
            Self::Records(records) => Some(records.results.notes()),
        }
    }

    /// Whether what is printed tells which records failed.
    #[must_use]
    pub fn tells_failures(&self) -> bool {
        matches!(self, Self::Records(_))
    }

    /// Prints what is left to print at the end of a run whose results these are. What is not complete is kept
    /// for the next attempt.
    ///
    /// # Errors
    /// The results cannot be read, or nobody reads what is printed.
    pub fn end(&mut self, results: &Path, ending: Ending) -> anyhow::Result<()> {
        let Self::Records(records) = self else { return Ok(()) };
        let up_to = match ending {
            Ending::Complete | Ending::Stopped => None,
            Ending::BrokenOff(line) => Some(line),
        };
        records.results.add(results, up_to).context("run_dir")?;
        records.keep(ending);
        let tap = records.tap.value();
        let line = records.results.line(tap.as_deref(), records.streams).context("stdout")?;
        Output::stdout().text(&line).context("stdout")
    }
}

impl Records {
    /// Leaves to the next attempt what was done, or that there is nothing left to do.
    fn keep(&self, ending: Ending) {
        let file = &self.retry_file;
        let (kept, what) = match ending {
            Ending::Complete => (std::fs::remove_file(file), "does not begin anew"),
            _ => (self.results.save(file), "begins anew"),
        };
        match kept {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let file = file.display();
                tracing::warn!("{file}: cannot be changed: {error}; the next attempt {what}");
            }
            _ => {}
        }
    }
}
