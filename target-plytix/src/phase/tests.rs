use std::collections::BTreeMap;
use std::time::Duration;

use api_client::Window;
use serde_json::json;

use super::*;
use crate::config::Config;
use crate::phase::matching::Match;
use crate::product::Present;
use crate::value::tests::value;
use crate::wanted::{Cell, Unmatched, WriteRule};

/// The 2nd of January.
pub(crate) fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 2).unwrap()
}

/// A loader that calls nobody and remembers nothing, with the built-in mapping.
pub(crate) fn loader(touch: &str, report: Arc<Report>) -> Loader {
    remembering(touch, report, Memory::forgetful(today()))
}

/// The same with a memory.
pub(crate) fn remembering(touch: &str, report: Arc<Report>, memory: Memory) -> Loader {
    let serde_json::Value::Object(settings) = json!({
        "api_url": "http://127.0.0.1:1", "auth_url": "http://127.0.0.1:1", "touch_last_synced": touch,
    }) else {
        panic!("an object")
    };
    let config: Config = singer::config::read(settings).unwrap();
    let mapping = Arc::new(config.mapping().unwrap());
    let manner = config.manner(&mapping, today());
    let memory = Arc::new(memory);
    let api = Api::new(&config, &memory).unwrap();
    Loader::new(api, mapping, manner, report, memory)
}

/// A product that was created at this second and last synced on the 1st of January.
pub(crate) fn present(second: i64) -> Present {
    let synced = ("amazon_last_synced".to_owned(), value(r#""2026-01-01""#));
    Present {
        id: "5c4ed8002f0985001e233275".to_owned(),
        sku: format!("AMZN-US-{second}"),
        created: DateTime::from_timestamp(second, 0),
        gtin: None,
        label: Some(value(r#""Mug""#)),
        attributes: [synced].into_iter().collect(),
        media: BTreeMap::new(),
        thumbnail: None,
        links: BTreeMap::new(),
    }
}

/// A product that should have this label, and be this one of the seller's own.
fn task(label: &str, own: Option<&str>) -> Task {
    let value = Some(value(&json!(label).to_string()));
    let (write, unmatched) = (WriteRule::Always, Unmatched::Fail);
    let cells = vec![Cell { field: 0, value, write, unmatched }];
    let wanted = Wanted { sku: "AMZN-US-1".to_owned(), cells, records: 1, ..Wanted::default() };
    let matched = own.map_or(Match::None, |own| Match::One { sku: own.to_owned(), by: "x".into() });
    Task { wanted, present: None, matched, step: Step::Nothing }
}

fn change(touch: &str, task: &Task, present: &Present) -> serde_json::Value {
    serde_json::to_value(loader(touch, Arc::default()).change(task, present)).unwrap()
}

#[test]
fn the_day_is_written_with_a_change_or_daily_or_never() {
    let change = |touch, label, present: &Present| change(touch, &task(label, None), present);
    let dated = json!({"label": "Cup", "attributes": {"amazon_last_synced": "2026-01-02"}});
    assert_eq!(change("changed", "Cup", &present(1)), dated);
    assert_eq!(change("changed", "Mug", &present(1)), json!({}));
    assert_eq!(change("daily", "Cup", &present(1)), dated);
    let day = json!({"attributes": {"amazon_last_synced": "2026-01-02"}});
    assert_eq!(change("daily", "Mug", &present(1)), day);
    let mut today = present(1);
    today.attributes.insert("amazon_last_synced".to_owned(), value(r#""2026-01-02""#));
    assert_eq!(change("daily", "Mug", &today), json!({}));
    assert_eq!(change("never", "Cup", &present(1)), json!({"label": "Cup"}));
}

#[test]
fn the_sku_of_the_own_product_fills_an_empty_place_and_overwrites_none() {
    let own = json!({"attributes": {"amazon_canonical_sku": "MCA0032"}});
    assert_eq!(change("never", &task("Mug", Some("MCA0032")), &present(1)), own);
    let mut corrected = present(1);
    corrected.attributes.insert("amazon_canonical_sku".to_owned(), value(r#""OTHER""#));
    assert_eq!(change("never", &task("Mug", Some("MCA0032")), &corrected), json!({}));
}

#[test]
fn requests_take_the_time_that_earlier_runs_have_learnt() {
    let seconds = |memory| {
        let loader = remembering("never", Arc::default(), memory);
        [21, 100, 5001].map(|requests| loader.shortest_time(requests).as_secs())
    };
    assert_eq!(seconds(Memory::forgetful(today())), [10, 40, 3600]);
    let memory = Memory::forgetful(today());
    let window = Window { requests: 20, per: Duration::from_secs(10) };
    memory.keep(About::Window(window), "5 60");
    assert_eq!(seconds(memory), [40, 190, 3600]);
}

#[test]
fn phases_have_the_names_that_people_use() {
    for phase in Phase::ALL {
        assert_eq!(Phase::of(phase.name()), Some(phase));
        let json = serde_json::to_string(&phase).unwrap();
        assert_eq!(json, format!("\"{phase}\""));
    }
    assert_eq!(Phase::of(" canonical "), Some(Phase::Listings));
    assert_eq!(Phase::of("attributes"), Some(Phase::Products));
    assert_eq!(Phase::of("pictures"), None);
    let phases = Phases::of(&[Phase::Images, Phase::Products]);
    assert_eq!(phases.names(), ["products", "images"]);
    assert!(!phases.has(Phase::Family));
}
