//! Adds to a record what was looked up for it.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::plan::LookedUp;

/// The record with a member for each looked-up column; nothing where nothing is looked up.
///
/// A value that is missing or null finds nothing, and its column stays null. One that is there and is
/// not found, or found in rows that contradict each other, is an error: a row without what identifies
/// it, or with what identifies another one, would be a row nobody asked for.
pub(crate) fn completed(
    record: &RawValue,
    lookups: &[LookedUp],
) -> Result<Option<Box<RawValue>>, Failure> {
    if lookups.is_empty() {
        return Ok(None);
    }
    let Ok(members) = serde_json::from_str::<HashMap<Cow<'_, str>, &RawValue>>(record.get()) else {
        // Not an object, which the encoder says better.
        return Ok(None);
    };
    let Some(open) = record.get().trim_end().strip_suffix('}') else { return Ok(None) };
    let mut text = open.trim_end().to_owned();
    for lookup in lookups {
        let Some(value) = members.get(lookup.from.as_str()).map(|value| value.get()) else {
            continue;
        };
        if value == "null" {
            continue;
        }
        let plain = serde_json::from_str::<Cow<'_, str>>(value).unwrap_or(Cow::Borrowed(value));
        let (property, table) = (|| lookup.from.clone(), || lookup.table.clone());
        let found = match lookup.values.get(plain.as_ref()) {
            Some(Some(found)) => found,
            Some(None) => {
                return Err(Failure::Ambiguous { property: property(), table: table() });
            }
            None => return Err(Failure::NotFound { property: property(), table: table() }),
        };
        if !text.ends_with('{') {
            text.push(',');
        }
        text.push_str(&lookup.property);
        text.push(':');
        text.push_str(found);
    }
    text.push('}');
    Ok(RawValue::from_string(text).ok())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn complete(record: &str) -> Result<String, Failure> {
        let values = [("DE", "\"uuid-1\""), ("7", "8")]
            .map(|(value, found)| (value.to_owned(), Some(found.to_owned())));
        let lookup = LookedUp {
            from: "marketplace".to_owned(),
            property: "\"marketplace_id (looked up)\"".to_owned(),
            table: "marketplaces".to_owned(),
            values: Arc::new(values.into_iter().collect()),
        };
        let record = RawValue::from_string(record.to_owned()).unwrap();
        Ok(completed(&record, &[lookup])?.unwrap().get().to_owned())
    }

    #[test]
    fn what_was_found_becomes_a_member() {
        assert_eq!(
            complete(r#"{"a":{"b":{}},"marketplace":"D\u0045"} "#).unwrap(),
            r#"{"a":{"b":{}},"marketplace":"D\u0045","marketplace_id (looked up)":"uuid-1"}"#
        );
        assert_eq!(
            complete(r#"{"marketplace":7}"#).unwrap(),
            r#"{"marketplace":7,"marketplace_id (looked up)":8}"#
        );
    }

    #[test]
    fn what_is_missing_finds_nothing_and_what_is_not_found_is_an_error_without_the_value() {
        for record in ["{}", r#"{"marketplace":null,"o":{"p":{}}}"#] {
            assert_eq!(complete(record).unwrap(), record);
        }
        let error = complete(r#"{"marketplace":"hunter2"}"#).unwrap_err().to_string();
        assert_eq!(error, "marketplace: no row of marketplaces has this value; add one");
    }
}
