//! The document storage: presigned addresses on a host of its own.
//!
//! It is Amazon's S3 and knows nothing of the Selling Partner API: not its tokens, not its errors.

use super::document::Chunks;
use super::recorded::Recorded;
use super::report::Report;
use super::subject::Subject;
use super::{Amazon, delivery};
use crate::faults::{Effect, Verdict};
use crate::journal::Entry;
use crate::random::Random;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RANGE};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures_util::StreamExt;
use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use tokio::io::AsyncReadExt;

/// How long an address is good, in seconds of real time (recorded `X-Amz-Expires`).
const LIFE_SECONDS: i64 = 300;

/// A document up to this size is sent with its length; the length of a larger one is not known
/// before its last row is made.
const MEASURED_BYTES: usize = 1024 * 1024;

/// The addresses that were given out.
#[derive(Debug)]
pub(crate) struct Storage {
    /// Base URL, without a trailing slash.
    base: String,
    grants: Mutex<HashMap<String, Grant>>,
}

/// What one address opens.
#[derive(Debug, Clone)]
struct Grant {
    path: String,
    signed_at: DateTime<Utc>,
    report: Report,
    /// `Content-Encoding` of the answer. Recorded answers have none for gzip bytes; only a newer
    /// parameter of getReportDocument brings it.
    content_encoding: Option<String>,
}

/// A refusal as S3 writes it.
struct S3Error {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    further: String,
}

impl S3Error {
    fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message, further: String::new() }
    }
}

impl S3Error {
    /// The address is dead since `expires_at`.
    fn expired(expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let time = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Secs, true);
        let further = format!(
            "<X-Amz-Expires>{LIFE_SECONDS}</X-Amz-Expires><Expires>{}</Expires>\
             <ServerTime>{}</ServerTime>",
            time(expires_at),
            time(now),
        );
        Self { further, ..Self::new(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired") }
    }
}

impl Storage {
    /// A storage that is reached at `base`.
    pub(crate) fn new(base: String) -> Self {
        Self { base, grants: Mutex::default() }
    }

    /// An address from which the document of `report` can be downloaded for five minutes.
    pub(crate) fn presign(
        &self,
        amazon: &Amazon,
        report: Report,
        content_encoding: Option<String>,
    ) -> String {
        let now = amazon.clock().now();
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        let number = u64::try_from(grants.len()).unwrap_or(u64::MAX);
        let mut random = Random::new(amazon.world().seed, "presigned", number);
        let signature = random.text(b"0123456789abcdef", 64);
        let path = format!("/{}.{}", random.uuid(), report.id);
        let date = now.format("%Y%m%dT%H%M%SZ");
        let url = format!(
            "{}{path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={date}&X-Amz-SignedHeaders=host\
             &X-Amz-Expires={LIFE_SECONDS}&X-Amz-Credential=AKIADEMO%2F{}%2Feu-west-1%2Fs3%2Faws4_request\
             &X-Amz-Signature={signature}",
            self.base,
            now.format("%Y%m%d"),
        );
        grants.insert(signature, Grant { path, signed_at: now, report, content_encoding });
        url
    }

    /// What `request` may download at `now`.
    fn grant(&self, request: &Request, now: DateTime<Utc>) -> Result<Grant, S3Error> {
        admit(request)?;
        let mismatch = S3Error::new(
            StatusCode::FORBIDDEN,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
        );
        let grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(grant) = grants.get(signature(request)) else { return Err(mismatch) };
        if grant.path != request.uri().path() {
            return Err(mismatch);
        }
        let expires_at = grant.signed_at + TimeDelta::seconds(LIFE_SECONDS);
        if now < expires_at {
            return Ok(grant.clone());
        }
        Err(S3Error::expired(expires_at, now))
    }

