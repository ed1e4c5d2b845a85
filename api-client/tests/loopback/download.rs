//! What a downloader does about every kind of answer, and what it never says.

use std::time::Duration;

use api_client::{
    Document, DownloadError, Downloader, LastAttempt, RetryPolicy, SecretUrl, Timeouts,
};

use crate::server::{Server, cut_off, dead_url, everything, plain, reply, trickle};

fn downloader() -> Downloader {
    let policy = RetryPolicy {
        attempts: 3,
        first_pause: Duration::ZERO,
        longest_pause: Duration::ZERO,
        throttle_pause: Duration::ZERO,
        ..RetryPolicy::default()
    };
    Downloader::with(policy, Timeouts::default()).unwrap()
}

async fn open(url: &str) -> Result<Document, DownloadError> {
    downloader().open(&SecretUrl::new(format!("{url}/doc?signature=hunter2"))).await
}

/// Reads the document to its end.
async fn read(document: &mut Document) -> Result<Vec<u8>, DownloadError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = document.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[tokio::test]
async fn a_document_arrives_as_it_was_sent_and_nothing_is_sent_along() {
    let server =
        Server::start(|_, _| reply(200, ("content-type", "text/plain;charset=Cp1252"), "a\tb"))
            .await;
    let mut document = open(&server.url).await.unwrap();
    assert_eq!(document.content_type.as_deref(), Some("text/plain;charset=Cp1252"));
    assert_eq!(document.content_length, Some(3));
    assert_eq!(read(&mut document).await.unwrap(), b"a\tb");

    let [seen] = &server.journal()[..] else { panic!("one request") };
    assert_eq!(seen.target, "/doc?signature=hunter2");
    let names: Vec<&str> = seen.headers.keys().map(axum::http::HeaderName::as_str).collect();
    assert_eq!(names, ["accept", "host"]);
}

#[tokio::test]
async fn a_packed_document_stays_packed() {
    let server =
        Server::start(|_, _| reply(200, ("content-encoding", "gzip"), "not gzip at all")).await;
    let mut document = open(&server.url).await.unwrap();
    assert_eq!(read(&mut document).await.unwrap(), b"not gzip at all");
}

#[tokio::test]
async fn an_expired_url_is_not_tried_again() {
    let server = Server::start(|_, _| plain(403, "<Error>Request has expired</Error>")).await;
    assert!(matches!(open(&server.url).await, Err(DownloadError::Expired)));
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn another_refusal_and_a_redirect_are_final() {
    for status in [404, 307] {
        let server =
            Server::start(move |_, _| reply(status, ("location", "http://127.0.0.1:1/"), "")).await;
        let error = open(&server.url).await.unwrap_err();
        assert_eq!(error.to_string(), format!("download: refused with {status}"));
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn trouble_before_the_first_byte_is_tried_again_within_the_budget() {
    let server = Server::start(|number, _| plain(if number < 3 { 503 } else { 200 }, "x")).await;
    assert_eq!(read(&mut open(&server.url).await.unwrap()).await.unwrap(), b"x");

    let server = Server::start(|_, _| plain(500, "")).await;
    let error = open(&server.url).await.unwrap_err();
    assert!(matches!(
        error,
        DownloadError::Exhausted { attempts: 3, last: LastAttempt::Status(500), .. }
    ));

    let error = open(&dead_url()).await.unwrap_err();
    assert!(matches!(
        error,
        DownloadError::Exhausted { attempts: 3, last: LastAttempt::NoAnswer, .. }
    ));
}

#[tokio::test]
async fn a_document_that_is_cut_off_is_broken() {
    let server = Server::start(|_, _| cut_off("half")).await;
    let mut document = open(&server.url).await.unwrap();
    let error = read(&mut document).await.unwrap_err();
    assert!(
        matches!(error, DownloadError::Broken { received: 4, announced: Some(100), .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_document_that_trickles_is_given_up_though_it_is_never_silent() {
    let server = Server::start(|_, _| trickle(100, Duration::from_millis(40))).await;
    let timeouts = Timeouts { request: Duration::from_millis(200), ..Timeouts::default() };
    let patient = Downloader::with(RetryPolicy::default(), timeouts).unwrap();
    let mut document = patient.open(&SecretUrl::new(server.url.clone())).await.unwrap();
    let error = read(&mut document).await.unwrap_err();
    let DownloadError::Broken { received, .. } = &error else { panic!("{error:?}") };
    assert!((1..100).contains(received), "{error:?}");
    assert!(everything(&error).contains("slower than 1024 bytes a second"), "{error:?}");
}

#[tokio::test]
async fn nothing_of_the_url_is_ever_shown() {
    let url = SecretUrl::new("https://example.com/hunter2");
    assert_eq!(format!("{url:?}"), "SecretUrl([REDACTED])");

    let broken = Server::start(|_, _| cut_off("half")).await;
    let mut document = open(&broken.url).await.unwrap();
    assert!(!format!("{document:?}").contains("hunter2"));
    let mut errors = vec![read(&mut document).await.unwrap_err()];
    for status in [307, 403, 404, 500] {
        let server =
            Server::start(move |_, _| reply(status, ("location", "/hunter2"), "hunter2")).await;
        errors.push(open(&server.url).await.unwrap_err());
    }
    for url in [dead_url().as_str(), "hunter2", "http://hunter2.example.com", "data:"] {
        errors.push(open(url).await.unwrap_err());
    }
    for error in errors {
        assert!(!everything(&error).contains("hunter2"), "{}", everything(&error));
    }
}
