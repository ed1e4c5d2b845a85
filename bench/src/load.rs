//! Loads the same rows with `target-postgres` and with psql (CSV into a staging table, then one
//! `INSERT … ON CONFLICT`), each into a server with a fresh installation's settings, turn about, and
//! prints rows a second, the ratio of the medians, and the target's peak memory.

use crate::built;
use crate::race::Race;
use crate::workload::Rows;

/// How much is loaded, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Records of a load
    #[arg(long, default_value_t = 100_000)]
    records: u32,
    /// Rounds of each comparison; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Streams of the interleaved load
    #[arg(long, default_value_t = 10)]
    streams: u32,
    /// Settings to add to the target's configuration, as a JSON object
    #[arg(long, default_value = "{}")]
    settings: String,
}

/// Prints a line for each kind of load.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let race =
        Race::new(built(&["target-postgres"])?.join("target-postgres"), args.settings.clone())?;
    let one = ["orders".to_owned()];
    let many: Vec<String> = (0..args.streams).map(|number| format!("orders_{number}")).collect();
    let new = Rows { count: args.records, version: 1 };
    let changed = Rows { version: 2, ..new };
    let share = Rows { count: args.records / args.streams, version: 1 };

    println!("{} records of 35 columns, {} rounds, medians", args.records, args.rounds);
    println!(
        "{:<34} {:>12} {:>12} {:>7} {:>9}",
        "", "target rows/s", "psql rows/s", "ratio", "peak MiB"
    );
    for (name, streams, before, load) in [
        ("insert", &one[..], None, new),
        ("update, every row changed", &one[..], Some(new), changed),
        ("load again, nothing changed", &one[..], Some(new), new),
        ("insert, streams interleaved", &many[..], None, share),
    ] {
        let outcome = race.run(streams, before, load, args.rounds)?;
        println!(
            "{name:<34} {:>13.0} {:>12.0} {:>7.2} {:>9.0}",
            outcome.target,
            outcome.psql,
            outcome.target / outcome.psql,
            outcome.peak_mib
        );
    }
    Ok(())
}
