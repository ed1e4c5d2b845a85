//! Calling a rate-limited HTTP API politely.
//!
//! Two kinds of programs of this workspace call APIs that count every request. The rules of doing
//! so are the same for both and too subtle to be written twice; they live here, and what differs
//! (names, headers, the shape of an error) is passed in. Nothing in this crate names a vendor.
//!
//! ```text
//!  Call ──▶ Client ──▶ token ──▶ plan, gate, windows ──▶ request ──▶ verdict ──▶ Answer
//!            │           │              │                               │  or an Error that says
//!            │      TokenCache     RateLimiter, WindowLimiter           │  what the caller can do
//!            │                                                          │
//!            └── Dialect: what the answers of this API mean      again ─┘ within a RetryPolicy
//!
//!  SecretUrl ──▶ Downloader ──▶ Document: bytes of a presigned URL, with no token and no trace
//! ```
//!
//! An API is described in three parts: a constant [`Operation`] for everything that can be called,
//! a [`Dialect`] that reads its headers and errors, and, where there are tokens, a [`TokenSource`].
//!
//! ```
//! use api_client::{Call, Client, Dialect, Explanation, Method, Operation, RetryPolicy, UsagePlan};
//!
//! const GET_PARCEL: Operation = Operation {
//!     name: "getParcel",
//!     method: Method::Get,
//!     path: "/parcels/{parcelId}",
//!     plan: Some(UsagePlan { rate: 0.5, burst: 10 }),
//!     idempotent: true,
//! };
//!
//! struct Post;
//!
//! impl Dialect for Post {
//!     fn explain(&self, body: &[u8]) -> Explanation {
//!         Explanation { code: None, message: Some(String::from_utf8_lossy(body).into_owned()) }
//!     }
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("http://127.0.0.1:8080", Post)
//!     .policy(RetryPolicy { attempts: 3, ..RetryPolicy::default() })
//!     .header("user-agent", "example/1.0")
//!     .build()?;
//! let answer = client.call(Call::to(&GET_PARCEL).path("parcelId", "7/b")).await?;
//! let parcel: Vec<u64> = answer.json()?;
//! # Ok(())
//! # }
//! ```
//!
//! What is absent by design: redirects, cookies, automatic decompression, and a second place that
//! retries. A caller that repeats a failed call multiplies the attempts made here.

mod answer;
mod attempt;
mod client;
mod count;
mod dialect;
mod download;
mod error;
mod operation;
mod percent;
mod plan;
mod queue;
mod quota;
mod retry;
mod token;
mod transport;
mod window;

pub use answer::{Answer, Headers};
pub use client::{Client, ClientBuilder};
pub use count::Count;
pub use dialect::{Dialect, Explanation};
pub use download::{Document, DownloadError, Downloader, LastAttempt, SecretUrl};
pub use error::{BuildError, Error, Refusal};
pub use operation::{Call, Method, Operation};
pub use plan::{RateLimiter, UsagePlan};
pub use quota::windows::{Allowance, WindowMemory};
pub use retry::RetryPolicy;
pub use token::{AccessToken, TokenCache, TokenSource};
pub use transport::Timeouts;
pub use window::{Window, WindowLimiter};
