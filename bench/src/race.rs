//! One load, run by both, turn about.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use support::database::Database;

use crate::workload::{self, KEY, Rows};

/// What both came to.
pub(crate) struct Outcome {
    /// Rows a second of the target, the median of all rounds.
    pub(crate) target: f64,
    /// Rows a second of psql, the median of all rounds.
    pub(crate) psql: f64,
    /// The most memory that the target held in any round.
    pub(crate) peak_mib: f64,
}

/// A server, and the two that load it.
pub(crate) struct Race {
    database: Database,
    folder: tempfile::TempDir,
    target: PathBuf,
    settings: String,
}

impl Race {
    /// Starts a server.
    pub(crate) fn new(target: PathBuf, settings: String) -> anyhow::Result<Self> {
        Ok(Self { database: Database::ordinary(), folder: tempfile::tempdir()?, target, settings })
    }

    /// Loads rows with both, each time into tables that hold what was before.
    pub(crate) fn run(
        &self,
        streams: &[String],
        before: Option<Rows>,
        load: Rows,
        rounds: usize,
    ) -> anyhow::Result<Outcome> {
        let file = |name: &str| self.folder.path().join(name);
        let (earlier, messages) = (file("before.jsonl"), file("load.jsonl"));
        let (earlier_csv, csv) = (file("before.csv"), file("load.csv"));
        if let Some(before) = before {
            workload::write_messages(&earlier, streams, before)?;
            workload::write_csv(&earlier_csv, before)?;
        }
        workload::write_messages(&messages, streams, load)?;
        workload::write_csv(&csv, load)?;

        let rows = f64::from(load.count) * f64::from(u32::try_from(streams.len())?);
        let (mut target, mut psql, mut peak_mib) = (Vec::new(), Vec::new(), 0_f64);
        for _ in 0..rounds {
            self.clear(streams);
            if before.is_some() {
                self.load_with_target(&earlier)?;
            }
            self.database.sql("checkpoint");
            let (time, peak) = self.load_with_target(&messages)?;
            target.push(rows / time.as_secs_f64());
            peak_mib = peak_mib.max(peak);
            self.check(streams, load.count)?;

            self.clear(streams);
            for stream in streams {
                self.database
                    .sql(&format!("create table public.\"{stream}\" ({})", workload::columns()));
            }
            if before.is_some() {
                self.load_with_psql(streams, &earlier_csv)?;
            }
            self.database.sql("checkpoint");
            psql.push(rows / self.load_with_psql(streams, &csv)?.as_secs_f64());
            self.check(streams, load.count)?;
        }
        Ok(Outcome { target: median(&mut target), psql: median(&mut psql), peak_mib })
    }

    fn clear(&self, streams: &[String]) {
        let tables: Vec<_> = streams.iter().map(|stream| format!("public.\"{stream}\"")).collect();
        self.database.sql(&format!("drop table if exists {}", tables.join(", ")));
    }

    fn check(&self, streams: &[String], rows: u32) -> anyhow::Result<()> {
        for stream in streams {
            let found = self.database.sql(&format!("select count(*) from public.\"{stream}\""));
            ensure!(found == rows.to_string(), "{stream}: {found} rows in place of {rows}");
        }
        Ok(())
    }

    /// The target's time and peak memory.
    fn load_with_target(&self, messages: &Path) -> anyhow::Result<(Duration, f64)> {
        let config = self.folder.path().join("config.json");
        let extra = self.settings.trim().trim_start_matches('{').trim_end_matches('}').trim();
        let comma = if extra.is_empty() { "" } else { "," };
        let url = self.database.url();
        // The rows are to be the same, so the target adds no columns of its own.
        std::fs::write(
            &config,
            format!(
                r#"{{"database_url":"{url}","default_target_schema":"public","add_record_metadata":false{comma}{extra}}}"#
            ),
        )?;
        let started = now();
        let mut child = Command::new(&self.target)
            .arg("--config")
            .arg(&config)
            .env("LOGLEVEL", "warning")
            .stdin(File::open(messages)?)
            .stdout(Stdio::null())
            .spawn()?;
        let watch = Watch::of(child.id());
        let status = child.wait()?;
        let time = now().duration_since(started);
        ensure!(status.success(), "the target failed: {status}");
        Ok((time, watch.peak_mib()?))
    }

    /// psql's time: CSV into a staging table, then an upsert, in one transaction a table.
    fn load_with_psql(&self, streams: &[String], csv: &Path) -> anyhow::Result<Duration> {
        use std::io::Write as _;
        let mut script = Vec::new();
        for stream in streams {
            writeln!(
                script,
                "begin;\ncreate temp table staging (like public.\"{stream}\") on commit drop;\n\
                 \\copy staging from '{csv}' csv\n\
                 insert into public.\"{stream}\" select * from staging \
                 on conflict ({KEY}) do update set {assignments};\ncommit;",
                csv = csv.display(),
                assignments = workload::assignments(),
            )?;
        }
        let mut psql = self.database.psql();
        psql.args(["-q", "-v", "ON_ERROR_STOP=1"]).stdin(Stdio::piped()).stdout(Stdio::null());
        let started = now();
        let mut child = psql.spawn()?;
        child.stdin.take().context("psql has a standard input")?.write_all(&script)?;
        let status = child.wait()?;
        let time = now().duration_since(started);
        ensure!(status.success(), "psql failed: {status}");
        Ok(time)
    }
}

/// The time, for which a benchmark is one of the few programs that have a use.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// Looks at the memory of a process while another thread waits for its end.
///
/// Every look stops the process for a moment and takes the time of a processor that both loads need, and
/// nobody looks at psql; so it is done seldom. The system keeps the peak, so that only one of the last
/// moments can be missed.
struct Watch {
    ended: mpsc::SyncSender<()>,
    looking: JoinHandle<f64>,
}

/// The time from one look at a process to the next.
const BETWEEN_LOOKS: Duration = Duration::from_millis(25);

impl Watch {
    fn of(process: u32) -> Self {
        let (ended, end) = mpsc::sync_channel(1);
        let looking = thread::spawn(move || {
            let mut peak_mib = 0_f64;
            while end.recv_timeout(BETWEEN_LOOKS) == Err(RecvTimeoutError::Timeout) {
                peak_mib = peak_mib.max(resident_peak_mib(process).unwrap_or_default());
            }
            peak_mib
        });
        Self { ended, looking }
    }

    /// The most memory that the process has held, once it has ended.
    fn peak_mib(self) -> anyhow::Result<f64> {
        drop(self.ended);
        self.looking.join().map_err(|_| anyhow!("nobody looked at the target's memory"))
    }
}

/// The most memory that a process has held so far, on systems that tell.
fn resident_peak_mib(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// The middle of the values; zero if there are none.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
