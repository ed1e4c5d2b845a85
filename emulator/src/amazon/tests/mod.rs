//! Amazon's half, asked as its callers ask it: through its routers, over HTTP.

mod catalog;
mod document;
mod fault;
mod finance;
mod finance_v0;
mod inventory;
mod life;
mod listing;
mod login;
mod model;
mod orders;
mod replenishment;
mod restriction;
mod role;
mod stock;
mod storage;
mod vendor;

use super::{Amazon, Authorization, Documents, Region, Setup, World};
use crate::clock::Clock;
use crate::faults::Faults;
use crate::journal::Journal;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::{DateTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use tower::ServiceExt;

const US: &str = "ATVPDKIKX0DER";
const DE: &str = "A1PA6795UKMFR9";
const JP: &str = "A1VC38T7YXB528";
const TR: &str = "A33AVAJ2PDY3EV";

const LISTINGS: &str = "GET_MERCHANT_LISTINGS_ALL_DATA";
const ORDERS: &str = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL";
const FBA: &str = "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA";
const TRAFFIC: &str = "GET_SALES_AND_TRAFFIC_REPORT";

/// Noon of the day on which these tests play.
fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).unwrap()
}

/// `moment` as a parameter.
fn text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A token as a query has it.
fn encoded(token: &Value) -> String {
    token.as_str().unwrap().replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// An answer.
struct Heard {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    /// False if the connection was closed before the end of the body.
    is_whole: bool,
}

impl Heard {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The code and the details of the first error.
    fn error(&self) -> (String, String) {
        let error = &self.json()["errors"][0];
        let field = |name: &str| error[name].as_str().unwrap().to_owned();
        (field("code"), field("details"))
    }
}

/// A caller of Amazon, with a token that opens every region.
struct Caller {
    amazon: Amazon,
    token: String,
}

impl Caller {
    /// A caller of a world of 200 ASINs and 500 orders a region.
    async fn new() -> Self {
        Self::with(Documents::default(), 500).await
    }

    async fn with(documents: Documents, orders: u64) -> Self {
        Self::set_up(documents, orders, Clock::new(noon(), 1.0), Journal::none()).await
    }

    async fn set_up(documents: Documents, orders: u64, clock: Clock, journal: Journal) -> Self {
        Self::play(documents, orders, clock, journal, Faults::default()).await
    }

    /// A caller that meets the faults of a script, and whose calls are written to `journal`.
    async fn meeting(faults: Value, journal: Option<&Path>) -> Self {
        let script = json!({"faults": faults}).to_string();
        let faults = Faults::parse(script.as_bytes(), &super::known()).unwrap();
        let clock = Clock::new(noon(), 1.0);
        let journal = journal
            .map_or_else(Journal::none, |file| Journal::create(file, clock.clone()).unwrap());
        Self::play(Documents::default(), 500, clock, journal, faults).await
    }

    /// A caller for a seller who has not given every role.
    async fn authorized(authorization: Authorization) -> Self {
        let setup = Setup { authorization, ..setup(500) };
        Self::of(setup, Clock::new(noon(), 1.0), Journal::none()).await
    }

    /// A caller that meets `faults`.
    async fn play(
        documents: Documents,
        orders: u64,
        clock: Clock,
        journal: Journal,
        faults: Faults,
    ) -> Self {
        Self::of(Setup { documents, faults, ..setup(orders) }, clock, journal).await
    }

    /// A caller of Amazon as it is set up.
    async fn of(setup: Setup, clock: Clock, journal: Journal) -> Self {
        let amazon = Amazon::new(setup, clock, journal).unwrap();
        let mut caller = Self { amazon, token: String::new() };
        // A fault of the script may strike the login: then a test logs in itself.
        let answer = caller.log_in("Atzr|demo").await;
        if answer.is_whole && answer.status == StatusCode::OK {
            caller.token = answer.json()["access_token"].as_str().unwrap().to_owned();
        }
        caller
    }

    /// Asks Login with Amazon for an access token.
    async fn log_in(&self, refresh_token: &str) -> Heard {
        let form = format!(
            "grant_type=refresh_token&client_id=amzn1.application-oa2-client.demo\
             &client_secret=amzn1.oa2-cs.v1.demo&refresh_token={}",
            refresh_token.replace('|', "%7C"),
        );
        self.log_in_with(form).await
    }

    async fn log_in_with(&self, form: String) -> Heard {
        let request = Request::post("/auth/o2/token")
            .header("content-type", "application/x-www-form-urlencoded;charset=UTF-8")
            .body(Body::from(form))
            .unwrap();
        heard_in_part(self.amazon.lwa_router(), request).await
    }

    /// Sends a request to the host of `region`.
    async fn call(&self, region: Region, method: &str, target: &str, body: Value) -> Heard {
        let bytes = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("x-amz-access-token", &self.token)
            .header("content-type", "application/json")
            .body(Body::from(bytes))
            .unwrap();
        heard_in_part(self.amazon.region_router(region), request).await
    }

    async fn get(&self, region: Region, target: &str) -> Heard {
        self.call(region, "GET", target, Value::Null).await
    }

    /// Asks for a report; its number.
    async fn create(&self, region: Region, body: Value) -> String {
        let answer = self.call(region, "POST", "/reports/2021-06-30/reports", body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{:?}", answer.body);
        answer.json()["reportId"].as_str().unwrap().to_owned()
    }

    /// What getReport says.
    async fn report(&self, region: Region, id: &str) -> Value {
        self.get(region, &format!("/reports/2021-06-30/reports/{id}")).await.json()
    }

    /// Asks for a report and waits until it is over.
    async fn finished(&self, region: Region, body: Value) -> Value {
        let id = self.create(region, body).await;
        tokio::time::advance(Duration::from_secs(91)).await;
        self.report(region, &id).await
    }

    /// What getReportDocument says of the document of `report`.
    async fn address(&self, region: Region, report: &Value) -> Value {
        let id = report["reportDocumentId"].as_str().unwrap();
        self.get(region, &format!("/reports/2021-06-30/documents/{id}")).await.json()
    }

    /// Downloads from a presigned address, with one more header.
    async fn download(&self, address: &Value, header: (&str, &str)) -> Heard {
        let target = address["url"].as_str().unwrap().strip_prefix("http://storage.test").unwrap();
        let request = Request::get(target).header(header.0, header.1).body(Body::empty()).unwrap();
        heard_in_part(self.amazon.storage_router(), request).await
    }

    /// The answer of getReportDocument and of the storage for a report that is DONE.
    async fn document(&self, region: Region, body: Value) -> (Value, Heard) {
        let report = self.finished(region, body).await;
        assert_eq!(report["processingStatus"], "DONE", "{report}");
        let address = self.address(region, &report).await;
        let document = self.download(&address, ("accept", "*/*")).await;
        assert_eq!((document.status, document.is_whole), (StatusCode::OK, true));
        (address, document)
    }
}

/// A world of 200 ASINs and so many orders a region.
fn setup(orders: u64) -> Setup {
    Setup {
        world: World { seed: 1, asins: 200, orders, order_days: 180 },
        token_life: TimeDelta::hours(1),
        storage: "http://storage.test".to_owned(),
        documents: Documents::default(),
        faults: Faults::default(),
        authorization: Authorization::default(),
    }
}

/// The answer of `router` to `request`, read to its end.
async fn heard(router: axum::Router, request: Request<Body>) -> Heard {
    let heard = heard_in_part(router, request).await;
    assert!(heard.is_whole);
    heard
}

/// The answer of `router` to `request`, as far as it can be read.
async fn heard_in_part(router: axum::Router, request: Request<Body>) -> Heard {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let (mut chunks, mut read, mut is_whole) = (body.into_data_stream(), Vec::new(), true);
    while let Some(chunk) = chunks.next().await {
        is_whole = chunk.is_ok();
        let Ok(chunk) = chunk else { break };
        read.extend_from_slice(&chunk);
    }
    Heard { status: parts.status, headers: parts.headers, body: read.into(), is_whole }
}

/// `bytes` without their compression.
fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

/// A createReport body.
fn wish(report_type: &str, marketplace: &str) -> Value {
    json!({"reportType": report_type, "marketplaceIds": [marketplace]})
}

/// A createReport body with a range that reaches from `days` days before noon to noon.
fn ranged(report_type: &str, marketplace: &str, days: i64) -> Value {
    json!({
        "reportType": report_type,
        "marketplaceIds": [marketplace],
        "dataStartTime": text(noon() - TimeDelta::days(days)),
        "dataEndTime": text(noon()),
    })
}
