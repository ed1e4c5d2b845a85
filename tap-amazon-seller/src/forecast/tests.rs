//! The numbers of a forecast, for accounts whose numbers are known.

use serde_json::{Value, json};
use singer::State;

use super::demand::{Demand, Forecast, Items, Share};
use super::{spelled, text};
use crate::bookmark::Bookmarks;
use crate::due::{self, scene::Scene};
use crate::job::Job;
use crate::marketplace::Region;
use crate::plan::Window;

/// Two years of daily reports, counted from the day on which they are forecast.
const TEN: &str = "US,CA,MX,DE,FR,IT,ES,GB,JP,AU";

/// What a run of these streams would do on 2026-11-21 at noon.
fn forecast(settings: Value, streams: &[&str], bookmarks: &Bookmarks) -> Forecast {
    let Scene { config, areas, selected, bounds } = Scene::new(settings, streams);
    let followers = due::followers(&config, &selected);
    let reports = due::lanes(&config, &areas, &selected, &followers, bookmarks, bounds);
    let pages = due::lanes(&config, &areas, &selected, &[], bookmarks, bounds);
    let items = Items::of(&config, &selected);
    Forecast::new((&reports, &pages), &areas, items, bookmarks, bounds)
}

fn no_bookmarks() -> Bookmarks {
    Bookmarks::new(State::default())
}

/// Calls and seconds of an operation in a region.
fn calls(forecast: &Forecast, region: Region, operation: &str) -> Option<(u64, u64)> {
    let (_, demands) = forecast.regions.iter().find(|(of, _)| *of == region).unwrap();
    let demand: Option<&Demand> = demands.iter().find(|it| it.operation.name == operation);
    demand.map(|demand| (demand.calls, demand.time().as_secs()))
}

#[test]
fn two_years_of_ten_marketplaces_take_as_long_as_the_region_with_most_of_them() {
    let forecast = forecast(
        json!({"marketplaces": TEN, "start_date": "2020-01-01"}),
        &["sales_traffic_report", "sales_traffic_by_date"],
        &no_bookmarks(),
    );
    let windows = forecast.shares.iter().map(|share| share.windows);
    assert_eq!((forecast.shares.len(), windows.sum::<u64>()), (10, 7300));
    // (3 · 730 − 15) / 0.0167 and so on: a report a minute, but for the first fifteen.
    for (region, reports, seconds) in
        [(Region::Na, 2190, 130_239), (Region::Eu, 3650, 217_664), (Region::Fe, 1460, 86_526)]
    {
        for operation in ["createReport", "getReportDocument"] {
            assert_eq!(calls(&forecast, region, operation), Some((reports, seconds)));
        }
        assert_eq!(calls(&forecast, region, "getMarketplaceParticipations"), Some((1, 0)));
        assert_eq!(calls(&forecast, region, "getReports"), None);
    }
    // (3650 − 15) / 2: looking at reports is never what a run waits for.
    assert_eq!(calls(&forecast, Region::Eu, "getReport"), Some((3650, 1817)));
    let (region, demand) = forecast.slowest().unwrap();
    assert_eq!((region, demand.calls), (Region::Eu, 3650));
    assert_eq!(spelled(demand.time()), "2 d 12 h");
    let first = &forecast.shares[0];
    assert_eq!(
        first.cut.unwrap().to_string(),
        "start_date is cut to the 730 days that Amazon keeps"
    );
    let days = first.span.map(|(from, to)| (from.to_string(), to.to_string()));
    assert_eq!(days, Some(("2024-11-21".to_owned(), "2026-11-20".to_owned())));
}

