//! Streams that land in tables that were there before.

use serde_json::json;

use crate::support::{Case, activate, record, schema, state, versioned};

/// A daily table of a dashboard, as people have it: its own serial number, its own unique key, and the
/// marketplaces' own ids.
const DASHBOARD: &str = "
create table marketplaces (id uuid primary key, amazon_id text not null unique);
insert into marketplaces values
  ('00000000-0000-0000-0000-00000000000a', 'A1PA6795UKMFR9'),
  ('00000000-0000-0000-0000-00000000000b', 'ATVPDKIKX0DER');
create table sp_daily_asin_data (
  id bigserial primary key,
  date date not null,
  marketplace_id uuid not null references marketplaces (id),
  amazon_marketplace_id text not null,
  child_asin text not null,
  sessions integer not null default 0,
  ordered_product_sales numeric(12, 2),
  currency_code varchar(3),
  created_at timestamptz not null default now(),
  unique (date, marketplace_id, child_asin)
)";

fn sales_schema() -> String {
    schema(
        "sales_traffic_report",
        r#"{"date":{"type":"string","format":"date"},"marketplace_id":{"type":"string"},
            "child_asin":{"type":"string"},"sessions":{"type":["null","integer"]},
            "ordered_product_sales":{"type":["null","number"]},"currency_code":{"type":["null","string"]},
            "page_views":{"type":"integer"}}"#,
        &["date", "marketplace_id", "child_asin"],
    )
    .replace('\n', "")
}

fn sales(date: &str, marketplace: &str, asin: &str, sessions: u32, amount: &str) -> String {
    record(
        "sales_traffic_report",
        &format!(
            r#"{{"date":"{date}","marketplace_id":"{marketplace}","child_asin":"{asin}","sessions":{sessions},"ordered_product_sales":{amount},"currency_code":"EUR","page_views":7}}"#
        ),
    )
}

fn dashboard() -> Case {
    let case = Case::new();
    case.prepare(DASHBOARD);
    case.with(json!({ "tables": { "sales_traffic_report": {
        "table": "sp_daily_asin_data",
        "rename": { "marketplace_id": "amazon_marketplace_id" },
        "lookup": { "marketplace_id": { "table": "marketplaces", "match": "amazon_id", "from": "marketplace_id" } },
        "key": ["date", "marketplace_id", "child_asin"],
        "extra": "leave_out",
    }}}))
}

const ROWS: &str = "select id, date, right(marketplace_id::text, 1), amazon_marketplace_id, child_asin, sessions, ordered_product_sales, currency_code from sp_daily_asin_data order by id";

#[test]
fn a_dashboards_own_table_takes_the_sales_report_and_stays_as_it_is() {
    let case = dashboard();
    let columns = || {
        case.sql("select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute where attrelid = 'sp_daily_asin_data'::regclass and attnum > 0")
    };
    let before = columns();
    let lines = [
        sales_schema(),
        sales("2026-01-01", "A1PA6795UKMFR9", "B1", 10, "12.5"),
        sales("2026-01-01", "ATVPDKIKX0DER", "B1", 11, "0"),
        sales("2026-01-01", "A1PA6795UKMFR9", "B1", 12, "13"),
    ];
    case.load(&lines).succeeded();
    let first = case.sql(ROWS);
    assert_eq!(
        first,
        "1|2026-01-01|a|A1PA6795UKMFR9|B1|12|13.00|EUR\n2|2026-01-01|b|ATVPDKIKX0DER|B1|11|0.00|EUR"
    );
    // Again, with one change: the serial number and the time of a row stay.
    let again = [sales_schema(), sales("2026-01-01", "A1PA6795UKMFR9", "B1", 13, "13.00")];
    case.load(&again).succeeded();
    assert_eq!(case.sql(ROWS), first.replace("B1|12|13.00", "B1|13|13.00"));
    assert_eq!(columns(), before);
}

#[test]
fn a_value_that_is_not_found_is_named_by_its_property() {
    let case = dashboard();
    let outcome = case.load(&[sales_schema(), sales("2026-01-01", "A1SECRET", "B1", 1, "1")]);
    assert_eq!(
        outcome.failed(),
        "FATAL line 2: sales_traffic_report: marketplace_id: no row of marketplaces has this value; add one"
    );
}

