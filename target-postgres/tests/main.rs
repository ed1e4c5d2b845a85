//! The real binary against a real PostgreSQL, with PostgreSQL as the judge.

mod connection;
mod crash;
mod existing;
mod hostile;
mod load;
mod mode;
mod state;
mod support;
mod value;
