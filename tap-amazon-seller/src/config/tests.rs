//! What a configuration means, and what is said of one that cannot work.

use super::*;
use serde_json::json;

fn parse(mut settings: Value) -> Result<Config, String> {
    let settings = settings.as_object_mut().unwrap();
    for (name, value) in
        [("lwa_client_id", "id"), ("lwa_client_secret", "hunter2"), ("refresh_token", "hunter2")]
    {
        settings.entry(name).or_insert_with(|| json!(value));
    }
    let now = "2026-11-20T12:00:00Z".parse().unwrap();
    Config::parse(std::mem::take(settings), now).map_err(|error| error.to_string())
}

#[test]
fn secrets_do_not_show() {
    let config = parse(json!({"refresh_tokens": {"eu": "hunter2"}})).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn one_token_without_marketplaces_is_tried_everywhere() {
    let config = parse(json!({})).unwrap();
    assert_eq!(config.regions, Regions::Tried);
    assert_eq!(config.refresh_tokens.len(), 3);
    assert_eq!(config.start.to_rfc3339(), "2026-10-21T12:00:00+00:00");
}

#[test]
fn marketplaces_name_the_regions() {
    let config = parse(json!({"marketplaces": "UK, DE,A1F83G8C2ARO7P"})).unwrap();
    assert_eq!(config.regions, Regions::Named);
    let countries: Vec<_> = config.marketplaces.unwrap().iter().map(|m| m.country).collect();
    assert_eq!(countries, ["GB", "DE"]);
    assert_eq!(config.refresh_tokens.into_keys().collect::<Vec<_>>(), [Region::Eu]);
}

#[test]
fn every_problem_names_the_setting_and_never_the_value() {
    for (settings, setting) in [
        (json!({"marketplaces": ["US", "hunter2"]}), "marketplaces"),
        (json!({"start_date": "hunter2"}), "start_date"),
        (json!({"start_date": "2026-02-01", "end_date": "2026-01-01"}), "end_date"),
        (json!({"endpoints": {"lwa": "hunter2"}}), "endpoints"),
        (json!({"asins": ["B0"], "brands": ["hunter2"]}), "asins"),
        (
            json!({"marketplaces": "US", "refresh_token": null, "refresh_tokens": {"eu": "hunter2"}}),
            "refresh_tokens",
        ),
        (json!({"refresh_token": null}), "refresh_token"),
        (json!({"streams": {"products_inventory": {"source": "hunter2"}}}), "streams"),
        (
            json!({"streams": {"sales_traffic_report": {"asin_granularity": "SKU"},
                "sales_traffic_by_date": {"asin_granularity": "CHILD"}}}),
            "streams",
        ),
    ] {
        let error = parse(settings).unwrap_err();
        assert!(error.starts_with(&format!("config: `{setting}`: expected ")), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn asins_come_as_a_list_or_as_text_and_each_once() {
    for asins in [json!("B01, B02,,B01"), json!(["B01", "B02", "B01"])] {
        let config = parse(json!({"asins": asins})).unwrap();
        assert_eq!(config.scope, CatalogScope::Asins(vec!["B01".into(), "B02".into()]));
    }
}

#[test]
fn the_sandbox_and_other_endpoints_replace_amazons() {
    let config =
        parse(json!({"sandbox": true, "endpoints": {"na": "http://127.0.0.1:1"}})).unwrap();
    assert_eq!(config.endpoints[&Region::Na], "http://127.0.0.1:1");
    assert_eq!(config.endpoints[&Region::Eu], "https://sandbox.sellingpartnerapi-eu.amazon.com");
}