/// A state in which the days of the United States are out but for three holes, of which one day is to be
/// read again and three were asked for.
fn half_done() -> Bookmarks {
    let cursor = json!({"until": "2026-11-11", "beyond": {"2026-11-20": "2026-11-15"},
        "readings": {"2026-11-17": {"at": "2026-11-19T00:00:00Z", "digest": "d"}}});
    let state =
        json!({"bookmarks": {"sales_traffic_report": {"cursor": {"ATVPDKIKX0DER": cursor}}}});
    let mut bookmarks = Bookmarks::new(State::parse(&state.to_string()).unwrap());
    let job = |marketplace: &str, day: &str, report_id: Option<&str>| Job {
        report_type: "GET_SALES_AND_TRAFFIC_REPORT".to_owned(),
        marketplaces: marketplace.to_owned(),
        options: "asinGranularity=CHILD,dateGranularity=DAY".to_owned(),
        window: Window::Day(day.parse().unwrap()),
        asked: "2026-11-21T09:00:00Z".parse().unwrap(),
        report_id: report_id.map(str::to_owned),
    };
    for job in [
        job("ATVPDKIKX0DER", "2026-11-20", Some("50012019")),
        job("ATVPDKIKX0DER", "2026-11-14", None),
        job("A2EUQ1WTGCTBG2", "2026-11-13", Some("50012020")),
    ] {
        bookmarks.put_job(Region::Na, &job);
    }
    bookmarks
}

#[test]
fn what_the_state_covers_or_has_asked_for_is_not_asked_for_again() {
    let settings = json!({"marketplaces": "US", "start_date": "2026-11-01"});
    let forecast = forecast(settings, &["sales_traffic_report"], &half_done());
    let day = |text: &str| text.parse().unwrap();
    let expected = Share {
        streams: "sales_traffic_report".to_owned(),
        unit: "US",
        windows: 6,
        lists: 0,
        taken_up: 1,
        looked_for: 1,
        again: 1,
        span: Some((day("2026-11-11"), day("2026-11-20"))),
        // The start is still the last day of October there.
        days_out: Some(16),
        cut: None,
    };
    assert_eq!(forecast.shares, [expected]);
    let of = |operation| calls(&forecast, Region::Na, operation).map(|(calls, _)| calls);
    assert_eq!(of("createReport"), Some(5));
    assert_eq!(of("getReports"), Some(1));
    assert_eq!(of("getReportDocument"), Some(6));
}

#[test]
fn windows_of_time_are_counted_and_so_are_their_days_that_are_out() {
    let state =
        json!({"bookmarks": {"orders": {"cursor": {"eu": {"until": "2026-09-01T00:00:00Z"}}}}});
    let bookmarks = Bookmarks::new(State::parse(&state.to_string()).unwrap());
    let settings = json!({"marketplaces": "DE,FR", "start_date": "2026-06-01"});
    let forecast = forecast(settings, &["orders"], &bookmarks);
    let share = &forecast.shares[0];
    // 81 days and a half in windows of less than 30.
    assert_eq!((share.unit, share.windows, share.days_out), ("eu", 3, Some(92)));
    let days = share.span.map(|(from, to)| (from.to_string(), to.to_string()));
    assert_eq!(days, Some(("2026-09-01".to_owned(), "2026-11-21".to_owned())));
}

#[test]
fn the_catalogue_is_counted_where_the_asins_are_known() {
    let asins: Vec<_> = (0..45).map(|number| format!("B{number:09}")).collect();
    let named = json!({"marketplaces": "US,DE,FR", "asins": asins});
    let named = forecast(named, &["product_catalog"], &no_bookmarks());
    // Three calls of twenty a marketplace; a burst of two, then two a second.
    assert_eq!(calls(&named, Region::Na, "searchCatalogItems"), Some((3, 0)));
    assert_eq!(calls(&named, Region::Eu, "searchCatalogItems"), Some((6, 2)));
    assert_eq!(calls(&named, Region::Eu, "createReport"), None);

    let listed = forecast(json!({"marketplaces": "US"}), &["product_catalog"], &no_bookmarks());
    assert_eq!(calls(&listed, Region::Na, "searchCatalogItems"), Some((0, 0)));
    // The listings are read for their ASINs.
    assert_eq!(calls(&listed, Region::Na, "createReport"), Some((1, 0)));
}

