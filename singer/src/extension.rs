//! What somebody adds to the protocol: members of a message whose names begin with `x-`.
//!
//! An orchestrator may tell a target more than the protocol provides for, such as which members of a record
//! it wants to hear of again. The text is kept as it came for the target that knows the name; this crate
//! knows none.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What the name of such a member begins with.
const PREFIX: &str = "x-";

/// Bytes of names and values that are kept of one message, so that memory is not the sender's to choose.
const LONGEST: usize = 64 * 1024;

/// The members of one message whose names begin with `x-`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Names and values, as JSON.
    members: BTreeMap<String, String>,
    /// Members beyond [`LONGEST`], which were not kept.
    left_out: usize,
}

impl Extensions {
    /// What the member of this name says, in the shape that its reader expects; nothing if there is none.
    ///
    /// # Errors
    /// It has another shape.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<serde_json::Result<T>> {
        self.members.get(name).map(|value| serde_json::from_str(value))
    }

    /// How many members were not kept because together they are too long.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }
}

impl<'de> Deserialize<'de> for Extensions {
    /// Reads a whole message, and keeps what is no part of the protocol.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

/// Goes through the members of a message.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Extensions;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Extensions, A::Error> {
        let mut extensions = Extensions::default();
        let mut length = 0;
        while let Some(name) = map.next_key::<String>()? {
            if !name.starts_with(PREFIX) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = map.next_value::<&RawValue>()?.get();
            let longer = length + name.len() + value.len();
            if longer > LONGEST {
                extensions.left_out += 1;
            } else {
                length = longer;
                extensions.members.insert(name, value.to_owned());
            }
        }
        Ok(extensions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, Schema};

    fn schema(members: &str) -> Schema {
        let line = format!(r#"{{"type":"SCHEMA","stream":"s","schema":{{"x-in":1}}{members}}}"#);
        let Ok(Message::Schema(schema)) = Message::parse(line.as_bytes()) else { panic!("{line}") };
        schema
    }

    #[test]
    fn a_member_of_somebodys_own_is_kept_as_it_came() {
        let extensions = schema(r#","x-a":{"n":1.50},"\u0078-b":[1],"other":2"#).extensions;
        assert_eq!(extensions.get::<Box<RawValue>>("x-a").unwrap().unwrap().get(), r#"{"n":1.50}"#);
        assert_eq!(extensions.get::<Vec<u8>>("x-b").unwrap().unwrap(), [1]);
        assert!(extensions.get::<u8>("x-b").unwrap().is_err());
        assert!(extensions.get::<u8>("other").is_none() && extensions.get::<u8>("x-in").is_none());
        assert_eq!(extensions.left_out(), 0);
    }

    #[test]
    fn two_schemas_that_differ_in_such_a_member_are_two() {
        assert_eq!(schema(r#","x-a":1"#), schema(r#","x-a":1"#));
        assert_ne!(schema(r#","x-a":1"#), schema(r#","x-a":2"#));
    }

    #[test]
    fn what_is_too_long_is_counted_and_not_kept() {
        let members = format!(r#","x-long":"{}","x-short":1"#, "a".repeat(LONGEST));
        let extensions = schema(&members).extensions;
        assert_eq!((extensions.left_out(), extensions.members.len()), (1, 1));
    }
}
