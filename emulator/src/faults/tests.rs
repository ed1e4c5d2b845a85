//! Scripts that are refused, and faults by chance. How faults are played, the services' own tests
//! say.

use super::{Asked, Effect, Faults, Known, Verdict};
use crate::clock::Moment;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const TRAFFIC: &str = "GET_SALES_AND_TRAFFIC_REPORT";
const OPERATIONS: &[&str] = &["createReport", "getReports", "getReport", "getReportDocument"];

fn parsed(script: &Value) -> Result<Faults, String> {
    let known = Known {
        operations: OPERATIONS.to_vec(),
        ranged: &[],
        placed: &[],
        marketplace_ids: vec!["ATVPDKIKX0DER"],
    };
    Faults::parse(script.to_string().as_bytes(), &known).map_err(|error| error.to_string())
}

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).unwrap()
}

/// So many scaled seconds after the start.
fn after(seconds: u64) -> Moment {
    Moment { time: noon(), scaled: Duration::from_secs(seconds) }
}

/// A call about one day of sales and traffic, `days` before the start.
fn asked(operation: &'static str, days: i64) -> Asked {
    let day = noon() - TimeDelta::days(days);
    Asked {
        operation,
        region: (operation != "token").then_some("na"),
        report_types: vec![TRAFFIC.to_owned()],
        marketplace_ids: vec!["ATVPDKIKX0DER".to_owned()],
        start: Some(day),
        end: Some(day),
        subject: format!("day {days}"),
    }
}

/// Parses each entry as the only one of a script: the error must begin with the path and the words
/// beside it.
fn all_refused(cases: &[(Value, &str)]) {
    for (entry, expected) in cases {
        let error = parsed(&json!({"faults": [entry]})).unwrap_err();
        assert!(error.starts_with(expected), "{entry}\n{error}");
    }
}

#[test]
#[rustfmt::skip]
fn an_entry_that_is_for_no_call_is_refused_with_the_path_of_the_member() {
    all_refused(&[
        (json!({"opertion": "getReport"}), "faults[0].opertion: unknown field"),
        (json!({"operation": "getRaport", "drop": true}), "faults[0].operation: expected"),
        (json!({"region": "us", "drop": true}), "faults[0].region: unknown variant"),
        (json!({"marketplace_id": "A0", "drop": true}), "faults[0].marketplace_id: the seller"),
        (json!({"start": "20.11.2026", "drop": true}), "faults[0].start: expected a date"),
        (json!({"operation": "getReports", "start": "2026-11-20", "drop": true}), "faults[0].start: calls of"),
        (json!({"operation": "token", "region": "na", "drop": true}), "faults[0].region: calls of"),
        (json!({"operation": "getReport", "ends": "FATAL"}), "faults[0].operation: this happens to createReport"),
        (json!({"operation": "token", "token": "expired"}), "faults[0].operation: this happens on"),
        (json!({"report_type": "GET_X", "restated": true}), "faults[0].report_type: this happens"),
        (json!({"drop": true, "when": {}}), "faults[0].when: expected one of"),
        (json!({"drop": true, "when": {"calls": [1], "every": 2}}), "faults[0].when: expected one of"),
        (json!({"drop": true, "when": {"calls": [1, 0]}}), "faults[0].when.calls: calls are counted"),
        (json!({"drop": true, "when": {"calls": [1, -1]}}), "faults[0].when.calls[1]: invalid value"),
        (json!({"drop": true, "when": {"count": 2}}), "faults[0].when.count: goes with from"),
        (json!({"drop": true, "when": {"between": ["0s", "5 min"]}}), "faults[0].when.between[1]: expected a time"),
    ]);
}

#[test]
#[rustfmt::skip]
fn an_entry_in_which_nothing_sensible_happens_is_refused_with_the_path_of_the_member() {
    all_refused(&[
        (json!({"operation": "getReport"}), "faults[0]: nothing happens"),
        (json!({"drop": true, "status": 500}), "faults[0]: more than one thing"),
        (json!({"drop": false}), "faults[0].drop: expected true"),
        (json!({"status": 418}), "faults[0].status: expected one of"),
        (json!({"operation": "token", "status": 429}), "faults[0].status: expected one of"),
        (json!({"status": 500, "rate_header": true}), "faults[0].rate_header: goes with"),
        (json!({"status": 500, "html": true}), "faults[0].html: goes with"),
        (json!({"accept_then": 503}), "faults[0].accept_then: expected 500"),
        (json!({"token": "dead"}), "faults[0].token: unknown variant"),
        (json!({"delay": 30}), "faults[0].delay: invalid type"),
        (json!({"ends": "DONE"}), "faults[0].ends: unknown variant"),
        (json!({"ends": "CANCELLED", "document": {"text": "x"}}), "faults[0].document: goes with"),
        (json!({"ends": "FATAL", "document": {"txt": "x"}}), "faults[0].document.txt: unknown"),
        (json!({"ends": "FATAL", "document": {"gzip": true}}), "faults[0].document: expected either"),
        (json!({"document": {"asin_list": "full"}}), "faults[0].document.asin_list: unknown"),
        (json!({"slow": 0}), "faults[0].slow: expected a number above zero"),
        (json!({"cut_after": -1}), "faults[0].cut_after: invalid value"),
    ]);
}

