//! Calls and downloads against a server in this process, over real sockets.
//!
//! The server answers what each test says and keeps a journal, so that a test can count requests
//! and see exactly what was sent. Waits are nothing or a few milliseconds by configuration.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests, which clippy cannot see")]

mod call;
mod class;
mod download;
mod log;
mod server;
mod stated;
mod token;
