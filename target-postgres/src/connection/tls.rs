//! Encryption of a connection, and whom it trusts.
//!
//! libpq's modes: `disable` (and `allow`) and `prefer` protect against nobody who can touch the wire,
//! `require` against a listener, `verify-ca` and `verify-full` against an impostor too.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use secrecy::{ExposeSecret as _, SecretString};
use singer::config::ConfigError;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How much a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Not at all.
    Disable,
    /// If the server offers it.
    Prefer,
    /// Always, with whoever answers.
    Require,
    /// Always, with a server whose certificate an authority signed.
    VerifyCa,
    /// Always, with the server of that name.
    VerifyFull,
}

impl Mode {
    /// The mode that libpq calls so. `allow` asks for encryption only where the server insists; a server
    /// that insists is met by `prefer` too.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "disable" => Self::Disable,
            "allow" | "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }
}

/// The certificates of a connection: PEM, or the names of files of PEM.
#[derive(Debug, Default)]
pub(super) struct Certificates<'a> {
    /// Authorities to trust; the word `system`, or nothing, means those of the operating system.
    pub(super) root: Option<&'a str>,
    /// The client's certificate.
    pub(super) client: Option<&'a str>,
    /// The key of the client's certificate.
    pub(super) key: Option<&'a SecretString>,
}

/// What encrypts connections of a mode; nothing for a mode that does not.
pub(super) fn connector(
    mode: Mode,
    certificates: &Certificates<'_>,
) -> Result<Option<MakeRustlsConnect>, ConfigError> {
    if mode == Mode::Disable {
        return Ok(None);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|_| ConfigError::setting("ssl_mode", "a version of TLS that this program has"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier(mode, certificates.root, provider)?);
    let config = match (certificates.client, certificates.key) {
        (None, None) => builder.with_no_client_auth(),
        (Some(certificate), Some(key)) => builder
            .with_client_auth_cert(client_chain(certificate)?, client_key(key)?)
            .map_err(|_| {
                ConfigError::setting("ssl_client_private_key", "the key of ssl_client_certificate")
            })?,
        _ => {
            return Err(ConfigError::setting(
                "ssl_client_certificate",
                "both ssl_client_certificate and ssl_client_private_key, or neither",
            ));
        }
    };
    Ok(Some(MakeRustlsConnect::new(config)))
}

/// Whom a mode trusts. As with libpq, `require` with an authority is `verify-ca`.
fn verifier(
    mode: Mode,
    root: Option<&str>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, ConfigError> {
    let checks = matches!(mode, Mode::VerifyCa | Mode::VerifyFull);
    if !checks && root.is_none_or(|root| mode == Mode::Prefer || root == "system") {
        return Ok(Arc::new(Anyone { provider }));
    }
    let authorities = authorities(root)?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(authorities), provider)
        .build()
        .map_err(|_| no_authority())?;
    Ok(if mode == Mode::VerifyFull { verifier } else { Arc::new(AnyName { verifier }) })
}

/// The error of authorities that are none.
fn no_authority() -> ConfigError {
    ConfigError::setting(
        "ssl_certificate_authority",
        "at least one certificate in PEM, or the name of a file that holds some",
    )
}

/// The certificates of the authorities.
fn authorities(root: Option<&str>) -> Result<RootCertStore, ConfigError> {
    let mut store = RootCertStore::empty();
    match root {
        None | Some("system") => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(root) => {
            let text = pem("ssl_certificate_authority", root)?;
            for certificate in CertificateDer::pem_slice_iter(&text) {
                let certificate = certificate.map_err(|_| no_authority())?;
                store.add(certificate).map_err(|_| no_authority())?;
            }
        }
    }
    if store.is_empty() { Err(no_authority()) } else { Ok(store) }
}

/// The client's certificate and those between it and its authority.
fn client_chain(certificate: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let wrong = || ConfigError::setting("ssl_client_certificate", "certificates in PEM");
    let text = pem("ssl_client_certificate", certificate)?;
    CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(wrong)
}

/// The client's key.
fn client_key(key: &SecretString) -> Result<PrivateKeyDer<'static>, ConfigError> {
    let text = pem("ssl_client_private_key", key.expose_secret())?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
        ConfigError::setting("ssl_client_private_key", "a private key in PEM, without a password")
    })
}

/// PEM that stands in a setting, or in a file that the setting names.
fn pem(setting: &'static str, text: &str) -> Result<Vec<u8>, ConfigError> {
    if text.contains("-----BEGIN") {
        // Text that went through an environment variable often has its line ends written out.
        return Ok(text.replace("\\n", "\n").into_bytes());
    }
    std::fs::read(Path::new(text)).map_err(|_| {
        ConfigError::setting(setting, "PEM text, or the name of a file that can be read")
    })
}

/// Trusts whoever answers, and still insists that it holds the key of the certificate it shows.
#[derive(Debug)]
struct Anyone {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Trusts a certificate that an authority signed, whatever name it bears.
#[derive(Debug)]
struct AnyName {
    verifier: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // The verifier looks at the name last, so a wrong name means that all else is right.
        match self.verifier.verify_server_cert(certificate, between, name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