#[test]
#[rustfmt::skip]
fn a_setting_with_a_mistake_is_refused_with_the_path_of_the_member() {
    let quota = |reports: u32| json!({"quota": {"report_type": TRAFFIC, "reports": reports, "per": "4h"}});
    let random = |rate: f64, kind: &str| json!({"random": {"seed": 1, "rate": rate, "kinds": [kind]}});
    all_refused(&[
        (quota(0), "faults[0].quota: reports and per"),
        (json!({"quota": {"report_type": TRAFFIC, "reports": 1}}), "faults[0].quota: missing field"),
        (json!({"regeneration": {"report_type": TRAFFIC, "window": "x"}}), "faults[0].regeneration.window: expected"),
        (json!({"report": {"report_type": TRAFFIC, "marketplace_ids": ["A0"], "created": "-1m", "status": "DONE"}}), "faults[0].report.marketplace_ids: expected"),
        (json!({"report": {"report_type": TRAFFIC, "marketplace_ids": ["ATVPDKIKX0DER"], "created": "1m", "status": "DONE"}}), "faults[0].report.created: expected a time ago"),
        (random(2.0, "drop"), "faults[0].random.rate: expected a share"),
        (random(0.1, "504"), "faults[0].random.kinds[0]: unknown"),
        (json!({"random": {"seed": 1, "rate": 0.1}, "drop": true}), "faults[0]: quota, regeneration"),
    ]);
    let twice = parsed(&json!({"faults": [random(0.1, "drop"), random(0.1, "drop")]})).unwrap_err();
    assert_eq!(twice, "faults[1].random: there is another one");
    assert!(parsed(&json!({"fautls": []})).unwrap_err().starts_with("fautls: unknown field"));
}

#[test]
fn a_fault_is_played_on_the_calls_that_it_names() {
    let played = |when: Value, seconds: [u64; 6]| {
        let faults = parsed(&json!({"faults": [{"drop": true, "when": when}]})).unwrap();
        seconds.map(|at| faults.decide(&asked("getReport", 1), after(at)) != Verdict::default())
    };
    let at_once = [0; 6];
    let cases = [
        (json!({"calls": [2, 5]}), at_once, [false, true, false, false, true, false]),
        (json!({"from": 3}), at_once, [false, false, true, true, true, true]),
        (json!({"from": 2, "count": 2}), at_once, [false, true, true, false, false, false]),
        (json!({"every": 3}), at_once, [false, false, true, false, false, true]),
        (
            json!({"between": ["10s", "2m"]}),
            [0, 9, 10, 119, 120, 999],
            [false, false, true, true, false, false],
        ),
    ];
    for (when, seconds, expected) in cases {
        assert_eq!(played(when.clone(), seconds), expected, "{when}");
    }
}

#[test]
fn calls_are_counted_for_each_subject_if_that_is_wanted() {
    let script = json!({"faults": [{"ends": "FATAL", "when": {"calls": [1], "per": "subject"}}]});
    let faults = parsed(&script).unwrap();
    let fatal = [1, 2, 1, 2].map(|days| {
        faults.decide(&asked("createReport", days), after(0)).course().ending.is_some()
    });
    assert_eq!(fatal, [true, true, false, false]);
}

#[test]
fn a_call_that_is_refused_is_not_counted_by_what_happens_to_reports() {
    let script = json!({"faults": [
        {"operation": "createReport", "when": {"calls": [1]}, "status": 503},
        {"ends": "FATAL", "when": {"calls": [1]}},
    ]});
    let faults = parsed(&script).unwrap();
    let names = [(); 3].map(|()| faults.decide(&asked("createReport", 1), after(0)).names());
    assert_eq!(names, [Some("503".to_owned()), Some("fatal".to_owned()), None]);
}

