//! One line of a Singer stream.
//!
//! A line is read as an envelope: the record inside stays raw text, so that numbers keep their digits
//! and nobody pays for parsing what is only passed on. An internally tagged enum would be shorter and
//! wrong: it cannot borrow raw values, and it refuses the lower-case and unknown types that the
//! protocol allows.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::extension::Extensions;

/// What a line says.
#[derive(Debug)]
pub enum Message<'a> {
    /// The shape of the records of a stream that follow.
    Schema(Schema),
    /// One record.
    Record(Record<'a>),
    /// What the tap wants to be told at its next start; opaque to a target.
    State(&'a RawValue),
    /// From now on only rows of this version are valid.
    ActivateVersion {
        /// The stream whose older versions end.
        stream: Cow<'a, str>,
        /// The version that stays.
        version: i64,
    },
    /// Files that hold records of a stream.
    Batch(BatchFiles<'a>),
    /// A type that this crate does not know; the protocol allows them.
    Unknown(Cow<'a, str>),
}

/// The schema of a stream, as its latest SCHEMA message gave it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schema {
    /// The stream that the schema describes.
    pub stream: String,
    /// JSON Schema of one record.
    pub schema: Value,
    /// Properties that identify a record; empty when records have no identity.
    pub key_properties: Vec<String>,
    /// Properties that the tap bookmarks by; a hint, seldom set.
    pub bookmark_properties: Vec<String>,
    /// Members of the message that the protocol does not know and that are marked as somebody's own.
    pub extensions: Extensions,
}

impl Schema {
    /// Key properties that the schema itself does not declare.
    ///
    /// Some upstream scripts name `id` as the key of records that have none. Such a stream is
    /// keyless, and its target says so once.
    pub fn undeclared_keys(&self) -> impl Iterator<Item = &str> {
        let properties = self.schema.get("properties");
        self.key_properties
            .iter()
            .filter(move |key| properties.and_then(|declared| declared.get(key.as_str())).is_none())
            .map(String::as_str)
    }
}

/// One record of a stream.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The stream that the record belongs to.
    pub stream: Cow<'a, str>,
    /// The record: text that is known to be one JSON value and not looked at any further.
    pub record: &'a RawValue,
    /// When the tap saw the record, as the tap wrote it (RFC 3339).
    pub time_extracted: Option<Cow<'a, str>>,
    /// The version of the stream's table, for taps that number their full replications.
    pub version: Option<i64>,
    /// The line of the input that the record came from, counted from 1; 0 where nobody counted.
    pub line: u64,
}

/// Files that hold records of a stream, as a BATCH message names them.
#[derive(Debug)]
pub struct BatchFiles<'a> {
    /// The stream that the records belong to.
    pub stream: Cow<'a, str>,
    /// How the files are written, such as `jsonl`.
    pub format: Cow<'a, str>,
    /// How they are compressed; `none` where the message does not say.
    pub compression: Cow<'a, str>,
    /// Where they are: URLs.
    pub manifest: Vec<String>,
    /// The version of the stream's table that their records belong to.
    pub version: Option<i64>,
}

/// Why a line is not a message. The text never holds a part of the line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The line is not one JSON value in UTF-8.
    #[error("column {column}: not JSON")]
    Syntax {
        /// Where reading stopped, counted in bytes from 1.
        column: usize,
    },
    /// The line ends in the middle of a value.
    #[error("the line is cut off after {length} bytes")]
    CutOff {
        /// The length of what there is.
        length: usize,
    },
    /// The line is JSON but not an object with members of the protocol's types.
    #[error("column {column}: not a Singer message: a member has the wrong type")]
    Shape {
        /// Where the member ends, counted in bytes from 1.
        column: usize,
    },
    /// The object lacks a member that its type requires.
    #[error("{kind} message without `{member}`")]
    Missing {
        /// The message's type; `a` when the type itself is missing.
        kind: &'static str,
        /// The member that is missing.
        member: &'static str,
    },
}

/// A string borrowed from the line, unless it holds an escape.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Everything that any message may hold.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    stream: Option<Text<'a>>,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    #[serde(borrow)]
    time_extracted: Option<Text<'a>>,
    version: Option<i64>,
    schema: Option<Value>,
    key_properties: Option<Vec<String>>,
    bookmark_properties: Option<Vec<String>>,
    /// Given out even where it is `null`, which is a state of no use and not a member that is missing.
    #[serde(borrow, default, deserialize_with = "whatever")]
    value: Option<&'a RawValue>,
    #[serde(borrow)]
    encoding: Option<Encoding<'a>>,
    manifest: Option<Vec<String>>,
}

