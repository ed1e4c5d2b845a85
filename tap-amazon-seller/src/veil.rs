//! Columns that are not to leave the tap as they are, whoever selects them: dropped, or replaced by a
//! hash by which equal values still meet.
//!
//! A hash is SHA-256 of the salt and the value behind it, in hexadecimal digits: of the text of a
//! string, and of anything else as it is written. Without a salt whoever has a list of addresses can
//! find theirs among the hashes; some advertising networks ask for just that.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use singer::config::ConfigError;

use crate::document::leaf::members;
use crate::record::identity::write_hex;
use crate::record::value::string;
use crate::selection::Selected;
use crate::streams::{AsinGranularity, Roster};

/// Stands for every stream.
const EVERY: &str = "*";

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// It becomes a hash.
    Hash,
    /// It is left out.
    Drop,
}

/// What the configuration says about columns.
#[derive(Debug, Clone, Default)]
pub struct Veils {
    /// Streams, columns, and what becomes of them.
    measures: Vec<(String, String, Measure)>,
    salt: Option<SecretString>,
}

/// What becomes of the columns of one stream.
#[derive(Debug, Clone)]
pub struct Veil {
    hashed: BTreeSet<String>,
    dropped: BTreeSet<String>,
    /// Those of both that were named with this very stream.
    named: BTreeSet<String>,
    /// The hash of the salt.
    salted: Sha256,
}

impl Veils {
    /// Understands the setting `mask`, which maps a stream and a column, with a point between them, to
    /// what becomes of it. No stream loses a key or its replication key.
    pub(crate) fn new(
        written: &BTreeMap<String, String>,
        salt: Option<SecretString>,
        roster: &Roster,
    ) -> Result<Self, ConfigError> {
        let mut measures = Vec::new();
        for (place, measure) in written {
            let wrong = |expected: String| ConfigError::setting(format!("mask.{place}"), expected);
            let Some((stream, column)) = place.split_once('.') else {
                return Err(wrong(
                    "a stream and a column as its name: orders.BuyerEmail".to_owned(),
                ));
            };
            let measure = match measure.as_str() {
                "hash" => Measure::Hash,
                "drop" => Measure::Drop,
                _ => return Err(wrong("hash or drop".to_owned())),
            };
            if stream != EVERY && roster.find(stream).is_none() {
                tracing::warn!(
                    "config: mask.{place}: there is no stream {stream:?}; see --discover"
                );
            }
            if measure == Measure::Drop
                && let Some(of) = needing(roster, stream, column)
            {
                return Err(wrong(format!("hash, because {column} is a key of {of}")));
            }
            measures.push((stream.to_owned(), column.to_owned(), measure));
        }
        let hashes = measures.iter().any(|(.., measure)| *measure == Measure::Hash);
        if hashes && salt.is_none() {
            tracing::warn!(
                "config: mask: hashes without mask_salt can be undone by trying values; set one unless \
                 somebody else is to make the same hashes"
            );
        }
        Ok(Self { measures, salt })
    }

    /// Puts the veils over the streams that are to be extracted.
    pub fn draw(&self, selected: &mut [Selected]) {
        for each in selected {
            let Some(veil) = self.of(each.stream.name) else { continue };
            for column in &veil.dropped {
                each.mask.leave_out(column);
            }
            each.veil = Some(Arc::new(veil));
        }
    }

    /// The veil of a stream, if it has one.
    fn of(&self, stream: &str) -> Option<Veil> {
        let columns = |wanted: Measure| -> BTreeSet<String> {
            let of_stream = |name: &str| name == stream || name == EVERY;
            let measures = self.measures.iter();
            let own = measures.filter(|(name, _, it)| of_stream(name) && *it == wanted);
            own.map(|(_, column, _)| column.clone()).collect()
        };
        let (hashed, dropped) = (columns(Measure::Hash), columns(Measure::Drop));
        if hashed.is_empty() && dropped.is_empty() {
            return None;
        }
        let mut salted = Sha256::new();
        if let Some(salt) = &self.salt {
            salted.update(salt.expose_secret().as_bytes());
        }
        let own = self.measures.iter().filter(|(name, ..)| name == stream);
        let named = own.map(|(_, column, _)| column.clone()).collect();
        Some(Veil { hashed, dropped, named, salted })
    }
}

/// A stream of those that are meant to which a column is a key, or its replication key.
fn needing(roster: &Roster, meant: &str, column: &str) -> Option<&'static str> {
    let mut streams = roster.streams().filter(|stream| meant == EVERY || meant == stream.name);
    let granularities = [AsinGranularity::Parent, AsinGranularity::Child, AsinGranularity::Sku];
    let is_needed = |stream: &&crate::streams::Stream| {
        let dress = roster.dress(stream);
        let own = granularities.iter().any(|it| stream.keys_at(*it).contains(&column));
        let keys = dress.map_or(own, |dress| dress.keys.contains(&column));
        keys || stream.replication_key == Some(column)
    };
    streams.find(is_needed).map(|stream| stream.name)
}

impl Veil {
    /// The schema of records that have been veiled: hashes are texts.
    #[must_use]
    pub fn schema(&self, mut schema: Value) -> Value {
        for column in &self.hashed {
            if let Some(property) = schema.get_mut("properties").and_then(|all| all.get_mut(column))
            {
                let types = property.get("type");
                let is_key = types.is_some_and(Value::is_string);
                let types = if is_key { json!("string") } else { json!(["string", "null"]) };
                *property = json!({"type": types});
            }
        }
        schema
    }

    /// Whether records have to be changed, and not only left without some columns.
    #[must_use]
    pub fn changes(&self) -> bool {
        !self.hashed.is_empty()
    }

