//! Loads Singer streams into PostgreSQL.

use std::process::ExitCode;

use target_postgres::config::ABOUT;
use target_postgres::run;

fn main() -> ExitCode {
    singer::cli::main(&ABOUT, run::run)
}
