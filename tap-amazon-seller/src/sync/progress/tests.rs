//! What is said of a run at its moments.

use std::cell::RefCell;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;
use crate::account;
use crate::config::Config;

/// Clients of the regions of these marketplaces, which call nothing.
fn apis(marketplaces: &str) -> Vec<Api> {
    let Value::Object(settings) = json!({"lwa_client_id": "x", "lwa_client_secret": "x",
        "refresh_token": "x", "marketplaces": marketplaces})
    else {
        panic!("settings are an object")
    };
    let config = Config::parse(settings, "2026-11-21T12:00:00Z".parse().unwrap()).unwrap();
    let areas = account::presumed(&config, api_client::RetryPolicy::default()).unwrap();
    areas.unwrap().into_iter().map(|area| area.api).collect()
}

/// A run that has much to do in Europe, and nothing any more in America.
fn board() -> Board {
    let board = Board::default();
    board.change(Region::Eu, "sales", "DE", |tally| {
        *tally = Tally {
            due: 100,
            asked: 25,
            waiting: 12,
            loading: 3,
            done: 6,
            empty: 2,
            open: 1,
            failed: 1,
            rows: 4321,
        };
    });
    board.change(Region::Na, "orders, order_items", "na", |tally| {
        (tally.due, tally.done, tally.rows) = (1, 1, 7);
    });
    board.change(Region::Eu, "stock", "DE", |_| {});
    board
}

#[tokio::test(start_paused = true)]
async fn a_line_says_what_is_done_and_what_is_left() {
    let progress = Progress { board: board(), apis: apis("US,DE") };
    // 90 documents are to be loaded: (90 − 15) / 0.0167 seconds.
    assert_eq!(
        progress.moment().line(),
        "reports: 11 of 101, 2 empty, 1 open, 1 failed, 3 loading, 12 waiting, 75 to ask for, \
         4328 rows; at least 1 h 14 min left (getReportDocument in eu)"
    );
}

#[tokio::test(start_paused = true)]
async fn the_view_has_a_line_for_all_and_one_for_each_report_and_unit_that_is_due() {
    let progress = Progress { board: board(), apis: Vec::new() };
    assert_eq!(
        progress.moment().lines(),
        [
            "reports: 11 of 101, 2 empty, 1 open, 1 failed, 3 loading, 12 waiting, 75 to ask for, 4328 rows",
            "DE sales                  10 of  100, 2 empty, 1 open, 1 failed, 3 loading, 12 waiting, 75 to ask for, 4321 rows",
            "na orders, order_items     1 of    1, 7 rows",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_when_everything_has_ended() {
    let board = Board::default();
    board.change(Region::Na, "orders", "na", |tally| (tally.due, tally.open) = (2, 2));
    let progress = Progress { board, apis: apis("US") };
    assert_eq!(progress.moment().left, None);
    assert_eq!(progress.moment().line(), "reports: 2 of 2, 2 open");
}

#[tokio::test(start_paused = true)]
async fn somebody_is_told_every_interval_and_not_before() {
    let board = board();
    let progress = Progress { board: board.clone(), apis: Vec::new() };
    let (start, told) = (Instant::now(), RefCell::new(Vec::new()));
    let tell = |moment: Moment| {
        told.borrow_mut().push((start.elapsed().as_secs(), moment.sum().ended()));
    };
    let finished = async {
        tokio::time::sleep(Duration::from_secs(90)).await;
        board.change(Region::Eu, "sales", "DE", |tally| tally.done += 4);
        tokio::time::sleep(Duration::from_secs(100)).await;
    };
    tokio::select! {
        never = progress.watch(LINE, tell) => match never {},
        () = finished => {}
    }
    assert_eq!(*told.borrow(), [(60, 11), (120, 15), (180, 15)]);
}