#[test]
fn the_page_says_what_can_be_said() {
    let settings = json!({"marketplaces": "US,JP", "start_date": "2026-11-01"});
    let streams = ["sales_traffic_report", "warehouse_inventory", "product_catalog"];
    let page = text::page(&forecast(settings, &streams, &half_done()), true);
    let lines: Vec<_> = page.lines().collect();
    assert_eq!(lines[0], "What a run would ask of Amazon. Nothing was called.");
    for expected in [
        "streams               of  reports  first day   last day    read again  asked before  days out",
        "warehouse_inventory   US        1  -           -                    0             0         -",
        "sales_traffic_report  US        6  2026-11-11  2026-11-20           1             2        16",
        "sales_traffic_report  JP       20  2026-11-01  2026-11-20           0             0         0",
        "region  operation                     calls  at once  then a minute        time",
        "na      getReports                        2       10            1.3         0 s",
        "fe      createReport                     22       15            1.0  6 min 59 s",
        "fe      getReport                       22+       15          120.0         3 s",
        "fe      searchCatalogItems                ?        2          120.0           ?",
        "getReport: each report is looked at until Amazon has made it.",
        "At least 6 min 59 s in all, at Amazon's published rates and with whole bursts: getReportDocument in fe. Regions work side by side.",
    ] {
        assert!(lines.contains(&expected), "{expected}\nis not in\n{page}");
    }
}

#[test]
fn what_amazon_lists_is_looked_through_and_nobody_knows_how_much_there_is() {
    let settings = json!({"marketplaces": "DE,FR", "start_date": "2026-11-01"});
    let listed = forecast(settings, &["settlements"], &no_bookmarks());
    let share = &listed.shares[0];
    assert_eq!((share.unit, share.windows, share.lists, share.cut), ("eu", 0, 1, None));
    let day = |text: &str| text.parse().unwrap();
    assert_eq!(share.span, Some((day("2026-11-01"), day("2026-11-21"))));
    let of = |operation| calls(&listed, Region::Eu, operation).map(|(calls, _)| calls);
    assert_eq!(
        (of("getReports"), of("createReport"), of("getReportDocument")),
        (Some(1), None, Some(0))
    );
    let page = text::page(&listed, true);
    let line =
        "settlements  eu        ?  2026-11-01  2026-11-21           0             0         -";
    assert!(page.contains(line), "{page}");
    let early = json!({"marketplaces": "DE", "start_date": "2026-01-01"});
    let cut = forecast(early, &["settlements"], &no_bookmarks()).shares[0].cut.unwrap();
    assert_eq!(cut.to_string(), "start_date is cut to the 90 days that Amazon keeps");
}

#[test]
fn orders_of_the_api_take_a_call_a_month_and_another_for_each_further_page() {
    let settings = |start: &str| json!({"marketplaces": "US,JP", "start_date": start, "streams": {"orders": {"source": "api"}}});
    // 400 days.
    let forecast = forecast(settings("2025-10-17"), &["orders", "order_items"], &no_bookmarks());
    assert_eq!(calls(&forecast, Region::Na, "searchOrders"), Some((14, 0)));
    assert_eq!(calls(&forecast, Region::Na, "createReport"), None);
    let page = text::page(&forecast, true);
    for expected in [
        "orders, order_items  na       14  2025-10-17  2026-11-21           0             0         0",
        "na      searchOrders                    14+       20            0.3   0 s",
        "searchOrders: a call for each further page of a list; behind the burst one every 2 min 58 s.",
    ] {
        assert!(
            page.lines().any(|line| line.trim_end() == expected),
            "{expected}\nis not in\n{page}"
        );
    }
}

#[test]
fn orders_are_kept_for_two_years_and_longer_in_the_far_east() {
    let settings = json!({"marketplaces": "US,JP", "start_date": "2018-01-01",
        "streams": {"orders": {"source": "api"}}});
    let forecast = forecast(settings, &["orders"], &no_bookmarks());
    let shares: Vec<_> = forecast
        .shares
        .iter()
        .map(|share| (share.unit, share.windows, share.cut.map(|cut| cut.to_string())))
        .collect();
    let cut = "start_date is cut to the 730 days that Amazon keeps".to_owned();
    assert_eq!(shares, [("na", 25, Some(cut)), ("fe", 109, None)]);
}
