//! A client of one API on behalf of one account: what all of its calls share.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use crate::answer::Answer;
use crate::attempt::Attempts;
use crate::count::{Count, Counts};
use crate::dialect::Dialect;
use crate::error::{BuildError, Error};
use crate::operation::{Call, Operation};
use crate::plan::RateLimiter;
use crate::queue::{Gate, Line};
use crate::quota::Quota;
use crate::quota::windows::{WindowMemory, Windows};
use crate::retry::RetryPolicy;
use crate::token::TokenCache;
use crate::transport::{Patience, Place, Timeouts, transport};
use crate::window::Window;

/// Calls one API on behalf of one account.
///
/// Clones share everything: connections, token, plans, gate and counts. Limits are kept here, so
/// one account needs one client, and two accounts need two.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// What all clones of a [`Client`] share.
pub(crate) struct Shared {
    pub(crate) http: reqwest::Client,
    /// Base URL without a slash at its end.
    pub(crate) base: String,
    pub(crate) headers: HeaderMap,
    pub(crate) dialect: Box<dyn Dialect>,
    pub(crate) tokens: Option<Arc<TokenCache>>,
    pub(crate) policy: RetryPolicy,
    pub(crate) gate: Gate,
    pub(crate) windows: Line<Windows>,
    pub(crate) window_memory: Option<Box<dyn WindowMemory>>,
    lines: Mutex<HashMap<&'static str, Arc<Line<Quota>>>>,
    pub(crate) counts: Counts,
}

impl Client {
    /// Begins a client of the API below the base URL, which may have a path.
    pub fn builder(base: &str, dialect: impl Dialect) -> ClientBuilder {
        ClientBuilder {
            base: base.to_owned(),
            dialect: Box::new(dialect),
            tokens: None,
            windows: Vec::new(),
            window_memory: None,
            policy: RetryPolicy::default(),
            timeouts: Timeouts::default(),
            headers: Vec::new(),
        }
    }

    /// Makes the call: waits for its place, authorizes it, and repeats it as its policy allows.
    ///
    /// Any number of calls may be under way at once. A dropped call gives back nothing that it has
    /// sent, and takes no place that it has not reached.
    ///
    /// # Errors
    /// Every answer but a success (2xx) is an [`Error`], sorted by what can be done.
    pub async fn call(&self, call: Call<'_>) -> Result<Answer, Error> {
        Attempts::new(&self.0, &call)?.run().await
    }

    /// What was called so far and who waits now, by operation, for a progress view or a summary.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, Count)> {
        self.0.counts.all()
    }

    /// How long it is from now to the next place of the operation, by its plan and by what was
    /// learnt of it, and while the whole API wants to be left alone; nothing is taken. Callers who
    /// wait already ([`Count::waiting`]) go before. `None` for an operation without a plan.
    #[must_use]
    pub fn next_place(&self, operation: &Operation) -> Option<Duration> {
        self.time_for(operation, 1)
    }

    /// How long it is from now to the place of the last of so many further calls, those of callers
    /// who wait already among them; otherwise as [`Client::next_place`].
    #[must_use]
    pub fn time_for(&self, operation: &Operation, calls: u64) -> Option<Duration> {
        let now = Instant::now();
        let place = self.0.line(operation)?.look(|quota| quota.last_of(calls, now));
        Some(place.saturating_duration_since(now).max(self.0.gate.closed_for(now)))
    }

    /// How long it is from now to the place of the last of so many further calls within the windows, as they
    /// are configured and as far as they were learnt, if none is refused; otherwise as
    /// [`Client::next_place`].
    #[must_use]
    pub fn time_in_windows(&self, calls: u64) -> Duration {
        let now = Instant::now();
        let place = self.0.windows.look(|windows| windows.last_of(calls, now));
        place.saturating_duration_since(now).max(self.0.gate.closed_for(now))
    }

    /// What the attempts of a call need.
    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    /// The line in front of an operation, if it has a plan.
    pub(crate) fn line(&self, operation: &Operation) -> Option<Arc<Line<Quota>>> {
        let plan = operation.plan?;
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(operation.name).or_insert_with(|| {
            Arc::new(Line::new(Quota::new(RateLimiter::new(plan, Instant::now()))))
        });
        Some(Arc::clone(line))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("base", &self.0.base).finish_non_exhaustive()
    }
}

/// A [`Client`] in the making.
#[must_use]
pub struct ClientBuilder {
    base: String,
    dialect: Box<dyn Dialect>,
    tokens: Option<Arc<TokenCache>>,
    windows: Vec<Window>,
    window_memory: Option<Box<dyn WindowMemory>>,
    policy: RetryPolicy,
    timeouts: Timeouts,
    headers: Vec<(&'static str, String)>,
}

impl ClientBuilder {
    /// Authorizes every call with a token of this cache, which clients may share. Without one,
    /// calls are not authorized: that is how a token source makes its own.
    pub fn tokens(mut self, tokens: impl Into<Arc<TokenCache>>) -> Self {
        self.tokens = Some(tokens.into());
        self
    }

    /// Keeps all calls together within these windows, beside each operation's own plan. Where the API
    /// refuses a call earlier than they say, less of them is used, and more again once that is borne out.
    pub fn windows(mut self, windows: &[Window]) -> Self {
        self.windows = windows.to_vec();
        self
    }

    /// Begins with what was learnt of the windows before, and keeps what is learnt from now on.
    pub fn window_memory(mut self, memory: impl WindowMemory) -> Self {
        self.window_memory = Some(Box::new(memory));
        self
    }

    /// How much trying again is worth.
    pub fn policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// How long to wait for a server.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sends this header with every call.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Makes the client; nothing is called.
    ///
    /// # Errors
    /// A base URL or a header that cannot be used, or a system without certificates.
    pub fn build(self) -> Result<Client, BuildError> {
        let base = Url::parse(&self.base).map_err(|_| BuildError::NotAUrl)?;
        let place = Place::of(&base)?;
        let user = !base.username().is_empty() || base.password().is_some();
        if user || base.query().is_some() || base.fragment().is_some() {
            return Err(BuildError::NotAUrl);
        }

        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let header = HeaderName::try_from(*name).ok().zip(HeaderValue::try_from(value).ok());
            let (key, value) = header.ok_or(BuildError::Header(name))?;
            headers.insert(key, value);
        }

        let recalled = |window| self.window_memory.as_ref()?.recall(window);
        let windows = Windows::new(&self.windows, Instant::now(), recalled);
        Ok(Client(Arc::new(Shared {
            http: transport(place, self.timeouts, Patience::Whole)?,
            base: base.as_str().trim_end_matches('/').to_owned(),
            headers,
            dialect: self.dialect,
            tokens: self.tokens,
            policy: self.policy,
            gate: Gate::default(),
            windows: Line::new(windows),
            window_memory: self.window_memory,
            lines: Mutex::default(),
            counts: Counts::default(),
        })))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_and_its_calls_may_move_between_threads() {
        fn moves<T: Send>(_: impl Fn(&'static Client, Call<'static>) -> T) {}
        fn is_shared<T: Send + Sync>() {}
        moves(Client::call);
        is_shared::<Client>();
    }
}
