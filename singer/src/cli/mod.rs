//! The command line that all taps or all targets share, and what surrounds a run.
//!
//! A program flattens [`TapArgs`] or [`TargetArgs`] into its own arguments and hands its run to
//! [`main`]:
//!
//! ```
//! # use singer::about::About;
//! # use singer::cli::{Information, TapArgs};
//! # static ABOUT: About = About { name: "tap-x", description: "", version: "1", capabilities: &[],
//! #     settings: "{}", streams: Vec::new, crates: &[] };
//! #[derive(clap::Parser)]
//! struct Args {
//!     #[command(flatten)]
//!     tap: TapArgs,
//!     /// Prints what would be called, and calls nothing.
//!     #[arg(long)]
//!     plan: bool,
//! }
//!
//! impl AsRef<Information> for Args {
//!     fn as_ref(&self) -> &Information {
//!         &self.tap.information
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     singer::cli::main(&ABOUT, async |args: Args, now| {
//!         // …
//!         Ok(())
//!     })
//! }
//! ```
//!
//! | exit | means |
//! |---|---|
//! | 0 | everything was done |
//! | 1 | something failed; the last line on stderr says what |
//! | 2 | the arguments or the configuration cannot work; nothing was called |
//! | 101 | a defect of the program |

use std::ffi::OsString;
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::{Args, Parser, ValueEnum};
use serde::de::DeserializeOwned;

use crate::about::{About, Format};
use crate::catalog::CatalogError;
use crate::config::{self, ConfigError, Environment};
use crate::input::Unopened;
use crate::log::{self, Layout};
use crate::output::Output;
use crate::state::StateError;

/// What a program can be asked about itself.
#[derive(Debug, Clone, Default, Args)]
pub struct Information {
    /// Describe this program and its settings, and stop
    #[arg(long)]
    pub about: bool,
    /// The form of the description
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
    /// Print the version, and stop
    #[arg(short = 'V', long)]
    pub version: bool,
    /// How much to log: debug, info, warning or error; as LOGLEVEL, and before it
    #[arg(long, value_name = "LEVEL", value_parser = log::LEVELS, ignore_case = true,
        hide_possible_values = true)]
    pub log_level: Option<String>,
    /// Write the log to the end of FILE too
    #[arg(long, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

/// The arguments of every tap.
#[derive(Debug, Clone, Default, Args)]
pub struct TapArgs {
    /// A file of settings, or the word ENV for environment variables; the later wins, ENV over all
    #[arg(short, long, value_name = "FILE")]
    pub config: Vec<String>,
    /// Print the catalog, and stop; needs no configuration, and heeds the one that is given
    #[arg(short, long)]
    pub discover: bool,
    /// What to extract: a catalog with selections
    #[arg(long, short = 'p', alias = "properties", value_name = "FILE")]
    pub catalog: Option<PathBuf>,
    /// Where the last run stopped
    #[arg(short, long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Try the configuration out instead of extracting everything
    #[arg(long, value_enum, value_name = "MODE", num_args = 0..=1, require_equals = true,
        default_missing_value = "all")]
    pub test: Option<Test>,
    /// What the program can be asked about itself.
    #[command(flatten)]
    pub information: Information,
}

/// How much `--test` tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Test {
    /// All that the tap can try without asking for anything costly
    All,
    /// The schema of each selected stream, and no records
    Schema,
    /// Whether the credentials are accepted
    Connection,
    /// Nothing: the run is an ordinary one
    Disabled,
}

/// What a tap is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Print the catalog. Neither state nor catalog is read, though an orchestrator may name them; nor is
    /// a configuration needed, but one that is named may say which streams there are.
    Discover,
    /// Try the configuration out; never [`Test::Disabled`].
    Test(Test),
    /// Extract.
    Sync,
}

impl TapArgs {
    /// What the tap is to do.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match self.test {
            _ if self.discover => Mode::Discover,
            None | Some(Test::Disabled) => Mode::Sync,
            Some(test) => Mode::Test(test),
        }
    }

    /// The settings, as the tap's own type.
    pub fn config<T: DeserializeOwned>(&self, about: &About) -> Result<T, ConfigError> {
        config::read(config::load(about, &self.config, &Environment::of_process())?)
    }
}

impl AsRef<Information> for TapArgs {
    fn as_ref(&self) -> &Information {
        &self.information
    }
}

/// The arguments of every target.
#[derive(Debug, Clone, Default, Args)]
pub struct TargetArgs {
    /// A file of settings, or the word ENV for environment variables; the later wins, ENV over all
    #[arg(short, long, value_name = "FILE")]
    pub config: Vec<String>,
    /// A file of messages to read instead of standard input; several are read in turn
    #[arg(long, value_name = "FILE")]
    pub input: Vec<PathBuf>,
    /// Where the last run stopped, for targets that keep notes of their own
    #[arg(short, long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// What the program can be asked about itself.
    #[command(flatten)]
    pub information: Information,
}

impl TargetArgs {
    /// The settings, as the target's own type.
    pub fn config<T: DeserializeOwned>(&self, about: &About) -> Result<T, ConfigError> {
        config::read(config::load(about, &self.config, &Environment::of_process())?)
    }
}

