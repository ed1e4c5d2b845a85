//! A Singer target for the Plytix PIM.
//!
//! Records of any stream that the mapping names become products; a product that exists gets what
//! differs and nothing else.
//!
//! ```text
//!  record ──▶ mapping ──▶ merge ─────────── commit ──────────▶ phases ──▶ report
//!             path         one product      all that waits      look up 100    what became of it
//!             template     per SKU                              at a time      run: a folder a run
//! ```

pub mod account;
pub mod api;
pub mod config;
pub mod definition;
pub mod dialect;
pub mod mapping;
pub mod number;
pub mod path;
pub mod phase;
pub mod printed;
pub mod product;
pub mod program;
pub mod report;
pub mod run;
pub mod sink;
pub mod stop;
pub mod template;
pub mod value;
pub mod wanted;
