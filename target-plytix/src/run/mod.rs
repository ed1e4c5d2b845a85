//! What is kept of every run, so that a run that was killed goes on and a run that is over can be read.
//!
//! ```text
//!  run_dir/
//!    memory-1f0c….jsonl      what is known of the account from run to run ([`memory`])
//!    20261121T113702Z/
//!      run.json              what the run was asked to do
//!      records.jsonl         the messages as they came in; `--resume` reads them again
//!      results.jsonl         what became of every product in every phase
//!      products.jsonl        SKU and id of every product that was written or found
//!      matches.jsonl         which of the seller's own products were found, and how
//!      failures.jsonl        what could not be done; `--retry-failures` begins here
//!      checkpoint.json       how far the run is, put in place in one piece
//!      lock                  locked while a process works on the run
//! ```
//!
//! Lines are only appended, each with one write, so a run that is killed leaves whole lines and at most
//! one torn one at the end, which the next reader passes over. A run that begins deletes old ones
//! (`retention`). Nothing here calls anybody, and nothing
//! here decides what is done: every phase looks at Plytix before it writes, and the journal spares looks.

mod directory;
mod journal;
pub mod memory;
mod retention;
mod spool;
mod told;

pub use directory::{Asked, Checkpoint, RunDir, RunError};
pub use journal::{Lines, lines};
pub use retention::{Retention, delete_old};
pub use spool::Spool;
pub use told::{list, show};
