//! A Singer target for PostgreSQL and Supabase.

pub mod change;
pub mod column;
pub mod copy;
pub mod kind;
pub mod name;
pub mod shape;
pub mod sql;
pub mod table;
