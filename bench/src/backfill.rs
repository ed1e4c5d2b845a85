//! How near a backfill comes to what Amazon's quotas permit.
//!
//! Extracts daily sales and traffic of ten marketplaces in three regions from the emulator, with Amazon's
//! published plans sped up, and compares the time from the first request for a report to the last
//! download, as the emulator's journal has it, with the bound: the reports of the region that has the most,
//! less the burst, divided by the rate of createReport.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::built;

/// createReport, as Amazon publishes it: calls a second after a burst.
const RATE: f64 = 0.0167;
/// Calls that may be made at once.
const BURST: f64 = 15.0;

/// How much is extracted, and how fast.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Days of history
    #[arg(long, default_value_t = 730)]
    days: u32,
    /// How many times as fast as Amazon the emulator is
    #[arg(long, default_value_t = 1000.0)]
    speed: f64,
    /// Marketplaces, by country
    #[arg(long, default_value = "US,CA,MX,DE,FR,IT,ES,GB,JP,AU")]
    marketplaces: String,
}

/// Prints how long it took beside the bound.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let programs = &built(&["emulator", "tap-amazon-seller"])?;
    let folder = tempfile::tempdir()?;
    let journal = folder.path().join("journal.jsonl");

    let mut emulator = Command::new(programs.join("emulator"))
        .args(["serve", "--until-stdin-closes", "--asins", "4", "--orders", "1", "--journal"])
        .arg(&journal)
        .args(["--speed", &args.speed.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(emulator.stdout.take().context("no output")?).read_line(&mut line)?;
    let urls: Value = serde_json::from_str(&line).context("the emulator's addresses")?;
    let tapped = tap(args, &urls, programs, folder.path());
    emulator.kill()?;
    emulator.wait()?;
    let peak_kib = tapped?;
    report(args, &read(&journal)?, peak_kib)
}

/// Runs the tap to its end; the most memory that it held, in KiB.
fn tap(args: &Args, urls: &Value, programs: &Path, folder: &Path) -> anyhow::Result<u64> {
    let config = folder.join("config.json");
    let days = format!("{} days ago", args.days);
    let start = Command::new("date").args(["-u", "+%F", "-d", &days]).output()?;
    let settings = json!({
        "lwa_client_id": "amzn1.application-oa2-client.demo",
        "lwa_client_secret": "amzn1.oa2-cs.v1.demo",
        "refresh_token": "Atzr|demo",
        "marketplaces": args.marketplaces,
        "start_date": String::from_utf8(start.stdout)?.trim(),
        // Twenty seconds of Amazon's.
        "poll_interval_seconds": 20.0 / args.speed,
        "endpoints": {"lwa": urls["lwa"], "na": urls["na"], "eu": urls["eu"], "fe": urls["fe"]},
    });
    std::fs::write(&config, settings.to_string())?;
    let (messages, log) = (folder.join("messages.jsonl"), folder.join("log.txt"));
    let status = Command::new("/usr/bin/time")
        .args(["--format", "%M", "--output"])
        .arg(folder.join("peak.txt"))
        .arg(programs.join("tap-amazon-seller"))
        .arg("--config")
        .arg(&config)
        .args(["--streams", "sales_traffic_report"])
        .stdin(Stdio::null())
        .stdout(File::create(&messages)?)
        .stderr(File::create(&log)?)
        .status()
        .context("the program time; on Debian it is in the package of that name")?;
    let said = std::fs::read_to_string(&log)?;
    let last: Vec<_> = said.lines().rev().take(5).collect();
    ensure!(status.success(), "the tap failed:\n{}", last.join("\n"));
    let peak = std::fs::read_to_string(folder.join("peak.txt"))?;
    peak.trim().parse().context("the peak of memory")
}

/// The entries of a journal.
fn read(journal: &Path) -> anyhow::Result<Vec<Value>> {
    let lines = BufReader::new(File::open(journal)?).lines();
    lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}

/// Prints how long it took beside the bound, and what was called.
fn report(args: &Args, journal: &[Value], peak_kib: u64) -> anyhow::Result<()> {
    let mut regions: BTreeMap<&str, u32> = BTreeMap::new();
    let mut calls: BTreeMap<&str, u32> = BTreeMap::new();
    let (mut wishes, mut refused) = (BTreeSet::new(), 0);
    let (mut first, mut last) = (f64::INFINITY, 0_f64);
    for entry in journal {
        let operation = entry["operation"].as_str().unwrap_or_default();
        let at = entry["scaled_seconds"].as_f64().context("scaled_seconds")?;
        *calls.entry(operation).or_default() += 1;
        refused += u32::from(entry["status"] == 429);
        if operation == "createReport" && entry["status"] == 202 {
            *regions.entry(entry["service"].as_str().unwrap_or_default()).or_default() += 1;
            wishes.insert(
                entry["detail"].as_object().map(|detail| {
                    format!("{}{}", detail["marketplaceIds"], detail["dataStartTime"])
                }),
            );
            first = first.min(at);
        }
        if operation == "download" {
            last = last.max(at);
        }
    }
    let most = regions.values().copied().max().unwrap_or_default();
    let bound = (f64::from(most) - BURST).max(0.0) / RATE;
    let took = last - first;
    let reports: u32 = regions.values().sum();
    println!("{} days, {}: {reports} reports {regions:?}", args.days, args.marketplaces);
    println!("bound  {:>9.2} hours of Amazon's time", bound / 3600.0);
    println!("took   {:>9.2} hours, {:.4} times the bound", took / 3600.0, took / bound);
    println!("calls  {calls:?}, {refused} refused for being too many");
    println!("memory {:>9.1} MiB at most", f64::from(u32::try_from(peak_kib)?) / 1024.0);
    ensure!(wishes.len() == reports as usize, "a report was asked for more than once");
    Ok(())
}
