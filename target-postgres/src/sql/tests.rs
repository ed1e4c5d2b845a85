use insta::assert_snapshot;
use serde_json::json;
use singer::Schema;

use super::*;
use crate::change::Change;
use crate::column::Nullability;
use crate::kind::Kind;
use crate::table::Rules;

fn orders(key: &[&str]) -> Table {
    let mut rules = Rules::new(Identifier::exact("shop").unwrap());
    rules.metadata = vec![Metadata::ReceivedAt, Metadata::DeletedAt];
    rules.rename.insert("it's".to_owned(), Identifier::exact("its").unwrap());
    let schema = Schema {
        stream: "orders".to_owned(),
        schema: json!({ "properties": {
            "id": { "type": "string" },
            "select": { "type": "number" },
            "it's": { "type": "object" },
        } }),
        key_properties: key.iter().map(ToString::to_string).collect(),
        ..Schema::default()
    };
    Table::of(&schema, &rules).unwrap()
}

fn text(change: &Change) -> String {
    statements(change, &orders(&["id"])).join(";\n")
}

fn name(name: &str) -> Identifier {
    Identifier::exact(name).unwrap()
}

#[test]
fn a_table_is_made_with_its_key_and_says_where_renamed_columns_come_from() {
    assert_snapshot!(text(&Change::CreateTable(Box::new(orders(&["id"])))), @r#"
    CREATE TABLE "shop"."orders" (
      "id" text NOT NULL,
      "select" numeric,
      "its" jsonb,
      "_sdc_received_at" timestamptz,
      "_sdc_deleted_at" timestamptz,
      PRIMARY KEY ("id")
    );
    COMMENT ON COLUMN "shop"."orders"."its" IS 'it''s'
    "#);
    assert_snapshot!(text(&Change::CreateNamespace(name("shop"))), @r#"CREATE SCHEMA "shop""#);
}

#[test]
fn a_table_is_altered_one_column_at_a_time() {
    let table = orders(&["id"]);
    let mut added = table.columns[2].clone();
    added.nullability = Nullability::Nullable;
    assert_snapshot!(text(&Change::AddColumn(Box::new(added))), @r#"
    ALTER TABLE "shop"."orders" ADD COLUMN "its" jsonb;
    COMMENT ON COLUMN "shop"."orders"."its" IS 'it''s'
    "#);
    assert_snapshot!(text(&Change::DropNotNull(name("a"))), @r#"ALTER TABLE "shop"."orders" ALTER COLUMN "a" DROP NOT NULL"#);
    assert_snapshot!(text(&Change::AddKey(vec![name("a"), name("b")])), @r#"ALTER TABLE "shop"."orders" ADD PRIMARY KEY ("a", "b")"#);
}

#[test]
fn every_widening_says_how_values_go_over() {
    let widened = |from, to| text(&Change::Widen { column: name("v"), from, to });
    assert_snapshot!(widened(Kind::BigInt, Kind::Numeric(None)), @r#"ALTER TABLE "shop"."orders" ALTER COLUMN "v" TYPE numeric USING "v"::numeric"#);
    assert_snapshot!(widened(Kind::Double, Kind::Numeric(None)), @r#"
    SET LOCAL extra_float_digits = 3;
    ALTER TABLE "shop"."orders" ALTER COLUMN "v" TYPE numeric USING "v"::text::numeric
    "#);
    assert_snapshot!(widened(Kind::Date, Kind::Timestamptz), @r#"ALTER TABLE "shop"."orders" ALTER COLUMN "v" TYPE timestamptz USING "v"::timestamp AT TIME ZONE 'UTC'"#);
    assert_snapshot!(widened(Kind::Timestamptz, Kind::Text), @r#"ALTER TABLE "shop"."orders" ALTER COLUMN "v" TYPE text USING to_jsonb("v") #>> '{}'"#);
    assert_snapshot!(widened(Kind::Varchar(Some(9)), Kind::Text), @r#"ALTER TABLE "shop"."orders" ALTER COLUMN "v" TYPE text USING "v"::text"#);
    assert_snapshot!(widened(Kind::Text, Kind::Jsonb), @r#"ALTER TABLE "shop"."orders" ALTER COLUMN "v" TYPE jsonb USING to_jsonb("v")"#);
}

#[test]
fn rows_go_through_a_staging_table() {
    let table = orders(&["id"]);
    assert_snapshot!(staging(&table), @r#"
    CREATE TEMP TABLE "_sdc_staging_08f63d954cd7" (
      "id" text,
      "select" numeric,
      "its" jsonb,
      "_sdc_received_at" timestamptz,
      "_sdc_deleted_at" timestamptz
    ) ON COMMIT DROP
    "#);
    assert_snapshot!(copy(&table), @r#"COPY pg_temp."_sdc_staging_08f63d954cd7" ("id", "select", "its", "_sdc_received_at", "_sdc_deleted_at") FROM STDIN (FORMAT binary)"#);
    assert_snapshot!(copy_into(&table), @r#"COPY "shop"."orders" ("id", "select", "its", "_sdc_received_at", "_sdc_deleted_at") FROM STDIN (FORMAT binary)"#);
    assert_snapshot!(empty_staging(&table), @r#"TRUNCATE pg_temp."_sdc_staging_08f63d954cd7""#);
    assert_snapshot!(measure(&table), @r#"SELECT pg_catalog.pg_relation_size('pg_temp."_sdc_staging_08f63d954cd7"'), pg_catalog.pg_relation_size('"shop"."orders"') + (SELECT coalesce(sum(pg_catalog.pg_relation_size(relid)), 0)::bigint FROM pg_catalog.pg_partition_tree('"shop"."orders"') WHERE isleaf AND level > 0), pg_catalog.current_setting('server_version_num')::int"#);
}

#[test]
fn a_row_is_only_rewritten_when_it_differs_in_what_the_tap_says() {
    let table = orders(&["id"]);
    assert_snapshot!(merge(&table), @r#"
    MERGE INTO "shop"."orders" AS t
    USING pg_temp."_sdc_staging_08f63d954cd7" AS s
    ON t."id" = s."id"
    WHEN MATCHED AND (t."select", t."its", t."_sdc_deleted_at") IS DISTINCT FROM (s."select", s."its", s."_sdc_deleted_at") THEN UPDATE SET "select" = s."select", "its" = s."its", "_sdc_received_at" = s."_sdc_received_at", "_sdc_deleted_at" = s."_sdc_deleted_at"
    WHEN NOT MATCHED THEN INSERT ("id", "select", "its", "_sdc_received_at", "_sdc_deleted_at") VALUES (s."id", s."select", s."its", s."_sdc_received_at", s."_sdc_deleted_at")
    "#);
    assert_snapshot!(upsert(&table), @r#"
    INSERT INTO "shop"."orders" AS t ("id", "select", "its", "_sdc_received_at", "_sdc_deleted_at")
    SELECT s."id", s."select", s."its", s."_sdc_received_at", s."_sdc_deleted_at"
    FROM pg_temp."_sdc_staging_08f63d954cd7" AS s
    ON CONFLICT ("id") DO UPDATE SET "select" = excluded."select", "its" = excluded."its", "_sdc_received_at" = excluded."_sdc_received_at", "_sdc_deleted_at" = excluded."_sdc_deleted_at"
    WHERE (t."select", t."its", t."_sdc_deleted_at") IS DISTINCT FROM (excluded."select", excluded."its", excluded."_sdc_deleted_at")
    "#);
}

#[test]
fn a_table_of_nothing_but_its_key_is_never_updated() {
    let mut table = orders(&["id", "select", "it's"]);
    table
        .columns
        .retain(|column| column.is_compared() && column.nullability == Nullability::NotNull);
    assert_snapshot!(merge(&table), @r#"
    MERGE INTO "shop"."orders" AS t
    USING pg_temp."_sdc_staging_08f63d954cd7" AS s
    ON t."id" = s."id" AND t."select" = s."select" AND t."its" = s."its"
    WHEN NOT MATCHED THEN INSERT ("id", "select", "its") VALUES (s."id", s."select", s."its")
    "#);
    assert_snapshot!(upsert(&table), @r#"
    INSERT INTO "shop"."orders" AS t ("id", "select", "its")
    SELECT s."id", s."select", s."its"
    FROM pg_temp."_sdc_staging_08f63d954cd7" AS s
    ON CONFLICT ("id", "select", "its") DO NOTHING
    "#);
}

#[test]
fn rows_are_asked_for_by_key_and_digest() {
    let table = orders(&["id", "select"]);
    assert_snapshot!(ask(&table, true), @r#"
    SELECT coalesce(pg_catalog.array_agg(d.digest), '{}')
    FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3)) AS s(k2, k3),
    LATERAL (SELECT pg_catalog.hash_record_extended(ROW(t."id", pg_catalog.record_send(ROW(t."select", t."its", t."_sdc_deleted_at"))), $1)
      FROM "shop"."orders" AS t WHERE t."id" = s.k2 AND t."select" = s.k3 LIMIT 1) AS d(digest)
    "#);
    assert_eq!(ask(&table, true), ask(&table, false));
    assert_snapshot!(ask(&orders(&["id"]), true), @r#"
    SELECT coalesce(pg_catalog.array_agg(pg_catalog.hash_record_extended(ROW(t."id", pg_catalog.record_send(ROW(t."select", t."its", t."_sdc_deleted_at"))), $1)), '{}')
    FROM "shop"."orders" AS t WHERE t."id" = ANY ((SELECT $2)::pg_catalog._text)
    "#);
}

#[test]
fn json_is_compared_as_text() {
    let mut table = orders(&["id"]);
    table.columns[2].kind = Kind::Json;
    assert!(merge(&table).contains(r#"t."its"::text"#));
}

#[test]
fn older_versions_are_deleted_or_marked_once() {
    let table = orders(&["id"]);
    assert_snapshot!(delete_versions(&table), @r#"
    DELETE FROM "shop"."orders"
    WHERE "_sdc_table_version" < $1::bigint OR "_sdc_table_version" IS NULL
    "#);
    assert_snapshot!(mark_versions(&table), @r#"
    UPDATE "shop"."orders"
    SET "_sdc_deleted_at" = $2::timestamptz
    WHERE "_sdc_deleted_at" IS NULL AND ("_sdc_table_version" < $1::bigint OR "_sdc_table_version" IS NULL)
    "#);
    assert_snapshot!(delete_marked(&table), @r#"
    DELETE FROM "shop"."orders"
    WHERE "_sdc_deleted_at" IS NOT NULL
    "#);
}

#[test]
fn rows_are_replaced_and_the_table_stays() {
    let table = orders(&["id"]);
    assert_snapshot!(replace(&table, &table.shadow()).join(";\n"), @r#"
    TRUNCATE "shop"."orders";
    INSERT INTO "shop"."orders" ("id", "select", "its", "_sdc_received_at", "_sdc_deleted_at")
    SELECT "id", "select", "its", "_sdc_received_at", "_sdc_deleted_at"
    FROM "shop"."orders__overwrite";
    DROP TABLE IF EXISTS "shop"."orders__overwrite"
    "#);
}

#[test]
fn a_state_is_one_row_a_pipeline() {
    let (namespace, table) = (name("shop"), name("_sdc_state"));
    assert_snapshot!(create_state(&namespace, &table), @r#"
    CREATE TABLE "shop"."_sdc_state" (
      "id" text PRIMARY KEY,
      "value" json NOT NULL,
      "written_at" timestamptz NOT NULL
    )
    "#);
    assert_snapshot!(write_state(&namespace, &table), @r#"
    INSERT INTO "shop"."_sdc_state" ("id", "value", "written_at")
    VALUES ($1::text, $2::text::json, $3::timestamptz)
    ON CONFLICT ("id") DO UPDATE SET "value" = excluded."value", "written_at" = excluded."written_at"
    "#);
    assert_snapshot!(read_state(&namespace, &table), @r#"SELECT "value"::text FROM "shop"."_sdc_state" WHERE "id" = $1::text"#);
}

#[test]
fn a_literal_holds_any_text() {
    assert_eq!(literal("it's"), "'it''s'");
    assert_eq!(literal(r"a\'b"), r"E'a\\''b'");
}
