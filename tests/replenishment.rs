//! Subscribe & Save, through the real binary: figures by the day, of long intervals, and to come.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use chrono::{Months, NaiveDate, TimeDelta};
use support::{Emulator, Extracted, Folder, on_one_day, tap};

const SEARCH_SELLER: &str = "getSellingPartnerMetrics";
const SEARCH_OFFERS: &str = "listOfferMetrics";

/// A day as a time.
fn midnight(day: NaiveDate) -> String {
    format!("{day}T00:00:00Z")
}

/// Runs the tap over some streams.
fn run(folder: &Folder, config: &str, streams: &str, state: Option<&Value>) -> Extracted {
    let state = state.map(|state| folder.file("state.json", state.to_string()));
    let mut arguments = vec!["--config", config, "--streams", streams];
    if let Some(state) = &state {
        arguments.extend(["--state", state.to_str().unwrap()]);
    }
    tap(&arguments)
}

/// The bodies with which a search was answered, each with `items`.
fn searches(emulator: &Emulator, operation: &str) -> Vec<Value> {
    let journal = emulator.journal().into_iter();
    let answered = journal.filter(|it| it["operation"] == operation && it["status"] == 200);
    answered.map(|mut entry| entry["detail"].take()).collect()
}

fn text(record: &Value, name: &str) -> String {
    record[name].as_str().unwrap_or_else(|| panic!("{name} of {record}")).to_owned()
}

/// The days of records of one marketplace.
fn days(records: &[&Value], marketplace: &str) -> BTreeSet<String> {
    let own = records.iter().filter(|it| it["marketplace_id"] == marketplace);
    own.map(|it| text(it, "report_end_date")).collect()
}

#[test]
fn days_offers_long_intervals_and_forecasts_arrive_once_and_two_runs_lose_nothing() {
    let streams = "replenishment_daily_metrics,replenishment_rolling_metrics,\
                   replenishment_offer_metrics,replenishment_offer_forecast";
    // What there is, and what is to come, changes at midnight.
    let (today, _folder, emulator, before, first, second) = on_one_day(|today| {
        let folder = Folder::new();
        let emulator = Emulator::start(&folder, &["--asins", "40", "--orders", "10"]);
        let start = midnight(today - TimeDelta::days(50));
        let settings = json!({"marketplaces": ["US", "JP", "MX"], "start_date": start});
        let config = folder.file("config.json", emulator.tap_config(settings));
        let config = config.to_str().unwrap();
        let first = run(&folder, config, streams, None).succeeded();
        let before = searches(&emulator, SEARCH_OFFERS).len();
        let second = run(&folder, config, streams, Some(first.state())).succeeded();
        (today, folder, emulator, before, first, second)
    });
    let ago = |days| today - TimeDelta::days(days);

    // From the start to the day before yesterday; sellers in Mexico do not have it.
    let daily = first.records("replenishment_daily_metrics");
    for (marketplace, currency) in [("ATVPDKIKX0DER", "USD"), ("A1VC38T7YXB528", "JPY")] {
        let found = days(&daily, marketplace);
        assert_eq!(found.len(), 49);
        assert_eq!(*found.first().unwrap(), ago(50).to_string());
        assert_eq!(*found.last().unwrap(), ago(2).to_string());
        let own = daily.iter().filter(|it| it["marketplace_id"] == marketplace);
        assert!(own.clone().all(|it| it["currencyCode"] == currency));
        assert_eq!(own.count(), 49);
    }
    let seller = searches(&emulator, SEARCH_SELLER);
    assert!(seller.iter().all(|it| it["marketplaceId"] != "A1AM78C64UM0Y8"));

    // An offer's day is in the sum of the seller's.
    let offers = first.records("replenishment_offer_metrics");
    let mut units: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut keys = BTreeSet::new();
    for offer in &offers {
        let day = (text(offer, "marketplace_id"), text(offer, "report_end_date"));
        *units.entry(day).or_default() += offer["shippedSubscriptionUnits"].as_u64().unwrap();
        let names = ["marketplace_id", "report_end_date", "asin", "sku", "fulfillmentChannelType"];
        keys.insert(names.map(|name| text(offer, name)));
    }
    assert_eq!(keys.len(), offers.len(), "an offer's day came twice");
    for day in &daily {
        let key = (text(day, "marketplace_id"), text(day, "report_end_date"));
        assert_eq!(json!(units[&key]), day["shippedSubscriptionUnits"], "{key:?}");
    }
    assert_eq!(units.len(), daily.len());

    let rolling = first.records("replenishment_rolling_metrics");
    let intervals: Vec<_> = rolling
        .iter()
        .map(|it| text(it, "interval_start_date") + "/" + &text(it, "interval_end_date"))
        .collect();
    let last = ago(2);
    let expected =
        [12, 24].map(|months| midnight(last - Months::new(months)) + "/" + &midnight(last));
    let expected = BTreeSet::from(expected);
    assert_eq!((intervals.len(), intervals.into_iter().collect::<BTreeSet<_>>()), (4, expected));

    let forecast = first.records("replenishment_offer_forecast");
    let a_day = offers.iter().filter(|it| it["report_end_date"] == ago(2).to_string()).count();
    assert_eq!(forecast.len(), a_day);
    assert!(forecast.iter().all(|it| it["interval_start_date"] == midnight(ago(-1))));
    assert!(forecast.iter().all(|it| it["next90DayShippedSubscriptionUnits"].is_u64()));

    // A second run reads the last days again, says the same of them, and nothing of others.
    let again = second.records("replenishment_offer_metrics");
    assert_eq!(*days(&again, "ATVPDKIKX0DER").first().unwrap(), ago(8).to_string());
    assert_eq!(days(&again, "ATVPDKIKX0DER").len(), 7);
    let known: BTreeSet<String> = offers.iter().map(ToString::to_string).collect();
    assert!(again.iter().all(|offer| known.contains(&offer.to_string())));
    assert_eq!(days(&second.records("replenishment_daily_metrics"), "A1VC38T7YXB528").len(), 30);
    // Seven days and a forecast, in two marketplaces.
    assert_eq!(searches(&emulator, SEARCH_OFFERS).len() - before, 16);
}