    /// Plays the effects that keep a document from being sent at `now`.
    fn play(
        &self,
        verdict: &Verdict,
        request: &Request,
        now: DateTime<Utc>,
    ) -> Result<(), S3Error> {
        for effect in verdict.effects() {
            match effect {
                Effect::Refuse(refuse) if refuse.status == 500 => {
                    return Err(S3Error::new(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "InternalError",
                        "We encountered an internal error. Please try again.",
                    ));
                }
                // What is said to a dropped request is never heard.
                Effect::Refuse(_) | Effect::Drop => {
                    return Err(S3Error::new(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "SlowDown",
                        "Please reduce your request rate.",
                    ));
                }
                Effect::Expired => {
                    let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(grant) = grants.get_mut(signature(request)) {
                        grant.signed_at = now - TimeDelta::seconds(LIFE_SECONDS);
                    }
                    return Err(S3Error::expired(now, now));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The signature of a presigned address; empty if there is none.
fn signature(request: &Request) -> &str {
    let query = request.uri().query().unwrap_or_default();
    query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Signature=")).unwrap_or_default()
}

/// Refuses what a presigned address does not go with: other credentials, other methods.
fn admit(request: &Request) -> Result<(), S3Error> {
    let headers = request.headers();
    if headers.contains_key(AUTHORIZATION) {
        return Err(S3Error::new(
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
            "Only one auth mechanism allowed",
        ));
    }
    if headers.contains_key("x-amz-access-token") {
        return Err(S3Error::new(
            StatusCode::BAD_REQUEST,
            "AccessDenied",
            "There were headers present in the request which were not signed",
        ));
    }
    if request.method() != Method::GET || headers.contains_key(RANGE) {
        return Err(S3Error::new(
            StatusCode::NOT_IMPLEMENTED,
            "NotEmulated",
            "The emulator has no evidence of what Amazon answers to this",
        ));
    }
    Ok(())
}

/// Serves the downloads.
pub(crate) fn router(amazon: Amazon) -> Router {
    Router::new().fallback(answer).with_state(amazon)
}

/// Answers and records one request.
async fn answer(State(amazon): State<Amazon>, request: Request) -> Response {
    let arrival = amazon.clock().moment();
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let request_id = amazon.request_id();
    let mut verdict = Verdict::default();
    let mut detail = None;
    let answered = match amazon.storage().grant(&request, arrival.time) {
        Ok(grant) => {
            let mut subject = Subject::of_report(&grant.report);
            subject.asked.operation = "download";
            subject.asked.region = Some(grant.report.specification().region.name());
            detail = subject.detail;
            verdict = amazon.faults().decide(&subject.asked, arrival);
            match amazon.storage().play(&verdict, &request, arrival.time) {
                Ok(()) => download(&amazon, &grant).await,
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    };
    let mut response = answered.unwrap_or_else(|error| refused(&error, &request_id));
    super::set_header(&mut response, "x-amz-request-id", &request_id);
    let entry = Entry {
        service: "storage",
        operation: "download",
        status: delivery::status(&verdict, &response),
        method,
        path,
        detail,
        fault: verdict.names(),
    };
    amazon.journal().note_at(arrival, entry);
    delivery::delivered(amazon.clock(), &verdict, response).await
}

/// The bytes of a document.
async fn download(amazon: &Amazon, grant: &Grant) -> Result<Response, S3Error> {
    let gone =
        || S3Error::new(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.");
    let (mut response, content_type) = if let Some(recorded) = grant.report.recorded() {
        (file(recorded).await.map_err(|_| gone())?, recorded.content_type.clone())
    } else {
        let document = grant.report.document(amazon).ok_or_else(gone)?;
        let content_type = document.content_type.to_owned();
        (made(Chunks::new(document)).await, content_type)
    };
    super::set_header(&mut response, CONTENT_TYPE.as_str(), &content_type);
    if let Some(encoding) = &grant.content_encoding {
        super::set_header(&mut response, CONTENT_ENCODING.as_str(), encoding);
    }
    Ok(response)
}

/// A document that is made while it is sent.
async fn made(mut chunks: Chunks) -> Response {
    let mut start = Vec::new();
    while start.len() < MEASURED_BYTES {
        let Some(chunk) = chunks.next() else {
            // The end: its length is known, and sent.
            return Response::new(Body::from(start));
        };
        start.extend_from_slice(&chunk);
        tokio::task::yield_now().await;
    }
    let rest = futures_util::stream::unfold(chunks, async |mut chunks| {
        // Other requests have their turn between two chunks.
        tokio::task::yield_now().await;
        chunks.next().map(|chunk| (chunk, chunks))
    });
    let all = futures_util::stream::iter([Bytes::from(start)]).chain(rest);
    Response::new(Body::from_stream(all.map(Ok::<Bytes, io::Error>)))
}

/// The bytes of a recorded document, as they are.
async fn file(recorded: &Recorded) -> io::Result<Response> {
    let file = tokio::fs::File::open(&recorded.file).await?;
    let length = file.metadata().await?.len();
    let chunks = futures_util::stream::try_unfold(file, async |mut file| {
        let mut chunk = Vec::with_capacity(64 * 1024);
        let read = file.read_buf(&mut chunk).await?;
        io::Result::Ok((read > 0).then(|| (Bytes::from(chunk), file)))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    super::set_header(&mut response, CONTENT_LENGTH.as_str(), &length.to_string());
    Ok(response)
}

/// A refusal as XML.
fn refused(error: &S3Error, request_id: &str) -> Response {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>{}\
         <RequestId>{request_id}</RequestId><HostId>emulator</HostId></Error>",
        error.code, error.message, error.further,
    );
    let mut response = Response::new(Body::from(xml));
    *response.status_mut() = error.status;
    super::set_header(&mut response, CONTENT_TYPE.as_str(), "application/xml");
    response
}
