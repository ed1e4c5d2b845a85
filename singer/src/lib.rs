//! The Singer protocol, for taps and targets.
//!
//! A tap writes one JSON message a line; a target reads them and answers with states.
//!
//! ```text
//!  tap                                                          target
//!  ───                                                          ──────
//!  Output ── SCHEMA RECORD RECORD … STATE ──▶ pipe ──▶ Input ──▶ target::run ──▶ Sink
//!     ▲                                                              │
//!  State ◀──────────────── next run's --state ◀──────────────── Output (a state, once it is true)
//! ```
//!
//! There is no `Tap` trait: a tap gets types and an [`Output`] and keeps control. Only targets hand
//! control over, to [`target::run`], because the rule for states must be the same everywhere; what a
//! target has to say is one small trait, [`Sink`].
//!
//! This crate knows no HTTP, no SQL and no vendor. A thing belongs here when a second program needs
//! it and it can be said without naming one of those.

pub mod about;
pub mod batch;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod extension;
pub mod input;
pub mod log;
pub mod mask;
pub mod message;
pub mod metric;
pub mod output;
pub mod sink;
pub mod state;
pub mod target;

pub use input::Input;
pub use message::{Message, Record, Schema};
pub use output::Output;
pub use sink::Sink;
pub use state::State;
