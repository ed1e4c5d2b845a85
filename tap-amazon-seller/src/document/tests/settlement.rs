//! Settlements: what goes out, and whether it adds up.

use super::*;

const HEADER: &str = "settlement-id\tsettlement-start-date\tdeposit-date\ttotal-amount\tcurrency\ttransaction-type\t\
                      amount-type\tamount\tposted-date\n";

fn european() -> Facts<'static> {
    Facts { place: Place::Region(Region::Eu), ..facts("DE") }
}

fn read_in_europe(rows: &str) -> (Emitted, Loaded) {
    let document = format!("{HEADER}{rows}");
    let (emitted, loaded) = read(document.as_bytes(), &european(), &["settlements"]);
    (emitted, loaded.unwrap())
}

#[test]
fn rows_are_numbered_inside_their_settlement_and_add_up_to_its_total() {
    let (emitted, loaded) = read_in_europe(
        "11\t2026-03-01 00:00:00 UTC\t15.03.2026 10:00:00 UTC\t1.232,10\tEUR\t\t\t\t\n\
         11\t\t\t\t\tOrder\tItemPrice\t1.234,60\t04/03/26\n\
         12\t2026-03-01 00:00:00 UTC\t\t-1.5\tGBP\t\t\t\t\n\
         11\t\t\t\t\t\tother-transaction\t-2,50\t05.03.2026\n\
         12\t\t\t\t\tRefund\tItemFees\t-1.50\t2026-03-06\n",
    );
    let records = emitted.of("settlements");
    let place =
        |record: &Value| (record["settlement-id"].clone(), record["_row_occurrence"].clone());
    let places: Vec<_> = records.iter().map(|record| place(record)).collect();
    let expected = [("11", 1), ("11", 2), ("12", 1), ("11", 3), ("12", 2)];
    assert_eq!(places, expected.map(|(id, row)| (json!(id), json!(row))));
    assert_eq!(
        records[0],
        &json!({"region": "eu", "settlement-id": "11", "_row_occurrence": 1,
            "settlement-start-date": "2026-03-01T00:00:00Z", "deposit-date": "2026-03-15T10:00:00Z",
            "total-amount": 1232.10, "currency": "EUR", "transaction-type": null,
            "amount-type": null, "amount": null, "posted-date": null})
    );
    assert!(emitted.texts[1].contains("\"amount\":1234.60"), "{}", emitted.texts[1]);
    let days: Vec<_> = records.iter().map(|record| &record["posted-date"]).collect();
    assert_eq!(days[1..4], [&json!("2026-03-04"), &Value::Null, &json!("2026-03-05")]);
    assert_eq!(loaded.settlements, ["11", "12"]);
    assert_eq!(loaded.unbalanced, [""; 0]);
}

#[test]
fn a_settlement_that_does_not_add_up_goes_out_and_is_named() {
    let (emitted, loaded) = read_in_europe(
        "11\t\t\t10.00\tEUR\t\t\t\t\n11\t\t\t\t\t\t\t9.99\t\n12\t\t\t0.00\tEUR\t\t\t\t\n13\t\t\t\t\t\t\t1\t\n",
    );
    assert_eq!(emitted.of("settlements").len(), 4);
    assert_eq!(loaded.settlements, ["12"]);
    assert_eq!(loaded.unbalanced, ["11", "13"]);
}

#[test]
fn a_settlement_goes_out_once_whatever_brings_it_again() {
    let once = "11\t\t\t1.00\tEUR\t\t\t\t\n11\t\t\t\t\t\t\t1.00\t\n";
    let (emitted, loaded) = read_in_europe(&once.repeat(3));
    assert_eq!(emitted.of("settlements").len(), 2);
    assert_eq!((loaded.settlements, loaded.passed_over), (vec!["11".to_owned()], 4));
    let known = BTreeSet::from(["11".to_owned()]);
    let facts = Facts { settlements: &known, ..european() };
    let document = format!("{HEADER}{once}12\t\t\t0\tEUR\t\t\t\t\n");
    let (emitted, loaded) = read(document.as_bytes(), &facts, &["settlements"]);
    let loaded = loaded.unwrap();
    assert_eq!(emitted.of("settlements").len(), 1);
    assert_eq!((loaded.settlements, loaded.passed_over), (vec!["12".to_owned()], 2));
}

#[test]
fn an_amount_that_can_mean_two_things_is_refused() {
    let document = format!("{HEADER}11\t\t\t1,234\tEUR\t\t\t\t\n");
    assert_eq!(
        refusal(document.as_bytes(), &european(), &["settlements"]),
        "settlements: line 2 of report 5012: total-amount: expected an amount"
    );
    assert_eq!(
        refusal(b"settlement-id\tamount\n", &european(), &["settlements"]),
        "report 5012: the document has no column `total-amount`, or has it in an unknown language"
    );
}
