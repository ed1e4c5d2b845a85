//! The real binary against a real PostgreSQL, with PostgreSQL as the judge.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "for tests: what cannot go on stops, and says where"
)]

mod again;
mod chunk;
mod connection;
mod crash;
mod existing;
mod hostile;
mod load;
mod mode;
mod pooler;
mod reload;
mod shared;
mod spill;
mod state;
mod support;
mod tls;
mod value;
