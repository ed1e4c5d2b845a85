//! The emulator as a program: starts, says where, and runs until it is told to end.

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand};
use emulator::{Authorization, Emulator, PlytixSettings, Settings};
use std::io::Write;
use std::path::PathBuf;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

/// Amazon's Selling Partner API and Plytix on loopback.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT; print the addresses as one line of JSON when ready.
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// Fixes all invented data.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of ASINs in the catalogue, variation parents included.
    #[arg(long, default_value_t = 200)]
    asins: u64,
    /// Number of orders in each region.
    #[arg(long, default_value_t = 500)]
    orders: u64,
    /// How many days back from the start, that day included, the orders reach.
    #[arg(long, value_name = "DAYS", default_value_t = 180)]
    order_days: u32,
    /// Multiply all published rates by this, and divide all waiting times.
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Life of Amazon's access tokens, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    token_life: u32,
    /// Serve the files that DIR/documents.json names, instead of invented documents.
    #[arg(long, value_name = "DIR")]
    documents: Option<PathBuf>,
    /// Write one line of JSON for each request to FILE.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    authorization: Authorization,
    #[command(flatten)]
    plytix: PlytixSettings,
    /// Play the faults that FILE describes (see README.md).
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Start at TIME (RFC 3339) instead of now; the invented data is anchored to its day.
    #[arg(long, value_name = "TIME")]
    now: Option<DateTime<Utc>>,
    /// Anchor the invented data to the day of TIME (RFC 3339) instead of that of the start: the same
    /// orders and money, seen at several starts.
    #[arg(long, value_name = "TIME")]
    anchor: Option<DateTime<Utc>>,
    /// End as well when standard input ends: with the process that started the emulator.
    #[arg(long)]
    until_stdin_closes: bool,
}

/// Reads a speed: a number above zero.
fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if f64::is_finite(speed) && speed > 0.0 => Ok(speed),
        _ => Err("expected a number above zero".to_owned()),
    }
}

fn main() -> anyhow::Result<()> {
    let Command::Serve(serve) = Cli::parse().command;
    #[expect(clippy::disallowed_methods, reason = "main reads the clock once")]
    let now = serve.now.unwrap_or_else(Utc::now);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(serve, now))?;
    // A read of standard input may still be blocked: do not wait for it.
    runtime.shutdown_background();
    Ok(())
}

/// Serves from `now` until the end is asked for.
async fn run(serve: Serve, now: DateTime<Utc>) -> anyhow::Result<()> {
    let dump = serve.plytix.dump.clone();
    let settings = Settings {
        seed: serve.seed,
        asins: serve.asins,
        orders: serve.orders,
        order_days: serve.order_days,
        speed: serve.speed,
        token_life_seconds: serve.token_life,
        documents: serve.documents,
        journal: serve.journal,
        faults: serve.faults,
        anchor: serve.anchor,
        authorization: serve.authorization,
        plytix: serve.plytix,
    };
    // Before anybody is told where to find the emulator, so that an early signal ends it as well.
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let emulator = Emulator::start(settings, now).await.context("cannot start the emulator")?;
    say(&serde_json::to_string(emulator.addresses())?)?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
        () = input_ended(), if serve.until_stdin_closes => {}
    }
    if let Some(file) = dump {
        std::fs::write(&file, emulator.plytix_dump())
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    say(&emulator.table())
}

/// Writes a line to standard output.
fn say(line: &str) -> anyhow::Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the emulator speaks no Singer: this is its word"
    )]
    let mut out = std::io::stdout();
    writeln!(out, "{}", line.trim_end()).context("cannot write to standard output")?;
    out.flush().context("cannot write to standard output")
}

/// Returns when standard input is at its end.
async fn input_ended() {
    let mut input = tokio::io::stdin();
    let mut buffer = [0; 256];
    while input.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}