#[test]
fn a_table_of_lookups_that_is_too_large_is_refused_rather_than_cut_off() {
    let case = dashboard();
    case.sql("alter table sp_daily_asin_data drop constraint sp_daily_asin_data_marketplace_id_fkey; drop table marketplaces");
    case.sql("create table marketplaces as select gen_random_uuid() as id, n::text as amazon_id from generate_series(1, 1000001) as n");
    let lines = [sales_schema(), sales("2026-01-01", "1000001", "B1", 1, "1")];
    assert_eq!(
        case.load(&lines).failed(),
        "FATAL line 1: sales_traffic_report: lookup of marketplace_id: marketplaces has more than 1000000 rows; name a smaller table"
    );
    case.sql("delete from marketplaces where amazon_id = '7'");
    case.load(&lines).succeeded();
    assert_eq!(case.sql("select amazon_marketplace_id from sp_daily_asin_data"), "1000001");
}

#[test]
fn a_number_that_the_column_would_round_is_refused() {
    let case = dashboard();
    let outcome =
        case.load(&[sales_schema(), sales("2026-01-01", "A1PA6795UKMFR9", "B1", 1, "1.005")]);
    let last = outcome.failed();
    assert!(
        last.starts_with("FATAL line 2: sales_traffic_report: ordered_product_sales: "),
        "{last}"
    );
    assert!(!outcome.log.contains("1.005"), "{}", outcome.log);
}

