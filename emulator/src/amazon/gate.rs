//! The gate that every request to a region passes: token, usage plan, the script of faults,
//! operation, headers, journal.

use super::call::{Call, Operation};
use super::error::Refusal;
use super::lwa::Worth;
use super::marketplace::Region;
use super::subject::Subject;
use super::{Amazon, Answer, delivery, held, query, repeat, restriction, set_header};
use crate::bucket::Bucket;
use crate::clock::Moment;
use crate::faults::{Effect, Loss, Verdict};
use crate::journal::Entry;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::time::Duration;

/// The largest body that a request may have.
const BODY_BYTES: usize = 1024 * 1024;

/// A region's host.
#[derive(Debug, Clone)]
struct Host {
    amazon: Amazon,
    region: Region,
}

/// Serves the Selling Partner API of `region`.
pub(super) fn router(amazon: Amazon, region: Region) -> Router {
    Router::new().fallback(answer).with_state(Host { amazon, region })
}

/// A request to a region on its way, and what is learned of it.
struct Exchange {
    arrival: Moment,
    head: Parts,
    verdict: Verdict,
    /// What the journal says about it.
    detail: Option<Value>,
    fault: Option<String>,
}

/// Answers and records one request to a region.
async fn answer(State(host): State<Host>, request: Request) -> Response {
    let Host { amazon, region } = host;
    let arrival = amazon.clock().moment();
    let (head, body) = request.into_parts();
    let segments = query::segments(head.uri.path()).unwrap_or_default();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let call = Call::at(&head.method, &segments);
    let operation = call.as_ref().map(|it| it.operation);
    let verdict = Verdict::default();
    let mut exchange = Exchange { arrival, head, verdict, detail: None, fault: None };
    let outcome = if let Some(call) = call {
        outcome(&amazon, region, &call, &mut exchange, body).await
    } else {
        let what = format!("{} {}", exchange.head.method, exchange.head.uri.path());
        Err(Refusal::not_emulated(what).into())
    };
    let response = amazon.response(outcome, operation, &mut exchange);
    let Exchange { head, verdict, detail, fault, .. } = exchange;
    let entry = Entry {
        service: region.name(),
        operation: operation.map_or("unknown", |operation| operation.name),
        status: delivery::status(&verdict, &response),
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        detail,
        fault,
    };
    amazon.journal().note_at(arrival, entry);
    delivery::delivered(amazon.clock(), &verdict, response).await
}

/// What becomes of `call`: it needs a token, then a place in the bucket, then luck.
async fn outcome(
    amazon: &Amazon,
    region: Region,
    call: &Call<'_>,
    exchange: &mut Exchange,
    body: Body,
) -> Result<Answer, Turned> {
    let body = to_bytes(body, BODY_BYTES).await;
    let read = body.as_deref().unwrap_or_default();
    let subject = Subject::of(amazon, region, call, &exchange.head.uri, read);
    exchange.detail = subject.detail;
    let Exchange { arrival, ref head, .. } = *exchange;
    amazon.admit(region, &head.headers, arrival.time)?;
    if !amazon.take(region, call.operation, arrival.scaled) {
        return Err(Refusal::quota_exceeded().into());
    }
    exchange.verdict = amazon.faults().decide(&subject.asked, arrival);
    exchange.fault = exchange.verdict.names();
    amazon.play(region, head, &exchange.verdict, arrival)?;
    let token = access_token(&head.headers).unwrap_or_default();
    restriction::check(amazon, region, call, (&head.method, head.uri.path(), token))?;
    let body = body.map_err(|_| Refusal::invalid("The body cannot be read."))?;
    let course = exchange.verdict.course();
    let mut answer = call.perform(amazon, region, head, &body, &course)?;
    match (&mut exchange.detail, answer.detail.take()) {
        (Some(Value::Object(known)), Some(Value::Object(learned))) => known.extend(learned),
        (_, None) => {}
        (detail, learned) => *detail = learned,
    }
    if let (true, Some(body)) = (exchange.verdict.repeats(), &mut answer.body) {
        repeat::repeat(&head.uri, body);
    }
    match exchange.verdict.loss() {
        Some(Loss::Error) => Err(Refusal::internal(StatusCode::INTERNAL_SERVER_ERROR).into()),
        Some(Loss::Drop) | None => Ok(answer),
    }
}

