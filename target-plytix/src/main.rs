//! Loads Singer streams into Plytix.

use std::process::ExitCode;

use target_plytix::config::ABOUT;
use target_plytix::program;

fn main() -> ExitCode {
    singer::cli::main(&ABOUT, program::run)
}
