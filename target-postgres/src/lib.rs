//! A Singer target for PostgreSQL and Supabase.
//!
//! ```text
//!  SCHEMA ─▶ shape ─▶ table ─▶ change ─▶ plan        what the table must become, given what it is (actual)
//!                                 │
//!  RECORD ─▶ copy::Encoder ─▶ rows ──▶ flush ─▶ session ─▶ PostgreSQL
//!            raw JSON to a    the last  one transaction: chunk by chunk which rows differ and COPY of
//!            row of COPY      of a key  these, then changes, one statement a stream, the state; on a
//!                             of a chunk  thread of its own (database)
//! ```
//!
//! `name`, `kind`, `shape`, `column`, `table`, `change`, `sql` and `copy` are pure: they call nothing and
//! read no clock. `connection`, `session`, `actual`, `flush` and `state` talk to the server. Nothing here
//! knows a vendor or names a stream.

pub mod actual;
pub mod change;
pub mod column;
pub mod config;
pub mod connection;
pub mod copy;
pub mod database;
pub mod dead_letter;
pub mod ending;
pub mod failure;
pub mod flush;
pub mod kind;
mod lookup;
pub mod name;
mod notes;
pub mod plan;
pub mod rows;
pub mod run;
pub mod session;
pub mod shape;
pub mod sink;
pub mod sql;
mod state;
pub mod table;
mod validation;
