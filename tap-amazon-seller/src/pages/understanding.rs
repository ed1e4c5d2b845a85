//! Whether published answers of lists become records.

use serde_json::Value;

use super::{Page, Recorder};
use crate::api;
use crate::document::{Emit, EmitError, Feed, Place};
use crate::marketplace::{Marketplace, Region};
use crate::plan::Window;
use crate::streams::{Roster, Scope, Source, Stream};

/// Takes everything and keeps nothing.
struct Nowhere;

impl Emit for Nowhere {
    fn property(&mut self, _: &'static str, _: &str, _: Value) -> Result<(), EmitError> {
        Ok(())
    }

    fn record(&mut self, _: &'static str, _: &[u8]) -> Result<(), EmitError> {
        Ok(())
    }
}

/// Whether an answer to a list can be used: a success becomes records of every stream that the list feeds,
/// and an error says what is wrong. Nothing for paths that are no list of this tap's.
///
/// For checks against answers that Amazon has published.
#[must_use]
pub fn understands(path: &str, status: u16, body: &[u8]) -> Option<bool> {
    let fed: Vec<_> = listed().filter(|stream| path_of(stream) == Some(path)).collect();
    let is_understood = match status {
        200..=299 => fed.iter().all(|stream| becomes_records(stream, body)),
        _ => api::explains(body),
    };
    (!fed.is_empty()).then_some(is_understood)
}

/// The streams of the table, and those that can be had from an API as they are then.
fn listed() -> impl Iterator<Item = &'static Stream> {
    let table: Vec<_> = Roster::table().streams().collect();
    let other = |stream: &&'static Stream| {
        Roster::table().sourced(&[(stream.name, "api")]).ok()?.find(stream.name)
    };
    let others: Vec<_> = table.iter().filter_map(other).collect();
    table.into_iter().chain(others)
}

/// The path of the list that feeds a stream.
fn path_of(stream: &Stream) -> Option<&'static str> {
    let Source::Pages { pages, .. } = &stream.source else { return None };
    Some(pages.operation.path)
}

fn becomes_records(stream: &'static Stream, body: &[u8]) -> bool {
    let Source::Pages { pages, .. } = &stream.source else { return false };
    let place = match pages.scope {
        Scope::Region => Some(Place::Region(Region::Na)),
        Scope::Marketplace | Scope::Only(_) => Marketplace::find("US").map(Place::Marketplace),
    };
    let recorder = place.and_then(|place| Recorder::new(&Feed::all(stream), place));
    match (recorder, Page::of(pages, body)) {
        (Some(mut recorder), Ok(page)) => {
            recorder.pages(Window::Present, 1, &[page], &mut Nowhere).is_ok()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the words of Amazon's own examples, which leave out what the models require.
    #[test]
    fn answers_as_amazon_publishes_them_become_records() {
        for (path, body) in [
            (
                "/sellers/v1/account",
                r#"{"payload":{"businessType":"PRIVATE_LIMITED","marketplaceParticipationList":[]}}"#,
            ),
            (
                "/finances/v0/financialEvents",
                r#"{"payload":{"NextToken":"t","FinancialEvents":{"RefundEventList":[{"SellerOrderId":"1"}],"LoanServicingEventList":[]}}}"#,
            ),
            (
                "/vendor/orders/v1/purchaseOrders",
                r#"{"payload":{"pagination":{"nextToken":"t"},"orders":[{"purchaseOrderNumber":"L8266355"}]}}"#,
            ),
            ("/awd/2024-05-09/inventory", r#"{"inventory":[{"sku":"test"}]}"#),
        ] {
            assert_eq!(understands(path, 200, body.as_bytes()), Some(true), "{path}");
            assert_eq!(understands(path, 200, b"<html>"), Some(false), "{path}");
        }
        assert_eq!(
            understands("/awd/2024-05-09/inventory", 200, br#"{"inventory":[{}]}"#),
            Some(false)
        );
        let error = br#"{"errors":[{"code":"InvalidInput","message":"why"}]}"#;
        assert_eq!(understands("/sellers/v1/account", 400, error), Some(true));
        assert_eq!(understands("/orders/v0/orders", 200, b"{}"), None);
    }
}
