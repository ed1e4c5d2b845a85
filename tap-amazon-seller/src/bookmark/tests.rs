use serde_json::json;

use super::*;
use crate::plan::Window;
use crate::streams::Roster;

const US: &str = "ATVPDKIKX0DER";

pub(super) fn bookmarks(state: &Value) -> Bookmarks {
    Bookmarks::new(State::parse(&state.to_string()).unwrap())
}

pub(super) fn point(text: &str) -> Until {
    Until::parse(text).unwrap()
}

fn stream(name: &str) -> &'static Stream {
    Roster::table().find(name).unwrap()
}

pub(super) fn state(bookmarks: &Bookmarks) -> Value {
    serde_json::to_value(bookmarks.state()).unwrap()
}

/// What a store has of a state when it merges each that comes into the one before.
pub(super) fn merged(old: Value, new: Value) -> Value {
    match (old, new) {
        (Value::Object(mut old), Value::Object(new)) => {
            for (name, value) in new {
                let before = old.remove(&name).unwrap_or_default();
                old.insert(name, merged(before, value));
            }
            Value::Object(old)
        }
        (_, new) => new,
    }
}

#[test]
fn the_value_shown_is_the_earliest_of_all_units() {
    let mut bookmarks = bookmarks(&json!({}));
    let start = point("2026-10-01T00:00:00Z");
    for (unit, end) in [("na", "2026-11-19T00:00:00Z"), ("eu", "2026-11-01T00:00:00Z")] {
        bookmarks.out(stream("orders"), unit, start, start..point(end));
    }
    assert_eq!(
        state(&bookmarks),
        json!({"bookmarks": {"orders": {
            "replication_key": "LastUpdateDate",
            "replication_key_value": "2026-11-01T00:00:00Z",
            "cursor": {"na": {"until": "2026-11-19T00:00:00Z"}, "eu": {"until": "2026-11-01T00:00:00Z"}},
        }}})
    );
}

#[test]
fn a_bookmark_never_goes_back() {
    let mut bookmarks = bookmarks(&json!({}));
    let start = point("2026-11-01T00:00:00Z");
    for end in ["2026-11-19T00:00:00Z", "2026-11-18T00:00:00Z"] {
        bookmarks.out(stream("orders"), "na", start, start..point(end));
    }
    let extent = bookmarks.extent(stream("orders"), "na");
    assert_eq!(extent.until(), Some(point("2026-11-19T00:00:00Z")));
}

#[test]
fn a_backfill_shows_its_start_until_it_has_reached_it() {
    let mut bookmarks = bookmarks(&json!({}));
    let traffic = stream("sales_traffic_report");
    let origin = point("2026-11-17");
    bookmarks.out(traffic, US, origin, point("2026-11-19")..point("2026-11-20"));
    bookmarks.out(traffic, US, origin, point("2026-11-18")..point("2026-11-19"));
    assert_eq!(
        state(&bookmarks),
        json!({"bookmarks": {"sales_traffic_report": {
            "replication_key": "date",
            "replication_key_value": "2026-11-16",
            "cursor": {US: {"until": "2026-11-17", "beyond": {"2026-11-20": "2026-11-18"}}},
        }}})
    );
    bookmarks.out(traffic, US, origin, origin..point("2026-11-18"));
    let bookmark = &state(&bookmarks)["bookmarks"]["sales_traffic_report"];
    assert_eq!(bookmark["replication_key_value"], "2026-11-19");
    assert_eq!(bookmark["cursor"][US], json!({"until": "2026-11-20", "beyond": {}}));
}

#[test]
fn what_a_deep_merge_kept_changes_nothing() {
    let traffic = stream("sales_traffic_report");
    let merged = bookmarks(&json!({"bookmarks": {"sales_traffic_report": {"cursor": {US: {
        "until": "2026-11-20", "beyond": {"2026-11-20": "2026-11-18", "2026-11-21": "2026-11-20"}}}}}}));
    let extent = merged.extent(traffic, US);
    assert_eq!((extent.until(), extent.beyond()), (Some(point("2026-11-21")), &[][..]));
}

#[test]
fn the_bookmarks_of_other_taps_hold_for_every_unit() {
    for foreign in [
        json!({"replication_key": "LastUpdateDate", "replication_key_value": "2026-01-02T03:04:05+00:00"}),
        json!({"LastUpdateDate": "2026-01-02T03:04:05.000000Z"}),
    ] {
        let bookmarks = bookmarks(&json!({"bookmarks": {"orders": foreign}}));
        let extent = bookmarks.extent(stream("orders"), "fe");
        assert_eq!(extent.until(), Some(point("2026-01-02T03:04:05Z")));
    }
}

#[test]
fn a_unit_without_a_cursor_beside_others_starts_anew() {
    let bookmarks = bookmarks(&json!({"bookmarks": {"orders": {
        "replication_key_value": "2026-01-02T03:04:05Z",
        "cursor": {"na": {"until": "2026-01-02T03:04:05Z"}}}}}));
    assert_eq!(bookmarks.extent(stream("orders"), "eu"), Extent::default());
}