    /// Appends a record, one JSON object, with hashes in the place of values. Null stays null, and what
    /// is not hashed keeps its spelling.
    pub fn apply(&self, record: &[u8], out: &mut Vec<u8>) -> serde_json::Result<()> {
        let record: &RawValue = serde_json::from_slice(record)?;
        let mut separator = b'{';
        for (name, value) in members(record)? {
            out.push(separator);
            separator = b',';
            string(out, name.as_bytes());
            out.push(b':');
            if self.hashed.contains(name.as_ref()) && value.get() != "null" {
                write_hex(out, &self.hash(value)?);
            } else {
                out.extend_from_slice(value.get().as_bytes());
            }
        }
        if separator == b'{' {
            out.push(b'{');
        }
        out.push(b'}');
        Ok(())
    }

    /// The hash of a value.
    fn hash(&self, value: &RawValue) -> serde_json::Result<Vec<u8>> {
        let text: Cow<'_, str> = if value.get().starts_with('"') {
            serde_json::from_str::<String>(value.get())?.into()
        } else {
            value.get().into()
        };
        let mut hash = self.salted.clone();
        hash.update(text.as_bytes());
        Ok(hash.finalize().to_vec())
    }

    /// The columns that were named with the stream and that a schema does not have, in their order.
    #[must_use]
    pub fn absent(&self, schema: &Value) -> Vec<&str> {
        let has = |column: &&String| {
            schema.get("properties").is_some_and(|all| all.get(column.as_str()).is_some())
        };
        self.named.iter().filter(|column| !has(column)).map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selection::selected;

    fn veils(written: &[(&str, &str)], salt: Option<&str>) -> Result<Veils, String> {
        let written = written.iter().map(|(place, it)| ((*place).to_owned(), (*it).to_owned()));
        let salt = salt.map(|salt| SecretString::from(salt.to_owned()));
        Veils::new(&written.collect(), salt, &Roster::table()).map_err(|error| error.to_string())
    }

    fn veiled(veil: &Veil, record: &str) -> String {
        let mut out = Vec::new();
        veil.apply(record.as_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_hash_can_be_made_again_from_the_salt_and_the_value() {
        let veil = veils(&[("orders.a", "hash"), ("*.b", "hash")], Some("pepper")).unwrap();
        let veil = veil.of("orders").unwrap();
        // printf '%s' 'pepperaé"' | sha256sum, and 'pepper1.50'.
        assert_eq!(
            veiled(&veil, r#"{"c": 1.50, "a":"aé\"", "b":1.50}"#),
            r#"{"c":1.50,"a":"9b76065a174b4411d57816f787d7eff1816adaeb9201a54ef924277dfaf082c6","b":"81984aa93ddd187639302ce63aedcd685cf5a403c7e7d3e7ed7b15a180f6ef5c"}"#
        );
        assert_eq!(veiled(&veil, r#"{"a":null}"#), r#"{"a":null}"#);
        assert_eq!(veiled(&veil, "{}"), "{}");
        // Without a salt it is the plain SHA-256.
        let plain = veils(&[("orders.a", "hash")], None).unwrap().of("orders").unwrap();
        assert_eq!(
            veiled(&plain, r#"{"a":"abc"}"#),
            r#"{"a":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}"#
        );
    }

    #[test]
    fn the_schema_follows() {
        let veil = veils(&[("orders.OrderTotal", "hash"), ("orders.AmazonOrderId", "hash")], None);
        let veils = veil.unwrap();
        let names = ["orders".to_owned(), "order_items".to_owned()];
        let mut selected = selected(&Roster::table(), None, &names).unwrap();
        veils.draw(&mut selected);
        let schema = selected[0].veil.as_ref().unwrap().schema(selected[0].schema.clone());
        assert_eq!(schema["properties"]["OrderTotal"], json!({"type": ["string", "null"]}));
        assert_eq!(schema["properties"]["AmazonOrderId"], json!({"type": "string"}));
        assert!(selected[1].veil.is_none());
        let veils = super::tests::veils(&[("*.OrderStatus", "drop")], None).unwrap();
        veils.draw(&mut selected);
        assert!(!selected[0].mask.keeps(&["OrderStatus"]));
        assert!(!selected[0].wants("OrderStatus"));
    }

    #[test]
    fn keys_are_never_dropped_and_what_is_wrong_is_told_by_its_place() {
        for (place, measure, expected) in [
            (
                "orders.AmazonOrderId",
                "drop",
                "`mask.orders.AmazonOrderId`: expected hash, because AmazonOrderId is a key of orders",
            ),
            ("orders.LastUpdateDate", "drop", "is a key of orders"),
            ("sales_traffic_report.sku", "drop", "is a key of sales_traffic_report"),
            ("*.asin", "drop", "is a key of product_catalog"),
            ("orders", "drop", "`mask.orders`: expected a stream and a column"),
            ("orders.x", "hide", "expected hash or drop"),
        ] {
            let error = veils(&[(place, measure)], None).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(veils(&[("nothing.x", "drop")], None).is_ok());
    }

    #[test]
    fn columns_that_are_nowhere_are_known_in_the_end() {
        let veil =
            veils(&[("orders.a", "hash"), ("orders.b", "drop"), ("*.c", "drop")], None).unwrap();
        let veil = veil.of("orders").unwrap();
        assert_eq!(veil.absent(&json!({"properties": {"a": {}}})), ["b"]);
    }

    #[test]
    fn a_salt_does_not_show() {
        let veils = veils(&[("orders.a", "hash")], Some("hunter2")).unwrap();
        let veil = veils.of("orders").unwrap();
        assert!(!format!("{veils:?}{veil:?}").contains("hunter2"));
    }
}