impl AsRef<Information> for TargetArgs {
    fn as_ref(&self) -> &Information {
        &self.information
    }
}

/// The arguments contradict each other, or name what does not exist. Ends the program with exit 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The run came to its end, and a part of it failed that was reported when it did. Ends the program
/// with exit 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Incomplete(pub String);

/// How a program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Success = 0,
    Failure = 1,
    Usage = 2,
}

/// What the arguments come to, before anything is done.
enum Start<A> {
    /// The program runs.
    Run(A),
    /// The program prints a text about itself and stops.
    Answer(String),
    /// clap has something to say: help, or what is wrong with the arguments.
    Clap(clap::Error),
}

/// Runs a program: reads its arguments, starts its log, calls `run` and turns the result into the
/// program's exit code.
///
/// `run` gets the time at which the program started; nothing else reads the clock. An error is printed
/// once, as a line on stderr that begins with `FATAL` and goes on with the causes. The exit code is 2
/// if [`Usage`], [`ConfigError`] or a file of the arguments that cannot be used ([`CatalogError`],
/// [`StateError`], [`Unopened`]) is the error or among its causes (a wrapper that is
/// `#[error(transparent)]` hides it), else 1. A panic prints one line without the panic's text, which
/// may hold data.
pub fn main<A, F>(about: &'static About, run: F) -> ExitCode
where
    A: Parser + AsRef<Information>,
    F: AsyncFnOnce(A, DateTime<Utc>) -> anyhow::Result<()>,
{
    let environment = Environment::of_process();
    let layout = Layout::of(&environment);
    std::panic::set_hook(Box::new(move |panic| {
        report(layout, about, &defect(panic));
    }));
    let result = match start::<A>(about, std::env::args_os()) {
        Ok(Start::Clap(error)) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8));
        }
        Ok(Start::Answer(text)) => Output::stdout().text(&text).context("stdout"),
        Ok(Start::Run(args)) => {
            let Information { log_level, log_file, .. } = args.as_ref();
            match log::start(about, &environment, log_level.as_deref(), log_file.as_deref()) {
                Ok(()) => execute(args, run),
                Err(error) => Err(Usage(format!("--log-file: {error}")).into()),
            }
        }
        Err(error) => Err(error.into()),
    };
    let exit = match result {
        Ok(()) => Exit::Success,
        Err(error) => {
            report(layout, about, &message(&error));
            exit(&error)
        }
    };
    ExitCode::from(exit as u8)
}

/// Runs `run` on this thread, to its end.
fn execute<A, F>(args: A, run: F) -> anyhow::Result<()>
where
    F: AsyncFnOnce(A, DateTime<Utc>) -> anyhow::Result<()>,
{
    #[expect(clippy::disallowed_methods, reason = "here main reads the clock, once")]
    let now = Utc::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(run(args, now));
    // A read of standard input that is still waiting must not keep a program alive that is done: the
    // tap at the other end may have nothing to say for an hour.
    runtime.shutdown_background();
    result
}

/// What the arguments ask for.
fn start<A: Parser + AsRef<Information>>(
    about: &About,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Start<A>, ConfigError> {
    let command = A::command().name(about.name).about(about.description);
    let args = match command
        .try_get_matches_from(arguments)
        .and_then(|matches| A::from_arg_matches(&matches))
    {
        Ok(args) => args,
        Err(error) => return Ok(Start::Clap(error)),
    };
    let information = args.as_ref();
    if information.version {
        return Ok(Start::Answer(format!("{} v{}", about.name, about.version)));
    }
    if information.about {
        return about.render(information.format).map(Start::Answer);
    }
    Ok(Start::Run(args))
}

/// The exit code that an error asks for.
fn exit(error: &anyhow::Error) -> Exit {
    let is_usage = |cause: &(dyn std::error::Error + 'static)| {
        cause.is::<Usage>()
            || cause.is::<ConfigError>()
            || cause.is::<CatalogError>()
            || cause.is::<StateError>()
            || cause.is::<Unopened>()
    };
    // A context of an error is not among its causes as its own type.
    if error.is::<Usage>() || error.is::<ConfigError>() || error.chain().any(is_usage) {
        Exit::Usage
    } else {
        Exit::Failure
    }
}

/// An error and its causes on one line; a cause that the error before it repeats is said once.
fn message(error: &anyhow::Error) -> String {
    if let Some(error) = error.downcast_ref::<io::Error>()
        && error.kind() == io::ErrorKind::BrokenPipe
    {
        return "stdout: the program that reads it has ended".to_owned();
    }
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    log::one_line(&text)
}

/// A panic on one line: where, and not what, because its text may hold data.
fn defect(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
    format!("internal: a defect{}; report this place", place.unwrap_or_default())
}

/// Prints the line that ends a failed run; in JSON where the log is JSON.
fn report(layout: Layout, about: &About, message: &str) {
    let line = match layout {
        Layout::Text => format!("FATAL {message}\n"),
        Layout::Json => log::fatal(about.name, message),
    };
    // There is nowhere left to complain when stderr is closed.
    let _ = log::Destination.write_all(line.as_bytes());
}

#[cfg(test)]
mod tests;
