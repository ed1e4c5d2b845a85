//! Presigned addresses and recorded documents.

use super::{Caller, DE, JP, LISTINGS, ORDERS, TR, US, ranged, unzipped, wish};
use crate::amazon::{Documents, Region};
use axum::body::{Body, HttpBody};
use axum::http::{Request, StatusCode};
use futures_util::StreamExt;
use std::time::Duration;
use tower::ServiceExt;

#[tokio::test(start_paused = true)]
async fn an_address_refuses_other_credentials() {
    let caller = Caller::new().await;
    let report = caller.finished(Region::Eu, wish(LISTINGS, DE)).await;
    let address = caller.address(Region::Eu, &report).await;
    for header in [("x-amz-access-token", "Atza|x"), ("authorization", "Bearer x")] {
        let refused = caller.download(&address, header).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", header.0);
        assert_eq!(refused.header("content-type"), Some("application/xml"));
    }
    let allowed = caller.download(&address, ("accept", "*/*")).await;
    assert_eq!(allowed.status, StatusCode::OK);
    assert_eq!(allowed.header("content-encoding"), None, "gzip bytes, and nothing says so");
    assert_eq!(allowed.body[..2], [0x1f, 0x8b]);
}

#[tokio::test(start_paused = true)]
async fn an_address_dies_after_five_minutes_and_a_new_one_lives() {
    let caller = Caller::new().await;
    let report = caller.finished(Region::Eu, wish(LISTINGS, DE)).await;
    let address = caller.address(Region::Eu, &report).await;
    tokio::time::advance(Duration::from_secs(299)).await;
    let alive = caller.download(&address, ("accept", "*/*")).await;
    assert_eq!(alive.status, StatusCode::OK);
    tokio::time::advance(Duration::from_secs(1)).await;
    let dead = caller.download(&address, ("accept", "*/*")).await;
    assert_eq!(dead.status, StatusCode::FORBIDDEN);
    let xml = String::from_utf8(dead.body.to_vec()).unwrap();
    for part in [
        "<Code>AccessDenied</Code>",
        "<Message>Request has expired</Message>",
        "<X-Amz-Expires>300</X-Amz-Expires>",
        "<Expires>2026-11-20T12:06:31Z</Expires>",
    ] {
        assert!(xml.contains(part), "{xml}");
    }
    let again = caller.address(Region::Eu, &report).await;
    assert_ne!(again["url"], address["url"]);
    let fresh = caller.download(&again, ("accept", "*/*")).await;
    assert_eq!(fresh.body, alive.body, "the same document, however often it is made");
}

#[tokio::test(start_paused = true)]
async fn a_signature_opens_its_own_path_only() {
    let caller = Caller::new().await;
    let report = caller.finished(Region::Eu, wish(LISTINGS, DE)).await;
    let mut address = caller.address(Region::Eu, &report).await;
    let forged = address["url"].as_str().unwrap().replace("X-Amz-Signature=", "X-Amz-Signature=0");
    address["url"] = forged.into();
    assert_eq!(caller.download(&address, ("accept", "*/*")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(start_paused = true)]
async fn turkish_reports_claim_a_compression_that_they_do_not_have() {
    let caller = Caller::new().await;
    let (address, document) = caller.document(Region::Eu, wish(LISTINGS, TR)).await;
    assert_eq!(address["compressionAlgorithm"], "GZIP");
    let text = String::from_utf8(document.body.to_vec()).unwrap();
    assert!(text.starts_with("item-name (ürün adı)\t"), "{text:.60}");
}

#[tokio::test(start_paused = true)]
async fn a_recorded_document_is_served_byte_for_byte() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = b"sku\tna\xefve\r\n\x00\xff";
    std::fs::write(directory.path().join("a.txt"), bytes).unwrap();
    std::fs::write(directory.path().join("b.gz"), b"not gzip at all").unwrap();
    std::fs::write(
        directory.path().join("documents.json"),
        r#"[
            {"report_type": "GET_MERCHANT_LISTINGS_ALL_DATA", "marketplace": "DE", "file": "a.txt",
             "content_type": "text/plain; charset=Cp1252", "compression_algorithm": null},
            {"report_type": "GET_LEDGER_DETAIL_VIEW_DATA", "marketplace": "*", "file": "b.gz",
             "content_type": "text/plain", "compression_algorithm": "GZIP"}
        ]"#,
    )
    .unwrap();
    let caller = Caller::with(Documents::read(directory.path()).unwrap(), 500).await;
    let (address, document) = caller.document(Region::Eu, wish(LISTINGS, DE)).await;
    assert_eq!(address.get("compressionAlgorithm"), None);
    assert_eq!(document.header("content-type"), Some("text/plain; charset=Cp1252"));
    assert_eq!(document.header("content-length"), Some("13"));
    assert_eq!(document.body, &bytes[..]);
    let (address, document) =
        caller.document(Region::Na, wish("GET_LEDGER_DETAIL_VIEW_DATA", US)).await;
    assert_eq!(address["compressionAlgorithm"], "GZIP");
    assert_eq!(document.body, &b"not gzip at all"[..]);
    let (_, invented) = caller.document(Region::Na, wish(LISTINGS, US)).await;
    assert!(unzipped(&invented.body).starts_with(b"item-name\t"), "not named: made as usual");
}

#[tokio::test(start_paused = true)]
async fn a_document_of_gigabytes_is_made_only_as_far_as_it_is_read() {
    let caller = Caller::with(Documents::default(), 100_000_000).await;
    let report = caller.finished(Region::Fe, ranged(ORDERS, JP, 30)).await;
    let address = caller.address(Region::Fe, &report).await;
    let target = address["url"].as_str().unwrap().strip_prefix("http://storage.test").unwrap();
    let request = Request::get(target).body(Body::empty()).unwrap();
    let response = caller.amazon.storage_router().oneshot(request).await.unwrap();
    assert_eq!(response.headers().get("content-length"), None);
    assert_eq!(response.body().size_hint().exact(), None);
    let mut chunks = response.into_body().into_data_stream();
    let (first, second) = (chunks.next().await.unwrap(), chunks.next().await.unwrap());
    assert!(first.unwrap().starts_with(b"amazon-order-id\t"));
    assert!((64 * 1024..80 * 1024).contains(&second.unwrap().len()));
}

#[test]
fn a_listing_that_names_a_missing_file_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let listing = r#"[{"report_type": "A", "file": "missing.txt", "content_type": "text/plain"}]"#;
    std::fs::write(directory.path().join("documents.json"), listing).unwrap();
    let error = Documents::read(directory.path()).unwrap_err();
    assert!(error.to_string().contains("missing.txt"), "{error}");
}