/// The type of a message and nothing else of it.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

/// The types that this crate reads.
const KINDS: [&str; 5] = ["RECORD", "SCHEMA", "STATE", "ACTIVATE_VERSION", "BATCH"];

/// How the files of a BATCH message are written.
#[derive(Deserialize)]
struct Encoding<'a> {
    #[serde(borrow)]
    format: Option<Text<'a>>,
    #[serde(borrow)]
    compression: Option<Text<'a>>,
}

impl<'a> Message<'a> {
    /// Reads one line, without its line end.
    ///
    /// The type is matched without regard to case, as the protocol's specification asks.
    pub fn parse(line: &'a [u8]) -> Result<Self, MessageError> {
        // Once for the whole line, or each of its strings would be looked at by itself.
        let line = simdutf8::compat::from_utf8(line).map_err(|error| match error.error_len() {
            None => MessageError::CutOff { length: line.len() },
            Some(_) => MessageError::Syntax { column: error.valid_up_to() + 1 },
        })?;
        let parsed: Line<'a> = match serde_json::from_str(line) {
            Ok(parsed) => parsed,
            Err(error) => return unknown(line).ok_or_else(|| refusal(&error, line)),
        };
        let kind = parsed.kind.ok_or(MessageError::Missing { kind: "a", member: "type" })?.0;
        match kind.to_ascii_uppercase().as_str() {
            "RECORD" => Ok(Self::Record(Record {
                stream: required("RECORD", "stream", parsed.stream)?.0,
                record: required("RECORD", "record", parsed.record)?,
                time_extracted: parsed.time_extracted.map(|text| text.0),
                version: parsed.version,
                line: 0,
            })),
            "SCHEMA" => Ok(Self::Schema(Schema {
                stream: required("SCHEMA", "stream", parsed.stream)?.0.into_owned(),
                schema: required("SCHEMA", "schema", parsed.schema)?,
                key_properties: parsed.key_properties.unwrap_or_default(),
                bookmark_properties: parsed.bookmark_properties.unwrap_or_default(),
                // A second look, which only these few lines are worth.
                extensions: serde_json::from_str(line).map_err(|error| refusal(&error, line))?,
            })),
            "STATE" => Ok(Self::State(required("STATE", "value", parsed.value)?)),
            "ACTIVATE_VERSION" => Ok(Self::ActivateVersion {
                stream: required("ACTIVATE_VERSION", "stream", parsed.stream)?.0,
                version: required("ACTIVATE_VERSION", "version", parsed.version)?,
            }),
            "BATCH" => {
                let encoding = required("BATCH", "encoding", parsed.encoding)?;
                Ok(Self::Batch(BatchFiles {
                    stream: required("BATCH", "stream", parsed.stream)?.0,
                    format: required("BATCH", "encoding.format", encoding.format)?.0,
                    compression: encoding.compression.map_or(Cow::Borrowed("none"), |text| text.0),
                    manifest: required("BATCH", "manifest", parsed.manifest)?,
                    version: parsed.version,
                }))
            }
            _ => Ok(Self::Unknown(kind)),
        }
    }
}

/// The message of an unknown type that a line is. What its members mean is not known, so they may well
/// have other types than the members of the same name that are.
fn unknown(line: &str) -> Option<Message<'_>> {
    let kind = serde_json::from_str::<Kind<'_>>(line).ok()?.kind.0;
    let is_known = KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known));
    (!is_known).then_some(Message::Unknown(kind))
}

/// A member that is there, `null` included.
fn whatever<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// A member's value, or the error that says it is missing.
fn required<T>(
    kind: &'static str,
    member: &'static str,
    value: Option<T>,
) -> Result<T, MessageError> {
    value.ok_or(MessageError::Missing { kind, member })
}