#[test]
fn a_constraint_of_the_table_is_named_with_the_line_that_breaks_it_where_it_can_be() {
    let case = Case::new().plain();
    case.prepare(
        "create table t (id bigint primary key, n bigint constraint positive check (n > 0))",
    );
    let of = schema("t", r#"{"id":{"type":"integer"},"n":{"type":"integer"}}"#, &["id"]);
    let row = |id: i32, n: i32| record("t", &format!(r#"{{"id":{id},"n":{n}}}"#));
    let outcome = case.load(&[of.clone(), row(1, 5), row(1, 6), row(2, -777)]);
    let last = outcome.failed();
    let reason = "a value is not allowed, table t, constraint positive (SQLSTATE 23514)";
    assert!(last.ends_with(&format!("t: line 4: {reason}")), "{last}");
    assert!(!outcome.log.contains("777"), "{}", outcome.log);
    case.load(&[of.clone(), row(1, 5)]).succeeded();
    let outcome = case.load(&[of, row(2, -777)]);
    assert!(outcome.failed().ends_with(&format!("t: {reason}")), "{}", outcome.log);
}

#[test]
fn a_table_that_others_made_gets_columns_for_what_it_lacks() {
    let case = Case::new().plain();
    case.prepare("create table t (id integer primary key, note text not null default 'none', small smallint)");
    let properties =
        r#"{"id":{"type":"integer"},"small":{"type":"integer"},"more":{"type":"number"}}"#;
    let lines = [
        schema("t", properties, &["id"]),
        record("t", r#"{"id":3000000000,"small":40000,"more":1.5}"#),
    ];
    case.load(&lines).succeeded();
    assert_eq!(case.sql("select id, note, small, more from t"), "3000000000|none|40000|1.5");
}

#[test]
fn a_table_with_another_key_is_refused_with_what_to_do() {
    let case = Case::new().plain();
    case.prepare("create table t (a bigint primary key, b bigint)");
    let outcome =
        case.load(&[schema("t", r#"{"a":{"type":"integer"},"b":{"type":"integer"}}"#, &["b"])]);
    let last = outcome.failed();
    assert!(
        last.starts_with("FATAL line 1: t: the table's key is (a), the stream's is (b); configure"),
        "{last}"
    );
}

#[test]
fn a_view_is_no_table() {
    let case = Case::new().plain();
    case.prepare("create view t as select 1 as a");
    let outcome = case.load(&[schema("t", r#"{"a":{"type":"integer"}}"#, &[])]);
    assert!(
        outcome.failed().ends_with("\"t\" is not a table; name another one under `tables`"),
        "{}",
        outcome.log
    );
}

#[test]
fn indexes_that_are_asked_for_are_made_once() {
    let case =
        Case::new().plain().with(json!({ "tables": { "t": { "indexes": [["a"], ["b", "a"]] } } }));
    let lines = [schema("t", r#"{"a":{"type":"integer"},"b":{"type":"integer"}}"#, &["a"])];
    case.load(&lines).succeeded();
    case.load(&lines).succeeded();
    assert_eq!(
        case.sql("select indexname from pg_indexes where schemaname = current_schema() order by 1"),
        "t_a_idx\nt_b_a_idx\nt_pkey"
    );
}

#[test]
fn a_table_without_a_key_that_must_stay_as_it_is_is_still_updated() {
    let case = Case::new().with(json!({ "tables": { "t": { "extra": "leave_out" } } }));
    case.prepare("create table t (id bigint, v text)");
    let of = schema(
        "t",
        r#"{"id":{"type":"integer"},"v":{"type":"string"},"w":{"type":"string"}}"#,
        &["id"],
    );
    for v in ["a", "b"] {
        let lines = [of.clone(), record("t", &format!(r#"{{"id":1,"v":"{v}","w":"x"}}"#))];
        case.load(&lines).succeeded();
    }
    assert_eq!(case.sql("select * from t"), "1|b");
    assert_eq!(
        case.sql("select count(*) from pg_indexes where schemaname = current_schema()"),
        "0"
    );
}

#[test]
fn an_empty_table_without_a_unique_index_keeps_one_row_of_a_key_over_many_batches() {
    let case = Case::new()
        .with(json!({ "batch_size_rows": 1, "tables": { "t": { "extra": "leave_out" } } }));
    case.prepare("create table t (id bigint, v text)");
    let of = schema("t", r#"{"id":{"type":"integer"},"v":{"type":"string"}}"#, &["id"]);
    let row = |id: i32, v: &str| record("t", &format!(r#"{{"id":{id},"v":"{v}"}}"#));
    case.load(&[of, row(1, "a"), row(2, "b"), row(1, "c")]).succeeded();
    assert_eq!(case.sql("select * from t order by id"), "1|c\n2|b");
}

#[test]
fn a_change_that_the_columns_collation_does_not_see_is_stored() {
    let case = Case::new().with(json!({ "tables": { "t": { "extra": "leave_out" } } }));
    case.prepare(
        "create collation any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false); \
         create table t (id bigint primary key, v text collate any_case, w varchar(9) collate any_case)",
    );
    let properties = r#"{"id":{"type":"integer"},"v":{"type":"string"},"w":{"type":"string"}}"#;
    for (v, w) in [("size m", "s"), ("Size M", "s"), ("Size M", "S")] {
        let lines = [
            schema("t", properties, &["id"]),
            record("t", &format!(r#"{{"id":1,"v":"{v}","w":"{w}"}}"#)),
        ];
        case.load(&lines).succeeded();
        assert_eq!(case.sql("select v, w from t"), format!("{v}|{w}"));
    }
}

#[test]
fn a_column_of_floating_point_becomes_wider_with_all_its_digits_whatever_the_session_shows() {
    let properties =
        |wanted: &str| format!(r#"{{"id":{{"type":"integer"}},"v":{{"type":"{wanted}"}}}}"#);
    for wanted in ["number", "string", "object"] {
        let case =
            Case::new().plain().with(json!({ "before_run_sql": "set extra_float_digits = 0" }));
        case.prepare(
            "create table t (id bigint primary key, v double precision); \
             insert into t values (1, 0.1::float8 + 0.2::float8)",
        );
        case.load(&[schema("t", &properties(wanted), &["id"])]).succeeded();
        assert_eq!(case.sql("select v::text from t"), "0.30000000000000004", "{wanted}");
    }
}

#[test]
fn metadata_is_written_in_the_types_that_its_columns_have() {
    let case = Case::new().with(json!({ "tables": { "t": { "extra": "leave_out" } } }));
    case.prepare(
        "create table t (id bigint primary key, _sdc_extracted_at varchar, _sdc_received_at timestamp, \
         _sdc_sequence double precision, _sdc_table_version numeric(12, 2), _sdc_sync_started_at text)",
    );
    let record = r#"{"type":"RECORD","stream":"t","record":{"id":1},"version":3,"time_extracted":"2026-01-02T04:04:05.5+01:00"}"#;
    case.load(&[schema("t", r#"{"id":{"type":"integer"}}"#, &["id"]), record.to_owned()])
        .succeeded();
    let sent =
        "_sdc_received_at - to_timestamp(_sdc_sync_started_at::bigint / 1000.0) at time zone 'UTC'";
    assert_eq!(
        case.sql(&format!(
            "select _sdc_extracted_at, _sdc_table_version, round(_sdc_sequence / 1000000) = _sdc_sync_started_at::float, \
             {sent} between '0' and '1 hour' from t"
        )),
        "2026-01-02T03:04:05.500000Z|3.00|t|t"
    );
}

#[test]
fn the_time_of_a_deletion_is_in_utc_whatever_the_session_and_the_column_say() {
    for sql_type in ["timestamp", "timestamptz", "varchar"] {
        let case = Case::new().with(json!({
            "before_run_sql": "set time zone 'Asia/Tokyo'", "tables": { "t": { "extra": "leave_out" } }
        }));
        case.prepare(&format!(
            "create table t (id bigint primary key, _sdc_received_at timestamptz, _sdc_deleted_at {sql_type}, \
             _sdc_table_version bigint); insert into t values (1, null, null, 1)"
        ));
        let of = schema("t", r#"{"id":{"type":"integer"}}"#, &["id"]);
        case.load(&[of, versioned("t", r#"{"id":2}"#, 2), activate("t", 2)]).succeeded();
        let after = "(select _sdc_deleted_at::timestamptz from t where id = 1) - (select _sdc_received_at from t where id = 2)";
        assert_eq!(
            case.sql(&format!("set time zone 'UTC'; select {after} between '0' and '1 hour'")),
            "t",
            "{sql_type}"
        );
    }
}

#[test]
fn a_value_that_a_lookup_finds_twice_is_refused_and_not_chosen_by_chance() {
    let case = dashboard();
    case.sql("alter table marketplaces drop constraint marketplaces_amazon_id_key");
    let same = "insert into marketplaces values (gen_random_uuid(), 'ATVPDKIKX0DER')";
    case.sql(same);
    let german = [sales_schema(), sales("2026-01-01", "A1PA6795UKMFR9", "B1", 1, "1")];
    case.load(&german).succeeded();
    let outcome = case.load(&[sales_schema(), sales("2026-01-01", "ATVPDKIKX0DER", "B1", 1, "1")]);
    assert_eq!(
        outcome.failed(),
        "FATAL line 2: sales_traffic_report: marketplace_id: several rows of marketplaces have this value; leave one"
    );
    assert_eq!(case.sql("select amazon_marketplace_id from sp_daily_asin_data"), "A1PA6795UKMFR9");
}

#[test]
fn a_table_that_must_stay_as_it_is_can_be_overwritten() {
    let case = Case::new().with(json!({ "load_method": "overwrite", "state_id": "x",
        "tables": { "t": { "extra": "leave_out" } } }));
    case.prepare("create table t (id bigint, small smallint, other text not null default 'none'); insert into t values (7, 7)");
    let of = schema(
        "t",
        r#"{"id":{"type":"integer"},"small":{"type":"integer"},"w":{"type":"string"}}"#,
        &["id"],
    );
    let lines = [of, record("t", r#"{"id":1,"small":2,"w":"x"}"#), state(1)];
    assert_eq!(case.load(&lines).succeeded(), [r#"{"n":1}"#]);
    assert_eq!(case.sql("select * from t"), "1|2|none");
    assert_eq!(
        case.sql("select string_agg(format_type(atttypid, atttypmod) || attnotnull, ',' order by attnum) from pg_attribute where attrelid = 't'::regclass and attnum > 0"),
        "bigintfalse,smallintfalse,texttrue"
    );
    assert_eq!(case.sql("select value from _singer_state"), r#"{"n":1}"#);
}