#[test]
fn a_list_that_offsets_do_not_reach_the_end_of_arrives_whole() {
    let (_folder, emulator, run) = on_one_day(|today| {
        let folder = Folder::new();
        let emulator = Emulator::start(&folder, &["--asins", "20000", "--orders", "0"]);
        let start = midnight(today - TimeDelta::days(2));
        let settings = json!({"marketplaces": "US", "start_date": start});
        let config = folder.file("config.json", emulator.tap_config(settings));
        let run = run(&folder, config.to_str().unwrap(), "replenishment_offer_metrics", None);
        (folder, emulator, run.succeeded())
    });
    let offers = run.records("replenishment_offer_metrics");
    let skus: BTreeSet<_> = offers.iter().map(|it| text(it, "sku")).collect();
    assert!(skus.len() > 9500, "{} offers can be read in one list", skus.len());
    assert_eq!(skus.len(), offers.len());
    let said = run.stderr();
    assert!(said.contains("of which Amazon gives out 9500"), "{said}");
    let searches = searches(&emulator, SEARCH_OFFERS);
    let items = searches.iter().filter(|it| it["filters"].get("fulfillmentChannelTypes").is_some());
    let items: u64 = items.map(|it| it["items"].as_u64().unwrap()).sum();
    assert_eq!(items, offers.len() as u64);
    assert!(searches.iter().all(|it| it["pagination"]["offset"].as_u64().unwrap() <= 9000));
}

#[test]
fn an_account_without_the_role_or_the_programme_holds_up_no_other_stream() {
    let faults = json!({"faults": [
        {"operation": SEARCH_SELLER, "status": 403},
        {"operation": SEARCH_OFFERS, "region": "fe", "status": 400, "message": "Not enrolled"},
    ]});
    let streams = "replenishment_daily_metrics,replenishment_offer_metrics,marketplaces";
    let (_folder, emulator, run) = on_one_day(|today| {
        let folder = Folder::new();
        let faults = folder.file("faults.json", faults.to_string());
        let arguments = ["--asins", "10", "--orders", "10", "--faults", faults.to_str().unwrap()];
        let emulator = Emulator::start(&folder, &arguments);
        let start = midnight(today - TimeDelta::days(3));
        let settings = json!({"marketplaces": "US,JP", "start_date": start});
        let config = folder.file("config.json", emulator.tap_config(settings));
        let run = run(&folder, config.to_str().unwrap(), streams, None);
        (folder, emulator, run)
    });
    assert_eq!(run.code(), Some(1), "{}", run.stderr());
    let said = run.stderr();
    assert!(said.contains("the application needs one of these roles: Brand Analytics"), "{said}");
    assert!(said.contains("Not enrolled"), "{said}");
    let offers = run.records("replenishment_offer_metrics");
    assert_eq!(days(&offers, "ATVPDKIKX0DER").len(), 2);
    assert_eq!(days(&offers, "A1VC38T7YXB528").len(), 0);
    assert!(!run.records("marketplaces").is_empty());
    // What Amazon refuses is not asked for again.
    let refused = emulator.journal().into_iter().filter(|it| it["status"] == 400).count();
    assert_eq!(refused, 1);
}

#[test]
fn in_the_place_of_hotglues_tap_they_carry_the_country_and_times() {
    let streams =
        "replenishment_daily_metrics,replenishment_offer_metrics,replenishment_offer_forecast";
    let (days, run) = on_one_day(|today| {
        let days = [3, 2].map(|days| midnight(today - TimeDelta::days(days)));
        let folder = Folder::new();
        let emulator = Emulator::start(&folder, &["--asins", "10", "--orders", "10"]);
        let settings = json!({"compat": "hotglue", "marketplaces": "JP", "start_date": days[0]});
        let config = folder.file("config.json", emulator.tap_config(settings));
        (days, run(&folder, config.to_str().unwrap(), streams, None).succeeded())
    });
    let daily = run.records("replenishment_daily_metrics");
    let found: Vec<_> = daily.iter().map(|it| text(it, "report_end_date")).collect();
    assert_eq!(found, days);
    assert_eq!(daily[0]["marketplace_id"], "JP");
    let forecast = run.records("replenishment_offer_forecast");
    assert!(forecast.iter().all(|it| it["marketplace_id"] == "JP" && it["synced_at"].is_string()));
    assert_eq!(run.records("replenishment_offer_metrics").len(), 2 * forecast.len());
}
