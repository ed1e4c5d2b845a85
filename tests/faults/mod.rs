//! What a user sees of each thing that goes wrong at Amazon, and what it costs.

mod ended;
mod refused;

use serde_json::{Value, json};

use support::{Emulator, Extracted, Folder, tap};

const ORDERS: &str = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL";
const TRAFFIC: &str = "GET_SALES_AND_TRAFFIC_REPORT";
const STOCK: &str = "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA";
const US: &str = "ATVPDKIKX0DER";

/// Amazon on a bad day, and one seller in the United States.
struct Scene {
    folder: Folder,
    emulator: Emulator,
}

impl Scene {
    /// Amazon with these faults.
    fn with(faults: &Value) -> Self {
        let folder = Folder::new();
        let script = folder.file("faults.json", json!({"faults": faults}).to_string());
        let faults = ["--asins", "10", "--orders", "40", "--faults", script.to_str().unwrap()];
        let emulator = Emulator::start(&folder, &faults);
        Self { folder, emulator }
    }

    /// Extracts streams, after a state or none.
    fn extract(&self, streams: &str, settings: &Value, state: Option<&Value>) -> Extracted {
        let mut config = json!({"marketplaces": "US"});
        for (name, value) in settings.as_object().unwrap() {
            config[name] = value.clone();
        }
        let config = self.folder.file("config.json", self.emulator.tap_config(config));
        let state = state.map(|state| self.folder.file("state.json", state.to_string()));
        let mut arguments = vec!["--config", config.to_str().unwrap(), "--streams", streams];
        if let Some(state) = &state {
            arguments.extend(["--state", state.to_str().unwrap()]);
        }
        tap(&arguments)
    }

    /// The requests for reports of a type that Amazon has accepted, whether it said so or not.
    fn asked(&self, report_type: &str) -> Vec<Value> {
        let accepted = |entry: &Value| !entry["detail"]["reportId"].is_null();
        self.requests(report_type).into_iter().filter(accepted).collect()
    }

    /// All requests for reports of a type.
    fn requests(&self, report_type: &str) -> Vec<Value> {
        let journal = self.emulator.journal().into_iter();
        let creates = journal.filter(|entry| entry["operation"] == "createReport");
        creates.filter(|entry| entry["detail"]["reportType"] == report_type).collect()
    }

    /// How often an operation was called. Calls that were refused for being too many do not count: runs that
    /// follow each other within a second begin with a burst each, which Amazon does not grant.
    fn calls(&self, operation: &str) -> usize {
        let journal = self.emulator.journal().into_iter();
        journal.filter(|it| it["operation"] == operation && it["status"] != 429).count()
    }
}

/// The windows of requests, as they were written.
fn windows(asked: &[Value]) -> Vec<(String, String)> {
    let time = |entry: &Value, member: &str| entry["detail"][member].as_str().unwrap().to_owned();
    asked.iter().map(|it| (time(it, "dataStartTime"), time(it, "dataEndTime"))).collect()
}

/// The cursor of a unit in a state.
fn cursor<'a>(state: &'a Value, stream: &str, unit: &str) -> &'a Value {
    &state["bookmarks"][stream]["cursor"][unit]
}

/// The reports that a state says are under way.
fn under_way(state: &Value) -> Vec<&Value> {
    let jobs = state["reports"]["na"].as_object().into_iter().flat_map(|jobs| jobs.values());
    jobs.filter(|job| !job.is_null()).collect()
}

/// The day on which an emulator was called first.
fn started(emulator: &Emulator) -> chrono::NaiveDate {
    let journal = emulator.journal();
    let time: chrono::DateTime<chrono::Utc> = journal[0]["time"].as_str().unwrap().parse().unwrap();
    time.date_naive()
}

/// So many days before the day on which the emulator was called first.
fn days_before(scene: &Scene, days: u64) -> String {
    (started(&scene.emulator) - chrono::Days::new(days)).to_string()
}
