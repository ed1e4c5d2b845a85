//! Settlements, which nobody asks for, and the reports of what happens to stock.

use super::{Caller, DE, Heard, JP, US, ranged, unzipped, wish};
use crate::amazon::Region;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SETTLEMENT: &str = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2";
const LEDGER: &str = "GET_LEDGER_DETAIL_VIEW_DATA";

/// The settlement reports that Amazon lists for a region, the newest first.
async fn listed(caller: &Caller, region: Region) -> Vec<Value> {
    let target = format!("/reports/2021-06-30/reports?reportTypes={SETTLEMENT}&pageSize=100");
    let list = caller.get(region, &target).await.json();
    assert_eq!(list["nextToken"], Value::Null);
    list["reports"].as_array().unwrap().clone()
}

/// The text of a report's document.
async fn read(caller: &Caller, region: Region, report: &Value) -> String {
    let address = caller.address(region, report).await;
    let document: Heard = caller.download(&address, ("accept", "*/*")).await;
    let is_packed = address["compressionAlgorithm"] == "GZIP";
    let bytes = if is_packed { unzipped(&document.body) } else { document.body.to_vec() };
    encoding_rs::WINDOWS_1252.decode(&bytes).0.into_owned()
}

/// The lines of each settlement in a document, by its number.
fn settlements(document: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut settlements: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in document.lines().skip(1) {
        settlements.entry(line.split('\t').next().unwrap()).or_default().push(line);
    }
    settlements
}

/// An amount in hundredths.
fn hundredths(cell: &str) -> i64 {
    cell.replace('.', "").parse().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn settlements_are_listed_and_cannot_be_asked_for() {
    let caller = Caller::new().await;
    let body = wish(SETTLEMENT, US);
    let refused = caller.call(Region::Na, "POST", "/reports/2021-06-30/reports", body).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.error().0, "InvalidInput");
    let reports = listed(&caller, Region::Na).await;
    let of_us: Vec<_> = reports.iter().filter(|it| it["marketplaceIds"] == json!([US])).collect();
    assert!((6..=7).contains(&of_us.len()), "{of_us:?}");
    assert_eq!(of_us[0]["processingStatus"], "DONE");
    for pair in of_us.windows(2) {
        assert_eq!(pair[0]["dataStartTime"], pair[1]["dataEndTime"], "fortnights have no gaps");
    }
}

#[tokio::test(start_paused = true)]
async fn a_settlement_is_the_sum_of_its_rows_and_comes_again_in_europe() {
    let caller = Caller::new().await;
    let reports = listed(&caller, Region::Na).await;
    let newest = reports.iter().find(|it| it["marketplaceIds"] == json!([US])).unwrap();
    let document = read(&caller, Region::Na, newest).await;
    let column =
        |name| document.lines().next().unwrap().split('\t').position(|it| it == name).unwrap();
    let (total, amount) = (column("total-amount"), column("amount"));
    let all = settlements(&document);
    assert_eq!(all.len(), 1);
    let lines = &all.values().next().unwrap()[..];
    let cell = |line: &str, index| hundredths(line.split('\t').nth(index).unwrap());
    let sum: i64 = lines.iter().map(|line| cell(line, amount)).sum();
    assert_eq!((cell(lines[0], total), lines.len() > 20), (sum, true));

    let reports = listed(&caller, Region::Eu).await;
    let german: Vec<_> = reports.iter().filter(|it| it["marketplaceIds"] == json!([DE])).collect();
    let (newest, before) =
        (read(&caller, Region::Eu, german[0]).await, read(&caller, Region::Eu, german[1]).await);
    let (newest, before) = (settlements(&newest), settlements(&before));
    assert_eq!((newest.len(), before.len()), (2, 2));
    let again: Vec<_> = newest.iter().filter(|(id, _)| before.contains_key(*id)).collect();
    assert_eq!(again.len(), 1);
    assert!(again.iter().all(|(id, lines)| before[*id] == **lines), "the same to the byte");
}

#[tokio::test(start_paused = true)]
async fn ledgers_wrap_every_cell_in_quotes_and_double_none() {
    let caller = Caller::new().await;
    let (_, document) = caller.document(Region::Na, ranged(LEDGER, US, 60)).await;
    assert_eq!(document.header("content-type"), Some("text/plain; charset=UTF-8"));
    let document = String::from_utf8(unzipped(&document.body)).unwrap();
    assert!(
        document
            .starts_with("\"Date\"\t\"FNSKU\"\t\"ASIN\"\t\"MSKU\"\t\"Title\"\t\"Event Type\"\t")
    );
    assert!(document.lines().all(|line| line.starts_with('"') && line.ends_with('"')));
    assert!(document.contains(", 10\" Deluxe\"\t"), "a quote inside is not doubled");
    let lines: Vec<_> = document.lines().collect();
    let distinct: std::collections::BTreeSet<_> = lines.iter().collect();
    assert!(distinct.len() < lines.len(), "rows that are alike to the last letter");
}

#[tokio::test(start_paused = true)]
async fn stock_by_country_is_made_for_europe_only() {
    let caller = Caller::new().await;
    let report_type = "GET_AFN_INVENTORY_DATA_BY_COUNTRY";
    let (_, document) = caller.document(Region::Eu, wish(report_type, DE)).await;
    assert!(!unzipped(&document.body).is_empty());
    let body = wish(report_type, JP);
    let refused = caller.call(Region::Fe, "POST", "/reports/2021-06-30/reports", body).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}
