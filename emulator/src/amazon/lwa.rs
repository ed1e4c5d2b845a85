//! Login with Amazon: refresh tokens in, access tokens out.

use super::marketplace::Region;
use super::{Amazon, delivery};
use crate::faults::{Asked, Death, Effect, Verdict};
use crate::journal::Entry;
use crate::random::Random;
use axum::extract::{Form, FromRequest, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The only application that the emulator knows.
const CLIENT_ID: &str = "amzn1.application-oa2-client.demo";

/// Its secret.
const CLIENT_SECRET: &str = "amzn1.oa2-cs.v1.demo";

/// The authorisations of the demo seller.
///
/// Amazon's authorisations are one a region, as the last three are. The first opens all regions,
/// so that a demonstration needs one token: in that it is easier than Amazon.
const REFRESH_TOKENS: &[(&str, &[Region])] = &[
    ("Atzr|demo", &[Region::Na, Region::Eu, Region::Fe]),
    ("Atzr|demo-na", &[Region::Na]),
    ("Atzr|demo-eu", &[Region::Eu]),
    ("Atzr|demo-fe", &[Region::Fe]),
];

/// The access tokens that were given out.
#[derive(Debug)]
pub(crate) struct Tokens {
    seed: u64,
    life: TimeDelta,
    granted: HashMap<String, Grant>,
}

/// An operation on one path, or on all that look like it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    /// HTTP method.
    pub(crate) method: String,
    /// The path; a segment in braces stands for any.
    pub(crate) path: String,
}

/// What an access token opens, and until when.
#[derive(Debug)]
struct Grant {
    regions: &'static [Region],
    expires_at: DateTime<Utc>,
    /// Whether that is before the time that its holder was told.
    is_early: bool,
    is_revoked: bool,
    /// What a restricted data token opens, and nothing else; none for an access token.
    resources: Option<Vec<Resource>>,
}

/// What an access token is worth on a host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// It opens this region.
    Good,
    /// It did, until its life was over; `early` if that was before its time.
    Expired { early: bool },
    /// It is of another region.
    Elsewhere,
    /// It was never given out, or `revoked` since.
    Unknown { revoked: bool },
}

impl Tokens {
    /// No token yet; each will live for `life`.
    pub(crate) fn new(seed: u64, life: TimeDelta) -> Self {
        Self { seed, life, granted: HashMap::new() }
    }

    /// Makes a token that opens `regions` and lives for `life`.
    fn grant(&mut self, regions: &'static [Region], now: DateTime<Utc>, life: TimeDelta) -> String {
        let index = u64::try_from(self.granted.len()).unwrap_or(u64::MAX);
        let token = format!("Atza|{}", Random::new(self.seed, "access token", index).opaque());
        let expires_at = now.checked_add_signed(life).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let is_early = life < self.life;
        let grant = Grant { regions, expires_at, is_early, is_revoked: false, resources: None };
        self.granted.insert(token.clone(), grant);
        token
    }

    /// Makes a restricted data token for `resources`, in the regions of the access token `of`; the
    /// token and its life in seconds.
    pub(crate) fn restrict(
        &mut self,
        of: &str,
        resources: Vec<Resource>,
        now: DateTime<Utc>,
    ) -> (String, i64) {
        let index = u64::try_from(self.granted.len()).unwrap_or(u64::MAX);
        let token =
            format!("Atz.sprdt|{}", Random::new(self.seed, "restricted token", index).opaque());
        let regions = self.granted.get(of).map_or(&[][..], |grant| grant.regions);
        let expires_at = now.checked_add_signed(self.life).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let resources = Some(resources);
        let grant = Grant { regions, expires_at, is_early: false, is_revoked: false, resources };
        self.granted.insert(token.clone(), grant);
        (token, self.life.num_seconds())
    }

    /// What the restricted data token `token` opens; none for an access token.
    pub(crate) fn resources(&self, token: &str) -> Option<&[Resource]> {
        self.granted.get(token)?.resources.as_deref()
    }

    /// Ends the life of `token` before its time.
    pub(crate) fn kill(&mut self, token: &str, death: Death) {
        let Some(grant) = self.granted.get_mut(token) else { return };
        match death {
            Death::Expired => {
                grant.expires_at = DateTime::<Utc>::MIN_UTC;
                grant.is_early = true;
            }
            Death::Revoked => grant.is_revoked = true,
        }
    }

    /// What `token` is worth on the host of `region`.
    pub(crate) fn worth(&self, token: &str, region: Region, now: DateTime<Utc>) -> Worth {
        match self.granted.get(token) {
            None => Worth::Unknown { revoked: false },
            Some(grant) if grant.is_revoked => Worth::Unknown { revoked: true },
            Some(grant) if grant.expires_at <= now => Worth::Expired { early: grant.is_early },
            Some(grant) if grant.regions.contains(&region) => Worth::Good,
            Some(_) => Worth::Elsewhere,
        }
    }
}

/// A refusal in the shape of RFC 6749.
struct LwaError {
    status: StatusCode,
    error: &'static str,
    exception: &'static str,
    description: String,
}

impl LwaError {
    fn bad(error: &'static str, exception: &'static str, description: &str) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self { status, error, exception, description: description.to_owned() }
    }

    fn invalid_request(description: &str) -> Self {
        Self::bad("invalid_request", "OA2InvalidRequestException", description)
    }

    fn invalid_grant() -> Self {
        Self::bad(
            "invalid_grant",
            "OA2InvalidGrantException",
            "The request has an invalid grant parameter : refresh_token. The permission may have \
             been removed.",
        )
    }

    /// An outage.
    fn server_error(status: StatusCode) -> Self {
        let description = "The authorization server met an unexpected condition".to_owned();
        Self { status, error: "server_error", exception: "", description }
    }

    fn not_emulated(what: &str) -> Self {
        let description = format!("the emulator has no evidence of Amazon's answer to {what}");
        let status = StatusCode::NOT_IMPLEMENTED;
        Self { status, error: "not_emulated", exception: "", description }
    }
}

