//! One run of the program, from its arguments to its summary.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Parser;
use singer::cli::{Incomplete, Information, TargetArgs, Usage};
use singer::{Input, Output};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use crate::api::Api;
use crate::config::{ABOUT, Config};
use crate::mapping::Mapping;
use crate::phase::{Loader, Manner, Phase, Phases};
use crate::printed::{self, Ending, Printed};
use crate::report::{Report, outcome, page, say_requests};
use crate::run::memory::Memory;
use crate::run::{self, Asked, Checkpoint, RunDir};
use crate::sink::{Mode, Options, PlytixSink};
use crate::stop::{self, Stoppable};

/// The program's arguments.
#[derive(Debug, Parser)]
pub struct Args {
    #[command(flatten)]
    target: TargetArgs,
    /// Say what would be written, linked and uploaded, and in how many requests; write nothing
    #[arg(long)]
    dry_run: bool,
    /// Compare the account with the mapping, make what is missing if the settings say so, and stop
    #[arg(long)]
    verify: bool,
    /// Take up a run that was interrupted, with the messages that it has kept
    #[arg(long, value_name = "RUN", conflicts_with_all = ["input", "retry_failures"])]
    resume: Option<String>,
    /// Do only these phases, whatever is remembered of them; separated by commas
    #[arg(long, value_name = "PHASES", value_delimiter = ',', value_parser = phase)]
    rerun_phases: Vec<Phase>,
    /// Read the messages of a run again, for the products of which something could not be done
    #[arg(long, value_name = "RUN", conflicts_with = "input")]
    retry_failures: Option<String>,
    /// List the runs, and stop
    #[arg(long)]
    list_runs: bool,
    /// Tell what is known of a run, and stop
    #[arg(long, value_name = "RUN")]
    show_run: Option<String>,
    /// Write what became of everything to FILE: a page for people if it ends in .html, else one line of
    /// JSON for each record
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
}

impl AsRef<Information> for Args {
    fn as_ref(&self) -> &Information {
        &self.target.information
    }
}

/// The phase that a word of the command line names.
fn phase(word: &str) -> Result<Phase, String> {
    let names: Vec<&str> = Phase::ALL.iter().map(|phase| phase.name()).collect();
    Phase::of(word).ok_or_else(|| format!("one of {}", names.join(", ")))
}

/// Reads messages and writes products, to the end of the input.
///
/// # Errors
/// A configuration that cannot work, a run that ended early, or records that failed. What the last
/// printed state covers was written or reported in every case.
pub async fn run(args: Args, now: DateTime<Utc>) -> anyhow::Result<()> {
    let config: Config = args.target.config(&ABOUT)?;
    if args.list_runs {
        return print(&run::list(&config.run_dir, config.retention(), now)?);
    }
    if let Some(id) = &args.show_run {
        return print(&run::show(&config.run_dir, id).map_err(usage)?);
    }
    let mapping = Arc::new(config.mapping()?);
    let mut manner = config.manner(&mapping, now.date_naive());
    if !args.rerun_phases.is_empty() {
        manner.phases = Phases::of(&args.rerun_phases);
        manner.again = true;
    }
    if args.verify {
        return verify(&config, mapping, manner).await;
    }
    load(&args, &config, mapping, manner, now).await
}

/// Prints a text that was asked for.
fn print(text: &str) -> anyhow::Result<()> {
    Output::stdout().text(text.trim_end()).context("stdout")
}

/// A run that does not exist, or that somebody else is at, is a mistake in the arguments.
fn usage(error: run::RunError) -> anyhow::Error {
    match error {
        run::RunError::File { .. } => error.into(),
        _ => Usage(error.to_string()).into(),
    }
}

/// Compares the account with the mapping.
async fn verify(config: &Config, mapping: Arc<Mapping>, manner: Manner) -> anyhow::Result<()> {
    let memory = Arc::new(Memory::forgetful(manner.today));
    let api = Api::new(config, &memory)?;
    let loader = Loader::new(api, mapping, manner, Arc::default(), memory);
    let result = loader.account().await;
    say_requests(&loader.api().counts());
    let account = result?;
    let relationships = [&account.hierarchy, &account.listings].into_iter().flatten();
    let labels: Vec<&str> = relationships.map(|it| it.label.as_str()).collect();
    print(&format!(
        "the account has everything that the mapping writes: {} columns, {}, relationships {}",
        account.columns.len(),
        if account.family.is_some() { "the family" } else { "no family wanted" },
        if labels.is_empty() { "not wanted".to_owned() } else { labels.join(", ") },
    ))
}

/// What a run reads, and what it knows when it begins.
struct Source {
    reader: singer::input::Source,
    run: RunDir,
    options: Options,
    known: Vec<(String, String)>,
    /// What the run that is taken up has counted.
    begun: Option<Checkpoint>,
}

