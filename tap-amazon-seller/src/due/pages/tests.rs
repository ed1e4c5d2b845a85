//! What lists are asked with, part by part and page by page.

use serde_json::json;

use super::*;
use crate::streams::Roster;

const NOW: &str = "2026-11-20T12:00:00Z";

fn pages(stream: &str) -> &'static Pages {
    Pages::of(Roster::table().find(stream).unwrap()).unwrap()
}

#[test]
fn a_day_is_halved_down_to_an_hour_without_a_gap() {
    let day = Window::Day("2026-11-01".parse().unwrap());
    let whole = Part::of(
        pages("order_financial_events"),
        Place::Region(Region::Na),
        day,
        NOW.parse().unwrap(),
    );
    assert_eq!(whole.len(), 1);
    let [first, second] = whole[0].halves().unwrap();
    let times = |part: &Part| part.times.unwrap().1.map(utc);
    assert_eq!(times(&whole[0]), ["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"]);
    assert_eq!(times(&first), ["2026-11-01T00:00:00Z", "2026-11-01T12:00:00Z"]);
    assert_eq!(times(&second), ["2026-11-01T12:00:00Z", "2026-11-02T00:00:00Z"]);
    let mut shortest = whole[0];
    while let Some([half, _]) = shortest.halves() {
        shortest = half;
    }
    assert_eq!(times(&shortest), ["2026-11-01T00:00:00Z", "2026-11-01T01:30:00Z"]);
}

#[test]
fn the_present_is_one_part_without_halves() {
    let account = pages("account");
    let place = Place::Region(Region::Na);
    let parts = Part::of(account, place, Window::Present, NOW.parse().unwrap());
    assert_eq!(parts.len(), 1);
    assert_eq!((parts[0].times, parts[0].divided(account)), (None, Vec::new()));
}

#[test]
fn purchase_orders_are_asked_for_by_their_making_and_by_their_changes() {
    let week = Window::Times(
        "2026-11-01T00:00:00Z".parse().unwrap(),
        "2026-11-08T00:00:00Z".parse().unwrap(),
    );
    let parts = Part::of(
        pages("vendor_purchase_orders"),
        Place::Region(Region::Na),
        week,
        NOW.parse().unwrap(),
    );
    let names: Vec<_> = parts.iter().map(|part| part.times.unwrap().0).collect();
    assert_eq!(names, [["createdAfter", "createdBefore"], ["changedAfter", "changedBefore"]]);
    let bounds: Vec<_> = parts.iter().map(|part| part.times.unwrap().1.map(utc)).collect();
    assert_eq!(bounds, [["2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z"]; 2]);
}

/// The body with which a page of a part in the United States is asked for.
fn asked(stream: &str, part: &Part, at: &At) -> serde_json::Value {
    let pages = pages(stream);
    let size = pages.page_size.map(|size| size.most);
    crate::api::nested(&part.parameters(pages, us(), &[], size, at))
}

fn us() -> Place {
    Place::Marketplace(crate::marketplace::Marketplace::find("US").unwrap())
}

fn days(from: &str, until: &str) -> Window {
    let midnight = |day: &str| format!("{day}T00:00:00Z").parse().unwrap();
    Window::Times(midnight(from), midnight(until))
}

