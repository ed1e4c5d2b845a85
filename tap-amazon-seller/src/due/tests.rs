//! What is due where the past of the streams of a lane, or its settings, are not alike.

use serde_json::{Value, json};
use singer::State;

use super::scene::Scene;
use super::*;
use crate::streams::Report;

/// The lanes of a run of these streams in the United States, after a state.
fn lanes(mut settings: Value, streams: &[&str], state: &Value) -> (Vec<Area>, Vec<Lane<Report>>) {
    settings["marketplaces"] = json!("US");
    let Scene { config, areas, selected, bounds } = Scene::new(settings, streams);
    let bookmarks = Bookmarks::new(State::parse(&state.to_string()).unwrap());
    let lanes = super::lanes(&config, &areas, &selected, &[], &bookmarks, bounds);
    (areas, lanes)
}

/// The report options that the windows of a lane are asked with.
fn options(areas: &[Area], lane: &Lane<Report>) -> BTreeMap<String, String> {
    lane.specification(&areas[0], lane.windows[0]).report_options
}

#[test]
fn the_granularity_of_sales_is_the_same_whichever_of_its_streams_the_settings_name() {
    for named in ["sales_traffic_report", "sales_traffic_by_date"] {
        let settings = json!({"streams": {named: {"asin_granularity": "SKU"}}});
        for selected in
            [&["sales_traffic_report"][..], &["sales_traffic_report", "sales_traffic_by_date"]]
        {
            let (areas, lanes) = lanes(settings.clone(), selected, &json!({}));
            assert_eq!(
                options(&areas, &lanes[0])["asinGranularity"],
                "SKU",
                "{named} {selected:?}"
            );
        }
    }
}

#[test]
fn a_custom_report_keeps_its_own_granularity() {
    let settings = json!({"custom_reports": [{"name": "by_sku",
        "report_type": "GET_SALES_AND_TRAFFIC_REPORT", "path": "$.salesAndTrafficByAsin",
        "extraction": "daily", "options": {"dateGranularity": "DAY", "asinGranularity": "SKU"}}]});
    let (areas, lanes) = lanes(settings, &["by_sku"], &json!({}));
    assert_eq!(options(&areas, &lanes[0])["asinGranularity"], "SKU");
}

#[test]
fn days_that_are_out_by_child_are_not_out_by_sku() {
    let state = json!({"bookmarks": {"sales_traffic_report": {"cursor": {"ATVPDKIKX0DER":
        {"until": "2026-11-20", "readings": {"2026-11-19": null}}}}}});
    let days = |granularity: &str| {
        let settings = json!({"start_date": "2026-11-11T12:00:00Z",
            "streams": {"sales_traffic_report": {"asin_granularity": granularity}}});
        lanes(settings, &["sales_traffic_report"], &state).1[0].windows.len()
    };
    // Yesterday, and every whole day since the start.
    assert_eq!((days("CHILD"), days("SKU"), days("PARENT")), (1, 10, 10));
}

#[test]
fn what_a_stream_has_not_had_is_due_whatever_another_of_its_lane_has_had() {
    // Nothing was named, so the start is 2026-10-22; the lane of orders stopped before that.
    let until = |text: &str| Until::Time(text.parse().unwrap());
    let orders = json!({"cursor": {"na": {"until": "2026-09-01T00:00:00Z"}}});
    let both = ["orders", "order_items"];
    let state = json!({"bookmarks": {"orders": orders}});
    let lane = &lanes(json!({}), &both, &state).1[0];
    assert_eq!(lane.origin, Some(until("2026-09-01T00:00:00Z")));
    let first = lane.windows[0].range().unwrap();
    assert_eq!(first.start, until("2026-09-01T00:00:00Z"));
    // Beyond the start the one that has had nothing decides.
    let orders = json!({"cursor": {"na": {"until": "2026-11-20T00:00:00Z"}}});
    let lane = &lanes(json!({}), &both, &json!({"bookmarks": {"orders": orders}})).1[0];
    assert_eq!(lane.origin, Some(until("2026-10-22T12:00:00Z")));
}

#[test]
fn what_another_tap_noted_of_a_unit_counts_until_the_unit_has_a_cursor() {
    // The first run of this tap brought Canada and failed in the United States.
    let state = json!({"bookmarks": {"sales_traffic_report": {
        "replication_key": "date", "replication_key_value": "2026-09-01"}}});
    let mut bookmarks = Bookmarks::new(State::parse(&state.to_string()).unwrap());
    let stream = Roster::table().find("sales_traffic_report").unwrap();
    let day = |text: &str| Until::Day(text.parse().unwrap());
    bookmarks.out(
        stream,
        "A2EUQ1WTGCTBG2",
        day("2026-09-01"),
        day("2026-09-01")..day("2026-11-20"),
    );
    let state = serde_json::to_value(bookmarks.state()).unwrap();
    let lane = &lanes(json!({}), &["sales_traffic_report"], &state).1[0];
    assert_eq!(lane.origin, Some(day("2026-09-01")));
}