#[test]
fn a_quota_of_a_type_fills_again_in_its_time() {
    let script =
        json!({"faults": [{"quota": {"report_type": TRAFFIC, "reports": 2, "per": "4h"}}]});
    let faults = parsed(&script).unwrap();
    let refused = |seconds| faults.decide(&asked("createReport", 1), after(seconds)).names();
    let quota = || Some("quota".to_owned());
    assert_eq!([0, 0, 0, 7199, 7200].map(refused), [None, None, quota(), quota(), None]);
    let other = Asked { report_types: vec!["GET_X".to_owned()], ..asked("createReport", 1) };
    assert_eq!(faults.decide(&other, after(7200)).names(), None);
}

/// What chance does to `calls` calls of each operation.
fn chances(seed: u64, rate: f64, calls: usize) -> Vec<(&'static str, Option<String>)> {
    let faults = parsed(&json!({"faults": [{"random": {"seed": seed, "rate": rate}}]})).unwrap();
    let operations = ["createReport", "getReport", "getReportDocument", "download", "token"];
    (0..calls)
        .flat_map(|_| operations)
        .map(|operation| (operation, faults.decide(&asked(operation, 1), after(0)).names()))
        .collect()
}

#[test]
fn the_same_seed_plays_the_same_faults() {
    assert_eq!(chances(7, 0.2, 200), chances(7, 0.2, 200));
    assert_ne!(chances(7, 0.2, 200), chances(8, 0.2, 200));
    let struck = chances(7, 0.2, 2_000).into_iter().filter(|(_, fault)| fault.is_some()).count();
    assert!((1_800..2_200).contains(&struck), "{struck} of 10,000 at 0.2");
}

#[test]
fn chance_never_strikes_an_operation_more_than_three_times_in_a_row() {
    for operation in ["createReport", "getReport", "download", "token"] {
        let faults = chances(1, 0.9, 3_000).into_iter().filter(|(name, _)| *name == operation);
        let faults: Vec<bool> = faults.map(|(_, fault)| fault.is_some()).collect();
        let longest = faults.split(|struck| !struck).map(<[bool]>::len).max();
        assert_eq!(longest, Some(3), "{operation}");
    }
}

#[test]
fn chance_spares_a_subject_even_if_another_one_is_spared_meanwhile() {
    let script = json!({"faults": [{"random": {"seed": 1, "rate": 1, "kinds": ["drop"]}}]});
    let faults = parsed(&script).unwrap();
    let struck = [1, 1, 1, 2, 1, 1, 1, 1]
        .map(|days| faults.decide(&asked("getReport", days), after(0)).names().is_some());
    assert_eq!(struck, [true, true, true, false, false, true, true, true]);
}

#[test]
fn chance_cancels_and_empties_only_young_days_and_fails_a_report_once() {
    let script = json!({"faults": [{"random": {
        "seed": 3, "rate": 1, "in_a_row": 1000,
        "kinds": ["cancelled", "late_day", "fatal_once"],
    }}]});
    let faults = parsed(&script).unwrap();
    let played = |days: i64| -> Vec<String> {
        let names =
            (0..6).filter_map(|_| faults.decide(&asked("createReport", days), after(0)).names());
        let names: Vec<String> = names.collect();
        let once: BTreeSet<&String> = names.iter().collect();
        assert_eq!(once.len(), names.len(), "each happens once: {names:?}");
        once.into_iter().cloned().collect()
    };
    assert_eq!(played(3), ["cancelled", "fatal", "late_day"]);
    assert_eq!(played(30), ["fatal"]);
}

#[test]
fn every_kind_of_chance_happens_where_it_can() {
    let names = |operation: &'static str| -> BTreeSet<String> {
        let all = chances(1, 0.5, 4_000).into_iter();
        all.filter(|(name, _)| *name == operation).filter_map(|(_, fault)| fault).collect()
    };
    let expected = |names: &[&str]| -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    };
    assert_eq!(
        names("createReport"),
        expected(&[
            "429",
            "500",
            "503",
            "drop",
            "lost_create",
            "slow_report",
            "cancelled",
            "fatal",
            "token",
            "late_day",
        ])
    );
    assert_eq!(names("getReport"), expected(&["429", "500", "503", "drop", "delay", "token"]));
    assert_eq!(names("download"), expected(&["500", "503", "drop", "cut", "expired", "slow"]));
    assert_eq!(names("token"), expected(&["500", "503", "drop", "delay"]));
}

#[test]
fn a_script_goes_before_chance() {
    let script = json!({"faults": [
        {"random": {"seed": 1, "rate": 1, "kinds": ["drop"], "in_a_row": 9}},
        {"operation": "getReport", "status": 503},
    ]});
    let faults = parsed(&script).unwrap();
    let verdict = faults.decide(&asked("getReport", 1), after(0));
    assert_eq!(verdict.names().as_deref(), Some("503"));
    let verdict = faults.decide(&asked("getReports", 1), after(0));
    assert_eq!(verdict.effects(), [Effect::Drop]);
}