#[test]
fn a_search_for_days_names_the_first_and_the_last_of_them() {
    let parts = |stream, window| Part::of(pages(stream), us(), window, NOW.parse().unwrap());
    let daily = parts("replenishment_daily_metrics", days("2026-10-01", "2026-11-01"));
    let body = asked("replenishment_daily_metrics", &daily[0], &At::Start);
    let interval = json!({"startDate": "2026-10-01T00:00:00Z", "endDate": "2026-10-31T00:00:00Z"});
    assert_eq!(body["timeInterval"], interval);
    assert_eq!(body["marketplaceId"], "ATVPDKIKX0DER");
    assert_eq!(body["programTypes"], json!(["SUBSCRIBE_AND_SAVE"]));
    let rolling = parts("replenishment_rolling_metrics", Window::Present);
    let body = asked("replenishment_rolling_metrics", &rolling[0], &At::Start);
    let interval = json!({"startDate": "2026-11-18T00:00:00Z", "endDate": "2026-11-18T00:00:00Z"});
    assert_eq!(body["timeInterval"], interval);
    let forecast = parts("replenishment_offer_forecast", Window::Present);
    assert_eq!(
        asked("replenishment_offer_forecast", &forecast[0], &At::Offset(500)),
        json!({
            "filters": {
                "timePeriodType": "FORECAST",
                "programTypes": ["SUBSCRIBE_AND_SAVE"],
                "marketplaceId": "ATVPDKIKX0DER",
                "timeInterval": {
                    "startDate": "2026-11-21T00:00:00Z", "endDate": "2026-11-27T00:00:00Z"},
            },
            "pagination": {"limit": 500, "offset": 500},
            "sort": {"key": "NEXT_30DAYS_SHIPPED_SUBSCRIPTION_UNITS", "order": "ASC"},
        })
    );
}

/// The lists of a run that passes midnight know by this that their days to come have to be counted anew.
#[test]
fn midnight_makes_others_of_days_that_are_counted_from_today_and_of_no_others() {
    let around = ["2028-02-28T23:59:59Z", "2028-02-29T00:00:00Z"];
    let parts = |stream: &'static str, window| {
        around.map(|now| Part::of(pages(stream), us(), window, now.parse().unwrap()))
    };
    let starts = |stream| {
        parts(stream, Window::Present).map(|parts| parts[0].times.unwrap().1.map(utc)[0].clone())
    };
    let forecast = starts("replenishment_offer_forecast");
    assert_eq!(forecast, ["2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"]);
    let rolling = starts("replenishment_rolling_metrics");
    assert_eq!(rolling, ["2028-02-26T00:00:00Z", "2028-02-27T00:00:00Z"]);
    let [before, after] = parts("replenishment_offer_metrics", days("2028-02-01", "2028-02-02"));
    assert_eq!(before, after);
}

#[test]
fn a_list_that_is_too_long_is_asked_for_by_days_then_by_kinds_then_from_either_end() {
    let (name, offers) = ("replenishment_offer_metrics", pages("replenishment_offer_metrics"));
    let now = NOW.parse().unwrap();
    let three = Part::of(offers, us(), days("2026-11-01", "2026-11-04"), now);
    let halves = three[0].divided(offers);
    let interval = |part: &Part| {
        let body = asked(name, part, &At::Start);
        let end = |name: &str| body["filters"]["timeInterval"][name].as_str().unwrap().to_owned();
        [end("startDate"), end("endDate")].map(|time| time.replace("T00:00:00Z", ""))
    };
    let found: Vec<_> = halves.iter().map(interval).collect();
    assert_eq!(found, [["2026-11-01", "2026-11-01"], ["2026-11-02", "2026-11-03"]]);
    let kinds = halves[0].divided(offers);
    let kind =
        |part: &Part| asked(name, part, &At::Start)["filters"]["fulfillmentChannelTypes"].take();
    let found: Vec<_> = kinds.iter().map(kind).collect();
    assert_eq!(found, [json!(["AMAZON"]), json!(["MERCHANT"])]);
    assert_eq!(kind(&halves[0]), serde_json::Value::Null);
    let ends = kinds[1].divided(offers);
    let order = |part: &Part| asked(name, part, &At::Offset(9000))["sort"]["order"].take();
    let found: Vec<_> = ends.iter().map(order).collect();
    assert_eq!(found, [json!("ASC"), json!("DESC")]);
    assert!(ends.iter().all(|end| end.is_end() && kind(end) == json!(["MERCHANT"])));
    assert_eq!(ends[0].divided(offers), []);
    // A picture of the coming days is one picture.
    let forecast = pages("replenishment_offer_forecast");
    let present = Part::of(forecast, us(), Window::Present, now);
    assert_eq!(present[0].divided(forecast).len(), 2);
}