/// The reason for a refusal, without serde's text, which quotes values.
fn refusal(error: &serde_json::Error, line: &str) -> MessageError {
    match error.classify() {
        serde_json::error::Category::Eof => MessageError::CutOff { length: line.len() },
        serde_json::error::Category::Data => MessageError::Shape { column: error.column() },
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
            MessageError::Syntax { column: error.column() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Message<'_>, MessageError> {
        Message::parse(line.as_bytes())
    }

    #[test]
    fn a_record_keeps_every_digit_and_escape() {
        let line = r#"{"type":"RECORD","stream":"s","record":{"a":1.10,"b":12345678901234567890123,"c":"\u00e9"},"time_extracted":"2026-01-01T00:00:00Z"}"#;
        let Message::Record(record) = parse(line).unwrap() else { panic!("not a record") };
        assert_eq!(record.record.get(), r#"{"a":1.10,"b":12345678901234567890123,"c":"\u00e9"}"#);
        assert!(matches!(record.stream, Cow::Borrowed("s")));
        assert_eq!(record.time_extracted.as_deref(), Some("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn the_type_is_matched_without_regard_to_case() {
        assert!(matches!(parse(r#"{"type":"state","value":{}}"#), Ok(Message::State(_))));
        assert!(matches!(
            parse(r#"{"type":"Schema","stream":"s","schema":{}}"#),
            Ok(Message::Schema(_))
        ));
    }

    #[test]
    fn an_unknown_type_is_not_an_error() {
        for line in [
            r#"{"type":"FOO"}"#,
            r#"{"type":"FOO","version":"1.0","stream":{"a":1},"schema":7,"manifest":null}"#,
        ] {
            assert!(matches!(parse(line), Ok(Message::Unknown(kind)) if kind == "FOO"), "{line}");
        }
    }

    #[test]
    fn a_state_may_be_null_and_may_not_be_missing() {
        let line = r#"{"type":"STATE","value":null}"#;
        assert!(matches!(parse(line), Ok(Message::State(value)) if value.get() == "null"));
        let missing = MessageError::Missing { kind: "STATE", member: "value" };
        assert_eq!(parse(r#"{"type":"STATE"}"#).unwrap_err(), missing);
    }

    #[test]
    fn a_schema_may_leave_its_keys_out() {
        let Ok(Message::Schema(schema)) = parse(
            r#"{"type":"SCHEMA","stream":"s","schema":{"properties":{}},"key_properties":null}"#,
        ) else {
            panic!("not a schema")
        };
        assert_eq!(schema.key_properties, Vec::<String>::new());
    }

    #[test]
    fn a_key_that_the_schema_does_not_declare_is_found() {
        let Ok(Message::Schema(schema)) = parse(
            r#"{"type":"SCHEMA","stream":"s","schema":{"properties":{"a":{}}},"key_properties":["a","id"]}"#,
        ) else {
            panic!("not a schema")
        };
        assert_eq!(schema.undeclared_keys().collect::<Vec<_>>(), ["id"]);
    }

    #[test]
    fn a_batch_names_its_files_and_how_they_are_written() {
        let line = r#"{"type":"BATCH","stream":"s","encoding":{"format":"jsonl","compression":"gzip"},"manifest":["file:///a"]}"#;
        let Ok(Message::Batch(files)) = parse(line) else { panic!("not a batch") };
        assert_eq!(
            (files.stream, files.format, files.compression),
            ("s".into(), "jsonl".into(), "gzip".into())
        );
        assert_eq!(files.manifest, ["file:///a"]);
        let Ok(Message::Batch(files)) =
            parse(r#"{"type":"BATCH","stream":"s","encoding":{"format":"jsonl"},"manifest":[]}"#)
        else {
            panic!("not a batch")
        };
        assert_eq!(files.compression, "none");
    }

    #[test]
    fn every_refusal_says_where_and_never_what() {
        let cases = [
            (r#"{"type":"RECORD","stream":"s","rec"#, MessageError::CutOff { length: 34 }),
            (r#"{"type":"RECORD" "stream":"s"}"#, MessageError::Syntax { column: 18 }),
            (r#"{"type":"RECORD","stream":7}"#, MessageError::Shape { column: 27 }),
            (r#"{"stream":"s"}"#, MessageError::Missing { kind: "a", member: "type" }),
            (
                r#"{"type":"RECORD","stream":"s","record":null}"#,
                MessageError::Missing { kind: "RECORD", member: "record" },
            ),
            (
                r#"{"type":"RECORD","stream":"s","record":{"a":NaN}}"#,
                MessageError::Syntax { column: 45 },
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(parse(line).unwrap_err(), expected, "{line}");
        }
        let latin1 = b"{\"type\":\"RECORD\",\"stream\":\"s\",\"record\":{\"a\":\"\xe9\"}}";
        assert_eq!(Message::parse(latin1).unwrap_err(), MessageError::Syntax { column: 46 });
        let half = b"{\"type\":\"RECORD\",\"stream\":\"\xc3";
        assert_eq!(Message::parse(half).unwrap_err(), MessageError::CutOff { length: 28 });
        let secret = parse(r#"{"type":"RECORD","stream":{"hunter2":1}}"#).unwrap_err().to_string();
        assert!(!secret.contains("hunter2"), "{secret}");
    }
}