#[test]
fn what_another_tap_noted_is_kept_for_the_units_that_have_no_cursor_yet() {
    for foreign in [
        json!({"replication_key_value": "2026-01-02T03:04:05+00:00"}),
        json!({"partitions": [{"context": {"marketplace_id": "DE"},
            "replication_key_value": "2026-01-02T03:04:05Z"}]}),
    ] {
        let mut bookmarks = bookmarks(&json!({"bookmarks": {"orders": foreign}}));
        let orders = stream("orders");
        let origin = point("2026-01-02T03:04:05Z");
        for end in ["2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z"] {
            bookmarks.out(orders, "na", origin, origin..point(end));
        }
        let mut bookmarks = self::bookmarks(&state(&bookmarks));
        assert!(bookmarks.is_foreign(orders, "eu") && !bookmarks.is_foreign(orders, "na"));
        assert_eq!(bookmarks.extent(orders, "eu").until(), Some(origin));
        bookmarks.out(orders, "eu", origin, origin..point("2026-11-19T00:00:00Z"));
        assert_eq!(bookmarks.extent(orders, "eu").until(), Some(point("2026-11-19T00:00:00Z")));
        assert!(!bookmarks.is_foreign(orders, "eu"));
    }
}

#[test]
fn a_day_that_another_tap_noted_of_a_stream_of_times_is_passed() {
    let mut bookmarks =
        bookmarks(&json!({"bookmarks": {"orders": {"replication_key_value": "2026-11-01"}}}));
    let origin = point("2026-11-01T00:00:00Z");
    bookmarks.out(stream("orders"), "na", origin, origin..point("2026-11-19T00:00:00Z"));
    let extent = bookmarks.extent(stream("orders"), "na");
    assert_eq!((extent.until(), extent.beyond()), (Some(point("2026-11-19T00:00:00Z")), &[][..]));
}

#[test]
fn a_picture_of_the_present_notes_when_it_was_taken() {
    let mut bookmarks = bookmarks(&json!({}));
    bookmarks.taken(stream("products_inventory"), US, "2026-11-19T01:02:03Z".parse().unwrap());
    assert_eq!(
        state(&bookmarks),
        json!({"bookmarks": {"products_inventory": {"cursor": {US: {"taken": "2026-11-19T01:02:03Z"}}}}})
    );
}

#[test]
fn a_day_that_has_settled_is_remembered_as_such_for_two_weeks() {
    let mut bookmarks = bookmarks(&json!({}));
    let traffic = stream("sales_traffic_report");
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let reading = Reading { at: "2026-11-20T02:00:00Z".parse().unwrap(), digest: "9f".to_owned() };
    bookmarks.read(traffic, US, day("2026-08-01"), None);
    bookmarks.read(traffic, US, day("2026-08-02"), Some(&reading));
    bookmarks.read(traffic, US, day("2026-11-18"), None);
    bookmarks.read(traffic, US, day("2026-11-19"), Some(&reading));
    let kept = bookmarks.readings(traffic, US).unwrap();
    assert_eq!(
        kept,
        BTreeMap::from([
            (day("2026-08-02"), Some(reading.clone())),
            (day("2026-11-18"), None),
            (day("2026-11-19"), Some(reading)),
        ])
    );
}

#[test]
fn a_job_keeps_its_place_and_gives_it_to_the_next() {
    let mut bookmarks = bookmarks(&json!({}));
    let job = |day: &str| Job {
        report_type: "GET_X".to_owned(),
        marketplaces: US.to_owned(),
        options: String::new(),
        window: Window::Day(day.parse().unwrap()),
        asked: "2026-11-19T01:02:03Z".parse().unwrap(),
        report_id: None,
    };
    let first = bookmarks.put_job(Region::Na, &job("2026-11-17"));
    let second = bookmarks.put_job(Region::Na, &job("2026-11-18"));
    let asked = Job { report_id: Some("51".to_owned()), ..job("2026-11-17") };
    bookmarks.set_job(Region::Na, first, Some(&asked));
    assert_eq!(bookmarks.jobs(Region::Na), [(first, asked), (second, job("2026-11-18"))]);
    bookmarks.set_job(Region::Na, first, None);
    assert_eq!(
        state(&bookmarks),
        json!({"reports": {"na": {"0": null, "1": {
            "report_type": "GET_X", "marketplaces": US, "options": "", "window": "2026-11-18",
            "asked": "2026-11-19T01:02:03Z", "report_id": null}}}})
    );
    assert_eq!(bookmarks.put_job(Region::Na, &job("2026-11-16")), first);
    assert_eq!(bookmarks.jobs(Region::Eu), []);
}

#[test]
fn partitions_of_another_tap_count_for_their_marketplaces_and_the_earliest_for_a_region() {
    let state = json!({"bookmarks": {"orders": {"partitions": [
        {"context": {"marketplace_id": "US"}, "replication_key": "LastUpdateDate",
         "replication_key_value": "2026-01-02T03:04:05Z"},
        {"context": {"marketplace_id": "CA"}, "replication_key_value": "2026-01-01T00:00:00Z"},
        {"context": {"marketplace_id": "UK"}, "replication_key_value": "2025-01-01T00:00:00Z"},
        {"context": {"marketplace_id": "DE"}}]}}});
    let bookmarks = bookmarks(&state);
    let until = |unit: &str| bookmarks.extent(stream("orders"), unit).until();
    let time = |text: &str| Some(Until::Time(text.parse().unwrap()));
    assert_eq!(until("ATVPDKIKX0DER"), time("2026-01-02T03:04:05Z"));
    assert_eq!(until("na"), time("2026-01-01T00:00:00Z"));
    assert_eq!(until("eu"), time("2025-01-01T00:00:00Z"));
    assert_eq!(until("fe"), None);
}
