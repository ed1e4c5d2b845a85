//! One run of the program, from its arguments to its summary.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Parser;
use singer::cli::{Incomplete, Information, TargetArgs};
use singer::{Input, Output};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::api::Api;
use crate::config::{ABOUT, Config};
use crate::report::{Report, say_requests};
use crate::sink::{Mode, PlytixSink};
use crate::upsert::{Manner, Upsert};

/// The program's arguments.
#[derive(Debug, Parser)]
pub struct Args {
    #[command(flatten)]
    target: TargetArgs,
    /// Say what would be created and changed, and write nothing
    #[arg(long)]
    dry_run: bool,
}

impl AsRef<Information> for Args {
    fn as_ref(&self) -> &Information {
        &self.target.information
    }
}

/// Reads messages and writes products, to the end of the input.
///
/// # Errors
/// A configuration that cannot work, a run that ended early, or records that failed. What the last
/// printed state covers was written or reported in every case.
pub async fn run(args: Args, now: DateTime<Utc>) -> anyhow::Result<()> {
    let config: Config = args.target.config(&ABOUT)?;
    let mapping = Arc::new(config.mapping()?);
    let dry_run = args.dry_run || config.dry_run;
    // A state says that records were written, so a dry run has none to print.
    let (mode, output) = if dry_run {
        (Mode::DryRun, Output::to(std::io::sink()))
    } else {
        (Mode::Write, Output::stdout())
    };
    let report = Arc::new(Report::default());
    let manner = Manner {
        family: config.family.clone(),
        touch: config.touch_last_synced,
        today: now.date_naive(),
        parallel: config.parallel_writes,
        windows: config.windows().to_vec(),
    };
    let api = Api::new(&config)?;
    let upsert = Arc::new(Upsert::new(api, Arc::clone(&mapping), manner, Arc::clone(&report)));
    let mut sink = PlytixSink::new(mapping, Arc::clone(&upsert), Arc::clone(&report), mode);

    let input = Input::new(source(&args.target.input).await?);
    let result = singer::target::run(input, &output, &mut sink, config.limits()).await;
    let totals = report.totals();
    if !dry_run {
        totals.say();
    }
    say_requests(&upsert.api().counts());
    result?;
    match totals.failures() {
        Some(failures) if !dry_run => {
            Err(Incomplete(format!("{failures}; each is named above with its reason")).into())
        }
        _ => Ok(()),
    }
}

/// The files, one after the other, or the standard input.
async fn source(files: &[PathBuf]) -> anyhow::Result<Box<dyn AsyncRead + Unpin>> {
    let mut source: Box<dyn AsyncRead + Unpin> = match files {
        [] => return Ok(Box::new(tokio::io::stdin())),
        _ => Box::new(tokio::io::empty()),
    };
    for path in files {
        let file = File::open(path).await.with_context(|| path.display().to_string())?;
        // A file may end without a line end.
        source = Box::new(source.chain(file).chain("\n".as_bytes()));
    }
    Ok(source)
}
