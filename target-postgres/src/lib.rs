//! A Singer target for PostgreSQL and Supabase.
//!
//! ```text
//!  SCHEMA ─▶ shape ─▶ table ─▶ change ─▶ plan        what the table must become, given what it is (actual)
//!                                 │
//!  RECORD ─▶ copy::Encoder ─▶ rows ──▶ load::Flush ─▶ session ─▶ PostgreSQL
//!            raw JSON to a    the last  one transaction: changes, COPY, upsert, state
//!            row of COPY      of a key  on a thread of its own (database)
//!            counts
//! ```
//!
//! `name`, `kind`, `shape`, `column`, `table`, `change`, `sql` and `copy` are pure: they call nothing and
//! read no clock. `connection`, `session`, `actual`, `load` and `state` talk to the server. Nothing here
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
pub mod kind;
pub mod load;
mod lookup;
pub mod name;
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
