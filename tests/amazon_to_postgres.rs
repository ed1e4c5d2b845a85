//! The second main job: everything that the tap extracts arrives in PostgreSQL, row for row.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use support::database::Database;
use support::{
    Emulator, Extracted, Folder, amazon_to_postgres, days_ago, fed, printed, program, root, said,
    stored_state, tap,
};

/// Amazon, a database, and a configuration of both ends.
struct House {
    folder: Folder,
    emulator: Emulator,
    database: Database,
    namespace: String,
    amazon: PathBuf,
}

impl House {
    fn new() -> Self {
        Self::with(&["--asins", "60", "--orders", "200"], &json!({}))
    }

    /// Amazon with some flags, and settings of the tap.
    fn with(amazon: &[&str], settings: &Value) -> Self {
        let folder = Folder::new();
        let emulator = Emulator::at_speed(&folder, "100000", amazon);
        let database = Database::start();
        let namespace = database.schema_name();
        // Windows that end before this day are the same in every run, and so are their figures: it is over
        // in every marketplace, and so is the day whose traffic comes late.
        let mut config = json!({
            "marketplaces": ["US", "DE", "JP"], "end_date": days_ago(1), "poll_interval_seconds": 0.02,
        });
        config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let amazon = emulator.tap_config(config);
        let amazon = folder.file("amazon.json", amazon);
        Self { folder, emulator, database, namespace, amazon }
    }

    /// A configuration of the target, in a file.
    fn postgres(&self, settings: Value) -> PathBuf {
        self.folder.file("postgres.json", self.database.config(&self.namespace, settings))
    }

    fn sql(&self, sql: &str) -> String {
        self.database.sql_in(&self.namespace, sql)
    }

    /// The rows of a table, without metadata and in no order, with times as of UTC.
    fn rows(&self, table: &str) -> Vec<Value> {
        let rows = self.sql(&format!(
            "SET timezone TO 'UTC'; SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM \"{table}\" AS t"
        ));
        let mut rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
        for row in rows.iter_mut().filter_map(Value::as_object_mut) {
            row.retain(|name, _| !name.starts_with("_sdc_"));
        }
        rows
    }

    /// Compares a table with the records of its stream, value by value.
    fn check(&self, extracted: &Extracted, stream: &str) {
        let rows = self.rows(stream);
        assert!(!rows.is_empty(), "{stream}: no rows");
        let (keys, _) = schema(extracted, stream);
        let wanted = expected(extracted, stream, &rows[0]);
        assert_eq!(rows.len(), wanted.len(), "{stream}");
        for (key, row) in by_key(rows, &keys) {
            assert_eq!(Some(&row), wanted.get(&key), "{stream}");
        }
    }

    /// Which version of each row a table holds, and where: whatever writes a row changes this.
    fn versions(&self, table: &str) -> String {
        self.sql(&format!(
            "SELECT count(*), md5(string_agg(ctid::text || '/' || xmin::text, ',' ORDER BY ctid)) FROM \"{table}\""
        ))
    }

    /// Which hour it is; stock in the emulator changes when it turns.
    fn hour(&self) -> String {
        self.sql("SELECT date_trunc('hour', now())")
    }
}

/// The keys of a stream, and which of its properties are date-times, as its SCHEMA says.
fn schema<'a>(extracted: &'a Extracted, stream: &str) -> (Vec<&'a str>, Vec<&'a str>) {
    let schema = extracted
        .messages
        .iter()
        .find(|message| message["type"] == "SCHEMA" && message["stream"] == stream)
        .expect("a SCHEMA");
    let keys = schema["key_properties"].as_array().unwrap();
    let properties = schema["schema"]["properties"].as_object().unwrap();
    let times = properties.iter().filter(|(_, property)| property["format"] == "date-time");
    (
        keys.iter().map(|key| key.as_str().unwrap()).collect(),
        times.map(|(name, _)| name.as_str()).collect(),
    )
}