/// Reads messages and writes products.
async fn load(
    args: &Args,
    config: &Config,
    mapping: Arc<Mapping>,
    manner: Manner,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let dry_run = args.dry_run || config.dry_run;
    let asked = asked(args, config, &manner, now);
    let mut printed = Printed::of(config.output, args.target.state.as_deref(), dry_run)?;
    let mut source = source(args, config, &asked).await?;
    source.options.notes = printed.notes();
    let memory = Memory::open(&config.memory(), now.date_naive(), config.remember_days)
        .with_context(|| config.memory().display().to_string())?;
    let memory = Arc::new(memory);
    if args.rerun_phases.contains(&Phase::Images) {
        memory.forget_assets();
    }
    tracing::info!("run {} in {}", source.run.id(), config.run_dir.display());
    tidy(args, config, source.run.id(), now);
    let report = Arc::new(Report::to(source.run));
    if let Some(begun) = source.begun {
        report.count(|totals| *totals = begun.totals);
    }
    let api = Api::new(config, &memory)?;
    let loader = Loader::new(api, Arc::clone(&mapping), manner, Arc::clone(&report), memory);
    loader.remember_products(source.known);
    let loader = Arc::new(loader);
    let mode = if dry_run { Mode::DryRun } else { Mode::Write };
    let mut sink =
        PlytixSink::new(mapping, Arc::clone(&loader), Arc::clone(&report), mode, source.options);
    let stoppable = Stoppable::new(source.reader)?;
    announce(now);
    let stopped = stoppable.stopped();
    let input = Input::new(stoppable);
    let result = singer::target::run(input, &printed.states(), &mut sink, config.limits()).await;
    loader.say_orphans();
    let ending = match &result {
        Err(_) => {
            Ending::BrokenOff(report.run().and_then(RunDir::checkpoint).map_or(0, |it| it.line))
        }
        Ok(_) if stopped.is_so() => Ending::Stopped,
        Ok(_) => Ending::Complete,
    };
    finish(args, &report, &mut printed, &sink, ending)?;
    say_requests(&loader.api().counts());
    result?;
    verdict(&report, dry_run || printed.tells_failures())
}

/// Deletes runs that are not kept any longer; this run goes on where that is not possible.
fn tidy(args: &Args, config: &Config, run: &str, now: DateTime<Utc>) {
    let needed: Vec<&str> = args.retry_failures.as_deref().into_iter().chain([run]).collect();
    match run::delete_old(&config.run_dir, config.retention(), &needed, now) {
        Ok(0) => {}
        Ok(runs) => tracing::info!("{runs} old runs deleted (keep_runs, keep_run_days)"),
        Err(error) => tracing::warn!("run_dir: old runs cannot be deleted: {error}"),
    }
}

/// Tells a job of hotglue's that it may stop this process in order.
fn announce(now: DateTime<Utc>) {
    if printed::is_job()
        && let Err(error) = stop::announce(&std::env::temp_dir(), now)
    {
        tracing::warn!(
            "the temporary folder cannot be written: {error}; hotglue may not stop this run"
        );
    }
}

/// What a run is asked to do.
fn asked(args: &Args, config: &Config, manner: &Manner, now: DateTime<Utc>) -> Asked {
    Asked {
        started: now,
        api_url: config.api_url.clone(),
        phases: manner.phases.names(),
        dry_run: args.dry_run || config.dry_run,
        of: args.retry_failures.clone(),
    }
}

/// How a run ends that came to its end. hotglue reads what failed from what was printed, and takes another
/// exit code for a crash; a run that only reads has failed at nothing.
fn verdict(report: &Report, is_told: bool) -> anyhow::Result<()> {
    match report.totals().failures() {
        Some(failures) if !is_told => {
            let again = report.run().map_or("", RunDir::id);
            let what = "each is named above with its reason";
            Err(Incomplete(format!("{failures}; {what}; --retry-failures {again} tries again"))
                .into())
        }
        _ => Ok(()),
    }
}

/// Says what became of everything, in all the ways that were asked for.
fn finish(
    args: &Args,
    report: &Report,
    printed: &mut Printed,
    sink: &PlytixSink,
    ending: Ending,
) -> anyhow::Result<()> {
    let totals = report.totals();
    totals.say();
    let Some(run) = report.run() else { return Ok(()) };
    let (commits, line) = sink.progress();
    let complete = ending == Ending::Complete;
    if complete || ending == Ending::Stopped {
        run.check(&Checkpoint { complete, commits, line, totals })?;
    }
    let results = run.file("results.jsonl");
    printed.end(&results, ending)?;
    for file in &args.report {
        let written = if file.extension().is_some_and(|it| it.eq_ignore_ascii_case("html")) {
            page::write(run, &totals, file)
        } else {
            outcome::write(&results, file)
        };
        written.with_context(|| format!("--report {}", file.display()))?;
    }
    Ok(())
}

/// Where the messages come from, and the run that they belong to.
async fn source(args: &Args, config: &Config, asked: &Asked) -> anyhow::Result<Source> {
    let mut options = Options::default();
    if let Some(id) = &args.resume {
        let run = RunDir::existing(&config.run_dir, id).map_err(usage)?;
        let begun = run.checkpoint().filter(|_| args.rerun_phases.is_empty());
        options.after_line = begun.as_ref().map_or(0, |begun| begun.line);
        let reader = kept(&run)?;
        let known = run.known()?;
        return Ok(Source { reader, run, options, known, begun });
    }
    // No run begins before it is known what it reads.
    let reader = match &args.retry_failures {
        Some(id) => {
            let of = RunDir::existing(&config.run_dir, id).map_err(usage)?;
            let failed: HashSet<String> = of.failed()?;
            tracing::info!("{} products of run {id} are tried again", failed.len());
            options.only = Some(failed);
            kept(&of)?
        }
        None => singer::input::source(&args.target.input).await?,
    };
    let run = RunDir::create(&config.run_dir, asked)?;
    let spool = run.spool()?;
    let reader = Box::new(spool.copying(reader));
    options.spool = Some(spool);
    Ok(Source { reader, run, options, known: Vec::new(), begun: None })
}

/// The messages that a run has kept.
fn kept(run: &RunDir) -> anyhow::Result<singer::input::Source> {
    let (file, length) = run.records()?;
    Ok(Box::new(File::from_std(file).take(length)))
}
