//! `tap-amazon-seller`: writes what a seller can read at Amazon as Singer messages.

use std::process::ExitCode;

use clap::Parser;
use singer::catalog::Catalog;
use singer::cli::{Information, Mode, TapArgs};
use singer::config::Environment;
use singer::{Output, State};
use tap_amazon_seller::bookmark::Bookmarks;
use tap_amazon_seller::clock::Clock;
use tap_amazon_seller::config::{self, ABOUT, Config};
use tap_amazon_seller::streams::Roster;
use tap_amazon_seller::sync::Audience;
use tap_amazon_seller::{check, forecast, selection, sync, trial};

/// The arguments of this tap.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    tap: TapArgs,
    /// Extract only these streams, given as comma text; with --discover, print a catalog that selects them
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    streams: Vec<String>,
    /// Print what a run would ask of Amazon and how long that takes, and stop
    #[arg(long, conflicts_with_all = ["check", "discover", "test"])]
    plan: bool,
    /// Ask Amazon which of the streams may be read, print it, and stop
    #[arg(long, conflicts_with_all = ["discover", "test"])]
    check: bool,
}

impl AsRef<Information> for Args {
    fn as_ref(&self) -> &Information {
        &self.tap.information
    }
}

fn main() -> ExitCode {
    singer::cli::main(&ABOUT, async |args: Args, now| {
        let (tap, output) = (&args.tap, Output::stdout());
        let mode = tap.mode();
        let settings = singer::config::load(&ABOUT, &tap.config, &Environment::of_process());
        if mode == Mode::Discover {
            let roster = match settings {
                // What there is can be told without a configuration.
                Err(_) if tap.config.is_empty() => Roster::table(),
                settings => config::roster(&settings?)?,
            };
            let catalog = selection::catalog(&roster, &args.streams)?;
            let catalog = serde_json::to_string_pretty(&catalog)?;
            return Ok(output.text(&catalog)?);
        }
        let config = Config::parse(settings?, now)?;
        let catalog = tap.catalog.as_deref().map(Catalog::read).transpose()?;
        let mut selected = selection::selected(&config.roster, catalog.as_ref(), &args.streams)?;
        config.veils.draw(&mut selected);
        selection::complete(&config, &selected)?;
        let state = tap.state.as_deref().map(State::read).transpose()?.unwrap_or_default();
        let bookmarks =
            Bookmarks::new(state).described(selection::fingerprints(&config, &selected));
        let run = sync::Run {
            config,
            selected,
            bookmarks,
            clock: Clock::starting(now),
            output,
            audience: if singer::log::is_watched(&Environment::of_process()) {
                Audience::Person
            } else {
                Audience::Log
            },
        };
        match mode {
            _ if args.plan => forecast::run(run).await,
            _ if args.check => check::run(run).await,
            Mode::Test(test) => trial::run(run, test).await,
            Mode::Discover | Mode::Sync => sync::run(run).await,
        }
    })
}
