//! A Singer tap for Amazon's Selling Partner API.
//!
//! ```text
//!  config ─▶ account ─▶ due ─▶ sync ─▶ report ─▶ load ─▶ document ─▶ record ─▶ writer ─▶ stdout
//!            regions,   which          ask,      down-   bytes to    row to    schema,
//!            market-    windows        wait      load    rows        JSON      record,
//!            places     (plan)                                                 state
//!                                  ├─▶ pages (lists of APIs) ──────────────────────┤
//!                                  └─▶ catalog_items, listings_items ──────────────┘
//! ```
//!
//! `streams` is the table of everything that can be extracted; nothing else names a stream, but for `compat`,
//! which says how streams of another tap are made of them. `bookmark` is the only owner of the state. `api` names Amazon's operations; nobody else builds a URL, knows a
//! rate or retries. `document`, `pages`, `record` and `plan` are pure: they call nothing and read no clock.
//! `forecast` counts what `due` finds instead of asking for it; `check` asks only whether it may ask.

pub mod absence;
pub mod account;
pub mod api;
pub mod bookmark;
pub mod catalog_items;
pub mod check;
pub mod clock;
pub mod compat;
pub mod config;
pub mod digest;
pub mod document;
pub mod due;
pub mod explanation;
pub mod extent;
pub mod fatal;
pub mod forecast;
pub mod job;
pub mod ledger;
pub mod listings_items;
pub mod load;
pub mod login;
pub mod marketplace;
pub mod pages;
pub mod plan;
pub mod record;
pub mod report;
pub mod report_types;
pub mod selection;
pub mod settling;
pub mod streams;
pub mod sync;
pub mod table;
pub mod trial;
pub mod veil;
pub mod writer;
