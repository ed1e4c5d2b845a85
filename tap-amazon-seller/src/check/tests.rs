//! Which calls are made for which streams, and what their answers come to.

use serde_json::json;

use super::*;
use crate::due::scene::config;
use crate::selection::selected;
use crate::streams::Roster;

/// What the probes of these streams are.
fn probes(settings: serde_json::Value, streams: &[&str]) -> Vec<(&'static str, Vec<Probe>)> {
    let config = config(settings);
    let names: Vec<_> = streams.iter().map(|name| (*name).to_owned()).collect();
    let needs = needs(&config, &selected(&Roster::table(), None, &names).unwrap());
    let probes = |need: Need| need.probes.into_iter().map(|(probe, _)| probe).collect();
    needs.into_iter().map(|need| (need.stream, probes(need))).collect()
}

#[test]
fn streams_with_the_same_roles_share_a_call() {
    let streams = ["orders", "order_items", "sales_traffic_report", "reports", "marketplaces"];
    let orders = Probe::Reports("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL");
    let expected = [
        ("marketplaces", vec![Probe::Participations]),
        ("orders", vec![orders]),
        ("order_items", vec![orders]),
        ("sales_traffic_report", vec![Probe::Reports("GET_SALES_AND_TRAFFIC_REPORT")]),
        ("reports", vec![]),
    ];
    assert_eq!(probes(json!({}), &streams), expected);
}

#[test]
fn the_catalogue_needs_the_listings_too_unless_the_asins_are_named() {
    let listings = Probe::Reports("GET_MERCHANT_LISTINGS_ALL_DATA");
    assert_eq!(
        probes(json!({}), &["product_catalog"]),
        [("product_catalog", vec![Probe::Catalog, listings])]
    );
    assert_eq!(
        probes(json!({"asins": "B000000001"}), &["product_catalog"]),
        [("product_catalog", vec![Probe::Catalog])]
    );
}

#[test]
fn the_worst_answer_counts_and_the_role_is_named() {
    let roles: &[&str] = &["Brand Analytics"];
    let need = |stream, probes: &[Probe]| Need {
        stream,
        probes: probes.iter().map(|probe| (*probe, roles.to_vec())).collect(),
    };
    let needs = [
        need("a", &[Probe::Participations]),
        need("b", &[Probe::Participations, Probe::Catalog]),
        need("c", &[Probe::Reports("GET_X")]),
        need("d", &[]),
    ];
    let na = Answers::from([
        (Probe::Participations, Answer::Yes),
        (Probe::Catalog, Answer::No),
        (Probe::Reports("GET_X"), Answer::Yes),
    ]);
    // Without a login nothing is known but that.
    let eu = Answers::from([(Probe::Participations, Answer::Unknown)]);
    let regions = [(Region::Na, na), (Region::Eu, eu)];
    assert_eq!(unread(&needs, &regions), ["a", "b", "c"]);
    let page = page(&needs, &regions);
    let lines: Vec<_> = page.lines().take(5).collect();
    assert_eq!(
        lines,
        [
            "stream  na   eu   one of these roles is needed",
            "a       yes  ?    Brand Analytics",
            "b       NO   ?    Brand Analytics; and of Brand Analytics",
            "c       yes  ?    Brand Analytics",
            "d       yes  yes  -",
        ]
    );
}
