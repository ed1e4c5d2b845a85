//! A Singer target for the Plytix PIM.
//!
//! Records of any stream that the mapping names become products; a product that exists gets what
//! differs and nothing else.
//!
//! ```text
//!  record ──▶ mapping ──▶ merge ─────────── commit ──────────▶ upsert
//!             path         one product      all that waits      look up 100 at a time
//!             template     per SKU                              create, family · patch · nothing
//! ```

pub mod account;
pub mod api;
pub mod config;
pub mod definition;
pub mod dialect;
pub mod mapping;
pub mod number;
pub mod path;
pub mod product;
pub mod report;
pub mod run;
pub mod sink;
pub mod template;
pub mod upsert;
pub mod value;
pub mod wanted;