/// Rows by their key.
fn by_key(rows: Vec<Value>, keys: &[&str]) -> BTreeMap<Vec<String>, Value> {
    let key = |row: &Value| keys.iter().map(|key| row[*key].to_string()).collect();
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

/// A time as PostgreSQL writes it in UTC: without zeros at the end of its second.
fn as_postgres_writes(time: &str) -> String {
    let time = chrono::DateTime::parse_from_rfc3339(time).unwrap().to_utc();
    let text = time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    format!("{}+00:00", text.trim_end_matches('0').trim_end_matches('.'))
}

/// What the table of a stream must hold, by key: the last record of each, with the members that `row` has
/// and times as PostgreSQL writes them.
fn expected(extracted: &Extracted, stream: &str, row: &Value) -> BTreeMap<Vec<String>, Value> {
    let (keys, times) = schema(extracted, stream);
    let columns: Vec<_> = row.as_object().unwrap().keys().collect();
    let value = |record: &Value, name: &str| match &record[name] {
        Value::String(time) if times.contains(&name) => json!(as_postgres_writes(time)),
        value => value.clone(),
    };
    let rows = extracted.records(stream).into_iter().map(|record| {
        let members = columns.iter().map(|name| ((*name).clone(), value(record, name)));
        Value::Object(members.collect())
    });
    by_key(rows.collect(), &keys)
}

#[test]
fn every_stream_arrives_row_for_row_and_a_second_run_rewrites_nothing() {
    let house = House::new();
    let postgres = house.postgres(json!({}));
    let (amazon, postgres) = (house.amazon.to_str().unwrap(), postgres.to_str().unwrap());
    let tables: Value = serde_json::from_str(
        &std::fs::read_to_string(root().join("catalogs/amazon-seller.json")).unwrap(),
    )
    .unwrap();
    let is_selected = |entry: &&Value| {
        let metadata = entry["metadata"].as_array().unwrap();
        metadata.iter().any(|it| it["metadata"]["selected-by-default"] == true)
    };
    let streams = tables["streams"].as_array().unwrap().iter().filter(is_selected);
    let streams: Vec<_> = streams.map(|entry| entry["stream"].as_str().unwrap()).collect();

    // Once an hour the stock changes under this test's feet, and rightly so do rows.
    loop {
        let hour = house.hour();
        let extracted = tap(&["--config", amazon]).succeeded();
        let (tap, target) = amazon_to_postgres(&["--config", amazon], &["--config", postgres]);
        assert!(tap.status.success(), "{}", said(&tap));
        let states = printed(&target);
        if house.hour() != hour {
            continue;
        }
        for stream in streams.iter().filter(|stream| **stream != "reports") {
            house.check(&extracted, stream);
        }
        // Every run asks for reports of its own.
        let reports = house.sql("SELECT count(*) FROM reports WHERE status = 'DONE'");
        assert_eq!(reports, extracted.records("reports").len().to_string());
        let streams: Vec<_> = streams.iter().filter(|stream| **stream != "reports").collect();
        let versions: Vec<_> = streams.iter().map(|stream| house.versions(stream)).collect();
        let stored = stored_state(Path::new(postgres));
        assert_eq!(stored.as_deref(), states.lines().last());

        let state = house.folder.file("state.json", stored.unwrap());
        let (tap, target) = amazon_to_postgres(
            &["--config", amazon, "--state", state.to_str().unwrap()],
            &["--config", postgres],
        );
        assert!(tap.status.success(), "{}", said(&tap));
        let states = printed(&target);
        if house.hour() != hour {
            continue;
        }
        for (stream, versions) in streams.iter().zip(versions) {
            assert_eq!(house.versions(stream), versions, "{stream}: rows were rewritten");
        }
        // That nothing was rewritten is worth something only if something came.
        let said = said(&target);
        for stream in ["products_inventory", "sales_traffic_report", "product_catalog"] {
            assert!(said.contains(&format!("\"stream\":\"{stream}\"")), "{said}");
        }
        assert!(!said.contains("\"stream\":\"orders\""), "done windows came again: {said}");
        let stored = stored_state(Path::new(postgres));
        assert_eq!(stored.as_deref(), states.lines().last());
        return;
    }
}

/// All streams of the tap, those about vendors and the others.
fn every_stream() -> (Vec<String>, Vec<String>) {
    let catalog = root().join("catalogs/amazon-seller.json");
    let catalog: Value = serde_json::from_str(&std::fs::read_to_string(catalog).unwrap()).unwrap();
    let streams = catalog["streams"].as_array().unwrap().iter();
    let streams = streams.map(|entry| entry["stream"].as_str().unwrap().to_owned());
    streams.partition(|stream| stream.starts_with("vendor_"))
}

#[test]
fn every_stream_that_there_is_arrives_row_for_row_and_value_by_value() {
    let (vendors, sellers) = every_stream();
    assert!(vendors.len() >= 3 && sellers.len() >= 24, "{vendors:?} {sellers:?}");
    let settings = json!({"include_pii": true, "seller_id": "A1DEMOSELLER00"});
    let accounts = [(sellers, "seller"), (vendors, "vendor")];
    for (streams, account) in accounts {
        let flags = ["--asins", "20", "--orders", "800", "--account", account];
        let house = House::with(&flags, &settings);
        let postgres = house.postgres(json!({}));
        let amazon = house.amazon.to_str().unwrap();
        let extracted = tap(&["--config", amazon, "--streams", &streams.join(",")]).succeeded();
        let mut target = program("target-postgres");
        target.args(["--config", postgres.to_str().unwrap()]);
        printed(&fed(target, &extracted.output.stdout));
        for stream in &streams {
            house.check(&extracted, stream);
        }
    }
}

/// The settings that `sql/daily_asin.sql` tells its readers to use.
fn settings_of_daily_asin() -> Value {
    let text = std::fs::read_to_string(root().join("sql/daily_asin.sql")).unwrap();
    let indented = text.lines().filter_map(|line| line.strip_prefix("--     "));
    let settings: Vec<_> = indented.filter(|line| !line.contains("psql")).collect();
    serde_json::from_str(&format!("{{{}}}", settings.join("\n"))).expect("settings are JSON")
}

#[test]
fn sales_land_in_an_existing_table_with_its_own_keys() {
    let house = House::new();
    let mut settings = settings_of_daily_asin();
    settings["default_target_schema"] = json!(house.namespace);
    let postgres = house.postgres(settings);
    house.database.sql(&format!("CREATE SCHEMA {}", house.namespace));
    house.database.run_file(&house.namespace, &root().join("sql/daily_asin.sql"));
    house.sql("CREATE TABLE before AS SELECT amazon_marketplace_id, id FROM marketplaces");
    let columns = "SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema() \
                   AND table_name IN ('marketplaces', 'sp_daily_asin_data')";
    let columns_before = house.sql(columns);

    let (amazon, postgres) = (house.amazon.to_str().unwrap(), postgres.to_str().unwrap());
    let arguments = ["--config", amazon, "--streams", "marketplaces,sales_traffic_report"];
    let extracted = tap(&arguments).succeeded();
    let (_, target) = amazon_to_postgres(&arguments, &["--config", postgres]);
    printed(&target);

    let records = extracted.records("sales_traffic_report");
    let keys = ["date", "marketplace_id", "child_asin"];
    let wanted = by_key(records.into_iter().cloned().collect(), &keys);
    let key = |row: &Value| {
        ["date", "amazon_marketplace_id", "child_asin"].map(|name| row[name].to_string()).to_vec()
    };
    let rows = house.rows("sp_daily_asin_data");
    assert_eq!(rows.len(), wanted.len());
    for row in rows {
        let record = &wanted[&key(&row)];
        for (name, value) in record.as_object().unwrap() {
            if name != "marketplace_id" {
                assert_eq!(row[name], *value, "{name}");
            }
        }
    }
    let lost = "SELECT count(*) FROM sp_daily_asin_data AS a JOIN marketplaces AS m ON m.id = a.marketplace_id \
                WHERE m.amazon_marketplace_id <> a.amazon_marketplace_id";
    assert_eq!(house.sql(lost), "0", "a marketplace has another's UUID");
    let kept = "SELECT count(*) FROM before JOIN marketplaces USING (amazon_marketplace_id, id)";
    assert_eq!(house.sql(kept), "23", "UUIDs of marketplaces changed");
    assert_eq!(house.sql(columns), columns_before, "columns were added");
    let named = "SELECT name FROM marketplaces WHERE country_code = 'DE'";
    let german = extracted.records("marketplaces").into_iter().find(|it| it["countryCode"] == "DE");
    assert_eq!(json!(house.sql(named)), german.unwrap()["name"]);

    let versions = house.versions("sp_daily_asin_data");
    let (_, target) = amazon_to_postgres(&arguments, &["--config", postgres]);
    printed(&target);
    assert_eq!(house.versions("sp_daily_asin_data"), versions, "rows were rewritten");
    assert!(house.emulator.calls()["createReport"] > 0);
}

#[test]
fn a_marketplace_that_is_not_found_ends_the_run_and_is_not_said() {
    let house = House::new();
    let mut settings = settings_of_daily_asin();
    settings["default_target_schema"] = json!(house.namespace);
    let postgres = house.postgres(settings);
    house.database.sql(&format!("CREATE SCHEMA {}", house.namespace));
    house.database.run_file(&house.namespace, &root().join("sql/daily_asin.sql"));
    let record =
        json!({"date": "2026-01-31", "marketplace_id": "HUNTER2", "child_asin": "B000000001"});
    let properties = json!({"date": {"type": "string", "format": "date"}, "marketplace_id": {"type": "string"},
        "child_asin": {"type": "string"}});
    let messages = [
        json!({"type": "SCHEMA", "stream": "sales_traffic_report", "schema": {"properties": properties},
            "key_properties": ["marketplace_id", "date", "child_asin"]}),
        json!({"type": "RECORD", "stream": "sales_traffic_report", "record": record}),
        json!({"type": "STATE", "value": {"n": 1}}),
    ];
    let input = messages.map(|message| message.to_string()).join("\n");
    let mut target = program("target-postgres");
    target.args(["--config", postgres.to_str().unwrap()]);
    let output = fed(target, input.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "a state was printed");
    let said = said(&output);
    let line = said.lines().last().unwrap();
    assert!(line.starts_with("FATAL") && line.contains("marketplaces"), "{said}");
    assert!(line.contains("line 2"), "{said}");
    assert!(!said.contains("HUNTER2"), "{said}");
    assert_eq!(house.rows("sp_daily_asin_data").len(), 0);
}
