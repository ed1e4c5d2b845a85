//! A Singer target for PostgreSQL and Supabase.

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
