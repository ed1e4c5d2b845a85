//! An access token fetched once and shared until shortly before its end.
//!
//! Token endpoints have tight limits of their own, so however many callers wait for a token, one
//! request is made, and all of them share what came of it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::Error;

/// How long before its end a token is no longer given out: a request must arrive while it is good.
const MARGIN: Duration = Duration::from_mins(1);

/// A secret that opens an API until it ends. `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The token itself.
    pub secret: SecretString,
    /// When it stops working. A lifetime of a minute or less is not worth sharing: the token is
    /// given to those who wait for it, and fetched again for the next.
    pub expires_at: Instant,
}

/// Where access tokens come from.
///
/// An implementation makes its request with a [`Client`](crate::Client) of its own, one without
/// tokens, so that the same retries apply, and turns the API's refusal of a credential into
/// [`Error::Unauthorized`]. It may be written as an `async fn`.
pub trait TokenSource: Send + Sync + 'static {
    /// Asks for a new token.
    fn fetch(&self) -> impl Future<Output = Result<AccessToken, Error>> + Send;
}

/// A [`TokenSource`] without its type, so that neither the cache nor the client carries it.
trait AnySource: Send + Sync {
    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, Error>>;
}

impl<S: TokenSource> AnySource for S {
    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, Error>> {
        Box::pin(TokenSource::fetch(self))
    }
}

/// Shares one token among all callers.
pub struct TokenCache {
    source: Box<dyn AnySource>,
    /// What the last fetch brought; held across a fetch, so that there is one at a time.
    last: Mutex<Option<Result<Arc<AccessToken>, Error>>>,
    /// Fetches that have ended: tells a waiting caller whether one did while it waited.
    fetches: AtomicU64,
}

impl TokenCache {
    /// Starts without a token; the first caller fetches one.
    #[must_use]
    pub fn new(source: impl TokenSource) -> Self {
        Self { source: Box::new(source), last: Mutex::new(None), fetches: AtomicU64::new(0) }
    }

    /// The shared token, fetched if there is none that is good for another minute.
    ///
    /// Whoever waits while somebody else fetches gets the same token, or the same error: a wrong
    /// password is sent once, not once for each caller.
    ///
    /// # Errors
    /// What the source says.
    pub async fn get(&self) -> Result<Arc<AccessToken>, Error> {
        let seen = self.fetches.load(Ordering::Acquire);
        let mut last = self.last.lock().await;
        let while_waiting = self.fetches.load(Ordering::Acquire) != seen;
        match last.as_ref() {
            Some(outcome) if while_waiting => return outcome.clone(),
            Some(Ok(token)) if token.expires_at > Instant::now() + MARGIN => {
                return Ok(Arc::clone(token));
            }
            _ => {}
        }
        let outcome = self.source.fetch().await.map(Arc::new);
        self.fetches.fetch_add(1, Ordering::Release);
        *last = Some(outcome.clone());
        outcome
    }

    /// Forgets this token, if it is still the shared one. A late refusal of an old token does not
    /// throw away the new one.
    pub async fn invalidate(&self, token: &AccessToken) {
        let mut last = self.last.lock().await;
        if let Some(Ok(shared)) = last.as_ref()
            && shared.secret.expose_secret() == token.secret.expose_secret()
        {
            *last = None;
        }
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    /// Numbers its tokens, each good for so long; refuses from the given fetch on.
    struct Numbered {
        fetched: Arc<AtomicU64>,
        lifetime: Duration,
        refuses_from: u64,
    }

    impl TokenSource for Numbered {
        async fn fetch(&self) -> Result<AccessToken, Error> {
            let number = self.fetched.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::time::sleep(Duration::from_millis(300)).await;
            if number >= self.refuses_from {
                return Err(Error::Unauthorized {
                    operation: "getToken",
                    advice: "ask for a new key".into(),
                });
            }
            let secret = format!("token {number}").into();
            Ok(AccessToken { secret, expires_at: Instant::now() + self.lifetime })
        }
    }

    fn cache(lifetime: Duration, refuses_from: u64) -> (TokenCache, Arc<AtomicU64>) {
        let fetched = Arc::new(AtomicU64::new(0));
        (
            TokenCache::new(Numbered { fetched: Arc::clone(&fetched), lifetime, refuses_from }),
            fetched,
        )
    }

    async fn secret(cache: &TokenCache) -> String {
        cache.get().await.unwrap().secret.expose_secret().to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn however_many_wait_one_token_is_fetched() {
        let (cache, fetched) = cache(Duration::from_hours(1), u64::MAX);
        let secrets = join_all((0..50).map(|_| secret(&cache))).await;
        assert!(secrets.iter().all(|secret| secret == "token 1"));
        assert_eq!(fetched.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_a_minute_before_its_end() {
        let (cache, _) = cache(Duration::from_hours(1), u64::MAX);
        assert_eq!(secret(&cache).await, "token 1");
        tokio::time::advance(Duration::from_mins(58)).await;
        assert_eq!(secret(&cache).await, "token 1");
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(secret(&cache).await, "token 2");
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_refusal_does_not_throw_away_the_new_token() {
        let (cache, fetched) = cache(Duration::from_hours(1), u64::MAX);
        let old = cache.get().await.unwrap();
        cache.invalidate(&old).await;
        assert_eq!(secret(&cache).await, "token 2");
        cache.invalidate(&old).await;
        assert_eq!(secret(&cache).await, "token 2");
        assert_eq!(fetched.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_share_a_failure_and_the_next_caller_tries_again() {
        let (cache, fetched) = cache(Duration::from_hours(1), 1);
        let failures = join_all((0..50).map(|_| cache.get())).await;
        for failure in failures {
            assert_eq!(
                failure.unwrap_err().to_string(),
                "getToken: not authorized: ask for a new key"
            );
        }
        assert_eq!(fetched.load(Ordering::SeqCst), 1);
        cache.get().await.unwrap_err();
        assert_eq!(fetched.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_leaves_the_fetch_to_the_next() {
        let (cache, _) = cache(Duration::from_hours(1), u64::MAX);
        let gone = tokio::time::timeout(Duration::from_millis(100), cache.get()).await;
        assert!(gone.is_err());
        assert_eq!(secret(&cache).await, "token 2");
    }

    #[tokio::test(start_paused = true)]
    async fn debug_does_not_show_the_token() {
        let (cache, _) = cache(Duration::from_hours(1), u64::MAX);
        let token = cache.get().await.unwrap();
        assert!(!format!("{token:?} {cache:?}").contains("token 1"));
    }
}
