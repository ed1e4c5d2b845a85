//! Plytix's tokens: got for an API key and its password, good for fifteen minutes.

use super::answer::Answer;
use super::error::{Fault, Refusal};
use crate::random::Random;
use axum::http::{HeaderValue, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The API key that the emulated account knows.
const KEY: &str = "demo-key";
/// Its password.
const PASSWORD: &str = "demo-password";
/// `exp - iat` of recorded tokens.
const LIFE: TimeDelta = TimeDelta::seconds(900);
/// The letters of base64url.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The tokens that were given out.
#[derive(Debug)]
pub(super) struct Tokens {
    seed: u64,
    issued: u64,
    /// When each token ends, in real time.
    ends: HashMap<String, DateTime<Utc>>,
}

impl Tokens {
    /// No tokens yet.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, issued: 0, ends: HashMap::new() }
    }

    /// Answers a request for a token at real time `now`.
    ///
    /// The refresh token is opaque and good for nothing: no operation that takes it is known.
    pub(super) fn answer(&mut self, body: &[u8], now: DateTime<Utc>) -> Result<Answer, Refusal> {
        let body: Value = serde_json::from_slice(body).map_err(|e| Refusal::not_json(&e))?;
        let (Some(key), Some(password)) = (text(&body, "api_key"), text(&body, "api_password"))
        else {
            return Err(Refusal::not_evidenced("a login without api_key and api_password"));
        };
        if key != KEY {
            return Err(bad_credentials("Query did not throw any results"));
        }
        if password != PASSWORD {
            return Err(bad_credentials("Credentials not valid"));
        }
        self.issued += 1;
        let mut random = Random::new(self.seed, "plytix token", self.issued);
        let access = token(now, &random.text(LETTERS, 43));
        self.ends.retain(|_, end| *end > now);
        self.ends.insert(access.clone(), now + LIFE);
        let refresh = random.text(LETTERS, 43);
        let tokens = json!({"access_token": access, "refresh_token": refresh});
        Ok(Answer::data(StatusCode::OK, [tokens]))
    }

    /// Refuses a request whose `Authorization` header does not carry a token that is good at `now`.
    ///
    /// The scheme is `Bearer`, in exactly this case, and one space. Only the text of the message
    /// for a missing header is documented; that 401 is the answer to the others is what its callers
    /// rely on.
    pub(super) fn check(
        &self,
        header: Option<&HeaderValue>,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let refused = |message: &str| Err(Refusal::bare(StatusCode::UNAUTHORIZED, message));
        let Some(header) = header else { return refused("Missing Authorization Header") };
        let token = header.to_str().ok().and_then(|header| header.strip_prefix("Bearer "));
        let end = token.and_then(|token| self.ends.get(token));
        if end.is_some_and(|end| *end > now) { Ok(()) } else { refused("Invalid or expired token") }
    }
}

/// A text field of a JSON object.
fn text<'a>(body: &'a Value, field: &str) -> Option<&'a str> {
    body.get(field).and_then(Value::as_str)
}

/// 401 as it was recorded, with the status as a number in the place of a text.
fn bad_credentials(why: &str) -> Refusal {
    Refusal::with(
        StatusCode::UNAUTHORIZED,
        format!("Bad api_key or api_password: {why}"),
        [Fault::new("http_status_code", 401)],
    )
}

/// A token in the form of a JWT, whose signature nobody can check.
///
/// Real tokens also carry the account, its role and its rate limits; where in the payload, nobody
/// has recorded, so they are left out.
fn token(now: DateTime<Utc>, signature: &str) -> String {
    let header = base64url(br#"{"alg":"HS256","typ":"JWT"}"#);
    let times = json!({"iat": now.timestamp(), "exp": (now + LIFE).timestamp()});
    format!("{header}.{}.{signature}", base64url(times.to_string().as_bytes()))
}

/// `bytes` in base64url without padding, the encoding of a JWT's parts.
fn base64url(bytes: &[u8]) -> String {
    let letter = |bits: u32| {
        let index = usize::try_from(bits & 63).unwrap_or(0);
        char::from(LETTERS.get(index).copied().unwrap_or(b'A'))
    };
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index| chunk.get(index).copied().map_or(0, u32::from);
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        let letters = [bits >> 18, bits >> 12, bits >> 6, bits];
        text.extend(letters.into_iter().take(chunk.len() + 1).map(letter));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64url;

    #[test]
    fn base64url_encodes_the_examples_of_rfc_4648() {
        let encoded = ["", "f", "fo", "foo", "foob"].map(|text| base64url(text.as_bytes()));
        assert_eq!(encoded, ["", "Zg", "Zm8", "Zm9v", "Zm9vYg"]);
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
    }
}