/// Serves `POST /auth/o2/token`.
pub(crate) fn router(amazon: Amazon) -> Router {
    Router::new().fallback(answer).with_state(amazon)
}

/// Answers and records one request.
async fn answer(State(amazon): State<Amazon>, request: Request) -> Response {
    let arrival = amazon.clock().moment();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let is_token = method == Method::POST && path == "/auth/o2/token";
    let (outcome, verdict) = if is_token {
        let asked = Asked { operation: "token", ..Asked::default() };
        let verdict = amazon.faults().decide(&asked, arrival);
        (token(&amazon, request, &verdict).await, verdict)
    } else {
        (Err(LwaError::not_emulated("this path and method")), Verdict::default())
    };
    let request_id = amazon.request_id();
    let mut response = match outcome {
        Ok(body) => (StatusCode::OK, Json(body)).into_response(),
        Err(refusal) => refused(&refusal, &request_id),
    };
    super::set_header(&mut response, "x-amzn-requestid", &request_id);
    let entry = Entry {
        service: "lwa",
        operation: if is_token { "token" } else { "unknown" },
        status: delivery::status(&verdict, &response),
        method: method.to_string(),
        path,
        detail: None,
        fault: verdict.names(),
    };
    amazon.journal().note_at(arrival, entry);
    delivery::delivered(amazon.clock(), &verdict, response).await
}

/// Plays the effects that keep a token from being given; how long one lives in truth.
fn play(amazon: &Amazon, verdict: &Verdict) -> Result<TimeDelta, LwaError> {
    let mut life = amazon.tokens().life;
    for effect in verdict.effects() {
        match effect {
            Effect::Refuse(refuse) => {
                let status = StatusCode::from_u16(refuse.status);
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                return Err(LwaError::server_error(status));
            }
            // What is said is never heard.
            Effect::Drop => return Err(LwaError::server_error(StatusCode::SERVICE_UNAVAILABLE)),
            Effect::InvalidGrant => return Err(LwaError::invalid_grant()),
            Effect::TokenLife(scaled) => {
                let real = TimeDelta::from_std(amazon.clock().real(*scaled));
                life = life.min(real.unwrap_or(TimeDelta::MAX));
            }
            _ => {}
        }
    }
    Ok(life)
}

/// The response to a request that is refused.
fn refused(refusal: &LwaError, request_id: &str) -> Response {
    let body = json!({
        "error": refusal.error,
        "error_description": refusal.description,
        "request_id": request_id,
    });
    let mut response = (refusal.status, Json(body)).into_response();
    if !refusal.exception.is_empty() {
        let origin = "http://internal.amazon.com/coral/com.amazon.panda/";
        let value = format!("{}:{origin}", refusal.exception);
        super::set_header(&mut response, "x-amzn-errortype", &value);
    }
    response
}

/// The answer to a request for a token.
async fn token(amazon: &Amazon, request: Request, verdict: &Verdict) -> Result<Value, LwaError> {
    let life = play(amazon, verdict)?;
    let form = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !form.is_some_and(|it| it.starts_with("application/x-www-form-urlencoded")) {
        return Err(LwaError::not_emulated("a body that is not a form"));
    }
    let Form(fields) = Form::<Vec<(String, String)>>::from_request(request, &())
        .await
        .map_err(|_| LwaError::invalid_request("The request body cannot be decoded."))?;
    check_grant_type(field(&fields, "grant_type")?)?;
    let (id, secret) = (field(&fields, "client_id")?, field(&fields, "client_secret")?);
    let refresh_token = field(&fields, "refresh_token")?;
    if id != CLIENT_ID || secret != CLIENT_SECRET {
        return Err(LwaError {
            status: StatusCode::UNAUTHORIZED,
            error: "invalid_client",
            exception: "OA2InvalidClientException",
            description: "Client authentication failed".to_owned(),
        });
    }
    let Some((_, regions)) = REFRESH_TOKENS.iter().find(|(known, _)| *known == refresh_token)
    else {
        return Err(LwaError::invalid_grant());
    };
    let mut tokens = amazon.tokens();
    let access_token = tokens.grant(regions, amazon.clock().now(), life);
    Ok(json!({
        "access_token": access_token,
        // LWA gives back the refresh token that it was given: it is not rotated (recorded).
        "refresh_token": refresh_token,
        "token_type": "bearer",
        "expires_in": tokens.life.num_seconds(),
    }))
}

/// The field `name` of a form.
fn field<'a>(fields: &'a [(String, String)], name: &str) -> Result<&'a str, LwaError> {
    let found = fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    found.ok_or_else(|| {
        LwaError::invalid_request(&format!("The request is missing a required parameter : {name}"))
    })
}

/// Lets pass the one flow that is emulated.
fn check_grant_type(grant_type: &str) -> Result<(), LwaError> {
    match grant_type {
        "refresh_token" => Ok(()),
        known @ ("client_credentials" | "authorization_code") => {
            Err(LwaError::not_emulated(&format!("grant_type {known}")))
        }
        _ => Err(LwaError::bad(
            "unsupported_grant_type",
            "OA2UnsupportedGrantTypeException",
            "The grant type is not supported by the authorization server",
        )),
    }
}
