//! Benchmarks, each in one run: beside an alternative or beside a bound, because machines differ and are noisy,
//! and ratios less so.
//!
//! ```text
//! cargo run --release -p bench -- load --records 100000
//! cargo run --release -p bench -- backfill --days 730 --speed 1000
//! ```

#![allow(clippy::print_stdout, reason = "this program is for people")]

mod backfill;
mod load;
mod race;
mod workload;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, ensure};
use clap::Parser;

/// Benchmarks, and their figures on this machine
#[derive(Debug, Parser)]
enum Benchmark {
    /// Load rows with target-postgres and with psql, turn about
    Load(load::Args),
    /// See how near a backfill comes to what Amazon's quotas permit
    Backfill(backfill::Args),
}

fn main() -> ExitCode {
    let result = match Benchmark::parse() {
        Benchmark::Load(args) => load::run(&args),
        Benchmark::Backfill(args) => backfill::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("FATAL {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the release builds of these programs, which are built first.
fn built(programs: &[&str]) -> anyhow::Result<PathBuf> {
    let packages = programs.iter().flat_map(|program| ["-p", program]);
    let built =
        Command::new("cargo").args(["build", "--release", "--locked"]).args(packages).status()?;
    ensure!(built.success(), "{} does not build", programs.join(", "));
    let bench = std::env::current_exe()?;
    Ok(bench.parent().context("this program is nowhere")?.to_owned())
}
