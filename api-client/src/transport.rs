//! The HTTP connection beneath every call and download.
//!
//! TLS is rustls with the *ring* provider, given to the transport by hand. The transport's own
//! default (aws-lc) compiles a C library with cmake and more than doubles a build, and its way of
//! choosing another is a global of the process, which a library must not set.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use rustls_platform_verifier::BuilderVerifierExt;

use crate::error::BuildError;

/// How long to wait for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection.
    pub connect: Duration,
    /// For a call: until the whole answer is here. For a download, whose length nobody knows: until
    /// the next bytes are here.
    pub request: Duration,
}

impl Default for Timeouts {
    /// Ten seconds, and a minute.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), request: Duration::from_mins(1) }
    }
}

/// Where a server is, which decides about proxies and encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On this machine: no proxy can reach it, and nothing crosses a network.
    Loopback,
    /// Anywhere else.
    Network,
}

impl Place {
    /// Where the URL's host is.
    ///
    /// # Errors
    /// [`BuildError::NotSecure`] for plain http to another machine, [`BuildError::NotAUrl`] for
    /// another scheme.
    pub(crate) fn of(url: &Url) -> Result<Self, BuildError> {
        let place = match url.host() {
            Some(url::Host::Ipv4(address)) if address.is_loopback() => Self::Loopback,
            Some(url::Host::Ipv6(address)) if address.is_loopback() => Self::Loopback,
            Some(url::Host::Domain(name))
                if name == "localhost" || name.ends_with(".localhost") =>
            {
                Self::Loopback
            }
            Some(_) => Self::Network,
            None => return Err(BuildError::NotAUrl),
        };
        match (url.scheme(), place) {
            ("https", _) | ("http", Place::Loopback) => Ok(place),
            ("http", Place::Network) => Err(BuildError::NotSecure),
            _ => Err(BuildError::NotAUrl),
        }
    }
}

/// What the timeout of a request covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// The whole request, from connecting to the last byte.
    Whole,
    /// Each stretch without a byte.
    Silence,
}

/// A transport that does only what it is told: no redirects, no decompression, no cookies, and no
/// proxy for this machine itself. Proxies of the environment are honoured elsewhere.
///
/// The transport repeats by itself only what HTTP/2 has declared unprocessed, and what it could not
/// write to a kept connection that had closed.
pub(crate) fn transport(
    place: Place,
    timeouts: Timeouts,
    patience: Patience,
) -> Result<reqwest::Client, BuildError> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls(place)?)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .connect_timeout(timeouts.connect);
    builder = match patience {
        Patience::Whole => builder.timeout(timeouts.request),
        Patience::Silence => builder.read_timeout(timeouts.request),
    };
    if place == Place::Loopback {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| BuildError::Transport(Arc::new(error.without_url())))
}

/// TLS with the certificates that this system trusts. For this machine itself their absence is no
/// error, so that tests and demos over plain http also run where none are installed.
fn tls(place: Place) -> Result<rustls::ClientConfig, BuildError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(BuildError::Tls)?;
    let mut config = match (builder.clone().with_platform_verifier(), place) {
        (Ok(trusting), _) => trusting,
        (Err(_), Place::Loopback) => builder.with_root_certificates(rustls::RootCertStore::empty()),
        (Err(error), Place::Network) => return Err(BuildError::Tls(error)),
    }
    .with_no_client_auth();
    // The transport adds these to a configuration of its own making only.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Result<Place, String> {
        Place::of(&Url::parse(url).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in
            ["http://127.0.0.1:1/x", "http://[::1]/", "http://localhost/", "http://a.localhost:9/"]
        {
            assert_eq!(place(url), Ok(Place::Loopback), "{url}");
        }
        assert_eq!(place("https://api.example.com"), Ok(Place::Network));
        for url in ["http://api.example.com", "http://localhost.example.com", "http://10.0.0.1"] {
            assert_eq!(
                place(url).unwrap_err(),
                "the URL uses http; only https is accepted, except for this machine itself"
            );
        }
        assert!(place("ftp://127.0.0.1/").is_err());
        assert!(place("data:x").is_err());
    }

    #[test]
    fn a_transport_can_be_built_for_either_place() {
        for place in [Place::Loopback, Place::Network] {
            transport(place, Timeouts::default(), Patience::Whole).unwrap();
        }
    }
}