impl Amazon {
    /// Takes one call of `operation` from its bucket at the scaled time `now`.
    fn take(&self, region: Region, operation: &Operation, now: Duration) -> bool {
        let mut buckets = held(&self.shared.buckets);
        let bucket = buckets
            .entry((region, operation.name))
            .or_insert_with(|| Bucket::new(operation.plan, now));
        bucket.take(now)
    }

    /// The rate of `operation` in real time, as `x-amzn-RateLimit-Limit` says it.
    fn announced(&self, operation: &Operation) -> String {
        let rate = operation.plan.rate * self.clock().speed();
        // Four digits, as Amazon has; at least one after the point.
        let text = format!("{rate:.4}");
        let short = text.trim_end_matches('0');
        if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
    }

    /// Checks the access token of a request to the host of `region`, at `now`.
    fn admit(&self, region: Region, headers: &HeaderMap, now: DateTime<Utc>) -> Result<(), Turned> {
        let Some(token) = access_token(headers) else {
            let details = "Access token is missing in the request header.";
            return Err(Refusal::denied(details).into());
        };
        let (details, is_fault) = match self.tokens().worth(token, region, now) {
            Worth::Good => return Ok(()),
            Worth::Expired { early } => ("The access token you provided has expired.", early),
            Worth::Elsewhere => ("The seller has not authorised the application here.", false),
            Worth::Unknown { revoked } => {
                ("The access token you provided is revoked, malformed or invalid.", revoked)
            }
        };
        Err(Turned { refusal: Refusal::denied(details), fault: is_fault.then_some("token") })
    }

    /// The response to a request, with the headers that all have.
    fn response(
        &self,
        outcome: Result<Answer, Turned>,
        operation: Option<&Operation>,
        exchange: &mut Exchange,
    ) -> Response {
        let (mut response, has_rate) = match outcome {
            Ok(answer) => (written(&answer), true),
            Err(Turned { refusal, fault }) => {
                let names = exchange.fault.take();
                exchange.fault = names.or(fault.map(str::to_owned));
                (refused(&refusal), refusal.has_rate)
            }
        };
        set_header(&mut response, "x-amzn-requestid", &self.request_id());
        if let Some(operation) = operation.filter(|_| has_rate) {
            set_header(&mut response, "x-amzn-ratelimit-limit", &self.announced(operation));
        }
        response
    }

    /// Plays the effects that keep a call from being performed.
    fn play(
        &self,
        region: Region,
        head: &Parts,
        verdict: &Verdict,
        now: Moment,
    ) -> Result<(), Turned> {
        for effect in verdict.effects() {
            match effect {
                Effect::Refuse(refuse) => return Err(Refusal::scripted(refuse).into()),
                Effect::Quota => return Err(Refusal::quota_exceeded().into()),
                // What is said is never heard.
                Effect::Drop => {
                    return Err(Refusal::internal(StatusCode::SERVICE_UNAVAILABLE).into());
                }
                Effect::Token(death) => {
                    let token = access_token(&head.headers).unwrap_or_default();
                    self.tokens().kill(token, *death);
                    self.admit(region, &head.headers, now.time)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The response to a call that is refused.
fn refused(refusal: &Refusal) -> Response {
    let (content_type, body) = refusal.body();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = refusal.status;
    set_header(&mut response, CONTENT_TYPE.as_str(), content_type);
    if let Some(error_type) = refusal.error_type {
        set_header(&mut response, "x-amzn-errortype", error_type);
    }
    response
}

/// The response that holds `answer`.
fn written(answer: &Answer) -> Response {
    let bytes = answer.body.as_ref().map(Value::to_string).unwrap_or_default();
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = answer.status;
    if answer.body.is_some() {
        set_header(&mut response, CONTENT_TYPE.as_str(), "application/json");
    }
    response
}

/// A call that is turned away.
struct Turned {
    refusal: Refusal,
    /// The fault that is behind it, though it was played on an earlier call.
    fault: Option<&'static str>,
}

impl From<Refusal> for Turned {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, fault: None }
    }
}

/// The access token of a request; empty if it is no text.
fn access_token(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-amz-access-token").map(|value| value.to_str().unwrap_or_default())
}
