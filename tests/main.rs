//! Whole pipelines: the real binaries joined by a real pipe, against the emulator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails, and says where"
)]

mod absence;
mod amazon_to_plytix;
mod amazon_to_postgres;
mod another_tap;
mod bad_input;
mod catalogue;
mod custom_reports;
mod documents;
mod faults;
mod finances;
mod fulfillment;
mod into_plytix;
mod kill_and_resume;
mod killed_extraction;
#[cfg(target_os = "linux")]
mod large_documents;
mod messages;
mod orders_api;
mod plan_and_check;
mod plytix_case;
mod plytix_changed;
mod plytix_client;
mod plytix_hotglue;
mod plytix_killed;
mod plytix_moved;
mod plytix_output;
mod plytix_page;
mod plytix_requests;
mod plytix_windows;
mod plytix_workflow;
mod ready_made;
mod replenishment;
mod restricted_reports;
mod sdk_streams;
mod secrets;
mod settlements;
mod sql_views;
mod stock;
