//! Loads Singer streams into Plytix.

use std::process::ExitCode;

use target_plytix::config::ABOUT;
use target_plytix::run;

fn main() -> ExitCode {
    singer::cli::main(&ABOUT, run::run)
}
