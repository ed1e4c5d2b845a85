//! One run of the program, from its arguments to its summary.

use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Parser;
use singer::cli::{Information, TargetArgs, Usage};
use singer::config::Environment;
use singer::{Input, Output};

use crate::config::{ABOUT, Config};
use crate::connection::Server;
use crate::database::Database;
use crate::session::{Opening, ReadingState, Session};
use crate::sink::PostgresSink;

/// The program's arguments.
#[derive(Debug, Parser)]
pub struct Args {
    #[command(flatten)]
    target: TargetArgs,
    /// Print the state that was stored last under `state_id`, if there is one, and stop
    #[arg(long)]
    print_state: bool,
}

impl AsRef<Information> for Args {
    fn as_ref(&self) -> &Information {
        &self.target.information
    }
}

/// Reads messages and writes rows, to the end of the input.
///
/// # Errors
/// A configuration that cannot work, or a run that ended early. What the last printed state covers is
/// safe in every case.
pub async fn run(args: Args, now: DateTime<Utc>) -> anyhow::Result<()> {
    let config: Config = args.target.config(&ABOUT)?;
    config.check()?;
    let server = Server::of(&config.connection, &Environment::of_process())?;
    let database = Database::start(Session::new(server)).context("cannot start a thread")?;
    if args.print_state {
        return print_state(&config, &database).await;
    }
    // Files that are not there are found out about before anything is done.
    let input = Input::new(singer::input::source(&args.target.input).await?);
    let config = Arc::new(config);
    database.run(Opening { config: Arc::clone(&config) }).await?;
    let mut sink = PostgresSink::new(Arc::clone(&config), database, now);
    let result = singer::target::run(input, &Output::stdout(), &mut sink, config.limits()).await;
    sink.say();
    for (stream, records) in result?.records {
        singer::metric::counter("record_count", records, &[("stream", stream.into())]);
    }
    Ok(())
}

/// Prints the state that was stored last; nothing where none was.
async fn print_state(config: &Config, database: &Database) -> anyhow::Result<()> {
    let id = config.state_id.clone().ok_or_else(|| {
        Usage("--print-state: set `state_id`; without it no states are stored".to_owned())
    })?;
    let namespace = config.namespace()?;
    if let Some(state) = database.run(ReadingState { id, namespace }).await? {
        Output::stdout().text(&state)?;
    }
    Ok(())
}
