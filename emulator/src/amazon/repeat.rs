//! A list that never ends: the token of the next page is that of this page again, as callers have
//! met it for weeks (selling-partner-api-models#4224).

use axum::http::Uri;
use serde_json::Value;

/// The parameters that hold the token of a page.
const PARAMETERS: &[&str] = &["nextToken", "NextToken", "paginationToken", "pageToken"];

/// Puts the token of the page at `uri` in the place of that of the next one in `body`. A first page
/// and a last page have none of the one or of the other, and stay as they are.
pub(super) fn repeat(uri: &Uri, body: &mut Value) {
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
    let pairs = pairs.map(|it| it.0).unwrap_or_default();
    let Some((_, token)) = pairs.into_iter().find(|(name, _)| PARAMETERS.contains(&name.as_str()))
    else {
        return;
    };
    // At the top, in the payload, or in the pagination of either.
    for parent in ["", "/payload", "/pagination", "/payload/pagination"] {
        let Some(fields) = body.pointer_mut(parent).and_then(Value::as_object_mut) else {
            continue;
        };
        for name in ["nextToken", "NextToken"] {
            if let Some(next) = fields.get_mut(name) {
                *next = token.clone().into();
            }
        }
    }
}
